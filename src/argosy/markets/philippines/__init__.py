"""The Philippines. Start reading at pack.py; law and sources are in limits.py and sources.md."""
