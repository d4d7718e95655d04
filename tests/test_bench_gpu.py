"""What of bench only a GPU runs, against stand-ins: PyTorch's rules without a device, and NVML."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from test_bench_clocks import Cuda
from test_bench_device import CARD, GPUS, healthy, judged, micro
from test_bench_telemetry import Nvml, NVMLError

from whichgpu.bench import answers, device, runner, telemetry
from whichgpu.bench.statistics import Method
from whichgpu.bench.worker import clocks as clocks_
from whichgpu.bench.worker import micro as micro_task
from whichgpu.bench.worker.clocks import CudaClock
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

# -- kernels


class Torch:
    """PyTorch, with the answers of a GPU in place of `torch.cuda`'s and nothing on it."""

    def __init__(self, capability: tuple[int, int] = (9, 0), hip: str = "", arch: str = "") -> None:
        import torch

        self._torch = torch
        self.version = SimpleNamespace(hip=hip or None, cuda="13.0")
        known = SimpleNamespace(L2_cache_size=50 * 2**20, gcnArchName=arch)
        self.cuda = SimpleNamespace(
            get_device_capability=lambda: capability, current_device=lambda: 0,
            get_device_properties=lambda _: known, mem_get_info=lambda: (2**34, 2**34),
            device_count=lambda: 1, empty_cache=lambda: None,
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        return getattr(self._torch, name)


@pytest.fixture
def fake():
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def bench(**of: Any) -> Any:
    from whichgpu.bench.worker.micro import Bench

    return Bench(Torch(**of), "cuda", None, Method(), None)


def cases(name: str, params: Any = None, **of: Any) -> list[Any]:
    from whichgpu.bench.worker import micro as micro_

    return list(micro_.RUNS[name](bench(**of), params or {}))


def every_precision() -> Any:
    return {"shapes": [[256, 128, 64]], "precisions": ["fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "int8"]}


def test_products_are_legal_on_a_gpu_in_every_precision_and_layout(fake):
    """PyTorch checks types, shapes and layouts as on a device, such as those that _scaled_mm wants."""
    import torch

    found = cases("gemm", every_precision())
    kinds = {(one.precision, one.options["how"]): one for one in found}
    assert set(kinds) == {
        *((name, how) for name in ("fp64", "fp32", "tf32", "fp16", "bf16") for how in ("nn", "nt")),
        ("fp8", "fast"), ("fp8", "exact"), ("int8", "nt"),
    }  # fmt: skip
    results = {key: one.step() for key, one in kinds.items()}
    assert {tuple(one.shape) for one in results.values()} == {(256, 128)}
    assert {one.device.type for one in results.values()} == {"cuda"}
    assert results["fp8", "fast"].dtype == torch.bfloat16
    assert results["int8", "nt"].dtype == torch.int32
    assert kinds["fp8", "fast"].moved == 64 * (256 + 128) + 2 * 256 * 128
    assert kinds["bf16", "nn"].work == 2 * 256 * 128 * 64


@pytest.mark.parametrize(
    ("of", "refused", "attention"),
    [
        ({"capability": (7, 0)}, {"tf32", "fp8"}, "fp16"),
        ({"capability": (8, 6)}, {"fp8"}, "bf16"),
        ({"capability": (8, 9)}, set(), "bf16"),
        ({"hip": "7.0", "arch": "gfx942:sramecc+"}, set(), "bf16"),
    ],
)
def test_what_a_gpu_has_no_units_for_is_not_measured_under_its_name(fake, of, refused, attention):
    found = cases("gemm", every_precision(), **of)
    said = {one.split()[1].rstrip(":") for one in found if isinstance(one, str)}
    assert said == refused
    assert {one.options["how"] for one in found if not isinstance(one, str) and one.precision == "fp8"} <= {
        "exact"
    }, "partial sums in fewer bits are counted on datasheets from Hopper on"
    shapes = {"shapes": [[1, 2, 64, 32]]}
    assert {one.precision for one in cases("attention", shapes, **of)} == {attention}


def test_the_e4m3_of_mi300_is_its_own(fake):
    import torch

    for arch, kind in (("gfx942", torch.float8_e4m3fnuz), ("gfx950", torch.float8_e4m3fn)):
        (one,) = cases("gemm", {"shapes": [64], "precisions": ["fp8"]}, hip="7.0", arch=arch)
        assert {part.dtype for part in one.step.args} == {kind}


def test_every_kernel_has_a_step_that_a_gpu_may_run(fake):
    for name, params in (
        ("memory", {"bytes": [2**20]}),
        ("conv", {"shapes": [[2, 16, 16, 32, 3, 2]]}),
    ):
        for one in cases(name, params):
            if one.name in ("read", "write") or one.options.get("by") == "driver":
                continue  # they ask the device itself, which is not there
            found = one.step()
            found = found if isinstance(found, tuple) else (found,)
            assert {part.device.type for part in found} == {"cuda"}, (name, one.options)
    by = [one.options.get("by") for one in cases("memory", {"bytes": [2**20]}) if one.name == "copy"]
    assert by == ["driver", "kernel"], "the driver's copy, as nvbandwidth has it, and a kernel's"
    moved = {one.name: one.work / 2**20 for one in cases("memory", {"bytes": [2**20]})}
    assert moved == {"read": 1.0, "write": 1.0, "copy": 2.0, "triad": 3.0}, "what is read and what is written"


def test_what_fits_the_cache_is_replayed_as_one_graph(fake):
    """A launch from Python takes longer than a cache for 16 MB: its time would be taken for the bandwidth."""
    found = cases("memory", {"bytes": [2**20, 2**28]})
    assert {(one.options["from"], one.together > 1) for one in found} == {("cache", True), ("memory", False)}
    cuda = Cuda()
    cuda.CUDAGraph = lambda: SimpleNamespace(replay=lambda: setattr(cuda, "now", cuda.now + 20e-6))
    of = micro_task.Bench(SimpleNamespace(cuda=cuda), "cuda", CudaClock(cuda), Method(seconds=0.01), None)
    row = micro_task._row(of, micro_task.Case("copy", lambda: None, 8e6, "GB/s", together=20))
    assert row["value"] == pytest.approx(8000.0), "20 passes of 8 MB in 20 us"
    assert row["statistics"]["median"] == pytest.approx(20e-6)


def test_the_flush_is_larger_than_any_cache(fake):
    from whichgpu.bench.worker import clocks, kernels

    nvidia, amd = bench(), bench(hip="7.0", arch="gfx942")
    assert kernels.cache_of(nvidia) == 50 * 2**20
    assert kernels.cache_of(amd) == 256 * 2**20, "the Infinity Cache lies behind the L2"
    found = [clocks.flushers(one.torch, "cuda", kernels.cache_of(one)) for one in (nvidia, amd)]
    assert [writes().numel() for writes, _ in found] == [256 * 2**20, 512 * 2**20]
    assert [reads().shape for _, reads in found] == [(), ()]


def test_a_kernel_that_only_reads_is_not_billed_for_what_the_flush_wrote():
    """Of a cache of 50 MB full of zeros each is written back while 268 MB are read: a fifth more traffic."""
    log: list[str] = []
    here = micro_task.Bench(
        None, "cpu", clocks_.HostClock(), Method(warmup=1, warmup_seconds=0.0, least=2, most=2, sample=0.0),
        lambda: (lambda: log.append("flush"), lambda: log.append("sweep")),
    )  # fmt: skip
    for name in ("read", "copy"):
        micro_task._row(here, micro_task.Case(name, lambda: None, 1.0, "GB/s", cold=True))
    assert log == ["sweep", "sweep", "flush", "flush"]


def test_a_case_that_cannot_be_made_leaves_those_before_it():
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    import torch

    from whichgpu.bench.worker import micro as micro_
    from whichgpu.bench.worker.clocks import HostClock

    one = micro_.Case("copy", lambda: None, 1.0, "GB/s")

    def broken(first: bool) -> Any:
        if first:
            yield one
        raise RuntimeError("CUDA out of memory. Tried to allocate 4.00 GiB\nmore")

    quick = Method(warmup=1, warmup_seconds=0.0, least=2, most=2, seconds=0.0, sample=0.0)
    here = micro_.Bench(torch, "cpu", HostClock(), quick, None)
    rows, warnings = micro_._rows(here, broken(True))
    assert len(rows) == 1
    assert warnings == ["the rest was not measured: CUDA out of memory. Tried to allocate 4.00 GiB"]
    with pytest.raises(RuntimeError, match="out of memory"):
        micro_._rows(here, broken(False))


def test_a_process_that_fails_does_not_wait_for_the_others(monkeypatch):
    """To leave a group takes all of it: one that ran out of memory would wait until its time is up."""
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    from whichgpu.bench.worker import collectives, torch_job
    from whichgpu.bench.worker.world import World

    class Lonely(SimpleNamespace):
        size, rank, on_gpu, device = 2, 0, False, "cpu"

        def close(self) -> None:
            pytest.fail("waits for the others")

        def agree(self, _: Any) -> Any:
            raise MemoryError("CUDA out of memory")

    monkeypatch.setattr(World, "of", classmethod(lambda *_: Lonely()))
    monkeypatch.setattr(torch_job, "_measured", lambda *_: Lonely().agree(0))
    with pytest.raises(MemoryError):
        torch_job.measure({"workload": "resnet18", "phase": "infer", "batch": 1.0})
    monkeypatch.setattr(collectives, "timed", lambda *_, agree: agree([0.0]))
    with pytest.raises(MemoryError):
        collectives.measure({"params": {"bytes": [64]}, "method": {}})


# -- the driver


class Cards(Nvml):
    """Two cards, the second in MIG mode with one slice."""

    parents: tuple[str, ...] = ("GPU-aaaa-1", "GPU-bbbb-2")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:  # noqa: N802
        if index > 1:
            raise NVMLError("Invalid Argument")
        return self.parents[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        if uuid != "MIG-cc":
            raise NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, _: str) -> str:  # noqa: N802
        return self.parents[1]

    def nvmlDeviceGetMaxMigDeviceCount(self, _: str) -> int:  # noqa: N802
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, _: str, index: int) -> str:  # noqa: N802
        if index != 2:
            raise NVMLError("Not Found")
        return "MIG-cc"

    def nvmlDeviceGetUUID(self, handle: str) -> str:  # noqa: N802
        return handle

    def nvmlDeviceGetMigMode(self, handle: str) -> list[int]:  # noqa: N802
        if handle == "MIG-cc":
            raise NVMLError("Invalid Argument")
        return [int(handle == self.parents[1]), 0]

    def nvmlDeviceGetName(self, handle: str) -> bytes:  # noqa: N802
        return b"NVIDIA A100-SXM4-80GB MIG 3g.40gb" if handle == "MIG-cc" else b"NVIDIA A100-SXM4-80GB"

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> Any:  # noqa: N802
        size = (39.5 if handle == "MIG-cc" else 80.0) * 2**30
        return SimpleNamespace(total=size, free=size)

    def nvmlDeviceGetPowerUsage(self, handle: str) -> int:  # noqa: N802
        assert handle != "MIG-cc"
        return 300_000

    def nvmlDeviceGetTotalEnergyConsumption(self, _: str) -> int:  # noqa: N802
        return 5_000


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, ["GPU-aaaa-1", "MIG-cc"]),
        ("1", ["MIG-cc"]),
        ("1,0", ["MIG-cc", "GPU-aaaa-1"]),
        ("GPU-aaaa", ["GPU-aaaa-1"]),
        ("MIG-cc", ["MIG-cc"]),
        ("0,7,1", ["GPU-aaaa-1"]),
        ("-1", []),
        ("MIG-unknown", []),
        ("", []),
    ],
)
def test_the_devices_are_those_that_cuda_shows(monkeypatch, visible, found):
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with telemetry.devices(8, Cards()) as there:
        assert [one.facts()["uuid"] for one in there] == found


def test_a_slice_is_under_its_own_name_and_the_card_s_power_is_not_its(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-cc")
    assert runner.machine(Cards()).gpu == "a100-80gb-sxm:mig-3g.40gb"
    with telemetry.devices(1, Cards()) as (one,):
        facts = one.facts()
        with telemetry.Sampler([one], period=60.0) as sampler:
            pass
    assert (facts["mig"], facts["memory"]) == (True, 39.5 * 2**30)
    assert "energy" not in sampler.told()
    assert "power" not in sampler.told()
    # The driver may name the card; then the framework knows the slice.
    framework = {"name": "NVIDIA A100-SXM4-80GB MIG 1g.10gb", "memory": 9.5 * 2**30, "sms": 14}
    said = telemetry.merged(framework, {"name": "NVIDIA A100-SXM4-80GB", "memory": 80.0 * 2**30, "mig": True})
    assert (answers.gpu_id(said), said["memory"]) == ("a100-80gb-sxm:mig-1g.10gb", 9.5 * 2**30)
    whole = telemetry.merged({"name": "x", "memory": 1.0}, {"name": "NVIDIA A10", "mig": False})
    assert whole["name"] == "NVIDIA A10"


# -- verdicts


def test_a_power_limit_that_holds_clocks_down_under_products_is_no_fault():
    """An H200 at 700 W runs products at two thirds of its boost, a T4 at half: both are healthy."""
    capped = {"clock_mean": 1.05e9, "reasons": {"power cap": 0.98}}
    assert judged(records=healthy(**capped)) == []
    slow = [one for one in healthy(**capped) if "gemm" not in one.row["workload"]]
    assert judged(records=[*slow, micro("gemm", 40.0, "TFLOP/s", "fp16", {"work": 1.0, "moved": 1.0})]) == []
    (said,) = judged(records=[*slow, micro("gemm", 25.0, "TFLOP/s", "fp16", {"work": 1.0, "moved": 1.0})])
    assert said.kind == "fake"
    said = judged(records=healthy(**{**capped, "reasons": {"power cap": 0.9, "hardware slowdown": 0.5}}))
    assert {one.kind for one in said} == {"throttled"}


def test_lanes_are_held_against_the_card_s_own():
    """The driver's most is that of the slot: eight of eight in a slot of eight, of a card of sixteen."""
    (said,) = judged(pcie_lanes=8, pcie_lanes_max=8)
    assert said.text.startswith("8 of 16 PCIe lanes")
    assert CARD["pcie_lanes"] == 16


def test_a_copy_between_peers_is_held_against_nvlink():
    there = micro("transfer", 380.0, "GB/s", kind="device 0 to 1, peer", bytes=2**28)
    host = micro("transfer", 50.0, "GB/s", kind="device 0 to 1, through the host", bytes=2**28)
    found = {one.what: one for one in device.figures([there, host], GPUS["h200-141gb-sxm"])}
    assert found["device 0 to 1, peer"].share == pytest.approx(380 / 450)
    assert found["device 0 to 1, through the host"].stated == pytest.approx(63e9, rel=0.01)


class _Arrays:
    """What a case holds."""


def test_a_case_is_gone_before_the_next_one_is_made(monkeypatch):
    """Products of 16,384 rows in FP64 take gigabytes: two of them at once are more than many cards have."""
    alive: list[Any] = []

    def gemm(*_):
        assert not any(one() is not None for one in alive), "the last case's arrays are still there"
        held = _Arrays()
        alive.append(weakref.ref(held))
        return lambda: held

    monkeypatch.setattr(micro_task.kernels, "gemm", gemm)
    monkeypatch.setattr(micro_task.kernels, "ways", lambda *_: ("nn", "nt"))
    monkeypatch.setattr(micro_task, "_row", lambda _bench, case: {"of": case.precision})
    bench = micro_task.Bench(None, "cpu", None, None, None)
    cases = micro_task.gemm(bench, {"precisions": ("fp64", "bf16"), "shapes": (64, 128)})
    rows, warnings = micro_task._rows(bench, cases)
    assert (len(rows), warnings, len(alive)) == (8, [], 8)


def test_a_job_in_tf32_is_none_of_a_gpu_without_it():
    """It would be measured in FP32, under the name of TF32."""
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    from whichgpu.bench.worker import steps, torch_job
    from whichgpu.bench.worker.world import World

    turing = Torch((7, 5))
    asked = steps.Asked(resolve("resnet18"), Job("resnet18", phase="train"), None, None,
                        torch_job.FORMATS["tf32"], World(turing, 0, 1, "cuda:0"))  # fmt: skip
    with pytest.raises(UsageError, match=r"compute capability 7\.5 has none"):
        steps.prepare(turing, asked)


def test_a_graph_within_a_graph_is_refused():
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
    from whichgpu.bench.worker import steps
    from whichgpu.bench.worker.world import World

    for mode, said in (("max-autotune", "captures graphs of its own"), ("True", "")):
        job = Job("resnet18", phase="train", options={"cuda_graphs": "True", "compile": mode})
        asked = steps.Asked(resolve("resnet18"), job, None, None, None, World(None, 0, 1, "cuda:0"))
        if not said:
            steps._check(asked)
            continue
        with pytest.raises(UsageError, match=said):
            steps._check(asked)
