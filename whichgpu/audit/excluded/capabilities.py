"""A capability that a sentence plainly states, and that no device has which it can be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.review.understood import is_of_use
from whichgpu.audit.text.models import models
from whichgpu.audit.values.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.values.capabilities import Capability
    from whichgpu.hardware.gpu import Gpu

#: Those that are told as had or not; of "CUDA" and the like a text speaks for other reasons.
_KEYS = frozenset({"fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "tensor_cores", "sparsity"})


def named_by(keys: Collection[str]) -> tuple[tuple[Capability, re.Pattern[str]], ...]:
    """Some capabilities, each with the pattern of its names as words of their own."""
    return tuple(
        (each, re.compile(rf"(?<![\w-])(?:{each.names})(?![\w-])", re.IGNORECASE))
        for each in CAPABILITIES
        if each.key in keys
    )


_TOLD = named_by(_KEYS)
_FORMATS = frozenset({"fp8", "fp4", "bf16", "tf32"})
#: What makes a format one of a device's own, and not of what is kept or computed by other means.
_UNITS = re.compile(r"\b(?:native(?:ly)?|tensor cores?|units?|in hardware|silicon)\b", re.IGNORECASE)
#: Verbs by which a device is said to have something, or something to be done on it.
_HAS = re.compile(
    r"\b(?:has|have|had|supports?|supported|offers?|offering|comes?|brings?|gets?|got|features?|includes?|"
    r"provides?|native(?:ly)?|in hardware|handles?|knows?|runs?|uses?|using|accelerat\w+|thanks to|with|via|"
    r"over|through|by|can|lets?|allows?|join\w*|link\w*|connect\w*|bridg\w*|split|divid\w*|carv\w*|"
    r"slic\w*|partition\w*|takes?|accepts?|works?|available|on board|is (?:back|there|fine)|"
    # "The card's memory and tensor cores make it".
    r"its|(?:the|this) (?:card|gpu|board|chip|module|accelerator)[\u2019']s)\b",
    re.IGNORECASE,
)
#: A format that is told of files and weights, a peak "with sparsity", what a figure is held against.
_OF_FILES = re.compile(
    r"\b(?:quanti[sz]\w*|weights?|files?|checkpoints?|versions?|GB|models?|bytes?|cache|download\w*|GGUF|"
    r"W8A8|llama|qwen|flux|deepseek|throughput|tokens?|PyTorch|slow|INT8 with|with INT8)\b",
    re.IGNORECASE,
)


def capabilities(scope: Scope, context: Context) -> Iterator[Finding]:
    """Those of a sentence that no device has."""
    text, sentence = scope.passage.text, scope.sentence
    # Of a device that the sentence names, any word says so that takes nothing back.
    of_it = scope.here and not scope.speaks_anywhere_of_others()
    said = scope.plain and (of_it or _HAS.search(sentence.text)) and not _NEVER.search(sentence.text)
    # "NVLink links cards": of no device.
    if not said or not (scope.here or scope.headed or is_of_one(sentence.text)) or _is_of_family(scope):
        return
    for each, names in _TOLD:
        match = names.search(text, sentence.start, sentence.end)
        if (
            match is None
            or (not scope.here and is_of_use(sentence, match.start()))
            or scope.speaks_of_others(match.start())
            or any(one.start <= match.start() < one.end for one in scope.here)
        ):
            continue
        of_files = _OF_FILES.search(sentence.text) or models(sentence.text)
        if each.key in _FORMATS and of_files:
            continue
        own = (
            _named(scope, context)
            if of_it and (each.key not in _FORMATS or _UNITS.search(sentence.text))
            else []
        )
        gpus = own or list(scope.gpus)
        if any(each.has(gpu) is not False for gpu in gpus):
            continue
        because = f"none that the text speaks of has {match[0]}: {', '.join(gpu.id for gpu in gpus[:4])}"
        yield made(
            context, scope.passage, match.span(), "capability", "contradicted", attribute=each.key,
            subject=", ".join(gpu.id for gpu in gpus), because=because, evidence=(Evidence(because),),
        )  # fmt: skip


def _named(scope: Scope, context: Context) -> list[Gpu]:
    """The one device that a sentence names; none of several."""
    one = len({model(each.named[0], context.catalogue) for each in scope.here}) == 1
    return [context.catalogue[key] for each in scope.here for key in each.ids] if one else []


#: What takes back what a sentence says before or behind it.
_NEVER = re.compile(
    r"\b(?:except|emulat\w+|not|nicht|no|none|neither|nor|lacks?|without|unavailable|missing|compar\w+|"
    r"TensorRT|PyTorch|vLLM|CUDA|ROCm|drivers?|software)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_OF_ONE = re.compile(
    r"\b(?:it|its|they|their|both|all|either|you|we|two of them|tensor cores|"
    r"(?:the|this|these|two) (?:[\w-]+ )?(?:cards?|gpus?|boards?|ones?|chips?|modules?))\b|"
    r"^\W*(?:\w+\W+)?(?:FP|BF|TF)\d+\s*:",
    re.IGNORECASE,
)


def is_of_one(text: str) -> bool:
    """Whether a sentence without a name speaks of devices that were named before."""
    return _OF_ONE.search(text) is not None


def _is_of_family(scope: Scope) -> bool:
    """Whether a sentence speaks of an architecture that none of its devices is of, or of several."""
    told = [match[0] for match in architectures().finditer(scope.sentence.text)]
    return any(not any(is_of(gpu, name) for gpu in scope.gpus) for name in told)
