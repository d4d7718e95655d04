"""Values that a possessive gives to a device: "the A6000's 58 GB of VRAM", "the A4000's 512 GB/s bandwidth".

Whose it is, and in what, is told in so many words; what the rest of the sentence is about does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.machine import machine, names_machine
from whichgpu.audit.devices.narrowed import of_size
from whichgpu.audit.devices.roles import superchips
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.anothers import misnamed
from whichgpu.audit.values.attributes import attributes, named, qualifiers
from whichgpu.audit.values.own_words import own_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

_HAS = re.compile(
    r"(?:[\u2019']s|[\u2019'](?=\s))\s+"
    r"(?:(?:own|mere|massive|huge|generous|full|total|ample|large|vast|meagre|meager)\s+){0,2}"
)
#: Between a value and the name of its attribute.
_OF = re.compile(
    r"\s*-?(?:of\s+)?(?:(?:fast|dedicated|total|onboard|on-board|available|usable|GDDR\dX?|HBM\d?e?)\s+){0,2}",
    re.IGNORECASE,
)
#: Behind an amount that is of something in the memory; the least that a card has.
_OF_WHAT = re.compile(
    r"\s*-?(?:/|of\b|(?:\w+\s)?(?:instances?|slices?|profiles?|partitions?|models?|weights?|caches?|"
    r"buffers?|files?|images?|downloads?|chunks?|pages?|links?|interconnect|checkpoints?)\b)",
    re.IGNORECASE,
)
_CARD = 4e9
#: Kinds whose value is a device's own, however it is used. Power and clocks are set by who runs it.
_KINDS = ("memory", "bandwidth", "count", "bits")
#: Words of a sentence in which a value is not that of the device as sold.
_NOT_OWN = re.compile(
    r"\b(?:remaining|left|free|used|per|each|shared?|slices?|mig|instance|pair|two|both|combined|together|"
    r"effective|measured|modded|upgraded|supposed|alleged\w*|claim\w*|rumou?r\w*|if|would|not|never|wrong\w*|"
    r"l2|l1|caches?|sram|nvlink|pcie|active|enabled)\b",
    re.IGNORECASE,
)
#: Behind a value that is what a device has more or less than another.
_DIFFERENCE = re.compile(
    r"[^.;,]{0,24}\b(?:advantages?|leads?|difference|gap|deficit|uplift|increase|gain|more|less|edge|over)\b",
    re.IGNORECASE,
)
#: An accusation that words so plain bear out needs no other reading of the sentence.
CERTAIN = True


def find(context: Context) -> Iterator[Finding]:
    """Every value that is given to a device by a possessive, where it is not the device's."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        owners = [(each, match) for each in here if (match := _HAS.match(passage.text, each.end))]
        if not owners or machine(index, passage, context):
            continue
        told = {each.start: each for each in quantities(passage.text, context.fraction)}
        every = named(passage.text)
        for mention, match in owners:
            quantity = told.get(match.end())
            if quantity is None:
                continue
            attribute = next(
                (one.attribute for one in every if _OF.fullmatch(passage.text, quantity.end, one.start)), None
            ) or _implied(passage.text, quantity)
            if attribute and attribute and quantity.dimension == attribute.dimension in _KINDS:
                yield from _of_value(passage, mention, quantity, attribute, context)


def _implied(text: str, quantity: Quantity) -> Attribute | None:
    """Memory, where nothing behind so many gigabytes says of what they are."""
    of_card = quantity.dimension == "memory" and quantity.value >= _CARD
    return attributes()["memory"] if of_card and not _OF_WHAT.match(text, quantity.end) else None


def _of_value(
    passage: Passage, mention: Mention, quantity: Quantity, attribute: Attribute, context: Context
) -> Iterator[Finding]:
    text = passage.text
    sentence = next(each for each in sentences(text) if each.start <= mention.start < each.end)
    if _is_of_other(text, sentence, mention, quantity):
        return
    said = qualifiers(own_words(text, sentence, quantity, context))
    sized = of_size(text, sentence, quantity, mention, context)
    gpus = [context.catalogue[key] for key in dict.fromkeys((*sized.ids, *mention.named))]
    found = verdict_on(text, quantity, attribute, gpus, said=said, context=context)
    place = (quantity.start, quantity.end)
    if found.verdict == "contradicted" and not misnamed(passage, place, found, mention, context):
        yield finding_on(passage, quantity, attribute, gpus, found=found, context=context)


def _is_of_other(text: str, sentence: Sentence, mention: Mention, quantity: Quantity) -> bool:
    """Whether the words around say that it is of several, of a part, or not as sold."""
    several = counted(text, sentence.start, mention.start) > 1
    whole = names_machine(text, mention.start, mention.end) or bool(superchips([mention]))
    of_two = _DIFFERENCE.match(text, quantity.end) is not None
    said = quantity.limit != "" or _NOT_OWN.search(sentence.text) is not None
    return several or whole or of_two or said
