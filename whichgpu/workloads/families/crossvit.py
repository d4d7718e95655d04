"""CrossViT: two vision transformers, of finer and coarser patches, whose class tokens look at the other's.

Chen et al., "CrossViT: Cross-Attention Multi-Scale Vision Transformer", figures 2 and 4, table 1.
Letters: B batch, S tokens of an image, D width of a token, P side of a patch.

Dimensions, each a pair, finer patches first: `image` (sides that the learned positions are for; the second
is the first picture made smaller), `patch`, `width`, `layers` (of one stage), `heads`, `ffn`; `stages`,
`convolutions` (in place of patches: rows of [share of the width, side, stride, padding], per branch),
`classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import images
from whichgpu.workloads.blocks import activate, image
from whichgpu.workloads.images import join, layer_norm, transformer_layer

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Map, Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Patches of two sizes, stages, two heads, their mean: (B, 3, H, W) -> (B, classes)."""
    with rec.module("embeddings"):
        tokens = [_embed(rec, image(job), dims, branch) for branch in (0, 1)]
    with rec.module("stages", copies=float(dims["stages"])):
        for branch in (0, 1):
            width = dims["width"][branch]
            with rec.module("layers", copies=float(dims["layers"][branch])):
                transformer_layer(rec, job.batch, tokens[branch], width, heads=dims["heads"][branch],
                                  ffn=dims["ffn"][branch])  # fmt: skip
        for branch in (0, 1):
            _cross(rec, job.batch, tokens[1 - branch], dims, branch)
    with rec.module("head"):
        for branch in (0, 1):
            width = dims["width"][branch]
            layer_norm(rec, width * job.batch * tokens[branch], width)
            rec.linear(job.batch, width, dims["classes"], bias=True, name="fc")
        rec.pointwise(dims["classes"] * job.batch, reads=2.0, name="mean")


def _embed(rec: Recorder, x: Map, dims: Dims, branch: int) -> Any:
    """Patches, or convolutions in their place, and positions: (B, 3, H, W) -> (B, S, D); returns S."""
    width, patch, side = dims["width"][branch], dims["patch"][branch], dims["image"]
    if branch:
        share = side[1] / side[0]
        x = x._replace(height=np.floor(x.height * share + 0.5), width=np.floor(x.width * share + 0.5))
        rec.copy(x.elements, name="resize")
    if "convolutions" in dims:
        for i, (share, kernel, stride, padding) in enumerate(dims["convolutions"][branch]):
            x = rec.conv(x, width // share, kernel, stride, padding=padding, bias=True,
                         backward="full" if i else "weight")  # fmt: skip
            if share > 1:
                activate(rec, x.elements)
    else:
        x = rec.conv(x, width, patch, patch, padding=0, bias=True, backward="weight", name="patches")
    tokens = x.height * x.width + 1.0
    held = float(width * ((side[branch] // patch) ** 2 + 2))
    rec.pointwise(width * x.batch * tokens, reads=2.0, wide=True, parameters=held, name="positions")
    return tokens


def _cross(rec: Recorder, batch: Any, tokens: Any, dims: Dims, branch: int) -> None:
    """The class token of one branch, in the other's width, attends to the other's tokens, and goes back."""
    own, other, heads = dims["width"][branch], dims["width"][1 - branch], dims["heads"][1 - branch]
    _project(rec, batch, own, other)
    rec.copy(other * batch * tokens, name="concatenate")
    layer_norm(rec, other * batch * tokens, other)
    rec.linear(batch, other, other, bias=True, keeps=0.0, shard="column", name="query")
    rec.linear(batch * tokens, other, 2 * other, bias=True, shard="column", name="key_value")
    rec.attention(batch, heads, 1.0, tokens, other // heads)
    rec.linear(batch, other, other, bias=True, shard="row", name="out")
    join(rec, batch, other)
    _project(rec, batch, other, own)
    rec.copy(own * batch, name="concatenate")


def _project(rec: Recorder, batch: Any, inputs: int, outputs: int) -> None:
    """Norm, GELU, dense layer of one token: (B, inputs) -> (B, outputs)."""
    layer_norm(rec, inputs * batch, inputs)
    activate(rec, inputs * batch, "gelu")
    rec.linear(batch, inputs, outputs, bias=True, name="project")
