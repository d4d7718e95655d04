"""What a workload is called: the names that people type, and the ids that they stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.errors import UnknownName
from whichgpu.workloads.names import apart
from whichgpu.workloads.zoo import workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.workloads.model import Workload

#: How sources end that are files: no name of the zoo does.
FILES = (".json", ".gguf", ".safetensors", ".onnx", ".toml")


#: Models that were imported in this process, by their source as typed.
_imported: dict[str, Workload] = {}


def register(item: Workload) -> Workload:
    """Make an imported workload known to `resolve`; `./` goes before a folder called like a known name."""
    if not item.id.endswith(FILES) and known(item.id):
        item = replace(item, id=f"./{item.id}")
    _imported[item.id] = item
    return item


def known(name: str) -> bool:
    """Whether a name is one of the zoo."""
    from whichgpu.workloads.spelled import ids_of

    return bool(ids_of(name))


def is_read(name: str) -> bool:
    """Whether a name is read as some workload's; of one that is not, what is near it is not looked for."""
    if name in _imported or name in workloads():
        return True
    from whichgpu.workloads.finding import is_found

    try:
        return is_found(name)
    except UnknownName:
        return False


def resolve(name: str) -> Workload:
    """The workload of a name: case, `-`, `_` and `.` are ignored, but where one between digits matters.

    A language model's name may go on with who tuned or stored it (`names.shorter`); a format there is the
    precision that its jobs take by default, and the side of a picture behind another name their resolution.
    Raises `UsageError` with the nearest for an unknown name, and with the candidates for an ambiguous one.
    """
    if name in _imported:
        return _imported[name]
    if name in workloads():
        return workloads()[name]
    # Most names are ids, and how others are read is much to import.
    from whichgpu.workloads.finding import find

    return find(name)


def meaning(workload: Workload) -> Callable[[str], bool]:
    """Whether a name is a spelling of a workload, without a look at any other's."""
    spellings = {apart(one) for one in (workload.id, workload.name, *workload.aliases)}
    return lambda name: apart(name) in spellings
