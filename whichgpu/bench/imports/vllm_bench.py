"""vllm bench latency and vllm bench throughput, without a server, as JSON or as printed.

The JSON (--output-json) has times and rates alone. Of latency, lengths and batch are vLLM's defaults where
they are not stated; of throughput, tokens are prompts and answers together, so that one length has to be.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.bench.imports.server_log import about
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: What is stated is given to `read`.
STATED = True
_LATENCY = ("avg_latency", "latencies", "percentiles")
_RATES = ("elapsed_time", "num_requests", "total_num_tokens", "requests_per_second")
#: --input-len, --output-len and --batch-size where a command does not say them.
_DEFAULTS = {"input_tokens": 32, "output_tokens": 128, "concurrency": 8}
_OPTIONS = {"input_tokens": "--input-tokens", "output_tokens": "--output-tokens",
            "concurrency": "--concurrency"}  # fmt: skip
#: What is printed: requests/s with tokens/s of both, since September 2024 those of answers too.
_PRINTED = re.compile(
    r"^Throughput: (?P<requests>[\d.]+) requests/s, (?P<both>[\d.]+) (?:total )?tokens/s"
    r"(?:, (?P<answers>[\d.]+) output tokens/s)?$",
    re.MULTILINE,
)
_MEAN = re.compile(r"^Avg latency: (?P<time>[\d.]+) seconds", re.MULTILINE)
_ASKED = {
    "input_tokens": re.compile(r"(?:\binput_len'?(?:=|: )|--input-len[ =])(\d+)"),
    "output_tokens": re.compile(r"(?:\boutput_len'?(?:=|: )|--output-len[ =])(\d+)"),
    "concurrency": re.compile(r"(?:\bbatch_size'?(?:=|: )|--batch-size[ =])(\d+)"),
}
_PROMPTS = re.compile(r"^Total num prompt tokens: +(\d+)\n", re.MULTILINE)
_ANSWERS = re.compile(r"^Total num output tokens: +(\d+)\n", re.MULTILINE)


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such JSON, or what was printed."""
    if not text.lstrip().startswith("{"):
        return bool(_PRINTED.search(text) or _MEAN.search(text))
    return any(all(f'"{key}"' in text for key in keys) for keys in (_LATENCY, _RATES))


def read(_path: Path, text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    """The mean latency of a batch, or the output tokens/s of all requests."""
    if not text.lstrip().startswith("{"):
        yield from _printed(text, stated)
        return
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("JSON that ends too early or is broken; run vllm bench again") from None
    if not isinstance(known, dict):
        raise UsageError("no object with the figures of one run; run vllm bench again")
    columns = {"phase": "serve", "runtime": "vllm", "options": {}}
    yield _latency(known, columns, stated) if _LATENCY[0] in known else _rate(known, columns, stated)


def _printed(text: str, stated: Mapping[str, Any]) -> Iterator[Entry]:
    columns: dict[str, Any] = {"phase": "serve", "runtime": "vllm", "options": {}, **about(text)}
    for one in _MEAN.finditer(text):
        asked = {name: int(found[1]) for name, line in _ASKED.items() if (found := line.search(text))}
        yield _latency({"avg_latency": float(one["time"])}, {**columns, **asked}, {**asked, **stated})
    for one in _PRINTED.finditer(text):
        requests, known = float(one["requests"]), {"num_requests": 1.0}
        known |= {"requests_per_second": requests, "total_num_tokens": float(one["both"]) / requests}
        if not one["answers"]:
            yield _rate(known, columns, stated)
            continue
        answer = float(one["answers"]) / requests
        prompts, answers = _PROMPTS.search(text), _ANSWERS.search(text)
        if prompts and answers:
            # Exact, where the rates are rounded.
            count = round(int(answers[1]) / answer)
            answer = int(answers[1]) / count
            known["total_num_tokens"] = (int(prompts[1]) + int(answers[1])) / count
        entry = _rate(known, columns, {"output_tokens": answer})
        yield entry._replace(columns={**entry.columns, "value": float(one["answers"])})


def _latency(known: Mapping[str, Any], columns: dict[str, Any], stated: Mapping[str, Any]) -> Entry:
    open_ = [name for name in _DEFAULTS if stated.get(name) is None]
    said = ", ".join(f"{_OPTIONS[name]} {_DEFAULTS[name]}" for name in open_)
    warnings = (f"not in the file, and taken to be vLLM's own: {said}",) if said else ()
    times = known.get("latencies")
    context = {"latencies": times} if isinstance(times, list) else {}
    value = 1e3 * _number(known, "avg_latency")
    return Entry(
        {**_DEFAULTS, **columns, "metric": "latency", "unit": "ms", "value": value}, context, warnings
    )


def _rate(known: Mapping[str, Any], columns: dict[str, Any], stated: Mapping[str, Any]) -> Entry:
    requests, rate = _number(known, "num_requests"), _number(known, "requests_per_second")
    both = _number(known, "total_num_tokens") / requests
    prompt, answer = (stated.get(name) for name in ("input_tokens", "output_tokens"))
    if prompt is None and answer is None:
        raise UsageError(
            f"{both:,.0f} tokens a request are its prompt and its answer together; add --output-tokens N, or "
            "--input-tokens N"
        )
    answer = both - float(prompt or 0.0) if answer is None else float(answer)
    prompt = both - answer if prompt is None else float(prompt)
    if answer <= 0.0 or prompt < 0.0 or prompt + answer > 1.01 * both:
        raise UsageError(
            f"prompts of {prompt:,.0f} and answers of {answer:,.0f} tokens are not the {both:,.0f} tokens a "
            "request that the file has; state what ran"
        )
    lengths = {"input_tokens": round(prompt, 1), "output_tokens": round(answer, 1), "concurrency": "max"}
    return Entry(
        {**columns, **lengths, "metric": "throughput", "unit": "output tokens/s", "value": rate * answer}
    )


def _number(known: Mapping[str, Any], key: str) -> float:
    value = known.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < 1e15:
        raise UsageError(f"{key} is '{value}', which is no figure")
    return float(value)
