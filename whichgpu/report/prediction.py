"""An `Estimate` as a report: the figure with its interval, memory by part, where the time goes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from whichgpu.cost.answers import Z90
from whichgpu.cost.timing import bounds as limits
from whichgpu.planner.words import cents, handy, money
from whichgpu.report.stages import sizes
from whichgpu.report.table import Bullets, Column, Report, Table
from whichgpu.units import HOUR, number, show
from whichgpu.values import Deferred

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.calibration.evidence import Evidence, Known
    from whichgpu.cost.carbon import Footprint
    from whichgpu.cost.explain import Effect, Explanation
    from whichgpu.cost.serving.curve import Tails
    from whichgpu.cost.timing.time import Term
    from whichgpu.facts.model import Interval
    from whichgpu.prices.best import Price
    from whichgpu.report.table import Block
    from whichgpu.report.whole import Whole

#: Ops that are listed, in short and all of them; coefficients of less of the time than this are not.
_TERMS, _EVERY, _LEAST = 8, 10**6, 0.01
#: Of the share that launches have no more is told: what is left shows what the GPU does meanwhile.
_MOST = 0.99
#: How far the measurements of power go for a job.
_POWER_BASES = {
    "interpolated": "Power: this GPU and this workload were measured",
    "extrapolated": "Power: this GPU or this workload was not measured, so its interval is wider",
    "roofline": "Power: typical values, not fitted",
}


def report(
    answer: Estimate, footprint: Footprint, known: Known | None = None,
    explanation: Explanation | None = None, *, tails: Tails | None = None, paid: Price | None = None,
    complaint: str = "", whole: Whole | None = None,
) -> Report:  # fmt: skip
    """The report of `predict`: what was measured of the job first, then what the model says of it.

    `tails` are the percentiles of requests at random, `paid` what the GPU is rented for, `whole` what work of
    a stated size takes; `complaint` is why the job does not fit, and exits 3.
    """
    if complaint:
        data = Deferred(lambda: _document(answer, footprint))
        return Report(data, (_memory(answer),), exit_code=3, complaint=complaint)
    blocks: list[Block] = []
    if known is not None and known.value is not None:
        blocks.append(_measured(answer, known, known.value))
    blocks += [
        f"{answer}.",
        *([str(whole)] if whole else []),
        _figures(answer, tails),
        *_run(answer),
        Bullets(tuple(_gist(answer, known, paid))),
    ]
    blocks += [Bullets(answer.warnings)] if answer.warnings else []
    if explanation is None and answer.job.phase == "serve":
        from whichgpu.cost.serving.measuring import measures

        blocks.append(to_measure(*measures(answer)))
    first = len(blocks) if explanation is None else 0
    blocks += [
        _energy(answer, footprint),
        _memory(answer),
        _terms(answer.terms, _EVERY if explanation else _TERMS),
    ]
    if known is not None and known.rows:
        blocks.append(evidence_table(known))
    if explanation is not None:
        blocks += _explained(answer, explanation)
    data = Deferred(
        lambda: {
            **_document(answer, footprint, known, explanation, tails),
            **({"in_all": whole.to_dict()} if whole else {}),
        }
    )
    return Report(data, tuple(blocks), first=first)


def _document(
    answer: Estimate, footprint: Footprint, known: Known | None = None,
    explanation: Explanation | None = None, tails: Tails | None = None,
) -> dict[str, Any]:  # fmt: skip
    data = {**document(answer, known, explanation), "footprint": footprint.to_dict()}
    for name in ("ttft", "tpot", "latency") if tails else ():
        data[name] = {**data[name], **getattr(tails, name)}
    return data


def _gist(answer: Estimate, known: Known | None, paid: Price | None) -> Iterator[str]:
    """What the tables say, a line each: price, memory, power, what bounds it, the nearest measurement."""
    if paid is not None:
        yield _price(answer.throughput, paid.usd_per_gpu_hour * answer.job.n_gpus, paid.source)
    read = answer.readings.interval("device")
    yield (
        f"Memory: {show(answer.required, 'memory', 3)} of {show(answer.available, 'memory', 4)} on each GPU; "
        f"a monitor shows {show(read.low, 'memory', 3)} to {show(read.high, 'memory', 3)}."
    )
    watts, joules = answer.power_interval, answer.energy_interval
    if math.isfinite(watts.mid):
        low, middle, high = (show(value, "power", 3) for value in (watts.low, watts.mid, watts.high))
        each = f"{show(joules.mid, 'energy', 3)} per {_one(answer.throughput.unit)}"
        yield f"Power: {middle} ({low} to {high}) a GPU, {each}."
    bounds: dict[str, float] = {}
    for term in answer.terms:
        bounds[term.bound] = bounds.get(term.bound, 0.0) + term.seconds
    if answer.n_gpus > 1 and 0.0 < answer.sent < 1.0:
        bounds["links"] = sum(bounds.values()) * answer.sent / (1.0 - answer.sent)
    whole = sum(bounds.values()) / (1.0 - min(answer.launching, _MOST)) or 1.0
    bounds["launching by the host"] = whole - sum(bounds.values())
    shares = {bound: part / whole for bound, part in bounds.items()}
    told = sorted(((share, bound) for bound, share in shares.items() if share >= _LEAST), reverse=True)
    first = ""
    if answer.streamed >= limits.TAKEN:
        first = f"{limits.NAMES['front']}, whatever the GPUs make. A pass: "
    yield f"Bound by: {first}{', '.join(f'{bound} {share:.0%}' for share, bound in told)}."
    others = [one for one in known.rows if one.error is not None and not one.exact] if known else []
    if others:
        near = others[0]
        yield (
            f"Nearest measured: {number(near.value)} {near.unit} on {_on(near)} "
            f"({', '.join(_unlike(near))}), where the model is {near.error:+.0%} off."
        )


def _price(rate: Interval, usd_per_hour: float, source: str) -> str:
    """What work costs at the hourly price of all GPUs, dearer where it is slower."""
    high, middle, low = (usd_per_hour / HOUR / value for value in (rate.low, rate.mid, rate.high))
    count, noun = handy(rate.unit.removesuffix("/s"), middle)
    reach = f"{cents(low * count)} to {cents(high * count)}"
    return f"Price: {money(middle * count)} ({reach}) per {noun}, at {money(usd_per_hour)}/h: {source}."


def document(
    answer: Estimate, known: Known | None = None, explanation: Explanation | None = None
) -> dict[str, Any]:
    """The contract's shape of `predict`, and the rest of the estimate beside it.

    Where the job was measured, `value` and `basis` are of that; `predicted` is always the model's own.
    """
    plain = answer.to_dict()
    head = {name: plain.pop(name) for name in ("value", "basis")}
    own = plain.pop("predicted")
    del plain["throughput"]
    if known is not None and known.value is not None:
        head = {"value": known.value.to_dict(), "basis": "measured"}
    evidence = [] if known is None else [one.to_dict() for one in known.rows]
    more: dict[str, Any] = {} if explanation is None else {"explanation": explanation.to_dict()}
    if answer.job.phase == "serve":
        from whichgpu.cost.serving.measuring import measures

        command, source = measures(answer)
        more["measure"] = {"command": command, "source": source}
    return {**head, "predicted": own, "evidence": evidence, **plain, **more}


def _measured(answer: Estimate, known: Known, value: Interval) -> str:
    """What was measured of the very job, with the model's own prediction beside it."""
    rows = [one for one in known.exact if one.predicted is not None]
    named = ", ".join(f"{one.id} ({one.source})" for one in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    off = answer.throughput.mid / value.mid - 1.0
    return (
        f"Measured: {number(value.mid)} {value.unit}, in {named}{more}. The model's own prediction, "
        f"{abs(off):.1%} {'above' if off > 0 else 'below'}:"
    )


def evidence_table(known: Known) -> Table:
    """What was measured of a job, and of the nearest to it, with the model's error on each."""
    rows = [
        (_on(one),
         "this very job" if one.exact else ", ".join(_unlike(one)),
         f"{number(one.value)} {one.unit}",
         None if one.predicted is None else number(one.predicted.mid),
         None if one.error is None else f"{one.error:+.0%}",
         f"{one.id}, {one.source}")
        for one in known.rows
    ]  # fmt: skip
    columns = ("On", "Otherwise", ">Measured", ">Model", ">Error", Column("Row", optional=True))
    return Table.of("Measurements of this job and the nearest to it", columns, rows)


def _on(one: Evidence) -> str:
    """The GPUs of a measurement: `4 x a100-80gb-sxm`."""
    return one.gpu if one.n_gpus == 1 else f"{one.n_gpus:g} x {one.gpu}"


def _unlike(one: Evidence) -> list[str]:
    """What sets a measured job apart, but for the GPUs, which have a column of their own."""
    return [text for text in one.differs if not text.startswith(("GPU ", "n gpus "))] or ["the same"]


def _explained(answer: Estimate, why: Explanation) -> list[Block]:
    from whichgpu.report.stages import by_stage
    from whichgpu.report.step import parts

    step: list[Block] = [parts({"Seconds": why.step})] if why.step else []
    step += [by_stage(why.stages)] if why.stages else []
    return [*step, _coefficients(why), _interval(answer, why), to_measure(why.command, why.source)]


def _coefficients(why: Explanation) -> Table:
    rows = [
        (one.part, None if one.share is None else f"{one.share:.0%}", f"{one.factor:.2f}",
         "; ".join(map(_effect, one.effects)) or "none: the prior stands")
        for one in why.coefficients
        if one.share is None or one.share >= _LEAST
    ]  # fmt: skip
    columns = ("Part", ">Share of time", ">Factor on the prior", "Fitted effects (logarithm, measured rows)")
    return Table.of("Coefficients", columns, rows)


def _effect(one: Effect) -> str:
    rows = "" if one.rows is None else f" ({one.rows:,})"
    return f"{one.name} {one.value:+.2f}{rows}"


_UNSEEN = {
    "seen": "jobs whose GPU and workload it has seen", "gpu": "GPUs left out of it",
    "generation": "generations left out of it", "workload": "workloads left out of it",
    "version": "versions of a runtime left out of it",
    "least": "what another hand sets up, at the least (sources counted alike)",
}  # fmt: skip


def _interval(answer: Estimate, why: Explanation) -> str:
    rate = answer.throughput
    reach = f"{rate.low / rate.mid - 1.0:+.0%} to {rate.high / rate.mid - 1.0:+.0%}"
    if not why.widths:
        return f"Interval: {reach}, the prior's: no measurement of this runtime is in the fit."
    known = [
        f"{math.expm1(Z90 * width):.0%} on {_UNSEEN.get(name, name)}" for name, width in why.widths.items()
    ]
    return (
        f"Interval: {reach}, basis {answer.basis}. Errors of the fit that 90 % of '{why.group}' rows stayed "
        f"within: {', '.join(known)}; what is new in several ways adds up, and an unknown runtime or a slow "
        "host widen it."
    )


def to_measure(command: str, source: str) -> str:
    """How to measure a job oneself."""
    return f"To measure it: {command} (see {source})"


def _figures(answer: Estimate, tails: Tails | None = None) -> Table:
    job = answer.job
    times = [("Time to first token", "ttft", answer.ttft)]
    times += [("Time per output token", "tpot", answer.tpot)] if answer.follow else []
    whole = "Time of a step" if job.trains else "Latency of a job"
    times = [*(times if job.phase == "serve" else ()), (whole, "latency", answer.latency)]
    rows = [(what, _delay(one, tails, name)) for what, name, one in times if one is not None]
    rows.append(("Job", sizes(job)))
    if job.phase == "serve":
        rows.append(("Requests in flight", answer.in_flight + answer.spread_over))
    return Table.of("", ("What", "Value"), rows)


def _delay(one: Interval, tails: Tails | None, name: str) -> str:
    """A mean with its interval, and percentiles of simulated requests."""
    middle, low, high = (show(float(value), "time", 3) for value in (one.mid, one.low, one.high))
    told = f"{middle} ({low} to {high})"
    if tails is None:
        return told
    shares = ", ".join(f"{how} {show(tails.of(name, how), 'time', 3)}" for how in ("p50", "p90", "p99"))
    return f"{told}; {shares}"


def _run(answer: Estimate) -> list[Block]:
    """What a load generator prints of a run: rates, and its requests' times by statistic."""
    found = answer.run
    if found is None:
        return []
    hows = ("mean", "p50", "p90", "p99")
    rows = [
        (name, *(show(found.of(metric, how), "time", 3) for how in hows))
        for name, metric in (("TTFT", "ttft"), ("TPOT", "tpot"), ("ITL", "itl"), ("Latency", "latency"))
    ]
    rates = found.rates
    notes = (
        "Requests simulated one by one; from the first to the last answer "
        f"{show(found.seconds, 'time', 3)}, {number(rates['requests'])} requests/s, "
        f"{number(rates['output'])} output tokens/s, {number(rates['total'])} total tokens/s.",
    )
    return [Table.of("The run", ("", *(f">{how}" for how in hows)), rows, notes)]


def _energy(answer: Estimate, footprint: Footprint) -> Block:
    if not math.isfinite(answer.power_interval.mid):
        return "No power limit of this GPU is in the catalogue, so its energy is not told."

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
    from whichgpu.report.stages import remarks

    rows = [(part.replace("_", " "), show(size, "memory", 3)) for part, size in answer.memory.items()]
    rows.append(("required", show(answer.required, "memory", 3)))
    rows.append(("on the card", show(answer.available, "memory", 4)))
    # What does not fit is never read off a run.
    names = ("allocated", "reserved", "device") if answer.required <= answer.available else ()
    read = {name: answer.readings.interval(name) for name in names}
    notes = remarks(answer.memory, read)
    return Table.of("Memory of each GPU", ("Part", ">Size"), rows, notes, strong=(len(rows) - 2,))


def _terms(terms: tuple[Term, ...], most: int) -> Table:
    whole = sum(term.seconds for term in terms) or 1.0
    rows = [
        (term.layer, term.kind, f"{term.count:,.0f}", show(term.seconds, "time", 3),
         f"{term.seconds / whole:.0%}", term.bound)
        for term in terms[:most]
    ]  # fmt: skip
    rest = terms[most:]
    if rest:
        left = sum(term.seconds for term in rest)
        rows.append((f"{len(rest)} more", "", "", show(left, "time", 3), f"{left / whole:.0%}", ""))
    columns = ("Layer", "Op", ">Times", ">GPU time", ">Share", "Bound by")
    return Table.of("Where the time goes", columns, rows)


def _one(rate: str) -> str:
    """The unit of a rate, one of it: `images/s` gives `image`."""
    return rate.removesuffix("/s").removesuffix("s")
