"""What other benchmarks and monitors wrote, as rows; figures made up, layouts as these programs have them."""

from __future__ import annotations

import json
import re

import pytest

from tests.test_load_results import VLLM
from whichgpu.bench import imports
from whichgpu.bench.imports.llama_bench import _count
from whichgpu.cli import main
from whichgpu.hardware.catalogue import catalogue

TF = """\
2020-03-01 12:00:00: I tensorflow/core/gpu_device.cc:1006] name: Tesla V100-SXM2-16GB, pci bus id: 0
TensorFlow:  1.15
Model:       resnet50
Dataset:     imagenet (synthetic)
Mode:        BenchmarkMode.TRAIN
SingleSess:  False
Batch size:  512 global
             256 per device
Num batches: 100
Devices:     ['/gpu:0', '/gpu:1']
Data format: NCHW
Optimizer:   sgd
==========
Generating training model
Step\tImg/sec\ttotal_loss
1\timages/sec: 1400.2 +/- 0.0 (jitter = 0.0)\t8.173
10\timages/sec: 1402.0 +/- 2.8 (jitter = 4.1)\t8.0
100\timages/sec: 1404.0 +/- 1.4 (jitter = 2.2)\t7.7
----------------------------------------------------------------
total images/sec: 1403.55
----------------------------------------------------------------
"""
LLAMA = [
    {"build_commit": "8cf427ff", "build_number": 5163, "gpu_info": "NVIDIA GeForce RTX 4090",
     "backends": "CUDA", "model_filename": "models/Llama-2-7B-Q4_0.gguf", "model_type": "llama 7B Q4_0",
     "n_gpu_layers": 99, "type_k": "f16", "n_prompt": 512, "n_gen": 0, "n_depth": 0, "avg_ts": 13000.0,
     "stddev_ts": 130.0, "samples_ts": [12900.0, 13100.0]},
    {"build_commit": "8cf427ff", "build_number": 5163, "gpu_info": "NVIDIA GeForce RTX 4090",
     "model_filename": "ggml-model.gguf", "model_type": "llama 7B mostly Q4_K - Medium", "n_gpu_layers": 4,
     "type_k": "q8_0", "n_prompt": 0, "n_gen": 128, "avg_ts": 150.0, "stddev_ts": 0.3},
]  # fmt: skip
MLPERF = """\
================================================
MLPerf Results Summary
================================================
SUT name : BERT SERVER
Scenario : Offline
Mode     : PerformanceOnly
Samples per second: 43210.5
Result is : VALID
  Min duration satisfied : Yes

================================================
Additional Stats
================================================
Min latency (ns)                : 1000000
Mean latency (ns)               : 2000000
"""
ROUND = [
    {"ID": "5.1-0001", "Submitter": "ACME", "MlperfModel": "resnet", "Scenario": "Offline", "version": "v4.1",
     "accelerator_model_name": "NVIDIA H100-SXM-80GB", "accelerators_per_node": 8, "number_of_nodes": 1,
     "framework": "TensorRT 10.2, CUDA 12.4", "Performance_Result": 700000.0,
     "Performance_Units": "Samples/s", "weight_data_types": "int8"},
    {"ID": "5.1-0002", "MlperfModel": "llama2-70b-99", "Scenario": "Server", "accelerators_per_node": "8",
     "accelerator_model_name": "NVIDIA H200-SXM-141GB", "Performance_Result": 32000.0,
     "Performance_Units": "Tokens/s", "framework": "TensorRT-LLM", "weight_data_types": "fp8"},
    {"ID": "5.1-0003", "MlperfModel": "resnet", "Scenario": "SingleStream", "Performance_Result": 0.3,
     "Performance_Units": "Latency (ms)", "accelerator_model_name": "NVIDIA L4", "accelerators_per_node": 1},
    {"ID": "5.1-0004", "MlperfModel": "no-such-model", "Performance_Result": 5.0, "accelerators_per_node": 1,
     "Performance_Units": "Samples/s", "accelerator_model_name": "NVIDIA L4"},
]  # fmt: skip


def dcgm(energy, time, *, watts=(300.0, 340.0)):
    lines = ["# HELP DCGM_FI_DEV_POWER_USAGE Power draw (in W).", "# TYPE DCGM_FI_DEV_POWER_USAGE gauge"]
    for gpu, (joules, power) in enumerate(zip(energy, watts, strict=True)):
        label = f'{{gpu="{gpu}",UUID="GPU-{gpu}",modelName="NVIDIA H100 80GB HBM3",Hostname="n1"}}'
        lines += [
            f"DCGM_FI_DEV_POWER_USAGE{label} {power} {time}",
            f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{label} {joules * 1e3} {time}",
            f"DCGM_FI_DEV_GPU_UTIL{label} 90 {time}", f"DCGM_FI_DEV_FB_USED{label} 71680 {time}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def vllm(made, prompts, done):
    label = '{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"}'
    return "\n".join((
        "# TYPE vllm:generation_tokens_total counter",
        f"vllm:generation_tokens_total{label} {made}", f"vllm:prompt_tokens_total{label} {prompts}",
        f'vllm:request_success_total{{finished_reason="length",model_name="x"}} {done}',
        f"vllm:num_requests_running{label} 16",
        f'vllm:time_to_first_token_seconds_bucket{{le="+Inf",model_name="x"}} {done}',
        f"vllm:time_to_first_token_seconds_sum{label} {0.08 * done}",
        f"vllm:time_to_first_token_seconds_count{label} {done}",
        f"vllm:inter_token_latency_seconds_sum{label} {0.012 * made}",
        f"vllm:inter_token_latency_seconds_count{label} {made}",
    )) + "\n"  # fmt: skip


def loaded(path, text="", name="", **stated):
    paths = path if isinstance(path, list) else [path]
    if text:
        path.write_text(text, encoding="utf-8")
    return imports.load(paths, stated, catalogue(), name)


def rows(found):
    return [dict(one.row) for one in found.records]


def test_a_log_of_tf_cnn_benchmarks(tmp_path):
    found = loaded(tmp_path / "run.log", TF, precision="amp-fp16")
    (one,) = rows(found)
    assert (one["workload"], one["gpu"], one["n_gpus"], one["batch"]) == (
        "resnet50",
        "v100-16gb-sxm",
        "2",
        "256",
    )
    assert (one["phase"], one["precision"], one["value"], one["unit"]) == (
        "train", "amp-fp16", "1403.55", "images/s",
    )  # fmt: skip
    assert one["options"] == "layout=nchw"
    assert one["runtime"] == "tf_cnn_benchmarks TensorFlow 1.15"
    assert float(one["spread"]) == pytest.approx(0.001, rel=0.01)
    assert found.notes == ()


def test_a_log_that_was_cut_off_is_said_to_be(tmp_path):
    short = TF[: TF.index("100\timages")]
    found = loaded(tmp_path / "run.log", short)
    assert rows(found)[0]["value"] == "1402"
    assert "cut off: images/s of its step 10" in found.notes[0]
    nothing = loaded(tmp_path / "none.log", TF[: TF.index("1\timages")], "tf_cnn_benchmarks")
    assert not nothing.records
    assert "ends before it measured anything" in next(iter(nothing.faults.values()))


def test_several_runs_of_a_log_and_the_flags_of_its_command(tmp_path):
    second = TF[TF.index("TensorFlow:") :].replace("resnet50", "inception3").replace("1403.55", "880.0")
    text = "$ python tf_cnn_benchmarks.py --use_fp16=True --num_gpus=2\n" + TF + second
    found = rows(loaded(tmp_path / "run.log", text))
    assert [one["workload"] for one in found] == ["resnet50", "inception-v3"]
    assert [one["value"] for one in found] == ["1403.55", "880"]
    assert {one["precision"] for one in found} == {"amp-fp16"}
    assert {one["gpu"] for one in found} == {"v100-16gb-sxm"}


def test_a_log_of_tensorflow_2_and_flags_without_a_value(tmp_path):
    text = TF.replace(
        "name: Tesla V100-SXM2-16GB, pci bus id: 0", "name: NVIDIA RTX A5000 computeCapability: 8.6"
    )
    text = "$ python tf_cnn_benchmarks.py --forward_only --use_fp16 --num_gpus=2\n" + text.replace(
        "TRAIN", ""
    )
    (row,) = rows(loaded(tmp_path / "tf.log", text))
    assert (row["gpu"], row["phase"], row["precision"]) == ("rtx-a5000", "infer", "amp-fp16")


def test_json_of_llama_bench(tmp_path):
    found = loaded(tmp_path / "bench.json", json.dumps(LLAMA))
    first, second = rows(found)
    assert (first["workload"], first["gpu"], first["phase"], first["precision"]) == (
        "llama-2-7b", "rtx-4090", "prefill", "q4_0",
    )  # fmt: skip
    assert (first["input_tokens"], first["value"], first["spread"]) == ("512", "13000", "0.01")
    assert first["runtime"] == "llama.cpp b5163"
    assert (second["phase"], second["precision"], second["output_tokens"]) == ("decode", "q4_k_m", "128")
    assert second["options"] == "n_gpu_layers=4;kv_precision=q8_0"
    assert "only 4 of 32 layers" in " ".join(found.notes)
    lines = "\n".join(json.dumps(one) for one in LLAMA)
    assert len(rows(loaded(tmp_path / "bench.jsonl", lines))) == 2
    short = loaded(tmp_path / "short.json", json.dumps(LLAMA)[:-80])
    assert len(rows(short)) == 1
    assert "the file is cut off" in " ".join(short.notes)
    broken = loaded(tmp_path / "broken.json", json.dumps(LLAMA[1:])[:-60])
    assert "ends too early or is broken" in next(iter(broken.faults.values()))


def test_summaries_of_mlperf(tmp_path):
    place = tmp_path / "results" / "H100-SXM-80GBx8_TRT" / "resnet50" / "Offline" / "performance" / "run_1"
    place.mkdir(parents=True)
    found = loaded(place / "mlperf_log_summary.txt", MLPERF)
    (one,) = rows(found)
    assert (one["workload"], one["gpu"], one["n_gpus"]) == ("resnet50", "h100-80gb-sxm", "8")
    assert (one["metric"], one["unit"], one["value"]) == ("throughput", "samples/s", "43210.5")
    bad = loaded(tmp_path / "s.txt", MLPERF.replace("VALID", "INVALID"), workload="resnet50", gpu="l4")
    assert "MLPerf's own checks say INVALID" in bad.notes[0]
    cut = loaded(tmp_path / "cut.txt", MLPERF[: MLPERF.index("Result is")], workload="resnet50", gpu="l4")
    assert "the run was cut off" in next(iter(cut.faults.values()))
    stream = MLPERF.replace("Offline", "SingleStream").replace("Samples per second: 43210.5\n", "")
    (one,) = rows(loaded(tmp_path / "stream.txt", stream, workload="resnet50", gpu="l4"))
    assert (one["metric"], one["unit"], one["value"], one["batch"]) == ("latency", "ms", "2", "1")


def test_a_query_of_multistream_is_a_batch(tmp_path):
    text = MLPERF.replace("Scenario : Offline", "Scenario : MultiStream").replace(
        "Samples per second: 43210.5", "99th percentile latency (ns) : 2100000"
    )
    stated = {"workload": "resnet50", "gpu": "l4"}
    (row,) = rows(loaded(tmp_path / "s.txt", text, **stated))
    assert (row["metric"], row["value"], row["batch"]) == ("latency", "2", "8")
    (row,) = rows(
        loaded(tmp_path / "t.txt", f"{text}\nTest Parameters Used\nsamples_per_query : 4\n", **stated)
    )
    assert row["batch"] == "4"


STATED = {"workload": "llama-3.1-8b", "gpu": "a100-80gb-sxm"}


def test_json_of_vllm_bench_latency_has_the_lengths_of_its_defaults(tmp_path):
    text = json.dumps({"avg_latency": 1.85, "latencies": [1.8, 1.9], "percentiles": {"50": 1.85}})
    found = loaded(tmp_path / "l.json", text, **STATED, input_tokens=512)
    (row,) = rows(found)
    assert (row["metric"], row["unit"], row["value"]) == ("latency", "ms", "1850")
    assert (row["input_tokens"], row["output_tokens"], row["concurrency"]) == ("512", "128", "8")
    assert "taken to be vLLM's own: --output-tokens 128, --concurrency 8" in found.notes[0]


def test_json_of_vllm_bench_throughput_needs_a_length(tmp_path):
    known = {"elapsed_time": 40.0, "num_requests": 1000, "total_num_tokens": 384000,
             "requests_per_second": 25.0, "tokens_per_second": 9600.0}  # fmt: skip
    (row,) = rows(loaded(tmp_path / "t.json", json.dumps(known), **STATED, output_tokens=128))
    assert (row["unit"], row["value"], row["input_tokens"]) == ("output tokens/s", "3200", "256")
    (row,) = rows(loaded(tmp_path / "t.json", "", **STATED, input_tokens=256))
    assert (row["value"], row["output_tokens"], row["concurrency"]) == ("3200", "128", "max")
    for more, words in (({}, "384 tokens a request are"), ({"output_tokens": 900}, "are not the 384 tokens")):
        (fault,) = loaded(tmp_path / "t.json", "", **STATED, **more).faults.values()
        assert words in fault
    cut = json.dumps(known)[:-20]
    (fault,) = loaded(tmp_path / "c.json", cut, **STATED).faults.values()
    assert "ends too early" in fault


def test_a_round_of_mlperf_leaves_out_what_is_no_row(tmp_path):
    found = loaded(tmp_path / "summary_results.json", json.dumps(ROUND))
    first, second = rows(found)
    assert (first["workload"], first["gpu"], first["n_gpus"], first["precision"]) == (
        "resnet50", "h100-80gb-sxm", "8", "int8",
    )  # fmt: skip
    assert (second["workload"], second["unit"], second["concurrency"]) == (
        "llama-2-70b",
        "output tokens/s",
        "max",
    )
    assert "no workload 'no-such-model'" in " ".join(found.notes)


def test_json_of_a_load_generator(tmp_path):
    found = rows(loaded(tmp_path / "run.json", json.dumps(VLLM)))
    assert [one["metric"] for one in found] == ["throughput", "ttft", "tpot", "latency"]
    assert {one["gpu"] for one in found} == {"l40s"}
    assert {one["options"] for one in found} == {"request_rate=4"}
    some, every = (
        {**VLLM, "completed": 2000 - lost, "failed": lost, "num_prompts": 2000} for lost in (3, 2000)
    )
    noted = loaded(tmp_path / "some.json", json.dumps(some)).notes
    assert "3 of 2000 requests failed: figures are of the others" in " ".join(noted)
    fault = next(iter(loaded(tmp_path / "every.json", json.dumps(every)).faults.values()))
    assert "all 2000 requests failed" in fault
    bare = {key: value for key, value in VLLM.items() if key not in ("workload", "gpu")}
    known = rows(loaded(tmp_path / "named.json", json.dumps({**bare, "model_id": "Qwen/Qwen2.5-7B-Instruct"}),
                        gpu="l4"))  # fmt: skip
    assert {one["workload"] for one in known} == {"qwen2.5-7b"}
    bare.pop("model_id", None)
    (tmp_path / "bare.json").write_text(json.dumps(bare))
    lost = loaded(tmp_path / "bare.json", json.dumps(bare))
    told = "does not say its workload and its gpu; add --workload NAME --gpu NAME"
    assert told in next(iter(lost.faults.values()))
    assert len(rows(loaded(tmp_path / "bare.json", workload="llama-3.1-8b", gpu="l4:2"))) == 4


def test_energy_per_token_of_dcgm_and_vllm(tmp_path):
    before, after = tmp_path / "a.prom", tmp_path / "b.prom"
    before.write_text(dcgm((1000.0, 2000.0), 1_700_000_000_000) + vllm(1000, 4000, 10))
    after.write_text(dcgm((4000.0, 5000.0), 1_700_000_010_000) + vllm(11_000, 24_000, 60))
    found = imports.load([after, before], {"precision": "bf16"}, catalogue())
    by = {one["metric"]: one for one in rows(found)}
    # 6,000 J in 10 s on two GPUs, for 10,000 tokens.
    assert by["power"]["value"] == "300"
    assert by["energy"]["value"] == "0.6"
    assert by["energy"]["unit"] == "J/token"
    assert by["throughput"]["value"] == "1000"
    assert by["ttft"]["value"] == "80"
    assert by["tpot"]["value"] == "12"
    assert by["gpu_memory_used"]["value"] == "70"
    assert (by["utilisation"]["value"], by["utilisation"]["unit"]) == ("90", "%")
    assert (by["ttft"]["input_tokens"], by["ttft"]["output_tokens"]) == ("400", "200")
    assert {(one["gpu"], one["n_gpus"], one["workload"], one["concurrency"]) for one in by.values()} == {
        ("h100-80gb-sxm", "2", "llama-3.1-8b", "16")
    }
    assert found.records[0].context["utilisation"] == 90.0


def test_one_scrape_tells_of_the_moment_and_says_so(tmp_path):
    path = tmp_path / "a.prom"
    found = loaded(path, dcgm((1000.0, 2000.0), 0) + vllm(1000, 4000, 10))
    by = {one["metric"]: one["value"] for one in rows(found)}
    assert by["power"] == "320"
    assert "energy" not in by
    assert "throughput" not in by
    assert "power of the moment" in " ".join(found.notes)
    assert "since the server started" in " ".join(found.notes)
    # The same file twice over is two scrapes; a comment has the time.
    both = "# scraped 100\n" + vllm(1000, 4000, 10) + "# scraped 110.0\n" + vllm(3000, 8000, 20)
    again = {one["metric"]: one["value"] for one in rows(loaded(path, both, gpu="l4"))}
    assert again["throughput"] == "200"
    counters = loaded(path, 'vllm:generation_tokens_total{model_name="llama-3.1-8b"} 8000\n', gpu="l4")
    assert "a rate takes two" in counters.faults[str(path)]
    garbage = loaded(path, "vllm:x{ 1\nnothing at all of this\nis a sample = 3\n")
    assert "no sample of Prometheus text" in next(iter(garbage.faults.values()))


def test_what_is_no_result_is_said_and_the_rest_goes_on(tmp_path, capsys):
    good, bad, empty = tmp_path / "run.log", tmp_path / "notes.txt", tmp_path / "empty.json"
    good.write_text(TF)
    bad.write_text("nothing of use")
    empty.write_text("")
    out = tmp_path / "my.csv"
    names = [str(one) for one in (bad, good, empty, tmp_path / "gone.log")]
    assert main(["bench", "import", *names, "--precision", "amp-fp16", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["rows"]) == told["written"] == 1
    assert sorted(path.rpartition("/")[2] for path in told["faults"]) == [
        "empty.json",
        "gone.log",
        "notes.txt",
    ]
    assert main(["bench", "import", str(good), "--precision", "amp-fp16", "--out", str(out), "--resume"]) == 0
    assert "0 rows written" in capsys.readouterr().out
    assert main(["validate", str(out)]) == 0
    capsys.readouterr()
    assert main(["bench", "import", str(bad)]) == 2
    assert "of no format that is known" in capsys.readouterr().err
    bad.write_text(json.dumps([{**LLAMA[0], "gpu_info": "NVIDIA GeForce RTX 3060"}]))
    assert main(["bench", "import", str(bad)]) == 2
    assert "rtx-3060-12gb, rtx-3060-8gb; say which; --gpu NAME" in capsys.readouterr().err
    bad.write_text('{"date": "20250901", "model_id": "Qwen/Qwen2.5-32B-In')
    assert main(["bench", "import", str(bad)]) == 2
    assert "JSON that ends too early, before what tells its format" in capsys.readouterr().err
    bad.write_text(TF[: TF.index("1\timages")])
    assert main(["bench", "import", str(bad)]) == 2
    assert "ends before it measured anything" in capsys.readouterr().err
    assert main(["bench", "import", str(good), "--format", "nonsense"]) == 2
    assert "no format 'nonsense'; use one of" in capsys.readouterr().err


def test_what_the_user_states_goes_over_what_a_file_says(tmp_path):
    (one,) = rows(loaded(tmp_path / "run.log", TF, gpu="rtx-a5000", batch=64, options={"layout": "nhwc"}))
    assert (one["gpu"], one["batch"], one["options"]) == ("rtx-a5000", "64", "layout=nhwc")


LLAMA_CSV = (
    "build_commit,build_number,gpu_info,backends,model_filename,model_type,type_k,n_gpu_layers,n_prompt,n_gen,"
    "n_depth,avg_ts,stddev_ts\n"
    '"8cf427ff","5163","NVIDIA GeForce RTX 4080","CUDA","models/Qwen2.5-7B-Instruct-Q4_K_M.gguf",'
    '"qwen2 7B Q4_K - Medium","f16","99","512","0","0","7285.5","72.855"\n'
    '"8cf427ff","5163","NVIDIA GeForce RTX 4080","CUDA","models/Qwen2.5-7B-Instruct-Q4_K_M.gguf",'
    '"qwen2 7B Q4_K - Medium","f16","99","0","128","0","119.9","0.4"\n'
)
LLAMA_TABLE = """\
  Device 0: NVIDIA GeForce RTX 4080, compute capability 8.9, VMM: yes
| model                  |       size |  params | backend | ngl | fa |          test |              t/s |
| ---------------------- | ---------: | ------: | ------- | --: | -: | ------------: | ---------------: |
| qwen2 7B Q4_K - Medium |   4.36 GiB |  7.62 B | CUDA    |  99 |  1 |         pp512 | 7285.50 ± 72.855 |
| qwen2 7B Q4_K - Medium |   4.36 GiB |  7.62 B | CUDA    |  99 |  1 | tg128 @ d4096 |    119.90 ± 0.40 |

build: 8cf427ff (5163)
"""
PRINTED = """\
============ Serving Benchmark Result ============
Successful requests:                     256
Benchmark duration (s):                  33.40
Total input tokens:                      262144
Total generated tokens:                  32768
Maximum request concurrency:             16
Output token throughput (tok/s):         981.10
---------------Time to First Token----------------
Mean TTFT (ms):                          88.10
P99 TTFT (ms):                           300.00
==================================================
"""


def mllog(key, value=None, time=0, kind="POINT_IN_TIME", **metadata):
    return ":::MLLOG " + json.dumps(
        {
            "namespace": "",
            "time_ms": time,
            "event_type": kind,
            "key": key,
            "value": value,
            "metadata": metadata,
        }
    )


def trained(*more):
    head = [mllog("submission_benchmark", "resnet"), mllog("submission_org", "Org"),
            mllog("global_batch_size", 3264), mllog("train_samples", 1_000_000),
            mllog("run_start", time=1000)]  # fmt: skip
    blocks = []
    for number in range(3):
        start = 1000 + number * 110_000
        blocks += [mllog("block_start", time=start, epoch_count=4),
                   mllog("block_stop", time=start + 100_000)]  # fmt: skip
    return "\n".join(["Beginning trial 1 of 5", *head, *more, *blocks])


@pytest.mark.parametrize(
    ("model", "params", "workload"),
    [
        ("llama 70B Q4_K - Medium", "70.55 B", "llama-3-70b"),
        ("llama 70B Q4_K - Medium", "68.98 B", "llama-2-70b"),
        ("phi3 4B Q4_K - Medium", "3.82 B", "phi-3-mini"),
    ],
)
def test_a_table_of_llama_bench_tells_the_model_by_its_parameters(tmp_path, model, params, workload):
    table = (
        "  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes\n"
        "| model | size | params | backend | ngl | test | t/s |\n"
        "| --- | ---: | ---: | --- | --: | ---: | ---: |\n"
        f"| {model} | 39.59 GiB | {params} | CUDA | 99 | tg128 | 17.02 ± 0.03 |\n\nbuild: b1a2c3d4 (5600)\n"
    )
    assert [row["workload"] for row in rows(loaded(tmp_path / "bench.md", table))] == [workload]


@pytest.mark.parametrize(("text", "count"), [("7 B", 7e9), ("70.55 B", 70.55e9), ("1.2.3 B", 0), (". B", 0)])
def test_what_is_no_number_of_parameters_is_none(text, count):
    assert _count(text) == pytest.approx(count)


def test_a_table_and_csv_of_llama_bench(tmp_path):
    for name, text in (("bench.csv", LLAMA_CSV), ("bench.md", LLAMA_TABLE)):
        first, second = rows(loaded(tmp_path / name, text))
        assert (first["gpu"], first["phase"], first["precision"]) == ("rtx-4080", "prefill", "q4_k_m")
        assert (first["value"], first["spread"], first["runtime"]) == ("7285.5", "0.01", "llama.cpp b5163")
        assert (second["phase"], second["value"]) == ("decode", "119.9")
    found = loaded(tmp_path / "bench.md", LLAMA_TABLE)
    assert rows(found)[1]["input_tokens"] == "4096"
    assert "not the model: --workload" in " ".join(found.notes)


def test_lines_of_mlperf_s_own_log(tmp_path):
    found = loaded(tmp_path / "result_0.txt", trained(), gpu="a100-80gb-sxm", n_gpus=8)
    (one,) = rows(found)
    assert (one["workload"], one["phase"], one["options"]) == ("resnet50", "train", "global_batch=3264")
    # Three blocks of four epochs of a million, 100 s each.
    assert one["value"] == "40000"
    assert one["source"] == "MLPerf training Org"
    assert "cut off: it has no run_stop" in " ".join(found.notes)
    tracked = mllog("tracked_stats", {"throughput": 41_000.0}, time=5000)
    stop = mllog("run_stop", time=700_000, status="aborted")
    found = loaded(tmp_path / "result_1.txt", f'{trained(tracked)}\n{stop}\n:::MLLOG {{"key": ', gpu="t4")
    assert rows(found)[0]["value"] == "41000"
    assert {"the run ended aborted", "torn"} <= set(" ".join(found.notes).replace(",", "").split()) | {
        "the run ended aborted"
    }
    detail = [mllog("effective_scenario", "Offline"), mllog("result_validity", "INVALID"),
              mllog("result_samples_per_second", 43210.5), mllog("result_mean_latency_ns", 5e6)]  # fmt: skip
    found = loaded(tmp_path / "mlperf_log_detail.txt", "\n".join(detail), gpu="t4", workload="bert-large")
    assert [(one["metric"], one["value"], one["phase"]) for one in rows(found)] == [
        ("throughput", "43210.5", "infer")
    ]
    assert "MLPerf's own checks say INVALID" in " ".join(found.notes)
    nothing = loaded(tmp_path / "cut.txt", mllog("submission_benchmark", "bert"), gpu="t4")
    assert "was cut off before it" in next(iter(nothing.faults.values()))


def test_what_a_load_generator_printed(tmp_path):
    found = rows(loaded(tmp_path / "serve.log", PRINTED, gpu="h100-80gb-sxm", workload="qwen2.5-7b"))
    assert {one["metric"]: one["value"] for one in found} == {"throughput": "981.1", "ttft": "88.1"}
    assert {(one["input_tokens"], one["output_tokens"], one["concurrency"]) for one in found} == {
        ("1024", "128", "16")
    }
    # As SGLang prints it: its rate is the load, not as many as were sent.
    text = PRINTED.replace("Maximum request concurrency:             16", "Traffic request rate:   3.5")
    found = rows(loaded(tmp_path / "open.log", text, gpu="h100-80gb-sxm", workload="qwen2.5-7b"))
    assert {(one.get("concurrency"), one["options"]) for one in found} == {(None, "request_rate=3.5")}


def test_lines_of_json_that_are_whole_are_read(tmp_path):
    line = json.dumps(VLLM)
    cut = loaded(tmp_path / "two.jsonl", f"INFO: ready\n{line}\n{line[:90]}")
    assert {one["value"] for one in rows(cut)} == {
        one["value"] for one in rows(loaded(tmp_path / "one.jsonl", line))
    }
    assert "is cut off: what is whole in it" in " ".join(cut.notes)
    assert not loaded(tmp_path / "long.json", json.dumps(VLLM, indent=1)).notes


def test_the_split_says_how_many_gpus(tmp_path):
    run = {**VLLM, "server_info": {"model_path": "Qwen/Qwen2.5-7B-Instruct", "tp_size": 2}}
    bare = {key: value for key, value in run.items() if key not in ("workload", "gpu", "tp", "n_gpus")}
    found = rows(loaded(tmp_path / "run.jsonl", json.dumps(bare), gpu="h100-80gb-sxm"))
    assert {(one["tp"], one["n_gpus"]) for one in found} == {("2", "2")}


SAMPLES = {
    "tf.log": TF, "llama.json": json.dumps(LLAMA), "llama.csv": LLAMA_CSV, "llama.md": LLAMA_TABLE,
    "mlperf_log_summary.txt": MLPERF, "result_0.txt": trained(), "vllm.json": json.dumps(VLLM),
    "serve.log": PRINTED, "dcgm.txt": dcgm((1e6, 1e6), 100, watts=(300, 300)),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_file_of_windows_is_as_good_and_a_broken_one_is_told_of(tmp_path, name):
    """UTF-16 and CRLF as its shells write them; then cut off anywhere, and with bytes that are no text."""
    path, text = tmp_path / name, SAMPLES[name]
    stated = {"gpu": "t4", "workload": "resnet50"}

    def read(data):
        path.write_bytes(data)
        return imports.load([path], stated, catalogue())

    plain = [(one["metric"], one["value"]) for one in rows(read(text.encode()))]
    assert plain
    for data in (text.encode("utf-16"), text.encode("utf-16-le"), text.replace("\n", "\r\n").encode(),
                 b"\xef\xbb\xbf" + text.encode(), f"\x1b[32m{text}".replace("\n", "\x1b[0m\n").encode(),
                 re.sub("(?m)^", "2026-01-02T03:04:05.678Z ", text).encode()):  # fmt: skip
        assert [(one["metric"], one["value"]) for one in rows(read(data))] == plain
    size = len(text.encode())
    for cut in range(0, size, max(size // 25, 1)):
        found = read(text.encode()[:cut])
        assert found.records or found.faults
        if name != "tf.log":
            assert {one["value"] for one in rows(found)} <= {value for _, value in plain}
        broken = read(text.encode()[:cut] + b"\xff\x00\xfe\x80" + text.encode()[cut + 7 :])
        assert broken.records or broken.faults
