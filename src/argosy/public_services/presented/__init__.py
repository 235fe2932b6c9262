"""Codes that a customer shows and a merchant scans: good for a minute and for one payment, and made by
the customer's device from its key and the time, so that it needs no network."""
