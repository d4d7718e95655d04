"""Results of the Python API as tables of pandas, polars and Arrow, which nothing else imports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from whichgpu.errors import UsageError, one_line
from whichgpu.hardware.catalogue import Catalogue
from whichgpu.hardware.gpu import Gpu
from whichgpu.planner.comparison.model import Comparison
from whichgpu.report.json import plain
from whichgpu.software.compat import Compatibility

#: The lists that are the rows of an answer, the first that it has.
_ROWS = ("candidates", "answers", "top", "findings", "picks", "causes", "fleet")


def to_pandas(result: Any, part: str = "") -> Any:
    """A DataFrame of pandas; raises `UsageError` where it is not installed, or there is no such part."""
    return _library("pandas").DataFrame(_columns(rows(result, part)))


def to_polars(result: Any, part: str = "") -> Any:
    """A DataFrame of polars; raises as `to_pandas`."""
    return _library("polars").DataFrame(_columns(rows(result, part)), strict=False)


def to_arrow(result: Any, part: str = "") -> Any:
    """A Table of pyarrow; raises as `to_pandas`."""
    return _library("pyarrow").table(_columns(rows(result, part)))


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise UsageError(f"{name} is not installed; type: pip install {name}") from None


def rows(result: Any, part: str = "") -> list[dict[str, Any]]:
    """The rows of a result, or of a `part` of its `to_dict()`: text, numbers and truths by column."""
    if isinstance(result, Catalogue):
        listed: list[Any] = [_gpu(one) for one in result.values()]
    elif isinstance(result, Gpu):
        listed = [_gpu(result)]
    else:
        listed = _listed(result, part)
    return [flat(one if isinstance(one, Mapping) else {"value": one}) for one in listed]


def _listed(result: Any, part: str) -> list[Any]:
    document = plain(result.to_dict())
    if part:
        return _part(document, part)
    if isinstance(result, Comparison):
        ids = result.gpus
        return [{**row, "values": _by_gpu(row["values"], ids)} for row in document["rows"]]
    if isinstance(result, Compatibility):
        return [{"gpu": gpu["gpu"], **one} for gpu in document["gpus"] for one in gpu["verdicts"]]
    key = next((key for key in _ROWS if isinstance(document.get(key), list)), None)
    return [document] if key is None else document[key]


def _part(document: Mapping[str, Any], part: str) -> list[Any]:
    if isinstance(document.get(part), list):
        found: list[Any] = document[part]
        return found
    if isinstance(document.get(part), Mapping):
        return [document[part]]
    lists = [key for key, value in document.items() if isinstance(value, list | Mapping)]
    near = get_close_matches(part, lists, n=1) or lists
    raise UsageError(f"no rows '{one_line(part)}' in this answer; did you mean {', '.join(near)}?")


def _by_gpu(values: Any, ids: tuple[str, ...]) -> Any:
    """Values of GPUs under their ids."""
    return values if isinstance(values, Mapping) else dict(zip(ids, values, strict=True))


def _gpu(gpu: Gpu) -> dict[str, Any]:
    """What a GPU is, and every field in SI units."""
    known = gpu.to_dict()
    own = {key: value for key, value in known.items() if isinstance(value, str | bool)}
    return {**own, **{key: field["value"] for key, field in known["fields"].items()}}


def flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A row without values within values: `{"offer": {"region": ..}}` is `offer_region`, lists are text."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}_")
        elif isinstance(value, list):
            said = all(isinstance(one, str | int | float) for one in value)
            found[f"{before}{key}"] = ", ".join(map(str, value)) if said else json.dumps(value)
        else:
            found[f"{before}{key}"] = value
    return found


def _columns(listed: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Columns in the order in which they first come; numbers are floats where any is, mixed values text."""
    names = dict.fromkeys(key for row in listed for key in row)
    return {name: _alike([row.get(name) for row in listed]) for name in names}


def _alike(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return values if len(kinds) < 2 else [None if value is None else str(value) for value in values]
