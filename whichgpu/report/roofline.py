"""Where the time of a workload goes on contrasting GPUs, and what it asks of any of them."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.report.chart import Chart, Line, Panel, Point, axis, letters
from whichgpu.report.table import Bullets, Table
from whichgpu.units import number, show
from whichgpu.workloads import adapters
from whichgpu.workloads.checkpointing import checkpointing, saved_bytes
from whichgpu.workloads.ops import PRODUCTS, total
from whichgpu.workloads.training import trained_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whichgpu.cost.estimates import Estimates
    from whichgpu.cost.timing.time import Term
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.report.table import Block
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

#: A small card whose bandwidth is short and a large one that has plenty; such a pair with FP4 too.
CONTRASTS = (("l4", "h100-80gb-sxm"), ("rtx-5090", "b200-180gb-sxm"))
#: How many GPUs have room side by side.
MOST = 4
_BAR = 20
#: Phases that generate, step by step.
_STEPS = ("serve", "generate", "decode")
#: Ops below this share of the time are left out of the chart; so many rows has the table of ops.
_SEEN, _ROWS = 0.001, 12


def demands(item: Workload, job: Job, ops: Iterable[Op]) -> dict[str, Any]:
    """FLOPs per byte moved, what the job's batch keeps alive, and what training trains."""
    ops = tuple(ops)
    forward = [op for op in ops if op.stage == "forward"]
    # What one pass would keep, were it trained; of tokens one after another there is no such pass.
    kept = None if job.phase in _STEPS else float(saved_bytes(forward, checkpointing(job)))
    moved = sum(float(total(ops, part)) for part in ("weight_bytes", "read_bytes", "write_bytes", "kv_bytes"))
    flops = float(total((op for op in ops if op.kind in PRODUCTS), "flops"))
    widest = max((float(op.read_bytes + op.write_bytes) for op in ops), default=0.0)
    found: dict[str, Any] = {
        "arithmetic_intensity": flops / moved if moved else None,
        "activations": {"widest_op": widest, "saved_for_training": kept},
        "trainable": trained_parameters(forward),
    }
    if adapters.PHASES[0] in item.phases:
        # A model without dense layers has nothing to adapt.
        with contextlib.suppress(UsageError):
            fused = item.dims.get("fused", "")
            adapted = adapters.adapt(item.reference_ops(), adapters.Adapters(adapters.RANK), fused)
            found["trainable_lora"] = trained_parameters(adapted)
    return found


def demand_rows(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The same as rows of a table."""
    intensity, kept = found["arithmetic_intensity"], found["activations"]
    rows = [
        (
            "Arithmetic intensity",
            f"{number(intensity, 3)} FLOP per byte moved" if intensity else "no products",
        ),
        ("Widest op", show(kept["widest_op"], "memory")),
    ]
    if kept["saved_for_training"] is not None:
        rows.append(("Kept for training", show(kept["saved_for_training"], "memory")))
    if "trainable_lora" in found:
        rows.append(
            ("Trained by LoRA", f"{found['trainable_lora']:,.0f} parameters at rank {adapters.RANK:g}")
        )
    return rows


def where(job: Job, gpus: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """A job's time by kind and by op on each GPU, with its roofs; why not, where it cannot run.

    `gpus` are names; if none are given, the first of `CONTRASTS` that can run it. Raises `UsageError` for a
    name that is not known.
    """
    from whichgpu.hardware.catalogue import catalogue

    known = catalogue()
    if gpus:
        from whichgpu.hardware.slices import resolve_device

        return _answers(job, [resolve_device(name, known) for name in gpus])
    for pair in CONTRASTS:
        answers = _answers(job, [(known[name], 1) for name in pair])
        if not all(row["refused"] for row in answers.values()):
            break
    return answers


def _answers(job: Job, gpus: Iterable[tuple[Gpu, int]]) -> dict[str, dict[str, Any]]:
    from whichgpu.cost.estimate import estimate
    from whichgpu.cost.job.placing import placed

    answers: dict[str, dict[str, Any]] = {}
    for gpu, count in gpus:
        found = estimate(placed(job, count, gpu), [gpu], explain=True)
        told = found.job_at(0).to_dict()
        title = gpu.id if count == 1 else f"{gpu.id}:{count}"
        said = list(found.remarks())
        if found.refusals[0]:
            answers[title] = {
                "refused": found.refusals[0], "job": told, "kinds": {}, "ops": [], "warnings": said,
            }  # fmt: skip
            continue
        answers[title] = {
            "warnings": said,
            "refused": "", "fits": bool(found.fits[0, 0]), "seconds": float(found.timing.seconds[0, 0]),
            "job": told, "kinds": _kinds(found.timing.terms), "roofs": _roofs(found),
            "ops": [_op(term) for term in found.timing.terms],
        }  # fmt: skip
    return answers


def _kinds(terms: Iterable[Term]) -> dict[str, dict[str, Any]]:
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for term in terms:
        sums[term.kind]["seconds"] += term.seconds
        sums[term.kind][term.bound] += term.seconds
    return {kind: _kind(row) for kind, row in sums.items()}


def _kind(row: Mapping[str, float]) -> dict[str, Any]:
    bound = max((name for name in row if name != "seconds"), key=lambda name: row[name])
    return {"seconds": row["seconds"], "bound": bound}


def _roofs(found: Estimates) -> dict[str, Any]:
    """Bandwidth in B/s, and the peak in FLOP/s of each format that most of the work runs in."""
    work: dict[str, float] = defaultdict(float)
    products = [term for term in found.timing.terms if term.kind in PRODUCTS] or found.timing.terms
    for term in products:
        work[term.dtype] += term.flops
    main = [dtype for dtype in work if work[dtype] >= _SEEN * sum(work.values())]
    tf32 = bool(found.runtime.tf32)
    peaks = {dtype: float(found.devices.peaks((dtype,), tf32=tf32)[0, 0, 0]) for dtype in main}
    return {"bandwidth": float(found.devices.column("bandwidth")[0, 0]), "peaks": peaks}


def _op(term: Term) -> dict[str, Any]:
    return {
        "op": term.layer, "kind": term.kind, "count": term.count, "seconds": term.seconds,
        "flops": term.flops, "bytes": term.moved, "bound": term.bound,
        "intensity": term.flops / term.moved if term.moved else None,
        "attained": term.flops / term.seconds if term.seconds else None,
    }  # fmt: skip


def where_blocks(answers: Mapping[str, Mapping[str, Any]], *, whole: bool) -> list[Block]:
    """The chart and the table by kind; with `whole` the ops of each GPU one by one as well."""
    able = {name: row for name, row in answers.items() if not row["refused"]}
    if not able:
        return [Bullets(tuple(f"{name}: {row['refused']}" for name, row in answers.items()))]
    chart = roofline(able)
    blocks: list[Block] = [chart] if chart else []
    blocks.append(_where_table(answers, able))
    if whole:
        blocks += [_ops_table(name, row) for name, row in able.items()]
    return blocks


def roofline(able: Mapping[str, Mapping[str, Any]]) -> Chart | None:
    """Each GPU's ops by arithmetic intensity and the rate they attain, under its roofs.

    None where no op has any arithmetic, as of a copy.
    """
    drawn = {name: _points(row) for name, row in able.items()}
    points = [point for some in drawn.values() for point in some]
    if not points:
        return None
    peaks = [peak for row in able.values() for peak in row["roofs"]["peaks"].values() if peak > 0]
    ridges = [peak / row["roofs"]["bandwidth"] for row in able.values()
              for peak in row["roofs"]["peaks"].values()]  # fmt: skip
    x = axis("arithmetic intensity", "FLOP per byte", [*(point.x for point in points), *ridges])
    y = axis("attained rate", "FLOP/s", [*(point.y for point in points), *peaks])
    shares: dict[str, float] = defaultdict(float)
    for point in points:
        shares[point.series] += point.share
    series = letters(sorted(shares, key=lambda kind: -shares[kind]))
    panels = tuple(
        Panel(_title(name, row["roofs"]), _lines(row["roofs"], x.low, x.high, y.low), drawn[name])
        for name, row in able.items()
    )
    note = (
        f"Larger marks and capital letters take more of the time; ops without arithmetic, and those below "
        f"{_SEEN:.1%} of it, are left out. Above the slope is what caches serve."
    )
    return Chart("Roofline of the job", x, y, panels, series, _sentence(able), (note,))


def _points(row: Mapping[str, Any]) -> tuple[Point, ...]:
    whole = sum(op["seconds"] for op in row["ops"]) or 1.0
    return tuple(
        Point(op["intensity"], op["attained"], op["kind"], op["seconds"] / whole, _label(op, whole))
        for op in row["ops"]
        if op["seconds"] >= _SEEN * whole and op["intensity"] and op["attained"]
    )


def _label(op: Mapping[str, Any], whole: float) -> str:
    rate, share = show(op["attained"], "flop rate", 3), op["seconds"] / whole
    where = f"{number(op['intensity'], 3)} FLOP per byte, {rate}"
    return f"{op['op']}: {op['kind']}, {where}, {share:.1%} of the time"


def _title(name: str, roofs: Mapping[str, Any]) -> str:
    peaks = ", ".join(f"{show(peak, 'flop rate', 3)} {dtype}" for dtype, peak in roofs["peaks"].items())
    return f"{name}: {peaks}, {show(roofs['bandwidth'], 'bandwidth', 3)}"


def _lines(roofs: Mapping[str, Any], left: float, right: float, floor: float) -> tuple[Line, ...]:
    """The slope of the bandwidth to the highest peak, and the ceiling of each format."""
    slope = roofs["bandwidth"]
    start = max(left, floor / slope)
    known = sorted(((peak, dtype) for dtype, peak in roofs["peaks"].items() if peak > 0), reverse=True)
    lines = []
    for index, (peak, dtype) in enumerate(known):
        ridge = (peak / slope, peak)
        foot = () if index else ((start, slope * start),)
        lines.append(Line((*foot, ridge, (right, peak)), f"{dtype} {show(peak, 'flop rate', 3)}"))
    return tuple(lines)


def _sentence(able: Mapping[str, Mapping[str, Any]]) -> str:
    """What binds most of the time on each GPU."""
    parts = []
    for name, row in able.items():
        bounds: dict[str, float] = defaultdict(float)
        for op in row["ops"]:
            bounds[op["bound"]] += op["seconds"]
        whole = sum(bounds.values()) or 1.0
        said = ", ".join(f"{bound} {seconds / whole:.0%}"
                         for bound, seconds in sorted(bounds.items(), key=lambda one: -one[1]))  # fmt: skip
        parts.append(f"{name}: {said}")
    return f"What binds, by share of the time. {'; '.join(parts)}."


def _where_table(answers: Mapping[str, Mapping[str, Any]], able: Mapping[str, Mapping[str, Any]]) -> Table:
    """Bars of the share that each kind takes."""
    sums = {name: sum(kind["seconds"] for kind in row["kinds"].values()) or 1.0 for name, row in able.items()}
    kinds = dict.fromkeys(kind for row in able.values() for kind in row["kinds"])
    order = sorted(
        kinds, key=lambda kind: -max(_seconds(row, kind) / sums[name] for name, row in able.items())
    )
    cells = [
        [kind, *(cell for name, row in able.items() for cell in _cells(row, kind, sums[name]))]
        for kind in order
    ]
    columns = ["Kind of op", *(title for name in able for title in (f">{name}", "Share", "Bound by"))]
    notes = [f"{name}: {row['refused']}" for name, row in answers.items() if row["refused"]]
    notes += [f"{name}: one of them cannot hold it; the time is that of the work."
              for name, row in able.items() if not row["fits"]]  # fmt: skip
    return Table.of("Where the time goes", columns, cells, notes)


def _seconds(row: Mapping[str, Any], kind: str) -> float:
    return float(row["kinds"].get(kind, {}).get("seconds", 0.0))


def _cells(row: Mapping[str, Any], kind: str, whole: float) -> tuple[str | None, str, str]:
    seconds = _seconds(row, kind)
    share = seconds / whole
    bound = row["kinds"].get(kind, {}).get("bound", "")
    return show(seconds, "time", 3), f"{'#' * round(_BAR * share):<{_BAR}} {share:4.0%}", bound


def _ops_table(name: str, row: Mapping[str, Any]) -> Table:
    """The ops that take the most time, as the chart has them."""
    whole = sum(op["seconds"] for op in row["ops"]) or 1.0
    rows = [
        (op["op"], op["kind"], f"{op['count']:,.0f}", number(op["intensity"], 3) if op["intensity"] else None,
         show(op["attained"], "flop rate", 3) if op["attained"] else None,
         show(op["seconds"], "time", 3), f"{op['seconds'] / whole:.1%}", op["bound"])
        for op in row["ops"][:_ROWS]
    ]  # fmt: skip
    columns = ["Op", "Kind", ">Times", ">FLOP per byte", ">Attained", ">Time", ">Share", "Bound by"]
    left = row["ops"][_ROWS:]
    rest = sum(op["seconds"] for op in left) / whole
    notes = [f"{len(left)} more take {rest:.1%} of the time."] if left else []
    return Table.of(f"Ops on {name}", columns, rows, notes)
