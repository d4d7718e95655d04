"""By how much two things differ whose amounts were just told: "$0.526 and $0.805. The L4 costs 25 % more".

The amounts of each are known by `assigned.py`. A ratio, a difference or an order that a sentence then tells
of the two is held against them; what it is in, its words say: a price, a speed, or whatever was told last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.comparisons.multiple import Multiple
from whichgpu.audit.excluded.assigned import assigned, names_of
from whichgpu.audit.excluded.quotients import is_it
from whichgpu.audit.excluded.scope import inconsistent
from whichgpu.audit.known.said import Claim, claims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.excluded.assigned import Assigned, Name
    from whichgpu.audit.excluded.quotients import Told
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_SPEED = re.compile(
    r"\b(?:fast\w*|slow\w*|quick\w*|longer|shorter|sooner|ahead|behind|leads?|lead|trails?|throughput|"
    r"speed\w*|"
    r"performance|outperforms?|beats?|outpaces?|outruns?|wins?|time)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"\b(?:cheap\w*|expensive|costs?|costl\w+|dear\w*|pric\w+|pay\w*|sav\w+|premium|discount|surcharge|"
    r"money|bill|"
    r"economical)\b",
    re.IGNORECASE,
)
#: Kinds of amounts that each of them is of.
_KINDS = {
    "speed": ("rate", "time", "points", "tokens", "images", "frames", "samples"),
    "money": ("money", "money by the hour"),
}
_UP = re.compile(
    r"\b(?:faster|quicker|ahead(?! of time)|in front|in the lead|leads|wins|outperforms|beats|outpaces|"
    r"outruns)\b",
    re.I,
)
_DOWN = re.compile(r"\b(?:slower|behind|trails|lags|loses)\b", re.IGNORECASE)
_DEAR = re.compile(r"\b(?:more expensive|dearer|pricier|costlier)\b", re.IGNORECASE)
_CHEAP = re.compile(
    r"\b(?:cheaper|less expensive|more economical|more affordable|lower[- ]priced)\b", re.IGNORECASE
)
#: What makes a comparison one of something else than of the amounts that were told.
_ELSE = re.compile(
    r"\b(?:per (?!hour|second|minute|month|day|card|gpu|year|image|token|run)\w+|each|together|combined|"
    r"theor\w+|peak|"
    r"memory|vram|bandwidth|cores|compute|tflops|scal\w+|efficien\w+|value|instead|not|never|n[\u2019']t|"
    r"but|although|"
    r"though|despite|"
    r"however|if|would|could|may|might|up to|at least|usually|typical\w*|sometimes|only if|when|(?:two|"
    r"three|four|eight)(?![ -](?:times|fold|thirds|fifths))|"
    r"pairs?|both|previous|predecessor|on paper|while|whereas)\b",
    re.IGNORECASE,
)
#: A setting of its own, of which what was told before says nothing.
_SETTING = re.compile(
    r"^\W*(?:in|with|for|at|on|under|during|using|when|after|before|overall)\b", re.IGNORECASE
)
_SO = re.compile(
    r"\b(?:so|thus|hence|therefore|that[\u2019']s|that is|this is|which is|i\.e\.|consequently)\b", re.I
)
#: What goes on from both amounts without a name.
_OF_BOTH = re.compile(
    r"^\W*(?:that|this|so|thus|hence)(?:[\u2019']s|\s(?:is|makes|means|gives|comes to|amounts to|"
    r"works out (?:at|to)))\b|"
    r"^\W*(?:an?|the) (?:difference|saving|gap|premium|speed-?up|improvement|advantage|lead)\b|"
    r"^\W*you (?:pay|save)\b",
    re.IGNORECASE,
)
#: By how much two are apart: before such an amount, and behind it.
_APART = re.compile(
    r"\b(?:(?:difference|gap|saving|premium|surcharge|advantage|lead) (?:of|is)|saves?(?: you)?)"
    r"(?: about| around| roughly| some| just| only| almost| nearly)? $",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\s(?:cheaper|less expensive|more expensive|dearer|pricier|more|less|faster|slower|longer|shorter|"
    r"extra)\b"
    r"(?=\s*(?:[.,;)]|$|than\b|per (?:hour|year|month)\b|an hour\b|a (?:month|year)\b))",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"[;:()]\s|,\s(?:(?:and|but|while|whereas|so|which)\s)?|\s[\u2013\u2014]\s|"
    r"\s(?:in spite of|despite|although|even though|though)\s"
)
#: How far from a difference one may be that is told of it.
_NEAR = 0.06


class _Claim(NamedTuple):
    """A clause with a comparison: where it stands, what it names, and what was told of these."""

    passage: Passage
    sentence: Sentence
    clause: tuple[int, int]
    names: Sequence[Name]
    known: Sequence[Assigned]

    @property
    def text(self) -> str:
        """The words of the clause."""
        return self.passage.text[slice(*self.clause)]

    def pairs(self, behind: int) -> list[tuple[Assigned, Told, Told]]:
        """The amounts of the two that it can compare, of each kind that its words are of.

        Those right behind a place go before the others: "6.4 times faster at almost six times the cost".
        """
        near = _kinds(self.passage.text[behind : min(behind + _TAIL, self.clause[1])])
        kinds = near if len(near) == 1 else _kinds(self.text)
        if len(kinds) > 1:
            return []
        known = [one for one in self.known if not kinds or one.of in _KINDS[kinds[0]]]
        if not kinds:
            known = [one for one in known if one.near]
            known = known if len(known) == 1 else []
        found = ((one, self._two(one)) for one in known)
        return [(one, *two) for one, two in found if two]

    def _two(self, one: Assigned) -> tuple[Told, Told] | None:
        """The amounts of the two that it names, else of the only two there are."""
        named = list(dict.fromkeys(each.thing for each in self.names))
        if not {*named} <= one.amounts.keys():
            return None
        if len(named) == _TWO:
            return one.amounts[named[0]], one.amounts[named[1]]
        if len(one.amounts) != _TWO or (not named and not (one.near and _OF_BOTH.match(self.text))):
            return None
        first, second = one.amounts.items()
        if named and second[0] == named[0]:
            first, second = second, first
        return first[1], second[1]


_TWO = 2
#: Letters behind a ratio that say what it is in.
_TAIL = 16


def _kinds(words: str) -> list[str]:
    """Whether some words are of speeds, of prices or of both."""
    return [name for name, said in (("speed", _SPEED), ("money", _MONEY)) if said.search(words)]


#: What tells an order, a ratio or a difference at all.
_COMPARES = re.compile(
    r"%|percent|times|twice|half|doubl|third|quarter|faster|slower|quicker|ahead|behind|lead|trail|cheaper|"
    r"expensive|"
    r"dearer|pricier|economical|affordable|beat|outp|wins|more|less|longer|shorter|sav|premium|difference|gap"
)


def between(context: Context) -> Iterator[Finding]:
    """Every ratio, difference and order of two that the amounts told of them right before exclude."""
    for index, passage in context.document.running():
        # A passage that compares nothing, or names nothing, needs no further look.
        compares = _COMPARES.search(passage.text) is not None
        names = names_of(index, passage, context) if compares else []
        if len({each.thing for each in names}) < _TWO:
            continue
        done: list[Sentence] = []
        for sentence in sentences(passage.text):
            before, stated = done[:], is_asserted(sentence.text) and is_indicative(sentence.text)
            done.append(sentence)
            if stated and names and "?" not in sentence.text:
                if not _COMPARES.search(passage.text, sentence.start, sentence.end):
                    continue
                where = passage, sentence, before
                for place in _clauses(passage.text, sentence, context.fraction):
                    yield from _of_clause(where, place, names, context)


#: For how long, or for what, something is paid.
_PERIODS = re.compile(r"\b(?:month|year|week|day|run|job|epoch|night)\b", re.IGNORECASE)


def _of_clause(
    where: tuple[Passage, Sentence, Sequence[Sentence]], place: tuple[int, int], names: Sequence[Name],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    (passage, sentence, before), (first, last) = where, place
    here = [each for each in names if first <= each.start < last]
    if len({each.thing for each in here}) > _TWO or _is_else(passage.text[first:last]):
        return
    if {each[0].lower() for each in _PERIODS.finditer(passage.text, first, last)} - {
        each[0].lower() for each in _PERIODS.finditer(passage.text, 0, first)
    }:
        # "A month of it costs $292 more": of what was not told.
        return
    known = assigned(before, (sentence.start, first), passage.text, names, context.fraction)
    if known:
        yield from _judged(_Claim(passage, sentence, place, here, known), context)


def _is_else(clause: str) -> bool:
    """Whether a clause tells of something else than of what was just told."""
    return bool(_ELSE.search(clause) or (_SETTING.match(clause) and not _SO.search(clause)))


def _clauses(text: str, sentence: Sentence, fraction: str) -> Iterator[tuple[int, int]]:
    """The clauses of a sentence; behind an amount and a comma begins another: "$80, a third less"."""
    at = sentence.start
    amounts = {each.end for each in within(quantities(text, fraction), sentence.start, sentence.end)}
    for cut in _PARTS.finditer(text, sentence.start, sentence.end):
        if cut[0] != ", " or _ends_amount(text, cut.start(), amounts):
            yield at, cut.start()
            at = cut.end()
    yield at, sentence.end


def _ends_amount(text: str, at: int, amounts: Collection[int]) -> bool:
    period = _PERIOD.search(text, max(0, at - 16), at)
    return (period.start() if period else at) in amounts


#: What an amount is by, behind it.
_PERIOD = re.compile(r"\s(?:per|an?)\s\w+$")


def _judged(claim: _Claim, context: Context) -> Iterator[Finding]:
    told = [*_ratios(claim, context)]
    off = [each for each in told if (pairs := claim.pairs(each.end)) and not _is_any(each, pairs)]
    for each in off:
        yield _finding(claim, (each.start, each.end), claim.pairs(each.end), context)
    pairs = [] if off else claim.pairs(claim.clause[1])
    if pairs:
        yield from (() if told else _apart(claim, pairs, context))
        yield from _order(claim, pairs, context)


#: What a share by itself is by which two are apart: "the premium is $1,200 or 32 %".
_BY_HOW_MUCH = re.compile(r"\b(?:premium|surcharge|mark-?up|discount|saving|difference|gap)\b", re.IGNORECASE)


def _ratios(claim: _Claim, context: Context) -> Iterator[Claim]:
    """The ratios that a clause tells, and shares by which two are apart."""
    text, (first, last) = claim.passage.text, claim.clause
    told = [one for one in claims(text, claim.sentence, context.fraction) if first <= one.start < last]
    yield from told
    for each in within(quantities(text, context.fraction), first, last) if not told else ():
        if each.dimension == "percent" and _BY_HOW_MUCH.search(text, first, each.start):
            place = each.start, each.end
            steps = (each.value, -each.value)
            yield Claim(*place, tuple(Multiple(*place, 1 + step, "about", step) for step in steps))


def _is_any(each: Claim, pairs: Sequence[tuple[Assigned, Told, Told]]) -> bool:
    return any(_is_ratio(each, kind, a, b) for kind, a, b in pairs)


def _is_ratio(each: Claim, kind: Assigned, a: Told, b: Told) -> bool:
    """Whether a ratio is one of two amounts, either way round; less time also as a share of it."""
    reals = [a.value / b.value, b.value / a.value]
    if kind.of == "time":
        reals += [2 - min(reals), 1 / (2 - min(reals))]
    return any(is_it(way, real) for way in each.ways for real in reals)


def _apart(
    claim: _Claim, pairs: Sequence[tuple[Assigned, Told, Told]], context: Context
) -> Iterator[Finding]:
    """Differences of the two that are told and are none."""
    text = claim.passage.text
    for each in within(quantities(text, context.fraction), *claim.clause):
        said = _APART.search(text, max(claim.clause[0], each.start - 48), each.start)
        of = [pair for pair in pairs if pair[0].of.startswith(each.dimension)]
        if not of or not each.value or not (said or _MORE.match(text, each.end)):
            continue
        if all(abs(abs(a.value - b.value) / each.value - 1) > _NEAR for _, a, b in of):
            yield _finding(claim, (each.start, each.end), of, context)


def _order(
    claim: _Claim, pairs: Sequence[tuple[Assigned, Told, Told]], context: Context
) -> Iterator[Finding]:
    """Which of two is the faster, or the cheaper, by amounts that say otherwise."""
    first = next(iter(claim.names), None)
    said = next(((each, way) for way, words in _ORDERS for each in [words.search(claim.text)] if each), None)
    if first is None or said is None or first.start > claim.clause[0] + said[0].start():
        return
    up = said[1]
    ahead = [(a.value > b.value) == (up != (kind.of == "time")) for kind, a, b in pairs if a.value != b.value]
    if ahead and not any(ahead):
        start = claim.clause[0] + said[0].start()
        yield _finding(claim, (start, start + len(said[0][0])), pairs, context)


#: Words of an order, and whether who is so has more of the amount; of time the other way round.
_ORDERS = ((True, _UP), (False, _DOWN), (True, _DEAR), (False, _CHEAP))


def _finding(
    claim: _Claim, place: tuple[int, int], pairs: Sequence[tuple[Assigned, Told, Told]], context: Context
) -> Finding:
    text = claim.passage.text
    _, a, b = pairs[0]
    shown = f"{text[a.start : a.end]} and {text[b.start : b.end]}"
    high, low = max(a.value, b.value), min(a.value, b.value)
    return inconsistent(claim.passage, place, f"{shown}: {high / low:.3g} times", context)
