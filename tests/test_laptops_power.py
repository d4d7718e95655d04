"""Parts of laptops: the clocks that their limits of power leave them, and units that no source tells."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_runs import GPUS

from whichgpu.cost.estimate import estimate
from whichgpu.cost.gpu.device import Devices
from whichgpu.hardware.limits import limits
from whichgpu.workloads.job import Job


def test_a_laptop_clocks_as_its_power_allows_and_not_as_it_is_rated():
    """Two of one chip and limit are alike, whatever their ratings; none beats the desktop card."""
    one, other = (Devices.of([GPUS[name]], 80.0) for name in ("rtx-2080-maxq", "rtx-2080-super-maxq"))
    desktop, full = (Devices.of([GPUS[name]]) for name in ("rtx-2080", "rtx-3070"))

    def held(devices: Devices) -> float:
        return float((devices.clocked(0.35) * devices.clock)[0, 0])

    assert one.clock[0, 0] > 1.1 * other.clock[0, 0]
    # 80 W is inside of the range of both.
    assert other.usual[0, 0] == one.usual[0, 0] == 80.0
    assert 0.98 < held(one) / held(other) < 1.06 < one.clock[0, 0] / other.clock[0, 0]
    assert held(one) < held(desktop)
    laptop = GPUS["rtx-3070-laptop"]
    # Nobody said what its maker allows: between the least and the most of the range.
    unsaid, *said = (Devices.of([laptop], cap) for cap in (np.inf, 80.0, 125.0))
    least, most = ((each.clocked(0.35) * each.capped)[0, 0] for each in said)
    assert least < unsaid.clocked(0.35)[0, 0] < most
    assert held(Devices.of([laptop], 125.0)) < held(full)


def test_a_laptops_limit_is_the_same_whether_it_is_stated_or_taken() -> None:
    """At each end of its range the clock is, in the median, that which its maker rates it at there."""
    off = []
    for gpu in GPUS.values():
        known = [one for one in limits(gpu) if one.stated and one.clock]
        if len(known) < 2:
            continue
        most, least = (Devices.of([gpu], one.power).clocked(0.35)[0, 0] for one in (known[0], known[-1]))
        off.append(least / most / (known[-1].clock / known[0].clock))
    assert len(off) > 25
    assert float(np.median(off)) == pytest.approx(1.0, abs=0.1)
    laptop = GPUS["rtx-4060-laptop"]
    middle = Devices.of([laptop]).usual[0, 0]
    assert np.array_equal(Devices.of([laptop], middle).clocked(0.35), Devices.of([laptop]).clocked(0.35))
    made = [estimate(Job("llama-3-8b", phase="decode", precision="q4_k_m", runtime="llama.cpp", batch=1.0,
                         options=options), [laptop]).at(0, 0)
            for options in ({}, {"power_limit": f"{middle} W"})]  # fmt: skip
    assert made[0].throughput.mid == made[1].throughput.mid
    assert made[0].power == pytest.approx(made[1].power)
    # Some are sold above what the part is rated at.
    ada = GPUS["rtx-2000-ada-laptop"]
    assert Devices.of([ada], 140.0).power[0, 0] == 140.0 > Devices.of([ada]).power[0, 0]


def test_int8_of_a_laptop_is_what_its_fp8_is_where_no_source_says() -> None:
    devices = Devices.of([GPUS["rtx-5090-laptop"]])
    assert devices.peak("int8") == devices.column("fp8_acc16")
