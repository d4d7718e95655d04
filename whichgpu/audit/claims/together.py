"""Values that no single form of a device has together: "80 GB at 1,555 GB/s", "3.35 TB/s of HBM2e".

Each alone is right of some form of "the A100", which is why nothing else accuses it; side by side they are of
one card, and there is none that has both.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.variants import verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: What the forms of one device differ by.
_FORMS = ("memory", "bandwidth", "power", "memory_type")
#: Between two values of one card.
_BESIDE = re.compile(
    r"\s*(?:,|\()?\s*(?:(?:of|with|at|and|an?|its|the|delivering|offering|providing|reaching|achieving|memory|vram|hbm|"
    r"fast|high-bandwidth|bandwidth|peak|total|running|ecc|up to|a tdp of|tdp)\s+){0,5}",
    re.IGNORECASE,
)
#: Before a size that is one of several, or that is worked with.
_ONE_OF = re.compile(
    r"(?:\d|GB|GiB)\s*(?:/|or|and|to|-|\u2013)\s*$|\b(?:up to|vs\.?|versus|than)\s*$", re.IGNORECASE
)
_ELSE = re.compile(r"\s*(?:/|or\b|to\b|variants?\b|versions?\b|models?\b)", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every pair of values side by side, right by itself, that no form of the device has both of."""
    told = [each for each in context.memo["found"] if _of_form(each)]
    placed = sorted(told, key=lambda each: each.start)
    for index, passage in context.document.running():
        if index not in context.mentions:
            continue
        mine = [each for each in placed if passage.start <= each.start < passage.end]
        for one, other in pairwise(mine):
            yield from _judged(passage, one, other, context)


def _of_form(each: Finding) -> bool:
    return each.verdict == "confirmed" and each.attribute in _FORMS and bool(each.subject)


def _judged(passage: Passage, one: Finding, other: Finding, context: Context) -> Iterator[Finding]:
    text = passage.text
    places = [text.find(each.quote) for each in (one, other)]
    if (
        one.attribute == other.attribute
        or -1 in places
        or text.count(one.quote) > 1
        or text.count(other.quote) > 1
    ):
        return
    (a, b), (c, d) = ((at, at + len(each.quote)) for at, each in zip(places, (one, other), strict=True))
    if not b <= c or not _BESIDE.fullmatch(text, b, c):
        return
    if _ONE_OF.search(text, 0, a) or _ELSE.match(text, d) or _ELSE.match(text, b):
        return
    index = next(i for i, each in enumerate(context.document.passages) if each is passage)
    whole = [
        each.named
        for each in context.mentions.get(index, ())
        if set(one.subject.split(", ")) <= set(each.named)
    ]
    if not whole or not set(other.subject.split(", ")) & set(whole[-1]):
        return
    first, second = (_having(each, whole[-1], passage, context) for each in (one, other))
    if not first or not second or first & second:
        return
    because = (
        f"{one.quote} is of {', '.join(sorted(first)[:2])}; {other.quote} of {', '.join(sorted(second)[:2])}"
    )
    yield made(
        context, passage, (c, d), "specification", "inconsistent", subject=", ".join(sorted(first | second)),
        attribute=other.attribute, because=f"no form has both: {because}",
        evidence=(*one.evidence[:1], *other.evidence[:1]) or (Evidence(because),),
    )  # fmt: skip


def _having(told: Finding, named: Sequence[str], passage: Passage, context: Context) -> set[str]:
    """The devices of a name of which a value is right."""
    gpus = [gpu for gpu in (context.catalogue[key] for key in named) if gpu.confidence != "low"]
    if told.attribute == "memory_type":
        return {
            gpu.id
            for gpu in gpus
            if str(gpu.value("memory_type") or told.quote).upper() == told.quote.upper()
        }
    found = [each for each in quantities(passage.text, context.fraction)
             if passage.text[each.start : each.end] == told.quote]  # fmt: skip
    what = attributes()[told.attribute]
    held = set()
    for gpu in gpus if found else ():
        answer = verdict_on(passage.text, found[0], what, [gpu], said=frozenset(), context=context)
        # A value may be right of another size of it only.
        if answer.verdict != "contradicted" and answer.true_for in ("", gpu.id):
            held.add(gpu.id)
    return held
