"""Request: one asks for money, the other pays or declines."""
