"""Withdraw: money from the wallet to a customer's bank account."""
