"""An ONNX file to operators: its graph with inferred shapes, never its weights.

Every node gets the sizes of its product, or the elements that it reads and writes. Nodes of a kind that is
not known are named and counted as bytes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .fault import Unusable
from .onnx_graph import Graph
from .onnx_nodes import constants, layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


#: A side of an input above this is damage.
_LARGEST = 10**9
#: Constants up to this many values are kept: shapes are computed from them.
_SMALL = 4096


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
    twins = _twins(model.graph)
    weights = _strip(model.graph)
    _connected(model.graph, {value.name for value in model.graph.input} | set(weights))
    shapes = _inputs(model.graph, request["inputs"], weights)
    places = _batched(model.graph, shapes)
    batch = next((shapes[name][place] for name, place in places), 0)
    try:
        first = Graph(onnx, model, shapes, weights, twins)
        ops, second = first.ops(), None
    except ZeroDivisionError:
        raise Unusable("a node has an attribute of 0 (heads, bits, groups) that must be more") from None
    if batch:
        doubled = {name: list(shape) for name, shape in shapes.items()}
        for name, place in places:
            doubled[name][place] *= 2
        try:
            more = Graph(onnx, model, doubled, weights, twins)
            second = more.ops()
        except Exception:
            more = None
        if more is None or (more.fault and not first.fault):
            second = None
            first.notes.append(f"it takes no other batch than {batch}, so work is scaled")
    inputs = [f"{name} {'x'.join(map(str, shape)) or 'scalar'}" for name, shape in shapes.items()]
    return {"first": ops, "second": second, "batch": batch or 1, "notes": first.said(), "inputs": inputs,
            "name": model.graph.name or "graph", "file": first.stored()}  # fmt: skip


def _twins(graph: Any) -> dict[str, str]:
    """Matrices that are the values of a table turned over, with its name: a tied head, stored once more."""
    import numpy as np

    read = {node.input[0] for node in graph.node if node.op_type == "Gather" and node.input}
    matrices = [one for one in graph.initializer if len(one.dims) == 2 and math.prod(one.dims) > _SMALL]
    tables = [one for one in matrices if one.name in read and one.raw_data]
    found = {}
    for other in matrices:
        for table in tables:
            alike = (table.data_type, *table.dims) == (other.data_type, *reversed(other.dims))
            if other.name in read or not alike or len(other.raw_data) != len(table.raw_data):
                continue
            wide = np.dtype(f"V{len(table.raw_data) // math.prod(table.dims)}")
            turned = np.frombuffer(other.raw_data, wide).reshape(other.dims).T.tobytes()
            if turned == table.raw_data:
                found[other.name] = table.name
    return found


def _connected(graph: Any, known: set[str]) -> None:
    """Refuse a graph in which a node reads what no node before it makes; inner graphs see the outer ones."""
    known = set(known)
    for node in graph.node:
        lost = [name for name in node.input if name and name not in known]
        if lost:
            raise Unusable(f"{layer(node)} reads '{lost[0]}', which nothing before it makes; export it anew")
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _connected(attribute.g, known | {value.name for value in attribute.g.input})
        known.update(node.output)


def _strip(graph: Any) -> dict[str, tuple[list[int], int]]:
    """Shapes and types of the weights; their values go, so that nothing large is passed around."""
    found: dict[str, tuple[list[int], int]] = {}
    for sparse in graph.sparse_initializer:
        found[sparse.values.name] = (list(sparse.dims), sparse.values.data_type)
    for tensor in constants(graph):
        found[tensor.name] = (list(tensor.dims), tensor.data_type)
        if math.prod(tensor.dims) > _SMALL:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(field)
    return found


def _inputs(graph: Any, stated: list[dict[str, Any]], weights: dict[str, Any]) -> dict[str, list[int]]:
    """The shape of each input: as stated, else as the file has it, with a batch of one where that is open."""
    wanted = [value for value in graph.input if value.name not in weights]
    by_name = {one["name"]: one["shape"] for one in stated if one["name"]}
    unnamed = iter([one["shape"] for one in stated if not one["name"]])
    batches = _batch_names(wanted)
    unknown = set(by_name) - {value.name for value in wanted}
    if unknown:
        raise Unusable(f"--input {unknown.pop()}: no such input; it has {', '.join(v.name for v in wanted)}")
    shapes = {}
    for value in wanted:
        shape = by_name.get(value.name) or next(unnamed, None) or _declared(value, batches)
        shapes[value.name] = [int(side) for side in shape]
    return shapes


def _batched(graph: Any, shapes: dict[str, list[int]]) -> list[tuple[str, int]]:
    """Where the batch stands among the inputs: sizes whose name says so, else the first of each."""
    batches = _batch_names([value for value in graph.input if value.name in shapes])
    named = [
        (value.name, place) for value in graph.input if value.name in shapes
        for place, side in enumerate(value.type.tensor_type.shape.dim[: len(shapes[value.name])])
        if side.dim_param in batches
    ]  # fmt: skip
    if named:
        return named
    first = next((shape[0] for shape in shapes.values() if shape), 0)
    return [(name, 0) for name, shape in shapes.items() if shape and shape[0] == first]


def _batch_names(values: Sequence[Any]) -> set[str]:
    """Names of open sizes that are a batch: as they say, or the only one behind sides that are fixed."""
    sides = [side for value in values for side in value.type.tensor_type.shape.dim]
    names = {side.dim_param for side in sides if side.dim_param}
    for says in (lambda name: "batch" in name, lambda name: name in ("b", "bs"), lambda name: name == "n"):
        found = {name for name in names if says(name.lower())}
        if found:
            return found
    firsts = [value.type.tensor_type.shape.dim[:1] for value in values]
    fixed = all(side.dim_value > 1 for first in firsts for side in first)
    return names if fixed and len(names) == 1 else set()


def _declared(value: Any, batches: set[str]) -> list[int]:
    """The sizes that the file states; one where the batch, or the first size, is open."""
    shape = []
    for place, side in enumerate(value.type.tensor_type.shape.dim):
        if side.dim_value > _LARGEST:
            raise Unusable(f"input '{value.name}': size {place} is {side.dim_value:,}; is the file damaged?")
        if side.dim_value < -1:
            raise Unusable(f"input '{value.name}': size {place} is {side.dim_value}, below one")
        if side.dim_value > 0 or (side.HasField("dim_value") and side.dim_value == 0):
            shape.append(side.dim_value)
        elif place == 0 or side.dim_param in batches:
            shape.append(1)
        else:
            name = side.dim_param or "without a name"
            raise Unusable(
                f"input '{value.name}': size {place} ({name}) is open; give --input {value.name}=1x.."
            )
    return shape
