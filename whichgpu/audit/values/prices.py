"""What a text tells of the price of each device, wherever it does: "A40, EUR 3,900", "it sells for $650"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, topic, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity

#: Behind money, that it is a rate.
_RATE = re.compile(
    r"\s*(?:/|per\b|an?\b|each\b|for (?:each|every|an?)\b|the)\s*(?:gpu[- ]?|card[- ]?|instance[- ]?)?"
    r"(?:hours?|hrs?|h|kwh|kilowatt|tokens?|million|1?m|months?|mo|days?|weeks?|years?|minutes?|seconds?|"
    r"gb|gig\w*|images?|1,?000|"
    r"tflops?|watt)\b",
    re.IGNORECASE,
)
#: Before a bare number that is a price.
_PAID = re.compile(
    r"\b(?:paid|pay|costs?|sells?(?: it| them)? for|goes? for|go for|bought (?:it |them )?for|"
    r"for (?:about |like |around )?|price[ds]?(?: at| of| is)?|asks?|at|around|about)\s*(?:about |around |"
    r"like |some |~)*$",
    re.IGNORECASE,
)
#: Behind a bare number that is no price.
_NO_PRICE = re.compile(
    r"\s*(?:%|percent|[a-z]*(?:gb|gig\w*|w\b|watt\w*|t/s|tok\w*|hours?|days?|cores?|cards?|gpus?|"
    r"years?|months?|bits?|layers?|x\b|times|tokens?|users?))",
    re.IGNORECASE,
)
_LEAST, _NEAR = 50, 24


def plain_money(text: str, fraction: str) -> tuple[Quantity, ...]:
    """The amounts of money of a text that are no rates, and bare numbers that are paid."""
    return tuple(_plain(text, fraction))


def _plain(text: str, fraction: str) -> Iterator[Quantity]:
    for each in quantities(text, fraction):
        if each.high != each.value:
            continue
        if each.dimension == "money" and not _RATE.match(text, each.end):
            yield each
        elif each.dimension == "number" and each.value >= _LEAST and _is_paid(text, each):
            yield each._replace(dimension="money")


def _is_paid(text: str, each: Quantity) -> bool:
    before = _PAID.search(text, max(0, each.start - _NEAR), each.start)
    return before is not None and not _NO_PRICE.match(text, each.end)


def prices_told(ids: Sequence[str], context: Context) -> frozenset[float]:
    """Every price that the passages on a device tell, whatever of it they are of."""
    return _prices(context).get(model(ids[0], context.catalogue), frozenset())


def prices(ids: Sequence[str], context: Context) -> frozenset[float]:
    """Every price that the passages on a device tell, and its launch price."""
    told = prices_told(ids, context)
    launch = (context.catalogue[each].value("launch_price") for each in ids)
    return told | {float(each) for each in launch if isinstance(each, int | float)}


def _prices(context: Context) -> Mapping[frozenset[str], frozenset[float]]:
    known: dict[frozenset[str], frozenset[float]] | None = context.memo.get("prices told")
    if known is None:
        found: dict[frozenset[str], set[float]] = {}
        for index, passage in enumerate(context.document.passages):
            amounts = {each.value for each in plain_money(passage.text, context.fraction)}
            for key in _spoken_of(index, passage, context) if amounts else ():
                found.setdefault(key, set()).update(amounts)
        known = context.memo["prices told"] = {key: frozenset(each) for key, each in found.items()}
    return known


def _spoken_of(index: int, passage: Passage, context: Context) -> set[frozenset[str]]:
    """The models that a passage, or the heading above it, speaks of."""
    every = list(context.mentions.get(index, ()))
    every += [one for line in passage.section[-1:] for one in mentions(line, context.catalogue)]
    every += topic(index, passage, context)[0]
    return {model(each.ids[0], context.catalogue) for each in every}


def told_before(text: str, at: int, fraction: str, dimension: str, back: int = 2) -> list[float]:
    """The values of a dimension that a sentence tells, up to its end, and the sentences before it."""
    every = [one for one in sentences(text) if one.start <= at]
    start = every[-1 - back].start if len(every) > back else 0
    end = every[-1].end if every else len(text)
    found = plain_money(text, fraction) if dimension == "money" else quantities(text, fraction)
    return [each.value for each in within(found, start, end) if each.dimension == dimension]
