"""Vision transformers: ViT, DeiT, BEiT, EVA, DINO, AIM, and the towers of CLIP and SigLIP.

Dosovitskiy et al., "An Image is Worth 16x16 Words", table 1; Touvron et al., "DeiT III" (scale of each
channel); Oquab et al., "DINOv2"; Zhai et al., "Sigmoid Loss" (attention in place of the class token); Bao et
al., "BEiT", and Wu et al., "Rethinking Relative Position Encoding" (relative biases, from tables or from a
small perceptron); Fang et al., "EVA-02" (norms inside, SwiGLU, rotary positions); Darcet et al., "Vision
Transformers Need Registers"; Dehghani et al., "Scaling to 22 B" (both halves side by side); Ye et al.,
"Differential Transformer", figure 2.
Letters: B batch, S tokens of an image, D width of a token, P side of a patch.

Dimensions: `image` (side that the learned positions are for), `patch`, `width`, `layers`, `heads`, `ffn`,
`classes` (0: features only);
tokens: `class_token` (true), `distilled` (a second one, with a head of its own), `registers`, `bare_token`
(no positions for them), `pool` (token, attention), `final_norm` (true), `pre_norm` (a norm before the
layers, and patches without bias), `patch_norm` (a norm, and patches with it), `patch_bias` (true), `merge`
([side, width inside, width]: a perceptron over squares of tokens, for a language model), `grid` (side of
squares whose mean is taken for one);
patches: `backbone` (a part of a ResNet before them) or `convolutions` in their place, see
`workloads/residual_stem.py`;
positions: `positions` (learned: true, or factorised: of rows and of columns, or how many in a table that is
read by a product), `rotary` (true, or learned), `relative` (table, perceptron, shared) and `relative_width`
(of that perceptron);
layers: `layer_scale` (true, or attention), `gated` (SwiGLU), `qkv_bias` (all, qv, none), `bias` (of the
other dense layers, true; attention: of its own alone), `norm_shift` (true), `qk_norm`, `inner_norm`
(attention, ffn), `parallel` (halves), `around` (norms behind each half as well), `differential` (each head's
is the difference of two of half the width), `kv_heads` (of the last `few` layers, which have fewer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import join, layer_norm, perceptron, relative_perceptron, rotate
from whichgpu.workloads.residual_stem import patch_convolutions, residual_stem

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches, layers, head: (B, 3, H, W) -> (B, S, D) -> (B, classes)."""
    batch, width = job.batch, dims["width"]
    with rec.module("embeddings"):
        tokens = _embed(dims, job, rec)
    if dims.get("relative") == "shared":
        with rec.module("relative"):
            _relative(rec, dims)
    few = dims.get("few", 0)
    with rec.module("layers", copies=float(dims["layers"] - few)):
        _layer(rec, batch, tokens, dims, dims["heads"])
    if few:
        with rec.module("layers", copies=float(few)):
            _layer(rec, batch, tokens, dims, dims["kv_heads"])
    with rec.module("head"):
        if dims.get("final_norm", True):
            _norm(rec, width * batch * tokens, width, dims)
        _merge(rec, batch, tokens, dims)
        if dims.get("pool", "token") == "attention":
            _attention_pool(rec, batch, tokens, dims)
        if dims["classes"]:
            for _ in range(2 if dims.get("distilled") else 1):
                rec.linear(batch, width, dims["classes"], bias=True, name="fc")


def _merge(rec: Recorder, batch: Any, tokens: Any, dims: Dims) -> None:
    """Squares of tokens made one each: (B, S, D) -> (B, S/side^2, width) for a language model."""
    width = dims["width"]
    if "grid" in dims:
        rec.product(batch, tokens / dims["grid"] ** 2, tokens, float(width), name="mean_of_squares")
    if "merge" in dims:
        side, inside, out = dims["merge"]
        rows = batch * tokens / side**2
        rec.copy(width * batch * tokens, name="squares")
        rec.linear(rows, side**2 * width, inside, bias=True, shard="column", name="merge_up")
        activate(rec, inside * rows, "gelu", shard="column")
        rec.linear(rows, inside, out, bias=True, shard="row", name="merge_down")


def _embed(dims: Dims, job: Job, rec: Recorder) -> Any:
    """Patches, class token, positions: (B, 3, H, W) -> (B, S, D); returns S."""
    width, side = dims["width"], dims["patch"]
    special = float(dims.get("class_token", True)) + dims.get("registers", 0) + dims.get("distilled", False)
    before = dims.get("pre_norm", False)
    x = _patches(dims, image(job), rec, bias=dims.get("patch_bias", not before))
    if dims.get("patch_norm"):
        _norm(rec, x.elements, width, dims)
    tokens = x.height * x.width + special
    elements = width * job.batch * tokens
    kind, across = dims.get("positions", True), dims["image"] // side
    whole = across**2 + (0.0 if dims.get("bare_token") else special)
    known = {"factorised": 2 * across, True: whole, False: 0.0}
    if special:
        rec.copy(elements, name="special_tokens")
    if kind not in known:
        rec.linear(elements / width, kind, width, tied=True, keeps=0.0, name="look_up")
    held = known.get(kind, kind) + special
    rec.pointwise(elements, wide=True, parameters=width * held, name="positions")
    if before:
        _norm(rec, elements, width, dims)
    return tokens


def _patches(dims: Dims, x: Map, rec: Recorder, *, bias: bool) -> Map:
    """One strided convolution, or several, or one behind a part of a ResNet: (B, 3, H, W) -> (B, D, ..)."""
    width, side, backward = dims["width"], dims["patch"], "weight"
    if "convolutions" in dims:
        return patch_convolutions(rec, x, dims["convolutions"])
    if "backbone" in dims:
        stem = dims["backbone"]
        side, backward = side // (4 * 2 ** max(len(stem["layers"]) - 1, 0)), "full"
        x = residual_stem(rec, x, stem)
    return rec.conv(x, width, side, side, padding=0, bias=bias, backward=backward, name="patches")


def _layer(rec: Recorder, batch: Any, tokens: Any, dims: Dims, kv_heads: int) -> None:
    """Attention and perceptron, one after the other or side by side: (B, S, D) -> (B, S, D)."""
    rows, width, scaled = batch * tokens, dims["width"], dims.get("layer_scale", False)
    if dims.get("parallel"):
        return _both_halves(rec, batch, tokens, dims)
    _norm(rec, width * rows, width, dims)
    _qkv(rec, rows, dims, kv_heads)
    _mix(rec, batch, tokens, dims, kv_heads)
    if "attention" in dims.get("inner_norm", ()):
        _norm(rec, width * rows, width, dims)
    rec.linear(rows, width, width, bias=bool(dims.get("bias", True)), shard="row", name="out")
    if dims.get("around"):
        _norm(rec, width * rows, width, dims)
    join(rec, rows, width, layer_scale=bool(scaled))
    _norm(rec, width * rows, width, dims)
    inner = "ffn" in dims.get("inner_norm", ())
    perceptron(rec, rows, width, dims["ffn"], gated=dims.get("gated", False),
               bias=dims.get("bias", True) is True,
               inner_norm=inner)  # fmt: skip
    if dims.get("around"):
        _norm(rec, width * rows, width, dims)
    return join(rec, rows, width, layer_scale=scaled is True)


def _qkv(rec: Recorder, rows: Any, dims: Dims, kv_heads: int) -> None:
    """Query, key and value in one dense layer: (rows, D) -> (rows, 3 D), less where heads share keys."""
    width, kind = dims["width"], dims.get("qkv_bias", "all")
    made = width + 2 * (width // dims["heads"]) * kv_heads
    rec.linear(rows, width, made, bias=kind == "all", shard="column", name="qkv")
    if kind == "qv":
        rec.pointwise(3 * width * rows, parameters=2.0 * width, shard="column", name="qv_bias")


def _mix(rec: Recorder, batch: Any, tokens: Any, dims: Dims, kv_heads: int) -> None:
    """Attention of all tokens to all, with what the model does to queries, keys and scores."""
    width, heads, rotary = dims["width"], dims["heads"], dims.get("rotary")
    one, elements = width // heads, width * batch * tokens
    if dims.get("qk_norm"):
        for name in ("query_norm", "key_norm"):
            parts = (2 if dims.get("norm_shift", True) else 1) * one
            rec.norm(elements, one, parameters=parts, wide=True, name=name)
    if rotary:
        rotate(rec, 2 * elements, parameters=float(width) if rotary == "learned" else 0.0)
    if dims.get("relative") in ("table", "perceptron"):
        _relative(rec, dims)
    if dims.get("differential"):
        _difference(rec, batch, tokens, dims)
    else:
        rec.attention(batch, heads, tokens, tokens, one, kv_heads=kv_heads)


def _difference(rec: Recorder, batch: Any, tokens: Any, dims: Dims) -> None:
    """Two attentions of half the width, one less the other times what is learned, and a norm of each head."""
    width, one = dims["width"], dims["width"] // dims["heads"]
    for _ in range(2):
        rec.attention(batch, dims["heads"], tokens, tokens, one // 2, value_dim=one)
    elements = width * (batch * tokens)
    rec.pointwise(elements, reads=2.0, keeps=2.0, parameters=float(4 * (one // 2)), name="difference")
    rec.norm(elements, one, parameters=one, wide=True, name="head_norm")


def _relative(rec: Recorder, dims: Dims) -> None:
    """Biases (heads, S, S) of the scores, from a table with 3 rows for the class token, or a perceptron."""
    side, heads = dims["image"] // dims["patch"], dims["heads"]
    if "relative_width" not in dims:
        rows = (2.0 * side - 1.0) ** 2 + 3.0
        rec.pointwise(float(heads * side**4), parameters=rows * heads, name="relative_bias")
    else:
        relative_perceptron(rec, side, heads, dims["relative_width"], last_bias=True)


def _both_halves(rec: Recorder, batch: Any, tokens: Any, dims: Dims) -> None:
    """One norm, one dense layer for both halves, two back (one where differential): (B, S, D) unchanged."""
    rows, width, ffn = batch * tokens, dims["width"], dims["ffn"]
    _norm(rec, width * rows, width, dims)
    whole = dims.get("qkv_bias", "all") == "all"
    rec.linear(rows, width, 3 * width + ffn, bias=whole, shard="column", name="in")
    if not whole:
        rec.pointwise(ffn * rows, parameters=float(ffn), shard="column", name="mlp_bias")
    _mix(rec, batch, tokens, dims, dims["heads"])
    activate(rec, ffn * rows, "gelu", shard="column")
    if dims.get("differential"):
        rec.copy((width + ffn) * rows, name="concatenate")
        rec.linear(rows, width + ffn, width, bias=True, shard="row", name="out")
    else:
        rec.linear(rows, width, width, bias=True, shard="row", name="out")
        rec.linear(rows, ffn, width, bias=True, shard="row", name="down")
        rec.add(width * rows)
    join(rec, rows, width, layer_scale=bool(dims.get("layer_scale")))


def _norm(rec: Recorder, elements: Any, width: int, dims: Dims) -> None:
    """LayerNorm, or a root mean square alone, without a shift."""
    if dims.get("norm_shift", True):
        layer_norm(rec, elements, width)
    else:
        rec.norm(elements, width, parameters=width, wide=True, name="layer_norm")


def _attention_pool(rec: Recorder, batch: Any, tokens: Any, dims: Dims) -> None:
    """A learned query attends to all tokens, then a perceptron: (B, S, D) -> (B, D)."""
    width, heads = dims["width"], dims.get("pool_heads", dims["heads"])
    rec.linear(batch, width, width, bias=True, keeps=0.0, name="query")
    rec.linear(batch * tokens, width, 2 * width, bias=True, name="key_value")
    rec.attention(batch, heads, 1.0, tokens, width // heads)
    rec.linear(batch, width, width, bias=True, name="out")
    rec.pointwise(width * batch, parameters=float(width), name="latent")
    layer_norm(rec, width * batch, width)
    perceptron(rec, batch, width, dims.get("pool_ffn", dims["ffn"]))
    join(rec, batch, width)
