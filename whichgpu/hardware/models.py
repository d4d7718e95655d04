"""Whether what is typed for a GPU is the name of a workload, to say so in place of a list of GPUs."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def told(text: str) -> str:
    """What to type where a text names a workload; empty where it names none."""
    key = _ids().get(_plain(text), "")
    return key and f"it is a workload: whichgpu workload {key}; compare and show take it as --workload {key}"


@cache
def _ids() -> dict[str, str]:
    """The ids of workloads by their names, bare of marks and case."""
    names, heads, _ = store.glance("workloads")
    keys = {key: (stem, tables) for stem, tables in names.items() for key in tables.get("workload", (stem,))}
    found = {_plain(key): key for key in keys}
    for key, (stem, tables) in keys.items():
        head = heads[stem]["workload"][key] if "workload" in tables else heads[stem]
        for name in _names(head):
            found.setdefault(_plain(name), key)
    return found


def _names(head: Mapping[str, Any]) -> Iterator[str]:
    yield str(head.get("name", ""))
    yield from map(str, head.get("aliases", ()))


def _plain(text: str) -> str:
    return re.sub(r"[\s_.-]+", "", text).lower()
