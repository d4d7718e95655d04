"""Series that sentences tell: "the 5090 needs 41 minutes, the 4090 58", "3060: 280 eur, 52 t/s 3090: ..".

Each amount is that of the device right before it or right behind it, in one way for a whole sentence; a
number without a unit goes on in that of the first. Lines of names with colons are read alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.store import Amount
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity

_KINDS = ("money", "power", "time", "rate", "energy")
#: From a device to its amount, and from an amount to its device.
_HAS = re.compile(
    r"(?:[\u2019']s)?(?:\s+(?:Ti|SUPER|card|one))?\s*(?::|,|\()?\s*(?:(?!than\b|as\b|of\b|over\b|under\b|more\b|less\b|times\b|"
    r"and\b|against\b|from\b|each\b|two\b|three\b|four\b|eight\b|"
    r"both\b)[A-Za-z]+\s+){0,5}?(?:~|about |around |only |just )?",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"(?:\s+(?:an? |per )?[a-z]+){0,2}?\s+(?:for|on|with|by|from)\s+(?:the |an? |our |my )?", re.IGNORECASE
)
#: What makes an amount none that is told of one by itself.
_NO = re.compile(
    r"\b(?:if|would|could|might|more|less|cheaper|dearer|difference|save[sd]?|saving|together|total|sum|than|instead|"
    r"each|pair|both|from)\b|\?",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\b(?:two|three|four|six|eight|ten|\d{1,2}\s?[x\u00d7]?)\s+(?:of the\s+)?$", re.IGNORECASE
)
_COLON = re.compile(r"[^:;.,\d]{0,16}:\s")
_TWO = 2


def told(context: Context) -> Iterator[tuple[str, str, tuple[Amount, ...], tuple[str, ...]]]:
    """Each series: its words, the dimension, its amounts and the headings above it."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        every = [
            each
            for each in quantities(passage.text, context.fraction)
            if each.value > 0 and each.high == each.value
        ]
        if len(named) < _TWO or len(every) < _TWO:
            continue
        listed = [each for each in named if _COLON.match(passage.text, each.end)]
        if len(listed) >= _TWO:
            for dimension, amounts in _of_lines(passage.text, listed, every).items():
                yield "", dimension, tuple(amounts), passage.section
            continue
        for sentence in sentences(passage.text):
            here = within(named, sentence.start, sentence.end)
            if len(here) < _TWO or _NO.search(sentence.text):
                continue
            for dimension, amounts in _of_sentence(
                passage.text, here, within(every, sentence.start, sentence.end)
            ).items():
                yield sentence.text[:120], dimension, tuple(amounts), passage.section


def _of_lines(text: str, listed: Sequence[Mention], every: Sequence[Quantity]) -> dict[str, list[Amount]]:
    """The first amount of each kind behind each name with a colon."""
    found: dict[str, list[Amount]] = {}
    for at, mention in enumerate(listed):
        until = listed[at + 1].start if at + 1 < len(listed) else len(text)
        seen: set[str] = set()
        for one in within(every, mention.end, until):
            if one.dimension in _KINDS and one.dimension not in seen:
                seen.add(one.dimension)
                found.setdefault(one.dimension, []).append(_amount(mention, one, text))
    return {
        key: each
        for key, each in found.items()
        if len(each) == len(listed) == len({one.name for one in each})
    }


def _of_sentence(text: str, here: Sequence[Mention], every: Sequence[Quantity]) -> dict[str, list[Amount]]:
    before, behind = [], []
    for mention in here:
        if _MANY.search(text, max(0, mention.start - 16), mention.start):
            continue
        after = [each for each in every if each.start >= mention.end]
        ahead = [each for each in every if each.end <= mention.start]
        if after and _HAS.fullmatch(text, mention.end, after[0].start):
            before.append((mention, after[0]))
        if ahead and _FOR.fullmatch(text, ahead[-1].end, mention.start):
            behind.append((mention, ahead[-1]))
    pairs = max(behind, before, key=len)
    kinds = [one.dimension for _, one in pairs if one.dimension in _KINDS]
    if len(pairs) < _TWO or not kinds or len({*kinds}) != 1 or pairs[0][1].dimension != kinds[0]:
        return {}
    unit = _unit(text, pairs[0][1])
    amounts = [_amount(mention, _in_unit(one, kinds[0], unit), text) for mention, one in pairs
               if one.dimension == kinds[0] or (one.dimension == "number" and unit)]  # fmt: skip
    names = [each.ids for each in amounts]
    return {kinds[0]: amounts} if len(amounts) >= _TWO and len({*names}) == len(names) else {}


def _in_unit(one: Quantity, dimension: str, unit: float) -> Quantity:
    """A number without its unit in that of the first."""
    return one if one.dimension == dimension else one._replace(value=one.value * unit, high=one.high * unit)


def _unit(text: str, one: Quantity) -> float:
    """What an amount has by its number: 60 of so many minutes."""
    digits = re.search(r"\d[\d,]*(?:\.\d+)?", text[one.start : one.end])
    number = float(digits[0].replace(",", "")) if digits else 0.0
    return one.value / number if number else 0.0


def _amount(mention: Mention, one: Quantity, text: str) -> Amount:
    return Amount(
        mention.text.lower(), frozenset(mention.ids), 1.0, one.value, one.high, text[one.start : one.end]
    )
