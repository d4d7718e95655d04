"""Devices that are one subject or one object together: "the A10, the L4 and the T4"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken

#: What stands between two devices that are one subject, or object, together.
JOINED = re.compile(
    r"s?(?:,|,?\s+(?:and|nor|or|&|as well as))\s+(?:the\s+|nvidia\s+|amd\s+|an?\s+)*", re.IGNORECASE
)
_LAST_AND = re.compile(r"\b(?:and|nor|or|as well as)\b|&", re.IGNORECASE)
#: Behind the last one of a list, what ends its clause: no verb that begins another one.
_ENDS = re.compile(
    r"s?(?:\s+(?:gpus?|cards?|accelerators?|parts?|alike|as well|too))*"
    r"\s*(?:[.;:)!?]|,?\s*\b(?:but|while|whereas|though|although)\b|"
    r",\s+(?:so|which|making|allowing|letting|meaning)\b|$)",
    re.IGNORECASE,
)


def up_to(mention: Mention, who: Spoken) -> list[Mention]:
    """A device and those before it that are one subject with it; empty for one alone."""
    found = [mention]
    for before in reversed([each for each in who.here if each.end <= mention.start]):
        # "Unlike the A40, the L40" are not one subject.
        apart = before in who.against and mention not in who.against
        if apart or not JOINED.fullmatch(who.text, before.end, found[0].start):
            break
        if found[0] is mention and not _LAST_AND.search(who.text, before.end, mention.start):
            # "Video: L40S, the A100 has none" is of the A100.
            break
        found.insert(0, before)
    return _several(found)


def beyond(mention: Mention, who: Spoken, end: int) -> list[Mention]:
    """The devices that a list goes on with behind this one: "on the A100, the A30 and the A40.".

    Empty where the list does not end the clause: in "on the L4, and the T4 has none" another one begins.
    """
    found = [mention]
    for after in (each for each in who.here if each.start >= mention.end):
        if not JOINED.fullmatch(who.text, found[-1].end, after.start):
            break
        found.append(after)
    joined = len(found) > 1 and _LAST_AND.search(who.text, found[-2].end, found[-1].start)
    return found[1:] if joined and _ENDS.match(who.text, found[-1].end, end) else []


def _several(found: Sequence[Mention]) -> list[Mention]:
    return list(found) if len({each.named for each in found}) > 1 else []
