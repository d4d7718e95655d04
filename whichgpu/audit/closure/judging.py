"""Whether an amount is told as a result of those around it, and whether they make it."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.closure.amounts import Amount, is_opaque, powers
from whichgpu.audit.closure.readings import MOST, Value, comes_to, is_admissible, products, relevant
from whichgpu.audit.closure.sums import is_apart, ratio, summed
from whichgpu.audit.closure.window import Reading, finding
from whichgpu.audit.closure.wording import (
    A_UNIT,
    AGAIN,
    BOUGHT,
    CONCLUDES,
    FAR,
    FURTHER,
    GIVEN,
    LEAD,
    MACHINE,
    MEASURED,
    NEAR,
    OF_ALL,
    OF_EACH,
    REACH,
    RENT,
    SPOKEN_OF,
    STOP,
    STRONG,
    THAT_IS,
    TOGETHER,
    UNTOLD,
)
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.sentences import within
from whichgpu.units import HOUR, KWH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.closure.window import Window
    from whichgpu.audit.findings import Finding


def judged(window: Window) -> Finding | None:
    """The finding on a result that its window does not give in any way."""
    result = window.result
    if result.kind in ("share", "times"):
        return ratio(window)
    readings = (_reading(window, given) for given in _givens(window)) if _may_follow(window) else iter(())
    reading = next((one for one in readings if one and one.values), None)
    if reading is None or any(comes_to(result, one, wide=_WIDE) for one in reading.values):
        return None
    nearest = min(reading.values, key=lambda one: _apart(result, one))
    if _is_of_board(window, nearest) or _is_of_others(window):
        return None
    others = [one for one in window.around if one is not result]
    # What is further apart is of two things.
    far = _apart(result, nearest) > reading.far or _is_priced(result, others)
    return None if far or is_admissible(result, others) else _finding(window, nearest)


def _is_priced(result: Amount, others: Sequence[Amount]) -> bool:
    """Whether a number per something is a price whose currency is not told again: "60 euros, 7.50 per GB"."""
    paid = next((one for one in others if one.sign and one.dims == powers(money=1)), None)
    if paid is None or result.sign or result.dims[0]:
        return False
    dims = tuple(a + b for a, b in zip(result.dims, paid.dims, strict=True))
    return is_admissible(result._replace(sign=paid.sign, dims=dims), others)


#: How much further than its rounding a result may be from the natural reading.
_WIDE = 0.015


def _reading(window: Window, given: Sequence[Amount]) -> Reading | None:
    return summed(window, given) or (None if window.result.kind == "number" else _natural(window, given))


def _may_follow(window: Window) -> bool:
    """Whether an amount can be a result: no range, none that is given or spoken of."""
    result, text = window.result, window.passage.text
    plain = result.kind == "amount" and not any(result.dims)
    return not (
        result.limit == "range"
        or is_opaque(result)
        or plain
        or A_UNIT.match(result.words)
        or SPOKEN_OF.match(text, result.end)
        or _TOTAL_BEHIND.match(text, result.end)
        or (result.bare and _UNIT_LATER.match(text, result.end))
        or _SUPPLY.match(text, result.end)
        or (
            (result.kind == "count" or result.noun)
            and _FOR_THEM.search(text, max(0, result.start - 24), result.start)
        )
        or _is_item(window)
        or _LIMITS.search(text, window.starts[-1], result.start)
        or _TERMS.search(text, window.starts[-1], result.start)
        or GIVEN.search(text, max(0, result.start - 32), result.start)
    )


#: Accounts that ran together: "general $5,865 Total Expenses $45,820".
_TOTAL_BEHIND = re.compile(
    r"\s+(?:L\d+:\s+)?Total\b[A-Za-z\s]{0,24}(?:L\d+:\s*)?[A-Za-z\s]{0,24}[$\u20ac]\s?\d", re.I
)
#: "312 against 125 TFLOPS": a number whose unit stands behind the next one.
_UNIT_LATER = re.compile(
    r"\s+(?:against|gegen(?:\u00fcber)?|versus|vs\.?|contre|frente a|instead of|statt)\s+"
    r"\d[\d.,]*\s?(?:[A-Z]\w*|tok\w*)",
    re.IGNORECASE,
)


#: "$2,190 for four cards": of how many an amount is.
_FOR_THEM = re.compile(r"\d\s(?:\w+\s)?for\s(?:all\s|the\s)?$", re.IGNORECASE)
#: "Limits: 4,000 files, 16 MiB per file": a list of them, in which none follows from others.
_LIMITS = re.compile(r"\b(?:limits?|quotas?|defaults?|maxim\w+|caps?)(?:\s\w+)?\s?:\s[^.;]*$", re.IGNORECASE)


#: "FP16 = 2 bytes, q8 = 1 byte, q4 =": each of what it is told of.
_TERMS = re.compile(r"\w\W{0,3}=\s*\d[^=.;]*,[^=.;\d]*\w\W{0,3}=\s*$")


def _is_item(window: Window) -> bool:
    """Whether an amount is what an item of a list has: "two cards, 700 W; host, 500 W; 1.2 kW therefore"."""
    result, text = window.result, window.passage.text
    label = _LABEL.search(text, window.starts[-1], result.start)
    return label is not None and not TOGETHER.search(label[0]) and text[result.end :].lstrip()[:1] == ";"


#: Between the semicolon of the item before it and an amount, a noun without a verb.
_LABEL = re.compile(r"[;:]\s+(?:the |an? |our )?[a-z-]+(?: [a-z-]+)?, $", re.IGNORECASE)
#: What a power supply is rated at follows from nothing.
_SUPPLY = re.compile(
    r"[- ](?:\w+ )?(?:power suppl(?:y|ies)|supply|PSUs?|circuits?|breakers?|UPS|battery)\b", re.IGNORECASE
)


def _apart(result: Amount, value: Value) -> float:
    return abs(math.log(result.middle / ((value.low + value.high) / 2)))


def _givens(window: Window) -> Iterator[list[Amount]]:
    """The amounts that a result may follow from, the natural choice first."""
    result, sentence = window.result, window.sentence
    inside = [one for one in window.around if one.start >= sentence.start]
    before = [one for one in inside if one.start < result.start]
    if before:
        yield before
        for cut in _cuts(window):
            part = [one for one in before if one.start >= cut]
            if 0 < len(part) < len(before):
                yield part
    elif THAT_IS.match(window.text(sentence.start, result.start)):
        yield [one for one in inside if one.start > result.start]
    for start in window.starts[1:]:
        wide = [one for one in window.around if start <= one.start < result.start]
        if len(wide) > len(before):
            yield wide


_CUT = re.compile(r"[;:]\s|\.\s|,\s+(?:and|but|while|so|which)\s|\s[\u2013\u2014]\s")


def _cuts(window: Window) -> list[int]:
    """Where a clause begins before the result, the first ones first."""
    text = window.passage.text
    return [each.end() for each in _CUT.finditer(text, window.sentence.start, window.result.start)]


def _natural(window: Window, given: Sequence[Amount]) -> Reading | None:
    """What all that is given comes to, where the words let it be the result's cause."""
    result = window.result
    kept = relevant(result, given)
    if not kept or len(kept) > MOST or not all(_is_factor(one, result) for one in kept):
        return None
    if not _leads(window, kept) or (is_apart(window, kept) and not _is_concluded(window, kept)):
        return None
    return _of_kinds(window, kept)


def _is_factor(one: Amount, result: Amount) -> bool:
    """Whether a result may be worked out with an amount; weights are left to what knows of models."""
    other = one.sign and result.sign and one.sign != result.sign
    return one.limit != "range" and one.kind != "share" and one.noun != "parameter" and not other


def _is_concluded(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether a sentence concludes from those before it, which have not concluded the same themselves."""
    said = CONCLUDES.search(window.passage.text, window.sentence.start, window.result.start)
    return said is not None and not _is_told(window, kept) and not _is_of_another(window, kept)


def _is_of_another(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether the sentences before name other devices than that of the result."""
    names = window.context.mentions.get(window.context.place(window.passage), ())
    before = {one.text for one in names if kept[0].start - _NAMED <= one.start < window.sentence.start}
    here = {one.text for one in names if window.sentence.start <= one.start < window.sentence.end}
    return bool(before and here and before != here)


#: How far before the first amount its device may be named.
_NAMED = 60


def _of_kinds(window: Window, kept: Sequence[Amount]) -> Reading | None:
    """The reading of amounts by how many kinds they are of."""
    result = window.result
    solid = [one for one in kept if not one.bare]
    kinds = {one.dims for one in solid}
    if len(solid) == len(kept) > 1 == len(kinds) and result.bare:
        return _room(window, solid)
    several = len(kinds) > 1 or (len(kept) > 1 and solid and solid[0].dims != result.dims)
    if several or (solid and any(one.bare and one.kind == "amount" for one in kept)):
        return _closing(window, kept)
    if not solid:
        return _counted(window, kept) if result.kind == "count" else None
    if len(kept) == 1:
        return _again(window, kept[0])
    return _of_several(window, kept, solid[0]) if len(solid) == 1 else None


def _is_told(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether some of what is given is itself a result of others before, of which one is given again."""
    before = [one for one in window.around if one.start < window.result.start and not one.bare][-8:]
    for told in kept:
        others = relevant(told, [one for one in before if one is not told])
        for pair in combinations(others, 2):
            again = sum(one in kept for one in pair)
            if again and any(comes_to(told, one) for one in products(told, pair)):
                return True
    return False


def _leads(window: Window, kept: Sequence[Amount]) -> bool:
    """Whether words lead to the result, and none parts it from what is given."""
    result, text = window.result, window.passage.text
    last = max((one.end for one in kept if one.end <= result.start), default=window.sentence.start)
    between = text[max(last, result.start - REACH) : result.start]
    behind = re.match(r"[^.;,\d]{0,24}", text[result.end :])
    if STOP.search(text[max(last, window.sentence.start) : result.start]):
        return False
    if behind and re.search(
        r"\b(?:more|less|fewer|extra|additional|cheaper|dearer|faster|slower|higher|lower|saved|off)\b",
        behind[0],
    ):
        return False
    if UNTOLD.search(text[min(window.sentence.start, kept[0].start) : window.sentence.end]):
        return False
    nearest = max((one for one in kept if one.end <= result.start), key=lambda one: one.start, default=None)
    if nearest and nearest.sign and result.sign and _AND.search(text, nearest.end, result.start):
        # "A million tokens cost $0.56 on the one and $0.25 on the other".
        return False
    if nearest and nearest.dims == result.dims and _ON_ANOTHER.fullmatch(text, nearest.end, result.start):
        # "460 kWh with an A5000, 600 kWh with an A6000".
        return False
    varied = len({one.dims for one in kept if not one.bare}) > 1
    return varied or LEAD.search(between) is not None


_ON_ANOTHER = re.compile(
    r"\s+(?:with|on|for|in|at|from)\s+[^,;.]{2,40}(?:,|\s+and|,\s+and)\s+(?:about\s+|only\s+|just\s+)?",
    re.IGNORECASE,
)
_AND = re.compile(r"(?:\band|\bor|,)\s+(?:about\s+|only\s+|just\s+)?$", re.IGNORECASE)


def _closing(window: Window, kept: Sequence[Amount]) -> Reading | None:
    """Amounts of several kinds that multiply to that of the result."""
    result = window.result
    # "Twice the price, but 2.4 times as fast": of two things.
    of_two = sum(one.kind == "times" for one in kept) > 1
    if of_two or (result.dims == powers(byte=1) and not any(one.dims[1] for one in kept)):
        # What a context or a layer takes is left to what knows of models.
        return None
    if any(one.dims == result.dims for one in kept if not one.bare):
        # Two of one kind beside others are of two things.
        alone = all(one.bare or one.dims == result.dims for one in kept)
        return Reading(products(result, kept), FAR) if alone else None
    values = products(result, kept) or products(result, _by_the_hour(kept))
    if any(one.dims[4] for one in (*kept, result)) and any(one.bare for one in (*kept, result)):
        return None
    text = window.sentence.text
    timed = MEASURED.search(text) and result.dims == powers(second=1) and values
    if timed and result.low > max(one.high for one in values):
        # What was measured may take longer than was reckoned.
        return None
    paid = [one for one in kept if one.sign]
    if len(paid) > 1 and max(one.high for one in paid) < BOUGHT * min(one.digits for one in paid):
        # A price over a rent is how long one rents for it; of two rents the one has its period left unsaid.
        return None
    return Reading(values, FURTHER)


def _by_the_hour(kept: Sequence[Amount]) -> list[Amount]:
    """What is given, with a price beside so many hours or kWh as that of one: "730 hours at $1.10"."""
    paid = [one for one in kept if one.dims == powers(money=1)]
    hours = [
        one for one in kept if one.dims == powers(second=1) and one.low % HOUR == 0 and "hour" in one.words
    ]
    used = [one for one in kept if one.dims == powers(joule=1)]
    if len(paid) == len(used) == 1 and paid[0].low < 1:
        tariff = paid[0]._replace(
            dims=powers(money=1, joule=-1), low=paid[0].low / KWH, high=paid[0].high / KWH
        )
        return [tariff if one is paid[0] else one for one in kept]
    if len(paid) != 1 or len(hours) != 1 or paid[0].low > RENT:
        return []
    rent = paid[0]._replace(dims=powers(money=1, second=-1), low=paid[0].low / HOUR, high=paid[0].high / HOUR)
    return [rent if one is paid[0] else one for one in kept]


#: "A team that needs four of them".
_OF_THEM = re.compile(r"\bof (?:them|these|those)\b", re.IGNORECASE)


def _of_several(window: Window, kept: Sequence[Amount], one: Amount) -> Reading | None:
    """So many of one amount, or one of so many."""
    result, text = window.result, window.passage.text
    counts = [each for each in kept if each.bare]
    values = products(result, kept)
    if result.per:
        # Of one: the amount before it is of all.
        values = [each for each in values if each.low <= one.high] if not one.per else []
        return Reading(values, FAR)
    beside = [each for each in counts if each.end + 1 == one.start and each.kind == "number"]
    if any(each.kind != "count" and each not in beside for each in counts) or OF_ALL.match(text, one.end):
        return None
    linked = (
        one.per
        or beside
        or (one.sign and any(_OF_THEM.search(each.words) for each in counts))
        or any(OF_EACH.fullmatch(text, each.end, one.start) for each in counts if each.end <= one.start)
    )
    if not linked or any(each.kind == "times" for each in counts):
        return None
    # Several share the work of one.
    shared = one.dims == powers(second=1) and result.high < one.low
    values = [] if shared else [each for each in values if each.high >= one.low]
    if one.dims == powers(byte=1, second=-1):
        # What goes in both directions is told as twice as much, too.
        values += [each._replace(low=2 * each.low, high=2 * each.high) for each in values]
    power = one.dims == powers(joule=1, second=-1)
    if power and MACHINE.search(window.sentence.text) and values and result.low > values[0].high:
        return None
    return Reading(values, FAR)


_ROOM = re.compile(
    r"\b(?:room|enough|space|buys?|sufficient|fits?|holds?|feeds?|supports?|"
    r"suffices?) (?:for )?(?:about |only |just |exactly |at most )?$",
    re.IGNORECASE,
)


def _room(window: Window, solid: Sequence[Amount]) -> Reading | None:
    """For how many an amount is enough: "40 kW; at 8 kW per server that is room for five"."""
    if len(solid) != len(("whole", "part")) or sum(bool(one.per) for one in solid) != 1:
        return None
    if not _ROOM.search(window.passage.text, max(0, window.result.start - 30), window.result.start):
        return None
    one = next(each for each in solid if each.per)
    whole = next(each for each in solid if not each.per)
    many = whole.low / one.low
    return Reading(
        [Value(many, many, window.result.dims, f"{whole.words} over {one.words}", tuple(solid))], FAR
    )


def _counted(window: Window, kept: Sequence[Amount]) -> Reading | None:
    """Things in so many others: "32 nodes with eight GPUs in each of them are 256"."""
    if len(kept) < 2 or not any(one.per for one in kept) or any(one.kind != "count" for one in kept):
        return None
    values = [each for each in products(window.result, kept) if each.high >= max(one.low for one in kept)]
    same = any(one.noun == window.result.noun for one in kept if one.per)
    return Reading(values, FAR) if same else None


#: "8 x 700 W": of so many.
_TIMES = re.compile(r"[\d)]\s?[x\u00d7*]\s?$")


def _again(window: Window, one: Amount) -> Reading | None:
    """An amount that is told again, in another unit or by another period."""
    result, text = window.result, window.passage.text
    same = _unit(text, one) == _unit(text, result)
    multiplied = _TIMES.search(text, 0, one.start) is not None
    if one.end > result.start or same or multiplied or A_UNIT.match(one.words):
        return None
    between = text[one.end : result.start]
    rate = one.dims[1] < 0 and (one.sign or one.dims[5])
    wild = not result.noun and not result.dims[5]
    same = all(
        a == b or (at == 5 and wild) for at, (a, b) in enumerate(zip(one.dims, result.dims, strict=True))
    )
    said = AGAIN.fullmatch(between) and STRONG.search(between)
    periods = {_period(text, each) for each in (one, result)}
    rate = rate and len(periods) > 1
    loose = rate and (result.sign or wild) and LEAD.search(between) and len(between) < NEAR
    if not same or not (said or loose):
        return None
    return Reading([Value(one.low, one.high, one.dims, one.words, (one,))], FAR)


#: "312 TF per GPU, or 2.5 PF per board": of as many as stand on one, which may be told anywhere.
_OF_BOARD = re.compile(r"\b(?:per|a|each|every|by)\s(?:base|hgx |whole |full )?board\b", re.IGNORECASE)
_OF_GPU = re.compile(r"\b(?:per|a|each|every)\s(?:gpu|card|chip|module|device)\b", re.IGNORECASE)
_ON_A_BOARD, _ROUNDED = (2, 4, 8, 16), 0.05


def _is_of_others(window: Window) -> bool:
    """Whether a clause of its own tells of so many of another device: "; eight H200 hold 1,128 GB"."""
    text, result = window.passage.text, window.result
    names = window.context.mentions.get(window.context.place(window.passage), ())
    here = within(names, window.sentence.start, result.start)
    before = within(names, min(window.starts), here[-1].start) if here else ()
    if not before or here[-1].named == before[-1].named:
        return False
    if counted(text, window.sentence.start, here[-1].start) <= 1:
        return False
    # Nothing that it may follow from stands between.
    return not any(here[-1].end <= one.start < result.start for one in window.around)


def _is_of_board(window: Window, value: Value) -> bool:
    """Whether a result is of a board, and what it is held against of one of its devices."""
    text, result = window.passage.text, window.result
    said = _OF_BOARD.search(text, result.start, result.end + NEAR)
    if said is None or not any(_OF_GPU.search(text, one.start, one.end + NEAR) for one in window.around):
        return False
    times = 2 * result.middle / (value.low + value.high)
    return any(abs(times / each - 1) < _ROUNDED for each in _ON_A_BOARD)


def _period(text: str, one: Amount) -> str:
    """The period that an amount is told by, of one letter."""
    found = _BY.search(text, one.start, one.end)
    return (found[1] or found[2])[:2].lower() if found else ""


_BY = re.compile(r"(?:/|\b(?:per|an?|each|every|the)\s)\s?(\w+)(?:ly)?$|(\w+ly)$", re.IGNORECASE)


def _unit(text: str, one: Amount) -> str:
    """What stands behind the figure of an amount."""
    return re.sub(r"[\d,.$\u20ac\s]", "", text[one.start : one.end]).lower()


def _finding(window: Window, value: Value) -> Finding:
    result = window.result
    right = result.digits * (value.low + value.high) / 2 / result.middle
    expected = (
        f"{right:,.2f}"
        if result.sign and right < 1e3
        else f"{right:,.4g}"
        if right < 1e4
        else f"{right:,.0f}"
    )
    because = f"{value.words} make {expected}, and no other reading of these amounts makes {result.words}"
    return finding(window, because, expected)
