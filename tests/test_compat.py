"""What software runs on which GPU: known answers, how versions and targets compare, the command."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import whichgpu as package
from whichgpu.cost.runtime import runtime
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.software import features, frameworks, model, stacks, targets, verdicts, versions
from whichgpu.software.compat import compat

pytestmark = pytest.mark.slow

GPUS = catalogue()
ROWS = list(csv.DictReader((Path(__file__).parent / "compat_cases.csv").read_text("utf-8").splitlines()))


def asked(row):
    """The answer to a row of the cases: that of the feature where one is asked for, and its whole JSON."""
    wanted = [row["framework"]] if row["framework"] else []
    names = [row["feature"]] if row["feature"] else []
    found = compat([GPUS[row["gpu"]]], wanted, names, row["system"]).gpus[0]
    told = [one.answer for one in found.features] or [one.answer for one in found.verdicts]
    return told[0], found


@pytest.mark.parametrize(
    "row",
    ROWS,
    ids=lambda row: f"{row['case']}-{row['gpu']}-{row['framework']}-{row['system']}-{row['feature']}",
)
def test_known_answers(row):
    answer, found = asked(row)
    assert answer in row["answer"].split("|"), found.to_dict()
    document = found.to_dict()
    told = document["features"] if row["feature"] else document["verdicts"]
    assert row["says"] in json.dumps(told, ensure_ascii=False).replace('\\"', '"'), told
    for name in ("from", "to"):
        if row[name]:
            assert document["verdicts"][0][name] == row[name]


def test_the_cases_cover_the_questions_that_name_a_gpu():
    asked_for = {int(row["case"]) for row in ROWS if row["case"].isdigit()}
    # 65 is read in the catalogue: below.
    assert asked_for == set(range(1, 82)) - {65}
    assert sum(row["case"] == "more" for row in ROWS) >= 60


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


@pytest.mark.parametrize(
    ("gpu", "last"), [("k80", "470"), ("gtx-1080", "580"), ("v100-16gb-sxm", "580"), ("t4", "")]
)
def test_the_last_driver_that_knows_a_gpu(gpu, last):
    driver = compat([GPUS[gpu]], ["cuda"]).gpus[0].driver
    assert driver is not None
    assert driver.last == last


def test_drivers_by_system():
    def least(gpu, framework, system="linux"):
        return compat([GPUS[gpu]], [framework], system=system).gpus[0].verdicts[0].driver.least

    # CUDA 12.8 runs on driver 535 by minor-version compatibility, from 525.60.13 on.
    assert least("a100-80gb-sxm", "cuda 12.8") == "525.60.13"
    assert versions.numbers(least("a100-80gb-sxm", "cuda 12.8")) < versions.numbers("535")
    assert least("a100-80gb-sxm", "pytorch 2.9 cu128", "windows") == "527.41"
    assert least("a100-80gb-sxm", "pytorch 2.9 cu128", "wsl") == "527.41"
    assert least("a100-80gb-sxm", "pytorch 2.15") == "580"
    assert least("a100-80gb-sxm", "pytorch 2.7 cu118") == "450.80.02"
    assert least("k80", "pytorch 1.12") == "440.33"
    # A card newer than the toolkit's least driver needs the first branch that knows it.
    assert least("rtx-5090", "pytorch 2.8") == "570.26"
    assert compat([GPUS["mi300x"]], ["pytorch"]).gpus[0].verdicts[0].driver is None


def test_nvlink_of_the_a10g_is_not_said_to_be_there():
    answer, _ = asked({"gpu": "a10g", "framework": "", "feature": "nvlink", "system": "linux"})
    assert answer in ("unsupported", "unknown")


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=4), st.lists(st.integers(0, 40), min_size=1, max_size=4)
)
def test_versions_compare_by_their_numbers(one, other):
    a, b = tuple(one), tuple(other)
    text = ".".join(map(str, one))
    assert versions.numbers(f"v{text}+cu126") == a
    assert versions.within(a, a, a)
    assert versions.alike(a, b) == versions.alike(b, a)
    assert not (versions.later(a, b) and versions.later(b, a))
    assert versions.within(a, (), ())
    assert versions.within(a, b, ()) == (a >= b or versions.alike(a, b))
    assert versions.within(a, (), b) == (a <= b or versions.alike(a, b))


def test_a_short_version_stands_for_all_below_it():
    assert versions.within((2, 10, 3), (2, 8), (2, 10))
    assert not versions.within((2, 1), (2, 8), (2, 10))
    assert versions.within((0, 7), (0, 7, 2), (0, 10))
    assert versions.numbers("cu128") == ()
    assert versions.numbers("0.5.10.post1") == (0, 5, 10)


@pytest.mark.parametrize(
    ("target", "named", "how"),
    [
        ("8.9", ("8.6",), targets.NATIVE),  # machine code runs on later minor versions of its major one
        ("8.0", ("8.6",), targets.NO),
        ("9.0", ("8.6",), targets.NO),
        ("9.0", ("8.6+ptx",), targets.PTX),
        ("7.5", ("8.0+ptx",), targets.NO),
        ("12.1", ("12.0",), targets.NATIVE),
        ("10.3", ("=9.0", "10.0"), targets.NATIVE),
        ("12.0", ("=10.0",), targets.NO),
        ("12.0", ("7.5+",), targets.NATIVE),
        ("7.0", ("7.5+",), targets.NO),
        ("10.0", ("9.0+",), targets.NATIVE),  # numbers, not text
        ("6.1", ("5.0-6.2",), targets.NATIVE),
        ("gfx942", ("gfx90a", "gfx942"), targets.NATIVE),
        ("gfx1031", ("gfx1030", "gfx1031?"), targets.UNOFFICIAL),
        ("gfx90a", ("gfx9*",), targets.NATIVE),
        ("apple", ("xe*",), targets.NO),
        ("", ("7.5+", "gfx*"), targets.NO),
    ],
)
def test_targets(target, named, how):
    assert targets.best(target, named) == how


@given(st.sampled_from(sorted(GPUS)), st.sampled_from(frameworks.SYSTEMS))
def test_every_gpu_has_an_answer_to_everything(key, system):
    found = compat([GPUS[key]], system=system).gpus[0]
    assert len(found.verdicts) == len(frameworks.frameworks())
    for one in found.verdicts:
        assert one.answer in (model.SUPPORTED, model.LIMITED, model.UNSUPPORTED, model.UNKNOWN)
        assert bool(one.since) <= one.runs
        assert one.runs or one.why
        assert one.sources
        assert "{" not in one.install
        assert str(one)


@pytest.mark.parametrize("key", sorted(frameworks.frameworks()))
def test_the_data_hold_together(key):
    """Sources are declared, builds speak of releases that there are, targets can be read."""
    framework = frameworks.frameworks()[key]
    rows = [
        *framework.builds,
        *framework.refusals,
        *framework.limits,
        *framework.features,
        *framework.instead,
    ]
    for row in rows:
        assert all(source in framework.sources for source in row.source.split(";")), row.raw
        assert any(
            row.holds(one.numbers, system) for one in framework.releases for system in frameworks.SYSTEMS
        ), row.raw
        assert all(system in frameworks.SYSTEMS for system in row.systems)
        named = [one for one in row.targets if one.lstrip("=")[:1].isdigit()]
        assert all(targets.bounds([one])[0] for one in named), row.raw
    for row in framework.features:
        assert row.raw["support"] in features.SUPPORT
    assert framework.source in framework.sources
    for source in framework.sources.values():
        assert source["title"]
        assert source["url"].startswith("https://")
        assert source["accessed"]
    assert framework.kind in model.KINDS
    assert list(framework.releases) == sorted(framework.releases, key=lambda one: one.numbers)


def test_runtimes_name_software_that_there_is():
    rows = store.load("runtimes")["runtimes"]["runtime"]
    assert all(row.get("software", "") in ("", *frameworks.frameworks()) for row in rows.values())
    assert not any("min_cc" in row for row in rows.values())


@pytest.mark.parametrize(
    ("text", "key", "version", "variant"),
    [
        ("torch==2.14.1+cu126", "pytorch", (2, 14, 1), "cu126"),
        ("PyTorch v2.9 CUDA 12.8", "pytorch", (2, 9), "cuda128"),
        ("FA2", "flash-attention", (2,), ""),
        ("flash-attn 2.7.4", "flash-attention", (2, 7, 4), ""),
        ("FlashAttention-3", "flash-attention", (3,), ""),
        ("TensorRT-LLM 0.18", "tensorrt-llm", (0, 18), ""),
        ("tensorrt", "tensorrt", (), ""),
        ("tensorrt-rtx 1.5", "tensorrt-rtx", (1, 5), ""),
        ("llama.cpp cuda 13 build", "llama-cpp", (), "cuda13"),
        ("llama.cpp vulkan", "llama-cpp", (), "vulkan"),
        ("CUDA toolkit 12.8", "cuda", (12, 8), ""),
        ("jax[cuda12]", "jax", (), "cuda12"),
        ("vllm>=0.10", "vllm", (0, 10), ""),
    ],
)
def test_what_people_type(text, key, version, variant):
    found = frameworks.find(text)
    assert (found.framework.id, found.version, found.variant) == (key, version, variant)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pytorhc 2.9", ("did you mean pytorch",)),
        ("nonsense", ("no framework", "pytorch")),
        ("pytorch 2.16", ("not released", "(2026-11-20)", "2.15.0")),  # the day of PyPI's list
        ("tensorflow 2.22", ("not released", "2.21.0")),
        ("tensorflow 3", ("not released",)),
        ("pytorch 1.14", ("did you mean 1.13, 2.0",)),
        ("pytorch 2.8.7", ("the last of 2.8 is 2.8.0",)),
        ("pytorch 2.9 cu999", ("no variant", "cu128")),
        ("", ("no framework",)),
    ],
)
def test_what_cannot_be_read_says_what_to_type(text, words):
    with pytest.raises(UsageError) as fault:
        frameworks.find(text)
    assert all(word in str(fault.value) for word in words), str(fault.value)


@pytest.mark.parametrize(
    ("gpu", "text", "answer"),
    [
        ("v100-16gb-sxm", "tensorrt-rtx 1.2", "unsupported"),
        ("k80", "tensorrt 9.0", "unsupported"),
        ("t4", "tensorrt-rtx 1.2", "unknown"),
    ],
)
def test_what_speaks_against_a_release_between_two_that_are_listed_counts(gpu, text, answer):
    assert not frameworks.find(text).releases()
    assert compat([GPUS[gpu]], [text]).gpus[0].verdicts[0].answer == answer


def test_a_version_before_the_data_is_unknown():
    verdict = compat([GPUS["t4"]], ["tensorflow 1.12"]).gpus[0].verdicts[0]
    assert verdict.answer == "unknown"
    assert "no source was read" in verdict.why[0]


def test_an_engine_that_is_too_new_is_refused_with_source_and_way_out():
    standing = stacks.standing(GPUS["t4"], "tensorrt-llm", "", "TensorRT-LLM")
    assert "needs compute capability 8.0" in standing.refusal
    assert "issue 2620" in standing.refusal
    assert "instead: vLLM" in standing.refusal
    # Volta's last release is of 2024, which nobody means who says no version; who says it gets it.
    assert stacks.standing(GPUS["v100-16gb-sxm"], "tensorrt-llm", "", "TensorRT-LLM").refusal
    assert not stacks.standing(GPUS["v100-16gb-sxm"], "tensorrt-llm", "", "TensorRT-LLM 0.13").refusal
    assert not stacks.standing(GPUS["a100-80gb-sxm"], "tensorrt-llm", "", "TensorRT-LLM 0.13").refusal
    assert stacks.runs(GPUS["apple-m2-max-38c"], "llama-cpp"), "under macOS"
    assert not stacks.runs(GPUS["apple-m2-max-38c"], "tensorrt-llm")
    # vLLM's is of this year: a warning.
    recent = stacks.standing(GPUS["v100-16gb-sxm"], "vllm", "", "vllm")
    assert not recent.refusal
    assert "vLLM 0.19 is the last release" in recent.warning
    assert stacks.standing(GPUS["v100-16gb-sxm"], "vllm", "", "vLLM 0.25").refusal
    # Builds of one's own, containers and what no source speaks of are no refusal.
    assert stacks.standing(GPUS["v100-16gb-sxm"], "vllm", "", "vLLM 0.25.1.dev2") == stacks.Standing("", "")
    assert stacks.standing(GPUS["v100-16gb-sxm"], "tensorrt", "", "TensorRT NGC 20.12") == stacks.Standing(
        "", ""
    )
    assert stacks.standing(GPUS["jetson-agx-orin-64gb"], "vllm", "", "vllm") == stacks.Standing("", "")


@pytest.mark.parametrize("name", ["pytorch", "cuda", "rocm"])
def test_the_newest_release_alone_says_what_the_verdict_on_all_of_them_says(name):
    for gpu in ("k80", "gtx-1080-ti", "v100-16gb-sxm", "t4", "b200-180gb-sxm", "mi300x", "mi25", "gaudi2"):
        device, asked = targets.device(GPUS[gpu]), frameworks.find(name)
        whole, newest = (told(device, asked, device.system) for told in (verdicts.judge, verdicts.newest))
        assert (newest is not None) == (whole.runs and not whole.until), gpu
        if newest is not None:
            assert newest.build.source.split(";")[0] == whole.sources[0]["id"], gpu


def test_every_runtime_is_judged_by_the_same_data():
    for text in (
        "vLLM",
        "SGLang",
        "TensorRT-LLM",
        "PyTorch eager",
        "llama.cpp",
        "TensorFlow",
        "TensorRT",
        "torch.compile",
    ):
        stack = runtime(text, "pytorch-2")
        assert stack.software in frameworks.frameworks(), text


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
    assert "2026-11-28" in told.out


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
