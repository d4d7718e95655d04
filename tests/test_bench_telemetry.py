"""What the driver says while bench measures: energy, devices, who else is there, names."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from whichgpu.bench import (
    answers,
    runner,
    tasks,
    telemetry,
)


class NVMLError(Exception):
    """As NVML's."""


class Nvml:
    """Stands for `pynvml`: answers from a table, a function of it being called."""

    NVMLError = NVMLError

    def __init__(self, starts: bool = True, **said: Any) -> None:
        self.said, self.starts = said, starts

    def nvmlInit(self) -> None:  # noqa: N802
        if not self.starts:
            raise NVMLError("Driver Not Loaded")

    def nvmlShutdown(self) -> None: ...  # noqa: N802

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlSystemGetCudaDriverVersion(self) -> int:  # noqa: N802
        return 13000

    def nvmlSystemGetDriverVersion(self) -> bytes:  # noqa: N802
        return b"580.1"

    def __getattr__(self, name: str) -> Any:
        def ask(*_: Any) -> Any:
            if name not in self.said:
                raise NVMLError("Not Supported")
            value = self.said[name]
            return value() if callable(value) else value

        return ask


def test_energy_is_the_counter_or_the_integral_of_power():
    ticks = itertools.count()
    energy = itertools.count(1_000_000, 50_000)
    nvml = Nvml(
        nvmlDeviceGetPowerUsage=300_000, nvmlDeviceGetClockInfo=1500, nvmlDeviceGetTemperature=60,
        nvmlDeviceGetTotalEnergyConsumption=lambda: next(energy),
        nvmlDeviceGetCurrentClocksEventReasons=0x04 | 0x20,
    )  # fmt: skip
    with telemetry.devices(1, nvml) as found:
        sampler = telemetry.Sampler(found, period=60.0, clock=lambda: float(next(ticks)))
        with sampler:
            pass
        told = sampler.told()
    assert (told["energy"], told["power"], told["energy_from"]) == (50.0, 50.0, "hardware counter")
    assert told["clock_mean"] == 1.5e9
    assert told["reasons"] == {"power cap": 1.0, "software thermal slowdown": 1.0}
    points = [
        telemetry.Point(t, p, None, None, None, 0) for t, p in ((0.0, 100.0), (1.0, 200.0), (3.0, 200.0))
    ]
    told = telemetry.described(points, (0.0, None), (3.0, None))
    assert (told["energy"], told["energy_from"]) == (pytest.approx(550.0), "power integrated over time")
    dark = [points[0]._replace(power=None)] * 2
    assert telemetry.described(dark, (0.0, None), (1.0, None))["points"] == 2


def test_the_counter_is_read_at_the_ends_of_what_is_measured(monkeypatch):
    """Other readings take a fifth of a second on some drivers, in which the card idles."""
    now = [0.0]

    def slow(value: Any) -> Any:
        now[0] += 0.2
        return value

    nvml = Nvml(
        nvmlDeviceGetTotalEnergyConsumption=lambda: 300_000 * now[0],
        nvmlDeviceGetTemperature=lambda: slow(60),
    )
    with telemetry.devices(1, nvml) as found:
        sampler = telemetry.Sampler(found, period=60.0, clock=lambda: now[0])
        with sampler:
            now[0] += 1.0
    told = sampler.told()
    assert (told["seconds"], told["power"]) == (pytest.approx(1.0), pytest.approx(300.0))


def test_a_driver_that_does_not_count_its_devices_has_none():
    class Lost(Nvml):
        def nvmlDeviceGetCount(self) -> int:  # noqa: N802
            raise NVMLError("GPU is lost")

    with telemetry.devices(1, Lost()) as found:
        assert found == []
    assert runner.machine(Lost()).gpus == 0
    assert telemetry.driver(Lost())["version"] == "580.1"


def test_no_driver_is_no_devices():
    with telemetry.devices(1, Nvml(starts=False)) as found:
        assert found == []
    assert telemetry.driver(Nvml()) == {"version": "580.1", "cuda": "13.0"}


def test_who_else_uses_a_gpu_is_said():
    held = [SimpleNamespace(pid=7, usedGpuMemory=2**31), SimpleNamespace(pid=8, usedGpuMemory=None)]
    nvml = Nvml(nvmlDeviceGetComputeRunningProcesses=held, nvmlDeviceGetName="NVIDIA A10")
    with telemetry.devices(1, nvml) as found:
        assert telemetry.busy(found[0], frozenset((7, 8))) == ""
        assert "process 7 computes on the GPU and holds 2.0 GiB" in telemetry.busy(found[0], frozenset((8,)))
        assert telemetry.crowded(found) == ["2 processes computed on GPU 0 during the run"]
    there = runner.machine(nvml)
    assert (there.gpus, there.gpu) == (1, "a10")
    task = tasks.micro("launch", {}, tasks.Settings())
    outcome = runner.run([task], None, look=lambda: there, execute=lambda _: pytest.fail("was measured"))
    assert "and 1 more computes on the GPU" in outcome.skipped[0][1]
    assert "--shared" in outcome.skipped[0][1]


def test_the_last_task_may_still_be_on_its_way_out(monkeypatch):
    """What a driver lists a moment behind a task's end is the task: the next one is not left out for it."""
    slept: list[float] = []
    monkeypatch.setattr(runner.time, "sleep", slept.append)
    free, left = runner.Machine(1, "a10", ("",)), runner.Machine(1, "a10", ("process 7 computes",))
    seen = iter((free, left, free, left, left))
    todo = [tasks.micro("launch", {"n": i}, tasks.Settings()) for i in range(3)]
    row = {"workload": "micro/launch", "metric": "latency", "unit": "us", "value": 3.0}
    done = {"status": "ok", "reason": "", "rows": [row], "context": {}}
    outcome = runner.run(todo, None, look=lambda: next(seen), execute=lambda _: done)
    assert (len(outcome.records), len(outcome.skipped), len(slept)) == (2, 1, 2)


@pytest.mark.parametrize(
    ("name", "gib", "found"),
    [
        ("NVIDIA A10", 22.5, "a10"),
        ("NVIDIA RTX A5000", 24.0, "rtx-a5000"),
        ("NVIDIA A100-SXM4-80GB MIG 3g.40gb", 39.5, "a100-80gb-sxm:mig-3g.40gb"),
        ("NVIDIA RTX A5000", 8.0, "NVIDIA RTX A5000"),
        ("NVIDIA H200", 139.8, "h200-141gb-sxm"),
        ("NVIDIA H200 NVL", 139.8, "h200-141gb-nvl"),
        ("NVIDIA H200 MIG 1g.18gb", 16.0, "h200-141gb-sxm:mig-1g.18gb"),
        ("NVIDIA GH200 120GB", 94.5, "gh200-96gb"),
        ("Radeon of a Dream", 8.0, "Radeon of a Dream"),
        ("cpu", None, "cpu"),
    ],
)
def test_the_driver_s_name_becomes_the_catalogue_s(name, gib, found):
    assert answers.gpu_id({"name": name, **({"memory": gib * 2**30} if gib else {})}) == found
