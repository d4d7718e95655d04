"""Programs that make speech into text: caches of a beam, scores, buffers; what the host has ready."""

from __future__ import annotations

import pytest
from memory_jobs import GPUS, parts

from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import single
from whichgpu.cost.job.layout import lay_out
from whichgpu.workloads.job import Job

MIB = 2.0**20


def heard(runtime, model="large-v2", **columns):
    return parts(f"whisper-{model}", phase="infer", runtime=runtime, **{"precision": "fp16", **columns})


@pytest.mark.parametrize(
    ("model", "megabytes"),
    [("tiny", 273), ("base", 388), ("small", 852), ("medium", 2100), ("large-v2", 3900)],
)
def test_whisper_cpp_takes_what_its_readme_says(model, megabytes):
    """ggml-org/whisper.cpp, README.md, "Memory usage": weights, caches for three hypotheses, four buffers."""
    found = heard("whisper.cpp 1.6", model)
    assert sum(found.values()) - found["context"] == pytest.approx(megabytes * 1e6, rel=0.02)


def test_buffers_of_whisper_cpp_are_those_of_a_log():
    """Large-v3-turbo without flash attention: 36.13, 212.29, 9.25 and 99.10 MB; caches 10.49, 31.46, 7.86."""
    found = heard("whisper.cpp 1.7.2", "large-v3-turbo", options={"beam": "1"})
    assert found["activations"] == pytest.approx(356.77e6, rel=0.005)
    assert found["kv_cache"] == pytest.approx(49.81e6, rel=0.001)


def test_a_beam_of_whisper_cpp_has_two_hypotheses_more_and_flash_attention_no_scores():
    """560 MiB for the large model's own cache at a beam of five: ggml-org/whisper.cpp, pull request 2443."""
    today, alone = heard("whisper.cpp"), heard("whisper.cpp", options={"beam": "1"})
    assert today["kv_cache"] - alone["kv_cache"] == pytest.approx((560 - 80) * MIB)
    scores = heard("whisper.cpp 1.7.2")["activations"] - today["activations"]
    assert scores == pytest.approx(4.0 * (20 * 1500**2 - 3 * 1500 * 1280))


@pytest.mark.parametrize(
    ("runtime", "model", "precision", "batch", "mebibytes"),
    [
        ("faster-whisper", "large-v3", "fp16", 1, 4521),
        ("faster-whisper", "large-v3", "int8", 1, 2953),
        ("faster-whisper", "large-v3-turbo", "fp16", 1, 2537),
        ("faster-whisper batched", "large-v2", "fp16", 8, 6090),
        ("faster-whisper batched", "large-v2", "int8", 8, 4500),
        ("Transformers", "large-v2", "fp16", 1, 4960),
    ],
)
def test_peaks_of_whisper_are_those_published(runtime, model, precision, batch, mebibytes):
    """SYSTRAN/faster-whisper, README.md of 1.1 and issue 1030: beams of five, read off the device."""
    found = heard(runtime, model, precision=precision, batch=batch, options={"beam": "5"})
    assert sum(found.values()) == pytest.approx(mebibytes * MIB, rel=0.105)


def test_caches_follow_the_program():
    """Hypotheses share what is heard, or have a copy each; text that goes on fills all positions."""
    layer = 32 * 2 * 1280 * 2.0
    alone = heard("faster-whisper", batch=1, output_tokens=100)
    assert alone["kv_cache"] == pytest.approx(layer * (1500 + 5 * 448))
    batched = heard("faster-whisper batched", batch=8, output_tokens=100, options={"beam": "5"})
    assert batched["kv_cache"] == pytest.approx(8 * layer * (1500 + 5 * 100))
    copies = heard("Transformers", batch=1, output_tokens=100, options={"beam": "5"})
    assert copies["kv_cache"] == pytest.approx(5 * layer * (1500 + 100))


def test_the_host_has_the_sound_ready_before_the_gpu_starts():
    """Decoding and spectra for each window, and finding speech for batches of them; a desktop is faster."""

    def waits(runtime, gpu="v100-32gb-pcie", **more):
        job = Job("whisper-large-v2", phase="infer", precision="fp16", runtime=runtime, **more)
        return float(lay_out(job, [GPUS[gpu]]).work.communication.max())

    # A window starts where the last whole segment ended, 27 s on: each second is read once.
    one = waits("faster-whisper", batch=1.0)
    assert one == pytest.approx(0.9 * 0.16)
    assert waits("faster-whisper", batch=8.0) == pytest.approx(0.9 * 8 * 0.28)
    assert waits("faster-whisper batched") == waits("faster-whisper", batch=8.0)
    assert waits("faster-whisper", "rtx-2080-ti", batch=1.0) < one
    # ffmpeg decodes; windows of Transformers' pipeline share 5 s on either side.
    assert waits("openai-whisper", batch=1.0) == pytest.approx(0.9 * 0.089)
    assert waits("Transformers", batch=8.0) == pytest.approx(8 * 0.089 * 20.0 / 30.0)
    assert waits("whisper.cpp", batch=1.0) == 0.0


def test_conformers_have_files_read_for_them_but_in_training_and_under_engines():
    """0.1 ms for each second of sound, of 20 s an utterance."""

    def waits(phase="infer", runtime="NeMo 1.23"):
        job = Job("parakeet-ctc-0.6b", phase=phase, batch=128.0, runtime=runtime)
        return float(lay_out(job, [GPUS["a100-80gb-sxm"]]).work.communication.max())

    assert waits() == pytest.approx(128 * 20.0 * 1e-4)
    assert waits("train") == waits(runtime="TensorRT 10") == 0.0


def test_int8_of_ctranslate2_runs_on_volta():
    """Its README ran large-v2 in INT8 on a V100S, whose cores have dot products and no units for INT8."""
    job = Job("whisper-large-v2", runtime="faster-whisper", precision="int8")
    assert single(job, GPUS["v100-32gb-pcie"]).fits


@pytest.mark.parametrize(
    ("workload", "runtime", "said"),
    [("canary-1b", "NeMo 1.23", "known for other kinds of models"), ("canary-1b", "abacus", "is not known"),
     ("resnet50", "diffusers", "known for other kinds of models")],
)  # fmt: skip
def test_software_that_is_known_for_other_models_is_not_called_unknown(workload, runtime, said):
    gpu = [GPUS["a100-80gb-sxm"]]
    (told,) = (one for one in estimate(Job(workload, runtime=runtime), gpu).at(0, 0).warnings
               if one.startswith("runtime "))  # fmt: skip
    assert told.startswith(f"runtime '{runtime}' ")
    assert said in told
