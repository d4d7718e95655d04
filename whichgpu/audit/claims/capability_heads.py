"""Capabilities that head the devices which have them: "FP8: T4 and L4", "AV1 encode: L4 only"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capabilities import capability_of
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import NAMES
from whichgpu.audit.pairs import devices
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_HEAD = re.compile(
    r"[\s*_\u2022-]*(?:support for|partitioning by|partitioning with|hardware|native|native support for)?\s*"
    rf"(?P<what>{NAMES})(?:\s+(?:support|memory|tensor cores?|precision|format|encode|encoding|"
    rf"encoder|instances))?"
    r"(?:\s+(?:on|in|with|supported by|present on))?[*_]*:[*_]*\s+",
    re.IGNORECASE,
)
#: Between the devices, and what may stand behind the last one.
_JOIN = re.compile(
    r"\s*(?:,|/|\+|&|\band\b|\bor\b|\bas well as\b|\bplus\b|\bthe\b|\bboth\b|\bnvidia\b|\s)*", re.IGNORECASE
)
_END = re.compile(r"s?\s*(?:only|alone|both)?\s*(?:[.,;(]|$)", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every device behind such a head, with its verdict."""
    for index, passage in context.document.running():
        named = context.mentions.get(index, ())
        head = _HEAD.match(passage.text)
        if head is None:
            continue
        if not named:
            yield from _of_group(passage, head, context)
            continue
        end = next((each.end for each in sentences(passage.text) if each.end > head.end()), len(passage.text))
        at, found = head.end(), []
        for each in within(named, head.end(), end):
            if not _JOIN.fullmatch(passage.text, at, each.start):
                break
            found.append(each)
            at = each.end
        if not found or not _END.match(passage.text, at):
            continue
        what = capability_of(head, "what")
        for each in found:
            gpus = [context.catalogue[key] for key in each.ids]
            yield from judged(passage, (each.start, each.end), what, gpus, told=True, context=context)


#: All those that a document compares, or none of them: "BF16: all three, so you can ..".
_GROUP = re.compile(
    r"(?P<word>both|all (?:two|three|four|five)|neither|none(?: of (?:them|the (?:two|three|four|five)))?)"
    r"(?:\s+(?:of (?:them|these)|cards|gpus|chips))?\s*(?:[.;(]|,\s+(?:so|and so|which means)\b|$)",
    re.IGNORECASE,
)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "both": 2, "neither": 2}


def _of_group(passage: Passage, head: re.Match[str], context: Context) -> Iterator[Finding]:
    """What all of the devices that a document compares are said to have, or none of them."""
    said = _GROUP.match(passage.text, head.end())
    every = devices(context)
    word = said["word"].lower() if said else ""
    counts = [many for each, many in _COUNTS.items() if each in word] or [len(every)]
    if said is None or counts != [len(every)] or not every:
        return
    told = not word.startswith(("neither", "none"))
    found: list[Finding] = []
    for ids in every:
        gpus = [context.catalogue[key] for key in ids]
        what = capability_of(head, "what")
        found += judged(
            passage, (head.start("what"), said.end("word")), what, gpus, told=told, context=context
        )
    yield from ([each for each in found if each.accuses] or found[-1:])[:1]
