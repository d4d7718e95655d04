"""A serving curve as a report: a table and a chart against the load, what tokens cost, how to measure it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.answers import Z90
from whichgpu.cost.serving.curve import PERCENTILES
from whichgpu.cost.timing.bounds import NAMES
from whichgpu.report.chart import Chart, Line, Panel, Point, axis, letters
from whichgpu.report.prediction import evidence_table, to_measure
from whichgpu.report.table import Bullets, Column, Report, Table
from whichgpu.units import KWH, number, show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.cost.calibration.evidence import Known
    from whichgpu.cost.serving.curve import Curve, Tails
    from whichgpu.cost.serving.slo import Held, Term
    from whichgpu.facts.model import Interval
    from whichgpu.planner.serving import Paid, Split
    from whichgpu.prices.best import Price
    from whichgpu.report.table import Block

#: How far the simulated mean TTFT may lie over the model's before it is told.
_LATE = 1.5
_NOTES = ("Means are the model's, percentiles are of simulated requests; docs/serving.md defines each.",)


class Answer(NamedTuple):
    """What there is to tell of a curve: percentiles, prices, and the command that measures a load of it."""

    curve: Curve
    tails: Sequence[Tails]
    price: Price | None
    paid: Paid
    command: tuple[str, str]
    known: Known
    #: Of GPUs that compute prompts alone.
    prompts: Price | None = None


def curve_report(answer: Answer) -> Report:
    """The report of `predict --curve`."""
    curve = answer.curve
    blocks: list[Block] = [_headline(curve), _loads(answer), _chart(answer), *_money(answer)]
    return Report(curve_document(answer), (*blocks, *_checks(answer)))


def slo_report(
    answer: Answer, held: Held, terms: Sequence[Term], splits: Sequence[Split], stated: float | None = None
) -> Report:
    """The report of `predict --slo`: the largest load that keeps the objectives, and the splits tried."""
    curve, wanted = answer.curve, ", ".join(map(str, terms))
    what = f"{curve.job.workload} on {_on(curve)}"
    limit = f"bound by {held.binding}" if held.binding else "at its capacity: no objective binds"
    said = (
        f"{what} holds {number(held.rate)} requests/s within {wanted} ({limit}): "
        f"{number(float(held.at.throughput[0]))} output tokens/s, {number(float(held.at.in_flight[0]))} "
        f"requests in flight.{_stated(held, stated)}"
    )
    blocks: list[Block] = [said, _loads(answer)]
    if len(splits) > 1:
        blocks.append(_splits(splits))
    blocks += [*_money(answer), *_checks(answer)]
    data = {
        **curve_document(answer),
        "slo": {"objectives": [term.to_dict() for term in terms], "request_rate": held.rate,
                "binding": None if held.binding is None else held.binding.to_dict()},
        "splits": [{"split": one.name, "request_rate": one.held.rate if one.held else None, "why": one.why,
                    "simulated": one.simulated} for one in splits],
    }  # fmt: skip
    return Report(data, tuple(blocks))


def _stated(held: Held, rate: float | None) -> str:
    """How much of what is held a stated rate is."""
    return "" if rate is None else f" {number(rate)} requests/s, as stated, are {rate / held.rate:.0%} of it."


def curve_document(answer: Answer) -> dict[str, Any]:
    """Plain values, SI units; percentiles by name; money per million tokens."""
    curve = answer.curve
    job = {key: value for key, value in curve.job.to_dict().items() if key != "concurrency"}
    command, source = answer.command
    return {
        "gpu": curve.gpu.id, "n_gpus": curve.gpus, "job": job,
        "prefill": None if curve.pool is None else {"gpu": curve.pool.gpu, "n_gpus": curve.pool.gpus},
        "runtime": curve.estimates.runtime.id, "basis": curve.estimates.bases[0], "against": curve.against,
        "capacity": {"request_rate": curve.capacity, "in_flight": curve.places, "bound": curve.limit},
        "knee": {"load": curve.knee, "request_rate": float(curve.request_rate[curve.knee])},
        "price": None if answer.price is None else answer.price._asdict(),
        "prefill_price": None if curve.pool is None or not answer.prompts else answer.prompts._asdict(),
        "loads": [_load(answer, j) for j in range(len(curve.request_rate))],
        "measure": {"command": command, "source": source},
        "evidence": [one.to_dict() for one in answer.known.rows],
        "warnings": list(_warnings(answer)),
    }  # fmt: skip


def _load(answer: Answer, j: int) -> dict[str, Any]:
    curve, paid = answer.curve, answer.paid
    figures = curve.estimates.figures(0, j)
    assert figures.ttft is not None
    assert figures.tpot is not None
    tails = answer.tails[j]
    intervals = {"ttft": figures.ttft, "tpot": figures.tpot, "latency": figures.latency}
    money = {"input": paid.usd_input, "output": paid.usd_output}
    return {
        "request_rate": float(curve.request_rate[j]), "in_flight": float(curve.in_flight[j]),
        "throughput": _plain(figures.throughput), "throughput_per_gpu": _per_gpu(curve, j),
        **{name: {**_plain(one), **getattr(tails, name)} for name, one in intervals.items()},
        "itl": dict(tails.itl), "simulated": tails.requests, "preempted": tails.preempted,
        "bound": curve.bound[j],
        "shares": {name: float(part[j]) for name, part in curve.shares.items()},
        "prompts": float(curve.prompts[j]),
        "usd_per_million": {kind: None if one is None else float(one[j]) for kind, one in money.items()},
        "joules_per_million": {"input": float(paid.joules_input[j]), "output": float(paid.joules_output[j])},
        "power": float(figures.power),
    }  # fmt: skip


def _plain(interval: Interval) -> dict[str, Any]:
    return {"low": float(interval.low), "mid": float(interval.mid), "high": float(interval.high),
            "unit": interval.unit}  # fmt: skip


def _per_gpu(curve: Curve, j: int) -> float:
    return float(curve.throughput[j]) / curve.gpus


def _headline(curve: Curve) -> str:
    job, knee = curve.job, curve.knee
    factor = float(np.exp(Z90 * curve.estimates.spread[0, knee]))
    made, several = float(curve.throughput[knee]), len(curve.request_rate) > 1
    beyond = ": beyond it latency grows faster than throughput" if several else ""
    return (
        f"{job.workload} on {_on(curve)}, {curve.estimates.runtime.title}, {job.precision}, "
        f"{number(float(job.input_tokens), 4)} tokens in and {number(float(job.output_tokens), 4)} out: "
        f"serves up to {number(curve.capacity)} requests/s, and holds {number(curve.places)} at once "
        f"(bound by {NAMES[curve.limit]}). "
        f"{'Knee at' if several else 'At'} {number(float(curve.request_rate[knee]))} requests/s, "
        f"{number(made)} output tokens/s ({number(made / factor)} to {number(made * factor)}, 90 % interval; "
        f"basis {curve.estimates.bases[0]}){beyond}."
    )


def _on(curve: Curve) -> str:
    """The GPUs: `4 x h100-80gb-sxm, and 4 x h100-80gb-sxm for prompts alone`."""
    pool = "" if curve.pool is None else f", and {curve.pool.gpus:g} x {curve.pool.gpu} for prompts alone"
    return f"{curve.job.n_gpus:g} x {curve.gpu.id}{pool}"


def _loads(answer: Answer) -> Table:
    curve = answer.curve
    rows = [_row(answer, j) for j in range(len(curve.request_rate))]
    columns = (
        ">Requests/s", ">In flight", ">Tokens/s per GPU", ">90 % interval", ">TTFT",
        Column("p50", "right", True), ">p90", ">p99", ">TPOT", Column("p90", "right", True), ">p99",
        ">Latency", ">p99", "Bound by",
    )  # fmt: skip
    strong = (curve.knee,) if len(rows) > 1 else ()
    return Table.of("Against the load", columns, rows, (*_NOTES, *_preempted(answer), *_late(answer)), strong)


def _preempted(answer: Answer) -> tuple[str, ...]:
    """Where the cache was full, from which load on."""
    rates = answer.curve.request_rate.tolist()
    full = [(rate, one.preempted) for rate, one in zip(rates, answer.tails, strict=True) if one.preempted]
    if not full:
        return ()
    rate, often = full[-1]
    return (
        f"From {number(full[0][0])} requests/s on the KV cache fills up, and sequences are taken off to be "
        f"computed anew: {number(often, 2)} times a request at {number(rate)}.",
    )


def _late(answer: Answer) -> tuple[str, ...]:
    """From which load on simulated requests wait for a place much longer than the model's mean says."""
    curve = answer.curve
    late = [
        (rate, one.ttft["mean"])
        for rate, mean, one in zip(
            curve.request_rate.tolist(), curve.ttft.tolist(), answer.tails, strict=True
        )
        if curve.against == "rate" and one.ttft["mean"] > _LATE * mean
    ]
    if not late:
        return ()
    return (
        f"From {number(late[0][0])} requests/s on simulated requests wait longer for their first token than "
        f"the model's mean says, {_time(late[-1][1])} in the mean at {number(late[-1][0])}: so near the "
        "capacity every burst leaves a queue, which is gone but slowly. Take its percentiles.",
    )


def _row(answer: Answer, j: int) -> tuple[str | None, ...]:
    curve, tails = answer.curve, answer.tails[j]
    figures = curve.estimates.figures(0, j)
    gpus = curve.gpus
    low, high = (float(end) / gpus for end in (figures.throughput.low, figures.throughput.high))
    return (
        number(float(curve.request_rate[j])), number(float(curve.in_flight[j])), number(_per_gpu(curve, j)),
        f"{number(low)} to {number(high)}",
        _time(float(curve.ttft[j])), *(_time(tails.ttft[name]) for name in ("p50", "p90", "p99")),
        *_token_times(curve, tails, j),
        _time(float(curve.latency[j])), _time(tails.latency["p99"]), NAMES[curve.bound[j]],
    )  # fmt: skip


def _token_times(curve: Curve, tails: Tails, j: int) -> tuple[str | None, ...]:
    """TPOT and its percentiles; answers of one token have none."""
    if float(curve.job.output_tokens) <= 1.0:
        return None, None, None
    return _time(float(curve.tpot[j])), *(_time(tails.tpot[name]) for name in ("p90", "p99"))


def _time(seconds: float) -> str:
    return show(seconds, "time", 3)


def _chart(answer: Answer) -> Chart:
    """Seconds against requests/s: means as lines, the highest percentile as marks."""
    curve, worst = answer.curve, f"p{PERCENTILES[-1]}"
    means = {"TTFT": curve.ttft, "TPOT": curve.tpot, "latency": curve.latency}
    rates = curve.request_rate.tolist()
    lines = tuple(
        Line(tuple(zip(rates, values.tolist(), strict=True)), name) for name, values in means.items()
    )
    points = tuple(
        Point(rate, tails.of(name.lower(), worst), f"{name} {worst}", 0.0, f"{name} {worst}")
        for rate, tails in zip(rates, answer.tails, strict=True)
        for name in means
    )
    every = [*(value for values in means.values() for value in values.tolist()), *(one.y for one in points)]
    return Chart(
        "Time against load", axis("Requests/s", "requests/s", rates), axis("Time", "s", every),
        (Panel(f"{curve.job.workload} on {curve.gpu.id}", lines, points),),
        letters(dict.fromkeys(one.series for one in points)),
        summary="Lines are means: TTFT, time per output token and latency of a request.",
    )  # fmt: skip


def _money(answer: Answer) -> list[Block]:
    curve, paid, cost = answer.curve, answer.paid, answer.price
    rows = [
        (number(float(curve.request_rate[j])), *_dollars(paid, j),
         *(_energy(float(joules[j])) for joules in (paid.joules_input, paid.joules_output)))
        for j in range(len(curve.request_rate))
    ]  # fmt: skip
    notes = ["By the time that prompts and outputs take; energy is of the GPUs alone."]
    notes.append(f"{cost.usd_per_gpu_hour:.2f} USD per GPU and hour: {cost.source}." if cost else
                 "No price on file: give --usd-per-gpu-hour.")  # fmt: skip
    if answer.prompts is not None and answer.prompts != cost:
        own = answer.prompts
        notes.append(f"{own.usd_per_gpu_hour:.2f} USD for each of those that compute prompts: {own.source}.")
    columns = (">Requests/s", ">USD, input", ">USD, output", ">Energy, input", ">Energy, output")
    return [Table.of("A million tokens", columns, rows, notes)]


def _energy(joules: float) -> str | None:
    """Nothing where no source states what a GPU may draw."""
    return f"{number(joules / KWH, 3)} kWh" if math.isfinite(joules) else None


def _dollars(paid: Paid, j: int) -> tuple[str | None, str | None]:
    if paid.usd_input is None or paid.usd_output is None:
        return None, None
    return number(float(paid.usd_input[j])), number(float(paid.usd_output[j]))


def _splits(splits: Sequence[Split]) -> Table:
    """The splits that hold a load, best first, then why others hold none; those that do not fit in a note."""
    from whichgpu.planner.serving import leads

    small = [one.name for one in splits if "does not fit" in one.why]
    rows = [
        (one.name, number(one.held.rate) if one.held else None,
         number(float(one.held.at.throughput[0] / one.held.at.gpus)) if one.held else None,
         (str(one.held.binding) if one.held.binding else "its capacity") if one.held
         else one.why.partition(";")[0])
        for one in splits
        if one.name not in small
    ]  # fmt: skip
    too_small = f"Too small for the model: {'; '.join(small)}." if small else ""
    rough = [one.name for one in splits if one.held and not one.simulated]
    means = f"By means alone, as others hold clearly more: {'; '.join(rough)}." if rough else ""
    notes = tuple(one for one in (leads(splits), means, too_small) if one)
    return Table.of(
        "Splits of the GPUs", ("Split", ">Requests/s", ">Tokens/s per GPU", "Bound by"), rows, notes, (0,)
    )


def _checks(answer: Answer) -> list[Block]:
    """What holds the answer to account: measurements near it, and how to make one."""
    blocks: list[Block] = [evidence_table(answer.known)] if answer.known.rows else []
    return [*blocks, to_measure(*answer.command), Bullets(_warnings(answer))]


def _warnings(answer: Answer) -> tuple[str, ...]:
    return answer.curve.estimates.warnings()
