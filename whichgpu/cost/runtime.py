"""Software stacks as data: `data/runtimes/runtimes.toml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Runtime:
    """One software stack; times in seconds, shares of peak and bandwidth as fractions.

    `tf32` names the op kinds whose FP32 products run in TF32 unasked where the GPU can.
    `exact` is False where free text named no known stack and this is only the nearest.
    """

    id: str
    title: str
    vendors: tuple[str, ...]
    min_cc: float
    year: int
    launch: float
    gap: float
    fixed: float
    overlap: float
    fuses: bool
    flash: bool
    tf32: tuple[str, ...]
    products: Mapping[str, float]
    memory: Mapping[str, float]
    sequence: float
    default_precision: Mapping[str, str]
    exact: bool = True
    variant: str = ""

    @property
    def key(self) -> str:
        """The id with what sets this use of it apart: channels-last tensors run other kernels."""
        return self.id + self.variant


_TIMES = ("launch", "gap", "fixed", "sequence")


@lru_cache(maxsize=1)
def runtimes() -> Mapping[str, Runtime]:
    """Every runtime by id."""
    return {key: _runtime(key, row) for key, row in _rows().items()}


def _rows() -> Mapping[str, Any]:
    return {key: row for file in store.load("runtimes").values() for key, row in file["runtime"].items()}


def _runtime(key: str, row: Mapping[str, Any], *, exact: bool = True) -> Runtime:
    columns = {name: value for name, value in row.items() if name not in ("names", *_TIMES)}
    columns["vendors"] = tuple(row["vendors"])
    columns["tf32"] = tuple(row.get("tf32", ()))
    columns.setdefault("default_precision", {})
    columns.update((name, parse(row[name], "time")) for name in _TIMES)
    return Runtime(id=key, exact=exact, **columns)


@lru_cache(maxsize=4096)
def runtime(text: str, fallback: str) -> Runtime:
    """The runtime that free text names; the `fallback`'s id, marked inexact, where none is named.

    The longest name found as whole words wins: "TensorRT-LLM 0.17" is not TensorRT.
    """
    rows = _rows()
    if text in rows:
        return _runtime(text, rows[text])
    found = ""
    where = fallback
    for key, row in rows.items():
        for name in row["names"]:
            if len(name) > len(found) and re.search(rf"(?<![a-z]){re.escape(name)}", text.lower()):
                found, where = name, key
    return _runtime(where, rows[where], exact=bool(found))
