"""Diffusion transformers whose blocks text and picture share, or that read the text in each, made narrow.

`cogview` (Zheng et al., "CogView3"; CogView 3 Plus and 4): one stream of text and picture, whose two kinds of
token differ in their modulations alone. `cosmos` (NVIDIA, "Cosmos World Foundation Model Platform"): blocks
of self-attention, cross attention and a feed-forward, each modulated through a narrow layer.
Letters: B samples of one pass, S tokens, D width.

Dimensions: `layers`, `hidden`, `heads`, `ffn`, `patch`, `text_tokens`, `text_width`; of `cogview` `time`
(width of the time step's embedding) and `sizes` (values that say the picture's sizes); of `cosmos` `narrow`
(of its modulations), `masks` (channels beside the latent's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.diffusion.shapes import timestep, two_layers
from whichgpu.workloads.diffusion.stream import Stream

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Recorder


def _stream(rec: Recorder, part: Part, x: Latent) -> tuple[Stream, int]:
    """The picture's tokens, and the values of a patch by channel."""
    side: int = part["patch"]
    return Stream(rec, x.batch, x.patches(side), part["hidden"], part["heads"]), side * side


def cogview(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W)."""
    stream, patch = _stream(rec, part, x)
    width, time = stream.width, part["time"]
    text = float(part["text_tokens"])
    timestep(rec, x.batch, time, inputs=width)
    two_layers(rec, x.batch, part["sizes"], time, name="size", first=True)
    stream.embed(patch * x.channels)
    rec.linear(text * x.batch, part["text_width"], width, bias=True, backward="weight", name="text")
    both = stream.longer(text)
    both.copied()
    with rec.module("blocks", copies=float(part["layers"])):
        # Twelve: six of either kind of token.
        both.condition(12, inputs=time)
        both.modulated()
        both.project()
        both.norm_qk(0)
        stream.rope()
        both.attend()
        both.out()
        both.residual()
        both.modulated()
        both.feed_forward(part["ffn"])
        both.residual()
    stream.condition(2, inputs=time)
    stream.modulated()
    stream.final(patch * x.channels)


def cosmos(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass: (B, C, T, H, W) -> (B, C, T, H, W)."""
    stream, patch = _stream(rec, part, x)
    width, narrow, d = stream.width, part["narrow"], stream.width // stream.heads
    text = float(part["text_tokens"])
    rec.linear(stream.rows, patch * (x.channels + part["masks"]), width, backward="weight", name="patches")
    rec.linear(x.batch, width, width, backward="weight", name="time1")
    rec.pointwise(width * x.batch, keeps=1.0, name="silu")
    rec.linear(x.batch, width, 3 * width, name="time2")
    rec.norm(width * x.batch, width, parameters=width, name="time_norm")
    with rec.module("blocks", copies=float(part["layers"])):
        _narrowed(stream, narrow, 3)
        stream.project(bias=False)
        stream.norm_qk(d)
        stream.rope()
        stream.attend()
        stream.out(bias=False)
        stream.residual()
        _narrowed(stream, narrow, 3)
        stream.project(bias=False, kv_rows=text * x.batch, kv_width=part["text_width"])
        stream.norm_qk(d, kv_rows=text * x.batch)
        stream.attend(text, name="cross_attention")
        stream.out(bias=False)
        stream.residual()
        _narrowed(stream, narrow, 3)
        rec.linear(stream.rows, width, part["ffn"], shard="column", name="up")
        rec.pointwise(part["ffn"] * stream.rows, keeps=1.0, shard="column", name="gelu")
        rec.linear(stream.rows, part["ffn"], width, shard="row", name="down")
        stream.residual()
    _narrowed(stream, narrow, 2)
    rec.linear(stream.rows, width, patch * x.channels, name="unpatch")
    stream.copied(width=patch * x.channels, name="to_map")


def _narrowed(stream: Stream, narrow: int, parts: int) -> None:
    """A modulated norm whose modulations come of the time step through a narrow layer."""
    rec, batch = stream.rec, stream.batch
    with rec.aside():
        rec.pointwise(stream.width * batch, keeps=1.0, name="silu")
        rec.linear(batch, stream.width, narrow, name="narrow")
        rec.linear(batch, narrow, parts * stream.width, name="modulation")
        rec.add(parts * stream.width * batch, name="shared")
    stream.modulated()
