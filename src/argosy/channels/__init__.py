"""B1, the access channels: how a person or a shop reaches the wallet."""
