"""What other tools call GPUs and providers (`data/export/`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.planner.deployment import Deployment


#: What NVIDIA's GPU feature discovery puts between a GPU's name and the profile of all its slices.
_MIG = "-MIG-"


def gpu(one: Deployment, tool: str, cloud: str = "") -> Any:
    """A tool's spelling of the deployment's GPU; raises `UsageError` where none is known."""
    whole, _, part = one.gpu.partition(":")
    row = _gpus().get(whole, {})
    if part:
        return _part(one, row, part.removeprefix("mig-"), tool)
    spelt = row.get(f"{tool}_on", {}).get(cloud) or row.get(tool)
    if spelt is None:
        others = [name for name in ("kubernetes", "skypilot", "dstack", "slurm") if name in row]
        where = f"; {', '.join(others)} have one" if others else ""
        raise UsageError(f"{one.name}: no name of {one.gpu} in {tool} is known{where}")
    return spelt


def _part(one: Deployment, row: dict[str, Any], profile: str, tool: str) -> str:
    """The spelling of a MIG slice, which Kubernetes alone has; other parts of a GPU have none."""
    if tool == "kubernetes" and "kubernetes" in row and one.gpu.endswith(f":mig-{profile}"):
        return f"{row['kubernetes']}{_MIG}{profile}"
    where = "a MIG slice has one in kubernetes" if tool != "kubernetes" else "MIG slices of NVIDIA's have one"
    raise UsageError(f"{one.name}: no name of {one.gpu}, part of a GPU, in {tool} is known; {where}")


def gpu_of(tool: str, spelling: Any, hint: str) -> str:
    """The id that a tool's spelling means: `hint` where several share it and it is one of them."""
    if tool == "kubernetes" and _MIG in spelling:
        name, _, profile = spelling.partition(_MIG)
        return f"{gpu_of(tool, name, hint.partition(':')[0])}:mig-{profile}"
    found = [
        key
        for key, row in _gpus().items()
        if spelling == row.get(tool) or spelling in row.get(f"{tool}_on", {}).values()
    ]
    if hint in found:
        return hint
    if len(found) == 1:
        return found[0]
    raise UsageError(f"'{spelling}' of {tool} is {' or '.join(found) if found else 'no GPU that is known'}")


class NotRented(UsageError):
    """A tool that starts rented machines is given one's own: there is nothing to start."""


def provider(one: Deployment, tool: str, instead: str) -> Any:
    """What a tool calls the deployment's provider; raises `UsageError` saying what to use `instead`."""
    if one.term == "owned":
        raise NotRented(
            f"{one.name}: {tool} starts rented machines, and its {one.nodes:,} x {one.gpus_per_node} x "
            f"{one.gpu} are there already. {instead}"
        )
    spelt = _providers().get(one.provider, {}).get(tool)
    if spelt is not None:
        return spelt
    can = ",".join(key for key, row in _providers().items() if tool in row)
    who = f"from '{one.provider}'" if one.provider else "without a provider"
    raise UsageError(
        f"{one.name}: {tool} cannot rent {who}; it can from {can} (recommend --providers takes these, and a "
        f"plan). {instead}"
    )


def labelled(one: Deployment) -> bool:
    """Whether nodes of the provider carry instance type and region as Kubernetes labels."""
    return bool(_providers().get(one.provider, {}).get("labels")) and instance_type(one) != ""


def instance_type(one: Deployment) -> str:
    """The instance type, empty where the price table has a title in its place."""
    row = _providers().get(one.provider, {})
    return one.instance if row.get("types") and " " not in one.instance else ""


def engines() -> dict[str, dict[str, Any]]:
    """The engines by target name."""
    table: dict[str, dict[str, Any]] = store.load("export")["engines"]["engine"]
    return table


def kubernetes_labels() -> Iterator[tuple[str, str]]:
    """GPU ids with the label that their nodes carry."""
    return ((key, row["kubernetes"]) for key, row in _gpus().items() if "kubernetes" in row)


def _gpus() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = store.load("export")["gpus"]["gpu"]
    return table


def _providers() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = store.load("export")["providers"]["provider"]
    return table
