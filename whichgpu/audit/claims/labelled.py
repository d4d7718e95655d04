"""What is said of rows of a table, or items of a list, by their names: "Nebius costs twice what AWS does".

The amounts of a column are of one kind, whatever their unit: a price, a speed, a time. A ratio or an order is
wrong where no column of its kind makes it true, a superlative where none of its section does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.multiple import Multiple, verdict_of
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.subjects import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Document, Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

#: Kinds of columns by their headings and cells; of a time less is faster.
_SPEED = re.compile(
    r"\b(?:tok(?:en)?s?\s?/\s?s\w*|(?:tokens|images?|imgs?|samples?|frames?)\s?(?:per\b|/)|it/s|"
    r"throughput|speed|tps|fps)\b",
    re.IGNORECASE,
)
_TIME = re.compile(r"\b(?:seconds?|secs?|minutes?|mins?|hours|latency|time|duration)\b", re.IGNORECASE)
_LABEL = re.compile(r"\s*([A-Za-z][^:=$\u20ac\d]{0,2}[^:=$\u20ac]{1,38}?)(?:\s\([^()]*\))?\s*:\s+\S")
#: What two rows are compared in; the sign is that of a higher price or a faster speed.
_PRICE_WORDS = re.compile(
    r"\b(?:(?P<less>cheaper|less expensive|undercuts)|(?P<more>more expensive|dearer|pricier)|"
    r"costs?|price|as (?:much|expensive))\b",
    re.IGNORECASE,
)
_SPEED_WORDS = re.compile(
    r"\b(?:(?P<less>slower)|(?P<more>faster|quicker)|as fast|the (?:speed|throughput))\b", re.IGNORECASE
)
_SUPERLATIVE = re.compile(
    r"(?<=\s)(?:is|are|was|remains)\s+(?:by far\s+|still\s+|clearly\s+)?the "
    r"(?:(?P<cheap>cheapest|least expensive)|(?P<dear>most expensive|priciest|dearest)|"
    r"(?P<fast>fastest|quickest)|(?P<slow>slowest))\b(?! (?:\w+ )?(?:of the two|way|path|model|option for))",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\b(?:than|as|of|what|the|over)\b", re.IGNORECASE)
#: What makes it of other amounts than those of the rows as they stand.
_OTHERWISE = re.compile(
    r"\b(?:per|spot|reserved|interruptible|discount\w*|on[- ]demand|monthly|yearly|used|value|effective\w*|"
    r"if|would|could|can|may|often|usually|not|n[\u2019']t|except|after|besides|next|second|among the|"
    r"one of)\b",
    re.IGNORECASE,
)
_ROWS, _COLUMNS, _LEAST = 40, 10, 2


class _Group(NamedTuple):
    """The amounts of a column or a list by the names of their rows, which are prices, speeds or times."""

    kind: str
    head: str
    section: tuple[str, ...]
    rows: Mapping[str, Quantity]


class _Row(NamedTuple):
    """A row of a group that a sentence names."""

    start: int
    end: int
    name: str


def find(context: Context) -> Iterator[Finding]:
    """Every such comparison with its verdict."""
    groups = list(_groups(context.document, context.fraction))
    for index, passage in context.document.running() if groups else ():
        for sentence in sentences(passage.text):
            if not _OTHERWISE.search(sentence.text):
                yield from _compared(index, passage, sentence, groups, context)


def _groups(document: Document, fraction: str) -> Iterator[_Group]:
    for table in document.tables:
        for at, head in enumerate(table.rows[0][1:_COLUMNS], 1):
            cells = [(row[0], row[at]) for row in table.rows[1:_ROWS] if len(row) > at]
            named = [(name.text, cell.text) for name, cell in cells if name and cell]
            yield from _group(head.text if head else "", named, table.section, fraction)
        heads = [head.text if head else "" for head in table.rows[0][1:_COLUMNS]]
        for row in table.rows[1:_ROWS] if heads and all(map(_SPEED.search, heads)) else ():
            # "T4 images/s | L4 images/s"
            named = [(head, cell.text) for head, cell in zip(heads, row[1:], strict=False) if cell]
            yield from _group(heads[0], named, table.section, fraction)
    items: list[Passage] = []
    for each in (*document.passages, None):
        if each is not None and each.kind == "item":
            items.append(each)
        elif items:
            told = [
                (match[1], one.text[match.end() - 1 :]) for one in items if (match := _LABEL.match(one.text))
            ]
            yield from _group("", told if len(told) == len(items) else [], items[0].section, fraction)
            items = []


def _group(
    head: str, named: Sequence[tuple[str, str]], section: tuple[str, ...], fraction: str
) -> Iterator[_Group]:
    rows: dict[str, Quantity] = {}
    for name, text in named:
        found = quantities(text, fraction)
        if found and found[0].value > 0 and name.strip().lower() not in rows and len(name) <= 40:
            rows[name.strip().lower()] = found[0]
    kinds = {each.dimension for each in rows.values()}
    about = " ".join((head, *(text for _, text in named[:1])))
    kind = (
        "price" if kinds == {"money"} and len({each.unit for each in rows.values()}) == 1
        else "speed" if _SPEED.search(about)
        else "time" if kinds == {"time"} or _TIME.search(head)
        else ""
    )  # fmt: skip
    if kind and len(kinds) == 1 and len(rows) == len(named) >= _LEAST:
        yield _Group(kind, head, section, rows)


def _named(text: str, sentence: Sentence, group: _Group) -> list[_Row]:
    """The rows of a group that a sentence names, each once, the longest names first."""
    found: list[_Row] = []
    low = text.lower()
    for name in sorted(group.rows, key=len, reverse=True):
        pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        match = pattern.search(low, sentence.start, sentence.end) if len(name) > _LEAST else None
        if match and not any(one.start < match.end() and match.start() < one.end for one in found):
            found.append(_Row(*match.span(), name))
    return sorted(found)


def _devices(index: int, passage: Passage, sentence: Sentence, group: _Group, context: Context) -> list[_Row]:
    """The rows of a group of the same section whose devices a sentence names, each once."""
    if group.section[-1:] != passage.section[-1:]:
        return []
    ids = {
        name: {one for each in mentions(name, context.catalogue) for one in each.ids} for name in group.rows
    }
    found: dict[str, _Row] = {}
    for each in within(context.mentions.get(index, ()), sentence.start, sentence.end):
        meant = [name for name, known in ids.items() if known & {*each.named}]
        if len(meant) != 1:
            return []
        found.setdefault(meant[0], _Row(each.start, each.end, meant[0]))
    return list(found.values())


def _compared(
    index: int, passage: Passage, sentence: Sentence, groups: Sequence[_Group], context: Context
) -> Iterator[Finding]:
    text = passage.text
    named = {
        id(each): _named(text, sentence, each) or _devices(index, passage, sentence, each, context)
        for each in groups
    }
    best = _SUPERLATIVE.search(text, sentence.start, sentence.end)
    if best is not None:
        near = [each for each in groups if each.section[-1:] == passage.section[-1:] and _of(each, best)]
        asked = [each for each in near if [one.end + 1 for one in named[id(each)]] == [best.start()]]
        told = [_is_best(each, named[id(each)][0].name, best) for each in asked]
        if asked:
            row = named[id(asked[0])][0]
            shown = ", ".join(f"{name} {_text_of(each)}" for name, each in asked[0].rows.items())
            yield _finding(passage, (row.start, row.end), any(told), shown, context)
        return
    for words, kinds in ((_PRICE_WORDS, ("price",)), (_SPEED_WORDS, ("speed", "time"))):
        asked = [each for each in groups if each.kind in kinds and len(named[id(each)]) == 2]
        if not asked:
            continue
        one, other = named[id(asked[0])]
        said = list(words.finditer(text, one.end, other.start))
        if said and _BETWEEN.search(text, said[-1].start(), other.start):
            word = next((each for each in said if each["less"] or each["more"]), said[0])
            yield from _held(passage, (one, other), word, asked, context)


def _of(group: _Group, best: re.Match[str]) -> bool:
    return (group.kind == "price") == bool(best["cheap"] or best["dear"])


def _is_best(group: _Group, name: str, best: re.Match[str]) -> bool:
    """Whether no other row of a group is cheaper, dearer, faster or slower than one."""
    least = bool(best["cheap"]) or (best["slow"] if group.kind == "speed" else best["fast"]) is not None
    least = least and not best["dear"]
    own = group.rows[name]
    others = [each for key, each in group.rows.items() if key != name]
    return all(own.value <= each.high if least else own.high >= each.value for each in others)


def _held(
    passage: Passage, rows: tuple[_Row, _Row], said: re.Match[str], groups: Sequence[_Group], context: Context
) -> Iterator[Finding]:
    """An order or a multiple of two rows, which one column at least should show."""
    text = passage.text
    every = (*quantities(text, context.fraction), *multiples(text))
    told = [
        each
        for each in within(sorted(every), rows[0].end, rows[1].start)
        if each.dimension in ("times", "percent") and each.high == each.value
    ]
    sides = [(each.rows[rows[0].name], each.rows[rows[1].name], each.kind == "time") for each in groups]
    both = [(b, a) if swapped else (a, b) for a, b, swapped in sides]
    ratios = [ratio for a, b in both for ratio in (a.value / b.high, a.high / b.value)]
    shown = f"{rows[0].name} {_text_of(sides[0][0])}, {rows[1].name} {_text_of(sides[0][1])}"
    if not told and (said["less"] or said["more"]):
        right = any((ratio < 1) if said["less"] else (ratio > 1) for ratio in ratios)
        yield _finding(passage, said.span(), right, shown, context)
    elif len(told) == 1:
        right = any(_gives(one, told[0], min(ratios), max(ratios)) for one in _meant(told[0], said))
        place = (told[0].start, told[0].end)
        yield _finding(passage, place, right, f"{shown}: {ratios[0]:.3g} times", context)


def _meant(told: Quantity, said: re.Match[str]) -> list[float]:
    """The ratios that are meant: "3x cheaper" is a third, "3x more" may be four times."""
    times = told.value
    if told.dimension == "percent":
        return [1 - times, 1 / (1 + times)] if said["less"] else [1 + times]
    return [1 / times] if said["less"] else [times, 1 + times] if said["more"] else [times]


def _gives(meant: float, told: Quantity, low: float, high: float) -> bool:
    """Whether a ratio lies between two, or is one of them but for rounding."""
    claim = Multiple(told.start, told.end, meant, told.limit)
    return low <= meant <= high or any(verdict_of(claim, [one]) == "confirmed" for one in (low, high))


def _text_of(each: Quantity) -> str:
    """An amount as it is shown."""
    sign = each.unit if each.dimension == "money" else ""
    return f"{sign}{each.value:,.4g}" + (f" to {each.high:,.4g}" if each.high != each.value else "")


def _finding(
    passage: Passage, place: tuple[int, int], right: bool, because: str, context: Context
) -> Finding:  # fmt: skip
    return made(
        context, passage, place, "ratio", "confirmed" if right else "inconsistent", attribute="stated rows",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
