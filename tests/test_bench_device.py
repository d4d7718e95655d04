"""A device against its datasheet: shares, verdicts, the roofline; nothing of a processor is evidence."""

from __future__ import annotations

import pytest

from whichgpu.bench import (
    device,
)
from whichgpu.bench.record import Record, row
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report import bench as report

GPUS = catalogue()


def micro(name, value, unit, precision="", context=None, **options):
    cells = row(id=f"{name}-{options}-{value}", workload=f"micro/{name}", gpu="rtx-a5000",
                precision=precision, metric="m", unit=unit, value=value, options=options)  # fmt: skip
    return Record(cells, context or {})


def healthy(scale=1.0, last=None, **telemetry_):
    told = {"telemetry": {"clock_mean": 1.68e9, "reasons": {}, **telemetry_}}
    return [
        micro("copy", 690.0 * scale, "GB/s", bytes=2**30, **{"from": "memory"}),
        micro("copy", 3000.0, "GB/s", bytes=2**20, **{"from": "cache"}),
        micro(
            "gemm", 95.0 * scale, "TFLOP/s", "fp16", {"work": 2.0 * 4096**3, "moved": 6.0 * 4096**2}, m=4096
        ),
        micro("launch", 4.0, "us", kind="queued"),
        micro("transfer", 25.0, "GB/s", kind="host to device, pinned", bytes=2**28),
        micro("sustained", 90.0 * scale, "TFLOP/s", "fp16", told, part=1),
        micro("sustained", last or 89.5 * scale, "TFLOP/s", "fp16", told, part=2),
    ]


CARD = {"name": "NVIDIA RTX A5000", "memory": 23.99 * 2**30, "sms": 64, "compute_capability": "8.6",
        "power_limit": 230.0, "power_default": 230.0, "pcie_lanes": 16, "pcie_lanes_max": 16}  # fmt: skip


def judged(records=None, sold_as=None, gpu="rtx-a5000", **card):
    records = records or healthy()
    meant = GPUS[sold_as] if sold_as else None
    known = GPUS[gpu] if gpu else None
    found = device.figures(records, known or meant)
    return device.verdicts(known, {**CARD, **card}, found, records, meant)


def test_a_healthy_card_reaches_its_shares_and_nothing_is_off():
    figures = {one.what: one for one in device.figures(healthy(), GPUS["rtx-a5000"])}
    assert figures["copy bandwidth"].share == pytest.approx(690 / 768, abs=0.001), (
        "the cache's rate is not memory's"
    )
    assert figures["fp16 product"].share == pytest.approx(95.0 / 111.1, abs=0.01)
    assert figures["host to device, pinned"].share == pytest.approx(25.0 / 31.5, abs=0.01)
    assert figures["launch, queued"].stated is None
    assert judged() == []


@pytest.mark.parametrize(
    ("kind", "said", "arguments"),
    [
        ("fake", "it has 8.0 GiB, and a rtx-a5000 has 24.0 GiB", {"memory": 8.0 * 2**30}),
        ("fake", "it has 48 SMs, and a rtx-a5000 has 64", {"sms": 48}),
        ("fake", "its compute capability is 7.5", {"compute_capability": "7.5"}),
        ("fake", "its memory gives 45% of the bandwidth", {"records": healthy(0.5)}),
        ("fake", "it says that it is rtx-a5000, and you have it as rtx-4090", {"sold_as": "rtx-4090"}),
        ("throttled", "fell by 33%", {"records": healthy(last=60.0)}),
        ("throttled", "hardware thermal slowdown 80% of the time",
         {"records": healthy(reasons={"hardware thermal slowdown": 0.8})}),
        ("throttled", "900 MHz under load, of 1,695 MHz boost", {"records": healthy(clock_mean=0.9e9)}),
        ("capped", "150 W of 230 W", {"power_limit": 150.0}),
        ("sliced", "is in MIG mode", {"mig": True, "memory": 6.0 * 2**30, "sms": 14}),
        ("sliced", "is in MIG mode", {"name": "NVIDIA A100-SXM4-80GB MIG 3g.40gb", "gpu": None}),
        ("link", "4 of 16 PCIe lanes", {"pcie_lanes": 4}),
        ("shared", "process 7", {"busy": "process 7 computes on the GPU"}),
    ],
)  # fmt: skip
def test_what_is_off_is_called_out(kind, said, arguments):
    found = judged(**arguments)
    assert kind in {one.kind for one in found}
    assert any(said in one.text for one in found)
    if kind in ("sliced", "capped", "throttled", "shared"):
        assert "fake" not in {one.kind for one in found}, "what is explained is no forgery"


def test_the_roofline_has_the_points_on_it():
    records = healthy()
    figures = device.figures(records, GPUS["rtx-a5000"])
    points = device.points(records)
    chart = report.roofline("rtx-a5000", figures, points)
    (panel,) = chart.panels
    assert len(panel.points) == 1
    assert panel.points[0].y == 95e12
    assert any("fp16" in line.label for line in panel.lines)
    told, blocks = report.device_parts("rtx-a5000", figures, judged(power_limit=100.0), chart)
    assert told["verdicts"][0]["kind"] == "capped"
    assert told["figures"][0]["share"] > 0.8
    from whichgpu.report.text import render

    text = render(tuple(blocks), 120)
    assert "90%" in text
    assert "capped: its power limit is 100 W" in text


def test_nothing_is_committed_from_a_processor():
    """Rows of toy runs are evidence of nothing."""
    from whichgpu.facts import store

    assert not [row["id"] for row in store.rows("measured") if row["gpu"] == "cpu"]
