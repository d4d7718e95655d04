"""Logs of tf_cnn_benchmarks: images/s by model, batch, devices and mode.

The head of a run (Model, Batch size, Devices, Mode, Data format) and `total images/sec` at its end; a log
may have several runs, and each run several processes that print at once. Of one that was cut off the last
step printed stands for the whole, and is said to; one that ended before its first leaves the others theirs.
Whether it ran in FP16 only its command line or `--precision` says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
#: The end of a line of a command that goes on in the next.
_CONTINUED = re.compile(r"\\\n[ \t]*")
_OOM = re.compile(r"ResourceExhaustedError|OOM when allocating|out of memory", re.IGNORECASE)
#: Names of its models that are none of the zoo's as they stand.
_NAMES = {"inception3": "inception-v3", "inception4": "inception-v4", "resnet50_v1.5": "resnet50",
          "googlenet": "googlenet", "overfeat": "overfeat"}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a log, also one that ends before its first step."""
    return bool(_STEP.search(text) or _TOTAL.search(text) or (_GLOBAL.search(text) and _HEAD.search(text)))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure for each run that has one; of the others the reason is told beside it."""
    found: list[Entry] = []
    lost: list[UsageError] = []
    for number, (before, part) in enumerate(_runs(_CONTINUED.sub(" ", text)), 1):
        try:
            found.append(_run(part, before))
        except UsageError as fault:
            lost.append(UsageError(f"run {number}: {fault}"))
    if not found:
        raise lost[0]
    first, *others = found
    yield first._replace(warnings=(*first.warnings, *map(str, lost)))
    yield from others


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """Each run, with what says how it was started: what stands before it, else before those before it.

    Every process of a run over several prints the same head before any of them has a step.
    """
    heads = re.compile(r"^(?:.*\|)?\s*TensorFlow:", re.MULTILINE)
    # Excerpts leave heads out: then the commands tell the runs apart.
    starts = [one.start() for one in (*heads.finditer(text),) or (*_COMMAND.finditer(text),)] or [0]
    before = text[: starts[0]]
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        part = text[begin:end]
        measured = [*_STEP.finditer(part), *_TOTAL.finditer(part)]
        if not measured and end < len(text) and _said(part) == _said(text[end:], _said(part)):
            continue
        over = max((one.end() for one in measured), default=0)
        # What follows the last figure is of this run where none comes behind it, else of the next.
        yield before, part if end == len(text) or not over else part[:over] + "\n"
        before = part[over:] if _COMMAND.search(part[over:]) or _DEVICE.search(part[over:]) else before


def _said(part: str, keys: Iterable[str] | None = None) -> dict[str, str]:
    """The head of a run: of several in a text the first, of its first `keys`."""
    found: dict[str, str] = {}
    for match in _HEAD.finditer(part):
        if keys is None or match["key"] in keys:
            found.setdefault(match["key"], match["value"])
    return found


def _run(part: str, before: str) -> Entry:
    head = _said(part)
    command = _COMMAND.findall(part) or _COMMAND.findall(before)
    flags = dict(re.findall(r"--(\w+)(?:[= ]([^-\s<][^\s<]*))?", "\n".join(command[-1:])))
    model = head.get("Model") or flags.get("model", "")
    batch, devices, workers = _batch(part, head, flags)
    value, spread, said = _rate(part, workers)
    device = _DEVICE.search(part) or _DEVICE.search(before)
    columns: dict[str, Any] = {
        "workload": _NAMES.get(model.lower(), model), "gpu": device[1].strip() if device else "",
        "n_gpus": devices, "batch": batch, "phase": _phase(head, flags),
        "precision": "amp-fp16" if flags.get("use_fp16", "no").lower() in ("", "true", "1") else "",
        "runtime": f"tf_cnn_benchmarks TensorFlow {head.get('TensorFlow', '')}".strip(),
        "options": {"layout": head["Data format"].lower()} if "Data format" in head else {},
        "metric": "throughput", "unit": "images/s", "value": value, "spread": spread,
    }  # fmt: skip
    return Entry(columns, {"head": head}, said)


def _rate(part: str, workers: int) -> tuple[float, float | None, tuple[str, ...]]:
    """Images/s of all workers: a total is of all of them, a step of one."""
    # What stands behind the last end of a line may be cut within a number.
    whole = part if part.endswith("\n") else part.rpartition("\n")[0]
    steps = _STEP.findall(whole)
    total = _TOTAL.search(part)
    last = workers * float(steps[-1][1]) if steps else 0.0
    if total and total.end() == len(part) and steps and not _near(float(total[1]), last):
        total = None
    spread = workers * float(steps[-1][2]) / last if last and steps[-1][2] else None
    if total:
        return float(total[1]), spread, ()
    if not steps:
        if _OOM.search(part):
            raise UsageError("it ran out of memory before it measured anything; state a smaller batch")
        raise UsageError("a run without a step: the log ends before it measured anything")
    of = f", times its {workers} workers," if workers > 1 else ""
    return last, spread, (f"the log is cut off: images/s of its step {steps[-1][0]}{of} stand for the whole",)


def _near(total: float, step: float) -> bool:
    """Whether a total may be of these steps: they are means of the same run."""
    return abs(total - step) < 0.1 * step


def _batch(part: str, head: dict[str, str], flags: dict[str, str]) -> tuple[float | None, int, int]:
    """Images on each device; devices; workers whose speed a step tells apart.

    Under Horovod a head lists the devices of all workers, each of which has one; with parameter servers those
    of its own worker, so that only the global batch tells how many there are.
    """
    listed = re.findall(r"gpu:\d+", head.get("Devices", ""))
    own = len(listed) or int(flags.get("num_gpus", "1"))
    found = _GLOBAL.search(part)
    devices = own
    if found and found[2] and float(found[2]) > 0:
        devices = max(round(float(found[1]) / float(found[2])), own)
        batch: float | None = float(found[2])
    elif found:
        batch = float(found[1]) / devices
    else:
        stated = flags.get("batch_size", "")
        batch = float(stated) if stated.isdigit() else None
    return batch, devices, devices if "horovod/" in head.get("Devices", "") else devices // own


def _phase(head: dict[str, str], flags: dict[str, str]) -> str:
    mode, only = head.get("Mode", "").lower(), flags.get("forward_only", "no").lower()
    return "infer" if "forward" in mode or "eval" in mode or only in ("", "true", "1") else "train"
