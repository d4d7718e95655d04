"""Logs of training: Lightning, timm, Ultralytics, Keras, nanoGPT, LitGPT, Megatron, torchtune, kohya, tqdm.

The rate that each prints of its steps, as items or tokens/s of all GPUs: the middle one behind the first, in
which a program warms up. Steps are items where the batch of a GPU is in the log, or stated with `--batch`.
"""

from __future__ import annotations

import re
from itertools import chain
from statistics import median
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, mapping
from whichgpu.bench.imports._loops import (
    NUMBER,
    Load,
    Loop,
    columns_of,
    load_of,
    loop_of,
    numbers,
    row_of,
    some,
)
from whichgpu.errors import UsageError
from whichgpu.units import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: The stated batch and number of GPUs make items of steps.
STATED = True
#: A bar of tqdm: its steps, the rate and its unit; what stands before it is looked at, so far at most.
_BAR = re.compile(
    r"\d%\|[^|\n]{0,400}\|\s*(?P<at>\d{1,9})/(?P<of>\d{1,9})\s*\[[\d:]{1,12}<[\d:?]{1,12},\s*"
    r"(?P<rate>\d[\d.]*)\s*(?P<unit>it/s|s/it|batch/s|step/s)"
)
#: A bar of Ultralytics' own (since 8.3.200): behind its steps the rate, then the time.
_DRAWN = re.compile(
    r"\d% [\u2501\u2578\u2500]{1,200} (?P<at>\d{1,9})/(?P<of>\d{1,9}) "
    r"(?P<rate>\d[\d.]*)(?P<unit>it/s|s/it) [\d:]"
)
#: Bars of anything but steps of a training.
_ELSE = re.compile(
    r"\b(?:val\w*|eval\w*|test\w*|predict\w*|sanity|download\w*|load\w*|map|token\w*|cach\w*|class|saving"
    r"|shards?|fetching|filter\w*|generating)\b",
    re.I,
)
_NEAR = 200
_SPANS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6}


def _nanogpt(text: str, _load: Load) -> list[float]:
    tokens = numbers(rf"tokens per iteration will be: {NUMBER}\n", text)
    times = some(numbers(rf"^iter \d+: loss .*?time {NUMBER}ms", text))
    if not tokens:
        raise UsageError("it does not say 'tokens per iteration'; give the log from its start")
    return [1e3 * tokens[0] / one for one in times]


def _torchtune(text: str, load: Load) -> list[float]:
    return [one * load.gpus for one in some(numbers(rf"tokens_per_second_per_gpu:{NUMBER}[ \n]", text))]


def _timm(text: str, _load: Load) -> list[float]:
    # In brackets is the mean of the epoch so far.
    return some(numbers(rf"^(?:Train|Test): .*?\([\d.]+s,\s*{NUMBER}/s\)", text))[-1:]


def _megatron(text: str, load: Load) -> list[float]:
    times = some(numbers(rf"per iteration \(ms\): {NUMBER} ", text))
    return [1e3 * load.items * (load.length or 1.0) / one for one in times]


def _litgpt(text: str, load: Load) -> list[float]:
    # It times passes, of which some make an update.
    times = some(numbers(rf"\biter \d+ step \d+.*?iter time: {NUMBER} ?ms", text))
    return [1e3 * load.items / one for one in times]


def _keras(text: str, load: Load) -> list[float]:
    found = re.findall(
        r"(?<!\d)(\d{1,9})/(\d{1,9}) (?:\[=+\]|\u2501+) [^\n]{0,99}?(\d[\d.]*) ?(s|ms|us|\u00b5s)/step",
        text,
        re.M,
    )
    times = [float(one) * _SPANS[span] for at, of, one, span in found if at == of]
    return [load.items / one for one in some([one for one in times if one > 0.0])]


def _barred(text: str, load: Load) -> list[float]:
    return [one * load.items for one in some(_bars(text))]


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
         {"workload": r"Model (\S+) created", "amp": r"(mixed precision)"}, phase="infer"),
    Loop("litgpt", re.compile(r"\biter \d+ step \d+.{0,99}?iter time: [\d.]+ ?ms"), _litgpt,
         runtime="LitGPT"),
    Loop("megatron", re.compile(r"elapsed time per iteration \(ms\):"), _megatron,
         {"global_batch": r"global batch size:\s+(\d+)", "seq_len": r"\bseq_length \.+ (\d+)"},
         sequences=True),
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
    found = _told(loop, text)
    if "passes" in loop.columns and (passes := mapping(stated.get("options")).get("grad_accum")):
        # Such a bar goes on by updates of the weights.
        found["passes"] = passes
    load = load_of(text, found, stated)
    rates = loop.rates(text, load)
    behind = rates[1:] or rates
    batch = load.batch or (load.whole / load.gpus if loop.name == "ultralytics" else 0.0)
    if loop.rates is _timm:
        batch = batch or round(_per_step(text) / load.gpus)
    context: dict[str, Any] = {"program": loop.name, "steps_read": len(behind)}
    if shown := found.pop("gpu_memory", ""):
        context["gpu_memory"] = float(shown) * MIB
    epochs = ("the rate is of whole epochs: data loading and what runs between steps is in it",)
    yield Entry({**row_of(loop, found, load, batch), "value": median(behind)}, context,
                epochs if loop.rates in (_keras, _barred) and loop.name != "ultralytics" else ())  # fmt: skip


def _loop(text: str) -> Loop | None:
    return loop_of(_LOOPS, text)


def _told(loop: Loop, text: str) -> dict[str, Any]:
    """The columns that a log has; torchtune's builder names model and method in one."""
    found = columns_of(loop, text)
    if loop.name == "torchtune" and (recipe := _RECIPE.match(found.get("workload", ""))):
        found["workload"] = re.sub(r"(?<=\d)_(?=\d_)", ".", recipe["name"])
        found["phase"] = f"finetune_{recipe['kind'] or 'full'}"
    return found


def _per_step(text: str) -> float:
    """Samples of a step of timm: its mean time by its mean rate."""
    pairs = re.findall(r"^(?:Train|Test): .*?\(([\d.]+)s,\s*([\d.]+)/s\)", text, re.M)
    return float(pairs[-1][0]) * float(pairs[-1][1]) if pairs else 0.0


def _before(text: str, at: int) -> str:
    """What stands on the line of a bar before it."""
    return text[max(at - _NEAR, 0) : at].rpartition("\n")[2]


def _bars(text: str) -> list[float]:
    """Steps a second of the bars of a training: of each whole one, else of the furthest."""
    drawn = chain(_BAR.finditer(text), _DRAWN.finditer(text))
    bars = [one for one in drawn if not _ELSE.search(_before(text, one.start()))]
    most = max((int(one["of"]) for one in bars), default=0)
    bars = [one for one in bars if int(one["of"]) == most]
    whole = [one for one in bars if one["at"] == one["of"]]
    some = whole or sorted(bars, key=lambda one: int(one["at"]))[-1:]
    rates = ((float(one["rate"]), one["unit"]) for one in some)
    return [1.0 / rate if unit == "s/it" else rate for rate, unit in rates if rate > 0.0]
