"""Who is named for work that its memory's speed decides: "Bandwidth-bound inference: RTX A6000".

Of the two that a text compares, the one with the slower memory is no choice for what only bandwidth bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import sides_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.values.offers import usual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: What only bandwidth bounds, as an entry of a list names it before its device.
_BOUND = re.compile(
    r"\W*(?:(?:for|best for|if|when)\s)?(?:you(?:r| are| have)?\s)?(?:[\w-]+\s){0,2}?"
    r"(?:(?:memory[- ])?bandwidth|memory)[- ](?:bound|limited|hungry|critical|sensitive)\b[^.:;,]{0,40}"
    r"(?:[:\u2013\u2014]|,)\W*(?:(?:take|use|choose|pick|get|go for)\s)?(?:the\s|an?\s)?(?:nvidia\s|amd\s)?",
    re.IGNORECASE,
)
_END = re.compile(r"s?\W*$|s?[.,;]\s")
_NOT = re.compile(
    r"\b(?:not|no|never|less|avoid|except|unless|small|cheap\w*|budget|cost|price)\b", re.IGNORECASE
)
_SURE = 0.87


def suited(context: Context) -> Iterator[Finding]:
    """Every such entry that names the one with the slower memory."""
    both = sides_of(context)
    for index, passage in context.document.running() if both else ():
        named = context.mentions.get(index, ())
        if both is None or len(named) != 1 or _NOT.search(passage.text):
            continue
        one = named[0]
        if not _BOUND.fullmatch(passage.text, 0, one.start) or not _END.match(passage.text, one.end):
            continue
        mine, others = (
            _of(one.ids, context),
            [
                width
                for side in (both.first, both.second)
                if not {*side} & {*one.ids}
                for width in _of(side, context)
            ],
        )
        if mine and others and max(mine) < _SURE * min(others):
            because = f"{one.ids[0]} has {max(mine) / 1e9:,.0f} GB/s, the other {min(others) / 1e9:,.0f}"
            yield made(
                context, passage, (one.start, one.end), "rule", "contradicted", subject=", ".join(one.ids),
                attribute="bandwidth", because=because, evidence=(Evidence(because),),
            )  # fmt: skip


def _of(ids: tuple[str, ...], context: Context) -> list[float]:
    """The bandwidths of what a name usually means."""
    return [float(width) for key in usual(ids) if (width := context.catalogue[key].value("bandwidth"))]
