"""`Gpu`: one device of the catalogue, its facts read when they are asked for."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import reading
from whichgpu.hardware.architecture import IMPLIED, architectures
from whichgpu.hardware.fields import FIELDS, IDENTITY, RATES
from whichgpu.units import DIMENSIONS, GIB, MIB, number, show
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.facts.model import Fact
    from whichgpu.hardware.architecture import Architecture

#: Sizes of device memory that are sold, in GB.
_SOLD = (1, 2, 3, 4, 6, 8, 10, 11, 12, 16, 20, 24, 32, 40, 48, 64, 72, 80, 94, 95, 96, 128, 141, 144, 180,
         186, 192, 256, 288)  # fmt: skip


@immutable(eq=False, slots=False)
class Gpu(Shown):
    """One device: what it is called, and every fact that a source states about it.

    A field without a source is *not read*: never zero, never "no", never taken from a like name.
    """

    id: str
    name: str
    vendor: str
    segment: str
    architecture: str
    family: str
    aliases: tuple[str, ...]
    note: str
    confidence: str
    #: True for a device of the user's own file, whose values need no source.
    user: bool
    _raw: Mapping[str, Any]
    _where: str
    #: Fields that the user's own file states; the rest come from its `base`.
    _own: frozenset[str] = frozenset()
    _read: dict[str, tuple[Fact, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        # "Apple M2" has its maker in its name.
        return self.name if self.name.startswith(f"{self.vendor} ") else f"{self.vendor} {self.name}".strip()

    def __repr__(self) -> str:
        return f"<Gpu {self.id}: {self}>"

    def stated(self, name: str) -> tuple[Fact, ...]:
        """Every source's fact on a field, the one in use first; empty where none was read.

        Raises `DataError` (`UsageError` for the user's own file) on a malformed value or an unknown field.
        """
        if name not in self._read:
            self._read[name] = self._parse(name)
        return self._read[name]

    def fact(self, name: str) -> Fact | None:
        """The fact in use for a field, or None where none was read."""
        known = self.stated(name)
        return known[0] if known else None

    def also(self, name: str) -> tuple[Fact, ...]:
        """What other sources say about a field."""
        return self.stated(name)[1:]

    def value(self, name: str) -> Any:
        """The value in use: an SI float, a count, a flag, text; None where none was read."""
        known = self.stated(name)
        return known[0].value if known else None

    def sparse_times(self, rate: str = "") -> float:
        """How many times its dense peak a rate reaches with 2:4 sparsity; 1 where nothing says so.

        A rate may have a figure of its own: the FP4 of Blackwell Ultra gains a third, all else twice;
        the formats of CDNA 4 with shared scales gain nothing.
        """
        own = f"sparsity_{rate}"
        return float((own in FIELDS and self.value(own)) or self.value("sparsity") or 1.0)

    def glance(self, name: str) -> Any:
        """The value in use without its evidence, for a look at hundreds of GPUs."""
        raw = self._raw.get(name)
        if name in self._read or self.user or not isinstance(raw, list):
            return self.value(name)
        first = raw[0] if isinstance(raw[0], list) else raw
        return reading.read(first[0], FIELDS[name].dimension, f"{self._where}.{name}")

    def need(self, name: str) -> float:
        """The number in use for a field.

        Raises `DataError` naming the GPU and the field where no source was read.
        """
        value = self.value(name)
        if isinstance(value, int | float):
            return float(value)
        raise DataError(f"{self.id}: its {_label(name)} was not read in any source; see: show {self.id}")

    def own(self, name: str) -> bool:
        """Whether the user's own file states a field, rather than the device that it starts from."""
        return name in self._own

    @property
    def where(self) -> str:
        """The file and the entry that it was read from, for messages."""
        return self._where

    def fields(self) -> tuple[str, ...]:
        """The fields that have a value, in the order of the catalogue."""
        return tuple(name for name in FIELDS if self._has(name))

    def unknown_fields(self) -> tuple[str, ...]:
        """Keys of its table that are no field of the catalogue."""
        return tuple(key for key in self._raw if key not in FIELDS and key not in (*IDENTITY, "base"))

    @property
    def base(self) -> str:
        """The known device that one of the user's own file starts from; empty for any other."""
        return str(self._raw.get("base", "")) if self.user else ""

    @cached_property
    def variant(self) -> Architecture | None:
        """The architecture variant, or None where there are no data on it."""
        return architectures().get(self.architecture)

    @cached_property
    def why_unusable(self) -> str:
        """Why no prediction can be made for this device; empty where one can."""
        for known, what, example in (
            (self._has("bandwidth"), "memory bandwidth", 'bandwidth = "600 GB/s"'),
            (any(self._has(rate) for rate in RATES), "peak rate", 'fp16 = "125 TFLOPS"'),
            (self._has("memory"), "memory", 'memory = "24 GB"'),
        ):
            if not known:
                return self._lacking(what, example)
        return ""

    def _lacking(self, what: str, example: str) -> str:
        if self.user:
            return (
                f"{self._where} states no {what}, so nothing can be predicted; add e.g. {example}, or start "
                'from a known device: base = "a10"'
            )
        read = "no peak rate was" if what == "peak rate" else f"its {what} was not"
        return (
            f"{self.id}: {read} read in any source, so nothing can be predicted; describe yours in a file "
            f'for --gpu-file: base = "{self.id}", {example}'
        )

    @property
    def usable(self) -> bool:
        """Whether predictions can be made: its bandwidth and at least one peak rate are known."""
        return not self.why_unusable

    def display(self, name: str) -> str:
        """A field as a person would write it; empty where none was read."""
        known = self.fact(name)
        return display(name, known) if known else ""

    def to_dict(self) -> dict[str, Any]:
        """The contract's shape of `show`, with family, segment and the sources that it names."""
        shown = {name: fact for name in self.fields() if (fact := self.fact(name))}
        return {
            "id": self.id,
            "name": self.name,
            "vendor": self.vendor,
            "architecture": self.architecture,
            "family": self.family,
            "segment": self.segment,
            "aliases": list(self.aliases),
            "note": self.note,
            "confidence": self.confidence,
            "usable": self.usable,
            "why_unusable": self.why_unusable,
            "fields": {name: self._field(name, fact) for name, fact in shown.items()},
            "sources": self._sources(shown),
        }

    def _field(self, name: str, fact: Fact) -> dict[str, Any]:
        others = [
            {"value": other.value, "text": display(name, other), "source": other.source, "note": other.note}
            for other in self.also(name)
        ]
        return {
            "label": FIELDS[name].label,
            "value": fact.value,
            "unit": unit(fact.dimension),
            "text": display(name, fact),
            "source": fact.source,
            "kind": fact.kind,
            **({"as_of": fact.as_of} if fact.as_of else {}),
            **({"note": fact.note} if fact.note else {}),
            **({"also": others} if others else {}),
        }

    def _sources(self, shown: Mapping[str, Fact]) -> dict[str, dict[str, str]]:
        known = reading.sources()
        keys = {key for name in shown for fact in self.stated(name) for key in fact.sources}
        return {
            key: {"title": known[key].title, "url": known[key].url, "kind": known[key].kind}
            for key in sorted(keys)
            if key in known
        }

    def _has(self, name: str) -> bool:
        return name in self._raw or (name in IMPLIED and bool(self.stated(name)))

    def _parse(self, name: str) -> tuple[Fact, ...]:
        if name not in FIELDS:
            raise UsageError(f"no field '{name}'; the fields are {', '.join(FIELDS)}")
        if name not in self._raw:
            implied = self.variant.fact(name) if name in IMPLIED and self.variant else None
            return (implied,) if implied else ()
        where = f"{self._where}.{name}"
        try:
            return reading.facts(self._raw[name], FIELDS[name].dimension, where, user=name in self._own)
        except UsageError as fault:
            if self.user:
                raise
            raise DataError(str(fault)) from None


def _label(name: str) -> str:
    return FIELDS[name].label.lower() if name not in RATES else f"{FIELDS[name].label} peak rate"


def unit(dimension: str) -> str:
    """The SI unit that a value of a dimension is in; empty for counts, text and flags."""
    return DIMENSIONS[dimension].si if dimension in DIMENSIONS else ""


#: The source of what the driver says of the device at hand.
_AT_HAND = "nvml"


def display(name: str, fact: Fact) -> str:
    """A fact as a person would write it: `2,039 GB/s`, `80 GB (81,920 MiB)`, `54.2 billion`."""
    if name == "memory":
        # What is free of a card is no size that any is sold by.
        return show(fact.value, "memory") if at_hand(fact) else _device_memory(fact.value)
    if fact.dimension == "memory":
        return show(fact.value, "memory")
    if fact.dimension == "count":
        return _count(fact.value)
    if fact.dimension in DIMENSIONS:
        plain = fact.text.endswith(f" {DIMENSIONS[fact.dimension].si}") and fact.kind in (
            "derived",
            "measured",
        )
        return show(fact.value, fact.dimension) if plain else _grouped(fact.text)
    return fact.text


def at_hand(fact: Fact) -> bool:
    """Whether a driver said it of the device at hand."""
    return _AT_HAND in fact.sources


def nominal_gb(memory: float) -> int | None:
    """The size in GB under which so much device memory is sold: 23,028 MiB is a 24 GB card.

    Vendors write GB for what the driver counts in binary, and ECC and firmware keep up to a tenth of it.
    None where no usual size is near.
    """
    gib = memory / GIB
    sold = next((size for size in _SOLD if gib - 1e-6 <= size <= gib * 1.1), None)
    return sold or (round(gib) if abs(gib - round(gib)) < 1e-6 else None)


def sold_memory(gpu: Gpu) -> float | None:
    """Device memory in B under which a GPU is sold, to compare sizes by.

    Of one a driver told what ECC leaves (22.5 GiB of an L4), of another the data sheet alone is read (L2).
    """
    memory = gpu.value("memory")
    return (nominal_gb(float(memory)) or float(memory) / GIB) * GIB if memory else None


def _device_memory(value: float) -> str:
    size = nominal_gb(value)
    words = f"{size:,} GB" if size else f"{number(value / GIB, 4)} GiB"
    return f"{words} ({value / MIB:,.0f} MiB)"


def _count(value: float) -> str:
    for scale, word in ((1e9, "billion"), (1e6, "million")):
        if value >= scale:
            return f"{number(value / scale, 4)} {word}"
    return f"{value:,}"


def _grouped(text: str) -> str:
    """The text of a data file with its thousands set off."""
    number, space, unit = text.partition(" ")
    whole, point, rest = number.partition(".")
    plain = whole.isdecimal() and (rest.isdecimal() or not point)
    return f"{int(whole):,}{point}{rest}{space}{unit}" if plain else text
