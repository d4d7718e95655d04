"""Two values set against each other, of the only two devices in question: "Bandwidth: 320 GB/s against 600".

A heading, the title or the whole document names just two. A value is wrong where the other one is that of one
of the two devices, and this one that of no form of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.document import RUNNING
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.quantities import quantities, read_number
from whichgpu.audit.text.sentences import guarded, sentences, within
from whichgpu.audit.values.attributes import attributes, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_AGAINST = re.compile(r"\s*(?:against|versus|vs\.?|compared (?:to|with)|as opposed to|\u2192|->)\s*", re.I)
#: From what the values are of to the first of them.
_IS = re.compile(
    r"\s*(?::|is|was|are|goes|[\u2013\u2014-])\s+(?:about |roughly |around |up |from )?", re.IGNORECASE
)
_ELSE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|no|if|would|per|each|idle|measured|average|used|system|host|node|total|"
    r"model|models|laptop|before|earlier|stock|limited|capped)\b",
    re.IGNORECASE,
)
_KEYS = frozenset({"memory", "bandwidth", "power", "cores", "tensor_cores", "rt_cores", "memory_bus"})


def find(context: Context) -> Iterator[Finding]:
    """Every such pair with the verdicts on its values."""
    for index, passage in context.document.running():
        if passage.kind not in RUNNING or context.mentions.get(index) or not _AGAINST.search(passage.text):
            continue
        pair = _two(passage, context)
        for sentence in sentences(passage.text) if pair else ():
            if not _ELSE.search(sentence.text) and not guarded(sentence.text):
                yield from _of_sentence(passage, sentence, pair, context)


def _two(passage: Passage, context: Context) -> list[Mention]:
    """The only two devices of the nearest heading, of the title or of the document."""
    lines = (*reversed(passage.section), context.document.title)
    scopes = [list(mentions(line, context.catalogue)) for line in lines]
    every = [each for found in context.mentions.values() for each in found]
    for scope in (*scopes, every):
        found = {model(each.named[0], context.catalogue): each for each in scope}
        if found:
            return list(found.values()) if len(found) == len(("one", "other")) else []
    return []


def _of_sentence(
    passage: Passage, sentence: Sentence, pair: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    here = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    told = [each for each in named(sentence.text) if each.attribute.key in _KEYS]
    if len(here) != len(pair) or len(told) != 1:
        return
    one, other = here
    is_said = _IS.fullmatch(passage.text, sentence.start + told[0].end, one.start)
    if not is_said or not _AGAINST.fullmatch(passage.text, one.end, other.start):
        return
    if one.dimension != other.dimension:
        # "320 against 300 GB/s": the unit stands behind the last.
        scale = other.value / _digits(passage.text, other)
        one = one._replace(
            value=one.value * scale, high=one.high * scale, dimension=other.dimension, unit=other.unit
        )
    attribute = attributes()[told[0].attribute.key]
    ways = []
    for devices in (pair, pair[::-1]):
        found = []
        for value, mention in zip((one, other), devices, strict=True):
            gpus = [context.catalogue[key] for key in mention.ids]
            verdict = verdict_on(passage.text, value, attribute, gpus, said=frozenset(), context=context)
            found.append(finding_on(passage, value, attribute, gpus, found=verdict, context=context))
        ways.append(found)
    # The order in which more is right is the one that is meant.
    best = max(ways, key=lambda found: sum(each.verdict == "confirmed" for each in found))
    if any(each.verdict == "confirmed" for each in best):
        yield from best


def _digits(text: str, quantity: Quantity) -> float:
    """The number of a quantity as it is written, whatever its unit."""
    found = re.search(r"\d[\d.,]*", text[quantity.start : quantity.end])
    return (read_number(found[0]) if found else 0.0) or 1.0
