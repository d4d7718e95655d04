"""Generative adversarial networks: DCGAN, StyleGAN2 and StyleGAN3.

Radford et al., "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks"; Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (config F: skip
generator, residual discriminator); "Alias-Free Generative Adversarial Networks" (configuration T, with
StyleGAN2's discriminator). `infer` runs the generator; a step of `train` the generator once
and the discriminator three times: on real pictures, on made ones, and on made ones for the generator, each
with a backward pass of its own (training/loss.py of NVlabs/stylegan2-ada-pytorch).
Letters: B pictures, C channels, H W height and width, D width of the latent.

Dimensions: `kind` (dcgan, stylegan2, stylegan3), `latent`, `widths`; dcgan: `widths` from the deepest map on;
stylegan2: `widths` from 4 x 4 on, `mapping` layers; stylegan3: the same of the discriminator, and `layers` of
the generator, each the side and the channels of its map, margins included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import transposed
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"generate": "infer", "pretrain": "train"}
UNIT = "images"
OPTIMIZER = "adam"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 16.0, "precision": "fp16"},
    "train": {"batch": 16.0, "precision": "amp-fp16"},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """The generator: (B, D) -> (B, 3, H, W); in training the discriminator's three passes as well."""
    generator, discriminator = _KINDS[dims["kind"]]
    with rec.module("generator"):
        generator(dims, rec, job.batch)
    if not job.trains:
        return
    # Its own passes run backward one by one, of real and of made pictures: the generator's step keeps more.
    with rec.module("discriminator", freed=True):
        discriminator(dims, rec, 2.0 * job.batch)
    with rec.module("discriminator", again=True):
        discriminator(dims, rec, job.batch)


# -- DCGAN ---------------------------------------------------------------------------------------


def _dcgan_generator(dims: Dims, rec: Recorder, batch: Any) -> None:
    """(B, D, 1, 1) -> (B, 3, 64, 64)."""
    x, side = Map(batch, dims["latent"], 1.0, 1.0), 4.0
    for width in dims["widths"]:
        x = transposed(rec, x, width, 4, 1 if side == 4.0 else 2, side=side)
        rec.norm(x.elements, width)
        rec.pointwise(x.elements, name="relu")
        side *= 2.0
    x = transposed(rec, x, 3, 4, 2, side=side)
    rec.pointwise(x.elements, keeps=1.0, name="tanh")


def _dcgan_discriminator(dims: Dims, rec: Recorder, batch: Any) -> None:
    """(B, 3, 64, 64) -> (B, 1)."""
    side = 4.0 * 2.0 ** len(dims["widths"])
    x = Map(batch, 3, side, side)
    for level, width in enumerate(reversed(dims["widths"])):
        x = rec.conv(x, width, 4, 2, padding=1, name="down")
        if level:
            rec.norm(x.elements, width)
        rec.pointwise(x.elements, name="leaky_relu")
    rec.conv(x, 1, 4, 1, padding=0, name="out")
    rec.pointwise(batch, keeps=1.0, name="sigmoid")


# -- StyleGAN2 -----------------------------------------------------------------------------------


def _style_generator(dims: Dims, rec: Recorder, batch: Any) -> None:
    """(B, D) -> styles (B, D) -> (B, 3, H, W)."""
    latent, widths = dims["latent"], dims["widths"]
    rec.norm(latent * batch, latent, parameters=0)
    for _ in range(dims["mapping"]):
        rec.linear(batch, latent, latent, bias=True, name="mapping")
        rec.pointwise(latent * batch, keeps=1.0, name="leaky_relu")
    x = Map(batch, widths[0], 4.0, 4.0)
    rec.pointwise(x.elements, parameters=16.0 * widths[0], name="constant")
    for level, width in enumerate(widths):
        if level:
            x = _styled(dims, rec, x, width, up=True)
        x = _styled(dims, rec, x, width)
        _to_rgb(dims, rec, x, enlarge=level > 0)


def _style(dims: Dims, rec: Recorder, x: Map, out: int, *, taps: int) -> None:
    """A scale for each input channel, and the weights of each sample that it gives."""
    channels = x.channels
    rec.linear(x.batch, dims["latent"], channels, bias=True, name="style")
    weights = float(channels * out * taps) * x.batch
    rec.pointwise(weights, keeps=1.0, name="modulate")
    if taps > 1:
        rec.norm(weights, channels * taps, parameters=0, name="demodulate")


def _styled(dims: Dims, rec: Recorder, x: Map, out: int, *, up: bool = False) -> Map:
    """Modulated 3 x 3 convolution (to twice the sides), noise, bias, leaky ReLU."""
    _style(dims, rec, x, out, taps=9)
    if up:
        y = transposed(rec, x, out, 3, 2, side=2.0 * x.height)
        _blur(rec, y)
    else:
        y = rec.conv(x, out, 3)
    rec.pointwise(y.elements, parameters=1.0, name="noise")
    rec.pointwise(y.elements, keeps=1.0, parameters=float(out), name="bias_leaky_relu")
    return y


def _to_rgb(dims: Dims, rec: Recorder, x: Map, *, enlarge: bool) -> None:
    """Modulated 1 x 1 convolution to 3 channels, added to the enlarged picture of the level before."""
    _style(dims, rec, x, 3, taps=1)
    rgb = rec.conv(x, 3, 1, bias=True, name="to_rgb")
    if enlarge:
        _blur(rec, rgb)
        rec.add(rgb.elements)


def _blur(rec: Recorder, x: Map) -> None:
    """A fixed 4 x 4 filter on each channel."""
    rec.pointwise(x.elements, name="blur")


# -- StyleGAN3 -----------------------------------------------------------------------------------


def _alias_free_generator(dims: Dims, rec: Recorder, batch: Any) -> None:
    """(B, D) -> styles -> Fourier features (B, C, 36, 36) -> (B, 3, H, W), each layer filtered (figure 4)."""
    latent, (side, width) = dims["latent"], dims["layers"][0]
    rec.norm(latent * batch, latent, parameters=0)
    for _ in range(dims["mapping"]):
        rec.linear(batch, latent, latent, bias=True, name="mapping")
        rec.pointwise(latent * batch, keeps=1.0, name="leaky_relu")
    x = Map(batch, width, float(side), float(side))
    rec.linear(batch, latent, 4, bias=True, name="place")
    rec.linear(x.pixels, width, width, name="features")
    for side, width in dims["layers"]:
        _style(dims, rec, x, width, taps=9)
        y = rec.conv(x, width, 3)
        x = y.like(width, float(side), float(side))
        # One kernel: to twice the resolution, leaky ReLU and back, in on-chip memory (appendix D).
        read = y.height * y.width / side**2
        rec.pointwise(x.elements, reads=read, keeps=1.0, parameters=float(width), name="filtered")
    _style(dims, rec, x, 3, taps=1)
    rgb = rec.conv(x, 3, 1, bias=True, name="to_rgb")
    rec.pointwise(rgb.elements, name="filtered")


def _style_discriminator(dims: Dims, rec: Recorder, batch: Any) -> None:
    """(B, 3, H, W) -> (B, 1)."""
    widths = dims["widths"]
    side = 4.0 * 2.0 ** (len(widths) - 1)
    x = _biased(rec, Map(batch, 3, side, side), widths[-1], 1, name="from_rgb")
    for level in reversed(range(1, len(widths))):
        y = _biased(rec, x, x.channels, 3)
        for _ in range(2):
            _blur(rec, y)
        y = _biased(rec, y, widths[level - 1], 3, 2)
        rec.conv(x, widths[level - 1], 1, 2, padding=0, name="skip")
        rec.add(y.elements)
        x = y
    x = x._replace(channels=x.channels + 1)
    rec.copy(x.elements, name="deviation")
    x = _biased(rec, x, widths[0], 3)
    rec.linear(batch, 16 * widths[0], widths[0], bias=True, name="dense")
    rec.pointwise(widths[0] * batch, keeps=1.0, name="leaky_relu")
    rec.linear(batch, widths[0], 1, bias=True, name="out")


def _biased(rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1, *, name: str = "conv") -> Map:
    """Convolution, bias and leaky ReLU."""
    y = rec.conv(x, out, kernel, stride, padding=kernel // 2, bias=True, name=name)
    rec.pointwise(y.elements, keeps=1.0, name="leaky_relu")
    return y


_KINDS = {
    "dcgan": (_dcgan_generator, _dcgan_discriminator),
    "stylegan2": (_style_generator, _style_discriminator),
    "stylegan3": (_alias_free_generator, _style_discriminator),
}
