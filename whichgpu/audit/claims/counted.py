"""What so many of a device have, draw or cost together: "four of them draw 288 W and cost $2,600".

The amount is wrong where no number of devices that the passage tells, times what one of them has on file, or
is told to have, gives it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import MACHINE, counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.offers import usual
from whichgpu.audit.values.prices import plain_money, prices_told, told_before
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
          "twelve": 12, "sixteen": 16, "twenty": 20, "both": 2, "pair": 2}  # fmt: skip
_N = rf"(?P<n>{'|'.join(_WORDS)}|\d{{1,3}})"
_CARDS = r"(?:cards?|gpus?|boards?|modules?|accelerators?|chips?|pieces)"
#: So many of what the text speaks of: "three of them", "the four together", "its eight GPUs", "for four".
_SO_MANY = re.compile(
    rf"\b(?:{_N}\s+(?:of\s+)?(?:them|these|those|such|mine|ours|the latter)\b"
    rf"(?:\s+(?:little\s+)?{_CARDS})?|"
    rf"(?:the|all|its|in)\s+{_N.replace('<n>', '<all>')}(?:\s+{_CARDS})?(?=\s+(?:together|of them|need|"
    rf"draw|have|"
    rf"hold|cost|offer|take|give|at full|are|come))|(?:the|its|all|with|"
    rf"in its)\s+{_N.replace('<n>', '<its>')}\s+"
    rf"{_CARDS}|a\s+(?P<pair>pair)\b)",
    re.IGNORECASE,
)
#: "720 W for four".
_FOR_SO_MANY = re.compile(
    rf"\s+for\s+(?:the\s+|all\s+)?{_N}(?=\s*(?:[.,](?!\d)|[;)]|$|of them|together|{_CARDS}))", re.IGNORECASE
)
#: Any number of devices, or of what they are in.
_COUNT = re.compile(
    rf"\b(?P<n>{'|'.join(_WORDS)}|\d{{1,3}}(?=\s?(?:[x\u00d7]\b|cards?|gpus?|boards?|nodes?|servers?|"
    rf"machines?|of (?:them|"
    r"these|those)|pieces|modules?|accelerators?)))\b",
    re.IGNORECASE,
)
#: Behind an amount, that it is of each; before one, that it is of one.
_EACH = re.compile(r"\s*(?:,\s*)?(?:each|apiece|a piece|per\b|/|an? (?:card|gpu|board|piece))", re.IGNORECASE)
#: What makes an amount one of something else than the devices alone.
_ELSE = re.compile(
    r"\b(?:suppl(?:y|ies)|box(?:es)?|machines?|workstations?|psus?|wall|meter|measured|average|idle|"
    r"limit\w*|undervolt\w*|system|server|chassis|host|"
    r"v?cpus?|ram|storage|ssds?|disk|model|weights|cache|checkpoint|needs? (?:about |only )?\d|requir\w+|"
    r"left|free|spare|"
    r"usable|headroom|rest|extra|additional|more than|less than|sav\w+|discount\w*|rebate|after|instead|"
    r"would|"
    r"could|if|used|each|apiece|per|nodes?|racks?|fans?|cooling|budget|shipping|bridge|tax|vat|month|year|"
    r"day|"
    r"nvlink|bandwidth|parameters|context|batch|users?|tokens?|fits?|split|mig|slices?|virtual|"
    r"(?:in|for|over|after) (?:about |only )?(?:\d+|an?|two|three|four|five|six) (?:hours?|minutes?|days?|"
    r"weeks?)|"
    r"altogether|overall|whole|all in)\b",
    re.IGNORECASE,
)
#: "With two of them": of one kind, not one of each.
_OF_SOME = re.compile(rf"\b(?:{'|'.join(_WORDS)})\s+of\s+(?:them|these|those)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:.]\s|\b(?:while|whereas|but|where)\b", re.IGNORECASE)
#: Behind an amount that is what two differ by.
_DIFFERS = re.compile(
    r"\s+(?:less|more|fewer|lower|higher|cheaper|dearer|below|above|extra)\b(?! per\b)", re.IGNORECASE
)
_FIELDS = {"power": ("power", "power_max"), "memory": ("memory",), "money": ()}
_WITHIN, _ABOUT, _LEAST, _MOST, _REACH, _SIZE, _TWO = 0.021, 0.07, 0.4, 2.5, 90, 1e9, 2


def find(context: Context) -> Iterator[Finding]:
    """Every amount of so many devices with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _is_of_several(passage.text) else ():
            who = None
            for amount, count in _amounts(passage, sentence, context):
                who = who or spoken(index, passage, sentence, context)
                found = _judged(passage, sentence, (amount, count), who, context)
                if found is not None:
                    yield found


#: Between the name of several and what they cost: "three A30s thus cost".
_COST = re.compile(
    r"s?(?:\s(?:cards|gpus))?\s+(?:(?:thus|then|therefore|would|will|together|so|only|just|already|still)\s+)*"
    r"(?:costs?|come to|add up to|run to|sell for)\s+(?:(?:about|around|roughly|only|just)\s+)?",
    re.IGNORECASE,
)


def _is_of_several(text: str) -> bool:
    return bool(_SO_MANY.search(text) or _FOR_SO_MANY.search(text) or _COSTS.search(text))


_WOULD_COST = re.compile(r"\bwould (?=(?:then )?(?:cost|come to|add up to|run to)\b)", re.IGNORECASE)
_COSTS = re.compile(r"\b(?:costs?|come to|add up to|run to|sell for)\b", re.IGNORECASE)


def _number(words: str) -> int:
    return _WORDS.get(words.lower()) or (int(words) if words.isdigit() else 0)


def _amounts(passage: Passage, sentence: Sentence, context: Context) -> Iterator[tuple[Quantity, int]]:
    """The watts, sizes and prices that a sentence tells of so many, each with their number."""
    text = passage.text
    every = [each for each in quantities(text, context.fraction) if each.dimension in ("power", "memory")]
    every = sorted([*every, *(each for each in plain_money(text, context.fraction) if each.unit)])
    starts = [
        (match.end(), _number(next(each for each in match.groups() if each)))
        for match in _SO_MANY.finditer(text, sentence.start, sentence.end)
    ]
    seen: set[tuple[str, int]] = set()
    # "A pair of A100 80GB cards has".
    names = context.mentions.get(context.place(passage), ())
    bought = {
        each.end: count
        for each in within(names, sentence.start, sentence.end)
        if (count := round(counted(text, sentence.start, each.start))) >= _TWO
    }
    for each in within(every, sentence.start, sentence.end):
        if any(one.start <= each.start < one.end for one in names):
            continue
        if each.high != each.value or each.limit in ("over", "under") or _EACH.match(text, each.end):
            continue
        if each.dimension == "money" and (
            paid := [n for end, n in bought.items() if _COST.fullmatch(text, end, each.start)]
        ):
            yield each, paid[0]
            continue
        behind = _FOR_SO_MANY.match(text, each.end)
        before = [(end, n) for end, n in starts if end <= each.start and each.start - end < _REACH]
        if behind:
            yield each, _number(behind["n"])
        elif before and not _CLAUSE.search(text, before[-1][0], each.start):
            if (each.dimension, before[-1][0]) not in seen:
                yield each, before[-1][1]
            # "5.6 kW in its eight GPUs and some 10 kW altogether": the second is of something else.
            seen.add((each.dimension, before[-1][0]))


_METERED = re.compile(
    r"\b(?:measured|metered|on average|averag(?:ed|ing)|during (?:the|our|my|this)|while (?:decoding|"
    r"training|generating|"
    r"idle|idling)|night test)\b|\bhours?, [^.;]*\bkWh\b",
    re.IGNORECASE,
)


def _judged(
    passage: Passage, sentence: Sentence, several: tuple[Quantity, int], who: Spoken, context: Context
) -> Finding | None:
    """Confirmed where a device of the passage gives the amount so many times, wrong where nothing does."""
    amount, count = several
    text, kind = passage.text, amount.dimension
    spoken_of = _devices(passage, amount, who, context)
    own = frozenset(one for ids in spoken_of for one in _own(ids, kind, context)) - {amount.value}
    if kind == "money":
        # "Two cost $56,000, a server another $18,000": what is told behind is of something else.
        own -= {each.value for each in plain_money(text, context.fraction) if each.start > amount.start}
    if _DIFFERS.match(text, amount.end) or (kind == "power" and _METERED.search(sentence.text)):
        # "The two are alike, though one draws 400 W less"; of a run, in which they draw what it asks for.
        return None
    if count < _TWO or not own or not amount.value or not _own(spoken_of[-1], kind, context):
        return None
    rounded = amount.limit or (kind == "memory" and amount.value >= 1e3 * _SIZE)
    slack = _ABOUT if rounded else _WITHIN
    told = set(told_before(text, amount.start, context.fraction, kind)) - {amount.value}
    half = _half_digit(text[amount.start : amount.end], amount.value)
    right = [one for one in own if abs(count * one / amount.value - 1) <= slack
             or abs(count * one - amount.value) <= half]  # fmt: skip
    each_once = () if right else _one_of_each(passage, count, context)
    if each_once and not _OF_SOME.search(text, sentence.start, amount.start):
        else_ = _ELSE.search(_beside(text, sentence, amount))
        return None if else_ else _of_different(passage, amount, each_once, slack, context)
    if not right and (_is_made(amount, own | told, told, slack, _numbers(text, amount.start) | {count})):
        return None
    near = [one for one in own if _LEAST < count * one / amount.value < _MOST
            or any(abs(count * one * by / amount.value - 1) <= slack for by in (10, 0.1))]  # fmt: skip
    # "A DGX with eight of them needs 14.3 kW".
    of_machine = kind == "power" and MACHINE.match(sentence.text)
    # What several would cost they cost: no condition hangs on a price.
    beside = _beside(text, sentence, amount)
    beside = _WOULD_COST.sub(" ", beside) if kind == "money" else beside
    if not right and (not near or of_machine or _ELSE.search(beside)):
        return None
    one = min(right or near, key=lambda each: abs(count * each / amount.value - 1))
    words = text[amount.start : amount.end]
    scale = amount.value / (_plain(words) or 1.0)
    because = f"{count} x {_written(one / scale)} are {_written(count * one / scale)}"
    if right:
        context.memo.setdefault("given", []).append(passage.span(amount.start, amount.end))
    return made(
        context, passage, (amount.start, amount.end), "arithmetic", "confirmed" if right else "inconsistent",
        subject=", ".join(spoken_of[-1]), attribute=f"{kind} of several", because=because,
        expected="" if right else _written(count * one / scale), evidence=(Evidence(because),),
    )  # fmt: skip


def _written(value: float) -> str:
    return f"{round(value, 3):,.10g}"


def _half_digit(words: str, value: float) -> float:
    """Half of the last decimal of an amount, in its unit: 50 W of "0.6 kW"; nothing of a whole number."""
    digits = re.search(r"\d[.,](\d{1,2})(?!\d)", words)
    plain = _plain(words)
    return 0.5 / 10 ** len(digits[1]) * value / plain if digits and plain else 0.0


def _one_of_each(passage: Passage, count: int, context: Context) -> Sequence[tuple[str, ...]]:
    """As many devices, one of each, as the passage or the text speaks of: "the four together"."""
    here = context.mentions.get(context.place(passage), ())
    everywhere = [each for found in context.mentions.values() for each in found]
    for group in (here, everywhere):
        models = {model(each.ids[0], context.catalogue): each.ids for each in group}
        if len(models) == count:
            return list(models.values())
    return ()


def _of_different(
    passage: Passage, amount: Quantity, devices: Sequence[tuple[str, ...]], slack: float, context: Context
) -> Finding | None:
    """The verdict on what one of each have together; None of money, and where one may be of several."""
    told = told_before(passage.text, amount.start, context.fraction, amount.dimension)
    if any(abs(len(devices) * one / amount.value - 1) <= slack for one in told):
        # "I limit my 3090s to 250 W each, so 500 W for both".
        return None
    every = [_own(ids, amount.dimension, context) for ids in devices] if amount.dimension != "money" else []
    if not every or any(len(each) != 1 for each in every):
        return None
    total = sum(max(each) for each in every)
    right = abs(total / amount.value - 1) <= slack
    near = _LEAST < total / amount.value < _MOST
    if not right and not near:
        return None
    scale = amount.value / (_plain(passage.text[amount.start : amount.end]) or 1.0)
    because = f"{' + '.join(f'{max(each) / scale:,.4g}' for each in every)} are {total / scale:,.4g}"
    return made(
        context, passage, (amount.start, amount.end), "arithmetic", "confirmed" if right else "inconsistent",
        subject=", ".join(ids[0] for ids in devices), attribute="sum", because=because,
        expected="" if right else f"{total / scale:,.4g}", evidence=(Evidence(because),),
    )  # fmt: skip


def _is_made(
    amount: Quantity, ones: Iterable[float], told: Iterable[float], slack: float, numbers: Iterable[int]
) -> bool:
    """Whether other numbers of devices, or a sum with what else is told, give an amount."""
    counts = {a * b for a, b in product({1, *numbers}, {1, *numbers})}
    made_of = {count * one for count, one in product(counts, ones)}
    made_of |= {a + b for a, b in product(made_of, told)}
    return any(abs(one / amount.value - 1) <= slack for one in made_of)


def _devices(passage: Passage, amount: Quantity, who: Spoken, context: Context) -> list[tuple[str, ...]]:
    """The devices that so many may be of, the likeliest last."""
    named = context.mentions.get(context.place(passage), ())
    every = [each.ids for each in (*who.topic, *named) if each.start < amount.start or each in who.topic]
    before = [each for each in who.own if each.end <= amount.start]
    likely = before[-1].ids if before else who.topic[0].ids if who.topic else None
    return [*(each for each in every if each != likely), likely] if likely else every


def _own(ids: Sequence[str], kind: str, context: Context) -> frozenset[float]:
    """What one of a device has, draws, or costs as the text tells."""
    if kind == "money":
        return prices_told(ids, context)
    found = {
        float(value)
        for key in usual(tuple(ids))
        for field in _FIELDS[kind]
        if isinstance(value := context.catalogue[key].value(field), int | float)
    }
    if kind == "memory":
        return frozenset((nominal_gb(value) or value / _SIZE) * _SIZE for value in found)
    return frozenset(found)


def _numbers(text: str, at: int) -> set[int]:
    """Every number of devices that a passage tells before a place, and right behind it."""
    return {_number(each["n"]) for each in _COUNT.finditer(text, 0, at + _REACH)} - {0, 1}


def _beside(text: str, sentence: Sentence, amount: Quantity) -> str:
    """The words of an amount's clause."""
    before = _CLAUSE.split(text[max(sentence.start, amount.start - _REACH) : amount.start])[-1]
    return before + " " + re.split(r"[.;,:]\s|\band\b", text[amount.end : sentence.end])[0]


def _plain(words: str) -> float:
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", words)
    return float(digits[0].replace(",", "")) if digits else 0.0
