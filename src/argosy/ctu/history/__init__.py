"""The brain's own record of what it saw: every event with its outcome, and every label."""
