"""Exports: what each tool is told, read back, and checked by the tool itself.

`kubernetes-validate`, `bash`, `shellcheck`, and where it is installed `terraform`, judge here. SkyPilot and
dstack pin what others need in other versions: `bin/make-tools` installs them into `.tools`, as `./test` does.
vLLM, SGLang and the clouds' providers for Terraform are gigabytes: a folder named by `WHICHGPU_TOOLS` holds
an environment of each (docs/export.md), and where there is none the test skips.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import hcl2
import jsonschema
import kubernetes_validate
import pytest
import yaml
from export_tools import (
    DSTACK,
    NODE_POOL,
    SGLANG,
    SKY,
    VLLM,
    check_terraform,
    found_tool,
    read_command,
    sky_catalogue,
    tool,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from whichgpu.errors import Infeasible, UsageError
from whichgpu.export import export, known, read_back, targets
from whichgpu.export.launch import Place, launch
from whichgpu.export.model import back
from whichgpu.export.names import kubernetes_labels
from whichgpu.export.notes import notes
from whichgpu.export.source import read
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import candidates
from whichgpu.planner.deployment import OF_NODES, Deployment, from_dict
from whichgpu.workloads.hub import hub_name

CHAT = Deployment(
    name="chat", gpu="h100-80gb-sxm", workload="llama-3.1-70b", model="meta-llama/Llama-3.1-70B-Instruct",
    engine="vllm", gpus_per_replica=4, tp=4, replicas=4, gpus_per_node=8, nodes=2, precision="fp8",
    kv_precision="fp8", max_model_len=8192, max_num_seqs=256, max_num_batched_tokens=8192, provider="aws",
    instance="p5.48xlarge", region="us-east-1", usd_per_hour=55.04, disk=300e9, load_time=240.0,
)  # fmt: skip
#: What makes a deployment one on MIG slices, two on each machine.
SLICES = {
    "gpu": "a100-80gb-sxm:mig-3g.40gb", "gpus_per_replica": 1, "tp": 1, "replicas": 1, "gpus_per_node": 2,
    "nodes": 1, "precision": "bf16", "kv_precision": "",
}  # fmt: skip
IMAGES = Deployment(
    name="images", gpu="l4", workload="stable-diffusion-1.5", engine="diffusers", batch=4, precision="fp16",
    model="stable-diffusion-v1-5/stable-diffusion-v1-5", replicas=12, nodes=12, provider="gcp",
    instance="g2-standard-4", region="us-east4", term="spot", usd_per_hour=0.2828,
)  # fmt: skip
NIGHT = Deployment(
    name="night", gpu="a10", workload="whisper-large-v3", kind="batch", engine="transformers", replicas=3,
    nodes=3, provider="azure", instance="Standard_NV36ads_A10_v5", region="eastus", usd_per_hour=3.2,
)  # fmt: skip
WIDE = replace(
    CHAT, name="wide", workload="llama-3.1-405b", model="meta-llama/Llama-3.1-405B", gpus_per_replica=16,
    tp=8,
    pp=2, replicas=1, kv_precision="", precision="bf16",
)  # fmt: skip
DENSE = replace(CHAT, name="dense", engine="sglang", tp=2, dp=2, ep=4, replicas=2, gpus_per_node=4)
OFFLINE = replace(CHAT, name="offline", kind="batch", region="eu-west-1", term="spot", precision="fp16")
OWNED = replace(CHAT, name="owned", provider="", instance="", region="", term="owned", usd_per_hour=1.9)
NODES = {key: getattr(CHAT, key) for key in OF_NODES}
SHARED = replace(
    CHAT, name="shared", share=0.5, gpus_per_replica=8, tp=8, replicas=2,
    beside=(replace(IMAGES, name="pictures", share=0.2, replicas=16, **NODES),
            replace(NIGHT, name="sounds", share=0.1, replicas=16, **NODES)),
)  # fmt: skip
SERVED = [CHAT, WIDE, DENSE, OFFLINE, OWNED, SHARED]
PLAN = [CHAT, IMAGES, NIGHT]


def texts(found: list[Deployment], target: str) -> list[str]:
    return [file.text for file in export(found, target)]


# --- read back ---------------------------------------------------------------------------------------------

REFUSED = {
    "karpenter": {"owned"}, "terraform": {"owned", "wide"},
    "vllm": {"images", "night"}, "sglang": {"images", "night"}, "trtllm": {"images", "night", "wide"},
}  # fmt: skip


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


# --- by the tools themselves -------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [*PLAN, *SERVED[1:]], ids=lambda one: one.name)
def test_kubernetes_takes_it(one: Deployment) -> None:
    for made in yaml.safe_load_all(texts([one], "kubernetes")[0]):
        kubernetes_validate.validate(made, "1.37", strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**made, "spec": {**made["spec"], "nonsense": 1}}, "1.37", strict=True)


def test_pods_ask_for_type_and_region_of_nodes_that_are_rented() -> None:
    def asked(one: Deployment) -> dict[str, str]:
        made = next(yaml.safe_load_all(texts([one], "kubernetes")[0]))
        return dict(made["spec"]["template"]["spec"]["nodeSelector"])

    rented = asked(CHAT)
    assert rented["node.kubernetes.io/instance-type"] == "p5.48xlarge"
    assert rented["topology.kubernetes.io/region"] == "us-east-1"
    assert set(rented) - set(asked(OWNED)) == {
        "node.kubernetes.io/instance-type", "topology.kubernetes.io/region",
    }  # fmt: skip


def test_dstack_names_the_model_of_what_speaks_openais_protocol() -> None:
    served, own = (yaml.safe_load(texts([one], "dstack")[0]) for one in (CHAT, IMAGES))
    assert served["model"] == CHAT.model
    assert "model" not in own


def test_pods_of_one_replica_find_each_other() -> None:
    made = {one["kind"]: one for one in yaml.safe_load_all(texts([WIDE], "kubernetes")[0])}
    pods, service = made["StatefulSet"], made["Service"]
    assert (pods["spec"]["replicas"], pods["spec"]["serviceName"]) == (2, service["metadata"]["name"])
    script = pods["spec"]["template"]["spec"]["containers"][0]["command"][2]
    assert "--master-addr wide-0-0.wide-0" in script
    assert "--node-rank ${HOSTNAME##*-}" in script


@pytest.mark.parametrize("one", [*PLAN, OFFLINE, SHARED], ids=lambda one: one.name)
def test_karpenter_takes_it(one: Deployment) -> None:
    (pool,) = yaml.safe_load_all(texts([one], "karpenter")[0])
    jsonschema.validate(pool, NODE_POOL)
    wanted = {row["key"]: row["values"] for row in pool["spec"]["template"]["spec"]["requirements"]}
    assert wanted["karpenter.sh/capacity-type"] == [one.term]
    # The pod's selector and toleration are met by the pool.
    pod = next(yaml.safe_load_all(texts([one], "kubernetes")[0]))["spec"]["template"]["spec"]
    # Karpenter starts nothing for a pod that selects a label it does not know.
    there = pool["spec"]["template"]["metadata"]["labels"] | {key: row[0] for key, row in wanted.items()}
    assert pod["nodeSelector"].items() <= there.items()
    assert pod["tolerations"][0]["key"] == pool["spec"]["template"]["spec"]["taints"][0]["key"]


def _scripts() -> list[str]:
    served = [text for target in ("vllm", "sglang") for text in texts([*PLAN, *SERVED[1:]], target)]
    return [*served, *texts([CHAT, DENSE], "trtllm"), *texts([*PLAN, *SERVED[1:]], "slurm")]


def test_bash_reads_every_script() -> None:
    for text in _scripts():
        ran = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing_wrong() -> None:
    for text in _scripts():
        # What a node must be told comes from outside (2154), and may be one word or none (2086). Each of
        # those that share a node has an environment of its own (2030, 2031).
        ran = subprocess.run(
            ["shellcheck", "-e", "2154,2086,2030,2031", "-"],
            input=text,
            text=True,
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout


def test_one_script_starts_the_deployment_that_is_named(tmp_path: Path) -> None:
    (text,) = texts([*PLAN, OFFLINE, OWNED], "vllm")
    assert {one.name for one in read_back(text, "vllm")} == {"chat", "offline", "owned"}
    (tmp_path / "vllm").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "vllm").chmod(0o755)
    (tmp_path / "fleet.sh").write_text(text)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "WORKER": "0"}

    def run(*names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "fleet.sh", *names], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    assert run("chat").stdout.startswith(f"serve {CHAT.model} --host")
    assert "--tensor-parallel-size 4" in run("owned").stdout
    assert run("offline").stdout.startswith("run-batch --input-file requests-0.jsonl")
    assert (run().returncode, "chat, offline, owned" in run().stderr) == (2, True)


def test_slurm_gives_each_replica_its_nodes() -> None:
    assert "--nodes=2\n" in texts([WIDE], "slurm")[0]
    assert "--array=0-0\n" in texts([WIDE], "slurm")[0]
    assert "#SBATCH --gres=gpu:h100:8\n" in texts([CHAT], "slurm")[0]
    head, _, body = texts([WIDE], "slurm")[0].partition("EVERY_NODE'\n")
    assert "scontrol show hostnames" in head
    assert "--node-rank $SLURM_NODEID" in body


def test_terraform_templates_are_expressions() -> None:
    whole = json.loads(texts([CHAT, OFFLINE, *PLAN[1:]], "terraform")[0])
    found = re.findall(
        r"(?<!\$)\$\{(.*?)\}(?=\W|$)", json.dumps(whole).replace('\\"', '"').replace("\\\\", "\\")
    )
    assert len(found) > 10
    for one in found:
        if not one.startswith("base64encode"):
            hcl2.loads(f"x = {one}\n")
    assert {row["alias"] for row in whole["provider"]["aws"]} == {"us-east-1", "eu-west-1"}
    machines = whole["resource"]["aws_instance"]
    assert machines["offline"]["instance_market_options"]["spot_options"]["max_price"] == "55.04"
    assert machines["chat"]["instance_type"] == "p5.48xlarge"
    for one in (IMAGES, replace(IMAGES, term="on-demand")):
        (google,) = json.loads(texts([one], "terraform")[0])["resource"]["google_compute_instance"].values()
        assert google["scheduling"].get("preemptible", False) == (one.term == "spot")
    # Several images have the name: Terraform refuses a choice that nothing settles.
    assert all(image["most_recent"] for image in whole["data"]["aws_ami"].values())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_terraform_takes_it(tmp_path: Path) -> None:
    (tmp_path / "fleet.tf.json").write_text(texts([CHAT, OFFLINE, *PLAN[1:]], "terraform")[0])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"}
        return subprocess.run(
            ["terraform", *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    listed = run("providers")
    assert listed.returncode == 0, listed.stderr
    assert "hashicorp/azurerm" in listed.stdout
    plugins = found_tool("terraform-plugins")
    if plugins is None:
        pytest.skip(
            "Terraform's providers are not there: WHICHGPU_TOOLS names no folder with terraform-plugins"
        )
    clouds = {"aws": [CHAT, OFFLINE], "google": [IMAGES], "azurerm": [NIGHT]}
    for cloud, found in clouds.items():
        if any(plugins.rglob(f"terraform-provider-{cloud}_*")):
            (tmp_path / "fleet.tf.json").write_text(texts(found, "terraform")[0])
            made = run("init", f"-plugin-dir={plugins}")
            assert made.returncode == 0, made.stderr
            judged = run("validate", "-json")
            assert json.loads(judged.stdout)["valid"], judged.stdout


@pytest.mark.slow
def test_skypilot_takes_it(tmp_path: Path) -> None:
    found = [*PLAN, WIDE, OFFLINE, OWNED, SHARED]
    home = sky_catalogue(tmp_path, found)
    paths = []
    for file in export(found, "skypilot"):
        (tmp_path / file.name).write_text(file.text)
        paths.append(str(tmp_path / file.name))
    said = [line for line in tool("skypilot", SKY, *paths, home=home).splitlines() if line.startswith("TASK")]
    assert said == [
        "TASK chat 1 AWS us-east-1 {'H100': 8} False True",
        "TASK images 1 GCP us-east4 {'L4': 1} True True",
        "TASK night 3 Azure eastus {'A10': 1} False False",
        "TASK wide 2 AWS us-east-1 {'H100': 8} False True",
        "TASK offline 2 AWS eu-west-1 {'H100': 8} True False",
        "TASK owned 1 SSH None {'H100': 8} False True",
        "TASK shared 1 AWS us-east-1 {'H100': 8} False True",
    ]


SKY_CLOUDS = """
import re, sys
from sky.utils import schemas
pattern = schemas.get_resources_schema()["properties"]["infra"]["pattern"]
print("UNKNOWN", [cloud for cloud in sys.argv[1:] if not re.match(pattern, cloud)])
"""
DSTACK_CLOUDS = """
import sys
from dstack._internal.core.models.backends.base import BackendType
print("UNKNOWN", [cloud for cloud in sys.argv[1:] if cloud not in {one.value for one in BackendType}])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("skypilot", SKY_CLOUDS), ("dstack", DSTACK_CLOUDS)])
def test_a_tool_knows_its_clouds(name: str, code: str) -> None:
    rows = store.load("export")["providers"]["provider"].values()
    said = tool(name, code, *(row[name] for row in rows if name in row))
    assert said.splitlines()[-1] == "UNKNOWN []"


@pytest.mark.slow
def test_dstack_takes_it(tmp_path: Path) -> None:
    paths = []
    for file in export([*PLAN, WIDE, OWNED, SHARED], "dstack"):
        (tmp_path / file.name).write_text(file.text)
        paths.append(str(tmp_path / file.name))
    assert tool("dstack", DSTACK, *paths).splitlines() == [
        "service chat ['aws'] ['us-east-1'] ['H100'] 8 55.04",
        "service images ['gcp'] ['us-east4'] ['L4'] 1 0.2828",
        "task night ['azure'] ['eastus'] ['A10'] 1 3.2",
        "task wide ['aws'] ['us-east-1'] ['H100'] 8 55.04",
        "service owned [] None ['H100'] 8 1.9",
        "service shared ['aws'] ['us-east-1'] ['H100'] 8 55.04",
    ]


def _words(one: Deployment, engine: str) -> str:
    """The words of a launch command, shell variables filled in, as JSON."""
    text = launch(
        one, engine, Place(one.replicas_per_node, one.nodes_per_replica, "1", "10.0.0.1", "0")
    ).lines[-1]
    return json.dumps([word for word in shlex.split(text.replace("\\\n", " ")) if word != "$extra"])


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "code"), [("vllm", VLLM), ("sglang", SGLANG)])
def test_the_engine_reads_its_command(engine: str, code: str) -> None:
    found = [CHAT, WIDE, DENSE, OFFLINE]
    said = tool("engines", code, *(_words(one, engine) for one in found)).splitlines()[-len(found) :]
    groups = {"vllm": ("4 1 2 8192 1", "8 2 1 8192 2", "2 1 2 8192 1", "4 1 2 8192 1"),
              "sglang": ("4 1 2 8192 1", "8 2 1 8192 2", "4 1 1 8192 1", "4 1 2 8192 1")}  # fmt: skip
    assert tuple(said) == groups[engine]


@pytest.mark.parametrize("one", SERVED, ids=lambda one: one.name)
@pytest.mark.parametrize("engine", ["vllm", "sglang", "trtllm"])
def test_what_a_command_line_takes(engine: str, one: Deployment) -> None:
    if (engine, one.name) == ("trtllm", "wide"):
        return
    # TensorRT-LLM starts each replica of a node by a command of its own.
    words = json.loads(
        _words(replace(one, gpus_per_node=one.gpus_per_replica) if engine == "trtllm" else one, engine)
    )
    made = vars(read_command(words))
    assert one.model in (made.get("model"), made.get("model_path"), *(made.get("model_tag") or ()))
    width = next(made[key] for key in ("tensor_parallel_size", "tp_size") if key in made)
    assert width in ({one.tp} if engine == "vllm" else {one.tp * one.dp})
    assert one.max_model_len in {made.get(key) for key in ("max_model_len", "context_length", "max_seq_len")}


def test_work_that_ends_is_not_spread_over_nodes() -> None:
    with pytest.raises(UsageError, match="work that ends"):
        export([replace(WIDE, kind="batch")], "vllm")


@pytest.mark.parametrize("engine", ["vllm", "sglang", "trtllm"])
@pytest.mark.parametrize(("workload", "precision"), [("gpt-oss-120b", "mxfp4"), ("deepseek-r1", "fp8")])
def test_a_checkpoint_in_its_own_format_needs_no_words(engine: str, workload: str, precision: str) -> None:
    one = Deployment("own", "b200-180gb-sxm", workload, precision=precision, model=hub_name(workload))
    assert not any("--model" in text for text in notes([one], engine))
    assert "--quantization" not in launch(one, engine, Place()).text
    other = replace(one, model="someone/else")
    asked = any("--model" in text for text in notes([other], engine))
    assert asked or "--quantization fp8" in launch(other, engine, Place()).text


def test_replicas_of_tensorrt_llm_have_ports_of_their_own() -> None:
    assert "enable_attention_dp: true" in launch(DENSE, "trtllm", Place()).text
    assert "enable_attention_dp" not in launch(CHAT, "trtllm", Place(2)).text
    both = launch(CHAT, "trtllm", Place(2)).lines
    assert [re.search(r"DEVICES=(\S+)", line)[1] for line in both if "DEVICES" in line] == [
        "0,1,2,3",
        "4,5,6,7",
    ]
    assert "--port 8001" in both[-2]


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
