"""Calibration: slopes are derivatives, known effects are found again, what was never seen stays physics."""

from __future__ import annotations

import numpy as np
import pytest

from whichgpu.cost.calibration import fitting as calibration
from whichgpu.cost.calibration import measured
from whichgpu.cost.calibration.effects import Fit, compute_terms, memory_terms, workload_terms
from whichgpu.cost.calibration.problem import Problem
from whichgpu.cost.calibration.slopes import Block, Slopes
from whichgpu.cost.estimate import finish
from whichgpu.cost.gpu.device import Devices
from whichgpu.cost.job.runtimes import runtime
from whichgpu.cost.timing.classes import OpClass
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow

GPUS = catalogue()
BLANK = dict.fromkeys(
    ("id", "source", "resolution", "seq_len", "input_tokens", "output_tokens", "concurrency", "tp", "pp",
     "steps", "options", "spread"), "",
)  # fmt: skip


def row(number: int, workload: str, gpu: str, batch: int, n_gpus: int = 1):
    return {**BLANK, "id": f"r{number}", "workload": workload, "gpu": gpu, "n_gpus": str(n_gpus),
            "phase": "train", "precision": "amp-fp16", "batch": str(batch), "runtime": "pytorch-1",
            "metric": "throughput", "unit": "samples/s", "value": "100"}  # fmt: skip


def rows():
    found = []
    for workload in ("resnet50", "resnet18", "bert-large", "vgg16"):
        for gpu in ("v100-16gb-sxm", "a100-40gb-sxm", "rtx-3090", "t4"):
            found += [row(len(found) + i, workload, gpu, 2 ** (i + 2), 1 + i) for i in range(3)]
    return found


@pytest.fixture(scope="module")
def grouped():
    return calibration.groups(rows(), GPUS)


def test_rows_of_one_job_are_laid_out_together(grouped):
    groups, left = grouped
    assert not left
    assert len(groups) == 16
    assert all(len(group.rows) == 3 for group in groups)


def theta_of(problem: Problem, effects):
    return np.array([effects.get(name, 0.0) for name in problem.names])


def test_the_problem_predicts_what_the_model_does(grouped):
    """The flat arrays of a fit and the estimate of a job are one model."""
    groups, _ = grouped
    problem = Problem.of(groups)
    rng = np.random.default_rng(0)
    effects = {name: rng.normal(0.0, 0.1) for name in problem.names if not name.startswith("host-")}
    found = np.exp(problem.predict(theta_of(problem, effects)))
    start = 0
    for group in groups:
        rate = finish(group.layout, Fit(effects)).throughput[0]
        assert found[start : start + len(group.rows)] == pytest.approx(rate, rel=1e-9)
        start += len(group.rows)


def test_a_part_of_the_rows_is_predicted_alike(grouped):
    problem = Problem.of(grouped[0])
    some = np.arange(len(problem.rows)) % 3 == 0
    theta = np.full(len(problem.names), 0.05)
    part = problem.predict(theta, some)
    assert part[some] == pytest.approx(problem.predict(theta)[some])
    assert np.isnan(part[~some]).all()


def test_slopes_are_the_derivatives(grouped):
    groups, _ = grouped
    problem = Problem.of(groups)
    theta = theta_of(problem, {"c/conv": 0.1, "m/norm": -0.2, "b%nvlink": -1.0})
    log, slopes = problem.linearise(theta)
    slopes = slopes.dense()
    small = 1e-5
    for k in range(0, len(theta), 3):
        more = theta + small * (np.arange(len(theta)) == k)
        moved = (problem.predict(more) - log) / small
        assert moved == pytest.approx(slopes[:, k], abs=3e-4), problem.names[k]


def made_with(groups, effects):
    """The rows of groups as they would be measured if these were the effects."""
    problem = Problem.of(groups)
    values = np.exp(problem.predict(theta_of(problem, effects)))
    return [{**one, "value": str(value)} for one, value in zip(problem.rows, values, strict=True)]


def test_known_effects_are_found_again(grouped):
    made = made_with(grouped[0], {"c/conv": 0.3, "m=pytorch-1": -0.2, "c@ampere_ga100": -0.1})
    solution = calibration.calibrate(calibration.groups(made, GPUS)[0])
    assert np.abs(solution.residuals).max() < 0.04


def test_a_step_that_goes_too_far_is_halved(grouped):
    """What is minimised never grows, whatever the step."""
    problem = Problem.of(calibration.groups(made_with(grouped[0], {"c/conv": 0.3}), GPUS)[0])
    start = np.zeros(len(problem.names))
    solution = calibration._linearised(problem, start, problem.says)
    step = solution.weighted.solved(calibration._prior(problem), solution.right)
    near, best = calibration._searched(problem, start, step, problem.says)
    far, reached = calibration._searched(problem, start, 4.0 * step, problem.says)
    assert best < calibration._objective(problem, start, problem.says)
    assert reached == pytest.approx(best, abs=0.05 * calibration._objective(problem, start, problem.says))
    assert np.abs(far).max() < 4.0 * np.abs(step).max() == 4.0 * np.abs(near).max()


def test_many_rows_of_one_job_say_less_each(grouped):
    groups, _ = grouped
    assert Problem.of(groups).says == pytest.approx(1.0)
    more = [{**row(i, "resnet50", "t4", 8), "value": str(100 + i)} for i in range(12)]
    assert Problem.of(calibration.groups(more, GPUS)[0]).says == pytest.approx(0.5)


def test_one_absurd_row_moves_little(grouped):
    made = made_with(grouped[0], {})
    made[0] = {**made[0], "value": str(float(made[0]["value"]) * 20)}
    solution = calibration.calibrate(calibration.groups(made, GPUS)[0])
    assert np.median(np.abs(solution.residuals)) < 0.02


def test_a_slow_host_slows_no_prediction(grouped):
    """One machine with poor links is its own: what others are told of the link stays near the truth."""
    made = made_with(grouped[0], {})
    slow = [
        {**one, "value": str(float(one["value"]) * 0.4)}
        if one["gpu"] == "t4" and one["batch"] != "4"
        else one
        for one in made
    ]
    found = calibration.calibrate(calibration.groups(slow, GPUS)[0])
    assert not any(name.startswith("host-") for name in found.fit.effects)
    assert dict(zip(found.problem.names, found.theta, strict=True))["host-b/t4 pytorch-1 pcie3"] < -0.3


def test_equations_are_solved_by_blocks_as_they_are_whole():
    """Two blocks of rows that share the first two of six effects, and one effect that nobody speaks to."""
    random = np.random.default_rng(7)
    blocks = tuple(
        Block(np.array(rows), np.array(effects), random.normal(size=(len(rows), len(effects))))
        for rows, effects in (([0, 2, 4, 5], [0, 1, 2, 4]), ([1, 3], [0, 1, 3]))
    )
    slopes, diagonal = Slopes((6, 6), blocks), np.linspace(1.0, 2.0, 6)
    whole, right, values = slopes.dense(), np.arange(6.0), np.arange(6.0) - 2.0
    assert slopes.normal(diagonal) == pytest.approx(whole.T @ whole + np.diag(diagonal))
    assert slopes.solved(diagonal, right) == pytest.approx(np.linalg.solve(slopes.normal(diagonal), right))
    assert slopes.inverse(diagonal) == pytest.approx(np.linalg.inv(slopes.normal(diagonal)))
    assert slopes.times(values) == pytest.approx(whole @ values)
    assert slopes.transposed_times(values) == pytest.approx(whole.T @ values)
    assert slopes.scaled(values).dense() == pytest.approx(whole * values[:, None])
    assert slopes.speaking().tolist() == [6, 6, 4, 2, 4, 0]
    some = np.array([False, True, True, False, False, True])
    part, used = slopes.of(some)
    assert used.tolist() == [0, 1, 2, 3, 4]
    assert part == pytest.approx(whole[some][:, used])


def test_leaving_rows_out_is_fitting_without_them(grouped):
    """The fold by Woodbury's identity agrees with solving the equations of the other rows."""
    made = made_with(grouped[0], {"c/conv": 0.2, "c@turing": 0.3, "m@volta": -0.2})
    solution = calibration.calibrate(calibration.groups(made, GPUS)[0])
    out = np.array([one["gpu"] == "t4" for one in solution.problem.rows])
    kept = solution.weighted.dense()[~out]
    widths = np.array([calibration.width(name) for name in solution.problem.names])
    theta = np.linalg.solve(kept.T @ kept + np.diag(1.0 / widths**2), kept.T @ solution.pull[~out])
    assert calibration.without(solution, out)[out] == pytest.approx(solution.errors(theta)[out], abs=1e-8)
    assert np.isnan(calibration.without(solution, out)[~out]).all()


def test_what_three_of_a_family_have_in_common_an_unseen_one_has(grouped):
    """Two of a family tell of themselves alone."""
    gpus = ("v100-16gb-sxm", "a100-40gb-sxm", "rtx-3090", "t4")

    def found(*workloads: str) -> Fit:
        others = ("vgg16", "inception-v3", "densenet121")
        jobs = [(one, gpu, 2**i) for one in (*workloads, *others) for gpu in gpus for i in range(2, 5)]
        groups, _ = calibration.groups([row(i, *job) for i, job in enumerate(jobs)], GPUS)
        low = {f"w/{one}+train": -0.3 for one in workloads}
        return calibration.calibrate(calibration.groups(made_with(groups, low), GPUS)[0]).fit

    family = "w@resnet=pytorch-1+train"
    some, more = found("resnet18", "resnet50"), found("resnet18", "resnet34", "resnet50")
    assert family not in some.effects
    assert more.effects[family] < -0.02
    resnet101, other = (resolve(name) for name in ("resnet101", "mobilenet-v2"))
    stack = runtime("pytorch-1", "")
    assert more.factor(workload_terms(resnet101, "amp-fp16", stack, trains=True)) < 0.98
    assert more.factor(workload_terms(other, "amp-fp16", stack, trains=True)) == 1.0


def test_two_formats_of_16_bits_are_one_to_what_a_network_has_of_its_own():
    """They run on the same units, at the same rate, in kernels of the same shapes."""
    resnet, llama = resolve("resnet50"), resolve("llama-3.1-8b")

    def named(workload, precision: str, stack: str) -> set[str]:
        return set(workload_terms(workload, precision, runtime(stack, ""), trains=False))

    assert named(resnet, "amp-bf16", "pytorch-2") == named(resnet, "amp-fp16", "pytorch-2")
    assert named(resnet, "tf32", "pytorch-2") != named(resnet, "amp-fp16", "pytorch-2")
    assert named(llama, "bf16", "vllm") == named(llama, "fp16", "vllm")
    assert named(llama, "fp8", "vllm") != named(llama, "fp16", "vllm")


def test_a_batch_that_a_row_leaves_open_may_be_known_by_its_values(monkeypatch):
    rules = [
        {"where": {"source": "s", "gpu": "h100"}, "batch": "1520"},
        {"where": {"gpu": "h"}, "options": "a=1"},
        {"where": {"source": "other"}, "runtime": "--xla=True"},
    ]
    monkeypatch.setattr(measured.store, "load", lambda name: {"stated": {"rows": rules}})
    one = {"source": "source", "gpu": "h100-80gb-pcie", "options": "b=2", "batch": "", "runtime": "TF"}
    others = one | {"batch": "64"}, one | {"source": "other"}
    monkeypatch.setattr(measured.store, "rows", lambda name: iter([one, *others]))
    assert [(row["batch"], row["options"], row["runtime"]) for row in measured.measured_rows()] == [
        ("1520", "b=2;a=1", "TF"), ("64", "b=2;a=1", "TF"), ("", "b=2;a=1", "TF --xla=True"),
    ]  # fmt: skip


def test_a_fold_of_most_rows_is_fitted_to_its_end(grouped, monkeypatch):
    """One step from the whole fit does not arrive where half of what it was fitted to is gone."""
    # Two ways to one end are compared: neither may stop a little before it.
    monkeypatch.setattr(calibration, "_SETTLED", 0.001)
    monkeypatch.setattr(calibration, "_FURTHER", 30)
    effects = {"c@volta": 0.9, "c@ampere": -0.9, "m/conv": -1.5, "m/norm": 1.5, "l=pytorch-1": -1.0}
    made = made_with(grouped[0], effects)
    groups, _ = calibration.groups(made, GPUS)
    solution = calibration.calibrate(groups)
    out = np.array([one["gpu"] != "t4" for one in solution.problem.rows])
    assert out.mean() > 0.5
    kept = calibration.calibrate([one for one in groups if one.rows[0]["gpu"] == "t4"]).fit.effects
    theta = np.array([kept.get(name, 0.0) for name in solution.problem.names])
    assert calibration.without(solution, out)[out] == pytest.approx(solution.errors(theta)[out], abs=0.002)


def test_a_generation_that_was_never_seen_keeps_the_prior():
    kind = OpClass("gemm", "half", "gemm")
    fit = Fit({"c@volta": 0.5, "c/half@volta": 0.5, "m@volta": 0.3})
    hopper, volta = Devices.of([GPUS["h100-80gb-sxm"], GPUS["v100-16gb-sxm"]]).traits
    vllm = runtime("vLLM", "vllm")
    assert fit.factor(compute_terms(kind, hopper, vllm, trains=False)) == 1.0
    assert fit.factor(memory_terms(kind, hopper, vllm, trains=False)) == 1.0
    assert fit.factor(compute_terms(kind, volta, vllm, trains=False)) == pytest.approx(np.e)


def test_effects_are_of_the_units_that_multiply():
    """FP8 "or wider" is FP16 where a GPU has no units for it, and teaches of that."""
    turing, ada = Devices.of([GPUS["t4"], GPUS["l4"]]).traits
    engine = runtime("TensorRT 8.6", "")

    def terms(number, place):
        return compute_terms(OpClass("conv1x1", number, "conv1x1"), place, engine, trains=False)

    assert terms("fp8", turing) == terms("half", turing) != terms("byte", turing)
    assert terms("fp8", ada) == terms("byte", ada)


def test_engines_have_narrow_products_and_experts_of_their_own_by_format():
    (hopper,) = Devices.of([GPUS["h100-80gb-sxm"]]).traits
    vllm, torch = runtime("vllm", ""), runtime("PyTorch 2", "")
    cases = [
        ("gemm", "byte", vllm, set()),
        ("gemm", "half", vllm, set()),
        ("experts", "half", vllm, {"c/experts/half=vllm"}),
        ("experts", "nibble", vllm, {"c/nibble=vllm", "c/experts/nibble=vllm"}),
        ("gemm", "byte", torch, set()),
    ]
    named = {
        "c/byte=vllm",
        "c/nibble=vllm",
        "c/experts/half=vllm",
        "c/experts/nibble=vllm",
        "c/byte=pytorch-2",
    }
    for compute, number, stack, own in cases:
        found = compute_terms(OpClass(compute, number, "gemm"), hopper, stack, trains=False)
        assert named & set(found) == own, (compute, number, stack.id)
    assert calibration.width("c/experts/byte=vllm") < calibration.width("c/byte=vllm")
    # What servers have of the library's products is their format; a program for one user multiplies itself.
    for name, own in (("sglang", False), ("tensorrt-llm", False), ("llama.cpp", True), ("exllamav2", True)):
        terms = compute_terms(OpClass("gemm", "half", "gemm"), hopper, runtime(name, ""), trains=False)
        assert any(term.startswith("c=") for term in terms) is own, name


def test_engines_read_dense_weights_in_four_bits_apart():
    (b200,) = Devices.of([GPUS["b200-180gb-sxm"]]).traits
    own = "m/gemm/nibble&language"
    cases = [("gemm", "nibble", "vllm", True), ("gemm", "byte", "vllm", False),
             ("experts", "nibble", "vllm", False), ("gemm", "nibble", "PyTorch 2", False)]  # fmt: skip
    for compute, number, name, apart in cases:
        kind = OpClass(compute, number, "gemm")
        assert (own in memory_terms(kind, b200, runtime(name, ""), trains=False)) is apart, (compute, number)
    assert own not in memory_terms(OpClass("gemm", "nibble", "gemm"), b200, runtime("vllm", ""), trains=True)
    # What was fitted is found again, whatever class was asked for first.
    fit = Fit({own: -0.4})
    kinds = [OpClass("gemm", number, "gemm") for number in ("byte", "nibble", "half")]
    found = fit.memory(kinds, [b200], runtime("vllm", ""), trains=False)[:, 0, 0]
    assert found == pytest.approx([1.0, np.exp(-0.4), 1.0])
    # It is the work of SMs: of memory that gives each a tenth as much, a tenth of it.
    pair = Devices.of([GPUS["b300-288gb-sxm"], GPUS["gb10"]]).traits
    slower = fit.memory(kinds[1:2], pair, runtime("vllm", ""), trains=False)[0, :, 0]
    assert slower == pytest.approx(np.exp([-0.36, -0.04]))


def test_vllm_of_2025_has_more_kernels_around_experts():
    old, last, new = (runtime(f"vLLM {release}", "") for release in ("0.11", "0.14", "0.15"))
    assert (old.routing, old.quantising) == (runtime("sglang", "").routing, 2.0)
    # A library's kernel sorts by itself since 0.15 takes it unasked.
    assert new.routing < last.routing == old.routing
    assert (last.sequence, last.fixed) < (old.sequence, old.fixed)


def test_no_fit_makes_an_op_faster_than_the_roofline():
    from whichgpu.cost.job.layout import lay_out
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

    from whichgpu.cost.calibration import refit
    from whichgpu.facts import store

    done = refit.refit(GPUS, rows())
    served = {"engine", "line"}
    assert set(done.errors) == {"seen", "gpu", "generation", "workload", "source", "version"} | served
    # One runtime in one version: no other version of it speaks for a version left out. Nothing is served.
    unknown = {name for name, errors in done.errors.items() if np.isnan(errors).all()}
    assert unknown == {"version"} | served
    assert all(np.isfinite(errors).all() for name, errors in done.errors.items() if name not in unknown)
    (tmp_path / "fits").mkdir()
    monkeypatch.setattr(store, "DATA", tmp_path)
    effects, spreads = refit.write(done)
    assert tomllib.loads(effects.read_text())["effects"]
    table = tomllib.loads(spreads.read_text())
    assert set(table["group"]["all"]["gpus"]) == {"v100-16gb-sxm", "a100-40gb-sxm", "rtx-3090", "t4"}
    assert table["group"]["vgg train"]["workloads"] == ["vgg16"]
    for group in table["group"].values():
        assert 0 < group["seen"] <= group["gpu"] <= group["generation"]
    assert refit.effects_toml(refit.refit(GPUS, rows())) == refit.effects_toml(done)


def test_widths_tell_software_apart_within_a_group():
    """Of what several programs ran each has widths of its own; of one program alone they are the group's."""
    import tomllib

    from whichgpu.cost.calibration import refit

    made = rows()
    also = [{**one, "id": f"t{one['id']}", "runtime": "tf_cnn_benchmarks",
             "value": str(float(one["value"]) * (2.0 if i % 2 else 0.5))}
            for i, one in enumerate(made) if one["workload"] == "resnet50"]  # fmt: skip
    table = tomllib.loads(refit.spreads_toml(refit.refit(GPUS, made + also)))["group"]
    of = table["resnet train"]["of"]
    assert set(of) == {"pytorch", "tensorflow"}
    assert sum(one["rows"] for one in of.values()) == table["resnet train"]["rows"]
    assert of["tensorflow"]["gpu"] > 1.1 * of["pytorch"]["gpu"]
    assert "of" not in table["vgg train"]


def test_a_job_has_the_widths_of_its_software(monkeypatch):
    from whichgpu.cost.calibration import spread
    from whichgpu.cost.job.layout import lay_out
    from whichgpu.cost.table.rows import read_job

    group = {"seen": 0.3, "gpu": 0.4, "generation": 0.4, "workload": 0.3, "version": 0.3, "own": 0.1,
             "gpus": [], "families": ["ampere"], "workloads": ["resnet50"], "versions": [],
             "of": {"pytorch": {"seen": 0.1, "gpu": 0.2}}}  # fmt: skip
    known = {"runtimes": {"seen": ["pytorch-2", "tensorflow"]}, "group": {"resnet infer": group}}
    monkeypatch.setattr(spread, "_table", lambda: known)

    def seen(runtime: str) -> tuple[float, float]:
        job = read_job({**row(0, "resnet50", "a10", 8), "phase": "infer", "runtime": runtime})
        laid = lay_out(job, [GPUS["a10"]])
        found = spread.widths(laid, GPUS["a10"], laid.runtime)
        return found["seen"], found["gpu"]

    assert seen("pytorch 2.1") == (0.1, 0.2)
    assert seen("tensorflow 2.4") == (0.3, 0.4)


def test_another_hand_or_another_vendor_is_not_known_as_well_as_the_rows_are():
    """However well a publisher's tables agree, and whatever is on file of one card of AMD's."""
    from whichgpu.cost.calibration.spread import spread
    from whichgpu.cost.coefficients import section
    from whichgpu.cost.job.layout import lay_out
    from whichgpu.cost.table.rows import read_job

    def total(gpu: str, workload: str, phase: str, software: str, precision: str = "fp16") -> float:
        job = {**row(0, workload, gpu, 8), "phase": phase, "precision": precision, "runtime": software}
        laid = lay_out(read_job(job), [GPUS[gpu]])
        found = spread(laid, GPUS[gpu], laid.runtime)
        return float(np.hypot(found.shared, found.own))

    known = section("spread")
    hand = total("rtx-3090", "resnet50", "infer", "PyTorch 1.13", "amp-fp16")
    assert hand == pytest.approx(known["hand"]["other"])
    assert total("a100-80gb-sxm", "sdxl", "generate", "diffusers") >= known["hand"]["images generate"]
    strange = np.hypot(known["shared"], known["own"])
    assert total("rx-7900-xtx", "sdxl", "generate", "ComfyUI") >= 0.999 * strange
    assert total("radeon-pro-vii", "resnet50", "train", "tf_cnn_benchmarks", "fp32") >= 0.999 * strange
    assert total("rtx-3090", "sdxl", "generate", "ComfyUI") < strange


@pytest.mark.slow
def test_the_committed_fit_is_what_calibrate_gives():
    from whichgpu.cost.calibration import refit
    from whichgpu.cost.calibration.effects import fit
    from whichgpu.cost.calibration.scoreboard import committed

    groups, _ = refit.gathered(GPUS)
    done = calibration.calibrate(groups)
    old = fit().effects
    again = {name: value for name, value in done.fit.effects.items() if abs(value) >= 0.002}
    assert len(again) > 500
    far = {name: (old.get(name, 0.0), value) for name, value in again.items()
           if abs(old.get(name, 0.0) - value) > 0.01}  # fmt: skip
    assert not far, f"run: whichgpu calibrate ({len(far)} effects moved)"
    board = dict(zip(committed().ids, committed().errors["seen"], strict=True))
    seen = dict(zip((one["id"] for one in done.problem.rows), done.errors(done.theta), strict=True))
    assert max(abs(board[one] - error) for one, error in seen.items()) < 0.02, "run: whichgpu calibrate"


def test_a_row_on_the_list_is_left_out_with_its_reason():
    from whichgpu.cost.calibration.measured import left_out

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
