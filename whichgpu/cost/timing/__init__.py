"""Seconds of a pass: ops stacked to arrays, launches, and what bounds them."""
