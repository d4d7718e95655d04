"""Questions of people whose answer hangs on what they don't say, and the options that they led to."""

from __future__ import annotations

import shlex

import pytest

from whichgpu.audit.questions import facts_asked
from whichgpu.audit.questions.question import answering
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.fields import FIELDS


@pytest.mark.parametrize(
    ("question", "command"),
    [
        # A figure of a card, and nothing else of it.
        ("Does the RTX A4000 support NVLink?", "show rtx-a4000 --field nvlink,nvlink_gpus"),
        ("what's the memory bandwidth of the H200?",
         "show h200-141gb-sxm h200-141gb-nvl --field bandwidth"),
        ("what power connector does the A5000 have?", "show rtx-a5000 --field power_connectors"),
        ("when was the RTX 3090 released?", "show rtx-3090 --field release_date"),
        ("can the A30 do MIG?", "show a30 --field mig_max,mig_profiles"),
        ("is the A2 passively cooled?", "show a2 --field cooling"),
        ("how much is an RTX 3090?", "prices rtx-3090"),
        # At home no module fits, and formats are narrow; a purse buys the most, unless the cheapest is asked.
        ("I want to run Qwen2.5 32B locally, what card do I need?",
         "recommend 'Qwen2.5 32B' --term buy --needs desktop --precision any --users 1"),
        ("best gpu under $1500 for stable diffusion",
         "recommend stable-diffusion-1.5 --budget '1500 USD' --term buy --objective throughput"),
        ("cheapest gpu under $1500 for stable diffusion",
         "recommend stable-diffusion-1.5 --budget '1500 USD' --term buy"),
        ("what will it cost per month to host Qwen2.5-Coder 32B on RunPod?",
         "recommend 'Qwen2.5-Coder 32B' --providers runpod --users 1"),
        # A card that nobody lets on demand.
        ("RTX 3060 or RTX 3070 Ti: which is cheapest for 100 SDXL images an hour",
         "recommend SDXL --gpus rtx-3060-12gb,rtx-3060-8gb,rtx-3070-ti --target '100 images/hour' "
         "--term any"),
        # So much work on what is there.
        ("How long does it take to train ResNet-50 on ImageNet for 90 epochs on 8 A30?",
         "predict ResNet-50 --gpu a30:8 --phase train --epochs 90 --samples imagenet"),
        ("how long to generate 10,000 images with Flux dev on a 4090?",
         "predict 'Flux dev' --gpu rtx-4090 --precision fp8 --images 10000"),
        ("how many hours to fine-tune Llama 3 8B on 50M tokens with an L40S?",
         "predict 'Llama 3 8B' --gpu l40s --phase finetune_lora --tokens 50M"),
        # What a card does not hold as it is published runs in fewer bits.
        ("what tokens/s will I get with Qwen3 30B A3B on a 7900 XTX?",
         "predict 'Qwen3 30B A3B' --gpu rx-7900-xtx --precision '4 bit'"),
        ("what tokens/s will I get with Qwen3 8B on a 7900 XTX?", "predict 'Qwen3 8B' --gpu rx-7900-xtx"),
        # Formats against each other.
        ("is int8 faster than fp16 on a T4 for BERT?", "predict bert-large --gpu t4 --precision int8,fp16"),
        # What is heard piece by piece, and what is sent by other names.
        ("GPU for 10k whisper transcriptions a day of 5 minutes each",
         "recommend whisper-large-v3 --target '3000000 audio seconds/day'"),
        ("We do 3 million bert classifications a day, is a T4 enough?",
         "recommend bert-large --gpus t4 --target '3000000 requests/day'"),
        ("Nvidia A2 for inference of YOLOv5s at 30 fps with 8 cameras",
         "recommend YOLOv5s --phase infer --gpus a2 --target '240 images/s' --term any"),
        ("How many concurrent streams of whisper small can a T4 handle?", "predict 'whisper small' --gpu t4"),
        ("How long to transcribe 100 hours with faster-whisper large-v3 on an L4?",
         "predict 'whisper large-v3' --gpu l4 --runtime faster-whisper --hours-of-audio 100"),
        ("what do I need for a video with Wan 2.2 14B in under 5 minutes?",
         "recommend 'Wan 2.2 14B' --latency '5 minutes'"),
        ("which GPUs can I rent for less than 50 cents an hour with at least 40GB?",
         "recommend learning --budget '0.5 USD/h' --min-memory '40 GB' --term on-demand"),
        ("is 1.99 per hour good for an H100 SXM?",
         "prices judge 'is 1.99 per hour good for an H100 SXM?'"),
        ("Is the A100 still worth buying?", "show a100-80gb-sxm --format md"),
        ("LoRA of Qwen2.5 7B on one 24GB card: what batch size?",
         "fit 'Qwen2.5 7B' --gpu rtx-4090 --phase finetune_lora"),
        ("is it cheaper to run Llama 3.1 70B myself or use an API at $0.9 per million tokens?",
         "recommend 'Llama 3.1 70B' --api-price '0.9/0.9 USD per million'"),
        ("How many people can use Qwen3 32B on one H200 at once?",
         "predict 'Qwen3 32B' --gpu h200-141gb-sxm --slo 'ttft p90 2 s, tpot p90 100 ms'"),
        ("Which GPU has the best performance per watt?", "recommend learning --objective energy"),
        ("lowest cost setup for 10 million whisper minutes per month",
         "recommend whisper-large-v3 --target '600000000 audio seconds/month'"),
        ("which quantization do I need for Llama 3.3 70B on 48 GB?",
         "fit 'Llama 3.3 70B' --gpu rtx-6000-ada"),
        ("my V100 does 350 img/s with resnet50 fp32, good?",
         "diagnose 'my V100 does 350 img/s with resnet50 fp32, good?'"),
        ("Is AWS inf2 cheaper than g5 for BERT?", "recommend bert-large --gpus inferentia2,a10g"),
        ("something cheaper than an L40S for SDXL", "recommend SDXL --exclude l40s"),
        ("Which is the cheapest GPU on Lambda with more than 40 GB?",
         "prices --cheapest on-demand --where 'memory>40 GB' --limit 10 --provider lambda"),
        ("serve two models, Llama 3.1 8B and bge-m3, on one L4: does it fit?",
         "fit 'Llama 3.1 8B' bge-m3 --gpu l4 --together"),
        ("4090 power limit 300W: how much slower in SDXL?",
         "predict SDXL --gpu rtx-4090 --option 'power_limit=300 W'"),
        ("minimum number of H200 NVL for Llama 3.1 405B FP8",
         "recommend 'Llama 3.1 405B' --precision FP8 --gpus h200-141gb-nvl --term any"),
        ("What are the alternatives to NVIDIA for LLM inference?",
         "recommend llama-3.1-8b --exclude nvidia"),
        ("Price history of the H100", "prices h100-80gb-sxm --history"),
        ("Is bf16 supported on Turing?", "show turing"),
        ("does Ada Lovelace support FP8", "show 'ada lovelace'"),
        ("training cost of a ViT-B on ImageNet-21k for 90 epochs",
         "recommend ViT-B/16 --phase train --epochs 90 --samples imagenet-21k"),
        ("How long does Llama 3.1 8B take to answer 300 tokens on an L4?",
         "predict 'Llama 3.1 8B' --gpu l4 --output-tokens 300"),
        ("how many RTX 4090 equal one H200 NVL in FP16 compute?", "compare rtx-4090 h200-141gb-nvl"),
        # Words that the glossary has, where no command answers.
        ("is HBM3e faster than GDDR7?", "explain 'hbm and gddr'"),
        ("is NVSwitch needed for tensor parallelism?", "explain 'nvswitch and tensor parallelism'"),
        ("H200 NVL tokens per second llama 3.3 70b fp8",
         "predict 'llama 3.3 70b' --gpu h200-141gb-nvl --precision fp8"),
        ("What is the power bill of running 8 A100 for a month at 0.20 per kWh in Germany?",
         "prices own a100-80gb-sxm --hours-per-day 24 --grid germany --electricity '0.20 USD/kWh' --gpus 8"),
        ("Compare renting 8 H100 for 3 months with buying them",
         "prices own h100-80gb-sxm --hours-per-day 24 --gpus 8"),
        ("Which AMD card can replace an RTX 4090 for llama.cpp?", "gpus --like rtx-4090 --vendor amd"),
        ("what can replace a T4 for Whisper large-v3?", "recommend 'Whisper large-v3' --exclude t4"),
        ("can two 3090 replace an A6000?", "compare rtx-3090 rtx-a6000"),
        ("gpu for a 4-person startup doing CV training, 10k budget",
         "recommend resnet50 --phase train --budget '10k USD' --term buy --objective throughput"),
        ("What GPU do I need to train a YOLOv8m on 20k images overnight?",
         "recommend YOLOv8m --phase train --deadline '12 h' --samples 20k --epochs 100"),
        ("how long to train YOLO11s for 300 epochs on 20k images on a 4090",
         "predict YOLO11s --gpu rtx-4090 --phase train --epochs 300 --samples 20k"),
        ("How much faster is FP8 than BF16 for Llama 70B inference on H200?",
         "predict llama-3.3-70b --gpu h200-141gb-sxm:2,h200-141gb-nvl:2 --precision fp8,bf16"),
        ("cost to run 2 4090 24/7", "prices own rtx-4090 --hours-per-day 24 --gpus 2"),
        ("does 5060 ti have 16gb version", "compare rtx-5060-ti-16gb rtx-5060-ti-8gb"),
        ("energy consumption training resnet50 imagenet 90 epochs on an A30",
         "predict resnet50 --gpu a30 --phase train --epochs 90 --samples imagenet"),
        ("which gpu for 24 camera streams with yolov8n at 15 fps",
         "recommend yolov8n --target '360 images/s'"),
        ("how much would it cost to generate 50k flux schnell images on runpod",
         "recommend 'flux schnell' --images 50k --providers runpod"),
        ("gpu memory for training llama 3.1 8b in bf16",
         "fit 'llama 3.1 8b' --phase train --precision bf16"),
        # Names: two forms of one, what a size makes of another, a version that is no TPU.
        ("RTX 4090 laptop vs desktop for deep learning",
         "compare rtx-4090-laptop rtx-4090 --workload usual"),
        ("DeepSeek R1 32B on an L40S", "predict 'DeepSeek R1 32B' --gpu l40s --precision '4 bit'"),
        ("fine tune Whisper on 300 hours of audio",
         "recommend whisper-large-v3 --phase train --hours-of-audio 300"),
        ("what is the smallest gpu for llama 3.2 vision 11b", "fit 'llama 3.2 vision 11b'"),
        ("training a 350M GPT on 7B tokens in 2 days",
         "recommend '350M GPT' --phase train --deadline '2 days' --tokens 7B"),
        ("minimum gpu for whisper large v3", "fit 'whisper large v3'"),
        ("two used 3090s or one 4090 for LLM inference",
         "predict llama-3.1-8b --gpu rtx-3090:2,rtx-4090"),
        ("what does 1 hour of 8xH100 cost on AWS?", "prices H100 --provider aws --hours 1 --gpus 8"),
        ("what would be a good alternative to the A100 for inference?", "gpus --like a100-80gb-sxm"),
        ("what is the largest context of Mistral Small 24B on a 4090 in 4 bit?",
         "fit 'Mistral Small 24B' --gpu rtx-4090 --precision '4 bit'"),
        ("What is the power cost of running a 3090 24/7 in Germany?",
         "prices own rtx-3090 --hours-per-day 24 --grid germany"),
        ("what does the electricity cost of a 4090 come to, 8 hours a day at 0.30 USD/kWh?",
         "prices own rtx-4090 --hours-per-day 8 --electricity '0.30 USD/kWh'"),
    ],
)  # fmt: skip
def test_what_goes_without_saying_is_an_option(question, command):
    found = answering(question, catalogue())
    assert f"{found.command} {shlex.join(found.words)}" == command


def test_every_field_that_words_ask_for_is_one():
    asked = {one for _, fields in facts_asked._WORDS for one in fields.split(",")}
    assert asked <= {*FIELDS}


def test_show_answers_with_fields_alone(whichgpu):
    made = whichgpu("show", "rtx-4060", "a100-80gb-sxm", "--field", "encoders,fp4")
    assert "Video encoders 1 NVENC (8th generation, AV1); FP4 not in its hardware." in " ".join(
        made.out.split()
    )
    assert "Video encoders none" in made.out
    found = whichgpu("show", "rtx-a4000", "--field", "nvlink,fp4", "--json").json["gpus"]["rtx-a4000"]
    assert (found["nvlink"]["value"], found["fp4"]["value"]) == (0.0, None)
    both = whichgpu("show", "l4", "--field", "power", "--workload", "resnet50")
    assert (both.status, "leave --workload out" in both.err) == (2, True)
    assert "| l4 | Board power | 72 W |" in whichgpu("show", "l4", "--field", "power", "--format", "md").out
    wrong = whichgpu("show", "l4", "--field", "speed")
    assert wrong.status == 2
    assert "no field 'speed'" in wrong.err


def test_predict_tells_what_so_much_work_takes(whichgpu):
    job = ("predict", "resnet50", "--gpu", "a30", "--phase", "train", "--json")
    plain = whichgpu(*job).json
    found = whichgpu(*job, "--epochs", "90", "--samples", "imagenet").json
    whole = found["in_all"]
    assert whole["size"]["units"] == 90 * 1_281_167
    rate = found["predicted"]["value"]
    assert rate["mid"] >= plain["predicted"]["value"]["mid"], "in the batch that makes most"
    assert whole["seconds"]["mid"] == pytest.approx(whole["size"]["units"] / rate["mid"], rel=1e-6)
    assert whole["seconds"]["low"] < whole["seconds"]["mid"] < whole["seconds"]["high"]
    assert "in_all" not in plain


def test_so_much_work_is_done_in_the_batch_that_makes_most(whichgpu):
    job = ("predict", "gpt2", "--gpu", "rtx-4090", "--phase", "train", "--tokens", "10B", "--json")
    chosen, stated = whichgpu(*job).json, whichgpu(*job, "--batch", "1").json
    assert chosen["job"]["batch"] > 1
    assert "batch 8, which makes most there" in chosen["in_all"]["size"]["assumed"]
    assert chosen["in_all"]["seconds"]["mid"] < stated["in_all"]["seconds"]["mid"]
    assert stated["in_all"]["size"]["assumed"] == ""
    server = whichgpu("predict", "llama-3.1-8b", "--gpu", "l4", "--tokens", "1B").out
    assert "which makes most" not in server, "an engine makes batches of what comes"


def test_predict_sets_formats_side_by_side(whichgpu):
    made = whichgpu("predict", "llama-3.1-8b", "--gpu", "l4", "--precision", "fp8,bf16", "--tokens", "1B")
    assert "1 x l4 fp8 is the fastest" in " ".join(made.out.split())
    assert made.out.count("In all") == 2


@pytest.mark.parametrize("also", [("--rate", "5 req/s"), ("--curve",), ("--slo", "ttft 1 s")])
def test_a_size_is_of_no_load(whichgpu, also):
    made = whichgpu("predict", "llama-3.1-8b", "--gpu", "l4", "--tokens", "1B", *also)
    assert made.status == 2
    assert "--tokens: so much work is of one job that runs as fast as it can" in made.err
