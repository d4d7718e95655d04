"""What the frames of results share: kinds of amounts, what leads to a result, and the verdict on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import powers
from whichgpu.audit.closure.readings import is_admissible, is_near
from whichgpu.audit.closure.wording import UNTOLD
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whichgpu.audit.reckoned.told import Place, Told

    Found = tuple[str, str] | None

MONEY, TIME, ENERGY, POWER = powers(money=1), powers(second=1), powers(joule=1), powers(joule=1, second=-1)
BYTES = powers(byte=1)
RENT = powers(money=1, second=-1)
#: Beyond this factor a result is of something else.
_FAR = 40.0
#: What leads to a result: a verb or a sign, and nothing but fillers behind it.
_LEADS = re.compile(
    r"(?:[=:\u2248(]|[\u2019']s\b|\b(?:is|are|was|were|be|been|costs?|comes?|came|coming|makes?|making|"
    r"means?|totals?|amounts?|pays?|paid|bill(?:ed)?|"
    r"invoices?d?|charged?|draws?|takes?|took|uses?|used|consumes?|needs?|adds?|reach(?:es)?|gives?|"
    r"yields?|equals?|burns?|or|thus|so|"
    r"i\.e\.|hence|therefore|about|corresponds?|works? out|have|has|sums?|budget|leaves?|leaving|remain\w*|"
    r"left|difference|saving|saves?|gap))\b"
    r"(?:\s+(?:then|about|around|roughly|some|nearly|almost|just|only|approximately|over|under|an?|the|you|"
    r"us|me|we|it|at|to|of|for|"
    r"with|as|up|out|total|whole|mere|bill|cost|already|be|been|close|well|exactly|or|so|even|no|more|less|"
    r"than|little|thus|therefore|"
    r"hence|together|altogether|all|in|that|is|still|around|back|on|would|have|by|billed|roughly|also|they|"
    r"i|hardly|less))*\s*[~\u2248(]?\s*$",
    re.IGNORECASE,
)
#: What adds to a result or takes from it and is not told in figures, or makes it somebody else's.
ELSE = re.compile(
    r"\b(?:than|instead|versus|against|compared|deposit|reserved?|spot|commit\w*|if|unless|would|storage|"
    r"egress|plus|elsewhere|another)\b",
    re.IGNORECASE,
)
_COUNTS = frozenset({"gpu", "node", "rack", "thing"})
_LARGEST = 1e4
#: How far in points a share may be off.
POINTS = 0.025


def numbers(told: Iterable[Told]) -> list[float]:
    """Numbers of things that are told, and one."""
    counted = [one.amount for one in told if one.amount.bare and one.amount.kind in ("count", "number")]
    found = [one.low for one in counted if 1 <= one.low <= _LARGEST and one.noun in ("", *_COUNTS)]
    return [1.0, *dict.fromkeys(found)]


def is_result(result: Told, place: Place) -> bool:
    """Whether words lead to an amount as a result, and nothing untold changes it."""
    one, start = result.amount, place.sentence.start
    if one.limit == "range" or one.kind not in ("amount", "count", "number"):
        return False
    last = max((each.amount.end for each in place.here if each.amount.end <= one.start), default=start)
    between = place.words(max(last, one.start - 70), one.start)
    return bool(_LEADS.search(between)) and not UNTOLD.search(place.sentence.text)


#: A limit before a number in words.
_LIMITED = re.compile(
    r"\b(?:less than|more than|under|over|at least|at most|up to|below|above)\s+$", re.IGNORECASE
)


def judged(
    result: Told,
    values: Sequence[tuple[float, str]],
    place: Place,
    wide: float = 0.012,
    *,
    bound: bool = False,
) -> Found:
    """The accusation of a result that is none of some values.

    Where it is open whose they are (not `bound`), nothing that stands around makes it, either.
    """
    one = result.amount
    if not one.limit and _LIMITED.search(place.words(max(0, one.start - 14), one.start)):
        return None
    if not values or any(is_near(one, value, value, wide=wide) for value, _ in values):
        return None
    value, words = min(values, key=lambda each: abs(each[0] / one.middle - 1))
    if not 1 / _FAR < value / one.middle < _FAR:
        return None
    others = [
        each.amount for each in (*place.before, *place.here) if each.amount is not one and not each.back
    ]
    if not bound and is_admissible(one, others):
        return None
    right = one.digits * value / one.middle
    return f"{words} make {right:,.4g}", f"{right:,.4g}"


def sentence_before(place: Place) -> int:
    """Where the sentence before begins."""
    return max(
        (each.start for each in sentences(place.passage.text) if each.start < place.sentence.start),
        default=place.sentence.start,
    )
