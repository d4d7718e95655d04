"""How the GPUs of a job hold its model where the job does not say: tensor parallelism, then stages."""

from __future__ import annotations

import math
from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.job import asked
from whichgpu.cost.job.runtimes import reached, runtimes, suggested
from whichgpu.cost.job.support import as_seen, not_run, standing_by, widens_fp8
from whichgpu.cost.parallel.mesh import cuts, either
from whichgpu.cost.parallel.pipeline import splits_layers
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple
from whichgpu.workloads.job import Job
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.ops import stored_weight_bytes
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.workload import Workload


#: GPUs of a machine, beyond which layers are dealt out over machines.
NODE = 8
#: Numbers of GPUs that are tried: within a machine any, beyond it whole machines.
COUNTS = (*range(2, NODE + 1), *(NODE * n for n in (2, 3, 4, 6, 8, 12, 16, 32, 64, 128)))


class Share(NamedTuple):
    """GPUs of a replica: `tp` share each layer, `pp` share the layers out."""

    n: int
    tp: int
    pp: int

    @property
    def how(self) -> str:
        """The options that say so: `--tp 8 --pp 2`."""
        degrees = (("--tp", self.tp), ("--pp", self.pp))
        return " ".join(f"{name} {value}" for name, value in degrees if value > 1)


def share(workload: Workload, stack: Runtime, count: int) -> Share | None:
    """How `count` GPUs hold one copy of a language model; None where they cannot share it evenly.

    As much tensor parallelism as a machine holds, and stages beyond; over several machines where layers do
    not divide by stages.
    """
    heads, layers = dimension(workload, "heads"), dimension(workload, "layers")
    if splits_layers(stack):
        return Share(count, 1, count) if layers is None or count <= layers else None
    shared = gcd(count, heads) if heads else count
    inside = [n for n in range(min(shared, NODE), 0, -1) if shared % n == 0 and cuts(workload.dims, n)]
    for tp in inside:
        pp = count // tp
        if pp == 1 or (layers and layers % pp == 0):
            return Share(count, tp, pp)
    return Share(count, count, 1) if shared == count and cuts(workload.dims, count) else None


def shared(workload: Workload, stack: Runtime, count: int) -> Share:
    """The same; raises `UsageError` with the nearest numbers of GPUs that can."""
    found = share(workload, stack, count)
    if found is None:
        near = [n for n in (*range(count - 1, 0, -1), *range(count + 1, 2 * count + 1))
                if share(workload, stack, n)]  # fmt: skip
        heads, layers = dimension(workload, "heads"), dimension(workload, "layers")
        raise UsageError(
            f"{count} GPUs cannot share {workload.id} evenly: it has {heads} heads and {layers} "
            f"layers; use {either(sorted(near[:1] + [n for n in near if n > count][:1]))} GPUs"
        )
    return found


def dimension(workload: Workload, name: str) -> int | None:
    """A whole number among a workload's dimensions, above zero."""
    value: Any = workload.dims.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


#: The format of as many bits, or the next wider one, for GPUs that lack the usual one, with what they lack
#: and what they have.
_INSTEAD = {
    "bf16": ("fp16", "bf16", "fp16"), "amp-bf16": ("amp-fp16", "bf16", "fp16"),
    "fp16": ("bf16", "fp16", "bf16"), "amp-fp16": ("amp-bf16", "fp16", "bf16"),
    "int8": ("fp16", "int8", "fp16"), "tf32": ("fp32", "tf32", "fp32"),
}  # fmt: skip


def leaves_open(job: Job, gpu: Gpu) -> bool:
    """Whether a job may run on a GPU otherwise than on most: what `running` looks at."""
    # In the order of what they cost: every row of a table asks.
    if not job.runtime or gpu.vendor in reached() or gpu.family in reached() or suggested(job.runtime):
        return True
    return not job.precision and not (gpu.value("bf16") and gpu.value("fp16"))


class Usually(NamedTuple):
    """A job with the software and the format in which it usually runs, whatever the GPU."""

    job: Job
    workload: Workload
    stack: Runtime
    precision: str


def usually(job: Job) -> Usually:
    """How a job runs where its GPU does not ask for anything else."""
    read = asked.read(job)
    return Usually(job, read.workload, read.runtime, read.workload.complete(read.job).precision)


def widened(usual: Usually, gpu: Gpu) -> Job:
    """A job of FP8 weights that its engine multiplies in 16 bits on a GPU without units for them, so."""
    job, _, stack, form = usual
    wide = not job.trains and widens_fp8(gpu, precision(form), stack)
    return job.changed(precision="fp8-w8a16") if wide else job


def standing(stack: Runtime) -> tuple[Any, ...]:
    """All of a runtime that `run_on` and `widened` hang on."""
    reached = tuple(sorted(stack.through.items()))
    return (*standing_by(stack), stack.elsewhere, reached)


def running(job: Job, gpu: Gpu) -> Job:
    """A job as its GPU runs it, where that is not as it usually does."""
    return run_on(usually(job), gpu)


def other_format(usual: str, gpu: Gpu) -> str:
    """The format that a GPU has units for in place of one that it lacks them for; '' where it has those."""
    other, lacked, had = _INSTEAD.get(usual, ("", "", ""))
    return other if other and gpu.value(had) and not gpu.value(lacked) else ""


def by_format(usual: str, gpus: Sequence[Gpu]) -> dict[str, list[int]]:
    """The places of GPUs by their `other_format`, first those that have units for the usual one."""
    others = [other_format(usual, gpu) for gpu in gpus]
    return {name: [row for row, own in enumerate(others) if own == name] for name in sorted({*others})}


def run_on(usual: Usually, gpu: Gpu) -> Job:
    """The same of a job of which is known how it usually runs.

    Software that reaches the GPU through another is that one, as a family of accelerators whose compiler is
    handed whole graphs does of all but language models that write; where none is named and the usual one does
    not run there, its stand-in is. A format that the job leaves open is FP16 where the usual one is BF16 and
    the GPU has no units for it, and the other way round.
    """
    job, workload, stack, narrow = usual
    if not job.precision and (other := other_format(narrow, gpu)):
        job = job.changed(precision=other)
    whole = "" if is_language_model(workload) and not job.trains else _compiler(stack, gpu)
    if whole or not not_run(gpu, stack):
        return job.changed(runtime=whole) if whole else job
    if job.runtime and suggested(job.runtime):
        # A word such as MLPerf says TensorRT of a GPU that it runs on, and nothing of another maker's.
        return run_on(usually(job.changed(runtime="")), gpu)
    through = stack.through.get(gpu.vendor, "") or (
        "" if job.runtime or job.trains else _stand_in(stack, gpu)
    )
    return job.changed(runtime=through) if through else job


def instead(job: Job, ran: Job, gpu: Gpu) -> tuple[str, ...]:
    """What to say of a training whose software reaches a GPU through another, given the job as it `ran`."""
    if not (job.runtime and job.trains) or ran.runtime == job.runtime:
        return ()
    named, other = (usually(one).stack for one in (job, ran))
    if named.id == other.id:
        return ()
    return (f"{named.title} on {gpu.id} is taken as {other.title}: no run of its own there is on file",)


def _compiler(stack: Runtime, gpu: Gpu) -> str:
    """What software hands whole graphs to on accelerators of one family or architecture; "" where none is."""
    return stack.through.get(gpu.architecture or "") or stack.through.get(gpu.family or "", "")


def _stand_in(stack: Runtime, gpu: Gpu) -> str:
    """What runs on a GPU in place of software that does not: its stand-in, or that one's own; "" for none."""
    name = stack.elsewhere
    while name:
        other = runtimes()[name]
        if (whole := _compiler(other, gpu)) or not not_run(gpu, other):
            return whole or name
        name = other.through.get(gpu.vendor, "") or other.elsewhere
    return ""


def placed(job: Job, count: int, gpu: Gpu) -> Job:
    """A job asked for on `count` GPUs: they hold a language model all together, unless they train it.

    Where so many cannot share it evenly, as 3 GPUs cannot 32 heads, the most that can do, and the others are
    further replicas. A server on more than a machine of them has replicas of as few as hold it.
    """
    job = _sent_away(running(job, gpu), gpu)
    if count == 1:
        return job
    read = asked.read(job)
    if splits_layers(read.runtime):
        return job.changed(n_gpus=float(count))
    together = is_language_model(read.workload) and not job.trains and job.tp is None
    if together and job.pp is None:
        # Groups of data-parallel attention are that many replicas of it.
        each = max(int(count // _groups(job)), 1)
        shares = (share(read.workload, read.runtime, n) for n in _sizes(job, gpu, each))
        found = next((one for one in shares if one is not None), Share(1, 1, 1))
        return job.changed(n_gpus=float(count), tp=float(found.tp), pp=float(found.pp))
    return held(job.changed(n_gpus=float(count)), gpu)


def _sent_away(job: Job, gpu: Gpu) -> Job:
    """A job of pictures whose program sends to the host what the card has no room for, as it would."""
    read = asked.read(job)
    more = asked.sends_away(read.job, read.workload, read.runtime)
    if not more:
        return job
    from whichgpu.cost.estimate import estimate
    from whichgpu.cost.memory.totals import UNSURE

    for one in (job, *(job.changed(options={**job.options, **way}) for way in more)):
        found = estimate(one, [gpu])
        if found.required[0, 0] <= UNSURE * found.available[0, 0]:
            return one
    return job


def _sizes(job: Job, gpu: Gpu, count: int) -> Sequence[int]:
    """GPUs of a replica that divide `count`, in the order in which they are tried.

    All of a machine come first. Of a server on more than one they are the fewest that hold the model with
    room for the cache (`_width`): more would exchange more for each token, and make fewer all together.
    """
    most_first = [n for n in range(count, 0, -1) if count % n == 0]
    known = usually(job)
    serves = (job.phase or known.workload.phases[0]) == "serve"
    if count <= NODE or not serves or gpu.value("memory") is None:
        return most_first
    least = weight_bytes(known.workload.id, known.precision) / float(gpu.value("memory"))
    enough = [n for n in reversed(most_first) if least < n * (1.0 - section("serving")["cache_share"])]
    return enough or most_first


def held(job: Job, gpu: Gpu) -> Job:
    """A single job of a language model on several GPUs, with the tp and pp that hold it where it states none.

    A server takes the fewest GPUs a replica that keep a share of their memory for the cache, and no more
    replicas than there are requests: one at a time is all GPUs' work. What the GPUs of a node do not hold
    with one stage has more of them. What cannot be held at all the layout refuses.
    """
    found = layout(job, gpu, runs=lambda: usually(job))
    return job if found is None else job.changed(tp=found[0], pp=found[1])


def layout(job: Job, gpu: Gpu, runs: Callable[[], Usually]) -> tuple[float, float] | None:
    """The tp and pp of `held`; None where the job is as it is. `runs` says how it `usually` runs."""
    # Groups of data-parallel attention have that many times the GPUs of one.
    gpus = 1 if job.n_gpus is None else int(job.n_gpus / _groups(job))
    several = gpus > (job.tp or 1.0) * (job.pp or 1.0)
    whole = job.tp is not None and job.pp is not None
    if not several or whole or job.trains or gpu.value("memory") is None:
        return None
    known = runs()
    if not is_language_model(known.workload) or splits_layers(known.stack):
        return None
    phase, tp = job.phase or known.workload.phases[0], job.tp
    memory = float(as_seen(gpu, phase).need("memory"))
    share = weight_bytes(known.workload.id, known.precision) / memory
    if tp is None:
        # Of stages that are stated each has its part of the layers.
        part, width = share / (job.pp or 1.0), int(gpus / (job.pp or 1.0))
        room = 1.0 - section("serving")["cache_share"] if phase == "serve" else 1.0
        copies = most_copies(phase, job.batch, job.concurrency)
        tp = _width(part / room, width, known.workload.dims, copies)
    stages = job.pp or next((s for s in _parts(int(gpus / tp)) if share < tp * s), 1)
    return (float(tp), float(stages)) if tp * stages > 1 else None


def _groups(job: Job) -> float:
    return job.option("attention_dp", 1.0, 1.0)


def most_copies(phase: str, batch: float | None, concurrency: float | None) -> float:
    """Replicas of a language model that have work: no more than requests, one where nobody says how many.

    A batch of several is of each replica. `inf` of a server of whose requests nothing is said.
    """
    if phase == "serve":
        return math.inf if concurrency is None else concurrency
    return math.inf if batch is not None and batch > 1.0 else 1.0


def _width(share: float, gpus: int, dims: Mapping[str, Any], copies: float) -> int:
    """GPUs of a replica: the fewest of a node that hold `share` of one's memory, in so many copies."""
    node = min(int(section("links")["node"]), gpus)
    able = [d for d in _parts(gpus) if d <= node and cuts(dims, d)]
    return next((d for d in able if share < d and gpus <= d * copies), max(able))


def _parts(gpus: int) -> Iterator[int]:
    """The powers of two that divide a number of GPUs."""
    return (2**k for k in range(gpus.bit_length()) if gpus % 2**k == 0)


@lru_cache(maxsize=256)
def weight_bytes(workload: str, kind: str) -> float:
    """B of a workload's (its id) weights in a format."""
    item = resolve(workload)
    ops = item.trace(item.complete(Job(workload, precision=kind, batch=1.0)))
    return float(np.max(stored_weight_bytes(ops)))
