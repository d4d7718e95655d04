"""Amounts by a rate that the text tells: what energy costs by its tariff, what one of several GPUs costs.

"Pay 0.30 USD per kWh. It uses 934 kWh, which costs about 380 USD"; "55.04 USD comes to 4.88 USD per GPU".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_TARIFF = re.compile(r"<(?P<m>m\d+)>\s?(?:per|a|/)\s?(?:kWh|kilowatt[- ]hour)", re.IGNORECASE)
_ABOUT = r"(?:(?:about|around|roughly|some|only|just|nearly|almost|you|me|us)\s+)*"
_COSTS = re.compile(
    rf"<(?P<e>e\d+)>,?\s+(?:(?:which|that|and|so|or|it|a year|of electricity)\s+)*"
    rf"(?:(?:costs?|is|are|for|come to|comes to|makes?)\s+)?{_ABOUT}<(?P<m>m\d+)>(?!\s?(?:per|a|/)\s?kWh)",
    re.IGNORECASE,
)
_PER_GPU = re.compile(
    rf"<(?P<all>m\d+)>(?:\s[^\s<>.;]+){{0,4}}?\s(?:comes to|is|makes|works out (?:at|to)|or|means)\s{_ABOUT}"
    r"<(?P<one>m\d+)>(?: an hour)? (?:per|a|for each) (?:gpu|card|accelerator)\b(?! of| each)",
    re.IGNORECASE,
)
#: What the findings are of.
_BY_RATE = "by its rate"
#: So many GPUs a machine has, and how far a result may be off.
_COUNTS, _OFF, _FAR = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 72), 0.02, 3.0
#: How near a quotient is a whole number of GPUs, of up to so many.
_EVEN, _MOST = 2e-4, 512


def rates(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The amounts of a passage that their rate does not give."""
    here = context.mentions.get(index, ())
    every = [marked(passage, each, here, context) for each in sentences(passage.text)]
    tariffs = {each.figures[match["m"]].value for each in every for match in _TARIFF.finditer(each.text)}
    for read in every:
        if len(tariffs) == 1:
            yield from _energy(read, next(iter(tariffs)))
        for match in _PER_GPU.finditer(read.text):
            whole, one = (read.figures[match[key]].value for key in ("all", "one"))
            # "Our cluster of 64": as many as the passage tells of.
            told = [each.value for part in every for each in part.of("number")]
            many = whole / one if one else 0.0
            # As many as another part of the text tells of, maybe: it comes out even.
            even = many < _MOST and abs(many - round(many)) < _EVEN * many
            if (
                many
                and not even
                and all(abs(many / count - 1) > _OFF for count in (*_COUNTS, *told) if count)
            ):
                because = f"{read.words(read.figures[match['all']])} is so much for {whole / one:.3g} GPUs"
                yield read.judged(read.figures[match["one"]], _BY_RATE, because, expected="")


def _energy(read: Marked, tariff: float) -> Iterator[Finding]:
    for match in _COSTS.finditer(read.text):
        energy, told = read.figures[match["e"]], read.figures[match["m"]].value
        right = energy.value / 1000 * tariff
        if (
            right
            and abs(told / right - 1) > _OFF + read.step(read.figures[match["m"]])
            and 1 / _FAR < told / right < _FAR
        ):
            because = f"{read.words(energy)} at {tariff:g} per kWh are {right:,.4g}"
            yield read.judged(read.figures[match["m"]], _BY_RATE, because, expected=f"{right:,.4g}")
