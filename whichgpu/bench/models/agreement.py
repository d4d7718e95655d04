"""The modules against the zoo: parameters, and FLOPs by PyTorch's own counter on the meta device.

The trace is the truth. A module that differs by more than `WITHIN` is not what the zoo calls by that name,
and what it would measure would be held against the wrong prediction: it is refused.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import parameters, product_flops
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from types import ModuleType

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Share by which FLOPs, and parameters, may differ.
WITHIN = 0.01
_NOT_FAMILIES = {"__init__", "agreement", "parts"}
#: Dimensions that say something of the workload and nothing of its layers.
_ASIDE = {"source", "unit", "adapters", "stored", "fused", "written_out", "wide_scores", "scores"}


class Agreement(NamedTuple):
    """What the module has and what the trace says."""

    parameters: int
    traced_parameters: int
    flops: float
    traced_flops: float

    @property
    def holds(self) -> bool:
        """Whether both agree."""
        pairs = ((self.parameters, self.traced_parameters), (self.flops, self.traced_flops))
        return all(abs(mine - theirs) <= WITHIN * theirs for mine, theirs in pairs)


def families() -> tuple[str, ...]:
    """The families that have an implementation here."""
    folder = Path(__file__).parent
    return tuple(sorted(one.stem for one in folder.glob("*.py") if one.stem not in _NOT_FAMILIES))


def check_written(item: Workload) -> None:
    """Raise `UsageError` where no file here builds the workload's family."""
    if item.family not in families():
        raise UsageError(
            f"{item.id}: nothing here builds the family {item.family}; bench runs {', '.join(families())}"
        )


def family_of(item: Workload) -> ModuleType:
    """The file that builds a workload. Raises `UsageError` where there is none, or it has not all of it."""
    check_written(item)
    code = import_module(f"whichgpu.bench.models.{item.family}")
    unread = sorted(set(item.dims) - code.READS - _ASIDE)
    why = f"dimension '{unread[0]}'" if unread else ""
    if not why and hasattr(code, "refusal"):
        why = code.refusal(item.dims)
    if why:
        raise UsageError(f"{item.id}: bench has no {item.family} with {why}; measure another of the family")
    return code


def size_of(job: Job) -> Any:
    """The numbers of a complete job's pass, as the modules take them."""
    from whichgpu.bench.models.parts import Size

    def whole(value: Any) -> int:
        return 0 if value is None else int(value)

    return Size(job.phase, whole(job.batch), whole(job.height), whole(job.width), whole(job.seq_len),
                whole(job.input_tokens), whole(job.output_tokens), whole(job.steps),
                dict(job.options))  # fmt: skip


def agreement(workload: str) -> Agreement:
    """Build a workload on the meta device, run its reference pass there, count, and compare."""
    import torch

    from whichgpu.bench.models.parts import Make

    item = resolve(workload)
    code, job = family_of(item), item.reference_job()
    ops = item.reference_ops()
    with torch.device("meta"), torch.no_grad():
        module = code.build(item.dims, job.phase).eval()
        inputs, _ = code.batch(item.dims, size_of(job), Make("meta", torch.float32))
        if item.family == "numeric":
            module, inputs = _numeric(code, item, job, inputs)
        flops = counted(module, inputs)
    held = sum(one.numel() for one in module.parameters()) if hasattr(module, "parameters") else 0
    return Agreement(held, sum(parameters(ops).values()), flops, _traced(ops, item))


def counted(module: Any, inputs: tuple[Any, ...]) -> float:
    """FLOPs of a call by PyTorch's counter."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        module(*inputs)
    return float(counter.get_total_flops())


def _numeric(
    code: ModuleType, item: Workload, job: Job, inputs: tuple[Any, ...]
) -> tuple[Any, tuple[Any, ...]]:
    return code.run(None, item.dims, size_of(job), inputs), ()


def _traced(ops: Any, item: Workload) -> float:
    """The trace's FLOPs; PyTorch counts no transform and no sum."""
    counted_here = item.family != "numeric" or item.dims["kind"] == "gemm"
    return float(product_flops(ops)) if counted_here else 0.0
