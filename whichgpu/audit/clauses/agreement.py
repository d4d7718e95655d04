"""Accusations of prose that the reading by clauses bears out: of the device that their own clause is about."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.parts import owner
from whichgpu.audit.findings import withheld
from whichgpu.audit.gloss import language

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Kinds of claims that hold a value against one device.
_OF_ONE = frozenset({"specification", "identity", "capability"})
#: Behind a claim, its denial: "run it, yes; compute in FP8, no".
_IT_IS_NOT = re.compile(r"\s*,\s+no(?:t|pe)?\b", re.IGNORECASE)
_WHY = "its clause is not certainly about that device"


def agreed(kind: str, found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings of a kind as they are, or unverifiable where a clause is not about whom they accuse."""
    if kind not in _OF_ONE or language(context.document):
        return list(found)
    running = sorted((each.span(0, 1)[0], index) for index, each in context.document.running() if each.text)
    return [withheld(each, _WHY) if each.accuses and _is_of_else(each, running, context) else each
            for each in found]  # fmt: skip


def _is_of_else(found: Finding, running: Sequence[tuple[int, int]], context: Context) -> bool:
    """Whether the clause of an accusation in running text is about another device, or about none."""
    before = bisect_right(running, (found.start, len(context.document.passages))) - 1
    if before < 0:
        return False
    index = running[before][1]
    passage = context.document.passages[index]
    if found.start >= passage.span(0, len(passage.text))[1]:
        return False
    if _IT_IS_NOT.match(context.document.original, found.end):
        return True
    one = owner(index, passage, _place(passage, found.start), context)
    accused = {key for side in found.subject.split(" against ") for key in side.split(", ")}
    return accused <= context.catalogue.keys() and (one is None or not accused & {*one.named, *one.ids})


def _place(passage: Passage, start: int) -> int:
    """Where in the text of a passage a character of the file stands."""
    return bisect_left(range(len(passage.text)), start, key=lambda at: passage.span(at, at + 1)[0])
