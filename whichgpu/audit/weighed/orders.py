"""Orders of two that no pair has which a clause can weigh: who has more, who is ahead, who trails."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.comparisons.multiple import OF_SLICES
from whichgpu.audit.known.said import claims
from whichgpu.audit.values.attributes import CHIP, named
from whichgpu.audit.weighed.measure import measure, values_of
from whichgpu.audit.weighed.ratios import ELSE, IF_YOU, KEYED, NOT, SEVERAL, begin_before, clause_of, finding, is_told_of
from whichgpu.audit.weighed.sides import sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding

_IS = (
    r"(?:is|are|was|were|comes?(?: out)?|came(?: out)?|stays?|lies|pulls?|remains?|finish(?:es)?|puts? it|falls?|lags?|sits?|"
    r"ends? up|moves?|goes)\s+(?:\w+ly\s|even\s|still\s|also\s|far\s|well\s|just\s|now\s|again\s|a\s(?:bit|little|hair|tad|touch)\s|"
    r"slightly\s|a\sgood\sdeal\s){0,3}"
)
_MORE = r"more|higher|greater|larger|bigger|wider|faster|quicker|stronger|hungrier|thirstier"
_LESS = r"less|fewer|lower|smaller|narrower|slower|weaker|thriftier|more frugal"
_SAID = re.compile(
    rf"\b(?:(?P<less>{_LESS})|(?P<more>{_MORE})|{_IS}(?:(?P<ahead>ahead|in front|on top|in the lead)|"
    r"(?P<behind>behind))\b(?! (?:an?|\d))|(?P<leads>leads|takes the lead|has the (?:edge|lead|advantage|upper hand))|"
    r"(?P<trails>trails|lags))\b",
    re.IGNORECASE,
)
#: What orders nothing: "more than 100 W", "no more", "more and more", "the more", "larger models".
_NO_ORDER = re.compile(
    r"\s+(?:of (?:its|the|their)\b|than\s+(?:[~$\u20ac\d]|an?\s|one\b|half|twice|two|three|enough|what you|you|most|any|all|ever|before|just|it[\u2019'\s])|or less|and more|"
    r"recent|important|expensive|efficient|power|suitable|common|complex|interesting|modern|powerful|attractive|"
    r"(?:than\s(?:the|its|their)\s(?:\w+\s)?(?:bandwidth|memory|gap|number|cores?|figures?|specs?|data|difference|ratio|peaks?))|"
    r"likely|difficult|flexible|models?|batch\w*|versions?|dies?|(?:chips|cards|gpus)\b|sizes?|clusters?|teams?)\b|\s*$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:\b(?:with(?:\s\w+)?|more and|no|not|any|once|nothing|even|ever|far from|or|need|want|times|half|[\d%]|percent|thirds?|quarter|what|how|if|when|needs?|wants?)"
    r"|[%\u00d7])\s*$",
    re.IGNORECASE,
)


_DIGIT = re.compile(r"\d\s?$")
_AND_MORE = re.compile(r"\band $")
#: "The more of them, the faster".
_THE = re.compile(rf"\bthe (?:{_MORE}|{_LESS})\b", re.IGNORECASE)
#: What may stand behind a comparative besides what it is of.
GOES_ON = re.compile(
    r"\s*(?:[.,;:)]|$|(?:than|of|in|on|at|with|here|there|too|also|as|when|by|for|amount|total|overall|rated|peak(?= (?:band|mem|pow))|"
    r"raw|theoretical|memory|video|graphics|maximum|board|tensor|cuda)\b)",
    re.IGNORECASE,
)


def is_attribute(text: str, at: int) -> bool:
    """Whether an attribute is named right behind a place."""
    return any(at <= one.start <= at + 2 for one in named(text))


def orders(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no pair bears out."""
    text, sentence = scope.passage.text, scope.sentence
    first = _SAID.search(text, sentence.start, sentence.end)
    if first is None or not is_asserted(sentence.text) or CHIP.search(sentence.text) or OF_SLICES.search(text):
        return
    if len(_THE.findall(sentence.text)) > 1:
        return
    ratios = [(each.start, each.end) for each in claims(text, sentence, context.fraction)]
    for match in _SAID.finditer(text, sentence.start, sentence.end):
        start, end = match.span()
        if any(a - 3 <= end and start <= b + 12 for a, b in ratios) or _NO_ORDER.match(text, end):
            continue
        if _BEFORE.search(text, max(sentence.start, start - 16), start):
            continue
        named_before = any(each.end >= start - 1 and each.start < start for each in scope.here)
        if _DIGIT.search(text, max(0, start - 3), start) and not named_before:
            continue
        if _AND_MORE.search(text, max(0, start - 5), start) and text[end : end + 1] in ",.;":
            continue
        if (match["more"] or match["less"]) and not GOES_ON.match(text, end) and not is_attribute(text, end):
            continue
        what = measure(scope, start, end, context)
        if what is None:
            continue
        key, at = what
        begin, last = clause_of(text, (min(start, at), end), scope)
        around = f"{text[begin:start]} {text[end:last]}"
        if ELSE.search(around) or SEVERAL.search(text, begin_before(scope), sentence.end) or NOT.search(around) or not is_indicative(IF_YOU.sub(" ", text[begin:last])):
            continue
        if key in KEYED and KEYED[key].search(around):
            continue
        who = sides(scope, start, end, context)
        if who is None or (len(who.of) > 1 and len(who.against) > 1) or not is_told_of(key, who, scope, end, context):
            continue
        up = bool(match["more"] or match["ahead"] or match["leads"])
        if match["ahead"] and key == "power":
            continue
        pairs = [
            (a, b)
            for one, other in product(who.of, who.against)
            for a, b in product(values_of(key, one, context), values_of(key, other, context))
        ]
        known = all(values_of(key, ids, context) for ids in (*who.of, *who.against))
        if known and pairs and all(a <= b if up else a >= b for a, b in pairs):
            yield finding(scope, (start, end), key, who, context, "ordering")
