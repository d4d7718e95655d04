"""Loading a model: bytes of the checkpoint, host memory by format, time from disk, network and over PCIe.

    safetensors   a mapped file goes on to the GPU as it is read:        t = max(file / path, file / PCIe)
    pickle        the whole file is built in host memory first:          t = file / path + file / PCIe

Rates are those of `data/loading.toml`; each GPU's share of the weights goes over a PCIe link of its own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.cost.gpu.device import Devices
from whichgpu.facts import store
from whichgpu.facts.reading import read
from whichgpu.planner.capacity.model import HostCopy, Loading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.hardware.gpu import Gpu

#: Formats that are sent on to the GPU while they are read.
_STREAMED = ("safetensors",)


def loading(checkpoint: float, gpu: Gpu, n_gpus: int) -> Loading:
    """What loading `checkpoint` bytes on so many GPUs takes of their host."""
    link = checkpoint / max(n_gpus, 1) / pcie(gpu)
    formats = []
    for key, row in rates()["format"].items():
        size = min(row["shard"], checkpoint) + row["copies"] * checkpoint
        paths = {name: checkpoint / path["rate"] for name, path in rates()["path"].items()}
        formats.append(
            HostCopy(
                key, size, {name: max(t, link) if key in _STREAMED else t + link for name, t in paths.items()}
            )
        )
    return Loading(checkpoint, link, tuple(formats))


def pcie(gpu: Gpu) -> float:
    """One-way rate of a GPU's PCIe link in B/s, as copies reach it."""
    return float(Devices.of([gpu]).pcie[0, 0])


@cache
def rates() -> Mapping[str, Any]:
    """`data/loading.toml` as SI numbers."""
    raw = store.load("loading")["loading"]
    dimensions = {"rate": "bandwidth", "shard": "memory"}

    def table(row: Mapping[str, Any], where: str) -> dict[str, Any]:
        return {
            name: value if isinstance(value, str)
            else read(value[0], dimensions.get(name, "count"), f"data/loading.toml: {where}.{name}")
            for name, value in row.items()
        }  # fmt: skip

    return {group: {key: table(row, f"{group}.{key}") for key, row in raw[group].items()}
            for group in ("format", "path")}  # fmt: skip
