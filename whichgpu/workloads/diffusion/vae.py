"""Autoencoders of pictures: what turns a latent into pixels and back.

Kinds: `kl` (Stable Diffusion, SDXL, SD3, Flux: Rombach et al.), `movq` (Kandinsky: Zheng et al., its
decoder is normalised by the latent), and in `dc.py` the deep-compression one of Sana.
Letters: B pictures (frames beside one another), C channels, H W height and width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.blocks import projections
from whichgpu.workloads.diffusion.unet import group_norm, shortcut, upsample

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def kl_decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, 4 or 16, H, W) -> (B, 3, 8 H, 8 W); `decoder_widths` where they are not the encoder's."""
    widths, x = part.get("decoder_widths", part["widths"]), latent.map
    if part["quantisation"]:
        x = rec.conv(x, x.channels, 1, bias=True, name="post_quant")
    x = rec.conv(x, widths[-1], 3, bias=True, name="conv_in")
    x = _middle(rec, x)
    for level in reversed(range(len(widths))):
        for _ in range(part["blocks"] + 1):
            x = residual(rec, x, widths[level])
        if level:
            x = upsample(rec, x, 2.0 * x.height, 2.0 * x.width)
    group_norm(rec, x)
    rec.conv(x, 3, 3, bias=True, name="conv_out")


def kl_encoder(rec: Recorder, part: Part, picture: Latent) -> None:
    """(B, 3, 8 H, 8 W) -> (B, 8 or 32, H, W): mean and variance of the latent."""
    x = _down(rec, part, picture.map, attends=False)
    moments = 2 * part["latent_channels"]
    x = rec.conv(x, moments, 3, bias=True, name="conv_out")
    if part["quantisation"]:
        rec.conv(x, moments, 1, bias=True, name="quant")


def movq_encoder(rec: Recorder, part: Part, picture: Latent) -> None:
    """(B, 3, 8 H, 8 W) -> (B, 4, H, W)."""
    x = _down(rec, part, picture.map, attends=True)
    x = rec.conv(x, part["latent_channels"], 3, bias=True, name="conv_out")
    rec.conv(x, part["latent_channels"], 1, bias=True, name="quant")
    rec.embedding(x.pixels, part["codes"], part["latent_channels"], name="codes")


def movq_decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, 4, H, W) -> (B, 3, 8 H, 8 W), every normalisation scaled and shifted by the latent."""
    widths, code = part["widths"], latent.map
    x = rec.conv(code, code.channels, 1, bias=True, name="post_quant")
    x = rec.conv(x, widths[-1], 3, bias=True, name="conv_in")
    x = _movq_residual(rec, x, code, x.channels)
    _movq_attention(rec, x, code)
    x = _movq_residual(rec, x, code, x.channels)
    for level in reversed(range(len(widths))):
        for _ in range(part["blocks"] + 1):
            x = _movq_residual(rec, x, code, widths[level])
            if level == len(widths) - 1:
                _movq_attention(rec, x, code)
        if level:
            x = upsample(rec, x, 2.0 * x.height, 2.0 * x.width)
    _spatial_norm(rec, x, code)
    rec.pointwise(x.elements, keeps=1.0, wide=True, name="silu")
    rec.conv(x, 3, 3, bias=True, name="conv_out")


def _down(rec: Recorder, part: Part, x: Map, *, attends: bool) -> Map:
    """Levels of residual blocks, the last with attention, the middle, the last norm."""
    widths = part["widths"]
    x = rec.conv(x, widths[0], 3, bias=True, name="conv_in")
    for level, width in enumerate(widths):
        for _ in range(part["blocks"]):
            x = residual(rec, x, width)
            if attends and level == len(widths) - 1:
                attention(rec, x)
        if level < len(widths) - 1:
            x = rec.conv(x, width, 3, 2, padding=1, bias=True, name="down")
    x = _middle(rec, x)
    group_norm(rec, x)
    return x


def _middle(rec: Recorder, x: Map) -> Map:
    """Residual block, one-headed self-attention, residual block."""
    x = residual(rec, x, x.channels)
    attention(rec, x)
    return residual(rec, x, x.channels)


def attention(rec: Recorder, x: Map) -> None:
    """Norm and self-attention of one head over every position: (B, C, H, W) -> (B, C, H, W)."""
    rec.norm(x.elements, x.channels, wide=True)
    _attend(rec, x)


def _attend(rec: Recorder, x: Map) -> None:
    projections(rec, x.pixels, x.channels)
    tokens = x.height * x.width
    rec.attention(x.batch, 1, tokens, tokens, x.channels)
    rec.linear(x.pixels, x.channels, x.channels, bias=True, name="out")
    rec.scale(x.elements)
    rec.add(x.elements)


def residual(rec: Recorder, x: Map, out: int) -> Map:
    """Two convolutions and the short cut: (B, C, H, W) -> (B, out, H, W)."""
    group_norm(rec, x)
    y = rec.conv(x, out, 3, bias=True, name="conv1")
    group_norm(rec, y)
    rec.conv(y, out, 3, bias=True, name="conv2")
    return shortcut(rec, x, y)


def _movq_residual(rec: Recorder, x: Map, latent: Map, out: int) -> Map:
    _spatial_norm(rec, x, latent)
    rec.pointwise(x.elements, keeps=1.0, wide=True, name="silu")
    y = rec.conv(x, out, 3, bias=True, name="conv1")
    _spatial_norm(rec, y, latent)
    rec.pointwise(y.elements, keeps=1.0, wide=True, name="silu")
    rec.conv(y, out, 3, bias=True, name="conv2")
    return shortcut(rec, x, y)


def _movq_attention(rec: Recorder, x: Map, latent: Map) -> None:
    _spatial_norm(rec, x, latent)
    _attend(rec, x)


def _spatial_norm(rec: Recorder, x: Map, latent: Map) -> None:
    """Group normalisation, scaled and shifted by 1 x 1 convolutions of the enlarged latent."""
    enlarged = x._replace(channels=latent.channels)
    rec.copy(enlarged.elements, reads=0.25, name="enlarge")
    rec.norm(x.elements, x.channels, wide=True, name="group_norm")
    for name in ("scale", "shift"):
        rec.conv(enlarged, x.channels, 1, bias=True, keeps=float(name == "scale"), name=name)
        rec.pointwise(x.elements, reads=2.0, name=name)
