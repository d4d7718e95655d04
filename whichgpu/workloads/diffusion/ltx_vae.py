"""The autoencoder of LTX-Video: 32 pixels and 8 frames a latent position, patches of 4 x 4 pixels.

HaCohen et al., "LTX-Video: Realtime Video Latent Diffusion". Its normalisations have no weights.
Letters: B videos, T frames, C channels, H W height and width.

Dimensions: `widths`, `blocks` by level and in the middle, `halves`: the levels behind which height,
width and frames are halved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.diffusion.shapes import conv3d

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder

PATCH = 4


def decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, C, T, H, W) -> (B, 3, 8 (T - 1) + 1, 32 H, 32 W)."""
    widths, frames = part["widths"], latent.frames
    x = conv3d(rec, latent.map, widths[-1], name="conv_in")
    for _ in range(part["blocks"][-1]):
        x = _residual(rec, x, x.channels)
    for level in reversed(range(len(widths))):
        if x.channels != widths[level]:
            x = _residual(rec, x, widths[level])
        if part["halves"][level]:
            conv3d(rec, x, 8 * x.channels, name="up")
            frames = 2.0 * frames - 1.0
            x = _sized(x, latent.batch * frames, 2.0)
            rec.copy(x.elements, name="shuffle")
        for _ in range(part["blocks"][level]):
            x = _residual(rec, x, x.channels)
    _norm(rec, x)
    x = conv3d(rec, x, 3 * PATCH * PATCH, name="conv_out")
    rec.copy(x.elements, name="unpatch")


def encoder(rec: Recorder, part: Part, video: Latent) -> None:
    """(B, 3, T', 32 H, 32 W) -> (B, C + 1, T, H, W): means and one variance."""
    widths, frames = part["widths"], video.frames
    x = _sized(video.map, video.batch * frames, 1.0 / PATCH)._replace(channels=3 * PATCH * PATCH)
    rec.copy(x.elements, name="patch")
    x = conv3d(rec, x, widths[0], name="conv_in")
    for level, width in enumerate(widths):
        for _ in range(part["blocks"][level]):
            x = _residual(rec, x, width)
        if part["halves"][level]:
            frames = (frames - 1.0) / 2.0 + 1.0
            x = conv3d(rec, x, width, to=_sized(x, video.batch * frames, 0.5), name="down")
        after = widths[min(level + 1, len(widths) - 1)]
        if after != width:
            x = _residual(rec, x, after)
    for _ in range(part["blocks"][-1]):
        x = _residual(rec, x, x.channels)
    _norm(rec, x)
    conv3d(rec, x, part["latent_channels"] + 1, name="conv_out")


def _sized(x: Map, batch: Any, scale: float) -> Map:
    return x._replace(batch=batch, height=scale * x.height, width=scale * x.width)


def _norm(rec: Recorder, x: Map) -> None:
    rec.norm(x.elements, x.channels, parameters=0, wide=True)
    rec.pointwise(x.elements, keeps=1.0, name="silu")


def _residual(rec: Recorder, x: Map, out: int) -> Map:
    """Two convolutions and the short cut, normalised where it is projected."""
    _norm(rec, x)
    y = conv3d(rec, x, out, name="conv1")
    _norm(rec, y)
    conv3d(rec, y, out, name="conv2")
    if x.channels != out:
        rec.norm(x.elements, x.channels, name="shortcut_norm")
        conv3d(rec, x, out, 1, name="shortcut")
    rec.add(y.elements)
    return y
