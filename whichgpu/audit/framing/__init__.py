"""Clauses by their frame: what stands in a slot, and how a clause reads without what says nothing."""
