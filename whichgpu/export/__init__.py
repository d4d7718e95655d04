"""A deployment as what other tools run: launch commands, SkyPilot, dstack, Kubernetes, Slurm, Terraform.

A target is a module of `whichgpu/export/tools/`, found by its file name:

* `TITLE`, what it writes, in a few words; `SUFFIX` of its files;
* `TOGETHER`, whether one file may hold several deployments;
* `write(deployments)`, the text; raises `UsageError` for what the tool cannot express, with what can;
* `read(text)`, what the text says of each deployment, as `Back`.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment


@immutable
class File:
    """A file for another tool: its name, its text."""

    name: str
    text: str


@cache
def targets() -> dict[str, str]:
    """The targets by name, with their titles."""
    from whichgpu.export import tools

    return {one.name: str(_module(one.name).TITLE) for one in iter_modules(tools.__path__)}


def export(deployments: Sequence[Deployment], target: str) -> tuple[File, ...]:
    """The files that run deployments with a tool; one where the tool takes several in a file.

    Raises `UsageError` for a target that does not exist (with the nearest), and for a provider, GPU or split
    that it cannot express (with what can).
    """
    module = _module(known(target))
    groups = [list(deployments)] if module.TOGETHER else [[one] for one in deployments]
    return tuple(
        File(f"{group[0].name if len(group) == 1 else 'fleet'}{module.SUFFIX}", module.write(group))
        for group in groups
    )


class Able(NamedTuple):
    """The deployments that a tool can express, why it cannot others, and those that are there already."""

    kept: tuple[Deployment, ...]
    refused: tuple[str, ...]
    there: tuple[str, ...]


def able(deployments: Sequence[Deployment], target: str) -> Able:
    """What a tool can express of several deployments.

    Raises `UsageError` where it can express none.
    """
    from whichgpu.export.names import NotRented

    kept: list[Deployment] = []
    refused: list[str] = []
    there: list[str] = []
    for one in deployments:
        try:
            export([one], target)
            kept.append(one)
        except NotRented as fault:
            there.append(str(fault))
        except UsageError as fault:
            refused.append(str(fault))
    reasons = [*refused, *there]
    if reasons and not kept:
        more = f" (and {len(reasons) - 1} more for their own reasons)" if len(reasons) > 1 else ""
        raise UsageError(f"{reasons[0]}{more}")
    return Able(tuple(kept), tuple(refused), tuple(there))


def read_back(text: str, target: str) -> tuple[Back, ...]:
    """What an exported file says of each deployment: GPU, count, region and price limit."""
    found: tuple[Back, ...] = _module(known(target)).read(text)
    return found


def known(target: str) -> str:
    """The same target; raises `UsageError` with the nearest where there is none."""
    names = targets()
    if target in names:
        return target
    said = _ALSO.get(target.lower().replace("-", "").replace("_", ""))
    near = [said] if said else get_close_matches(target.lower(), names, n=1)
    means = f"did you mean {near[0]}?" if near else f"they are {', '.join(names)}"
    raise UsageError(f"no target '{one_line(target)}'; {means}")


#: What people call targets otherwise.
_ALSO = {
    "k8s": "kubernetes", "kube": "kubernetes", "sky": "skypilot", "tensorrtllm": "trtllm", "trt": "trtllm",
    "tf": "terraform", "opentofu": "terraform", "tofu": "terraform", "sbatch": "slurm",
    "nodepool": "karpenter",
}  # fmt: skip


def _module(name: str) -> Any:
    return import_module(f"whichgpu.export.tools.{name}")
