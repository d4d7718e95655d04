"""Sizes before a name: "16GB RTX 4060 Ti" on a card, "24 GB (RTX 3090): 70B at 4-bit" in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes
from whichgpu.audit.claims.fits import of_part
from whichgpu.audit.quantities import Quantity, quantities
from whichgpu.audit.variants import finding_on, verdict_on
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

#: Between a size and the name behind it.
_BETWEEN = re.compile(r"\s*(?P<open>\()?\s*(?:(?:nvidia|amd|geforce|radeon)\s+)*", re.IGNORECASE)
#: What may stand behind a name on a card, and what begins what fits.
_ENDS, _FITS = (
    re.compile(r"\W*(?:gpu|graphics card|card)?\W*$", re.IGNORECASE),
    re.compile(r"[^:\n]{0,12}?\)\s*[:\u2013\u2014-]\s"),
)
_KINDS = ("heading", "paragraph", "item")
#: Right ones that a list has, and of them so many to a wrong one, where its sizes are those of the cards.
_SOME, _SHARE = 3, 2
#: A card that is sold with twice its memory was rebuilt.
_REBUILT = 2.0


class _Sized(NamedTuple):
    """A size with the device behind it, and where the text goes on."""

    passage: Passage
    size: Quantity
    mention: Mention
    listed: bool
    rest: int


def find(context: Context) -> Iterator[Finding]:
    """Every size that a passage begins with, right before a name, with its verdict; what a list says fits."""
    found = [
        each
        for i, p in enumerate(context.document.passages)
        if p.kind in _KINDS
        if (each := _sized(i, p, context))
    ]
    judged = [(each, _judged(each, context)) for each in found]
    right = sum(each.listed and finding.verdict == "confirmed" for each, finding in judged)
    wrong = sum(each.listed and finding.accuses for each, finding in judged)
    sure = right >= max(_SOME, _SHARE * wrong)
    for each, finding in judged:
        if sure or not each.listed:
            yield finding
        if sure and each.listed:
            known = max(float(context.catalogue[key].value("memory") or 0.0) for key in each.mention.ids)
            place = (each.rest, len(each.passage.text))
            size = (known, f"{each.mention.text} has {known / 1e9:.4g} GB")
            yield from of_part(each.passage, "", size, context, place=place)


def _sized(index: int, passage: Passage, context: Context) -> _Sized | None:
    """The size that a passage begins with, and the name behind it; None where it does not."""
    text = passage.text
    here = context.mentions.get(index, ())
    first = (
        next(iter(quantities(text, context.fraction)), None) if here and text[0] in "0123456789~" else None
    )
    if first is None or first.dimension != "memory" or first.start > 1 or first.high != first.value:
        return None
    between = _BETWEEN.fullmatch(text, first.end, here[0].start)
    if between is None:
        return None
    # On a card a name ends its line.
    after = passage.place(here[0].end - 1) + 1
    ends = _ENDS.match(context.document.original[after : after + 40].partition("\n")[0])
    behind = _FITS.match(text, here[0].end) if between["open"] else ends
    if behind is None:
        return None
    return _Sized(passage, first, here[0], bool(between["open"]), behind.end())


def _judged(each: _Sized, context: Context) -> Finding:
    attribute = attributes()["memory"]
    gpus = [context.catalogue[key] for key in each.mention.ids]
    said: frozenset[str] = frozenset()
    found = verdict_on(each.passage.text, each.size, attribute, gpus, said=said, context=context)
    doubled = each.size._replace(value=each.size.value / _REBUILT)
    if found.verdict == "contradicted" and not each.listed:
        half = verdict_on(each.passage.text, doubled, attribute, gpus, said=said, context=context)
        if half.verdict == "confirmed":
            found = half._replace(
                verdict="unverifiable", because="twice its memory: it may have been rebuilt"
            )
    return finding_on(each.passage, each.size, attribute, gpus, found=found, context=context)
