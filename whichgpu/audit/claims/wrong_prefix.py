"""Rates of a device a thousand times too large or too small: "312 GFLOPS", "a bridge of 112.5 MB/s".

The digits are those of a rate that the sentence's own device has, in a unit one prefix away from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.hardware.gpu import Gpu

_DIMENSIONS = ("bandwidth", "flop rate")
_STEPS = (1e3, 1e-3)
#: How near a rate is to the device's to be that one, how near to it is another reading, and the least digits.
_SAME, _NEAR, _DIGITS = 2e-3, 0.12, 2
#: Words beside a rate of another thing, of a part of the device, or of what was measured.
_OTHER = re.compile(
    r"\b(?:(?<![AH]\d00 )(?<!GB )pcie|ssds?|nvme|disks?|drives?|network|ethernet|infiniband|host|cpu|"
    r"per (?:lane|link|sm|core|watt)|stream|requests?|measured|instead|"
    r"thousands?|hundreds?|typo|not|never|wrong)\b",
    re.IGNORECASE,
)
_BESIDE = 40
#: "1,307 / 1,000 = 1.31 TFLOPS": what is worked out is in the unit of its heading.
_RESULT = re.compile(r"[=\u2248]\s*$")
#: The digits are the device's own: no later doubt applies.
CERTAIN = True


def find(context: Context) -> Iterator[Finding]:
    """Every rate of a sentence that is one of its devices' but for a thousand."""
    for index, passage in context.document.running():
        rates = [each for each in quantities(passage.text, context.fraction) if _may_be(passage, each)]
        for sentence in sentences(passage.text) if rates else ():
            who = spoken(index, passage, sentence, context)
            gpus = [context.catalogue[key] for each in (*who.here, *who.topic) for key in each.ids]
            for rate in within(rates, sentence.start, sentence.end):
                yield from _of_rate(passage, rate, gpus, context)


def _may_be(passage: Passage, rate: Quantity) -> bool:
    """Whether so few digits are no chance, and nothing beside them is of another thing."""
    digits = re.sub(r"\D", "", passage.text[rate.start : rate.end]).strip("0")
    beside = _OTHER.search(passage.text, max(0, rate.start - _BESIDE), rate.end + _BESIDE)
    # No rate of a GPU is told in megabytes.
    telling = len(digits) >= _DIGITS or "M" in rate.unit
    single = rate.dimension in _DIMENSIONS and rate.high == rate.value
    worked_out = _RESULT.search(passage.text, 0, rate.start) is not None
    return telling and single and not worked_out and beside is None


def _of_rate(passage: Passage, rate: Quantity, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    known = [(gpu, field, value) for gpu in gpus for field, value in _rates(gpu, rate.dimension)]
    if any(abs(rate.value / value - 1) <= _NEAR for _, _, value in known):
        return
    for gpu, field, value in known:
        if any(abs(rate.value * step / value - 1) <= _SAME for step in _STEPS):
            because = f"{gpu.id} has {gpu.display(field)}, and {rate.unit} is a thousand times off"
            yield made(
                context, passage, (rate.start, rate.end), "specification", "contradicted", subject=gpu.id,
                attribute=field, because=because, expected=gpu.display(field),
                evidence=(source_of(gpu, field),),
            )  # fmt: skip
            return


def _rates(gpu: Gpu, dimension: str) -> Iterator[tuple[str, float]]:
    fields = {field for each in attributes().values() if each.dimension == dimension for field in each.fields}
    for field in sorted(fields):
        value = gpu.value(field)
        if isinstance(value, int | float) and value:
            yield field, float(value)
