"""What is said of a second device without its verb: "the L4 is an Ada card, the A30 a Turing card".

The first part of the sentence tells of what the second part is: an architecture after one, the date and price
of a launch after those of another.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.identity import of_family
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.text.quantities import quantities, read_number
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: Before the second device, and between it and its architecture, behind which nothing else is told.
_NEXT = re.compile(
    r"[,;]\s+(?:(?:and|while|whereas|but)\s+)?(?:the\s+|an?\s+|nvidia(?:[\u2019']s)?\s+|amd\s+)*$", re.I
)
_GAP = re.compile(
    r"\s+(?:(?:an?|of|to|from|on|the|in|newer|older|new|old|already|still|just|only)\s+)*", re.IGNORECASE
)
_ENDS = re.compile(
    r"(?:[ -](?:lovelace|based|generation|class))*(?:\s+(?:one|card|gpu|part|chip|board|"
    r"architecture|generation|family|design|silicon))?(?:\s+(?:of|from|in)\s+20\d\d|"
    r"\s*\([^()]{0,24}\)|\s+too|\s+as well)?\s*(?:[.,;)]|$)",
    re.IGNORECASE,
)
#: Of the first device, that it is of its architecture.
_IS = re.compile(
    r"\b(?:is|was|are|belongs?|comes?|came|uses?|used|based|built|stems?|dates?)\b[^,;]{0,30}$", re.IGNORECASE
)
_NO = re.compile(
    r"\b(?:not|neither|nor|never|than|respectively|successors?|predecessors?)\b|n[\u2019']t\b", re.I
)
#: "In October 2022 for $1,499", behind the second device, and what the first was told by.
_AND_SOLD = re.compile(
    r"\s+(?:in|on)\s+(?:(?:early|mid|late)[- ])?(?:[A-Z][a-z]+\s+)?(?:\d{1,2},?\s+)?20\d\d,?\s+"
    r"(?:for|at)\s+(?=[$\u20ac])"
)
_LAUNCHED = re.compile(
    r"\b(?:launched|released|introduced|debuted|came out|came|appeared|arrived|started|went on sale)\b",
    re.IGNORECASE,
)


def gapped(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """What a passage says in this form, and what is wrong."""
    found = context.mentions.get(index, ())
    for sentence in sentences(passage.text) if len(found) > 1 else ():
        here = within(found, sentence.start, sentence.end)
        if len(here) < 2 or not is_asserted(sentence.text) or _NO.search(sentence.text):
            continue
        for before, mention in pairwise(here):
            if before.named != mention.named and _NEXT.search(passage.text, before.end, mention.start):
                yield from _architecture(passage, sentence, mention, context)
                yield from _later(passage, sentence, before, mention, context=context)
                yield from _price(passage, sentence, before, mention, context=context)


def _architecture(
    passage: Passage, sentence: Sentence, mention: Mention, context: Context
) -> Iterator[Finding]:  # fmt: skip
    text = passage.text
    told = list(architectures().finditer(text, sentence.start, mention.start))
    gap = _GAP.match(text, mention.end)
    own = architectures().match(text, gap.end()) if gap and len(told) == 1 else None
    if (
        own is None
        or not _IS.search(text, sentence.start, told[0].start())
        or not _ENDS.match(text, own.end())
    ):
        return
    gpus = [context.catalogue[key] for key in mention.named]
    if not any(is_of(gpu, own[0]) for gpu in gpus):
        yield of_family(passage, own.span(), own[0], gpus, context)


#: How much later, where the first one's launch is told: "in December 2022, the 5090 a year later".
_LATER = re.compile(
    r"\s+(?:(?:about|roughly|just|only|some|almost|nearly)\s+)?(?P<n>an?|one|two|three|four|five|\d)\s+"
    r"(?P<of>years?|months?)\s+(?P<way>later|earlier|before|after)\b",
    re.IGNORECASE,
)
_MONTHS = {"year": 12.0, "month": 1.0}
#: How many months off, and what share of it, a time between two launches may be.
_OFF, _SHARE = 4.0, 0.25


def _later(
    passage: Passage, sentence: Sentence, before: Mention, mention: Mention, *, context: Context
) -> Iterator[Finding]:  # fmt: skip
    """A launch that is told by how long after another one it was, and was not then."""
    match = _LATER.match(passage.text, mention.end, sentence.end)
    if match is None or not _LAUNCHED.search(passage.text, before.end, mention.start):
        return
    dates = [
        [
            when
            for key in each.named
            if (when := _month(str(context.catalogue[key].value("release_date") or "")))
        ]
        for each in (before, mention)
    ]
    if not all(dates):
        return
    number = 1.0 if match["n"].lower() in ("a", "an", "one") else read_number(match["n"])
    told = number * _MONTHS[match["of"].lower().rstrip("s")]
    told = -told if match["way"].lower() in ("earlier", "before") else told
    gaps = [later - first for first in dates[0] for later in dates[1]]
    if all(abs(gap - told) > max(_OFF, _SHARE * abs(told)) for gap in gaps):
        gpu = context.catalogue[mention.named[0]]
        place = (match.start() + 1, match.end())
        yield of_field(passage, place, "identity", "release_date", [gpu], "contradicted", context)


def _month(date: str) -> float:
    """A date as a number of months; zero for one without a month."""
    return 12.0 * int(date[:4]) + int(date[5:7]) if len(date) >= len("2020-01") else 0.0


def _price(
    passage: Passage, sentence: Sentence, before: Mention, mention: Mention, *, context: Context
) -> Iterator[Finding]:  # fmt: skip
    """A price of the launch that is none of any form of the device."""
    text = passage.text
    sold = _AND_SOLD.match(text, mention.end)
    if sold is None or not _LAUNCHED.search(text, before.end, mention.start):
        return
    amount = next(iter(within(quantities(text, context.fraction), sold.end(), sentence.end)), None)
    gpus = [context.catalogue[key] for key in mention.named]
    known = [float(str(price)) for gpu in gpus if (price := gpu.value("launch_price"))]
    if (
        amount is None
        or amount.start != sold.end()
        or amount.unit not in ("$", "USD")
        or len(known) != len(gpus)
    ):
        return
    if not any(abs(amount.value / each - 1) < _NEAR for each in known):
        place = (amount.start, amount.end)
        yield of_field(passage, place, "price", "launch_price", gpus, "contradicted", context)


#: Prices that are the same but for rounding.
_NEAR = 0.005
