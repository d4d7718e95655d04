"""RNN-T: speech to text by an LSTM encoder, an LSTM over what was written so far, and a joint network.

Graves, "Sequence Transduction with Recurrent Neural Networks"; He et al., "Streaming End-to-end Speech
Recognition", in MLPerf's size. Three feature frames are spliced into one step of 30 ms; behind the first
encoder layers two steps are stacked. Greedy decoding asks the joint network once for each encoder step
and once more for each character; training has a lattice of all steps by all characters.
Letters: B utterances, T encoder steps, U characters, V characters of the alphabet and the blank.

Dimensions: `inputs`, `encoder` (hidden), `before`, `after` (layers before and behind the stacking),
`stack`, `prediction` (hidden), `prediction_layers`, `joint`, `classes`, `step_seconds` (of an encoder
input), `seconds` (of an utterance), `chars_per_second`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.workloads import recurrent

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer", "train")
OPTIONS = ("seconds",)
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "utterances"
OPTIMIZER = "adamw"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "infer": {"batch": 2048.0, "precision": "fp16"},
    "train": {"batch": 64.0, "precision": "amp-fp16"},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, steps, inputs) -> (B, U) characters; option `seconds` of an utterance."""
    seconds = job.option("seconds", dims["seconds"], 0.1)
    steps = seconds / dims["step_seconds"]
    stacked, chars = steps / dims["stack"], dims["chars_per_second"] * seconds
    with rec.module("encoder"):
        _encoder(dims, rec, job.batch, steps, stacked)
    transduce(dims, job, rec, stacked, chars)


def transduce(dims: Dims, job: Job, rec: Recorder, steps: float, chars: float) -> None:
    """(B, T, encoder) -> (B, U): the network over what was written, and the joint one."""
    if job.trains:
        with rec.module("prediction"):
            prediction(dims, rec, job.batch, chars)
        with rec.module("joint"):
            _joint(dims, rec, job.batch * steps, job.batch * chars, job.batch * steps * chars)
            rec.pointwise(dims["classes"] * job.batch * steps * chars, keeps=2.0, wide=True, name="loss")
        return
    with rec.module("prediction", repeats=chars):
        prediction(dims, rec, job.batch, 1.0)
    with rec.module("joint", repeats=chars + (1.0 - dims.get("skipped", 0.0)) * steps):
        _joint(dims, rec, job.batch, job.batch, job.batch)
        for _ in range(4):
            rec.pointwise(dims["classes"] * job.batch, name="choose")


def _encoder(dims: Dims, rec: Recorder, batch: Any, steps: float, stacked: float) -> None:
    """(B, steps, inputs) -> (B, T, hidden)."""
    hidden, width = dims["encoder"], dims["inputs"]
    for _ in range(dims["before"]):
        recurrent.layer(rec, batch, steps, width, hidden)
        rec.dropout(hidden * batch * steps)
        width = hidden
    rec.copy(hidden * batch * steps, name="stack")
    width = dims["stack"] * hidden
    for _ in range(dims["after"]):
        recurrent.layer(rec, batch, stacked, width, hidden)
        rec.dropout(hidden * batch * stacked)
        width = hidden


def prediction(dims: Dims, rec: Recorder, batch: Any, chars: float) -> None:
    """(B, U) -> (B, U, hidden); the blank has no row in the table."""
    hidden = dims["prediction"]
    rec.embedding(batch * chars, dims["classes"] - 1, hidden, name="characters")
    for _ in range(dims["prediction_layers"]):
        recurrent.layer(rec, batch, chars, hidden, hidden)
        rec.dropout(hidden * batch * chars)


def _joint(dims: Dims, rec: Recorder, sound: Any, text: Any, pairs: Any) -> None:
    """Dense layers on either side, their sum, ReLU, and the characters' scores for all pairs."""
    joint = dims["joint"]
    rec.linear(sound, dims["encoder"], joint, bias=True, name="sound")
    rec.linear(text, dims["prediction"], joint, bias=True, name="text")
    rec.add(joint * pairs)
    rec.pointwise(joint * pairs, name="relu")
    rec.dropout(joint * pairs)
    rec.linear(pairs, joint, dims["classes"], bias=True, name="scores")
