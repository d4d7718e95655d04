"""What an engine takes at once: sequences, tokens of a pass, and the room that it asks for before it begins.

    max_num_seqs             sequences that run together, of each group of data-parallel attention
    max_num_batched_tokens   tokens of a pass, of prompts for the most part; `prompt`: those of one
                             prompt, and one of each request in flight
    reserves                 share of an answer for which there must be room when its prompt is taken: 0 lets
                             sequences grow until no block is free, and then takes the youngest off again,
                             whose prompt and answer so far are computed anew; with 1 none is ever taken off
    scheduler_recv_interval  passes from one look at what has come in to the next (SGLang)
    num_scheduler_steps      the same of vLLM's engine before 0.8, which scheduled so many passes at a time
    streams                  s in which the one process that streams a server's answers sends a message
    stream_interval          tokens of an answer that a message has, unasked those of an engine's `bundles`:
                             of recipes for some `models` and `cards`, by words of their names

All but `reserves` and `streams` are options of a job; `data/runtimes` has each engine's own, which on some
`cards` are others: those with less memory than `below`, or one of the `names` in theirs. One of `slots` is
started with as many sequences as a job keeps in flight.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu import units
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.habits import release_of
from whichgpu.cost.job.requests import LENGTHS, PROMPT, Requests
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.values import NamedTuple, remembered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job

#: The options that `limits` reads.
OPTIONS = (
    "max_num_seqs", "max_num_batched_tokens", "scheduler_recv_interval", "num_scheduler_steps",
    "stream_interval",
)  # fmt: skip
#: Sequences that run for each prompt that comes with a pass, where both share it.
BESIDE = 4
#: Share of its answer that a sequence has made when its room is counted: a little past half of it.
_FILLED = 0.6
#: Options that say after how many passes an engine looks for requests, and whose each option is.
_LOOKS = ("scheduler_recv_interval", "num_scheduler_steps")
_OWN = {
    "scheduler_recv_interval": ("sglang",), "num_scheduler_steps": ("vllm",),
    "stream_interval": ("tensorrt-llm", "sglang", "vllm"),
}  # fmt: skip


class Limits(NamedTuple):
    """Sequences at once, tokens of a pass, share of an answer that is kept free, passes between looks.

    `front` is s of a server's front end for each token that it streams. All but `reserves` are floats where
    the job states them or no card has its own, else columns of the GPUs; `looks`, and the sequences of an
    engine with `slots`, by job as well.
    """

    sequences: Any
    tokens: Any
    reserves: float
    looks: Any
    front: Any = 0.0

    @property
    def filled(self) -> float:
        """Share of an answer for which each of the sequences that are held at once has room."""
        return max(_FILLED, self.reserves)


@remembered(16)
def limits(stack: Runtime, job: Job, devices: Devices | None = None) -> Limits:
    """The limits of an engine, or those that the job states; raises `UsageError` for ones that cannot be.

    Without `devices` they are those of a card that is none of the engine's `cards`.
    """
    own = stack.scheduler
    usual = {
        "max_num_seqs": section("capacity")["max_sequences"],
        "max_num_batched_tokens": section("serving")["prompt_tokens"],
    }
    found = {name: own.get(name, most) for name, most in usual.items()}
    if own.get("slots") and job.concurrency is not None:
        found["max_num_seqs"] = np.maximum(found["max_num_seqs"], job.concurrency)[()]
    sequences, tokens = (
        _stated(job, name, usual[name]) if name in job.options else _on_cards(own, name, most, devices)
        for name, most in found.items()
    )
    foreign = another_engines(stack, job)
    looks: Any = max(1.0 if name in foreign else job.option(name, 1.0, 1.0) for name in _LOOKS)
    if not any(name in job.options for name in _LOOKS) and is_published(stack, job):
        looks = _as_published(stack.habits["closed"], job, devices)
    front = units.parse(own.get("streams", "0 s"), "time") / _tokens_a_message(own, job, devices)
    return Limits(sequences, tokens, float(own.get("reserves", 0.0)), looks, front)


def _stated(job: Job, name: str, usual: float) -> Any:
    """A limit that a job states: a number, or of tokens the word for a prompt in a pass."""
    if job.options[name] != PROMPT or name != "max_num_batched_tokens" or job.input_tokens is None:
        return job.option(name, 1.0, 1.0, usual)
    return pass_of_a_prompt(job, 1.0 if job.concurrency is None else job.concurrency)


def pass_of_a_prompt(job: Job, in_flight: Any) -> Any:
    """Tokens of a pass of an engine that is started for a prompt at a time beside so many requests."""
    whole = np.asarray(job.input_tokens, dtype=np.float64) + np.asarray(in_flight, dtype=np.float64)
    return np.maximum(whole, section("serving")["prompt_pass"])[()]


def _tokens_a_message(own: Mapping[str, Any], job: Job, devices: Devices | None) -> Any:
    """Tokens of an answer in each message: as the job states, else as recipes have it, else 1."""
    bundles = own.get("bundles")
    if "stream_interval" in job.options or not bundles:
        return job.option("stream_interval", 1.0, 1.0)
    if any(word in job.workload.lower() for word in bundles["models"]):
        return float(bundles["tokens"])
    if devices is None:
        return 1.0
    meant = devices.each(partial(_named, bundles["cards"]))
    return np.where(meant, float(bundles["tokens"]), 1.0) if np.any(meant) else 1.0


def message_passes(stack: Runtime, job: Job) -> Any:
    """Passes from one message of an answer to the next, whose gaps are what a client sees (ITL), as stated.

    Not as recipes have it where a job leaves it open: most who speak of ITL mean the time of a token.
    """
    foreign = "stream_interval" in another_engines(stack, job)
    tokens = 1.0 if foreign else job.option("stream_interval", 1.0, 1.0)
    return np.maximum(tokens / Requests.of(job).tokens_per_pass, scheduled_at_once(stack, job))


def unsaid(stack: Runtime, job: Job, devices: Devices) -> dict[str, str]:
    """Options that one job on one GPU leaves open and that are taken as published recipes have them."""
    found = {"stream_interval": _tokens_a_message(stack.scheduler, job, devices)}
    if is_published(stack, job):
        found["scheduler_recv_interval"] = _as_published(stack.habits["closed"], job, devices)
    figures = {name: float(np.ravel(one)[0]) for name, one in found.items()}
    return {name: f"{one:g}" for name, one in figures.items() if one > 1.0 and name not in job.options}


def is_published(stack: Runtime, job: Job) -> bool:
    """Whether a job may be of an engine's published tables: so many in flight, of which no more is said."""
    whole = all(one is not None for one in (job.concurrency, job.input_tokens, job.output_tokens))
    if not whole or any(map(job.options.get, LENGTHS)):
        return False
    return "polls" in stack.habits.get("closed", {}) and not release_of(stack)


def _as_published(tables: Mapping[str, Any], job: Job, devices: Devices | None) -> Any:
    """Passes between looks as the scripts of published tables set them, (G, J): for some models and cards.

    1 of jobs whose lengths are not those of the tables.
    """
    polls = tables["polls"]
    if devices is None or not any(word in job.workload.lower() for word in polls["models"]):
        return 1.0
    sizes = np.asarray(job.input_tokens), np.asarray(job.output_tokens)
    drawn = np.any([(sizes[0] == one) & (sizes[1] == other) for one, other in tables["uneven"]], axis=0)
    meant = drawn & devices.each(partial(_named, polls["cards"]))
    often = np.where(np.asarray(job.concurrency) < polls["many"], polls["below"], polls["above"])
    return np.where(meant, often, 1.0) if np.any(meant) else 1.0


def scheduled_at_once(stack: Runtime, job: Job) -> Any:
    """Passes for which an engine schedules at a time: 1 of all but vLLM's before 0.8."""
    name = "num_scheduler_steps"
    return 1.0 if name in another_engines(stack, job) else job.option(name, 1.0, 1.0)


def another_engines(stack: Runtime, job: Job) -> list[str]:
    """The options of a job that say how another engine than its own looks for requests or streams."""
    return [
        name for name, engines in _OWN.items()
        if name in job.options and not any(one.startswith(engines) for one in (stack.id, stack.kernels))
    ]  # fmt: skip


def _on_cards(own: Mapping[str, Any], name: str, most: Any, devices: Devices | None) -> Any:
    """One limit: `most`, or where an engine's cards differ a column of the GPUs."""
    found: Any = most if np.ndim(most) else float(most)
    if devices is None:
        return found
    for row in reversed(own.get("cards", ())):
        if name in row:
            small = devices.column("memory") < units.parse(row.get("below", "0 B"), "memory")
            meant = small | devices.each(partial(_named, row.get("names", ())))
            found = np.where(meant, float(row[name]), found)
    return found


def kept_free(stack: Runtime, job: Job, devices: Devices) -> Any:
    """Bytes of each card that an engine keeps free of weights and cache, (G, J); None where it names none.

    SGLang sets them apart for the activations of a pass, by its tokens, for graphs and for groups of GPUs
    (`mem_fraction_static` of python/sglang/srt/server_args.py). What groups of attention add is left out,
    since they cut the tokens of a pass as well.
    """
    own = stack.holds.get("keeps")
    if own is None:
        return None
    mesh, memory = Mesh.of(job), devices.column("memory")
    mib = {name: units.parse(str(value), "memory") for name, value in own.items() if name != "cards"}
    graphs: Any = mib["graphs"]
    for row in reversed(own.get("cards", ())):
        graphs = np.where(
            memory < units.parse(row["below"], "memory"), units.parse(row["graphs"], "memory"), graphs
        )
    free = mib["fixed"] + limits(stack, job, devices).tokens * mib["token"] + graphs
    free = free + mesh.replica * mib["gpu"]
    return np.where(memory > mib["above"], np.maximum(free, mib["least"]), free)


def _named(words: Sequence[str], gpu: Gpu) -> bool:
    return any(word in gpu.id for word in words)
