"""What is said of rows of a table, or items of a list, by their names: "Nebius costs twice what AWS does".

The amounts of a column are of one kind, whatever their unit: a price, a speed, a time. A ratio or an order is
wrong where no column of its kind makes it true, a superlative where none of its section does.
"""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import Multiple, opposite, parts, verdict_of
from whichgpu.audit.comparisons.superlatives import is_per_unit, is_restricted
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import is_of_regime
from whichgpu.audit.known.store import store
from whichgpu.audit.tables.heading import headed_by
from whichgpu.audit.tables.stated import around
from whichgpu.audit.text.quantities import Quantity, multiples, quantities
from whichgpu.audit.text.sentences import Sentence, sentences, within
from whichgpu.audit.values.attributes import headed
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Context, Finding

#: Kinds of columns by their headings and cells; of a time less is faster.
_SPEED = re.compile(
    r"\b(?:tok(?:en)?s?\s?/\s?s\w*|(?:tokens|images?|imgs?|samples?|frames?)\s?(?:per\b|/)|it/s|"
    r"throughput|speed|tps|fps|"
    r"(?!cost|price|rate|rent|usd|eur|seconds?|minutes?|hours?|[kmgt]i?b)[a-z]{3,12}\s?(?:/|per\s)\s?"
    r"(?:s|sec(?:ond)?s?|min(?:ute)?|hour))\b",
    re.IGNORECASE,
)
_IN_MONEY = re.compile(
    r"[$\u20ac]|\b(?:USD|EUR|dollars?)\b(?![^/]*\bper (?!gpu|card|hour|month|h\b))", re.IGNORECASE
)
_TIME = re.compile(
    r"\b(?:seconds?|secs?|minutes?|mins?|hours|latency|time|duration|lower is better|less is better)\b|"
    r"[(,]\s*(?:s|ms|min|h)\s*[),]",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\s*([A-Za-z][^:=$\u20ac\d]{0,2}[^:=$\u20ac]{1,38}?)(?:\s\([^()]*\))?\s*:\s+\S")
#: What two rows are compared in; the sign is that of a higher price or a faster speed.
_PRICE_WORDS = re.compile(
    r"\b(?:(?P<less>cheaper|less expensive|undercuts)|(?P<more>more expensive|dearer|pricier)|"
    r"costs?|price|as (?:much|expensive))\b",
    re.IGNORECASE,
)
_SPEED_WORDS = re.compile(
    r"\b(?:(?P<less>slower|behind)|(?P<more>faster|quicker|ahead)|as fast|leads?|speed-?up|"
    r"(?:the|of) (?:speed|throughput|time))\b",
    re.IGNORECASE,
)
#: What is a share of the time, and before a bare multiple.
_OF_TIME = re.compile(r"\s*(?:of )?the time\b", re.IGNORECASE)
_FACTOR = re.compile(r"\bfactor of (?:about |around |roughly |~)?$", re.IGNORECASE)
_SUPERLATIVE = re.compile(
    r"(?<=\s)(?:is|are|was|remains|has|had|offers)\s+(?:by far\s+|still\s+|clearly\s+)?the "
    r"(?:(?P<cheap>cheapest|least expensive|lowest (?:[\w-]+ )?(?:price|cost|rate))|"
    r"(?P<dear>most expensive|priciest|dearest|highest (?:[\w-]+ )?(?:price|cost|rate))|"
    r"(?P<fast>fastest|quickest)|(?P<slow>slowest))\b(?! (?:\w+ )?(?:of the two|way|path|model|option for))",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\b(?:than|as|of|what|the|over)\b", re.IGNORECASE)
#: From the only device that is named to the multiple that is said of it.
_IS = re.compile(
    r"\s+(?:\w+\s+){0,3}?(?:is|was|leads|needs?|takes?|comes? out|runs|works|stays?)\b[^.;]{0,40}", re.I
)
_THAN = re.compile(r"\b(?:than|as|over|what)\b", re.IGNORECASE)
#: What makes it of other amounts than those of the rows as they stand.
_OTHERWISE = re.compile(
    r"\b(?:per|spot|reserved|interruptible|discount\w*|on[- ]demand|monthly|yearly|used|value|effective\w*|"
    r"ago|commit\w*|back then|at launch|if|would|could|can|may|often|usually|not|n[\u2019']t|except|after|"
    r"besides|next|second|among the|"
    r"one of the (?:most|least|\w+st|few|many))\b",
    re.IGNORECASE,
)
_WRITTEN_OUT = re.compile(r"\d[^=]{0,20}\s[/\u00f7x\u00d7*]\s?\d[^=]{0,30}=\s?[^=]*\d")
_ROWS, _COLUMNS, _LEAST = 40, 10, 2
#: Groups of a document that its sentences are held against.
_GROUPS = 60


class _Group(NamedTuple):
    """The amounts of a column, a list or a row by their names, which are prices, speeds or times."""

    kind: str
    #: The heading of the column, or what the row is of.
    head: str
    section: tuple[str, ...]
    rows: Mapping[str, Quantity]
    #: Where in the file it begins.
    start: int = 0


class _Row(NamedTuple):
    """A row of a group that a sentence names."""

    start: int
    end: int
    name: str


def find(context: Context) -> Iterator[Finding]:
    """Every such comparison with its verdict."""
    groups = told_groups(context)
    for index, passage in context.document.running() if groups else ():
        for sentence in sentences(passage.text):
            if not _OTHERWISE.search(sentence.text):
                yield from _compared(index, passage, sentence, groups, context)


def told_groups(context: Context) -> Sequence[_Group]:
    """The amounts that the tables and lists of a document tell by name."""
    if "groups" not in context.memo:
        context.memo["groups"] = list(islice(_groups(context), _GROUPS))
    found: list[_Group] = context.memo["groups"]
    return found


def _groups(context: Context) -> Iterator[_Group]:
    document, fraction = context.document, context.fraction
    for table in document.tables:
        first = table.rows[0][0] if table.rows and table.rows[0] else None
        # Where the header was lost, the first row is one as the others are.
        headless = first is not None and any(True for _ in mentions(first.text, context.catalogue))
        for at, head in enumerate(table.rows[0][1:_COLUMNS], 1):
            cells = [(row[0], row[at]) for row in table.rows[not headless : _ROWS] if len(row) > at]
            named = [(name.text, cell.text) for name, cell in cells if name and cell]
            start = head.start if head else 0
            about = head.text if head and not headless else ""
            yield from _group(about, named, table.section, fraction, start)
        yield from _by_row(table, context)
    items: list[Passage] = []
    for each in (*document.passages, None):
        if each is not None and each.kind == "item":
            items.append(each)
        elif items:
            told = [
                (match[1], one.text[match.end() - 1 :]) for one in items if (match := _LABEL.match(one.text))
            ]
            told = told if len(told) == len(items) else []
            yield from _group("", told, items[0].section, fraction, items[0].start)
            items = []


def _by_row(table: Table, context: Context) -> Iterator[_Group]:
    """The rows of a table with devices above: "T4 images/s | L4 images/s", or as its caption says."""
    heads = table.rows[0][1:_COLUMNS]
    if not heads or not all(
        head and (_SPEED.search(head.text) or headed_by(head, context)) for head in heads
    ):
        return
    labels = [row[0].text if row and row[0] else "" for row in table.rows[:_ROWS]]
    # Attributes of the devices are no speeds; their prices stand beside them.
    prices_only = any(map(headed, labels))
    names = [head.text for head in heads if head]
    for label, row in zip(labels[1:], table.rows[1:_ROWS], strict=True):
        named = [(name, cell.text) for name, cell in zip(names, row[1:], strict=False) if cell]
        # What the row says that it is goes before what the table does.
        own = label if _SPEED.search(label) or _TIME.search(label) else ""
        said = own or " ".join((labels[0], names[0], table.caption))
        about = said if _SPEED.search(said) or _TIME.search(said) else around(table, context)
        start = heads[0].start if heads[0] else 0
        found = next(_group(about, named, table.section, context.fraction, start), None)
        if found and (found.kind == "price" or not prices_only):
            yield found._replace(head=label)


def _group(
    head: str, named: Sequence[tuple[str, str]], section: tuple[str, ...], fraction: str, start: int
) -> Iterator[_Group]:
    rows: dict[str, Quantity] = {}
    for name, text in named:
        # Of what is written out, "480 / 16 = 30 tokens a second", its result counts.
        found = quantities(text.rpartition("=")[2] if _WRITTEN_OUT.search(text) else text, fraction)
        if found and found[0].value > 0 and name.strip().lower() not in rows and len(name) <= 40:
            rows[name.strip().lower()] = found[0]
    kinds = {each.dimension for each in rows.values()}
    about = " ".join((head, *(text for _, text in named[:1])))
    kind = (
        "price" if kinds == {"money"} and len({each.unit for each in rows.values()}) == 1
        else "price" if kinds == {"number"} and _IN_MONEY.search(head)
        else "speed" if _SPEED.search(about)
        else "time" if kinds == {"time"} or _TIME.search(head)
        else ""
    )  # fmt: skip
    if kind and len(kinds) == 1 and len(rows) == len(named) >= _LEAST:
        yield _Group(kind, head, section, rows, start)


def _named(text: str, sentence: Sentence, group: _Group) -> list[_Row]:
    """The rows of a group that a sentence names, each once, the longest names first."""
    found: list[_Row] = []
    low = text.lower()
    for name in sorted(group.rows, key=len, reverse=True):
        if len(name) <= _LEAST or name not in low:
            continue
        pattern = re.compile(rf"(?<![\w-]){re.own(name)}(?![\w-])")
        match = pattern.search(low, sentence.start, sentence.end)
        if match and not any(one.start < match.end() and match.start() < one.end for one in found):
            found.append(_Row(*match.span(), name))
    return sorted(found)


def _devices(index: int, passage: Passage, sentence: Sentence, group: _Group, context: Context) -> list[_Row]:
    """The rows of a group of the same section whose devices a sentence names, each once."""
    if group.kind != "price" and group.section[-1:] != passage.section[-1:]:
        # What a device costs is told once; how fast it is, of each work.
        return []
    spoken = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    ids = {
        name: {one for each in mentions(name, context.catalogue) for one in each.ids}
        for name in (group.rows if spoken else ())
    }
    found: dict[str, _Row] = {}
    for each in spoken:
        meant = [name for name, known in ids.items() if known & {*each.named}]
        if len(meant) != 1:
            return []
        found.setdefault(meant[0], _Row(each.start, each.end, meant[0]))
    return list(found.values())


def _compared(
    index: int, passage: Passage, sentence: Sentence, groups: Sequence[_Group], context: Context
) -> Iterator[Finding]:
    text = passage.text
    if _ON_CONDITION.search(sentence.text):
        return
    named = {
        id(each): max(
            _named(text, sentence, each), _devices(index, passage, sentence, each, context), key=len
        )
        for each in groups
    }
    best = _SUPERLATIVE.search(text, sentence.start, sentence.end)
    if best is not None:
        amounts = within(quantities(text, context.fraction), best.end(), sentence.end)
        prices = {row.value for each in groups if each.kind == "price" for row in each.rows.values()}
        of_else = any(each.dimension == "money" and each.value not in prices for each in amounts)
        if is_restricted(text, best.end(), sentence.end):
            return
        if (best["cheap"] or best["dear"]) and (of_else or is_per_unit(sentence.text)):
            # What is dear for what it does is told by no price alone.
            return
        yield from _of_all(passage, best, groups, named, context)
        return
    if _states_itself(passage, sentence, context):
        return
    said_of = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for words, kinds in ((_PRICE_WORDS, ("price",)), (_SPEED_WORDS, ("speed", "time"))):
        if "speed" in kinds and _ON_PAPER.search(sentence.text):
            continue
        told = [
            each
            for each in groups
            if each.kind in kinds and (each.kind == "price" or is_of_regime(each.head, sentence.text))
        ]
        asked = _meant_rows(told, sentence)
        both = [each for each in asked if len(named[id(each)]) >= 2]
        alone = [each for each in asked if len(named[id(each)]) == 1 and len(each.rows) == 2]
        if both:
            yield from _of_pairs(passage, sentence, (named[id(both[0])], words), both, context)
        elif alone and kinds != ("price",) and len(said_of) < 2:
            yield from _of_two(passage, sentence, (named[id(alone[0])][0], words), alone, context)


def _states_itself(passage: Passage, sentence: Sentence, context: Context) -> bool:
    """Whether a sentence states what it compares."""
    stated = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    told = sum(each.dimension in ("time", "rate", "money") for each in stated)
    return told > 1 or _PAIR.search(sentence.text) is not None


#: Two figures that a sentence sets against each other itself: "4.67x faster (12.5 vs 2.7 FPS)".
_PAIR = re.compile(r"\d[\d.,]*(?:\s[A-Za-z/]{1,9})?\s(?:vs\.?|versus)\s\d")
#: What specifications tell, and no row of speeds: "memory bandwidth tells another story".
_ON_PAPER = re.compile(r"\b(?:band-?\s?width|capacity|cores|cache|[TP]FLOPS|TOPS|[GT]B/s)\b", re.IGNORECASE)
#: What is so only for some work: "Anything that runs less than 1.5 times faster on the A100 is cheaper on".
_ON_CONDITION = re.compile(
    r"\b(?:if|unless|whenever|as long as|anything|whatever|everything (?:that|which)|"
    r"(?:jobs?|models?|workloads?|tasks?|those) (?:that|which))\b",
    re.IGNORECASE,
)


def _of_pairs(
    passage: Passage, sentence: Sentence, told_of: tuple[Sequence[_Row], re.Pattern[str]],
    groups: Sequence[_Group], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """What is said of one row against the next, or the one before it: "next to the A, the B"."""
    text, (rows, words) = passage.text, told_of
    asked = [each for each in groups if all(row.name in each.rows for row in rows)]
    for before, other in pairwise(rows):
        # "The A is dearer than the B, and costs twice what the C does": the first goes on.
        begins = before is rows[0] or _BEGINS.search(text, sentence.start, before.start)
        one = before if begins else rows[0]._replace(end=before.end)
        said = list(words.finditer(text, one.end, other.start))
        if _counts(text, one.start) != _counts(text, other.start):
            # "Two of these are faster than one of those".
            continue
        apart = _BEGINS.search(text, one.end, other.start)
        if said and not apart and _BETWEEN.search(text, said[-1].start(), other.start):
            yield from _held(passage, (one, other), said, asked, context)
        elif not said and len(rows) == 2 and _NEXT_TO.search(text, sentence.start, one.start):
            # What is said behind both is of the last.
            behind = other._replace(start=sentence.end, end=sentence.end, name=one.name)
            said = list(words.finditer(text, other.end, sentence.end))[:1]
            if said:
                yield from _held(passage, (other, behind), said, asked, context)


_MANY = re.compile(
    r"\b(?:two|three|four|six|eight|[2-9]|1\d)\s?[x\u00d7]?\s+(?:of (?:the|these)\s+)?(?:[A-Z]+\s+)?$", re.I
)


def _counts(text: str, at: int) -> bool:
    """Whether several of a thing are spoken of."""
    return _MANY.search(text, max(0, at - 20), at) is not None


#: Before one that a clause begins with.
_BEGINS = re.compile(r"(?:[,;:]|\b(?:and|but|while|whereas))\s+(?:the\s+|an?\s+|nvidia\s+)*$", re.IGNORECASE)
#: Before what another is held against.
_NEXT_TO = re.compile(
    r"\b(?:compared (?:with|to)|relative to|(?:set )?against|next to|versus)\s+(?:the\s+|an?\s+|nvidia\s+)*$",
    re.I,
)


#: Behind a superlative, that it is of rents or of what a card is bought for.
_BY_RENT = re.compile(
    r"\s(?:\w+ )?(?:to (?:rent|buy|start\w*)|by the (?:hour|month)|(?:per|an) (?:hour|month))\b",
    re.IGNORECASE,
)
_OF_RENT = re.compile(r"\bhour\w*|/\s?h|\bmonth\w*|\brents?\b|\bprices?\b", re.IGNORECASE)


def _of_all(
    passage: Passage, best: re.Match[str], groups: Sequence[_Group], named: Mapping[int, Sequence[_Row]],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """A superlative of a row named right before it, which one group of its section at least should show."""
    here = passage.section[-1:]
    near = [
        each for each in groups if (each.kind == "price" or each.section[-1:] == here) and _of(each, best)
    ]
    if _BY_RENT.match(passage.text, best.end()):
        near = [each for each in near if _OF_RENT.search(each.head)]
    asked = [each for each in near if [one.end + 1 for one in named[id(each)]] == [best.start()]]
    told = [_is_best(each, named[id(each)][0].name, best) for each in asked]
    if asked:
        row = named[id(asked[0])][0]
        shown = ", ".join(f"{name} {_text_of(each)}" for name, each in asked[0].rows.items())
        yield _finding(passage, (row.start, row.end), any(told), shown, context)


def _of_two(
    passage: Passage, sentence: Sentence, told_of: tuple[_Row, re.Pattern[str]], groups: Sequence[_Group],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """A multiple of the only one that a sentence names of two: "the 4090 is 16 % ahead"."""
    text, (one, words) = passage.text, told_of
    said = list(words.finditer(text, one.end, sentence.end))
    rest = next(name for name in groups[0].rows if name != one.name)
    other = _Row(sentence.end, sentence.end, rest)
    told = _multiples(text, (one, other), context.fraction) if said else []
    its = told and _IS.fullmatch(text, one.end, told[0].start)
    if its and not _THAN.search(text, said[-1].end(), sentence.end):
        yield from _held(passage, (one, other), said, groups, context)


def _meant_rows(groups: Sequence[_Group], sentence: Sentence) -> list[_Group]:
    """The groups whose rows a sentence names, "at 64 users", "in Blender", or all of them."""
    low = sentence.text.lower()
    for name in (str, _beginning):
        meant = [
            each for each in groups
            if (head := name(each.head).strip().lower()) in low and head
            and re.search(rf"(?<![\w.,]){re.own(head)}(?![\w]|[.,]\d)", low)
        ]  # fmt: skip
        if meant:
            return meant
    return list(groups)


def _beginning(head: str) -> str:
    """What a head begins with, before what it says more: "Blender" of "Blender, Classroom (s)"."""
    return re.split(r"[,(:]", head, maxsplit=1)[0]


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
    passage: Passage, rows: tuple[_Row, _Row], words: Sequence[re.Match[str]], groups: Sequence[_Group],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """An order or a multiple of two rows, which one column at least should show."""
    text = passage.text
    said = next((each for each in words if each["less"] or each["more"]), words[0])
    told = _multiples(text, rows, context.fraction)
    groups = [each for each in groups if {each.name for each in rows} <= {*each.rows}]
    if not groups:
        return
    sides = [(each.rows[rows[0].name], each.rows[rows[1].name], each.kind == "time") for each in groups]
    both = [(b, a) if swapped else (a, b) for a, b, swapped in sides]
    ratios = [ratio for a, b in both for ratio in (a.value / b.high, a.high / b.value)]
    shown = f"{rows[0].name} {_text_of(sides[0][0])}, {rows[1].name} {_text_of(sides[0][1])}"
    if not told and (said["less"] or said["more"]):
        right = any((ratio < 1) if said["less"] else (ratio > 1) for ratio in ratios)
        yield _finding(passage, said.span(), right, shown, context)
    elif len(told) == 1:
        meant = _meant(told[0], said)
        right = any(_gives(one, told[0], min(ratios), max(ratios)) for one in meant)
        if not right and _is_told_else(meant, told[0], rows, context):
            # "Five times more expensive", by another table.
            return
        place = (told[0].start, told[0].end)
        yield _finding(passage, place, right, f"{shown}: {ratios[0]:.3g} times", context)


def _is_told_else(meant: Sequence[float], told: Quantity, rows: tuple[_Row, _Row], context: Context) -> bool:
    """Whether anything that the document told of two rows gives a ratio."""
    for series in store(context):
        one, other = ([each for each in series.amounts if _is_of(each.name, row.name)] for row in rows)
        for a in one:
            for b in other:
                if (
                    a is not b
                    and b.value
                    and any(_gives(way, told, a.value / b.value, a.value / b.value) for way in meant)
                ):
                    return True
    return False


def _is_of(name: str, row: str) -> bool:
    """Whether a name is that of a row, or begins as it does."""
    a, b = name.lower().split(), row.lower().split()
    return bool(a and b) and (a[0] == b[0] or set(a) <= set(b) or set(b) <= set(a))


def _multiples(text: str, rows: tuple[_Row, _Row], fraction: str) -> list[Quantity]:
    """The multiples and percentages between two names; a share of the time is one of the speed."""
    found = []
    for each in within(sorted((*quantities(text, fraction), *multiples(text))), rows[0].end, rows[1].start):
        bare = each.dimension == "number" and _FACTOR.search(text, rows[0].end, each.start)
        if each.high == each.value > 0 and (bare or each.dimension in ("times", "percent")):
            of_time = _OF_TIME.match(text, each.end) is not None
            # "Less than a third of the time" is more than three times as fast.
            taken, limit = (1 / each.value, opposite(each.limit)) if of_time else (each.value, each.limit)
            kind = "times" if bare else each.dimension
            if kind == "percent" and _LESS.match(text, each.end):
                taken, kind = 1 - taken, "times"
            elif kind == "percent" and _SHARE.match(text, each.end):
                kind = "times"
            found.append(each._replace(value=taken, high=taken, dimension=kind, limit=limit))
    for part in parts(text, Sentence(rows[0].end, rows[1].start, "")):
        found = [each for each in found if each.end <= part.start or part.end <= each.start]
        found.append(Quantity(part.start, part.end, part.times, part.times, "times", ""))
    return found


#: Behind one that is a share: "reaches 60 % of the speed".
_SHARE = re.compile(r"\s*of\b", re.IGNORECASE)
#: Behind a percentage that is off: "costs 35 % less".
_LESS = re.compile(r"\s*(?:less|lower|below|under)\b", re.IGNORECASE)


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
