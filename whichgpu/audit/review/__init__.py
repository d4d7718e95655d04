"""Accusations looked at once more: what else they may mean, what excuses them."""
