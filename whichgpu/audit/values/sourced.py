"""What sources state of a device: every figure of an attribute, how it is shown, and where it is from."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence
from whichgpu.facts import reading
from whichgpu.hardware.limits import as_sold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.text.roundings import Stated
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.facts.model import Fact
    from whichgpu.hardware.gpu import Gpu

RATES = ("flop rate", "op rate")
#: Peak rates that count integer operations.
SPARSE = ("fp16", "fp16_acc16", "bf16", "tf32", "fp8", "fp8_acc16", "fp6", "fp4", "int8", "int4")
_INTEGER = ("int8", "int4")
#: What is said beside a value that is not of the field.
_NOT_WHERE = {"fp64_tensor": "vector", "nvlink_per_direction": "both_ways", "nvlink": "one_way"}
#: What is said beside a value that its figures depend on.
ASKED = frozenset({"sparse", *_NOT_WHERE.values()})
#: What is stated of a board with several GPUs as often as of one of them.
_OF_BOARDS = ("memory", "bandwidth", "cores", "power", "fp32", "fp64", "transistors")
#: What a vendor states once and for all of a card.
_VENDORS = ("power", "cores", "memory", "tensor_cores", "sms", "memory_bus", "bandwidth")


def values_of(attribute: Attribute, what: Stated, gpu: Gpu) -> Sequence[tuple[float, str]]:
    """Every value that any source states, as what is said beside it asks for, with its field."""
    return figures_of(attribute, what.said & ASKED, what.dimension, gpu)


@lru_cache(maxsize=8192)
def figures_of(
    attribute: Attribute, said: frozenset[str], dimension: str, gpu: Gpu
) -> Sequence[tuple[float, str]]:
    """What `values_of` says, of these words beside it (of `ASKED`) and this dimension of its unit."""
    return tuple(_read_figures(attribute, said, dimension, gpu))


def _read_figures(
    attribute: Attribute, said: frozenset[str], dimension: str, gpu: Gpu
) -> Iterator[tuple[float, str]]:
    for field in (*fields_of(attribute, said, dimension), *_counted_in(attribute, gpu)):
        if field in _NOT_WHERE and _NOT_WHERE[field] in said:
            continue
        for fact in _believed(gpu, field):
            # "5 nm and 6 nm TSMC": of either part.
            yield from ((float(each) * 1e-9, field) for each in _SECOND.findall(str(fact.value)))
            value = _number(fact.value)
            if value is None or (field in SPARSE and _is_sparse(value, field, gpu)):
                continue
            if field in SPARSE and "sparse" in said:
                value *= gpu.sparse_times(field)
            yield value, field
            if attribute.key == "tensor" and dimension == "op rate":
                # "AI TOPS" are told with sparsity.
                yield value * gpu.sparse_times(field), field
            units = float(gpu.value("units_per_board") or 1.0) if field in _OF_BOARDS else 1.0
            if units > 1:
                yield value * units, field


#: Notes on what is a vendor's figure, whoever keeps it on file.
_WORDS_OF_VENDORS = frozenset(("as first announced", "of the board with what its USB-C output delivers"))


def _believed(gpu: Gpu, field: str) -> Sequence[Fact]:
    """What sources state of a field: of a server or workstation card its vendor's alone, if it states any.

    A gaming card's clocks and power are its maker's to choose, a laptop's its builder's. What a source
    states by mistake, another part's or half a part's, is nobody's.
    """
    every = as_sold(gpu, field)
    own = [fact for fact in every if fact.kind == "vendor" or fact.note in _WORDS_OF_VENDORS]
    own = own if any(fact.kind == "vendor" for fact in own) else []
    if not own or field not in _VENDORS or gpu.segment not in ("datacenter", "workstation"):
        return every
    # What was decided on is believed where its vendor states another value: that of the whole chip.
    decided = gpu.fact(field)
    return own if decided is None or decided in own else [*own, decided]


def _is_sparse(value: float, field: str, gpu: Gpu) -> bool:
    """Whether a source's rate is the one with sparsity, which the field is not."""
    times, own = gpu.sparse_times(field), gpu.value(field)
    return times > 1 and bool(own) and nearly_same(value, float(own or 0) * times)


def _counted_in(attribute: Attribute, gpu: Gpu) -> tuple[str, ...]:
    """The fields of what is called a core: Apple's are what others call multiprocessors."""
    return ("sms",) if attribute.key == "cores" and gpu.vendor == "Apple" else ()


def fields_of(attribute: Attribute, said: frozenset[str], dimension: str) -> tuple[str, ...]:
    """The fields that a value of this unit can be of: TFLOPS of tensor cores are not their integer rate."""
    if attribute.key == "fp32" and "sparse" in said:
        return ("tf32",)
    if attribute.key != "tensor" or not dimension:
        return attribute.fields
    integer = dimension == "op rate"
    return tuple(field for field in attribute.fields if integer or field not in _INTEGER)


#: The length of the process of a further part of a package.
_SECOND = re.compile(r" and (\d+(?:\.\d+)?) ?nm\b")


def _number(value: object) -> float | None:
    """A fact as a number; of a process its length."""
    if isinstance(value, int | float):
        return float(value)
    match = re.match(r"(\d+(?:\.\d+)?) ?nm\b|TSMC (\d)N", str(value))
    return float(match[1] or match[2]) * 1e-9 if match else None


def nearly_same(a: float, b: float) -> bool:
    """Whether two values are one but for rounding."""
    return abs(a / b - 1) <= 0.015


def shown(gpu: Gpu, field: str, what: Stated) -> str:
    """A field as it would be written beside what is stated: with sparsity where that is said."""
    times = gpu.sparse_times(field)
    text = re.sub(r" \(.*\)$", "", str(gpu.display(field)))
    if "sparse" in what.said and times > 1 and field in SPARSE:
        value = gpu.value(field)
        return f"{float(f'{float(value) * times / 1e12:.4g}'):,g} {text.split()[-1]}" if value else text
    return text


def on_file(gpu: Gpu, attribute: Attribute) -> Evidence:
    """The fact on a device's attribute, with its source."""
    field = next((field for field in attribute.fields if gpu.value(field) is not None), attribute.fields[0])
    return source_of(gpu, field)


def source_of(gpu: Gpu, field: str) -> Evidence:
    """The fact on a field of a device, with its source."""
    fact = gpu.fact(field)
    if fact is None:
        return Evidence(f"{gpu.id}: {field} not read")
    known = reading.sources()
    first = known.get(fact.sources[0])
    return Evidence(f"{gpu.id}: {field} {gpu.display(field)}", fact.source, first.url if first else "")
