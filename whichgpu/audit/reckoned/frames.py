"""From what a result of each kind follows, and whether anything that is told makes it."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import Amount, powers
from whichgpu.audit.closure.readings import is_admissible, is_near
from whichgpu.audit.closure.wording import UNTOLD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from whichgpu.audit.reckoned.told import Place, Told

    Found = tuple[str, str] | None

MONEY, TIME, ENERGY = powers(money=1), powers(second=1), powers(joule=1)
RENT = powers(money=1, second=-1)
HOUR = 3600.0
#: Beyond this factor a result is of something else.
_FAR = 40.0
#: What leads to a result: a verb or a sign, and nothing but fillers behind it.
_LEADS = re.compile(
    r"(?:[=:\u2248(]|\b(?:is|are|was|were|be|been|costs?|comes?|came|coming|makes?|making|means?|totals?|amounts?|pays?|paid|bill(?:ed)?|"
    r"invoices?d?|charged?|draws?|takes?|took|uses?|used|consumes?|needs?|adds?|reach(?:es)?|gives?|yields?|equals?|burns?|or|thus|so|"
    r"i\.e\.|hence|therefore|about|corresponds?|works? out|have|has|sums?|budget|leaves?|leaving|remain\w*|left|difference|saving|saves?|gap))\b"
    r"(?:\s+(?:then|about|around|roughly|some|nearly|almost|just|only|approximately|over|under|an?|the|you|us|me|we|it|at|to|of|for|"
    r"with|as|up|out|total|whole|mere|bill|cost|already|be|been|close|well|exactly|or|so|even|no|more|less|than|little|thus|therefore|"
    r"hence|together|altogether|all|in|that|is|still|around|back|on|would|have|by|billed|roughly|also|they|i|hardly|less))*\s*[~\u2248(]?\s*$",
    re.IGNORECASE,
)
#: What adds to a result or takes from it and is not told in figures, or makes it somebody else's.
_ELSE = re.compile(
    r"\b(?:than|instead|versus|against|compared|deposit|reserved?|spot|commit\w*|if|unless|would|storage|egress|plus|elsewhere|another)\b",
    re.IGNORECASE,
)
_COUNTS = frozenset({"gpu", "node", "rack", "thing"})


def _numbers(told: Iterable[Told]) -> list[float]:
    """Numbers of things that are told, and one."""
    found = [one.amount.low for one in told if one.amount.bare and one.amount.kind in ("count", "number") and 1 <= one.amount.low <= 1e4
             and one.amount.noun in ("", *_COUNTS)]  # fmt: skip
    return [1.0, *dict.fromkeys(found)]


def _of_result(result: Told, place: Place) -> bool:
    """Whether words lead to an amount as a result, and nothing untold changes it."""
    one, start = result.amount, place.sentence.start
    if one.limit == "range" or one.kind not in ("amount", "count", "number"):
        return False
    last = max((each.amount.end for each in place.here if each.amount.end <= one.start), default=start)
    between = place.words(max(last, one.start - 70), one.start)
    return bool(_LEADS.search(between)) and not UNTOLD.search(place.sentence.text)


def _rates(result: Told, place: Place, dims: tuple[int, ...]) -> list[Told]:
    """What is told per hour or of one before a result: of whom the result is, where that is told of it."""
    found = [one for one in (*place.before, *place.here) if one.amount.dims == dims and one.amount is not result.amount
             and (one.back or one.amount.start < result.amount.start)]  # fmt: skip
    found = [one for one in found if one.back <= (1 if any(not each.back for each in found) else 2)]
    own = [one for one in found if result.whose is not None and one.whose == result.whose]
    return own or found


def _judge(
    result: Told, values: Sequence[tuple[float, str]], place: Place, wide: float = 0.012, *, bound: bool = False
) -> Found:
    """The accusation of a result that none of some values is, and, where whose they are is open, nothing around makes."""
    one = result.amount
    if not values or any(is_near(one, value, value, wide=wide) for value, _ in values):
        return None
    value, words = min(values, key=lambda each: abs(each[0] / one.middle - 1))
    if not 1 / _FAR < value / one.middle < _FAR:
        return None
    others = [each.amount for each in (*place.before, *place.here) if each.amount is not one and not each.back]
    if not bound and is_admissible(one, others):
        return None
    right = one.digits * value / one.middle
    return f"{words} make {right:,.4g}", f"{right:,.4g}"


_HOURLY = re.compile(r"(?:/|per|an?|each|every)\s?(?:gpu|card|node|instance|accelerator|device)?[\s-]?(?:h|hr|hour)\b|hourly|by the hour", re.IGNORECASE)
#: Another one than that of the rate may be meant.
_IT = re.compile(r"\b(?:it|its|them|they)\b", re.IGNORECASE)
_SHARES = frozenset({"share", "times"})
_MACHINE = re.compile(r"\b(?:nodes?|servers?|boxe?s?|clusters?|fleets?|machines?|pods?|systems?|racks?|instances?|team|all|both|each)\b", re.IGNORECASE)


def bill(result: Told, place: Place) -> Found:
    """Money for so long at a rent that is told before."""
    one = result.amount
    if one.dims != MONEY or one.per or not _of_result(result, place) or _ELSE.search(place.sentence.text):
        return None
    inside = [each for each in place.here if each.amount is not one]
    times = [each for each in inside if each.amount.dims == TIME and each.amount.low >= HOUR and each.amount.limit != "range"]
    if len(times) != 1 or any(each.amount.dims == MONEY and each.amount.start < one.start for each in inside):
        return None
    if any(each.amount.kind in _SHARES for each in inside) or any(each.amount.dims == RENT and each.amount.start > one.start for each in inside):
        return None
    rents = [each for each in _rates(result, place, RENT) if _HOURLY.search(each.amount.words)]
    if not rents or any(each.amount.per for each in rents if each.amount.per not in ("gpu", "each")):
        return None
    if any(each.amount.dims == ENERGY for each in inside) or (_IT.search(place.sentence.text) and len(rents) < 2):
        return None
    counts = [each.amount.low for each in inside if each.amount.kind in ("count", "number") and each.amount.low > 1]
    if len(counts) > 2:
        return None
    machine = _MACHINE.search(place.sentence.text)
    numbers = {1.0} if not counts else {*counts, math.prod(counts)}
    if machine or any(each.amount.per for each in rents):
        numbers |= {many * other for many in numbers for other in (*_numbers(place.before), 2.0, 4.0, 8.0)}
    values = [
        (rent.amount.low * low * many, f"{rent.amount.words}, {times[0].amount.words}" + (f" and {many:g}" if many > 1 else ""))
        for rent in rents for many in sorted(numbers) for low in {times[0].amount.low, times[0].amount.high}
    ]
    return _judge(result, values, place, bound=True)


#: So many of what was told of one right before.
_SUCH = re.compile(r"\b(?:such|of (?:them|these|those)|like (?:this|it))\b", re.IGNORECASE)


def several(result: Told, place: Place) -> Found:
    """Energy or money by the year of so many of what the sentence before tells it of one: "twenty such cards: 6,300 kWh"."""
    one = result.amount
    if one.dims not in (ENERGY, MONEY) or one.per or not _SUCH.search(place.sentence.text) or UNTOLD.search(place.sentence.text):
        return None
    counts = [each.amount.low for each in place.here if each.amount.kind in ("count", "number") and each.amount.start < one.start and each.amount.low > 1]
    told = [each for each in place.before if not each.back and each.amount.dims == one.dims][-1:]
    others = [each for each in place.here if each.amount is not one and not each.amount.bare]
    if len(counts) != 1 or not told or others or "each" in place.sentence.text:
        return None
    return _judge(result, [(told[0].amount.low * counts[0], f"{counts[0]:g} times {told[0].amount.words}")], place, bound=True)


#: What two amounts are apart.
_APART = re.compile(
    r"\b(?:difference|gap|a saving of|saves?|saving|savings|a plus of|a minus of)\b[^.;,\d]{0,40}$", re.IGNORECASE
)


def apart(result: Told, place: Place) -> Found:
    """What two amounts of one kind that stand before it are apart."""
    one = result.amount
    words = place.words(max(place.sentence.start, one.start - 70), one.start)
    if one.bare or one.per or one.dims[1] < 0 or not _APART.search(words) or UNTOLD.search(place.sentence.text) or one.limit == "range":
        return None
    alike = [each for each in (*place.before, *place.here) if each.amount.dims == one.dims and each.amount.start != one.start and each.back < 1
             and each.amount.start < one.start]  # fmt: skip
    if len(alike) < 2:
        return None
    alike = alike[-6:]
    values = [(abs(a.amount.low - b.amount.low), f"{a.amount.words} less {b.amount.words}") for a, b in combinations(alike, 2) if a.amount.low != b.amount.low]
    return _judge(result, values[-1:] + values, place)


FRAMES: Sequence[Callable[[Told, Place], Found]] = (bill, several, apart)
