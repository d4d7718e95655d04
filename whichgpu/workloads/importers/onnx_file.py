"""An ONNX file: its graph with inferred shapes, read in a process of its own; weights are never loaded.

Needs the `onnx` package (`pip install 'whichgpu[onnx]'`). Sizes that the file leaves open, but for the batch,
are given with `--input name=1x128`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers._files import check_size, opened
from whichgpu.workloads.importers._process import inputs, run
from whichgpu.workloads.importers._tensors import narrow
from whichgpu.workloads.importers._traced import traced_workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.importing import Given
    from whichgpu.workloads.workload import Workload

#: The limit of the format itself; larger models keep their weights in files beside.
_LARGEST = 2**31
#: What archives begin with.
_ARCHIVES = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7z archive",
             b"BZh": "a bzip2 archive", b"\xfd7zX": "an xz archive"}  # fmt: skip


def claims(source: str) -> bool:
    """A file that ends in `.onnx`."""
    return source.endswith(".onnx")


def read(source: str, given: Given) -> Workload:
    """Read the graph; raises `UsageError` with what is wrong with the file."""
    path = Path(source).expanduser().absolute()
    check_size(path, _LARGEST, "ONNX file")
    with opened(path) as file:
        start = file.read(8)
    for magic, what in _ARCHIVES.items():
        if start.startswith(magic):
            raise UsageError(f"{source}: {what}, not an ONNX file; unpack it first")
    answer = run("onnx_trace", {"file": str(path), "inputs": inputs(given)}, source)
    item = traced_workload(source, answer, given, kind="ONNX graph")
    return _as_stored(item, answer["file"], path.stem)


def _as_stored(item: Workload, file: Mapping[str, Any], name: str) -> Workload:
    """The workload with what its file stores; quantised weights are the precision that it runs in."""
    if not file["elements"]:
        return item
    item = replace(item, dims={**item.dims, "file": file})
    return narrow(item, file["bytes"], file["elements"], name)
