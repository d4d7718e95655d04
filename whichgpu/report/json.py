"""JSON: one document with a `schema_version`, SI numbers, no NaN, the same bytes for the same answer."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

#: Raised when a key is renamed, removed or changes its meaning; new keys do not count.
SCHEMA_VERSION = 1


def dumps(document: Mapping[str, Any]) -> str:
    """The document as indented JSON with a newline at the end; `schema_version` comes first."""
    whole = {"schema_version": SCHEMA_VERSION, **document}
    return json.dumps(plain(whole), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


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
