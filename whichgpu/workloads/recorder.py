"""What a family writes its layers with: each call records the op and returns the shape that comes out.

Letters: B batch, C channels, H W height and width of a feature map, S tokens, D width of a token.
B, H, W and S may be arrays over the job axis; C and D are plain ints.

Activations kept for the backward pass are counted once each, by the op that reads them: a convolution
or dense layer keeps its input, a normalisation the output of the layer before it, and an activation
function nothing, because its result is the next layer's input. Where a tensor feeds several layers
the first keeps it and the others say `keeps=0`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.ops import PLACES, Op

if TYPE_CHECKING:
    from whichgpu.workloads.precision import Precision

#: Bytes of FP32, in which autocast runs normalisations and losses.
FP32 = 4.0


class _Sides(NamedTuple):
    batch: Any
    channels: int
    height: Any
    width: Any


class Map(_Sides):
    """A feature map (B, C, H, W).

    `pixels` are its positions and `elements` its values, over the whole batch: worked out where they are
    first asked for, which a network of thousands of layers does for each of its maps.
    """

    pixels: Any
    elements: Any

    def __getattr__(self, name: str) -> Any:
        if name == "pixels":
            made = self.height * self.width * self.batch
        elif name == "elements":
            made = self.channels * self.pixels
        else:
            raise AttributeError(name)
        self.__dict__[name] = made
        return made

    def like(self, channels: int, height: Any, width: Any) -> Map:
        """A map of the same batch; one of the same sides has as many positions."""
        made = Map(self.batch, channels, height, width)
        if height is self.height and width is self.width:
            made.__dict__["pixels"] = self.pixels
        return made


class _Scope(NamedTuple):
    """What holds for every op recorded inside a `with recorder.module(...)`."""

    prefix: str = ""
    repeats: Any = 1.0
    copies: float = 1.0
    again: bool = False
    frozen: bool = False
    freed: bool = False
    #: What tells its ops from the same ones elsewhere: the module that counts them, and the repeats.
    key: tuple[Any, ...] = ()


_COPIES, _STARTS = PLACES["copies"], PLACES["starts"]
#: An op from its values in their order; a trace makes thousands.
_made = partial(tuple.__new__, Op)


def _place(name: str) -> tuple[Any, ...]:
    """The key of an op outside of any module."""
    return (name.partition(".")[0], 1.0)


def _alike(number: Any) -> Any:
    """What stands for a number in a key: itself, or the bytes of an array."""
    return number.tobytes() if type(number) is np.ndarray else number


class _Module:
    """A `with` that records under another scope."""

    __slots__ = ("_copies", "_inner", "_outer", "_recorder")

    def __init__(self, recorder: Recorder, copies: float, scope: _Scope) -> None:
        self._recorder, self._copies, self._inner = recorder, copies, scope

    def __enter__(self) -> None:
        recorder = self._recorder
        self._outer = outer = recorder._scope
        recorder._scope = self._inner
        if self._copies > 1.0 and outer.copies == 1.0:
            recorder._starting = self._copies

    def __exit__(self, *_: object) -> None:
        self._recorder._scope = self._outer


@dataclass(slots=True, eq=False, repr=False)
class Recorder:
    """Collects the ops of one forward pass in a given precision; `training` turns dropout on."""

    precision: Precision
    training: bool = False
    #: Values of each op by what sets it apart: an identical one adds its copies.
    _ops: dict[Any, list[Any]] = field(default_factory=dict, init=False)
    _scope: _Scope = field(default_factory=_Scope, init=False)
    #: Layers whose first op is still to come.
    _starting: float = field(default=0.0, init=False)
    #: What stands for the number of values that the last op made, where it was an elementwise one.
    _made: Any = field(default=None, init=False)
    #: Bytes per weight that are stored and read, of what is quantised and of what is not.
    _held: tuple[float, float] = field(init=False)
    _held_wide: tuple[float, float] = field(init=False)
    #: The same of dense layers, and what their products run in.
    _held_dense: tuple[float, float] = field(init=False)
    #: Bytes per element of an activation, and of one that autocast keeps in FP32.
    _sizes: tuple[float, float] = field(init=False)
    _math_dense: str = field(init=False)

    def __post_init__(self) -> None:
        """Look the widths up once: a network has thousands of ops."""
        spec = self.precision
        self._held = (spec.weight, spec.read_weight)
        self._sizes = (spec.activation, FP32 if spec.mixed else spec.activation)
        self._held_wide = (spec.head, spec.read_weight if spec.mixed else spec.head)
        self._held_dense, self._math_dense = self._held, spec.math

    def beside_experts(self) -> None:
        """Dense layers from here on stand beside experts, which are all that some formats narrow."""
        spec = self.precision
        if spec.dense:
            self._held_dense, self._math_dense = (spec.dense, spec.dense), spec.dense_math

    def ops(self) -> tuple[Op, ...]:
        """What was recorded, those that do identical work in one module merged."""
        return tuple(map(_made, self._ops.values()))

    def module(
        self, name: str, *, repeats: Any = 1.0, copies: float = 1.0, again: bool = False,
        frozen: bool = False, freed: bool = False,
    ) -> _Module:  # fmt: skip
        """Record under `name` what a `with` holds: it runs `repeats` times each, in `copies` equal layers.

        `again`: a second pass through layers recorded before, whose weights are already counted.
        `frozen`: no backward pass. `freed`: a step of its own, whose activations are gone before those of
        the rest are made. `repeats` 0: loaded, and not run.
        """
        outer = self._scope
        repeats = outer.repeats * repeats
        top = outer.key[0] if outer.key else name.partition(".")[0]
        return _Module(self, copies, _Scope(
            f"{outer.prefix}{name}.", repeats, outer.copies * copies, outer.again or again,
            outer.frozen or frozen, outer.freed or freed, (top, _alike(repeats)),
        ))  # fmt: skip

    def conv(
        self, x: Map, out: int, kernel: int | tuple[int, int], stride: int = 1, *,
        padding: int | None = None, groups: int = 1, bias: bool = False, keeps: float = 1.0,
        backward: str = "full", name: str = "conv",
    ) -> Map:  # fmt: skip
        """A convolution (B, C, H, W) -> (B, out, H', W'); `padding` None keeps H and W at stride 1."""
        kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
        ph, pw = (kh // 2, kw // 2) if padding is None else (padding, padding)
        y = x.like(out, _out(x.height, kh, stride, ph), _out(x.width, kw, stride, pw))
        k, n, m = x.channels // groups * kh * kw, out // groups, y.pixels
        size = self.precision.activation
        self._scaled(
            "conv", name, x.elements, m,
            {"n": float(n), "k": float(k), "groups": float(groups), "window": float(kh * kw)},
            over="m", flops=2.0 * n * k * groups, reads=size, writes=out * size, saves=keeps * size,
            parameters=float(out * k + (out if bias else 0)), backward=backward,
        )  # fmt: skip
        return y

    def linear(
        self, rows: Any, inputs: int, outputs: int, *, bias: bool = False, shard: str = "none",
        keeps: float = 1.0, unquantised: bool = False, tied: bool = False, backward: str = "full",
        name: str = "linear",
    ) -> None:  # fmt: skip
        """A dense layer: (rows, inputs) x (inputs, outputs).

        `unquantised` layers keep 16 bits where the rest is quantised. `tied` weights belong to another
        op and count as no parameters here; they are still read.
        """
        size = self.precision.activation
        self._scaled(
            "gemm", name, rows, rows, {"n": float(outputs), "k": float(inputs), "batch": 1.0},
            over="m", flops=2.0 * inputs * outputs, reads=inputs * size, writes=outputs * size,
            saves=keeps * inputs * size, parameters=float(inputs * outputs + (outputs if bias else 0)),
            unquantised=unquantised, tied=tied, shard=shard, backward=backward,
            dtype=wide_math(self.precision.math) if unquantised else self._math_dense,
        )  # fmt: skip

    def window(
        self, elements: Any, positions: Any, channels: int, out: int, window: int, *, groups: int = 1,
        bias: int = 0, keeps: float = 1.0, backward: str = "full", name: str = "conv",
    ) -> None:  # fmt: skip
        """A convolution of any rank, by its counts.

        `elements` values in; `positions` results of `out` channels each, over windows of `window` points
        of `channels`; `bias` of its parameters are biases. A transposed convolution with stride = kernel
        has a window of 1 and kernel x channels outputs.
        """
        k, n = channels // groups * window, out // groups
        size = self.precision.activation
        self._scaled(
            "conv", name, elements, positions,
            {"n": float(n), "k": float(k), "groups": float(groups), "window": float(window)},
            over="m", flops=2.0 * n * k * groups, reads=size, writes=out * size, saves=keeps * size,
            parameters=float(out * k + bias), backward=backward,
        )  # fmt: skip

    def product(
        self, batch: Any, m: Any, k: Any, n: Any, *, keeps: float = 1.0, shard: str = "head",
        name: str = "product",
    ) -> None:  # fmt: skip
        """`batch` products of two activations, (m, k) x (k, n): attention that is not fused."""
        size = self.precision.activation
        read = size * (batch * m * k + batch * k * n)
        self._add("gemm", name, {"m": m, "n": n, "k": k, "batch": batch}, flops=2.0 * (batch * m * k * n),
                  read_bytes=read, write_bytes=size * (batch * m * n), saved_bytes=keeps * read,
                  shard=shard)  # fmt: skip

    def vector(
        self, elements: Any, *, flops: Any, reads: float = 1.0, writes: float = 1.0, name: str = "vector"
    ) -> None:
        """Plain arithmetic that counts as work: `flops`, values `reads` and `writes` per element."""
        size = self.precision.activation
        self._add("vector", name, {"elements": elements}, flops=flops * elements,
                  read_bytes=reads * size * elements, write_bytes=writes * size * elements,
                  dtype=_plain_math(self.precision.math))  # fmt: skip

    def attention(
        self, batch: Any, heads: int, q: Any, kv: Any, head_dim: int, *, kv_heads: int | None = None,
        value_dim: int | None = None, shared_kv: bool = False, held: Any = None, causal: bool = False,
        cached: bool = False, name: str = "attention",
    ) -> None:  # fmt: skip
        """Fused scaled dot-product attention of q (B, heads, q, d) over k, v (B, kv_heads, kv, d).

        `cached` reads k and v from the KV cache in its own precision (decode). A causal pass counts
        the whole q x kv rectangle, as publications do; of it a share is masked, which a kernel model
        takes off its time. Kept for the backward pass: q, k, v and a log-sum-exp per row; the output is
        kept by the layer that reads it. `value_dim`: width of v, where it is not that of k; `shared_kv`:
        v is a part of k (latent attention). `held`: keys read, where each query sees `kv` of them only.
        """
        kv_heads = heads if kv_heads is None else kv_heads
        value_dim = head_dim if value_dim is None else value_dim
        size = self.precision.activation
        per_token = float(kv_heads * (head_dim + (0 if shared_kv else value_dim)))
        kv_elements = per_token * (batch * (kv if held is None else held))
        rows = batch * q
        inputs = (float(heads * head_dim) * rows + kv_elements) * size
        self._add(
            "attention", name,
            {"batch": batch, "heads": float(heads), "kv_heads": float(kv_heads), "q": q, "kv": kv,
             "head_dim": float(value_dim if shared_kv and value_dim else head_dim), "causal": float(causal)},
            flops=2.0 * heads * (head_dim + value_dim) * rows * kv,
            read_bytes=float(heads * head_dim) * size * rows if cached else inputs,
            kv_bytes=kv_elements * self.precision.kv if cached else 0.0,
            write_bytes=float(heads * value_dim) * size * rows,
            saved_bytes=inputs + FP32 * heads * rows,
            dtype=wide_math(self.precision.math),
            shard="head",
        )  # fmt: skip

    def record(
        self, kind: str, name: str, dims: dict[str, Any], *, parameters: float = 0.0, read: Any = 1.0,
        **numbers: Any,
    ) -> None:  # fmt: skip
        """An op that no method here knows: `read` is the share of its `parameters` that one pass reads."""
        stored, held = self._held
        self._add(kind, name, dims, parameters=parameters, weight_bytes=parameters * held * read,
                  stored_bytes=parameters * stored, **numbers)  # fmt: skip

    def norm(
        self, elements: Any, width: int, *, parameters: int | None = None, wide: bool = False,
        keeps: float | None = None, name: str = "norm",
    ) -> None:  # fmt: skip
        """A normalisation over `elements` values with `parameters` (default 2 x width) trained ones.

        `wide`: autocast runs it in FP32. `keeps`: bytes per element kept for the backward pass, by
        default one copy of its input.
        """
        size = self._sizes[wide]
        self._scaled(
            "norm", name, elements, elements, {}, over="elements", reads=size, writes=size, flops=8.0,
            saves=size if keeps is None else keeps, fusable=True,
            parameters=float(2 * width if parameters is None else parameters), unquantised=True,
        )  # fmt: skip

    def pointwise(
        self, elements: Any, *, reads: float = 1.0, writes: float = 1.0, keeps: float = 0.0,
        wide: bool = False, shard: str = "none", parameters: float = 0.0, name: str = "pointwise",
    ) -> None:  # fmt: skip
        """An elementwise op: `reads` tensors of `elements` in, `writes` out, `keeps` of them kept."""
        size = self._sizes[wide]
        self._scaled("pointwise", name, elements, elements, {}, over="elements", reads=reads * size,
                     writes=writes * size, saves=keeps * size, flops=reads, shard=shard, fusable=True,
                     parameters=parameters, unquantised=True)  # fmt: skip

    def add(self, elements: Any, *, wide: bool = False, name: str = "add") -> None:
        """A residual addition: two tensors of `elements` in, one out, nothing kept."""
        size = self._sizes[wide]
        self._scaled("pointwise", name, elements, elements, {}, over="elements", reads=2 * size, writes=size,
                     saves=0.0, flops=1.0, fusable=True, backward="linear")  # fmt: skip

    def scale(self, elements: Any, *, name: str = "scale") -> None:
        """Multiplication by a constant: nothing kept."""
        size = self.precision.activation
        self._scaled("pointwise", name, elements, elements, {}, over="elements", reads=size, writes=size,
                     saves=0.0, flops=1.0, fusable=True, backward="linear")  # fmt: skip

    def dropout(self, elements: Any, *, name: str = "dropout") -> None:
        """Dropout, in training only; its mask is kept, a byte per element."""
        if self.training:
            size = self.precision.activation
            self._scaled("pointwise", name, elements, elements, {}, over="elements", reads=size,
                         writes=size + 1.0, saves=1.0, flops=2.0, fusable=True,
                         backward="linear")  # fmt: skip

    def copy(self, elements: Any, *, reads: float = 1.0, shard: str = "none", name: str = "copy") -> None:
        """Data movement without maths: concatenation, layout change, upsampling (`reads` 1/4)."""
        size = self.precision.activation
        self._scaled("copy", name, elements, elements, {}, over="elements", reads=reads * size, writes=size,
                     saves=0.0, flops=0.0, shard=shard, backward="linear")  # fmt: skip

    def pool(
        self, x: Map, kernel: int, stride: int, *, padding: int = 0, ceil: bool = False,
        average: bool = False, keeps: float = 1.0, name: str = "pool",
    ) -> Map:  # fmt: skip
        """A pooling window; the maximum keeps its input and the index (8 bytes) of each result."""
        y = Map(x.batch, x.channels, _out(x.height, kernel, stride, padding, ceil=ceil),
                _out(x.width, kernel, stride, padding, ceil=ceil))  # fmt: skip
        size = self.precision.activation
        kept = 0.0 if average else keeps * size * x.elements + 8.0 * y.elements
        self._add("pool", name, {"elements": x.elements}, flops=float(kernel * kernel) * y.elements,
                  read_bytes=size * x.elements, write_bytes=size * y.elements, saved_bytes=kept,
                  backward="linear")  # fmt: skip
        return y

    def global_pool(self, x: Map, *, side: int = 1, name: str = "global_pool") -> Map:
        """Mean over H and W, or over a grid of `side` x `side` patches.

        Its input is kept by the activation function before it, and counted here.
        """
        size = self.precision.activation
        y = Map(x.batch, x.channels, float(side), float(side))
        read = size * x.elements
        self._add("pool", name, {"elements": x.elements}, flops=x.elements, read_bytes=read,
                  write_bytes=size * y.elements, saved_bytes=read, backward="linear")  # fmt: skip
        return y

    def embedding(self, tokens: Any, rows: int, width: int, *, name: str = "embedding") -> None:
        """A table look-up: `tokens` rows of `width` out of (rows, width); the table is not read whole."""
        size = self.precision.activation
        parameters = float(rows * width)
        moved = width * size * tokens
        self._add("embedding", name, {"elements": width * tokens}, read_bytes=moved, write_bytes=moved,
                  parameters=parameters, stored_bytes=parameters * self._held_wide[0],
                  shard="vocab")  # fmt: skip

    def custom(
        self, kind: str, layer: str, dims: dict[str, Any], *, flops: Any, read: Any, write: Any, saved: Any,
        weights: Any, parameters: float, copies: float = 1.0, starts: float = 0.0, backward: str = "full",
    ) -> None:  # fmt: skip
        """An op from its numbers: `read`, `write`, `saved` and `weights` (read) in elements."""
        spec = self.precision
        wide = kind not in ("gemm", "conv")
        stored, held = self._held_wide if wide else self._held
        self._starting += starts
        self._add(
            kind, layer, dims, dtype=wide_math(spec.math) if wide else spec.math, flops=flops,
            parameters=parameters, weight_bytes=held * weights, stored_bytes=stored * parameters,
            read_bytes=spec.activation * read, write_bytes=spec.activation * write,
            saved_bytes=spec.activation * saved, copies=copies,
            fusable=kind in ("pointwise", "norm"), backward=backward,
        )  # fmt: skip

    def _add(
        self, kind: str, name: str, dims: dict[str, Any], *, flops: Any = 0.0, parameters: float = 0.0,
        weight_bytes: Any = 0.0, stored_bytes: float = 0.0, read_bytes: Any = 0.0, write_bytes: Any = 0.0,
        saved_bytes: Any = 0.0, kv_bytes: Any = 0.0, dtype: str = "", copies: float = 1.0,
        fusable: bool = False, shard: str = "none", backward: str = "full",
    ) -> None:  # fmt: skip
        """Record an op by its numbers, or count it with the one that has the same."""
        scope = self._scope
        if scope.again:
            parameters = stored_bytes = 0.0
        if scope.frozen:
            backward = "none"
        if scope.frozen or scope.freed:
            saved_bytes = 0.0
        numbers = (flops, weight_bytes, read_bytes, write_bytes, saved_bytes, kv_bytes, *dims.values())
        # What stands before an op that is given by its numbers is not known to be its input.
        self._made = None
        key = (kind, scope.key or _place(name), dtype, fusable, shard, backward, parameters, stored_bytes,
               *map(_alike, numbers))  # fmt: skip
        if not self._counted(key, copies):
            self._new(key, [
                kind, scope.prefix + name, dims, dtype or self.precision.math, flops, parameters,
                weight_bytes, stored_bytes, read_bytes, write_bytes, saved_bytes, kv_bytes,
                scope.copies * copies, scope.repeats, fusable, shard, "forward", backward,
            ])  # fmt: skip

    def _scaled(
        self, kind: str, name: str, x: Any, y: Any, shape: dict[str, float], *, over: str, flops: float,
        reads: float, writes: float, saves: float, parameters: float = 0.0, unquantised: bool = False,
        tied: bool = False, dtype: str = "", fusable: bool = False, shard: str = "none",
        backward: str = "full",
    ) -> None:  # fmt: skip
        """Record an op whose numbers go with the values in, `x`, or the results, `y`, its dimension `over`.

        `reads` and `saves` are bytes per value of x, `flops` and `writes` per result. Nearly all ops are
        of this sort, and half of them are known already: that is asked before anything is multiplied.
        """
        scope = self._scope
        own = 0.0 if tied or scope.again else parameters
        if scope.frozen:
            backward = "none"
        if scope.frozen or scope.freed:
            saves = 0.0
        stored, held = self._held_wide if unquantised else self._held_dense
        weights, stored = parameters * held, own * stored
        given = x.tobytes() if type(x) is np.ndarray else x
        made = given if y is x else y.tobytes() if type(y) is np.ndarray else y
        # Whether an elementwise op follows another one of as many values, for which `made` stands.
        chained = fusable and self._made == made
        self._made = made if fusable else None
        key = (kind, scope.key or _place(name), dtype, fusable, chained, shard, backward, own, weights,
               stored, flops, reads, writes, saves, given, made, *shape.values())  # fmt: skip
        seen = self._ops.get(key)
        if seen is not None:
            seen[_COPIES] += scope.copies
            if self._starting:
                seen[_STARTS] += self._starting
                self._starting = 0.0
            return
        read = reads * x
        written = read if writes == reads and x is y else writes * y
        saved = read if saves == reads else saves * x if saves else 0.0
        self._new(key, chained=chained, values=[
            kind, scope.prefix + name, {over: y, **shape}, dtype or self.precision.math,
            y if flops == 1.0 else flops * y if flops else 0.0, own, weights, stored, read, written, saved,
            0.0, scope.copies, scope.repeats, fusable, shard, "forward", backward,
        ])  # fmt: skip

    def _counted(self, key: tuple[Any, ...], copies: float) -> bool:
        """Whether an op is recorded already: then its copies are added."""
        seen = self._ops.get(key)
        if seen is None:
            return False
        seen[_COPIES] += self._scope.copies * copies
        seen[_STARTS] += self._starting
        self._starting = 0.0
        return True

    def _new(self, key: tuple[Any, ...], values: list[Any], *, chained: bool = False) -> None:
        """Record an op that was not there before: the values of an `Op` in their order."""
        values += (self._starting, chained)
        self._starting = 0.0
        self._ops[key] = values


def wide_math(math_field: str) -> str:
    """Attention products and the output head of quantised models run in 16 bits."""
    return "fp16" if math_field in ("fp8", "int8", "fp4") else math_field


def _plain_math(math_field: str) -> str:
    """The plain units' own peak: FP64 or FP32, whatever tensor cores could do."""
    return "fp64" if math_field == "fp64" else "fp32"


def _out(size: Any, kernel: int, stride: int, padding: int, *, ceil: bool = False) -> Any:
    """Output length of a window over `size`; raises `UsageError` where the input is too small."""
    if stride == 1 and kernel == 2 * padding + 1:
        return size
    steps = (size + 2 * padding - kernel) / stride
    one = isinstance(steps, float)
    if ceil:
        # The last window must start inside the input.
        rounded = math.ceil(steps) if one else np.ceil(steps)
        rounded = rounded - (rounded * stride >= size + padding)
    else:
        rounded = math.floor(steps) if one else np.floor(steps)
    least = rounded if one else rounded.min()
    if least < 0:
        raise UsageError(
            f"resolution: the input is too small, a {kernel}-wide window meets a map of {np.min(size):g}; "
            "give a larger one"
        )
    return float(rounded + 1) if one else rounded + 1.0
