"""How bench measures, without a device: statistics, clocks, telemetry, runs, clusters, verdicts."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from whichgpu.bench import (
    answers,
    cluster,
    compare,
    device,
    process,
    runner,
    scaling,
    statistics,
    tasks,
    telemetry,
)
from whichgpu.bench.journal import Journal
from whichgpu.bench.record import Record, digest, row
from whichgpu.bench.worker import capture, clocks, faults
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report import bench as report

GPUS = catalogue()
METHOD = statistics.Method(warmup=2, warmup_seconds=0.0, least=5, most=50, seconds=1.0, sample=0.0)


# -- statistics


def test_the_interval_of_a_median_covers_it_as_often_as_it_says():
    draw = np.random.default_rng(3)
    inside = 0
    for _ in range(2000):
        low, high, sure = statistics.median_interval(draw.exponential(size=25), 0.95)
        inside += low <= np.log(2.0) <= high
    assert sure >= 0.95
    assert inside / 2000 == pytest.approx(sure, abs=0.015)


def test_few_samples_say_how_sure_they_are():
    found = statistics.summary([1.0, 3.0])
    assert (found.median, found.low, found.high, found.confidence) == (2.0, 1.0, 3.0, 0.5)
    assert statistics.summary([4.0]).confidence == 0.0
    with pytest.raises(ValueError, match="no samples"):
        statistics.summary([])
    said = statistics.doubts(found, METHOD, 0.02)
    assert "2 samples bound the median with a confidence of 50% only" in said
    assert "the harness took 2.0% of the time" in said


def test_outliers_and_drift_are_seen():
    draw = np.random.default_rng(5)
    steady = 1.0 + 0.001 * draw.standard_normal(60)
    assert statistics.drift(steady) == 0.0
    assert statistics.outliers(steady) == 0
    assert statistics.outliers(np.append(steady, [1.5, 2.0])) == 2
    rising = steady * np.linspace(1.0, 1.2, 60)
    assert statistics.drift(rising) == pytest.approx(0.18, abs=0.03)
    assert "rose by" in statistics.doubts(statistics.summary(rising), METHOD, 0.0)[0]


def test_when_samples_are_enough():
    assert not statistics.enough([1.0] * 4, 0.1, METHOD)
    assert statistics.enough([1.0] * 8, 0.1, METHOD)
    assert not statistics.enough([1.0, 2.0] * 4, 0.1, METHOD)
    assert statistics.enough([1.0, 2.0] * 4, 1.0, METHOD)
    assert statistics.enough([1.0, 2.0], 3.1, METHOD), "a pass of minutes is not repeated five times"


# -- clocks


class Cuda:
    """Stands for `torch.cuda`: a stream whose time goes on by what the steps say."""

    def __init__(self) -> None:
        self.now, self.synchronized, self.graphs, self.capturing = 0.0, 0, [], False

    def Event(self, enable_timing: bool) -> Any:  # noqa: N802 - PyTorch's name
        assert enable_timing
        event = SimpleNamespace(at=None)
        event.record = lambda: setattr(event, "at", self.now)
        event.elapsed_time = lambda other: (other.at - event.at) * 1e3
        return event

    def synchronize(self) -> None:
        self.synchronized += 1

    def Stream(self) -> Any:  # noqa: N802
        return SimpleNamespace(wait_stream=lambda _: None)

    current_stream = Stream

    def stream(self, _: Any) -> Any:
        return _Block()

    def CUDAGraph(self) -> Any:  # noqa: N802
        return SimpleNamespace(replay=lambda: self.graphs.append("replay"))

    def graph(self, _: Any) -> Any:
        return _Block(lambda on: setattr(self, "capturing", on))


class _Block:
    def __init__(self, heard: Any = lambda _: None) -> None:
        self.heard = heard

    def __enter__(self) -> None:
        self.heard(True)

    def __exit__(self, *_: object) -> None:
        self.heard(False)


def test_events_time_what_lies_between_steps_and_the_step_alone_behind_a_flush():
    cuda = Cuda()

    def step() -> None:
        cuda.now += 0.25

    def flush() -> None:
        cuda.now += 10.0

    clock = clocks.CudaClock(cuda)
    assert clock.samples(step, 3, 2) == [0.25] * 3
    assert clock.samples(step, 3, 1, flush) == [0.25] * 3
    assert cuda.synchronized == 2, "the host waits once, behind all of them"


def test_a_run_warms_up_samples_and_stops():
    cuda, calls = Cuda(), []

    def step() -> None:
        calls.append(1)
        cuda.now += 0.01

    entered = []
    found = clocks.timed(
        clocks.CudaClock(cuda),
        step,
        METHOD,
        watch=lambda: _Block(lambda on: entered.append((on, len(calls)))),
    )
    assert found.times == pytest.approx([0.01] * len(found.times))
    assert len(found.times) >= METHOD.least
    assert len(calls) == found.warmup + len(found.times)
    assert entered == [(True, found.warmup), (False, len(calls))], "what is watched is what is sampled"


def test_every_process_does_what_the_first_one_decides():
    """A process whose own times differ takes as many samples: all it decides by comes from the first one."""
    told: list[list[float]] = []
    counts = []
    for rank, slow in ((0, 1.0), (1, 7.0)):
        answers_ = iter(list(told))
        cuda, calls = Cuda(), []

        def step(cuda: Cuda = cuda, calls: list[int] = calls, slow: float = slow) -> None:
            calls.append(1)
            cuda.now += slow * (0.01 + 0.001 * (len(calls) % 3))

        def agree(values: list[float], rank: int = rank, known: Any = answers_) -> list[float]:
            if rank == 0:
                told.append(values)
                return values
            return next(known)

        clocks.timed(clocks.CudaClock(cuda), step, METHOD._replace(sample=1e-5), agree=agree)
        counts.append(len(calls))
    assert counts[0] == counts[1]


def test_a_captured_training_step():
    cuda, log = Cuda(), []
    optimizer = SimpleNamespace(zero_grad=lambda set_to_none: log.append("clear"))
    step = capture.training(
        cuda, lambda: log.append(("gradients", cuda.capturing)),
        lambda: log.append(("update", cuda.capturing)),
        optimizer, whole=True,
    )  # fmt: skip
    assert log[-3:] == ["clear", ("gradients", True), ("update", True)]
    step()
    assert cuda.graphs == ["replay"]
    log.clear()
    step = capture.training(
        cuda, lambda: log.append(("gradients", cuda.capturing)),
        lambda: log.append(("update", cuda.capturing)),
        optimizer, whole=False,
    )  # fmt: skip
    assert ("update", True) not in log, "a loss scale is read by the host"
    log.clear()
    step()
    assert log == [("update", False)]
    replay = capture.graphed(cuda, lambda: log.append("step"))
    replay()
    assert cuda.graphs == ["replay"] * 3


# -- telemetry


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
    told = telemetry.described(points, None, None)
    assert (told["energy"], told["energy_from"]) == (550.0, "power integrated over time")
    assert telemetry.described([points[0]._replace(power=None)] * 2, None, None)["points"] == 2


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


# -- what a task gives


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


def answer(value=100.0, **more):
    job = {"workload": "resnet50", "phase": "train", "precision": "amp-fp16", "batch": 64.0, "height": 224.0,
           "width": 224.0, "options": {"layout": "nhwc"}}  # fmt: skip
    context = {
        "job": job,
        "runtime": "PyTorch 2.13.0 eager",
        "device": {"name": "NVIDIA A10", "memory": 22.5 * 2**30},
    }
    rows = [{"metric": "throughput", "unit": "images/s", "value": value, "spread": 0.002}]
    return {"status": "ok", "reason": "", "rows": rows, "context": context, **more}


def job_task(batch=64, **more):
    settings = tasks.Settings(device="cpu")
    from whichgpu import api

    return {
        **tasks.of_job(api.job("resnet50", phase="train", batch=batch, precision="amp"), settings),
        **more,
    }


def test_a_row_has_what_a_prediction_needs():
    (found,) = answers.records(job_task(), answer())
    assert found.row["gpu"] == "a10"
    assert found.row["precision"] == "amp-fp16"
    assert found.row["resolution"] == "224x224"
    assert found.row["options"] == "layout=nhwc"
    (held,) = compare.compare([found], GPUS)
    assert held.why == ""
    assert held.low < held.mid < held.high
    assert held.error == pytest.approx(held.mid / 100.0 - 1.0)
    assert held.inside is (held.low <= 100.0 <= held.high)
    (lost,) = answers.records(job_task(), {"status": "oom", "reason": "out of memory: 30 GiB"}, "a10")
    assert (lost.status, lost.value, lost.row["gpu"], lost.row["batch"]) == ("oom", None, "a10", "64")


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (
            type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried"),
            "oom",
            "CUDA out of memory",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "oom", "allocate"),
        (MemoryError(), "oom", "MemoryError"),
        (ModuleNotFoundError("No module", name="tensorflow"), "skipped", "pip install tensorflow"),
        (UsageError("no such shape"), "skipped", "no such shape"),
        (RuntimeError("CUDA error: an illegal memory access"), "failed", "illegal memory access"),
    ],
)
def test_what_ended_a_run_is_told_apart(fault, status, said):
    found, reason = faults.told(fault)
    assert found == status
    assert said in reason


# -- runs


def alone():
    return runner.Machine(0, "", ())


def test_a_run_goes_on_after_each_fault_and_resumes(tmp_path):
    given = {1: answer(), 2: {"status": "oom", "reason": "out of memory"},
             3: {"status": "timeout", "reason": "hangs"},
             4: {"status": "skipped", "reason": "no tensorflow"}, 5: answer(120.0)}  # fmt: skip
    todo = [job_task(batch) for batch in given]
    heard: list[str] = []
    with Journal(tmp_path / "a.csv") as journal:
        done = runner.run(
            todo, journal, execute=lambda t: given[int(t["batch"])], look=alone, tell=heard.append
        )
    assert [one.status for one in done.records] == ["ok", "oom", "timeout", "ok"]
    assert done.skipped == [("resnet50 train amp-fp16 batch 4", "no tensorflow")]
    assert len(heard) == 5
    with Journal(tmp_path / "a.csv", resume=True) as journal:
        again = runner.run(todo, journal, execute=lambda _: answer(), look=alone)
        assert len(journal.records) == 5
    assert again.known == 4
    assert [one.row["batch"] for one in again.records] == ["64"], "only what was left out is measured"
    found = report.run_report(done.records, done.skipped, out="a.csv")
    assert found.exit_code == 0
    assert found.data["rows"][1]["reason"] == "out of memory"
    nothing = report.run_report([], done.skipped)
    assert (nothing.exit_code, nothing.complaint) == (3, "nothing could be measured: no tensorflow")


def test_ctrl_c_keeps_what_there_is(tmp_path):
    def execute(task: Any) -> Any:
        if task["batch"] == 2:
            raise KeyboardInterrupt
        return answer()

    with Journal(tmp_path / "a.csv") as journal:
        done = runner.run([job_task(b) for b in (1, 2, 3)], journal, execute=execute, look=alone)
    assert done.interrupted
    assert len(done.records) == 1
    assert (
        "go on with --resume" in report.run_report(done.records, [], out="a.csv", interrupted=True).complaint
    )


@pytest.mark.parametrize("most", [0, 1, 2, 3, 63, 64, 65, 700])
def test_the_largest_batch(tmp_path, most):
    def execute(task: Any) -> Any:
        fits = task["batch"] <= most
        return answer(task["batch"]) if fits else {"status": "oom", "reason": "out of memory"}

    with Journal(tmp_path / "a.csv") as journal:
        best, done = runner.largest_batch(job_task(), journal, execute=execute, look=alone)
    assert most - most // 64 <= best <= most
    assert {one.status for one in done.records} <= {"ok", "oom"}
    assert any(one.status == "oom" for one in done.records)
    with pytest.raises(UsageError, match="ended otherwise"):
        runner.largest_batch(
            job_task(), None, execute=lambda _: {"status": "failed", "reason": "x"}, look=alone
        )


def test_more_gpus_than_there_are_is_left_out():
    there = runner.Machine(2, "a10", ("", ""))
    done = runner.run([job_task(n_gpus=4, device="auto")], None, look=lambda: there)
    assert done.skipped[0][1] == "the job wants 4 GPUs and this machine shows 2"


def test_scaling_is_told():
    rows = [row(id=str(n), workload="resnet50", metric="throughput", unit="images/s", value=v, n_gpus=n)
            for n, v in ((1, 100.0), (2, 190.0), (8, 640.0))]  # fmt: skip
    found = scaling.scaling([Record(one) for one in rows])
    assert [(one.speedup, one.efficiency) for one in found] == [(1.0, 1.0), (1.9, 0.95), (6.4, 0.8)]


# -- the process


def test_a_process_that_hangs_crashes_or_has_no_framework(tmp_path):
    """What stands for Python here is a script; the real one is in test_bench_cpu."""

    def python(text: str) -> str:
        path = tmp_path / f"{abs(hash(text))}.sh"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    def run(text: str, **task: Any) -> Any:
        return process.run({"kind": "job", "timeout": 20.0, **task}, python(text))

    hung = run("sleep 60 & sleep 60", timeout=0.3)
    assert (hung["status"], "not done after 0.3 s" in hung["reason"]) == ("timeout", True)
    crashed = run("echo 'CUDA error: device-side assert' >&2; exit 3")
    assert (crashed["status"], "status 3" in crashed["reason"]) == ("failed", True)
    assert "device-side assert" in crashed["reason"]
    assert run("kill -9 $$")["status"] == "oom"
    assert "signal 11" in run("kill -11 $$")["reason"]
    lost = run("echo \"No module named 'torch'\" >&2; exit 1", n_gpus=2)
    assert (lost["status"], "pip install torch" in lost["reason"]) == ("skipped", True)
    assert "does not start" in process.run({"kind": "job"}, str(tmp_path / "none"))["reason"]


# -- suites


def test_the_article_s_table_is_one_command():
    found = tasks.suite("a5000-article", tasks.Settings(), 8)
    cells = {(one["workload"], one["precision"], one["batch"], one["n_gpus"]) for one in found}
    assert len(found) == len(cells) == 32
    assert {(p, b) for _, p, b, _ in cells} == {("fp16", 256.0), ("fp32", 128.0)}
    assert {n for *_, n in cells} == {1, 2, 4, 8}
    assert {one["framework"] for one in found} == {"tensorflow"}
    assert tasks.suite("a5000-article", tasks.Settings(framework="torch"), 8)[0]["framework"] == "torch"
    with pytest.raises(UsageError, match="none is at hand; see that it works with --toy"):
        tasks.suite("a5000-article", tasks.Settings(), 0)
    assert {one["n_gpus"] for one in tasks.suite("a5000-article", tasks.Settings(toy=True), 0)} == {1, 2}


@pytest.mark.parametrize("name", sorted(tasks.suites()))
def test_every_suite_can_be_told(name):
    """Each task has a title of its own, and its workload and precision are those of the zoo."""
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import resolve

    found = tasks.suite(name, tasks.Settings(), 8)
    assert len({digest(one) for one in found}) == len(found)
    for one in found:
        assert tasks.title(one)
        if one["kind"] == "job":
            resolve(one["workload"]).complete(
                Job(one["workload"], phase=one["phase"], precision=one["precision"])
            )


def test_a_suite_that_is_not_there():
    with pytest.raises(UsageError, match="did you mean a5000-article"):
        tasks.suite("a5000-artikle", tasks.Settings(), 1)


# -- clusters


def node(key, name, alive=True, **resources):
    return {"NodeID": key, "Alive": alive, "NodeManagerHostname": name, "Resources": resources}


A100, T4 = {"CPU": 8, "GPU": 2, "accelerator_type:A100": 1}, {"CPU": 8, "GPU": 1, "accelerator_type:T4": 1}
RAW = [
    node("a", "big", **A100), node("b", "big", **A100), node("c", "small", **T4),
    node("d", "gone", alive=False, CPU=8), node("e", "head"),
]  # fmt: skip


def test_each_node_has_tasks_of_its_own_and_a_lost_one_is_tried_elsewhere():
    there = cluster.nodes(RAW)
    assert [(one.name, one.kind, one.gpus) for one in there] == [
        ("big", "A100", 2),
        ("big#2", "A100", 2),
        ("small", "T4", 1),
    ]
    todo = [{"kind": "micro", "name": name} for name in ("x", "y")]
    queue = cluster.Queue(todo, there, frozenset())
    first = dict(queue.next(["a", "b", "c"]))
    assert {node.id: task["where"] for node, task in first.items()} == {
        "a": "big/A100", "b": "big#2/A100", "c": "small/T4",
    }  # fmt: skip
    # One that is lost leaves its tasks to its like; where there is none they are given up.
    big, small = there[0], there[2]
    assert queue.failed(big, first[big], dead=True) == []
    assert queue.alive == ["b", "c"]
    assert queue.left == 4
    given_up = queue.failed(small, first[small], dead=True)
    assert [task["name"] for task, _ in given_up] == ["x", "y"]
    assert "node small was lost, and no other node has T4" in given_up[0][1]
    # A process that dies again and again is not tried for ever.
    other, task = there[1], {"kind": "micro", "name": "z"}
    assert queue.failed(other, task, dead=False) == []
    assert queue.failed(other, task, dead=False) == []
    ((_, why),) = queue.failed(other, task, dead=False)
    assert why == "its process on node big#2 was lost; tried 3 times"


def test_what_a_cluster_has_done_is_not_done_again():
    there = cluster.nodes(RAW)[:1]
    task = {"kind": "micro", "name": "x"}
    queue = cluster.Queue([task], there, frozenset((digest(cluster.placed(task, there[0])),)))
    assert queue.left == 0


# -- the device


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
