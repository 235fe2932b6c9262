"""Pay: a customer pays a merchant."""
