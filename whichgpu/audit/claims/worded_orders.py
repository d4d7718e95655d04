"""Orders of two things, and places among several, that the document's own amounts exclude, in any words.

"The A10 comes out slower than the L4", "it is the faster of the two Ampere cards", "trails by 32 %", "the
second cheapest per hour": what is compared is read by its words, the sides by name, description or what the
text goes on about. Wrong is what no series that may be meant bears out; a side that is spoken of in other
words may be any of the things told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import clause, is_of_other_work, measure
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import MARGIN, apart, asked, catalogue_says
from whichgpu.audit.known.sides import Side, first, goes_on, is_open, last
from whichgpu.audit.known.store import store
from whichgpu.audit.sentences import Sentence, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series

#: Words of more and of less, by what they compare; of none of them the clause tells it.
_MORE = {
    ("speed", 1): r"faster|quicker|speedier", ("speed", -1): r"slower",
    ("price", 1): r"dearer|more expensive|pricier|costlier", ("price", -1): r"cheaper|less expensive",
    ("power", 1): r"hungrier|thirstier|more power-hungry",
    ("power", -1): r"more frugal|less (?:power-)?hungry|thriftier|less thirsty",
}  # fmt: skip
_BEATS = {
    1: r"beats?|beat|outruns?|outpaces?|outperforms?|overtakes?|(?:is|are|comes? out|runs?|"
    r"stays?|lies|lands?) "
    r"(?:well |far |just |narrowly |clearly |slightly )?(?:ahead|in front) of|leads",
    -1: r"trails|trail|lags? behind|falls? behind|loses? (?:out )?to|(?:is|are|comes? in|"
    r"comes? out|runs?|stays?|"
    r"lies|lands?) (?:well |far |just |narrowly |clearly |slightly )?behind",
}
_SOFT = (
    r"(?:even |still |also |clearly |slightly |noticeably |much |far |a (?:bit|little|touch|"
    r"tad|good deal|lot) |somewhat |considerably |markedly |\d[\d.,]*\s?(?:%|per ?cent) )?"
)
_THAN = {key: re.compile(rf"\b{_SOFT}(?:{words})\s+than\b", re.IGNORECASE) for key, words in _MORE.items()}
_OVER = {
    sign: re.compile(rf"\b(?:{words})\b(?!\s+(?:any|by that)\b)", re.IGNORECASE)
    for sign, words in _BEATS.items()
}
#: What is no statement, or of other times, or settings than those told.
_NO = re.compile(
    r"\b(?:if|would|could|might|may|should|ought|unless|until|expect\w*|claims?|claimed|rumou?r\w*|says?|"
    r"not|never|no|none|neither|nor|hardly|barely|without|instead|usually|often|sometimes|typically|"
    r"used to|once|back then|next|future|whether|supposed|probably|likely|imagine|assum\w+|"
    r"idle|undervolt\w*|overclock\w*|offload\w*|games?|gaming|almost|nearly)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: What a comparison is in that no series tells by device.
_ELSE = re.compile(
    r"\b(?:clock\w*|driver\w*|resale|resell\w*|shipping|idle|latency|ttft|load\w*|prefill|prompts?|network|link|"
    r"pcie|nvlink|interconnect|memory is|cache|to build|to buy|to own|electricity|current|kwh|energy|used|"
    r"second-hand|new|month|months|year|years|week|spot|reserved|gigabyte|gb)\b",
    re.IGNORECASE,
)


#: One of those told of, by another word than its name; and none, where so much is said.
_SOMEONE = re.compile(
    r"\s*(?:the|its|their|our|both|either|any|all)\s+(?:(?:of the|"
    r"the)\s+)?(?:[\w-]+\s+){0,3}?(?:others?|rest|forerunner|predecessor|"
    r"siblings?|sisters?|brothers?|cousin|rival|card|cards|gpus?|chip|part|one|ones|two|three|four)\b",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    r"\s*(?:every(?:body|one|thing)(?: else)?|all (?:of )?(?:the )?(?:others|rest)|"
    r"the (?:rest|others|field|pack))\b",
    re.IGNORECASE,
)
_BY_SO_MUCH = re.compile(
    r"\s*(?:by (?:about |around |only |just |some |nearly |roughly )?\d|there\b|here\b|"
    r"in (?:both|all|every|our|this)\b|[.!]|$)",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every order and place that the document's own amounts exclude."""
    told = store(context)
    if not told:
        return
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            start, end = passage.span(sentence.start, sentence.end)
            accused = any(a < end and start < b for a, b in done)
            if "?" not in sentence.text and not accused:
                yield from _orders(index, passage, sentence, told, context)


def _orders(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    ways = [(kind, sign, match) for (kind, sign), way in _THAN.items()
            for match in way.finditer(text, sentence.start, sentence.end)]  # fmt: skip
    ways += [("", sign, match) for sign, way in _OVER.items()
             for match in way.finditer(text, sentence.start, sentence.end)]  # fmt: skip
    for kind, sign, match in ways:
        place = within_clause(text, clause(text, sentence, *match.span()), match.span())
        if _NO.search(text, *place) or _ELSE.search(text, *place) or is_of_other_work(text, place, told):
            continue
        of = kind or measure(text, *place, match.span()) or "speed"
        of = "peak" if of == "speed" and _PAPER.search(text, *place) else of
        if _UNITS_APART.search(text, *place):
            continue
        if of != "value" and _FOR_MONEY.search(text, *place):
            continue
        before = Sentence(place[0], match.start(), text[place[0] : match.start()])
        after = Sentence(match.end(), place[1], text[match.end() : place[1]])
        one = _subject(index, passage, sentence, before, told, context)
        if one is None:
            continue
        other = first(index, passage, after, told, context)
        every = _EVERYBODY.match(text, after.start, after.end) is not None
        if other is None and (
            every or _SOMEONE.match(text, after.start, after.end) or _BY_SO_MUCH.match(text, after.start)
        ):
            # Any of the others may be meant.
            other = Side(())
        if other is None or catalogue_says(one, other, of, sign, context):
            continue
        found = []
        for each in asked(of, sentence, place, passage, told, match.end()):
            found.append((_holds(each, one, other, sign, every=every), each))
        if (
            found
            and all(way < 0 for way, _ in found if way is not None)
            and any(way is not None for way, _ in found)
        ):
            worst = next(each for way, each in found if way is not None)
            yield _finding(passage, match.span(), worst, context)


_PAPER = re.compile(r"\b(?:paper|theory|peak|T?FLOPS)\b", re.IGNORECASE)
#: What no series of whole jobs tells: "outside the tensor cores, the L40S is faster".
_UNITS_APART = re.compile(
    r"\b(?:outside|without|apart from|leaving out|not counting)\s+(?:of\s+)?(?:the\s+|its\s+)?tensor"
    r"[- ]cores?\b|"
    r"\b(?:plain|pure|ordinary|classic)\s+(?:FP(?:32|64)|single|double|shader|CUDA)\b", re.IGNORECASE,
)  # fmt: skip
#: What is compared for each dollar or watt, which no series of one kind tells.
_FOR_MONEY = re.compile(
    r"\b(?:per|for each|for every|a) (?:dollar|euro|pound|watt|cent|buck)\b", re.IGNORECASE
)
_STOP = re.compile(r"[.!?]\s")


def within_clause(text: str, place: tuple[int, int], at: tuple[int, int]) -> tuple[int, int]:
    """A clause without the sentences beside it that begin with no capital."""
    before = [match.end() for match in _STOP.finditer(text, place[0], at[0])]
    after = _STOP.search(text, at[1], place[1])
    return before[-1] if before else place[0], after.start() + 1 if after else place[1]


def _subject(  # noqa: PLR0917
    index: int,
    passage: Passage,
    sentence: Sentence,
    before: Sentence,
    told: Sequence[Series],
    context: Context,
) -> Side | None:
    if is_open(index, before.start, before.end, context):
        return None
    return last(index, passage, before, told, context) or goes_on(index, passage, sentence, before, context)


def _holds(series: Series, one: Side, other: Side, sign: int, *, every: bool = False) -> int | None:
    """1 where an order is so of a series, -1 where it is not, 0 between; None where it tells not of both."""
    own, others = one.of(series), other.of(series)
    if not own or not all(own) or (others and not all(others)):
        return None
    mine = {each for some in own for each in some}
    if not others:
        others = [[each for each in series.amounts if each not in mine]]
        if not others[0]:
            return None
    if series.measure in ("speed", "time") and not (
        _is_told(own, one.number) and _is_told(others, other.number)
    ):
        # What several do together no table of one of them tells.
        return None
    if series.measure in ("price", "power"):
        own = [[_as_many(each, one.number) for each in some] for some in own]
        others = [[_as_many(each, other.number) for each in some] for some in others]
    ways = [
        apart(a, b, series, sign) for some in own for a in some for those in others for b in those if a != b
    ]
    if not ways:
        return None
    # Above all of the others, or above the one that is meant.
    best = min(ways) if every else max(ways)
    return 1 if best > MARGIN else -1 if best < -MARGIN else 0


def _is_told(side: Sequence[Sequence[Amount]], number: int) -> bool:
    return number < 2 or all(each.number == number for some in side for each in some)


def _as_many(one: Amount, number: int) -> Amount:
    """What so many of a thing cost or draw, where a series tells of one of it."""
    many = number if number > 1 and one.number == 1 else 1
    return one._replace(value=many * one.value, high=many * one.high)


def _finding(passage: Passage, place: tuple[int, int], series: Series, context: Context) -> Finding:
    shown = ", ".join(f"{each.name} {each.words}" for each in series.amounts[:6])
    because = f"the document told otherwise: {shown}"
    return made(
        context, passage, place, "ordering", "inconsistent", attribute="told before", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip
