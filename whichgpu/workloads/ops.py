"""The narrow waist: every workload becomes a list of `Op`, and nothing downstream knows where it came from.

Numbers are arrays over the job axis, or scalars where all jobs agree; a single job is the 0-d case.
Counts of work are *per execution of one copy*; `copies` are layers with weights of their own that do
the same work, `repeats` how often each runs (denoising steps, generated tokens).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


#: Kinds whose FLOPs are what people quote: two per multiply-add of a matrix product.
PRODUCTS = ("gemm", "conv", "attention")

#: Kinds whose FLOPs count as the work of a pass: products, and numerical kernels operation by operation.
COUNTED = (*PRODUCTS, "vector")

#: In the names of ops that a library launches step by step, within one call of a recurrent layer.
WITHIN = ".step."
#: What moves the queries and keys of an indexer is called so, and has kernels of its own.
READIED = "readied"

#: Every kind, with the dims its kernel model reads.
KINDS: Mapping[str, tuple[str, ...]] = {
    # (m, k) x (k, n), `batch` of them
    "gemm": ("m", "n", "k", "batch"),
    # implicit GEMM of a convolution: m = B Ho Wo, n = Cout / g, k = Cin / g kh kw; `window` = kh kw
    "conv": ("m", "n", "k", "groups", "window"),
    # q (B, heads, q, d) against k, v (B, kv_heads, kv, d); causal is 0 or 1
    "attention": ("batch", "heads", "kv_heads", "q", "kv", "head_dim", "causal"),
    "norm": ("elements",),
    "pointwise": ("elements",),
    "pool": ("elements",),
    "embedding": ("elements",),
    "copy": ("elements",),
    "optimizer": ("elements",),
    # arithmetic on the plain units in the precision of the job: stencils, transforms, pair forces
    "vector": ("elements",),
}

#: What the backward pass of training does with a forward op.
BACKWARD: Mapping[str, str] = {
    "full": "gradients of input and weights, from what the forward pass kept",
    "weight": "no gradient of the input: the first layer",
    "input": "no gradient of the weights: they are frozen",
    "sequence": "one step of a recurrence: the input's gradient step by step, the weights' over all at once",
    "linear": "the gradient moves as the data did, and nothing kept is read: add, copy, dropout",
    "none": "no backward pass at all: a frozen part of the model",
}


class Op(NamedTuple):
    """One kind of work and how often it is done: a tuple, since a trace makes thousands.

    Attributes:
        kind: a key of `KINDS`.
        layer: `module.part`; the first component is the module that `Workload.modules` counts.
        dims: the sizes that `KINDS` names for the kind.
        dtype: the catalogue field whose peak bounds the maths (`fp16`, `tf32`, ...).
        flops: two per multiply-add for `PRODUCTS`; elementary operations for the rest.
        parameters: trained values of one copy; 0 where they belong to another op (a tied head).
        weight_bytes: bytes of weights that one execution reads.
        stored_bytes: bytes that the parameters of one copy occupy in memory: more than is read for
            an embedding table, or for the FP32 weights behind mixed precision.
        read_bytes, write_bytes: activations in and out.
        saved_bytes: activations kept for the backward pass, each tensor counted once.
        copies: layers merged into this op; repeats: executions of each.
        fusable: a fusing runtime (compiler, TensorRT) runs it inside its neighbour's kernel.
        shard: how tensor parallelism splits it: none, column, row (summed: without an
            all-reduce of its own), head, vocab, expert, expert_row
            (experts' outputs, or inputs, are cut where each of them is).
        stage: forward, backward or optimizer.
        backward: what the backward pass does with it: a key of `BACKWARD`.
        kv_bytes: bytes of the KV cache that one execution reads (attention in decode), apart from
            `read_bytes`.
        starts: repeated layers that begin with this op: where checkpointing may cut, keeping its input.
        chained: a fusable op that follows another one of as many values, whose result it takes: a compiler
            that fuses elementwise ops with each other runs both in one kernel.

    """

    kind: str
    layer: str
    dims: Mapping[str, Any]
    dtype: str
    flops: Any = 0.0
    parameters: float = 0.0
    weight_bytes: Any = 0.0
    stored_bytes: float = 0.0
    read_bytes: Any = 0.0
    write_bytes: Any = 0.0
    saved_bytes: Any = 0.0
    kv_bytes: Any = 0.0
    copies: float = 1.0
    repeats: Any = 1.0
    fusable: bool = False
    shard: str = "none"
    stage: str = "forward"
    backward: str = "full"
    starts: float = 0.0
    chained: bool = False

    @property
    def count(self) -> Any:
        """Executions in all: copies times repeats."""
        return self.copies * self.repeats

    @property
    def module(self) -> str:
        """The part of the model this op belongs to."""
        return self.layer.partition(".")[0]


#: The position of each field of an op.
PLACES = {name: place for place, name in enumerate(Op._fields)}


def changed(op: Op, **changes: Any) -> Op:
    """An op with some fields changed; a trace of a training changes thousands."""
    values = list(op)
    for name, value in changes.items():
        values[PLACES[name]] = value
    return tuple.__new__(Op, values)


def some(value: Any) -> bool:
    """`np.any` of a number or an array, in a tenth of its time for a number."""
    return bool(value.any() if isinstance(value, np.ndarray) else value)


def every(value: Any) -> bool:
    """`np.all` of a number or an array, in a third of its time."""
    return bool(value.all() if isinstance(value, np.ndarray) else value)


def total(ops: Iterable[Op], quantity: str) -> Any:
    """Sum of an op quantity over every execution: `total(ops, "write_bytes")`."""
    place = PLACES[quantity]
    return sum([op[place] * (op.copies * op.repeats) for op in ops], start=0.0)


def product_flops(ops: Iterable[Op]) -> Any:
    """FLOPs of matrix products, two per multiply-add: the figure that publications give."""
    return total((op for op in ops if op.kind in COUNTED), "flops")


def parameters(ops: Iterable[Op]) -> dict[str, Any]:
    """Weights by module, whole numbers, of each job where an op's are an array; repeats share theirs."""
    by_module: dict[str, Any] = {}
    for op in ops:
        if op.stage == "forward" and some(op.parameters):
            by_module[op.module] = by_module.get(op.module, 0.0) + op.parameters * op.copies
    return {
        module: np.round(count) if isinstance(count, np.ndarray) else round(count)
        for module, count in by_module.items()
    }


def stored_weight_bytes(ops: Iterable[Op]) -> Any:
    """Bytes that the weights of the forward ops occupy, each counted once."""
    return sum([op.stored_bytes * op.copies for op in ops if op.stage == "forward"], start=0.0)
