"""What load generators write, held against predictions by `validate`."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from whichgpu.cli import main
from whichgpu.cost.serving.load_results import read_results
from whichgpu.cost.serving.measuring import how_to_measure
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job

#: As `vllm bench serve --save-result --metadata ..` writes it, figures made up.
VLLM = {
    "date": "20261120-120000", "backend": "vllm", "endpoint_type": "vllm", "model_id": "llama-3.1-8b",
    "num_prompts": 2000, "workload": "llama-3.1-8b", "gpu": "l40s", "n_gpus": "1", "tp": "1",
    "precision": "fp8", "request_rate": 4.0, "burstiness": 1.0, "max_concurrency": None,
    "duration": 505.0, "completed": 2000,
    "total_input_tokens": 1024000, "total_output_tokens": 512000, "request_throughput": 3.96,
    "output_throughput": 1013.0, "mean_ttft_ms": 66.0, "median_ttft_ms": 64.0, "p99_ttft_ms": 99.0,
    "mean_tpot_ms": 13.9, "mean_itl_ms": 13.8, "mean_e2el_ms": 3600.0,
}  # fmt: skip
SGLANG = {
    "tag": "workload=llama-3.1-8b;gpu=h100-80gb-sxm;n_gpus=2;tp=2;precision=bf16", "backend": "sglang",
    "request_rate": "inf", "max_concurrency": 32, "completed": 320, "total_input_tokens": 163840,
    "total_output_tokens": 81920, "output_throughput": 4100.0, "mean_e2e_latency_ms": 2000.0,
    "mean_ttft_ms": 210.0, "mean_tpot_ms": 7.1, "concurrency": 31.2,
}  # fmt: skip
AIPERF = {
    "time_to_first_token": {"unit": "ms", "avg": 95.0, "p50": 90.0}, "inter_token_latency": {"avg": 11.0},
    "output_token_throughput": {"unit": "tokens/sec", "avg": 1400.0}, "request_latency": {"avg": 2900.0},
    "output_sequence_length": {"avg": 256.0}, "input_sequence_length": {"avg": 512.0},
    "input_config": {"loadgen": {"concurrency": 16, "request_rate": None}},
}  # fmt: skip


def written(path, *runs):
    path.write_text("\n".join(json.dumps(run) for run in runs), encoding="utf-8")
    return path


def rows(path, **stated):
    table, cells = read_results(path, stated)
    return [dict(zip(table.columns, row, strict=True)) for row in cells]


def test_a_server_of_several_gpus_is_one_unless_it_is_said(tmp_path):
    """A load generator asks one server; replicas would stand behind something else."""
    bare = {key: value for key, value in VLLM.items() if key not in ("tp", "n_gpus")}
    path = written(tmp_path / "run.json", bare)
    assert {row["tp"] for row in rows(path, n_gpus="4")} == {"4"}
    assert {row["tp"] for row in rows(path, n_gpus="4", tp="2")} == {"2"}
    assert {row.get("tp") for row in rows(path, n_gpus="8", options="attention_dp=8;ep=8")} == {""}
    assert read_results(path, {"n_gpus": "4"})[0].notes() == (
        "taken as one server over 4 GPUs, tp 4; --tp N says otherwise",
    )


def test_requests_that_differ_in_length_are_told_where_a_file_is_silent(tmp_path, whichgpu):
    chats = written(tmp_path / "run.json", {**VLLM, "total_output_tokens": 512_345})
    table, _ = read_results(chats, {})
    assert len(table.notes()) == 1
    assert "--option dataset=sharegpt" in table.notes()[0]
    assert not read_results(chats, {"options": "dataset=sharegpt"})[0].notes()
    assert not read_results(written(tmp_path / "alike.json", VLLM), {})[0].notes()
    told = whichgpu("validate", str(chats), "--option", "dataset=sharegpt")
    assert told.status == 0
    assert "differ in length" not in told.out
    wrong = whichgpu("validate", str(chats), "--option", "dataset")
    assert wrong.status == 2
    assert "'dataset' is not an option" in wrong.err


def test_lengths_that_sglang_draws_are_read_of_older_files_too(tmp_path):
    old = {key: value for key, value in SGLANG.items() if key != "tag"}
    old |= {"dataset_name": "random", "random_input_len": 1024, "random_range_ratio": 0.0}
    found = rows(written(tmp_path / "old.jsonl", old), workload="llama-3.1-8b", gpu="h100-80gb-sxm")
    assert all("length_range=0.999" in row["options"] for row in found)


def test_a_run_of_vllm_is_four_rows(tmp_path):
    found = rows(written(tmp_path / "run.json", VLLM))
    assert {row["metric"]: row["value"] for row in found} == {
        "throughput": "1013", "ttft": "66", "tpot": "13.9", "latency": "3600"
    }  # fmt: skip
    first = found[0]
    assert (first["workload"], first["gpu"], first["precision"]) == ("llama-3.1-8b", "l40s", "fp8")
    assert (first["input_tokens"], first["output_tokens"]) == ("512", "256")
    assert (first["options"], first["concurrency"], first["runtime"]) == ("request_rate=4", "", "vllm")
    assert first["unit"] == "output tokens/s"


def test_lines_of_sglang_are_read_with_their_tags(tmp_path):
    found = rows(written(tmp_path / "run.jsonl", SGLANG, {**SGLANG, "max_concurrency": 64}))
    assert len(found) == 8
    assert [row["concurrency"] for row in found[::4]] == ["32", "64"]
    assert {row["options"] for row in found} == {"num_prompts=320"}
    assert {row["runtime"] for row in found} == {"sglang"}
    assert {row["gpu"] for row in found} == {"h100-80gb-sxm"}
    assert {row["n_gpus"] for row in found} == {"2"}


def test_what_a_run_says_of_its_lengths_and_of_its_server_s_release_is_in_its_rows(tmp_path):
    server = {"model_path": "meta-llama/Llama-3.1-8B-Instruct", "tp_size": 2, "version": "0.5.7"}
    drawn = {"dataset_name": "random", "random_range_ratio": 1.0, "server_info": server}
    first = rows(written(tmp_path / "run.jsonl", {**SGLANG, **drawn}))[0]
    assert (first["runtime"], first["options"]) == ("sglang 0.5.7", "num_prompts=320;length_range=0")
    chats = rows(written(tmp_path / "chats.jsonl", {**SGLANG, **drawn, "dataset_name": "sharegpt"}))[0]
    assert chats["options"] == "num_prompts=320;dataset=sharegpt"
    of_others = {**SGLANG, "backend": "vllm", "server_info": server}
    assert rows(written(tmp_path / "other.jsonl", of_others))[0]["runtime"] == "vllm"


def test_requests_that_are_sent_at_once_are_a_run_of_as_many(tmp_path):
    run = {**VLLM, "request_rate": "inf", "num_prompts": 500, "options": "max_num_seqs=128"}
    for row in rows(written(tmp_path / "run.json", run)):
        assert (row["concurrency"], row["options"]) == ("500", "num_prompts=500;max_num_seqs=128")


def test_a_model_that_is_none_of_the_known_is_named(tmp_path):
    path = written(tmp_path / "run.json", {**VLLM, "workload": "", "model_id": "acme/Foo-9B"})
    with pytest.raises(UsageError, match=r"add --workload .*none is known as 'acme/Foo-9B'"):
        read_results(path, {})


def test_aiperf_says_neither_workload_nor_gpu(tmp_path):
    path = written(tmp_path / "profile_export_aiperf.json", AIPERF)
    with pytest.raises(UsageError, match="on which workload it was; add --workload"):
        read_results(path, {})
    found = rows(path, workload="llama-3.1-8b", gpu="l40s", n_gpus="")
    assert {row["metric"]: row["value"] for row in found}["tpot"] == "11"
    assert {(row["input_tokens"], row["output_tokens"], row["concurrency"]) for row in found} == {
        ("512", "256", "16")
    }


@pytest.mark.parametrize("text", ["", "not json", "[1, 2]", '{"some": "thing"}'])
def test_what_no_load_generator_wrote_is_said(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"run\.json"):
        read_results(path, {"workload": "llama-3.1-8b", "gpu": "l40s"})


def test_validate_holds_a_run_against_the_prediction(tmp_path, capsys):
    path = written(tmp_path / "run.json", VLLM)
    assert main(["validate", str(path), "--by", "metric", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "refused" not in json.dumps(told) or told.get("refused", 0) == 0
    assert main(["validate", str(path), "--by", "metric", "--plain"]) == 0
    text = capsys.readouterr().out
    for metric in ("throughput", "ttft", "tpot", "latency"):
        assert metric in text
    assert main(["validate", str(written(tmp_path / "x.json", AIPERF)), "--gpu", "l40s"]) == 2
    assert "--workload" in capsys.readouterr().err


def test_the_model_that_was_served_is_the_workload(tmp_path, capsys):
    run = {"backend": "vllm", "model_id": "meta-llama/Llama-3.1-8B-Instruct", "request_rate": 4.0,
           "max_concurrency": None, "completed": 500, "total_input_tokens": 256000,
           "total_output_tokens": 128000, "output_throughput": 975.6, "mean_ttft_ms": 92.1,
           "mean_tpot_ms": 24.9, "mean_e2el_ms": 6450.0}  # fmt: skip
    path = written(tmp_path / "run.json", run)
    assert main(["validate", str(path), "--gpu", "l40s", "--by", "workload", "--json"]) == 0
    groups = json.loads(capsys.readouterr().out)["groups"]
    assert "llama-3.1-8b" in json.dumps(groups)
    own = written(tmp_path / "own.json", {**run, "model_id": "/models/mine"})
    assert main(["validate", str(own), "--gpu", "l40s"]) == 2
    assert "--workload" in capsys.readouterr().err


def test_a_command_writes_what_validate_reads():
    job = Job(
        "llama-3.1-8b", phase="serve", precision="fp8", runtime="vllm", input_tokens=1000.0,
        output_tokens=100.0, n_gpus=4.0, tp=2.0, pp=2.0, concurrency=64.0,
        options={"prefix_hit": "0.25", "kv_precision": "fp8", "max_num_seqs": "128"},
    )  # fmt: skip
    text, source = how_to_measure(job, "vllm", "l40s")
    for words in (
        "--tensor-parallel-size 2 --pipeline-parallel-size 2", "--max-num-seqs 128", "--kv-cache-dtype fp8",
        "--quantization fp8", "--random-input-len 750", "--random-prefix-len 250", "--max-concurrency 64",
        "--num-prompts 640", "--save-result", "gpu=l40s", "workload=llama-3.1-8b", "precision=fp8",
    ):  # fmt: skip
        assert words in text
    assert "{" not in text
    assert source.startswith("https://docs.vllm.ai")
    # What is served is what the Hub calls it, and room is asked for that is there.
    assert "vllm serve meta-llama/Llama-3.1-8B " in text
    assert "--max-model-len 1536" in text
    for engine, words in (("sglang", "--pp-size 2"), ("tensorrt-llm", "aiperf profile")):
        other, _ = how_to_measure(job, engine, "l40s")
        assert words in other
        # Braces of YAML are meant, fields that were not filled in are not.
        assert not re.search(r"\{\w*\}", other)
    # Replicas beside each other.
    assert "--data-parallel-size 2" in how_to_measure(replace(job, pp=1.0), "vllm", "l40s")[0]
    # Drafted tokens, a checkpoint in a format of its own, and experts dealt out, of one replica: vLLM deals
    # them out over all of its data-parallel ranks.
    more = replace(job, workload="deepseek-r1", precision="fp4", n_gpus=16.0, tp=8.0, pp=1.0,
                   options={"ep": "8", "speculative": "3"})  # fmt: skip
    text, _ = how_to_measure(more, "vllm", "b200-180gb-sxm")
    for words in ("'<a fp4 checkpoint of deepseek-ai/DeepSeek-R1>'", "one of the 2 replicas", "n_gpus=8",
                  "--enable-expert-parallel", '"num_speculative_tokens": 3'):  # fmt: skip
        assert words in text


def test_genai_perf_keeps_model_and_load_beside_the_rest(tmp_path, whichgpu):
    run = {
        "time_to_first_token": {"unit": "ms", "avg": 80.0},
        "inter_token_latency": {"unit": "ms", "avg": 14.5},
        "input_sequence_length": {"avg": 512}, "output_sequence_length": {"avg": 256},
        "input_config": {"model": ["meta-llama/Llama-3.1-8B-Instruct"], "backend": "vllm", "concurrency": 16},
    }  # fmt: skip
    path = written(tmp_path / "profile_export_genai_perf.json", run)
    row = rows(path, gpu="l40s")[0]
    assert (row["workload"], row["runtime"], row["concurrency"]) == ("llama-3.1-8b", "vllm", "16")
    asked = ("validate", str(path), "--gpu", "l40s")
    wide, narrow = (whichgpu(*asked, *more, "--json").json["groups"]["all"]["mape"]
                    for more in ((), ("--precision", "fp8")))  # fmt: skip
    assert wide > 1.4 * narrow
    assert "did you mean fp8" in whichgpu(*asked, "--precision", "fp99").out
