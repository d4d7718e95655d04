"""The U-Nets of Stable Diffusion 1, 2 and XL.

Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models"; Podell et al., "SDXL".
A level has `blocks` residual blocks going down and one more coming up, each with a transformer of
`depth` layers behind it where that is not 0; skip connections by concatenation.
Letters: B samples of one pass (frames beside one another), C channels, H W height and width of the
latent, S text tokens, D text width.

Dimensions: `widths`; `heads`, `depth` and `depth_up` by level, `depth` as one number or one a block;
`depth_middle`, below 0 for a single residual block; `blocks`; `text_tokens`, `text_width`; `in_channels`,
`out_channels`; `added`, inputs of the pooled text's and the picture size's embedding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import immutable
from whichgpu.workloads.blocks import projections
from whichgpu.workloads.diffusion.shapes import timestep, two_layers

if TYPE_CHECKING:
    from typing import Self

    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def unet(rec: Recorder, part: Part, latent: Latent) -> None:
    """One pass: (B, C, H, W) -> (B, C, H, W)."""
    run(UNet.of(rec, part, latent), part, latent)


def run(net: UNet, part: Part, latent: Latent) -> None:
    """One pass through the levels, down and up, with the blocks of `net`."""
    skips = down(net, part, latent)
    x = skips[-1]
    x = net.residual(x, part["widths"][-1]) if part["depth_middle"] < 0 else middle(net, part, x)
    up(net, part, latent, x, skips)


def steered(rec: Recorder, part: Part, latent: Latent) -> None:
    """The pass beside a ControlNet that is trained: what comes before its maps are added has no gradient."""
    net = UNet.of(rec, part, latent)
    with rec.module("before", frozen=True):
        skips = down(net, part, latent)
        x = middle(net, part, skips[-1])
    up(net, part, latent, x, skips)


def up(net: UNet, part: Part, latent: Latent, x: Map, skips: list[Map]) -> None:
    """The levels up from what the middle made, each with the maps of its way down, and the noise."""
    rec, widths = net.rec, part["widths"]
    for level in reversed(range(len(widths))):
        for depth in _depths(part.get("depth_up", part["depth"])[level], part["blocks"] + 1):
            x = net.block(net.concatenate(x, skips.pop()), widths[level], depth, _heads(part, level))
        if level:
            x = upsample(rec, x, skips[-1].height, skips[-1].width)
    group_norm(rec, x)
    rec.conv(x, part.get("out_channels", latent.channels), 3, bias=True, name="conv_out")


def controlled(rec: Recorder, part: Part, latent: Latent) -> None:
    """One pass of a ControlNet: the way down and the middle anew, and a 1 x 1 behind each map of theirs.

    Zhang et al., "Adding Conditional Control to Text-to-Image Diffusion Models", figure 3. What stands for
    the picture to follow is read at eight times the latent's sides, by convolutions of `hint` channels.
    """
    net = UNet.of(rec, part, latent)
    shown = latent.map._replace(channels=3, height=8.0 * latent.map.height, width=8.0 * latent.map.width)
    hint = part["hint"]
    x = rec.conv(shown, hint[0], 3, bias=True, name="hint")
    rec.pointwise(x.elements, name="silu")
    for channels in hint[1:]:
        for out, stride in ((x.channels, 1), (channels, 2)):
            x = rec.conv(x, out, 3, stride, padding=1, bias=True, name="hint")
            rec.pointwise(x.elements, name="silu")
    rec.conv(x, part["widths"][0], 3, bias=True, name="hint")
    maps = down(net, part, latent)
    for one in (*maps, middle(net, part, maps[-1])):
        rec.conv(one, one.channels, 1, bias=True, name="zero")
        rec.add(one.elements)


def middle(net: UNet, part: Part, x: Map) -> Map:
    """Two residual blocks at the lowest level, and the transformer between them."""
    x = net.residual(x, part["widths"][-1])
    net.transformer(x, part["depth_middle"], _heads(part, -1))
    return net.residual(x, part["widths"][-1])


def down(net: UNet, part: Part, latent: Latent) -> list[Map]:
    """The levels down: the maps that the way up reads again, the lowest last."""
    rec, widths = net.rec, part["widths"]
    x = latent.map._replace(channels=part.get("in_channels", latent.channels))
    net.conditions(widths[0], part.get("added", 0))
    x = rec.conv(x, widths[0], 3, bias=True, backward="weight", name="conv_in")
    skips = [x]
    for level, width in enumerate(widths):
        for depth in _depths(part["depth"][level], part["blocks"]):
            x = net.block(x, width, depth, _heads(part, level))
            skips.append(x)
        if level < len(widths) - 1:
            x = rec.conv(x, width, 3, 2, padding=1, bias=True, name="down")
            skips.append(x)
    return skips


def _depths(depth: int | list[int], blocks: int) -> list[int]:
    return [depth] * blocks if isinstance(depth, int) else depth


def _heads(part: Part, level: int) -> int:
    heads: int = part["heads"] if isinstance(part["heads"], int) else part["heads"][level]
    return heads


@immutable
class UNet:
    """What every block of one U-Net pass shares."""

    rec: Recorder
    batch: Any
    time_width: int
    text_tokens: float
    text_width: int
    frames: float

    @classmethod
    def of(cls, rec: Recorder, part: Part, latent: Latent) -> Self:
        """The blocks for one pass over a latent."""
        return cls(rec, latent.map.batch, 4 * part["widths"][0], float(part["text_tokens"]),
                   part["text_width"], latent.frames)  # fmt: skip

    def conditions(self, sinusoids: int, added: int) -> None:
        """Embeddings of the time step and, for SDXL, of sizes and pooled text: (B,) -> (B, 4 C)."""
        timestep(self.rec, self.batch, self.time_width, inputs=sinusoids)
        if added:
            for _ in range(5):
                self.rec.pointwise(added * self.batch, name="sinusoid")
            two_layers(self.rec, self.batch, added, self.time_width, name="added", first=True)
            self.rec.add(self.time_width * self.batch)

    def block(self, x: Map, out: int, depth: int, heads: int) -> Map:
        """A residual block and a transformer of `depth` layers: (B, C, H, W) -> (B, out, H, W)."""
        x = self.residual(x, out)
        self.transformer(x, depth, heads)
        return x

    def residual(self, x: Map, out: int) -> Map:
        """Two convolutions, the time added between them, and the short cut."""
        rec = self.rec
        rec.begins()
        group_norm(rec, x)
        y = rec.conv(x, out, 3, bias=True, name="conv1")
        rec.pointwise(self.time_width * self.batch, keeps=1.0, name="silu")
        rec.linear(self.batch, self.time_width, out, bias=True, name="time")
        rec.pointwise(y.elements, name="add_time")
        group_norm(rec, y)
        rec.conv(y, out, 3, bias=True, name="conv2")
        return shortcut(rec, x, y)

    def transformer(self, x: Map, depth: int, heads: int) -> None:
        """Layers of attention and feed-forward over the map's positions: (B, C, H, W) -> (B, C, H, W)."""
        if not depth:
            return
        rec, width, rows = self.rec, x.channels, x.pixels
        rec.norm(x.elements, width, wide=True)
        # The 1 x 1 convolutions around the tokens are dense layers over the channels.
        rec.linear(rows, width, width, bias=True, name="proj_in")
        rec.copy(x.elements, name="to_tokens")  # (B, C, H, W) -> (B, H W, C)
        with rec.module("transformer", copies=float(depth)):
            if depth == 1:
                rec.begins()
            self.layer(x, heads)
        rec.copy(x.elements, name="to_map")
        rec.linear(rows, width, width, bias=True, name="proj_out")
        rec.add(x.elements)

    def layer(self, x: Map, heads: int) -> None:
        """Self-attention, attention to the text, gated feed-forward: (B, H W, C) -> (B, H W, C)."""
        rec, width, rows, tokens = self.rec, x.channels, x.pixels, x.height * x.width
        self._attend(rows, width, heads, tokens, tokens)
        self._attend(rows, width, heads, tokens, self.text_tokens, kv_rows=self.text_tokens * self.batch)
        rec.norm(x.elements, width, wide=True, name="layer_norm")
        gated_gelu(rec, rows, width)
        rec.add(x.elements)

    def _attend(self, rows: Any, width: int, heads: int, q: Any, kv: Any, *, kv_rows: Any = None) -> None:
        """Norm, attention over the picture's tokens or (`kv_rows`) the text's, residual."""
        rec = self.rec
        rec.norm(width * rows, width, wide=True, name="layer_norm")
        projections(rec, rows, width, kv_rows=kv_rows, kv_width=self.text_width, bias=False)
        rec.attention(self.batch, heads, q, kv, width // heads)
        rec.linear(rows, width, width, bias=True, shard="row", name="out")
        rec.scale(width * rows)
        rec.add(width * rows)

    def concatenate(self, x: Map, skip: Map) -> Map:
        """(B, C, H, W) and (B, C', H, W) -> (B, C + C', H, W)."""
        y = x._replace(channels=x.channels + skip.channels)
        self.rec.copy(y.elements, name="concatenate")
        return y


def gated_gelu(rec: Recorder, rows: Any, width: int) -> None:
    """Feed-forward of 4 x D, GELU on one half times the other: (rows, D) -> (rows, D)."""
    rec.linear(rows, width, 8 * width, bias=True, shard="column", name="up")
    rec.pointwise(4 * width * rows, keeps=1.0, shard="column", name="gelu")
    rec.pointwise(4 * width * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
    rec.linear(rows, 4 * width, width, bias=True, shard="row", name="down")


def shortcut(rec: Recorder, x: Map, y: Map) -> Map:
    """Add the input of a block to its output, projected where the channels differ."""
    if x.channels != y.channels:
        rec.conv(x, y.channels, 1, bias=True, keeps=0.0, name="shortcut")
    rec.add(y.elements)
    rec.scale(y.elements)
    return y


def group_norm(rec: Recorder, x: Map) -> None:
    """Group normalisation and SiLU over (B, C, H, W)."""
    rec.norm(x.elements, x.channels, wide=True, name="group_norm")
    rec.pointwise(x.elements, keeps=1.0, wide=True, name="silu")


def upsample(rec: Recorder, x: Map, height: Any, width: Any, *, out: int | None = None) -> Map:
    """Nearest neighbour to (height, width), then a convolution."""
    y = x._replace(height=height, width=width)
    rec.copy(y.elements, reads=0.25, name="upsample")
    return rec.conv(y, x.channels if out is None else out, 3, bias=True, name="up")
