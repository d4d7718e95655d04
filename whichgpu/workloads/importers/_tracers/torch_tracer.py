"""One forward pass of a module, noted operator by operator.

Every operator that moves data is noted, with the module it stands in, the sizes of its product and the
elements that it reads, writes and keeps for the backward pass; views are free.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from .torch_kinds import FREE, PRODUCTS, UNCOUNTED, attention, bilinear, convolution, plain, product
from .torch_modes import dispatch_mode, function_mode, placing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def tensors(torch: Any, tree: Any) -> list[Any]:
    from torch.utils._pytree import tree_leaves

    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


class Tracer:
    """One forward pass, noted operator by operator."""

    def __init__(self, torch: Any, module: Any, device: str) -> None:
        self.torch, self.module, self.device = torch, module, device
        self.unknown: dict[str, int] = {}
        self.remarks: dict[str, None] = {}
        self.ops: list[dict[str, Any]] = []
        self.scopes = [""]
        self.paused = 0
        self.kept: list[Any] = []
        self.weights = {self._key(t): (name, t) for name, t in module.named_parameters()}
        self.buffers = {self._key(t) for t in module.buffers()}
        self.counted: set[int] = set()
        self.saved: set[int] = set()
        self.starting: set[str] = self._layers()

    def run(self, arguments: Any, keywords: Any) -> list[dict[str, Any]]:
        """Run the module and give what was noted; unread parameters come last."""
        torch = self.torch
        trained = [p for p in self.module.parameters() if p.is_floating_point()]
        for one in trained:
            one.requires_grad_(True)
        hooks = torch.autograd.graph.saved_tensors_hooks(self._keep, lambda kept: kept)
        placed = torch.device(self.device), placing(torch, self.device)
        modes = placed[0], placed[1], function_mode(torch, self), dispatch_mode(torch, self)
        with contextlib.ExitStack() as stack:
            for mode in (self._modules(), *modes, hooks):
                stack.enter_context(mode)
            self.module(*arguments, **keywords)
        unread = sum(t.numel() for key, (_, t) in self.weights.items() if key not in self.counted)
        if unread:
            self.ops.append(
                {"kind": "copy", "layer": "unread", "dims": {"elements": 0}, "parameters": unread}
            )
        return self.ops

    def said(self) -> list[str]:
        """What is not sure about the count."""
        named = [f"{count} x {name}" for name, count in sorted(self.unknown.items())]
        return [*self.remarks, *([f"not known, counted as bytes: {', '.join(named)}"] if named else [])]

    def _layers(self) -> set[str]:
        """Names of repeated layers: children of a list whose members are of one class."""
        found: set[str] = set()
        for name, module in self.module.named_modules():
            children = list(module.named_children())
            listed = isinstance(module, self.torch.nn.ModuleList | self.torch.nn.Sequential)
            if listed and len(children) > 1 and len({type(child) for _, child in children}) == 1:
                found |= {f"{name}.{key}" if name else key for key, _ in children}
        return found

    @contextlib.contextmanager
    def _modules(self) -> Iterator[None]:
        """Keep the name of the module that runs."""
        hooks = []
        for name, module in self.module.named_modules():
            if isinstance(module, self.torch.jit.ScriptModule):
                continue
            hooks.append(module.register_forward_pre_hook(self._entering(name)))
            hooks.append(module.register_forward_hook(self._leaving, always_call=True))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _entering(self, name: str) -> Callable[[Any, Any], None]:
        def enter(_module: Any, _inputs: Any) -> None:
            self.scopes.append(name)

        return enter

    def _leaving(self, _module: Any, _inputs: Any, _outputs: Any) -> None:
        self.scopes.pop()

    def _key(self, tensor: Any) -> int:
        return int(tensor.untyped_storage()._cdata)

    def _size(self, tensor: Any) -> float:
        """Elements behind a tensor; what is no number of the model counts by its bytes, over two."""
        storage = tensor.untyped_storage().nbytes() // tensor.element_size()
        count = float(min(tensor.numel(), storage) if storage else tensor.numel())
        wide = tensor.is_floating_point() or tensor.is_complex()
        return count if wide else count * int(tensor.element_size()) / 2

    def _keep(self, tensor: Any) -> Any:
        """Autograd keeps a tensor for the backward pass: count each storage once, weights apart."""
        key = self._key(tensor)
        known = key in self.weights or key in self.buffers or key in self.saved
        if not known and not self.paused and self.ops:
            self.saved.add(key)
            self.kept.append(tensor)
            last = self.ops[-1]
            last["saved"] = last.get("saved", 0) + self._size(tensor)
        return tensor

    def note(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """One operator."""
        name = func.overloadpacket.__name__
        if self.paused or name in FREE or func.is_view:
            return
        inputs, outputs = tensors(self.torch, (args, kwargs)), tensors(self.torch, out)
        if not outputs:
            return
        packed = [one.unpack() for one in args if hasattr(one, "unpack")]
        if packed:
            weight, bias = packed[0][:2]
            self._packed(name, weight, bias, inputs, outputs)
            return
        if func.namespace not in ("aten", "prims") or name.startswith(UNCOUNTED):
            full = f"{func.namespace}.{name}"
            self.unknown[full] = self.unknown.get(full, 0) + 1
        op = self._op(name, args, inputs, outputs)
        self._add(op, inputs, outputs)

    def _op(self, name: str, args: tuple[Any, ...], inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
        if name in PRODUCTS:
            left, right = (args[index] for index in PRODUCTS[name])
            return {"kind": "gemm", "dims": product(left.shape, right.shape), "part": "linear"}
        if name in ("convolution", "_convolution", "cudnn_convolution", "mkldnn_convolution"):
            return {"kind": "conv", "dims": convolution(args, outputs[0]), "part": "conv"}
        if name.startswith("_scaled_dot_product"):
            return {"kind": "attention", "dims": attention(*args[:3], causal=False), "part": "attention"}
        if name == "_trilinear":
            return {"kind": "gemm", "dims": bilinear(*args[:3]), "part": "linear"}
        if name == "embedding":
            return {"kind": "embedding", "dims": {"elements": outputs[0].numel()}, "part": "embedding"}
        return plain(name, max(t.numel() for t in (*inputs, *outputs)))

    def attention(self, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """Fused attention as one operator."""
        names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        q, k, v = given["query"], given["key"], given["value"]
        causal = bool(given.get("is_causal"))
        op = {"kind": "attention", "dims": attention(q, k, v, causal=causal), "part": "attention"}
        self._add(op, [q, k, v], [out])
        for tensor in (q, k, v, out):
            self._keep(tensor)

    def _packed(self, name: str, weight: Any, bias: Any, inputs: list[Any], outputs: list[Any]) -> None:
        """A product whose quantised weights no module lists as its own (`torch.ao.nn.quantized`)."""
        held = [one for one in (weight, bias) if one is not None]
        for one in held:
            self.weights.setdefault(self._key(one), ("packed", one))
        window = weight.shape[2:].numel() if "conv" in name else 1
        op = {"kind": "gemm", "part": "linear",
              "dims": {"m": outputs[0].numel() // weight.shape[0], "n": weight.shape[0],
                       "k": weight.shape[1] * window, "batch": 1}}  # fmt: skip
        self._add(op, [*inputs, *held], outputs)

    def _add(self, op: dict[str, Any], inputs: list[Any], outputs: list[Any]) -> None:
        op["layer"] = self.layer(op.pop("part"))
        weights = {self._key(t): t for t in inputs if self._key(t) in self.weights}
        others = {self._key(t): t for t in inputs if self._key(t) not in self.weights}
        op["read"] = sum(self._size(t) for t in others.values())
        op["write"] = sum(self._size(t) for t in outputs)
        op["weights"] = 0 if op["kind"] == "embedding" else sum(t.numel() for t in weights.values())
        op["parameters"] = sum(self._first(key) for key in weights)
        if op["kind"] == "embedding":
            op["read"] += op["write"]
        if op["kind"] in ("gemm", "conv") and weights and not any(t.requires_grad for t in others.values()):
            op["backward"] = "weight"
        self._starts(op, self.scopes[-1])
        self.ops.append(op)

    def layer(self, part: str) -> str:
        """The name of a part of the module that runs."""
        return f"{self.scopes[-1]}.{part}" if self.scopes[-1] else part

    def first_met(self, weight: Any) -> int:
        """Parameters of a weight where it is met first; none of what was made on the way."""
        key = self._key(weight)
        return self._first(key) if key in self.weights else 0

    def _first(self, key: int) -> int:
        """Parameters of a weight where it is met first."""
        if key in self.counted:
            return 0
        self.counted.add(key)
        return int(self.weights[key][1].numel())

    def _starts(self, op: dict[str, Any], scope: str) -> None:
        """Whether a repeated layer begins here; of nested ones the outermost."""
        for name in sorted(self.starting, key=len):
            if scope == name or scope.startswith(f"{name}."):
                op["starts"] = 1
                self.starting = {
                    one for one in self.starting if one != name and not one.startswith(f"{name}.")
                }
                return
