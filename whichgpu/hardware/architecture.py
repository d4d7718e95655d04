"""Architectures: what a generation of chips does per clock, and how generations follow each other.

A *family* (`ampere`) is a generation; its *variants* (`ampere_ga100`) differ in what one SM does per
clock or in what the vendor enables. A device names its variant.
"""

from __future__ import annotations

from dataclasses import field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import reading, store
from whichgpu.values import Lazy, immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.facts.model import Fact

#: What a variant states beside its rates, and the dimension of each.
DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "compute_capability": "text",
        "cores_per_sm": "count",
        "tensor_cores_per_sm": "count",
        "tensor_core_generation": "count",
        "rt_core_generation": "count",
        "rt_flop_per_clock": "count",
        "acc32_halved": "flag",
        "fp32_products": "flag",
        "bf16_in_fp32": "flag",
        "sparsity": "count",
        "sparsity_fp4": "count",
        "sparsity_fp6": "count",
        "l1_shared_per_sm": "memory",
        "max_shared_per_sm": "memory",
        "registers_per_sm": "memory",
        "encoders": "text",
        "decoders": "text",
        "graphics_apis": "text",
        "compute_apis": "text",
    }
)

#: Fields of a device that its variant implies where the device does not state them itself.
IMPLIED = (
    "compute_capability", "tensor_core_generation", "rt_core_generation", "sparsity", "sparsity_fp4",
    "sparsity_fp6", "encoders", "decoders", "graphics_apis", "compute_apis",
)  # fmt: skip


@immutable(eq=False)
class Architecture:
    """One variant: per-SM facts and rates, each with its source; `name` only where it has one of its own.

    `also` has other names that people give it (`Battlemage`). `follows` has the variants of its family that
    it came after, where a family goes on for several generations (RDNA 2 after RDNA), `year` when it came.
    """

    id: str
    family: str
    chips: tuple[str, ...]
    what: str
    _raw: Mapping[str, Any]
    _where: str
    name: str = ""
    also: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    year: int | None = None
    _read: dict[str, Fact | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Architecture {self.id}: {self.what or ', '.join(self.chips)}>"

    def fact(self, name: str) -> Fact | None:
        """A per-SM fact (a key of `DIMENSIONS`), or None where no source was read."""
        if name not in self._read:
            self._read[name] = self._fact(self._raw.get(name), DIMENSIONS[name], name)
        return self._read[name]

    def fma(self, rate: str) -> Fact | None:
        """Fused multiply-adds per clock per SM at a precision, or None where not read."""
        key = f"fma_per_clock_per_sm.{rate}"
        if key not in self._read:
            self._read[key] = self._fact(self._raw.get("fma_per_clock_per_sm", {}).get(rate), "count", key)
        return self._read[key]

    def rates(self) -> tuple[str, ...]:
        """The precisions whose rate is stated."""
        return tuple(self._raw.get("fma_per_clock_per_sm", {}))

    @property
    def plain(self) -> bool:
        """Whether it is known to have no matrix units."""
        units = self.fact("tensor_cores_per_sm")
        return units is not None and not units.value

    @property
    def widens_bf16(self) -> bool:
        """Whether compilers take numbers in BF16 and compute with them in FP32."""
        stated = self.fact("bf16_in_fp32")
        return stated is not None and bool(stated.value)

    @property
    def native(self) -> tuple[str, ...]:
        """The precisions that the hardware computes in, as stated."""
        raw = self._raw.get("native", ())
        if raw and isinstance(raw[0], list):
            raw = raw[0]
        return tuple(str(item) for item in raw)

    def _fact(self, raw: Any, dimension: str, name: str) -> Fact | None:
        if raw is None:
            return None
        try:
            return reading.facts(raw, dimension, f"{self._where}.{name}")[0]
        except UsageError as fault:
            raise DataError(str(fault)) from None


@immutable
class Family:
    """One generation of architectures."""

    id: str
    name: str
    vendor: str
    year: int | None
    #: Whom it is named after, and where that was read; both empty where that is nobody.
    named_after: tuple[str, str]
    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    variants: tuple[Architecture, ...]

    def __repr__(self) -> str:
        return f"<Family {self.id}: {self.vendor} {self.name}, {self.year or 'year not read'}>"


@cache
def families() -> Mapping[str, Family]:
    """Every generation by id, the stem of its file in `data/architectures/`; each is read when asked for."""
    files = store.glance("architectures").files
    return Lazy(tuple(files), lambda stem: _family(stem, files[stem]))


@cache
def generations() -> Mapping[str, str]:
    """The id of the generation of each variant, by the variant's; no file is parsed for it."""
    names = store.glance("architectures").names.items()
    return MappingProxyType({key: stem for stem, tables in names for key in tables.get("variant", ())})


@cache
def architectures() -> Mapping[str, Architecture]:
    """Every variant by id; a generation is read when one of its own is asked for."""
    stems = generations()
    return Lazy(stems, lambda key: next(one for one in families()[stems[key]].variants if one.id == key))


def called(text: str) -> str:
    """The id of the generation or variant that a text names (`Ada Lovelace`, `RDNA 3`), or ""."""
    return _called().get(_squeezed(text), "")


def alike(text: str) -> str:
    """The id of the generation or variant whose name is spelled most like a text, or ""."""
    from difflib import get_close_matches

    near = get_close_matches(_squeezed(text), _called(), n=1, cutoff=0.75)
    return _called()[near[0]] if near else ""


@cache
def _called() -> Mapping[str, str]:
    """Every way to write a generation or a variant, with and without its vendor; generations come first."""
    known: dict[str, str] = {}
    for family in families().values():
        for name in (family.id, family.name):
            known.setdefault(_squeezed(name), family.id)
            known.setdefault(_squeezed(family.vendor + name), family.id)
    for variant in architectures().values():
        vendor = families()[variant.family].vendor
        for name in filter(None, (variant.id, variant.name, *variant.also)):
            known.setdefault(_squeezed(name), variant.id)
            known.setdefault(_squeezed(vendor + name), variant.id)
    return MappingProxyType(known)


def _squeezed(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum() or c == ".")


def family_of(architecture: str) -> Family | None:
    """The generation of a variant, or None for a variant without data."""
    variant = architectures().get(architecture)
    return families()[variant.family] if variant else None


@immutable
class Step:
    """One generation in a succession: a family, or a variant of one that goes on for several generations."""

    id: str
    name: str
    year: int | None
    variants: tuple[Architecture, ...]


def before(architecture: str) -> tuple[Step, ...]:
    """The generations that a variant came right after."""
    variant, family = architectures().get(architecture), family_of(architecture)
    if variant is None or family is None:
        return ()
    if variant.follows:
        return tuple(_step(architectures()[key]) for key in variant.follows if key in architectures())
    return tuple(_whole(families()[key]) for key in family.predecessors if key in families())


def after(architecture: str) -> tuple[Step, ...]:
    """All generations that came after a variant, the oldest first; those without a year last."""
    family = family_of(architecture)
    if family is None:
        return ()
    chain = [architectures()[architecture]]
    for one in chain:
        chain += [other for other in family.variants if one.id in other.follows and other not in chain]
    found = {one.id: _step(one) for one in chain[1:]}
    left = list(family.successors)
    while left:
        later = families().get(left.pop())
        if later and not any(step.id in found for step in _steps(later)):
            left += later.successors
            found.update({step.id: step for step in _steps(later)})
    return tuple(sorted(found.values(), key=lambda step: step.year or 9999))


def _steps(family: Family) -> tuple[Step, ...]:
    chained = any(one.follows for one in family.variants)
    return tuple(map(_step, family.variants)) if chained else (_whole(family),)


def _whole(family: Family) -> Step:
    return Step(family.id, family.name, family.year, family.variants)


def _step(variant: Architecture) -> Step:
    return Step(variant.id, variant.name or variant.what, variant.year, (variant,))


def _family(stem: str, content: Mapping[str, Any]) -> Family:
    head = content.get("family", {})
    where = f"data/architectures/{stem}.toml"
    variants = tuple(
        Architecture(
            id=key,
            family=stem,
            chips=tuple(raw.get("chips", ())),
            what=str(raw.get("what", "")),
            _raw=raw,
            _where=f"{where}: variant.{key}",
            name=str(raw.get("name", "")),
            also=_names(raw.get("also")),
            follows=_names(raw.get("follows")),
            year=_first(raw.get("year")),
        )
        for key, raw in content.get("variant", {}).items()
    )
    return Family(
        id=stem,
        name=str(head.get("name", stem)),
        vendor=str(head.get("vendor", "")),
        year=_first(head.get("year")),
        named_after=tuple(head.get("named_after", ("", ""))),
        predecessors=_names(head.get("predecessor")),
        successors=_names(head.get("successor")),
        variants=variants,
    )


def _first(raw: Any) -> Any:
    """The value of a fact on disk, with or without its source."""
    while isinstance(raw, list) and raw:
        raw = raw[0]
    return raw if raw != [] else None


def _names(raw: Any) -> tuple[str, ...]:
    if not raw:
        return ()
    return (raw,) if isinstance(raw, str) else tuple(raw)
