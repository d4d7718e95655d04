"""The zoo: published figures, names, jobs and what bad input says."""

from __future__ import annotations

import csv
import doctest
import math
import string
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import DataError, UnknownName, UsageError, WhichGpuError
from whichgpu.workloads import model, names, resolving
from whichgpu.workloads import workload as module
from whichgpu.workloads import zoo as zoo_module
from whichgpu.workloads.job import PHASES, Job, options, phase, resolution
from whichgpu.workloads.names import apart
from whichgpu.workloads.ops import parameters, product_flops, total
from whichgpu.workloads.workload import Workload, families, resolve, workloads

pytestmark = pytest.mark.slow

ZOO = sorted(workloads())
#: One workload of each kind: those that differ in sizes alone are traced by the same lines.
KINDS = {
    (item.family, item.dims.get("pattern", ""), *sorted(item.dims.keys() - {"source", "max_positions"})): name
    for name, item in sorted(workloads().items(), reverse=True)
}
EVERY_PHASE = [(name, one) for name in sorted(KINDS.values()) for one in workloads()[name].phases]


def trace(name: str, **columns: object) -> tuple[Workload, Job, tuple]:
    workload = resolve(name)
    job = workload.complete(Job(name, **columns))
    return workload, job, workload.trace(job)


# -- published figures ---------------------------------------------------------------------------


def test_the_first_set_is_there() -> None:
    first = {
        "resnet50", "resnet152", "inception-v3", "googlenet", "bert-large", "llama-2-7b", "llama-2-13b",
        "llama-2-70b", "stable-diffusion-1.5",
    }  # fmt: skip
    assert first <= set(ZOO)


@pytest.mark.parametrize(
    ("name", "millions", "gmacs"),
    [
        ("resnet50", 25.557, 4.089), ("resnet152", 60.193, 11.514), ("inception-v3", 23.835, 5.713),
        ("googlenet", 6.625, 1.498), ("bert-large", 335.14, None), ("llama-2-7b", 6738.4, None),
        ("llama-2-13b", 13015.9, None), ("llama-2-70b", 68976.6, None), ("sd-1.5", 1066.2, 401.6),
    ],
)  # fmt: skip
def test_the_figures_people_quote(name: str, millions: float, gmacs: float | None) -> None:
    workload = resolve(name)
    assert sum(workload.parameters().values()) / 1e6 == pytest.approx(millions, rel=1e-4)
    if gmacs:
        assert workload.flops() / 2e9 == pytest.approx(gmacs, rel=1e-3)


def test_inception_has_its_auxiliary_classifier_in_training_only() -> None:
    workload, _, ops = trace("inception-v3", phase="train")
    assert sum(parameters(ops).values()) == workload.published["parameters_training"].value
    assert "auxiliary" not in workload.parameters()


@pytest.mark.parametrize("name", ["llama-2-7b", "llama-3.1-8b", "mistral-7b"])
def test_a_decoder_does_two_flops_per_parameter_and_token_beside_attention(name: str) -> None:
    workload = resolve(name)
    ops = workload.reference_ops()
    tokens = workload.reference_job().seq_len
    dense = product_flops([op for op in ops if op.kind == "gemm"])
    used = sum(op.parameters * op.copies for op in ops if op.kind == "gemm")
    assert dense == pytest.approx(2 * used * tokens, rel=1e-12)


def test_the_u_net_splits_as_measured() -> None:
    """Multiply-adds of one pass at 512 x 512, by kind, and its kernels in eager mode."""
    ops = resolve("sd-1.5").reference_ops()
    gmacs = {kind: product_flops([op for op in ops if op.kind == kind]) / 2e9 for kind in ("conv", "gemm")}
    attention = product_flops([op for op in ops if op.kind == "attention"]) / 2e9
    assert gmacs["conv"] == pytest.approx(209, abs=0.5)
    assert gmacs["gemm"] == pytest.approx(129, abs=0.5)
    assert attention == pytest.approx(63, abs=0.5)
    assert sum(op.count for op in ops) == 737


# -- jobs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", sorted({item.family for item in workloads().values()}))
def test_every_phase_of_a_family_traces_for_one_job_and_for_a_sweep(family: str) -> None:
    batch = np.array([1.0, 8.0])
    for name, one in EVERY_PHASE:
        if workloads()[name].family != family:
            continue
        workload, job, ops = trace(name, phase=one, batch=batch)
        assert job.size == 2
        assert workload.units(job).shape == (2,), (name, one)
        _, _, single = trace(name, phase=one, batch=batch[1])
        for quantity in ("flops", "read_bytes", "write_bytes", "weight_bytes", "saved_bytes", "kv_bytes"):
            swept = np.broadcast_to(total(ops, quantity), (2,))
            assert math.isclose(swept[1], total(single, quantity), rel_tol=1e-9), (name, one, quantity)
        complete = workload.complete(Job(name, phase=one))
        assert complete.workload == name
        assert all((complete.phase, complete.precision, complete.runtime)), (name, one)
        assert complete.batch >= 1
        assert complete.n_gpus == 1


#: What is computed once for the whole batch: embeddings of the time step, of relative positions.
SHARED = (
    "diffusion_unet", "diffusion_dit", "transformer_xl", "conformer", "swin", "maxvit", "cait",
    "disentangled",
)  # fmt: skip


def shares(name: str) -> bool:
    """Whether a part of the work is done once, however large the batch."""
    item = workloads()[name]
    return item.family in SHARED or "relative" in item.dims


@given(st.sampled_from([p for p in EVERY_PHASE if not shares(p[0])]), st.integers(1, 64))
def test_products_are_linear_in_the_batch(which: tuple[str, str], batch: int) -> None:
    name, one = which
    _, _, single = trace(name, phase=one, batch=1)
    _, _, many = trace(name, phase=one, batch=batch)
    assert product_flops(many) == pytest.approx(batch * product_flops(single), rel=1e-9)


@given(st.sampled_from(EVERY_PHASE), st.integers(1, 64))
def test_every_picture_or_sequence_of_a_batch_adds_the_same(which: tuple[str, str], batch: int) -> None:
    name, one = which
    none, first, last = (product_flops(trace(name, phase=one, batch=size)[2]) for size in (1, 2, 2 + batch))
    assert last - first == pytest.approx(batch * (first - none), rel=1e-6)


@given(st.sampled_from(["resnet50", "inception-v3", "googlenet"]), st.integers(96, 500), st.integers(1, 40))
def test_products_never_fall_with_resolution(name: str, side: int, more: int) -> None:
    _, _, small = trace(name, height=side, width=side)
    _, _, large = trace(name, height=side + more, width=side)
    assert product_flops(large) >= product_flops(small)


@given(st.integers(1, 32), st.integers(1, 8))
def test_a_picture_never_costs_less_when_larger(side: int, more: int) -> None:
    _, _, small = trace("sd-1.5", height=64 * side, width=512, steps=2)
    _, _, large = trace("sd-1.5", height=64 * (side + more), width=512, steps=2)
    assert product_flops(large) > product_flops(small)


def test_resolution_broadcasts_over_the_job_axis() -> None:
    sides = np.array([256.0, 512.0, 1024.0])
    _, _, swept = trace("sd-1.5", height=sides, width=sides)
    flops = product_flops(swept)
    assert flops.shape == (3,)
    for i, side in enumerate(sides):
        _, _, one = trace("sd-1.5", height=side, width=side)
        assert flops[i] == pytest.approx(product_flops(one), rel=1e-9)


def test_guidance_doubles_the_u_net_and_can_be_off() -> None:
    _, _, guided = trace("sd-1.5")
    _, _, plain = trace("sd-1.5", options={"guidance": "1"})
    unet = [product_flops([op for op in ops if op.module == "unet"]) for ops in (guided, plain)]
    assert unet[0] == pytest.approx(2 * unet[1], rel=1e-12)
    assert unet[1] == pytest.approx(50 * resolve("sd-1.5").flops(), rel=1e-12)


def test_units_are_what_the_job_makes() -> None:
    assert resolve("resnet50").units(trace("resnet50", batch=7)[1]) == 7
    assert resolve("bert-large").units(trace("bert-large", batch=3)[1]) == 3
    llama = resolve("llama-2-7b")
    columns = {"batch": 4, "input_tokens": 100, "output_tokens": 30}
    per_phase = {"prefill": 400, "decode": 120, "generate": 120, "serve": 120}
    for one, units in per_phase.items():
        assert llama.units(trace("llama-2-7b", phase=one, **columns)[1]) == units
    assert llama.units(trace("llama-2-7b", phase="train", batch=2, seq_len=1000)[1]) == 2000


def test_other_words_for_a_phase() -> None:
    assert resolve("llama-2-7b").complete(Job("x", phase="inference")).phase == "generate"
    assert resolve("sd-1.5").complete(Job("x", phase="txt2img")).phase == "generate"
    assert resolve("resnet50").complete(Job("x", phase="pretrain")).phase == "train"
    assert phase("finetune_adapter_v2+bnb.nf4-dq") == "finetune_lora"


# -- names ---------------------------------------------------------------------------------------

MEASURED = Path(__file__).parent.parent / "whichgpu" / "data" / "measured"
SHARED = Path(__file__).parent.parent.parent / "shared" / "measurements"


@pytest.mark.parametrize("folder", [MEASURED, SHARED], ids=["carried", "shared"])
def test_the_workload_of_every_published_measurement_resolves(folder: Path, capsys) -> None:
    """Prints the share, table by table (`pytest -s`)."""
    if not folder.is_dir():
        pytest.skip(f"no {folder}: the measurements are not beside this checkout")
    left = set()
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as handle:
            named = [row["workload"] for row in csv.DictReader(handle)]
        lost = [name for name in named if not module.known(name)]
        left |= set(lost)
        with capsys.disabled():
            share = 1 - len(lost) / len(named)
            sys.stdout.write(f"{path.stem}: {share:.1%} of {len(named):,} rows resolve {sorted(set(lost))}\n")
    assert not left


@pytest.mark.parametrize(
    ("spelling", "known"),
    [
        ("EfficientNet_V2_S_Weights.IMAGENET1K_V1", "efficientnet-v2-s"), ("ELECTRA BASE++", "electra-base"),
        ("command-r7b:7b", "command-r7b"), ("U-Net Industrial (DAGM2007)", "unet-industrial"),
        ("SD 1.5 (SHARK)", "stable-diffusion-1.5"), ("ResNet-50 FPN Mask R-CNN", "maskrcnn-r50-fpn"),
        ("BioBERT-base NER", "bert-base"), ("MedGemma 27B", "gemma-3-27b"), ("hf_T5", "t5-small"),
        ("BertForMaskedLM", "bert-base"), ("THUDM/CogVideoX-5b-I2V", "cogvideox-5b"),
        ("ResNet18 on CIFAR-10", "resnet18-cifar"), ("WRN-28-10", "wide-resnet-28-10"),
        ("SentientAGI/Dobby-Unhinged-Llama-3.1-8B", "llama-3.1-8b"), ("Qwen/Qwen3.8-27B-FP8", "qwen3.5-27b"),
        ("huihui-ai/Huihui-Qwen3.6-27B-abliterated-AWQ", "qwen3.5-27b"),
    ],
)  # fmt: skip
def test_names_of_runs_uploads_and_suites(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known


@pytest.mark.parametrize(
    "name",
    ["ResNet-50 (PANet)", "ResNet-50 (pruned)", "ResNet-50 (half width)", "z-lab/Qwen3-8B-DFlash-b16",
     "yuhuili/EAGLE-LLaMA3-Instruct-8B", "someone/Qwen-7B-mine", "bearzi/Qwen3.6-35B-A3B-oQ3",
     "someone/Qwen3-8B-0.6B-draft"],
)  # fmt: skip
def test_words_beside_a_name_may_make_another_model_of_it(name: str) -> None:
    with pytest.raises(UsageError, match="no workload"):
        resolve(name)


@pytest.mark.parametrize(
    ("spelling", "known"),
    [
        ("ResNet50", "resnet50"), ("resnet-50", "resnet50"), ("ResNet-50 v1.5", "resnet50"),
        ("Inception_V3", "inception-v3"), ("inception3", "inception-v3"), ("bert-large-squad", "bert-large"),
        ("BERT-99.9", "bert-large-mlperf-99.9"), ("bert_base_uncased", "bert-base"),
        ("bert-base-squad", "bert-base"), ("llama2-7b", "llama-2-7b"), ("Llama 2 70B", "llama-2-70b"),
        ("llama-3.1-8b-instruct", "llama-3.1-8b"), ("meta-llama-3.1-70b-instruct", "llama-3.1-70b"),
        ("mistral-7b-instruct-v0.3", "mistral-7b"), ("wide_resnet50_2", "wide-resnet50-2"),
        ("sd15", "stable-diffusion-1.5"), ("SD 1.4", "stable-diffusion-1.5"),
        ("runwayml/stable-diffusion-v1-5", "stable-diffusion-1.5"),
        ("timm/resnet50.a1_in1k", "resnet50"), ("resnet26d.bt_in1k", "resnet26d"),
        ("vit_base_patch16_clip_224.openai", "vit-base-patch16-clip-224"),
        ("timm/maxvit_tiny_tf_224", "maxvit-tiny-tf-224"), ("yolov9-c", "yolov9c"), ("YOLOv6-N", "yolov6n"),
        # As papers, model zoos and lists have them.
        ("DeiT-S", "deit-small-patch16-224"), ("MaxViT-B", "maxvit-base-tf-224"),
        ("BiT-R50x1", "resnetv2-50x1-bit"),
        ("faster_rcnn_R_101_FPN", "fasterrcnn-r101-fpn"), ("pspnet_r50-d8", "pspnet-resnet50"),
        ("DETR-DC5", "detr-dc5-r50"), ("PP-YOLOE+_s", "pp-yoloe-s"), ("YOLO11x-seg", "yolo11x-seg"),
        ("bert-large-uncased-finetuned-squad", "bert-large"), ("yolov5s-coco", "yolov5s"),
        ("yolov3-608", "yolov3"),
        # As libraries ask for them.
        ("hf_hub:timm/resnet18.a1_in1k", "resnet18"), ("torchvision.models.resnet50", "resnet50"),
        ("torchvision.models.detection.maskrcnn_resnet50_fpn", "maskrcnn-r50-fpn"), ("yolov8n.pt", "yolov8n"),
        ("tf_efficientnetv2_s.in21k_ft_in1k", "efficientnet-v2-s"), ("nasnetalarge.tf_in1k", "nasnetalarge"),
        ("keras.applications.EfficientNetB0", "efficientnet-b0"), ("Keras NASNetLarge", "nasnetalarge"),
        # The name of a file that is not there, whole or in parts.
        ("Qwen3-32B-Q4_K_M.gguf", "qwen3-32b"), ("llama-2-7b.Q4_0.gguf", "llama-2-7b"),
        ("gpt-oss-120b-mxfp4-00001-of-00003.gguf", "gpt-oss-120b"), ("flux1-dev-Q4_K_S.gguf", "flux.1-dev"),
        # As libraries of speech, and those who tune a model of pictures, have them.
        ("whisper-medium.en", "whisper-medium"), ("ggml-large-v3-q5_0", "whisper-large-v3"),
        ("faster-whisper-large-v2", "whisper-large-v2"), ("Juggernaut-XL-v9", "sdxl"),
        # As MLPerf and Ollama have them.
        ("llama2-70b-99.9", "llama-2-70b"), ("gptj-99.9", "gpt-j-6b"), ("deepseek-r1:14b", "qwen2.5-14b"),
        ("gemma3:4b-it-qat", "gemma-3-4b"), ("gemma4:e4b-it-qat", "gemma-4-e4b"),
        ("ministral-3:3b", "ministral-3-3b"),
        # A mixture's whole size is its tag; a dense model of that size would go before it.
        ("qwen3:30b", "qwen3-30b-a3b"), ("qwen3.6:35b", "qwen3.5-35b-a3b"),
        ("qwen3-next:80b", "qwen3-next-80b-a3b"),
        ("qwen3:32b", "qwen3-32b"), ("qwen3-vl:30b", "qwen3-vl-30b-a3b"),
        # As llama-bench says of a file, and suites before a model.
        ("qwen3moe 30B.A3B Q4_K - Medium", "qwen3-30b-a3b"), ("llama 8B mostly Q4_0", "llama-3.1-8b"),
        ("torchtune llama3_1_8b lora single device", "llama-3.1-8b"),
        ("axolotl mistral-7b qlora", "mistral-7b"),
        ("intfloat/multilingual-e5-large-instruct", "xlm-roberta-large"), ("SSD AMP", "ssd300-r50"),
        ("hunyuan_video_720_cfgdistill_fp8_e4m3fn", "hunyuanvideo"),
        ("LTXV 2B distilled 0.9.8", "ltx-video-0.9"),
        ("LTXV 13B 0.9.7 distilled", "ltx-video-0.9.7-13b"), ("Megatron-LM GPT 18.4B", "megatron-18.4b"),
        ("QuantTrio/GLM-4.5-Air-AWQ-FP16Mix", "glm-4.5-air"), ("Sao10K/L3-8B-Stheno-v3.2", "llama-3-8b"),
        ("wan2.2_t2v_high_noise_14B_fp8_scaled", "wan-2.2-t2v-a14b"),
        ("realisticVisionV60B1", "stable-diffusion-1.5"),
        ("ponyDiffusionV6XL_v6StartWithThisOne", "sdxl"), ("svdq-int4-flux.1-dev", "flux.1-dev"),
        ("phi3:14b-medium-4k-instruct-q4_0", "phi-3-medium"), ("Lykon/dreamshaper-xl-1-0", "sdxl"),
        ("j-hartmann/emotion-english-distilroberta-base", "distilroberta-base"), ("YOLO-NAS-L", "yolo-nas-l"),
        ("UL Procyon AI Computer Vision ResNet50", "resnet50"), ("MLPerf v4.1 BERT-large", "bert-large"),
        # With notes, sides, widths and sizes as tables have them.
        ("Llama-3-70B (GBS 128)", "llama-3-70b"), ("BERT-LARGE fine-tuning (SQuAD v1.1)", "bert-large"),
        ("EfficientNet-B0 (224x224)", "efficientnet-b0"),
        ("CLIP ViT-L/14@336px", "clip-vit-large-patch14-336"),
        ("MobileNetV2 x1.4", "mobilenetv2-140"), ("MobileNetV2 0.5x", "mobilenetv2-050"),
        ("RegNetX-4.0GF", "regnetx-040"), ("YOLOv8 (large)", "yolov8l"), ("GPT-2 Medium 345M", "gpt2-medium"),
        ("Faster R-CNN ResNet-50", "fasterrcnn-r50-fpn"), ("SD 1.5 + ControlNet", "controlnet-sd1.5"),
        ("pspnet_r101-d8_512x1024_80k_cityscapes", "pspnet-resnet101"),
        ("Swin Transformer (Tiny)", "swin-tiny"),
        ("whisper-large-v3 (faster-whisper int8)", "whisper-large-v3"), ("ResNet (101)", "resnet101"),
        ("DeepSeek-R1 671B Q4_K_M", "deepseek-r1"), ("Qwen_Qwen3-14B-Q6_K.gguf", "qwen3-14b"),
        # Configurations: another network, epochs, what was trained on before; clips of a video.
        ("mask-rcnn_x101-64x4d_fpn_1x_coco", "maskrcnn-x101-64x4d-fpn"),
        ("retinanet-r152", "retinanet-r152-fpn"), ("fcos_r101-caffe_fpn_gn-head-1x_coco", "fcos-r101-fpn"),
        ("resnetv1d101_8xb32_in1k", "resnet101d"), ("res2net50-w14-s8_8xb32_in1k", "res2net50-14w-8s"),
        ("slowfast_r50_8xb8-4x16x1-256e_kinetics400-rgb", "slowfast-r50-4x16"), ("volo_d1", "volo-d1-224"),
        ("td-hm_res101_8xb64-210e_coco-256x192", "simple-baseline-r101-pose"), ("yolov5su.pt", "yolov5su"),
        ("vit-base-p16_64xb64_in1k", "vit-base-patch16-224"),
        ("swin-tiny-p244-w877_in1k-pre_8xb8-amp-32x2x1-30e_kinetics400-rgb", "video-swin-t"),
        ("stt_en_fastconformer_transducer_xlarge", "parakeet-rnnt-0.6b"), ("yolov5x6u", "yolov5x6u"),
        ("dino-4scale_r50_8xb2-12e_coco", "dino-4scale_r50"), ("rtdetr_r50vd_6x_coco", "rt-detr-r50"),
        ("mobilenet-v3-large-1.0-224-tf", "mobilenet-v3-large"), ("googlenet-v4-tf", "inception-v4"),
        ("COCO-InstanceSegmentation/mask_rcnn_R_101_FPN_3x.yaml", "maskrcnn-r101-fpn"),
        ("amd/DeepSeek-R1-WMXFP4-AMXFP4-Scale-UINT8-MoE-Quant", "deepseek-r1"),
        ("Stable Diffusion XL (SDXL) 1.0", "sdxl"), ("Wan2.1 14B T2V fp8 scaled", "wan-2.1-t2v-14b"),
    ],
)  # fmt: skip
def test_spellings(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("yolov3-608", 608.0),
        ("yolov8n_320", 320.0),
        ("resnet50 160", 160.0),
        ("yolov3_d53_8xb8-ms-608-273e_coco", 608.0),
        ("upernet_swin_tiny_patch4_window7_512x512_160k_ade20k_pretrain_224x224_1K", 512.0),
    ],
)
def test_a_name_may_end_in_the_side_of_a_picture(name: str, side: float) -> None:
    item = resolve(name)
    job = item.complete(Job(item.id, phase="infer"))
    assert (job.height, job.width) == (side, side)


@pytest.mark.parametrize("name", ["retinanet-152", "bert-base-384", "resnet50-8"])
def test_a_number_behind_a_name_is_not_always_a_side(name: str) -> None:
    with pytest.raises(UnknownName):
        resolve(name)


@pytest.mark.parametrize(
    ("spelling", "known", "stored"),
    [
        ("meta-llama/Llama-2-7b-chat-hf", "llama-2-7b", "fp16"), ("Qwen/Qwen3-8B-FP8", "qwen3-8b", "fp8"),
        ("Qwen2.5-7B-Instruct-GPTQ-Int4", "qwen2.5-7b", "w4a16-g128"),
        ("TheBloke/Llama-2-13B-chat-AWQ", "llama-2-13b", "w4a16-g128"),
        ("unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit", "llama-3.1-8b", "nf4"),
        ("neuralmagic/Meta-Llama-3.1-70B-Instruct-quantized.w8a8", "llama-3.1-70b", "int8"),
        ("mixtral-8x7b-instruct-v0.1-gguf-q4_k_m", "mixtral-8x7b", "q4_k_m"),
        # A spelling of its own says its format as well; Qwen3 0.6B keeps its point.
        ("qwen3-32b-fp8", "qwen3-32b", "fp8"), ("someone/qwen3-0.6b-it", "qwen3-0.6b", "fp16"),
        ("nvidia/Llama-4-Maverick-17B-128E-Instruct-FP8", "llama-4-maverick", "fp8"),
        ("llama3.1:70b-instruct-q4_K_M", "llama-3.1-70b", "q4_k_m"),
        ("unsloth/Qwen3.6-35B-A3B-UD-Q4_K_XL", "qwen3.5-35b-a3b", "q4_k_m"),
        ("c4ai-command-r-v01", "command-r", "fp16"),
        ("microsoft/Phi-3-medium-128k-instruct", "phi-3-medium", "fp16"),
        ("Qwen3-30B-A3B-UD-Q4_K_XL.gguf", "qwen3-30b-a3b", "q4_k_m"),
        ("mistral-large-2411", "mistral-large-123b", "fp16"),
        ("Llama 3.1 70B FP8 (TP4)", "llama-3.1-70b", "fp8"),
        ("flan-t5-xxl-int8", "flan-t5-xxl", "int8"),
    ],
)  # fmt: skip
def test_what_follows_the_name_of_a_language_model(spelling: str, known: str, stored: str) -> None:
    found = resolve(spelling)
    assert found.id == known
    assert found.complete(Job(spelling)).precision == stored
    assert found.complete(Job(spelling, phase="train")).precision == "amp-bf16"
    assert found.complete(Job(spelling, precision="bf16")).precision == "bf16"


@pytest.mark.parametrize(
    "name",
    [
        "resnet50-mine",
        "detr-r18",
        "facebook/dino-resnet-50",
        "pspnet_r18-d8",
        "faster-rcnn_r50-dconv-c3-c5_fpn_1x_coco",
        "torchvision.models.video.mvit_v2_s",
        "llama-9-chat",
        "gpt-4-0613",
        "opt-13b-mine",
        "chat",
        "hf",
        "-it",
        "org/",
        "fp8",
        "deepseek-r1:9b",
        ":latest",
        "models.",
        ".pt",
        "torchvision.models.",
        "ResNet-50 (Mask R-CNN backbone)",
        "YOLOv8n (segmentation)",
        "semantic segmentation ResNet-50",
        "Swin-T Mask R-CNN",
        "llama-3-8b 70B",
    ],
)
def test_other_words_are_no_part_of_a_name(name: str) -> None:
    with pytest.raises(UsageError):
        resolve(name)


def test_a_tag_of_ollama_says_the_size_and_latest_the_one_that_it_fetches() -> None:
    latest = {f"{name}:latest": f"{name}:{size}" for name, size in names.table()["latest"].items()}
    assert [one for one, sized in latest.items() if resolve(one).id != resolve(sized).id] == []
    assert resolve("deepseek-r1:latest").id == resolve("library/deepseek-r1:8b").id == "qwen3-8b"
    assert resolve("deepseek-r1").id == "deepseek-r1"
    assert resolve("phi4-mini:latest").id == "phi-4-mini"


@pytest.mark.parametrize("name", ["llama-3.9", "resnet51.a1_in1k", "gpt-4.tag", "mine/resnet50.a1"])
def test_a_tag_belongs_to_names_of_timm_only(name: str) -> None:
    with pytest.raises(UsageError):
        resolve(name)


@given(st.sampled_from(ZOO), st.randoms(use_true_random=False))
def test_names_ignore_case_and_separators(name: str, random: object) -> None:
    def between(c: str, after: str) -> str:
        # Between digits it matters: `opt-1-3b` is not `opt-13b`.
        return "" if c.isdigit() and after.isdigit() else random.choice(["", "-", "_", ".", " "])

    dressed = "".join(
        (c.upper() if random.random() < 0.5 else c) + between(c, after)
        for c, after in zip(name, f"{name[1:]}1" if name[-1].isdigit() else name[1:] + " ", strict=True)
    )
    # Only where two names differ by what stands between two digits does that matter.
    assert name in resolving._candidates(dressed)
    if len(resolving._candidates(dressed)) == 1:
        assert resolve(dressed).id == name


def test_a_name_that_lacks_its_dot_may_be_two() -> None:
    assert resolve("opt-1.3b").id == "opt-1.3b"
    assert resolve("OPT 13B").id == "opt-13b"
    assert resolve("opt-1-3b").id == "opt-1.3b"
    assert resolve("llama-3-1-8b").id == "llama-3.1-8b"


def test_no_spelling_belongs_to_two_workloads() -> None:
    seen: dict[str, str] = {}
    for name, workload in workloads().items():
        for spelling in {apart(one) for one in (name, workload.name, *workload.aliases)}:
            assert seen.setdefault(spelling, name) == name


def test_families_are_found_by_their_file() -> None:
    assert {"resnet", "googlenet", "inception_v3", "encoder", "decoder", "diffusion_unet"} <= set(families())
    assert {workload.family for workload in workloads().values()} <= set(families())
    for name in families():
        code = model._family(name)
        assert set(code.PHASES) <= set(PHASES)
        assert set(getattr(code, "PHASE_ALIASES", {})).isdisjoint(code.PHASES)
        assert code.__doc__


# -- bad input -----------------------------------------------------------------------------------


def test_an_unknown_workload_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no workload 'resnet51'; did you mean .*resnet50"):
        resolve("resnet51")
    with pytest.raises(UsageError, match=r"did you mean .*llama-2-7b"):
        resolve("lama2-7b")
    with pytest.raises(UsageError, match=r"did you mean llama-3.1-8b"):
        resolve("llama 3.1 7b")
    with pytest.raises(UsageError, match=r"did you mean flux.1-schnell"):
        resolve("flux1 schnel")


def test_names_that_are_told_have_the_size_and_the_format_that_were_asked_for() -> None:
    with pytest.raises(UsageError, match="did you mean") as fault:
        resolve("llama 70b q4")
    told = str(fault.value).partition("did you mean ")[2].rstrip("?").split(", ")
    assert all("-70b-" in one for one in told)
    assert {resolve(one).defaults["serve"]["precision"] for one in told} == {"q4_k_m"}
    assert resolve("llama 3.1 70b q8").defaults["serve"]["precision"] == "q8_0"


@pytest.mark.parametrize(
    ("name", "said", "not_said"),
    [
        ("BERT", "bert-base (109 M), ", "distilbert"),
        ("llama3", "llama-3-8b (8,030 M), ", "llama-3.1-8b"),
        ("T5", "t5-small (60.5 M), t5-base (223 M), ", "mt5"),
        ("qwen", "qwen-7b (7,721 M), ", "vit"),
    ],
)
def test_the_name_of_a_family_lists_its_sizes(name: str, said: str, not_said: str) -> None:
    with pytest.raises(UsageError, match="which has several sizes; did you mean ") as fault:
        resolve(name)
    assert said in str(fault.value)
    assert not_said not in str(fault.value)


@pytest.mark.parametrize(
    ("size", "meant"), [("70b", "llama-3.1-70b"), ("8B", "llama-3.1-8b"), ("27b", "gemma-3-27b")]
)
def test_a_size_alone_lists_models_of_it(size: str, meant: str) -> None:
    with pytest.raises(UsageError, match="a size alone names no model; did you mean ") as fault:
        resolve(size)
    told = str(fault.value).partition("mean ")[2].rstrip("?").split(", ")
    assert meant in told
    assert all(name.endswith(f"-{size.lower()}") for name in told)
    with pytest.raises(UsageError, match="no workload '999b'; see the list"):
        resolve("999b")


@given(st.text(alphabet=string.printable, max_size=40))
def test_any_name_resolves_or_is_refused_in_one_line(name: str) -> None:
    with suppress(UsageError):
        assert resolve(name).id in ZOO


def test_an_unknown_phase_lists_the_phases() -> None:
    with pytest.raises(UsageError, match="no phase 'dream'; use one of infer"):
        resolve("resnet50").complete(Job("resnet50", phase="dream"))
    with pytest.raises(UsageError, match="no phase 'finetun'; did you mean finetune_full, finetune_lora,"):
        resolve("resnet50").complete(Job("resnet50", phase="finetun"))
    assert phase("fine-tune") == phase("Fine-Tuning") == phase("finetune")
    with pytest.raises(UsageError, match="resnet50 has no phase 'serve'; it runs infer, train"):
        resolve("resnet50").complete(Job("resnet50", phase="serve"))


def test_a_job_with_other_columns_is_looked_at_again():
    job = Job("resnet50", batch=8.0, options={"compile": "max"})
    assert job.changed(n_gpus=2, batch=None) == Job("resnet50", n_gpus=2.0, options={"compile": "max"})
    with pytest.raises(UsageError, match="batch: 0 is below 1"):
        job.changed(batch=0)
    with pytest.raises(AttributeError, match="batches"):
        job.changed(batches=1)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"batch": float("nan")}, "batch: nan is not a finite number"),
        ({"batch": float("inf")}, "not a finite number"),
        ({"batch": 0}, "batch: 0 is below 1"),
        ({"batch": -3}, "batch: -3 is below 1"),
        ({"batch": 1e12}, "is above 1e"),
        ({"batch": "many"}, "batch: 'many' is not a number"),
        ({"batch": [1, 2, -1]}, "batch: -1 is below 1"),
        ({"height": 10**6}, "height: 1e.06 is above 65536"),
    ],
)
def test_numbers_that_no_job_has(columns: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Job("resnet50", **columns)


def test_a_recommender_takes_a_million_samples_at_once() -> None:
    """NVIDIA's NCF is trained in batches of 2^20."""
    assert Job("ncf", batch=2**20).batch == 2.0**20


@pytest.mark.parametrize("text", ["", "x", "512x", "0.5", "512x512x3", "-5", "wide", "5²"])
def test_what_is_no_resolution(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a resolution; write e\.g\. 512 or 512x768"):
        resolution(text)


def test_a_resolution_is_height_by_width() -> None:
    assert resolution("512") == (512.0, 512.0)
    assert resolution("512x768") == (512.0, 768.0)
    assert resolution("512 × 768") == (512.0, 768.0)


@pytest.mark.parametrize(
    ("name", "columns", "said"),
    [
        ("sd-1.5", {"height": 500}, "height: 500 pixels are not a multiple of 8"),
        ("sd-1.5", {"width": np.array([512.0, 513.0])}, "width: 513 pixels"),
        ("inception-v3", {"height": 32, "width": 32}, "resolution: the input is too small"),
        ("bert-large", {"seq_len": 1024}, "seq_len: 1024 is more than the 512 positions"),
        ("sd-1.5", {"options": {"guidance": "lots"}}, "option guidance: 'lots' is no number"),
        ("sd-1.5", {"options": {"guidance": "-1"}}, "option guidance: -1 is below 0"),
        ("sd-1.5", {"options": {"guidance": "nan"}}, "option guidance: nan"),
        (
            "bert-large",
            {"options": {"head": "tail"}},
            "option head: 'tail' is none of pooler, squad, mlm, none",
        ),
        (
            "resnet50",
            {"phase": "train", "options": {"optimizer": "magic"}},
            "no optimizer 'magic'; use one of",
        ),
        ("resnet50", {"precision": "fp17"}, "no precision 'fp17'; did you mean"),
        ("gpt2", {"precision": "int3"}, "no precision 'int3'; did you mean q3_k_m"),
        ("gpt2", {"precision": "gguf"}, "no precision 'gguf'; did you mean q4_k_m"),
    ],
)
def test_a_bad_job_says_what_to_change(name: str, columns: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        trace(name, **columns)


def test_options_need_an_equals_sign() -> None:
    assert options(("guidance=7.5", " a = b ")) == {"guidance": "7.5", "a": "b"}
    with pytest.raises(UsageError, match=r"'guidance' is not an option; write e\.g\. --option guidance"):
        options(("guidance",))


def test_a_workload_file_with_a_fault_names_file_and_field() -> None:
    whole = {"name": "N", "family": "resnet", "dimensions": {"source": "x"}}
    for field in whole:
        with pytest.raises(DataError, match=f"data/workloads/mine.toml: `{field}` is missing"):
            zoo_module.read("mine", {key: value for key, value in whole.items() if key != field})
    with pytest.raises(WhichGpuError, match=r"mine.toml: published.parameters: 5 has no source"):
        zoo_module.read("mine", whole | {"published": {"parameters": 5}})
    with pytest.raises(DataError, match="no family 'alien': there is no whichgpu/workloads/families/alien"):
        _ = replace(resolve("resnet50"), family="alien").phases


def test_a_job_prints_what_was_stated() -> None:
    job = Job("resnet50", batch=np.array([1, 2]), options={"a": "b"})
    assert job.to_dict() == {"workload": "resnet50", "batch": [1.0, 2.0], "options": {"a": "b"}}


def test_the_page_on_workloads_runs() -> None:
    page = Path(__file__).parent.parent / "docs" / "workloads.md"
    failed, ran = doctest.testfile(str(page), module_relative=False)
    assert ran > 10
    assert not failed


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Wan-AI/Wan2.1-T2V-14B", "wan-2.1-t2v-14b"), ("facebook/sam2-hiera-large", "sam2-hiera-large"),
        ("laion/CLIP-ViT-H-14-laion2B-s32B-b79K", "clip-vit-huge-patch14"), ("google/mt5-xl", "mt5-xl"),
        ("bloomz-7b1", "bloom-7b1"), ("megatron 530b", "megatron-turing-530b"),
        ("google/gemma-3n-E4B-it", "gemma-3n-e4b"), ("deepseekv4-flash", "deepseek-v4-flash"),
        ("Zyphra/Zamba2-7B-Instruct", "zamba2-7b"), ("tiiuae/Falcon-H1-34B-Instruct", "falcon-h1-34b"),
        ("LiquidAI/LFM2-8B-A1B", "lfm2-8b-a1b"), ("RWKV/v6-Finch-14B-HF", "rwkv-6-14b"),
    ],
)  # fmt: skip
def test_whoever_publishes_a_model_goes_before_its_name(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("qwen3:30b", "qwen3-30b-a3b"),
        ("Qwen/Qwen3-235B", "qwen3-235b-a22b"),
        ("qwen3-30b-instruct", "qwen3-30b-a3b"),
        ("Qwen3 Coder 480B", "qwen3-coder-480b-a35b"),
        ("qwen2.5-7b", "qwen2.5-7b"),
    ],
)
def test_a_mixture_of_experts_is_called_by_all_of_its_parameters_too(name: str, key: str) -> None:
    assert resolve(name).id == key


@pytest.mark.parametrize("name", ["qwen3-31b", "lfm-28b"])
def test_a_size_that_no_mixture_has_is_none(name: str) -> None:
    with pytest.raises(UsageError, match=f"no workload '{name}'; did you mean"):
        resolve(name)
