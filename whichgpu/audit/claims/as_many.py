"""Amounts that so many of a device have together, of which one is proved by the other: "96 GB at 488 W".

"Four L4 cost 9,800 and offer together 96 GB at 488 W", "two would do, at $3,998 and 900 W": where a number
of the sentence times what one device has gives one amount of a list, that number and that device are meant,
and another amount of the list that neither they nor anything else around gives is wrong.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_products import context_words, known_of
from whichgpu.audit.claims.told_ratios import is_of_name
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_MEASURED = ("money", "power", "memory", "bandwidth")
_NUMBER = re.compile(
    rf"\b(?P<word>{'|'.join(SPELLED)}|both|pair|forty|fifty|sixty|hundred)\b|"
    r"(?<![\w.,$\u20ac])(?P<digits>\d{1,3})(?=\s?[x\u00d7]|\s+(?:of\b|such\b|more\b|cards?\b|gpus?\b|[A-Z]))",
    re.IGNORECASE,
)
_WORDS = {**SPELLED, "both": 2, "pair": 2, "forty": 40, "fifty": 50, "sixty": 60,
          "hundred": 100}  # fmt: skip
#: Between two amounts of one list: a few words without another statement.
_LISTED = re.compile(r"[^.;:!?()]{0,60}")
#: What makes an amount one of something else, or no whole of all of them.
_ELSE = re.compile(
    r"\b(?:each|apiece|a piece|per|every|instead|rather|than|sav\w+|left|free|idle|capped|limit\w*|measured|"
    r"averag\w+|more|less|fewer|plus|extra|another|wall|host|cpus?|weights?|model|needs?|cache|parameters|"
    r"supply|psu|server|chassis|hour|month|year|day|h|against|versus|vs|not|could|might|from)\b|n[\u2019']t\b|/",
    re.IGNORECASE,
)
#: What draws, costs and has more than its GPUs do.
_MACHINE = re.compile(
    r"\b(?:dgx|hgx|nodes?|systems?|servers?|machines?|racks?|pods?|chassis|workstations?|rigs?|instances?)\b",
    re.IGNORECASE,
)
_OF_ONE = re.compile(
    r"\s*(?:/|(?:each|apiece|a piece|more|less|left|free|extra|per|an? (?:hour|month|day|year|gpu|card))\b)",
    re.IGNORECASE,
)
#: How near a product must be, and how far from all an amount that is wrong.
_NEAR, _OFF, _FAR, _TOPIC = 0.012, 0.06, 8.0, 4


class _Way(NamedTuple):
    """A number of a device, and what of it makes an amount."""

    number: int
    mention: Mention
    one: Amount


def find(context: Context) -> Iterator[Finding]:
    """Every amount of such a list that is off."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.verdict == "confirmed"]
    for index, passage in context.document.running():
        every = [
            each for each in quantities(passage.text, context.fraction)
            if each.value > 0 and each.dimension in _MEASURED and not is_of_name(index, each.start, context)
        ]  # fmt: skip
        for sentence in sentences(passage.text) if len(every) > 1 else ():
            if _MACHINE.search(sentence.text):
                continue
            here = within(every, sentence.start, sentence.end)
            if len({each.dimension for each in here}) > 1:
                for found in _of_list(index, passage, sentence, here, context):
                    if not any(a < found.end and found.start < b for a, b in done):
                        yield found


def _of_list(
    index: int, passage: Passage, sentence: Sentence, here: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    taken = {each.start for each in here}
    numbers = sorted({n for at, n in _numbers(passage.text, sentence) if n > 1 and at not in taken})
    devices = _devices(index, passage, sentence, context) if numbers else []
    if not devices:
        return
    ways = {at: list(_ways(one, (1, *numbers), devices, context)) for at, one in enumerate(here)}
    for at, one in enumerate(here):
        several = [way for way in ways[at] if way.number > 1]
        if not several or any(way.number == 1 and way.one.words for way in ways[at]):
            continue
        for other, told in enumerate(here):
            if ways[other] or told.dimension == one.dimension or told.high != told.value:
                continue
            a, b = sorted((one, told))
            gap = passage.text[a.end : b.start]
            if abs(at - other) != 1 or not _LISTED.fullmatch(gap) or _ELSE.search(gap):
                continue
            if _OF_ONE.match(passage.text, a.end) or _OF_ONE.match(passage.text, b.end):
                continue
            yield from _judged(passage, told, several, (numbers, devices), context)


def _numbers(text: str, sentence: Sentence) -> Iterator[tuple[int, int]]:
    for match in _NUMBER.finditer(text, sentence.start, sentence.end):
        yield match.start(), _WORDS[match["word"].lower()] if match["word"] else int(match["digits"])


def _devices(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[Mention]:
    """The devices of the sentence; where it names none, those that the text named before it."""
    own = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    if own:
        return list(own)
    before = [each for each in context.mentions.get(index, ()) if each.end <= sentence.start]
    back = index - 1
    while len(before) < _TOPIC and back >= max(0, index - _TOPIC):
        before = [*context.mentions.get(back, ()), *before]
        back -= 1
    return before[-_TOPIC:]


def _ways(
    one: Quantity, numbers: Sequence[int], devices: Sequence[Mention], context: Context
) -> Iterator[_Way]:
    for mention in devices:
        for value in known_of(mention, one.dimension, context):
            for number in numbers:
                if abs(number * value.value / value.number / one.value - 1) <= _NEAR:
                    yield _Way(number, mention, value)


def _judged(
    passage: Passage, told: Quantity, several: Sequence[_Way], known: tuple[Sequence[int], Sequence[Mention]],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    # Of several that the proof may be of the one named last is told.
    way = several[-1]
    values = known_of(way.mention, told.dimension, context)
    if told.dimension == "money":
        # Prices in another currency, or those that cards were launched at, are not what somebody paid.
        values = [each for each in values if each.words and (told.unit in each.words or not told.unit)]
    real = [way.number * each.value / each.number for each in values]
    if not real or any(abs(each / told.value - 1) <= _OFF for each in real):
        return
    numbers = {1, *known[0], *(a * b for a in known[0] for b in known[0])}
    every = (
        n * value
        for value in {one.value for each in known[1] for one in known_of(each, told.dimension, context)}
        for n in numbers
    )
    before = (
        each.value for passage_ in context.document.passages if passage_.start < passage.start
        for each in quantities(passage_.text, context.fraction) if each.dimension == told.dimension
    )  # fmt: skip
    if not 1 / _FAR < real[0] / told.value < _FAR or any(
        abs(each / told.value - 1) <= _NEAR for each in chain(before, every)
    ):
        return
    scale = 1e9 if told.dimension in ("memory", "bandwidth") else 1.0
    because = (
        f"{way.number} x {values[0].words or context_words(values[0])} is {real[0] / scale:,.6g}, "
        f"as the other amount is of {way.number} of them"
    )
    yield made(
        context, passage, (told.start, told.end), "arithmetic", "inconsistent", attribute="told before",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip
