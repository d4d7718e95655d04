"""What software runs on which GPU: known answers, how versions and targets compare."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.cost.job.runtimes import runtime
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.software import codecs, features, frameworks, model, stacks, targets, verdicts, versions
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


_LOTS = 9


@pytest.mark.parametrize("lot", range(_LOTS))
def test_known_answers(lot):
    """Forty rows to a test, of every case: a test for each cost more than what it tests."""
    for row in ROWS[lot::_LOTS]:
        answer, found = asked(row)
        document = found.to_dict()
        assert answer in row["answer"].split("|"), (row, document)
        told = document["features"] if row["feature"] else document["verdicts"]
        assert row["says"] in json.dumps(told, ensure_ascii=False).replace('\\"', '"'), (row, told)
        for name in ("from", "to"):
            if row[name]:
                assert document["verdicts"][0][name] == row[name], row


def test_the_cases_cover_the_questions_that_name_a_gpu():
    asked_for = {int(row["case"]) for row in ROWS if row["case"].isdigit()}
    assert asked_for == set(range(1, 82))
    assert sum(row["case"] == "more" for row in ROWS) >= 60


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
        ("transformer engine fp8", ("no variant", "--feature fp8")),
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


def test_units_of_video_name_codecs_of_the_table_alone():
    content = store.load("codecs")["codecs"]
    for row in content["unit"]:
        assert set(row["source"].split(";")) <= set(content["sources"])
        named = [
            one for key in ("encode", "decode", "some_encode", "some_decode") for one in row.get(key, ())
        ]
        assert set(named) <= set(content["codec"])
        assert all(way in row for way in codecs.WAYS if row.get("speaks_of", way) == way)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("nvenc h265", "hevc-encode"), ("av1 decoder", "av1-decode"), ("H.264 4:2:2 decode", "h264-422-decode"),
     ("HEVC Main10 encode", "hevc-10bit-encode"), ("vp9 decoding", "vp9-decode")],
)  # fmt: skip
def test_codecs_are_found_however_they_are_written(said, meant):
    own = features.hardware(targets.device(GPUS["rtx-4090"]), "linux")
    assert features.named(said, own).name == meant
