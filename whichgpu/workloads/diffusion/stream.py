"""The tokens of one modality on their way through a diffusion transformer: the steps of its blocks.

Peebles and Xie, "Scalable Diffusion Models with Transformers": a block's normalisations are scaled
and shifted, and its branches gated, by what dense layers make of the time step.
Letters: B samples of one pass, S tokens of a sample, D width of a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import immutable
from whichgpu.workloads.blocks import projections

if TYPE_CHECKING:
    from whichgpu.workloads.recorder import Recorder

#: Samples of a denoiser that is loaded and does not run: next to none, so that its tensors take no memory.
IDLE = 1e-9
#: Normalisations by the root mean square, which modules write op by op (`written` of a runtime); frameworks
#: have a kernel for those that take the mean off.
_RMS = {"norm": "rms", "query_norm": "query_rms", "key_norm": "key_rms"}
#: A normalisation whose module widens what it gets and narrows what it makes (FP32LayerNorm of diffusers).
WIDENED = "widened_norm"


@immutable
class Stream:
    """(B, S, D) with its attention heads; each method records one step of a block."""

    rec: Recorder
    batch: Any
    tokens: Any
    width: int
    heads: int

    @property
    def rows(self) -> Any:
        """Tokens of all samples."""
        return self.batch * self.tokens

    @property
    def elements(self) -> Any:
        """Values in the stream."""
        return self.width * self.rows

    def longer(self, tokens: Any) -> Stream:
        """The same stream with other tokens behind it."""
        return Stream(self.rec, self.batch, self.tokens + tokens, self.width, self.heads)

    def condition(self, parts: int, inputs: int | None = None) -> None:
        """SiLU and a dense layer of the time's embedding: (B, D) -> (B, parts D)."""
        inputs = self.width if inputs is None else inputs
        with self.rec.aside():
            self.rec.pointwise(inputs * self.batch, keeps=1.0, name="silu")
            self.rec.linear(self.batch, inputs, parts * self.width, bias=True, name="modulation")

    def table(self, parts: int) -> None:
        """Learned offsets added to what the whole network shares: (B, parts D)."""
        count = float(parts * self.width)
        with self.rec.aside():
            self.rec.pointwise(count * self.batch, parameters=count, name="table")

    def norm(self, parameters: int = 0, *, name: str = "norm") -> None:
        """A normalisation with `parameters` weights: 0 or 2 D, or D of one by the root mean square."""
        if parameters == self.width:
            name = _RMS.get(name, name)
        self.rec.norm(self.elements, self.width, parameters=parameters, wide=True, name=name)

    def modulated(self, parameters: int = 0, *, name: str = "norm") -> None:
        """A normalisation, scaled and shifted by the time step.

        A block that begins so begins with the scale: autocast widens the stream for the norm alone.
        """
        with self.rec.aside():
            self.norm(parameters, name=name)
            self.rec.pointwise(self.width * self.batch, name="one_plus")
        self.rec.pointwise(self.elements, keeps=1.0, name="scale", modulated=True)
        self.rec.add(self.elements, name="shift")

    def project(self, *, bias: bool = True, kv_rows: Any = None, kv_width: int = 0) -> None:
        """Query, key and value, of this stream or (key and value) of another one."""
        projections(self.rec, self.rows, self.width, kv_rows=kv_rows, kv_width=kv_width, bias=bias)

    def norm_qk(self, parameters: int, *, kv_rows: Any = None) -> None:
        """Normalise query and key, with `parameters` weights each: one a value of a row or head, two, 0."""
        square = parameters in (self.width, self.width // self.heads)
        for name, rows in (("query_norm", self.rows), ("key_norm", kv_rows)):
            elements = self.elements if rows is None else self.width * rows
            self.rec.norm(elements, self.width, parameters=parameters, wide=True,
                          name=_RMS[name] if square else name)  # fmt: skip

    def rope(self, tensors: int = 2, *, paired: bool = False) -> None:
        """Rotate query and key by position: a copy turned by 90 degrees, two products and a sum, in FP32.

        Values that are `paired` to complex numbers take one product (`view_as_complex` of the modules).
        """
        cosine, sine, rope = (f"{name}_paired" if paired else name for name in ("cosine", "sine", "rope"))
        for _ in range(tensors):
            self.rec.copy(self.elements, shard="head", name="turn")
            for name in (cosine, sine):
                self.rec.pointwise(self.elements, wide=True, shard="head", name=name)
            self.rec.add(self.elements, wide=True, shard="head", name=rope)

    def attend(self, kv: Any = None, *, name: str = "attention") -> None:
        """Attention over `kv` tokens, by default its own."""
        kv = self.tokens if kv is None else kv
        self.rec.attention(self.batch, self.heads, self.tokens, kv, self.width // self.heads, name=name)

    def out(self, *, bias: bool = True) -> None:
        """The dense layer behind an attention."""
        self.rec.linear(self.rows, self.width, self.width, bias=bias, shard="row", name="out")

    def residual(self, *, gated: bool = True) -> None:
        """Add a branch to the stream, times a gate from the time step."""
        if gated:
            self.rec.pointwise(self.elements, keeps=1.0, name="gate", modulated=True)
        self.rec.add(self.elements)

    def cross(self, text: Any, width: int, *, norm_qk: int = 0) -> None:
        """Attention to `text` tokens of `width`; `norm_qk`: weights of the norms of query and key."""
        rows = text * self.batch
        self.project(kv_rows=rows, kv_width=width)
        if norm_qk:
            self.norm_qk(norm_qk, kv_rows=rows)
        self.attend(text, name="cross_attention")
        self.out()

    def feed_forward(self, ffn: int) -> None:
        """Dense, GELU, dense: (rows, D) -> (rows, ffn) -> (rows, D)."""
        rec, rows = self.rec, self.rows
        rec.linear(rows, self.width, ffn, bias=True, shard="column", name="up")
        rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="gelu")
        rec.linear(rows, ffn, self.width, bias=True, shard="row", name="down")

    def gated_feed_forward(self, ffn: int) -> None:
        """Two dense layers, one through SiLU, their product, dense, all without biases: (rows, D) -> same."""
        rec, rows = self.rec, self.rows
        rec.linear(rows, self.width, 2 * ffn, shard="column", name="up")
        rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="silu")
        rec.pointwise(ffn * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
        rec.linear(rows, ffn, self.width, shard="row", name="down")

    def copied(self, tensors: int = 1, *, width: int | None = None, name: str = "concatenate") -> None:
        """Copies of the stream, or of a wider tensor of its rows."""
        elements = self.elements if width is None else width * self.rows
        for _ in range(tensors):
            self.rec.copy(elements, name=name)

    def embed(self, inputs: int) -> None:
        """Patches of the latent to tokens: (rows, inputs) -> (rows, D)."""
        self.rec.linear(self.rows, inputs, self.width, bias=True, backward="weight", name="patches")

    def final(self, outputs: int) -> None:
        """The last modulated norm's successor, tokens to patches: (rows, D) -> (rows, outputs)."""
        self.rec.linear(self.rows, self.width, outputs, bias=True, name="unpatch")
        self.copied(width=outputs, name="to_map")
