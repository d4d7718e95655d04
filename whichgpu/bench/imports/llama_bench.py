"""JSON or lines of JSON of llama-bench: tokens/s of prompts (pp) and of generation (tg).

`llama-bench -o json`; each entry says the model's type and format, the GPU, lengths, and mean and deviation.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Formats as llama-bench spells them, behind the size of a model: `llama 7B mostly Q4_K - Medium`.
_TYPE = re.compile(r"^(?P<name>\S+)(?:\s+(?P<size>\S+))?\s+(?:mostly\s+)?(?P<format>[A-Z][A-Z0-9_]*)"
                   r"(?:\s*-\s*(?P<grade>\w+))?", re.IGNORECASE)  # fmt: skip
_GRADES = {"small": "s", "medium": "m", "large": "l"}
_PLAIN = {"f16": "fp16", "f32": "fp32", "bf16": "bf16"}


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such JSON."""
    return '"avg_ts"' in text and '"n_prompt"' in text


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure for each test; raises `UsageError` for JSON that was cut off."""
    for number, test in enumerate(_tests(text), 1):
        if not isinstance(test, dict) or not isinstance(test.get("avg_ts"), int | float):
            raise UsageError(f"test {number} has no avg_ts: this is not what llama-bench -o json writes")
        yield _entry(test)


def _tests(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except ValueError as fault:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise UsageError(
                f"JSON that ends too early or is broken ({fault}); run llama-bench again"
            ) from None


def _entry(test: Mapping[str, Any]) -> Entry:
    prompt, made, depth = (float(test.get(name) or 0) for name in ("n_prompt", "n_gen", "n_depth"))
    name, kind = _model(test)
    devices = [one.strip() for one in str(test.get("gpu_info") or "").split(",") if one.strip()]
    said: list[str] = []
    if len(set(devices)) > 1:
        said.append(f"several kinds of GPU ({', '.join(devices)}): the first stands for them")
    if depth:
        said.append(f"measured behind {depth:.0f} tokens of context")
    if prompt and made:
        said.append("prompt and generation in one rate, which no phase here has: it is kept as generate")
    phase = "generate" if prompt and made else "prefill" if prompt else "decode"
    rate, deviation = float(test["avg_ts"]), test.get("stddev_ts")
    options: dict[str, Any] = {}
    layers = test.get("n_gpu_layers")
    if isinstance(layers, int) and 0 <= layers < 10:
        said.append(f"only {layers} layers were on the GPU")
    if str(test.get("type_k") or "f16") not in ("f16", "bf16"):
        options["kv_precision"] = str(test["type_k"])
    columns = {
        "workload": name, "gpu": devices[0] if devices else "", "n_gpus": len(devices) or None,
        "phase": phase, "precision": kind, "batch": 1, "input_tokens": prompt + depth or None,
        "output_tokens": made or None, "runtime": f"llama.cpp b{test.get('build_number', '')}".rstrip("b "),
        "options": options, "metric": "throughput", "unit": "tokens/s", "value": rate,
        "spread": float(deviation) / rate if isinstance(deviation, int | float) and rate > 0 else None,
    }  # fmt: skip
    kept = ("build_commit", "cpu_info", "backends", "model_filename", "flash_attn", "n_threads", "samples_ts")
    return Entry(columns, {key: test[key] for key in kept if key in test}, tuple(said))


def _model(test: Mapping[str, Any]) -> tuple[str, str]:
    """The model's name as its file has it, else as its type says, and its format."""
    found = _TYPE.match(str(test.get("model_type") or ""))
    kind = ""
    if found:
        plain = found["format"].lower()
        grade = _GRADES.get((found["grade"] or "").lower(), "")
        kind = _PLAIN.get(plain, f"{plain}_{grade}" if grade else plain)
    stem = str(test.get("model_filename") or "").replace("\\", "/").rpartition("/")[2].removesuffix(".gguf")
    plain_name = re.sub(r"[-.](?:i?q\d\w*|f16|f32|bf16|fp16)$", "", stem, flags=re.IGNORECASE)
    generic = plain_name.lower() in ("", "ggml-model", "model", "ggml")
    name = f"{found['name']}-{found['size']}" if generic and found and found["size"] else plain_name
    return name, kind
