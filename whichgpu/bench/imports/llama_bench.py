"""What llama-bench writes (-o json, jsonl, csv, md, sql): tokens/s of prompts (pp) and of generation (tg).

Each entry says the model's type and format, the GPU, lengths, and mean and deviation.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, kinds, sections
from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.workloads.counts import of_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: The devices that its backends print before the table: CUDA and ROCm, Vulkan, Metal.
DEVICE = re.compile(
    r"^\s*Device \d+: ([^,\n]+)|^ggml_vulkan: \d+ = ((?:[^(|\n]|\((?:R|TM)\))+?) *(?:\((?!R\)|TM\))|\|)"
    r"|^ggml_metal\w*: GPU name: *(?:MTL\d+ \()?([^()\n]+)",
    re.MULTILINE | re.IGNORECASE,
)
#: Options of a test that say what stays with the processor beside layers.
_HOSTED = {"n_cpu_moe": "n_cpu_moe"}
#: Tokens of a prompt that go through together unless it is told otherwise.
_UBATCH = 512
_INSERTED = re.compile(r"^INSERT INTO \w+ \(([^)]*)\) VALUES \((.*)\);", re.MULTILINE)
#: Formats as llama-bench spells them, behind the size of a model: `llama 7B mostly Q4_K - Medium`.
_TYPE = re.compile(r"^(?P<name>\S+)(?:\s+(?P<size>\S+))?\s+(?:mostly\s+)?(?P<format>[A-Z][A-Z0-9_]*)"
                   r"(?:\s*-\s*(?P<grade>\w+))?", re.IGNORECASE)  # fmt: skip
#: The head of the table that it prints, and the cells of a line.
_HEADING = re.compile(r"^\s*\|(?:[^|\n]*\|)*?\s*model\s*\|.*\|\s*test\s*\|\s*t/s\s*\|", re.MULTILINE)
_FILE = re.compile(r"(?:\s-m|--model)[ =]+['\"]?([^\s'\"]+\.gguf)")
_BUILD = re.compile(r"^build: \w+ \((\d+)\)", re.MULTILINE)
_TEST = re.compile(r"^(?:pp\s*(?P<pp>\d+))?\s*\+?\s*(?:tg\s*(?P<tg>\d+))?(?:\s*@\s*d\s*(?P<depth>\d+))?$")
_RATE = re.compile(r"^(?P<mean>[\d.]+)(?:\s*(?:±|\+/-)\s*(?P<deviation>[\d.]+))?$")
#: Columns of the table whose heads are shorter than their names.
_COLUMNS = {"ngl": "n_gpu_layers", "ncmoe": "n_cpu_moe", "mg": "main_gpu", "sm": "split_mode",
            "ts": "tensor_split", "dev": "devices"}  # fmt: skip
_GRADES = {"small": "s", "medium": "m", "large": "l"}
_PLAIN = {"f16": "fp16", "f32": "fp32", "bf16": "bf16"}

#: The head of its CSV, and a line that may be of it.
_CSV = re.compile(r"^(?=[\w,]*\bn_prompt,)(?=[\w,]*\bavg_ts,)\w+,[\w,]+\r?$", re.MULTILINE)
_CELLS = re.compile(r",.*,")
_CUT = "the file is cut off: what is whole in it was read"
#: Layers that every model worth measuring has.
_FEW = 10
#: Parameters are printed in two digits after the point, of billions or millions.
_AS_PRINTED = 2e-3
_THOUSANDS = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such JSON, CSV or table."""
    known = "build_commit" in text or ("n_prompt" in text and "avg_ts" in text)
    return known or bool(_HEADING.search(text))


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure for each test; what was cut off is left out and told of."""
    tests, said = _tests(text)
    for number, test in enumerate(tests, 1):
        if not isinstance(test, dict) or not isinstance(test.get("avg_ts"), int | float):
            raise UsageError(f"test {number} has no avg_ts: this is not what llama-bench writes")
        entry = _entry(test)
        yield entry._replace(warnings=(*said, *entry.warnings))


def _tests(text: str) -> tuple[list[Any], tuple[str, ...]]:
    """The tests, and what is to be said of the whole file."""
    if _HEADING.search(text):
        found = list(_table(text))
        named = all("model_filename" in one for one in found)
        return found, () if named else (
            "a table names a kind of model, not the model: --workload says which it was",
        )
    inserted = [
        _numbers(dict(zip(head.split(", "), re.findall(r"'([^']*)'", values), strict=False)))
        for head, values in _INSERTED.findall(text)
    ]
    if inserted:
        return inserted, ()
    if head := _CSV.search(text):
        # Other lines may stand before its head and behind its last.
        lines = itertools.takewhile(_CELLS.search, text[head.start() :].splitlines(keepends=True))
        rows = list(csv.DictReader(io.StringIO("".join(lines))))
        # A line that was cut off has no last cells, and half a number before them.
        whole_rows = [_numbers(row) for row in rows if row.get("avg_ts") and None not in row.values()]
        return whole_rows, () if len(whole_rows) == len(rows) else (_CUT,)
    found, whole = documents(text)
    if not found:
        raise UsageError("JSON that ends too early or is broken; run llama-bench again")
    return found, () if whole else (_CUT,)


def documents(text: str) -> tuple[list[Any], bool]:
    """Every JSON object of an array, or of lines, up to where the text breaks; whether it does not."""
    found: list[Any] = []
    decoder, place = json.JSONDecoder(), 0
    while True:
        start = text.find("{", place)
        if start < 0:
            return found, True
        try:
            one, place = decoder.raw_decode(text, start)
        except ValueError:
            return found, False
        found.append(one)


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of CSV or SQL with numbers where JSON has them."""
    found: dict[str, Any] = dict(row)
    for name in ("n_prompt", "n_gen", "n_depth", "n_gpu_layers", "n_cpu_moe", "n_ubatch", "main_gpu",
                 "build_number"):  # fmt: skip
        text = str(row.get(name) or "")
        found[name] = int(text) if text.lstrip("-").isdigit() else None
    for name in ("avg_ts", "stddev_ts"):
        try:
            found[name] = float(str(row.get(name) or ""))
        except ValueError:
            found[name] = None
    return found


def _table(text: str) -> Iterator[dict[str, Any]]:
    """The lines of each table that llama-bench prints, with the devices, build and command around it.

    Each run of several in a text prints its own devices, most before its table.
    """
    devices, at = "", 0
    builds = set(_BUILD.findall(text))
    for start, part in sections(_HEADING, text):
        lines = part.splitlines()
        last = max((number for number, line in enumerate(lines) if _is_row(line)), default=0)
        inside = "\n".join(lines[:last])
        before = text[at : start.start()]
        devices = _devices(before) or _devices(inside) or devices
        at = start.start() + len(inside)
        build = _BUILD.search(part)
        number = build[1] if build else next(iter(builds)) if len(builds) == 1 else ""
        tests = list(_lines(lines, devices, number))
        files = set(_FILE.findall(before))
        if len(files) == 1 and len({one["model_type"].partition(" ")[0] for one in tests}) == 1:
            # A command names the one model that its table knows by its kind alone.
            file = files.pop()
            tests = [
                {**one, "model_filename": file} if _known(spelled(file, "")[0]) else one for one in tests
            ]
        yield from tests


def _devices(text: str) -> str:
    return ", ".join("".join(found).strip() for found in DEVICE.findall(text))


def _is_row(line: str) -> bool:
    return re.match(r"\s*\|.*\|\s*$", line) is not None


def _lines(lines: list[str], devices: str, build: str) -> Iterator[dict[str, Any]]:
    """The tests of one table, whose first line is its head."""
    head = [one.lower() for one in _cells(lines[0])]
    for line in lines[1:]:
        cells = _cells(line)
        if not _is_row(line) or len(cells) != len(head):
            continue
        row = {_COLUMNS.get(name, name): cell for name, cell in zip(head, cells, strict=True)}
        test, rate = _TEST.match(row.get("test", "")), _RATE.match(row.get("t/s", ""))
        if test and rate:
            yield {
                "model_type": row.get("model", ""), "gpu_info": devices,
                "model_n_params": _count(row.get("params", "")),
                "n_prompt": int(test["pp"] or 0), "n_gen": int(test["tg"] or 0),
                "n_depth": int(test["depth"] or 0), "type_k": row.get("type_k", "f16"),
                **{name: _whole(row.get(name)) for name in ("n_gpu_layers", "n_cpu_moe", "main_gpu")},
                **{name: row.get(name, "") for name in ("split_mode", "tensor_split", "devices")},
                "avg_ts": float(rate["mean"]), "stddev_ts": float(rate["deviation"] or 0.0) or None,
                "build_number": build,
            }  # fmt: skip


def _cells(line: str) -> list[str]:
    return [one.strip() for one in line.strip().strip("|").split("|")]


def _count(text: str) -> float:
    """`70.55 B` as a number, 0 where it is none."""
    found = re.match(r"^(\d+(?:\.\d+)?) ?([KMBT])$", text, re.IGNORECASE)
    return float(found[1]) * _THOUSANDS[found[2].lower()] if found else 0.0


def _entry(test: Mapping[str, Any]) -> Entry:
    prompt, made, depth = (float(test.get(name) or 0) for name in ("n_prompt", "n_gen", "n_depth"))
    name, kind = _model(test)
    devices = _used(test)
    said: list[str] = []
    if depth:
        said.append(f"measured behind {depth:.0f} tokens of context")
    if prompt and made:
        said.append("prompt and generation in one rate: it is kept as generate, of generated tokens alone")
    phase = "generate" if prompt and made else "prefill" if prompt else "decode"
    rate, deviation = float(test["avg_ts"]), test.get("stddev_ts")
    generated = made / (prompt + made) if prompt and made else 1.0
    options: dict[str, Any] = {}
    layers = test.get("n_gpu_layers")
    held = _layers(name)
    if isinstance(layers, int) and 0 <= layers < held:
        said.append(f"only {layers} of {held} layers were on the GPU")
        options["n_gpu_layers"] = layers
    for key, option in _HOSTED.items():
        if isinstance(test.get(key), int) and test[key] > 0:
            options[option] = test[key]
            said.append(f"experts of {test[key]} layers were left in the host")
    if isinstance(test.get("n_ubatch"), int) and test["n_ubatch"] not in (0, _UBATCH):
        options["ubatch"] = test["n_ubatch"]
    if str(test.get("tensor_buft_overrides") or "none") not in ("none", ""):
        said.append(f"tensors were placed by hand ({test['tensor_buft_overrides']}), which no row has")
    if str(test.get("type_k") or "f16") not in ("f16", "bf16"):
        options["kv_precision"] = str(test["type_k"])
    columns = {
        "workload": name, "gpu": kinds(devices) or _processor(test), "n_gpus": len(devices) or None,
        "phase": phase, "precision": kind, "batch": 1, "input_tokens": prompt + depth or None,
        "output_tokens": made or None, "runtime": f"llama.cpp b{test.get('build_number') or ''}".rstrip("b "),
        "options": options, "metric": "throughput", "unit": "tokens/s", "value": rate * generated,
        "spread": float(deviation) / rate if isinstance(deviation, int | float) and rate > 0 else None,
    }  # fmt: skip
    kept = ("build_commit", "cpu_info", "backends", "model_filename", "flash_attn", "n_threads", "samples_ts")
    return Entry(columns, {key: test[key] for key in kept if key in test}, tuple(said))


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.lstrip("-").isdigit() else None


def _used(test: Mapping[str, Any]) -> list[str]:
    """The GPUs that ran: of all that were there those that a test named, or shared the layers out to."""
    # Builds up to 2024 put a stroke between devices.
    there = [one.strip() for one in re.split(r"[,/]", str(test.get("gpu_info") or "")) if one.strip()]
    named = re.findall(r"[A-Za-z]+(\d+)", str(test.get("devices") or ""))
    used = [there[int(one)] for one in named if int(one) < len(there)] or there
    main = test.get("main_gpu")
    if str(test.get("split_mode") or "") == "none":
        return used[main : main + 1] if isinstance(main, int) and main < len(used) else used[:1]
    parts = [float(one) for one in re.findall(r"\d+(?:\.\d+)?", str(test.get("tensor_split") or ""))]
    # All zero is as much to each as it has memory.
    shares = dict(enumerate(parts)) if any(parts) and len(parts) > 1 else {}
    return [one for place, one in enumerate(used) if shares.get(place, 0.0 if shares else 1.0) > 0.0]


def _processor(test: Mapping[str, Any]) -> str:
    """The processor of a test that had no GPU; empty where it may have had one."""
    alone = {"cpu", "blas"}.issuperset(re.findall(r"[a-z]+", str(test.get("backends") or "gpu").lower()))
    return str(test.get("cpu_info") or "") if alone else ""


def _layers(name: str) -> int:
    """Layers of a model of the zoo; the fewest that any has of one that is not."""
    from whichgpu.workloads.workload import resolve

    try:
        return int(resolve(name).dims.get("layers", _FEW))
    except WhichGpuError:
        return _FEW


def _model(test: Mapping[str, Any]) -> tuple[str, str]:
    """The model's name as its file has it, else as its type says, and its format."""
    said = str(test.get("model_type") or "")
    name, kind = spelled(str(test.get("model_filename") or ""), said)
    found = _TYPE.match(said)
    if name or not found or not found["size"]:
        return name, kind
    typed = f"{found['name']}-{found['size']}"
    return (typed if _known(typed) else _of_size(found["name"], test) or typed), kind


def _of_size(kind: str, test: Mapping[str, Any]) -> str:
    """The model that a type and its number of parameters are of; the first of several that are as large.

    `llama 70B` with 70.55 B is Llama 3 or one of its updates, which run alike, with 68.98 B Llama 2.
    """
    size = float(test.get("model_n_params") or 0.0)
    family = kind.rstrip("0123456789").lower()
    return next(iter(of_size(f"{family}-", size, _AS_PRINTED)), "") if size else ""


def spelled(file: str, kind: str) -> tuple[str, str]:
    """The model that a file is named after, empty where it is named after none, and its format.

    `kind` is a type as llama.cpp prints it: `llama 8B Q4_K - Medium`.
    """
    found, form = _TYPE.match(kind), ""
    if found:
        plain = found["format"].lower()
        grade = _GRADES.get((found["grade"] or "").lower(), "")
        form = _PLAIN.get(plain, f"{plain}_{grade}" if grade else plain)
    *folders, stem = file.replace("\\", "/").removesuffix(".gguf").split("/")
    name = re.sub(r"[-.](?:i?q\d\w*|f16|f32|bf16|fp16)$", "", stem, flags=re.IGNORECASE)
    if name.lower() in ("", "ggml-model", "model", "ggml"):
        # Early files were all called so, each in the folder of its model.
        name = next((one for one in folders[-1:] if re.search(r"[a-z]", one, re.IGNORECASE)), "")
        return (name if _known(name) else ""), form
    return name, form


def _known(name: str) -> bool:
    from whichgpu.workloads.workload import resolve

    try:
        return bool(name) and bool(resolve(name).id)
    except WhichGpuError:
        return False
