"""The name of a workload on the Hugging Face Hub, as tools that load a model want it."""

from __future__ import annotations

import re

from whichgpu.errors import WhichGpuError
from whichgpu.workloads.resolving import resolve

#: Libraries and services whose own names look like ids of the Hub.
_LIBRARIES = ("torchvision/", "timm/", "nvidia/", "cohere/")


def hub_name(workload: str) -> str:
    """The Hugging Face id of a workload; empty where none is known.

    Several models may be built alike: it is the one of the same name (in the format of transformers, `-hf`,
    where there are two), else that whose `config.json` the dimensions were read from, else one whose name
    begins alike, else the first.
    """
    try:
        known = resolve(workload)
    except WhichGpuError:
        return ""
    read_from = re.search(r"config\.json of ([\w.-]+/[\w.-]+)", str(known.dims.get("source", "")))
    hub = [name for name in known.aliases if "/" in name and not name.startswith(_LIBRARIES)]
    hub = [read_from[1], *hub] if read_from else hub
    same = _plain(known.id)
    by_name = {_plain(name.rpartition("/")[2]): name for name in reversed(hub)}
    exact = by_name.get(f"{same}hf") or by_name.get(same)
    if exact or read_from:
        return exact or hub[0]
    return next((name for name in hub if _plain(name.rpartition("/")[2]).startswith(same)), (*hub, "")[0])


def hub_format(workload: str, model: str) -> str:
    """The format, e.g. `fp8`, of the weights that the Hub has under the name `model` of a workload.

    Empty where they are plain 16-bit ones, or where `model` is not what `hub_name` calls the workload.
    """
    if not model or model != hub_name(workload):
        return ""
    stated = resolve(workload).defaults.get("serve", {}).get("precision", "")
    return "" if stated in ("fp16", "bf16") else str(stated)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
