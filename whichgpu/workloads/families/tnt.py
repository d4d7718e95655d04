"""TNT: a small transformer over the 16 places inside each patch, and a large one over the patches.

Han et al., "Transformer in Transformer", figure 1 and table 1.
Letters: B batch, S patches of an image, D width of a patch, P side of a patch, d width of a place inside.

Dimensions: `image` (side that the learned positions are for), `patch`, `width`, `heads`, `inner_width` and
`inner_heads` (of the transformer inside), `place_norm` (places are normed one by one where they are
gathered), `layers`, `ffn` (times the width), `classes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import images
from whichgpu.workloads.attention import layer
from whichgpu.workloads.blocks import image
from whichgpu.workloads.images import join, layer_norm, perceptron
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, OPTIMIZER = images.PHASES, images.PHASE_ALIASES, images.UNIT, "adamw"
DEFAULTS = images.defaults()
#: Places inside a patch, each side; the stride of the convolution that makes them.
_PLACES, _STRIDE = 4, 4


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Places and patches, layers, head: (B, 3, H, W) -> (B, S, D) -> (B, classes)."""
    width, inner, patch = dims["width"], dims["inner_width"], dims["patch"]
    x = image(job)
    patches = (x.height // patch) * (x.width // patch)
    places = Map(x.batch * patches, inner, float(_PLACES), float(_PLACES))
    with rec.module("embeddings"):
        rec.copy(x.elements, name="unfold")
        pictures = Map(x.batch * patches, 3, float(patch), float(patch))
        rec.conv(pictures, inner, 7, _STRIDE, bias=True, backward="weight", name="pixels")
        rec.pointwise(places.elements, wide=True, parameters=float(inner * _PLACES**2), name="places")
        _patches_of(rec, places, width)
        held = float(width * ((dims["image"] // patch) ** 2 + 2))
        rec.pointwise(width * x.batch * (patches + 1.0), wide=True, parameters=held, name="positions")
    with rec.module("layers", copies=float(dims["layers"])):
        layer(rec, places, lambda: _attention(rec, places.batch, places.height * places.width, inner,
                                              dims["inner_heads"]), dims["ffn"] * inner)  # fmt: skip
        _patches_of(rec, places, width, older=dims.get("place_norm", False))
        rec.add(width * places.batch)
        _outer(rec, x.batch, patches + 1.0, dims)
    with rec.module("head"):
        layer_norm(rec, width * x.batch * (patches + 1.0), width)
        rec.linear(x.batch, width, dims["classes"], bias=True, name="fc")


def _patches_of(rec: Recorder, places: Map, width: int, *, older: bool | None = None) -> None:
    """All places of a patch as one vector, between two norms: (B S, 16 d) -> (B S, D).

    `older`: a bias in place of the second norm, the first being each place's own; None: both, in the stem.
    """
    given = int(places.channels * places.height * places.width)
    layer_norm(rec, given * places.batch, places.channels if older else given)
    rec.linear(places.batch, given, width, bias=older is not False, name="gather")
    if not older:
        layer_norm(rec, width * places.batch, width)


def _outer(rec: Recorder, batch: Any, tokens: Any, dims: Dims) -> None:
    """A layer over the patches and the class token: (B, S + 1, D) unchanged."""
    width, rows = dims["width"], batch * tokens
    layer_norm(rec, width * rows, width)
    _attention(rec, batch, tokens, width, dims["heads"])
    join(rec, rows, width)
    layer_norm(rec, width * rows, width)
    perceptron(rec, rows, width, dims["ffn"] * width)
    join(rec, rows, width)


def _attention(rec: Recorder, batch: Any, tokens: Any, width: int, heads: int) -> None:
    """Query and key from one layer, value from another, without biases."""
    rows = batch * tokens
    rec.linear(rows, width, 2 * width, shard="column", name="query_key")
    rec.narrow(width * rows)  # autocast casts what a norm has made for each of both
    rec.linear(rows, width, width, keeps=0.0, shard="column", name="value")
    rec.pointwise(3 * width * rows, shard="head", name="heads_first")
    rec.attention(batch, heads, tokens, tokens, width // heads, biased=True)  # its own code writes it out
    rec.pointwise(width * rows, shard="head", name="heads_last")
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
