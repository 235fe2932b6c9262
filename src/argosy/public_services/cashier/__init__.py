"""The cashier: one way for every command of every product and channel. `cashier.Cashier` is the door."""
