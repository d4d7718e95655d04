"""A user's own price list: a CSV of offers, read with a clear word on every row that cannot be used."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError, one_line
from whichgpu.prices.offers import KINDS, Offer
from whichgpu.units import GIB, parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    #: From a spelling to the ids it can mean: one, or several where it is ambiguous. Raises `UsageError`
    #: for a name that is none.
    Resolve = Callable[[str], Sequence[str]]

REQUIRED = ("provider", "gpu", "usd_per_hour")
OPTIONAL = ("gpu_count", "instance", "kind", "as_of", "region", "vcpus", "memory_gib", "note")
#: What people call the columns, as `_key` compares it.
_CALLED = {name: called for called, names in {
    "provider": "vendor seller supplier cloud", "gpu": "card accelerator gpu_type gpu_model gpu_name",
    "gpu_count": "gpus count quantity number_of_gpus num_gpus n_gpus", "instance": "instance_type sku",
    "kind": "term terms billing", "as_of": "date day read_on", "region": "location zone",
    "vcpus": "vcpu cpus cores", "memory_gib": "ram_gib", "note": "notes comment comments",
}.items() for name in names.split()}  # fmt: skip
#: A column of prices, and what the cells are for where it says so: `Price ($/hr)`, `usd_per_gpu_month`.
_PRICED = re.compile(
    r"(?:price|cost|rate|usd|hourly)(?:_(?:price|cost|rate|usd))*(?:_per)?(?P<each>_gpu)?(?:_per)?"
    r"(?:_(?P<time>s|sec|second|min|minute|h|hr|hour|day|month|mo|year))?"
)
_TIMES = {"sec": "s", "second": "s", "minute": "min", "hr": "h", "hour": "h", "mo": "month"}
#: A price list of a person has no more than this many characters.
LONGEST = 16 * 2**20


class UserOffers(NamedTuple):
    """What a user's file holds: the rows that can be used, and a line on each that cannot."""

    offers: tuple[Offer, ...]
    warnings: tuple[str, ...]


def load_offers(path: Path, resolve: Resolve | None = None, today: date | None = None) -> UserOffers:
    """Read a table with at least the columns of `REQUIRED`; a bad row is a warning and the others stay.

    Cells are set apart by commas, semicolons or tabs; with the latter two a comma is a decimal one. `resolve`
    turns the spelling in `gpu` into ids; without it the text must be an id already. Defaults: `gpu_count` 1,
    `kind` on_demand, `instance` made from count and GPU, no date. Prices are of the whole instance unless the
    column says of a GPU, for the time that the column names, or with a unit ("0.035 USD/min"). With `today` a
    later date is refused.

    A row whose GPU is left open is kept, and told. Raises `UsageError` where the file cannot be read as such
    a table or holds no usable row.
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
            row = _offer(cells, f"{name}:{line}", resolve, today)
        except UsageError as fault:
            warnings.append(f"{name} line {line}: {one_line(fault)}")
            continue
        rows.append(row)
        if row.ambiguous:
            warnings.append(
                f"{name} line {line}: column gpu: '{row.gpu_spelling}' may be {', '.join(row.candidates)}; "
                "write which"
            )
    if all(row.ambiguous for row in rows):
        raise UsageError(warnings[0] if warnings else f"{name}: no offers in it; {_EXAMPLE}")
    return UserOffers(tuple(rows), tuple(warnings))


_EXAMPLE = "write e.g. 'provider,gpu,usd_per_hour' and below it 'acme,a10,0.75'"


def _lines(text: str, name: str, warnings: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column of every row that is not blank."""
    lines = text.splitlines(keepends=True)
    mark = max(",;\t", key=(lines[0] if lines else "").count)
    reader = csv.reader(lines, strict=True, delimiter=mark)
    try:
        header, unit = _header(name, next(reader, []), warnings)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                warnings.append(
                    f"{name} line {reader.line_num}: {len(cells)} cells under {len(header)} columns; "
                    "put a cell with a comma in quotes"
                )
                continue
            row = dict(zip(header, (_decimal(cell.strip(), mark) for cell in cells), strict=True))
            yield reader.line_num, {**row, "unit": unit}
    except csv.Error as fault:
        raise UsageError(f"{name} line {reader.line_num}: not CSV ({one_line(fault)})") from None


def _decimal(cell: str, mark: str) -> str:
    """A number with its decimal comma as a point: all of them where cells are not set apart by commas."""
    shape = r"([$]?\s*)(\d+),(\d{1,2})(\D.*)?"
    if mark != ",":
        shape = r"([$]?\s*)(\d{1,3}(?:[.]\d{3})*|\d+),(\d+)(\D.*)?"
    found = re.fullmatch(shape, cell)
    return cell if found is None else f"{found[1]}{found[2].replace('.', '')}.{found[3]}{found[4] or ''}"


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


def _header(called: str, cells: Sequence[str], warnings: list[str]) -> tuple[list[str], str]:
    """The columns by our names, and what a bare price is for: `USD/h`, `USD/month each`, or empty."""
    header, unit = [], "USD/h"
    for cell in cells:
        name = _key(cell)
        name = _CALLED.get(name, name)
        priced = _PRICED.fullmatch(name)
        if priced and name != "usd_per_hour":
            time = "h" if name == "hourly" else priced["time"]
            unit = f"USD/{_TIMES.get(time, time)}{' each' if priced['each'] else ''}" if time else ""
            name = "usd_per_hour"
        header.append(name)
    for name in REQUIRED:
        if name not in header:
            read = f" among {one_line(', '.join(cells))}" if cells else ""
            raise UsageError(f"{called} line 1: no column '{name}'{read}; {_EXAMPLE}")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise UsageError(f"{called} line 1: column '{twice}' stands twice; keep one")
    for name in header:
        if name not in REQUIRED + OPTIONAL:
            known = ", ".join(REQUIRED + OPTIONAL)
            warnings.append(f"{called} line 1: column '{name}' is not known and ignored; known: {known}")
    return header, unit


def _key(cell: str) -> str:
    """A column's name as it is compared: lower case, words joined by `_`."""
    return re.sub(r"[^a-z0-9]+", "_", cell.lower().replace("$", " usd ")).strip("_")


def _offer(cells: Mapping[str, str], where: str, resolve: Resolve | None, today: date | None) -> Offer:
    for name in REQUIRED:
        if not cells[name]:
            raise UsageError(f"column {name}: is empty")
    ids = _ids(cells["gpu"], resolve)
    count = _number(cells, "gpu_count", "1") or 1.0
    memory = _number(cells, "memory_gib")
    usd = _price(cells["usd_per_hour"], cells["unit"], count)
    return Offer(
        provider=cells["provider"],
        instance=cells.get("instance") or f"{count:g}x {cells['gpu']}",
        gpu=ids[0] if len(ids) == 1 else None,
        gpu_spelling=cells["gpu"],
        candidates=() if len(ids) == 1 else ids,
        gpu_count=count,
        vcpus=_number(cells, "vcpus"),
        memory=memory * GIB if memory else None,
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


def _price(text: str, unit: str, count: float) -> float:
    """USD per hour of the instance; a bare number is in what the column is for."""
    per, _, each = unit.partition(" ")
    bare = text.removeprefix("$").strip()
    number = re.fullmatch(r"[\d,_]*[.]?\d*", bare)
    if number and not per:
        raise UsageError(f"column of prices: '{text}' has no unit; write e.g. {bare} USD/h")
    try:
        usd = parse(f"{bare} {per}" if number else text, "price") * (count if each else 1.0)
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
