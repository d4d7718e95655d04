"""Plain numerical work: a dense product, a triad over memory, a three-dimensional transform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.models.parts import Make, Size

READS = frozenset(("kind", "n", "unit"))


def refusal(dims: Mapping[str, Any]) -> str:
    """Why a kernel is not written here; empty where it is."""
    return "" if dims["kind"] in ("gemm", "stream", "fft") else f"kind '{dims['kind']}'"


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """No weights."""
    del dims, phase
    return nn.Identity()


def batch(dims: Mapping[str, Any], size: Size, make: Make) -> tuple[tuple[Tensor, ...], None]:
    """Two matrices (n, n), three vectors (n,) or a cube (n, n, n)."""
    n = int(float(size.options.get("n", dims["n"])))
    if dims["kind"] == "gemm":
        return (make.values(n, n), make.values(n, n)), None
    if dims["kind"] == "stream":
        return (make.values(n), make.values(n), make.values(n)), None
    return (torch.complex(make.values(n, n, n), make.values(n, n, n)),), None


def run(module: nn.Module, dims: Mapping[str, Any], size: Size, inputs: tuple[Tensor, ...]) -> Any:
    """The kernel, once for each problem of the batch."""
    del module
    kind = dims["kind"]
    out = torch.empty_like(inputs[0])

    def work() -> Tensor:
        done = out
        for _ in range(size.batch):
            if kind == "gemm":
                done = torch.mm(*inputs, out=out)
            elif kind == "stream":
                done = torch.add(inputs[0], inputs[1], alpha=3.0, out=out)
            else:
                done = torch.fft.fftn(inputs[0])
        return done

    return work
