"""The device at hand, with a driver that answers from a table."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from whichgpu.errors import UsageError
from whichgpu.hardware import local
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.slices import resolve_device

GPUS = catalogue()
MIB = 2**20


class NVMLError(Exception):
    """As NVML's."""


class Driver:
    """Stands for `pynvml`: what is not in a device's table is not supported."""

    NVMLError = NVMLError
    NVML_CLOCK_SM = 1

    def __init__(self, *devices: dict[str, Any], starts: bool = True) -> None:
        self.devices, self.starts, self.open = devices, starts, 0

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's names
        if not self.starts:
            raise NVMLError("Driver Not Loaded")
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> dict[str, Any]:  # noqa: N802
        if "barred" in self.devices[index]:
            raise NVMLError("Insufficient Permissions")
        return self.devices[index]

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device: dict[str, Any], index: int) -> dict[str, Any]:  # noqa: N802
        slices = device.get("slices", ())
        if index >= len(slices):
            raise NVMLError("Not Found")
        if "barred" in slices[index]:
            raise NVMLError("Insufficient Permissions")
        found: dict[str, Any] = slices[index]
        return found

    def nvmlDeviceGetMemoryInfo(self, device: dict[str, Any]) -> SimpleNamespace:  # noqa: N802
        if device["total"] is None:
            raise NVMLError("Not Supported")
        return SimpleNamespace(total=device["total"] * MIB, free=device["free"] * MIB)

    def __getattr__(self, name: str) -> Any:
        def ask(device: dict[str, Any], *_: Any) -> Any:
            if name not in device:
                raise NVMLError("Not Supported")
            return device[name]

        return ask


def card(name: str, total: float, free: float, **more: Any) -> dict[str, Any]:
    return {"nvmlDeviceGetName": name, "total": total, "free": free, **more}


RTX_4090 = card(
    "NVIDIA GeForce RTX 4090", 24564, 21000,
    nvmlDeviceGetUUID="GPU-11", nvmlDeviceGetEnforcedPowerLimit=300_000, nvmlDeviceGetMaxClockInfo=3105,
    nvmlDeviceGetPowerManagementLimitConstraints=(150_000, 600_000), nvmlDeviceGetMaxPcieLinkWidth=8,
    nvmlDeviceGetMaxPcieLinkGeneration=4,
)  # fmt: skip
LAPTOP = card("NVIDIA GeForce RTX 4090 Laptop GPU", 16376, 15000)
A100 = card("NVIDIA A100-SXM4-80GB", 81920, 80995, nvmlDeviceGetUUID=b"GPU-aa")


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(*devices: dict[str, Any], starts: bool = True) -> Driver:
        driver = Driver(*devices, starts=starts)
        monkeypatch.setitem(sys.modules, "pynvml", driver)
        return driver

    return put


def test_it_is_the_catalogues_device_as_the_driver_has_it(plug: Any) -> None:
    driver = plug(RTX_4090)
    gpu, count = resolve_device("local", GPUS)
    whole = GPUS["rtx-4090"]
    assert (gpu.id, count) == ("local (rtx-4090)", 1)
    assert gpu.value("memory") == 21000 * MIB
    assert gpu.value("power") == pytest.approx(300)
    assert (gpu.value("power_min"), gpu.value("power_max")) == (pytest.approx(150), pytest.approx(600))
    assert gpu.value("pcie_lanes") == 8
    assert gpu.value("bandwidth") == whole.value("bandwidth")
    assert gpu.fact("memory").source == "nvml"
    assert gpu.fact("memory").kind == "measured"
    assert driver.open == 0


def test_a_clock_above_the_vendors_changes_nothing_and_one_below_the_rates(plug: Any) -> None:
    plug(RTX_4090)
    assert resolve_device("local", GPUS)[0].value("fp16") == GPUS["rtx-4090"].value("fp16")
    half = float(GPUS["rtx-4090"].value("clock_boost")) / 2
    plug({**RTX_4090, "nvmlDeviceGetMaxClockInfo": half / 1e6})
    gpu, _ = resolve_device("local", GPUS)
    assert gpu.value("fp16") == pytest.approx(GPUS["rtx-4090"].value("fp16") / 2)
    assert gpu.value("clock_boost") == pytest.approx(half)


def test_what_a_driver_says_is_told_as_a_person_would_and_its_card_is_told_apart(
    plug: Any, whichgpu: Any
) -> None:
    plug(card("NVIDIA A100-SXM4-80GB", 81920, 61440, nvmlDeviceGetMaxClockInfo=1200))
    said = " ".join(whichgpu("show", "local").out.split())
    assert "60 GiB, 2,039 GB/s, 265.5 TFLOPS in 16 bits, 16.6 TFLOPS in FP32" in said
    assert "e+" not in said
    both = " ".join(whichgpu("compare", "local", "a100-80gb-sxm").out.split())
    assert "A100 80 GB SXM here or A100 80 GB SXM" in both


def test_names_that_drivers_write(plug: Any) -> None:
    plug(A100)
    assert resolve_device("local", GPUS)[0].id == "local (a100-80gb-sxm)"
    plug(LAPTOP)
    assert resolve_device("local", GPUS)[0].id == "local (rtx-4090-laptop)"


def test_memory_tells_apart_what_a_name_does_not(plug: Any) -> None:
    plug(card("NVIDIA GeForce RTX 4060 Ti", 16380, 16000))
    assert resolve_device("local", GPUS)[0].id == "local (rtx-4060-ti-16gb)"
    plug(card("NVIDIA GeForce RTX 4060 Ti", 8188, 8000))
    assert resolve_device("local", GPUS)[0].id == "local (rtx-4060-ti-8gb)"


@pytest.mark.parametrize(
    ("name", "host", "named"),
    [("NVIDIA GB10", 119.6, "gb10"), ("Orin (nvgpu)", 61.3, "jetson-agx-orin-64gb"),
     ("Orin (nvgpu)", 15.3, "jetson-orin-nx-16gb"), ("NVIDIA Thor", 61.4, "jetson-t4000-64gb")],
)  # fmt: skip
def test_a_part_without_memory_of_its_own_has_its_host_s(
    plug: Any, monkeypatch: pytest.MonkeyPatch, name: str, host: float, named: str
) -> None:
    monkeypatch.setattr(local, "_host_memory", lambda: (host * 2**30, 0.5 * host * 2**30))
    plug(card(name, None, None))
    gpu, _ = resolve_device("local", GPUS)
    assert gpu.id == f"local ({named})"
    assert gpu.value("memory") == pytest.approx(0.5 * host * 2**30)


def test_modules_that_memory_does_not_tell_apart_are_listed(
    plug: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(card("Orin (nvgpu)", None, None))
    for host in (7.4 * 2**30, None):
        monkeypatch.setattr(local, "_host_memory", lambda host=host: (host, host))
        with pytest.raises(UsageError, match=r"jetson-orin-nx-8gb, .*name one of them"):
            resolve_device("local", GPUS)


def test_the_host_s_memory_is_read_where_linux_says_it() -> None:
    total, free = local._host_memory()
    assert total is None or (free is not None and 0 < free <= total)


def test_a_guest_has_the_vgpu_that_its_driver_names(plug: Any) -> None:
    plug(card("GRID T4-8Q", 8192, 7000))
    gpu, _ = resolve_device("local", GPUS)
    assert gpu.id == "local (t4:8q)"
    assert gpu.value("memory") == 7000 * MIB
    assert gpu.value("bandwidth") < GPUS["t4"].value("bandwidth")


def test_a_device_of_somebody_else_is_passed_over(plug: Any) -> None:
    plug({**A100, "barred": True}, RTX_4090)
    assert resolve_device("local", GPUS)[0].id == "local (rtx-4090)"
    plug({**A100, "barred": True})
    with pytest.raises(UsageError, match=r"Insufficient Permissions.*/dev/nvidia"):
        resolve_device("local", GPUS)


def test_several(plug: Any) -> None:
    plug(RTX_4090, {**RTX_4090, "free": 9000}, A100)
    gpu, count = resolve_device("local:2", GPUS)
    assert count == 2
    assert gpu.value("memory") == 9000 * MIB
    with pytest.raises(UsageError, match=r"shows 2 x NVIDIA GeForce RTX 4090 \(and NVIDIA A100.*local:2"):
        resolve_device("local:3", GPUS)


def test_visible_devices_are_those_that_cuda_sees(plug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(RTX_4090, A100)
    for visible, named in (("1", "a100-80gb-sxm"), ("GPU-aa,0", "a100-80gb-sxm"), ("0,9,1", "rtx-4090")):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert resolve_device("local", GPUS)[0].id == f"local ({named})"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-0a1b")
    with pytest.raises(UsageError, match=r"a slice \(MIG\).*mig-1g.10gb"):
        resolve_device("local", GPUS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UsageError, match="CUDA_VISIBLE_DEVICES="):
        resolve_device("local", GPUS)


SLICED = {
    **A100,
    "nvmlDeviceGetMigMode": (1, 1),
    "nvmlDeviceGetMaxMigDeviceCount": 7,
    "slices": [
        {"barred": True},
        card("NVIDIA A100-SXM4-80GB MIG 3g.40gb", 40192, 39000, nvmlDeviceGetUUID="MIG-3"),
        card("NVIDIA A100-SXM4-80GB MIG 1g.10gb", 9728, 9600, nvmlDeviceGetUUID=b"MIG-1"),
    ],
}


@pytest.mark.parametrize(
    ("visible", "named", "free"),
    [(None, "3g.40gb", 39000), ("0", "3g.40gb", 39000), ("MIG-1", "1g.10gb", 9600),
     ("MIG-1,MIG-3", "1g.10gb", 9600)],
)  # fmt: skip
def test_of_a_card_in_mig_mode_it_is_the_slice_that_cuda_shows(
    plug: Any, monkeypatch: pytest.MonkeyPatch, visible: str | None, named: str, free: int
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    plug(SLICED)
    gpu, count = resolve_device("local", GPUS)
    assert (gpu.id, count) == (f"local (a100-80gb-sxm:mig-{named})", 1)
    assert gpu.value("memory") == free * MIB
    assert gpu.value("sms") == resolve_device(f"a100-80gb-sxm:mig-{named}", GPUS)[0].value("sms")


def test_slices_do_not_work_together(plug: Any) -> None:
    plug(SLICED, SLICED)
    with pytest.raises(UsageError, match="do not work together; write local"):
        resolve_device("local:2", GPUS)


def test_what_cannot_be(plug: Any) -> None:
    plug(starts=False)
    with pytest.raises(UsageError, match=r"Driver Not Loaded.*--gpu rtx-4090"):
        resolve_device("local", GPUS)
    plug()
    with pytest.raises(UsageError, match="lists no GPU"):
        resolve_device("local", GPUS)
    plug(card("NVIDIA GeForce RTX 9990", 65536, 60000))
    with pytest.raises(UsageError, match=r"'NVIDIA GeForce RTX 9990' with 65,536 MiB.*--gpu-file"):
        resolve_device("local", GPUS)
    plug({**A100, "nvmlDeviceGetMigMode": (1, 1)})
    with pytest.raises(UsageError, match=r"MIG mode.*a100-80gb-sxm:mig-1g.10gb "):
        resolve_device("local", GPUS)
    plug(RTX_4090)
    with pytest.raises(UsageError, match="local:0"):
        resolve_device("local:0", GPUS)
