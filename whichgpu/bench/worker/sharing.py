"""How several GPUs share a training step: data parallel, sharded (FSDP, ZeRO), tensor parallel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.worker.steps import Asked

_SHARDED = ("fsdp", "zero3", "zero2")
_KNOWN = ("", "ddp", "zero1", *_SHARDED)
#: Dimensions of a decoder that tensor parallelism divides.
_CUT = ("heads", "kv_heads", "ffn")


def local_dims(dims: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
    """The dimensions of this process's part of a layer under tensor parallelism.

    Heads and feed-forward are divided; tables and the output head stay whole in each process.
    Raises `UsageError` where they do not divide, or nothing here cuts the family.
    """
    degree = int(asked.job.tp or 1)
    if degree == 1:
        return dims
    if asked.item.family != "decoder":
        raise UsageError(f"tp: bench cuts the layers of decoders, not of {asked.item.family}; leave --tp out")
    if degree != asked.world.size:
        raise UsageError(
            f"tp: {degree} of {asked.world.size} GPUs; bench cuts over all of them or none: give "
            f"--gpus {degree} with --tp {degree}, or leave --tp out"
        )
    odd = [name for name in _CUT if dims[name] % degree]
    if odd:
        raise UsageError(f"tp: {odd[0]} of {asked.item.id} is {dims[odd[0]]}, which {degree} does not divide")
    return {**dims, **{name: dims[name] // degree for name in _CUT}}


def shared(torch: Any, asked: Asked, module: Any) -> Any:
    """The module that all processes train together."""
    kind = asked.option("sharding")
    if kind not in _KNOWN:
        raise UsageError(
            f"option sharding: bench runs {', '.join(_KNOWN[1:])}, not {kind}; write sharding=fsdp"
        )
    if asked.world.size == 1:
        return module
    if int(asked.job.tp or 1) > 1:
        return tensor_parallel(torch, module)
    if kind in _SHARDED:
        return _sharded(torch, asked, module, reshard=kind != "zero2")
    ids = [torch.cuda.current_device()] if asked.world.on_gpu else None
    return torch.nn.parallel.DistributedDataParallel(module, device_ids=ids, gradient_as_bucket_view=True)


def _sharded(torch: Any, asked: Asked, module: Any, *, reshard: bool) -> Any:
    """Fully sharded: each repeated layer is gathered when it runs; zero2 keeps them gathered.

    Weights are gathered in the format that they are multiplied in, gradients added up in FP32.
    """
    from torch import nn
    from torch.distributed import fsdp

    cast = asked.form.autocast
    narrow = {"param_dtype": getattr(torch, cast), "reduce_dtype": torch.float32} if cast else {}
    fully_shard = partial(fsdp.fully_shard, mp_policy=fsdp.MixedPrecisionPolicy(**narrow))
    for part in module.children():
        if isinstance(part, nn.ModuleList):
            for layer in part:
                fully_shard(layer, reshard_after_forward=reshard)
    return fully_shard(module, reshard_after_forward=reshard)


def tensor_parallel(torch: Any, module: Any) -> Any:
    """Make each half of a decoder's layers add up over the processes (Shoeybi et al., Megatron-LM).

    The input's gradient is added up before a layer's first product, the output behind its last.
    """
    enter, leave = exchanges(torch)
    for layer in module.layers:
        for first, last in ((layer.qkv, layer.out), (layer.up, layer.down)):
            first.register_forward_pre_hook(lambda _, inputs: (enter.apply(inputs[0]), *inputs[1:]))
            last.register_forward_hook(lambda _, __, output: leave.apply(output))
    return module


def exchanges(torch: Any) -> tuple[Any, Any]:
    """The two exchanges: (nothing forward, sum backward) and (sum forward, nothing backward)."""

    def summed(x: Any) -> Any:
        x = x.contiguous()
        torch.distributed.all_reduce(x)
        return x

    class Enter(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            del ctx
            return x.view_as(x)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            del ctx
            return summed(grad.clone())

    class Leave(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            del ctx
            return summed(x.clone())

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            del ctx
            return grad

    return Enter, Leave


def optimizer(torch: Any, asked: Asked, module: Any, *, capturable: bool) -> Any:
    """The job's optimizer; with `zero1` its states are shared out."""
    from whichgpu.bench.worker.steps import make_optimizer

    name, on_gpu = asked.item.optimizer(asked.job), asked.world.on_gpu
    if asked.option("sharding") == "zero1" and asked.world.size > 1:
        from torch.distributed.optim import ZeroRedundancyOptimizer

        kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
        return ZeroRedundancyOptimizer(module.parameters(), optimizer_class=kinds[name], lr=1e-6)
    return make_optimizer(torch, name, module.parameters(), on_gpu=on_gpu, capturable=capturable)
