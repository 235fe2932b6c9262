"""SMS by an HTTP gateway: one POST a message, signed."""
