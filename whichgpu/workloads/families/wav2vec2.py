"""wav2vec 2.0 and HuBERT: seven convolutions over the samples of sound, then an encoder.

Baevski et al., "wav2vec 2.0", section 2 and appendix B; Hsu et al., "HuBERT". Positions come of one wide
convolution in groups; its weights are normalised. Training adds scores of 32 characters, by CTC.
Letters: B utterances, N samples at 16 kHz, T positions (N / 320), C channels, D width.

Throughput is in seconds of audio; option `seconds` of an utterance.
Dimensions: `layers`, `hidden`, `heads`, `ffn`, `channels`, `convs` (rows of [kernel, stride]), `norms`
(group: behind the first convolution only; layer: behind each, which then has a bias), `position_kernel`,
`position_groups`, `vocab`, `seconds`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.workloads import speech
from whichgpu.workloads.blocks import transformer_layer
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, units = speech.PHASES, speech.PHASE_ALIASES, speech.UNIT, speech.units
OPTIONS = ("seconds",)
OPTIMIZER = "adamw"
DEFAULTS = speech.defaults(16.0, 8.0)
SAMPLES = 16000.0
#: Its widest ops are one convolution behind the other: a pass has nothing beside what one reads and writes.
IN_A_ROW = True


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, N) -> (B, T, D), in training (B, T, vocab)."""
    width, channels = dims["hidden"], dims["channels"]
    with rec.module("features"):
        x = _features(dims, rec, Map(job.batch, 1, 1.0, float(np.floor(SAMPLES * speech.seconds(dims, job)))))
        rows = x.pixels
        rec.norm(channels * rows, channels, wide=True, name="feature_norm")
        rec.linear(rows, channels, width, bias=True, name="project")
        with rec.module("mask", repeats=float(job.trains)):
            rec.pointwise(width * rows, parameters=float(width), name="mask")
    with rec.module("encoder"):
        _positions(dims, rec, x._replace(channels=width))
        rec.norm(width * rows, width, wide=True)
        rec.dropout(width * rows)
        with rec.module("layers", copies=float(dims["layers"])):
            transformer_layer(rec, job.batch, x.width, width, heads=dims["heads"], ffn=dims["ffn"])
    if job.trains:
        with rec.module("head"):
            rec.linear(rows, width, dims["vocab"], bias=True, name="scores")
            rec.pointwise(dims["vocab"] * rows, keeps=2.0, wide=True, name="ctc")


def _features(dims: Dims, rec: Recorder, x: Map) -> Map:
    """Convolutions without padding, a norm behind the first or behind each: (B, N) -> (B, C, T)."""
    each = dims["norms"] == "layer"
    for i, (kernel, stride) in enumerate(dims["convs"]):
        rec.begins()
        x = rec.conv(x, dims["channels"], (1, kernel), stride, padding=0, bias=each,
                     backward="full" if i else "weight")._replace(height=1.0)  # fmt: skip
        if each or not i:
            rec.norm(x.elements, x.channels, wide=True)
        rec.pointwise(x.elements, keeps=1.0, name="gelu")
    return x


def _positions(dims: Dims, rec: Recorder, x: Map) -> None:
    """A grouped convolution of normalised weights, added: (B, D, T) -> (B, D, T)."""
    width, kernel, groups = x.channels, dims["position_kernel"], dims["position_groups"]
    weights = float(width * width // groups * kernel)
    rec.pointwise(weights, reads=2.0, wide=True, parameters=float(kernel), name="weight_norm")
    rec.window(x.elements, x.pixels, width, width, kernel, groups=groups, bias=width, name="positions")
    rec.pointwise(x.elements, keeps=1.0, name="gelu")
    rec.add(x.elements)
