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
