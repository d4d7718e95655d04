"""Configurations as their publishers wrote them, against the parameters of the weights beside them."""

from __future__ import annotations

from typing import Any

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision

_CLIP = {"hidden_size": 1024, "image_size": 336, "intermediate_size": 4096, "model_type": "clip_vision_model",
         "num_attention_heads": 16, "num_hidden_layers": 24, "patch_size": 14}  # fmt: skip
_SIGLIP = {"hidden_size": 1152, "intermediate_size": 4304, "model_type": "siglip_vision_model",
           "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14,
            "vision_use_head": False}  # fmt: skip
_HEARS = {"model_type": "qwen2_audio_encoder", "num_mel_bins": 128, "encoder_layers": 32, "d_model": 1280,
          "encoder_attention_heads": 20, "encoder_ffn_dim": 5120}  # fmt: skip

#: What stands in the file, and the parameters of its weights: parts leave most sizes to their classes.
PUBLISHED: dict[str, tuple[int, dict[str, Any]]] = {
    "llava-1.5-7b": (7_063_427_072, {
        "model_type": "llava", "tie_word_embeddings": False, "vision_config": _CLIP,
        "text_config": {"model_type": "llama", "max_position_embeddings": 4096, "vocab_size": 32064}}),
    "llava-onevision-0.5b": (893_617_376, {
        "model_type": "llava_onevision", "tie_word_embeddings": False,
        "text_config": {"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864,
                        "num_attention_heads": 14, "num_hidden_layers": 24, "num_key_value_heads": 2,
                        "tie_word_embeddings": True, "vocab_size": 152000},
        "vision_config": {**_SIGLIP, "num_hidden_layers": 26, "image_size": 384}}),
    "falcon-40b": (41_303_293_952, {
        "model_type": "RefinedWeb", "architectures": ["RWForCausalLM"], "hidden_size": 8192, "n_head": 128,
        "n_head_kv": 8, "n_layer": 60, "vocab_size": 65024, "parallel_attn": True, "bias": False}),
    "bloom-560m": (559_214_592, {
        "model_type": "bloom", "n_embed": 1024, "n_layer": 24, "num_attention_heads": 16,
        "vocab_size": 250880}),
    "phi-2": (2_779_683_840, {
        "model_type": "phi-msft", "architectures": ["PhiForCausalLM"], "n_embd": 2560, "n_layer": 32,
        "n_head": 32, "n_inner": None, "vocab_size": 51200}),
    "mamba-2.8b": (2_768_345_600, {"d_model": 2560, "n_layer": 64, "vocab_size": 50277, "ssm_cfg": {}}),
    "mamba2-2.7b": (2_702_599_680, {
        "d_model": 2560, "n_layer": 64, "vocab_size": 50277, "ssm_cfg": {"layer": "Mamba2"},
        "attn_layer_idx": [], "pad_vocab_size_multiple": 16, "tie_embeddings": True}),
    "llama-3.2-11b-vision": (10_670_220_835, {
        "model_type": "mllama", "text_config": {
            "model_type": "mllama_text_model", "cross_attention_layers": [3, 8, 13, 18, 23, 28, 33, 38],
            "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
            "num_hidden_layers": 40, "num_key_value_heads": 8, "vocab_size": 128256},
        "vision_config": {
            "model_type": "mllama_vision_model", "attention_heads": 16, "hidden_size": 1280,
            "image_size": 560, "intermediate_size": 5120, "max_num_tiles": 4, "num_global_layers": 8,
            "num_hidden_layers": 32, "patch_size": 14, "vision_output_dim": 7680}}),
    "qwen2-audio-7b": (8_397_094_912, {
        "model_type": "qwen2_audio", "audio_config": _HEARS,
        "text_config": {"model_type": "qwen2", "intermediate_size": 11008, "max_position_embeddings": 8192,
                        "vocab_size": 156032}}),
    "molmo-7b-d": (8_021_025_280, {
        "model_type": "molmo", "architectures": ["MolmoForCausalLM"], "hidden_size": 3584,
        "intermediate_size": 37888, "num_hidden_layers": 28, "num_attention_heads": 28, "qkv_bias": True,
        "num_key_value_heads": 4, "vocab_size": 152064, "embedding_size": 152064, "weight_tying": False}),
    "minicpm-v-2.6": (8_099_175_664, {
        "model_type": "minicpmv", "architectures": ["MiniCPMV"], "hidden_size": 3584,
        "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28, "query_num": 64,
        "num_key_value_heads": 4, "vocab_size": 151666,
        "vision_config": {"model_type": "siglip", "hidden_size": 1152, "image_size": 980, "patch_size": 14,
                          "intermediate_size": 4304, "num_attention_heads": 16, "num_hidden_layers": 27}}),
    "idefics2-8b": (8_402_768_112, {
        "model_type": "idefics2", "tie_word_embeddings": False,
         "perceiver_config": {"model_type": "idefics2"},
        "text_config": {"model_type": "mistral", "max_position_embeddings": 32768, "vocab_size": 32003},
        "vision_config": {"hidden_size": 1152, "image_size": 980, "intermediate_size": 4304,
                          "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14}}),
    "smolvlm-256m": (256_484_928, {
        "model_type": "idefics3", "scale_factor": 4, "tie_word_embeddings": False,
        "text_config": {"model_type": "llama", "head_dim": 64, "hidden_size": 576, "intermediate_size": 1536,
                        "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3,
                        "vocab_size": 49280},
        "vision_config": {"hidden_size": 768, "image_size": 512, "intermediate_size": 3072,
                          "num_attention_heads": 12, "num_hidden_layers": 12, "patch_size": 16}}),
    "paligemma-3b": (2_923_466_480, {
        "model_type": "paligemma", "vision_config": _SIGLIP,
        "text_config": {"model_type": "gemma", "hidden_size": 2048, "intermediate_size": 16384,
                        "num_attention_heads": 8, "num_hidden_layers": 18, "num_key_value_heads": 1,
                        "vocab_size": 257216}}),
    "blip2-opt-2.7b": (3_744_761_856, {
        "model_type": "blip-2", "tie_word_embeddings": False, "num_query_tokens": 32,
        "qformer_config": {"model_type": "blip_2_qformer"},
         "vision_config": {"model_type": "blip_2_vision_model"},
        "text_config": {"model_type": "opt", "ffn_dim": 10240, "hidden_size": 2560, "num_attention_heads": 32,
                        "num_hidden_layers": 32, "word_embed_proj_dim": 2560}}),
    "phi-3.5-vision": (4_146_621_440, {
        "model_type": "phi3_v", "architectures": ["Phi3VForCausalLM"], "hidden_size": 3072,
        "intermediate_size": 8192, "num_attention_heads": 32, "num_hidden_layers": 32, "vocab_size": 32064,
        "img_processor": {"model_name": "openai/clip-vit-large-patch14-336", "num_img_tokens": 144}}),
    "chatglm3-6b": (6_243_584_000, {
        "model_type": "chatglm", "add_bias_linear": False, "add_qkv_bias": True, "ffn_hidden_size": 13696,
        "hidden_size": 4096, "kv_channels": 128, "multi_query_attention": True, "multi_query_group_num": 2,
        "num_attention_heads": 32, "num_layers": 28, "padded_vocab_size": 65024, "seq_length": 8192}),
    "qwen-7b": (7_721_324_544, {
        "model_type": "qwen", "hidden_size": 4096, "intermediate_size": 22016, "kv_channels": 128,
        "num_attention_heads": 32, "num_hidden_layers": 32, "tie_word_embeddings": False,
         "vocab_size": 151936}),
    "openelm-270m": (271_527_168, {
        "model_type": "openelm", "ffn_dim_divisor": 256, "head_dim": 64, "model_dim": 1280,
        "ffn_multipliers": [0.5, 0.73, 0.97, 1.2, 1.43, 1.67, 1.9, 2.13, 2.37, 2.6, 2.83, 3.07, 3.3, 3.53,
         3.77, 4.0],
        "num_kv_heads": [3] * 5 + [4] * 7 + [5] * 4, "num_query_heads": [12] * 5 + [16] * 7 + [20] * 4,
        "num_transformer_layers": 16, "vocab_size": 32000}),
    "minicpm-2b": (2_724_880_896, {
        "model_type": "minicpm", "hidden_size": 2304, "intermediate_size": 5760, "num_attention_heads": 36,
        "num_hidden_layers": 40, "num_key_value_heads": 36, "vocab_size": 122753}),
    "esm2-650m": (651_043_254, {
        "model_type": "esm", "architectures": ["EsmForMaskedLM"], "emb_layer_norm_before": False,
        "hidden_size": 1280, "intermediate_size": 5120, "num_attention_heads": 20, "num_hidden_layers": 33,
        "position_embedding_type": "rotary", "vocab_size": 33}),
    "trocr-base": (333_921_792, {
        "model_type": "vision-encoder-decoder",
        "encoder": {"model_type": "vit", "image_size": 384, "qkv_bias": False},
        "decoder": {"model_type": "trocr", "cross_attention_hidden_size": 768, "vocab_size": 50265}}),
    "timm/resnet50": (25_557_032, {"architecture": "resnet50", "num_classes": 1000}),
    "sd-1.5, unet": (859_520_964, {
        "_class_name": "UNet2DConditionModel", "attention_head_dim": 8, "cross_attention_dim": 768,
        "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2, "sample_size": 64,
        "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
        "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3}),
    "sdxl, unet": (2_567_463_684, {
        "_class_name": "UNet2DConditionModel", "attention_head_dim": [5, 10, 20], "cross_attention_dim": 2048,
        "block_out_channels": [320, 640, 1280], "addition_embed_type": "text_time",
        "projection_class_embeddings_input_dim": 2816, "transformer_layers_per_block": [1, 2, 10],
        "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 2,
        "up_block_types": ["CrossAttnUpBlock2D"] * 2 + ["UpBlock2D"]}),
    "sd-1.5, vae": (83_653_863, {
        "_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2}),
    "flux.1-dev, transformer": (11_901_408_320, {
        "_class_name": "FluxTransformer2DModel", "attention_head_dim": 128, "guidance_embeds": True,
        "in_channels": 64, "joint_attention_dim": 4096, "num_attention_heads": 24, "num_layers": 19,
        "num_single_layers": 38, "pooled_projection_dim": 768}),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_those_of_the_weights(name: str) -> None:
    want, raw = PUBLISHED[name]
    item = workload_of(raw, "config.json", name)
    assert sum(item.parameters().values()) == pytest.approx(want, rel=0.0005)
    assert item.flops() > 0


def test_heads_of_each_layer_give_its_cache() -> None:
    item = workload_of(PUBLISHED["openelm-270m"][1], "config.json", "openelm")
    each = 2 * 2 * 64 * (5 * 3 + 7 * 4 + 4 * 5)
    assert item.code.kv_bytes_per_token(item.dims, precision("bf16")) == each
    item = workload_of(
        {"model_type": "deci", "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
         "num_hidden_layers": 4, "vocab_size": 32000, "num_key_value_heads_per_layer": [4, 1, 1, 2]}, "c",
          "c")  # fmt: skip
    assert item.code.kv_bytes_per_token(item.dims, precision("bf16")) == 2 * 2 * 128 * 8


def test_blocks_that_a_search_chose() -> None:
    full = {"attention": {"n_heads_in_group": 8}, "ffn": {"ffn_mult": 5.25}}
    bare = {"attention": {"n_heads_in_group": None, "no_op": True}, "ffn": {"ffn_mult": 1.0}}
    empty = {"attention": {"no_op": True}, "ffn": {"no_op": True}}
    raw = {"model_type": "nemotron-nas", "hidden_size": 8192, "num_attention_heads": 64,
     "num_hidden_layers": 3,
           "vocab_size": 1000, "block_configs": [full, bare, empty]}  # fmt: skip
    item = workload_of(raw, "c", "c")
    assert item.code.kv_bytes_per_token(item.dims, precision("bf16")) == 2 * 2 * 8 * 128
    assert item.dims["feed_widths"] == {"a": 28672, "b": 5632}


def test_sound_adds_tokens_where_it_is_asked_for() -> None:
    item = workload_of(PUBLISHED["qwen2-audio-7b"][1], "config.json", "hears")
    quiet = item.complete(Job("hears", phase="prefill", batch=1.0, input_tokens=10.0))
    heard = item.complete(
        Job("hears", phase="prefill", batch=1.0, input_tokens=10.0, options={"sounds": "1"})
    )
    more = sum(one.flops * one.count for one in item.trace(heard)) / sum(
        one.flops * one.count for one in item.trace(quiet)
    )
    # 750 tokens of 30 s beside the ten, and the tower.
    assert more > 70


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"_class_name": "Kandinsky5Transformer3DModel"}, "imported are UNet2DConditionModel"),
        ({"_class_name": "FluxTransformer2DModel", "num_layers": -1}, "num_layers is -1"),
        ({"_class_name": "UNet2DConditionModel", "block_out_channels": [320, "x"]}, "holds 'x'"),
        ({"architecture": "resnet5000"}, "did you mean"),
        ({"architecture": "resnet50", "num_classes": -3}, "num_classes is -3"),
        ({"model_type": "openelm", "vocab_size": 10, "model_dim": 64, "head_dim": 16,
          "num_transformer_layers": 2, "num_query_heads": [4, 3], "num_kv_heads": [2, 2]},
           "layer 1: 3 heads"),
        ({"model_type": "vision-encoder-decoder", "encoder": {"model_type": "swin"}},
         "encoder is swin"),
        ({"model_type": "nemotron-nas", "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
          "vocab_size": 10, "block_configs": [{}]}, "block_configs describes no 2 layers"),
        ({"model_type": "efficientnet", "strides": [1, 2]}, "are of different lengths"),
        ({"model_type": "siglip", "vision_config": 3}, "vision_config is missing"),
        ({"model_type": "qwen", "hidden_size": 64, "intermediate_size": 33, "num_attention_heads": 4,
          "num_hidden_layers": 2, "vocab_size": 10}, "is odd"),
        ({"d_model": 64, "n_layer": 2, "ssm_cfg": {}, "attn_layer_idx": [1]}, "attn_layer_idx .1. are not"),
        ({"model_type": "llama", "hidden_size": 64}, "num_hidden_layers is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        workload_of(raw, "config.json", "mine")


def test_a_short_table_of_positions_is_fine_tuned_within_it() -> None:
    raw = {"model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 2, "n_positions": 128, "vocab_size": 9}
    item = workload_of(raw, "config.json", "short")
    assert item.complete(Job("short", phase="finetune_full")).seq_len == 128.0
