"""Exports: what each tool is told, read back, and what it cannot do; test_export_by_tools asks the tools."""

from __future__ import annotations

import argparse
import base64
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from deployments import (
    CHAT,
    IMAGES,
    NIGHT,
    OFFLINE,
    OWNED,
    PLAN,
    REFUSED,
    SERVED,
    SHARED,
    SLICES,
    WIDE,
    texts,
)
from export_tools import (
    check_terraform,
    read_command,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from whichgpu.errors import Infeasible, UsageError
from whichgpu.export import export, known, read_back, targets
from whichgpu.export.model import back
from whichgpu.export.names import kubernetes_labels
from whichgpu.export.notes import notes
from whichgpu.export.source import read
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import candidates
from whichgpu.planner.deployment import OF_NODES, Deployment, from_dict

pytestmark = pytest.mark.slow

# --- read back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", sorted(targets()))
@pytest.mark.parametrize("one", [*PLAN, *SERVED[1:]], ids=lambda one: one.name)
def test_read_back_gives_gpu_count_region_and_price(one: Deployment, target: str) -> None:
    if one.name in REFUSED.get(target, ()):
        with pytest.raises(UsageError, match=r"use|Use"):
            export([one], target)
        return
    (text,) = texts([one], target)
    assert read_back(text, target) == (back(one),)


@pytest.mark.parametrize("target", ["kubernetes", "karpenter", "terraform"])
def test_a_plan_in_one_file(target: str) -> None:
    (file,) = export(PLAN, target)
    assert file.name.startswith("fleet.")
    assert sorted(read_back(file.text, target)) == sorted(map(back, PLAN))


@pytest.mark.parametrize("target", ["skypilot", "dstack", "slurm"])
def test_a_plan_in_a_file_each(target: str) -> None:
    files = export(PLAN, target)
    assert [file.name.partition(".")[0] for file in files] == ["chat", "images", "night"]
    assert [read_back(file.text, target)[0] for file in files] == list(map(back, PLAN))


def test_what_was_changed_by_hand_is_found() -> None:
    (text,) = texts([CHAT], "skypilot")
    with pytest.raises(UsageError, match=r"usd_per_hour is 99.0, and the tag says 55.04"):
        read_back(text.replace("max_hourly_cost: 55.04", "max_hourly_cost: 99.0"), "skypilot")
    with pytest.raises(UsageError, match="gpu is l4, and the tag says h100-80gb-sxm"):
        read_back(texts([CHAT], "slurm")[0].replace("gpu:h100", "gpu:l4"), "slurm")


WORD = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=20).filter(
    str.isprintable
)


ODD = st.fixed_dictionaries({
    "model": WORD.filter(bool), "region": WORD, "instance": WORD, "usd_per_hour": st.floats(0.001, 1000.0),
    "provider": st.sampled_from(["aws", "gcp", "azure", "lambda"]),
    "term": st.sampled_from(["on-demand", "spot"]),
})  # fmt: skip


@settings(max_examples=150)
@given(change=ODD, target=st.sampled_from(sorted(targets())))
def test_odd_words_are_read_back_or_refused(change: dict[str, object], target: str) -> None:
    made = from_dict({**CHAT.to_dict(), **change})
    try:
        (file,) = export([made], target)
    except UsageError as fault:
        if not str(fault).isprintable():
            raise
        return
    assert read_back(file.text, target) == (back(made),)
    if file.text.startswith("#!"):
        subprocess.run(["bash", "-n"], input=file.text, text=True, check=True)


# --- what a tool cannot do ---------------------------------------------------------------------------------


def test_options_that_an_engine_has_not_are_found() -> None:
    with pytest.raises(AssertionError, match="knows no"):
        read_command(["vllm", "serve", "m", "--tensor-paralel-size", "2"])
    with pytest.raises(argparse.ArgumentError, match="invalid choice"):
        read_command(["python3", "-m", "sglang.launch_server", "--dtype", "fp12"])


def test_terraform_providers_have_these_attributes() -> None:
    apart = replace(IMAGES, name="apart", gpu="t4", instance="n1+1xt4 (gpu only)", region="us-central1")
    spot = replace(NIGHT, name="spot", term="spot")
    whole = json.loads(texts([CHAT, OFFLINE, SHARED, *PLAN[1:], apart, spot], "terraform")[0])
    assert check_terraform(whole) == 11
    wrong = json.loads(json.dumps(whole).replace('"instance_type"', '"instance_typ"'))
    with pytest.raises(AssertionError, match="instance_typ"):
        check_terraform(wrong)


def test_labels_of_nodes_mean_their_gpu() -> None:
    gpus = catalogue()
    for key, spelling in kubernetes_labels():
        assert key in [gpu.id for gpu in candidates(spelling, gpus)], spelling


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("k8s", "kubernetes"), ("skypliot", "skypilot"), ("tensorrt-llm", "trtllm"), ("tf", "terraform")],
)
def test_an_unknown_target_is_told_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}"):
        known(typed)


@pytest.mark.parametrize(
    ("change", "target", "words"),
    [
        ({"provider": "salad"}, "skypilot", "skypilot cannot rent from 'salad'; it can from aws"),
        ({"provider": "lambda"}, "terraform", "Use --to skypilot or dstack"),
        ({"term": "serverless"}, "kubernetes", "own endpoints"),
        ({"gpu": "radeon-pro-v520", "engine": ""}, "terraform", "have NVIDIA's driver"),
        ({"region": ""}, "terraform", "needs a region, and the plan names none"),
        ({"model": ""}, "vllm", "say it with --model"),
        ({"gpu": "tpu-v5e"}, "kubernetes", "not known here; known|no name of tpu-v5e|not known here"),
        ({"gpu": "mi300x"}, "trtllm", "not known here; known are vllm, sglang"),
        ({"engine": "tensorrt-llm"}, "skypilot", "one port"),
        ({"workload": "resnet50", "engine": "pytorch-2"}, "vllm", "resnet50 is none"),
        ({**SLICES, "replicas": 2}, "vllm", "no number tells apart; use --to kubernetes"),
        ({**SLICES, "gpus_per_node": 1}, "dstack", "part of a GPU, in dstack is known; a MIG slice has one"),
        ({**SLICES, "gpu": "l4:1/2"}, "kubernetes", "MIG slices of NVIDIA's have one"),
    ],
)  # fmt: skip
def test_what_a_tool_cannot_do_is_said(change: dict[str, str], target: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        export([replace(CHAT, **change)], target)


def test_a_slice_has_a_label_of_its_own_in_kubernetes() -> None:
    one = replace(CHAT, **{**SLICES, "replicas": 2})
    (text,) = texts([one], "kubernetes")
    assert "nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB-MIG-3g.40gb" in text
    assert "nvidia.com/gpu: 1" in text
    assert read_back(text, "kubernetes") == (back(one),)


def test_notes() -> None:
    assert any("run.sh of yours" in one for one in notes([IMAGES], "skypilot"))
    assert any("remark only" in one for one in notes([CHAT], "kubernetes"))
    assert not notes([CHAT], "dstack")
    assert any("made for sglang" in one for one in notes([replace(CHAT, engine="sglang")], "vllm"))
    assert not any("images" in one for one in notes([CHAT, IMAGES], "vllm"))
    said = notes([SHARED], "terraform")
    assert any("shared (50% of their time), pictures (20% of their time), sounds" in one for one in said)
    assert any("answer shared at 8000, pictures at 8100" in one for one in said)


# --- several workloads on the same nodes -------------------------------------------------------------------


@pytest.mark.parametrize("target", sorted(targets()))
def test_nodes_that_several_share_are_counted_once(target: str) -> None:
    (text,) = texts([SHARED], target)
    assert read_back(text, target) == (back(SHARED),)
    if target == "karpenter":
        return
    told = text if target != "terraform" else _started(json.loads(text))
    assert "vllm serve" in told if target in ("vllm", "skypilot", "slurm") else True
    if target not in ("vllm", "sglang", "trtllm"):
        assert "WORKLOAD=stable-diffusion-1.5" in told
        assert "PORT=8100" in told
        assert "WORKLOAD=whisper-large-v3" in told


def _started(whole: dict[str, dict[str, dict[str, dict[str, str]]]]) -> str:
    (machine,) = whole["resource"]["aws_instance"].values()
    packed = re.search(r"echo (\S+) \| base64", machine["user_data"])
    assert packed is not None
    return base64.b64decode(packed[1]).decode()


def test_one_pod_has_all_that_share_a_node() -> None:
    made, service = yaml.safe_load_all(texts([SHARED], "kubernetes")[0])
    pod = made["spec"]["template"]["spec"]["containers"][0]
    assert (made["spec"]["replicas"], pod["resources"]["limits"]) == (2, {"nvidia.com/gpu": 8})
    assert [one["containerPort"] for one in pod["ports"]] == [8000, 8100]
    assert [one["port"] for one in service["spec"]["ports"]] == [8000, 8100]
    assert pod["image"].startswith("vllm/")


def test_what_shares_nodes_is_read_and_held_to_them() -> None:
    raw = SHARED.to_dict()
    assert from_dict(raw) == SHARED
    own = {key: value for key, value in raw["beside"][0].items() if key not in OF_NODES}
    assert from_dict({**raw, "beside": [own]}).beside == SHARED.beside[:1]
    with pytest.raises(UsageError, match=r"beside\[0\].nodes: '9', and shared beside which it runs has '2'"):
        from_dict({**raw, "beside": [{**own, "nodes": 9}]})
    with pytest.raises(UsageError, match="do not run in one image"):
        export([replace(SHARED, beside=(replace(CHAT, name="other", engine="sglang"),))], "kubernetes")


# --- what is read ------------------------------------------------------------------------------------------


def test_a_plan_is_read() -> None:
    text = json.dumps({"schema_version": 1, "picks": [], "deployments": [one.to_dict() for one in PLAN]})
    # A model that the plan does not name is the one that the workload was read from.
    whisper = replace(NIGHT, model="openai/whisper-large-v3")
    assert read(text, "plan.json") == (CHAT, IMAGES, whisper)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends too early"),
        (json.dumps({"deployments": [CHAT.to_dict()]})[:-40], "ends too early|Unterminated|no whole JSON"),
        ("[demand]\nname = 'x'", "no whole JSON document"),
        ("[1, 2]", "this is no plan but a list"),
        ('{"name": "x", "version": "1.0"}', "its keys are 'name', 'version'"),
        ('{"picks": [{"option": "mine"}]}', "names no deployments"),
        ('{"error": {"message": "no GPU x"}}', "this is an error: no GPU x"),
        ('{"candidates": [{"gpu": "l4"}]}', "not as recommend --json writes it"),
        ('{"candidates": 3}', "is no list"),
        ("[" * 100_000, "no whole JSON document"),
        ('{"deployments": [{"name": "a", "gpu": "l4", "replcias": 2}]}', "did you mean 'replicas'"),
    ],
)
def test_other_text_is_refused_with_words(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as fault:
        read(text, "p.json")
    assert "\n" not in str(fault.value)


def test_nothing_feasible_is_no_plan() -> None:
    for document in ({"candidates": [], "infeasible": "too dear"}, {"picks": [], "infeasible": "too dear"},
                     {"picks": [], "deployments": [], "status": "too dear"}):  # fmt: skip
        with pytest.raises(Infeasible, match="too dear"):
            read(json.dumps(document), "p.json")


def test_a_recommendation_on_the_command_line(whichgpu, tmp_path: Path) -> None:
    asked = (
        "recommend",
        "llama-3.1-8b",
        "--target",
        "4000 tokens/s",
        "--gpus",
        "l4,a10g",
        "--providers",
        "aws",
        "--json",
    )
    answer = whichgpu(*asked)
    path = tmp_path / "answer.json"
    path.write_text(answer.out)
    for rank, chosen in enumerate(answer.json["candidates"], 1):
        told = whichgpu("export", str(path), "--to", "skypilot", "--rank", str(rank))
        assert told.status == 0, told.err
        (said,) = read_back(told.out, "skypilot")
        assert (said.gpu, said.gpus) == (chosen["gpu"], chosen["instances"] * chosen["gpus_per_instance"])
        assert (said.region, said.usd_per_hour) == (
            chosen["offer"]["region"],
            chosen["offer"]["usd_per_hour"],
        )
    assert "meta-llama/Llama-3.1-8B" in told.out
    # 512 tokens in and 256 out: room for requests twice as long, not for the 131,072 the model was made for.
    assert "--max-model-len 2048" in told.out
    over = whichgpu("export", str(path), "--to", "vllm", "--rank", "99")
    assert (over.status, "candidates 1 to 2" in over.err) == (2, True)
    changed = answer.json
    changed["candidates"][0]["offer"]["provider"] = "salad"
    path.write_text(json.dumps(changed))
    refused = whichgpu("export", str(path), "--to", "skypilot")
    assert (refused.status, "candidate that it can, with --rank 2" in refused.err) == (2, True)
    assert "aws,azure,gcp" in refused.err
    assert "recommend --providers takes these" in refused.err
    as_json = whichgpu("export", str(path), "--to", "vllm", "--model", "my/llama", "--json").json
    assert "vllm serve my/llama" in as_json["files"][0]["text"]


def test_the_example_of_the_page_is_what_is_written() -> None:
    page = (Path(__file__).parent.parent / "docs" / "export.md").read_text()
    plan, written = (page.partition(f"```{form}\n")[2].partition("```")[0] for form in ("json", "yaml"))
    assert texts(list(read(plan, "page")), "skypilot") == [written]


def test_files_of_a_plan_on_the_command_line(whichgpu, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"deployments": [one.to_dict() for one in PLAN]}))
    several = whichgpu("export", str(path), "--to", "dstack")
    assert (several.status, "--name" in several.err) == (2, True)
    out = tmp_path / "out"
    assert whichgpu("export", str(path), "--to", "dstack", "--out", str(out)).status == 0
    assert sorted(one.name for one in out.iterdir()) == [
        "chat.dstack.yml",
        "images.dstack.yml",
        "night.dstack.yml",
    ]
    path.write_text(json.dumps({"deployments": [one.to_dict() for one in [*PLAN, OWNED]]}))
    part = whichgpu("export", str(path), "--to", "terraform")
    # Nothing has to be rented of what is owned: that is said, and no fault.
    assert (part.status, "owned: terraform starts rented machines" in part.err) == (0, True)
    assert {one.name for one in read_back(part.out, "terraform")} == {"chat", "images", "night"}
    path.write_text(json.dumps({"deployments": [one.to_dict() for one in [*PLAN, OWNED, WIDE]]}))
    part = whichgpu("export", str(path), "--to", "terraform")
    assert (part.status, "left out: wide: a replica spans" in part.err) == (3, True)
    assert whichgpu("export", str(path), "--to", "terraform", "--name", "owned").status == 2
    one = whichgpu("export", str(path), "--to", "slurm", "--name", "night")
    assert read_back(one.out, "slurm") == (back(NIGHT),)
    assert "run.sh of yours" in one.err
    assert "did you mean night" in whichgpu("export", str(path), "--to", "slurm", "--name", "nigth").err
    assert whichgpu("export", str(tmp_path / "none.json"), "--to", "slurm").status == 2
    own = whichgpu("export", str(path), "--to", "slurm", "--name", "night", "--run", "python serve.py")
    assert own.out.rstrip().endswith("python serve.py")
