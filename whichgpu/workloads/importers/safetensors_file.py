"""A safetensors file, or a folder of them: the header alone, which has every tensor's type and shape.

The file says what the weights are and take, not how they are connected: with a config.json beside it the
model is that one's, without one its tensors are costed as dense layers over one token each.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers._files import (
    MB,
    beside,
    check_size,
    opened,
    parse_json,
    parts,
    read_bytes,
)
from whichgpu.workloads.importers._tensors import Tensor, as_stored, tensors_workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.workloads.importing import Given
    from whichgpu.workloads.workload import Workload

#: Headers are read up to this; the format's own limit.
_LARGEST_HEADER = 100 * MB
_MOST_FILES = 2_000
_INDEX = ".safetensors.index.json"
_BYTES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "U16": 2,
    "U32": 4,
    "U64": 8,
    "BOOL": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "F8_E8M0": 1,
    "C64": 8,
    "F4": 0.5,
    "F6_E2M3": 0.75,
    "F6_E3M2": 0.75,
}


def claims(source: str) -> bool:
    """A file that ends in `.safetensors`, the index of several, or a folder of such."""
    if source.endswith((".safetensors", _INDEX)):
        return True
    path = Path(source).expanduser()
    return path.is_dir() and any(path.glob("*.safetensors"))


def read(source: str, given: Given) -> Workload:
    """The model of the config.json beside the weights, or the weights themselves."""
    path = Path(source).expanduser()
    files = _files(path)
    tensors = [tensor for file in files for tensor in header(file)]
    config = (path if path.is_dir() else path.parent) / "config.json"
    if config.is_file():
        from whichgpu.workloads.importers import hf

        item = replace(hf.read(str(config), given), id=source)
        base = next((row["precision"] for row in item.defaults.values() if "precision" in row), "fp16")
        return as_stored(item, base, tensors, path.stem) if tensors else item
    return tensors_workload(source, path.stem, tensors)


def _files(path: Path) -> list[Path]:
    """The files of a model: those that its index names, all parts of one, or those of a folder."""
    if path.name.endswith(_INDEX):
        names = parse_json(read_bytes(path, _LARGEST_HEADER, "index"), str(path)).get("weight_map")
        if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
            raise UsageError(f"{path}: no `weight_map` of tensor names to files; is it the index of a model?")
        own = sorted(set(names.values()))
        if any(Path(name).name != name for name in own):
            raise UsageError(f"{path}: it names files outside its folder; give the files themselves")
        return beside(path, own[:_MOST_FILES])
    if not path.is_dir():
        return parts(path)
    indexes = sorted(path.glob(f"*{_INDEX}"))
    if indexes:
        return _files(indexes[0])
    # A folder may hold the same weights twice: as the Hub's parts, and whole in its maker's own layout.
    found = sorted(path.glob("model*.safetensors")) or sorted(path.glob("*.safetensors"))
    return [file for first in found[:_MOST_FILES] for file in parts(first) if first == parts(first)[0]]


def header(path: Path) -> list[Tensor]:
    """The tensors of one file; raises `UsageError` where the header does not hold together."""
    size = check_size(path, float("inf"), "safetensors file")
    with opened(path) as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(_LARGEST_HEADER, size - 8):
            raise UsageError(
                f"{path}: no safetensors file: its header would have {length:,} bytes of {size:,}"
            )
        content = parse_json(file.read(length), str(path))
    data = size - 8 - length
    rows = {name: row for name, row in content.items() if name != "__metadata__"}
    tensors = [_tensor(name, row, data, path) for name, row in rows.items()]
    _end_to_end(sorted((*row["data_offsets"], name) for name, row in rows.items()), path)
    return tensors


def _end_to_end(places: Sequence[tuple[int, int, str]], path: Path) -> None:
    """Each tensor begins where the one before it ends, as the format has it."""
    end = 0
    for begin, until, name in places:
        if begin != end:
            fault = "overlaps the one before it" if begin < end else "leaves a hole before it"
            raise UsageError(f"{path}: tensor '{name}' at byte {begin:,} {fault}, which ends at {end:,}")
        end = until


def _tensor(name: str, row: Any, data: int, path: Path) -> Tensor:
    try:
        dtype, shape, (begin, end) = row["dtype"], row["shape"], row["data_offsets"]
        whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (*shape, begin, end))
    except (TypeError, KeyError, ValueError):
        raise UsageError(f"{path}: tensor '{name}' lacks dtype, shape or data_offsets") from None
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        raise UsageError(f"{path}: tensor '{name}' has the shape {shape}, where lengths are expected")
    if not whole or not begin <= end <= data:
        raise UsageError(
            f"{path}: tensor '{name}' lies at {begin} to {end} of {data:,} bytes; the file is cut short?"
        )
    elements = 1
    for side in shape:
        elements *= side
    if dtype in _BYTES and elements * _BYTES[dtype] != end - begin:
        raise UsageError(
            f"{path}: tensor '{name}' of {elements:,} {dtype} values takes {end - begin:,} bytes"
        )
    return Tensor(name, str(dtype).lower(), tuple(shape), float(end - begin))
