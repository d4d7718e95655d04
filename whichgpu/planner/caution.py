"""What to know of software before one takes the first: whether it is stated to run, and has CUDA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.cost.job.asked import read
from whichgpu.cost.job.support import overflows
from whichgpu.hardware.slices import device
from whichgpu.planner.answer import Candidate
from whichgpu.planner.launched import launch_priced
from whichgpu.planner.needs import need
from whichgpu.planner.reasons import Reason
from whichgpu.software import stacks
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.fleets.answer import Fleet
    from whichgpu.planner.request import Request


def stated(gpus: Sequence[Gpu], request: Request, rejected: dict[str, Reason]) -> list[Gpu]:
    """The GPUs on which a source states that the job's software runs; notes why not the others.

    Who names a GPU gets it, and is warned; but not for a model that overflows in what it computes in.
    """
    gpus, runtime = _in_range(gpus, request, rejected), read(request.job).runtime
    if request.gpus is not None or not runtime.software:
        return list(gpus)
    asked = runtime.software, runtime.release, runtime.said
    doubted = [gpu for gpu in gpus if not stacks.runs(gpu, runtime.software)]
    found = {gpu.id: one for gpu in doubted if (one := stacks.standing(gpu, *asked)).unknown}
    rejected |= {
        key: Reason("no source states that its software runs there", f"{one.warning} (--gpus {key} takes it)")
        for key, one in found.items()
    }
    return [gpu for gpu in gpus if gpu.id not in found]


def _in_range(gpus: Sequence[Gpu], request: Request, rejected: dict[str, Reason]) -> list[Gpu]:
    """The GPUs with BF16, of a model whose activations leave the range of FP16; all of any other model."""
    asked = read(request.job)
    formats = request.precisions or (asked.job.precision or "fp16",)
    who = overflows(asked.workload.id, asked.runtime.id, formats)
    if not who:
        return list(gpus)
    wide = need("bf16")
    without = [gpu for gpu in gpus if wide.met(gpu) is False]
    told = (
        f"{asked.workload.id} overflows in FP16 ({who}), and this GPU has no BF16; "
        "--runtime llama.cpp --precision q8_0 runs there"
    )
    rejected |= {gpu.id: Reason("no BF16, and FP16 overflows", told) for gpu in without}
    return [gpu for gpu in gpus if gpu not in without]


def cautions(ranked: Sequence[Fleet], request: Request, catalogue: Catalogue) -> tuple[str, ...]:
    """What to know of the first fleet: releases of its engine that no longer run there, and CUDA."""
    if not ranked:
        return ()
    runtime, gpu = read(ranked[0].job).runtime, device(ranked[0].gpu, catalogue)
    asked = runtime.software, runtime.release, runtime.said
    older = stacks.standing(gpu, *asked).warning if runtime.software else ""
    return (*filter(None, [older]), *of_first(ranked, request, catalogue))


def of_first(
    ranked: Sequence[Candidate] | Sequence[Fleet], request: Request, catalogue: Catalogue
) -> tuple[str, ...]:
    """What to know of the first: CUDA that it lacks, a price that is of its launch."""
    bare = without_cuda(ranked, request, catalogue)
    return (*filter(None, [bare, _otherwise_cut(ranked, request)]), *launch_priced(ranked, request.today))


def _otherwise_cut(ranked: Sequence[Candidate] | Sequence[Fleet], request: Request) -> str:
    """Where strategies are searched that a training cut over GPUs may have besides; else empty."""
    first = ranked[0] if ranked else None
    if not isinstance(first, Candidate) or first.estimate.job.options.get("sharding") != "fsdp":
        return ""
    if "sharding" in request.job.options or not is_language_model(resolve(request.job.workload)):
        return ""
    count = first.instances * first.gpus_per_instance
    typed = f"whichgpu sweep {request.job.workload} --gpus {first.gpu}:{count}"
    return f"tensor and pipeline parallelism, which may make more of these GPUs: {typed}"


def without_cuda(
    ranked: Sequence[Candidate] | Sequence[Fleet], request: Request, catalogue: Catalogue
) -> str:
    """What to look at of a first candidate without CUDA, and the first that has it; else empty.

    `ranked` are candidates or fleets, best first. Who names GPUs or asks for ROCm knows.
    """
    cuda = need("cuda")
    able = [one for one in ranked if cuda.met(device(one.gpu, catalogue))]
    rocm = any(one.text == "rocm" for one in request.needs)
    if not ranked or (able and able[0] is ranked[0]) or rocm or request.gpus or request.exclude_gpus:
        return ""
    first = ranked[0]
    look = f"look first that all of your code runs there (whichgpu compat {first.gpu})"
    told = f"{first.gpu} has no CUDA: {look}"
    if not able:
        return f"{told}; none of the others here has it"
    more = 100.0 * (able[0].cost / first.cost - 1.0)
    dearer = f", {more:.0f} % dearer" if more >= 0.5 else ""
    return f"{told}; with --needs cuda it is {able[0].gpu}{dearer}"
