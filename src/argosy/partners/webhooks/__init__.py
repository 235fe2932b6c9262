"""Webhooks: events carried to the addresses of merchants, signed, in order for each payment, at least
once. `webhooks.Webhooks` is the door."""
