"""What llama.cpp (llama-cli, llama-server) and Ollama print of their requests: tokens/s of both phases.

All requests of a log are one figure of prompts and one of generation: their tokens over their time. Of
Ollama also the JSON of its answers (`eval_count`, `eval_duration`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.bench.imports.llama_bench import DEVICE, spelled
from whichgpu.units import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Milliseconds and tokens of prompts and of what was made, as llama.cpp prints them.
_EVAL = re.compile(
    r"(?P<prompt>prompt )?eval time\s*=\s*(?P<ms>[\d.]+) ms /\s*(?P<n>\d+) (?:tokens|runs)", re.I
)
#: The same of Ollama: a count and the time behind it, in lines or in JSON (ns).
_COUNTED = re.compile(
    r"\"?(?P<prompt>prompt[ _])?eval[ _]count\"?:\s*(?P<n>\d+)(?: token\(s\))?[,\s]+"
    r"\"?(?:prompt[ _])?eval[ _]duration\"?:\s*(?P<time>[\d.hm\u00b5uns]+)",
    re.I,
)
_SPANS = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1.0, "us": 1e-3, "\u00b5s": 1e-3, "ns": 1e-6}
_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
_FILE = re.compile(r"(?:from|model[ =:]+'?)\s*(\S+\.gguf)\b")
_FORMAT = re.compile(r"(?:file type|model ftype|general\.file_type)\s*=\s*(.+?)(?: \(.*)?$", re.M)
_TAG = re.compile(r"ollama run (\S+)|\"model\":\s*\"([^\"]+)\"")
#: Memory of a device, total or free before the model is in it.
_MEMORY = re.compile(r"(?:Total VRAM: |\) - )(\d+) MiB(?: free)?")
#: A prompt of fewer tokens was in the cache.
_FEW = 8


def claims(_path: Path, text: str) -> bool:
    """Whether a file has such lines."""
    return bool(_EVAL.search(text) or _COUNTED.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of prompts and one of generation."""
    sums: dict[bool, list[tuple[int, float]]] = {True: [], False: []}
    for one in _EVAL.finditer(text):
        sums[bool(one["prompt"])].append((int(one["n"]), float(one["ms"])))
    for one in _COUNTED.finditer(text):
        sums[bool(one["prompt"])].append((int(one["n"]), _milliseconds(one["time"])))
    sums[True] = [one for one in sums[True] if one[0] >= _FEW]
    base, said = about(text)
    prompts = _mean_length(sums[True])
    free = _MEMORY.search(text)
    memory = {"gpu_memory": float(free[1]) * MIB} if free else {}
    for prompt, found in sums.items():
        tokens, time = (sum(part) for part in zip(*found, strict=True)) if found else (0, 0.0)
        if not tokens or not time > 0.0:
            continue
        lengths = {} if prompt else {"output_tokens": _mean_length(found)}
        note = (*said, f"{len(found)} requests as one figure") if len(found) > 1 else said
        columns = {**base, "phase": "prefill" if prompt else "decode", "input_tokens": prompts, **lengths}
        yield Entry({**columns, "metric": "throughput", "unit": "tokens/s", "value": 1e3 * tokens / time},
                    {"requests": len(found), **memory}, note)  # fmt: skip


def _mean_length(found: list[tuple[int, float]]) -> int | None:
    return round(sum(one for one, _ in found) / len(found)) if found else None


def _milliseconds(text: str) -> float:
    """A time as Go prints it (1m7.75s), or nanoseconds without a unit."""
    parts = re.findall(r"([\d.]+)(h|ms|us|\u00b5s|ns|m|s)", text)
    return sum(float(one) * _SPANS[unit] for one, unit in parts) if parts else float(text.strip(".")) * 1e-6


def about(text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What ran where, and what is to be said of it."""
    devices = ["".join(found).strip() for found in DEVICE.findall(text)]
    file, tag, kind = _FILE.search(text), _TAG.search(text), _FORMAT.search(text)
    ollama = bool(_COUNTED.search(text))
    name, precision = spelled(file[1] if file else "", f"- - {kind[1]}" if kind else "")
    if tag and not name:
        name = tag[1] or tag[2]
    layers = _OFFLOADED.search(text)
    left = layers is not None and int(layers[1]) < int(layers[2])
    base = {
        "workload": name, "gpu": devices[0] if devices else "", "n_gpus": len(devices) or None,
        "precision": precision, "batch": 1, "runtime": "Ollama" if ollama else "llama.cpp",
        "options": {"n_gpu_layers": int(layers[1])} if layers and left else {},
    }  # fmt: skip
    said = (f"only {layers[1]} of {layers[2]} layers were on the GPU",) if layers and left else ()
    return base, said
