"""The name of a workload on the Hugging Face Hub, as tools that load a model want it."""

from __future__ import annotations

import re

from whichgpu.errors import WhichGpuError
from whichgpu.workloads.resolving import resolve

#: Libraries whose own names look like ids of the Hub.
_LIBRARIES = ("torchvision/", "timm/", "nvidia/")


def hub_name(workload: str) -> str:
    """The Hugging Face id of a workload; empty where none is known.

    It is that whose `config.json` the dimensions were read from, else the first alias that is such an id.
    """
    try:
        known = resolve(workload)
    except WhichGpuError:
        return ""
    read_from = re.search(r"config\.json of ([\w.-]+/[\w.-]+)", str(known.dims.get("source", "")))
    if read_from:
        return read_from[1]
    hub = [name for name in known.aliases if "/" in name and not name.startswith(_LIBRARIES)]
    return hub[0] if hub else ""
