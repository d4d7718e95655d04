"""MLPerf: mlperf_log_summary.txt of an inference run; summary_results.json and summary.csv of a round.

Of a summary: samples/s (Offline, Server), latencies of a stream, tokens/s and TTFT of language models,
whether the run was valid. What ran where stands in the folders of a submission
(results/SYSTEM/MODEL/SCENARIO) or is stated.
"""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_LINE = re.compile(r"^\s*(?P<key>[^:=\n]+?)\s*:\s*(?P<value>\S.*?)\s*$", re.MULTILINE)
#: By what a summary calls it: metric, unit, what it is divided by; the first that is there.
_RATES = (
    ("Completed tokens per second", "throughput", "output tokens/s"),
    ("Tokens per second", "throughput", "output tokens/s"),
    ("Tokens per second (inferred)", "throughput", "output tokens/s"),
    ("Completed samples per second", "throughput", "samples/s"),
    ("Samples per second", "throughput", "samples/s"),
    ("Scheduled samples per second", "throughput", "samples/s"),
)
_TIMES = (
    ("Mean First Token latency (ns)", "ttft"), ("Mean Time to Output Token (ns)", "tpot"),
    ("Mean Time per Output Token (ns)", "tpot"), ("Mean latency (ns)", "latency"),
)  # fmt: skip
_SUMMARY = "MLPerf Results Summary"
#: Samples of a query of MultiStream, by the rules.
_STREAMS = 8
#: Models of the round's names that the zoo calls otherwise.
_NAMES = {"resnet": "resnet50", "bert-99": "bert-large-mlperf-99", "stable-diffusion-xl": "sdxl",
          "llama2-70b-99": "llama-2-70b", "llama2-70b-99.9": "llama-2-70b", "gptj-99": "gpt-j-6b",
          "gptj-99.9": "gpt-j-6b"}  # fmt: skip
#: The last part of a name that begins as GPUs do, and what follows it.
_CHIP = re.compile(r"(?:.*(?<!RTX)[_-])?((?:RTX[_-]?A?|GH|GB|MI|[ABHLTV])[_-]?\d+[A-Za-z]*(?![A-Za-z\d]).*)")
_SCENARIOS = ("offline", "server", "singlestream", "multistream", "interactive")


def claims(_path: Path, text: str) -> bool:
    """Whether a file is such a summary."""
    told = ('"MlperfModel"', '"Performance_Units"')
    return _SUMMARY in text or any(one in text for one in told) or _is_table(text)


def _is_table(text: str) -> bool:
    """Whether a text is what the checker of submissions writes as CSV."""
    return {"MlperfModel", "Result", "Units"} <= set(text.partition("\n")[0].strip().split(","))


def read(path: Path, text: str) -> Iterator[Entry]:
    """The figures of a run, of each of several in one text, or of every result of a round."""
    if _is_table(text):
        yield from _results(csv.DictReader(io.StringIO(text)))
    elif _SUMMARY not in text:
        yield from _round(text)
    else:
        said: list[UsageError] = []
        entries: list[Entry] = []
        for part in text.split(_SUMMARY)[1:]:
            try:
                entries += _summary(path, part)
            except UsageError as fault:
                said.append(fault)
        if said and not entries:
            raise said[0]
        yield from (one._replace(warnings=(*one.warnings, *map(str, said))) for one in entries)


def _summary(path: Path, text: str) -> Iterator[Entry]:
    found: dict[str, str] = {}
    for match in _LINE.finditer(text):
        found.setdefault(match["key"].strip(), match["value"])
    verdict = found.get("Result is", "")
    if not verdict:
        raise UsageError("a summary without 'Result is': the run was cut off, or did not end")
    scenario, said = found.get("Scenario", ""), []
    if not verdict.upper().startswith("VALID"):
        said.append(f"MLPerf's own checks say {verdict}")
    if not found.get("Mode", "PerformanceOnly").startswith("Performance"):
        raise UsageError(f"mode {found['Mode']}: only a performance run has a speed")
    language = any("token" in key.lower() for key in found)
    base = {**_placed(path), "runtime": "", "options": {}, **asked_of(scenario, language=language)}
    if scenario.lower().startswith("multi"):
        # A query of several samples, whose latency is that of all of them.
        base["batch"] = int(_number(found.get("samples_per_query", str(_STREAMS))))
    for key, metric, unit in _RATES:
        if key in found:
            yield Entry({**base, "metric": metric, "unit": unit, "value": _number(found[key])},
                        {"scenario": scenario, "result": verdict}, tuple(said))  # fmt: skip
            break
    stream = scenario.lower().startswith(("single", "multi"))
    for key, metric in _TIMES:
        if key in found and (metric != "latency" or stream):
            value = _number(found[key]) / 1e6
            yield Entry({**base, "metric": metric, "unit": "ms", "value": value},
                        {"scenario": scenario, "result": verdict}, tuple(said))  # fmt: skip


def asked_of(scenario: str, *, language: bool) -> dict[str, Any]:
    """What a scenario says of the job: one at a time, or as many as fit."""
    kind = scenario.lower()
    found: dict[str, Any] = {"phase": "serve" if language else "infer"}
    if kind.startswith("single"):
        found["batch"] = 1
    if language and kind == "offline":
        found["concurrency"] = "max"
    return found


def _placed(path: Path) -> dict[str, Any]:
    """Model and system by the folders of a submission: results/SYSTEM/MODEL/SCENARIO/.. ."""
    parts = [part.lower() for part in path.parts]
    place = next((i for i, part in enumerate(parts) if part in _SCENARIOS), 0)
    if place < 2:
        return {}
    model, system = parts[place - 1], path.parts[place - 2]
    device = re.match(r"(?P<gpu>.+?)x(?P<count>\d+)(?:_|$)", system)
    found: dict[str, Any] = {"workload": _NAMES.get(model, model)}
    return {**found, "gpu": _chip(device["gpu"]), "n_gpus": int(device["count"])} if device else found


def _chip(system: str) -> str:
    """The GPU of a system's name: `H100-SXM-80GB` of `DGX-H100_H100-SXM-80GB`."""
    found = _CHIP.match(system.removesuffix("_aarch64"))
    return found[1] if found else system


def _number(text: str) -> float:
    try:
        return float(text.split(maxsplit=1)[0])
    except ValueError:
        raise UsageError(f"'{text}' is no number; was the summary cut off?") from None


def _round(text: str) -> Iterator[Entry]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise UsageError(f"JSON that ends too early or is broken ({fault})") from None
    yield from _results(rows if isinstance(rows, list) else [rows])


def _results(rows: Iterable[Any]) -> Iterator[Entry]:
    for entry in rows:
        found = _result(entry) if isinstance(entry, dict) else None
        if found is not None:
            yield found


def _result(entry: Mapping[str, Any]) -> Entry | None:
    """One result of a round that is a rate; latencies of streams are of a percentile that no row has."""
    unit = str(entry.get("Performance_Units") or entry.get("Result_Units") or entry.get("Units") or "")
    value = entry.get("Performance_Result", entry.get("Result"))
    with suppress(ValueError):
        # Cells of a table are texts.
        value = float(value) if isinstance(value, str) else value
    rate = {"samples/s": "samples/s", "queries/s": "samples/s", "tokens/s": "output tokens/s"}.get(
        unit.lower()
    )
    if rate is None or not isinstance(value, int | float) or value <= 0:
        return None
    model = str(entry.get("MlperfModel") or entry.get("UsedModel") or entry.get("Model") or "").lower()
    each = re.match(r"\d+", str(entry.get("accelerators_per_node") or entry.get("a#") or ""))
    nodes = re.match(r"\d+", str(entry.get("number_of_nodes") or entry.get("Nodes") or "1"))
    count = int(each[0]) * int(nodes[0] if nodes else 1) if each else None
    tokens = rate != "samples/s"
    who = entry.get("Submitter") or entry.get("Organization") or ""
    columns = {
        "workload": _NAMES.get(model, model),
        "gpu": str(entry.get("accelerator_model_name") or entry.get("Accelerator") or ""), "n_gpus": count,
        "phase": "serve" if tokens else "infer", "concurrency": "max" if tokens else None,
        "precision": _precision(str(entry.get("weight_data_types") or "")),
        "runtime": str(entry.get("framework") or entry.get("Software") or "").replace(";", ","),
        "metric": "throughput", "unit": rate, "value": float(value),
        "source": f"MLPerf {entry.get('version', '')} {who}".strip(),
    }  # fmt: skip
    kept = ("ID", "Submitter", "Platform", "SystemName", "Scenario", "Availability", "Division")
    return Entry(columns, {key: entry[key] for key in kept if key in entry})


def _precision(text: str) -> str:
    found = re.search(r"fp4|fp8|int8|int4|bf16|fp16|fp32", text.lower())
    return found[0] if found else ""
