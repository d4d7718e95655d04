"""A convolution in training's form: several branches, each with its norm, that fold into one when deployed.

Ding et al., "RepVGG", figure 2; Vasu et al., "MobileOne", figure 3. Kept apart here, as timm runs them.
Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.blocks import activate, conv_norm
from whichgpu.workloads.images import squeeze_excite

if TYPE_CHECKING:
    from whichgpu.workloads.recorder import Map, Recorder


def branched(
    rec: Recorder, x: Map, out: int, kernel: int, stride: int = 1, *, groups: int = 1, copies: int = 1,
    scale: bool = True, squeezed: int = 0, activation: str = "", backward: str = "full",
) -> Map:  # fmt: skip
    """`copies` equal convolutions, a 1 x 1 (`scale`) and the map itself: (B, C, H, W) -> (B, out, ..).

    `squeezed`: width inside of a gate on their sum, 0 for none.
    """
    y = x._replace(channels=out)
    keeps, added = 1.0, 0
    for _ in range(copies):
        y = conv_norm(rec, x, out, kernel, stride, groups=groups, relu=False, keeps=keeps, backward=backward)
        keeps, added = 0.0, added + 1
    if scale and kernel > 1:
        conv_norm(rec, x, out, 1, stride, groups=groups, relu=False, keeps=keeps, backward=backward,
                  name="scale")  # fmt: skip
        added += 1
    if stride == 1 and x.channels == out:
        rec.norm(x.elements, x.channels, keeps=0.0, name="identity_norm")  # what it reads is kept above
        added += 1
    for _ in range(added - 1):
        rec.add(y.elements)
    if squeezed:
        squeeze_excite(rec, y, squeezed)
    if activation:
        activate(rec, y.elements, activation)
    return y
