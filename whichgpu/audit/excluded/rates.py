"""Rates that follow from two amounts of their sentence: TFLOPS per watt, images a second of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.scope import inconsistent, is_rounded, stated
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: What is had for each watt.
_PER_WATT = re.compile(
    r"(?<![\w.,$])(?P<n>\d[\d,]*(?:\.\d+)?)\s(?P<of>TFLOPS|GFLOPS|TOPS|GB/s|images/s|tokens/s|"
    r"images per second|"
    r"tokens per second)\s(?:per|for each|for every|a)\s(?:watt|W)\b",
    re.IGNORECASE,
)
_SI = {"tflops": 1e12, "gflops": 1e9, "tops": 1e12, "gb/s": 1e9}
_KINDS = {"tflops": "flop rate", "gflops": "flop rate", "tops": "op rate", "gb/s": "bandwidth"}
#: A batch, the time that it takes, and the rate that follows.
_BATCH = re.compile(
    r"\bbatch(?:\s(?:size|of\ssize))?\s(?:of\s)?(?P<n>[1-9]\d{0,5})\b(?!\s?(?:GB|"
    r"%))",
    re.IGNORECASE,
)
_EVERY = re.compile(
    r"(?P<n>\d[\d,]*(?:\.\d+)?)\s(?:images?|samples?|sequences?|pictures?)\s?(?:/|per\s|"
    r"a\s)\s?s(?:ec(?:ond)?)?\b",
    re.IGNORECASE,
)
#: What makes it of several, or of more than one batch.
_SEVERAL = re.compile(
    r"\b(?:gpus|cards|each|both|two|four|eight|steps?|batches|accumulat\w+|at most|up to|"
    r"peak)\b",
    re.I,
)
_OFF = 0.12


def rates(context: Context) -> Iterator[Finding]:
    """Every such rate of running text that the amounts beside it do not give."""
    for _, passage, sentence in stated(context):
        told = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        yield from _per_watt(passage, sentence, told, context)
        yield from _of_batches(passage, sentence, told, context)


def _per_watt(
    passage: Passage, sentence: Sentence, told: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    for match in _PER_WATT.finditer(passage.text, sentence.start, sentence.end):
        of = match["of"].lower()
        before = [each for each in told if each.end <= match.start() and each.high == each.value > 0]
        watts = [each.value for each in before if each.dimension == "power"]
        made_of = [
            each.value / _SI.get(of, 1.0) for each in before if each.dimension == _KINDS.get(of, "rate")
        ]
        stated_rate = float(match["n"].replace(",", ""))
        real = [a / b for a in made_of for b in watts]
        if real and not any(is_rounded(stated_rate, each, match["n"], _OFF) for each in real):
            because = f"{made_of[-1]:,.4g} {match['of']} over {watts[-1]:,.4g} W are {real[-1]:,.3g} a watt"
            yield inconsistent(passage, match.span(), because, context, expected=f"{real[-1]:,.3g}")


def _of_batches(
    passage: Passage, sentence: Sentence, told: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text, place = passage.text, (sentence.start, sentence.end)
    batches, every = list(_BATCH.finditer(text, *place)), list(_EVERY.finditer(text, *place))
    times = [each for each in told if each.dimension == "time" and each.high == each.value > 0]
    if not len(batches) == len(every) == len(times) == 1 or _SEVERAL.search(sentence.text):
        return
    real = float(batches[0]["n"]) / times[0].value
    if not is_rounded(float(every[0]["n"].replace(",", "")), real, every[0]["n"], _OFF):
        because = f"{batches[0]['n']} in {text[times[0].start : times[0].end]} are {real:,.4g} a second"
        yield inconsistent(passage, every[0].span(), because, context, expected=f"{real:,.4g}")
