"""What a batch is over all GPUs: "256 images per GPU, so with four GPUs the global batch was 1,024"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_UNIT = r"(?:gpus?|cards?|devices?|accelerators?|ranks?|workers?)"
_WHAT = r"(?:images?|samples?|sequences?|examples?|pictures?|crops?)"
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"
#: "256 images per GPU", "a batch of 32 on each card".
_EACH = re.compile(
    rf"\bbatch(?:[ -]size)?[^.;\d]{{0,24}}?(?P<b>{_NUMBER})(?:\s+{_WHAT})?\s+"
    rf"(?:(?:per|for each|for every|on each|on every|each)\s+{_UNIT}\b|on (?:one|a single) {_UNIT}\b)|"
    rf"(?<![\d.,])(?P<w>{_NUMBER})\s+{_WHAT}\s+(?:per|for each|for every|on each|on every)\s+{_UNIT}\b",
    re.IGNORECASE,
)
#: "With four GPUs", "across 8 cards".
_MANY = re.compile(
    rf"\b(?:with|on|over|across|of|for|times|by)\s+(?:all\s+)?(?P<n>\d{{1,4}}|{'|'.join(SPELLED)})\s+"
    rf"(?:such\s+|of these\s+)?{_UNIT}\b",
    re.IGNORECASE,
)
#: "The global batch was 1,024", "a total batch size of 512".
_ALL = re.compile(
    r"\b(?:global|total|overall|combined|effective)\s+batch(?:[ -]size)?\s*"
    r"(?:was|is|of|to|becomes?|became|came to|comes to|makes|reach(?:es|ed)|amounts to|=|:)?\s*"
    rf"(?P<g>{_NUMBER})(?![\d.,]*\d|\s*(?:tokens?|[kKM]\b|GPUs?))",
    re.IGNORECASE,
)
#: What makes a batch of more than one pass over every GPU, or puts one model on several of them.
_MORE = re.compile(r"\b(?:nodes?|servers?|machines|tp|pp|warm-?up|ramp\w*|steps?)\b", re.IGNORECASE)
#: The same, wherever a text says it, in its code too.
_PASSES = re.compile(
    r"accum\w*|micro[-_ ]?batch|(?:tensor|pipeline|model|sequence|context)[-_ ]parallel", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every such batch with its verdict, unless the text says of anything that it is of more passes."""
    texts = [passage for passage in context.document.passages if passage.kind in RUNNING]
    if any(_ALL.search(each.text) for each in texts):
        for passage in () if _PASSES.search(context.document.original) else texts:
            for sentence in sentences(passage.text):
                yield from _of_sentence(passage, sentence, context)


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text, place = passage.text, (sentence.start, sentence.end)
    every = [*_ALL.finditer(text, *place)]
    if len(every) != 1 or _MORE.search(sentence.text):
        return
    whole = every[0]
    each = [*_EACH.finditer(text, *place)]
    if not each:
        before = [one for one in sentences(text) if one.end <= sentence.start][-1:]
        each = [*_EACH.finditer(text, before[0].start, before[0].end)] if before else []
    many = [*_MANY.finditer(text, *place)]
    # "With four GPUs the batch was 1,024, and with eight twice as many": the count before it.
    many = [one for one in many if one.end() <= whole.start()][-1:] or many
    if len(each) != 1 or len(many) != 1:
        return
    told = many[0]["n"].lower()
    number = int(told) if told.isdigit() else SPELLED[told]
    batch, stated = (int(one.replace(",", "")) for one in (each[0]["b"] or each[0]["w"], whole["g"]))
    right = batch * number == stated
    because = f"{number} times {batch:,} are {batch * number:,}"
    yield made(
        context, passage, whole.span("g"), "arithmetic", "confirmed" if right else "inconsistent",
        attribute="global batch", expected="" if right else f"{batch * number:,}", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip
