"""Objectives of serving: how they are read, the largest load that keeps them, bounds, splits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from serving_cases import job, shorter

from whichgpu.cost.estimate import estimate
from whichgpu.cost.serving import curve, load, slo
from whichgpu.errors import Infeasible, UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner import serving
from whichgpu.planner.serving import Split, leads, splits
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow

GPUS = catalogue()


L40S, H100, H200 = GPUS["l40s"], GPUS["h100-80gb-sxm"], GPUS["h200-141gb-sxm"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("ttft p90 1 s, tpot 50 ms", [("ttft", "p90", 1.0), ("tpot", "mean", 0.05)]),
        ("E2E P99 20s", [("latency", "p99", 20.0)]),
        ("itl median 30 ms,", [("itl", "p50", 0.03)]),
        ("p95 ttft < 2 s, TPOT<=40ms", [("ttft", "p95", 2.0), ("tpot", "mean", 0.04)]),
        ("latency p99 under 8 s, median itl ≤ 30 ms", [("latency", "p99", 8.0), ("itl", "p50", 0.03)]),
        ("TTFT P95 <= 800ms and TPOT < 35 ms", [("ttft", "p95", 0.8), ("tpot", "mean", 0.035)]),
        ("ttft: p99 2s; itl p99 80ms", [("ttft", "p99", 2.0), ("itl", "p99", 0.08)]),
        ("TTFT(p90)=1,500 ms & E2EL@p99 < 30 seconds", [("ttft", "p90", 1.5), ("latency", "p99", 30.0)]),
        ("time to first token 90th percentile 1 second", [("ttft", "p90", 1.0)]),
        ("average end-to-end latency of at most 2 minutes", [("latency", "mean", 120.0)]),
        (
            "inter-token latency 40 ms at p95, time_to_first_token 1 s",
            [("itl", "p95", 0.04), ("ttft", "mean", 1.0)],
        ),
        ("95% of requests TTFT below 1 s", [("ttft", "p95", 1.0)]),
        (
            "95 % of responses done in 4 s; half a second per token",
            [("latency", "p95", 4.0), ("tpot", "mean", 0.5)],
        ),
        (
            "--goodput ttft:500 tpot:50 e2el:20000",
            [("ttft", "mean", 0.5), ("tpot", "mean", 0.05), ("latency", "mean", 20.0)],
        ),
        ("P99 TTFT (ms): 500", [("ttft", "p99", 0.5)]),
        ("p95_ttft_ms 500, mean_tpot_ms=40", [("ttft", "p95", 0.5), ("tpot", "mean", 0.04)]),
        (
            "ttft p50=100ms p99=500ms, itl 20 ms",
            [("ttft", "p50", 0.1), ("ttft", "p99", 0.5), ("itl", "mean", 0.02)],
        ),
        ("ttft 500 ms p90", [("ttft", "p90", 0.5)]),
        ("tokens/s per user 50, ttft 500ms", [("tpot", "mean", 0.02), ("ttft", "mean", 0.5)]),
        ("per-user speed >= 40 tok/s", [("tpot", "mean", 0.025)]),
        ("ttft 500 ms p90 tpot 40 ms p99", [("ttft", "p90", 0.5), ("tpot", "p99", 0.04)]),
        ("p90 ttft 500 ms p99 tpot 40 ms", [("ttft", "p90", 0.5), ("tpot", "p99", 0.04)]),
        ("p95 ttft < 2 s TPOT<=40ms", [("ttft", "p95", 2.0), ("tpot", "mean", 0.04)]),
        ("p90(ttft)<500ms mean(tpot)<40ms", [("ttft", "p90", 0.5), ("tpot", "mean", 0.04)]),
        ("TTFT 1 s (p95) e2e 20 s p99", [("ttft", "p95", 1.0), ("latency", "p99", 20.0)]),
        ("ttft 500ms/itl 20ms", [("ttft", "mean", 0.5), ("itl", "mean", 0.02)]),
        ("ttft 95p 500ms", [("ttft", "p95", 0.5)]),
        ("ttft 1 s, at least 25 tok/s/user", [("ttft", "mean", 1.0), ("tpot", "mean", 0.04)]),
    ],
)
def test_objectives_are_read(text, terms):
    assert [(one.metric, one.how, one.most) for one in slo.read(text)] == terms


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no objective"), ("ttft", "'ttft' is no objective"), ("speed 1 s", "no objective of ttft"),
        ("ttft p42 1 s", "no 'p42'; use one of mean, p50"), ("tpot 50", "unit"), ("tpot 0 ms", "above zero"),
        ("throughput 100 tokens/s", "no objective of ttft"), ("20 tokens/s", "no objective"),
        ("ttft p90 p99 1 s", "no objective"), ("ttft p90 1 s quickly", "not a time"),
        ("ttft 1 s p90 tpot 40 ms", "is of ttft and tpot; put a comma between"),
        ("latency 5 s p95 at 10 rps", 'another option: --rate "10 req/s"'),
        ("ttft -1 s", "no objective"), ("itl > 20 ms", "held below its objective: write < for >"),
    ],
)  # fmt: skip
def test_what_is_no_objective_is_said(text, says):
    with pytest.raises(UsageError, match=says):
        slo.read(text)


def test_the_largest_load_keeps_its_objectives_and_more_does_not():
    asked, terms = job(), slo.read("ttft p90 250 ms, tpot 40 ms")
    held = slo.largest(asked, L40S, terms)
    table, _ = curve.ready(asked, L40S)
    simulator = curve.simulator(asked, L40S, table)
    assert held.binding in terms
    for factor, keeps in ((0.999, True), (1.05, False)):
        at = curve.at_rates(asked, L40S, table, np.array([factor * held.rate]))
        tails = simulator.tails("rate", factor * held.rate)
        assert (tails.ttft["p90"] <= 0.25 and at.tpot[0] <= 0.04) == keeps


@pytest.mark.thorough
def test_objectives_may_be_given_one_by_one(whichgpu, monkeypatch):
    shorter(monkeypatch)
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--json")
    apart = whichgpu(*words, "--slo", "ttft p90 100 ms", "--slo", "tpot 60 ms").json
    assert apart["slo"] == whichgpu(*words, "--slo", "ttft p90 100 ms, tpot 60 ms").json["slo"]
    loose = whichgpu(*words, "--slo", "tpot 60 ms").json["slo"]
    assert apart["slo"]["request_rate"] < 0.95 * loose["request_rate"]
    assert "no objective" in whichgpu(*words, "--slo", "").err


def test_objectives_below_physics_are_refused_with_the_bound():
    with pytest.raises(
        Infeasible, match=r"tpot 1 ms cannot be held .* bound by weights .* ask for .* or more"
    ):
        slo.largest(job(), L40S, slo.read("tpot 1 ms"))


def test_loose_objectives_leave_the_capacity():
    held = slo.largest(job(), L40S, slo.read("latency 1 h"))
    assert held.binding is None
    assert held.rate == pytest.approx(0.99 * load.tables(job(), L40S)[0].capacity)


@pytest.mark.parametrize(
    ("excess", "last", "most"),
    [
        (lambda share: 0.4 + 0.6 * share / 0.7, 0.7, 8),
        (lambda share: 0.97 + share, 0.03, 8),
        (lambda share: 0.2 / (1.0 - share), 0.8, 8),
        (lambda share: 0.5 + 400.0 * max(share - 0.6, 0.0), 0.60125, 12),
        (lambda share: 0.8 if share < 0.4 else 3.0, 0.4, 18),
        (lambda share: 0.5, 0.9, 2),
        (lambda share: 1.009 * share / 0.9, 0.9, 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("near", [0.01, 0.5, 0.9])
def test_the_last_load_that_keeps_is_found_in_few_simulations(monkeypatch, excess, last, most, near):
    term, asked = slo.read("ttft p90 1 s")[0], []

    def worst(simulator, terms, share):
        asked.append(share)
        return np.log(excess(share)), term

    monkeypatch.setattr(slo, "_worst", worst)
    share, _ = slo._kept(None, [term], (0.9, None), near, excess(1e-4))
    assert 0.985 * last <= share <= last
    assert len(asked) <= most
    assert len(set(asked)) == len(asked)


@pytest.mark.thorough
def test_every_split_is_tried_and_the_best_is_first(monkeypatch):
    shorter(monkeypatch)
    asked = Job("llama-3.1-70b", input_tokens=1024.0, output_tokens=512.0)
    found = splits(asked, 8, H100, slo.read("tpot 40 ms"))
    rates = [one.held.rate for one in found if one.held]
    assert rates == sorted(rates, reverse=True)
    assert len(rates) >= 3
    assert {"tp=8", "tp=4 x 2 replicas", "tp=2 x 4 replicas"} <= {one.name for one in found}
    # On one GPU each it does not fit, which is said and not counted.
    assert any("does not fit" in one.why for one in found)
    experts = splits(Job("mixtral-8x7b"), 2, H100, slo.read("tpot 40 ms"))
    assert any("ep=2" in one.name for one in experts)


@pytest.mark.thorough
def test_over_machines_experts_are_dealt_out_layers_cut_and_stages_made(monkeypatch):
    """DeepSeek's own deployment deals its experts out over many machines (DeepSeek-V3 report, 3.4)."""
    shorter(monkeypatch)
    asked = Job("deepseek-r1", precision="fp8", runtime="sglang", input_tokens=1024.0, output_tokens=512.0)
    found = splits(asked, 32, H100, slo.read("tpot 50 ms"))
    names = [one.name for one in found if one.held]
    assert {"attention_dp=32 ep=32", "attention_dp=16 ep=16 x 2 replicas", "tp=16 x 2 replicas",
            "tp=8 pp=4", "tp=8 pp=2 x 2 replicas"} <= set(names)  # fmt: skip
    assert names[0] == "attention_dp=32 ep=32"
    assert found[0].simulated
    assert leads(found).startswith("attention_dp=32 ep=32 holds 1.")
    assert "weights (bandwidth) take" in leads(found)
    dense = splits(
        replace(asked, workload="llama-3.1-405b", runtime="vllm"), 16, H100, slo.read("tpot 80 ms")
    )
    assert {"tp=8 pp=2", "tp=16", "tp=8 x 2 replicas"} <= {one.name for one in dense if one.held}
    assert leads(dense[:1]) == ""


def test_groups_of_several_gpus_are_of_engines_that_have_them():
    asked = Job("mixtral-8x7b", input_tokens=512.0, output_tokens=256.0)
    mixed = {
        engine: any("tp=2 attention_dp=2 ep=4" in Split(one, None).name
                    for one in serving._ways(replace(asked, runtime=engine), 4))
        for engine in ("vllm", "tensorrt-llm")
    }  # fmt: skip
    assert mixed == {"vllm": True, "tensorrt-llm": False}


@pytest.mark.thorough
def test_the_first_split_was_simulated_and_means_are_no_less(monkeypatch):
    shorter(monkeypatch)
    asked = Job("llama-3.1-70b", input_tokens=1024.0, output_tokens=512.0)
    terms = slo.read("ttft p99 400 ms, tpot 40 ms")
    found = splits(asked, 8, H100, terms)
    assert found[0].simulated
    by_means = slo.reached(found[0].job, H100, terms)
    assert by_means.rate >= 0.99 * found[0].rate


@pytest.mark.slow
def test_queues_near_the_capacity_are_told(whichgpu):
    sizes = {"runtime": "tensorrt-llm", "precision": "fp8", "input_tokens": 2048.0, "output_tokens": 2048.0}
    near = 0.95 * load.tables(job("llama-3.1-8b", H100, **sizes), H100)[0].capacity
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "h100-80gb-sxm", "--runtime", "tensorrt-llm",
                    "--precision", "fp8", "--input-tokens", "2048", "--output-tokens", "2048",
                    "--curve", "--rate", f"{near} req/s")  # fmt: skip
    assert "every burst leaves a queue" in " ".join(told.out.split())


def test_prompts_on_gpus_of_their_own_want_a_rate(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s:2", "--option", "prefill_gpus=1")
    assert whichgpu(*words, "--rate", "2 req/s", "--json").json["prefill"] == {"gpu": "l40s", "n_gpus": 1}
    told = whichgpu(*words, "--concurrency", "4")
    assert told.status == 2
    assert "--rate" in told.err


@pytest.mark.slow
@pytest.mark.parametrize("terms", ["ttft p99 150 ms", "latency p90 6 s"])
@pytest.mark.thorough(every=2)
def test_what_is_held_is_held_when_it_is_asked_for(whichgpu, terms, monkeypatch):
    shorter(monkeypatch)
    metric, how, most, unit = terms.split()
    # As many at once as there is room for, so that no objective is that of the most that run.
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--precision", "fp8", "--json", "--option",
             "max_num_seqs=1024", "--option", "max_num_batched_tokens=8192")  # fmt: skip
    told = whichgpu(*words, "--slo", terms).json
    rate = told["slo"]["request_rate"]
    assert rate == told["splits"][0]["request_rate"] == told["loads"][0]["request_rate"]
    for share, kept in ((1.0, True), (1.08, False)):
        load = whichgpu(*words, "--curve", "--rate", f"{share * rate} req/s").json["loads"][0]
        assert (load[metric][how] <= float(most) * (1e-3 if unit == "ms" else 1.0)) == kept


@pytest.mark.parametrize(
    ("rate", "says"),
    [("nan", "not a finite number"), ("0", "not above zero"), ("-3", "not above zero"), ("1e12", "slip")],
)
def test_a_rate_that_is_none_is_said(rate, says):
    with pytest.raises(UsageError, match=f"option request_rate: .*{says}"):
        estimate(Job("llama-3.1-8b", phase="serve", options={"request_rate": rate}), [L40S]).at(0, 0)
