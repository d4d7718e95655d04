"""What trtllm-bench prints or writes (--report_json): output tokens/s, latency, TTFT, TPOT of TensorRT-LLM.

Model, format and split stand in its head, since 1.0 the GPU too.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINE = re.compile(
    r"^\s*(?:\[.*?\]\s*)*(?P<key>[A-Z][^:\n]*?):[ \t]+(?P<value>\S[^\n]*?)[ \t]*\r?$", re.MULTILINE
)
#: The line of the machine's details.
_GPU = re.compile(r"^(?P<name>NVIDIA [^,\n]+), memory (?P<memory>[\d.]+) GB\b", re.MULTILINE)
#: By the metric of a mean, what it is called; the last two of a run with --streaming.
_TIMES = {"latency": "Average request latency (ms)", "ttft": "Average time-to-first-token [TTFT] (ms)",
          "tpot": "Average time-per-output-token [TPOT] (ms)"}  # fmt: skip
#: Its own version, spelled with a space from 1.0 on.
_VERSIONS = ("TensorRT-LLM Version", "TensorRT LLM Version")
_RATE = "Total Output Throughput (tokens/sec)"
_FORMATS = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32", "fp8": "fp8", "nvfp4": "fp4",
            "w4a16_awq": "w4a16", "w4a8_awq": "w4a8", "int8": "int8", "w8a16": "w8a16"}  # fmt: skip
_COLUMNS = {
    "Average Input Length (tokens)": "input_tokens",
    "Average Output Length (tokens)": "output_tokens",
    "Concurrency": "concurrency",
    "TP Size": "tp",
    "PP Size": "pp",
}
#: Words of its own for what the line of the machine says.
_CARD, _HELD = "GPU", "GPU memory (GiB)"
_SENT, _FLIGHT, _BATCH = "Number of requests", "Number of concurrent requests", "Max Runtime Batch Size"
#: Of its JSON, by part and key, what is printed as that (tensorrt_llm/bench/dataclasses/reporting.py).
_JSON = {
    "machine": {"name": _CARD, "memory.total": _HELD},
    "engine": {"model": "Model", "version": _VERSIONS[1], "dtype": "Dtype", "quantization": "Quantization"},
    "world_info": {"tp_size": "TP Size", "pp_size": "PP Size", "max_batch_size": _BATCH},
    "request_info": {"num_requests": _SENT, "avg_num_concurrent_requests": _FLIGHT,
                     "avg_input_length": "Average Input Length (tokens)",
                     "avg_output_length": "Average Output Length (tokens)"},
    "performance": {"system_output_throughput_tok_s": _RATE, "avg_request_latency_ms": _TIMES["latency"]},
    "streaming_metrics": {"avg_ttft_ms": _TIMES["ttft"], "avg_tpot_ms": _TIMES["tpot"]},
}  # fmt: skip


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such an output or report."""
    if text.lstrip().startswith("{"):
        return '"system_output_throughput_tok_s"' in text
    return _RATE in text or ("TP Size:" in text and any(f"{name}:" in text for name in _VERSIONS))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """Throughput, and the means of times that are told."""
    known = _reported(text) if text.lstrip().startswith("{") else _printed(text)
    if _RATE not in known:
        raise UsageError("no 'PERFORMANCE OVERVIEW' with its output throughput: was it cut off?")
    columns: dict[str, Any] = {
        "workload": known.get("Model", ""), "phase": "serve", "precision": _format(known), "options": {},
        "runtime": " ".join(("TensorRT-LLM", *(known[name] for name in _VERSIONS if name in known))),
        **{name: _number(known[key]) for key, name in _COLUMNS.items() if _number(known.get(key, ""))},
    }  # fmt: skip
    columns |= {"gpu": known[_CARD]} if _CARD in known else {}
    context = {"gpu_memory": GIB * held} if (held := _number(known.get(_HELD, ""))) else {}
    columns |= _load(known) if "concurrency" not in columns else {}
    value = _sure(known, _RATE)
    yield Entry({**columns, "metric": "throughput", "unit": "output tokens/s", "value": value}, context)
    sent = _number(known.get(_SENT, ""))
    if columns["concurrency"] == "max" and sent:
        # Requests wait in the queue of a run that ends, which its tokens/s do not tell.
        columns |= {"concurrency": None, "options": {"num_prompts": sent, "request_rate": "inf"}}
    for metric, name in _TIMES.items():
        if name in known:
            value = _sure(known, name)
            yield Entry({**columns, "metric": metric, "unit": "ms", "value": value}, context)


def _printed(text: str) -> dict[str, str]:
    known: dict[str, str] = {}
    for match in _LINE.finditer(text):
        known.setdefault(match["key"].strip(), match["value"])
    if card := _GPU.search(text):
        known |= {_CARD: card["name"], _HELD: card["memory"]}
    return known


def _reported(text: str) -> dict[str, str]:
    """A report in JSON by the words that are printed of it; nothing of one that is cut off."""
    whole: Any = {}
    with suppress(ValueError, RecursionError):
        whole = json.loads(text)
    known: dict[str, str] = {}
    for part, names in _JSON.items():
        said = whole.get(part)
        pairs = said.items() if isinstance(said, dict) else ()
        known |= {names[key]: str(value) for key, value in pairs if key in names and value is not None}
    return known


def _load(known: dict[str, str]) -> dict[str, Any]:
    """Requests in flight: as many as there were in the mean; all that fit where all were sent at once.

    Of those in a queue that is only emptied half or more are in flight in the mean.
    """
    flight, sent, batch = (_number(known.get(name, "")) or 0.0 for name in (_FLIGHT, _SENT, _BATCH))
    kept = 0.0 < flight < min(0.45 * sent, batch * (_number(known.get("TP Size", "")) or 1.0))
    return {"concurrency": round(flight) if kept else "max"}


def _format(known: dict[str, str]) -> str:
    for key in ("Quantization", "Dtype"):
        found = _FORMATS.get(known.get(key, "").lower())
        if found:
            return found
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _sure(known: dict[str, str], key: str) -> float:
    value = _number(known[key])
    if not value:
        raise UsageError(f"{key} is '{known[key]}', which is no figure")
    return value
