"""Ways to banks: rails, and a bank to practise with."""
