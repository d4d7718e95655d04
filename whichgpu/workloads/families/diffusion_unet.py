"""Latent diffusion with a U-Net: Stable Diffusion 1.x.

Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models"; the blocks are those of
the published checkpoints: two residual blocks a level (three going up), a transformer after each where
the level has one, skip connections by concatenation.
Letters: B images in one U-Net pass (two an image with guidance), C channels, H W height and width of
the latent (an eighth of the picture's), S text tokens, D text width.

`generate` runs the text encoder once, the U-Net `steps` times, the VAE decoder once; `train` is a
training step of the U-Net on latents and text states made beforehand. Option `guidance` (1: off).

Dimensions: tables `text`, `unet`, `vae`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.blocks import projections, transformer_layer
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

    Dims = Mapping[str, Any]

PHASES = ("generate", "train")
PHASE_ALIASES = {"infer": "generate", "pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"height": 512.0, "width": 512.0, "n_gpus": 1.0},
    "generate": {"batch": 1.0, "steps": 50.0, "precision": "fp16", "runtime": "diffusers"},
    "train": {"batch": 4.0, "precision": "amp-fp16", "runtime": "pytorch-2"},
}
#: One forward pass: the U-Net once.
REFERENCE = {"phase": "train"}
GUIDANCE = 7.5
#: Pixels per latent position, along each side.
FACTOR = 8.0


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """A batch of pictures, or the U-Net's pass of a training step."""
    x = _latent(dims, job)
    if job.trains:
        with rec.module("unet"):
            _unet(dims, rec, x)
        return
    passes = 2.0 if job.option("guidance", GUIDANCE) > 1.0 else 1.0
    with rec.module("text_encoder"):
        _text_encoder(dims["text"], rec, passes * job.batch)
    with rec.module("unet", repeats=job.steps):
        _unet(dims, rec, x._replace(batch=passes * x.batch))
    with rec.module("scheduler", repeats=job.steps):
        # Guidance (subtract, scale, add) and the sampler's update, on the latents.
        for _ in range(6):
            rec.pointwise(x.elements, reads=2.0, name="update")
    with rec.module("vae"):
        _vae_decoder(dims["vae"], rec, x)
        with rec.module("encoder", repeats=0.0):
            _vae_encoder(dims["vae"], rec, Map(1.0, 3, FACTOR * x.height, FACTOR * x.width))


def _latent(dims: Dims, job: Job) -> Map:
    """(B, 4, H, W) of pictures (B, 3, 8 H, 8 W)."""
    for name, size in (("height", job.height), ("width", job.width)):
        if np.any(size % FACTOR):
            worst = float(np.max(np.where(size % FACTOR, size, 0.0)))
            raise UsageError(f"{name}: {worst:g} pixels are not a multiple of {FACTOR:g}; give e.g. 512")
    return Map(job.batch, dims["unet"]["in_channels"], job.height / FACTOR, job.width / FACTOR)


def _text_encoder(text: Dims, rec: Recorder, prompts: Any) -> None:
    """CLIP's text tower: (B, S) -> (B, S, D)."""
    tokens, width = float(text["tokens"]), text["hidden"]
    rows = prompts * tokens
    rec.embedding(rows, text["vocab"], width, name="words")
    rec.embedding(rows, text["tokens"], width, name="positions")
    rec.add(width * rows)
    with rec.module("layers", copies=float(text["layers"])):
        transformer_layer(rec, prompts, tokens, width, heads=text["heads"], ffn=text["ffn"], causal=True)
    rec.norm(width * rows, width, name="final_norm")


def _unet(dims: Dims, rec: Recorder, x: Map) -> None:
    """One pass: (B, 4, H, W) -> (B, 4, H, W)."""
    unet, text = dims["unet"], dims["text"]
    widths, attends = unet["widths"], unet["attention"]
    net = _UNet(rec, x.batch, 4 * widths[0], unet["heads"], float(text["tokens"]), text["hidden"])
    for _ in range(5):
        rec.pointwise(widths[0] * x.batch, name="sinusoid")
    rec.linear(x.batch, widths[0], net.time_width, bias=True, backward="weight", name="time1")
    rec.pointwise(net.time_width * x.batch, keeps=1.0, name="silu")
    rec.linear(x.batch, net.time_width, net.time_width, bias=True, name="time2")
    x = rec.conv(x, widths[0], 3, bias=True, backward="weight", name="conv_in")
    skips = [x]
    for level, width in enumerate(widths):
        for _ in range(unet["blocks"]):
            x = net.block(x, width, attention=attends[level])
            skips.append(x)
        if level < len(widths) - 1:
            x = rec.conv(x, width, 3, 2, padding=1, bias=True, name="down")
            skips.append(x)
    x = net.block(x, widths[-1], attention=True)
    x = net.residual(x, widths[-1])
    for level in reversed(range(len(widths))):
        for _ in range(unet["blocks"] + 1):
            x = net.block(net.concatenate(x, skips.pop()), widths[level], attention=attends[level])
        if level:
            x = _upsample(rec, x, skips[-1].height, skips[-1].width)
    _group_norm(rec, x)
    rec.conv(x, unet["in_channels"], 3, bias=True, name="conv_out")


@dataclass(frozen=True, slots=True)
class _UNet:
    """What every block of one U-Net pass shares."""

    rec: Recorder
    batch: Any
    time_width: int
    heads: int
    text_tokens: float
    text_width: int

    def block(self, x: Map, out: int, *, attention: bool) -> Map:
        """A residual block and, where the level has one, a transformer: (B, C, H, W) -> (B, out, H, W)."""
        x = self.residual(x, out)
        if attention:
            self.transformer(x)
        return x

    def residual(self, x: Map, out: int) -> Map:
        """Two convolutions, the time added between them, and the short cut."""
        rec = self.rec
        _group_norm(rec, x)
        y = rec.conv(x, out, 3, bias=True, name="conv1")
        rec.pointwise(self.time_width * self.batch, keeps=1.0, name="silu")
        rec.linear(self.batch, self.time_width, out, bias=True, name="time")
        rec.pointwise(y.elements, name="add_time")
        _group_norm(rec, y)
        rec.conv(y, out, 3, bias=True, name="conv2")
        return _shortcut(rec, x, y)

    def transformer(self, x: Map) -> None:
        """Self-attention, attention to the text, gated feed-forward: (B, C, H, W) -> (B, C, H, W)."""
        rec, width, rows, tokens = self.rec, x.channels, x.pixels, x.height * x.width
        rec.norm(x.elements, width, wide=True)
        # The 1 x 1 convolutions around the tokens are dense layers over the channels.
        rec.linear(rows, width, width, bias=True, name="proj_in")
        rec.copy(x.elements, name="to_tokens")  # (B, C, H, W) -> (B, H W, C)
        self._attend(rows, width, tokens, tokens)
        self._attend(rows, width, tokens, self.text_tokens, kv_rows=self.text_tokens * self.batch)
        rec.norm(x.elements, width, wide=True, name="layer_norm")
        rec.linear(rows, width, 8 * width, bias=True, shard="column", name="up")
        rec.pointwise(4 * width * rows, keeps=1.0, shard="column", name="gelu")
        rec.pointwise(4 * width * rows, reads=2.0, keeps=2.0, shard="column", name="gate")
        rec.linear(rows, 4 * width, width, bias=True, shard="row", name="down")
        rec.add(x.elements)
        rec.copy(x.elements, name="to_map")
        rec.linear(rows, width, width, bias=True, name="proj_out")
        rec.add(x.elements)

    def _attend(self, rows: Any, width: int, q: Any, kv: Any, *, kv_rows: Any = None) -> None:
        """Norm, attention over the picture's tokens or (`kv_rows`) the text's, residual."""
        rec = self.rec
        rec.norm(width * rows, width, wide=True, name="layer_norm")
        projections(rec, rows, width, kv_rows=kv_rows, kv_width=self.text_width, bias=False)
        rec.attention(self.batch, self.heads, q, kv, width // self.heads)
        rec.linear(rows, width, width, bias=True, shard="row", name="out")
        rec.scale(width * rows)
        rec.add(width * rows)

    def concatenate(self, x: Map, skip: Map) -> Map:
        """(B, C, H, W) and (B, C', H, W) -> (B, C + C', H, W)."""
        y = x._replace(channels=x.channels + skip.channels)
        self.rec.copy(y.elements, name="concatenate")
        return y


def _vae_decoder(vae: Dims, rec: Recorder, x: Map) -> None:
    """(B, 4, H, W) -> (B, 3, 8 H, 8 W)."""
    widths = vae["widths"]
    x = rec.conv(x, x.channels, 1, bias=True, name="post_quant")
    x = rec.conv(x, widths[-1], 3, bias=True, name="conv_in")
    x = _vae_middle(rec, x)
    for level in reversed(range(len(widths))):
        for _ in range(vae["blocks"] + 1):
            x = _vae_residual(rec, x, widths[level])
        if level:
            x = _upsample(rec, x, 2.0 * x.height, 2.0 * x.width)
    _group_norm(rec, x)
    rec.conv(x, 3, 3, bias=True, name="conv_out")


def _vae_encoder(vae: Dims, rec: Recorder, x: Map) -> None:
    """(B, 3, 8 H, 8 W) -> (B, 8, H, W): mean and variance of the latent."""
    widths, latent = vae["widths"], 2 * vae["latent_channels"]
    x = rec.conv(x, widths[0], 3, bias=True, name="conv_in")
    for level, width in enumerate(widths):
        for _ in range(vae["blocks"]):
            x = _vae_residual(rec, x, width)
        if level < len(widths) - 1:
            x = rec.conv(x, width, 3, 2, padding=1, bias=True, name="down")
    x = _vae_middle(rec, x)
    _group_norm(rec, x)
    x = rec.conv(x, latent, 3, bias=True, name="conv_out")
    rec.conv(x, latent, 1, bias=True, name="quant")


def _vae_middle(rec: Recorder, x: Map) -> Map:
    """Residual block, one-headed self-attention, residual block."""
    x = _vae_residual(rec, x, x.channels)
    rec.norm(x.elements, x.channels, wide=True)
    projections(rec, x.pixels, x.channels)
    tokens = x.height * x.width
    rec.attention(x.batch, 1, tokens, tokens, x.channels)
    rec.linear(x.pixels, x.channels, x.channels, bias=True, name="out")
    rec.scale(x.elements)
    rec.add(x.elements)
    return _vae_residual(rec, x, x.channels)


def _vae_residual(rec: Recorder, x: Map, out: int) -> Map:
    """Two convolutions and the short cut: (B, C, H, W) -> (B, out, H, W)."""
    _group_norm(rec, x)
    y = rec.conv(x, out, 3, bias=True, name="conv1")
    _group_norm(rec, y)
    rec.conv(y, out, 3, bias=True, name="conv2")
    return _shortcut(rec, x, y)


def _shortcut(rec: Recorder, x: Map, y: Map) -> Map:
    """Add the input of a block to its output, projected where the channels differ."""
    if x.channels != y.channels:
        rec.conv(x, y.channels, 1, bias=True, keeps=0.0, name="shortcut")
    rec.add(y.elements)
    rec.scale(y.elements)
    return y


def _group_norm(rec: Recorder, x: Map) -> None:
    """Group normalisation and SiLU over (B, C, H, W)."""
    rec.norm(x.elements, x.channels, wide=True, name="group_norm")
    rec.pointwise(x.elements, keeps=1.0, wide=True, name="silu")


def _upsample(rec: Recorder, x: Map, height: Any, width: Any) -> Map:
    """Nearest neighbour to (height, width), then a convolution."""
    y = Map(x.batch, x.channels, height, width)
    rec.copy(y.elements, reads=0.25, name="upsample")
    return rec.conv(y, x.channels, 3, bias=True, name="up")
