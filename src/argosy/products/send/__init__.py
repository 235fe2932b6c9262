"""Send: money from one wallet to another, or to a phone that has none yet."""
