"""Copies over links, on streams that are stand-ins: what waits for what, and what a taken neighbour costs."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
from test_bench_device import GPUS, micro

from whichgpu.bench import device
from whichgpu.bench.statistics import Method
from whichgpu.bench.worker import micro as micro_task


class Streams:
    """The part of `torch.cuda` that has streams: what waits for what, and where a copy is queued."""

    def __init__(self, devices: int = 1) -> None:
        self.log: list[Any] = []
        self.now, self.devices, self.made = "main", devices, 0

    def device_count(self) -> int:
        return self.devices

    def can_device_access_peer(self, _: int, other: int) -> bool:
        return other == 1

    def current_stream(self) -> Any:
        return SimpleNamespace(
            name=self.now, wait_stream=lambda of: self.log.append((self.now, "waits", of.name))
        )

    def Stream(self) -> Any:  # noqa: N802
        self.made += 1
        name = f"side {self.made}"
        return SimpleNamespace(name=name, wait_stream=lambda of: self.log.append((name, "waits", of.name)))

    @contextlib.contextmanager
    def stream(self, one: Any) -> Any:
        self.now = one.name
        yield
        self.now = "main"


class Memory:
    """A tensor that says which stream copies into it."""

    def __init__(self, cuda: Streams, where: str, size: int) -> None:
        self.cuda, self.where, self.size = cuda, where, size

    def numel(self) -> int:
        return self.size

    def fill_(self, _: int) -> Memory:
        return self

    def copy_(self, of: Memory, non_blocking: bool = False) -> None:
        self.cuda.log.append((self.cuda.now, of.where, self.where, non_blocking))


def links(devices: int, taken: int = 9) -> Any:
    """A bench with so many GPUs, on one of which nothing can be put."""
    cuda = Streams(devices)

    def empty(size: int, dtype: Any = None, device: str = "", pin_memory: bool = False) -> Memory:
        if device == f"cuda:{taken}":
            raise RuntimeError("CUDA error: all CUDA-capable devices are busy or unavailable\nmore")
        return Memory(cuda, device or ("pinned" if pin_memory else "pageable"), size)

    torch = SimpleNamespace(
        cuda=cuda, empty=empty, int8=None, empty_like=lambda of: Memory(cuda, of.where, of.size)
    )
    return micro_task.Bench(torch, "cuda:0", None, Method(), None)


def test_a_link_is_copied_over_both_ways_at_once():
    """Each copy in a stream of its own, behind what came before; the step is over when both are."""
    bench_ = links(1)
    found = {one.options["kind"]: one for one in micro_task.transfer(bench_, {"bytes": [64]})}
    both = found["host and device both ways, pinned"]
    assert (both.work, found["host to device, pinned"].work) == (128.0, 64.0), "counted both ways"
    both.step()
    assert bench_.torch.cuda.log == [
        ("side 1", "waits", "main"), ("side 1", "pinned", "cuda:0", True),
        ("side 2", "waits", "main"), ("side 2", "cuda:0", "pinned", True),
        ("main", "waits", "side 1"), ("main", "waits", "side 2"),
    ]  # fmt: skip
    row = micro("transfer", 100.0, "GB/s", kind="host and device both ways, pinned", bytes=2**28)
    (told,) = device.figures([row], GPUS["h100-80gb-sxm"])
    assert told.share == pytest.approx(100.0 / (2 * 16 * 3.938), rel=1e-3), (
        "of both directions of PCIe 5.0 x16"
    )


def test_a_neighbour_that_is_taken_leaves_the_other_links_theirs():
    """A second GPU in exclusive mode: with it went every larger size of every link."""
    found = list(micro_task.transfer(links(3, taken=1), {"bytes": [64, 128]}))
    said = [one for one in found if isinstance(one, str)]
    assert said == ["device 0 to 1: CUDA error: all CUDA-capable devices are busy or unavailable more"] * 2
    kinds = [(one.options["kind"], one.options["bytes"]) for one in found if not isinstance(one, str)]
    assert ("device 0 to 2, through the host", 128) in kinds
    assert ("host to device, pinned", 128) in kinds
