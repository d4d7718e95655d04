"""The denoisers of Kandinsky 2.2 (a prior of picture embeddings and a U-Net) and of Kandinsky 3.

Razzhigaev et al., "Kandinsky: an Improved Text-to-Image Synthesis with Image Prior and Latent
Diffusion"; Arkhipkin et al., "Kandinsky 3.0 Technical Report".
Letters: B samples of one pass, C channels, H W height and width of the latent, S tokens, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import immutable
from whichgpu.workloads.blocks import projections, transformer_layer
from whichgpu.workloads.diffusion.shapes import timestep
from whichgpu.workloads.diffusion.unet import group_norm

if TYPE_CHECKING:
    from whichgpu.workloads.diffusion.shapes import Latent, Part
    from whichgpu.workloads.recorder import Map, Recorder


def prior(rec: Recorder, part: Part, x: Latent) -> None:
    """One pass over the text's tokens and four more: (B, S, D) -> (B, embedding of a picture).

    Dimensions: `layers`, `hidden`, `heads`, `tokens`, `width` of the embedding.
    """
    width, batch, embedding = part["hidden"], x.batch, part["width"]
    tokens = float(part["tokens"] + 4)
    rows = tokens * batch
    timestep(rec, batch, width, inputs=width)
    for name, count in (("sample", batch), ("pooled", batch), ("text", batch * float(part["tokens"]))):
        rec.linear(count, embedding, width, bias=True, backward="weight", name=name)
    rec.copy(width * rows, name="concatenate")
    rec.pointwise(width * rows, parameters=float((part["tokens"] + 5) * width), name="positions")
    with rec.module("layers", copies=float(part["layers"])):
        transformer_layer(rec, batch, tokens, width, heads=part["heads"], ffn=4 * width, causal=True)
    rec.norm(width * batch, width)
    rec.linear(batch, width, embedding, bias=True, name="out")
    rec.pointwise(embedding * batch, parameters=2.0 * embedding, name="statistics")


# -- Kandinsky 2.2 -------------------------------------------------------------------------------


def unet2(rec: Recorder, part: Part, latent: Latent) -> None:
    """One pass: (B, 4, H, W) -> (B, 8, H, W).

    Dimensions: `widths`, `blocks`, `head_dim`, `attention` by level, `text_tokens` made of an embedding
    of `embedding` values, `text_width`.
    """
    widths, x, batch = part["widths"], latent.map, latent.batch
    net = _Blocks(rec, batch, 4 * widths[0], float(part["text_tokens"]), part["text_width"], part["head_dim"])
    timestep(rec, batch, net.time_width, inputs=widths[0])
    rec.linear(batch, part["embedding"], net.time_width, bias=True, backward="weight", name="picture")
    rec.norm(net.time_width * batch, net.time_width)
    made = part["text_tokens"] * part["text_width"]
    rec.linear(batch, part["embedding"], made, bias=True, backward="weight", name="tokens")
    rec.norm(made * batch, part["text_width"])
    x = rec.conv(x, widths[0], 3, bias=True, backward="weight", name="conv_in")
    skips = [x]
    for level, width in enumerate(widths):
        for _ in range(part["blocks"]):
            x = net.block(x, width, attention=part["attention"][level])
            skips.append(x)
        if level < len(widths) - 1:
            x = net.residual(x, width, scale=0.5)
            skips.append(x)
    x = net.block(x, x.channels, attention=True)
    x = net.residual(x, x.channels)
    for level in reversed(range(len(widths))):
        for _ in range(part["blocks"] + 1):
            skip = skips.pop()
            x = x._replace(channels=x.channels + skip.channels)
            rec.copy(x.elements, name="concatenate")
            x = net.block(x, widths[level], attention=part["attention"][level])
        if level:
            x = net.residual(x, x.channels, scale=2.0)
    group_norm(rec, x)
    rec.conv(x, part["out_channels"], 3, bias=True, name="conv_out")


@immutable
class _Blocks:
    """What the blocks of Kandinsky 2.2 share: the time scales and shifts, the text joins the keys."""

    rec: Recorder
    batch: Any
    time_width: int
    text_tokens: float
    text_width: int
    head_dim: int

    def block(self, x: Map, out: int, *, attention: bool) -> Map:
        """A residual block and, where the level has one, an attention."""
        x = self.residual(x, out)
        if attention:
            self.attention(x)
        return x

    def residual(self, x: Map, out: int, *, scale: float = 1.0) -> Map:
        """Two convolutions; `scale` 0.5 and 2 change the sides after the first activation."""
        rec = self.rec
        group_norm(rec, x)
        if scale != 1.0:
            x = x._replace(height=scale * x.height, width=scale * x.width)
            for _ in range(2):
                rec.copy(x.elements, reads=1.0 / scale**2, name="resize")
        y = rec.conv(x, out, 3, bias=True, name="conv1")
        rec.pointwise(self.time_width * self.batch, keeps=1.0, name="silu")
        rec.linear(self.batch, self.time_width, 2 * out, bias=True, name="time")
        rec.norm(y.elements, out, wide=True, name="group_norm")
        for name in ("scale", "shift", "silu"):
            rec.pointwise(y.elements, keeps=1.0, name=name)
        rec.conv(y, out, 3, bias=True, name="conv2")
        if x.channels != out:
            rec.conv(x, out, 1, bias=True, keeps=0.0, name="shortcut")
        rec.add(y.elements)
        return y

    def attention(self, x: Map) -> None:
        """Attention over the map's positions and the text's tokens: (B, C, H, W) -> (B, C, H, W)."""
        rec, width, tokens, rows = self.rec, x.channels, x.height * x.width, self.text_tokens * self.batch
        rec.norm(x.elements, width, wide=True)
        projections(rec, x.pixels, width)
        for name in ("text_key", "text_value"):
            rec.linear(rows, self.text_width, width, bias=True, keeps=0.0, name=name)
            rec.copy(x.elements + width * rows, name="concatenate")
        rec.attention(self.batch, width // self.head_dim, tokens, tokens + self.text_tokens, self.head_dim)
        rec.linear(x.pixels, width, width, bias=True, name="out")
        rec.add(x.elements)


# -- Kandinsky 3 ---------------------------------------------------------------------------------


def unet3(rec: Recorder, part: Part, latent: Latent) -> None:
    """One pass: (B, 4, H, W) -> (B, 4, H, W).

    Dimensions: `widths`, `blocks`, `head_dim`, `attention` by level, `time`, `text_tokens`, `text_width`.
    """
    widths, batch, text = part["widths"], latent.batch, part["text_width"]
    net = _Blocks3(rec, batch, part["time"], float(part["text_tokens"]), text, part["head_dim"])
    first = widths[0] // 2
    net.conditions(first)
    x = rec.conv(latent.map, first, 3, bias=True, backward="weight", name="conv_in")
    skips, last = [], len(widths) - 1
    for level, width in enumerate(widths):
        if part["attention"][level]:
            net.attention(x)
        for block in range(part["blocks"]):
            x = net.residual(x, width)
            if part["attention"][level]:
                net.attention(x, text=True)
            shrink = level < last and block == part["blocks"] - 1
            x = net.residual(x, width, scale=0.5 if shrink else 1.0)
        skips.append(x)
    skips.pop()
    for level in reversed(range(len(widths))):
        out, width = (widths[level - 1] if level else first), x.channels
        if level < last:
            x = x._replace(channels=width + skips.pop().channels)
            rec.copy(x.elements, name="concatenate")
        for block in range(part["blocks"]):
            x = net.residual(x, x.channels, scale=2.0 if level < last and not block else 1.0)
            if part["attention"][level]:
                net.attention(x, text=True)
            x = net.residual(x, out if block == part["blocks"] - 1 else width)
        if part["attention"][level]:
            net.attention(x)
    group_norm(rec, x)
    rec.conv(x, latent.channels, 3, bias=True, name="conv_out")


@immutable
class _Blocks3:
    """What the blocks of Kandinsky 3 share: bottlenecks, every norm scaled and shifted by the time."""

    rec: Recorder
    batch: Any
    time_width: int
    text_tokens: float
    text_width: int
    head_dim: int

    def conditions(self, sinusoids: int) -> None:
        """The time step, and the text's tokens projected and pooled into it."""
        rec, width, rows = self.rec, self.text_width, self.text_tokens * self.batch
        timestep(rec, self.batch, self.time_width, inputs=sinusoids)
        rec.linear(rows, width, width, backward="weight", name="text")
        rec.norm(width * rows, width)
        rec.linear(self.batch, width, self.time_width, name="pool_query")
        for name in ("pool_key", "pool_value"):
            rec.linear(rows, width, self.time_width, keeps=0.0, name=name)
        heads = self.time_width // self.head_dim
        rec.attention(self.batch, heads, 1.0, self.text_tokens, self.head_dim, name="pool")
        rec.linear(self.batch, self.time_width, self.time_width, name="pool_out")
        rec.add(self.time_width * self.batch)

    def norm(self, x: Map) -> None:
        """Group normalisation, scaled and shifted by the time step."""
        rec = self.rec
        rec.pointwise(self.time_width * self.batch, keeps=1.0, name="silu")
        rec.linear(self.batch, self.time_width, 2 * x.channels, bias=True, name="modulation")
        rec.norm(x.elements, x.channels, parameters=0, wide=True, name="group_norm")
        rec.pointwise(x.elements, keeps=1.0, name="scale")
        rec.add(x.elements, name="shift")

    def residual(self, x: Map, out: int, *, scale: float = 1.0) -> Map:
        """Convolutions of 1, 3, 3, 1; `scale` 2 and 0.5 change the sides in the second and the third."""
        rec, half = self.rec, max(x.channels, out) // 2
        y = self._step(x, half, 1)
        y = self._step(y, half, 3, scale=scale if scale > 1.0 else 1.0)
        y = self._step(y, half, 3, scale=scale if scale < 1.0 else 1.0)
        y = self._step(y, out, 1)
        if scale > 1.0:
            x = _grow(rec, x)
        if x.channels != out:
            x = rec.conv(x, out, 1, bias=True, keeps=0.0, name="shortcut")
        if scale < 1.0:
            x = rec.conv(x, out, 2, 2, padding=0, bias=True, name="shortcut_down")
        rec.add(y.elements)
        return y

    def _step(self, x: Map, out: int, kernel: int, *, scale: float = 1.0) -> Map:
        self.norm(x)
        self.rec.pointwise(x.elements, keeps=1.0, name="silu")
        if scale > 1.0:
            x = _grow(self.rec, x)
        y = self.rec.conv(x, out, kernel, bias=True, name=f"conv{kernel}")
        return self.rec.conv(y, out, 2, 2, padding=0, bias=True, name="down") if scale < 1.0 else y

    def attention(self, x: Map, *, text: bool = False) -> None:
        """Attention to the map's own positions or the text, then a feed-forward of 4 x C."""
        rec, width, tokens, rows = self.rec, x.channels, x.height * x.width, x.pixels
        self.norm(x)
        rec.copy(x.elements, name="to_tokens")
        kv_rows = self.text_tokens * self.batch if text else None
        projections(rec, rows, width, kv_rows=kv_rows, kv_width=self.text_width, bias=False)
        kv = self.text_tokens if text else tokens
        rec.attention(self.batch, width // self.head_dim, tokens, kv, self.head_dim)
        rec.linear(rows, width, width, name="out")
        rec.copy(x.elements, name="to_map")
        rec.add(x.elements)
        self.norm(x)
        y = rec.conv(x, 4 * width, 1, name="up")
        rec.pointwise(y.elements, keeps=1.0, name="silu")
        rec.conv(y, width, 1, name="down")
        rec.add(x.elements)


def _grow(rec: Recorder, x: Map) -> Map:
    """A transposed convolution of 2 x 2, stride 2: twice the sides."""
    y = x._replace(height=2.0 * x.height, width=2.0 * x.width)
    rec.window(x.elements, x.pixels, x.channels, 4 * x.channels, 1, bias=x.channels, name="up")
    return y
