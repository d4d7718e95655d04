"""Programs by name (Blender, AutoCAD, VASP): which use answers for one, and what it asks of a card.

Of most nothing was read: those have the answer of their use, which says so.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a version is written like: `2026`, `v7`, `5.4`, `20.1`.
_VERSION = re.compile(r"v?\d+(\.\d+)*")


@immutable
class Program:
    """A program: the use that answers for it, what a card must have beside, and what a source says of it.

    `source` is its title, address and the day it was read; without one `says` is empty.
    """

    title: str
    use: str
    needs: tuple[str, ...] = ()
    by: str = ""
    says: str = ""
    source: tuple[str, str, str] | None = None

    @property
    def note(self) -> str:
        """What a reader must know of it, with the source, or that nothing was read."""
        if self.source is None:
            return (
                f"what {self.title} itself asks of a card was not read: look whether it takes cards of every "
                "maker (--needs cuda leaves NVIDIA's)"
            )
        return f"{self.title}: {self.says} ({self.source[0]}, read on {self.source[2]})"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        named = dict(zip(("title", "url", "accessed"), self.source, strict=True)) if self.source else None
        return {"title": self.title, "needs": list(self.needs), "says": self.says or None, "source": named}


_Spelling = tuple[int, tuple[str, ...], Program]


def spelled(text: str) -> str:
    """A name as names are compared: lower case, words joined by `-`."""
    return "-".join(re.sub(r"[_\s/?-]+", " ", text.lower()).split())


def program(name: str, around: frozenset[str]) -> Program | None:
    """The program that a name means: its maker, a version and words `around` it may stand beside it."""
    words = spelled(name).split("-")
    beside = around | _makers()
    best: tuple[int, Program] | None = None
    begun = _begun()
    for _, said, one in sorted((each for word in {*words} for each in begun.get(word, ())), key=_place):
        for start in range(len(words) - len(said) + 1):
            if tuple(words[start : start + len(said)]) != said or (best and best[0] >= len(said)):
                continue
            rest = words[:start] + words[start + len(said) :]
            if all(word in beside or _VERSION.fullmatch(word) for word in rest):
                best = (len(said), one)
    return best and best[1]


def programs() -> tuple[Program, ...]:
    """Every program on file."""
    return tuple(dict.fromkeys(_spellings().values()))


@cache
def _spellings() -> Mapping[tuple[str, ...], Program]:
    """By the words of a spelling: the program."""
    table = store.load("programs")["programs"]
    found: dict[tuple[str, ...], Program] = {}
    for key, row in table["program"].items():
        source = table["sources"][row["source"]]
        one = Program(row["title"], row["use"], tuple(row.get("needs", ())), row.get("by", ""), row["says"],
                      (source["title"], source["url"], source["accessed"]))  # fmt: skip
        for spelling in (key, row["title"], *row.get("names", ())):
            found[tuple(spelled(spelling).split("-"))] = one
    for use, listed in table["unread"].items():
        for title, names in listed.items():
            for spelling in (title, *names):
                found[tuple(spelled(spelling).split("-"))] = Program(title, use)
    return found


@cache
def _begun() -> Mapping[str, tuple[_Spelling, ...]]:
    """By the first word of a spelling: its place among all, its words, the program."""
    found: dict[str, list[_Spelling]] = {}
    for place, (said, one) in enumerate(_spellings().items()):
        found.setdefault(said[0], []).append((place, said, one))
    return {word: tuple(some) for word, some in found.items()}


def _place(spelling: _Spelling) -> int:
    return spelling[0]


@cache
def _makers() -> frozenset[str]:
    return frozenset(word for one in store.load("programs")["programs"]["makers"] for word in one.split("-"))
