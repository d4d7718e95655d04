"""The files of `whichgpu guard`: a TOML list of models to watch, and the JSON of what they cost."""

from __future__ import annotations

import json
import math
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from whichgpu import api
from whichgpu.errors import UsageError, one_line, refuse_endless
from whichgpu.hardware.slices import resolve_device
from whichgpu.planner.guard import Cost, Watched
from whichgpu.report.json import dumps
from whichgpu.units import parse
from whichgpu.workloads.importing import named
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.guard import Verdict

#: How much dearer a model may become where the file does not say.
_MOST = "10 %"
_OWN = ("name", "workload", "gpu", "usd_per_gpu_hour", "most")
_COLUMNS = (
    *(name for name in Job.__match_args__ if name not in ("workload", "height", "width")),
    "resolution",
)


def watched(path: Path, catalogue: Catalogue) -> tuple[Watched, ...]:
    """The models of a file, whose workloads are names, or paths seen from it.

    Raises `UsageError` for what cannot be read, unknown keys (with the nearest) and models of one name.
    """
    raw = _toml(path)
    _known(raw, ("most", "model"), str(path))
    tables = raw.get("model")
    if not isinstance(tables, list) or not tables:
        raise UsageError(f"{path}: it names no models; write [[model]] with name, workload and gpu")
    found = tuple(_watched(one, f"{path}: model {index}", path, raw.get("most", _MOST), catalogue)
                  for index, one in enumerate(tables, 1))  # fmt: skip
    names = [one.name for one in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: two models are called '{twice}'; give each a name of its own")
    return found


def _toml(path: Path) -> dict[str, Any]:
    refuse_endless(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read: {fault.strerror}; docs/guard.md has an example") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise UsageError(f"{path}: {one_line(fault)}") from None


def _known(table: Any, keys: Sequence[str], where: str) -> None:
    if not isinstance(table, dict):
        raise UsageError(f"{where}: '{one_line(table)[:40]}' is no table; write [[model]]")
    for key in table:
        if key not in keys:
            near = get_close_matches(key, keys, n=1) or ["workload"]
            raise UsageError(f"{where}: no key '{one_line(key)}'; did you mean '{near[0]}'?")


def _watched(table: Any, where: str, path: Path, most: Any, catalogue: Catalogue) -> Watched:
    _known(table, (*_OWN, *_COLUMNS), where)
    for key in ("name", "workload", "gpu"):
        if not isinstance(table.get(key), str):
            raise UsageError(f"{where}: '{key}' is missing or no text; e.g. {_EXAMPLE[key]}")
    usd = table.get("usd_per_gpu_hour")
    if usd is not None and (isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 < usd < 1e6):
        raise UsageError(f"{where}: usd_per_gpu_hour '{one_line(usd)}' is no price; write e.g. 0.80")
    try:
        gpu, count = resolve_device(table["gpu"], catalogue)
        columns = {key: table[key] for key in _COLUMNS if key in table}
        job = api.job(named(_beside(table["workload"], path)), **columns)
        resolve(job.workload)
        return Watched(
            table["name"],
            job,
            gpu,
            count,
            _share(table.get("most", most)),
            None if usd is None else float(usd),
        )
    except UsageError as fault:
        raise UsageError(f"{where}: {fault}") from None


_EXAMPLE = {"name": 'name = "chat"', "workload": 'workload = "model/config.json"', "gpu": 'gpu = "l4"'}


def _beside(workload: str, path: Path) -> str:
    """A path as seen from the file that names it; any other name as it is."""
    near = path.parent / workload
    return str(near) if near.exists() else workload


def _share(text: Any) -> float:
    if not isinstance(text, str) or "%" not in text:
        raise UsageError(f"most '{one_line(text)}' is no share; write e.g. most = \"10 %\"")
    value = parse(text, "share")
    if value < 0.0:
        raise UsageError(f"most '{text}' is below zero")
    return value


def baseline(path: Path) -> dict[str, Cost]:
    """The costs that were kept, by name; raises `UsageError` for a broken file."""
    refuse_endless(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {name: _kept(row) for name, row in document["models"].items()}
    except OSError as fault:
        raise UsageError(f"{path}: cannot be read: {fault.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        raise UsageError(
            f"{path}: this is no baseline ({one_line(fault)}); write it again with --update"
        ) from None


def _kept(row: Mapping[str, Any]) -> Cost:
    made = Cost(**row)
    numbers = (made.usd_per_unit, made.usd_per_gpu_hour, made.throughput)
    if not all(isinstance(one, int | float) and math.isfinite(one) and one > 0 for one in numbers):
        raise ValueError(f"{made.gpu}: a cost that is not above zero")
    return made


def write(path: Path, found: Sequence[Verdict]) -> None:
    """Keep what the models cost now; raises `UsageError` where the file cannot be written."""
    kept = {one.watched.name: one.cost.to_dict() for one in found if one.cost is not None}
    try:
        path.write_text(dumps({"models": kept}), encoding="utf-8")
    except OSError as fault:
        raise UsageError(f"{path}: cannot be written: {fault.strerror}") from None
