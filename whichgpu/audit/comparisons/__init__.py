"""Comparisons of two devices or values: what a sentence says of them, of what, and by which values."""
