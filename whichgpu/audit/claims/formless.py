"""A device's rate in no format: "RTX 4090: 16,384 CUDA cores, 410 TFLOPS", "the A100 delivers 312 TFLOPS".

It is right where the device has it in any format, dense or with sparsity. It is wrong where it has it in none
and stands among the device's other values, so that nobody can have measured it, or is beyond all that it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.devices.roles import told
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_RATE = re.compile(r"\d\s?(?:[TP]FLOP|tera-?flop|peta-?flop)", re.IGNORECASE)
#: Rates of plain units, and of those that sparsity may double.
_PLAIN = ("fp64", "fp32", "fp16_vector")
_OF_TENSORS = ("fp64_tensor", "tf32", "fp16", "fp16_acc16", "bf16", "fp8", "fp8_acc16", "fp4", "int8", "int4")
#: What says in which format a rate is, that it was measured, or that it is of several or of a part.
_ELSE = re.compile(
    r"\b(?:(?:fp|bf|tf|int|mxfp|nvfp)\s?\d+|(?:half|single|double|mixed|full|low(?:er)?)[- ]?precision|"
    r"precision|tensors?|matrix|vector|shaders?|dense|spars\w+|\d+-bit|float|ray|rt|"
    r"measur\w+|achiev\w+|sustain\w*|effective\w*|practice|real|actual\w*|utili[sz]\w+|mfu|benchmark\w*|"
    r"train\w*|saw|reach\w*|hits?|total|combined|together|cluster|node|server|system|pod|rack|pairs?|two|"
    r"four|eight|per|each|times|than|more|less|versus|vs|compared|from|between|model|tokens?|inference|"
    r"supercomputers?|exaflops?|[dh]gx|nvl\d*|grace|superchip|instances?|laptops?|boost\w*|overclock\w*|clock\w*|base|over|nearly)\b|"
    r"n[\u2019']t\b|\bnot\b|\?|%|\d\s?[x\u00d7]",
    re.IGNORECASE,
)
#: Right behind a name with a colon, or between commas with other values.
_LISTED = re.compile(r"[:,;]\s*[~\u2248]?$")
_LIST_ENDS = re.compile(r"\s*(?:[,;]|$|\.(?!\d))")
#: How near a rate is to be right, and how far from all to be wrong: clocks of boards differ.
_NEAR, _FAR = 0.03, 0.1


def find(context: Context) -> Iterator[Finding]:
    """Every rate of a device in no format, with its verdict."""
    for passage, sentence, who in told(context, _RATE):
        if is_asserted(sentence.text) and is_indicative(sentence.text) and not _ELSE.search(sentence.text):
            rates = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
            for each in rates:
                if each.dimension == "flop rate" and each.high == each.value:
                    yield from _judged(passage, sentence, each, who, context)


def _judged(
    passage: Passage, sentence: Sentence, rate: Quantity, who: Spoken, context: Context
) -> Iterator[Finding]:
    mention = who.owner(rate.start)
    own = mention in who.own if who.here else who.certain
    if mention is None or not own or not mention.ids:
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    peaks = [each for gpu in gpus for each in _peaks(gpu)]
    off = min((abs(rate.value / each - 1) for each in peaks), default=None)
    beyond = bool(peaks) and rate.value > (1 + _FAR) * max(peaks)
    listed = off is not None and off > _FAR and _is_listed(passage.text, sentence, rate)
    if off is None or not (off <= _NEAR or beyond or listed):
        return
    wrong = off > _NEAR
    known = [field for field in ("fp32", "fp16", "fp8") if gpus[0].value(field)]
    shown = ", ".join(f"{gpus[0].display(field)} in {field.upper()}" for field in known)
    because = f"{gpus[0].id} has {shown}" if wrong else "as on file in one format"
    yield made(
        context, passage, (rate.start, rate.end), "specification", "contradicted" if wrong else "confirmed",
        subject=", ".join(gpu.id for gpu in gpus), attribute="peak", because=because,
        evidence=(Evidence(because),),
    )  # fmt: skip


def _is_listed(text: str, sentence: Sentence, rate: Quantity) -> bool:
    """Whether a rate stands in a list of a device's values by itself."""
    others = [each for each in named(text) if sentence.start <= each.start < sentence.end]
    return bool(
        others and _LISTED.search(text, sentence.start, rate.start) and _LIST_ENDS.match(text, rate.end)
    )


def _peaks(gpu: Gpu) -> list[float]:
    """All rates of a device, those of its tensor cores with sparsity too."""
    sparsity = float(str(gpu.value("sparsity") or 1.0))
    found = [(field, 1.0) for field in (*_PLAIN, *_OF_TENSORS)]
    found += [(field, sparsity) for field in _OF_TENSORS]
    known = [(gpu.value(field), times) for field, times in found]
    return [float(value) * times for value, times in known if isinstance(value, int | float) and value]
