"""A workload file of the user's own: the TOML that `--save` writes, as `data/workloads/<id>.toml` is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from whichgpu.errors import DataError, UsageError
from whichgpu.facts.store import read_toml
from whichgpu.workloads import workload
from whichgpu.workloads.importers._files import MB, check_size

if TYPE_CHECKING:
    from whichgpu.workloads.importing import Given
    from whichgpu.workloads.workload import Workload

_LARGEST = 50 * MB


def claims(source: str) -> bool:
    """A file that ends in `.toml`."""
    return source.endswith(".toml")


def read(source: str, given: Given) -> Workload:
    """The workload that the file describes."""
    path = Path(source).expanduser()
    check_size(path, _LARGEST, "workload file")
    raw = read_toml(path)
    for field, kind in (("name", str), ("family", str), ("dimensions", dict)):
        if not isinstance(raw.get(field), kind):
            what = "is missing" if field not in raw else f"is {raw[field]!r}"
            raise UsageError(f"{source}: `{field}` {what}; a workload file has name, family and [dimensions]")
    try:
        return workload.from_file(source, raw)
    except (DataError, KeyError, TypeError, AttributeError) as fault:
        raise UsageError(f"{source}: {fault}") from None
