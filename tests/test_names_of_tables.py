"""Names of models as uploads, Ollama's library, OpenMMLab's configurations and people's tables write them."""

from __future__ import annotations

import pytest
from job_rows import GPUS

from whichgpu import api
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import WhichGpuError
from whichgpu.workloads.job import Job
from whichgpu.workloads.names import fetched
from whichgpu.workloads.workload import resolve


@pytest.mark.parametrize(
    ("name", "known"),
    [
        # What a tuned model was made of.
        ("hermes3:70b", "llama-3.1-70b"), ("cogito:14b", "qwen2.5-14b"), ("sqlcoder:15b", "starcoder-15.5b"),
        ("meditron:70b", "llama-2-70b"), ("snowflake-arctic-embed:22m", "minilm-l6"),
        ("kimi-k2-thinking:cloud", "kimi-k2-thinking"), ("goliath", "goliath-120b"), ("granite3.2-vision",
        "granite-vision-3.3-2b"),
        # A name without a tag is what Ollama fetches, and LLaVA is 1.6 over Mistral there.
        ("qwq", "qwen2.5-32b"), ("llava", "llava-next-mistral-7b"), ("llava:13b", "llava-next-vicuna-13b"),
        ("wizard-math:7b", "mistral-7b"), ("all-minilm:33m", "minilm-l12"), ("gemma4", "gemma-4-e4b"),
        ("ollama run llama3.1:70b", "llama-3.1-70b"),
    ],
)  # fmt: skip
def test_names_of_ollama_are_what_it_runs(name: str, known: str) -> None:
    assert resolve(fetched(name, "Ollama 0.6")).id == known


def test_a_name_of_ollama_means_something_else_elsewhere() -> None:
    assert resolve(fetched("llava:7b", "vLLM")).id == "llava-1.5-7b"
    assert resolve("wizard-math:7b").id == "llama-2-7b"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        # OpenMMLab's schedules, two networks of one answer, the data that sizes a network.
        ("sparse-rcnn_r50_fpn_ms-480-800-3x_coco", "sparse-rcnn-r50-fpn"),
        ("DLRM Criteo Kaggle", "dlrm-kaggle"),
        ("vitdet_mask-rcnn_vit-b-mae_lsj-100e", "vitdet-b"), ("nvidia/tts_en_fastpitch + hifigan",
        "fastpitch-hifigan"), ("SDXL base + refiner 1024", "sdxl-refined"),
        # Words may stand between a family with its generation and the size.
        ("elyza/Llama-3-ELYZA-JP-8B", "llama-3-8b"), ("aaditya/Llama3-OpenBioLLM-70B", "llama-3-70b"),
        ("FlagAlpha/Llama2-Chinese-13b-Chat", "llama-2-13b"), ("m42-health/Llama3-Med42-70B", "llama-3-70b"),
        # Tuned models whose names don't say of what.
        ("NousResearch/Nous-Capybara-34B", "yi-34b"), ("Goedel-LM/Goedel-Prover-V2-32B", "qwen3-32b"),
        ("defog/sqlcoder-7b-2", "codellama-7b"), ("openchat/openchat-3.6-8b-20240522", "llama-3-8b"),
        ("google/vit-base-patch16-224-in21k", "vit-base-patch16-224"),
        ("replit/replit-code-v1_5-3b", "replit-code-v1.5-3b"),
    ],
)  # fmt: skip
def test_uploads_are_the_model_that_they_were_tuned_from(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    "name",
    [
        "fixie-ai/ultravox-v0_5-llama-3_3-70b", "OpenGVLab/VideoChat2_HD_stage4_Mistral_7B",
        "nvidia/Llama-3_1-Nemotron-51B-Instruct", "Efficient-Large-Model/Llama-3-VILA1.5-8B-VILA",
        "someone/Llama-3-Speech-8B", "mlabonne/Meta-Llama-3-120B-Instruct", "wenet conformer aishell",
        "google/paligemma2-3b-pt-384",
        "ResNet-50 CIFAR-100",
    ],
)  # fmt: skip
def test_what_is_another_network_is_not_taken_for_one_of_these(name: str) -> None:
    with pytest.raises(WhichGpuError):
        resolve(name)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("mask2former_swin-l-in22k-384x384-pre_8xb2-160k_ade20k-640x640", "mask2former-swin-l"),
        ("swin-large-patch4-window12-in22k-384x384-pre_upernet_8xb2-160k_ade20k-512x512", "upernet-swin-l"),
        ("yolov8_m_syncbn_fast_8xb16-500e_coco", "yolov8m"), ("yolov7_l_syncbn_fast_8x16b-300e_coco",
        "yolov7"),
        ("td-hm_ViTPose-small_8xb64-210e_coco-256x192", "vitpose-small"),
        ("grounding_dino_swin-t_pretrain_obj365", "grounding-dino-tiny"),
        ("pointpillars_hv_secfpn_8xb6-160e_kitti-3d-3class", "pointpillars"),
        ("bisenetv1_r18-d32_4x4_1024x1024_160k_cityscapes", "bisenet-v1-r18"),
        ("x3d_m_16x5x1_facebook_kinetics400_rgb", "x3d-m"),
        ("fcn_unet_s5-d16_4x4_512x1024_160k_cityscapes", "unet-s5-d16"),
        ("fast_scnn_lr0.12_8x4_160k_cityscapes", "fast-scnn"), ("ssd300_voc0712", "ssd300-vgg16-voc"),
        ("psanet_r101-d8_4xb4-80k_ade20k-512x512", "psanet-r101-d8"),
        ("fpn_r50_4xb2-80k_cityscapes-512x1024", "sem-fpn-r50"),
        ("segmenter_vit-s_mask_8xb1-160k_ade20k-512x512", "segmenter-vit-s"),
        ("mask2former_swin-b-p4-w12-384-in21k_8xb2-lsj-50e_coco-panoptic", "mask2former-swin-b"),
        ("solov2_r101_fpn_ms-3x_coco", "solov2-r101-fpn"), ("htc_r50_fpn_1x_coco", "htc-r50-fpn"),
        ("condinst_r50_fpn_ms-poly-90k_coco_instance", "condinst-r50-fpn"),
        ("retinanet_free-anchor_r50_fpn_1x_coco", "retinanet-r50-fpn"), ("tood_r101_fpn_ms-2x_coco",
        "tood-r101-fpn"),
        ("libra-faster-rcnn_r50_fpn_1x_coco", "fasterrcnn-r50-fpn"), ("fovea_r50_fpn_4xb4-1x_coco",
        "fsaf-r50-fpn"),
        ("rtmdet-ins_s_8xb32-300e_coco", "rtmdet-ins-s"), ("rtmdet_s_syncbn_fast_8xb32-300e_coco",
        "rtmdet-s"),
        ("resnet50_8xb256-rsb-a1-600e_in1k", "resnet50"), ("vit-base-p16_32xb128-mae_in1k",
        "vit-base-patch16-224"),
        ("efficientnet-b0_3rdparty_8xb32-aa_in1k", "efficientnet-b0"), ("swin-large_in21k-pre-3rdparty_in1k",
        "swin-large"),
    ],
)  # fmt: skip
def test_configurations_of_openmmlab(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("retinanet (openimages, 800x800)", "retinanet"), ("maskrcnn MLPerf training v2.1",
        "maskrcnn-r50-fpn"),
        ("BERT4Rec ML-20M", "bert4rec"), ("CycleGAN horse2zebra", "cyclegan"), ("DLRM Criteo Terabyte",
        "dlrm"),
        ("DenseNet201 keras.applications", "densenet201"), ("Mask R-CNN PyTorch DLE", "maskrcnn-r50-fpn"),
        ("LSTM (PTB, medium)", "ptb-lstm-medium"), ("MobileNetV2 (alpha=1.4)", "mobilenetv2-140"),
        ("conformer", "conformer-ctc-large"), ("V-Net Medical", "v-net-medical"), ("DGEMM 8192", "dgemm"),
        ("SiT-XL/2", "dit-xl-2"), ("DiT-B/4", "dit-b-4"), ("wrn-40-2", "wide-resnet-40-2"),
        ("TFT (Temporal Fusion Transformer)", "tft-electricity"), ("Transformer (WMT)", "transformer-big"),
        ("tinyllama:1.1b-chat-v1-q4_0", "tinyllama-1.1b"), ("warp-ai/wuerstchen", "wuerstchen"),
        ("DeepLearningExamples TensorFlow2 EfficientNet-B4", "efficientnet-b4"), ("hrnet-w32 human pose",
        "hrnet-w32-pose"),
    ],
)  # fmt: skip
def test_notes_libraries_and_data_sets_around_a_name(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "known"),
    [
        # Opsets behind a name of ONNX's zoo, versions and widths of GluonCV's, TensorFlow's zoo of detectors.
        ("mobilenetv2-12", "mobilenet-v2"), ("resnet50-v1-12.onnx", "resnet50"), ("squeezenet1.1-7",
        "squeezenet-1.1"),
        ("arcfaceresnet100-11-int8", "iresnet100"), ("bvlcalexnet-12-qdq.onnx", "alexnet"), ("zfnet512-12",
        "zfnet-512"),
        ("candy-9", "fast-neural-style"), ("bertsquad-12", "bert-base"), ("ssd-12", "ssd-resnet34"),
        ("resnet18_v1", "resnet18"), ("resnet101_v1d", "resnet101d"), ("mobilenet0.5", "mobilenetv1-050"),
        ("faster_rcnn_resnet50_coco", "fasterrcnn-r50-c4-tf"), ("fasterrcnn_resnet50_fpn_coco",
        "fasterrcnn-r50-fpn"),
        ("Faster R-CNN ResNet50 V1 640x640", "fasterrcnn-r50-c4-tf"), ("mask_rcnn_R_50_C4_3x",
        "maskrcnn-r50-c4"),
        ("SSD ResNet50 V1 FPN 640x640 (RetinaNet50)", "ssd320-r50-fpn"),
    ],
)  # fmt: skip
def test_files_of_zoos(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "known", "side"),
    [
        ("ViT_H_14 (torchvision, IMAGENET1K_SWAG_E2E_V1)", "vit-huge-patch14-224", 518),
        ("regnet_y_16gf (IMAGENET1K_SWAG_E2E_V1)", "regnety-160", 384),
        ("vit_b_16 (IMAGENET1K_V1)", "vit-base-patch16-224", 224),
        ("resnet50 (IMAGENET1K_V2)", "resnet50", 224),
    ],
)  # fmt: skip
def test_weights_of_torchvision_say_the_side(name: str, known: str, side: int) -> None:
    item = resolve(name)
    assert (item.id, item.complete(Job(item.id)).height) == (known, side)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("mlperf hpc deepcam", "deepcam"), ("MLPerf HPC v1.0 CosmoFlow", "cosmoflow"),
        ("nnU-Net v2 3d_fullres", "nnunet-3d"), ("nnU-Net 2d", "nnunet-2d"),
        ("detectron2 R50-FPN 3x Mask R-CNN", "maskrcnn-r50-fpn"),
        ("R101-FPN Faster R-CNN", "fasterrcnn-r101-fpn"),
        ("SimpleBaseline ResNet50 pose", "simple-baseline-r50-pose"),
        ("Gaussian splatting bicycle", "3d-gaussian-splatting"),
        ("Segment Anything ViT-B", "sam-vit-b"), ("Donut CORD", "donut-base"),
        ("FastConformer-CTC XXL", "parakeet-ctc-1.1b"),
        ("WRN-28-10 CIFAR", "wide-resnet-28-10"), ("HRNet-W48 COCO keypoints 384x288", "hrnet-w48-pose"),
        ("Latent Consistency Model Dreamshaper v7", "lcm-dreamshaper-v7"),
        ("AlphaFold2 (monomer, 400 aa)", "openfold"),
        ("HunyuanVideo FastVideo", "hunyuanvideo"), ("XGLMForCausalLM", "xglm-564m"),
        ("hf_Whisper", "whisper-tiny"),
        ("Geekbench AI deeplabv3_mobilenet_v3_large", "deeplabv3-mobilenet-v3-large"),
        ("CRNN text recognition", "crnn"),
        # Signs, commas and sizes as texts have them.
        ("Mixtral 8\u00d77B", "mixtral-8x7b"), ("BERT-Large, SQuAD v1.1 fine-tuning", "bert-large"),
        ("SDXL (base + refiner)", "sdxl-refined"), ("EfficientNet B7 (noisy student)", "efficientnet-b7"),
        ("Llama Nemotron Ultra 253B", "llama-3.1-nemotron-ultra-253b"), ("UL2 20B", "flan-ul2"),
        ("OpenAI gpt-oss-20b (high)", "gpt-oss-20b"), ("HunyuanVideo 13B", "hunyuanvideo"),
        ("Stable Diffusion (512x512)", "stable-diffusion-1.5"), ("MLP-Mixer B/16", "mixer-b16-224"),
        ("U-Net (3D, BraTS)", "nnunet-3d"), ("Qwen3 32B dense", "qwen3-32b"),
        ("DCNv2 Criteo", "dcn-v2"), ("mlperf dlrm_dcnv2", "dlrm-dcnv2"),
        ("PSPNet-101 Cityscapes", "pspnet-resnet101"),
        ("google/paligemma2-3b-pt-448", "paligemma-2-3b-448"), ("keras_nlp BERT base", "bert-base"),
        ("bert-large-uncased (AMD Infinity Hub)", "bert-large"), ("open-r1/OlympicCoder-32B", "qwen2.5-32b"),
        ("MobileViTv2-0.75", "mobilevitv2-075"), ("Segmenter-L", "segmenter-vit-l"), ("caffenet", "alexnet"),
        ("microsoft/infoxlm-large", "xlm-roberta-large"), ("EleutherAI/llemma_34b", "codellama-34b"),
        ("Lin-Chen/ShareGPT4V-13B", "llava-1.5-13b"), ("openai/clip-rn50x64", "resnet50x64-clip"),
        ("nvidia/segformer-b2-clothes", "segformer-b2"),
        ("FastVideo/FastWan2.1-T2V-1.3B-Diffusers", "wan-2.1-t2v-1.3b"),
    ],
)  # fmt: skip
def test_suites_schedules_and_publishers_around_a_name(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("mixedbread-ai/mxbai-rerank-large-v2", "qwen2.5-1.5b"), ("jinaai/jina-reranker-v3", "qwen3-0.6b"),
        ("vidore/colqwen2.5-v0.2", "qwen2.5-vl-3b"),
        ("nomic-ai/colnomic-embed-multimodal-7b", "qwen2.5-vl-7b"),
    ],
)  # fmt: skip
def test_what_judges_or_embeds_texts_writes_none(name: str, like: str) -> None:
    item, other = resolve(name), resolve(like)
    assert item.phases[0] == "prefill"
    assert "generate" not in item.phases
    assert item.dims["layers"] == other.dims["layers"]


def test_a_single_stream_in_a_name_is_one_sample_at_a_time() -> None:
    row = {"id": "a", "gpu": "t4", "phase": "infer", "metric": "latency", "unit": "ms", "runtime": "TensorRT"}
    named, plain = predict_rows(
        [{**row, "workload": "mlperf-inference retinanet SingleStream"},
         {**row, "workload": "mlperf-inference retinanet", "batch": "1"}], GPUS,
    )  # fmt: skip
    assert named.value == plain.value
    # So it is at the command.
    assert api.job("resnet50 SingleStream").batch == 1.0
    assert api.job("mlperf-inference retinanet MultiStream").batch == 8.0
    assert resolve("resnet50 multi-stream").id == resolve("ResNet-50 Single Stream").id == "resnet50"
    assert api.job("resnet50 SingleStream", batch=4).batch == 4.0
    assert api.job("resnet50").batch is None


def test_what_enlarges_pictures_learns_from_pieces() -> None:
    item = resolve("edsr-baseline")
    assert item.complete(Job(item.id, phase="train")).height == 96
    assert item.complete(Job(item.id, phase="infer")).height == 512


def test_an_encoder_with_its_decoder_is_served_in_batches() -> None:
    row = {"id": "a", "workload": "google/flan-t5-xxl", "gpu": "a100-80gb-sxm", "input_tokens": "512",
           "output_tokens": "64", "unit": "tokens/s"}  # fmt: skip
    served, plain = predict_rows(
        [{**row, "phase": "serve", "concurrency": "8"}, {**row, "phase": "generate", "batch": "8"}], GPUS
    )
    assert served.value == plain.value


@pytest.mark.parametrize("name", ["no-such-net-12.onnx", "nv-embed-v3", "resnet77-v1-12.onnx"])
def test_a_number_behind_another_name_makes_none_of_it(name: str) -> None:
    with pytest.raises(WhichGpuError):
        resolve(name)


@pytest.mark.parametrize(
    ("name", "millions", "gmacs"),
    [
        # As published: papers, model zoos, and torchvision's tables.
        ("x3d-m", 3.79, 4.73), ("ssdlite320_mobilenet_v3_large", 3.440, 0.58),
        ("fasterrcnn_mobilenet_v3_large_fpn", 19.386, None),
        ("u2net", 44.0, None), ("bisenetv1-r18", 13.27, None), ("ssd300_voc0712", 26.3, 31.4),
        ("dit-b/4", 130, 5.56),
        ("aya-vision-8b", 8630, None), ("instructblip-vicuna-7b", 7910, None), ("ministral-3-8b", 8918, None),
        ("sarvam-105b", 106e3, None), ("goliath-120b", 117.7e3, None), ("umt5-xxl", 12.97e3, None),
        ("hy3-preview", 295e3, None), ("step-3.7-flash", 198e3, None), ("laguna-xs.2", 33.2e3, None),
        ("yolov6-l6", 140.4, None), ("damo-yolo-m", 28.2, 30.9), ("sem-fpn-r50", 28.5, None), ("bn-inception",
        11.3, 2.03),
        ("sparse-rcnn-r50-fpn", 106, None), ("rtmdet-ins-l", 57.37, 106.56), ("yolov13l", 27.6, None),
        ("depth-pro", 952.0, None), ("pi0", 3238, None), ("smolvla_base", 450, None),
        ("retinaface-r50", 27.29, None),
        ("YOLOX-Darknet53", 63.7, 92.65), ("nin", 7.6, 1.1),
        ("DenseNet-BC-100-12", 0.769, None), ("cnn14", 80.75, None),
        ("google/siglip2-large-patch16-384", 881.5, None),
        ("ettin-encoder-68m", 68.1, None), ("EuroBERT-2.1B", 2108, None),
        ("vinai/phobert-large", 369.4, None), ("vinai/phobert-base", 135.0, None),
        ("vinai/bertweet-base", 134.9, None),
        ("rinna/japanese-gpt-neox-3.6b", 3607, None), ("AI-Sweden-Models/gpt-sw3-20b-instruct", 20.3e3, None),
        ("superpoint", 1.30, None), ("Informer ETTh1", 11.33, None),
        ("cerebras/btlm-3b-8k-base", 2646, None), ("Skywork-MoE", 146.4e3, None),
        ("MobileLLM-1B", 1005, None),
        ("chronos-2", 119.5, None), ("nv-embed-v2", 7850, None), ("shufflenet-v1", 1.87, 0.137),
    ],
)  # fmt: skip
def test_new_networks_are_of_the_published_size(name: str, millions: float, gmacs: float | None) -> None:
    item = resolve(name)
    assert sum(item.parameters().values()) / 1e6 == pytest.approx(millions, rel=5e-3)
    if gmacs:
        assert item.flops() / 2e9 == pytest.approx(gmacs, rel=2e-2)


@pytest.mark.parametrize(("name", "billions"), [("beam-1.0", 23), ("a.x-k1", 33), ("hy3-preview", 21)])
def test_of_experts_a_token_passes_as_much_as_the_names_say(name: str, billions: float) -> None:
    assert resolve(name).active_parameters() / 1e9 == pytest.approx(billions, rel=0.03)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("videomae-base kinetics-400", "videomae-base"), ("MViTv2-S (K400)", "mvit-v2-s-video"),
        ("Swin-B (Kinetics-400)", "video-swin-b"), ("resnet50 imagenet-2012", "resnet50"),
    ],
)  # fmt: skip
def test_a_number_of_a_data_set_is_no_side(name: str, known: str) -> None:
    item = resolve(name)
    assert item.id == known
    assert item.flops() == resolve(known).flops()


@pytest.mark.parametrize(
    ("name", "known"),
    [("faster_rcnn_r101_fpn_2x_coco.py", "fasterrcnn-r101-fpn"), ("configs/yolox/yolox_s_8x8_300e_coco.py",
     "yolox-s")],
)  # fmt: skip
def test_a_configuration_is_called_by_its_file(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        # The Hub's names of networks of pictures and of texts; published sizes.
        ("microsoft/swinv2-tiny-patch4-window16-256", 28.3), ("google/mobilenet_v2_1.4_224", 6.1),
        ("microsoft/swinv2-large-patch4-window12to24-192to384-22kto1k-ft", 196.7),
        ("microsoft/beit-large-patch16-224-pt22k-ft22k", 304), ("microsoft/focalnet-tiny", 28.4),
        ("google/mobilenet_v2_0.35_96", 1.7), ("apple/mobilevitv2-1.0-imagenet1k-256", 4.9),
        ("facebook/metaclip-h14-fullcc2.5b", 986), ("google/bit-50", 25.5), ("BAAI/bge-small-zh-v1.5", 24),
        ("BAAI/bge-large-zh", 326), ("facebook/xlm-v-base", 778), ("nvidia/NVLM-D-72B", 79e3),
        ("google/umt5-base", 592), ("facebook/blenderbot-400M-distill", 365), ("facebook/mms-300m", 315),
        ("DistilBERT SST-2", 66.4), ("prithivida/Splade_PP_en_v1", 109.5),
        ("deepseek-ai/deepseek-vl2", 27.48e3), ("deepseek-ai/deepseek-vl2-small", 16.15e3),
        ("jinaai/jina-embeddings-v2-small-en", 32.7), ("castorini/monot5-base-msmarco", 223),
        ("THUDM/glm-4v-9b", 13.9e3), ("nvidia/canary-qwen-2.5b", 2.55e3),
        ("nvidia/Llama-3.1-Nemotron-Nano-4B-v1.1", 4.51e3),
    ],
)  # fmt: skip
def test_names_of_the_hub_are_of_the_published_size(name: str, millions: float) -> None:
    assert sum(resolve(name).parameters().values()) / 1e6 == pytest.approx(millions, rel=0.015)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Wan 2.2 14B I2V", "wan-2.2-i2v-a14b"), ("Wan 2.2 14B T2V", "wan-2.2-t2v-a14b"),
        ("Wan2.2 image-to-video", "wan-2.2-i2v-a14b"), ("Wan 2.1 14B text-to-video", "wan-2.1-t2v-14b"),
        ("SDXL txt2img", "sdxl"), ("CogVideoX-5B I2V", "cogvideox-5b"), ("SVD XT img2vid", "svd-xt"),
    ],
)  # fmt: skip
def test_what_is_drawn_from_is_of_the_model_where_its_name_has_that(name: str, known: str) -> None:
    assert resolve(name).id == known


def test_the_smallest_files_of_unsloth_and_a_network_of_tables():
    assert resolve("DeepSeek R1 671B 1.58bit").complete(Job("deepseek-r1")).precision == "iq1_s"
    row = {
        "gpu": "v100-16gb-sxm",
        "phase": "train",
        "runtime": "TensorFlow 20.06",
        "workload": "SE-ResNeXt101",
    }
    bare, known = predict_rows([row, {**row, "workload": "se-resnext101-32x4d"}], GPUS)
    assert bare.value == known.value > 0


@pytest.mark.parametrize(
    ("name", "known"),
    [
        # Papers write a letter for a size, and no size of picture.
        ("Hiera-H", "hiera-huge-224"), ("BEiT v2-B", "beitv2-base-patch16-224"),
        ("XCiT-S12/8", "xcit-small-12-p8-224"),
        ("DeiT III-H/14", "deit3-huge-patch14-224"), ("MaxViT-XL 512", "maxvit-xlarge-tf-512"),
        ("SwinV2-L", "swinv2-large-window12to16-192to256"), ("EdgeNeXt-XXS", "edgenext-xx-small"),
        ("MNv4-Hybrid-L", "mobilenetv4-hybrid-large"), ("Res2Net-50", "res2net50-26w-4s"),
        # How it was trained, or by whom.
        ("iBOT ViT-L/16", "vit-large-patch16-224"), ("OpenCLIP ViT-bigG/14", "clip-vit-bigg-patch14"),
        ("DLE ConvNets ResNeXt101-32x4d", "resnext101-32x4d"), ("PP-YOLOE+_crn_l_80e_coco", "pp-yoloe-l"),
        # A detector over a RegNetX, which is made of the one over ResNet-50.
        ("mask-rcnn_regnetx-3.2GF_fpn_1x_coco", "maskrcnn-regnetx-3.2gf-fpn"),
        ("retinanet_regnetx-1.6GF_fpn_1x_coco", "retinanet-regnetx-1.6gf-fpn"),
        # One size of picture each.
        ("google/owlv2-base-patch16-ensemble", "owlv2-base-patch16"),
        ("google/owlvit-base-patch16", "owlvit-base-patch16"),
    ],
)  # fmt: skip
def test_letters_of_sizes_and_words_around_a_network(name: str, known: str) -> None:
    assert resolve(name).id == known


def test_a_detector_over_a_regnet_has_that_network_in_place_of_a_resnet():
    def size(name: str) -> float:
        return float(sum(resolve(name).parameters().values()))

    # What differs is the network without its classes, and the 1 x 1 that the pyramid reads it with.
    pyramid = 256 * (sum((256, 512, 1024, 2048)) - sum((96, 192, 432, 1008)))
    networks = (size("resnet50") - 2049e3 - 53_120) - (size("regnetx-032") - 1009e3)
    differs = size("mask-rcnn_r50_fpn_1x_coco") - size("mask-rcnn_regnetx-3.2GF_fpn_1x_coco")
    assert differs == pytest.approx(networks + pyramid, rel=0.01)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Unbabel/TowerInstruct-13B-v0.1", "llama-2-13b"), ("MadeAgents/Hammer2.1-7b", "qwen2.5-7b"),
        ("cross-encoder/stsb-roberta-large", "roberta-large"), ("moka-ai/m3e-base", "bert-base-chinese"),
        ("FLUX.1 Fill", "flux.1-dev"), ("FramePack", "framepack"), ("Sesame CSM-1B", "csm-1b"),
        ("Stable Video Diffusion XT 1.1", "svd-xt"), ("nnU-Net (BraTS21, 3D)", "nnunet-3d"),
        ("Big LSTM (1 Billion Word)", "biglstm"), ("RNN Speech Recognition (RNN-T)", "rnnt"),
        ("quantized mobilenet_v3_large", "mobilenet-v3-large"), ("GPT-3 XL", "gpt-1.3b"),
        ("JackFram/llama-160m", "llama-160m"), ("EleutherAI/polyglot-ko-12.8b", "polyglot-ko-12.8b"),
        ("OpenGVLab/InternVL2-Llama3-76B", "internvl2-76b"), ("bn_inception.tv_in1k", "bn-inception"),
    ],
)  # fmt: skip
def test_names_of_uploads_papers_and_data_sets(name: str, known: str) -> None:
    assert resolve(name).id == known


@pytest.mark.parametrize(
    ("name", "known", "parameters"),
    [
        # The Open Graph Benchmark's leaderboards state the first three to the last parameter.
        ("GCN (ogbn-arxiv)", "gcn-arxiv", 110_120), ("GraphSAGE (ogbn-arxiv)", "graphsage-arxiv", 218_664),
        ("GIN (ogbg-molhiv)", "gin-molhiv", 1_885_206),
        ("nomic-ai/nomic-embed-text-v2-moe", "nomic-embed-text-v2-moe", 475e6),
        ("zhihan1996/DNABERT-2-117M", "dnabert-2-117m", 117e6),
    ],
)  # fmt: skip
def test_networks_of_graphs_and_encoders_have_their_published_size(
    name: str, known: str, parameters: float
) -> None:
    item = resolve(name)
    assert item.id == known
    assert sum(item.parameters().values()) == pytest.approx(parameters, rel=0.0 if parameters < 2e6 else 0.01)
