"""What a family writes its layers with: each call records the op and returns the shape that comes out.

Letters: B batch, C channels, H W height and width of a feature map, S tokens, D width of a token.
B, H, W and S may be arrays over the job axis; C and D are plain ints.

Activations kept for the backward pass are counted once each, by the op that reads them: a convolution
or dense layer keeps its input, a normalisation the output of the layer before it, and an activation
function nothing, because its result is the next layer's input. Where a tensor feeds several layers
the first keeps it and the others say `keeps=0`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.ledger import FP32, Ledger
from whichgpu.workloads.maps import Map, window_length
from whichgpu.workloads.ops import some

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FP32", "Map", "Recorder", "wide_math"]


class Recorder(Ledger):
    """Collects the ops of one forward pass in a given precision; `training` turns dropout on."""

    __slots__ = ()

    def conv(
        self, x: Map, out: int, kernel: int | tuple[int, int], stride: int = 1, *,
        padding: int | None = None, groups: int = 1, bias: bool = False, keeps: float = 1.0,
        dilated: bool = False, backward: str = "full", name: str = "conv",
    ) -> Map:  # fmt: skip
        """A convolution (B, C, H, W) -> (B, out, H', W'); `padding` None keeps H and W at stride 1.

        The points of a `dilated` window lie apart.
        """
        kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
        ph, pw = (kh // 2, kw // 2) if padding is None else (padding, padding)
        y = x.like(out, window_length(x.height, kh, stride, ph), window_length(x.width, kw, stride, pw))
        k, n, m = x.channels // groups * kh * kw, out // groups, y.pixels
        line = isinstance(x.height, float | int) and x.height == 1.0 and kw > 1
        size = self.precision.activation
        self._scaled(
            "conv", name, x.elements, m,
            {"n": float(n), "k": float(k), "groups": float(groups), "window": float(kh * kw),
             **({"dilated": 1.0} if dilated else {}), **({"line": 1.0} if line else {})},
            over="m", flops=2.0 * n * k * groups, reads=size, writes=out * size, saves=keeps * size,
            parameters=float(out * k + (out if bias else 0)), backward=backward,
        )  # fmt: skip
        if bias:
            self.bias(y.elements, name=name)
        return y

    def bias(self, elements: Any, *, name: str) -> None:
        """A convolution's bias, added to its `elements` results where they are.

        Frameworks do so in a pass of its own (aten/src/ATen/native/Convolution.cpp: `output.add_` behind
        cuDNN's and MIOpen's; BiasAdd of TensorFlow), engines at the end of the convolution. Its gradient is
        a part of the convolution's.
        """
        size = self.precision.activation
        self._scaled("pointwise", f"{name}.bias", elements, elements, {"in_place": 1.0}, over="elements",
                     reads=size, writes=size, saves=0.0, flops=1.0, fusable=True,
                     backward="none")  # fmt: skip

    def linear(
        self, rows: Any, inputs: int, outputs: int, *, bias: bool = False, shard: str = "none",
        keeps: float = 1.0, unquantised: bool = False, tied: bool = False, backward: str = "full",
        abreast: int = 1, name: str = "linear",
    ) -> None:  # fmt: skip
        """A dense layer: (rows, inputs) x (inputs, outputs), one of so many `abreast` that read one input.

        `unquantised` layers keep 16 bits where the rest is quantised. `tied` weights belong to another
        op and count as no parameters here; they are still read.
        """
        size = self.precision.activation
        self._scaled(
            "gemm", name, rows, rows,
            {"n": float(outputs), "k": float(inputs), "batch": 1.0,
             **({"abreast": float(abreast)} if abreast > 1 else {})},
            over="m", flops=2.0 * inputs * outputs, reads=inputs * size, writes=outputs * size,
            saves=keeps * inputs * size, parameters=float(inputs * outputs + (outputs if bias else 0)),
            unquantised=unquantised, tied=tied, shard=shard, backward=backward,
            dtype=wide_math(self.precision.math) if unquantised else self._math_dense,
        )  # fmt: skip

    def window(
        self, elements: Any, positions: Any, channels: int, out: int, window: int, *, groups: int = 1,
        bias: int = 0, keeps: float = 1.0, backward: str = "full", held: float = 0.0, line: bool = False,
        name: str = "conv",
    ) -> None:  # fmt: skip
        """A convolution of any rank, by its counts.

        `elements` values in; `positions` results of `out` channels each, over windows of `window` points
        of `channels`; `bias` of its parameters are biases. A transposed convolution with stride = kernel
        has a window of 1 and kernel x channels outputs. A share `held` of its input waits for the next pass.
        The points of a window may lie in a `line`.
        """
        k, n = channels // groups * window, out // groups
        size = self.precision.activation
        dims = {"n": float(n), "k": float(k), "groups": float(groups), "window": float(window)}
        apart = {**({"held": held} if held else {}), **({"line": 1.0} if line else {})}
        self._scaled(
            "conv", name, elements, positions, {**dims, **apart},
            over="m", flops=2.0 * n * k * groups, reads=size, writes=out * size, saves=keeps * size,
            parameters=float(out * k + bias), backward=backward,
        )  # fmt: skip
        if bias:
            self.bias(float(out) * positions, name=name)

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
        cached: bool = False, biased: bool = False, masked: bool = False, again: bool = False,
        sinks: bool = False, gathered: bool = False, whole: bool = False, name: str = "attention",
    ) -> None:  # fmt: skip
        """Fused scaled dot-product attention of q (B, heads, q, d) over k, v (B, kv_heads, kv, d).

        `biased`: something is added to each score, or more axes stand before them than a batch and
        heads, which frameworks have no fused kernels for. `masked`: so is a mask of padding, which they have.
        `sinks`: each head has a score more that no token stands behind. `gathered`: each query has keys of
        its own, so that a tile has the heads of one. `whole`: each tensor-parallel GPU computes all heads.

        `cached` reads k and v from the KV cache in its own precision (decode). A causal pass counts
        the whole q x kv rectangle, as publications do; of it a share is masked, which a kernel model
        takes off its time. Kept for the backward pass: q, k, v and a log-sum-exp per row; the output is
        kept by the layer that reads it. `value_dim`: width of v, where it is not that of k; `shared_kv`:
        v is a part of k (latent attention). `held`: keys read, where each query sees `kv` of them only.
        One that runs `again` in the backward pass, from what others kept, keeps its output alone.
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
             "head_dim": float(value_dim if shared_kv and value_dim else head_dim), "causal": float(causal),
             **({"biased": 1.0} if biased else {}), **({"masked": 1.0} if masked else {}),
             **({"sinks": 1.0} if sinks else {}), **({"gathered": 1.0} if gathered else {}),
             **self._wide(True)},
            flops=2.0 * heads * (head_dim + value_dim) * rows * kv,
            read_bytes=float(heads * head_dim) * size * rows if cached else inputs,
            kv_bytes=kv_elements * self.precision.kv if cached else 0.0,
            write_bytes=float(heads * value_dim) * size * rows,
            saved_bytes=float(heads * value_dim) * size * rows if again else inputs + FP32 * heads * rows,
            dtype=wide_math(self.precision.math),
            shard="none" if whole else "head",
        )  # fmt: skip

    def record(
        self, kind: str, name: str, dims: dict[str, Any], *, parameters: float = 0.0, read: Any = 1.0,
        **numbers: Any,
    ) -> None:  # fmt: skip
        """An op that no method here knows: `read` is the share of its `parameters` that one pass reads."""
        stored, held = self._held
        if self.precision.odd[0] and kind == "gemm":
            stored = held = self.precision.stored(dims["k"])
        self._add(kind, name, dims, parameters=parameters, weight_bytes=parameters * held * read,
                  stored_bytes=parameters * stored, **numbers)  # fmt: skip

    def _wide(self, wide: bool) -> dict[str, Any]:
        """What says of an op that autocast runs it in FP32."""
        return {"wide": 1.0} if wide and self.precision.mixed else {}

    def norm(
        self, elements: Any, width: int, *, parameters: int | None = None, wide: bool = False,
        keeps: float | None = None, scaled: bool | None = None, across: int = 0, name: str = "norm",
        computed: bool | None = None, stored: bool = False, row: bool = False,
    ) -> None:  # fmt: skip
        """A normalisation over `elements` values with `parameters` (default 2 x width) trained ones.

        `wide`: autocast runs it in FP32. Its moments are `computed` of what it is given (default: of what is
        wide) or, of a convolution's results at inference, `stored`. `keeps`: bytes per element kept for the
        backward pass, by default one copy of its input. `scaled`: op by op its weight multiplies in an op of
        its own. `across`: values of a row that are normalised together though tensor parallelism cuts them; 0
        for none. `row`: the values of each row are, by a block of threads.
        """
        size = self._sizes[wide]
        self._scaled(
            "norm", name, elements, elements,
            {
                **self._wide(wide), **({} if scaled is None else {"scaled": float(scaled)}),
                **({"computed": 1.0} if (wide if computed is None else computed) else {}),
                **({"stored": 1.0} if stored and not self.training else {}),
                **({"across": float(across)} if across else {}),
                **({"row": float(width)} if row else {}),
            },
            over="elements", reads=size, writes=size, flops=8.0,
            saves=size if keeps is None else keeps, fusable=True,
            parameters=float(2 * width if parameters is None else parameters), unquantised=True,
        )  # fmt: skip

    def pointwise(
        self, elements: Any, *, reads: float = 1.0, writes: float = 1.0, keeps: float = 0.0,
        wide: bool = False, shard: str = "none", parameters: float = 0.0, name: str = "pointwise",
        modulated: bool = False, beside: Any = 0.0, computed: bool = False, waits: bool = False,
    ) -> None:  # fmt: skip
        """An elementwise op: `reads` tensors of `elements` in, `writes` out, `keeps` of them kept.

        `modulated` ones keep that for the gradient of what a conditioning made. What is `computed` over many
        values no engine makes a part of its neighbour. Bytes that come and go while
        it runs, of small ops that it stands for, lie `beside`. The host `waits` for what came before it.
        """
        size, shape = self._sizes[wide], {"modulated": 1.0} if modulated else self._wide(wide)
        if some(beside):
            shape = {**shape, "beside": beside}
        if computed:
            shape = {**shape, "computed": 1.0}
        if waits:
            shape = {**shape, "waits": 1.0}
        self._scaled("pointwise", name, elements, elements, shape, over="elements", reads=reads * size,
                     writes=writes * size, saves=keeps * size, flops=reads, shard=shard, fusable=True,
                     parameters=parameters, unquantised=True)  # fmt: skip

    def gate(self, elements: Any, *, name: str = "gate") -> None:
        """A map times a number of each channel, which is made of the map's mean: nothing more is kept."""
        size = self.precision.activation
        self._scaled("pointwise", name, elements, elements, {"gated": 1.0}, over="elements", reads=size,
                     writes=size, saves=0.0, flops=1.0, fusable=True)  # fmt: skip

    def add(self, elements: Any, *, wide: bool = False, shard: str = "none", name: str = "add") -> None:
        """A residual addition: two tensors of `elements` in, one out, nothing kept."""
        size = self._sizes[wide]
        self._scaled("pointwise", name, elements, elements, self._wide(wide), over="elements",
                     reads=2 * size, writes=size, saves=0.0, flops=1.0, fusable=True,
                     shard=shard, backward="linear")  # fmt: skip

    def narrow(self, elements: Any, *, name: str = "cast") -> None:
        """What autocast made in FP32, cast for a product in 16 bits; nothing in any other format."""
        if self.precision.mixed:
            self._scaled("pointwise", name, elements, elements, self._wide(True), over="elements", reads=FP32,
                         writes=self.precision.activation, saves=0.0, flops=0.0, fusable=True,
                         backward="linear")  # fmt: skip

    def scale(self, elements: Any, *, name: str = "scale") -> None:
        """Multiplication by a constant: nothing kept."""
        size = self.precision.activation
        self._scaled("pointwise", name, elements, elements, {}, over="elements", reads=size, writes=size,
                     saves=0.0, flops=1.0, fusable=True, backward="linear")  # fmt: skip

    def dropout(self, elements: Any) -> None:
        """Dropout, in training only; its mask is kept, a byte per element."""
        if self.training:
            size = self.precision.activation
            self._scaled("pointwise", "dropout", elements, elements, {}, over="elements", reads=size,
                         writes=size + 1.0, saves=1.0, flops=2.0, fusable=True,
                         backward="linear")  # fmt: skip

    def copy(
        self, elements: Any, *, source: Any = None, reads: float = 1.0, keeps: Any = 0.0,
        shard: str = "none", name: str = "copy", dims: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        """Data movement without maths: concatenation, layout change, upsampling (`reads` 1/4).

        It reads as many elements as it writes, or those of a `source` of another size. What is taken by an
        index `keeps` its source, in values of each element. `dims` are what else is told of it.
        """
        size, read = self.precision.activation, elements if source is None else source
        self._scaled("copy", name, read, elements, dict(dims or {}), over="elements", reads=reads * size,
                     writes=size, saves=keeps * size, flops=0.0, shard=shard, backward="linear")  # fmt: skip

    def pool(
        self, x: Map, kernel: int, stride: int, *, padding: int = 0, ceil: bool = False,
        average: bool = False, keeps: float = 1.0, slices: Any = None, name: str = "pool",
    ) -> Map:  # fmt: skip
        """A pooling window; the maximum keeps its input and the index (8 bytes) of each result.

        Windows over frames too leave so many `slices` of those in the batch.
        """
        y = Map(x.batch if slices is None else slices, x.channels,
                window_length(x.height, kernel, stride, padding, ceil=ceil),
                window_length(x.width, kernel, stride, padding, ceil=ceil))  # fmt: skip
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

    def embedding(
        self, tokens: Any, rows: int, width: int, *, tied: bool = False, name: str = "embedding"
    ) -> None:
        """A table look-up: `tokens` rows of `width` out of (rows, width); the table is not read whole.

        One that is `tied` is the output head as well, and in its format.
        """
        size = self.precision.activation
        parameters = float(rows * width)
        moved = width * size * tokens
        stored = self.precision.stored(width, head=True, tied=tied)
        self._add("embedding", name, {"elements": width * tokens}, read_bytes=moved, write_bytes=moved,
                  parameters=parameters, stored_bytes=parameters * stored, shard="vocab")  # fmt: skip

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


def wide_math(math_field: str) -> str:
    """Attention products and the output head of quantised models run in 16 bits."""
    return "fp16" if math_field in ("fp8", "int8", "fp4", "int4") else math_field


def _plain_math(math_field: str) -> str:
    """The plain units' own peak: FP64 or FP32, whatever tensor cores could do."""
    return "fp64" if math_field == "fp64" else "fp32"
