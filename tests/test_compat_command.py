"""The command `compat` and who else refuses by it: what it prints, its document, completion, wrong use."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import whichgpu as package
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.software import frameworks
from whichgpu.software.compat import compat

pytestmark = pytest.mark.slow
GPUS = catalogue()


@pytest.mark.parametrize(
    ("asked", "first", "told"),
    [
        (
            ("t4", "vllm", "bf16"),
            "bf16 in vLLM does not run on t4",
            "bf16 in vLLM does not run on t4 under Linux",
        ),
        (("a10", "vllm", "fp4"), "fp4 in vLLM runs with limits on a10", ""),
        (("k80", "vllm", "fp16"), "vLLM does not run on k80", "vllm, fp16 do not run on k80 under Linux"),
        (("t4", "", "bf16"), "bf16 does not run on t4", "bf16 does not run on t4 under Linux"),
    ],
)
def test_the_first_sentence_answers_what_was_asked(whichgpu, asked, first, told):
    gpu, framework, precision = asked
    answer = whichgpu(
        "compat", gpu, *(("--framework", framework) if framework else ()), "--precision", precision
    )
    assert answer.status == (3 if told else 0)
    assert " ".join(answer.out.split()).startswith(first)
    assert told in answer.err
    found = compat([GPUS[gpu]], [framework] if framework else [], [precision])
    assert first in str(found)


def test_a_gpu_has_or_lacks_a_part_of_the_hardware(whichgpu):
    """ "nvlink does not run on rtx-4090" was said of what runs on nothing."""
    lacking = whichgpu("compat", "rtx-4090", "--feature", "nvlink")
    assert lacking.status == 3
    assert " ".join(lacking.out.split()).startswith(
        "rtx-4090 (compute capability 8.9) under Linux lacks nvlink."
    )
    assert "rtx-4090 lacks nvlink under Linux" in lacking.err
    assert " under Linux has nvlink." in whichgpu("compat", "rtx-3090", "--feature", "nvlink").out
    assert "rtx-4090, l4 lack nvlink" in whichgpu("compat", "rtx-4090", "l4", "--feature", "nvlink").err


def test_predict_fit_and_recommend_refuse_alike(whichgpu):
    words = ("needs compute capability 8.0", "2620", "vLLM")
    predicted = whichgpu("predict", "llama-2-7b", "--gpu", "t4", "--runtime", "TensorRT-LLM")
    assert predicted.status == 2
    assert all(word in predicted.err for word in words)
    fitted = whichgpu("fit", "llama-2-7b", "--gpu", "t4", "--runtime", "TensorRT-LLM", "--json")
    assert fitted.status == 3
    assert all(word in fitted.out for word in words)
    offered = whichgpu(
        "recommend", "llama-2-7b", "--gpus", "t4,a10", "--runtime", "TensorRT-LLM", "--json"
    ).json
    assert [one["gpu"] for one in offered["candidates"]] == ["a10"]
    rejected = {one["gpu"]: one["why"] for one in offered["rejected"]}
    assert all(word in rejected["t4"] for word in words)


def test_an_older_release_is_a_warning(whichgpu):
    job = ("--gpu", "v100-32gb-sxm", "--runtime", "vllm", "--precision", "fp16")
    told = whichgpu("predict", "llama-2-7b", *job, "--json")
    assert any("vLLM 0.19 is the last release" in text for text in told.json["warnings"])


def test_a_format_that_an_engine_lacks_is_refused_by_its_source(whichgpu):
    told = whichgpu("predict", "llama-2-7b", "--gpu", "t4", "--runtime", "vllm", "--precision", "bf16")
    assert told.status == 2
    assert all(
        word in told.err for word in ("BF16", "8.0", "--dtype half", "issues 1157", "--precision fp16")
    )


def test_recommend_warns_of_an_older_release_whatever_its_place(whichgpu):
    job = (
        "--runtime",
        "vllm",
        "--precision",
        "fp16",
        "--gpus",
        "a10,v100-16gb-sxm",
        "--target",
        "500 tokens/s",
    )
    told = whichgpu("recommend", "llama-2-7b", *job, "--json").json
    assert any(
        "vLLM 0.19 is the last release that runs on v100-16gb-sxm" in text for text in told["warnings"]
    )


def test_the_page_of_a_gpu(whichgpu):
    told = whichgpu("compat", "v100-32gb-sxm")
    assert told.status == 0
    assert "compute capability 7.0" in told.out
    assert "torch==2.14.1 --index-url https://download.pytorch.org/whl/cu126" in told.out
    assert "branch 580 is the last" in told.out
    assert "2026-12-01" in told.out


def test_the_document(whichgpu):
    told = whichgpu("compat", "t4", "--framework", "tensorflow 2.21", "--json").json
    assert set(told) == {"schema_version", "system", "asked", "as_of", "gpus"}
    gpu = told["gpus"][0]
    assert gpu["native"] == ["fp32", "fp16", "int8", "int4"]
    assert gpu["missing"] == ["bf16", "tf32", "fp8", "fp4"]
    verdict = gpu["verdicts"][0]
    assert verdict["answer"] == "supported"
    assert verdict["from"] == "2.21"
    assert verdict["to"] is None
    assert verdict["install"] == 'pip install "tensorflow[and-cuda]==2.21.0"'
    assert verdict["driver"]["least"] == "525.60.13"
    assert all(source["title"] and source["url"] and source["accessed"] for source in verdict["sources"])


def test_several_gpus_are_a_matrix(whichgpu):
    told = whichgpu("compat", "t4,a100-80gb-sxm", "rtx-5090", "--framework", "vllm", "--precision", "fp8")
    assert told.status == 0
    assert "weight-only" in told.out
    assert "rtx-5090" in told.out


def test_exit_status_3_where_nothing_asked_for_runs(whichgpu):
    told = whichgpu("compat", "t4", "--framework", "flash-attention 2", "--json")
    assert told.status == 3
    assert told.json["gpus"][0]["verdicts"][0]["answer"] == "unsupported"
    assert "instead" in told.err
    assert whichgpu("compat", "a10", "--feature", "mig").status == 3
    assert whichgpu("compat", "t4", "a100-80gb-sxm", "--framework", "flash-attention 2").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nonsense-gpu",), "no GPU"),
        ((), "say which GPU"),
        (("t4", "--framework", "pytorch 2.99"), "not released"),
        (("t4", "--system", "beos"), "the systems are linux, windows, wsl, macos"),
        (("t4", "--precision", "fp9"), "did you mean"),
        (("t4", "--framework", "vllm", "--feature", "teleport"), "no feature"),
    ],
)
def test_wrong_use(whichgpu, arguments, words):
    told = whichgpu("compat", *arguments)
    assert told.status == 2
    assert words in told.err


@pytest.mark.parametrize(
    ("form", "start"), [("md", "#"), ("markdown", "#"), ("html", "<!DOCTYPE html>"), ("json", "{")]
)
def test_forms(whichgpu, form, start):
    told = whichgpu("compat", "t4", "--format", form)
    assert told.out.lstrip().lower().startswith(start.lower())
    assert "TensorFlow" in told.out


def test_a_feature_may_be_a_library(whichgpu):
    told = whichgpu("compat", "v100-16gb-sxm", "--feature", "flash-attention")
    assert told.status == 3
    assert "xFormers" in whichgpu("compat", "v100-16gb-sxm", "--feature", "fa2").out


def test_a_name_that_parts_share_stands_for_all_where_they_are_alike(whichgpu):
    told = whichgpu("compat", "A100", "--framework", "pytorch", "--json").json
    assert "a100-80gb-pcie" in (told["gpus"][0]["gpu"], *told["gpus"][0]["alike"])
    asked = whichgpu("compat", "A100", "--feature", "nvlink")
    assert asked.status == 2
    assert "say which" in asked.err
    assert whichgpu("compat", "a100-80gb-sxm:mig-3g.40gb", "--framework", "pytorch").status == 0
    assert whichgpu("compat", "H100 SXM:8", "--framework", "pytorch").status == 0


def test_apples_gpus_are_judged_under_macos(whichgpu):
    told = whichgpu("compat", "M2", "t4", "--framework", "pytorch", "--json").json
    assert told["system"] == "mixed"
    assert [one["verdicts"][0]["system"] for one in told["gpus"]] == ["macos", "linux"]
    assert whichgpu("compat", "M2", "--framework", "pytorch", "--json").json["system"] == "macos"


def test_a_gpu_of_ones_own(whichgpu, tmp_path):
    file = tmp_path / "my.toml"
    file.write_text('[gpu.my-card]\nbase = "rtx-4090"\nbandwidth = "1.2 TB/s"\n')
    told = whichgpu("compat", "my-card", "--gpu-file", str(file), "--framework", "pytorch", "--json").json
    assert told["gpus"][0]["target"] == "8.9"
    file.write_text('[gpu.bare]\nname = "Bare"\nvendor = "NVIDIA"\nbandwidth = "1.2 TB/s"\n')
    told = whichgpu("compat", "bare", "--gpu-file", str(file), "--framework", "pytorch", "--json").json
    assert told["gpus"][0]["verdicts"][0]["answer"] == "unknown"


def test_the_api():
    found = package.compat("v100-32gb-sxm", "pytorch")
    assert found.gpus[0].verdicts[0].until == "2.14"
    assert "cu126" in str(found)
    assert (
        package.compat(["t4", "a100-80gb-sxm"], precisions="bf16").gpus[1].features[0].answer == "supported"
    )
    assert len(package.compat("t4").gpus[0].verdicts) == len(frameworks.frameworks())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(whichgpu, shell):
    told = whichgpu("completion", shell)
    assert told.status == 0
    assert "_WHICHGPU_COMPLETE" in told.out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=told.out, text=True, check=True)
    assert json.loads(whichgpu("completion", shell, "--json").out)["script"] == told.out


def test_completion_knows_gpus_and_frameworks():
    from whichgpu.cli.completion import FrameworkName, GpuName

    def complete(kind, word):
        return [item.value for item in kind.shell_complete(None, None, word)]

    assert "rtx-4090" in complete(GpuName(), "rtx-40")
    assert complete(GpuName(), "t4,rtx-409") == ["t4,rtx-4090", "t4,rtx-4090-d", "t4,rtx-4090-laptop"]
    assert complete(FrameworkName(), "tensorrt") == ["tensorrt", "tensorrt-llm", "tensorrt-rtx"]


def test_the_shells_hook_answers():
    from whichgpu.cli.group import whichgpu as group

    env = {"_WHICHGPU_COMPLETE": "bash_complete", "COMP_WORDS": "whichgpu compat h200", "COMP_CWORD": "2"}
    told = CliRunner(env=env).invoke(group, [], prog_name="whichgpu", env=env)
    assert "h200-141gb-sxm" in told.output


SCHEMA = json.loads((Path(__file__).parent.parent / "docs" / "compat.schema.json").read_text("utf-8"))
TYPES = {"string": str, "integer": int, "array": list, "object": dict, "null": type(None)}


def faults(value, schema, where="$"):
    """Where a value departs from the few words of JSON Schema that docs/compat.schema.json uses."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not isinstance(value, tuple(TYPES[kind] for kind in kinds)):
        return [f"{where}: {value!r} is no {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    if isinstance(value, list):
        return [
            fault for i, one in enumerate(value) for fault in faults(one, schema["items"], f"{where}[{i}]")
        ]
    if isinstance(value, dict):
        told = [f"{where}: keys {sorted(value)}"] if set(value) != set(schema["required"]) else []
        return told + [
            fault
            for key, one in value.items()
            for fault in faults(one, schema["properties"][key], f"{where}.{key}")
        ]
    return []


@pytest.mark.parametrize(
    "key", ["t4", "mi300x", "apple-m4-10c", "arc-b580", "gaudi3", "trainium2", "tpu-v5e", "k80"]
)
def test_the_document_follows_its_schema(whichgpu, key):
    assert not faults(whichgpu("compat", key, "--json").json, SCHEMA)
    told = whichgpu(
        "compat", key, "--framework", "pytorch", "--precision", "bf16", "--system", "wsl", "--json"
    ).json
    assert not faults(told, SCHEMA)


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("transformers", "pytorch"),
        ("pytorch lightning 2.4", "pytorch"),
        ("ComfyUI", "pytorch"),
        ("cupy", "cuda"),
    ],
)
def test_what_is_built_on_a_framework_is_refused_with_the_one_to_ask_for(name, below):
    with pytest.raises(UsageError, match=f"--framework {below}"):
        frameworks.find(name)


def test_weights_that_one_library_packs_are_read_where_it_runs(whichgpu):
    job = ("predict", "llama-3.1-8b", "--phase", "lora", "--precision", "nf4", "--gpu")
    refused = whichgpu(*job, "tpu-v5p")
    assert (
        "nf4 is a format of bitsandbytes, which runs on NVIDIA, AMD, Intel, Apple, not on Google"
        in refused.err
    )
    assert whichgpu(*job, "mi300x").status == 0


def test_a_name_of_several_makers_is_that_of_the_system(whichgpu):
    told = whichgpu("compat", "m4", "--framework", "llama.cpp", "--system", "macos", "--json").json["gpus"][0]
    assert (told["gpu"], told["alike"], told["platform"]) == ("apple-m4-8c", ["apple-m4-10c"], "metal")
    assert (
        whichgpu("compat", "m4", "--framework", "cuda", "--system", "linux", "--json").json["gpus"][0]["gpu"]
        == "tesla-m4"
    )
    assert whichgpu("compat", "m4", "--framework", "cuda").status == 2
