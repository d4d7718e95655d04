"""The catalogue held against itself: derivations, disagreements, sources, plausibility.

A stated figure agrees with its derivation within 0.5 % plus what rounding hides: half of the last
printed digit of the figure itself and of every input ("67 TFLOPS" may be 66.5 to 67.5, 0.75 %). The
0.5 % covers clocks that vendors round to 5, 10 or 15 MHz steps.
"""

from __future__ import annotations

import re
from collections import Counter
from math import floor, log10
from typing import TYPE_CHECKING, Any

from whichgpu.errors import WhichGpuError
from whichgpu.facts import reading, store
from whichgpu.hardware.architecture import architectures, families
from whichgpu.hardware.derive import DERIVABLE, derived
from whichgpu.hardware.fields import FIELDS, IDENTITY, RATES, SEGMENTS
from whichgpu.hardware.siblings import oddities
from whichgpu.hardware.sought import NOT_SOUGHT, SECOND_HAND, sought
from whichgpu.units import DIMENSIONS, show
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: How far a stated figure may be from its derivation beyond rounding.
TOLERANCE = 0.005
#: How far two sources may be apart before it is told.
DISAGREEMENT = 0.02

#: What no device of this catalogue can be beyond: least and greatest value in SI.
PLAUSIBLE: Mapping[str, tuple[float, float]] = {
    "sms": (1, 1024), "cores": (64, 65536), "tensor_cores": (0, 4096), "rt_cores": (0, 1024),
    "clock_base": (0.1e9, 4e9), "clock_boost": (0.3e9, 4e9), "clock_tensor": (0.3e9, 4e9),
    "memory": (1e9, 1e12), "memory_bus": (32, 16384), "memory_data_rate": (0.5e9, 40e9),
    "bandwidth": (10e9, 30e12), "l2": (0.1e6, 1e9), "power": (3, 3000), "power_min": (3, 3000),
    "power_max": (3, 3000), "fp64": (1e9, 1e15), "fp32": (1e11, 1e15), "fp16": (1e10, 2e16),
    "bf16": (1e11, 2e16), "fp8": (1e12, 5e16), "fp4": (1e12, 1e17), "int8": (1e11, 5e16),
    "nvlink": (0, 10e12), "launch_price": (10, 1e6), "die_area": (2e-5, 4e-3),
    "transistors": (1e8, 1e12), "slots": (1, 6), "pcie_generation": (1, 7), "pcie_lanes": (1, 32),
    "sparsity": (1, 4), "sparsity_fp4": (1, 4), "sparsity_fp6": (1, 4),
    "units_per_board": (1, 8), "board_length": (0.05, 0.6), "board_height": (0.05, 0.3),
}  # fmt: skip

#: Pairs of fields of which the first is never above the second.
ORDERED = (
    ("clock_base", "clock_boost"), ("clock_tensor", "clock_boost"), ("power_min", "power"),
    ("power", "power_max"), ("fp64", "fp32"), ("fp16", "fp16_acc16"), ("fp8", "fp8_acc16"),
    ("tf32", "fp16"), ("fp16", "fp8"), ("fp8", "fp4"), ("int8", "int4"),
)  # fmt: skip
_DATE = re.compile(r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")


@immutable
class Problem:
    """Something that does not fit. `what` is its kind; `error` is false for mere information."""

    what: str
    gpu: str
    field: str
    text: str
    error: bool = True

    def __str__(self) -> str:
        place = ".".join(part for part in (self.gpu, self.field) if part)
        return f"{self.what}: {place}: {self.text}"


@immutable
class Coverage:
    """How many fields of how many devices are known, and from what kind of source.

    `sought` counts by kind the facts that their maker may state as well, by what came of looking there.
    """

    devices: int
    facts: int
    sourced: int
    by_kind: Mapping[str, int]
    by_field: Mapping[str, int]
    sought: Mapping[str, Mapping[str, int]]

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.by_kind.items())
        return f"{self.sourced:,} of {self.facts:,} facts on {self.devices} GPUs name a source ({kinds})"


def check(catalogue: Catalogue) -> list[Problem]:
    """Everything in the catalogue that does not fit, errors first."""
    excused = exceptions()
    problems: list[Problem] = [Problem("user file", "", "", text) for text in catalogue.problems]
    used: set[str] = set()
    odd = [Problem("mismatch", *one) for one in oddities(catalogue.values())]
    for problem in (*(one for gpu in catalogue.values() for one in judge(gpu)), *odd):
        key = f"{problem.gpu}.{problem.field}"
        if problem.what == "mismatch" and key in excused:
            used.add(key)
        else:
            problems.append(problem)
    problems += [
        Problem("stale exception", key, "", "it fits its derivation now; remove it from data/exceptions.toml")
        for key in excused
        if key not in used
    ]
    problems += [*_architectures(), *_aliases(catalogue)]
    return sorted(problems, key=lambda problem: not problem.error)


def exceptions() -> Mapping[str, str]:
    """`data/exceptions.toml`: `<gpu>.<field>` to the reason why it may differ from its derivation."""
    try:
        tables = store.load("exceptions")["exceptions"].get("exceptions", {})
    except WhichGpuError:
        return {}
    return {key: str(row["reason"]) for key, row in tables.items()}


def judge(gpu: Gpu) -> list[Problem]:
    """Everything that does not fit in one device."""
    try:
        known = {name: gpu.stated(name) for name in FIELDS}
    except WhichGpuError as fault:
        return [Problem("unreadable", gpu.id, "", str(fault))]
    return [
        *_identity(gpu),
        *mismatches(gpu),
        *(problem for name, facts in known.items() for problem in _field(gpu, name, facts)),
        *_order(gpu),
    ]


def mismatches(gpu: Gpu) -> Iterator[Problem]:
    """The figures of a device that differ from what its other figures imply."""
    for name in DERIVABLE:
        stated, follows = gpu.fact(name), derived(gpu, name)
        if stated is None or follows is None:
            continue
        off = _apart(float(stated.value), follows.value)
        allowed = TOLERANCE + sum(_rounding(fact) for fact in (stated, *follows.inputs))
        if name in ("cores", "tensor_cores"):
            allowed = 0.0
        if off > allowed:
            implied = like(stated, follows.value)
            text = f"{stated.text} ({stated.source}) differs by {off:.1%} from {implied} = {follows.formula}"
            yield Problem("mismatch", gpu.id, name, text)


def coverage(catalogue: Catalogue) -> Coverage:
    """How many facts there are, by kind of source and by field; a source is one that is on the list."""
    listed = reading.sources()
    kinds: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    looked: dict[str, Counter[str]] = {kind: Counter() for kind in SECOND_HAND}
    sourced = 0
    for gpu in catalogue.values():
        for name in gpu.fields():
            fact = gpu.fact(name)
            if fact is None:
                continue
            kinds[fact.kind] += 1
            fields[name] += 1
            if fact.kind in looked:
                found = sought(gpu, name)
                looked[fact.kind][found.answer if found else NOT_SOUGHT] += 1
            sourced += all(key in listed for key in fact.sources)
    by_field = {name: fields[name] for name in FIELDS if fields[name]}
    by_kind = dict(kinds.most_common())
    return Coverage(len(catalogue), sum(kinds.values()), sourced, by_kind, by_field, looked)


def _field(gpu: Gpu, name: str, facts: tuple[Fact, ...]) -> Iterator[Problem]:
    if not facts:
        return
    first = facts[0]
    for fact in facts:
        unknown = [key for key in fact.sources if key not in reading.sources()]
        if unknown and fact.kind not in ("derived", "user"):
            yield Problem("no source", gpu.id, name, f"'{unknown[0]}' is not in data/sources.toml")
    if first.kind == "derived" and derived(gpu, name) is None:
        yield Problem("no source", gpu.id, name, f"{first.text} is called derived but no formula gives it")
    for other in facts[1:]:
        if disagree(first, other):
            text = f"{first.text} ({first.source}) in use; {other.text} ({other.source})"
            yield Problem("disagreement", gpu.id, name, text + (f": {other.note}" * bool(other.note)), False)
    low, high = PLAUSIBLE.get(name, (float("-inf"), float("inf")))
    if isinstance(first.value, int | float) and not low <= first.value <= high:
        span = f"{_plain(low, first.dimension)} to {_plain(high, first.dimension)}"
        yield Problem("implausible", gpu.id, name, f"{first.text} is outside {span}")
    if first.dimension == "date" and not _DATE.match(first.value):
        yield Problem("implausible", gpu.id, name, f"'{first.text}' is not a date; write e.g. 2020-11-16")


def _plain(value: float, dimension: str) -> str:
    return show(value, dimension) if dimension in DIMENSIONS else f"{value:,.10g}"


def _order(gpu: Gpu) -> Iterator[Problem]:
    for low, high in ORDERED:
        below, above = gpu.fact(low), gpu.fact(high)
        if below and above and below.value > above.value * (1 + TOLERANCE):
            yield Problem("implausible", gpu.id, low, f"{below.text} is above its {high}, {above.text}")


def _identity(gpu: Gpu) -> Iterator[Problem]:
    if gpu.segment not in SEGMENTS and not gpu.user:
        yield Problem("identity", gpu.id, "segment", f"'{gpu.segment}' is none of {', '.join(SEGMENTS)}")
    if gpu.architecture and gpu.variant is None:
        text = f"'{gpu.architecture}' is not in data/architectures"
        yield Problem("identity", gpu.id, "architecture", text)
    for name in gpu.unknown_fields():
        yield Problem("identity", gpu.id, name, f"no such field; one of {', '.join((*IDENTITY, *FIELDS))}")


def _architectures() -> Iterator[Problem]:
    for variant in architectures().values():
        for rate in variant.rates():
            if rate not in RATES.values():
                yield Problem("identity", variant.id, rate, "no such rate")
        for earlier in set(variant.follows) - set(architectures()):
            yield Problem("identity", variant.id, "follows", f"no variant '{earlier}'")
    for family in families().values():
        for other in (*family.predecessors, *family.successors):
            if other not in families():
                yield Problem("identity", family.id, "", f"no architecture family '{other}'")
        for later in family.successors:
            if later in families() and family.id not in families()[later].predecessors:
                text = f"names {later} as its successor, which does not name it as a predecessor"
                yield Problem("identity", family.id, "", text, False)


def _aliases(catalogue: Catalogue) -> Iterator[Problem]:
    for alias, row in store.load("aliases")["aliases"].items():
        for key in row["ids"]:
            if key not in catalogue:
                yield Problem("alias", "", alias, f"no GPU '{key}' (data/aliases.toml)")


def disagree(one: Fact, other: Fact) -> bool:
    """Whether two sources are further apart than `DISAGREEMENT`, or say different things."""
    if isinstance(one.value, bool) or not isinstance(one.value, int | float):
        return bool(one.value != other.value)
    return _apart(float(one.value), float(other.value)) > DISAGREEMENT


def _apart(one: float, other: float) -> float:
    return abs(one - other) / abs(other) if other else float(one != 0)


def _rounding(fact: Fact) -> float:
    """Half of the last printed digit of a fact, relative to it."""
    number = fact.text.split(" ")[0].replace(",", "")
    if fact.dimension == "count" or not float(fact.value):
        return 0.0
    decimals = len(number.partition(".")[2])
    return 0.5 * 10.0**-decimals / abs(float(number))


def like(stated: Fact, value: float) -> str:
    """A value in the unit of a stated fact."""
    number, _, unit = stated.text.partition(" ")
    scale = float(stated.value) / float(number.replace(",", "")) if float(number.replace(",", "")) else 1.0
    shown: Any = value / scale
    digits = max(0, 3 - floor(log10(abs(shown)))) if shown else 0
    return f"{round(shown, digits):g} {unit}".strip()
