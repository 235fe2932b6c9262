"""Push messages to browsers and installed pages, by Web Push."""
