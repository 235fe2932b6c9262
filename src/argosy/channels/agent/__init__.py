"""The agent's counter: cash in, cash out, the day's close, in plain pages that need no script."""
