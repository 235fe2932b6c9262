"""A market pack to begin with. Start reading at pack.py, and at README.md for how to go on."""
