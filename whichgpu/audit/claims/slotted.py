"""How many slots a card is said to take in a sentence: "in a dual-slot package", "Single slot, 140 W"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.rows import SLOTS, of_slots
from whichgpu.audit.devices.roles import told
from whichgpu.audit.text.sentences import NO_SLOTS, guarded
from whichgpu.audit.values.fields import ITS_OWN, SET_AGAINST, headed
from whichgpu.audit.values.listed import is_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: What has slots of its own, or takes those of a card for more than one: no size of the device.
_ELSE = re.compile(
    r"\b(?:motherboards?|boards? with|server|chassis|case|machine|workstation|bridge|spac\w+|apart|"
    r"gap|version|variant|edition|models?|cooler|partner|custom|aftermarket|water\w*|half|than|not|"
    rf"no longer|instead|used to|unlike|two of|both|each|free|empty|needs?{NO_SLOTS}|need)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_OF_A_BUS = re.compile(r"\b(?:PCIe?|PCI[ -]Express|gen(?:eration)?)\.?\s*$", re.IGNORECASE)
_NEAR = 48


def find(context: Context) -> Iterator[Finding]:
    """Every number of slots that a sentence says of its device, with its verdict."""
    for passage, sentence, who in told(context, SLOTS):
        for match in SLOTS.finditer(passage.text, sentence.start, sentence.end):
            yield from _of_match(passage, sentence, who, match, context)


def _of_match(
    passage: Passage, sentence: Sentence, who: Spoken, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    if _OF_A_BUS.search(passage.text, max(0, match.start() - _NEAR), match.start()):
        # "Its PCIe 4.0 slot" is one, whatever the number before it.
        return
    mention = who.owner(match.start())
    begin = max(sentence.start, match.start() - _NEAR)
    near = passage.text[begin : min(sentence.end, match.end() + _NEAR // 2)]
    if mention is None or _ELSE.search(near) or SET_AGAINST.search(near) or guarded(sentence.text):
        return
    lead = passage.text[sentence.start : match.start()]
    alone = (
        who.certain and not who.here and (not lead.strip() or is_list(lead)) and headed(passage, who, context)
    )
    if mention in who.here or alone or (who.certain and ITS_OWN.match(sentence.text)):
        gpus = [context.catalogue[key] for key in mention.ids]
        yield from of_slots(passage, match, gpus, context)
