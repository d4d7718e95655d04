"""WaveGlow: mel spectrogram to sound by twelve invertible flows, each with a WaveNet of eight layers.

Prenger et al., "WaveGlow: A Flow-based Generative Network for Speech Synthesis". Eight audio samples make
one position of eight channels; every fourth flow hands two channels over early. Weight normalisation
has a gain per output channel and recomputes the weights at every pass of training.
Letters: B clips, T audio samples of a clip, P positions (T / group), C channels of the WaveNet.

`seq_len` is the length of a clip in audio samples; training cuts clips of 8,000.
Dimensions: `mels`, `hop` and `upsample_kernel` (of the transposed convolution that brings the spectrogram
to the audio's rate), `flows`, `group`, `early_every`, `early_size`, `layers`, `channels`, `kernel`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import speech
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = speech.SYNTHESIS
ADAPTERS = False
PHASE_ALIASES, units = speech.SYNTHESIS_ALIASES, speech.made
UNIT = "audio-samples"
OPTIMIZER = "adam"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "train": {"batch": 10.0, "precision": "amp-fp16", "seq_len": 8000.0},
    "infer": {"batch": 1.0, "precision": "fp16", "seq_len": 220500.0},
}
REFERENCE = {"phase": "train"}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, mels, T / hop) and (B, T) -> (B, T)."""
    batch, mels, group = job.batch, dims["mels"], dims["group"]
    frames = np.ceil(job.seq_len / dims["hop"])
    with rec.module("upsample"):
        # Each frame spreads over `upsample_kernel` samples: a window of 1 and kernel x mels outputs.
        kernel = dims["upsample_kernel"]
        rec.window(mels * batch * frames, batch * frames, mels, kernel * mels, 1, bias=mels,
                   backward="weight")  # fmt: skip
        rec.copy(mels * batch * job.seq_len, name="group")
    x = Map(batch, group, 1.0, job.seq_len / group)
    for flow in range(dims["flows"]):
        if flow and flow % dims["early_every"] == 0:
            rec.copy(x.elements, name="early")
            x = x._replace(channels=x.channels - dims["early_size"])
        with rec.module(f"flow{flow}"):
            _flow(dims, rec, x, mels * group)
    with rec.module("loss"):
        rec.pointwise(group * x.pixels, reads=2.0, keeps=1.0, name="square")


def _flow(dims: Dims, rec: Recorder, x: Map, spectrogram: int) -> None:
    """Mix the channels, then scale and shift one half by what the WaveNet reads off the other."""
    rec.conv(x, x.channels, 1, name="mix")
    half = x._replace(channels=x.channels // 2)
    rec.copy(half.elements, name="split")
    _wavenet(dims, rec, half, spectrogram)
    rec.pointwise(half.elements, keeps=1.0, name="exp")
    rec.pointwise(half.elements, reads=2.0, keeps=2.0, name="scale")
    rec.add(half.elements)
    rec.copy(x.elements, name="concatenate")


def _wavenet(dims: Dims, rec: Recorder, x: Map, spectrogram: int) -> None:
    """(B, C', P) and the spectrogram (B, S, P) -> (B, 2 C', P), dilated by 1, 2, 4, .."""
    channels, kernel, layers = dims["channels"], dims["kernel"], dims["layers"]
    mel = x._replace(channels=spectrogram)
    half, y = x.channels, _normed(rec, x, channels, 1)
    for layer in range(layers):
        last = layer == layers - 1
        _normed(rec, y, 2 * channels, kernel, dilated=layer > 0)
        _normed(rec, mel, 2 * channels, 1, keeps=0.0)
        rec.pointwise(y.elements, reads=4.0, keeps=4.0, name="gate")
        _normed(rec, y, channels if last else 2 * channels, 1)
        if not last:
            rec.add(y.elements, name="residual")
        if layer:
            rec.add(y.elements, name="skip")
    rec.conv(y, 2 * half, 1, bias=True, name="end")


def _normed(
    rec: Recorder, x: Map, out: int, kernel: int, *, keeps: float = 1.0, dilated: bool = False
) -> Map:
    """A convolution with bias whose weights are normalised anew, a gain per output."""
    if rec.training:
        weights = float(x.channels * kernel * out)
        rec.pointwise(weights, reads=2.0, wide=True, parameters=float(out), name="weight_norm")
    return rec.conv(x, out, (1, kernel), bias=True, keeps=keeps, dilated=dilated)
