"""Top-up: money from a customer's bank account into the wallet."""
