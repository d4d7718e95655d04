"""Models of the weather, of proteins, voices, shapes and pictures that came late, by names as typed."""

from __future__ import annotations

import pytest

from whichgpu import api
from whichgpu.errors import UnknownName
from whichgpu.workloads.counts import counts
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.workload import resolve


def work(name: str, phase: str, **columns: float) -> float:
    """FLOP of the products of a job."""
    item = resolve(name)
    return float(product_flops(item.trace(item.complete(Job(name, phase=phase, **columns)))))


@pytest.mark.parametrize(
    ("name", "known", "millions"),
    [
        ("GraphCast", "graphcast", 36.7), ("Pangu-Weather", "pangu-weather", 64),
        ("microsoft/aurora", "aurora-1.3b", 1300), ("FourCastNet", "fourcastnet", 74.7),
        ("ProteinMPNN", "proteinmpnn", 1.66), ("AlphaFold 3", "alphafold-3", 368), ("scGPT", "scgpt", 51),
        ("RFdiffusion", "rfdiffusion", 60), ("surya ocr", "surya-rec2", 364),
        ("microsoft/speecht5_asr", "speecht5-asr", 151.2),
        ("pyannote/speaker-diarization-3.1", "pyannote-diarization-3.1", 8.1),
        ("Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice", "qwen3-tts-1.7b", 1917),
        ("GSAI-ML/LLaDA-8B-Instruct", "llada-8b", 8016),
        ("Dream-org/Dream-v0-Instruct-7B", "dream-7b", 7616), ("openbmb/MiniCPM-V-4", "minicpm-v-4", 4060),
        ("microsoft/Phi-4-mini-flash-reasoning", "phi-4-mini-flash", 3850),
        ("timbrooks/instruct-pix2pix", "instruct-pix2pix", 1066),
        ("centernet hourglass-104", "centernet-hourglass104", 191),
        ("Geneformer V2-316M", "geneformer v2-316m", 316),
        ("depth-anything/DA3-LARGE", "depth-anything/da3-large", 335),
        ("isnet-general-use", "isnet-general-use", 44),
    ],
)  # fmt: skip
def test_what_was_missing_has_its_published_size(name: str, known: str, millions: float) -> None:
    found = resolve(name)
    assert found.id == known
    assert counts(found).parameters / 1e6 == pytest.approx(millions, rel=0.06)


def test_a_picture_that_guides_is_a_third_pass() -> None:
    """Brooks et al. 2023, InstructPix2Pix, section 3.2.1: two scales, three passes of a step."""
    plain, edited = (
        work(name, "generate", steps=20.0) for name in ("stable-diffusion-1.5", "instruct-pix2pix")
    )
    assert 1.45 < edited / plain < 1.6


def test_answers_that_fill_in_blanks_read_all_of_it_in_each_step() -> None:
    """128 steps over 256 tokens, where a model of one token after another passes over each once."""
    once = work("llada-8b", "train", batch=1.0, seq_len=256.0)
    whole = work("llada-8b", "infer", batch=1.0, seq_len=256.0)
    assert whole == pytest.approx(128 * once / 3, rel=0.02)


def test_voices_of_a_window_are_told_apart_about_as_fast_as_published() -> None:
    """pyannote.audio, README.md: 2.5 % of the time of a recording on a V100, of FP32."""
    found = api.predict("pyannote-diarization-3.1", "v100-32gb-sxm", precision="fp32").to_dict()
    assert found["value"]["low"] < 1 / 0.025 < found["value"]["high"]


@pytest.mark.parametrize("name", ["paddleocr", "align", "orpheus tts 7b"])
def test_a_family_with_more_than_a_size_behind_it_is_not_guessed(name: str) -> None:
    with pytest.raises(UnknownName):
        resolve(name)


def test_a_family_of_one_size_needs_none() -> None:
    assert resolve("orpheus").id == "orpheus-3b"
    assert resolve("layoutlmv3").id == "layoutlmv3-base"
