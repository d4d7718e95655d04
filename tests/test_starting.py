"""What vLLM has for its KV cache once it has measured itself, against what its logs and errors say.

Sources: vllm-project/vllm issues 10517 (Llama 3.1 8B on a 3090), 13061 (a Qwen2.5 14B on two 4090s), 13882
(Qwen2.5 7B by AWQ in 8 GB), pull request 2031 (Llama 2 7B on an A100); QwenLM/Qwen3 issue 16 (Qwen1.5 7B by
GPTQ on a 3090); BatsResearch/bonito issue 7 (a Mistral 7B on an A10G).
"""

from __future__ import annotations

import numpy as np
import pytest

import whichgpu
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory import replica_memory, starting
from whichgpu.errors import Infeasible, UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()
GIB = 2.0**30


def serve(name: str, runtime: str, *, length: int = 0, share: float = 0.0, **columns) -> Job:
    options = {"max_model_len": str(length)} if length else {}
    options |= {"gpu_memory_utilization": str(share)} if share else {}
    options |= columns.pop("options", {})
    columns |= {"input_tokens": 512, "output_tokens": 64, "options": options}
    return Job(name, phase="serve", runtime=runtime, **columns)


def tokens(job: Job, gpu: str) -> float:
    """Tokens that the cache of a server holds."""
    done = settle(job)
    kept = replica_memory.cache(done.workload, done.job, done.runtime, Devices.of([GPUS[gpu]]))
    return kept.room / kept.token


TWO = {"tp": 2, "n_gpus": 2}


#: Workload, GPU, runtime, longest sequence, share, columns, tokens of the cache published, whether it starts.
LOGS = [
    ("llama-3.1-8b", "rtx-3090", "vllm 0.6.4", 20000, 0, {"precision": "bf16"}, 31232, True),
    ("llama-3.1-8b", "rtx-3090", "vllm 0.6.4", 29000, 0, {"precision": "bf16"}, 23648, False),
    ("qwen2.5-14b", "rtx-4090", "vllm 0.7", 131072, 0.98, {"precision": "bf16", **TWO}, 81536, False),
    ("llama-2-7b", "a100-80gb-sxm", "vllm 0.2.5", 4096, 0, {"precision": "fp16"}, 117616, True),
    ("qwen1.5-7b", "rtx-3090", "vllm 0.3", 32768, 0, {"precision": "w4a16-g128"}, 24320, False),
    ("mistral-7b", "a10g", "vllm 0.3", 32768, 0, {"precision": "bf16"}, 16816, False),
]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log[0]} {log[3]}")
def test_the_cache_is_what_the_log_says(log) -> None:
    """Within 11 %, and the server starts where it did: "The model's max seq len (29000) is larger than"."""
    name, gpu, runtime, length, share, columns, published, starts = log
    job = serve(name, runtime, length=length, share=share, **columns)
    assert tokens(job, gpu) == pytest.approx(published, rel=0.11)
    where = f"{gpu}:{columns.get('n_gpus', 1)}"
    assert whichgpu.fit(job, [where]).answers[0].fits is starts


def test_a_share_without_room_for_a_cache_is_said_so() -> None:
    """5.60 GiB of 8: weights 5.20, the sampler 1.42 (152,064 logits of 256 sequences), cache -1.05."""
    job = serve("qwen2.5-7b", "vllm 0.7", length=4096, share=0.70, precision="w4a16-g128")
    found = whichgpu.fit(job, ["rtx-4060"]).answers[0]
    assert not found.fits
    assert found.parts["activations"] == pytest.approx(1.42 * GIB, rel=0.01)
    assert any("has no room for a cache in 70% of the card" in note for note in found.notes)


def test_a_pass_of_whole_prompts_has_a_gate_its_function_and_three_tensors_of_the_width() -> None:
    """Llama 3.1 8B: 2 B x (3 x 14,336 + 3 x 4,096) a token; 17.06 - 14.99 GiB at 20,000, 17.98 at 29,000."""
    for length, peak in ((20000, 2.07), (29000, 2.99)):
        job = serve("llama-3.1-8b", "vllm 0.6.4", length=length, precision="bf16")
        found = whichgpu.fit(job, ["rtx-3090"]).answers[0]
        assert found.parts["activations"] == pytest.approx(peak * GIB, rel=0.01)


def test_the_longest_that_starts_is_the_longest() -> None:
    options = {"max_num_seqs": "256"}
    asked = serve("llama-3.1-8b", "vllm 0.11", length=131072, options=options)
    found = whichgpu.fit(asked, ["l4"]).answers[0]
    assert not found.fits
    change = next(one for one in found.changes if one.kind == "context")
    length = int(change.option.rpartition("=")[2])
    for more, fits in ((0, True), (2, False)):
        job = serve("llama-3.1-8b", "vllm 0.11", length=length + more, options=options)
        assert whichgpu.fit(job, ["l4"]).answers[0].fits is fits


def test_prompts_that_are_cut_take_less_than_shorter_ones_that_are_not() -> None:
    """The same reporter ran 20,000 and 35,000 tokens, and not 29,000."""
    found = [
        whichgpu.fit(serve("llama-3.1-8b", "vllm 0.6.4", length=length, precision="bf16"), ["rtx-3090"])
        for length in (20000, 29000, 35000)
    ]
    assert [one.answers[0].fits for one in found] == [True, False, True]
    assert any("beyond 32,768 tokens in pieces" in note for note in found[1].answers[0].notes)


def test_a_recurrence_has_one_state_however_long_its_prompt_is() -> None:
    """Qwen3.5 27B: the pass has 2,048 tokens of a layer's function, and not as many states."""
    job = serve("qwen3.5-27b", "vllm", length=32768, precision="fp8")
    assert whichgpu.fit(job, ["l40s"]).answers[0].parts["activations"] < 2.0 * GIB


def test_more_of_the_card_is_more_cache_and_nothing_else() -> None:
    rooms = [tokens(serve("llama-3.1-8b", "vllm", share=share), "l40s") for share in (0.7, 0.8, 0.9)]
    assert np.diff(rooms) == pytest.approx([rooms[1] - rooms[0]] * 2)
    card = GPUS["l40s"].need("memory")
    assert rooms[1] - rooms[0] == pytest.approx(0.1 * 0.99 * card / 131072, rel=1e-6)


def test_without_either_option_nothing_is_measured() -> None:
    done = settle(serve("llama-3.1-8b", "vllm"))
    assert not starting.profiles(done.runtime, done.job)


@pytest.mark.parametrize(("option", "value", "said"), [
    ("gpu_memory_utilization", "1.2", "1.2 is more than the whole card; write gpu_memory_utilization=0.9"),
    ("gpu_memory_utilization", "most", "'most' is no number"),
    ("max_model_len", "0", "0 is below 1"),
])  # fmt: skip
def test_what_cannot_be_is_refused(option, value, said) -> None:
    with pytest.raises(UsageError, match=said):
        whichgpu.fit(serve("llama-3.1-8b", "vllm", options={option: value}), ["l4"])


def test_engines_that_do_not_read_them_say_so() -> None:
    unread = {"sglang": "max_model_len", "vllm": "mem_fraction_static", "tgi": "gpu_memory_utilization"}
    for runtime, option in unread.items():
        job = serve("llama-3.1-8b", runtime, options={option: "1"})
        assert any(f"ignored: {option}" in note for note in whichgpu.fit(job, ["l40s"]).answers[0].notes)


def test_sglang_shares_its_part_out_among_weights_and_cache() -> None:
    """vllm-project/vllm issue 21348: Qwen3 235B in FP8 on four H100s, "#tokens: 367404"."""
    job = serve(
        "qwen3-235b-a22b", "sglang", precision="fp8", tp=4, n_gpus=4,
        options={"mem_fraction_static": "0.93", "kv_precision": "bf16"},
    )  # fmt: skip
    assert tokens(job, "h100-80gb-sxm") == pytest.approx(367404, rel=0.06)
    found = whichgpu.fit(job, ["h100-80gb-sxm:4"]).answers[0]
    assert "activations" not in found.parts
    assert any("for its KV cache: sequences of up to" in note for note in found.notes)


#: vllm-project/vllm issues 23278, 27508 (H100), a log of 0.19 (A100): options, GiB of weights and of cache.
GPT_OSS = {
    "0.10.1": ("gpt-oss-120b", "h100-80gb-sxm", {}, 65.97, -2.14),
    "0.11.0": (
        "gpt-oss-120b", "h100-80gb-sxm", {"share": 0.95, "options": {"max_num_batched_tokens": "1024"}},
        65.97, 1.71,
    ),
    "0.19.0": ("gpt-oss-20b", "a100-80gb-sxm", {"share": 0.65}, 13.72, 36.56),
}  # fmt: skip


@pytest.mark.parametrize("release", GPT_OSS)
def test_experts_in_mxfp4_are_padded_and_logits_are_sorted(release) -> None:
    """2,880 wide experts of 2,880 are stored as 3,072 of 2,944; 1,024 sequences have 201,088 logits each."""
    name, gpu, told, weights, cache = GPT_OSS[release]
    job = serve(name, f"vllm {release}", length=131072, precision="mxfp4", **told)
    found = whichgpu.fit(job, [gpu]).answers[0]
    assert found.parts["weights"] == pytest.approx(weights * GIB, rel=0.005)
    held = sum(size for part, size in found.parts.items() if part != "kv_cache")
    assert (found.available - held) / GIB == pytest.approx(cache, abs=0.6)
    assert found.fits is (cache > 10.0)


def test_other_formats_and_engines_pad_nothing() -> None:
    def weights(runtime: str, precision: str) -> float:
        job = serve("gpt-oss-20b", runtime, precision=precision)
        return whichgpu.fit(job, ["h100-80gb-sxm"]).answers[0].parts["weights"]

    assert weights("vllm", "mxfp4") > 1.05 * weights("sglang", "mxfp4")
    assert weights("vllm", "bf16") == weights("sglang", "bf16")


def test_predict_refuses_what_would_not_start_and_times_what_would() -> None:
    asked = {"precision": "bf16", "concurrency": 4}
    with pytest.raises(
        Infeasible, match=r"it needs 22.0 GiB per GPU .* vLLM takes 90% of the card, 21.6 GiB"
    ):
        whichgpu.predict(serve("llama-3.1-8b", "vllm 0.6.4", length=29000, **asked), "rtx-3090")
    started, usual = (
        whichgpu.predict(serve("llama-3.1-8b", "vllm 0.6.4", length=length, **asked), "rtx-3090")
        for length in (20000, 0)
    )
    assert started.throughput.mid == pytest.approx(usual.throughput.mid, rel=0.02)


def test_meta_s_fp8_leaves_attention_in_16_bits() -> None:
    """Llama 3.1 405B on eight H100: vLLM 0.5.3 logged 57.8 GiB on each, with two layers in BF16 whole."""
    job = {"tp": 8, "n_gpus": 8, "options": {}}
    weights = {
        form: whichgpu.fit(serve("llama-3.1-405b", "vllm 0.5.3", precision=form, **job), ["h100-80gb-sxm:8"])
        .answers[0].parts["weights"]
        for form in ("fp8", "fbgemm-fp8")
    }  # fmt: skip
    assert weights["fbgemm-fp8"] == pytest.approx(57.8 * GIB, rel=0.035)
    attention = 126 * 2 * (16384**2 + 16384 * 1024)
    assert weights["fbgemm-fp8"] - weights["fp8"] == pytest.approx(attention / 8, rel=0.01)


@pytest.mark.parametrize(
    ("version", "driver"), [("0.2.5", 0), ("0.2.6", 1), ("0.5.3", 1), ("0.6.2", 1), ("0.6.4", 0)]
)
def test_some_releases_read_their_peak_off_the_driver(version: str, driver: int) -> None:
    """`torch.cuda.mem_get_info` of worker.py, which has the context and all that the allocator holds."""
    holds = settle(serve("llama-3.1-8b", f"vllm {version}", length=4096)).runtime.holds
    assert bool(holds.get("driver_read")) is bool(driver)
