"""A config.json becomes a workload: head sizes as stated."""

from __future__ import annotations

import json

import pytest
from hf_configs import (
    BERT,
    CLIP,
    DEEPSEEK,
    FALCON,
    GEMMA3,
    GPT_OSS,
    GPTJ,
    LLAMA,
    LLAMA4,
    MAMBA,
    MIXTRAL,
    QWEN3_NEXT,
    T5,
    VIT,
    WHISPER,
)

from whichgpu.workloads import importing
from whichgpu.workloads.importing import load
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        (LLAMA, "llama-3-8b"),
        (DEEPSEEK, "deepseek-v3"),
        (MIXTRAL, "mixtral-8x7b"),
        (FALCON, "falcon-7b"),
        (QWEN3_NEXT, "qwen3-next-80b-a3b"),
        (GPT_OSS, "gpt-oss-20b"),
        (GPTJ, "gpt-j-6b"),
        (MAMBA, "mamba-2.8b"),
        (BERT, "bert-large"),
        (VIT, "vit-base-patch16-224"),
        (T5, "t5-large"),
        (WHISPER, "whisper-large-v3"),
        (CLIP, "clip-vit-large-patch14"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_config_is_the_model_of_the_zoo(write, raw, known):
    ours, zoo = load(write(raw)), resolve(known)
    # The zoo pads Mamba's vocabulary to the eight that the checkpoint has.
    near = 0.0005 if known == "mamba-2.8b" else 0.0
    assert sum(ours.parameters().values()) == pytest.approx(sum(zoo.parameters().values()), rel=near)
    assert ours.flops() == pytest.approx(zoo.flops(), rel=near)


def test_gemma_3_keeps_its_stated_heads_and_windows(write):
    item, zoo = load(write(GEMMA3)), resolve("gemma-3-27b")
    for name in (
        "layers",
        "heads",
        "kv_heads",
        "head_dim",
        "vocab",
        "pattern",
        "window",
        "norms",
        "qk_norm",
        "tied",
    ):
        assert item.dims[name] == zoo.dims[name], name
    # The tower is counted as a plain vision transformer, projector included, within a few per cent.
    assert item.dims["vision"]["parameters"] == pytest.approx(zoo.dims["vision"]["parameters"], rel=0.1)
    spec = precision("bf16")
    assert item.code.kv_cache(item.dims, spec, 8192) == zoo.code.kv_cache(zoo.dims, spec, 8192)


@pytest.mark.parametrize(
    ("quantised", "stored"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "w4a16-g128"),
        ({"quant_method": "gptq", "bits": 4, "group_size": 32}, "w4a16-g32"),
        ({"quant_method": "gptq", "bits": 8}, "w8a16"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True}, "nf4-dq"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "w8a16"),
        ({"quant_method": "fp8"}, "fp8"),
        ({"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["lm_head"]}, "fp8"),
        ({"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["model.layers.7.self_attn.o_proj"]},
         "fbgemm-fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "fp4"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {
            "weights": {"num_bits": 8, "type": "int"}, "input_activations": {"num_bits": 8}}}}, "int8"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {
            "weights": {"num_bits": 8, "type": "float"}}}}, "fp8"),
        ({"quant_method": "something-new"}, "bf16"),
        ({"bits": 4, "group_size": 128}, "w4a16-g128"),
        ({"quant_method": "eetq"}, "w8a16"),
        ({"quant_method": "quanto", "weights": "int8"}, "w8a16"),
        ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}},
         "w4a16-g64"),
        ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {
            "weights": {"num_bits": 4, "type": "int", "group_size": 32}}}}, "w4a16"),
        ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int8WeightOnlyConfig"}}}, "w8a16"),
        ({"quant_method": "torchao", "quant_type": "int4_weight_only"}, "w4a16-g128"),
    ],
)  # fmt: skip
def test_how_weights_are_stored_is_the_default_precision(write, quantised, stored):
    item = load(write(LLAMA, quantization_config=quantised))
    assert item.complete(Job(item.id)).precision == stored
    assert item.complete(Job(item.id, phase="train")).precision == "amp-bf16"
    assert bool(item.dims.get("notes")) == (quantised.get("quant_method") == "something-new")


def test_llama_4_has_chunks_and_experts_on_every_second_layer(write):
    item, zoo = load(write(LLAMA4)), resolve("llama-4-maverick")
    for name in ("layers", "pattern", "window", "experts", "expert_ffn", "feeds", "ffn", "shared_experts"):
        assert item.dims[name] == zoo.dims[name], name


def test_a_stated_head_size_is_not_hidden_over_heads(write):
    item = load(write(LLAMA, head_dim=256, hidden_size=4000, num_attention_heads=32))
    assert item.dims["head_dim"] == 256


def test_a_file_is_not_a_name_with_a_tag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50.json").write_text(json.dumps(LLAMA))
    assert resolve(importing.named("resnet50.json")).family == "decoder"
    assert resolve("resnet50.a1_in1k").family == "resnet"


def test_a_config_by_class_name_alone(write):
    assert load(write(LLAMA, model_type=None)).dims["layers"] == 32


def test_every_command_takes_a_config(write, whichgpu):
    path = write(LLAMA)
    assert whichgpu("predict", path, "--gpu", "h100-80gb-sxm", "--json").json["value"]["mid"] > 0
    answer = whichgpu("recommend", path, "--target", "1000 tokens/s", "--gpus", "h100-80gb-sxm", "--json")
    assert answer.json["candidates"] or answer.json["rejected"]


def test_a_saved_model_is_the_same(write, tmp_path, whichgpu):
    saved = tmp_path / "my.toml"
    first = whichgpu("workload", "--from", write(GPT_OSS), "--save", str(saved), "--json")
    again = whichgpu("workload", str(saved), "--json")
    for name in ("parameters", "flops", "modules", "bytes"):
        assert first.json[name] == again.json[name], name
    assert load(str(saved)).complete(Job(str(saved))).precision == "mxfp4"


def test_a_name_of_the_zoo_comes_before_a_file_of_that_name(write, tmp_path, monkeypatch):
    write(LLAMA)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50").mkdir()
    (tmp_path / "resnet50" / "config.json").write_text(json.dumps(LLAMA))
    assert importing.named("resnet50") == "resnet50"
    assert resolve(importing.named("resnet50")).family == "resnet"
    assert load("resnet50").id == "./resnet50"
