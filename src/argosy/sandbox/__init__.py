"""A demo town that lays itself out and, if asked, trades by itself. Nothing outside demo mode uses it."""
