"""What the models share: the size of a pass, synthetic inputs, layers of convolution and attention.

Letters: B batch, C channels, H W height and width, S tokens, D width, h heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 (the field's own name)
from torch import Tensor, nn

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Size(NamedTuple):
    """The numbers of one pass, as the job states them."""

    phase: str
    batch: int
    height: int = 0
    width: int = 0
    seq_len: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    steps: int = 0
    options: Mapping[str, str] = {}

    @property
    def trains(self) -> bool:
        """Whether the pass has a backward pass."""
        return self.phase in ("train", "pretrain", "finetune_full")


class Make(NamedTuple):
    """Makes synthetic inputs on a device, from a seed."""

    device: str
    dtype: torch.dtype
    generator: torch.Generator | None = None
    channels_last: bool = False

    def values(self, *shape: int) -> Tensor:
        """Normal values in the type of activations."""
        made = torch.randn(*shape, device=self.device, dtype=torch.float32, generator=self.generator)
        made = made.to(self.dtype)
        return (
            made.contiguous(memory_format=torch.channels_last)
            if self.channels_last and made.ndim == 4
            else made
        )

    def whole(self, high: int, *shape: int) -> Tensor:
        """Whole numbers below `high`."""
        return torch.randint(high, shape, device=self.device, generator=self.generator)


class Chain(nn.Sequential):
    """Layers one after another, as a frame of our own: `compile` leaves those of PyTorch's containers out."""

    def forward(self, x: Tensor) -> Tensor:
        """The last layer's output."""
        for layer in self:
            x = layer(x)
        return x


def activation(name: str) -> nn.Module:
    """An activation of a convolution's output, in place: relu, relu6, silu (EfficientNet), hardswish."""
    kinds = {"relu": nn.ReLU, "relu6": nn.ReLU6, "silu": nn.SiLU, "hardswish": nn.Hardswish}
    return kinds[name](inplace=True)


class Norm(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (or `kind`): (B, C, H, W) -> (B, out, H', W')."""

    def __init__(
        self, channels: int, out: int, kernel: int | tuple[int, int], stride: int = 1, *,
        padding: int | tuple[int, int] | None = None, relu: bool = True, groups: int = 1, kind: str = "relu",
    ) -> None:  # fmt: skip
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        around = tuple(side // 2 for side in sides) if padding is None else padding
        layers: list[nn.Module] = [
            nn.Conv2d(channels, out, sides, stride, around, groups=groups, bias=False), nn.BatchNorm2d(out),
        ]  # fmt: skip
        super().__init__(*layers, *([activation(kind)] if relu else []))


class Gate(nn.Module):
    """Squeeze and excitation: each channel times what two 1 x 1 make of its mean (Hu et al.): unchanged.

    `kind`: relu and a sigmoid (SE-ResNet), silu and a sigmoid (EfficientNet), or hard, relu and a piece-wise
    linear sigmoid (MobileNet v3).
    """

    def __init__(self, channels: int, squeezed: int, kind: str = "relu") -> None:
        super().__init__()
        self.mean, self.down = nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, squeezed, 1)
        self.act, self.up = activation("silu" if kind == "silu" else "relu"), nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Hardsigmoid() if kind == "hard" else nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return x * self.gate(self.up(self.act(self.down(self.mean(x)))))


def images(dims: Mapping[str, Any], size: Size, make: Make) -> tuple[tuple[Tensor, ...], Tensor | None]:
    """Pictures (B, 3, H, W) and their classes (B,)."""
    pictures = make.values(size.batch, 3, size.height, size.width)
    return (pictures,), make.whole(dims["classes"], size.batch) if size.trains else None


def classes_loss(output: Any, target: Tensor) -> Tensor:
    """Cross-entropy of (B, classes), with auxiliary outputs at 0.3 of its weight."""
    first, *rest = output if isinstance(output, tuple) else (output,)
    loss = F.cross_entropy(first.float(), target)
    for one in rest:
        loss = loss + 0.3 * F.cross_entropy(one.float(), target)
    return loss


def heads(x: Tensor, count: int) -> Tensor:
    """(B, S, D) -> (B, h, S, D / h)."""
    return x.view(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


def attend(q: Tensor, k: Tensor, v: Tensor, *, causal: bool = False) -> Tensor:
    """Attention of (B, h, S, d) over (B, g, T, d), g dividing h -> (B, S, h d)."""
    grouped = {"enable_gqa": True} if q.shape[1] != k.shape[1] else {}
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal, **grouped)
    return y.transpose(1, 2).flatten(2)


def empty_caches(like: Tensor, shape: tuple[int, ...], layers: int) -> list[tuple[Tensor, Tensor]]:
    """Zeros for keys and values, a pair a layer, of the type of products: autocast's, else `like`'s."""
    kind = like.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else like.dtype
    return [(like.new_zeros(shape, dtype=dtype), like.new_zeros(shape, dtype=dtype)) for _ in range(layers)]


class Layer(nn.Module):
    """A transformer's layer with LayerNorm and GELU, biases everywhere: (B, S, D) -> (B, S, D).

    `before`: the norm comes before each half (CLIP), else after it (BERT).
    """

    def __init__(self, width: int, count: int, ffn: int, *, before: bool, causal: bool = False) -> None:
        super().__init__()
        self.count, self.before, self.causal = count, before, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, ffn), nn.Linear(ffn, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Attention and feed-forward, each with its short cut."""
        if self.before:
            x = x + self._attention(self.norm1(x))
            return x + self._feed(self.norm2(x))
        x = self.norm1(x + self._attention(x))
        return self.norm2(x + self._feed(x))

    def _attention(self, x: Tensor) -> Tensor:
        q, k, v = (heads(one, self.count) for one in self.qkv(x).chunk(3, -1))
        return self.out(attend(q, k, v, causal=self.causal))

    def _feed(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x)))


def checkpointed(layers: nn.ModuleList, x: Tensor, keep: bool, *more: Any) -> Tensor:
    """Run layers one after another; with `keep` off their activations are computed again when needed."""
    if keep or not torch.is_grad_enabled():
        for layer in layers:
            x = layer(x, *more)
        return x
    from torch.utils.checkpoint import checkpoint

    for layer in layers:
        x = checkpoint(layer, x, *more, use_reentrant=False)
    return x


def mean_of(values: Callable[[Tensor], Tensor], output: Tensor) -> Tensor:
    """A loss where no target is meant: the mean of a function of the output, in FP32."""
    return values(output.float()).mean()
