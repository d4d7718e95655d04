"""What the targets that are a launch command share: a shell script for each node of a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.export.launch import Place, launch, port, serves
from whichgpu.export.model import of_tags, read_tags, tag_line
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment


def script(deployments: Sequence[Deployment], engine: str) -> str:
    """The commands that start deployments with an engine; those that it does not serve are named."""
    every = [part for one in deployments for part in _parts(one)]
    served = [part for part in every if serves(part.one)]
    if not served:
        raise UsageError(
            f"{deployments[0].name}: {engine} serves language models, and "
            f"{deployments[0].workload or 'this'} is none; use --to skypilot, dstack, kubernetes, slurm or "
            f"terraform"
        )
    others = [part.one.name for part in every if part not in served]
    head = "#!/bin/bash\n"
    if others:
        head += f"# Left out, as {engine} does not serve them: {', '.join(others)}\n"
    if len(served) == 1:
        return head + _one(served[0], engine)
    names = [part.one.name for part in served]
    cases = "".join(f"{_one(part, engine, part.one.name)};;\n" for part in served)
    wrong = f'*) echo "which: {", ".join(names)}?" >&2; exit 2 ;;\n'
    told = f"# Its argument says what is started: {', '.join(names)}.\n"
    return f'{head}{told}case "${{1-}}" in\n{cases}{wrong}esac\n'


class _Part(NamedTuple):
    """A deployment, the port of its first server, and whose nodes it is on where they are counted there."""

    one: Deployment
    port: int
    host: str = ""


def _parts(one: Deployment) -> list[_Part]:
    """A deployment and those beside it, each started by itself."""
    host = one.name if serves(one) else ""
    guests = [_Part(other, port(index), host) for index, other in enumerate(one.beside, 1)]
    return [_Part(one, port(0)), *guests]


def read(text: str) -> tuple[Back, ...]:
    """What the comment before each command says."""
    return tuple(of_tags(known) for known in read_tags(text))


def _one(part: _Part, engine: str, case: str = "") -> str:
    """What is said of a deployment, and the lines that start it; as a `case` where it is one of several."""
    one = part.one
    span = one.nodes_per_replica
    place = Place(one.replicas_per_node, span, "$NODE_RANK", "$HEAD_ADDRESS", "$WORKER", part.port)
    start = launch(one, engine, place)
    told = [
        f"# {one}",
        "# Run it on each node"
        + (f" of {part.host}, beside it" if part.host else "")
        + (f", with NODE_RANK 0 to {span - 1} and HEAD_ADDRESS the first node's address" if span > 1 else "")
        + (", with WORKER its number among them" if "$WORKER" in start.text else "")
        + f" (image {start.image}, or {start.install}).",
        *([] if part.host else [tag_line(one)]),
    ]
    return "\n".join([*told, *([f"{case})"] if case else []), start.text])
