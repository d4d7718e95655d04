"""Who is first or last in a table: "it has the lowest median of all", "first place goes to the A100"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.superlatives import is_per_unit, is_restricted
from whichgpu.audit.known.store import store
from whichgpu.audit.own_tables.lines import MARGIN, OF_ELSE, SCORE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.own_tables.lines import Reading

#: Superlatives: of what, and whether the most or the least of it; "good" is more of a speed, less of a price.
_WORDS = (
    ("speed", 1, r"fastest|quickest|swiftest|speediest"), ("speed", -1, r"slowest"),
    ("price", -1, r"cheapest|least expensive|most affordable"),
    ("price", 1, r"dearest|most expensive|priciest|costliest"),
    ("power", 1, r"hungriest|thirstiest|most power-hungry"), ("power", -1, r"thriftiest|most frugal"),
    ("good", 1, r"best"), ("good", -1, r"worst"),
    # "At most", "in most servers" orders nothing.
    ("", 1, r"highest|(?<!at )(?<!in )(?<!for )(?<!on )(?<!of )most(?! of\b)|largest|biggest|"
                r"greatest|longest"),
    ("", -1, r"lowest|(?<!at )least|fewest|smallest|shortest"),
)  # fmt: skip
_SUPERLATIVES = tuple(
    (kind, sign, re.compile(rf"\b(?:the\s+(?:very\s+)?|by "
                            rf"far\s+)?(?:{words})\b(?P<noun>(?:\s+[a-z][\w-]*){{0,3}})", re.I))
    for kind, sign, words in _WORDS
)  # fmt: skip
#: What a noun or a verb beside a superlative says that it is of.
_NOUNS = {
    "power": r"\b(?:power|watts?|electricity|energy|draw(?:s|n)?|pulls?|wall|consum\w+)\b",
    "price": r"\b(?:prices?|costs?|rents?|dollars?|money|charges?|rates?)\b",
    "time": r"\b(?:times?|latency|seconds|minutes|hours|long(?:est)?|wait)\b",
    "speed": r"\b(?:throughput|speeds?|tokens?|images?|samples?|frames?|pictures?|sequences?|requests?)\b",
}
_OF = {**{key: re.compile(words, re.IGNORECASE) for key, words in _NOUNS.items()}, "score": SCORE}
_LIKED = re.compile(r"\b(?:liked?|prefer\w*|rated|ranked|scored|did|does|performed)\b", re.IGNORECASE)
#: More of it is better, or less.
_GOOD = {
    "speed": 1,
    "score": 1,
    "efficiency": 1,
    "value": 1,
    "time": -1,
    "price": -1,
    "energy": -1,
    "power": -1,
}
_MEASURES = {"speed": ("speed", "time"), "price": ("price",), "power": ("power",)}
#: From a superlative to what it is of, where that comes behind.
_IS = re.compile(
    r"[^.;:]{0,50}?\b(?:is|was|are|were|remains|goes to|went to|belongs to|comes from|came from|has|gets|"
    r"got)\s+"
    r"(?:(?:found|had|sold|offered|listed|available|to be (?:had|found)|at|with|from|by|still|clearly|"
    r"again|once more|the|our|an?|nvidia|amd)\s+)*$",
    re.IGNORECASE,
)
#: Who heads a ranking, told by a verb.
_HEADS = re.compile(
    r"\b(?:tops|heads|leads)\s+(?:(?:the|our)\s+)?(?:charts?|tables?|lists?|fields?|pack|rankings?|"
    r"comparison|test)\b",
    re.IGNORECASE,
)
#: Places in a ranking, and what they go to; "at the bottom stands".
_PLACES = (
    (1, re.compile(r"\b(?:first place|the top spot|the crown|the win|the victory|"
                   r"gold)\b[^.;:]{0,40}?\b(?:goes|went|"
                   r"belongs) to\s+(?:(?:the|our|an?|nvidia|amd)\s+)*$", re.IGNORECASE)),
    (0, re.compile(r"\bat the (?:top|bottom|head|tail|lower end|upper end|other "
                   r"end)\b[^.;:]{0,40}?\b(?:stands|sits|is|"
                   r"comes|lies|we find|you find|we see)\s+(?:(?:the|our|an?|nvidia|amd)\s+)*$", re.I)),
)  # fmt: skip
_NOTHING = re.compile(
    r"\b(?:nothing|none|nobody|no (?:other )?(?:card|gpu|model|one|device|system))\b(?P<what>[^.;:]{0,60}?)\b"
    r"(?:(?P<less>less|fewer|lower|cheaper|slower|shorter)|(?P<more>more|higher|faster|quicker|dearer|"
    r"longer))\b"
    r"(?P<noun>[^.;:]{0,30}?)\bthan\s+(?:(?:the|our|an?|nvidia|amd)\s+)*$",
    re.IGNORECASE,
)
#: Before a superlative, that it is not of all.
NOT_ALL = re.compile(
    r"\b(?:second|third|next|from|to|one of the|joint|tied|among|after|behind|besides|next to|per)\b|"
    r"\b(?:of|in|on) the "
    r"(?!two\b|three\b|four\b|five\b|six\b|seven\b|eight\b|table\b|list\b|lot\b|bunch\b|group\b|tests?\b|"
    r"field\b)",
    re.IGNORECASE,
)
EVERY = re.compile(
    r"\b(?:all|every|each|both|any|everywhere|throughout|across the board)\b(?!\s+(?:of )?(?:the |these |"
    r"those )?"
    r"(?:cards|gpus|models|three cards|four cards))",
    re.IGNORECASE,
)


def extremes(reading: Reading) -> Iterator[Finding]:
    """Who is said to be first or last, and is not."""
    text, sentence = reading.said.text, reading.said.sentence
    for kind, sign, pattern in _SUPERLATIVES:
        for match in pattern.finditer(text, sentence.start, sentence.end):
            start, end = reading.clause(match.start())
            per_unit = kind != "price" and is_per_unit(text[start:end])
            if start < end and not per_unit and not _is_of_some(reading, match, start, end):
                yield from _judged(
                    reading, match, (start, end), _asked(reading, match, kind, sign, (start, end))
                )
    yield from _heading(reading)
    yield from _placed(reading)
    yield from _nothing(reading)
    yield from _unbeaten(reading)


def _is_of_some(reading: Reading, match: re.Match[str], start: int, end: int) -> bool:
    """Whether a superlative is among some of a table only."""
    text, last = reading.said.text, match.start("noun")
    return NOT_ALL.search(text, start, match.start()) is not None or (
        is_restricted(text, last, end) and not reading.is_told(reading.lines, last, end)
    )


def _asked(
    reading: Reading, match: re.Match[str], kind: str, sign: int, place: tuple[int, int]
) -> list[tuple[Series, int]]:
    """The lines that a superlative may be by, each with 1 where it is of the most, -1 of the least."""
    text, (start, end) = reading.said.text, place
    noun = match["noun"]
    # A verb says it too: "draws the most".
    beside = f"{text[max(start, match.start() - 24) : match.start()]} {match[0]}"
    if kind in _MEASURES:
        lines = reading.of(_MEASURES[kind], start, end)
        if kind == "speed" and OF_ELSE.search(text, start, end):
            return []
        lines = _per_unit(lines, reading, text[start:end]) if kind == "price" else lines
        return [(each, sign * (-1 if each.measure == "time" else 1)) for each in lines]
    by_label = [each for each in reading.lines if _shares_a_word(each, noun)]
    if kind == "good":
        scored = [each for each in reading.lines if each.measure == "score"]
        if not _OF["score"].search(noun) and not (_LIKED.search(beside) and not noun.split()):
            return [(each, sign * _GOOD.get(each.measure, 0)) for each in by_label if each.measure in _GOOD]
        return [(each, sign) for each in scored]
    measure = next((key for key, words in _OF.items() if words.search(beside)), "")
    if by_label:
        return [(each, sign) for each in by_label]
    return [(each, sign) for each in reading.of((measure,), start, end)] if measure else []


#: What a price buys, where that is work and no time: "per sequence", "$ per million", "$/1M tokens".
_BUYS = re.compile(
    r"(?:\b(?:per|an?)\s|/\s?)(?!hour|hr?\b|month|day|year|week|card|gpu)(?P<what>[\w ]+)", re.IGNORECASE
)
_UNIT = re.compile(r"\b(?:per|each) (?:million )?([\w-]{4,})", re.IGNORECASE)
_PER_TIME = re.compile(r"\b(?:per|an?)\s(?:hour|month|day|year|week)\b|\bhourly\b", re.IGNORECASE)


def _per_unit(lines: Sequence[Series], reading: Reading, words: str) -> list[Series]:
    """The prices that a superlative is of: by the work where it names that work, else by none of it.

    "The cheapest per sequence" is so by "$ per million" beside "sequences/s".
    """
    by_work = [each for each in lines if _BUYS.search(each.label)]
    if is_per_unit(words):
        units = [each[1].lower().rstrip("s") for each in _UNIT.finditer(words)]
        heads = " ".join(each.label.lower() for each in reading.lines)
        return by_work if units and all(unit in heads for unit in units) else []
    return [each for each in lines if each not in by_work] if _PER_TIME.search(words) else list(lines)


def _shares_a_word(line: Series, noun: str) -> bool:
    """Whether the heading of a line has the noun of a superlative."""
    words = {each.removesuffix("s") for each in noun.lower().split() if len(each) > len("all")}
    return bool(words & {each.removesuffix("s").strip("(),:") for each in line.label.lower().split()})


def _judged(
    reading: Reading, match: re.Match[str], place: tuple[int, int], asked: Sequence[tuple[Series, int]]
) -> Iterator[Finding]:
    held = []
    for line, sign in asked:
        one = of_whom(reading, line, (match.start(), *match.span("noun")), place)
        if one is not None and sign:
            # "Per token" tells by which of the prices, and "per hour".
            said = reading.said.text[slice(*place)]
            by_unit = is_per_unit(said) or (line.measure == "price" and _PER_TIME.search(said))
            is_told = by_unit or reading.is_told([line], *place)
            if not is_told and _is_so_elsewhere(reading, line, one, sign):
                return
            held.append((line, leader(line, one, sign)))
    yield from decided(reading, match.span(), held, place)


def _is_so_elsewhere(reading: Reading, line: Series, one: Amount, sign: int) -> bool:
    """Whether one is first in another series of the kind, of the document or worked out of its amounts."""
    others = (each for each in store(reading.said.context) if each.measure == line.measure)
    return any(
        leader(each, mine, sign) is None
        for each in others for mine in each.amounts
        if mine.name == one.name and each.amounts != line.amounts and len(each.amounts) > 1
    )  # fmt: skip


def decided(
    reading: Reading,
    span: tuple[int, int],
    held: Sequence[tuple[Series, Amount | None]],
    place: tuple[int, int],
) -> Iterator[Finding]:
    """The finding on a superlative by each line and who is ahead of whom it names; None where nobody is."""
    against = [(line, first) for line, first in held if first is not None]
    whole = EVERY.search(reading.said.text, *place) is not None
    if against and (whole or len(against) == len(held)):
        line, first = against[0]
        yield reading.wrong(span, "ordering", line, first.name)


def of_whom(
    reading: Reading, line: Series, told: tuple[int, int, int], place: tuple[int, int]
) -> Amount | None:
    """The thing of a line that a superlative is said of: before it, else behind "is".

    `told` is where the superlative begins, where it ends, and where the noun ends that it has.
    """
    (begins, ends, last), (start, end) = told, place
    one = reading.subject(line, start, begins)
    if one is not None:
        return one
    behind = reading.named(line, last, end)
    inside = reading.named(line, ends, end)
    for first, _, amount in (behind or inside)[:1]:
        if _IS.fullmatch(reading.said.text, ends, first):
            return amount
    return None


def leader(line: Series, one: Amount, sign: int) -> Amount | None:
    """Who has surely more of a line than one, or less where `sign` is -1; None where nobody has."""
    pick = max if sign > 0 else min
    first = pick(line.amounts, key=lambda each: each.value)
    ahead = first.value / one.high > 1 + MARGIN if sign > 0 else first.high / one.value < 1 - MARGIN
    return first if ahead and first is not one else None


def _heading(reading: Reading) -> Iterator[Finding]:
    """Who is said to head the table, and does not by any line that may be meant."""
    text, sentence = reading.said.text, reading.said.sentence
    for match in _HEADS.finditer(text, sentence.start, sentence.end):
        start, end = reading.clause(match.start())
        if start >= end or OF_ELSE.search(text, start, end):
            continue
        told = [
            (line, one) for line in reading.of(("speed", "time", "score"), start, end)
            if (one := reading.subject(line, start, match.start())) is not None
        ]  # fmt: skip
        held = [(line, leader(line, one, _GOOD[line.measure])) for line, one in told]
        yield from decided(reading, match.span(), held, (start, end))


def _placed(reading: Reading) -> Iterator[Finding]:
    """Who is said to be in first place, or at an end of the table, and is not."""
    text, sentence = reading.said.text, reading.said.sentence
    lines = [each for each in reading.lines if each.measure in _GOOD]
    for line in lines[:1]:
        for first, end, _ in reading.named(line, sentence.start, sentence.end):
            for sign, pattern in _PLACES:
                match = pattern.search(text, sentence.start, first)
                start, last = reading.clause(first)
                if match is None or start >= last:
                    continue
                meant = reading.of(("speed", "time", "efficiency"), start, last) if sign else lines
                held = [(each, _misplaced(reading, each, sign, (first, end))) for each in meant]
                held = [(each, ahead) for each, ahead in held if ahead != ()]
                yield from decided(
                    reading,
                    (match.start(), end),
                    [(each, ahead or None) for each, ahead in held],
                    (start, last),
                )


def _misplaced(
    reading: Reading, line: Series, sign: int, place: tuple[int, int]
) -> Amount | tuple[()] | None:
    """Who is in the place of what is named there: by the sign of a line, else at neither of its ends."""
    mine = [each for _, _, each in reading.named(line, *place)]
    if len(mine) != 1 or len(line.amounts) <= len("ab"):
        return ()
    if sign:
        return leader(line, mine[0], _GOOD[line.measure])
    if mine[0] in (line.amounts[0], line.amounts[-1]):
        return None
    above, below = leader(line, mine[0], 1), leader(line, mine[0], -1)
    return below if above is not None else None


#: "Nobody beats the A5000 at BERT".
_UNBEATEN = re.compile(
    r"\b(?:nothing|none|nobody|no (?:other )?(?:card|gpu|model|one|device|"
    r"system))\b[^.;:]{0,30}?\b(?:beats?|outruns?|"
    r"outpaces?|outperforms?|catches|overtakes?|surpasses|tops|comes (?:near|close to))\s+"
    r"(?:(?:the|our|an?|nvidia|amd)\s+)*$",
    re.IGNORECASE,
)


def _unbeaten(reading: Reading) -> Iterator[Finding]:
    """Whom nobody is said to beat, where somebody does in every line that may be meant."""
    text, sentence = reading.said.text, reading.said.sentence
    held, place = [], (0, 0)
    for line in reading.of(_MEASURES["speed"], sentence.start, sentence.end):
        for first, last, one in reading.named(line, sentence.start, sentence.end):
            match = _UNBEATEN.search(text, sentence.start, first)
            start, end = reading.clause(first)
            if match and start < end and not OF_ELSE.search(text, start, end):
                held.append((line, leader(line, one, _GOOD[line.measure])))
                place = (match.start(), last)
    if held and all(ahead is not None for _, ahead in held):
        yield reading.wrong(place, "ordering", held[0][0])


def _nothing(reading: Reading) -> Iterator[Finding]:
    """What nothing is said to have more or less of, and something has."""
    text, sentence = reading.said.text, reading.said.sentence
    for line in reading.lines:
        for first, end, amount in reading.named(line, sentence.start, sentence.end):
            match = _NOTHING.search(text, sentence.start, first)
            start, last = reading.clause(first)
            if match is None or start >= last or is_per_unit(text[start:last]):
                continue
            words = f"{match['what']} {match[0][match.end('what') - match.start() :]}"
            of_speed = re.search(r"\b(?:faster|quicker|slower)\b", match[0]) and not OF_ELSE.search(
                text, start, last
            )
            of_price = re.search(r"\b(?:cheaper|dearer)\b", match[0])
            measure = "price" if of_price else "speed" if of_speed else next(
                (key for key, way in _OF.items() if way.search(words)), "")  # fmt: skip
            if measure != line.measure:
                continue
            sign = 1 if match["more"] and "cheaper" not in match[0] else -1
            ahead = leader(line, amount, sign)
            if ahead is not None and reading.of((measure,), start, last).count(line):
                yield reading.wrong((match.start(), end), "ordering", line, ahead.name)
            break
