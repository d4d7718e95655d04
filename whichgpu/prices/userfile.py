"""A user's own price list: a CSV of offers, read with a clear word on every row that cannot be used."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.errors import UsageError, one_line
from whichgpu.prices.offers import KINDS, Offer
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    #: From a spelling to the ids it can mean: one, or several where it is ambiguous. Raises `UsageError`
    #: for a name that is none.
    Resolve = Callable[[str], Sequence[str]]

REQUIRED = ("provider", "gpu", "usd_per_hour")
OPTIONAL = ("gpu_count", "instance", "kind", "as_of", "region", "vcpus", "memory_gib", "note")
#: A price list of a person has no more than this many characters.
LONGEST = 16 * 2**20


class UserOffers(NamedTuple):
    """What a user's file holds: the rows that can be used, and a line on each that cannot."""

    offers: tuple[Offer, ...]
    warnings: tuple[str, ...]


def load_offers(path: Path, resolve: Resolve | None = None, today: date | None = None) -> UserOffers:
    """Read a CSV with at least the columns of `REQUIRED`; a bad row is a warning and the others stay.

    `resolve` turns the spelling in `gpu` into ids; without it the text must be an id already. Defaults:
    `gpu_count` 1, `kind` on_demand, `instance` made from count and GPU, no date. Prices are USD per hour
    of the whole instance, bare or with a unit ("0.035 USD/min"). With `today` a later date is refused.
    Raises `UsageError` where the file cannot be read as such a table or holds no usable row.
    """
    return read_offers(_text(path), str(path), resolve, today)


def read_offers(
    text: str, name: str, resolve: Resolve | None = None, today: date | None = None
) -> UserOffers:
    """The same of a text; `name` is what it is called in warnings."""
    rows: list[Offer] = []
    warnings: list[str] = []
    for line, cells in _lines(text, name, warnings):
        try:
            rows.append(_offer(cells, f"{name}:{line}", resolve, today))
        except UsageError as fault:
            warnings.append(f"{name} line {line}: {one_line(fault)}")
    if not rows:
        raise UsageError(warnings[0] if warnings else f"{name}: no offers in it; {_EXAMPLE}")
    return UserOffers(tuple(rows), tuple(warnings))


_EXAMPLE = "write e.g. 'provider,gpu,usd_per_hour' and below it 'acme,a10,0.75'"


def _lines(text: str, name: str, warnings: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every row that is not blank."""
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_header(name, header, warnings)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                warnings.append(
                    f"{name} line {reader.line_num}: {len(cells)} cells under {len(header)} columns; "
                    "put a cell with a comma in quotes"
                )
                continue
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as fault:
        raise UsageError(f"{name} line {reader.line_num}: not CSV ({one_line(fault)})") from None


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            text = handle.read(LONGEST + 1)
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None
    except UnicodeDecodeError as fault:
        raise UsageError(f"{path}: not UTF-8 text at byte {fault.start}; save it as UTF-8 CSV") from None
    if len(text) > LONGEST:
        raise UsageError(f"{path}: larger than {LONGEST // 2**20} MiB; a price list is not")
    return text


def _check_header(called: str, header: Sequence[str], warnings: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise UsageError(f"{called} line 1: no column '{missing[0]}'; {_EXAMPLE}")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise UsageError(f"{called} line 1: column '{twice}' stands twice; keep one")
    for name in header:
        if name not in REQUIRED + OPTIONAL:
            known = ", ".join(REQUIRED + OPTIONAL)
            warnings.append(f"{called} line 1: column '{name}' is not known and ignored; known: {known}")


def _offer(cells: Mapping[str, str], where: str, resolve: Resolve | None, today: date | None) -> Offer:
    for name in REQUIRED:
        if not cells[name]:
            raise UsageError(f"column {name}: is empty")
    ids = _ids(cells["gpu"], resolve)
    count = _number(cells, "gpu_count", "1") or 1.0
    memory = _number(cells, "memory_gib")
    usd = _price(cells["usd_per_hour"])
    return Offer(
        provider=cells["provider"],
        instance=cells.get("instance") or f"{count:g}x {cells['gpu']}",
        gpu=ids[0] if len(ids) == 1 else None,
        gpu_spelling=cells["gpu"],
        candidates=() if len(ids) == 1 else ids,
        gpu_count=count,
        vcpus=_number(cells, "vcpus"),
        memory=memory * 2.0**30 if memory else None,
        kind=_kind(cells.get("kind") or "on_demand"),
        usd_per_hour=usd,
        usd_median=usd,
        usd_max=usd,
        region=cells.get("region", ""),
        regions=1,
        suspect_regions=0,
        source="user",
        locator=where,
        as_of=_day(cells.get("as_of", ""), today),
        note=cells.get("note", ""),
    )


def _ids(spelling: str, resolve: Resolve | None) -> tuple[str, ...]:
    if resolve is None:
        return (spelling.lower(),)
    try:
        ids = tuple(resolve(spelling))
    except UsageError as fault:
        raise UsageError(f"column gpu: {fault}") from None
    if not ids:
        raise UsageError(f"column gpu: no GPU '{spelling}'; write an id, e.g. a100-80gb-sxm")
    return ids


def _price(text: str) -> float:
    bare = text.removeprefix("$").strip()
    try:
        usd = float(bare) if bare.replace(".", "", 1).isdigit() else parse(bare, "price")
    except UsageError:
        raise UsageError(f"column usd_per_hour: '{text}' is not a price; write e.g. 2.10") from None
    if not (math.isfinite(usd) and usd > 0):
        raise UsageError(f"column usd_per_hour: '{text}' is not above zero; write e.g. 2.10")
    return usd


def _number(cells: Mapping[str, str], name: str, example: str = "8") -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"column {name}: '{text}' is not a number above zero; write e.g. {example}")
    return value


def _kind(text: str) -> str:
    kind = text.lower().replace("-", "_").replace(" ", "_")
    if kind not in KINDS:
        raise UsageError(f"column kind: '{text}' is none of {', '.join(KINDS)}")
    return kind


def _day(text: str, today: date | None) -> date | None:
    from datetime import date

    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"column as_of: '{text}' is not a date; write e.g. 2026-05-24") from None
    if today and day > today:
        raise UsageError(f"column as_of: {text} is after today, {today.isoformat()}")
    return day
