"""Orders of what the document told: "the slowest of the three", "thus trails the 5070 Ti", "isn't the cheapest".

By every series of its kind that a sentence may mean: a place or an order is wrong where none of them has it,
by more than rounding. Two amounts that a sentence sets in an order, or lets fall and rise, are read as well.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import _ELSE, _IT, _labelled, _topic, clause, is_of_name
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import SPOKEN, named, store
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import Sentence, sentences, within
from whichgpu.audit.subjects import mentions
from whichgpu.audit.superlatives import is_per_unit, is_restricted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.quantities import Quantity

#: Words of the first and the last place, and of two in an order, by what they compare; the sign of the value.
_FIRST = {
    ("speed", 1): r"fastest|quickest|most (?:tokens|images|pictures) per (?:second|minute|hour)",
    ("speed", -1): r"slowest|fewest (?:tokens|images|pictures) per (?:second|minute|hour)",
    ("price", 1): r"most expensive|dearest|priciest|costliest",
    ("price", -1): r"cheapest|least expensive",
    ("power", 1): r"hungriest|thirstiest|most power-hungry",
    ("power", -1): r"least power-hungry",
}
_THAN = {
    (
        "speed",
        1,
    ): r"(?:is|are|was|were|runs?|comes? out|came out|works?|still|even|clearly|slightly|much|turns out|"
    r"a bit|far|"
    r"[\u2019']s)\s+(?:faster|quicker) than|(?<!cannot )(?<!not )(?:beats?|outruns?|outpaces?|"
    r"outperforms?|edges past|overtakes)(?= (?!by|any|every|all|it\b))",
    (
        "speed",
        -1,
    ): r"(?:is|are|was|were|runs?|comes? out|came out|works?|still|even|clearly|slightly|much|turns out|"
    r"a bit|far|"
    r"[\u2019']s)\s+slower than|(?:trails?|lags behind|falls behind|loses to)(?= (?!by|any|every|all))",
    (
        "price",
        1,
    ): r"(?:is|are|was|were|comes? out|still|even|clearly|slightly|much|[\u2019']s)\s+(?:dearer|"
    r"more expensive|pricier|costlier) than|"
    r"costs? more than(?= (?!\d|twice|half|one|\w+ times))",
    (
        "price",
        -1,
    ): r"(?:is|are|was|were|comes? out|still|even|clearly|slightly|much|[\u2019']s)\s+(?:cheaper|"
    r"less expensive) than|"
    r"costs? less than(?= (?!\d|twice|half|one|\w+ times))|undercuts?(?= (?!by))",
}
_PLACE = {
    key: re.compile(rf"\bthe (?:by far )?(?:{words})\b", re.IGNORECASE) for key, words in _FIRST.items()
}
_ORDER = {key: re.compile(rf"\b(?:{words})", re.IGNORECASE) for key, words in _THAN.items()}
#: What a place is among: all that are told of.
_AMONG = re.compile(
    r"\s*(?:(?:card|gpu|one|machine|option|system|set-?up|instance) )?(?:of (?:the|our|these|all|"
    r"them)\b(?: (?P<n>two|three|four|"
    r"five|six|seven|eight|lot|bunch|field|quartet|trio))?|here\b|there\b|overall|in (?:the|our|"
    r"this) (?:table|test|list|field|comparison)|"
    r"by (?:that|this) measure|per (?:token|image|million|picture)|way to (?:make|generate|produce|"
    r"serve)|to run\b|[.;,)]|$|"
    r"by the hour)",
    re.IGNORECASE,
)
_NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "trio": 3,
    "quartet": 4,
}
_NOT = re.compile(
    r"\b(?:not|isn[\u2019']t|aren[\u2019']t|wasn[\u2019']t|nowhere near)\s+"
    r"(?:(?!only\b|just\b|merely\b|simply\b)\w+\s+)?$",
    re.IGNORECASE,
)
#: What is of other things than those told, or of some of them.
_BESIDES = re.compile(
    r"\b(?:second|third|next|after|among|except|apart|but one|besides|other than|new|used|second-hand|"
    r"ever|way in|gigabyte|per gb|"
    r"one of|at the time|today|once|games?|gaming|reviews?|reviewers?|elsewhere|"
    r"with (?:four|eight|two) (?:cards|gpus)|per watt|idle|used to|prompt|"
    r"prefill|latency|"
    r"bandwidth|memory|on (?:the )?paper|in theory|usually|often|sometimes|generation|"
    r"prices? (?:drop|fell))\b",
    re.IGNORECASE,
)
_PER_WORK = re.compile(
    r"\b(?:per (?:token|image|picture|million|request|thousand)|(?:tokens?|images?|pictures?)\b|"
    r"way to (?:make|generate|serve))",
    re.IGNORECASE,
)
_BY_TIME = re.compile(r"\b(?:by the|per|an) (?:hour|month)\b|\bhourly\b|\bto rent\b", re.IGNORECASE)
_ORDINAL = re.compile(
    r"\b(?:our )?(?:number|no\.) (one|two|three|four|five|six|seven|eight|nine|ten|"
    r"\d{1,2})\b",
    re.IGNORECASE,
)
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MARGIN = 0.015


def find(context: Context) -> Iterator[Finding]:
    """Every place and order that nothing told bears out."""
    told = [each for each in store(context) if each.group != SPOKEN]
    done = [each for each in context.memo["found"] if each.accuses and each.kind in ("ordering", "ratio")]
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            start, end = passage.span(sentence.start, sentence.end)
            if any(each.start < end and start < each.end for each in done):
                # What is wrong with it is said.
                continue
            yield from _of_amounts(index, passage, sentence, context)
            if told and not _BESIDES.search(sentence.text) and "?" not in sentence.text:
                yield from _places(index, passage, sentence, told, context)
                yield from _orders(index, passage, sentence, told, context)


def _asked(kind: str, words: str, told: Sequence[Series]) -> list[Series]:
    """The series that are of a kind: of prices those of the work where the words ask for it."""
    kinds = ("speed", "time") if kind == "speed" else (kind,)
    found = [each for each in told if each.measure in kinds and (kind == "price" or not each.derived)]
    if kind != "price":
        return list(_labelled(found, words))
    if _PER_WORK.search(words):
        works = [each for each in found if _PER_WORK.search(each.label)]
        return [each for each in works if not each.derived] or [
            each for each in works if "over" in each.label
        ]
    if _BY_TIME.search(words):
        return [each for each in found if not _PER_WORK.search(each.label)]
    return found


def _sign(series: Series, sign: int) -> int:
    """Less time is faster."""
    return -sign if series.measure == "time" else sign


def _places(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    for (kind, sign), way in _PLACE.items():
        for match in way.finditer(text, sentence.start, sentence.end):
            among = _AMONG.match(text, match.end())
            place = clause(text, sentence, *match.span())
            if not among or _CONDITION.search(text, *place) or is_restricted(text, among.end(), place[1]):
                continue
            if kind == "price" and is_per_unit(sentence.text) and not _PER_WORK.search(sentence.text):
                continue
            part = Sentence(place[0], match.start(), text[place[0] : match.start()])
            behind = text[match.start() : place[1]]
            words = behind if _PER_WORK.search(behind) or _BY_TIME.search(behind) else text[slice(*place)]
            ranks = []
            for each in _asked(kind, words, told):
                one = _subject(index, passage, sentence, part, each, context)
                number = _NUMBERS.get((among["n"] or "").lower())
                if (
                    one is not None
                    and len(each.amounts) > 1
                    and (number or len(each.amounts)) == len(each.amounts)
                ):
                    for some in () if number else scopes(one, each, told):
                        ranks.append((_is_first(one, each._replace(amounts=some), _sign(each, sign)), each))
                    ranks.append((_is_first(one, each, _sign(each, sign)), each))
            denied = _NOT.search(text, max(sentence.start, match.start() - 24), match.start()) is not None
            if ranks and (
                all(first > 0 for first, _ in ranks) if denied else all(first < 0 for first, _ in ranks)
            ):
                yield _finding(passage, match.span(), ranks[0][1], context)


#: What is so on a condition, or is no more than thought.
_CONDITION = re.compile(
    r"\b(?:if|unless|would|ought|could|might|may|should|expect\w*|when|until|claims?|rumou?r\w*|hoped?)\b",
    re.IGNORECASE,
)


def scopes(one: Amount, series: Series, told: Sequence[Series]) -> Iterator[tuple[Amount, ...]]:
    """Those of a series that another series tells of too: what a section is about."""
    every = {frozenset(each.name for each in some.amounts) for some in told if not some.derived}
    for names in every:
        if one.name in names:
            kept = tuple(each for each in series.amounts if each.name in names)
            if 1 < len(kept) < len(series.amounts):
                yield kept


def _is_first(one: Amount, series: Series, sign: int) -> int:
    """1 where one is first with a margin, -1 where another is ahead of it by one, 0 between."""
    others = [each for each in series.amounts if each is not one]
    best = max(sign * each.value for each in others)
    apart = (sign * one.value - best) / abs(best)
    return 1 if apart > _MARGIN else -1 if apart < -_MARGIN else 0


def _subject(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, part: Sentence, series: Series, context: Context
) -> Amount | None:
    """The one of a series of which a clause speaks before its verb, or goes on to speak; None for several."""
    here = named(index, passage, part, series, context)
    every = {each.ids for each in within(context.mentions.get(index, ()), part.start, part.end)}
    if len(here) == 1 and len(every) < 2:
        return here[0].amount
    if here:
        # Of several, also where a series tells of one of them alone.
        return None
    spoken = [each for each in within(context.mentions.get(index, ()), sentence.start, sentence.end)]
    if spoken and not _IT.search(passage.text, part.start, part.end):
        before = Sentence(sentence.start, part.end, "")
        also = named(index, passage, before, series, context)
        return also[0].amount if len(also) == 1 else None
    topic = _topic(index, passage, sentence, series, context)
    return (
        topic[0].amount
        if topic and (_IT.search(passage.text, part.start, part.end) or _GOES_ON.search(part.text))
        else None
    )


_GOES_ON = re.compile(r"^\W*(?:despite|this one|this|that|so|and thus)\b|\bthis one\b", re.IGNORECASE)


_SEVERAL = re.compile(
    r"\b(?:two|three|four|six|eight|(?<![\d.,])[2-9]\s?[x\u00d7]?)\s+(?:of (?:the|"
    r"these)\s+)?(?:[A-Z]+\s+)?[A-Z]*\d",
    re.IGNORECASE,
)


def _orders(
    index: int, passage: Passage, sentence: Sentence, told: Sequence[Series], context: Context
) -> Iterator[Finding]:
    text = passage.text
    for (kind, sign), way in _ORDER.items():
        for match in way.finditer(text, sentence.start, sentence.end):
            place = clause(text, sentence, *match.span())
            if _CONDITION.search(text, *place) or _ELSE.search(text[place[0] : match.start()]):
                continue
            before = Sentence(place[0], match.start(), text[place[0] : match.start()])
            several = any(one.number > 1 for each in told for one in each.amounts)
            if kind == "speed" and not several and _SEVERAL.search(before.text):
                # "Two A4000s are faster than one A30": what they do together is not told.
                continue
            after = Sentence(match.end(), place[1], text[match.end() : place[1]])
            sides = []
            for each in _asked(kind, text[slice(*place)], told):
                one = _subject(index, passage, sentence, before, each, context)
                other = _object(index, passage, after, each, context)
                if one and other and one is not other:
                    apart = _sign(each, sign) * (one.value / other.value - 1)
                    sides.append((apart, each))
            sides = [each for each in sides if each[1].section == passage.section] or sides
            if sides and all(apart < -_MARGIN for apart, _ in sides):
                yield _finding(passage, match.span(), sides[0][1], context)


def _object(index: int, passage: Passage, after: Sentence, series: Series, context: Context) -> Amount | None:
    here = named(index, passage, after, series, context)
    if here:
        return here[0].amount if here[0].start - after.start < 40 else None
    ordinal = _ORDINAL.search(passage.text, after.start, after.end)
    if ordinal is None:
        return None
    word = ordinal[1].lower()
    number = _ONES.index(word) + 1 if word in _ONES else int(word)
    head = next((each.text for each in context.document.passages
                 if each.kind in ("heading", "item") and re.match(rf"\s*#?{number}[.):]\s", each.text)), "")  # fmt: skip  # noqa: E501
    ids = {one for each in mentions(head, context.catalogue) for one in each.ids}
    found = [each for each in series.amounts if each.ids & ids]
    return found[0] if len(found) == 1 else None


def _finding(passage: Passage, place: tuple[int, int], series: Series, context: Context) -> Finding:
    shown = ", ".join(f"{each.name} {each.words}" for each in series.amounts[:6])
    because = f"the document told otherwise: {shown}"
    return made(
        context, passage, place, "ordering", "inconsistent", attribute="told before", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip


#: Two amounts in an order right beside each other, and those between which one falls or rises.
_MORE = re.compile(
    r"\s*(?:per \w+\s*)?(?:,|is|are|was|were|i\.e\.,?|which is|that is|\s)*\s*(?:(?P<more>(?:clearly |"
    r"slightly |far |even |still |much )?"
    r"(?:more|higher|larger|above|faster|greater))|(?P<less>(?:clearly |slightly |far |even |still |"
    r"much )?(?:less|fewer|lower|below|slower|smaller)))"
    r" than (?:the |its |an? |some |just )?$",
    re.IGNORECASE,
)
_FELL = re.compile(
    r"\b(?:(?P<less>f[ae]lls?|fallen|drops?|dropped|shr[iau]nks?|shrunk|declines?d?|sinks?|sank|"
    r"goes down|went down|come down|comes down|"
    r"is cut|was cut|reduced)|(?P<more>rises?|rose|risen|grows?|grew|grown|climbs?|climbed|goes up|"
    r"went up|jumps?|jumped|increases?d?))"
    r"(?: (?:in \w+|further|again|slightly|sharply|by [^,;.]{1,16},?))? from (?:about |around |roughly |"
    r"some |~)?$",
    re.IGNORECASE,
)
_TO = re.compile(
    r"(?:\s+[A-Za-z/ ]{0,24}?)?\s*,? to (?:about |around |roughly |some |only |just |a mere |nearly |"
    r"almost |over |~)?",
    re.IGNORECASE,
)


def _of_amounts(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text
    every = [
        each for each in within(quantities(text, context.fraction), sentence.start, sentence.end)
        if each.dimension not in ("percent", "times") and not is_of_name(index, each.start, context)
    ]  # fmt: skip
    for at, one in enumerate(every):
        # "From 24 to 12 GB" is no range.
        begins = _FELL.search(text, max(sentence.start, one.start - 60), one.start)
        other = every[at + 1] if at + 1 < len(every) else None
        if other is None or one.high != one.value or other.high != other.value:
            continue
        same = one.dimension == other.dimension
        bare = "number" in (one.dimension, other.dimension)
        first, second = _in_one_unit(text, one, other)
        if begins and (same or bare) and _TO.fullmatch(text, one.end, other.start):  # noqa: SIM102
            if second >= first if begins["less"] else second <= first:
                yield _finding_of(passage, one, other, context)
        told = _MORE.fullmatch(text, one.end, other.start)
        if told and not text[one.end : told.start("more" if told["more"] else "less")].strip():
            # "600 W, 25 W more than the 575 W": what it is more by.
            continue
        elided = other.dimension == "number" and _OF_IT.match(text, other.end)
        if told and one.dimension not in ("number", "count") and (same or elided):  # noqa: SIM102
            if second >= first if told["more"] else second <= first:
                yield _finding_of(passage, one, other, context)


#: Behind a number in the unit of the one before it: "more than the 672 of an RTX 5070".
_OF_IT = re.compile(r"\s+(?:of|in|on|that)\b")
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")


def _in_one_unit(text: str, one: Quantity, other: Quantity) -> tuple[float, float]:
    """Two amounts in one unit, where one of them leaves its own out."""
    if one.dimension == other.dimension:
        return one.value, other.value
    bare, full = (one, other) if one.dimension == "number" else (other, one)
    digits = _DIGITS.search(text, full.start, full.end)
    unit = (
        full.value / float(digits[0].replace(",", ""))
        if digits and float(digits[0].replace(",", ""))
        else 1.0
    )
    return (one.value * unit, other.value) if bare is one else (one.value, other.value * unit)


def _finding_of(passage: Passage, one: Quantity, other: Quantity, context: Context) -> Finding:
    because = f"{passage.text[one.start : other.end]}: the order is the other way round"
    return made(
        context, passage, (one.start, other.end), "ordering", "inconsistent", attribute="stated values",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
