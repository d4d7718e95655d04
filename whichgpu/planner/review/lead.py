"""What a GPU is, in its first paragraphs, and in what it is among the first or the last of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.chips import desktop, variants, which
from whichgpu.planner.comparison.features import parts as parts_of
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.review.standing import Standing

_UNITS = (
    ("sms", ""), ("cores", "shader cores"), ("tensor_cores", "tensor cores"),
    ("rt_cores", "RT cores"),
)  # fmt: skip


def lead(view: View) -> Iterator[Sentence]:
    """Chip and generation, memory, peaks and power; its units; what else goes by its name."""
    key, gpu = view.ids[0], view.gpus[0]
    pen = Pen(view)
    parts = [which(pen, gpu, vendor=True), *_memory(pen, key), *_peaks(pen, key)]
    if view.number(key, "power"):
        parts.append(f"its power limit is {pen.quantity(key, 'power')}")
    yield pen.say("lead", "; ".join(parts))
    pen = Pen(view)
    own = {"NVIDIA": "SMs", "AMD": "compute units"}.get(gpu.vendor, "cores")
    own = "cores" if gpu.segment == "cpu" else own
    counts = [f"{pen.amount(key, field)} {noun or own}" for field, noun in _UNITS if view.number(key, field)]
    if counts:
        yield pen.say("lead", f"units: {listed(counts)}")
    yield from parts_of(view)
    yield from desktop(view)
    yield from variants(view)


def _memory(pen: Pen, key: str) -> Iterator[str]:
    if not pen.view.number(key, "memory"):
        return
    kind = f" of {pen.text(key, 'memory_type')}" if pen.view.text(key, "memory_type") else ""
    rate = f" at {pen.quantity(key, 'bandwidth')}" if pen.view.number(key, "bandwidth") else ""
    yield f"it has {pen.quantity(key, 'memory')}{kind} memory{rate}"


def _peaks(pen: Pen, key: str) -> Iterator[str]:
    half = sixteen_bit(pen.view.gpus)
    named = ((half, f"{half.upper()} (dense)"), ("fp32", "plain FP32"))
    rates = [f"{pen.quantity(key, name)} in {words}" for name, words in named if pen.view.number(key, name)]
    if rates:
        yield f"its peak{'s are' if len(rates) > 1 else ' is'} {listed(rates)}"


def places(view: View, ranks: Sequence[Standing], *, strong: bool) -> Iterator[Sentence]:
    """The measures in which it is among the first, or among the last, of its kind."""
    key = view.ids[0]
    for one in ranks:
        if not (one.strong if strong else one.weak):
            continue
        pen = Pen(view)
        name = one.measure.field
        value = f" ({pen.quantity(key, name)})" if view.number(key, name) else ""
        place = pen.text(key, f"rank.{name}")
        yield pen.say("strength" if strong else "limit", f"its {one.measure.noun}{value} is {place}")
