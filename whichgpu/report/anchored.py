"""Predictions that a user's own runs have narrowed, as reports."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.report.table import Bullets, Report, Table
from whichgpu.units import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.transfer.anchors import Placed
    from whichgpu.cost.transfer.outside import Transfer

#: A run so many times faster or slower than predicted is one to look into before it is scaled.
_STRANGE = 1.5
#: Above such a chance that the fit has learnt from a run it is said to.
_KNOWN = 0.6
#: Share of the width without runs above which they have narrowed nothing to speak of.
_LITTLE = 0.9


def narrowed(told: Report, plain: Estimate, answer: Estimate, placed: Sequence[Placed]) -> Report:
    """The report of `predict` for a job with anchors: their value first, the model's own after it.

    `basis` is `measured` where an anchor is of the very job.
    """
    exact = any(one.predicted.gpu == plain.gpu and one.predicted.job == plain.job for one in placed)
    basis = "measured" if exact else "extrapolated" if plain.basis == "roofline" else plain.basis
    plainly = answer.to_dict()
    data: dict[str, Any] = {
        **told.data, "value": plainly["throughput"], "basis": basis,
        "anchors": [one.to_dict() for one in placed], "latency": plainly["latency"],
        "energy": plainly["energy"], "energy_interval": plainly["energy_interval"],
        **{name: plainly[name] for name in ("ttft", "tpot") if name in plainly},
    }  # fmt: skip
    strange = [
        (one.anchor.text, ratio)
        for one in placed
        if abs(math.log(ratio := one.to_dict()["ratio"])) > math.log(_STRANGE)
    ]
    alone, rate = plain.throughput, answer.throughput
    narrower = math.log(rate.high / rate.low) < _LITTLE * math.log(alone.high / alone.low)
    little = "" if narrower else ", so it narrows little or nothing"
    remarks = tuple(
        f"'{text}' is far from what is predicted there{little}; ask first why: "
        f"whichgpu diagnose {plain.job.workload} --gpu .. --measured ..; were it all of the software, which "
        f"--runtime and --precision state, {plain.gpu} would have {number(ratio * alone.mid)} {alone.unit}"
        for text, ratio in strange
    )
    remarks += tuple(
        f"'{one.anchor.text}' is as a row on file of the same job says, which the model has learnt from: it "
        f"says next to nothing new of {plain.gpu}"
        for one in placed
        if one.point.known > _KNOWN and one.predicted.gpu != plain.gpu
    )
    first = (
        f"With your runs: {number(rate.mid)} {rate.unit} ({number(rate.low)} to {number(rate.high)}), 90 % "
        f"interval; below them the model alone."
    )
    own = (first, _table(placed), Bullets(remarks))
    return told._replace(data=data, blocks=(*own, *told.blocks), first=told.first and told.first + len(own))


def _table(placed: Sequence[Placed]) -> Table:
    rows = []
    for one in placed:
        known = one.to_dict()
        predicted = known["predicted"]
        rows.append(
            (one.anchor.text, f"{number(known['value'])} {known['unit']}", number(predicted["mid"]),
             f"{number(predicted['low'])} to {number(predicted['high'])}", f"{known['ratio']:.2f}")
        )  # fmt: skip
    columns = ("Run of yours", ">Measured", ">Model", ">90 % interval", ">Speed / model's")
    return Table.of("What the model says of your runs", columns, rows)


def transferred(found: Transfer) -> Report:
    """The report of a model outside of the zoo."""
    rows = [
        (one.workload, number(math.exp(one.middle)), f"{math.expm1(1.645 * one.spread):.0%}")
        for one in found.members
    ]
    columns = ("Stands for it", f">{found.value.unit}", ">Its own 90 % reach")
    notes = (
        "The interval holds what each stand-in leaves open and how far they lie apart.",
        "The model itself as a file (docs/importers.md) knows its ops, and says more.",
    )
    table = Table.of("What stands for the model", columns, rows, notes)
    return Report(found.to_dict(), (f"{found}.", table, Bullets(found.skipped)))
