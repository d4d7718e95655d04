"""Names of models in questions, in other libraries' spellings, and behind who published them."""

from __future__ import annotations

import pytest

from whichgpu.audit.questions.question import answering
from whichgpu.audit.questions.wanted import wanted
from whichgpu.errors import UnknownName
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.names import fetched
from whichgpu.workloads.workload import resolve

GPUS = catalogue()


@pytest.mark.parametrize(
    ("said", "workload"),
    [
        # Words of every day that are names of models too.
        ("our team wants a chatterbox assistant in the office for 20 people, which card?", "llama-3.1-8b"),
        ("a garden trellis detector: train yolov8n on 5,000 images, which gpu?", "yolov8n"),
        ("a music app with an allegro tempo detector", "musicgen-medium"),
        ("which gpu do I need to run allegro video generation at home", "allegro"),
        ("run chatterbox on a 3060", "chatterbox"),
        ("how fast is bark on a 4090", "bark"),
        ("which card for the Chatterbox TTS model?", "chatterbox"),
        # A family without a size is its usual one.
        ("which gpu for depth anything v2", "depth-anything-v2-large"),
        ("what card to serve qwen 3", "qwen3-8b"),
        ("train segformer on a 3090", "segformer-b2"),
        ("mistral small on m4 pro 48gb", "mistral-small-24b"),
        ("llama 3.2 vision on a 4070", "llama-3.2-11b-vision"),
    ],
)
def test_the_model_of_a_question(said: str, workload: str) -> None:
    assert resolve(wanted(said, GPUS)[0][1]).id == workload


def test_a_version_of_a_model_is_no_tpu() -> None:
    found = answering("cheapest cloud gpu for whisper large v3 to transcribe 500 hours", GPUS)
    assert resolve(found.names[0]).id == "whisper-large-v3"
    assert "gpus" not in dict(found.options)
    assert ("gpu", "tpu-v3") in answering("train resnet50 on a TPU v3", GPUS).options


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("keras_hub gemma2_instruct_2b_en", "gemma-2-2b"), ("bert_tiny_en_uncased", "bert-tiny"),
        ("whisper_large_multi_v3", "whisper-large-v3"), ("t5_base_multi", "t5-base"),
        ("distil_bert_base_en", "distilbert-base-uncased"), ("keras_hub yolo_v8_m_backbone_coco", "yolov8m"),
        ("deeplab_v3_plus_resnet50_pascalvoc", "deeplabv3plus-resnet50"), ("sam_base_sa1b", "sam-vit-b"),
        ("efficientnet_b0_ra_imagenet", "efficientnet-b0"),
    ],
)  # fmt: skip
def test_presets_of_keras_hub(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("PekingU rtdetr_r50vd", "rt-detr-r50"), ("LGAI-EXAONE EXAONE-4.0-32B", "exaone-4.0-32b"),
        ("roboflow rf-detr-base", "rf-detr-base"), ("nari-labs: Dia-1.6B", "dia-1.6b"),
    ],
)  # fmt: skip
def test_who_published_it_goes_before_a_name_as_a_word(name: str, known: str) -> None:
    assert resolve(name).id == known


def test_the_ssd_of_openmmlab_is_over_a_vgg() -> None:
    assert resolve(fetched("ssd300", "mmdetection")).id == "ssd300-vgg16"
    assert resolve(fetched("ssd512", "MMDetection 3.3")).id == "ssd512-vgg16"
    assert resolve("ssd300").id == "ssd300-r50"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        # What Ollama fetches where no size is told, and tags of its own.
        ("yarn-llama2", "llama-2-7b"), ("notux", "mixtral-8x7b"), ("translategemma", "gemma-3-4b"),
        ("codegemma:2b", "gemma-2b"), ("phi4-reasoning:plus", "phi-4"), ("reader-lm", "qwen2-1.5b"),
    ],
)  # fmt: skip
def test_names_of_ollama_that_were_missing(name: str, known: str) -> None:
    assert resolve(fetched(name, "ollama")).dims == resolve(known).dims


@pytest.mark.parametrize(
    ("name", "known"),
    [
        # Configurations of detectron2 and OpenMMLab, RegNets by their arithmetic, cross-encoders.
        ("cascade_mask_rcnn_swin_b_in21k_50ep", "cascade-maskrcnn-swin-b"), ("RegNetY 4GF", "regnety-040"),
        ("foveabox_r50_fpn_4xb4-1x_coco", "fsaf-r50-fpn"), ("regnetx 16GF", "regnetx-160"),
        ("msmarco-distilbert-base-v4", "distilbert-base-uncased"), ("vit large 384", "vit-large-patch16-384"),
        ("cross-encoder/nli-deberta-v3-large", "deberta-v3-large"),
        ("maskformer_r50_ms-16xb1-75e_coco", "maskformer-r50"),
        ("open_clip ViT-H-14 laion2b", "clip-vit-huge-patch14"), ("hexgrad/Kokoro-82M-v1.1-zh", "kokoro-82m"),
    ],
)  # fmt: skip
def test_names_of_configurations(name: str, known: str) -> None:
    assert resolve(name).id == known


def test_a_format_of_a_quantizer_is_told_by_its_name() -> None:
    stored = resolve("ModelCloud/QwQ-32B-Preview-gptqmodel-4bit-vortex-v3").defaults["serve"]["precision"]
    assert stored == "w4a16-g128"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("CLIP ViT-B/32 embeddings", "clip-vit-base-patch32"), ("bge-m3 embeddings", "bge-m3"),
        ("Depth Anything V2 large depth estimation", "depth-anything-v2-large"),
        ("RTMPose-m pose estimation", "rtmpose-m"), ("Real-ESRGAN super resolution", "esrgan"),
        ("RAFT optical flow", "raft-large"), ("XTTS v2 voice cloning", "xtts-v2"),
        ("MusicGen large music generation", "musicgen-large"), ("X3D-M action recognition", "x3d-m"),
        ("Chronos-bolt-base forecasting", "chronos-bolt-base"), ("ESMFold protein folding", "esmfold"),
        ("BiRefNet background removal", "birefnet"), ("LaMa inpainting", "lama-big"),
        ("Qwen2.5-VL 7B OCR", "qwen2.5-vl-7b"), ("GraphCast weather forecasting", "graphcast"),
        ("Demucs htdemucs", "htdemucs"), ("NLLB 600M translation", "nllb-200-distilled-600m"),
    ],
)  # fmt: skip
def test_what_a_model_is_for_may_stand_behind_it(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    "name",
    ["Llama 3.1 8B embeddings", "YOLOv8n depth estimation", "BERT-base OCR",
     "Whisper small music generation", "SDXL super resolution", "DINOv2 large background removal"],
)  # fmt: skip
def test_what_another_model_is_for_makes_no_model_of_it(name: str) -> None:
    with pytest.raises(UnknownName):
        resolve(name)
