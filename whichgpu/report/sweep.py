"""A search over training strategies as a report: the best, their steps, what they cost, how they scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory.stages import stages
from whichgpu.planner.sweep.answer import sharded
from whichgpu.planner.words import money
from whichgpu.report.stages import by_stage
from whichgpu.report.step import parts
from whichgpu.report.table import Bullets, Column, Report, Table
from whichgpu.units import GIB, HOUR, number, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.planner.sweep import Scaled, Strategy, Sweep
    from whichgpu.report.table import Block

_INFEASIBLE = 3


def report(answer: Sweep) -> Report:
    """The report of `sweep`; where nothing fits it exits 3 with the reason."""
    if answer.infeasible:
        return Report(answer.to_dict(), (), exit_code=_INFEASIBLE, complaint=answer.infeasible)
    first: list[Block] = [f"{answer}.", _strategies(answer), _work(answer), Bullets(_notes(answer))]
    if answer.scaling:
        first.append(_scaling(answer))
    blocks: list[Block] = [parts(_steps(answer)), _memory(answer)]
    best = answer.top[0].estimate
    held = stages(best.job, best.available)
    if held:
        blocks.append(by_stage(held, "Memory of #1 by stage"))
    if answer.published:
        blocks.append(_published(answer))
    return Report(answer.to_dict(), (*first, *blocks), first=len(first))


def _strategies(answer: Sweep) -> Table:
    columns = (
        Column("#", "right"), *(Column(name, "right") for name in ("tp", "pp", "cp", "ep", "dp", "vp")),
        Column("Micro-batch", "right"), Column("Checkpointing"), Column("Sharding"),
        Column("Step (90 %)", "right"), Column(f"{answer.workload.unit}/s", "right"), Column("MFU", "right"),
        Column("Bubble", "right"), Column("GiB of each", "right"),
    )  # fmt: skip
    rows = [(str(rank), *_strategy(one)) for rank, one in enumerate(answer.top, 1)]
    title = f"{answer.workload.name} on {answer.request.count:,} x {answer.request.gpu.id}"
    notes = (
        f"{answer.configurations:,} strategies weighed in {answer.seconds:.2g} s, {answer.fitting:,} of them "
        "fit; micro-batch: sequences or items x how many in a step.",
    )
    return Table.of(title, columns, rows, notes, strong=(0,))


def _strategy(one: Strategy) -> tuple[str, ...]:
    job, step, gib = one.estimate.job, one.estimate.latency, GIB
    return (
        *(f"{value:g}" for value in (job.tp, job.pp, one.cp, one.ep, one.dp, one.vp)),
        f"{job.batch:g} x {one.micro_batches:,}", one.checkpointing, sharded(one.sharding),
        f"{show(step.mid, 'time', 3)} ({show(step.low, 'time', 2)}–{show(step.high, 'time', 2)})",
        number(one.estimate.throughput.mid, 3), f"{one.mfu:.1%}", f"{one.bubble:.1%}",
        f"{one.estimate.required / gib:.1f} of {one.estimate.available / gib:.0f}",
    )  # fmt: skip


def _work(answer: Sweep) -> Table:
    """What the training asked for takes: time, energy, money; of a step where no amount was asked for."""
    asked = answer.request
    units = asked.tokens or asked.global_batch * (asked.job.seq_len if _by_tokens(answer) else 1.0)
    what = f"{number(units)} {answer.workload.unit}" if asked.tokens else "a step"
    rows = [
        (str(rank), show(one.hours(units) * HOUR, "time", 3),
         show(one.hours(units) * HOUR * answer.faults, "time", 3) if asked.tokens else None,
         _known(one.estimate.energy * units / 3.6e9, ",.3g", "MWh"), _known(one.estimate.power, ".0f", "W"),
         None if one.usd_per_hour is None else f"{one.usd_per_hour:,.2f}",
         None if (usd := one.cost(units)) is None else money(usd).removesuffix(" USD"))
        for rank, one in enumerate(answer.top, 1)
    ]  # fmt: skip
    columns = ("#", ">Time", Column("With faults", "right", optional=True), ">Energy, GPUs", ">Power of each",
               ">USD/h", ">USD")  # fmt: skip
    notes = (_price(answer), *((_FAULTS,) if asked.tokens else ()))
    return Table.of(f"To train {what}", columns, rows, notes)


def _known(value: float, form: str, unit: str) -> str | None:
    """A value with its unit; None of a part whose power no source states."""
    return None if math.isnan(value) else f"{value:{form}} {unit}"


#: What the time with faults rests on.
_FAULTS = (
    "With faults: one in 50,700 GPU-hours (Llama 3, section 3.3.4), 10 min to start again, checkpoints as "
    "far apart as costs least (data/prices/assumptions.toml). Evaluations and waits come on top: the middle "
    "one of 19 runs published by their GPU-hours took 1.25 times as long as its steps (docs/scaling.md)."
)


def _published(answer: Sweep) -> Table:
    """What measured runs like the best reached, and what the model says of them."""
    rows = [
        (one.workload, f"{one.n_gpus:,.0f} x {one.gpu}", one.runtime, one.precision,
         f"{number(one.value, 3)} {one.unit}",
         None if one.error is None else f"{one.error:+.0%}")
        for one in answer.published
    ]  # fmt: skip
    columns = ("Workload", "GPUs", "Runtime", "Precision", ">Measured", ">Model")
    notes = ("The nearest on file. The best of a search is flattered more than any one prediction.",)
    return Table.of("What published runs reached", columns, rows, notes)


def _by_tokens(answer: Sweep) -> bool:
    return answer.workload.unit == "tokens"


def _price(answer: Sweep) -> str:
    stated = answer.request.usd_per_gpu_hour
    if stated is not None:
        return f"{stated:,.2f} USD for each GPU and hour, as stated."
    if answer.offer is None:
        return f"No on-demand price of {answer.request.gpu.id} is stored; add --usd-per-gpu-hour."
    dated = f", read {answer.offer.as_of}" if answer.offer.as_of else ", undated"
    return (
        f"{answer.offer.usd_per_gpu_hour:,.2f} USD for each GPU and hour: {answer.offer.provider} "
        f"{answer.offer.instance}{dated}; a cluster has terms of its own (--usd-per-gpu-hour)."
    )


def _steps(answer: Sweep) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    return {f"#{rank}": one.parts for rank, one in enumerate(answer.top, 1)}


def _memory(answer: Sweep) -> Table:
    names = list(dict.fromkeys(name for one in answer.top for name in one.estimate.memory))
    rows = [
        (
            name.replace("_", " "),
            *(show(one.estimate.memory.get(name, 0.0), "memory", 3) for one in answer.top),
        )
        for name in names
    ]
    rows.append(("required", *(show(one.estimate.required, "memory", 3) for one in answer.top)))
    columns = (Column("Part"), *(Column(f"#{rank}", "right") for rank in range(1, len(answer.top) + 1)))
    return Table.of("Memory of the fullest GPU", columns, rows, strong=(len(rows) - 1,))


def _scaling(answer: Sweep) -> Table:
    rows = [_scaled(one) for one in answer.scaling]
    columns = (">GPUs", "Best strategy", f">{answer.workload.unit}/s", ">Of linear", ">Step", ">MFU",
               f">USD per million {answer.workload.unit}")  # fmt: skip
    notes = ("The same global batch on all; linear is from the fewest GPUs on which it fits.",)
    return Table.of("Scaling", columns, rows, notes)


def _scaled(one: Scaled) -> tuple[str | None, ...]:
    if one.best is None:
        return (f"{one.gpus:,}", "does not fit", None, None, None, None, None)
    best, usd = one.best, one.best.cost(1e6)
    return (
        f"{one.gpus:,}", best.mesh, number(best.estimate.throughput.mid, 3), f"{one.efficiency:.0%}",
        show(best.step_seconds, "time", 3), f"{best.mfu:.1%}",
        None if usd is None else money(usd).removesuffix(" USD"),
    )  # fmt: skip


def _notes(answer: Sweep) -> tuple[str, ...]:
    asked, first = answer.request, answer.top[0]
    most = section("training")["best_mfu"]
    beyond = (
        f"MFU {first.mfu:.0%} is more than any published run on file reached ({most:.0%}): a search finds "
        "what a model of cost leaves out; plan with the longer end of the interval"
    )
    assumed = (f"assumed: {', '.join(asked.assumed)}",) if asked.assumed else ()
    lean = (
        (f"not told apart from it, with fewer GPUs in a replica: {answer.leanest}",) if answer.leanest else ()
    )
    return (
        f"interval of the best: basis {first.estimate.basis}; precision {first.estimate.job.precision}",
        *lean, *((beyond,) if first.mfu > most else ()), *assumed, *first.estimate.warnings,
        f"the best alone: {first.command()}",
    )  # fmt: skip
