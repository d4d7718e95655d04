"""Caches of keys and values: of models given as a config, in other formats, behind long prompts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hf_configs import DEEPSEEK, GEMMA3, GPT_OSS, QWEN3_NEXT
from memory_jobs import GIB, GPUS, laid, parts

from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory.replica_memory import standing
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.importing import load
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.resolving import register

MIB = 2.0**20
#: Config, what it changes, tokens, sequences, bytes a value, engine, published bytes, where.
_OSS_120B = {"num_hidden_layers": 36, "num_local_experts": 128, "layer_types": None}
CACHES = [
    (GPT_OSS, _OSS_120B, 65936, 64, 1.0, "tensorrt-llm", 72.58 * GIB,
     "https://github.com/ai-dynamo/aiconfigurator/pull/1537"),
    (GPT_OSS, _OSS_120B, 1, 1, 2.0, "vllm", 73728.0,
     "https://github.com/alvarobartt/hf-mem/issues/60"),
    (GEMMA3, {}, 131072, 1, 2.0, "transformers", 10.41 * GIB, "https://github.com/unslothai/unsloth/pull/4757"),
    (DEEPSEEK, {}, 163840, 1, 2.0, "transformers", 10.72 * GIB, "https://github.com/unslothai/unsloth/pull/4757"),
]  # fmt: skip


@pytest.mark.parametrize("case", CACHES, ids=lambda case: f"{case[0]['model_type']}-{case[2]}-{case[5]}")
def test_the_cache_of_a_config_is_what_the_engine_allocated(case, tmp_path):
    raw, changes, tokens, sequences, size, engine, published, where = case
    path = tmp_path / "config.json"
    whole = {**raw, **changes}
    if "layer_types" in whole:
        whole["layer_types"] = ["sliding_attention", "full_attention"] * (whole["num_hidden_layers"] // 2)
    path.write_text(json.dumps(whole), encoding="utf-8")
    item = load(str(path))
    cache_of = item.code.kv_cache(item.dims, replace(precision("fp16"), kv=size), tokens, engine=engine)
    assert sequences * cache_of == pytest.approx(published, rel=0.005), where


def test_a_hybrid_of_linear_attention_from_a_config(tmp_path):
    """Qwen3-Next: 12 of 48 layers have a cache, 36 a state that no context grows."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(QWEN3_NEXT), encoding="utf-8")
    item = load(str(path))
    assert item.code.kv_cache(item.dims, precision("fp16"), 1000) == 12 * 2 * 2 * 256 * 2 * 1000
    state = 36 * (32 * 128 * 128 + 3 * (2 * 16 * 128 + 32 * 128)) * 4
    assert item.code.state_bytes_per_sequence(item.dims) == state


def test_a_hybrid_of_mamba_from_a_config(tmp_path):
    """Nemotron-H: attention where the pattern says so, Mamba-2 states elsewhere (`M`), nothing in `-`."""
    raw = {
        "model_type": "nemotron_h", "hidden_size": 4096, "intermediate_size": 21504, "vocab_size": 131072,
        "num_hidden_layers": 52, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
        "hybrid_override_pattern": "M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-",
        "mamba_num_heads": 128, "mamba_head_dim": 64, "n_groups": 8, "ssm_state_size": 128, "conv_kernel": 4,
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    item = load(str(path))
    assert item.code.kv_cache(item.dims, precision("fp16"), 4096) == 4 * 2 * 8 * 128 * 2 * 4096
    assert (
        item.code.state_bytes_per_sequence(item.dims)
        == 24 * (128 * 64 * 128 + 3 * (128 * 64 + 2 * 8 * 128)) * 4
    )


def test_the_cache_in_another_format():
    job = {"phase": "generate", "precision": "fp16", "batch": 1, "input_tokens": 8192, "output_tokens": 1}
    wide = parts("llama-3.1-8b", **job)["kv_cache"]
    for kept, share in (("fp8", 0.5), ("q8_0", 1.0625 / 2), ("q4_0", 0.5625 / 2)):
        found = laid("llama-3.1-8b", options={"kv_precision": kept}, **job)
        assert float(np.ravel(found.parts["kv_cache"])[0]) == pytest.approx(share * wide)


#: Qwen's speed benchmarks (docs/source/benchmark of QwenLM/Qwen2.5): peaks of PyTorch in GiB on one A100
#: 80 GB, batch 1, 2,048 tokens after a prompt. Transformers 4.46 makes the last token's logits, 4.37 all.
PROMPTS = [
    ("qwen2.5-0.5b", "bf16", 1, 0.97), ("qwen2.5-0.5b", "bf16", 30720, 2.34),
    ("qwen2.5-0.5b", "gptq", 30720, 1.85), ("qwen2.5-1.5b", "bf16", 14336, 4.16),
    ("qwen2.5-1.5b", "awq", 30720, 3.82), ("qwen2.5-7b", "bf16", 30720, 19.97),
    ("qwen2.5-7b", "gptq", 14336, 8.05), ("qwen2.5-14b", "w8a16", 30720, 24.88),
    ("qwen2.5-14b", "awq", 1, 9.79), ("qwen2.5-32b", "bf16", 30720, 74.47),
    ("qwen2.5-32b", "gptq", 30720, 31.84), ("qwen2.5-72b", "awq", 14336, 46.38),
]  # fmt: skip


def _generating(name, tokens, kept, runtime):
    row = {
        "workload": name, "gpu": "a100-80gb-sxm", "phase": "decode", "precision": kept, "batch": "1",
        "input_tokens": str(tokens), "output_tokens": "2048", "runtime": runtime,
        "metric": "peak_gpu_memory", "unit": "GiB",
    }  # fmt: skip
    return next(iter(predict_rows([row], GPUS))).value


@pytest.mark.parametrize(("name", "kept", "tokens", "measured"), PROMPTS)
def test_a_prompt_in_one_pass_takes_what_was_measured(name, kept, tokens, measured):
    assert _generating(name, tokens, kept, "Transformers") == pytest.approx(measured, rel=0.04)


@pytest.mark.parametrize("name", ["qwen2.5-7b", "llama-3.1-8b", "mixtral-8x7b", "gpt-neox-20b"])
def test_a_prompt_is_gone_as_tokens_come_in_either_phase(name):
    """Four prompts of 4,096 tokens: what their pass has is counted once, as those of `decode` are."""
    job = {"batch": 4.0, "input_tokens": 4096.0, "output_tokens": 128.0, "precision": "bf16",
           "runtime": "transformers"}  # fmt: skip
    whole, tokens = (parts(name, phase=phase, **job) for phase in ("generate", "decode"))
    assert whole == pytest.approx(tokens, rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "name", "more", "mib"),
    [
        ("gpt_neox", "GPTNeoXForCausalLM", {}, 143.4), ("granite", "GraniteForCausalLM", {}, 167.5),
        ("smollm3", "SmolLM3ForCausalLM", {"num_key_value_heads": 2}, 121.9),
        ("exaone4", "Exaone4ForCausalLM", {"num_key_value_heads": 2}, 133.5),
        # A gate and what it multiplies are one tensor; x, its half, its cube and what that is scaled to.
        ("phi3", "Phi3ForCausalLM", {"num_key_value_heads": 2, "pad_token_id": 0}, 149.5),
        ("phi", "PhiForCausalLM", {"hidden_act": "gelu_new"}, 167.5),
    ],
)  # fmt: skip
def test_a_prompts_pass_takes_what_torchs_operators_make(kind, name, more, mib):
    """Four prompts of 512 tokens in FP32, the last one's logits: transformers 5.23, fake tensors."""
    raw = {"model_type": kind, "architectures": [name], "hidden_size": 512, "num_hidden_layers": 4,
           "num_attention_heads": 8, "intermediate_size": 1536, "vocab_size": 8000, **more}  # fmt: skip
    own = register(workload_of(raw, "config.json", f"{kind}-prompt"))
    job = {"batch": 4.0, "input_tokens": 512.0, "output_tokens": 1.0}
    found = parts(own.id, phase="generate", precision="fp32", runtime="transformers", **job)
    assert (sum(found.values()) - found["context"]) / 2**20 == pytest.approx(mib, rel=0.04)


#: The same of Qwen2 (shadowboxx/Qwen2, docs/source/benchmark): Transformers 4.38, whose layers have tables of
#: 32,768 positions.
OLD_PROMPTS = [
    ("qwen1.5-0.5b", "bf16", 30720, 30.04), ("qwen1.5-1.8b", "bf16", 14336, 18.69),
    ("qwen1.5-7b", "bf16", 30720, 62.29), ("qwen2-0.5b", "bf16", 14336, 13.48),
    ("qwen2-7b", "bf16", 1, 14.92), ("qwen2-7b", "gptq", 30720, 33.76),
    ("qwen2-57b-a14b", "gptq", 14336, 43.11), ("qwen2-72b", "gptq", 6144, 47.90),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kept", "tokens", "measured"), OLD_PROMPTS)
def test_transformers_before_4_45_make_the_logits_of_a_whole_prompt(name, kept, tokens, measured):
    """They lie beside what goes through the layers, and beside nothing that these had."""
    assert _generating(name, tokens, kept, "Transformers 4.38") == pytest.approx(measured, rel=0.015)
    if tokens > 1:
        later = _generating(name, tokens, kept, "Transformers 4.46")
        assert measured - later > 3.0 * tokens * 151936 * 2.0 / GIB * 0.75


def test_layers_of_old_releases_have_tables_of_all_positions():
    """2 x 32,768 x 128 values in each of Mistral's 32 layers; Llama 2's 4,096 are gone since 4.38."""
    job = {"precision": "bf16", "batch": 1.0, "seq_len": 128.0, "phase": "finetune_lora"}
    for name, release, positions in (
        ("mistral-7b", "4.39", 32768), ("llama-2-7b", "4.37", 4096), ("llama-2-7b", "4.39", 0)
    ):  # fmt: skip
        old, new = (parts(name, runtime=f"transformers {one}", **job) for one in (release, "4.46"))
        assert old["weights"] - new["weights"] == pytest.approx(2 * positions * 128 * 32 * 2, abs=1.0)


def test_engines_keep_sixteen_bits_beside_fp8_weights_unless_told():
    """Qwen3-235B-A22B-FP8 on four H100s: 8.11 GiB on each are 178,880 tokens (vllm-project/vllm#21348)."""

    def cached(runtime, **options):
        job = {"phase": "serve", "precision": "fp8", "tp": 4.0, "concurrency": 1.0, "input_tokens": 178880.0,
               "output_tokens": 1.0}  # fmt: skip
        _, each, _ = standing(*settle(Job("qwen3-235b-a22b", runtime=runtime, options=options, **job))[:3])
        return float(np.ravel(each)[0])

    unasked = cached("vllm", kv_precision="auto")
    assert unasked == pytest.approx(8.11 * GIB, rel=0.02)
    assert unasked == cached("sglang", kv_precision="auto") == cached("transformers")
    assert {cached("vllm"), cached("sglang"), cached("vllm", kv_precision="fp8")} == {0.5 * unasked}
    # Who names a release tells of a server as it was started.
    assert {
        cached(f"{engine} {release}")
        for engine, release in (
            ("vLLM", "0.8.4"),
            ("vllm", "0.11"),
            ("SGLang", "0.4.5"),
            ("sglang", "0.5.7"),
            ("vLLM", "0.5.4"),
            ("tgi", "2.4"),
        )
    } == {unasked}
    assert cached("vLLM 0.11", kv_precision="fp8") == 0.5 * unasked
    # It keeps room for the whole answer, of one token here.
    assert cached("tensorrt-llm") == pytest.approx(0.5 * unasked, rel=1e-5)


def test_llama_cpp_keeps_windows_with_a_micro_batch_and_the_table_of_tokens_on_the_host():
    job = {"phase": "generate", "precision": "fp16", "batch": 1, "input_tokens": 131071, "output_tokens": 1}
    plain, cells = (parts("gemma-3-4b", runtime=one, **job) for one in ("transformers", "llama.cpp"))
    assert cells["kv_cache"] == pytest.approx(2734 * MIB, rel=2e-3)
    assert cells["kv_cache"] > plain["kv_cache"]
    untied, host = (parts("llama-3-8b", runtime=one, **{**job, "input_tokens": 512})["weights"]
                    for one in ("transformers", "llama.cpp"))  # fmt: skip
    assert untied - host == pytest.approx(128256 * 4096 * 2)


def test_llama_cpp_has_windows_beside_full_layers_alone():
    """Its log of Phi-3 mini at 4,096 tokens: KV self size = 1536.00 MiB."""
    job = {"phase": "generate", "precision": "q4_k_m", "runtime": "llama.cpp", "batch": 1.0}
    found = parts("phi-3-mini", input_tokens=4095.0, output_tokens=1.0, **job)
    assert found["kv_cache"] == 1536 * 2.0**20


@pytest.mark.parametrize("name", ["phi-3-mini-128k", "microsoft/Phi-3.5-mini-instruct"])
def test_phi_3_of_128k_keeps_all_tokens(name):
    """turboderp-org/exllamav2, issue 425: 384 kB a token, 48 GB for all of the context."""
    job = {"phase": "generate", "precision": "fp16", "batch": 1.0, "output_tokens": 1.0}
    found = parts(name, input_tokens=131071.0, runtime="transformers", **job)
    assert found["kv_cache"] == pytest.approx(48 * GIB, rel=1e-4)
    near = parts("phi-3-mini-4k", input_tokens=4095.0, runtime="transformers", **job)
    assert near["kv_cache"] == pytest.approx(2047 * 384 * 1024, rel=1e-3)


def test_products_in_int8_return_16_bits():
    """MatMul8bitLt of bitsandbytes: a prompt's values lie there as wide as beside 16-bit weights."""
    job = {"phase": "generate", "batch": 4.0, "input_tokens": 4096.0, "output_tokens": 16.0}
    for runtime in ("transformers", "transformers 4.37", "pytorch-2"):
        narrow, wide = (
            parts("qwen2.5-7b", precision=one, runtime=runtime, **job) for one in ("int8", "fp16")
        )
        assert narrow["activations"] == wide["activations"]
        assert narrow["weights"] < 0.62 * wide["weights"]
