"""What kind of operator a node of ONNX is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


FREE = {
    "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Shape", "Constant", "ConstantOfShape", "Size",
    "Dropout", "Range", "NonZero",
}  # fmt: skip

COPIES = {
    "Transpose", "Concat", "Slice", "Split", "Cast", "Pad", "Gather", "GatherND", "GatherElements",
    "Expand", "Tile", "Resize", "Upsample", "DepthToSpace", "SpaceToDepth", "ScatterND",
    "ScatterElements", "Where", "ReverseSequence", "QuantizeLinear", "DequantizeLinear",
    "DynamicQuantizeLinear",
}  # fmt: skip

NORMS = {
    "BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization",
    "RMSNormalization", "SimplifiedLayerNormalization", "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization", "LpNormalization", "MeanVarianceNormalization", "LRN",
    "EmbedLayerNormalization",
}  # fmt: skip

LINEAR = {"Add", "Sub", "Neg", "Sum", "Mean", "ReduceMean", "ReduceSum"}

#: Products of onnxruntime: where their two matrices stand among the inputs.
LEFT_RIGHT = {
    "FusedMatMul": (0, 1), "TransposeMatMul": (0, 1), "FusedGemm": (0, 1), "GemmFastGelu": (0, 1),
    "GemmFloat8": (0, 1), "DynamicQuantizeMatMul": (0, 1), "MatMulIntegerToFloat": (0, 1), "QGemm": (0, 3),
}  # fmt: skip

#: Products whose weights are stored several to a byte, with K and N among the attributes.
PACKED = {"MatMulNBits", "MatMulBnb4"}

MATRICES = {"MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", *LEFT_RIGHT, *PACKED}

CONVOLUTIONS = {"Conv", "ConvInteger", "QLinearConv", "ConvTranspose", "DeformConv", "FusedConv", "NhwcConv",
                "NhwcFusedConv"}  # fmt: skip

ATTENTION = {"Attention", "MultiHeadAttention", "GroupQueryAttention", "DecoderMaskedMultiHeadAttention"}

#: Mixtures of experts: where the weights of the first, second and third product stand among the inputs.
EXPERTS = {"MoE": (2, 4, 6), "QMoE": (2, 5, 8)}

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1, "DynamicQuantizeLSTM": 4}

#: Operators of ONNX that do more than they move, and are counted by their bytes all the same.
UNCOUNTED = {"DFT", "STFT", "Det"}

#: What passes a weight on as it is; runtimes do it once, before the first run.
PASSING = {"DequantizeLinear", "Transpose", "Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"}

#: Element types of weights: floats and 8-bit integers (and, packed, smaller ones).
WEIGHTS = {1, 2, 3, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23}

STANDARD = ("", "ai.onnx")

#: Whole bytes, which may hold several narrower values.
_BYTES = (2, 3)

#: Bits of a stored element by its type.
BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 10: 16, 11: 64, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4,
    23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip


def constants(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                attribute.t.name = node.output[0]
                yield attribute.t
            if attribute.HasField("g"):
                yield from constants(attribute.g)


def packed(graph: Any, weights: Mapping[str, Any]) -> dict[str, int]:
    """Quantised weights by name: how many values each holds; their scales and zero points are none."""
    found: dict[str, int] = {}
    for node in graph.node:
        held = _held(node, weights)
        if held:
            found.update(dict.fromkeys((one for one in node.input if one in weights), 0))
            found.update(held)
    return found


def _held(node: Any, weights: Mapping[str, Any]) -> dict[str, int]:
    """Values of the quantised weights of one node."""
    if node.op_type in PACKED:
        return {node.input[1]: attribute_of(node, "K", 0) * attribute_of(node, "N", 0)}
    if node.op_type == "QMoE":
        places: tuple[int, ...] = EXPERTS["QMoE"]
        each = 8 // attribute_of(node, "expert_weight_bits", 4)
    elif node.op_type in ("DequantizeLinear", "GatherBlockQuantized"):
        places, each = (0,), 8 // attribute_of(node, "bits", 4) if node.domain not in STANDARD else 1
    else:
        return {}
    names = [node.input[place] for place in places if place < len(node.input)]
    return {
        name: math.prod(weights[name][0]) * (each if weights[name][1] in _BYTES else 1)
        for name in names if name in weights and weights[name][0]
    }  # fmt: skip


def layer(node: Any) -> str:
    """A node's place, as its exporter names it: /layers/0/conv1/Conv."""
    parts = [part for part in (node.name or node.op_type).replace(".", "/").split("/") if part]
    return ".".join(parts)


def attribute_of(node: Any, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return attribute.s if attribute.type == 3 else attribute.i
    return default
