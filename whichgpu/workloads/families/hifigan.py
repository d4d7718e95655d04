"""HiFi-GAN: mel spectrogram to sound by transposed convolutions with residual blocks behind each.

Kong et al., "HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity Speech Synthesis".
A step of training runs the generator once, and on made and on real sound, twice over, two kinds of
discriminators: of five periods (sound folded to a picture) and of three scales.
Letters: B clips, T audio samples of a clip, F frames, C channels.

`seq_len` is the length of a clip in audio samples; training cuts clips of 8,192.
Dimensions: `mels`, `channels` (of the first map; half behind each of the ups), `ups` (rows of [stride,
kernel]), `kernels` and `dilations` of the residual blocks, `periods`, `period_widths`, `scales`,
`scale_layers` (rows of [channels, kernel, stride, groups]).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import speech
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = speech.PHASES
ADAPTERS = False
PHASE_ALIASES, units = speech.SYNTHESIS_ALIASES, speech.made
UNIT = "audio-samples"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 1.0, "precision": "fp16", "seq_len": 220672.0},
    "train": {"batch": 16.0, "precision": "amp-fp16", "seq_len": 8192.0},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, mels, F) -> (B, T)."""
    with rec.module("generator"):
        _generator(dims, rec, job.batch, job.seq_len)
    if not job.trains:
        return
    # Real and made sound to train the discriminators, then both again for the generator's losses: two steps.
    for again in (False, True):
        with rec.module("periods", again=again, freed=not again):
            for period in dims["periods"]:
                _period(dims, rec, 2.0 * job.batch, job.seq_len, float(period))
        with rec.module("scales", again=again, freed=not again):
            for scale in range(dims["scales"]):
                _scale(dims, rec, 2.0 * job.batch, job.seq_len / 2.0**scale)


def _generator(dims: Dims, rec: Recorder, batch: Any, samples: Any) -> None:
    frames = samples / prod(stride for stride, _ in dims["ups"])
    x = rec.conv(Map(batch, dims["mels"], 1.0, frames), dims["channels"], (1, 7), bias=True, name="first")
    for level, (stride, kernel) in enumerate(dims["ups"]):
        with rec.module(f"up{level}"):
            rec.pointwise(x.elements, name="leaky_relu")
            out = x.channels // 2
            # Each position spreads over `kernel` samples: a window of 1 and kernel x out results.
            rec.window(x.elements, x.pixels, x.channels, kernel * out, 1, bias=out, name="transposed")
            x = x._replace(channels=out, width=x.width * stride)
            for width in dims["kernels"]:
                _residual(dims, rec, x, width)
                rec.add(x.elements, name="sum")
    rec.pointwise(x.elements, name="leaky_relu")
    rec.conv(x, 1, (1, 7), bias=True, name="last")
    rec.pointwise(samples * batch, keeps=1.0, name="tanh")


def _residual(dims: Dims, rec: Recorder, x: Map, kernel: int) -> None:
    """Pairs of convolutions with wider and wider holes, each pair added: shape unchanged."""
    for _ in dims["dilations"]:
        for _ in range(2):
            rec.pointwise(x.elements, name="leaky_relu")
            rec.conv(x, x.channels, (1, kernel), bias=True)
        rec.add(x.elements)


def _period(dims: Dims, rec: Recorder, batch: Any, samples: Any, period: float) -> None:
    """(B, T) folded to (B, 1, T / p, p) -> a score of every few samples of one phase."""
    x = Map(batch, 1, np.ceil(samples / period), period)
    for level, width in enumerate(dims["period_widths"]):
        stride = 3 if level < len(dims["period_widths"]) - 1 else 1
        y = x._replace(channels=width, height=np.ceil(x.height / stride))
        rec.window(x.elements, y.pixels, x.channels, width, 5, bias=width)
        rec.pointwise(y.elements, keeps=1.0, name="leaky_relu")
        x = y
    rec.window(x.elements, x.pixels, x.channels, 1, 3, bias=1, name="score")


def _scale(dims: Dims, rec: Recorder, batch: Any, samples: Any) -> None:
    """(B, T), at a half or a quarter of its rate -> a score of every few samples."""
    x = Map(batch, 1, 1.0, samples)
    for width, kernel, stride, groups in dims["scale_layers"]:
        y = x._replace(channels=width, width=np.ceil(x.width / stride))
        rec.window(x.elements, y.pixels, x.channels, width, kernel, groups=groups, bias=width)
        rec.pointwise(y.elements, keeps=1.0, name="leaky_relu")
        x = y
    rec.window(x.elements, x.pixels, x.channels, 1, 3, bias=1, name="score")
