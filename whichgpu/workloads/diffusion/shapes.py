"""The latent that a pipeline denoises, and the layers that several of its parts share.

Letters: B samples of one pass, C channels, T frames, H W height and width (all of the latent),
S tokens, D width of a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.recorder import Recorder

    Part = Mapping[str, Any]


class Latent(NamedTuple):
    """(B, C, T, H, W); a picture has one frame."""

    batch: Any
    channels: int
    frames: Any
    height: Any
    width: Any

    @property
    def map(self) -> Map:
        """(B T, C, H, W): frames beside one another in the batch."""
        return Map(self.frames * self.batch, self.channels, self.height, self.width)

    def patches(self, side: int, frames: int = 1) -> Any:
        """S of one sample: patches of `side` x `side` positions in `frames` frames."""
        return (self.height / side) * (self.width / side) * (self.frames / frames)


def conv3d(
    rec: Recorder, x: Map, out: int, kernel: int | tuple[int, int, int] = 3, *, to: Map | None = None,
    held: float = 0.0, name: str = "conv",
) -> Map:  # fmt: skip
    """A convolution over frames and map: (B T, C, H, W) -> (B T, out, H, W), or the sizes of `to`.

    A share `held` of what it reads waits for the frames that come next.
    """
    window = kernel**3 if isinstance(kernel, int) else kernel[0] * kernel[1] * kernel[2]
    y = (x if to is None else to)._replace(channels=out)
    rec.window(x.elements, y.pixels, x.channels, out, window, bias=out, held=held, name=name)
    return y


def timestep(
    rec: Recorder, batch: Any, width: int, *, inputs: int = 256, outputs: int | None = None,
    name: str = "time",
) -> None:  # fmt: skip
    """Sinusoids of the time step, then two dense layers: (B,) -> (B, D)."""
    for _ in range(5):
        rec.pointwise(inputs * batch, name="sinusoid")
    two_layers(rec, batch, inputs, width, outputs=outputs, name=name, first=True)


def two_layers(
    rec: Recorder, rows: Any, inputs: int, width: int, *, outputs: int | None = None, name: str,
    first: bool = False,
) -> None:  # fmt: skip
    """Dense, SiLU, dense: (rows, inputs) -> (rows, width) -> (rows, outputs or width).

    `first`: the input is no layer's output, and needs no gradient.
    """
    rec.linear(rows, inputs, width, bias=True, backward="weight" if first else "full", name=f"{name}1")
    rec.pointwise(width * rows, keeps=1.0, name="silu")
    rec.linear(rows, width, width if outputs is None else outputs, bias=True, name=f"{name}2")
