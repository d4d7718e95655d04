"""SGLang: the command that starts the server on each node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.export import commands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.planner.deployment import Deployment

TITLE, SUFFIX, TOGETHER = "launch command of SGLang", ".sglang.sh", True

read = commands.read


def write(deployments: Sequence[Deployment]) -> str:
    """A script of commands."""
    return commands.script(deployments, "sglang")
