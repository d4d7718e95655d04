"""Bandwidth of links and memory that nvbandwidth measured; figures made up, layouts as it has them."""

from __future__ import annotations

import json

import pytest

from tests.test_bench_loops import cells, read
from whichgpu.bench import device
from whichgpu.hardware.catalogue import catalogue

NVBANDWIDTH = """\
$ ./nvbandwidth -b 2048
nvbandwidth Version: v0.8
Built from Git version: v0.8

CUDA Runtime Version: 12060
CUDA Driver Version: 12060
Driver Version: 560.35.05

node-1
Device 0: NVIDIA H100 80GB HBM3 (00000000:1b:00)
Device 1: NVIDIA H100 80GB HBM3 (00000000:43:00)

Running host_to_device_memcpy_ce.
memcpy CE CPU(row) -> GPU(column) bandwidth (GB/s)
           0         1
 0     55.30     27.60

SUM host_to_device_memcpy_ce 82.90

Running device_to_host_bidirectional_memcpy_ce.
memcpy CE CPU(row) <-> GPU(column) bandwidth (GB/s)
           0         1
 0     40.00     40.00

Running device_to_device_memcpy_read_ce.
memcpy CE GPU(row) -> GPU(column) bandwidth (GB/s)
           0         1
 0       N/A    370.00
 1    372.00       N/A

SUM device_to_device_memcpy_read_ce 742.00

Waived:
Running host_device_latency_sm.
memory latency SM CPU(row) <-> GPU(column) (ns)
           0         1
 0    613.22    614.00

Running device_local_copy.
memcpy local GPU(column) bandwidth (GB/s)
           0         1
 0   1500.00   1502.00

SUM device_local_copy 3002.00

NOTE: The reported results may not reflect the full capabilities of the platform.
"""


def test_links_and_memory_are_rows_of_the_device_itself(tmp_path):
    found = read(tmp_path, NVBANDWIDTH)
    assert cells(found, "workload", "gpu", "options", "value", "unit") == [
        (
            "micro/transfer",
            "h100-80gb-sxm",
            "bytes=2147483648;kind=host to device, pinned;by=driver",
            "55.3",
            "GB/s",
        ),
        (
            "micro/transfer",
            "h100-80gb-sxm",
            "bytes=2147483648;kind=device to device, peer;by=driver",
            "372",
            "GB/s",
        ),
        ("micro/copy", "h100-80gb-sxm", "bytes=2147483648;from=memory;by=driver", "3004", "GB/s"),
    ], "a copy in memory reads and writes; copies that others run beside, and latencies, are none"
    assert "host_to_device_memcpy_ce: GPU 1 has 27.6 GB/s where the middle is 55.3" in found.notes[0]
    told = {one.what: one.share for one in device.figures(found.records, catalogue()["h100-80gb-sxm"])}
    assert told["copy bandwidth"] == pytest.approx(3004 / 3352, rel=0.01)
    assert told["device to device, peer"] == pytest.approx(372 / 450)
    assert told["host to device, pinned"] == pytest.approx(55.3 / 63.0, rel=0.01)


def test_links_and_memory_as_json(tmp_path):
    case = {"bandwidth_description": "memcpy local GPU(column) bandwidth (GB/s)", "name": "device_local_copy",
            "bandwidth_matrix": [["2150.5", "2149.9", "N/A"]], "status": "Passed", "sum": 4300.4}  # fmt: skip
    waived = {"name": "device_to_device_memcpy_read_ce", "status": "Waived"}
    there = ["0: NVIDIA H200: (00000000:18:00)"]
    whole = {
        "nvbandwidth": {"CUDA Runtime Version": 12080, "GPU Device list": there, "testcases": [waived, case]}
    }
    found = read(tmp_path, json.dumps(whole, indent=1))
    assert cells(found, "workload", "gpu", "value") == [("micro/copy", "h200-141gb-sxm", "4301")]
    assert "device_local_copy" not in " ".join(found.notes)
    told = read(tmp_path, json.dumps(whole)[:-20]).faults
    assert "JSON that ends too early" in next(iter(told.values()))
