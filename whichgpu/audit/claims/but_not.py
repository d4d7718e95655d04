"""What one device has and another is said not to: "NVLink works on the RTX 3090, but not on the A4000"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import named_in
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.roles import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

#: From the device that has it to the one that has not.
_BUT_NOT = re.compile(
    r"s?\s*(?:,|\(|\s[\u2013\u2014-])?\s*(?:but\s+|and\s+)?not\s+(?:(?:on|in|with|by|for|from)\s+)?"
    r"(?:the\s+|its\s+)?(?:nvidia\s+|geforce\s+)?",
    re.IGNORECASE,
)
#: That it is there, between its name and the device.
_IS_THERE = re.compile(
    r"(?:\s+\w+){0,2}?\s+(?:is|are|works?|comes?|runs?|can be used|was)\s+(?:\w+\s+){0,2}?"
    r"(?:on|in|by|with|for)\s+(?:both\s+)?(?:the\s+|an?\s+)?(?:nvidia\s+|geforce\s+)?",
    re.IGNORECASE,
)
_TWO = 2
_NOT_IN_FULL = re.compile(
    r"\b(?:only|full\w*|as well|fast|officially|yet|always|if|natively)\b", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is denied of a second device, with its verdict."""
    for passage, sentence, who in told(context, _BUT_NOT):
        if len(who.here) < _TWO or _NOT_IN_FULL.search(sentence.text):
            continue
        what = list(named_in(passage.text, sentence.start, sentence.end))
        first, second = who.here[:2]
        if len({each.key for each in what}) != 1 or not _BUT_NOT.fullmatch(
            passage.text, first.end, second.start
        ):
            continue
        name = re.compile(what[0].names, re.IGNORECASE).search(passage.text, sentence.start, first.start)
        if name and _IS_THERE.fullmatch(passage.text, name.end(), first.start):
            gpus = [context.catalogue[key] for key in second.ids]
            place = (second.start, second.end)
            yield from judged(passage, place, what[0], gpus, told=False, context=context)
