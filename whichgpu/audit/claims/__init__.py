"""Kinds of claims: one file per kind, with `find(context) -> Iterator[Finding]`, found by its name."""
