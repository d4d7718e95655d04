"""A serving replica with continuous batching: passes of decode, and of prompts between them.

A replica holds B sequences, each of I prompt and O output tokens, each replaced by the next when it is
done. Every token of a sequence costs a decode pass of all B, and between its tokens the prompts of the
others are computed, of which a share k (`[serving.engine]`) interrupts it:

    TPOT = t_decode(B) + k (B - 1) t_prompt / O
    TTFT = s + a t_prompt + TPOT (none where B is 1) + (q (B - 1) + m) t_prompt + queue
    queue = max(C / B - 1, 0) (E2E - queue)
    output tokens/s = B O / (E2E - queue),                       E2E = TTFT + (O - 1) TPOT

for C requests in flight, B = min(C, what memory holds), as a load generator keeps them: it starts C at
once, and q is that opening, in the mean over its waves; m others have their prompts in the same pass. The
last line is Little's law. At saturation (no C) k is 1 and B / TPOT is the
rate. (Yu et al., Orca, OSDI 2022, for iteration-level batching.)

Requests that arrive at random at a rate L meet n = L (O - 1) TPOT others, so that B = 1 + n, and wait for
the pass that runs and for the prompts before their own (`cost/queueing.py`).

Of p stages each works on B / p sequences at a time, so that every token passes through p smaller
batches and the weights are read p times. With data-parallel attention of a groups each of them attends
to B / a sequences, and the experts see the tokens of all. Cached prefixes are read and not computed, and
drafted tokens are verified together (`cost/requests.py`).

B is what the KV cache has room for (`memory.cache_room`), over the KV of a sequence at I + 0.6 O tokens,
since sequences are on average a little past half done when the next one needs room (at I + O in an engine
that keeps room for whole answers), and at most what the engine takes at once (`cost/scheduling.py`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost import memory as mem
from whichgpu.cost import offload, parallel, starting
from whichgpu.cost.coefficients import section
from whichgpu.cost.fit import Fit, fit
from whichgpu.cost.job_memory import communication
from whichgpu.cost.mesh import Mesh
from whichgpu.cost.requests import Requests
from whichgpu.cost.scheduling import BESIDE, limits
from whichgpu.cost.steady import SteadyState, bunched, burst, engine, in_lockstep, interruption
from whichgpu.cost.time import evaluate, kernels, paced, prepare
from whichgpu.values import NamedTuple
from whichgpu.workloads.adapters import beside
from whichgpu.workloads.ops import changed
from whichgpu.workloads.precision import of_job, precision
from whichgpu.workloads.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.device import Devices
    from whichgpu.cost.runtime import Runtime
    from whichgpu.cost.steady import Met
    from whichgpu.cost.time import Pass, Timing
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def step_ops(
    workload: Workload, job: Job, prefill_tokens: Any, decode_sequences: Any, kv_tokens: Any
) -> tuple[Op, ...]:
    """Ops of one engine step before sharding; arrays broadcast to (G, J).

    Of a prompt whose prefix is cached `prefill_tokens` are the rest. A step of speculative decoding verifies
    what was drafted for each sequence.
    """
    asked, spec = Requests.of(job), of_job(job)
    tokens = prefill_tokens, decode_sequences, kv_tokens
    sizes = {
        "prefill_length": computed_tokens(job),
        "prefill_context": asked.prefix_hit * job.input_tokens,
        "decode_tokens": 1.0 + asked.drafted,
    }
    key = id(workload), spec, *(_alike(one) for one in (*tokens, *sizes.values()))
    known = _steps.get(key)
    if known is None:
        if len(_steps) >= _KEPT:
            # At once, which no other thread can come between.
            _steps.clear()
        recorder = Recorder(spec)
        workload.code.step(workload.dims, recorder, *tokens, **sizes)
        # With its workload, so that no other can have its id.
        known = _steps[key] = workload, recorder.ops()
    return beside(known[1], job, workload.dims.get("fused", ""))


#: The last steps, by all that their ops hang on: memory and time of one job, and both of what would make it
#: fit, ask for the same ones.
_steps: dict[tuple[Any, ...], tuple[Workload, tuple[Op, ...]]] = {}
_KEPT = 8


def _alike(number: Any) -> Any:
    """What stands for a number in a key: itself, or an array's shape and bytes."""
    return (number.shape, number.tobytes()) if isinstance(number, np.ndarray) else number


def step_time(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, prefill_tokens: Any,
    decode_sequences: Any, kv_tokens: Any,
) -> Timing:  # fmt: skip
    """Time of one engine step of a complete job's replica, all tokens in one pass."""
    captured = _in_a_graph(stack) & (np.asarray(prefill_tokens) == 0.0)
    ops, links = _rank(workload, job, devices, prefill_tokens, decode_sequences, kv_tokens, captured=captured)
    work = prepare(
        ops, devices, stack, workload=workload.id, communication=links + _host(stack, job, decode_sequences)
    )
    return evaluate(work, fit())


def _in_a_graph(stack: Runtime) -> NDArray[np.bool_]:
    """Whether the passes of tokens are CUDA graphs: of an engine that launches none of their kernels."""
    return np.asarray(np.asarray(stack.read(lambda one: one.launch)) == 0.0)


def _rank(
    workload: Workload, job: Job, devices: Devices, *tokens: Any, alone: bool = False, captured: Any = False
) -> tuple[tuple[Op, ...], Array]:
    """What one GPU does of a pass of the replica, all its stages in turn, and its seconds on the links.

    `tokens`: prompt tokens, decoding sequences and cached tokens of the pass. `alone` they are of one
    request, which one group of data-parallel attention has. `captured`: the pass is a CUDA graph.
    """
    mesh = Mesh.of(job)
    groups = np.ones(()) if alone else mesh.attention_dp
    whole = step_ops(workload, job, *_dealt(tokens, mesh.pp * groups))
    links = parallel.tensor_parallel_seconds(whole, mesh.tp, devices, captured=captured)
    links = links + parallel.stages_seconds(whole, mesh, devices)
    if np.any(mesh.attention_dp > 1):
        # Each group attends to its own sequences; the experts see the tokens of all groups.
        together = step_ops(workload, job, *_dealt(tokens, mesh.pp))
        experts = [op for op in together if op.shard.startswith("expert")]
        # All groups wait for the one that has the most to do.
        most = 1.0 + section("links")["imbalance"] * (1.0 - 1.0 / groups)
        own = [op for op in whole if not op.shard.startswith("expert")]
        whole = (*(changed(op, repeats=op.repeats * most) for op in own), *experts)
        few = np.asarray(tokens[0]) == 0.0
        sent = parallel.all_to_all_seconds(workload, job, whole, mesh, devices, few=few)
        links = links + np.where(mesh.attention_dp > 1, sent * groups / mesh.attention_dp, 0.0)
    return parallel.shard(whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp), links


def _dealt(tokens: tuple[Any, ...], parts: Any) -> tuple[Any, ...]:
    """What one of so many parts of a pass has of its prompt tokens, decoding sequences and cached tokens.

    A sequence is not divided: of fewer than there are parts some have one, which is what a pass waits for.
    """
    prompts, sequences, cached = tokens
    each = np.maximum(sequences / parts, np.minimum(sequences, 1.0))
    share = each / np.where(sequences > 0.0, sequences, 1.0)
    return prompts / parts, each, cached * np.where(sequences > 0.0, share, 1.0 / parts)


def _fetched(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, ops: tuple[Op, ...], *,
    prompt: bool = False,
) -> Array:  # fmt: skip
    """Seconds in which a pass over `ops` uses the weights on the host, of all stages in turn, (G, J)."""
    if "offload" not in job.options:
        return np.zeros(())
    rest = {name: value for name, value in job.options.items() if name != "offload"}
    parts, _, _ = standing(workload, replace(job, options=rest), stack)
    out = offload.kept(workload, job, parts)[1]
    return np.asarray(Mesh.of(job).pp * offload.pass_seconds(stack, out, devices, ops, prompt=prompt))


def _host(stack: Runtime, job: Job, decode_sequences: Any) -> Array:
    """Seconds of a token's passes that are no kernel: sampling, and what each stage adds."""
    mesh = Mesh.of(job)
    sampling = stack.sequence * np.asarray(decode_sequences, dtype=np.float64) / mesh.attention_dp
    return np.asarray(sampling + (mesh.pp - 1.0) * (stack.fixed + section("serving")["boundary"]))


class Work(NamedTuple):
    """Part of what a replica does: ops on one GPU, and seconds on the links and of the host, (G, J)."""

    ops: tuple[Op, ...]
    links: Array
    host: Array

    def times(self, often: Any) -> Work:
        """The same, `often` times."""
        if np.all(np.asarray(often) == 1.0):
            return self
        ops = tuple(changed(op, repeats=op.repeats * often) for op in self.ops)
        return Work(ops, self.links * often, self.host * often)

    def beside(self, other: Work) -> Work:
        """Both."""
        return Work((*self.ops, *other.ops), self.links + other.links, self.host + other.host)


def token_work(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, sequences: Any, kv_tokens: Any
) -> Work:
    """What one token of each of `sequences` takes, (G, J), which attend to `kv_tokens` all together.

    Of speculative decoding it is the share of a pass that makes one, drafting included.
    """
    ops, links = _rank(workload, job, devices, 0.0, sequences, kv_tokens, captured=_in_a_graph(stack))
    share = Requests.of(job).passes_per_token
    host = _host(stack, job, sequences) + stack.fixed + _fetched(workload, job, stack, devices, ops)
    return Work(ops, links, host).times(share)


def prompt_work(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, running: Array, *, opening: bool = False
) -> Work:
    """What one prompt takes beside `running` sequences, (G, J): short ones are computed several at a time.

    Where prompts go first and requests come and go one by one, as many come with a pass as end with it: one
    in O of those that run. In lockstep they come together; where they share the passes of tokens, whose
    weights are read anyway, each costs what one of many does. Those of an `opening` are all there at once.
    """
    ended = running / np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    together = in_lockstep(stack, job) or engine(stack)["mixed"]
    come = np.maximum(running / BESIDE, 1.0) if together else 1.0 + ended
    batch = _in_a_pass(job, stack, devices, running if opening else come)
    ops, links = _rank(workload, job, devices, batch * computed_tokens(job), 0.0, 0.0)
    host = stack.fixed + _fetched(workload, job, stack, devices, ops, prompt=True)
    return Work(ops, links, host).times(1.0 / batch)


def _in_a_pass(job: Job, stack: Runtime, devices: Devices, come: Any) -> Array:
    """How many of the prompts that `come` at once one pass takes, at least one."""
    most = limits(stack, job, devices).tokens / np.maximum(computed_tokens(job), 1.0)
    return np.asarray(np.clip(np.floor(most), 1.0, come))


class _Held(NamedTuple):
    """What a replica holds: sequences, prompts computed between the tokens of one, and what waits.

    A request waits for `opening` prompts of those with which a run opens, and for `burst` other ones; others
    come within `apart` passes of each other as those of a Poisson process within one.
    """

    loop: str
    running: Array
    others: Array
    between: Array
    opening: Array
    burst: Array
    queue: Array
    apart: Any = 1.0


def _held(job: Job, stack: Runtime, devices: Devices, places: Array, met: Met | None) -> _Held:
    share, most, none = interruption(stack, job), np.maximum(places, 1.0), np.zeros(1)
    if met is None:
        most = np.maximum(np.minimum(most, _begun(job, stack, devices)), 1.0)
    else:
        running = np.minimum(met.others * met.stretch + 1.0, most)
        return _Held("open", running, met.others, share * met.others, none, none, none)
    if job.concurrency is None:
        return _Held("full", most, most, share * most, none, none, none)
    asked = _requests(job)
    running = np.minimum(asked, most)
    rest = running - 1.0
    sent = np.maximum(Requests.of(job).sent / replicas(job), asked)
    # Those that are sent at once wait in turn, in the mean for half as long as who comes behind them all.
    queue = np.maximum(asked / running - 1.0, 0.0) * (1.0 - asked / (2.0 * sent))
    opening, before = burst(stack, job, running / sent)
    apart = limits(stack, job, devices).looks * bunched(job, running / sent)
    mates = (1.0 - 2.0 * opening) * _mates(job, stack, devices, running, apart)
    # Each of the others' prompts is before a request's first token or between those that follow.
    between = np.where(np.isfinite(sent), np.minimum(share, 1.0 - opening - before), share) * rest
    if in_lockstep(stack, job):
        between = np.minimum(between, np.maximum(rest - mates, 0.0))
    return _Held("closed", running, rest, between, opening * rest, before * rest + mates, queue, apart)


def _begun(job: Job, stack: Runtime, devices: Devices) -> Array:
    """Sequences that make their answers at once while others' prompts fill the rest of every pass, (G, J).

    Where tokens and prompts share passes of Q tokens, R sequences take (1 + k) R of them, k of each being
    drafted, and are followed by R / P prompts of I in a pass, P passes after which an answer is done:
    R = Q / (1 + k + I / P) run, however many more there would be room for.
    """
    asked = Requests.of(job)
    if not engine(stack)["mixed"] or asked.prefill_gpus:
        return np.full(1, np.inf)
    mesh, budget = Mesh.of(job), limits(stack, job, devices).tokens
    passes = np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0) / asked.tokens_per_pass
    each = 1.0 + asked.drafted + computed_tokens(job) / passes
    return np.asarray(budget * mesh.attention_dp * mesh.pp / each)


def _mates(job: Job, stack: Runtime, devices: Devices, running: Array, apart: Array) -> Array:
    """Others whose prompts are computed with a request's own, in the mean, once all do not begin together.

    They come while an engine does not look, or with the pass that runs; where all are equally long as many
    end together as had their prompts in one pass.
    """
    if in_lockstep(stack, job):
        return _in_a_pass(job, stack, devices, running) - 1.0 if engine(stack)["mixed"] else np.zeros(1)
    output = np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    often = apart * Requests.of(job).tokens_per_pass / output
    return np.asarray(np.minimum(often, 1.0) * (running - 1.0))


def steady_state(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, met: Met | None = None
) -> SteadyState:
    """The steady state of a saturated replica, or of one that holds `job.concurrency` requests.

    With what is `met` requests arrive at random, and nothing is kept in flight.
    """
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    fits, parts, per_sequence = _room(workload, job, stack, devices)
    places = np.floor(fits)
    held = _held(job, stack, devices, places, met)
    parts["kv_cache"] = np.maximum(held.running * per_sequence, starting.longest(workload, job, stack))
    asked, most, none = Requests.of(job), limits(stack, job, devices), np.zeros(1)
    # Who runs has a long answer more often than a short one: half of E[O^2] / E[O] is made of it.
    each = held.running * (prompt + output * (1.0 + asked.output_variation) / 2.0)
    tokens = token_work(workload, job, stack, devices, sequences=held.running, kv_tokens=each)
    alone = _alone(workload, job, stack, devices)
    before, chunks = held.burst, computed_tokens(job) / most.tokens
    launched = _launching(alone, stack)
    often = held.between / output
    pass_of = partial(as_pass, workload, stack, devices)
    whole, own = tokens, alone
    if held.loop == "open" or np.isfinite(asked.sent) or np.any(often > 0.0):
        # Else nobody's prompt comes between the tokens of another, and what it would take is nothing.
        own = prompt_work(workload, job, stack, devices, held.running)
        waits = _stopped(
            job, stack, devices, pass_of, (tokens, own), often=often, launched=launched, apart=held.apart
        )
        whole = tokens.beside(own.times(often))._replace(host=tokens.host + own.host * often + waits)
    if held.loop != "open":
        if np.isfinite(asked.sent):
            # Of a run that is stated prompts that others wait for are counted as they are computed.
            opened = prompt_work(workload, job, stack, devices, held.running, opening=True)
            # Those of a pass end together, so that the first of them waits for the last.
            mates = _in_a_pass(job, stack, devices, held.running) - 1.0
            opened = opened.times(held.opening * (1.0 + mates / np.maximum(held.others, 1.0)))
            own, before = alone.beside(opened).beside(own.times(before)), none
        else:
            own = alone
    return SteadyState(
        held.loop, np.minimum(held.running, np.maximum(places, 0.0)), np.maximum(fits, 0.0), held.others,
        work=pass_of(whole), prompt=pass_of(own),
        links=whole.links,
        burst=before, queue=held.queue, waits=np.zeros(1) if met is None else met.waits,
        chunks=chunks, launching=np.ceil(chunks) * launched,
        gained=asked.tokens_per_pass, looks=most.looks,
        interruption=interruption(stack, job), parts=parts,
        variation=asked.prompt_variation, floor=0.0 if met is None else met.floor,
        ops=tokens.ops, host=whole.host,
    )  # fmt: skip


#: How often the passes of prompts are counted anew, each time half of the way on logarithms.
_TURNS = 4


def _stopped(
    job: Job, stack: Runtime, devices: Devices, pass_of: Callable[[Work], Pass], work: tuple[Work, Work], *,
    often: Array, launched: Array, apart: Any,
) -> Array:  # fmt: skip
    """Seconds of a token in which all wait for the host to launch the kernels of prompts (`stalls`).

    `work` is that of a token of all and of a prompt, of which there are `often` to a token; `launched` is
    what the host takes for a pass of them. As many come with each as a Poisson process has them in `apart`
    passes, and in step all at once; who comes while a pass of prompts is launched has the next one. The pass
    of tokens before runs meanwhile, as the host is one pass ahead (docs.sglang.ai: overlap scheduling). The
    GPU is timed by the priors alone.
    """
    if not stack.stalls:
        return np.zeros(1)
    most, gained = limits(stack, job, devices), Requests.of(job).tokens_per_pass
    each, passes = often * gained, np.maximum(np.ceil(computed_tokens(job) / most.tokens), 1.0)
    least = each / _in_a_pass(job, stack, devices, np.inf)
    if not in_lockstep(stack, job):
        least = np.maximum(-np.expm1(-each * apart) / apart * passes, least)
    tokens, prompt = work[0].times(gained), work[1].times(each)
    alone = evaluate(pass_of(tokens), Fit()).seconds
    share, waits = least, np.zeros(1)
    for _ in range(_TURNS):
        taken = tokens.beside(prompt.times(1.0 / np.where(share > 0.0, share, 1.0)))
        gpu = evaluate(pass_of(taken), Fit()).seconds
        stop = paced(gpu, launched)
        waits = share * (stop - gpu) / gained
        if in_lockstep(stack, job) or most.looks > 1.0:
            break
        arriving = each * apart * (stop - alone) / (alone + share * (stop - alone))
        share = np.sqrt(share * np.minimum(least * np.exp(arriving), np.maximum(each * passes, least)))
    return np.asarray(waits)


#: Kernels that go through a prompt's states chunk by chunk: five of Mamba-2 (ops/triton/ssd_combined.py of
#: mamba_ssm), six of a gated delta rule (ops/gated_delta_rule/chunk.py of fla); a token's is one.
_IN_CHUNKS = 6.0


def launching(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Array:
    """Seconds in which the host launches the kernels of a pass of prompts, which no graph holds, (1, J)."""
    return _launching(_alone(workload, job, stack, devices), stack)


def _launching(prompt: Work, stack: Runtime) -> Array:
    """The same of a pass of one prompt."""
    ops = [
        changed(op, repeats=op.repeats * _IN_CHUNKS) if op.layer.endswith(".state") else op
        for op in prompt.ops
    ]
    return np.asarray(stack.read(lambda one: one.eager) * kernels(ops, stack))


def as_pass(workload: Workload, stack: Runtime, devices: Devices, work: Work) -> Pass:
    """A replica's work as a pass, ready to be timed; a pass has the runtime's `fixed` of its own."""
    rest = work.links + work.host - stack.fixed
    return prepare(work.ops, devices, stack, workload=workload.id, communication=rest)


def _alone(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Work:
    """What one prompt takes on an idle replica."""
    ops, sent = _rank(workload, job, devices, computed_tokens(job), 0.0, 0.0, alone=True)
    return Work(ops, sent, stack.fixed + _fetched(workload, job, stack, devices, ops, prompt=True))


def computed_tokens(job: Job) -> Array:
    """Tokens of a prompt that are not in the cache already."""
    return np.asarray(np.asarray(job.input_tokens, dtype=np.float64) * (1.0 - Requests.of(job).prefix_hit))


def places(job: Job, stack: Runtime, devices: Devices) -> tuple[Array, Array, Array]:
    """Replicas of a settled job, the requests of each at once (one where none is stated), and the most."""
    most = limits(stack, job, devices).sequences * Mesh.of(job).attention_dp
    asked = np.ones(()) if job.concurrency is None else _requests(job)
    return replicas(job), np.minimum(asked, most), np.asarray(most)


def replicas(job: Job) -> Array:
    """Replicas of a settled job, at least one."""
    return np.asarray(np.maximum(np.asarray(job.n_gpus, dtype=np.float64) / Mesh.of(job).replica, 1.0))


def _requests(job: Job) -> Array:
    """Requests in flight on each of the job's replicas."""
    replicas = np.asarray(job.n_gpus, dtype=np.float64) / Mesh.of(job).replica
    return np.maximum(np.asarray(job.concurrency, dtype=np.float64) / replicas, 1.0)


def _room(
    workload: Workload, job: Job, stack: Runtime, devices: Devices
) -> tuple[Array, dict[str, Any], Array]:
    """Sequences that a replica has room for, its memory by part but the cache, the cache of one, per GPU."""
    parts, each, _ = standing(workload, job, stack, devices)
    room = starting.room(devices, parts, stack, job, each)
    # A server that has no room for its longest sequence does not start, and holds none.
    room = np.where(room >= starting.longest(workload, job, stack), room, 0.0)
    most = limits(stack, job, devices).sequences * Mesh.of(job).attention_dp
    return mem.sequences(room, each, most), parts, each


class Cache(NamedTuple):
    """Room on each GPU of a replica: B in all, of each sequence and each of its tokens; sequences at most."""

    room: float
    state: float
    token: float
    most: float = np.inf


def cache(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Cache:
    """The room of one complete job on one GPU type; what a token takes is the mean over an answer."""
    parts, each, _ = standing(workload, job, stack, devices)
    free = starting.room(devices, parts, stack, job, each)
    prompt, output = float(job.input_tokens), max(float(job.output_tokens), 1.0)
    mesh = Mesh.of(job)
    low, high = (
        float(np.ravel(sequence_bytes(workload, job, tokens, stack) / mesh.pp / mesh.attention_dp)[0])
        for tokens in (prompt, prompt + output)
    )
    token, room = (high - low) / output, max(float(np.ravel(free)[0]), 0.0)
    state, pools = max(low - token * prompt, 0.0), _Pools.of(stack)
    if pools is None or not state:
        return Cache(room, state, token)
    return Cache(room / (1.0 + pools.share), 0.0, token, room / pools.least(state))


class _Pools(NamedTuple):
    """Recurrent states and tokens in pools of their own: `share` B of states for each of tokens.

    An engine keeps so many places in that of states for `each` sequence that runs.
    """

    share: float
    each: float

    @classmethod
    def of(cls, stack: Runtime) -> _Pools | None:
        """An engine's pools; None where states and tokens share the room."""
        own = stack.holds.get("states")
        return None if own is None else cls(own["share"], own["each"])

    def least(self, state: Any) -> Any:
        """B of both pools for each sequence, as its `state` of so many B has them."""
        return self.each * state * (1.0 + self.share) / self.share


def standing(
    workload: Workload, job: Job, stack: Runtime, devices: Devices | None = None
) -> tuple[dict[str, Any], Array, tuple[Op, ...]]:
    """A replica's memory by part but the cache, the cache of one sequence, and what one GPU of it runs.

    On `devices` parts are columns of these where a server measures itself on them (`cost/starting.py`).
    """
    mesh = Mesh.of(job)
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.asarray(job.output_tokens, dtype=np.float64)
    idle = parallel.shard(step_ops(workload, job, 0.0, 1.0, prompt), mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp)
    around = not stack.holds.get("no_engine")
    parts = mem.inference_parts(
        idle, 0.0, engine=around, stack=stack, spec=precision(job.precision), pp=mesh.pp
    )
    parts["activations"] = _fullest_pass(job, stack, idle)
    if devices is not None and starting.profiles(stack, job):
        parts = starting.profiled(parts, job, stack, idle, devices)
    parts |= communication(mesh, stack)
    parts, _ = offload.kept(workload, job, parts)
    made = limits(stack, job).filled * output * (1.0 + Requests.of(job).output_variation)
    each, state = (
        sequence_bytes(workload, job, tokens, stack) / mesh.pp / mesh.attention_dp
        for tokens in (prompt + made, 0.0)
    )
    pools = _Pools.of(stack)
    if pools is not None:
        # Sequences are as many as the fuller of two pools has room for.
        apart = np.maximum((each - state) * (1.0 + pools.share), pools.least(state))
        each = np.where(state > 0.0, apart, each)
    return parts, each, idle


def _fullest_pass(job: Job, stack: Runtime, idle: Sequence[Op]) -> Array:
    """Bytes at the widest op of a pass that takes all that it may, given the ops of one sequence's token.

    Prompts fill its budget of tokens, up to one whole sequence where that is less; the output head sees the
    last token of each sequence alone, and a recurrence carries one state of each, however long it is.
    """
    most, prompt = limits(stack, job), np.asarray(job.input_tokens, dtype=np.float64)
    heads = [op for op in idle if op.shard == "vocab"]
    rest = [op for op in idle if op.shard != "vocab" and not op.layer.endswith(starting.CARRYING)]
    tokens = np.minimum(most.tokens, prompt + np.asarray(job.output_tokens, dtype=np.float64))
    ends = mem.widest(heads) * np.minimum(most.sequences, prompt)
    return np.asarray(np.maximum(ends, mem.widest(rest) * tokens))


def sequence_bytes(workload: Workload, job: Job, tokens: Any, stack: Runtime | None = None) -> Array:
    """Bytes that one sequence of `tokens` keeps on each of `job.tp` GPUs: KV cache and recurrent state.

    `stack` allocates by a rule of its own where it has one. A KV head is kept whole, so that the cache is
    spread over no more GPUs than there are KV heads.
    """
    spec, gpus = of_job(job), np.asarray(job.tp, dtype=np.float64)
    known = getattr(workload.code, "sequence_bytes", None)
    if known is not None:
        rules = dict.fromkeys(map(_rule, stack.each or (stack,) if stack is not None else (None,)))
        each = [np.asarray(known(workload.dims, spec, tokens, gpus, engine=rule)) for rule in rules]
        if stack is None or len(each) == 1:
            return each[0]
        place = {rule: i for i, rule in enumerate(rules)}
        return np.asarray(np.choose(stack.read(lambda one: place[_rule(one)]), each))
    heads = float(workload.dims.get("kv_heads", workload.dims.get("heads", 1)))
    return np.asarray(
        workload.code.kv_bytes_per_token(workload.dims, spec) * tokens / np.minimum(gpus, heads)
    )


def _rule(stack: Runtime | None) -> str:
    """The engine whose rule of allocation a runtime follows; vLLM's "pages" is how it reports its pool.

    TensorRT-LLM keeps every token of every layer, as in such a pool, unless `max_attention_window` of its
    KvCacheConfig, which is not set by default, tells it the windows.
    """
    named = {"llama-cpp": "llama.cpp", "tensorrt-llm": "vllm"}
    return named.get(stack.id, "transformers") if stack is not None else "transformers"
