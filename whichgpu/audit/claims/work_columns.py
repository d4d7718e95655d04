"""Columns of how long so much work takes, beside the rate: "Hours for 60M tokens", "Minutes per epoch (1.28M images)".

The heading tells the work and the unit, another column how much each device does in a second: a row that is off,
where another one is right, is wrong.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.columns import columns, doubtful, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.columns import Column
    from whichgpu.audit.findings import Context, Finding

_NOUN = r"(?P<noun>tok(?:en)?|image|img|sample|sequence|request|frame|step)s?\b"
_WORK = re.compile(
    rf"(?<![\w.,])(?P<n>\d[\d,]*(?:\.\d+)?)\s?(?P<scale>[kKMB]|thousand|million|billion)?\s+{_NOUN}",
    re.IGNORECASE,
)
_RATE = re.compile(rf"\b{_NOUN}\s?(?:/\s?|per |a )(?:s|sec|second)\b", re.IGNORECASE)
_UNIT = re.compile(
    r"\b(?:(?P<h>hours?|hrs?|h)|(?P<m>minutes?|mins?)|(?P<d>days?)|(?P<s>seconds?|secs?))\b", re.IGNORECASE
)
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "billion": 1e9}
_SECONDS = {"h": 3600.0, "m": 60.0, "d": 86400.0, "s": 1.0}
_SAME = {"tok": "token", "img": "image"}
_RIGHT, _OFF, _COLUMNS, _MOST = 0.03, 0.08, 8, 40


def find(context: Context) -> Iterator[Finding]:
    """Every row whose time is not that of its rate."""
    for table in context.document.tables:
        read = {at: one for at, one in columns(table, context).items() if 0 < at < _COLUMNS}
        for one in read.values():
            work = _WORK.search(one.name)
            unit = _UNIT.search(one.name)
            if not work or not unit or _RATE.search(one.name) or len(table.rows) > _MOST:
                continue
            amount = float(work["n"].replace(",", "")) * _SCALES.get((work["scale"] or "").lower(), 1.0)
            seconds = _SECONDS[unit.lastgroup or "s"]
            rates = [each for each in read.values() if _is_rate_of(each, _noun(work))]
            if len(rates) == 1 and amount:
                real = {row: amount / rate / seconds for row, rate in rates[0].values.items() if rate}
                skipped = doubtful(table, context)
                yield from _judged(
                    one, {row: each for row, each in real.items() if row not in skipped}, context
                )


def _noun(match: re.Match[str]) -> str:
    noun = match["noun"].lower()
    return _SAME.get(noun, noun)


def _is_rate_of(column: Column, noun: str) -> bool:
    match = _RATE.search(column.name)
    return match is not None and _noun(match) == noun


def _judged(column: Column, real: Mapping[int, float], context: Context) -> Iterator[Finding]:
    apart = {
        row: abs(column.values[row] / value - 1) - column.slack(row)
        for row, value in real.items()
        if row in column.values
    }
    right = [row for row, off in apart.items() if off <= _RIGHT]
    wrong = [row for row, off in apart.items() if off > _OFF]
    if len(right) < max(1, len(wrong)):
        return
    for row in wrong:
        because = f"by its heading and the rate beside it that is {real[row]:.3g}"
        yield finding(column.amounts[row], "column", because, context, expected=f"{real[row]:.3g}")
