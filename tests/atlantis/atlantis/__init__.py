"""Atlantis, a country that does not exist: what works here needs no country by name."""
