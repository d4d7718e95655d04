"""Micro-benchmarks of a device: memory, products, convolutions, attention, launches, copies, sustained load.

A task names one of `RUNS` and its parameters, and gives a row of each size or shape. Kernels of memory are
timed with the cache emptied before each where the data are meant to come from memory, and without where it
is the cache that is looked at.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.bench import telemetry
from whichgpu.bench.statistics import Method, doubts, summary
from whichgpu.bench.worker import capture, kernels
from whichgpu.bench.worker.clocks import Timed, flushers, timed
from whichgpu.bench.worker.torch_job import clock_of, device_facts, settings
from whichgpu.bench.worker.world import World
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from whichgpu.bench.worker.clocks import Clock

    Step = Callable[[], Any]


class Bench(NamedTuple):
    """What every micro-benchmark has at hand."""

    torch: Any
    device: str
    clock: Clock
    method: Method
    #: Gives what empties the cache before a kernel that writes, and before one that only reads.
    flushers: Callable[[], tuple[Step, Step]]

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device != "cpu"


class Case(NamedTuple):
    """One size or shape: its step, what it does (`work`, in `unit` per second), and the row's columns.

    Of unit us the row is the time itself, divided by `work` where a step does several. `cold`: the cache is
    emptied before each; `times` are of a case that was timed already; `together` steps, of `work` each, are
    replayed as one graph, where a launch would take as long as the kernel.
    """

    name: str
    step: Callable[[], Any]
    work: float
    unit: str
    precision: str = ""
    options: Mapping[str, Any] = {}
    cold: bool = False
    times: tuple[float, ...] = ()
    together: int = 1
    #: B that a kernel with arithmetic has to move, for the roofline; 0: not told.
    moved: float = 0.0


#: Passes over what fits the cache that are replayed as one graph.
_TOGETHER = 20
#: The metric of each unit, and its size in SI.
UNITS = {"GB/s": ("bandwidth", 1e9), "TFLOP/s": ("rate", 1e12), "us": ("latency", 1e-6)}


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """The rows of a micro-benchmark. Cases that the device cannot run are told among the warnings."""
    import torch

    world = World.of(torch, {**task, "n_gpus": 1})
    name = task["name"]
    if name not in RUNS:
        raise UsageError(f"no micro-benchmark '{name}'; there are {', '.join(RUNS)}")
    torch.manual_seed(int(task.get("seed", 0)))
    clock = clock_of(torch, world.device)
    method = Method(**task.get("method", {}))
    # Made where a kernel of memory asks for them: they take memory too.
    empty = cache(lambda: flushers(torch, world.device, kernels.cache_of(bench)))
    bench = Bench(torch, world.device, clock, method, empty)
    context: dict[str, Any] = {
        "device": device_facts(torch, world.device), "runtime": f"PyTorch {torch.__version__}",
        "settings_torch": settings(torch),
    }  # fmt: skip
    with telemetry.devices(1 if world.on_gpu else 0) as gpus:
        context["device"] = telemetry.merged(context["device"], gpus[0].facts() if gpus else {})
        with telemetry.Sampler(gpus) as sampler:
            found, warnings = _rows(bench, RUNS[name](bench, task.get("params", {})))
        context["telemetry"] = sampler.told()
    if not found:
        raise UsageError(f"{name}: {'; '.join(warnings) or 'nothing to measure'}")
    return {"rows": found, "context": {**context, "warnings": warnings}}


def _rows(bench: Bench, cases: Iterator[Case | str]) -> tuple[list[dict[str, Any]], list[str]]:
    """A row of each case, and what was left out; a string is a case that cannot be."""
    found, warnings = [], []
    try:
        for case in cases:
            if isinstance(case, str):
                warnings.append(case)
                continue
            try:
                found.append(_row(bench, case))
            except (RuntimeError, ValueError) as fault:
                warnings.append(f"{case.name} {case.precision} {dict(case.options)}: {_short(fault)}")
            # Its arrays go before those of the next one come: both at once may be more than the memory.
            del case
            if bench.on_gpu:
                bench.torch.cuda.empty_cache()
    except (RuntimeError, ValueError) as fault:
        # A case that could not even be made, as where memory ran out: those before it are measured.
        if not found:
            raise
        warnings.append(f"the rest was not measured: {_short(fault)}")
    return found, warnings


def _short(fault: Exception) -> str:
    return str(fault).splitlines()[0][:200] if str(fault) else type(fault).__name__


def _row(bench: Bench, case: Case) -> dict[str, Any]:
    if case.times:
        run = Timed(list(case.times), 1, 0.0, 0, sum(case.times), 0.0)
    else:
        step = (
            capture.repeated(bench.torch.cuda, case.step, case.together) if case.together > 1 else case.step
        )
        before = bench.flushers()[case.name == "read"] if case.cold else None
        run = timed(bench.clock, step, bench.method, before=before)
    found = summary(run.times, bench.method.confidence)
    metric, size = UNITS[case.unit]
    work = case.work * case.together
    per = found.median / work if case.unit == "us" else work / found.median
    value = per / size
    return {
        "workload": f"micro/{case.name}", "phase": "", "precision": case.precision, "metric": metric,
        "unit": case.unit, "value": value, "spread": found.spread, "options": dict(case.options),
        "statistics": {**found.to_dict(), **run.to_dict()}, "work": work,
        "moved": case.moved,
        "warnings": doubts(found, bench.method, run.overhead),
    }  # fmt: skip


def memory(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """Read, write, copy and triad by size; what fits the cache is timed warm."""
    cache = float(params.get("cache", kernels.cache_of(bench)))
    for size in params.get("bytes", kernels.sizes(bench)):
        for name, step, moved, by in kernels.memory(bench, int(size)):
            large = moved >= 2.0 * cache
            where = {"bytes": int(size), "from": "memory" if large else "cache", **({"by": by} if by else {})}
            yield Case(
                name,
                step,
                moved,
                "GB/s",
                params.get("precision", "fp32"),
                where,
                cold=large and moved < 2**31,
                # Python takes longer for a launch than a cache for what it holds.
                together=_TOGETHER if bench.on_gpu and not large else 1,
            )
            del step


def gemm(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """Dense products (m, k) x (k, n) in each precision, in each way that it may be asked for."""
    for precision in params.get("precisions", ("fp32", "tf32", "fp16", "bf16", "fp8", "fp64")):
        for shape in params.get("shapes", (4096, 8192)):
            sizes = (shape,) * 3 if isinstance(shape, int) else tuple(shape)
            if (yield from _products(bench, sizes, precision)):
                break


def _products(bench: Bench, sizes: tuple[int, int, int], precision: str) -> Generator[Case | str, None, bool]:
    """A shape in each way, one after another; gives whether the device has no units for it."""
    m, n, k = sizes
    moved = kernels.width(precision) * (m * k + k * n) + kernels.result(precision) * m * n
    for how in kernels.ways(bench, precision):
        try:
            step = kernels.gemm(bench, sizes, precision, how)
        except RuntimeError as fault:
            step = f"gemm {precision}: {_short(fault)}"
        if isinstance(step, str):
            yield step
            return True
        options = {"m": m, "n": n, "k": k, "how": how}
        yield Case("gemm", step, 2.0 * m * n * k, "TFLOP/s", precision, options, moved=moved)
        del step
    return False


def conv(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """Convolutions of a network of images: rows of [batch, channels, side, out, kernel, stride]."""
    usual = (
        (64, 64, 56, 64, 3, 1),
        (64, 256, 28, 256, 3, 1),
        (64, 512, 14, 2048, 1, 1),
        (64, 3, 224, 64, 7, 2),
    )
    for batch, channels, side, out, kernel, stride in params.get("shapes", usual):
        for layout in params.get("layouts", ("nchw", "nhwc")):
            for precision in params.get("precisions", ("fp16",) if bench.on_gpu else ("fp32",)):
                sizes = (batch, channels, side, out, kernel, stride)
                step, flops, moved = kernels.conv(bench, sizes, layout, precision)
                shape = f"{batch}x{channels}x{side}x{side} to {out} by {kernel}x{kernel}/{stride}"
                options = {"shape": shape, "layout": layout}
                yield Case("conv", step, flops, "TFLOP/s", precision, options, moved=moved)


def attention(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """Attention: rows of [batch, heads, tokens, head_dim], forward, and backward as well."""
    for batch, heads, tokens, width in params.get("shapes", ((8, 32, 1024, 128), (1, 32, 8192, 128))):
        for causal in (False, True):
            for back in (False, True):
                precision = params.get("precision") or kernels.half(bench)
                step, flops = kernels.attention(
                    bench, (batch, heads, tokens, width), precision, causal=causal, back=back
                )
                shape = f"{batch}x{heads}x{tokens}x{width}"
                options = {
                    "shape": shape,
                    "causal": causal,
                    "pass": "forward and backward" if back else "forward",
                }
                moved = kernels.width(precision) * batch * heads * tokens * width * (11.0 if back else 4.0)
                yield Case("attention", step, flops, "TFLOP/s", precision, options, moved=moved)


def block(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """One layer of a decoder, forward: its products' rate."""
    for name in params.get("workloads", ("gpt2", "llama-2-7b")):
        precision, tokens = params.get("precision") or kernels.half(bench), int(params.get("tokens", 2048))
        step, flops = kernels.block(bench, name, tokens, precision)
        yield Case("block", step, flops, "TFLOP/s", precision, {"layer_of": name, "tokens": tokens})


def launch(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """Time of a kernel that does nothing much: one after another, waited for, and replayed as a graph."""
    del params
    for name, step, together in kernels.launches(bench):
        yield Case("launch", step, 1.0, "us", "", {"kind": name}, together=together)


def transfer(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """Copies between host and device, from pinned and from pageable memory, and between two devices.

    Those both ways at once are counted both ways.
    """
    if not bench.on_gpu:
        yield "needs a GPU"
        return
    for size in params.get("bytes", (2**12, 2**20, 2**28)):
        for one in kernels.transfers(bench, int(size)):
            if isinstance(one, str):
                yield one
                continue
            name, step, moved = one
            yield Case("transfer", step, moved, "GB/s", "", {"bytes": int(size), "kind": name})
            del one, step


def sustained(bench: Bench, params: Mapping[str, Any]) -> Iterator[Case | str]:
    """A large product for many seconds: the rate of the last part against the first tells of throttling."""
    size = int(params.get("size", 8192 if bench.on_gpu else 512))
    precision = params.get("precision", "fp16" if bench.on_gpu else "fp32")
    seconds, parts = float(params.get("seconds", 60.0)), int(params.get("parts", 6))
    step = kernels.gemm(bench, (size, size, size), precision)
    if isinstance(step, str):
        yield step
        return
    for part in range(parts):
        warm = 0.0 if part else bench.method.warmup_seconds
        method = bench.method._replace(
            least=5, most=100_000, seconds=seconds / parts, lasting=seconds / parts, warmup_seconds=warm
        )
        run = timed(bench.clock, step, method)
        options = {"part": part + 1, "of": parts, "seconds": seconds}
        yield Case("sustained", step, 2.0 * size**3, "TFLOP/s", precision, options, times=tuple(run.times))


RUNS: Mapping[str, Callable[[Bench, Mapping[str, Any]], Iterator[Case | str]]] = {
    "memory": memory, "gemm": gemm, "conv": conv, "attention": attention, "block": block, "launch": launch,
    "transfer": transfer, "sustained": sustained,
}  # fmt: skip
