"""The pages of Money."""
