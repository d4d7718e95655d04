"""What a token and a prompt of a replica take: ops on one GPU, seconds on its links and of the host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job.attention import off
from whichgpu.cost.job.requests import Requests
from whichgpu.cost.memory import offload
from whichgpu.cost.memory.replica_memory import standing
from whichgpu.cost.parallel import splitting as parallel
from whichgpu.cost.parallel.experts import all_to_all_seconds
from whichgpu.cost.parallel.mesh import Mesh
from whichgpu.cost.serving.scheduling import BESIDE, limits, scheduled_at_once
from whichgpu.cost.serving.steady import engine, in_lockstep
from whichgpu.cost.timing.engine_step import computed_tokens, step_ops
from whichgpu.cost.timing.launching import kernels
from whichgpu.cost.timing.time import prepare
from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import changed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.time import Pass
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]


class Work(NamedTuple):
    """Part of what a replica does: ops on one GPU, and seconds on the links and of the host, (G, J).

    The GPU waits for the `host`; what that does `beside` it sets the pace where it takes longer.
    """

    ops: tuple[Op, ...]
    links: Array
    host: Array
    beside_gpu: Any = 0.0

    def times(self, often: Any) -> Work:
        """The same, `often` times."""
        if np.all(np.asarray(often) == 1.0):
            return self
        ops = tuple(changed(op, repeats=op.repeats * often) for op in self.ops)
        return Work(ops, self.links * often, self.host * often, self.beside_gpu * often)

    def beside(self, other: Work) -> Work:
        """Both."""
        ops, beside_gpu = (*self.ops, *other.ops), self.beside_gpu + other.beside_gpu
        return Work(ops, self.links + other.links, self.host + other.host, beside_gpu)


def token_work(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *, sequences: Any, kv_tokens: Any,
    spread: bool = False,
) -> Work:  # fmt: skip
    """What one token of each of `sequences` takes, (G, J), which attend to `kv_tokens` all together.

    Where they are `spread` there are so many in the mean.

    Of speculative decoding it is the share of a pass that makes one, drafting included.
    """
    ops, links = _rank(
        workload, job, stack, devices, 0.0, sequences, kv_tokens, captured=_in_a_graph(stack), spread=spread,
        one_shot=stack.read(lambda one: one.one_shot), peer=stack.read(lambda one: one.one_shot_peer),
    )  # fmt: skip
    share = Requests.of(job).passes_per_token
    host, beside_gpu = _host(stack, job, sequences)
    host = host + _fetched(workload, job, stack, devices, ops)
    return Work(ops, links, host, beside_gpu).times(share)


class Prompts(NamedTuple):
    """So many prompts of one pass, beside whose tokens they are computed in a share `joins` of such passes.

    `alone` is a pass of them, `both` one of them and of tokens, and `tokens` one of these, (G, J). What they
    make passes longer by is no weights that tokens read anyway, nor the host's time of a pass.
    """

    alone: Work
    batch: Array
    both: Work | None = None
    tokens: Work | None = None
    joins: Any = 0.0

    @property
    def each(self) -> Work:
        """What each of them takes, beside tokens what it makes their pass longer by."""
        if self.both is None or self.tokens is None:
            return self.alone.times(1.0 / self.batch)
        longer = self.both.times(self.joins).beside(self.tokens.times(-self.joins))
        if np.any(self.joins < 1.0):
            longer = longer.beside(self.alone.times(1.0 - self.joins))
        return longer.times(1.0 / self.batch)

    def among(self, tokens: Work, often: Any, passes: Any) -> Work:
        """A token of each sequence in so many `passes`, among which so many prompts come that `often`."""
        if self.both is None:
            return tokens.beside(self.alone.times(often / self.batch))
        shared = often / self.batch * self.joins
        whole = tokens.times(1.0 - shared / passes).beside(self.both.times(shared))
        if np.any(self.joins < 1.0):
            whole = whole.beside(self.alone.times(often / self.batch - shared))
        return whole


def prompts_beside(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, running: Array, *, opening: bool = False,
    joins: Any = 0.0, kv_tokens: Any = 0.0,
) -> Prompts:  # fmt: skip
    """Prompts that come beside `running` sequences, (G, J): short ones are computed several at a time.

    Where requests come and go one by one, as many come with a pass as end with it: one in O of those that
    run. In lockstep they come together, and where they share passes with nobody's tokens. Those of an
    `opening` are all there at once.
    """
    ended = running / np.maximum(np.asarray(job.output_tokens, dtype=np.float64), 1.0)
    together = in_lockstep(stack, job) or (bool(engine(stack)["mixed"]) and not np.any(joins))
    come = np.maximum(running / BESIDE, 1.0) if together else 1.0 + ended
    batch = prompts_in_a_pass(job, stack, devices, running if opening else come)
    rows = batch * computed_tokens(job)
    busy = _groups_with_prompts(job, stack, devices, running if opening else come, ended)

    def a_pass(prompts: Any, sequences: Any = None, kept: Any = 0.0) -> Work:
        ops, links = _rank(
            workload, job, stack, devices, prompts, 0.0 if sequences is None else sequences, kept, busy=busy
        )
        host, beside_gpu = _host(stack, job, sequences)
        return Work(ops, links, host + _fetched(workload, job, stack, devices, ops, prompt=True), beside_gpu)

    alone = a_pass(rows)
    if not np.any(joins):
        return Prompts(alone, batch)
    return Prompts(
        alone, batch, a_pass(rows, running, kv_tokens), a_pass(0.0, running, kv_tokens), np.asarray(joins)
    )


def prompts_in_a_pass(job: Job, stack: Runtime, devices: Devices, come: Any) -> Array:
    """How many of the prompts that `come` at once one pass takes, at least one."""
    most = limits(stack, job, devices).tokens / np.maximum(computed_tokens(job), 1.0)
    return np.asarray(np.clip(np.floor(most), 1.0, come))


def _groups_with_prompts(job: Job, stack: Runtime, devices: Devices, come: Any, ended: Any) -> Any:
    """How many groups of data-parallel attention compute prompts in a pass that has any, (G, J).

    A prompt is one group's, and the others wait for it: as many have one as come with a pass, or are under
    way where one takes several. Of an engine that waits until each has one (`balances`) all.
    """
    groups = Mesh.of(job).attention_dp
    if np.all(groups <= 1.0):
        return groups
    passes = np.maximum(computed_tokens(job) / limits(stack, job, devices).tokens, 1.0)
    there = np.clip(come + ended * (passes - 1.0), 1.0, groups)
    return np.where(stack.read(lambda one: one.balances), groups, there)


def prompt_alone(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Work:
    """What one prompt takes on an idle replica."""
    ops, sent = _rank(workload, job, stack, devices, computed_tokens(job), 0.0, 0.0, alone=True)
    host, beside_gpu = _host(stack, job)
    return Work(ops, sent, host + _fetched(workload, job, stack, devices, ops, prompt=True), beside_gpu)


#: Kernels that go through a prompt's states chunk by chunk: five of Mamba-2 (ops/triton/ssd_combined.py of
#: mamba_ssm), six of a gated delta rule (ops/gated_delta_rule/chunk.py of fla); a token's is one.
_IN_CHUNKS = 6.0


def launching(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> Array:
    """Seconds in which the host launches the kernels of a pass of prompts, which no graph holds, (1, J)."""
    return launching_of(prompt_alone(workload, job, stack, devices), stack, devices)


def launching_of(prompt: Work, stack: Runtime, devices: Devices) -> Array:
    """The same of a pass of one prompt."""
    ops = prompt.ops
    plain = not any(map(_in_many_functions, ops))
    each = np.asarray(stack.read(lambda one: min(one.eager, (plain and one.eager_plain) or one.eager)))
    if not np.any(each):
        return np.zeros((1, 1))
    if any(op.layer.endswith(".state") for op in ops):
        ops = tuple(
            changed(op, repeats=op.repeats * _IN_CHUNKS) if op.layer.endswith(".state") else op for op in ops
        )
    return np.asarray(each * kernels(ops, stack, devices))


def _in_many_functions(op: Op) -> bool:
    """Whether an op is of latent attention."""
    return op.layer.endswith(".kv_a")


def as_pass(workload: Workload, stack: Runtime, devices: Devices, work: Work) -> Pass:
    """A replica's work as a pass, ready to be timed; a pass has the runtime's `fixed` of its own."""
    rest = work.links + work.host - stack.fixed
    return prepare(
        work.ops, devices, stack, workload=workload.architecture, communication=rest, feeding=work.beside_gpu
    )


def between_tokens(job: Job, stack: Runtime) -> tuple[Array, Array]:
    """Seconds of an answer of LLM tokens, (J,), that are the host's of an engine: waited for, and beside.

    Each token is a pass, and one pass has the runtime's `fixed` of its own. What answers one user is fitted
    to runs of single tokens, and its kernels have them. No server stands around the engine.
    """
    if job.phase not in ("decode", "generate"):
        return np.zeros(()), np.zeros(())
    serves = np.asarray(stack.read(lambda one: one.domain == "language" and not one.one_user))
    if not np.any(serves):
        return np.zeros(()), np.zeros(())
    tokens = np.asarray(job.output_tokens, dtype=np.float64)
    tokens = tokens * np.asarray(stack.read(lambda one: one.serverless))
    host, beside_gpu = _host(stack, job, job.batch)
    return np.where(serves, tokens * host - stack.fixed, 0.0), np.where(serves, tokens * beside_gpu, 0.0)


def _in_a_graph(stack: Runtime) -> NDArray[np.bool_]:
    """Whether the passes of tokens are CUDA graphs: of an engine that launches none of their kernels."""
    return np.asarray(np.asarray(stack.read(lambda one: one.launch)) == 0.0)


def _rank(
    workload: Workload, job: Job, stack: Runtime, devices: Devices, *tokens: Any, alone: bool = False,
    captured: Any = False, spread: bool = False, one_shot: Any = 0.0, peer: Any = 0.0, busy: Any = None,
) -> tuple[tuple[Op, ...], Array]:  # fmt: skip
    """What one GPU does of a pass of the replica, all its stages in turn, and its seconds on the links.

    `tokens`: prompt tokens, decoding sequences and cached tokens of the pass. `alone` they are of one
    request, which one group of data-parallel attention has. `captured`: the pass is a CUDA graph, whose
    all-reduces are of `one_shot` up to so many tokens, with a wait of `peer` s for each other GPU. `spread`:
    there are so many sequences in the mean. `busy` groups have its prompts, all unless told otherwise.
    """
    mesh = Mesh.of(job)
    groups = np.ones(()) if alone else mesh.attention_dp
    busy = groups if busy is None else busy
    whole = step_ops(workload, job, *_dealt(tokens, mesh.pp * groups, mesh.pp * busy), spread=spread)
    links = parallel.tensor_parallel_seconds(
        whole, mesh.tp, devices, captured=captured, one_shot=one_shot, peer=peer
    )
    links = links + parallel.stages_seconds(whole, mesh, devices)
    if np.any(mesh.attention_dp > 1):
        # Each group attends to its own sequences; the experts see the tokens of all groups.
        together = step_ops(workload, job, *_dealt(tokens, mesh.pp, mesh.pp), spread=spread)
        experts = [op for op in together if op.shard.startswith("expert")]
        more, shared = _uneven(tokens, mesh, groups, busy)
        own = [op for op in whole if not op.shard.startswith("expert")]
        whole = (*(changed(op, repeats=op.repeats * more) for op in own), *experts)
        few = np.asarray(tokens[0]) == 0.0
        sent = all_to_all_seconds(
            workload, job, whole, mesh, devices, few=few, gathers=stack.read(lambda one: one.gathers)
        )
        links = links + np.where(mesh.attention_dp > 1, sent * exposed(job) * shared, 0.0)
    return parallel.shard(whole, mesh.tp, ep=mesh.ep, moe_tp=mesh.moe_tp), links


def _uneven(tokens: tuple[Any, ...], mesh: Mesh, groups: Any, busy: Any) -> tuple[Any, Any]:
    """What the fullest group of attention has more than is dealt to it, and the mean one's share of it.

    All wait for the one whose sequences are longest, and for one of the `busy` ones that compute prompts.
    """
    prompts, sequences, _ = _dealt(tokens, mesh.pp * groups, mesh.pp * busy)
    fullest = np.maximum(prompts + sequences, 1e-12)
    wait = (sequences * (1.0 - 1.0 / groups) + prompts * (1.0 - 1.0 / busy)) / fullest
    mean = sequences * groups / mesh.attention_dp + prompts * busy / mesh.attention_dp
    return 1.0 + section("links")["imbalance"] * wait, mean / fullest


def exposed(job: Job) -> float:
    """Share of a server's all-to-alls that shows: all, unless half of a batch sends while the other computes.

    As beside another micro-batch of a training (an assumption: no run on file states it).
    """
    hides = not off(job.options.get("moe_overlap", ""))
    return float(section("training")["moe_exposed"]) if hides else 1.0


def _dealt(tokens: tuple[Any, ...], parts: Any, busy: Any) -> tuple[Any, ...]:
    """What one of so many parts of a pass has of its prompt tokens, decoding sequences and cached tokens.

    Of its prompts `busy` parts have any. A sequence is not divided: of fewer than there are parts some have
    one, which is what a pass waits for.
    """
    prompts, sequences, cached = tokens
    each = np.maximum(sequences / parts, np.minimum(sequences, 1.0))
    share = each / np.where(sequences > 0.0, sequences, 1.0)
    return prompts / busy, each, cached * np.where(sequences > 0.0, share, 1.0 / parts)


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
    return np.asarray(Mesh.of(job).pp * offload.pass_seconds(job, stack, out, devices, ops, prompt=prompt))


def _host(stack: Runtime, job: Job, decode_sequences: Any = None) -> tuple[Array, Array]:
    """Seconds of a pass that are no kernel: those for which the GPU waits, and those beside it.

    They are scheduling, sampling and sending the tokens of so many sequences, and what each stage adds to
    them; of a prompt's pass none of that is counted. An engine that schedules ahead may not do so where
    there are stages.
    """
    mesh, taken, waits = Mesh.of(job), np.asarray(stack.fixed, dtype=np.float64), np.asarray(stack.ahead)
    if decode_sequences is not None:
        each = stack.sequence * np.asarray(decode_sequences, dtype=np.float64) / mesh.attention_dp
        # Processes are in the way of those of their own machine.
        each = each + stack.rank * (np.minimum(mesh.tp, section("links")["node"]) - 1.0)
        # An engine that schedules several passes at a time does so once for them, and no more than that.
        once = scheduled_at_once(stack, job)
        taken = (taken + each) * (1.0 - section("serving")["scheduled"] * (1.0 - 1.0 / once))
        between = section("serving")["boundary"]
        taken = taken + (mesh.pp - 1.0) * (stack.fixed + between)
        waits = waits + (mesh.pp - 1.0) * (stack.ahead + between)
    ahead = np.asarray(bool(stack.ahead)) & ((mesh.pp == 1.0) | stack.stages_ahead)
    return np.where(ahead, waits, taken), np.where(ahead, taken, 0.0)
