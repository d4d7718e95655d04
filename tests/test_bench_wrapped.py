"""Outputs as they are found: behind stamps and quotation marks, on pages, several in one text."""

from __future__ import annotations

import pytest

from whichgpu.bench import imports
from whichgpu.hardware.catalogue import catalogue

STEPS = """\
TensorFlow:  1.15
Model:       resnet50
Mode:        training
Batch size:  64 global
             32 per device
Devices:     ['horovod/gpu:0', 'horovod/gpu:1']
30        images/sec: 82.0 +/- 1.0 (jitter = 2.6) 8.038
40        images/sec: 81.5 +/- 0.9 (jitter = 2.9) 9.497
"""
SERVED = """\
============ Serving Benchmark Result ============
Successful requests:                     16
Maximum request concurrency:             16
Total input tokens:                      16000
Total generated tokens:                  1600
Output token throughput (tok/s):         857.78
Mean TTFT (ms):                          876.28
==================================================
"""
CSV = """\
build_number,gpu_info,backends,model_filename,model_type,n_gpu_layers,n_prompt,n_gen,avg_ts,stddev_ts
"9992","NVIDIA A10","CUDA","llama-2-7b.Q4_0.gguf","llama 7B Q4_0","99","0","128","78.31","0.2"
"""
MLPERF = """\
MLPerf Results Summary
SUT name : PySUT
Scenario : Offline
Mode     : PerformanceOnly
Samples per second: 33.5
Result is : INVALID

MLPerf Results Summary
Scenario : Single Stream
Mode     : Performance
90th percentile latency (ns) : 8434934
Result is : VALID
Mean latency (ns)               : 8229386

MLPerf Results Summary
Scenario : Server
Mode     : AccuracyOnly
Result is : VALID
"""
ROUND = """\
Organization,Availability,MlperfModel,Scenario,Result,number_of_nodes,accelerator_model_name,accelerators_per_node,framework,version,Units,weight_data_types
ACME,available,resnet,Offline,88000.5,1,NVIDIA A100-SXM-80GB,2,TensorRT 9.0,v4.0,Samples/s,int8
ACME,available,resnet,SingleStream,0.4,1,NVIDIA A100-SXM-80GB,2,TensorRT 9.0,v4.0,Latency (ms),int8
"""


def read(tmp_path, name, text, **stated):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    found = imports.load([path], stated, catalogue())
    assert not found.faults
    return found


def each(text, stamp):
    return "".join(f"{stamp}{line}" for line in text.splitlines(keepends=True))


@pytest.mark.parametrize(
    "stamp",
    ["INFO|2024-12-07T13:55:05|/opt/launcher.py|27| ", "[1,0]<stdout>:", "2024-12-07T13:55:05.123Z ",
     "2024-12-07T13:55:05+01:00 ", "2026-05-14 22:13:25.196 | ", "> ", "    ", "[pod/worker-0/main] "],
)  # fmt: skip
def test_what_stands_before_each_line_is_none_of_it(tmp_path, stamp):
    before = "" if stamp == "    " else "Warning: added 'node2' to the list of known hosts.\n"
    row = read(tmp_path, "run.log", before + each(STEPS, stamp), gpu="v100-16gb-sxm2").records[0].row
    assert {name: row[name] for name in ("workload", "n_gpus", "batch", "value")} == {
        "workload": "resnet50", "n_gpus": "2", "batch": "32", "value": "163"}  # fmt: skip
    rows = [one.row for one in read(tmp_path, "served.log", before + each(SERVED, stamp),
                                    gpu="l40s", workload="llama-3.1-8b").records]  # fmt: skip
    assert [row["value"] for row in rows] == ["857.78", "876.28"]


def test_model_and_load_of_the_command_before_a_result(tmp_path):
    text = f"""\
[RUNNING] con=16
vllm bench serve --model "Qwen/Qwen3-8B" --max-concurrency 16 --request-rate inf
{SERVED}
vllm bench serve --model Qwen/Qwen3-14B --request-rate 2.5
{SERVED.replace("Maximum request concurrency:             16", "")}"""
    rows = [one.row for one in read(tmp_path, "two.md", text, gpu="l40s").records]
    assert [row["workload"] for row in rows] == ["qwen3-8b"] * 2 + ["qwen3-14b"] * 2
    assert (rows[0]["concurrency"], rows[0]["options"]) == ("16", "num_prompts=16")
    assert "request_rate=2.5" in rows[2]["options"]
    table = """\
genai-perf profile --model Qwen/Qwen2.5-72B-Instruct \\
  --concurrency 10
┃                            Statistic ┃       avg ┃
│                 Request Latency (ms) │ 37,719.87 │
│ Output Token Throughput (tokens/sec) │     91.19 │
└──────────────────────────────────────┴───────────┘
"""
    rate = read(tmp_path, "genai.md", table, gpu="h100-80gb-sxm:4").records[0].row
    assert (rate["workload"], rate["concurrency"], rate["value"]) == ("qwen2.5-72b", "10", "91.19")


def test_a_csv_of_llama_bench_between_other_lines(tmp_path):
    row = read(tmp_path, "run.txt", f"$ llama-bench -o csv\n[1/3]\n{CSV}\ndone\n").records[0].row
    assert (row["workload"], row["gpu"], row["phase"], row["value"]) == (
        "llama-2-7b", "a10", "decode", "78.31")  # fmt: skip


def test_the_gpu_of_metal_by_its_new_name(tmp_path):
    text = """\
ggml_metal_device_init: GPU name:   MTL0 (Apple M2 Ultra)
| model                          |       size |     params | backend    | test |   t/s |
| ------------------------------ | ---------: | ---------: | ---------- | ---: | ----: |
| llama 7B Q4_0                  |   3.56 GiB |     6.74 B | BLAS,MTL   | tg128 | 88.64 ± 0.01 |
"""
    fault = imports.load([_written(tmp_path, text)], {}, catalogue()).faults
    assert "'Apple M2 Ultra' may be apple-m2-ultra" in next(iter(fault.values()))


def _written(tmp_path, text):
    path = tmp_path / "table.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_several_summaries_of_mlperf_in_one_text(tmp_path):
    found = read(tmp_path, "runs.md", MLPERF, gpu="t4", workload="resnet50")
    assert [(one.row["metric"], one.row.get("batch", ""), one.row["value"]) for one in found.records] == [
        ("throughput", "", "33.5"), ("latency", "1", "8.229386")]  # fmt: skip
    assert any("AccuracyOnly" in note for note in found.notes)
    times = "Result is : VALID\nMean Time to Output Token (ns)               : 126269215\n"
    spoken = f"MLPerf Results Summary\nScenario : Server\nCompleted tokens per second: 300.5\n{times}"
    rows = [one.row for one in read(tmp_path, "llm.txt", spoken, gpu="l40s", workload="llama-2-70b").records]
    assert [(row["metric"], row["value"]) for row in rows] == [
        ("throughput", "300.5"), ("tpot", "126.269215")]  # fmt: skip


def test_a_round_of_mlperf_as_the_checker_of_submissions_writes_it(tmp_path):
    (one,) = read(tmp_path, "summary.csv", ROUND).records
    shown = ("workload", "gpu", "n_gpus", "precision", "unit", "value", "source")
    assert {name: one.row[name] for name in shown} == {
        "workload": "resnet50", "gpu": "a100-80gb-sxm", "n_gpus": "2", "precision": "int8",
        "unit": "samples/s", "value": "88000.5", "source": "MLPerf v4.0 ACME"}  # fmt: skip


TABLE = """\
| rocm  | model                          |       size |     params | backend | ngl | test  |          t/s |
| ----- | ------------------------------ | ---------: | ---------: | ------- | --: | ----: | -----------: |
| 6.3.4 | llama 8B Q8_0                  |   7.95 GiB |     8.03 B | ROCm    |  99 | tg128 | 33.48 ± 0.43 |
"""
DEVICE = "  Device {}: AMD Radeon AI PRO R9700, gfx1201 (0x1201), VMM: no, Wave Size: 32, VRAM: 32624 MiB\n"


def test_each_run_of_llama_bench_has_the_devices_before_it(tmp_path):
    text = (
        f"{DEVICE.format(0)}{TABLE}build: 1a2b (100)\n{DEVICE.format(0)}{DEVICE.format(1)}{TABLE}{TABLE}"
        f"build: 1a2b (200)\n"
    )
    rows = [one.row for one in read(tmp_path, "passes.md", text).records]
    assert [row["n_gpus"] for row in rows] == ["1", "2", "2"], "the last one has none of its own before it"
    assert rows[0]["runtime"] == "llama.cpp b100"
    head, rest = TABLE.split("\n", 1)
    late = read(tmp_path, "late.md", f"{head}\n{DEVICE.format(0)}{rest}").records
    assert [one.row["n_gpus"] for one in late] == ["1"], "what the backend prints may come behind the head"


def test_the_command_above_a_table_names_its_model(tmp_path):
    table = TABLE.replace("llama 8B Q8_0 ", "llama 7B Q4_0 ")
    found = read(
        tmp_path, "table.md", f"$ llama-bench -m /m/llama-2-7b.Q4_0.gguf -p 0\n{DEVICE.format(0)}{table}"
    )
    assert found.records[0].row["workload"] == "llama-2-7b"
    assert not any("kind of model" in note for note in found.notes)
    unknown = read(tmp_path, "odd.md", f"$ llama-bench -m /m/my-merge.gguf -p 0\n{DEVICE.format(0)}{TABLE}")
    assert unknown.records[0].row["workload"].startswith("llama-3"), "a file of no known name says nothing"


def test_runs_of_tf_cnn_benchmarks_by_their_commands(tmp_path):
    text = """\
$ <b>python tf_cnn_benchmarks.py \\
    --num_gpus=1 --model resnet50 --batch_size 32</b>
100        images/sec: 343.4 +/- 0.3 (jitter = 3.6)        7.794
total images/sec: 343.19
$ <b>python tf_cnn_benchmarks.py \\
    --num_gpus=4 --model resnet152 --batch_size 64</b>
100        images/sec: 569.6 +/- 0.7 (jitter = 4.4)        7.682
total images/sec: 569.11
"""
    rows = [one.row for one in read(tmp_path, "page.html", text, gpu="v100-16gb-sxm2").records]
    assert [(row["workload"], row["n_gpus"], row["batch"], row["value"]) for row in rows] == [
        ("resnet50", "1", "32", "343.19"), ("resnet152", "4", "64", "569.11")]  # fmt: skip


def test_a_board_that_several_slices_or_pods_share_draws_its_power_once(tmp_path):
    def scrape(joules):
        return "".join(
            f'DCGM_FI_DEV_{name}{{gpu="0",UUID="GPU-1f0",modelName="NVIDIA A100-SXM4-80GB",{more}}} {value}\n'
            for name, value in (("POWER_USAGE", 287.5), ("TOTAL_ENERGY_CONSUMPTION", 1e3 * joules))
            for more in ('GPU_I_PROFILE="2g.20gb",GPU_I_ID="3"', 'GPU_I_PROFILE="2g.20gb",GPU_I_ID="5"')
        )

    text = f"# scraped 1000\n{scrape(5000.0)}# scraped 1100\n{scrape(25000.0)}"
    (power,) = read(tmp_path, "mig.prom", text, workload="llama-3.1-8b").records
    assert (power.row["n_gpus"], power.row["value"]) == ("1", "200")


def test_tokens_that_loadgen_infers_are_tokens(tmp_path):
    text = "MLPerf Results Summary\nScenario : Offline\nSamples per second: 9.25\nResult is : VALID\n"
    spoken = text + "Tokens per second (inferred): 638.83\n"
    (one,) = read(tmp_path, "gptj.txt", spoken, gpu="l40s", workload="gpt-j-6b").records
    assert (one.row["unit"], one.row["value"]) == ("output tokens/s", "638.83")
