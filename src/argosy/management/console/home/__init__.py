"""The first page: how the wallet stands now."""
