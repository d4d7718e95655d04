"""The sizes of a node: its product, or the elements that it moves.

Where a node has no product, `elements` is the largest of what it reads and writes.
"""

from __future__ import annotations

import math
from typing import Any

from .onnx_nodes import (
    ATTENTION,
    CONVOLUTIONS,
    COPIES,
    GATES,
    LEFT_RIGHT,
    LINEAR,
    MATRICES,
    NORMS,
    PACKED,
    UNCOUNTED,
    WEIGHTS,
    attribute_of,
)

#: Where the first size of the window stands among those of a weight; the second is what a channel reads.
_LAST = ("NhwcConv", "NhwcFusedConv")
#: Where the caches of keys begin among the inputs.
_CACHED = {
    "MultiHeadAttention": 6, "DecoderMaskedMultiHeadAttention": 5, "GroupQueryAttention": 3, "Attention": 4,
    "QAttention": 8,
}  # fmt: skip


class Sizes:
    """Shapes of values and weights by name, and what a node makes of them."""

    shapes: dict[str, list[int]]
    weights: dict[str, Any]
    #: Quantised weights: how many values each holds.
    packed: dict[str, int]
    #: Values that are a weight passed on, and which.
    passed: dict[str, str]
    #: Operators that nobody defines, and how often each kind of those not counted was met.
    undefined: set[str]
    unknown: dict[str, int]

    def elements(self, name: str) -> int:
        """Values behind a name; 0 where its shape is not known."""
        return math.prod(self.shapes.get(name, [0]))

    def weight(self, name: str) -> int:
        """Values of a weight, unpacked; constants that only shape things are none."""
        name = self.passed.get(name, name)
        if name in self.packed:
            return self.packed[name]
        if name not in self.weights:
            return 0
        shape, kind = self.weights[name]
        narrow = kind in (2, 3)
        return math.prod(shape) if kind in WEIGHTS and shape and not (narrow and len(shape) < 2) else 0

    def kind(self, node: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Kind and sizes of a node, and what else is known."""
        name = node.op_type
        if name in self.undefined:
            return self.plain(node)
        for names, kind, reader in (
            (MATRICES, "gemm", self._product), (CONVOLUTIONS, "conv", self._convolution),
            (GATES, "gemm", self._recurrent), (ATTENTION, "attention", self._attention),
            (("Einsum",), "gemm", self._einsum),
        ):  # fmt: skip
            if name in names:
                return kind, reader(node), {}
        if name in ("Gather", "GatherBlockQuantized") and self.weight(node.input[0]):
            return "embedding", {"elements": self.elements(node.output[0])}, {}
        return self.plain(node)

    def plain(self, node: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The same of a node without a product."""
        elements = max((self.elements(one) for one in (*node.input, *node.output) if one), default=0)
        dims, name = {"elements": elements}, node.op_type
        if name in self.undefined or name in UNCOUNTED or node.domain.startswith("ai.onnx.ml"):
            self.unknown[name] = self.unknown.get(name, 0) + 1
            return "copy", dims, {"backward": "linear"}
        if name in NORMS:
            return "norm", dims, {}
        if "Pool" in name:
            return "pool", dims, {"backward": "linear"}
        if name in COPIES:
            return "copy", dims, {"backward": "linear"}
        return "pointwise", dims, {"backward": "linear"} if name in LINEAR else {}

    def _product(self, node: Any) -> dict[str, Any]:
        out = self.shapes[node.output[0]]
        places = {"QLinearMatMul": (0, 3), **LEFT_RIGHT}.get(node.op_type, (0, 1))
        left = self.shapes[node.input[places[0]]]
        k = left[-2] if attribute_of(node, "transA", 0) else left[-1]
        n = out[-1] if out else 1
        # With a weight on the right all rows are one product; else every leading index is one of its own.
        if node.op_type in PACKED or len(self.shapes[node.input[places[1]]]) <= 2:
            return {"m": math.prod(out[:-1]), "n": n, "k": k, "batch": 1}
        return {"m": out[-2] if len(out) > 1 else 1, "n": n, "k": k, "batch": math.prod(out[:-2])}

    def _convolution(self, node: Any) -> dict[str, Any]:
        weight = self.shapes[node.input[3 if node.op_type == "QLinearConv" else 1]]
        x, out = self.shapes[node.input[0]], self.shapes[node.output[0]]
        if node.op_type in _LAST:
            x, out, weight = (_channels_first(one) for one in (x, out, weight))
        groups, window = attribute_of(node, "group", 1), math.prod(weight[2:])
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
        stored = self.shapes[node.input[2]]
        # onnxruntime's quantised one has its weights the other way round.
        hidden = stored[1] if node.op_type == "DynamicQuantizeLSTM" else stored[2]
        return {
            "m": length * batch,
            "n": GATES[node.op_type] * hidden * stored[0],
            "k": width + hidden,
            "batch": 1,
        }

    def _attention(self, node: Any) -> dict[str, Any]:
        """Queries against keys, and against those of a cache that is given."""
        q = self.shapes[node.input[0]]
        k = self.shapes.get(node.input[1]) if len(node.input) > 1 else None
        heads = attribute_of(node, "num_heads", 0) or attribute_of(node, "q_num_heads", 0) or 1
        kv_heads = attribute_of(node, "kv_num_heads", 0) or heads
        before = self.cached(node)
        causal = max(attribute_of(node, "is_causal", 0), attribute_of(node, "unidirectional", 0))
        if len(q) == 4 and k:
            return {"batch": q[0], "heads": q[1], "kv_heads": k[1], "q": q[2], "kv": k[2] + before,
                    "head_dim": q[3], "causal": causal}  # fmt: skip
        wide = q[4] if len(q) == 5 else q[-1] // (heads if k else heads + 2 * kv_heads)
        own = q[1] if not k else k[2] if len(k) == 4 else k[1]
        return {"batch": q[0], "heads": heads, "kv_heads": kv_heads, "q": q[1], "kv": own + before,
                "head_dim": wide, "causal": causal}  # fmt: skip

    def cached(self, node: Any) -> int:
        """Keys that a cache brings."""
        place = _CACHED[node.op_type]
        past = self.shapes.get(node.input[place]) if place < len(node.input) else None
        return past[-2] if past and len(past) > 3 else 0

    def _einsum(self, node: Any) -> dict[str, Any]:
        """All indices multiplied: what a sum of products costs at most."""
        equation = attribute_of(node, "equation", b"").decode().replace(" ", "")
        sides: dict[str, int] = {}
        for letters, name in zip(equation.split("->")[0].split(","), node.input, strict=False):
            sides.update(zip(letters, self.shapes[name], strict=False))
        out = math.prod(self.shapes[node.output[0]])
        return {"m": out, "n": 1, "k": math.prod(sides.values()) / max(1, out), "batch": 1}


def _channels_first(shape: list[int]) -> list[int]:
    return [shape[0], shape[-1], *shape[1:-1]]
