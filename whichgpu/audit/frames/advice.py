"""Advice that stands on its head: who has outgrown 40 GB is sent to a card of 24 GB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.frames.matching import frames, matches
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.frames.matching import Part
    from whichgpu.hardware.gpu import Gpu


#: Before the device that is left.
_FROM = re.compile(
    r"\b(?:from|off|away from|out of|instead of|than) (?:the |an? |your |our )?(?:nvidia )?$", re.IGNORECASE
)


def of_advice(
    passage: Passage, said: Sequence[Part], named: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """Each device that is recommended to whom a memory is too small that is no smaller than its own."""
    of = {each.start: each for each in named}
    for part in said:
        for match in matches(part, frames("advice")):
            move = next(i for i, each in enumerate(match.tags) if each.meaning == "move-to")
            to = next((each for each in named if each.start >= match.tags[move].end
                       and not _FROM.search(passage.text, part.start, each.start)), None)  # fmt: skip
            told = [each for each in match.tags if each.meaning == "size"]
            others = [of[each.start] for each in match.tags if each.start in of and of[each.start] is not to]
            if to is None or to.start >= part.end:
                continue
            sizes = [
                each.value / 1e9
                for each in quantities(passage.text, context.fraction)
                if each.dimension == "memory" and any(one.start == each.start for one in told)
            ]
            # Of a name that means several, the smallest: that of the larger is outgrown later.
            sizes = sizes or [
                min(map(_gb, _known(each, context))) for each in others if _known(each, context)
            ]
            target = _known(to, context)
            best = max(target, key=_gb, default=None)
            if best is None or not sizes or _gb(best) > min(sizes):
                continue
            because = (
                f"{best.id} has {best.display('memory')}, no more than the {min(sizes):g} GB that are few"
            )
            yield made(
                context, passage, match.place, "rule", "contradicted", subject=best.id, attribute="advice",
                because=because, evidence=(source_of(best, "memory"),),
            )  # fmt: skip


def _known(mention: Mention, context: Context) -> list[Gpu]:
    return [gpu for key in mention.ids if (gpu := context.catalogue[key]).value("memory")]


def _gb(gpu: Gpu) -> float:
    size = float(gpu.need("memory"))
    return nominal_gb(size) or size / 1e9
