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
        if row["id"] in rule.get("ids", ()):
            return str(rule["reason"])
        if "source" in rule and row["source"].startswith(rule["source"]) and row["phase"] == rule["phase"]:
            return str(rule["reason"])
    return ""
