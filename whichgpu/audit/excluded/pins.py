"""What a bus moves at a rate of its pins: "a 384-bit bus at 21 Gbps gives 1,152 GB/s"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import inconsistent, spoken_of, stated
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: That a bandwidth follows from what was told before it.
_MAKES = re.compile(
    r"\b(?:gives?|giving|makes?|making|yields?|yielding|results? in|resulting in|means|adds? up to|comes? to|"
    r"coming to|works? out (?:at|to)|amounts? to|for|provid\w+|deliver\w+|that[\u2019']s|that is|i\.e\.,?|so|"
    r"hence|thus|translates? (?:in)?to|equals?|reach\w*|="
    r")\s+(?:\w+\s+){0,4}$",
    re.IGNORECASE,
)
_WIDTH = re.compile(r"\b(?P<n>\d{2,5}|\d,\d{3})[ -]?bits?\b", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:nvlink|pcie|ethernet|infiniband|network\w*|efa|infinity|links?|per stack|stacks?|overclock\w*|"
    r"effective\w*|"
    r"cache)\b",
    re.IGNORECASE,
)
_OFF = 0.04


def pins(context: Context) -> Iterator[Finding]:
    """Every bandwidth that a rate of pins, right before it, gives on no bus that is told or on file."""
    for _, passage, sentence in stated(context):
        told = quantities(passage.text, context.fraction)
        here = within(told, sentence.start, sentence.end)
        for each in here:
            if each.dimension != "bandwidth" or each.value != each.high or _NOT.search(sentence.text):
                continue
            if _MAKES.search(passage.text, sentence.start, each.start):
                yield from _judged(passage, each, told, context)


def _judged(
    passage: Passage, one: Quantity, told: tuple[Quantity, ...], context: Context
) -> Iterator[Finding]:
    text = passage.text
    rate = _rate(text, one, told)
    if rate is None:
        return
    per_pin = rate.value / 1e9
    widths = {float(match["n"].replace(",", "")) for match in _WIDTH.finditer(text)}
    for gpu in spoken_of(context):
        known = gpu.value("memory_bus")
        widths |= {float(known)} if isinstance(known, int | float) else set()
    # "400 Gbit/s, that is 50 GB/s" is the same in another unit.
    ways = [per_pin * width / 8 for width in (*widths, 1.0)] if widths else []
    if not ways or any(abs(one.value / 1e9 / way - 1) <= _OFF for way in ways if way):
        return
    near = min(ways, key=lambda way: abs(one.value / 1e9 / way - 1))
    because = (
        f"{text[rate.start : rate.end]} on no bus that is meant give it; the nearest is {near:,.0f} GB/s"
    )
    yield inconsistent(passage, (one.start, one.end), because, context, expected=f"{near:,.0f} GB/s")


def _rate(text: str, one: Quantity, told: tuple[Quantity, ...]) -> Quantity | None:
    """The rate of pins that was told last before a bandwidth, in its sentence or the one before."""
    starts = [each.start for each in sentences(text) if each.start <= one.start][-2:]
    before = [
        each
        for each in within(told, starts[0] if starts else 0, one.start)
        if each.dimension in ("bandwidth", "bit rate") and _BITS.fullmatch(text, each.start, each.end)
    ]
    between = (
        [each for each in within(told, before[-1].end, one.start) if each.dimension == "bandwidth"]
        if before
        else []
    )
    return before[-1] if before and not between else None


_BITS = re.compile(r"[\d.,]+\s?(?:Gbps|Gbit/s|Gb/s|GT/s|Gbps/pin)")
