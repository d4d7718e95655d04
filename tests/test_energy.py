"""Power, energy and CO2: the law's physics, its fit, and what is said of both."""

from __future__ import annotations

import csv
import json
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.cost import carbon, energy
from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration import energy_fit
from whichgpu.cost.estimate import estimate
from whichgpu.cost.infeasible import single
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.placing import placed
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow

GPUS = catalogue()
A100, H100 = GPUS["a100-80gb-sxm"], GPUS["h100-80gb-sxm"]
SHARE = st.floats(0.0, 1.0)


def chips(design: float = 400.0, limit: float = 400.0, *, gddr: bool = False, tensor: bool = True):
    column = np.array([[1.0]])
    return energy.Chips(
        design=design * column, limit=limit * column, gddr=np.array([[gddr]]), tensor=np.array([[tensor]]),
        products=0.8 * column, plain=column, traffic=column, lineages=("none",), works=("none",),
    )  # fmt: skip


def doing(
    busy: float = 1.0, links: float = 0.0, mfu: float = 0.3, mbu: float = 0.3, unpacking: float = 0.0
) -> energy.Activity:
    return energy.Activity(*(np.array([[x]]) for x in (busy, links, mfu, mbu, unpacking)))


def draw(activity: energy.Activity, on: energy.Chips) -> float:
    return float(energy.law(energy.coefficients(), activity, on)[0, 0])


def test_unpacking_quantised_weights_draws_power():
    """An RTX 5060 Ti draws 173 W of 180 for Qwen2.5 7B's tokens, while its tensor cores idle."""
    assert draw(doing(mfu=0.0, unpacking=0.15), chips()) > 1.1 * draw(doing(mfu=0.0), chips())
    job = Job("qwen2.5-7b", phase="decode", precision="q4_k_m", runtime="llama.cpp")
    card = GPUS["rtx-5060-ti-16gb"]
    assert single(job, card).power == pytest.approx(172.7, rel=0.20)
    # 16-bit weights need no unpacking: the P40 has the same memory traffic by the token or more.
    wide, narrow = (single(replace(job, precision=kind), GPUS["p40"]).power for kind in ("f16", "q4_k_m"))
    assert narrow > wide


@given(
    busy=SHARE,
    use=st.tuples(SHARE, SHARE),
    limit=st.floats(40.0, 400.0),
    kind=st.tuples(*[st.booleans()] * 2),
)
def test_no_gpu_draws_more_than_its_limit_or_less_than_idle(busy, use, limit, kind):
    on = chips(limit=limit, gddr=kind[0], tensor=kind[1])
    found = draw(doing(busy, (1 - busy) / 2, *use), on)
    assert found <= limit
    assert found >= draw(doing(0.0), on) * (1 - 1e-9)


@given(low=SHARE, high=SHARE, limit=st.floats(60.0, 400.0))
@pytest.mark.parametrize("what", ["busy", "mfu", "mbu"])
def test_more_use_never_draws_less(what, low, high, limit):
    low, high = sorted((low, high))
    on = chips(limit=limit)
    assert draw(doing(**{what: low}), on) <= draw(doing(**{what: high}), on) * (1 + 1e-9)


@given(low=st.floats(30.0, 400.0), high=st.floats(30.0, 400.0), busy=SHARE, mfu=SHARE)
def test_a_higher_limit_never_draws_less(low, high, busy, mfu):
    low, high = sorted((low, high))
    activity = doing(busy, 0.0, mfu)
    assert draw(activity, chips(limit=low)) <= draw(activity, chips(limit=high)) * (1 + 1e-9)


@given(factor=st.floats(1e-3, 1e3), mfu=SHARE, mbu=SHARE)
def test_power_is_in_the_unit_of_the_limit(factor, mfu, mbu):
    # The law is homogeneous: milliwatts in, milliwatts out. Shares carry no unit.
    one = draw(doing(0.8, 0.1, mfu, mbu), chips(400.0, 300.0))
    other = draw(doing(0.8, 0.1, mfu, mbu), chips(400.0 * factor, 300.0 * factor))
    assert other == pytest.approx(one * factor, rel=1e-9)


def test_the_densities_that_the_law_reads_are_rates_per_watt():
    from whichgpu.cost.job.layout import lay_out

    laid = lay_out(Job("resnet50", phase="train", precision="fp16"), [A100])
    found = energy.chips(laid)
    assert found.products[0, 0] == pytest.approx(312e12 / 400 / energy.TENSOR_DENSITY)
    assert found.traffic[0, 0] == pytest.approx(A100.value("bandwidth") / 400 / energy.BYTE_DENSITY)
    assert found.design[0, 0] == found.limit[0, 0] == 400
    assert bool(found.tensor[0, 0])
    plain = energy.chips(lay_out(Job("resnet50", precision="fp32"), [A100]))
    assert not plain.tensor[0, 0]
    assert plain.products[0, 0] == pytest.approx(19.5e12 / 400 / energy.PLAIN_DENSITY)


def test_a_byte_from_gddr_costs_more_than_one_from_hbm():
    """By what the memory itself takes (30 pJ of HBM, 70 of GDDR6, 90 of GDDR6X, 50 of GDDR7), and no more."""
    from whichgpu.cost.job.layout import lay_out

    def dearer(name: str) -> float:
        gpu = GPUS[name]
        found = energy.chips(lay_out(Job("llama-2-7b", phase="decode", precision="q4_0"), [gpu]))
        alike = gpu.value("bandwidth") / found.design[0, 0] / energy.BYTE_DENSITY
        return float(found.traffic[0, 0]) / alike

    whole = energy.priors()["memory"][0] / (energy.BYTE_DENSITY / 1e9)
    assert dearer("h100-80gb-sxm") == pytest.approx(1.0)
    assert dearer("rtx-3090") == pytest.approx(1.0 + 0.06 / whole)
    assert dearer("h100-80gb-sxm") < dearer("rtx-5090") < dearer("rtx-a4000") < dearer("rtx-3090")


def test_tensor_cores_are_told_from_fast_half_precision():
    from whichgpu.cost.job.layout import lay_out

    job = Job("resnet50", phase="train", precision="fp16")
    gpus = [GPUS[name] for name in ("p100-16gb-pcie", "v100-16gb-pcie", "rtx-4090")]
    assert energy.chips(lay_out(job, gpus)).tensor[:, 0].tolist() == [False, True, True]


def test_a_gpu_that_is_stalled_half_of_the_time_draws_the_mean_of_two_states():
    busy, waits = draw(doing(1.0), chips()), draw(doing(0.0), chips())
    assert draw(doing(0.5), chips()) == pytest.approx((busy + waits) / 2)
    # Kernels at half the rate keep the chip near its limit; stalls do not.
    assert draw(doing(1.0).slowed(2.0), chips()) > draw(doing(0.5), chips())


def test_a_unit_of_work_takes_its_power_times_its_time():
    found = single(placed(Job("llama-2-70b", phase="serve"), 4, A100), A100)
    assert found.energy * found.throughput.mid == pytest.approx(found.power * 4)


@pytest.mark.parametrize("gpu", ["v100-16gb-pcie", "quadro-rtx-6000", "a40"])
def test_a_cap_holds_and_a_lower_one_never_draws_more(gpu):
    job = Job("resnet50", phase="train", batch=128.0)
    caps = (100, 150, 200, 250)
    found = [single(replace(job, options={"power_limit": f"{cap} W"}), GPUS[gpu]) for cap in caps]
    watts = [answer.power for answer in found]
    assert watts == sorted(watts)
    # Far below its appetite a GPU draws what it is allowed.
    assert 0.9 * caps[0] < watts[0] <= caps[0]
    assert all(answer.power_interval.high <= cap for answer, cap in zip(found, caps, strict=True))


def test_what_saturates_draws_near_the_limit_and_what_waits_does_not():
    flat_out = single(Job("sdxl", phase="generate", batch=8.0), H100)
    waiting = single(Job("stable-diffusion-1.5", phase="generate", batch=1.0), H100)
    feeble = single(Job("ncf", phase="train", batch=1024.0), H100)
    assert flat_out.power > 0.85 * 700
    assert waiting.power < 0.6 * 700
    # NCF is where power is known worst: half as much again as was measured.
    assert feeble.power < 0.45 * 700


def test_an_engine_that_its_host_holds_up_draws_less_and_is_slower():
    job = Job("llama-3.1-8b", phase="serve", concurrency=128.0, runtime="vLLM")
    new, old = single(job, H100), single(replace(job, runtime="vLLM 0.5.4"), H100)
    assert old.throughput.mid < 0.6 * new.throughput.mid
    assert old.power < 0.7 * new.power


def test_gpus_that_share_a_model_draw_less_each():
    job = Job("llama-3.1-8b", phase="serve", concurrency=64.0)
    alone, together = (single(placed(job, n, H100), H100).power for n in (1, 8))
    assert together < alone


def test_gradients_that_nothing_hides_are_time_without_work():
    job = Job("bert-large", phase="train", batch=2.0)
    one, many = (estimate(replace(job, n_gpus=n), [GPUS["rtx-3090"]]) for n in (1.0, 8.0))
    assert one.activity.links[0, 0] == 0
    assert 0 < many.activity.links[0, 0] < 1
    assert many.power[0, 0] < one.power[0, 0]
    both = many.activity.busy + many.activity.links
    assert np.all(both <= 1)


def test_an_interval_holds_its_middle_and_widens_for_what_was_not_measured():
    known = single(Job("llama-3.1-8b", phase="serve"), H100)
    other = single(Job("llama-3.1-8b", phase="serve"), GPUS["l4"])
    assert known.power_interval.low < known.power <= known.power_interval.high <= 700
    assert other.power_spread > known.power_spread
    assert (known.power_basis, other.power_basis) == ("interpolated", "extrapolated")
    assert known.energy_spread > 0
    assert known.energy_interval.high == pytest.approx(known.energy * np.exp(Z90 * known.energy_spread))


def test_errors_that_go_together_narrow_the_interval_of_energy():
    apart, tied = (energy.PowerSpread(0.1, rho, "interpolated") for rho in (0.0, 0.6))
    assert apart.energy(0.2) == pytest.approx(np.hypot(0.1, 0.2))
    assert tied.energy(0.2) < apart.energy(0.2)


def test_power_without_a_limit_in_the_catalogue_is_not_known():
    blank = chips(design=np.nan, limit=np.nan)
    assert np.isnan(draw(doing(), blank))


# The fit ------------------------------------------------------------------------------------------------


def power_row(number: int, workload: str, gpu: str, batch: int, value: float = 100.0):
    blank = dict.fromkeys((*energy_fit._RUN, "spread"), "")
    return {**blank, "id": f"p{number}", "source": f"source {number % 2}", "workload": workload, "gpu": gpu,
            "n_gpus": "1", "phase": "train", "batch": str(batch), "runtime": "pytorch-1", "metric": "power",
            "unit": "W", "value": str(value)}  # fmt: skip


def sweep():
    gpus = ("v100-16gb-sxm", "a100-40gb-sxm", "rtx-3090", "t4", "p100-16gb-pcie")
    names = ("resnet50", "resnet18", "bert-base", "vgg16")
    return [power_row(i, w, g, 2 ** (2 * i + 1)) for w in names for g in gpus for i in range(3)]


def observed(rows):
    from whichgpu.cost.calibration.effects import fit

    return energy_fit.observe(rows, GPUS, fit(), {kind: {} for kind in energy_fit.KINDS})


@pytest.fixture(scope="module")
def truth():
    """Rows whose power is that of known coefficients, and those."""
    values = {**{name: value for name, (value, _) in energy.priors().items()}, "idle_hbm": 0.12, "plain": 1.4}
    seen = observed(sweep())
    watts = energy.law(values, seen.activity, seen.chips)[:, 0]
    return replace(seen, watts=watts), values


def everything(seen):
    return np.ones(len(seen.rows), dtype=bool)


def test_known_coefficients_are_found_again(truth):
    seen, _ = truth
    problem = energy_fit.Problem.of(seen.chips.lineages)
    found = problem.values(energy_fit.fitted(seen, problem, everything(seen)))
    again = energy.law(found, seen.activity, seen.chips)[:, 0]
    assert np.abs(np.log(again / seen.watts)).max() < 0.03
    assert found["plain"] > energy.priors()["plain"][0]
    assert found["idle_hbm"] < energy.priors()["idle_hbm"][0]


def test_one_absurd_row_moves_little(truth):
    seen, _ = truth
    watts = seen.watts.copy()
    watts[0] *= 20
    found = energy_fit.calibrate(replace(seen, watts=watts))
    assert np.median(np.abs(found.power["seen"])) < 0.03
    assert found.power["seen"][0] < -1.0


def test_a_workload_that_draws_more_moves_no_other(truth):
    seen, _ = truth
    hot = np.array([one.startswith("vgg16") for one in seen.chips.works])
    problem = energy_fit.Problem.of(seen.chips.lineages)
    values = problem.values(energy_fit.fitted(seen, problem, everything(seen)))
    raised = {**values, **{f"work@{one}": 0.3 for one in set(seen.chips.works) if one.startswith("vgg16")}}
    warm = replace(seen, watts=energy.law(raised, seen.activity, seen.chips)[:, 0])
    effects = energy_fit.works(warm, values, everything(seen))
    assert all((effect > 0.05) == name.startswith("work@vgg16") for name, effect in effects.items())
    assert hot.any()


def test_what_is_left_out_is_predicted_without_it(truth):
    seen, _ = truth
    gpus = seen.label("gpu")
    watts = np.where(gpus == "t4", 0.6 * seen.watts, seen.watts)
    found = energy_fit.calibrate(replace(seen, watts=watts))
    out = np.abs(found.power["gpu"][gpus == "t4"])
    assert out.mean() > np.abs(found.power["seen"][gpus == "t4"]).mean()
    assert np.log(1 / 0.6) * 0.8 < out.mean()
    assert energy_fit.coverage(found, "gpu").mean() < 1.0


def test_measured_time_takes_the_place_of_the_predicted(truth):
    seen, values = truth
    late = {kind: np.full(len(seen.rows), np.log(2.0)) for kind in energy_fit.KINDS}
    # Predicted at twice the time that was measured: the GPU was busier than thought.
    fast = replace(seen, late=late, watts=energy.law(values, seen.activity.slowed(0.5), seen.chips)[:, 0])
    found = energy_fit.calibrate(fast)
    assert np.abs(found.at_measured["seen"]).mean() < 0.03
    assert found.power["seen"].mean() < 0
    assert found.energy["seen"] == pytest.approx(found.power["seen"] + np.log(2.0))


def test_the_file_is_read_back_and_the_same_for_the_same_rows(truth):
    seen, _ = truth
    text = energy_fit.power_toml(energy_fit.calibrate(seen))
    assert text == energy_fit.power_toml(energy_fit.calibrate(seen))
    table = tomllib.loads(text)
    assert set(table["coefficients"]) >= set(energy.priors()) - {"lineage", "work"}
    assert set(table["seen"]["gpus"]) == {one.gpu for one in seen.labels}
    for group in table["group"].values():
        assert all(group["seen"] <= group[kind] for kind in energy_fit.KINDS)
    assert 0.0 <= table["energy"]["correlation"] <= 0.9


def test_a_row_that_cannot_be_predicted_is_left_out():
    rows = [power_row(0, "no-such-model", "t4", 8), power_row(1, "resnet50", "t4", 8)]
    assert [row["id"] for row in observed(rows).rows] == ["p1"]


def measured_power():
    from whichgpu.cost.calibration.refit import measured_rows

    return [row for row in measured_rows() if row["source"].startswith(("ML.ENERGY", "Zeus"))]


@pytest.mark.slow
def test_the_committed_fit_of_power_is_what_calibrate_gives():
    from whichgpu.cost.calibration.effects import fit
    from whichgpu.cost.calibration.fitting import TIMED
    from whichgpu.cost.calibration.scoreboard import committed

    rows = measured_power()
    board = committed()
    late = {
        energy_fit.run_of(row): TIMED[row["metric"]] * error
        for row, error in zip(board.rows, board.errors["seen"], strict=True)
        if row["metric"] in TIMED
    }
    seen = energy_fit.observe(rows, GPUS, fit(), {kind: late for kind in energy_fit.KINDS})
    problem = energy_fit.Problem.of(seen.chips.lineages)
    values = problem.values(energy_fit.fitted(seen, problem, everything(seen)))
    again = energy.law(values, seen.activity, seen.chips)
    plain = {k: v for k, v in energy.coefficients().items() if not k.startswith("work@")}
    committed = energy.law(plain, seen.activity, seen.chips)
    assert len(seen.rows) > 600
    assert np.abs(np.log(again / committed)).max() < 0.03, "run: whichgpu calibrate"


def test_predictions_meet_the_rows_they_were_fitted_on():
    rows = [row for row in measured_power() if row["metric"] in ("power", "energy")][::40]
    logs, inside = [], []
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        assert not answer.error
        logs.append(np.log(answer.value / float(row["value"])))
        inside.append(answer.low <= float(row["value"]) <= answer.high)
    assert np.mean(np.abs(np.expm1(logs))) < 0.15
    assert np.mean(inside) > 0.8


def test_the_page_has_the_table_between_its_marks(truth):
    from whichgpu.report import power

    done = energy_fit.calibrate(truth[0])
    page = f"# Head\n\n{power.OPEN}\nold\n{power.CLOSE}\n\nTail\n"
    once = power.with_tables(page, done)
    assert "old" not in once
    assert once.startswith("# Head")
    assert once.endswith("Tail\n")
    assert power.with_tables(once, done) == once
    assert power.with_tables("no marks", done) == "no marks"
    figures = power.figures(done)
    assert figures["all"]["rows"] == len(truth[0].rows)
    assert figures["all"]["power"]["seen"] < 5


def test_the_committed_page_has_marks():
    from whichgpu.facts import store
    from whichgpu.report import power

    page = (store.DATA.parent.parent / "docs" / "accuracy.md").read_text(encoding="utf-8")
    assert page.index(power.OPEN) < page.index("| all |", page.index(power.OPEN)) < page.index(power.CLOSE)


# CO2 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "grams"),
    [("world", "world", 481), ("FR", "france", 56.04), ("United Kingdom", "united-kingdom", 237.59),
     ("350 g/kWh", "stated", 350), ("0.35 kg/kWh", "stated", 350)],
)  # fmt: skip
def test_a_grid_is_a_region_or_an_intensity(text, name, grams):
    found = carbon.grid(text)
    assert (found.id, found.grams_per_kwh) == (name, pytest.approx(grams))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frence", "did you mean france"),
        ("350", "has no unit"),
        ("-5 g/kWh", "below zero"),
        ("zzz", "known are"),
    ],
)
def test_what_is_no_grid_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        carbon.grid(text)


def test_every_region_has_a_source_and_a_year():
    from whichgpu.facts import store

    table = store.load("grid")["grid"]
    spelled = []
    for name, region in table["region"].items():
        _, source = region["intensity"]
        assert source in table["sources"], name
        assert 2020 <= region["year"] <= 2026, name
        assert 10 < carbon.grid(name).grams_per_kwh < 1000, name
        spelled += [name, *region["aliases"]]
    assert len(spelled) == len(set(spelled))


def test_grams_are_kwh_times_intensity_and_overhead():
    answer = single(Job("resnet50", phase="infer"), A100)
    alone = carbon.footprint(answer, carbon.grid("500 g/kWh"))
    (amount,) = alone.amounts
    assert amount.of == "1,000 images"
    assert amount.energy.mid == pytest.approx(1000 * answer.energy / 3.6e6)
    assert amount.carbon.mid == pytest.approx(500 * amount.energy.mid)
    site = carbon.footprint(answer, carbon.grid("500 g/kWh"), 1.3)
    assert site.amounts[0].carbon.high == pytest.approx(1.3 * amount.carbon.high)
    assert (alone.scope, site.scope) == ("GPUs only", "GPUs x PUE 1.3")


def test_a_training_step_takes_the_power_of_all_gpus_for_its_time():
    answer = estimate(Job("resnet50", phase="train", n_gpus=4.0), [A100]).at(0, 0)
    _, step = carbon.footprint(answer, carbon.grid()).amounts
    assert step.energy.mid * 3.6e6 == pytest.approx(4 * answer.power * answer.latency.mid)


@pytest.mark.parametrize("pue", [0.9, float("nan"), float("inf")])
def test_a_site_that_uses_less_than_its_gpus_is_refused(pue):
    with pytest.raises(UsageError, match="PUE"):
        carbon.footprint(single(Job("resnet50"), A100), carbon.grid(), pue)


def test_predict_tells_energy_and_co2(whichgpu):
    told = whichgpu(
        "predict", "llama-3.1-8b", "--gpu", "h100-80gb-sxm", "--grid", "france", "--pue", "1.2", "--json"
    )
    footprint = told.json["footprint"]
    assert footprint["grid"]["grams_per_kwh"] == 56.04
    assert footprint["scope"] == "GPUs x PUE 1.2"
    assert footprint["amounts"][0]["of"] == "1,000,000 tokens"
    assert told.json["power_interval"]["low"] < told.json["power"] <= told.json["power_interval"]["high"]
    text = whichgpu("predict", "resnet50", "--gpu", "a10", "--phase", "train", "--all").out
    assert "Energy of a training step" in text
    assert "World, 2023: 481 g CO2e/kWh" in text
    assert whichgpu("predict", "resnet50", "--gpu", "a10", "--grid", "nowhere").status == 2


def test_a_table_of_jobs_gives_power_and_energy_with_their_own_intervals(whichgpu, tmp_path):
    file = tmp_path / "jobs.csv"
    head = ("id", "workload", "gpu", "phase", "metric", "unit")
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([
            head, ("a", "sdxl", "h100-80gb-sxm", "generate", "power", "W"),
            ("b", "sdxl", "h100-80gb-sxm", "generate", "energy", "J/image"),
        ])  # fmt: skip
    told = json.loads(whichgpu("predict", "--jobs", str(file), "--json").out)["predictions"]
    answer = single(Job("sdxl", phase="generate"), H100)
    assert told[0]["high"] == pytest.approx(answer.power_interval.high)
    assert told[1]["low"] == pytest.approx(answer.energy_interval.low)


def test_a_recommender_fed_by_a_script_leaves_the_gpu_idle_at_any_batch_and_nvidias_recipe_does_not():
    job = Job("ncf", phase="train", batch=np.array([64.0, 1024.0, 16384.0]), runtime="pytorch-1.x eager")
    doing = estimate(job, [H100]).activity
    assert np.all(doing.busy < 0.3)
    recipe = estimate(replace(job, runtime="PyTorch (NGC 20.10, eager)"), [H100]).activity
    assert np.all(recipe.busy > 2.0 * doing.busy)


def _drawn(name, gpus, gpu, **columns):
    return single(placed(Job(name, **columns), gpus, GPUS[gpu]), GPUS[gpu])


def test_gpus_that_hold_layers_in_turn_wait_for_each_other():
    """Of n GPUs each computes an n-th of the time, so that all draw little more than one and what idles."""
    asked = {"phase": "decode", "precision": "q4_k_m", "runtime": "llama.cpp"}
    one, two, four = (_drawn("llama-3-8b", n, "rtx-3090", **asked).power for n in (1, 2, 4))
    idle = float(energy.idle(lay_out(Job("llama-3-8b", **asked), [GPUS["rtx-3090"]]))[0, 0])
    assert one > two > four > idle
    assert 2.0 * two == pytest.approx(one + idle, rel=0.05)
    assert 4.0 * four == pytest.approx(one + 3.0 * idle, rel=0.05)


def test_stages_of_an_engine_are_all_at_work_where_there_are_requests_for_each():
    asked = {"phase": "serve", "precision": "fp8", "runtime": "vLLM", "pp": 4.0, "tp": 1.0}
    few, many = (
        _drawn("llama-3.1-70b", 4, "h100-80gb-sxm", concurrency=n, **asked).power for n in (1.0, 64.0)
    )
    assert few < 0.5 * many


def test_a_laptop_may_draw_what_any_limit_of_its_range_lets_it():
    open_limit, stated = (
        _drawn("sdxl", 1, "rtx-4090-laptop", runtime="ComfyUI", options=options)
        for options in ({}, {"power_limit": "100 W"})
    )
    assert open_limit.power_spread > stated.power_spread
    assert open_limit.power_interval.high > 1.3 * stated.power_interval.high
