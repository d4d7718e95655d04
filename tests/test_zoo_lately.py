"""Models of the weather, of proteins, voices, shapes and pictures that came late, by names as typed."""

from __future__ import annotations

import pytest

from whichgpu import api
from whichgpu.errors import UnknownName
from whichgpu.workloads.counts import counts
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.workload import resolve


def work(name: str, phase: str, **columns: float) -> float:
    """FLOP of the products of a job."""
    item = resolve(name)
    return float(product_flops(item.trace(item.complete(Job(name, phase=phase, **columns)))))


@pytest.mark.parametrize(
    ("name", "known", "millions"),
    [
        ("GraphCast", "graphcast", 36.7), ("Pangu-Weather", "pangu-weather", 64),
        ("microsoft/aurora", "aurora-1.3b", 1300), ("FourCastNet", "fourcastnet", 74.7),
        ("ProteinMPNN", "proteinmpnn", 1.66), ("AlphaFold 3", "alphafold-3", 368), ("scGPT", "scgpt", 51),
        ("RFdiffusion", "rfdiffusion", 60), ("surya ocr", "surya-rec2", 364),
        ("microsoft/speecht5_asr", "speecht5-asr", 151.2),
        ("pyannote/speaker-diarization-3.1", "pyannote-diarization-3.1", 8.1),
        ("Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice", "qwen3-tts-1.7b", 1917),
        ("GSAI-ML/LLaDA-8B-Instruct", "llada-8b", 8016),
        ("Dream-org/Dream-v0-Instruct-7B", "dream-7b", 7616), ("openbmb/MiniCPM-V-4", "minicpm-v-4", 4060),
        ("microsoft/Phi-4-mini-flash-reasoning", "phi-4-mini-flash", 3850),
        ("timbrooks/instruct-pix2pix", "instruct-pix2pix", 1066),
        ("centernet hourglass-104", "centernet-hourglass104", 191),
        ("Geneformer V2-316M", "geneformer v2-316m", 316),
        ("depth-anything/DA3-LARGE", "depth-anything/da3-large", 335),
        ("isnet-general-use", "isnet-general-use", 44),
        ("nvidia/NVIDIA-Nemotron-3-Nano-4B-FP8", "nemotron-3-nano-4b", 3970),
        ("openbmb/MiniCPM-V-4_6", "minicpm-v-4.6", 1300), ("openbmb/VoxCPM1.5", "voxcpm-1.5", 867),
    ],
)  # fmt: skip
def test_what_was_missing_has_its_published_size(name: str, known: str, millions: float) -> None:
    found = resolve(name)
    assert found.id == known
    assert counts(found).parameters / 1e6 == pytest.approx(millions, rel=0.06)


def test_a_picture_that_guides_is_a_third_pass() -> None:
    """Brooks et al. 2023, InstructPix2Pix, section 3.2.1: two scales, three passes of a step."""
    plain, edited = (
        work(name, "generate", steps=20.0) for name in ("stable-diffusion-1.5", "instruct-pix2pix")
    )
    assert 1.45 < edited / plain < 1.6


def test_answers_that_fill_in_blanks_read_all_of_it_in_each_step() -> None:
    """128 steps over 256 tokens, where a model of one token after another passes over each once."""
    once = work("llada-8b", "train", batch=1.0, seq_len=256.0)
    whole = work("llada-8b", "infer", batch=1.0, seq_len=256.0)
    assert whole == pytest.approx(128 * once / 3, rel=0.02)


def test_voices_of_a_window_are_told_apart_about_as_fast_as_published() -> None:
    """pyannote.audio, README.md: 2.5 % of the time of a recording on a V100, of FP32."""
    found = api.predict("pyannote-diarization-3.1", "v100-32gb-sxm", precision="fp32").to_dict()
    assert found["value"]["low"] < 1 / 0.025 < found["value"]["high"]


@pytest.mark.parametrize("name", ["paddleocr", "align", "orpheus tts 7b"])
def test_a_family_with_more_than_a_size_behind_it_is_not_guessed(name: str) -> None:
    with pytest.raises(UnknownName):
        resolve(name)


def test_a_family_of_one_size_needs_none() -> None:
    assert resolve("orpheus").id == "orpheus-3b"
    assert resolve("layoutlmv3").id == "layoutlmv3-base"


@pytest.mark.parametrize(
    ("name", "known", "millions", "off"),
    [
        # Sizes of files in OpenPCDet's README, four bytes a weight; the others as their papers count.
        ("SECOND KITTI", "second-kitti", 5.3, 0.02), ("PV-RCNN", "pv-rcnn-kitti", 13.0, 0.02),
        ("CenterPoint voxel", "centerpoint-voxel", 8.9, 0.01), ("TransFusion-L", "transfusion-l", 8.3, 0.02),
        ("BEVFusion", "bevfusion", 40.8, 0.03), ("Mask R-CNN ViT-B", "vitdet-b", 111, 0.01),
        ("ViTDet-L", "vitdet-l", 331, 0.01), ("ViTDet-H", "vitdet-h", 662, 0.01),
        ("Ruicheng/moge-2-vitl-normal", "moge-2-vitl", 331, 0.01), ("TabPFN v2", "tabpfn-v2", 7.2, 0.01),
        ("CSWin-L", "cswin-large", 173, 0.01), ("OmniGen-v1", "omnigen", 3800, 0.01),
        ("InternVideo2-6B", "internvideo2-6b", 5900, 0.01),
        ("smp.Unet resnet34", "unet-resnet34", 24.44, 0.01),
        ("U-Net with ResNet50 backbone", "unet-resnet50", 32.52, 0.01),
        ("U-Net++ ResNet34 (segmentation_models_pytorch)", "unetplusplus-resnet34", 26.08, 0.01),
        ("I3D RGB (Kinetics-400)", "i3d-inception-v1", 12.7, 0.01),
        ("inclusionAI/LLaDA2.0-mini", "llada2.0-mini", 16260, 0.01), ("LightGlue", "lightglue", 11.9, 0.01),
        ("SuperGlue", "superglue", 12.0, 0.01), ("LoFTR", "loftr", 11.6, 0.01),
        ("OSTrack", "ostrack-256", 92.1, 0.01),
        ("Uni-Mol", "uni-mol", 47, 0.02), ("Graphormer", "graphormer-base", 47, 0.01),
        ("FNO 2D", "fno-2d", 2.37, 0.01), ("MeshGraphNet", "meshgraphnet", 2.3, 0.02),
        ("SegResNet (MONAI) BraTS", "segresnet", 4.7, 0.01), ("BasicVSR++", "basicvsr-plus-plus", 7.3, 0.01),
        ("MASt3R", "mast3r", 689, 0.01), ("UNI2-h", "uni2-h", 681, 0.01),
        ("Prov-GigaPath", "prov-gigapath", 1135, 0.01),
        ("Real-ESRGAN x4 anime 6B", "esrgan-6", 4.47, 0.01), ("Video Swin-L k600", "video-swin-l", 197, 0.01),
        ("Real-ESRGAN general x4v3", "realesr-general-x4v3", 1.21, 0.01),
        ("pix2pixHD", "pix2pixhd", 183, 0.01),
        ("MapTR", "maptr-tiny", 35.9, 0.01), ("FT-Transformer", "ft-transformer", 0.91, 0.01),
        ("InternViT-6B-448px-V2.5", "internvit-6b-448px-v2.5", 5540, 0.01),
        ("nucleotide-transformer-2.5b-multi-species", "nucleotide-transformer-2.5b", 2537, 0.01),
    ],
)  # fmt: skip
def test_what_was_asked_for_has_its_published_size(
    name: str, known: str, millions: float, off: float
) -> None:
    found = resolve(name)
    assert found.id == known
    assert counts(found).parameters / 1e6 == pytest.approx(millions, rel=off)


def test_a_picture_to_edit_doubles_the_tokens_of_one() -> None:
    """HiDream-E1.1: three passes over two pictures, where HiDream-I1 has two over one."""
    plain, edited = (work(name, "generate", steps=4.0) for name in ("hidream-i1-full", "HiDream-E1.1"))
    assert 2.7 < edited / plain < 3.7


def test_a_block_of_tokens_is_filled_in_over_several_passes() -> None:
    """LLaDA 2.1 settles on more tokens a pass than 2.0, over the same layers."""
    slow, fast = (
        api.predict(name, "h100-80gb-sxm", phase="serve", runtime="sglang", concurrency=1).to_dict()["value"][
            "mid"
        ]
        for name in ("llada2.0-mini", "llada2.1-mini")
    )
    assert 1.5 < fast / slow < 2.2


@pytest.mark.parametrize(
    ("name", "stored"),
    [("RedHatAI/Qwen3-32B-NVFP4A16", "nvfp4a16"), ("moonshotai/Kimi-K2-Thinking", "int4-g32"),
     ("moonshotai/Kimi-K2.6", "int4-g32"), ("moonshotai/Kimi-K2-Instruct", "fp8"),
     ("svdq-int4_r32-flux.1-dev.safetensors", "w4a4-int4"),
     ("zai-org/GLM-5.2-FP8", "fp8"), ("lukealonso/MiniMax-M2.7-NVFP4", "fp4")],
)  # fmt: skip
def test_what_a_model_is_stored_in_is_its_jobs_format(name: str, stored: str) -> None:
    item = resolve(name)
    assert item.complete(Job(item.id, phase=item.phases[0])).precision == stored


@pytest.mark.parametrize(
    ("name", "known", "billions"),
    [
        # The first two are in the names of their checkpoints, with the parameters that a token runs.
        ("meta-models/Muse-Spark-Open-816B-A42B", "muse-spark-open-816b-a42b", 821.9),
        ("mistralai/Mistral-Large-4-1T-A52B", "mistral-large-4-1t-a52b", 1051.8),
        ("zai-org/GLM-5.3-Flash", "glm-5.3-flash", 313.8),
        ("moonshotai/Kimi-K3", "kimi-k3", 2785.4), ("tencent/Hy4-preview-FP8", "hy4-preview", 770.5),
        ("thinkingmachines/Inkling", "inkling", 946.6), ("Inkling-Small-NVFP4", "inkling-small", 263.6),
    ],
)  # fmt: skip
def test_the_largest_of_late(name: str, known: str, billions: float) -> None:
    found = resolve(name)
    assert found.id == known
    assert counts(found).parameters / 1e9 == pytest.approx(billions, rel=1e-3)


def test_experts_in_a_narrower_space_alone_are_added_up_over_gpus() -> None:
    """No shared expert brings their answers, which are narrower than what attention gives."""
    one = api.predict("muse-spark", "h200-141gb-sxm:16", phase="serve", runtime="sglang", concurrency=64)
    assert 300.0 < one.throughput.mid < 5000.0


def test_patches_of_a_voice_are_denoised_one_after_another() -> None:
    """Ten seconds at 6.25 patches a second, ten steps of each, four products and what feeds a layer of 12."""
    item = resolve("openbmb/VoxCPM2")
    job = item.complete(Job("voxcpm2", phase="infer", batch=1.0))
    steps = [op for op in item.trace(job) if op.layer.startswith("head.") and op.layer.endswith(".query")]
    assert [float(op.count) for op in steps] == [pytest.approx(62.5 * 10 * 12)]
    # A denoising step sees two samples, with the condition and without, of 11 rows each.
    assert float(steps[0].flops) == pytest.approx(2 * 22 * 1024 * 2048)
