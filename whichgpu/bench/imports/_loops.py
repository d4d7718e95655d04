"""What readers of training logs share: what a step has, how a program is told, the columns of its log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: A number as programs print it, and one of their times, which is never without a point.
NUMBER = r"(\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)"
TIME = r"(\d+\.\d+(?:e[+-]?\d+)?)"
#: Columns of a log that are options of the job.
_OPTIONS = ("lora_rank", "grad_accum", "global_batch")


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


class Loop(NamedTuple):
    """How a program is told, its rates of all GPUs, and the columns that its log has, each by a pattern.

    `sequences` are told in tokens where their length is known.
    """

    name: str
    mark: re.Pattern[str]
    rates: Callable[[str, Load], list[float]]
    columns: Mapping[str, str] = {}
    unit: str = "samples/s"
    runtime: str = "PyTorch"
    phase: str = "train"
    sequences: bool = False


def loop_of(loops: Sequence[Loop], text: str) -> Loop | None:
    """The first of the programs whose mark is in a text."""
    return next((one for one in loops if one.mark.search(text)), None)


def load_of(text: str, found: dict[str, Any], stated: Mapping[str, Any]) -> Load:
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


def columns_of(loop: Loop, text: str) -> dict[str, Any]:
    """The columns that a log has, with what becomes an option or a format among them."""
    matches = {name: re.search(words, text, re.M) for name, words in loop.columns.items()}
    found: dict[str, Any] = {name: one[1] for name, one in matches.items() if one}
    options: dict[str, Any] = {name: found.pop(name) for name in _OPTIONS if name in found}
    if found.pop("compile", ""):
        options["compile"] = "True"
    if "amp" in found:
        found["precision"] = "amp-bf16" if found.pop("amp") == "bf" else "amp-fp16"
    return {**found, "phase": loop.phase, "runtime": loop.runtime, "options": options}


def row_of(loop: Loop, found: Mapping[str, Any], load: Load, batch: float) -> dict[str, Any]:
    """The columns of a row but its value; `batch` 0 where none is known."""
    unit = "tokens/s" if loop.sequences and load.length else loop.unit
    return {**found, "n_gpus": int(load.gpus), "batch": batch or None, "metric": "throughput",
            "unit": unit}  # fmt: skip


def some(found: list[float]) -> list[float]:
    """Figures of steps; raises `UsageError` where there are none."""
    if not found:
        raise UsageError("no step in it; was the run cut off before it had any?")
    return found


def numbers(pattern: str, text: str) -> list[float]:
    """Every number above zero that a pattern's group finds."""
    found = (float(one.replace(",", "")) for one in re.findall(pattern, text, re.M))
    return [one for one in found if one > 0.0]
