"""Logs and results of Hugging Face's Trainer: `train_samples_per_second`, as samples/s of all GPUs.

What it prints at the end, `all_results.json` and `trainer_state.json`. Samples over steps a second are those
of a step: its batch on each GPU, unless the state has that; what remains is passes that make a step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: The stated number of GPUs shares the batch out.
STATED = True
_RATE = re.compile(
    r"train_samples_per_second['\"]?\s*[:=]\s*['\"]?(?P<samples>[\d.]+)['\"]?[,}\s]+"
    r"['\"]?train_steps_per_second['\"]?\s*[:=]\s*['\"]?(?P<steps>[\d.]+)['\"]?\s*[,}\n]"
)
#: In the state, and among what Transformers and Unsloth print at the start of a training.
_BATCH = re.compile(r'"train_batch_size":\s*(\d+)\s*[,}]|(?i:\bbatch size per device) = (\d+)\s')


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a log."""
    return "train_samples_per_second" in text


def read(_path: Path, text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    """A figure for each training; what is printed twice is one."""
    batch = _BATCH.search(text)
    # A name may stand for several GPUs: a100-80gb-sxm:8.
    _, _, several = str(stated.get("gpu") or "").rpartition(":")
    count = float(stated.get("n_gpus") or (several if several.isdigit() else 1))
    for samples, steps in dict.fromkeys(_RATE.findall(text)):
        rate, one = float(samples), float(steps)
        if not rate > 0.0 or not one > 0.0:
            continue
        each = max(round(rate / one / count), 1)
        own = int(batch[1] or batch[2]) if batch else each
        passes = {"grad_accum": each // own} if own and each // own > 1 else {}
        said = ["the rate is of the whole run, with its evaluations and checkpoints"]
        if not batch:
            said.append(f"{each} samples a step of each GPU were taken for its batch: --batch and --option "
                        "grad_accum=N say how many passes make them")  # fmt: skip
        columns = {"phase": "train", "runtime": "trainer", "batch": own, "options": passes}
        yield Entry({**columns, "metric": "throughput", "unit": "samples/s", "value": rate}, {}, tuple(said))
