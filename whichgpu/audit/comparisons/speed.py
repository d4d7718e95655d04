"""How much faster one device is at a workload that a sentence names, as the cost model has it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.errors import WhichGpuError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.audit.comparisons.pairs import Pair
    from whichgpu.audit.findings import Context
    from whichgpu.hardware.gpu import Gpu

_WORKLOAD = re.compile(
    r"\b(?:ResNe[tX]t?|VGG|BERT|Inception|GoogLeNet|DenseNet|EfficientNet|ViT|Llama|Mi[sx]tral|Qwen|GPT|SDXL|"
    r"Whisper|Stable Diffusion|DLRM|YOLO|T5|Gemma|Phi|DeepSeek|Falcon|Flux|Swin|MobileNet|RNN-T|GNMT)"
    r"(?:[- ]?[vV]?[\d.]{1,5}(?![\d.]*[bB])){0,2}"
    r"(?:[- ]?(?:\d+x)?\d{1,3}[bB]\b|[- ](?:base|large|small|XL|[BLH]\d*)\b)?",
    re.IGNORECASE,
)  # fmt: skip
_TRAINS = re.compile(r"\btrain(?:s|ed|ing)?\b", re.IGNORECASE)
#: The model is asked about so many pairs in one document; what comes after stays unverifiable.
_MOST = 16


class Change(NamedTuple):
    """What is asked other than the workload's own batch and precision, where it is not empty."""

    batch: float = 0.0
    precision: str = ""


class Expected(NamedTuple):
    """The ratio of two rates per GPU with its 90 % interval, and what it is of: `training bert-large`."""

    low: float
    mid: float
    high: float
    of: str


def expected(text: str, both: Pair, context: Context, change: Change | None = None) -> Expected | None:
    """The ratio of speeds at the one workload that a sentence names; None where there is no such answer."""
    names = {match[0].strip(" -.") for match in _WORKLOAD.finditer(text)}
    if len(names) != 1:
        return None
    key = (names.pop(), bool(_TRAINS.search(text)), change or Change(), both.first[0], both.second[0])
    asked = context.memo.setdefault("speeds asked", set())
    if key not in asked and len(asked) >= _MOST:
        return None
    asked.add(key)
    return _ratio(*key[:3], *(context.catalogue[one] for one in key[3:]))


@lru_cache(maxsize=256)
def _ratio(name: str, trains: bool, change: Change, first: Gpu, second: Gpu) -> Expected | None:
    from datetime import date

    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.work import speed_ratio, work
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import known, resolve

    if not known(name):
        return None
    try:
        item = resolve(name)
        markets = {gpu.id: Market(gpu.id, date.min, {}, (), (), (), ()) for gpu in (first, second)}
        phase = "train" if trains else ""
        job = Job(item.id, phase=phase, batch=change.batch or None, precision=change.precision)
        done = work(job, (first, second), markets)
    except WhichGpuError:
        return None
    if not {first.id, second.id} <= set(done.results):
        return None
    what = f"training {item.id}" if trains else item.id
    return Expected(*speed_ratio(done.results[first.id], done.results[second.id]), what)
