"""BERT: learned positions, LayerNorm after each half, GELU (Devlin et al.)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.bench.models.parts import Layer, checkpointed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.bench.models.parts import Make, Size

READS = frozenset(("layers", "hidden", "heads", "ffn", "vocab", "positions", "types", "pooler"))
_HEADS = {"infer": "pooler", "train": "squad", "pretrain": "mlm"}


class Encoder(nn.Module):
    """(B, S) -> (B, D) of the pooler, (B, S, 2) of answer spans, or (B, S, V) of words."""

    def __init__(self, dims: Mapping[str, Any], head: str) -> None:
        super().__init__()
        width, vocab = dims["hidden"], dims["vocab"]
        self.words, self.positions = nn.Embedding(vocab, width), nn.Embedding(dims["positions"], width)
        self.types = nn.Embedding(dims["types"], width) if dims["types"] else None
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(0.1)
        self.layers = nn.ModuleList(
            Layer(width, dims["heads"], dims["ffn"], before=False) for _ in range(dims["layers"])
        )
        self.kind, self.keep = head, True
        if head == "mlm":
            self.head: nn.Module = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
            self.bias = nn.Parameter(torch.zeros(vocab))
        elif head != "none":
            self.head = nn.Linear(width, width if head == "pooler" else 2)

    def forward(self, tokens: Tensor) -> Tensor:
        """What the head makes of the sequence."""
        x = self.words(tokens) + self.positions.weight[: tokens.shape[1]]
        if self.types is not None:
            x = x + self.types(torch.zeros_like(tokens))
        x = checkpointed(self.layers, self.dropout(self.norm(x)), self.keep)
        if self.kind == "none":
            return x
        if self.kind == "pooler":
            return torch.tanh(self.head(x[:, 0]))
        y = self.head(x)
        return F.linear(y, self.words.weight, self.bias.to(y.dtype)) if self.kind == "mlm" else y


def build(dims: Mapping[str, Any], phase: str) -> nn.Module:
    """The encoder with the head of a phase."""
    head = _HEADS.get(phase, "squad")
    return Encoder(dims, "none" if head == "pooler" and not dims.get("pooler", True) else head)


def batch(dims: Mapping[str, Any], size: Size, make: Make) -> tuple[tuple[Tensor, ...], Tensor | None]:
    """Tokens (B, S), and as target the words (B, S) or the ends of the answer (B, 2)."""
    tokens = make.whole(dims["vocab"], size.batch, size.seq_len)
    if not size.trains:
        return (tokens,), None
    ends = make.whole(size.seq_len, size.batch, 2)
    return (tokens,), tokens if size.phase == "pretrain" else ends


def loss(output: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy over words (B, S, V), or over positions for each end of the answer (B, S, 2)."""
    if output.shape[-1] == 2:
        return F.cross_entropy(output.float(), target)
    return F.cross_entropy(output.flatten(0, 1).float(), target.flatten())
