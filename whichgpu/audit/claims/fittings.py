"""What a card is built with, in sentences: outputs for displays, fans, a passive cooler.

Makers of gaming cards build them as they like; a device without any output, or with a cooler that the air of
its server goes through, is made by its vendor alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.board import has_other_plugs, plugs_of, shows
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.devices.roles import told as each_sentence
from whichgpu.audit.values.certainty import certain_of_all
from whichgpu.audit.values.fields import of_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_PORTS = r"(?:DisplayPorts?|HDMI|DVI|VGA|mini[- ]?DP)(?:\s\d\.\d[a-z]?)?"
_OUTPUTS = re.compile(
    rf"\b(?:one|two|three|four|an?|its|the|\d)\s(?:x\s)?(?:full-size\s|mini[- ]?)?(?:{_PORTS}|display|video|"
    rf"monitor)\s"
    r"(?:sockets?|outputs?|ports?|connectors?|out)\b|\b(?:connect|plug|attach|hook)\s(?:up\s)?(?:an?|your|"
    r"two|the)\s"
    r"(?:monitor|display|screen)s?\s(?:directly\s)?(?:to|into)\s(?:it|the card)\b",
    re.IGNORECASE,
)
_FANS = re.compile(
    r"\b(?:a pair of|two|three|twin|dual|triple|(?:its|their)(?: own)?|an? (?:built-in|blower|single))\s"
    r"(?:(?!case|chassis|server|system)\w+\s)?(?:fans?|blower(?: fan| cooler)?)\b|\bactively[- ]cooled\b|"
    r"\bactive cooler\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\bpassively[- ]cooled\b|\bpassive (?:cooler|cooling|heat\s?sinks?)\b|\bfanless\b", re.IGNORECASE
)
_NEXT = re.compile(r"[,;:]\s")
#: Connectors that power a card, and that it has none.
_POWERED = re.compile(
    r"\b(?:(?P<n>an?|one|two|three|1|2|3)(?:\s?[x\u00d7])?|the|its)\s(?:(?:extra|single|modern|new|old|ordinary|"
    r"auxiliary|supplementary)\s)?(?P<pins>6|8|12|16)[- ]pins?\s(?:(?:pcie|eps|cpu|power|12vhpwr|"
    r"atx[ \w.]{0,6})\s)*"
    r"(?:power\s)?(?:connectors?|plugs?|cables?|sockets?|inputs?|leads?)\b|"
    r"\b(?P<extra>an (?:extra|additional|auxiliary|external) power (?:cable|connector|plug))\b|"
    r"\b(?P<none>no (?:(?:extra|additional|auxiliary|external|supplementary) )?(?:power )?(?:cable|"
    r"connector|plug)s?"
    r"(?= (?:for|of|at|to) |\s*[.,;])|(?:power\w*|fed|draws[^.;]{0,24}|runs)\s(?:from|by|through|"
    r"off) the slot alone)\b",
    re.IGNORECASE,
)
_ADAPTED = re.compile(
    r"\b(?:adapt\w*|convert\w*|splitt\w*|dongles?|supply|psu|riser|server|motherboard|display|fans?|sync|"
    r"nvlink|bridge|partner|custom)\b",
    re.IGNORECASE,
)
#: Forms of what is no card.
MODULES = ("SXM module", "OAM module")
#: The field, the words, what is on file where the words are wrong.
_KINDS = (
    ("display_outputs", _OUTPUTS, ("none",)),
    ("cooling", _FANS, ("passive",)),
    ("cooling", _PASSIVE, ("active",)),
)
_ELSE = re.compile(
    r"\b(?:no|not|never|without|lacks?|missing|needs?|add|adds|adding|added|mount\w*|printed|aftermarket|"
    r"duct|case|chassis|"
    r"servers?[\u2019']s?|host|if|unlike|neither|nor|other|than|motherboard|integrated|igpu|second card)\b|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such statement of one device with its verdict."""
    for passage, sentence, who in each_sentence(context, _ANY):
        if is_asserted(sentence.text):
            yield from _of_sentence(passage, sentence, who, context)
            yield from _powered(passage, sentence, who, context)


_ANY = re.compile(
    r"\b(?:display|hdmi|dvi|vga|video|monitor|screen|fans?|blower|cool\w*|passive|fanless|pins?\b|plugs?\b|"
    r"(?:power )?(?:cable|connector)s?\b|slot alone)",
    re.IGNORECASE,
)


def _powered(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """Connectors that a sentence says of its one device: of none of their kind on file they are wrong."""
    if _ADAPTED.search(sentence.text) or len({each.named for each in who.here}) > 1:
        return
    for match in _POWERED.finditer(passage.text, sentence.start, sentence.end):
        mention = who.owner(match.start())
        own = mention in who.own if who.here else who.certain
        denied = _NONE.search(passage.text, max(sentence.start, match.start() - _NEAR), match.start())
        denied = denied or (_OF_ANY.fullmatch(match[0]) and _LINKED.search(passage.text))
        if mention is None or not own or denied or not is_indicative(sentence.text):
            continue
        gpus = [context.catalogue[key] for key in mention.ids]
        told = Counter({match["pins"]: 1} if match["pins"] else {"": 1} if match["extra"] else {})
        if all(has_other_plugs(gpu, told) for gpu in gpus) and not (
            match["extra"] and any(map(plugs_of, gpus))
        ):
            yield of_field(
                passage, match.span(), "identity", "power_connectors", gpus, "contradicted", context
            )


#: A connector by that word alone, which is that of a link where the text speaks of one.
_OF_ANY = re.compile(r"(?:no|an?|one|the|single)?\s*connectors?", re.IGNORECASE)
_LINKED = re.compile(r"\b(?:nvlink|bridges?|sli|linked)\b", re.IGNORECASE)
#: Before what a card has not.
_NONE = re.compile(
    r"\b(?:no|not|without|instead of|rather than|than|unlike|never)\b|n[\u2019']t\b", re.IGNORECASE
)
_NEAR = 32


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for field, pattern, lacking in _KINDS:
        for match in pattern.finditer(passage.text, sentence.start, sentence.end):
            # What follows from it is told in a clause of its own.
            ends = _NEXT.search(passage.text, match.end(), sentence.end)
            clause = passage.text[sentence.start : ends.start() if ends else sentence.end]
            if _ELSE.search(clause) or not is_indicative(clause):
                continue
            mention = who.owner(match.start())
            own = mention in who.own if who.here else who.certain
            if mention is None or not own or len({each.named for each in who.here}) > 1:
                continue
            gpus = [context.catalogue[key] for key in mention.ids]
            # A module has nothing that a screen could be plugged into.
            cards = [
                gpu for gpu in gpus if field != "display_outputs" or gpu.value("form_factor") not in MODULES
            ]
            if not cards or not certain_of_all(cards, field):
                continue
            right = [gpu for gpu in cards if str(gpu.value(field)) not in lacking]
            if field == "display_outputs" and right:
                right = [gpu for gpu in right if shows(gpu, match[0])]
            gpus = cards
            verdict = "confirmed" if right else "contradicted"
            yield of_field(passage, match.span(), "capability", field, right or gpus, verdict, context)
