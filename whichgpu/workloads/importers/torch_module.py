"""A PyTorch module: `file.py:factory`, run in a process of its own on shapes alone.

The process has no network, writes no files, and is ended after a minute; `_tracers/torch_trace` runs there.
What comes back is a list of operators for two batch sizes, from which each number becomes a + b x batch.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.workloads.importers._files import MB, check_size
from whichgpu.workloads.importers._process import inputs, run
from whichgpu.workloads.importers._traced import traced_workload

if TYPE_CHECKING:
    from whichgpu.workloads.importing import Given
    from whichgpu.workloads.workload import Workload

_SOURCE = re.compile(r"(?P<file>.+\.py):(?P<factory>[A-Za-z_]\w*)")
_LARGEST_FILE = 10 * MB


def claims(source: str) -> bool:
    """`file.py:factory`, or a Python file that lacks its factory."""
    return bool(_SOURCE.fullmatch(source)) or source.endswith(".py")


def read(source: str, given: Given) -> Workload:
    """Trace the module; raises `UsageError` with what went wrong in the process."""
    found = _SOURCE.fullmatch(source)
    if not found:
        raise UsageError(f"{source}: name what makes the module as well, e.g. {source}:build")
    path = Path(found["file"]).expanduser().absolute()
    check_size(path, _LARGEST_FILE, "Python file")
    request = {"file": str(path), "factory": found["factory"], "inputs": inputs(given)}
    answer = run("torch_trace", request, source)
    return traced_workload(source, answer, given, kind="PyTorch module")
