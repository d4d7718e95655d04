"""Version numbers as they are compared here: by their leading numbers, a short one standing for all below it.

`2.14` stands for 2.14.0 and 2.14.1, `2` for every 2.x. What follows the numbers (`.post1`, `+cu126`, `b18`)
says nothing of which GPUs a build holds, and is left aside.
"""

from __future__ import annotations

import re
from functools import lru_cache

Numbers = tuple[int, ...]

_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9})*)")


@lru_cache(maxsize=2**12)
def numbers(text: str) -> Numbers:
    """The leading numbers of a version: `v2.14.1+cu126` -> (2, 14, 1); empty where it has none."""
    match = _NUMBERS.match(text.strip().lower())
    return tuple(map(int, match[1].split("."))) if match else ()


def alike(one: Numbers, other: Numbers) -> bool:
    """Whether two versions agree as far as the shorter one goes: 2.14 and 2.14.1, 2 and 2.14."""
    shared = min(len(one), len(other))
    return shared > 0 and one[:shared] == other[:shared]


def within(version: Numbers, first: Numbers, last: Numbers) -> bool:
    """Whether a version lies in [first, last]; an empty bound is open, and 2.10 takes in 2.10.3."""
    if version < first and version != first[: len(version)]:
        return False
    return not last or version <= last or version[: len(last)] == last


def later(one: Numbers, other: Numbers) -> bool:
    """Whether a version comes after another and is not one of it: 2.15 after 2.14, not 2.14.1 after 2.14."""
    return one > other and not alike(one, other)
