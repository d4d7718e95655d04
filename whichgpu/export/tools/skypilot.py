"""SkyPilot: a task, or a service of SkyServe with as many replicas as the plan has groups of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.export import document, names
from whichgpu.export.launch import Place, started
from whichgpu.export.model import gigabytes, of_tags, patience, read_tags, tag_line
from whichgpu.export.single import one_port, rented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.launch import Launch
    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment

TITLE, SUFFIX, TOGETHER = "SkyPilot task or service", ".sky.yaml", False
_HEAD = '$(echo "$SKYPILOT_NODE_IPS" | head -n1)'
_INSTEAD = "Use --to kubernetes, slurm or a launch command (vllm, sglang, trtllm) on machines that you have."


def write(deployments: Sequence[Deployment]) -> str:
    """The YAML of the one deployment."""
    (one,) = deployments
    span = one.nodes_per_replica
    service = one.kind == "service"
    rented(one, "SkyPilot", _INSTEAD)
    # Machines of one's own are a pool that `sky ssh up` has made known.
    cloud = "ssh" if one.term == "owned" else names.provider(one, "skypilot", _INSTEAD)
    rank = "$SKYPILOT_NODE_RANK"
    start = started(one, Place(one.replicas_per_node, span, rank, "$HEAD_ADDRESS", rank))
    if service:
        one_port(one, start, "SkyServe")
    task: dict[str, Any] = {"name": one.name, "num_nodes": span if service else one.nodes}
    task["resources"] = _resources(one, cloud, start)
    if service:
        task["service"] = {
            "readiness_probe": {"path": start.health or "/", "initial_delay_seconds": patience(one)},
            "replicas": -(-one.nodes // span),
        }
    task["envs"] = {"HF_TOKEN": ""}
    if start.install:
        task["setup"] = f"{start.install}\n"
    task["run"] = (f"HEAD_ADDRESS={_HEAD}\n" if span > 1 else "") + start.text
    return document.dump([task], [f"{one}\n{tag_line(one)}"])


def _resources(one: Deployment, cloud: str, start: Launch) -> dict[str, Any]:
    known: dict[str, Any] = {
        "infra": f"{cloud}/{one.region}" if one.region and "/" not in one.region else cloud
    }
    kind = names.instance_type(one)
    if kind and "(" not in kind:
        known["instance_type"] = kind
    known["accelerators"] = {names.gpu(one, "skypilot", cloud): one.gpus_per_node}
    known["use_spot"] = one.term == "spot"
    if one.usd_per_hour:
        known["max_hourly_cost"] = one.usd_per_hour
    if one.disk:
        known["disk_size"] = max(gigabytes(one.disk), 50)
    if one.kind == "service":
        known["ports"] = [start.port, *(port for _, port in start.others)] if start.others else start.port
    return known


def read(text: str) -> tuple[Back, ...]:
    """What the task's own fields say."""
    known, task = read_tags(text)[0], document.load(text)[0]
    resources = task["resources"]
    ((spelling, count),) = resources["accelerators"].items()
    groups = task.get("service", {}).get("replicas", 1)
    gpu = names.gpu_of("skypilot", spelling, known["gpu"])
    return (
        of_tags(
            known, name=task["name"], gpu=gpu, gpus_per_node=count,
            nodes=task["num_nodes"] * groups, region=resources["infra"].partition("/")[2] or None,
            usd_per_hour=resources.get("max_hourly_cost"),
        ),
    )  # fmt: skip
