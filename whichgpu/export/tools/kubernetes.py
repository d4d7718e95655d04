"""Kubernetes: a Deployment and its Service, a Job for work that ends, a StatefulSet for several nodes.

A pod holds a replica (or one node's part of it, or all that share a node), on nodes with the label of
NVIDIA's GPU feature discovery or AMD's labeller, and on clouds whose nodes carry them with instance type and
region. Kubernetes knows no prices: the limit is an annotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.export import document, names
from whichgpu.export.launch import Place, started
from whichgpu.export.model import gigabytes, of_tags, patience, tags
from whichgpu.export.single import one_port, rented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.launch import Launch
    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment

TITLE, SUFFIX, TOGETHER = "Kubernetes Deployment, Job or StatefulSet", ".k8s.yaml", True
#: Prefix of annotations, and labels that nodes carry.
_OURS = "whichgpu/"
_PRODUCT = {"nvidia.com/gpu": "nvidia.com/gpu.product", "amd.com/gpu": "amd.com/gpu.product-name"}
_TYPE, _REGION = "node.kubernetes.io/instance-type", "topology.kubernetes.io/region"


def write(deployments: Sequence[Deployment]) -> str:
    """All objects of all deployments."""
    objects: list[dict[str, Any]] = []
    heads: list[str] = []
    for one in deployments:
        rented(one, "Kubernetes", "use --to skypilot with another offer (--rank)")
        made = _objects(one)
        heads += [str(one)] + [f"{one.name}, continued"] * (len(made) - 1)
        objects += made
    return document.dump(objects, heads)


def resource(one: Deployment) -> tuple[str, str]:
    """The resource that a GPU is in Kubernetes, and its label's value."""
    spelt = str(names.gpu(one, "kubernetes"))
    return ("amd.com/gpu" if spelt.startswith("AMD") else "nvidia.com/gpu"), spelt


def product(one: Deployment) -> dict[str, str]:
    """The label of nodes that says which GPU they have."""
    device, spelt = resource(one)
    return {_PRODUCT[device]: spelt}


def _objects(one: Deployment) -> list[dict[str, Any]]:
    span = one.nodes_per_replica
    if span > 1:
        return [made for n in range(one.replicas) for made in _replica(one, n, span)]
    worker = "$JOB_COMPLETION_INDEX" if one.kind == "batch" else "$HOSTNAME"
    # What shares a node shares its GPUs, and these are one container's.
    shared = bool(one.beside)
    pods, gpus = (one.nodes, one.gpus_per_node) if shared else (one.replicas, one.gpus_per_replica)
    start = started(one, Place(one.replicas_per_node if shared else 1, worker=worker))
    if shared:
        one_port(one, start, "Kubernetes, where all that share a node are one pod,")
    if one.kind == "batch":
        counts = {"parallelism": pods, "completions": pods, "completionMode": "Indexed",
                  "backoffLimit": 6 * pods}  # fmt: skip
        template = _template(one, start, gpus)
        template["spec"]["restartPolicy"] = "Never"
        return [_named(one, "batch/v1", "Job", {**counts, "template": template})]
    spec = {"replicas": pods, "selector": {"matchLabels": {"app": one.name}},
            "template": _template(one, start, gpus)}  # fmt: skip
    return [_named(one, "apps/v1", "Deployment", spec), _service(one.name, start)]


def _replica(one: Deployment, number: int, span: int) -> list[dict[str, Any]]:
    """One replica over several nodes: pods that find the first by its name."""
    name = f"{one.name}-{number}"
    place = Place(1, span, "${HOSTNAME##*-}", f"{name}-0.{name}", str(number))
    start = started(one, place)
    spec = {"replicas": span, "serviceName": name, "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": {"app": name}},
            "template": _template(one, start, one.gpus_per_node, name)}  # fmt: skip
    made = _named(one, "apps/v1", "StatefulSet", spec)
    made["metadata"]["name"] = name
    return [made, _service(name, start, headless=True)]


def _named(one: Deployment, version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    said = {f"{_OURS}{key.replace('_', '-')}": value for key, value in tags(one).items()}
    return {"apiVersion": version, "kind": kind,
            "metadata": {"name": one.name, "labels": {"app": one.name}, "annotations": said},
            "spec": spec}  # fmt: skip


def _template(one: Deployment, start: Launch, gpus: int, name: str = "") -> dict[str, Any]:
    device, _ = resource(one)
    where = product(one)
    if names.labelled(one):
        where[_TYPE] = names.instance_type(one)
        if one.region:
            where[_REGION] = one.region
    volumes = [{"name": "shm", "emptyDir": {"medium": "Memory"}}]
    return {
        "metadata": {"labels": {"app": name or one.name}},
        "spec": {
            "nodeSelector": where,
            "tolerations": [{"key": device, "operator": "Exists", "effect": "NoSchedule"}],
            "containers": [_container(one, start, {device: gpus})],
            "volumes": volumes,
        },
    }


def _container(one: Deployment, start: Launch, gpus: dict[str, int]) -> dict[str, Any]:
    disk = {"ephemeral-storage": f"{gigabytes(one.disk)}G"} if one.disk else {}
    made: dict[str, Any] = {
        "name": "main", "image": start.image, "command": ["bash", "-c", start.text],
        "env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {
            "name": "huggingface", "key": "token", "optional": True}}}],
        "resources": {"limits": dict(gpus), "requests": {**gpus, **disk}},
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108 (the pod's own)
    }  # fmt: skip
    if one.kind == "service":
        made["ports"] = [{"containerPort": start.port, "name": "http"}, *(
            {"containerPort": port, "name": f"http-{port}"} for _, port in start.others)]  # fmt: skip
    # Of several nodes only the first answers, so that a probe would stop the others.
    if one.kind == "service" and start.health and one.nodes_per_replica == 1:
        probe = {"httpGet": {"path": start.health, "port": "http"}}
        made["startupProbe"] = {**probe, "periodSeconds": 10, "failureThreshold": round(patience(one) / 10)}
        made["readinessProbe"] = {**probe, "periodSeconds": 10}
    return made


def _service(name: str, start: Launch, *, headless: bool = False) -> dict[str, Any]:
    ports = [{"name": "http", "port": start.port, "targetPort": "http"}]
    ports += [
        {"name": f"http-{port}", "port": port, "targetPort": f"http-{port}"} for _, port in start.others
    ]
    spec: dict[str, Any] = {"selector": {"app": name}, "ports": ports}
    if headless:
        spec |= {"clusterIP": "None", "publishNotReadyAddresses": True}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": {"app": name}},
            "spec": spec}  # fmt: skip


def read(text: str) -> tuple[Back, ...]:
    """What node selectors, limits and annotations say; GPUs of a node and nodes are annotated."""
    found: dict[str, Back] = {}
    for made in document.load(text):
        said = annotated(made)
        if made["kind"] not in ("Deployment", "Job", "StatefulSet") or not said:
            continue
        pod = made["spec"]["template"]["spec"]
        label = next(pod["nodeSelector"][key] for key in _PRODUCT.values() if key in pod["nodeSelector"])
        found[said["name"]] = of_tags(
            said, gpu=names.gpu_of("kubernetes", label, said["gpu"]), region=pod["nodeSelector"].get(_REGION)
        )
    return tuple(found.values())


def annotated(made: dict[str, Any]) -> dict[str, str]:
    """Our tags among an object's annotations."""
    notes = made["metadata"].get("annotations", {})
    return {key.removeprefix(_OURS).replace("-", "_"): value for key, value in notes.items()
            if key.startswith(_OURS)}  # fmt: skip
