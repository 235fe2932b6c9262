"""The brain alone: an API of its own for another wallet."""
