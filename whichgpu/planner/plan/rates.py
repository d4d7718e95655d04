"""How much is asked for at which hour: constant, by hour, in windows, forecast, or a multiple of another.

    rate = "5 req/s"                                    always
    rate = ["2 req/s", "2 req/s", ...]                  24 values are a day, 168 a week from Monday on
    rate = { values = [2, 2, ...], unit = "req/s" }     the same, with its unit once
    rate = { default = "2 req/s", "8-18" = "9 req/s", "sat-sun 0-24" = "1 req/s" }
    rate = { file = "forecast.csv", column = "chat", unit = "req/s" }
    rate = { of = "chat", times = 0.2, unit = "req/s" }

A window may pass midnight (`22-6`); of overlapping ones the file would mean two rates, which is refused.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.plan.keys import shown, unknown
from whichgpu.units import parse_rate
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY, WEEK = 24, 168
#: No rate per second is larger, and no forecast longer, in hours.
_MOST, _LONGEST = 1e12, 8784
_WINDOW = re.compile(r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?)?\s*(?:(?P<from>\d{1,2})(?::00)?\s*-\s*"
                     r"(?P<to>\d{1,2})(?::00)?)?")  # fmt: skip
_REQUESTS = {"req", "reqs", "request", "requests", "query", "queries", "rps", "qps"}


class Rate(NamedTuple):
    """Units/s by hour, one of them if constant; or a multiple of another demand's."""

    values: Array
    unit: str
    of: str = ""
    times: float = 1.0


def plain(unit: str) -> str:
    """A unit under its usual name: all words for requests are one."""
    return "requests" if unit in _REQUESTS else unit


def one(value: Any, where: str, unit: str = "") -> tuple[float, str]:
    """Units/s and the unit of one text, which may be 0; a bare number is of `unit`.

    Raises `UsageError` for a negative rate, one that is absurdly large, and none at all.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise UsageError(f'{where}: {value:g} is not a finite rate; write e.g. "5 req/s"')
        if not unit:
            raise UsageError(
                f'{where}: {value:g} has no unit; write e.g. "{value:g} req/s", and of a list '
                'rate = { values = [..], unit = "req/s" }'
            )
        value = f"{value!r} {unit}"
    if not isinstance(value, str):
        raise UsageError(f'{where}: {shown(value)} is not a rate; write e.g. "5 req/s"')
    text = value.strip()
    if re.match(r"[+]?0+(\.0*)?(\s|$)", text):
        return 0.0, plain(parse_rate("1" + re.sub(r"^[+]?[0.]+", "", text))[1])
    if text.startswith("-"):
        raise UsageError(f"{where}: the rate '{value}' is negative; the least is 0")
    try:
        rate, found = parse_rate(text)
    except UsageError as fault:
        raise UsageError(f"{where}: {fault}") from None
    if rate > _MOST:
        raise UsageError(
            f"{where}: '{value}' is {rate:.3g} {found} per second; is it a slip of the keyboard?"
        )
    return rate, plain(found)


def read(raw: Any, where: str, folder: Path) -> Rate:
    """A rate as a plan file has it."""
    if isinstance(raw, list):
        return _listed(raw, where, "")
    if isinstance(raw, dict):
        if "of" in raw:
            return _multiple(raw, where)
        if "values" in raw:
            return _with_unit(raw, where)
        return _forecast(raw, where, folder) if "file" in raw else _windows(raw, where)
    rate, unit = one(raw, where)
    if rate == 0.0:
        raise UsageError(f"{where}: a rate that is always 0 asks for nothing; leave the demand out")
    return Rate(np.array([rate]), unit)


def _with_unit(raw: Mapping[str, Any], where: str) -> Rate:
    """A list of plain numbers, whose unit is said once."""
    extra = sorted(set(raw) - {"values", "unit"})
    if extra:
        raise UsageError(f"{where}: {unknown('key', extra[0], ('values', 'unit'))}")
    values = raw["values"]
    if not isinstance(values, list):
        raise UsageError(f"{where}.values: {shown(values)} is no list; write e.g. values = [2, 2, 5]")
    return _listed(values, f"{where}.values", str(raw.get("unit", "")))


def _listed(raw: list[Any], where: str, unit: str) -> Rate:
    if len(raw) not in (1, DAY, WEEK) and not (raw and len(raw) % DAY == 0 and len(raw) <= _LONGEST):
        raise UsageError(
            f"{where}: {len(raw)} values are no whole days; give 24 (from midnight on), 168 (from Monday "
            "on) or "
            "another multiple of 24"
        )
    pairs = [one(value, f"{where}[{index}]", unit) for index, value in enumerate(raw)]
    units = sorted({found for _, found in pairs})
    if len(units) > 1:
        raise UsageError(f"{where}: {' and '.join(units)} in one list; use one unit")
    values = np.array([rate for rate, _ in pairs])
    if not values.any():
        raise UsageError(f"{where}: every hour is 0, which asks for nothing; leave the demand out")
    return Rate(values, units[0])


def _multiple(raw: Mapping[str, Any], where: str) -> Rate:
    times = raw.get("times", 1.0)
    extra = sorted(set(raw) - {"of", "times", "unit"})
    if extra:
        raise UsageError(f"{where}: {unknown('key', extra[0], ('of', 'times', 'unit'))}")
    if isinstance(times, bool) or not isinstance(times, int | float) or not 0 < times < 1e9:
        raise UsageError(f"{where}.times: {shown(times)} is not a number above zero")
    unit = str(raw.get("unit", "")).split("/")[0].strip()
    return Rate(np.zeros(0), plain(unit), str(raw["of"]), float(times))


def _forecast(raw: Mapping[str, Any], where: str, folder: Path) -> Rate:
    import csv

    extra = sorted(set(raw) - {"file", "column", "unit"})
    if extra:
        raise UsageError(f"{where}: {unknown('key', extra[0], ('file', 'column', 'unit'))}")
    path = folder / str(raw["file"])
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise UsageError(f"{where}: {path} cannot be read as CSV ({fault})") from None
    column = str(raw.get("column", where.split(".")[1]))
    names = list(rows[0]) if rows else []
    if column not in names:
        raise UsageError(f"{where}: {unknown('column', column, names)}")
    cells = [row[column] or "" for row in rows]
    unit = str(raw.get("unit", ""))
    return _listed([_number(cell) if unit else cell for cell in cells], f"{where}: {path.name}", unit)


def _number(cell: str) -> float | str:
    try:
        value = float(cell)
    except ValueError:
        return cell
    return value if math.isfinite(value) else cell


def _windows(raw: Mapping[str, Any], where: str) -> Rate:
    """Rates of windows, and of all other hours `default`."""
    base, unit = one(raw["default"], f"{where}.default") if "default" in raw else (0.0, "")
    known = {key: window(key, f"{where}") for key in raw if key != "default"}
    values = np.full(max([DAY, *(hours.size for hours in known.values())]), base)
    taken: dict[int, str] = {}
    for key, mask in known.items():
        rate, own = one(raw[key], f"{where}.{key}")
        if unit and own != unit:
            raise UsageError(f"{where}.{key}: {own}, and {unit} elsewhere; use one unit")
        unit = own
        hours = np.flatnonzero(np.resize(mask, values.size)).tolist()
        twice = next((hour for hour in hours if hour in taken), None)
        if twice is not None:
            raise UsageError(
                f"{where}: '{taken[twice]}' and '{key}' both state a rate at {clock(twice, values.size)}"
            )
        taken |= dict.fromkeys(hours, key)
        values[hours] = rate
    if not values.any():
        raise UsageError(f"{where}: every hour is 0, which asks for nothing; leave the demand out")
    return Rate(values, unit)


def window(text: str, where: str) -> NDArray[np.bool_]:
    """Hours of a window, (24,), or (168,) where it names days."""
    found = _WINDOW.fullmatch(" ".join(text.lower().split()))
    example = 'write e.g. "8-18", "22-6", "mon-fri 8-18" or "sun"'
    if not found or not (found["first"] or found["from"]):
        raise UsageError(f"{where}: '{text}' is no window of hours; {example}")
    start, end = int(found["from"] or 0), int(found["to"] or 24)
    if start > 23 or end > 24 or start == end:
        raise UsageError(f"{where}: '{text}' is not within 0 to 24 h, or is empty; {example}")
    length = (end - start) % DAY or DAY
    days = range(1)
    if found["first"]:
        names = (found["first"], found["last"] or found["first"])
        if not set(names) <= set(DAYS):
            raise UsageError(f"{where}: '{text}' names no day of {', '.join(DAYS)}; {example}")
        first, last = (DAYS.index(name) for name in names)
        days = range(first, first + (last - first) % 7 + 1)
    mask = np.zeros(WEEK if found["first"] else DAY, dtype=bool)
    for day in days:
        mask[(day * DAY + start + np.arange(length)) % mask.size] = True
    return mask


def clock(hour: int, size: int) -> str:
    """An hour as it is told: `14:00`, of a week `Tue 14:00`."""
    day = f"{DAYS[hour // DAY].title()} " if size == WEEK else f"day {hour // DAY + 1} " if size > DAY else ""
    return f"{day}{hour % DAY:02d}:00"


def resolved(rates: Mapping[str, Rate]) -> dict[str, Rate]:
    """Every rate with its values; raises `UsageError` for an unknown demand, and for circles."""
    done: dict[str, Rate] = {}

    def follow(name: str, path: tuple[str, ...]) -> Rate:
        rate = rates[name]
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise UsageError(f"demand.{name}.rate: the rates go in a circle ({circle}); state one of them")
        if name not in done:
            if not rate.of:
                done[name] = rate
            elif rate.of not in rates:
                raise UsageError(f"demand.{name}.rate: {unknown('demand', rate.of, rates)}")
            else:
                base = follow(rate.of, (*path, name))
                done[name] = Rate(rate.times * base.values, rate.unit or base.unit)
        return done[name]

    for name in rates:
        follow(name, ())
    return done
