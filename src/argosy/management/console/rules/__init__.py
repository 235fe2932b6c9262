"""The rule desk: rules are found, written, tried, published by two people, and withdrawn by one."""
