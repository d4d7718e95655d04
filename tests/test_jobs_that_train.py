"""Trainings as tables and commands name them: the method beside the software, and what trains nothing."""

from __future__ import annotations

import pytest

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
