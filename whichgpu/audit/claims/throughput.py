"""Throughput of a named network on a named GPU, against the roofline: work done faster than the peak."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.reading import ON_IT
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import formats
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.sourced import source_of
from whichgpu.errors import WhichGpuError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

NETWORK = re.compile(
    r"\b(?:ResNet|VGG|BERT|Inception|GoogLeNet|DenseNet|EfficientNet|ViT|Llama|Mistral|Qwen)"
    r"(?:[- ]?v?[\d.]{1,5}(?![\d.]*[bB])){0,2}(?:[- ]?\d{1,3}[bB]|-(?:base|large|[bB]\d))?",
)
SEVERAL = re.compile(
    r"\b(?:\d+ ?x|x ?\d+|two|four|eight|sixteen|dual|gpus|cards|nodes?|cluster|dgx|hgx|server)\b",
    re.IGNORECASE,
)
_TUNES = re.compile(r"\b(?:q?lora\b|micro[- ]?batch|fine[- ]?tun(?:e|es|ing)\b)", re.IGNORECASE)
TRAINS = re.compile(r"\btrain(?:s|ed|ing)?\b", re.IGNORECASE)
_RATES = ("fp16", "fp16_acc16", "bf16", "fp8", "fp8_acc16", "int8", "fp4", "int4", "tf32", "fp32")
#: Those that networks are trained in.
_TRAINED = ("fp16", "fp16_acc16", "bf16", "fp8", "fp8_acc16", "tf32", "fp32")
#: What FP32 may run as, and the words of it and of others.
_FP32_RATES = ("fp32", "tf32")
_FP32 = re.compile(r"\b(?:fp32|float32|single[- ]precision|full[- ]precision|32-bit)\b", re.IGNORECASE)
_OTHER_PRECISION = re.compile(
    r"\b(?:[bf]p?(?:4|8|16)|bfloat16|int[48]|mixed[- ]precision|amp|half|quanti[sz]ed|\b[48]-bit|16-bit)\b",
    re.I,
)
#: A pass forward and backward does three times the work of one forward.
BACKWARD = 3.0
#: What a record of a benchmark says beside its value.
_RECORD = {
    "batch": re.compile(r"\b(?:batch|bs)\b", re.IGNORECASE),
    "precision": re.compile(
        r"\b(?:[bf]p?(?:4|8|16|32|64)|bfloat16|tf32|int[48]|mixed[- ]precision|amp|half|single[- ]precision|"
        r"full[- ]precision|\d-bit|quanti[sz]ed)\b",
        re.IGNORECASE,
    ),
    "framework": re.compile(
        r"\b(?:pytorch|tensorflow|jax|keras|tensorrt(?:-llm)?|vllm|sglang|llama\.cpp|ollama|onnx|triton|tgi|"
        r"diffusers|automatic1111|webui|comfyui|mlperf|deepspeed|megatron)\b",
        re.IGNORECASE,
    ),
}
#: Words of one request at a time, whose every token reads the weights.
_ALONE = re.compile(
    r"\b(?:batch(?: size)?(?: of)?[ =-]?(?:1|one)\b|without (?:any )?batching|unbatched|one request at a "
    r"time|single[- ](?:user|stream|request|batch))",
    re.IGNORECASE,
)
#: Formats of engines for one user: nobody states their rates of many requests.
_LOCAL = re.compile(r"\b(?:gguf|Q[2-8]_(?:K(?:_[SML])?|[01])|llama\.cpp|ollama|lm studio)\b", re.IGNORECASE)
#: A rate that is set beside that of the sentence before.
_GETS = re.compile(
    r"\b(?:gets?|reach\w*|manages?|achiev\w+|does|hits?|delivers?|produces?|runs? at)\b", re.IGNORECASE
)
#: Bytes of a weight of the smallest format in use; how far beyond the bound rounding goes.
_LEAST, _SLACK = 0.34, 1.03


def find(context: Context) -> Iterator[Finding]:
    """Every throughput above what the peak allows, and those below it as unverifiable."""
    for index, passage in enumerate(context.document.passages):
        found = context.mentions.get(index, ())
        if passage.kind not in RUNNING or not found:
            continue
        before = ""
        for sentence in sentences(passage.text):
            network = NETWORK.search(sentence.text)
            told = sentence.text
            if network is None and before and _GETS.search(sentence.text):
                # "Llama 3.1 8B in Q4 runs at 130 tokens per second on the 5080. The 4080 gets 210."
                network, told = NETWORK.search(before), f"{before} {sentence.text}"
            before = sentence.text if NETWORK.search(sentence.text) else before
            named = within(found, sentence.start, sentence.end)
            if named and network and not SEVERAL.search(sentence.text):
                who = spoken(index, passage, sentence, context)
                run = _Run(passage, sentence, network[0].strip(" -."), told, tuple(named), who)
                yield from _of_run(run, context)


class _Run(NamedTuple):
    """A sentence that tells how fast a network runs on devices, with what is said of how."""

    passage: Passage
    sentence: Sentence
    name: str
    told: str
    here: tuple[Mention, ...]
    who: Spoken

    def owner(self, rate: Quantity) -> Mention | None:
        """The device that a rate is of."""
        text = self.passage.text
        # "54 tokens/s on an L40S and 209 on an H100": of the one right behind it.
        behind = [one for one in self.here if ON_IT.fullmatch(text, rate.end, one.start)]
        if behind:
            return behind[0]
        alone = len({one.named for one in self.here}) == 1
        own = self.here[0] if alone else self.who.owner(rate.start)
        return own if own in self.here else None


def _of_run(run: _Run, context: Context) -> Iterator[Finding]:
    """The verdict on each rate of a run."""
    text, sentence = run.passage.text, run.sentence
    each_does = work(run.name)
    for each in within(quantities(text, context.fraction), sentence.start, sentence.end):
        unit = next((word for word in ("image", "img", "token", "tok") if word in each.unit.lower()), "")
        done = each_does.get("token" if unit.startswith("tok") else "image", 0.0)
        own = run.owner(each) if each.dimension == "rate" and done else None
        if own is None:
            continue
        tokens = unit.startswith("tok") and not _TUNES.search(run.told)
        gpu, most, because = _bound(run, own, done, context)
        if tokens and (_ALONE.search(run.told) or _LOCAL.search(run.told)):
            most, because = _read(run.name, run.told, own, context)
        verdict = "contradicted" if each.value > most else "unverifiable"
        because += _missing(text) if verdict == "unverifiable" else ""
        yield made(context, run.passage, (each.start, each.end), "benchmark", verdict, subject=gpu.id,
                   attribute="throughput", because=because,
                   evidence=(Evidence(because), source_of(gpu, "fp16")))  # fmt: skip


def _bound(run: _Run, own: Mention, done: float, context: Context) -> tuple[Gpu, float, str]:
    """The form of a device with the highest peak, what it does at most a second, and why."""
    times = BACKWARD if TRAINS.search(run.told) else 1.0
    trains = times == BACKWARD
    rates = said_rates(run.told, trains=trains)
    gpu = max((context.catalogue[key] for key in own.ids), key=lambda one: peak(one, rates))
    # Nothing is trained with half of its weights left out.
    best = peak(gpu, rates, sparse=not trains)
    best *= max(1.0, counted(run.passage.text, run.sentence.start, own.start))
    most = best / (done * times)
    of = f"its peak in {rates[0].upper()}" if len(rates) < len(_TRAINED) else "the highest peak"
    because = (
        f"{run.name} does {done * times / 1e9:,.3g} GFLOP each; at {of} of {gpu.id} "
        f"that is at most {most:,.0f} a second"
    )
    return gpu, most, because


@lru_cache(maxsize=64)
def work(name: str) -> dict[str, float]:
    """FLOP of one image, or of one token, of a network by its name; empty for an unknown one."""
    from whichgpu.workloads.counts import counts
    from whichgpu.workloads.workload import known, resolve

    if len(name) < 3 or not known(name):
        return {}
    try:
        item = resolve(name)
        counted = counts(item)
    except WhichGpuError:
        return {}
    if counted.unit.startswith("image"):
        return {"image": counted.flops}
    return {"token": 2.0 * item.active_parameters()} if "generate" in counted.phases else {}


def _read(name: str, text: str, mention: Mention, context: Context) -> tuple[float, str]:
    """Tokens a second of one request: each token reads all weights that it uses once."""
    from whichgpu.workloads.workload import resolve

    said = formats(text)
    size = min((each.least for each in said), default=_LEAST)
    weights = float(resolve(name).active_parameters()) * size
    gpu = max(
        (context.catalogue[key] for key in mention.ids), key=lambda one: float(one.value("bandwidth") or 0)
    )
    most = float(gpu.value("bandwidth") or math.inf) / weights
    because = (
        f"a token of {name} reads {weights / 1e9:,.3g} GB of weights in "
        f"{said[0].name if said else 'any format'}; at {gpu.display('bandwidth')} of {gpu.id} that is "
        f"at most {most:,.0f} a second"
    )
    return most * _SLACK, because


def _missing(text: str) -> str:
    """Which of what a throughput depends on a passage does not say, in words."""
    missing = [name for name, pattern in _RECORD.items() if not pattern.search(text)]
    return f"; it is not said: {', '.join(missing)}" if missing else ""


def said_rates(text: str, *, trains: bool) -> tuple[str, ...]:
    """The peaks that work in the one precision that a text names can reach; all where it names none."""
    if _FP32.search(text) and not _OTHER_PRECISION.search(text):
        return _FP32_RATES
    return _TRAINED if trains else _RATES


def peak(gpu: Gpu, rates: tuple[str, ...] = _RATES, *, sparse: bool = True) -> float:
    """The highest of some rates, with sparsity where there is one and it is asked for."""
    found = (
        float(value) * (gpu.sparse_times(field) if sparse else 1.0)
        for field in rates
        if isinstance(value := gpu.value(field), int | float)
    )
    return max(found, default=0.0)
