"""Logs of training loops: Lightning, timm, Ultralytics, Keras, nanoGPT, torchtune, kohya, bars of tqdm.

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
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: The stated batch and number of GPUs make items of steps.
STATED = True
_N = r"(\d[\d,]*(?:\.\d+)?)"
#: A bar of tqdm: what stands before it, its steps, the rate and its unit.
_BAR = re.compile(
    r"(?P<before>[^\n|]*?)\d+%\|[^|\n]*\|\s*(?P<at>\d+)/(?P<of>\d+)\s*\[[\d:]+<[\d:?]+,\s*"
    r"(?P<rate>\d[\d.]*)\s*(?P<unit>it/s|s/it|batch/s|step/s)(?P<after>[^\n\]]*)"
)
#: Bars of anything but steps of a training.
_ELSE = re.compile(
    r"\b(?:val\w*|eval\w*|test\w*|predict\w*|sanity|download\w*|load\w*|map|token\w*|cach\w*|class|saving"
    r"|shards?|fetching|filter\w*|generating)\b",
    re.I,
)
_SPANS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6}


class Loop(NamedTuple):
    """How one program is told, what runs there, and the columns that its log has, each by a pattern."""

    name: str
    mark: re.Pattern[str]
    columns: Mapping[str, str] = {}


_LOOPS = (
    Loop("nanogpt", re.compile(r"^iter \d+: loss .*?time [\d.]+ms", re.M),
         {"compile": r"^(compiling) the model"}),
    Loop("torchtune", re.compile(r"tokens_per_second_per_gpu:"),
         {"batch": r"^batch_size: (\d+)", "grad_accum": r"^gradient_accumulation_steps: (\d+)",
          "precision": r"^dtype: (\w+)", "workload": r"_component_: torchtune\.models\.\S*?\.(\w+)$",
          "lora_rank": r"^\s+lora_rank: (\d+)", "seq_len": r"^\s+max_seq_len: (\d+)"}),
    Loop("timm", re.compile(r"^Train: \d+ \[.*?Time: [\d.]+s,\s*[\d.]+/s", re.M),
         {"workload": r"Model (\S+) created", "n_gpus": r"process(?:es)?, 1 device per process\. Process 0, "
          r"total (\d+)", "amp": r"(mixed precision)\.?$", "resolution": r"input_size: \(3, (\d+), "}),
    Loop("ultralytics", re.compile(r"\bUltralytics \S+|^\s*Epoch\s+GPU_mem\s", re.M),
         {"gpu": r"CUDA:\d \(([^,)]+)", "gpu_memory": r"CUDA:\d \([^,)]+, (\d+)MiB\)",
          "workload": r"\bmodel=([\w./-]+?)(?:\.pt|\.yaml)?,",
          "global_batch": r"\bbatch=(\d+)", "resolution": r"\bimgsz=(\d+)", "amp": r"\bamp=(True)"}),
    Loop("keras", re.compile(r"^.*?\d+/\d+ (?:\[=+\]|\u2501+) .*?\d+ ?[mu]?s/step", re.M)),
    Loop("lightning", re.compile(r"LOCAL_RANK: \d+ - CUDA_VISIBLE_DEVICES|`Trainer\.fit` stopped|"
                                 r"^Epoch \d+: +\d+%\|.*v_num=", re.M),
         {"gpu": r"CUDA device \('([^']+)'\)", "n_gpus": r"Starting with (\d+) processes",
          "amp": r"Using (?:16bit|(bf)loat16) Automatic Mixed Precision"}),
    Loop("pytorch", re.compile(r"(?<![a-z])loss(?![a-z])", re.I),
         {"gpu": r"\b(?:NVIDIA |AMD )([A-Z][\w -]+\d\w*(?: \w+)?)\b"}),
)  # fmt: skip
#: What torchtune's builders put before the name of a model.
_RECIPE = re.compile(r"^(?:(?P<kind>q?lora|dora)_)?(?P<name>.*)$")


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a log: of a program that is known by its lines, or bars beside a loss."""
    loop = _loop(text)
    return loop is not None and "train_samples_per_second" not in text and (
        loop.name not in ("pytorch", "ultralytics", "lightning") or bool(_bars(text)))  # fmt: skip


def read(_path: Path, text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    """The figure of a log; raises `UsageError` where it has no step, or nothing says what a step has."""
    loop = _loop(text)
    if loop is None:
        return
    found = _found(loop, text)
    _, _, several = str(stated.get("gpu") or "").rpartition(":")
    count = float(stated.get("n_gpus") or (several if several.isdigit() else 0) or found.get("n_gpus") or 1)
    batch = float(stated.get("batch") or found.get("batch") or 0.0)
    if total := float(found.pop("global_batch", 0.0)):
        batch = batch or total / count
    said: list[str] = []
    rates, unit = _rates(loop, text, batch * count)
    if len(rates) > 1:
        rates = rates[1:]
    if loop.name == "torchtune":
        rates = [one * count for one in rates]
    if loop.name == "timm" and not batch:
        batch = round(_per_step(text) / count)
    if loop.name in ("keras", "lightning", "pytorch"):
        said.append("the rate is of whole epochs: data loading and what runs between steps is in it")
    found |= {"n_gpus": int(count), "batch": batch or None, "phase": found.get("phase", "train")}
    context: dict[str, Any] = {"program": loop.name, "steps_read": len(rates)}
    if shown := found.pop("gpu_memory", ""):
        context["gpu_memory"] = float(shown) * 2**20
    yield Entry({**found, "metric": "throughput", "unit": unit, "value": median(rates)}, context, tuple(said))


def _loop(text: str) -> Loop | None:
    return next((one for one in _LOOPS if one.mark.search(text)), None)


def _found(loop: Loop, text: str) -> dict[str, Any]:
    """The columns that a log has, with what becomes an option or a format among them."""
    matches = {name: re.search(words, text, re.M) for name, words in loop.columns.items()}
    found: dict[str, Any] = {name: one[1] for name, one in matches.items() if one}
    options: dict[str, Any] = {name: found.pop(name) for name in ("lora_rank", "grad_accum") if name in found}
    if found.pop("compile", ""):
        options["compile"] = "True"
    if "amp" in found:
        found["precision"] = "amp-bf16" if found.pop("amp") == "bf" else "amp-fp16"
    if loop.name == "torchtune" and (recipe := _RECIPE.match(found.get("workload", ""))):
        kind = "q" * (recipe["name"].startswith("q") and not recipe["kind"]) + (recipe["kind"] or "")
        found["workload"] = re.sub(r"(?<=\d)_(?=\d_)", ".", recipe["name"])
        found["phase"] = f"finetune_{kind}" if kind else "finetune_full"
    # A name of what runs it is the framework's, with what it lays over it kept beside.
    found["runtime"] = {"keras": "Keras", "torchtune": "torchtune"}.get(loop.name, "PyTorch")
    return {**found, "options": options}


def _rates(loop: Loop, text: str, items: float) -> tuple[list[float], str]:
    """Items or tokens a second of each step or epoch that was printed, of all GPUs, and their unit.

    `items` are those of a step, 0 where nothing says so. Raises `UsageError` where that is needed, or
    nothing was measured.
    """
    if loop.name == "torchtune":
        return _some(_numbers(rf"tokens_per_second_per_gpu:{_N}[ \n]", text)), "tokens/s"
    if loop.name == "nanogpt":
        tokens = _numbers(rf"tokens per iteration will be: {_N}\n", text)
        times = _some(_numbers(rf"^iter \d+: loss .*?time {_N}ms", text))
        if not tokens:
            raise UsageError("it does not say 'tokens per iteration'; give the log from its start")
        return [1e3 * tokens[0] / one for one in times], "tokens/s"
    if loop.name == "timm":
        # In brackets is the mean of the epoch so far.
        means = _some(_numbers(rf"^Train: .*?\([\d.]+s,\s*{_N}/s\)", text))
        return means[-1:], "samples/s"
    steps = _keras(text) if loop.name == "keras" else _bars(text)
    _some(steps)
    if not items:
        raise UsageError("it tells steps a second, not how many samples each has; add --batch N (of a GPU)")
    return [one * items for one in steps], "samples/s"


def _some(found: list[float]) -> list[float]:
    if not found:
        raise UsageError("no step in it; was the run cut off before it had any?")
    return found


def _numbers(pattern: str, text: str) -> list[float]:
    return [float(one.replace(",", "")) for one in re.findall(pattern, text, re.M)]


def _per_step(text: str) -> float:
    """Samples of a step of timm: its mean time by its mean rate."""
    pairs = re.findall(r"^Train: .*?\(([\d.]+)s,\s*([\d.]+)/s\)", text, re.M)
    return float(pairs[-1][0]) * float(pairs[-1][1]) if pairs else 0.0


def _keras(text: str) -> list[float]:
    """Steps a second of each epoch that Keras printed to its end."""
    found = re.findall(
        r"(\d+)/(\d+) (?:\[=+\]|\u2501+) [^\n]*?(\d[\d.]*) ?(s|ms|us|\u00b5s)/step", text, re.M
    )
    times = [float(one) * _SPANS[span] for at, of, one, span in found if at == of]
    return [1.0 / one for one in times if one > 0.0]


def _bars(text: str) -> list[float]:
    """Steps a second of the bars of a training: of each whole one, else of the furthest."""
    bars = [one for one in _BAR.finditer(text) if not _ELSE.search(one["before"])]
    most = max((int(one["of"]) for one in bars), default=0)
    bars = [one for one in bars if int(one["of"]) == most]
    whole = [one for one in bars if one["at"] == one["of"]]
    some = whole or sorted(bars, key=lambda one: int(one["at"]))[-1:]
    rates = ((float(one["rate"]), one["unit"]) for one in some)
    return [1.0 / rate if unit == "s/it" else rate for rate, unit in rates if rate > 0.0]
