"""Detectors, recurrent models, speech, recommendation, radiance fields, RLHF and plain numerical work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traced import launches, ops
from whichgpu.cost.infeasible import single
from whichgpu.cost.job import asked
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import UnknownName, UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.training import trained_parameters, training_step
from whichgpu.workloads.workload import resolve, workloads

if TYPE_CHECKING:
    from whichgpu.hardware.catalogue import Catalogue

pytestmark = pytest.mark.slow

FAMILIES = {
    "ssd", "rcnn", "retinanet", "unet3d", "gnmt", "transformer_xl", "tacotron2", "waveglow", "rnnt",
    "deepspeech", "conformer", "recommender", "whisper", "yolo", "detr", "rtdetr", "nerf", "gaussians",
    "tts", "rlhf", "numeric", "jasper", "fastpitch", "hifigan", "unet2d",
    "wav2vec2", "image_translation", "recurrent_lm", "efficientdet",
}  # fmt: skip
MINE = sorted(name for name, item in workloads().items() if item.family in FAMILIES)


# -- published figures ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "millions", "gmacs"),
    [
        # torchvision weights metadata: exact counts.
        ("maskrcnn-r50-fpn", 44.401393, None), ("fasterrcnn-r50-fpn", 41.755286, None),
        ("retinanet-r50-fpn", 34.014999, None),
        # Training logs and READMEs of NVIDIA DeepLearningExamples; the papers' sizes.
        ("gnmt-v2", 159.593523, None), ("transformer-xl-base", 192, None), ("tacotron2", 28.193153, None),
        ("waveglow", 268, None), ("ssd300-r50", None, 20.15), ("3d-unet", 31.19, 477.3),
        # Model cards and READMEs.
        ("whisper-tiny", 37.76064, None), ("whisper-large-v3", 1543.49, None),
        ("whisper-large-v3-turbo", 809, None), ("detr-r50", 41.5, None), ("rt-detr-r50", 42.9, None),
        ("nerf", 2 * 0.595844, None), ("dlrm", 24036, None), ("ncf", 31.83, None), ("rnnt", 45.3, None),
        # Papers and training logs; MLPerf's table of its first models.
        ("quartznet", 18.924381, None), ("jasper", 332.632349, None), ("fastpitch", 46.27, None),
        ("hifigan", 13.926, None), ("unet-medical", 31.030658, None), ("ssd-resnet34", None, 216.5),
        ("ssd-mobilenet", None, 1.235), ("efficientdet", 3.880067, 2.5),
        ("efficientdet-d7", 51.871934, 325), ("efficientdet-d7x", 77, None), ("dlrm-v2", 26152, None),
        # Tables of 84.9 and 421 GiB in FP32, as NVIDIA's examples state them; the papers' sizes.
        ("dlrm-large", 84.9 * 2**30 / 4e6, None), ("dlrm-xlarge", 421 * 2**30 / 4e6, None),
        ("biglstm", 1.78e3, None), ("mobilenetv5_300m", 294.127, 435.74), ("csatv2", 11.103, 1.381),
    ],
)  # fmt: skip
def test_the_figures_people_quote(name: str, millions: float | None, gmacs: float | None) -> None:
    workload = resolve(name)
    if millions:
        assert sum(workload.parameters().values()) / 1e6 == pytest.approx(millions, rel=5e-3)
    if gmacs:
        assert workload.flops() / 2e9 == pytest.approx(gmacs, rel=1e-2)


@pytest.mark.parametrize(
    ("name", "millions", "gmacs"),
    [
        # Tables of the papers, and of the repositories that publish the models; what is left out takes 5 %.
        ("slowfast-r50", 34.57, 65.7), ("slowfast-r50-4x16", None, 36.1), ("slowfast-r101", 62.83, 126),
        ("x3d-m", 3.76, 4.73), ("x3d-l", 6.08, 18.37), ("van-b0", 4.1, 0.9), ("van-b2", 26.6, 5.0),
        ("van-b3", 44.8, 9.0), ("cswin-t", 23, 4.3), ("cswin-b", 78, 15.0), ("timesformer", 121.4, 196),
        ("rf-detr-base", 29, None), ("rf-detr-nano", None, 16), ("rf-detr-medium", None, 39.4),
        ("rtdetr-l", 32, 55), ("rtdetr-x", 67, 117), ("d-fine-l", 31, 45.5), ("d-fine-x", 62, 101),
        ("parakeet-tdt-0.6b-v2", 618, None), ("phi-4-multimodal", 5574, None), ("moondream2", 1870, None),
        ("mask2former-swin-t", 47, None), ("mask2former-swin-l", 216, None), ("dino-swin-l", 218, None),
        ("grounding-dino", 172, None), ("upernet-swin-t", 60, 236), ("upernet-swin-b", 121, 297),
        ("cascade-rcnn", 69, None), ("cascade-mask-rcnn", 77, None), ("granite3.1-moe:3b", 3300, None),
        ("unetr", 92.5, 75.8), ("vit-mae-large", 329, None), ("yolos-small", 30.7, None),
        ("clip-vit-bigg-14", 2540, None), ("siglip2-so400m", 1136, None), ("ssdlite", None, 0.58),
        ("codeqwen1.5-7b", 7250, None),
        ("granite-code-20b", 20070, None), ("nemotron-mini", 4190, None), ("minitron-8b", 8410, None),
    ],
)  # fmt: skip
def test_the_figures_of_models_that_are_put_together(name: str, millions: float, gmacs: float) -> None:
    workload = resolve(name)
    if millions:
        assert sum(workload.parameters().values()) / 1e6 == pytest.approx(millions, rel=0.05)
    if gmacs:
        assert workload.flops() / 2e9 == pytest.approx(gmacs, rel=0.05)


def test_most_of_a_transducer_is_its_encoder_and_durations_skip_positions() -> None:
    sound = {name: resolve(f"parakeet-{name}-1.1b") for name in ("ctc", "rnnt", "tdt")}
    launches = {name: sum(np.ravel(op.count)[0] for op in item.trace(item.complete(Job(item.id))))
                for name, item in sound.items()}  # fmt: skip
    assert launches["ctc"] < launches["tdt"] < launches["rnnt"]
    assert sound["tdt"].flops() == pytest.approx(sound["ctc"].flops(), rel=0.02)


def test_the_tables_of_dlrm_are_most_of_it() -> None:
    modules = resolve("dlrm").parameters()
    assert modules["embeddings"] == 128 * 187_767_399
    perceptrons = 13 * 512 + 512 * 256 + 256 * 128 + 479 * 1024 + 1024 * 1024 + 1024 * 512 + 512 * 256 + 256
    biases = 512 + 256 + 128 + 1024 + 1024 + 512 + 256 + 1
    assert modules["bottom"] + modules["top"] == perceptrons + biases


def test_transformer_xl_large_by_hand() -> None:
    width, words = 1024, (19997, 20000, 160000, 67738)
    tables = sum(count * width // 4**i for i, count in enumerate(words))
    narrow = sum(width * width // 4**i for i in range(4))
    layer = width * 3 * width + 2 * width * width + 2 * width * 4096 + 4096 + width + 4 * width
    head = sum(words) + 3 * width + 3 + width * width
    by_hand = tables + narrow + head + 18 * layer + 2 * width
    assert sum(resolve("transformer-xl-large").parameters().values()) == by_hand


def test_public_runs_of_transformer_xl_score_every_word() -> None:
    """Without `--adaptive` each token has 267,735 scores, and segments of the large model have 256 tokens."""
    job = Job(
        "transformer-xl-large", "train", "tf32", batch=4.0, runtime="pytorch-1.x (NGC 20.01-21.x, eager)"
    )
    ours, recipe = (asked.read(replace(job, runtime=text)).job for text in (job.runtime, "PyTorch NGC 20.06"))
    assert (ours.seq_len, ours.options["exchange"]) == (256.0, "none")
    assert "adaptive_softmax" not in recipe.options
    ops = resolve(job.workload).trace(ours)
    (words,) = [op for op in ops if op.layer == "softmax.words"]
    assert float(np.ravel(words.flops)[0]) == 2.0 * 4.0 * 256.0 * 1024.0 * 267_735.0


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "known"),
    [
        ("ssd300-r50", "ssd300-r50"), ("maskrcnn-r50-fpn", "maskrcnn-r50-fpn"), ("gnmt-v2", "gnmt-v2"),
        ("transformer-xl-base", "transformer-xl-base"), ("transformer-xl-large", "transformer-xl-large"),
        ("tacotron2", "tacotron2"), ("waveglow", "waveglow"), ("retinanet", "retinanet"),
        ("3d-unet-99", "3d-unet-99"), ("3d-unet-99.9", "3d-unet-99"), ("rnnt", "rnnt"),
        ("bert-large-mlperf-99", "bert-large-mlperf-99"), ("deepspeech2", "deepspeech2"), ("ncf", "ncf"),
        ("bert-large-mlperf-99.9", "bert-large-mlperf-99.9"), ("Mask R-CNN", "maskrcnn-r50-fpn"),
        ("openai/whisper-large-v3", "whisper-large-v3"), ("YOLOv8n", "yolov8n"), ("yolo11x", "yolo11x"),
        ("yolov11-x", "yolo11x"), ("facebook/detr-resnet-50", "detr"), ("3DGS", "3d-gaussian-splatting"),
        ("hubert-large", "wav2vec2-large-lv60"), ("lstm", "ptb-lstm-large"),
        ("CycleGAN", "cyclegan"), ("pix2pix", "pix2pix"), ("distil-whisper", "distil-whisper-large-v3"),
        ("bge-large", "bert-large"), ("e5-large", "bert-large"), ("gte-large", "bert-large"),
        ("nomic-embed-text", "nomic-embed-text"), ("pegasus", "pegasus-large"),
        ("SSD-large", "ssd-resnet34"), ("nnunet", "nnunet-3d"), ("U-Net", "unet-medical"),
        ("DLRM-DCNv2", "dlrm-dcnv2"), ("HiFi-GAN", "hifigan"), ("jasper", "jasper-10x5"),
        ("ssd300_amp", "ssd300-r50"), ("BERT-base SQuAD fine-tuning", "bert-base"), ("resnet", "resnet50"),
        ("ResNet-50 inference INT8", "resnet50"), ("stabilityai/sd-turbo", "sd-turbo"),
        ("mask_rcnn_R_50_FPN_3x", "maskrcnn-r50-fpn"), ("faster-rcnn_r50_fpn_1x_coco", "fasterrcnn-r50-fpn"),
        ("city96/FLUX.1-dev-gguf", "flux.1-dev"), ("lllyasviel/flux1-dev-bnb-nf4", "flux.1-dev"),
        ("sd_xl_base_1.0.safetensors", "sdxl"), ("v1-5-pruned-emaonly.ckpt", "stable-diffusion-1.5"),
        ("EleutherAI/pythia-12b-deduped", "pythia-12b"), ("codellama:34b-code-q4_K_M", "codellama-34b"),
        ("mixtral-8x7b (MLPerf)", "mixtral-8x7b"), ("SSD MobileNet v2", "ssd-mobilenet-v2"),
        ("Wan2.1-T2V-14B-480P", "wan-2.1-t2v-14b-480p"), ("dolphin-mistral:7b", "mistral-7b"),
        ("Nous-Hermes-2-Yi-34B", "yi-34b"), ("dolphin-2.9.1-yi-1.5-34b", "yi-34b"),
        ("cognitivecomputations/dolphin-2.5-mixtral-8x7b", "mixtral-8x7b"),
        ("google/t5-v1_1-xxl", "flan-t5-xxl"), ("Helsinki-NLP/opus-mt-en-fr", "opus-mt-en-de"),
        ("NVIDIA BERT-large", "bert-large"), ("Google Gemma 2 9B it", "gemma-2-9b"),
        ("OpenAI's Whisper large-v3", "whisper-large-v3"), ("14B Qwen2.5", "qwen2.5-14b"),
        ("Wan 2.2 14B t2v", "wan-2.2-t2v-a14b"), ("BERT-Large pretraining phase 2", "bert-large"),
        ("Meta-Llama-3-8B-Instruct QLoRA", "llama-3-8b"), ("gpt-3-1_3b", "gpt-1.3b"),
        ("Segment Anything ViT-H", "sam-vit-h"), ("PixArt-Sigma XL 1024", "pixart-sigma"),
        ("NousResearch Hermes-3-Llama-3.1-8B", "llama-3.1-8b"), ("BERT Large MLM pre-training", "bert-large"),
        ("DINOv2-L/14", "dinov2-large"), ("DeiT-S/16", "deit-small-patch16-224"), ("BERT-L", "bert-large"),
        ("ViT-g/14", "vit-giant-patch14-224"), ("ViT-G/14", "vit-gigantic-patch14-224"),
        ("CLIP-L/14", "clip-vit-large-patch14"), ("HRNetV2-W48", "hrnet-w48"),
        ("RNN-T", "rnnt"), ("STREAM", "stream-triad"), ("fp64-gemm", "dgemm"), ("FFT", "fft-3d"),
    ],
)  # fmt: skip
def test_spellings(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known


@pytest.mark.parametrize(
    ("spelling", "format_"),
    [
        ("google/gemma-3-4b-it", None), ("bartowski/gemma-3-4b-it-GGUF", None), ("gemma-3-4b-4bit", "nf4"),
        ("RedHatAI/gemma-3-4b-it-FP8-dynamic", "fp8"),
    ],
)  # fmt: skip
def test_a_size_before_it_is_no_format_of_four_bits(spelling: str, format_: str | None) -> None:
    assert resolve(spelling).defaults.get("serve", {}).get("precision") == format_


@pytest.mark.parametrize(
    "name",
    [
        "vit-gpt2",
        "neural-7b",
        "DeepSeek-R1-Distill",
        "city96/resnet50-foo",
        "llama-3-18b",
        "DINOv2-L/16",
        "SDXL LoRA",
    ],
)
def test_a_name_that_has_another_in_it_is_not_that_one(name: str) -> None:
    with pytest.raises(UnknownName):
        resolve(name)


# -- units ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "columns", "unit", "units"),
    [
        ("gnmt-v2", {"batch": 10, "seq_len": 26}, "tokens", 520),
        ("transformer-xl-base", {"batch": 10}, "tokens", 1920),
        ("transformer-xl-large", {"batch": 10}, "tokens", 3840),
        ("tacotron2", {"batch": 10}, "mel-frames", 5660),
        ("waveglow", {"batch": 10}, "audio-samples", 80000),
        ("ssd300-r50", {"batch": 10}, "images", 10), ("3d-unet-99", {"batch": 10}, "volumes", 10),
        ("rnnt", {"batch": 10}, "utterances", 10), ("ncf", {"batch": 10}, "samples", 10),
        ("whisper-large-v3", {"batch": 10}, "audio seconds", 300), ("nerf", {"batch": 10}, "rays", 10),
        ("f5-tts", {"batch": 2}, "audio seconds", 20), ("rlhf", {"batch": 2}, "tokens", 1024),
        ("dgemm", {"batch": 3, "options": {"n": "1000"}}, "GFLOP", 6),
        ("stream-triad", {"options": {"n": "1e6"}}, "GB", 0.024),
        ("fft-3d", {"options": {"n": "1024"}}, "GFLOP", 5 * 1.073741824 * 30),
        ("stencil-7pt", {"options": {"n": "1000"}}, "GFLOP", 8),
        ("nbody", {"options": {"n": "1e5"}}, "GFLOP", 200),
    ],
)  # fmt: skip
def test_units_are_the_workload_s_own(name: str, columns: dict, unit: str, units: float) -> None:
    workload = resolve(name)
    assert workload.unit == unit
    assert workload.units(workload.complete(Job(name, **columns))) == pytest.approx(units)


@pytest.mark.parametrize(
    ("name", "phase", "unit"),
    [
        ("gnmt-v2", "train", "tokens/s"), ("transformer-xl-large", "train", "tokens/s"),
        ("tacotron2", "train", "mel-frames/s"), ("waveglow", "train", "audio-samples/s"),
        ("ssd300-r50", "train", "images/s"), ("maskrcnn-r50-fpn", "train", "images/s"),
        ("3d-unet-99.9", "infer", "samples/s"), ("rnnt", "infer", "samples/s"),
        ("retinanet", "infer", "samples/s"), ("bert-large-mlperf-99.9", "infer", "samples/s"),
        ("tacotron2", "train", "tokens/s"), ("3d-unet-99", "infer", "images/s"),
        ("rnnt", "infer", "sequences/s"),
    ],
)  # fmt: skip
def test_a_row_is_answered_in_its_unit(catalogue: Catalogue, name: str, phase: str, unit: str) -> None:
    row = {"id": "x", "workload": name, "gpu": "a100-80gb-sxm", "n_gpus": "1", "phase": phase,
           "metric": "throughput", "unit": unit}  # fmt: skip
    (answer,) = predict_rows([row], catalogue)
    assert not answer.error
    assert answer.unit == unit
    assert 0 < answer.low < answer.value < answer.high


@pytest.mark.parametrize(
    ("name", "precision_"),
    [
        ("bert-large-mlperf-99", "int8"),
        ("bert-large-mlperf-99.9", "fp8-or-fp16"),
        ("rnnt", "fp16"),
        ("3d-unet-99", "int8"),
    ],
)
def test_a_submission_s_own_precision_comes_before_the_runtime_s(
    catalogue: Catalogue, name: str, precision_: str
) -> None:
    answer = single(Job(name, phase="infer", runtime="TensorRT 8.6.0, CUDA 12.0"), catalogue["a100-80gb-sxm"])
    assert answer.job.precision == precision_


def test_pictures_of_a_submission_are_in_8_bits_and_those_of_tensorrt_s_users_are_not(
    catalogue: Catalogue,
) -> None:
    """Submissions that state no format make as many pictures as those in FP8; a demo is in FP16 unasked."""

    def format_of(text: str, stated: str = "") -> str:
        job = Job("sdxl", phase="generate", runtime=text, precision=stated)
        return single(job, catalogue["h100-80gb-sxm"]).job.precision

    assert format_of("TensorRT 10.2.0, CUDA 12.4") == "fp8-or-fp16"
    assert format_of("TensorRT 10.2.0, CUDA 12.4", "fp16") == "fp16"
    assert format_of("TensorRT 10") == "fp16"


def test_numerical_work_is_what_its_units_say() -> None:
    for name in ("dgemm", "fft-3d", "stencil-7pt", "nbody"):
        workload = resolve(name)
        assert workload.flops() == pytest.approx(1e9 * workload.units(workload.reference_job()))
    triad = ops("stream-triad", options={"n": "1e6"})
    assert total(triad, "read_bytes") + total(triad, "write_bytes") == 24e6


# -- recurrence ----------------------------------------------------------------------------------


def test_a_training_step_of_tacotron_launches_sixty_thousand_kernels() -> None:
    """Host-bound: what a profile of the public implementation shows, and why throughput follows batch."""
    assert launches(ops("tacotron2", phase="train", batch=48)) == pytest.approx(60000, rel=0.05)
    assert launches(ops("tacotron2", phase="train", batch=128)) == launches(ops("tacotron2", phase="train"))


def test_a_recurrence_multiplies_its_weights_gradient_once() -> None:
    """The same work as a loop of cells, in fewer products."""
    counts, flops = {}, {}
    for backward in ("full", "sequence"):
        recorder = Recorder(precision("fp32"), training=True)
        with recorder.module("net", repeats=50.0):
            recorder.linear(8.0, 64, 256, bias=True, backward=backward)
        forward = recorder.ops()
        assert trained_parameters(forward) == 64 * 256 + 256
        step = training_step(forward, precision("fp32"), "adam")
        products = [op for op in step if op.stage == "backward" and op.kind == "gemm"]
        counts[backward], flops[backward] = launches(tuple(products)), product_flops(products)
    assert flops["sequence"] == flops["full"] == 2 * 50 * 2 * 8 * 64 * 256
    assert counts == {"full": 100.0, "sequence": 51.0}


@given(st.integers(1, 60), st.integers(1, 30))
def test_launches_follow_the_time_steps(steps: int, batch: int) -> None:
    one, more = (
        launches(ops("gnmt-v2", phase="train", batch=batch, seq_len=tokens)) for tokens in (steps, steps + 1)
    )
    # Nine recurrences (the first layer runs both ways), forward: a product and its gates; batches are padded.
    layers, kernels, padding = 9, 2, 1.2
    assert more - one == pytest.approx(padding * 2 * layers * kernels)


def test_a_search_for_tokens_goes_on_until_the_slowest_of_its_batch_has_one() -> None:
    """Gaps between tokens differ within a batch; of what durations skip there is less to wait for."""

    def asked(name: str, batch: int) -> float:
        found = ops(name, phase="infer", batch=batch)
        return float(sum(np.ravel(op.count)[0] for op in found if op.module in ("joint", "waiting")))

    for name in ("parakeet-rnnt-1.1b", "parakeet-tdt-1.1b"):
        assert asked(name, 1) < asked(name, 8) < asked(name, 64)
    grows = {
        kind: asked(f"parakeet-{kind}-1.1b", 64) / asked(f"parakeet-{kind}-1.1b", 1)
        for kind in ("rnnt", "tdt")
    }
    assert grows["rnnt"] > 3.0 > grows["tdt"]


def test_canary_computes_keys_and_values_again_for_each_token() -> None:
    """So its decoder of 24 layers, of which that of others would be a tenth, has most of the work."""
    own = resolve("canary-1b")
    kept = replace(own, dims={**own.dims, "again": False})
    assert sum(own.parameters().values()) == sum(kept.parameters().values())
    assert own.flops() > 5.0 * kept.flops()
    # A batch goes on until its slowest utterance has ended: 70 tokens by 0.2 sqrt(2 ln 128) more.
    steps = {
        batch: max(op.repeats for op in ops("canary-1b", phase="infer", batch=batch)) for batch in (1, 128)
    }
    assert steps == pytest.approx({1: 80.0, 128: 10.0 + 70.0 * 1.623}, rel=1e-3)
    job = Job("canary-1b", phase="train", batch=2.0)
    assert product_flops(own.trace(own.complete(job))) == product_flops(kept.trace(kept.complete(job)))


# -- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MINE)
@pytest.mark.thorough(every=3)
def test_products_are_linear_in_the_batch(name: str) -> None:
    """Relative positions are multiplied once for the whole batch: linear beside that.

    Not of NeMo's writers at inference: a larger batch goes on for longer, until its slowest one has ended.
    """
    for phase in workloads()[name].phases:
        if workloads()[name].dims.get("again") and phase != "train":
            continue
        two, three, four = (product_flops(ops(name, phase=phase, batch=batch)) for batch in (2, 3, 4))
        assert four - three == pytest.approx(three - two, rel=1e-9)
        if workloads()[name].family not in ("transformer_xl", "conformer"):
            assert two == pytest.approx(2 * (three - two), rel=1e-9)


LENGTHS = [
    ("gnmt-v2", "seq_len", 200), ("transformer-xl-base", "seq_len", 400), ("tacotron2", "seq_len", 900),
    ("waveglow", "seq_len", 50000), ("whisper-small", "output_tokens", 400), ("rlhf", "output_tokens", 900),
]  # fmt: skip


@given(st.sampled_from(LENGTHS), st.floats(0.01, 1.0), st.integers(1, 40))
def test_products_never_fall_with_length(which: tuple[str, str, int], share: float, more: int) -> None:
    name, column, most = which
    length = max(1, round(share * most))
    short, long = (product_flops(ops(name, **{column: size})) for size in (length, length + more))
    assert long >= short


@given(
    st.sampled_from(["rnnt", "deepspeech2", "parakeet-ctc-0.6b", "xtts-v2", "f5-tts"]),
    st.floats(1, 30),
    st.floats(0.1, 30),
)
def test_products_never_fall_with_seconds(name: str, seconds: float, more: float) -> None:
    short, long = (product_flops(ops(name, options={"seconds": str(s)})) for s in (seconds, seconds + more))
    assert long >= short


DETECTORS = ["ssd300-r50", "maskrcnn-r50-fpn", "retinanet", "detr", "rt-detr-r18", "yolo11n", "yolov5s"]


@given(st.sampled_from(DETECTORS), st.integers(10, 40), st.integers(0, 8))
def test_products_never_fall_with_resolution(name: str, side: int, more: int) -> None:
    small, large = (product_flops(ops(name, height=32 * s, width=640)) for s in (side, side + more))
    assert large >= small


@pytest.mark.parametrize("name", ["gnmt-v2", "waveglow", "ssd300-r50", "detr", "whisper-base", "ncf"])
def test_the_backward_pass_is_about_twice_the_forward_pass(name: str) -> None:
    traced = ops(name, phase="train")
    forward, backward = (
        product_flops([op for op in traced if op.stage == stage]) for stage in ("forward", "backward")
    )
    assert 1.5 < backward / forward < 2.2


# -- bad input, speed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "columns", "said"),
    [
        ("yolov8n", {"height": 600}, "YOLO needs a multiple of 32 pixels"),
        ("yolov8n", {"width": np.array([640.0, 650.0])}, "YOLO needs a multiple of 32 pixels"),
        ("whisper-base", {"output_tokens": 600}, "output_tokens: 600 is more than the 448 positions"),
        ("dgemm", {"options": {"n": "big"}}, "option n: 'big' is no number"),
        ("dgemm", {"options": {"n": "1"}}, "option n: 1 is below 2"),
        ("rnnt", {"options": {"seconds": "0"}}, "option seconds: 0 is below 0.1"),
        ("ssd300-r50", {"phase": "serve"}, "ssd300-r50 has no phase 'serve'; it runs infer, train"),
        ("ssd300-r50", {"phase": "finetune_lora"}, "ssd300-r50 has no phase 'finetune_lora'"),
    ],
)
def test_a_bad_job_says_what_to_change(name: str, columns: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ops(name, **columns)
