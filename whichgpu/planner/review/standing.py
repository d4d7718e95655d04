"""Where a GPU stands among its kind: in its generation and segment, and in its segment as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.architecture import families
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.gpu import sold_memory
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.rates import TOKEN_FP64
from whichgpu.planner.comparison.rows import watts
from whichgpu.planner.comparison.words import EQUAL, counted
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from whichgpu.hardware.gpu import Gpu

GROUP = "standing"
#: A place among fewer is no place; the shares of a pool from which on it is a strength or a limit.
_FEWEST, _HIGH, _LOW = 4, 0.75, 0.25
#: So many ahead of it are counted; of more it is said which share is behind.
_NEXT = 3
_ORDINALS = (
    "",
    "",
    "second ",
    "third ",
    "fourth ",
    "fifth ",
    "sixth ",
    "seventh ",
    "eighth ",
    "ninth ",
    "tenth ",
)


class Measure(NamedTuple):
    """What is ranked: the row that it stands in, its name, and how it is read."""

    field: str
    noun: str
    lower: bool
    read: Callable[[Gpu], float | None]


class Standing(NamedTuple):
    """A place in one measure: `rank` of `of` in its generation, ahead of `share` of the `whole` segment.

    `last` is its place counted from the other end.
    """

    measure: Measure
    rank: int
    last: int
    of: int
    share: float
    whole: int

    @property
    def strong(self) -> bool:
        """Whether it is among the best quarter of its generation or of its segment."""
        return self._place >= _HIGH or (self.whole >= _FEWEST and self.share >= _HIGH)

    @property
    def weak(self) -> bool:
        """Whether it is among the last quarter of either, and among the best of neither."""
        last = 0.0 <= self._place <= _LOW or (self.whole >= _FEWEST and self.share <= _LOW)
        return last and not self.strong

    @property
    def by_segment(self) -> bool:
        """Whether it is its place in its segment, and not in its generation, that makes it strong or weak."""
        return not (self._place >= _HIGH if self.strong else 0.0 <= self._place <= _LOW)

    @property
    def _place(self) -> float:
        """Share of its generation that is behind it; below zero where they are too few."""
        return (self.of - self.rank) / (self.of - 1) if self.of >= _FEWEST else -1.0


def _value(name: str) -> Callable[[Gpu], float | None]:
    return lambda gpu: float(value) if (value := gpu.value(name)) else None


def _over(top: str) -> Callable[[Gpu], float | None]:
    def ratio(gpu: Gpu) -> float | None:
        value, below = gpu.value(top), watts(gpu)
        return float(value) / below if value and below else None

    return ratio


def measures(half: str) -> tuple[Measure, ...]:
    """What a GPU is ranked in; `half` is its 16-bit format."""
    return (
        Measure("memory", "memory", False, sold_memory),
        Measure("bandwidth", "memory bandwidth", False, _value("bandwidth")),
        Measure(half, f"dense {half.upper()} rate", False, _value(half)),
        Measure("fp32", "plain FP32 rate", False, _value("fp32")),
        Measure("fp64", "FP64 rate", False, _value("fp64")),
        Measure(f"{half}_per_watt", f"{half.upper()} per watt", False, _over(half)),
        Measure("bandwidth_per_watt", "bandwidth per watt", False, _over("bandwidth")),
        Measure("power", "power limit", True, watts),
    )


def standings(gpu: Gpu, pool: Iterable[Gpu], half: str) -> list[Standing]:
    """Its place in every measure that it has, among the GPUs of its segment."""
    kind = [other for other in pool if other.segment == gpu.segment and other.usable] if gpu.segment else []
    if len(kind) < _FEWEST:
        return []
    found = []
    for one in measures(half):
        own = one.read(gpu)
        if own is None or (one.field == "fp64" and not made_for_fp64(gpu)):
            continue
        values = {other.id: value for other in kind if (value := one.read(other))} | {gpu.id: own}
        mates = [values[other.id] for other in kind if other.family == gpu.family and other.id in values]
        ahead = sum(_better(value, own, one) for value in mates)
        after = sum(_better(own, value, one) for value in mates)
        behind = sum(_better(own, value, one) for value in values.values())
        others = max(len(values) - 1, 1)
        found.append(Standing(one, ahead + 1, after + 1, max(len(mates), 1), behind / others, len(values)))
    return found


def made_for_fp64(gpu: Gpu) -> bool:
    """Whether its FP64 rate is there for work, and not for form."""
    plain, precise = gpu.value("fp32"), gpu.value("fp64")
    return bool(plain and precise and plain / precise <= TOKEN_FP64)


def _better(value: float, than: float, one: Measure) -> bool:
    return value * EQUAL < than if one.lower else value > than * EQUAL


def standing_rows(gpu: Gpu, found: Iterable[Standing], segments: Mapping[str, str]) -> Iterator[Row]:
    """The places as rows, so that sentences can rest on them."""
    family = families().get(gpu.family)
    kind = segments.get(gpu.segment, gpu.segment)
    # Processors are of one family here, whoever makes them.
    kin = "" if gpu.segment == "cpu" else f"{family.name if family else gpu.vendor} "
    kinds = f"{kind}s" if gpu.segment == "cpu" else f"{kind} parts"
    for one in found:
        beyond = _beyond(one, kinds)
        place = f"{_place(one)} of the {one.of} {kin}{kinds} on file{_shared(one)}"
        # First of its whole segment, it is so of its generation.
        if one.of < _FEWEST or one.share == 1.0:
            text = f"{beyond} on file"
        elif one.whole == one.of:
            text = place
        else:
            # What makes it a strength or a limit comes first.
            text = f"{beyond}, and {place}" if one.by_segment else f"{place}, and {beyond}"
        label = FIELDS[one.measure.field].label if one.measure.field in FIELDS else one.measure.noun
        cell = Cell(float(one.rank), text, "catalogue", "")
        yield Row(f"rank.{one.measure.field}", label, GROUP, "count", "", {gpu.id: cell})


def _place(one: Standing) -> str:
    """`the third highest`, from the nearer end."""
    rank, ends = (one.rank, 0) if one.rank <= one.last else (one.last, 1)
    end = ("highest", "lowest")[one.measure.lower ^ ends]
    return f"the {_ORDINALS[rank]}{end}" if rank < len(_ORDINALS) else f"number {rank} from the {end}"


def _shared(one: Standing) -> str:
    """How many others of its generation have as much; empty where none has."""
    level = one.of - (one.rank - 1) - (one.last - 1) - 1
    return f", level with {counted(level)} other{'s' if level > 1 else ''}" if level > 0 else ""


def _beyond(one: Standing, kinds: str) -> str:
    """`above that of 88 % of the other 104 workstation parts`; near either end those ahead are counted."""
    others = max(one.whole - 1, 1)
    behind = round(one.share * others)
    if behind == others:
        return f"the {'lowest' if one.measure.lower else 'highest'} of all {one.whole} {kinds}"
    share = f"{round(100 * one.share)} %"
    if behind == 0:
        share = "none"
    elif others - behind <= _NEXT:
        share = f"all but {counted(others - behind)}"
    return f"{'below' if one.measure.lower else 'above'} that of {share} of the other {others} {kinds}"
