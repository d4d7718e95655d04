"""What workloads are called: spellings, uploads, suites, tags, and what is no name of any."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from whichgpu.errors import UnknownName, UsageError
from whichgpu.workloads import workload as module
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve, workloads

pytestmark = pytest.mark.slow

ZOO = sorted(workloads())


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
        ('torchvision.models.resnet50(weights="IMAGENET1K_V2")', "resnet50"),
        ("timm.create_model('vit_base_patch16_224', pretrained=True)", "vit-base-patch16-224"),
        ("torch.hub.load('pytorch/vision:v0.10.0', 'resnet50', pretrained=True)", "resnet50"),
        ('pipeline("text-generation", model="Qwen/Qwen3-4B")', "qwen3-4b"),
        ('LLM(model="meta-llama/Llama-3.1-8B-Instruct", tensor_parallel_size=2)', "llama-3.1-8b"),
        ("models.detection.maskrcnn_resnet50_fpn()", "maskrcnn-r50-fpn"),
        ("Llama-3-8B-Instruct-q4f16_1-MLC", "llama-3-8b"), ("gemma-2-2b-it-q4f32_1-MLC", "gemma-2-2b"),
        ("apple/coreml-FastViT-T8", "fastvit-t8"), ("executorch llama3_2_1b", "llama-3.2-1b"),
        ("OPT-175B metaseq", "opt-175b"), ("jetson-inference ssd-mobilenet-v2", "ssd-mobilenet-v2"),
        ("CerebrasGPT 256M", "cerebras-gpt-256m"), ("vad_multilingual_marblenet", "marblenet-multilingual"),
        ("NanoOWL", "owlvit-base-patch32"), ("Piper TTS medium", "piper-medium"),
        ("text_recognition_crnn", "crnn"), ("MONAI UNETR", "unetr"),
        ("centernet_resnet_v1_18_postprocess", "centernet-r18"), ("regnety_400m", "regnety-004"),
        ("yolov5m6_6.1", "yolov5m6"), ("pyt_huggingface_gpt2", "gpt2"), ("tts_en_hifigan", "hifigan"),
        ("QuartzNet15x5Base-En", "quartznet-15x5"), ("descript dac 44khz", "dac-44khz"),
        ("DUSt3R ViTLarge DPT 512", "dust3r"), ("megatron_gpt_345m", "gpt2-medium"),
        ("DeepSeek-R1 671B MLPerf v5.1 interactive", "deepseek-r1"),
        ("gpt-oss-120b MLPerf v6.0", "gpt-oss-120b"),
        ("Llama 2 70B MLPerf Inference v4.1 Offline", "llama-2-70b"),
        ("BERT-Large MLPerf v3.1 Server", "bert-large-mlperf-99"),
        ("nex-agi/DeepSeek-V3.1-Nex-N1", "deepseek-v3"), ("foo/phi-4-mini-storyteller-GGUF", "phi-4-mini"),
        ("TheBloke/Wizard-Vicuna-30B-Uncensored-GPTQ", "llama-1-30b"), ("UNETR BTCV", "unetr"),
        ("casperhansen/mixtral-instruct-awq", "mixtral-8x7b"), ("ByteDance/UI-TARS-1.5-7B", "qwen2.5-vl-7b"),
        ("bullerwins/DeepSeek-TNG-R1T2-Chimera-GGUF", "deepseek-r1"), ("VACE 1.3B", "wan-2.1-vace-1.3b"),
        ("Kandinsky 5.0 Lite", "kandinsky-5-t2v-lite"), ("ControlNet Tile", "controlnet-sd1.5"),
        ("Meta Llama 3.1 8B Instruct Turbo FP8", "llama-3.1-8b"), ("SVD 1.1 25 frames", "svd-xt"),
        ("bartowski/TheDrummer_Anubis-70B-v1.1-GGUF:IQ3_M", "llama-3.3-70b"), ("ViTPose++-B", "vitpose-base"),
        ("whisper large-v3 faster-whisper int8", "whisper-large-v3"),
        ("rembg isnet-general-use", "isnet-general-use"),
        ("Stable Diffusion XL Lightning 4 step", "sdxl-lightning"), ("Kokoro TTS v1.0", "kokoro-82m"),
        ("MoritzLaurer/DeBERTa-v3-large-mnli-fever-anli-ling-wanli", "deberta-v3-large"),
        ("Midnight Miqu 70B v1.5 GGUF Q5_K_M", "llama-2-70b"), ("RF-DETR Large", "rf-detr-large"),
        ("Swin Transformer V2 Large 256", "swinv2-large-window12to16-192to256"),
        ("StreamPETR", "streampetr-r50"),
        ("HRNet-W48 COCO pose", "hrnet-w48-pose"), ("Cogito v2 preview llama 70B", "llama-3.1-70b"),
        ("ConvMixer-1536/20", "convmixer-1536-20"), ("LightGlue + SuperPoint", "lightglue"),
        ("Devstral Small 1.1", "mistral-small-24b"), ("OpenHermes 2.5", "mistral-7b"),
        ("GraphCast 0.25°", "graphcast"),
        ("VAN-B3 (Visual Attention Network)", "van-b3"), ("RT-DETRv2-R50", "rt-detr-r50"),
        ("EfficientNet_V2_S_Weights.IMAGENET1K_V1", "efficientnet-v2-s"), ("ELECTRA BASE++", "electra-base"),
        ("command-r7b:7b", "command-r7b"), ("U-Net Industrial (DAGM2007)", "unet-industrial"),
        ("SD 1.5 (SHARK)", "stable-diffusion-1.5"), ("ResNet-50 FPN Mask R-CNN", "maskrcnn-r50-fpn"),
        ("Swin-T Mask R-CNN", "maskrcnn-swin-t"), ("facebook/dino-vits16", "vit-small-patch16-224-dino"),
        ("mask_rcnn_swin-s-p4-w7_fpn_fp16_ms-crop-3x_coco", "maskrcnn-swin-s"),
        ("yolov3_d53_mstrain-608_273e_coco", "yolov3"), ("efficientdet_d1_coco17_tpu-32", "efficientdet-d1"),
        ("DeepLearningExamples BART", "bart-large"), ("hf_T5", "t5-small"),
        ("ssd_mobilenet_v2_coco_2018_03_29", "ssd-mobilenet-v2"), ("mobilenet_v1_0.5_160", "mobilenetv1-050"),
        ("hfl/chinese-roberta-wwm-ext-large", "bert-large"), ("facebook/m2m100_1.2B", "m2m100-1.2b"),
        ("nvidia/segformer-b3-finetuned-cityscapes-1024-1024", "segformer-b3"),
        ("BioBERT-base NER", "bert-base"), ("MedGemma 27B", "gemma-3-27b"),
        ("BertForMaskedLM", "bert-base"), ("THUDM/CogVideoX-5b-I2V", "cogvideox-5b"),
        ("ResNet18 on CIFAR-10", "resnet18-cifar"), ("WRN-28-10", "wide-resnet-28-10"),
        ("SentientAGI/Dobby-Unhinged-Llama-3.1-8B", "llama-3.1-8b"), ("Qwen/Qwen3.8-27B-FP8", "qwen3.5-27b"),
        ("huihui-ai/Huihui-Qwen3.6-27B-abliterated-AWQ", "qwen3.5-27b"),
        # What is tuned from another family than its like are says so beside its own name.
        ("HuggingFaceH4/zephyr-7b-gemma-v0.1", "gemma-7b"), ("HuggingFaceH4/zephyr-7b-beta", "mistral-7b"),
        ("WizardLMTeam/WizardMath-7B-V1.1", "mistral-7b"), ("WizardMath 7B", "llama-2-7b"),
        ("NousResearch/Nous-Hermes-2-Yi-34B", "yi-34b"), ("ustc-community/dfine-xlarge-obj2coco", "d-fine-x"),
        ("MLPerf Tiny MobileNetV1 0.25 visual wake words", "mobilenetv1-025"),
        ("HunyuanVideo 544p 129 frames", "hunyuanvideo"), ("lwdetr_medium_60e_coco", "lw-detr-medium"),
        ("segnext_mscan-b_1xb16-adamw-160k_ade20k-512x512", "segnext-b"),
        ("facebook/metaclip-2-worldwide-huge-quickgelu", "metaclip-2-huge"),
        # Recipes with GPUs and format behind the job, what a run was told, data sets with a stroke.
        ("LLAMA3_70B_PRETRAIN_64xH100_FP8_CS", "llama-3-70b"),
        ("qwen3_30b_a3b_pretrain_config_h100_bf16_v1", "qwen3-30b-a3b"),
        ("DeepSeek_V3_pretrain_1024xH100_FP8_SC", "deepseek-v3"),
        ("torchtitan llama3_8b FSDP2+float8+compile", "llama-3-8b"), ("BART-large CNN/DM", "bart-large"),
        ("official_ncf", "ncf"), ("Jasper DR 10x5", "jasper-10x5"), ("GNMT (mixed)", "gnmt-v2"),
        ("fairseq Transformer big WMT14 en-de", "transformer-big"),
        ("llama2-uncensored:70b", "llama-2-70b"), ("nunchaku svdq-int4 flux.1-dev", "flux.1-dev"),
        ("RT-DETRv4-L", "d-fine-l"), ("SVD-XT 1.1", "svd-xt"), ("gte-Qwen2-7B-instruct", "gte-qwen2-7b"),
        ("SFR-Embedding-Mistral", "e5-mistral-7b"),
        ("unsloth/Qwen3-8B-GGUF/Qwen3-8B-UD-Q4_K_XL.gguf", "qwen3-8b"), ("PixArt-Σ", "pixart-sigma"),
        ("Nemotron 340B", "nemotron-4-340b"), ("torchtitan Llama 3.1 70B fp8 + async TP", "llama-3.1-70b"),
        ("GPT-2 124M nanoGPT", "gpt2"), ("SD 1.5 + ControlNet canny", "controlnet-sd1.5"),
        ("Llama3.1-405B (GBS 1536, TP8 PP8 CP2)", "llama-3.1-405b"),
        ("command-r:35b-08-2024-q4_K_M", "command-r-08-2024"), ("gemma-2-9b QLoRA unsloth", "gemma-2-9b"),
        ("Wan 2.1 I2V 480P 14B", "wan-2.1-i2v-14b"),
        # As llama-bench says of a file, folders of examples, recipes, and who tuned a model.
        ("qwen35moe 35B.A3B Q4_K - Medium", "qwen3.5-35b-a3b"), ("bert 335M F16", "bert-large"),
        ("granitehybrid 7B.A1B Q8_0", "granite-4.0-h-tiny"), ("phi3 4B Q4_0", "phi-3-mini"),
        ("TensorFlow2/Segmentation/MaskRCNN", "maskrcnn-r50-fpn"),
        ("SE-RNXT101-32x4d", "se-resnext101-32x4d"),
        ("DeepLearningExamples/PyTorch/Detection/SSD", "ssd300-r50"), ("GPT-3 22B", "megatron-22b"),
        ("llama3_2/3B_full_single_device", "llama-3.2-3b"), ("DeepSeek V3 (with MTP)", "deepseek-v3"),
        ("nvidia/OpenReasoning-Nemotron-32B", "qwen2.5-32b"), ("NousResearch/Hermes-4-14B", "qwen3-14b"),
        ("Steelskull/L3.3-MS-Nevoria-70b", "llama-3.3-70b"), ("phi4-reasoning:14b-plus-q8_0", "phi-4"),
        ("tf_cnn_benchmarks.py --model=inception3 --batch_size=64", "inception-v3"),
        ("ViT-H-14 laion2b_s32b_b79k", "clip-vit-huge-patch14"), ("deim_dfine_hgnetv2_x", "d-fine-x"),
        ("llama2-70b-interactive-99.9", "llama-2-70b"), ("yolov11-99", "yolo11l"),
        ("SD1.5 512x512 Euler a", "stable-diffusion-1.5"), ("LTX-Video 0.9.5 2B", "ltx-video-0.9"),
        ("Segment Anything 2 (base plus)", "sam-2.1-base-plus"), ("yolo26x-cls.pt", "yolo11x-cls"),
        ("DSR1 FP4", "deepseek-r1"), ("gpt-oss-120b-F16", "gpt-oss-120b"),
        ("Jarvis QuartzNet", "quartznet-15x5"), ("olmoe A1.7B Q4_K - Medium", "olmoe-1b-7b"),
        ("lfm2.5-thinking:1.2b", "lfm2-1.2b"), ("RF-DETR-M", "rf-detr-medium"),
        ("KerasCV YOLOv8-M", "yolov8m"),
        # Methods, modes, data sets and publishers beside a name.
        ("Llama-3.1-70B QLoRA + FSDP", "llama-3.1-70b"), ("FLUX.1 Dev (Max Performance, FP4)", "flux.1-dev"),
        ("SD1.5 LCM 4 steps 512x512", "lcm-dreamshaper-v7"), ("ShareGPT Llama-3-8B", "llama-3-8b"),
        ("Wan 2.2 I2V 14B fp8_scaled 4-step LightX2V LoRA", "wan-2.2-i2v-a14b"), ("SSD v1.1", "ssd300-r50"),
        ("LTX-Video 0.9.1", "ltx-video-0.9"), ("genmo mochi-1-preview", "mochi-1"),
        ("Llama-2-70b-chat (TP=8)", "llama-2-70b"), ("VGG-16 (AI-Benchmark)", "vgg16"),
        ("RWKV-v5 7B", "rwkv-5-7b"), ("stable-diffusion-v2-base", "stable-diffusion-2-base"),
        ("EVA-02-L/14 448", "eva02-large-patch14-448"), ("DLRM (Criteo 1TB)", "dlrm"),
        ("CLIP ViT-L/14 336", "clip-vit-large-patch14-336"), ("Swin-L UperNet", "upernet-swin-l"),
        ("mvit_v2_s", "mvit-v2-s-video"), ("SSD (MLPerf Training v1.0)", "ssd300-r34"),
        ("ResNet-50 (MLPerf Inference v3.1)", "resnet50"), ("MLPerf v4.1 SDXL", "sdxl"),
        ("Megatron-LM 1T", "megatron-1t"), ("SE(3)-Transformers", "se3-transformer"),
        # Sizes of papers, poses behind a classifier, old configurations, two models at work.
        ("GPT-1T (3D parallel)", "megatron-1t"), ("GPT 22B", "megatron-22b"),
        ("hrnet_w48_coco_384x288", "hrnet-w48-pose"), ("res50_coco_256x192", "simple-baseline-r50-pose"),
        ("slowfast_r50_4x16x1_256e_kinetics400_rgb", "slowfast-r50-4x16"), ("SAM2.1-B+", "sam-2.1-base-plus"),
        ("SDXL base + refiner", "sdxl-refined"), ("rgat", "r-gat"), ("dlrm-v3", "dlrm-v3"),
        ("mask2former_r50_8xb2-lsj-50e_coco", "mask2former-r50"), ("D-FINE-N", "d-fine-n"),
        ("HunyuanVideo-1.5 480p I2V", "hunyuanvideo-1.5"), ("text-embedding e5-large-v2", "bert-large"),
        ("google/siglip2-so400m-patch16-384", "siglip2-so400m-patch16-384"),
        # Two stages in words, poses before their data, sizes of generators, repositories.
        ("Deformable DETR (two-stage)", "deformable-detr-two-stage"), ("DINO R50 4scale", "dino r50 4scale"),
        ("pyt_vllm_llama-3.1-405b_fp8", "llama-3.1-405b"), ("pyt_train_llama-3.1-8b", "llama-3.1-8b"),
        ("primus_pyt_megatron_lm_train_deepseek-v2-lite-16b", "deepseek-v2-lite"), ("gnn (R-GAT)", "r-gat"),
        ("jax_maxtext_train_llama-3-70b", "llama-3-70b"), ("llama2-70b-4096", "llama-2-70b"),
        ("segformer.b0.512x1024.city.160k", "segformer-b0"), ("baidu/Unlimited-OCR", "deepseek-ocr"),
        ("PaddlePaddle/PP-OCRv5_server_det_safetensors", "pp-ocrv5-server-det"),
        # Names in other words with a format behind them.
        ("zai-org/GLM-5.2-FP8", "glm-5"), ("MiniMaxAI/MiniMax-M2.7-NVFP4", "minimax-m2"),
        ("unsloth/Kimi-K2.6-GGUF", "kimi-k2.5"), ("Fara-7B-Q4_K_M.gguf", "qwen2.5-vl-7b"),
        ("vit_b_16 swag_linear_v1", "vit-base-patch16-224"), ("ideogram-4-nf4", "ideogram-4"),
        ("FLUX.2-klein-base-4B", "flux.2-klein-base-4b"),
        ("granite-4.0-tiny-preview", "granite-4.0-h-tiny"),
        ("DINO Swin-L 4-scale", "dino-swin-l"), ("DINO Swin-L (5-scale)", "dino-5scale-swin-l"),
        ("mistralai/Magistral-Small-2509", "mistral-small-3.1-24b"), ("InstantID", "controlnet-sdxl"),
        ("DINO R50", "dino-4scale-r50"), ("Co-DETR R50", "dino-5scale-r50"),
        ("Co-DINO Swin-L", "dino-5scale-swin-l"), ("Keras 3 SAM ViT-B", "sam-vit-b"),
        ("KerasNLP BertClassifier base", "bert-base"), ("GemmaCausalLM 2B", "gemma-2b"),
        ("--model=resnet152 --batch_size=64", "resnet152"), ("PixArt-α XL/2 1024", "pixart-alpha"),
        ("FLUX.1-dev NF4 v2", "flux.1-dev"), ("YOLO-World-L", "yolo-world-l"),
        ("UperNet + Swin-T", "upernet-swin-t"), ("SDXL + LCM LoRA", "sdxl-lightning"),
        ("Mask2Former Swin-B semantic (ADE20K)", "mask2former-swin-b"),
        ("Deformable DETR (R50, single-scale)", "deformable-detr-r50-single-scale"),
        ("HuBERT-XL", "wav2vec2-xls-r-1b"), ("FLUX.1-dev (torch.compile + FA3 + fp8)", "flux.1-dev"),
        ("Latent Consistency Model SD1.5 (LCM-LoRA)", "lcm-dreamshaper-v7"),
        ("HRNet-W32 256x192 COCO pose", "hrnet-w32-pose"), ("UNet carvana 572x572", "unet-medical"),
        ("LSTM sentiment IMDB", "lstm-sentiment"), ("DeepLearningExamples NCF", "ncf"),
        ("stylegan2-ada-pytorch 512x512", "stylegan2-512"), ("StyleGAN3-T", "stylegan3-t"),
        ("SAM2 hiera tiny", "sam-2.1-tiny"),
        ("CenterPoint-PointPillar nuScenes", "centerpoint-pointpillars"), ("RIFE v4.6", "rife-4.6"),
        ("dccuchile/bert-base-spanish-wwm-cased", "bert-base"), ("DreamBooth SD1.5", "stable-diffusion-1.5"),
        ("dbmdz/bert-large-cased-finetuned-conll03-english", "bert-large"),
        ("tf.keras MobileNetV2", "mobilenet-v2"),
        # What a model is for, behind its name, where it does that anyway; suites and reviewers before it.
        ("DistilBERT sequence classification", "distilbert-base-uncased"), ("bert-base (QA)", "bert-base"),
        ("nunchaku-tech/nunchaku-flux.1-dev", "flux.1-dev"),
        ("Faster R-CNN object detection", "fasterrcnn-r50-fpn"),
        ("Mask2Former Swin-L (COCO panoptic)", "mask2former-swin-l"), ("SDXL text-to-image", "sdxl"),
        ("BART-large summarization (CNN/DM)", "bart-large"), ("Whisper-small ASR", "whisper-small"),
        ("Llama-2-7B text generation", "llama-2-7b"), ("MLPerf Training v4.0 BERT", "bert-large"),
        ("MLPerf Inference v4.0 BERT", "bert-large-mlperf-99"), ("Tom's Hardware SDXL", "sdxl"),
        ("Phoronix TensorFlow ResNet-50 batch 256", "resnet50"), ("SASRec (ml-1m)", "sasrec"),
        # Cubes of volumes, experts of llama-bench, what learns over a ViT.
        ("SwinUNETR 96^3", "swin-unetr"), ("HRNet-W48 + OCR", "ocrnet-hr48"),
        ("mixtral 7Bx8 Q4_0", "mixtral-8x7b"),
        ("VideoMAE ViT-B/16", "videomae-base"), ("MAE ViT-L/16", "vit-mae-large"),
        ("BEiT ViT-B", "beit-base-patch16-224"), ("icnet_r18-d8_832x832_80k_cityscapes", "icnet-r18"),
        ("ssd300_coco", "ssd300-vgg16"), ("Mask R-CNN for TensorFlow 2", "maskrcnn-r50-fpn"),
        ("nnU-Net ResEnc L", "nnunet-resenc-l"), ("vidore/colpali-v1.3", "colpali"),
        # Both towers where what taught them is said; a tower alone is timm's.
        ("ViT-L-14 (openai)", "clip-vit-large-patch14"), ("ViT-L-14", "vit-large-patch14-clip-224"),
        ("ViT-SO400M-14-SigLIP-384 (webli)", "siglip-so400m-patch14-384"),
        ("ViT-B-16-SigLIP", "siglip-base-patch16-224"), ("unitary/toxic-bert", "bert-base"),
        ("Pangu-Weather 24h", "pangu-weather"), ("GemNet-OC S2EF", "gemnet-oc"),
        ("bevfusion_lidar-cam_voxel0075_second_secfpn", "bevfusion"), ("XMem", "xmem"),
        ("DEIMv2-S", "deimv2-s"), ("Intellindust/DEIMv2_DINOv3_X_COCO", "deimv2-x"),
        ("SevenNet-0", "sevennet-0"), ("yolov4-csp", "yolov4-csp"), ("VideoCrafter2", "videocrafter2"),
        ("InstaDeepAI/nucleotide-transformer-v2-500m-multi-species", "nucleotide-transformer-v2-500m"),
    ],
)  # fmt: skip
def test_names_of_runs_uploads_and_suites(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known


@pytest.mark.parametrize(
    "name",
    ["ResNet-50 object detection", "ResNet-50 segmentation", "YOLOv8n transcription",
     "BERT-base text-to-image", "Llama-2-7B image classification", "MAE ViT-L/32", "DINO ViT-S/16",
     "MLPerf Training v5.0 Foo", "PPO (Atari)", "object detection ResNet-50", "BERT image-generation base"],
)  # fmt: skip
def test_the_task_of_another_model_makes_no_model_of_a_name(name: str) -> None:
    with pytest.raises(UsageError):
        resolve(name)


def test_a_subject_behind_who_published_it_is_told_as_one() -> None:
    with pytest.raises(UsageError, match="'TrafficCamNet' is a network of NVIDIA's TAO"):
        resolve("NVIDIA TrafficCamNet")


def test_residues_are_the_length_of_a_protein() -> None:
    assert resolve("ESMFold 400 aa").complete(Job("esmfold")).seq_len == 400


def test_a_family_before_its_task_is_told_its_sizes() -> None:
    with pytest.raises(UsageError, match="'BERT', which has several sizes"):
        resolve("BERT question answering")


def test_a_name_says_frames_and_how_its_model_is_trained() -> None:
    video = resolve("HunyuanVideo 544x960 129 frames")
    job = video.complete(Job("HunyuanVideo 544x960 129 frames"))
    assert (video.id, job.height, job.width, job.options["frames"]) == ("hunyuanvideo", 544, 960, "129")
    assert resolve("Wan2.1 T2V 14B 720x1280x81").named_options == {"frames": "81"}
    assert resolve("CLIP ViT-L/14 image encoder").named_options == {"towers": "image"}
    assert resolve("BERT-large 384").complete(Job("bert-large")).seq_len == 384
    assert resolve("SDXL (MLPerf Inference v4.1)").complete(Job("sdxl")).steps == 20
    assert resolve("MusicGen Large 30s").named_options == {"seconds": "30"}
    for phase in ("", "train", "finetune_full"):
        lora = resolve("llama2_70b_lora")
        assert lora.as_named(Job("llama2_70b_lora", phase=phase)).phase == "finetune_lora", phase


@pytest.mark.parametrize(
    "name",
    ["ResNet-50 (PANet)", "ResNet-50 (pruned)", "ResNet-50 (half width)", "z-lab/Qwen3-8B-DFlash-b16",
     "yuhuili/EAGLE-LLaMA3-Instruct-8B", "someone/Qwen-7B-mine", "bearzi/Qwen3.6-35B-A3B-oQ3",
     "someone/Qwen3-8B-0.6B-draft", "ISTA-DASLab/Meta-Llama-3-8B-AQLM",
     "nvidia/Nemotron-Nano-9B-v2-VL-FP8"],
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
        ("deepseek3-671b", "deepseek-v3"), ("deepseek2-236b", "deepseek-v2"),
        ("llama4-17b-128e", "llama-4-maverick"), ("llama4-17b-16e", "llama-4-scout"),
        ("MaxText llama2-70b", "llama-2-70b"), ("Flux schnell maxdiffusion", "flux.1-schnell"),
        ("Llama-2-13b-hf (neuronx-distributed)", "llama-2-13b"), ("suno-ai/bark", "bark"),
        ("hf_T5_generate", "t5-small"), ("mobilenet_v2_quantized_qat", "mobilenet-v2"),
        ("f_net_large_en", "fnet-large"), ("yolo_v8_m_pascalvoc", "yolov8m"),
        ("Gemma2 9B CPT Sahabat-AI v1 Instruct", "gemma-2-9b"), ("all-minilm:33m", "minilm-l12"),
        ("XLM-R base", "xlm-roberta-base"), ("mBART-50", "mbart-large-50"), ("PP-LCNet_x1_0", "lcnet-100"),
        ("PP-LCNet_x0_35", "lcnet-035"), ("PP-HGNetV2-B4", "hgnetv2-b4"), ("HRNetPose", "hrnet-w32-pose"),
        ("EVA02-L-14-336 (merged2b_s6b_b61k)", "clip-vit-large-patch14-336"),
        ("EVA02-CLIP-L/14", "clip-vit-large-patch14"), ("zai-org/Glyph", "glm-4.1v-9b"),
        ("Llama 3.1 8B Instruct RTX", "llama-3.1-8b"), ("snowflake-arctic-embed:22m", "minilm-l6"),
    ],
)  # fmt: skip
def test_spellings(spelling: str, known: str) -> None:
    assert resolve(spelling).id == known


@pytest.mark.parametrize("name", ["apple/DFN5B-CLIP-ViT-H-14-378", "ViT-H-14-378-quickgelu (dfn5b)"])
def test_a_tower_of_another_side_reads_as_many_patches(name: str) -> None:
    item, usual = resolve(name), resolve("apple/DFN5B-CLIP-ViT-H-14")
    assert item.complete(Job(item.id)).height == 378.0
    # (378 / 14)^2 patches, and (224 / 14)^2; the texts are alike.
    assert 2.0 < float(item.flops()) / float(usual.flops()) < (378 / 224) ** 2 * 1.1


def test_tokens_behind_a_name_are_the_length_of_its_sequences() -> None:
    item = resolve("AlphaFold3 1024 tokens")
    assert (item.id, item.complete(Job(item.id)).seq_len) == ("alphafold-3", 1024.0)


@pytest.mark.parametrize("name", ["bert-base:33m", "all-minilm:99m", "nomic-embed-text:500m"])
def test_a_tag_that_says_another_size_leaves_no_model(name: str) -> None:
    with pytest.raises(UnknownName, match=name):
        resolve(name)
