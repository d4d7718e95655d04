"""The device at hand, down to the driver's library: pynvml on functions that answer as libnvidia-ml does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pynvml
import pytest

from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.slices import resolve_device

if TYPE_CHECKING:
    from ctypes import c_uint

GPUS = catalogue()
MIB = 2**20
#: Return codes of nvml.h.
OK, UNSUPPORTED, BARRED, NO_DRIVER, LOST, MISMATCH = 0, 3, 4, 9, 15, 18

#: A driver's name | its MiB | the device. Names and sizes as listings of nvidia-smi have them.
NAMED = """\
NVIDIA GeForce RTX 5090|32607|rtx-5090
NVIDIA GeForce RTX 5090 D|32607|rtx-5090-d
NVIDIA GeForce RTX 5090 D v2|24467|rtx-5090-d-v2
NVIDIA GeForce RTX 5080|16303|rtx-5080
NVIDIA GeForce RTX 5070 Ti|16303|rtx-5070-ti
NVIDIA GeForce RTX 5070|12227|rtx-5070
NVIDIA GeForce RTX 5060 Ti|16311|rtx-5060-ti-16gb
NVIDIA GeForce RTX 5060 Ti|8151|rtx-5060-ti-8gb
NVIDIA GeForce RTX 5060|8151|rtx-5060
NVIDIA GeForce RTX 5050|8151|rtx-5050
NVIDIA GeForce RTX 5090 Laptop GPU|24463|rtx-5090-laptop
NVIDIA GeForce RTX 5070 Ti Laptop GPU|12227|rtx-5070-ti-laptop
NVIDIA GeForce RTX 5060 Laptop GPU|8151|rtx-5060-laptop
NVIDIA GeForce RTX 4090 D|24564|rtx-4090-d
NVIDIA GeForce RTX 4080 SUPER|16376|rtx-4080-super
NVIDIA GeForce RTX 4070 Ti SUPER|16376|rtx-4070-ti-super
NVIDIA GeForce RTX 4060 Laptop GPU|8188|rtx-4060-laptop
NVIDIA GeForce RTX 4050 Laptop GPU|6141|rtx-4050-laptop
NVIDIA GeForce RTX 3090|24576|rtx-3090
NVIDIA GeForce RTX 3080|10240|rtx-3080-10gb
NVIDIA GeForce RTX 3080|12288|rtx-3080-12gb
NVIDIA GeForce RTX 3060|12288|rtx-3060-12gb
NVIDIA GeForce RTX 3050|8192|rtx-3050
NVIDIA GeForce RTX 3050|6144|rtx-3050-6gb
NVIDIA GeForce RTX 3080 Laptop GPU|16384|rtx-3080-laptop-16gb
NVIDIA GeForce RTX 3070 Ti Laptop GPU|8192|rtx-3070-ti-laptop
NVIDIA GeForce RTX 3050 Laptop GPU|4096|rtx-3050-laptop
GeForce RTX 2080 Ti|11019|rtx-2080-ti
NVIDIA GeForce RTX 2070 with Max-Q Design|8192|rtx-2070-maxq
GeForce GTX 1660 Ti with Max-Q Design|6144|gtx-1660-ti-maxq
GeForce GTX 1080 Ti|11178|gtx-1080-ti
NVIDIA GeForce GTX 1060 6GB|6144|gtx-1060-6gb
GeForce GTX 1060 3GB|3072|gtx-1060-3gb
GeForce GTX 1070|8119|gtx-1070
TITAN V|12066|titan-v
NVIDIA TITAN RTX|24576|titan-rtx
NVIDIA TITAN Xp|12288|titan-xp
GeForce GTX TITAN X|12212|gtx-titan-x
Quadro RTX 6000|24576|quadro-rtx-6000
Quadro RTX 8000|48601|quadro-rtx-8000
NVIDIA RTX A2000 12GB|12282|rtx-a2000-12gb
NVIDIA RTX A4500 Laptop GPU|16384|rtx-a4500-laptop
NVIDIA RTX 6000 Ada Generation|49140|rtx-6000-ada
NVIDIA RTX 2000 Ada Generation Laptop GPU|8188|rtx-2000-ada-laptop
NVIDIA RTX PRO 6000 Blackwell Workstation Edition|97887|rtx-pro-6000-blackwell
NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition|97887|rtx-pro-6000-blackwell-maxq
NVIDIA RTX PRO 6000 Blackwell Server Edition|97887|rtx-pro-6000-blackwell-server
NVIDIA RTX PRO 4000 Blackwell SFF Edition|24467|rtx-pro-4000-blackwell-sff
NVIDIA RTX PRO 5000 Blackwell|48935|rtx-pro-5000-blackwell
NVIDIA RTX PRO 2000 Blackwell Generation Laptop GPU|8151|rtx-pro-2000-blackwell-laptop
Tesla P100-PCIE-16GB|16280|p100-16gb-pcie
Tesla V100-SXM2-32GB|32510|v100-32gb-sxm
Tesla V100-PCIE-16GB|16160|v100-16gb-pcie
Tesla T4|15360|t4
Tesla K80|11441|k80
Tesla M60|7680|m60
Tesla P40|23040|p40
NVIDIA A100-PCIE-40GB|40960|a100-40gb-pcie
NVIDIA A100 80GB PCIe|81920|a100-80gb-pcie
NVIDIA A10G|23028|a10g
NVIDIA A30|24576|a30
NVIDIA H100 PCIe|81559|h100-80gb-pcie
NVIDIA H100 80GB HBM3|81559|h100-80gb-sxm
NVIDIA H100 NVL|95830|h100-94gb-nvl
NVIDIA H200|143771|h200-141gb-sxm
NVIDIA H200 NVL|143771|h200-141gb-nvl
NVIDIA GH200 480GB|97871|gh200-96gb
NVIDIA GH200 144G HBM3e|147456|gh200-144gb
NVIDIA H20|97871|h20
NVIDIA H20-3e|143771|h20-141gb
NVIDIA H800|81559|h800-80gb-sxm
NVIDIA B200|183359|b200-180gb-sxm
NVIDIA GB200|189471|gb200-192gb
NVIDIA B300 SXM6 AC|275040|b300-288gb-sxm
NVIDIA GB300|284208|gb300-288gb
NVIDIA L40S|46068|l40s
NVIDIA L4|23034|l4
GRID A100D-40C|40960|a100-80gb-pcie:40c
NVIDIA A10-24Q|24576|a10:24q
NVIDIA A40-12Q|12288|a40:12q
NVIDIA L40S-48Q|49152|l40s:48q
NVIDIA CMP 170HX|8192|cmp-170hx
NVIDIA A800-SXM4-80GB|81920|a800-80gb-sxm
NVIDIA GeForce MX450|2048|mx450
NVIDIA T1000 8GB|8192|t1000-8gb
Quadro P2000|5120|quadro-p2000
NVIDIA GeForce RTX 5070 Laptop GPU|8151|rtx-5070-laptop
NVIDIA GeForce RTX 5070 Laptop GPU|12227|rtx-5070-laptop-12gb
NVIDIA GeForce RTX 5080 Laptop GPU|16303|rtx-5080-laptop
NVIDIA GeForce RTX 5050 Laptop GPU|8151|rtx-5050-laptop
NVIDIA GeForce RTX 4080 Laptop GPU|12282|rtx-4080-laptop
NVIDIA GeForce RTX 4070 Laptop GPU|8188|rtx-4070-laptop
NVIDIA GeForce RTX 3060 Laptop GPU|6144|rtx-3060-laptop
NVIDIA GeForce RTX 3050 Ti Laptop GPU|4096|rtx-3050-ti-laptop
GeForce RTX 2060|6144|rtx-2060
NVIDIA GeForce RTX 2060|12288|rtx-2060-12gb
NVIDIA GeForce RTX 2060 SUPER|8192|rtx-2060-super
NVIDIA GeForce RTX 2080 SUPER|8192|rtx-2080-super
NVIDIA GeForce GTX 1660 SUPER|6144|gtx-1660-super
NVIDIA GeForce GTX 1050 Ti|4096|gtx-1050-ti
NVIDIA GeForce MX150|2048|mx150
NVIDIA GeForce GTX 980 Ti|6144|gtx-980-ti
NVIDIA GeForce GTX 750 Ti|2048|gtx-750-ti
Quadro T2000|4096|quadro-t2000-laptop
Quadro RTX 5000|16384|quadro-rtx-5000
NVIDIA RTX A5000|24564|rtx-a5000
NVIDIA RTX A5000 Laptop GPU|16384|rtx-a5000-laptop
NVIDIA RTX 5000 Ada Generation|32760|rtx-5000-ada
NVIDIA RTX 5000 Ada Generation Laptop GPU|16376|rtx-5000-ada-laptop
NVIDIA RTX PRO 5000 72GB Blackwell|73415|rtx-pro-5000-blackwell-72gb
NVIDIA RTX PRO 4500 Blackwell|32623|rtx-pro-4500-blackwell
NVIDIA RTX PRO 2000 Blackwell|16311|rtx-pro-2000-blackwell
Quadro GV100|32508|gv100
Quadro P5000|16384|quadro-p5000
Tesla V100-DGXS-32GB|32505|v100-32gb-dgxs
Tesla V100S-PCIE-32GB|32510|v100s-32gb-pcie
Tesla P100-SXM2-16GB|16280|p100-16gb-sxm
Tesla M40 24GB|22945|m40-24gb
Tesla M40|11448|m40-12gb
Tesla K40m|11441|k40
NVIDIA A16|15356|a16
NVIDIA A40|46068|a40
NVIDIA L20|46068|l20
NVIDIA L2|23034|l2
NVIDIA A800 80GB PCIe|81920|a800-80gb-pcie
NVIDIA A800 40GB Active|40960|a800-40gb-active
NVIDIA RTX 6000D|86000|rtx-6000d
NVIDIA H100 80GB HBM2e|81559|h100-80gb-pcie
GRID V100D-8Q|8192|v100-32gb-pcie:8q
NVIDIA RTX6000-Ada-48Q|49152|rtx-6000-ada:48q
NVIDIA T4G|15360|t4g
NVIDIA Tesla T4|15360|t4
"""


class Library:
    """As libnvidia-ml: what it has no attribute for is a function that the installed driver lacks."""

    def __init__(self, *devices: tuple[str, int], init: int = OK, count: int = OK, handle: int = OK) -> None:
        self.devices, self._init, self._count, self._handle = devices, init, count, handle
        self._at = 0

    def nvmlInitWithFlags(self, _flags: Any) -> int:  # noqa: N802 - NVML's names
        return self._init

    def nvmlShutdown(self) -> int:  # noqa: N802
        return OK

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self.devices)
        return self._count

    def nvmlDeviceGetHandleByIndex_v2(self, index: c_uint, _handle: Any) -> int:  # noqa: N802
        self._at = index.value
        return self._handle

    def nvmlDeviceGetName(self, _handle: Any, text: Any, _size: Any) -> int:  # noqa: N802
        text.value = self.devices[self._at][0].encode()
        return OK

    def nvmlDeviceGetMemoryInfo(self, _handle: Any, memory: Any) -> int:  # noqa: N802
        total = self.devices[self._at][1] * MIB
        memory._obj.total, memory._obj.used, memory._obj.free = total, total // 4, total - total // 4
        return OK


class Whole(Library):
    """One that has the rest as well."""

    def __init__(self, *devices: tuple[str, int], mig: int = 0, power: int = OK) -> None:
        super().__init__(*devices)
        self._mig, self._power = mig, power

    def nvmlDeviceGetMigMode(self, _handle: Any, now: Any, then: Any) -> int:  # noqa: N802
        now._obj.value = then._obj.value = self._mig
        return OK

    def nvmlDeviceGetEnforcedPowerLimit(self, _handle: Any, limit: Any) -> int:  # noqa: N802
        limit._obj.value = 200_000
        return self._power


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(library: Any) -> None:
        monkeypatch.setattr(pynvml, "nvmlLib", library)
        monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})

    return put


@pytest.mark.parametrize("row", NAMED.splitlines())
def test_what_a_driver_writes_is_the_device_that_it_is(plug: Any, row: str) -> None:
    name, memory, meant = row.split("|")
    plug(Library((name, int(memory))))
    gpu, _ = resolve_device("local", GPUS)
    assert gpu.id == f"local ({meant})"
    assert gpu.value("memory") == int(memory) * MIB - int(memory) * MIB // 4


def test_where_functions_are_missing_as_in_wsl_the_catalogue_s_figures_stand(plug: Any) -> None:
    plug(Library(("NVIDIA GeForce RTX 4090", 24564)))
    gpu, _ = resolve_device("local", GPUS)
    assert gpu.value("power") == GPUS["rtx-4090"].value("power")
    assert gpu.value("fp16") == GPUS["rtx-4090"].value("fp16")


def test_a_power_limit_stands_where_it_may_be_read(plug: Any) -> None:
    plug(Whole(("NVIDIA GeForce RTX 4090", 24564)))
    assert resolve_device("local", GPUS)[0].value("power") == pytest.approx(200)
    plug(Whole(("NVIDIA GeForce RTX 4090", 24564), power=BARRED))
    assert resolve_device("local", GPUS)[0].value("power") == GPUS["rtx-4090"].value("power")


def test_mig_asks_for_a_slice(plug: Any) -> None:
    plug(Whole(("NVIDIA H100 80GB HBM3", 81559), mig=1))
    with pytest.raises(UsageError, match=r"MIG mode.*h100-80gb-sxm:mig-1g\.10gb"):
        resolve_device("local", GPUS)


def test_several_kinds(plug: Any) -> None:
    plug(
        Library(("NVIDIA GeForce RTX 3090", 24576), ("NVIDIA A2", 15356), ("NVIDIA GeForce RTX 3090", 24576))
    )
    gpu, count = resolve_device("local:2", GPUS)
    assert (gpu.id, count) == ("local (rtx-3090)", 2)
    with pytest.raises(UsageError, match=r"2 x NVIDIA GeForce RTX 3090 \(and NVIDIA A2\)"):
        resolve_device("local:3", GPUS)


@pytest.mark.parametrize(
    ("library", "told"),
    [
        (Library(init=MISMATCH), "version mismatch.*restart the machine"),
        (Library(init=NO_DRIVER), "install NVIDIA's driver"),
        (Library(init=BARRED), "ask for access to /dev/nvidia"),
        (Library(("NVIDIA L4", 23034), count=MISMATCH), "does not count them.*restart the machine"),
        (Library(("NVIDIA L4", 23034), handle=LOST), "does not read it.*restart the machine"),
        (Library(("NVIDIA L4", 23034), handle=BARRED), "does not read it.*ask for access"),
        (Library(("NVIDIA L4", 23034), handle=UNSUPPORTED), "does not read it.*see that nvidia-smi works"),
    ],
)  # fmt: skip
def test_a_fault_says_what_to_do(plug: Any, library: Library, told: str) -> None:
    plug(library)
    with pytest.raises(UsageError, match=told) as error:
        resolve_device("local", GPUS)
    assert "--gpu rtx-4090" in str(error.value)


def test_without_nvidia_s_library_the_gpu_is_to_be_named(plug: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plug(None)

    def absent(_name: str) -> Any:
        raise OSError

    monkeypatch.setattr(pynvml, "CDLL", absent)
    with pytest.raises(UsageError, match=r"reads NVIDIA's GPUs alone.*for others name a GPU"):
        resolve_device("local", GPUS)


def test_a_memory_that_no_part_of_the_name_has_is_told_with_what_the_name_has(plug: Any) -> None:
    plug(Library(("NVIDIA P102-100", 10240)))
    with pytest.raises(UsageError, match=r"10,240 MiB.*p102-100 \(5 GiB\).*--gpu-file.*base"):
        resolve_device("local", GPUS)
