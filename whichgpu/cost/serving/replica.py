"""A serving replica with continuous batching: passes of decode, and of prompts between them.

A replica holds B sequences, each of I prompt and O output tokens, each replaced by the next when it is
done. Every token of a sequence costs a decode pass of all B, and between its tokens the prompts of the
others are computed, of which a share k (`[serving.engine]`) interrupts it:

    TPOT = t_decode(B) + k (B - 1) t_prompt / O
    TTFT = s + a t_prompt + TPOT (none where B is 1) + (q (B - 1) + m) t_prompt + queue
    queue = max(C / B - 1, 0) (E2E - queue), of which who had to leave again waits a part between its tokens
    output tokens/s = B O / (E2E - queue),                       E2E = TTFT + (O - 1) TPOT

for C requests in flight, B = min(C, what memory holds), as a load generator keeps them: it starts C at
once, and q is that opening, in the mean over its waves; m others have their prompts in the same pass. The
last line is Little's law. Where all requests are alike and go in step, TTFT is that of a wave
(`cost/serving/waves.py`). At saturation (no C) k is 1 and B / TPOT is the
rate. (Yu et al., Orca, OSDI 2022, for iteration-level batching.)

Requests that arrive at random at a rate L meet n = L (O - 1) TPOT others, so that B = 1 + n, and wait for
the pass that runs and for the prompts before their own (`cost/serving/queueing.py`).

Of p stages each works on B / p sequences at a time, so that every token passes through p smaller
batches and the weights are read p times. With data-parallel attention of a groups each of them attends
to B / a sequences, and the experts see the tokens of all. Cached prefixes are read and not computed, and
drafted tokens are verified together (`cost/job/requests.py`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.effects import Fit, fit
from whichgpu.cost.calibration.spread import measured, own_factor_of
from whichgpu.cost.job.requests import Requests
from whichgpu.cost.memory.replica_memory import cached, replicas, requests_each, room_of
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving.admission import (
    computed_anew,
    crowded,
    following,
    held_at_most,
    in_a_run,
    passes_of,
)
from whichgpu.cost.serving.scheduling import BESIDE, limits
from whichgpu.cost.serving.steady import (
    WAVES,
    SteadyState,
    bunched,
    burst,
    engine,
    in_lockstep,
    interruption,
    reading,
    sooner,
)
from whichgpu.cost.serving.waves import Wave
from whichgpu.cost.timing.engine_step import computed_tokens, passes_of_prompt
from whichgpu.cost.timing.passes import (
    as_pass,
    launching_of,
    prompt_alone,
    prompts_beside,
    prompts_in_a_pass,
    token_work,
)
from whichgpu.cost.timing.time import evaluate, paced
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.serving.steady import Met
    from whichgpu.cost.timing.passes import Prompts, Work
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


def steady_state(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, met: Met | None = None
) -> SteadyState:
    """The steady state of a saturated replica, or of one that holds `job.concurrency` requests.

    With what is `met` requests arrive at random, and nothing is kept in flight.
    """
    prompt = np.asarray(job.input_tokens, dtype=np.float64)
    output = np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    fits, parts, per_sequence = room_of(workload, job, stack, devices)
    held = _held(job, stack, devices, fits, met)
    parts["kv_cache"] = cached(workload, job, stack, np.where(fits < 1.0, 1.0, held.running), per_sequence)
    asked, most, none = Requests.of(job), limits(stack, job, devices), np.zeros(1)
    # Who runs has a long answer more often than a short one: half of E[O^2] / E[O] is made of it.
    each = held.running * (prompt + output * (1.0 + asked.output_variation) / 2.0)
    tokens = token_work(
        workload, job, stack, devices, sequences=held.running, kv_tokens=each, spread=held.loop == "open"
    )
    alone = prompt_alone(workload, job, stack, devices)
    pass_of = partial(as_pass, workload, stack, devices)
    in_step = in_lockstep(stack, job)
    if in_step and engine(stack)["mixed"]:
        held = _behind(held, job, stack, devices, evaluate(pass_of(tokens), Fit()).seconds)
    before, chunks = none if in_step else held.burst, computed_tokens(job) / most.tokens
    often = held.between / output
    whole, own, stopped = _with_prompts(
        workload, job, stack, devices, held=held, kv_tokens=each, works=(tokens, alone)
    )
    # Groups of attention share the time of a pass and not a prompt: one alone takes its own all of its time.
    grouped = (np.asarray(job.degree("attention_dp")) > 1.0) & (held.loop == "open" or in_step)
    by_itself = np.any(grouped) or (held.loop == "open" and bool(engine(stack)["mixed"]))
    if held.loop != "open" and not in_step:
        own, before = _behind_others(workload, job, stack, devices, held=held, prompts=(alone, own))
    return SteadyState(
        held.loop, np.minimum(held.running, np.maximum(fits, 0.0)), np.maximum(fits, 0.0), held.others,
        work=pass_of(whole), prompt=pass_of(own),
        links=whole.links,
        burst=before, queue=held.queue, waits=np.zeros(1) if met is None else met.waits,
        chunks=chunks, launching=passes_of_prompt(job, chunks) * launching_of(alone, stack, devices),
        gained=asked.tokens_per_pass, looks=most.looks,
        interruption=interruption(stack, job), parts=parts,
        variation=asked.prompt_variation, after=asked.after(output),
        floor=0.0 if met is None else met.floor,
        ops=tokens.ops, host=whole.host, paused=held.paused, excess=0.0 if met is None else met.excess,
        arriving=None if met is None else met.arriving,
        lone=pass_of(alone) if by_itself else None, grouped=grouped, read=reading(stack, job),
        front=most.front, ceiling=np.inf if met is None else met.ceiling, stopped=stopped,
        wave=_wave(held, job, stack, devices, often) if in_step else None,
    )  # fmt: skip


def _with_prompts(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, held: _Held, kv_tokens: Array,
    works: tuple[Work, Work],
) -> tuple[Work, Work, Array]:  # fmt: skip
    """The work of a token with the prompts that come between, of each of these, and s that it stands still.

    `works` are those of a token and of a prompt that are alone.
    """
    tokens, alone = works
    asked = Requests.of(job)
    often = held.between / np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    counted = held.loop == "open" or in_lockstep(stack, job) or np.isfinite(asked.sent)
    if not counted and not np.any(often > 0.0):
        # Nobody's prompt comes between the tokens of another, and what it would take is nothing.
        return tokens, alone, np.zeros(1)
    beside = _prompts_among(workload, job, stack, devices, held=held, kv_tokens=kv_tokens)
    own = beside.each
    found = fit() if held.loop == "open" and measured(stack) else Fit()
    factor = own_factor_of(workload, job, stack, devices, found)
    stopped = _stopped(
        job, stack, devices,
        lambda work: evaluate(as_pass(workload, stack, devices, work), found).under(factor), (tokens, own),
        often=often, launched=launching_of(alone, stack, devices), held=held,
    )  # fmt: skip
    # A host launches as fast for all workloads: what a pass is slower by has no part in the wait for it.
    host = tokens.host + own.host * often + stopped * factor
    whole = beside.among(tokens, often, asked.passes_per_token)._replace(host=host)
    return whole, own, stopped


def _behind_others(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, held: _Held, prompts: tuple[Work, Work]
) -> tuple[Work, Array]:
    """A request's prompt with those that it waits for, and how many of these count as it does, (G, J).

    `prompts` are that of an idle replica and one beside those that run.
    """
    alone, own = prompts
    if not np.isfinite(Requests.of(job).sent):
        chunks = computed_tokens(job) / limits(stack, job, devices).tokens
        apart = _passes_met(held.burst, chunks, held.queued) / (1.0 + held.burst)
        return _sharing(alone, own, apart), held.burst
    # Where a run is stated prompts that others wait for count as they are computed.
    opened = prompts_beside(workload, job, stack, devices, held.running, opening=True).each
    # Those of a pass end together, so that the first of them waits for the last.
    mates = prompts_in_a_pass(job, stack, devices, held.running) - 1.0
    opened = opened.times(held.opening * (1.0 + mates / np.maximum(held.others, 1.0)))
    return alone.beside(opened).beside(own.times(held.burst)), np.zeros(1)


def _prompts_among(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, held: _Held, kv_tokens: Array
) -> Prompts:
    """The prompts that come between the tokens of those that run, and the share of passes that they join.

    None in an engine that computes prompts first, and no more passes than there are: short answers have few.
    Those that go in step, by which the waits of a closed loop were chosen, count as they come together.
    """
    running = held.running
    if in_lockstep(stack, job):
        together = BESIDE * _of_a_pass(held, job, stack, devices)
        return prompts_beside(workload, job, stack, devices, np.maximum(running, together))
    if not engine(stack)["mixed"]:
        return prompts_beside(workload, job, stack, devices, running)
    output = np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    come = prompts_in_a_pass(job, stack, devices, 1.0 + running / output)
    # The first token of an answer is its prompt's.
    passes = Requests.of(job).passes_per_token * (output - 1.0)
    most = come * passes / np.maximum(held.between, 1e-9)
    return prompts_beside(
        workload, job, stack, devices, running, joins=np.minimum(most, 1.0), kv_tokens=kv_tokens
    )


def _of_a_pass(held: _Held, job: Job, stack: Runtime, devices: Devices) -> Array:
    """Prompts that a pass takes of those that run, below one where one takes several."""
    most = limits(stack, job, devices).tokens * Mesh.of(job).attention_dp
    return np.asarray(np.minimum(most / np.maximum(computed_tokens(job), 1.0), held.running))


def _wave(held: _Held, job: Job, stack: Runtime, devices: Devices, often: Array) -> Wave:
    """A closed loop in step, as `cost/serving/waves.py` follows it."""
    order, most, read = engine(stack), limits(stack, job, devices), reading(stack, job)
    mixed, a_pass = bool(order["mixed"]), _of_a_pass(held, job, stack, devices)
    if not mixed:
        a_pass = prompts_in_a_pass(job, stack, devices, held.running)
    answer = np.asarray(job.output_tokens, dtype=np.float64)
    opens = np.where(held.opening > 0.0, 2.0 * held.opening / np.maximum(held.others, 1.0), 1.0 / WAVES)
    return Wave(
        mixed, held.running, np.maximum(a_pass, 1.0), np.maximum(1.0 / a_pass, 1.0), often,
        interruption(stack, job), opens, sooner(stack, job) * order["first"] + read, order["idle"] + read,
        answer * most.front,
    )  # fmt: skip


def _sharing(alone: Work, beside: Work, apart: Array) -> Work:
    """A prompt of which a share has a pass of its own, the rest lengthening that of others."""
    return alone if np.all(apart >= 1.0) else alone.times(apart).beside(beside.times(1.0 - apart))


#: Passes of prompts that a request meets at the most, its own and those that run or wait before it, however
#: few prompts they take: two or three in the simulation, more in runs on file.
_MET = 8.0


def _passes_met(before: Array, chunks: Array, queued: Any) -> Array:
    """Passes in which a request's prompt and those `before` it are computed, `chunks` of one each.

    In a queue they fill their passes; else as few are in them as have come since the one before.
    """
    full = (1.0 + before) * np.minimum(chunks, 1.0)
    few = np.minimum(1.0 + before, _MET + full)
    return np.asarray(few + queued * (full - few))


#: How often the passes of prompts are counted anew, each time half of the way on logarithms.
_TURNS = 4


def _stopped(
    job: Job, stack: Runtime, devices: Devices, seconds: Callable[[Work], Array], work: tuple[Work, Work], *,
    often: Array, launched: Array, held: _Held,
) -> Array:  # fmt: skip
    """Seconds of a token in which all wait for the host to launch the kernels of prompts (`stalls`).

    `work` is that of a token of all and of a prompt, of which there are `often` to a token; `launched` is
    what the host takes for a pass of them. As many come with each as a Poisson process has them in `apart`
    passes, and in step all at once; who comes while a pass of prompts is launched has the next one, so that
    of arrivals at random those that came in the pass of tokens begin. In a closed loop nobody ends meanwhile,
    and who ended with the last token is there by the second such pass. The pass of tokens before runs
    meanwhile, as the host is one pass ahead (docs.sglang.ai: overlap scheduling). Of arrivals at random,
    which no row of the fit is of, each prompt has a launch, whatever share of what it takes falls between
    tokens, and `seconds` times the GPU as fitted; else by the priors alone.
    """
    if not stack.stalls:
        return np.zeros(1)
    most, gained = limits(stack, job, devices), Requests.of(job).tokens_per_pass
    each, chunks = often * gained, computed_tokens(job) / most.tokens
    passes: Any = np.maximum(passes_of_prompt(job, chunks), 1.0)
    tokens, prompt = work[0].times(gained), work[1].times(each)
    if held.loop == "open":
        each = each / (interruption(stack, job) or 1.0)
    full = least = each / prompts_in_a_pass(job, stack, devices, np.inf)
    mixed, apart, times = bool(engine(stack)["mixed"]), held.apart, 1.0
    if not in_lockstep(stack, job):
        # Of an engine that mixes them each token has one pass, in which parts of several prompts may be.
        within, times = (passes, 1.0) if mixed else (1.0, passes)
        few = -np.expm1(-each * apart * within) / apart * times
        least = np.maximum(few, least)
    alone = seconds(tokens)
    share, waits, once = least, np.zeros(1), np.maximum(each * passes, least)
    once = np.minimum(once, 2.0 * least) if held.loop == "closed" else once
    for _ in range(_TURNS):
        taken = tokens.beside(prompt.times(1.0 / np.where(share > 0.0, share, 1.0)))
        gpu = seconds(taken)
        stop = paced(gpu, launched)
        waits = share * (stop - gpu) / gained
        if mixed or in_lockstep(stack, job) or np.any(most.looks > 1.0):
            break
        rate = each * apart / (alone + share * (stop - alone))
        begun = least if held.loop != "open" else np.maximum(-np.expm1(-rate * alone) / apart * times, full)
        share = np.sqrt(share * np.minimum(begun * np.exp(rate * (stop - alone)), once))
    return np.asarray(waits)


class _Held(NamedTuple):
    """What a replica holds: sequences, prompts computed between the tokens of one, and what waits.

    A request waits for `opening` prompts of those with which a run opens, and for `burst` other ones; others
    come within `apart` passes of each other as those of a Poisson process within one. `queued` is 1 where
    more are kept in flight than run, of which those that had to leave are `paused`, to each that runs.
    """

    loop: str
    running: Array
    others: Array
    between: Array
    opening: Array
    burst: Array
    queue: Array
    apart: Any = 1.0
    queued: Any = 0.0
    paused: Any = 0.0


def _held(job: Job, stack: Runtime, devices: Devices, fits: Array, met: Met | None) -> _Held:
    share, none = interruption(stack, job), np.zeros(1)
    loop = met is None and job.concurrency is not None
    most = np.maximum(held_at_most(job, stack, devices, fits) if loop else np.floor(fits), 1.0)
    if met is not None:
        running = np.minimum(met.others * met.stretch + 1.0, most)
        # Arrivals find a replica full as often as the root of its places times what is free says (Halfin and
        # Whitt, "Heavy-traffic limits for queues with many exponential servers", 1981).
        full = np.exp(np.minimum(met.others / most - 1.0, 0.0) * np.sqrt(most))
        between = share * met.others * (1.0 + computed_anew(job, stack, devices, most) * full)
        return _Held("open", running, met.others, between, none, none, none)
    behind = np.maximum(following(job, stack, devices), 1.0)
    if job.concurrency is None:
        most = in_a_run(job, stack, devices, np.minimum(most, behind))
        return _Held("full", most, most, share * most, none, none, none)
    # What is refused for its memory is timed as if that were there: nothing says how many would wait for it.
    asked = requests_each(job)
    running, paused = crowded(job, stack, devices, asked, np.where(fits < 1.0, asked, most))
    running = np.minimum(running, behind)
    rest = running - 1.0
    sent = np.maximum(Requests.of(job).sent / replicas(job), asked)
    # Those that are sent at once wait in turn, in the mean for half as long as who comes behind them all.
    queue = np.maximum((asked - paused) / running - 1.0, 0.0) * (1.0 - asked / (2.0 * sent))
    opening, before = burst(running / sent)
    queued = np.clip(asked - running, 0.0, 1.0)
    apart = limits(stack, job, devices).looks * bunched(job, running / sent, asked / running)
    mates = (1.0 - 2.0 * opening) * _mates(
        job, stack, devices, running, apart / (passes_of(job) + 1.0 - queued)
    )
    # Each of the others' prompts is before a request's first token or between those that follow.
    between = np.where(np.isfinite(sent), np.minimum(share, 1.0 - opening - before), share) * rest
    opened, first = opening * rest, np.minimum(before * rest + mates, rest)
    if in_lockstep(stack, job):
        between = np.minimum(between, np.maximum(rest - mates, 0.0))
        if not engine(stack)["mixed"]:
            # All end together, and no token is made before the last of their prompts is computed.
            behind = (running - prompts_in_a_pass(job, stack, devices, running)) / 2.0
            opened, first, between = none, rest - behind, behind
    else:
        # A request meets each of the others' prompts once: with its own, or spread over its passes, of which
        # the one that it waits for gives it no token. In a queue it waits for none, and has all in turn.
        between = between / (1.0 + (1.0 - queued) / passes_of(job))
        met_in_all = mates + between * (1.0 + 1.0 / passes_of(job))
        once = np.minimum(rest / np.maximum(met_in_all, 1e-9), 1.0)
        once = once + queued * (1.0 - once)
        first, between = np.minimum(before * rest + mates * once, rest), between * once
    return _Held("closed", running, rest, between, opened, first, queue, apart, queued, paused / running)


def _behind(held: _Held, job: Job, stack: Runtime, devices: Devices, seconds: Array) -> _Held:
    """What is held where those whose prompts shared a pass end together, one pass of `seconds` after another.

    Who follows one that ended reaches the engine some passes later, in which as many more have ended: the
    first pass of prompts makes those wait that come during it, and so on. Of n groups the i-th waits for the
    prompts of min(i, L) others, where L passes go by until a request is there, at least the one that runs.
    """
    each = prompts_in_a_pass(job, stack, devices, held.running)
    groups = np.maximum(held.running / each, 1.0)
    late = np.clip(engine(stack)["first"] / np.maximum(seconds, 1e-9), 1.0, np.maximum(groups - 1.0, 0.0))
    late = each * late * (1.0 - (late + 1.0) / (2.0 * groups))
    return held._replace(burst=held.burst + late, between=np.maximum(held.between - late, 0.0))


def _mates(job: Job, stack: Runtime, devices: Devices, running: Array, often: Array) -> Array:
    """Others whose prompts are computed with a request's own, in the mean, once all do not begin together.

    They come while an engine does not look, or with the pass that runs, so `often` each; where all are
    equally long as many end together as had their prompts in one pass.
    """
    if in_lockstep(stack, job):
        return (
            prompts_in_a_pass(job, stack, devices, running) - 1.0 if engine(stack)["mixed"] else np.zeros(1)
        )
    return np.asarray(np.minimum(often, 1.0) * (running - 1.0))
