"""Prices per gigabyte, by the prices that the text tells of a device, and its memory: "EUR 14 per GB"."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.fields import headed
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import store
from whichgpu.audit.prices import plain_money, prices, prices_told, told_before
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

_GB = r"(?:GB|gigs?|gigabytes?)\b(?!/s| per second| a second)"
#: "$26.80 per GB", "74 euros for each gigabyte".
_BEHIND = re.compile(
    rf"\s*(?:/\s?|per |a |an |for (?:each|every|a) |je |pro )(?:single )?{_GB}", re.IGNORECASE
)
#: "Per gigabyte that is $24", "each gigabyte of VRAM costs you $27".
_BEFORE = re.compile(rf"\b(?:per|each|every)\s+{_GB}(?:\s+of\s+\w+)?[^.;:\d$\u20ac]{{0,32}}$", re.IGNORECASE)
#: Between one of these and the next, of another device: "where the P40 costs EUR 14".
_AND_OTHER = re.compile(
    r"[^.;\d]{0,12}(?:,|\band\b|\bwhere\b|\bwhile\b|;)[^.;]{0,60}?\b(?:is|are|costs?|has|comes to|was|at)\s+"
    r"(?:it is |about |only |just |around )*",
    re.IGNORECASE,
)
#: What makes it a price of something else.
_ELSE = re.compile(
    r"\b(?:per month|a month|hour\w*|storage|ssd|ram|traffic|egress|bandwidth|if|would|average|market|"
    r"tokens?)\b",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(r"\b(?:yours|mine|ours|his|hers|theirs|the other(?: one)?)\b", re.IGNORECASE)
_WHILE = re.compile(r"(?:\b(?:while|whereas|but)\b|;)\s+(?=(?:the|an?|nvidia|amd|our|my)\s)", re.IGNORECASE)
_NEAR = 24
_SLACK, _ABOUT, _LEAST, _MOST = 0.012, 0.05, 0.3, 4.0


def find(context: Context) -> Iterator[Finding]:
    """Every price per gigabyte with its verdict, where the price and the memory are told or on file."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if re.search(_GB, passage.text, re.IGNORECASE) else ():
            for amount in _amounts(passage.text, sentence, context.fraction):
                found = _judged(passage, amount, spoken(index, passage, sentence, context), context)
                if found is not None and not (found.accuses and _ELSE.search(sentence.text)):
                    yield found


_PRICED_AT = re.compile(r"(?<!comes)(?<!out)(?<!works) at (?:about |around )?[$\u20ac]?$", re.IGNORECASE)


def _amounts(text: str, sentence: Sentence, fraction: str) -> Iterator[Quantity]:
    last: Quantity | None = None
    for each in within(quantities(text, fraction), sentence.start, sentence.end):
        if each.dimension != "money" or each.high != each.value or not each.value:
            continue
        if _PRICED_AT.search(text, max(0, each.start - _NEAR), each.start):
            # "A 3060 at $250 to $21": the price that it is worked out from.
            continue
        behind = _BEHIND.match(text, each.end)
        before = _BEFORE.search(text, max(sentence.start, each.start - 72), each.start)
        other = last is not None and each.dimension == last.dimension
        if behind or before or (other and last and _AND_OTHER.fullmatch(text, last.end, each.start)):
            yield each
            last = each._replace(end=behind.end() if behind else each.end)


def _of_rows(context: Context) -> Iterator[float]:
    """What a gigabyte costs by each row of the tables that tell prices and sizes."""
    told = [each for each in store(context) if not each.derived]
    for priced in (each for each in told if each.measure == "price"):
        for sized in (each for each in told if each.measure == "memory" and each.group == priced.group):
            sizes = {one.name: one.value / 1e9 for one in sized.amounts}
            yield from (one.value / sizes[one.name] for one in priced.amounts if one.name in sizes)


def _judged(passage: Passage, amount: Quantity, who: Spoken, context: Context) -> Finding | None:
    # "$4,999 over 128 GB is $39, while the 5090 works out at $150": not of the price before its name.
    since = max((each.end() for each in _WHILE.finditer(passage.text, 0, amount.start)), default=0)
    own = [each.ids for each in who.own if since <= each.start and each.end <= amount.start] if since else []
    devices = own or _devices(amount, who)
    sizes = {size for ids in devices for size in _sizes(ids, context)}
    beside = told_before(passage.text, amount.start, context.fraction, "memory")
    sizes |= {value / 1e9 for value in beside}
    asked = {value for ids in devices for value in prices(ids, context)}
    asked |= set(
        told_before(
            passage.text[since:],
            amount.start - since,
            context.fraction,
            "money",
        )
    )
    asked -= {amount.value}
    each = sorted((price / size, price, size) for price, size in product(asked, sizes) if size)
    near = [one for one in each if _LEAST < one[0] / amount.value < _MOST]
    if not near or not any(_sizes(ids, context) for ids in devices):
        return None
    slack = (_ABOUT if amount.limit else _SLACK) + _digit(passage.text, amount) / amount.value
    sure = any(each.end <= amount.start for each in who.own) or headed(passage, who, context)
    if not sure and not context.mentions.get(context.place(passage)):
        return None
    if not sure or _OF_OTHERS.search(passage.text, max(0, amount.start - _NEAR), amount.start):
        # Of which device it is, is not said: any of the text may be meant.
        near += list(_anywhere(passage, context))
    value, price, size = min(near, key=lambda one: abs(one[0] / amount.value - 1))
    right = abs(value / amount.value - 1) <= slack
    told = any(prices_told(ids, context) - {amount.value} for ids in devices)
    if right:
        context.memo.setdefault("given", []).append(passage.span(amount.start, amount.end))
    if not right and ((since and not own) or not told):
        # A price of today is not the one of the launch.
        return None
    if not right and any(abs(one / amount.value - 1) <= slack for one in _of_rows(context)):
        # What a table's prices and sizes make of a row, by whatever name it is spoken of.
        return None
    because = f"{price:,.0f} for {size:g} GB are {value:.3g} for each"
    return made(
        context, passage, (amount.start, amount.end), "arithmetic", "confirmed" if right else "inconsistent",
        attribute="price per gigabyte", because=because, expected="" if right else f"{value:.3g}",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _anywhere(passage: Passage, context: Context) -> Iterator[tuple[float, float, float]]:
    """The prices per gigabyte of every device that the text names, and of what the passage tells."""
    for ids in {each.ids for found in context.mentions.values() for each in found}:
        for price, size in product(prices(ids, context), _sizes(ids, context)):
            yield price / size, price, size
    every = quantities(passage.text, context.fraction)
    sizes = [each.value / 1e9 for each in every if each.dimension == "memory"]
    for money, size in product(plain_money(passage.text, context.fraction), sizes):
        if size:
            yield money.value / size, money.value, size


def _devices(amount: Quantity, who: Spoken) -> Sequence[tuple[str, ...]]:
    """The devices that an amount may be of: those of its sentence, else what that is about."""
    return [each.ids for each in who.here] + [each.ids for each in who.topic]


def _sizes(ids: Sequence[str], context: Context) -> set[float]:
    every = (context.catalogue[key].value("memory") for key in ids)
    return {float(nominal_gb(value) or value / 1e9) for value in every if isinstance(value, int | float)}


def _digit(text: str, amount: Quantity) -> float:
    """Half of the last digit of an amount as it is written."""
    digits = re.search(r"\d[\d,]*(?:\.(\d+))?", text[amount.start : amount.end])
    return 0.5 * 10 ** -len(digits[1] or "") if digits else 0.0
