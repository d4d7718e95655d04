"""The peak of so many devices together: "a pod of 256 TPU v5e chips reaches 504 PFLOPS in BF16".

Held against the number times what is on file of one, in the format that is told, else in any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_SO_MANY = re.compile(r"(?<![\d.,])(?P<n>\d{1,3}(?:,\d{3})+|\d{2,6})\s+(?:[a-z]+ )?(?:x\s*)?$", re.IGNORECASE)
_RATE = re.compile(
    r"(?P<n>\d[\d,.]*)[\s-]?(?P<unit>PFLOPS|petaFLOPS?|exaFLOPS?|EFLOPS|exaflops?)\b", re.IGNORECASE
)
_FORMAT = re.compile(r"\b(?:NV)?(?P<format>FP4|FP8|BF16|FP16|INT8|TF32|FP32|FP64)\b", re.IGNORECASE)
#: What is no peak, of another number, or nobody's statement.
_UNSURE = re.compile(
    r"\?|\b(?:if|would|could|not|never|sustain\w*|achiev\w*|measured|utili[sz]\w+|mfu|real\w*|effective\w*|"
    r"percent|about half|each of (?:them|the)|instead|than|training run|total work|zettaflops?)\b|%|"
    r"n[\u2019']t\b",
    re.IGNORECASE,
)
_FORMATS = ("fp4", "fp8", "bf16", "fp16", "int8", "tf32", "fp32")
#: The share within which a product is meant.
_NEAR = 0.1


def find(context: Context) -> Iterator[Finding]:
    """Every such sum with its verdict."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _RATE.search(passage.text) else ():
            here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            rates = list(_RATE.finditer(passage.text, sentence.start, sentence.end))
            if len(rates) == 1 and len(here) == 1 and not _UNSURE.search(sentence.text):
                yield from _judged(passage, sentence, here[0], rates[0], context)


def _judged(
    passage: Passage, sentence: Sentence, one: Mention, rate: re.Match[str], context: Context
) -> Iterator[Finding]:  # fmt: skip
    count = _SO_MANY.search(passage.text, sentence.start, one.start)
    if count is None or rate.start() < count.end():
        return
    number = float(count["n"].replace(",", ""))
    formats = {each["format"].lower() for each in _FORMAT.finditer(sentence.text)}
    fields = sorted(formats) if len(formats) == 1 else _FORMATS
    values = [
        float(value) * way
        for key in one.ids
        for field in fields
        if isinstance(value := context.catalogue[key].value(field), int | float) and value
        for way in (1.0, context.catalogue[key].sparse_times(field))
    ]
    told = float(rate["n"].replace(",", "")) * (1e18 if rate["unit"][0] in "eE" else 1e15)
    known = [number * value for value in values]
    if not known:
        return
    right = any(abs(told / each - 1) <= _NEAR for each in known)
    best = min(known, key=lambda each: abs(told / each - 1))
    because = f"{number:,.0f} x {best / number / 1e12:,.4g} TFLOPS are {best / 1e15:,.3g} PFLOPS"
    yield made(context, passage, rate.span(), "arithmetic", "confirmed" if right else "contradicted",
               subject=one.ids[0], attribute="peak of several", because=because,
               expected="" if right else f"{best / 1e15:,.3g} PFLOPS",
               evidence=(Evidence(because),))  # fmt: skip
