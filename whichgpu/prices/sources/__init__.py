"""Where prices are read live: one file per source, found by its name.

A file has `SOURCE`, a `PriceSource`. To add one: write the file, describe it in `data/prices/sources.toml`,
put a recorded sample under `tests/prices/<id>/` and run `python tests/test_price_sources.py` for its golden.
"""

from __future__ import annotations

import csv
import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError
from whichgpu.values import NamedTuple, modules_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from whichgpu.prices.fetch import Get
    from whichgpu.prices.listing import Listing


class Interruption(NamedTuple):
    """How often spot instances of a type are taken back in a region, and what they save."""

    provider: str
    instance: str
    region: str
    #: Share of instances taken back in a month: at least, and less than.
    low: float
    high: float
    #: Share saved against the on-demand price, as the source states it.
    savings: float


class Found(NamedTuple):
    """What a source had to say; `problems` are parts of it that could not be read."""

    listings: tuple[Listing, ...]
    interruptions: tuple[Interruption, ...] = ()
    problems: tuple[str, ...] = ()


class PriceSource(NamedTuple):
    """A source of prices."""

    id: str
    #: What its rows name as their place.
    locator: str
    read: Callable[[Get], Found]
    #: The variable of the environment that holds its key; empty where it needs none.
    key: str = ""

    @property
    def usable(self) -> bool:
        """Whether its key, if it needs one, is set."""
        return not self.key or bool(os.environ.get(self.key))


@cache
def all_sources() -> Mapping[str, PriceSource]:
    """Every source by id, those that need no key first."""
    stems = modules_in(Path(__file__).parent)
    found = [import_module(f"{__name__}.{stem}").SOURCE for stem in stems]
    return {source.id: source for source in sorted(found, key=lambda source: (bool(source.key), source.id))}


def number(row: Mapping[str, Any], name: str) -> float | None:
    """A number of a row of text or JSON; None where it has none."""
    value = row.get(name)
    if value in (None, ""):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DataError(
            f"column {name}: '{value}' is not a number; the source's format has changed"
        ) from None


def has_columns(header: Iterable[str] | None, wanted: Iterable[str], what: str) -> None:
    """Raise `DataError` where a table lacks a column that is read."""
    missing = [name for name in wanted if name not in set(header or ())]
    if missing:
        raise DataError(f"{what}: no column '{missing[0]}'; the source's format has changed")


def of_parts(parts: Iterable[str], read: Callable[[str], list[Listing]]) -> Found:
    """The listings of every part of a source; one that cannot be read is a problem, all of them an error."""
    listings: list[Listing] = []
    problems: list[str] = []
    asked = list(parts)
    for part in asked:
        try:
            listings += read(part)
        except (DataError, csv.Error) as fault:
            problems.append(f"{part}: {fault}")
    if problems and len(problems) == len(asked):
        raise DataError(problems[0])
    return Found(tuple(listings), problems=tuple(problems))


def document(content: bytes, what: str) -> Any:
    """A JSON document; raises `DataError` where it is none."""
    import json

    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise DataError(f"{what}: not JSON; the source answered with something else") from None
