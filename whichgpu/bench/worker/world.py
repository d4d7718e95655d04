"""The processes that work on one job together: one, or those that `torchrun` started."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class World(NamedTuple):
    """A process among those of the job; `torch` is the framework."""

    torch: Any
    rank: int
    size: int
    device: str

    @classmethod
    def of(cls, torch: Any, task: Mapping[str, Any]) -> World:
        """Join the others, on the device that the task asks for.

        Raises `UsageError` where there is no GPU, or fewer than asked for.
        """
        rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        device = _device(torch, task.get("device", "auto"), local)
        if device != "cpu":
            torch.cuda.set_device(device)
        if size > 1:
            torch.distributed.init_process_group("nccl" if device != "cpu" else "gloo")
        return cls(torch, rank, size, device)

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device != "cpu"

    def close(self) -> None:
        """Leave the others."""
        if self.size > 1 and self.torch.distributed.is_initialized():
            self.torch.distributed.destroy_process_group()

    def agree(self, values: list[float]) -> list[float]:
        """The first process's numbers, in each."""
        if self.size == 1:
            return values
        shared = self._tensor(values)
        self.torch.distributed.broadcast(shared, 0)
        return [float(one) for one in shared.tolist()]

    def most(self, values: list[float]) -> list[float]:
        """The largest of each number."""
        if self.size == 1:
            return values
        shared = self._tensor(values)
        self.torch.distributed.all_reduce(shared, op=self.torch.distributed.ReduceOp.MAX)
        return [float(one) for one in shared.tolist()]

    def slowest(self, times: list[float]) -> list[float]:
        """Of each sample the time of the process that took longest."""
        return self.most(times)

    def _tensor(self, values: list[float]) -> Any:
        return self.torch.tensor(values, dtype=self.torch.float64, device=self.device)


def _device(torch: Any, asked: str, local: int) -> str:
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "cpu" or (asked == "auto" and not there):
        return "cpu"
    if not there:
        built = torch.version.cuda or torch.version.hip
        why = (
            f"it is built for {built}, and the driver is none or too old for it"
            if built
            else "it is a CPU build"
        )
        raise UsageError(
            f"PyTorch {torch.__version__} sees no GPU ({why}); see: whichgpu compat local, or --device cpu"
        )
    wanted = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if wanted > there:
        # Every process sees it, so that none waits for one that has left.
        raise UsageError(f"the job wants {wanted} GPUs and this machine shows {there}; ask for fewer")
    return f"cuda:{local}"
