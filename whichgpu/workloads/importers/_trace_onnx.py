"""An ONNX file to operators, in the confined process: its graph with inferred shapes, never its weights.

Every node gets the sizes of its product, or the elements that it reads and writes. Nodes of a kind that is
not known are named and counted as bytes. Uses nothing of this package.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Unusable(Exception):
    """A fault in what the user gave, in words."""

    plain = True


_FREE = {
    "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Shape", "Constant", "ConstantOfShape", "Size",
    "Dropout", "Range", "NonZero",
}  # fmt: skip
_COPIES = {
    "Transpose",
    "Concat",
    "Slice",
    "Split",
    "Cast",
    "Pad",
    "Gather",
    "GatherND",
    "GatherElements",
    "Expand",
    "Tile",
    "Resize",
    "Upsample",
    "DepthToSpace",
    "SpaceToDepth",
    "ScatterND",
    "ScatterElements",
    "Where",
    "ReverseSequence",
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
}
_NORMS = {
    "BatchNormalization",
    "LayerNormalization",
    "InstanceNormalization",
    "GroupNormalization",
    "RMSNormalization",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
    "LpNormalization",
    "MeanVarianceNormalization",
    "LRN",
    "EmbedLayerNormalization",
}
_LINEAR = {"Add", "Sub", "Neg", "Sum", "Mean", "ReduceMean", "ReduceSum"}
_MATRICES = {"MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", "QGemm", "FusedMatMul", "MatMulNBits"}
_CONVOLUTIONS = {"Conv", "ConvInteger", "QLinearConv", "ConvTranspose", "FusedConv"}
_ATTENTION = {"Attention", "MultiHeadAttention", "GroupQueryAttention"}
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
#: Element types of weights: floats and 8-bit integers (and, packed, smaller ones).
_WEIGHTS = {1, 2, 3, 10, 11, 16, 17, 18, 19, 20}
#: Constants up to this many values are kept: shapes are computed from them.
_SMALL = 4096
_LOOPS = {"Loop", "Scan", "If"}


def trace(request: dict[str, Any], lock: Callable[[], None]) -> dict[str, Any]:
    """The operators of the graph for one batch and, where it takes another, for twice that."""
    try:
        import onnx
    except ImportError:
        raise Unusable("the onnx package is not installed; pip install 'whichgpu[onnx]'") from None
    lock()
    try:
        model = onnx.load(request["file"], load_external_data=False)
    except Exception as fault:
        raise Unusable(f"no ONNX file: {type(fault).__name__}: {str(fault)[:200]}") from None
    if not model.graph.node:
        raise Unusable("no ONNX file, or one without a single operator")
    weights = _strip(model.graph)
    shapes = _inputs(model.graph, request["inputs"], weights)
    places = _batched(model.graph, shapes)
    batch = next((shapes[name][place] for name, place in places), 0)
    first = _Graph(onnx, model, shapes, weights)
    ops, second = first.ops(), None
    if batch:
        doubled = {name: list(shape) for name, shape in shapes.items()}
        for name, place in places:
            doubled[name][place] *= 2
        try:
            second = _Graph(onnx, model, doubled, weights).ops()
        except Exception as fault:
            first.notes.append(
                f"it takes no other batch than {batch} ({type(fault).__name__}), so work is scaled"
            )
    inputs = [f"{name} {'x'.join(map(str, shape)) or 'scalar'}" for name, shape in shapes.items()]
    return {"first": ops, "second": second, "batch": batch or 1, "notes": first.said(), "inputs": inputs,
            "name": model.graph.name or "graph"}  # fmt: skip


def _strip(graph: Any) -> dict[str, tuple[list[int], int]]:
    """Shapes and types of the weights; their values go, so that nothing large is passed around."""
    found: dict[str, tuple[list[int], int]] = {}
    for tensor in _constants(graph):
        found[tensor.name] = (list(tensor.dims), tensor.data_type)
        if math.prod(tensor.dims) > _SMALL:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(field)
    return found


def _constants(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                attribute.t.name = node.output[0]
                yield attribute.t
            if attribute.HasField("g"):
                yield from _constants(attribute.g)


def _inputs(graph: Any, stated: list[dict[str, Any]], weights: dict[str, Any]) -> dict[str, list[int]]:
    """The shape of each input: as stated, else as the file has it, with a batch of one where that is open."""
    wanted = [value for value in graph.input if value.name not in weights]
    by_name = {one["name"]: one["shape"] for one in stated if one["name"]}
    unnamed = iter([one["shape"] for one in stated if not one["name"]])
    unknown = set(by_name) - {value.name for value in wanted}
    if unknown:
        raise Unusable(f"--input {unknown.pop()}: no such input; it has {', '.join(v.name for v in wanted)}")
    shapes = {}
    for value in wanted:
        shape = by_name.get(value.name) or next(unnamed, None) or _declared(value)
        shapes[value.name] = [int(side) for side in shape]
    return shapes


def _batched(graph: Any, shapes: dict[str, list[int]]) -> list[tuple[str, int]]:
    """Where the batch stands among the inputs: sizes whose name says so, else the first of each."""
    named = [
        (value.name, place) for value in graph.input if value.name in shapes
        for place, side in enumerate(value.type.tensor_type.shape.dim[: len(shapes[value.name])])
        if "batch" in side.dim_param.lower()
    ]  # fmt: skip
    if named:
        return named
    first = next((shape[0] for shape in shapes.values() if shape), 0)
    return [(name, 0) for name, shape in shapes.items() if shape and shape[0] == first]


def _declared(value: Any) -> list[int]:
    shape = []
    for place, side in enumerate(value.type.tensor_type.shape.dim):
        if side.dim_value > 0:
            shape.append(side.dim_value)
        elif place == 0 or "batch" in side.dim_param.lower():
            shape.append(1)
        else:
            name = side.dim_param or "without a name"
            raise Unusable(
                f"input '{value.name}': size {place} ({name}) is open; give --input {value.name}=1x.."
            )
    return shape


class _Graph:
    """A graph with the shapes of every value, for given inputs."""

    def __init__(self, onnx: Any, model: Any, inputs: dict[str, list[int]], weights: dict[str, Any]) -> None:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        for value in copy.graph.input:
            if value.name in inputs:
                shape = value.type.tensor_type.shape
                del shape.dim[:]
                for side in inputs[value.name]:
                    shape.dim.add().dim_value = side
        for value in copy.graph.output:
            value.type.tensor_type.ClearField("shape")
        del copy.graph.value_info[:]
        self.model = onnx.shape_inference.infer_shapes(copy, strict_mode=False, data_prop=True)
        self.weights = weights
        self.shapes = {name: shape for name, (shape, _) in weights.items()}
        self.counted: set[str] = set()
        self.notes: list[str] = []
        self.unknown: dict[str, int] = {}

    def said(self) -> list[str]:
        """What is not sure about the count."""
        named = [f"{count} x {name}" for name, count in sorted(self.unknown.items())]
        return [*self.notes, *([f"not known, counted as bytes: {', '.join(named)}"] if named else [])]

    def ops(self) -> list[dict[str, Any]]:
        """Every node that moves data, as an operator."""
        found = list(self._walk(self.model.graph))
        unread = sum(self._weight(name) for name in self.weights if name not in self.counted)
        if unread:
            found.append({"kind": "copy", "layer": "unread", "dims": {"elements": 0}, "parameters": unread})
        return found

    def _walk(self, graph: Any) -> Iterator[dict[str, Any]]:
        for value in (*graph.value_info, *graph.input, *graph.output):
            sides = value.type.tensor_type.shape.dim
            if value.type.tensor_type.HasField("shape") and all(s.HasField("dim_value") for s in sides):
                self.shapes[value.name] = [side.dim_value for side in sides]
        for node in graph.node:
            if node.op_type in _LOOPS:
                yield from self._inner(node)
            elif node.op_type not in _FREE:
                yield self._op(node)

    def _inner(self, node: Any) -> Iterator[dict[str, Any]]:
        """A loop's body, or the first branch of a choice."""
        bodies = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
        self.notes.append(f"{node.op_type} {node.name}: what is inside is counted once")
        for body in bodies[:1]:
            yield from self._walk(body)

    def _op(self, node: Any) -> dict[str, Any]:
        missing = [name for name in (*node.input, *node.output) if name and name not in self.shapes]
        if missing and _standard(node):
            self.notes.append(
                f"{_layer(node)}: the size of '{missing[0]}' is not known, so only the rest is counted"
            )
        kind, dims, extra = self._plain(node) if missing else self._kind(node)
        op = {"kind": kind, "layer": _layer(node), "dims": dims, **extra}
        # A running mean and variance are stored, and not trained.
        taken = node.input[:3] if node.op_type == "BatchNormalization" else node.input
        weights = [name for name in dict.fromkeys(taken) if self._weight(name)]
        self.counted.update(set(node.input) - set(taken))
        rest = [name for name in dict.fromkeys(node.input) if name and name not in self.weights]
        op["write"] = sum(self._elements(name) for name in node.output if name)
        op["read"] = op["write"] if kind == "embedding" else sum(self._elements(name) for name in rest)
        op["weights"] = 0 if kind == "embedding" else sum(self._weight(name) for name in weights)
        op["parameters"] = sum(self._weight(name) for name in weights if name not in self.counted)
        self.counted.update(weights)
        if kind in ("gemm", "conv", "norm", "attention"):
            op["saved"] = op["read"]
        elif kind == "pointwise" and "backward" not in op:
            op["saved"] = op["write"]
        return op

    def _elements(self, name: str) -> int:
        return math.prod(self.shapes.get(name, [0]))

    def _weight(self, name: str) -> int:
        """Values of a weight; constants that only shape things are none."""
        if name not in self.weights:
            return 0
        shape, kind = self.weights[name]
        narrow = kind in (2, 3)
        return math.prod(shape) if kind in _WEIGHTS and shape and not (narrow and len(shape) < 2) else 0

    def _kind(self, node: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Kind and sizes of a node, and what else is known."""
        name = node.op_type
        for names, kind, reader in (
            (_MATRICES, "gemm", self._product), (_CONVOLUTIONS, "conv", self._convolution),
            (_GATES, "gemm", self._recurrent), (_ATTENTION, "attention", self._attention),
            (("Einsum",), "gemm", self._einsum),
        ):  # fmt: skip
            if name in names:
                return kind, reader(node), {}
        if name == "Gather" and self._weight(node.input[0]):
            return "embedding", {"elements": self._elements(node.output[0])}, {}
        return self._plain(node)

    def _plain(self, node: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        elements = max((self._elements(one) for one in (*node.input, *node.output) if one), default=0)
        dims, name = {"elements": elements}, node.op_type
        if name in _NORMS:
            return "norm", dims, {}
        if "Pool" in name:
            return "pool", dims, {"backward": "linear"}
        if name in _COPIES:
            return "copy", dims, {"backward": "linear"}
        if not _standard(node):
            self.unknown[name] = self.unknown.get(name, 0) + 1
            return "copy", dims, {"backward": "linear"}
        return "pointwise", dims, {"backward": "linear"} if name in _LINEAR else {}

    def _product(self, node: Any) -> dict[str, Any]:
        out = self.shapes[node.output[0]]
        left = self.shapes[node.input[0]]
        k = left[0] if node.op_type == "Gemm" and _attribute(node, "transA", 0) else left[-1]
        n = out[-1] if out else 1
        # With a weight on the right all rows are one product; else every leading index is one of its own.
        right = {"QLinearMatMul": 3, "MatMulNBits": 1}.get(node.op_type, 1)
        if len(self.shapes[node.input[right]]) <= 2:
            return {"m": math.prod(out[:-1]), "n": n, "k": k, "batch": 1}
        return {"m": out[-2] if len(out) > 1 else 1, "n": n, "k": k, "batch": math.prod(out[:-2])}

    def _convolution(self, node: Any) -> dict[str, Any]:
        quantised = node.op_type == "QLinearConv"
        weight = self.shapes[node.input[3 if quantised else 1]]
        x, out = self.shapes[node.input[0]], self.shapes[node.output[0]]
        groups, window = _attribute(node, "group", 1), math.prod(weight[2:])
        if node.op_type == "ConvTranspose":
            return {
                "m": x[0] * math.prod(x[2:]),
                "n": weight[1] * window,
                "k": x[1] // groups,
                "groups": groups,
                "window": 1,
            }
        return {
            "m": out[0] * math.prod(out[2:]),
            "n": out[1] // groups,
            "k": weight[1] * window,
            "groups": groups,
            "window": window,
        }

    def _recurrent(self, node: Any) -> dict[str, Any]:
        """Input and hidden products of every step together."""
        length, batch, width = self.shapes[node.input[0]][:3]
        ways, _, hidden = self.shapes[node.input[2]]
        return {
            "m": length * batch,
            "n": _GATES[node.op_type] * hidden * ways,
            "k": width + hidden,
            "batch": 1,
        }

    def _attention(self, node: Any) -> dict[str, Any]:
        q, k = self.shapes[node.input[0]], self.shapes[node.input[1]]
        heads = _attribute(node, "num_heads", 0) or _attribute(node, "q_num_heads", 0)
        if len(q) == 4:
            return {"batch": q[0], "heads": q[1], "kv_heads": k[1], "q": q[2], "kv": k[2], "head_dim": q[3],
                    "causal": _attribute(node, "is_causal", 0)}  # fmt: skip
        kv_heads = _attribute(node, "kv_num_heads", 0) or heads
        return {
            "batch": q[0],
            "heads": heads,
            "kv_heads": kv_heads,
            "q": q[1],
            "kv": k[1] if len(k) == 3 else q[1],
            "head_dim": q[-1] // max(1, heads),
            "causal": _attribute(node, "is_causal", 0),
        }

    def _einsum(self, node: Any) -> dict[str, Any]:
        """All indices multiplied: what a sum of products costs at most."""
        equation = _attribute(node, "equation", b"").decode().replace(" ", "")
        sides: dict[str, int] = {}
        for letters, name in zip(equation.split("->")[0].split(","), node.input, strict=False):
            sides.update(zip(letters, self.shapes[name], strict=False))
        out = math.prod(self.shapes[node.output[0]])
        return {"m": out, "n": 1, "k": math.prod(sides.values()) / max(1, out), "batch": 1}


def _standard(node: Any) -> bool:
    """Whether a node is an operator of ONNX itself."""
    if node.domain not in ("", "ai.onnx"):
        return False
    from onnx import defs

    return bool(defs.has(node.op_type))


def _layer(node: Any) -> str:
    """A node's place, as its exporter names it: /layers/0/conv1/Conv."""
    parts = [part for part in (node.name or node.op_type).replace(".", "/").split("/") if part]
    return ".".join(parts)


def _attribute(node: Any, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return attribute.s if attribute.type == 3 else attribute.i
    return default
