"""Rows of `bench` under `data/measured/`: predicted beside them, read by the calibration and the scoreboard.

The rows are stand-ins of a card, in a folder of their own: none of them is evidence.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from whichgpu.bench import answers, tasks
from whichgpu.bench.compare import compare
from whichgpu.bench.journal import Journal, read
from whichgpu.cost.calibration import refit, scoreboard
from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow
RATES = {"resnet50": 2500.0, "vgg16": 1500.0, "bert-large": 350.0}


def answer(task: dict[str, Any], **device: str) -> dict[str, Any]:
    """What a measuring process gives of a card, and of one product that ran out of memory."""
    card = {"name": "NVIDIA H200", "memory": 150e9, **device}
    context: dict[str, Any] = {"device": card, "runtime": "PyTorch 2.13.0 eager", "host": {"name": "here"},
                               "started": "2026-11-30T10:00:00Z"}  # fmt: skip
    if task["kind"] != "job":
        return {"status": "oom", "reason": "out of memory", "rows": [], "context": context}
    item = resolve(task["workload"])
    columns = {name: task[name] for name in ("phase", "precision", "batch", "seq_len") if name in task}
    context["job"] = item.complete(Job(item.id, **columns, options=task["options"])).to_dict()
    rate = RATES[item.id]
    rows = [("throughput", f"{item.unit}/s", rate), ("power", "W", 600.0), ("peak_gpu_memory", "GiB", 20.0)]
    return {"status": "ok", "reason": "", "context": context,
            "rows": [{"metric": one, "unit": unit, "value": value, "spread": 0.002}
                     for one, unit, value in rows]}  # fmt: skip


@pytest.fixture
def rows(tmp_path):
    """A file of a run, as it would lie under data/measured/, and one row of the card's own memory."""
    settings = tasks.Settings(device="cuda")
    todo = [tasks.of_job(Job(name, phase="train", precision="amp-fp16", batch=16.0), settings)
            for name in RATES]  # fmt: skip
    (tmp_path / "measured").mkdir()
    out = tmp_path / "measured" / "bench-h200.csv"
    with Journal(out) as journal:
        for task in (*todo, tasks.micro("gemm", {}, settings)):
            journal.append(answers.records(task, answer(task)))
        copied = answers.records(tasks.micro("memory", {}, settings), {
            **answer(todo[0]), "rows": [{"workload": "micro/copy", "metric": "bandwidth", "unit": "GB/s",
                                         "value": 4300.0, "options": {"from": "memory"}}]})  # fmt: skip
        journal.append(copied)
    return out


@pytest.fixture
def beside(rows, monkeypatch):
    """The package's data with those rows on top, as `WHICHGPU_DATA` has them."""
    monkeypatch.setenv("WHICHGPU_DATA", str(rows.parent.parent))
    store.load.cache_clear()
    yield rows
    monkeypatch.undo()
    store.load.cache_clear()


def test_a_prediction_stands_beside_each_row_of_a_job(rows):
    found = compare(read(rows), catalogue())
    assert Counter(one.record.row["metric"] for one in found) == dict.fromkeys(
        ("throughput", "power", "peak_gpu_memory"), len(RATES)
    )
    for one in found:
        assert one.mid is not None, one.why
        assert one.low < one.mid < one.high
        assert one.error == pytest.approx(one.mid / one.value - 1.0)


def test_rows_of_a_run_are_read_where_they_are_committed(beside, whichgpu):
    """The job itself is answered with what was measured; a fit reads no products, nor what has no value."""
    own = [row for row in measured_rows() if row["source"] == answers.SOURCE]
    assert len(own) == 3 * len(RATES) + 2
    groups, skipped = refit.gathered(catalogue(), own)
    assert [row["metric"] for one in groups for row in one.rows] == ["throughput"] * len(RATES)
    assert skipped == {}
    said = whichgpu("predict", "resnet50", "--gpu", "h200-141gb-sxm", "--phase", "train", "--precision",
                    "amp-fp16", "--batch", "16", "--runtime", "PyTorch 2.13.0 eager", "--json")  # fmt: skip
    assert said.status == 0
    told = json.loads(said.out)
    assert told["basis"] == "measured"
    assert told["value"]["mid"] == pytest.approx(RATES["resnet50"], rel=0.01)


def test_the_scoreboard_has_a_line_of_what_was_measured_here(beside):
    others = [row for row in measured_rows() if row["source"].startswith("lambdal/deeplearning-benchmark")]
    own = [row for row in measured_rows() if row["source"] == answers.SOURCE]
    board = scoreboard.of_refit(refit.refit(catalogue(), [*own, *others[:150]]))
    mine = [i for i, source in enumerate(board.keys["source"]) if source == answers.SOURCE]
    assert {board.keys["workload"][i] for i in mine} == set(RATES)
    assert all(board.errors[fold][i] == board.errors[fold][i] for fold in ("seen", "gpu") for i in mine)


def test_a_measurement_has_a_name_of_its_own():
    """Two cards, or the same one again, measure the same tasks: their rows may be committed side by side."""
    task = tasks.of_job(Job("resnet50", phase="train", precision="amp-fp16", batch=16.0), tasks.Settings())
    one, other = (answers.records(task, answer(task, uuid=uuid)) for uuid in ("GPU-a", "GPU-b"))
    assert one[0].id != other[0].id
    assert one[0].key == other[0].key, "--resume knows the task again"


def test_no_row_of_a_processor_is_evidence():
    every = list(store.rows("measured"))
    assert len({row["id"] for row in every}) == len(every)
    assert [row["id"] for row in every if row["gpu"] == "cpu" or row["workload"].startswith("micro/")] == []
