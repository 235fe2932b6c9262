"""Set-up: what the operator changes while the wallet runs, and how what runs by itself is doing."""
