"""What the brain knows of an account, a device, a payee: declared once, computed on line and off line."""
