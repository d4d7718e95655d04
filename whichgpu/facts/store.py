"""The data files: TOML and CSV in a checkout, one JSON a tree in the wheel.

A *tree* is a folder of `whichgpu/data/` (`gpus`, `workloads`, `prices`, ...) or a single file there
(`sources`). `load("gpus")` gives `{file stem: content}`: a TOML file's tables, or a CSV file's rows
as `{"columns": [...], "rows": [[...], ...]}`; a file in a folder of the tree goes by its path there
(`timm/images`). Parsing TOML takes seconds for the whole catalogue, so the JSON beside it serves
whenever it is as new as every source; in a wheel only the JSON exists.

Of a tree that is large and asked for a little at a time, a few rows (`select`) or the tables of one
name (`glance`), the JSON is laid out so that the rest need not be read; see `bundle`.

`WHICHGPU_DATA` may name a folder of the user's with the same layout: its files come on top, table by
table and row by row.
"""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError, one_line, refuse_endless
from whichgpu.facts import bundle
from whichgpu.facts.bundle import bundled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DATA = Path(__file__).parent.parent / "data"
BUNDLE = "bundle"


@cache
def load(tree: str, data: Path = DATA) -> dict[str, Any]:
    """The content of a tree by file stem.

    Raises `DataError` naming the file and line where a data file cannot be parsed, `UsageError` where
    it is one of the user's.
    """
    files = _own(tree, data)
    folder = os.environ.get("WHICHGPU_DATA") if data is DATA else None
    return _merged(files, _extra(tree, Path(folder).expanduser())) if folder else files


def glance(tree: str, data: Path = DATA) -> bundle.Glance:
    """A tree of `bundle.NAMED` by file stem: its names, the keys that finding a name reads, and the whole.

    A head or a file is parsed when it is asked for; heads may hold more than those keys.
    Raises the errors of `load`.
    """
    path = bundled(tree, data / BUNDLE)
    if path.exists() and not _amended(data):
        stamps, found = bundle.read_names(path)
        if _stamps(tree, data) in ({}, stamps):
            return found
    whole = load(tree, data)
    return bundle.Glance(bundle.named(tree, whole), whole, whole)


@cache
def part(tree: str, stem: str, data: Path = DATA) -> Any:
    """One file of a tree of `bundle.NAMED`, of which no other is parsed. Raises the errors of `load`."""
    return glance(tree, data).files[stem]


def group(tree: str, stem: str, wanted: Callable[[str], bool], data: Path = DATA) -> dict[str, Any]:
    """A CSV file of `bundle.GROUPED` with the rows whose cells there, joined by `;`, are wanted.

    Raises the errors of `load`.
    """
    path = bundled(tree, data / BUNDLE)
    if path.exists() and not _amended(data):
        stamps, found = bundle.read_group(path, stem, wanted)
        if _stamps(tree, data) in ({}, stamps):
            return found
    whole = part(tree, stem, data)
    key = bundle.asked_for(tree, stem, whole["columns"])
    return {**whole, "rows": [row for row in whole["rows"] if wanted(key(row))]}


def select(tree: str, wanted: Callable[[str], bool], data: Path = DATA) -> list[dict[str, str]]:
    """The rows of an indexed tree whose column holds a value that is wanted, in the order of the files.

    Raises the errors of `load`.
    """
    path = bundled(tree, data / BUNDLE)
    if path.exists() and not _amended(data):
        stamps, found = bundle.read_rows(path, wanted)
        if _stamps(tree, data) in ({}, stamps):
            return list(_rows(found))
    return [row for row in rows(tree, data) if wanted(row[bundle.INDEXED[tree]])]


def _amended(data: Path) -> bool:
    """Whether a folder of the user's comes on top of these data."""
    return data is DATA and bool(os.environ.get("WHICHGPU_DATA"))


def _own(tree: str, data: Path) -> dict[str, Any]:
    """A tree from its JSON where that is current, else from its sources."""
    path = bundled(tree, data / BUNDLE)
    stamps = _stamps(tree, data)
    if path.exists():
        known, files = bundle.read(path, tree)
        if not stamps or known == stamps:
            return files
    if not stamps:
        raise DataError(f"{data / tree}: no data files; reinstall whichgpu")
    files = _parsed(stamps, data, DataError)
    # A read-only checkout only loses the speed of the next start.
    with contextlib.suppress(OSError):
        bundle.write(path, tree, stamps, files)
    return files


def rows(tree: str, data: Path = DATA) -> Iterator[dict[str, str]]:
    """Every row of a tree of CSV files, in order."""
    return _rows(load(tree, data))


def _rows(files: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for table in files.values():
        for cells in table["rows"]:
            yield dict(zip(table["columns"], cells, strict=True))


def _extra(tree: str, folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise UsageError(f"WHICHGPU_DATA: no folder '{folder}'; unset it, or name one with gpus/*.toml")
    return _parsed(_stamps(tree, folder), folder, UsageError)


def _merged(ours: Any, theirs: Any) -> Any:
    """Tables merge, rows add up, and any other value of theirs replaces ours.

    Rows may lack columns at the end, which releases add: they are empty then.
    """
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return theirs
    own = theirs.get("columns")
    if own and ours.get("columns", ())[: len(own)] == own:
        rest = [""] * (len(ours["columns"]) - len(own))
        return {**ours, "rows": ours["rows"] + [[*row, *rest] for row in theirs["rows"]]}
    return {**ours, **{key: _merged(ours.get(key), value) for key, value in theirs.items()}}


def trees(data: Path = DATA) -> list[str]:
    """Every tree that has source files, or its JSON, by name."""
    found = {p.stem for p in (*data.iterdir(), *(data / BUNDLE).glob("*.json*"))}
    return sorted(tree for tree in found if _stamps(tree, data) or bundled(tree, data / BUNDLE).exists())


def ship(data: Path, out: Path) -> None:
    """Write each tree of `data` as the JSON that ships: `out/<tree>.json`, the same for the same sources."""
    for tree in trees(data):
        stamps = _stamps(tree, data)
        if stamps:
            bundle.write(bundled(tree, out), tree, {}, _parsed(stamps, data, DataError))


def _stamps(tree: str, data: Path) -> dict[str, list[int]]:
    """Size and time of each source file of a tree, by path relative to `data`."""
    stamps = _folder_stamps(tree, data)
    single = data / f"{tree}.toml"
    if not stamps and single.exists():
        info = single.stat()
        stamps[single.name] = [info.st_size, info.st_mtime_ns]
    return stamps


def _folder_stamps(folder: str, data: Path) -> dict[str, list[int]]:
    stamps: dict[str, list[int]] = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in os.scandir(data / folder):
            name = f"{folder}/{entry.name}"
            if entry.name.endswith((".toml", ".csv")):
                info = entry.stat()
                stamps[name] = [info.st_size, info.st_mtime_ns]
            elif entry.is_dir() and "." not in entry.name:
                stamps |= _folder_stamps(name, data)
    return stamps


def _parsed(stamps: dict[str, list[int]], data: Path, error: type[UsageError | DataError]) -> dict[str, Any]:
    return {_stem(name): _parse(data / name, error) for name in sorted(stamps)}


def _stem(name: str) -> str:
    """`gpus/gh100.toml` -> `gh100`, `validation/timm/images.csv` -> `timm/images`."""
    return name.partition("/")[2].rpartition(".")[0] or Path(name).stem


def _parse(path: Path, error: type[UsageError | DataError]) -> Any:
    if path.suffix == ".csv":
        return read_csv(path)
    return read_toml(path, error)


def read_csv(path: Path) -> dict[str, Any]:
    """A CSV file as `{"columns": [...], "rows": [[...], ...]}`."""
    import csv

    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.reader(handle))
    return {"columns": rows[0], "rows": rows[1:]}


def _unquoted(path: Path, fault: Exception) -> str:
    """What to do where a TOML file does not read: most often a value needs quotes."""
    import re

    if "overwrite" in str(fault):
        return "each name stands once in a table, and each [table] once in a file: take one of the two out"
    line = re.search(r"line (\d+)", str(fault))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    number = int(line[1]) if line else 0
    said = (
        re.fullmatch(r"\s*([\w-]+)\s*=\s*([^\"'\[{#]+?)\s*", lines[number - 1])
        if 0 < number <= len(lines)
        else None
    )
    return f'write {said[1]} = "{said[2]}"' if said else "text stands in quotes, a table's name in brackets"


def read_toml(path: Path, error: type[UsageError | DataError] = UsageError) -> dict[str, Any]:
    """Read a TOML file; any fault is one line that names the file and the place in it."""
    import tomllib

    refuse_endless(path)
    try:
        # Editors of Windows put a mark in front of UTF-8.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None
    except UnicodeDecodeError as fault:
        raise error(f"{path}: not UTF-8 text at byte {fault.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path}: not valid TOML: {one_line(fault)}; {_unquoted(path, fault)}") from None
    except RecursionError:
        raise error(f"{path}: nested too deeply to be read") from None
