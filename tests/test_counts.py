"""The counts made beforehand are those of the traces. `python tests/test_counts.py` makes them anew."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from whichgpu.facts import store
from whichgpu.workloads.counts import Counts, counts, digest_of, made, traced
from whichgpu.workloads.workload import resolve, workloads

pytestmark = pytest.mark.slow

FILE = Path(__file__).parent.parent / "whichgpu" / "data" / "counts" / "zoo.csv"


@pytest.mark.parametrize("every", [4, 1])
@pytest.mark.thorough(every=2)
def test_the_stored_counts_are_those_of_the_traces(every):
    """A change of a family moves the counts of many of its workloads, so that every fourth tells of it."""
    stored = FILE.read_text(encoding="utf-8").splitlines()
    some = {item.id: item for item in list(workloads().values())[::every]}
    now = made(some.values()).splitlines()
    assert every > 1 or len(stored) == len(now)
    known = {line.partition(",")[0] for line in now}
    stored = [line for line in stored if line.partition(",")[0] in known]
    off = sorted({line.partition(",")[0] for line in set(stored) ^ set(now)})
    assert not off, f"run: python tests/test_counts.py ({len(off)} differ: {', '.join(off[:5])})"
    assert stored == now


def test_what_is_stored_is_not_traced(monkeypatch):
    item = resolve("resnet50")
    monkeypatch.setattr("whichgpu.workloads.counts.traced", lambda _: pytest.fail("traced"))
    assert counts(item).parameters == 25_557_032


def test_other_dimensions_are_traced():
    item = resolve("resnet50")
    wider = replace(item, dims={**item.dims, "classes": 10})
    assert digest_of(wider) != digest_of(item)
    assert counts(wider) == traced(wider)
    assert counts(wider).parameters == 25_557_032 - 990 * 2049


def test_a_workload_of_the_users_own_is_traced(tmp_path, monkeypatch):
    (tmp_path / "workloads").mkdir()
    own = 'name = "Mine"\nfamily = "resnet"\n[dimensions]\n'
    dims = resolve("resnet18").dims
    own += "".join(f"{key} = {value if not isinstance(value, str) else repr(value)}\n"
                   for key, value in dims.items() if not isinstance(value, bool | dict))  # fmt: skip
    (tmp_path / "workloads" / "mine.toml").write_text(own)
    monkeypatch.setenv("WHICHGPU_DATA", str(tmp_path))
    for cached in (store.load, workloads):
        cached.cache_clear()
    try:
        found = counts(workloads()["mine"])
    finally:
        monkeypatch.delenv("WHICHGPU_DATA")
        for cached in (store.load, workloads):
            cached.cache_clear()
    assert isinstance(found, Counts)
    assert found.parameters == counts(resolve("resnet18")).parameters


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(made(workloads().values()), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE}\n")
