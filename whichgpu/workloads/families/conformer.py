"""Conformer: speech to text by layers of half feed-forward, attention, convolution, half feed-forward.

Gulati et al., "Conformer"; Rekesh et al., "Fast Conformer" (eight frames to one by three strided
convolutions, two of them depthwise); characters by CTC. The attention adds a product with relative
positions to its scores, so that no fused kernel applies.
Letters: B utterances, F frames of 10 ms, T positions (F / 8), D width.

A transducer (RNN-T, TDT) has the two networks of `rnnt.py` behind the layers instead. Its greedy search loops
over tokens, and until every utterance of the batch has its next one over positions (`loop_labels_torch` of
NeMo's rnnt_loop_labels_computer.py): as far as the longest of B gaps, which is sum 1/i times the mean of them
where lengths are exponential. Of TDT durations skip most positions.

Of a model that writes (Canary) a decoder of transformer layers attends to the positions, one token after the
other; the keys and values of them are computed once. NeMo's keeps states in their place: keys and values of
all positions and of the tokens before are computed `again` for each token, for an attention that is written
out (`MultiHeadAttention` and `_get_memory_states` of its asr/modules/transformer), until the slowest of a
batch has ended (`GreedySequenceGenerator`). The first Conformers halve the frames twice only, by whole
convolutions (`striding`).

Throughput is in seconds of audio; option `seconds` of an utterance.
Dimensions: `layers`, `hidden`, `heads`, `ffn`, `kernel`, `mels`, `channels` (of the strided convolutions),
`vocab`, `seconds`; of a transducer `joint`, `prediction` (hidden), `prediction_layers`, `tokens_per_second`,
`skipped` (share of the positions without a token that are not asked); of one that writes `decoder` (layers),
`decoder_hidden`, `tokens_per_second`, `prompt` (tokens before the first), `again`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import speech
from whichgpu.workloads.blocks import cross_entropy
from whichgpu.workloads.families.rnnt import prediction, transduce
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES, PHASE_ALIASES, UNIT, units = speech.PHASES, speech.PHASE_ALIASES, speech.UNIT, speech.units
OPTIONS = ("seconds",)
OPTIMIZER = "adamw"
DEFAULTS = speech.defaults(32.0, 16.0, "amp-bf16")
#: Kernels of a transducer's search beside its networks: what is looked at of a position, and kept of a token
#: (counted in the code named above).
_MASKS, _KEPT = 10, 25
#: Standard deviation of how many tokens utterances of one length have, over their mean (assumed); the
#: longest of B normal variables is about sqrt(2 ln B) of it beyond the mean.
_UNEVEN = 0.2


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, F, mels) -> (B, T, vocab)."""
    frames, width = float(np.floor(speech.FRAMES * speech.seconds(dims, job))), dims["hidden"]
    with rec.module("subsampling"):
        x = _subsample(dims, rec, Map(job.batch, 1, frames, float(dims["mels"])))
        rec.linear(x.batch * x.height, int(x.channels * x.width), width, bias=True)
    rows = job.batch * x.height
    with rec.module("layers", copies=float(dims["layers"])):
        _feed_forward(dims, rec, rows)
        _attention(dims, rec, job.batch, x.height)
        _convolution(dims, rec, job.batch, x.height)
        _feed_forward(dims, rec, rows)
        rec.norm(width * rows, width, wide=True)
    if "decoder" in dims:
        _write(dims, job, rec, x.height)
        return
    if "joint" in dims:
        both, tokens = {**dims, "encoder": width, "classes": dims["vocab"]}, _tokens(dims, job)
        if job.trains:
            transduce(both, job, rec, x.height, tokens)
        else:
            _search(both, job, rec, x.height, tokens)
        return
    with rec.module("head"):
        rec.linear(rows, width, dims["vocab"], bias=True, shard="vocab")
        rec.pointwise(dims["vocab"] * rows, keeps=2.0, wide=True, name="ctc")


def _subsample(dims: Dims, rec: Recorder, x: Map) -> Map:
    """Strides of two over time and frequency: (B, 1, F, mels) -> (B, C, T, mels / 8), of two T = F / 4."""
    channels = dims["channels"]
    x = rec.conv(x, channels, 3, 2, padding=1, bias=True, backward="weight")
    rec.pointwise(x.elements, name="relu")
    if dims.get("striding"):
        x = rec.conv(x, channels, 3, 2, padding=1, bias=True)
        rec.pointwise(x.elements, name="relu")
        return x
    for _ in range(2):
        x = rec.conv(x, channels, 3, 2, padding=1, groups=channels, bias=True, name="depthwise")
        x = rec.conv(x, channels, 1, bias=True, name="pointwise")
        rec.pointwise(x.elements, name="relu")
    return x


def _feed_forward(dims: Dims, rec: Recorder, rows: Any) -> None:
    """Norm, up, SiLU, down, half of it added: (B T, D) -> (B T, D)."""
    width, ffn = dims["hidden"], dims["ffn"]
    rec.norm(width * rows, width, wide=True)
    rec.linear(rows, width, ffn, bias=True, shard="column", name="up")
    rec.pointwise(ffn * rows, keeps=1.0, shard="column", name="silu")
    rec.dropout(ffn * rows)
    rec.linear(rows, ffn, width, bias=True, shard="row", name="down")
    rec.scale(width * rows)
    rec.add(width * rows)


def _attention(dims: Dims, rec: Recorder, batch: Any, tokens: float) -> None:
    """Scores of content and of 2 T - 1 relative positions: (B, T, D) -> (B, T, D)."""
    width, heads = dims["hidden"], dims["heads"]
    d, rows, positions = float(width // heads), batch * tokens, 2.0 * tokens - 1.0
    scores = heads * batch * tokens * tokens
    rec.norm(width * rows, width, wide=True)
    for name in ("query", "key", "value"):
        rec.linear(rows, width, width, bias=True, keeps=float(name == "query"), shard="column", name=name)
    rec.linear(positions, width, width, shard="column", name="positions")
    for name in ("content_bias", "position_bias"):
        rec.pointwise(width * rows, parameters=float(width), name=name)
    rec.product(heads * batch, tokens, d, positions, keeps=0.5, name="position")
    rec.copy(scores, name="shift")
    rec.product(heads * batch, tokens, d, tokens, name="content")
    rec.pointwise(scores, reads=2.0, keeps=1.0, wide=True, name="softmax")
    rec.dropout(scores)
    rec.product(heads * batch, tokens, tokens, d, name="values")
    rec.linear(rows, width, width, bias=True, shard="row", name="out")
    rec.add(width * rows)


def _convolution(dims: Dims, rec: Recorder, batch: Any, tokens: float) -> None:
    """Norm, gated 1 x 1, depthwise over time, batch norm, SiLU, 1 x 1: (B, T, D) -> (B, T, D)."""
    width, rows = dims["hidden"], batch * tokens
    rec.norm(width * rows, width, wide=True)
    rec.linear(rows, width, 2 * width, bias=True, name="gate")
    rec.pointwise(width * rows, reads=2.0, keeps=2.0, name="glu")
    rec.conv(Map(batch, width, 1.0, tokens), width, (1, dims["kernel"]), groups=width, bias=True,
             name="depthwise")  # fmt: skip
    rec.norm(width * rows, width)
    rec.pointwise(width * rows, keeps=1.0, name="silu")
    rec.linear(rows, width, width, bias=True, name="mix")
    rec.add(width * rows)


def _tokens(dims: Dims, job: Job) -> float:
    """Tokens of an utterance."""
    return float(dims["tokens_per_second"] * speech.seconds(dims, job))


def _search(dims: Dims, job: Job, rec: Recorder, positions: float, tokens: float) -> None:
    """Greedy search of a transducer over a batch at once: (B, T, encoder) -> (B, tokens)."""
    rows, joint, batch = job.batch, dims["joint"], np.asarray(job.batch, dtype=np.float64)
    longest = np.log(batch) + np.euler_gamma + (1.0 - np.euler_gamma) / batch
    with rec.module("joint"):
        rec.linear(rows * positions, dims["encoder"], joint, bias=True, name="sound")
    with rec.module("prediction", repeats=tokens):
        prediction(dims, rec, rows, 1.0)
        rec.linear(rows, dims["prediction"], joint, bias=True, name="text")
        for _ in range(_KEPT):
            rec.pointwise(rows, name="kept")
    asked = (1.0 - dims.get("skipped", 0.0)) * positions
    with rec.module("joint", repeats=tokens + asked):
        rec.add(joint * rows)
        rec.pointwise(joint * rows, name="relu")
        rec.linear(rows, joint, dims["classes"], bias=True, name="scores")
        rec.pointwise(dims["classes"] * rows, name="choose")
        for _ in range(_MASKS):
            rec.pointwise(rows, name="masks")
    # The others of the batch are asked again as the slowest is, and nothing comes of it: kernels, as many.
    with rec.module("waiting", repeats=asked * (longest - 1.0)):
        for _ in range(_MASKS + 4):
            rec.pointwise(joint * rows, name="others")


def _write(dims: Dims, job: Job, rec: Recorder, positions: float) -> None:
    """Tokens by a transformer that attends to the encoder's positions: (B, T, D) -> (B, tokens)."""
    width, states = dims["decoder_hidden"], job.batch * positions
    tokens = dims["prompt"] + _tokens(dims, job)
    if width != dims["hidden"]:
        with rec.module("bridge"):
            rec.linear(states, dims["hidden"], width, bias=True)
    if job.trains or not dims.get("again"):
        with rec.module("cross"), rec.module("layers", copies=float(dims["decoder"])):
            for name in ("key", "value"):
                rec.linear(states, width, width, bias=True, keeps=float(name == "key"), name=name)
    if job.trains:
        with rec.module("decoder"):
            _decoder(dims, rec, job.batch * tokens, job.batch, (tokens, positions))
        with rec.module("loss"):
            cross_entropy(rec, job.batch * tokens, dims["vocab"])
        return
    if dims.get("again"):
        tokens = dims["prompt"] + _tokens(dims, job) * (1.0 + _UNEVEN * np.sqrt(2.0 * np.log(job.batch)))
    # Token i attends to the i before it: half of all on average.
    with rec.module("decoder", repeats=tokens):
        _decoder(dims, rec, job.batch, job.batch, ((tokens + 1.0) / 2.0, positions))


def _decoder(dims: Dims, rec: Recorder, rows: Any, batch: Any, seen: tuple[Any, float]) -> None:
    """Tokens that see those before and the positions: (rows,) -> (rows, vocab); tied to the table."""
    width, heads, tokens, cached = dims["decoder_hidden"], dims["heads"], rows / batch, not rec.training
    again = cached and bool(dims.get("again"))
    rec.embedding(rows, dims["vocab"], width, name="tokens")
    rec.norm(width * rows, width, wide=True)
    with rec.module("layers", copies=float(dims["decoder"])):
        for kind, keys in zip(("self", "cross"), seen, strict=True):
            rec.norm(width * rows, width, wide=True)
            rec.linear(rows, width, width, bias=True, shard="column", name="query")
            if again and kind == "self":
                rec.norm(width * batch * keys, width, wide=True, parameters=0, name="states")
            for name in ("key", "value") if again or kind == "self" else ():
                told = batch * keys if again else rows
                rec.linear(told, width, width, bias=True, keeps=0.0, shard="column", name=name)
            if again:
                _written_out(rec, batch * heads, keys, width // heads)
            else:
                rec.attention(batch, heads, tokens, keys, width // heads, cached=cached,
                              causal=kind == "self" and not cached, name=kind)  # fmt: skip
            rec.linear(rows, width, width, bias=True, shard="row", name="out")
            rec.add(width * rows)
        rec.norm(width * rows, width, wide=True)
        rec.linear(rows, width, 4 * width, bias=True, shard="column", name="up")
        rec.pointwise(4 * width * rows, keeps=1.0, shard="column", name="relu")
        rec.linear(rows, 4 * width, width, bias=True, shard="row", name="down")
        rec.add(width * rows)
    rec.norm(width * rows, width, wide=True)
    rec.linear(
        rows, width, dims["vocab"], bias=True, tied=True, unquantised=True, shard="vocab", name="logits"
    )


def _written_out(rec: Recorder, rows: Any, keys: Any, d: float) -> None:
    """Attention of one token: (rows, d) over keys and values (rows, keys, d) that come with their heads last.

    Queries and keys are scaled apart, and the products copy keys and values to have their heads in front.
    """
    rec.scale(rows * d)
    rec.scale(rows * keys * d)
    for name in ("keys", "values"):
        rec.copy(rows * keys * d, name=name)
    rec.product(rows, 1.0, d, keys, name="content")
    rec.add(rows * keys, name="mask")
    rec.pointwise(rows * keys, wide=True, name="softmax")
    rec.product(rows, 1.0, keys, d, name="values")
    rec.copy(rows * d, name="context")
