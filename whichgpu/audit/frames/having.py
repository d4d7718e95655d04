"""Capabilities by rare verbs: "BF16 is wired into the silicon of the T4", "the T4 chews through BF16"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import HEDGED
from whichgpu.audit.claims.rule import OF_FP64, without_fp64
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.frames.matching import frames, matches
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.capabilities import named_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.frames.matching import Part

#: What is not of the device's own units: software, and what others are called by.
_NOT_READ = frozenset({"cuda", "vgpu", "rocm", "tensorrt", "cudnn", "ecc", "dlss", "hbm", "fp16", "int8"})


def having(
    passage: Passage, said: Sequence[Part], named: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """Each capability that a part with one device says that it has, and which it has not."""
    for part in said:
        yield from _for_it(passage, part, named, context)
        here = within(named, part.start, part.end)
        if len({model(each.named[0], context.catalogue) for each in here}) != 1:
            continue
        for match in matches(part, frames("having")):
            first, last = match.tags[0], match.tags[-1]
            device = next((each for each in here if each.start in (first.start, last.start)), None)
            # What is had stands behind the verb, or before it where the device does.
            place = (part.start, first.start) if last.meaning == "device" else (last.end, part.end)
            caps = [each for each in named_in(part.text, *place) if each.key not in _NOT_READ]
            words = part.text[part.start : part.end]
            if device is None or len(caps) != 1 or HEDGED.search(words):
                continue
            gpus = [context.catalogue[key] for key in device.ids]
            spot = (min(place[0], match.place[0]), max(place[1], match.place[1]))
            for found in judged(passage, spot, caps[0], gpus, told=True, context=context):
                if found.accuses:
                    yield found


def _for_it(passage: Passage, part: Part, named: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """A device that is recommended for what it has not: "our tip for those who train in BF16"."""
    here = within(named, part.start, part.end)
    if len({model(each.named[0], context.catalogue) for each in here}) != 1:
        return
    match = next(iter(matches(part, frames("purpose"))), None)
    caps = [each for each in named_in(part.text, part.start, part.end) if each.key not in _NOT_READ]
    if match is None or not any(each.start == here[0].start for each in match.tags):
        return
    gpus = [context.catalogue[key] for key in here[0].ids]
    place = (min(match.place[0], here[0].start), max(match.place[1], here[0].end))
    if not caps and OF_FP64.search(part.text, part.start, part.end):
        yield from without_fp64(passage, place, here[0], context)
    if len(caps) == 1:
        spot = (min(place[0], here[0].start), part.end)
        yield from (
            each for each in judged(passage, spot, caps[0], gpus, told=True, context=context) if each.accuses
        )
