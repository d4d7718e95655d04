"""Values of the one device that a sentence names, wherever they stand: "to its memory lead 600 GB/s".

What nothing else read of a sentence with one device, and one value of a kind, is that device's by its unit,
where no word of its clause makes it something else's. Only what is plain is accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative, is_its_own
from whichgpu.audit.clauses.values import FAR, shares
from whichgpu.audit.devices.families import architectures
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import models
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes, named, qualifiers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

_ENDS = re.compile(
    r"[;:]\s+|\s+[\u2013\u2014]\s+|,\s+(?=(?:and|but|so|while|whereas|although|though|because|which|where)\s)"
)
_LINK = re.compile(
    r"\b(?:nvlink|links?|bridges?|bridged|interconnect|fabric|pcie?|infinity|network\w*|ethernet|infiniband|usb|ssd|"
    r"disk|nvme|host|switch\w*|neighbou?rs?|each other|dies|caches?|l[123]|effective|way|direction)\b|"
    r"\bNIC\b",
    re.IGNORECASE,
)
_OF_MEMORY = re.compile(
    r"\b(?:memory|vram|hbm\w*|gddr\w*|soldered|on[- ]board|video memory|frame ?buffer|chips)\b", re.IGNORECASE
)
_OF_POWER = re.compile(
    r"\b(?:(?:thermal|power|heat) (?:limit|budget|envelope|design|rating)|rated|rating|tdp|tgp|tbp|"
    r"specifi\w+|nominal)\b",
    re.IGNORECASE,
)
_OF_BUS = re.compile(r"\b(?:lines|wide|bus|interface|path)\b", re.IGNORECASE)
_OF_LAUNCH = re.compile(
    r"\b(?:launch\w*|debut|when (?:it was )?new|list(?:ed)?|msrp|rrp|recommended|official(?:ly)?|sticker|"
    r"introduct\w+|"
    r"release[ds]?|first day)\b",
    re.IGNORECASE,
)
_PRICED = re.compile(
    r"\b(?:used|second[- ]?hand|street|today|now|currently|ebay|amazon|hour|month|rent\w*|paid|below|"
    r"above|under|over|"
    r"discount\w*|deal|sale|saved?|sav\w+|per|from|down|cut|drop\w*|partner|custom|edition|refurb\w*|20[12]\d)\b",
    re.IGNORECASE,
)
#: What makes a value another's, or of a part, whatever its clause goes on about.
_ELSE = re.compile(
    r"\b(?:laptop|notebook|mobile|max-q|overclock\w*|compar\w+|match\w*|rival\w*|beats?|successor|predecessor|"
    r"previous|older|newer|next|other|another|both|difference|more|less|half|twice|would|could|model|"
    r"prompt|cluster|bought|tested|our|my|your|needs?|requires?|instead|rather|unlike|controllers?|without|not|no|never|"
    r"drops?|falls? back|only when|whenever|if|slice|instance)\b|n[\u2019']t\b|[\"\u201c?=+~\u2248\u00d7]",
    re.IGNORECASE,
)
#: Bits of the narrowest bus of memory.
_NARROWEST = 32
_COUNTS = ("cores", "tensor_cores", "rt_cores", "sms", "transistors")
#: Between a value and the device behind it, whose it is.
_OF_IT = re.compile(
    r"[^.;:]{0,48}\b(?:on|onto|of|with|for|from|in|into|inside|aboard|to|which)\s+(?:the\s+|an?\s+|nvidia\s+|amd\s+)*",
    re.I,
)
_BEHIND, _BEFORE = 30, 160
#: Dimensions of what a link to another device has too.
_OF_LINKS = ("bandwidth", "memory", "bits", "bit rate")


def sole(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """The values of a sentence of one device that are not the device's, and that nothing else read."""
    found = [
        each
        for each in quantities(passage.text, context.fraction)
        if sentence.start <= each.start < sentence.end
    ]
    if not found or not is_asserted(sentence.text) or models(sentence.text):
        return
    who = spoken(index, passage, sentence, context)
    one = who.here[0] if len({each.named for each in who.here}) == 1 else None
    if one is None or one in who.against or counted(passage.text, sentence.start, one.start) > 1:
        return
    for start, end in _clauses(sentence):
        inside = within(found, start, end)
        if within(who.here, start, end) and _is_plain(passage.text, (start, end), inside, who.here):
            for quantity in inside:
                if [each.dimension for each in inside].count(quantity.dimension) == 1:
                    yield from _judged(passage, (start, end), quantity, one, here=who.here, context=context)


def _clauses(sentence: Sentence) -> Iterator[tuple[int, int]]:
    start = sentence.start
    for match in _ENDS.finditer(sentence.text):
        yield start, sentence.start + match.start()
        start = sentence.start + match.end()
    yield start, sentence.end


def _is_plain(text: str, place: tuple[int, int], values: Sequence[Quantity], here: Sequence[Mention]) -> bool:
    """Whether no word of a clause but its names and values says that it is of something else."""
    words = list(text[slice(*place)])
    told = [(each.start, each.end) for each in values] + [(each.start, each.end) for each in here]
    for start, end in told:
        for at in range(max(start, place[0]), min(end, place[1])):
            words[at - place[0]] = " "
    said = "".join(words)
    return (
        is_indicative(said)
        and is_its_own(said)
        and not _ELSE.search(said)
        and not architectures().search(said)
    )


def _judged(
    passage: Passage, place: tuple[int, int], quantity: Quantity, one: Mention, *, here: Sequence[Mention],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    text = passage.text
    clause = text[slice(*place)]
    # A link that the text before tells rates of is the one whose rates it goes on with.
    near = text[max(0, place[0] - _BEFORE) : place[1]]
    attribute = (
        None if quantity.dimension in _OF_LINKS and _LINK.search(near) else _attribute(text, clause, quantity)
    )
    taken = any(each.start <= quantity.start < each.end for each in here)
    behind = one.start >= quantity.end and _OF_IT.fullmatch(text, quantity.end, one.start) is None
    if (
        attribute is None
        or taken
        or behind
        or text[one.end : one.end + 1] == "s"
        or quantity.high != quantity.value
        or quantity.limit not in ("", "about", "up to")
    ):
        return
    begin, end = passage.span(quantity.start, quantity.end)
    known: list[Finding] = context.memo.get("found", [])
    if any(each.start < end and begin < each.end for each in known):
        return
    gpus = [context.catalogue[key] for key in one.ids]
    wider = [context.catalogue[key] for key in one.named]
    verdicts = [
        verdict_on(text, quantity, attribute, each, said=qualifiers(clause), context=context)
        for each in (gpus, wider)
    ]
    alike = any(1 / FAR < each < FAR for each in shares(quantity, attribute, gpus))
    if alike and all(each.verdict == "contradicted" for each in verdicts):
        yield finding_on(passage, quantity, attribute, gpus, found=verdicts[0], context=context)


def _attribute(text: str, clause: str, quantity: Quantity) -> Attribute | None:
    """What a value is of by its unit, where its clause does not say something else."""
    told = attributes()
    if quantity.dimension in ("number", "count"):
        behind = within(named(text), quantity.end, quantity.end + _BEHIND)[:1]
        tied = [each.attribute for each in behind if not text[quantity.end : each.start].strip()]
        return tied[0] if tied and tied[0].key in _COUNTS else None
    if quantity.dimension == "money" and _PRICED.search(clause):
        return None
    narrow = quantity.dimension == "bits" and quantity.value < _NARROWEST
    key, words = _BY_UNIT.get(quantity.dimension, ("", None))
    return told[key] if key and not narrow and (words is None or words.search(clause)) else None


#: What a value of a unit is of, and the words of its clause without which it may be of something else.
_BY_UNIT = {
    "bandwidth": ("bandwidth", None), "memory": ("memory", _OF_MEMORY), "power": ("power", _OF_POWER),
    "bits": ("memory_bus", _OF_BUS), "bit rate": ("memory_data_rate", _OF_MEMORY),
    "money": ("launch_price", _OF_LAUNCH), "area": ("die_area", None),
}  # fmt: skip
