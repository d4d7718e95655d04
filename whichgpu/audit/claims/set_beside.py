"""Two amounts of one sentence in an order that they are not in: "1,150 W for two, less than the 700 W"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity

#: Between the two: what the first is of, then the comparison, which a comma or a verb begins. What stands
#: right behind an amount ("8 GB more than the 16 GB") is by how much, and not compared itself.
_THAN = re.compile(
    r"(?P<of>[^.;:()\d]{0,44}?)(?:,\s+(?:which is |that is |so |and |but |and so |but still |still )?|"
    r"\s+(?:is|are|was|were)\s+)(?:(?:much|far|still|even|slightly|clearly|well|(?:only )?a little)\s+)*"
    r"(?P<at>(?P<less>less|lower|fewer|smaller|shorter|below|under)|more|higher|larger|longer|greater|above|over)"
    r"\s+(?:than\s+)?(?:the\s+|its\s+|our\s+|those\s+|that of\s+)?",
    re.IGNORECASE,
)
_KINDS = frozenset({"power", "memory", "bandwidth", "flop rate", "op rate", "money", "time", "energy"})
#: What each is per: both per the same, or neither.
_PER = re.compile(r"\s*(?:/|per|an?|each|every)\s*(?P<what>[a-z]+)", re.IGNORECASE)
_UNLESS = re.compile(
    r"\b(?:not|never|nor|neither|if|unless|would|could|might|may|instead|rather|per|budget|saves?|by)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_NEARLY = 0.01


def find(context: Context) -> Iterator[Finding]:
    """Every such pair, with what it is."""
    for _, passage in context.document.running():
        every = quantities(passage.text, context.fraction)
        for sentence in sentences(passage.text) if len(every) > 1 else ():
            here = within(every, sentence.start, sentence.end)
            for one, other in pairwise(here):
                match = _THAN.fullmatch(passage.text, one.end, other.start)
                if match is None or not _is_told(passage.text, one, other, match, here):
                    continue
                less = match["less"] is not None
                holds = one.value < other.value if less else one.value > other.value
                if abs(one.value / other.value - 1) < _NEARLY:
                    continue
                words = [passage.text[each.start : each.end] for each in (one, other)]
                because = f"{words[0]} against {words[1]}"
                yield made(
                    context, passage, match.span("at"), "ordering", "confirmed" if holds else "inconsistent",
                    attribute="set beside", because=because, evidence=(Evidence(because),),
                )  # fmt: skip


def _is_told(
    text: str, one: Quantity, other: Quantity, match: re.Match[str], here: Sequence[Quantity]
) -> bool:
    """Whether both are of one kind, each one amount and of the same period, and nothing is but supposed."""
    if one.dimension != other.dimension or one.dimension not in _KINDS or not other.value:
        return False
    single = one.high == one.value and other.high == other.value and not one.limit and not other.limit
    per = [_PER.match(text, each.end) for each in (one, other)]
    alike = [(each["what"].lower() if each else "") for each in per]
    first = max(here[0].start - 1, 0)
    return single and alike[0] == alike[1] and not _UNLESS.search(text, first, match.end()) and (
        one.unit == other.unit or one.dimension != "money"
    )  # fmt: skip
