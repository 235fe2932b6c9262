"""Home: how the wallet stands now, beside yesterday and last week."""
