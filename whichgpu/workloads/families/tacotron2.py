"""Tacotron 2: text to mel spectrogram, one frame after the other.

Shen et al., "Natural TTS Synthesis by Conditioning WaveNet on Mel Spectrogram Predictions", in NVIDIA's
variant. The decoder is a loop over frames: two LSTM cells, location-sensitive attention, projection, some
thirty small kernels a frame forward and twice as many backward, so that the host sets the pace.
Letters: B utterances, S characters, T frames, M mel channels.

`seq_len` is the mean length of an utterance in frames; throughput counts those. A batch is padded to its
longest in training, `padding` times the mean, and the loop runs as often; `chars` per frame gives the text.
Dimensions: `symbols`, `mels`, `encoder` (width), `encoder_convs`, `kernel`, `prenet`, `rnn` (width of both
cells), `attention` (width), `filters`, `filter_kernel`, `postnet`, `postnet_convs`, `padding`, `chars`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import recurrent, speech
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, units = speech.SYNTHESIS, speech.SYNTHESIS_ALIASES, speech.made
UNIT = "mel-frames"
OPTIMIZER = "adam"
DEFAULTS = speech.defaults(1.0, 48.0, seq_len=566.0)


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, S) -> (B, T, M)."""
    frames = job.seq_len * (dims["padding"] if job.trains else 1.0)
    chars = dims["chars"] * frames
    with rec.module("encoder"):
        _encoder(dims, rec, job.batch, chars)
    with rec.module("decoder"):
        steps = 1.0 if not job.trains else frames
        with rec.module("prenet", repeats=1.0 if job.trains else frames):
            _prenet(dims, rec, job.batch * steps)
        rec.linear(job.batch * chars, dims["encoder"], dims["attention"], name="memory")
        with rec.module("frame", repeats=frames):
            _frame(dims, rec, job.batch, chars)
    with rec.module("postnet"):
        _postnet(dims, rec, job.batch, frames)


def _encoder(dims: Dims, rec: Recorder, batch: Any, chars: Any) -> None:
    """(B, S) -> (B, S, width): convolutions over the text, then an LSTM both ways."""
    width = dims["encoder"]
    rec.embedding(batch * chars, dims["symbols"], width, name="symbols")
    x = Map(batch, width, 1.0, chars)
    for _ in range(dims["encoder_convs"]):
        x = _conv(rec, x, width, dims["kernel"], "relu")
    recurrent.layer(rec, batch, chars, width, width // 2, directions=2)


def _conv(rec: Recorder, x: Map, out: int, kernel: int, activation: str) -> Map:
    """One-dimensional convolution with a bias, batch normalisation, activation, dropout."""
    y = rec.conv(x, out, (1, kernel), bias=True)
    rec.norm(y.elements, out)
    if activation:
        rec.pointwise(y.elements, name=activation)
    rec.dropout(y.elements)
    return y


def _prenet(dims: Dims, rec: Recorder, rows: Any) -> None:
    """(rows, M) -> (rows, prenet): two dense layers with dropout, in inference as well."""
    inputs = dims["mels"]
    for _ in range(2):
        rec.linear(rows, inputs, dims["prenet"], name="linear")
        rec.pointwise(dims["prenet"] * rows, name="relu")
        rec.pointwise(dims["prenet"] * rows, name="dropout")
        inputs = dims["prenet"]


def _frame(dims: Dims, rec: Recorder, batch: Any, chars: Any) -> None:
    """One frame: attention cell, attention, decoder cell, projection and stop token."""
    text, rnn = dims["encoder"], dims["rnn"]
    rec.copy((dims["prenet"] + text) * batch, name="concatenate")
    recurrent.cell(rec, batch, dims["prenet"] + text, rnn, name="attention_cell")
    rec.dropout(rnn * batch)
    _attention(dims, rec, batch, chars)
    rec.copy((rnn + text) * batch, name="concatenate")
    recurrent.cell(rec, batch, rnn + text, rnn, name="decoder_cell")
    rec.dropout(rnn * batch)
    rec.copy((rnn + text) * batch, name="concatenate")
    rec.linear(batch, rnn + text, dims["mels"], bias=True, name="mel")
    rec.linear(batch, rnn + text, 1, bias=True, keeps=0.0, name="stop")


def _attention(dims: Dims, rec: Recorder, batch: Any, chars: Any) -> None:
    """Location-sensitive: the weights of the last step and their sum so far join the query and the text."""
    width, filters = dims["attention"], dims["filters"]
    rows = batch * chars
    rec.copy(2 * rows, name="concatenate")
    rec.linear(batch, dims["rnn"], width, name="query")
    rec.conv(Map(batch, 2, 1.0, chars), filters, (1, dims["filter_kernel"]), name="location")
    rec.copy(filters * rows, name="transpose")
    rec.linear(rows, filters, width, name="location_dense")
    rec.add(width * rows)
    rec.add(width * rows)
    rec.pointwise(width * rows, name="tanh")
    rec.linear(rows, width, 1, name="score")
    rec.pointwise(rows, name="mask")
    rec.pointwise(rows, keeps=1.0, wide=True, name="softmax")
    # The weights are kept at every frame, the text they weigh is the same for all.
    text = float(dims["encoder"])
    rec.product(batch, 1.0, chars, text, keeps=1.0 / (1.0 + text), shard="none", name="context")
    rec.add(rows, name="accumulate")


def _postnet(dims: Dims, rec: Recorder, batch: Any, frames: Any) -> None:
    """(B, M, T) -> (B, M, T): convolutions whose result is added."""
    mels, convs = dims["mels"], dims["postnet_convs"]
    x = Map(batch, mels, 1.0, frames)
    for i in range(convs):
        last = i == convs - 1
        x = _conv(rec, x, mels if last else dims["postnet"], dims["kernel"], "" if last else "tanh")
    rec.add(x.elements)
    if rec.training:
        rec.pointwise(x.elements, reads=2.0, keeps=2.0, name="loss")
        rec.pointwise(x.elements, reads=2.0, keeps=2.0, name="loss")
