"""Places among what the document told of: "here the T4 is the cheapest", "first in both disciplines".

The first, second or last place, of all, of those of a generation, of two ("the faster of the two Ampere
cards"), by name or pronoun, or as a label ("Fastest card of the six: R9700"). Wrong is a place that no
series which may be meant gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import clause, is_of_other_work, measure
from whichgpu.audit.families import is_of
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.orders import MARGIN, apart, asked, scopes
from whichgpu.audit.known.sides import Side, first, goes_on, is_open, last, place
from whichgpu.audit.known.store import store
from whichgpu.audit.sentences import Sentence, sentences
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series

#: Words of a first place, by what they compare and from which end.
_FIRST = {
    ("speed", 1):
        r"fastest|quickest|faster|quicker|highest (?:throughput|speed)|most (?:work|images|tokens|"
        r"pictures)",
    ("speed", -1): r"slowest|slower|lowest (?:throughput|speed)|fewest (?:images|tokens|pictures)",
    ("price", 1):
        r"most expensive|dearest|priciest|costliest|dearer|pricier|more expensive|highest (?:rate|"
        r"price|rent|cost)",
    ("price", -1): r"cheapest|least expensive|cheaper|less expensive|lowest (?:rate|price|rent|cost)",
    ("efficiency", 1): r"most (?:energy-)?efficient|most frugal|thriftiest|most economical",
    ("efficiency", -1): r"least (?:energy-)?efficient|least frugal|least economical",
    ("power", 1): r"hungriest|thirstiest|most power-hungry", ("power", -1): r"least power-hungry",
}  # fmt: skip
_COMPARATIVE = re.compile(
    r"(?:faster|quicker|slower|dearer|pricier|cheaper|more expensive|less expensive)$", re.IGNORECASE
)
_RANKS = {"second": 2, "third": 3, "fourth": 4}
_PLACE = {
    key: re.compile(
        rf"\b(?:the|our|as|is|are)\s+(?:by far the |clearly the )?(?:(?P<rank>second|third|"
        rf"fourth)[ -])?(?P<word>{words})\b",
                    re.IGNORECASE)
    for key, words in _FIRST.items()
}  # fmt: skip
_ENDS = {
    1: re.compile(
        r"\b(?:is|are|comes?(?: in)?|came(?: in)?|finish(?:es|ed)|lands?|"
        r"ends?(?: up)?) (?:clearly )?(?:first|in front)\b", re.I),
    -1: re.compile(
        r"\b(?:is|are|comes?(?: in)?|came(?: in)?|finish(?:es|ed)|lands?|"
        r"ends?(?: up)?) (?:clearly )?(?:last|at the bottom)\b", re.I),
}  # fmt: skip
_LABEL = {
    key: re.compile(rf"^\W*(?:the )?(?P<word>{words})\b(?P<rest>[^:.;]{{0,40}}):\s*", re.IGNORECASE)
    for key, words in _FIRST.items()
}  # fmt: skip
#: Who is in a place, told behind it: "second place goes to the", "per euro the winner is the".
_GOES_TO = re.compile(
    r"\b(?:(?P<rank>first|second|third|last|top) (?:place|spot|prize|position)|(?:the |"
    r"our )?(?P<win>winner|champion|loser|best of the (?:two|three|four|five|six|seven|eight|"
    r"lot|bunch)|best value))"
    r"\b[^.;:,]{0,32}?\b(?:goes to|went to|is taken by|belongs to|is|was|are)\s+(?:clearly |still |by far )?",
    re.IGNORECASE,
)
_PLACES = {"first": 1, "top": 1, "second": 2, "third": 3}
_N = {"two": 2, "three": 3, "trio": 3, "four": 4, "quartet": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
#: What a place is among: all that are told of, or those of a generation or maker.
_AMONG = re.compile(
    r"\s*(?:(?:single |graphics )?(?:cards?|gpus?|one|options?|systems?|set-?ups?|machines?|"
    r"instances?|images?|tokens?|"
    r"pictures?|of them)\b\s*)?"
    r"(?:(?:of|among)\s+(?:the|our|these|all|its)\s+(?P<n>two|three|four|five|six|seven|eight|"
    r"trio|quartet|lot|bunch|field)?"
    r"(?:\s*(?P<kind>[A-Z]\w+)?\s*(?:cards|gpus|parts|chips|ones)?)?|here\b|there\b|overall\b|throughout\b|"
    r"in (?:the|our|this|every|both|each|all) \w+|per \w+|by the \w+|[.;,):]|$|and\b|"
    r"way to (?:finish|do|run|complete|train|get|serve|make|generate)\b[^.;,:]{0,30})",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:if|unless|would|could|might|may|should|ought|expect\w*|claim\w*|rumou?r\w*|says|"
    r"not|never|no|none|neither|"
    r"nor|usually|often|sometimes|once|used to|was once|until|when|where|whoever|whichever|"
    r"except|apart|besides|but one|"
    r"second-hand|used|new|next|way in|ever|one of|at the time|today|gigabyte|gb|per watt|"
    r"idle|bandwidth|memory|vram|"
    r"launch|among|anything|anybody|for a|games?|gaming|reviews?|reviewers?|elsewhere)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


#: The end of a sentence.
_STOP = re.compile(r"[.!?]\s")


def within_clause(text: str, place: tuple[int, int], at: tuple[int, int]) -> tuple[int, int]:
    """A clause without the sentences beside it that begin with no capital."""
    before = [match.end() for match in _STOP.finditer(text, place[0], at[0])]
    after = _STOP.search(text, at[1], place[1])
    return before[-1] if before else place[0], after.start() + 1 if after else place[1]


def find(context: Context) -> Iterator[Finding]:
    """Every place that nothing which the document told gives."""
    told = store(context)
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for index, passage in context.document.running() if told else ():
        for sentence in sentences(passage.text):
            start, end = passage.span(sentence.start, sentence.end)
            if "?" in sentence.text or any(a < end and start < b for a, b in done):
                continue
            yield from _labels(index, passage, sentence, told, context)
            yield from _places(index, passage, sentence, told, context)
            if _PER_GB.search(sentence.text):
                yield from _per_gigabyte(index, passage, sentence, told, context)
            yield from _winners(index, passage, sentence, told, context)


def _per_gigabyte(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    """Places by the price of a gigabyte: "per gigabyte the A4000 is the cheapest of the four"."""
    text = passage.text
    for sign in (1, -1):
        for match in _PLACE["price", sign].finditer(text, sentence.start, sentence.end):
            among = _AMONG.match(text, match.end(), sentence.end)
            start = max(
                (each.end() for each in _PARTS.finditer(text, sentence.start, match.start())), default=0
            )
            start = max(start, sentence.start)
            before = Sentence(start, match.start(), text[start : match.start()])
            one = (
                None
                if is_open(index, start, match.end(), context)
                else last(index, passage, before, told, context)
            )
            if among is None or one is None or len(one.ids) != 1 or _NOT_ALL.search(sentence.text):
                continue
            found = [
                (_is_at(each, one, (sign, 1), _size(among), "", Told(told, context)), each)
                for each in _by_gigabyte(told, context)
            ]
            here = place(index, passage, before, context)
            yield from _judged(
                passage, (here[-1].start if here else match.start(), match.end()), found, context
            )


def _by_gigabyte(told: Sequence[Series], context: Context) -> Iterator[Series]:
    """What a gigabyte of each costs: as a column tells it, and by the prices and the memory on file."""
    for each in told:
        if each.measure != "price":
            continue
        if _PER_GB.search(each.label) and not each.derived:
            yield each
        elif not each.derived and not _HOURLY.search(each.label):
            sizes = {one.name: _gigabytes(one, context) for one in each.amounts}
            if all(sizes.values()):
                yield each._replace(
                    derived=True,
                    amounts=tuple(_over(one, sizes[one.name]) for one in each.amounts),
                )


def _over(one: Amount, size: float) -> Amount:
    return one._replace(value=one.value / size, high=one.high / size)


def _gigabytes(one: Amount, context: Context) -> float:
    """What memory a thing has on file, where all that it may mean have the same."""
    sizes = {nominal_gb(float(context.catalogue[key].value("memory") or 0)) or 0 for key in one.ids}
    return sizes.pop() if len(sizes) == 1 else 0.0


_PER_GB = re.compile(r"\b(?:per|for each|for every|a)\s+(?:gigabyte|GB)\b|/\s?GB\b", re.IGNORECASE)
_HOURLY = re.compile(r"\bhour\w*|/\s?h\b|\bmonth\w*|per (?:GB|gigabyte)|\btoken|\bimage", re.IGNORECASE)
_PARTS = re.compile(
    r",\s(?:and|but|while|whereas)\s|[;:]\s|^\W*per (?:gigabyte|GB)[^,]{0,24},\s", re.IGNORECASE
)
_NOT_ALL = re.compile(
    r"\b(?:if|unless|would|could|might|may|not|never|no|second|third|except|apart|but one|among|after|used|"
    r"bandwidth|watt|per hour|month)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)


def _winners(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    """Who is said to be in a place behind it, by what the sentence or the one before it compares."""
    text = passage.text
    for match in _GOES_TO.finditer(text, sentence.start, sentence.end):
        if _NO.search(text, sentence.start, match.end()):
            continue
        one = first(
            index,
            passage,
            Sentence(match.end(), sentence.end, text[match.end() : sentence.end]),
            told,
            context,
        )
        if one is None or len(one.ids) + len(one.names) != 1:
            continue
        back = max(
            (each.start for each in sentences(text) if each.end <= sentence.start), default=sentence.start
        )
        kind = measure(text, sentence.start, match.end(), match.span()) or measure(
            text, back, match.end(), match.span()
        )
        if kind not in ("speed", "price", "efficiency", "value"):
            continue
        lost = (match["rank"] or match["win"]).lower() in ("last", "loser")
        # Of prices the first is the least.
        sign = -1 if lost != (kind == "price") else 1
        rank = _PLACES.get((match["rank"] or "first").lower(), 1)
        over = sentence._replace(text=text[back : sentence.end])
        found = [
            (_is_at(each, one, (sign, rank), 0, "", Told(told, context)), each)
            for each in asked(kind, over, (back, sentence.end), passage, told, match.start())
        ]
        yield from _judged(passage, match.span(), found, context)


def _labels(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    for (kind, sign), way in _LABEL.items():
        match = way.match(sentence.text)
        among = _AMONG.match(match["rest"]) if match else None
        if (
            match is None
            or among is None
            or among.end() < len(match["rest"].rstrip())
            or _COMPARATIVE.match(match["word"])
        ):
            continue
        start = sentence.start + match.end()
        rest = Sentence(start, sentence.end, passage.text[start : sentence.end])
        one = first(index, passage, rest, told, context)
        if one is None or len(one.ids) + len(one.names) != 1:
            continue
        series = asked(kind, sentence, (sentence.start, start), passage, told, sentence.start)
        found = [
            (_is_at(each, one, (sign, 1), _size(among), "", Told(told, context)), each) for each in series
        ]
        yield from _judged(passage, (sentence.start, sentence.end), found, context)


def _size(among: re.Match[str]) -> int:
    return _N.get((among["n"] or "").lower(), 0)


def _places(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    ways = [(kind, sign, match) for (kind, sign), way in _PLACE.items()
            for match in way.finditer(text, sentence.start, sentence.end)]  # fmt: skip
    ways += [("", sign, match) for sign, way in _ENDS.items()
             for match in way.finditer(text, sentence.start, sentence.end)]  # fmt: skip
    for kind, sign, match in ways:
        at = within_clause(text, clause(text, sentence, *match.span()), match.span())
        among = _AMONG.match(text, match.end(), at[1])
        word = match["word"] if kind else ""
        if among is None or _NO.search(text, *at) or (_COMPARATIVE.match(word) and _size(among) != 2):
            continue
        if is_of_other_work(text, at, told):
            continue
        before = Sentence(at[0], match.start(), text[at[0] : match.start()])
        if is_open(index, before.start, before.end, context):
            continue
        one = last(index, passage, before, told, context) or goes_on(
            index, passage, sentence, before, context
        )
        if one is None or len(one.ids) + len(one.names) != 1:
            continue
        of = kind or measure(text, *at, match.span()) or "speed"
        if of not in ("speed", "price", "efficiency", "power", "value"):
            continue
        rank = _RANKS.get((match["rank"] or "").lower(), 1) if word else 1
        among_kind = among["kind"] or ""
        found = [
            (_is_at(each, one, (sign, rank), _size(among), among_kind, Told(told, context)), each)
            for each in asked(of, sentence, at, passage, told, match.end())
        ]
        here = place(index, passage, before, context)
        start = here[-1].start if here and match.start() - here[-1].end < _BESIDE else match.start()
        yield from _judged(passage, (start, match.end()), found, context)


#: Characters between a name and its verb.
_BESIDE = 16


def _judged(
    passage: Passage, place: tuple[int, int], found: Sequence[tuple[bool | None, Series]], context: Context
) -> Iterator[Finding]:
    known = [(is_so, each) for is_so, each in found if is_so is not None]
    if not known or any(is_so for is_so, _ in known):
        return
    series = known[0][1]
    shown = ", ".join(f"{each.name} {each.words}" for each in series.amounts[:6])
    because = f"the document told otherwise: {shown}"
    yield made(
        context, passage, place, "ordering", "inconsistent", attribute="told before", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip


def _is_at(  # noqa: PLR0917
    series: Series, one: Side, place: tuple[int, int], size: int, kind: str, told: Told
) -> bool | None:
    """Whether a thing may be in a place of a series, by what rounding allows; None of other things."""
    amounts = [each for each in series.amounts if not kind or _is_of(each, kind, told.context)]
    mine = [each for some in one.of(series) for each in some if each in amounts]
    things = {each.ids or each.name for each in amounts}
    if (
        not mine
        or len(things) < max(2, place[1])
        or (size and len(things) != size)
        or (not size and len(things) < 3)
    ):
        return None
    fields = [
        amounts,
        *(list(some) for each in mine for some in scopes(each, series, told.series) if not size),
    ]
    return any(_is_in(each, field, place, series) for field in fields for each in mine if each in field)


def _is_in(one: Amount, amounts: Sequence[Amount], place: tuple[int, int], series: Series) -> bool:
    sign, rank = place
    others = [other for other in amounts if other is not one]
    # Of ranges only what lies apart is ahead or behind.
    ahead = sum(apart(one, other, series, sign) < -MARGIN for other in others)
    behind = sum(apart(other, one, series, sign) < -MARGIN for other in others)
    level = len(others) - ahead - behind
    return ahead <= rank - 1 <= ahead + level


class Told(NamedTuple):
    """What a document told, and the document."""

    series: Sequence[Series]
    context: Context


def _is_of(one: Amount, kind: str, context: Context) -> bool:
    """Whether a thing is of a generation, a maker or a line by its word."""
    if not one.ids:
        return False
    gpus = [context.catalogue[key] for key in one.ids]
    return any(is_of(gpu, kind) or kind.lower() in (gpu.vendor.lower(), gpu.segment.lower()) for gpu in gpus)
