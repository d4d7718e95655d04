"""What the targets that are a launch command share: a shell script for each node of a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.export.launch import Place, launch, serves
from whichgpu.export.model import of_tags, read_tags, tag_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment


def script(deployments: Sequence[Deployment], engine: str) -> str:
    """The commands that start deployments with an engine; those that it does not serve are named."""
    parts = [_one(one, engine) if serves(one) else _left_out(one, engine) for one in deployments]
    if not any(map(serves, deployments)):
        raise UsageError(
            f"{deployments[0].name}: {engine} serves language models, and "
            f"{deployments[0].workload or 'this'} is none; use --to skypilot, dstack, kubernetes, slurm or "
            f"terraform"
        )
    return "#!/bin/bash\n" + "\n".join(parts)


def read(text: str) -> tuple[Back, ...]:
    """What the comment before each command says."""
    return tuple(of_tags(known) for known in read_tags(text))


def _one(one: Deployment, engine: str) -> str:
    span = one.nodes_per_replica
    start = launch(one, engine, Place(one.replicas_per_node, span, "$NODE_RANK", "$HEAD_ADDRESS", "$WORKER"))
    told = [
        f"# {one}",
        "# Run it on each node"
        + (f", with NODE_RANK 0 to {span - 1} and HEAD_ADDRESS the first node's address" if span > 1 else "")
        + (", with WORKER its number among them" if "$WORKER" in start.text else "")
        + f" (image {start.image}, or {start.install}).",
        tag_line(one),
    ]
    return "\n".join(told) + "\n" + start.text


def _left_out(one: Deployment, engine: str) -> str:
    return f"# {one.name} is left out: {one.workload or 'it'} is nothing that {engine} serves.\n"
