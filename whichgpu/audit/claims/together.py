"""Values that no single form of a device has together: "80 GB at 1,555 GB/s", "3.35 TB/s of HBM2e".

Each alone is right of some form of "the A100", which is why nothing else accuses it; side by side they are of
one card, and there is none that has both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import within
from whichgpu.audit.variants import verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: What the forms of one device differ by.
_FORMS = ("memory", "bandwidth", "power", "memory_type", "cores")
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
    """Every value that no form has beside those before it, each right by itself."""
    told = [each for each in context.memo["found"] if _of_form(each)]
    placed = sorted(told, key=lambda each: each.start)
    for index, passage in context.document.running():
        if index in context.mentions:
            mine = within(placed, passage.start, passage.end)
            yield from _in_passage(index, passage, mine, context)


def _of_form(each: Finding) -> bool:
    return each.verdict == "confirmed" and each.attribute in _FORMS and bool(each.subject)


def _in_passage(index: int, passage: Passage, mine: Sequence[Finding], context: Context) -> Iterator[Finding]:
    """Goes along the values of one card, with the forms that have all of them so far."""
    run: list[Finding] = []
    held: set[str] = set()
    for each in mine:
        named = _both_of(index, passage, run[-1], each, context) if run else ()
        having = _having(each, named, passage, context) if named else set()
        if not having:
            run, held = [each], set()
            continue
        held = held or _having(run[-1], named, passage, context)
        if held and not held & having:
            yield _accused(passage, (run, held), (each, having), context)
        held &= having
        run.append(each)


def _both_of(index: int, passage: Passage, one: Finding, other: Finding, context: Context) -> Sequence[str]:
    """What the name means of which two values side by side are; empty where they are not of one card."""
    text = passage.text
    if one.attribute == other.attribute or any(text.count(each.quote) != 1 for each in (one, other)):
        return ()
    (a, b), (c, d) = (
        (text.find(each.quote), text.find(each.quote) + len(each.quote)) for each in (one, other)
    )
    if not b <= c or not _BESIDE.fullmatch(text, b, c):
        return ()
    if _ONE_OF.search(text, 0, a) or _ELSE.match(text, d) or _ELSE.match(text, b):
        return ()
    whole = [
        each.named
        for each in context.mentions.get(index, ())
        if set(one.subject.split(", ")) <= set(each.named)
    ]
    return whole[-1] if whole and set(other.subject.split(", ")) & set(whole[-1]) else ()


def _accused(
    passage: Passage, told: tuple[Sequence[Finding], set[str]], other: tuple[Finding, set[str]],
    context: Context,
) -> Finding:  # fmt: skip
    (run, held), (last, having) = told, other
    words = ", ".join(each.quote for each in run)
    because = f"{words} is of {', '.join(sorted(held)[:2])}; {last.quote} of {', '.join(sorted(having)[:2])}"
    at = passage.text.find(last.quote)
    return made(
        context, passage, (at, at + len(last.quote)), "specification", "inconsistent",
        subject=", ".join(sorted(held | having)), attribute=last.attribute,
        because=f"no form has both: {because}",
        evidence=(*run[-1].evidence[:1], *last.evidence[:1]) or (Evidence(because),),
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
