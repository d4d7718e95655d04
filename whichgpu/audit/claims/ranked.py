"""Who is first in the document's own tables: "the cheapest tokens of the four", "the least energy per image".

Speeds, and what they cost and take by the rents and the watts beside them, are compared; a place is wrong
where no column that may be meant has it. The same of multiples: "per dollar it yields three times as much".
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit import tables
from whichgpu.audit.claims.tabled import Column, row, speeds
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.pairs import pair
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Document, Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

#: Headings of a rent and of a power.
_RENT = re.compile(r"[$\u20ac](?:/| per )(?:gpu[- ])?h(?:ou)?r?\b|\b(?:hourly|rent)\b|/hr?\b", re.IGNORECASE)
_POWER = re.compile(r"\b(?:power|watts?|tdp|tgp)\b|\(W\)", re.IGNORECASE)
#: What is compared; of costs and energies the least is the best.
_MEASURES = {
    "dollar": r"(?:tokens|images|throughput|performance|work|yields?)?[^.;,]{0,12}per (?:dollar|\$)|"
    r"(?:cheap|cost|pric|expensive)\w*[^.;,]{0,20}?\b(?:tokens?|images?|pictures?)\b|(?:cost|"
    r"price) per \w*token\w*",
    "watt": r"per watt|frugal\w*|(?:energy|joules?|kwh) (?:per|for each)\b|energy[- ]efficien\w+|"
    r"most efficient|least efficient|least energy|most energy",
    "speed": r"throughput|fastest|slowest|most (?:tokens|images)|fewest (?:tokens|images)",
}
_MEASURED = {key: re.compile(rf"\b(?:{words})", re.IGNORECASE) for key, words in _MEASURES.items()}
_ANY = re.compile("|".join(f"(?:{each.pattern})" for each in _MEASURED.values()), re.IGNORECASE)
_FIRST = re.compile(
    r"\b(?:(?:the|is|are) (?:cheapest|fastest|best|most|least|most frugal|lowest|highest|slowest|"
    r"worst|fewest|dearest|most expensive))\b",
    re.I,
)
#: The first place of these is the last by what is good.
_WORST = re.compile(
    r"\b(?:slowest|worst|fewest|most expensive|dearest|least efficient|most energy|"
    r"lowest throughput|highest (?:cost|price))\b",
    re.I,
)
#: What no table of the document tells, or is not said of all its rows.
_ELSE = re.compile(
    r"\b(?:not|never|no|second|third|after|except|apart|but one|among (?:the )?\w+ cards|would|"
    r"could|might|if|at batch|batch|"
    r"vram|gigabyte|bandwidth|t?flops?|purchase|buy|latency|ttft|spot|reserved|than (?:any|"
    r"all))\b|n[\u2019']t\b",
    re.I,
)
_CLAUSE = re.compile(r",\s|[;:]|\s(?:and|but|while|whereas)\s")
#: "The fastest at batch 64 is the A100".
_IS = re.compile(r"\b(?:is|was|are|on|with|:)\s+(?:the |an? )?$", re.IGNORECASE)
_LEVEL, _WRONG, _ROWS, _LEADS = 1.04, 0.25, 3, 24


def find(context: Context) -> Iterator[Finding]:
    """Every place, and every multiple, that the document's own tables exclude."""
    known = _known(context.document, context)
    for passage, sentence, who in told(context, _ANY) if known else ():
        if _ELSE.search(sentence.text):
            continue
        for first in _FIRST.finditer(passage.text, sentence.start, sentence.end):
            end = _CLAUSE.search(passage.text, first.end(), sentence.end)
            clause = (first.start(), end.start() if end else sentence.end)
            measure = _measure(passage.text, clause, known)
            before = [each for each in who.own if each.end <= first.start()]
            after = [
                each for each in within(who.own, *clause) if _IS.search(passage.text, first.end(), each.start)
            ]
            before = before or (after if len(after) == 1 else [])
            because = _not_first(passage.text[slice(*clause)], before[-1].ids, measure) if before else ""
            if because:
                yield made(context, passage, clause, "ordering", "inconsistent", attribute="measured",
                           subject=", ".join(before[-1].ids), because=because,
                           evidence=(Evidence(because),))  # fmt: skip
        yield from _multiples(passage, sentence, who, known, context)


def _measure(text: str, place: tuple[int, int], known: Mapping[str, Sequence[Column]]) -> Sequence[Column]:
    """The columns of what a stretch of text compares; none where it compares something else."""
    return next((known.get(key, ()) for key, way in _MEASURED.items() if way.search(text, *place)), ())


def _multiples(
    passage: Passage, sentence: Sentence, who: Spoken, known: Mapping[str, Sequence[Column]], context: Context
) -> Iterator[Finding]:
    """What is told to be so many times as much per dollar or per watt."""
    times = [
        each for every in (quantities(passage.text, context.fraction), multiples(passage.text))
        for each in within(every, sentence.start, sentence.end)
        if each.dimension == "times" and each.value > 1
    ]  # fmt: skip
    both = pair(times[0].start, times[0].end, who, context) if len(times) == 1 else None
    if both is None or set(both.first) & set(both.second) or _MEASURED["speed"].search(sentence.text):
        return
    ends = [
        sentence.start,
        *(each.end() for each in _CLAUSE.finditer(passage.text, sentence.start, sentence.end)),
        sentence.end,
    ]
    place = next((a, b) for a, b in pairwise(ends) if b > times[0].start)
    # "Per dollar, it yields three times as much": what leads a sentence is of its first clause.
    place = (sentence.start, place[1]) if place[0] == ends[1] and ends[1] - ends[0] < _LEADS else place
    real = [
        (one / other, column.label) for column in _measure(passage.text, place, known)
        if (one := _of(column, both.first)) and (other := _of(column, both.second))
    ]  # fmt: skip
    if real and all(abs(way / times[0].value - 1) > _WRONG for each, _ in real for way in (each, 1 / each)):
        ratio, label = real[0]
        because = f"by the document's own table it is {ratio:.3g} times ({label[:60]})"
        yield made(context, passage, (times[0].start, times[0].end), "ratio", "inconsistent",
                   attribute="measured", because=because, expected=f"{ratio:.2g} times",
                   evidence=(Evidence(because),))  # fmt: skip


def _not_first(words: str, ids: Sequence[str], columns: Sequence[Column]) -> str:
    """Who is first in the place of a device, where it is in no column; empty where it is in one."""
    worst, ranks = _WORST.search(words) is not None, []
    for column in columns:
        mine = _of(column, ids)
        best = (min if worst else max)(column.values, key=lambda key: column.values[key])
        ratio = mine / column.values[best] if worst else column.values[best] / (mine or 1.0)
        if not mine or len(column.values) < _ROWS or ratio < _LEVEL:
            return ""
        ranks.append(f"in the document's own table that is {best[0]} ({' '.join(column.label.split())[:60]})")
    return ranks[0] if ranks else ""


def _of(column: Column, ids: Sequence[str]) -> float:
    """The one value of a device in a column; nought where there is none."""
    found = [value for key, value in column.values.items() if set(key) & set(ids)]
    return found[0] if len(found) == 1 else 0.0


def _known(document: Document, context: Context) -> dict[str, list[Column]]:
    """The speeds of all tables, and those over the rents and the watts of their rows."""
    known: dict[str, list[Column]] = {}
    for table in document.tables:
        done = list(speeds(table, context, several=True))
        beside: dict[str, dict[tuple[str, ...], float]] = {"dollar": {}, "watt": {}}
        for cell in tables.every(table, context):
            numbers = [each for each in quantities(cell.passage.text, context.fraction) if each.value > 0]
            text = f"{cell.label} {cell.passage.text}"
            key = "dollar" if _RENT.search(text) else "watt" if _POWER.search(cell.label) else ""
            if key and len(numbers) == 1 and numbers[0].value == numbers[0].high:
                beside[key][row(cell, several=True)] = numbers[0].value
        known.setdefault("speed", []).extend(done)
        for key, values in beside.items():
            over = [
                Column(
                    each.label, {ids: each.values[ids] / values[ids] for ids in each.values if ids in values}
                )
                for each in done
            ]
            known.setdefault(key, []).extend(each for each in over if len(each.values) > 1)
    return known
