"""Diffusion transformers whose attention runs over the text's and the picture's tokens together.

`mmdit` (Esser et al., Stable Diffusion 3), `flux` (Black Forest Labs, FLUX.1), `chroma`, `hunyuan_video`
(Kong et al.), `qwen_image` (Wu et al.), `cogvideox` (Yang et al.).
Letters: B samples of one pass, S tokens, D width.

Dimensions: `layers` (`double` and `single` for flux and hunyuan_video), `hidden`, `heads`, `patch` and
`patch_frames`, `text_tokens`, `text_width`; `pooled`, width of the pooled text; `out_channels`; `gated`
(false: flux whose feed-forward parts have a gate, as wide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.diffusion.shapes import timestep, two_layers
from whichgpu.workloads.diffusion.stream import Stream

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Recorder


def _streams(rec: Recorder, part: Part, x: Latent) -> tuple[Stream, Stream, int]:
    """The picture's and the text's stream, and the values of a patch."""
    side, frames = part["patch"], part.get("patch_frames", 1)
    hidden, heads = part["hidden"], part["heads"]
    picture = Stream(rec, x.batch, x.patches(side, frames), hidden, heads)
    text = Stream(rec, x.batch, float(part["text_tokens"]), hidden, heads)
    return picture, text, side * side * frames


def _conditions(rec: Recorder, part: Part, batch: Any) -> None:
    """Embeddings of time, guidance (where distilled) and, where there is one, pooled text: (B, D)."""
    width = part["hidden"]
    timestep(rec, batch, width)
    if part.get("embeds_guidance"):
        timestep(rec, batch, width, name="guidance")
        rec.add(width * batch)
    if "pooled" in part:
        two_layers(rec, batch, part["pooled"], width, name="pooled", first=True)
        rec.add(width * batch)


def _end(picture: Stream, outputs: int) -> None:
    picture.condition(2)
    picture.modulated()
    picture.final(outputs)


# -- Stable Diffusion 3 --------------------------------------------------------------------------


def mmdit(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W).

    `dual_layers` of the blocks have a second attention among the picture's tokens alone; the last
    block drops the text. `qk_norm`: whether queries and keys are normalised.
    """
    picture, text, patch = _streams(rec, part, x)
    _conditions(rec, part, x.batch)
    picture.embed(patch * x.channels)
    picture.rec.add(picture.elements, name="positions")
    text.rec.linear(text.rows, part["text_width"], text.width, bias=True, backward="weight", name="text")
    dual, layers = part.get("dual_layers", 0), part["layers"]
    for count, twice, last in ((dual, True, False), (layers - dual - 1, False, False), (1, False, True)):
        if count:
            with rec.module("blocks", copies=float(count)):
                _mmdit_block(part, picture, text, dual=twice, last=last)
    _end(picture, patch * part.get("out_channels", x.channels))


def _mmdit_block(part: Part, picture: Stream, text: Stream, *, dual: bool, last: bool) -> None:
    norm = picture.width // picture.heads if part.get("qk_norm") else 0
    picture.condition(9 if dual else 6)
    picture.modulated()
    if dual:
        picture.modulated()
    text.condition(2 if last else 6)
    text.modulated()
    _joint_attention(picture, text, norm=norm)
    picture.out()
    if not last:
        text.out()
    picture.residual()
    if dual:
        picture.project()
        if norm:
            picture.norm_qk(norm)
        picture.attend(name="attention2")
        picture.out()
        picture.residual()
    for stream in (picture,) if last else (picture, text):
        if not last or stream is picture:
            _mlp(stream)
    if not last:
        text.residual()


def _mlp(stream: Stream, *, gated: bool = False) -> None:
    """Modulated norm, feed-forward of 4 x D, gated residual."""
    stream.modulated()
    (stream.gated_feed_forward if gated else stream.feed_forward)(4 * stream.width)
    stream.residual()


def _joint_attention(picture: Stream, text: Stream, *, norm: int, rope: str = "none") -> None:
    """Projections of each stream, attention over both; `rope` on none, the picture, all, or all in pairs."""
    for stream in (picture, text):
        stream.project()
        if norm:
            stream.norm_qk(norm)
    both = picture.longer(text.tokens)
    if rope != "none":
        (picture if rope == "picture" else both).rope(paired=rope == "pairs")
    both.copied(3)
    both.attend()


# -- Flux, HunyuanVideo --------------------------------------------------------------------------


def flux(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W); `double` blocks with two streams, `single` ones with one.

    `references`: pictures of the same size whose tokens stand beside (FLUX.1 Kontext, Qwen-Image-Edit).
    """
    picture, text, patch = _streams(rec, part, x)
    picture = picture.longer(part.get("references", 0) * picture.tokens)
    picture.embed(patch * x.channels)
    _conditions(rec, part, x.batch)
    text.rec.linear(text.rows, part["text_width"], text.width, bias=True, backward="weight", name="text")
    _double_and_single(rec, part, picture, text, rope="all")
    _end(picture, patch * x.channels)


def chroma(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass of a FLUX whose modulations all come from one small network: (B, C, H, W) -> (B, C, H, W)."""
    picture, text, patch = _streams(rec, part, x)
    width, inner = picture.width, part["approximator"]
    # Shift, scale and gate of each half of a block: 3 in a single one, 6 for either stream of a double one.
    rows = x.batch * float(3 * part["single"] + 12 * part["double"] + 2)
    picture.embed(patch * x.channels)
    with rec.module("approximator"):
        rec.linear(rows, part["approximator_inputs"], inner, bias=True, backward="weight", name="in")
        for _ in range(part["approximator_layers"]):
            rec.norm(inner * rows, inner, parameters=inner, wide=True)
            two_layers(rec, rows, inner, inner, name="layer")
            rec.add(inner * rows)
        rec.linear(rows, inner, width, bias=True, name="out")
    text.rec.linear(text.rows, part["text_width"], text.width, bias=True, backward="weight", name="text")
    _double_and_single(rec, part, picture, text, rope="all", conditioned=False)
    picture.modulated()
    picture.final(patch * x.channels)


def hunyuan_video(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, C, T, H, W); a small transformer refines the text first."""
    picture, text, patch = _streams(rec, part, x)
    _conditions(rec, part, x.batch)
    picture.embed(patch * x.channels)
    refine(rec, part, text)
    _double_and_single(rec, part, picture, text, rope="picture")
    _end(picture, patch * x.channels)


def refine(rec: Recorder, part: Part, text: Stream) -> None:
    """The states of a language model through a small transformer: (B, S, text_width) -> (B, S, D)."""
    timestep(rec, text.batch, text.width, name="refiner_time")
    two_layers(rec, text.batch, part["text_width"], text.width, name="refiner_pooled", first=True)
    rec.add(text.width * text.batch)
    rec.linear(text.rows, part["text_width"], text.width, bias=True, backward="weight", name="text")
    with rec.module("refiner", copies=float(part["refiner"])):
        text.condition(2)
        text.norm(2 * text.width)
        text.project()
        text.attend()
        text.out()
        text.residual()
        text.norm(2 * text.width)
        text.feed_forward(4 * text.width)
        text.residual()


def _double_and_single(
    rec: Recorder, part: Part, picture: Stream, text: Stream, *, rope: str, conditioned: bool = True
) -> None:
    norm, gated = picture.width // picture.heads, part.get("gated", False)
    double(rec, part["double"], picture, text, rope=rope, conditioned=conditioned, gated=gated)
    both = picture.longer(text.tokens)
    with rec.module("single", copies=float(part["single"])):
        if conditioned:
            both.condition(3)
        _single(both, picture if rope == "picture" else both, norm, gated=gated)


def double(
    rec: Recorder, layers: int, picture: Stream, text: Stream, *, rope: str, conditioned: bool = True,
    gated: bool = False,
) -> None:  # fmt: skip
    """Blocks of two streams, each with weights of its own, that meet in the attention."""
    with rec.module("double", copies=float(layers)):
        for stream in (picture, text):
            if conditioned:
                stream.condition(6)
            stream.modulated()
        _joint_attention(picture, text, norm=picture.width // picture.heads, rope=rope)
        for stream in (picture, text):
            stream.out()
            stream.residual()
            _mlp(stream, gated=gated)


def _single(both: Stream, turned: Stream, norm: int, *, gated: bool = False) -> None:
    """Attention and feed-forward side by side, one dense layer behind both."""
    rec, ffn = both.rec, 4 * both.width
    both.copied()
    both.modulated()
    rec.linear(both.rows, both.width, (1 + gated) * ffn, bias=True, keeps=0.0, shard="column", name="up")
    rec.pointwise(ffn * both.rows, reads=1.0 + gated, keeps=1.0 + gated, shard="column", name="gelu")
    both.project()
    both.norm_qk(norm)
    turned.rope()
    both.attend()
    both.copied(width=both.width + ffn)
    rec.linear(both.rows, both.width + ffn, both.width, bias=True, shard="row", name="out")
    both.residual()


# -- Qwen-Image ----------------------------------------------------------------------------------


def qwen_image(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W); blocks of two streams only, conditioned on the time."""
    picture, text, patch = _streams(rec, part, x)
    picture = picture.longer(part.get("references", 0) * picture.tokens)
    timestep(rec, x.batch, picture.width)
    picture.embed(patch * x.channels)
    width = part["text_width"]
    rec.norm(width * text.rows, width, parameters=width, name="text_norm")
    rec.linear(text.rows, width, text.width, bias=True, backward="weight", name="text")
    double(rec, part["layers"], picture, text, rope="pairs")
    _end(picture, patch * x.channels)


# -- CogVideoX -----------------------------------------------------------------------------------


def cogvideox(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, C, T, H, W); both modalities share weights, not modulations."""
    picture, text, patch = _streams(rec, part, x)
    both, time = picture.longer(text.tokens), part["time"]
    timestep(rec, x.batch, time, inputs=picture.width)
    rec.linear(text.rows, part["text_width"], text.width, bias=True, backward="weight", name="text")
    picture.embed(patch * x.channels)
    both.copied()
    with rec.module("blocks", copies=float(part["layers"])):
        for half in ("attention", "feed_forward"):
            both.condition(6, time)
            both.modulated(2 * both.width)
            both.copied()
            if half == "attention":
                both.project()
                both.norm_qk(2 * (both.width // both.heads))
                if part.get("rope"):
                    picture.rope()
                both.attend()
                both.out()
            else:
                both.feed_forward(4 * both.width)
            both.residual()
    both.norm(2 * both.width)
    picture.condition(2, time)
    picture.modulated(2 * picture.width)
    picture.final(patch * x.channels)
