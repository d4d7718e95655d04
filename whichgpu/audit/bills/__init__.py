"""Amounts that follow from others: what each may be worked out from, and what it then is."""
