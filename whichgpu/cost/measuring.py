"""How to measure a job on a device oneself: the command of a load generator (`data/commands.toml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.cost.requests import Requests
from whichgpu.cost.runtime import runtimes
from whichgpu.cost.scheduling import limits
from whichgpu.facts import store
from whichgpu.workloads.job import NUMBERS
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job

#: Requests that a load generator sends at a rate, and how often it fills those it keeps in flight anew.
_REQUESTS, _WAVES = 2000, 10


def how_to_measure(job: Job, runtime: str, gpu: str = "") -> tuple[str, str]:
    """The command that measures a job (`data/commands.toml`), and where it is described.

    With the name of a `gpu` it also writes what `validate` reads.
    """
    workload = resolve(job.workload)
    rate = job.options.get("request_rate")
    load = "rate" if rate is not None else "concurrency" if job.concurrency is not None else "full"
    asked = {"runtimes": runtime, "families": workload.family, "phases": job.phase, "loads": load}
    for row in store.load("commands")["commands"]["command"]:
        if all(value in row.get(name, (value,)) for name, value in asked.items()):
            columns = _Kept(_columns(job, runtime, gpu))
            for part in ("server", "client"):
                columns[part] = _more(row.get(part, {}), job, columns)
            columns["parallel"] = _parallel(row, job, columns)
            columns["record"] = str(row.get("record", "")).format_map(columns) if gpu else ""
            text: str = row["text"].format_map(columns)
            return text, str(row.get("source", ""))
    return "", ""


def _columns(job: Job, runtime: str, gpu: str) -> dict[str, str]:
    """What a command may name: the job's columns and options, and what follows from them."""
    stated = {name: getattr(job, name) for name in NUMBERS}
    columns = {"model": job.workload, "phase": job.phase, "precision": job.precision, "gpu": gpu}
    columns |= {name: f"{float(n):g}" for name, n in stated.items() if n is not None}
    columns |= {key: value for key, value in job.options.items() if key not in columns}
    if "request_rate" in job.options:
        columns["request_rate"] = f"{float(job.options['request_rate']):.4g}"
    flight = 0.0 if job.concurrency is None else float(job.concurrency)
    columns["num_prompts"] = f"{max(_WAVES * flight, 200.0) if flight else _REQUESTS:g}"
    if job.phase == "serve" and job.input_tokens is not None:
        most, asked = limits(runtimes()[runtime], job), Requests.of(job)
        columns |= {"max_num_seqs": f"{most.sequences:g}", "max_num_batched_tokens": f"{most.tokens:g}"}
        cached = round(asked.prefix_hit * float(job.input_tokens))
        columns |= {"prefix_tokens": f"{cached}", "fresh_tokens": f"{float(job.input_tokens) - cached:.0f}"}
    return columns


def _more(known: Mapping[str, Any], job: Job, columns: _Kept) -> str:
    """What a command says of each option that the job states, and of its precision."""
    said = [text for name, text in known.items() if name != "precision" and name in job.options]
    formats: Mapping[str, str] = known.get("precision", {})
    said += [formats[job.precision]] if job.precision in formats else []
    return "".join(f" {text.format_map(columns)}" for text in said)


def _parallel(row: Mapping[str, Any], job: Job, columns: _Kept) -> str:
    """The options of a command that split the GPUs: those of data-parallel attention are others."""
    groups, stages = job.option("attention_dp", 1.0, 1.0), float(job.pp or 1.0)
    width = groups * float(job.tp or 1.0)
    text = str(row.get("parallel", ""))
    if groups > 1.0 and "attention_dp" in row:
        text = str(row["attention_dp"]).format(
            groups=f"{groups:g}", width=f"{width:g}", tp=f"{job.tp or 1:g}"
        )
    more = f" {row['pipeline']}" if stages > 1.0 and "pipeline" in row else ""
    return f"{text}{more}".format_map(columns)


class _Kept(dict[str, str]):
    """Columns that are not stated stay as they stand in the text."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"
