"""What a GPU is, in its first paragraphs, and in what it is among the first or the last of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.blank import APPLIES, blank
from whichgpu.planner.comparison.chips import desktop, variants, which
from whichgpu.planner.comparison.features import parts as parts_of
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.reasons import DECIDES, own_power
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import listed
from whichgpu.planner.usual import fitted_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.planner.review.standing import Standing

#: What decides between parts of like speed, with what it is called.
_WORTH = (("nvlink", "NVLink"), ("ecc", "ECC"), ("mig_max", "MIG"), ("vgpu", "vGPU software"))
_UNITS = (
    ("sms", ""), ("cores", "shader cores"), ("tensor_cores", "tensor cores"),
    ("rt_cores", "RT cores"),
)  # fmt: skip


def _power(pen: Pen, key: str) -> str:
    """`300 W`; `62.5 W, its share of the 250 W of a board with 4 GPUs`."""
    own = own_power(pen.view)
    if own == "power":
        return pen.quantity(key, own)
    board = f"the {pen.quantity(key, 'power')} of a board with {pen.amount(key, 'units_per_board')} GPUs"
    return f"{pen.quantity(key, own)}, its share of {board}"


def lead(view: View) -> Iterator[Sentence]:
    """Chip and generation, memory, peaks and power; its units; what else goes by its name."""
    key, gpu = view.ids[0], view.gpus[0]
    pen = Pen(view)
    parts = [which(pen, gpu, vendor=True), *_memory(pen, key), *_peaks(pen, key)]
    if view.number(key, "power"):
        parts.append(f"its power limit is {_power(pen, key)}")
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
    yield f"it has {pen.text(key, 'memory')}{kind} memory{rate}"


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
        figure = own_power(view) if name == "power" else name
        value = f" ({_figure(pen, key, figure)})" if view.number(key, figure) else ""
        place = pen.text(key, f"rank.{name}")
        yield pen.say("strength" if strong else "limit", f"its {one.measure.noun}{value} is {place}")


def _figure(pen: Pen, key: str, field: str) -> str:
    """A value with its unit; of memory the size that it is sold by too: `24 GB, 22.5 GB usable`."""
    if field != "memory":
        return pen.quantity(key, field)
    return pen.text(key, field).replace(" (", ", ").removesuffix(")")


def brief(view: View, around: View, cheaper: Sequence[str]) -> Iterator[Sentence]:
    """The answer before all detail: what one carries, its price, and what does as much for it."""
    key = view.ids[0]
    pen = Pen(view)
    told = list(_carried(pen, key))
    if view.number(key, "usd_per_hour"):
        told.append(f"an hour of it costs {pen.quantity(key, 'usd_per_hour').removesuffix('/h')} on demand")
    if told:
        yield pen.say("brief", "; ".join(told))
    if cheaper:
        yield _rather(around, key, cheaper[0], alone=len(cheaper) == 1)


def _rather(around: View, key: str, other: str, *, alone: bool) -> Sentence:
    """Which to look at first: the cheapest of those that are level or ahead in all that decides."""
    pen = Pen(around)
    gpus = {gpu.id: gpu for gpu in around.gpus}
    only = list(_only(gpus[key], gpus[other]))
    needed = f"its {listed(only, 'or')}" if only else "something that only it has"
    field, when = (
        ("usd_per_hour", "an hour") if around.number(key, "usd_per_hour") else ("at_launch", "at launch")
    )
    price = pen.quantity(other, field).removesuffix("/h")
    return pen.say(
        "exchange",
        f"unless {needed} is needed, look at the {pen.name(other)} first ({price} {when}): it is "
        f"{'' if alone else 'one of those that are '}level or ahead in memory, bandwidth, 16-bit and FP32 "
        f"rate {'and cost no more then' if when == 'at launch' else 'for no more money'}",
    )


def _only(gpu: Gpu, other: Gpu) -> Iterator[str]:
    """What it has, or may, and the other has not or may not: what a higher price may be paid for."""
    if gpu.vendor == "NVIDIA" != other.vendor:
        yield "CUDA"
    for field, word in _WORTH:
        lacks = (reason := blank(other, field)) and reason.answer == APPLIES
        if gpu.value(field) and (lacks or (reason is None and not other.value(field))):
            yield word
    if other.value("licence") and not gpu.value("licence"):
        yield "leave to run in data centres"
    if (watts := gpu.value("power")) and (other.value("power") or 0) > watts * DECIDES:
        yield "lower power"


def _carried(pen: Pen, key: str) -> Iterator[str]:
    """The largest of the well-known models that one runs, and that one trains."""
    held: dict[bool, tuple[str, str]] = {}
    for index, one in enumerate(fitted_jobs()):
        field = f"fits.{index}"
        if pen.view.number(key, field) == 1:
            held[one.job.trains] = field, one.title
    parts = []
    for trained, (field, title) in sorted(held.items()):
        pen.rests_on(field, key)
        parts.append(f"{'trains' if trained else 'runs'} models up to {title}")
    if parts:
        yield f"one {pen.name(key)} alone {' and '.join(parts)}"
