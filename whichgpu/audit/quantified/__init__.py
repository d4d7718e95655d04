"""Statements on kinds of devices: which devices a noun phrase means, and what is said of each of them."""
