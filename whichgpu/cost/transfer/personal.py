"""The predictor on one's own stack: how far off it was on rows that the user measured, kept in a file.

`whichgpu calibrate --with my.csv` writes it; `predict --calibration FILE` reads it, and so does every
command where it lies as `fits/own.toml` in the folder that `WHICHGPU_DATA` names. It holds a *run* for each
job measured: what it has in common with others, and log(measured / predicted), the mean of its rows. What a
job yet to be asked for takes from them is `anchoring.posterior`: the whole shift of a job that was measured,
less for another workload, runtime or GPU, and the more the more runs there are.

Runs speak of one fit of the package only; the file says of which.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.transfer.anchoring import Place, Point
    from whichgpu.hardware.catalogue import Catalogue

#: Where the file lies in a folder of the user's, less its ending.
_NAME = "own"
_TEXTS = ("workload", "group", "version", "runtime", "precision", "gpu", "lineage")
#: Runs that are kept apart; more take long to solve for, and say no more.
_MOST = 400
_chosen: ContextVar[tuple[Point, ...] | None] = ContextVar("calibration", default=None)


class Personal(NamedTuple):
    """Runs of the user's, and by row why others are not used; `rows` are all that were given."""

    points: tuple[Point, ...]
    skipped: Mapping[str, str]
    rows: int


def use(path: Path) -> None:
    """Predict with the runs of a file from here on; raises `UsageError` where it is none."""
    _chosen.set(read(path))


def active() -> tuple[Point, ...]:
    """The runs that predictions are given: of the file chosen, else of the folder of `WHICHGPU_DATA`."""
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    return _standing(os.environ["WHICHGPU_DATA"]) if os.environ.get("WHICHGPU_DATA") else ()


@lru_cache(maxsize=4)
def _standing(folder: str) -> tuple[Point, ...]:
    raw = store.load("fits").get(_NAME)
    return () if raw is None else _points(raw, f"{folder}/fits/{_NAME}.toml")


def applied(found: Estimates) -> Estimates:
    """Estimates given the runs that are active."""
    points = active()
    if not points:
        return found
    from whichgpu.cost.transfer.anchoring import shifted

    said = f"given {len(points)} measured jobs of your own (whichgpu calibrate --with)"
    notes = found.notes or ((),) * len(found.devices.gpus)
    return replace(shifted(found, points), notes=tuple((*one, said) for one in notes))


def fitted(rows: Iterable[Mapping[str, str]], catalogue: Catalogue) -> Personal:
    """The runs of measured rows: each job once, with the mean of its log errors."""
    from whichgpu.cost.transfer.anchoring import Point

    errors: dict[Any, list[float]] = defaultdict(list)
    places: dict[Any, Place] = {}
    skipped: dict[str, str] = {}
    count = 0
    for number, row in enumerate(rows, 1):
        count += 1
        try:
            where, error = _error(row, catalogue)
        except WhichGpuError as fault:
            skipped[row.get("id") or f"row {number}"] = str(fault)
            continue
        key = _key(where)
        places.setdefault(key, where)
        errors[key].append(error)
    points = [Point(places[key], sum(one) / len(one), float(len(one))) for key, one in errors.items()]
    step = -(-len(points) // _MOST) or 1
    return Personal(tuple(points[::step]), skipped, count)


def _key(where: Place) -> Any:
    texts = tuple(getattr(where, name) for name in _TEXTS)
    return texts, tuple(sorted(where.numbers.items())), tuple(sorted(where.options.items()))


def _error(row: Mapping[str, str], catalogue: Catalogue) -> tuple[Place, float]:
    """The place of a row's job, and log(measured rate / predicted rate)."""
    from whichgpu.cost.estimate import plain_estimate
    from whichgpu.cost.job.placing import held
    from whichgpu.cost.reading.metrics import TIMED, metric
    from whichgpu.cost.table.rows import read_job
    from whichgpu.cost.transfer.anchoring import place
    from whichgpu.hardware.names import resolve

    name = row.get("metric") or "throughput"
    if name not in TIMED:
        raise UsageError(f"metric {name} is not calibrated by; rates, TPOT and latencies are")
    gpu = resolve(row["gpu"], catalogue)
    found = plain_estimate(held(read_job(row), gpu), [gpu])
    predicted = metric(name)(found.at(0, 0), row.get("unit", ""))[1]
    if not (math.isfinite(predicted) and predicted > 0.0):
        raise UsageError("the model has no speed for it: does it fit?")
    return place(found, 0), -TIMED[name] * math.log(float(row["value"]) / predicted)


def held_out(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    """Log errors of each run given all others, and the log standard deviations of those predictions.

    Rasmussen and Williams, 2006, eq. 5.12, and `anchoring.posterior` for fewer than two.
    """
    import numpy as np

    from whichgpu.cost.transfer.anchoring import total

    if len(points) < 2:
        return [], []
    inverse = np.linalg.inv(total(points))
    errors = np.array([one.error for one in points])
    left = (inverse @ errors) / np.diag(inverse)
    return left.tolist(), np.sqrt(1.0 / np.diag(inverse)).tolist()


def text(found: Personal, source: str) -> str:
    """The file of a user's runs."""
    lines = [
        f"# Made by `whichgpu calibrate --with {source}` from {found.rows} rows; make it anew after updates.",
        "# error: log(measured rate / predicted rate), the mean of `rows` rows; see docs/diagnose.md.",
        "",
        f'fit = "{fingerprint()}"',
    ]
    for one in found.points:
        where = one.place
        pairs: list[tuple[str, Any]] = [(name, getattr(where, name)) for name in _TEXTS]
        pairs += [("numbers", {k: float(v) for k, v in where.numbers.items()}), ("options", where.options)]
        pairs += [("shared", _float(where.shared)), ("own", _float(where.own)),
                  ("error", one.error), ("rows", one.rows)]  # fmt: skip
        lines += ["", "[[run]]", *(f"{name} = {_toml(value)}" for name, value in pairs)]
    return "\n".join(lines) + "\n"


def _float(value: Any) -> float:
    import numpy as np

    return float(np.asarray(value).reshape(-1)[0])


def _toml(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if not value.is_integer() else f"{value:.1f}"
    if hasattr(value, "items"):
        return "{ " + ", ".join(f"{_toml(str(key))} = {_toml(one)}" for key, one in value.items()) + " }"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def read(path: Path) -> tuple[Point, ...]:
    """The runs of a file; raises `UsageError` naming it where it is none of these, or of another fit."""
    return _points(store.read_toml(path), str(path))


def _points(raw: Mapping[str, Any], where: str) -> tuple[Point, ...]:
    made = raw.get("fit")
    if made is None or not isinstance(raw.get("run"), list):
        raise UsageError(f"{where}: no runs of your own; make it with whichgpu calibrate --with my.csv")
    if made != fingerprint():
        raise UsageError(
            f"{where}: made against another fit of the model ({made}, now {fingerprint()}); make it anew: "
            "whichgpu calibrate --with my.csv"
        )
    return tuple(_point(row, f"{where}: run {number}") for number, row in enumerate(raw["run"], 1))


def _point(row: Mapping[str, Any], where: str) -> Point:
    from whichgpu.cost.transfer.anchoring import Place, Point

    try:
        texts = {name: str(row[name]) for name in _TEXTS}
        numbers = {str(name): float(value) for name, value in row["numbers"].items()}
        own = Place(**texts, numbers=numbers, options=dict(row["options"]),
                    shared=float(row["shared"]), own=float(row["own"]))  # fmt: skip
        point = Point(own, float(row["error"]), float(row["rows"]))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise UsageError(f"{where} cannot be read ({fault}); make the file anew") from None
    if not (math.isfinite(point.error) and own.shared > 0.0 and own.own >= 0.0 and point.rows >= 1.0):
        raise UsageError(f"{where} has an impossible number; make the file anew")
    return point


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """A short name of the package's fit: runs against one fit say nothing of another."""
    import hashlib

    from whichgpu.cost.calibration.effects import fit

    effects = sorted(fit().effects.items())
    return hashlib.sha256(repr(effects).encode()).hexdigest()[:12]


def rows_of(path: Path) -> tuple[Iterator[dict[str, str]], tuple[str, ...]]:
    """The rows of a table of measurements, or of what a load generator wrote, and why others are not used.

    Raises `UsageError` as `table.read_measured` does.
    """
    from whichgpu.cost.serving import load_results
    from whichgpu.cost.table.files import read_measured

    reader = load_results.read_results if path.suffix in load_results.SUFFIXES else None
    table, cells = read_measured(path) if reader is None else reader(path, {})
    return (dict(zip(table.columns, row, strict=True)) for row in cells), table.faults
