"""Workloads as reports: what a model is, and whether it matches what was published."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from whichgpu.report.table import Report, Table
from whichgpu.units import number, show
from whichgpu.workloads.ops import PRODUCTS, stored_weight_bytes, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

_SCALES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def flop(value: float) -> str:
    """FLOPs in a readable size: `8.18 GFLOP`."""
    for scale, prefix in _SCALES:
        if value >= scale:
            return f"{number(value / scale, 4)} {prefix}FLOP"
    return f"{number(value, 4)} FLOP"


def count(value: float) -> str:
    """Parameters in a readable size: `25.56 M`, `6.738 B`."""
    for scale, suffix in ((1e9, " B"), (1e6, " M"), (1e3, " k")):
        if value >= scale:
            return f"{number(value / scale, 4)}{suffix}"
    return number(value, 4)


def list_report(items: Iterable[Workload]) -> Report:
    """Every workload: size, work, phases."""
    entries = [_summary(item) for item in items]
    cells = (
        (entry["id"], entry["name"], entry["family"], count(entry["parameters"]), flop(entry["flops"]),
         entry["unit_of_work"], entry["phases"][0])
        for entry in entries
    )  # fmt: skip
    note = "FLOP: one forward pass at the default input and batch 1, two per multiply-add."
    columns = ["Workload", "Name", "Family", ">Parameters", ">FLOP", "Unit", "Default phase"]
    table = Table.of(f"{len(entries)} workloads", columns, cells, [note])
    return Report({"workloads": entries}, (table,))


def _summary(item: Workload) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "family": item.family,
        "parameters": sum(item.parameters().values()),
        "flops": item.flops(),
        "unit_of_work": item.unit,
        "phases": list(item.phases),
    }


def show_report(item: Workload) -> Report:
    """One workload: parameters by module, work by kind, published figures, sources."""
    job = item.reference_job()
    ops = item.trace(job)
    modules = item.parameters()
    kinds = _kinds(ops)
    published = _published(item)
    document = {
        **_summary(item),
        "modules": modules,
        "bytes": {"weights": float(stored_weight_bytes(ops)), "read": float(total(ops, "read_bytes")),
                  "written": float(total(ops, "write_bytes"))},
        "ops": kinds,
        "published": published,
        "aliases": list(item.aliases),
        "sources": {key: source.title for key, source in item.sources.items()},
        "job": job.to_dict(),
    }  # fmt: skip
    blocks = [_head(item, document), _modules(modules), _ops(kinds)]
    if published:
        blocks.append(_agreement(published))
    return Report(document, tuple(blocks))


def _kinds(ops: Iterable[Op]) -> dict[str, dict[str, float]]:
    """Work by kind of op, most FLOPs first."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for op in ops:
        row = sums[op.kind]
        row["executions"] += float(op.count)
        row["flops"] += float(op.flops * op.count)
        row["weight_bytes"] += float(op.weight_bytes * op.count)
        row["activation_bytes"] += float((op.read_bytes + op.write_bytes) * op.count)
    return {kind: dict(row) for kind, row in sorted(sums.items(), key=lambda item: -item[1]["flops"])}


def computed(item: Workload) -> dict[str, float]:
    """What publications state, as this package counts it: parameters, FLOPs, multiply-adds."""
    flops = item.flops()
    return {"parameters": float(sum(item.parameters().values())), "flops": flops, "macs": flops / 2}


def _published(item: Workload) -> dict[str, dict[str, Any]]:
    ours = computed(item)
    return {
        name: {
            "value": fact.value,
            "ours": ours.get(name),
            "ratio": ours[name] / fact.value if name in ours and fact.value else None,
            "source": fact.source,
            "note": fact.note,
        }
        for name, fact in item.published.items()
    }


def _head(item: Workload, document: Mapping[str, Any]) -> Table:
    job = {key: value for key, value in document["job"].items() if key not in ("workload", "options")}
    rows = [
        ("Family", item.family),
        ("Phases", ", ".join(item.phases)),
        ("Unit of work", item.unit),
        ("Parameters", f"{document['parameters']:,}"),
        ("Forward pass", f"{flop(document['flops'])} ({flop(document['flops'] / 2)[:-4]}MAC), batch 1"),
        ("Weights", show(document["bytes"]["weights"], "memory")),
        ("Activations read", show(document["bytes"]["read"], "memory")),
        ("Activations written", show(document["bytes"]["written"], "memory")),
        ("Counted for", ", ".join(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
                                  for key, value in job.items())),
        ("Sources", "; ".join(source.title for source in item.sources.values()) or None),
    ]  # fmt: skip
    return Table.of(f"{item.name} ({item.id})", ["What", "Value"], rows)


def _modules(modules: Mapping[str, int]) -> Table:
    whole = sum(modules.values()) or 1
    rows = [(name, f"{size:,}", f"{size / whole:.1%}") for name, size in modules.items()]
    return Table.of("Parameters by module", ["Module", ">Parameters", ">Share"], rows)


def _ops(kinds: Mapping[str, Mapping[str, float]]) -> Table:
    rows = [
        (kind, f"{row['executions']:,.0f}", flop(row["flops"]), show(row["weight_bytes"], "memory"),
         show(row["activation_bytes"], "memory"))
        for kind, row in kinds.items()
    ]  # fmt: skip
    columns = ["Kind of op", ">Executions", ">FLOP", ">Weights read", ">Activations moved"]
    note = f"What publications count are the matrix products: {', '.join(PRODUCTS)}."
    return Table.of("Work of one forward pass", columns, rows, [note])


def _agreement(published: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        (name, count(row["value"]), count(row["ours"]) if row["ours"] is not None else None,
         f"{row['ratio'] - 1:+.2%}" if row["ratio"] else None, row["source"], row["note"])
        for name, row in published.items()
    ]  # fmt: skip
    columns = ["Figure", ">Published", ">Here", ">Difference", "Source", "Note"]
    return Table.of("Against what was published", columns, rows)
