"""Who is ahead of whom in a table: "outruns the H200", "wins all four", "the quicker of the two"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import ONLY_IF
from whichgpu.audit.own_tables.extremes import EVERY, leader
from whichgpu.audit.own_tables.lines import MARGIN, OF_ELSE, on_each
from whichgpu.audit.text.loads import value_of
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.own_tables.lines import Reading

_WORK = (
    r"(?:tokens?|images?|pictures?|samples?|frames?|sequences?|requests?|steps?|iterations?|epochs?|"
    r"answers?|pages?|questions?)"
)
#: Words of an order: of what it is one, and whether the one that is spoken of has more of it.
_WORDS = (
    ("speed", 1, rf"(?:beats?|outruns?|outpaces?|outperforms?|overtakes?|edges? (?:out|past)|surpasses|"
                 rf"tops|outdoes|"
                 rf"wins?|won|leads?|led|shines?|turns the tables|has the edge|takes the lead|pulls ahead|"
                 rf"in front|ahead|"
                 rf"on top|faster|quicker|more {_WORK})"),
    ("speed", -1, rf"(?:trails?|lags?|loses?|lost|falls? behind|behind|slower|fewer {_WORK})"),
    ("time", 1, r"(?:(?:needs?|takes?|wants?|asks?) (?:more time|longer)|more (?:seconds|minutes|hours))"),
    ("time", -1, r"(?:(?:needs?|takes?|wants?) (?:less time)|sooner|fewer (?:seconds|minutes|hours))"),
    ("power", 1, r"(?:(?:draws?|drew|uses?|needs?|takes?|consumes?) more (?:power|watts|electricity|"
                 r"energy)|hungrier|thirstier)"),
    ("power", -1, r"(?:(?:draws?|drew|uses?|needs?|takes?|consumes?|gets by on) less (?:power|electricity|"
                  r"energy)|thriftier|"
                  r"more frugal|fewer watts)"),
    ("price", 1, r"(?:dearer|more expensive|pricier|costlier|costs? more)"),
    ("price", -1, r"(?:cheaper|less expensive|costs? less|undercuts?)"),
)  # fmt: skip
_ORDERS = tuple((kind, sign, re.compile(rf"\b{words}\b", re.IGNORECASE)) for kind, sign, words in _WORDS)
_MEASURES = {"speed": ("speed", "time"), "time": ("time", "speed"), "power": ("power",), "price": ("price",)}
#: From an order to the other side.
_THAN = re.compile(
    rf"(?:\s+(?:{_WORK}|per second|a second|than|of|to|the|what|on|that|those|it|its|ahead|behind|in|by|a "
    rf"wide margin|"
    r"far|time|power|our|an?|nvidia|amd|older|newer|big|small|bigger|smaller|rival|brother|for|an hour|"
    r"at))*\s*",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\s+(?:only\s+)?by\b[^.;:]{0,30}?\b(?:over|than|of|against)\s+(?:the\s+)?|\s*", re.IGNORECASE
)
#: "In three of the four tests", "wins two of the four".
_OF_SO_MANY = re.compile(
    r"\b(?P<n>one|two|three|four|five|six|seven|\d)\s+(?:out\s+)?of\s+(?:(?:the|our|all|these|those)\s+)*"
    r"(?P<m>two|three|four|five|six|seven|eight|\d)\b(?!\s+(?:cards|gpus|models|systems|devices))",
    re.IGNORECASE,
)
#: "The only test that the A100 loses".
_ONLY = re.compile(r"\b(?:only|sole)\b", re.IGNORECASE)
#: A share or a difference beside an order says by how much: that is a claim of its own.
_LEVEL = re.compile(
    r"\b(?:are|is|end up|come out|finish|run|were)\s+(?:(?:about|exactly|virtually|practically|as good as|"
    r"all but|"
    r"effectively|on)\s+)*(?:level|equal|tied|neck and neck|par|equally fast|just as fast|a draw)\b|\ba "
    r"(?:tie|draw)\b",
    re.IGNORECASE,
)
#: So far apart are no two that anyone calls level.
_APART = 1.25
_TWO = 2


class Order(NamedTuple):
    """Two things of a line and whether the first is said to have more of what is compared."""

    line: Series
    one: Amount
    other: Amount
    sign: int

    @property
    def holds(self) -> bool:
        """Whether the line bears it out."""
        ahead = self.one.high / self.other.value if self.sign > 0 else self.other.high / self.one.value
        return ahead >= 1 - MARGIN


def orders(reading: Reading) -> Iterator[Finding]:
    """Who is said to be ahead or behind, and is not."""
    text, sentence = reading.said.text, reading.said.sentence
    for kind, sign, pattern in _ORDERS:
        for match in pattern.finditer(text, sentence.start, sentence.end):
            start, end = reading.clause(match.start())
            if start >= end or (kind in ("speed", "time") and OF_ELSE.search(text, start, end)):
                continue
            yield from _judged(reading, match, (kind, sign), (start, end))
    yield from _level(reading)
    yield from _only_one(reading)
    yield from _in_front(reading)
    yield from _only_in(reading)


def _judged(
    reading: Reading, match: re.Match[str], of: tuple[str, int], place: tuple[int, int]
) -> Iterator[Finding]:
    kind, sign = of
    text = reading.said.text
    if kind == "price" and ONLY_IF.search(text, match.end(), reading.said.sentence.end):
        # "The cheaper one as soon as it is more than 1.2 times as fast".
        return
    every = reading.every(_MEASURES[kind], *place)
    if kind == "price" and len(every) != 1 and not reading.is_told(every, *place):
        # Which price is meant no word of the order says.
        return
    count = _OF_SO_MANY.search(text, *place)
    whole = EVERY.search(text, *place) is not None
    lines = every if count or whole else reading.of(_MEASURES[kind], *place)
    found = [
        Order(line, *two, sign * (-1 if {kind, line.measure} == {"speed", "time"} else 1))
        for line in lines
        if (two := _two(reading, line, match, place, whole=bool(count) or whole)) is not None
    ]  # fmt: skip
    wrong = [each for each in found if not each.holds]
    if not found or (_ONLY.search(text, *place) and not count):
        return
    if count:
        told, of_all = value_of(count["n"]), value_of(count["m"])
        clear = [each for each in found if each.one.value != each.other.value]
        if len(clear) == of_all and len(clear) - len(wrong) != told:
            yield reading.wrong(match.span(), "ordering", (wrong or found)[0].line)
    elif wrong and (whole or len(wrong) == len(found)):
        yield reading.wrong(match.span(), "ordering", wrong[0].line)


def _two(
    reading: Reading, line: Series, match: re.Match[str], place: tuple[int, int], *, whole: bool
) -> tuple[Amount, Amount] | None:
    """Who is said to be ahead of whom in a line: the other is named behind, or is the other one of two.

    Who is ahead in so many lines, or the whole of them, is so of the best of the others.
    """
    start, end = place
    one = reading.subject(line, start, match.start())
    behind = reading.named(line, match.end(), end)
    text = reading.said.text
    if len(behind) == _TWO and on_each(text, match.end(), behind[0][:2], behind[1][0]):
        return behind[0][2], behind[1][2]
    if one is None:
        if not behind:
            return None
        # "Ahead is the A100", "with the A10 in front" names who is ahead alone.
        before = reading.named(line, start, end)
        alone = (
            len(line.amounts) == _TWO
            and len(before) == 1
            and _AHEAD_IS.fullmatch(text, match.end(), behind[0][0])
        )
        return (before[0][2], _rest(line, before[0][2])) if alone else None
    if behind and behind[0][2] is not one:
        between = match.end(), behind[0][0]
        over = _THAN.fullmatch(text, *between) or _BY.fullmatch(text, *between)
        return (one, behind[0][2]) if over else None
    if _THAN_ELSE.match(text, match.end(), end):
        # "1 % slower than in a laptop that gives it 70 W": than itself.
        return None
    besides = reading.said.next(match.end(), end)
    of_else = besides is not None and not besides.of(line)
    return None if of_else else _unnamed(line, one, match, whole=whole)


_THAN_ELSE = re.compile(r"(?:\s+[\w-]+){0,2}?\s+than\b", re.IGNORECASE)


def _unnamed(line: Series, one: Amount, match: re.Match[str], *, whole: bool) -> tuple[Amount, Amount] | None:
    """One and the other one of two, or the best of the others for who is ahead of all; else None."""
    if len(line.amounts) == _TWO:
        return one, _rest(line, one)
    best = min if line.measure == "time" else max
    first = whole and _FIRST.match(match[0]) is not None
    return (one, best((each for each in line.amounts if each is not one), key=_value)) if first else None


#: Words of being ahead of all others.
_FIRST = re.compile(r"(?:wins?|won|leads?|led|takes the lead|has the edge|ahead|in front|on top|tops)$", re.I)
_AHEAD_IS = re.compile(
    r"\s+(?:is|was|stands|comes|came|of it is)\s+(?:(?:the|our|again|still|nvidia|amd)\s+)*", re.IGNORECASE
)


def _value(amount: Amount) -> float:
    return amount.value


def _rest(line: Series, one: Amount) -> Amount:
    return next(each for each in line.amounts if each is not one)


def _level(reading: Reading) -> Iterator[Finding]:
    """What two are said to be level in, and are far apart in."""
    text, sentence = reading.said.text, reading.said.sentence
    for match in _LEVEL.finditer(text, sentence.start, sentence.end):
        start, end = reading.clause(match.start())
        if start >= end or OF_ELSE.search(text, start, end):
            continue
        lines = [each for each in reading.of(("speed", "time"), start, end) if len(each.amounts) == _TWO]
        apart = [each for each in lines if _ratio(each.amounts) > _APART]
        if apart and len(apart) == len(lines):
            yield reading.wrong(match.span(), "ordering", apart[0])


def _ratio(amounts: Sequence[Amount]) -> float:
    values = [each.value for each in amounts]
    return max(values) / min(values)


#: "Stable Diffusion is the only test that the A100 loses".
_ONLY_ONE = re.compile(
    r"\bthe (?:only|sole|one) (?:test|task|round|network|benchmark|discipline|row|case|workload|model|job)\b"
    r"[^.;:]{0,20}?\b(?:that|which|where|in which|on which)\s+(?:(?:the|our|an?|nvidia|amd)\s+)*",
    re.IGNORECASE,
)
_WON = re.compile(r"\s+(?:\w+\s+)?(?:(?P<won>wins?|won|leads?|is ahead|comes out ahead)|(?:loses?|lost|"
                  r"trails?|is behind))\b",
                  re.IGNORECASE)  # fmt: skip
_WITH = re.compile(r"\bwith\s+(?:(?:the|our|an?|nvidia|amd)\s+)*$", re.IGNORECASE)
_FRONT = re.compile(
    r"\s+(?:(?:clearly|narrowly|just|well|again)\s+)?(?:in front|ahead|on top|in the lead|in first place)\b",
    re.I,
)


def _only_one(reading: Reading) -> Iterator[Finding]:
    """The only row that one is said to win or to lose, where it does so in others, or not in that."""
    text, sentence = reading.said.text, reading.said.sentence
    match = _ONLY_ONE.search(text, sentence.start, sentence.end)
    start, end = reading.clause(match.start()) if match else (0, 0)
    if match is None or start >= end or OF_ELSE.search(text, start, end):
        return
    every = [
        each for each in reading.lines if each.measure in _MEASURES["speed"] and len(each.amounts) == _TWO
    ]
    won = []
    for line in every:
        here = reading.named(line, match.end(), end)
        verb = _WON.match(text, here[0][1]) if len(here) == 1 else None
        if verb is None:
            return
        one = here[0][2]
        sign = (1 if verb["won"] else -1) * (-1 if line.measure == "time" else 1)
        won.append((line, (one.value - _rest(line, one).value) * sign > 0))
    told = reading.of(_MEASURES["speed"], start, match.start())
    if len(told) == 1 and len(every) > 1 and [line for line, is_so in won if is_so] != told:
        yield reading.wrong(match.span(), "ordering", told[0])


#: "Only in U-Net does the A5000 come out ahead of the A6000".
_ONLY_IN = re.compile(
    r"\bonly\s+(?:in|on|with|for|at)\s+(?P<where>[^.;:]{2,50}?)\s+(?:does|do|did|is|are|was|can)\s+"
    r"(?:(?:the|our|an?|nvidia|amd)\s+)*",
    re.IGNORECASE,
)


def _only_in(reading: Reading) -> Iterator[Finding]:
    """The only row in which one of two is said to be ahead, where that is another."""
    text, sentence = reading.said.text, reading.said.sentence
    match = _ONLY_IN.search(text, sentence.start, sentence.end)
    start, end = reading.clause(match.start()) if match else (0, 0)
    if match is None or start >= end or OF_ELSE.search(text, start, end):
        return
    ahead = []
    for line in (each for each in reading.lines if each.measure in _MEASURES["speed"]):
        here = reading.named(line, match.end(), end)
        order = _order(text, match.end(), end)
        if len(here) != _TWO or not order or here[0][0] != match.end():
            return
        (_, _, one), (_, _, other) = here
        sign = order * (-1 if line.measure == "time" else 1)
        ahead.append((line, (one.value - other.value) * sign > 0))
    told = reading.of(_MEASURES["speed"], *match.span("where"))
    if len(told) == 1 and len(ahead) > 1 and [line for line, is_so in ahead if is_so] != told:
        yield reading.wrong(match.span(), "ordering", told[0])


def _order(text: str, start: int, end: int) -> int:
    """Whether a stretch says that one is ahead, 1, or behind, -1; 0 where it says neither, or both."""
    found = {sign for kind, sign, words in _ORDERS if kind == "speed" and words.search(text, start, end)}
    on_top = bool(_ON_TOP.search(text, start, end))
    found |= {1} if on_top else set()
    return found.pop() if len(found) == 1 else 0


_ON_TOP = re.compile(r"\b(?:beat|outrun|outpace|outperform|lead|win|pull ahead|edge out|surpass)\b", re.I)


def _in_front(reading: Reading) -> Iterator[Finding]:
    """Who of three and more is said to be in front, and is behind another in every line that may be meant."""
    text, sentence = reading.said.text, reading.said.sentence
    held = []
    place = (0, 0)
    for line in reading.of(_MEASURES["speed"], sentence.start, sentence.end):
        for first, last, one in reading.named(line, sentence.start, sentence.end):
            front = _FRONT.match(text, last)
            start, end = reading.clause(first)
            if (
                front
                and _WITH.search(text, start, first)
                and start < end
                and not OF_ELSE.search(text, start, end)
            ):
                held.append((line, leader(line, one, -1 if line.measure == "time" else 1)))
                place = (first, front.end())
    if held and all(ahead is not None for _, ahead in held):
        yield reading.wrong(place, "ordering", held[0][0])
