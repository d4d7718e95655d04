"""What an exported file says of a deployment, and the tags by which it says it where the tool has no words.

Each tool's own fields are read; the tags (`gpu=l4 region=us-east-1 ..`) say what they have none for, and must
agree with them.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.units import GB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.planner.deployment import Deployment

#: How a line of tags starts.
MARK = "# whichgpu:"
#: The port of services and the time they may take to start, in s, where the plan does not say.
PORT, PATIENCE = 8000, 1800.0


class Back(NamedTuple):
    """What was read back: `gpus` in all, `usd_per_hour` of one node."""

    name: str
    gpu: str
    gpus_per_node: int
    nodes: int
    region: str
    usd_per_hour: float | None

    @property
    def gpus(self) -> int:
        """GPUs of all nodes."""
        return self.gpus_per_node * self.nodes


def back(one: Deployment) -> Back:
    """What should be read back of a deployment."""
    return Back(one.name, one.gpu, one.gpus_per_node, one.nodes, one.region, one.usd_per_hour)


def tags(one: Deployment) -> dict[str, str]:
    """What any tool can keep as text."""
    values = {
        "name": one.name, "gpu": one.gpu, "gpus_per_node": one.gpus_per_node, "nodes": one.nodes,
        "provider": one.provider, "instance": one.instance, "region": one.region, "term": one.term,
        "usd_per_hour": None if one.usd_per_hour is None else repr(one.usd_per_hour),
        "beside": ",".join(other.name for other in one.beside),
    }  # fmt: skip
    return {key: str(value) for key, value in values.items() if value not in (None, "")}


def tag_line(one: Deployment) -> str:
    """The tags as one line of comment, each word quoted as a shell would."""
    return f"{MARK} {shlex.join(f'{key}={value}' for key, value in tags(one).items())}"


def read_tags(text: str) -> list[dict[str, str]]:
    """The tags of each line of them; raises `UsageError` where there is none, or it is broken."""
    try:
        found = [
            {key: value for key, _, value in (word.partition("=") for word in shlex.split(line[len(MARK) :]))}
            for line in text.splitlines()
            if line.startswith(MARK)
        ]
    except ValueError as fault:
        raise UsageError(f"the line '{MARK} ..' is broken: {fault}") from None
    if not found:
        raise UsageError(f"no line '{MARK} ..' in it; this is nothing that whichgpu export wrote")
    return found


def of_tags(known: Mapping[str, str], **stated: Any) -> Back:
    """What tags say, with what the tool's own fields state; raises `UsageError` where they contradict."""
    price = known.get("usd_per_hour")
    said: dict[str, Any] = {
        "name": known["name"], "gpu": known["gpu"], "gpus_per_node": int(known["gpus_per_node"]),
        "nodes": int(known["nodes"]), "region": known.get("region", ""),
        "usd_per_hour": None if price is None else float(price),
    }  # fmt: skip
    for key, value in stated.items():
        if value is not None and value != said[key]:
            raise UsageError(f"{said['name']}: {key} is {value}, and the tag says {said[key]}")
    return Back(**said)


def gigabytes(size: float) -> int:
    """Whole GB, not fewer."""
    return int(-(-size // GB))


def patience(one: Deployment) -> float:
    """Seconds in which a service should answer: three times its load time."""
    return PATIENCE if one.load_time is None else max(60.0, 3.0 * one.load_time)
