"""From scores, rules and cost to one verdict that can be replayed and explained."""
