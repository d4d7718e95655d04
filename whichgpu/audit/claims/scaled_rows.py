"""Tables of speeds whose rows are of one and of several GPUs: "ResNet-50 | 1 | 612", "ResNet-50 | 2 | 1,180".

Rows that differ in the number of GPUs alone are held against each other. No speed grows by more than the
number does, and none falls where all the others of the table grow.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

#: Headers of the number of GPUs, of what is no speed, and cells that are such a number.
_NUMBER = re.compile(
    r"\W*(?:#|no\.? of |number of |num(?:ber)?_?)?\s*(?:gpus?|cards?|accelerators?|devices?)\s*"
    r"(?:count|#)?\W*",
    re.IGNORECASE,
)
_NO_SPEED = re.compile(
    r"\b(?:time|seconds?|ms|latency|hours?|minutes?|days?|watts?|power|price|cost|eur|usd|energy|speed-?up|"
    r"scaling|efficiency|per (?:gpu|card|image|token))\b|[$\u20ac]",
    re.IGNORECASE,
)
_NOR = re.compile(r"\b(?:memory|vram|gb|loss|accuracy|batch|score)\b|%", re.IGNORECASE)
#: What makes "images per second" no seconds.
_RATE = re.compile(r"\b\w+\s?(?:/|per )\s?(?:s|sec|seconds?|min|minutes?|hours?)\b", re.IGNORECASE)
_COUNT = re.compile(r"\s*(\d{1,4})\s*(?:x|\u00d7|gpus?|cards?)?\s*", re.IGNORECASE)
#: Rows and columns that are read; pairs that must tell how the table scales, and by how much they do.
_ROWS, _COLUMNS, _LEAST, _GROWS = 80, 12, 3, 1.2
#: Beyond the number of GPUs by this share no noise explains a gain; below this share one is a loss.
_SLACK, _LOSS = 1.06, 0.97


class _Speed(NamedTuple):
    """A cell with a speed, of so many GPUs."""

    passage: Passage
    place: tuple[int, int]
    number: float
    value: float


def find(context: Context) -> Iterator[Finding]:
    """Every speed that more GPUs cannot have, or should not have lost."""
    for table in context.document.tables:
        heads = [cell.text if cell else "" for cell in table.rows[0][:_COLUMNS]] if table.rows else []
        counts = [at for at, head in enumerate(heads) if _NUMBER.fullmatch(head)]
        if len(counts) == 1 and len(table.rows) <= _ROWS and not _is_other(table.caption):
            yield from _of_table(table, heads, counts[0], context)


def _of_table(table: Table, heads: Sequence[str], count: int, context: Context) -> Iterator[Finding]:
    labels = [at for at in range(len(heads)) if at != count and _is_label(table, at, context)]
    pairs: list[tuple[_Speed, _Speed]] = []
    for column in range(len(heads)):
        if column == count or column in labels or _is_other(heads[column]) or _NOR.search(heads[column]):
            continue
        groups: dict[tuple[str, ...], list[_Speed]] = {}
        for row in range(1, len(table.rows)):
            speed = _speed(table, row, column, count, context)
            if speed is not None:
                key = tuple(cell.text if (cell := table.cell(row, at)) else "" for at in labels)
                groups.setdefault(key, []).append(speed)
        for group in groups.values():
            ordered = sorted(group, key=lambda each: each.number)
            pairs += [pair for pair in combinations(ordered, 2) if pair[0].number < pair[1].number]
    gains = [more.value / one.value for one, more in pairs]
    grows = sum(gain >= _GROWS for gain in gains)
    for (one, more), gain in zip(pairs, gains, strict=True):
        times = more.number / one.number
        if gain > times * _SLACK:
            words = f"at most {times:g} times"
        elif gain < _LOSS and grows >= max(_LEAST, len(pairs) - 2):
            words = f"more than {one.value:,g}"
        else:
            continue
        # Of the two the one that the rest of its kind does not bear out is not known: the later is accused.
        because = f"{more.number:g} GPUs reach {gain:.3g} times what {one.number:g} do"
        yield made(
            context, more.passage, more.place, "benchmark", "inconsistent", attribute="scaling",
            because=because, expected=words, evidence=(Evidence(because),),
        )  # fmt: skip


def _is_other(words: str) -> bool:
    """Whether a header or a caption says that its numbers are no speeds."""
    return _NO_SPEED.search(_RATE.sub(" ", words)) is not None


def _is_label(table: Table, column: int, context: Context) -> bool:
    """Whether a column names what its rows are of: most of its cells are words, or numbers with words."""
    told = [cell.text for row in table.rows[1:] if column < len(row) and (cell := row[column])]
    return sum(_plain(text, context) is None for text in told) * 2 > len(told)


def _plain(text: str, context: Context) -> tuple[tuple[int, int], float] | None:
    """The one number that a cell is, with a unit or without."""
    found = quantities(text, context.fraction)
    if len(found) != 1 or found[0].high != found[0].value or found[0].value <= 0:
        return None
    beside = f"{text[: found[0].start]}{text[found[0].end :]}".strip(" ~*")
    return None if beside else ((found[0].start, found[0].end), found[0].value)


def _speed(table: Table, row: int, column: int, count: int, context: Context) -> _Speed | None:
    cell, number = table.cell(row, column), table.cell(row, count)
    told = _COUNT.fullmatch(number.text) if number else None
    plain = _plain(cell.text, context) if cell else None
    if cell is None or told is None or plain is None or int(told[1]) == 0:
        return None
    return _Speed(cell, plain[0], float(told[1]), plain[1])
