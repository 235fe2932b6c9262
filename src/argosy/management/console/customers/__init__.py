"""The pages of Customers and Merchants."""
