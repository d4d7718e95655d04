"""What a gigabyte of a device's memory costs: "the $1,999 RTX 5090 costs $52 per gigabyte"."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.excluded.scope import inconsistent, is_rounded
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_PER_GB = re.compile(r"\s*(?:per|a|for (?:a|each|every)|/)\s*(?:gigabyte|GB)\b(?!/)", re.IGNORECASE)
#: A sentence that tells of gigabytes first, and then what they cost.
_OF_GB = re.compile(
    r"\b(?:per|for each|for every)\s+(?:gigabyte|GB)\b(?!/)[^.;]{0,60}?\b(?:costs?|pays?|is|are|comes? to|"
    r"that[\u2019']s|makes)\s[^.;\d]{0,30}$|"
    r"\b(?:a|each|every)\s+(?:gigabyte|GB)\b(?!/)[^.;]{0,30}?\b(?:costs?|comes? to)\s[^.;\d]{0,20}$",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\?|\b(?:ram|storage|disk|ssd|traffic|egress|transfer\w*|month\w*|hour\w*|download\w*|if|would|ddr\d)\b",
    re.IGNORECASE,
)
#: A gigabyte by the hour, which is of a rent.
_RENTED = re.compile(r"\bgigabytes?\b[^;]{0,40}\b(?:per|an) hour\b", re.IGNORECASE)
_NEAR, _MOST = 0.025, 12
#: How many gigabytes the smallest card has of which such a price is told.
_LEAST = 4


def per_gigabyte(context: Context) -> Iterator[Finding]:
    """Every such price that no price over no memory around gives."""
    for index, passage in context.document.running():
        text = passage.text
        for sentence in sentences(text):
            told = within(quantities(text, context.fraction), sentence.start, sentence.end)
            if _ELSE.search(sentence.text) or _RENTED.search(text) or not is_asserted(sentence.text):
                continue
            for each in told:
                start = max(sentence.start, each.start - 120)
                of_it = _PER_GB.match(text, each.end) or _OF_GB.search(text, start, each.start)
                if each.dimension != "money" or each.high != each.value or not of_it:
                    continue
                ways = [*_ways(index, text, each.start, each.value, context)]
                if not ways or any(
                    is_rounded(each.value, way, text[each.start : each.end], _NEAR) for way in ways
                ):
                    continue
                near = min(ways, key=lambda way: abs(way / each.value - 1))
                because = (
                    f"no price and no memory that are told around give it; the nearest is {near:,.3g} per GB"
                )
                yield inconsistent(passage, (each.start, each.end), because, context)
            yield from _paired(index, passage, sentence, context)


#: That a sentence tells what a gigabyte costs, of each device that it names with a price.
_IN_GB = re.compile(r"\b(?:per|for each|for every|a)\s(?:gigabyte|GB)\b(?!/)", re.IGNORECASE)
#: Between a price and the device behind it, and between a device and the price behind it.
_OF_DEVICE = re.compile(r"\s(?:nvidia |geforce |used |new )*", re.IGNORECASE)
_AT_PRICE = re.compile(
    r"s?(?:\scards?)?,?\s(?:(?:at|for|costs?|is|goes for|sells for|priced at|currently|now)\s|\(|"
    r"around\s|about\s|"
    r"an?\s|street\sprice\s(?:of\s)?)*",
    re.IGNORECASE,
)


def _paired(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What follows the price of each device in a sentence on gigabytes: "a $720 3090 is $30"."""
    if not _IN_GB.search(sentence.text):
        return
    text, names = passage.text, context.mentions.get(index, ())
    told = [
        each
        for each in within(quantities(text, context.fraction), sentence.start, sentence.end)
        if each.dimension == "money" and each.high == each.value
    ]
    for price, result in pairwise(told):
        at = [
            one
            for one in names
            if _OF_DEVICE.fullmatch(text, price.end, one.start)
            or _AT_PRICE.fullmatch(text, one.end, price.start)
        ]
        if not at or result.value * _LEAST > price.value:
            continue
        sizes = [nominal_gb(float(context.catalogue[key].value("memory") or 0)) or 0 for key in at[0].ids]
        many = {1.0, counted(text, sentence.start, at[0].start), *_numbers(sentence.text)}
        ways = [price.value / size / n for size in sizes if size for n in many]
        words = text[result.start : result.end]
        if ways and not any(is_rounded(result.value, way, words, _NEAR) for way in ways):
            because = f"{text[price.start : price.end]} over {max(sizes):g} GB are {min(ways):,.4g}"
            yield inconsistent(passage, (result.start, result.end), because, context)


def _numbers(text: str) -> list[float]:
    """The numbers of a sentence that may be of devices."""
    return [float(SPELLED[each[0].lower()]) for each in _NUMBER.finditer(text) if each[0].lower() in SPELLED]


_NUMBER = re.compile(r"\b[A-Za-z]+\b")


#: Passages above that may tell of the memory.
_ABOVE = 6


def _ways(index: int, text: str, at: int, price: float, context: Context) -> Iterator[float]:
    """Each price that is told, or a launch price on file, over each memory that is told, or on file."""
    names = context.mentions.get(index, ())
    gpus = [context.catalogue[key] for each in names for key in each.ids]
    if not gpus or len({each.named for each in names}) > _MOST:
        return
    amounts = quantities(text, context.fraction)
    paid = [
        each.value
        for each in amounts
        if each.dimension == "money" and each.start != at and not _PER_GB.match(text, each.end)
    ]
    # Of cards: "$12.50 and $0.86" are none.
    paid = [each for each in paid if each >= _LEAST * price]
    if not paid:
        # By which price it is worked out is not told.
        return
    paid += [
        float(gpu.value("launch_price")) for gpu in gpus if isinstance(gpu.value("launch_price"), int | float)
    ]
    # What is paid for was told before, it may be in an answer above.
    above = (each.text for each in context.document.passages[max(0, index - _ABOVE) : index])
    told = chain(amounts, *(quantities(one, context.fraction) for one in above))
    sizes = [each.value / 1e9 for each in told if each.dimension == "memory"]
    sizes += [float(nominal_gb(float(gpu.value("memory") or 0)) or 0) for gpu in gpus]
    sizes += [size * 2 for size in sizes]
    yield from (price / size for price in dict.fromkeys(paid) for size in dict.fromkeys(sizes) if size)
