"""Diffusion transformers with gated feed-forward parts and next to no biases.

`flux2` (Black Forest Labs, FLUX.2), `auraflow` (Fal, AuraFlow), `hidream` (Cai et al., HiDream-I1: experts
of which each token of the picture goes to a few), `single_stream` (Qin et al., Lumina-Image
2.0; Z-Image Team, Z-Image): text and picture in one stream of tokens, `hunyuan_image_3` (Cao et al.): a
language model whose tokens are a picture's places, `cosmos3` (NVIDIA, Cosmos 3): a language model and its
twin, which reads what the first one thinks of the text.
Letters: B samples of one pass, S tokens, D width.

Dimensions: `double` and `single` blocks (flux2, auraflow) or `layers` and `refiners` (single_stream),
`hidden`, `heads`, `kv_heads`, `ffn`, `patch`, `text_tokens`, `text_width`, `time` (width of what
modulates), `embeds_guidance` (flux2); `shared` (of all layers' modulations, made once: parts of the width),
`after` (true: a norm behind each half of a layer), `attention_gate` (false), `time_inputs` (256) and
`time_inner` (`time`) of its embedding (single_stream); `experts`, `top` of them, `shared_ffn`, `pooled`,
`layer_tokens` of the text of each block's own, `references` (pictures of the same size beside, hidream);
`patch_hidden` (of what makes tokens of places), `vocab` (hunyuan_image_3, cosmos3), `head_dim` (cosmos3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.diffusion.shapes import timestep, two_layers
from whichgpu.workloads.diffusion.stream import IDLE, Stream
from whichgpu.workloads.diffusion.unet import group_norm

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def _streams(rec: Recorder, part: Part, x: Latent, *, more: float = 0.0) -> tuple[Stream, Stream, int]:
    """The picture's and the text's stream (with `more` tokens), and the values of a patch."""
    hidden, heads = part["hidden"], part["heads"]
    picture = Stream(rec, x.batch, x.patches(part["patch"]), hidden, heads)
    return picture, Stream(rec, x.batch, part["text_tokens"] + more, hidden, heads), part["patch"] ** 2


def _dense(stream: Stream, inputs: int, outputs: int, name: str, rows: float | None = None) -> None:
    """A dense layer without bias, on the stream's rows or on others."""
    stream.rec.linear(stream.rows if rows is None else rows, inputs, outputs, name=name)


def _modulations(stream: Stream, parts: int, name: str = "modulation") -> None:
    """SiLU and a dense layer of the time's embedding, without bias: (B, D) -> (B, parts D)."""
    with stream.rec.aside():
        stream.rec.pointwise(stream.width * stream.batch, keeps=1.0, name="silu")
        _dense(stream, stream.width, parts * stream.width, name, stream.batch)


# -- FLUX.2 --------------------------------------------------------------------------------------


def flux2(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W); all blocks of a kind share their modulations."""
    picture, text, patch = _streams(rec, part, x)
    width, d = picture.width, picture.width // picture.heads
    for name in ("time", "guidance") if part.get("embeds_guidance") else ("time",):
        _dense(picture, 256, width, f"{name}1", x.batch)
        rec.pointwise(width * x.batch, keeps=1.0, name="silu")
        _dense(picture, width, width, f"{name}2", x.batch)
    for name, parts in (("picture", 6), ("text", 6), ("single", 3)):
        _modulations(picture, parts, f"modulation_{name}")
    _dense(picture, patch * x.channels, width, "patches")
    _dense(text, part["text_width"], width, "text")
    with rec.module("double", copies=float(part["double"])):
        _joint(picture, text, part["ffn"], norm=d)
    both = picture.longer(text.tokens)
    both.copied()
    with rec.module("single", copies=float(part["single"])):
        _side_by_side(both, part["ffn"], norm=d)
    _modulations(picture, 2)
    picture.modulated()
    _dense(picture, width, patch * x.channels, "unpatch")


def _joint(picture: Stream, text: Stream, ffn: int, *, norm: int, rope: bool = True) -> None:
    """A block of two streams that meet in the attention."""
    both = picture.longer(text.tokens)
    for stream in (picture, text):
        stream.modulated()
        stream.project(bias=False)
        stream.norm_qk(norm)
    if rope:
        both.rope()
    both.copied(3)
    both.attend()
    for stream in (picture, text):
        stream.out(bias=False)
        stream.residual()
        stream.modulated()
        stream.gated_feed_forward(ffn)
        stream.residual()


def _side_by_side(both: Stream, ffn: int, *, norm: int) -> None:
    """Attention and gated feed-forward of one input, one dense layer behind both."""
    rec, rows, width = both.rec, both.rows, both.width
    both.modulated()
    rec.linear(rows, width, 3 * width + 2 * ffn, shard="column", name="qkv_up")
    both.norm_qk(norm)
    both.rope()
    both.attend()
    rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="silu")
    rec.pointwise(ffn * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
    both.copied(width=width + ffn)
    rec.linear(rows, width + ffn, width, shard="row", name="out")
    both.residual()


# -- AuraFlow ------------------------------------------------------------------------------------


def auraflow(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W); `registers` are tokens beside the text's."""
    picture, text, patch = _streams(rec, part, x, more=float(part["registers"]))
    width, ffn = picture.width, part["ffn"]
    timestep(rec, x.batch, width)
    picture.embed(patch * x.channels)
    rec.pointwise(picture.elements, parameters=float(width * part["positions"]), name="positions")
    _dense(text, part["text_width"], width, "text", part["text_tokens"] * x.batch)
    rec.pointwise(text.elements, parameters=float(width * part["registers"]), name="registers")
    with rec.module("double", copies=float(part["double"])):
        for _ in (picture, text):
            _modulations(picture, 6)
        _joint(picture, text, ffn, norm=0, rope=False)
    both = picture.longer(text.tokens)
    both.copied()
    with rec.module("single", copies=float(part["single"])):
        _modulations(both, 6)
        both.modulated()
        both.project(bias=False)
        both.norm_qk(0)
        both.attend()
        both.out(bias=False)
        both.residual()
        both.modulated()
        both.gated_feed_forward(ffn)
        both.residual()
    _modulations(picture, 2)
    picture.modulated()
    _dense(picture, width, patch * x.channels, "unpatch")


# -- HiDream -------------------------------------------------------------------------------------


def hidream(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W); every block reads a layer of the text encoder of its own."""
    picture, text, patch = _streams(rec, part, x)
    picture = picture.longer(part.get("references", 0) * picture.tokens)
    width, own = picture.width, part["layer_tokens"] * x.batch
    timestep(rec, x.batch, width)
    two_layers(rec, x.batch, part["pooled"], width, name="pooled", first=True)
    picture.embed(patch * x.channels)
    _dense(text, part["text_width"], width, "text", own)
    both = picture.longer(text.tokens)
    with rec.module("double", copies=float(part["double"])):
        _dense(text, part["text_width"], width, "text", own)
        for stream in (picture, text):
            stream.condition(6)
            stream.modulated()
            stream.project()
            stream.norm_qk(width)
        both.rope()
        both.copied(3)
        both.attend()
        for stream in (picture, text):
            stream.out()
            stream.residual()
            stream.modulated()
            if stream is picture:
                _experts(stream, part)
            else:
                stream.gated_feed_forward(part["ffn"])
            stream.residual()
    with rec.module("single", copies=float(part["single"])):
        _dense(text, part["text_width"], width, "text", own)
        both.condition(6)
        both.modulated()
        both.project()
        both.norm_qk(width)
        both.rope()
        both.attend()
        both.out()
        both.residual()
        both.modulated()
        _experts(both, part)
        both.residual()
    picture.condition(2)
    picture.modulated()
    picture.final(patch * x.channels)


def _experts(stream: Stream, part: Part) -> None:
    """The experts that a token goes to beside the shared one; weights of the others lie there."""
    rec, idle = stream.rec, part["experts"] - part["top"]
    _dense(stream, stream.width, part["experts"], "router")
    stream.copied(part["top"], name="dispatch")
    stream.gated_feed_forward(part["top"] * part["ffn"] + part["shared_ffn"])
    with rec.module("idle", repeats=0.0):
        Stream(rec, IDLE, 1.0, stream.width, stream.heads).gated_feed_forward(idle * part["ffn"])


# -- Lumina-Image 2.0, Z-Image -------------------------------------------------------------------


def single_stream(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W); `refiners` work on picture and text before they meet.

    `editors` refine a picture to edit, and are stored alone where a picture is made of a text.
    """
    picture, text, patch = _streams(rec, part, x)
    width, time, text_width = picture.width, part["time"], part["text_width"]
    inputs, inner = part.get("time_inputs", 256), part.get("time_inner", time)
    two_layers(rec, x.batch, inputs, inner, outputs=time, name="time", first=True)
    rec.norm(text_width * text.rows, text_width, parameters=text_width, wide=True, name="text_norm")
    rec.linear(text.rows, text_width, width, bias=True, backward="weight", name="text")
    picture.embed(patch * x.channels)
    if part["refiners"]:
        with rec.module("text_refiner", copies=float(part["refiners"])):
            _layer(part, text, modulated=False)
        with rec.module("picture_refiner", copies=float(part["refiners"])):
            _layer(part, picture)
    if part.get("editors"):
        with rec.module("idle", copies=float(part["editors"]), repeats=0.0):
            _layer(part, Stream(rec, IDLE, 1.0, width, picture.heads))
    both = picture.longer(text.tokens)
    both.copied()
    if part.get("shared"):
        _modulations(picture, part["shared"], "modulation_layers")
    with rec.module("layers", copies=float(part["layers"])):
        _layer(part, both)
    picture.rec.linear(x.batch, time, width, bias=True, name="modulation")
    picture.modulated()
    picture.final(patch * x.channels)
    if part.get("padding"):
        rec.pointwise(width * both.batch, parameters=2.0 * width, name="padding")


def _layer(part: Part, stream: Stream, *, modulated: bool = True) -> None:
    """Attention and gated feed-forward, norms before and behind each, a scale and a gate from the time."""
    rec, width, d = stream.rec, stream.width, stream.width // stream.heads
    kv = part.get("kv_heads", stream.heads)
    if modulated and not part.get("shared"):
        with rec.aside():
            rec.linear(stream.batch, part["time"], 4 * width, bias=True, name="modulation")
    for half in ("attention", "feed_forward"):
        stream.norm(width)
        if modulated:
            rec.pointwise(stream.elements, keeps=1.0, name="scale")
        if half == "attention":
            rec.linear(stream.rows, width, (stream.heads + 2 * kv) * d, shard="column", name="qkv")
            stream.norm_qk(d)
            stream.rope(paired=True)
            rec.attention(stream.batch, stream.heads, stream.tokens, stream.tokens, d, kv_heads=kv)
            if part.get("attention_gate"):
                rec.linear(stream.rows, width, width, shard="column", name="gate")
                rec.pointwise(stream.elements, keeps=2.0, name="gated")
            stream.out(bias=False)
        else:
            stream.gated_feed_forward(part["ffn"])
        if part.get("after", True):
            stream.norm(width)
        stream.residual(gated=modulated)


# -- HunyuanImage 3 ------------------------------------------------------------------------------


def hunyuan_image_3(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass of a language model over a picture's places, behind a prompt whose keys and values are kept.

    Convolutions that know the time step make tokens of places before it, and places of tokens behind it:
    (B, C, H, W) -> (B, C, H, W). Its table of words and its head are stored, and run for texts alone.
    """
    width, inside, heads, kv = part["hidden"], part["patch_hidden"], part["heads"], part["kv_heads"]
    stream, d = Stream(rec, x.batch, x.patches(part["patch"]), width, heads), width // heads
    for name in ("time", "first_time", "last_time"):
        timestep(rec, x.batch, width, name=name)
    with rec.module("enter"):
        y = rec.conv(x.map, inside, 3, bias=True, backward="weight")
        _timed(rec, y, width, width)
    with rec.module("words", repeats=0.0):
        for name in ("table", "head"):
            rec.linear(IDLE, width, part["vocab"], name=name)
    with rec.module("layers", copies=float(part["layers"])):
        stream.norm(width)
        rec.linear(stream.rows, width, (heads + 2 * kv) * d, shard="column", name="qkv")
        stream.norm_qk(d)
        stream.rope()
        seen = stream.tokens + float(part["text_tokens"])
        rec.attention(stream.batch, heads, stream.tokens, seen, d, kv_heads=kv)
        stream.out(bias=False)
        stream.residual(gated=False)
        stream.norm(width)
        _experts(stream, part)
        stream.residual(gated=False)
    stream.norm(width)
    with rec.module("leave"):
        y = _timed(rec, x.map._replace(channels=width), inside, width)
        group_norm(rec, y)
        rec.conv(y, x.channels, 3, bias=True)


def _timed(rec: Recorder, x: Map, out: int, time: int) -> Map:
    """Two convolutions that know the time step, and one beside them: (B, C, H, W) -> (B, out, H, W)."""
    group_norm(rec, x)
    y = rec.conv(x, out, 3, bias=True)
    rec.linear(x.batch, time, 2 * out, bias=True, name="modulation")
    group_norm(rec, y)
    y = rec.conv(y, out, 3, bias=True)
    rec.conv(x, out, 1, bias=True, name="short")
    rec.add(y.elements)
    return y


# -- Cosmos 3 ------------------------------------------------------------------------------------


def cosmos3(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass of two towers of equal sizes: (B, C, H, W) -> (B, C, H, W).

    The first one reads the text causally, the second one the picture's places and, in each attention, the
    first one's keys and values. Both run in every step; the head of words is stored and runs for texts alone.
    """
    width, heads, patch = part["hidden"], part["heads"], part["patch"]
    picture = Stream(rec, x.batch, x.patches(patch), width, heads)
    text = Stream(rec, x.batch, float(part["text_tokens"]), width, heads)
    timestep(rec, x.batch, width)
    picture.embed(patch**2 * x.channels)
    rec.add(picture.elements, name="add_time")
    with rec.module("words", repeats=0.0):
        for name in ("table", "head"):
            rec.linear(IDLE, width, part["vocab"], name=name)
    with rec.module("layers", copies=float(part["layers"])):
        _tower(part, text, 0.0)
        _tower(part, picture, text.tokens)
    for stream in (text, picture):
        stream.norm(width)
    picture.final(patch**2 * x.channels)


def _tower(part: Part, stream: Stream, before: float) -> None:
    """A layer of a language model over the stream, which sees the tokens `before` it; causal without any."""
    rec, width, heads, kv, d = stream.rec, stream.width, stream.heads, part["kv_heads"], part["head_dim"]
    inner = Stream(rec, stream.batch, stream.tokens, heads * d, heads)
    stream.norm(width)
    rec.linear(stream.rows, width, (heads + 2 * kv) * d, shard="column", name="qkv")
    inner.norm_qk(d)
    inner.rope()
    seen = stream.tokens + before
    rec.attention(stream.batch, heads, stream.tokens, seen, d, kv_heads=kv, causal=before == 0.0)
    rec.linear(stream.rows, heads * d, width, shard="row", name="out")
    stream.residual(gated=False)
    stream.norm(width)
    stream.gated_feed_forward(part["ffn"])
    stream.residual(gated=False)
