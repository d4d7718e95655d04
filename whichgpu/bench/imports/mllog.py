"""MLPerf's :::MLLOG lines: result_N.txt of training, mlperf_log_detail.txt of inference.

Of training samples/s: what the run itself tracked, else samples over the time of its blocks or epochs; of
inference samples/s or tokens/s and the means of times. The GPU is stated: no line has it.
"""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.bench.imports.mlperf import asked_of
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    Event = Mapping[str, Any]

_MARK = ":::MLLOG"
#: Benchmarks of training by the zoo's workload and phase.
_BENCHMARKS = {
    "resnet": ("resnet50", "train"), "bert": ("bert-large", "pretrain"), "ssd": ("retinanet", "train"),
    "retinanet": ("retinanet", "train"), "maskrcnn": ("mask-rcnn", "train"), "unet3d": ("unet3d", "train"),
    "rnnt": ("rnnt", "train"), "dlrm_dcnv2": ("dlrm-dcnv2", "train"), "gpt3": ("gpt-3-175b", "pretrain"),
    "stable_diffusion": ("stable-diffusion-2.1", "train"),
    "llama2_70b_lora": ("llama-2-70b", "finetune_lora"),
    "llama31_405b": ("llama-3.1-405b", "pretrain"), "llama31_8b": ("llama-3.1-8b", "pretrain"),
}  # fmt: skip
#: Of an inference run: metric, unit and what a value is divided by; of rates the first that is there.
_RATES = (
    ("result_completed_tokens_per_second", "output tokens/s"),
    ("result_tokens_per_second", "output tokens/s"),
    ("result_completed_samples_per_sec", "samples/s"), ("result_samples_per_second", "samples/s"),
    ("result_scheduled_samples_per_sec", "samples/s"),
)  # fmt: skip
_TIMES = {
    "result_first_token_mean_latency_ns": "ttft", "result_time_per_output_token_mean_ns": "tpot",
    "result_mean_latency_ns": "latency",
}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such lines."""
    return _MARK in text


def read(_path: Path, text: str) -> Iterator[Entry]:
    """The figures of a run; lines that are torn are left out and told of."""
    events, torn = _events(text)
    said = (f"{torn} of {torn + len(events)} lines of :::MLLOG are torn and left out",) if torn else ()
    keys = {one["key"] for one in events}
    if any(key.startswith("result_") for key in keys):
        yield from _inference({one["key"]: one.get("value") for one in events}, said)
    elif "run_start" in keys:
        yield _training(events, said)
    else:
        raise UsageError(
            "no run_start and no result_.. among its :::MLLOG lines: the run was cut off before it"
        )


def _events(text: str) -> tuple[list[Event], int]:
    found: list[Event] = []
    torn = 0
    for line in text.splitlines():
        _, mark, rest = line.partition(_MARK)
        if not mark:
            continue
        try:
            one = json.loads(rest)
        except (ValueError, RecursionError):
            one = None
        if isinstance(one, dict) and isinstance(one.get("key"), str):
            found.append(one)
        else:
            torn += 1
    return found, torn


def _inference(last: Mapping[str, Any], said: tuple[str, ...]) -> Iterator[Entry]:
    mode = str(last.get("effective_test_mode") or last.get("requested_test_mode") or "PerformanceOnly")
    if mode.lower() not in ("performanceonly", "performance"):
        raise UsageError(f"mode {mode}: only a performance run has a speed")
    verdict = str(last.get("result_validity") or "")
    if verdict.upper() != "VALID":
        said = (*said, f"MLPerf's own checks say {verdict or 'nothing'}")
    scenario = str(last.get("effective_scenario") or last.get("requested_scenario") or "")
    language = any("token" in key for key in last if key.startswith("result_"))
    base, context = asked_of(scenario, language=language), {"scenario": scenario, "result": verdict}
    for key, unit in _RATES:
        value = last.get(key)
        if isinstance(value, int | float) and value > 0:
            yield Entry({**base, "metric": "throughput", "unit": unit, "value": float(value)}, context, said)
            break
    stream = scenario.lower().startswith(("single", "multi"))
    for key, metric in _TIMES.items():
        value = last.get(key)
        if isinstance(value, int | float) and value > 0 and (stream or metric != "latency"):
            yield Entry({**base, "metric": metric, "unit": "ms", "value": value / 1e6}, context, said)


def _training(events: Sequence[Event], said: tuple[str, ...]) -> Entry:
    last = {one["key"]: one.get("value") for one in events}
    start = next(float(one["time_ms"]) for one in events if one["key"] == "run_start")
    ends = [one for one in events if one["key"] == "run_stop"]
    if not ends:
        said = (*said, "the log is cut off: it has no run_stop")
    elif (ends[-1].get("metadata") or {}).get("status") not in (None, "success"):
        said = (*said, f"the run ended {ends[-1]['metadata']['status']}")
    rate, how = _rate(events, last)
    name, phase = _BENCHMARKS.get(str(last.get("submission_benchmark", "")).lower(), ("", "train"))
    stop = float((ends or events)[-1].get("time_ms") or start)
    batch = last.get("global_batch_size")
    columns = {
        "workload": name, "phase": phase, "runtime": "", "metric": "throughput", "unit": "samples/s",
        "options": {"global_batch": batch} if isinstance(batch, int | float) else {}, "value": rate,
        "source": f"MLPerf training {last.get('submission_org', '')}".strip(),
    }  # fmt: skip
    kept = ("submission_benchmark", "submission_org", "submission_platform", "train_samples", "seed")
    context = {**{key: last[key] for key in kept if key in last}, "seconds_to_train": (stop - start) / 1e3}
    return Entry(columns, context, (*said, *([how] if how else [])))


def _rate(events: Sequence[Event], last: Mapping[str, Any]) -> tuple[float, str]:
    """Samples a second, and what is to be said of it."""
    tracked = [one["value"].get("throughput") for one in events
               if one["key"] == "tracked_stats" and isinstance(one.get("value"), dict)]  # fmt: skip
    known = [float(one) for one in tracked if isinstance(one, int | float) and one > 0]
    if known:
        return median(known), ""
    samples = last.get("train_samples")
    for kind in ("block", "epoch"):
        spent, passes = _spans(events, kind)
        if isinstance(samples, int | float) and spent > 0.0:
            said = "samples over the time of its blocks, in which it may also have evaluated"
            return float(samples) * passes / spent, said if kind == "block" else ""
    raise UsageError("it tracked no throughput, and has no whole block or epoch with its train_samples")


def _spans(events: Sequence[Event], kind: str) -> tuple[float, float]:
    """Seconds of all blocks, or epochs, that ended, and how many epochs these were."""
    spent = passes = 0.0
    begun: tuple[float, float] | None = None
    for one in events:
        when = float(one.get("time_ms") or 0.0) / 1e3
        if one["key"] == f"{kind}_start":
            begun = when, float((one.get("metadata") or {}).get("epoch_count") or 1.0)
        elif one["key"] == f"{kind}_stop" and begun is not None:
            spent, passes, begun = spent + when - begun[0], passes + begun[1], None
    return spent, passes
