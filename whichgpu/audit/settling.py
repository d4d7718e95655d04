"""Accusations whose subject is not certain are none: of whom a sentence speaks that names no device."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken

#: What is said of the devices of its subject.
_OF_DEVICES = ("specification", "identity", "capability")
_PROSE = ("paragraph", "item", "caption")
_LAPTOP = re.compile(r"\b(?:laptops?|notebooks?|mobile)\b", re.IGNORECASE)
_DESKTOP = re.compile(r"\bdesktops?\b", re.IGNORECASE)


def settled(found: Finding, context: Context) -> Finding:
    """A finding as it is, or unverifiable where it accuses and what it speaks of is not certain."""
    if not found.accuses or found.kind not in _OF_DEVICES or found.attribute == "name":
        return found
    placed = _sentence(found, context)
    if placed is None:
        return found
    who, text = placed
    subject = set(found.subject.split(", "))
    named = [each for each in who.here if subject & {*each.named, *each.ids}]
    why = "" if named or who.certain else "the sentence names no device, and the text before it several"
    why = why or _of_another_form(subject, named, text)
    return found._replace(verdict="unverifiable", expected="", because=why, true_for="") if why else found


def _of_another_form(subject: set[str], named: Sequence[object], text: str) -> str:
    """Whether a sentence speaks of a laptop's GPU by a word of its own: "the notebook chip"."""
    if any("laptop" in key for key in subject):
        return "the sentence speaks of the desktop's too" if _DESKTOP.search(text) and not named else ""
    if _LAPTOP.search(text) and not _DESKTOP.search(text.rsplit(",", 1)[-1]):
        return "the sentence speaks of a laptop's GPU"
    return ""


def _sentence(found: Finding, context: Context) -> tuple[Spoken, str] | None:
    """Who the sentence of a finding speaks of, and its words without the names; None outside of prose."""
    known = context.memo.setdefault("starts", [])
    if not known:
        known += sorted((each.start, i) for i, each in enumerate(context.document.passages) if each.kind in _PROSE)
    at = bisect_right(known, (found.start, 1 << 60)) - 1
    if at < 0:
        return None
    index = known[at][1]
    passage: Passage = context.document.passages[index]
    if found.start >= passage.end:
        return None
    for one in sentences(passage.text):
        first, last = passage.span(one.start, one.end)
        if first <= found.start < last:
            who = spoken(index, passage, one, context)
            text = one.text
            for each in who.here:
                text = text.replace(each.text, " ")
            return who, text
    return None
