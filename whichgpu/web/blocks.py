"""Pieces of a report as JSON and back, for what is worked out in another process."""

from __future__ import annotations

from typing import Any

from whichgpu.report import chart, table

_TUPLES: dict[str, Any] = {
    one.__name__: one
    for one in (
        chart.Point,
        chart.Line,
        chart.Panel,
        chart.Axis,
        chart.Bar,
        chart.Group,
        chart.Bars,
        chart.Chart,
        table.Column,
        table.Heading,
        table.Bullets,
        table.Reference,
        table.References,
    )
}
_TABLE = ("title", "columns", "rows", "notes", "strong")


def packed(value: Any) -> Any:
    """A piece as JSON types, each kind by its name."""
    if isinstance(value, table.Cited):
        return {"kind": "Cited", "of": [str(value), value.source, list(value.refs)]}
    if isinstance(value, table.Table):
        return {"kind": "Table", "of": [packed(getattr(value, name)) for name in _TABLE]}
    if type(value).__name__ in _TUPLES:
        return {"kind": type(value).__name__, "of": [packed(one) for one in value]}
    if isinstance(value, tuple | list):
        return [packed(one) for one in value]
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


def unpacked(value: Any) -> Any:
    """The piece again; lists are tuples, as in every report."""
    if isinstance(value, list):
        return tuple(unpacked(one) for one in value)
    if not isinstance(value, dict):
        return value
    held = [unpacked(one) for one in value["of"]]
    if value["kind"] == "Cited":
        return table.Cited(*held)
    return table.Table(*held) if value["kind"] == "Table" else _TUPLES[value["kind"]](*held)
