"""Text to sound in two networks: one makes a spectrogram, a vocoder makes sound of it.

Letters: B utterances, T frames of a spectrogram.

`seq_len` is the length of an utterance in frames; throughput counts samples of audio.
Dimensions: `spectrogram` and `vocoder` (ids of workloads), `hop` (samples of a frame), `per_second`
(samples).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.workloads import speech
from whichgpu.workloads.families import fastpitch, hifigan, tacotron2, waveglow

if TYPE_CHECKING:
    from whichgpu.workloads.job import Dims, Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("infer",)
ADAPTERS = False
PHASE_ALIASES = {"generate": "infer"}
UNIT = "audio-samples"
DEFAULTS = speech.defaults(1.0, 1.0, seq_len=566.0)
_FAMILIES = {"fastpitch": fastpitch, "hifigan": hifigan, "tacotron2": tacotron2, "waveglow": waveglow}


def units(dims: Dims, job: Job) -> Any:
    """Samples of audio that a batch holds."""
    return speech.made(dims, job) * dims["hop"]


def forward(dims: Dims, job: Job, rec: Recorder) -> None:
    """(B, characters) -> (B, T, mels) -> (B, T hop)."""
    from whichgpu.workloads.workload import resolve

    for part, lengthened in (("spectrogram", 1.0), ("vocoder", dims["hop"])):
        item = resolve(dims[part])
        with rec.module(part):
            _FAMILIES[item.family].forward(item.dims, replace(job, seq_len=job.seq_len * lengthened), rec)
