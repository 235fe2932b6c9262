"""B4, partners: what programs of others use. `api` is asked by them, `webhooks` calls them."""
