"""Models behind one small contract: score in line, learn elsewhere."""
