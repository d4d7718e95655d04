"""Numbers in words and figures, and how near two of them are the same."""

from __future__ import annotations

from whichgpu.audit import patterns as re

#: How far behind a statement what puts it right stands.
SOON, NEAR = 160, 40
#: By what share two amounts that are the same may be off, one that was rounded, and one of a rate.
SAME, ROUNDED, SPARSE = 0.01, 0.006, 0.02
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12}
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: Before a value, that it is the other's: "HBM2e in the SXM version, against HBM2".
AGAINST = re.compile(
    r"\b(?:against|versus|vs\.?|as opposed to|rather than|instead of|compared (?:to|with))\s+"
    r"(?:(?:the|only|just|plain|a mere)\s+)*$",
    re.IGNORECASE,
)


def number(words: str) -> float:
    """The first number of some words; 0 where there is none."""
    found = NUMBER.search(words)
    return float(found[0].replace(",", "")) if found else 0.0
