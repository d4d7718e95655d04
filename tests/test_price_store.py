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
from whichgpu.hardware.catalogue import catalogue
from whichgpu.prices import live, spot, vault
from whichgpu.prices.fetch import Folder
from whichgpu.prices.judge import VERDICTS, judge, read_quote
from whichgpu.prices.listing import Listing
from whichgpu.prices.sources import Found, PriceSource, all_sources
from whichgpu.prices.update import chosen_sources, update

if TYPE_CHECKING:
    from collections.abc import Callable

    from whichgpu.prices.fetch import Get

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
    assert live._table(("again", 1)) is not None


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

left = int(sys.argv[1])

def deadly(function):
    def call(*arguments, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

for name in ("fsync", "replace", "rename", "mkdir", "open", "unlink", "rmdir"):
    setattr(os, name, deadly(getattr(os, name)))
Path.open = deadly(Path.open)
sources = [all_sources()[name] for name in ("skypilot", "aws-price-list")]
update(sources, lambda source: Folder(Path(sys.argv[2]), source), date(2026, 11, 20))
"""


@pytest.mark.slow
def test_kill_9_at_any_step_leaves_a_whole_store(home: Path) -> None:
    """Every call that touches the disk is the last one once; the store is then the old or the new one."""
    run("skypilot", day=FIRST)
    shutil.copytree(home, home.with_name("kept"))
    old, new = vault.read(), None
    killed = 0
    for step in range(1, 200):
        shutil.rmtree(home)
        shutil.copytree(home.with_name("kept"), home)
        command = [sys.executable, "-c", KILLED, str(step), str(SAMPLES)]
        done = subprocess.run(
            command, check=False, env=os.environ | {"PYTHONPATH": str(SAMPLES.parent.parent)}
        )
        held = vault.read()
        assert held is not None
        assert not held.problem, (step, held.problem)
        if held.generation != old.generation:
            new = new or held.files
            assert held.files == new
        else:
            assert held.files == old.files
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
    assert killed > 30
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


GPUS = catalogue()


@pytest.mark.parametrize(
    ("text", "usd", "gpu", "term"),
    [
        ("2.10 USD/h for 1x H100 SXM", 2.10, "h100-80gb-sxm", "on-demand"),
        ("$16.8 per hour for 8x H100 SXM", 2.10, "h100-80gb-sxm", "on-demand"),
        ("2.10 USD/h per GPU for 8x H100 SXM", 2.10, "h100-80gb-sxm", "on-demand"),
        ("1,461 USD/month for 2 x L40S, reserved", 1.0, "l40s", "reserved"),
        ("0.005 USD/min for a10 spot", 0.3, "a10", "spot"),
        ("$1.10/hr for an A100 40GB SXM", 1.10, "a100-40gb-sxm", "on-demand"),
        ("30k USD/month for 8x H100 SXM", 30000 / 730.5 / 8, "h100-80gb-sxm", "on-demand"),
        ("2 USD per GPU per hour for 8x H100 SXM", 2.0, "h100-80gb-sxm", "on-demand"),
        ("2 USD/GPU-hour for 8x H100 SXM", 2.0, "h100-80gb-sxm", "on-demand"),
        ("0.40 $/h: rtx 4090 marketplace", 0.40, "rtx-4090", "marketplace"),
        ("8x H100 SXM at 25 dollars an hour", 25 / 8, "h100-80gb-sxm", "on-demand"),
        ("4090 at 0.20/h spot", 0.20, "rtx-4090", "spot"),
        ("RTX 5090 0.60$/hr x2", 0.30, "rtx-5090", "on-demand"),
        ("RTX 4090s, 4 of them, $1.40/hr total", 0.35, "rtx-4090", "on-demand"),
        ("0.035 cents per second for A10G", 0.00035 * 3600, "a10g", "on-demand"),
        ("MI300X 1.5 USD per GPU-hour, 3 year commitment", 1.5, "mi300x", "reserved"),
        ("two A100 40GB SXM for 3 dollars per hour reserved for one year", 1.5, "a100-40gb-sxm", "reserved"),
        ("USD 2.49/GPU-hr for HGX H100 SXM5 x8, 3 months", 2.49, "h100-80gb-sxm", "on-demand"),
        ("1200 USD for 3 days of 8x H100 SXM", 1200 / 72 / 8, "h100-80gb-sxm", "on-demand"),
        ("Lambda asks $3.29 per GPU per hour for 8 H100 SXM", 3.29, "h100-80gb-sxm", "on-demand"),
        ("is 0.79 dollars per hour good for an L40S?", 0.79, "l40s", "on-demand"),
        ("3-year reserved: 8 x B200 at $250,000 per year", 250000 / 8766 / 8, "b200-180gb-sxm", "reserved"),
        ("p5.48xlarge at $55.04 per hour", 55.04 / 8, "h100-80gb-sxm", "on-demand"),
        ("$1.99 hourly MI300X", 1.99, "mi300x", "on-demand"),
        ("$0.44/hr for 1 x RTX A6000 (on-demand, secure cloud), please", 0.44, "rtx-a6000", "on-demand"),
        ("H100 SXM5 80GB HBM3: $1.5M for 5 years of 8", 1.5e6 / 5 / 8766 / 8, "h100-80gb-sxm", "on-demand"),
        ("H100 SXM $16/h for 8", 2.0, "h100-80gb-sxm", "on-demand"),
        ("$3 per H100 SXM per hour for a reserved 8-GPU node", 3.0, "h100-80gb-sxm", "reserved"),
        ("RTX PRO 6000 Blackwell Server Edition 1.89/hr", 1.89, "rtx-pro-6000-blackwell-server", "on-demand"),
        ("8x H100 SXM server at $24/h", 3.0, "h100-80gb-sxm", "on-demand"),
        ("4x L4 g2-standard-48 $4.00 per hour", 1.0, "l4", "on-demand"),
        ("azure NC24ads A100 v4 3.67/h", 3.67, "a100-80gb-pcie", "on-demand"),
        ("gpu_8x_h100_sxm5 at $24/h", 3.0, "h100-80gb-sxm", "on-demand"),
        ("half an A100 80GB PCIe for 50 cents per hour", 1.0, "a100-80gb-pcie", "on-demand"),
        ("1/4 of an A10 for 0.30 USD/h", 1.2, "a10", "on-demand"),
        ("10,000 GPU-hours of H100 SXM for $20,000", 2.0, "h100-80gb-sxm", "on-demand"),
        ("12 cents per GPU minute, A100 80GB SXM", 7.2, "a100-80gb-sxm", "on-demand"),
        ("500 hours on 8x L40S for 3000 USD", 0.75, "l40s", "on-demand"),
        ("H100 SXM5, $2.49 /hr, minimum 64 GPUs", 2.49, "h100-80gb-sxm", "on-demand"),
        ("we're offered eight H100 SXMs at 16.8 an hour all in", 2.10, "h100-80gb-sxm", "on-demand"),
        ("1,99 USD/h for H100 SXM", 1.99, "h100-80gb-sxm", "on-demand"),
        ("4 x L40S, 48 vCPU, 384 GB RAM, 1.9 TB NVMe, $3.96/h", 0.99, "l40s", "on-demand"),
        ("8 L40S at 0.99 USD per L40S-hour", 0.99, "l40s", "on-demand"),
        ("TPU v5e 1.2 USD/chip-hour", 1.2, "tpu-v5e", "on-demand"),
        ("1.461,00 USD/month for 2 x L40S", 1.0, "l40s", "on-demand"),
        ("L40S 24/7 for 730.5 dollars a month", 1.0, "l40s", "on-demand"),
        ("MI300X for a dollar ninety-nine an hour", 1.99, "mi300x", "on-demand"),
        ("L4 at two dollars and 50 cents an hour", 2.5, "l4", "on-demand"),
        ("three dollars twelve an hour for an L40S", 3.12, "l40s", "on-demand"),
        ("two dollars an hour for eight L4", 0.25, "l4", "on-demand"),
        ("we pay $2,922 monthly for 4x L40S", 1.0, "l40s", "on-demand"),
        ("1 month of RTX 6000 Ada: 730.5 USD", 1.0, "rtx-6000-ada", "on-demand"),
        ("half a dozen L4 for 3 bucks an hour", 0.5, "l4", "on-demand"),
        ("a GB200 NVL72 rack at 216 USD/h", 3.0, "gb200-192gb", "on-demand"),
        ("GB200 NVL72, 3 USD per GPU per hour", 3.0, "gb200-192gb", "on-demand"),
    ],
)
def test_quotes_are_read(text: str, usd: float, gpu: str, term: str) -> None:
    quote = read_quote(text, GPUS)
    assert quote.usd_per_gpu_hour == pytest.approx(usd)
    assert (quote.gpu, quote.term) == (gpu, term)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cheap H100", "no price per time"),
        ("2 USD/parsec for a10", "no price per time"),
        ("umpteen dollars for 4 L40S a day", "no price per time"),
        ("-2 USD/h for a10", "not above zero"),
        ("0 USD/h for a10", "not above zero"),
        ("2.1.0 USD/h for a10", "no amount of money"),
        ("2 USD/h for H100", "say which"),
        ("2 USD/h", "names no GPU"),
        ("0 H100 SXM for 2 USD/h", "0 GPUs cannot be"),
        ("$2/h or 1300 USD/month for H100 SXM", "two prices"),
        ("p5.48xlarge for 98.32 USD", "no price per time"),
        (".10/h for an A10", "in double quotes the shell takes"),
        ("T4 free for 12 hours", 'write e.g. "2.10 USD/h for 1x H100 SXM"'),
        ("RTX 4090 for 2 USD", "no price per time"),
        ("2 USD/h for Voodoo 3", "no GPU"),
        ("2 USD/h for RTX 4090 Ti", "no GPU"),
        ("1e9 USD/h for L4", "absurd"),
        ("1/0 L4 for 1 USD/h", "0 GPUs cannot be"),
        ("2 USD/h for RTX 4090 or RTX 3090", "no GPU"),
        ("H100 SXM at 2.10", 'write e.g. "2.1 USD/h for 1x h100-80gb-sxm"'),
    ],
)
def test_quotes_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_quote(text, GPUS)


@pytest.mark.parametrize(
    ("text", "usd", "verdict"),
    [
        ("someone sells me an RTX 4090 for 1600 dollars", 1600, "usual"),
        ("2 used RTX 3090 for $1400", 700, "low"),
        ("RTX 5090, 500 USD, new", 500, "too low to believe"),
        ("RTX 5090 for 9k USD", 9000, "higher than all"),
        ("RTX 3090 used, at 650 each", 650, "low"),
    ],
)
def test_a_price_without_a_time_is_one_to_buy(text: str, usd: float, verdict: str, whichgpu: Any) -> None:
    found = judge(read_quote(text, GPUS), date(2026, 11, 20), prices.bundled())
    assert (found.quote.term, found.quote.usd_to_buy, found.verdict) == ("buy", usd, verdict)
    assert found.break_even_hours == pytest.approx(usd / (found.offers[0].usd_per_gpu_hour - found.run))
    told = whichgpu("prices", "judge", text)
    assert f"{usd:,.2f} USD to buy" in told.out
    assert "prices own" in told.out


def test_a_quote_of_an_open_variant_says_what_it_would_be_for_each(whichgpu: Any) -> None:
    told = whichgpu("prices", "judge", "1.29 USD/h for A100 80GB")
    assert told.status == 2
    assert "a100-80gb-sxm (low), a100-80gb-pcie (low); say which" in told.err


def test_a_judgement_follows_the_offers() -> None:
    """The verdict rises with the price, through every step of the scale."""
    seen = []
    for usd in (0.05, 2.0, 3.5, 6.0, 60.0):
        found = judge(read_quote(f"{usd} USD/h for H100 SXM", GPUS), date(2026, 11, 20), prices.bundled())
        seen.append(found.verdict)
        assert 0 <= found.cheaper <= 1
    assert seen == list(VERDICTS[:5])
    plain, year, three = (
        judge(read_quote(f"2.10 USD/h for H100 SXM{terms}", GPUS), date(2026, 11, 20), prices.bundled())
        for terms in ("", ", committed 1 year", ", 3 years committed")
    )
    assert plain.discount == 0
    assert (year.discount, three.discount) == (0.37, 0.57)
    assert year.median == pytest.approx(plain.median * 0.63)
    assert plain.cheaper < year.cheaper < three.cheaper, "the longer the commitment, the less it should cost"
    assert judge(read_quote("1 USD/h for tpu-v4", GPUS), date(2026, 11, 20), ()).verdict == "unknown"


def test_filters_that_leave_nothing_say_what_there_is_without_them(whichgpu: Any) -> None:
    told = whichgpu("prices", "a10g", "--term", "marketplace", "--provider", "Amazon")
    assert told.status == 4
    assert "no offer of a10g holds --term marketplace --provider Amazon; there are" in told.err
    assert "is stored" not in told.err
    told = whichgpu("prices", "l4", "--term", "on-demand", "--region", "ireland", "--plain")
    assert told.out.startswith("No offer of l4 holds --term on-demand --region ireland; there are")
    assert "To buy" in told.out
    assert whichgpu("prices", "l4", "--term", "on-demand").status == 0


@pytest.mark.parametrize(
    ("words", "gpu", "instance"),
    [
        (("g4dn.xlarge",), "t4", "g4dn.xlarge"), (("g2-standard-4",), "l4", "g2-standard-4"),
        (("Standard_ND96asr_v4",), "a100-40gb-sxm", "Standard_ND96asr_v4"),
    ],
)  # fmt: skip
def test_prices_of_an_instance_are_its_own(
    words: tuple[str, ...], gpu: str, instance: str, whichgpu: Any
) -> None:
    found = whichgpu("prices", *words, "--json").json
    assert found["gpu"] == gpu
    assert {row["instance"] for row in found["offers"]} == {instance}


def test_providers_are_listed_with_commas_and_a_list_of_none_is_refused(whichgpu: Any) -> None:
    found = whichgpu("prices", "h100-80gb-sxm", "--providers", "coreweave,lambda", "--json").json["offers"]
    assert {row["provider"] for row in found} == {"coreweave", "lambda"}
    for option in ("--region", "--provider"):
        empty = whichgpu("prices", "l4", option, "")
        assert (empty.status, f"{option} names nothing" in empty.err) == (2, True)


def test_the_words_of_a_gpu_need_no_quotes(whichgpu: Any) -> None:
    assert whichgpu("prices", "rtx", "3090", "--json").json["gpu"] == "rtx-3090"
    assert "no GPU 'no such gpu'" in whichgpu("prices", "no", "such", "gpu").err


def test_an_overview_of_some_offers_has_their_gpus_alone(whichgpu: Any) -> None:
    found = whichgpu("prices", "--provider", "aws", "--region", "stockholm", "--json").json["gpus"]
    assert {one["gpu"] for one in found} > {"l4", "t4", "a10g"}
    assert all(one["offers"] for one in found)
    assert not all(one["offers"] for one in whichgpu("prices", "--json").json["gpus"])


def test_what_is_set_aside_is_listed_with_the_reason(whichgpu: Any) -> None:
    found = whichgpu("prices", "--quarantine", "--json").json
    held = [row for row in prices.bundled() if row.quarantine]
    assert sum(found["reasons"].values()) == len(held) == len(found["quarantined"])
    assert all(row["quarantine"] for row in found["quarantined"])
    assert any(row["as_of"] is None for row in found["quarantined"])
    of_one = whichgpu("prices", "t4", "--quarantine", "--plain").out
    assert "accelerator without host" in of_one
    assert "p4d.24xlarge" not in of_one
    used = whichgpu("prices", "a100-40gb-sxm", "--json", "--limit", "99").json
    assert not any(row["quarantine"] for row in used["offers"])
    assert {row["billed"] for row in used["offers"]} <= {"hour", "second"}


@pytest.mark.parametrize(
    ("text", "gpu", "usd"),
    [
        ("RTX A6000 second hand 2.5k", "rtx-a6000", 2500), ("2nd hand rtx 3090 650", "rtx-3090", 650),
        ("hourly 3.2 for a H200 SXM", "h200-141gb-sxm", 3.2), ("monthly 900 for L40S", "l40s", 900 / 730.5),
        ("L40S 900 pm", "l40s", 900 / 730.5), ("$2.99 hr H100 SXM5", "h100-80gb-sxm", 2.99),
        ("two L4 for a dollar an hour", "l4", 0.5), ("half a dollar an hour for L4", "l4", 0.5),
        ("a hundred dollars a day for 4 L40S", "l40s", 100 / 96),
        ("fifty cents an hour for an L4", "l4", 0.5),
        ("two hundred and fifty dollars a month for an L4", "l4", 250 / 730.5),
        ("three grand a month for one H100 SXM", "h100-80gb-sxm", 3000 / 730.5),
        ("L40S 24 hours for 20 bucks", "l40s", 20 / 24),
        ("H100 PCIe 2000 USD a month, 6 months", "h100-80gb-pcie", 2000 / 730.5),
        ("twenty-five thousand dollars for an H100 SXM", "h100-80gb-sxm", 25000),
        ("L4 0.80 per gpu per hour on demand", "l4", 0.8), ("$0.80 per GPU-hour, 4 L4", "l4", 0.8),
    ],
)  # fmt: skip
def test_a_quote_said_in_short_or_the_other_way_round(text: str, gpu: str, usd: float) -> None:
    found = read_quote(text, GPUS)
    assert found.gpu == gpu
    assert (found.usd_to_buy or found.usd_per_gpu_hour) == pytest.approx(usd)


def test_the_number_of_a_card_is_no_price_of_it() -> None:
    with pytest.raises(UsageError, match="no price per time"):
        read_quote("used RTX 3090", GPUS)
