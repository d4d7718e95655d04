"""What AI-Benchmark (pip install ai-benchmark) prints: the time of a batch of each of its models.

Models that the zoo has, by the names of its list; its scores are of no job. It runs TensorFlow in FP32.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.bench.imports import Entry, sections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MODEL = re.compile(r"^\d+/\d+\. (?P<model>\S+)\s*$", re.MULTILINE)
_TEST = re.compile(
    r"^\d+\.\d+ - (?P<kind>inference|training)\s*\| batch=(?P<batch>\d+), "
    r"size=(?P<height>\d+)x(?P<width>\d+): (?P<ms>[\d.]+) (?:\u00b1 (?P<spread>[\d.]+) )?ms",
    re.MULTILINE,
)
_GPU = re.compile(r"^\*\s+GPU/0: (?:NVIDIA )?(.+?)\s*$", re.MULTILINE)
_VERSION = re.compile(r"^\*\s+TF Version: (\S+)", re.MULTILINE)
#: What it calls models of the zoo.
_NAMES = {"MobileNet-V2": "mobilenet-v2", "Inception-V3": "inception-v3", "Inception-V4": "inception-v4",
          "VGG-16": "vgg16"}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file is what it prints."""
    return "AI-Benchmark" in text and bool(_TEST.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Two figures of each model."""
    device, version = _GPU.search(text), _VERSION.search(text)
    for model, part in sections(_MODEL, text):
        for test in _TEST.finditer(part):
            square = test["height"] == test["width"]
            yield Entry({
                "workload": _NAMES.get(model["model"], model["model"]), "gpu": device[1] if device else "",
                "n_gpus": 1, "batch": int(test["batch"]), "precision": "fp32",
                "resolution": test["height"] if square else f"{test['width']}x{test['height']}",
                "phase": "infer" if test["kind"] == "inference" else "train",
                "runtime": f"TensorFlow {version[1]}" if version else "TensorFlow",
                "metric": "latency", "unit": "ms", "value": float(test["ms"]),
                "spread": float(test["spread"] or 0.0) / float(test["ms"]) or None,
            })  # fmt: skip
