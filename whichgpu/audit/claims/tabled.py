"""What a text says of the speeds in its own tables: "at batch 64 the A100 delivers 2.5 times the tokens".

It is wrong where no column of a table that has both devices gives it, whichever the text may mean.
"""

from __future__ import annotations

from statistics import geometric_mean
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import pair
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables import stated as tables
from whichgpu.audit.text.quantities import multiples, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import named as attributes_named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.pairs import Pair
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell

#: Headings of speeds, and of times, of which less is faster.
_SPEED = re.compile(
    r"\b(?:(?:tok(?:en)?s?|imgs?|images?|samples?|frames?|seq(?:uence)?s?|it(?:eration)?s?|requests?|req|"
    r"steps?)\s?"
    r"(?:/|per )\s?(?:s|sec|second|min|minute|h|hour)\b|fps|tps|t/s|throughput|score)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:latency|ttft|tpot|(?:ms|s|sec|seconds?|minutes?|min|hours?)\b\s?(?:/|per )|time)", re.IGNORECASE
)
_FASTER = re.compile(
    r"\b(?:faster|quicker|as fast|outperforms?|beats?|leads?|ahead of|the (?:tokens|images|throughput|"
    r"speed|performance)|"
    r"as many (?:tokens|images|samples)|more (?:tokens|images|samples))\b",
    re.IGNORECASE,
)
#: Labels of places and of what is no speed, below whichever heading: "Place by popularity".
_NO_SPEED = re.compile(
    r"\b(?:places?|rank(?:s|ed|ing)?|positions?|popularity|evaluation|efficiency|cost-effectiveness|value)\b",
    re.IGNORECASE,
)
#: What a table of speeds does not tell.
_ELSE = re.compile(
    r"\b(?:slower|less|fewer|behind|price\w*|cost\w*|cheaper|dollars?|watts?|joules?|power|efficien\w+|vram|"
    r"memory|cores|"
    r"bandwidth|t?flops|theor\w+|peak|on paper|spec\w*|up to|would|could|might|expect\w*|not|never|"
    r"gaming|games|if|"
    r"scal\w+|per)\b|[$\u20ac]|n[\u2019']t\b",
    re.IGNORECASE,
)
#: Which column is meant: "at batch 64", and words that headings share with a sentence.
_BATCH = re.compile(r"\bbatch(?:[ -]?size)?(?: of)?[ =:]*(\d{1,4})\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z][a-z0-9.-]{2,}", re.IGNORECASE)
#: Words of headings that tell no column from another.
_COMMON = re.compile(
    r"(?:the|and|for|with|per|sec|second|tok|tokens?|images?|img|throughput|batch|time|speed|gpus?|model|"
    r"latency|"
    r"score|size|[bf]p?f?(?:16|8)|int[48]|than|more|faster)"
)
_NEAR, _WRONG = 0.06, 0.2


class Column(NamedTuple):
    """A column, or a row, of speeds: what it is called, and the speed of each device."""

    label: str
    values: dict[tuple[str, ...], float]


def find(context: Context) -> Iterator[Finding]:
    """Every comparison of two devices that the document's own tables bear out, or contradict."""
    columns = [each for table in context.document.tables for each in speeds(table, context)]
    for passage, sentence, who in told(context, _FASTER) if columns else ():
        faster = _FASTER.search(passage.text, sentence.start, sentence.end)
        if faster is None or _ELSE.search(sentence.text):
            continue
        if within(attributes_named(passage.text), sentence.start, sentence.end):
            continue
        times = _stated(passage.text, (sentence.start, sentence.end), context)
        place = times[0] if times else faster.span()
        both = pair(*place, who, context)
        meant = _meant(sentence.text, columns)
        if both is not None and meant and not set(both.first) & set(both.second):
            yield from _judged(passage, place, times[1] if times else 0.0, _quotients(both, meant), context)


def speeds(table: Table, context: Context, *, several: bool = False) -> Iterator[Column]:
    """The speeds of a table by what they are called; those of `several` of one with their number."""
    above = f"{table.caption} {' '.join(table.section[-1:])}"
    found: dict[str, dict[tuple[str, ...], float]] = {}
    heads = [head.text if head else "" for head in table.rows[0]]
    for cell in tables.every(table, context) if several else tables.cells(table, context):
        head = heads[cell.column] if cell.column < len(heads) else ""
        text = f"{cell.label} {head} {cell.passage.text}"
        said = _SPEED.search(text) or _SPEED.search(above)
        slow = _TIME.search(f"{cell.label} {head}") and not _SPEED.search(text)
        numbers = [each for each in quantities(cell.passage.text, context.fraction) if each.value > 0]
        of_speed = _SPEED.search(f"{cell.label} {head}") or slow or (said and cell.attribute is None)
        if len(numbers) != 1 or not of_speed or _NO_SPEED.search(cell.label) or "%" in text or "$" in text:
            continue
        value = numbers[0].value
        found.setdefault(f"{cell.label} {above}", {})[row(cell, several=several)] = (
            1.0 / value if slow else value
        )
    yield from (Column(label, values) for label, values in found.items() if len(values) > 1)


def row(cell: Cell, *, several: bool) -> tuple[str, ...]:
    """What a cell's row is of: the ids of its device, with the number of them where that matters."""
    return (*cell.ids, f"x{cell.number:g}") if several else cell.ids


def _stated(text: str, place: tuple[int, int], context: Context) -> tuple[tuple[int, int], float] | None:
    """The one multiple, or share more, that a sentence states."""
    found = [
        ((each.start, each.end), each.value if each.dimension == "times" else 1.0 + each.value)
        for every in (quantities(text, context.fraction), multiples(text))
        for each in within(every, *place)
        if each.dimension in ("times", "percent") and each.value == each.high > 0
    ]
    return found[0] if len(found) == 1 else None


def _meant(text: str, columns: Sequence[Column]) -> list[Column]:
    """The columns that a sentence may mean: those of its batch, and those that share a word with it."""
    batches = set(_BATCH.findall(text))
    if batches:
        return [each for each in columns if batches & set(_BATCH.findall(each.label))]
    words = {each.lower() for each in _WORD.findall(text) if not _COMMON.fullmatch(each.lower())}
    return [each for each in columns if words & {one.lower() for one in _WORD.findall(each.label)}]


def _quotients(both: Pair, columns: Sequence[Column]) -> list[tuple[float, str]]:
    """First over second in each column, and on average over those."""
    found = []
    for column in columns:
        sides = [
            [value for ids, value in column.values.items() if set(ids) & set(side)]
            for side in (both.first, both.second)
        ]
        if all(len(side) == 1 for side in sides):
            found.append((sides[0][0] / sides[1][0], " ".join(column.label.split())))
    if len(found) > 1:
        found.append((geometric_mean([ratio for ratio, _ in found]), "on average"))
    return found


def _judged(
    passage: Passage,
    place: tuple[int, int],
    stated: float,
    found: Sequence[tuple[float, str]],
    context: Context,
) -> Iterator[Finding]:
    if not found:
        return
    ratio, label = min(found, key=lambda one: abs(one[0] / (stated or 1.0) - 1))
    because = f"the document's own table has {ratio:.3g} times the speed ({label[:60]})"
    if stated:
        off = abs(ratio / stated - 1)
        verdict = "confirmed" if off <= _NEAR else "inconsistent" if off > _WRONG else "unverifiable"
    else:
        # Who is "faster" may be so in other work, with several, or by name alone ("its faster sibling").
        verdict = "unverifiable"
    yield made(
        context,
        passage,
        place,
        "ratio" if stated else "ordering",
        verdict,
        attribute="measured",
        because=because,
        expected=f"{ratio:.2g} times" if stated and verdict == "inconsistent" else "",
        evidence=(Evidence(because),),
    )
