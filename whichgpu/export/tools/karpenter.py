"""Karpenter: a NodePool for each deployment, which starts its nodes and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.export import document, names
from whichgpu.export.model import of_tags, tags
from whichgpu.export.tools.kubernetes import annotated, product, resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment

TITLE, SUFFIX, TOGETHER = "Karpenter NodePool", ".nodepool.yaml", True
_TYPE, _REGION = "node.kubernetes.io/instance-type", "topology.kubernetes.io/region"
_CAPACITY = {"on-demand": "on-demand", "spot": "spot", "committed": "reserved"}
_INSTEAD = "Use --to kubernetes with nodes that are there, or --to skypilot or dstack."


def write(deployments: Sequence[Deployment]) -> str:
    """A NodePool for each; the node class `default` is the cluster's own."""
    return document.dump([_pool(one) for one in deployments], [str(one) for one in deployments])


def _pool(one: Deployment) -> dict[str, Any]:
    group, kind = names.provider(one, "karpenter", _INSTEAD)
    known, capacity = names.instance_type(one), _CAPACITY.get(one.term)
    if not known or "(" in known or capacity is None:
        raise UsageError(
            f"{one.name}: a NodePool needs an instance type that is rented on demand, as spot or reserved, "
            f"and '{one.instance}' ({one.term}) is none. {_INSTEAD}"
        )
    device, _ = resource(one)
    wanted = {_TYPE: [known], "karpenter.sh/capacity-type": [capacity]}
    if one.region:
        wanted[_REGION] = [one.region]
    said = {f"whichgpu/{key.replace('_', '-')}": value for key, value in tags(one).items()}
    spec = {
        "nodeClassRef": {"group": group, "kind": kind, "name": "default"},
        "requirements": [{"key": key, "operator": "In", "values": values} for key, values in wanted.items()],
        "taints": [{"key": device, "value": "true", "effect": "NoSchedule"}],
        "expireAfter": "Never",
    }
    # Karpenter starts a node for a pod only where it knows all labels that the pod selects.
    labels = {"whichgpu/deployment": one.name, **product(one)}
    return {
        "apiVersion": "karpenter.sh/v1", "kind": "NodePool",
        "metadata": {"name": one.name, "annotations": said},
        "spec": {
            "template": {"metadata": {"labels": labels}, "spec": spec},
            "limits": {device: one.gpus},
            "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "5m"},
        },
    }  # fmt: skip


def read(text: str) -> tuple[Back, ...]:
    """What requirements, limits and annotations of each NodePool say."""
    found = []
    for made in document.load(text):
        said, spec = annotated(made), made["spec"]
        wanted = {one["key"]: one["values"][0] for one in spec["template"]["spec"]["requirements"]}
        (gpus,) = spec["limits"].values()
        found.append(
            of_tags(said, name=made["metadata"]["name"], region=wanted.get(_REGION),
                    nodes=gpus // int(said["gpus_per_node"]))
        )  # fmt: skip
    return tuple(found)
