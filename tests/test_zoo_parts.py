"""Networks put together of parts, diffusion of pixels, shapes and actions among them."""

from __future__ import annotations

import pytest

from tests.traced import ops
from whichgpu.errors import UnknownName
from whichgpu.workloads.ops import parameters, product_flops
from whichgpu.workloads.workload import resolve, workloads

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "gmacs", "apart"),
    [
        # Counters differ in what they take in; those held to a permille stand in data/validation/.
        ("HAT", 102.4, 0.015), ("hat-s", 54.9, 0.01), ("nafnet-sidd-64", 63.6, 0.01),
        ("nafnet-sidd-32", 16.25, 0.015), ("nafnet-gopro-64", 63.5, 0.01),
        # Cheng et al., table 1; detectron2's counter takes norms and enlarging in.
        ("maskformer-r50", 53.0, 0.09), ("maskformer-r101", 73.0, 0.09), ("maskformer-swin-t", 55.0, 0.09),
        ("maskformer-swin-s", 79.0, 0.09), ("maskformer-swin-b", 195.0, 0.09),
        ("maskformer-swin-l", 375.0, 0.09),
    ],
)  # fmt: skip
def test_work_is_near_what_was_published(name: str, gmacs: float, apart: float) -> None:
    assert resolve(name).flops() / 2e9 == pytest.approx(gmacs, rel=apart)


def test_a_sample_is_denoised_once_a_step_and_twice_with_guidance() -> None:
    once = product_flops(ops("ddpm-cifar10", batch=1, steps=1))
    assert once == resolve("ddpm-cifar10").flops()
    assert product_flops(ops("ddpm-cifar10", batch=1, steps=7)) == pytest.approx(7 * once)
    alone, guided = (
        product_flops([one for one in ops("deepfloyd-if", batch=1, steps=3, options={"guidance": scale})
                       if one.module == "unet"])
        for scale in ("1", "7")
    )  # fmt: skip
    assert guided == pytest.approx(2 * alone)


def test_what_encodes_the_condition_and_what_decodes_run_once_and_not_in_training() -> None:
    few, many = (ops("hunyuan3d-2", batch=1, steps=steps) for steps in (1, 50))
    eyes = [product_flops([one for one in found if one.module == "eyes"]) for found in (few, many)]
    assert eyes[0] == eyes[1] > 0
    trained = ops("hunyuan3d-2", phase="train", batch=1)
    assert not {"eyes", "decode", "field"} & {one.module for one in trained}
    assert sum(parameters(trained).values()) == pytest.approx(1.1e9, rel=0.02)


def test_pixels_are_as_many_as_the_job_asks_for() -> None:
    """Convolutions grow with the picture, attention with its square."""
    small, large = (product_flops(ops("adm-256-uncond", batch=1, steps=1, height=side, width=side))
                    for side in (256, 512))  # fmt: skip
    assert 4.0 * small < large < 5.0 * small


def test_a_map_of_all_points_is_added_to_the_masks_of_things() -> None:
    whole, masks = (sum(resolve(name).parameters().values()) for name in ("panoptic-fpn", "mask-rcnn"))
    # Seven 3 x 3, their norms, 54 classes; ten classes less of things.
    stuff = 9 * 128 * (4 * 256 + 3 * 128) + 7 * 2 * 128 + 129 * 54
    assert whole - masks == stuff - 10 * (5 * 1025 + 257)
    assert resolve("panoptic_fpn_r101").dims["layers"] == [3, 4, 23, 3]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("google/ddpm-celebahq-256", "ddpm-256"), ("openai guided-diffusion 256", "adm-256"),
        ("DeepFloyd/IF-I-XL-v1.0", "deepfloyd-if-i-xl"),
        ("facebook/maskformer-swin-base-coco", "maskformer-swin-b"),
        ("kyutai/moshiko-pytorch-bf16", "moshi-7b"), ("speechbrain/spkrec-ecapa-voxceleb", "ecapa-tdnn"),
        ("FunAudioLLM/CosyVoice2-0.5B", "cosyvoice2-0.5b"), ("ResembleAI/chatterbox", "chatterbox"),
        ("Deep Interest Network", "din-amazon-books"), ("tencent/Hunyuan3D-2", "hunyuan3d-2"),
        ("microsoft/TRELLIS-image-large", "trellis-image-large"), ("arcinstitute/evo2_40b", "evo-2-40b"),
        ("nvidia/GR00T-N1.5-3B", "gr00t-n1.5-3b"), ("Panoptic FPN", "panoptic-fpn-r50"),
        ("MaskFormer", "maskformer-r50"),
        ("kandinskylab/Kandinsky-5.0-T2V-Lite-sft-5s", "kandinsky-5-t2v-lite"),
        ("stabilityai/stable-diffusion-x4-upscaler", "stable-diffusion-x4-upscaler"),
        ("Efficient-Large-Model/Sana_600M_512px_diffusers", "sana-0.6b"), ("DQN Breakout", "dqn-atari"),
        ("PP-OCRv5_server_det", "pp-ocrv5-server-det"), ("Stable Diffusion XL Base", "sdxl"),
        ("google/gemma-3n-E2B-it-litert-lm", "gemma-3n-e2b"), ("GraphSAGE Reddit", "graphsage-reddit"),
    ],
)  # fmt: skip
def test_names_as_people_write_them(name: str, id: str) -> None:
    assert resolve(name).id == id


@pytest.mark.parametrize(
    ("name", "base", "differs"),
    [
        ("cerebras/Qwen3-Coder-REAP-246B-A35B-FP8", "qwen3-coder-480b-a35b", {"experts": 80}),
        ("HKUSTAudio/Llasa-3B", "llama-3.2-3b", {"vocab": 193800}),
        ("physical-intelligence/pi0-fast", "paligemma-3b-224", {}),
        ("MahmoodLab/UNI", "vit_large_patch16_224", {}), ("RF-DETR-large", "rf-detr-medium", {}),
    ],
)  # fmt: skip
def test_names_of_what_differs_in_little(name: str, base: str, differs: dict[str, int]) -> None:
    assert resolve(name).dims == {**resolve(base).dims, **differs}


@pytest.mark.parametrize("word", ["act", "Act", "align", "hat", "din"])
def test_a_word_of_english_is_a_name_in_capitals_alone(word: str) -> None:
    with pytest.raises(UnknownName):
        resolve(word)
    assert resolve(word.upper()).family == "assembled"


@pytest.mark.parametrize(
    "name", [name for name, one in workloads().items() if one.family == "diffusion_parts"]
)
def test_training_of_what_is_put_together_is_its_denoiser(name: str) -> None:
    trained = ops(name, phase="train", batch=1)
    step, whole = (
        product_flops([one for one in trained if one.stage == stage]) for stage in ("forward", "backward")
    )
    assert 1.9 < whole / step < 2.6
    assert step == product_flops(resolve(name).reference_ops()) == resolve(name).flops()


def test_weights_that_were_unpacked_are_in_no_format() -> None:
    """Trained for 4 bits and kept in 16."""
    packed, whole = (resolve(f"google/gemma-3-27b-it-qat-q4_0-{one}") for one in ("gguf", "unquantized"))
    assert packed.id == whole.id
    assert packed.defaults != whole.defaults


def test_scales_made_of_the_time_are_of_each_block() -> None:
    """Kandinsky 5 makes nine for each of its 32 layers, over Wan's blocks."""
    found = [one for one in ops("kandinsky-5-t2v-lite", batch=1, steps=1) if one.layer.endswith("scales")]
    assert sum(one.parameters * one.copies for one in found) == 32 * 513 * 9 * 1792
