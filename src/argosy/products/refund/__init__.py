"""Refund: a merchant gives back a payment, in whole or in parts."""
