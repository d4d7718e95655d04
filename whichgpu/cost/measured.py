"""The published measurements, `data/measured/`, and those that no fit uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def measured_rows() -> Iterable[dict[str, str]]:
    """Every row of `data/measured/`, in order."""
    return store.rows("measured")


def left_out(row: Mapping[str, str]) -> str:
    """Why no fit uses a row; empty where one does. The list is `data/fits/left-out.toml`."""
    for rule in store.load("fits")["left-out"]["rows"]:
        named = rule.get("ids")
        alike = all(row[column].startswith(text) for column, text in rule.get("where", {}).items())
        if row["id"] in named if named else alike:
            return str(rule["reason"])
    return ""
