"""Architectures of the Hub: what a config.json is counted as, against the module that transformers builds.

On the meta device, without weights; sizes are small, so that each takes milliseconds.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
transformers = pytest.importorskip("transformers", reason="needs transformers, for its module classes")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TEXT: dict[str, Any] = {
    "hidden_size": 256, "intermediate_size": 640, "num_hidden_layers": 6, "num_attention_heads": 8,
    "num_key_value_heads": 4, "vocab_size": 1000, "max_position_embeddings": 2048, "pad_token_id": 0,
}  # fmt: skip
EXPERTS = {"moe_intermediate_size": 96, "num_experts_per_tok": 2}
LATENT = {
    "kv_lora_rank": 64, "q_lora_rank": 96, "qk_rope_head_dim": 16, "qk_nope_head_dim": 32, "v_head_dim": 32,
    "num_key_value_heads": 8,
}  # fmt: skip
HYBRID = ["mamba"] * 5 + ["attention"]
SSM = {"mamba_n_heads": 16, "mamba_d_head": 32, "mamba_d_state": 32, "mamba_n_groups": 1, "mamba_expand": 2}
HALVES = {
    "d_model": 64, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "vocab_size": 500,
    "pad_token_id": 0,
}  # fmt: skip
ENCODER = {"hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 256,
           "vocab_size": 500}  # fmt: skip
IMAGES = {"depths": [1, 1, 2, 1], "num_labels": 10}

#: Type, its class, what differs from TEXT.
DECODERS = (
    ("apertus", "ApertusForCausalLM", {}), ("arcee", "ArceeForCausalLM", {"head_dim": 32}),
    ("cwm", "CwmForCausalLM", {"layer_types": ["full_attention"] + ["sliding_attention"] * 5}),
    ("exaone_moe", "ExaoneMoeForCausalLM", {**EXPERTS, "num_experts": 8}),
    ("axk1", "AXK1ForCausalLM", {**EXPERTS, **LATENT, "n_routed_experts": 8, "n_group": 1, "topk_group": 1}),
    ("beam", "BeamForCausalLM", {**EXPERTS, "num_experts": 8, "head_dim": 32, "n_group": 1, "topk_group": 1}),
    ("hy_v3", "HYV3ForCausalLM", {**EXPERTS, "num_experts": 8, "head_dim": 32}),
    ("flint", "FlintForCausalLM", {**EXPERTS, "num_experts": 8, "head_dim": 32}),
    ("kolibri1", "Kolibri1ForCausalLM",
     {**EXPERTS, "num_local_experts": 8, "head_dim": 32, "shared_expert_intermediate_size": 96}),
    ("granite_swa", "GraniteSWAForCausalLM", {}),
    ("gemma4_unified_text", "Gemma4UnifiedForCausalLM", {"head_dim": 32}),
    ("laguna", "LagunaForCausalLM",
     {**EXPERTS, "num_experts": 8, "head_dim": 32, "shared_expert_intermediate_size": 96,
      "sliding_window": 64,
      "layer_types": ["full_attention"] + ["sliding_attention"] * 5,
      "num_attention_heads_per_layer": [8] + [12] * 5}),
    ("laguna", "LagunaForCausalLM",
     {**EXPERTS, "num_experts": 8, "head_dim": 32, "shared_expert_intermediate_size": 96,
      "gating": "per-element", "mlp_layer_types": ["sparse"] * 6}),
    ("step3p5", "Step3p7TextModel",
     {**EXPERTS, "n_routed_experts": 8, "head_dim": 32, "share_expert_dim": 96, "sliding_window": 64,
      "num_sliding_attention_heads": 12, "vocab_size": 8,
      "layer_types": ["sliding_attention"] * 5 + ["full_attention"]}),
    ("minimax_m3_vl_text", "MiniMaxM3VLForCausalLM",
     {"num_local_experts": 8, "num_experts_per_tok": 2, "head_dim": 32, "dense_intermediate_size": 320,
      "shared_intermediate_size": 96, "mlp_layer_types": ["dense"] * 2 + ["sparse"] * 4}),
    ("bailing_hybrid", "BailingHybridForCausalLM",
     {**EXPERTS, **LATENT, "q_lora_rank": None, "num_experts": 8, "linear_num_heads": 4,
      "linear_head_dim": 32,      "num_expert_group": 1, "topk_group": 1}),
    ("glm5_next_text", "Glm5NextTextModel",
     {**EXPERTS, **LATENT, "qk_rope_head_dim": 0, "n_routed_experts": 8, "n_group": 1, "topk_group": 1,
      "vocab_size": 8, "linear_num_heads": 4, "linear_head_dim": 32, "index_n_heads": 2,
      "index_head_dim": 16}),
    ("lfm3", "Lfm3ForCausalLM",
     {"head_dim": 32, "sliding_window": 64,
      "layer_types": ["conv", "conv", "full_attention", "conv", "sliding_attention", "conv"]}),
    ("granitemoe_swa", "GraniteMoeSWAForCausalLM", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    ("flex_olmo", "FlexOlmoForCausalLM", {"num_experts": 4, "num_experts_per_tok": 2}),
    ("glm", "GlmForCausalLM", {"head_dim": 32}), ("helium", "HeliumForCausalLM", {"head_dim": 32}),
    ("granitemoe", "GraniteMoeForCausalLM", {"num_local_experts": 4}),
    ("granitemoehybrid", "GraniteMoeHybridForCausalLM",
     {**SSM, "num_local_experts": 4, "shared_intermediate_size": 64, "layer_types": HYBRID}),
    ("granitemoehybrid", "GraniteMoeHybridForCausalLM",
     {**SSM, "num_local_experts": 0, "shared_intermediate_size": 320, "layer_types": HYBRID}),
    ("bamba", "BambaForCausalLM", {**SSM, "attn_layer_indices": [2, 5]}),
    ("falcon_h1", "FalconH1ForCausalLM", {**SSM, "mamba_d_ssm": 512, "head_dim": 32}),
    ("falcon_h1", "FalconH1ForCausalLM", {**SSM, "mamba_d_ssm": 512, "head_dim": 32, "mamba_rms_norm": True}),
    ("lfm2", "Lfm2ForCausalLM", {"full_attn_idxs": [2, 4], "block_multiple_of": 64}),
    ("kimi_linear", "KimiLinearForCausalLM",
     {**EXPERTS, **LATENT, "q_lora_rank": None, "num_experts": 8, "linear_head_dim": 32,
      "linear_num_heads": 8}),
    ("minimax", "MiniMaxForCausalLM", {"num_local_experts": 4, "head_dim": 32}),
    ("olmo_hybrid", "OlmoHybridForCausalLM",
     {"linear_num_key_heads": 4, "linear_num_value_heads": 8, "linear_key_head_dim": 16,
      "linear_value_head_dim": 32}),
    ("ernie4_5_moe", "Ernie4_5_MoeForCausalLM",
     {"moe_intermediate_size": 96, "moe_num_experts": 8, "moe_k": 2, "moe_layer_end_index": 5}),
    ("afmoe", "AfmoeForCausalLM", {**EXPERTS, "num_experts": 8, "num_dense_layers": 2, "head_dim": 32}),
    ("minicpm3", "MiniCPM3ForCausalLM", LATENT), ("youtu", "YoutuForCausalLM", LATENT),
    ("mistral4", "Mistral4ForCausalLM", {**EXPERTS, **LATENT, "n_routed_experts": 8, "n_shared_experts": 1}),
    ("jais2", "Jais2ForCausalLM", {"head_dim": 32}), ("nanochat", "NanoChatForCausalLM", {}),
    ("smollm3", "SmolLM3ForCausalLM", {}), ("hyperclovax", "HyperCLOVAXForCausalLM", {}),
    ("solar_open", "SolarOpenForCausalLM", {**EXPERTS, "n_routed_experts": 8, "head_dim": 32}),
    ("vaultgemma", "VaultGemmaForCausalLM", {"head_dim": 32}),
    ("recurrent_gemma", "RecurrentGemmaForCausalLM", {"lru_width": 256}),
    ("gemma3n_text", "Gemma3nForCausalLM",
     {"num_hidden_layers": 10, "num_kv_shared_layers": 5, "head_dim": 32, "vocab_size_per_layer_input": 1000,
      "hidden_size_per_layer_input": 16, "laurel_rank": 8, "intermediate_size": 512}),
    ("gemma4_text", "Gemma4ForCausalLM",
     {"num_hidden_layers": 12, "num_kv_shared_layers": 6, "head_dim": 32, "vocab_size_per_layer_input": 1000,
      "global_head_dim": 64,
      "hidden_size_per_layer_input": 16, "use_double_wide_mlp": True}),
    ("qwen3_moe", "Qwen3MoeForCausalLM",
     {**EXPERTS, "num_experts": 8, "mlp_only_layers": [0], "decoder_sparse_step": 2}),
    ("phi3", "Phi3ForCausalLM", {}),
    ("nemotron", "NemotronForCausalLM", {"head_dim": 32}), ("stablelm", "StableLmForCausalLM", {}),
)  # fmt: skip
#: Those whose configuration has other names.
OTHERS = (
    ("rwkv", "RwkvForCausalLM", {"hidden_size": 128, "num_hidden_layers": 3, "vocab_size": 500}),
    ("gpt_neo", "GPTNeoForCausalLM",
     {"hidden_size": 128, "num_layers": 4, "num_heads": 4, "vocab_size": 500,
      "attention_types": [[["global", "local"], 2]]}),
    ("openai-gpt", "OpenAIGPTLMHeadModel", {"n_embd": 128, "n_layer": 3, "n_head": 4, "vocab_size": 500}),
    ("xglm", "XGLMForCausalLM",
     {"d_model": 128, "num_layers": 3, "attention_heads": 4, "ffn_dim": 256, "vocab_size": 500}),
    ("biogpt", "BioGptForCausalLM", ENCODER),
    ("falcon_mamba", "FalconMambaForCausalLM",
     {"hidden_size": 128, "num_hidden_layers": 3, "vocab_size": 500}),
    ("persimmon", "PersimmonForCausalLM", ENCODER),
    ("zamba2", "Zamba2ForCausalLM",
     {"hidden_size": 256, "intermediate_size": 512, "vocab_size": 500, "num_mem_blocks": 2,
      "n_mamba_heads": 8,
      "use_shared_attention_adapter": True, "adapter_rank": 16, "num_attention_heads": 8,
      "num_key_value_heads": 8}),
    ("deepseek_v4", "DeepseekV4ForCausalLM",
     {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 8, "head_dim": 64, "q_lora_rank": 96,
      "vocab_size": 500, "moe_intermediate_size": 64, "n_routed_experts": 8, "num_experts_per_tok": 2,
      "o_groups": 4, "o_lora_rank": 32, "index_n_heads": 4, "index_head_dim": 16, "qk_rope_head_dim": 16,
      "layer_types": ["sliding_attention", "compressed_sparse_attention", "heavily_compressed_attention",
                      "compressed_sparse_attention"]}),
    *((kind, name, HALVES) for kind, name in (
        ("bart", "BartForConditionalGeneration"), ("mbart", "MBartForConditionalGeneration"),
        ("pegasus", "PegasusForConditionalGeneration"), ("marian", "MarianMTModel"),
        ("blenderbot", "BlenderbotForConditionalGeneration"), ("m2m_100", "M2M100ForConditionalGeneration"))),
    ("led", "LEDForConditionalGeneration", {**HALVES, "attention_window": 16}),
    ("pegasus_x", "PegasusXForConditionalGeneration", {**HALVES, "d_model": 512, "encoder_ffn_dim": 2048,
                                                       "decoder_ffn_dim": 2048, "num_global_tokens": 1}),
    ("bigbird_pegasus", "BigBirdPegasusForConditionalGeneration", HALVES),
    ("nllb-moe", "NllbMoeForConditionalGeneration",
     {**HALVES, "num_experts": 4, "encoder_sparse_step": 2, "decoder_sparse_step": 3}),
    ("switch_transformers", "SwitchTransformersForConditionalGeneration",
     {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 4, "num_decoder_layers": 4, "num_heads": 4,
      "num_experts": 4, "num_sparse_encoder_layers": 2, "num_sparse_decoder_layers": 1, "vocab_size": 500}),
    ("t5gemma", "T5GemmaForConditionalGeneration",
     {half: {**TEXT, "head_dim": 32} for half in ("encoder", "decoder")}),
    *((kind, name, {**ENCODER, "embedding_size": 64}) for kind, name in (
        ("albert", "AlbertModel"), ("electra", "ElectraModel"))),
    *((kind, name, ENCODER) for kind, name in (
        ("camembert", "CamembertModel"), ("megatron-bert", "MegatronBertModel"),
        ("data2vec-text", "Data2VecTextModel"))),
    ("deberta-v2", "DebertaV2Model",
     {**ENCODER, "relative_attention": True, "share_att_key": True, "position_buckets": 16,
      "norm_rel_ebd": "layer_norm", "pos_att_type": ["p2c", "c2p"], "position_biased_input": False}),
    *((kind, name, IMAGES) for kind, name in (
        ("resnet", "ResNetForImageClassification"), ("convnext", "ConvNextForImageClassification"),
        ("convnextv2", "ConvNextV2ForImageClassification"), ("swin", "SwinForImageClassification"),
        ("segformer", "SegformerForSemanticSegmentation"), ("regnet", "RegNetForImageClassification"))),
    ("hiera", "HieraForImageClassification", {"depths": [1, 1, 2, 1], "embed_dim": 32, "num_labels": 10}),
    ("focalnet", "FocalNetForImageClassification", {**IMAGES, "embed_dim": 32, "focal_levels": [3, 3, 3, 3]}),
    ("pvt_v2", "PvtV2Model", IMAGES), ("swiftformer", "SwiftFormerForImageClassification", IMAGES),
    ("pvt_v2", "PvtV2ForImageClassification", {**IMAGES, "linear_attention": True}),
    ("levit", "LevitForImageClassificationWithTeacher", {"depths": [1, 1, 2], "num_labels": 10}),
    ("beit", "BeitForImageClassification", {**ENCODER, "use_relative_position_bias": True}),
    ("vit", "ViTModel", {**ENCODER, "image_size": 96}),
)  # fmt: skip


def config_of(kind: str, sizes: dict[str, Any]) -> Any:
    config = transformers.AutoConfig.for_model(kind, **sizes)
    config._attn_implementation = "eager"
    return config


def raw_of(config: Any, name: str) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(json.dumps({**config.to_dict(), "architectures": [name]}, default=str))
    return raw


def parameters(config: Any, name: str) -> int:
    with torch.device("meta"):
        return sum(one.numel() for one in getattr(transformers, name)(config).parameters())


CASES = [*((kind, name, {**TEXT, **more}) for kind, name, more in DECODERS), *OTHERS]


@pytest.mark.parametrize(
    ("kind", "name", "sizes"), CASES, ids=[f"{i}-{one[0]}" for i, one in enumerate(CASES)]
)
@pytest.mark.thorough(every=3)
def test_parameters_are_those_of_the_module(kind: str, name: str, sizes: dict[str, Any]) -> None:
    config = config_of(kind, sizes)
    item = workload_of(raw_of(config, name), kind, kind)
    assert sum(item.parameters().values()) == pytest.approx(parameters(config, name), rel=0.001)
    assert item.flops() > 0


@pytest.mark.parametrize(
    ("kind", "name", "more"),
    [
        ("qwen2_vl", "Qwen2VLForConditionalGeneration", {}),
        ("qwen2_5_vl", "Qwen2_5_VLForConditionalGeneration", {}),
        ("qwen3_vl", "Qwen3VLForConditionalGeneration", {}),
        ("mistral3", "Mistral3ForConditionalGeneration", {}),
        ("internvl", "InternVLForConditionalGeneration", {}),
        ("glm4v", "Glm4vForConditionalGeneration", {}),
        ("llava", "LlavaForConditionalGeneration", {}),
    ],
)  # fmt: skip
def test_vision_towers_are_counted_as_they_are(kind: str, name: str, more: dict[str, Any]) -> None:
    config = config_of(kind, more)
    item = workload_of(raw_of(config, name), kind, kind)
    assert sum(item.parameters().values()) == pytest.approx(parameters(config, name), rel=0.001)


def test_a_text_part_goes_by_the_name_of_the_whole() -> None:
    said = {**TEXT, "head_dim": 32}
    part, whole = (workload_of({"model_type": f"gemma3{end}", **said}, "m", "m") for end in ("_text", ""))
    assert part.parameters() == whole.parameters()


def test_the_whole_says_whether_its_head_is_tied() -> None:
    config = config_of("llava", {})
    raw = raw_of(config, "LlavaForConditionalGeneration")
    apart = sum(workload_of({**raw, "tie_word_embeddings": False}, "a", "a").parameters().values())
    tied = sum(workload_of({**raw, "tie_word_embeddings": True}, "b", "b").parameters().values())
    text = raw["text_config"]
    assert apart - tied == text["vocab_size"] * text["hidden_size"]


def test_pictures_and_texts_are_of_a_size_that_the_model_takes() -> None:
    vit = workload_of({"model_type": "vit", "image_size": 384, **ENCODER, "patch_size": 16}, "v", "v")
    assert vit.complete(Job("v")).height == 384.0
    bert = workload_of({"model_type": "bert", **ENCODER, "max_position_embeddings": 128}, "b", "b")
    assert bert.complete(Job("b")).seq_len == 128.0
    gpt = workload_of({"model_type": "openai-gpt", "n_embd": 64, "n_layer": 2, "n_head": 2, "vocab_size": 99,
                       "n_positions": 512}, "g", "g")  # fmt: skip
    job = gpt.complete(Job("g"))
    assert job.input_tokens + job.output_tokens <= 512


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"model_type": "resnet", "hidden_sizes": [256, 512, 1024, 2000]}, "hidden_sizes are"),
        ({"model_type": "resnet", "layer_type": "round"}, "neither basic nor bottleneck"),
        ({"model_type": "convnext", "depths": [1, 2]}, "hidden_sizes has 4 values, where 2 are expected"),
        ({"model_type": "swin", "depths": "2262"}, "depths is '2262', where a row of whole numbers"),
        ({"model_type": "bart", **HALVES, "decoder_ffn_dim": 64}, "decoder_ffn_dim is 64"),
        ({"model_type": "deberta-v2", **ENCODER}, "relative_attention"),
        ({"model_type": "bart", **HALVES, "encoder_ffn_dim": None}, "encoder_ffn_dim is missing"),
        ({"model_type": "qwen3_moe", **TEXT, **EXPERTS, "num_experts": 8, "mlp_only_layers": "x"}, "mlp_on"),
        ({"model_type": "dinov2", **ENCODER, "mlp_ratio": "x"}, "mlp_ratio is 'x'"),
        ({"model_type": "grounding-dino", "text_config": {"model_type": "bert", **ENCODER}}, "backbone"),
        ({"model_type": "sam3", "text_config": {"model_type": "bert", **ENCODER}}, "is not known"),
        ({"model_type": "hiera", "depths": [1, 1]}, "masked_unit_attention is"),
        ({"model_type": "hiera", "image_size": [64, 96]}, "a square is imported"),
        ({"model_type": "focalnet", "focal_levels": [2, 2]}, "focal_levels has 2 values"),
        ({"model_type": "glm4_moe", **TEXT, **EXPERTS}, "n_routed_experts is missing"),
        ({"model_type": "laguna", **TEXT, **EXPERTS, "num_experts": 8,
          "num_attention_heads_per_layer": [8, 8, 8, 8, 8, 4]}, "differs among layers of one kind"),
        ({"model_type": "lfm2", **TEXT}, "layer_types is missing"),
        ({"model_type": "mllama_text_model", **TEXT}, "cross_attention_layers is missing"),
        ({"model_type": "falcon_h1", **TEXT, **SSM, "mamba_d_ssm": 500}, "is not the 500 channels of Mamba"),
        ({"model_type": "deepseek_v4", **TEXT, "head_dim": 64, "q_lora_rank": 96, "n_routed_experts": 8,
          **EXPERTS, "compress_ratios": [0, 4, 128, 7, 4, 4]}, "layer_types: '7'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("'", ".")):
        workload_of(raw, "config.json", "mine")


@pytest.mark.parametrize("kind", ["apertus", "gemma3n_text", "recurrent_gemma", "helium", "minicpm3", "glm"])
@pytest.mark.thorough(every=3)
def test_products_of_a_pass_are_those_that_torch_counts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks look at values, so that each gets one of zeros."""
    import sys

    from torch.utils.flop_counter import FlopCounterMode

    _, name, sizes = next(one for one in CASES if one[0] == kind)
    config = config_of(kind, sizes)
    with torch.device("meta"):
        module = getattr(transformers, name)(config).eval()
    code = sys.modules[type(module).__module__]
    for maker in [one for one in dir(code) if one.startswith("create_") and one.endswith("mask")]:
        monkeypatch.setattr(code, maker, lambda *_, **__: torch.zeros(1, 1, 512, 512, device="meta"))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(input_ids=torch.zeros(1, 512, dtype=torch.long, device="meta"), use_cache=False)
    ours = product_flops(workload_of(raw_of(config, name), kind, kind).reference_ops())
    assert ours == pytest.approx(counter.get_total_flops(), rel=0.01)
