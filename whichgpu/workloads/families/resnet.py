"""ResNet v1.5 and its kin: basic or bottleneck blocks, the stride on the 3 x 3 convolution.

He et al., "Deep Residual Learning", table 1; ResNeXt widens the 3 x 3 into `groups`; Hu et al.,
"Squeeze-and-Excitation Networks", and Wang et al., "ECA-Net", gate the channels of a block before its short
cut joins; "D" (He et al., "Bag of Tricks", figure 2) has three 3 x 3 in the stem and a mean in the short
cut;
Zhang, "Making Convolutional Networks Shift-Invariant Again", smooths before it halves; Gao et al.,
"Res2Net", Zhang et al., "ResNeSt", and Li et al., "Selective Kernel Networks", put something else in place
of the 3 x 3.
Letters: B batch, C channels, H W height and width of a feature map.

Dimensions: `block` (basic, bottleneck), `layers` (blocks per stage), `classes`, `groups`, `group_width`;
`stem` (channels of three 3 x 3, else one 7 x 7 to 64), `stem_pool` (maximum, convolution), `mean_down` (a
mean in the short cut), `down_kernel` (of the short cut, 1), `first` (channels of a block's first convolution
as a share of its second's);
`squeeze` (of a block's output, the share that its gate is squeezed to; none without) in multiples of
`squeeze_multiple`, `eca` (a gate by one convolution over the channels), `smooth` (mean or blur, before maps
are halved), `early_stride` (on a block's first convolution);
`pruned`, rows per stage of [channels of a result, [of the first and second convolution of a block], ..];
`scales` (Res2Net), `radix` and `pool_first` (ResNeSt), `kernels` (selective: `ratio`, `multiple`, `halves`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images, residual
from whichgpu.workloads.blocks import classifier, conv_norm, image
from whichgpu.workloads.images import eca, round_channels, smooth, squeeze_excite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "sgd"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Stem, four stages, classifier: (B, 3, H, W) -> (B, classes)."""
    block, expansion = _BLOCKS[dims["block"]]
    with rec.module("stem"):
        x = _stem(rec, image(job), dims)  # (B, C, H/4, W/4)
    for stage, row in enumerate(dims.get("pruned", ())):
        with rec.module(f"layer{stage + 1}"):
            x = _pruned(rec, x, row, stage, dims)
    for stage, blocks in enumerate(dims.get("layers", ())):
        planes = 64 * 2**stage
        width = planes * dims.get("group_width", 64) // 64 * dims.get("groups", 1)
        with rec.module(f"layer{stage + 1}"):
            x = block(rec, x, width, planes * expansion, 2 if stage else 1, dims=dims, start=True)
            if blocks > 1:
                with rec.module("rest", copies=float(blocks - 1)):
                    x = block(rec, x, width, planes * expansion, 1, dims=dims)
    with rec.module("head"):
        classifier(rec, x, dims["classes"])


def _stem(rec: Recorder, x: Map, dims: Dims) -> Map:
    """7 x 7, or three 3 x 3, and a halving: (B, 3, H, W) -> (B, C, H/4, W/4)."""
    widths, kind = dims.get("stem", [64]), dims.get("smooth", "")
    x = conv_norm(rec, x, widths[0], 7 if len(widths) == 1 else 3, 2, backward="weight")
    for width in widths[1:]:
        x = conv_norm(rec, x, width, 3)
    if dims.get("stem_pool") == "convolution":
        return conv_norm(rec, x, x.channels, 3, 2, name="halve")
    if kind == "mean":
        return smooth(rec, x, kind)
    if kind == "blur":
        return smooth(rec, rec.pool(x, 3, 1, padding=1), kind)
    return rec.pool(x, 3, 2, padding=1)


def _bottleneck(
    rec: Recorder, x: Map, width: int, out: int, stride: int, *, dims: Dims, start: bool = False
) -> Map:
    """1 x 1, 3 x 3 (or what stands for it), 1 x 1, short cut: -> (B, out, H/stride, W/stride)."""
    early = dims.get("early_stride", False)
    y = conv_norm(
        rec, x, round(width * dims.get("first", 1)) * dims.get("scales", 1), 1, stride if early else 1
    )
    middle = next((one for name, one in _MIDDLES.items() if name in dims), _plain)
    y = middle(rec, y, width, 1 if early else stride, dims=dims, start=start)
    y = conv_norm(rec, y, out, 1, relu=False)
    return _join(rec, x, y, stride, dims)


def _plain(rec: Recorder, x: Map, width: int, stride: int, *, dims: Dims, start: bool) -> Map:
    """A 3 x 3, smoothed where it halves: (B, C, H, W) -> (B, width, H/stride, W/stride)."""
    kind = dims.get("smooth", "") if stride > 1 else ""
    y = conv_norm(rec, x, width, 3, 1 if kind else stride, groups=dims.get("groups", 1))
    return smooth(rec, y, kind) if kind else y


def _basic(
    rec: Recorder, x: Map, width: int, out: int, stride: int, *, dims: Dims, start: bool = False
) -> Map:
    """3 x 3, 3 x 3 and the short cut: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    first = residual.selective_kernels if "kernels" in dims else _plain
    y = first(rec, x, width, stride, dims=dims, start=start)
    y = conv_norm(rec, y, out, 3, relu=False)
    return _join(rec, x, y, stride, dims)


def _pruned(rec: Recorder, x: Map, row: list[Any], stage: int, dims: Dims) -> Map:
    """Bottlenecks of a width each: (B, C, H, W) -> (B, out, H/stride, W/stride)."""
    out, *blocks = row
    for i, (first, second) in enumerate(blocks):
        stride = 2 if stage and not i else 1
        y = conv_norm(rec, conv_norm(rec, x, first, 1), second, 3, stride)
        y = conv_norm(rec, y, out, 1, relu=False)
        x = _join(rec, x, y, stride, dims, unpruned=256 * 2**stage)
    return x


def _join(rec: Recorder, x: Map, y: Map, stride: int, dims: Dims, *, unpruned: int = 0) -> Map:
    """Gate the channels, add the short cut, projected where its shape differs."""
    if "squeeze" in dims:
        share, multiple = y.channels * dims["squeeze"], dims.get("squeeze_multiple", 1)
        squeeze_excite(rec, y, round_channels(share, multiple, least=0.0))
    if dims.get("eca"):
        eca(rec, y, unpruned)
    if stride != 1 or x.channels != y.channels:
        mean, kernel = stride != 1 and dims.get("mean_down", False), dims.get("down_kernel", 1)
        short = rec.pool(x, 2, 2, ceil=True, average=True) if mean else x
        conv_norm(rec, short, y.channels, kernel if stride != 1 else 1, 1 if mean else stride, relu=False,
                  keeps=float(mean), name="shortcut")  # fmt: skip
    rec.add(y.elements)
    rec.pointwise(y.elements, name="relu")
    return y


_BLOCKS: Mapping[str, tuple[Callable[..., Map], int]] = {"basic": (_basic, 1), "bottleneck": (_bottleneck, 4)}
#: What stands in place of the 3 x 3 of a bottleneck, by the dimension that asks for it.
_MIDDLES: Mapping[str, Callable[..., Map]] = {
    "scales": residual.scales,
    "radix": residual.split_attention,
    "kernels": residual.selective_kernels,
}
