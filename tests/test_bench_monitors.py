"""Rows of what monitors and other benchmarks print; figures made up, layouts as these programs have them."""

from __future__ import annotations

import pytest

from whichgpu.bench import imports
from whichgpu.hardware.catalogue import catalogue

SMI = """\
timestamp, name, pci.bus_id, power.draw [W], utilization.gpu [%], memory.used [MiB]
2026/01/10 10:00:00.123, NVIDIA A100-SXM4-80GB, 00000000:07:00.0, 310.00 W, 98 %, 40960 MiB
2026/01/10 10:00:01.123, NVIDIA A100-SXM4-80GB, 00000000:07:00.0, [N/A], 100 %, 20480 MiB
2026/01/10 10:00:02.123, NVIDIA A100-SXM4-80GB, 00000000:07:00.0, 330.00 W, 99 %, 2048 MiB
"""
SMI_DMON = """\
#Date       Time        gpu    pwr  gtemp  mtemp     sm    mem     fb
#YYYYMMDD   HH:MM:SS    Idx      W      C      C      %      %     MB
 20260110   10:00:00      0    310     61     58     98     60  40960
 20260110   10:00:00      1    330     62      -    100     61  40000
#Date       Time        gpu    pwr  gtemp  mtemp     sm    mem     fb
"""
DCGMI = """\
#Entity   GPUTL        MCUTL        POWER        FBUSD
ID                                  W
GPU 0     98           60           310.000      40960
GPU 0     100          61           330.000      40000
GPU 0     N/A          N/A          N/A          N/A
"""
DEVICES = {
    "  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes\n": "rtx-3090",
    "ggml_vulkan: 0 = AMD Radeon RX 7900 XTX (RADV NAVI31) (radv) | uma: 0 | fp16: 1\n": "rx-7900-xtx",
    "ggml_metal_init: GPU name:   Apple M2 Ultra 76c\n": "apple-m2-ultra-76c",
}
TABLE = """\
| model           |       size |     params | backend    | ngl |          test |                  t/s |
| --------------- | ---------: | ---------: | ---------- | --: | ------------: | -------------------: |
| llama 7B Q4_0   |   3.56 GiB |     6.74 B | Vulkan     |  99 |         tg128 |        128.85 ± 0.32 |
"""
SQL = """\
CREATE TABLE IF NOT EXISTS llama_bench (
  build_commit TEXT,
  avg_ts REAL
);

INSERT INTO llama_bench (build_commit, gpu_info, model_filename, n_prompt, n_gen, avg_ts, stddev_ts) \
VALUES ('e562eece', 'NVIDIA GeForce RTX 4090', 'Qwen2.5-7B-Instruct.gguf', '0', '128', '148', '0.37');
"""
AIPERF = """\
Metric,avg,min,max,p99
Inter Token Latency (ms),24.10,20.00,40.00,35.0
Output Sequence Length (tokens),500.00,300.00,500.00,500
Time to First Token (ms),153.20,40.0,500.0,400

Metric,Value
Output Token Throughput (tokens/sec),"1,250.40"
"""
PRINTED = """\
Namespace(backend='vllm', model='Qwen/Qwen2.5-32B-Instruct', max_concurrency=32)
============ Serving Benchmark Result ============
Successful requests:                     320
Maximum request concurrency:             32
Total generated tokens:                  81920
Output token throughput (tok/s):         809.33
"""
SGLANG = """\
sglang:generation_tokens_total{{model_name="Qwen/Qwen3-8B"}} {made}
sglang:prompt_tokens_total{{model_name="Qwen/Qwen3-8B"}} {made}
sglang:num_requests_total{{model_name="Qwen/Qwen3-8B"}} {done}
sglang:num_running_reqs{{dp_rank="0",model_name="Qwen/Qwen3-8B"}} 10
sglang:num_running_reqs{{dp_rank="1",model_name="Qwen/Qwen3-8B"}} 6
"""
TRTLLM = """\
Model:                  meta-llama/Llama-3.1-8B-Instruct
TensorRT LLM Version:   1.1.0
Quantization:           FP8
TP Size:                1
Total Output Throughput (tokens/sec):             28609.6800
Average time-to-first-token [TTFT] (ms):          5210.1121
Average time-per-output-token [TPOT] (ms):        53.5756
"""


def rows(path, text, **stated):
    path.write_text(text, encoding="utf-8")
    found = imports.load([path], stated, catalogue())
    assert not found.faults
    return [one.row for one in found.records]


@pytest.mark.parametrize("text", [SMI, SMI_DMON, DCGMI])
def test_readings_of_a_monitor_are_means_and_the_most_memory(tmp_path, text):
    found = rows(
        tmp_path / "log", text, workload="resnet50", **({} if text is SMI else {"gpu": "a100-80gb-sxm"})
    )
    assert {row["metric"]: row["value"] for row in found} == {
        "power": "320", "utilisation": "99", "gpu_memory_used": "40"
    }  # fmt: skip
    assert {row["gpu"] for row in found} == {"a100-80gb-sxm"}
    assert {row["n_gpus"] for row in found} == {"2" if text is SMI_DMON else "1"}


def test_a_monitor_that_read_nothing_is_said_to(tmp_path):
    (tmp_path / "log").write_text(DCGMI.replace("310.000", "N/A").partition("GPU 0     98")[0])
    (fault,) = imports.load(
        [tmp_path / "log"], {"workload": "resnet50", "gpu": "l4"}, catalogue()
    ).faults.values()
    assert "no reading of power, memory or utilisation" in fault


@pytest.mark.parametrize("device", DEVICES)
def test_the_backends_line_names_the_device_of_a_table(tmp_path, device):
    (row,) = rows(tmp_path / "table.md", device + TABLE, workload="llama-2-7b")
    assert (row["gpu"], row["value"], row["phase"]) == (DEVICES[device], "128.85", "decode")


def test_sql_of_llama_bench(tmp_path):
    (row,) = rows(tmp_path / "bench.sql", SQL)
    assert (row["workload"], row["gpu"]) == ("qwen2.5-7b", "rtx-4090")
    assert (row["value"], row["spread"], row["output_tokens"]) == ("148", "0.0025", "128")


def test_csv_of_aiperf(tmp_path):
    found = rows(tmp_path / "a.csv", AIPERF, workload="llama-3.1-8b", gpu="l4", concurrency=8)
    assert {row["metric"]: row["value"] for row in found} == {
        "throughput": "1250.4", "ttft": "153.2", "tpot": "24.1"
    }  # fmt: skip
    assert {row["output_tokens"] for row in found} == {"500"}


def test_the_model_of_what_was_printed_stands_before_it(tmp_path):
    (row,) = rows(tmp_path / "log.txt", PRINTED, gpu="h100-80gb-sxm")
    assert (row["workload"], row["value"], row["concurrency"]) == ("qwen2.5-32b", "809.33", "32")


@pytest.mark.parametrize("below", [False, True])
def test_counters_of_sglang(tmp_path, below):
    """When a scrape was made stands above its samples, or below them."""
    scrapes = ("# scraped 100\n", SGLANG.format(made=0, done=0)), (
        "# scraped 200\n", SGLANG.format(made=1e5, done=200)
    )  # fmt: skip
    text = "".join("".join(reversed(one) if below else one) for one in scrapes)
    (row,) = rows(tmp_path / "s.prom", text, gpu="l40s")
    assert (row["workload"], row["runtime"], row["value"]) == ("qwen3-8b", "sglang", "1000")
    assert (row["concurrency"], row["output_tokens"]) == ("16", "500")


def test_times_of_trtllm_bench_with_streaming(tmp_path):
    found = rows(tmp_path / "t.txt", TRTLLM, gpu="h100-80gb-sxm")
    assert [row["metric"] for row in found] == ["throughput", "ttft", "tpot"]
    assert {row["runtime"] for row in found} == {"TensorRT-LLM 1.1.0"}
