"""Experts dealt out over GPUs: who chooses them, how unevenly tokens fall, and what sending them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.parallel.links import all_gather, all_to_all, all_to_each, node_size
from whichgpu.errors import UsageError
from whichgpu.workloads.language.feed import EVERY, evenness
from whichgpu.workloads.ops import changed
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.parallel.mesh import Mesh
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


#: What is dealt out, or cut, as experts are.
DEALT = ("expert", "expert_row")


#: Who chooses the experts of a token in training, as the option `router` says: the model, chance, nobody, or
#: the model within an even share of each expert; `all`: every expert computes every token.
ROUTERS = ("model", "balanced", "consecutive", EVERY, "dropped")


def router(job: Job) -> str:
    """The option `router`, one of `ROUTERS`; raises `UsageError` for another word.

    Benchmarks of trainers leave a model's own choice out: they draw experts by chance (Megatron's option
    `moe_router_force_load_balancing`), so that all get as many tokens, or take them in turn (NeMo AutoModel's
    `FakeBalancedGate`), so that those of a token lie on one GPU or next to each other. Where tokens beyond an
    even share are `dropped` and places left are padded (NeMo's `MegatronTokenDropCallback`), the host knows
    beforehand how many an expert gets, and so it does where a module has `all` experts compute all tokens,
    those that were not chosen times zero (`Llama4TextMoe` of transformers/models/llama4/modeling_llama4.py).
    """
    said = job.options.get("router", "").strip().lower() or ROUTERS[0]
    if said not in ROUTERS:
        raise UsageError(f"option router: '{said}' is none of {', '.join(ROUTERS)}; write router=balanced")
    return said


def capacity(job: Job) -> float:
    """Places of an expert over an even share of the tokens, all of which are computed: `capacity_factor`.

    Of trainings that drop tokens (`router=dropped`); NeMo's have 1 of them, MaxText's benchmarks 1.25. Where
    all experts compute all tokens they are the experts over those of a token.
    """
    if router(job) == EVERY:
        dims = resolve(job.workload).dims
        return float(dims.get("experts", 1.0) / dims.get("experts_per_token", dims.get("experts", 1.0)))
    filled = job.option("capacity_factor", 1.0, least=1.0)
    if filled != 1.0 and router(job) != ROUTERS[-1]:
        raise UsageError(
            f"option capacity_factor={filled:g} is of experts that drop tokens; write router=dropped too"
        )
    return filled


def _chosen(workload: Workload, job: Job) -> float:
    """Experts that a token is sent to."""
    every = job.trains and router(job) == EVERY
    return float(workload.dims["experts" if every else "experts_per_token"])


def _empty(job: Job) -> float:
    """How many places experts have over the tokens that a trace sends to them."""
    return 1.0 if router(job) == EVERY else capacity(job)


def padded(ops: tuple[Op, ...], job: Job) -> tuple[Op, ...]:
    """Ops of which experts compute all the places that they have, taken or not."""
    times = _empty(job)
    if times == 1.0:
        return ops
    return tuple(
        changed(op, repeats=op.repeats * times, saved_bytes=op.saved_bytes * times)
        if op.shard in DEALT
        else op
        for op in ops
    )


def tunes(job: Job) -> bool:
    """Whether a job trains what was trained before."""
    return str(job.phase).startswith("finetune")


def busiest(ep: Array, job: Job | None = None) -> Array:
    """Tokens of the busiest of `ep` GPUs that experts are dealt out over, as a multiple of its share.

    Pre-training keeps experts as busy as each other, by a loss or a bias; a fine-tuning finds them as they
    were made, and has texts of a kind. How often one is chosen differs there as a gamma distribution of the
    shape `evenness` does (`experts_touched`), and that of all on a GPU as one of their shapes' sum. All wait
    for the busiest, the largest of so many draws, taken for normal ones.
    """
    mixed = 1.0 + section("links")["imbalance"] * (1.0 - 1.0 / ep)
    if job is None or not job.trains:
        return np.asarray(mixed)
    if router(job) != ROUTERS[0]:
        return np.ones_like(ep)
    if not tunes(job):
        return np.asarray(mixed)
    held = resolve(job.workload).dims.get("experts", 1.0) / ep
    return np.asarray(np.minimum(1.0 + largest(ep) / np.sqrt(evenness() * held), ep))


def waited_for(op: Op, ep: Array) -> Op:
    """A product of experts as the GPU has it for which the others wait, of `ep` that have them.

    Which experts tokens go to is drawn, and more tokens go to some (`experts_touched`). Of n experts on a GPU
    some are touched, each with a chance q, so that their number has a variance of n q (1 - q); the tokens
    sent to them have one of their number, and what the frequencies of n experts differ by beside it. A layer
    ends with the largest of `ep` draws, taken for normal ones. One token in flight over eight GPUs finds up
    to three of its eight experts on one of them.
    """
    touched = np.maximum(op.dims["batch"], 1e-9)
    chance = np.minimum(touched * ep / op.dims["groups"], 1.0)
    sent = touched * op.dims["m"]
    read = np.minimum(1.0 + largest(ep) * np.sqrt((1.0 - chance) / touched), 1.0 / chance)
    uneven = ep / (op.dims["groups"] * evenness())
    more = 1.0 + largest(ep) * np.sqrt(1.0 / np.maximum(sent, 1e-9) + uneven)
    return changed(op, dims={**op.dims, "batch": touched * read, "m": op.dims["m"] * more / read},
                   flops=op.flops * more, weight_bytes=op.weight_bytes * read,
                   read_bytes=op.read_bytes * more, write_bytes=op.write_bytes * more)  # fmt: skip


#: Mean of the largest of 1, 2, 4, .. draws from a normal distribution, in standard deviations (Tippett, "On
#: the Extreme Individuals", Biometrika 17, 1925).
_LARGEST = (0.0, 0.564, 1.029, 1.424, 1.766, 2.070, 2.344, 2.594, 2.827, 3.045, 3.250)


def largest(draws: Array) -> Array:
    """How far the largest of some draws lies above the mean, in standard deviations."""
    return np.asarray(np.interp(np.log2(draws), np.arange(len(_LARGEST)), _LARGEST))


def all_to_all_seconds(
    workload: Workload, job: Job, ops: Iterable[Op], mesh: Mesh, devices: Devices, *, few: Any = False,
    copies: bool = False, gathers: Any = False, moved: float = 0.0,
) -> Array:  # fmt: skip
    """Seconds of sending each token to its experts and back, over all layers of a pass of `ops`.

    What a GPU sends of a layer is its tokens, each to as many others as its choices reach; there and back,
    and in training twice more for the gradients. In training tensor-parallel GPUs have a share of the
    tokens each. Serving engines gather all tokens on every GPU of a machine, and scatter the sums, unless
    they are set up for more: dense collectives wait less than an all-to-all of few tokens. Beyond one, over
    NVLink or a network, tokens go in the format that experts multiply in, and their sums come back in 16
    bits; `few` of them, those of a pass that makes no prompt, to each choice by themselves. An engine that
    `gathers` does as in one machine there too. `copies`: a training sends each copy of a token by itself
    (`Runtime.sends_copies`). `moved`: B of each value of a copy, whole on each GPU of a cut expert, that it
    moves through its own memory to lay them out by expert, and back in their order (`Runtime.lays_out`).
    """
    total = np.zeros((1, 1))
    # Groups that attend to sequences of their own meet at experts that are cut as at those dealt out.
    exchanging = (mesh.ep if job.trains else mesh.attention_dp) > 1
    if not np.any(exchanging):
        return total
    spec, top = precision(job.precision), _chosen(workload, job)
    size, narrow = spec.activation, 1.0 if spec.math == "fp8" else spec.activation
    within = workload.dims.get("groups_per_token", 1) / workload.dims.get("expert_groups", 1)
    shared = mesh.tp if job.trains else 1.0
    in_turn = workload.dims["experts"] if job.trains and router(job) == "consecutive" else 0
    machine = np.minimum(node_size(devices), section("links")["node"])
    for op in ops:
        if op.kind == "copy" and ".dispatch" in op.layer:
            # `elements` are top copies of each token that this GPU holds.
            sent = op.dims["elements"] / top / shared * size * (_empty(job) if job.trains else 1.0)
            if job.trains and tunes(job):
                sent = sent * busiest(mesh.ep, job)
            gpus = mesh.ep * mesh.moe_tp
            cut = mesh.moe_tp if job.trains else 1.0
            both = 2.0 * all_to_all(
                sent, gpus, devices, top, within, in_turn=in_turn, copies=copies, cut=cut
            )  # fmt: skip
            if not job.trains:
                # "FP8 dispatching and BF16 combining", of many tokens too: github.com/deepseek-ai/DeepEP.
                there = all_to_all(sent * narrow / size, gpus, devices, top, within)
                both = there + all_to_all(sent, gpus, devices, top, within)
                apart = all_to_each(sent * narrow / size, gpus, devices, top) + all_to_each(
                    sent, gpus, devices, top
                )
                both = np.where(few, apart, both)
                gathered = 2.0 * all_gather(gpus * sent, gpus, devices, direct=True)
                both = np.where((gpus <= machine) | gathers, gathered, both)
            total = total + op.count * (both + moved * cut * sent * top / size / devices.bandwidth)
    return np.asarray(np.where(exchanging, total, 0.0))
