"""How PyTorch is listened to: each operator as it runs, fused attention whole, every device made one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import torch_recurrent
from .fault import Unusable

if TYPE_CHECKING:
    from .torch_tracer import Tracer


#: Operators that run a function of theirs: the place of the function, of what it is given, what is said.
_HIGHER = {
    "cond": (1, 3, "torch.cond: its first branch is counted"),
    "while_loop": (1, 2, "while_loop: its body is counted once"),
}

_DEVICE = re.compile(r"(?:cuda|cpu|mps|xpu|hpu|meta)(?::\d+)?")


def dispatch_mode(torch: Any, tracer: Tracer) -> Any:
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


def placing(torch: Any, device: str) -> Any:
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


def function_mode(torch: Any, tracer: Tracer) -> Any:
    from torch.overrides import TorchFunctionMode

    fused = torch.nn.functional.scaled_dot_product_attention

    class Fusing(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if torch_recurrent.whole(func, args, tracer):
                return torch_recurrent.run(func, args, tracer)
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
