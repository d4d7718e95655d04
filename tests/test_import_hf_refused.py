"""A clear line for every bad field of a config.json, and for what is none."""

from __future__ import annotations

import pytest
from hf_configs import BERT, DEEPSEEK, GEMMA3, GPT_OSS, LLAMA, MIXTRAL

from whichgpu.errors import UsageError
from whichgpu.workloads.importing import load

pytestmark = pytest.mark.slow


def test_the_decoder_of_an_encoder_decoder_alone_is_refused(write):
    raw = {"model_type": "whisper", "d_model": 384, "encoder_attention_heads": 6, "encoder_layers": 4,
           "decoder_layers": 4, "num_mel_bins": 80, "vocab_size": 51865}  # fmt: skip
    assert load(write(raw, architectures=["WhisperForConditionalGeneration"])).family == "whisper"
    with pytest.raises(UsageError, match="WhisperForCausalLM is the decoder of a whisper alone"):
        load(write(raw, architectures=["WhisperForCausalLM"]))


def test_parts_of_a_file_that_nothing_reads_are_named_by_every_command(write, whichgpu):
    heard = {"audio_config": {"model_type": "some_ear", "hidden_size": 512}, "vision_config": {}}
    path = write({"model_type": "gemma3", "text_config": GEMMA3["text_config"], **heard})
    said = "not counted, neither weights nor work: audio_config (some_ear)"
    assert [said in one for one in load(path).dims["notes"]] == [True]
    for command in (("workload",), ("predict", "--gpu", "b200")):
        assert said in " ".join(whichgpu(command[0], path, *command[1:]).out.split())
    assert "notes" not in load(write(GEMMA3)).dims


def test_a_tower_of_a_size_below_one_is_refused(write):
    with pytest.raises(UsageError, match="vision_config: hidden_size is -3, where a number from 1"):
        load(write(GEMMA3, vision_config={**GEMMA3["vision_config"], "hidden_size": -3}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden_size": None}, "hidden_size is missing; a llama model needs it"),
        ({"num_hidden_layers": -32}, "num_hidden_layers is -32, where a number from 1"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0"),
        ({"num_hidden_layers": "32"}, "num_hidden_layers is '32', not a whole number"),
        ({"num_hidden_layers": True}, "not a whole number"),
        ({"num_hidden_layers": 32.5}, "num_hidden_layers is 32.5"),
        ({"vocab_size": 1e12}, "vocab_size is 1000000000000.0"),
        ({"num_key_value_heads": 5}, "num_attention_heads 32 is not a multiple of num_key_value_heads 5"),
        ({"num_attention_heads": 30, "num_key_value_heads": 30}, "hidden_size 4096 is not a multiple of"),
        ({"n_layer": 24}, "num_hidden_layers 32 and n_layer 24 contradict each other"),
        ({"intermediate_size": None}, "intermediate_size is missing"),
        ({"attention_bias": "yes"}, "attention_bias is 'yes', neither true nor false"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 3}}, "weights of 3 bits"),
        ({"quantization_config": {"quant_method": "torchao", "quant_type": "x"}}, "quant_type is 'x'; known"),
        ({"torch_dtype": "float1024"}, "torch_dtype 'float1024' is not known"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_with_its_value(write, whichgpu, changes, said):
    answer = whichgpu("workload", write(LLAMA, **changes))
    assert answer.status == 2
    assert answer.err.count("\n") == 1
    assert said in answer.err


@pytest.mark.parametrize(
    ("raw", "changes", "said"),
    [
        (MIXTRAL, {"num_experts_per_tok": 9}, "num_experts_per_tok 9 is more than the 8 experts"),
        (
            MIXTRAL,
            {"num_local_experts": None},
            "num_local_experts or num_experts or n_routed_experts is missing",
        ),
        (
            GPT_OSS,
            {"layer_types": ["full_attention"] * 3},
            "layer_types names 3 layers, num_hidden_layers is 24",
        ),
        (GPT_OSS, {"layer_types": ["strange"] * 24}, "layer_types: 'strange' is none of"),
        (DEEPSEEK, {"kv_lora_rank": None}, "kv_lora_rank is missing"),
        (BERT, {"num_attention_heads": 15}, "hidden_size 1024 is not a multiple of num_attention_heads 15"),
    ],
)
def test_contradictions_of_other_architectures(write, raw, changes, said):
    with pytest.raises(UsageError, match=said):
        load(write(raw, **changes))


#: Files of whole models, and the field at fault.
GAPS = (
    (
        {
            "model_type": "vit",
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 64,
            "patch_size": 16,
        },
        "intermediate_size is missing",
    ),
    (
        {
            "model_type": "umt5",
            "d_model": 64,
            "d_ff": 128,
            "num_layers": 2,
            "num_heads": 4,
            "vocab_size": 100,
        },
        "d_kv is missing",
    ),
    (
        {**LLAMA, "model_type": "lfm2", "block_ffn_dim_multiplier": [1, 2], "layer_types": ["conv"] * 32},
        "block_ffn_dim_multiplier is",
    ),
    (
        {
            "model_type": "paligemma",
            "text_config": {**LLAMA, "model_type": "gemma"},
            "vision_config": {
                "model_type": "siglip_vision_model",
                "hidden_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "intermediate_size": 128,
                "image_size": 3,
                "patch_size": 14,
            },
        },
        "image_size is smaller than patch_size 14",
    ),
)


@pytest.mark.parametrize(("raw", "said"), GAPS, ids=[raw["model_type"] for raw, _ in GAPS])
def test_what_a_file_leaves_out_is_named(write, raw, said):
    with pytest.raises(UsageError, match=said):
        load(write(raw))


def test_of_two_that_resemble_a_file_the_one_that_can_read_it_is_named(write):
    """Experts and heads of a stated size: Mixtral would miss a field, Qwen's mixture has them all."""
    strange = {**LLAMA, "model_type": "strange", "architectures": ["StrangeForCausalLM"], "head_dim": 128,
               "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 512}  # fmt: skip
    with pytest.raises(UsageError) as refused:
        load(write(strange))
    named = str(refused.value).partition('"model_type": "')[2].partition('"')[0]
    assert load(write({**strange, "model_type": named, "architectures": []})).dims["experts"] == 8


def test_an_unknown_architecture_says_which_it_resembles_and_what_is_missing(write):
    strange = {**LLAMA, "model_type": "lllama5", "architectures": ["Lllama5ForCausalLM"], "warp_size": 7}
    with pytest.raises(UsageError) as refused:
        load(write(strange, intermediate_size=None))
    said = str(refused.value)
    assert "Lllama5ForCausalLM (lllama5) is not known; it resembles llama most" in said
    assert "lacks intermediate_size" in said
    assert "not understood: warp_size" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"{", "not valid JSON"),
        (b"[1]", "a list where an object"),
        (b'{"model_type": "llama", "hidden_size": NaN}', "NaN is not a finite number"),
        (b'{"hidden_size": 1e999}', "1e999 is not a finite number"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"{}", "is it the config.json of a model"),
        (b'{"_class_name": "UNet2DConditionModel"}', "diffusion pipeline"),
    ],
)  # fmt: skip
def test_what_is_no_config(tmp_path, whichgpu, content, said):
    (tmp_path / "config.json").write_bytes(content)
    answer = whichgpu("workload", str(tmp_path / "config.json"))
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err) < 600


def test_a_config_of_200_mb_is_refused_unread(tmp_path, whichgpu):
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    answer = whichgpu("workload", str(path))
    assert answer.status == 2
    assert "200 MB is above the 20 MB" in answer.err


def test_a_folder_and_a_missing_file(write, tmp_path, whichgpu):
    write(LLAMA)
    assert whichgpu("workload", str(tmp_path), "--json").json["parameters"] == 8030261248
    answer = whichgpu("workload", str(tmp_path / "nowhere.json"))
    assert answer.status == 2
    assert "No such file" in answer.err
