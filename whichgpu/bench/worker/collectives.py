"""Exchanges between processes by size: all-reduce, all-gather, all-to-all (NCCL, gloo on processors).

The bus bandwidth is what a link must carry whatever the number of processes, as NVIDIA's nccl-tests define
it: 2 (n - 1) / n of the bytes for all-reduce, (n - 1) / n for the others.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from whichgpu.bench import telemetry
from whichgpu.bench.statistics import Method, doubts, summary
from whichgpu.bench.worker.clocks import timed
from whichgpu.bench.worker.torch_job import clock_of, device_facts
from whichgpu.bench.worker.world import World
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = ("all_reduce", "all_gather", "all_to_all")
#: Sizes of the whole buffer; NVLink reaches its best at a gigabyte, which a processor need not wait for.
_SIZES = (2**10, 2**16, 2**20, 2**24, 2**28, 2**30)


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Rows of bus bandwidth and time by kind and size."""
    import torch

    world = World.of(torch, task)
    if world.size < 2:
        raise UsageError("an exchange needs two processes; give --gpus 2 or more")
    method, found = Method(**task.get("method", {})), []
    clock = clock_of(torch, world.device)
    for kind, size, step in _steps(torch, world, task.get("params", {})):
        # A gloo exchange is over when it returns; NCCL's is in the stream that the events are in.
        run = timed(clock, step, method, agree=world.agree)
        times = summary(world.slowest(run.times), method.confidence)
        options = {"bytes": size, "backend": torch.distributed.get_backend()}
        row = {"workload": f"micro/{kind}", "phase": "", "options": options, "spread": times.spread,
               "warnings": doubts(times, method, 0.0),
               "statistics": {**times.to_dict(), **run.to_dict()}}  # fmt: skip
        bus = size * factor(kind, world.size) / times.median
        found.append({**row, "metric": "bus bandwidth", "unit": "GB/s", "value": bus / 1e9})
        found.append({**row, "metric": "latency", "unit": "us", "value": times.median * 1e6})
    with telemetry.devices(world.size if world.rank == 0 and world.on_gpu else 0) as gpus:
        facts = gpus[0].facts() if gpus else {}
    context = {"device": telemetry.merged(device_facts(torch, world.device), facts),
               "runtime": f"PyTorch {torch.__version__} {torch.distributed.get_backend()}"}  # fmt: skip
    # Only when all is well, as in `torch_job`.
    world.close()
    return {"rows": found, "context": context}


def factor(kind: str, count: int) -> float:
    """What a link carries for each byte of the buffer."""
    return (2.0 if kind == "all_reduce" else 1.0) * (count - 1) / count


def _steps(torch: Any, world: World, params: dict[str, Any]) -> Iterator[tuple[str, int, Callable[[], Any]]]:
    """(kind, bytes of the whole buffer, step)."""
    exchange, n = torch.distributed, world.size
    for size in params.get("bytes", _SIZES if world.on_gpu else _SIZES[:-1]):
        count = max(int(size) // 4 // n, 1) * n
        whole, other = (torch.ones(count, dtype=torch.float32, device=world.device) for _ in range(2))
        part = whole[: count // n].clone()
        steps = {
            "all_reduce": partial(exchange.all_reduce, whole),
            "all_gather": partial(exchange.all_gather_into_tensor, other, part),
            "all_to_all": partial(exchange.all_to_all_single, other, whole),
        }  # fmt: skip
        for kind in params.get("kinds", KINDS):
            if kind not in steps:
                raise UsageError(f"no exchange '{kind}'; there are {', '.join(KINDS)}")
            yield kind, 4 * count, steps[kind]
