"""Networks put together of parts: a config.json as it is counted, against transformers' own module.

Without weights of anybody; sizes are small, so that each takes a tenth of a second.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops

pytestmark = pytest.mark.slow

TEXT: dict[str, Any] = {
    "vocab_size": 500, "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4,
    "intermediate_size": 256, "pad_token_id": 0,
}  # fmt: skip
VISION = {
    "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 256,
    "image_size": 64, "patch_size": 16,
}  # fmt: skip
PAIR = {"text_config": {**TEXT, "max_position_embeddings": 32, "projection_dim": 32}, "vision_config": VISION}

#: Type, class, sizes, what goes in: words, a picture of a side, samples of sound, frames.
CASES: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("deberta", "DebertaModel",
     {**TEXT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False,
      "max_position_embeddings": 64}, {}),
    ("longformer", "LongformerForMaskedLM", {**TEXT, "attention_window": [64] * 3}, {}),
    ("big_bird", "BigBirdForMaskedLM", TEXT, {}),
    ("layoutlm", "LayoutLMModel", TEXT, {"words": 384}),
    ("rembert", "RemBertForMaskedLM", {**TEXT, "input_embedding_size": 32, "output_embedding_size": 96},
     {"words": 384}),
    ("dpr", "DPRQuestionEncoder", TEXT, {"words": 384}),
    ("xlm-roberta-xl", "XLMRobertaXLModel", TEXT, {"words": 384}),
    ("roformer", "RoFormerForMaskedLM", {**TEXT, "embedding_size": 64, "max_position_embeddings": 384}, {}),
    ("nystromformer", "NystromformerModel", TEXT, {}),
    ("fnet", "FNetForMaskedLM", TEXT, {}), ("tapas", "TapasModel", TEXT, {}),
    ("flaubert", "FlaubertModel", {"vocab_size": 500, "emb_dim": 128, "n_layers": 3, "n_heads": 4},
     {"words": 384}),
    ("eurobert", "EuroBertModel", {**TEXT, "num_key_value_heads": 4}, {"words": 384}),
    ("gte", "GteModel", TEXT, {"words": 384}), ("jina_embeddings_v3", "JinaEmbeddingsV3Model", TEXT,
     {"words": 384}),
    ("esm", "EsmForMaskedLM", {**TEXT, "position_embedding_type": "rotary", "mask_token_id": 1}, {}),
    ("xlnet", "XLNetLMHeadModel",
     {"vocab_size": 500, "d_model": 128, "n_layer": 3, "n_head": 4, "d_inner": 256}, {"words": 384}),
    ("mobilebert", "MobileBertForMaskedLM", {"vocab_size": 500, "num_hidden_layers": 3}, {"words": 384}),
    ("squeezebert", "SqueezeBertModel", {**TEXT, "embedding_size": 128}, {"words": 384}),
    ("vit_mae", "ViTMAEModel", VISION, {"side": 64}),
    ("videomae", "VideoMAEForVideoClassification", {**VISION, "num_frames": 4}, {"side": 64, "frames": 4}),
    ("vivit", "VivitModel", {**VISION, "num_frames": 4}, {"side": 64, "frames": 4}),
    ("timesformer", "TimesformerModel", {**VISION, "num_frames": 4}, {"side": 64, "frames": 4}),
    ("yolos", "YolosForObjectDetection", {**VISION, "image_size": [64, 96], "num_detection_tokens": 7},
     {"side": (64, 96)}),
    ("dinov3_vit", "DINOv3ViTModel", {**VISION, "num_register_tokens": 4}, {"side": 64}),
    ("ijepa", "IJepaModel", VISION, {"side": 64}),
    ("dpt", "DPTForSemanticSegmentation",
     {**VISION, "num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3], "fusion_hidden_size": 32,
      "neck_hidden_sizes": [16, 32, 48, 64]}, {"side": 64}),
    ("layoutlmv3", "LayoutLMv3Model", {**TEXT, "coordinate_size": 20, "shape_size": 24, "input_size": 64},
     {}),
    ("efficientnet", "EfficientNetForImageClassification",
     {"width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280, "image_size": 64},
      {"side": 64}),
    ("mobilenet_v1", "MobileNetV1ForImageClassification", {"depth_multiplier": 0.75}, {"side": 224}),
    ("mobilenet_v2", "MobileNetV2ForImageClassification", {"depth_multiplier": 1.4}, {"side": 224}),
    ("poolformer", "PoolFormerForImageClassification", {}, {"side": 224}),
    ("sam", "SamModel", {"vision_config": {"num_hidden_layers": 4, "global_attn_indexes": [1, 3]}}, {}),
    ("siglip", "SiglipModel", PAIR, {"side": 64, "words": 32}),
    ("owlvit", "OwlViTModel", {**PAIR, "projection_dim": 32}, {"side": 64, "words": 32}),
    ("metaclip_2", "MetaClip2Model", {**PAIR, "projection_dim": 32}, {"side": 64, "words": 32}),
    ("chinese_clip", "ChineseCLIPModel", {**PAIR, "projection_dim": 32}, {}),
    ("clip_text_model", "CLIPTextModel", {**TEXT, "max_position_embeddings": 32}, {"words": 32}),
    ("clip_vision_model", "CLIPVisionModel", VISION, {"side": 64}),
    ("siglip_vision_model", "SiglipVisionModel", VISION, {"side": 64}),
    ("blip", "BlipForConditionalGeneration", PAIR, {"side": 64, "words": 32}),
    ("git", "GitForCausalLM", {**TEXT, "vision_config": VISION}, {"side": 64, "words": 32}),
    ("wavlm", "WavLMModel", {**TEXT, "num_conv_pos_embeddings": 16}, {}),
    ("data2vec-audio", "Data2VecAudioModel", TEXT, {}),
    ("wav2vec2-bert", "Wav2Vec2BertModel", TEXT, {"spectrogram": (500, 160), "masked": True}),
    ("audio-spectrogram-transformer", "ASTModel", {**TEXT, "max_length": 256}, {}),
    ("speech_to_text", "Speech2TextForConditionalGeneration",
     {"vocab_size": 500, "d_model": 64, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 128,
      "decoder_ffn_dim": 128, "conv_channels": 96}, {"spectrogram": (1000, 80), "said": 40}),
    ("moonshine", "MoonshineForConditionalGeneration", {"vocab_size": 500, "hidden_size": 128,
     "intermediate_size": 256}, {"samples": 160_000, "said": 40}),
    ("parakeet_ctc", "ParakeetForCTC", {"encoder_config": {"num_hidden_layers": 2, "hidden_size": 128,
     "num_attention_heads": 4, "intermediate_size": 256}, "vocab_size": 100}, {}),
)  # fmt: skip


@pytest.fixture(scope="module")
def hub() -> Any:
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    return pytest.importorskip("transformers", reason="needs transformers, for its module classes")


def built(
    hub: Any, kind: str, name: str, sizes: dict[str, Any], device: str = "meta"
) -> tuple[Any, dict[str, Any]]:
    """The module, and its config.json."""
    import torch

    config = hub.AutoConfig.for_model(kind, **sizes)
    for one in (config, *(getattr(config, f"{part}_config", None) for part in ("text", "vision", "encoder"))):
        if one is not None and not isinstance(one, dict):
            one._attn_implementation = "eager"
    with torch.device(device):
        module = getattr(hub, name)(config).eval()
    raw = json.loads(json.dumps({**config.to_dict(), "architectures": [name]}, default=str))
    return module, raw


def inputs(given: dict[str, Any]) -> dict[str, Any]:
    """Zeros for what a case says goes in."""
    import torch

    whole, made = {"dtype": torch.long}, {}
    if "words" in given:
        made["input_ids"] = torch.zeros(1, given["words"], **whole)
    if "side" in given:
        side = given["side"]
        high, wide = side if isinstance(side, tuple) else (side, side)
        frames = (given["frames"],) if "frames" in given else ()
        made["pixel_values"] = torch.zeros(1, *frames, 3, high, wide)
    if "samples" in given:
        made["input_values"] = torch.zeros(1, given["samples"])
    if "spectrogram" in given:
        made["input_features"] = torch.zeros(1, *given["spectrogram"])
    if "said" in given:
        made["decoder_input_ids"] = torch.zeros(1, given["said"], **whole)
    return made


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "name", "sizes", "given"), CASES, ids=[one[0] for one in CASES])
@pytest.mark.thorough(every=3)
def test_parameters_and_products_are_those_of_the_module(
    kind: str, name: str, sizes: dict[str, Any], given: dict[str, Any], hub: Any
) -> None:
    # Masks look at values, so that what runs has some.
    module, raw = built(hub, kind, name, sizes, "cpu" if {"words", "masked"} & set(given) else "meta")
    item = workload_of(raw, kind, kind)
    assert sum(item.parameters().values()) == pytest.approx(
        sum(one.numel() for one in module.parameters()), rel=0.005
    )
    if not given:
        assert item.flops() > 0
        return
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(**{name: one.to(module.device) for name, one in inputs(given).items()})
    # The module is given all tokens of an answer, as training knows them; alone it writes one after another.
    known = any("written" in part for part in item.dims.get("parts", ()))
    job = item.complete(Job(kind, phase="train" if known else "infer", batch=1.0))
    # Its depthwise strides cut the last column off, which published counts of EfficientNet do not.
    near = 0.1 if kind == "efficientnet" else 0.01
    assert float(product_flops(item._forward(job, training=False))) == pytest.approx(
        counter.get_total_flops(), rel=near
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("blip-2", "Blip2ForConditionalGeneration"), ("instructblip", "InstructBlipForConditionalGeneration"),
        ("idefics2", "Idefics2ForConditionalGeneration"), ("idefics3", "Idefics3ForConditionalGeneration"),
        ("paligemma", "PaliGemmaForConditionalGeneration"), ("kosmos-2", "Kosmos2ForConditionalGeneration"),
        ("qwen2_audio", "Qwen2AudioForConditionalGeneration"), ("voxtral", "VoxtralForConditionalGeneration"),
        ("audioflamingo3", "AudioFlamingo3ForConditionalGeneration"),
        ("glmasr", "GlmAsrForConditionalGeneration"),
        ("qwen2_5_omni_thinker", "Qwen2_5OmniThinkerForConditionalGeneration"),
        ("xlstm", "xLSTMForCausalLM"), ("zamba", "ZambaForCausalLM"), ("longt5",
         "LongT5ForConditionalGeneration"),
        ("blenderbot-small", "BlenderbotSmallForConditionalGeneration"), ("ctrl", "CTRLLMHeadModel"),
    ],
)  # fmt: skip
@pytest.mark.thorough(every=2)
def test_whole_models_of_their_default_sizes(kind: str, name: str, hub: Any) -> None:
    module, raw = built(hub, kind, name, {})
    want = sum(one.numel() for one in module.parameters())
    assert sum(workload_of(raw, kind, kind).parameters().values()) == pytest.approx(want, rel=0.001)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("writer", ["TrOCRConfig", "GPT2Config", "BertConfig"])
def test_text_written_from_a_picture(writer: str, hub: Any) -> None:
    import torch

    more = {"cross_attention_hidden_size": 768} if writer == "TrOCRConfig" else {}
    config = hub.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        hub.ViTConfig(), getattr(hub, writer)(**more)
    )
    with torch.device("meta"):
        want = sum(one.numel() for one in hub.VisionEncoderDecoderModel(config).parameters())
    raw = json.loads(
        json.dumps({**config.to_dict(), "architectures": ["VisionEncoderDecoderModel"]}, default=str)
    )
    assert sum(workload_of(raw, "c", "c").parameters().values()) == want


def test_a_page_is_read_in_windows_and_written_down():
    """Donut: a Swin whose stages are windows, and a decoder of mBART's."""
    transformers = pytest.importorskip("transformers", reason="needs transformers, for its module classes")
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    swin = {"image_size": [160, 160], "embed_dim": 32, "num_heads": [2, 4, 8, 16], "window_size": 5}
    writer = {"d_model": 256, "decoder_layers": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 128,
              "vocab_size": 500, "max_position_embeddings": 64, "is_decoder": True,
              "add_cross_attention": True}  # fmt: skip
    halves = [transformers.AutoConfig.for_model(kind, **sizes)
              for kind, sizes in (("donut-swin", swin), ("mbart", writer))]  # fmt: skip
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(*halves)
    config._attn_implementation = "eager"
    raw = json.loads(json.dumps(config.to_dict(), default=str))
    item = workload_of({**raw, "architectures": ["VisionEncoderDecoderModel"]}, "donut", "donut")
    module = transformers.VisionEncoderDecoderModel(config).eval().requires_grad_(False)
    assert sum(item.parameters().values()) == sum(one.numel() for one in module.parameters())
    with FlopCounterMode(display=False) as counter:
        module(
            pixel_values=torch.zeros(1, 3, 160, 160), decoder_input_ids=torch.zeros(1, 32, dtype=torch.long)
        )
    job = item.complete(Job(item.id, phase="infer", batch=1.0, height=160.0, width=160.0))
    assert float(product_flops(item.trace(job))) == pytest.approx(counter.get_total_flops(), rel=0.01)
