"""Capabilities: how clauses and cells say that a device has one, and the verdict on it."""
