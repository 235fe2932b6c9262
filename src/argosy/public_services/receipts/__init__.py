"""Receipts: every order has a public number, and whoever has the number can check the receipt."""
