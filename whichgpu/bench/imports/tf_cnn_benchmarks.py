"""Logs of tf_cnn_benchmarks: images/s by model, batch, devices and mode.

The head of a run (Model, Batch size, Devices, Mode, Data format) and `total images/sec` at its end; a log
may have several runs. Of one that was cut off the last step printed stands for the whole, and is said to.
Whether it ran in FP16 only its command line or `--precision` says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A total that ends a text is held against its steps.
WHOLE = True
_HEAD = re.compile(r"^(?:.*\|)?\s*(?P<key>TensorFlow|Model|Mode|Dataset|Data format|Devices|Optimizer):"
                   r"\s+(?P<value>\S.*?)\s*$", re.MULTILINE)  # fmt: skip
_TOTAL = re.compile(r"total images/sec:\s*([\d.]+)")
_STEP = re.compile(r"^\D*?(\d+)\s+images/sec:\s*([\d.]+)(?:\s*\+/-\s*([\d.]+))?", re.MULTILINE)
_GLOBAL = re.compile(r"Batch size:\s*(\d+)\s*global(?:\s*.*?(\d+)(?:\.0)?\s*per device)?", re.DOTALL)
_DEVICE = re.compile(r"\bname: ([^,\n]*?)(?:, pci|,? major:|,? computeCapability:|\n)")
_COMMAND = re.compile(r"tf_cnn_benchmarks(?:\.py)?\s+(--.*)")
#: Names of its models that are none of the zoo's as they stand.
_NAMES = {"inception3": "inception-v3", "inception4": "inception-v4", "resnet50_v1.5": "resnet50",
          "googlenet": "googlenet", "overfeat": "overfeat"}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a log, also one that ends before its first step."""
    return bool(_STEP.search(text) or _TOTAL.search(text) or (_GLOBAL.search(text) and _HEAD.search(text)))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure for each run."""
    starts = [match.start() for match in re.finditer(r"^(?:.*\|)?\s*TensorFlow:", text, re.MULTILINE)] or [0]
    shared = text[: starts[0]]
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield _run(text[begin:end], shared + text[begin:end])


def _run(part: str, whole: str) -> Entry:
    head = {match["key"]: match["value"] for match in _HEAD.finditer(part)}
    value, spread, said = _rate(part)
    flags = dict(re.findall(r"--(\w+)(?:[= ]([^-\s]\S*))?", "\n".join(_COMMAND.findall(whole))))
    model = head.get("Model") or flags.get("model", "")
    batch, devices = _batch(part, head, flags)
    device = _DEVICE.search(whole)
    columns: dict[str, Any] = {
        "workload": _NAMES.get(model.lower(), model), "gpu": device[1].strip() if device else "",
        "n_gpus": devices, "batch": batch, "phase": _phase(head, flags),
        "precision": "amp-fp16" if flags.get("use_fp16", "no").lower() in ("", "true", "1") else "",
        "runtime": f"tf_cnn_benchmarks TensorFlow {head.get('TensorFlow', '')}".strip(),
        "options": {"layout": head["Data format"].lower()} if "Data format" in head else {},
        "metric": "throughput", "unit": "images/s", "value": value, "spread": spread,
    }  # fmt: skip
    return Entry(columns, {"head": head}, said)


def _rate(part: str) -> tuple[float, float | None, tuple[str, ...]]:
    # What stands behind the last end of a line may be cut within a number.
    whole = part if part.endswith("\n") else part.rpartition("\n")[0]
    steps = _STEP.findall(whole)
    total = _TOTAL.search(part)
    if total and total.end() == len(part) and steps and not _near(float(total[1]), float(steps[-1][1])):
        total = None
    spread = (
        float(steps[-1][2]) / float(steps[-1][1]) if steps and steps[-1][2] and float(steps[-1][1]) else None
    )
    if total:
        return float(total[1]), spread, ()
    if not steps:
        raise UsageError("a run without a step: the log ends before it measured anything")
    number, rate, _ = steps[-1]
    return float(rate), spread, (f"the log is cut off: images/s of its step {number} stand for the whole",)


def _near(total: float, step: float) -> bool:
    """Whether a total may be of these steps: they are means of the same run."""
    return abs(total - step) < 0.1 * step


def _batch(part: str, head: dict[str, str], flags: dict[str, str]) -> tuple[float | None, int]:
    """Images on each device, and how many devices."""
    listed = len(re.findall(r"gpu:\d+", head.get("Devices", "")))
    devices = listed or int(flags.get("num_gpus", "1"))
    found = _GLOBAL.search(part)
    if found and found[2]:
        return float(found[2]), devices
    if found:
        return float(found[1]) / devices, devices
    stated = flags.get("batch_size", "")
    return (float(stated) if stated.isdigit() else None), devices


def _phase(head: dict[str, str], flags: dict[str, str]) -> str:
    mode, only = head.get("Mode", "").lower(), flags.get("forward_only", "no").lower()
    return "infer" if "forward" in mode or "eval" in mode or only in ("", "true", "1") else "train"
