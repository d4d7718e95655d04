"""Memory of pipelines that make videos: their denoisers, and decoders over time."""

from __future__ import annotations

from functools import partial

import memory_jobs
import numpy as np
import pytest
from memory_jobs import GIB, GPUS

from whichgpu.cost.infeasible import single
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.memory.live_tensors import denoising
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision

A100 = GPUS["a100-80gb-sxm"]
parts, peak = partial(memory_jobs.parts, gpu=A100), partial(memory_jobs.peak, gpu=A100)


#: huggingface/blog, video_gen.md: 121 frames of 512 x 768 in BF16, the transformer alone quantised.
VIDEO = [
    ("bf16", {}, 60.10),
    ("bf16", {"vae_tiling": "true"}, 43.58),
    ("int8", {"encoder_precision": "bf16"}, 49.9),
    ("nf4", {"encoder_precision": "bf16"}, 42.96),
    ("nf4", {"encoder_precision": "bf16", "vae_tiling": "true"}, 26.42),
]


@pytest.mark.parametrize(("format_", "options", "published"), VIDEO)
def test_hunyuanvideo_takes_what_diffusers_published(format_, options, published):
    job = {"phase": "generate", "precision": format_, "height": 512, "width": 768, "steps": 50, "batch": 1}
    assert peak("hunyuanvideo", options={"frames": "121", **options}, **job) == pytest.approx(
        published, rel=0.07
    )


#: sayakpaul/diffusers-torchao, README.md of August 2024: GiB on an A100, of the pipeline alone, and running.
COGVIDEOX = [
    ("cogvideox-5b", "bf16", "diffusers 0.30", 19.764, 31.746),
    ("cogvideox-5b", "w8a16", "torchao, diffusers 0.30", 10.302, 22.288),
    ("cogvideox-2b", "bf16", "diffusers 0.30", 12.550, 24.528),
    ("cogvideox-2b", "w8a16", "torchao, diffusers 0.30", 6.58, 18.621),
]


@pytest.mark.parametrize(("name", "format_", "runtime", "alone", "running"), COGVIDEOX)
def test_cogvideox_takes_what_was_published(name, format_, runtime, alone, running):
    job = {"phase": "generate", "precision": format_, "runtime": runtime, "batch": 1}
    found = parts(name, **job)
    assert found["weights"] / GIB == pytest.approx(alone, rel=0.04)
    assert peak(name, **job) == pytest.approx(running, rel=0.06)
    decoding = found["activations"] + found["frames_held"]
    assert decoding / GIB == pytest.approx(running - alone, rel=0.07)


def test_a_decoder_keeps_two_frames_of_what_its_convolutions_over_time_read():
    """CogVideoX at 480 x 720: channels of those at each size of the map, 2 frames of them in 16 bits."""
    sizes = {
        480 * 720: 256 + 8 * 128, 240 * 360: 8 * 256, 120 * 180: 512 + 7 * 256, 60 * 90: 16 + 12 * 512,
    }  # fmt: skip
    held = 2 * 2 * sum(area * channels for area, channels in sizes.items())
    asked = {"phase": "generate", "precision": "bf16", "batch": 1, "height": 480, "width": 720}
    # Since diffusers 0.31 those of a chunk are made beside those of the one before.
    assert parts("cogvideox-2b", **asked)["frames_held"] == pytest.approx(2.0 * held)
    asked["runtime"] = "diffusers 0.30"
    assert parts("cogvideox-2b", **asked)["frames_held"] == pytest.approx(held)
    tiled = parts("cogvideox-2b", options={"vae_tiling": "true"}, **asked)["frames_held"]
    assert tiled < 0.3 * held


def test_frames_wait_while_others_are_decoded_and_not_while_the_latent_is_made():
    """Cosmos-Predict2 14B needs more for its denoiser; chunks of HunyuanVideo overlap, and keep none."""
    small = parts("wan-2.1-t2v-1.3b", phase="generate", precision="bf16", batch=1, height=480, width=832)
    large = parts("cosmos-predict2-14b-video2world", phase="generate", precision="bf16", batch=1)
    assert small["frames_held"] > 1.5 * GIB
    assert large["frames_held"] == 0.0
    assert "frames_held" not in parts("hunyuanvideo", phase="generate", precision="bf16", batch=1)


def test_one_video_after_the_other_keeps_the_frames_of_one():
    job = {"phase": "generate", "precision": "bf16", "height": 480, "width": 720}
    one = parts("cogvideox-2b", batch=1, **job)["frames_held"]
    sliced = parts("cogvideox-2b", batch=2, options={"vae_slicing": "true"}, **job)["frames_held"]
    assert sliced == pytest.approx(one)
    assert parts("cogvideox-2b", batch=2, **job)["frames_held"] == pytest.approx(2 * one)


def test_an_autoencoder_may_have_a_format_of_its_own():
    """Wan 2.2 14B ran out of an 80 GB A100 as it decoded 720 x 1280 (Wan-Video/Wan2.2 issue 42), in FP32."""
    video = {"phase": "generate", "precision": "bf16", "batch": 1}
    large = {**video, "height": 720, "width": 1280}
    wide = parts("wan-2.2-t2v-a14b", options={"vae_precision": "fp32"}, **large)
    assert sum(wide.values()) > A100.need("memory")
    # Twice the bytes of a value: the frames that wait take twice as much, as do the weights.
    small = {**video, "height": 480, "width": 832}
    usual, doubled = (
        parts("wan-2.1-t2v-1.3b", options=options, **small) for options in ({}, {"vae_precision": "fp32"})
    )
    assert doubled["frames_held"] == pytest.approx(2.0 * usual["frames_held"])
    assert doubled["weights"] - usual["weights"] == pytest.approx(2.0 * 126.9e6, rel=0.01)


def test_mochi_decodes_in_tiles_of_256():
    """Diffusers' documentation of Mochi: 22 GB in BF16 with offloading and tiles, 85 frames; 40.9 before."""
    job = {"phase": "generate", "precision": "bf16", "batch": 1.0, "height": 480.0, "width": 848.0,
           "runtime": "diffusers"}  # fmt: skip
    whole, tiled = (parts("mochi-1", options={"frames": "85", **one}, **job)["activations"]
                    for one in ({}, {"vae_tiling": "true"}))  # fmt: skip
    assert tiled / whole == pytest.approx(256 * 256 / (480 * 848), rel=0.01)
    found = parts("mochi-1", options={"frames": "85", "vae_tiling": "true", "offload": "model"}, **job)
    assert sum(found.values()) / GIB == pytest.approx(22, rel=0.13)


def test_frames_are_decoded_so_many_at_a_time():
    """Diffusers' documentation of Stable Video Diffusion: below 8 GB offloaded, with decode_chunk_size=2."""
    job = {"phase": "generate", "precision": "fp16", "batch": 1.0, "runtime": "diffusers"}
    found = parts("svd", options={"offload": "model", "decode_chunk": "2"}, **job)
    assert sum(found.values()) < 8e9 < parts("svd", options={"offload": "model"}, **job)["activations"]
    with pytest.raises(UsageError, match="makes no video"):
        parts("sdxl", options={"decode_chunk": "2"}, **job)


@pytest.mark.parametrize(
    ("name", "runtime", "again"),
    [("wan-2.1-t2v-14b", "", True), ("hunyuanvideo", "diffusers", True), ("flux.1-dev", "diffusers", False),
     ("flux.1-dev", "SimpleTuner", True)],
)  # fmt: skip
def test_videos_are_trained_with_layers_run_again(name, runtime, again):
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 1.0, "runtime": runtime}
    stated = {"checkpointing": "full" if again else "none"}
    assert parts(name, **job) == parts(name, options=stated, **job)


def test_frames_are_decoded_one_by_one_where_the_decoder_knows_no_time():
    """diffusers' page of text to video: 7 GB for 64 frames of 256 pixels, offloaded and sliced."""
    options = {"frames": "64", "offload": "model", "vae_slicing": "true"}
    job = Job("modelscope-t2v", phase="generate", precision="fp16", batch=1, height=256.0, width=256.0,
              runtime="diffusers", options=options)  # fmt: skip
    assert float(single(job, A100).readings.device) / GIB == pytest.approx(7.0, rel=0.07)


@pytest.mark.parametrize(("height", "width", "gib"), [(192.0, 336.0, 52.5), (576.0, 1024.0, 60.3)])
def test_open_sora_decodes_all_frames_at_a_time(height, width, gib):
    """README of hpcaitech/Open-Sora, one GPU at 256 and 768 pixels (16:9): tiles of a frame, none of time.

    In GiB: what two and more GPUs take at either, 44.3, are two copies of its 11.9 B values in BF16.
    """
    job = {"precision": "bf16", "height": height, "width": width, "options": {"frames": "129"}}
    assert peak("open-sora-2.0", gpu=GPUS["h100-80gb-sxm"], **job) == pytest.approx(gib, rel=0.05)


def test_wans_program_keeps_weights_in_fp32_and_no_copies():
    """README of Wan-Video/Wan2.1, 14B at 720p on one H800 with `--offload_model True`: 69.1 GB.

    `requires_grad_(False)`, so that autocast keeps none of what it casts; diffusers' modules ask for them.
    """
    job = {"precision": "amp-bf16", "height": 720.0, "width": 1280.0,
           "options": {"frames": "81", "offload": "model", "encoder_precision": "bf16"}}  # fmt: skip
    own, other = (
        parts("wan-2.1-t2v-14b", runtime=one, **job)["weights"] for one in ("Wan-Video", "diffusers 0.33")
    )
    assert own / GIB == pytest.approx(53.2, rel=0.01)
    assert other == pytest.approx(1.5 * own, rel=0.01)
    h100 = GPUS["h100-80gb-sxm"]
    assert peak("wan-2.1-t2v-14b", gpu=h100, runtime="Wan-Video", **job) == pytest.approx(69.1, rel=0.15)


#: The most that is alive beside the weights in a pass of a denoiser: GiB, torch 2.13's operators of diffusers
#: 0.42 on fake tensors. The last five were counted before they were measured.
DENOISERS = [
    ("flux.1-dev", 1024, 1024, 0, 0.46), ("flux.1-dev", 2048, 2048, 0, 1.67),
    ("sd3.5-large", 1024, 1024, 0, 0.50), ("cogvideox-5b", 480, 720, 49, 2.64),
    ("cogvideox-2b", 480, 720, 49, 1.54), ("wan-2.1-t2v-1.3b", 480, 832, 81, 1.51),
    ("wan-2.1-t2v-14b", 720, 1280, 81, 8.03), ("hunyuanvideo", 720, 1280, 129, 12.38),
    ("hunyuanvideo", 544, 960, 129, 7.02), ("pixart-sigma-xl", 1024, 1024, 0, 0.22),
    ("qwen-image", 1024, 1024, 0, 0.37), ("auraflow", 1024, 1024, 0, 0.65),
    ("chroma1-hd", 1024, 1024, 0, 0.46), ("allegro", 720, 1280, 88, 8.17),
    ("skyreels-v2-14b-540p", 544, 960, 97, 5.42), ("sana-1.5-1.6b", 1024, 1024, 0, 0.12),
]  # fmt: skip


def alive(name, height, width, frames, runtime="diffusers"):
    """GiB that a pipeline's denoiser has alive in BF16."""
    options = {"frames": str(frames)} if frames else {}
    job = Job(name, phase="generate", precision="bf16", batch=1, height=height, width=width, runtime=runtime,
              options=options)  # fmt: skip
    laid = lay_out(job, [A100])
    ops = laid.workload.trace(laid.job)
    return float(np.ravel(np.asarray(denoising(ops, laid.runtime, precision("bf16"))))[0]) / GIB


@pytest.mark.parametrize(("name", "height", "width", "frames", "measured"), DENOISERS)
def test_what_a_denoiser_has_alive_is_what_torch_counts(name, height, width, frames, measured):
    assert alive(name, height, width, frames) == pytest.approx(measured, rel=0.18, abs=0.02)


def test_denoisers_are_close_to_torch_in_the_mean():
    off = [abs(alive(name, *sizes) / measured - 1.0) for name, *sizes, measured in DENOISERS]
    assert np.mean(off) < 0.06


def test_rotations_in_fp64_take_more():
    """Wan 2.1 14B at 720 x 1280: 10.18 GiB by torch's operators of diffusers 0.33, 8.03 of 0.42."""
    job = ("wan-2.1-t2v-14b", 720, 1280, 81)
    assert alive(*job, runtime="diffusers 0.33") == pytest.approx(10.18, rel=0.02)
    assert alive(*job, runtime="diffusers 0.35") == alive(*job)


@pytest.mark.parametrize(
    ("name", "gpu", "height", "width", "published"),
    [("wan-2.1-t2v-1.3b", "rtx-4090", 480, 832, 8.19), ("wan-2.1-t2v-14b", "h100-80gb-sxm", 720, 1280, 69.1)],
)
def test_wan_s_own_program_takes_what_its_readme_says(name, gpu, height, width, published):
    """One network at a time, the text encoder of the small one on the host: weights and decoder in FP32."""
    options = {"frames": "81", "offload": "model", "encoder_precision": "bf16"}
    options |= {"without": "text_encoder"} if name.endswith("1.3b") else {}
    found = peak(name, gpu=GPUS[gpu], phase="generate", precision="amp-bf16", batch=1, runtime="Wan-Video",
                 height=height, width=width, options=options)  # fmt: skip
    assert found == pytest.approx(published, rel=0.06)


def test_an_encoder_s_frames_are_gone_as_videos_are_decoded():
    """Wan 2.1 from pictures has the autoencoder of that from text, and encodes a video of one first."""
    job = {"phase": "generate", "precision": "bf16", "batch": 1, "height": 720, "width": 1280,
           "options": {"frames": "81"}}  # fmt: skip
    seen, told = (parts(f"wan-2.1-{kind}-14b", **job)["frames_held"] for kind in ("i2v", "t2v"))
    assert seen == pytest.approx(told)


#: GiB alive beside the weights as a video is decoded: torch 2.13's operators of diffusers 0.42, fake tensors.
DECODED = [
    (("wan-2.1-t2v-1.3b", 480, 832, 81), "bf16", 3.95), (("wan-2.1-t2v-1.3b", 480, 832, 81), "fp32", 7.61),
    (("wan-2.1-t2v-14b", 720, 1280, 81), "bf16", 9.12), (("wan-2.1-t2v-14b", 720, 1280, 81), "fp32", 17.57),
    (("cogvideox-2b", 480, 720, 49), "fp16", 14.74), (("cogvideox-2b", 480, 720, 49), "fp32", 29.47),
]  # fmt: skip


@pytest.mark.parametrize(("sizes", "format_", "measured"), DECODED)
def test_videos_are_decoded_in_what_torch_counts(sizes, format_, measured):
    """In FP32 twice what it is in 16 bits: convolutions over volumes have padded copies in either."""
    name, height, width, frames = sizes
    options = {"frames": str(frames), "vae_precision": format_}
    found = parts(name, phase="generate", precision="bf16", batch=1, height=height, width=width,
                  runtime="diffusers", options=options)  # fmt: skip
    assert (found["activations"] + found["frames_held"]) / GIB == pytest.approx(measured, rel=0.06)
