"""Bars of programs that make pictures: ComfyUI, WebUI (A1111, Forge), Fooocus, diffusers, sd.cpp.

Denoising steps a second of the whole batch, as they print them: the middle one of the bars behind the first.
The model is stated, and the batch where that is not 1. A WebUI's `Total progress` has decoding in it and is
left out.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: The stated batch tells whether one picture was taken for granted.
STATED = True
#: What each of them prints beside its bars.
_PROGRAMS = {
    "ComfyUI": re.compile(r"^(?:\S+ - )?(?:got prompt|Prompt executed in [\d.]+ seconds)", re.MULTILINE),
    "A1111": re.compile(
        r"Total progress: +\d+%\||Launching Web UI with arguments|Applying attention optimization"
    ),
    "Fooocus": re.compile(r"\[Fooocus\b|^Image generated with private log at: ", re.MULTILINE),
    "diffusers": re.compile(r"Loading pipeline components\.\.\.: "),
    "stable-diffusion.cpp": re.compile(r"stable-diffusion\.cpp:\d+ +- "),
}
#: A whole bar at the begin of a line, with nothing but its steps.
_BAR = re.compile(
    r"^(?P<before>[^\n|%]*?)[ \t]*(?:100%)?\|[^|\n]{0,400}\|\s*(?P<steps>\d{1,4})/(?P=steps) "
    r"(?:\[[\d:]{1,12}<[\d:?]{1,12},|-)\s*(?P<rate>\d[\d.]*)\s*(?P<unit>it/s|s/it)\b",
    re.MULTILINE,
)
_GPU = re.compile(r"Device: cuda:\d+ (?:NVIDIA )?([^:\n]+?) :|^GPU: +(?:NVIDIA )?(.+?)$", re.MULTILINE)
_TRAINED = re.compile(r"(?<![a-z])loss(?![a-z])", re.IGNORECASE)


def claims(_path: Path, text: str) -> bool:
    """Whether a file is of such a program, and of no training."""
    return any(mark.search(text) for mark in _PROGRAMS.values()) and not _TRAINED.search(text)


def read(_path: Path, text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    """A figure for each number of steps that pictures were made in."""
    bars: dict[int, list[float]] = {}
    for one in _BAR.finditer(text):
        rate = float(one["rate"])
        if not one["before"].strip() and rate > 0.0:
            bars.setdefault(int(one["steps"]), []).append(1.0 / rate if one["unit"] == "s/it" else rate)
    if not bars:
        raise UsageError("no bar of steps that reached its end; was it cut off before a picture was made?")
    program = next((name for name, mark in _PROGRAMS.items() if mark.search(text)), "")
    device = _GPU.search(text)
    columns = {
        "phase": "generate", "gpu": (device[1] or device[2]).strip() if device else "", "runtime": program,
        "metric": "iterations_per_s", "unit": "it/s", "batch": 1,
    }  # fmt: skip
    for steps, rates in bars.items():
        said = [] if stated.get("batch") else ["pictures one at a time were taken for granted: --batch N"]
        if len(rates) == 1:
            said.append("of one bar, in which a program may warm up")
        yield Entry({**columns, "steps": steps, "value": median(rates[1:] or rates)}, {}, tuple(said))
