"""Bytes of tensors alive at the fullest op of an inference.

They are `live` times the inputs and outputs of the widest op; a transformer that denoises is counted by its
stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.activations import windowed
from whichgpu.cost.memory.decoding import PICTURES, wide_share
from whichgpu.cost.memory.memory_law import coefficient
from whichgpu.cost.memory.widths import WIDE, widest, widest_made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision


def live(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Tensors alive at the widest op, against its inputs and outputs."""
    own = coefficient("live", stack)
    if not windowed(ops):
        return own
    if not any(op.module in PICTURES for op in ops):
        return own * _of_networks(stack)
    return own * (wide_share(ops) if spec.activation > WIDE else 1.0)


def alive(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes alive at the widest op of an inference; of a pipeline, at that of the network that has more."""
    pictures = [op for op in ops if op.module in PICTURES]
    if not windowed(pictures):
        # None are made: what speech is written by is a decoder as well.
        return widest(ops) * live(ops, stack, spec)
    return np.maximum(widest(pictures) * live(pictures, stack, spec), denoising(ops, stack, spec))


def denoising(ops: Sequence[Op], stack: Runtime, spec: Precision) -> Any:
    """Bytes that the widest network beside a decoder of pictures has alive; 0 where no pictures are made."""
    others = [op for op in ops if op.module not in PICTURES]
    return 0.0 if len(others) == len(ops) else of_pipeline(others, stack)


def of_pipeline(others: Sequence[Op], stack: Runtime) -> Any:
    """The same of networks of a pipeline that make no pictures.

    A transformer's blocks have beside what a function reads and makes the stream, its norm, what attention
    handed on, and what the first block read. As queries are rotated, or as attention and function lie side
    by side, more tensors of the stream's width are there than at any function. Of networks of convolutions
    it is a share of their widest op.
    """
    most = widest(others)
    convolves = any(op.kind == "conv" for op in others)
    width: Any = 0.0 if convolves else widest_made([op for op in others if op.kind == "attention"])
    if not np.any(np.asarray(width) > 0):
        return coefficient("live", stack) * _of_networks(stack) * most
    own = coefficient("live", stack) / section("memory_law")["live"][0]
    return own * _fused(stack) * np.maximum(most + _BESIDE * width, _turned(others, stack) * width)


def _turned(others: Sequence[Op], stack: Runtime) -> float:
    """Tensors of a stream's width alive as its queries are rotated in FP32, or complex; 0 where none are."""
    names = {op.layer.rpartition(".")[2] for op in others}
    if any(op.layer.endswith(_JOINED) for op in others):
        return _SIDE_BY_SIDE
    if "rope_paired" in names:
        return float(stack.holds.get("rotated_pairs", _PAIRED))
    return ROTATED if "rope" in names else 0.0


#: Tensors of a stream's width, by torch's operators (fake tensors, diffusers 0.31 to 0.42): beside a function
#: 4 to 6; as queries are rotated 12 to 16, as complex numbers 11, and where single blocks of FLUX and
#: HunyuanVideo hold their function's four as well 16 to 18.
_BESIDE, ROTATED, _PAIRED, _SIDE_BY_SIDE = 5.0, 13.0, 11.0, 17.5
#: Layers that join what attention and function made of one product.
_JOINED = ".single.concatenate"


def _of_networks(stack: Runtime) -> float:
    """Of `live`, what networks have that make no pictures themselves."""
    return float(section("capacity")["live_network"]) * _fused(stack)


def _fused(stack: Runtime) -> float:
    """Of what is alive at a function, what is where kernels of products have it in them."""
    return float(section("capacity")["live_fused"]) if stack.fuses else 1.0
