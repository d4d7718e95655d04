"""Operators of the same shapes in the place of those that shape inference does not know."""

from __future__ import annotations

from typing import Any

from .onnx_nodes import ALIKE, STANDARD, attribute_of


def stand_in(graph: Any, weights: dict[str, Any]) -> None:
    """Put operators of the same shapes in the place of those that inference does not know."""
    known = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    for sparse in graph.sparse_initializer:
        _declare(graph, sparse.values.name, weights[sparse.values.name][0])
    del graph.sparse_initializer[:]
    for node in graph.node:
        if node.domain in STANDARD:
            continue
        if node.op_type == "MatMulNBits":
            name = f"{node.output[0]}:unpacked"
            if name not in known:
                _declare(graph, name, [attribute_of(node, "K", 1), attribute_of(node, "N", 1)])
            _becomes(node, "MatMul", [node.input[0], name])
        elif node.op_type in ALIKE:
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
