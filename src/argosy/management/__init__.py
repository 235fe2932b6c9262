"""B7, the management platform: how staff see and steer the wallet."""
