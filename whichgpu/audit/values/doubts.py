"""What makes a value that is not on file no ground for an accusation: makers, databases, round numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.roundings import EXACT, exactly
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.sourced import RATES, nearly_same, values_of
from whichgpu.facts.model import MAKERS
from whichgpu.hardware.limits import as_sold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.text.roundings import Stated
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: Off by less, a value of no vendor's source is no ground for an accusation, nor is a round number.
_NEAR, _ROUND, _LIMITED = 0.03, 0.08, 0.13
#: So many sources that agree are as good as a vendor's.
_AGREE = 2
#: Digits of a vendor's figure that is rounded itself, and what plain units do in FP16 as multiples of FP32.
_COARSE, _PLAIN = 2, (1.0, 2.0, 4.0, 1 / 64)
#: What two databases differ by on the clocks of a part.
_DATABASES = 0.10
#: What a card's maker may change: off by less, it may be another maker's card.
_MAKERS = {"clock_boost": 0.16, "clock_base": 0.16, "clock": 0.16, "power": 0.15}
#: How far a boost clock may lie below the reference card's: other sources' rounding.
_LOWERED = 0.05
#: How far a vendor's own edition is from its reference card, and a clock's rate from a vendor's round figure.
_FOUNDERS, _COARSELY = 0.07, 0.06
#: Cards whose launch prices their vendors set, and how far sources differ on those of others.
_PRICED, _ESTIMATED = ("geforce", "radeon"), 0.10
#: What a laptop's maker adds to the power of its GPU for a while, of that of the CPU.
_BOOSTED = 0.25
#: How far the clocks of one part differ between a thin laptop and a thick one.
_LAPTOPS = 0.35
#: So many times as much of something a card has at least whose figure is given to a laptop's.
_MUCH = 1.25
#: How far the memory chips of one do.
_CHIPS = 0.13


def of_namesake(attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue) -> bool:
    """Whether what is said of a laptop's GPU is exactly the desktop card's, which has much more of it."""
    field = attribute.fields[0]
    for gpu in known:
        card, own = catalogue.get(gpu.id.removesuffix("-laptop")), gpu.value(field)
        if gpu.segment != "laptop" or card is None or card.id == gpu.id or not isinstance(own, int | float):
            return False
        value = card.value(field)
        if not isinstance(value, int | float) or value < _MUCH * own or not exactly(attribute, what, card):
            return False
    return True


def trusted(gpu: Gpu, attribute: Attribute, what: Stated) -> bool:
    """Whether a value may carry an accusation: it has a source that is no guess."""
    field = next(field for field in attribute.fields if gpu.value(field) is not None)
    fact = gpu.fact(field)
    # Databases agree on no base clock.
    if field == "clock_base" and (fact is None or fact.kind != "vendor"):
        return False
    every = [value for value, one in values_of(attribute, what, gpu) if one == field and value]
    return excludes(gpu, field, min((_apart(what.value, value) for value in every), default=1.0))


def _apart(a: float, b: float) -> float:
    """The larger over the smaller of two values; infinite where only one is zero."""
    return max(a, b) / min(a, b) if min(a, b) > 0 else math.inf


def of_one_database(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether a rate is off by no more than what databases differ by of server parts that no vendor lists."""
    if gpu.segment != "datacenter" or attribute.dimension not in (*RATES, "bandwidth", "frequency"):
        return False
    for value, field in values_of(attribute, what, gpu):
        fact = gpu.fact(field)
        single = fact is not None and fact.kind in ("database", "derived") and len(fact.sources) == 1
        if single and value and abs(what.value / value - 1) < _DATABASES and _unlisted(gpu):
            return True
    return False


def _unlisted(gpu: Gpu) -> bool:
    """Whether neither the bandwidth nor a peak of a device is of its vendor."""
    facts = (gpu.fact(field) for field in ("bandwidth", "fp32", "fp16"))
    return not any(fact is not None and fact.kind in MAKERS for fact in facts)


def _of_laptop(attribute: Attribute) -> float:
    """How far a laptop's GPU may differ: its maker sets its power, and the clocks with it."""
    if attribute.key == "power":
        return _BOOSTED
    return (
        _LAPTOPS
        if attribute.dimension in (*RATES, "frequency")
        else _CHIPS
        if attribute.dimension == "bit rate"
        else 0.0
    )


def _of_sort(attribute: Attribute, gpu: Gpu) -> float:
    """How far sources differ on an attribute of a sort of devices."""
    if attribute.key == "clock_base":
        # What a base clock is, is read in several ways; a maker that tells one clock tells no base.
        if gpu.value("clock_base") == gpu.value("clock_boost"):
            return 1.0
        return max(_BASE, _of_laptop(attribute) if gpu.segment == "laptop" else 0.0)
    if attribute.dimension == "money" and gpu.segment not in _PRICED:
        # Who sells them says what they cost; NVIDIA and AMD name estimates at most.
        return _ESTIMATED
    return _of_laptop(attribute) if gpu.segment == "laptop" else 0.0


_BASE = 0.03
#: A module's accelerators with their sparsity and its fastest mode, over its tensor cores alone.
_WHOLE = 4.0


#: The ids of superchips, each a CPU with GPUs.
_SUPERCHIP = re.compile(r"g[hb]\d{2,3}-")


def _of_superchip(attribute: Attribute, what: Stated, gpu: Gpu) -> float:
    """How much more than its GPU a superchip draws, which is its CPU and all its GPUs."""
    more = attribute.key == "power" and _SUPERCHIP.match(gpu.id) is not None
    return math.inf if more and what.value > float(gpu.value("power") or 0.0) else 0.0


def too_near(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether the difference may be rounding, a maker's own clock, or a single source's slip."""
    # A module's "TOPS" are those of its accelerators for deep learning too, with sparsity.
    if gpu.segment == "edge" and attribute.key in ("tensor", "int8", "int4"):
        return any(
            value / _WHOLE < what.value < value * _WHOLE for value, _ in values_of(attribute, what, gpu)
        )
    if attribute.key == "memory_data_rate" and str(gpu.value("memory_type") or "").startswith("GDDR"):
        # GDDR is sold by its rate: 30 Gbit/s are none of 28 that were rounded.
        return any(
            value and abs(what.value / value - 1) < _NEAR for value, _ in values_of(attribute, what, gpu)
        )
    allowed = 0.0
    if what.is_round and attribute.dimension not in ("memory", "bits", "count"):
        hedged = what.limit in ("about", "up to", "nearly", "over")
        allowed = _LIMITED if hedged else _NEAR if attribute.key == "power" else min(_ROUND, what.digit)
    fact = gpu.fact(attribute.fields[0])
    # How much a server's card draws is NVIDIA's to say, whoever lists it.
    listed = fact and fact.kind != "vendor" and not (attribute.key == "power" and gpu.segment == "datacenter")
    # NVIDIA builds its workstation cards itself, or has them built alike.
    alike = gpu.segment == "workstation" and gpu.vendor == "NVIDIA" and fact and fact.kind == "vendor"
    if (gpu.segment in ("geforce", "workstation", "laptop") and not alike) or listed:
        maker = _MAKERS.get(attribute.key, 0.0)
        allowed = max(allowed, min(maker, _FOUNDERS) if "reference" in what.said else maker)
    allowed = max(allowed, _of_sort(attribute, gpu))
    if _of_plain_units(attribute, what, gpu) or _is_of_the_next_clock(attribute, what, gpu):
        return True
    allowed = max(allowed, _of_superchip(attribute, what, gpu))
    for value, field in values_of(attribute, what, gpu):
        if field == "cores" and gpu.vendor == "AMD" and what.value == 2 * value:
            # Since RDNA 3 a stream processor does two operations at once, and some count it twice.
            return True
        fact = gpu.fact(field)
        low = fact is None or (fact.kind != "vendor" and len(fact.sources) < _AGREE)
        exact = attribute.dimension in ("count", "bits", "memory", "length")
        coarse = attribute.dimension in (*RATES, "bandwidth") and _digits(value) <= _COARSE
        coarse = coarse and not (field == "bandwidth" and _is_of_its_bus(value, gpu))
        near = _COARSELY if coarse else _NEAR if low else 0.0
        within = allowed if exact else max(allowed, near)
        # Makers raise the boost and the power of the reference, and lower none.
        raised = field in ("clock_boost", "power")
        lowered = raised and gpu.segment != "laptop" and what.value < value
        if value and abs(what.value / value - 1) < (min(within, _LOWERED) if lowered else within):
            return True
    ends = [as_sold(gpu, name) for name in ("power_min", "power_max")] if attribute.key == "power" else []
    return bool(ends) and all(ends) and float(ends[0][0].value) <= what.value <= float(ends[1][0].value)


#: NVIDIA's clocks go by so many hertz.
_STEP = 15e6


def _is_of_the_next_clock(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether a rate is what the cores do one step of the clock higher or lower, as some sources have it."""
    cores, rate = (float(gpu.value(field) or 0.0) for field in ("cores", "fp32"))
    step = 2 * cores * _STEP if gpu.vendor == "NVIDIA" and attribute.key == "fp32" else 0.0
    return bool(step) and abs(abs(what.value - rate) / step - 1) < _STEPS_OFF


#: How far off a step may be by the digits of two rates.
_STEPS_OFF = 0.2


def _is_of_its_bus(value: float, gpu: Gpu) -> bool:
    """Whether a bandwidth is exactly what the bus moves at its rate: 640 GB/s of 320 bits at 16 Gbit/s.

    GDDR is sold by its rate; that of HBM is often worked out of a bandwidth that was rounded.
    """
    bus, rate = gpu.value("memory_bus"), gpu.value("memory_data_rate")
    graded = "GDDR" in str(gpu.value("memory_type"))
    return bool(graded and bus and rate) and abs(float(bus) * float(rate) / 8 / value - 1) < EXACT


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
    return any(nearly_same(what.value, share * fp32) for share in _PLAIN)
