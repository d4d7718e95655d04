"""Logs of TensorRT, and logs of others as they are found: cut within a number, of systems with long names."""

from __future__ import annotations

import json

import pytest

from whichgpu.bench import imports
from whichgpu.bench.imports.mlperf import _chip
from whichgpu.bench.imports.trtexec import _version
from whichgpu.hardware.catalogue import catalogue

TRTEXEC = """\
&&&& RUNNING TensorRT.trtexec [TensorRT v8601] # trtexec --onnx=models/resnet50.onnx --fp16 --shapes=input:32x3x224x224
[07/14/2024-10:00:00] [I] === Device Information ===
[07/14/2024-10:00:00] [I] Selected Device: NVIDIA A10
[07/14/2024-10:00:00] [I] === Performance summary ===
[07/14/2024-10:00:00] [I] Throughput: 95.5 qps
[07/14/2024-10:00:00] [I] Latency: min = 10.1 ms, max = 12 ms, mean = 10.6 ms, median = 10.5 ms
[07/14/2024-10:00:00] [I] GPU Compute Time: min = 10 ms, max = 11 ms, mean = 10.46 ms, median = 10.4 ms
&&&& PASSED TensorRT.trtexec [TensorRT v8601] # trtexec --onnx=models/resnet50.onnx --fp16
"""  # noqa: E501
TRTLLM = """\
Model:\t\t\tmeta-llama/Llama-3.1-8B-Instruct
TensorRT-LLM Version:\t1.0.0
Dtype:\t\t\tbfloat16
Quantization:\t\tFP8
TP Size:                2
Request Throughput (req/sec):                     194.5
Total Output Throughput (tokens/sec):             24896.3
Average request latency (ms):                     9000.1
Average Input Length (tokens): 128.0
"""
TF = """\
Model:       vgg16
Devices:     ['/gpu:0']
10\timages/sec: 541.0 +/- 0.3 (jitter = 0.1)\t7.3
20\timages/sec: 540.1 +/- 0.3 (jitter = 0.1)\t7.3
"""


def read(tmp_path, name, text, **stated):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return imports.load([path], stated, catalogue())


def test_a_log_of_trtexec(tmp_path):
    rate, latency = (one.row for one in read(tmp_path, "t.log", TRTEXEC).records)
    assert {name: rate[name] for name in ("workload", "gpu", "batch", "precision", "runtime", "value")} == {
        "workload": "resnet50", "gpu": "a10", "batch": "32", "precision": "fp16", "runtime": "TensorRT 8.6.1",
        "value": "3056"}  # fmt: skip
    assert (latency["metric"], latency["value"]) == ("latency", "10.6")
    cut = read(tmp_path, "cut.log", TRTEXEC[: TRTEXEC.index(".5 qps")])
    assert "performance summary" in next(iter(cut.faults.values()))


@pytest.mark.parametrize(
    ("digits", "version"), [("8601", "8.6.1"), ("100300", "10.3.0"), ("101401", "10.14.1")]
)
def test_a_version_of_tensorrt(digits, version):
    assert _version(digits) == version


def test_what_trtllm_bench_prints(tmp_path):
    rate, latency = (one.row for one in read(tmp_path, "t.log", TRTLLM, gpu="h100-80gb-sxm").records)
    assert (rate["workload"], rate["precision"], rate["tp"], rate["n_gpus"]) == (
        "llama-3.1-8b",
        "fp8",
        "2",
        "2",
    )
    assert (rate["value"], rate["unit"], rate["input_tokens"]) == ("24896.3", "output tokens/s", "128")
    assert latency["value"] == "9000.1"
    cut = read(tmp_path, "cut.log", TRTLLM[: TRTLLM.index("Total")], gpu="l4")
    assert "cut off" in next(iter(cut.faults.values()))


def test_the_machine_that_trtllm_bench_names(tmp_path):
    """The name and the memory together are one card."""
    machine = "= MACHINE DETAILS\nNVIDIA A100-SXM4-80GB, memory 79.25 GB, 1.59 GHz\n"
    told = read(tmp_path, "t.log", machine + TRTLLM).records[0].row
    stated = read(tmp_path, "t.log", machine + TRTLLM, gpu="l4").records[0].row
    assert (told["gpu"], stated["gpu"]) == ("a100-80gb-sxm", "l4")
    known = {**REPORT, "machine": {"name": "NVIDIA L4", "memory.total": 22.5, "clocks.mem": 6.25}}
    assert read(tmp_path, "r.json", json.dumps(known)).records[0].row["gpu"] == "l4"


REPORT = {
    "engine": {"model": "meta-llama/Llama-3.1-8B", "version": "1.1.0", "dtype": "bfloat16",
               "quantization": "FP8"},
    "world_info": {"tp_size": 1, "pp_size": 1, "max_batch_size": 2048},
    "request_info": {"num_requests": 3000, "avg_num_concurrent_requests": 63.9, "avg_input_length": 128.0,
                     "avg_output_length": 256.0},
    "performance": {"avg_request_latency_ms": 1500.0, "system_output_throughput_tok_s": 9500.0},
    "streaming_metrics": {"avg_ttft_ms": 35.5, "avg_tpot_ms": 5.75},
}  # fmt: skip


def test_a_report_of_trtllm_bench(tmp_path):
    found = read(tmp_path, "report.json", json.dumps(REPORT), gpu="h100-80gb-sxm").records
    rows = {one.row["metric"]: one.row for one in found}
    assert {name: row["value"] for name, row in rows.items()} == {
        "throughput": "9500", "latency": "1500", "ttft": "35.5", "tpot": "5.75",
    }  # fmt: skip
    said = {"precision": "fp8", "runtime": "TensorRT-LLM 1.1.0", "concurrency": "64", "output_tokens": "256"}
    assert all(said.items() <= row.items() for row in rows.values())


def test_requests_of_trtllm_bench_that_are_all_sent_at_once(tmp_path):
    whole = {**REPORT, "request_info": {**REPORT["request_info"], "avg_num_concurrent_requests": 1890.0}}
    rows = [one.row for one in read(tmp_path, "r.json", json.dumps(whole), gpu="h100-80gb-sxm").records]
    assert rows[0]["concurrency"] == "max", "tokens/s are those of as many as fit"
    assert all(row["options"] == "num_prompts=3000;request_rate=inf" for row in rows[1:])
    assert not any(row.get("concurrency") for row in rows[1:])


def test_a_report_of_trtllm_bench_that_is_cut_off(tmp_path):
    text = json.dumps(REPORT)
    cut = read(tmp_path, "cut.json", text[: text.index('"streaming')], gpu="h100-80gb-sxm")
    assert "cut off" in next(iter(cut.faults.values()))


@pytest.mark.parametrize("tail", ["30\timages/sec: 5", "30\timages/sec: 53", "----\ntotal images/sec: 54"])
def test_half_a_number_is_none(tmp_path, tail):
    found = read(tmp_path, "tf.log", TF + tail, gpu="v100-16gb-sxm")
    assert found.records[0].row["value"] == "540.1"
    assert "cut off" in found.notes[0]


def test_a_whole_total_without_an_end_of_line_is_one(tmp_path):
    found = read(tmp_path, "tf.log", TF + "total images/sec: 540.55", gpu="v100-16gb-sxm")
    assert found.records[0].row["value"] == "540.55"
    assert found.notes == ()


@pytest.mark.parametrize(
    ("system", "chip"),
    [
        ("DGX-H100_H100-SXM-80GB", "H100-SXM-80GB"), ("XE9680_H100_SXM_80GB", "H100_SXM_80GB"),
        ("SYS-421GE-TNRT_L40S", "L40S"), ("ESC8000A_E11_H100", "H100"), ("RTX_A5000", "RTX_A5000"),
        ("GH200-GraceHopper-Superchip_GH200-96GB_aarch64", "GH200-96GB"),
        ("H200-SXM-141GB", "H200-SXM-141GB"),
        ("MI300X", "MI300X"), ("Orin", "Orin"),
    ],
)  # fmt: skip
def test_the_gpu_of_a_system_of_mlperf(system, chip):
    assert _chip(system) == chip


def test_a_submission_names_its_gpu_behind_its_chassis(tmp_path):
    name = "DGX-H100_H100-SXM-80GBx8_TRT/bert-99/Server/performance/run_1/mlperf_log_summary.txt"
    text = "MLPerf Results Summary\nScenario : Server\n"
    text += "Completed samples per second : 56570.62\nResult is : VALID\n"
    row = read(tmp_path, name, text).records[0].row
    assert (row["gpu"], row["n_gpus"], row["value"]) == ("h100-80gb-sxm", "8", "56570.62")


def test_prompt_and_generation_together_are_told_by_what_is_generated(tmp_path):
    """llama-bench -pg 512,128: 640 tokens in the time of which 128 are new."""
    test = {"gpu_info": "NVIDIA GeForce RTX 4090", "n_prompt": 512, "n_gen": 128, "avg_ts": 612.0,
            "stddev_ts": 6.12, "model_filename": "llama-2-7b.Q4_0.gguf",
            "model_type": "llama 7B Q4_0"}  # fmt: skip
    row = read(tmp_path, "pg.json", json.dumps([test])).records[0].row
    assert (row["phase"], row["value"], row["spread"]) == ("generate", "122.4", "0.01")


def test_layers_that_llama_cpp_left_in_the_host_are_said(tmp_path):
    file = "Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf"
    test = {"gpu_info": "NVIDIA GeForce RTX 4090", "n_prompt": 0, "n_gen": 128, "avg_ts": 15.2,
            "model_filename": file, "model_type": "llama 8B Q4_K - Medium", "n_gpu_layers": 20}  # fmt: skip
    some = read(tmp_path, "some.json", json.dumps([test]))
    assert some.records[0].row["options"] == "n_gpu_layers=20"
    assert "only 20 of 32 layers" in some.notes[0]
    every = read(tmp_path, "all.json", json.dumps([{**test, "n_gpu_layers": 33}]))
    assert every.notes == ()


def test_what_the_trainer_of_transformers_prints(tmp_path):
    rates = "'train_samples_per_second': 96.2, 'train_steps_per_second': 1.503, 'train_loss': 1.2}"
    log = f"{{'loss': 1.9, 'epoch': 0.5}}\n{{'train_runtime': 80.1, {rates}\n"
    stated = {"gpu": "l4:2", "workload": "bert-base", "seq_len": 256}
    twice = rates.replace("'", "").replace(": ", " = ").replace(", ", "\n  ")
    found = read(tmp_path, "train.log", log + twice, **stated)
    (one,) = (record.row for record in found.records)
    assert (one["value"], one["batch"], one["n_gpus"], one["runtime"]) == ("96.2", "32", "2", "trainer")
    assert "32 samples a step" in " ".join(found.notes)
    state = json.dumps({"log_history": [json.loads(f"{{{rates}".replace("'", '"'))], "train_batch_size": 8})
    (one,) = (record.row for record in read(tmp_path, "trainer_state.json", state, **stated).records)
    assert (one["batch"], one["options"]) == ("8", "grad_accum=4")
    assert read(tmp_path, "cut.log", log[:-24], **stated).faults
