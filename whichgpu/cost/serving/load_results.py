"""What load generators write, as rows of the measurement schema.

Read are the JSON of `vllm bench serve --save-result` (what --metadata says of the run is in it), the lines of
JSON of `sglang.bench_serving --output-file` (likewise its --tag), JSON and CSV of AIPerf and GenAI-Perf. Each
run gives a row of each mean: output tokens/s, TTFT, TPOT and latency, and where all it says is wanted of its
ITL, medians and 99th percentiles too. Its model's name on the Hub is the
workload where that is known; what a run does not say (the GPU, or another model) is stated beside it.
"""

from __future__ import annotations

import csv
import json
import math
import re
import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from whichgpu.cost.table.files import COLUMNS, JobTable
from whichgpu.errors import UsageError, WhichGpuError, refuse_endless
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

#: Suffixes of the files that are read here.
SUFFIXES = (".json", ".jsonl")
#: By metric: its unit, and what vLLM and SGLang call it, then AIPerf.
_METRICS = {
    "throughput": ("output tokens/s", ("output_throughput",), "output_token_throughput"),
    "ttft": ("ms", ("mean_ttft_ms",), "time_to_first_token"),
    "tpot": ("ms", ("mean_tpot_ms",), "inter_token_latency"),
    "latency": ("ms", ("mean_e2el_ms", "mean_e2e_latency_ms"), "request_latency"),
}
#: What else a run may say of its requests: suffix of the metric, prefix of vLLM and SGLang, key of AIPerf.
_STATISTICS = (("_p50", "median", "p50"), ("_p90", "p90", "p90"), ("_p99", "p99", "p99"))
_ENGINES = {"vllm": "vllm", "sglang": "sglang", "trt": "tensorrt-llm", "tensorrt": "tensorrt-llm"}
#: Columns that a run may state of itself, and those that engines call otherwise.
_ALSO = {"tensor_parallel_size": "tp", "pipeline_parallel_size": "pp", "num_gpus": "n_gpus"}
_STATED = ("workload", "gpu", "n_gpus", "precision", "tp", "pp", "runtime", "options")


def read_results(
    path: Path, stated: Mapping[str, str], *, every: bool = False
) -> tuple[JobTable, list[tuple[str, ...]]]:
    """The runs of a file as a table of measurements, and its rows; `stated` are columns that no run says.

    Rows are of means, or of `every` figure of a run.

    Raises `UsageError` for a file that is none of a known load generator, or does not say what ran where.
    """
    runs = list(_runs(path))
    columns = (*COLUMNS, "value", "source")
    rows = [
        row for number, run in enumerate(runs, 1) for row in _rows(path, number, run, stated, every=every)
    ]
    if not rows:
        raise UsageError(
            f"{path}: no run of vllm bench serve --save-result, sglang.bench_serving --output-file or "
            f"aiperf; what other tools write is read by whichgpu bench import {path.name} --out my.csv"
        )
    taken = tuple(dict.fromkeys(note for row in rows for note in (*_as_one_server(row), *_as_alike(row))))
    cells = [tuple(row.get(name, "") for name in columns) for row in rows]
    return JobTable(columns, (), iter(cells), taken=taken), cells


#: GPUs of a server that a layer is cut over, unless it is said how they share the work.
_WIDTHS = ("2", "4", "8")


def _as_one_server(row: dict[str, str]) -> Iterator[str]:
    """Cuts a layer over all GPUs of a run that does not say what they share, and says so.

    A load generator asks one server, whose replicas would be behind something that shares requests out.
    """
    own = any(name in row.get("options", "") for name in ("attention_dp", "ep=", "prefill_gpus"))
    if row.get("n_gpus") in _WIDTHS and not own and not any(row.get(name) for name in ("tp", "pp")):
        row["tp"] = row["n_gpus"]
        yield f"taken as one server over {row['n_gpus']} GPUs, tp {row['tp']}; --tp N says otherwise"


def _as_alike(row: Mapping[str, str]) -> Iterator[str]:
    """What to say of a run whose mean lengths are no whole numbers, and which tells no more of them."""
    sizes = [float(row[name]) for name in ("input_tokens", "output_tokens") if row.get(name)]
    known = any(name in row.get("options", "") for name in ("lengths", "length_range", "dataset"))
    if not known and any(abs(size - round(size)) > 1e-6 for size in sizes):
        yield (
            "requests differ in length, and the file does not say how: taken as nearly alike; "
            "--option dataset=sharegpt, or output_lengths=.., says otherwise"
        )


def entries(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a file as columns, with what its runs say of themselves only."""
    for number, run in enumerate(_runs(path), 1):
        yield from _rows(path, number, run, {}, needed=())


def text_of(path: Path) -> str:
    """A file as plain text: UTF-8, or UTF-16 as a Windows shell redirects it; no colours, no stamps of lines.

    Bytes that are neither are marked as such. Raises `UsageError` where it cannot be read.
    """
    refuse_endless(path)
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None
    head = data[:2000]
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not wide and head.count(0) > 0.3 * len(head):
        data = (b"\xff\xfe" if head[1:2] == b"\0" else b"\xfe\xff") + data
        wide = True
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _COLOUR.sub("", text) if "\x1b" in text else text
    text = _STAMP.sub("", text)
    # A block that is indented as a whole, as pages have it.
    return textwrap.dedent(text) if text.lstrip("\n")[:1] in (" ", "\t") else text


def without_cut(text: str) -> str:
    """A text of several lines without the number that is its very end, which may have been cut within."""
    last = _LAST.search(text[-_NEAR:]) if "\n" in text else None
    return text[: -len(last[0])] if last else text


#: A number, with what of its unit may be glued to it, at the end of a text; it is no longer than so.
_LAST = re.compile(r"(?:(?<![\w.])|(?<=[=:(]))-?\d[\d.,]*(?:e[+-]?\d*)?[a-z\u00b5%]{0,2}\Z", re.IGNORECASE)
_NEAR = 100
#: What a terminal is told, and what docker, compose, kubectl, mpirun, Kubeflow's launcher and a quotation put
#: before a line, be it of all lines or of those of one program among others.
_COLOUR = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
_STAMP = re.compile(
    r"^(?:> ?|\[pod/[^\]\n]+\] )*"
    r"(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)(?: |$)|\d{4}-\d\d-\d\d [\d:.]+ \| "
    r"|\[\d+,\d+\]<std(?:out|err)>: ?|[A-Z]+\|[\dT:.-]+\|[^|\n]*\|\d+\| ?)?",
    re.MULTILINE,
)


#: Keys of their JSON, by the lines that vllm bench serve and sglang.bench_serving print.
_PRINTED = {
    "Successful requests": "completed", "Failed requests": "failed", "Benchmark duration (s)": "duration",
    "Total input tokens": "total_input_tokens", "Total generated tokens": "total_output_tokens",
    "Output token throughput (tok/s)": "output_throughput", "Mean TTFT (ms)": "mean_ttft_ms",
    "Mean TPOT (ms)": "mean_tpot_ms", "Mean E2EL (ms)": "mean_e2el_ms",
    "Mean E2E Latency (ms)": "mean_e2e_latency_ms", "Maximum request concurrency": "max_concurrency",
    "Max request concurrency": "concurrency", "Request rate configured (RPS)": "request_rate",
    "Traffic request rate": "request_rate",
}  # fmt: skip
_PRINTED |= {
    f"{said} {time.upper()} (ms)": f"{how}_{time}_ms"
    for time in ("ttft", "tpot", "itl", "e2el")
    for said, how in (("Mean", "mean"), ("Median", "median"), ("P90", "p90"), ("P99", "p99"))
}
PRINTED, OFFLINE = "Serving Benchmark Result", "Offline Throughput Benchmark Result"
_HEADS = re.compile(f"{PRINTED}|{OFFLINE}")


def wrote(path: Path) -> bool:
    """Whether a load generator wrote a file, by its name or by what it printed there; never raises."""
    if path.suffix in SUFFIXES:
        return True
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD)
    except OSError:
        return False
    return PRINTED.encode() in head


#: Bytes of a log that are looked at for what a load generator prints.
_HEAD = 2_000_000


def _printed(text: str) -> Iterator[Mapping[str, Any]]:
    """The runs of what was printed, as their JSON has them."""
    before, *parts = _HEADS.split(text)
    # Without a server all requests are there at once, and the engine is SGLang's own.
    own = {"backend": "sglang", "max_concurrency": "max"} if OFFLINE in text else {}
    asked: dict[str, Any] = {}
    for part in parts:
        # A command stands before what it prints, of several runs in what follows the one before.
        asked |= commanded(before)
        lines = dict(re.findall(r"^[ \t]*([^:\n]+?):[ \t]+(\S+)[ \t]*\n", part, re.MULTILINE))
        run: dict[str, Any] = {}
        for words, key in _PRINTED.items():
            with suppress(ValueError):
                run |= {key: float(lines[words])} if words in lines else {}
        yield {**asked, **run, "backend": lines.get("Backend", ""), **own}
        before = part


#: The model of a server or of a load generator, by its command or by the settings that it prints.
MODEL = re.compile(
    r"\bmodel(?:_path)?='([^']+)'|'model(?:_tag|_path)?': '([^']+)'|\bvllm serve (?!-)(\S+)"
    r"|--model(?:-path)?[ =]\"?([^\s\"]+)"
)
#: Numbers of its command that tell the load.
_LOAD = {
    "max_concurrency": re.compile(r"--(?:max-)?concurrency[ =](\d+)\b|\bmax_concurrency=(\d+)"),
    "request_rate": re.compile(r"--request-rate[ =](\d+(?:\.\d+)?)\b"),
}


def commanded(text: str) -> dict[str, Any]:
    """Model and load as the last command in a text has them; what it has none of is left out."""
    models = [next(filter(None, found)) for found in MODEL.findall(text)]
    asked: dict[str, Any] = {"model_id": models[-1].rstrip("/")} if models else {}
    for key, words in _LOAD.items():
        numbers = [one[1] or one.group(words.groups) for one in words.finditer(text)]
        asked |= {key: float(numbers[-1])} if numbers else {}
    return asked


def is_printed(text: str) -> bool:
    """Whether a text has the lines that vllm bench serve, sglang.bench_serving or its offline kin print."""
    return bool(_HEADS.search(text)) and not _JSON.match(text)


#: How JSON begins; a bracket alone begins lines of logs too.
_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")
#: The first cells of a CSV of AIPerf or GenAI-Perf, and the cells of the table that they print.
CSV = "Metric,avg,"
_DRAWN = re.compile(r"[\u2502\u2503|]\s*(?:Statistic|Metric)\s*[\u2502\u2503|]\s*avg\s*[\u2502\u2503|]")


def is_table(text: str) -> bool:
    """Whether a text is, or has, a table of AIPerf or GenAI-Perf."""
    return text.startswith(CSV) or _DRAWN.search(text) is not None


def _table_at(text: str) -> int:
    """Where the drawn table of a text begins; 0 where it is a CSV."""
    found = _DRAWN.search(text)
    return found.start() if found else 0


def _table(text: str) -> Mapping[str, Any]:
    """The table as the JSON has it: by name the mean, which is the first number of a line."""
    drawn = (re.split(r"[\u2502\u2503|]", line)[1:] for line in text.splitlines())
    rows = csv.reader(text.splitlines()) if text.startswith(CSV) else drawn
    lines = (row for row in rows if len(row) > 1)
    found: dict[str, Any] = {}
    for name, value, *_ in lines:
        with suppress(ValueError):
            key = "_".join(name.partition("(")[0].lower().split())
            found[key] = {"avg": float(value.replace(",", ""))}
    return found


def _runs(path: Path) -> Iterator[Mapping[str, Any]]:
    text = text_of(path)
    if is_printed(text):
        yield from _printed(text)
        return
    if is_table(text):
        yield {**commanded(text[: _table_at(text)]), **_table(without_cut(text))}
        return
    whole = _parsed(text)
    parts = [whole] if whole is not None else [_parsed(line) for line in _lines(text)]
    for part in parts:
        for run in part if isinstance(part, list) else [part]:
            if not isinstance(run, dict):
                what = "JSON that is cut off or broken" if "{" in text else "neither JSON nor lines of it"
                raise UsageError(f"{path}: is {what}; give what a load generator wrote")
            yield run


def unanswered(path: Path) -> tuple[int, int]:
    """Requests of all runs of a file that failed, and all that were sent, as far as it says."""
    failed = sent = 0.0
    for run in _runs(path):
        done, lost, asked = (_mean(run, (name,), "") for name in ("completed", "failed", "num_prompts"))
        if done is not None:
            lost = max((asked or 0.0) - done, 0.0) if lost is None else lost
            failed, sent = failed + lost, sent + done + lost
    return round(failed), round(sent)


def _lines(text: str) -> Sequence[str]:
    """The lines of JSON of a text; without the last one where that was cut off behind others."""
    lines = _like_json(text)
    return lines[:-1] if len(lines) > 1 and cut_off(text) else lines or [text]


def _like_json(text: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith(("{", "["))]


def cut_off(text: str) -> bool:
    """Whether neither a text nor its last line of JSON is whole."""
    return _parsed(text) is None and any(_parsed(line) is None for line in _like_json(text)[-1:])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _rows(
    path: Path, number: int, run: Mapping[str, Any], stated: Mapping[str, str],
    needed: Sequence[str] = ("workload", "gpu"), *, every: bool = False,
) -> Iterator[dict[str, str]]:  # fmt: skip
    """A row of each mean of a run, or of every figure."""
    found = {metric: _mean(run, names, other) for metric, (_, names, other) in _METRICS.items()}
    if all(value is None for value in found.values()):
        return
    job, said = _job(run, every=every), _said(run)
    parts = (part["options"].split(";") for part in (job, said, stated) if part.get("options"))
    # What is stated beside a run goes before what it says.
    load = {pair.partition("=")[0]: pair for pairs in parts for pair in pairs}
    known = {
        **job,
        **said,
        **{key: value for key, value in stated.items() if value},
        **({"options": ";".join(load.values())} if load else {}),
    }
    for name in needed:
        if not known.get(name):
            model = run.get("model_id") or run.get("model") if name == "workload" else None
            unknown = f"; none is known as '{model}'" if model else ""
            raise UsageError(
                f"{path}: run {number} does not say on which {name} it was; add --{name} NAME, or --metadata "
                f"{name}=NAME to the load generator's command{unknown}"
            )
    for metric, value in {**found, **(_others(run) if every else {})}.items():
        if value is not None and value > 0.0 and math.isfinite(value):
            unit = _METRICS["throughput" if metric == "throughput" else "ttft"][0]
            yield {**known, "id": f"{number}-{metric}", "phase": "serve", "metric": metric, "unit": unit,
                   "value": f"{value:.9g}", "source": path.name}  # fmt: skip


def _others(run: Mapping[str, Any]) -> dict[str, float | None]:
    """What a run says beside its means: gaps between tokens, medians and percentiles of its requests."""
    # AIPerf's "inter-token latency" is a request's mean, which is TPOT.
    found = {"itl": _mean(run, ("mean_itl_ms",), "")}
    for metric, (_, names, other) in {**_METRICS, "itl": ("ms", ("mean_itl_ms",), "")}.items():
        for suffix, prefix, key in _STATISTICS if metric != "throughput" else ():
            own = [name.replace("mean", prefix, 1) for name in names]
            found[metric + suffix] = _mean(run, own, other, key)
    return found


def _mean(run: Mapping[str, Any], names: Sequence[str], other: str, key: str = "avg") -> float | None:
    for name in names:
        if isinstance(run.get(name), int | float):
            return float(run[name])
    nested = run.get(other)
    value = nested.get(key) if isinstance(nested, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _job(run: Mapping[str, Any], *, every: bool) -> dict[str, str]:
    """Lengths, load and engine of a run; `every` part of its load, also that one at a rate ends."""
    prompt, output = _lengths(run)
    config = run.get("input_config")
    load = _loadgen(config) if isinstance(config, dict) else run
    rate, flight = load.get("request_rate"), load.get("max_concurrency", load.get("concurrency"))
    open_loop = isinstance(rate, int | float) and math.isfinite(rate) and rate > 0.0
    if not open_loop and not flight:
        flight = run.get("num_prompts") or run.get("completed")
    job = {"input_tokens": _number(prompt), "output_tokens": _number(output)}
    sent = None if flight == "max" else _number(run.get("num_prompts") or run.get("completed"))
    said = [f"request_rate={rate:.9g}"] if open_loop else []
    said += [f"num_prompts={sent}"] if sent and (every or not open_loop) else []
    if not open_loop:
        job["concurrency"] = "max" if flight == "max" else _number(flight)
    said += _in_full(run, flight if open_loop else None) if every else _spread_of_lengths(run)
    job |= {"options": ";".join(said)} if said else {}
    own = config.get("backend") if isinstance(config, dict) else None
    backend = str(run.get("backend") or run.get("endpoint_type") or own or "").lower()
    engine = next((engine for word, engine in _ENGINES.items() if word in backend), "")
    return {**job, **_served(run), **({"runtime": _released(engine, run)} if engine else {})}


def _released(engine: str, run: Mapping[str, Any]) -> str:
    """An engine with the release that its server says of itself, as SGLang's does (`/get_server_info`)."""
    server = run.get("server_info")
    version = server.get("version") if isinstance(server, dict) and engine == "sglang" else None
    return f"{engine} {version}" if isinstance(version, str) and version else engine


def _in_full(run: Mapping[str, Any], most: Any) -> Iterator[str]:
    """Options of a run's load beside its rate: the `most` in flight, its bursts, how lengths differ."""
    if most:
        yield f"max_concurrency={_number(most)}"
    uneven = run.get("burstiness")
    if isinstance(uneven, float) and uneven != 1.0:
        yield f"burstiness={uneven:g}"
    yield from _spread_of_lengths(run)


def _spread_of_lengths(run: Mapping[str, Any]) -> Iterator[str]:
    """Options that say how the requests of a run differ in length, as far as it tells.

    vLLM lists all of them under --save-detailed, SGLang names its data set and how it draws from it.
    """
    from statistics import fmean, pstdev  # 10 ms, for files that list all lengths

    for key, option in (("input_lens", "input_lengths"), ("output_lens", "output_lengths")):
        known = [one for one in run.get(key) or () if isinstance(one, int | float) and one > 0]
        if len(known) > 1:
            middle, differ = fmean(known), pstdev(known)
            cv = differ / middle
            yield f"{option}=lognormal mean {middle:.6g} cv {cv:.4g}" if differ else f"{option}={middle:g}"
    name, least = run.get("dataset_name"), run.get("random_range_ratio")
    # Keys of SGLang's, whose releases before 2025 write no tag.
    own = "tag" in run or "random_input_len" in run
    if name == "sharegpt":
        yield "dataset=sharegpt"
    elif name == "random" and isinstance(least, int | float) and own and 0.0 <= least <= 1.0:
        # Anywhere between that share of the stated length and all of it.
        yield f"length_range={(1.0 - least) / (1.0 + least) * _OPEN:.4g}"


#: Lengths from one token up have a range that is just below their mean.
_OPEN = 0.999


def _served(run: Mapping[str, Any]) -> dict[str, str]:
    """The model and its split, as far as the run says them: the model where the zoo knows its name."""
    server, config = run.get("server_info"), run.get("input_config")
    server = server if isinstance(server, dict) else {}
    endpoint = config.get("endpoint") if isinstance(config, dict) else None
    listed = _models(endpoint) or _models(config)
    names = (run.get("model_id"), server.get("model_path"), run.get("model"))
    found: dict[str, str] = {}
    for name in (*names, *listed):
        with suppress(WhichGpuError):
            found = found or ({"workload": resolve(name).id} if isinstance(name, str) and name else {})
    tp = server.get("tp_size")
    return {**found, "tp": str(tp)} if isinstance(tp, int) and tp > 1 else found


def _models(part: Any) -> Sequence[Any]:
    """The models that a part of AIPerf's or GenAI-Perf's configuration names."""
    named = (part.get("model_names") or part.get("model")) if isinstance(part, dict) else None
    return named if isinstance(named, list) else [named] if named else []


def _loadgen(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where AIPerf and GenAI-Perf keep the load: older ones beside the rest."""
    old = config.get("perf_analyzer", {})
    stimulus = old.get("stimulus", {}) if isinstance(old, dict) else {}
    return config.get("loadgen") or stimulus or config


def _lengths(run: Mapping[str, Any]) -> tuple[float | None, float | None]:
    done = run.get("completed")
    if isinstance(done, int | float) and done > 0:
        totals = (run.get("total_input_tokens"), run.get("total_output_tokens"))
        prompt, output = (
            total / done if isinstance(total, int | float) and total > 0 else None for total in totals
        )
        return prompt, output
    return (_mean(run, (), "input_sequence_length"), _mean(run, (), "output_sequence_length"))


def _said(run: Mapping[str, Any]) -> dict[str, str]:
    """What --metadata put into a run, or --tag as `key=value;..`."""
    tag = str(run.get("tag") or "")
    pairs = dict(pair.split("=", 1) for pair in tag.split(";") if "=" in pair)
    own = {
        name: str(run[name]) for name in (*_ALSO, *_STATED) if isinstance(run.get(name), str | int | float)
    }
    named = {_ALSO.get(key, key): value for key, value in {**own, **pairs}.items()}
    return {key: value for key, value in named.items() if key in _STATED and value}


def _number(value: Any) -> str:
    return f"{float(value):.9g}" if isinstance(value, int | float) and value > 0 else ""
