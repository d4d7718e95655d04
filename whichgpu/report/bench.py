"""What was measured, as reports: rows, scaling, predictions beside, a device and its datasheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.bench.record import SCHEMA
from whichgpu.report.chart import Chart, Line, Panel, Point, axis, letters
from whichgpu.report.table import Bullets, Heading, Report, Table
from whichgpu.units import number, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whichgpu.bench.compare import Compared
    from whichgpu.bench.device import Measured, Verdict
    from whichgpu.bench.record import Record
    from whichgpu.bench.runner import Machine
    from whichgpu.bench.scaling import Scaled
    from whichgpu.report.table import Block

#: Warnings of one run that are worth a line each.
_WARNINGS = 8


def data(records: Iterable[Record]) -> list[dict[str, Any]]:
    """The rows as plain data, each with how it ended."""
    return [
        {**{name: one.row.get(name, "") for name in SCHEMA}, "value": one.value, "status": one.status,
         "reason": one.reason}
        for one in records
    ]  # fmt: skip


def run_report(
    records: Sequence[Record], skipped: Sequence[tuple[str, str]], *, out: str = "", known: int = 0,
    scaled: Sequence[Scaled] = (), compared: Sequence[Compared] | None = None, interrupted: bool = False,
    found: Mapping[str, Any] | None = None, lead: Sequence[Block] = (),
) -> Report:  # fmt: skip
    """A run: its rows, what was left out and why, and what follows from them."""
    told = {
        "rows": data(records), "known": known,
        "skipped": [{"task": name, "why": why} for name, why in skipped],
        "out": out, "interrupted": interrupted,
        "scaling": [{"id": one.record.id, "n_gpus": int(float(one.record.row["n_gpus"])), "base": one.base,
                     "speedup": one.speedup, "efficiency": one.efficiency} for one in scaled],
        **(found or {}),
    }  # fmt: skip
    blocks: list[Block] = [*lead, *([table(records)] if records else [])]
    if scaled:
        blocks.append(_scaling(scaled))
    if compared is not None:
        told["comparison"] = [_compared(one) for one in compared]
        blocks.append(comparison(compared))
    if skipped:
        blocks += [Heading("Left out"), Bullets(tuple(f"{name}: {why}" for name, why in skipped))]
    blocks += _closing(records, out, known)
    complaint, status = _ended(records, known, skipped, out, interrupted)
    return Report(told, tuple(blocks), status, complaint)


def _ended(
    records: Sequence[Record], known: int, skipped: Sequence[tuple[str, str]], out: str, interrupted: bool
) -> tuple[str, int]:
    """The complaint and the exit status."""
    if interrupted:
        go_on = f"; what was measured is in {out}, go on with --resume" if out else ""
        return f"interrupted{go_on}", 130
    if any(one.status == "ok" for one in records) or known or not (records or skipped):
        return "", 0
    why = records[0].reason if records else skipped[0][1]
    return f"nothing could be measured: {why}", 3


def _closing(records: Sequence[Record], out: str, known: int) -> list[Block]:
    said: list[str] = []
    if known:
        was, stands = ("was", "is") if known == 1 else ("were", "are")
        said.append(f"{known} {was} measured before and {stands} in {out}.")
    if out and records:
        said.append(f"Rows are in {out}; their context is beside it.")
    toy = any(one.row.get("gpu") in ("cpu", "") for one in records)
    if toy:
        said.append("Rows of a processor say that the command works, and nothing of a GPU.")
    return [Bullets(tuple(said))] if said else []


def table(records: Sequence[Record]) -> Table:
    """One line a row."""
    cells = []
    for one in records:
        row = one.row
        value = f"{float(row['value']):.5g} {row['unit']}" if one.value is not None else one.status
        spread = float(row.get("spread") or 0.0)
        sure = None if not spread else f"{spread:.1%}" if spread < 1.0 else "over 100%"
        cells.append((
            row.get("workload"), row.get("gpu") or None, row.get("n_gpus"), row.get("phase"),
            row.get("precision"), row.get("batch") or row.get("concurrency"), _options(row),
            row.get("metric"), value, sure,
        ))  # fmt: skip
    columns = [
        "Workload",
        "GPU",
        ">GPUs",
        "Phase",
        "Precision",
        ">Batch / in flight",
        "Options",
        "Metric",
        ">Measured",
        ">+/-",
    ]
    reasons = [f"{one.row.get('workload', '')}: {one.reason}" for one in records if one.reason]
    doubts = [f"{one.row.get('workload', '')} {one.row.get('precision', '')}: {text}"
              for one in records for text in one.context.get("warnings", ())]  # fmt: skip
    doubts = list(dict.fromkeys(doubts))
    more = [f"{len(doubts) - _WARNINGS} more warnings are in the file."] if len(doubts) > _WARNINGS else []
    notes = ("+/- is half the confidence interval of the median.", *reasons, *doubts[:_WARNINGS], *more)
    filled = [tuple(cell or None for cell in row) for row in cells]
    return Table.of("Measured", columns, filled, notes)


def _options(row: Mapping[str, str]) -> str:
    """The options of a row, and how its layers are split."""
    split = f"tp={row['tp']}" if row.get("tp", "1") != "1" else ""
    return ";".join(part for part in (row.get("options", ""), split) if part)


def _scaling(scaled: Sequence[Scaled]) -> Table:
    rows = [
        (one.record.row["workload"], one.record.row.get("precision"), _options(one.record.row) or None,
         one.record.row["n_gpus"],
         f"{float(one.record.row['value']):.5g} {one.record.row['unit']}", f"{one.speedup:.2f}x",
         f"{one.efficiency:.0%}")
        for one in scaled
    ]  # fmt: skip
    columns = ["Workload", "Precision", "Options", ">GPUs", ">Measured", ">Speed-up", ">Efficiency"]
    return Table.of("Scaling", columns, rows)


def comparison(compared: Sequence[Compared]) -> Table:
    """Predicted beside measured."""
    rows = [
        (one.record.row["workload"], one.record.row.get("gpu"), one.record.row.get("precision"),
         one.record.row.get("metric"), f"{one.value:.5g} {one.record.row.get('unit', '')}", _interval(one),
         f"{one.error:+.0%}" if one.error is not None else None,
         None if one.inside is None else "inside" if one.inside else "outside", one.basis or None)
        for one in compared
    ]  # fmt: skip
    columns = [
        "Workload",
        "GPU",
        "Precision",
        "Metric",
        ">Measured",
        ">Predicted",
        ">Error",
        "Interval",
        "Basis",
    ]
    why = dict.fromkeys(
        f"{one.record.row['workload']}: no prediction: {one.why}" for one in compared if one.why
    )
    notes = (
        "Predicted: the 90 % interval and its middle; the error is predicted over measured, less 1.",
        *why,
    )
    return Table.of("Predicted beside measured", columns, rows, notes)


def _interval(one: Compared) -> str | None:
    if one.low is None or one.mid is None or one.high is None:
        return None
    return f"{one.mid:.4g} ({one.low:.4g} to {one.high:.4g})"


def _compared(one: Compared) -> dict[str, Any]:
    return {
        "id": one.record.id, "measured": one.value, "unit": one.record.row.get("unit", ""),
        "predicted": None if one.mid is None else {"low": one.low, "mid": one.mid, "high": one.high},
        "error": one.error, "inside": one.inside, "basis": one.basis, "why": one.why,
    }  # fmt: skip


def device_parts(
    name: str, figures: Sequence[Measured], verdicts: Sequence[Verdict], chart: Chart | None
) -> tuple[dict[str, Any], list[Block]]:
    """A device against its datasheet: data, and blocks."""
    told = {
        "device": name,
        "figures": [{"what": one.what, "value": one.value, "stated": one.stated, "share": one.share,
                     "dimension": one.dimension} for one in figures],
        "verdicts": [one._asdict() for one in verdicts],
    }  # fmt: skip
    rows = [
        (one.what, show(one.value, one.dimension, 4),
         show(one.stated, one.dimension, 4) if one.stated else None,
         f"{one.share:.0%}" if one.share is not None else None)
        for one in figures
    ]  # fmt: skip
    columns = ["What", ">Measured", ">Datasheet", ">Share"]
    notes = ("Bandwidth counts both what is read and what is written.",)
    blocks: list[Block] = [Table.of(f"{name} against its datasheet", columns, rows, notes)]
    if verdicts:
        blocks += [Heading("Something is off"), Bullets(tuple(f"{one.kind}: {one.text}" for one in verdicts))]
    elif any(one.stated for one in figures):
        blocks.append("Nothing is off: clocks, power, memory and speed are those of the model.")
    return told, [*blocks, *([chart] if chart else [])]


def roofline(
    name: str, figures: Sequence[Measured], points: Sequence[tuple[str, str, float, float]]
) -> Chart | None:
    """Measured roofs and points of (kind, label, FLOP per byte, FLOP/s); None without roofs."""
    bandwidth = max((one.value for one in figures if one.what.endswith(" bandwidth")), default=0.0)
    peaks = {one.what.removesuffix(" product"): one.value for one in figures if one.dimension == "flop rate"}
    if not bandwidth or not peaks or not points:
        return None
    ridges = [peak / bandwidth for peak in peaks.values()]
    x = axis("arithmetic intensity", "FLOP per byte", [*(one[2] for one in points), *ridges])
    y = axis("measured rate", "FLOP/s", [*(one[3] for one in points), *peaks.values()])
    lines = tuple(_roofs(bandwidth, peaks, (x.low, x.high, y.low)))
    drawn = tuple(Point(at, rate, kind, 1.0 / len(points), label) for kind, label, at, rate in points)
    rates = ", ".join(f"{kind} {show(peak, 'flop rate', 3)}" for kind, peak in peaks.items())
    title = f"{name}: {show(bandwidth, 'bandwidth', 3)}, {rates}"
    series = letters(sorted({one[0] for one in points}))
    said = "Roofs are the best that was measured; a point near a roof is bound by it."
    return Chart("Roofline as measured", x, y, (Panel(title, lines, drawn),), series, said, ())


def _roofs(bandwidth: float, peaks: Mapping[str, float], box: tuple[float, float, float]) -> Iterable[Line]:
    left, right, floor = box
    start = max(left, floor / bandwidth)
    for index, (name, peak) in enumerate(sorted(peaks.items(), key=lambda one: -one[1])):
        foot = () if index else ((start, bandwidth * start),)
        yield Line((*foot, (peak / bandwidth, peak), (right, peak)), f"{name} {show(peak, 'flop rate', 3)}")


def replay_report(old: Record, new: Sequence[Record], out: str, base: Report) -> Report:
    """A row beside the same measured again."""
    same = ("metric", "workload", "options", "precision")
    again = [
        one for one in new
        if one.value is not None and all(one.row.get(name) == old.row.get(name) for name in same)
    ]  # fmt: skip
    if not again or old.value is None:
        return base
    value = float(again[0].row["value"])
    ratio = value / old.value
    hosts = [one.context.get("host", {}).get("name", "") for one in (old, again[0])]
    both = zip(("before", "now"), (old.value, value), hosts, (old, again[0]), strict=True)
    rows = [
        (name, f"{number(figure, 5)} {old.row['unit']}", host, one.row.get("gpu"), one.row.get("runtime"))
        for name, figure, host, one in both
    ]
    shown = Table.of(f"{old.id} again: {ratio - 1:+.1%}", ["", ">Value", "Host", "GPU", "Runtime"], rows)
    told = {**base.data, "replayed": {"id": old.id, "before": old.value, "now": value, "ratio": ratio}}
    return base._replace(data=told, blocks=(shown, *base.blocks))


def around(there: Machine, suites: Mapping[str, str], families: Sequence[str]) -> Report:
    """What can be measured, and on what."""
    device = f"{there.gpus} x {there.gpu}" if there.gpus else "no GPU: a processor, at toy size (--toy)"
    busy = [f"GPU {i}: {why}" for i, why in enumerate(there.busy) if why]
    told = {
        "gpus": there.gpus,
        "gpu": there.gpu,
        "busy": busy,
        "suites": dict(suites),
        "families": list(families),
    }
    rows = [(name, title) for name, title in suites.items()]
    blocks: list[Block] = [
        f"At hand: {device}.", *([Bullets(tuple(busy))] if busy else []),
        Table.of("Suites, by whichgpu bench suite NAME", ["Name", "What it measures"], rows),
        f"whichgpu bench run WORKLOAD runs the workloads of these families: {', '.join(families)}.",
    ]  # fmt: skip
    return Report(told, tuple(blocks))
