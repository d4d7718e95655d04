"""Whether a stated value is a device's: tolerances by dimension, and what else the value is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.roundings import holds
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.audit.values.doubts import of_namesake, of_one_database, too_near, trusted
from whichgpu.audit.values.instead import by_sparsity, what_instead
from whichgpu.audit.values.sourced import on_file, shown, source_of
from whichgpu.facts import store
from whichgpu.hardware.blank import is_not_in_hardware
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.audit.findings import Evidence
    from whichgpu.audit.text.roundings import Stated
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: Formats of numbers that a device has from some architecture on.
_FORMATS = ("fp8", "fp4", "bf16", "tf32")


class Verdict(NamedTuple):
    """What a value is: the verdict, what would be right, the reason, what it rests on, for whom it holds."""

    verdict: str
    expected: str = ""
    because: str = ""
    evidence: tuple[Evidence, ...] = ()
    true_for: str = ""


#: Formats whose rates are those of tensor cores and matrix units.
_OF_MATRICES = ("bf16", "fp16", "fp8", "int8")
#: What rounding and gigabytes of two kinds explain.
_MOST_SIZES, _LEAST_OF_MOST = 1.08, 0.85


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
    if right is None and attribute.key == "memory" and all(gpu.vendor == "Apple" for gpu in known):
        # Memory of a Mac is chosen as it is bought; the catalogue has the most.
        sizes = [float(gpu.value("memory") or 0) for gpu in known]
        # "Up to 192 GB" of what is sold with 512 is no limit.
        limited = what.limit == "up to" and what.value < _LEAST_OF_MOST * min(sizes)
        if what.value <= _MOST_SIZES * max(sizes) and not limited:
            return Verdict("unverifiable", because="it is sold with several sizes of memory")
    if right is None and attribute.key == "cores":
        right = _of_units(what, known)
    if right is None and attribute.key == "memory" and any(_is_shown(what, gpu) for gpu in known):
        return Verdict("unverifiable", because="a driver shows about so much of it, with ECC")
    return right or _wrong(attribute, what, known, catalogue, spoken_of)


#: What a driver shows of memory without a place of its own for ECC, as shares of what it is sold with.
_LEAST_SHOWN, _MOST_SHOWN = 0.905, 0.98


def _is_shown(what: Stated, gpu: Gpu) -> bool:
    """Whether a size is what a driver shows of a board whose ECC takes a sixteenth of its GDDR."""
    takes = gpu.value("ecc") == "yes" and "GDDR" in str(gpu.value("memory_type"))
    sold = (nominal_gb(float(gpu.value("memory") or 0.0)) or 0.0) * GB
    return bool(takes and sold) and _LEAST_SHOWN <= what.value / sold <= _MOST_SHOWN


def _of_units(what: Stated, known: Sequence[Gpu]) -> Verdict | None:
    """The confirmation of a number of AMD's or Intel's units, which some languages call as cores are."""
    own = [gpu for gpu in known if gpu.vendor != "NVIDIA" and gpu.value("sms") == what.value]
    return Verdict("confirmed", "", "as its compute units", (source_of(own[0], "sms"),)) if own else None


def confirmed(attribute: Attribute, what: Stated, gpus: Sequence[Gpu], catalogue: Catalogue) -> bool:
    """Whether `judged` confirms a value, without asking what else it is."""
    right = _right(attribute, what, gpus, catalogue)
    return right is not None and right.verdict == "confirmed"


def _known(attribute: Attribute, gpus: Sequence[Gpu]) -> list[Gpu]:
    return [gpu for gpu in gpus if any(gpu.value(field) is not None for field in attribute.fields)]


def _right(attribute: Attribute, what: Stated, gpus: Sequence[Gpu], catalogue: Catalogue) -> Verdict | None:
    """The confirmation of a value that is one of these devices'."""
    known = _known(attribute, gpus)
    right = [gpu for gpu in known if holds(attribute, what, gpu)]
    if right:
        return _confirmed(attribute, right, gpus)
    if what.limit == "up to" and "dense" not in what.said and (most := _most(attribute, what, known)):
        return most
    larger = [gpu for gpu in _sizes(attribute, known, catalogue) if holds(attribute, what, gpu)]
    if larger:
        return _confirmed(attribute, larger, gpus)._replace(true_for=larger[0].id)
    shared = known if attribute.dimension in _BY_COOLING else ()
    chips = [gpu for gpu in _on_superchips(shared, catalogue) if holds(attribute, what, gpu)]
    if not chips:
        return None
    because = f"true for the GPU of {chips[0].id}, which is called so too"
    return Verdict("unverifiable", "", because, (on_file(chips[0], attribute),), chips[0].id)


#: What the GPU of a superchip has more of than a module, with its power.
_BY_COOLING = ("power", "flop rate", "op rate", "bandwidth", "memory")


def _on_superchips(known: Sequence[Gpu], catalogue: Catalogue) -> list[Gpu]:
    """The GPUs of superchips that are called as a device is: "B200" is each of the two of a GB200 as well."""
    called: Mapping[str, Sequence[str]] = store.load("audit")["audit"]["superchips"]["of"]
    return [catalogue[key] for gpu in known for key in called.get(gpu.id, ())]


def _most(attribute: Attribute, what: Stated, known: Sequence[Gpu]) -> Verdict | None:
    """What a rate is "up to": the one with sparsity is the greatest that there is."""
    for gpu in known:
        found = by_sparsity(attribute, what, gpu)
        if found and found[1] == "with sparsity":
            return Verdict("confirmed", "", found[0], (on_file(gpu, attribute),), found[1])
    return None


def _lacking(attribute: Attribute, gpus: Sequence[Gpu]) -> Verdict | None:
    """An accusation where no device meant has the precision at all, by its architecture."""
    if (
        attribute.key == "fp64_tensor"
        and gpus
        and all(is_not_in_hardware(gpu, attribute.key) for gpu in gpus)
    ):
        because = f"{gpus[0].id} has no tensor cores for FP64"
        return Verdict("contradicted", "none", because, (source_of(gpus[0], "chip"),))
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
    """The same card with another memory, where a name without its size or type is one of them by itself."""
    if len(known) != 1:
        return []
    return [catalogue[key] for key in same_card(known[0].id, catalogue, sized=attribute.key == "memory")]


#: How the id of a card of the same name ends, with another type of memory, or a size.
_TYPED, _SIZED = re.compile(r"-g?ddr\dx?"), re.compile(r"-(?:\d+gb|g?ddr\dx?)")


@lru_cache(maxsize=1024)
def same_card(one: str, catalogue: Catalogue, *, sized: bool = False) -> tuple[str, ...]:
    """The ids of a card of the same name with another type of memory, and with another size if `sized`."""
    ends = _SIZED if sized else _TYPED
    return tuple(key for key in catalogue if key.startswith(one) and ends.fullmatch(key, len(one)))


def _confirmed(attribute: Attribute, right: Sequence[Gpu], gpus: Sequence[Gpu]) -> Verdict:
    evidence = tuple(on_file(gpu, attribute) for gpu in right[:1])
    if len(right) < len(gpus):
        names = ", ".join(gpu.id for gpu in right)
        return Verdict("confirmed", because=f"of {names}", evidence=evidence, true_for=names)
    return Verdict("confirmed", because="as on file", evidence=evidence)


def _fastest_first(fields: Sequence[str], gpu: Gpu) -> tuple[str, ...]:
    return tuple(sorted(fields, key=lambda field: -float(gpu.value(field) or 0.0)))


def _wrong(
    attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue, spoken_of: frozenset[str]
) -> Verdict:
    """An accusation with the right value; what the stated one is instead, where that is certain."""
    known = [gpu for gpu in known if gpu.confidence != "low"] or list(known)
    best = known[0]
    if attribute.key == "tensor" and what.dimension == "op rate":
        # "AI TOPS" are told with sparsity, in the format of the fewest bits.
        attribute = attribute._replace(fields=_fastest_first(attribute.fields, best))
        what = what._replace(said=what.said | {"sparse"})
    if attribute.key in _OF_MATRICES and "vector" in what.said:
        return Verdict("unverifiable", because="what is on file is the rate of its matrix units")
    field = next(field for field in attribute.fields if best.value(field) is not None)
    expected = shown(best, field, what)
    evidence = [on_file(gpu, attribute) for gpu in known[:3]]
    if not all(trusted(gpu, attribute, what) for gpu in known) and not of_namesake(
        attribute, what, known, catalogue
    ):
        return Verdict("unverifiable", expected, f"on file is {expected}, of one low source", tuple(evidence))
    why, true_for = what_instead(attribute, what, known, catalogue, spoken_of)
    # A round number is another card's by chance; that its unit or its sparsity is wrong is none.
    certain = why and (true_for.startswith(("with", "in ")) or not what.is_round)
    # What a maker may set is another card's by chance.
    certain = certain and attribute.key not in ("clock_boost", "clock_base", "clock")
    # So is what a laptop's GPU may draw.
    certain = certain and not (attribute.key == "power" and any(gpu.segment == "laptop" for gpu in known))
    # A unit is wrong whoever states the number.
    of_another = true_for not in spoken_of and not true_for.startswith("in ")
    weak = of_another and any(of_one_database(attribute, what, gpu) for gpu in known)
    if weak or (not certain and any(too_near(attribute, what, gpu) for gpu in known)):
        near = f"on file is {expected}, too near to call {what.text} wrong"
        return Verdict("unverifiable", expected, near, tuple(evidence))
    values = "; ".join(
        f"{gpu.id} has {shown(gpu, field, what)}{' with sparsity' if 'sparse' in what.said else ''}"
        for gpu in known[:3]
        if gpu.value(field) is not None
    )
    because = f"{values}{'; ' + why if why else ''}"
    return Verdict("contradicted", expected, because, tuple(evidence), true_for)
