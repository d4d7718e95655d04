"""What a number carries: its source, its kind, its date, and for a prediction its interval."""

from __future__ import annotations

from typing import Any

from whichgpu.values import immutable

#: How a value came to be known, most trusted first.
KINDS = ("vendor", "press", "measured", "database", "reseller", "derived", "assumed", "user")
#: Kinds of what a maker says of its own part: on its own pages and sheets, and as the press printed what it
#: announced.
MAKERS = ("vendor", "press")


@immutable
class Source:
    """Where facts were read."""

    id: str
    title: str
    url: str
    kind: str
    accessed: str = ""


@immutable
class Fact:
    """One value with its evidence.

    `value` is an SI float, an integer count, a flag or text; `text` is what the data file says;
    `sources` are the ids of `data/sources.toml` that state it (several: any of them), `locator`
    the place in them; `kind` is one of `KINDS`; `as_of` is an ISO date or empty. One that
    is `mistaken` is stated of the device by its source, and is another part's, or half a part's, as its note
    says.
    """

    value: Any
    text: str
    dimension: str
    sources: tuple[str, ...]
    locator: str
    kind: str
    as_of: str = ""
    note: str = ""
    mistaken: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def source(self) -> str:
        """The sources and the locator as one string."""
        return " ".join(part for part in (";".join(self.sources), self.locator) if part)


@immutable
class Interval:
    """A value known to lie in [low, high] with 90 % confidence, `mid` the best single figure."""

    low: float
    mid: float
    high: float
    unit: str = ""

    def to_dict(self) -> dict[str, float | str]:
        """The contract's shape: `{"low", "mid", "high", "unit"}`."""
        return {"low": self.low, "mid": self.mid, "high": self.high, "unit": self.unit}

    def scaled(self, factor: float, unit: str | None = None) -> Interval:
        """The interval times a positive factor, in `unit` if given."""
        return Interval(
            self.low * factor, self.mid * factor, self.high * factor, self.unit if unit is None else unit
        )
