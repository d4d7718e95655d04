"""Capabilities that head what is said of devices: "FP8 support: yes (H100), no (A100)", "MIG? Not on it"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import capability_of
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import NAMES
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention

_HEAD = re.compile(
    rf"(?:^|(?<=[.!?;]\s))\s*(?:And\s+|Support for\s+|Native\s+|Hardware\s+)?"
    rf"(?P<what>{NAMES})(?: support)?\s*[:?]\s+(?=\S)",
    re.IGNORECASE,
)
_THE = r"\s+(?:on|in|with|for)\s+(?:the\s+|an?\s+|nvidia\s+)*$"
#: Before a device: "yes (", "Not on the", "Only with the".
_BEFORE = re.compile(
    r"\b(?P<said>yes|no)\s*\((?:(?:on|in|with|for)\s+)?(?:the\s+|an?\s+|nvidia\s+)*$|"
    rf"^\s*(?P<at>not|only|yes,|no, not|sure,){_THE}",
    re.IGNORECASE,
)
#: Behind it: "H100 yes", "A100: no".
_BEHIND = re.compile(r"\s*(?:[:=\u2013\u2014-]\s*|\s)(?P<said>yes|no)\b(?=\s*(?:[,;.)]|$))", re.IGNORECASE)
_YES = frozenset({"yes", "only", "yes,", "sure,"})


def find(context: Context) -> Iterator[Finding]:
    """Every such answer with its verdict."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        for match in _HEAD.finditer(passage.text) if named else ():
            ends = (each.end for each in sentences(passage.text) if each.end > match.end())
            end = next(ends, len(passage.text))
            for mention in within(named, match.end(), end):
                told = _told(passage.text, match.end(), mention, end)
                if told is not None:
                    gpus = [context.catalogue[key] for key in mention.ids]
                    place = (mention.start, mention.end)
                    what = capability_of(match, "what")
                    yield from judged(passage, place, what, gpus, told=told, context=context)


def _told(text: str, start: int, mention: Mention, end: int) -> bool | None:
    """Whether a device is said to have what the head names; None where nothing is said of it by itself."""
    before = _BEFORE.search(text[start : mention.start])
    if before is not None:
        return (before["said"] or before["at"]).lower() in _YES
    behind = _BEHIND.match(text, mention.end, end)
    return behind["said"].lower() == "yes" if behind else None
