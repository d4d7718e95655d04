"""Who of those that a text compares has the most or the least of something, and who comes second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.clauses.parts import owner
from whichgpu.audit.comparisons.multiple import OF_SLICES
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.values.attributes import CHIP
from whichgpu.audit.weighed.measure import measure, values_of
from whichgpu.audit.weighed.orders import GOES_ON, is_attribute
from whichgpu.audit.weighed.ratios import ELSE, IF_YOU, KEYED, NOT, clause_of, finding
from whichgpu.audit.weighed.sides import Sides, every_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding

_TOP = r"most|highest|largest|greatest|biggest|widest|fastest|quickest|strongest"
_LAST = r"least|fewest|lowest|smallest|narrowest|slowest|weakest"
_SAID = re.compile(
    rf"\b(?:the|by far the|with the|has the|its)\s+(?:(?P<second>second)[- ])?(?:(?P<top>{_TOP})|(?P<last>{_LAST}))\b|"
    r"\b(?:in|takes|comes|finishes|lands) (?:in )?(?:the )?(?:(?P<top2>first|top)|(?P<second2>second)|(?P<last2>last)) (?:place|position|spot)\b",
    re.IGNORECASE,
)
#: Among whom: of so many, or of those here.
_AMONG = re.compile(
    r"\b(?:of|among|between)\s+(?:the|these|those|all|our)\s+(?P<n>two|three|four|five|six)\b|\b(?:in|of) (?:this|our|the) (?:comparison|list|table|"
    r"test|lot|bunch|field|trio|group|round|quartet)\b|\bof (?:them )?all\b|\bof the lot\b|\bhere\b",
    re.IGNORECASE,
)
_N = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
#: What moves, and so has a bandwidth.
_MOVES = re.compile(r"\b(?:moves?|transfers?|reads?)\s+(?:data\s+)?$", re.IGNORECASE)
_WITH = re.compile(r"\b(?:with|followed by|ahead of)\s+(?:the\s+|an?\s+|nvidia(?:[\u2019']s)?\s+|amd(?:[\u2019']s)?\s+)*$", re.IGNORECASE)
_MOST, _FEW = 5, 4


def superlatives(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that another of the devices compared excludes."""
    text, sentence = scope.passage.text, scope.sentence
    if not is_asserted(sentence.text) or CHIP.search(sentence.text) or OF_SLICES.search(text):
        return
    for match in _SAID.finditer(text, sentence.start, sentence.end):
        start, end = match.span()
        bandwidth = _MOVES.search(text, sentence.start, start)
        what = ("bandwidth", start) if bandwidth else measure(scope, start, end, context)
        one = _subject(scope, start, context)
        among = _among(scope, context)
        if what is None or one is None or among is None:
            continue
        if not match["top2"] and not match["second2"] and not match["last2"] and not (
            GOES_ON.match(text, end) or is_attribute(text, end)
        ):
            # "The fastest GeForce".
            continue
        key, at = what
        if at < _begins(scope, start) and not _FRONTED.search(text, sentence.start, at):
            continue
        begin, last = clause_of(text, (min(start, at), end), scope)
        around = f"{text[begin:start]} {text[end:last]}"
        if ELSE.search(around) or NOT.search(around) or (key in KEYED and KEYED[key].search(around)):
            continue
        if not is_indicative(IF_YOU.sub(" ", text[begin:last])):
            continue
        place = 1 if match["second"] or match["second2"] else 0
        low = bool(match["last"] or match["last2"])
        yield from _judged(scope, (start, end), (key, place, low), (one, among), context)


def _judged(
    scope: Scope, where: tuple[int, int], what: tuple[str, int, bool],
    who: tuple[Mention, dict[frozenset[str], tuple[str, ...]]], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The accusation of a place in an order that so many others, or so few, exclude."""
    (key, place, low), (one, among) = what, who
    mine = values_of(key, one.ids, context)
    own = model(one.named[0], context.catalogue)
    others = {ids: values_of(key, ids, context) for name, ids in among.items() if name != own}
    if not mine or not others or not all(others.values()):
        return
    sign = -1.0 if low else 1.0
    ahead = sum(min(sign * value for value in values) > max(sign * value for value in mine) * (1 + sign * 0.001) for values in others.values())
    behind = sum(max(sign * value for value in values) < min(sign * value for value in mine) for values in others.values())
    wrong = ahead > place or (place and behind > len(others) - place)
    if wrong:
        yield finding(scope, where, key, Sides([one.ids], [*others], told=True), context, "ordering")


def _subject(scope: Scope, at: int, context: Context) -> Mention | None:
    """Who is said to be first: the one name right before it in its clause, else whom the clause is about."""
    text, cut = scope.passage.text, _begins(scope, at)
    here = [each for each in scope.here if cut <= each.start and each.end <= at and each.ids]
    if len({each.named for each in here}) == 1:
        return here[0]
    if here:
        return None
    return owner(scope.number, scope.passage, at, context)


def _begins(scope: Scope, at: int) -> int:
    """Where the clause of a superlative begins."""
    start = scope.sentence.start
    return max((match.end() for match in _CUT.finditer(scope.passage.text, start, at)), default=start)


#: Before what all that follows is compared in.
_FRONTED = re.compile(r"\b(?:in|by|for|on|of|to|as for)\s+(?:(?:the|raw|plain|terms of|its|memory|video|peak|single|double|total)\s+)*$", re.IGNORECASE)
_CUT = re.compile(r"[;:]\s|,\s+(?:and|but|while|whereas|with|so|though|although)\s|,\s(?=the )")


def _among(scope: Scope, context: Context) -> dict[frozenset[str], tuple[str, ...]] | None:
    """The devices compared: as many as the sentence says, of the passage or of the text."""
    said = _AMONG.search(scope.sentence.text)
    every = every_model(context)
    if said is None:
        return every if 1 < len(every) <= _FEW - 1 else None
    number = _N.get((said["n"] or "").lower(), 0)
    if number:
        return every if len(every) == number else None
    return every if 1 < len(every) <= _MOST else None
