"""The data files: TOML and CSV in a checkout, one JSON a tree in the wheel.

A *tree* is a folder of `whichgpu/data/` (`gpus`, `workloads`, `prices`, ...) or a single file there
(`sources`). `load("gpus")` gives `{file stem: content}`: a TOML file's tables, or a CSV file's rows
as `{"columns": [...], "rows": [[...], ...]}`; a file in a folder of the tree goes by its path there
(`timm/images`). Parsing TOML takes seconds for the whole catalogue, so the JSON beside it serves
whenever it is as new as every source; in a wheel only the JSON exists.

Of a tree whose rows are many and asked for few at a time, `select` reads those through an index.

`WHICHGPU_DATA` may name a folder of the user's with the same layout: its files come on top, table by
table and row by row.
"""

from __future__ import annotations

import contextlib
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(__file__).parent.parent / "data"
_BUNDLE = "bundle"
#: Trees of CSV files that have an index, by the column that is asked for.
INDEXED = {"measured": "workload"}


@cache
def load(tree: str, data: Path = DATA) -> dict[str, Any]:
    """The content of a tree by file stem.

    Raises `DataError` naming the file and line where a data file cannot be parsed, `UsageError` where
    it is one of the user's.
    """
    files = _own(tree, data)
    folder = os.environ.get("WHICHGPU_DATA") if data is DATA else None
    return _merged(files, _extra(tree, Path(folder).expanduser())) if folder else files


def _own(tree: str, data: Path) -> dict[str, Any]:
    """A tree from its JSON where that is current, else from its sources."""
    bundle = data / _BUNDLE / f"{tree}.json"
    stamps = _stamps(tree, data)
    if bundle.exists():
        content = json.loads(bundle.read_bytes())
        if not stamps or content["stamps"] == stamps:
            files: dict[str, Any] = content["files"]
            return files
    if not stamps:
        raise DataError(f"{data / tree}: no data files; reinstall whichgpu")
    files = _parsed(stamps, data, DataError)
    # A read-only checkout only loses the speed of the next start.
    with contextlib.suppress(OSError):
        _write(bundle, {"stamps": stamps, "files": files})
    return files


def select(tree: str, wanted: Callable[[str], bool], data: Path = DATA) -> list[dict[str, str]]:
    """The rows of an indexed tree whose column holds a value that is wanted, in the order of the files.

    Raises the errors of `load`.
    """
    if os.environ.get("WHICHGPU_DATA") and data is DATA:
        return [row for row in rows(tree, data) if wanted(row[INDEXED[tree]])]
    path, stamps = data / _BUNDLE / f"{tree}.jsonl", _stamps(tree, data)
    head: dict[str, Any] = {}
    if path.exists():
        with path.open("rb") as handle:
            head = json.loads(handle.readline())
    if not head or (stamps and head["stamps"] != stamps):
        with contextlib.suppress(OSError):
            _write_index(path, tree, _own(tree, data), stamps)
        return [row for row in rows(tree, data) if wanted(row[INDEXED[tree]])]
    found: list[tuple[int, dict[str, str]]] = []
    with path.open("rb") as handle:
        start = len(handle.readline())
        for value, (offset, size) in head["index"].items():
            if wanted(value):
                handle.seek(start + offset)
                for number, stem, cells in json.loads(handle.read(size)):
                    found.append((number, dict(zip(head["columns"][stem], cells, strict=True))))
    return [row for _, row in sorted(found, key=lambda one: one[0])]


def rows(tree: str, data: Path = DATA) -> Iterator[dict[str, str]]:
    """Every row of a tree of CSV files, in order."""
    for table in load(tree, data).values():
        for cells in table["rows"]:
            yield dict(zip(table["columns"], cells, strict=True))


def _write_index(path: Path, tree: str, files: dict[str, Any], stamps: dict[str, list[int]]) -> None:
    """One line that says where the rows of each value are, then those rows, a line each value."""
    blocks: dict[str, list[Any]] = {}
    number = 0
    for stem, table in files.items():
        column = table["columns"].index(INDEXED[tree])
        for cells in table["rows"]:
            blocks.setdefault(cells[column], []).append([number, stem, cells])
            number += 1
    lines = {value: _line(block) for value, block in blocks.items()}
    index, offset = {}, 0
    for value, line in lines.items():
        index[value] = [offset, len(line)]
        offset += len(line)
    columns = {stem: table["columns"] for stem, table in files.items()}
    head = _line({"stamps": stamps, "columns": columns, "index": index})
    _replace(path, head + b"".join(lines.values()))


def _line(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _extra(tree: str, folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise UsageError(f"WHICHGPU_DATA: no folder '{folder}'; unset it, or name one with gpus/*.toml")
    return _parsed(_stamps(tree, folder), folder, UsageError)


def _merged(ours: Any, theirs: Any) -> Any:
    """Tables merge, rows of the same columns add up, and any other value of theirs replaces ours."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return theirs
    if "columns" in ours and ours["columns"] == theirs.get("columns"):
        return {**ours, "rows": ours["rows"] + theirs["rows"]}
    return {**ours, **{key: _merged(ours.get(key), value) for key, value in theirs.items()}}


def trees(data: Path = DATA) -> list[str]:
    """Every tree that has source files, or its JSON, by name."""
    found = {p.stem for p in (*data.iterdir(), *(data / _BUNDLE).glob("*.json"))}
    return sorted(tree for tree in found if _stamps(tree, data) or (data / _BUNDLE / f"{tree}.json").exists())


def bundle(data: Path, out: Path) -> None:
    """Write each tree of `data` as the JSON that ships: `out/<tree>.json`, the same for the same sources."""
    for tree in trees(data):
        stamps = _stamps(tree, data)
        if stamps:
            files = _parsed(stamps, data, DataError)
            _write(out / f"{tree}.json", {"stamps": {}, "files": files})
            if tree in INDEXED:
                _write_index(out / f"{tree}.jsonl", tree, files, {})


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


def read_toml(path: Path, error: type[UsageError | DataError] = UsageError) -> dict[str, Any]:
    """Read a TOML file; any fault is one line that names the file and the place in it."""
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None
    except UnicodeDecodeError as fault:
        raise error(f"{path}: not UTF-8 text at byte {fault.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path}: not valid TOML: {one_line(fault)}") from None
    except RecursionError:
        raise error(f"{path}: nested too deeply to be read") from None


def _write(path: Path, content: dict[str, Any]) -> None:
    _replace(path, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


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
