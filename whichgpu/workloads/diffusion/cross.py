"""Diffusion transformers with self-attention over the picture and cross attention to the text.

`pixart` (Chen et al., PixArt-alpha and -Sigma), `sana` (Xie et al.: linear attention, convolutions in
the feed-forward), `hunyuan_dit` (Li et al.: skip connections between the halves), `wan` (Wan Team) and
`ltx` (HaCohen et al.) for video.
Letters: B samples of one pass, S tokens, D width.

Dimensions: `layers`, `hidden`, `heads`, `ffn`, `patch` and `patch_frames`, `text_tokens`, `text_width`,
`out_channels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.diffusion.shapes import timestep, two_layers
from whichgpu.workloads.diffusion.stream import IDLE, WIDENED, Stream
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Recorder


def _stream(rec: Recorder, part: Part, x: Latent) -> tuple[Stream, int]:
    """The picture's tokens, and the values of a patch by channel."""
    side, frames = part["patch"], part.get("patch_frames", 1)
    stream = Stream(rec, x.batch, x.patches(side, frames), part["hidden"], part["heads"])
    return stream, side * side * frames


def _shared(rec: Recorder, part: Part, stream: Stream) -> None:
    """What every block reads: six modulations from the time step, and the text at the stream's width."""
    timestep(rec, stream.batch, stream.width)
    for _ in range(part.get("sizes", 0)):
        timestep(rec, stream.batch, stream.width // 3, name="size")
    stream.condition(6)
    text = float(part["text_tokens"]) * stream.batch
    two_layers(rec, text, part["text_width"], stream.width, name="text", first=True)


def begin(rec: Recorder, part: Part, x: Latent) -> tuple[Stream, int]:
    """Patches with their positions, and what every block reads: the stream, and the values of a patch."""
    stream, patch = _stream(rec, part, x)
    stream.embed(patch * x.channels)
    rec.add(stream.elements, name="positions")
    _shared(rec, part, stream)
    return stream, patch


def end(stream: Stream, outputs: int) -> None:
    """A last modulated norm, and the tokens' patches."""
    stream.table(2)
    stream.modulated()
    stream.final(outputs)


# -- PixArt --------------------------------------------------------------------------------------


def pixart(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, 2 C, H, W). `sizes`: embedded sizes of the picture (alpha)."""
    stream, patch = begin(rec, part, x)
    with rec.module("blocks", copies=float(part["layers"])):
        block(stream, part, stream.attend)
    end(stream, patch * part["out_channels"])


def block(stream: Stream, part: Part, attend: Callable[[], None]) -> None:
    """A block of PixArt's, (B, S, D) -> (B, S, D): what tokens `attend` to, the text, the feed-forward."""
    stream.table(6)
    stream.modulated()
    stream.project()
    attend()
    stream.out()
    stream.residual()
    stream.cross(float(part["text_tokens"]), stream.width)
    stream.residual(gated=False)
    stream.modulated()
    stream.feed_forward(part["ffn"])
    stream.residual()


# -- Sana ----------------------------------------------------------------------------------------


def sana(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W)."""
    stream, patch = _stream(rec, part, x)
    text, width = float(part["text_tokens"]), stream.width
    stream.embed(patch * x.channels)
    _shared(rec, part, stream)
    rec.norm(width * (text * x.batch), width, parameters=width, name="text_norm")
    across = Stream(rec, x.batch, stream.tokens, width, part["cross_heads"])
    with rec.module("blocks", copies=float(part["layers"])):
        stream.table(6)
        stream.modulated()
        _linear_attention(stream)
        stream.out()
        stream.residual()
        across.cross(text, width, norm_qk=width)
        stream.residual(gated=False)
        stream.modulated()
        side = part["patch"]
        _mix(rec, Map(x.batch, width, x.height / side, x.width / side), part["ffn"])
        stream.residual()
    end(stream, patch * x.channels)


def _linear_attention(stream: Stream) -> None:
    """ReLU of query and key; values x keys, then x queries: linear in the tokens, in FP32."""
    rec, d = stream.rec, stream.width // stream.heads
    stream.project(bias=False)
    stream.norm_qk(stream.width)
    for name in ("query", "key"):
        rec.pointwise(stream.elements, keeps=1.0, name=f"relu_{name}")
    for name in ("query", "key", "value"):
        rec.pointwise(stream.elements, wide=True, name=f"widen_{name}")
    heads = float(stream.heads) * stream.batch
    # A row of ones under the values gives the sum that the result is divided by.
    rec.product(heads, float(d + 1), stream.tokens, float(d), name="state")
    rec.product(heads, float(d + 1), float(d), stream.tokens, name="read_out")
    rec.pointwise(stream.elements, reads=2.0, keeps=1.0, name="divide")


def _mix(rec: Recorder, x: Map, ffn: int) -> None:
    """Gated feed-forward with a 3 x 3 convolution a channel: (B, D, H, W) -> (B, D, H, W)."""
    rec.copy(x.elements, name="to_map")
    y = rec.conv(x, 2 * ffn, 1, bias=True, name="up")
    rec.pointwise(y.elements, keeps=1.0, name="silu")
    y = rec.conv(y, 2 * ffn, 3, groups=2 * ffn, bias=True, name="depthwise")
    rec.pointwise(y.elements / 2.0, keeps=1.0, name="silu")
    rec.pointwise(y.elements / 2.0, reads=2.0, keeps=2.0, name="gate")
    rec.conv(y._replace(channels=ffn), x.channels, 1, name="down")
    rec.copy(x.elements, name="to_tokens")


# -- HunyuanDiT ----------------------------------------------------------------------------------


def hunyuan_dit(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, 2 C, H, W); two text encoders, their tokens side by side."""
    stream, patch = _stream(rec, part, x)
    second, text_width = float(part["text2_tokens"]) * x.batch, part["text_width"]
    text = float(part["text_tokens"] + part["text2_tokens"])
    stream.embed(patch * x.channels)
    _pooled(rec, part, stream)
    two_layers(rec, second, part["text2_width"], 4 * part["text2_width"], outputs=text_width, name="text2",
               first=True)  # fmt: skip
    count = float(text_width) * text
    rec.pointwise(count * x.batch, parameters=count, name="padding")
    skips = (part["layers"] - 1) // 2
    for name, layers in (("blocks", part["layers"] - skips), ("skip_blocks", skips)):
        with rec.module(name, copies=float(layers)):
            if name == "skip_blocks":
                stream.copied(width=2 * stream.width)
                rec.norm(2.0 * stream.elements, 2 * stream.width, wide=True, name=WIDENED)
                rec.linear(stream.rows, 2 * stream.width, stream.width, bias=True, name="skip")
            _hunyuan_block(part, stream, text)
    stream.condition(2)
    stream.modulated()
    stream.final(patch * part["out_channels"])


def _pooled(rec: Recorder, part: Part, stream: Stream) -> None:
    """The second text's tokens pooled by one attention, and the time step: (B, D)."""
    tokens, wide, pooled = float(part["text2_tokens"]), part["text2_width"], part["pooled"]
    rows = (tokens + 1.0) * stream.batch
    timestep(rec, stream.batch, stream.width)
    rec.embedding(rows, int(tokens) + 1, wide, name="pool_positions")
    rec.add(wide * rows)
    rec.linear(stream.batch, wide, wide, bias=True, name="pool_query")
    for name in ("pool_key", "pool_value"):
        rec.linear(rows, wide, wide, bias=True, keeps=0.0, name=name)
    rec.attention(stream.batch, 8, 1.0, tokens + 1.0, wide // 8, name="pool")
    rec.linear(stream.batch, wide, pooled, bias=True, name="pool_out")
    two_layers(rec, stream.batch, pooled, 4 * stream.width, outputs=stream.width, name="pooled")
    rec.add(stream.width * stream.batch)


def _hunyuan_block(part: Part, stream: Stream, text: float) -> None:
    d = stream.width // stream.heads
    stream.condition(1)
    stream.norm(2 * stream.width, name=WIDENED)
    stream.rec.add(stream.elements, name="shift")
    stream.project()
    stream.norm_qk(2 * d)
    stream.rope()
    stream.attend()
    stream.out()
    stream.residual(gated=False)
    stream.norm(2 * stream.width, name=WIDENED)
    stream.cross(text, part["text_width"], norm_qk=2 * d)
    stream.rope(1)
    stream.residual(gated=False)
    stream.norm(2 * stream.width, name=WIDENED)
    stream.feed_forward(part["ffn"])
    stream.residual(gated=False)


# -- video ---------------------------------------------------------------------------------------


def wan(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, C, T, H, W).

    `image_tokens` of `image_width` (image-to-video) get a second cross attention; `in_channels` counts
    the latent, a mask and the picture's latent. Of two `experts` (Wan 2.2) each step runs one. `controls`
    further blocks read a video of `control_channels` that is to be followed, and add to the stream (VACE).
    `scales`, a width and so many of the stream's, makes those of each block anew of the time (Kandinsky 5,
    LongCat-Video); `gated` feeds forward by three matrices. Behind `injected` of the blocks the stream reads
    `injected_tokens` of `injected_width` as well, of a voice or a face (Wan 2.2 S2V and Animate).
    """
    stream, patch = _stream(rec, part, x)
    for _ in range(part.get("experts", 1) - 1):
        with rec.module("idle", repeats=0.0):
            wan(rec, {**part, "experts": 1}, x._replace(batch=IDLE))
    stream.embed(patch * part.get("in_channels", x.channels))
    _shared(rec, part, stream)
    image = float(part.get("image_tokens", 0))
    if image:
        _image_projection(stream, image, part["image_width"])
    if "controls" in part:
        _wan_controls(stream, part, patch)
    with rec.module("blocks", copies=float(part["layers"])):
        _wan_block(stream, part, image)
    if "injected" in part:
        with rec.module("injected", copies=float(part["injected"])):
            stream.norm(0, name=WIDENED)
            stream.cross(float(part["injected_tokens"]), part["injected_width"], norm_qk=2 * stream.width)
            stream.residual(gated=False)
    end(stream, patch * x.channels)


def _wan_block(stream: Stream, part: Part, image: float) -> None:
    if "scales" in part:
        inputs, parts = part["scales"]
        stream.rec.linear(stream.batch, inputs, parts * stream.width, bias=True, name="scales")
    _attended(stream, paired=True)
    stream.norm(2 * stream.width, name=WIDENED)
    _wan_cross(stream, float(part["text_tokens"]), image)
    stream.modulated(name=WIDENED)
    (stream.gated_feed_forward if part.get("gated") else stream.feed_forward)(part["ffn"])
    stream.residual()


def _wan_controls(stream: Stream, part: Part, patch: int) -> None:
    """The video to be followed, through blocks of its own with a dense layer behind each."""
    rec, width = stream.rec, stream.width
    with rec.module("control"):
        stream.embed(patch * part["control_channels"])
        rec.linear(stream.rows, width, width, bias=True, name="before")
        rec.add(stream.elements)
    with rec.module("control_blocks", copies=float(part["controls"])):
        _wan_block(stream, part, 0.0)
        rec.linear(stream.rows, width, width, bias=True, name="after")
        rec.add(stream.elements)


def _attended(stream: Stream, *, paired: bool = False) -> None:
    """Modulated attention of a video to itself, with rotary places: (B, T, D) -> (B, T, D)."""
    stream.table(6)
    stream.modulated(name=WIDENED)
    stream.project()
    stream.norm_qk(stream.width)
    stream.rope(paired=paired)
    stream.attend()
    stream.out()
    stream.residual()


def _image_projection(stream: Stream, tokens: float, width: int) -> None:
    """Tokens of the image encoder to the stream's width."""
    rec, rows = stream.rec, tokens * stream.batch
    rec.norm(width * rows, width)
    two_layers(rec, rows, width, width, outputs=stream.width, name="image")
    rec.norm(stream.width * rows, stream.width)


def _wan_cross(stream: Stream, text: float, image: float) -> None:
    stream.cross(text, stream.width, norm_qk=stream.width)
    if image:
        rec, rows = stream.rec, image * stream.batch
        for name in ("image_key", "image_value"):
            rec.linear(rows, stream.width, stream.width, bias=True, keeps=0.0, name=name)
        rec.norm(stream.width * rows, stream.width, parameters=stream.width, wide=True, name="image_key_norm")
        stream.attend(image, name="image_attention")
        rec.add(stream.elements)
    stream.residual(gated=False)


def ltx(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, C, T, H, W).

    `sound` (LTX-2) is a second stream of `hidden`, `heads`, `ffn` and `channels`, `per_frame` tokens of each
    of the latent's frames, which reads the video's in every block and is read by it.
    """
    stream, patch = _stream(rec, part, x)
    stream.embed(patch * x.channels)
    _shared(rec, part, stream)
    sound: Part = part.get("sound", {})
    heard = _sound(stream, part, sound, x) if sound else None
    with rec.module("blocks", copies=float(part["layers"])):
        _ltx_block(stream, part, part["ffn"])
        if heard:
            _ltx_block(heard, part, sound["ffn"])
            _across(stream, heard, heard)
            _across(heard, stream, heard)
    end(stream, patch * x.channels)
    if heard:
        end(heard, sound["channels"])


def _ltx_block(stream: Stream, part: Part, ffn: int) -> None:
    _attended(stream)
    stream.cross(float(part["text_tokens"]), stream.width, norm_qk=stream.width)
    stream.residual(gated=False)
    stream.modulated()
    stream.feed_forward(ffn)
    stream.residual()


def _sound(stream: Stream, part: Part, sound: Part, x: Latent) -> Stream:
    """The stream of the sound, with what its blocks and those between both read of the time step."""
    tokens = x.frames * float(sound["per_frame"])
    heard = Stream(stream.rec, x.batch, tokens, sound["hidden"], sound["heads"])
    heard.embed(sound["channels"])
    _shared(stream.rec, part, heard)
    for each in (stream, heard):
        for parts in (4, 1):
            timestep(stream.rec, each.batch, each.width)
            each.condition(parts)
    return heard


def _across(stream: Stream, other: Stream, narrow: Stream) -> None:
    """Attention of one stream to the other at the width of the narrower one."""
    rec, inner = stream.rec, narrow.width
    stream.table(5)
    for each in (stream, other):
        each.modulated()
    rec.linear(stream.rows, stream.width, inner, bias=True, shard="column", name="query")
    for name in ("key", "value"):
        rec.linear(other.rows, other.width, inner, bias=True, keeps=0.0, shard="column", name=name)
    across = Stream(rec, stream.batch, stream.tokens, inner, narrow.heads)
    across.norm_qk(inner, kv_rows=other.rows)
    across.rope()
    across.attend(other.tokens, name="cross_attention")
    rec.linear(stream.rows, inner, stream.width, bias=True, shard="row", name="out")
    stream.residual()
