"""Exports judged by the tools that run them, and by what these say they take.

`kubernetes-validate`, `bash`, `shellcheck`, and where it is installed `terraform` with the schemas of
`tools/terraform.toml`, judge here. SkyPilot and dstack pin what others need in other versions:
`bin/make-tools` installs them into `.tools`, as `./test` does. vLLM, SGLang and the clouds' own providers for
Terraform are gigabytes: a folder named by `WHICHGPU_TOOLS` holds an environment of each (docs/export.md), and
where there is none the test skips.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import hcl2
import jsonschema
import kubernetes_validate
import pytest
import yaml
from deployments import (
    CHAT,
    DENSE,
    IMAGES,
    NIGHT,
    OFFLINE,
    OWNED,
    PLAN,
    SERVED,
    SHARED,
    WIDE,
    texts,
)
from export_tools import (
    DSTACK,
    NODE_POOL,
    SGLANG,
    SKY,
    VLLM,
    found_tool,
    read_command,
    sky_catalogue,
    tool,
)
from terraform_schemas import TERRAFORM, complaints, providers, terraform

from whichgpu.errors import UsageError
from whichgpu.export import export, read_back
from whichgpu.export.launch import Place, launch
from whichgpu.export.notes import notes
from whichgpu.facts import store
from whichgpu.planner.deployment import Deployment
from whichgpu.workloads.hub import hub_name

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

#: What is written where in an export (None takes it out), and what Terraform says of it.
WRONG = [
    ("aws_instance chat root_block_device volume_size", "300 GB", "a number is required"),
    ("aws_instance chat ami", "${data.aws_ami.us-west-9.id}", "has not been declared"),
    ("azurerm_linux_virtual_machine night disk", {}, 'named "disk"'),
    ("google_compute_instance images machine_type", None, '"machine_type" is required'),
]


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
    for one in sorted(set(found)):
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


@TERRAFORM
def test_terraform_validates_it(tmp_path: Path) -> None:
    spot = replace(CHAT, name="spot", term="spot")
    whole = json.loads(texts([CHAT, OFFLINE, SHARED, *PLAN[1:], spot], "terraform")[0])

    with providers("aws", "google", "azurerm") as env:
        assert complaints(json.dumps(whole), tmp_path, **env) == ""
        for path, value, said in WRONG:
            changed = copy.deepcopy(whole)
            *way, last = path.split()
            block = reduce(lambda part, name: part[name], way, changed["resource"])
            block[last] = value
            if value is None:
                del block[last]
            assert said in complaints(json.dumps(changed), tmp_path, **env)


@pytest.mark.slow
@TERRAFORM
def test_the_clouds_own_providers_take_it(tmp_path: Path) -> None:
    plugins = found_tool("terraform-plugins")
    if plugins is None:
        pytest.skip(
            "Terraform's providers are not there: WHICHGPU_TOOLS names no folder with terraform-plugins"
        )
    clouds = {"aws": [CHAT, OFFLINE], "google": [IMAGES], "azurerm": [NIGHT]}
    for cloud, found in clouds.items():
        if any(plugins.rglob(f"terraform-provider-{cloud}_*")):
            (fleet,) = texts(found, "terraform")
            (tmp_path / "fleet.tf.json").write_text(fleet)
            made = terraform(tmp_path, "init", f"-plugin-dir={plugins}")
            assert made.returncode == 0, made.stderr
            assert complaints(fleet, tmp_path) == ""


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
