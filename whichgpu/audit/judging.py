"""Whether a stated value is a device's: tolerances by dimension, and what else the value is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit.findings import Evidence
from whichgpu.facts import reading
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.attributes import Attribute
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: How far a stated value may be off, as a share: what rounding and boost clocks make of it.
_WITHIN = {
    "count": 0.0, "bits": 0.0, "bandwidth": 0.005, "memory": 0.0, "flop rate": 0.008, "op rate": 0.008,
    "power": 0.005, "frequency": 0.005, "area": 0.01, "length": 0.0, "bit rate": 0.01, "money": 0.01,
}  # fmt: skip
_RATES = ("flop rate", "op rate")
#: Gigabytes and gibibytes of one number are one size of a card.
_GB, _GIB = 1e9, 2.0**30


class Verdict(NamedTuple):
    """What a stated value is: the verdict, what would be right, the reason, what it rests on, for whom it holds."""

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


def stated(value: float, text: str, limit: str, said: frozenset[str]) -> Stated:
    """A value with how it is rounded."""
    digits = re.search(r"\d[\d.,\u00a0 ']*", text)
    plain = (digits[0] if digits else "0").strip(" .,")
    fraction = re.search(r"[.,](\d{1,2})$", plain)
    number = float(re.sub(r"[^\d.]", "", plain.replace(",", "")) or 0)
    step = 10.0 ** -len(fraction[1]) if fraction else 1.0
    return Stated(value, text, limit, said, 0.5 * step / number if number else 0.0)


def judged(attribute: Attribute, what: Stated, gpus: Sequence[Gpu], catalogue: Catalogue) -> Verdict:
    """The verdict on a value that is stated of one of these devices."""
    known = [gpu for gpu in gpus if any(gpu.value(field) is not None for field in attribute.fields)]
    if not known:
        return Verdict("unverifiable", because="no source on file states it")
    right = [gpu for gpu in known if _holds(attribute, what, gpu)]
    if right:
        return _confirmed(attribute, right, gpus)
    return _wrong(attribute, what, known, catalogue)


def _holds(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    return any(_same(attribute, what, value) for value, _ in _values(attribute, what, gpu))


def _values(attribute: Attribute, what: Stated, gpu: Gpu) -> Iterator[tuple[float, str]]:
    """Every value of the attribute that what is said beside it allows, with its field: also those of other sources."""
    for field in attribute.fields:
        for fact in gpu.stated(field):
            if not isinstance(fact.value, int | float):
                continue
            value = float(fact.value)
            if attribute.dimension in _RATES and "sparse" in what.said:
                value *= float(gpu.value("sparsity") or 1.0)
            yield value, field


def _same(attribute: Attribute, what: Stated, value: float) -> bool:
    """Whether a stated value is a known one, by the way its dimension is rounded and by its limit."""
    if what.limit == "over":
        return what.value <= value * (1 + _share(attribute, what)) and what.value >= 0.7 * value
    if what.limit == "nearly":
        return value * 0.9 <= what.value * 1.001 <= value * 1.12
    if attribute.dimension == "memory":
        size = nominal_gb(value)
        sizes = {value / _GIB, value / _GB, float(size or 0)}
        return any(
            abs(what.value / unit - each) < 0.02 * each for unit in (_GB, _GIB) for each in sizes if each
        )
    within = _share(attribute, what)
    if what.limit == "about":
        within = max(within, 0.05)
    return value == what.value or (value > 0 and abs(what.value / value - 1) <= within + 1e-9)


def _share(attribute: Attribute, what: Stated) -> float:
    """How far a value may be off: the tolerance of its dimension, or half of its last digit."""
    common = _WITHIN.get(attribute.dimension, 0.01)
    return max(common, min(what.rounding, 0.02)) if common else 0.0


def _confirmed(attribute: Attribute, right: Sequence[Gpu], gpus: Sequence[Gpu]) -> Verdict:
    evidence = tuple(_evidence(gpu, attribute) for gpu in right[:1])
    if len(right) < len(gpus):
        names = ", ".join(gpu.id for gpu in right)
        return Verdict("confirmed", because=f"of {names}", evidence=evidence, true_for=names)
    return Verdict("confirmed", because="as on file", evidence=evidence)


def _wrong(attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue) -> Verdict:
    """An accusation with the right value; what the stated one is instead, where that is certain."""
    best = known[0]
    field = next(field for field in attribute.fields if best.value(field) is not None)
    expected = shown(best, field, what)
    evidence = [_evidence(gpu, attribute) for gpu in known[:3]]
    if _trusted(best, field) is False:
        return Verdict("unverifiable", expected, f"on file is {expected}, of one low source", tuple(evidence))
    why, true_for = _instead(attribute, what, known, catalogue)
    values = "; ".join(
        f"{gpu.id} has {shown(gpu, field, what)}" for gpu in known[:3] if gpu.value(field) is not None
    )
    because = f"{values}{'; ' + why if why else ''}"
    return Verdict("contradicted", expected, because, tuple(evidence), true_for)


def _trusted(gpu: Gpu, field: str) -> bool:
    """Whether a value may carry an accusation: it has a source that is no guess."""
    fact = gpu.fact(field)
    return fact is not None and fact.kind != "assumed" and gpu.confidence != "low"


def _instead(
    attribute: Attribute, what: Stated, known: Sequence[Gpu], catalogue: Catalogue
) -> tuple[str, str]:
    """What the stated value is in truth, in words, and for which device it would be right."""
    if attribute.dimension in _RATES:
        for gpu in known:
            times = float(gpu.value("sparsity") or 1.0)
            for field in attribute.fields:
                value = gpu.value(field)
                if (
                    value
                    and times > 1
                    and "sparse" not in what.said
                    and _near(what.value, float(value) * times)
                ):
                    return (
                        f"{what.text} is the figure with sparsity, {times:g} times the dense one",
                        "with sparsity",
                    )
                if value and times > 1 and "sparse" in what.said and _near(what.value, float(value)):
                    return f"{what.text} is the dense figure", "without sparsity"
    kin = _kin(known, catalogue)
    for gpu in kin:
        if _holds(attribute, what, gpu):
            return f"{what.text} is the {gpu.name}'s", gpu.id
    return "", ""


def _near(a: float, b: float) -> bool:
    return abs(a / b - 1) <= 0.01


def _kin(known: Sequence[Gpu], catalogue: Catalogue) -> list[Gpu]:
    """Other forms of a device, its desktop or laptop namesake, and its nearest relations."""
    from whichgpu.hardware import tokens

    ids = {gpu.id for gpu in known}
    words = tokens.model(known[0]) - {"laptop", "maxq"}
    same = [gpu for gpu in catalogue.values() if tokens.model(gpu) - {"laptop", "maxq"} == words]
    near = [gpu for gpu in catalogue.values() if gpu.architecture == known[0].architecture]
    return [gpu for gpu in (*same, *near) if gpu.id not in ids]


def shown(gpu: Gpu, field: str, what: Stated) -> str:
    """A field as it would be written beside what is stated: with sparsity where that is said."""
    times = float(gpu.value("sparsity") or 1.0)
    text = str(gpu.display(field))
    if (
        "sparse" in what.said
        and times > 1
        and field in ("fp16", "bf16", "tf32", "fp8", "int8", "int4", "fp4")
    ):
        value = gpu.value(field)
        return f"{float(value) * times / 1e12:,.4g} T with sparsity ({text} dense)" if value else text
    return text


def _evidence(gpu: Gpu, attribute: Attribute) -> Evidence:
    field = next((field for field in attribute.fields if gpu.value(field) is not None), attribute.fields[0])
    fact = gpu.fact(field)
    if fact is None:
        return Evidence(f"{gpu.id}: {field} not read")
    known = reading.sources()
    first = known.get(fact.sources[0])
    return Evidence(f"{gpu.id}: {field} {gpu.display(field)}", fact.source, first.url if first else "")
