"""A model that was traced operator by operator (PyTorch, ONNX) and stored with its work as a + b x batch.

Letters: B batch; every other size is the one it was traced with.

Dimensions: `ops`, a list of tables: `kind` and its sizes as `workloads/ops.py` names them, `layer`, and what
is not zero of `read`, `write`, `saved` (elements of activations), `weights` (elements read), `parameters`,
`flops` (where the sizes do not give them), `copies`, `starts`, `backward`. A number is plain, or `[a, b]` for
a + b B. Optionally `unit` (samples), `inputs`, `notes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.ops import BACKWARD, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"finetune_full": "train"}
UNIT = "samples"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0, "batch": 1.0},
    "infer": {"precision": "fp16"},
    "train": {"precision": "amp-fp16"},
}
#: Kinds that a traced operator can be.
_KINDS = tuple(kind for kind in KINDS if kind != "optimizer")


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """Every stored operator at the job's batch."""
    for place, row in enumerate(dims["ops"]):
        _record(row, job.batch, rec, f"ops[{place}]")


def _record(row: Mapping[str, Any], batch: Any, rec: Recorder, where: str) -> None:
    kind = row.get("kind")
    if kind not in _KINDS:
        raise UsageError(f"{where}: kind '{kind}' is none of {', '.join(_KINDS)}")
    backward = row.get("backward", "full")
    if backward not in BACKWARD:
        raise UsageError(f"{where}: backward '{backward}' is none of {', '.join(BACKWARD)}")

    def at(name: str, default: Any = 0) -> Any:
        return _value(row.get(name, default), batch, f"{where}.{name}")

    sizes = {name: at(name) for name in KINDS[kind]}
    rec.custom(
        kind,
        str(row.get("layer", kind)),
        sizes,
        flops=at("flops") if "flops" in row else _flops(kind, sizes),
        read=at("read"),
        write=at("write"),
        saved=at("saved"),
        weights=at("weights"),
        parameters=at("parameters"),
        copies=at("copies", 1),
        starts=at("starts"),
        backward=backward,
    )


def _value(raw: Any, batch: Any, where: str) -> Any:
    """A number of the batch."""
    parts = raw if isinstance(raw, list) else [raw]
    if len(parts) > 2 or not all(_number(part) for part in parts):
        raise UsageError(f"{where}: {raw!r} is neither a number nor [a, b] for a + b x batch")
    if len(parts) == 1:
        return float(parts[0])
    return float(parts[0]) + float(parts[1]) * batch


def _number(part: Any) -> bool:
    return isinstance(part, int | float) and not isinstance(part, bool) and abs(part) < 1e24


def _flops(kind: str, sizes: Mapping[str, Any]) -> Any:
    """Two per multiply-add of a product; one per element of the rest, none for copies."""
    if kind == "gemm":
        return 2.0 * sizes["n"] * sizes["k"] * sizes["m"] * sizes["batch"]
    if kind == "conv":
        return 2.0 * sizes["n"] * sizes["k"] * sizes["groups"] * sizes["m"]
    if kind == "attention":
        return 4.0 * sizes["heads"] * sizes["head_dim"] * sizes["q"] * sizes["kv"] * sizes["batch"]
    return 0.0 if kind in ("copy", "embedding") else sizes["elements"]
