"""What is left beside a model: "leaves 40 GB free on one H100" is at most the memory less the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.runs import runs
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.runs import Run

_LEAVES = re.compile(r"\bleav(?:es?|ing)\b[^.;,\d]{0,30}$", re.IGNORECASE)
_LEFT = re.compile(
    r"\s*(?:of (?:the )?(?:memory|vram|\w+ memory) )?(?:are |is |would be |remains? |still )?"
    r"(?:left(?! (?:us|me|you|it|them|only|just|about|some|room|no|with)\b)(?! \d)|free|to spare|spare|"
    r"unused|"
    r"of headroom|remain(?:s|ing)?)\b",
    re.IGNORECASE,
)
#: What is no memory of the device, or holds more than weights.
_OTHER = re.compile(
    r"\b(?:room (?:around|beside|next to)|"
    r"train\w*|fine-?tun\w*|lora|qlora|adam\w*|ram|disk|cpu|offload\w*|active|experts?|slices?|mig|each|"
    r"per (?:gpu|card)|not|cannot|if|unless)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What rounding and gigabytes of two kinds explain; a share that software may take.
_SLACK, _ROUNDED, _TAKEN = 1.08, 1.5e9, 0.7


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is said to be left beside the weights, with its verdict."""
    for run in runs(context, _ANY):
        told = _told(run, context)
        sizes = [float(gpu.value("memory") or 0) for gpu in run.gpus(context)]
        if told is None or run.model is None or run.said is None or not run.number or not all(sizes):
            continue
        room, weights = max(sizes, default=0.0) * run.number, run.said.least * run.model.parameters
        if weights >= room:
            # Whether it fits at all is another question.
            continue
        left = room - weights
        over = told.value > left * _SLACK + _ROUNDED
        because = (
            f"{run.words} with {room / 1e9:,.4g} GB less {weights / 1e9:,.3g} GB of weights of "
            f"{run.model.name.strip()} in {run.said.name} leave at most {left / 1e9:,.3g} GB"
        )
        # What the smallest form of the device leaves is left on any of them.
        sure = min(sizes) * run.number - weights
        near = "confirmed" if sure * _TAKEN < told.value <= sure else "unverifiable"
        yield made(
            context, run.passage, (told.start, told.end), "memory", "contradicted" if over else near,
            subject=run.subject, attribute="memory left", because=because,
            expected=f"at most {left / 1e9:,.3g} GB" if over else "",
            evidence=(Evidence(because, "memory model"),),
        )  # fmt: skip


_ANY = re.compile(r"\b(?:leav|left|free|spare|unused|headroom|remain)", re.IGNORECASE)


def _told(run: Run, context: Context) -> Quantity | None:
    """The one amount of memory of a sentence that is said to be left."""
    text, place = run.passage.text, (run.sentence.start, run.sentence.end)
    if not _ANY.search(run.sentence.text) or _OTHER.search(run.sentence.text):
        return None
    found = [
        each
        for each in within(quantities(text, context.fraction), *place)
        if each.dimension == "memory"
        and each.value == each.high
        and (_LEAVES.search(text, place[0], each.start) or _LEFT.match(text, each.end))
    ]
    return found[0] if len(found) == 1 else None
