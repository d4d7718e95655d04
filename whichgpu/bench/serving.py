"""Serving load on a running OpenAI-compatible server: vLLM, SGLang, TGI, llama.cpp, TensorRT-LLM.

The server is asked first what it is and how many tokens it makes of a word; then each load is one task of a
journal, so that a run that was ended goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from whichgpu.bench.record import digest
from whichgpu.bench.serving_http import Target, ask, complaint, session
from whichgpu.bench.serving_load import after, send
from whichgpu.bench.serving_prompts import Asked, mean, requests
from whichgpu.bench.serving_summary import records, summary
from whichgpu.errors import UsageError, one_line
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whichgpu.bench.journal import Journal
    from whichgpu.bench.record import Record
    from whichgpu.bench.serving_http import Outcome
    from whichgpu.bench.serving_load import Load
    from whichgpu.bench.serving_summary import Summary

#: Fields beyond the standard that make a server answer at the length asked for; some servers refuse them.
_EXTRA = (("ignore_eos", True),)
#: Words of the prompt that counts tokens a word, and tokens that it asks for.
_PROBE, _ANSWER = 200, 4
#: By engine, an address that only it answers, and where its version stands in the answer.
_ENGINES = {
    "sglang": ("/get_server_info", "version"), "tgi": ("/info", "version"),
    "llama.cpp": ("/props", "build_info"), "vllm": ("/version", "version"),
}  # fmt: skip
_OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llama.cpp", "tensorrt_llm": "tensorrt-llm"}


@immutable
class Server:
    """A server that has answered: where, what it is, tokens it makes of a word; what is to be said of it."""

    target: Target
    engine: str
    version: str
    per_word: float
    said: tuple[str, ...] = ()


@immutable
class Plan:
    """What is sent: lengths, how many requests (0: as the load wants), of them uncounted, a seed."""

    asked: Asked
    count: int = 0
    warmup: int = 0
    seed: int = 0

    def number(self, load: Load) -> int:
        """Requests of a load: ten rounds of those in flight, a minute of those that arrive, at least 20."""
        if self.count:
            return self.count + self.warmup
        seconds = min(load.seconds, 60.0)
        wanted = 10 * (load.concurrency or 1) if load.rate is None else load.rate * seconds
        return int(max(wanted, 20)) + self.warmup


@immutable
class Measured:
    """One load, what came of it, its rows, each of its requests; `gave_up` says why it ended early."""

    load: Load
    found: Summary
    records: tuple[Record, ...]
    outcomes: tuple[Outcome, ...] = ()
    gave_up: str = ""


def base(url: str) -> str:
    """The address of the API of a server as typed: `localhost:8000` is `http://localhost:8000/v1`."""
    plain = url.strip().rstrip("/")
    plain = plain if "://" in url else f"http://{plain}"
    parts = urlsplit(plain)
    try:
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known or any(map(str.isspace, plain)):
        raise UsageError(f"'{one_line(url)}' is no address of a server; write e.g. http://localhost:8000")
    return plain if plain.endswith(("/v1", "/v2", "/v3")) else f"{plain}/v1"


def reach(target: Target) -> Server:
    """Ask a server what it is; raises `UsageError` where it does not answer, saying why."""
    return asyncio.run(_reach(target))


async def _reach(target: Target) -> Server:
    async with session() as client:
        address = f"{target.url}/models"
        models, fault = await _json(client, target, address)
        if fault.gone and target.model:
            # What is silent here is not asked what it is, but for an answer all the same.
            return await _counted(client, target, "", "")
        if fault.gone:
            raise UsageError(f"{address}: {fault.said}; is the server up, and is this its address?")
        data = models.get("data") if isinstance(models, dict) else None
        listed = [one for one in data or () if isinstance(one, dict) and one.get("id")]
        if not target.model:
            if not listed:
                raise UsageError(f"{address}: {fault.said or 'no model is listed'}; {_remedy(fault)}")
            target = replace(target, model=str(listed[0]["id"]))
        owner = next((str(one.get("owned_by")) for one in listed if one["id"] == target.model), "")
        engine, version = await _engine(client, target, owner)
        return await _counted(client, target, engine, version)


async def _counted(client: Any, target: Target, engine: str, version: str) -> Server:
    """The first answer: whether it streams at all, on which API, with which fields, and tokens a word."""
    probe = requests(Asked(str(_PROBE), str(_ANSWER)), 1, 0)[0]
    said: list[str] = []
    tries = [replace(target, extra=_EXTRA), target]
    if not target.chat:
        tries += [replace(one, chat=True) for one in tries]
    reason = ""
    for one in tries:
        found = await ask(client, one, probe.prompt, _ANSWER)
        if found.good:
            if not one.extra:
                said.append("the server refuses ignore_eos, so that answers may end before their length")
            if one.chat and not target.chat:
                said.append("the server has no /completions; /chat/completions was used")
            per_word = found.prompt / _PROBE if found.prompt else 1.0
            if not found.prompt:
                said.append("the server does not say how many tokens a prompt has: one a word was taken")
            return Server(one, engine, version, per_word, tuple(said))
        reason = f"{found.fault}: {found.reason}"
        if found.fault != "status":
            break
    raise UsageError(
        f"{target.path}: no answer to a first request ({reason}); check the address, --model and the key"
    )


async def _engine(client: Any, target: Target, owner: str) -> tuple[str, str]:
    """What serves, and its version: by an address that only one engine has, else by who owns the model."""
    root = target.url.rpartition("/")[0]
    named = _OWNERS.get(owner.lower(), "")
    for engine, (path, field) in _ENGINES.items():
        if named and engine != named:
            continue
        found, _ = await _json(client, target, f"{root}{path}")
        if isinstance(found, dict) and found.get(field):
            return engine, str(found[field])
    return named, ""


class _Fault(NamedTuple):
    """What was wrong with an answer, its HTTP status, and whether there was none at all."""

    said: str = ""
    gone: bool = False
    status: int = 0


def _remedy(fault: _Fault) -> str:
    """What to do about a server that lists no model."""
    if fault.status in (401, 403):
        return "it wants a key: set OPENAI_API_KEY, or name another variable with --key-env"
    if fault.status >= 500:
        return "look at the server's own log"
    if fault.said and not fault.status:
        return "is this the address of an OpenAI-compatible server, e.g. http://localhost:8000?"
    return "name it: --model NAME"


async def _json(client: Any, target: Target, url: str) -> tuple[Any, _Fault]:
    """What a server says at an address, None where it says nothing of use; and why that is."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=target.limits.connect)
    try:
        async with client.get(url, headers=target.headers, timeout=timeout) as answer:
            if answer.status != 200:
                told = await complaint(answer)
                return None, _Fault(f"status {answer.status}{told and f' ({told})'}", status=answer.status)
            return json.loads(await answer.text()), _Fault()
    except TimeoutError:
        return None, _Fault(f"nothing came for {target.limits.connect:g} s", gone=True)
    except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError) as fault:
        why = getattr(fault, "strerror", "") or "it was closed"
        return None, _Fault(f"no connection ({one_line(why)})", gone=True)
    except (aiohttp.ClientError, OSError, ValueError, RecursionError):
        return None, _Fault("what answers there sends no JSON")


def measure(
    server: Server, plan: Plan, loads: Sequence[Load], columns: Mapping[str, Any],
    journal: Journal | None = None, *, told: Callable[[Outcome], None] = lambda _: None,
) -> Iterator[Measured]:  # fmt: skip
    """Measure each load, and write its rows before the next one starts; those that are done are left out.

    A server that is gone ends the loads that are left; the one in which it went is not written, so that it is
    measured again when the server is back.
    """
    for load in loads:
        task = _task(server, plan, load, columns)
        if journal is not None and digest(task) in journal.done:
            continue
        asked = requests(plan.asked, plan.number(load), plan.seed, server.per_word, mark=token_hex(4))
        started = datetime.now(UTC).isoformat(timespec="seconds")
        run = asyncio.run(send(server.target, asked, load, np.random.default_rng(plan.seed + 1), told))
        counted = after(run, plan.warmup)
        found = summary(counted)
        named = {**columns, "id": f"serve-{digest(task)}", **_load_columns(load, plan)}
        context = {
            "software": {server.engine or "server": server.version}, "seed": plan.seed, "started": started,
            "seconds": run.ended - run.started, "host": _host(),
        }  # fmt: skip
        rows = records(found, named, task, context)
        if journal is not None and not run.gave_up:
            journal.append(rows)
        yield Measured(load, found, tuple(rows), counted.outcomes, run.gave_up)
        if run.gave_up:
            return


def measured_before(
    server: Server, plan: Plan, loads: Sequence[Load], columns: Mapping[str, Any], journal: Journal | None
) -> int:
    """How many of the loads a journal has."""
    if journal is None:
        return 0
    return sum(digest(_task(server, plan, load, columns)) in journal.done for load in loads)


def _task(server: Server, plan: Plan, load: Load, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "what": "serve-load", "model": server.target.model, "engine": server.engine,
        "version": server.version, "chat": server.target.chat, "columns": dict(columns),
        "input": plan.asked.input, "output": plan.asked.output, "shared": plan.asked.shared,
        "count": plan.number(load), "warmup": plan.warmup, "seed": plan.seed,
        "concurrency": load.concurrency, "rate": load.rate, "burstiness": load.burstiness,
        "seconds": None if load.seconds == float("inf") else load.seconds,
    }  # fmt: skip


def _load_columns(load: Load, plan: Plan) -> dict[str, Any]:
    """The columns and options of a row that say its load and its lengths."""
    options: dict[str, Any] = {}
    if load.rate is not None:
        options["request_rate"] = load.rate
        if load.burstiness != 1.0:
            options["burstiness"] = load.burstiness
    if plan.asked.shared:
        options["prefix_hit"] = plan.asked.shared
    drawn = (("input_lengths", plan.asked.input), ("output_lengths", plan.asked.output))
    options |= {name: text for name, text in drawn if not text.strip().isdigit()}
    return {
        "concurrency": load.concurrency, "options": options,
        "input_tokens": round(mean(plan.asked.input)), "output_tokens": round(mean(plan.asked.output)),
    }  # fmt: skip


def _host() -> dict[str, Any]:
    import platform

    return {
        "name": platform.node(),
        "kernel": platform.release(),
        "clock": time.get_clock_info("perf_counter").resolution,
    }
