"""A workload in PyTorch: built, checked against the zoo, placed, and its step timed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.bench import telemetry
from whichgpu.bench.models.agreement import agreement, family_of, size_of
from whichgpu.bench.statistics import Method, doubts, summary
from whichgpu.bench.worker import steps
from whichgpu.bench.worker.clocks import CudaClock, HostClock, timed
from whichgpu.bench.worker.world import World
from whichgpu.errors import UsageError
from whichgpu.units import GIB
from whichgpu.values import NamedTuple
from whichgpu.workloads.adapters import PHASES as ADAPTERS
from whichgpu.workloads.importing import named
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.worker.clocks import Clock
    from whichgpu.workloads.workload import Workload

_JOB = ("workload", "phase", "precision", "runtime", "batch", "height", "width", "seq_len", "input_tokens",
        "output_tokens", "steps", "n_gpus", "tp")  # fmt: skip


class Format(NamedTuple):
    """How a precision is run: the type of weights, that of autocast if any, whether products may be TF32."""

    weights: str
    autocast: str = ""
    tf32: bool | None = None


#: By precision of the zoo. FP32 keeps the framework's own settings, as the zoo's runtime has them.
FORMATS: Mapping[str, Format] = {
    "fp64": Format("float64"), "fp32": Format("float32"), "tf32": Format("float32", tf32=True),
    "fp16": Format("float16"), "bf16": Format("bfloat16"), "amp-fp16": Format("float32", "float16"),
    "amp-bf16": Format("float32", "bfloat16"),
}  # fmt: skip


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """The rows and the context of a task."""
    import torch

    item = resolve(named(task["workload"]))
    job = complete(item, _on_processor(task) if _is_processor(torch, task) else task)
    check(item, job)
    agreed = agreement(item.id)
    if not agreed.holds:
        raise UsageError(
            f"{item.id}: the module here has {agreed.parameters:,} parameters and {agreed.flops:.4g} "
            "FLOP, the zoo "
            f"{agreed.traced_parameters:,} and {agreed.traced_flops:.4g}; it is not measured under that name"
        )
    world = World.of(torch, task)
    found = _measured(torch, task, (item, job), world, agreed)
    # Only when all is well: to leave the others takes their help, which one that failed would wait for.
    world.close()
    return found


def check(item: Workload, job: Job) -> None:
    """Refuse what is asked of a complete job and runs nowhere, whatever the machine.

    Raises `UsageError` for a phase, a precision, a size or an option.
    """
    if job.phase == "serve":
        raise UsageError(
            "phase serve: bench run measures whole batches; write --phase generate, or measure a server: "
            "whichgpu bench serve-load URL"
        )
    if job.phase in ADAPTERS:
        raise UsageError(f"phase {job.phase}: bench trains no adapters; write --phase train")
    if job.precision not in FORMATS:
        raise UsageError(
            f"{item.id}: bench runs {', '.join(FORMATS)} in PyTorch, not {job.precision}; write e.g. "
            "--precision fp16"
        )
    steps.check(item, job)
    # What the zoo refuses of its sizes: more tokens than positions, sides that are no multiple.
    item.trace(job)


def _is_processor(torch: Any, task: Mapping[str, Any]) -> bool:
    return task.get("device") == "cpu" or not torch.cuda.is_available()


def _on_processor(task: dict[str, Any]) -> dict[str, Any]:
    """The task in FP32 where it states no precision: processors have no FP16 kernels to speak of."""
    return {**task, "precision": task.get("precision") or "fp32"}


def complete(item: Workload, task: Mapping[str, Any]) -> Job:
    """The job of a task with the workload's defaults."""
    columns = {name: task[name] for name in _JOB if task.get(name) not in (None, "")}
    return item.complete(Job(**columns, options=task.get("options", {})))


def _measured(torch: Any, task: dict[str, Any], what: tuple[Workload, Job], world: World, agreed: Any) -> Any:
    item, job = what
    torch.manual_seed(int(task.get("seed", 0)) + world.rank)
    code, size = family_of(item), size_of(job)
    step = steps.prepare(torch, steps.Asked(item, job, code, size, FORMATS[job.precision], world))
    method, clock = Method(**task.get("method", {})), clock_of(torch, world.device)
    held = _fresh(torch, world, captured=bool(steps.stated(job, "cuda_graphs")))
    with telemetry.devices(world.size if world.rank == 0 and world.on_gpu else 0) as gpus:
        sampler = telemetry.Sampler(gpus)
        run = timed(clock, step, method, watch=lambda: sampler, agree=world.agree)
        told, facts = sampler.told(), [one.facts() for one in gpus]
        crowd = telemetry.crowded(gpus)
    eager = steps.uncompiled(job)
    slowest = world.slowest(run.times)
    found = summary(slowest, method.confidence)
    device = telemetry.merged(device_facts(torch, world.device), facts[0] if facts else {})
    context = {
        "device": device, "statistics": {**found.to_dict(), **run.to_dict()}, "telemetry": told,
        "agreement": agreed._asdict(), "settings_torch": settings(torch),
        "warnings": [*doubts(found, method, run.overhead), *crowd, *eager],
        "runtime": runtime(torch, job), "job": job.to_dict(),
    }  # fmt: skip
    replicas = world.size // int(job.tp or 1)
    made = float(item.units(job)) * replicas * steps.passes(job)
    return {
        "rows": list(rows(item, job, made, found, told)) + memory_rows(torch, world, held),
        "context": context,
    }


def rows(item: Workload, job: Job, made: float, found: Any, told: Mapping[str, Any]) -> Any:
    """Throughput, the time of a pass, and what it drew; `made` are units of all GPUs a pass."""
    spread = found.spread
    yield {"metric": "throughput", "unit": f"{item.unit}/s", "value": made / found.median, "spread": spread}
    time_of = {"decode": "tpot", "prefill": "ttft"}.get(job.phase, "" if job.trains else "latency")
    passes = float(job.output_tokens or 1) if job.phase == "decode" else 1.0
    if time_of and item.family != "numeric":
        yield {"metric": time_of, "unit": "ms", "value": 1e3 * found.median / passes, "spread": spread}
    yield from power_rows(item.unit, made, found, told)


def power_rows(unit: str, made: float, found: Any, told: Mapping[str, Any]) -> Any:
    """Mean power of a GPU and energy a unit, where the run was long enough to tell (a second)."""
    each = told.get("devices") or ([told] if told else [])
    known = [one for one in each if one.get("power") and one["seconds"] >= 1.0]
    if not known or len(known) < len(each):
        return
    power = sum(one["power"] for one in known)
    yield {"metric": "power", "unit": "W", "value": power / len(known), "spread": found.spread}
    noun = unit.removesuffix("s")
    yield {
        "metric": "energy",
        "unit": f"J/{noun}",
        "value": power * found.median / made,
        "spread": found.spread,
    }


def _fresh(torch: Any, world: World, *, captured: bool) -> float:
    """Forget what building took of the memory; gives the B that a captured step takes, of any other 0.

    A replay allocates nothing, so that only the passes before the capture show what tensors take.
    """
    if not world.on_gpu:
        return 0.0
    taken = float(torch.cuda.max_memory_allocated()) if captured else 0.0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return taken


def memory_rows(torch: Any, world: World, captured: float) -> list[dict[str, Any]]:
    """The most that tensors took, and what the allocator held, on the fullest GPU; none on a processor."""
    if not world.on_gpu:
        return []
    most = max(captured, float(torch.cuda.max_memory_allocated()))
    held = world.most([most, torch.cuda.max_memory_reserved()])
    names = ("peak_gpu_memory", "max_memory_reserved")
    return [
        {"metric": name, "unit": "GiB", "value": value / GIB} for name, value in zip(names, held, strict=True)
    ]


def clock_of(torch: Any, device: str) -> Clock:
    """The clock of a device."""
    return CudaClock(torch.cuda) if device.startswith("cuda") else HostClock()


def device_facts(torch: Any, device: str) -> dict[str, Any]:
    """What the framework says of the device."""
    if not device.startswith("cuda"):
        return {"name": "cpu", "kind": "cpu", "threads": torch.get_num_threads()}
    known = torch.cuda.get_device_properties(torch.cuda.current_device())
    found = {"name": known.name, "kind": "rocm" if torch.version.hip else "cuda",
             "memory": float(known.total_memory), "sms": known.multi_processor_count}  # fmt: skip
    if not torch.version.hip:
        found["compute_capability"] = f"{known.major}.{known.minor}"
        found["l2"] = float(getattr(known, "L2_cache_size", 0) or 0)
    return found


def runtime(torch: Any, job: Job) -> str:
    """What ran it, as the column of a row says it."""
    version = torch.__version__.partition("+")[0]
    return f"PyTorch {version} {'torch.compile' if steps.stated(job, 'compile') else 'eager'}"


def settings(torch: Any) -> dict[str, Any]:
    """Switches of the framework that change its kernels."""
    return {
        "cudnn_benchmark": bool(torch.backends.cudnn.benchmark),
        "tf32_matmul": bool(torch.backends.cuda.matmul.allow_tf32),
        "tf32_conv": bool(torch.backends.cudnn.allow_tf32),
    }  # fmt: skip
