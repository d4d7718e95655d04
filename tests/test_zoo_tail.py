"""Models of the tail by names as tables, hubs and papers write them: atoms, sounds, points, players."""

from __future__ import annotations

import pytest

from whichgpu.errors import WhichGpuError
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops, total
from whichgpu.workloads.resolving import is_read
from whichgpu.workloads.workload import resolve


def traced(name: str, **columns: float) -> tuple[float, float]:
    """FLOP of the products of a job, and the bytes that it reads and writes."""
    item = resolve(name)
    ops = item.trace(item.complete(Job(item.id, **columns)))
    return float(product_flops(ops)), float(total(ops, "read_bytes") + total(ops, "write_bytes"))


@pytest.mark.parametrize(
    ("name", "known", "millions", "gmacs"),
    [
        ("MACE-MP-0 medium", "mace-mp-0-medium", 4.688656, None),
        ("MACE-OFF23 small", "mace-off23-small", 0.694320, None),
        ("EquiformerV2 (31M)", "equiformer-v2-31m", 31, None),
        ("EquiformerV2-153M OC20", "equiformer-v2-153m", 153, None),
        ("DimeNet++ OC20", "dimenet-plus-plus-oc20", 1.8, None), ("PaiNN OC20", "painn-oc20", 20.1, None),
        ("SchNet OC20", "schnet-oc20", 9.1, None), ("ALIGNN", "alignn", 4.03, None),
        ("google/canine-s", "canine-s", 132.08, None),
        ("google/long-t5-tglobal-base", "long-t5-tglobal-base", 248, None),
        ("titanet-large", "titanet-large", 25.3, None), ("vggish", "vggish", 72.1, None),
        ("tfhub yamnet", "yamnet", 3.7, None), ("piper-medium", "piper-medium", 15.7, None),
        ("Glow-TTS", "glow-tts", 28.6, None), ("Grad-TTS", "grad-tts", 14.8, None),
        ("urchade/gliner_medium-v2.1", "gliner-medium", 195, None),
        ("docTR db_resnet50", "dbnet-r50", 25.4, None), ("PARSeq-base", "parseq-base", 23.8, None),
        ("Point Transformer V3", "ptv3", 46.2, None), ("MinkowskiNet42 ScanNet", "minkunet34", 37.9, None),
        ("uniformer-small kinetics", "uniformer-s-video", 21.4, 41.8),
        ("uniformer_base", "uniformer-b", 50, 8.3), ("HorNet-B 7x7", "hornet-base", 87, 15.6),
        ("InternImage-S", "internimage-s", 50, 8), ("OSNet x1.0", "osnet-x1.0", 2.2, 0.98),
        ("slowfast_r101", "slowfast-r101-8x8", 62.83, 127.2),
        ("slowfast_16x8_r101_50_50", "slowfast-r101-16x8", 53.77, 215.6),
        ("ELMo original", "elmo", 93.6, None), ("Time-MoE-50M", "time-moe-50m", 113, None),
        ("TD-MPC2 317M", "td-mpc2-317m", 317, None), ("DreamerV3 XL", "dreamerv3-xl", 200, None),
    ],
)  # fmt: skip
def test_models_of_the_tail_have_their_published_size(
    name: str, known: str, millions: float, gmacs: float | None
) -> None:
    item = resolve(name)
    assert item.id == known
    assert sum(item.parameters().values()) / 1e6 == pytest.approx(millions, rel=0.03)
    if gmacs:
        assert item.flops() / 2e9 == pytest.approx(gmacs, rel=0.02)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        # TensorFlow Hub, NVIDIA's examples, what a network learnt from, who ran it.
        ("https://tfhub.dev/google/universal-sentence-encoder/4", "universal-sentence-encoder"),
        ("universal-sentence-encoder-large/5", "universal-sentence-encoder-large"),
        ("tfhub.dev/tensorflow/efficientnet/b4/classification", "efficientnet-b4"),
        ("google/imagenet/resnet_v2_50/classification/5", "resnetv2-50"), ("google/yamnet/1", "yamnet"),
        ("tensorflow/small_bert/bert_en_uncased_L-8_H-256_A-4/2", "bert-l8-h256"),
        ("tensorflow/bert_en_uncased_L-24_H-1024_A-16/4", "bert-large"),
        ("google/albert_base/3", "albert-base-v2"),
        ("cased_L-12_H-768_A-12", "bert-base-cased"), ("deepmind/i3d-kinetics-400/1", "i3d-inception-v1"),
        ("kaggle.com/models/google/resnet-v1/tensorFlow2/50-classification/2", "resnet50"),
        ("tensorflow/retinanet/resnet50_v1_fpn_640x640/1", "retinanet-r50-fpn"),
        ("llama-2-13b-chat.ggmlv3.q4_0.bin", "llama-2-13b"), ("LiquidAI/LFM2.5-8B-A1B", "lfm2-8b-a1b"),
        ("lfm2:24b", "lfm2-24b-a2b"),
        ("waiIllustriousSDXL_v160", "sdxl"),
        ("hassakuXLIllustrious_v31", "sdxl"),
        ("ponyRealism_V22MainVAE", "sdxl"),
        ("SG161222/RealVisXL_V5.0_Lightning", "sdxl-lightning"),
        ("dreamshaperXL_lightningDPMSDE", "sdxl-lightning"),
        ("devstral:24b-small-2505-q8_0", "mistral-small-24b"),
        ("dolphin3:8b-llama3.1-q4_K_M", "llama-3.1-8b"),
        ("cogito:70b-v1-preview-llama-q4_K_M", "llama-3.1-70b"),
        ("command-a:111b-03-2025-q4_K_M", "command-a"),
        ("perplexity-ai/pplx-embed-v1-4b", "qwen3-embedding-4b"),
        ("facebook/PE-Core-L14-336", "pe-core-l14-336"),
        ("nvidia/GR00T-N1.6-3B", "gr00t-n1.6-3b"),
        ("nvidia/Nemotron-Cascade-2-30B-A3B", "nemotron-3-nano-30b-a3b"),
        ("centerpoint_voxel0075_second_secfpn_8xb4-cyclic-20e_nus-3d", "centerpoint-voxel"),
        ("tfhub movenet/singlepose/lightning", "movenet-lightning"), ("keras-cv YOLOV8 m", "yolov8m"),
        ("SE(3)-Transformers For PyTorch", "se3-transformer"), ("EfficientDet-D0 pyt", "efficientdet-d0"),
        ("Mask R-CNN for TensorFlow 2", "maskrcnn-r50-fpn"), ("GAT on ogbn-arxiv", "gat-arxiv"),
        ("GAT on Cora", "gat-cora"), ("ResNet-50 on ImageNet", "resnet50"),
        ("GraphCast 0.25deg", "graphcast"), ("AlphaFold2 T1049", "openfold"),
        ("ArcFace iResNet-100 MS1MV3", "iresnet100"), ("DeBERTa-v3-large NLI", "deberta-v3-large"),
        ("Riva Conformer-CTC large en-US", "conformer-ctc-large"), ("RTMPose-m body 256x192", "rtmpose-m"),
        ("en_core_web_trf", "roberta-base"), ("spacy en_core_web_lg", "spacy-en-core-web-lg"),
        # What is tuned from another.
        ("kotoba-whisper-v2.0", "distil-whisper-large-v3"),
        ("naver-clova-ix/donut-base-finetuned-cord-v2", "donut-base"),
        ("speechbrain/asr-wav2vec2-commonvoice-en", "wav2vec2-large-lv60"),
        ("John6666/wai-nsfw-illustrious-v110-sdxl", "sdxl"),
        ("someone/controlnet-canny-sdxl", "controlnet-sdxl"),
        ("VAGOsolutions/SauerkrautLM-Nemo-12b-Instruct", "mistral-nemo-12b"),
        ("jonatasgrosman/wav2vec2-large-xlsr-53-english", "wav2vec2-large-lv60"),
        ("mixedbread-ai/mxbai-rerank-xsmall-v1", "deberta-v3-xsmall"),
        ("Skywork/Skywork-OR1-7B", "qwen2.5-7b"),
        ("NoobAI-XL Vpred 1.0", "sdxl"), ("AlphaZero 20x256", "minigo"),
        ("PPO Atari Breakout (Nature CNN)", "dqn-atari"), ("HRNetV2-W48 OCR cityscapes", "ocrnet-hr48"),
        # What is none of these: a depth behind a backbone is no side; networks of their own.
        ("SOLOv2 R101", "solov2-r101-fpn"), ("LDM-4 ImageNet 256", "ldm-imagenet-256"),
        ("DimeNet++", "dimenet-plus-plus-qm9"),
    ],
)  # fmt: skip
def test_spellings_of_the_tail_are_read(name: str, known: str) -> None:
    assert resolve(name).id == known


def test_weights_of_timm_have_the_classes_of_their_data() -> None:
    sizes = {tag: sum(resolve(f"tiny_vit_21m_224.{tag}").parameters().values()) for tag in (
        "in1k", "dist_in22k_ft_in1k", "dist_in22k")}  # fmt: skip
    # A class is a row of 576 weights and a bias.
    assert sizes["in1k"] == sizes["dist_in22k_ft_in1k"] == sizes["dist_in22k"] - (21841 - 1000) * 577


def test_weights_of_torchvision_trained_end_to_end_see_a_larger_picture() -> None:
    names = ("ViT_B_16", "E2E"), ("ViT_H_14", "E2E"), ("RegNet_Y_16GF", "E2E"), ("ViT_B_16", "LINEAR")
    found = [resolve(f"{name}_Weights.IMAGENET1K_SWAG_{way}_V1") for name, way in names]
    assert [item.defaults.get("all", {}).get("height") for item in found] == [384.0, 518.0, 384.0, None]


@pytest.mark.parametrize("name", [
    "tensorflow/faster_rcnn/inception_resnet_v2_640x640/1", "tensorflow/mask_rcnn/inception_resnet_v2/1",
    "someone/bar/baz/1",
])  # fmt: skip
def test_a_handle_is_no_network_that_another_is_built_on(name: str) -> None:
    with pytest.raises(WhichGpuError, match="no workload"):
        resolve(name)


def test_a_tuned_name_with_fewer_layers_has_fewer_weights() -> None:
    sizes = [sum(resolve(f"sshleifer/distilbart-{one}").parameters().values()) / 1e6
             for one in ("cnn-12-6", "xsum-12-3", "cnn-6-6")]  # fmt: skip
    assert sizes == pytest.approx([306, 255, 230], rel=0.01)
    assert sum(resolve("nemotron3-22b").parameters().values()) / 1e9 == pytest.approx(22, rel=0.04)


def test_the_work_of_a_long_text_grows_with_it_and_no_faster() -> None:
    """Tokens of LongT5 see those near them and a mean of each sixteen; T5's see all."""
    near, plain = ([traced(name, phase="prefill", input_tokens=tokens)[0] for tokens in (8192, 16384)]
                   for name in ("long-t5-local-base", "flan-t5-base"))  # fmt: skip
    means = [traced("long-t5-tglobal-base", phase="prefill", input_tokens=one)[0] for one in (8192, 16384)]
    assert near[1] / near[0] == pytest.approx(2.0, rel=0.01)
    assert near[1] < means[1] < plain[1]
    assert plain[1] / plain[0] > 2.5


def test_work_of_atoms_grows_with_their_number() -> None:
    """Each atom has its neighbours: no term is of all pairs."""
    for name in ("mace-mp-0-medium", "equiformer-v2-31m", "dimenet-plus-plus-oc20"):
        some, more = (traced(name, seq_len=atoms) for atoms in (100.0, 200.0))
        assert more[0] / some[0] == pytest.approx(2.0, rel=0.02)
        assert 1.5 < more[1] / some[1] < 2.05


@pytest.mark.parametrize("word", ["beats", "piper", "matcha", "tiger", "impala", "use", "the east", "mace"])
def test_words_of_every_day_are_no_models(word: str) -> None:
    assert not is_read(word)
    assert resolve("MACE").id == "mace-mp-0-medium"


def test_a_perception_encoder_has_the_tower_of_its_pictures_and_one_of_texts() -> None:
    for both, picture in (("pe-core-l14-336", "vit_pe_core_large_patch14_336"),
                          ("pe-core-g14-448", "vit_pe_core_gigantic_patch14_448")):  # fmt: skip
        counted = resolve(both).parameters()
        seen = sum(counted.values()) - sum(
            n for name, n in counted.items() if name.startswith(("text", "words"))
        )
        assert seen == pytest.approx(sum(resolve(picture).parameters().values()), rel=0.002)


@pytest.mark.parametrize(
    ("name", "known", "millions"),
    [
        ("BridgeTower/bridgetower-large-itm-mlm-itc", "bridgetower-large", 864.5),
        ("BridgeTower/bridgetower-base", "bridgetower-base", 326.3), ("R(2+1)D-34", "r2plus1d-34", 63.7),
        ("YOLACT-550 R101", "yolact-r101", 54.2), ("pytorch_stargan", "stargan", 8.4),
        ("nvidia_deeprecommender", "deeprecommender", 204.5), ("warp-ai/wuerstchen", "wuerstchen", 3101.0),
    ],
)  # fmt: skip
def test_what_suites_of_benchmarks_run_is_there(name: str, known: str, millions: float) -> None:
    found = resolve(name)
    assert found.id == known
    assert sum(found.parameters().values()) / 1e6 == pytest.approx(millions, rel=0.005)
