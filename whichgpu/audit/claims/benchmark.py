"""Benchmarks: tables of throughput whose figures cannot have been measured, or that break a bound."""

from __future__ import annotations

from itertools import combinations, zip_longest
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.lines import amounts, runs
from whichgpu.audit.tables.heading import headed_by
from whichgpu.audit.tables.stated import around
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.errors import WhichGpuError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.lines import Run
    from whichgpu.audit.text.quantities import Quantity

_COUNT = re.compile(
    r"(?:^\W*|[(,:]\s*)(\d{1,4})\s*(?:x\s*)?(?:gpus?|cards?|devices?|nodes?)\b", re.IGNORECASE
)
#: A number of GPUs by itself: "8x", and "8" where the heading beside it says of what.
_BARE = re.compile(r"^\W*(?:x\s*(?=\d))?(\d{1,4})(?P<times>\s*[x\u00d7])?\W*$", re.IGNORECASE)
_TIMES_ONE = re.compile(r"^\W*(\d{1,4})\s*(?:[x\u00d7]\s*|\s)([^\W\d].{1,40})$", re.IGNORECASE)
_OF_GPUS = re.compile(r"\b(?:number of|gpus|cards|devices|gpu count)\b", re.IGNORECASE)
_SPEED = re.compile(
    r"\b(?![GMT]i?B)[a-z]{2,12}\s*(?:/|per\s+)\s*(?:s(?:ec(?:onds?)?)?|m(?:in(?:utes?)?)?|h(?:ours?)?)\b"
    r"|\bthroughput\b",
    re.IGNORECASE,
)
#: Above lines of numbers of GPUs, that what they tell is a speed.
_IN_LINES = re.compile(
    rf"{_SPEED.pattern}|\b(?:train\w*|inference|scaling|benchmark\w*|speeds?|images|tokens|samples|"
    rf"ResNet\S*|BERT\S*)\b",
    re.IGNORECASE,
)
#: Tables that say themselves that nothing was measured.
_COMPUTED = re.compile(r"\b(?:ideal|theoretical|projected|extrapolat\w+|calculated|peak)\b", re.IGNORECASE)
#: A measured ratio is never a whole number to so many digits; of so many cells of two rows, or one more of
#: one with a digit more, it is no chance.
_EXACT, _DIGITS, _RUN = 1e-4, 3, 2
#: More than this share above linear is more than caches explain.
_SUPERLINEAR = 1.05
#: The same beside another row that stays below it, or another number in the row that does by that share.
_NOISE, _LOST = 1.02, 0.98
#: One network does more of another's work and is still faster: by how much each at least, and both together.
_MORE_WORK, _FASTER, _TOGETHER = 1.6, 1.1, 2.0
#: Precisions in the heads of columns, ratios that no measurement hits in every row, and the least speed told
#: in three digits.
_PRECISION = re.compile(
    r"\b(?:fp64|fp32|tf32|fp16|bf16|fp8|int8|int4|amp|mixed(?: precision)?)\b", re.IGNORECASE
)
#: Labels of rows of a data sheet.
_RATED = re.compile(r"\b(?:spars\w+|dense|T(?:FL)?OPS|peak|theoretical)\b", re.IGNORECASE)
_PLAIN, _LEAST, _WIDEST = (0.25, 0.5, 1.5, 2.0, 3.0, 4.0, 8.0), 100, 32
#: Columns of what such speeds are of the first, and by how much their rounding may be off.
_RATIO = re.compile(r"\bspeed-?\s?ups?\b|(?P<each>\befficiency\b)|\bscaling(?: factor)?$", re.IGNORECASE)
_CLOSE, _BEYOND, _NUMBERS = 0.04, 1.3, ("number", "rate", "times", "percent")


class _Row(NamedTuple):
    """A row of a table of speeds: what it is of with its cell, and its value by number of GPUs."""

    label: str
    head: Passage | None
    cells: Mapping[int, Passage]
    values: Mapping[int, Quantity]

    def series(self) -> tuple[float, ...]:
        """The values in order of the number of GPUs."""
        return tuple(self.values[n].value for n in sorted(self.values))


_IN_TIME = re.compile(
    r"\b(?:times?|durations?|latenc\w+)\b[^.;:]{0,24}\bin (?:\w+ )?(?:milliseconds|ms|seconds|minutes|"
    r"hours)\b|"
    r"\((?:ms|s|sec|min|minutes|seconds|hours|h)\)|\blower is better\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every row of a table of speeds that contradicts arithmetic or physics."""
    for run in runs(context):
        row = _counted(run, context)
        if row is not None and _IN_LINES.search(run.leading) and not _COMPUTED.search(run.leading):
            yield from _steeper([row], context)
    for table in context.document.tables:
        beside = around(table, context)
        measured = _SPEED.search(beside) and not _COMPUTED.search(beside)
        rows = (_rows(table, context) or _rows(_turned(table), context, turned=True)) if measured else []
        ratios = [row for row in rows if _RATIO.search(row.label)]
        rows = [row for row in rows if row not in ratios]
        if len(rows) == 1:
            yield from (one for each in ratios for one in _speedups(rows[0], each, context))
        exact = [row for row in rows if _is_exact(row)]
        exact = [row for row in rows if len(row.values) > 1] if _all_exact(rows) else exact
        if len(exact) >= _RUN or any(_is_exact(row, _DIGITS + 1, _RUN + 1) for row in exact):
            yield from (_multiples(row, context) for row in exact)
        yield from _steeper(rows, context)
        yield from _repeated(rows, context)
        every = rows or (_by_device(table, context) if measured else [])
        # What takes longer does so for more work.
        yield from _order(_alike(every, table), context) if not _IN_TIME.search(beside) else ()
        yield from _proportional(table, context) if measured else ()
        if not _COMPUTED.search(beside):
            yield from _precisions(table, context)


def _counted(run: Run, context: Context) -> _Row | None:
    """Lines of numbers of GPUs, each with its speed: "1 card: 547", "4 cards: 1,985"."""
    if not all(line.number for line in run.lines):
        return None
    told = list(amounts(run, 0, context))
    cells = {line.number: passage for line, passage, _ in told}
    values = {line.number: each for line, _, each in told}
    whole = len(values) == len(run.lines)
    return _Row(run.lines[0].name, None, cells, values) if whole else None


def _rows(table: Table, context: Context, *, turned: bool = False) -> list[_Row]:
    """The rows of a table with a column for each of several numbers of GPUs.

    Of a table that was turned, those that say that they are of speeds, of speed-ups, or of a device.
    """
    first = table.cell(0, 0)
    plain = first is not None and bool(
        _OF_GPUS.search(first.text) or any(mentions(first.text, context.catalogue))
    )
    heads = {i: _count(cell.text, plain=plain) for i, cell in enumerate(table.rows[0]) if cell}
    counts = {i: int(match[1]) for i, match in heads.items() if match and int(match[1]) > 0}
    counts = counts if len(counts) > 1 else _of_one_device(table.rows[0], context)
    # "A5000, 1 GPU", "A5000, 2 GPUs", "A4500, 1 GPU": numbers of GPUs of each of several.
    apart = len(set(counts.values())) < len(counts)
    heads_of = ((i, table.rows[0][i]) for i in counts)
    names = {i: _COUNT.sub("", cell.text).strip().lower() if cell and apart else "" for i, cell in heads_of}
    kinds = dict.fromkeys(names.values())
    groups = [{i: n for i, n in counts.items() if names.get(i) == name} for name in kinds]
    told = [one for one in groups if len(one) > 1 and len(set(one.values())) == len(one)]
    return [row for one in told for row in _of_counts(table, one, context, turned=turned)]


def _of_counts(table: Table, counts: Mapping[int, int], context: Context, *, turned: bool) -> list[_Row]:
    """The rows of a table in the columns of so many numbers of GPUs."""
    found: list[_Row] = []
    head: Passage | None = None
    for index in range(1, len(table.rows)):
        head = table.cell(index, 0) or head
        label = head.text if head else ""
        cells = {n: cell for i, n in counts.items() if (cell := table.cell(index, i))}
        values = {n: each for n, cell in cells.items() if (each := _value(cell, context))}
        speeds = not turned or _SPEED.search(label) or _RATIO.search(label)
        if len(values) >= 2 and (speeds or (head and headed_by(head, context))):
            found.append(_Row(label, head, cells, values))
    return found


def _by_device(table: Table, context: Context) -> list[_Row]:
    """The rows of a table with a column for each of several devices."""
    heads = {i for i, cell in enumerate(table.rows[0]) if i and cell and headed_by(cell, context)}
    found = []
    for index in range(1, len(table.rows) if heads else 0):
        cells = {i: cell for i in heads if (cell := table.cell(index, i))}
        values = {i: each for i, cell in cells.items() if (each := _value(cell, context))}
        first = table.cell(index, 0)
        if first and len(values) == len(heads):
            found.append(_Row(first.text, first, cells, values))
    return found


def _count(head: str, *, plain: bool) -> re.Match[str] | None:
    """The number of GPUs that heads a column; `plain` where the heading beside says that it is one."""
    bare = _BARE.match(head)
    return _COUNT.search(head) or (bare if bare and (plain or bare["times"]) else None)


def _of_one_device(heads: Sequence[Passage | None], context: Context) -> dict[int, int]:
    """The numbers of GPUs that head columns where all are of one device: "1x A100", "8x A100"."""
    told = {i: match for i, cell in enumerate(heads) if cell and (match := _TIMES_ONE.match(cell.text))}
    names = {match[2].strip().lower().removesuffix("s") for match in told.values()}
    one = len(names) == 1 and any(mentions(names.pop(), context.catalogue))
    return {i: int(match[1]) for i, match in told.items() if int(match[1]) > 0} if one else {}


def _turned(table: Table) -> Table:
    """A table with its columns as rows: numbers of GPUs below each other head its rows."""
    return table._replace(rows=tuple(zip_longest(*table.rows)))


def _value(cell: Passage, context: Context) -> Quantity | None:
    each = next(iter(quantities(cell.text, context.fraction)), None)
    return each if each and each.value > 0 and each.dimension in _NUMBERS else None


def _speedups(row: _Row, ratios: _Row, context: Context) -> Iterator[Finding]:
    """What a column of speed-ups, or of efficiencies, says of the speeds beside it."""
    base, kind = min(row.values), _RATIO.search(ratios.label)
    for n in sorted({*row.values} & {*ratios.values}):
        told = ratios.values[n]
        real = row.values[n].value / row.values[base].value
        # A share of what so many would do at best, by its name or, of a percentage, by what it is near.
        share = real / (n / base)
        of_each = bool(kind and kind["each"]) or (
            told.dimension == "percent" and told.value < _BEYOND * share
        )
        real = share if of_each else real
        wrong = min(abs(told.value / real - 1), abs(told.value / (100 * real) - 1)) > _CLOSE
        if n == base:
            continue
        first, each = row.values[base].value, row.values[n].value
        because = f"{each:,.10g} on {n} and {first:,.10g} on {base} make {real:.3g}"
        yield made(context, ratios.cells[n], (told.start, told.end), "benchmark",
                   "inconsistent" if wrong else "confirmed", subject=ratios.label, attribute="scaling",
                   because=because, expected=f"{real:.3g}" if wrong else "",
                   evidence=(Evidence(because),))  # fmt: skip


def _is_exact(row: _Row, least: int = _DIGITS, run: int = _RUN) -> bool:
    """Whether most values are whole multiples of the first, in digits that no measurement repeats."""
    base = min(row.values)
    first = row.values[base].value
    digits = len(re.sub(r"\D", "", f"{first:g}").strip("0"))
    multiples = [n for n in row.values if n != base and _whole(row, n, base)]
    return digits >= least and len(multiples) >= max(run, (len(row.values) - 1) / 2)


def _all_exact(rows: Sequence[_Row]) -> bool:
    """Whether every value of a table is a whole multiple of the first of its row, three or more of them."""
    told = [
        _is_exact(row, run=1) and all(_whole(row, n, min(row.values)) for n in row.values) for row in rows
    ]
    return all(told) and sum(len(row.values) - 1 for row in rows) > _RUN


def _whole(row: _Row, n: int, base: int) -> bool:
    first = row.values[base].value
    return abs(row.values[n].value / (first * n / base) - 1) <= _EXACT


def _multiples(row: _Row, context: Context) -> Finding:
    base = min(row.values)
    exact = [n for n in row.values if n != base and _whole(row, n, base)]
    last = row.cells[max(exact)]
    first = row.values[base].value
    because = (
        f"{row.label}: {', '.join(f'{row.values[n].value:,.10g}' for n in sorted(exact))} are exactly "
        f"{', '.join(f'{n / base:g}' for n in sorted(exact))} times {first:,.10g}; no measurement scales to "
        "every digit"
    )
    each = row.values[max(exact)]
    return made(context, last, (each.start, each.end), "benchmark", "inconsistent", subject=row.label,
                attribute="scaling", because=because, evidence=(Evidence(because),))  # fmt: skip


def _proportional(table: Table, context: Context) -> Iterator[Finding]:
    """Rows of speeds that are the same plain multiple of another row in every column."""
    made_of: list[tuple[int, int, float]] = []
    rows = [_digits(table, index, context) for index in range(min(len(table.rows), _WIDEST))]
    for i, j in combinations(range(1, len(rows)), 2):
        times = {round(rows[j][n].value / rows[i][n].value, 3) for n in rows[i].keys() & rows[j].keys()}
        if len(rows[i].keys() & rows[j].keys()) >= _RUN and len(times) == 1 and times & {*_PLAIN}:
            made_of.append((i, j, next(iter(times))))
    if len(made_of) < _RUN and not any(len(rows[j]) > _RUN for _, j, _ in made_of):
        return
    for i, j, factor in made_of:
        column = max(rows[i].keys() & rows[j].keys())
        cell, each = table.cell(j, column), rows[j][column]
        because = f"every speed of the row is exactly {factor:g} times that of another; no measurement is"
        if cell is not None:
            yield made(context, cell, (each.start, each.end), "benchmark", "inconsistent",
                       attribute="row", because=because, evidence=(Evidence(because),))  # fmt: skip


def _digits(table: Table, index: int, context: Context) -> dict[int, Quantity]:
    """The speeds of a row by column, of three digits and more that say something; none of specifications."""
    head = table.cell(index, 0)
    # "ResNet-50, FP32" is a network in a format, and no rate of a data sheet.
    if (
        head is None
        or _RATED.search(head.text)
        or named(_PRECISION.sub("", head.text))
        or not _PRECISION.sub("", head.text).strip(" ,()")
    ):
        return {}
    cells = {n: cell for n in range(1, len(table.rows[index])) if (cell := table.cell(index, n))}
    values = {
        n: each for n, cell in cells.items() if (each := _value(cell, context)) and each.unit in ("", "x")
    }
    return {
        n: each for n, each in values.items() if len(f"{each.value:g}".replace(".", "").strip("0")) >= _DIGITS
    }


def _precisions(table: Table, context: Context) -> Iterator[Finding]:
    """Columns of speeds in two precisions of which one is exactly so many times the other in every row."""
    heads = [cell.text if cell else "" for cell in table.rows[0][:_WIDEST]]
    said = {i: match[0] for i, head in enumerate(heads) if (match := _PRECISION.search(head))}
    for i, j in combinations(said, 2):
        same = _PRECISION.sub("", heads[i]).split() == _PRECISION.sub("", heads[j]).split()
        if not same or said[i].lower() == said[j].lower():
            continue
        pairs = [
            (cell, first, second)
            for row in range(1, len(table.rows))
            if (one := table.cell(row, i)) and (cell := table.cell(row, j))
            and (first := _speed(one, context)) and (second := _speed(cell, context))
        ]  # fmt: skip
        times = {round(second.value / first.value, 4) for _, first, second in pairs}
        if _are_peaks(table, [(first, second) for _, first, second in pairs], context):
            continue
        if len(pairs) <= _RUN or len(times) != 1 or next(iter(times)) not in _PLAIN:
            continue
        for cell, first, second in pairs:
            because = (
                f"{second.value:,.10g} is exactly {next(iter(times)):g} times {first.value:,.10g}, as in "
                f"every row; "
                "no measurement repeats a ratio to every digit"
            )
            yield made(context, cell, (second.start, second.end), "benchmark", "inconsistent",
                       attribute="precision", because=because, evidence=(Evidence(because),))  # fmt: skip


def _are_peaks(table: Table, pairs: Sequence[tuple[Quantity, Quantity]], context: Context) -> bool:
    """Whether most of such values are peaks of the devices that a table names, which do double by design."""
    heads = [*(row[0] for row in table.rows if row), *table.rows[0]]
    named_by = (mentions(head.text, context.catalogue) for head in heads if head)
    gpus = [context.catalogue[key] for found in named_by for each in found for key in each.ids]
    peaks = {
        ways * peak / _TERA for gpu in gpus for peak in attributes()["tensor"].amounts(gpu) for ways in (1, 2)
    }
    near = [any(abs(one.value / peak - 1) < _NEAR_PEAK for peak in peaks) for pair in pairs for one in pair]
    return 2 * sum(near) > len(near)


#: How near a value is a peak, in TFLOPS.
_TERA, _NEAR_PEAK = 1e12, 0.01


def _speed(cell: Passage, context: Context) -> Quantity | None:
    """The one speed of a cell, of three digits and more."""
    each = _value(cell, context)
    return each if each and each.high == each.value and each.value >= _LEAST else None


#: The most GPUs that a row of numbers of GPUs begins with.
_FIRST = 64


def _steeper(rows: Sequence[_Row], context: Context) -> Iterator[Finding]:
    """Values that grow faster than the number of GPUs."""
    for row in rows:
        base = min(row.values)
        if base > _FIRST:
            # Numbers of something else than GPUs.
            continue
        beside = any(_is_below(other) for other in rows if other is not row) or _loses(row)
        most = _NOISE if beside else _SUPERLINEAR
        for n in sorted(row.values):
            linear = row.values[base].value * n / base
            if n > base and row.values[n].value > most * linear:
                each = row.values[n]
                one = row.values[base].value
                because = f"{each.value:,.10g} on {n} is more than {n / base:g} times {one:,.10g}"
                yield made(context, row.cells[n], (each.start, each.end), "benchmark", "contradicted",
                           subject=row.label, attribute="scaling", because=because,
                           expected=f"at most {linear:,.6g}", evidence=(Evidence(because),))  # fmt: skip


def _is_below(row: _Row) -> bool:
    """Whether every value of a row is below linear, as exchanging gradients has it."""
    base = min(row.values)
    return all(each.value < row.values[base].value * n / base for n, each in row.values.items() if n > base)


def _loses(row: _Row) -> bool:
    """Whether a value of a row is clearly below linear: what so many lose, more do not win."""
    base = min(row.values)
    return any(
        each.value < _LOST * row.values[base].value * n / base for n, each in row.values.items() if n > base
    )


def _repeated(rows: Sequence[_Row], context: Context) -> Iterator[Finding]:
    """Rows that repeat the values of a row of something else."""
    seen: dict[tuple[float, ...], _Row] = {}
    for row in rows:
        series = row.series()
        long = len(series) >= 3 and all(value >= 100 for value in series)
        other = seen.get(series)
        if long and other is not None:
            base = min(row.values)
            each = row.values[base]
            because = f"{row.label} repeats every value of {other.label}"
            yield made(context, row.cells[base], (each.start, each.end), "benchmark", "inconsistent",
                       subject=row.label, attribute="row", because=because,
                       evidence=(Evidence(because),))  # fmt: skip
        seen.setdefault(series, row)


#: Columns of how a row was measured.
_SETTINGS = re.compile(
    r"\b(?:requests?|concurren\w+|users?|batch\w*|bs|precision|format|context|length|input|output|tokens in|"
    r"resolution|steps|framework|engine|runtime|mode|phase|task)\b",
    re.IGNORECASE,
)


def _alike(rows: Sequence[_Row], table: Table) -> list[_Row]:
    """The rows that were measured as the first was, by the columns that tell how."""
    columns = [at for at, cell in enumerate(table.rows[0]) if at and cell and _SETTINGS.search(cell.text)]
    settings = [
        [line[at].text.strip().lower() if at < len(line) and line[at] else "" for at in columns]  # type: ignore[union-attr]
        for line in table.rows
    ]
    where = {id(cell): at for at, line in enumerate(table.rows) for cell in line[:1] if cell}
    first = next((settings[where[id(row.head)]] for row in rows if row.head and id(row.head) in where), [])
    return [
        row for row in rows if not row.head or settings[where.get(id(row.head), 0)] == first or not columns
    ]


def _order(rows: Sequence[_Row], context: Context) -> Iterator[Finding]:
    """Networks that do more work and are still said to be faster, at one precision."""
    done: dict[str, float] = {row.label: work for row in rows if (work := _work(row.label))}
    best = {}
    for row in rows:
        if row.label in done and row.label not in best:
            best[row.label] = row
    for label, row in best.items():
        slower = [
            other
            for name, other in best.items()
            if done[name] > _MORE_WORK * done[label]
            and _unit(name) == _unit(label)
            and min(row.values) in other.values
            and (times := other.values[min(row.values)].value / row.values[min(row.values)].value) > _FASTER
            and times * done[name] > _TOGETHER * done[label]
        ]
        cell = row.head
        if not slower or cell is None or _is_of_narrow(label):
            continue
        other = max(slower, key=lambda each: done[each.label])
        because = (
            f"{other.label} does {done[other.label] / 1e9:.3g} GFLOP an image and {label} "
            f"{done[label] / 1e9:.3g}, and the table has {other.label} faster"
        )
        yield made(context, cell, (0, len(cell.text)), "benchmark", "contradicted", subject=label,
                   attribute="order", because=because, evidence=(Evidence(because),))  # fmt: skip


def _is_of_narrow(label: str) -> bool:
    """Whether a network is of depthwise convolutions, which take longer than their FLOP say."""
    from whichgpu.workloads.workload import resolve

    return resolve(label).family in ("inverted_residual", "shufflenet")


def _unit(label: str) -> str:
    """What a network is counted in: a sequence may be shorter than what its work was counted of."""
    from whichgpu.workloads.workload import resolve

    return resolve(label).unit


def _work(label: str) -> float:
    """FLOP of one forward pass of a network by its name; 0 for an unknown one."""
    from whichgpu.workloads.counts import counts
    from whichgpu.workloads.workload import known, resolve

    if not 3 <= len(label) <= 40 or not known(label):
        return 0.0
    try:
        return counts(resolve(label)).flops
    except WhichGpuError:
        return 0.0
