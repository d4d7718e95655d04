"""Stable Video Diffusion: the U-Net and the decoder of Stable Diffusion, each block followed in time.

Blattmann et al., "Stable Video Diffusion". Frames lie beside one another in the batch; the blocks in
time see each position through all frames, and a learned weight mixes both.
Letters: B videos, T frames, C channels, H W height and width of the latent.

Dimensions: those of `unet.py`; of the decoder, those of the `kl` autoencoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.values import immutable
from whichgpu.workloads.blocks import projections
from whichgpu.workloads.diffusion.shapes import conv3d, timestep
from whichgpu.workloads.diffusion.unet import UNet, gated_gelu, group_norm, run, upsample
from whichgpu.workloads.diffusion.vae import attention, residual

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def unet(rec: Recorder, part: Part, latent: Latent) -> None:
    """One pass: (B, C, T, H, W) and the picture's latent -> (B, C, T, H, W)."""
    run(_Frames.of(rec, part, latent), part, latent)


@immutable
class _Frames(UNet):
    """The blocks of the U-Net with their counterparts in time."""

    def residual(self, x: Map, out: int) -> Map:
        """The residual block of a picture, and one with windows of three frames."""
        # Not super(): a slotted dataclass is not the class that its methods were compiled in.
        y = UNet.residual(self, x, out)
        group_norm(self.rec, y)
        conv3d(self.rec, y, out, (3, 1, 1), name="time_conv1")
        self.rec.pointwise(self.time_width * self.batch, keeps=1.0, name="silu")
        self.rec.linear(self.batch, self.time_width, out, bias=True, name="time")
        self.rec.pointwise(y.elements, name="add_time")
        group_norm(self.rec, y)
        conv3d(self.rec, y, out, (3, 1, 1), name="time_conv2")
        self.rec.add(y.elements)
        _mix(self.rec, y)
        return y

    def transformer(self, x: Map, depth: int, heads: int) -> None:
        """The transformer of a picture; its layers alternate with ones in time."""
        if depth:
            timestep(self.rec, self.batch, 4 * x.channels, inputs=x.channels, outputs=x.channels)
        UNet.transformer(self, x, depth, heads)

    def layer(self, x: Map, heads: int) -> None:
        """A layer over the positions of each frame, then one over the frames of each position."""
        UNet.layer(self, x, heads)
        rec, width, rows = self.rec, x.channels, x.pixels
        samples, d = rows / self.frames, width // heads
        rec.add(x.elements, name="positions")
        self._feed(x)
        rec.norm(x.elements, width, wide=True, name="layer_norm")
        projections(rec, rows, width, bias=False)
        rec.attention(samples, heads, self.frames, self.frames, d)
        self._out(x)
        rec.norm(x.elements, width, wide=True, name="layer_norm")
        projections(
            rec, rows, width, kv_rows=self.text_tokens * samples, kv_width=self.text_width, bias=False
        )
        rec.attention(samples, heads, self.frames, self.text_tokens, d)
        self._out(x)
        self._feed(x)
        _mix(rec, x)

    def _out(self, x: Map) -> None:
        self.rec.linear(x.pixels, x.channels, x.channels, bias=True, shard="row", name="out")
        self.rec.add(x.elements)

    def _feed(self, x: Map) -> None:
        self.rec.norm(x.elements, x.channels, wide=True, name="layer_norm")
        gated_gelu(self.rec, x.pixels, x.channels)
        self.rec.add(x.elements)


def decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, 4, T, H, W) -> (B, 3, T, 8 H, 8 W), all frames at once."""
    widths = part["widths"]
    x = rec.conv(latent.map, widths[-1], 3, bias=True, name="conv_in")
    x = _residual(rec, x, x.channels)
    attention(rec, x)
    x = _residual(rec, x, x.channels)
    for level in reversed(range(len(widths))):
        for _ in range(part["blocks"] + 1):
            x = _residual(rec, x, widths[level])
        if level:
            x = upsample(rec, x, 2.0 * x.height, 2.0 * x.width)
    group_norm(rec, x)
    x = rec.conv(x, 3, 3, bias=True, name="conv_out")
    conv3d(rec, x, 3, (3, 1, 1), name="time_conv_out")


def _residual(rec: Recorder, x: Map, out: int) -> Map:
    """A residual block in each frame, and one in time."""
    y = residual(rec, x, out)
    for name in ("time_conv1", "time_conv2"):
        group_norm(rec, y)
        conv3d(rec, y, out, (3, 1, 1), name=name)
    rec.add(y.elements)
    _mix(rec, y)
    return y


def _mix(rec: Recorder, x: Map) -> None:
    """Weighted mean of what space and what time made, by one learned weight."""
    rec.pointwise(x.elements, parameters=1.0, name="weigh")
    rec.pointwise(x.elements, reads=2.0, keeps=2.0, name="mix")
