"""Runs of bench: rows, faults, resuming, the largest batch, processes, suites."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from whichgpu.bench import (
    answers,
    compare,
    process,
    runner,
    scaling,
    tasks,
)
from whichgpu.bench.journal import Journal
from whichgpu.bench.record import Record, digest, row
from whichgpu.bench.worker import context, faults
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report import bench as report
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

GPUS = catalogue()


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


def test_settings_that_change_speed_are_kept_and_no_others(monkeypatch):
    for name in ("NCCL_IB_DISABLE", "HIP_VISIBLE_DEVICES", "HF_TOKEN"):
        monkeypatch.setenv(name, "1")
    kept = context.machine()["settings"]
    assert {"NCCL_IB_DISABLE", "HIP_VISIBLE_DEVICES"} <= set(kept)
    assert "HF_TOKEN" not in kept


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


def alone():
    return runner.Machine(0, "", ())


@pytest.mark.parametrize(
    ("task", "limited"),
    [
        ({"device": "cpu"}, True),
        ({"device": "cpu", "n_gpus": 2}, True),
        ({"device": "cuda"}, False),
        ({"device": "cpu", "memory": 1e9}, False),
    ],
)
def test_a_task_of_a_processor_takes_no_more_than_is_free(monkeypatch, task, limited):
    """What wants more ends alone, where the system would end what has nothing to do with it."""
    resource = pytest.importorskip("resource", reason="limits of a process are of Unix")
    if not Path("/proc/meminfo").exists():
        pytest.skip("what is free is told by Linux")
    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: asked.append(limit[0]))
    faults.spare(task)
    assert bool(asked) == limited
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / task.get("n_gpus", 1)
    assert all(0 < one <= whole for one in asked)


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


def test_layers_that_are_cut_are_no_replicas():
    """Two ways over two GPUs stand beside each other, here and in what a run says of itself."""
    ways = ((1, "", 100.0), (2, "", 190.0), (2, "2", 150.0))
    shared = {"workload": "gpt2", "metric": "throughput", "unit": "tokens/s"}
    rows = [row(id=f"{n}{tp}", value=v, n_gpus=n, tp=tp, **shared) for n, tp, v in ways]
    found = scaling.scaling([Record(one) for one in rows])
    assert [one.efficiency for one in found] == [1.0, 0.95, 0.75]
    assert not scaling.scaling([Record(one) for one in rows[1:]]), "there is nothing to hold two GPUs against"
    assert "tp 2" in tasks.title(job_task(tp=2.0, n_gpus=2))
    assert "tp=2" in str(report.run_report([Record(one) for one in rows], []))
    served = row(id="s", workload="gpt2", metric="tpot", unit="ms", value=9.0, concurrency=37)
    assert "37" in str(report.table([Record(served)])), "what a server had in flight stands where batches do"


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
    shared = run(
        "echo ' exitcode  : -9 (pid: 77)'; echo ' traceback : Signal 9 (SIGKILL) received by PID 77';"
        "echo 'torch.distributed.elastic.multiprocessing.errors.ChildFailedError:'; exit 1", n_gpus=2,
    )  # fmt: skip
    assert shared["status"] == "oom", "of several processes torchrun tells how one ended"
    lost = run("echo \"No module named 'torch'\" >&2; exit 1", n_gpus=2)
    assert (lost["status"], "pip install torch" in lost["reason"]) == ("skipped", True)
    none = process.run({"kind": "job"}, str(tmp_path / "none"))
    assert (none["status"], "does not start" in none["reason"]) == ("skipped", True), "nothing of the job"


def test_another_python_is_shown_this_program_and_nothing_beside_it(tmp_path):
    """Installed, it lies beside packages of its environment: their PyTorch would hide that of --python."""
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    folder = process.shown(str(tmp_path), str(other))
    assert [one.name for one in folder.iterdir()] == ["whichgpu"]
    path = process.environment({}, folder)["PYTHONPATH"]
    assert path.split(os.pathsep)[0] == str(folder)
    told = [str(other), "-c", "import whichgpu.bench.process as p; print(p.__file__)"]
    said = subprocess.run(told, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True)
    assert Path(said.stdout.strip()).resolve() == Path(process.__file__).resolve()
    for ours in ("", sys.executable):
        assert (process.shown(str(tmp_path), ours) / "whichgpu" / "bench" / "process.py").exists()
        assert process.shown(str(tmp_path), ours) != folder


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
    toy = tasks.suite("vision", tasks.Settings(toy=True), 0)
    assert {one["precision"] for one in toy if one["kind"] == "job"} == {"amp-bf16", "tf32", "fp32", "bf16"}
    gpu = tasks.suite("vision", tasks.Settings(toy=True, device="cuda"), 1)
    assert "amp-fp16" in {one["precision"] for one in gpu}


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


def test_a_toy_is_small_in_what_nobody_stated():
    item = resolve("resnet50")
    plain = Job("resnet50", phase="train")
    small = tasks.small(plain, item.complete(plain))
    assert (small.batch, small.height, small.precision) == (2.0, 128.0, "amp-bf16")
    stated = Job("resnet50", phase="train", batch=8.0, precision="amp-fp16")
    same = tasks.small(stated, item.complete(stated))
    assert (same.batch, same.precision) == (8.0, "amp-fp16")
    text = Job("gpt2", phase="train")
    assert tasks.small(text, resolve("gpt2").complete(text)).seq_len == 16.0
    assert resolve("gpt2").complete(text).seq_len == 1024.0, "no longer than its positions"


def test_a_gpu_that_the_framework_does_not_see_is_not_hidden_by_the_processor():
    asked = []

    def execute(task):
        asked.append(task["device"])
        return {"status": "skipped", "reason": "PyTorch sees no GPU"}

    for device, gpus in (("auto", 1), ("cpu", 1), ("auto", 0)):
        task = job_task(device=device)
        runner.run([task], None, execute=execute, look=lambda gpus=gpus: runner.Machine(gpus, "a10", ("",)))
    assert asked == ["cuda", "cpu", "auto"]


def test_a_search_that_fails_leaves_the_others_theirs(tmp_path, monkeypatch, whichgpu):
    def execute(task, *_more):
        fine = task["workload"] == "resnet34" and task["batch"] < 4
        why = {"status": "oom", "reason": "out of memory"}
        return answer() if fine else why if task["workload"] == "resnet34" else {
            "status": "failed", "reason": "a kernel broke"}  # fmt: skip

    monkeypatch.setattr("whichgpu.bench.process.run", execute)
    out = tmp_path / "a.csv"
    found = whichgpu("bench", "run", "resnet18", "resnet34", "--toy", "--device", "cpu", "--largest-batch",
                     "--out", str(out), "--json")  # fmt: skip
    assert found.status == 0
    assert found.json["largest_batch"] == {"resnet34": 3}


def test_a_search_at_toy_size_ends(whichgpu, tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr("whichgpu.bench.process.run",
                        lambda task, *_: tried.append(task["batch"]) or answer())  # fmt: skip
    found = whichgpu("bench", "run", "resnet34", "--toy", "--device", "cpu", "--largest-batch",
                     "--out", str(tmp_path / "toy.csv"))  # fmt: skip
    assert "Largest batch of resnet34: 64 or more, at toy size." in found.out
    assert max(tried) == runner.TOY


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run resnet18 --toy --largest-batch --batch 8", "leave out --batch"),
        ("run resnet18 --toy --out none/a.csv", "mkdir -p none, or choose another --out"),
        ("replay abc --from none.csv", "none.csv: no such file; name the one that has row abc"),
        ("run resnet18 --toy --seed 99999999999", "is not in the range"),
        ("import run.log --batch -3", "batch: -3 is below 1"),
        ("run resnet18 --toy --runtime vllm", "leave --runtime out"),
        ("suite TOY", "did you mean toy?"),
        ("serve-load localhost:9 --concurrency 200000", "above zero, up to 100,000"),
        ("import rows.csv", "whichgpu calibrate --with rows.csv take them as they are"),
        ("none.csv", "whichgpu bench run WORKLOAD --out none.csv"),
        ("resnet18", "whichgpu bench run resnet18"),
        ("run.log", "run.log: rows are in a .csv; what another program wrote: whichgpu bench import run.log"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_to_type(whichgpu, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.log").write_text("10\timages/sec: 812.0\n")
    (tmp_path / "rows.csv").write_text("id,workload,gpu,metric,value\n")
    found = whichgpu("bench", *words.split())
    assert (found.status, said in " ".join(found.err.split())) == (2, True), found.err


def test_a_figure_is_said_also_where_the_disk_is_full(tmp_path, monkeypatch):
    """On a full disk an hour's measurement is on the screen at least."""
    heard = []
    with Journal(tmp_path / "a.csv") as journal:
        monkeypatch.setattr(
            journal, "append", lambda _: (_ for _ in ()).throw(UsageError("the disk is full"))
        )
        with pytest.raises(UsageError, match="the disk is full"):
            runner.run([job_task()], journal, execute=lambda _: answer(), look=alone, tell=heard.append)
    assert "100 images/s" in heard[-1]


@pytest.mark.parametrize("option", ["--seconds", "--timeout"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_time_that_is_no_number_is_refused(whichgpu, option, value):
    found = whichgpu("bench", "run", "resnet18", option, value)
    assert found.status == 2
    assert "no number to go by" in found.err


def test_a_replay_has_a_file_of_its_own_each_time(tmp_path, monkeypatch, whichgpu):
    out = tmp_path / "a.csv"
    with Journal(out) as journal:
        runner.run([job_task()], journal, execute=lambda _: answer(), look=alone)
        name = journal.records[0].id
    monkeypatch.setattr("whichgpu.bench.process.run", lambda *_: answer(110.0))
    for _ in range(2):
        assert whichgpu("bench", "replay", name, "--from", str(out)).status == 0
    assert (tmp_path / "a-again.csv").exists()
    assert (tmp_path / "a-again-2.csv").exists()
    wrong = whichgpu("bench", "replay", "zzzzzz", "--from", str(out))
    assert name in wrong.err


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"import": "x"}, "was not measured by bench"),
        ({"what": "serve-load", "model": "m"}, "start the server"),
    ],
)
def test_a_row_that_bench_did_not_measure_is_not_replayed(tmp_path, whichgpu, task, said):
    with Journal(tmp_path / "a.csv") as journal:
        journal.append([Record(row(id="one", metric="throughput", value=1.0), {}, task)])
    found = whichgpu("bench", "replay", "one", "--from", str(tmp_path / "a.csv"))
    assert found.status == 2
    assert said in found.err


def test_a_file_of_another_gpu_is_not_gone_on_with(tmp_path):
    """The same task on another card is another measurement, which --resume would leave out unsaid."""
    task = {**job_task(), "device": "auto"}
    a10, h200 = (
        (lambda: runner.Machine(1, "a10", ("",))),
        (lambda: runner.Machine(1, "h200-141gb-sxm", ("",))),
    )
    with Journal(tmp_path / "a.csv") as journal:
        runner.run([task], journal, execute=lambda _: answer(), look=a10)
        again = runner.run([task], journal, execute=lambda _: answer(), look=a10)
        other = runner.run([task], journal, execute=lambda _: answer(), look=h200)
    assert (again.known, again.skipped) == (1, [])
    assert (other.known, len(other.skipped)) == (0, 1)
    assert "has it of a10, and this is h200-141gb-sxm; choose another --out" in other.skipped[0][1]
