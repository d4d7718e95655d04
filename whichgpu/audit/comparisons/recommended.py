"""Which device a sentence recommends: "go with the A30", "the A30 is the better choice than a V100"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention

_ARTICLES = (
    r"(?:\s+(?:an?|the|einen?|die|den|une?|la|el|uno?|one|two|four|eight|some|several|any|used|new|cheap|"
    r"pair|of|at|with|for|nvidia|amd|"
    r"geforce|\d+x?)\b)*\s*"
)
#: What stands before the device that is recommended.
_LED = re.compile(
    r"\b(?:choose|choosing|pick|go(?:ing)? (?:with|for)|opt for|get|take|buy|rent|use|prefer|select|grab|"
    r"consider|"
    r"(?:stay|stick|start|begin) with|look (?:at|to|for)|turn to|settle on|save (?:money |a lot )?with|"
    r"manage with|get by with|nimmt|nehmen|w\u00e4hlt|kauft|prend\w*|choisi\w*|elige\w*|recommend\w*|"
    r"suggest|bet on|"
    r"reach for|"
    r"(?:right|best|better|obvious|only|natural|ideal|safe|first|our) (?:choice|option|pick|card|gpu|bet|"
    r"answer) (?:is|remains|would be))"
    rf"{_ARTICLES}$",
    re.IGNORECASE,
)
#: What stands behind it.
_PRAISED = re.compile(
    r"s?(?:\s+\d+\s?GB)?\s+(?:is|are|remains?|stays?|makes?|would be|will be|offers?|gives? "
    r"you)\b[^.;,]{0,40}?\b(?:choice|option|pick|ticket|"
    r"answer|way|bet|fit|ideal|perfect|right|best|better|winner|suited|suitable|recommended|king|solution|"
    r"tool|"
    r"sweet spot|hard to beat|preferable|candidate|gateway|entry)\b"
    r"|s?\s+(?:will do|does (?:the job|it|fine)|wins?\b|will serve you|(?:will |can )?(?:beats?|outruns?|"
    r"outperforms?)\b|is (?:what you|your (?:card|gpu|choice|friend)|the one))",
    re.IGNORECASE,
)
#: Between two devices of a list, and between the one recommended and the one that it is preferred to.
_AND = re.compile(r"\s*(?:,|,?\s+(?:or|and)|/)\s+(?:an?\s+|the\s+)?", re.IGNORECASE)
_OVER = re.compile(
    r"s?[^.;,]{0,50}?\b(?:over|rather than|instead of|than|beats?|outruns?|outperforms?|preferable to|"
    r"ahead of)\s+(?:an?|the)?\s*",
    re.IGNORECASE,
)
_REACH = 60


def recommended(text: str, start: int, here: Sequence[Mention]) -> list[Mention]:
    """The devices of a sentence, which starts at `start`, that it says to take."""
    found: list[Mention] = []
    for place, one in enumerate(here):
        led = _LED.search(text, max(start, one.start - _REACH), one.start)
        listed = (
            found and found[-1] is here[place - 1] and _AND.fullmatch(text, here[place - 1].end, one.start)
        )
        if led or listed or _PRAISED.match(text, one.end):
            found.append(one)
    return found


def preferred(text: str, here: Sequence[Mention], chosen: Mention) -> Mention | None:
    """The one that a recommended device is preferred to."""
    after = [each for each in here if each.start >= chosen.end]
    return after[0] if after and _OVER.fullmatch(text, chosen.end, after[0].start) else None
