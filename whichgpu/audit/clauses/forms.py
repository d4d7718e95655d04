"""Results in forms of words that are data (`data/forms.toml`): "60 % off takes $98.32 to $39.33".

A form is a pattern with marks for its figures, and an equation of them: `right` is what the result is by the
others, in each way that its words leave open; `told` how the result is read ("15 % more" as 1.15 times). A
form without a result says by `holds` how two of its figures are ordered.
"""

from __future__ import annotations

import ast
import math
import operator
from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import ABOUT, FAR, OFF
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.findings import Finding
    from whichgpu.audit.quantities import Quantity

#: `<a:mw>` in a pattern: the mark of an amount of money or watts, called a.
_MARK = re.compile(r"<(\w):(\w+)>")
_SIGNS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_CALLS: dict[str, Callable[..., float]] = {"ceil": math.ceil, "floor": math.floor, "max": max, "min": min}
#: How much further off a result may be that is told as about so much, or as over or nearly.
_LOOSE = 3.0
_OF = "stated formula"


class Form(NamedTuple):
    """A form of words: its pattern, what its result is by its other figures, and how that is told."""

    pattern: re.Pattern[str]
    right: tuple[str, ...]
    told: str
    holds: str
    alike: tuple[str, ...]
    off: float


@cache
def forms() -> Sequence[Form]:
    """The forms of the data file."""
    file = store.load("forms")["forms"]
    return tuple(_form(row, file["part"]) for row in file["form"])


def _form(row: Mapping[str, str], parts: Mapping[str, str]) -> Form:
    find = row["find"]
    for name, words in {**parts, "about": ABOUT}.items():
        find = find.replace(f"<{name}>", words)
    pattern = re.compile(_MARK.sub(r"<(?P<\1>[\2]\\d+)>", find), re.IGNORECASE)
    right = tuple(each.strip() for each in row.get("right", "").split(" or ") if each)
    alike = tuple(row.get("alike", "").split())
    return Form(pattern, right, row.get("told", "r"), row.get("holds", ""), alike, float(row.get("off", OFF)))


def told_otherwise(read: Marked) -> Iterator[Finding]:
    """The results of a sentence that a form's other figures do not give, and those that they do."""
    for form in forms():
        for match in form.pattern.finditer(read.text):
            figures = {key: read.figures[mark] for key, mark in match.groupdict().items() if mark in read.figures}
            if len({figures[key].dimension for key in form.alike}) > 1 or not all(
                each.value for each in figures.values()
            ):
                continue
            yield from _ordered(form, match, figures, read) if form.holds else _result(form, figures, read)


def _result(form: Form, figures: Mapping[str, Quantity], read: Marked) -> Iterator[Finding]:
    result = figures["r"]
    values = {key: each.value for key, each in figures.items()}
    told, ways = worked(form.told, values), [worked(each, values) for each in form.right]
    ways = [each for each in ways if each > 0]
    if not ways or not told or not 1 / FAR < told / ways[0] < FAR:
        return
    others = [each for key, each in figures.items() if key != "r"]
    off = max(form.off, read.step(result) / 1.9) * (_LOOSE if result.limit else 1)
    right = any(abs(told / each - 1) <= off or _is_beyond(result, told / each) for each in ways)
    because = f"{' and '.join(read.words(each) for each in others)} make {_shown(form, values, ways[0], read, result)}"
    yield read.judged(
        result, _OF, because, expected="" if right else because.rsplit(" make ", maxsplit=1)[1],
        verdict="confirmed" if right else "inconsistent",
    )  # fmt: skip


def _is_beyond(result: Quantity, share: float) -> bool:
    """Whether a result that is told as "more than" so much is less than what it is, and no half of it."""
    return result.limit == "over" and 1 / 2 < share <= 1


def _shown(
    form: Form, values: Mapping[str, float], right: float, read: Marked, result: Quantity
) -> str:
    """The right result as the text's is written."""
    if form.told != "r":
        return f"{right:.3g} times"
    if result.dimension == "percent":
        return f"{right:.1%}"
    one = right * read.digits(result) / values["r"]
    return f"{one:,.2f}" if result.dimension == "money" else f"{one:,.4g}"


def _ordered(
    form: Form, match: re.Match[str], figures: Mapping[str, Quantity], read: Marked
) -> Iterator[Finding]:
    """Two figures that are told to be the other way round, with the word that says so."""
    values = {key: each.value for key, each in figures.items()}
    a, b = figures["a"], figures["b"]
    less, more = (worked(each, values) for each in form.holds.split(" < "))
    if a.dimension == b.dimension and less > more:
        low, high = sorted((a, b), key=lambda each: each.value)
        because = f"{read.words(low)} is less than {read.words(high)}"
        word, first = match["what"], min(a.start, b.start)
        start = read.passage.text.rfind(word, read.sentence.start, first)
        place = a._replace(start=first if start < 0 else start, end=max(a.end, b.end))
        yield read.judged(place, _OF, because, expected=because)


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
