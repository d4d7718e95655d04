"""Limits that several tools share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from whichgpu.export.launch import Launch
    from whichgpu.planner.deployment import Deployment


def one_port(one: Deployment, start: Launch, tool: str) -> None:
    """Refuse a node with several servers where the tool gives a service one port."""
    if start.ports > 1:
        raise UsageError(
            f"{one.name}: {tool} gives a service one port, and {start.ports} servers of {start.engine} would "
            f"share a node; use --to kubernetes, which starts each by itself, or vllm or sglang as the engine"
        )


def rented(one: Deployment, tool: str, instead: str) -> None:
    """Refuse a serverless price: it is of the provider's own endpoints."""
    if one.term == "serverless":
        raise UsageError(
            f"{one.name}: a serverless price is of {one.provider}'s own endpoints, which {tool} does not "
            f"rent; {instead}"
        )
