"""Logs of training loops: Lightning, timm, Ultralytics, Keras, nanoGPT, Megatron, torchtune, kohya, tqdm.

The rate that each prints of its steps, as items or tokens/s of all GPUs: the middle one behind the first, in
which a program warms up. Steps are items where the batch of a GPU is in the log, or stated with `--batch`.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: The stated batch and number of GPUs make items of steps.
STATED = True
_N = r"(\d[\d,]*(?:\.\d+)?)"
#: A bar of tqdm: its steps, the rate and its unit; what stands before it is looked at, so far at most.
_BAR = re.compile(
    r"\d%\|[^|\n]{0,400}\|\s*(?P<at>\d{1,9})/(?P<of>\d{1,9})\s*\[[\d:]{1,12}<[\d:?]{1,12},\s*"
    r"(?P<rate>\d[\d.]*)\s*(?P<unit>it/s|s/it|batch/s|step/s)"
)
#: Bars of anything but steps of a training.
_ELSE = re.compile(
    r"\b(?:val\w*|eval\w*|test\w*|predict\w*|sanity|download\w*|load\w*|map|token\w*|cach\w*|class|saving"
    r"|shards?|fetching|filter\w*|generating)\b",
    re.I,
)
_NEAR = 200
_SPANS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6}


class Load(NamedTuple):
    """What a step has: GPUs, the batch of each (0: not told), that of all, passes, tokens of a sequence."""

    gpus: float
    batch: float
    whole: float
    passes: float
    length: float

    @property
    def items(self) -> float:
        """Items of a step of all GPUs; raises `UsageError` where nothing says so."""
        items = self.whole or self.gpus * self.batch * self.passes
        if not items:
            raise UsageError(
                "it tells steps a second, not how many samples each has; add --batch N (of a GPU)"
            )
        return items


def _nanogpt(text: str, _load: Load) -> list[float]:
    tokens = _numbers(rf"tokens per iteration will be: {_N}\n", text)
    times = _some(_numbers(rf"^iter \d+: loss .*?time {_N}ms", text))
    if not tokens:
        raise UsageError("it does not say 'tokens per iteration'; give the log from its start")
    return [1e3 * tokens[0] / one for one in times]


def _torchtune(text: str, load: Load) -> list[float]:
    return [one * load.gpus for one in _some(_numbers(rf"tokens_per_second_per_gpu:{_N}[ \n]", text))]


def _timm(text: str, _load: Load) -> list[float]:
    # In brackets is the mean of the epoch so far.
    return _some(_numbers(rf"^(?:Train|Test): .*?\([\d.]+s,\s*{_N}/s\)", text))[-1:]


def _megatron(text: str, load: Load) -> list[float]:
    times = _some(_numbers(rf"per iteration \(ms\): {_N} ", text))
    return [1e3 * load.items * (load.length or 1.0) / one for one in times]


def _keras(text: str, load: Load) -> list[float]:
    found = re.findall(
        r"(?<!\d)(\d{1,9})/(\d{1,9}) (?:\[=+\]|\u2501+) [^\n]{0,99}?(\d[\d.]*) ?(s|ms|us|\u00b5s)/step",
        text,
        re.M,
    )
    times = [float(one) * _SPANS[span] for at, of, one, span in found if at == of]
    return [load.items / one for one in _some([one for one in times if one > 0.0])]


def _barred(text: str, load: Load) -> list[float]:
    return [one * load.items for one in _some(_bars(text))]


class Loop(NamedTuple):
    """How a program is told, its rates of all GPUs, and the columns that its log has, each by a pattern."""

    name: str
    mark: re.Pattern[str]
    rates: Callable[[str, Load], list[float]]
    columns: Mapping[str, str] = {}
    unit: str = "samples/s"
    runtime: str = "PyTorch"


_LOOPS = (
    Loop("nanogpt", re.compile(r"^iter \d+: loss .*?time [\d.]+ms", re.M), _nanogpt,
         {"compile": r"^(compiling) the model"}, "tokens/s"),
    Loop("torchtune", re.compile(r"tokens_per_second_per_gpu:"), _torchtune,
         {"batch": r"^batch_size: (\d+)", "grad_accum": r"^gradient_accumulation_steps: (\d+)",
          "precision": r"^dtype: (\w+)", "workload": r"_component_: torchtune\.models\.\S*?\.(\w+)$",
          "lora_rank": r"^\s+lora_rank: (\d+)", "seq_len": r"^\s+max_seq_len: (\d+)"},
         "tokens/s", "torchtune"),
    Loop("timm", re.compile(r"^Train: \d+ \[.*?Time: [\d.]+s,\s*[\d.]+/s", re.M), _timm,
         {"workload": r"Model (\S+) created", "n_gpus": r"process(?:es)?, 1 device per process\. Process 0, "
          r"total (\d+)", "amp": r"(mixed precision)\.?$", "resolution": r"input_size: \(3, (\d+), "}),
    Loop("timm validate", re.compile(r"^Test: \[.*?Time: [\d.]+s \([\d.]+s,", re.M), _timm,
         {"workload": r"Model (\S+) created", "amp": r"(mixed precision)"}),
    Loop("megatron", re.compile(r"elapsed time per iteration \(ms\):"), _megatron,
         {"global_batch": r"global batch size:\s+(\d+)", "seq_len": r"\bseq_length \.+ (\d+)"}),
    Loop("ultralytics", re.compile(r"\bUltralytics \S+|^\s*Epoch\s+GPU_mem\s", re.M), _barred,
         {"gpu": r"CUDA:\d \(([^,)]+)", "gpu_memory": r"CUDA:\d \([^,)]+, (\d+)MiB\)",
          "workload": r"\bmodel=([\w./-]+?)(?:\.pt|\.yaml)?,",
          "whole": r"\bbatch=(\d+)", "resolution": r"\bimgsz=(\d+)", "amp": r"\bamp=(True)"}),
    Loop("keras", re.compile(r"(?<!\d)\d{1,9}/\d{1,9} (?:\[=+\]|\u2501+) .{0,99}?\d ?[mu]?s/step"), _keras,
         runtime="Keras"),
    Loop("lightning", re.compile(r"LOCAL_RANK: \d+ - CUDA_VISIBLE_DEVICES|`Trainer\.fit` stopped|"
                                 r"^Epoch \d+: +\d+%\|.*v_num=", re.M), _barred,
         {"gpu": r"CUDA device \('([^']+)'\)", "n_gpus": r"Starting with (\d+) processes",
          "amp": r"Using (?:16bit|(bf)loat16) Automatic Mixed Precision"}),
    Loop("pytorch", re.compile(r"(?<![a-z])loss(?![a-z])", re.I), _barred,
         {"batch": r"(?i)\bbatch size per device[^:=\n]*[:=] *(\d+)",
          "passes": r"(?i)\bgradient accumulation steps[^:=\n]*[:=] *(\d+)",
          "gpu": r"\b(?:NVIDIA |AMD )([A-Z][\w -]+\d\w*(?: \w+)?)\b"}),
)  # fmt: skip
#: What torchtune's builders put before the name of a model.
_RECIPE = re.compile(r"^(?:(?P<kind>q?lora|dora)_)?(?P<name>.*)$")


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a log: of a program that is known by its lines, or bars beside a loss."""
    loop = _loop(text)
    if loop is None or "train_samples_per_second" in text:
        return False
    return loop.rates is not _barred or bool(_bars(text))


def read(_path: Path, text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    """The figure of a log; raises `UsageError` where it has no step, or nothing says what a step has."""
    loop = _loop(text)
    if loop is None:
        return
    found = _found(loop, text)
    load = _load(text, found, stated)
    rates = loop.rates(text, load)
    behind = rates[1:] or rates
    unit = "tokens/s" if loop.name == "megatron" and load.length else loop.unit
    batch = load.batch or (load.whole / load.gpus if loop.name == "ultralytics" else 0.0)
    if loop.rates is _timm:
        batch = batch or round(_per_step(text) / load.gpus)
    context: dict[str, Any] = {"program": loop.name, "steps_read": len(behind)}
    if shown := found.pop("gpu_memory", ""):
        context["gpu_memory"] = float(shown) * 2**20
    epochs = ("the rate is of whole epochs: data loading and what runs between steps is in it",)
    found |= {"n_gpus": int(load.gpus), "batch": batch or None, "metric": "throughput", "unit": unit}
    yield Entry({**found, "value": median(behind)}, context,
                epochs if loop.rates in (_keras, _barred) and loop.name != "ultralytics" else ())  # fmt: skip


def _loop(text: str) -> Loop | None:
    return next((one for one in _LOOPS if one.mark.search(text)), None)


def _load(text: str, found: dict[str, Any], stated: Mapping[str, Any]) -> Load:
    """What a step has, by what is stated, else by the log, from whose columns it is taken."""
    _, _, several = str(stated.get("gpu") or "").rpartition(":")
    devices = len(set(re.findall(r"\bCUDA:(\d) \(", text)))
    told = stated.get("n_gpus") or (several if several.isdigit() else 0) or found.get("n_gpus") or devices
    options, whole = found["options"], found.pop("whole", 0.0)
    passes = found.pop("passes", 1.0)
    if float(passes) > 1.0:
        options["grad_accum"] = passes
    return Load(
        float(told or 1.0), float(stated.get("batch") or found.get("batch") or 0.0),
        float(whole or options.get("global_batch", 0.0)), float(passes),
        float(stated.get("seq_len") or found.get("seq_len") or 0.0),
    )  # fmt: skip


def _found(loop: Loop, text: str) -> dict[str, Any]:
    """The columns that a log has, with what becomes an option or a format among them."""
    matches = {name: re.search(words, text, re.M) for name, words in loop.columns.items()}
    found: dict[str, Any] = {name: one[1] for name, one in matches.items() if one}
    kept = ("lora_rank", "grad_accum", "global_batch")
    options: dict[str, Any] = {name: found.pop(name) for name in kept if name in found}
    if found.pop("compile", ""):
        options["compile"] = "True"
    if "amp" in found:
        found["precision"] = "amp-bf16" if found.pop("amp") == "bf" else "amp-fp16"
    found["phase"] = "infer" if loop.name == "timm validate" else "train"
    if loop.name == "torchtune" and (recipe := _RECIPE.match(found.get("workload", ""))):
        found["workload"] = re.sub(r"(?<=\d)_(?=\d_)", ".", recipe["name"])
        found["phase"] = f"finetune_{recipe['kind'] or 'full'}"
    return {**found, "runtime": loop.runtime, "options": options}


def _some(found: list[float]) -> list[float]:
    if not found:
        raise UsageError("no step in it; was the run cut off before it had any?")
    return found


def _numbers(pattern: str, text: str) -> list[float]:
    return [float(one.replace(",", "")) for one in re.findall(pattern, text, re.M)]


def _per_step(text: str) -> float:
    """Samples of a step of timm: its mean time by its mean rate."""
    pairs = re.findall(r"^(?:Train|Test): .*?\(([\d.]+)s,\s*([\d.]+)/s\)", text, re.M)
    return float(pairs[-1][0]) * float(pairs[-1][1]) if pairs else 0.0


def _before(text: str, at: int) -> str:
    """What stands on the line of a bar before it."""
    return text[max(at - _NEAR, 0) : at].rpartition("\n")[2]


def _bars(text: str) -> list[float]:
    """Steps a second of the bars of a training: of each whole one, else of the furthest."""
    bars = [one for one in _BAR.finditer(text) if not _ELSE.search(_before(text, one.start()))]
    most = max((int(one["of"]) for one in bars), default=0)
    bars = [one for one in bars if int(one["of"]) == most]
    whole = [one for one in bars if one["at"] == one["of"]]
    some = whole or sorted(bars, key=lambda one: int(one["at"]))[-1:]
    rates = ((float(one["rate"]), one["unit"]) for one in some)
    return [1.0 / rate if unit == "s/it" else rate for rate, unit in rates if rate > 0.0]
