"""Who has the most of something, told as a label: "Highest bandwidth: L40S"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import named
from whichgpu.audit.claims.superlative import Among, among_named, held_against
from whichgpu.audit.pairs import devices
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_MOST = re.compile(
    r"(?:^|(?<=[.;:,]\s))[\W\d]*(?:(?:the|and) )?(?:(?:one|card|gpu|chip) with (?:the )?)?"
    r"(?:(?P<most>highest|most|largest|biggest|widest|greatest)|(?P<least>lowest|least|smallest|narrowest|fewest))\s+"
    r"(?:(?:number|amount) of |peak |overall |memory (?=bandwidth))?",
    re.IGNORECASE,
)
_IS = re.compile(
    r"(?:\s+(?:of the (?:two|three|four|bunch)|here|overall))?\s*(?:[:\u2013\u2014-]|\s(?:is|"
    r"goes to|belongs to|has|comes from|"
    r"sits in|is found (?:in|on)|is that of))[\s*_]*(?:the\s+|nvidia\s+|amd\s+|with\s+)*",
    re.IGNORECASE,
)
#: Behind the name, what makes it one of several, or of something else.
_NOT_ALONE = re.compile(r"\s*(?:,?\s*(?:and|or|&)\s|/|[\u2019']s\b|\s+(?:tie|ties|tied)\b)", re.IGNORECASE)
_KEYS = ("memory", "bandwidth", "cores", "tensor_cores", "memory_bus", "power", "transistors", "l2", "sms")


def find(context: Context) -> Iterator[Finding]:
    """Every such label among the devices that the document compares, with its verdict."""
    among = Among(devices(context))
    for index, passage in context.document.running() if len(among.every) > 1 else ():
        for sentence in sentences(passage.text):
            for match in _MOST.finditer(passage.text, sentence.start, sentence.end):
                what = next(
                    (each for each in named(passage.text) if each.start in (match.end(), match.end() - 7)),
                    None,
                )
                after = within(context.mentions.get(index, ()), match.end(), sentence.end)
                if what is None or what.attribute.key not in _KEYS or not after:
                    continue
                first = after[0]
                alone = _IS.fullmatch(passage.text, what.end, first.start) and len(first.named) > 0
                if alone and not _NOT_ALONE.match(passage.text, first.end):
                    claim = (first.named, what.attribute, match["most"] is not None)
                    # "Of the A10 and the L4, the one with the most cores is".
                    here = among_named(index, passage, sentence, context)
                    yield from held_against(
                        passage, (first.start, first.end), claim, Among(here) if here else among, context
                    )
