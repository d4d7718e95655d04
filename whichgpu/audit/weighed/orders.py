"""Orders of two that no pair has which a clause can weigh: who has more, who is ahead, who trails."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.said import claims
from whichgpu.audit.values.attributes import named
from whichgpu.audit.weighed.measure import values_of
from whichgpu.audit.weighed.plain import finding, is_stated, weighable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.weighed.sides import Sides

_IS = (
    r"(?:is|are|was|were|comes?(?: out)?|came(?: out)?|stays?|lies|pulls?|remains?|finish(?:es)?|puts? it|"
    r"falls?|lags?|sits?|"
    r"ends? up|moves?|goes)\s+(?:\w+ly\s|even\s|still\s|also\s|far\s|well\s|just\s|now\s|again\s|a\s(?:bit|"
    r"little|hair|tad|touch)\s|"
    r"slightly\s|a\sgood\sdeal\s){0,3}"
)
_MORE = r"more|higher|greater|larger|bigger|wider|faster|quicker|stronger|hungrier|thirstier"
_LESS = r"less|fewer|lower|smaller|narrower|slower|weaker|thriftier|more frugal"
_SAID = re.compile(
    rf"\b(?:(?P<less>{_LESS})|(?P<more>{_MORE})|{_IS}(?:(?P<ahead>ahead|in front|on top|in the lead)|"
    r"(?P<behind>behind))\b(?! (?:an?|\d))|(?P<leads>leads|takes the lead|has the (?:edge|lead|advantage|"
    r"upper hand))|"
    r"(?P<trails>trails|lags))\b",
    re.IGNORECASE,
)
#: What orders nothing: "more than 100 W", "no more", "more and more", "the more", "larger models".
_NO_ORDER = re.compile(
    r"\s+(?:of (?:its|the|their)\b|than\s+(?:[~$\u20ac\d]|an?\s|one\b|half|twice|two|three|enough|what you|"
    r"you|most|any|all|ever|before|just|it[\u2019'\s]|\w+ times\b)|or less|and more|"
    r"recent|important|expensive|efficient|power|suitable|common|complex|interesting|modern|powerful|"
    r"attractive|"
    r"(?:than\s(?:the|its|their)\s(?:\w+\s)?(?:bandwidth|memory|gap|number|cores?|figures?|specs?|data|"
    r"difference|ratio|peaks?))|"
    r"likely|difficult|flexible|models?|batch\w*|versions?|dies?|(?:chips|cards|gpus)\b|sizes?|clusters?|"
    r"teams?)\b|\s*$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:\b(?:with(?:\s\w+)?|more and|no|not|any|once|nothing|even|ever|far from|or|need|want|times|half|"
    r"[\d%]|percent|thirds?|quarter|what|how|if|when|needs?|wants?)"
    r"|[%\u00d7])\s*$",
    re.IGNORECASE,
)


_DIGIT = re.compile(r"\d\s?$")
_AND_MORE = re.compile(r"\band $")
#: "The more of them, the faster".
_THE = re.compile(rf"\bthe (?:{_MORE}|{_LESS})\b", re.IGNORECASE)
#: What may stand behind a comparative besides what it is of.
GOES_ON = re.compile(
    r"\s*(?:[.,;:)]|$|(?:than|of|in|on|at|with|here|there|too|also|as|when|by|for|amount|total|overall|"
    r"rated|peak(?= (?:band|mem|pow))|"
    r"raw|theoretical|memory|video|graphics|maximum|board(?= power)|tensor|cuda)\b)",
    re.IGNORECASE,
)


def is_attribute(text: str, at: int) -> bool:
    """Whether an attribute is named right behind a place."""
    return any(at <= one.start <= at + 2 for one in named(text))


def orders(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no pair bears out."""
    text, sentence = scope.passage.text, scope.sentence
    first = _SAID.search(text, sentence.start, sentence.end)
    if first is None or not is_stated(scope) or len(_THE.findall(sentence.text)) > 1:
        return
    ratios = [(each.start, each.end) for each in claims(text, sentence, context.fraction)]
    for match in _SAID.finditer(text, sentence.start, sentence.end):
        start, end = match.span()
        counted = any(a - _NEAR <= end and start <= b + _BEHIND for a, b in ratios)
        if counted or not _is_order(match, scope):
            continue
        found = weighable(scope, start, end, context)
        if found and not (match["ahead"] and found[0] == "power"):
            up = bool(match["more"] or match["ahead"] or match["leads"])
            yield from _judged(scope, (start, end), found, context, up=up)


#: Letters between a ratio and an order that tells the same.
_NEAR, _BEHIND = 3, 12


def _is_order(match: re.Match[str], scope: Scope) -> bool:
    """Whether a comparative orders two things, by the words on either side of it."""
    text, (start, end) = scope.passage.text, match.span()
    if _NO_ORDER.match(text, end) or _BEFORE.search(text, max(scope.sentence.start, start - 16), start):
        return False
    in_name = any(each.end >= start - 1 and each.start < start for each in scope.here)
    if _DIGIT.search(text, max(0, start - 3), start) and not in_name:
        return False
    if _AND_MORE.search(text, max(0, start - 5), start) and text[end : end + 1] in ",.;":
        return False
    compared = not (match["more"] or match["less"])
    return bool(compared or GOES_ON.match(text, end) or is_attribute(text, end))


def _judged(
    scope: Scope, place: tuple[int, int], what: tuple[str, Sides], context: Context, *, up: bool
) -> Iterator[Finding]:
    """The accusation of an order in which no pair stands that may be meant."""
    key, who = what
    if len(who.of) > 1 and len(who.against) > 1:
        return
    pairs = [
        (a, b)
        for one, other in product(who.of, who.against)
        for a, b in product(values_of(key, one, context), values_of(key, other, context))
    ]
    known = all(values_of(key, ids, context) for ids in (*who.of, *who.against))
    if known and pairs and all(a <= b if up else a >= b for a, b in pairs):
        yield finding(scope, place, what, context, "ordering")
