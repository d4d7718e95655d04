"""A PyTorch module to operators, in the confined process.

The module is built and run on PyTorch's meta device: shapes, no numbers. A module that looks at numbers is
run once more with real ones, under the same limits. Every operator that moves data is noted, with the module
it stands in, the sizes of its product and the elements that it reads, writes and keeps for the backward
pass; views are free. Uses nothing of this package.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: What a fault says that is due to shapes without values, or to two kinds of tensors met.
_MISSING = re.compile("meta|data-dependent|same device", re.IGNORECASE)
#: A module of at most so many parameters is run with real numbers where shapes are not enough.
_REAL = 200_000_000


class Unusable(Exception):
    """A fault in what the user gave, in words."""

    plain = True


def trace(request: dict[str, Any], lock: Callable[[], None]) -> dict[str, Any]:
    """The operators of the module that `request["factory"]` of `request["file"]` makes."""
    try:
        import torch
    except ImportError:
        raise Unusable("PyTorch is not installed for this Python; pip install 'whichgpu[torch]'") from None
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)
    # A compiled module is traced as what it was compiled from.
    torch.compile = _uncompiled
    lock()
    file = _imported(Path(request["file"]))
    found: dict[str, int] = {}
    try:
        return _traced(torch, file, request, "meta", found)
    except Exception as fault:
        if getattr(fault, "plain", False) or not _MISSING.search(str(fault)):
            raise
    if found.get("parameters", 0) <= _REAL:
        answer = _traced(torch, file, request, "cpu", found)
        answer["notes"].append("it looks at values, so it was run on the CPU instead of on shapes alone")
        return answer
    with _answering(torch):
        answer = _traced(torch, file, request, "meta", found)
    answer["notes"].append(
        "it looks at values; with no values at hand, every one it asked for was taken as 1, and what it "
        "picks by value (the tokens of an expert) as all of them"
    )
    return answer


def _uncompiled(model: Any = None, **_options: Any) -> Any:
    """Stands for `torch.compile`, as a function and as a decorator with options."""
    return (lambda one: one) if model is None else model


@contextlib.contextmanager
def _answering(torch: Any) -> Iterator[None]:
    """Let a tensor without values answer with one: true to a condition, all where some are picked."""
    import torch.fx.experimental._config as config

    names = {"item": 1, "__bool__": True, "__int__": 1, "__index__": 1, "__float__": 1.0}
    before = {name: getattr(torch.Tensor, name) for name in names}
    for name, value in names.items():
        setattr(torch.Tensor, name, _constant(value))
    try:
        with config.patch(meta_nonzero_assume_all_nonzero=True):
            yield
    finally:
        for name, method in before.items():
            setattr(torch.Tensor, name, method)


def _constant(value: Any) -> Callable[[Any], Any]:
    return lambda _tensor: value


def _imported(path: Path) -> Any:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Unusable("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _traced(
    torch: Any, file: Any, request: dict[str, Any], device: str, found: dict[str, int]
) -> dict[str, Any]:
    factory = getattr(file, request["factory"], None)
    if factory is None:
        public = [name for name in vars(file) if not name.startswith("_") and callable(getattr(file, name))]
        raise Unusable(f"it has no '{request['factory']}'; it has {', '.join(public) or 'no functions'}")
    with torch.device(device), _placing(torch, device):
        module = factory() if callable(factory) and not isinstance(factory, torch.nn.Module) else factory
        if not isinstance(module, torch.nn.Module):
            raise Unusable(f"'{request['factory']}' gives a {type(module).__name__}, not a torch.nn.Module")
        inputs = _inputs(torch, request["inputs"], (module, factory, file))
    module = module.to(device) if device == "meta" else module
    module.eval()
    _materialise(torch, module, _on(torch, inputs, device, 1))
    found["parameters"] = sum(one.numel() for one in module.parameters())
    arguments, keywords = _on(torch, inputs, device, 1)
    batch, notes = _batch(torch, (arguments, keywords)), []
    tracer = Tracer(torch, module, device)
    first = tracer.run(arguments, keywords)
    second = None
    if batch:
        try:
            second = Tracer(torch, module, device).run(*_on(torch, inputs, device, 2))
        except Exception as fault:
            notes.append(f"it takes no other batch than {batch} ({type(fault).__name__}), so work is scaled")
    return {
        "first": first, "second": second, "batch": batch or 1, "notes": [*notes, *tracer.said()],
        "inputs": [_shape(t) for t in _tensors(torch, (arguments, keywords))],
        "name": type(module).__name__,
    }  # fmt: skip


def _materialise(torch: Any, module: Any, inputs: tuple[Any, Any]) -> None:
    """Run a module with lazy parameters once, which gives them their shapes."""
    if any(torch.nn.parameter.is_lazy(one) for one in (*module.parameters(), *module.buffers())):
        module(*inputs[0], **inputs[1])


def _inputs(torch: Any, stated: list[dict[str, Any]], holders: tuple[Any, ...]) -> tuple[Any, Any]:
    """Positional and named inputs: stated ones, or `example_inputs` of the module, factory or file."""
    if stated:
        made = [(one["name"], _example(torch, one)) for one in stated]
        return tuple(t for name, t in made if not name), {name: t for name, t in made if name}
    for holder in holders:
        example = getattr(holder, "example_inputs", None)
        if example is not None:
            example = example() if callable(example) else example
            if isinstance(example, dict):
                return (), example
            return tuple(example) if isinstance(example, list | tuple) else (example,), {}
    raise Unusable("it states no example_inputs; give the shape of each input: --input 1x3x224x224")


def _example(torch: Any, one: dict[str, Any]) -> Any:
    dtype = getattr(torch, one["dtype"], None)
    if not isinstance(dtype, torch.dtype):
        raise Unusable(f"--input: '{one['dtype']}' is no dtype; write e.g. 1x128:int64")
    return torch.zeros(one["shape"], dtype=dtype)


def _on(torch: Any, inputs: tuple[Any, Any], device: str, times: int) -> tuple[Any, Any]:
    """The inputs on a device, their first dimension `times` as long where it is the batch."""
    from torch.utils._pytree import tree_map

    batch = _batch(torch, inputs)

    def moved(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        shape = list(leaf.shape)
        if shape and shape[0] == batch:
            shape[0] *= times
        return torch.zeros(shape, dtype=leaf.dtype, device=device)

    arguments, keywords = tree_map(moved, inputs)
    return arguments, keywords


def _batch(torch: Any, inputs: Any) -> int:
    """The first dimension of the first input."""
    shapes = [t.shape for t in _tensors(torch, inputs) if t.dim()]
    return int(shapes[0][0]) if shapes else 0


def _tensors(torch: Any, tree: Any) -> list[Any]:
    from torch.utils._pytree import tree_leaves

    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _shape(tensor: Any) -> str:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"{dtype} {'x'.join(str(side) for side in tensor.shape) or 'scalar'}"


#: Operators that move nothing, or that are no work of the model.
_FREE = {
    "_unsafe_view", "detach", "alias", "lift_fresh", "lift", "empty", "empty_like", "empty_strided",
    "new_empty", "new_empty_strided", "_local_scalar_dense", "_reshape_alias", "is_same_size",
}  # fmt: skip
_NORMS = {
    "native_layer_norm", "native_batch_norm", "_native_batch_norm_legit", "native_group_norm",
    "_native_batch_norm_legit_no_training", "_fused_rms_norm", "_batch_norm_no_update", "cudnn_batch_norm",
}  # fmt: skip
_COPIES = {
    "clone", "_to_copy", "copy", "copy_", "cat", "stack", "index", "index_select", "gather", "scatter",
    "roll", "constant_pad_nd", "index_put", "index_put_", "repeat", "upsample_nearest2d", "pixel_shuffle",
    "flip", "reflection_pad1d", "reflection_pad2d", "replication_pad2d", "contiguous", "slice_scatter",
    "im2col",
}  # fmt: skip
_LINEAR = {"add", "add_", "sub", "neg", "mean", "sum", "cumsum"}
#: Where the matrices of a product stand among the arguments.
_PRODUCTS = {
    "mm": (0, 1), "addmm": (1, 2), "bmm": (0, 1), "baddbmm": (1, 2), "mv": (0, 1), "dot": (0, 1),
    "_grouped_mm": (0, 1), "_scaled_mm": (0, 1), "_addmm_activation": (1, 2), "_int_mm": (0, 1),
    "addmv": (1, 2), "vdot": (0, 1), "addbmm": (1, 2),
}  # fmt: skip
#: Beginnings of operators that do more than they move, and are counted by their bytes all the same.
_UNCOUNTED = ("_fft_", "fft_", "linalg_", "_linalg_", "_cdist", "_weight_int", "_trilinear")
#: Operators that run a function of theirs: the place of the function, of what it is given, what is said.
_HIGHER = {
    "cond": (1, 3, "torch.cond: its first branch is counted"),
    "while_loop": (1, 2, "while_loop: its body is counted once"),
}


_DEVICE = re.compile(r"(?:cuda|cpu|mps|xpu|hpu|meta)(?::\d+)?")


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
        placed = torch.device(self.device), _placing(torch, self.device)
        modes = placed[0], placed[1], _function_mode(torch, self), _dispatch_mode(torch, self)
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
        if self.paused or name in _FREE or func.is_view:
            return
        inputs, outputs = _tensors(self.torch, (args, kwargs)), _tensors(self.torch, out)
        if not outputs:
            return
        if func.namespace not in ("aten", "prims") or name.startswith(_UNCOUNTED):
            full = f"{func.namespace}.{name}"
            self.unknown[full] = self.unknown.get(full, 0) + 1
        op = self._op(name, args, inputs, outputs)
        self._add(op, inputs, outputs)

    def _op(self, name: str, args: tuple[Any, ...], inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
        if name in _PRODUCTS:
            left, right = (args[index] for index in _PRODUCTS[name])
            return {"kind": "gemm", "dims": _product(left.shape, right.shape), "part": "linear"}
        if name in ("convolution", "_convolution", "cudnn_convolution", "mkldnn_convolution"):
            return {"kind": "conv", "dims": _convolution(args, outputs[0]), "part": "conv"}
        if name.startswith("_scaled_dot_product"):
            return {"kind": "attention", "dims": _attention(*args[:3], causal=False), "part": "attention"}
        if name == "embedding":
            return {"kind": "embedding", "dims": {"elements": outputs[0].numel()}, "part": "embedding"}
        return _plain(name, max(t.numel() for t in (*inputs, *outputs)))

    def attention(self, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """Fused attention as one operator."""
        names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        q, k, v = given["query"], given["key"], given["value"]
        causal = bool(given.get("is_causal"))
        op = {"kind": "attention", "dims": _attention(q, k, v, causal=causal), "part": "attention"}
        self._add(op, [q, k, v], [out])
        for tensor in (q, k, v, out):
            self._keep(tensor)

    def _add(self, op: dict[str, Any], inputs: list[Any], outputs: list[Any]) -> None:
        scope = self.scopes[-1]
        part = op.pop("part")
        op["layer"] = f"{scope}.{part}" if scope else part
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
        self._starts(op, scope)
        self.ops.append(op)

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


def _plain(name: str, elements: int) -> dict[str, Any]:
    """An operator without a product."""
    kind, backward = "pointwise", "full"
    if name in _NORMS:
        kind = "norm"
    elif "pool" in name:
        kind, backward = "pool", "linear"
    elif name in _COPIES:
        kind, backward = "copy", "linear"
    elif name in _LINEAR:
        backward = "linear"
    op = {"kind": kind, "dims": {"elements": elements}, "part": name.strip("_")}
    return op if backward == "full" else {**op, "backward": backward}


def _product(left: Any, right: Any) -> dict[str, float]:
    """(.., m, k) x (.., k, n)."""
    batch = left[0] if len(left) == 3 else 1
    k = left[-1]
    m = left[-2] if len(left) > 1 else 1
    n = right[-1] if len(right) > 1 else 1
    return {"m": m, "n": n, "k": k, "batch": batch}


def _convolution(args: tuple[Any, ...], out: Any) -> dict[str, float]:
    """The implicit product of a convolution (B, C, ..) with (out, C / g, window)."""
    x, weight, transposed, groups = args[0], args[1], args[6], args[8]
    window = 1
    for side in weight.shape[2:]:
        window *= side
    pixels = (x if transposed else out)[:, 0].numel()
    if transposed:
        return {
            "m": pixels,
            "n": weight.shape[1] * window,
            "k": x.shape[1] // groups,
            "groups": groups,
            "window": 1,
        }
    return {"m": pixels, "n": out.shape[1] // groups, "k": weight.shape[1] * window, "groups": groups,
            "window": window}  # fmt: skip


def _attention(q: Any, k: Any, v: Any, *, causal: bool) -> dict[str, float]:
    """(.., heads, q, d) against (.., kv_heads, kv, d); value heads may be narrower."""
    heads = q.shape[-3] if q.dim() > 2 else 1
    batch = q.numel() // (heads * q.shape[-2] * q.shape[-1])
    kv_heads = k.shape[-3] if k.dim() > 2 else 1
    return {"batch": batch, "heads": heads, "kv_heads": kv_heads, "q": q.shape[-2], "kv": k.shape[-2],
            "head_dim": (q.shape[-1] + v.shape[-1]) / 2, "causal": int(causal)}  # fmt: skip


def _dispatch_mode(torch: Any, tracer: Tracer) -> Any:
    from torch.utils._python_dispatch import TorchDispatchMode

    class Noting(TorchDispatchMode):  # type: ignore[misc]
        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            # Leaves the compiler, a second of imports, out of it.
            return False

        supports_higher_order_operators = True

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if not isinstance(func, torch._ops.OpOverload):
                with self:
                    return _higher(tracer, func, args)
            if any(isinstance(one, torch.Tensor) and one.is_nested for one in args):
                raise Unusable("it uses nested tensors, which have no shape; pass a padded batch")
            # Without gradients operators made of others arrive whole: their parts are what is counted.
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
            out = func(*args, **kwargs)
            tracer.note(func, args, kwargs, out)
            return out

    return Noting()


def _higher(tracer: Tracer, func: Any, args: tuple[Any, ...]) -> Any:
    """An operator that runs functions: of a choice the first branch, of a loop its body once."""
    name = func.name()
    if name not in _HIGHER:
        raise Unusable(f"it uses torch.ops.higher_order.{name}, which cannot be traced; write it without")
    function, given, said = _HIGHER[name]
    tracer.remarks[said] = None
    return args[function](*args[given], *(args[given + 1] if len(args) > given + 1 else ()))


def _placing(torch: Any, device: str) -> Any:
    """Put on one device what a module puts on another: here there is no GPU, and values have no place."""
    from torch.overrides import TorchFunctionMode

    def moved(one: Any) -> Any:
        if isinstance(one, torch.device) or (isinstance(one, str) and _DEVICE.fullmatch(one)):
            return torch.device(device)
        return one

    scalars = (torch.tensor, torch.as_tensor, torch.scalar_tensor)
    homes = (torch.Tensor.cuda, torch.Tensor.cpu) if device == "meta" else (torch.Tensor.cuda,)

    class Placing(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if func in homes:
                return args[0]
            if func in scalars and args and isinstance(args[0], int | float):
                # A number goes with any tensor, and can be asked for.
                kwargs = {**kwargs, "device": "cpu"}
            elif "device" in kwargs:
                kwargs = {**kwargs, "device": moved(kwargs["device"])}
            if func is torch.Tensor.to:
                args = tuple(map(moved, args))
            return func(*args, **kwargs)

    return Placing()


def _function_mode(torch: Any, tracer: Tracer) -> Any:
    from torch.overrides import TorchFunctionMode

    fused = torch.nn.functional.scaled_dot_product_attention

    class Fusing(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is not fused:
                return func(*args, **(kwargs or {}))
            tracer.paused += 1
            try:
                out = func(*args, **(kwargs or {}))
            finally:
                tracer.paused -= 1
            tracer.attention(args, kwargs or {}, out)
            return out

    return Fusing()
