"""Rates that are told as dense, and are with sparsity what a device of the text reaches.

The figure says by itself whose it is: the exact rate with sparsity of one that the text speaks of, and the
dense one of none of them. So it needs no subject in its own clause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.parts import stretch
from whichgpu.audit.clauses.values import IN_THAT
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.quantities import Quantity, quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes, named
from whichgpu.audit.values.grounds import SPARSE_ITSELF
from whichgpu.audit.values.instead import WITH_SPARSITY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_AS_DENSE = frozenset({"dense"})
#: Precisions that have a rate with sparsity.
RATES = ("tf32", "bf16", "fp16", "fp8", "fp4", "int8", "int4")
_DENSE = re.compile(
    r"\bdense\b|\b(?:without|before|leaving out|ignoring|no)(?: (?:any|resorting to|the help of|use of|"
    r"using))? sparsity\b",
    re.IGNORECASE,
)
#: Words that leave open which of two figures is the dense one.
_SPARSE = re.compile(
    r"\bspars|\bnot\b|n[\u2019']t\b|\bhalf\b(?!-precision)|\btwice\b|\bdoubl|\bmodels?\b(?! are)|\bif\b|"
    r"\b(?:(?:two|four|eight)(?! times)|pair|both|each|together|between them|total|combined)\b",
    re.IGNORECASE,
)


#: "The 67 TOPS of it become about 33 for a dense network": what the rate is not.
_BECOMES = re.compile(
    r"[^.;]{0,50}\b(?:become|turn into|shrink|drop|fall|halve|are halved|is halved|becomes|turns into|"
    r"shrinks|drops|falls|halves)\b",
    re.IGNORECASE,
)
#: "That is a dense FP4 rate", of the rate of the sentence before.
_THAT_IS_DENSE = re.compile(
    r"\s*(?:That|This|It|Both)(?: figure| number| rate| one)?(?:[\u2019']s| is| are|"
    r" was)\s(?:already |of course |the |an? )*"
    r"dense\b|"
    r"\s*(?:That|This|It)(?:[\u2019']s| is| was) (?:the |an? )?(?:[A-Z]+\d+ )?(?:rate|figure|number),? and "
    r"(?:it|that) is (?:a )?dense\b",
    re.IGNORECASE,
)
#: "The H100's dense 3,958", in TFLOPS where a sentence has a precision.
_BARE = re.compile(
    r"[\u2019']s?\s+dense\s+(?P<n>\d{1,2},\d{3}|\d{3,4}(?:\.\d)?)(?=\s*[,;.)]|\s+(?:in|of|for|and|against)\b)"
)


def dense(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """The rates of a sentence that are called dense, and are a device's with sparsity."""
    if _THAT_IS_DENSE.match(sentence.text):
        yield from _of_the_one_before(passage, sentence, context)
        return
    for bare in _BARE.finditer(passage.text, sentence.start, sentence.end):
        value = float(bare["n"].replace(",", "")) * 1e12
        yield from _sparse(
            passage, sentence, Quantity(*bare.span("n"), value, value, "flop rate", "TFLOPS"), context
        )
    if not _DENSE.search(sentence.text) or _SPARSE.search(_DENSE.sub(" ", sentence.text)):
        return
    for quantity in within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        start, end = stretch(passage.text, quantity.start)
        if IN_THAT.match(passage.text, quantity.end):
            continue
        if quantity.dimension in ("flop rate", "op rate") and _DENSE.search(passage.text, start, end):
            yield from _sparse(passage, sentence, quantity, context)


def _of_the_one_before(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    every = sentences(passage.text)
    last = every[max(0, every.index(sentence) - 1)]
    rates = [
        each
        for each in within(quantities(passage.text, context.fraction), last.start, last.end)
        if each.dimension in ("flop rate", "op rate")
    ]
    for found in (
        [one for each in rates for one in _sparse(passage, sentence, each, context)] if rates else ()
    ):
        # What is wrong is what this sentence says of it.
        blank = len(sentence.text) - len(sentence.text.lstrip())
        place = passage.span(sentence.start + blank, sentence.end)
        yield found._replace(start=place[0], end=place[1], quote=sentence.text.strip(), stated="dense")


def _sparse(passage: Passage, sentence: Sentence, quantity: Quantity, context: Context) -> Iterator[Finding]:
    keys = {each.attribute.key for each in named(sentence.text)} & {*RATES} or {*RATES}
    return told_sparse(passage, quantity, keys, context.spoken_of & context.catalogue.keys(), context)


def told_sparse(
    passage: Passage, quantity: Quantity, keys: Collection[str], ids: Collection[str], context: Context
) -> Iterator[Finding]:
    """The first finding that a rate is one with sparsity of some devices, if it is the dense one of none."""
    behind = passage.text, quantity.end
    if _BECOMES.match(*behind) or SPARSE_ITSELF.match(*behind):
        return
    accused: list[Finding] = []
    for key in sorted(ids):
        gpu = [context.catalogue[key]]
        for rate in sorted(keys):
            attribute = attributes()[rate]
            found = verdict_on(passage.text, quantity, attribute, gpu, said=_AS_DENSE, context=context)
            if found.verdict == "confirmed":
                return
            if WITH_SPARSITY in found.because:
                accused.append(finding_on(passage, quantity, attribute, gpu, found=found, context=context))
    yield from accused[:1]
