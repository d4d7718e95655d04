"""Reading files that somebody else wrote: sizes, depth and numbers are bounded before they are believed."""

from __future__ import annotations

import json
import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

MB = 1_000_000
#: Files that one model is split into.
_MOST_PARTS = 2_000


def check_size(path: Path, limit: float, what: str) -> int:
    """The size of a file in bytes; raises `UsageError` where it is missing, no file, or above the limit."""
    try:
        size = path.stat().st_size
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None
    if not path.is_file():
        raise UsageError(f"{path}: not a file; give the {what} itself")
    if size > limit:
        raise UsageError(
            f"{path}: {size / MB:,.0f} MB is above the {limit / MB:,.0f} MB of a {what}; is it one?"
        )
    if not size:
        raise UsageError(f"{path}: the file is empty; is it the {what}?")
    return size


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read; raises `UsageError` where it cannot be."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None


def read_bytes(path: Path, limit: float, what: str) -> bytes:
    """The content of a file of at most `limit` bytes."""
    check_size(path, limit, what)
    with opened(path) as file:
        return file.read()


_PART = re.compile(r"(?P<name>.+)-(?P<part>\d{5})-of-(?P<of>\d{5})(?P<end>\.\w+)")


def parts(path: Path) -> list[Path]:
    """All files of a model that is split (`name-00001-of-00003.gguf`), in order; itself if it is not.

    Raises `UsageError` for one that is missing.
    """
    found = _PART.fullmatch(path.name)
    if not found:
        return [path]
    count = int(found["of"])
    named = [f"{found['name']}-{part:05}-of-{found['of']}{found['end']}" for part in range(1, count + 1)]
    return beside(path, named[:_MOST_PARTS])


def beside(path: Path, names: Iterable[str]) -> list[Path]:
    """Files of these names in the folder of `path`; raises `UsageError` for one that is missing."""
    files = [path.with_name(name) for name in names]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise UsageError(
            f"{path}: {len(missing)} of its {len(files)} files are missing, e.g. {missing[0]}; download "
            "them too"
        )
    return files


def parse_json(raw: bytes, where: str) -> dict[str, Any]:
    """A JSON object with finite numbers; raises `UsageError` naming the place of a fault.

    A row may hold `Infinity`, as limits without an end do (`time_step_limit` of Mamba 2); a field may not.
    """
    try:
        content = json.loads(raw.decode("utf-8-sig"), parse_float=lambda text: _finite(text, where),
                             object_pairs_hook=lambda pairs: _once(pairs, where))  # fmt: skip
    except UnicodeDecodeError as fault:
        raise UsageError(f"{where}: not UTF-8 text at byte {fault.start}; save it as UTF-8") from None
    except RecursionError:
        raise UsageError(f"{where}: nested too deeply to be read") from None
    except ValueError as fault:
        raise UsageError(f"{where}: not valid JSON: {one_line(fault)}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{where}: a {type(content).__name__} where an object {{..}} is expected")
    return content


def _once(pairs: list[tuple[str, Any]], where: str) -> dict[str, Any]:
    """A JSON object; refuses one that gives a field two values, or one that is not finite."""
    made = dict(pairs)
    for value in made.values():
        if isinstance(value, float) and not math.isfinite(value):
            _refuse(json.dumps(value), where)
    if len(made) < len(pairs):
        for key, value in pairs:
            if made[key] != value:
                raise UsageError(
                    f"{where}: '{key}' stands there twice, as {str(value)[:40]} and {str(made[key])[:40]}; "
                    "keep one"
                )
    return made


def _finite(text: str, where: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text, where)


def _refuse(text: str, where: str) -> float:
    raise UsageError(f"{where}: {text} is not a finite number")
