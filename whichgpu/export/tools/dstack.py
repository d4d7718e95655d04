"""dstack: a service, or a task where a replica spans nodes or the work ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.export import document, names
from whichgpu.export.launch import OWN, Place, started
from whichgpu.export.model import gigabytes, of_tags, read_tags, tag_line
from whichgpu.export.single import one_port, rented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.launch import Launch
    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment

TITLE, SUFFIX, TOGETHER = "dstack service or task", ".dstack.yml", False
_INSTEAD = "Use --to kubernetes, slurm or a launch command (vllm, sglang, trtllm) on machines that you have."


def write(deployments: Sequence[Deployment]) -> str:
    """The YAML of the one deployment."""
    (one,) = deployments
    rented(one, "dstack", _INSTEAD)
    span = one.nodes_per_replica
    if span > 1 and one.replicas > 1:
        raise UsageError(
            f"{one.name}: dstack runs a replica of {span} nodes as a task, and each of the {one.replicas} "
            f"would be one; use --to kubernetes or skypilot"
        )
    # Machines of one's own are an SSH fleet, of which instances are taken and none made.
    owned = one.term == "owned"
    where = {} if owned else {"backends": [names.provider(one, "dstack", _INSTEAD)]}
    rank = "$DSTACK_NODE_RANK"
    start = started(one, Place(one.replicas_per_node, span, rank, "$DSTACK_MASTER_NODE_IP", rank))
    said = _service(one, start) if one.kind == "service" and span == 1 else _task(one, start)
    said |= {"creation_policy": "reuse"} if owned else where
    if one.region:
        said["regions"] = [one.region]
    if names.instance_type(one):
        said["instance_types"] = [names.instance_type(one)]
    said["spot_policy"] = "spot" if one.term == "spot" else "on-demand"
    if one.usd_per_hour:
        said["max_price"] = one.usd_per_hour
    said["resources"] = _resources(one)
    return document.dump([said], [f"{one}\n{tag_line(one)}"])


def _common(one: Deployment, start: Launch, kind: str) -> dict[str, Any]:
    return {"type": kind, "name": one.name, "image": start.image, "shell": "bash", "env": {"HF_TOKEN": ""},
            "commands": [start.text]}  # fmt: skip


def _service(one: Deployment, start: Launch) -> dict[str, Any]:
    one_port(one, start, "dstack")
    served = {"model": one.model} if start.engine != OWN else {}
    return _common(one, start, "service") | {"port": start.port, **served, "replicas": one.nodes}


def _task(one: Deployment, start: Launch) -> dict[str, Any]:
    ports = {"ports": [start.port]} if one.kind == "service" else {}
    return _common(one, start, "task") | {"nodes": one.nodes, **ports}


def _resources(one: Deployment) -> dict[str, Any]:
    name, *memory = names.gpu(one, "dstack")
    gpu = {"name": name, "count": one.gpus_per_node, **({"memory": memory[0]} if memory else {})}
    disk = {"disk": {"size": f"{max(gigabytes(one.disk), 50)}GB.."}} if one.disk else {}
    return {"gpu": gpu, **disk}


def read(text: str) -> tuple[Back, ...]:
    """What the configuration's own fields say."""
    known, said = read_tags(text)[0], document.load(text)[0]
    gpu = said["resources"]["gpu"]
    spelling = [gpu["name"], *([gpu["memory"]] if "memory" in gpu else [])]
    return (
        of_tags(
            known, name=said["name"], gpu=names.gpu_of("dstack", spelling, known["gpu"]),
            gpus_per_node=gpu["count"], nodes=said.get("replicas", said.get("nodes")),
            region=said.get("regions", [""])[0], usd_per_hour=said.get("max_price"),
        ),
    )  # fmt: skip
