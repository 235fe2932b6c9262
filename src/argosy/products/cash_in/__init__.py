"""Cash in: a customer hands cash to an agent, whose float goes to the customer's wallet."""
