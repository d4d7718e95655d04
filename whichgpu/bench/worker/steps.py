"""One step of a job as a function without arguments: built, laid out, compiled and captured as the job asks.

Options of a job that are read here: `layout` (nhwc, channels_last; nchw), `compile` (True, or a mode of
torch.compile), `cuda_graphs`, `optimizer` (sgd, adam, adamw), `checkpointing` (none, full), `grad_accum`,
`sharding` (ddp; fsdp or zero3, zero2, zero1) and `loader` (processes of a real data loader, 0: in this one).
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from whichgpu.bench.worker import capture, feeding, sharing
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple
from whichgpu.workloads.blocks import check_positions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.bench.worker.torch_job import Format
    from whichgpu.bench.worker.world import World
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Options that the measuring process acts on; any other is refused, since it would be in the row for nothing.
READ = frozenset((
    "layout", "compile", "cuda_graphs", "optimizer", "checkpointing", "grad_accum", "sharding", "loader",
    "data",
    "guidance", "n",
))  # fmt: skip
#: Those that only a training acts on.
_OF_TRAINING = ("optimizer", "checkpointing", "grad_accum", "sharding", "loader", "data")
_OFF = ("", "none", "false", "no", "off", "0")
#: Graphs of one function that `compile` may make.
_GRAPHS = 64
#: Modes of `compile` that capture CUDA graphs themselves.
_GRAPHED = ("reduce-overhead", "max-autotune")
_LAYOUTS = {"": False, "nchw": False, "nhwc": True, "channels_last": True, "channels-last": True}
_OPTIMIZERS = ("sgd", "adam", "adamw")


class Asked(NamedTuple):
    """What a step is made from: workload, complete job, the file that builds it, sizes, format, world."""

    item: Workload
    job: Job
    code: Any
    size: Any
    form: Format
    world: World

    def option(self, name: str) -> str:
        """An option in lower case; empty where it is off."""
        return stated(self.job, name)


def stated(job: Job, name: str) -> str:
    """An option of a job in lower case; empty where it is off."""
    text = job.options.get(name, "").strip().lower()
    return "" if text in _OFF else text


def passes(job: Job) -> int:
    """Passes of a step, each over a batch: gradients are added up over them."""
    return int(job.option("grad_accum", 1.0, 1.0)) if job.trains else 1


def prepare(torch: Any, asked: Asked) -> Callable[[], Any]:
    """The step of a job.

    Raises `UsageError` for an option that nothing here acts on, or one that this job or device cannot have.
    """
    _check(asked)
    if asked.form.tf32 and asked.world.on_gpu and not torch.version.hip:
        have = torch.cuda.get_device_capability()
        if have < (8, 0):
            raise UsageError(
                f"tf32: a GPU of compute capability {have[0]}.{have[1]} has none, and would compute in FP32 "
                "under its name; write --precision fp32"
            )
    if asked.form.tf32 is not None:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = asked.form.tf32
    # Shapes never change, so that the quickest of cuDNN's kernels may be looked for once.
    torch.backends.cudnn.benchmark = True
    module = _module(torch, asked)
    return _training(torch, asked, module) if asked.job.trains else _inference(torch, asked, module)


def check(item: Workload, job: Job) -> None:
    """Refuse what no machine could do of a complete job.

    Raises `UsageError` for an option that nothing here acts on, or a value that it cannot have.
    """
    unknown = sorted(set(job.options) - READ)
    if unknown:
        raise UsageError(
            f"option {unknown[0]}: bench does nothing with it; it acts on {', '.join(sorted(READ))}"
        )
    idle = [] if job.trains else [name for name in _OF_TRAINING if name in job.options]
    if idle:
        raise UsageError(f"option {idle[0]}: is of training, and this is phase {job.phase}; leave it out")
    longest = item.dims.get("positions")
    # Beyond its table of positions a model reads memory that is not its own, which ends a GPU's context.
    for column, tokens in (("seq_len", job.seq_len), ("input_tokens", job.input_tokens)):
        if longest and tokens:
            check_positions(tokens, float(longest), column)
    layout = stated(job, "layout")
    if layout not in _LAYOUTS:
        raise UsageError(f"option layout: '{layout}' is none of nchw, nhwc; write layout=nhwc")
    if stated(job, "checkpointing") not in ("", "full", "true"):
        raise UsageError("option checkpointing: bench runs none and full; write checkpointing=full")
    if job.trains:
        passes(job)
        check_optimizer(item.optimizer(job))
        feeding.check(item, job)
    sharing.check(item, job)
    _check_graphs(job)


def _check_graphs(job: Job) -> None:
    if not stated(job, "cuda_graphs"):
        return
    mode = stated(job, "compile")
    if int(job.n_gpus or 1) > 1 or "loader" in job.options:
        raise UsageError(
            "option cuda_graphs: only on one GPU, with inputs that stay where they are; leave one out"
        )
    if mode in _GRAPHED:
        raise UsageError(
            f"option compile: {mode} captures graphs of its own, which cuda_graphs cannot "
            "capture again; write compile=True, or leave cuda_graphs out"
        )


def _check(asked: Asked) -> None:
    """The same, and what this machine cannot do."""
    check(asked.item, asked.job)
    if asked.option("cuda_graphs") and not asked.world.on_gpu:
        raise UsageError("option cuda_graphs: there is no GPU whose launches could be captured; leave it out")


@contextmanager
def _made_of(torch: Any, dtype: Any) -> Iterator[None]:
    """Tensors made in a type from the start: by way of FP32 a model would take twice its memory."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(usual)


def _module(torch: Any, asked: Asked) -> Any:
    """The module on its device, in its type, layout and shards."""
    dims, world = asked.item.dims, asked.world
    dims = sharing.local_dims(dims, asked)
    weights = getattr(torch, asked.form.weights)
    with torch.device(world.device), _made_of(torch, weights):
        module = asked.code.build(dims, asked.job.phase)
    module = module.to(dtype=weights)
    if _LAYOUTS[asked.option("layout")]:
        module = module.to(memory_format=torch.channels_last)
    if asked.option("checkpointing"):
        if not hasattr(module, "keep"):
            raise UsageError(
                f"{asked.item.id}: bench recomputes no activations of {asked.item.family}; "
                "leave checkpointing out"
            )
        module.keep = False
    return module.train(asked.job.trains)


def _make(torch: Any, asked: Asked) -> Any:
    from whichgpu.bench.models.parts import Make

    device = asked.world.device
    seeded = torch.Generator(device=device).manual_seed(torch.initial_seed() % 2**63)
    return Make(device, getattr(torch, asked.form.weights), seeded, _LAYOUTS[asked.option("layout")])


def _autocast(torch: Any, asked: Asked) -> Callable[[], Any]:
    if not asked.form.autocast:
        return nullcontext
    kind = "cuda" if asked.world.on_gpu else "cpu"
    return lambda: torch.autocast(kind, dtype=getattr(torch, asked.form.autocast))


def _compile(asked: Asked, module: Any) -> None:
    """Compile a module in place: as a whole, or part by part where a pass of its family calls its parts."""
    mode = asked.option("compile")
    if not mode:
        return
    from torch._dynamo import config

    # Layers of a network differ in shape: beyond the usual 8 of them the rest would run eager, unsaid.
    config.recompile_limit, config.fail_on_recompile_limit_hit = _GRAPHS, True
    how = {} if mode in ("true", "1", "yes", "default") else {"mode": mode}
    called = [module]
    if getattr(asked.code, "IN_PARTS", False) and not asked.job.trains:
        called = [each for part in module.children() for each in (part if _is_list(part) else [part])]
    try:
        for one in called:
            one.compile(**how)
    except RuntimeError as fault:
        if "Unrecognized mode" not in str(fault):
            raise
        raise UsageError(f"option compile: {fault}; write compile=True") from None


def _is_list(module: Any) -> bool:
    return type(module).__name__ == "ModuleList"


def uncompiled(job: Job) -> list[str]:
    """What of a compiled pass ran eager all the same, in sentences."""
    if not stated(job, "compile"):
        return []
    from torch._dynamo.utils import counters

    if not counters["stats"].get("unique_graphs"):
        return ["torch.compile made no graph: the pass ran eager"]
    breaks = sum(counters["graph_break"].values())
    return [f"torch.compile left out {breaks} places of the pass, which ran eager"] if breaks else []


def _inference(torch: Any, asked: Asked, module: Any) -> Callable[[], Any]:
    """A pass without gradients; a phase of several passes is the family's own."""
    inputs, _ = asked.code.batch(asked.item.dims, asked.size, _make(torch, asked))
    own = getattr(asked.code, "run", None)
    _compile(asked, module)
    cast = _autocast(torch, asked)
    with torch.inference_mode(), cast():
        work = own(module, asked.item.dims, asked.size, inputs) if own else lambda: module(*inputs)

    def step() -> Any:
        with torch.inference_mode(), cast():
            return work()

    return capture.graphed(torch.cuda, step) if asked.option("cuda_graphs") else step


def _training(torch: Any, asked: Asked, module: Any) -> Callable[[], Any]:
    """Forward, backward and the optimizer's update, as often as gradients are accumulated."""
    run = sharing.shared(torch, asked, module)
    _compile(asked, run)
    graphs = bool(asked.option("cuda_graphs"))
    scaler = torch.amp.GradScaler("cuda") if asked.form.autocast == "float16" and asked.world.on_gpu else None
    optimizer = sharing.optimizer(torch, asked, run, capturable=graphs and scaler is None)
    feed, cast = feeding.feed(torch, asked, _make(torch, asked)), _autocast(torch, asked)
    micro = passes(asked.job)
    alone = getattr(run, "no_sync", nullcontext)

    def gradients() -> None:
        for i in range(micro):
            inputs, target = feed()
            # Data parallel gradients are exchanged once, behind the last of the passes.
            with alone() if i < micro - 1 else nullcontext():
                with cast():
                    loss = asked.code.loss(run(*inputs), target) / micro
                (scaler.scale(loss) if scaler else loss).backward()

    def update() -> None:
        if scaler:
            scaler.step(optimizer)
            scaler.update()
        else:
            optimizer.step()

    if graphs:
        return capture.training(torch.cuda, gradients, update, optimizer, whole=scaler is None)

    def step() -> None:
        gradients()
        update()
        optimizer.zero_grad(set_to_none=True)

    return step


def check_optimizer(name: str) -> None:
    """Raise `UsageError` for one that bench has none of."""
    if name not in _OPTIMIZERS:
        raise UsageError(
            f"option optimizer: bench runs {', '.join(_OPTIMIZERS)}, not {name}; write optimizer=adamw"
        )


def make_optimizer(torch: Any, name: str, parameters: Any, *, on_gpu: bool, capturable: bool) -> Any:
    """The optimizer of a name; Adam in one fused kernel on a GPU."""
    check_optimizer(name)
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=1e-4, momentum=0.9)
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    return kind(parameters, lr=1e-6, fused=on_gpu, capturable=capturable)
