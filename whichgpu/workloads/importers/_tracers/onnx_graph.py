"""A graph of ONNX with the shape of every value, walked node by node."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .fault import Unusable
from .onnx_nodes import (
    BITS,
    CONVOLUTIONS,
    EXPERTS,
    FREE,
    MATRICES,
    PASSING,
    STANDARD,
    attribute_of,
    constants,
    layer,
    packed,
)
from .onnx_shapes import forget, imported, register
from .onnx_sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Iterator


#: A loop's body is written out up to so many times.
_MOST_TURNS = 1000
#: How many of the first inputs are trained, where not all.
_TRAINED = {"BatchNormalization": 3, "LSTM": 4, "GRU": 4, "RNN": 4}
_LOOPS = {"Loop", "Scan", "If"}
#: Types of values that place or choose others, and weigh nothing: int64, bool.
_INDICES = (7, 9)


class Graph(Sizes):
    """A graph with the shapes of every value, for given inputs."""

    def __init__(
        self, onnx: Any, model: Any, inputs: dict[str, list[int]], weights: dict[str, Any],
        twins: dict[str, str],
    ) -> None:  # fmt: skip
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
        for sparse in copy.graph.sparse_initializer:
            _declare(copy.graph, sparse.values.name, weights[sparse.values.name][0])
        del copy.graph.sparse_initializer[:]
        imported(copy)
        self.model, self.onnx = model, onnx
        self.undefined = register(onnx, copy.graph)
        self.weights, self.passed = weights, {}
        self.packed = packed(model.graph, weights)
        self.shapes = {name: shape for name, (shape, _) in weights.items()}
        self.counted: set[str] = set(twins)
        self.notes: list[str] = [
            f"'{name}' holds the values of '{table}' once more: parameters count once, bytes as stored"
            for name, table in twins.items()
        ]
        self.unsized: dict[str, int] = {}
        self.unknown: dict[str, int] = {}
        self.indices: set[str] = set()
        self.fault = ""
        self._read_shapes(self._inferred(copy).graph)
        self._pass_weights()

    def _inferred(self, copy: Any) -> Any:
        """The model with every shape that can be told."""
        infer = self.onnx.shape_inference.infer_shapes
        for again in (True, False):
            self.fault = ""
            try:
                infer(copy, strict_mode=True, data_prop=True)
            except Exception as fault:
                self.fault = " ".join(str(fault).split())[:200]
            if not (self.fault and self.undefined and again):
                break
            # What nobody defines need not give the shape of its first input.
            forget(self.onnx, copy.graph, self.undefined)
        try:
            return infer(copy, strict_mode=False, data_prop=True)
        except Exception:
            raise Unusable(f"its shapes do not go together: {self.fault}") from None

    def _pass_weights(self) -> None:
        """Weights that are turned or made wide before use count where they are used."""
        for node in self.model.graph.node:
            if node.op_type in PASSING and self.weight(node.input[0]):
                self.passed[node.output[0]] = self.passed.get(node.input[0], node.input[0])
                self.counted.update(node.input[1:])

    def said(self) -> list[str]:
        """What is not sure about the count."""
        named = [f"{count} x {name}" for name, count in sorted(self.unknown.items())]
        sizes = [f"{count} x {name}" for name, count in sorted(self.unsized.items())]
        said = list(self.notes)
        if sizes:
            said.append(f"sizes are not known, so only the rest is counted: {', '.join(sizes)}")
        if named:
            said.append(f"not known, counted as bytes: {', '.join(named)}")
        return said

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
            if value.type.tensor_type.elem_type in _INDICES:
                self.indices.add(value.name)
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
            if any(name in self.passed for name in node.output):
                continue
            if node.op_type in _LOOPS:
                yield from self._inner(node)
            elif node.op_type in ("Attention", "QAttention") and node.domain not in STANDARD:
                yield from self._projected(node)
            elif node.op_type in EXPERTS and node.domain not in STANDARD:
                yield from self._experts(node)
            elif node.op_type == "Reshape":
                self._check_reshape(node)
            elif node.op_type not in FREE:
                yield self._op(node)

    def _check_reshape(self, node: Any) -> None:
        """A shape that is written out holds for one batch; inference does not compare."""
        known = node.input[0] in self.shapes and node.output[0] in self.shapes
        before, after = self.elements(node.input[0]), self.elements(node.output[0])
        if known and before != after:
            raise Unusable(f"the shapes of {layer(node)} do not go together: {before:,} to {after:,} values")

    def _inner(self, node: Any) -> Iterator[dict[str, Any]]:
        """A loop's body as often as it runs, where that is known, or one branch of a choice."""
        bodies = {attribute.name: attribute.g for attribute in node.attribute if attribute.HasField("g")}
        if node.op_type == "If":
            yield from self._chosen(node, bodies)
            return
        turns = self._turns(node)
        if turns is None or turns > _MOST_TURNS:
            self._remark(f"{layer(node)}: how often it runs is not known, so its body is counted once")
            turns = 1
        for _ in range(turns):
            yield from self._walk(bodies["body"])

    def _chosen(self, node: Any, bodies: dict[str, Any]) -> list[dict[str, Any]]:
        """The operators of the branch that is taken, where that is a constant, else of the one of most work.

        Each branch is walked once, so that choices within choices take no longer than they are written.
        """
        constant = self._constant(node.input[0])
        if constant is not None:
            return list(self._walk(bodies["then_branch" if constant else "else_branch"]))
        before, found = self._told(), []
        for name in ("then_branch", "else_branch"):
            self.counted, self.unknown, self.unsized, self.notes = (kind(of) for kind, of in before)
            ops = list(self._walk(bodies[name]))
            found.append((sum(map(_work, ops)), name, ops, self._told()))
        _, dearer, ops, told = max(found, key=lambda one: one[0])
        self.counted, self.unknown, self.unsized, self.notes = (of for _, of in told)
        self._remark(f"{layer(node)}: its {dearer.replace('_', '-')} is counted, which is no less work")
        return ops

    def _told(self) -> list[tuple[Any, Any]]:
        """What walking adds to, with what copies it."""
        return [(type(of), of) for of in (self.counted, self.unknown, self.unsized, self.notes)]

    def _constant(self, name: str) -> int | None:
        """The value of a constant of one element."""
        for tensor in constants(self.model.graph):
            if tensor.name == name and math.prod(tensor.dims) == 1:
                return int(self.onnx.numpy_helper.to_array(tensor).reshape(-1)[0])
        return None

    def _turns(self, node: Any) -> int | None:
        """How often a loop runs: a constant, or the length of what is scanned."""
        if node.op_type == "Scan":
            scanned = node.input[-attribute_of(node, "num_scan_inputs", 1)]
            shape = self.shapes.get(scanned)
            return shape[0] if shape else None
        turns = self._constant(node.input[0])
        return None if turns is None else max(0, turns)

    def _remark(self, said: str) -> None:
        if said not in self.notes:
            self.notes.append(said)

    def _projected(self, node: Any) -> Iterator[dict[str, Any]]:
        """The Attention of onnxruntime: (B, S, D) x (D, 3 D) for query, key and value, then theirs."""
        x, weight = self.shapes.get(node.input[0]), self.shapes.get(node.input[1])
        if not x or not weight or len(x) != 3:
            yield self._op(node)
            return
        rows, wide = x[0] * x[1], weight[-1]
        heads = attribute_of(node, "num_heads", 1)
        q = {"batch": x[0], "heads": heads, "kv_heads": heads, "q": x[1],
             "kv": x[1] + self.cached(node), "head_dim": wide // 3 // heads,
             "causal": attribute_of(node, "unidirectional", 0)}  # fmt: skip
        op = self._moved(node, "gemm", {"m": rows, "n": wide, "k": x[2], "batch": 1}, {})
        yield {**op, "write": rows * wide, "layer": f"{op['layer']}.qkv"}
        yield {"kind": "attention", "layer": op["layer"], "dims": q, "read": rows * wide,
               "write": op["write"], "weights": 0, "parameters": 0, "saved": rows * wide}  # fmt: skip

    def _experts(self, node: Any) -> Iterator[dict[str, Any]]:
        """A mixture of experts: each token through k of E of them; weights (E, .., ..) of each product."""
        x, router = self.shapes.get(node.input[0]), self.shapes.get(node.input[1])
        names = [node.input[place] for place in EXPERTS[node.op_type] if place < len(node.input)]
        held = [self.weight(name) for name in names if name and self.weight(name)]
        if not x or not router or len(held) < 2:
            yield self._op(node)
            return
        whole = self._moved(node, "gemm", {}, {})
        width, count = x[-1], router[-1]
        rows = math.prod(x[:-1]) * attribute_of(node, "k", 4)
        inner = held[1] // (count * width)
        for place, values in enumerate(held):
            wide = values // (count * width)
            n, k = (width, inner) if place == 1 else (wide, width)
            first = place == 0
            dims = {"m": rows, "n": n, "k": k, "batch": 1}
            yield {
                **whole, "layer": f"{whole['layer']}.{place + 1}", "dims": dims,
                "read": rows * k, "write": rows * n, "saved": rows * k,
                "weights": values * min(1, rows / count), "parameters": whole["parameters"] if first else 0,
            }  # fmt: skip

    def _op(self, node: Any) -> dict[str, Any]:
        missing = [name for name in (*node.input, *node.output)
                   if name and name not in self.shapes and name not in self.indices]  # fmt: skip
        product = node.op_type in MATRICES | CONVOLUTIONS
        if missing and self.fault and product:
            raise Unusable(f"the shapes of {layer(node)} do not go together: {self.fault}")
        if missing and node.op_type not in self.undefined:
            self.unsized[node.op_type] = self.unsized.get(node.op_type, 0) + 1
        try:
            kind, dims, extra = self.kind(node)
        except (KeyError, IndexError):
            kind, dims, extra = self.plain(node)
        return self._moved(node, kind, dims, extra)

    def _moved(self, node: Any, kind: str, dims: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        """The operator with what it reads and writes."""
        op = {"kind": kind, "layer": layer(node), "dims": dims, **extra}
        # A running mean and variance, and what a state begins as, are stored, and not trained.
        given = [self.passed.get(name, name) for name in node.input]
        taken = given[: _TRAINED.get(node.op_type)]
        weights = [name for name in dict.fromkeys(taken) if self.weight(name)]
        self.counted.update(set(given) - set(taken))
        rest = [name for name in dict.fromkeys(given) if name and name not in self.weights]
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


def _work(op: dict[str, Any]) -> float:
    """Multiply-adds of a product, for comparison; 0 of the rest."""
    sizes = [
        op["dims"].get(name, 1) for name in ("m", "n", "k", "batch", "groups", "heads", "q", "kv", "head_dim")
    ]
    return float(math.prod(sizes)) if op["kind"] in ("gemm", "conv", "attention") else 0.0


def _declare(graph: Any, name: str, shape: list[int]) -> None:
    """A value of floats as an input."""
    value = graph.input.add(name=name)
    value.type.tensor_type.elem_type = 1
    for side in shape:
        value.type.tensor_type.shape.dim.add().dim_value = side
