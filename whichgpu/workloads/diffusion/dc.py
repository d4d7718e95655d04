"""The deep-compression autoencoder of Sana: 32 pixels a latent position, linear attention inside.

Chen et al., "Deep Compression Autoencoder for Efficient High-Resolution Diffusion Models".
Letters: B pictures, C channels, H W height and width.

Dimensions: `widths`; `encoder_blocks` and `decoder_blocks` by level; `attention`, the levels (counted
from the pixels) from which blocks attend; `head_dim`, `scale`, side of the second scale's window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def encoder(rec: Recorder, part: Part, picture: Latent) -> None:
    """(B, 3, 32 H, 32 W) -> (B, 32, H, W)."""
    widths = part["widths"]
    x = rec.conv(picture.map, widths[0], 3, bias=True, name="conv_in")
    for level in range(len(widths)):
        for _ in range(part["encoder_blocks"][level]):
            _block(rec, part, x, level)
        if level < len(widths) - 1:
            y = rec.conv(x, widths[level + 1], 3, 2, padding=1, bias=True, name="down")
            rec.copy(x.elements, name="unshuffle")
            rec.pool(x, 2, 2, average=True, name="mean")
            rec.add(y.elements)
            x = y
    rec.conv(x, part["latent_channels"], 3, bias=True, name="conv_out")
    rec.add(x.elements)


def decoder(rec: Recorder, part: Part, latent: Latent) -> None:
    """(B, 32, H, W) -> (B, 3, 32 H, 32 W)."""
    widths = part["widths"]
    x = rec.conv(latent.map, widths[-1], 3, bias=True, name="conv_in")
    rec.copy(x.elements, name="repeat")
    rec.add(x.elements)
    for level in reversed(range(len(widths))):
        if level < len(widths) - 1:
            x = _up(rec, x, widths[level])
        for _ in range(part["decoder_blocks"][level]):
            _block(rec, part, x, level)
    rec.norm(x.elements, x.channels, wide=True)
    rec.pointwise(x.elements, keeps=1.0, name="relu")
    rec.conv(x, 3, 3, bias=True, name="conv_out")


def _up(rec: Recorder, x: Map, out: int) -> Map:
    """Twice the side: nearest neighbour and a convolution, beside repeated channels shuffled to pixels."""
    large = x._replace(height=2.0 * x.height, width=2.0 * x.width)
    rec.copy(large.elements, reads=0.25, name="upsample")
    y = rec.conv(large, out, 3, bias=True, name="up")
    rec.copy(y.elements, name="repeat")
    rec.copy(y.elements, name="shuffle")
    rec.add(y.elements)
    return y


def _block(rec: Recorder, part: Part, x: Map, level: int) -> None:
    if level >= part["attention"]:
        _attention(rec, part, x)
        _mix(rec, x)
        return
    y = rec.conv(x, x.channels, 3, bias=True, name="conv1")
    rec.pointwise(y.elements, keeps=1.0, name="silu")
    rec.conv(y, x.channels, 3, name="conv2")
    rec.norm(x.elements, x.channels, wide=True)
    rec.add(x.elements)


def _attention(rec: Recorder, part: Part, x: Map) -> None:
    """Linear attention at two scales: the positions, and windows of `scale` around them."""
    channels, d, rows = x.channels, part["head_dim"], x.pixels
    for name in ("query", "key", "value"):
        rec.linear(rows, channels, channels, keeps=float(name == "query"), name=name)
    three = x._replace(channels=3 * channels)
    rec.copy(three.elements, name="concatenate")
    rec.conv(three, three.channels, part["scale"], groups=three.channels, name="window")
    rec.conv(three, three.channels, 1, groups=three.channels // d, name="mix_heads")
    rec.copy(2.0 * three.elements, name="concatenate")
    rec.pointwise(2.0 * three.elements, wide=True, name="widen")
    rec.pointwise(4.0 * x.elements, keeps=1.0, name="relu")
    heads, tokens = 2.0 * (channels // d) * x.batch, x.height * x.width
    rec.product(heads, float(d + 1), tokens, float(d), name="state")
    rec.product(heads, float(d + 1), float(d), tokens, name="read_out")
    rec.pointwise(2.0 * x.elements, reads=2.0, keeps=1.0, name="divide")
    rec.linear(rows, 2 * channels, channels, name="out")
    rec.norm(x.elements, channels, wide=True)
    rec.add(x.elements)


def _mix(rec: Recorder, x: Map) -> None:
    """Gated feed-forward of 4 x C with a 3 x 3 convolution a channel."""
    wide = 4 * x.channels
    y = rec.conv(x, 2 * wide, 1, bias=True, name="up")
    rec.pointwise(y.elements, keeps=1.0, name="silu")
    y = rec.conv(y, 2 * wide, 3, groups=2 * wide, bias=True, name="depthwise")
    rec.pointwise(y.elements / 2.0, keeps=1.0, name="silu")
    rec.pointwise(y.elements / 2.0, reads=2.0, keeps=2.0, name="gate")
    rec.conv(y._replace(channels=wide), x.channels, 1, name="down")
    rec.norm(x.elements, x.channels, wide=True)
    rec.add(x.elements)
