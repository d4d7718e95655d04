"""The JSON that a tree of data files is made into, and the parts of it that can be read alone.

<tree>.json      the stamps of the sources, and the content of every file by stem
<tree>.json.gz   the same, packed, of a tree that few commands read, its tables as `facts/columns.py` packs
                 them
<tree>.rows      a line that says where the rows of each value are, then those rows, packed value by value and
                 in each of them likewise
<tree>.files     a line with the stamps and sizes; the names in each file and where it is; the heads of the
                 files, a line each, all these packed but for few trees; and the files, each packed by itself,
                 those of `GROUPED` value by value

What is packed part by part has what its parts begin with in a dictionary before them, which saves a quarter.
"""

from __future__ import annotations

import io
import json
import os
from functools import cache
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from whichgpu.values import Lazy, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

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
    "architectures": (("variant",), ()),
    "software": ((), ("names", "kind")),
    "prices": ((), ()),
    # The file itself is a table of sources, whose kinds are read for every fact.
    "sources": (("",), ("kind",)),
}
#: CSV files of such trees that are asked for a few rows, by the columns that are asked for.
GROUPED = {"prices": {"offers": ("gpu", "candidates")}}
#: Trees that few commands read, and that shrink to a third or less.
PACKED = {
    "absent", "adapters", "aims", "aliases", "audit", "bench", "blank", "capabilities", "cards",
    "carried", "codecs", "commands", "components", "counts", "datasets", "diagnosis", "exceptions", "export",
    "fits", "forms", "frames", "gloss", "glossary", "grid", "hf", "instances", "labels", "loading", "machine",
    "mig", "needs", "phases", "precisions", "programs", "providers", "quality", "questions", "regions",
    "rewordings", "runtimes", "scoreboard", "services", "sought", "subjects", "suffixes", "systems", "uses",
    "usual", "validation", "vgpu", "words",
}  # fmt: skip
#: Trees whose names and heads are all read with the catalogue, and take less time where they are plain.
_PLAIN = ("architectures",)
#: What the first line of `<tree>.files` says of its layout; another one is stale, as if a source had changed.
_LAYOUT = 5
#: Bytes of the beginning of a part that a dictionary may have, and the most that deflate looks back.
_BEGINNINGS, _WINDOW = (400, 1600), 1 << 15
_STALE: Stamps = {"": []}


class Glance(NamedTuple):
    """A tree of `NAMED`, of which little is read: by file stem the names in tables, the heads, the files."""

    names: Mapping[str, Mapping[str, Sequence[str]]]
    heads: Mapping[str, Any]
    files: Mapping[str, Any]


def named(tree: str, files: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The names in each table of tables of each file of a tree."""
    tables = NAMED[tree][0]
    return {
        stem: {table: [*content[table]] for table in tables if table in content}
        for stem, content in files.items()
    }


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
        kept = {stem: _by_column(content) for stem, content in files.items()} if tree in PACKED else files
        content = _line({"stamps": stamps, "files": kept})
    if tree in PACKED:
        import gzip

        content = gzip.compress(content, mtime=0)
    replace(path, content)


def read(path: Path, tree: str) -> tuple[Stamps, dict[str, Any]]:
    """The stamps and the whole content of a tree."""
    if tree in INDEXED:
        return read_rows(path, None)
    if tree in NAMED:
        stamps, found = read_names(path)
        return stamps, dict(found.files)
    raw = path.read_bytes()
    if tree in PACKED:
        import zlib

        # As gzip writes it, without what importing that takes.
        raw = zlib.decompress(raw, wbits=31)
    content = json.loads(raw)
    return content["stamps"], {stem: _by_row(one) for stem, one in content["files"].items()}


def _by_column(content: Any) -> Any:
    """A CSV file with the cells of each column together, which packs smaller; a TOML file as it is."""
    if not (isinstance(content, dict) and content.keys() == {"columns", "rows"}):
        return content
    from whichgpu.facts.columns import packed_columns

    return {"columns": content["columns"], "cells": packed_columns(content["rows"])}


def _by_row(content: Any) -> Any:
    """What `_by_column` was given."""
    if not (isinstance(content, dict) and content.keys() == {"columns", "cells"}):
        return content
    from whichgpu.facts.columns import unpacked_columns

    return {"columns": content["columns"], "rows": unpacked_columns(content["cells"])}


def read_rows(path: Path, wanted: Callable[[str], bool] | None) -> tuple[Stamps, dict[str, Any]]:
    """The stamps and the files of an indexed tree, with the rows whose value is wanted; all for None."""
    from whichgpu.facts.columns import unpacked_columns

    with path.open("rb") as handle:
        head = json.loads(handle.readline())
        if head.get("layout") != _LAYOUT:
            return _STALE, {}
        known = _inflated(handle.read(head["dictionary"]))
        blocks = _blocks(handle, handle.tell(), head["index"], wanted, known)
    files = {stem: {"columns": names, "rows": []} for stem, names in head["columns"].items()}
    found = ((stem, *one) for stem, (numbers, texts) in blocks
             for one in zip(accumulate(numbers), unpacked_columns(texts), strict=True))  # fmt: skip
    for stem, _, cells in sorted(found, key=itemgetter(1)):
        files[stem]["rows"].append(cells)
    return head["stamps"], files


def _blocks(
    handle: BinaryIO, start: int, index: Mapping[str, tuple[int, int]], wanted: Callable[[str], bool] | None,
    known: bytes,
) -> list[Any]:  # fmt: skip
    """What is in the packed blocks of the values that are wanted; of all for None."""
    found: list[Any] = []
    for value, (offset, size) in index.items():
        if wanted is None or wanted(value):
            handle.seek(start + offset)
            found += json.loads(_inflated(handle.read(size), known))
    return found


def _deflated(part: bytes, known: bytes = b"") -> bytes:
    """A part packed, with what is known before it."""
    import zlib

    packer = zlib.compressobj(9, zdict=known) if known else zlib.compressobj(9)
    return packer.compress(part) + packer.flush()


def _inflated(stored: bytes, known: bytes = b"") -> bytes:
    """What `_deflated` was given."""
    import zlib

    opener = zlib.decompressobj(zdict=known) if known else zlib.decompressobj()
    return opener.decompress(stored)


def _dictionary(parts: Sequence[bytes]) -> bytes:
    """What the largest parts begin with, as much of each as packs all of them best; empty for one alone."""
    if len(parts) < 2:
        return b""
    largest = sorted(parts, key=len, reverse=True)
    tried = [b"".join(part[:size] for part in largest[: _WINDOW // size]) for size in _BEGINNINGS]
    return min(tried, key=lambda known: sum(len(_deflated(part, known)) for part in parts))


def read_names(path: Path) -> tuple[Stamps, Glance]:
    """The stamps of a tree of `NAMED`, and what it holds."""
    content, head, index, behind = _read(path)
    if not index:
        return _STALE, Glance({}, {}, {})
    heads, places = index["heads"], index["places"]

    @cache
    def lines() -> bytes:
        return _unpacked(content[behind - head["heads"] : behind], head)

    return head["stamps"], Glance(
        index["names"],
        Lazy(heads, lambda stem: json.loads(lines()[slice(*heads[stem])])),
        Lazy(places, lambda stem: _file(_opened(content, head, behind), places[stem])),
    )


def read_group(path: Path, stem: str, wanted: Callable[[str], bool]) -> tuple[Stamps, dict[str, Any]]:
    """The stamps of a tree of `GROUPED`, and a file of it with the rows whose `asked_for` is wanted."""
    content, head, index, behind = _read(path)
    if not index:
        return _STALE, {}
    return head["stamps"], _file(_opened(content, head, behind), index["places"][stem], wanted)


def _read(path: Path) -> tuple[bytes, dict[str, Any], dict[str, Any], int]:
    """A file of `NAMED`, its first line, its index (empty in another layout), and where its files begin.

    Whole: another process may put a new file in its place before more of this one is asked for.
    """
    content = path.read_bytes()
    start = content.index(b"\n") + 1
    head = json.loads(content[:start])
    if head.get("layout") != _LAYOUT:
        return content, head, {}, start
    behind = start + head["index"]
    return content, head, json.loads(_unpacked(content[start:behind], head)), behind + head["heads"]


def _unpacked(stored: bytes, head: Mapping[str, Any]) -> bytes:
    """The names or the heads of a file of `NAMED`, by its first line."""
    return _inflated(stored) if head["packed"] else stored


def _opened(content: bytes, head: Mapping[str, Any], behind: int) -> tuple[bytes, int, bytes]:
    """A file of `NAMED`, where its packed files begin, and their dictionary."""
    start = behind + head["dictionary"]
    return content, start, _inflated(content[behind:start])


def _file(opened: tuple[bytes, int, bytes], place: Any, wanted: Callable[[str], bool] | None = None) -> Any:
    """One file of a tree, packed at a place after the dictionary."""
    content, start, known = opened
    if isinstance(place, dict):
        found = _blocks(io.BytesIO(content), start, place["index"], wanted, known)
        return {"columns": place["columns"], "rows": [row for _, row in sorted(found, key=itemgetter(0))]}
    offset, size = place
    return json.loads(_inflated(content[start + offset : start + offset + size], known))


def asked_for(tree: str, stem: str, columns: Sequence[str]) -> Callable[[Sequence[str]], str]:
    """What a row of a file of `GROUPED` is asked for by: its cells there, joined by `;`."""
    at = [columns.index(name) for name in GROUPED[tree][stem]]
    return lambda cells: ";".join(cells[one] for one in at if cells[one])


def _indexed(tree: str, stamps: Stamps, files: dict[str, Any]) -> bytes:
    blocks: dict[str, dict[str, list[Any]]] = {}
    for stem, table in files.items():
        column = table["columns"].index(INDEXED[tree])
        for number, cells in enumerate(table["rows"]):
            blocks.setdefault(cells[column], {}).setdefault(stem, []).append((number, cells))
    parts = [_line([(stem, _by_text(rows)) for stem, rows in block.items()]) for block in blocks.values()]
    known = _dictionary(parts)
    packed = [_deflated(part, known) for part in parts]
    dictionary = _deflated(known)
    head = {
        "layout": _LAYOUT,
        "stamps": stamps,
        "columns": {stem: table["columns"] for stem, table in files.items()},
        "dictionary": len(dictionary),
        "index": dict(zip(blocks, _places(packed), strict=True)),
    }
    return _line(head) + b"".join((dictionary, *packed))


def _by_text(rows: Sequence[tuple[int, list[str]]]) -> tuple[list[int], list[Any]]:
    """Numbered rows as the steps of their numbers, and their columns."""
    from whichgpu.facts.columns import packed_columns

    numbers = [number for number, _ in rows]
    steps = [one - last for one, last in zip(numbers, [0, *numbers[:-1]], strict=True)]
    return steps, packed_columns([cells for _, cells in rows])


def _places(lines: list[bytes]) -> Iterator[list[int]]:
    """Offset and size of each of some lines."""
    offset = 0
    for line in lines:
        yield [offset, len(line)]
        offset += len(line)


def _named(tree: str, stamps: Stamps, files: dict[str, Any]) -> bytes:
    heads = [_line(_head(content, *NAMED[tree])) for content in files.values()]
    plain = {stem: _groups(tree, stem, content) for stem, content in files.items()}
    known = _dictionary([_line(part) for groups in plain.values() for part in groups.values()])
    packed: list[bytes] = []
    index = {
        "names": named(tree, files),
        "heads": {
            stem: [start, start + size] for stem, (start, size) in zip(files, _places(heads), strict=True)
        },
        "places": {stem: _packed(files[stem], groups, known, packed) for stem, groups in plain.items()},
    }
    dictionary = _deflated(known)
    parts = [_line(index), b"".join(heads)]
    if tree not in _PLAIN:
        parts = [_deflated(part) for part in parts]
    sizes = {"index": len(parts[0]), "heads": len(parts[1]), "dictionary": len(dictionary)}
    head = {"layout": _LAYOUT, "stamps": stamps, **sizes, "packed": tree not in _PLAIN}
    return _line(head) + b"".join((*parts, dictionary, *packed))


def _groups(tree: str, stem: str, content: Any) -> dict[str, Any]:
    """What is packed by itself of a file: all of it, or of one of `GROUPED` the numbered rows of a value."""
    if stem not in GROUPED.get(tree, ()):
        return {"": content}
    key = asked_for(tree, stem, content["columns"])
    groups: dict[str, Any] = {}
    for numbered in enumerate(content["rows"]):
        groups.setdefault(key(numbered[1]), []).append(numbered)
    return groups


def _packed(content: Any, groups: Mapping[str, Any], known: bytes, packed: list[bytes]) -> Any:
    """Pack a file behind what is packed already; gives its place, or the places of its groups of rows."""
    offset = sum(map(len, packed))
    blocks = [_deflated(_line(part), known) for part in groups.values()]
    packed += blocks
    if groups.get("") is content:
        return [offset, len(blocks[0])]
    index = {
        value: [offset + start, size] for value, (start, size) in zip(groups, _places(blocks), strict=True)
    }
    return {"columns": content["columns"], "index": index}


def _head(content: dict[str, Any], tables: tuple[str, ...], keys: tuple[str, ...]) -> dict[str, Any]:
    """A file's tables with some keys only."""
    if "" in tables:
        return _rows(content, keys)
    found = {key: value for key, value in content.items() if key in keys}
    return found | {name: _rows(content[name], keys) for name in tables if name in content}


def _rows(table: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The values of a table and of the tables in it, with some keys only."""
    return {
        key: _head(value, (), keys) if isinstance(value, dict) else value
        for key, value in table.items()
        if isinstance(value, dict) or key in keys
    }


def _line(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def replace(path: Path, content: bytes) -> None:
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
