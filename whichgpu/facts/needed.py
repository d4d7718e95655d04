"""The words of which every match of a pattern holds one: a text without them need not be searched.

They are read off the pattern itself, without compiling it, and to look for words takes a hundredth of what
trying alternatives at every letter does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.values import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A token of a pattern; what stands in a class or behind a backslash is no letter that must be there. A group
#: of nothing but words is one.
_TOKEN = regex(
    r"(?P<plain>[^\\\[\](){}|?*+.^$\u0080-\U0010ffff]+(?![?*+{])|[^\\\[\](){}|?*+.^$])"
    r"|\\(?P<escaped>[^\w])"
    r"|(?P<nothing>\\[bBAZ]|[\^$])"
    r"|\\u(?P<code>[0-9a-fA-F]{4})"
    r"|(?P<any>\\(?:x[0-9a-fA-F]{2}|\w)|\.|\[\^?\]?(?:[^\\\]]|\\.)*\])"
    r"|(?P<times>[?*+]\??|\{\d*,?\d*\}\??)"
    r"|(?P<around>\(\?(?:<?[=!]))"
    r"|(?P<words>\((?:\?:)?[^\\\[\](){}?*+.^$\u0080-\U0010ffff]+\))"
    r"|(?P<group>\((?:\?(?:P<\w+>|:|[a-zA-Z]*(?:-[a-zA-Z]+)?:))?(?!\?))"
    r"|(?P<or>\|)|(?P<close>\))",
    re.DOTALL,
)
#: More words are looked for no faster than the pattern is; those that are in every text are no use.
_MOST, _COMMON = 200, 0.15
#: How many common letters are as rare as one that is not of ASCII.
_RARE = 3
#: Sets of words that are looked for of a pattern: more of them rule out little more.
_SETS = 3
#: What matches a letter without regard to case and is not made it by `lower`.
_ODD = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s"})


def needed(pattern: str) -> tuple[frozenset[str], ...]:
    """Sets of words in small letters of each of which every match holds one, the rarest first."""
    tokens = [(each.lastgroup or "", each[0]) for each in _TOKEN.finditer(pattern)]
    if sum(len(text) for _, text in tokens) != len(pattern):
        # Something else than what is known here: it is searched for everywhere.
        return ()
    found, end = _alternatives(tokens, 0)
    rare = {each: share for each in found if (share := _share(each)) < _COMMON}
    return tuple(sorted(rare, key=rare.__getitem__)[:_SETS]) if end == len(tokens) else ()


def _share(words: frozenset[str]) -> float:
    """About how many texts hold one of some words; 1 where there are none, or too many to look for."""
    if not 0 < len(words) <= _MOST:
        return 1.0
    return sum([8.0 ** -(len(word) if word.isascii() else _RARE * len(word)) for word in words]) * 4


def _rarest(found: Sequence[frozenset[str]]) -> frozenset[str]:
    """The set of words of several that the fewest texts hold one of; empty of none."""
    return found[0] if len(found) == 1 else min(found, key=_share, default=frozenset())


def _alternatives(tokens: Sequence[tuple[str, str]], at: int) -> tuple[list[frozenset[str]], int]:
    """What the alternatives from a token to the end of their group need, and the place of that end."""
    found, at = _sequence(tokens, at)
    if at == len(tokens) or tokens[at][0] != "or":
        return found, at
    # Of each alternative its rarest part.
    rarest = [_rarest(found)]
    while at < len(tokens) and tokens[at][0] == "or":
        found, at = _sequence(tokens, at + 1)
        rarest.append(_rarest(found))
    return [frozenset().union(*rarest)] if all(rarest) else [], at


def _sequence(tokens: Sequence[tuple[str, str]], at: int) -> tuple[list[frozenset[str]], int]:
    """What the parts of a sequence need, and the place of the token that ends it."""
    found: list[frozenset[str]] = []
    run, end = "", len(tokens)
    while at < end and (kind := tokens[at][0]) not in ("or", "close"):
        text = tokens[at][1]
        inner: list[frozenset[str]] = []
        if kind in ("group", "around"):
            inner, at = _alternatives(tokens, at + 1)
        elif kind == "words":
            several = frozenset(text[1:-1].removeprefix("?:").lower().split("|"))
            inner = [several] if all(several) else []
        letters = _letters(kind, text) if kind in ("plain", "escaped", "code") else ""
        at += 1
        times = tokens[at][1] if at < end and tokens[at][0] == "times" else ""
        at += bool(times)
        maybe = times.startswith(("?", "*", "{0", "{,"))
        if not maybe:
            run += letters
        if run and (times or not letters) and kind not in ("around", "nothing"):
            found.append(frozenset((run,)))
            run = ""
        if inner and kind != "around" and not maybe:
            found += inner
    if run:
        found.append(frozenset((run,)))
    return found, at


def _letters(kind: str, text: str) -> str:
    """The letters that a token of them is, in small; none where others than the great one match it."""
    if kind == "plain" and text.isascii():
        return text.lower()
    letter = chr(int(text[2:], 16)) if kind == "code" else text[-1]
    return letter.lower() if letter < "\u00ff" or letter.lower() == letter.upper() else ""


def words(pattern: str) -> tuple[tuple[str, ...], ...]:
    """The words that a pattern needs, the shortest of each set first."""
    return tuple(tuple(sorted(each, key=lambda word: (len(word), word))) for each in needed(pattern))


def small(text: str) -> str:
    """A text in small letters, each where it was, as words are that patterns need."""
    return text.lower() if text.isascii() else text.translate(_ODD).lower()
