"""Whether a stated value is a device's: tolerances by dimension, and what else the value is."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import CAPABILITIES
from whichgpu.audit.certainty import excludes
from whichgpu.audit.findings import Evidence
from whichgpu.audit.patterns import MANY
from whichgpu.audit.subjects import model
from whichgpu.facts import reading
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.limits import as_sold
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.facts.model import Fact
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: How far a stated value may be off, as a share: what rounding and boost clocks make of it.
_WITHIN = {
    "count": 0.0, "bits": 0.0, "bandwidth": 0.005, "memory": 0.0, "flop rate": 0.005, "op rate": 0.005,
    "power": 0.005, "frequency": 0.005, "area": 0.01, "length": 0.0, "bit rate": 0.01, "money": 0.01,
}  # fmt: skip
#: Counts that are told in round numbers.
_ROUNDED = {"transistors": 0.01}
#: What may have its last digits cut off, and by what share at most.
_CUTTABLE, _CUT = ("flop rate", "op rate", "bandwidth", "frequency", "area"), 0.025
_RATES = ("flop rate", "op rate")
#: Peak rates that count integer operations.
_SPARSE = ("fp16", "fp16_acc16", "bf16", "tf32", "fp8", "fp8_acc16", "fp6", "fp4", "int8", "int4")
_INTEGER = ("int8", "int4")
#: Formats of numbers that a device has from some architecture on.
_FORMATS = ("fp8", "fp4", "bf16", "tf32")
#: What is said beside a value that is not of the field.
_NOT_WHERE = {"fp64_tensor": "vector", "nvlink_per_direction": "both_ways", "nvlink": "one_way"}
#: What is said beside a value that its figures depend on.
_ASKED = frozenset({"sparse", *_NOT_WHERE.values()})
#: What is stated of a board with several GPUs as often as of one of them.
_OF_BOARDS = ("memory", "bandwidth", "cores", "power", "fp32", "fp64", "transistors")
#: Sizes that are one size: decimal units for binary ones, as cards and caches are sold.
_ALIKE = {"memory": 2.0**30 / 1e9, "l2": 2.0**20 / 1e6}
#: Off by less, a value of no vendor's source is no ground for an accusation, nor is a round number.
_NEAR, _ROUND, _LIMITED = 0.03, 0.08, 0.13
#: So many sources that agree are as good as a vendor's.
_AGREE = 2
#: How far rounding may change a value at most, as a share of it, and one below 1.
_ROUNDING, _FRACTION = 0.035, 0.25
#: Digits of a vendor's figure that is rounded itself, and what plain units do in FP16 as multiples of FP32.
_COARSE, _PLAIN = 2, (1.0, 2.0, 4.0, 1 / 64)
#: What two databases differ by on the clocks of a part.
_DATABASES = 0.10
#: What a card's maker may change: off by less, it may be another maker's card.
_MAKERS = {"clock_boost": 0.16, "clock_base": 0.16, "power": 0.15}
#: How far a boost clock may lie below the reference card's: other sources' rounding.
_LOWERED = 0.05
#: How far a vendor's own edition is from its reference card, and a clock's rate from a vendor's round figure.
_FOUNDERS, _COARSELY = 0.07, 0.06
#: What a laptop's maker adds to the power of its GPU for a while, of that of the CPU.
_BOOSTED = 0.25
#: How far the clocks of one part differ between a thin laptop and a thick one.
_LAPTOPS = 0.35
#: So many times as much of something a card has at least whose figure is given to a laptop's.
_MUCH = 1.25
#: How far the memory chips of one do.
_CHIPS = 0.13
#: What a vendor states once and for all of a card.
_VENDORS = ("power", "cores", "memory", "tensor_cores", "sms", "memory_bus", "bandwidth")
#: Nodes of TSMC that one process is called by.
_ONE_NODE = frozenset({4e-9, 5e-9})
_GB = 1e9
#: A figure that is told in full is off by no more, as a share.
_EXACT = 1e-3
#: Sizes that are one in any unit and by any rounding are no further apart, as a share.
_SIZES = 0.4
#: How far a number of full hundreds may be rounded, as a share of it.
_HUNDREDS = 0.01
#: How far a sum of memories in terabytes may be rounded or cut off.
_TOGETHER = 0.06
#: Sizes that differ by less are one: 11 and 12 GB are two, however they are counted.
_ONE_SIZE, _IN_BYTES = 0.01, 0.002


class Verdict(NamedTuple):
    """What a value is: the verdict, what would be right, the reason, what it rests on, for whom it holds."""

    verdict: str
    expected: str = ""
    because: str = ""
    evidence: tuple[Evidence, ...] = ()
    true_for: str = ""


class Stated(NamedTuple):
    """A value as it stands in a text."""

    value: float
    text: str
    limit: str
    said: frozenset[str]
    #: The place of its last digit, as a share of it: 38.7 is known within 0.05 of 38.7.
    rounding: float
    #: The dimension of its unit.
    dimension: str = ""
    unit: str = ""

    @property
    def digit(self) -> float:
        """One of its last digit that says something, as a share of it: 320 is no 300 that was rounded."""
        plain = re.search(r"\d[\d,]*(?:\.\d+)?", self.text)
        digits = plain[0].replace(",", "") if plain else ""
        told = digits.replace(".", "").strip("0")
        return 10.0 ** (1 - len(told)) / float(f"{told[0]}.{told[1:] or 0}") if told else 1.0

    @property
    def is_round(self) -> bool:
        """Whether it has at most two digits that say something: 40, 600, 1.6."""
        return len(re.sub(r"\D", "", self.text.split()[0]).strip("0") if self.text.split() else "") <= 2


@lru_cache(maxsize=MANY)
def stated(
    value: float, text: str, limit: str, said: frozenset[str], *, dimension: str = "", unit: str = ""
) -> Stated:
    """A value with how it is rounded."""
    digits = re.search(r"\d[\d.,\u00a0 ']*", text)
    plain = re.sub(r"[\s']", "", digits[0] if digits else "0").strip(".,")
    if plain.count(".") > 1:
        # "12.345.678"
        plain = plain.replace(".", "")
    # Three digits may be thousands: "1.935", but not "0.935".
    fraction = re.search(r"(?:^0[.,](?=\d{3})|[.,](?!\d{3}$))(\d+)$", plain)
    number = float(re.sub(r"[^\d.]", "", plain.replace(",", "")) or 0)
    zeros = len(plain) - len(plain.rstrip("0")) if not fraction and "," not in plain else 0
    step = 10.0 ** -len(fraction[1]) if fraction else 10.0**zeros
    if not fraction and re.search(r"[1-9]00$", plain):
        # "1,300": the digits before are told, and no more; it may be exact as well.
        number, step = number or 1.0, max(step, min(100.0, 2 * _HUNDREDS * number))
    if fraction:
        number = float(plain.replace(",", ".") if plain.count(",") + plain.count(".") == 1 else number)
    rounding = 0.5 * step / number if number else 0.0
    return Stated(value, text, limit, said, rounding, dimension, unit)


def judged(
    attribute: Attribute, what: Stated, gpus: Sequence[Gpu], catalogue: Catalogue,
    spoken_of: frozenset[str] = frozenset(),
) -> Verdict:  # fmt: skip
    """The verdict on a value that is stated of one of these devices, in a text that speaks of some others."""
    return _judged(attribute, what, tuple(gpus), catalogue, spoken_of)


@lru_cache(maxsize=MANY)
def _judged(
    attribute: Attribute, what: Stated, gpus: tuple[Gpu, ...], catalogue: Catalogue,
    spoken_of: frozenset[str],
) -> Verdict:  # fmt: skip
    # A table repeats its values.
    known = _known(attribute, gpus)
    if not known:
        return _lacking(attribute, gpus) or Verdict("unverifiable", because="no source on file states it")
    right = _right(attribute, what, gpus, catalogue)
    return right or _wrong(attribute, what, known, catalogue, spoken_of)


def confirmed(attribute: Attribute, what: Stated, gpus: Sequence[Gpu], catalogue: Catalogue) -> bool:
    """Whether `judged` confirms a value, without asking what else it is."""
    return _right(attribute, what, gpus, catalogue) is not None


def _known(attribute: Attribute, gpus: Sequence[Gpu]) -> list[Gpu]:
    return [gpu for gpu in gpus if any(gpu.value(field) is not None for field in attribute.fields)]


def _right(attribute: Attribute, what: Stated, gpus: Sequence[Gpu], catalogue: Catalogue) -> Verdict | None:
    """The confirmation of a value that is one of these devices'."""
    known = _known(attribute, gpus)
    right = [gpu for gpu in known if _holds(attribute, what, gpu)]
    if right:
        return _confirmed(attribute, right, gpus)
    if what.limit == "up to" and (most := _most(attribute, what, known)):
        return most
    larger = [gpu for gpu in _sizes(attribute, known, catalogue) if _holds(attribute, what, gpu)]
    return _confirmed(attribute, larger, gpus)._replace(true_for=larger[0].id) if larger else None


def _most(attribute: Attribute, what: Stated, known: Sequence[Gpu]) -> Verdict | None:
    """What a rate is "up to": the one with sparsity is the greatest that there is."""
    for gpu in known:
        found = _by_sparsity(attribute, what, gpu)
        if found and found[1] == "with sparsity":
            return Verdict("confirmed", "", found[0], (on_file(gpu, attribute),), found[1])
    return None


def _lacking(attribute: Attribute, gpus: Sequence[Gpu]) -> Verdict | None:
    """An accusation where no device meant has the precision at all, by its architecture."""
    what = next((each for each in CAPABILITIES if each.key == attribute.key in _FORMATS), None)
    if what is None or not gpus or any(what.has(gpu) is not False for gpu in gpus):
        return None
    best = gpus[0]
    field = "compute_capability" if best.value("compute_capability") is not None else "chip"
    of = (
        f"compute capability {best.value(field)}"
        if field != "chip"
        else f"its architecture is {best.architecture}"
    )
    because = f"{best.id} has no {attribute.key.upper()}: {of}"
    return Verdict("contradicted", "none", because, (source_of(best, field),))


def _sizes(attribute: Attribute, known: Sequence[Gpu], catalogue: Catalogue) -> list[Gpu]:
    """The same card with another memory, where a name without a size is one of them by itself."""
    if attribute.key != "memory" or len(known) != 1:
        return []
    return [catalogue[key] for key in _of_sizes(known[0].id, catalogue)]


@lru_cache(maxsize=1024)
def _of_sizes(one: str, catalogue: Catalogue) -> tuple[str, ...]:
    stem = re.compile(re.escape(one) + r"-\d+gb")
    return tuple(key for key in catalogue if stem.fullmatch(key))


def _holds(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    return any(_same(attribute, what, value) for value, _ in _values(attribute, what, gpu))


def _values(attribute: Attribute, what: Stated, gpu: Gpu) -> Sequence[tuple[float, str]]:
    """Every value that any source states, as what is said beside it asks for, with its field."""
    return _figures(attribute, what.said & _ASKED, what.dimension, gpu)


@lru_cache(maxsize=8192)
def _figures(
    attribute: Attribute, said: frozenset[str], dimension: str, gpu: Gpu
) -> Sequence[tuple[float, str]]:
    return tuple(_read_figures(attribute, said, dimension, gpu))


def _read_figures(
    attribute: Attribute, said: frozenset[str], dimension: str, gpu: Gpu
) -> Iterator[tuple[float, str]]:
    for field in (*_fields(attribute, said, dimension), *_counted_in(attribute, gpu)):
        if field in _NOT_WHERE and _NOT_WHERE[field] in said:
            continue
        for fact in _believed(gpu, field):
            value = _number(fact.value)
            if value is None or (field in _SPARSE and _is_sparse(value, field, gpu)):
                continue
            if field in _SPARSE and "sparse" in said:
                value *= float(gpu.value("sparsity") or 1.0)
            yield value, field
            if attribute.key == "tensor" and dimension == "op rate":
                # "AI TOPS" are told with sparsity.
                yield value * float(gpu.value("sparsity") or 1.0), field
            units = float(gpu.value("units_per_board") or 1.0) if field in _OF_BOARDS else 1.0
            if units > 1:
                yield value * units, field


def _believed(gpu: Gpu, field: str) -> Sequence[Fact]:
    """What sources state of a field: of a server or workstation card its vendor's alone, if it states any.

    A gaming card's clocks and power are its maker's to choose, a laptop's its builder's. What a source
    states by mistake, another part's or half a part's, is nobody's.
    """
    every = as_sold(gpu, field)
    own = [fact for fact in every if fact.kind == "vendor"]
    return own if own and field in _VENDORS and gpu.segment in ("datacenter", "workstation") else every


def _is_sparse(value: float, field: str, gpu: Gpu) -> bool:
    """Whether a source's rate is the one with sparsity, which the field is not."""
    times, own = float(gpu.value("sparsity") or 1.0), gpu.value(field)
    return times > 1 and bool(own) and _near(value, float(own or 0) * times)


def _counted_in(attribute: Attribute, gpu: Gpu) -> tuple[str, ...]:
    """The fields of what is called a core: Apple's are what others call multiprocessors."""
    return ("sms",) if attribute.key == "cores" and gpu.vendor == "Apple" else ()


def _fields(attribute: Attribute, said: frozenset[str], dimension: str) -> tuple[str, ...]:
    """The fields that a value of this unit can be of: TFLOPS of tensor cores are not their integer rate."""
    if attribute.key == "fp32" and "sparse" in said:
        return ("tf32",)
    if attribute.key != "tensor" or not dimension:
        return attribute.fields
    integer = dimension == "op rate"
    return tuple(field for field in attribute.fields if integer or field not in _INTEGER)


def _number(value: object) -> float | None:
    """A fact as a number; of a process its length."""
    if isinstance(value, int | float):
        return float(value)
    match = re.match(r"(\d+(?:\.\d+)?) ?nm\b|TSMC (\d)N", str(value))
    return float(match[1] or match[2]) * 1e-9 if match else None


def _same(attribute: Attribute, what: Stated, value: float) -> bool:
    """Whether a stated value is a known one, by the way its dimension is rounded and by its limit."""
    if what.limit == "over":
        return what.value <= value * (1 + _share(attribute, what))
    if what.limit == "under":
        return value <= what.value * (1 + _share(attribute, what))
    if what.limit == "nearly":
        return value * 0.9 <= what.value * 1.001 <= value * 1.12
    if attribute.dimension == "memory":
        return _same_size(attribute, what, value)
    if attribute.dimension == "length":
        return abs(what.value - value) < 1e-12 or {round(what.value, 12), round(value, 12)} <= _ONE_NODE
    within = _share(attribute, what)
    if what.limit == "about":
        within = max(within, 0.05)
    # Digits may be cut off as well as rounded: 107.6 is told as 107.
    cut = 0 < value - what.value <= min(2 * what.rounding, _CUT) * value and attribute.dimension in _CUTTABLE
    # 33.5 is told as 34: half of the last digit is a share of what is told.
    return cut or abs(what.value - value) <= (within + 1e-9) * max(what.value, value)


def _same_size(attribute: Attribute, what: Stated, value: float) -> bool:
    """Whether a size is a known one, in decimal units or in binary ones."""
    binary = _ALIKE.get(attribute.key, _ALIKE["memory"])
    nominal = (nominal_gb(value) or 0) * _GB
    if what.unit == "MB" and round(what.value / 1e6) % 1024 == 0:
        # "24576 MB" counts in binary units, whatever it calls them.
        what = what._replace(value=what.value * 1.024**2)
    if what.unit.startswith("T"):
        # No device has a terabyte: of several together it is a round figure, 1.1 TB of 1,128 GB.
        return any(abs(what.value - each) <= min(2 * what.rounding, _TOGETHER) * each
                   for each in (value, nominal))  # fmt: skip
    pairs = ((value, binary), (nominal, 1.0), (nominal, 1 / binary))
    # In decimal units 24 GB are 25.8, and no 26.
    exact = abs(what.value - value) < _IN_BYTES * value
    return exact or any(abs(what.value * share - each) < _ONE_SIZE * each for each, share in pairs)


def _share(attribute: Attribute, what: Stated) -> float:
    """How far a value may be off: the tolerance of its dimension, or half of its last digit."""
    common = _ROUNDED.get(attribute.key, _WITHIN.get(attribute.dimension, 0.01))
    # One digit behind the point of "0.2" is all that is known of it.
    most = _FRACTION if re.match(r"~?0[.,]\d", what.text) else _ROUNDING
    return max(common, min(what.rounding, most)) if common else 0.0


def _confirmed(attribute: Attribute, right: Sequence[Gpu], gpus: Sequence[Gpu]) -> Verdict:
    evidence = tuple(on_file(gpu, attribute) for gpu in right[:1])
    if len(right) < len(gpus):
        names = ", ".join(gpu.id for gpu in right)
        return Verdict("confirmed", because=f"of {names}", evidence=evidence, true_for=names)
    return Verdict("confirmed", because="as on file", evidence=evidence)


def _wrong(
    attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue, spoken_of: frozenset[str]
) -> Verdict:
    """An accusation with the right value; what the stated one is instead, where that is certain."""
    known = [gpu for gpu in known if gpu.confidence != "low"] or list(known)
    best = known[0]
    field = next(field for field in attribute.fields if best.value(field) is not None)
    expected = shown(best, field, what)
    evidence = [on_file(gpu, attribute) for gpu in known[:3]]
    if not all(_trusted(gpu, attribute, what) for gpu in known) and not _of_namesake(
        attribute, what, known, catalogue
    ):
        return Verdict("unverifiable", expected, f"on file is {expected}, of one low source", tuple(evidence))
    why, true_for = _instead(attribute, what, known, catalogue, spoken_of)
    # A round number is another card's by chance; that its unit or its sparsity is wrong is none.
    certain = why and (true_for.startswith(("with", "in ")) or not what.is_round)
    # What a maker may set is another card's by chance.
    certain = certain and attribute.key not in ("clock_boost", "clock_base")
    weak = true_for not in spoken_of and any(_of_one_database(attribute, what, gpu) for gpu in known)
    if weak or (not certain and any(_too_near(attribute, what, gpu) for gpu in known)):
        near = f"on file is {expected}, too near to call {what.text} wrong"
        return Verdict("unverifiable", expected, near, tuple(evidence))
    values = "; ".join(
        f"{gpu.id} has {shown(gpu, field, what)}{' with sparsity' if 'sparse' in what.said else ''}"
        for gpu in known[:3]
        if gpu.value(field) is not None
    )
    because = f"{values}{'; ' + why if why else ''}"
    return Verdict("contradicted", expected, because, tuple(evidence), true_for)


def _of_namesake(attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue) -> bool:
    """Whether what is said of a laptop's GPU is exactly the desktop card's, which has much more of it."""
    field = attribute.fields[0]
    for gpu in known:
        card, own = catalogue.get(gpu.id.removesuffix("-laptop")), gpu.value(field)
        if gpu.segment != "laptop" or card is None or card.id == gpu.id or not isinstance(own, int | float):
            return False
        value = card.value(field)
        if not isinstance(value, int | float) or value < _MUCH * own or not _exactly(attribute, what, card):
            return False
    return True


def _trusted(gpu: Gpu, attribute: Attribute, what: Stated) -> bool:
    """Whether a value may carry an accusation: it has a source that is no guess."""
    field = next(field for field in attribute.fields if gpu.value(field) is not None)
    fact = gpu.fact(field)
    # Databases agree on no base clock.
    if field == "clock_base" and (fact is None or fact.kind != "vendor"):
        return False
    every = [value for value, one in _values(attribute, what, gpu) if one == field and value]
    return excludes(gpu, field, min((_apart(what.value, value) for value in every), default=1.0))


def _apart(a: float, b: float) -> float:
    """The larger over the smaller of two values; infinite where only one is zero."""
    return max(a, b) / min(a, b) if min(a, b) > 0 else math.inf


def _of_one_database(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether a rate is off by no more than what databases differ by of server parts that no vendor lists."""
    if gpu.segment != "datacenter" or attribute.dimension not in (*_RATES, "bandwidth", "frequency"):
        return False
    for value, field in _values(attribute, what, gpu):
        fact = gpu.fact(field)
        single = fact is not None and fact.kind in ("database", "derived") and len(fact.sources) == 1
        if single and value and abs(what.value / value - 1) < _DATABASES and _unlisted(gpu):
            return True
    return False


def _unlisted(gpu: Gpu) -> bool:
    """Whether neither the bandwidth nor a peak of a device is of its vendor."""
    facts = (gpu.fact(field) for field in ("bandwidth", "fp32", "fp16"))
    return not any(fact is not None and fact.kind == "vendor" for fact in facts)


def _too_near(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether the difference may be rounding, a maker's own clock, or a single source's slip."""
    allowed = 0.0
    if what.is_round and attribute.dimension not in ("memory", "bits", "count"):
        hedged = what.limit in ("about", "up to", "nearly", "over")
        allowed = _LIMITED if hedged else _NEAR if attribute.key == "power" else min(_ROUND, what.digit)
    fact = gpu.fact(attribute.fields[0])
    # How much a server's card draws is NVIDIA's to say, whoever lists it.
    listed = fact and fact.kind != "vendor" and not (attribute.key == "power" and gpu.segment == "datacenter")
    if gpu.segment in ("geforce", "workstation", "laptop") or listed:
        maker = _MAKERS.get(attribute.key, 0.0)
        allowed = max(allowed, min(maker, _FOUNDERS) if "reference" in what.said else maker)
    if gpu.segment == "laptop" and attribute.key == "power":
        allowed = max(allowed, _BOOSTED)
    if gpu.segment == "laptop" and attribute.dimension in (*_RATES, "frequency"):
        # A laptop's maker sets its power, and the clocks with it.
        allowed = max(allowed, _LAPTOPS)
    if gpu.segment == "laptop" and attribute.dimension == "bit rate":
        allowed = max(allowed, _CHIPS)
    if _of_plain_units(attribute, what, gpu):
        return True
    for value, field in _values(attribute, what, gpu):
        if field == "cores" and gpu.vendor == "AMD" and what.value == 2 * value:
            # Since RDNA 3 a stream processor does two operations at once, and some count it twice.
            return True
        fact = gpu.fact(field)
        low = fact is None or (fact.kind != "vendor" and len(fact.sources) < _AGREE)
        exact = attribute.dimension in ("count", "bits", "memory", "length")
        coarse = attribute.dimension in (*_RATES, "bandwidth") and _digits(value) <= _COARSE
        coarse = coarse and not (field == "bandwidth" and _is_of_its_bus(value, gpu))
        near = _COARSELY if coarse else _NEAR if low else 0.0
        within = allowed if exact else max(allowed, near)
        # Makers raise the boost of the reference, and lower none.
        lowered = field == "clock_boost" and gpu.segment != "laptop" and what.value < value
        if value and abs(what.value / value - 1) < (min(within, _LOWERED) if lowered else within):
            return True
    ends = [as_sold(gpu, name) for name in ("power_min", "power_max")] if attribute.key == "power" else []
    return bool(ends) and all(ends) and float(ends[0][0].value) <= what.value <= float(ends[1][0].value)


def _is_of_its_bus(value: float, gpu: Gpu) -> bool:
    """Whether a bandwidth is exactly what the bus moves at its rate: 640 GB/s of 320 bits at 16 Gbit/s.

    GDDR is sold by its rate; that of HBM is often worked out of a bandwidth that was rounded.
    """
    bus, rate = gpu.value("memory_bus"), gpu.value("memory_data_rate")
    graded = "GDDR" in str(gpu.value("memory_type"))
    return bool(graded and bus and rate) and abs(float(bus) * float(rate) / 8 / value - 1) < _EXACT


def _digits(value: float) -> int:
    """How many digits of a value say something."""
    return len(f"{value:.5e}".partition("e")[0].replace(".", "").rstrip("0"))


def _of_plain_units(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether a rate of 16 bits may be that of the units beside the tensor cores, which databases tell."""
    fp32 = float(gpu.value("fp32") or 0.0)
    own = gpu.fact("fp16_vector")
    known = (
        attribute.key == "fp16" and own is not None and (own.kind == "vendor" or gpu.segment != "datacenter")
    )
    if attribute.key not in ("fp16", "bf16") or "tensor" in what.said or known or not fp32:
        return False
    return any(_near(what.value, share * fp32) for share in _PLAIN)


def _instead(
    attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue, spoken_of: frozenset[str]
) -> tuple[str, str]:
    """What the stated value is in truth, in words, and for which device it would be right."""
    for gpu in known:
        found = _by_unit(attribute, what, gpu) or _by_sparsity(attribute, what, gpu)
        if found:
            return found
    owner = _whose(attribute, what, known, catalogue, spoken_of)
    if owner:
        return f"{what.text} is the {owner.name}'s", owner.id
    if attribute.dimension in _RATES and "sparse" in what.said:
        dense = what._replace(said=what.said - {"sparse"})
        owner = _whose(attribute, dense, known, catalogue, spoken_of)
        if owner:
            return f"{what.text} is the {owner.name}'s figure without sparsity", owner.id
    return "", ""


def _by_unit(attribute: Attribute, what: Stated, gpu: Gpu) -> tuple[str, str] | None:
    """Whether the number is right in decimal units where binary ones are stated."""
    if attribute.dimension != "bandwidth" or "iB" not in what.unit:
        return None
    decimal = what._replace(value=what.value / (1.024**3 if "G" in what.unit else 1.024**4))
    if not _holds(attribute, decimal, gpu):
        return None
    right = what.unit.replace("i", "", 1)
    return f"the unit is {right}, not {what.unit}", f"in {right}"


def _by_sparsity(attribute: Attribute, what: Stated, gpu: Gpu) -> tuple[str, str] | None:
    """Whether a rate is the one with sparsity where the dense one is meant, or the other way round."""
    if attribute.dimension not in _RATES:
        return None
    times = float(gpu.value("sparsity") or 1.0)
    for field in _fields(attribute, what.said, what.dimension):
        value = gpu.value(field)
        if not value or times <= 1 or field not in _SPARSE:
            continue
        if "sparse" not in what.said and _near(what.value, float(value) * times):
            return f"{what.text} is the figure with sparsity, {times:g} times the dense one", "with sparsity"
        if "sparse" in what.said and _near(what.value, float(value)):
            return f"{what.text} is the dense figure", "without sparsity"
    return None


def _exactly(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether a value is a device's within a thousandth, or its size."""
    if attribute.dimension in ("memory", "length"):
        return _holds(attribute, what, gpu)
    return any(value and abs(what.value / value - 1) <= _EXACT for value, _ in _values(attribute, what, gpu))


def _near(a: float, b: float) -> bool:
    return abs(a / b - 1) <= 0.015


@lru_cache(maxsize=1024)
def namesakes(one: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Every device of a model, as a card or in a laptop."""
    forms = {"laptop", "maxq"}
    words = model(one, catalogue) - forms
    return tuple(key for key in catalogue if model(key, catalogue) - forms == words)


def _whose(
    attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue, spoken_of: frozenset[str]
) -> Gpu | None:
    """The first whose value it is: of a device's other forms, of what the text speaks of, of its family.

    Of its family only where the figure is a card's bandwidth: no maker chooses it, and no vendor rounds it.
    """
    same = (catalogue[key] for key in namesakes(known[0].id, catalogue))
    near = _spoken_of(attribute, what, catalogue, spoken_of)
    kin = (gpu for gpu in catalogue.values() if gpu.family == known[0].family and gpu.segment != "laptop")
    of_card = attribute.key == "bandwidth" and known[0].segment in ("geforce", "workstation")
    every = chain(same, near, kin if of_card else ())
    others = (gpu for gpu in every if gpu not in known)
    return next((gpu for gpu in others if _exactly(attribute, what, gpu)), None)


def _spoken_of(
    attribute: Attribute, what: Stated, catalogue: Catalogue, spoken_of: frozenset[str]
) -> list[Gpu]:
    """The devices that a text speaks of, in order, without those whose figure is far from it."""
    if attribute.dimension == "length" or what.limit == "over":
        return [catalogue[key] for key in _ordered(spoken_of)]
    apart = _SIZES if attribute.dimension == "memory" else 2 * _EXACT
    values = _by_value(attribute, what.said & _ASKED, what.dimension, catalogue, spoken_of)
    first = bisect_left(values, (what.value * (1 - apart), ""))
    last = bisect_left(values, (what.value * (1 + apart), ""))
    return [catalogue[key] for key in sorted({key for _, key in values[first:last]})]


@lru_cache(maxsize=64)
def _ordered(spoken_of: frozenset[str]) -> Sequence[str]:
    return tuple(sorted(spoken_of))


@lru_cache(maxsize=256)
def _by_value(
    attribute: Attribute, said: frozenset[str], dimension: str, catalogue: Catalogue,
    spoken_of: frozenset[str],
) -> Sequence[tuple[float, str]]:  # fmt: skip
    """Every figure of the devices that a text speaks of, the smallest first."""
    return sorted(
        (value, key) for key in spoken_of for value, _ in _figures(attribute, said, dimension, catalogue[key])
    )


def shown(gpu: Gpu, field: str, what: Stated) -> str:
    """A field as it would be written beside what is stated: with sparsity where that is said."""
    times = float(gpu.value("sparsity") or 1.0)
    text = re.sub(r" \(.*\)$", "", str(gpu.display(field)))
    if "sparse" in what.said and times > 1 and field in _SPARSE:
        value = gpu.value(field)
        return f"{float(value) * times / 1e12:,.4g} {text.split()[-1]}" if value else text
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
