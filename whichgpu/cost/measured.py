"""The published measurements, `data/measured/`, and those that no fit uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def measured_rows() -> Iterable[dict[str, str]]:
    """Every row of `data/measured/`, in order, with what `data/fits/stated.toml` says of it."""
    return map(_stated, store.rows("measured"))


def _stated(row: dict[str, str]) -> dict[str, str]:
    for rule in store.load("fits").get("stated", {}).get("rows", ()):
        if _begins(row, rule["where"]):
            options = ";".join(part for part in (row["options"], rule.get("options", "")) if part)
            row = {**row, "options": options, "batch": row["batch"] or rule.get("batch", "")}
    return row


def _begins(row: Mapping[str, str], where: Mapping[str, str | list[str]]) -> bool:
    """Whether a row's columns begin with these texts, or each with one of several."""
    return all(
        row[column].startswith(texts if isinstance(texts, str) else tuple(texts))
        for column, texts in where.items()
    )


def left_out(row: Mapping[str, str]) -> str:
    """Why no fit uses a row; empty where one does. The list is `data/fits/left-out.toml`."""
    for rule in store.load("fits")["left-out"]["rows"]:
        named = rule.get("ids")
        if row["id"] in named if named else _begins(row, rule.get("where", {})):
            return str(rule["reason"])
    return ""
