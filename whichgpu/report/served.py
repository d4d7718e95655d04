"""What a server did under load, as a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.report.table import Bullets, Report, Table
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from whichgpu.bench.serving import Measured, Server
    from whichgpu.bench.serving_http import Outcome
    from whichgpu.bench.serving_summary import Summary
    from whichgpu.cost.serving.slo import Term
    from whichgpu.cost.table.jobs import Prediction

_TITLES = {"ttft": "TTFT", "tpot": "TPOT", "itl": "ITL", "latency": "E2E"}
_MARKS = ("mean", "p50", "p90", "p95", "p99")


def report(
    server: Server, found: Sequence[Measured], predicted: Mapping[str, Prediction], terms: Sequence[Term],
    kept: tuple[Path | None, int, int],
) -> Report:  # fmt: skip
    """Rates and failures by load, times by percentile, what was predicted; exits 3 where the server went.

    `kept` is the file of rows, how many it has, and how many loads were in it already.
    """
    out, rows, done = kept
    data: dict[str, Any] = {
        "server": {"url": server.target.url, "model": server.target.model, "engine": server.engine,
                   "version": server.version, "tokens_per_word": server.per_word},
        "loads": [_load(one, predicted, terms) for one in found],
        "out": None if out is None else str(out), "rows": rows, "done": done, "notes": list(server.said),
    }  # fmt: skip
    what = " ".join(part for part in (server.engine or "a server", server.version) if part)
    blocks: list[Any] = [f"{server.target.model} on {what} at {server.target.url}."]
    blocks += [_rates(found)] if found else []
    blocks += [_times(one) for one in found if one.found.answered]
    if predicted:
        blocks.append(_beside(found, predicted))
    if terms:
        blocks.append(_objectives(found, terms))
    said = [*server.said, *(f"{one.load}: {text}" for one in found for text in one.found.warnings)]
    said += [f"{one.load}: {text}" for one in found for text in one.found.reasons]
    blocks.append(Bullets(tuple(dict.fromkeys(said))))
    if out is not None:
        before = f"; {done} load{'s were' if done > 1 else ' was'} in it already" if done else ""
        blocks.append(f"{rows:,} rows in {out}{before}.")
    complaint = _complaint(server, found, out)
    return Report(data, tuple(blocks), exit_code=3 if complaint else 0, complaint=complaint)


def _complaint(server: Server, found: Sequence[Measured], out: Path | None) -> str:
    """What ended the run early, or kept it from any answer; empty where neither did."""
    if found and not any(one.found.answered for one in found):
        return f"{server.target.url} answered no request of the load"
    if found and found[-1].gave_up:
        again = f"; it is not in {out}: go on with --resume when the server answers again" if out else ""
        return f"{server.target.url} was gone in the load of {found[-1].load}{again}"
    return ""


def _load(one: Measured, predicted: Mapping[str, Prediction], terms: Sequence[Term]) -> dict[str, Any]:
    rows = [
        {"id": row.id, "metric": row.row["metric"], "unit": row.row["unit"], "value": row.value,
         "predicted": _interval(predicted.get(row.id))}
        for row in one.records if row.status == "ok"
    ]  # fmt: skip
    return {
        "concurrency": one.load.concurrency, "rate": one.load.rate, **one.found.to_dict(), "rows": rows,
        **({"slo": [{**term.to_dict(), "measured": of(one.found, term), "held": held(one.found, term)}
                    for term in terms], "goodput": goodput(one, terms)} if terms else {}),
    }  # fmt: skip


def _interval(one: Prediction | None) -> dict[str, Any] | None:
    return None if one is None else {"low": one.low, "mid": one.value, "high": one.high, "unit": one.unit}


def _rates(found: Sequence[Measured]) -> Table:
    rows = [
        (str(one.load), f"{one.found.answered:,} of {one.found.sent:,}", number(one.found.request_rate),
         number(one.found.output_rate), number(one.found.in_flight),
         number(one.found.input_tokens) if one.found.input_tokens else "-",
         number(one.found.output_tokens),
         ", ".join(f"{count} {name}" for name, count in one.found.faults.items()) or "none")
        for one in found
    ]  # fmt: skip
    columns = ("Load", ">Answered", ">Requests/s", ">Output tokens/s", ">In flight", ">Tokens in",
               ">Tokens out", "Failed")  # fmt: skip
    return Table.of("Loads", columns, rows)


def _times(one: Measured) -> Table:
    rows = [
        (_TITLES[name], *(show(known[mark], "time", 3) for mark in _MARKS))
        for name, known in one.found.times.items()
    ]
    return Table.of(f"Times at {one.load}", ("", *(f">{mark}" for mark in _MARKS)), rows)


def _beside(found: Sequence[Measured], predicted: Mapping[str, Prediction]) -> Table:
    rows, outside = [], ""
    for one in found:
        for row in one.records:
            other = predicted.get(row.id)
            if other is None or row.value is None or not other.value:
                continue
            inside = (other.low or 0.0) <= row.value <= (other.high or 0.0)
            outside = outside or ("" if inside else _diagnosed(row.row))
            rows.append(
                (str(one.load), row.row["metric"], f"{number(row.value)} {row.row['unit']}",
                 number(other.value), f"{number(other.low or 0.0)} to {number(other.high or 0.0)}",
                 "yes" if inside else "no")
            )  # fmt: skip
    columns = ("Load", "Metric", ">Measured", ">Predicted", ">90 % interval", "Inside")
    notes = (f"What may be behind a figure outside of its interval: {outside}",) if outside else ()
    return Table.of("Predicted beside measured", columns, rows, notes)


#: What of a row's job a server's load states, and `diagnose` takes.
_STATED = ("phase", "input_tokens", "output_tokens", "concurrency", "runtime")


def _diagnosed(row: Mapping[str, str]) -> str:
    """The command that tells causes of a figure, which may be faster than the GPU can be."""
    from shlex import quote

    gpus = row["gpu"] if row.get("n_gpus", "1") in ("", "1") else f"{row['gpu']}:{row['n_gpus']}"
    options = [f"--{name.replace('_', '-')} {quote(row[name])}" for name in _STATED if row.get(name)]
    options += [f"--option {quote(one)}" for one in row.get("options", "").split(";") if one]
    # A time is of whatever its metric says; a rate is read by its unit.
    metric = "" if row["metric"] == "throughput" else f"{row['metric']} "
    said = quote(f"{metric}{number(float(row['value']))} {row['unit']}")
    return " ".join(
        ["whichgpu diagnose", quote(row["workload"]), f"--gpu {gpus}", *options, f"--measured {said}"]
    )


def of(found: Summary, term: Term) -> float | None:
    """What was measured of an objective, s."""
    return found.times.get(term.metric, {}).get(term.how)


def held(found: Summary, term: Term) -> bool:
    """Whether a load kept to an objective; a load that failed did not."""
    value = of(found, term)
    return value is not None and value <= term.most


def goodput(one: Measured, terms: Sequence[Term]) -> float:
    """Requests/s that were each within every objective, whatever it is asked of (a mean, a percentile)."""
    kept = sum(
        1 for outcome in one.outcomes if outcome.good and all(_within(outcome, term) for term in terms)
    )
    return kept / max(one.found.seconds, 1e-9)


def _within(outcome: Outcome, term: Term) -> bool:
    gaps = outcome.gaps
    values = {"ttft": outcome.ttft, "tpot": outcome.tpot or 0.0, "latency": outcome.latency,
              "itl": max(gaps, default=0.0)}  # fmt: skip
    return values[term.metric] <= term.most


def _objectives(found: Sequence[Measured], terms: Sequence[Term]) -> Table:
    rows = [
        (str(one.load), *(_kept(one.found, term) for term in terms), f"{number(goodput(one, terms))} /s")
        for one in found
    ]
    notes = ("Within all: requests/s that each kept to every objective.",)
    return Table.of("Objectives", ("Load", *map(str, terms), ">Within all"), rows, notes)


def _kept(found: Summary, term: Term) -> str:
    value = of(found, term)
    if value is None:
        return "not measured"
    return f"{'kept' if held(found, term) else 'missed'}: {show(value, 'time', 3)}"
