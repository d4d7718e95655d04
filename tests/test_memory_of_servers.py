"""What a server without an engine holds: a prompt's pass, llama.cpp's buffer, several windows of speech."""

from __future__ import annotations

import re

import pytest

import whichgpu
from tests.memory_jobs import GIB, parts, total

MIB = 2.0**20
ONE = {"input_tokens": 16383.0, "output_tokens": 1.0, "batch": 1.0}


def asked(workload: str, gpu: str, **columns):
    return whichgpu.fit(workload, gpu, **columns).to_dict()


@pytest.mark.parametrize(
    ("workload", "tokens", "logged"),
    [("llama-3.1-8b", 131072.0, 8480.0), ("llama-3-8b", 8192.0, 560.0), ("llama-2-7b", 4096.0, 296.0)],
)
def test_llama_cpp_takes_its_compute_buffer_as_a_server_too(workload, tokens, logged):
    """Its log's "compute buffer size" without flash attention, in MiB, for a context of so many tokens."""
    job = {
        "precision": "q4_k_m",
        "runtime": "llama.cpp b3000",
        "input_tokens": tokens - 1.0,
        "output_tokens": 1.0,
    }
    served = parts(workload, phase="serve", **job)
    assert served["activations"] / MIB == pytest.approx(logged, rel=0.03)
    assert sum(served.values()) == pytest.approx(total(workload, phase="decode", **job), rel=0.001)


def test_llama_cpp_leaves_nothing_empty_beside_its_cache():
    """What is allocated for a context is all of it; an engine's cache has a share of what is left."""
    job = {"precision": "q4_k_m", "input_tokens": 131071, "output_tokens": 1, "phase": "serve"}
    found = asked("llama-3.1-8b", "h200-141gb-sxm", runtime="llama.cpp", **job)["parts"]
    assert found.get("kv_reserve", 0.0) == 0.0
    assert asked("llama-3.1-8b", "h200-141gb-sxm", runtime="vLLM", **job)["parts"]["kv_reserve"] > GIB


@pytest.mark.parametrize("runtime", ["llama.cpp b3000", "llama.cpp", "Ollama 0.5"])
def test_as_many_slots_fit_as_their_scores_leave_room_for(runtime):
    job = {"precision": "q4_k_m", "runtime": runtime, "input_tokens": 8191, "output_tokens": 1}
    most = asked("llama-3.1-8b", "rtx-3060-12gb", concurrency="max", **job)
    assert most["fits"]
    assert most["required"] <= most["available"]
    count = most["job"]["concurrency"]
    if count < 4:
        more = asked("llama-3.1-8b", "rtx-3060-12gb", concurrency=count + 1, **job)
        assert more["verdict"] != "fits" == most["verdict"]


@pytest.mark.parametrize(
    ("workload", "precision", "runtime"),
    [
        ("llama-3.1-8b", "fp16", "Transformers 4.46"),
        ("llama-3.1-8b", "fp16", "Transformers 4.30"),
        ("llama-2-7b", "fp16", "Transformers 4.30"),
        ("gemma-2-9b", "bf16", "Transformers 4.46"),
        ("qwen2.5-7b", "nf4", "PyTorch 2.5"),
        ("gpt-oss-20b", "mxfp4", "Transformers"),
    ],
)
def test_a_program_without_an_engine_needs_the_same_to_serve_one_request(workload, precision, runtime):
    """Its prompt goes through in one pass, scores, logits of all tokens, a cache held twice and all."""
    job = {**ONE, "precision": precision, "runtime": runtime}
    served = parts(workload, phase="serve", **job)
    made = total(workload, phase="generate", **job)
    assert sum(served.values()) == pytest.approx(made, rel=0.02)


def test_attention_is_the_librarys_where_no_engine_serves():
    for runtime in ("Transformers", "Ollama 0.5", "llama.cpp"):
        job = {"runtime": runtime, "seq_len": 16384}
        kept, fused = (
            asked("llama-3.1-8b", "h200-141gb-sxm", options={"flash_attention": text}, **job)
            for text in ("false", "true")
        )
        assert kept["required"] > fused["required"] + 0.7 * GIB, runtime
        assert not any("flash_attention" in note for note in (*kept["notes"], *fused["notes"])), runtime
    engine = asked("llama-3.1-8b", "h200-141gb-sxm", runtime="vLLM", options={"flash_attention": "false"})
    assert any("ignored: flash_attention" in note for note in engine["notes"])


def test_windows_of_a_batch_follow_no_text():
    """Alone one may have all 448 positions behind it; of a batch each has the tokens of its own answer."""
    job = {"precision": "fp16", "runtime": "faster-whisper", "output_tokens": 100.0, "options": {"beam": "5"}}
    one, eight = (parts("whisper-large-v2", batch=n, **job)["kv_cache"] for n in (1.0, 8.0))
    heard, token = 2.0 * 32 * 1500 * 1280 * 2, 2.0 * 32 * 1280 * 2
    assert one == pytest.approx(heard + 5 * 448 * token)
    assert eight == pytest.approx(8 * (heard + 5 * 100 * token))


def test_a_server_for_longer_sequences_than_its_model_is_told_of():
    long = asked("phi-3-mini", "a10g", precision="fp16", runtime="vLLM", options={"max_model_len": "131072"})
    assert any("131,072 tokens are more than the 4,096" in note for note in long["notes"])
    assert any("(the model was made for 4,096)" in note for note in long["notes"])
    with pytest.raises(
        whichgpu.WhichGpuError, match=r"max_model_len: 4096 is more than the 1024 .* write 1024"
    ):
        asked("gpt2", "a10g", runtime="vLLM", options={"max_model_len": "4096"})


def test_vllm_is_told_to_start_with_shorter_sequences_than_its_model_takes():
    short = asked("llama-3.1-8b", "a10g", runtime="vLLM 0.8")
    said = next(note for note in short["notes"] if "makes room for a sequence of the 131,072 tokens" in note)
    most = int(said.split("--max-model-len ")[1].split(" ")[0])
    for tokens, fits in ((most, True), (int(1.1 * most), False)):
        options = {"max_model_len": str(tokens)}
        assert asked("llama-3.1-8b", "a10g", runtime="vLLM 0.8", options=options)["fits"] is fits
    for other in (("a100-80gb-sxm", "vLLM 0.8"), ("a10g", "SGLang"), ("a10g", "")):
        notes = asked("llama-3.1-8b", other[0], runtime=other[1])["notes"]
        assert not any("makes room for" in note for note in notes), other


def test_options_of_trainings_are_told_where_nothing_is_trained():
    found = asked("llama-3.1-8b", "rtx-4090", options={"checkpointing": "full", "optimizer": "adamw"})
    assert any(
        "checkpointing (of trainings alone), optimizer (of trainings alone)" in one for one in found["notes"]
    )


@pytest.mark.parametrize("runtime", ["ms-swift", "XTuner", "AutoTrain", "TRL", "TRL 0.24, Transformers 4.57"])
def test_trainers_that_run_layers_again_unasked(runtime):
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 1.0, "seq_len": 2048.0, "runtime": runtime}
    again, kept = (total("llama-3.1-8b", **job, options=o) for o in ({}, {"checkpointing": "none"}))
    assert again == pytest.approx(total("llama-3.1-8b", **job, options={"checkpointing": "full"}))
    assert kept > again + 10.0 * GIB


@pytest.mark.parametrize(
    "runtime", ["TRL 0.12", "SFTTrainer 2024-03", "TRL, Transformers 4.44", "Transformers"]
)
def test_older_releases_of_trl_do_not(runtime):
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 1.0, "seq_len": 2048.0, "runtime": runtime}
    assert total("llama-3.1-8b", **job) == pytest.approx(
        total("llama-3.1-8b", **job, options={"checkpointing": "none"})
    )


@pytest.mark.parametrize(
    ("workload", "columns"),
    [
        ("bge-m3", {"input_tokens": 512}),
        ("bert-large", {"runtime": "PyTorch 2.5", "input_tokens": 32768, "batch": 2}),
        ("svd-xt", {"input_tokens": 512, "pp": 4}),
        ("resnet50", {"runtime": "Ollama 0.5", "phase": "finetune_qlora"}),
        ("whisper-large-v3", {"runtime": "faster-whisper", "phase": "finetune_full"}),
        ("gemma-2-9b", {"runtime": "LitGPT", "phase": "train", "precision": "fp8"}),
        ("stable-cascade", {"phase": "finetune_lora"}),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_columns_and_programs_that_mean_nothing_for_a_model_are_no_crash(workload, columns):
    """A prompt of what reads none, training under what trains nothing, a head that is one GPU's own."""
    answer = asked(workload, "rtx-4090", **columns)
    assert answer["required"] > 0.0 or answer["reason"]
    ignored = any("has no use for input_tokens" in note for note in answer["notes"])
    assert ignored == ("input_tokens" in columns)


@pytest.mark.parametrize("runtime", ["llama.cpp", "Ollama", "vLLM", "SGLang", "transformers"])
def test_one_request_has_the_cache_of_all_its_tokens(runtime):
    """Llama 3 8B at 8,192 tokens: 1 GiB as llama.cpp logs it, 8,090 tokens' in the mean of many requests."""
    job = {"precision": "fp16", "runtime": runtime, "input_tokens": 7936, "output_tokens": 256}
    one, many = (
        asked("llama-3-8b", "h200-141gb-sxm", concurrency=count, **job)["parts"]["kv_cache"]
        for count in (1, 64)
    )
    assert one == pytest.approx(GIB, rel=1e-9)
    assert many == pytest.approx(64 * GIB * 8089.6 / 8192, rel=1e-3)


def test_a_server_measures_itself_with_the_largest_picture_or_film_of_a_model_that_sees():
    """vllm-project/vllm, issue 18124: Qwen2.5 VL 3B at 0.3 of an A100 80 GB had no memory for its cache."""

    def judged(name: str, gpu: str, **options: str):
        return asked(name, gpu, phase="serve", precision="bf16", runtime="vLLM", options=options)

    share = {"gpu_memory_utilization": "0.3", "max_model_len": "128000"}
    assert judged("qwen2.5-vl-3b", "a100-80gb-sxm", **share)["verdict"] != "fits"
    # A picture is of 16,384 tokens however long sequences are; a film is as long as they have room for.
    short, one, film = (
        judged("qwen2.5-vl-7b", "a100-80gb-sxm", max_model_len=most)["parts"]["activations"]
        for most in ("4096", "32768", "65536")
    )
    assert short == one == pytest.approx(film / 3.0)
    assert one == pytest.approx(13 * 1280 * 2 * 4 * 16384)
    # Qwen3 VL makes the pictures of a film smaller, to 12,288 tokens in all (longest_edge of its processor).
    later, longer = (
        judged("qwen3-vl-32b", "h100-80gb-sxm", max_model_len=most)["parts"]["activations"]
        for most in ("32768", "131072")
    )
    assert later == longer
    # 24 GB start with less than the model takes.
    note = " ".join(judged("qwen2.5-vl-7b", "rtx-4090", max_model_len="32768")["notes"])
    assert 32768 < int(re.search(r"--max-model-len up to ([\d,]+)", note)[1].replace(",", "")) < 65536
    # Of pictures of 256 tokens a pass has many, and its text takes more.
    small = judged("internvl3-8b", "rtx-4090", max_model_len="8192")["parts"]["activations"]
    blind = judged("qwen2.5-7b", "rtx-4090", max_model_len="8192")["parts"]["activations"]
    assert small == pytest.approx(blind, rel=0.01)
    # Pictures that cross-attention sees add one token to a prompt, and are as many as what is seen of them.
    seen = judged("llama-3.2-11b-vision", "rtx-a6000", max_model_len="8192")
    assert seen["verdict"] == "fits"


def test_one_group_of_data_parallel_attention_has_the_longest_sequence_whole():
    """vllm-project/recipes, pull request 12: Qwen3 Coder 480B with -dp=8 on eight cards of 141 GB.

    "62.00 GiB KV cache is needed, which is larger than the available KV cache memory (48.66 GiB) .. the
    estimated maximum model length is 205728".
    """
    told = asked(
        "qwen3-coder-480b-a35b", "h200-141gb-sxm:8", phase="serve", precision="fp8", runtime="vllm 0.10",
        tp=1, options={"attention_dp": "8", "ep": "8", "max_model_len": "262144"},
    )  # fmt: skip
    assert told["parts"]["kv_cache"] == pytest.approx(62.00 * GIB, rel=1e-4)
    assert told["verdict"] != "fits"
    up = re.search(r"--max-model-len up to ([\d,]+)", " ".join(told["notes"]))
    assert int(up[1].replace(",", "")) == pytest.approx(205728, rel=0.06)
