"""How to measure a job on a device oneself: the command of a load generator (`data/commands.toml`)."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.requests import Requests
from whichgpu.cost.job.runtimes import runtime as named
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.memory import offload
from whichgpu.cost.serving.scheduling import OPTIONS, limits, unsaid
from whichgpu.cost.serving.steady import WAVES
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.units import GIB
from whichgpu.workloads.adapters import RANK
from whichgpu.workloads.hub import hub_name
from whichgpu.workloads.job import NUMBERS
from whichgpu.workloads.precision import cache_format, precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.answers import Estimate
    from whichgpu.workloads.job import Job

#: Formats that engines load as they are, and tokens up to which the longest request is rounded.
_AS_LOADED, _ROOM = ("", "fp16", "bf16", "fp32", "tf32"), 256
_TOKENS = ("input_tokens", "output_tokens")
#: Requests in flight that a job may state.
_MOST = 1_000_000
#: Requests that a load generator sends at a rate.
_REQUESTS = 2000


def how_to_measure(job: Job, runtime: str, gpu: str = "", *, records: bool = True) -> tuple[str, str]:
    """The command that measures a job (`data/commands.toml`), and where it is described.

    It states the limits that its engine has on the `gpu`. With the name of one it also writes what `validate`
    reads, unless it `records` nothing.
    """
    workload = resolve(job.workload)
    rate = job.options.get("request_rate")
    load = "rate" if rate is not None else "concurrency" if job.concurrency is not None else "full"
    asked = {"runtimes": runtime, "families": workload.family, "phases": job.phase, "loads": load,
             "apart": "prefill_gpus" in job.options}  # fmt: skip
    for row in store.load("commands")["commands"]["command"]:
        if all(value in row.get(name, (value,)) for name, value in asked.items()):
            job, which = _by_itself(row, _as_assumed(job, runtime, gpu))
            columns = _Kept(_columns(job, runtime, gpu))
            for part in ("server", "client"):
                columns[part] = _more(row.get(part, {}), job, columns)
            columns["server"] += _settings(row, job, columns)
            columns["parallel"] = _parallel(row, job, columns)
            columns["checkpoint"] = _checkpoint(row.get("server", {}), job)
            columns["requests"] = _requests(row.get("requests", {}), job, columns)
            columns["record"] = str(row.get("record", "")).format_map(columns) if gpu and records else ""
            text: str = row["text"].format_map(columns).rstrip()
            return which + text, str(row.get("source", ""))
    return "", ""


def _as_assumed(job: Job, runtime: str, gpu: str) -> Job:
    """A job with what its engine's recipes set on a GPU where it leaves that open."""
    known = catalogue().get(gpu)
    if known is None or job.phase != "serve":
        return job
    assumed = unsaid(named(job.runtime, runtime), job, Devices.of([known]))
    return replace(job, options={**assumed, **job.options}) if assumed else job


def _by_itself(row: Mapping[str, Any], job: Job) -> tuple[Job, str]:
    """One replica's share of a job, and words for it, where a command starts none beside each other."""
    groups, copies = job.option("attention_dp", 1.0, 1.0), _copies(job)
    joined = groups > 1.0 or (row.get("copies_of") == "dense" and "experts" in resolve(job.workload).dims)
    if copies <= 1.0 or "parallel" not in row or ("copies" in row and not joined):
        return job, ""
    options = dict(job.options)
    if "request_rate" in options:
        options["request_rate"] = f"{float(options['request_rate']) / copies:.4g}"
    if "num_prompts" in options:
        options["num_prompts"] = f"{ceil(float(options['num_prompts']) / copies)}"
    flight = None if job.concurrency is None else max(round(float(job.concurrency) / copies), 1)
    alone = replace(job, n_gpus=float(job.n_gpus or 1.0) / copies, concurrency=flight, options=options)
    return alone, f"on one of the {copies:g} replicas, its share of the load: "


def _copies(job: Job) -> float:
    """Replicas of a job's GPUs."""
    width = job.option("attention_dp", 1.0, 1.0) * float(job.tp or 1.0) * float(job.pp or 1.0)
    return float(job.n_gpus or 1.0) / width


def measures(answer: Estimate) -> tuple[str, str]:
    """The command that measures the job of an `answer`, as `how_to_measure`, recording nothing.

    A server's with no load stated is measured with the requests that the answer has in flight.
    """
    job = answer.job
    held = max(round(answer.sequences * answer.replicas), 1) if job.phase == "serve" else 0
    if 0 < held <= _MOST and job.concurrency is None and "request_rate" not in job.options:
        job = replace(job, concurrency=float(held))
    return how_to_measure(job, answer.runtime, answer.gpu, records=False)


def _figure(value: float) -> str:
    """A number as a command takes it: whole where it is, and never as 1e+06."""
    return f"{value:.0f}" if value == round(value) else f"{value:g}"


def _columns(job: Job, runtime: str, gpu: str) -> dict[str, str]:
    """What a command may name: the job's columns and options, and what follows from them."""
    stated = {name: getattr(job, name) for name in NUMBERS}
    columns = {"model": job.workload, "phase": job.phase, "precision": job.precision, "gpu": gpu}
    columns |= {name: _figure(float(n)) for name, n in stated.items() if n is not None}
    # Load generators take whole tokens.
    columns |= {name: f"{round(float(columns[name])):d}" for name in _TOKENS if name in columns}
    columns |= {"lora_rank": f"{RANK:g}"} if "adapters" in job.options else {}
    columns |= {key: value for key, value in job.options.items() if key == "lora_rank" or key not in columns}
    if "request_rate" in job.options:
        columns["request_rate"] = f"{float(job.options['request_rate']):.4g}"
    if job.phase == "serve" and job.concurrency is None and runtimes()[runtime].scheduler.get("slots"):
        job = replace(job, concurrency=limits(runtimes()[runtime], job).sequences)
        columns["concurrency"] = _figure(float(job.concurrency or 1.0))
    known = catalogue().get(gpu)
    devices = None if known is None else Devices.of([known])
    flight = 0.0 if job.concurrency is None else float(job.concurrency)
    columns.setdefault("num_prompts", _figure(max(WAVES * flight, 200.0) if flight else _REQUESTS))
    if job.phase == "serve" and job.input_tokens is not None:
        most, asked = limits(runtimes()[runtime], job, devices), Requests.of(job)
        columns |= dict(zip(OPTIONS, (_figure(float(np.ravel(one)[0])) for one in most[:2]), strict=False))
        cached = round(asked.prefix_hit * float(job.input_tokens))
        columns |= {"prefix_tokens": f"{cached}", "fresh_tokens": f"{float(job.input_tokens) - cached:.0f}"}
        columns |= _longest(job, asked)
        away = offload.amount(job)
        columns["draft_tokens"] = f"{asked.drafted + 1.0:g}"
        columns["offload_gib"] = "<GiB of all weights>" if away is None else f"{ceil(away / GIB)}"
        if asked.prefill_gpus:
            width = job.option("prefill_tp", min(float(job.tp or 1.0), asked.prefill_gpus), 1.0)
            columns |= {"prefill_tp": f"{width:g}", "prefill_copies": f"{asked.prefill_gpus / width:g}"}
            kind = job.options.get("prefill_gpu")
            columns["prefill_which"] = f"the {kind}" if kind else f"{asked.prefill_gpus:g} of them"
            columns["decode_which"] = f"the {gpu}" if kind else f"the other {job.n_gpus:g}"
    return columns


def _requests(known: Mapping[str, str], job: Job, columns: _Kept) -> str:
    """How a load generator is told what to send: a data set that it knows, else random tokens."""
    name = str(job.options.get("dataset", "")).strip().lower()
    return known.get(name, known.get("random", "")).format_map(columns)


def _longest(job: Job, asked: Requests) -> dict[str, str]:
    """Tokens of the longest request, rounded up, and of all in flight; of lengths at random there is none.

    An engine that is not told takes the model's own, for which there may be no room.
    """
    given = [name for name in ("input_lengths", "output_lengths") if name in job.options]
    given += ["dataset"] if asked.answers and "dataset" in job.options else []
    spread = job.option("length_range", 0.0)
    each = (float(job.input_tokens) + float(job.output_tokens)) * (1.0 + spread)
    longest = {} if given else {"longest": f"{ceil((each + _ROOM) / _ROOM) * _ROOM}"}
    flight = 1.0 if job.concurrency is None else float(job.concurrency)
    return {**longest, "cells": f"{ceil(each * flight / _ROOM) * _ROOM}"}


def _checkpoint(known: Mapping[str, Any], job: Job) -> str:
    """What an engine loads: the model's name on the Hub, or words for a checkpoint in a format of its own."""
    name, workload = hub_name(job.workload) or job.workload, resolve(job.workload)
    released = workload.defaults.get("serve", {}).get("precision")
    loaded = {*_AS_LOADED, released, *known.get("precision", {})}
    return name if job.precision in loaded else f"'<a {job.precision} checkpoint of {name}>'"


def _settings(row: Mapping[str, Any], job: Job, columns: _Kept) -> str:
    """What an engine reads in a file, all of it in one."""
    said = ", ".join(text.format_map(columns) for text in _stated(row.get("settings", {}), job, columns))
    return " " + str(row["file"]).format(settings=said) if said else ""


def _stated(known: Mapping[str, Any], job: Job, columns: _Kept) -> list[str]:
    """What a table says of each option that the job states; of some values alone where it has a table."""
    stated = {**job.options, **{name: "" for name in ("longest",) if name in columns}}
    if cache_format(job):
        stated["kv_precision"] = precision(cache_format(job)).id
    if job.option("attention_dp", 1.0, 1.0) <= 1.0:
        stated.pop("attention_dp", None)
    dims = resolve(job.workload).dims
    if "speculative" in stated and (dims.get("prediction_layers") or dims.get("drafts")):
        stated["predicted"] = stated.pop("speculative")
    said = (
        text if isinstance(text, str) else text.get(stated[name].strip().lower(), "")
        for name, text in known.items()
        if name != "precision" and name in stated
    )
    return [text for text in said if text]


def _more(known: Mapping[str, Any], job: Job, columns: _Kept) -> str:
    """What a command says of each option that the job states, and of its precision."""
    said = _stated(known, job, columns)
    formats: Mapping[str, str] = known.get("precision", {})
    said += [formats[job.precision]] if job.precision in formats else []
    return "".join(f" {text.format_map(columns)}" for text in said)


def _parallel(row: Mapping[str, Any], job: Job, columns: _Kept) -> str:
    """The options of a command that split the GPUs: those of data-parallel attention are others."""
    groups, stages = job.option("attention_dp", 1.0, 1.0), float(job.pp or 1.0)
    width, copies = groups * float(job.tp or 1.0), _copies(job)
    text = str(row.get("parallel", ""))
    if groups > 1.0 and "attention_dp" in row:
        text = str(row["attention_dp"]).format(
            groups=f"{groups:g}", width=f"{width:g}", tp=f"{job.tp or 1:g}"
        )
    elif copies > 1.0:
        text += f" {row['copies']}" if "copies" in row else ""
    text += f" {row['pipeline']}" if stages > 1.0 and "pipeline" in row else ""
    text += f" {row['experts']}" if job.option("ep", 1.0, 1.0) > 1.0 and "experts" in row else ""
    return text.format_map(_Kept({**columns, "copies": f"{copies:g}"}))


class _Kept(dict[str, str]):
    """Columns that are not stated stay as they stand in the text."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"
