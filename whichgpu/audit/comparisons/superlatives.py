"""What a superlative is among, where a sentence says more than "of all that are told of"."""

from __future__ import annotations

from whichgpu.audit import patterns as re

#: "The cheapest new card in my table that offers it": among those that are so.
_AMONG_SUCH = re.compile(
    r"(?:\s+[\w-]+){0,8}?\s+(?:that|which|who|with|without|to (?!run\b|rent\b|buy\b)|for|under|below|above|"
    r"over|from|able|capable|where|on which)\b",
    re.IGNORECASE,
)
#: "The cheapest current option": a kind of what is told of.
_OF_SUCH = re.compile(
    r"\s+(?:new|used|second-hand|current|modern|recent|nvidia|amd|geforce|radeon|consumer|gaming|professional|"
    r"workstation|mobile|laptop|desktop|dual|single|multi\w*|passive|low-profile|\d+\s?GB|hopper|ampere|ada|blackwell|turing|"
    r"volta|such|real|usable|sensible|viable|useful|reasonable|decent|good)\b",
    re.IGNORECASE,
)
#: "Per dense TFLOP the B200 is the cheapest": of what it buys, which is not by the hour.
_PER_UNIT = re.compile(
    r"\b(?:per|for each|for every|by the) (?!hour|month|day|year|card|gpu|second|minute)[\w-]+", re.IGNORECASE
)


def is_restricted(text: str, end: int, stop: int) -> bool:
    """Whether what follows a superlative leaves out some of what is told of."""
    return any(way.match(text, end, stop) for way in (_AMONG_SUCH, _OF_SUCH))


def is_per_unit(words: str) -> bool:
    """Whether a price is told to be that of something which it buys."""
    return _PER_UNIT.search(words) is not None
