"""What a clause says that devices of a kind have: a capability, so much memory, a type of memory.

One reading for "supports FP8", "with more than 20 GB", "had HBM2" and "has more memory than the H100".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.capable.words import capability_at
from whichgpu.audit.subjects import mentions
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.audit.attributes import Attribute
    from whichgpu.audit.findings import Context
    from whichgpu.hardware.gpu import Gpu

#: Verbs by which a kind of devices has something, and by which it has not.
HAS = (
    r"(?:supports?|supported|(?:has|have) (?:ever |always )?(?:had|supported|offered)|has|have|had|"
    r"offers?|offered|"
    r"features?|featured|comes? with|came with|ships? with|shipped with|packs?|packed|sports?|sported|"
    r"boasts?|"
    r"brings?|brought|carr(?:y|ies|ied)|includes?|included|gets?|got|provides?|provided|knows?|can (?:do|use|"
    r"run|handle)|could (?:do|use|run|handle)|uses?|used|accepts?(?= (?:an? )?nvlink\b))"
)
LACKS = (
    r"(?:lacks?|lacked|(?:does|do|did)(?:n[\u2019']t| not) (?:support|have|offer|include)|ha(?:s|ve|d) no|"
    r"cannot (?:do|use|run)|goes without|go without)"
)
_FILL = re.compile(
    r"\s*(?:(?:native|hardware|built-in|full|proper|real|any|an?|the|support for|dedicated|its own|as "
    r"much as|"
    r"officially?)\s+)*",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"(?P<way>(?:more|less) than|over|under|at least|up to|as much as|beyond)?\s*(?:the\s+)?"
    r"(?P<n>\d{1,3})\s?-?GB\b(?!/s|ps)(?:\s+(?:of\s+)?(?:[\w-]+\s+)?(?:memory|vram|ram))?(?P<up>\s+or more)?",
    re.IGNORECASE,
)
_TYPE = re.compile(
    r"(?P<type>HBM\d?e?|GDDR\d(?:X|W)?)\b(?!\s*(?:than|bandwidth))(?:\s+(?:memory|vram))?", re.IGNORECASE
)
_COMPARED = re.compile(
    r"(?P<more>more|greater|larger|higher|wider|bigger)|(?P<less>less|fewer|smaller|lower|narrower)",
    re.IGNORECASE,
)
_THAN = re.compile(
    r"\s+than\s+(?:the\s+)?(?:\d+\s?GB\s+(?:of\s+)?)?(?:of\s+)?(?:the\s+)?(?:NVIDIA\s+)?", re.IGNORECASE
)
#: What no list has of every device, or what many have without its being said.
_VAGUE = frozenset(("ecc", "vgpu", "cuda", "rocm", "tensorrt", "cudnn", "av1_decode", "sparsity",
                    "flash_attention_2", "flash_attention_3", "int8_tensor", "frame_generation"))  # fmt: skip
_COMPARABLE = ("memory", "bandwidth", "memory_bus", "power", "cores", "tensor_cores")


class Property(NamedTuple):
    """Something that a device has or has not, where in the text it ends, and what the catalogue calls it."""

    end: int
    key: str
    field: str
    has: Callable[[Gpu], bool | None]


def property_at(text: str, at: int, context: Context) -> Property | None:
    """What is named at a place of a text, behind a verb of having; None where it is not certain what."""
    fill = _FILL.match(text, at)
    at = fill.end() if fill else at
    what = capability_at(text, at)
    if what is not None:
        each, length = what
        return None if each.key in _VAGUE else Property(at + length, each.key, each.field, each.has)
    size = _SIZE.match(text, at)
    if size:
        return Property(
            size.end(),
            "memory",
            "memory",
            _of_size(float(size["n"]), "at least" if size["up"] else (size["way"] or "").lower()),
        )
    kind = _TYPE.match(text, at)
    if kind:
        return Property(kind.end(), "memory_type", "memory_type", _of_type(kind["type"].upper()))
    return _compared(text, at, context)


def _of_size(size: float, way: str) -> Callable[[Gpu], bool | None]:
    """Whether a device has so much memory, or more or less than it, as it is sold."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value("memory")
        told = nominal_gb(float(value)) or float(value) / 1e9 if value else None
        if told is None:
            return None
        if way in ("more than", "over", "beyond"):
            return told > size
        if way in ("less than", "under"):
            return told < size
        return (
            told <= size
            if way == "up to"
            else told >= size
            if way in ("at least", "as much as")
            else told == size
        )

    return test


def _of_type(kind: str) -> Callable[[Gpu], bool | None]:
    """Whether a device has memory of a type; HBM is any of its generations."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value("memory_type")
        own = str(value).upper()
        return (
            None if value is None else own.startswith("HBM") if kind == "HBM" else own in (kind, f"{kind}E")
        )

    return test


def _compared(text: str, at: int, context: Context) -> Property | None:
    """More of an attribute than a device: "more memory than the H100"."""
    word = _COMPARED.match(text, at)
    what = next((one for one in named(text) if word and 0 < one.start - word.end() <= 2), None)
    than = _THAN.match(text, what.end) if what else None
    other = next((one for one in mentions(text[: than.end() + 40], context.catalogue)
                  if one.start == than.end()), None) if than else None  # fmt: skip
    if word is None or what is None or other is None or what.attribute.key not in _COMPARABLE:
        return None
    gpus = [context.catalogue[key] for key in other.named]
    test = _of_more(attributes()[what.attribute.key], gpus, more=word["more"] is not None)
    return Property(other.end, what.attribute.key, what.attribute.fields[0], test)


def _of_more(attribute: Attribute, others: list[Gpu], *, more: bool) -> Callable[[Gpu], bool | None]:
    """Whether a device has more of an attribute, or less, than every form of another."""

    def test(gpu: Gpu) -> bool | None:
        field = attribute.fields[0]
        own, rest = gpu.value(field), [each.value(field) for each in others]
        if (
            gpu in others
            or not isinstance(own, int | float)
            or not all(isinstance(each, int | float) for each in rest)
        ):
            return None
        return all(own > 1.02 * each if more else 1.02 * own < each for each in rest)

    return test
