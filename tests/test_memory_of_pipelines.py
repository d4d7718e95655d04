"""Memory of pipelines of several networks, and of decoders that read what an encoder made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import memory_jobs
import numpy as np
import pytest
from memory_jobs import GIB, GPUS

from whichgpu.cost.infeasible import single
from whichgpu.errors import UsageError
from whichgpu.planner.capacity import fit
from whichgpu.workloads.job import Job

A100 = GPUS["a100-80gb-sxm"]
parts, peak = partial(memory_jobs.parts, gpu=A100), partial(memory_jobs.peak, gpu=A100)


def test_sd3_takes_what_diffusers_published():
    """huggingface/blog, sd3.md: FP16 on an A100."""
    assert peak("sd3-medium", phase="generate", precision="fp16", batch=1) == pytest.approx(18.765, rel=0.03)


def test_transformers_keeps_the_last_products_of_t5_wide():
    """24 layers of 10,240 x 4,096, 4 bytes each where the rest is in FP16 or NF4, and no wider in BF16."""
    last = 24 * 10240 * 4096
    held = {
        (program, kind): parts("pixart-sigma", phase="generate", precision=kind, runtime=program)["weights"]
        for program in ("diffusers", "comfyui") for kind in ("fp16", "bf16", "nf4")
    }  # fmt: skip
    assert held["diffusers", "fp16"] - held["comfyui", "fp16"] == pytest.approx(2.0 * last)
    assert held["diffusers", "bf16"] == held["comfyui", "bf16"] == held["comfyui", "fp16"]
    assert held["diffusers", "nf4"] - held["comfyui", "nf4"] == pytest.approx((4.0 - 0.5625) * last)


def test_what_bitsandbytes_leaves_wide_torchao_narrows():
    job = {"phase": "generate", "precision": "w8a16"}
    narrow, wide = (
        parts("flux.1-dev", runtime=text, **job)["weights"] for text in ("diffusers", "diffusers bnb")
    )
    assert wide - narrow == pytest.approx(3.0 * 24 * 10240 * 4096)
    # The same library under a language model in T5's style.
    said = {
        p: parts("flan-t5-xxl", phase="generate", precision=p, runtime="transformers")
        for p in ("fp16", "bf16")
    }
    assert said["fp16"]["weights"] - said["bf16"]["weights"] == pytest.approx(2.0 * 2 * 24 * 10240 * 4096)


def test_encoders_in_a_format_of_their_own():
    """Llama 3 8B without its head and CLIP of HunyuanVideo stay in BF16."""
    job = {"phase": "generate", "precision": "nf4", "height": 512, "width": 768, "options": {"frames": "9"}}
    whole = parts("hunyuanvideo", **job)["weights"]
    job["options"] = {"frames": "9", "encoder_precision": "bf16"}
    apart = parts("hunyuanvideo", **job)["weights"]
    assert (apart - whole) / GIB == pytest.approx(7.0e9 * (2.0 - 0.5625) / GIB, rel=0.03)


def test_an_encoder_that_is_not_loaded_takes_nothing():
    """T5-XXL without its head: 4,762,310,656 parameters, one product a layer in FP32 under diffusers."""
    job = {"phase": "generate", "precision": "fp16"}
    whole, bare = (
        parts("sd3-medium", options=options, **job)["weights"]
        for options in ({}, {"without": "text_encoder_3"})
    )
    assert whole - bare == pytest.approx(2 * 4_762_310_656 + 2 * 24 * 10240 * 4096, rel=0.001)
    with pytest.raises(UsageError, match="it has text_encoder, text_encoder_2, text_encoder_3"):
        parts("sd3-medium", options={"without": "t5"}, **job)


def test_a_tower_that_never_runs_is_no_layer_to_widen():
    """Qwen2.5-VL reads prompts for Qwen-Image; the widest matrix of both is that of its 18,944 x 3,584."""
    found = parts("qwen-image", phase="generate", precision="nf4")
    assert found["widened_layer"] == pytest.approx(2.0 * 2.0 * 18944 * 3584)


def test_layerwise_casting_leaves_what_modulates_norms_in_16_bits():
    """FLUX.1 dev: 19 blocks of 12 x 3,072 outputs, 38 of 3 x 3,072, and two; torchao narrows all."""
    job = {"phase": "generate", "precision": "fp8", "options": {"encoder_precision": "bf16"}}
    cast, all_ = (parts("flux.1-dev", runtime=name, **job)["weights"] for name in ("diffusers", "torchao"))
    outputs = (19 * 12 + 38 * 3 + 2) * 3072
    assert cast - all_ == pytest.approx(outputs * (3072 + 1), rel=0.01)


def test_workspaces_are_read_and_not_needed():
    """What convolutions take while there is room shows in the reading, up to the card, and decides no fit."""
    job = {
        "phase": "generate",
        "height": 512,
        "width": 768,
        "options": {"frames": "121"},
        "precision": "bf16",
    }
    roomy = single(Job("hunyuanvideo", **job), GPUS["b300-288gb-sxm"])
    assert float(roomy.readings.allocated) > roomy.required + 4.0 * GIB
    tight = single(Job("hunyuanvideo", **{**job, "batch": 2}), A100)
    assert tight.required < float(tight.readings.device) <= tight.available


@pytest.mark.parametrize("beams", [1, 5])
def test_a_decoder_of_speech_holds_the_keys_of_what_it_hears(beams):
    """Whisper: 32 layers of keys and values of 1,500 states of 1,280 in FP16, which hypotheses share.

    faster-whisper's README: large-v2 with 8 windows and 5 beams in 6,090 MB, where 40 copies would be 9.8 GB.
    """
    found = parts("whisper-large-v2", phase="infer", batch=1, output_tokens=1, options={"beam": str(beams)})
    assert found["kv_cache"] == pytest.approx(32 * 2 * (1500 + beams) * 1280 * 2.0)


@pytest.mark.parametrize(("name", "gb"), [("large-v2", 10), ("medium", 5), ("small", 2), ("base", 1)])
def test_whisper_needs_what_its_readme_says_while_it_loads(name, gb):
    """FP32 weights and the file's FP16 ones: "~10 GB" of large, in whole GB."""
    found = parts(f"whisper-{name}", phase="infer", precision="fp16", runtime="openai-whisper")
    assert found["checkpoint"] == found["weights"] / 2.0
    assert round(sum(found.values()) / 1e9) == gb
    other = parts(f"whisper-{name}", phase="infer", precision="fp16", runtime="faster-whisper")
    assert other["weights"] == found["weights"] / 2.0


def test_options_of_a_family_are_its_own():
    said = single(Job("whisper-large-v2", batch=1, options={"beam": "5"}), A100).warnings
    assert not any("beam" in each for each in said)
    said = single(Job("resnet50", batch=1, options={"beam": "5"}), A100).warnings
    assert any("ignored: beam" in each for each in said)


@pytest.mark.parametrize(
    ("phase", "options", "published"),
    [("train", {}, 27.5), ("finetune_lora", {"lora_rank": "16"}, 15.5),
     ("finetune_lora", {"lora_rank": "16", "checkpointing": "full"}, 8.12)],
)  # fmt: skip
def test_dreambooth_takes_what_peft_published(phase, options, published):
    """PEFT's README: Stable Diffusion 1.4 with a prior picture beside each, in FP32, scores in memory."""
    job = Job(
        "sd-1.4", phase=phase, precision="fp32", batch=2, runtime="diffusers pytorch 1.13", options=options
    )
    answer = single(job, A100)
    assert float(answer.readings.device) / GIB == pytest.approx(published, rel=0.08)
    # Its text encoder, 123 M parameters, and autoencoder, 84 M, are there beside what is trained.
    assert answer.memory["encoders"] == pytest.approx(4.0 * (123.06e6 + 83.65e6), rel=0.01)


#: torch 2.13's operators of diffusers 0.42 on fake tensors, under autocast as Accelerate runs them: GiB alive
#: at most, without the autoencoder's 0.4. What attention hands on is there once, as CUDA lays it out.
STEPS = [
    ("cogvideox-2b", "bf16", 1, {"lora_rank": "16", "checkpointing": "none"}, 40.6),
    ("cogvideox-2b", "bf16", 4, {"lora_rank": "64", "checkpointing": "full"}, 17.7),
    ("cogvideox-5b", "bf16", 4, {"lora_rank": "16", "checkpointing": "full"}, 38.4),
    ("cogvideox-2b", "bf16", 4, {"checkpointing": "full"}, 33.86),
]


@pytest.mark.parametrize(("name", "format_", "batch", "options", "alive"), STEPS)
def test_a_block_that_runs_again_keeps_its_tokens(name, format_, batch, options, alive):
    """Videos of 49 frames at 480 x 720; what T5 makes of captions is computed ahead."""
    phase = "finetune_lora" if "lora_rank" in options else "finetune_full"
    held = peak(name, runtime="diffusers", phase=phase, precision=format_, batch=batch, options=options)
    assert held - 0.4 == pytest.approx(alive, rel=0.05)


@pytest.mark.parametrize(("batch", "published"), [(1, 11.17), (2, 13.67)])
def test_gradients_stay_before_pytorch_2(batch, published):
    """ShivamShrirao/diffusers, examples/dreambooth: Stable Diffusion 1.5 on a T4, encoders let go."""
    job = Job(
        "stable-diffusion-1.5", phase="train", precision="amp-fp16", batch=batch,
        runtime="diffusers pytorch 1.13 xformers", options={"optimizer": "adam8bit"},
    )  # fmt: skip
    answer = single(job, GPUS["t4"])
    read = float(answer.readings.device) - answer.memory["encoders"]
    assert read == pytest.approx(published * 1e9, rel=0.1)


def test_one_network_at_a_time_takes_what_the_largest_does():
    """FLUX.1-dev: 11.9 B parameters of its transformer in BF16, T5's 4.8 B and the rest on the host."""
    whole, alone, layers = (
        parts("flux.1-dev", phase="generate", precision="bf16", options=options)
        for options in ({}, {"offload": "model"}, {"offload": "sequential"})
    )
    assert alone["weights"] == pytest.approx(2 * 11.9e9, rel=0.01)
    assert alone["weights"] < 0.75 * whole["weights"]
    assert layers["weights"] == 0.0 < layers["gathered_layers"] < 0.02 * whole["weights"]
    # The decoder's workspaces are not there beside the transformer.
    job = Job(
        "flux.1-dev", phase="generate", precision="bf16", runtime="diffusers", options={"offload": "model"}
    )
    read = float(single(job, A100).readings.allocated)
    assert read == pytest.approx(sum(alone.values()) - alone["context"], rel=0.01)
    with pytest.raises(UsageError, match=r"llama-2-7b is no pipeline.*offload=parameters"):
        parts("llama-2-7b", phase="infer", options={"offload": "model"})


@pytest.mark.parametrize(
    ("name", "mode", "mib"),
    [("kandinsky-2.2", "model", 5498.0), ("kandinsky-2.2", "sequential", 2810.3),
     ("pixart-alpha", "model", 11034.9), ("sd3.5-medium", "model", 12352.5)],
)  # fmt: skip
def test_what_is_never_sent_away_stays(name, mode, mib):
    """A P100 (gperdrizet's tables), 512 x 512 in FP16: diffusers leaves Kandinsky's prior there."""
    job = Job(name, phase="generate", precision="fp16", batch=1, runtime="diffusers", height=512, width=512,
              options={"offload": mode})  # fmt: skip
    assert float(single(job, GPUS["p100-16gb-pcie"]).readings.allocated) == pytest.approx(
        mib * 2**20, rel=0.05
    )


def test_layers_come_one_by_one_and_the_checker_stays():
    """1,463.6 MiB of Stable Diffusion 1.4 and 882.5 of 2.1, apart by the checker of 304 M parameters."""
    one, other = (
        parts(
            name, phase="generate", precision="fp16", runtime="diffusers", options={"offload": "sequential"}
        )
        for name in ("stable-diffusion-1.5", "stable-diffusion-2-base")
    )
    differ = sum(one.values()) - sum(other.values())
    assert differ == pytest.approx((1463.6 - 882.5) * 2**20, rel=0.02)
    # The decoder, whose largest layer is 512 x 512 x 9, and not the largest two of the encoder.
    assert other["gathered_layers"] == pytest.approx(2 * 9 * 512**2, rel=0.01)


def test_guidance_has_an_encoder_beside_the_last_one():
    """Stable Diffusion 3 in FP16, one network at a time: 12.06 GiB published (Hugging Face's blog of it)."""
    job = {"phase": "generate", "precision": "fp16", "runtime": "diffusers", "options": {"offload": "model"}}
    once = {**job, "options": {"offload": "model", "guidance": "1"}}
    found, unguided = parts("sd3-medium", **job), parts("sd3-medium", **once)
    assert sum(found.values()) - found["context"] == pytest.approx(12.0645 * GIB, rel=0.02)
    # The larger CLIP, 0.69 B parameters, is there with T5.
    assert found["weights"] - unguided["weights"] == pytest.approx(2 * 0.69e9, rel=0.02)
    # Its scale is an input of FLUX, which has no empty prompt.
    assert parts("flux.1-dev", **job)["weights"] == parts("flux.1-dev", **once)["weights"]


def test_weights_beside_adapters_lie_in_16_bits_under_mixed_precision():
    """unet.to(weight_dtype) of diffusers' scripts: SDXL's 2.6 B, its encoders and decoder; ran on 10 GB."""
    job = Job(
        "sdxl", phase="finetune_lora", precision="amp-fp16", batch=2, runtime="diffusers xformers",
        options={"lora_rank": "32", "lora_targets": "attention", "checkpointing": "full",
                 "optimizer": "adam8bit"},
    )  # fmt: skip
    assert float(single(job, GPUS["rtx-3080-10gb"]).required) < 10 * GIB
    whole = parts("sdxl", phase="train", precision="amp-fp16", batch=2, runtime="diffusers xformers")
    assert (
        parts("sdxl", **{name: getattr(job, name) for name in ("phase", "precision", "batch", "runtime")})[
            "weights"
        ]
        < 0.55 * whole["weights"]
    )


@pytest.mark.parametrize(
    ("name", "precision", "gpu", "shows"),
    [
        ("sdxl", "bf16", "h100-80gb-sxm", True),
        ("sdxl", "bf16", "a100-80gb-sxm", False),
        ("sdxl", "fp32", "h100-80gb-sxm", False),
        ("sdxl", "fp16", "h100-80gb-sxm", False),
        # Over volumes on either.
        ("hunyuanvideo", "bf16", "a100-80gb-sxm", True),
    ],
)
def test_where_workspaces_show(name, precision, gpu, shows):
    """Published peaks of pictures in FP16, in FP32 and on an A100 are those of tensors alone."""
    found = single(Job(name, phase="generate", precision=precision, batch=1), GPUS[gpu])
    tensors = found.required - float(np.ravel(np.asarray(found.memory["context"]))[0])
    assert (float(found.readings.allocated) > tensors + 0.1 * GIB) == shows


def test_sdxl_decodes_in_fp16_where_its_autoencoder_can():
    picture = {"phase": "generate", "precision": "fp16", "batch": 1}
    usual, mended, wide = (
        parts("sdxl", options=options, **picture)["activations"]
        for options in ({}, {"vae_precision": "fp16"}, {"vae_precision": "fp32"})
    )
    assert mended < 0.7 * usual
    assert wide == pytest.approx(usual)
    with pytest.raises(UsageError, match="llama-2-7b has no autoencoder"):
        parts("llama-2-7b", phase="generate", precision="fp16", batch=1, options={"vae_precision": "fp32"})


@pytest.mark.parametrize(("tokens", "published"), [(256, 16.92), (1024, 17.66), (2048, 20.01)])
def test_transformers_deals_deepseek_67b_out_over_eight_cards(tokens, published):
    """README of DeepSeek LLM: peaks on A100s of 40 GB, of which each holds some of the layers."""
    found = single(
        Job("deepseek-llm-67b", phase="generate", precision="bf16", runtime="transformers 4.35", batch=1,
            input_tokens=tokens, output_tokens=1, n_gpus=8), GPUS["a100-40gb-pcie"],
    ).readings  # fmt: skip
    assert float(found.reserved) / GIB == pytest.approx(published, rel=0.03)


@pytest.mark.parametrize("key", ["vae_tiling", "vae_slicing"])
def test_an_option_of_yes_and_no_that_says_neither_is_refused(key):
    with pytest.raises(
        UsageError, match=f"option {key}: 'maybe' is neither true nor false; write {key}=true"
    ):
        parts("sdxl", phase="generate", options={key: "maybe"})
    on, yes = (parts("sdxl", phase="generate", batch=4, options={key: said}) for said in ("on", "true"))
    assert on == yes


FLUX = {"phase": "finetune_lora", "precision": "bf16", "batch": 1.0, "height": 512.0, "width": 512.0}


@pytest.mark.parametrize(
    ("runtime", "options", "billions"),
    [
        ("kohya", {}, 4.97),
        ("x-flux", {}, 4.97),
        ("kohya --cache_text_encoder_outputs", {}, 0.0),
        ("kohya", {"captions": "ahead"}, 0.0),
        ("musubi", {}, 0.0),
        ("diffusers", {}, 0.207),
        ("diffusers 0.33 train_dreambooth_lora_flux.py", {}, 4.97),
        ("diffusers", {"captions": "live"}, 4.97),
    ],
)
def test_text_encoders_lie_beside_what_is_trained_as_its_program_has_them(runtime, options, billions):
    """T5 XXL 4.76, CLIP L 0.123 and the autoencoder 0.084 B; T5 leaves where its captions are made ahead.

    Under kohya's scripts CLIP does too (cache_text_encoder_outputs_if_needed), with latents the autoencoder.
    """
    found = parts("flux.1-dev", runtime=runtime, options=options, **FLUX)
    assert found["encoders"] == pytest.approx(2e9 * billions, rel=0.02)


def test_flux_under_kohya_is_refused_where_it_ran_out_of_memory():
    """bmaltais/kohya_ss issue 2724: 44.5 GiB of an L40S, 512 pixels, rank 8; caching is what fits."""
    job = {**FLUX, "options": {"lora_rank": "8"}}
    (answer,) = fit([Job("flux.1-dev", runtime="kohya", **job)], ["l40s"], GPUS).answers
    assert not answer.fits
    assert "--option captions=ahead" in {change.option for change in answer.changes}
    with pytest.raises(UsageError, match="captions=ahead"):
        parts("flux.1-dev", runtime="kohya", options={"captions": "never"}, **FLUX)


def test_a_pipeline_without_its_safety_checker_is_lighter_by_it():
    """sayakpaul/sample-datasets, SD 1.5 of 30 steps on an A100 without one: 2.616 GiB in BF16."""
    job = {"phase": "generate", "precision": "bf16", "batch": 1.0, "runtime": "diffusers"}
    whole, bare = (
        peak("stable-diffusion-1.5", options=options, **job) for options in ({}, {"safety_checker": "None"})
    )
    assert whole - bare == pytest.approx(2 * 303_981_588 / GIB, rel=0.01)
    assert bare == pytest.approx(2.616, rel=0.03)


@pytest.mark.parametrize(("name", "batch", "side"), [("stable-diffusion-1.5", 4, 512), ("sdxl", 2, 1024)])
def test_pictures_are_encoded_as_a_step_begins(name, batch, side):
    """diffusers 0.42 on fake tensors: 0.3125 GiB of 512 x 512 pixels in 16 bits, without gradients."""
    job = {"phase": "finetune_lora", "precision": "fp16", "batch": float(batch), "height": float(side),
           "width": float(side), "runtime": "diffusers"}  # fmt: skip
    again = {"checkpointing": "full"}
    found = parts(name, options=again, **job)
    assert found["activations"] == pytest.approx(0.3125 * GIB * batch * (side / 512) ** 2, rel=0.01)
    ahead = parts(name, options={**again, "captions": "ahead"}, **job)
    assert ahead["activations"] < found["activations"]
    assert ahead == parts(name, options=again, **{**job, "runtime": "diffusers --cache_latents"})
    # What a step keeps without checkpointing is more than that.
    assert parts(name, options={}, **job) == parts(name, options={"captions": "ahead"}, **job)


def test_a_denoiser_that_is_widened_first_takes_four_bytes_of_each_weight():
    """x-flux's script calls `dit.to(torch.float32)`: by LoRA it ran out of an A100's 80 GB."""
    job = {"phase": "finetune_lora", "precision": "bf16", "batch": 1.0, "options": {"lora_rank": "16"}}
    wide, narrow = (
        parts("flux.1-dev", runtime=f"x-flux{also}", **job)["weights"] for also in ("", " deepspeed")
    )
    assert wide == pytest.approx(2.0 * narrow, rel=0.01)


def test_encoders_of_flux_stay_under_releases_that_deleted_a_list_of_them():
    """huggingface/diffusers, issue 9156: LoRA at 512 pixels ran out of an A100's 40 GB; pull request 9829."""
    job = {"phase": "finetune_lora", "precision": "fp16", "batch": 1.0, "height": 512.0, "width": 512.0}
    old, new = (sum(parts("flux.1-dev", runtime=name, options={"optimizer": "adamw8bit"}, **job).values())
                for name in ("diffusers 0.30", "diffusers 0.33"))  # fmt: skip
    assert new < 40 * GIB < old


def test_a_controlnet_takes_what_its_readme_says():
    """diffusers' examples/controlnet: four pictures in FP32 38 GB; by torch's operators 14.3 GiB today."""
    job = {"phase": "train", "precision": "fp32", "batch": 4.0, "height": 512.0, "width": 512.0}
    old, new = (parts("controlnet-sd1.5", runtime=name, **job)
                for name in ("diffusers 0.14 PyTorch 1.13", "diffusers"))  # fmt: skip
    assert sum(old.values()) / 1e9 == pytest.approx(38.0, rel=0.05)
    alive = sum(new.values()) - new["context"] - new["encoders"]
    assert alive / GIB == pytest.approx(14.3, rel=0.05)


def test_cuda_before_11_7_loads_every_kernel_at_once() -> None:
    """Stable Diffusion 1.5 in FP16 on a GTX 1080, diffusers' issue 1934: 5,101 MiB on nvidia-smi."""
    job = Job("stable-diffusion-1.5", phase="generate", precision="fp16", batch=1.0)
    old, new = (single(replace(job, runtime=f"diffusers 0.11 PyTorch {torch}"), GPUS["gtx-1080"]).readings
                for torch in ("1.10", "1.13"))  # fmt: skip
    assert old.device / 2**20 == pytest.approx(5101, rel=0.05)
    assert old.device - new.device == pytest.approx(0.8 * GIB)


@pytest.mark.parametrize("name", ["cogview4-6b", "chroma1-hd", "omnigen2"])
def test_prompts_of_guidance_go_through_one_after_the_other(name):
    """diffusers' pipelines of CogView4 and Chroma, and OmniGen2's own: a pass for each prompt."""
    job = {"phase": "generate", "precision": "bf16", "batch": 4.0, "height": 1024.0, "width": 1024.0}
    job["options"] = {"vae_slicing": "true", "vae_tiling": "true"}
    one = {**job, "options": {**job["options"], "guidance": "1"}}
    both, alone = (parts(name, **each)["activations"] for each in (job, one))
    assert both == pytest.approx(alone)


def test_four_pictures_of_cogview4_take_what_its_readme_says():
    """README of THUDM/CogView4, BF16, as remembered: with slices and tiles."""
    job = Job("cogview4-6b", phase="generate", precision="bf16", batch=4.0, runtime="diffusers 0.33",
              options={"vae_slicing": "true", "vae_tiling": "true"})  # fmt: skip
    for side, gb in ((512.0, 33.0), (1024.0, 35.0)):
        job = replace(job, height=side, width=side)
        assert float(single(job, GPUS["a100-80gb-sxm"]).readings.device) / 1e9 == pytest.approx(gb, rel=0.1)
