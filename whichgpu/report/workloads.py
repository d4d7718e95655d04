"""Workloads as reports: what a model is, and whether it matches what was published."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from whichgpu.report.roofline import demand_rows, demands, where, where_blocks
from whichgpu.report.table import Bullets, Report, Table
from whichgpu.units import number, show
from whichgpu.workloads.agreement import agreements
from whichgpu.workloads.checkpointing import AGAIN
from whichgpu.workloads.counts import counts, traced
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import COUNTED, PRODUCTS, stored_weight_bytes, total
from whichgpu.workloads.precision import of_job, precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from whichgpu.report.table import Block
    from whichgpu.workloads.counts import Counts
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.workload import Workload

_STAGES = ("forward", "recomputed", "backward", "optimizer")
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


def list_report(items: Iterable[Workload], advance: Callable[[int], None]) -> Report:
    """Every workload: size, work, phases; `advance` is told of each that is done."""
    entries = []
    for item in items:
        entries.append(_summary(item, counts(item)))
        advance(1)
    cells = (
        (entry["id"], entry["name"], entry["family"], count(entry["parameters"]), flop(entry["flops"]),
         entry["unit_of_work"], entry["phases"][0])
        for entry in entries
    )  # fmt: skip
    note = "FLOP: one forward pass at the default input and batch 1, two per multiply-add."
    columns = ["Workload", "Name", "Family", ">Parameters", ">FLOP", "Unit", "Default phase"]
    table = Table.of(f"{len(entries)} workloads", columns, cells, [note])
    return Report({"workloads": entries}, (table,))


def _summary(item: Workload, known: Counts) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "family": item.family,
        "parameters": known.parameters,
        "flops": known.flops,
        "unit_of_work": known.unit,
        "phases": list(known.phases),
    }


def show_report(
    item: Workload, job: Job | None = None, gpus: Sequence[str] = (), *, whole: bool = False
) -> Report:
    """One workload: parameters by module, work by kind, where its time goes, published figures, sources.

    The work is that of one forward pass, or of one pass of a `job` where one is stated; `gpus` are those
    whose time is shown, and `whole` has their ops one by one too.
    """
    spent = where(job or Job(item.id), gpus)
    done = item.reference_job() if job is None else _complete(item, job, spent)
    ops = item.reference_ops() if job is None else item.trace(done)
    modules = item.parameters()
    kinds = _kinds(ops)
    published = _published(item)
    document = {
        **_summary(item, traced(item)),
        "active_parameters": item.active_parameters(),
        "modules": modules,
        "work": _work(item, done, ops),
        "bytes": {"weights": _stored(item, ops, stated=job is not None),
                  "read": float(total(ops, "read_bytes")), "written": float(total(ops, "write_bytes")),
                  "kv_cache": float(total(ops, "kv_bytes"))},
        "ops": kinds,
        "cache": _cache(item, done, job),
        **demands(item, done, ops),
        "where": spent,
        "file": item.dims.get("file"),
        "notes": list(item.dims.get("notes", ())),
        "published": published,
        "aliases": list(item.aliases),
        "sources": {key: source.title for key, source in item.sources.items()},
        "job": done.to_dict(),
    }  # fmt: skip
    blocks: list[Block] = [
        _head(item, document),
        _modules(modules),
        _ops(kinds, done, stated=job is not None),
    ]
    blocks += [_stages(document["work"])] if len(document["work"]["stages"]) > 1 else []
    blocks += where_blocks(spent, whole=whole)
    remarks = dict.fromkeys(one for row in spent.values() for one in row["warnings"]) if job else {}
    blocks += [_file(document["file"])] if document["file"] else []
    said = tuple({**remarks, **dict.fromkeys(document["notes"])})
    blocks += [Bullets(said)] if said else []
    if published:
        blocks.append(_agreement(published))
    return Report(document, tuple(blocks))


def _stored(item: Workload, ops: Sequence[Op], *, stated: bool) -> float:
    """Bytes of the weights: those of the file that was brought, but of a job those of its precision."""
    held = (item.dims.get("file") or {}).get("bytes")
    return float(held) if held and not stated else float(stored_weight_bytes(ops))


def _complete(item: Workload, job: Job, spent: Mapping[str, Any]) -> Job:
    """The job with its gaps filled, as its time was estimated where it was."""
    laid = next((row["job"] for row in spent.values()), None)
    return Job(**laid) if laid else item.complete(job)


def _work(item: Workload, job: Job, ops: Iterable[Op]) -> dict[str, Any]:
    """FLOPs and bytes of one pass by its stages, and how much it produces."""
    stages: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for op in ops:
        row = stages["recomputed" if op.layer.endswith(AGAIN) else op.stage]
        row["flops"] += float(op.flops * op.count) if op.kind in COUNTED else 0.0
        row["bytes"] += float((op.weight_bytes + op.read_bytes + op.write_bytes + op.kv_bytes) * op.count)
    order = {stage: dict(stages[stage]) for stage in _STAGES if stage in stages}
    return {
        "flops": sum(row["flops"] for row in stages.values()),
        "bytes": sum(row["bytes"] for row in stages.values()),
        "units": float(item.units(job)),
        "stages": order,
    }


def _kinds(ops: Iterable[Op]) -> dict[str, dict[str, float]]:
    """Work by kind of op, most FLOPs first."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for op in ops:
        row = sums[op.kind]
        row["executions"] += float(op.count)
        row["flops"] += float(op.flops * op.count)
        row["weight_bytes"] += float(op.weight_bytes * op.count)
        row["activation_bytes"] += float((op.read_bytes + op.write_bytes) * op.count)
        row["kv_bytes"] += float(op.kv_bytes * op.count)
    return {kind: dict(row) for kind, row in sorted(sums.items(), key=lambda item: -item[1]["flops"])}


def _cache(item: Workload, done: Job, job: Job | None) -> dict[str, Any]:
    """What a sequence keeps: per token in the KV cache, for all of the job's, a recurrent state.

    The cache is in the format that a stated job keeps it in, and else in FP16.
    """
    serves = job is not None and not done.trains
    spec = of_job(done) if serves else precision("fp16")
    sizes: dict[str, Any] = {}
    if hasattr(item.code, "kv_cache"):
        sizes["bits"] = 8.0 * spec.kv
        own = (done.input_tokens or 0.0) + (done.output_tokens or 0.0)
        sizes["tokens"] = float(own or done.seq_len or 0.0)
        sizes["kv_bytes_per_sequence"] = float(item.code.kv_cache(item.dims, spec, sizes["tokens"]))
    if hasattr(item.code, "kv_bytes_per_token"):
        sizes["kv_bytes_per_token"] = item.code.kv_bytes_per_token(item.dims, spec)
    if hasattr(item.code, "state_bytes_per_sequence"):
        sizes["state_bytes_per_sequence"] = item.code.state_bytes_per_sequence(item.dims)
    return sizes


def _published(item: Workload) -> dict[str, dict[str, Any]]:
    return {
        row.figure: {
            "value": row.fact.value,
            "ours": row.ours,
            "ratio": row.ours / row.fact.value if row.fact.value else None,
            "source": row.fact.source,
            "note": row.fact.note,
        }
        for row in agreements(item)
    }


def _head(item: Workload, document: Mapping[str, Any]) -> Table:
    job = {key: value for key, value in document["job"].items() if key not in ("workload", "options")}
    rows = [
        ("Family", item.family),
        ("Phases", ", ".join(item.phases)),
        ("Unit of work", item.unit),
        ("Parameters", f"{document['parameters']:,}"),
        *_per_token(document),
        ("Forward pass", f"{flop(document['flops'])} ({flop(document['flops'] / 2)[:-4]}MAC), batch 1"),
        ("Weights", show(document["bytes"]["weights"], "memory")),
        ("Activations read", show(document["bytes"]["read"], "memory")),
        ("Activations written", show(document["bytes"]["written"], "memory")),
        *([("KV cache read", show(cached, "memory"))] if (cached := document["bytes"]["kv_cache"]) else []),
        *demand_rows(document),
        ("Counted for", ", ".join(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}"
                                  for key, value in job.items())),
        ("Sources", "; ".join(_sources(item)) or None),
    ]  # fmt: skip
    return Table.of(f"{item.name} ({item.id})", ["What", "Value"], rows)


def _sources(item: Workload) -> list[str]:
    """Where the dimensions and the published figures were read."""
    read = [item.dims["source"]] if "source" in item.dims else []
    return list(dict.fromkeys([*read, *(source.title for source in item.sources.values())]))


def _per_token(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What only language models have: active weights of a mixture of experts, KV cache, recurrent state."""
    rows = []
    if document["active_parameters"] != document["parameters"]:
        rows.append(("Active per token", f"{document['active_parameters']:,}"))
    cache = document["cache"]
    bits = cache.get("bits", 16.0)
    form = "FP16" if bits == 16.0 else f"{number(bits, 3)} bits a value"
    names = {
        "kv_bytes_per_token": f"KV cache per token ({form})",
        "state_bytes_per_sequence": "State per sequence",
    }
    if cache.get("tokens"):
        names["kv_bytes_per_sequence"] = f"KV cache of {cache['tokens']:,.0f} tokens ({form})"
    return rows + [(title, show(cache[key], "memory")) for key, title in names.items() if cache.get(key)]


def _file(stored: Mapping[str, Any]) -> Table:
    """What the header of a file of weights says."""
    rows = [
        (kind, f"{row['tensors']:,}", f"{row['elements']:,}", show(row["bytes"], "memory"))
        for kind, row in stored["types"].items()
    ]
    rows.append(("all", f"{stored['tensors']:,}", f"{stored['elements']:,}", show(stored["bytes"], "memory")))
    return Table.of("Weights in the file", ["Type", ">Tensors", ">Values", ">Size"], rows)


def _modules(modules: Mapping[str, int]) -> Table:
    whole = sum(modules.values()) or 1
    rows = [(name, f"{size:,}", f"{size / whole:.1%}") for name, size in modules.items()]
    return Table.of("Parameters by module", ["Module", ">Parameters", ">Share"], rows)


def _stages(work: Mapping[str, Any]) -> Table:
    """Forward, backward, what is computed twice, optimizer."""
    rows = [
        (
            stage,
            flop(row["flops"]),
            f"{row['flops'] / (work['flops'] or 1.0):.1%}",
            show(row["bytes"], "memory"),
        )
        for stage, row in work["stages"].items()
    ]
    return Table.of("Work by stage", ["Stage", ">FLOP of products", ">Share", ">Bytes moved"], rows)


def _ops(kinds: Mapping[str, Mapping[str, float]], job: Job, *, stated: bool) -> Table:
    moved = {"weight_bytes": ">Weights read", "activation_bytes": ">Activations moved"}
    if any(row["kv_bytes"] for row in kinds.values()):
        moved["kv_bytes"] = ">KV cache read"
    rows = [
        (kind, f"{row['executions']:,.0f}", flop(row["flops"]), *(show(row[key], "memory") for key in moved))
        for kind, row in kinds.items()
    ]
    columns = ["Kind of op", ">Executions", ">FLOP", *moved.values()]
    note = f"What publications count are the matrix products: {', '.join(PRODUCTS)}."
    title = f"Work of one pass ({job.phase})" if stated else "Work of one forward pass"
    return Table.of(title, columns, rows, [note])


def _agreement(published: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [
        (name, count(row["value"]), count(row["ours"]),
         f"{row['ratio'] - 1:+.2%}" if row["ratio"] else None, row["source"], row["note"])
        for name, row in published.items()
    ]  # fmt: skip
    columns = ["Figure", ">Published", ">Here", ">Difference", "Source", "Note"]
    return Table.of("Against what was published", columns, rows)
