"""Autoencoders of video with convolutions over frames: Wan 2.1, HunyuanVideo, CogVideoX.

A latent frame stands for `factor_frames` frames but for the first, which stands for itself. Decoders
run over a few latent frames at a time (`chunk`), so that memory is a chunk's: with what the chunk
before left behind, or (`chunk_stride`) overlapping it.
Letters: B videos, T frames, C channels, H W height and width.

Dimensions: `widths` and `blocks`; `encoder_time`, `decoder_time`: whether each change of size changes
the frames too; `norm`: `rms`, `group` or `latent` (scaled and shifted by the latent); `resample`: `wan`,
`conv3d`, `conv2d`, `shuffle` (channels to positions); `attention`: in the middle, `frame`, `video` or
`none`; `quantisation`; optionally
`decoder_widths`, and `pixels`: the side of squares of pixels that are one position (a change of size keeps
the channels then).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import immutable
from whichgpu.workloads.blocks import projections
from whichgpu.workloads.diffusion.shapes import conv3d
from whichgpu.workloads.diffusion.unet import group_norm
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Recorder


def decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, C, T, H, W) -> (B, 3, T', 8 H, 8 W)."""
    chunks, side = _chunks(part, latent.frames), part.get("pixels", 1)
    widths = part.get("decoder_widths", part["widths"])
    with rec.module("chunks", repeats=float(len(chunks))):
        frames = sum(chunks) / len(chunks)
        x = latent._replace(frames=frames).map
        net = _Volume(rec, part, latent.batch, frames, latent.frames, len(chunks), x)
        if part["quantisation"]:
            x = conv3d(rec, x, x.channels, 1, name="post_quant")
        x = net.middle(net.conv(x, widths[-1], name="conv_in"))
        time = 0
        for level in reversed(range(len(widths))):
            for _ in range(part["blocks"] + 1):
                x = net.residual(x, widths[level])
            if level:
                step = part["decoder_time"][len(widths) - 1 - level]
                time += step
                x = net.up(x, net.frames_after(time), grows=step, out=widths[level - 1])
        net.norm(x)
        net.conv(x, 3 * side**2, name="conv_out")


def encoder(rec: Recorder, part: Part, video: Latent) -> None:
    """(B, 3, T', 8 H, 8 W) -> (B, 2 C, T, H, W): mean and variance of the latent."""
    widths = part["widths"]
    plain = {**part, "norm": "group"} if part["norm"] == "latent" else part
    # As many chunks as the decoder has, of equal sizes.
    chunks = len(_chunks(part, (video.frames - 1.0) / 2.0 ** sum(part["encoder_time"]) + 1.0))
    with rec.module("chunks", repeats=float(chunks)):
        x = video._replace(frames=video.frames / chunks).map
        side = part.get("pixels", 1)
        x = x.like(x.channels * side**2, x.height / side, x.width / side)
        net = _Volume(rec, plain, video.batch, video.frames / chunks, video.frames, chunks, x, holds=False)
        x = conv3d(rec, x, widths[0], name="conv_in")
        for level, width in enumerate(widths):
            for _ in range(part["blocks"]):
                x = net.residual(x, width)
            if level < len(widths) - 1:
                x = net.down(x, shrinks=part["encoder_time"][level], out=widths[level + 1])
        x = net.middle(x)
        net.norm(x)
        x = conv3d(rec, x, 2 * part["latent_channels"], name="conv_out")
        if part["quantisation"]:
            conv3d(rec, x, x.channels, 1, name="quant")


def _chunks(part: Part, frames: float) -> list[float]:
    """Latent frames of each chunk."""
    size = float(part["chunk"])
    if "chunk_stride" not in part:
        count = max(1, int(frames // size))
        return [frames / count] * count
    stride = part["chunk_stride"]
    return [min(size, frames - start) for start in range(0, int(frames), stride)]


#: Frames that a convolution over three of them needs of the chunk before.
_KEPT = 2.0


@immutable
class _Volume:
    """What the blocks of one pass over a chunk share.

    `holds`: frames that wait for the next chunk are there at the fullest; an encoder's are gone by then.
    """

    rec: Recorder
    part: Part
    batch: Any
    frames: float
    all_frames: float
    chunks: int
    latent: Map
    holds: bool = True

    def frames_after(self, doublings: int) -> float:
        """Frames of a chunk after so many doublings of the time axis."""
        if "chunk_stride" in self.part:
            return 2.0**doublings * (self.frames - 1.0) + 1.0
        return (2.0**doublings * (self.all_frames - 1.0) + 1.0) / self.chunks

    def norm(self, x: Map, *, activation: bool = True) -> None:
        """Normalisation by kind, and SiLU."""
        rec, kind = self.rec, self.part["norm"]
        if kind == "group" and activation:
            group_norm(rec, x)
            return
        weights = x.channels if kind == "rms" else 2 * x.channels
        rec.norm(x.elements, x.channels, parameters=weights, wide=True)
        if kind == "latent":
            near = x._replace(channels=self.latent.channels)
            rec.copy(near.elements, reads=0.25, name="enlarge")
            for name in ("scale", "shift"):
                conv3d(rec, near, x.channels, 1, name=name)
                rec.pointwise(x.elements, reads=2.0, name=name)
        if activation:
            rec.pointwise(x.elements, keeps=1.0, wide=True, name="silu")

    def conv(self, x: Map, out: int, kernel: int | tuple[int, int, int] = 3, *, name: str) -> Map:
        """A convolution over three frames, the last two of which wait for the next chunk, if one comes.

        So do `_feat_cache` of AutoencoderKLWan and `conv_cache` of AutoencoderKLCogVideoX; chunks that
        overlap keep nothing.
        """
        later = self.holds and self.chunks > 1 and "chunk_stride" not in self.part
        # Jobs of a sweep may differ in their batch, and have as many frames.
        held = _KEPT / float(np.max(x.batch / self.batch)) if later else 0.0
        return conv3d(self.rec, x, out, kernel, held=held, name=name)

    def residual(self, x: Map, out: int) -> Map:
        """Two convolutions and the short cut: (B T, C, H, W) -> (B T, out, H, W)."""
        self.norm(x)
        y = self.conv(x, out, name="conv1")
        self.norm(y)
        self.conv(y, out, name="conv2")
        if x.channels != out:
            conv3d(self.rec, x, out, 1, name="shortcut")
        self.rec.add(y.elements)
        return y

    def middle(self, x: Map) -> Map:
        """Residual block, attention where there is one, residual block."""
        x = self.residual(x, x.channels)
        if self.part["attention"] != "none":
            self._attention(x)
        return self.residual(x, x.channels)

    def _attention(self, x: Map) -> None:
        """One head over the positions of each frame, or of all frames of the chunk."""
        rec, tokens, samples = self.rec, x.height * x.width, x.batch
        if self.part["attention"] == "video":
            tokens, samples = tokens * self.frames, self.batch
        self.norm(x, activation=False)
        projections(rec, x.pixels, x.channels)
        rec.attention(samples, 1, tokens, tokens, x.channels)
        rec.linear(x.pixels, x.channels, x.channels, bias=True, name="out")
        rec.add(x.elements)

    def up(self, x: Map, frames: float, *, grows: bool, out: int) -> Map:
        """Twice the height and width, to `frames`, then a convolution, or (`shuffle`) one before."""
        rec, kind = self.rec, self.part["resample"]
        if kind == "shuffle":
            conv3d(rec, x, out * (8 if grows else 4), name="up")
            y = Map(self.batch * frames, out, 2.0 * x.height, 2.0 * x.width)
            rec.copy(y.elements, name="shuffle")
            rec.add(y.elements)
            return y
        if kind == "wan" and grows:
            # The first frame of all has no predecessor, and is not doubled.
            doubled = x._replace(batch=self.batch * frames / 2.0)
            self.conv(doubled, 2 * x.channels, (3, 1, 1), name="time")
        y = x._replace(batch=self.batch * frames, height=2.0 * x.height, width=2.0 * x.width)
        rec.copy(y.elements, reads=0.125 if grows else 0.25, name="upsample")
        wide = x.channels // 2 if kind == "wan" and "pixels" not in self.part else x.channels
        return conv3d(rec, y, wide, 3 if kind == "conv3d" else (1, 3, 3), name="up")

    def down(self, x: Map, *, shrinks: bool, out: int) -> Map:
        """Half the height and width, and of the frames but the first."""
        rec, kind = self.rec, self.part["resample"]
        frames = x.batch / self.batch
        # The first frame of all stays alone: (T - 1) / 2 + 1 of T, spread over the chunks.
        fewer = (frames + 1.0 / self.chunks) / 2.0 if shrinks else frames
        y = x._replace(batch=self.batch * fewer, height=x.height / 2.0, width=x.width / 2.0)
        if kind == "shuffle":
            conv3d(rec, x, out // (8 if shrinks else 4), name="down")
            rec.copy(out * y.pixels, name="shuffle")
            rec.add(out * y.pixels)
            return y._replace(channels=out)
        # Only CogVideoX takes means over time before its convolution; Wan's comes after.
        flat = y if kind != "wan" else y._replace(batch=x.batch)
        z = conv3d(rec, x, x.channels, 3 if kind == "conv3d" else (1, 3, 3), to=flat, name="down")
        if kind == "wan" and shrinks:
            return conv3d(rec, z, x.channels, (3, 1, 1), to=y, name="time")
        return z
