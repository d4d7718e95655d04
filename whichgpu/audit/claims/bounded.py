"""Values that are said to be within or above another: "671 GB, which is within the 640 GB of a DGX H100"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: Between the two.
_WITHIN = re.compile(
    r"(?:\s+(?:of\s+)?(?:memory|vram|weights|power|in all|in total))?,?\s+(?:(?:which|and that|and "
    r"this|that)\s+is\s+|so\s+|and so\s+)"
    r"(?:still\s+|well\s+|just\s+|comfortably\s+|easily\s+|far\s+|barely\s+)*"
    r"(?:(?P<in>within|below|under|inside|less than|short of)|(?P<out>above|beyond|over|more than|in "
    r"excess of))\s+"
    r"(?:the\s+|its\s+|their\s+)(?:full\s+|whole\s+)?",
    re.IGNORECASE,
)
_DIMENSIONS = ("memory", "power", "bandwidth", "money")


def find(context: Context) -> Iterator[Finding]:
    """Every such pair of values, with the verdict on the words."""
    for _, passage in context.document.running():
        told = [each for each in quantities(passage.text, context.fraction) if each.dimension in _DIMENSIONS]
        for one, other in pairwise(told):
            match = _WITHIN.fullmatch(passage.text, one.end, other.start)
            if (
                match is None
                or one.dimension != other.dimension
                or one.high != one.value
                or other.high != other.value
            ):
                continue
            wrong = one.value > other.value if match["in"] else one.value < other.value
            words = [passage.text[each.start : each.end] for each in (one, other)]
            because = f"{words[0]} is {'more' if one.value > other.value else 'less'} than {words[1]}"
            yield made(
                context, passage, (match.start("in" if match["in"] else "out"), other.end), "ordering",
                "inconsistent" if wrong else "confirmed", attribute="stated values", because=because,
                evidence=(Evidence(because),),
            )  # fmt: skip
