"""The scoreboard: how far off the model is on rows that the fit had not seen, by what was left out.

`whichgpu calibrate` writes it to `data/scoreboard/`, so that tables and plots are made again without a fit:
`rows.csv` has for each measured row its log error by fold, `effects.csv` how many rows speak to each
effect; `data/fits/spreads.toml` has the widths. The folds:

    seen         nothing was left out
    gpu          every row of its GPU
    generation   every row of its generation
    newer        every row of Ada, Hopper and Blackwell, for rows of those
    workload     every row of its workload, and of those of equal layers
    version      every row of its version of a runtime, where others of it were measured
    source       every row of its source
    engine       of served language models, every such row of its engine
    line         of the same, every such row of its line of models (`lines.py`), and of layers equal to theirs
"""

from __future__ import annotations

import csv
import io
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.fitting import without
from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.cost.calibration.refit import measured_elsewhere, spreads_toml
from whichgpu.cost.calibration.spread import erring_as, library, of_software
from whichgpu.cost.coefficients import section
from whichgpu.cost.job import asked
from whichgpu.cost.table.rows import read_head
from whichgpu.errors import DataError
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from whichgpu.cost.calibration.refit import Refit
    from whichgpu.cost.job.runtime import Runtime

    Array = NDArray[np.float64]

FOLDS = ("seen", "gpu", "generation", "newer", "workload", "version", "source", "engine", "line")
#: What the fold `newer` is tested on; it is fitted on all that is older.
NEWER = ("ada", "hopper", "blackwell")
_KEYS = ("gpu", "generation", "workload", "architecture", "family", "group")
#: Whose width a fold has: a newer generation is an unseen one, the source of what is seen a new one, an
#: engine an unseen release of one, a line of models an unseen model.
_WIDTHS = {"newer": "generation", "source": "seen", "engine": "version", "line": "workload"}


class Board(NamedTuple):
    """Rows with what they are of, and by fold their log errors and log half-widths, (rows,).

    `keys` has by name (gpu, generation, workload, architecture, family, group,
    source) a text for each row. NaN is a row that a fold does not speak of.
    """

    ids: Sequence[str]
    keys: Mapping[str, Sequence[str]]
    measured: Array
    units: Sequence[str]
    errors: Mapping[str, Array]
    halves: Mapping[str, Array]
    rows: Sequence[Mapping[str, str]]


class Aim(NamedTuple):
    """What the model aims at on some rows: mean absolute error in % by fold, and the rows, (rows,)."""

    title: str
    reach: Mapping[str, float]
    elsewhere: str
    here: NDArray[np.bool_]


def aims(board: Board) -> list[Aim]:
    """What `data/aims.toml` asks of the rows of a board."""
    return [
        Aim(one["title"], one["reach"], one["elsewhere"], np.array([_meant(one, row) for row in board.rows]))
        for one in store.load("aims")["aims"]["aims"]
    ]


def _meant(aim: Mapping[str, Any], row: Mapping[str, str]) -> bool:
    several = float(row["n_gpus"] or 1) > 1
    if "gpus" in aim and several != (aim["gpus"] == "several"):
        return False
    texts = ((row[column], [one] if isinstance(one, str) else one) for column, one in aim["where"].items())
    return all(cell.startswith(tuple(starts)) for cell, starts in texts)


def of_refit(done: Refit) -> Board:
    """The scoreboard of a calibration."""
    rows = done.rows
    keys: dict[str, list[str]] = {name: [] for name in _KEYS}
    for group in done.groups:
        laid = group.layout
        gpu, family = laid.devices.gpus[0], laid.workload.family
        of = laid.workload
        named = (gpu.id, gpu.family, of.id, of.architecture, family, erring_as(laid))
        for name, text in zip(_KEYS, named, strict=True):
            keys[name] += [text] * len(group.rows)
    errors = {**done.errors, "newer": _newer(done, keys["generation"])}
    # What is committed is of another fit until this one is written.
    widths = tomllib.loads(spreads_toml(done))["group"]
    return Board(
        ids=[row["id"] for row in rows],
        keys={**keys, "source": [row["source"] for row in rows]},
        measured=np.array([float(row["value"]) for row in rows]),
        units=[row["unit"] for row in rows],
        errors=errors,
        halves=_halves({**keys, "source": [row["source"] for row in rows]}, widths, done.machine, rows),
        rows=rows,
    )


def _newer(done: Refit, generations: Sequence[str]) -> Array:
    """Log errors of the newer generations under a fit of the older ones; NaN for the older."""
    new = np.isin(generations, NEWER)
    if new.all() or not new.any():
        return np.full(len(new), np.nan)
    return np.where(new, without(done.solution, new), np.nan)


def _halves(
    keys: Mapping[str, Sequence[str]], widths: Mapping[str, Mapping[str, float]], machine: Array,
    rows: Sequence[Mapping[str, str]],
) -> dict[str, Array]:  # fmt: skip
    """By fold, what `spread.py` and a machine give a job of each group, unseen as the fold has it."""
    stacks = [_stack(*(row[name] for name in _STACK)) for row in rows]
    kernels = [one.kernels for one in stacks]
    # What a framework does in one group of jobs says little of the kernels that another needs.
    pairs = zip(stacks, keys["group"], strict=True)
    libraries = [one.kernels if one.domain else f"{library(one)} {group}" for one, group in pairs]
    known_of = [
        of_software(widths.get(group, widths["all"]), library(one))
        for one, group in zip(stacks, keys["group"], strict=True)
    ]
    new = np.isin(keys["generation"], NEWER)
    # Without its engine no runtime is known whose kernels it has.
    ages = ["newer" if one else "older" for one in new]
    left_out = {**keys, "workload": keys["architecture"], "newer": ages, "engine": kernels}
    prior = section("spread")
    found = {}
    for fold in FOLDS:
        own = np.array([one[_WIDTHS.get(fold, fold)] for one in known_of])
        if fold in left_out:
            # Where only what is left out ran a runtime, in its group, that runtime was never measured there.
            known = measured_elsewhere(kernels, left_out[fold]) & measured_elsewhere(
                libraries, left_out[fold]
            )
            own = np.where(known, own, np.hypot(prior["shared"], prior["own"]))
        found[fold] = np.asarray(Z90 * np.hypot(own, machine))
    return found


#: The columns that say which runtime runs a row.
_STACK = ("workload", "phase", "precision", "runtime", "options")


@cache
def _stack(*texts: str) -> Runtime:
    return asked.read(read_head(texts).job).runtime


def tables(done: Refit) -> dict[str, str]:
    """The files of `data/scoreboard/` by name, deterministic."""
    board = of_refit(done)
    numbers = [done.machine, *(board.errors[fold] for fold in FOLDS)]
    names = ["id", *_KEYS, "machine", *(f"error_{fold}" for fold in FOLDS)]
    texts = [board.ids, *(board.keys[name] for name in _KEYS)]
    rows = [
        (*words, *("" if np.isnan(value) else f"{value:.4f}" for value in values))
        for words, values in zip(zip(*texts, strict=True), zip(*numbers, strict=True), strict=True)
    ]
    counts = done.solution.weighted.speaking()
    effects = sorted(
        (name, str(count))
        for name, count in zip(done.solution.problem.names, counts.tolist(), strict=True)
        if name in done.fit.effects
    )
    return {"rows.csv": _csv(names, rows), "effects.csv": _csv(["name", "rows"], effects)}


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def write(done: Refit) -> tuple[Path, ...]:
    """Write `data/scoreboard/` of a checkout. Raises `DataError` in an installed package."""
    folder = store.DATA / "scoreboard"
    if not folder.is_dir():
        raise DataError(f"{folder} is not there: an installed package keeps no sources; add --dry-run")
    paths = []
    for name, text in tables(done).items():
        (folder / name).write_text(text, encoding="utf-8")
        paths.append(folder / name)
    return tuple(paths)


def committed() -> Board:
    """The scoreboard that the last calibration wrote.

    Raises `DataError` where a row of it is no longer among the measured: calibrate anew.
    """
    table = store.load("scoreboard")["rows"]
    columns = dict(zip(table["columns"], zip(*table["rows"], strict=True), strict=True))
    measured = {row["id"]: row for row in measured_rows()}
    gone = [one for one in columns["id"] if one not in measured]
    if gone:
        raise DataError(f"data/scoreboard: row '{gone[0]}' is not in data/measured; run: whichgpu calibrate")
    rows = [measured[one] for one in columns["id"]]
    widths = store.load("fits")["spreads"]["group"]
    keys = {**{name: columns[name] for name in _KEYS}, "source": [row["source"] for row in rows]}
    return Board(
        ids=columns["id"],
        keys=keys,
        measured=np.array([float(row["value"]) for row in rows]),
        units=[row["unit"] for row in rows],
        errors={fold: _numbers(columns[f"error_{fold}"]) for fold in FOLDS},
        halves=_halves(keys, widths, _numbers(columns["machine"]), rows),
        rows=rows,
    )


def _numbers(cells: Sequence[str]) -> Array:
    return np.array([float(cell) if cell else np.nan for cell in cells])
