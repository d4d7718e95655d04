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
    "Transpose", "Concat", "Slice", "Split", "Cast", "Pad", "Gather", "GatherND", "GatherElements",
    "Expand", "Tile", "Resize", "Upsample", "DepthToSpace", "SpaceToDepth", "ScatterND",
    "ScatterElements", "Where", "ReverseSequence", "QuantizeLinear", "DequantizeLinear",
    "DynamicQuantizeLinear",
}  # fmt: skip
_NORMS = {
    "BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization",
    "RMSNormalization", "SimplifiedLayerNormalization", "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization", "LpNormalization", "MeanVarianceNormalization", "LRN",
    "EmbedLayerNormalization",
}  # fmt: skip
_LINEAR = {"Add", "Sub", "Neg", "Sum", "Mean", "ReduceMean", "ReduceSum"}
_MATRICES = {"MatMul", "Gemm", "MatMulInteger", "QLinearMatMul", "QGemm", "FusedMatMul", "MatMulNBits"}
_CONVOLUTIONS = {"Conv", "ConvInteger", "QLinearConv", "ConvTranspose", "FusedConv"}
_ATTENTION = {"Attention", "MultiHeadAttention", "GroupQueryAttention"}
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
#: Element types of weights: floats and 8-bit integers (and, packed, smaller ones).
_WEIGHTS = {1, 2, 3, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23}
_STANDARD = ("", "ai.onnx")
#: Bits of a stored element by its type.
_BITS = {1: 32, 2: 8, 3: 8, 10: 16, 11: 64, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4}
#: Constants up to this many values are kept: shapes are computed from them.
_SMALL = 4096
_LOOPS = {"Loop", "Scan", "If"}
#: A side of an input above this is damage; a loop's body is written out up to so many times.
_LARGEST, _MOST_TURNS = 10**9, 1000
#: Operators beyond the standard (onnxruntime's) whose first output has the shape of their first input.
_ALIKE = {
    "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SimplifiedLayerNormalization", "BiasGelu",
    "FastGelu", "QuickGelu", "Gelu", "RotaryEmbedding", "GroupQueryAttention", "MultiHeadAttention",
    "Attention", "BiasAdd", "GroupNorm",
}  # fmt: skip


def trace(request: dict[str, Any], lock: Callable[[], None]) -> dict[str, Any]:
    """The operators of the graph for one batch and, where it takes another, for twice that."""
    try:
        import onnx
        import onnx.inliner
    except ImportError:
        raise Unusable("the onnx package is not installed; pip install 'whichgpu[onnx]'") from None
    lock()
    try:
        model = onnx.load(request["file"], load_external_data=False)
    except Exception as fault:
        raise Unusable(f"no ONNX file: {type(fault).__name__}: {str(fault)[:200]}") from None
    if not model.graph.node:
        raise Unusable("no ONNX file, or one without a single operator")
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    weights = _strip(model.graph)
    _connected(model.graph, {value.name for value in model.graph.input} | set(weights))
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
            "name": model.graph.name or "graph", "file": first.stored()}  # fmt: skip


def _connected(graph: Any, known: set[str]) -> None:
    """Refuse a graph in which a node reads what no node before it makes; inner graphs see the outer ones."""
    known = set(known)
    for node in graph.node:
        lost = [name for name in node.input if name and name not in known]
        if lost:
            raise Unusable(f"{_layer(node)} reads '{lost[0]}', which nothing before it makes; export it anew")
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _connected(attribute.g, known | {value.name for value in attribute.g.input})
        known.update(node.output)


def _strip(graph: Any) -> dict[str, tuple[list[int], int]]:
    """Shapes and types of the weights; their values go, so that nothing large is passed around."""
    found: dict[str, tuple[list[int], int]] = {}
    for sparse in graph.sparse_initializer:
        found[sparse.values.name] = (list(sparse.dims), sparse.values.data_type)
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
        if side.dim_value > _LARGEST:
            raise Unusable(f"input '{value.name}': size {place} is {side.dim_value:,}; is the file damaged?")
        if side.dim_value > 0 or (side.HasField("dim_value") and side.dim_value == 0):
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
        _stand_in(copy.graph, weights)
        self.fault = ""
        try:
            onnx.shape_inference.infer_shapes(copy, strict_mode=True, data_prop=True)
        except Exception as fault:
            self.fault = " ".join(str(fault).split())[:200]
        try:
            inferred = onnx.shape_inference.infer_shapes(copy, strict_mode=False, data_prop=True)
        except Exception:
            raise Unusable(f"its shapes do not go together: {self.fault}") from None
        self.model, self.onnx = model, onnx
        self.weights = weights
        self.packed = _packed(model.graph)
        self.shapes = {name: shape for name, (shape, _) in weights.items()}
        self.counted: set[str] = set()
        self.notes: list[str] = []
        self.unknown: dict[str, int] = {}
        self._read_shapes(inferred.graph)

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

    def _read_shapes(self, graph: Any) -> None:
        """Every shape that inference found, of inner graphs too."""
        for value in (*graph.value_info, *graph.input, *graph.output):
            sides = value.type.tensor_type.shape.dim
            if value.type.tensor_type.HasField("shape") and all(s.HasField("dim_value") for s in sides):
                self.shapes.setdefault(value.name, [side.dim_value for side in sides])
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    self._read_shapes(attribute.g)

    def stored(self) -> dict[str, Any]:
        """Tensors, values and bytes of the weights, in all and by type, as the file has them."""
        types: dict[str, dict[str, float]] = {}
        for name, (shape, kind) in self.weights.items():
            if kind in _BITS and (self._weight(name) or name in self.packed):
                title = self.onnx.TensorProto.DataType.Name(kind).lower()
                row = types.setdefault(title, {"tensors": 0, "elements": 0, "bytes": 0.0})
                row["tensors"] += 1
                row["elements"] += self._weight(name)
                row["bytes"] += math.prod(shape) * _BITS[kind] / 8
        sums = {key: sum(row[key] for row in types.values()) for key in ("tensors", "elements", "bytes")}
        return {**sums, "types": types}

    def _walk(self, graph: Any) -> Iterator[dict[str, Any]]:
        for node in graph.node:
            if node.op_type in _LOOPS:
                yield from self._inner(node)
            elif node.op_type == "Attention" and node.domain not in _STANDARD:
                yield from self._projected(node)
            elif node.op_type not in _FREE:
                yield self._op(node)

    def _inner(self, node: Any) -> Iterator[dict[str, Any]]:
        """A loop's body as often as it runs, where that is known, or one branch of a choice."""
        bodies = {attribute.name: attribute.g for attribute in node.attribute if attribute.HasField("g")}
        if node.op_type == "If":
            self._remark(f"{_layer(node)}: its then-branch is counted")
            yield from self._walk(bodies["then_branch"])
            return
        turns = self._turns(node)
        if turns is None or turns > _MOST_TURNS:
            self._remark(f"{_layer(node)}: how often it runs is not known, so its body is counted once")
            turns = 1
        for _ in range(turns):
            yield from self._walk(bodies["body"])

    def _turns(self, node: Any) -> int | None:
        """How often a loop runs: a constant, or the length of what is scanned."""
        if node.op_type == "Scan":
            scanned = node.input[-_attribute(node, "num_scan_inputs", 1)]
            shape = self.shapes.get(scanned)
            return shape[0] if shape else None
        for tensor in _constants(self.model.graph):
            if tensor.name == node.input[0] and math.prod(tensor.dims) == 1:
                return max(0, int(self.onnx.numpy_helper.to_array(tensor).reshape(-1)[0]))
        return None

    def _remark(self, said: str) -> None:
        if said not in self.notes:
            self.notes.append(said)

    def _projected(self, node: Any) -> Iterator[dict[str, Any]]:
        """The Attention of onnxruntime: (B, S, D) x (D, 3 D) for query, key and value, then theirs."""
        op = self._op(node)
        x, weight = self.shapes.get(node.input[0]), self.shapes.get(node.input[1])
        if not x or not weight or len(x) != 3:
            yield op
            return
        rows, wide = x[0] * x[1], weight[-1]
        heads = _attribute(node, "num_heads", 1)
        q = {"batch": x[0], "heads": heads, "kv_heads": heads, "q": x[1], "kv": x[1],
             "head_dim": wide // 3 // heads, "causal": _attribute(node, "unidirectional", 0)}  # fmt: skip
        yield {**op, "kind": "gemm", "dims": {"m": rows, "n": wide, "k": x[2], "batch": 1},
               "write": rows * wide, "layer": f"{op['layer']}.qkv"}  # fmt: skip
        yield {"kind": "attention", "layer": op["layer"], "dims": q, "read": rows * wide,
               "write": op["write"], "weights": 0, "parameters": 0, "saved": rows * wide}  # fmt: skip

    def _op(self, node: Any) -> dict[str, Any]:
        missing = [name for name in (*node.input, *node.output) if name and name not in self.shapes]
        if missing and self.fault and node.op_type in _MATRICES | _CONVOLUTIONS:
            raise Unusable(f"the shapes of {_layer(node)} do not go together: {self.fault}")
        if missing and _standard(node):
            self._remark(
                f"{_layer(node)}: the size of '{missing[0]}' is not known, so only the rest is counted"
            )
        sized = node.output and node.output[0] in self.shapes
        kind, dims, extra = (
            self._plain(node) if missing and not (sized and _known(node)) else self._kind(node)
        )
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
        """Values of a weight, unpacked; constants that only shape things are none."""
        if name in self.packed:
            return self.packed[name]
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
        if node.op_type == "MatMulNBits":
            return {"m": math.prod(out[:-1]), "n": n, "k": k, "batch": 1}
        right = {"QLinearMatMul": 3}.get(node.op_type, 1)
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


def _stand_in(graph: Any, weights: dict[str, Any]) -> None:
    """Put operators of the same shapes in the place of those that inference does not know."""
    known = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    for sparse in graph.sparse_initializer:
        _declare(graph, sparse.values.name, weights[sparse.values.name][0])
    del graph.sparse_initializer[:]
    for node in graph.node:
        if node.domain in _STANDARD:
            continue
        if node.op_type == "MatMulNBits":
            name = f"{node.output[0]}:unpacked"
            if name not in known:
                _declare(graph, name, [_attribute(node, "K", 1), _attribute(node, "N", 1)])
            _becomes(node, "MatMul", [node.input[0], name])
        elif node.op_type in _ALIKE:
            _becomes(node, "Identity", [node.input[0]])


def _declare(graph: Any, name: str, shape: list[int]) -> None:
    value = graph.input.add(name=name)
    value.type.tensor_type.elem_type = 1
    for side in shape:
        value.type.tensor_type.shape.dim.add().dim_value = side


def _becomes(node: Any, op_type: str, inputs: list[str]) -> None:
    node.op_type, node.domain = op_type, ""
    del node.attribute[:], node.input[:], node.output[1:]
    node.input.extend(inputs)


def _packed(graph: Any) -> dict[str, int]:
    """Weights of several values a byte, by name: how many there are; their scales are no weights."""
    found: dict[str, int] = {}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            found.update(dict.fromkeys(node.input[2:], 0))
            found[node.input[1]] = _attribute(node, "K", 0) * _attribute(node, "N", 0)
    return found


def _known(node: Any) -> bool:
    """Whether an operator beyond the standard can be sized by its first output."""
    return node.domain not in _STANDARD and node.op_type in (*_ALIKE, *_MATRICES)


def _standard(node: Any) -> bool:
    """Whether a node is an operator of ONNX itself."""
    if node.domain not in _STANDARD:
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
