"""What is said to live off its slot alone: no more than 75 W come through one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.clauses.parts import owner
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.sourced import on_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: W of a PCI Express slot (PCI Express Card Electromechanical Specification).
_SLOT = 75
#: By how much what a card is rated at leaves no doubt.
_MORE = 1.1
_CABLE = r"(?:(?:extra|additional|external|auxiliary|separate|dedicated|supplementary)\s)?(?:power\s)?"
_PLUG = r"(?:cables?|connectors?|plugs?|leads?)"
_SAID = re.compile(
    rf"\b(?:needs?|requires?|wants|has|takes|uses|comes with|gets by with|works with|does with)\s(?:no|"
    rf"without (?:any|an?)|"
    rf"not (?:a single|one))\s{_CABLE}{_PLUG}\b(?!\s(?:to|for|of)\s(?:its|the)|\s(?:with|of)\s)|"
    rf"\b(?:does|do)(?:\snot|n[\u2019']t)\sneed\s(?:an?|any)\s{_CABLE}{_PLUG}\b|\bwithout\s(?:an?|"
    rf"any)\s{_CABLE}(?:power\s){_PLUG}\b|"
    r"\b(?:lives|runs|is (?:fed|powered|supplied)|draws (?:all )?(?:of )?(?:its |the )?power|gets all "
    r"(?:of )?(?:its |the )?power|"
    r"takes (?:all )?(?:of )?(?:its |the )?power)\s(?:solely |entirely |only |just |completely )?(?:off|"
    r"from|by|through|out of)\s"
    r"(?:the|its)\s(?:PCI(?:e| Express)\s)?slot(?:\s(?:alone|only))?\b",
    re.IGNORECASE,
)  # fmt: skip
_POWER = re.compile(
    r"\bpower|\b(?:6|8|12|16|six|eight|twelve|sixteen)[- ]pin\b|\bslot\b|"
    r"\bcable",
    re.IGNORECASE,
)
#: What is connected by other plugs, or otherwise than it is sold.
_ELSE = re.compile(
    r"\b(?:display\w*|video|network|usb|hdmi|nvlink|bridge|sxm\w*|module|baseboard|capp?ed|limit\w*|"
    r"undervolt\w*|"
    r"idl\w+|laptop|versions?|some)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every card that is said to need no more than its slot, with its verdict."""
    for index, passage in context.document.running():
        if not _SAID.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            text = sentence.text
            plain = is_asserted(text) and is_indicative(text) and not _ELSE.search(text)
            match = _SAID.search(passage.text, sentence.start, sentence.end) if plain else None
            if match and _POWER.search(match[0]):
                yield from _judged(index, passage, match, context)


def _judged(index: int, passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    who = owner(index, passage, match.start(), context)
    gpus = [context.catalogue[key] for key in who.ids] if who else []
    # A module gets its power from its board.
    cards = [gpu for gpu in gpus if gpu.segment != "laptop" and "-sxm" not in gpu.id]
    power = attributes()["power"]
    least = [min(power.amounts(gpu), default=0.0) for gpu in cards]
    if not cards or len(cards) < len(gpus) or not all(least):
        return
    right = min(least) <= _SLOT * _MORE
    because = f"a slot gives {_SLOT} W; {cards[0].id} is rated at {cards[0].display('power')}"
    yield made(
        context, passage, match.span(), "capability", "confirmed" if right else "contradicted",
        subject=", ".join(gpu.id for gpu in cards), attribute="power connector", because=because,
        evidence=(on_file(cards[0], power), Evidence(f"{_SLOT} W through a slot", "PCI Express CEM")),
    )  # fmt: skip
