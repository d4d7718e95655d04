"""A graph of ONNX with the shape of every value, walked node by node."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .fault import Unusable
from .onnx_nodes import (
    BITS,
    CONVOLUTIONS,
    FREE,
    MATRICES,
    STANDARD,
    attribute_of,
    constants,
    known,
    layer,
    packed,
    standard,
)
from .onnx_sizes import Sizes
from .onnx_stand_in import stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator


#: A loop's body is written out up to so many times.
_MOST_TURNS = 1000
_LOOPS = {"Loop", "Scan", "If"}


class Graph(Sizes):
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
        stand_in(copy.graph, weights)
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
        self.packed = packed(model.graph)
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
        unread = sum(self.weight(name) for name in self.weights if name not in self.counted)
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
            if kind in BITS and (self.weight(name) or name in self.packed):
                title = self.onnx.TensorProto.DataType.Name(kind).lower()
                row = types.setdefault(title, {"tensors": 0, "elements": 0, "bytes": 0.0})
                row["tensors"] += 1
                row["elements"] += self.weight(name)
                row["bytes"] += math.prod(shape) * BITS[kind] / 8
        sums = {key: sum(row[key] for row in types.values()) for key in ("tensors", "elements", "bytes")}
        return {**sums, "types": types}

    def _walk(self, graph: Any) -> Iterator[dict[str, Any]]:
        for node in graph.node:
            if node.op_type in _LOOPS:
                yield from self._inner(node)
            elif node.op_type == "Attention" and node.domain not in STANDARD:
                yield from self._projected(node)
            elif node.op_type not in FREE:
                yield self._op(node)

    def _inner(self, node: Any) -> Iterator[dict[str, Any]]:
        """A loop's body as often as it runs, where that is known, or one branch of a choice."""
        bodies = {attribute.name: attribute.g for attribute in node.attribute if attribute.HasField("g")}
        if node.op_type == "If":
            self._remark(f"{layer(node)}: its then-branch is counted")
            yield from self._walk(bodies["then_branch"])
            return
        turns = self._turns(node)
        if turns is None or turns > _MOST_TURNS:
            self._remark(f"{layer(node)}: how often it runs is not known, so its body is counted once")
            turns = 1
        for _ in range(turns):
            yield from self._walk(bodies["body"])

    def _turns(self, node: Any) -> int | None:
        """How often a loop runs: a constant, or the length of what is scanned."""
        if node.op_type == "Scan":
            scanned = node.input[-attribute_of(node, "num_scan_inputs", 1)]
            shape = self.shapes.get(scanned)
            return shape[0] if shape else None
        for tensor in constants(self.model.graph):
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
        heads = attribute_of(node, "num_heads", 1)
        q = {"batch": x[0], "heads": heads, "kv_heads": heads, "q": x[1], "kv": x[1],
             "head_dim": wide // 3 // heads, "causal": attribute_of(node, "unidirectional", 0)}  # fmt: skip
        yield {**op, "kind": "gemm", "dims": {"m": rows, "n": wide, "k": x[2], "batch": 1},
               "write": rows * wide, "layer": f"{op['layer']}.qkv"}  # fmt: skip
        yield {"kind": "attention", "layer": op["layer"], "dims": q, "read": rows * wide,
               "write": op["write"], "weights": 0, "parameters": 0, "saved": rows * wide}  # fmt: skip

    def _op(self, node: Any) -> dict[str, Any]:
        missing = [name for name in (*node.input, *node.output) if name and name not in self.shapes]
        if missing and self.fault and node.op_type in MATRICES | CONVOLUTIONS:
            raise Unusable(f"the shapes of {layer(node)} do not go together: {self.fault}")
        if missing and standard(node):
            self._remark(
                f"{layer(node)}: the size of '{missing[0]}' is not known, so only the rest is counted"
            )
        sized = node.output and node.output[0] in self.shapes
        kind, dims, extra = self.plain(node) if missing and not (sized and known(node)) else self.kind(node)
        op = {"kind": kind, "layer": layer(node), "dims": dims, **extra}
        # A running mean and variance are stored, and not trained.
        taken = node.input[:3] if node.op_type == "BatchNormalization" else node.input
        weights = [name for name in dict.fromkeys(taken) if self.weight(name)]
        self.counted.update(set(node.input) - set(taken))
        rest = [name for name in dict.fromkeys(node.input) if name and name not in self.weights]
        op["write"] = sum(self.elements(name) for name in node.output if name)
        op["read"] = op["write"] if kind == "embedding" else sum(self.elements(name) for name in rest)
        op["weights"] = 0 if kind == "embedding" else sum(self.weight(name) for name in weights)
        op["parameters"] = sum(self.weight(name) for name in weights if name not in self.counted)
        self.counted.update(weights)
        if kind in ("gemm", "conv", "norm", "attention"):
            op["saved"] = op["read"]
        elif kind == "pointwise" and "backward" not in op:
            op["saved"] = op["write"]
        return op
