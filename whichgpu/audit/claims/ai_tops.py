"""What "AI TOPS" are said to be: vendors count those of a card's smallest format, with sparsity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_TOPS = re.compile(r"\b\d[\d.,]*\s+[\"\u201c]?AI[ -]TOPS\b", re.IGNORECASE)
#: The formats that the figure can be of, by the compute capability from which a card has the smallest.
_OF: tuple[tuple[float, tuple[str, ...]], ...] = ((10.0, ("FP4",)), (8.9, ("FP8", "INT8")))
#: What says of what it is, in its sentence or in the next: "that figure is for dense FP8".
_IS = re.compile(
    r"\b(?:is|are|means?|counts?|refers? to|stands? for|given (?:in|for)|measured in)\s+"
    r"(?:(?:for|in|of|an?|the|its|their|only|all|at)\s+)*(?P<what>(?:(?P<dense>dense)\s+)?(?:sparse\s+)?"
    r"(?P<format>FP64|FP32|TF32|FP16|BF16|FP8|INT8|FP4|INT4)\b(?:\s+(?:rate|figure|number|throughput|TOPS))?"
    r"|(?P<plain>dense)\b)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:That|This|The (?:figure|number)|Those|These|It|Read|Mind|Note)\b", re.IGNORECASE
)
_OPEN = re.compile(r"\b(?:not|no|never|if|whether|would|without)\b|n[\u2019']t\b|\?", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every such statement with its verdict."""
    for passage, sentence, who in told(context, _TOPS):
        match = _TOPS.search(passage.text, sentence.start, sentence.end)
        owner = _owner(passage, match, who) if match else None
        if match is None or owner is None:
            continue
        gpus = [context.catalogue[key] for key in owner.ids]
        since = {float(str(gpu.value("compute_capability") or 0.0)) for gpu in gpus}
        formats: tuple[str, ...] = next((names for low, names in _OF if since and min(since) >= low), ())
        end = _end(passage, sentence)
        said = _IS.search(passage.text, match.end(), end) if formats else None
        if said is None or _OPEN.search(passage.text, match.end(), said.start()):
            continue
        named = (said["format"] or "").upper()
        wrong = bool(said["dense"] or said["plain"]) or named not in ("", *formats)
        because = f"AI TOPS of {owner.ids[0]} are {' or '.join(formats)} with sparsity"
        yield made(
            context, passage, said.span("what"), "benchmark", "contradicted" if wrong else "confirmed",
            subject=owner.ids[0], attribute="ai_tops", because=because,
            expected=f"{formats[0]} with sparsity" if wrong else "", evidence=(Evidence(because, "vendor"),),
        )  # fmt: skip


#: Between the figure and the device that it is of.
_FOR = re.compile(r"\W*\s*(?:for|of|on|from|by)\s+(?:the\s+|an?\s+|nvidia[\u2019']s\s+)*", re.IGNORECASE)


def _owner(passage: Passage, match: re.Match[str], who: Spoken) -> Mention | None:
    """The device of the figure: the one right behind it, else that of its sentence."""
    behind = (each for each in who.here if _FOR.fullmatch(passage.text, match.end(), each.start))
    return next(behind, None) or who.owner(match.start())


def _end(passage: Passage, sentence: Sentence) -> int:
    """The end of a sentence, or of the next one that goes on about its figure."""
    after = next((one for one in sentences(passage.text) if one.start >= sentence.end), None)
    return after.end if after is not None and _GOES_ON.match(after.text) else sentence.end
