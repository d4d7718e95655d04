"""Calibration: slopes are derivatives, known effects are found again, what was never seen stays physics."""

from __future__ import annotations

import numpy as np
import pytest

from whichgpu.cost import calibration
from whichgpu.cost.classes import OpClass
from whichgpu.cost.device import Devices
from whichgpu.cost.fit import Fit, compute_terms, memory_terms
from whichgpu.hardware.catalogue import catalogue

GPUS = catalogue()
BLANK = dict.fromkeys(
    ("id", "source", "resolution", "seq_len", "input_tokens", "output_tokens", "concurrency", "tp", "pp",
     "steps", "options", "spread"), "",
)  # fmt: skip


def row(number: int, workload: str, gpu: str, batch: int):
    return {**BLANK, "id": f"r{number}", "workload": workload, "gpu": gpu, "n_gpus": "1", "phase": "train",
            "precision": "amp-fp16", "batch": str(batch), "runtime": "pytorch-1", "metric": "throughput",
            "unit": "samples/s", "value": "100"}  # fmt: skip


def rows():
    found = []
    for workload in ("resnet50", "resnet18", "bert-large", "vgg16"):
        for gpu in ("v100-16gb-sxm", "a100-40gb-sxm", "rtx-3090", "t4"):
            found += [row(len(found) + i, workload, gpu, 2 ** (i + 2)) for i in range(3)]
    return found


@pytest.fixture(scope="module")
def grouped():
    return calibration.groups(rows(), GPUS)


def test_rows_of_one_job_are_laid_out_together(grouped):
    groups, left = grouped
    assert not left
    assert len(groups) == 16
    assert all(len(group.rows) == 3 for group in groups)


def test_slopes_are_the_derivatives(grouped):
    groups, _ = grouped
    guess = Fit({"c/conv": 0.1, "m/norm": -0.2})
    small = 1e-5
    for group in groups[:6]:
        log, slopes = calibration.linearise(group, guess)
        for name in list(slopes)[::4]:
            more = Fit({**guess.effects, name: guess.effects.get(name, 0.0) + small})
            moved, _ = calibration.linearise(group, more)
            assert (moved - log) / small == pytest.approx(slopes[name], abs=2e-4), name


def test_known_effects_are_found_again(grouped):
    groups, _ = grouped
    truth = Fit({"c/conv": 0.3, "m=pytorch-1": -0.2, "c@ampere_ga100": -0.1})
    made = []
    for group in groups:
        log, _ = calibration.linearise(group, truth)
        made += [{**one, "value": str(np.exp(x))} for one, x in zip(group.rows, log, strict=True)]
    again, _ = calibration.groups(made, GPUS)
    _, system = calibration.calibrate(again, iterations=8)
    assert np.abs(system.residuals).max() < 0.03


def test_one_absurd_row_moves_little(grouped):
    groups, _ = grouped
    made = []
    for group in groups:
        log, _ = calibration.linearise(group, Fit())
        made += [{**one, "value": str(np.exp(x))} for one, x in zip(group.rows, log, strict=True)]
    made[0] = {**made[0], "value": str(float(made[0]["value"]) * 20)}
    again, _ = calibration.groups(made, GPUS)
    _, system = calibration.calibrate(again)
    assert np.median(np.abs(system.residuals)) < 0.02


def test_a_generation_that_was_never_seen_keeps_the_prior():
    kind = OpClass("gemm", "half", "gemm")
    fit = Fit({"c@volta": 0.5, "c/half@volta": 0.5, "m@volta": 0.3})
    hopper, volta = Devices.of([GPUS["h100-80gb-sxm"], GPUS["v100-16gb-sxm"]]).traits
    assert fit.factor(compute_terms(kind, hopper, "vllm", trains=False)) == 1.0
    assert fit.factor(memory_terms(kind, hopper, "vllm", trains=False)) == 1.0
    assert fit.factor(compute_terms(kind, volta, "vllm", trains=False)) == pytest.approx(np.e)


def test_no_fit_makes_an_op_faster_than_the_roofline():
    from whichgpu.cost.estimate import finish
    from whichgpu.cost.layout import lay_out
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import product_flops

    laid = lay_out(Job("resnet50", phase="infer", batch=256.0), [GPUS["a100-80gb-sxm"]])
    wild = Fit({"c/conv": 9.0, "c/conv1x1": 9.0, "c/gemm": 9.0, "m/conv": 9.0, "m/conv1x1": 9.0})
    seconds = finish(laid, wild).seconds[0, 0]
    flops = product_flops(laid.workload.trace(laid.job))
    assert seconds >= flops / 312e12


def test_a_row_that_cannot_be_read_is_left_out_with_its_reason():
    bad = [
        row(0, "no-such-model", "t4", 8),
        row(1, "resnet50", "no-such-gpu", 8),
        row(2, "resnet50", "t4", 8),
    ]
    groups, left = calibration.groups(bad, GPUS)
    assert len(groups) == 1
    assert set(left) == {"r0", "r1"}


def test_calibrate_reports_errors_and_writes_what_the_model_reads(grouped, tmp_path, monkeypatch):
    import tomllib

    from whichgpu.cost import refit
    from whichgpu.facts import store

    done = refit.refit(GPUS, rows())
    assert set(done.errors) == {"seen", "gpu", "generation", "workload", "source"}
    assert all(np.isfinite(errors).all() for errors in done.errors.values())
    (tmp_path / "fits").mkdir()
    monkeypatch.setattr(store, "DATA", tmp_path)
    effects, spreads = refit.write(done)
    assert tomllib.loads(effects.read_text())["effects"]
    table = tomllib.loads(spreads.read_text())
    assert set(table["seen"]["gpus"]) == {"v100-16gb-sxm", "a100-40gb-sxm", "rtx-3090", "t4"}
    for group in table["group"].values():
        assert 0 < group["seen"] <= group["gpu"] <= group["generation"]
    assert refit.effects_toml(refit.refit(GPUS, rows())) == refit.effects_toml(done)


@pytest.mark.slow
def test_the_committed_fit_is_what_calibrate_gives():
    from whichgpu.cost import refit
    from whichgpu.cost.fit import fit

    done = refit.refit(GPUS)
    committed = fit().effects
    again = {name: value for name, value in done.fit.effects.items() if abs(value) >= 0.002}
    assert len(again) > 500
    far = {name: (committed.get(name, 0.0), value) for name, value in again.items()
           if abs(committed.get(name, 0.0) - value) > 0.01}  # fmt: skip
    assert not far, f"run: whichgpu calibrate ({len(far)} effects moved)"


def test_a_row_on_the_list_is_left_out_with_its_reason():
    from whichgpu.cost.refit import left_out

    assert "20 times" in left_out({"id": "mlp-03057", "source": "x", "phase": "infer"})
    assert "lengths" in left_out(
        {"id": "x", "source": "MLPerf Inference closed, offline, best", "phase": "serve"}
    )
    assert left_out({"id": "x", "source": "x", "phase": "serve"}) == ""


def test_validate_counts_errors_and_coverage(tmp_path, capsys):
    import csv
    import json

    from whichgpu.cli import main

    file = tmp_path / "mine.csv"
    made = [{**one, "value": "200"} for one in rows()[:4]] + [{**rows()[0], "gpu": "no-such-gpu"}]
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, made[0])
        writer.writeheader()
        writer.writerows(made)
    assert main(["validate", str(file), "--by", "gpu", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["groups"]["all"]["rows"] == 5
    assert answer["groups"]["all"]["predicted"] == 4
    assert 0 <= answer["groups"]["all"]["inside"] <= 100
    assert any("no-such-gpu" in reason for reason in answer["reasons"])


def test_validate_refuses_a_value_that_is_none(tmp_path, capsys):
    from whichgpu.cli import main

    file = tmp_path / "bad.csv"
    file.write_text("workload,gpu,value\nresnet50,t4,fast\n")
    assert main(["validate", str(file)]) == 2
    assert "line 2: value 'fast'" in capsys.readouterr().err


def test_widths_are_narrower_for_what_is_more_special():
    assert calibration.width("c/conv") > calibration.width("c/conv/half") > calibration.width("c@volta")
    assert calibration.width("c/conv+train") < calibration.width("c/conv")
