"""Who of two has more, and who of so many has most: "the p4d is cheaper per gigabyte than the p5en"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.superlatives import is_per_unit
from whichgpu.audit.statements.compared import MARGIN, NOT, OVER, STRAIGHT, implied, is_stated, wrong
from whichgpu.audit.statements.measured import kind_of, reals, told
from whichgpu.audit.statements.things import said_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Series
    from whichgpu.audit.statements.things import Said, Thing
    from whichgpu.audit.text.quantities import Quantity

_NOT_EFFICIENT = r"(?!\s+(?:\w+[- ])?efficient\b)"
#: Words of more and less, with what they are of where they say that by themselves.
_WORDS = (
    ("price", -1, r"cheaper|less expensive|(?<!more )affordable|costs? less|undercuts?"),
    ("price", 1, r"dearer|more expensive|pricier|costlier|costs? more"),
    ("speed", 1, r"faster|quicker|ahead|in front|outpaces?|outruns?|beats?|outperforms?"),
    ("speed", -1, r"slower|behind|trails?"),
    ("efficiency", 1, r"more (?:(?:energy|power)[- ])?efficient|more frugal|thriftier"),
    ("efficiency", -1, r"less (?:(?:energy|power)[- ])?efficient"),
    ("power", 1, r"hungrier|thirstier|draws? more(?: power)?|(?:uses?|needs?) more power"),
    ("power", -1, r"draws? less(?: power)?|(?:uses?|needs?) less power"),
    # "More power-efficient" is less power.
    ("", 1, rf"higher|more{_NOT_EFFICIENT}|larger|bigger|wider|greater"),
    ("", -1, rf"lower|less{_NOT_EFFICIENT}|fewer|smaller|narrower"),
)
_MORE = tuple((kind, sign, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for kind, sign, words in _WORDS)
#: The most and the least of a kind, or of what stands behind.
_MOSTS = (
    ("price", -1, r"cheapest|least expensive|most affordable"),
    ("price", 1, r"dearest|most expensive|priciest|costliest"),
    ("speed", 1, r"fastest|quickest"), ("speed", -1, r"slowest"),
    ("efficiency", 1, r"most (?:(?:energy|power)[- ])?efficient|thriftiest|most frugal"),
    ("efficiency", -1, r"least (?:(?:energy|power)[- ])?efficient"),
    ("power", 1, r"hungriest|thirstiest|most power-hungry"),
    ("", 1, r"highest|most|largest|biggest|widest|greatest"),
    ("", -1, r"lowest|least|fewest|smallest|narrowest"),
)  # fmt: skip
_MOST = tuple(
    (kind, sign, re.compile(rf"\b(?:the|as) (?:by far )?(?:{words})\b", re.I)) for kind, sign, words in _MOSTS
)
_COUNT = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "all": 0}
_OF_ALL = re.compile(
    r"\b(?:of|among|in|on) (?:(?:the|these|those|our|this|all) )*(?P<n>two|three|four|five|six|seven|eight|"
    r"all|table|list|"
    r"comparison|group|lot|bunch|field|test|line-?up|round-?up)\b|\bhere\b",
    re.IGNORECASE,
)
#: The same in front: "Of everything in my table the H200 has the most memory".
_OF_ALL_FIRST = re.compile(
    r"\b(?:of|among|in|on)\s+(?:(?:the|these|those|our|my|this|all)\s+)*"
    r"(?:(?P<n>two|three|four|five|six|seven|eight)(?:\s+(?:cards|gpus|chips|devices))?(?=,|\s+(?:the|it)\b)|"
    r"(?:(?:everything|anything|all|those|the (?:cards|gpus))\s+(?:in|on)\s+(?:(?:the|this|my|our)\s+)?)?"
    r"(?:table|list|comparison|group|test|line-?up|round-?up))\b",
    re.IGNORECASE,
)
#: "Little more than a quarter of it": a ratio.
_THAN_A_SHARE = re.compile(
    r"\s+than\s+(?:(?:an?|one|two|three)\s+)?(?:half|thirds?|quarters?|fifth|twice|double|\d|"
    r"(?:two|three|four|five|six|seven|eight|nine|ten)\s+times)",
    re.IGNORECASE,
)
#: From an attribute to the other side nothing else may stand: "less memory juggling than".
_ENDS_WITH_IT = re.compile(
    r"^(?!.*\b(?:memory|vram|bandwidth|power|cores|cache|bus)\s+(?!than|compared|as|of|is|and|per|"
    r"bandwidth|capacity|interface)[a-z])",
    re.IGNORECASE | re.DOTALL,
)
_VERBS = ("outpace", "outrun", "beat", "outperform", "trail", "behind", "undercut")
_CLEFT = re.compile(r"\bit is the [^.;,]{2,40} (?:that|which)\b", re.IGNORECASE)
_OF_TWO = re.compile(r"\bof the (?:two|pair)\b", re.IGNORECASE)


#: The attribute that a value with a unit is of, where one is set against a device.
_BY_UNIT = {"power": "power", "bandwidth": "bandwidth"}
_AT = re.compile(
    r"\W*(?:and |but |so )?(?:at|with) (?:its |their |only |just |about |around )*", re.IGNORECASE
)
_NO_LED = re.compile(r"\b(?:faster|slower|images?|tokens?|price|cost\w*)\b", re.IGNORECASE)
#: Letters within which one comparison is read once.
_ONCE, _SHOWN = 24, 6


def orders(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Who of two is said to have more, and has less."""
    for said in said_of(index, passage, context):
        done: list[int] = []
        for word, sign, pattern in _MORE:
            for match in pattern.finditer(said.text, said.sentence.start, said.sentence.end):
                if any(at <= match.start() < at + _ONCE for at in done) or _THAN_A_SHARE.match(
                    said.text, match.end()
                ):
                    continue
                found = [*_by_value(said, match, sign), *_by_names(said, match, word, sign)][:1]
                done += [match.start() for _ in found]
                yield from found


def _by_value(said: Said, match: re.Match[str], sign: int) -> Iterator[Finding]:
    """A value that a clause begins with, set against a device: "At 280 W it draws less than"."""
    start, end = said.clause(match.start())
    told_ = within(quantities(said.text, said.context.fraction), start, match.start())
    own = [each for each in told_ if each.dimension in _BY_UNIT]
    other = said.next(match.end(), end)
    if len(own) != 1 or other is None or not OVER.fullmatch(said.text, match.end(), other.start):
        return
    led = own[0]
    plain = _AT.fullmatch(said.text, start, led.start) and not _NO_LED.search(said.text, led.end, match.end())
    value = _beyond(led, sign, other, said.context) if plain else ""
    if value:
        words = f"{said.text[led.start : led.end]} against {value}"
        yield _of(said, match, sign, _BY_UNIT[led.dimension], words)


def _beyond(led: Quantity, sign: int, other: Thing, context: Context) -> str:
    """What another device has of a value's kind, where that is surely the other way round; else empty."""
    gpus = [context.catalogue[key] for key in sorted(other.ids)]
    known = [(gpu, gpu.value(_BY_UNIT[led.dimension])) for gpu in gpus]
    wrong_ = [
        gpu for gpu, value in known if isinstance(value, int | float) and value
        and (led.value / (float(value) * (other.number or 1.0)) - 1) * sign < -MARGIN
    ]  # fmt: skip
    return wrong_[0].display(_BY_UNIT[led.dimension]) if known and len(wrong_) == len(known) else ""


#: "It comes to $89 a gigabyte, less than the $97 of an A6000": of the amounts that stand there.
_OF_AMOUNTS = re.compile(
    r"\s+than\s+(?:the\s+|its\s+|their\s+)?(?:about\s+|some\s+)?[$\u20ac\u00a3]?\d", re.IGNORECASE
)
_IS_TOLD = re.compile(
    r"[$\u20ac\u00a3]?\d[\d.,]*(?:\s?[A-Za-z/%]+){0,4},?\s+(?:and\s)?"
    r"(?:(?:which|that)(?:'s| is)\s|i\.e\.\s|so\s|thus\s)?$"
)


def _by_names(said: Said, match: re.Match[str], word: str, sign: int) -> Iterator[Finding]:
    text = said.text
    start, end = said.clause(match.start())
    if _OF_AMOUNTS.match(text, match.end()) and _IS_TOLD.search(text, start, match.start()):
        return
    other, one = said.next(match.end(), end), said.subject(start, match.start())
    if one is None:
        return
    kind = word or kind_of(text, start, end, match.span(), other)
    if kind == "speed" and is_per_unit(text[start:end]):
        # "In throughput per dollar it is ahead" is of no speed.
        return
    series = told(kind, said.part(start, end), said)
    last = other.start if other is not None else end
    if other is None and (_CLEFT.search(text, start, match.start()) or _OF_TWO.search(text, start, end)):
        other = implied(said, one, [], series)
    elif other is not None and not _is_over(text, match, other):
        return
    named = not kind.startswith("@") or _ENDS_WITH_IT.search(text, match.end(), last)
    if other is None or one.is_same(other) or not named or not is_stated(said, one, match.start(), last):
        return
    found = reals(kind, one, other, series, said.context)
    if found and all((each.times - 1) * sign < -MARGIN for each in found):
        yield _of(said, match, sign, kind, found[0].words)


def _is_over(text: str, match: re.Match[str], other: Thing) -> bool:
    """Whether what stands behind a comparison is its other side."""
    place = match.end(), other.start
    verb = match[0].lower().removesuffix("s") in _VERBS and STRAIGHT.fullmatch(text, *place)
    return bool(verb or OVER.fullmatch(text, *place))


def _of(said: Said, match: re.Match[str], sign: int, kind: str, words: str) -> Finding:
    return wrong(said, match.span(), "ordering", kind, expected="less" if sign > 0 else "more", words=words)


def most(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """Who is said to have most of so many, and has not."""
    for said in said_of(index, passage, context):
        for word, sign, pattern in _MOST:
            for match in pattern.finditer(said.text, said.sentence.start, said.sentence.end):
                yield from _of_all(said, match, word, sign)


def _of_all(said: Said, match: re.Match[str], word: str, sign: int) -> Iterator[Finding]:
    text = said.text
    start, end = said.clause(match.start())
    scope = _OF_ALL.search(text, match.end(), end) or _OF_ALL_FIRST.search(text, start, match.start())
    if scope is None or NOT.search(text, start, end):
        return
    one = said.subject(start, match.start()) or _named_behind(said, scope.end(), end)
    if one is None:
        return
    in_bandwidth = _IN_BANDWIDTH.search(text, start, end) or (
        _IN_THIS.search(text, match.end(), end) and _BYTES_A_SECOND.search(text, start, end)
    )
    kind = "@bandwidth" if in_bandwidth else word
    kind = kind or kind_of(text, start, end, match.span())
    many = _COUNT.get((scope["n"] or "").lower(), 0)
    series = [each for each in told(kind, said.part(start, end), said) if len(one.of(each)) == 1]
    ahead = [(_ahead(each, one, kind, sign), len(each.amounts)) for each in series]
    # Of a few that no table is of alone: who is behind all others is ahead of none.
    meant = [each for each in ahead if not many or each[1] == many]
    last = not meant and all(before + 1 == every for before, every in ahead)
    if ahead and (last or (meant and all(before > 0 for before, _ in meant))):
        words = ", ".join(f"{each.name} {each.words}" for each in series[0].amounts[:_SHOWN])
        yield wrong(said, match.span(), "ordering", kind, expected="", words=words)


#: "In memory bandwidth it is the fastest": of bytes, and of no speed at work.
_IN_BANDWIDTH = re.compile(
    r"\bin (?:terms of )?(?:raw )?(?:memory )?bandwidth\b|\b(?:fast|slow)est (?:memory|vram)\b", re.IGNORECASE
)
#: "The T4, at 320 GB/s, is the slowest of the four in this respect".
_IN_THIS = re.compile(r"\bin (?:this|that) (?:respect|discipline|regard|category|point)\b", re.IGNORECASE)
_BYTES_A_SECOND = re.compile(r"\d ?[GT]B/s")
#: "The most efficient of the three was the SXM".
_WAS = re.compile(
    r"\s+(?:is|was|remains|remained|proved to be|turned out to be)\s+(?:still\s+)?(?:the\s+|our\s+)?", re.I
)


def _named_behind(said: Said, at: int, end: int) -> Thing | None:
    """The thing that a superlative in front is of."""
    one = said.next(at, end)
    return one if one is not None and _WAS.fullmatch(said.text, at, one.start) else None


def _ahead(series: Series, one: Thing, kind: str, sign: int) -> int:
    """How many of a series are ahead of one."""
    mine = one.of(series)[0]
    if (kind, series.measure) in (("speed", "time"), ("efficiency", "energy"), ("value", "price")):
        sign = -sign
    return sum((each.value / mine.value - 1) * sign > MARGIN for each in series.amounts if each is not mine)
