"""Pairs of a picture and a text embedded into one space.

Radford et al., "CLIP": a vision transformer and a causal text transformer, LayerNorm before each
half, biases.
Letters: B pairs, N patches of a picture and one class token, S tokens of a text.

Dimensions: two tables, `image` (`layers`, `hidden`, `heads`, `ffn`, `patch`, `size` in pixels) and `text`
(`layers`, `hidden`, `heads`, `ffn`, `vocab`, `positions`), and `embedding`, the width they meet in.
`--option towers=image` (or text) runs one alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.blocks import transformer_layer
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "images"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 32.0, "precision": "fp16"},
    "train": {"batch": 32.0, "precision": "amp-fp16"},
}
TOWERS = ("both", "image", "text")


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """(B, 3, H, W) and (B, S) -> two times (B, embedding)."""
    which = job.options.get("towers", "both")
    if which not in TOWERS:
        raise UsageError(f"option towers: '{which}' is none of {', '.join(TOWERS)}; write e.g. towers=image")
    if which != "text":
        with rec.module("image"):
            _image(dims, rec, job.batch)
    if which != "image":
        with rec.module("text"):
            _text(dims, rec, job.batch)
    # The learned temperature.
    rec.pointwise(job.batch * job.batch, parameters=1.0, name="similarity")


def _image(dims: Mapping[str, Any], rec: Recorder, batch: Any) -> None:
    """(B, 3, H, W) -> (B, N, D) -> (B, embedding)."""
    tower = dims["image"]
    width, patch, size = tower["hidden"], tower["patch"], tower["size"]
    tokens = (size // patch) ** 2 + 1
    rec.conv(Map(batch, 3, float(size), float(size)), width, patch, patch, padding=0, backward="weight",
             name="patches")  # fmt: skip
    # The class token and a learned position for every token.
    rec.pointwise(width * tokens * batch, parameters=float(width * (tokens + 1)), name="positions")
    rec.norm(width * tokens * batch, width, wide=True, name="norm_before")
    _layers(tower, rec, batch, float(tokens), causal=False)
    rec.norm(width * batch, width, wide=True, name="norm_after")
    rec.linear(batch, width, dims["embedding"], name="projection")


def _text(dims: Mapping[str, Any], rec: Recorder, batch: Any) -> None:
    """(B, S) -> (B, S, D) -> (B, embedding)."""
    tower = dims["text"]
    width, tokens = tower["hidden"], float(tower["positions"])
    rec.embedding(batch * tokens, tower["vocab"], width, name="words")
    rec.embedding(batch * tokens, tower["positions"], width, name="positions")
    rec.add(width * tokens * batch)
    _layers(tower, rec, batch, tokens, causal=True)
    rec.norm(width * tokens * batch, width, wide=True, name="norm_after")
    rec.linear(batch, width, dims["embedding"], name="projection")


def _layers(tower: Mapping[str, Any], rec: Recorder, batch: Any, tokens: float, *, causal: bool) -> None:
    with rec.module("layers", copies=float(tower["layers"])):
        transformer_layer(rec, batch, tokens, tower["hidden"], heads=tower["heads"], ffn=tower["ffn"],
                          causal=causal, masked=causal)  # fmt: skip
