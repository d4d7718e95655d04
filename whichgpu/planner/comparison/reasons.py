"""The measures that may decide between GPUs, and by how much one must lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.planner.comparison.rates import TOKEN_FP64
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import EQUAL
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.planner.comparison.model import View
    from whichgpu.planner.comparison.pen import Pen

#: A lead smaller than a fifth is within what clocks, runtimes and cooling change, so it decides nothing.
DECIDES = 1.2
#: What memory bandwidth is told to decide, where the workloads compared bear it out.
AS_TEXT = ", as in generating text"
#: Formats of fewer bits, the widest first.
_NARROWER = ("fp8", "int8", "fp4")
#: FP64 is a reason only where the parts differ in kind (1:2 against 1:64), not by clock.
_DECIDES_FP64 = 2.0
#: Links decide only when they differ by more than a generation of PCIe would.
_DECIDES_LINK = 1.5

#: What is known for it, for readers who don't know a measure by its name.
_LARGE = ", as larger models, longer texts and pictures as large as those of satellites and medicine do"
_PRECISE = ", as on supercomputers, in climate, fluids, quantum chemistry and risk analysis"


class Reason(NamedTuple):
    """A measure that may decide: its row, how it is named, when it counts, and the condition in words.

    `when` gets the pen, the GPU ahead and the one behind it.
    """

    field: str
    noun: str
    threshold: float
    when: Callable[[Pen, str, str], str]


def reasons(view: View) -> tuple[Reason, ...]:
    """The measures in the order of reading."""
    half = sixteen_bit(view.gpus)
    # Where a 16-bit rate was not read of all, a narrower one that was says which multiplies faster.
    narrow = "" if view.all_know(half) else next((one for one in _NARROWER if view.all_know(one)), "")

    shares = [(view.number(key, "fp32") or 0) / (view.number(key, "fp64") or 1) for key in view.ids]
    precise = view.all_know("fp64") and min(shares) <= TOKEN_FP64
    eights = view.all_know("link_of_8") and (view.rows["link_of_8"].ratio(view.ids) or 1) >= _DECIDES_LINK

    def speed(text: str, field: str) -> Callable[[Pen, str, str], str]:
        return lambda pen, key, other: f"{text} ({pen.ratio(key, other, field)}{than(pen, other)})"

    return (
        Reason("memory", "memory", DECIDES, lambda pen, key, other:
               f"{pen.view.one} has to hold more than the {pen.quantity(other, 'memory')} of "
               f"the {pen.name(other)}"
               f"{_LARGE if pen.view.pair else ''}"),
        Reason("bandwidth", "memory bandwidth", DECIDES,
               speed(f"memory bandwidth sets the pace{AS_TEXT}", "bandwidth")),
        Reason(half, half.upper(), DECIDES,
               speed(f"the work is {half.upper()} training or inference in large batches", half)),
        *([Reason(narrow, narrow.upper(), DECIDES,
                  speed(f"the work is inference in {narrow.upper()}", narrow))] if narrow else []),
        Reason("fp32", "plain FP32", DECIDES, speed("the code computes in plain FP32", "fp32")),
        *([Reason("fp64", "FP64", _DECIDES_FP64, speed(f"the work needs FP64{_PRECISE}", "fp64"))]
          if precise else []),
        Reason("link_of_8", "links among eight", _DECIDES_LINK, lambda pen, key, other:
               "many must exchange data, as in large training "
               f"({pen.against(key, other, 'link_of_8')} in a machine of eight)") if eights else
        Reason("nvlink", "NVLink", _DECIDES_LINK, lambda pen, key, other:
               f"two or more must exchange data over NVLink ({pen.against(key, other, 'nvlink')})"),
        Reason("rt", "ray tracing", DECIDES, speed("it renders with ray tracing", "rt")),
        # A board with several GPUs is fed and cooled whole.
        Reason("power", "a lower power limit", DECIDES, lambda pen, key, other:
               f"no more than {pen.quantity(key, 'power')} can be fed and cooled"),
        Reason(f"{half}_per_watt", f"{half.upper()} per watt", DECIDES, speed(
               f"energy per result counts and the work is {half.upper()}", f"{half}_per_watt")),
        Reason("usd_per_hour", "a lower price", DECIDES, lambda pen, key, other:
               "the job leaves it idle at times, so that the hour counts and not the work done in it "
               f"({pen.against(key, other, 'usd_per_hour')})"),
        Reason("slots", "fewer slots", DECIDES, lambda pen, key, other:
               f"only {_slots(pen, key)} free"),
    )  # fmt: skip


def own_power(view: View) -> str:
    """The row of what one GPU draws: of boards that carry several, its share."""
    return "power_per_gpu" if "power_per_gpu" in view.rows else "power"


def than(pen: Pen, other: str) -> str:
    """Of two it is plain whose; of more the next is named."""
    return "" if pen.view.pair else f" the {pen.name(other)}"


def _slots(pen: Pen, key: str) -> str:
    count = pen.amount(key, "slots")
    return "one slot is" if count == "1" else f"{count} slots are"


def alone(view: View, key: str, field: str) -> bool:
    """Whether one GPU computes in a precision that all others are known to lack."""
    others = [gpu for gpu in view.gpus if gpu.id != key]
    return bool(view.number(key, field)) and all(view.has(gpu, field) is False for gpu in others)


def level_with(view: View, key: str, reason: Reason) -> tuple[tuple[str, ...], str]:
    """The others that lead in a measure together with a GPU, and who is next behind all of them.

    Of three or more: those no further from the first than what decides, where the last of them leads the
    next by that much. Empty where it is not among them, or alone.
    """
    row = view.rows.get(reason.field)
    if row is None or view.pair or not view.all_know(reason.field):
        return (), ""
    known = row._replace(better=row.better or "higher").numbers(view.ids)
    order = tuple(known)
    near = [order[0]]
    for one in order[1:]:
        if (
            min(
                apart(known[near[0]], known[one]) / reason.threshold,
                apart(known[near[-1]], known[one]) / EQUAL,
            )
            < 1
        ):
            near.append(one)
    behind = order[len(near)] if len(near) < len(order) else ""
    if key not in near or not 2 <= len(near) <= few(view) or not behind:
        return (), ""
    decided = apart(known[near[-1]], known[behind]) >= reason.threshold
    return (tuple(one for one in near if one != key), behind) if decided else ((), "")


def few(view: View) -> int:
    """Of how many GPUs at most something sets them apart: of half, and of two of three."""
    return max(2, len(view.ids) // 2)


def apart(one: float, other: float) -> float:
    """The larger of two values over the smaller."""
    return max(one / other, other / one)


def ahead_of(view: View, key: str, reason: Reason) -> str:
    """The GPU nearest behind the one that leads in a measure by enough to count; empty otherwise.

    Every GPU must be known in it: against one that was not read nobody is ahead.
    """
    row = view.rows.get(reason.field)
    if row is None or not view.all_know(reason.field):
        return ""
    better = row._replace(better=row.better or "higher")
    first, second, *_ = (known := better.numbers(view.ids))
    ratio = known[first] / known[second]
    return second if first == key and max(ratio, 1 / ratio) >= reason.threshold else ""


def paper_lead(view: View, key: str) -> str:
    """The next behind a GPU in the 16-bit peak that is faster in every workload both run; empty otherwise."""
    half = sixteen_bit(view.gpus)
    other = next((ahead_of(view, key, one) for one in reasons(view) if one.field == half), "")
    rates = [view.ranked(f"{work.field}.rate") for work in view.works] if other else []
    both = [known for known in rates if key in known and other in known]
    return other if both and all(known[key] < known[other] for known in both) else ""
