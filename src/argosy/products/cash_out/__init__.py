"""Cash out: a customer shows a one-time code, and an agent hands over cash for it."""
