"""The risk brain: it judges every operation before money moves, and learns from what became of it."""
