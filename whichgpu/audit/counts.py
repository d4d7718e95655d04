"""Numbers of a text, spelled ones too, where it counts things that have so much each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, Quantity, quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_COUNT = re.compile(rf"\b(?P<n>{'|'.join(SPELLED)}|twenty-four|dozen)\b", re.IGNORECASE)
_WORDS = {**SPELLED, "twenty-four": 24, "dozen": 12}
#: Between a number of things and what each of them has: "nodes with four", "ports of 100 Gb/s".
OF_EACH = re.compile(
    r"\s*(?:[x\u00d7]\s)?\s*(?:[\w-]+\s+){1,6}?(?:\([^()]{1,20}\)\s+)?(?:with|of|at|having|holding|carrying|for|"
    r"containing|(?:that|which)?\s*(?:each\s+)?(?:have|has|draw|draws|cost|hold))\s+"
    r"(?:about |around |up to |roughly |a |an )?",
    re.IGNORECASE,
)
#: Of one of them, behind money: "$35 a gig", "$13,500 each".
PER = re.compile(
    r"\s*(?:each|apiece|(?:/|per|an?|for each|for every|a single)\s*(?:additional\s+|extra\s+"
    r")?(?P<unit>gigs?|gb|gigabytes?|gpus?|cards?|nodes?|"
    r"accelerators?|boards?|units?|chips?|modules?|devices?))\b(?!\s*[-/]?\s*(?:hour|h\b|month|year|day))",
    re.IGNORECASE,
)
#: How far rounding goes: of sums, of measures, of what is told roughly; how many amounts are tried.
TOLERANCE, _MEASURED, _ROUGH, POOL = 0.012, 0.03, 0.06, 7


class Counted(NamedTuple):
    """A passage with its numbers in order."""

    passage: Passage
    every: Sequence[Quantity]
    context: Context

    @property
    def text(self) -> str:
        """The text of the passage."""
        return self.passage.text

    def finding(self, told: Quantity, of: Sequence[Quantity], real: float, verdict: str) -> Finding:
        """The finding on an amount that others should give."""
        text = self.text
        digits = re.search(r"\d[\d,]*(?:\.\d+)?", text[told.start : told.end])
        unit = told.value / (float(digits[0].replace(",", "")) or 1.0) if digits else 1.0
        shown = f"{real / unit:,.4g}"
        because = f"{' and '.join(text[each.start : each.end] for each in of)} make {shown}"
        return made(
            self.context, self.passage, (told.start, told.end), "arithmetic", verdict, attribute="product",
            because=because, expected="" if verdict == "confirmed" else shown, evidence=(Evidence(because),),
        )  # fmt: skip


def counted_in(context: Context) -> Iterator[Counted]:
    """Each passage of running text that has several numbers, with these."""
    for index, passage in context.document.running():
        named = [(each.start, each.end) for each in context.mentions.get(index, ())]
        every = _amounts(passage.text, context.fraction, named)
        if len(every) > 1:
            yield Counted(passage, every, context)


def _amounts(text: str, fraction: str, named: Sequence[tuple[int, int]]) -> list[Quantity]:
    """The numbers of a text in order, spelled ones too, but for those in names."""
    found = [
        each
        for each in quantities(text, fraction)
        if each.value > 0 and not any(a < each.end and each.start < b for a, b in named)
    ]
    taken = [*((each.start, each.end) for each in found), *named]
    for match in _COUNT.finditer(text):
        if not any(a < match.end() and match.start() < b for a, b in taken):
            value = float(_WORDS[match["n"].lower()])
            found.append(Quantity(match.start(), match.end(), value, value, "number", ""))
    return sorted(found)


def is_count(each: Quantity) -> bool:
    """Whether a number may be one of things: whole, more than one, without a unit."""
    return each.dimension == "number" and each.value == int(each.value) and 1 < each.value < 1e5


def is_near(told: Quantity, real: float) -> bool:
    """Whether an amount is a value, as it is rounded: 1.5 TB is 1,536 GB too; a small number is exact."""
    if told.limit in ("over", "under") and 0.7 < real / told.value < 1.4:
        return True
    exact = told.dimension == "number" and told.value < 1e3 and not told.limit
    slack = _ROUGH if told.limit in ("about", "nearly") else 0.0 if exact else _MEASURED
    return abs(told.value / real - 1) <= slack + 1e-9 if real else False
