"""What was seen beside a figure (a busy processor, a slot of four lanes), and which causes that speaks for.

A cause that something points to is so much likelier before anything is predicted (`data/diagnosis.toml`: the
words by cause, and how much), twice that with each further thing that does; one that something speaks against
(a GPU that is busy, of slow loading) is as much less likely. What was tried, and how well each explains the
figure, stays.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.diagnosis.answer import Diagnosis

#: How much likelier a further thing makes a cause that one points to already (a judgement).
_FURTHER = 2.0


def pointed(found: Diagnosis, text: str) -> Diagnosis:
    """A diagnosis with its causes in the order in which they explain the figure and what is told beside it.

    By Bayes' rule the shares of causes that something points to grow by one factor, and all are shares again.
    """
    known = {one.id for one in found.causes}
    seen = tuple((cause, words) for cause, words in _seen(text) if cause in known)
    denied = tuple((cause, words) for cause, words in _denied(text) if cause in known)
    if not (seen or denied):
        return found
    times = float(store.load("diagnosis")["diagnosis"]["null"]["seen"])
    factors: dict[str, float] = {}
    for cause, _ in seen:
        factors[cause] = factors[cause] * _FURTHER if cause in factors else times
    for cause in {cause for cause, _ in denied}:
        factors[cause] = factors.get(cause, 1.0) / times
    whole = found.normal + sum(one.share * factors.get(one.id, 1.0) for one in found.causes)
    causes = [replace(one, share=one.share * factors.get(one.id, 1.0) / whole) for one in found.causes]
    order = tuple(sorted(causes, key=lambda one: -one.share))
    return replace(found, causes=order, normal=found.normal / whole, seen=seen, denied=denied)


def _seen(text: str) -> Iterator[tuple[str, str]]:
    """Causes with the words of a text that point to them, each kind of words once."""
    yield from _read(text, "seen")


def _denied(text: str) -> Iterator[tuple[str, str]]:
    """Causes with the words of a text that speak against them."""
    yield from _read(text, "denied")


def _read(text: str, what: str) -> Iterator[tuple[str, str]]:
    for cause, patterns in _patterns(what).items():
        told: list[re.Match[str]] = []
        for match in filter(None, (pattern.search(text) for pattern in patterns)):
            # The same words by two patterns are one thing.
            if not any(match.start() < other.end() and other.start() < match.end() for other in told):
                told.append(match)
        for match in told:
            yield cause, " ".join(match[0].split())


@cache
def _patterns(what: str) -> dict[str, tuple[re.Pattern[str], ...]]:
    rows = store.load("diagnosis")["diagnosis"]["cause"]
    return {
        cause: tuple(re.compile(words, re.IGNORECASE) for words in row[what])
        for cause, row in rows.items()
        if what in row
    }
