"""Who of those that a text compares has the most or the least of something, and who comes second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.parts import owner
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.weighed.measure import HUNGRY, measure, values_of
from whichgpu.audit.weighed.orders import GOES_ON, is_attribute
from whichgpu.audit.weighed.plain import finding, is_plain, is_stated
from whichgpu.audit.weighed.sides import Sides, compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding

_TOP = r"most|highest|largest|greatest|biggest|widest|fastest|quickest|strongest"
_LAST = r"least|fewest|lowest|smallest|narrowest|slowest|weakest"
_SAID = re.compile(
    rf"\b(?:the|by far the|with the|has the|its)\s+(?:(?P<second>second)[- ])?(?:(?P<top>{_TOP})|"
    rf"(?P<last>{_LAST}))\b|"
    r"\b(?:in|takes|comes|finishes|lands) (?:in )?(?:the )?(?:(?P<top2>first|top)|(?P<second2>second)|"
    r"(?P<last2>last)) (?:place|position|spot)\b",
    re.IGNORECASE,
)
#: Among whom: of so many, or of those here.
_AMONG = re.compile(
    r"\b(?:of|among|between)\s+(?:the|these|those|all|our)\s+(?P<n>two|three|four|five|six)\b|\b(?:in|on|"
    r"of) (?:this|our|the) (?:comparison|list|table|"
    r"test|lot|bunch|field|trio|group|round|quartet)\b|\bof (?:them )?all\b|\bof the lot\b|\bhere\b",
    re.IGNORECASE,
)
_N = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
#: What moves, and so has a bandwidth.
_MOVES = re.compile(r"\b(?:moves?|transfers?|reads?)\s+(?:data\s+)?$", re.IGNORECASE)
_MOST, _FEW = 5, 4
#: What is as good as level.
_LEVEL = 0.001


def superlatives(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that another of the devices compared excludes."""
    text, sentence = scope.passage.text, scope.sentence
    if not is_stated(scope):
        return
    for match in _SAID.finditer(text, sentence.start, sentence.end):
        start, end = match.span()
        bandwidth = _MOVES.search(text, sentence.start, start)
        what = ("bandwidth", start) if bandwidth else measure(scope, start, end, context)
        one, among = _subject(scope, start, context), _among(scope, context)
        if what is None or one is None or among is None or not _is_place(match, scope):
            continue
        key, at = what
        fronted = at >= _begins(scope, start) or _FRONTED.search(text, sentence.start, at)
        if fronted and is_plain(scope, (start, end), what):
            place = 1 if match["second"] or match["second2"] else 0
            low = bool(match["last"] or match["last2"])
            yield from _judged(scope, (start, end), (key, place, low), (one, among), context)


def _is_place(match: re.Match[str], scope: Scope) -> bool:
    """Whether a superlative is one of what is compared, and no "fastest GeForce"."""
    text, end = scope.passage.text, match.end()
    told = match["top2"] or match["second2"] or match["last2"]
    return bool(told or GOES_ON.match(text, end) or is_attribute(text, end) or HUNGRY.match(text, end))


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
    best, worst = (limit(sign * value for value in mine) for limit in (max, min))
    ahead = sum(min(sign * value for value in each) > best + abs(best) * _LEVEL for each in others.values())
    behind = sum(max(sign * value for value in each) < worst for each in others.values())
    wrong = ahead > place or (place and behind > len(others) - place)
    if wrong:
        yield finding(scope, where, (key, Sides([one.ids], [*others], told=True)), context, "ordering")


def _subject(scope: Scope, at: int, context: Context) -> Mention | None:
    """Who is said to be first: the one name right before it in its clause, else whom the clause is about."""
    cut = _begins(scope, at)
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
_FRONTED = re.compile(
    r"\b(?:in|by|for|on|of|to|as for)\s+(?:(?:the|raw|plain|terms of|its|memory|video|peak|single|double|"
    r"total)\s+)*$",
    re.IGNORECASE,
)
_CUT = re.compile(r"[;:]\s|,\s+(?:and|but|while|whereas|with|so|though|although)\s|,\s(?=the )")


def _among(scope: Scope, context: Context) -> dict[frozenset[str], tuple[str, ...]] | None:
    """The devices compared: as many as the sentence says, of the passage or of the text."""
    said = _AMONG.search(scope.sentence.text)
    every = compared(scope, context)
    if said is None:
        return every if 1 < len(every) <= _FEW - 1 else None
    number = _N.get((said["n"] or "").lower(), 0)
    if number:
        return every if len(every) == number else None
    return every if 1 < len(every) <= _MOST else None
