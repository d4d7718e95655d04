"""The two values that a sentence states beside a ratio: "twice as fast (48.7 vs 29.8 TFLOPS)"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.sentences import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

#: What makes a ratio that of two quotients: "per dollar it gives 1.6 times what the other does".
_PER_ELSE = re.compile(
    r"\b(?:per|for each|for every) (?:dollar|euro|watt|gpu|card|token|kwh|gigabyte)\b", re.I
)
#: Both values in brackets after it.
_VALUES = re.compile(
    r"[^.;()]{0,60}\(\s*[$\u20ac\u00a3]?(?P<a>\d[\d.,]*)[^()\d]{0,12}?\s*"
    r"(?:vs\.?|versus|against|compared to|over)\s*[$\u20ac\u00a3]?(?P<b>\d[\d.,]*)[^()]{0,20}\)"
)
_AND = re.compile(r"\band\b|,", re.IGNORECASE)
#: Characters of an aside.
_ASIDE = 220
#: Between the second value and a ratio that is worked out from both.
_SO = re.compile(
    r"[^.;]{0,40}?(?:\bwhich (?:is|makes|means)(?: it| this| that| the \w+)?|\bthat (?:is|makes)|"
    r"\bi\.e\.,?|\b(?:a|"
    r"an)\s+(?:\w+\s+)?(?:speed-?up|gain|"
    r"improvement|increase|reduction|ratio|factor|advantage|difference) of|\b(?:so|making)\b[^.;]{0,40}|"
    r"[,;(\u2013\u2014-]\s*(?:a|an|or|roughly|about|some|only|just)?|,\s*(?:so\s+)?(?:it|that|this|which|"
    r"the \w+)\s+(?:is|costs?|runs?|makes?)\s+(?:it\s+)?|\s=)\s*"
    r"(?:about|around|roughly|approximately|almost|nearly|over|some|only|just|a|an|~)?\s*(?:a\s+)?",
    re.IGNORECASE,
)
#: What a ratio is of, behind it, by the dimension of the values; nothing where it may be of anything.
_END = r"improvement|gain|[.,;)]|$)"
_OF = {
    "money": re.compile(
        r"\s*(?:as (?:much|expensive)|the (?:price|cost)|more(?: expensive)?|less|cheaper|higher|lower|"
        r"[.,;)]|$)",
        re.IGNORECASE,
    ),
    "time": re.compile(
        rf"\s*(?:faster|speed-?up|quicker|slower|longer|shorter|as (?:fast|long)|{_END}", re.IGNORECASE
    ),
    "rate": re.compile(
        rf"\s*(?:faster|speed-?up|slower|as (?:fast|many)|more|higher|the throughput|{_END}", re.IGNORECASE
    ),
}


def of_quotients(text: str, sentence: Sentence, at: int) -> bool:
    """Whether a ratio at a place is of what two values are per something else."""
    return _PER_ELSE.search(text, sentence.start, at) is not None


def in_brackets(
    text: str, place: tuple[int, int], sentence: Sentence, found: Sequence[Quantity]
) -> tuple[Quantity, Quantity] | None:
    """The two values that a ratio gives after it: "twice as fast (48.7 vs 29.8 TFLOPS)"."""
    match = _VALUES.match(text, place[1], sentence.end)
    if match is None:
        return None
    if _AND.search(text, place[1], match.start("a")):
        # "Double the memory and more bandwidth (2.0 vs 1.6 TB/s)": of what stands right before.
        return None
    both = within(found, match.start("a") - 1, match.end())
    if len(both) != 2 or not both[1].value:
        return None
    same = both[0].dimension in (both[1].dimension, "number")
    scale = (
        both[1].value / _plain(match["b"]) if both[0].dimension == "number" and _plain(match["b"]) else 1.0
    )
    first = both[0]._replace(value=both[0].value * scale, dimension=both[1].dimension)
    return (first, both[1]) if same and both[1].dimension != "percent" else None


def before_it(
    text: str, place: tuple[int, int], sentence: Sentence, found: Sequence[Quantity]
) -> tuple[Quantity, Quantity] | None:
    """The only two prices, times or rates of a sentence, of which a ratio is told after them.

    "46 minutes on the V100 and 20 on the A100, a speed-up of 2.3x".
    """
    for dimension, of in _OF.items():
        both = [each for each in within(found, sentence.start, sentence.end) if each.dimension == dimension]
        if len(both) != 2 or both[1].end > place[0] or not both[0].value * both[1].value > 0:
            continue
        plain = all(each.high == each.value for each in both) and both[0].unit == both[1].unit
        if plain and _SO.fullmatch(text, both[1].end, place[0]) and of.match(text, place[1], sentence.end):
            return both[0], both[1]
    return None


def _plain(digits: str) -> float:
    return float(digits.replace(",", "") or 0)


def in_round(text: str, at: int) -> bool:
    """Whether a place of a text stands in round brackets."""
    first = max(0, at - _ASIDE)
    return text.rfind("(", first, at) > text.rfind(")", first, at)
