"""How a stated value is rounded, and whether it is one that a source states."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.audit.values.sourced import values_of
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GB, GIB, MIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.audit.values.attributes import Attribute
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
#: Sizes that are one size: decimal units for binary ones, as cards and caches are sold.
_ALIKE = {"memory": GIB / GB, "l2": MIB / 1e6, "l3": MIB / 1e6}
#: How far rounding may change a value at most, as a share of it, and one below 1.
_ROUNDING, _FRACTION = 0.035, 0.25
#: How far one digit is rounded at most.
_ONE_DIGIT, _ONE_TERABYTE = 0.07, 0.11
#: Nodes of TSMC that one process is called by.
_ONE_NODE = frozenset({4e-9, 5e-9})
#: A terabyte, and how far a data sheet rounds a rate of whole tenths of it.
_TERA, _TENTH = 1e12, 0.05e12
#: A figure that is told in full is off by no more, as a share.
EXACT = 1e-3
#: How far a number of full hundreds may be rounded, as a share of it.
_HUNDREDS = 0.01
#: How far a sum of memories in terabytes may be rounded or cut off.
_TOGETHER = 0.06
#: Sizes that differ by less are one: 11 and 12 GB are two, however they are counted.
_ONE_SIZE, _IN_BYTES, _IN_DECIMAL = 0.01, 0.002, 0.003


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


def holds(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether any source states the value of a device, as rounded as it stands."""
    return any(_same(attribute, what, value) for value, _ in values_of(attribute, what, gpu))


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
    if attribute.key == "bandwidth" and value >= _TERA and value % (_TERA / 10) == 0:
        # "2 TB/s" in a data sheet is rounded itself: bus and clock of that card give 2,039 GB/s.
        within = max(within, _TENTH / value)
    if what.limit == "about":
        within = max(within, 0.05)
    # Digits may be cut off as well as rounded: 107.6 is told as 107.
    cut = 0 < value - what.value <= min(2 * what.rounding, _CUT) * value and attribute.dimension in _CUTTABLE
    # 33.5 is told as 34: half of the last digit is a share of what is told.
    return cut or abs(what.value - value) <= (within + 1e-9) * max(what.value, value)


def _same_size(attribute: Attribute, what: Stated, value: float) -> bool:
    """Whether a size is a known one, in decimal units or in binary ones."""
    binary = _ALIKE.get(attribute.key, _ALIKE["memory"])
    nominal = (nominal_gb(value) or 0) * GB
    if what.unit == "MB" and round(what.value / 1e6) % 1024 == 0:
        # "24576 MB" counts in binary units, whatever it calls them.
        what = what._replace(value=what.value * 1.024**2)
    if what.unit in ("KB", "kB") and round(what.value / 1e3) % 256 == 0:
        # So do caches: "73,728 KB".
        what = what._replace(value=what.value * 1.024)
    if what.unit.startswith("T"):
        # No device has a terabyte: of several together it is a round figure, 1.1 TB of 1,128 GB.
        return any(abs(what.value - each) <= min(2 * what.rounding, _TOGETHER) * each
                   for each in (value, nominal))  # fmt: skip
    # In decimal units 24 GB are 25.8, and no 26.
    near = (
        (value, 1.0, _IN_BYTES),
        (value, binary, _ONE_SIZE),
        (nominal, 1.0, _ONE_SIZE),
        (nominal, 1 / binary, _IN_DECIMAL),
    )
    return any(abs(what.value * share - each) < within * each for each, share, within in near)


def _share(attribute: Attribute, what: Stated) -> float:
    """How far a value may be off: the tolerance of its dimension, or half of its last digit."""
    common = _ROUNDED.get(attribute.key, _WITHIN.get(attribute.dimension, 0.01))
    # One digit behind the point of "0.2" is all that is known of it.
    most = _FRACTION if re.match(r"~?0[.,]\d", what.text) else _ROUNDING
    if attribute.dimension in ("flop rate", "op rate") and re.match(r"~?[2-9]\s?[TPtp]", what.text):
        # So is one digit of "2 PFLOPS", as a maker tells 1.92 of them.
        most = _ONE_DIGIT
    if attribute.key == "bandwidth" and re.match(r"~?[3-9]\s?T", what.text):
        # "3 TB/s" is how 3.35 were announced; "2 TB/s" tells the sizes of an A100 apart.
        most, common = _ONE_TERABYTE, min(what.rounding, _ONE_TERABYTE)
    in_thousands = attribute.dimension == "count" and re.search(r"\d\s?[kK]\b", what.text)
    return max(common, min(what.rounding, most)) if common or in_thousands else 0.0


def exactly(attribute: Attribute, what: Stated, gpu: Gpu) -> bool:
    """Whether a value is a device's within a thousandth, or its size."""
    if attribute.dimension in ("memory", "length"):
        return holds(attribute, what, gpu)
    return any(value and abs(what.value / value - 1) <= EXACT for value, _ in values_of(attribute, what, gpu))
