"""Denoisers of video: AnimateDiff's and ModelScope's U-Nets, HunyuanVideo 1.5, Mochi 1 with its autoencoder.

Wang et al., "ModelScope Text-to-Video" (and I2VGen-XL): convolutions over frames behind each block as well.
Guo et al., "AnimateDiff": behind each block of Stable Diffusion 1.5 a transformer layer over the frames of
every position, with two attentions. Tencent, "HunyuanVideo 1.5": blocks of two streams only; the text's has
the tokens of a language model, of ByT5 and of a picture, also where there is none. Genmo, "Mochi 1": the
text's stream is half as wide as the video's, and meets it in one attention.
Letters: B videos, T frames, C channels, H W height and width of the latent, S tokens, D width.

Dimensions: of animate and filmed those of `unet.py`, `picture` (channels that a picture to begin with is read
by); of hunyuan_video_15 and mochi `layers`, `hidden`, `heads`, `patch`,
`text_tokens`, `text_width`; hunyuan_video_15 `refiner`, `in_channels`, `glyph_tokens`, `glyph_width`,
`picture_tokens`, `picture_width`; mochi `text_hidden`, `ffn`, `text_ffn`. Of Mochi's autoencoder `widths`,
`blocks` and `expands` (frames and side) of each level of its decoder, `ends` (blocks before and behind),
`encoder_parameters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import immutable
from whichgpu.workloads.blocks import projections
from whichgpu.workloads.diffusion.joint import double, refine
from whichgpu.workloads.diffusion.shapes import conv3d, timestep
from whichgpu.workloads.diffusion.stream import Stream
from whichgpu.workloads.diffusion.unet import UNet, gated_gelu, group_norm, run

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def animate(rec: Recorder, part: Part, latent: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, C, T, H, W)."""
    run(_Animated.of(rec, part, latent), part, latent)


@immutable
class _Animated(UNet):
    """The blocks of the U-Net, each with a layer over frames behind it."""

    def transformer(self, x: Map, depth: int, heads: int) -> None:
        """The transformer of a picture, where the block has one, and that of its motion."""
        UNet.transformer(self, x, depth, heads)
        with self.rec.module("motion"):
            self.motion(x, heads, x.channels)

    def motion(self, x: Map, heads: int, width: int) -> None:
        """A layer of two attentions over the frames of each position, of a width of its own."""
        rec, rows, elements = self.rec, x.pixels, width * x.pixels
        rec.norm(x.elements, x.channels, wide=True)
        rec.linear(rows, x.channels, width, bias=True, name="proj_in")
        for _ in range(2):
            rec.norm(elements, width, wide=True, name="layer_norm")
            rec.add(elements, name="positions")
            projections(rec, rows, width, bias=False)
            rec.attention(rows / self.frames, heads, self.frames, self.frames, width // heads)
            rec.linear(rows, width, width, bias=True, shard="row", name="out")
            rec.add(elements)
        rec.norm(elements, width, wide=True, name="layer_norm")
        gated_gelu(rec, rows, width)
        rec.add(elements)
        rec.linear(rows, width, x.channels, bias=True, name="proj_out")
        rec.add(x.elements)


def filmed(rec: Recorder, part: Part, latent: Latent) -> None:
    """One pass of ModelScope's U-Net: (B, C, T, H, W) -> (B, C, T, H, W)."""
    net = _Filmed.of(rec, part, latent)
    with rec.module("transformer_in"):
        net.motion(latent.map._replace(channels=part["widths"][0]), 8, _FIRST)
    if "picture" in part:
        with rec.module("picture"):
            _begun(net, part, latent)
    run(net, part, latent)


def _begun(net: UNet, part: Part, latent: Latent) -> None:
    """What I2VGen-XL makes of the picture to begin with: channels by the latent, and tokens by the text."""
    rec, width, x = net.rec, part["text_width"], latent.map
    for out in (4 * x.channels, 4 * x.channels, part["picture"]):
        rec.conv(x, out, 3, bias=True, name="latent")
        x = x._replace(channels=out)
    # A layer over the frames of each position, of two heads of 4.
    rows, inner = x.pixels, 2 * x.channels
    rec.norm(x.elements, x.channels, wide=True, name="layer_norm")
    for name in ("query", "key", "value"):
        rec.linear(rows, x.channels, inner, name=name)
    rec.attention(rows / net.frames, 2, net.frames, net.frames, x.channels)
    rec.linear(rows, inner, x.channels, bias=True, name="out")
    rec.linear(rows, x.channels, 4 * x.channels, bias=True, name="up")
    rec.linear(rows, 4 * x.channels, x.channels, bias=True, name="down")
    # Means of 32 x 32 parts, halved twice: 64 tokens.
    one = latent.map._replace(batch=net.batch / net.frames)
    seen = rec.conv(one, 8 * one.channels, 3, bias=True, name="seen")
    seen = rec.conv(seen._replace(height=32.0, width=32.0), 16 * one.channels, 3, 2, padding=1, bias=True,
                    name="seen")  # fmt: skip
    rec.conv(seen, width, 3, 2, padding=1, bias=True, name="seen")
    rec.linear(one.batch, width, net.time_width, bias=True, name="embedding_in")
    rec.linear(one.batch, net.time_width, one.channels * width, bias=True, name="embedding_out")
    timestep(rec, one.batch, net.time_width, inputs=part["widths"][0])


#: Width of the heads of the first layer over frames together.
_FIRST = 512


@immutable
class _Filmed(_Animated):
    """Blocks of a picture with four convolutions over frames and, beside attention, a layer over them."""

    def residual(self, x: Map, out: int) -> Map:
        """The residual block of a picture, and windows of three frames behind it."""
        y = UNet.residual(self, x, out)
        for number in range(4):
            group_norm(self.rec, y)
            conv3d(self.rec, y, out, (3, 1, 1), name=f"time_conv{number + 1}")
        self.rec.add(y.elements)
        return y

    def transformer(self, x: Map, depth: int, heads: int) -> None:
        """The transformer of a picture, and that of its motion, where the block has one."""
        if depth:
            _Animated.transformer(self, x, depth, heads)


def hunyuan_video_15(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W), the known frames and their mask -> (B, C, T, H, W)."""
    width, heads, side = part["hidden"], part["heads"], part["patch"]
    video = Stream(rec, x.batch, x.patches(side), width, heads)
    words = Stream(rec, x.batch, float(part["text_tokens"]), width, heads)
    timestep(rec, x.batch, width)
    video.embed(part["in_channels"] * side**2)
    refine(rec, part, words)
    kinds = {"glyph": 3, "picture": 2}
    for name, layers in kinds.items():
        inputs, rows = part[f"{name}_width"], float(part[f"{name}_tokens"]) * x.batch
        rec.norm(inputs * rows, inputs, wide=True, name=f"{name}_norm")
        for number in range(layers):
            wide = inputs if name == "picture" and not number else width
            rec.linear(rows, inputs, wide, bias=True, name=f"{name}{number + 1}")
            rec.pointwise(wide * rows, keeps=1.0, name="gelu")
            inputs = wide
        if name == "picture":
            rec.norm(width * rows, width, wide=True, name="picture_out")
    text = words.longer(part["glyph_tokens"] + part["picture_tokens"])
    rec.pointwise(text.elements, parameters=float((len(kinds) + 1) * width), name="kinds")
    text.copied()
    double(rec, part["layers"], video, text, rope="picture")
    video.condition(2)
    video.modulated()
    video.final(side**2 * x.channels)


def mochi(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, C, T, H, W)."""
    width, side, inputs = part["hidden"], part["patch"], part["text_width"]
    video = Stream(rec, x.batch, x.patches(side), width, part["heads"])
    text = Stream(rec, x.batch, float(part["text_tokens"]), part["text_hidden"], part["heads"])
    timestep(rec, x.batch, width)
    rec.linear(text.rows, inputs, 2 * inputs, bias=True, backward="weight", name="pool_keys")
    rec.linear(x.batch, inputs, inputs, bias=True, name="pool_query")
    rec.attention(x.batch, 8, 1.0, text.tokens, inputs // 8, name="pool")
    rec.linear(x.batch, inputs, width, bias=True, name="pooled")
    rec.linear(text.rows, inputs, text.width, bias=True, backward="weight", name="text")
    video.embed(side**2 * x.channels)
    # Three frequencies of each pair of a head's channels, which are trained.
    rec.pointwise(video.tokens, parameters=3.0 * width / 2.0, name="frequencies")
    for copies, last in ((part["layers"] - 1, False), (1, True)):
        with rec.module("blocks", copies=float(copies)):
            _mochi_block(rec, part, video, text, last=last)
    video.condition(2)
    video.modulated()
    video.final(side**2 * x.channels)


def _mochi_block(rec: Recorder, part: Part, video: Stream, text: Stream, *, last: bool) -> None:
    """Attention over both streams, then a gated feed-forward of each; the last leaves the text."""
    width, one = video.width, video.width // video.heads
    with rec.aside():
        rec.pointwise(width * video.batch, keeps=1.0, name="silu")
        rec.linear(video.batch, width, 4 * width, bias=True, name="modulation")
        rec.linear(video.batch, width, (1 if last else 4) * text.width, bias=True, name="text_modulation")
    for stream in (video, text):
        stream.modulated()
        for name in ("query", "key", "value"):
            rec.linear(stream.rows, stream.width, width, keeps=float(name == "query"), shard="column",
                       name=name)  # fmt: skip
        for name in ("query_norm", "key_norm"):
            rec.norm(width * stream.rows, one, parameters=one, wide=True, name=name)
    video.rope()
    both = video.longer(text.tokens)
    both.copied(3)
    both.attend()
    video.out()
    if not last:
        rec.linear(text.rows, width, text.width, bias=True, shard="row", name="text_out")
    for stream, ffn in ((video, part["ffn"]),) if last else ((video, part["ffn"]), (text, part["text_ffn"])):
        stream.norm()
        stream.residual()
        stream.modulated()
        stream.gated_feed_forward(ffn)
        stream.norm()
        stream.residual()


def mochi_decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, 12, T, H, W) -> (B, 3, T', 8 H, 8 W), all frames at once."""
    widths, frames = part["widths"], latent.frames
    x = conv3d(rec, latent.map, widths[0], 1, name="conv_in")
    x = _blocks(rec, x, part["ends"])
    for width, out, blocks, (time, side) in zip(
        widths, widths[1:], part["blocks"], part["expands"], strict=False
    ):
        x = _blocks(rec, x, blocks)
        rec.linear(x.pixels, width, out * time * side**2, bias=True, name="expand")
        # What the first latent frame makes too many is only dropped at the end.
        frames = time * frames
        x = x._replace(
            batch=latent.batch * frames, channels=out, height=side * x.height, width=side * x.width
        )
        rec.copy(x.elements, name="to_map")
    x = _blocks(rec, x, part["ends"])
    rec.pointwise(x.elements, keeps=1.0, name="silu")
    rec.linear(x.pixels, x.channels, 3, bias=True, name="conv_out")


def mochi_encoder(rec: Recorder, part: Part, video: Latent) -> None:
    """Loaded, and run for no pipeline here: its weights alone."""
    rec.pointwise(video.map.pixels, parameters=float(part["encoder_parameters"]), name="weights")


def _blocks(rec: Recorder, x: Map, count: int) -> Map:
    """Residual blocks of two windows over frames and map."""
    for _ in range(count):
        for name in ("conv1", "conv2"):
            group_norm(rec, x)
            conv3d(rec, x, x.channels, name=name)
        rec.add(x.elements)
    return x
