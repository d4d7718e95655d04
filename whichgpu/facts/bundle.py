"""The JSON that a tree of data files is made into, and the parts of it that can be read alone.

<tree>.json      the stamps of the sources, and the content of every file by stem
<tree>.json.gz   the same, of a tree that few commands read and that shrinks to a third
<tree>.rows      a line that says where the rows of each value are, then those rows, packed value by value
<tree>.files     a line with the names in each file and where it is, then the files, each packed
"""

from __future__ import annotations

import json
import os
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from whichgpu.values import Lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    #: Size and time of each source file by path.
    Stamps = dict[str, list[int]]

#: Trees of CSV files that are asked for a few rows, by the column that is asked for.
INDEXED = {"measured": "workload"}
#: Trees whose files are asked for one by one: the tables of tables in a file, and the keys that finding a
#: name reads.
NAMED = {
    "gpus": (
        ("chip", "gpu"),
        # Memory is what hundreds of GPUs are looked through for.
        ("name", "vendor", "segment", "architecture", "aliases", "note", "confidence", "memory"),
    ),
    "workloads": (("workload",), ("name", "aliases", "library")),
    "software": ((), ("names", "kind")),
    "prices": ((), ()),
}
#: Trees that few commands read, and that shrink to a third or less.
PACKED = {"audit", "counts", "glossary", "hf", "scoreboard", "sources", "validation"}


def bundled(tree: str, folder: Path) -> Path:
    """Where the content of a tree stands among the files that ship."""
    if tree in INDEXED:
        return folder / f"{tree}.rows"
    if tree in NAMED:
        return folder / f"{tree}.files"
    return folder / f"{tree}.{'json.gz' if tree in PACKED else 'json'}"


def write(path: Path, tree: str, stamps: Stamps, files: dict[str, Any]) -> None:
    """Write the JSON of a tree, the same bytes for the same sources."""
    if tree in INDEXED:
        content = _indexed(tree, stamps, files)
    elif tree in NAMED:
        content = _named(tree, stamps, files)
    else:
        content = _line({"stamps": stamps, "files": files})
    if tree in PACKED:
        import gzip

        content = gzip.compress(content, mtime=0)
    _replace(path, content)


def read(path: Path, tree: str) -> tuple[Stamps, dict[str, Any]]:
    """The stamps and the whole content of a tree."""
    if tree in INDEXED:
        return read_rows(path, None)
    if tree in NAMED:
        stamps, _, files = read_names(path)
        return stamps, dict(files)
    raw = path.read_bytes()
    if tree in PACKED:
        import zlib

        # As gzip writes it, without what importing that takes.
        raw = zlib.decompress(raw, wbits=31)
    content = json.loads(raw)
    return content["stamps"], content["files"]


def read_rows(path: Path, wanted: Callable[[str], bool] | None) -> tuple[Stamps, dict[str, Any]]:
    """The stamps and the files of an indexed tree, with the rows whose value is wanted; all for None."""
    import zlib

    found: list[Any] = []
    with path.open("rb") as handle:
        head = json.loads(handle.readline())
        start = handle.tell()
        for value, (offset, size) in head["index"].items():
            if wanted is None or wanted(value):
                handle.seek(start + offset)
                found += json.loads(zlib.decompress(handle.read(size)))
    files = {stem: {"columns": names, "rows": []} for stem, names in head["columns"].items()}
    for stem, _, cells in sorted(found, key=itemgetter(1)):
        files[stem]["rows"].append(cells)
    return head["stamps"], files


def read_names(path: Path) -> tuple[Stamps, Mapping[str, Any], Mapping[str, Any]]:
    """The stamps of a tree of `NAMED`, its files with the keys of their names, and its files."""
    with path.open("rb") as handle:
        line = handle.readline()
    head = json.loads(line)
    places = head["places"]
    return head["stamps"], head["heads"], Lazy(places, lambda stem: _file(path, len(line), places[stem]))


def _file(path: Path, start: int, place: tuple[int, int]) -> Any:
    """One file of a tree, packed at a place after the first line."""
    import zlib

    offset, size = place
    with path.open("rb") as handle:
        handle.seek(start + offset)
        return json.loads(zlib.decompress(handle.read(size)))


def _indexed(tree: str, stamps: Stamps, files: dict[str, Any]) -> bytes:
    import zlib

    blocks: dict[str, list[Any]] = {}
    for stem, table in files.items():
        column = table["columns"].index(INDEXED[tree])
        for number, cells in enumerate(table["rows"]):
            blocks.setdefault(cells[column], []).append([stem, number, cells])
    packed = [zlib.compress(_line(block), 9) for block in blocks.values()]
    head = {
        "stamps": stamps,
        "columns": {stem: table["columns"] for stem, table in files.items()},
        "index": dict(zip(blocks, _places(packed), strict=True)),
    }
    return _line(head) + b"".join(packed)


def _places(lines: list[bytes]) -> Iterator[list[int]]:
    """Offset and size of each of some lines."""
    offset = 0
    for line in lines:
        yield [offset, len(line)]
        offset += len(line)


def _named(tree: str, stamps: Stamps, files: dict[str, Any]) -> bytes:
    import zlib

    packed = [zlib.compress(_line(content), 9) for content in files.values()]
    head = {
        "stamps": stamps,
        "heads": {stem: _head(content, *NAMED[tree]) for stem, content in files.items()},
        "places": dict(zip(files, _places(packed), strict=True)),
    }
    return _line(head) + b"".join(packed)


def _head(content: dict[str, Any], tables: tuple[str, ...], keys: tuple[str, ...]) -> dict[str, Any]:
    """A file's tables with some keys only."""
    found = {key: value for key, value in content.items() if key in keys}
    for name in tables:
        if name in content:
            found[name] = {
                key: _head(value, (), keys) if isinstance(value, dict) else value
                for key, value in content[name].items()
                if isinstance(value, dict) or key in keys
            }
    return found


def _line(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _replace(path: Path, content: bytes) -> None:
    """Replace a file whole, so that a reader never meets half of it."""
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
