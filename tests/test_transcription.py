"""Programs that transcribe: what each takes where a job says nothing, and what their beams share."""

from __future__ import annotations

import pytest

from whichgpu import api

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
