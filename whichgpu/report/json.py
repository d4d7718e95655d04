"""JSON: one document with a `schema_version`, SI numbers, no NaN, the same bytes for the same answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from json.encoder import encode_basestring
from types import NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Raised when a key is renamed, removed or changes its meaning; new keys do not count.
SCHEMA_VERSION = 1
#: Characters of an object or a list of plain values that stand on one line.
_LINE = 110
#: A list of more is written item by item.
_MANY = 100


def dumps(document: Mapping[str, Any]) -> str:
    """The document as indented JSON with a newline at the end; `schema_version` comes first.

    What is short and holds plain values only, as an interval does, stands on one line. The library's own
    encoder takes three times as long to indent.
    """
    return "".join(pieces(document))


def pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """The text of `dumps` in pieces, so that a long list of results never stands in memory as a whole."""
    whole = {"schema_version": SCHEMA_VERSION, **document}
    if all(type(value) in _SCALARS for value in whole.values()):
        yield _written(whole, "\n") + "\n"
        return
    inner, outer = "\n  ", "\n    "
    yield "{"
    for index, (key, value) in enumerate(whole.items()):
        yield f"{',' if index else ''}{inner}{encode_basestring(str(key))}: "
        if isinstance(value, list | tuple) and len(value) > _MANY:
            for at, item in enumerate(value):
                yield f"{',' if at else '['}{outer}{_written(item, outer)}"
            yield f"{inner}]"
        else:
            yield _written(value, inner)
    yield "\n}\n"


def _written(value: Any, margin: str) -> str:
    """Any result as text, as `plain` has it; `margin` begins a line."""
    written = _SCALARS.get(type(value))
    if written is not None:
        return written(value)
    inner = margin + "  "
    if isinstance(value, dict):
        parts = [f"{encode_basestring(str(key))}: {_written(item, inner)}" for key, item in value.items()]
        return _joined(parts, "{}", margin, plainly=all(type(item) in _SCALARS for item in value.values()))
    if isinstance(value, list | tuple):
        parts = [_written(item, inner) for item in value]
        return _joined(parts, "[]", margin, plainly=all(type(item) in _SCALARS for item in value))
    known = plain(value)
    # What is none of these itself, such as a number of a subclass, is one to the library.
    return _written(known, margin) if type(known) in _SHAPES else json.dumps(known, ensure_ascii=False)


def _joined(parts: list[str], ends: str, margin: str, *, plainly: bool) -> str:
    if not parts or (plainly and sum(map(len, parts)) <= _LINE):
        return f"{ends[0]}{', '.join(parts)}{ends[1]}"
    inner = margin + "  "
    return f"{ends[0]}{inner}{f',{inner}'.join(parts)}{margin}{ends[1]}"


_SCALARS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring, int: repr, NoneType: lambda _: "null",
    float: lambda value: repr(value) if math.isfinite(value) else "null",
    bool: lambda value: "true" if value else "false",
}  # fmt: skip
_SHAPES = {*_SCALARS, dict, list}


def plain(value: Any) -> Any:
    """Any result as JSON types: NaN and infinity become null, arrays lists, values their `to_dict`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    return _converted(value)


def _converted(value: Any) -> Any:
    """What carries its own way to plain data: results, numpy scalars and arrays, dataclasses."""
    for method in ("to_dict", "tolist"):
        if hasattr(value, method):
            return plain(getattr(value, method)())
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)
