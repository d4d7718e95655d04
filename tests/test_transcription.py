"""Programs that transcribe: what each takes where a job says nothing, and what their beams share."""

from __future__ import annotations

import pytest

from whichgpu import api
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.hardware.catalogue import catalogue

CARD = {"gpu": "rtx-3070-ti", "precision": "fp16"}


@pytest.mark.parametrize(
    ("runtime", "known", "batch", "beam"),
    [
        ("faster-whisper 1.0", "ctranslate2", 1, "5"), ("faster-whisper batched", "ctranslate2", 8, "5"),
        ("WhisperX", "ctranslate2", 8, "5"), ("openai/whisper", "openai-whisper", 1, "5"),
        ("whisper.cpp", "whisper-cpp", 1, "5"), ("Hugging Face Transformers", "transformers", 16, None),
    ],
)  # fmt: skip
def test_a_program_has_its_own_habits(runtime, known, batch, beam):
    answer = api.predict("whisper-small", runtime=runtime, **CARD)
    assert answer.runtime == known
    assert answer.job.batch == batch
    assert answer.job.options.get("beam") == beam
    own = api.predict("whisper-small", runtime=runtime, batch=4, options={"beam": "2"}, **CARD)
    assert (own.job.batch, own.job.options["beam"]) == (4, "2")


def test_the_word_for_it_changes_nothing():
    words = ("infer", "generate", "transcribe", "asr")
    said = [api.predict("whisper-small", phase=one, runtime="transformers", **CARD) for one in words]
    assert len({one.throughput.mid for one in said}) == 1


def test_beams_share_the_states_of_their_window():
    one, five = (
        api.predict("whisper-large-v2", batch=8, options={"beam": beam}, **CARD) for beam in ("1", "5")
    )
    # 8 x 32 layers x 2 x 1,500 states x 1,280 in 16 bits; of tokens, 5 x 100 at the most.
    assert one.memory["kv_cache"] == pytest.approx(8 * 32 * 2 * 1500 * 1280 * 2, rel=0.1)
    assert one.memory["kv_cache"] < five.memory["kv_cache"] < 1.5 * one.memory["kv_cache"]
    assert five.throughput.mid < one.throughput.mid


def test_a_decoder_that_is_written_out_is_slower_on_one_host():
    library, original = (
        api.predict("whisper-medium", batch=1, runtime=name, options={"beam": "1"}, **CARD)
        for name in ("PyTorch 2", "openai-whisper")
    )
    assert 1.2 < library.throughput.mid / original.throughput.mid < 4.0


def test_a_model_of_sound_and_language_is_measured_by_what_it_hears():
    row = {
        "id": "1",
        "workload": "voxtral-mini-3b",
        "gpu": "a100-80gb-sxm",
        "precision": "bf16",
        "batch": "8",
    }
    row |= {"runtime": "transformers", "metric": "throughput", "unit": "RTFx"}
    phases = ("", "infer", "transcription", "ASR")
    said = list(predict_rows([{**row, "phase": one} for one in phases], catalogue()))
    assert {one.error for one in said} == {""}
    assert len({one.value for one in said}) == 1
    # 100 tokens of 30 s, behind what the encoder hears: without it the same tokens come sooner.
    tokens = {**row, "phase": "generate", "unit": "tokens/s", "input_tokens": "16", "output_tokens": "100"}
    heard, unheard = predict_rows([{**tokens, "options": "sounds=1"}, tokens], catalogue())
    assert said[0].value == pytest.approx(0.3 * heard.value)
    assert unheard.value > heard.value
    silent = {**tokens, "unit": "audio seconds/s", "phase": "decode"}
    assert "sounds=1" in next(iter(predict_rows([silent], catalogue()))).error


@pytest.mark.parametrize(("metric", "unit"), [("throughput", "x"), ("", "x"), ("x", "")])
@pytest.mark.parametrize("workload", ["qwen2-audio-7b", "whisper-small"])
def test_times_real_time_count_seconds_of_audio(workload, metric, unit):
    row = {"id": "1", "workload": workload, "gpu": "a100-80gb-sxm", "precision": "bf16"}
    asks = ({"metric": metric, "unit": unit}, {"metric": "throughput", "unit": "RTFx"})
    short, plain = predict_rows([{**row, **ask} for ask in asks], catalogue())
    assert short.error == plain.error == ""
    assert short.value == plain.value


def test_a_transcription_is_one_job_in_a_table_and_at_the_command(whichgpu):
    """An instruction of 16 tokens and 30 s of speech, of which it writes 100."""
    stated = {"gpu": "a100-80gb-sxm", "precision": "bf16", "phase": "transcription"}
    row = {"id": "1", "workload": "qwen2-audio-7b", **stated, "metric": "throughput", "unit": "tokens/s"}
    [line] = predict_rows([row], catalogue())
    alone = api.predict("qwen2-audio-7b", **stated)
    assert alone.throughput.mid == pytest.approx(line.value)
    assert (alone.job.input_tokens, alone.job.output_tokens) == (16, 100)
    assert alone.job.options["sounds"] == "1"
    flags = [text for name, value in stated.items() for text in (f"--{name}", value)]
    assert whichgpu("predict", "qwen2-audio-7b", *flags, "--json").json["value"]["mid"] == pytest.approx(
        line.value
    )
    told = whichgpu("diagnose", "qwen2-audio-7b", *flags, "--measured", "20 RTFx")
    assert "audio seconds/s" in told.out


def test_what_is_stated_of_a_transcription_stays_and_a_program_of_speech_has_its_own():
    job = api.job("qwen2-audio-7b", phase="ASR", output_tokens=40, options={"sounds": "2"})
    assert (job.options["sounds"], job.input_tokens, job.output_tokens) == ("2", 16, 40)
    plain, speech = api.job("qwen2-audio-7b", phase="generate"), api.job("whisper-small", phase="ASR")
    assert "sounds" not in {**plain.options, **speech.options}
    assert (plain.input_tokens, speech.output_tokens) == (None, None)


def test_a_language_model_that_hears_is_a_module_of_pytorch_under_nemo():
    """NVIDIA's card of Canary-Qwen: SALM.from_pretrained(..).generate(..) of nemo.collections.speechlm2."""
    heard = api.predict("canary-qwen-2.5b", "a100-80gb-sxm", phase="generate", runtime="NeMo", batch=16)
    assert heard.runtime == "transformers"


def test_diarization_takes_its_batch_as_windows():
    """A window a second, as pyannote.audio counts segmentation_batch_size."""
    few, many = (api.predict("pyannote-diarization-3.1", "t4", precision="fp32", batch=b) for b in (10, 32))
    assert many.throughput.mid > few.throughput.mid
