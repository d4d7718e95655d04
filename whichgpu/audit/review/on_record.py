"""Accusations of what a text tells as no longer so, as a mark on the way, or as what somebody else wrote.

An entry of a changelog names the value that it corrects, a barrier is where something passed it, a line of a
forum that begins with ">" is another's, and a part that gave way is what is left less than whole. Whichever
kind of claim found them, they are no statements of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.review.elsewhere import withheld_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whichgpu.audit.clauses.agreement import At
    from whichgpu.audit.findings import Context, Finding

#: Kinds of claims of what one device is or has.
_OF_ONE = frozenset({"specification", "identity", "memory"})
#: Between the value that was told and the one that is right, in this order.
_BECOMES = re.compile(
    r"->|\u2192|=>|\bnow\b|[,;]\s(?:it\s)?(?:is|are|has)\b|\b(?:replaced|corrected|changed|fixed|updated|amended)\b|"
    r"(?<=[.)]\s)It[\u2019']s\b|\bbecause of an?\s(?:\w+\s)?(?:typo|point|comma|bug|error|mistake|slip)\b|"
    r"\binstead\b|\b(?:by|in) (?:mistake|error)\b|\b(?:should be|should have been|should read)\b|"
    r"\b(?:became|turned into|went to)\b",
    re.IGNORECASE,
)
#: Before the value that was told where it stands behind, or where no other is told.
_NO_LONGER = re.compile(
    r"\b(?:no longer|not any ?more|formerly|previously|used to be|instead of|rather than|in place of|"
    r"mistaken for|confused with|mixed up with|before (?:it|that) (?:was|said|read))\b[^.;,]{0,40}$",
    re.IGNORECASE,
)
#: How an entry tells what stood there: "power was 700 W", "listed as", "we had 768 GB/s".
_WAS = re.compile(
    r"\b(?:was|were|had|said|read|listed|stated|given|gave|showed|claimed|used|wrong(?:ly)?|error|mistake)\b|"
    r"\b(?:fix(?:ed|es)?|correct(?:ed|s|ion)|change[ds]?|typo|errat(?:a|um))\b",
    re.IGNORECASE,
)
#: What something passes or comes up to.
_A_MARK = re.compile(
    r"\b(?:barriers?|marks?|thresholds?|hurdles?|boundary|milestones?|lines?|ceilings?)\s+of\s+"
    r"(?:about |some |over )?$",
    re.IGNORECASE,
)
_MARK_BEHIND = re.compile(r"[- ](?:barrier|mark|threshold|hurdle|milestone|line|class)\b", re.IGNORECASE)
#: What is done to the part that is not there.
_GONE = re.compile(
    r"[^.;]{0,80}?\b(?:g[ai]ve[ns]? way|disabled|switched off|turned off|fused off|deactivated|removed|"
    r"cut (?:off|away)|missing|lost|sacrificed|dropped|disappeared|idle|unused|defective|replaced|"
    r"made room|inactive)\b",
    re.IGNORECASE,
)
_QUOTED_LINE = re.compile(r"\s*>")
_DENIED_NEXT = re.compile(
    r"\W*(?:wherever|whoever|no\b|nope|nah|wrong|false|not (?:so|true|quite|really|at all)|nonsense|"
    r"(?:that|this|it|he|she|they)(?:[\u2019']s| is| was| are)?\s(?:not|wrong|false|incorrect|nonsense|"
    r"(?:does|do|has|have|is|are|can|did)(?:n[\u2019']t| not))|actually)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: Characters behind a value within which the right one stands.
_NEAR = 80
#: Between an amount and what several of it make: "250 W -> 500 W".
_MAKES = re.compile(r"(?P<one>\d[\d,]*(?:\.\d+)?)\s?\S{1,6}\s*(?:->|\u2192|=>)\s*$")
_MOST = 16
#: A name of several parts as data sets and commands write it.
_IDENTIFIER = re.compile(r"[\w.]+(?:[-_][\w.]+){3,}")


def without_record(found: Iterable[Finding], context: Context) -> list[Finding]:
    """The findings as they are, or unverifiable where a text tells what was, or what others say."""
    return withheld_for(_TESTS, found, context)


def _is_replaced(found: Finding, where: At, context: Context) -> bool:
    """Whether a sentence tells a value as the one that the right one, which it tells too, replaces."""
    text, end = where.passage.text, where.at + len(found.quote)
    if found.kind not in _OF_ONE or not found.expected:
        return found.kind in _OF_ONE and _NO_LONGER.search(text, where.sentence.start, where.at) is not None
    right = _NUMBER.match(found.expected)
    words = right[0] if right else found.expected.split(" (")[0].split(";")[0]
    if _NO_LONGER.search(text, where.sentence.start, where.at):
        return True
    # A semicolon ends a sentence: "was 320 GB/s, which is the T4's; now 300 GB/s".
    behind = _word(words, text, end, max(where.sentence.end, end + _NEAR))
    if behind < 0:
        return False
    return _BECOMES.search(text, end, behind) is not None and (
        _WAS.search(text, 0, behind) is not None or _ARROW.search(text, end, behind) is not None
    )


_ARROW = re.compile(r"->|\u2192|=>")


def _word(words: str, text: str, start: int, end: int) -> int:
    """Where a word stands in a stretch of a text; -1 where it doesn't."""
    at = text.find(words, start, end)
    while at >= 0:
        before, behind = text[at - 1 : at], text[at + len(words) : at + len(words) + 1]
        if not before.isalnum() and before not in (".", ",") and not behind.isdigit():
            return at
        at = text.find(words, at + 1, end)
    return -1


def _makes_several(found: Finding, where: At, _: Context) -> bool:
    """Whether an arrow leads to a value from one that it is some times: both together, and no device's."""
    one = _MAKES.search(where.passage.text, where.sentence.start, where.at)
    told = _NUMBER.match(found.quote)
    if found.kind != "specification" or one is None or told is None:
        return False
    times = float(told[0].replace(",", "")) / max(float(one["one"].replace(",", "")), 1.0)
    return times == round(times) and 1 < times <= _MOST


def _is_mark(found: Finding, where: At, _: Context) -> bool:
    """Whether a value is a mark that something passes: "the first to break the barrier of 10 TFLOPS"."""
    text, end = where.passage.text, where.at + len(found.quote)
    return found.kind == "specification" and bool(
        _A_MARK.search(text, where.sentence.start, where.at) or _MARK_BEHIND.match(text, end)
    )


def _is_gone(found: Finding, where: At, _: Context) -> bool:
    """Whether a share is of what is not there: "a quarter of the units gave way to processor cores"."""
    text, end = where.passage.text, where.at + len(found.quote)
    return found.kind == "ratio" and _GONE.match(text, end) is not None


def _is_quoted(found: Finding, where: At, context: Context) -> bool:
    """Whether it stands in a line that another wrote: one told before, or denied behind it."""
    original = context.document.original
    start = original.rfind("\n", 0, found.start) + 1
    if not _QUOTED_LINE.match(original, start):
        return False
    end = original.find("\n", found.start)
    line = original[start : end if end >= 0 else len(original)].lstrip("> \t").strip()
    rest = original[end if end >= 0 else len(original) :].lstrip("\n ")
    return line in original[:start] or (bool(rest) and _DENIED_NEXT.match(rest) is not None)


def _is_name(found: Finding, _: At, context: Context) -> bool:
    """Whether a value is part of an identifier: "Removed `a100-sxm-80gb-500w`"."""
    original = context.document.original
    start = max(original.rfind(mark, 0, found.start) for mark in ("\n", " ", "`", "(", '"')) + 1
    token = _IDENTIFIER.match(original, start)
    return found.kind == "specification" and token is not None and token.end() >= found.end


def _is_of_next(found: Finding, where: At, context: Context) -> bool:
    """Whether another entry of a chronicle begins between a device and what is said: "2019: Volta. 2021:"."""
    if found.kind != "identity":
        return False
    text = where.passage.text
    named = [each for each in context.mentions.get(where.number, ()) if each.end <= where.at]
    since = named[-1].end if named else 0
    return _ENTRY.search(text, since, where.at) is not None


_ENTRY = re.compile(r"\b(?:19|20)\d\d\b\s*(?::|\u2013|\u2014|-)\s")

_TESTS: dict[str, Callable[[Finding, At, Context], bool]] = {
    "the text tells it as what stood there, and is replaced": _is_replaced,
    "it is what several make, to which an arrow leads": _makes_several,
    "it is a mark that something passes": _is_mark,
    "it is the part that is not there": _is_gone,
    "it is a line that another wrote": _is_quoted,
    "it is part of a name": _is_name,
    "another entry begins before it": _is_of_next,
}
