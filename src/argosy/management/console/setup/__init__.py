"""The pages of Set-up."""
