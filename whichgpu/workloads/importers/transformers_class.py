"""A config.json that `hf` does not know, by its own class of transformers: `transformers:config.json`.

The class is built on shapes alone in the process of a PyTorch module, within its limits; see `torch_module`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.workloads.importers import _process
from whichgpu.workloads.importers._files import MB, parse_json, read_bytes
from whichgpu.workloads.importers._traced import traced_workload

if TYPE_CHECKING:
    from whichgpu.workloads.importing import Given
    from whichgpu.workloads.workload import Workload

_START = "transformers:"
_LARGEST = 20 * MB


def claims(source: str) -> bool:
    """`transformers:` and the path of a config.json, or of its folder."""
    return source.startswith(_START)


def read(source: str, given: Given) -> Workload:
    """Trace the class; raises `UsageError` with what went wrong in the process."""
    path = Path(source.removeprefix(_START)).expanduser().absolute()
    path = path / "config.json" if path.is_dir() else path
    kind = parse_json(read_bytes(path, _LARGEST, "config.json"), source).get("model_type")
    if not isinstance(kind, str):
        raise UsageError(f"{source}: model_type is {kind!r}; transformers finds a class by that name")
    request = {"file": str(path), "factory": "build", "config": [str(path)], "inputs": _process.inputs(given)}
    answer = _process.run("torch_trace", request, source)
    return traced_workload(source, answer, given, kind="class of transformers")
