"""Sums of what a paragraph tells: "a case for 140, a drive for 120 .. Altogether that is 1,060 USD".

The parts are the amounts of the sentence and those before it, each as often as it is told. A sum is wrong
where neither they nor any stretch of them give it, and it is off by one digit from what one stretch gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.text.relations import is_of_several
from whichgpu.audit.text.sentences import sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

_SUM = re.compile(
    r"\b(?:together|altogether|in total|in all|all told|all in|total(?:s(?! (?:fall|drop|come|are|rise|"
    r"were)\b)|ling)?|totalled|adds? (?:it |"
    r"them |that )?up|"
    r"added up|sums?|combined|whole|and you (?:pay|get|end up)|amounts? to|"
    r"(?:the|this|that|my|our|a) (?:pair|lot|bundle|set|complete|entire|full|finished|duo|trio)"
    r"(?= (?:[\w-]+ ){0,4}?(?:sets?|costs?|comes?|came|is|was|makes?|made|runs?|ran|"
    r"took|takes)\b))\b[^<>;?]{0,60}<(?P<r>[mwe]\d+)>(?!\s(?:each|apiece|per|an?)\b)|"
    r"<(?P<s>[mwe]\d+)>[\s,]*(?:together|altogether|in total|in all|all told|all in|combined)\b",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"<(?P<n>[cx]\d+)>(?:\s?[x\u00d7]\s?|(?:\s[^\s<>.,;]+){0,6}?\s(?:at|for|of|"
    r"times)\s(?:[^\s<>.,;]+\s){0,3}?)$",
    re.IGNORECASE,
)
_NO_PART = re.compile(
    r"\b(?:instead of|rather than|used to|save[sd]?|discount|per|an hour|a month|a year|budget|"
    r"worth)\s+(?:about |around |\w+ )?$|\bwas\s+(?:about |around |\w+ )?$(?=[\s\S]*\bnow\b)",
    re.I,
)
_OFF = 0.006
_BACK, _LEAST = 5, 2


class Part(NamedTuple):
    """An amount before a sum, as often as it is told."""

    value: float
    times: float
    words: str


def added(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The sums of a passage that what stands before them does not give."""
    here = context.mentions.get(index, ())
    every = [marked(passage, each, here, context) for each in sentences(passage.text)]
    for at, read in enumerate(every):
        match = _SUM.search(read.text)
        if match is None or "?" in read.text:
            continue
        mark = match["r"] or match["s"]
        yield from _sum(every[max(0, at - _BACK) : at], read, mark, context)


def _sum(before: Sequence[Marked], read: Marked, mark: str, context: Context) -> Iterator[Finding]:
    result = read.figures[mark]
    own = list(_parts(read, result, read.text.index(f"<{mark}>")))
    behind = list(_parts(read, result, len(read.text), after=read.text.index(f"<{mark}>")))
    stretches: list[list[Part]] = [own] if len(own) >= _LEAST else []
    told = list(own)
    for each in reversed(before):
        told = [*_parts(each, result, len(each.text)), *told]
        stretches.append(told)
    wholes = [*stretches, *([each + behind for each in stretches] if behind else [])]
    if any(_gives(parts, result) for parts in wholes):
        return
    for parts in stretches:
        pair = [each.value for each in parts]
        if len(parts) < _LEAST or (len(pair) == len("ab") and is_of_several(*pair)):
            continue
        total = sum(each.value * each.times for each in parts)
        if _is_slip(total, result, read) or (parts is own and len(own) > _LEAST):
            shown = total / result.value * read.digits(result)
            because = " and ".join(each.words for each in parts) + f" come to {shown:,.6g}"
            yield read.judged(result, "sum", because, expected=f"{shown:,.6g}")
        return


def _parts(read: Marked, result: Quantity, end: int, after: int = -1) -> Iterator[Part]:
    yearly = read.of_period(result)
    for key, each in read.figures.items():
        at = read.text.find(f"<{key}>")
        if each.dimension != result.dimension or not after < at < end or each.start == result.start:
            continue
        if _NO_PART.search(read.text, 0, at) or (read.of_period(each) and not yearly) or not each.value:
            continue
        times = _TIMES.search(read.text, 0, at)
        yield Part(each.value, read.figures[times["n"]].value if times else 1.0, read.words(each))


def _gives(parts: Sequence[Part], result: Quantity) -> bool:
    """Whether any stretch of the parts comes to the result, each once or as often as told."""
    for first in range(len(parts)):
        for last in range(first + 1, len(parts) + 1):
            some = parts[first:last]
            for total in (sum(each.value * each.times for each in some), sum(each.value for each in some)):
                if total and abs(result.value / total - 1) <= _OFF * (3 if result.limit else 1):
                    return True
    return False


def _is_slip(total: float, result: Quantity, read: Marked) -> bool:
    """Whether a sum is off by one digit: a difference of one figure, of numbers that have more."""
    if not total or not 0.5 < result.value / total < 2:
        return False
    digits = read.digits(result)
    off = abs(total / result.value * digits - digits)
    plain = f"{off:.2f}".rstrip("0").rstrip(".").replace(".", "").strip("0")
    many = f"{total / result.value * digits:.2f}".rstrip("0").rstrip(".").replace(".", "").strip("0")
    return len(plain) == 1 and len(many) >= 3
