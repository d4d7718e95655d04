"""Reading files that somebody else wrote: sizes, depth and numbers are bounded before they are believed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line

if TYPE_CHECKING:
    from pathlib import Path

MB = 1_000_000


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
        raise UsageError(f"{path}: the file is empty; give a {what}")
    return size


def read_bytes(path: Path, limit: float, what: str) -> bytes:
    """The content of a file of at most `limit` bytes."""
    check_size(path, limit, what)
    try:
        return path.read_bytes()
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read ({fault.strerror or fault}); check the path") from None


def parse_json(raw: bytes, where: str) -> dict[str, Any]:
    """A JSON object with finite numbers; raises `UsageError` naming the place of a fault."""
    try:
        content = json.loads(raw.decode("utf-8-sig"), parse_constant=lambda text: _refuse(text, where),
                             parse_float=lambda text: _finite(text, where))  # fmt: skip
    except UnicodeDecodeError as fault:
        raise UsageError(f"{where}: not UTF-8 text at byte {fault.start}; save it as UTF-8") from None
    except RecursionError:
        raise UsageError(f"{where}: nested too deeply to be read") from None
    except ValueError as fault:
        raise UsageError(f"{where}: not valid JSON: {one_line(fault)}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{where}: a {type(content).__name__} where an object {{..}} is expected")
    return content


def _finite(text: str, where: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text, where)


def _refuse(text: str, where: str) -> float:
    raise UsageError(f"{where}: {text} is not a finite number")
