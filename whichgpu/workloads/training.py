"""Forward ops to a whole training step: the backward pass and the optimizer.

Each matrix product has two of the same size behind it, for the gradient of its input and of its
weights; fused attention recomputes its scores and does 2.5 times the forward work (Dao et al.,
FlashAttention, section 3.1); a normalisation or elementwise op reads what the forward pass kept and
the gradient that arrives, and writes the one that leaves. `Op.backward` says where less is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.ops import Op, changed, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whichgpu.workloads.precision import Precision

#: FP32 training: bytes of optimizer state kept per parameter, and bytes moved per parameter in one
#: step: read gradient, weight and states, write weight and states.
OPTIMIZERS: Mapping[str, tuple[float, float]] = {
    "sgd": (4.0, 20.0),  # momentum
    "adam": (8.0, 28.0),
    "adamw": (8.0, 28.0),
    "adam8bit": (2.0, 16.0),
    "adam16bit": (4.0, 20.0),
    "adafactor": (0.1, 14.0),
    "lion": (4.0, 20.0),
    "prodigy": (16.0, 44.0),  # two moments, s and the first weights: konstmish/prodigy, prodigy.py
}
#: Optimizers whose states are as wide as their names say, whatever the weights are.
_NARROW_STATES = ("adam8bit", "adam16bit")
#: Other spellings of an optimizer.
_OPTIMIZERS: Mapping[str, str] = {
    "adamw8bit": "adam8bit", "adamw-8bit": "adam8bit", "adam-8bit": "adam8bit", "8bit-adam": "adam8bit",
    "8-bit-adam": "adam8bit", "8-bit": "adam8bit", "8bit": "adam8bit", "paged-adamw-8bit": "adam8bit",
    "paged-adam-8bit": "adam8bit", "paged-adamw8bit": "adam8bit", "paged-adamw": "adamw",
    "paged-adamw-32bit": "adamw", "paged-adam": "adam", "adamw-torch": "adamw",
    "adamw-torch-fused": "adamw", "adamw-fused": "adamw", "fused-adam": "adam", "momentum": "sgd",
    "sgd-momentum": "sgd",
    # Both moments in 16 bits beside FP32 weights: exp_avg_dtype, exp_avg_sq_dtype of Megatron-Core.
    "adamw16bit": "adam16bit", "adamw-16bit": "adam16bit", "adam-16bit": "adam16bit",
    "adamw-bf16": "adam16bit", "adam-bf16": "adam16bit",
    "adamw-bnb-8bit": "adam8bit", "adamw-bnb": "adam8bit", "adamw-8-bit": "adam8bit", "adamw-hf": "adamw",
    "adamw-apex-fused": "adamw", "adamw-anyprecision": "adamw", "paged-lion": "lion",
    "paged-lion-32bit": "lion",
    # Two moments, and one, as wide as these have (apex.optimizers.FusedLAMB, torch.optim, Jordan's Muon).
    **dict.fromkeys(("lamb", "nvlamb", "fused-lamb", "fusedlamb", "nadam", "radam", "adamax"), "adamw"),
    **dict.fromkeys(("lars", "adagrad", "rmsprop", "muon"), "sgd"),
}  # fmt: skip


def paged(optimizer: str) -> bool:
    """Whether an optimizer's states are in managed memory, which moves to the host when the GPU is short."""
    return optimizer.lower().startswith("paged")


def by_lists(optimizer: str) -> bool:
    """Whether a name is Adam as torch.optim runs it unasked: over lists of tensors, in no single kernel."""
    return _spelt(optimizer) in ("adam", "adamw", "adamw-torch")


def has_narrow_moments(optimizer: str) -> bool:
    """Whether a name is Adam with both of its moments in 16 bits."""
    return _OPTIMIZERS.get(_spelt(optimizer)) == "adam16bit"


def _spelt(optimizer: str) -> str:
    return "-".join(optimizer.lower().replace("_", " ").split())


def optimizer_bytes(optimizer: str, precision: Precision) -> tuple[float, float]:
    """State kept and bytes moved per parameter; states are as wide as weights, or have bits of their own."""
    key = _spelt(optimizer)
    key = _OPTIMIZERS.get(key, key)
    if key not in OPTIMIZERS:
        raise UsageError(f"no optimizer '{optimizer}'; use one of {', '.join(OPTIMIZERS)}")
    state, moved = OPTIMIZERS[key]
    scale = precision.weight / 4.0
    return (state if key in _NARROW_STATES else state * scale), moved * scale


#: The backward passes in which weights receive a gradient.
_LEARNING = ("full", "weight", "sequence")


def trained_parameters(forward: Iterable[Op]) -> float:
    """Weights that receive a gradient."""
    return sum([op.parameters * op.copies for op in forward if op.backward in _LEARNING])


def learns(op: Op) -> float:
    """The same of one op, of which a table of jobs has thousands."""
    return op.parameters * op.copies if op.backward in _LEARNING else 0.0


def training_step(
    forward: tuple[Op, ...], precision: Precision, optimizer: str, *, trained_in: Precision | None = None
) -> tuple[Op, ...]:
    """Forward, backward and optimizer ops of one step; `trained_in` is the format of what is trained.

    The optimizer's op says of how many `tensors` it is, each of which some software updates by itself.
    """
    held = trained_in or precision
    _, moved = optimizer_bytes(optimizer, held)
    backward = [op for one in forward for op in _backward(one)]
    trained = trained_parameters(forward)
    # Of what is moved, gradient, weight and states are read, weight and states written.
    written = (moved - held.weight) / 2.0
    update = Op(
        "optimizer", f"optimizer.{optimizer}", {"elements": trained, "tensors": _tensors(forward)}, "fp32",
        flops=8.0 * trained,
        read_bytes=(moved - written) * trained, write_bytes=written * trained, stage="optimizer",
    )  # fmt: skip
    casts = weight_casts(forward, precision)
    return (*forward, *casts, *backward, *_gradient_casts(forward, precision), update)


def _tensors(forward: Iterable[Op]) -> float:
    """Tensors of weights that receive a gradient: a normalisation has two, scale and shift."""
    trained = (op for op in forward if op.parameters and op.backward in _LEARNING)
    return sum((2.0 if op.kind == "norm" else 1.0) * op.copies for op in trained)


def weight_casts(forward: tuple[Op, ...], precision: Precision) -> Iterator[Op]:
    """Autocast copies each FP32 weight of a matrix product to 16 bits, once a step."""
    if precision.mixed:
        yield from _cast("autocast.weights", forward, 4.0, 2.0, "forward")


def _gradient_casts(forward: tuple[Op, ...], precision: Precision) -> Iterator[Op]:
    """The 16-bit gradients return to FP32; FP16 also divides out the loss scale."""
    if precision.mixed:
        yield from _cast("autocast.gradients", forward, 2.0, 4.0, "backward")
        if precision.math == "fp16":
            elements = trained_parameters(forward)
            yield Op("pointwise", _UNSCALE, {"elements": elements}, "fp32", flops=elements,
                     read_bytes=4.0 * elements, write_bytes=4.0 * elements, stage="optimizer")  # fmt: skip


#: What divides out the loss scale.
_UNSCALE = "optimizer.unscale"


def unscaled(step: tuple[Op, ...], brain: Any) -> tuple[Op, ...]:
    """The ops of a step in FP16 which stands for BF16 where `brain` says so: a number, or (J,), of each job.

    BF16 has no loss scale to divide out.
    """
    if not some(brain):
        return step
    times = 1.0 - np.asarray(brain, dtype=np.float64)
    kept = (op for op in step if op.layer != _UNSCALE or some(times))
    return tuple([changed(op, repeats=op.repeats * times) if op.layer == _UNSCALE else op for op in kept])


def _cast(layer: str, forward: tuple[Op, ...], read: float, write: float, stage: str) -> Iterator[Op]:
    """One copy kernel per weight tensor, of their mean size."""
    weighted = [op for op in forward if op.kind in ("gemm", "conv") and op.parameters]
    tensors = sum(op.copies for op in weighted)
    if tensors:
        mean = sum(op.parameters * op.copies for op in weighted) / tensors
        yield Op("copy", layer, {"elements": mean}, "fp32", read_bytes=read * mean,
                 write_bytes=write * mean, copies=tensors, stage=stage, backward="none")  # fmt: skip


#: What any backward op has otherwise than its forward one.
_BACK: Mapping[str, Any] = {"stage": "backward", "parameters": 0.0, "stored_bytes": 0.0, "saved_bytes": 0.0}


def _backward(op: Op) -> Iterator[Op]:
    """The backward ops of one forward op."""
    if op.backward == "none":
        return
    if op.kind in ("gemm", "conv"):
        yield from _product_gradients(op, changed(op, **_BACK))
    elif op.kind == "attention":
        # Reads q, k, v, the output and its gradient; writes the gradients of q, k, v.
        yield changed(op, **_BACK, flops=2.5 * op.flops, read_bytes=op.read_bytes + 2.0 * op.write_bytes,
                      write_bytes=op.read_bytes)  # fmt: skip
    elif op.kind == "embedding":
        # The gradient of a table is as large as the table.
        yield changed(op, **_BACK, weight_bytes=0.0, write_bytes=op.write_bytes + op.stored_bytes)
    elif "gated" in op.dims:
        yield from _gate_gradients(op, changed(op, **_BACK))
    elif op.backward == "linear":
        yield changed(op, **_BACK, read_bytes=op.write_bytes, write_bytes=op.read_bytes)
    else:
        # The gradient comes in and leaves; what the forward pass read is read again.
        yield changed(op, **_BACK, flops=1.5 * op.flops, read_bytes=op.write_bytes + op.read_bytes,
                      write_bytes=op.read_bytes)  # fmt: skip


def _gate_gradients(op: Op, back: Op) -> Iterator[Op]:
    """A map times a number of each channel, by kernels of their own as autograd has them.

    The gradient times the number; the gradient times the map, and its sum over H and W; what comes of the
    mean that the number was made from, added to the first.
    """
    values = op.write_bytes
    yield back
    yield changed(back, layer=f"{op.layer}.product", read_bytes=2.0 * values, write_bytes=values)
    yield changed(back, layer=f"{op.layer}.sum", read_bytes=values, write_bytes=0.0)
    yield changed(back, layer=f"{op.layer}.mean", read_bytes=2.0 * values, write_bytes=values)


def _product_gradients(op: Op, back: Op) -> Iterator[Op]:
    """(m, k) x (k, n): the input's gradient is (m, n) x (n, k), the weights' (k, m) x (m, n)."""
    m, n, k, window = op.dims["m"], op.dims["n"], op.dims["k"], op.dims.get("window", 1.0)
    yield from _narrowed(op)
    if op.backward in ("full", "input", "sequence"):
        yield changed(back, layer=f"{op.layer}.dgrad", dims={**op.dims, "n": k / window, "k": n * window},
                      read_bytes=op.write_bytes, write_bytes=op.read_bytes)  # fmt: skip
    if op.backward == "sequence":
        op, back, m = _all_steps(op), _all_steps(back), m * op.repeats
    if op.backward in _LEARNING:
        yield changed(back, layer=f"{op.layer}.wgrad", dims={**op.dims, "m": k, "n": n, "k": m},
                      read_bytes=op.read_bytes + op.write_bytes, write_bytes=op.weight_bytes,
                      weight_bytes=0.0)  # fmt: skip
        if some(op.parameters > n * k * op.dims.get("groups", 1.0)):
            yield _bias_gradient(op)


#: Times that values of 16 bits are read before they are numbers of 8 or 4 bits, and bytes of each that are
#: written (as rows and as columns), by what products multiply.
_NARROWED = {"fp8": (1.0, 2.0), "fp4": (2.0, 1.0)}


def _narrowed(op: Op) -> Iterator[Op]:
    """The kernels that narrow what a product's gradients read, where it multiplies 8 or 4 bits.

    The gradient that arrives, as rows for the input's and as columns for the weights'; what norms and
    functions make they narrow themselves in 8 bits (`with_quantized_norm` of TransformerEngine's
    layernorm_linear.py), and not in 4, whose scale is known after a first look at all of it.
    """
    if op.dtype not in _NARROWED:
        return
    reads, each = _NARROWED[op.dtype]
    each = each if op.backward in _LEARNING else each / 2.0
    values = (op.write_bytes + (op.read_bytes if op.dtype == "fp4" else 0.0)) / 2.0
    yield Op("copy", f"{op.layer}.narrowed", {"elements": values}, "fp32", read_bytes=2.0 * reads * values,
             write_bytes=each * values, copies=op.copies, repeats=op.repeats, shard=op.shard,
             stage="backward", backward="none")  # fmt: skip


def _all_steps(op: Op) -> Op:
    """The repeats of a recurrent product as one product: m x repeats rows, once."""
    times = op.repeats
    return changed(op, dims={**op.dims, "m": op.dims["m"] * times}, flops=op.flops * times,
                   read_bytes=op.read_bytes * times, write_bytes=op.write_bytes * times,
                   repeats=1.0)  # fmt: skip


def _bias_gradient(op: Op) -> Op:
    """The bias' gradient: a sum over the rows of the gradient that arrives."""
    elements: Any = op.dims["m"] * op.dims["n"] * op.dims.get("groups", 1.0)
    return Op("pointwise", f"{op.layer}.bgrad", {"elements": elements}, "fp32", flops=elements,
              read_bytes=op.write_bytes, copies=op.copies, repeats=op.repeats, fusable=True, shard=op.shard,
              stage="backward")  # fmt: skip
