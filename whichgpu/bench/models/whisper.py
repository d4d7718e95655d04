"""Whisper: an encoder over windows of 30 s, a decoder with cross-attention and caches (Radford et al.).

Letters: B windows, F mel frames, S encoder states, T tokens, D width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.bench.models.parts import attend, empty_caches, heads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.models.parts import Make, Size

READS = frozenset(("hidden", "heads", "encoder", "decoder", "mels", "vocab", "positions"))
FRAMES = 3000
#: Inference calls the layers, not the module: they are compiled one by one.
IN_PARTS = True


class Attention(nn.Module):
    """Queries of one sequence over keys and values of another, or its own; keys have no bias."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def states(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values: (B, S, D) -> two of (B, h, S, d)."""
        return heads(self.key(x), self.count), heads(self.value(x), self.count)

    def forward(self, x: Tensor, states: tuple[Tensor, Tensor], *, causal: bool = False) -> Tensor:
        """(B, T, D) over the states -> (B, T, D)."""
        return self.out(attend(heads(self.query(x), self.count), *states, causal=causal))


class Layer(nn.Module):
    """Self-attention, attention to the encoder where it is a decoder's, feed-forward."""

    def __init__(self, width: int, count: int, *, crosses: bool) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, count)
        self.norm2 = nn.LayerNorm(width) if crosses else None
        self.cross = Attention(width, count) if crosses else None
        self.norm3 = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(
        self, x: Tensor, seen: Any = None, cache: Any = None, at: Tensor | None = None, before: int = 0
    ) -> Tensor:
        """(B, T, D) -> (B, T, D); `seen` is of the encoder's states, `cache` of the tokens before it."""
        y = self.norm1(x)
        states = self.attention.states(y)
        if cache is not None:
            for held, new in zip(cache, states, strict=True):
                held.index_copy_(2, at, new.to(held.dtype))
            states = tuple(held[:, :, :before] for held in cache)
        x = x + self.attention(y, states, causal=self.cross is not None and cache is None)
        if self.cross is not None and self.norm2 is not None:
            x = x + self.cross(self.norm2(x), seen)
        return x + self.feed(self.norm3(x))


class Whisper(nn.Module):
    """(B, mels, F) and (B, T) -> (B, T, V)."""

    def __init__(self, dims: Mapping[str, Any]) -> None:
        super().__init__()
        width, count = dims["hidden"], dims["heads"]
        self.conv1 = nn.Conv1d(dims["mels"], width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, 2, 1)
        self.places = nn.Parameter(torch.zeros(FRAMES // 2, width))
        self.encoder = nn.ModuleList(Layer(width, count, crosses=False) for _ in range(dims["encoder"]))
        self.encoder_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.words = nn.Embedding(dims["vocab"], width)
        self.positions = nn.Embedding(dims["positions"], width)
        self.decoder = nn.ModuleList(Layer(width, count, crosses=True) for _ in range(dims["decoder"]))

    def encode(self, sound: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the encoder's states, a pair a decoder layer."""
        x = F.gelu(self.conv2(F.gelu(self.conv1(sound)))).transpose(1, 2)
        x = x + self.places.to(x.dtype)
        for layer in self.encoder:
            x = layer(x)
        x = self.encoder_norm(x)
        return [layer.cross.states(x) for layer in self.decoder]

    def decode(self, tokens: Tensor, seen: Any, at: Tensor, caches: Any = None, before: int = 0) -> Tensor:
        """Logits of the tokens at these places, over the first `before` of the caches."""
        x = self.words(tokens) + self.positions(at)
        for i, layer in enumerate(self.decoder):
            x = layer(x, seen[i], None if caches is None else caches[i], at, before)
        return F.linear(self.norm(x), self.words.weight)

    def forward(self, sound: Tensor, tokens: Tensor) -> Tensor:
        """All tokens at once."""
        return self.decode(tokens, self.encode(sound), torch.arange(tokens.shape[1], device=tokens.device))


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """The model, the same in each phase."""
    del phase
    return Whisper(dims)


def batch(dims: Mapping[str, Any], size: Size, make: Make) -> tuple[tuple[Tensor, ...], Tensor | None]:
    """Windows of sound (B, mels, F) and tokens (B, T)."""
    tokens = make.whole(dims["vocab"], size.batch, size.output_tokens)
    return (make.values(size.batch, dims["mels"], FRAMES), tokens), tokens if size.trains else None


def loss(output: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy over the words."""
    return F.cross_entropy(output.flatten(0, 1).float(), target.flatten())


def run(module: Whisper, dims: Mapping[str, Any], size: Size, inputs: tuple[Tensor, ...]) -> Any:
    """Encode the windows, then write their tokens one by one over a cache."""
    sound, tokens = inputs
    shape = (size.batch, dims["heads"], size.output_tokens, dims["hidden"] // dims["heads"])
    caches = empty_caches(module.words.weight, shape, len(module.decoder))
    places = torch.arange(size.output_tokens, device=tokens.device)

    def transcribe() -> Tensor:
        seen, word = module.encode(sound), tokens[:, :1]
        for i in range(size.output_tokens):
            word = module.decode(word, seen, places[i : i + 1], caches, i + 1).argmax(-1)
        return word

    return transcribe
