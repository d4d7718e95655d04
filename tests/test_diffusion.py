"""Diffusion pipelines: published parts, phases, and what a job may ask of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_runs import GPUS, laid

from whichgpu.cost.calibration.effects import memory_terms
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job import asked
from whichgpu.cost.timing.classes import op_class
from whichgpu.errors import DataError, UsageError
from whichgpu.workloads.diffusion import pipeline
from whichgpu.workloads.diffusion.autoencoders import AUTOENCODERS
from whichgpu.workloads.diffusion.denoisers import DENOISERS
from whichgpu.workloads.diffusion.shapes import Latent
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import Op, parameters, product_flops
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.workload import Workload, resolve, workloads

pytestmark = pytest.mark.slow

# Of pipelines: what is put together of parts has no autoencoder of its own (test_zoo_parts.py).
PIPELINES = ("diffusion_unet", "diffusion_dit")
ZOO = sorted(name for name, one in workloads().items() if one.family in PIPELINES)
VIDEO = [name for name in ZOO if workloads()[name].unit == "videos"]


def trace(name: str, **columns: Any) -> tuple[Op, ...]:
    workload = resolve(name)
    return workload.trace(workload.complete(Job(name, **columns)))


def of(ops: tuple[Op, ...], *modules: str, kind: str = "") -> list[Op]:
    return [op for op in ops if op.module in modules and kind in ("", op.kind)]


def denoiser(workload: Workload) -> str:
    module: str = workload.dims["denoiser"]["module"]
    return module


def autoencoder(workload: Workload, half: int) -> tuple[Op, ...]:
    """The encoder (0) or the decoder (1) alone, on one sample of the default size."""
    x = pipeline.latent(workload.dims, workload.complete(Job(workload.id, batch=1.0)))
    part = pipeline.component(workload.dims["vae"])
    if not half:
        x = Latent(1.0, 3, 1.0, 256.0, 256.0)
    recorder = Recorder(precision("fp16"))
    AUTOENCODERS[part["kind"]][half](recorder, part, x)
    return recorder.ops()


# -- published figures ---------------------------------------------------------------------------


def test_every_pipeline_of_the_table_is_there() -> None:
    table = {
        "sd-1.4", "sd-1.5", "sd-2.1", "sdxl-base-1.0", "sdxl-refiner-1.0", "sd3-medium", "sd3.5-large",
        "sd3.5-medium", "flux.1-dev", "flux.1-schnell", "pixart-alpha-1024", "pixart-sigma-1024",
        "wan2.1-t2v-1.3b", "wan2.1-t2v-14b", "wan2.1-i2v-14b", "hunyuanvideo", "cogvideox-2b",
        "cogvideox-5b", "ltx-video-0.9", "ltx-video-0.9.7-13b", "svd-xt",
    }  # fmt: skip
    assert {resolve(name).family for name in table} == {"diffusion_unet", "diffusion_dit"}


@pytest.mark.parametrize(
    ("spelling", "known"),
    [
        ("sdxl", "sdxl"), ("stable-diffusion-xl-base-1.0", "sdxl"), ("sdxl-turbo", "sdxl-turbo"),
        ("stable-diffusion-2-1", "stable-diffusion-2.1"), ("openjourney-v4", "stable-diffusion-1.5"),
        ("ssd-1b", "ssd-1b"), ("kandinsky-2-2-decoder", "kandinsky-2.2"), ("kandinsky-3", "kandinsky-3"),
        ("stable-diffusion-3-medium-diffusers", "sd3-medium"), ("stable-diffusion-3.5-large", "sd3.5-large"),
        ("stable-diffusion-3.5-medium", "sd3.5-medium"), ("flux.1-dev", "flux.1-dev"),
        ("sana1.5_1.6b_1024px_diffusers", "sana-1.5-1.6b"),
        ("sana1.5_4.8b_1024px_diffusers", "sana-1.5-4.8b"),
        ("flux.1-kontext", "flux.1-kontext-dev"), ("FLUX.2-dev", "flux.2-dev"),
        ("FLUX.2 [klein] 4B", "flux.2-klein-4b"), ("z-image", "z-image-turbo"),
        ("sdxl-lightning", "sdxl-lightning"), ("sana-1.6b", "sana-1.5-1.6b"),
        ("wan2.2-t2v-a14b", "wan-2.2-t2v-a14b"), ("chroma", "chroma"), ("auraflow", "auraflow"),
        ("stable-diffusion-2-base", "stable-diffusion-2-base"),
        ("lumina-2", "lumina-2"), ("playground-v2.5", "playground-v2.5"),
        ("pixart-sigma-xl-2-1024-ms", "pixart-sigma"), ("hunyuandit-v1.2-diffusers", "hunyuandit-1.2"),
    ],
)  # fmt: skip
def test_measured_spellings(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known


@pytest.mark.parametrize(
    ("name", "conv", "gemm", "attention"),
    [
        ("stable-diffusion-2.1", 471, 290, 314), ("sdxl", 812, 2177, 392),
        ("sd3-medium", 0, 3005.9, 1446.3), ("flux.1-dev", 0, 29756.1, 7436.2),
        ("pixart-sigma", 0, 2155.2, 1161.6), ("hunyuandit-1.2", 0, 5139.5, 2043.4),
        ("cogvideox-2b", 0, 23597.0, 36401.6), ("hunyuanvideo", 0, 809069.9, 5225226.2),
    ],
)  # fmt: skip
def test_one_pass_splits_as_counted(name: str, conv: float, gemm: float, attention: float) -> None:
    """Multiply-adds by kind, in 1e9: torch's counter on the same architecture."""
    ops = resolve(name).reference_ops()
    for kind, wanted in (("conv", conv), ("gemm", gemm), ("attention", attention)):
        got = product_flops([op for op in ops if op.kind == kind]) / 2e9
        # 1 x 1 convolutions around a map's tokens count as dense layers here.
        assert got == pytest.approx(wanted, rel=2e-3, abs=3.0)


def test_the_kernels_of_sdxl_are_those_of_eager_mode() -> None:
    """Operators as torch's dispatcher counts them, whose convolution adds its bias itself."""
    ops = [op for op in resolve("sdxl").reference_ops() if "in_place" not in op.dims]
    assert sum(op.count for op in ops) == pytest.approx(1831, rel=0.01)


def test_a_decode_at_1024_pixels() -> None:
    assert product_flops(autoencoder(resolve("sdxl"), 1)) / 2e9 == pytest.approx(5235, rel=1e-3)


# -- jobs ----------------------------------------------------------------------------------------


def test_what_turns_queries_and_keys_op_by_op_is_a_class_of_its_own() -> None:
    """Where modules write it out: compiled it is fused, and engines of language models have kernels."""
    ampere = Devices.of([GPUS["a100-40gb-sxm"]]).traits[0]

    def turned(workload: str, **columns: Any) -> set[str]:
        """The ops whose traffic has the effects of `m/turned`."""
        made = laid(workload, "a100-40gb-sxm", batch=1.0, **columns)
        ops = [op for one in made.work.kernels for op in one.table.ops]
        named = {op.layer: memory_terms(op_class(op), ampere, made.runtime, trains=False) for op in ops}
        return {layer.rpartition(".")[2] for layer, terms in named.items() if "m/turned" in terms}

    assert turned("flux.1-dev", precision="bf16") == {"cosine", "rope", "query_rms", "key_rms"}
    assert turned("cogvideox-5b", precision="bf16", runtime="ComfyUI") == {"cosine", "rope"}
    assert not turned("flux.1-dev", precision="bf16", runtime="diffusers torch.compile")
    assert not turned("sdxl", precision="fp16")
    assert not turned("llama-3-8b", phase="prefill", precision="bf16", input_tokens=512.0)


@pytest.mark.parametrize("name", ZOO)
def test_a_sweep_is_its_jobs_one_by_one(name: str) -> None:
    height, width = workloads()[name].reference_job().height, workloads()[name].reference_job().width
    columns = {
        "height": np.array([height, 2 * height]), "width": np.array([width, width]),
        "steps": np.array([3.0, 7.0]), "batch": np.array([2.0, 1.0]),
    }  # fmt: skip
    swept = product_flops(trace(name, **columns))
    assert swept.shape == (2,)
    for i in range(2):
        one = product_flops(trace(name, **{key: value[i] for key, value in columns.items()}))
        assert swept[i] == pytest.approx(one, rel=1e-9)


@given(st.sampled_from(ZOO), st.integers(1, 100))
def test_denoising_is_linear_in_the_steps(name: str, steps: int) -> None:
    one, many = trace(name, steps=1), trace(name, steps=steps)
    module = denoiser(resolve(name))
    assert product_flops(of(many, module)) == pytest.approx(steps * product_flops(of(one, module)), rel=1e-12)
    # A ControlNet runs beside the denoiser in every step, and a second denoiser takes the last of them.
    for other in {op.module for op in one} - {module, "controlnet", "refiner"}:
        assert product_flops(of(many, other)) == product_flops(of(one, other))


@given(st.sampled_from(ZOO), st.floats(1.1, 30.0))
def test_guidance_doubles_the_denoiser_unless_it_is_distilled(name: str, scale: float) -> None:
    workload = resolve(name)
    module = denoiser(workload)
    plain = product_flops(of(trace(name, options={"guidance": "1"}), module))
    guided = product_flops(of(trace(name, options={"guidance": str(scale)}), module))
    passes = 1 if workload.dims.get("embeds_guidance") else workload.dims.get("passes", 2)
    assert guided == pytest.approx(passes * plain, rel=1e-12)


@given(st.sampled_from(ZOO), st.integers(1, 16), st.integers(1, 8), st.booleans())
def test_a_larger_picture_is_never_cheaper(name: str, side: int, more: int, tall: bool) -> None:
    def flops(pixels: int) -> float:
        size = {"height": pixels, "width": 512} if tall else {"height": 512, "width": pixels}
        return float(product_flops(trace(name, steps=2, **size)))

    assert flops(64 * (side + more)) > flops(64 * side)


@given(st.sampled_from(VIDEO), st.integers(1, 20), st.integers(1, 10))
def test_a_longer_video_is_never_cheaper(name: str, length: int, more: int) -> None:
    def flops(frames: int) -> float:
        return float(product_flops(trace(name, steps=2, options={"frames": str(frames)})))

    # One more than a multiple of what each model's latent frame stands for.
    step = 8 * resolve(name).dims["factor_frames"]
    assert flops(step * (length + more) + 1) > flops(step * length + 1)


def test_guidance_in_turn_runs_twice_and_side_by_side_is_twice_as_wide() -> None:
    wan, pixart = trace("wan-2.1-t2v-1.3b", steps=10), trace("pixart-sigma", steps=10)
    assert {op.repeats for op in of(wan, "transformer")} == {20.0}
    assert {op.repeats for op in of(pixart, "transformer")} == {10.0}


@pytest.mark.parametrize(("name", "steps"), [("sdxl-turbo", 1), ("flux.1-schnell", 4), ("flux.1-dev", 28)])
def test_distilled_models_take_one_pass_a_step(name: str, steps: int) -> None:
    workload = resolve(name)
    module = denoiser(workload)
    assert product_flops(of(trace(name), module)) == pytest.approx(steps * workload.flops(), rel=1e-12)


@pytest.mark.parametrize("name", ZOO)
def test_only_a_pipeline_that_starts_from_a_picture_runs_the_encoder(name: str) -> None:
    workload = workloads()[name]
    job = workload.complete(Job(name, batch=1.0))
    vae = product_flops(of(workload.trace(job), "vae"))
    decoder = product_flops(autoencoder(workload, 1))
    # Tiles overlap, so that they take more than the whole; Open-Sora's program asks for them itself.
    tiled = workload.dims["vae"].get("tiled")
    assert (vae > 1.01 * decoder) == bool(workload.dims.get("encodes") or tiled)


def test_a_controlnet_is_trained_beside_a_frozen_denoiser() -> None:
    """The way down and the middle of its U-Net have no gradient, the way up those of its inputs."""
    ops = [op for op in trace("controlnet-sd1.5", phase="train", batch=1) if op.stage == "forward"]
    counts = parameters([op for op in ops if op.backward in ("full", "weight")])
    assert set(counts) == {"controlnet"}
    assert counts["controlnet"] == pytest.approx(361.3e6, rel=0.01)
    kinds = {op.backward for op in ops if op.layer.startswith("unet") and op.parameters}
    assert kinds == {"none", "input"}


@pytest.mark.parametrize("name", [name for name in ZOO if "control" not in resolve(name).dims])
def test_training_is_the_denoiser_alone(name: str) -> None:
    ops = trace(name, phase="train", batch=1)
    assert set(parameters(ops)) == {denoiser(resolve(name))}
    forward, backward = (
        product_flops([op for op in ops if op.stage == stage]) for stage in ("forward", "backward")
    )
    # Two passes for products and 2.5 for attention, which rules long videos.
    assert 1.9 < backward / forward < 2.5


def test_videos_are_counted_as_videos() -> None:
    assert resolve("wan2.1").unit == "videos"
    assert resolve("flux").unit == "images"
    assert {"svd", "hunyuanvideo", "cogvideox-5b", "ltx-video-0.9"} <= set(VIDEO)
    assert resolve("svd").units(resolve("svd").complete(Job("svd", batch=3))) == 3


def test_a_video_is_decoded_in_chunks() -> None:
    """Memory is that of a few frames, however long the video."""

    def widest(frames: int) -> float:
        ops = trace("wan-2.1-t2v-1.3b", options={"frames": str(frames)})
        return max(float(op.read_bytes + op.write_bytes) for op in of(ops, "vae"))

    assert widest(161) == pytest.approx(widest(81), rel=0.05)


def test_an_overlapping_decoder_does_more_than_one_that_carries_on() -> None:
    """HunyuanVideo: tiles of 5 latent frames, 3 apart."""
    workload = resolve("hunyuanvideo")
    part, x = pipeline.component(workload.dims["vae"]), Latent(1.0, 16, 33.0, 32.0, 32.0)
    flops = []
    for changed in (part, {key: value for key, value in part.items() if key != "chunk_stride"}):
        recorder = Recorder(precision("fp16"))
        AUTOENCODERS["volume"][1](recorder, changed, x)
        flops.append(product_flops([op for op in recorder.ops() if op.kind == "conv"]))
    assert 1.2 < flops[0] / flops[1] < 1.8


# -- adversarial networks ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dcgan", "stylegan2"])
def test_training_adds_the_discriminator(name: str) -> None:
    workload = resolve(name)
    ops = trace(name, phase="train")
    modules = parameters(ops)
    assert modules["discriminator"] == workload.published["parameters_discriminator"].value
    assert modules["generator"] == workload.published["parameters"].value
    assert set(parameters(trace(name))) == {"generator"}


def test_a_step_runs_the_discriminator_on_three_batches() -> None:
    """DCGAN: 104.6 M multiply-adds for the generator, 103.8 M for the discriminator."""
    ops = [op for op in trace("dcgan", phase="train", batch=1) if op.stage == "forward"]
    macs = {module: product_flops(of(tuple(ops), module)) / 2 for module in ("generator", "discriminator")}
    assert macs["generator"] == 104628224
    assert macs["discriminator"] == 3 * 103817216


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "columns", "said"),
    [
        ("sdxl", {"height": 1020}, "height: 1020 pixels are not a multiple of 8; give e.g. 1024"),
        ("flux.1-dev", {"width": 1000}, "width: 1000 pixels are not a multiple of 16; give e.g. 992"),
        ("sana-1.5-1.6b", {"width": 1000}, "width: 1000 pixels are not a multiple of 32"),
        ("ltx", {"options": {"frames": "0"}}, "option frames: 0 is below 1"),
        ("ltx", {"options": {"frames": "many"}}, "option frames: 'many' is no number"),
        ("sdxl", {"options": {"frames": "9"}}, "option frames: this workload makes pictures"),
    ],
)
def test_a_bad_job_says_what_to_change(name: str, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        trace(name, **columns)


def test_frames_and_sides_of_videos_are_rounded_down_as_programs_do() -> None:
    """Mochi's usual 84 frames are those of 79, of a latent of 14."""
    assert trace("mochi-1", options={"frames": "84"}) == trace("mochi-1", options={"frames": "79"})
    assert trace("ltx", height=720.0, width=1280.0) == trace("ltx", height=704.0, width=1280.0)


def test_a_data_file_with_an_unknown_part_says_which_are_known() -> None:
    with pytest.raises(DataError, match="no component 't6'; add it, or use one of clip-l"):
        pipeline.component({"part": "t6"})
    with pytest.raises(DataError, match="no kind 'gan'; use one of unet"):
        pipeline.known(DENOISERS, {"kind": "gan"})


def test_a_workload_may_overrule_a_part() -> None:
    assert pipeline.component({"part": "t5-xxl", "tokens": 7})["tokens"] == 7
    assert pipeline.component({"kind": "own"}) == {"kind": "own"}


def test_a_picture_to_work_on_stands_beside_the_new_one() -> None:
    """FLUX.1 Kontext: 4096 tokens of either and 512 of the text; the encoder runs as well."""
    ops = resolve("flux.1-kontext").reference_ops()
    assert {op.dims["q"] for op in ops if op.kind == "attention"} == {2 * 4096 + 512}
    made = trace("flux.1-kontext", batch=1, steps=1)
    assert product_flops([op for op in made if op.layer.startswith("vae.encoder")]) > 0
    assert not product_flops([op for op in trace("flux.1-dev", batch=1, steps=1)
                              if op.layer.startswith("vae.encoder")])  # fmt: skip


def test_of_two_experts_each_step_runs_one() -> None:
    """Wan 2.2 A14B: the work of Wan 2.1 14B, the weights of two."""
    one, two = (resolve(name) for name in ("wan-2.1-t2v-14b", "wan-2.2-t2v-a14b"))
    assert product_flops(trace("wan-2.2-t2v-a14b", steps=2)) == product_flops(
        trace("wan-2.1-t2v-14b", steps=2)
    )
    assert two.parameters()["transformer"] == 2 * one.parameters()["transformer"]
    idle = [op for op in trace("wan-2.2-t2v-a14b", steps=2) if ".idle." in op.layer]
    assert max(op.read_bytes + op.write_bytes for op in idle) < 100.0


def test_a_token_goes_to_two_experts_of_four_and_the_others_lie_there() -> None:
    parts = resolve("hidream-i1-full").parameters()
    assert parts["transformer"] == pytest.approx(17.1e9, rel=0.01)
    # 48 blocks of four experts: what is read of them a step is what runs, whatever is stored.
    idle = [op for op in resolve("hidream-i1-full").trace(Job("hidream-i1-full", phase="generate", steps=1.0,
            batch=1.0, height=1024.0, width=1024.0, precision="bf16")) if ".idle." in op.layer]  # fmt: skip
    assert idle
    assert all(float(np.ravel(op.count)[0]) == 0.0 for op in idle)


def test_a_twin_reads_the_keys_and_values_of_the_tower_of_words() -> None:
    """Cosmos 3: two of Qwen3 32B; 1,024 words, and 48 frames of 22 x 40 patches that see words and frames."""
    assert resolve("nvidia/Cosmos3-Super").parameters()["transformer"] == pytest.approx(64.0e9, rel=0.001)
    job = Job("cosmos3-super", phase="generate", steps=1.0, batch=1.0, height=704.0, width=1280.0,
              precision="bf16")  # fmt: skip
    traced = resolve("cosmos3-super").trace(job)
    ops = [op for op in traced if op.kind == "attention" and "layers" in op.layer]
    words, places = 1024.0, 48 * 22 * 40
    assert len(ops) == 2
    for op, rows, seen in zip(ops, (words, places), (words, words + places), strict=True):
        assert float(np.ravel(op.flops)[0]) == pytest.approx(4 * 64 * 128 * rows * seen, rel=0.01)


def test_squares_of_pixels_are_one_position_of_the_newer_wan() -> None:
    parts = resolve("wan-2.2-ti2v-5b").parameters()
    assert parts["transformer"] == pytest.approx(5.0e9, rel=0.01)
    assert parts["vae"] == pytest.approx(705e6, rel=0.01)


def test_modulations_that_all_blocks_share_are_stored_once() -> None:
    """FLUX.2: 6 + 6 + 3 of 6144 x 6144, in any number of blocks; Chroma has a network of its own."""
    shared = [op for op in resolve("flux.2-dev").reference_ops() if "modulation_" in op.layer]
    assert sum(op.parameters * op.copies for op in shared) == 15 * 6144 * 6144
    assert not [op for op in resolve("chroma").reference_ops() if op.layer.endswith("modulation")]


@pytest.mark.parametrize(
    ("name", "known", "billions"),
    [
        # Counted with the classes of diffusers 0.42.1.
        ("baidu/ERNIE-Image", "ernie-image", 8.03), ("Qwen/Qwen-Image-2.1", "qwen-image-2.1", 7.12),
        ("ideogram-ai/ideogram-4-fp8", "ideogram-4", 9.28), ("AIDC-AI/Ovis-Image-7B", "ovis-image-7b", 7.37),
        ("krea/Krea-2", "krea-2", 12.48), ("flux-3-image-klein", "flux.3-image-klein", 4.87),
    ],
)  # fmt: skip
def test_generators_of_one_stream_have_their_published_size(name: str, known: str, billions: float) -> None:
    found = resolve(name)
    assert found.id == known
    assert found.parameters()["transformer"] / 1e9 == pytest.approx(billions, rel=0.006)


def test_layers_that_share_modulations_have_none_of_their_own() -> None:
    """Qwen-Image 2.1: four widths for all 32 layers."""
    ops = resolve("qwen-image-2.1").reference_ops()
    shared = [op for op in ops if op.layer.endswith("modulation_layers")]
    assert sum(op.parameters * op.copies for op in shared) == 4 * 4096 * 4096
    assert not [op for op in ops if ".layers." in op.layer and op.layer.endswith("modulation")]


@pytest.mark.parametrize("text", ["PyTorch 2.1", "torch 1.13.1+cu117 xformers", "torch 2.0.0 compile"])
def test_pictures_under_a_framework_s_name_are_made_by_a_library_s_pipeline(text: str) -> None:
    """In time; memory and the decoder's format are as the name says. All else is PyTorch's own."""
    pipeline = asked.read(Job("sdxl", phase="generate", precision="fp16", runtime=text)).runtime
    named = asked.read(Job("sdxl", phase="generate", precision="fp16", runtime=f"diffusers {text}")).runtime
    assert (pipeline.id, pipeline.fuses, pipeline.flash) == ("diffusers", named.fuses, named.flash)
    assert named.decodes_wide
    assert not pipeline.decodes_wide
    assert pipeline.stacks[:2] == ("pytorch-2", "pytorch-2+diffusers")
    others = [Job("resnet50", phase="infer"), Job("t5-base", phase="prefill"), Job("sdxl", phase="train")]
    assert all(asked.read(replace(job, runtime=text)).runtime.id != "diffusers" for job in others)


def test_a_part_alone_is_what_the_pipeline_has_of_it() -> None:
    """The halves of an autoencoder add up to both, and nothing of a pipeline's own time is on top."""
    whole, encoder, decoder = (float(product_flops(trace(one, phase="infer", batch=1.0)))
                               for one in ("sd-vae", "sd-vae-encoder", "sd-vae-decoder"))  # fmt: skip
    assert whole == pytest.approx(encoder + decoder)
    job = resolve("stable-diffusion-1.5").complete(Job("stable-diffusion-1.5", phase="generate", batch=1.0))
    half = pipeline.autoencoder(resolve("stable-diffusion-1.5").dims, job, "decoder")
    assert decoder == pytest.approx(float(product_flops(half)))
    held = [sum(parameters(trace(one)).values()) for one in ("sd-vae", "sd-vae-encoder", "sd-vae-decoder")]
    assert held == [83_653_863] * 3, "the half that does not run is loaded"
    assert asked.read(Job("sd-unet", phase="infer")).runtime.fixed == 0.0
    assert asked.read(Job("stable-diffusion-1.5", phase="generate")).runtime.fixed > 0.0
