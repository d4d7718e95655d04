"""What stands in place of the 3 x 3 of a residual block: scales, splits, kernels that are chosen from.

Letters: B batch, C channels, H W height and width of a feature map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads.blocks import conv_norm
from whichgpu.workloads.images import round_channels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.recorder import Map, Recorder


def scales(rec: Recorder, x: Map, width: int, stride: int, *, dims: Mapping[str, Any], start: bool) -> Map:
    """Res2Net, figure 2b: each group of `width` channels takes in the one before; the last is passed on.

    (B, scales width, H, W) -> (B, scales width, H/stride, W/stride); a stage's first block adds nothing up.
    """
    part = x._replace(channels=width)
    y = part
    for i in range(dims["scales"] - 1):
        if i and not start:
            rec.add(part.elements)
        y = conv_norm(rec, part, width, 3, stride, groups=dims.get("groups", 1))
    if start:
        rec.pool(part, 3, stride, padding=1, average=True)
    y = y._replace(channels=x.channels)
    rec.copy(y.elements, name="concatenate")
    return y


def split_attention(
    rec: Recorder, x: Map, width: int, stride: int, *, dims: Mapping[str, Any], start: bool
) -> Map:
    """ResNeSt, figure 2: `radix` grouped convolutions, weighed by what their sum says in the mean.

    (B, width, H, W) -> (B, width, H/stride, W/stride); a stage's first block halves by a mean of 3 x 3.
    """
    radix, groups, first = dims["radix"], dims.get("groups", 1), dims.get("pool_first", False)
    if start and first:
        x = rec.pool(x, 3, stride, padding=1, average=True)
    wide = conv_norm(rec, x, radix * width, 3, groups=groups * radix)
    y = wide._replace(channels=width)
    if radix > 1:
        _sum(rec, y, radix * rec.narrow_reads)
    point = rec.global_pool(y)
    inner = round_channels(width * radix / 4, 8, least=32.0)
    point = conv_norm(rec, point, inner, 1, groups=groups, bias=True)
    rec.conv(point, radix * width, 1, groups=groups, bias=True, name="weights")
    rec.pointwise(radix * width * x.batch, keeps=1.0, name="softmax")
    _weigh(rec, y, radix)
    return rec.pool(y, 3, stride, padding=1, average=True) if start and not first else y


def selective_kernels(
    rec: Recorder, x: Map, width: int, stride: int, *, dims: Mapping[str, Any], start: bool
) -> Map:
    """Selective kernels, figure 1: a 3 x 3 and a dilated one, weighed by what their sum says in the mean.

    (B, C, H, W) -> (B, width, H/stride, W/stride). `kernels.halves`: each sees one half of the channels.
    """
    kernels = dims["kernels"]
    given = x._replace(channels=x.channels // 2) if kernels.get("halves") else x
    for keeps in (1.0, float(bool(kernels.get("halves")))):
        y = conv_norm(rec, given, width, 3, stride, groups=dims.get("groups", 1), keeps=keeps)
    rec.copy(2 * y.elements, name="stack")
    _sum(rec, y, 2.0 * rec.narrow_reads)
    point = rec.global_pool(y)
    point = conv_norm(rec, point, round_channels(width * kernels["ratio"], kernels["multiple"], least=0.0), 1)
    rec.conv(point, 2 * width, 1, name="weights")
    rec.pointwise(2 * width * x.batch, keeps=1.0, name="softmax")
    _weigh(rec, y, 2)
    return y


def _weigh(rec: Recorder, y: Map, branches: int) -> None:
    """The sum of branches, each weighed by channel: what a softmax made in FP32 widens them."""
    narrow = rec.narrow_reads
    rec.pointwise(branches * y.elements, reads=narrow, keeps=narrow, wide=True, name="weigh")
    _sum(rec, y, branches)
    rec.narrow(y.elements)


def _sum(rec: Recorder, y: Map, branches: float) -> None:
    """The sum of branches, which autocast sums up in FP32; `branches` in values of that."""
    rec.pointwise(y.elements, reads=branches, wide=True, name="sum")
