"""A PyTorch module to operators: how it is built, given inputs and run, and what is tried where shapes fail.

The module is built and run on PyTorch's meta device: shapes, no numbers. A module that looks at numbers is
run once more with real ones, under the same limits.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .batches import alike
from .fault import Unusable
from .torch_modes import placing
from .torch_tracer import Tracer, tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: What a fault says that is due to shapes without values, or to two kinds of tensors met.
_MISSING = re.compile("meta|data-dependent|same device", re.IGNORECASE)

#: A module of at most so many parameters is run with real numbers where shapes are not enough.
_REAL = 200_000_000


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
    path = Path(request["file"])
    if b"flex_attention" in path.read_bytes():
        _plain_flex(torch)
    lock()
    file = _hub_class() if "config" in request else _imported(path)
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


def _plain_flex(torch: Any) -> None:
    """Let FlexAttention be attention over all scores: on shapes alone it has no kernel and no mask."""
    import torch.nn.attention.flex_attention as flex

    def attend(query: Any, key: Any, value: Any, *_rest: Any, enable_gqa: bool = False, **_more: Any) -> Any:
        dense = torch.nn.functional.scaled_dot_product_attention
        return dense(query, key, value, enable_gqa=enable_gqa)

    flex.flex_attention = attend
    flex.create_block_mask = lambda *_given, **_more: None


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
    with torch.device(device), placing(torch, device):
        module = _made(torch, factory, *request.get("config", ()))
        if not isinstance(module, torch.nn.Module):
            raise Unusable(f"'{request['factory']}' gives {type(module).__name__}, not a torch.nn.Module")
        inputs = _inputs(torch, request["inputs"], (module, factory, file))
    module = module.to(device) if device == "meta" else module
    module.eval()
    _materialise(torch, module, _on(torch, inputs, device, 1))
    found["parameters"] = sum(one.numel() for one in module.parameters())
    tracer = Tracer(torch, module, device)
    first = tracer.run(*_on(torch, inputs, device, 1))
    pair, notes = _pair(torch, module, inputs, device, first)
    return {
        **pair, "notes": [*notes, *tracer.said()],
        "inputs": [_shape(t) for t in tensors(torch, _on(torch, inputs, device, 1))],
        "name": type(module).__name__,
    }  # fmt: skip


def _hub_class() -> Any:
    from . import hub_class

    return hub_class


def _made(torch: Any, factory: Any, *arguments: str) -> Any:
    """What a factory makes, or the module that stands in its place."""
    built = callable(factory) and not isinstance(factory, torch.nn.Module)
    return factory(*arguments) if built else factory


def _pair(
    torch: Any, module: Any, inputs: tuple[Any, Any], device: str, first: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """Two batches that run the same operators: of the first side of the inputs, or of the second.

    The second is tried where a layer wants it so (`batch_first=False`). Of a batch of one some copies are
    none, so twice and four times that is tried as well.
    """

    def run(place: int, times: int) -> list[dict[str, Any]]:
        return Tracer(torch, module, device).run(*_on(torch, inputs, device, times, place))

    whole, faults = _batch(torch, inputs), []
    second_side = any(getattr(one, "batch_first", True) is False for one in module.modules())
    for place in (0, 1) if second_side else (0,):
        batch = _batch(torch, inputs, place)
        smaller = first
        for times in (2, 4):
            if not batch:
                break
            try:
                larger = run(place, times)
            except Exception as fault:
                faults.append(type(fault).__name__)
                break
            if alike(smaller, larger):
                said = [f"its batch is the second side of its inputs, {batch} as given"] if place else []
                return {"first": smaller, "second": larger, "batch": batch * times // 2}, said
            smaller = larger
    why = f" ({faults[0]})" if faults else ""
    notes = [f"it takes no other batch than {whole}{why}, so work is scaled"] if whole else []
    return {"first": first, "second": None, "batch": whole or 1}, notes


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


def _on(torch: Any, inputs: tuple[Any, Any], device: str, times: int, place: int = 0) -> tuple[Any, Any]:
    """The inputs on a device, the side at `place` `times` as long where it is the batch."""
    from torch.utils._pytree import tree_map

    batch = _batch(torch, inputs, place)

    def moved(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        shape = list(leaf.shape)
        if len(shape) > place and shape[place] == batch:
            shape[place] *= times
        # Values pass conditions, and what is picked by value is not nothing; an index is one of any table.
        made = torch.ones if leaf.is_floating_point() else torch.zeros
        return made(shape, dtype=leaf.dtype, device=device)

    arguments, keywords = tree_map(moved, inputs)
    return arguments, keywords


def _batch(torch: Any, inputs: Any, place: int = 0) -> int:
    """The size at `place` of the first input that has as many."""
    shapes = [t.shape for t in tensors(torch, inputs) if t.dim() > place]
    return int(shapes[0][place]) if shapes else 0


def _shape(tensor: Any) -> str:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"{dtype} {'x'.join(str(side) for side in tensor.shape) or 'scalar'}"
