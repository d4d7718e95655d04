"""Results of what stands right above: the sum of a column or a list, the change between two amounts.

"Together these come to 4,294.60 USD" below a table of costs; "at 14.40 USD, or at 9.00 USD. That saves 60 %".
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

_SUM = re.compile(
    r"\b(?:together|altogether|in total|in all|all told|all in|total(?:s|ling)?|adds? (?:it |them |this |"
    r"that |"
    r"these )?up|added up|sums?|combined|that is|that[\u2019']s|that makes|which makes|"
    r"comes? to)\b[^<>.;:]{0,40}<(?P<r>\w\d+)>",
    re.IGNORECASE,
)
#: Behind an amount, of what it is for one: no sum.
_PER_ONE = re.compile(r"\s?(?:/|per |each\b|apiece\b)(?!\s?(?:hour|day|week|month|year)\b)", re.IGNORECASE)
_HEAD_MONEY = re.compile(r"[$\u20ac]|\b(?:USD|EUR|dollars?|euros?|costs?|price|amount)\b", re.IGNORECASE)
_TOTAL = re.compile(r"^\W*(?:total|sum|all|together|altogether|overall)\b", re.IGNORECASE)
_CHANGE = re.compile(
    r"\b(?:saving|save[sd]?|discount|reduction|increase|difference|premium|gain|drop|jump|rise|cut|"
    r"advantage|fell|"
    r"rose|grew|dropped|lower|higher|cheaper|dearer|faster|slower|less|more)\b",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"\b(?:saving|save[sd]?|discount|reduction|drop|cut|fell|dropped|lower|cheaper|less)\b", re.IGNORECASE
)
_MORE = re.compile(
    r"\b(?:increase|premium|gain|jump|rise|rose|grew|higher|dearer|faster|more)\b", re.IGNORECASE
)
#: Behind an amount, that it is what is left: "that is 10,512 USD a month, a cut of 73 percent".
_IS_LESS = re.compile(
    r"\s+(?:less|more|cheaper|dearer|below|above|under|over)\b|"
    r"[^.;]{0,24},\s+(?:an?|which is an?)\s+(?:\w+\s)?(?:cut|saving|reduction|drop|discount)\b",
    re.IGNORECASE,
)
_THAT = re.compile(
    r"^\W*(?:So |And |Hence |Thus )?(?:that|this|it|which)(?:[\u2019']s| is| was| makes| means| gives)\b",
    re.I,
)
_KINDS = frozenset({"money", "power", "energy", "memory", "time", "rate", "bandwidth", "flop rate", "number"})
_POINTS, _SHARE = 0.02, 0.06
_OFF, _FAR = 0.012, 2.0


def above(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The sums and changes of a passage that what stands right before does not give."""
    here = context.mentions.get(index, ())
    every = sentences(passage.text)
    for at, sentence in enumerate(every):
        read = marked(passage, sentence, here, context)
        if at == 0:
            yield from _sum(index, read, context)
        if at:
            yield from _change(read, marked(passage, every[at - 1], here, context), context)


#: "Come to about 45,500 euros for the L4, 56,600 for the T4": of each in turn.
_IN_TURN = re.compile(
    r"\s+(?:for|with|on|in) (?:the|an?|one) [\w -]{2,24}?,\s+(?:and |about )?[$\u20ac]?\d", re.IGNORECASE
)


def _sum(index: int, read: Marked, context: Context) -> Iterator[Finding]:
    match = _SUM.search(read.text)
    if match is None:
        return
    result = read.figures[match["r"]]
    if result.dimension not in ("money", "power", "energy", "memory", "time"):
        return
    if any(way.match(read.passage.text, result.end) for way in (_PER_ONE, _IN_TURN, _IS_LESS)):
        return
    for parts in _columns(index, result, context):
        total = sum(parts)
        if len(parts) < 2 or not 1 / _FAR < result.value / total < _FAR:
            continue
        if any(
            abs(sum(parts[a:b]) / result.value - 1) <= _OFF
            for a in range(len(parts))
            for b in range(a + 2, len(parts) + 1)
        ):
            return
        shown = total / result.value * read.digits(result)
        because = f"the {len(parts)} amounts right above come to {shown:,.6g}"
        yield read.judged(result, "sum above", because, expected=f"{shown:,.6g}")
        return


def _columns(index: int, result: Quantity, context: Context) -> Iterator[Sequence[float]]:
    """The amounts of a kind in each column of the table right above, or of the items."""
    passages = context.document.passages
    before = passages[index - 1] if index else None
    if before is None:
        return
    if before.kind == "item":
        parts: list[float] = []
        at = index - 1
        while at >= 0 and passages[at].kind == "item":
            found = [
                each
                for each in quantities(passages[at].text, context.fraction)
                if each.dimension == result.dimension
            ]
            if len(found) != 1:
                return
            parts.append(found[0].value)
            at -= 1
        yield parts
        return
    table = next((each for each in context.document.tables if any(cell is before for cell in each)), None)
    if table is None:
        return
    for column in range(table.columns - 1, 0, -1):
        head = table.cell(0, column)
        money = head is not None and _HEAD_MONEY.search(head.text) is not None
        cells = [(row[0], row[column]) for row in table.rows[1:] if len(row) > column and row[0] is not None]
        found_ = [
            _amount(cell, result, money=money, context=context)
            for label, cell in cells
            if label is not None and not _TOTAL.search(label.text)
        ]
        if found_ and all(each is not None for each in found_) and len(found_) == len(cells):
            yield [each for each in found_ if each is not None]


def _amount(cell: Passage | None, result: Quantity, *, money: bool, context: Context) -> float | None:
    found = quantities(cell.text, context.fraction) if cell is not None else ()
    if len(found) != 1:
        return None
    if found[0].dimension == result.dimension:
        return found[0].value
    return (
        found[0].value if found[0].dimension == "number" and result.dimension == "money" and money else None
    )


def _change(read: Marked, before: Marked, context: Context) -> Iterator[Finding]:
    """By what share one of two amounts that the sentence before tells is more than the other."""
    shares = read.of("percent")
    if (
        len(read.figures) != 1
        or len(shares) != 1
        or not _THAT.match(read.text)
        or not _CHANGE.search(read.text)
    ):
        return
    result = shares[0]
    pairs = []
    for kind in _KINDS:
        own = [each for each in before.of(kind) if each.value > 0]
        pairs += [(one, other) for one, other in combinations(own, 2) if one.value != other.value]
    if len(pairs) != 1 or len(before.figures) > len(pairs[0]):
        return
    one, other = pairs[0]
    ratio = max(one.value, other.value) / min(one.value, other.value)
    less, more = _LESS.search(read.text), _MORE.search(read.text)
    ways = (
        (1 - 1 / ratio,)
        if less and not more
        else (ratio - 1,)
        if more and not less
        else (ratio - 1, 1 - 1 / ratio, 1 / ratio)
    )
    if any(abs(result.value - way) <= max(_POINTS, _SHARE * way) for way in ways):
        return
    because = (
        f"{before.words(one)} and {before.words(other)} are {ratio - 1:.0%} or {1 - 1 / ratio:.0%} apart"
    )
    yield read.judged(result, "change before", because, expected=f"{1 - 1 / ratio:.0%}")
