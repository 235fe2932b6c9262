"""Notices: people are told what happened to their money while they were not looking."""
