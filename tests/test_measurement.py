"""A measured run told in a sentence: what of it is found, and what is refused."""

import pytest

from whichgpu import api
from whichgpu.audit.measurement import diagnosed, told
from whichgpu.cli.options import JobColumns
from whichgpu.cost.reading.quoted import read
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow

GPUS = catalogue(())

SENTENCES = {
    "My L40S makes 1,1 it/s w/ SDXL": ("SDXL", "l40s", "1.1 it/s", {}),
    "j'obtiens 2 500 images/s en inference de resnet50, batch 128 sur une L4": (
        "resnet50", "l4", "2500 images/s", {"phase": "infer", "batch": 128},
    ),
    "resnet50 auf zwei L40S: 1.310,5 Bilder/s": ("resnet50", "l40s:2", "1310.5 Bilder/s", {}),
    "ResNet-50 on an L4, bs 64,12 images/s w/o AMP": (
        "ResNet-50", "l4", "12 images/s", {"batch": 64, "precision": "fp32"},
    ),
    "ResNet-50 auf einer L4 ohne AMP: 12 images/s": ("ResNet-50", "l4", "12 images/s", {"precision": "fp32"}),
    "ResNet-50 on an L4, bs 64, use_amp: false, 12 images/s": (
        "ResNet-50", "l4", "12 images/s", {"batch": 64, "precision": "fp32"},
    ),
    "BERT-base training in pure bf16, AMP disabled, on an L4: 60 sequences/s": (
        "BERT-base", "l4", "60 sequences/s", {"phase": "train", "precision": "bf16"},
    ),
    "l40s vllm mistral 7b fp8 32 users 1400 tok/s total": (
        "mistral 7b", "l40s", "1400 tok/s", {"precision": "fp8", "runtime": "vllm", "concurrency": 32},
    ),
    "two L40s, llama 3.1 8b vllm 2000 tok/s": ("llama 3.1 8b", "l40:2", "2000 tok/s", {"runtime": "vllm"}),
    "llama 3.1 70b on 4xl40s, 900 tok/s sglang tp 4": (
        "llama 3.1 70b", "l40s:4", "900 tok/s", {"runtime": "sglang", "tp": 4},
    ),
    "my l4 consumes just 60 w when it trains resnet50": ("resnet50", "l4", "60 w", {"phase": "train"}),
    "training resnet50 on an L4 drops from 300 img/s to 200 img/s after a while": (
        "resnet50", "l4", "200 img/s", {"phase": "train"},
    ),
    "resnet50 on an L4 went from 2,500 down to 1,500 images/s": (
        "resnet50", "l4", "1,500 images/s", {},
    ),
    "nanoGPT on 8 H100 SXM runs at 250ms per iteration of ~0.5M tokens": (
        "gpt2", "h100-80gb-sxm:8", "2e+06 tokens/s", {"phase": "train", "runtime": "nanoGPT"},
    ),
    "I train ResNet-50 on an L4. It makes three hundred images per second. Is that fine?": (
        "ResNet-50", "l4", "300 images per second", {"phase": "train"},
    ),
    "llama 3.1 8b on an L4, vLLM --enforce-eager, 12-14 tokens/s, previously 16 tokens/s": (
        "llama 3.1 8b", "l4", "13 tokens/s", {"runtime": "vllm", "options": ("cuda_graphs=none",)},
    ),
    "Full fine-tuning of Mistral 7B on 8 H100 SXM: 2 epochs of 20k samples took 2 hours": (
        "Mistral 7B", "h100-80gb-sxm:8", "5.55556 samples/s", {"phase": "finetune_full"},
    ),
    "mfu is 35% when we train a 7B Llama on 32 H100 SXM": (
        "Llama 7B", "h100-80gb-sxm:32", "mfu is 35%", {"phase": "train"},
    ),
    "Megatron, Llama 3 8B on 16 H100 SXM: 410 TFLOP/s/GPU": (
        "Llama 3 8B", "h100-80gb-sxm:16", "410 TFLOP/s/GPU", {"phase": "train", "runtime": "megatron"},
    ),
    "BERT-base on an L4, fp32, max_length 256, batch 16: training at 2.2 it/s": (
        "BERT-base", "l4", "2.2 it/s", {"phase": "train", "precision": "fp32", "seq_len": 256, "batch": 16},
    ),
    "my L40S takes 150W of 350W while BERT-large trains": (
        "BERT-large", "l40s", "150W", {"phase": "train"},
    ),
    "BERT-base scales badly, 2.1x speedup on 4 L40S": (
        "BERT-base", "l40s:4", "2.1x speedup", {"phase": "train"},
    ),
    "insanely-fast-whisper large-v3 on an L4 in fp16: 20 minutes for 10 hours of audio": (
        "whisper large-v3", "l4", "30x realtime", {"precision": "fp16", "runtime": "insanely-fast-whisper"},
    ),
    "whisper.cpp small.en on an A10 runs at 40x realtime": (
        "whisper small", "a10", "40x realtime", {"runtime": "whisper.cpp"},
    ),
    "gpt2 trains on an A100 80GB PCIe at 150 ms/iter, mfu 31%, batch 16": (
        "gpt2", "a100-80gb-pcie", "150 ms/iter", {"phase": "train", "batch": 16},
    ),
    "ResNet-50 training: 400 img/s on one GPU, with two L40S I see 610 img/s": (
        "ResNet-50", "l40s:2", "610 img/s", {"phase": "train"},
    ),
    "llama 3.1 8b on an L4 in llama.cpp, prompt eval 2,100 tokens/s, eval 41 tokens/s": (
        "llama 3.1 8b", "l4", "41 tokens/s", {"runtime": "llama.cpp"},
    ),
    "HunyuanVideo at 540p on an L40S took 31 min": (
        "HunyuanVideo", "l40s", "31 min", {"resolution": "960x544"},
    ),
    "cpu offload with DeepSpeed ZeRO-3 of Llama 2 13B on one RTX 3090: 180 s per step": (
        "Llama 2 13B", "rtx-3090", "180 s per step",
        {"phase": "train", "runtime": "DeepSpeed", "options": ("sharding=zero3", "offload=optimizer")},
    ),
    "Llama 2 13B with cpu offload on an RTX 3090 in Transformers: 1.2 tokens/s": (
        "Llama 2 13B", "rtx-3090", "1.2 tokens/s", {"runtime": "Transformers"},
    ),
    "llama-bench tg128 on the Ryzen AI Max+ 395: 52 t/s with Qwen3-30B-A3B Q4_K_M": (
        "Qwen3-30B-A3B", "ryzen-ai-max-395", "52 t/s", {"runtime": "llama-bench", "precision": "Q4_K_M"},
    ),
    "AWS p3.8xlarge, BERT base fine-tuning, seq 384 batch 12: 380 sequences per second": (
        "BERT base", "v100-16gb-sxm:4", "380 sequences per second",
        {"phase": "train", "seq_len": 384, "batch": 12},
    ),
    "Fine-tuning Whisper small on a DGX Spark: 2.6 s per step of 16 samples": (
        "Whisper small", "gb10", "2.6 s per step", {"phase": "train", "batch": 16},
    ),
    "ViT-L training on 8 H100 SXM reaches 45% MFU in bf16, is this good?": (
        "ViT-L/16", "h100-80gb-sxm:8", "45% MFU", {"phase": "train", "precision": "bf16"},
    ),
    "Fine tuning RoBERTa-large on MNLI takes 3.5 hours per epoch on a T4, seq 128, batch 32": (
        "RoBERTa-large", "t4", "31.1668 samples/s", {"phase": "train", "seq_len": 128, "batch": 32},
    ),
    "OpenAI Whisper large-v3 on a 4090 at 10x realtime": (
        "Whisper large-v3", "rtx-4090", "10x realtime", {"runtime": "openai-whisper"},
    ),
    "OpenAI's whisper large-v3 in faster-whisper on a 4090 at 15x realtime": (
        "whisper large-v3", "rtx-4090", "15x realtime", {"runtime": "faster-whisper"},
    ),
    "whisper-medium takes 2m10s for a 30 min podcast on my RTX 3070": (
        "whisper-medium", "rtx-3070", "13.8462x realtime", {},
    ),
    "Megatron trains GPT-3 175B on 1024 A100 SXM 80GB: 140 TFLOP/s per GPU": (
        "GPT-3 175B", "a100-80gb-sxm:1024", "140 TFLOP/s per GPU", {"phase": "train", "runtime": "megatron"},
    ),
    "vLLM on an L40S, Llama 3.1 8B bf16, 64 concurrent requests, 1k in / 256 out: I see 950 output tok/s": (
        "Llama 3.1 8B", "l40s", "950 output tok/s",
        {
            "runtime": "vllm", "precision": "bf16", "concurrency": 64,
            "input_tokens": 1024, "output_tokens": 256,
        },
    ),
    "My 4090 draws only 230 W when a 7B model runs in llama.cpp": (
        "mistral-7b", "rtx-4090", "230 W", {"runtime": "llama.cpp"},
    ),
    "BERT-large pretraining phase 2 on 8xA100 SXM 80GB gives 550 sequences/s in total": (
        "BERT-large", "a100-80gb-sxm:8", "550 sequences/s", {"phase": "train", "seq_len": 512},
    ),
    "YOLOv8n training on T4 at batch 16 takes 10 minutes per COCO epoch": (
        "YOLOv8n", "t4", "197.145 samples/s", {"phase": "train", "batch": 16},
    ),
    "TTFT of 4 s on Llama 70B FP8 at 2x H200 SXM with 8k prompts, one user": (
        "llama-3.3-70b", "h200-141gb-sxm:2", "TTFT of 4 s",
        {"input_tokens": 8192, "concurrency": 1, "precision": "FP8"},
    ),
    "nanoGPT GPT-2 124M on an A100 PCIe 40GB: 140 ms per iteration with batch 12, block size 1024": (
        "GPT-2 124M", "a100-40gb-pcie", "140 ms per iteration",
        {"phase": "train", "runtime": "nanoGPT", "batch": 12, "seq_len": 1024},
    ),
    "ResNet-50 trains at 850 images/s on my A5000": (
        "ResNet-50", "rtx-a5000", "850 images/s", {"phase": "train"},
    ),
    "llama 3.1 8b gives 25 tokens/s on my RTX 4090 with ollama": (
        "llama 3.1 8b", "rtx-4090", "25 tokens/s", {"runtime": "ollama"},
    ),
    "my A100 80GB PCIe trains ResNet-50 at 400 images per second, batch 256": (
        "ResNet-50", "a100-80gb-pcie", "400 images per second", {"phase": "train", "batch": 256},
    ),
    "SDXL takes 12 seconds per image on RTX 3090 in ComfyUI, 1024x1024, 30 steps": (
        "SDXL", "rtx-3090", "12 seconds per image",
        {"runtime": "ComfyUI", "resolution": "1024x1024", "steps": 30},
    ),
    "I get 18 it/s with Stable Diffusion 1.5 on my 4090 (AUTOMATIC1111, 512x512)": (
        "Stable Diffusion 1.5", "rtx-4090", "18 it/s", {"runtime": "AUTOMATIC1111", "resolution": "512x512"},
    ),
    "BERT-large fine-tuning on 8x A100 80GB SXM: 210 sequences/s, seq length 512, batch size 32, fp16": (
        "BERT-large", "a100-80gb-sxm:8", "210 sequences/s",
        {"phase": "train", "seq_len": 512, "batch": 32, "precision": "fp16"},
    ),
    "vLLM 0.6 serving Llama-3.1-70B in FP8 on four H100 SXM with 64 concurrent requests, tpot 45 ms": (
        "Llama-3.1-70B", "h100-80gb-sxm:4", "tpot 45 ms",
        {"runtime": "vLLM 0.6", "phase": "serve", "precision": "FP8", "concurrency": 64},
    ),
    "Whisper large v3 on an L4 runs at 12x realtime": ("Whisper large v3", "l4", "12x realtime", {}),
    "resnet50 on T4 int8 TensorRT 8.6: 4,500 images/s": (
        "resnet50", "t4", "4,500 images/s", {"runtime": "TensorRT 8.6", "precision": "int8"},
    ),
    "Mistral 7B Q4_K_M on an RTX 3090 in llama.cpp: 60.5 t/s": (
        "Mistral 7B", "rtx-3090", "60.5 t/s", {"runtime": "llama.cpp", "precision": "Q4_K_M"},
    ),
    "qwen2.5-7b QLoRA on RTX 3060 12GB uses 11 GiB": (
        "qwen2.5-7b", "rtx-3060-12gb", "11 GiB", {"phase": "finetune_qlora"},
    ),
    "gpt2 on rtx 3060 laptop gpu, prompt of 512 tokens, 128 new tokens: 45 tokens/s at 60 W": (
        "gpt2", "rtx-3060-laptop", "45 tokens/s", {"input_tokens": 512, "output_tokens": 128},
    ),
    "ViT-B/16 trains at 1050 img/s on A100 40GB PCIe": (
        "ViT-B/16", "a100-40gb-pcie", "1050 img/s", {"phase": "train"},
    ),
    "Llama 3 70B needs 1.2 s to first token on 4 x A100 SXM 80GB": (
        "Llama 3 70B", "a100-80gb-sxm:4", "ttft 1.2 s", {},
    ),
    "DeepSeek R1 on 8xH200 SXM with SGLang gives 1,900 tokens/s at concurrency 64": (
        "DeepSeek R1", "h200-141gb-sxm:8", "1,900 tokens/s", {"runtime": "SGLang", "concurrency": 64},
    ),
    "resnet50 trains at 3,000 img/s on H100 SXM, AMP BF16, channels_last": (
        "resnet50", "h100-80gb-sxm", "3,000 img/s",
        {"phase": "train", "options": ("layout=nhwc",), "precision": "AMP BF16"},
    ),
    "bert-base on A10 in fp16, seq 128: 1800 sequences/s": (
        "bert-base", "a10", "1800 sequences/s", {"seq_len": 128, "precision": "fp16"},
    ),
    "Mixtral 8x7B, RTX A6000 x2, 28 tokens/s": ("Mixtral 8x7B", "rtx-a6000:2", "28 tokens/s", {}),
    "RTX 4060 Ti 16GB does 150 tok/s single stream with Llama-3.1-8B": (
        "Llama-3.1-8B", "rtx-4060-ti-16gb", "150 tok/s", {"concurrency": 1},
    ),
    "ollama run llama3.1:70b on one RTX 4090, eval rate: 2.9 tokens/s": (
        "llama3.1:70b", "rtx-4090", "2.9 tokens/s", {"runtime": "ollama"},
    ),
    "L40S serves Llama 3.1 8B to 64 concurrent users at 400 output tokens/s": (
        "Llama 3.1 8B", "l40s", "400 output tokens/s", {"concurrency": 64, "phase": "serve"},
    ),
    "H100 SXM, gpt2 pretraining on 8 GPUs: 12% MFU": (
        "gpt2", "h100-80gb-sxm:8", "12% MFU", {"phase": "train"},
    ),
    "H100 SXM vLLM Llama 3.1 8B fp8: 95 tokens/s with 32 in flight": (
        "Llama 3.1 8B", "h100-80gb-sxm", "95 tokens/s",
        {"runtime": "vllm", "precision": "fp8", "concurrency": 32},
    ),
    "MacBook Pro M4 Max 40-core with ollama: gemma3 27b at 21 t/s": (
        "gemma3 27b", "apple-m4-max-40c", "21 t/s", {"runtime": "ollama"},
    ),
    "RTX 4090, the first token takes 9 s for a 4000 token prompt, llama 3.1 8b": (
        "llama 3.1 8b", "rtx-4090", "ttft 9 s", {"input_tokens": 4000},
    ),
    "RTX 4060 laptop, SD 1.5 needs 40 seconds per picture": (
        "SD 1.5", "rtx-4060-laptop", "40 seconds per picture", {},
    ),
    "ResNet-50 training AMP batch 128 RTX 4090: 420 images/s": (
        "ResNet-50", "rtx-4090", "420 images/s", {"batch": 128, "phase": "train", "precision": "AMP"},
    ),
    "ttft of 2.5 s on an A10 for 1000 token prompts, llama 3.1 8b": (
        "llama 3.1 8b", "a10", "ttft of 2.5 s", {"input_tokens": 1000},
    ),
    "The TTFT of our llama-3-70b on 4xA100 SXM 80GB is 2.4 s with 4k prompt": (
        "llama-3-70b", "a100-80gb-sxm:4", "ttft 2.4 s", {"input_tokens": 4096},
    ),
    "My laptop's RTX 4070 (8GB) generates one 512x512 SD1.5 image with 20 steps in 3.5 seconds": (
        "SD1.5", "rtx-4070-laptop", "3.5 seconds", {"steps": 20, "resolution": "512x512"},
    ),
    "My notebook with an RTX 3060 makes 3 it/s of SD 1.5": ("SD 1.5", "rtx-3060-laptop", "3 it/s", {}),
    "laptop GTX 1060, resnet50 inference: 120 images/s": (
        "resnet50", "gtx-1060-laptop", "120 images/s", {"phase": "infer"},
    ),
    "It takes 50 ms per token to run Mistral-Nemo 12B in 8 bit (bitsandbytes) on my RTX 4080": (
        "Mistral-Nemo 12B", "rtx-4080", "50 ms per token",
        {"runtime": "transformers bitsandbytes", "precision": "8 bit"},
    ),
    "A10G g5.xlarge: whisper medium transcribes at 14x real time": (
        "whisper medium", "a10g", "14x real time", {},
    ),
    "unsloth qlora llama 3 8b on T4: 5.5 s per step, batch 2 grad accum 4, seq 2048": (
        "llama 3 8b", "t4", "5.5 s per step",
        {"batch": 2, "seq_len": 2048, "phase": "finetune_qlora", "options": ("grad_accum=4",),
         "runtime": "unsloth"},
    ),
    "llama 3.1 8b FP16 vLLM gives only 60 tokens/s on an L40S": (
        "llama 3.1 8b", "l40s", "60 tokens/s", {"runtime": "vllm", "precision": "FP16"},
    ),
    "BERT-large pretraining on a DGX A100 80GB: 2,400 sequences/s": (
        "BERT-large", "a100-80gb-sxm:8", "2,400 sequences/s", {"phase": "train"},
    ),
    "Whisper large-v2 batch 16 on A100 80GB SXM processes 70 hours of audio per hour": (
        "Whisper large-v2", "a100-80gb-sxm", "70x realtime", {"batch": 16},
    ),
    "I trained GPT-2 small for 1 day on a 3090 and processed 8.64B tokens": (
        "GPT-2 small", "rtx-3090", "100000 tokens/s", {"phase": "train"},
    ),
    "inception v3 inference on a Tesla T4 gets 60 images per second": (
        "inception v3", "t4", "60 images per second", {"phase": "infer"},
    ),
    "cuda cores at 100% but only 25 FPS in YOLOv5x at 1280px on a T4": (
        "YOLOv5x", "t4", "25 FPS", {"resolution": "1280"},
    ),
    "DINOv2 ViT-g feature extraction on an L40S: 120 images/s": (
        "DINOv2 ViT-g", "l40s", "120 images/s", {"phase": "infer"},
    ),
    "TTFT is fine but llama 3.1 8b on an L4 does 17 tokens/s": ("llama 3.1 8b", "l4", "17 tokens/s", {}),
    "inter-token latency on an L40S with llama 3.1 8b is 22 ms": ("llama 3.1 8b", "l40s", "tpot 22 ms", {}),
    "We trained a 7B Llama on 64 A100s SXM 80GB at 3,100 tokens per GPU per second with FSDP": (
        "Llama 7B", "a100-80gb-sxm:64", "3,100 tokens per GPU per second",
        {"phase": "train", "options": ("sharding=fsdp",)},
    ),
    "I have 2x4090 and get 21 tokens/s with llama 3.3 70b exl2 4bpw": (
        "llama 3.3 70b", "rtx-4090:2", "21 tokens/s", {"precision": "4bpw"},
    ),
    "qlora llama-2-7b on a 3090: 1.1 it/s at batch 4, 512 tokens": (
        "llama-2-7b", "rtx-3090", "1.1 it/s", {"batch": 4, "phase": "finetune_qlora", "seq_len": 512},
    ),
    "bert base, 128 tokens, on a T4: 9 ms": ("bert base", "t4", "9 ms", {"seq_len": 128}),
    "whisper large-v3 takes 20 minutes for one hour of audio on a 4070": (
        "whisper large-v3", "rtx-4070", "3x realtime", {},
    ),
    "whisper medium on a T4 transcribes half an hour of speech in 5 minutes": (
        "whisper medium", "t4", "6x realtime", {},
    ),
    "embedding 1 million documents of 256 tokens with bge-large took 2 hours on an A10G": (
        "bge-large", "a10g", "138.889 documents/s", {"phase": "infer", "seq_len": 256},
    ),
    "DDP on 4x RTX 4090, ResNet-50 is only 2.6x faster than on one card": (
        "ResNet-50", "rtx-4090:4", "2.6x faster than on one card", {"phase": "train"},
    ),
    "BERT-large training is only 60 % faster with two RTX 3090": (
        "BERT-large", "rtx-3090:2", "60 % faster with", {"phase": "train"},
    ),
    "training ViT-B/16 on an L40S is 60 % faster with two": (
        "ViT-B/16", "l40s:2", "60 % faster with", {"phase": "train"},
    ),
    "Training GPT-2 on 8 A100 SXM 40GB has a scaling efficiency of 71%": (
        "GPT-2", "a100-40gb-sxm:8", "scaling efficiency of 71%", {"phase": "train"},
    ),
    "Llama 3 8B with FSDP on 8 H100 SXM gives 40% MFU, seq 8192": (
        "Llama 3 8B", "h100-80gb-sxm:8", "40% MFU",
        {"phase": "train", "seq_len": 8192, "options": ("sharding=fsdp",)},
    ),
    "vLLM Llama 3.1 8B on A100 80GB SXM, 64 concurrent, 1024 in 256 out: 1,900 tok/s output": (
        "Llama 3.1 8B", "a100-80gb-sxm", "1,900 tok/s",
        {"input_tokens": 1024, "output_tokens": 256, "concurrency": 64, "runtime": "vllm"},
    ),
    "Google TPU v3-8 does ResNet-50 training at 4000 img/s": (
        "ResNet-50", "tpu-v3:4", "4000 img/s", {"phase": "train"},
    ),
    "A single A10G does 45 embeddings per second with bge-large, batch 32, 512 tokens": (
        "bge-large", "a10g", "45 embeddings per second", {"phase": "infer", "batch": 32, "seq_len": 512},
    ),
    "We get 14,000 tokens/s prompt throughput on Llama 3.1 8B fp8 with vLLM on an L40S": (
        "Llama 3.1 8B", "l40s", "14,000 tokens/s",
        {"phase": "prefill", "runtime": "vllm", "precision": "fp8"},
    ),
    "my A6000 gives 38 samples/s for ViT-L/16 384 inference in fp32": (
        "ViT-L/16", "rtx-a6000", "38 samples/s", {"phase": "infer", "resolution": "384", "precision": "fp32"},
    ),
    "EfficientNet-B4 training at 380 on an L40S, 310 images/s": (
        "EfficientNet-B4", "l40s", "310 images/s", {"phase": "train", "resolution": "380"},
    ),
    "ResNet-50 infers at 3000 images/s on an L40S": (
        "ResNet-50", "l40s", "3000 images/s", {"phase": "infer"},
    ),
    "RTX A4000 trains ResNet-18 on CIFAR-10: one epoch in 9 seconds": (
        "ResNet-18", "rtx-a4000", "5555.56 samples/s", {"phase": "train", "resolution": "32"},
    ),
    "Whisper medium with faster-whisper on GTX 1660 Super: 1 hour in 6 minutes": (
        "Whisper medium", "gtx-1660-super", "10x realtime", {"runtime": "faster-whisper"},
    ),
    "Inference of GPT-J 6B in fp16 on a 3090 with HF gives 27 tokens/s": (
        "GPT-J 6B", "rtx-3090", "27 tokens/s", {"precision": "fp16", "runtime": "transformers"},
    ),
    "yolov8x training, batch 16: one epoch takes 25 minutes on a 4090": (
        "yolov8x", "rtx-4090", "0.000666667 epoch/s", {"batch": 16, "phase": "train"},
    ),
    "wan 2.1 14b 480p 81 frames takes 8 minutes on a 4090": (
        "wan 2.1 14b", "rtx-4090", "8 minutes", {"resolution": "832x480", "options": ("frames=81",)},
    ),
    "bert-large squad fine-tuning took 3 hours on a V100 32GB SXM2, 2 epochs": (
        "bert-large squad", "v100-32gb-sxm", "0.000185185 epochs/s", {"phase": "train"},
    ),
    "ResNet-50 on a T4 trains 90 epochs at 25 minutes per epoch": (
        "ResNet-50", "t4", "25 minutes per epoch", {"phase": "train"},
    ),
    "12 hours for a LoRA finetune of llama 2 13b on an A100 80GB PCIe over 50M tokens": (
        "llama 2 13b", "a100-80gb-pcie", "1157.41 tokens/s", {"phase": "finetune_lora"},
    ),
    "I measured 1.9 TB/s on an A100 80GB SXM": ("stream-triad", "a100-80gb-sxm", "1.9 TB/s", {}),
    "TGI serving falcon-40b on 2x A6000: time per output token 60 ms with 8 users": (
        "falcon-40b", "rtx-a6000:2", "tpot 60 ms", {"concurrency": 8, "phase": "serve", "runtime": "TGI"},
    ),
    "my 4090 gets only 900 GB/s in a copy test": ("stream-triad", "rtx-4090", "900 GB/s", {}),
    "L4 does 90 TFLOPS dense bf16": ("dgemm", "l4", "90 TFLOPS", {"precision": "bf16"}),
    "My A100 40GB PCIe does 12.5 TFLOPS in fp32 matmul": (
        "matmul", "a100-40gb-pcie", "12.5 TFLOPS", {"precision": "fp32"},
    ),
    "TTFT is 900 ms for a 4k prompt on Llama 3.1 70B, 4xH100 SXM": (
        "Llama 3.1 70B", "h100-80gb-sxm:4", "TTFT is 900 ms", {"input_tokens": 4096},
    ),
    "resnet50 makes 90 images/s on an A10, one request at a time": ("resnet50", "a10", "90 images/s", {}),
    "SDXL LoRA training on a 3060 12GB: 4032 steps took 15 hours": (
        "SDXL", "rtx-3060-12gb", "0.0746667 steps/s", {"phase": "finetune_lora"},
    ),
    "llama2-70b at 2.5 bpw on a 4090, I'm getting 0.81 t/s vs 35 t/s in the README": (
        "llama2-70b", "rtx-4090", "0.81 t/s", {"precision": "2.5 bpw"},
    ),
    "expected 60 t/s but got 20 t/s from mistral 7b on an L4": ("mistral 7b", "l4", "20 t/s", {}),
    "mistral-7b --enforce-eager in vLLM 0.6 on an L4: 12 tokens/s": (
        "mistral-7b", "l4", "12 tokens/s", {"runtime": "vLLM 0.6", "options": ("cuda_graphs=none",)},
    ),
    "llama-3.1-70b on dual A100 80GB PCIe, TP 2, 256 input and 512 output tokens, 64 prompts: 900 tokens/s": (
        "llama-3.1-70b", "a100-80gb-pcie:2", "900 tokens/s",
        {"tp": 2, "input_tokens": 256, "output_tokens": 512, "concurrency": 64},
    ),
    "qwen2-7B-instruct with ISL/OSL 1024/128 on an L4: 300 tokens/s": (
        "qwen2-7B-instruct", "l4", "300 tokens/s", {"input_tokens": 1024, "output_tokens": 128},
    ),
    "50 minutes of audio with whisper large-v3 takes two hours on an L4": (
        "whisper large-v3", "l4", "0.416667x realtime", {},
    ),
    "1hr 20mins of audio took 4 min with whisper large-v3 on an L4": (
        "whisper large-v3", "l4", "20x realtime", {},
    ),
    "an epoch of ImageNet on ResNet-50 takes 50 minutes on a 4090": (
        "ResNet-50", "rtx-4090", "427.056 samples/s", {"phase": "train"},
    ),
    "bert-base on SQuAD takes 2 hours per epoch on a T4": (
        "bert-base", "t4", "12.1665 samples/s", {"phase": "train"},
    ),
    "GPT-2 1.5B training on an A100 40GB SXM, global batch 512, 1k context: 12 s/it": (
        "GPT-2 1.5B", "a100-40gb-sxm", "12 s/it",
        {"phase": "train", "seq_len": 1024, "options": ("global_batch=512",)},
    ),
    "BERT base 340M infers 400 seq/s on an L4": ("bert-large", "l4", "400 seq/s", {"phase": "infer"}),
    "GPT-2 medium 355M on an L4: 60 tokens/s": ("GPT-2 medium", "l4", "60 tokens/s", {}),
    "bge-m3 embeds 100 docs/sec of 512 tokens on an L4": ("bge-m3", "l4", "100 docs/sec", {"seq_len": 512}),
    "a 5 s video of wan 2.1 14b in 480p took 20 min on a 4090": (
        "wan 2.1 14b", "rtx-4090", "20 min", {"resolution": "832x480"},
    ),
    "yolo11n on Orin NX 16GB: 9.8 ms": ("yolo11n", "jetson-orin-nx-16gb", "9.8 ms", {}),
    "GPT-J 6B on a Titan RTX with HF generate: 25 tokens/s": (
        "GPT-J 6B", "titan-rtx", "25 tokens/s", {"runtime": "HF generate"},
    ),
    "Titan RTX ResNet-50 training at 500 img/s": ("ResNet-50", "titan-rtx", "500 img/s", {"phase": "train"}),
    "Stable Diffusion on a GTX 1080 Ti: 2.1 it/s": ("stable-diffusion-1.5", "gtx-1080-ti", "2.1 it/s", {}),
}  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_tells_the_run(sentence):
    workload, gpu, figure, columns = SENTENCES[sentence]
    found = told(sentence, GPUS)
    assert found[:3] == (workload, gpu, figure)
    assert found.columns == columns


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("17,5 tok/s", 17.5), ("1.310,5 images/s", 1310.5), ("1,310 images/s", 1310.0), ("RTF 0,05", 20.0),
        ("12 345 tokens/s", 12345.0), ("1,234,567 tokens/s", 1234567.0), ("0,850 s/image", 1 / 0.85),
        ("300 bilder/s", 300.0),
    ],
)  # fmt: skip
def test_numbers_as_other_languages_write_them(said, value):
    assert read(said).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("said", "meant"), [("1.450 images/s", "1450 images/s"), ("10.450 images/s", "10.450 images/s")]
)
@pytest.mark.thorough(every=2)
def test_points_that_set_off_thousands(said, meant):
    """A V100 trains ResNet-50 at about 800 images/s: not at 1.45, and at 10.45 no nearer than at 10,450."""
    run = told(f"ResNet-50 trains at {said} on a V100 SXM2 16GB, batch 128, AMP", GPUS)
    found = diagnosed(run, GPUS, lambda one: JobColumns(one.columns).job(one.workload))
    assert found.figure.text == meant


@pytest.mark.thorough
def test_a_server_pages_nothing_out():
    def causes(gpu):
        found = api.diagnose("resnet50", gpu, "50 images/s", phase="train", batch=256, precision="amp-fp16")
        return {one.id for one in found.causes}

    assert "spilling" in causes("rtx-4080")
    assert "spilling" not in causes("v100-16gb-sxm2")


def test_what_is_no_number_is_left_alone():
    found = told("whisper large-v3 took 3.0.0 minutes for 3 hours of audio on an L4", GPUS)
    assert found.figure == "3 hours"
