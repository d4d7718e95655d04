"""The data files: TOML and CSV in a checkout, one JSON a tree in the wheel.

A *tree* is a folder of `whichgpu/data/` (`gpus`, `workloads`, `prices`, ...) or a single file there
(`sources`). `load("gpus")` gives `{file stem: content}`: a TOML file's tables, or a CSV file's rows
as `{"columns": [...], "rows": [[...], ...]}`; a file in a folder of the tree goes by its path there
(`timm/images`). Parsing TOML takes seconds for the whole catalogue, so the JSON beside it serves
whenever it is as new as every source; in a wheel only the JSON exists.

`WHICHGPU_DATA` may name a folder of the user's with the same layout: its files come on top, table by
table and row by row.
"""

from __future__ import annotations

import contextlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from whichgpu.errors import DataError, UsageError, one_line

DATA = Path(__file__).parent.parent / "data"
_BUNDLE = "bundle"


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
            _write(out / f"{tree}.json", {"stamps": {}, "files": _parsed(stamps, data, DataError)})


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


def _write(path: Path, content: dict[str, Any]) -> None:
    """Replace a file whole, so that a reader never meets half of it."""
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False, separators=(",", ":"))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
