"""Jasper, QuartzNet, Citrinet: speech to text by one-dimensional convolutions of the spectrogram, and CTC.

Li et al., "Jasper: An End-to-End Convolutional Neural Acoustic Model" (every block sees the input and the
results of all blocks before it); Kriman et al., "QuartzNet: Deep Automatic Speech Recognition with 1D
Time-Channel Separable Convolutions" (a block sees the one before it; convolutions are depthwise, then 1 x 1);
Majumdar et al., "Citrinet" (a gate over the channels of each block; three blocks halve the positions).
What lies behind the end of an utterance is set to nought before each convolution (`MaskedConv1d`, in NVIDIA's
examples and NeMo alike).
Letters: B utterances, F frames of 10 ms, T positions (F / 2, of Citrinet F / 8), C channels.

Throughput is in seconds of audio; option `seconds` of an utterance.
Dimensions: `mels`, `first` ([channels, kernel]), `blocks` (rows of [channels, kernel, repeats], and the
stride of the last of them where it has one), `last` (rows of [channels, kernel]), `separable`, `dense` (a
short cut from every block before, else from the last), `gate` (0: none; else the channels of a block by
those inside of its gate), `stride` (2) of the first convolution, `vocab`, `seconds`. The last layers but the
first of them are of 1 x 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.workloads import speech
from whichgpu.workloads.blocks import conv_norm
from whichgpu.workloads.images import squeeze_excite
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, units = speech.PHASES, speech.PHASE_ALIASES, speech.UNIT, speech.units
OPTIONS = ("seconds",)
ADAPTERS = False
OPTIMIZER = "adam"
DEFAULTS = speech.defaults(16.0, 32.0)


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, mels, F) -> (B, T, vocab)."""
    frames = float(np.ceil(speech.FRAMES * speech.seconds(dims, job)))
    x = Map(job.batch, dims["mels"], 1.0, frames)
    with rec.module("first"):
        x = _conv(dims, rec, x, *dims["first"], stride=dims.get("stride", 2), begins=True)  # (B, C, T)
    before = [x]
    for i, row in enumerate(dims["blocks"]):
        with rec.module(f"block{i + 1}"):
            x = _block(dims, rec, before if dims["dense"] else before[-1:], row)
        before.append(x)
    with rec.module("last"):
        for i, (channels, kernel) in enumerate(dims["last"]):
            x = _conv({**dims, "separable": dims["separable"] and not i}, rec, x, channels, kernel)
    with rec.module("head"):
        rec.conv(x, dims["vocab"], 1, bias=True, name="scores")
        rec.pointwise(dims["vocab"] * x.pixels, keeps=2.0, wide=True, name="ctc")


def _block(dims: Dims, rec: Recorder, before: Sequence[Map], row: Sequence[int]) -> Map:
    """Convolutions, and a 1 x 1 of each earlier result added: (B, C, T) -> (B, channels, T)."""
    (channels, kernel, repeats), stride = row[:3], (row[3] if len(row) > 3 else 1)
    x = before[-1]
    for i in range(repeats):
        last = i == repeats - 1
        x = _conv(dims, rec, x, channels, kernel, stride=stride if last else 1, relu=not last)
    if dims.get("gate"):
        squeeze_excite(rec, x, channels // dims["gate"])
    for one in before:
        rec.scale(one.channels * x.pixels, name="mask")
        conv_norm(rec, one._replace(width=x.width), channels, 1, relu=False, keeps=0.0, name="shortcut")
        rec.add(x.elements)
    rec.pointwise(x.elements, name="relu")
    rec.dropout(x.elements)
    return x


def _conv(
    dims: Dims, rec: Recorder, x: Map, channels: int, kernel: int, *, stride: int = 1, relu: bool = True,
    begins: bool = False,
) -> Map:  # fmt: skip
    """A convolution over time (or depthwise and 1 x 1), batch normalisation, ReLU, dropout."""
    shape, padding = (1, kernel), (kernel - 1) // 2
    length = float(np.ceil(float(np.max(x.width)) / stride))
    backward = "weight" if begins else "full"
    y = x._replace(width=length)
    rec.scale(x.elements, name="mask")
    if dims["separable"]:
        rec.window(x.elements, y.pixels, x.channels, x.channels, kernel, groups=x.channels,
                   backward=backward, line=True, name="depthwise")  # fmt: skip
        rec.scale(y.elements, name="mask")
        y = conv_norm(rec, y, channels, 1, relu=relu, name="pointwise")
    elif stride > 1:
        rec.window(x.elements, y.pixels, x.channels, channels, kernel, backward=backward)
        y = y._replace(channels=channels)
        rec.norm(y.elements, channels)
        rec.pointwise(y.elements, name="relu")
    else:
        y = conv_norm(rec, y, channels, shape, padding=padding if kernel == 1 else None, relu=relu)
    if relu:
        rec.dropout(y.elements)
    return y
