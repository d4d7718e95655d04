"""What a document told of each thing that it names: series of amounts of one kind, by the names they are of.

A series is a row or a column of a table, or a list: how fast each of some cards is, what each machine costs.
A thing is whatever its name is: a device, a machine, an instance type. Prices over speeds, and what else
follows from two series of the same things, are series too.
"""

from __future__ import annotations

from itertools import chain, combinations, islice
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.rented import rented
from whichgpu.audit.text.quantities import quantities
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context

#: The groups of what sentences tell, which may be worked out from others, and of lines in a paragraph.
SPOKEN, LINED = -2, -3
#: Above it are the groups of tables, lists and runs of lines.
LAID_OUT = -1
#: The first group of runs of lines.
_RUNS = 900
_ROWS, _COLUMNS, _SERIES, _LONGEST = 40, 12, 80, 60
#: What an amount is of, by its heading and its unit, the first that is found.
_MEASURES = {
    "value": r"[a-z]{2,}s?\s?(?:per|/|for (?:each|every|"
    r"a))\s?(?:dollars?\b|euros?\b|bucks?\b|USD\b|EUR\b|[$\u20ac])",
    "efficiency": r"(?:images|tokens|samples|frames|sequences|[TG]?FLOPS|TOPS|/s|second)\s?(?:per|"
    r"/)\s?(?:watt|W|joule)\b",
    "part": r"\b(?:NVLink|NVSwitch|fabric|cache|L2|bus|MIG|PCI\w*)\b",
    "price": r"[$\u20ac\u00a3]|\b(?:USD|EUR|prices?|costs?|rent|rate per|MSRP|dollars?|euros?)\b",
    "bandwidth": r"\b(?:bandwidth|BW|[GT]i?B/s)\b",
    "speed": r"\b(?:(?:tok(?:en)?s?|imgs?|images?|pictures?|samples?|frames?|seq(?:uence)?s?|it|iter\w*|"
    r"requests?|req|steps?)"
    r"\s?(?:/|per |a )\s?(?:s|sec|second|min|minute|h|hour)\b|"
    r"(?!seconds|minutes|hours)[a-z]{4,} (?:per|a) (?:second|minute|"
    r"hour)\b|[A-Za-z]{3,}\s?/\s?(?:s|sec|min|h)\b|fps|tps|tok/s|t/s|"
    r"(?:\bx|\u00d7|\btimes) ?real[- ]?time|\bRTFx\b|throughput|score|speed)",
    "time": r"\b(?:latency|ttft|tpot|time|duration|(?:ms|s|sec|sec\.|secs|seconds?|minutes?|min|"
    r"hours?)\s?(?:/|per )|"
    r"(?<!\d )(?:seconds|minutes|hours))|,\s?s\s*$|\((?:in )?(?:s|ms|secs?|min)\s?[,;)]",
    "energy": r"\b(?:k?Wh|joules?|energy)\b",
    "power": r"\b(?:power|TDP|TGP|TBP|watts?|draw)\b|\d\s?k?W\b|\(W\)",
    "peak": r"\b[TP]FLOPS|\bTOPS|\bTF\b|\bFP\d+\b|\bBF16\b|\bINT\d\b",
    "memory": r"\b(?:memory|VRAM|capacity|[GT]i?B)\b",
    "cores": r"\b(?:cores|SMs|shaders)\b",
}
_MEASURE = {key: re.compile(words, re.IGNORECASE) for key, words in _MEASURES.items()}
_RATED = re.compile(r"FLOPS?\b|\bTOPS\b|\bTF\b|\bpeak\b|\btensor\b", re.IGNORECASE)
#: What a unit by itself says that an amount is of.
_BY_DIMENSION = {"money": "price", "bandwidth": "bandwidth", "power": "power", "flop rate": "peak",
                 "op rate": "peak", "memory": "memory", "time": "time", "energy": "energy", "rate": "speed"}  # fmt: skip  # noqa: E501
_LABEL = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][^:=$\u20ac]{1,48}?)\s*(?::|\s[\u2013\u2014-]|\s?\.{3,}|,(?=\s))\s+(?=\S)"
)
_NUMBERS = re.compile(r"(?:\s+[~$\u20ac]?\d[\d.,]*(?:\s?%)?){2,12}\s*$")
_COUNT = re.compile(r"\s*(\d{1,3})\s?(?:[x\u00d7]|\*)")
_NO_NAME = frozenset({"total", "sum", "average", "mean", "together", "all"})


class Amount(NamedTuple):
    """What one thing has: its name in lower case, the devices that it may mean, how many of them."""

    name: str
    ids: frozenset[str]
    number: float
    value: float
    high: float
    words: str
    start: int = -1


class Series(NamedTuple):
    """Amounts of one kind by things, with what heads them."""

    measure: str
    label: str
    dimension: str
    amounts: tuple[Amount, ...]
    section: tuple[str, ...] = ()
    #: Whether it was worked out from two others.
    derived: bool = False
    #: Which table or list it is of.
    group: int = -1


def store(context: Context) -> Sequence[Series]:
    """Every series of a document."""
    if "series told" not in context.memo:
        own = list(
            islice(
                chain(
                    _of_tables(context),
                    _of_lines(context),
                    _of_items(context),
                    _of_runs(context),
                    _of_prose(context),
                ),
                _SERIES,
            )
        )
        context.memo["series told"] = [*own, *_derived(own)]
    found: list[Series] = context.memo["series told"]
    return found


def measure_of(label: str, dimension: str, *above: str) -> str:
    """What amounts below a heading are of, by it, else by the nearest above it; empty where none says."""
    if dimension != "money" and _MEASURE["part"].search(label):
        return "part"
    if dimension in _BY_DIMENSION:
        return _BY_DIMENSION[dimension]
    found = next((key for key, way in _MEASURE.items() if way.search(label)), "")
    # "BF16, 64 requests" below "tokens per second" is of a speed in a format.
    of_format = found == "peak" and not _RATED.search(label)
    told = next(filter(None, map(_of_work, above)), "") if of_format or not found else ""
    if told or (of_format and dimension == "number" and any(map(_TESTED.search, above))):
        return told
    return found


def _of_work(text: str) -> str:
    """Whether what heads amounts says that they are rates or times: these where less is better."""
    if _LESS.search(text):
        return "time"
    return next((key for key in ("speed", "time") if _MEASURE[key].search(text)), "")


_LESS = re.compile(
    r"\b(?:less|lower|smaller|shorter)(?: times?)? (?:is|are|being|=) (?:the )?(?:better|faster)\b",
    re.IGNORECASE,
)
_TESTED = re.compile(
    r"\b(?:benchmark\w*|test(?:s|ed)?|measure[ds]?|results?|inference|training)\b", re.IGNORECASE
)


def _of_tables(context: Context) -> Iterator[Series]:
    for at, table in enumerate(context.document.tables):
        rows = [row for row in table.rows[:_ROWS] if row]
        if len(rows) < 2:
            yield from ()
            continue
        across = is_across(table, context)
        if across:
            heads = [each.text if each else "" for each in rows[0][1:_COLUMNS]]
            own = [_is_name(each, context) for each in rows[0][1:_COLUMNS]]
            # Columns of what two differ by, and of the winner, are none of a thing.
            named = own if sum(own) > 1 else [True] * len(own)
            for row in rows[1:]:
                label = _record(row, heads, own)
                told = zip(heads, row[1:_COLUMNS], named, strict=False)
                yield from _series(label, [(a, b) for a, b, is_one in told if is_one], table, at, context)
        elif across is None:
            # Devices above by the caption only: "RTX A6000 / RTX 6000 Ada".
            heads = table.caption.split(" / ")
            for row in rows:
                if len(row) == len(heads) + 1 and row[0]:
                    yield from _series(
                        row[0].text, list(zip(heads, row[1:], strict=True)), table, at, context
                    )
        else:
            first = 0 if _is_name(rows[0][0], context) else 1
            for column in range(1, min(_COLUMNS, table.columns)):
                head = rows[0][column] if first and column < len(rows[0]) else None
                cells = [(row[0].text, row[column]) for row in rows[first:] if len(row) > column and row[0]]
                yield from _series(head.text if head else "", cells, table, at, context)


def _record(row: Sequence[Passage | None], heads: Sequence[str], own: Sequence[bool]) -> str:
    """What heads a row, with the columns of its record that stand before those of devices: "Requests 64"."""
    before = own.index(True) if sum(own) > 1 else 0
    beside = zip(heads[:before], row[1:], strict=False)
    first = row[0].text if row[0] else ""
    return " ; ".join((first, *(f"{head} {cell.text}" for head, cell in beside if cell)))


def _is_name(cell: Passage | None, context: Context) -> bool:
    return cell is not None and any(True for _ in mentions(cell.text, context.catalogue))


def is_across(table: Table, context: Context) -> bool | None:
    """Whether the names stand above; None where they are in the caption alone."""
    heads = [each for each in table.rows[0][1:_COLUMNS] if each]
    above = sum(_is_name(each, context) for each in heads)
    down = sum(_is_name(row[0], context) for row in table.rows[1:_ROWS] if row)
    if " / " in table.caption and not down and not above:
        return None
    if above or down:
        return above > down * len(heads) / max(len(table.rows) - 1, 1) if above and down else bool(above)
    # Neither is on file: rows of several measures have their names above.
    said = {measure_of(row[0].text, "") for row in table.rows[1:_ROWS] if row and row[0]} - {""}
    if said and not any(measure_of(each.text, "") for each in heads):
        return True
    # What has numbers in its rows of many units has its names above.
    kinds = [_kinds([row[at] for row in table.rows[1:_ROWS] if len(row) > at], context)
             for at in range(1, min(table.columns, _COLUMNS))]  # fmt: skip
    across = [_kinds(list(row[1:_COLUMNS]), context) for row in table.rows[1:_ROWS]]
    return sum(len(each) > 1 for each in kinds) > sum(len(each) > 1 for each in across)


def _kinds(cells: Sequence[Passage | None], context: Context) -> set[str]:
    return {each.dimension for cell in cells if cell for each in quantities(cell.text, context.fraction)[:1]}


def _series(
    label: str, cells: Sequence[tuple[str, Passage | None]], table: Table, at: int, context: Context
) -> Iterator[Series]:
    made = [
        each for name, cell in cells if cell and name.strip()
        if (each := amount_of(name, cell.text, cell.start, context)) is not None
    ]  # fmt: skip
    yield from _whole(label, made, table.section, table.caption, at)


def _whole(
    label: str, made: Sequence[tuple[Amount, str]], section: tuple[str, ...], caption: str, at: int
) -> Iterator[Series]:
    kinds = {kind for _, kind in made}
    names = [each.name for each, _ in made]
    if len(made) < 2 or len(kinds) != 1 or len({*names}) < len(names):
        return
    dimension = kinds.pop()
    measure = measure_of(label, dimension, caption, *section[-1:])
    yield Series(
        measure, f"{label} {caption[:160]}", dimension, tuple(each for each, _ in made), section, group=at
    )


def amount_of(name: str, text: str, start: int, context: Context) -> tuple[Amount, str] | None:
    """The one amount of a cell, of the thing that its heading names, and its dimension; None of several."""
    found = [each for each in quantities(text, context.fraction) if each.value > 0]
    name = re.sub(r"\s+", " ", name.strip())
    if not found or len(found) > 2 or len(name) > _LONGEST or name.lower() in _NO_NAME:
        return None
    if found[0].start > 3 and found[0].dimension == "number":
        return None
    told = list(mentions(name, context.catalogue))
    models = {each.named for each in told}
    ids = frozenset(told[0].ids) if len(models) == 1 else frozenset()
    if kind := rented(name):
        ids = frozenset({kind[0]})
    count = _COUNT.match(name)
    # None of a thing ("0x A100") is no amount that others are shares of.
    number = (float(count[1]) if count else kind[1] if kind else 1.0) or 1.0
    one = found[0]
    return Amount(
        name.lower(), ids, number, one.value, one.high,
        text[one.start : one.end], start,
    ), one.dimension  # fmt: skip


def _of_lines(context: Context) -> Iterator[Series]:
    """Lines of a label and as many numbers as a line above names devices, of a table that lost its marks."""
    heads: list[str] = []
    for index, passage in enumerate(context.document.passages):
        named = context.mentions.get(index, ())
        bare = passage.text
        for each in reversed(named):
            bare = bare[: each.start] + bare[each.end :]
        if len(named) > 1 and passage.kind != "cell" and len(bare.split()) <= 2:
            heads = [passage.text[each.start : each.end] for each in named]
            continue
        numbers = (
            _NUMBERS.search(passage.text) if heads and passage.kind in ("paragraph", "code", "item") else None
        )
        values = numbers[0].split() if numbers else []
        label = passage.text[: numbers.start()] if numbers else ""
        if len(values) != len(heads) or not label.strip() or len(label) > _LONGEST:
            continue
        cells = [(each, passage.start) for each in zip(heads, values, strict=True)]
        made = [one for (name, text), start in cells if (one := amount_of(name, text, start, context))]
        yield from _whole(label, made, passage.section, "", 1000)


def _of_items(context: Context) -> Iterator[Series]:
    """Lists of names and their amounts: "- A100: $4,350.80", of each unit a series."""
    items: list[Passage] = []
    leading = ""
    for each in (*context.document.passages, None):
        if each is not None and each.kind == "item":
            items.append(each)
            continue
        if len(items) > 1:
            yield from _of_list(items, leading, context)
        items = []
        leading = each.text[-160:] if each is not None and each.text.rstrip().endswith(":") else ""


def _of_list(items: Sequence[Passage], leading: str, context: Context) -> Iterator[Series]:
    told: dict[str, list[tuple[Amount, str]]] = {}
    for item in items:
        label = _LABEL.match(item.text)
        if label is None:
            return
        rest = item.text[label.end() :]
        # A heading's units are those of the first amount of each kind.
        seen: set[str] = set()
        for one in quantities(rest, context.fraction):
            if one.dimension in ("number", "count", "percent") or one.value <= 0 or one.dimension in seen:
                continue
            seen.add(one.dimension)
            made = amount_of(label["name"], rest[one.start : one.end], item.start, context)
            if made is not None:
                told.setdefault(one.dimension, []).append(made)
    for found in told.values():
        if len(found) == len(items):
            yield from _whole("", found, items[0].section, leading, 2000 + items[0].start)


def _of_runs(context: Context) -> Iterator[Series]:
    """Lines of a device and its bare numbers, of which what stands above them tells what they are."""
    from whichgpu.audit.known.lines import runs

    for at, run in enumerate(runs(context)):
        for column, head in enumerate(run.heads):
            made = [
                one
                for line in run.lines
                if not line.number
                for passage, start, end in line.cells[column : column + 1]
                if (one := amount_of(line.name, passage.text[start:end], passage.start, context))
                and one[1] == "number"
            ]
            if len(made) == len(run.lines):
                yield from _whole(head, made, run.section, run.leading, _RUNS + at)


def _of_prose(context: Context) -> Iterator[Series]:
    """What sentences and lines in a paragraph tell of each of several devices."""
    from whichgpu.audit.known.prose import told

    for words, dimension, amounts, section in told(context):
        group = SPOKEN if words else LINED
        measure = measure_of(words, dimension)
        if dimension in ("rate", "number") and (of := _OF_ONE.search(words)):
            measure = "value" if of["money"] else "efficiency"
        # What it is of no heading tells: nothing that others are told apart by.
        yield Series(measure, "", dimension, amounts, section, group=group)


_OF_ONE = re.compile(
    r"\b(?:per|and|each|every|a)\s+(?:(?P<money>dollar|euro|buck)|watt|joule|W\b|kWh)", re.IGNORECASE
)


#: Which series over which is one of its own: prices by the work, work and rates by the watt.
_OVER = (
    ("price", "speed", "price"), ("speed", "power", "efficiency"), ("price", "memory", "price"),
    ("price", "bandwidth", "price"), ("power", "speed", "energy"), ("peak", "power", "efficiency"),
    ("speed", "price", "value"), ("peak", "price", "value"), ("bandwidth", "price", "value"),
    ("memory", "price", "value"), ("bandwidth", "power", "efficiency"),
)  # fmt: skip


#: What heads a price of work already.
_OF_WORK = re.compile(
    r"\b(?:per|for (?:the|one|a|\d+)) (?:job|run|epoch|image|token|million|request)|\btotal\b", re.I
)
_COSTS = re.compile(r"\s*(?:the )?costs?\W*", re.IGNORECASE)


def _is_of_work(price: Series, own: Sequence[Series]) -> bool:
    """Whether a price is that of work done, which over a speed is nothing: beside how long that takes."""
    timed = any(each.measure == "time" and each.group == price.group for each in own)
    return bool(_OF_WORK.search(price.label) or (timed and _COSTS.fullmatch(price.label)))


def over(a: Series, b: Series, measure: str = "") -> Series:
    """One series over another, of the things that both tell of."""
    by = {each.name: each for each in b.amounts}
    both = (
        each._replace(value=each.value / by[each.name].high, high=each.high / by[each.name].value)
        for each in a.amounts
        if each.name in by
    )
    return Series(measure, f"{a.label} over {b.label}", "derived", tuple(both), a.section, True, a.group)


def _derived(own: Sequence[Series]) -> Iterator[Series]:
    done = 0
    for one, other in combinations(own, 2):
        for a, b in ((one, other), (other, one)):
            if a.measure == "price" and b.measure != "memory" and _is_of_work(a, own):
                continue
            measure = next((to for x, y, to in _OVER if (x, y) == (a.measure, b.measure)), "")
            made = over(a, b, measure) if measure and done < 3 * _SERIES else None
            if made is not None and len(made.amounts) > 1:
                done += 1
                yield made
        if one.measure == other.measure == "":
            continue
    for each in own:
        if any(one.number > 1 for one in each.amounts) and each.measure in (
            "price",
            "speed",
            "power",
            "memory",
        ):
            yield each._replace(
                amounts=tuple(one._replace(value=one.value / one.number, high=one.high / one.number)
                              for one in each.amounts),
                derived=True,
            )  # fmt: skip


def of_catalogue(context: Context) -> Sequence[Series]:
    """What is on file of the devices that the document speaks of."""
    if "series on file" not in context.memo:
        fields = {"memory": ("memory",), "bandwidth": ("bandwidth",), "power": ("power",), "cores": ("cores", "sms", "tensor_cores"),  # noqa: E501
                  "price": ("launch_price",), "peak": ("fp16", "fp32", "fp8", "fp64", "fp64_tensor", "int8", "fp4", "tf32",  # noqa: E501
                  "fp16_vector", "nvlink", "memory_bus", "l2", "transistors")}  # fmt: skip
        made = []
        for measure, keys in fields.items():
            for field in keys:
                told = []
                for key in sorted(context.spoken_of)[:40]:
                    value = context.catalogue[key].value(field)
                    if isinstance(value, int | float) and value > 0:
                        size = (nominal_gb(value) or value / 1e9) * 1e9 if field == "memory" else float(value)
                        told.append(Amount(key, frozenset({key}), 1.0, size, size, ""))
                if len(told) > 1:
                    made.append(Series(measure, field, field, tuple(told)))
        context.memo["series on file"] = made
    found: list[Series] = context.memo["series on file"]
    return found
