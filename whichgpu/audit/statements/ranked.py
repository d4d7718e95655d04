"""An order of three things and more: "the order is the B200, then the MI300X, with the H200 last"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.statements.compared import MARGIN, NOT, wrong
from whichgpu.audit.statements.measured import told
from whichgpu.audit.statements.things import said_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.statements.things import Said, Thing

#: What says that things are told in their order.
_ORDER = re.compile(
    r"\b(?:the (?:order|ranking|sequence) (?:is|was|reads|runs|goes|becomes)|ranked by|ranks?|"
    r"from (?:the )?(?:fastest|cheapest|slowest|dearest|most|least|best|highest|lowest)\b[^.;:]{0,30}? to\b|"
    r"in (?:ascending|descending|that|this) order)",
    re.IGNORECASE,
)
_KINDS = (
    ("price", re.compile(r"\b(?:cheap\w*|dear\w*|expensive|dollars?|euros?|cost|price)\w*\b", re.IGNORECASE)),
    ("efficiency", re.compile(r"\befficien\w+|\bper watt\b", re.IGNORECASE)),
    ("speed", re.compile(r"\b(?:fast\w*|slow\w*|quick\w*|throughput|speed|tokens per)\b", re.IGNORECASE)),
    ("@bandwidth", re.compile(r"\bbandwidth\b", re.IGNORECASE)),
    ("@memory", re.compile(r"\b(?:memory|vram|capacity)\b", re.IGNORECASE)),
    ("power", re.compile(r"\b(?:power|watts?|draw)\b", re.IGNORECASE)),
)  # fmt: skip
_LEAST = 3


def ranked(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Orders that the amounts told of the things do not have in either direction."""
    for said in said_of(index, passage, context):
        match = _ORDER.search(said.text, said.sentence.start, said.sentence.end)
        if match is None or NOT.search(said.sentence.text):
            continue
        every: list[Thing] = []
        for each in said.every:
            if each.start >= match.start() and not any(each.is_same(one) for one in every):
                every.append(each)
        kind = next((key for key, words in _KINDS if words.search(said.sentence.text)), "")
        if kind and len(every) >= _LEAST:
            yield from _judged(said, kind, every)


def _judged(said: Said, kind: str, every: Sequence[Thing]) -> Iterator[Finding]:
    shown = []
    for series in told(kind, said.part(said.sentence.start, said.sentence.end), said):
        amounts = [each.of(series) for each in every]
        if not all(len(each) == 1 for each in amounts):
            continue
        values = [each[0].value for each in amounts]
        steps = [b / a - 1 for a, b in pairwise(values) if a]
        if all(step > -MARGIN for step in steps) or all(step < MARGIN for step in steps):
            return
        shown.append(", ".join(f"{each[0].name} {each[0].words}" for each in amounts))
    if shown:
        yield wrong(
            said, (every[0].start, every[-1].end), "ordering", kind, expected="another order", words=shown[0]
        )
