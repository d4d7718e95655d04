"""What one amount is more or less than another: "$1.79 on demand, $0.89 on spot: they saved 50 percent".

The two amounts stand in the sentence or just before it; wrong is what no two amounts of the text differ by.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import multiples, quantities
from whichgpu.audit.relations import rounding
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import AXES, converted, dims, terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.terms import Term

#: Behind a percentage or a multiple, and before one or an amount.
_BEHIND = re.compile(
    r"\s*(?:[,)]?\s*)?(?:mehr|weniger|teurer|g\u00fcnstiger|"
    r"billiger|plus cher|moins cher|m\u00e1s car[oa]|"
    r"m\u00e1s barat[oa]|(?:as|more|less) (?:expensive|costly|cheap|pricey)|cheaper|less\b|more\b|saving|"
    r"savings|discount|off\b|lower|"
    r"higher|premium|the (?:price|cost)|as much|per token|what (?:they|we|you|it))",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:sav(?:es?|ed|ing|ings)(?: of)?|cut(?:s|ting)?(?: \w+){0,3} by|discount of|premium of|difference "
    r"of|reduc\w+(?: \w+){0,4} by|"
    r"(?:cheaper|lower|higher|less|more|fell|rose|dropped|drops?|down|up) by)\s+(?:you |us |them |about |"
    r"around |roughly |over |"
    r"nearly |almost |some |just |a |an |full |only )*~?$",
    re.IGNORECASE,
)
#: What makes it a change of something else.
_ELSE = re.compile(
    r"\b(?:if|up to|performance|speed|throughput|faster|slower|utili[sz]\w+|typical\w*|usually|often|"
    r"generally|"
    r"power|vram|bandwidth|memory|quality|accuracy|margin|market|demand|tax|vat|inflation|"
    r"average)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\s*(?:a |that |which |this |so |i\.e\.)", re.IGNORECASE)
_POINTS, _SHARE, _TIMES, _WORD, _AMOUNT = 0.02, 0.06, 0.10, 0.2, 0.03
_MOST, _LARGEST, _BACK = 10, 60.0, 220


class _Said(NamedTuple):
    """A change that is said: its place, its value, and what it is (`share`, `times`, `amount`)."""

    start: int
    end: int
    value: float
    kind: str
    slack: float


def find(context: Context) -> Iterator[Finding]:
    """Every saving, premium and multiple of two amounts of money, with its verdict."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in ("paragraph", "item", "caption"):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = [each for each in terms(passage.text, context.fraction, names)]
        if sum(bool(each.sign) for each in every) < 2:
            continue
        money = [each for each in every if each.sign and not each.dims[1]]
        for sentence in sentences(passage.text):
            for said in _said(passage.text, sentence, every, context.fraction):
                found = _judged(passage, sentence, said, money, context)
                if found is not None:
                    yield found


def _said(text: str, sentence: Sentence, every: Sequence[Term], fraction: str) -> Iterator[_Said]:
    for each in within(every, sentence.start, sentence.end):
        led = _BEFORE.search(text, max(sentence.start, each.start - 45), each.start)
        followed = _BEHIND.match(text, each.end)
        if each.share and (led or followed):
            yield _Said(each.start, each.end, each.value, "share", _SHARE)
        elif each.sign and led and not any(each.dims[1:]):
            yield _Said(each.start, each.end, each.value, "amount", _AMOUNT)
    told = [
        each for each in quantities(text, fraction) if each.dimension == "times" and each.high == each.value
    ]
    for one in within(sorted([*multiples(text), *told]), sentence.start, sentence.end):
        if _BEHIND.match(text, one.end):
            yield _Said(one.start, one.end, one.value, "times", _WORD if one.limit else _TIMES)


def _judged(
    passage: Passage, sentence: Sentence, said: _Said, money: Sequence[Term], context: Context
) -> Finding | None:
    money = [each for each in money if each.start != said.start]
    here = within(money, sentence.start, sentence.end)
    before = [each for each in money if sentence.start - _BACK < each.start < sentence.start]
    if not here and _GOES_ON.match(sentence.text):
        here = [each for each in before if sentence.start - each.end < _BACK / 2][-2:]
    if not here or _ELSE.search(sentence.text):
        return None
    # The two of the sentence, else the last one of it and the last one before it.
    pairs = list(_pairs(here)) or list(_pairs([*before[-1:], here[-1]]))
    right = next((pair for pair in pairs if _gives(said, pair)), None)
    if right is not None:
        return _made(passage, said, right, "confirmed", context)
    if len(pairs) != 1 or any(_gives(said, pair) for pair in _pairs(money[-2 * _MOST :])):
        return None
    return _made(passage, said, pairs[0], "inconsistent", context)


def _pairs(money: Sequence[Term]) -> Iterator[tuple[float, float, Term, Term]]:
    """Two amounts that can be set against each other, in one period."""
    for a, b in combinations(money, 2):
        loose = dims(money=1) in (a.dims, b.dims) and max(a.value, b.value) < _LARGEST
        length = converted(tuple(x - y for x, y in zip(a.dims, b.dims, strict=True)))
        if a.sign != b.sign or a.value == b.value or not (length or loose):
            continue
        if any(a.dims[AXES.index(axis)] != b.dims[AXES.index(axis)] for axis in ("token", "piece", "byte")):
            continue
        scale = (length[0] + length[1]) / 2 if length else 1.0
        yield a.value * scale, b.value, a, b


def _gives(said: _Said, pair: tuple[float, float, Term, Term]) -> bool:
    """Whether two amounts differ as is said, as they are rounded."""
    low, high = sorted(pair[:2])
    slack = sum(rounding(each) for each in pair[2:])
    real: tuple[float, ...]
    if said.kind == "share":
        real = (high / low - 1, 1 - low / high)
        return any(abs(each - said.value) <= max(_POINTS, _SHARE * each) + slack for each in real)
    if said.kind == "times":
        real = (high / low, low / high, high / low - 1)
        return any(abs(each / said.value - 1) <= said.slack + slack for each in real)
    return abs((high - low) / said.value - 1) <= _AMOUNT + slack * high / said.value


def _made(
    passage: Passage, said: _Said, pair: tuple[float, float, Term, Term], verdict: str, context: Context
) -> Finding:
    low, high = sorted(pair[:2])
    words = " and ".join(each.words for each in pair[2:])
    because = (
        f"{words} differ by {high - low:,.4g}: {1 - low / high:.0%} of the larger, {high / low - 1:.0%} of "
        f"the smaller, {high / low:.3g} times"
    )
    expected = {"share": f"{1 - low / high:.0%}", "times": f"{high / low:.3g} times"}.get(
        said.kind, f"{high - low:,.4g}"
    )
    return made(
        context, passage, (said.start, said.end), "arithmetic", verdict, attribute="difference",
        because=because, expected=expected if verdict != "confirmed" else "", evidence=(Evidence(because),),
    )  # fmt: skip
