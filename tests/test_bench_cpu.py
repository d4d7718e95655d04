"""The whole of bench on a processor, at toy size: real processes, PyTorch, torchrun, Ray, TensorFlow."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from whichgpu.bench import process, tasks
from whichgpu.bench.journal import read
from whichgpu.bench.worker import __main__ as worker
from whichgpu.cli import main
from whichgpu.workloads.job import Job

pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
pytestmark = pytest.mark.slow

TOY = tasks.Settings(toy=True, device="cpu", timeout=240.0)


def told(capsys, *arguments):
    """The JSON document of a command, and its exit status."""
    status = main([*arguments, "--json"])
    return json.loads(capsys.readouterr().out), status


@pytest.mark.thorough
def test_the_suite_is_killed_in_the_middle_and_goes_on(tmp_path, capsys):
    """Training, inference, torchrun, a data loader, exchanges, kernels, TensorFlow on two devices."""
    out = tmp_path / "toy.csv"
    command = [sys.executable, "-m", "whichgpu", "bench", "suite", "toy", "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(Path(process.__file__).parents[2])}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as child:
        for name in (b"resnet18 train", b"googlenet infer"):
            assert name in next(line for line in child.stderr if b"still measuring" not in line)
        child.send_signal(signal.SIGKILL)
    before = [one.id for one in read(out)]
    assert len(before) >= 2
    found, status = told(capsys, "bench", "suite", "toy", "--out", str(out), "--resume", "--compare")
    assert status == 0, found
    every = read(out)
    assert [one.id for one in every][: len(before)] == before, "nothing is measured twice"
    assert max(Counter(one.id for one in every).values()) == 1
    assert {one.status for one in every} == {"ok"}, [one.reason for one in every if one.status != "ok"]
    asked = {tasks.title(one) for one in tasks.suite("toy", tasks.Settings(), 0)}
    left_out = {one["task"] for one in found["skipped"]}
    assert {tasks.title(one.task) for one in every} == asked - left_out
    assert all("in TensorFlow" in name for name in left_out)
    assert all("pip install tensorflow" in one["why"] for one in found["skipped"])
    assert {one["n_gpus"] for one in found["scaling"]} in (set(), {1, 2})
    assert all(one["why"].startswith("no GPU 'cpu'") for one in found["comparison"])
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [one.id for one in every]
    kinds = {row["workload"] for row in rows}
    assert {"micro/copy", "micro/gemm", "micro/all_reduce", "micro/all_to_all", "micro/attention"} <= kinds
    for one in every:
        assert {"software", "host", "seed", "started", "command"} <= set(one.context), one.id
        assert one.context["statistics"]["samples"] >= 1
    assert all(one.context["agreement"]["parameters"] for one in every if one.task["kind"] == "job")
    sizes = [one.context["agreement"] for one in every if one.task.get("framework") == "tensorflow"]
    assert all(one["parameters"] == one["traced_parameters"] for one in sizes)


def here(task, *_):
    """The answer of a measuring process, without one: PyTorch is here already."""
    return {"context": {}, **worker._answer(task)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"loader": "0", "data": "/none"}, "there is no folder /none here"),
        ({"loader": "0", "data": "/proc/self/fd"}, r"fewer than a batch of 2; give a smaller --batch"),
        ({"compile": "banana"}, r"option compile: Unrecognized mode=banana.*; write compile=True"),
    ],
)
def test_what_a_step_cannot_be_is_left_out_with_what_to_write(options, said):
    job = Job("resnet18", phase="train", batch=2.0, height=64.0, width=64.0, options=options)
    found = here(tasks.of_job(job, TOY))
    assert (found["status"], bool(re.search(said, found["reason"]))) == ("skipped", True), found["reason"]


def test_a_row_is_measured_again_from_its_record(tmp_path, capsys, monkeypatch):
    # A pod of a training job has the variables of torchrun set, and no other process that would come.
    alone = {"WORLD_SIZE": "8", "RANK": "3", "LOCAL_RANK": "3", "MASTER_ADDR": "master-0"}
    for name, value in alone.items():
        monkeypatch.setenv(name, value)
    assert not alone.keys() & process.environment({"n_gpus": 1}).keys()
    out = tmp_path / "a.csv"
    run = ("bench", "run", "resnet18", "--phase", "train", "--batch", "1", "--resolution", "64", "--toy",
           "--precision", "fp32", "--out", str(out), "--seed", "7")  # fmt: skip
    found, status = told(capsys, *run)
    assert status == 0
    (row,) = found["rows"]
    for name in alone:
        monkeypatch.delenv(name)
    monkeypatch.setattr(process, "run", here)
    again, status = told(capsys, "bench", "replay", row["id"], "--from", str(out))
    assert status == 0
    assert again["replayed"]["before"] == row["value"]
    assert again["rows"][0]["id"] != row["id"], "a measurement of its own, which may be committed beside it"
    assert read(tmp_path / "a-again.csv")[0].task == read(out)[0].task
    assert main([*run]) == 2
    assert "add --resume" in capsys.readouterr().err
    known, _ = told(capsys, *run, "--resume")
    assert (known["known"], known["rows"]) == (1, [])
    assert main(["bench", "replay", "nonsense", "--from", str(out)]) == 2
    assert main(["bench", str(out)]) == 0
    assert "resnet18" in capsys.readouterr().out


@pytest.mark.thorough
def test_the_device_on_its_roofline(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(process, "run", here)
    out = tmp_path / "device.csv"
    found, status = told(capsys, "bench", "device", "--toy", "--device", "cpu", "--out", str(out))
    assert status == 0
    assert found["device"] == "cpu"
    figures = {one["what"] for one in found["figures"]}
    assert {"copy bandwidth", "triad bandwidth", "fp32 product", "launch, queued"} <= figures
    assert [one["task"] for one in found["skipped"]] == ["transfer"]


def test_memory_that_runs_out_is_a_row_and_a_hang_ends(monkeypatch):
    monkeypatch.setattr(process, "PATIENCE", 0.5)
    heard = []
    method = tasks.Settings(toy=True).method("usual")
    task = {"kind": "job", "framework": "torch", "workload": "resnet18", "phase": "train",
                "precision": "fp32",
            "batch": 4096.0, "n_gpus": 1, "options": {}, "device": "cpu", "method": method,
            "timeout": 120.0}  # fmt: skip
    lost = process.run({**task, "memory": 2.5e9})
    assert (lost["status"], "out of memory" in lost["reason"]) == ("oom", True)
    slow = process.run(
        {**task, "batch": 64.0, "height": 2048.0, "width": 2048.0, "timeout": 3.0}, "", heard.append
    )
    assert (slow["status"], "not done after 3 s" in slow["reason"]) == ("timeout", True)
    assert heard == [0.5, 1.0, 2.0]
    wrong = here({**task, "batch": 1.0, "options": {"colour": "red"}})
    assert (wrong["status"], "option colour" in wrong["reason"]) == ("skipped", True)
    none = here({**task, "batch": 1.0, "device": "cuda"})
    assert (none["status"], "sees no GPU" in none["reason"]) == ("skipped", True)


@pytest.mark.parametrize("more", [{"options": {"sharding": "fsdp"}}, {"tp": 2.0}])
@pytest.mark.thorough
def test_two_processes_share_a_decoder(more, tmp_path, monkeypatch):
    """Sharded, and with layers cut: a small decoder of a file of one's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    model = tmp_path / "tiny.toml"
    model.write_text(
        'name = "Tiny"\nfamily = "decoder"\n[dimensions]\nlayers = 2\nhidden = 64\nheads = 4\nkv_heads = 2\n'
        'head_dim = 16\nffn = 96\nvocab = 100\nsource = "made up"\n',
        encoding="utf-8",
    )
    task = {"kind": "job", "framework": "torch", "workload": str(model), "phase": "train",
                "precision": "fp32",
            "batch": 1.0, "seq_len": 8.0, "n_gpus": 2, "options": {}, "device": "cpu", "timeout": 240.0,
            "method": TOY.method("usual"), "threads": 1, **more}  # fmt: skip
    found = process.run(task)
    assert found["status"] == "ok", found["reason"]
    assert found["rows"][0]["value"] > 0
    assert [one.name for one in tmp_path.iterdir()] == [model.name], "nothing is left behind"


def test_a_measuring_process_ends_with_the_one_that_waits(tmp_path):
    """After kill -9 of the program nothing goes on in the background."""
    program = (
        "from whichgpu.bench import process, tasks\n"
        "s = tasks.Settings(device='cpu')\n"
        "process.run(tasks.micro('sustained', {'seconds': 300, 'size': 64}, s))\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(process.__file__).parents[2]),
        "TMPDIR": str(tmp_path),
    }
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as child:
        worker = _until(lambda: _child(child.pid))
        # It watches from the moment it has read its task.
        time.sleep(3.0)
        child.kill()
    assert _until(lambda: not Path(f"/proc/{worker}").exists() or _zombie(worker))
    assert list(tmp_path.iterdir()) == [], "nor is anything left"


def _child(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return path.read_text(encoding="utf-8").split()[0] if path.exists() and path.read_text() else ""


def _zombie(pid):
    return " Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")


def _until(asked, seconds=90.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = asked()
        if found:
            return found
        time.sleep(0.1)
    return None


@pytest.mark.thorough
def test_two_nodes_of_a_cluster_and_one_that_is_lost(tmp_path):
    """Each node measures; when one is killed its task is tried on the other, and said."""
    pytest.importorskip("ray", reason="needs Ray: pip install 'whichgpu[ray]'")
    from ray.cluster_utils import Cluster

    from whichgpu.bench.cluster import gather
    from whichgpu.bench.journal import Journal

    there = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        nodes = [there.add_node(num_cpus=1) for _ in range(2)]
        there.wait_for_nodes()
        quick = tasks.micro("launch", {}, TOY)
        slow = tasks.micro("sustained", {"seconds": 6, "parts": 2, "size": 64}, TOY)
        heard, started = [], []

        def tell(line):
            heard.append(line)
            if "launch" in line and not started:
                started.append(line)
                there.remove_node(nodes[1], allow_graceful=False)

        with Journal(tmp_path / "ray.csv") as journal:
            outcome, told_nodes = gather([quick, slow], journal, there.address, tell=tell)
    finally:
        there.shutdown()
    assert {one.status for one in outcome.records} == {"ok"}
    wheres = Counter((one.task["where"], one.task["name"]) for one in outcome.records)
    assert len(wheres) == 4, "two tasks for each node"
    assert any(one["event"] == "lost" for one in told_nodes)
