"""How far predicted power and energy are from what was measured, as a report and as Markdown for the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration import energy_fit
from whichgpu.facts import store
from whichgpu.report.markdown import render
from whichgpu.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whichgpu.cost.calibration.energy_fit import PowerFit
    from whichgpu.report.table import Block

#: What stands around the part of a page that `whichgpu calibrate` writes.
OPEN, CLOSE = (f"<!-- power: {word}, made by `whichgpu calibrate` -->" for word in ("from here", "to here"))
#: Workloads named as the worst, and the fewest rows that such a one has.
_WORST, _FEWEST = 8, 5


def blocks(done: PowerFit) -> tuple[Block, ...]:
    """The tables: by source and phase, by GPU, and the workloads that come out worst."""
    return _groups(done), _worst(done)


def figures(done: PowerFit) -> dict[str, Any]:
    """The errors as plain data, in %: mean absolute error by group and by what was left out."""
    return {
        name: {
            "rows": int(chosen.sum()), "limit": _mape(_limit(done)[chosen]),
            "power": {kind: _mape(errors[chosen]) for kind, errors in done.power.items()},
            "power_at_measured_time": {k: _mape(errors[chosen]) for k, errors in done.at_measured.items()},
            "energy": {kind: _mape(errors[chosen]) for kind, errors in done.energy.items()},
        }
        for name, chosen in _chosen(done)
    }  # fmt: skip


def with_tables(page: str, done: PowerFit) -> str:
    """A page with the part between the two comments made anew; the page as it is where they are missing."""
    head, begins, rest = page.partition(OPEN)
    _, ends, tail = rest.partition(CLOSE)
    if not (begins and ends):
        return page
    return f"{head}{OPEN}\n\n{render(blocks(done)).strip()}\n\n{CLOSE}{tail}"


def write_page(done: PowerFit) -> tuple[Path, ...]:
    """Write the tables into docs/accuracy.md of a checkout; gives the pages written."""
    page = store.DATA.parent.parent / "docs" / "accuracy.md"
    if not page.exists():
        return ()
    page.write_text(with_tables(page.read_text(encoding="utf-8"), done), encoding="utf-8")
    return (page,)


def _chosen(done: PowerFit) -> Iterator[tuple[str, np.ndarray[Any, np.dtype[np.bool_]]]]:
    rows = done.seen.rows
    yield "all", np.ones(len(rows), dtype=bool)
    kinds = np.array([f"{row['source']}, {row['phase']}" for row in rows])
    gpus = np.array([one.gpu for one in done.seen.labels])
    for labels in (kinds, gpus):
        for name in np.unique(labels):
            yield str(name), labels == name


def _limit(done: PowerFit) -> Any:
    return np.log(done.seen.chips.limit[:, 0] / done.seen.watts)


def _groups(done: PowerFit) -> Table:
    inside = energy_fit.coverage(done, "gpu")
    cells = [
        (
            name, f"{chosen.sum():,}", _figure(_limit(done)[chosen]),
            *(_figure(done.power[kind][chosen]) for kind in energy_fit.KINDS),
            _figure(done.at_measured["gpu"][chosen]),
            *(_figure(done.energy[kind][chosen]) for kind in ("gpu", "workload", "source")),
            f"{inside[chosen].mean():.0%}",
        )
        for name, chosen in _chosen(done)
    ]  # fmt: skip
    columns = (
        "Rows of", ">Rows", ">The limit itself", ">Power: nothing", ">its GPU", ">its workload",
        ">its source", ">its GPU, at the measured time", ">Energy: its GPU", ">its workload",
        ">its source", ">Power in 90 % interval, its GPU",
    )  # fmt: skip
    return Table.of("Power and energy by what was left out of the fit", columns, cells, _NOTES)


_NOTES = (
    "Mean absolute error in %; what the column names was left out of the fits of power and of time.",
    "Energy is J per token or image, where the rate of work was measured in the same run.",
)


def _worst(done: PowerFit) -> Table:
    labels = np.array([one.workload for one in done.seen.labels])
    errors = done.power["workload"]
    found = []
    for name in np.unique(labels):
        chosen = labels == name
        if chosen.sum() >= _FEWEST:
            bias = float(np.expm1(errors[chosen].mean()) * 100)
            found.append((_mape(errors[chosen]) or 0.0, bias, str(name), int(chosen.sum())))
    cells = [(name, f"{rows}", f"{mape:.1f}", f"{bias:+.0f}")
             for mape, bias, name, rows in sorted(found, reverse=True)[:_WORST]]  # fmt: skip
    return Table.of("Worst workloads when left out", ("Workload", ">Rows", ">Power, %", ">Bias, %"), cells)


def _mape(errors: Any) -> float | None:
    known = errors[np.isfinite(errors)]
    return float(np.mean(np.abs(np.expm1(known))) * 100) if len(known) else None


def _figure(errors: Any) -> str | None:
    value = _mape(errors)
    return None if value is None else f"{value:.1f}"
