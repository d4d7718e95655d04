"""Results in which several processes, runs, devices or starts share a file: which of them a row is of.

Figures made up, layouts as the programs have them.
"""

from __future__ import annotations

import json

import pytest

from whichgpu.bench import imports
from whichgpu.hardware.catalogue import catalogue


def loaded(folder, *texts, name="run.log", **stated):
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"{number}{name}"
        path.write_text(text)
        paths.append(path)
    return imports.load(paths, stated, catalogue())


def head(model, batch, every, devices, *, version="1.15"):
    return (
        f"TensorFlow:  {version}\nModel:       {model}\nMode:        training\n"
        f"Batch size:  {batch} global\n             {every} per device\nDevices:     {devices}\n"
        "Data format: NCHW\nOptimizer:   sgd\n==========\nGenerating training model\n"
    )


def steps(*rates, ranks=1):
    lines = [f"{10 * i}\timages/sec: {rate} +/- 0.2 (jitter = 0.4)\t8.0\n" for i, rate in enumerate(rates, 1)]
    return "Step\tImg/sec\ttotal_loss\n" + "".join(line * ranks for line in lines)


def total(rate):
    return f"{'-' * 64}\ntotal images/sec: {rate}\n{'-' * 64}\n"


RANKS = "['horovod/gpu:0', 'horovod/gpu:1', 'horovod/gpu:2']"


def test_the_ranks_of_horovod_are_one_run(tmp_path):
    text = head("resnet101", 192, 64, RANKS) * 3 + steps(150.0, 151.0, ranks=3) + total(452.1) * 3
    (one,) = loaded(tmp_path, text, gpu="v100-16gb-sxm").records
    assert (one.row["value"], one.row["n_gpus"], one.row["batch"]) == ("452.1", "3", "64")


def test_a_step_of_a_rank_that_was_cut_off_is_multiplied(tmp_path):
    text = head("resnet101", 192, 64, RANKS) * 3 + steps(150.0, 151.0, ranks=3)
    found = loaded(tmp_path, text, gpu="v100-16gb-sxm")
    assert found.records[0].row["value"] == "453"
    assert "step 20, times its 3 workers," in found.notes[0]


def test_the_global_batch_tells_of_workers_elsewhere(tmp_path):
    text = (
        head("alexnet", 4096, "1024.0", "['/job:worker/replica:0/task:0/gpu:0']")
        + steps(118.0)
        + total(470.0)
    )
    (one,) = loaded(tmp_path, text, gpu="p100-16gb-pcie").records
    assert (one.row["n_gpus"], one.row["batch"], one.row["value"]) == ("4", "1024", "470")


def test_a_run_that_died_leaves_the_others_theirs(tmp_path):
    died = head("resnet152", 512, 512, "['/gpu:0']") + "ResourceExhaustedError: OOM when allocating tensor\n"
    lived = head("resnet50", 64, 64, "['/gpu:0']") + steps(320.0) + total(321.5)
    found = loaded(tmp_path, died + lived, gpu="t4")
    assert [one.row["value"] for one in found.records] == ["321.5"]
    assert "run 1: it ran out of memory" in found.notes[0]
    alone = loaded(tmp_path, died, gpu="t4")
    assert "out of memory" in next(iter(alone.faults.values()))


def test_each_run_of_a_log_has_the_flags_of_its_own_command(tmp_path):
    command = "python tf_cnn_benchmarks.py --model=resnet50 --batch_size="
    half = (
        command
        + "256 --use_fp16=True\n"
        + head("resnet50", 256, 256, "['/gpu:0']")
        + steps(800.0)
        + total(801.0)
    )
    full = command + "128\n" + head("resnet50", 128, 128, "['/gpu:0']") + steps(400.0) + total(401.0)
    found = loaded(tmp_path, half + full, gpu="rtx-a5000")
    assert [one.row.get("precision", "") for one in found.records] == ["amp-fp16", ""]


BENCH = {
    "build_number": 6800, "gpu_info": "NVIDIA L40S, NVIDIA L40S", "backends": "CUDA", "avg_ts": 150.0,
    "model_filename": "Qwen3-30B-A3B-Q4_K_M.gguf", "model_type": "qwen3moe 30B.A3B Q4_K - Medium",
    "split_mode": "layer", "main_gpu": 0, "tensor_split": "0.00", "devices": "auto", "n_gpu_layers": 99,
    "n_cpu_moe": 0, "n_prompt": 0, "n_gen": 128, "build_commit": "a1b2c3d",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "count"),
    [({}, "2"), ({"split_mode": "none"}, "1"), ({"devices": "CUDA1"}, "1"), ({"devices": "CUDA0/CUDA1"}, "2"),
     ({"tensor_split": "1.00/0.00"}, "1"), ({"tensor_split": "3.00/1.00"}, "2"),
     ({"gpu_info": "NVIDIA L40S/NVIDIA L40S"}, "2")],
)  # fmt: skip
def test_devices_of_llama_bench_are_those_that_ran(tmp_path, change, count):
    (one,) = loaded(tmp_path, json.dumps([{**BENCH, **change}]), name=".json").records
    assert (one.row["gpu"], one.row["n_gpus"]) == ("l40s", count)


def test_no_row_is_of_two_kinds_of_gpu(tmp_path):
    mixed = {**BENCH, "gpu_info": "NVIDIA GeForce RTX 4090, NVIDIA GeForce RTX 3090"}
    found = loaded(tmp_path, json.dumps([mixed, {**mixed, "devices": "CUDA1"}]), name=".json")
    assert [(one.row["gpu"], one.row["n_gpus"]) for one in found.records] == [("rtx-3090", "1")]
    assert "several kinds of GPU (NVIDIA GeForce RTX 4090, NVIDIA GeForce RTX 3090)" in found.notes[0]
    stated = loaded(tmp_path, json.dumps([mixed]), name=".json", gpu="rtx-3090")
    assert stated.records[0].row["gpu"] == "rtx-3090"


def test_what_llama_bench_left_in_the_host_is_an_option(tmp_path):
    found = loaded(tmp_path, json.dumps([{**BENCH, "n_cpu_moe": 30}]), name=".json")
    assert found.records[0].row["options"] == "n_cpu_moe=30"
    assert "experts of 30 layers" in found.notes[0]
    table = (
        "  Device 0: NVIDIA L40S, compute capability 8.9, VMM: yes\n"
        * 2
        + "| model | size | params | backend | ngl | n_cpu_moe | sm | main_gpu | test | t/s |\n"
        "| gpt-oss 20B MXFP4 MoE | 11.27 GiB | 20.91 B | CUDA | 99 | 12 | none | 1 | tg128 | 61.20 ± 0.10 |\n"
    )
    (drawn,) = loaded(tmp_path, table, name=".md", workload="gpt-oss-20b").records
    assert (drawn.row["n_gpus"], drawn.row["options"]) == ("1", "n_cpu_moe=12")
    plain = {**BENCH, "gpu_info": "", "backends": "CPU", "cpu_info": "AMD EPYC 9654 96-Core Processor"}
    alone = loaded(tmp_path, json.dumps([plain]), name=".json")
    assert alone.records[0].row["gpu"] == "epyc-9654"


def test_a_file_that_is_called_as_all_were_has_the_name_of_its_folder(tmp_path):
    test = {**BENCH, "gpu_info": "NVIDIA GeForce RTX 3090 Ti", "model_type": "llama 13B mostly Q5_K - Small",
            "model_filename": "models/llama-2-13b/ggml-model-q5_k_s.gguf"}  # fmt: skip
    (one,) = loaded(tmp_path, json.dumps([test]), name=".json").records
    assert (one.row["workload"], one.row["precision"]) == ("llama-2-13b", "q5_k_s")


def test_a_name_with_marks_of_trade_is_whole(tmp_path):
    text = (
        "ggml_vulkan: 0 = Intel(R) Arc(tm) B580 Graphics (BMG G21) (Intel open-source Mesa driver) | uma: 0\n"
        "| model         |       size |     params | backend |  ngl |  test |          t/s |\n"
        "| ------------- | ---------: | ---------: | ------- | ---: | ----: | -----------: |\n"
        "| llama 7B Q4_0 |   3.56 GiB |     6.74 B | Vulkan  |   99 | tg128 | 73.59 ± 0.21 |\n"
    )
    (one,) = loaded(tmp_path, text, name=".md", workload="llama-2-7b").records
    assert one.row["gpu"] == "arc-b580"


def scrape(time, watts, joules, made, *, busy=(97, 0)):
    lines = [f"# scraped {time}"]
    for place, share in enumerate(busy):
        label = f'{{gpu="{place}",UUID="GPU-{place}",modelName="NVIDIA L40S"}}'
        lines += [f"DCGM_FI_DEV_POWER_USAGE{label} {watts if share else 35}",
                  f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{label} {joules * 1e3:.0f}",
                  f"DCGM_FI_DEV_GPU_UTIL{label} {share}"]  # fmt: skip
    lines.append(f'vllm:generation_tokens_total{{engine="0",model_name="Qwen/Qwen2.5-14B-Instruct"}} {made}')
    return "\n".join(lines) + "\n"


def test_gpus_that_did_nothing_are_left_out(tmp_path):
    found = loaded(tmp_path, scrape(100, 300, 5e4, 1e6), scrape(200, 300, 8e4, 1.1e6), name=".prom")
    said = {one.row["metric"]: one.row["value"] for one in found.records}
    assert (said["power"], said["energy"]) == ("300", "0.3")
    assert {one.row["n_gpus"] for one in found.records} == {"1"}
    assert "1 of 2 GPUs did nothing" in found.notes[0]


def test_a_server_that_began_anew_is_told_of(tmp_path):
    found = loaded(tmp_path, scrape(100, 300, 5e4, 1e6), scrape(200, 300, 8e4, 5e3), name=".prom")
    assert "throughput" not in {one.row["metric"] for one in found.records}
    assert any("the server started anew" in note for note in found.notes)


def test_more_watts_than_a_board_has_are_doubted(tmp_path):
    found = loaded(tmp_path, scrape(100, 300, 0, 1e6), scrape(200, 300, 9e4, 1.1e6), name=".prom")
    assert "900 W is more than L40S draws (350 W)" in found.notes[-1]


def test_a_split_may_be_called_as_the_engine_calls_it(tmp_path):
    run = {"model_id": "Qwen/Qwen2.5-14B-Instruct", "backend": "vllm", "max_concurrency": 8, "completed": 9,
           "total_input_tokens": 9, "total_output_tokens": 9, "output_throughput": 700.0,
           "mean_ttft_ms": 50.0, "gpu": "NVIDIA L40S", "tensor_parallel_size": "2"}  # fmt: skip
    rows = [one.row for one in loaded(tmp_path, json.dumps(run), name=".json").records]
    assert {(row["tp"], row["n_gpus"]) for row in rows} == {("2", "2")}


def test_processors_as_systems_write_them(tmp_path):
    from whichgpu.hardware.slices import resolve_device

    names = {"AMD EPYC 7763 64-Core Processor": "epyc-7763", "NVIDIA Grace CPU": "grace-cpu",
             "Intel(R) Xeon(R) Platinum 8480+ CPU @ 2.00GHz": "xeon-8480"}  # fmt: skip
    assert {name: resolve_device(name, catalogue())[0].id for name in names} == names
