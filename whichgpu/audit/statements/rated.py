"""Rates that are a device's with sparsity, and are told as the plain ones: "that means 1,979 TFLOPS in BF16"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.instead import WITH_SPARSITY
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.statements.things import clause_at, subject, things
from whichgpu.audit.variants import finding_on, verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_RATES = ("tf32", "bf16", "fp16", "fp8", "fp4", "int8", "int4")
_DENSE = re.compile(
    r"\bdense\b|\bwithout (?:any )?(?:help from )?(?:sparsity|it|the trick)\b|\bplain\b", re.IGNORECASE
)
_WITHOUT = re.compile(r"\bwithout (?:any )?(?:sparsity|it)\b", re.IGNORECASE)
_SPARSE = re.compile(r"\bspars|\b2:4\b|\bzero(?:s|es)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\b(?:not|half|twice|double[sd]?|two|four|eight|pair|both|each|together|between them|total|combined|if|marketing|"
    r"advertis\w+|box|slide|claims?)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"\b(?:between them|together|combined|in total|would)\b", re.IGNORECASE)


def rated(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The rates of a passage that skip zeros, and are not said to."""
    every = sentences(passage.text)
    for at, sentence in enumerate(every):
        if not is_asserted(sentence.text):
            continue
        for quantity in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
            if quantity.dimension in ("flop rate", "op rate") and quantity.high == quantity.value:
                before = every[at - 1].text if at else ""
                yield from _rate(index, passage, sentence, quantity, before, context)


def _rate(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, quantity: Quantity, before: str, context: Context
) -> Iterator[Finding]:
    text = passage.text
    start, end = clause_at(text, sentence, quantity.start)
    dense = (
        _DENSE.search(text, start, end) is not None
        or _WITHOUT.search(text, sentence.start, quantity.start) is not None
    )
    if (
        _OTHER.search(text, start, quantity.start)
        or _TOGETHER.search(sentence.text)
        or (_SPARSE.search(text) and not dense)
    ):
        return
    if _SPARSE.search(text, start, quantity.start) and not dense:
        return
    keys = ({each.attribute.key for each in named(text[start:end])} & {*_RATES}
            or {each.attribute.key for each in named(sentence.text)} & {*_RATES}
            or {each.attribute.key for each in named(before)} & {*_RATES})  # fmt: skip
    if not keys:
        if not dense:
            return
        keys = {*_RATES}
    things_ = things(index, passage, sentence, context)
    one = subject(index, passage, sentence, start, quantity.start, things_, context)
    if one is None and len({each.ids for each in things_}) == 1:
        one = things_[0]
    if one is None and not dense:
        return
    ids = (
        sorted(one.ids)
        if one is not None and one.ids
        else sorted(context.spoken_of & context.catalogue.keys())
    )
    accused = None
    for key in ids:
        gpu = [context.catalogue[key]]
        for rate in sorted(keys):
            found = verdict_on(
                text, quantity, attributes()[rate], gpu, said=frozenset({"dense"}), context=context
            )
            if found.verdict == "confirmed":
                return
            if WITH_SPARSITY in found.because and accused is None:
                accused = finding_on(passage, quantity, attributes()[rate], gpu, found=found, context=context)
    if accused is not None:
        yield accused
