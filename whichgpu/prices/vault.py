"""The price store of this machine: what `prices update` read, kept so that it is whole at any moment.

A generation is a folder of files that is written beside the others, flushed to the disk, and only then named
by the file `current`, which is replaced in one step. Whoever is killed on the way leaves the old generation
in use; the one before is kept as well. `whole.json` in each holds the digest of every file, so that a store
that was cut short or changed by hand is noticed, and the one before it, or the shipped table, is used.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The file that names the generation in use, and the one that says that a generation is whole.
CURRENT, WHOLE = "current", "whole.json"
_LOCK = "lock"


class Stored(NamedTuple):
    """What a generation holds, and what is wrong with a newer one that could not be used."""

    #: Contents by file name, without `whole.json`.
    files: Mapping[str, bytes]
    generation: str
    problem: str = ""


def folder() -> Path:
    """Where the store is: `$XDG_DATA_HOME/whichgpu/prices`, in the home folder where that is not set."""
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "whichgpu" / "prices"


def read(where: Path | None = None) -> Stored | None:
    """The generation in use where it is whole, else the newest that is; None without a store."""
    place = where or folder()
    problem = ""
    try:
        named = (place / CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as fault:
        named, problem = "", f"{place / CURRENT}: cannot be read ({fault})"
    for name in dict.fromkeys((*filter(None, [named]), *_generations(place))):
        problem = problem or ("" if named else f"{place / CURRENT}: names nothing")
        try:
            return Stored(_files(place / name), name, problem)
        except DataError as fault:
            problem = problem or str(fault)
    return Stored({}, "", problem)


def write(files: Mapping[str, bytes], where: Path | None = None) -> str:
    """Put a new generation in the place of the old one; gives its name. To be called under `lock`.

    Raises `UsageError` where the folder cannot be written.
    """
    place = where or folder()
    try:
        last = _generations(place)
        name = f"g-{int(last[0][2:]) + 1 if last else 1:06d}"
        _fill(place / name, files)
        _put(place / f"{CURRENT}.new", name.encode())
        (place / f"{CURRENT}.new").replace(place / CURRENT)
        _flush(place)
        _tidy(place, keep=(name, *last[:1]))
    except OSError as fault:
        raise UsageError(
            f"{place}: cannot be written ({fault.strerror or fault}); name another folder in XDG_DATA_HOME"
        ) from None
    return name


@contextmanager
def lock(where: Path | None = None) -> Iterator[None]:
    """Be the only one that writes the store; a lock ends with its process, however that ends.

    Raises `UsageError` where another process holds it or the folder cannot be written.
    """
    place = where or folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        file = (place / _LOCK).open("w")
    except OSError as fault:
        raise UsageError(
            f"{place}: cannot be written ({fault.strerror or fault}); name another folder in XDG_DATA_HOME"
        ) from None
    with file:
        try:
            _take(file.fileno())
        except OSError:
            raise UsageError(f"{place}: another update is at work on it; wait for it to end") from None
        yield


def _take(handle: int) -> None:
    """Lock an open file; raises `OSError` where another process has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _generations(place: Path) -> list[str]:
    """Names of generations that were finished, the newest first."""
    try:
        found = [
            path.name for path in place.iterdir() if path.name.startswith("g-") and path.name[2:].isdigit()
        ]
    except OSError:
        return []
    return sorted(found, reverse=True)


def _files(generation: Path) -> dict[str, bytes]:
    """The files of a generation; raises `DataError` where one is missing, cut short or changed."""
    try:
        digests: Any = json.loads((generation / WHOLE).read_bytes())
        files = {name: (generation / name).read_bytes() for name in digests}
    except (OSError, ValueError, TypeError) as fault:
        raise DataError(f"{generation}: {WHOLE} or a file it names cannot be read ({fault})") from None
    for name, content in files.items():
        if _digest(content) != digests[name]:
            raise DataError(f"{generation / name}: was cut short or changed")
    return files


def _fill(generation: Path, files: Mapping[str, bytes]) -> None:
    """Write a generation under another name and rename it when it is on the disk."""
    import shutil

    draft = generation.with_name(f"draft-{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        for name, content in files.items():
            _put(draft / name, content)
        _put(draft / WHOLE, json.dumps({name: _digest(content) for name, content in files.items()}).encode())
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)  # a full disk is not to stay full of it
        raise
    _flush(draft)
    draft.rename(generation)
    _flush(generation.parent)


def _put(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(path: Path) -> None:
    """Put a folder's entries on the disk; Windows opens no folders and needs none of it."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _tidy(place: Path, keep: tuple[str, ...]) -> None:
    """Remove what no reader needs: drafts of the killed, and generations before the last two."""
    import shutil

    for path in place.iterdir():
        old = path.name.startswith("g-") and path.name not in keep
        if old or path.name.startswith("draft-"):
            shutil.rmtree(path, ignore_errors=True)


def _digest(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
