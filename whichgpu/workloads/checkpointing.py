"""Activation checkpointing: what a training step keeps of its repeated layers, and what it computes twice.

* `none` keeps what every op needs for its backward pass.
* `full` keeps the input of each repeated layer and, at any time, all of one layer; the backward pass runs
  every layer's forward ops again (Chen et al., "Training Deep Nets with Sublinear Memory Cost").
* `selective` keeps the layer's input, the output of attention and that of every second matrix product, and
  runs the rest again.
* `attention` keeps everything but the scores inside of attention, and runs those again; trainers of
  Megatron's kind call this selective (Korthikanti et al., "Reducing Activation Recomputation in Large
  Transformer Models", 2022, section 5).

A repeated layer is one that the family records with `copies`; an op that begins one says so in `starts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.ops import Op, changed, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Job

#: From what keeps most to what keeps least.
KINDS = ("none", "attention", "selective", "full")
#: How the layer of an op that runs again ends.
AGAIN = ".again"
_SPELLINGS = {
    "true": "full",
    "yes": "full",
    "1": "full",
    "false": "none",
    "no": "none",
    "0": "none",
    "": "none",
    "selective op": "selective",
    "selective layer": "selective",
    "sac": "selective",
    "core_attn": "attention",
    "core_attention": "attention",
    "early_stop": "full",
}
#: Of the matrix products, those whose output selective checkpointing keeps.
_HALF = 0.5


def checkpointing(job: Job) -> str:
    """The option `checkpointing` as one of `KINDS`; raises `UsageError` for another word."""
    text = job.options.get("checkpointing", "none").strip().lower()
    kind = _SPELLINGS.get(text, text)
    if kind not in KINDS:
        raise UsageError(
            f"option checkpointing: '{text}' is none of {', '.join(KINDS)}; write checkpointing=full"
        )
    return kind


def stops_early(job: Job) -> bool:
    """Whether full checkpointing ends once the backward pass has all that it needs, as PyTorch's does.

    Nothing needs the output of a layer's last product, which is then not computed again (without
    re-entrance, `torch.utils.checkpoint`'s early stop).
    """
    return job.options.get("checkpointing", "").strip().lower() == "early_stop"


def recomputed(forward: Sequence[Op], kind: str, *, early: bool = False) -> tuple[Op, ...]:
    """The ops that the backward pass runs again, of the `forward` ones; `early` as `stops_early` has it."""
    if kind == "none":
        return ()
    modules = repeated(forward)
    inside = [op for op in forward if op.module in modules]
    again = [
        changed(op, layer=f"{op.layer}{AGAIN}", stage="backward", parameters=0.0, stored_bytes=0.0,
                saved_bytes=0.0, starts=0.0)
        for op in inside
    ]  # fmt: skip
    if kind == "full":
        return tuple(_but_last(again) if early else again)
    if kind == "attention":
        return tuple(op for op in again if op.kind == "attention")
    return tuple(_share(op) for op in again if op.kind != "attention")


def _but_last(again: Sequence[Op]) -> list[Op]:
    """The ops up to the last product of each kind of layer."""
    last = {op.module: i for i, op in enumerate(again) if op.kind == "gemm"}
    return [op for i, op in enumerate(again) if i < last.get(op.module, len(again))]


def _share(op: Op) -> Op:
    """Half of the matrix products run again, and all the rest."""
    return changed(op, repeats=_HALF * op.repeats) if op.kind in ("gemm", "conv") else op


def saved_bytes(forward: Sequence[Op], kind: str) -> Any:
    """Bytes that the forward pass leaves for the backward pass, at the fullest moment."""
    modules = repeated(forward) if kind not in ("none", "attention") else set()
    if not modules:
        return total(forward, "saved_bytes")
    kept = total((op for op in forward if op.module not in modules), "saved_bytes")
    inside = [op for op in forward if op.module in modules]
    layers = sum(op.starts for op in inside)
    if not layers:
        return kept
    kept = kept + sum((op.read_bytes * op.starts for op in inside if op.starts), start=0.0)
    if kind == "selective":
        kept = kept + total((op for op in inside if op.kind == "attention"), "write_bytes")
        products = [op for op in inside if op.kind in ("gemm", "conv")]
        kept = kept + _HALF * total(products, "write_bytes")
    return kept + total(inside, "saved_bytes") / layers


def repeated(forward: Sequence[Op]) -> set[str]:
    """The modules that consist of repeated layers."""
    return {op.module for op in forward if op.starts}
