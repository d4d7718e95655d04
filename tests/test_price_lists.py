"""A user's own price list: what it may look like, and what is said of one that cannot be used."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu import prices
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 20)


def write(folder: Path, text: str) -> Path:
    path = folder / "my.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_list(tmp_path: Path) -> None:
    path = write(tmp_path, "provider,gpu,usd_per_hour\nacme,A10,0.75\n")
    rows, warnings = prices.load_offers(path)
    assert warnings == ()
    (row,) = rows
    assert (row.provider, row.gpu, row.usd_per_hour, row.gpu_count) == ("acme", "a10", 0.75, 1.0)
    assert (row.kind, row.as_of, row.source, row.instance) == ("on_demand", None, "user", "1x A10")
    assert row.locator == f"{path}:2"


def _open_h100(text: str) -> list[str]:
    return [text, text + "x"] if text == "h100" else [text]


def test_a_full_list(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "\ufeffProvider,instance,GPU,gpu_count,kind,usd_per_hour,region,as_of,memory_gib\n"
        'acme,"big, box",h100,8,On-Demand,0.5 USD/min,eu,2026-11-01,64\n\n'
        "acme,small,a10,0.5,committed 1y,$1.2,,,\n",
    )
    rows, warnings = prices.load_offers(path, resolve=_open_h100, today=TODAY)
    assert warnings == (f"{path} line 2: column gpu: 'h100' may be h100, h100x; write which",)
    assert rows[0].candidates == ("h100", "h100x")
    assert rows[0].gpu is None
    assert rows[0].usd_per_hour == pytest.approx(30.0)
    assert (rows[0].instance, rows[0].as_of, rows[0].memory) == ("big, box", date(2026, 11, 1), 2.0**36)
    assert (rows[1].kind, rows[1].usd_per_hour, rows[1].gpu_count) == ("committed_1y", 1.2, 0.5)


@pytest.mark.parametrize(
    ("text", "usd", "count"),
    [
        ("Provider;GPU;USD per hour;Count\nacme;a10;2,10;8\n", 2.10, 8),
        ("Provider;GPU;Price (USD)\nacme;a10;1.461,00 USD/month\n", 2.0, 1),
        ('provider,gpu,usd_per_hour\nacme,a10,"2,10"\n', 2.10, 1),
        ('provider,gpu,usd_per_hour\nacme,a10,"2,100"\n', 2100.0, 1),
        ("Vendor\tCard\tHourly\tGPUs\nacme\ta10\t0,5\t2\n", 0.5, 2),
        ("Cloud, GPU ,Price ($/hr),GPUs\nacme,a10,$16.80,8\n", 16.80, 8),
        ("provider,gpu,usd_per_gpu_hour,gpus\nacme,a10,2.10,8\n", 16.80, 8),
        ("provider,gpu,usd_per_month\nacme,a10,730.5\n", 1.0, 1),
    ],
)
def test_lists_as_spreadsheets_write_them(tmp_path: Path, text: str, usd: float, count: float) -> None:
    """Semicolons, tabs, decimal commas, and columns by the names that people give them."""
    (row,), _ = prices.load_offers(write(tmp_path, text))
    assert (row.gpu, row.usd_per_hour, row.gpu_count) == ("a10", pytest.approx(usd), count)


def _refuse(text: str) -> list[str]:
    if text == "h10":
        raise UsageError("no GPU 'h10'; did you mean h100-80gb-sxm?")
    return [text]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("acme,a10,abc,1,spot,", "column usd_per_hour: 'abc' is not a price; write e.g. 2.10"),
        ("acme,a10,2 EUR/h,1,spot,", "column usd_per_hour: '2 EUR/h' is not a price"),
        ("acme,a10,-2,1,spot,", "column usd_per_hour"),
        ("acme,a10,0,1,spot,", "column usd_per_hour: '0' is not above zero"),
        ("acme,a10,nan,1,spot,", "column usd_per_hour: 'nan' is not a price"),
        ("acme,a10,1e999,1,spot,", "column usd_per_hour"),
        ("acme,a10,1,two,spot,", "column gpu_count: 'two' is not a number above zero"),
        ("acme,a10,1,0,spot,", "column gpu_count: '0'"),
        ("acme,a10,1,1,barter,", "column kind: 'barter' is none of on_demand"),
        ("acme,a10,1,1,spot,24/05/2026", "column as_of: '24/05/2026' is not a date; write e.g. 2026-05-24"),
        ("acme,a10,1,1,spot,2030-01-01", "column as_of: 2030-01-01 is after today, 2026-11-20"),
        (",a10,1,1,spot,", "column provider: is empty"),
        ("acme,h10,1,1,spot,", "column gpu: no GPU 'h10'; did you mean h100-80gb-sxm?"),
        ("acme,a10,1,1", "4 cells under 6 columns"),
    ],
)
def test_a_bad_row_is_one_line_and_the_others_stay(tmp_path: Path, row: str, said: str) -> None:
    text = f"provider,gpu,usd_per_hour,gpu_count,kind,as_of\nacme,a10,1,1,spot,\n{row}\nacme,l4,1,1,spot,\n"
    path = write(tmp_path, text)
    rows, warnings = prices.load_offers(path, resolve=_refuse, today=TODAY)
    assert [r.gpu for r in rows] == ["a10", "l4"]
    (warning,) = warnings
    assert warning.startswith(f"{path} line 3: ")
    assert said in warning
    assert "\n" not in warning


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column 'provider'; write e.g. 'provider,gpu,usd_per_hour'"),
        ("provider,gpu\nacme,a10\n", "no column 'usd_per_hour' among provider, gpu"),
        ("provider,gpu,price\nacme,a10,0.5\n", "'0.5' has no unit; write e.g. 0.5 USD/h"),
        ("provider,gpu,usd_per_hour\n", "no offers in it"),
        ("provider,gpu,usd_per_hour\nacme,a10,free\n", "line 2: column usd_per_hour: 'free' is not a price"),
        ("provider,gpu,gpu,usd_per_hour\n", "column 'gpu' stands twice"),
        ('provider,gpu,usd_per_hour\nacme,"a10,1\n', "not CSV"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        prices.load_offers(write(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        prices.load_offers(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="cannot be read"):
        prices.load_offers(tmp_path)
    (tmp_path / "bytes.csv").write_bytes(b"provider,gpu\xff\xfe,usd")
    with pytest.raises(UsageError, match="not UTF-8"):
        prices.load_offers(tmp_path / "bytes.csv")


def test_an_unknown_column_is_said_and_ignored(tmp_path: Path) -> None:
    _, warnings = prices.load_offers(write(tmp_path, "provider,gpu,usd_per_hour,colour\nacme,a10,1,red\n"))
    assert len(warnings) == 1
    assert "column 'colour' is not known and ignored" in warnings[0]


@given(st.binary(max_size=200))
def test_no_file_gives_a_traceback(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.csv"
    for content in (junk, b"provider,gpu,usd_per_hour\n" + junk):
        path.write_bytes(content)
        with contextlib.suppress(UsageError):
            rows, warnings = prices.load_offers(path)
            assert all(r.usd_per_hour > 0 for r in rows)
            assert not any("\n" in line for line in warnings)
