"""The pages of the staff: people, roles, sessions, what needs two persons, the audit log."""
