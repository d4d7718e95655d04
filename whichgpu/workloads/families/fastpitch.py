"""FastPitch: text to mel spectrogram in one go, by two stacks of attention and wide convolutions.

Łańcucki, "FastPitch: Parallel Text-to-Speech with Pitch Prediction", in NVIDIA's variant 1.1: durations,
pitch and energy are predicted from the encoded text, which is then stretched to frames; training aligns
text and spectrogram by a network of its own (Badlani et al., "One TTS Alignment To Rule Them All").
FastSpeech 2 (Ren et al.) has narrow second convolutions, no aligner, and tables of pitch and energy.
Letters: B utterances, S characters, T frames, D width, M mel channels.

`seq_len` is the mean length of an utterance in frames; throughput counts those. A batch is padded to its
longest in training, `padding` times the mean.
Dimensions: `symbols`, `mels`, `hidden`, `layers` (of either stack), `heads`, `head_dim`, `ffn`, `kernel`,
`down_kernel` (kernel; of a layer's second convolution), `out_bias`, `predictor` (width), `predictors`,
`embeddings` (of pitch and energy, of one channel; of so many `bins`), `aligner` (width of its space; none),
`chars` (characters per frame), `padding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import speech
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, units = speech.SYNTHESIS, speech.SYNTHESIS_ALIASES, speech.made
UNIT = "mel-frames"
OPTIMIZER = "adam"
DEFAULTS = speech.defaults(1.0, 32.0, seq_len=566.0)


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, S) -> (B, T, M)."""
    batch, frames = job.batch, job.seq_len * (dims["padding"] if job.trains else 1.0)
    chars, width = dims["chars"] * frames, dims["hidden"]
    with rec.module("encoder"):
        rec.embedding(batch * chars, dims["symbols"], width, name="symbols")
        _stack(dims, rec, batch, chars)
    with rec.module("predictors"):
        for _ in range(dims["predictors"]):
            _predictor(dims, rec, batch, chars)
        for _ in range(dims["embeddings"]):
            if "bins" in dims:
                rec.embedding(batch * chars, dims["bins"], width, name="embedding")
            else:
                rec.window(batch * chars, batch * chars, 1, width, 3, bias=width, name="embedding")
            rec.add(width * batch * chars)
    if "aligner" in dims:
        with rec.module("aligner", repeats=float(job.trains)):
            _aligner(dims, rec, batch, chars, frames)
    rec.copy(width * batch * frames, name="stretch")
    with rec.module("decoder"):
        _stack(dims, rec, batch, frames)
    with rec.module("head"):
        rec.linear(batch * frames, width, dims["mels"], bias=True, name="mel")
        if job.trains:
            rec.pointwise(dims["mels"] * batch * frames, reads=2.0, keeps=2.0, name="loss")


def _stack(dims: Dims, rec: Recorder, batch: Any, tokens: Any) -> None:
    """Layers of attention and convolution, a norm behind each half: (B, S, D) -> (B, S, D)."""
    width, inner, rows = dims["hidden"], dims["heads"] * dims["head_dim"], batch * tokens
    rec.add(width * rows, name="positions")
    with rec.module("layers", copies=float(dims["layers"])):
        rec.linear(rows, width, 3 * inner, bias=True, name="qkv")
        rec.attention(batch, dims["heads"], tokens, tokens, dims["head_dim"])
        rec.linear(rows, inner, width, bias=dims.get("out_bias", False), name="out")
        rec.dropout(width * rows)
        rec.add(width * rows)
        rec.norm(width * rows, width, wide=True)
        x = Map(batch, width, 1.0, tokens)
        y = rec.conv(x, dims["ffn"], (1, dims["kernel"]), bias=True, name="up")
        rec.pointwise(y.elements, name="relu")
        rec.conv(y, width, (1, dims.get("down_kernel", dims["kernel"])), bias=True, name="down")
        rec.dropout(width * rows)
        rec.add(width * rows)
        rec.norm(width * rows, width, wide=True)


def _predictor(dims: Dims, rec: Recorder, batch: Any, chars: Any) -> None:
    """Two convolutions and a score of each character: (B, S, D) -> (B, S)."""
    x = Map(batch, dims["hidden"], 1.0, chars)
    for _ in range(2):
        x = rec.conv(x, dims["predictor"], (1, 3), bias=True)
        rec.pointwise(x.elements, name="relu")
        rec.norm(x.elements, x.channels, wide=True)
        rec.dropout(x.elements)
    rec.linear(x.pixels, x.channels, 1, bias=True, name="score")


def _aligner(dims: Dims, rec: Recorder, batch: Any, chars: Any, frames: Any) -> None:
    """Text and frames to one space, distances of all pairs, and the best path: -> (B, T, S)."""
    width, mels, space = dims["hidden"], dims["mels"], dims["aligner"]
    text = rec.conv(Map(batch, width, 1.0, chars), 2 * width, (1, 3), bias=True, name="key1")
    rec.conv(text, space, 1, bias=True, name="key2")
    sound = rec.conv(Map(batch, mels, 1.0, frames), 2 * mels, (1, 3), bias=True, name="query1")
    sound = rec.conv(sound, mels, 1, bias=True, name="query2")
    rec.conv(sound, space, 1, bias=True, name="query3")
    pairs = batch * frames * chars
    _distances(rec, space * pairs)
    rec.pointwise(pairs, reads=2.0, keeps=2.0, wide=True, name="softmax")
    rec.pointwise(pairs, keeps=0.0, name="path")


def _distances(rec: Recorder, values: Any) -> None:
    """Of each pair the squared differences along the space, all in memory at once, and their sum.

    Powers and sums are FP32 under autocast.
    """
    rec.pointwise(values, reads=0.0, name="difference")
    rec.narrow(values, name="widened")
    rec.pointwise(values, keeps=1.0, wide=True, name="square")
    rec.pointwise(values, writes=0.0, wide=True, name="distance")
