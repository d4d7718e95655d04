"""What so many of an amount are in all, written side by side: "4 x 16 GB, 64 GB in total"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: The number of an amount that stands right behind it.
_MANY = re.compile(r"(?<![\w.,$])(?P<n>\d{1,3})\s?[x\u00d7*]\s?$")
#: From one of them to all, and what says that it is of all.
_TO_ALL = re.compile(
    r"(?:\s+(?:of \w+|each))?\s*(?:,|;|\(|=|:|\u2013|\u2014|-)?\s*(?:(?:so|or|thus|that is|"
    r"that[\u2019']s|which (?:is|makes)|i\.e\.,?|"
    r"for|makes?|making|is)\s+)?(?:a total of\s+|about\s+|in all\s+)?",
    re.IGNORECASE,
)
_IN_ALL = re.compile(
    r"\s+(?:in total|in all|altogether|together|all told|overall|combined|in sum)\b", re.IGNORECASE
)
_LEAD = re.compile(r"\b(?:a total of|in all)\s+$", re.IGNORECASE)
_UNITS, _OFF, _FAR = ("memory", "bandwidth", "power", "money", "flop rate"), 0.03, 12.0


def find(context: Context) -> Iterator[Finding]:
    """Every such amount that the one beside it does not make."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for _, passage in context.document.running():
        every = quantities(passage.text, context.fraction)
        for at, one in enumerate(every[:-1]):
            many = _MANY.search(passage.text, max(0, one.start - 6), one.start)
            other = every[at + 1]
            if not many or one.dimension not in _UNITS or other.dimension != one.dimension or one.value <= 0:
                continue
            gap = passage.text[one.end : other.start]
            told = _IN_ALL.match(passage.text, other.end) or _LEAD.search(gap)
            start, end = passage.span(other.start, other.end)
            if not told or not _TO_ALL.fullmatch(gap) or any(a < end and start < b for a, b in done):
                continue
            real = one.value * int(many["n"])
            if abs(other.value / real - 1) > _OFF and 1 / _FAR < other.value / real < _FAR:
                words = passage.text[one.start : one.end].strip()
                digits = re.search(r"\d[\d,]*(?:\.\d+)?", passage.text[other.start : other.end])
                scale = other.value / float(digits[0].replace(",", "")) if digits else 1.0
                because = f"{many['n']} x {words} are {real / scale:,.10g}"
                yield made(
                    context, passage, (other.start, other.end), "arithmetic", "inconsistent",
                    attribute="product",
                    because=because, expected=f"{real / scale:,.10g}", evidence=(Evidence(because),),
                )  # fmt: skip
