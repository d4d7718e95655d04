"""Masks, named boxes, voices: a config.json as it is counted, against transformers' module.

Without weights of anybody; sizes are small, pictures of whole windows.
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
hub = pytest.importorskip("transformers", reason="needs transformers, for its module classes")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

SWIN = {
    "embed_dim": 24,
    "depths": [1, 1, 2, 1],
    "num_heads": [2, 2, 4, 4],
    "window_size": 7,
    "image_size": 224,
}
SIDE = 224.0


def compared(config: Any, name: str, run: Any, **columns: Any) -> tuple[float, float]:
    """Our parameters and products over those of the module that transformers builds."""
    from torch.utils.flop_counter import FlopCounterMode

    for one in (
        config,
        *(getattr(config, f"{part}_config", None) for part in ("text", "vision", "backbone")),
    ):
        if one is not None:
            one._attn_implementation = "eager"
    module = getattr(hub, name)(config).eval().requires_grad_(False)
    with FlopCounterMode(display=False) as counter:
        run(module)
    raw = json.loads(json.dumps({**config.to_dict(), "architectures": [name]}, default=str))
    item = workload_of(raw, name, name)
    ops = item.trace(item.complete(Job(name, phase="infer", batch=1.0, **columns)))
    held = sum(one.numel() for one in module.parameters())
    return sum(item.parameters().values()) / held, float(product_flops(ops)) / counter.get_total_flops()


def test_masks_of_queries():
    stages = [f"stage{i}" for i in range(1, 5)]
    config = hub.Mask2FormerConfig(
        backbone_config=hub.SwinConfig(**SWIN, out_features=stages), feature_size=64, mask_feature_size=64,
        hidden_dim=64, encoder_feedforward_dim=96, encoder_layers=2, decoder_layers=4, num_attention_heads=4,
        dim_feedforward=128, num_queries=20,
    )  # fmt: skip
    held, ran = compared(config, "Mask2FormerModel", lambda m: m(pixel_values=torch.zeros(1, 3, 224, 224)),
                         height=SIDE, width=SIDE)  # fmt: skip
    assert held == 1.0
    assert ran == pytest.approx(1.0, rel=0.01)


def test_boxes_of_what_a_text_names():
    text = hub.BertConfig(hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
                          vocab_size=500)  # fmt: skip
    config = hub.GroundingDinoConfig(
        backbone_config=hub.SwinConfig(**SWIN, out_features=["stage2", "stage3", "stage4"]), text_config=text,
        d_model=64, num_queries=30, encoder_layers=2, encoder_ffn_dim=128, encoder_attention_heads=4,
        decoder_layers=3, decoder_ffn_dim=128, decoder_attention_heads=4, max_text_len=16,
    )  # fmt: skip
    words = torch.full((1, 16), 7)
    held, ran = compared(
        config, "GroundingDinoForObjectDetection", height=SIDE, width=SIDE,
        run=lambda m: m(pixel_values=torch.zeros(1, 3, 224, 224), input_ids=words))  # fmt: skip
    assert held == 1.0
    assert ran == pytest.approx(1.0, rel=0.01)


def test_a_point_is_segmented_over_hiera():
    hiera = {"hidden_size": 8, "embed_dim_per_stage": [8, 16, 32, 64], "blocks_per_stage": [1, 2, 3, 1],
             "global_attention_blocks": [4], "num_attention_heads_per_stage": [1, 1, 2, 2]}  # fmt: skip
    seen = hub.Sam2VisionConfig(backbone_config=hub.Sam2HieraDetConfig(**hiera),
                                backbone_channel_list=[64, 32, 16, 8])  # fmt: skip
    config = hub.Sam2Config(vision_config=seen)
    point = {"input_points": torch.zeros(1, 1, 1, 2), "input_labels": torch.ones(1, 1, 1, dtype=torch.long)}
    held, ran = compared(
        config, "Sam2Model", lambda m: m(pixel_values=torch.zeros(1, 3, 1024, 1024), **point)
    )
    assert held == pytest.approx(1.0, rel=1e-3)
    assert ran == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize(
    "name", ["ConvBertModel", "ConvBertForMaskedLM", "ConvBertForSequenceClassification"]
)
def test_half_of_the_heads_convolve(name):
    config = hub.ConvBertConfig(vocab_size=500, hidden_size=128, num_hidden_layers=2, num_attention_heads=4,
                                intermediate_size=256, embedding_size=64)  # fmt: skip
    words = torch.zeros(1, 384, dtype=torch.long)
    held, ran = compared(config, name, lambda m: m(input_ids=words))
    assert held == 1.0
    assert ran == pytest.approx(1.0, rel=0.01)


def test_letters_are_spoken():
    small = {"upsample_initial_channel": 32, "hidden_size": 48, "flow_size": 48, "ffn_dim": 96,
             "posterior_encoder_num_wavenet_layers": 3, "spectrogram_bins": 33,
             "resblock_kernel_sizes": [3, 7], "resblock_dilation_sizes": [[1, 3], [1, 3]]}  # fmt: skip

    def spoken(module: Any) -> None:
        latents, text = torch.zeros(1, 48, 125), torch.zeros(1, 60, dtype=torch.long)
        module.text_encoder(text, torch.ones(1, 60, 1))
        module.duration_predictor(torch.zeros(1, 48, 60), torch.ones(1, 1, 60), None, reverse=True)
        module.flow(latents, torch.ones(1, 1, 125), None, reverse=True)
        module.decoder(latents)

    held, ran = compared(hub.VitsConfig(**small), "VitsModel", spoken, options={"seconds": "2"})
    assert held == 1.0
    assert ran == pytest.approx(1.0, rel=0.01)
    several = hub.VitsConfig(**small, num_speakers=5, speaker_embedding_size=16)
    with torch.device("meta"):
        module = hub.VitsModel(several)
    raw = json.loads(json.dumps({**several.to_dict(), "architectures": ["VitsModel"]}, default=str))
    counted = sum(workload_of(raw, "v", "v").parameters().values())
    assert counted == pytest.approx(sum(one.numel() for one in module.parameters()), rel=0.005)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"model_type": "mask2former", "backbone_config": {"model_type": "resnet"}}, "swin is imported"),
        ({"model_type": "mask2former", "backbone_config": {"model_type": "swin", "out_features": ["stage4"]}},
         "names 1 stages"),
        ({"model_type": "vits", "upsample_rates": [8, 8]}, "upsample_kernel_sizes has 4 values"),
        ({"model_type": "vits", "resblock_dilation_sizes": 3}, "resblock_dilation_sizes is 3"),
        ({"model_type": "convbert", "vocab_size": 9, "num_groups": 2}, "num_groups"),
        ({"model_type": "sam2", "architectures": ["Sam2Model"],
          "vision_config": {"backbone_config": {"embed_dim_per_stage": [96, 192]}}}, "stage has 2"),
        ({"model_type": "sam2", "architectures": ["Sam2Model"], "vision_config": {"backbone_config": [1]}},
         "backbone_config is"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(raw, said):
    with pytest.raises(UsageError, match=said):
        workload_of(raw, "config.json", "m")
