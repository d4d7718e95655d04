"""Columns of tables other than the model's: systems, formats, engines, what is counted."""

from __future__ import annotations

import pytest
from job_rows import GPUS

from whichgpu.cost.table.jobs import predict_rows
from whichgpu.hardware.bins import resolve_whole


@pytest.mark.parametrize(
    ("text", "key", "count"),
    [
        # NVIDIA's systems in one word, as its examples' tables head them.
        ("DGX1V-16G", "v100-16gb-sxm", 8), ("DGX1V 32G", "v100-32gb-sxm", 8), ("DGX2", "v100-32gb-sxm3", 16),
        ("DGXA100-80G", "a100-80gb-sxm", 8), ("DGX2H", "v100-32gb-sxm3", 16),
        ("HGX A100 8-GPU 80GB", "a100-80gb-sxm", 8),
        # How several are joined, and what lists of devices write before a name.
        ("RTX 3090 x2 NVLink", "rtx-3090", 2), ("2x RTX 3090 w/ NVLink", "rtx-3090", 2),
        ("12x 8x A100 40GB SXM", "a100-40gb-sxm", 96), ("2x8xH100 SXM", "h100-80gb-sxm", 16),
        ("cuda:0 NVIDIA GeForce RTX 3090", "rtx-3090", 1), ("GPU 0: NVIDIA L40S", "l40s", 1),
        # Machines of one chip.
        ("ASUS Ascent GX10", "gb10", 1), ("Dell Pro Max with GB10", "gb10", 1),
        ("Framework Desktop (Ryzen AI Max+ 395)", "ryzen-ai-max-395", 1),
        # A slice of what is sold in several forms.
        ("H100 MIG 1g.10gb", "h100-80gb-sxm:mig-1g.10gb", 1), ("A100 1g.5gb", "a100-40gb-sxm:mig-1g.5gb", 1),
    ],
)  # fmt: skip
def test_systems_machines_and_slices_as_tables_write_them(text: str, key: str, count: int) -> None:
    gpu, found = resolve_whole(text, GPUS)
    assert (gpu.id, found) == (key, count)


def test_a_row_may_have_several_machines_of_those_that_its_gpu_names():
    row = {"workload": "resnet50", "phase": "train", "batch": "64"}
    several, plain, less = predict_rows(
        [{**row, "gpu": "8x A100-SXM4-40GB", "n_gpus": "32"},
         {**row, "gpu": "a100-40gb-sxm", "n_gpus": "32"},
         {**row, "gpu": "8x A100-SXM4-40GB", "n_gpus": "6"}], GPUS,
    )  # fmt: skip
    assert several.value == plain.value > 0
    assert "says 8 of it, n_gpus 6" in less.error


@pytest.mark.parametrize(
    ("text", "plain", "options"),
    [
        ("FP8 + FP8 KV", "fp8", "kv_precision=fp8"), ("fp16 (kv cache fp8)", "fp16", "kv_precision=fp8"),
        ("load_in_4bit", "nf4", ""), ("4-bit (MLX)", "4bit", ""), ("A16W4", "w4a16", ""), ("native", "", ""),
        ("fp16 weights", "fp16", ""), ("FP32 w/o TF32", "fp32", ""), ("bitsandbytes 4-bit", "nf4", ""),
    ],
)  # fmt: skip
def test_formats_with_what_stands_beside_them(text: str, plain: str, options: str) -> None:
    row = {"workload": "llama-3.1-8b", "gpu": "h100-80gb-sxm", "phase": "serve", "runtime": "vLLM"}
    said, known = predict_rows(
        [{**row, "precision": text}, {**row, "precision": plain, "options": options}], GPUS
    )
    assert said.value == known.value > 0


def test_text_generation_inference_keeps_eight_bits_of_weights_alone():
    row = {"workload": "llama-2-7b", "gpu": "a10g", "phase": "serve", "runtime": "TGI 1.4"}
    said, known = predict_rows([{**row, "precision": one} for one in ("int8", "w8a16")], GPUS)
    assert said.value == known.value > 0


def test_a_kind_of_file_leaves_its_bits_to_the_name():
    row = {"workload": "LoneStriker/Yi-34B-200K-4.65bpw-h6-exl2", "gpu": "rtx-4090", "runtime": "TabbyAPI"}
    kind, bits, open_ = predict_rows(
        [{**row, "precision": "exl2"}, {**row, "workload": "yi-34b", "precision": "4.65bpw"},
         {**row, "workload": "yi-34b", "precision": "exl2"}], GPUS,
    )  # fmt: skip
    assert kind.value == bits.value > 0
    assert "no precision 'exl2'" in open_.error


def test_programs_without_files_of_fp8_run_what_they_have():
    """GGUF's 8 bits stand in for those of DeepSeek's release; Ollama fetches four, whatever was released."""
    row = {"workload": "deepseek-r1:671b", "gpu": "a100-80gb-sxm:16", "phase": "decode"}
    bare, eight, fetched_, four = predict_rows(
        [{**row, "runtime": "llama.cpp"}, {**row, "runtime": "llama.cpp", "precision": "q8_0"},
         {**row, "runtime": "ollama"},
         {**row, "runtime": "ollama", "precision": "q4_k_m"}], GPUS,
    )  # fmt: skip
    assert bare.value == eight.value > 0
    assert fetched_.value == four.value != eight.value


def test_what_a_program_loads_is_its_own_in_a_table_of_several():
    row = {"workload": "qwen3-8b", "gpu": "rtx-4090", "phase": "decode"}
    orders = ("llama.cpp", "ollama"), ("ollama", "llama.cpp")
    one, other = (
        {row_["runtime"]: answer.value for row_, answer in zip(rows, predict_rows(rows, GPUS), strict=True)}
        for rows in ([{**row, "runtime": name} for name in order] for order in orders)
    )
    assert one == other
    assert one["ollama"] > 2.0 * one["llama.cpp"]


def test_lambda_runs_nvidias_examples():
    row = {"gpu": "a40", "phase": "train", "batch": "64", "precision": "fp16"}
    bare, known = predict_rows(
        [{**row, "workload": "ssd", "runtime": "Lambda PyTorch"},
         {**row, "workload": "ssd300-r50", "runtime": "PyTorch"}], GPUS,
    )  # fmt: skip
    assert not bare.error
    assert bare.value == pytest.approx(known.value, rel=0.2)


def test_an_engine_that_widens_fp8_does_so_where_a_row_asks_for_that():
    """vLLM multiplies FP8 weights in 16 bits on Ampere, by a name of its own; TensorRT-LLM does not."""
    row = {"workload": "yi-6b", "gpu": "a100-80gb-sxm", "phase": "serve", "runtime": "vLLM"}
    said, known, other, old = predict_rows(
        [{**row, "precision": "fp8"}, {**row, "precision": "fp8-w8a16"},
         {**row, "precision": "fp8", "runtime": "TensorRT-LLM"},
         {**row, "precision": "fp8", "gpu": "v100-32gb-sxm"}], GPUS,
    )  # fmt: skip
    assert "use --precision fp8-w8a16" in said.error
    assert known.value > 0
    assert "has no FP8" in other.error
    assert "has no FP8" in old.error


def test_apples_software_says_whose_m4_it_is():
    row = {"workload": "gemma-3-4b", "gpu": "M4", "phase": "generate"}
    apple, known, open_ = predict_rows(
        [{**row, "runtime": "MLX"}, {**row, "gpu": "apple-m4-10c", "runtime": "MLX"},
         {**row, "runtime": "llama.cpp"}], GPUS,
    )  # fmt: skip
    assert apple.value == pytest.approx(known.value)
    assert "'M4' may be" in open_.error


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("MIG 2g.20gb of A100 80GB SXM", "a100-80gb-sxm:mig-2g.20gb"),
        ("1g.5gb on an A100 SXM4 40GB", "a100-40gb-sxm:mig-1g.5gb"),
    ],
)
def test_a_slice_of_a_device(name: str, known: str) -> None:
    gpu, count = resolve_whole(name, GPUS)
    assert (gpu.id, count) == (known, 1)


def test_total_images_are_those_of_all_gpus() -> None:
    row = {"id": "a", "workload": "resnet50", "gpu": "v100-16gb-sxm", "n_gpus": "8", "phase": "train",
           "precision": "fp16", "batch": "256", "metric": "throughput"}  # fmt: skip
    rows = [{**row, "unit": unit} for unit in ("images/s", "total images/sec")]
    plain, total = predict_rows(rows, GPUS)
    assert not plain.error
    assert not total.error
    assert plain.value == total.value
