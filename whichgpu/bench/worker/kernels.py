"""The kernels of the micro-benchmarks: each gives a step and what it moves (B) or computes (FLOP)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from whichgpu.errors import one_line
from whichgpu.units import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.bench.worker.micro import Bench

    Step = Callable[[], Any]

_TYPES = {"fp64": "float64", "fp32": "float32", "tf32": "float32", "fp16": "float16", "bf16": "bfloat16"}
#: L2 of a GPU whose driver does not say, and the last cache of a processor, in B.
_CACHE = 64 * MIB
#: The Infinity Cache in front of the memory of AMD's accelerators, of which the driver says nothing, in B.
_INFINITY = 256 * MIB
#: Characters of a fault that are told.
_LONGEST = 200


def cache_of(bench: Bench) -> float:
    """B of the last-level cache."""
    if not bench.on_gpu:
        return _CACHE
    known = bench.torch.cuda.get_device_properties(bench.torch.cuda.current_device())
    own = float(getattr(known, "L2_cache_size", 0) or _CACHE)
    return max(own, _INFINITY) if bench.torch.version.hip else own


def capability(bench: Bench) -> tuple[int, int]:
    """Compute capability of an NVIDIA GPU; (0, 0) of anything else."""
    if not bench.on_gpu or bench.torch.version.hip:
        return 0, 0
    major, minor = bench.torch.cuda.get_device_capability()
    return int(major), int(minor)


def half(bench: Bench) -> str:
    """The 16-bit format that the device has units for: before Ampere there are none for BF16."""
    return "bf16" if not bench.on_gpu or bench.torch.version.hip or capability(bench) >= (8, 0) else "fp16"


def sizes(bench: Bench) -> list[int]:
    """Sizes of one array: from a fraction of the cache to what memory holds easily."""
    largest = 2**32 if bench.on_gpu else 2**28
    if bench.on_gpu:
        free, _ = bench.torch.cuda.mem_get_info()
        while 4 * largest > free:
            largest //= 2
    return [size for size in (2**20, 2**22, 2**24, 2**25, 2**26, 2**28, 2**30, 2**32) if size <= largest]


def memory(bench: Bench, size: int) -> Iterator[tuple[str, Step, float, str]]:
    """Read, write, copy and triad over arrays of `size` bytes: (name, step, bytes moved, by what).

    A copy between two arrays of a GPU is the driver's, as in nvbandwidth; a kernel of arithmetic copies as
    well, and on some parts faster.
    """
    torch = bench.torch
    count = max(size // 4, 1)
    a, b, c = (torch.ones(count, dtype=torch.float32, device=bench.device) for _ in range(3))
    yield "read", lambda: torch.amax(a), 4.0 * count, ""
    yield "write", lambda: a.fill_(1.0), 4.0 * count, ""
    yield "copy", lambda: b.copy_(a), 8.0 * count, "driver" if bench.on_gpu else ""
    if bench.on_gpu:
        yield "copy", lambda: torch.neg(a, out=b), 8.0 * count, "kernel"
    yield "triad", lambda: torch.add(a, b, alpha=3.0, out=c), 12.0 * count, ""


def gemm(bench: Bench, sizes: tuple[int, int, int], precision: str, how: str = "nn") -> Step | str:
    """A product (m, k) x (k, n); a sentence where the device has no such units.

    `how` is `nn`, or `nt` where the second matrix is stored transposed, as the weights of a linear layer are;
    of FP8 `fast` or `exact`, by how partial sums are kept. FP8 and INT8 are always stored transposed.
    """
    torch, device = bench.torch, bench.device
    m, n, k = sizes
    if precision == "fp8":
        return _fp8(bench, sizes, fast=how == "fast")
    if precision == "int8":
        return _int8(bench, m, n, k)
    if precision in ("tf32", "fp16") and not bench.on_gpu:
        return f"gemm {precision}: needs a GPU"
    if precision == "tf32" and not bench.torch.version.hip and capability(bench) < (8, 0):
        return "gemm tf32: this device has none; FP32 would be measured under its name"
    dtype = getattr(torch, _TYPES[precision])
    a, b = (torch.randn(one, device=device).to(dtype) for one in ((m, k), (n, k) if how == "nt" else (k, n)))
    b = b.t() if how == "nt" else b
    out = torch.empty(m, n, device=device, dtype=dtype)
    if precision not in ("fp32", "tf32") or not bench.on_gpu:
        return lambda: torch.mm(a, b, out=out)

    def step() -> Any:
        # A switch of the whole process, so that it is set before each product.
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        return torch.mm(a, b, out=out)

    return step


def ways(bench: Bench, precision: str) -> tuple[str, ...]:
    """What `gemm` may be asked for: how the second matrix lies, of FP8 how partial sums are kept."""
    if precision == "fp8":
        # Hopper and Blackwell keep them in fewer bits where they may, which is what datasheets count.
        return ("fast", "exact") if capability(bench) >= (9, 0) else ("exact",)
    return ("nt",) if precision == "int8" else ("nn", "nt")


def _fp8(bench: Bench, sizes: tuple[int, int, int], *, fast: bool) -> Step | str:
    torch = bench.torch
    capable = bench.on_gpu and (torch.version.hip or capability(bench) >= (8, 9))
    if not capable or not hasattr(torch, "_scaled_mm"):
        return "gemm fp8: this device, or this PyTorch, has none"
    m, n, k = sizes
    kind = torch.float8_e4m3fn
    if torch.version.hip and "gfx94" in torch.cuda.get_device_properties(0).gcnArchName:
        # MI300 has an E4M3 of its own, without a negative zero.
        kind = torch.float8_e4m3fnuz
    a = torch.randn(m, k, device=bench.device).to(kind)
    b = torch.randn(n, k, device=bench.device).to(kind).t()
    one = torch.ones((), device=bench.device)
    return partial(
        torch._scaled_mm, a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=fast
    )


def _int8(bench: Bench, m: int, n: int, k: int) -> Step | str:
    torch = bench.torch
    if not bench.on_gpu or not hasattr(torch, "_int_mm"):
        return "gemm int8: this device, or this PyTorch, has none"
    a = torch.randint(-8, 8, (m, k), dtype=torch.int8, device=bench.device)
    b = torch.randint(-8, 8, (n, k), dtype=torch.int8, device=bench.device).t()
    return lambda: torch._int_mm(a, b)


def width(precision: str) -> float:
    """B of an element."""
    return {"fp64": 8.0, "fp32": 4.0, "tf32": 4.0, "fp8": 1.0, "int8": 1.0}.get(precision, 2.0)


def result(precision: str) -> float:
    """B of an element of a product: of FP8 it is BF16, of INT8 32 bits."""
    return {"fp8": 2.0, "int8": 4.0}.get(precision, width(precision))


def conv(bench: Bench, shape: tuple[int, ...], layout: str, precision: str) -> tuple[Step, float, float]:
    """A convolution without bias: (batch, channels, side, out, kernel, stride) -> (step, FLOP, B moved)."""
    torch = bench.torch
    batch, channels, side, out, kernel, stride = shape
    dtype = getattr(torch, _TYPES[precision])
    memory_format = torch.channels_last if layout == "nhwc" else torch.contiguous_format
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    x, w = (
        torch.randn(sizes, device=bench.device).to(dtype).to(memory_format=memory_format)
        for sizes in ((batch, channels, side, side), (out, channels, kernel, kernel))
    )
    there = (side + 2 * (kernel // 2) - kernel) // stride + 1
    flops = 2.0 * batch * out * there * there * channels * kernel * kernel
    moved = width(precision) * (x.numel() + w.numel() + batch * out * there * there)

    def step() -> Any:
        return torch.nn.functional.conv2d(x, w, stride=stride, padding=kernel // 2)

    return step, flops, moved


def attention(
    bench: Bench, shape: tuple[int, ...], precision: str, *, causal: bool, back: bool
) -> tuple[Step, float]:
    """Attention of (batch, heads, tokens, width) over itself: (step, FLOP), half of them where causal.

    The backward pass computes five products where the forward one has two.
    """
    torch = bench.torch
    batch, heads, tokens, width = shape
    dtype = getattr(torch, _TYPES[precision])
    q, k, v = (torch.randn(shape, device=bench.device).to(dtype).requires_grad_(back) for _ in range(3))
    flops = 4.0 * batch * heads * tokens * tokens * width * (0.5 if causal else 1.0) * (3.5 if back else 1.0)
    grad = torch.ones(shape, device=bench.device, dtype=dtype)

    def step() -> Any:
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return torch.autograd.grad(y, (q, k, v), grad) if back else y

    return step, flops


def block(bench: Bench, name: str, tokens: int, precision: str) -> tuple[Step, float]:
    """A layer of a decoder of the zoo over one sequence: (step, FLOP by PyTorch's counter)."""
    from whichgpu.bench.models.agreement import counted, family_of
    from whichgpu.workloads.workload import resolve

    torch, item = bench.torch, resolve(name)
    layer = family_of(item).Block(item.dims).to(bench.device, getattr(torch, _TYPES[precision])).eval()
    x = torch.randn(1, tokens, item.dims["hidden"], device=bench.device).to(getattr(torch, _TYPES[precision]))
    with torch.inference_mode():
        flops = counted(layer, (x,))

    def step() -> Any:
        with torch.inference_mode():
            return layer(x)

    return step, flops


def launches(bench: Bench) -> Iterator[tuple[str, Step, int]]:
    """An addition to one value: queued, waited for, and replayed from a graph of so many."""
    torch = bench.torch
    x = torch.zeros(1, device=bench.device)
    yield "queued", lambda: x.add_(1.0), 1
    if not bench.on_gpu:
        return

    def waited() -> None:
        x.add_(1.0)
        torch.cuda.synchronize()

    yield "waited for", waited, 1
    yield "graph of 100", lambda: x.add_(1.0), 100


def transfers(bench: Bench, size: int) -> Iterator[tuple[str, Step, float] | str]:
    """Copies of `size` bytes: (what, step, bytes moved), or a sentence where one cannot be made.

    Pinned and pageable memory to the device and back, pinned both ways at once, device to device.
    """
    torch = bench.torch
    there = torch.empty(size, dtype=torch.int8, device=bench.device)
    for name, pinned in (("pinned", True), ("pageable", False)):
        here = _host(torch, size, pinned=pinned)
        yield f"host to device, {name}", partial(there.copy_, here, non_blocking=pinned), float(size)
        yield f"device to host, {name}", partial(here.copy_, there, non_blocking=pinned), float(size)
    yield "host and device both ways, pinned", _both_ways(bench, there), 2.0 * size
    for other in range(1, torch.cuda.device_count()):
        try:
            far = torch.empty(size, dtype=torch.int8, device=f"cuda:{other}")
            linked = "peer" if torch.cuda.can_device_access_peer(0, other) else "through the host"
        except RuntimeError as fault:
            # Full, or another's alone: what the first device can do is measured without it.
            yield f"device 0 to {other}: {one_line(fault)[:_LONGEST]}"
            continue
        yield f"device 0 to {other}, {linked}", partial(far.copy_, there, non_blocking=True), float(size)


def _host(torch: Any, size: int, *, pinned: bool) -> Any:
    """Memory of the host, written once: pages that never were are one page, which stays in its cache."""
    return torch.empty(size, dtype=torch.int8, pin_memory=pinned).fill_(1)


def _both_ways(bench: Bench, there: Any) -> Step:
    """A copy to the device and one back at once, each in its own stream; the step ends with both."""
    cuda, size = bench.torch.cuda, there.numel()
    sent, got = (_host(bench.torch, size, pinned=True) for _ in range(2))
    back = bench.torch.empty_like(there)
    streams = cuda.Stream(), cuda.Stream()

    def step() -> None:
        current = cuda.current_stream()
        for stream, into, of in zip(streams, (there, got), (sent, back), strict=True):
            stream.wait_stream(current)
            with cuda.stream(stream):
                into.copy_(of, non_blocking=True)
        for stream in streams:
            current.wait_stream(stream)

    return step
