"""Rows of a table that cannot be answered: each with its own reason, the others with their answers."""

from __future__ import annotations

import pytest
from job_rows import GPUS, ROW

from whichgpu.cost.table.jobs import predict_rows

pytestmark = pytest.mark.slow


BROKEN = {
    "batch nan": ({"batch": "nan"}, "batch: nan is not a finite number"),
    "batch inf": ({"batch": "inf"}, "batch: inf is not a finite number"),
    "batch below": ({"batch": "-4"}, "batch: -4 is below 1"),
    "batch none": ({"batch": "0"}, "batch: 0 is below 1"),
    "batch huge": ({"batch": "1e12"}, "is it a slip"),
    "batch text": ({"batch": "lots"}, "'lots' is not a number"),
    "half a GPU": ({"n_gpus": "1.5"}, "not a whole number"),
    "no GPU": ({"gpu": ""}, "column 'gpu' is empty"),
    "another GPU": ({"gpu": "no-such"}, "no GPU 'no-such'"),
    "no workload": ({"workload": ""}, "column 'workload' is empty"),
    "another workload": ({"workload": "no-such-model"}, "no workload 'no-such-model'"),
    "phase": ({"phase": "dream"}, "no phase 'dream'"),
    "precision": ({"precision": "fp17"}, "no precision 'fp17'"),
    "two formats": ({"precision": "fp16,fp32"}, "names 2 precisions, of which this takes one at a time"),
    "metric": ({"metric": "accuracy"}, "no metric 'accuracy'"),
    "unit": ({"unit": "tokens/s"}, "this workload makes images"),
    "no rate": ({"unit": "parsecs"}, "'parsecs' is not a rate"),
    "unit of time": ({"metric": "latency", "unit": "GB"}, "unit 'GB' is none of time"),
    "option": ({"options": "guidance"}, "'guidance' is not an option"),
    "resolution": ({"resolution": "big"}, "'big' is not a resolution"),
    "no pixels": ({"resolution": "512x0"}, "'512x0' is not a resolution"),
    "format": ({"precision": "fp8", "gpu": "a100-80gb-sxm"}, "has no FP8"),
    "mesh": ({"tp": "4", "n_gpus": "2"}, "tp=4 needs at least as many GPUs"),
    "memory": ({"batch": "900000"}, "does not fit: it needs"),
    "two counts": ({"gpu": "a10:4", "n_gpus": "2"}, "says 4 of it, n_gpus 2"),
}


def test_every_bad_row_has_its_own_reason_and_every_good_one_its_answer():
    rows = []
    for number, (name, (change, _)) in enumerate(BROKEN.items()):
        rows += [{**ROW, "id": f"good {number}", "batch": str(number + 1)}, {**ROW, "id": name, **change}]
    answers = list(predict_rows(rows, GPUS))
    assert [answer.id for answer in answers] == [row["id"] for row in rows]
    for answer in answers:
        if answer.id in BROKEN:
            assert BROKEN[answer.id][1] in answer.error
            assert answer.value is answer.low is answer.high is None
            assert answer.basis == ""
        else:
            assert not answer.error
            assert answer.low < answer.value < answer.high


def test_a_fault_of_the_program_is_the_reason_of_its_row_alone(monkeypatch):
    from whichgpu.cost.table import pools

    real = pools.outlined

    def faulty(one, on):
        if 13.0 in (one.job.batch if hasattr(one.job.batch, "__len__") else [one.job.batch]):
            raise ZeroDivisionError("thirteen")
        return real(one, on)

    monkeypatch.setattr(pools, "outlined", faulty)
    answers = list(predict_rows([{**ROW, "batch": str(batch)} for batch in range(10, 17)], GPUS))
    assert [bool(answer.error) for answer in answers] == [False] * 3 + [True] + [False] * 3
    assert "internal error: ZeroDivisionError: thirteen" in answers[3].error


def test_a_global_batch_that_some_rows_cannot_deal_out_is_asked_of_the_others_at_once(monkeypatch):
    from whichgpu.cost.table import pools

    sweeps, real = [], pools.outlined
    monkeypatch.setattr(pools, "outlined", lambda one, on: sweeps.append(one.job) or real(one, on))
    row = {"workload": "bert-base", "gpu": "a100-80gb-sxm", "phase": "train", "n_gpus": "8",
           "options": "global_batch=64"}  # fmt: skip
    answers = list(predict_rows([{**row, "batch": str(batch)} for batch in (8, 16, 4, 32, 2, 6)], GPUS))
    assert [answer.error.rpartition("use ")[2] for answer in answers] == [
        "", "global_batch=128", "", "global_batch=256", "", "",
    ]  # fmt: skip
    assert all((answer.value is None) == bool(answer.error) for answer in answers)
    # One that fails, and one of all the others.
    assert len(sweeps) == 2


def test_heads_that_some_rows_cannot_cut_are_asked_of_the_others_at_once(monkeypatch):
    from whichgpu.cost.table import groups

    settled, real = [], groups.settle
    monkeypatch.setattr(groups, "settle", lambda job: settled.append(job) or real(job))
    row = {"workload": "qwen2.5-7b", "gpu": "a100-80gb-sxm", "phase": "decode", "n_gpus": "8"}
    rows = [{**row, "batch": str(batch), "tp": tp} for batch in range(1, 9) for tp in ("1", "8", "3", "4")]
    answers = list(predict_rows(rows, GPUS))
    for tp, answer in zip(("1", "8", "3", "4"), answers, strict=False):
        assert ("28 attention heads" in answer.error) == (tp in ("8", "3"))
    # The whole, and what is left of it.
    assert len(settled) == 2
    monkeypatch.undo()
    for one, answer in zip(rows[:4], answers[:4], strict=True):
        (own,) = predict_rows([one], GPUS)
        assert answer.error == own.error


def test_rows_that_all_ask_for_no_metric_have_that_as_their_reason():
    (answer,) = predict_rows([{**ROW, "metric": "accuracy"}], GPUS)
    assert "no metric 'accuracy'" in answer.error


def test_a_release_that_runs_is_not_refused_for_its_neighbours():
    row = {"id": "a", "workload": "llama-3.2-1b", "gpu": "rtx-pro-6000-blackwell-server",
           "phase": "finetune_full", "precision": "bf16", "metric": "gpu_memory_used"}  # fmt: skip
    texts = ("transformers 4.49 pytorch 2.5", "transformers 4.49 pytorch 2.8")
    old, new = predict_rows([{**row, "runtime": text} for text in texts], GPUS)
    assert "2.5" in old.error
    assert not new.error
