"""The store of live prices: whole at any moment, old or new; what an update does where sources fail."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from whichgpu import prices
from whichgpu.errors import DataError, UsageError
from whichgpu.prices import live, spot, vault
from whichgpu.prices.fetch import Folder
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, all_sources
from whichgpu.prices.update import chosen_sources, update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whichgpu.prices.fetch import Get

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent / "prices"
FIRST, NEXT = date(2026, 11, 19), date(2026, 11, 20)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return vault.folder()


def samples(folder: Path = SAMPLES) -> Callable[[str], Get]:
    return lambda source: Folder(folder, source)


def run(*names: str, day: date = FIRST, folder: Path = SAMPLES) -> tuple[Any, ...]:
    sources = [all_sources()[name] for name in names or all_sources()]
    return update(sources, samples(folder), day)


def test_without_a_store_the_shipped_prices_are_in_use() -> None:
    assert live.current() == prices.bundled()
    assert live.standing() == live.Standing({})
    assert live.history() == ()


def test_what_was_read_is_in_use_beside_what_shipped() -> None:
    outcomes = run()
    assert not any(outcome.failure for outcome in outcomes)
    rows = live.current()
    assert len(rows) == len(prices.bundled()) + sum(outcome.rows for outcome in outcomes)
    (live_row,) = [row for row in rows if (row.source, row.instance) == ("gpuhunt", "gpu_1x_a6000")]
    assert (live_row.gpu, live_row.as_of, live_row.listing) == ("rtx-a6000", FIRST, "newer")
    wanted = ("lambda", "rtx-a6000", "on_demand")
    lambdas = [row for row in rows if (row.provider, row.gpu, row.kind) == wanted]
    shipped = [row for row in lambdas if row.gpu_count == 1 and row.as_of and row.as_of < FIRST]
    assert shipped
    assert all(row.listing.startswith("older") for row in shipped)
    assert prices.offers(providers=["lambda"], gpus=["rtx-a6000"])
    assert set(live.standing().sources) == set(all_sources())
    assert {row.id for row in prices.store.sources().values()} >= {
        row.source for row in rows if ";" not in row.source
    }


def test_rows_are_set_aside_with_the_reason() -> None:
    run()
    said = {(row.source, row.instance, row.kind): row.quarantine for row in live.current()}
    assert said["skypilot", "1x T4 (gpu only)", "on_demand"] == "accelerator without host"
    assert (
        said["azure-retail-prices", "Standard_ND999_Future_v9", "on_demand"]
        == "no such device in the catalogue"
    )


def test_the_same_prices_again_add_nothing_to_history_and_others_do(tmp_path: Path) -> None:
    run("skypilot")
    before = live.history()
    run("skypilot", day=NEXT)
    assert live.history() == before
    changed = tmp_path / "changed"
    shutil.copytree(SAMPLES, changed)
    table = changed / "skypilot" / "lambda.csv"
    table.write_text(table.read_text().replace("1.09", "0.99"))
    run("skypilot", day=NEXT, folder=changed)
    (new,) = live.history()[len(before) :]
    assert (new["instance"], new["usd_per_hour"], new["as_of"]) == ("gpu_1x_a6000", "0.99", "2026-11-20")


def test_every_region_of_what_was_read_is_kept_with_its_price() -> None:
    run("azure-retail-prices", "aws-price-list")
    (row,) = [r for r in live.current() if (r.source, r.instance, r.kind) == (
        "azure-retail-prices", "Standard_NC24ads_A100_v4", "on_demand")]  # fmt: skip
    assert row.usd_by_region == {"eastus": 3.673, "westeurope": 4.408}
    there = row.within({"westeurope"})
    assert there is not None
    assert (there.region, there.usd_per_hour, row.region, row.usd_per_hour) == (
        "westeurope", 4.408, "eastus", 3.673)  # fmt: skip
    europe = prices.offers(gpus=["a10g"], regions=["eu-west-1"], kinds=["on_demand"])
    (read,) = [r for r in europe if r.source == "aws-price-list"]
    assert (read.usd_per_hour, read.listing) == (1.1267, "newer")
    assert all(r.superseded for r in europe if r.source == "aws-gpu-regions" and r.gpu_count == 1)
    north = prices.offers(gpus=["a10g"], regions=["eu-north-1"], kinds=["on_demand"])
    assert north
    assert not any(r.superseded for r in north), "the newer list is of other regions"


def test_a_store_of_a_release_without_regions_still_counts(home: Path) -> None:
    """The rows that it read are merged anew, with the column that came since left empty."""
    run("skypilot")
    held = vault.read()
    assert held is not None
    short = [row[:-1] for row in json.loads(held.files[live.READ])]
    meta = {**json.loads(held.files[live.META]), "shipped": "another"}
    vault.write({**held.files, live.READ: json.dumps(short).encode(), live.META: json.dumps(meta).encode()})
    rows = [row for row in live.current() if row.source == "skypilot"]
    assert len(rows) == len(short)
    assert {row.by_region for row in rows} == {""}
    assert not live.problem()
    (fine,) = run("skypilot", day=NEXT)
    assert not fine.failure


def test_a_source_that_fails_keeps_its_old_rows_and_says_so(tmp_path: Path) -> None:
    run("gpuhunt", "skypilot")
    old = {row for row in live.current() if row.source == "gpuhunt"}
    broken = tmp_path / "broken"
    shutil.copytree(SAMPLES, broken)
    for path in (broken / "gpuhunt").glob("*.zip"):
        path.write_bytes(b"<html>moved</html>")
    failed, fine = run("gpuhunt", "skypilot", day=NEXT, folder=broken)
    assert "zip" in failed.failure
    assert not fine.failure
    assert {row.instance for row in live.current() if row.source == "gpuhunt"} == {
        row.instance for row in old
    }
    assert {row.as_of for row in live.current() if row.source == "gpuhunt"} == {FIRST}
    assert {row.as_of for row in live.current() if row.source == "skypilot"} == {NEXT}
    standing = live.standing().sources["gpuhunt"]
    assert (standing["as_of"], standing["failed"]) == ("2026-11-19", "2026-11-20")


def test_a_source_that_breaks_its_reader_does_not_stop_the_others() -> None:
    broken = PriceSource("broken", "x", lambda _: json.loads("[" * 200_000))
    overflow = PriceSource("overflow", "x", lambda _: Found((Listing("a", "b", "L4", 1.0, math.nan),)))
    failed, fine = update([broken, all_sources()["skypilot"]], samples(), FIRST)
    assert "something else (RecursionError" in failed.failure
    assert not fine.failure
    (nan,) = update([overflow], samples(), FIRST)
    assert nan.quarantined == 1, "a price that is no number is set aside"


def test_a_source_that_lost_most_of_its_rows_is_not_believed(tmp_path: Path) -> None:
    run("skypilot")
    thin = tmp_path / "thin"
    shutil.copytree(SAMPLES, thin)
    header = (SAMPLES / "skypilot" / "azure.csv").read_text()
    for path in (thin / "skypilot").iterdir():
        if path.name != "lambda.csv":
            path.write_text(header)
    (outcome,) = run("skypilot", day=NEXT, folder=thin)
    assert "not believed" in outcome.failure
    assert {row.as_of for row in live.current() if row.source == "skypilot"} == {FIRST}


@pytest.mark.parametrize("usd", [math.nan, -1.0, 1e300, 0.0])
def test_prices_that_are_none_do_not_take_the_place_of_those_that_were_read(usd: float) -> None:
    """Rows that are set aside are in no answer: a source that has lost its sound ones keeps the old."""
    rows = [Listing("acme", f"box-{gpus}", "NVIDIA L4 24GB", float(gpus), 0.8 * gpus) for gpus in (1, 2, 4)]
    (fine,) = update([PriceSource("acme", "x", lambda _: Found(tuple(rows)))], samples(), FIRST)
    assert (fine.rows, fine.quarantined, fine.failure) == (3, 0, "")
    broken = Found(tuple(row._replace(usd=usd) for row in rows))
    (outcome,) = update([PriceSource("acme", "x", lambda _: broken)], samples(), NEXT)
    assert outcome.failure == "lists 0 sound offers where it listed 3; not believed"
    kept = [row for row in live.current() if row.source == "acme"]
    assert [(row.usd_per_hour, row.as_of, row.quarantine) for row in kept] == [
        (0.8 * gpus, FIRST, "") for gpus in (1, 2, 4)
    ]


def test_nothing_is_written_where_no_source_can_be_read(tmp_path: Path, home: Path) -> None:
    outcomes = run(folder=tmp_path / "nowhere")
    assert all(outcome.failure for outcome in outcomes)
    assert not (home / vault.CURRENT).exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "not json"])
def test_a_damaged_store_gives_the_one_before(home: Path, damage: str) -> None:
    run("skypilot")
    run("skypilot", "gpuhunt", day=NEXT)
    first, second = sorted(path for path in home.iterdir() if path.name.startswith("g-"))
    assert (home / vault.CURRENT).read_text() == second.name
    table = second / live.TABLE
    if damage == "cut":
        table.write_bytes(table.read_bytes()[:-10])
    elif damage == "changed":
        table.write_bytes(table.read_bytes().replace(b"1.09", b"0.01"))
    elif damage == "gone":
        shutil.rmtree(second)
    else:
        (second / vault.WHOLE).write_text("{")
    held = vault.read()
    assert held is not None
    assert held.generation == first.name
    assert "whichgpu prices update" in live.standing().problem
    shutil.rmtree(first)
    assert live.standing().problem or damage == "gone"
    assert live._current(("again", 1))[0]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"g-999999"])
def test_a_damaged_name_of_the_generation_is_said_and_the_newest_used(home: Path, content: bytes) -> None:
    run("skypilot")
    (home / vault.CURRENT).write_bytes(content)
    held = vault.read()
    assert held is not None
    assert (held.generation, bool(held.files), bool(held.problem)) == ("g-000001", True, True)
    (outcome,) = run("skypilot", day=NEXT)
    assert not outcome.failure
    assert not live.standing().problem


def test_what_a_source_says_steers_no_terminal() -> None:
    def read(_: Get) -> Found:
        raise DataError("version '\x1b[2J\x07\nx' is none")

    (outcome,) = update([PriceSource("rude", "x", read)], samples(), FIRST)
    assert outcome.failure == "version '?[2J? x' is none"


@pytest.mark.parametrize("name", [live.TABLE, live.META, live.READ, live.INTERRUPTIONS, live.HISTORY])
@pytest.mark.parametrize(
    "content", [b"", b"{}", b'[["a"]]', b"\xff" + b"[" * 99_999], ids=["", "{}", "[]", "["]
)
def test_a_store_that_somebody_else_wrote_breaks_nothing(name: str, content: bytes, whichgpu: Any) -> None:
    """Whole by its digests, yet not what an update writes: the shipped prices, or the sound rest of it."""
    with vault.lock():
        vault.write({**_whole(), name: content})
    for cached in (live._held, live._table, live._current, spot._bands):
        cached.cache_clear()
    assert len(live.current()) >= len(prices.bundled())
    assert whichgpu("prices", "rtx-a6000").status == 0
    assert whichgpu("prices", "rtx-a6000", "--history").status == 0
    assert whichgpu("prices", "spot", "a10", "--hours", "9").status == 0
    assert isinstance(live.standing().sources, dict)
    if name == live.TABLE:
        assert "prices update" in live.standing().problem
    (outcome,) = run("lambda-api", day=NEXT)
    assert not outcome.failure
    for cached in (live._held, live._table, live._current, spot._bands):
        cached.cache_clear()
    assert not live.standing().problem, "an update mends it"


def _whole() -> dict[str, bytes]:
    """The files of a sound store."""
    files = {live.TABLE: b"[]", live.READ: b"[]", live.HISTORY: b"", live.INTERRUPTIONS: b"{}"}
    table = json.dumps([live.to_cells(row) for row in prices.bundled()]).encode()
    meta = json.dumps({"sources": {}, "shipped": live.shipped_digest()}).encode()
    return {**files, live.TABLE: table, live.META: meta}


def test_after_an_upgrade_the_rows_are_judged_with_the_new_table(monkeypatch: pytest.MonkeyPatch) -> None:
    run("skypilot")
    expected = live.current()
    monkeypatch.setattr(live, "shipped_digest", lambda: "another")
    live._table.cache_clear()
    live._current.cache_clear()
    assert live.current() == expected
    live._table.cache_clear()
    live._current.cache_clear()


def test_two_updates_do_not_work_at_once() -> None:
    with vault.lock(), pytest.raises(UsageError, match="another update"), vault.lock():
        pass


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="XDG_DATA_HOME"):
        run("skypilot")


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from whichgpu.prices.fetch import Folder
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, all_sources
from whichgpu.prices.update import update

def deadly(function):
    def call(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

sources = [all_sources()[name] for name in ("skypilot", "aws-price-list")]
for line in sys.stdin:
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    left = int(line)
    for name in ("fsync", "replace", "rename", "mkdir", "open", "unlink", "rmdir"):
        setattr(os, name, deadly(getattr(os, name)))
    Path.open = deadly(Path.open)
    update(sources, lambda source: Folder(Path(sys.argv[1]), source), date(2026, 11, 20))
    os._exit(0)
"""


@pytest.fixture
def killed(home: Path) -> Iterator[Callable[[int], int]]:
    """The exit status of an update whose so-manieth call that touches the disk is its last."""
    command = [sys.executable, "-c", KILLED, str(SAMPLES)]
    env = os.environ | {"PYTHONPATH": str(SAMPLES.parent.parent)}
    with subprocess.Popen(
        command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as mother:
        assert mother.stdin is not None
        assert mother.stdout is not None

        def run_to(step: int) -> int:
            print(step, file=mother.stdin, flush=True)
            return int(mother.stdout.readline())

        yield run_to
        mother.stdin.close()


@pytest.mark.slow
@pytest.mark.thorough
def test_kill_9_at_any_step_leaves_a_whole_store(home: Path, killed: Callable[[int], int]) -> None:
    """Every call that touches the disk is the last one once; the store is then the old or the new one."""
    run("skypilot", day=FIRST)
    shutil.copytree(home, home.with_name("kept"))
    old, new = vault.read(), None
    for step in range(1, 200):
        shutil.rmtree(home)
        shutil.copytree(home.with_name("kept"), home)
        status = killed(step)
        held = vault.read()
        assert held is not None
        assert not held.problem, (step, held.problem)
        if held.generation != old.generation:
            new = new or held.files
            assert held.files == new
        else:
            assert held.files == old.files
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert step > 30
    assert new is not None
    (outcome,) = run("skypilot", day=NEXT)
    assert not outcome.failure, "what a killed update leaves behind does not stop the next"
    assert not [path for path in home.iterdir() if path.name.startswith("draft-")]


def test_sources_with_a_key_are_read_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAMBDA_API_KEY", raising=False)
    assert "lambda-api" not in {source.id for source in chosen_sources([])}
    with pytest.raises(UsageError, match="LAMBDA_API_KEY"):
        chosen_sources(["lambda-api"])
    monkeypatch.setenv("LAMBDA_API_KEY", "secret")
    assert "lambda-api" in {source.id for source in chosen_sources([])}
    with pytest.raises(UsageError, match=r"no price source 'hetzner'; there are .*gpuhunt"):
        chosen_sources(["hetzner"])


def test_the_commands(whichgpu: Any, tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "skypilot", tmp_path / "skypilot")
    answer = whichgpu("prices", "update", "--from", str(SAMPLES), "--source", "skypilot")
    assert answer.status == 0
    assert "skypilot" in answer.out
    assert whichgpu("prices", "rtx-a6000", "--history", "--json").json["history"][-1]["kind"]
    assert not answer.err
    partly = whichgpu(
        "prices", "update", "--from", str(tmp_path), "--source", "skypilot", "--source", "gpuhunt"
    )
    assert partly.status == 0
    assert "kept as before: gpuhunt" in partly.err
    assert "kept as it was" in partly.out
    failed = whichgpu("prices", "update", "--from", "/nowhere", "--source", "skypilot")
    assert failed.status == 4
    assert "as they were" in failed.err
    assert "<svg" in whichgpu("prices", "rtx-a6000", "--history", "--format", "html").out
    assert "###" in whichgpu("prices", "rtx-a6000", "--history").out
    assert whichgpu("prices", "--history").status == 2
    assert whichgpu("prices", "updat").status == 2
