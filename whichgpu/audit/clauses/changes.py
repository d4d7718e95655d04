"""A change that a sentence tells with both of its ends: "from $699 to $1,999 it has risen by 86 percent"."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: Between the two ends, and from the second one to how much that is.
_FROM, _TO = (
    re.compile(r"\b(?:from|From)\s+(?:about |around |some )?[$\u20ac]?$"),
    re.compile(r"\s*(?:[A-Za-z/]+\s)?to\s+(?:about |around |some )?[$\u20ac]?"),
)
_BY = re.compile(
    r"[^.;:()\d]{0,48}?(?:\b(?:by|is|an?|or|of|gain|rise|increase|that[\u2019']s)\s+(?:about |around |"
    r"roughly |nearly |almost |some |an? )*|\s\(\s?(?:[+\u2212-]\s?|up |down )?)$",
    re.IGNORECASE,
)
#: Words of a fall, which is a share of where it began, of a rise, and of speed, which is one of time.
_FALLS = re.compile(
    r"\b(?:fell|falls?|falling|dropp?\w*|reduc\w+|decreas\w+|lower\w*|less|cuts?|cheaper|sav\w+|"
    r"shr[aiu]nk\w*|down|"
    r"declin\w+)\b",
    re.IGNORECASE,
)
_RISES = re.compile(
    r"\b(?:rise[sn]?|rose|gr[eo]w\w*|increas\w+|gain\w*|jump\w*|more|higher|up|climb\w*|rising)\b|\+",
    re.IGNORECASE,
)
_FASTER = re.compile(r"\s*(?:faster|quicker|speed-?up|of)\b", re.IGNORECASE)
_DOUBLED = re.compile(
    r"[^.;:()\d]{0,24}?\b(?P<more>more than |over )?(?P<what>doubl|tripl|quadrupl)(?:es|ed|ing|e)\b",
    re.IGNORECASE,
)
_TIMES = {"doubl": 2.0, "tripl": 3.0, "quadrupl": 4.0}
#: How far a percentage may be off, in points and as a share, and a multiple as a share.
_POINTS, _SHARE, _OFF = 0.02, 0.12, 0.12
_OF_ELSE = re.compile(
    r"\b(?:per|each|respectively|while|whereas|years?|annual\w*|if|between|and)\b", re.IGNORECASE
)


def changes(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """How much the two ends of a sentence are apart, where the sentence says otherwise."""
    if " to " not in sentence.text:
        return
    found = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    for each in found:
        # "From $699 to $1,999" is read as a range.
        if each.high != each.value and _FROM.search(passage.text, sentence.start, each.start):
            ends = (each._replace(high=each.value), each._replace(start=each.end, value=each.high))
            yield from _told(passage, sentence, ends, found, context)
    for first, second in pairwise(found):
        if _are_ends(passage.text, sentence, first, second):
            yield from _told(passage, sentence, (first, second), found, context)


def _are_ends(text: str, sentence: Sentence, first: Quantity, second: Quantity) -> bool:
    alike = first.dimension in (second.dimension, "number")
    return (
        alike
        and _FROM.search(text, sentence.start, first.start) is not None
        and _TO.fullmatch(text, first.end, second.start) is not None
    )


def _told(
    passage: Passage,
    sentence: Sentence,
    ends: tuple[Quantity, Quantity],
    found: Sequence[Quantity],
    context: Context,
) -> Iterator[Finding]:
    text, last = passage.text, ends[1]
    times = _ratio(text, ends)
    if not times or _OF_ELSE.search(text, last.end, min(sentence.end, last.end + 60)):
        return
    doubled = _DOUBLED.match(text, last.end, sentence.end)
    if doubled:
        told, more = _TIMES[doubled["what"].lower()], doubled["more"]
        wrong = times < told * (1 - _OFF / 2) or (not more and times > told * (1 + _OFF))
        place, words = doubled.span("what"), f"{times:.3g} times"
        if wrong:
            yield _wrong(passage, place, ends, words, context)
        return
    behind = [each for each in found if each.start >= last.end][:1]
    if behind and behind[0].dimension == "percent" and _BY.fullmatch(text, last.end, behind[0].start):
        # "96 MB down to 49.5 MB (-48.4 %)": a fall by so much.
        share = abs(behind[0].value) if times < 1 else behind[0].value
        words = text[sentence.start : behind[0].end]
        ways: tuple[float, ...] = (times - 1, 1 - times, 1 - 1 / times, 1 / times - 1, times, 1 / times)
        if not _FASTER.match(text, behind[0].end):
            falls, rises = _FALLS.search(words), _RISES.search(words)
            ways = (1 - times,) if times < 1 and falls else (times - 1,) if times > 1 and rises else ways
        if not any(abs(share - each) <= max(_POINTS, _SHARE * abs(each)) for each in ways if each > 0):
            yield _wrong(passage, (behind[0].start, behind[0].end), ends, f"{abs(times - 1):.0%}", context)


def _ratio(text: str, ends: tuple[Quantity, Quantity]) -> float:
    """The second end over the first, which may leave out its unit."""
    first, last = ends
    if first.dimension == last.dimension:
        return last.value / first.value if first.value else 0.0
    digits = re.search(r"\d[\d,.]*", text[last.start : last.end])
    plain = float(digits[0].replace(",", "").strip(".") or 0) if digits and digits[0].count(".") < 2 else 0.0
    return plain / first.value if first.value else 0.0


def _wrong(
    passage: Passage, place: tuple[int, int], ends: tuple[Quantity, Quantity], expected: str, context: Context
) -> Finding:
    words = passage.text[ends[0].start : ends[1].end]
    because = f"{words} is {expected}"
    return made(context, passage, place, "arithmetic", "inconsistent", attribute="change", expected=expected,
                because=because, evidence=(Evidence(because),))  # fmt: skip
