"""Modern text to speech, roughly: XTTS (a GPT that writes codes), F5-TTS (flow matching by a DiT), VITS.

Casanova et al., "XTTS"; Chen et al., "F5-TTS". All count seconds of speech made. The vocoder behind is a
stack of convolutions whose work is given a second of speech, from its parameters and mean rate: an
estimate. The reference voice is encoded once and left out.
Letters: B utterances, T frames or codes of an utterance, D width.

Dimensions: `kind` (gpt, flow; parts: `parts` as in `assembled.py`, at `seconds`), `layers`, `hidden`,
`heads`, `ffn`, `rate` (frames or codes a second),
`seconds` (of an utterance), `reference` (frames or codes of voice and text before it), `vocoder`
(parameters), `vocoder_rate` (mean positions a second they run at); gpt: `text`, `codes` (vocabularies),
`positions` (rows of both position tables), `conditioning` (parameters of voice encoder and resampler);
flow: `mels`, `text`, `text_width`, `text_blocks`, `conv_kernel`, `conv_groups`, `evaluations` (steps).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads.blocks import transformer_layer
from whichgpu.workloads.families import assembled
from whichgpu.workloads.recorder import Map

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer",)
OPTIONS = ("seconds", "steps")
PHASE_ALIASES = {"generate": "infer"}
UNIT = "audio seconds"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"batch": 1.0, "precision": "fp16", "runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {},
}
#: F5 evaluates with and without the condition.
GUIDED = 2.0


def units(dims: Dims, job: Job) -> Any:
    """Seconds of speech."""
    return np.asarray(job.batch, dtype=np.float64) * _seconds(dims, job)


def _seconds(dims: Dims, job: Job) -> float:
    return job.option("seconds", dims["seconds"], 0.1)


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """Text -> sound; options `seconds` of speech, `steps` of the flow."""
    if dims["kind"] == "parts":
        assembled.forward({**dims, "sizes": {"seconds": dims["seconds"]}}, job, rec)
        return
    frames = dims["rate"] * _seconds(dims, job)
    if dims["kind"] == "gpt":
        _gpt(dims, rec, job.batch, frames)
    else:
        with rec.module("dit", repeats=job.option("steps", dims["evaluations"], 1.0)):
            _flow(dims, rec, GUIDED * job.batch, frames + dims["reference"])
    with rec.module("vocoder"):
        # One product a position over all of its weights: the mean of many small convolutions.
        side = round(dims["vocoder"] ** 0.5)
        positions = dims["vocoder_rate"] * _seconds(dims, job) * job.batch
        rec.linear(positions, side, side, name="convolutions")


def _gpt(dims: Dims, rec: Recorder, batch: Any, codes: float) -> None:
    """Codes one after the other, over a cache of voice, text and codes so far."""
    hidden = dims["hidden"]
    with rec.module("conditioning"):
        # Run once for a voice, and not here.
        rec.pointwise(1.0, parameters=float(dims["conditioning"]), name="voice")
    passes = ((batch * dims["reference"], dims["reference"], 1.0, False),
              (batch, dims["reference"] + codes / 2.0, codes, True))  # fmt: skip
    for rows, context, repeats, again in passes:
        with rec.module("gpt", repeats=repeats, again=again):
            rec.embedding(rows, dims["text"], hidden, name="text")
            rec.embedding(rows, dims["codes"], hidden, name="codes")
            rec.embedding(rows, dims["positions"], hidden, name="positions")
            with rec.module("layers", copies=float(dims["layers"])):
                _cached_layer(dims, rec, batch, rows, context=context, cached=again)
            rec.norm(hidden * rows, hidden)
            rec.norm(hidden * rows, hidden, name="final_norm")
            rec.linear(batch, hidden, dims["codes"], bias=True, name="code")
    with rec.module("gpt", repeats=0.0):
        rec.linear(1.0, hidden, dims["text"], bias=True, name="text_head")


def _cached_layer(dims: Dims, rec: Recorder, batch: Any, rows: Any, *, context: float, cached: bool) -> None:
    """A GPT-2 layer: the prompt at once, or one code over the cache."""
    hidden, heads = dims["hidden"], dims["heads"]
    rec.norm(hidden * rows, hidden)
    rec.linear(rows, hidden, 3 * hidden, bias=True, shard="column", name="qkv")
    rec.attention(batch, heads, 1.0 if cached else context, context, hidden // heads, causal=not cached,
                  cached=cached)  # fmt: skip
    rec.linear(rows, hidden, hidden, bias=True, shard="row", name="out")
    rec.add(hidden * rows)
    rec.norm(hidden * rows, hidden)
    rec.linear(rows, hidden, dims["ffn"], bias=True, shard="column", name="up")
    rec.pointwise(dims["ffn"] * rows, name="gelu")
    rec.linear(rows, dims["ffn"], hidden, bias=True, shard="row", name="down")
    rec.add(hidden * rows)


def _flow(dims: Dims, rec: Recorder, batch: Any, frames: float) -> None:
    """One evaluation: noisy and known spectrogram and the text, through a DiT of the whole length."""
    hidden, mels, rows = dims["hidden"], dims["mels"], batch * frames
    with rec.module("text"):
        _text(dims, rec, batch, frames)
    rec.linear(batch, 256, hidden, bias=True, name="time1")
    rec.linear(batch, hidden, hidden, bias=True, name="time2")
    rec.linear(rows, 2 * mels + dims["text_width"], hidden, bias=True, name="inputs")
    x = Map(batch, hidden, 1.0, frames)
    for _ in range(2):
        rec.conv(x, hidden, (1, dims["conv_kernel"]), groups=dims["conv_groups"], bias=True, name="position")
        rec.pointwise(x.elements, name="mish")
    with rec.module("layers", copies=float(dims["layers"])):
        rec.linear(batch, hidden, 6 * hidden, bias=True, name="modulation")
        _dit_layer(dims, rec, batch, frames)
    rec.linear(batch, hidden, 2 * hidden, bias=True, name="modulation")
    rec.norm(x.elements, hidden, parameters=0)
    rec.linear(rows, hidden, mels, bias=True, name="output")


def _dit_layer(dims: Dims, rec: Recorder, batch: Any, frames: float) -> None:
    """Norms without weights, scaled, shifted and gated by the time: otherwise a transformer's layer."""
    values = dims["hidden"] * batch * frames
    transformer_layer(rec, batch, frames, dims["hidden"], heads=dims["heads"], ffn=dims["ffn"])
    # The layer's own norms have weights; these do not.
    rec.pointwise(0.0 * values, parameters=-4.0 * dims["hidden"], name="no_norm_weights")
    for name in ("scale", "gate", "scale", "gate"):
        rec.pointwise(values, reads=2.0, name=name)


def _text(dims: Dims, rec: Recorder, batch: Any, frames: float) -> None:
    """Characters, padded to the length of the speech, through ConvNeXt V2 blocks."""
    width, rows = dims["text_width"], batch * frames
    rec.embedding(rows, dims["text"], width, name="characters")
    for _ in range(dims["text_blocks"]):
        rec.conv(Map(batch, width, 1.0, frames), width, (1, 7), groups=width, bias=True, name="depthwise")
        rec.norm(width * rows, width)
        rec.linear(rows, width, 2 * width, bias=True, name="up")
        rec.pointwise(2 * width * rows, name="gelu")
        rec.norm(2 * width * rows, 2 * width, name="response_norm")
        rec.linear(rows, 2 * width, width, bias=True, name="down")
        rec.add(width * rows)
