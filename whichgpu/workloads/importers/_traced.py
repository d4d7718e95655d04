"""Noted operators to a workload of the family `traced`: each number becomes a + b x batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.workloads.importers._tracers.batches import alike
from whichgpu.workloads.ops import KINDS
from whichgpu.workloads.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.importing import Given

#: What grows with the batch and what does not, where only one batch was seen.
_FIXED = ("parameters", "weights")
#: Of a product, the dimension that holds the batch where only one batch was seen.
_BATCHED = {"gemm": "m", "conv": "m", "attention": "batch"}
_COUNTS = ("read", "write", "saved", "flops", "weights", "parameters")


def traced_workload(source: str, answer: Mapping[str, Any], given: Given, *, kind: str) -> Workload:
    """The workload of noted operators; `answer` is what a tracer gives.

    Raises `UsageError` for an answer that no tracer gives: the code that was traced may have written it.
    """
    try:
        return _workload(source, answer, given, kind)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError):
        raise UsageError(
            f"{source}: what its process answered is no list of operators; does it write to handles that it "
            "did not open?"
        ) from None


def _workload(source: str, answer: Mapping[str, Any], given: Given, kind: str) -> Workload:
    first, second, batch = answer["first"], answer.get("second"), float(answer["batch"])
    if not first:
        raise UsageError(f"{source}: no operator was run, so there is nothing to cost")
    notes = [str(note) for note in answer.get("notes", ())]
    if second is not None and not alike(first, second):
        second = None
        notes.append(f"what it does for another batch than {batch:g} is not known, so work is scaled")
    rows = [
        _row(op, None if second is None else second[index], batch) for index, op in enumerate(first)
    ]  # fmt: skip
    dims = {
        "unit": given.unit or "samples",
        "inputs": list(answer["inputs"]),
        "notes": notes,
        "ops": _merged(rows),
    }
    return Workload(
        id=source, name=f"{answer['name']} ({kind})", family="traced", dims=dims, aliases=(), defaults={},

    )  # fmt: skip


def _row(op: Mapping[str, Any], twice: Mapping[str, Any] | None, batch: float) -> dict[str, Any]:
    """One operator with its numbers as functions of the batch; zeros are left out."""
    row: dict[str, Any] = {"kind": op["kind"], "layer": op["layer"]}
    for name in KINDS[op["kind"]]:
        other = None if twice is None else twice["dims"].get(name, 0)
        scales = name == _BATCHED.get(op["kind"], "elements")
        row[name] = _fit(op["dims"].get(name, 0), other, batch, scales=scales)
    for name in _COUNTS:
        other = None if twice is None else twice.get(name, 0)
        row[name] = _fit(op.get(name, 0), other, batch, scales=name not in _FIXED)
    row = {name: value for name, value in row.items() if name in KINDS[op["kind"]] or value != 0}
    if op.get("backward"):
        row["backward"] = op["backward"]
    if op.get("starts"):
        row["starts"] = 1
    return row


def _fit(value: float, twice: float | None, batch: float, *, scales: bool) -> Any:
    """A number, or [a, b] for a + b x batch, through its values at `batch` and twice that."""
    slope = (value / batch if scales else 0.0) if twice is None else (twice - value) / batch
    if not slope:
        return _plain(value)
    return [_plain(value - slope * batch), _plain(slope)]


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def _merged(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Operators that do the same work in one part of the model, written once with their count."""
    merged: dict[str, dict[str, Any]] = {}
    for row in rows:
        top = row["layer"].partition(".")[0]
        key = repr([top, *(item for item in sorted(row.items()) if item[0] not in ("layer", "starts"))])
        seen = merged.get(key)
        if seen is None:
            merged[key] = dict(row)
            continue
        seen["copies"] = seen.get("copies", 1) + 1
        if "starts" in row:
            seen["starts"] = seen.get("starts", 0) + row["starts"]
    return list(merged.values())
