"""Into how many instances a GPU can be divided: "MIG with up to seven instances", "Yes (up to 7)"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.fields import ITS_OWN
from whichgpu.audit.findings import made
from whichgpu.audit.quantities import SPELLED
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import within
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: Into how many instances a GPU is divided; "7 instances" of what each is does not count.
_PARTS = re.compile(
    r"(?:\b(?:MIG|Multi-Instance GPU)\b[^.;:]{0,60}?|\b(?=(?:split|partitioned|divided|"
    r"sliced)\b[^.;:]{0,40}\bMIG\b)\w+ |"
    r"\bcan (?:also )?be (?:split|partitioned|divided|sliced|cut|carved)(?: up)? (?=into "
    r"[^.;:]{2,40}\binstances\b)(?:into (?=up|at|as|a max|max|no))?)"
    r"\b(?:up to|at most|as many as|(?:a )?maximum of|no more than|into(?: up to)?)\s+"
    rf"(\d{{1,2}}|{'|'.join(SPELLED)})\s+(?:\w+\s+){{0,3}}?(?:instances|partitions|parts|slices|gpus|ways)\b",
    re.IGNORECASE,
)
#: The same in a cell: "Up to 7 instances", "Yes (up to 7)".
CELL_PARTS = re.compile(
    r"\bup to (\d)\b(?!\s*(?:g\b|GB))|\b(\d)\s*(?:mig\s+)?(?:instances?|slices?|partitions?)\b", re.IGNORECASE
)
#: In brackets behind the device: "the A30 (four instances)".
_ASIDE = re.compile(
    rf"\s\((?:up to |into |with )?(\d{{1,2}}|{'|'.join(SPELLED)})\s+(?:mig\s+|gpu\s+)?"
    r"(?:instances|partitions|slices)\)",
    re.IGNORECASE,
)
#: What leaves open whose instances they are.
_HEDGED = re.compile(
    r"\b(?:if|whether|may|might|some|unlike|other|newer|older|previous|next|future|need\w*|require\w*|"
    r"should|would|than|only)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every number of instances that is said of a device, with its verdict."""
    yield from _asides(context)
    for passage, sentence, who in told(context, _PARTS):
        for match in _PARTS.finditer(passage.text, sentence.start, sentence.end):
            inside = within(who.here, *match.span())
            mention = inside[-1] if inside else who.owner(match.start())
            its = mention in who.here or ITS_OWN.match(passage.text, sentence.start)
            if mention is None or not its or _HEDGED.search(match[0]):
                continue
            number = SPELLED.get(match[1].lower()) or int(match[1])
            gpus = [context.catalogue[key] for key in mention.ids]
            yield from of_parts(passage, match.span(1), number, gpus, context)


def _asides(context: Context) -> Iterator[Finding]:
    """A number of instances in brackets right behind a device."""
    for index, passage in context.document.running():
        for mention in context.mentions.get(index, ()):
            if match := _ASIDE.match(passage.text, mention.end):
                number = SPELLED.get(match[1].lower()) or int(match[1])
                gpus = [context.catalogue[key] for key in mention.ids]
                yield from of_parts(passage, match.span(1), number, gpus, context)


def of_parts(
    passage: Passage, place: tuple[int, int], number: int, gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """Whether a GPU can be divided into so many instances."""
    known = [gpu for gpu in gpus if gpu.value("mig_max") is not None and gpu.confidence != "low"]
    right = [gpu for gpu in known if int(gpu.need("mig_max")) == number]
    if not known:
        return
    best = (right or known)[0]
    yield made(context, passage, place, "capability", "confirmed" if right else "contradicted",
               subject=best.id, attribute="mig", because=f"{best.id}: mig max {best.display('mig_max')}",
               expected="" if right else best.display("mig_max"),
               evidence=(source_of(best, "mig_max"),))  # fmt: skip
