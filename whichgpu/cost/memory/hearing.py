"""What a program that makes speech into text holds beside its weights: keys and values, scores, buffers.

Whisper's decoder has two caches. Letters: L its layers, D width, S = 1,500 states of a window, T tokens of
it, W windows at once, b hypotheses of a beam:

    of what it hears   2 L S D W values, which hypotheses share; b times that where each has a copy
                       (`own_states`: `_expand_inputs_for_generation` of Transformers)
    of what it wrote   2 L T D b W values. Where the text of the last window goes before a window's
                       (`follows_text`: condition_on_previous_text of openai-whisper and faster-whisper), not
                       in a batch of them, T reaches all the positions that there are

What the encoder makes, two copies of one layer's scores among it where they lie in memory, is gone as the
caches come: the more of both moments counts.

whisper.cpp (`hears_ahead`, src/whisper.cpp) takes all of it before it hears anything, in bytes:

    written    2 L C D x 2 for C = T rounded up to 256, of b + 2 hypotheses, one alone, or three before 1.7.1
    heard      2 (L + 1) S D x 2 for S rounded up to 256: one layer's lies there once more
    convolutions   (2 S D + S D) x 4 + 3 S D x 2
    encoder    heads S^2 x 4 + 4 S D x 4, with flash attention 7 S D x 4
    crossing   S D x 4
    decoder    T (vocabulary + 2 D) x 4

and a graph of 4,096 nodes for each of the last four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.totals import fuller
from whichgpu.cost.memory.widths import widest
from whichgpu.workloads.language.vision import SOUND_SECONDS
from whichgpu.workloads.precision import precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

#: States of a window, and what ggml's caches come in multiples of.
_STATES, _CELLS = 1500.0, 256.0
#: Bytes of a value in caches and ggml's buffers; of a graph, 4,096 nodes of 368 B and their hash table.
_FP16, _FP32, _GRAPH = 2.0, 4.0, 1.57e6
#: Copies of one layer's scores: as products make them, and their softmax.
_COPIES = 2.0


def readied(workload: Workload, job: Job, stack: Runtime, devices: Devices) -> NDArray[np.float64]:
    """Seconds in which a thread of the host has the windows of a batch ready before the GPU starts, (G, J).

    Sound is decoded and made into spectra; a program that batches windows finds the speech first. Frameworks'
    Conformers are given files without compression, and make spectra on the GPU.
    """
    program = {"whisper": stack.id, "conformer": "" if job.trains or stack.infers else "files"}
    known = section("hearing").get(program.get(workload.family, ""))
    if not known:
        return np.zeros(())
    # What neighbouring windows share is decoded once.
    windows = np.asarray(workload.units(job), dtype=np.float64) / SOUND_SECONDS
    batched = (np.asarray(job.batch) > 1.0) | ("batched" in stack.marks)
    return np.asarray(windows * (known["read"] + known["find"] * batched) * devices.slowness)


def held(
    workload: Workload, job: Job, stack: Runtime, parts: Mapping[str, Any], ops: Sequence[Op]
) -> dict[str, Any]:
    """The parts of an inference, bytes on each GPU, with caches and buffers as its program has them."""
    if stack.holds.get("hears_ahead"):
        return {**parts, **_ahead(workload, job, stack)}
    heard, written = _caches(workload, job, stack)
    later = widest([op for op in ops if not op.module.startswith("encoder")])
    share = later / widest(ops)
    writing = {**parts, "activations": parts["activations"] * share, "kv_cache": heard + written}
    hearing = {**parts, "kv_cache": 0.0 * heard}
    if _in_memory(stack):
        windows = np.asarray(job.batch, dtype=np.float64)
        size = max(precision(job.precision).activation, _FP16)
        hearing["scores"] = _COPIES * size * float(workload.dims["heads"]) * _STATES**2 * windows
    return fuller(writing, hearing)


def _in_memory(stack: Runtime) -> bool:
    return bool(stack.holds.get("scores")) or not stack.flash


def _beams(job: Job) -> Any:
    return np.maximum(job.option("beam", 1.0, 1.0), 1.0)


def _caches(workload: Workload, job: Job, stack: Runtime) -> tuple[Any, Any]:
    """Bytes of keys and values of what is heard and of what is written."""
    dims, windows = workload.dims, np.asarray(job.batch, dtype=np.float64)
    token = 2.0 * float(dims["decoder"]) * float(dims["hidden"]) * precision(job.precision).kv
    # Windows that are heard at once know nothing of each other's text.
    follows = bool(stack.holds.get("follows_text")) & (windows <= 1.0)
    tokens = np.where(follows, float(dims["positions"]), np.asarray(job.output_tokens, dtype=np.float64))
    hypotheses = _beams(job) * windows
    copies = hypotheses if stack.holds.get("own_states") else windows
    return token * _STATES * copies, token * tokens * hypotheses


def _ahead(workload: Workload, job: Job, stack: Runtime) -> dict[str, Any]:
    """Parts that whisper.cpp takes as it starts, for each window that it hears at a time."""
    dims, windows = workload.dims, np.asarray(job.batch, dtype=np.float64)
    width, tokens = float(dims["hidden"]), float(dims["positions"])
    token, scores = 2.0 * float(dims["decoder"]) * width * _FP16, _in_memory(stack)
    beams = _beams(job)
    hypotheses = stack.holds.get("hypotheses", np.where(beams > 1.0, beams + 2.0, 1.0))
    cache = token * (_padded(tokens) * hypotheses + _padded(_STATES)) + 2.0 * width * _padded(_STATES) * _FP16
    one = _STATES * width
    layer = float(dims["heads"]) * _STATES**2 + 4.0 * one if scores else 7.0 * one
    values = 3.0 * one + layer + one + tokens * (float(dims["vocab"]) + 2.0 * width)
    buffers = _FP32 * values + _FP16 * 3.0 * one + 4.0 * _GRAPH
    return {"kv_cache": cache * windows, "activations": buffers * windows}


def _padded(cells: float) -> float:
    return float(np.ceil(cells / _CELLS) * _CELLS)
