"""Tables of a plan file: known keys, values of the right kind, and where in the file a fault is."""

from __future__ import annotations

import math
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Keys:
    """One table and its place; each value is asked for by its kind, and all keys must be known."""

    def __init__(self, raw: Any, where: str, known: Iterable[str]) -> None:
        if not isinstance(raw, dict):
            raise UsageError(f"{where}: {shown(raw)} is not a table; write it as [{where}] with keys below")
        self.raw: Mapping[str, Any] = raw
        self.where = where
        names = tuple(known)
        for key in raw:
            if key not in names:
                near = get_close_matches(str(key), names, n=1, cutoff=0.5)
                means = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(names))}"
                raise UsageError(f"{where}: no key '{one_line(key)}'; {means}")

    def fault(self, key: str, why: str) -> UsageError:
        """A fault in the value of a key."""
        return UsageError(f"{self.where}.{key}: {why}")

    def text(self, key: str, default: str = "") -> str:
        """A text of one line."""
        value = self.raw.get(key, default)
        if not isinstance(value, str) or not value.isprintable():
            raise self.fault(key, f"{shown(value)} is not text")
        return value.strip()

    def names(self, key: str) -> tuple[str, ...] | None:
        """Texts, as a list or parted by commas; None where not stated."""
        value = self.raw.get(key)
        if value is None:
            return None
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(one, str) for one in parts) or not parts:
            raise self.fault(key, f'{shown(value)} is not a list of names; write e.g. ["aws", "gcp"]')
        return tuple(one.strip() for one in parts if one.strip())

    def whole(self, key: str, default: int | None = None, least: int = 1) -> int | None:
        """A whole number."""
        value = self.raw.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise self.fault(key, f"{shown(value)} is not a whole number")
        if not least <= value <= 1e12:
            raise self.fault(key, f"{value:g} is not from {least} to 1e12")
        return int(value)

    def number(self, key: str, dimension: str, default: float | None = None, least: float = 0.0) -> float | None:
        """A quantity with its unit, or a bare number where the key says what it is of (`usd_per_hour`)."""
        value = self.raw.get(key)
        if value is None:
            return default
        if isinstance(value, str):
            try:
                value = parse(value, dimension)
            except UsageError as fault:
                raise self.fault(key, str(fault)) from None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fault(key, f"{shown(value)} is not a finite number")
        if value < least:
            raise self.fault(key, f"{value:g} is below {least:g}")
        return float(value)

    def share(self, key: str, default: float, most: float = 1.0) -> float:
        """A share, `"30 %"` or 0.3."""
        value = self.number(key, "share", default)
        assert value is not None
        if value > most:
            raise self.fault(key, f'{value:g} is above {most:g}; write e.g. "30 %"')
        return value

    def seconds(self, key: str) -> float | None:
        """A time with its unit."""
        if key in self.raw and not isinstance(self.raw[key], str):
            raise self.fault(key, f'{shown(self.raw[key])} has no unit; write e.g. "3 min"')
        return self.number(key, "time")

    def truth(self, key: str) -> bool:
        """True or false; false where not stated."""
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, f"{shown(value)} is not true or false")
        return value


def shown(value: Any) -> str:
    """A value as an error shows it."""
    return f"'{one_line(value)[:60]}'"


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """That there is nothing of a name, and what is near."""
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    means = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names) or 'none'}"
    return f"no {what} '{one_line(name)}'; {means}"
