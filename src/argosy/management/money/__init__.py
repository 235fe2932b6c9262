"""Money: what staff see of orders, accounts and books, and the few things they may do to them."""
