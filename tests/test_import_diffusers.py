"""A folder of Diffusers is the pipeline that the zoo has: parts, parameters and work."""

from __future__ import annotations

import json

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importing import load
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.workload import resolve

CLIP = {"architectures": ["CLIPTextModel"], "hidden_size": 768, "intermediate_size": 3072,
        "num_hidden_layers": 12, "num_attention_heads": 12, "max_position_embeddings": 77,
        "vocab_size": 49408, "projection_dim": 768}  # fmt: skip
PROJECTED = {**CLIP, "architectures": ["CLIPTextModelWithProjection"]}
BIG = {**PROJECTED, "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32,
       "num_attention_heads": 20, "projection_dim": 1280}  # fmt: skip
T5 = {"architectures": ["T5EncoderModel"], "d_model": 4096, "d_ff": 10240, "d_kv": 64, "num_heads": 64,
      "num_layers": 24, "vocab_size": 32128}  # fmt: skip
VAE = {"_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
       "latent_channels": 4}  # fmt: skip
WIDE_VAE = {**VAE, "latent_channels": 16, "use_quant_conv": False}
CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
UNET = {"_class_name": "UNet2DConditionModel", "block_out_channels": [320, 640, 1280, 1280],
        "layers_per_block": 2, "attention_head_dim": 8, "cross_attention_dim": 768, "sample_size": 64,
        "down_block_types": [CROSS, CROSS, CROSS, PLAIN],
        "up_block_types": ["UpBlock2D", *["CrossAttnUpBlock2D"] * 3]}  # fmt: skip
FLUX = {"_class_name": "FluxTransformer2DModel", "num_layers": 19, "num_single_layers": 38,
        "num_attention_heads": 24, "attention_head_dim": 128, "in_channels": 64, "joint_attention_dim": 4096,
        "pooled_projection_dim": 768, "guidance_embeds": True}  # fmt: skip
SD3 = {"_class_name": "SD3Transformer2DModel", "num_layers": 24, "num_attention_heads": 24,
       "attention_head_dim": 64, "in_channels": 16, "joint_attention_dim": 4096,
       "pooled_projection_dim": 2048, "patch_size": 2, "sample_size": 128}  # fmt: skip
WAN = {"_class_name": "WanTransformer3DModel", "num_layers": 30, "num_attention_heads": 12,
       "attention_head_dim": 128, "ffn_dim": 8960, "in_channels": 16, "text_dim": 4096}  # fmt: skip
UMT5 = {**T5, "architectures": ["UMT5EncoderModel"], "vocab_size": 256384}
PIPELINES = {
    "stable-diffusion-1.5": {"unet": UNET, "vae": VAE, "text_encoder": CLIP},
    "flux.1-dev": {"transformer": FLUX, "vae": WIDE_VAE, "text_encoder": CLIP, "text_encoder_2": T5},
    "sd3-medium": {"transformer": SD3, "vae": WIDE_VAE, "text_encoder": PROJECTED, "text_encoder_2": BIG,
                   "text_encoder_3": T5},
    "wan-2.1-t2v-1.3b": {"transformer": WAN, "vae": {"_class_name": "AutoencoderKLWan"},
                         "text_encoder": UMT5},
}  # fmt: skip


def write(folder, parts):
    index = {"_class_name": "Pipeline", "_diffusers_version": "0.30.0", "scheduler": ["diffusers", "Any"],
             "feature_extractor": [None, None],
             **{name: ["library", "Class"] for name in parts}}  # fmt: skip
    (folder / "model_index.json").write_text(json.dumps(index))
    for name, config in parts.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(config))
    return str(folder)


@pytest.mark.parametrize("name", PIPELINES)
def test_a_folder_is_the_pipeline_of_the_zoo(tmp_path, name):
    item, known = load(write(tmp_path, PIPELINES[name])), resolve(name)
    assert item.parameters() == known.parameters()
    work = [product_flops(one.trace(one.complete(Job(one.id, phase="generate")))) for one in (item, known)]
    assert work[0] == pytest.approx(work[1], rel=1e-9)


def test_it_is_saved_and_used_like_any_other(tmp_path, whichgpu):
    folder = write(tmp_path, PIPELINES["stable-diffusion-1.5"])
    saved = tmp_path / "my.toml"
    assert whichgpu("workload", f"{folder}/model_index.json", "--save", str(saved)).status == 0
    answer = whichgpu("predict", str(saved), "--gpu", "l4", "--steps", "20", "--json")
    assert answer.json["predicted"]["value"]["mid"] > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"text_encoder": {"architectures": ["Strange"]}},
            "text encoder of class Strange; imported are CLIP",
        ),
        ({"text_encoder": {"architectures": 7}}, "text encoder of class not stated"),
        ({"text_encoder": {**CLIP, "hidden_size": "wide"}}, "hidden_size is 'wide'"),
        ({"vae": {"_class_name": "Strange"}}, "class Strange; imported are UNet2D"),
        ({"unet": {**UNET, "block_out_channels": [0]}}, "block_out_channels holds 0"),
    ],
)
def test_a_part_that_is_not_known_is_named(tmp_path, change, said):
    with pytest.raises(UsageError, match=said):
        load(write(tmp_path, {**PIPELINES["stable-diffusion-1.5"], **change}))


def test_a_part_that_is_missing_is_named(tmp_path):
    folder = write(tmp_path, PIPELINES["stable-diffusion-1.5"])
    (tmp_path / "vae" / "config.json").unlink()
    with pytest.raises(UsageError, match=r"vae/config\.json: missing, and model_index\.json names it"):
        load(folder)
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(UsageError, match="names no unet and no transformer"):
        load(folder)
