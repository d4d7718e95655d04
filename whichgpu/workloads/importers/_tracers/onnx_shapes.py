"""Shapes of what operators beyond ONNX's own make: onnxruntime's by their definitions, others as they enter.

Each is told to onnx as an operator of its own, so that its inference goes through a graph that holds them.
Letters: B batch, S tokens, P tokens cached, D width.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .onnx_nodes import LEFT_RIGHT, STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Shape = list[int]
    #: Shapes of the inputs (None where not known or not given) and attributes to those of the outputs.
    Rule = Callable[[Sequence[Shape | None], Mapping[str, Any]], "list[Shape | None]"]

_NOBODY = "nobody defines it"
_FLOAT, _FLOATS = 1, (1, 10, 11, 16)


def register(onnx: Any, graph: Any) -> set[str]:
    """Tell onnx the operators of a graph that it does not know; gives those that nobody defines."""
    unknown: set[str] = set()
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                unknown |= register(onnx, attribute.g)
        if onnx.defs.has(node.op_type, node.domain):
            known = onnx.defs.get_schema(node.op_type, node.domain)
            unknown |= {node.op_type} if known.doc == _NOBODY else set()
            continue
        rule = _RULES.get(node.op_type) if node.domain not in STANDARD else None
        unknown |= {node.op_type} if rule is None else set()
        schema = onnx.defs.OpSchema(node.op_type, node.domain, 1, "" if rule else _NOBODY)
        schema.set_type_and_shape_inference_function(_inference(onnx, rule or _alike))
        onnx.defs.register_schema(schema)
    return unknown


def forget(onnx: Any, graph: Any, names: set[str]) -> None:
    """Tell onnx that nothing is known of what these operators make."""
    for node in graph.node:
        if node.op_type in names and onnx.defs.has(node.op_type, node.domain):
            onnx.defs.deregister_schema(node.op_type, 1, node.domain)


def imported(model: Any) -> None:
    """Import every domain that a node of the model names, which files forget."""
    known = {one.domain for one in model.opset_import}
    for domain in {node.domain for node in model.graph.node} - known - set(STANDARD):
        model.opset_import.add(domain=domain, version=1)


def _inference(onnx: Any, rule: Rule) -> Callable[[Any], None]:
    def infer(context: Any) -> None:
        types = [context.get_input_type(i) if context.has_input(i) else None
                 for i in range(context.get_num_inputs())]  # fmt: skip
        attributes = _Attributes(context)
        try:
            made = rule(_Shapes(_shape(one) for one in types), attributes)
        except (TypeError, IndexError, ZeroDivisionError):
            return  # a shape that it needs is not known
        kind = types[0].tensor_type.elem_type if types and types[0] is not None else _FLOAT
        kind = _FLOAT if kind not in _FLOATS and rule is not _alike else kind
        for place, shape in enumerate(made[: context.get_num_outputs()]):
            if shape is not None:
                tensor = onnx.helper.make_tensor_type_proto(kind, shape)
                context.set_output_type(place, tensor)

    return infer


class _Shapes(list["Shape | None"]):
    """Shapes by place; None beyond the last."""

    def __getitem__(self, place: Any) -> Any:
        return super().__getitem__(place) if place < len(self) else None


class _Attributes(dict[str, Any]):
    """Attributes by name, asked for as they are needed."""

    def __init__(self, context: Any) -> None:
        super().__init__()
        self._context = context

    def get(self, name: str, default: Any = None) -> Any:
        found = self._context.get_attribute(name)
        if found is None:
            return default
        return {2: found.i, 3: found.s, 6: list(found.ints), 7: list(found.ints)}.get(found.type, default)


def _shape(one: Any) -> Shape | None:
    if one is None or not one.HasField("tensor_type") or not one.tensor_type.HasField("shape"):
        return None
    sides = one.tensor_type.shape.dim
    return [side.dim_value for side in sides] if all(side.HasField("dim_value") for side in sides) else None


def _alike(shapes: Any, _attributes: Any) -> list[Shape | None]:
    return [shapes[0]]


def _skipped(shapes: Any, _attributes: Any) -> list[Shape | None]:
    """A norm of a sum, and as its last output the sum."""
    return [shapes[0], None, None, shapes[0]]


def _wider(shapes: Any, _attributes: Any) -> list[Shape | None]:
    """Elementwise over two quantised operands, each with a scale and a zero point."""
    return [shapes[0] if math.prod(shapes[0]) >= math.prod(shapes[3]) else shapes[3]]


def _product(left: int, right: int) -> Rule:
    def rule(shapes: Any, attributes: Any) -> list[Shape | None]:
        a, b = list(shapes[left]), list(shapes[right])
        if attributes.get("transA", 0):
            a[-1], a[-2] = a[-2], a[-1]
        if attributes.get("transB", 0):
            b[-1], b[-2] = b[-2], b[-1]
        lead = a[:-2] if len(a) >= len(b) else b[:-2]
        return [[*lead, a[-2], b[-1]]]

    return rule


def _packed_product(shapes: Any, attributes: Any) -> list[Shape | None]:
    return [[*shapes[0][:-1], attributes.get("N")]]


def _embedded(shapes: Any, _attributes: Any) -> list[Shape | None]:
    shape = [*shapes[0], shapes[2][-1]]
    return [shape, shapes[0][:1], shape]


def _projected(shapes: Any, attributes: Any) -> list[Shape | None]:
    """(B, S, D) with the weights of query, key and value inside."""
    batch, tokens = shapes[0][:2]
    widths = attributes.get("qkv_hidden_sizes") or [shapes[1][-1] // 3] * 3
    heads = attributes.get("num_heads", 1)
    past = shapes[4][3] if shapes[4] else 0
    return [[batch, tokens, widths[2]], [2, batch, heads, past + tokens, widths[0] // heads]]


def _heads(shapes: Any, attributes: Any) -> list[Shape | None]:
    """(B, S, D) queries, or (B, S, N, 3, H) with keys and values inside; caches of 4 sides after."""
    q, k, v = shapes[0], shapes[1], shapes[2]
    heads = attributes.get("num_heads", 1)
    grouped = attributes.get("kv_num_heads", 0) or heads
    if len(q) == 5:
        width, size = q[2] * q[4], q[4]
    elif k is None and v is None:
        size = q[-1] // (heads + 2 * grouped)
        width = heads * size
    else:
        size = q[-1] // heads
        width = v[-1] if v is not None and len(v) == 3 and grouped == heads else q[-1]
    past = next((one[2] for one in list(shapes)[3:8] if one and len(one) == 4), 0)
    own = k[2] if k is not None and len(k) == 4 else k[1] if k is not None else q[1]
    cache = [q[0], grouped, past + own, size]
    return [[*q[:2], width], cache, cache]


def _looked_up(shapes: Any, attributes: Any) -> list[Shape | None]:
    data, places = list(shapes[0]), shapes[1]
    axis = attributes.get("gather_axis", 0)
    return [[*data[:axis], *places, *data[axis + 1 :]]]


def _pooled(shapes: Any, attributes: Any) -> list[Shape | None]:
    x = shapes[0]
    return [[x[0], *[1] * (len(x) - 2), x[-1]] if attributes.get("channels_last", 0)
            else [*x[:2], *[1] * (len(x) - 2)]]  # fmt: skip


def _convolved(*, last: bool) -> Rule:
    def rule(shapes: Any, attributes: Any) -> list[Shape | None]:
        x, weight = shapes[0], shapes[1]
        sides = x[1:-1] if last else x[2:]
        window = weight[1:-1] if last else weight[2:]
        ones = [1] * len(sides)
        strides, dilations = attributes.get("strides", ones), attributes.get("dilations", ones)
        if attributes.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER"):
            out = [-(-side // step) for side, step in zip(sides, strides, strict=True)]
        else:
            pads = attributes.get("pads", [0] * (2 * len(sides)))
            padded = [side + pads[i] + pads[i + len(sides)] for i, side in enumerate(sides)]
            each = zip(padded, dilations, window, strides, strict=True)
            out = [(side - gap * (wide - 1) - 1) // step + 1 for side, gap, wide, step in each]
        return [[x[0], *out, weight[0]] if last else [x[0], weight[0], *out]]

    return rule


def _halved(shapes: Any, _attributes: Any) -> list[Shape | None]:
    return [[*shapes[0][:-1], shapes[0][-1] // 2]]


def _recurrent(shapes: Any, attributes: Any) -> list[Shape | None]:
    steps, batch = shapes[0][:2]
    ways = 2 if attributes.get("direction", b"forward") == b"bidirectional" else 1
    hidden = attributes.get("hidden_size")
    return [[steps, ways, batch, hidden], [ways, batch, hidden], [ways, batch, hidden]]


_RULES: Mapping[str, Rule] = {
    **{name: _product(*places) for name, places in LEFT_RIGHT.items()},
    **dict.fromkeys(("MatMulNBits", "MatMulBnb4"), _packed_product),
    **dict.fromkeys(
        ("SimplifiedLayerNormalization", "BiasGelu", "FastGelu", "QuickGelu", "Gelu", "RotaryEmbedding",
         "BiasAdd", "BiasSoftmax", "BiasDropout", "GroupNorm", "MoE", "QMoE", "QLinearSigmoid",
         "QLinearLeakyRelu", "QLinearSoftmax", "Inverse"), _alike,
    ),
    **dict.fromkeys(
        ("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SkipGroupNorm"), _skipped
    ),
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), _wider),
    **dict.fromkeys(("Attention", "QAttention"), _projected),
    **dict.fromkeys(("MultiHeadAttention", "GroupQueryAttention", "DecoderMaskedMultiHeadAttention"), _heads),
    **dict.fromkeys(("FusedConv",), _convolved(last=False)),
    **dict.fromkeys(("NhwcConv", "NhwcFusedConv"), _convolved(last=True)),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), _alike),
    "EmbedLayerNormalization": _embedded, "GatherBlockQuantized": _looked_up, "BiasSplitGelu": _halved,
    "QLinearGlobalAveragePool": _pooled, "DynamicQuantizeLSTM": _recurrent,
}  # fmt: skip
