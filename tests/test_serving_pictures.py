"""Requests with pictures: their tokens are of the prompt, and the tower runs once for each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.settling import settle
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

H100 = catalogue()["h100-80gb-sxm"]
#: A picture is 2,880 tokens in five tiles.
SEEN = Job(
    "llava-next-llama3-8b", phase="serve", precision="bf16", runtime="vllm", input_tokens=100.0,
    output_tokens=200.0, concurrency=16.0,
)  # fmt: skip


def told(job: Job, **options: str):
    return estimate(replace(job, options=options), [H100]).at(0, 0)


def test_a_picture_s_tokens_are_of_the_prompt_and_need_room() -> None:
    plain, seen = told(SEEN), told(SEEN, images="1")
    assert seen.job.input_tokens == 100.0 + 2880.0
    assert seen.memory["kv_cache"] > 9.0 * plain.memory["kv_cache"]
    assert seen.throughput.mid < 0.8 * plain.throughput.mid
    assert told(SEEN, images="2").throughput.mid < seen.throughput.mid


def test_the_tower_takes_time_of_its_own() -> None:
    """As many tokens of text take less; what a prompt counts already is not added again."""
    text = told(replace(SEEN, input_tokens=2980.0))
    seen, counted = told(SEEN, images="1"), told(replace(SEEN, input_tokens=2980.0), pictures="1")
    assert seen.ttft.mid > text.ttft.mid
    assert counted.throughput.mid == pytest.approx(seen.throughput.mid)
    again = settle(seen.job).job
    assert again.input_tokens == seen.job.input_tokens


def test_cross_attention_looks_at_pictures_without_tokens_in_the_prompt() -> None:
    job = replace(SEEN, workload="llama-3.2-11b-vision")
    plain, seen = told(job), told(job, images="1")
    assert seen.job.input_tokens < 110.0
    assert seen.tpot.mid > plain.tpot.mid


def test_a_model_of_text_reads_none() -> None:
    job = replace(SEEN, workload="llama-3.1-8b")
    found = told(job, images="1")
    assert found.throughput.mid == pytest.approx(told(job).throughput.mid)
    assert any("llama-3.1-8b reads no images, which was ignored" in one for one in found.warnings)


def test_sound_is_heard_before_an_answer() -> None:
    found = told(replace(SEEN, workload="qwen2-audio-7b"), sounds="1")
    assert found.job.input_tokens == 100.0 + 750.0
    assert any("750 of each prompt's tokens are of its sounds" in one for one in found.warnings)


def test_a_curve_counts_them_too(whichgpu) -> None:
    words = ("predict", SEEN.workload, "--gpu", H100.id, "--precision", "bf16", "--curve", "--json")
    plain, seen = (whichgpu(*words, *more).json for more in ((), ("--option", "images=1")))
    assert seen["capacity"]["request_rate"] < 0.6 * plain["capacity"]["request_rate"]
