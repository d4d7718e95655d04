"""Phases as tables and people say them."""

from __future__ import annotations

import pytest
from job_rows import GPUS

from whichgpu import api
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import UsageError
from whichgpu.workloads.phases import lengths_of, options_of, phase

SAID = {
    "infer": "Inference|batch inference|forward pass|fwd only|test|OCR|token classification|VQA|translation|"
    "text summarization|object detection inference|super-resolution|real-time inference|face recognition|val|"
    "embedding generation|docking inference|face restoration|forecasting|3D detection|zero-shot detection|"
    "source separation|speaker diarization|index encoding|segment everything|inverse folding|lip sync|vision|"
    "S2TT|t2st",
    "generate": "text generation|code completion|outpainting|image edit|edit|image-to-video|"
    "T2V 720p|text to video 720p 5s|image-to-3D|molecule generation|prefill + decode",
    "decode": "Decode phase|generation phase|tg|tg 128|decode (TPOT)|text generation (tg128)|eval rate|"
    "next token latency",
    "prefill": "prompt|pp|PP 512|prompt eval rate|context phase|TTFT|prompt processing (pp512)",
    "serve": "LLM serving|RAG|inference server|high concurrency|online inference|chatbot|streaming",
    "train": "training step|forward+backward|fwd+bwd|forward/backward|DDP training|transfer learning|"
    "object detection training|single-GPU training|training from scratch|DreamBooth|train epoch|"
    "Training (images/sec)|train 3x|policy network training|GRPO|training, synthetic data",
    "pretrain": "LLM pretraining|continued pre-training|pretrain phase1|self-supervised pretraining",
    "finetune_full": "full-parameter fine-tuning|supervised fine-tuning|SQuAD fine-tuning|FFT|DPO training|"
    "reward model training",
    "finetune_lora": "LoRA training|fine-tuning (LoRA)|SFT (LoRA)|fine-tune w/ LoRA|PEFT|lora r=16|"
    "dreambooth LoRA|finetune (DoRA)|LoRA fine-tuning|finetune_lora+hqq",
    "finetune_qlora": "fine-tuning (QLoRA)|4-bit LoRA|QLoRA SFT|QLoRA 4-bit|finetune_qlora+bnb.nf4",
}


@pytest.mark.parametrize(("known", "text"), [(k, one) for k, said in SAID.items() for one in said.split("|")])
def test_a_phase_is_read_in_whatever_words(known: str, text: str) -> None:
    assert phase(text) == known


@pytest.mark.parametrize(
    "text",
    [
        "training and inference",
        "dreaming",
        "train something",
        "inference2go",
        "no training",
        "inference without training",
        "post-training quantization",
        "data preparation",
        "training tokenizer",
    ],
)
def test_what_says_no_phase_or_two_of_them_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no phase"):
        phase(text)


def test_pictures_are_made_with_what_a_lora_taught():
    assert phase("inference with LoRA") == "infer"
    assert phase("image generation LoRA training") == "finetune_lora"


def test_lengths_and_methods_stand_anywhere_in_the_text():
    assert lengths_of("prompt processing (pp512)") == {"input_tokens": 512.0}
    assert lengths_of("pp512+tg128") == {"input_tokens": 512.0, "output_tokens": 128.0}
    assert options_of("finetune (DoRA)") == {"adapter": "dora"}
    assert options_of("DPO fine-tuning") == {"reference": "true"}


def test_a_server_of_what_makes_no_tokens_infers_and_a_cell_that_says_no_phase_states_none():
    row = {"workload": "bert-base", "gpu": "a10", "batch": "8"}
    said = ("online serving", "infer", "throughput", "tokens/s", "")
    answers = list(predict_rows([{**row, "phase": one} for one in said], GPUS))
    assert len({one.value for one in answers}) == 1
    assert not answers[0].error
    assert api.job("bert-base", phase="throughput").phase == ""


def test_one_job_is_read_as_a_row_of_a_table_is():
    stated = api.job("llama-3.1-8b", precision="FP8 + FP8 KV", runtime="vLLM", options={"prefix_hit": "0.5"})
    assert (stated.precision, stated.options) == ("FP8", {"kv_precision": "fp8", "prefix_hit": "0.5"})
    engine = api.job("resnet50", precision="AMP + XLA", runtime="TensorFlow 2.9")
    assert (engine.precision, engine.runtime) == ("AMP", "TensorFlow 2.9 XLA")
    assert api.job("SD1.5 DreamBooth", phase="DreamBooth").workload == "SD1.5"
