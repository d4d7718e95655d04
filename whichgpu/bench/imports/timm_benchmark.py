"""Results of timm's benchmark.py: CSV, JSON, or the lines that it prints; also the tables of its repository.

samples/s of inference and of training by model, batch and size. A name as
`benchmark-infer-amp-nhwc-pt240-cu124-rtx4090.csv` says format, layout and GPU.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.bench.imports.llama_bench import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KINDS = {"infer": "infer", "train": "train"}
_PRINTED = re.compile(
    r"\b(?P<kind>Infer|Train) benchmark of (?P<model>\S+) done\. (?P<rate>[\d.]+) (?:samples?|img)/sec,"
)
_NAMED = re.compile(
    r"benchmark-(?:infer|train)-(?P<how>[\w-]+?)-pt(?P<torch>\d+)(?:-\w*cu\d+)?(?:-(?P<gpu>[\w-]+))?$"
)
#: What is printed first of all: "Benchmarking in float16 precision. NHWC layout. torchscript disabled".
_SETTINGS = re.compile(r"Benchmarking in (?P<how>\w+) precision\. (?P<layout>N\w+) layout")
_PRECISIONS = {
    "float16": "fp16", "bfloat16": "bf16", "float32": "fp32", "amp": "amp-fp16", "amp_bfloat16": "amp-bf16",
}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a table, such JSON or such lines."""
    head = text.lstrip()[:4000]
    return ("_samples_per_sec" in head and "model" in head) or bool(_PRINTED.search(text))


def read(path: Path, text: str) -> Iterator[Entry]:
    """A figure for each model and kind of run."""
    about = {**_named(path), **_settings(text)}
    results = [one for one in _results(text) if "model" in one]
    for one in results:
        for kind, phase in _KINDS.items():
            rate = _number(one.get(f"{kind}_samples_per_sec"))
            if not rate:
                continue
            known = {
                "batch": _number(one.get(f"{kind}_batch_size")),
                "resolution": one.get(f"{kind}_img_size"),
            }
            yield Entry({**about, "workload": str(one.get("model", "")), "phase": phase,
                         **{name: value for name, value in known.items() if value},
                         "metric": "throughput", "unit": "samples/s", "value": rate})  # fmt: skip
    if not results:
        for line in _PRINTED.finditer(text):
            columns = {**about, "workload": line["model"], "phase": _KINDS[line["kind"].lower()]}
            value = float(line["rate"])
            yield Entry({**columns, "metric": "throughput", "unit": "samples/s", "value": value})


def _results(text: str) -> Iterator[Mapping[str, Any]]:
    """Every result of a CSV, of a list of JSON or of what stands behind `--result`; no half lines."""
    head = text.partition("\n")[0]
    if "_samples_per_sec" in head and "{" not in head:
        rows = csv.DictReader(io.StringIO(text))
        yield from (row for row in rows if None not in row.values() and "" not in row.values())
        return
    found, _ = documents(text)
    yield from (one for one in found if isinstance(one, dict))


def _named(path: Path) -> dict[str, Any]:
    """Format, layout, GPU and release of PyTorch by the name of a table of timm's repository."""
    found: dict[str, Any] = {"runtime": "PyTorch", "options": {}}
    named = _NAMED.match(path.stem)
    if not named:
        return found
    words = named["how"].split("-")
    found["precision"] = "amp-fp16" if "amp" in words else "fp32" if "fp32" in words else ""
    if "nhwc" in words:
        found["options"] = {"layout": "nhwc"}
    release = named["torch"]
    return {**found, "gpu": named["gpu"] or "", "runtime": f"PyTorch {release[0]}.{release[1:-1] or '0'}"}


def _settings(text: str) -> dict[str, Any]:
    """Format and layout as they are printed before the results; nothing where they are not."""
    told = _SETTINGS.search(text)
    if not told:
        return {}
    options = {"layout": told["layout"].lower()} if told["layout"] in ("NHWC", "NCHW") else {}
    return {"precision": _PRECISIONS.get(told["how"], ""), "options": options}


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number > 0.0 else None
