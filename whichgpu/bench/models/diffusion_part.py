"""A part of Stable Diffusion alone: one pass of its U-Net, its VAE or half of that (Rombach et al.).

Letters: B samples, C channels, H W of the latent, S text tokens, D text width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.bench.models import diffusion_unet as whole
from whichgpu.bench.models.diffusion_unet import OwnAttention, Residual, UNet, vae_decoder
from whichgpu.bench.models.parts import Chain
from whichgpu.workloads.diffusion.pipeline import component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.models.parts import Make, Size

    Part = Mapping[str, Any]

READS = frozenset(("denoiser", "vae", "channels", "runs"))


def vae_encoder(part: Part) -> Chain:
    """(B, 3, 8 H, 8 W) -> (B, 8, H, W): mean and variance of the latent."""
    widths, moments = part["widths"], 2 * part["latent_channels"]
    x = widths[0]
    layers: list[nn.Module] = [nn.Conv2d(3, x, 3, padding=1)]
    for level, width in enumerate(widths):
        for _ in range(part["blocks"]):
            layers.append(Residual(x, width))
            x = width
        if level < len(widths) - 1:
            # A row and a column more at the far sides alone, as the original has it.
            layers += [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(x, x, 3, 2)]
    layers += [Residual(x, x), OwnAttention(x), Residual(x, x)]
    layers += [nn.GroupNorm(32, x), nn.SiLU(), nn.Conv2d(x, moments, 3, padding=1)]
    return Chain(*layers, *([nn.Conv2d(moments, moments, 1)] if part["quantisation"] else []))


class Autoencoder(nn.Module):
    """Both halves are there, and the stated one runs: pictures to moments, latent or pictures to pictures."""

    def __init__(self, part: Part, runs: str) -> None:
        super().__init__()
        self.encoder, self.decoder, self.runs = vae_encoder(part), vae_decoder(part), runs

    def forward(self, x: Tensor) -> Tensor:
        """The half that runs, or both with a sample of the latent between."""
        if self.runs == "decoder":
            return self.decoder(x)
        moments = self.encoder(x)
        if self.runs == "encoder":
            return moments
        mean, spread = moments.chunk(2, 1)
        return self.decoder(mean + torch.exp(0.5 * spread.clamp(-30.0, 20.0)) * torch.randn_like(mean))


def refusal(dims: Part) -> str:
    """Why a part is not written here; empty where it is."""
    if "denoiser" not in dims:
        kind = component(dims["vae"])["kind"]
        return "" if kind == "kl" else f"an autoencoder of kind '{kind}'"
    kind, unknown = dims["denoiser"]["kind"], sorted(set(dims["denoiser"]) - whole.UNET)
    if kind != "unet":
        return f"a denoiser of kind '{kind}'"
    return f"dimension '{unknown[0]}'" if unknown else ""


def build(dims: Part, phase: str) -> nn.Module:
    """The part, the same in each phase."""
    del phase
    if "denoiser" in dims:
        return UNet(dims["denoiser"], dims["channels"])
    return Autoencoder(component(dims["vae"]), dims.get("runs", "decoder"))


def batch(dims: Part, size: Size, make: Make) -> tuple[tuple[Any, ...], Tensor | None]:
    """What the part reads, and in training what it should have made of it."""
    side = (size.height // whole.FACTOR, size.width // whole.FACTOR)
    if "denoiser" in dims:
        return whole.noised(dims["denoiser"], dims["channels"], side, size, make)
    pixels, latent = (size.batch, 3, size.height, size.width), (size.batch, dims["channels"], *side)
    runs = dims.get("runs", "decoder")
    inputs = make.values(*(latent if runs == "decoder" else pixels))
    if not size.trains:
        return (inputs,), None
    if runs == "both":
        return (inputs,), inputs
    made = pixels if runs == "decoder" else (size.batch, 2 * dims["channels"], *side)
    return (inputs,), make.values(*made)


def loss(output: Tensor, target: Tensor) -> Tensor:
    """The mean squared error of the noise, or of what the autoencoder made."""
    return F.mse_loss(output.float(), target.float())
