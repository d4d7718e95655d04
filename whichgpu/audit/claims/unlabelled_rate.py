"""Rates without a precision that a device has in none: "the RTX 3090 Ti with its 35.6 TFLOPS of computing power".

A rate that no precision stands beside may be of any, dense or with sparsity, so that it is wrong only where none
of them is near: far from all, or exactly the rate of another device of its architecture.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.roles import told
from whichgpu.audit.sentences import within
from whichgpu.audit.sourced import nearly_same, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.hardware.gpu import Gpu

_FLOPS = re.compile(r"[TP]FLOPS?\b|\b(?:tera|peta)flops?\b", re.IGNORECASE)
#: What makes a rate one of a precision, of other units, of a run or of several devices.
_OF_ELSE = re.compile(
    r"\b(?:fp\s?\d+|tf\s?32|bf\s?16|b?float\s?\d*|int\s?\d|single|double|half|mixed|precision|tensor|spars\w+|dense|"
    r"matrix|matmul|ray|rt|rtx-ops|ai|dlss|shaders?|vector|deep[- ]learning|"
    r"achiev\w+|measur\w+|sustain\w+|real\w*|effective\w*|actual\w*|utili[sz]\w+|mfu|bench\w+|linpack|hpl|observed|"
    r"per|each|total|combined|together|aggregate|cluster|systems?|servers?|nodes?|dgx|hgx|pods?|racks?|supercomputer|"
    r"exaflops?|overclock\w*|oc|predecessor|successor|unlike|than|from|versus|vs|against|compared|jump\w*|if|would|"
    r"could|not|never|rumou?r\w*|expected)\b|n[\u2019']t\b|(?<![a-z\d])\d\s?[x\u00d7]\s|(?<![a-z])[x\u00d7]\s?\d|\?",
    re.IGNORECASE,
)
_RATES = ("fp64", "fp64_tensor", "fp32", "tf32", "fp16", "fp16_acc16", "fp16_vector", "bf16", "fp8",
          "fp8_acc16", "fp4", "int8", "int4")  # fmt: skip
_MARKETS = ("geforce", "workstation", "datacenter")
#: How far a maker's clocks take a rate, how far what is of nothing is off all, and letters from a name to it.
_CLOCKED, _FAR, _NEAR = 0.08, 0.25, 80


def find(context: Context) -> Iterator[Finding]:
    """Every such rate that its device has in no precision."""
    for passage, sentence, who in told(context, _FLOPS):
        if _OF_ELSE.search(sentence.text) or len({each.named for each in who.here}) != 1:
            continue
        rates = [
            each
            for each in within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
            if each.dimension == "flop rate" and each.high == each.value > 0
        ]
        mention = who.owner(rates[0].start) if len(rates) == 1 else None
        if mention is None or mention not in who.own or not 0 <= rates[0].start - mention.end < _NEAR:
            continue
        gpus = [context.catalogue[key] for key in mention.ids]
        if all(gpu.confidence != "low" and gpu.segment in _MARKETS and gpu.value("fp32") for gpu in gpus):
            yield from _judged(passage, rates[0], gpus, context)


def _judged(passage: Passage, rate: Quantity, gpus: Sequence[Gpu], context: Context) -> Iterator[Finding]:
    off = min(abs(rate.value / value - 1) for gpu in gpus for value in _own(gpu))
    twin = _twin(rate.value, gpus, context)
    if off <= _CLOCKED or (off <= _FAR and not twin):
        return
    words = passage.text[rate.start : rate.end]
    shown = f"{gpus[0].id} has {gpus[0].display('fp32')} in FP32 and in no precision {words}"
    because = f"{shown}; that is the {twin}'s" if twin else shown
    yield made(
        context, passage, (rate.start, rate.end), "specification", "contradicted", subject=", ".join(
            gpu.id for gpu in gpus
        ),
        attribute="fp32", because=because, expected=str(gpus[0].display("fp32")),
        evidence=(source_of(gpus[0], "fp32"),),
    )  # fmt: skip


def _own(gpu: Gpu) -> Iterator[float]:
    """Every peak of a device, dense and with sparsity, and half and twice what its plain units do."""
    times = float(gpu.value("sparsity") or 1.0)
    for field in _RATES:
        value = float(gpu.value(field) or 0.0)
        if value:
            yield from (value, value * times)
    plain = float(gpu.value("fp32") or 0.0)
    yield from (plain / 2, plain * 2, plain * 4)


def _twin(value: float, gpus: Sequence[Gpu], context: Context) -> str:
    """The name of another device of the architecture that has so much in FP32; empty where none has."""
    kin = (
        gpu
        for gpu in context.catalogue.values()
        if gpu.architecture == gpus[0].architecture and gpu.segment == gpus[0].segment and gpu not in gpus
    )
    return next((gpu.name for gpu in kin if nearly_same(value, float(gpu.value("fp32") or 1.0))), "")
