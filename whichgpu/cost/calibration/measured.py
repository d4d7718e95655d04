"""The published measurements, `data/measured/`, and those that no fit uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    _Texts = Sequence[tuple[str, str | tuple[str, ...]]]


def measured_rows() -> Iterable[dict[str, str]]:
    """Every row of `data/measured/`, in order, with what `data/fits/stated.toml` says of it."""
    rules = [(_texts(rule["where"]), rule) for rule in store.load("fits").get("stated", {}).get("rows", ())]
    return (_stated(row, rules) for row in store.rows("measured"))


def _stated(row: dict[str, str], rules: Iterable[tuple[_Texts, Mapping[str, Any]]]) -> dict[str, str]:
    for where, rule in rules:
        if _begins(row, where):
            options = ";".join(part for part in (row["options"], rule.get("options", "")) if part)
            said = {"options": options, "batch": row["batch"] or rule.get("batch", "")}
            if "runtime" in rule:
                said["runtime"] = f"{row['runtime']} {rule['runtime']}"
            row = {**row, **said}
    return row


def _texts(where: Mapping[str, str | list[str]]) -> _Texts:
    """By column what it begins with, or one of several."""
    return [(column, texts if isinstance(texts, str) else tuple(texts)) for column, texts in where.items()]


def _begins(row: Mapping[str, str], where: _Texts) -> bool:
    """Whether each column of a row begins so; the first that does not is mostly that of the source."""
    return all(row[column].startswith(texts) for column, texts in where)


def left_out(row: Mapping[str, str]) -> str:
    """Why no fit uses a row; empty where one does. The list is `data/fits/left-out.toml`."""
    for rule in store.load("fits")["left-out"]["rows"]:
        named = rule.get("ids")
        if row["id"] in named if named else _begins(row, _texts(rule.get("where", {}))):
            return str(rule["reason"])
    return ""
