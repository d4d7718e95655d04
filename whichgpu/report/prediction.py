"""An `Estimate` as a report: the figure with its interval, memory by part, where the time goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.report.table import Block, Bullets, Report, Table
from whichgpu.units import number, show

if TYPE_CHECKING:
    from whichgpu.cost.carbon import Footprint
    from whichgpu.cost.estimate import Estimate
    from whichgpu.cost.time import Term

_TERMS = 8
#: How far the measurements of power go for a job.
_POWER_BASES = {
    "interpolated": "Power: this GPU and this workload were measured",
    "extrapolated": "Power: this GPU or this workload was not measured, so its interval is wider",
    "roofline": "Power: typical values, not fitted",
}


def report(answer: Estimate, footprint: Footprint, *, complaint: str = "") -> Report:
    """The report of `predict`; `complaint` is why the job does not fit, and exits 3."""
    data = {**document(answer), "footprint": footprint.to_dict()}
    if complaint:
        return Report(data, (_memory(answer),), exit_code=3, complaint=complaint)
    blocks: tuple[Block, ...] = (
        f"{answer}.",
        _figures(answer),
        _energy(answer, footprint),
        _memory(answer),
        _terms(answer.terms),
        Bullets(answer.warnings),
    )
    return Report(data, blocks)


def document(answer: Estimate) -> dict[str, Any]:
    """The contract's shape of `predict`, and the rest of the estimate beside it."""
    plain = answer.to_dict()
    return {"value": plain.pop("throughput"), "evidence": [], **plain}


def _figures(answer: Estimate) -> Table:
    delay = answer.latency
    rows: list[tuple[str, str]] = [
        ("Latency of a job", f"{show(delay.mid, 'time', 3)} ({show(delay.low, 'time', 3)} to "
                             f"{show(delay.high, 'time', 3)})"),
    ]  # fmt: skip
    job = answer.job
    names = ("batch", "height", "width", "seq_len", "input_tokens", "output_tokens", "steps", "tp")
    stated = [f"{name} {getattr(job, name):g}" for name in names if getattr(job, name) is not None]
    rows.append(("Job", ", ".join(stated)))
    if job.phase == "serve":
        rows.append(("Requests in flight", number(answer.sequences, 4)))
    return Table.of("", ("What", "Value"), rows)


def _energy(answer: Estimate, footprint: Footprint) -> Table:
    def between(low: str, high: str) -> str:
        return f"{low} to {high}"

    rows = [
        (what, show(one.mid, kind, 3), between(show(one.low, kind, 3), show(one.high, kind, 3)))
        for what, one, kind in (
            ("Power of one GPU", answer.power_interval, "power"),
            (f"Energy per {_one(answer.throughput.unit)}", answer.energy_interval, "energy"),
        )
    ]
    for amount in footprint.amounts:
        pairs = (("Energy", amount.energy, ("kWh", "Wh")), ("CO2e", amount.carbon, ("g", "mg")))
        for what, one, units in pairs:
            # Watt-hours and milligrams where the larger unit would be all zeros.
            scale, unit = (1.0, units[0]) if one.mid >= 0.1 else (1e3, units[1])
            cells = [f"{number(value * scale, 3)} {unit}" for value in (one.mid, one.low, one.high)]
            rows.append((f"{what} of {amount.of}", cells[0], between(*cells[1:])))
    notes = (f"{footprint.scope}; grid: {footprint.grid}. {_POWER_BASES[answer.power_basis]}.",)
    return Table.of("Energy", ("What", ">Value", ">90 % interval"), rows, notes)


def _memory(answer: Estimate) -> Table:
    rows = [(part.replace("_", " "), show(size, "memory", 3)) for part, size in answer.memory.items()]
    rows.append(("required", show(answer.required, "memory", 3)))
    rows.append(("on the card", show(answer.available, "memory", 4)))
    return Table.of("Memory of each GPU", ("Part", ">Size"), rows, strong=(len(rows) - 2,))


def _terms(terms: tuple[Term, ...]) -> Table:
    whole = sum(term.seconds for term in terms) or 1.0
    rows = [
        (term.layer, term.kind, f"{term.count:,.0f}", show(term.seconds, "time", 3),
         f"{term.seconds / whole:.0%}", term.bound)
        for term in terms[:_TERMS]
    ]  # fmt: skip
    rest = terms[_TERMS:]
    if rest:
        left = sum(term.seconds for term in rest)
        rows.append((f"{len(rest)} more", "", "", show(left, "time", 3), f"{left / whole:.0%}", ""))
    columns = ("Layer", "Op", ">Times", ">GPU time", ">Share", "Bound by")
    return Table.of("Where the time goes", columns, rows)


def _one(rate: str) -> str:
    """The unit of a rate, one of it: `images/s` gives `image`."""
    return rate.removesuffix("/s").removesuffix("s")
