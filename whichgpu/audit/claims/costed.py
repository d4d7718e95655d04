"""Tables of what so many tokens or images cost, by the rents and the rates that the document told elsewhere.

"1M tokens, Llama 3.1 8B, 64 requests | $0.13 | $0.18" follows from prices by the hour and from the row of a
table of speeds that names the same work. Which rent is meant, the cells that follow show; one that no rate
of its work makes is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import Series, measure_of, store
from whichgpu.audit.known.tables import lines
from whichgpu.units import HOUR, MINUTE
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount
    from whichgpu.audit.known.tables import Line

#: So much work by its number and its noun: "1 million Llama 2 7B tokens", "$ per 1,000 images".
_WORK = re.compile(
    r"(?:\b(?P<n>\d{1,3}(?:,\d{3})+|\d{1,5})\s?)?(?P<m>\b(?:million|thousand|mio\.?|mln)\b|"
    r"(?<=[\d\s/])[Mk]\b)?"
    r"(?=[^|;]{0,40}?\b(?P<noun>token|image|picture|sequence|sample|frame)s?\b)",
    re.IGNORECASE,
)
_TIMES = {"million": 1e6, "mio": 1e6, "mln": 1e6, "m": 1e6, "thousand": 1e3, "k": 1e3}
_MONEY = re.compile(r"[$\u20ac\u00a3]|\b(?:costs?|price|USD|EUR)\b", re.IGNORECASE)
#: What costs besides, or is told of other terms.
_ELSE = re.compile(
    r"\b(?:api|spot|reserved|commit\w*|electricity|energy|kWh|watts?|input|prefill|prompt|saving|saved)\b",
    re.IGNORECASE,
)
#: What tells work from other work: sizes of models, numbers of requests, formats, names.
_MARK = re.compile(
    r"\b\d+(?:\.\d+)?B\b|\b(?:FP|BF|INT|TF)\d+\b|\b\d-bit\b|\b(?:sdxl|sd|flux|bert|resnet|whisper|llama|"
    r"mistral|mixtral|qwen|gemma|stable diffusion|vit|yolo)\b|\b\d+(?=\s+(?:concurrent |"
    r"parallel )?(?:requests?|users?|"
    r"streams?)\b)|(?<=requests )\d+|(?<=users )\d+|(?<=concurrency )\d+|(?<=streams )\d+|\b(?:one|"
    r"single)(?= (?:user|request|stream))|(?<=batch )\d+|(?<=batch size )\d+",
    re.IGNORECASE,
)
_PER_MINUTE = re.compile(r"/\s?min\b|\b(?:per|a) minute\b", re.IGNORECASE)
_SEVERAL = re.compile(r"\b(?:gpus|cards|pair)\b|\b[248]\s?[x\u00d7]|[x\u00d7]\s?[248]\b", re.IGNORECASE)
_LEAST, _FAR, _OFF, _NEAR, _MOST = 1000.0, 40.0, 0.05, 0.006, 60


class _Cell(NamedTuple):
    """A cell of what so much work costs: whose, where, how much, of which marks, and in what it is told."""

    row: int
    passage: Passage
    amount: Amount
    marks: frozenset[str]
    noun: str
    number: float


def find(context: Context) -> Iterator[Finding]:
    """Every such cell that nothing makes, among others that follow."""
    series = [each for each in store(context) if not each.derived]
    prices = [each for each in series if each.measure in ("price", "") or "$" in each.label][:_MOST]
    rates = [each for each in series if each.measure in ("speed", "time")]
    rates = [*rates, *_single(context)][:_MOST]
    if not prices or not rates:
        return
    texts = {cell.start: cell.text for table in context.document.tables for cell in table}
    for table in context.document.tables:
        cells = [each for line in lines(table, context) for each in _cells(line)]
        if len(cells) > 1:
            own = {each.passage.start for each in cells}
            rents = [one for one in prices if not any(each.start in own for each in one.amounts)]
            yield from _judged(
                cells, rents, [one for one in rates if not _is_of_several(one, texts)], context
            )


def _is_of_several(series: Series, texts: Mapping[int, str]) -> bool:
    """Whether a cell says that it is of more GPUs than its heading: "550 tok/s (2 GPUs)"."""
    return any(_SEVERAL.search(texts.get(each.start, "")) for each in series.amounts)


def _single(context: Context) -> Iterator[Series]:
    """Rates that a table tells of one of its devices only."""
    for table in context.document.tables:
        for line in lines(table, context):
            for _, one, dimension in line.cells if len(line.cells) == 1 else ():
                measure = measure_of(line.label, dimension, table.caption)
                yield Series(measure, f"{line.label} {table.caption}", dimension, (one,), table.section)


def marks(words: str) -> frozenset[str]:
    """What tells the work of a heading from that of others."""
    found = {match[0].lower() for match in _MARK.finditer(words)}
    return frozenset("sd" if each == "stable diffusion" else "one" if each in ("single", "1") else each
                     for each in found)  # fmt: skip


def _cells(line: Line) -> Iterator[_Cell]:
    number, noun = max(
        ((_number_of(each), each["noun"].lower()) for each in _WORK.finditer(line.label)), default=(0.0, "")
    )
    if number < _LEAST or _ELSE.search(line.label):
        return
    for passage, amount, dimension in line.cells:
        money = dimension == "money" or (dimension == "number" and _MONEY.search(line.label))
        if money and amount.value == amount.high:
            yield _Cell(line.at, passage, amount, marks(line.label), noun, number)


def _number_of(work: re.Match[str]) -> float:
    times = _TIMES.get((work["m"] or "").lower().rstrip("."), 1.0)
    return float((work["n"] or "1").replace(",", "")) * times


def _same(one: Amount, other: Amount) -> bool:
    if one.ids and other.ids:
        return bool(one.ids & other.ids)
    return one.name == other.name


def _digits(words: str) -> float:
    """Half of what the last digit of an amount counts."""
    found = re.search(r"\d[\d,]*(?:\.(\d+))?", words)
    return 0.5 * 10.0 ** -len(found[1] or "") if found else 0.0


def _ways(cell: _Cell, rent: Series, rates: Sequence[Series]) -> list[tuple[float, float, str]]:
    """What one rent and every rate of the same work make it, with what rounding may change, and in words."""
    prices = [each for each in rent.amounts if _same(each, cell.amount)]
    if len(prices) != 1:
        return []
    price = prices[0].value * _number(cell, prices[0])
    found = []
    for series in rates:
        told = f"{series.label} {' '.join(series.section[-1:])}"
        if not cell.marks <= marks(told):
            continue
        for each in series.amounts:
            if not _same(each, cell.amount) or not each.value:
                continue
            minute = series.dimension != "rate" and _PER_MINUTE.search(series.label)
            an_hour = (
                HOUR / each.value if series.measure == "time" else each.value * (MINUTE if minute else HOUR)
            )
            value = price * cell.number / an_hour
            slack = (_digits(each.words) / each.value if series.dimension == "number" else 0.0) + _NEAR
            found.append(
                (value, value * slack, f"{prices[0].words or prices[0].value} an hour and {each.words}")
            )
    return found


def _number(cell: _Cell, price: Amount) -> float:
    return 1.0 if cell.amount.number == price.number else cell.amount.number / price.number


def _judged(
    cells: Sequence[_Cell], rents: Sequence[Series], rates: Sequence[Series], context: Context
) -> Iterator[Finding]:
    best: tuple[list[_Cell], list[tuple[_Cell, list[tuple[float, float, str]]]]] = ([], [])
    for rent in rents:
        told = [(each, ways) for each in cells if (ways := _ways(each, rent, rates))]
        right = [each for each, ways in told if any(_is(each, way) for way in ways)]
        if len(right) > len(best[0]):
            best = (right, told)
    right, told = best
    wrong = [(each, ways) for each, ways in told if each not in right and each.amount.value]
    rows = {each.row for each in right}
    if not right or len(wrong) > len(right):
        return
    every = [way for rent in rents for each, _ in wrong for way in _ways(each, rent, rates)]
    for each, ways in wrong:
        sure = each.row in rows or len(right) > 1
        off = all(abs(value / each.amount.value - 1) > _OFF + slack / value for value, slack, _ in every)
        near = [way for way in ways if 1 / _FAR < way[0] / each.amount.value < _FAR]
        if not sure or not off or not near:
            continue
        real = min(near, key=lambda way: abs(way[0] / each.amount.value - 1))
        because = f"{real[2]} make {real[0]:.3g} for {each.number:,.0f}, as others of the table follow"
        at = each.passage.text.find(each.amount.words)
        if at >= 0:
            yield made(
                context, each.passage, (at, at + len(each.amount.words)), "arithmetic", "inconsistent",
                attribute="unit cost", because=because, expected=f"{real[0]:.2f}",
                evidence=(Evidence(because),),
            )  # fmt: skip


def _is(cell: _Cell, way: tuple[float, float, str]) -> bool:
    value, slack, _ = way
    return abs(cell.amount.value - value) <= _digits(cell.amount.words) * 1.02 + slack
