"""Products: one folder each, found by its manifest and registered nowhere."""
