"""Memory of training op by op: against what torch's own operators keep, counted on fake tensors."""

from __future__ import annotations

import json
import math

import pytest
from memory_jobs import GIB, GPUS, parts

import whichgpu
from whichgpu.cost.infeasible import single
from whichgpu.cost.job.runtimes import runtime as named
from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory.activations import Kept, activations
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.resolving import register
from whichgpu.workloads.training import trained_parameters
from whichgpu.workloads.workload import resolve

EAGER = {"counted": True}


def layers(name, precision, tokens, **how):
    """Bytes that the layers of a language model keep of one sequence."""
    item = resolve(name)
    job = item.complete(Job(name, phase="train", precision=precision, batch=1.0, seq_len=float(tokens)))
    forward = [op for op in item.trace(job) if op.stage == "forward"]
    return float(activations(forward, Kept(**how)).layers)


def test_a_function_of_several_ops_keeps_what_each_needs():
    """GPT-2 medium on 2,048 tokens in FP32: 10.376 GiB at the loss with gelu_new, 8.126 with one kernel."""
    one, several = (4 * layers("gpt2-medium", "fp32", 512, holds=holds) for holds in ({}, EAGER))
    assert several - one == pytest.approx((10.376 - 8.126) * GIB, rel=0.01)


@pytest.mark.parametrize(
    ("name", "each"),
    [
        # Three casts of what a norm hands on, two of the next one's, FP32 in and behind either norm.
        ("llama-3.2-1b", 16 * 129_152),
        # 42 B a value: a mask for each dropout, nothing beside what LayerNorm reads.
        ("bert-base", 12 * 42 * 768),
    ],
)
def test_autocast_casts_for_each_layer(name, each):
    """Tensors that one layer saves for its backward pass: transformers 5.23, torch 2.13."""
    found = layers(name, "amp-bf16", 256, holds=EAGER, casts=True) / 256
    assert found == pytest.approx(each, rel=0.01)
    assert layers(name, "amp-bf16", 256, holds=EAGER) / 256 < 0.96 * each


def test_one_layer_of_the_library_casts_once():
    split, joined = (layers("llama-3.2-1b", "amp-bf16", 256, casts=True, joined=one) for one in ("", "all"))
    assert split - joined == 16 * 256 * 3 * 2 * 2048


@pytest.mark.parametrize(
    ("name", "precision", "runtime", "gib", "within"),
    [
        ("resnet50", "fp32", "pytorch-2", 5.366, 0.02),
        ("resnet50", "amp-bf16", "pytorch-2", 2.890, 0.02),
        ("convnext-tiny", "fp32", "pytorch-2", 6.882, 0.02),
        ("vit-b-16", "fp32", "transformers", 8.119, 0.02),
        ("vit-b-16", "amp-bf16", "transformers", 5.605, 0.02),
        # Its scores lie in memory, with a bias of each added.
        ("swin-t", "fp32", "pytorch-2", 6.729, 0.05),
    ],
)
def test_networks_on_64_pictures(name, precision, runtime, gib, within):
    """The most that is alive in a step of 64 pictures of 224 pixels."""
    optimizer = {} if name == "resnet50" else {"optimizer": "adamw"}
    found = parts(name, phase="train", precision=precision, batch=64, runtime=runtime, options=optimizer)
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(gib, rel=within)


@pytest.mark.parametrize(
    ("config", "function"),
    [
        ({"model_type": "gpt2", "activation_function": "gelu_new"}, "gelu_new"),
        ({"model_type": "gpt2", "activation_function": "gelu_pytorch_tanh"}, None),
    ],
)
def test_a_file_says_which_function(config, function):
    sizes = {"n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 100, "n_positions": 128}
    whole = {"architectures": ["GPT2LMHeadModel"], **sizes, **config}
    found = workload_of(json.loads(json.dumps(whole)), "config.json", "tiny")
    assert found.dims.get("function") == function


@pytest.mark.parametrize(
    ("runtime", "asked", "trained"),
    [
        ("diffusers", "bf16", "amp-bf16"),
        ("kohya sd-scripts", "fp16", "amp-fp16"),
        ("transformers 4.40", "fp16", "amp-fp16"),
        ("transformers 4.40", "bf16", "bf16"),
        ("fastchat", "bf16", "amp-bf16"),
        ("FastChat, PyTorch 2.0", "bf16", "amp-bf16"),
        ("finetrainers", "bf16", "bf16"),
        # Its 16-bit weights are its own: no autocast.
        ("transformers 4.40 deepspeed", "fp16", "fp16"),
    ],
)
def test_a_program_trains_a_format_as_it_does(runtime, asked, trained):
    """Weights trained are in FP32 behind 16 bits; for inference and beside adapters a format is itself."""
    name = "sdxl" if named(runtime, "pytorch-2").id == "diffusers" else "llama-2-7b"
    each = {
        phase: settle(Job(name, phase=phase, precision=asked, runtime=runtime)).job.precision
        for phase in ("train", "finetune_lora", "generate")
    }
    assert each == {"train": trained, "finetune_lora": asked, "generate": asked}


def test_a_program_adapts_what_it_does_unasked():
    """Rank 4 on attention of diffusers, on every linear layer of kohya's; what the job says goes before."""
    own, kohya, said = (
        settle(Job("sdxl", phase="finetune_lora", runtime=runtime, options=options)).job.options
        for runtime, options in (("diffusers", {}), ("kohya", {}), ("diffusers", {"lora_rank": "64"}))
    )
    assert (own["lora_rank"], own["lora_targets"], kohya["lora_targets"]) == ("4", "attention", "all")
    assert (said["lora_rank"], said["lora_targets"]) == ("64", "attention")


def test_a_frozen_conditioning_needs_no_stream():
    """CogVideoX 2B: two scales and two gates of a block, (17,776, 1,920) in 16 bits each, 30 blocks."""
    item = resolve("cogvideox-2b")

    def kept(targets):
        job = Job(
            item.id, phase="finetune_lora", precision="bf16", batch=1.0, options={"lora_targets": targets}
        )
        ops = [op for op in item.trace(item.complete(job)) if "modulated" in op.dims]
        return sum(float(op.saved_bytes * op.copies) for op in ops if op.stage == "forward")

    assert kept("attention") == 0.0
    assert kept("attention,modulation") >= 30 * 4 * 17_776 * 1_920 * 2.0


@pytest.mark.parametrize(("tokens", "most"), [(64, 120), (128, 56), (256, 24), (512, 8)])
def test_the_largest_batches_of_xlnet_under_tensorflow_1(tokens, most):
    """Its README, base on 16 GB: they fit, and a fifth more does not."""
    for batch, fits in ((most, True), (math.ceil(1.2 * most), False)):
        found = whichgpu.fit(
            "xlnet-base", "v100-16gb-sxm2", phase="train", precision="fp32", batch=batch, seq_len=tokens,
            runtime="TensorFlow 1.13",
        )  # fmt: skip
        assert found.answers[0].fits is fits, batch


ENCODER = {"hidden_size": 512, "num_hidden_layers": 6, "num_attention_heads": 8, "intermediate_size": 2048,
           "vocab_size": 8000}  # fmt: skip
FALCON = {"hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8, "ffn_hidden_size": 2048,
          "vocab_size": 8000, "multi_query": True, "parallel_attn": True, "bias": False, "alibi": False,
          "new_decoder_architecture": False}  # fmt: skip
SOUND = {"hidden_size": 512, "num_hidden_layers": 6, "num_attention_heads": 8, "intermediate_size": 2048}
SEQ2SEQ = {"d_model": 512, "encoder_layers": 4, "decoder_layers": 4, "encoder_ffn_dim": 2048,
           "decoder_ffn_dim": 2048, "encoder_attention_heads": 8, "decoder_attention_heads": 8,
           "vocab_size": 8000}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "config", "columns", "mib"),
    [
        # No fused kernel takes what is added to scores, nor one head that is broadcast to eight.
        ("mpnet", "MPNetForSequenceClassification", {**ENCODER, "max_position_embeddings": 514}, {}, 911.1),
        ("megatron-bert", "MegatronBertForSequenceClassification", {"hidden_size": 640,
         "num_hidden_layers": 5, "num_attention_heads": 10, "intermediate_size": 2560, "vocab_size": 16000},
         {"batch": 4.0, "seq_len": 384.0}, 1000.4),
        ("rembert", "RemBertForSequenceClassification", {**ENCODER, "input_embedding_size": 128}, {}, 735.9),
        ("squeezebert", "SqueezeBertForSequenceClassification", {"vocab_size": 8000, "hidden_size": 768,
         "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}, {}, 2263.7),
        ("falcon", "FalconForCausalLM", FALCON, {"batch": 4.0, "seq_len": 512.0}, 717.8),
        # ReLUs without dropout, a gelu of its own, an output of a stated length.
        ("mobilebert", "MobileBertForSequenceClassification", {"vocab_size": 8000, "num_hidden_layers": 12},
         {}, 648.1),
        ("esm", "EsmForMaskedLM", {**ENCODER, "vocab_size": 33, "position_embedding_type": "rotary"},
         {}, 880.5),
        ("bart", "BartForConditionalGeneration", SEQ2SEQ, {"output_tokens": 256.0}, 1238.3),
        # Its convolutions make the most, which are the last to run backward.
        ("wav2vec2", "Wav2Vec2ForSequenceClassification", SOUND,
         {"batch": 2.0, "seq_len": None, "options": {"seconds": "10"}}, 1150.3),
    ],
)  # fmt: skip
def test_a_step_of_whole_models_by_torchs_operators(kind, name, config, columns, mib):
    """The most that is alive in a step in FP32 with AdamW one by one: transformers 5.23, fake tensors.

    Eight sequences of 256 tokens, four of 512 of a decoder, two of ten seconds; attention by SDPA's kernels.
    """
    raw = {"model_type": kind, "architectures": [name], **config}
    own = register(workload_of(raw, "config.json", f"{kind}-whole"))
    job = {"phase": "train", "precision": "fp32", "batch": 8.0, "seq_len": 256.0, "runtime": "transformers",
           **columns}  # fmt: skip
    job["options"] = {"optimizer": "adamw", "checkpointing": "none", **job.get("options", {})}
    found = parts(own.id, **job)
    assert (sum(found.values()) - found["context"]) / 2**20 == pytest.approx(mib, rel=0.065)


@pytest.mark.parametrize(
    ("name", "precision", "batch", "seconds", "mib"),
    [
        ("wav2vec2-base", "fp32", 8.0, 10.0, 1004.9),
        ("wav2vec2-large-lv60", "fp16", 1.0, 60.0, 377.6),
        ("hubert-large", "fp32", 1.0, 10.0, 125.9),
    ],
)
def test_convolutions_over_samples_come_in_a_row(name, precision, batch, seconds, mib):
    """The most that is alive beside the weights as these hear: transformers 5.23, fake tensors."""
    found = parts(
        name, phase="infer", precision=precision, batch=batch, runtime="transformers",
        options={"seconds": f"{seconds:g}"},
    )  # fmt: skip
    assert found["activations"] / 2**20 == pytest.approx(mib, rel=0.01)


@pytest.mark.parametrize(
    ("name", "columns", "mib"),
    [
        ("swin-tiny", {"batch": 8.0}, 661.7), ("segformer-b0", {"batch": 8.0}, None),
        ("wav2vec2-base", {"batch": 2.0, "options": {"seconds": "10"}}, None),
    ],
)  # fmt: skip
def test_the_fullest_of_unlike_layers_runs_again(name, columns, mib):
    """Swin's blocks come in pairs, each of which runs again alone; layers of early stages are the largest.

    The most that is alive in a step in FP32 with AdamW: transformers 5.23, fake tensors; a thousand classes.
    """
    job = {"phase": "train", "precision": "fp32", "runtime": "transformers", **columns}
    options = job.pop("options", {})
    again, not_again = (
        parts(name, options={**options, "checkpointing": kind}, **job) for kind in ("full", "none")
    )
    assert again["activations"] < 0.9 * not_again["activations"]
    if mib is not None:
        assert (sum(again.values()) - again["context"]) / 2**20 == pytest.approx(mib, rel=0.05)


@pytest.mark.parametrize(
    ("runtime", "frees"),
    [
        ("transformers 4.24", None),
        ("transformers 4.33 torch 1.13", None),
        ("transformers 4.33", True),
        ("transformers 4.24 torch 2.0", True),
    ],
)
def test_gradients_are_pytorchs_and_not_its_librarys(runtime, frees):
    """PyTorch 2.0, which frees them before each step, came between 4.26 and 4.28."""
    stack = named(runtime, "pytorch-2")
    assert stack.holds.get("frees_gradients") == frees
    assert not stack.flash
    assert stack.holds["cache_twice"]


def test_a_cache_of_fused_modules_is_made_once():
    """AutoAWQ's README: a custom cache, allocated for the batch and the tokens to come."""
    assert named("transformers 4.35", "pytorch-2").holds["cache_twice"]
    assert not named("autoawq 0.1.6 transformers 4.35", "pytorch-2").holds.get("cache_twice")


def test_a_prompt_alone_has_no_tokens_behind_it():
    """OPT 1.3B: keys and values of 400 tokens, 24 layers of 2,048 in FP16, made once."""
    found = parts(
        "opt-1.3b", phase="prefill", precision="fp16", batch=1, input_tokens=400, runtime="transformers 4.28"
    )
    assert found["kv_cache"] == 400 * 24 * 2 * 2048 * 2.0


def test_weights_of_no_known_shape_take_no_adapter():
    """Gemma 3n's towers stand as one product of a single input: 22 M parameters of rank 8, not 7.9 B."""
    item = resolve("gemma-3n-e4b")
    job = item.complete(Job(item.id, phase="finetune_lora", batch=1.0, options={"lora_rank": "8"}))
    assert trained_parameters(item.trace(job)) < 3e7


@pytest.mark.parametrize(
    ("runtime", "phase", "options"),
    [
        ("LLaMA-Factory", "finetune_lora", {"sharding": "none", "lora_rank": "8", "checkpointing": "full"}),
        ("LLaMA-Factory", "finetune_full", {"checkpointing": "full"}),
        ("Axolotl", "finetune_lora", {"sharding": "none"}),
        # What it is told goes before.
        ("Axolotl FSDP", "finetune_lora", {"sharding": "fsdp"}),
        ("LLaMA-Factory deepspeed zero3", "finetune_lora", {"sharding": "zero3"}),
    ],
)
def test_trainers_share_no_frozen_model_out_unasked(runtime, phase, options):
    job = Job("llama-2-7b", phase=phase, precision="bf16", n_gpus=2.0, batch=1.0, runtime=runtime)
    found = settle(job).job.options
    assert {name: found.get(name) for name in options} == options


@pytest.mark.parametrize(
    ("name", "megabytes"), [("yolov8n", 120.0), ("yolov8m", 348.0), ("yolo11n", 135.5), ("yolov10s", 293.0)]
)
def test_detectors_without_anchors_keep_what_their_loss_weighs(name: str, megabytes: float) -> None:
    """What a picture of 640 pixels adds at the loss, by the operators of Ultralytics 8.4 under autocast."""
    job = {"phase": "train", "precision": "amp-fp16", "height": 640.0, "width": 640.0, "runtime": "PyTorch"}
    one, nine = (parts(name, batch=batch, **job)["activations"] for batch in (1.0, 9.0))
    assert (nine - one) / 8e6 == pytest.approx(megabytes, rel=0.07)


@pytest.mark.parametrize(
    ("workload", "batch", "tokens", "gib"),
    [
        ("qwen2.5-1.5b", 2.0, 1024.0, 7.228),
        ("smollm2-1.7b", 4.0, 1024.0, 6.376),
        ("smollm2-135m", 1.0, 4096.0, 3.074),
        ("tinyllama-1.1b", 2.0, 512.0, 2.692),
    ],
)
def test_a_loop_of_ones_own_holds_the_logits_to_the_end(workload, batch, tokens, gib):
    """fitcheck's archive of a T4 (torch 2.14, LoRA of rank 32 on attention in FP16): tensors at the peak."""
    job = Job(
        workload, phase="finetune_lora", precision="fp16", batch=batch, seq_len=tokens,
        runtime="transformers 5.17 peft, own loop",
        options={"checkpointing": "full", "lora_rank": "32", "lora_targets": "attention"},
    )  # fmt: skip
    assert float(single(job, GPUS["t4"]).readings.allocated) / GIB == pytest.approx(gib, rel=0.015)


def tensors(name, **columns):
    """GiB of a step's tensors, without the driver's context."""
    found = parts(name, **columns)
    return (sum(found.values()) - found["context"]) / GIB


ADAPTED = {"lora_targets": "q,v", "lora_rank": "8"}


@pytest.mark.parametrize(
    ("name", "made", "columns", "options"),
    [
        ("flan-t5-xl", 16.09, {"batch": 8.0, "seq_len": 64.0}, {**ADAPTED, "target_tokens": "64"}),
        ("roberta-large", 15.31, {"batch": 64.0, "seq_len": 96.0, "phase": "finetune_full"}, {}),
        ("whisper-large-v2", 12.36, {"batch": 2.0, "runtime": "Transformers"}, ADAPTED),
        # Of the scores of its windows their softmax alone, since nothing is dropped.
        ("whisper-large-v2", 12.36 + 32 * 2 * 20 * 1500**2 * 4 / GIB, {"batch": 2.0}, ADAPTED),
    ],
)
def test_encoders_with_adapters_keep_what_their_operators_make(name, made, columns, options):
    """Steps in FP32 by torch 2.13's operators and transformers 5.23, in GiB; an old one has scores."""
    job = {"phase": "finetune_lora", "precision": "fp32", "runtime": "Transformers 4.30", **columns}
    assert tensors(name, options=options, **job) == pytest.approx(made, rel=0.04)


@pytest.mark.parametrize("name", ["deepspeech2", "tacotron2", "zamba2-1.2b"])
def test_steps_of_one_layer_are_all_there_as_the_last_runs_backward(name):
    found = parts(name, phase="train", batch=2.0)
    assert found.get("not_at_loss", 0.0) <= 0.0
    assert found["activations"] > 0.02 * GIB


def test_encoders_are_loaded_in_fp32_and_adapted_at_queries_and_values():
    """Whisper large by LoRA in FP16, 2 and 4 windows on an A100 by nvidia-smi: 37 and 63 GB."""
    for windows, published in ((2.0, 37e9), (4.0, 63e9)):
        job = {"phase": "finetune_lora", "precision": "fp16", "runtime": "Transformers 4.33"}
        found = parts("whisper-large-v2", batch=windows, **job)
        assert sum(found.values()) == pytest.approx(published, rel=0.1)
        assert found["weights"] > 5.7 * GIB
    decoder = parts("llama-2-7b", batch=1.0, seq_len=64.0, **job)
    assert decoder["weights"] < 12.8 * GIB


@pytest.mark.parametrize(
    ("name", "precision", "pixels", "gib"),
    [
        # Gradients of late layers come before those of the widest maps, when what these layers kept is gone.
        ("resnext26ts", "fp32", 256.0, 1.84), ("resnext26ts", "amp-bf16", 256.0, 1.02),
        ("dla102x2", "fp32", 224.0, 4.43), ("dla102x2", "amp-bf16", 224.0, 2.56),
        ("dpn68b", "fp32", 224.0, 1.57),
        ("coat-lite-medium", "fp32", 224.0, 4.73),
        # A norm of the map itself keeps what the convolution beside it keeps.
        ("repvgg-b0", "fp32", 224.0, 0.75),
        # The map times its norm is multiplied with a weight; a part of a map holds all of it.
        ("convnextv2-femto", "fp32", 224.0, 0.93), ("fasternet-t1", "fp32", 224.0, 0.56),
        # ReLU6 keeps a copy of what it writes over.
        ("mobilenet-v2", "fp32", 224.0, 1.22), ("mobilenet-v2", "amp-bf16", 224.0, 0.64),
        # StarReLU's scale keeps the square.
        ("caformer-b36", "fp32", 224.0, 8.74),
        # A slope's result is kept beside the sum that reads it.
        ("darknet53", "fp32", 256.0, 2.32), ("darknet17", "amp-bf16", 256.0, 0.71),
    ],
)  # fmt: skip
def test_the_fullest_moment_of_networks(name, precision, pixels, gib):
    """The most that is alive in a step of timm's networks on 16 pictures: torch 2.13, fake tensors."""
    found = parts(name, phase="train", precision=precision, batch=16.0, height=pixels, width=pixels,
                  runtime="pytorch-2", options={"optimizer": "adamw"})  # fmt: skip
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(gib, rel=0.05)


def test_encoders_hold_three_tensors_beside_their_widest_op() -> None:
    """MiB beside the weights by torch's operators: BERT base, large, and XLM-RoBERTa large as of BGE-M3."""
    for name, batch, tokens, mib in (
        ("bert-base", 8, 512, 134.1), ("bert-large", 16, 256, 177.1), ("bge-m3", 4, 2048, 368.1)
    ):  # fmt: skip
        job = {"phase": "infer", "precision": "fp32", "batch": float(batch), "seq_len": float(tokens)}
        found = parts(name, runtime="transformers", **job)["activations"]
        assert found / 2**20 == pytest.approx(mib, rel=0.05), name


@pytest.mark.parametrize(
    ("name", "batch", "tokens", "gib"),
    [
        ("llama-2-13b", 1, 64, 8.47),  # its products of queries, keys and values twice as it loads
        ("codellama-34b", 1, 64, 19.05),
        ("mpt-7b", 1, 64, 3.67),  # which has them in one
        ("mistral-7b", 1, 2048, 5.55),
        ("mistral-7b", 8, 2048, 16.82),  # 10 B of each score
        ("tinyllama-1.1b", 1, 2048, 2.10),
    ],
)
def test_fused_modules_write_a_prompts_scores_and_join_products(name, batch, tokens, gib):
    """AutoAWQ 0.1.6, peaks of its README, in GiB of tensors (examples/benchmark.py)."""
    job = {"phase": "generate", "precision": "awq", "runtime": "AutoAWQ 0.1.6"}
    columns = {"batch": float(batch), "input_tokens": float(tokens), "output_tokens": float(tokens)}
    read = whichgpu.fit(name, ["rtx-4090"], **job, **columns).to_dict()["read"]
    assert read["allocated"]["mid"] == pytest.approx(gib * GIB, rel=0.05)
    if tokens > 64:
        plain = whichgpu.fit(name, ["rtx-4090"], **{**job, "runtime": "AutoAWQ 0.1.6 unfused"}, **columns)
        assert plain.to_dict()["read"]["allocated"]["mid"] < 0.93 * gib * GIB
