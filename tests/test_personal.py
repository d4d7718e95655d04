"""The predictor on one's own stack: `calibrate --with`, what reads its file, and that it helps."""

from __future__ import annotations

import json
import math
from collections import defaultdict

import numpy as np
import pytest

from tests.test_anchor import folded
from whichgpu import api
from whichgpu.cost.answers import Z90
from whichgpu.cost.estimate import estimate, estimate_bounds, plain_estimate
from whichgpu.cost.transfer import personal
from whichgpu.cost.transfer.anchoring import Point, place, posterior
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow

COLUMNS = (
    "id",
    "workload",
    "gpu",
    "phase",
    "precision",
    "batch",
    "runtime",
    "metric",
    "unit",
    "value",
    "source",
)
JOBS = (("resnet50", "rtx-3090", 128), ("resnet101", "rtx-3090", 64), ("resnet50", "rtx-4090", 128),
        ("resnet152", "rtx-4090", 64), ("bert-base", "rtx-3090", 32),
        ("bert-large", "rtx-4090", 16))  # fmt: skip


@pytest.fixture(autouse=True)
def _nobodys():
    """No test leaves a calibration behind."""
    token = personal._chosen.set(None)
    personal._standing.cache_clear()
    yield
    personal._chosen.reset(token)
    personal._standing.cache_clear()


def table(path, factor, jobs=JOBS):
    """Rows of a stack that is `factor` times as fast as predicted, give or take 3 %."""
    chance, lines = np.random.default_rng(0), [",".join(COLUMNS)]
    for number, (workload, gpu, batch) in enumerate(jobs):
        job = api.job(workload, phase="train", precision="amp-fp16", batch=batch, runtime="pytorch 2.1")
        rate = plain_estimate(job, [catalogue()[gpu]]).at(0, 0).throughput
        value = rate.mid * factor * math.exp(chance.normal(0.0, 0.03))
        lines.append(f"{number},{workload},{gpu},train,amp-fp16,{batch},pytorch 2.1,throughput,{rate.unit},"
                     f"{value:.6g},me")  # fmt: skip
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fitted(path):
    return personal.fitted(personal.rows_of(path)[0], catalogue())


def test_a_slow_stack_is_learnt_and_held_out_runs_are_better(tmp_path):
    found = fitted(table(tmp_path / "my.csv", 0.75))
    assert len(found.points) == len(JOBS)
    assert np.mean([one.error for one in found.points]) == pytest.approx(math.log(0.75), abs=0.03)
    left, spreads = personal.held_out(found.points)
    before = np.abs([one.error for one in found.points])
    assert np.mean(np.abs(left)) < 0.75 * np.mean(before)
    assert np.mean(np.abs(left) <= 1.645 * np.array(spreads)) >= 0.8


#: How often rows are drawn: by one draw a source of many engines may miss its own.
DRAWS = 4


@pytest.mark.slow
@pytest.mark.thorough
def test_rows_of_one_hand_improve_the_rows_that_are_held_out():
    """By source, under fits that had not seen it: 40 rows are the user's, 24 others are predicted."""
    hands = defaultdict(list)
    for one in folded("source"):
        hands[one.row["source"]].append(one)
    before, after, inside, better = [], [], [], []
    for every in (rows for rows in hands.values() if len(rows) >= 100):
        for drawn in range(DRAWS):
            rows = [every[i] for i in np.random.default_rng(drawn).permutation(len(every))[:64]]
            learnt = [Point(one.place, one.error) for one in rows[:40]]
            shifts = [posterior(learnt, one.place) for one in rows[40:]]
            errors = [one.error - float(shift.mean) for one, shift in zip(rows[40:], shifts, strict=True)]
            before += [abs(one.error) for one in rows[40:]]
            after += np.abs(errors).tolist()
            inside += [
                abs(error) <= Z90 * float(shift.spread) for error, shift in zip(errors, shifts, strict=True)
            ]
        # Where a source is met within 8 % unseen, as two hosts are, there is little to learn, none to lose.
        of_this = slice(-24 * DRAWS, None)
        unseen = np.mean(before[of_this])
        better.append(np.mean(after[of_this]) < unseen * (1.02 if unseen < 0.08 else 1.0))
    assert len(better) >= 12
    assert all(better)
    assert np.mean(after) < 0.7 * np.mean(before)
    assert np.mean(after) < 0.11
    assert 0.85 <= np.mean(inside) <= 0.96


def test_what_is_like_takes_more_and_more_runs_say_more(tmp_path):
    job = api.job("resnet50", phase="train", precision="amp-fp16", batch=128, runtime="pytorch 2.1")
    far = api.job("llama-3.1-8b", phase="decode")

    def moved(points, job, gpu):
        found = plain_estimate(job, [catalogue()[gpu]])
        return float(posterior(points, place(found, 0)).mean[0])

    points = fitted(table(tmp_path / "my.csv", 0.7)).points
    same, other, none = (
        moved(points, job, "rtx-3090"),
        moved(points, job, "a100-80gb-sxm"),
        moved(points, far, "l40s"),
    )
    assert same < other < none <= 0.0
    assert same == pytest.approx(math.log(0.7), abs=0.06)
    assert abs(moved(points[:1], job, "a100-80gb-sxm")) < abs(other)


def test_the_file_says_the_same_again(tmp_path):
    found = fitted(table(tmp_path / "my.csv", 0.8))
    path = tmp_path / "my.fit.toml"
    path.write_text(personal.text(found, "my.csv"), encoding="utf-8")
    again = personal.read(path)
    assert [one.error for one in again] == pytest.approx([one.error for one in found.points], abs=1e-5)
    assert [one.place.numbers for one in again] == [
        {name: float(value) for name, value in one.place.numbers.items()} for one in found.points
    ]
    job = api.job("resnet50", phase="train", precision="amp-fp16", batch=128, runtime="pytorch 2.1")
    plain = estimate(job, [catalogue()["rtx-3090"]]).at(0, 0)
    personal.use(path)
    own = estimate(job, [catalogue()["rtx-3090"]]).at(0, 0)
    assert own.throughput.mid / plain.throughput.mid == pytest.approx(0.8, rel=0.05)
    assert own.throughput.high / own.throughput.low < 1.2 < plain.throughput.high / plain.throughput.low
    assert "given 6 measured jobs of your own" in " ".join(own.warnings)
    compared = estimate_bounds(job, [catalogue()["rtx-3090"]])[0]
    assert compared.at(0, 0).throughput == own.throughput
    assert compared.speed(0, 0) == (own.throughput, own.latency)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no runs of your own"), ("fit = 3", "no runs of your own"), ("[[[", "not valid TOML"),
        ('fit = "000000000000"\nrun = []', "made against another fit"),
        ('fit = "NOW"\n[[run]]\nworkload = "resnet50"', "run 1 cannot be read"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(tmp_path, text, words):
    path = tmp_path / "my.fit.toml"
    path.write_text(text.replace("NOW", personal.fingerprint()), encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        personal.use(path)


def test_the_commands(tmp_path, whichgpu, monkeypatch):
    path = table(tmp_path / "my.csv", 0.8)
    with path.open("a") as out:
        out.write("7,nonsense,rtx-3090,train,amp-fp16,32,pytorch 2.1,throughput,images/s,150,me\n")
    told = whichgpu("calibrate", "--with", str(path), "--json").json
    assert (told["rows"], told["runs"], list(told["skipped"])) == (7, 6, ["7"])
    assert told["after"]["mape"] < told["before"]["mape"]
    assert told["written"] == str(tmp_path / "my.fit.toml")
    args = ("predict", "resnet50", "--gpu", "rtx-3090", "--phase", "train", "--batch", "128", "--json")
    plain = whichgpu(*args).json["value"]["mid"]
    own = whichgpu(*args, "--calibration", told["written"]).json["value"]["mid"]
    assert own == pytest.approx(0.8 * plain, rel=0.08)
    personal._chosen.set(None)
    folder = tmp_path / "data" / "fits"
    folder.mkdir(parents=True)
    assert whichgpu("calibrate", "--with", str(path), "--out", str(folder / "own.toml")).status == 0
    monkeypatch.setenv("WHICHGPU_DATA", str(tmp_path / "data"))
    store.load.cache_clear()
    try:
        assert whichgpu(*args).json["value"]["mid"] == pytest.approx(own, rel=1e-4)
    finally:
        monkeypatch.delenv("WHICHGPU_DATA")
        store.load.cache_clear()
    for wrong, words in (
        (("calibrate", "--with", str(tmp_path / "none.csv")), "cannot be read"),
        (("calibrate", "--out", "x.toml"), "add --with my.csv"),
        ((*args, "--calibration", str(path)), "not valid TOML"),
    ):
        found = whichgpu(*wrong)
        assert found.status == 2
        assert words in found.err + json.dumps(found.out)
