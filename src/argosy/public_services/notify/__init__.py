"""Notify: brings messages to people, at least once and never silently not at all."""
