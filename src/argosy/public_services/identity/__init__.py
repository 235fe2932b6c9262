"""Identity: what a party has shown of itself, and the level that this gives it."""
