"""GPT-2 and Llama: decoders with a learned table or rotary positions, grouped queries, a KV cache.

Letters: B sequences, S tokens of a pass, D width, h heads, g key-value heads, d width of a head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.bench.models.parts import attend, checkpointed, empty_caches, heads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.models.parts import Make, Size

READS = frozenset((
    "layers", "hidden", "vocab", "heads", "kv_heads", "head_dim", "ffn", "gated", "norm", "bias", "head_bias",
    "tied", "positions", "max_positions", "final_norm",
    # Which ops make up a function; PyTorch has the tanh form of GELU, written out or not, as one.
    "function",
))  # fmt: skip
_BIASED = {"none": "", "qkv": "q", "qkvo": "qo", "ffn": "f", "out_ffn": "of", "all": "qof"}
#: Base of the rotary angles; the speed does not depend on it.
_BASE = 10000.0


def _norm(dims: Mapping[str, Any]) -> nn.Module:
    width, kind = dims["hidden"], dims.get("norm", "rmsnorm")
    if kind == "rmsnorm":
        return nn.RMSNorm(width, eps=1e-6)
    return nn.LayerNorm(width, elementwise_affine=kind != "none", bias=kind == "layernorm")


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of halves of (B, h, S, d) by its angle, (S, d / 2)."""
    one, two = x.chunk(2, -1)
    return torch.cat((one * cos - two * sin, two * cos + one * sin), -1)


class Block(nn.Module):
    """One layer: (B, S, D) -> (B, S, D), over a cache of (B, g, T, d) where it is given."""

    def __init__(self, dims: Mapping[str, Any]) -> None:
        super().__init__()
        width, ffn, d = dims["hidden"], dims["ffn"], dims["head_dim"]
        biased = _BIASED[dims.get("bias", "none")]
        self.count, self.groups, self.d = dims["heads"], dims["kv_heads"], d
        self.gated = dims.get("gated", True)
        self.norm1, self.norm2 = _norm(dims), _norm(dims)
        self.qkv = nn.Linear(width, (self.count + 2 * self.groups) * d, bias="q" in biased)
        self.out = nn.Linear(self.count * d, width, bias="o" in biased)
        self.up = nn.Linear(width, ffn * (2 if self.gated else 1), bias="f" in biased)
        self.down = nn.Linear(ffn, width, bias="f" in biased)

    def forward(
        self, x: Tensor, angles: Any = None, cache: Any = None, at: Tensor | None = None, seen: int = 0
    ) -> Tensor:
        """Attention and feed-forward, each with its short cut.

        New keys go to the places `at` of the cache, and queries attend to its first `seen`.
        """
        x = x + self._attention(self.norm1(x), angles, cache, at, seen)
        return x + self._feed(self.norm2(x))

    def _attention(self, x: Tensor, angles: Any, cache: Any, at: Tensor | None, seen: int) -> Tensor:
        sizes = [self.count * self.d, self.groups * self.d, self.groups * self.d]
        q, k, v = self.qkv(x).split(sizes, -1)
        q, k, v = heads(q, self.count), heads(k, self.groups), heads(v, self.groups)
        if angles is not None:
            q, k = rotate(q, *angles), rotate(k, *angles)
        if cache is None:
            return self.out(attend(q, k, v, causal=True))
        keys, values = cache
        for held, new in zip(cache, (k, v), strict=True):
            held.index_copy_(2, at, new.to(held.dtype))
        if x.shape[1] > 1:
            return self.out(attend(q, k, v, causal=True))
        return self.out(attend(q, keys[:, :, :seen], values[:, :, :seen]))

    def _feed(self, x: Tensor) -> Tensor:
        y = self.up(x)
        if self.gated:
            gate, y = y.chunk(2, -1)
            return self.down(F.silu(gate) * y)
        return self.down(F.gelu(y, approximate="tanh"))


class Decoder(nn.Module):
    """(B, S) -> (B, S, V), or (B, 1, V) of the last token."""

    def __init__(self, dims: Mapping[str, Any]) -> None:
        super().__init__()
        width, vocab = dims["hidden"], dims["vocab"]
        self.d, self.rotary = dims["head_dim"], not dims.get("positions")
        self.words = nn.Embedding(vocab, width)
        self.positions = None if self.rotary else nn.Embedding(dims["positions"], width)
        self.layers = nn.ModuleList(Block(dims) for _ in range(dims["layers"]))
        self.norm = _norm(dims) if dims.get("final_norm", True) else nn.Identity()
        self.head = nn.Linear(width, vocab, bias=dims.get("head_bias", False))
        if dims.get("tied"):
            self.head.weight = self.words.weight
        self.keep = True

    def forward(
        self,
        tokens: Tensor,
        caches: Any = None,
        at: Tensor | None = None,
        *,
        seen: int = 0,
        last: bool = False,
    ) -> Tensor:
        """Logits of every token, or of the last one of each sequence, over `seen` cached ones with it."""
        at = torch.arange(tokens.shape[1], device=tokens.device) if at is None else at
        x = self.words(tokens)
        if self.positions is not None:
            x = x + self.positions(at)
        angles = self._angles(at, x.dtype) if self.rotary else None
        if caches is None:
            x = checkpointed(self.layers, x, self.keep, angles)
        else:
            for layer, cache in zip(self.layers, caches, strict=True):
                x = layer(x, angles, cache, at, seen)
        return self.head(self.norm(x[:, -1:] if last else x))

    def _angles(self, at: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        powers = torch.arange(0, self.d, 2, device=at.device, dtype=torch.float32) / self.d
        turned = at.float()[:, None] * (_BASE**-powers)[None]
        return turned.cos().to(dtype), turned.sin().to(dtype)

    def caches(self, batch: int, tokens: int) -> list[tuple[Tensor, Tensor]]:
        """An empty cache for so many tokens of each sequence, a pair a layer."""
        shape = (batch, self.layers[0].groups, tokens, self.d)
        return empty_caches(self.words.weight, shape, len(self.layers))


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """The decoder, the same in each phase."""
    del phase
    return Decoder(dims)


def batch(dims: Mapping[str, Any], size: Size, make: Make) -> tuple[tuple[Tensor, ...], Tensor | None]:
    """Tokens (B, S), in training with those that follow them."""
    if size.trains:
        tokens = make.whole(dims["vocab"], size.batch, size.seq_len + 1)
        return (tokens[:, :-1].contiguous(),), tokens[:, 1:].contiguous()
    return (make.whole(dims["vocab"], size.batch, size.input_tokens),), None


def loss(output: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy over the words."""
    return F.cross_entropy(output.flatten(0, 1).float(), target.flatten())


def run(module: Decoder, dims: Mapping[str, Any], size: Size, inputs: tuple[Tensor, ...]) -> Any:
    """One pass of inference, as a function to call again and again.

    `prefill`: the prompt and the logits of its last token; `decode`: the output tokens one by one over the
    prompt's cache; `generate`: both. The cache has room for all tokens and is read as far as it is filled.
    """
    del dims
    (prompt,) = inputs
    tokens = size.input_tokens + size.output_tokens
    caches = module.caches(size.batch, tokens)
    places = torch.arange(tokens, device=prompt.device)
    first = places[: size.input_tokens]

    def prefill() -> Tensor:
        return module(prompt, caches, first, last=True)

    def decode(count: int) -> Tensor:
        word = prompt[:, -1:]
        for i in range(count):
            place = size.input_tokens + i
            word = module(word, caches, places[place : place + 1], seen=place + 1, last=True).argmax(-1)
        return word

    if size.phase == "prefill":
        return prefill
    if size.phase == "decode":
        return lambda: decode(size.output_tokens)

    def generate() -> Tensor:
        prefill()
        return decode(size.output_tokens - 1)

    return generate
