"""Results in forms of words that are data (`data/forms.toml`): "60 % off takes $98.32 to $39.33".

A form is a pattern with marks for its figures, and an equation of them: `right` is what the result is by the
others, in each way that its words leave open; `told` how the result is read ("15 % more" as 1.15 times). A
form without a result says by `holds` how two of its figures are ordered. The name of a device stands for its
memory.
"""

from __future__ import annotations

import ast
import math
import operator
from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import ABOUT, FAR, OFF
from whichgpu.audit.clauses.mood import ONLY_IF
from whichgpu.audit.text.quantities import Quantity, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.offers import usual
from whichgpu.facts import store
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: `<a:mw>` in a pattern: the mark of an amount of money or watts, called a.
_MARK = re.compile(r"<(\w):(\w+)>")
_SIGNS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_CALLS: dict[str, Callable[..., float]] = {"ceil": math.ceil, "floor": math.floor, "max": max, "min": min}
#: How much further off a result may be that is told as about so much, or as over or nearly.
_LOOSE = 3.0
#: What is less is counted one by one.
_COUNTED = 1e3
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
#: How far a share may be off: so much, and so much of it.
_POINT, _OF_SHARE = 0.012, 0.06
#: What the findings are of.
OF_FORMS = "stated form"


class Form(NamedTuple):
    """A form of words: its pattern, what its result is by its other figures, and how that is told."""

    pattern: re.Pattern[str]
    #: Whether it has the name of a device among its marks.
    named: bool
    right: tuple[str, ...]
    told: str
    holds: str
    alike: tuple[str, ...]
    #: Which devices are the same one.
    same: tuple[str, ...]
    off: float
    #: What its formulas are of.
    needed: frozenset[str]
    #: The marks that its result may have; any where it has none.
    marks: frozenset[str]


class _Read(NamedTuple):
    """What a form is found with: its figures, and the values of all that it names, in every way."""

    figures: Mapping[str, Quantity]
    ways: Sequence[Mapping[str, float]]
    named: str


@cache
def forms() -> Sequence[Form]:
    """The forms of the data file."""
    file = store.load("forms")["forms"]
    return tuple(_form(row, {**file["part"], "about": ABOUT}) for row in file["form"])


def _form(row: Mapping[str, str], parts: Mapping[str, str]) -> Form:
    find = re.with_parts(row["find"], parts)
    pattern = re.compile(_MARK.sub(r"<(?P<\1>[\2]\\d+)>", find), re.IGNORECASE)
    right = tuple(each.strip() for each in row.get("right", "").split(" or ") if each)
    alike, same = (tuple(row.get(key, "").split()) for key in ("alike", "same"))
    told, holds = row.get("told", "r" if right else ""), row.get("holds", "")
    needed = frozenset(
        node.id
        for formula in (*right, told, *holds.split(" < "))
        if formula
        for node in ast.walk(ast.parse(formula, mode="eval"))
        if isinstance(node, ast.Name) and node.id not in _CALLS
    )
    named, off = ":v>" in find, float(row.get("off", OFF))
    marks = frozenset(letter for key, some in _MARK.findall(find) if key == "r" for letter in some)
    return Form(pattern, named, right, told, holds, alike, same, off, needed, marks)


def told_otherwise(read: Marked) -> Iterator[Finding]:
    """The results of a sentence that a form's other figures do not give, and those that they do."""
    named = _named(read)
    there = {mark[0] for mark in read.figures}
    every, look = _looked_for()
    # Of a text with names for its devices, and with marks for them.
    plain = look(read.text)
    for at in sorted({*plain, *look(named[0])}) if named[1] else plain:
        form = every[at]
        if form.marks and not form.marks & there:
            continue
        for match in form.pattern.finditer(named[0] if form.named else read.text):
            one = _taken(form, match, named[1], read)
            if one.ways:
                yield from _ordered(form, match, one, read) if form.holds else _result(form, one, read)


@cache
def _looked_for() -> tuple[Sequence[Form], re.Many]:
    """The forms, and which of them a text may hold."""
    return forms(), re.Many.of(each.pattern for each in forms())


def _named(read: Marked) -> tuple[str, Mapping[str, Mention]]:
    """The text of a sentence with marks for the names of devices as well."""
    text, at = read.text, 0
    marks: dict[str, Mention] = {}
    for each in within(read.here, read.sentence.start, read.sentence.end):
        start = text.find(each.text, at)
        if start >= 0:
            mark = f"v{len(marks)}"
            marks[mark] = each
            text = f"{text[:start]}<{mark}>{text[start + len(each.text) :]}"
            at = start + len(mark)
    return text, marks


def _taken(form: Form, match: re.Match[str], names: Mapping[str, Mention], read: Marked) -> _Read:
    groups = {key: mark for key, mark in match.groupdict().items() if mark}
    figures = {key: read.figures[mark] for key, mark in groups.items() if mark in read.figures}
    devices = {key: names[mark] for key, mark in groups.items() if mark in names and form.named}
    values = {key: each.value for key, each in figures.items()}
    # "A 13B model": billions of what it has.
    values |= {key: float(word) for key, word in groups.items() if _NUMBER.fullmatch(word)}
    if TARIFF in form.needed:
        values[TARIFF] = tariff(read.context)
    ways = [values]
    for key, each in devices.items():
        gpus = [read.context.catalogue[one] for one in usual(each.ids)]
        ways = [{**way, **_values(key, gpu)} for way in ways for gpu in gpus]
    alike = len({figures[key].dimension for key in form.alike}) < len("ab")
    # "The cheaper one" is the one that is named so.
    same = all(devices[a].named == devices[b].named for a, b in zip(form.same, form.same[1:], strict=False))
    known = all(way.get(key) for way in ways for key in form.needed)
    named = " and ".join(each.text for each in devices.values())
    return _Read(figures, ways if alike and same and known else (), named)


#: In formulas, what a watt-hour costs, where the document tells one price; what they have without a mark.
TARIFF = "tariff"
FORMS_NEED = frozenset({TARIFF})
_PER_KWH = re.compile(r"\s?(?:per|a|an|each|/)\s?(?:kWh|kilowatt[- ]hours?)\b", re.IGNORECASE)
#: The energies of a text are read in watt-hours.
_KWH = 1e3


def tariff(context: Context) -> float:
    """What a document says that a watt-hour costs; nothing where it tells several prices, or none."""
    if TARIFF not in context.memo:
        told = {
            each.value
            for passage in context.document.passages
            if "h" in passage.text and _PER_KWH.search(passage.text)
            for each in quantities(passage.text, context.fraction)
            if each.dimension == "money" and _PER_KWH.match(passage.text, each.end)
        }
        context.memo[TARIFF] = told.pop() / _KWH if len(told) == 1 else 0.0
    return float(context.memo[TARIFF])


def _values(key: str, gpu: Gpu) -> Mapping[str, float]:
    """What is on file of a device, as a text tells it: its memory, in the gigabytes that it is sold with."""
    memory = float(gpu.value("memory") or 0.0)
    size = nominal_gb(memory) if memory else None
    others = {f"{key}_{field}": float(gpu.value(field) or 0.0) for field in _FIELDS}
    return {key: (size or memory / 1e9) * 1e9, **others}


#: What formulas may have of a device besides its memory.
_FIELDS = ("bandwidth", "power", "launch_price", "cores")


def _result(form: Form, found: _Read, read: Marked) -> Iterator[Finding]:
    result = found.figures["r"]
    if found.named and _is_anothers(result, found.named, read):
        return
    values = found.ways[0]
    told = worked(form.told, values)
    ways = [way for each in found.ways for one in form.right if (way := worked(one, each)) > 0]
    if not ways or told <= 0 or not 1 / FAR < told / ways[0] < FAR:
        return
    more = {**values, "r": values["r"] + _slack(result, read)}
    off = max(form.off, abs(worked(form.told, more) / told - 1)) * (_LOOSE if result.limit else 1)
    right = any(abs(told / each - 1) <= off or _is_beyond(result, told / each) for each in ways)
    others = [read.words(each) for key, each in found.figures.items() if key != "r"]
    parts = " and ".join([*others, *([found.named] if found.named else [])]) or "the formats named"
    expected = _shown(form, values, ways[0], read, result)
    yield read.judged(
        result, OF_FORMS, f"{parts} make {expected}", expected="" if right else expected,
        verdict="confirmed" if right else "inconsistent",
    )  # fmt: skip


#: Behind a result, whose it is: "$94 for the A40", where the last that was named is another.
_WHOSE = re.compile(
    r"\s*(?:(?:per|an?|/)\s?\w+\s+)?(?:for|with|on|in)\s+(?:the\s+|an?\s+)?(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)


def _is_anothers(result: Quantity, named: str, read: Marked) -> bool:
    """Whether a result is that of a device that stands right behind it, and not of those of a form."""
    whose = _WHOSE.match(read.passage.text, result.end)
    return whose is not None and any(
        each.start == whose.end() and each.text not in named.split(" and ") for each in read.here
    )


def _slack(result: Quantity, read: Marked) -> float:
    """How far a result is from what it is told as by its last digit; a share is told to the percent."""
    if result.dimension == "percent":
        return max(_POINT, _OF_SHARE * result.value)
    if result.dimension == "number" and result.value < _COUNTED and "." not in read.words(result):
        # "100 GPUs" are counted, and no round number.
        return 1 / 2
    return result.value * read.step(result) / 1.9


def _is_beyond(result: Quantity, share: float) -> bool:
    """Whether a result that is told as "more than" so much is less than what it is, and no half of it."""
    return result.limit == "over" and 1 / 2 < share <= 1


def _shown(form: Form, values: Mapping[str, float], right: float, read: Marked, result: Quantity) -> str:
    """The right result as the text's is written."""
    if form.told != "r":
        return f"{right:.3g} times"
    if result.dimension == "percent":
        return f"{right:.1%}"
    one = right * read.digits(result) / values["r"]
    return f"{one:,.2f}" if result.dimension == "money" else f"{one:,.4g}"


def _ordered(form: Form, match: re.Match[str], found: _Read, read: Marked) -> Iterator[Finding]:
    """What is told to be the other way round, at the words that say so."""
    figures = [each for key, each in found.figures.items() if key in "ab"]
    sides = [[worked(each, way) for each in form.holds.split(" < ")] for way in found.ways]
    start = read.passage.text.find(match["what"], read.sentence.start, read.sentence.end)
    if start >= 0 and ONLY_IF.search(read.passage.text, start, read.sentence.end):
        # "The dearer one is the cheaper choice whenever it is twice as fast".
        return
    if start >= 0 and len({each.dimension for each in figures}) < len("ab"):
        wrong = all(less > more for less, more in sides)
        parts = " and ".join([*map(read.words, figures), *([found.named] if found.named else [])])
        place = Quantity(start, start + len(match["what"]), 0.0, 0.0, "number", "")
        if wrong:
            because = f"{parts}: it is the other way round"
            yield read.judged(place, OF_FORMS, because, expected="the other way round")


def worked(formula: str, values: Mapping[str, float]) -> float:
    """A formula of named values: sums, products, quotients, and the few functions of `_CALLS`."""
    return _worked(ast.parse(formula, mode="eval").body, values)


def _worked(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.BinOp):
        return _SIGNS[type(node.op)](_worked(node.left, values), _worked(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _CALLS[node.func.id](*(_worked(each, values) for each in node.args))
    if isinstance(node, ast.Name):
        return values[node.id]
    return float(ast.literal_eval(node))
