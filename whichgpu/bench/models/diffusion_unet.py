"""Stable Diffusion 1, 2 and XL: text tower, U-Net, the VAE's decoder (Rombach et al.; Podell et al.).

`generate` encodes the prompts, denoises in steps (with guidance two samples each, side by side) and decodes;
`train` is a training step of the U-Net on latents and text states made beforehand.
Letters: B samples, C channels, H W of the latent, S text tokens, D text width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.bench.models.parts import Chain, Layer, attend, heads
from whichgpu.workloads.diffusion.pipeline import component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.models.parts import Make, Size

    Part = Mapping[str, Any]

READS = frozenset(("denoiser", "text", "vae", "guidance", "loaded_beside", "upcasts"))
#: What a U-Net and a text tower may state.
UNET = frozenset((
    "kind", "module", "blocks", "widths", "heads", "depth", "depth_up", "depth_middle", "text_tokens",
    "text_width",
    "in_channels", "out_channels", "added",
))  # fmt: skip
TEXT = frozenset((
    "kind", "part", "module", "layers", "hidden", "heads", "ffn", "vocab", "tokens", "projection", "source",
))  # fmt: skip
FACTOR = 8
#: A pipeline calls its parts: they are compiled one by one.
IN_PARTS = True


class Residual(nn.Module):
    """Two convolutions, the time added between them where there is one, the short cut."""

    def __init__(self, channels: int, out: int, time: int = 0) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, channels), nn.Conv2d(channels, out, 3, padding=1)
        self.time = nn.Linear(time, out) if time else None
        self.norm2, self.conv2 = nn.GroupNorm(32, out), nn.Conv2d(out, out, 3, padding=1)
        self.short = nn.Identity() if channels == out else nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        """(B, C, H, W) -> (B, out, H, W)."""
        y = self.conv1(F.silu(self.norm1(x)))
        if self.time is not None:
            y = y + self.time(F.silu(time))[:, :, None, None]
        return self.short(x) + self.conv2(F.silu(self.norm2(y)))


class Attend(nn.Module):
    """Attention of the picture's tokens over themselves, or over the text's: (B, T, C) -> (B, T, C)."""

    def __init__(self, width: int, count: int, seen: int) -> None:
        super().__init__()
        self.count, self.norm = count, nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key, self.value = nn.Linear(seen, width, bias=False), nn.Linear(seen, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, text: Tensor | None = None) -> Tensor:
        """With the short cut."""
        y = self.norm(x)
        seen = y if text is None else text
        q, k, v = self.query(y), self.key(seen), self.value(seen)
        return x + self.out(attend(heads(q, self.count), heads(k, self.count), heads(v, self.count)))


class TextLayer(nn.Module):
    """Self-attention, attention to the text, gated feed-forward: (B, T, C) -> (B, T, C)."""

    def __init__(self, width: int, count: int, text: int) -> None:
        super().__init__()
        self.own, self.cross = Attend(width, count, width), Attend(width, count, text)
        self.norm = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        """Each part with its short cut."""
        x = self.cross(self.own(x), text)
        y, gate = self.up(self.norm(x)).chunk(2, -1)
        return x + self.down(y * F.gelu(gate))


class Transformer(nn.Module):
    """Layers over a map's positions: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, width: int, depth: int, count: int, text: int) -> None:
        super().__init__()
        self.norm, self.into = nn.GroupNorm(32, width), nn.Linear(width, width)
        self.layers = nn.ModuleList(TextLayer(width, count, text) for _ in range(depth))
        self.back = nn.Linear(width, width)

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        """With the short cut."""
        y = self.into(self.norm(x).flatten(2).transpose(1, 2))
        for layer in self.layers:
            y = layer(y, text)
        return x + self.back(y).transpose(1, 2).reshape(x.shape)


class Block(nn.Module):
    """A residual block, and a transformer behind it where `depth` is not 0."""

    def __init__(self, channels: int, out: int, time: int, *, depth: int, count: int, text: int) -> None:
        super().__init__()
        self.residual = Residual(channels, out, time)
        self.transformer = Transformer(out, depth, count, text) if depth else None

    def forward(self, x: Tensor, time: Tensor, text: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, out, H, W)."""
        x = self.residual(x, time)
        return x if self.transformer is None else self.transformer(x, text)


class UNet(nn.Module):
    """(B, C, H, W), time steps (B,), text (B, S, D) -> (B, C, H, W)."""

    def __init__(self, part: Part, channels: int) -> None:
        super().__init__()
        widths, text, self.first = part["widths"], part["text_width"], part["widths"][0]
        time = 4 * self.first
        self.time = nn.Sequential(nn.Linear(self.first, time), nn.SiLU(), nn.Linear(time, time))
        added = part.get("added", 0)
        self.added = (
            nn.Sequential(nn.Linear(added, time), nn.SiLU(), nn.Linear(time, time)) if added else None
        )
        self.into = nn.Conv2d(part.get("in_channels", channels), self.first, 3, padding=1)
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        held, x = [self.first], self.first
        for level, width in enumerate(widths):
            for depth in _depths(part["depth"][level], part["blocks"]):
                self.downs.append(Block(x, width, time, depth=depth, count=_heads(part, level), text=text))
                x = width
                held.append(x)
            if level < len(widths) - 1:
                self.downs.append(nn.Conv2d(x, width, 3, 2, 1))
                held.append(x)
        self.middle = self._middle(part, x, time)
        for level in reversed(range(len(widths))):
            for depth in _depths(part.get("depth_up", part["depth"])[level], part["blocks"] + 1):
                count, held_back = _heads(part, level), held.pop()
                block = Block(x + held_back, widths[level], time, depth=depth, count=count, text=text)
                self.ups.append(block)
                x = widths[level]
            if level:
                self.ups.append(nn.Conv2d(x, x, 3, padding=1))
        self.norm = nn.GroupNorm(32, x)
        self.out = nn.Conv2d(x, part.get("out_channels", channels), 3, padding=1)

    @staticmethod
    def _middle(part: Part, width: int, time: int) -> nn.ModuleList:
        depth = part["depth_middle"]
        count, text = _heads(part, -1), part["text_width"]
        first = Block(width, width, time, depth=max(depth, 0), count=count, text=text)
        return nn.ModuleList([first] if depth < 0 else [first, Residual(width, width, time)])

    def forward(self, x: Tensor, steps: Tensor, text: Tensor, added: Tensor | None = None) -> Tensor:
        """One pass down and up the levels."""
        time = self.time(_sinusoids(steps, self.first).to(x.dtype))
        if self.added is not None:
            time = time + self.added(added)
        x = self.into(x)
        held = [x]
        for one in self.downs:
            x = one(x, time, text) if isinstance(one, Block) else one(x)
            held.append(x)
        for one in self.middle:
            x = one(x, time, text) if isinstance(one, Block) else one(x, time)
        for one in self.ups:
            if isinstance(one, Block):
                x = one(torch.cat((x, held.pop()), 1), time, text)
            else:
                x = one(F.interpolate(x, size=held[-1].shape[-2:]))
        return self.out(F.silu(self.norm(x)))


def _depths(depth: int | list[int], blocks: int) -> list[int]:
    return [depth] * blocks if isinstance(depth, int) else depth


def _heads(part: Part, level: int) -> int:
    return part["heads"] if isinstance(part["heads"], int) else int(part["heads"][level])


def _sinusoids(steps: Tensor, width: int) -> Tensor:
    """(B,) -> (B, width)."""
    powers = torch.arange(width // 2, device=steps.device, dtype=torch.float32) / (width // 2)
    turned = steps.float()[:, None] * (10000.0**-powers)[None]
    return torch.cat((turned.cos(), turned.sin()), -1)


class OwnAttention(nn.Module):
    """One head over every position of a map: (B, C, H, W) -> (B, C, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.qkv, self.out = (
            nn.GroupNorm(32, width),
            nn.Linear(width, 3 * width),
            nn.Linear(width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """With the short cut."""
        q, k, v = self.qkv(self.norm(x).flatten(2).transpose(1, 2)).chunk(3, -1)
        y = self.out(attend(q[:, None], k[:, None], v[:, None]))
        return x + y.transpose(1, 2).reshape(x.shape)


class Upsample(nn.Module):
    """Nearest neighbour to twice the size, then a convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 2 H, 2 W)."""
        return self.conv(F.interpolate(x, scale_factor=2.0))


def vae_decoder(part: Part) -> Chain:
    """(B, 4, H, W) -> (B, 3, 8 H, 8 W)."""
    widths, latent = part["widths"], part["latent_channels"]
    x = widths[-1]
    layers: list[nn.Module] = [nn.Conv2d(latent, latent, 1)] if part["quantisation"] else []
    layers += [nn.Conv2d(latent, x, 3, padding=1), Residual(x, x), OwnAttention(x), Residual(x, x)]
    for level in reversed(range(len(widths))):
        for _ in range(part["blocks"] + 1):
            layers.append(Residual(x, widths[level]))
            x = widths[level]
        layers += [Upsample(x)] if level else []
    return Chain(*layers, nn.GroupNorm(32, x), nn.SiLU(), nn.Conv2d(x, 3, 3, padding=1))


class Clip(nn.Module):
    """CLIP's text tower: (P, S) -> (P, S, D)."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        width = part["hidden"]
        self.words, self.positions = nn.Embedding(part["vocab"], width), nn.Embedding(part["tokens"], width)
        self.layers = nn.ModuleList(
            Layer(width, part["heads"], part["ffn"], before=True, causal=True) for _ in range(part["layers"])
        )
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, part["projection"], bias=False) if "projection" in part else None

    def forward(self, tokens: Tensor) -> Tensor:
        """States of every token."""
        x = self.words(tokens) + self.positions.weight
        for layer in self.layers:
            x = layer(x)
        x = self.norm(x)
        if self.project is not None:
            self.project(x[:, 0])
        return x


class Pipeline(nn.Module):
    """Text towers, U-Net and decoder; what training needs is the U-Net alone."""

    def __init__(self, dims: Part) -> None:
        super().__init__()
        vae = component(dims["vae"])
        self.texts = nn.ModuleList(Clip(component(one)) for one in dims["text"])
        self.unet = UNet(dims["denoiser"], vae["latent_channels"])
        self.vae = vae_decoder(vae)


def refusal(dims: Part) -> str:
    """Why a pipeline is not written here; empty where it is."""
    unknown = set(dims["denoiser"]) - UNET
    for one in dims["text"]:
        unknown |= set(component(one)) - TEXT
    if dims["denoiser"]["kind"] != "unet" or component(dims["vae"])["kind"] != "kl":
        return "its U-Net or autoencoder is of another kind"
    return f"dimension '{sorted(unknown)[0]}'" if unknown else ""


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """The pipeline, or its U-Net where that is trained."""
    if phase == "train":
        return UNet(dims["denoiser"], component(dims["vae"])["latent_channels"])
    return Pipeline(dims)


def batch(dims: Mapping[str, Any], size: Size, make: Make) -> tuple[tuple[Any, ...], Tensor | None]:
    """Noise (B, C, H, W), time steps (B,), text states (B, S, D), and the noise to predict."""
    channels = component(dims["vae"])["latent_channels"]
    side = (size.height // FACTOR, size.width // FACTOR)
    samples = size._replace(batch=size.batch * (1 if size.trains else passes(dims, size)))
    return noised(dims["denoiser"], channels, side, samples, make)


def noised(
    part: Part, channels: int, side: tuple[int, int], size: Size, make: Make
) -> tuple[tuple[Any, ...], Tensor | None]:
    """What a U-Net reads of latents of `side`, and in training the noise that it should predict."""
    samples = size.batch
    inputs = (
        make.values(samples, part.get("in_channels", channels), *side), make.whole(1000, samples),
        make.values(samples, part["text_tokens"], part["text_width"]),
        make.values(samples, part["added"]) if part.get("added") else None,
    )  # fmt: skip
    target = make.values(samples, part.get("out_channels", channels), *side) if size.trains else None
    return inputs, target


def passes(dims: Mapping[str, Any], size: Size) -> int:
    """Samples denoised for each picture: 2 with guidance."""
    return 2 if float(size.options.get("guidance", dims.get("guidance", 7.5))) > 1.0 else 1


def loss(output: Tensor, target: Tensor) -> Tensor:
    """The mean squared error of the noise."""
    return F.mse_loss(output.float(), target.float())


def run(module: Pipeline, dims: Mapping[str, Any], size: Size, inputs: tuple[Any, ...]) -> Any:
    """Prompts to pixels: text, `steps` of the U-Net with guidance and a DDIM-like update, the decoder."""
    noise, times, _, added = inputs
    count = passes(dims, size)
    scale = float(size.options.get("guidance", dims.get("guidance", 7.5)))
    decoder = module.vae.float() if dims.get("upcasts") else module.vae
    tokens = [times.new_zeros((len(noise), component(one)["tokens"])) for one in dims["text"]]

    def pictures() -> Tensor:
        text = torch.cat([tower(words) for tower, words in zip(module.texts, tokens, strict=True)], -1)
        x = noise[: size.batch]
        for _ in range(size.steps):
            said = module.unet(torch.cat([x] * count), times, text, added)
            if count == 2:
                free, bound = said.chunk(2)
                said = free + scale * (bound - free)
            x = 0.999 * x + 0.01 * said
        return decoder((x / 0.18215).float() if dims.get("upcasts") else x / 0.18215)

    return pictures
