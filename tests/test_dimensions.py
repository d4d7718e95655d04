"""The kernel models on quantities with units: what comes out are seconds, and swapped columns raise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pint
import pytest

from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.kernels import models
from whichgpu.cost.timing.optable import OpTable, tables
from whichgpu.cost.timing.time import bounded, fed, paced, together
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

UNITS = pint.UnitRegistry()
UNITS.define("flop = [operation]")
GPUS = catalogue()
JOBS = {
    "resnet50": {"phase": "train", "precision": "amp-fp16", "runtime": "PyTorch 2"},
    "bert-large": {"phase": "infer", "precision": "fp16", "runtime": "TensorRT"},
    "llama-2-7b": {"phase": "decode", "precision": "fp16", "runtime": "vLLM", "input_tokens": 64.0},
    "stable-diffusion-1.5": {"phase": "generate", "precision": "fp16", "runtime": "diffusers"},
    "fft-3d": {"phase": "infer", "precision": "fp64", "runtime": "native"},
}
KINDS = ("gemm", "conv", "attention", "norm", "pointwise", "pool", "embedding", "copy", "optimizer", "vector")


class Dimensioned:
    """The columns of `Devices` with their units."""

    def __init__(self, devices: Devices, peak: str = "flop / s", rate: str = "byte / s") -> None:
        self._devices, self._peak, self._rate = devices, UNITS(peak), UNITS(rate)

    def peaks(self, dtypes: tuple[str, ...], *, tf32: bool = False) -> Any:
        return self._devices.peaks(dtypes, tf32=tf32) * self._peak

    def column(self, field: str) -> Any:
        assert field.startswith("fp")
        return self._devices.column(field) * self._peak

    @property
    def vector(self) -> Any:
        return self._devices.vector * self._peak

    @property
    def issued(self) -> Any:
        return self._devices.issued * self._peak

    @property
    def bandwidth(self) -> Any:
        return self._devices.bandwidth * self._rate

    @property
    def reading(self) -> Any:
        return self._devices.reading * self._rate

    @property
    def passing(self) -> Any:
        return self._devices.passing * self._rate

    @property
    def clock(self) -> Any:
        return self._devices.clock / UNITS.s

    def __getattr__(self, name: str) -> Any:
        assert name in {
            "sms",
            "efficiency",
            "fed",
            "fed_plain",
            "each",
            "cudnn",
            "maturity",
            "synchronous",
            "tiled_alike",
            "without_winograd",
            "paired",
            "plain_maturity",
        }
        return getattr(self._devices, name)


def dimensioned(table: OpTable) -> OpTable:
    work = {"flops": table.flops * UNITS.flop}
    moved = ("weight_bytes", "read_bytes", "write_bytes", "kv_bytes")
    return replace(table, **work, **{name: getattr(table, name) * UNITS.byte for name in moved})


def met() -> dict[str, tuple[OpTable, Any]]:
    """A table of each kind of op, with the runtime that runs it."""
    found = {}
    for workload, columns in JOBS.items():
        laid = lay_out(Job(workload, **columns), [GPUS["a100-80gb-sxm"]])
        ops = [op for kernels in laid.work.kernels for op in kernels.table.ops]
        for kind in {op.kind for op in ops}:
            (table,) = tables([op for op in ops if op.kind == kind])
            found.setdefault(kind, (table, laid.runtime))
    return found


TABLES = met()


def test_every_kind_of_op_is_met() -> None:
    assert set(TABLES) == set(KINDS) == set(models())
    assert tables([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_kernel_model_gives_seconds(kind: str) -> None:
    table, stack = TABLES[kind]
    devices = Devices.of([GPUS["a100-80gb-sxm"], GPUS["rtx-4090"]])
    compute, memory = models()[kind].seconds(dimensioned(table), Dimensioned(devices), stack)
    assert compute.check("[time]")
    assert memory.check("[time]")
    plain = models()[kind].seconds(table, devices, stack)
    assert compute.to("s").magnitude == pytest.approx(plain[0], nan_ok=True)
    assert memory.to("s").magnitude == pytest.approx(plain[1], nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
def test_swapping_peak_and_bandwidth_raises(kind: str) -> None:
    table, stack = TABLES[kind]
    swapped = Dimensioned(Devices.of([GPUS["a100-80gb-sxm"]]), peak="byte / s", rate="flop / s")
    with pytest.raises(pint.DimensionalityError):
        together(*models()[kind].seconds(dimensioned(table), swapped, stack), stack.overlap)


def test_times_join_to_seconds() -> None:
    one, other = [1.0, 2.0] * UNITS.ms, [3.0, 1.0] * UNITS.us
    joined = fed_and_paced(one, other)
    assert joined == pytest.approx(fed_and_paced(one.to("s").magnitude, other.to("s").magnitude))
    with pytest.raises(pint.DimensionalityError):
        fed_and_paced(one, [1.0, 1.0] * UNITS.byte)


def fed_and_paced(one: Any, other: Any) -> Any:
    """What the four ways to join two times give, in s."""
    ways = (lambda a, b: together(a, b, runtime("vLLM", "").overlap), paced, fed, bounded)
    found = [way(one, other) for way in ways]
    return np.stack([part.to("s").magnitude if hasattr(part, "to") else part for part in found])
