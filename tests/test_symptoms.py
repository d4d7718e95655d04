"""What is seen beside a figure, and names and figures as forums have them."""

from __future__ import annotations

import pytest

from whichgpu.audit.measurement import told
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.diagnosis.symptoms import _denied, _seen

GPUS = catalogue()


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("GPU utilization jumps between 0 and 95 %", {"loading"}),
        ("nvidia-smi shows 35% util", {"loading"}),
        ("the data is on an HDD, num_workers=2", {"loading"}),
        ("the card sits at 91 C and 1100 MHz", {"clocks"}),
        ("on battery, power limit 80 W", {"power"}),
        ("the second card is in a PCIe 3.0 x4 slot", {"links"}),
        ("no NVLink", {"links"}),
        ("llama.cpp with -ngl 20", {"spilling"}),
        ("SDXL with --medvram", {"spilling"}),
        ("all CPU cores at 100%", {"loading", "processor", "spilling"}),
        ("--no-half", {"precision"}),
        ("--no-half-vae", set()),
        ("the other GPUs are idle", {"fewer"}),
        ("vLLM with --enforce-eager", {"eager"}),
        ("everything is padded to 512", {"size"}),
        ("padding='max_length'", {"size"}),
        ("batch 128 at 250 W and 40 C on PCIe x16, 8 workers", set()),
    ],
)
def test_what_points_to_a_cause(text, causes):
    assert causes <= {cause for cause, _ in _seen(text)}
    assert causes or not list(_seen(text))


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("nvidia-smi shows 99% util and 350 W", {"loading", "processor"}),
        ("the GPU sits at 98 %", {"loading", "processor"}),
        ("GPU is at 20 % and all CPU cores at 100 %", set()),
        ("with synthetic data", {"loading"}),
        ("62 C under load", {"clocks"}),
        ("91 C, 32 cores", set()),
        ("-ngl 99, fits in VRAM", {"spilling"}),
        ("PCIe 4.0 x16 and NVLink", {"links"}),
        ("no NVLink, x4", set()),
        ("a dedicated bare-metal machine, stock power limit", {"shared", "power"}),
    ],
)
def test_what_speaks_against_a_cause(text, causes):
    assert {cause for cause, _ in _denied(text)} == causes


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("only one CPU core is busy", {"host"}),
        ("GPU utilization is never 100%", set()),
        ("GPU utilization hardly ever gets to 99 %", set()),
        ("the GPU does not reach 100% utilization", set()),
        ("100 % utilization is never reached", set()),
        ("utilization of the GPUs fails to hit 98 %", set()),
        ("GPU never goes above 95 %", set()),
        ("the GPU stays below 95 %", set()),
        ("GPU should be at 100 %", set()),
        ("GPU util 20-100%", {"loading"}),
        ("GPU utilization: 20% to 100%", {"loading"}),
        ("GPU at 100% for a second, then it drops to 10 %", set()),
        ("GPU spikes to 100 % every second", set()),
        ("GPU memory usage is 99%", set()),
        ("99% GPU memory usage", set()),
        ("nvidia-smi shows 99% memory", set()),
        ("GPU fan at 100 %", set()),
        ("the GPU is idle 95 % of the time", {"loading"}),
        ("CPU at 100% usage", {"loading", "processor", "spilling"}),
        ("faster with synthetic data", {"loading"}),
        ("I have not tried dummy data", set()),
        ("there isn't any NVLink", {"links"}),
        ("the NVLink bridge is missing", {"links"}),
        ("without any NVLink", {"links"}),
        ("NVLink is not installed", {"links"}),
        ("nv-link bridge was not detected", {"links"}),
        ("NVLink: none", set()),
        ("if we had NVLink", set()),
        ("PCIe instead of NVLink", set()),
        ("PCIe x16 slot running at x4", {"links"}),
        ("it runs at x8 instead of x16", {"links"}),
        ("one card at x4 and the other at x16", set()),
        ("we hit the full power limit", {"power"}),
        ("not the default power limit", {"power"}),
        ("draws less than full power", set()),
        ("doesn't run at rated power", set()),
        ("45 C ambient", set()),
        ("40 C at idle", set()),
        ("the CPU is at 55 C", set()),
        ("from 45 C to 91 C", {"clocks"}),
        ("temperature above 60 C", set()),
        ("never reaches full boost", set()),
        # A clock that is told is tried (diagnosis/told.py), and is no word that points anywhere.
        ("1200 MHz of 1980 MHz max boost", set()),
        ("not a dedicated machine", set()),
        ("dedicated GPU memory 7.8 of 8 GB", set()),
        ("it does not fit in VRAM", set()),
        ("not all layers are on the GPU", {"spilling"}),
        ("fully offloaded to CPU", {"spilling"}),
    ],
)
def test_what_is_taken_back_speaks_against_nothing(text, seen):
    assert not list(_denied(text))
    assert {cause for cause, _ in _seen(text)} == seen


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("GPU utilization never drops below 98 %", {"loading", "processor"}),
        ("GPU doesn't fall below 97 % util", {"loading", "processor"}),
        ("GPU util 97-100%", {"loading", "processor"}),
        ("GPU memory usage is 60%, GPU util 99%", {"loading", "processor"}),
        ("CPU 12 %, GPU 99 %", {"loading", "processor"}),
        ("the CPU is idle and the GPU is at 100%", {"loading", "processor"}),
        ("99.5% utilization", {"loading", "processor"}),
        ("not sure why, GPU at 99%", {"loading", "processor"}),
        ("GPU isn't idle: it sits at 98 %", {"loading", "processor"}),
        ("no faster with synthetic data", {"loading"}),
        ("synthetic data is not faster", {"loading"}),
        ("there is an NVLink bridge", {"links"}),
        ("NVLink does not help", {"links"}),
        ("both with NVLink, no risers", {"links"}),
        ("I expected 900 images/s with NVLink", {"links"}),
        ("x16, not x4", {"links"}),
        ("PCIe 4.0 x16 without a riser", {"links"}),
        ("draws its full power of 350 W", {"power"}),
        ("without any power cap", {"power"}),
        ("room at 30 C, GPU at 62 C", {"clocks"}),
        ("temperatures never above 65 C", {"clocks"}),
        ("it isn't throttling", {"clocks"}),
        ("holds max boost", {"clocks"}),
        ("all layers offloaded to the GPU", {"spilling"}),
        ("no offload: it fits in VRAM", {"spilling"}),
    ],
)
def test_what_is_not_taken_back_points_to_nothing(text, causes):
    assert {cause for cause, _ in _denied(text)} == causes
    assert not list(_seen(text))


def test_two_things_that_point_to_a_cause_count_for_more_than_one(whichgpu):
    ask = "RTX 3080 trains ResNet-50 at 420 images/s, amp batch 64"

    def share(text):
        causes = whichgpu("diagnose", f"{ask}; {text}", "--json").json["causes"]
        return next(one["probability"] for one in causes if one["id"] == "clocks")

    assert share("92 C") < share("92 C and it throttles")
    assert share("55 C") < share("a blue case")


def test_a_busy_gpu_does_not_wait_for_data(whichgpu):
    ask = "My RTX 4090 trains ResNet-50 at 480 images/s, batch 128, in mixed precision"
    first = whichgpu("diagnose", ask, "--json").json["causes"][0]["id"]
    busy = whichgpu("diagnose", f"{ask}; nvidia-smi shows 99 % util", "--json")
    assert first == "loading" != busy.json["causes"][0]["id"]
    assert {"cause": "loading", "words": "nvidia-smi shows 99 %"} in busy.json["denied"]
    text = whichgpu("diagnose", f"{ask}; nvidia-smi shows 99 % util").out
    assert "'nvidia-smi shows 99 %' speaks against data loading" in " ".join(text.split())


@pytest.mark.thorough
def test_what_is_seen_goes_before_what_is_usual(whichgpu):
    ask = "ResNet-50 trains at 820 img/s on 4x RTX 3090 with AMP, batch 64 per GPU"
    plain = whichgpu("diagnose", ask, "--json").json
    seen = whichgpu("diagnose", f"{ask}; GPU util jumps between 0 and 100 %", "--json").json
    assert plain["seen"] == []
    assert plain["causes"][0]["id"] != "loading"
    assert seen["causes"][0]["id"] == "loading"
    assert seen["seen"] == [{"cause": "loading", "words": "GPU util jump"}]
    assert sum(one["probability"] for one in seen["causes"]) + seen["normal"] == pytest.approx(1.0)
    assert "'GPU util jump' points to data loading" in whichgpu("diagnose", f"{ask}; GPU util jumps").out


def test_who_names_no_engine_may_run_on_the_processor(whichgpu):
    ask = "3 tokens/s with llama 3 8b on an RTX 3080 10GB, nvidia-smi shows 0% gpu"
    found = whichgpu("diagnose", ask, "--json").json
    assert "processor" in [one["id"] for one in found["causes"][:2]]


def test_a_speed_up_over_slow_links_is_of_larger_steps(whichgpu):
    found = whichgpu("diagnose", "GPT-2 medium trains 1.9x faster on 2x RTX 3090 than on one", "--json").json
    assert found["verdict"] == "normal"
    assert "neither grad_accum nor global_batch was given: 2048 micro-batches" in str(found["warnings"])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("vLLM on an L4, llama 3 8B: 'Avg generation throughput: 250 tokens/s'", ("gpu", "l4")),
        ("exllamav2 4.0bpw Mixtral 8x7B on a 3090: 55 t/s", ("precision", "4.0bpw")),
        ("faster-whisper large-v3 on a T4 takes 12 minutes for a 60 minute file", ("figure", "5x realtime")),
        ("GPT-2 on 1xA100 40GB: others get 135 ms/iter, my A100 does 980ms/iter", ("figure", "980ms/iter")),
        ("GPT-2 on an A100 40GB: 135 ms/iter is what they get, I see 980ms/iter", ("figure", "980ms/iter")),
        ("ResNet-50 inference on a MIG 1g.10gb slice of an A100 80GB SXM: 430 images/s",
         ("gpu", "a100-80gb-sxm:mig-1g.10gb")),
        ("bandwidth of my A100-SXM4-40GB is 1150 GB/s, spec is 1555 GB/s", ("figure", "1150 GB/s")),
        ("A1111 on an RTX 4070: 512x512 Euler a gives 4.1 it/s", ("workload", "stable-diffusion-1.5")),
        ("ComfyUI on an RTX 4070: 1024x1024 gives 1.1 it/s", ("workload", "sdxl")),
        ("a 13B model in GPTQ on a 3090: 30 t/s", ("workload", "llama-2-13b")),
        ("BERT-large on an A30 with TensorRT: 180 req/s", ("figure", "180 req/s")),
        ("Llama 3 70B finetune on 8x H100 SXM, MFU is only 11%, GPUs at 320W of 700W", ("figure", "MFU 11%")),
        ("55 tokens/s prompt processing and 3 tokens/s generation, llama 3 8b, RTX 3080 10GB",
         ("figure", "3 tokens/s")),
        ("the others are fine - ResNet-152 on a T4: 31 images/s", ("workload", "ResNet-152")),
        ("oobabooga with load_in_4bit, llama-2-13b on a 3090: 12 t/s", ("precision", "nf4")),
        ("llama 2 13b in 8bit, oobabooga, RTX 3090: 7 t/s", ("runtime", "oobabooga bitsandbytes")),
        ("llama 2 13b in GPTQ, oobabooga, RTX 3090: 30 t/s", ("runtime", "oobabooga")),
        ("torch matmul in bf16 on an H100 PCIe: 410 TFLOPS", ("runtime", "")),
    ],
)  # fmt: skip
def test_a_run_as_a_forum_tells_it(text, read):
    one = told(text, GPUS)
    name, expected = read
    assert (getattr(one, name) if hasattr(one, name) else one.columns.get(name, "")) == expected
