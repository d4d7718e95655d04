"""Statements that a text tells only to deny them: myths, misconceptions, what others are quoted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context, Finding

#: What a line begins with that is told to be denied.
_MYTH = re.compile(
    r"[\W\d]*(?:(?:common )?(?:myths?|misconceptions?|fiction|false claims?|rumou?rs?|"
    r"claims?)(?: (?:no\.? ?)?\d{1,2})?)\s*"
    r"(?:[*_]{1,2}\s*)?[:\u2013\u2014-]",
    re.IGNORECASE,
)
#: What makes of the rest of its sentence something that is not so.
_UNTRUE = re.compile(
    r"\b(?:myth|misconception|untrue|not true|no truth|(?:is|are|was|it[\u2019']s) (?:wrong|false|"
    r"incorrect|mistaken)|"
    r"(?:wrongly|falsely|mistakenly|incorrectly|erroneously)|"
    r"(?:often|sometimes|frequently|widely|commonly) (?:claimed|said|stated|repeated|reported|"
    r"believed|assumed)|"
    r"(?:people|some|many|sites|forums|articles|listings|sellers|posts) (?:\w+ )?(?:say|claim|"
    r"think|believe|assume|state|repeat|"
    r"list|write|insist))\b",
    re.IGNORECASE,
)
#: What denies a quotation, near it.
_DENIES = re.compile(
    r"\b(?:myths?|misconceptions?|wrong|false|untrue|incorrect|not (?:true|so|quite|correct|"
    r"the case)|nope|no[,.:;]|"
    r"(?:it|they|that|this) (?:does|is|do|are|has|have|did|was)(?: not|n[\u2019']t)|mistaken|"
    r"debunk\w*|confus\w+|"
    r"nonsense|rubbish|contrary|actually|in fact|in reality)\b",
    re.IGNORECASE,
)
_QUOTES = (('"', '"'), ("\u201c", "\u201d"), ("\u00ab", "\u00bb"), ("\u201e", "\u201c"))
_ENDS = re.compile(r"[.!?][*_\"\u201d]{0,4}(?=\s|$)|\n\s*\n")
_BEFORE, _AFTER, _LONGEST, _WORDS = 160, 120, 240, 3
#: Characters of a line on either side of what is found: no quotation is longer.
_LINE = 4000


def denied(found: Finding, context: Context) -> bool:
    """Whether what is found stands in words that the text tells to deny them, or quotes and denies."""
    text = context.document.original
    nearest = max(0, found.start - _LINE)
    line = max(text.rfind("\n", nearest, found.start) + 1, nearest)
    if _is_myth(text, line, found):
        return True
    first = max(
        [each.end() for each in _ENDS.finditer(text, max(0, found.start - _LONGEST), found.start)],
        default=line,
    )
    told = list(_UNTRUE.finditer(text, max(first, line), found.start))
    if told and not re.compile(r"\b(?:but|however|in fact|actually)\b", re.IGNORECASE).search(
        text, told[-1].end(), found.start
    ):
        return True
    last = min(found.end + _LINE, len(text))
    end = text.find("\n", found.end, last)
    if end > 0 and _POSTED.match(text, line) and _DENIED_BELOW.match(text, end):
        return True
    return any(_is_quoted(text, found, line, end if end > 0 else last, marks) for marks in _QUOTES)


#: A line of an earlier post, and an answer below it that denies it.
_POSTED = re.compile(r"\s*>")
_DENIED_BELOW = re.compile(
    r"\s*(?:\W\s*)?(?:nope|no[,.!:;]|nah|wrong|false|nonsense|not (?:true|so|quite|really|at all)|"
    r"that[\u2019']?s (?:wrong|false|not|a myth|nonsense)|it (?:does|is|has)(?:n[\u2019']t| not))",
    re.IGNORECASE,
)


def _is_myth(text: str, line: int, found: Finding) -> bool:
    """Whether a finding stands in the sentence that a label denies, or before what the line sets against it.

    "**Myth 1: more cores are faster.** The RTX 4090 has .." goes on with what the text itself says.
    """
    label = _MYTH.match(text, line, found.start)
    if label is None:
        return False
    last = min(found.end + _LINE, len(text))
    end = text.find("\n", found.end, last)
    later = _FACT.search(text, found.end, end if end > 0 else last)
    return later is not None or _ENDS_MYTH.search(text, label.end(), found.start) is None


#: What a line sets against a myth, and the end of a myth's sentence.
_FACT = re.compile(
    r"\b(?:fact|reality|truth|correct|correction|answer|verdict|actually|wrong|false|busted|debunked)\b[*_]*[:.!]",
    re.IGNORECASE,
)
_ENDS_MYTH = re.compile(rf"{_ENDS.pattern}|[^\s*][*_]{{2}}(?=\s)")


def _is_quoted(text: str, found: Finding, first: int, last: int, marks: tuple[str, str]) -> bool:
    """Whether a finding stands in a quotation of several words that is denied beside it."""
    opened = text.rfind(marks[0], first, found.start)
    if opened < 0 or (marks[0] == marks[1] and text.count(marks[0], first, found.start) % 2 == 0):
        return False
    closed = text.find(marks[1], found.end, last)
    if closed < 0 or marks[1] in text[opened + 1 : found.start] or text.count(" ", opened, closed) < _WORDS:
        return False
    return bool(
        _DENIES.search(text, closed, closed + _AFTER)
        or _UNTRUE.search(text, max(0, opened - _BEFORE), opened)
        or _DENIES.search(text, max(0, opened - _BEFORE // 2), opened)
    )


#: Behind what several are said to have, another device that has it not: ", which the A100 does not".
SET_OFF = re.compile(
    r",\s+(?:which|something|a \w+|and|unlike|in contrast to)\b[^.;]{2,48}?"
    r"(?:\b(?:does|do|did|has|have|can|could)(?:\s+not|n[\u2019']t)|\b(?:cannot|lacks?|lacked|misses)\b)|"
    r",\s+(?:unlike|in contrast to|as opposed to)\b",
    re.IGNORECASE,
)
