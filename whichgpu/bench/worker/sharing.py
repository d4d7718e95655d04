"""How several GPUs share a training step: data parallel, sharded (FSDP, ZeRO), tensor parallel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.worker.steps import Asked
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

_SHARDED = ("fsdp", "zero3", "zero2")
_KNOWN = ("", "ddp", "zero1", *_SHARDED)
#: Dimensions of a decoder that tensor parallelism divides.
_CUT = ("heads", "kv_heads", "ffn")


def check(item: Workload, job: Job) -> None:
    """Raise `UsageError` for a way to share that bench has none of, or layers that cannot be cut so."""
    kind = job.options.get("sharding", "").strip().lower()
    if kind not in (*_KNOWN, "none"):
        raise UsageError(
            f"option sharding: bench runs {', '.join(_KNOWN[1:])}, not {kind}; write sharding=fsdp"
        )
    degree, gpus = int(job.tp or 1), int(job.n_gpus or 1)
    if degree == 1:
        return
    if item.family != "decoder":
        raise UsageError(f"tp: bench cuts the layers of decoders, not of {item.family}; leave --tp out")
    if degree != gpus:
        raise UsageError(
            f"tp: {degree} of {gpus} GPUs; bench cuts over all of them or none: give "
            f"--gpus {degree} with --tp {degree}, or leave --tp out"
        )
    odd = [name for name in _CUT if item.dims[name] % degree]
    if odd:
        fine = [str(n) for n in range(2, 17) if not any(item.dims[name] % n for name in _CUT)]
        how = f"give --gpus and --tp of {' or '.join(fine)}" if fine else "leave --tp out"
        raise UsageError(
            f"tp: {odd[0]} of {item.id} is {item.dims[odd[0]]}, which {degree} does not divide; {how}"
        )


def local_dims(dims: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
    """The dimensions of this process's part of a layer under tensor parallelism.

    Heads and feed-forward are divided; tables and the output head stay whole in each process.
    """
    degree = int(asked.job.tp or 1)
    return dims if degree == 1 else {**dims, **{name: dims[name] // degree for name in _CUT}}


def shared(torch: Any, asked: Asked, module: Any) -> Any:
    """The module that all processes train together."""
    kind = asked.option("sharding")
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
