"""Rates that are told as dense, and are with sparsity what a device of the text reaches.

The figure says by itself whose it is: the exact rate with sparsity of one that the text speaks of, and the
dense one of none of them. So it needs no subject in its own clause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.attributes import attributes, named
from whichgpu.audit.clauses.parts import stretch
from whichgpu.audit.clauses.values import IN_THAT
from whichgpu.audit.instead import WITH_SPARSITY
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import within
from whichgpu.audit.variants import finding_on, verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

#: Precisions that have a rate with sparsity.
_RATES = ("tf32", "bf16", "fp16", "fp8", "fp4", "int8", "int4")
_DENSE = re.compile(r"\bdense\b|\b(?:without|before|leaving out|ignoring|no) sparsity\b", re.IGNORECASE)
#: Words that leave open which of two figures is the dense one.
_SPARSE = re.compile(
    r"\bspars|\bnot\b|n[\u2019']t\b|\bhalf\b|\btwice\b|\bdoubl|\bmodels?\b(?! are)|\bif\b|"
    r"\b(?:two|four|eight|pair|both|each|together|between them|total|combined)\b",
    re.IGNORECASE,
)


def dense(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """The rates of a sentence that are called dense, and are a device's with sparsity."""
    if not _DENSE.search(sentence.text) or _SPARSE.search(_DENSE.sub(" ", sentence.text)):
        return
    for quantity in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        start, end = stretch(passage.text, quantity.start)
        if IN_THAT.match(passage.text, quantity.end):
            continue
        if quantity.dimension in ("flop rate", "op rate") and _DENSE.search(passage.text, start, end):
            yield from _sparse(passage, sentence, quantity, context)


def _sparse(passage: Passage, sentence: Sentence, quantity: Quantity, context: Context) -> Iterator[Finding]:
    text, dense_ = passage.text, frozenset({"dense"})
    told = {each.attribute.key for each in named(sentence.text)} & {*_RATES} or {*_RATES}
    accused: list[Finding] = []
    for key in sorted(context.spoken_of & context.catalogue.keys()):
        gpu = [context.catalogue[key]]
        for rate in sorted(told):
            found = verdict_on(text, quantity, attributes()[rate], gpu, said=dense_, context=context)
            if found.verdict == "confirmed":
                return
            if WITH_SPARSITY in found.because:
                accused.append(
                    finding_on(passage, quantity, attributes()[rate], gpu, found=found, context=context)
                )
    yield from accused[:1]
