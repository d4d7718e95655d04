"""Terraform, in its JSON syntax: machines at AWS, Google or Azure that start the container of the engine.

A spot price is the machine's own limit; on demand Terraform knows no price, and it is a tag.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.export import names
from whichgpu.export.launch import Place, started, vendor
from whichgpu.export.machines import MACHINES, RESOURCES
from whichgpu.export.model import of_tags, tags
from whichgpu.export.single import rented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment

TITLE, SUFFIX, TOGETHER = "Terraform configuration (JSON)", ".tf.json", True
#: Regions and instance types, as the clouds spell them.
_WORD = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
_INSTEAD = "Use --to skypilot or dstack, which rent from more."


def write(deployments: Sequence[Deployment]) -> str:
    """One configuration of all machines."""
    whole: dict[str, Any] = {"terraform": {"required_version": ">= 1.3", "required_providers": {}}}
    for one in deployments:
        rented(one, "Terraform", _INSTEAD)
        cloud = names.provider(one, "terraform", _INSTEAD)
        if vendor(one) != "NVIDIA":
            raise UsageError(
                f"{one.name}: the images that Terraform starts here have NVIDIA's driver, and {one.gpu} is "
                f"{vendor(one)}'s. {_INSTEAD}"
            )
        if one.nodes_per_replica > 1:
            raise UsageError(
                f"{one.name}: a replica spans {one.nodes_per_replica} machines, whose addresses Terraform "
                f"does not know when they start; use --to skypilot, kubernetes or slurm"
            )
        for what, value in (("region", one.region), ("instance type", one.instance)):
            if not _WORD.fullmatch(value.replace(" (gpu only)", "").replace("+", "-")):
                stated = f"'{value}' is none" if value else "the plan names none"
                raise UsageError(f"{one.name}: Terraform needs a {what}, and {stated}. {_INSTEAD}")
        _merge(whole, MACHINES[cloud](one, _script(one), _said(one)))
    return json.dumps(whole, indent=2) + "\n"


def _said(one: Deployment) -> dict[str, str]:
    """The tags as a machine's."""
    return {f"whichgpu-{key.replace('_', '-')}": value for key, value in tags(one).items()}


def _script(one: Deployment) -> str:
    """What a machine runs when it starts."""
    start = started(one, Place(one.replicas_per_node, worker="$WORKER"))
    packed = base64.b64encode(start.text.encode()).decode()
    lines = (
        "#!/bin/bash",
        f"# {one}",
        f"echo {packed} | base64 -d > /opt/start.sh",
        "docker run --detach --restart on-failure --gpus all --ipc host --network host --env WORKER=0 "
        f"--volume /opt/start.sh:/start.sh:ro --entrypoint bash {start.image} /start.sh",
    )
    return "\n".join(lines) + "\n"


def _merge(whole: dict[str, Any], part: dict[str, Any]) -> None:
    """Add a part: objects by key, lists (providers of several regions) without what is there."""
    for key, value in part.items():
        if isinstance(value, dict):
            _merge(whole.setdefault(key, {}), value)
        elif isinstance(value, list):
            there = whole.setdefault(key, [])
            there += [one for one in value if one not in there]
        else:
            whole[key] = value


def read(text: str) -> tuple[Back, ...]:
    """What machine types, counts, regions, spot limits and tags say."""
    whole = json.loads(text)
    found = []
    for kind, machine in RESOURCES.items():
        for made in whole.get("resource", {}).get(kind, {}).values():
            known = {key.removeprefix("whichgpu-").replace("-", "_"): value
                     for key, value in made[machine.tags].items()}  # fmt: skip
            if made[machine.type] != machine.kind(known["instance"]):
                raise UsageError(f"{known['name']}: {made[machine.type]} is not {known['instance']}")
            found.append(
                of_tags(known, nodes=made["count"], region=machine.region(made, whole),
                        usd_per_hour=machine.price(made))
            )  # fmt: skip
    return tuple(found)
