"""Deep Speech 2: convolutions over a spectrogram, recurrent layers both ways, characters by CTC.

Amodei et al., "Deep Speech 2", in the widespread PyTorch variant: two convolutions, five LSTM layers
whose directions are added, batch normalisation before each but the first.
Letters: B utterances, F frequencies, T time steps, H hidden.

Dimensions: `frequencies`, `convs` ([channels, kernel, stride, padding], each pair frequency and time),
`hidden`, `layers`, `gates` (4: LSTM, 3: GRU), `classes`, `step_seconds`, `seconds` (of an utterance).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.workloads import recurrent

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("train", "infer")
OPTIONS = ("seconds",)
PHASE_ALIASES = {"pretrain": "train", "finetune_full": "train"}
UNIT = "utterances"
OPTIMIZER = "sgd"
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"runtime": "pytorch-2", "n_gpus": 1.0},
    "train": {"batch": 64.0, "precision": "fp32"},
    "infer": {"batch": 32.0, "precision": "fp16"},
}


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, 1, F, T) -> (B, T', classes); option `seconds` of an utterance."""
    batch, hidden = job.batch, dims["hidden"]
    rows, channels = dims["frequencies"], 1
    steps = np.floor(job.option("seconds", dims["seconds"], 0.5) / dims["step_seconds"])
    with rec.module("convolutions"):
        for out, kernel, stride, padding in dims["convs"]:
            before = channels * batch * rows * steps
            rows, steps = ((size + 2 * p - k) // s + 1 for size, k, s, p in
                           zip((rows, steps), kernel, stride, padding, strict=True))  # fmt: skip
            positions = batch * rows * steps
            rec.window(before, positions, channels, out, kernel[0] * kernel[1], bias=out,
                       backward="full" if channels > 1 else "weight")  # fmt: skip
            rec.norm(out * positions, out)
            rec.pointwise(out * positions, name="hardtanh")
            channels = out
    width = channels * int(rows)
    with rec.module("recurrent"):
        for layer in range(dims["layers"]):
            if layer:
                rec.norm(width * batch * steps, width)
            recurrent.layer(rec, batch, steps, width, hidden, gates=dims["gates"], directions=2)
            rec.add(hidden * batch * steps)
            width = hidden
    with rec.module("head"):
        rec.norm(width * batch * steps, width)
        rec.linear(batch * steps, width, dims["classes"], name="characters")
        rec.pointwise(dims["classes"] * batch * steps, keeps=2.0, wide=True, name="ctc")
