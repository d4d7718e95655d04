"""What kind of operator a node of ONNX is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


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

MATRICES = {"MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", "QGemm", "FusedMatMul", "MatMulNBits"}

CONVOLUTIONS = {"Conv", "ConvInteger", "QLinearConv", "ConvTranspose", "FusedConv"}

ATTENTION = {"Attention", "MultiHeadAttention", "GroupQueryAttention"}

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}

#: Element types of weights: floats and 8-bit integers (and, packed, smaller ones).
WEIGHTS = {1, 2, 3, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23}

STANDARD = ("", "ai.onnx")

#: Bits of a stored element by its type.
BITS = {1: 32, 2: 8, 3: 8, 10: 16, 11: 64, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4}

#: Operators beyond the standard (onnxruntime's) whose first output has the shape of their first input.
ALIKE = {
    "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SimplifiedLayerNormalization", "BiasGelu",
    "FastGelu", "QuickGelu", "Gelu", "RotaryEmbedding", "GroupQueryAttention", "MultiHeadAttention",
    "Attention", "BiasAdd", "GroupNorm",
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


def packed(graph: Any) -> dict[str, int]:
    """Weights of several values a byte, by name: how many there are; their scales are no weights."""
    found: dict[str, int] = {}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            found.update(dict.fromkeys(node.input[2:], 0))
            found[node.input[1]] = attribute_of(node, "K", 0) * attribute_of(node, "N", 0)
    return found


def known(node: Any) -> bool:
    """Whether an operator beyond the standard can be sized by its first output."""
    return node.domain not in STANDARD and node.op_type in (*ALIKE, *MATRICES)


def standard(node: Any) -> bool:
    """Whether a node is an operator of ONNX itself."""
    if node.domain not in STANDARD:
        return False
    from onnx import defs

    return bool(defs.has(node.op_type))


def layer(node: Any) -> str:
    """A node's place, as its exporter names it: /layers/0/conv1/Conv."""
    parts = [part for part in (node.name or node.op_type).replace(".", "/").split("/") if part]
    return ".".join(parts)


def attribute_of(node: Any, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return attribute.s if attribute.type == 3 else attribute.i
    return default
