"""Logs with the time or the rate of a step: torchvision, DeepSpeed, NeMo, MMDetection, Detectron2, fairseq ..

Also maskrcnn-benchmark, TF-Slim, apex, the loops of DETR, DeiT and MAE, OpenCLIP, PaddlePaddle, MXNet,
TorchTitan, MaxText, Composer, mlx_lm.lora, Horovod's synthetic benchmark and NVIDIA's DLLogger. The middle
one behind the first, in which a program warms up, as samples or tokens/s of all GPUs; seconds of a step are
samples where the batch of a GPU is in the log, or stated.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, _loops
from whichgpu.bench.imports._loops import NUMBER, TIME, Load, Loop
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: The stated batch and number of GPUs make items of steps.
STATED = True
#: Programs of whose figures none is of a first step: means of many, or lines behind those.
_WARM = ("horovod", "detectron2", "maskrcnn_benchmark", "imagenet", "torchvision")
#: Programs whose every line is a mean of many steps, the first of them its warm-up too.
_MEANS = ("fairseq", "mmdetection", "mlx_lm")


def _spans(pattern: str) -> Callable[[str, Load], list[float]]:
    """Rates of a log that tells the seconds of each step."""

    def read(text: str, load: Load) -> list[float]:
        return [load.items / one for one in _loops.some(_loops.numbers(pattern, text))]

    return read


def _lengthened(pattern: str) -> Callable[[str, Load], list[float]]:
    """The same of sequences, in tokens where their length is known."""

    def read(text: str, load: Load) -> list[float]:
        return [load.items * (load.length or 1.0) / one for one in _loops.some(_loops.numbers(pattern, text))]

    return read


def _rates(pattern: str) -> Callable[[str, Load], list[float]]:
    """Rates of a log that tells those of all GPUs."""
    return lambda text, _load: _loops.some(_loops.numbers(pattern, text))


def _shared(pattern: str) -> Callable[[str, Load], list[float]]:
    """Rates of a log that tells those of each GPU."""
    return lambda text, load: [one * load.gpus for one in _loops.some(_loops.numbers(pattern, text))]


def _last(pattern: str) -> Callable[[str, Load], list[float]]:
    """The rate of a log that tells the mean time of its steps so far."""
    return lambda text, load: [load.items / one for one in _loops.some(_loops.numbers(pattern, text))[-1:]]


def _torchvision(text: str, load: Load) -> list[float]:
    """By the time of a step, which waits for data; by images/s of each process where no batch is known."""
    known = load.whole or load.batch or not re.search(r"\bimg/s: ", text)
    if known:
        return _spans(_SMOOTH + r"\btime: " + TIME)(text, load)
    return _shared(_SMOOTH + r"\bimg/s: " + TIME + "  ")(text, load)


def _marked(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.MULTILINE)


#: Lines of torchvision's references, whose logger DETR, DeiT, MAE and DINO took over.
_LOGGED = r"^(?:\S+ )?Epoch: \[\d+\]\s+\[\s*\d+/\d+\]\s+eta: .*?"
#: Its means are of 20 steps, so that the first is in none of the lines behind them.
_SMOOTH = _LOGGED.replace(r"\[\s*\d+/", r"\[\s*(?:[2-9]\d|\d{3,})/")
_MM = r"(?:Epoch|Iter)(?:\(train\))? *\[\d+(?:/\d+)?\](?:\[\s*\d+/\d+\])?\s+(?:base_)?lr: .*?\btime: " + TIME
_APEX = r"^Epoch: \[\d+\]\[\s*\d+/\d+\]\s+Time \d+\.\d+ \(\d+\.\d+\)\s+Speed " + TIME + r" \("
_IMAGENET = r"^Epoch: \[\d+\]\[\s*\d+/\d+\]\s+Time\s+" + TIME + r" \(\s*\d+\.\d+\)\s+Data\s"
#: Each line tells one step, and every process of a run prints its first.
_BEHIND = _IMAGENET.replace(r"\[\s*\d+/", r"\[\s*(?![01]/)\d+/")
_DETECTRON = r"d2\.utils\.events.*?\biter: \d+ .*?\btime: " + TIME
_BENCHMARK = r"maskrcnn_benchmark\.trainer INFO: eta: .*?\biter: \d+ .*?\btime: \d+\.\d+ \(" + TIME + r"\)"
_SLIM = r"\bglobal step \d+: loss = \S+ \(" + TIME + r" sec/step\)"
_NEMO = r"train_step_timing in s(?:=|: )" + TIME
_BATCH = {"batch": r"\b(?:samples_per_gpu|batch_size)=(\d+)"}
_LOOPS = (
    Loop("apex", _marked(_APEX), _rates(_APEX), {"workload": r"=> creating model '?(\w+)'?"}),
    Loop("imagenet", _marked(_IMAGENET), _spans(_BEHIND),
         {"workload": r"=> (?:creating|using pre-trained) model '(\w+)'"}),
    Loop("torchvision", _marked(_LOGGED + r"\btime: "), _torchvision),
    Loop("mmdetection", _marked(_MM), _spans(_MM), _BATCH),
    Loop("detectron2", _marked(_DETECTRON), _last(_DETECTRON), {"whole": r"\bIMS_PER_BATCH: (\d+)"}),
    Loop("maskrcnn_benchmark", _marked(_BENCHMARK), _last(_BENCHMARK),
         {"whole": r"\bIMS_PER_BATCH: (\d+)"}),
    Loop("tf_slim", _marked(_SLIM), _spans(_SLIM), runtime="TensorFlow"),
    Loop("fairseq", _marked(r"\bwps=[\d,.]+, (?:ups|wpb)=", r'"wps": "[\d.]+", "ups"'),
         _rates(rf'\bwps(?:=|": "){NUMBER}"?, "?(?:ups|wpb)'),
         {"n_gpus": r"training on (\d+) (?:devices|GPUs)"}, "tokens/s"),
    Loop("nemo", _marked(_NEMO), _lengthened(_NEMO), {"global_batch": r"\bglobal_batch_size: (\d+)\b"},
         sequences=True),
    Loop("torchtitan", _marked(r"\bstep: +\d+ .*\btps: [\d,]+ "), _shared(rf"\btps: {NUMBER} "),
         {}, "tokens/s", "TorchTitan", "pretrain"),
    Loop("maxtext", _marked(r"\bTokens/s/device: "), _shared(rf"\bTokens/s/device: {NUMBER},"), {},
         "tokens/s", "JAX", "pretrain"),
    Loop("composer", _marked(r"throughput/tokens_per_sec: "),
         _rates(rf"[\t ]throughput/tokens_per_sec: {NUMBER}\n"), {}, "tokens/s", "Composer"),
    Loop("mlx_lm", _marked(r"^Iter \d+: Train loss .*Tokens/sec "), _rates(rf"Tokens/sec {NUMBER}, Trained"),
         {}, "tokens/s", "MLX", "finetune_lora"),
    Loop("open_clip", _marked(r"^.*Train Epoch: .*/s/gpu"), _rates(rf", {NUMBER}/s, [\d.,]+/s/gpu")),
    Loop("paddle", _marked(r"\bips: [\d.]+ ?(?:images|samples)/s"),
         _shared(rf"\bips: {NUMBER} ?(?:images|samples)/s"), runtime="PaddlePaddle"),
    Loop("mxnet", _marked(r"\bSpeed: [\d.]+ samples/sec"), _rates(rf"\bSpeed: {NUMBER} samples/sec"),
         runtime="MXNet"),
    Loop("dllogger", _marked(r"\btrain\.total_ips : "), _rates(rf"\btrain\.total_ips : {NUMBER} ")),
    Loop("horovod", _marked(r"^Total img/sec on \d+ \w+\(s\): "), _rates(
         rf"^Total img/sec on \d+ \w+\(s\): {NUMBER} "),
         {"workload": r"^Model: (\w+)$", "batch": r"^Batch size: (\d+)$",
          "n_gpus": r"^Number of \w+: (\d+)$"}),
    Loop("deepspeed", _marked(r"SamplesPerSec=\d"), _rates(rf"\b(?:Curr)?SamplesPerSec={NUMBER}[,\n]"),
         {"batch": r"\btrain_micro_batch_size_per_gpu\W+(\d+)\b",
          "passes": r"\bgradient_accumulation_steps\W+(\d+)\b"}, runtime="DeepSpeed"),
)  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a log; what Transformers' Trainer sums up at its end is its own."""
    return "train_samples_per_second" not in text and _loops.loop_of(_LOOPS, text) is not None


def read(_path: Path, text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    """The figure of a log; raises `UsageError` where it has no step, or nothing says what a step has."""
    loop = _loops.loop_of(_LOOPS, text)
    if loop is None:
        return
    found = _loops.columns_of(loop, text)
    load = _loops.load_of(text, found, stated)
    rates = loop.rates(text, load)
    alone = len(rates) == 1 and loop.name in _MEANS
    behind = rates if alone or loop.name in _WARM else rates[1:]
    said = ("the mean of one line, which a run may have warmed up in",) if alone else ()
    if not behind:
        raise UsageError("one step alone, in which it warmed up: was the run cut off?")
    yield Entry({**_loops.row_of(loop, found, load, load.batch), "value": median(behind)},
                {"program": loop.name, "steps_read": len(behind)}, said)  # fmt: skip
