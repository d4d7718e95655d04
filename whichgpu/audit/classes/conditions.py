"""What a class of devices has, does without or stays below: each condition, and its test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu


class Condition(NamedTuple):
    """Where a condition ends, what it is of, and whether a device meets it; None where that is not known."""

    end: int
    key: str
    field: str
    has: Callable[[Gpu], bool | None]


#: What software gives, or what most devices have in some way.
_OF_SOFTWARE = frozenset(
    {"cuda", "vgpu", "rocm", "dlss", "av1_decode", "tensorrt", "cudnn", "fp16", "int8", "hbm", "hevc",
     "video_encode", "flash_attention_2", "flash_attention_3", "frame_generation", "infinity_fabric", "xmx",
     "int8_tensor", "fp6", "sparsity"}
)  # fmt: skip
_KNOWN = tuple(
    (each, re.compile(each.names, re.IGNORECASE)) for each in CAPABILITIES if each.key not in _OF_SOFTWARE
)
_FILL = re.compile(
    r"(?:an?|the|its|their|native|real|true|hardware|full|support for|dedicated|on-?board|exactly|just|"
    r"only|"
    r"as much as|ever|fast|working|whopping|massive|huge|generous|proper|own|that uses|using|of)\s+",
    re.IGNORECASE,
)
_TYPE = re.compile(
    r"(?P<type>HBM(?:\d[a-z]?)?|GDDR\d\w?)(?:\s+(?:video\s+)?(?:memory|vram|ram))?\b", re.IGNORECASE
)
#: Behind a size: of what it is, and that it is the least.
_OF_MEMORY = re.compile(
    r"(?:\s+of)?(?:\s+(?:\w+\s+)?(?:memory|vram|video ram|ram|frame ?buffer))?(?P<least>\s+(?:or|"
    r"and) more)?"
    r"(?![\w/])",
    re.IGNORECASE,
)
_LEAST = re.compile(r"\b(?:at least|no less than|a minimum of|not less than)\s+$", re.IGNORECASE)
_MORE = re.compile(r"\b(?:more than|over|above|beyond|upwards of|exceeding|in excess of)\s+$", re.IGNORECASE)
_LESS = re.compile(r"\b(?:less than|fewer than|under|below|not even)\s+$", re.IGNORECASE)
_COMPARED = re.compile(
    r"(?:more than|over|above|beyond|upwards of|exceeding|in excess of|at least|no less than|a minimum of|"
    r"not less than|less than|fewer than|under|below|up to)\s+",
    re.IGNORECASE,
)
#: What a figure of a unit is of, and what may be said of it behind.
_BY_UNIT = {"memory": "memory", "bandwidth": "bandwidth", "power": "power", "bits": "memory_bus"}
_BEHIND = {
    "bandwidth": re.compile(r"(?:\s+of)?(?:\s+(?:memory\s+)?bandwidth)?(?![\w/])", re.IGNORECASE),
    "power": re.compile(
        r"(?:\s+(?:of\s+)?(?:tdp|tgp|power|board power|power draw))?(?![\w/])", re.IGNORECASE
    ),
    "bits": re.compile(r"\s+(?:wide\s+)?(?:memory\s+)?(?:bus|interface)\b", re.IGNORECASE),
}
#: How far a figure may be off that is told by rounding, and how much beyond one is surely beyond it.
_ROUND = 0.03
_SIDE = re.compile(
    r"(?:an?\s+|any\s+|its own\s+)?(?:(?:auxiliary|external|extra|additional|separate|supplementary)\s+)?"
    r"(?:power\s+(?:connectors?|cables?|plugs?|supply)|(?:auxiliary|external|extra|additional)\s+power)\b",
    re.IGNORECASE,
)


def condition_at(text: str, at: int, fraction: str) -> Condition | None:
    """The condition that is told at a place, if one is."""
    start = at
    while match := _FILL.match(text, start):
        start = match.end()
    return (
        _of_figure(text, start, fraction)
        or _of_type(text, start)
        or _of_capability(text, start)
        or _of_side(text, start)
    )


def _of_side(text: str, start: int) -> Condition | None:
    match = _SIDE.match(text, start)

    def has(gpu: Gpu) -> bool | None:
        known = str(gpu.value("power_connectors") or "")
        return known != "none" if known else None

    return Condition(match.end(), "power_connectors", "power_connectors", has) if match else None


def _of_type(text: str, start: int) -> Condition | None:
    match = _TYPE.match(text, start)
    if match is None:
        return None
    told = match["type"].lower()

    def has(gpu: Gpu) -> bool | None:
        known = str(gpu.value("memory_type") or "").lower()
        return (known.startswith(told) if told == "hbm" else known == told) if known else None

    return Condition(match.end(), "memory_type", "memory_type", has)


def _of_capability(text: str, start: int) -> Condition | None:
    for each, names in _KNOWN:
        if match := names.match(text, start):
            return Condition(match.end(), each.key, each.field, each.has)
    return None


def _of_figure(text: str, start: int, fraction: str) -> Condition | None:
    compared = _COMPARED.match(text, start)
    begins = compared.end() if compared else start
    if begins >= len(text) or not text[begins].isdigit():
        return None
    told = next((each for each in quantities(text, fraction) if each.start == begins), None)
    if told is None or told.value != told.high:
        return None
    before = text[start:begins]
    if told.dimension in ("number", "count"):
        return _of_count(text, told, before)
    key = _BY_UNIT.get(told.dimension, "")
    behind = _BEHIND.get(told.dimension, _OF_MEMORY).match(text, told.end) if key else None
    if behind is None:
        return None
    end, least = behind.end(), bool(behind.groupdict().get("least"))
    test = _compared(attributes()[key], told.value, f"{before}at least " if least else before)
    # "48 GB of GDDR6": both.
    kind = _TYPE.match(text, _spaces(text, end)) if key == "memory" else None
    if kind is None:
        return Condition(end, key, attributes()[key].fields[0], test)
    other = _of_type(text, _spaces(text, end))
    return other and Condition(
        other.end, key, attributes()[key].fields[0], lambda gpu: _all((test(gpu), other.has(gpu)))
    )


def _spaces(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at


def _all(found: tuple[bool | None, ...]) -> bool | None:
    return False if False in found else None if None in found else True


def _of_count(text: str, told: Quantity, before: str) -> Condition | None:
    """More than 10,000 CUDA cores; a number of them that is told just so is no condition."""
    counted = next((each for each in named(text) if each.start == _spaces(text, told.end)), None)
    if counted is None or counted.attribute.dimension != "count" or not before:
        return None
    attribute = counted.attribute
    test = _compared(attribute, told.value, before)
    return Condition(counted.end, attribute.key, attribute.fields[0], test)


def _compared(attribute: Attribute, figure: float, before: str) -> Callable[[Gpu], bool | None]:
    """Whether a device has more than so much, less, at least, or just as much."""
    more, less, least = (each.search(before) is not None for each in (_MORE, _LESS, _LEAST))
    field = attribute.fields[0]

    def has(gpu: Gpu) -> bool | None:
        value = gpu.value(field)
        if not isinstance(value, int | float) or not value:
            return None
        size = nominal_gb(float(value)) if field == "memory" else None
        share = (size * 1e9 if size else float(value)) / figure
        if more:
            return share > 1 + _ROUND
        if less:
            return share < 1 - _ROUND
        return share >= 1 - _ROUND if least else abs(share - 1) <= _ROUND

    return has
