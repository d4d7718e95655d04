"""NVIDIA's nvbandwidth, as printed or as JSON (-j): bandwidth of host links, of peers, and of memory.

Rows are those of `whichgpu bench device`: of several GPUs the middle one, and it is told where one is slow.
A copy within a GPU is counted once there and both ways here, since memory is read and written. Tests in which
several copies run at once, and latencies, are left out.
"""

from __future__ import annotations

import json
import re
from statistics import median_high
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry, sections
from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_RUNNING = re.compile(r"^Running (?P<name>\w+)\.", re.MULTILINE)
_DEVICE = re.compile(r"^(?:Device )?(?P<number>\d+): (?P<name>.+?):? \([0-9A-Fa-f:.]+\)\s*$", re.MULTILINE)
_BUFFER = re.compile(r"\bnvbandwidth\b.*? (?:-b|--bufferSize)[ =](\d+)")
#: A row of a matrix: the number of its GPU, then figures.
_ROW = re.compile(r"^ *\d+((?: +(?:\d+\.\d+|N/A))+) *$", re.MULTILINE)
_LOCAL = "device_local_copy"
#: By test, what `bench device` calls the copy; `_ce` is by the copy engines, `_sm` by a kernel.
_KINDS: Mapping[str, str] = {
    "host_to_device_memcpy": "host to device, pinned",
    "device_to_host_memcpy": "device to host, pinned",
    "device_to_device_memcpy_read": "device to device, peer",
    "device_to_device_memcpy_write": "device to device, peer",
}
#: Share of the middle figure below which one of a machine's GPUs is slow.
_SLOW = 0.9


class Test(NamedTuple):
    """One test: its name, its figures (GB/s) by row and column, None where a pair was not measured."""

    name: str
    matrix: Sequence[Sequence[float | None]]


def claims(_path: Path, text: str) -> bool:
    """Whether a file is of it."""
    return '"bandwidth_matrix"' in text or bool(_RUNNING.search(text) and "GPU(column)" in text)


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of each test that says what a link or the memory gives to one copy."""
    tests, devices = _from_json(text) if text.lstrip().startswith("{") else _printed(text)
    buffer = _BUFFER.search(text)
    columns: dict[str, Any] = {"gpu": devices[0] if devices else "", "n_gpus": 1, "runtime": "nvbandwidth",
                               "metric": "bandwidth", "unit": "GB/s"}  # fmt: skip
    size = {"bytes": int(buffer[1]) * 2**20} if buffer else {}
    mixed = len(set(devices)) > 1
    for test in tests:
        kind, by = _kind(test.name)
        known = [(i, j, cell) for i, row in enumerate(test.matrix) for j, cell in enumerate(row) if cell]
        if not kind or not known:
            continue
        said = (*_slow(test, known), *((f"figures of {', '.join(devices)} together",) if mixed else ()))
        middle = median_high(cell for *_, cell in known)
        if test.name == _LOCAL:
            options = {**size, "from": "memory", "by": "driver"}
            yield Entry({**columns, "workload": "micro/copy", "options": options, "value": 2.0 * middle},
                        warnings=said)  # fmt: skip
            continue
        options = {**size, "kind": kind, "by": by}
        yield Entry({**columns, "workload": "micro/transfer", "options": options, "value": middle},
                    warnings=said)  # fmt: skip


def _kind(name: str) -> tuple[str, str]:
    """What is copied, and by what; ("", "") of a test that says nothing of one copy alone."""
    if name == _LOCAL:
        return "copy", "driver"
    whole, _, by = name.rpartition("_")
    return _KINDS.get(whole, ""), {"ce": "driver", "sm": "kernel"}.get(by, "")


def _slow(test: Test, known: Sequence[tuple[int, int, float]]) -> Iterator[str]:
    middle = median_high(cell for *_, cell in known)
    row, column, least = min(known, key=lambda one: one[2])
    if least < _SLOW * middle:
        where = f"GPU {column}" if len(test.matrix) == 1 else f"from GPU {row} to {column}"
        yield f"{test.name}: {where} has {least:g} GB/s where the middle is {middle:g}"


def _printed(text: str) -> tuple[list[Test], list[str]]:
    tests = [
        Test(start["name"], [[_cell(one) for one in row[1].split()] for row in _ROW.finditer(part)])
        for start, part in sections(_RUNNING, text)
    ]
    return tests, [one["name"] for one in _DEVICE.finditer(text)]


def _from_json(text: str) -> tuple[list[Test], list[str]]:
    try:
        known = json.loads(text)["nvbandwidth"]
        tests = [
            Test(
                str(one["name"]), [[_cell(cell) for cell in row] for row in one.get("bandwidth_matrix") or ()]
            )
            for one in known["testcases"]
        ]
        listed = [str(one) for one in known.get("GPU Device list") or ()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(
            "JSON that ends too early or is not nvbandwidth's; run nvbandwidth -j again"
        ) from None
    found = (re.match(r"(?:\d+: )?(.+?):? *(?:\([0-9A-Fa-f:.]+\))?$", one) for one in listed)
    return tests, [one[1] for one in found if one]


def _cell(text: Any) -> float | None:
    """A figure, in JSON as text; None of N/A."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if 0.0 < value < 1e7 else None
