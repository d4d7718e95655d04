"""Trainings as tables and commands name them: the method beside the software, and what trains nothing."""

from __future__ import annotations

import pytest
from job_rows import values

from whichgpu import api
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.hardware.catalogue import catalogue

GPUS = catalogue()


@pytest.mark.parametrize(
    ("columns", "phase", "options"),
    [({"phase": "finetune", "runtime": "Megatron LoRA"}, "finetune_lora", {}),
     ({"phase": "train", "options": {"peft": "dora"}}, "finetune_lora", {"adapter": "dora"}),
     ({"phase": "finetune_lora", "options": {"method": "lora"}}, "finetune_lora", {}),
     ({"phase": "finetune_lora", "options": {"method": "qlora"}}, "finetune_qlora", {}),
     ({"phase": "finetune_qlora", "options": {"peft": "lora"}}, "finetune_qlora", {}),
     ({"phase": "finetune_lora", "runtime": "Transformers QLoRA"}, "finetune_lora", {}),
     ({"phase": "serve", "runtime": "vLLM LoRA"}, "serve", {}),
     ({"phase": "finetune", "options": {"method": "full"}}, "finetune_full", {"method": "full"})],
)  # fmt: skip
def test_a_command_reads_the_method_of_a_fine_tuning_as_a_table_does(columns, phase, options):
    """`Megatron LoRA` trained all weights at the command, and adapters in a table."""
    job = api.job("llama-2-7b", **columns)
    assert (job.phase, job.options) == (phase, options)
    # What the name of the model says goes before what its software does.
    assert api.job("Llama-2-7B LoRA", phase="finetune", runtime="Unsloth QLoRA").phase == "finetune_lora"
    row = {"workload": "llama-2-7b", "gpu": "a100-80gb-sxm", "batch": "2", "seq_len": "2048", "n_gpus": "4"}
    said = ";".join(f"{key}={text}" for key, text in columns.get("options", {}).items())
    if job.trains:
        (told,) = predict_rows([{**row, **columns, "options": said}], GPUS)
        more = ";".join(f"{key}={text}" for key, text in options.items())
        bare = {**row, "runtime": columns.get("runtime", ""), "phase": phase, "options": more}
        (stated,) = predict_rows([bare], GPUS)
        assert told.value == pytest.approx(stated.value)


@pytest.mark.parametrize("text", ["MLPerf Training v4.1", "CUDA 12.4, driver 550.54"])
def test_a_word_that_says_tensorrt_of_an_inference_says_nothing_of_a_training(text):
    """ResNet-50 was trained by TensorRT, three times as fast as by what trains."""
    row = {"workload": "resnet50", "gpu": "h200-141gb-sxm", "phase": "train", "runtime": text}
    told, usual = predict_rows([row, {**row, "runtime": ""}], GPUS)
    assert told.value == pytest.approx(usual.value)
    found = api.predict("resnet50", gpu="h200-141gb-sxm", phase="train", runtime=text)
    (said,) = (one for one in found.warnings if one.startswith("runtime "))
    assert said.startswith(f"runtime '{text}' is not known; ")


@pytest.mark.parametrize(("engine", "told"), [("TensorRT", True), ("vLLM", True), ("PyTorch 2.4", False)])
def test_what_has_no_backward_pass_is_said_to_train_nothing(engine, told):
    found = api.predict("resnet50", gpu="h100-80gb-sxm", phase="train", runtime=engine)
    assert any("trains nothing" in one for one in found.warnings) is told


def test_a_submission_to_mlperf_waits_for_no_host():
    """Its steps are captured, its maps channels last; older rounds draw targets one by one, as PyTorch."""
    row = {
        "workload": "maskrcnn-r50-fpn",
        "gpu": "a100-80gb-sxm",
        "n_gpus": "8",
        "phase": "train",
        "batch": "12",
    }
    plain, old, submitted = values(
        *({**row, "runtime": text} for text in ("PyTorch 2", "MLPerf Training v0.7 PyTorch 2",
                                                "MLPerf Training v2.0 PyTorch 2"))
    )  # fmt: skip
    assert submitted > 2.0 * old
    named, other = values(
        {**row, "workload": "Mask R-CNN (MLPerf Training v2.0)", "runtime": "PyTorch 2"},
        {**row, "workload": "MLPerf Training v0.7 Mask R-CNN", "runtime": "PyTorch 2"},
    )
    assert named == pytest.approx(submitted)
    assert other == pytest.approx(old)
    assert old == pytest.approx(plain, rel=0.1)


def test_toolboxes_of_detectors_run_in_whole_numbers_unless_they_are_told_otherwise():
    row = {"workload": "fasterrcnn-r50-fpn", "gpu": "v100-32gb-sxm", "batch": "2"}
    for phase, text in (("train", "detectron2"), ("infer", "mmdetection 2"), ("infer", "mmdet 3.1")):
        left, whole, mixed, said = values(
            {**row, "phase": phase, "runtime": text},
            {**row, "phase": phase, "runtime": text, "precision": "fp32"},
            {**row, "phase": phase, "runtime": text, "precision": "amp"},
            {**row, "phase": phase, "runtime": f"{text} (AMP)"},
        )  # fmt: skip
        assert left == whole < mixed
        assert said > left


def test_a_release_of_torchvision_is_one_of_pytorch():
    row = {"workload": "resnet50", "gpu": "v100-32gb-sxm", "phase": "train", "batch": "64"}
    old, torch, new = values(
        *({**row, "runtime": text} for text in ("torchvision 0.12", "PyTorch 1.11", "PyTorch 2"))
    )
    assert old == torch != new


CUT = {
    "workload": "llama-3.1-405b", "gpu": "h100-80gb-sxm", "n_gpus": "8192", "phase": "pretrain",
    "precision": "bf16", "batch": "1", "seq_len": "8192", "tp": "8", "pp": "16",
    "options": "global_batch=2048",
}  # fmt: skip
OF_EXPERTS = {"gpu": "h100-80gb-sxm", "phase": "pretrain", "precision": "bf16", "seq_len": "4096"}


@pytest.mark.parametrize("runtime", ["", "Meta"])
def test_what_trains_a_model_that_is_cut_is_megatron_where_nothing_is_named(runtime):
    """PyTorch's own trainers share all of a model out alike; that it is a guess widens the interval."""
    rows = [{**CUT, "runtime": text} for text in (runtime, "Megatron-LM", "PyTorch")]
    guessed, named, other = predict_rows(rows, GPUS)
    assert guessed.value == pytest.approx(named.value)
    assert guessed.high / guessed.low > 1.1 * named.high / named.low
    assert other.value < 0.8 * named.value
    # A table is answered as its rows are by themselves, in any company.
    whole = {**CUT, "tp": "", "pp": "", "options": ""}
    _, again = predict_rows([whole, rows[0]], GPUS)
    assert again.value == guessed.value
    asked = api.predict(
        "llama-3.1-405b", gpu="h100-80gb-sxm:8192", phase="pretrain", precision="bf16", batch=1, seq_len=8192,
        tp=8, pp=16, runtime=runtime, options={"global_batch": "2048"},
    )  # fmt: skip
    assert asked.to_dict()["predicted"]["value"]["mid"] / 8192 == pytest.approx(
        guessed.value / 8192, rel=1e-6
    )


def test_a_trainer_of_a_name_that_nobody_knows_keeps_its_kernels_where_it_cuts_layers():
    """InternEvo, Llama 2 7B on eight A100: 4,078 tokens/s a GPU whole, 3,761 in halves (its docs, 2023)."""
    row = {
        "workload": "llama-2-7b", "gpu": "a100-80gb-sxm", "n_gpus": "8", "phase": "pretrain",
        "precision": "bf16", "seq_len": "2048", "runtime": "InternEvo",
        "options": "sharding=zero1;grad_accum=4;checkpointing=none",
    }  # fmt: skip
    whole, halves = predict_rows([{**row, "batch": "2"}, {**row, "batch": "4", "tp": "2"}], GPUS)
    assert 0.9 * whole.value < halves.value < 1.02 * whole.value


def test_a_trainer_that_shares_weights_out_is_no_megatron():
    """FSDP beside tensor parallelism is PyTorch's; adapters, and a model in one piece, are as they were."""
    whole = {**CUT, "workload": "llama-3.1-70b", "n_gpus": "64", "pp": "", "options": "sharding=fsdp"}
    shared, plain = predict_rows([whole, {**whole, "runtime": "PyTorch"}], GPUS)
    assert shared.value == pytest.approx(plain.value)


@pytest.mark.parametrize(
    ("workload", "n_gpus", "runtime", "least"),
    [("deepseek-v3", "2048", "Megatron-LM", 600.0), ("deepseek-v2", "1024", "", 600.0),
     ("gpt-oss-120b", "64", "Megatron-Bridge", 4000.0), ("mixtral-8x7b", "64", "Megatron-LM", 3500.0)],
)  # fmt: skip
def test_experts_of_which_no_mesh_is_stated_are_dealt_out_before_they_are_gathered(
    workload, n_gpus, runtime, least
):
    """Gathered with every micro-batch they were a fifth to a tenth as fast as such runs are published."""
    row = {**OF_EXPERTS, "workload": workload, "n_gpus": n_gpus, "runtime": runtime}
    (told,) = predict_rows([row], GPUS)
    assert not told.error
    assert told.value / float(n_gpus) > least
    # Stated by half they are no refusal, as they were.
    (half,) = predict_rows([{**row, "options": "ep=8"}], GPUS)
    assert not half.error


@pytest.mark.parametrize(
    ("text", "stack"),
    [("DeepSpeed Ulysses ZeRO-3", "pytorch-2"), ("Transformers DeepSpeed ZeRO-3 Ulysses", "transformers")],
)
def test_a_sequence_that_deepspeed_shares_out_names_no_diffusers(text: str, stack: str) -> None:
    """Ulysses shares out the tokens of videos under xDiT, and those of texts under DeepSpeed."""
    found = api.predict(
        "llama-3.1-8b", gpu="h100-80gb-sxm:8", phase="finetune_full", precision="bf16", batch=1, runtime=text,
        seq_len=16384, options={"cp": "8", "checkpointing": "full"},
    )  # fmt: skip
    assert found.runtime == stack


@pytest.mark.parametrize(
    ("workload", "degrees", "told"),
    [("resnet50", {"tp": 2}, "tp=2: frameworks train resnet50 whole on each GPU"),
     ("stable-diffusion-1.5", {"pp": 2}, "use --pp 1"), ("vit-base-patch16-224", {"tp": 2}, ""),
     ("resnet50", {}, "")],
)  # fmt: skip
def test_a_network_that_no_framework_cuts_is_said_to_be_whole(workload, degrees, told):
    found = api.predict(workload, gpu="a100-80gb-sxm:8", phase="train", batch=8, **degrees)
    said = [text for text in found.warnings if "whole on each GPU" in text]
    assert len(said) == bool(told)
    assert all(told in text for text in said)


def test_what_was_assumed_where_nothing_is_named_is_no_unknown_name():
    cut = {"gpu": "h100-80gb-sxm:64", "phase": "pretrain", "batch": 1, "seq_len": 4096, "tp": 8, "pp": 8}
    plain, named = (api.predict("llama-3-70b", **cut, **one).warnings for one in ({}, {"runtime": "Meta"}))
    assert "no runtime was named; Megatron-LM / Transformer Engine was assumed" in plain
    assert "runtime 'Meta' is not known; Megatron-LM / Transformer Engine was assumed" in named


@pytest.mark.parametrize(
    ("gpu", "kind", "batch", "seconds", "taken"),
    [("a100-80gb-sxm", "amp-fp16", "16", "16.7", 57.78), ("a100-80gb-sxm", "tf32", "16", "16.7", 61.49),
     ("v100-32gb-sxm", "amp-fp16", "16", "16.7", 69.87), ("v100-32gb-sxm", "fp32", "8", "16.7", 61.86)],
)  # fmt: skip
def test_quartznet_takes_what_windows_over_time_take(gpu, kind, batch, seconds, taken):
    """Published for NVIDIA's example, in ms; 39 and 44 were told of the two in mixed precision."""
    row = {"workload": "quartznet-15x5", "gpu": gpu, "phase": "infer", "precision": kind, "batch": batch,
           "runtime": "NVIDIA DeepLearningExamples PyTorch NGC 21.07", "options": f"seconds={seconds}",
           "metric": "latency", "unit": "ms"}  # fmt: skip
    (found,) = predict_rows([row], GPUS)
    assert found.value == pytest.approx(taken, rel=0.2)


def test_paddlepaddle_trains_by_libraries_and_infers_by_tensorrt_s_kernels():
    """BERT-large on SQuAD: 120 and 83 sequences/s are published of an A100; 247 and 117 were told."""
    row = {"workload": "bert-large-squad", "gpu": "a100-80gb-sxm", "phase": "train", "batch": "32",
           "seq_len": "384", "runtime": "PaddlePaddle NGC 22.08"}  # fmt: skip
    half, full = predict_rows([{**row, "precision": "amp-fp16"}, {**row, "precision": "tf32"}], GPUS)
    assert half.value == pytest.approx(120, rel=0.15)
    assert full.value == pytest.approx(83, rel=0.15)
    trained, inferred = (
        api.predict("resnet50", gpu="a30", phase=phase, batch=64, runtime="PaddlePaddle 2.4")
        for phase in ("train", "infer")
    )
    assert (trained.runtime, inferred.runtime) == ("paddle-framework", "paddle")
    assert not any("trains nothing" in one or "not known" in one for one in trained.warnings)
