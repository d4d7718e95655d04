"""What was seen beside a figure (a busy processor, a slot of four lanes), and the causes that points to.

A cause that something points to is so much likelier before anything is predicted (`data/diagnosis.toml`: the
words by cause, and how much). What was tried, and how well each explains the figure, stays.
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


def pointed(found: Diagnosis, text: str) -> Diagnosis:
    """A diagnosis with its causes in the order in which they explain the figure and what is told beside it.

    By Bayes' rule the shares of causes that something points to grow by one factor, and all are shares again.
    """
    known = {one.id for one in found.causes}
    seen = tuple((cause, words) for cause, words in _seen(text) if cause in known)
    if not seen:
        return found
    times = float(store.load("diagnosis")["diagnosis"]["null"]["seen"])
    factors = {cause: times for cause, _ in seen}
    whole = found.normal + sum(one.share * factors.get(one.id, 1.0) for one in found.causes)
    causes = [replace(one, share=one.share * factors.get(one.id, 1.0) / whole) for one in found.causes]
    order = tuple(sorted(causes, key=lambda one: -one.share))
    return replace(found, causes=order, normal=found.normal / whole, seen=seen)


def _seen(text: str) -> Iterator[tuple[str, str]]:
    """Causes with the words of a text that point to them."""
    for cause, words in _patterns().items():
        if match := words.search(text):
            yield cause, " ".join(match[0].split())


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    rows = store.load("diagnosis")["diagnosis"]["cause"]
    return {
        cause: re.compile("|".join(row["seen"]), re.IGNORECASE)
        for cause, row in rows.items()
        if "seen" in row
    }
