"""What a file of weights says by itself: how many, of what type, how many bytes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple
from whichgpu.workloads.importers._packed import unpacked
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence


class Tensor(NamedTuple):
    """One stored tensor."""

    name: str
    type: str
    shape: tuple[int, ...]
    bytes: float

    @property
    def elements(self) -> int:
        """Values stored."""
        return math.prod(self.shape)


def summary(tensors: Sequence[Tensor]) -> dict[str, Any]:
    """Tensors, values and bytes, in all and by type."""
    types: dict[str, dict[str, float]] = {}
    for tensor in tensors:
        row = types.setdefault(tensor.type, {"tensors": 0, "elements": 0, "bytes": 0.0})
        row["tensors"] += 1
        row["elements"] += tensor.elements
        row["bytes"] += tensor.bytes
    return {
        "tensors": len(tensors), "elements": sum(tensor.elements for tensor in tensors),
        "bytes": sum(tensor.bytes for tensor in tensors), "types": types,
    }  # fmt: skip


#: Bytes per weight that a format can have, and a part of a model left over.
_LEAST, _MOST = 0.1, 9.0
#: Weights of fewer bytes each than this are quantised.
_NARROW = 2.0
#: Beginnings of the names of what stays wide: embedding and output head.
_HEAD = (
    "token_embd",
    "output",
    "lm_head",
    "model.embed_tokens",
    "transformer.wte",
    "embed_out",
    "tok_embeddings",
)


def as_stored(item: Workload, base: str, tensors: Sequence[Tensor], name: str) -> Workload:
    """The workload in the precision of its file: the bytes per weight of the body, and of the rest.

    Raises `UsageError` where the weights cannot be those of the configuration.
    """
    count, size = sum(item.parameters().values()), sum(one.bytes for one in tensors)
    if not _LEAST <= size / count <= _MOST:
        raise UsageError(
            f"{item.id}: its weights take {size:,.0f} bytes, but its configuration has {count:,} parameters; "
            "are they of one model, and all of it there?"
        )
    head = [one for one in tensors if len(one.shape) < 2 or one.name.startswith(_HEAD)]
    wide = sum(one.elements for one in head)
    body = sum(item.parameters().values()) - wide
    left = sum(one.bytes for one in tensors) - sum(one.bytes for one in head)
    stored = {
        "precision": f"{base}@{name}", "base": base,
        "weight_bytes": left / body if body > 0 else 2.0,
        "head_bytes": sum(one.bytes for one in head) / wide if wide else 2.0,
    }  # fmt: skip
    phases = [phase for phase in item.phases if phase not in TRAINING]
    defaults = {phase: {**item.defaults.get(phase, {}), "precision": stored["precision"]} for phase in phases}
    return replace(item, dims={**item.dims, "stored": stored, "file": summary(tensors)}, defaults=defaults)


def tensors_workload(source: str, name: str, tensors: Sequence[Tensor]) -> Workload:
    """Weights without a configuration: every matrix as a dense layer, on one row a sample."""
    if not tensors:
        raise UsageError(f"{source}: the file holds no tensors")
    rows = [_row(tensor) for tensor in unpacked(tensors) if tensor.elements]
    note = (
        "a file of weights without config.json: every matrix is costed as a dense layer on one row a sample"
    )
    dims = {"unit": "samples", "inputs": [], "notes": [note], "ops": rows, "file": summary(tensors)}
    item = Workload(
        id=source, name=f"{name} (weights alone)", family="traced", dims=dims, aliases=(), defaults={},

    )  # fmt: skip
    return narrow(item, sum(one.bytes for one in tensors), sum(row["parameters"] for row in rows), name)


def narrow(item: Workload, size: float, count: float, name: str) -> Workload:
    """The workload as its file stores it: weights of less than two bytes each are what it runs in."""
    each = size / count if count else _NARROW
    if not 0 < each < _NARROW:
        return item
    stored = {"precision": f"fp16@{name}", "base": "fp16", "weight_bytes": each, "head_bytes": each}
    return replace(
        item, dims={**item.dims, "stored": stored}, defaults={"infer": {"precision": stored["precision"]}}
    )


def _row(tensor: Tensor) -> dict[str, Any]:
    layer = tensor.name
    if len(tensor.shape) < 2:
        return {
            "kind": "pointwise",
            "layer": layer,
            "elements": [0, tensor.elements],
            "read": [0, tensor.elements],
            "write": [0, tensor.elements],
            "weights": tensor.elements,
            "parameters": tensor.elements,
        }
    n, k = tensor.shape[0], tensor.elements // tensor.shape[0]
    return {
        "kind": "gemm",
        "layer": layer,
        "m": [0, 1],
        "n": n,
        "k": k,
        "batch": 1,
        "read": [0, k],
        "write": [0, n],
        "saved": [0, k],
        "weights": tensor.elements,
        "parameters": tensor.elements,
    }
