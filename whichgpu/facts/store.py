"""The data files: TOML and CSV in a checkout, one JSON a tree in the wheel.

A *tree* is a folder of `whichgpu/data/` (`gpus`, `workloads`, `prices`, ...) or a single file there
(`sources`). `load("gpus")` gives `{file stem: content}`: a TOML file's tables, or a CSV file's rows
as `{"columns": [...], "rows": [[...], ...]}`; a file in a folder of the tree goes by its path there
(`timm/images`). Parsing TOML takes seconds for the whole catalogue, so the JSON beside it serves
whenever it is as new as every source; in a wheel only the JSON exists.

Of a tree whose rows are many and asked for few at a time the JSON has an index, for `select`.

`WHICHGPU_DATA` may name a folder of the user's with the same layout: its files come on top, table by
table and row by row.
"""

from __future__ import annotations

import contextlib
import json
import os
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(__file__).parent.parent / "data"
_BUNDLE = "bundle"
#: Trees of CSV files that have an index, by the column that is asked for.
INDEXED = {"measured": "workload"}
#: Trees that few commands read, and that shrink to a fifth or less; an installation has a limit.
PACKED = {"counts", "prices", "scoreboard", "validation"}


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
    bundle = bundled(tree, data / _BUNDLE)
    stamps = _stamps(tree, data)
    if bundle.exists():
        content = _read_index(bundle, None) if tree in INDEXED else _read(bundle)
        if not stamps or content["stamps"] == stamps:
            files: dict[str, Any] = content["files"]
            return files
    if not stamps:
        raise DataError(f"{data / tree}: no data files; reinstall whichgpu")
    files = _parsed(stamps, data, DataError)
    # A read-only checkout only loses the speed of the next start.
    with contextlib.suppress(OSError):
        _write_tree(bundle, tree, stamps, files)
    return files


def bundled(tree: str, folder: Path) -> Path:
    """Where the content of a tree stands among the files that ship."""
    ending = "jsonl" if tree in INDEXED else "json.gz" if tree in PACKED else "json"
    return folder / f"{tree}.{ending}"


def _read(path: Path) -> dict[str, Any]:
    """A tree's JSON, packed or not."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        import gzip

        raw = gzip.decompress(raw)
    content: dict[str, Any] = json.loads(raw)
    return content


def select(tree: str, wanted: Callable[[str], bool], data: Path = DATA) -> list[dict[str, str]]:
    """The rows of an indexed tree whose column holds a value that is wanted, in the order of the files.

    Raises the errors of `load`.
    """
    path, stamps = bundled(tree, data / _BUNDLE), _stamps(tree, data)
    if path.exists() and not (os.environ.get("WHICHGPU_DATA") and data is DATA):
        found = _read_index(path, wanted)
        if not stamps or found["stamps"] == stamps:
            return list(_rows(found["files"]))
    return [row for row in rows(tree, data) if wanted(row[INDEXED[tree]])]


def rows(tree: str, data: Path = DATA) -> Iterator[dict[str, str]]:
    """Every row of a tree of CSV files, in order."""
    return _rows(load(tree, data))


def _rows(files: dict[str, Any]) -> Iterator[dict[str, str]]:
    for table in files.values():
        for cells in table["rows"]:
            yield dict(zip(table["columns"], cells, strict=True))


def _write_index(path: Path, tree: str, stamps: dict[str, list[int]], files: dict[str, Any]) -> None:
    """One line that says where the rows of each value are, then those rows, a line each value."""
    blocks: dict[str, list[Any]] = {}
    for stem, table in files.items():
        column = table["columns"].index(INDEXED[tree])
        for number, cells in enumerate(table["rows"]):
            blocks.setdefault(cells[column], []).append([stem, number, cells])
    index, offset, lines = {}, 0, []
    for value, block in blocks.items():
        lines.append(_line(block))
        index[value] = [offset, len(lines[-1])]
        offset += len(lines[-1])
    columns = {stem: table["columns"] for stem, table in files.items()}
    _replace(path, _line({"stamps": stamps, "columns": columns, "index": index}) + b"".join(lines))


def _read_index(path: Path, wanted: Callable[[str], bool] | None) -> dict[str, Any]:
    """The stamps and the files of an indexed tree, with the rows whose value is wanted; all for None."""
    found: list[Any] = []
    with path.open("rb") as handle:
        head = json.loads(handle.readline())
        start = handle.tell()
        for value, (offset, size) in head["index"].items():
            if wanted is None or wanted(value):
                handle.seek(start + offset)
                found += json.loads(handle.read(size))
    files: dict[str, Any] = {stem: {"columns": names, "rows": []} for stem, names in head["columns"].items()}
    for stem, _, cells in sorted(found, key=itemgetter(1)):
        files[stem]["rows"].append(cells)
    return {"stamps": head["stamps"], "files": files}


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
    found = {p.stem for p in (*data.iterdir(), *(data / _BUNDLE).glob("*.json*"))}
    return sorted(tree for tree in found if _stamps(tree, data) or bundled(tree, data / _BUNDLE).exists())


def bundle(data: Path, out: Path) -> None:
    """Write each tree of `data` as the JSON that ships: `out/<tree>.json`, the same for the same sources."""
    for tree in trees(data):
        stamps = _stamps(tree, data)
        if stamps:
            _write_tree(bundled(tree, out), tree, {}, _parsed(stamps, data, DataError))


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


def _write_tree(path: Path, tree: str, stamps: dict[str, list[int]], files: dict[str, Any]) -> None:
    if tree in INDEXED:
        _write_index(path, tree, stamps, files)
    else:
        content = _line({"stamps": stamps, "files": files})
        if tree in PACKED:
            import gzip

            # The same bytes for the same sources: no time stamp in the head.
            content = gzip.compress(content, mtime=0)
        _replace(path, content)


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
