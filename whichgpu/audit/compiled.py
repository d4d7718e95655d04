"""Patterns as the numbers that `re` compiles them to, which `marshal` can write, and back.

There is no public way to either. Where a Python has not these parts of `re`, or others, `code` is nothing and
`made` compiles the pattern.
"""

from __future__ import annotations

import re
import zlib
from array import array
from importlib import import_module
from re import Pattern
from typing import Any

from whichgpu.audit import alternatives

#: Flags, the numbers as packed bytes, how many groups there are, their numbers by name, names by number.
Code = tuple[Any, ...]


def code(pattern: str, flags: int) -> Code:
    """What `re` compiles a pattern to; raises `re.error` as that does."""
    try:
        parsed = import_module("re._parser").parse(pattern, flags)
        numbers = array("I", alternatives.code(parsed, flags)).tobytes()
        state = parsed.state
        names = [""] * state.groups
        for name, number in state.groupdict.items():
            names[number] = name
        # Most of them are runs of the same: a fifth is left at the lowest level.
        packed = zlib.compress(numbers, 1)
        return flags | state.flags, packed, state.groups - 1, dict(state.groupdict), tuple(names)
    except (ImportError, AttributeError, LookupError, TypeError):
        return ()


def made(pattern: str, flags: int, found: Code) -> Pattern[str]:
    """The pattern of what it was compiled to."""
    try:
        whole, numbers, groups, places, names = found
        indexed = tuple(name or None for name in names)
        compiled: Pattern[str] = import_module("_sre").compile(
            pattern, whole, array("I", zlib.decompress(numbers)).tolist(), groups, places, indexed
        )
    except (ImportError, AttributeError, TypeError, ValueError, RuntimeError, zlib.error):
        # `re` finds no fault with its own numbers.
        return re.compile(pattern, flags)
    return compiled
