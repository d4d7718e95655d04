"""Capabilities by rare verbs: "BF16 is wired into the silicon of the T4", "the T4 chews through BF16"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit.capabilities import named_in
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import HEDGED
from whichgpu.audit.frames.matching import frames, matches
from whichgpu.audit.mentions import model
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.frames.matching import Part
    from whichgpu.audit.mentions import Mention

#: What is not of the device's own units: software, and what others are called by.
_NOT_READ = frozenset({"cuda", "vgpu", "rocm", "tensorrt", "cudnn", "ecc", "dlss", "hbm", "fp16", "int8"})


def having(
    passage: Passage, said: Sequence[Part], named: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """Each capability that a part with one device says that it has, and which it has not."""
    for part in said:
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
