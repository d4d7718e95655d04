"""Shares of the peak that training reaches: "400 TFLOPS on an H100, an MFU of 40 percent".

Model FLOPs utilisation (Chowdhery et al. 2022, PaLM) is the rate that is reached over the dense peak.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention

_MFU = re.compile(
    r"\b(?:MFU|HFU|(?:model )?FLOPs? utili[sz]ation|(?:of|against) (?:its |the )?(?:theoretical |"
    r"dense )?peak)\b",
    re.I,
)
_PEAKS = ("bf16", "fp16", "fp8", "tf32", "fp32")
#: Between a rate and the device that reaches it.
_ON = re.compile(
    r"[^.;,%]{0,30}?\b(?:on|out of|from|per|by|with)\s+(?:(?:the|an?|each|every|one|"
    r"single)\s+)*(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)
#: Between a device and the rate that is reached on it: "On an H100, 450 would be".
_THEN = re.compile(r",\s+(?:the same\s+|these\s+|those\s+)?", re.IGNORECASE)
#: How far a share may be off: points, and a share of it for a rounded rate.
_POINTS, _WITHIN = 0.015, 0.05
_FAR = 90


def find(context: Context) -> Iterator[Finding]:
    """Every such share with its verdict."""
    for index, passage in context.document.running():
        if not _MFU.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
            rates = [each for each in every if each.dimension in ("flop rate", "number") and each.value > 0]
            shares = [each for each in every if each.dimension == "percent" and each.high == each.value]
            named = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            yield from _of_sentence(passage, named, rates, shares, context)


def _of_sentence(
    passage: Passage, named: Sequence[Mention], rates: Sequence[Quantity], shares: Sequence[Quantity],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    for share in shares:
        pairs = [
            (rate, one)
            for rate in rates
            for one in named
            if one.end <= share.start < max(one.end, rate.end) + _FAR
            and rate.end <= share.start
            and (
                _ON.fullmatch(passage.text, rate.end, one.start)
                or _THEN.fullmatch(passage.text, one.end, rate.start)
            )
        ]
        if not pairs:
            continue
        rate, one = pairs[-1]
        value = rate.value * (1e12 if rate.dimension == "number" else 1.0)
        # Which form of it reached so much the text may not say: "on the H100s".
        gpus = [context.catalogue[key] for key in dict.fromkeys((*one.ids, *one.named))]
        peaks = [
            (value / float(peak), gpu, field)
            for gpu in gpus
            if gpu.confidence != "low"
            for field in _PEAKS
            if isinstance(peak := gpu.value(field), int | float) and peak
        ]
        if not peaks or any(each.start > rate.end and each.end <= share.start for each in shares):
            continue
        real, gpu, field = min(peaks, key=lambda each: abs(each[0] - share.value))
        right = abs(real - share.value) <= _POINTS + _WITHIN * share.value
        first = next(each for each in peaks if each[2] == peaks[0][2])
        told = (real, gpu, field) if right else first
        because = (
            f"{passage.text[rate.start : rate.end]} over the dense {told[1].display(told[2])} ({told[2]}) of "
            f"{told[1].id} is {told[0]:.0%}"
        )
        yield made(
            context, passage, (share.start, share.end), "arithmetic",
            "confirmed" if right else "contradicted",
            subject=told[1].id, attribute="mfu", because=because, expected="" if right else f"{told[0]:.0%}",
            evidence=(Evidence(because), source_of(told[1], told[2])),
        )  # fmt: skip
