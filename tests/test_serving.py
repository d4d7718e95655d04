"""Serving under load: the analytic model against the simulator, conservation, objectives, docs/serving.md.

`python tests/test_serving.py` writes the outputs of docs/serving.md anew.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whichgpu.cli import main
from whichgpu.cost import batching, bounds, curve, disaggregated, load, queueing, simulate, slo
from whichgpu.cost.estimate import estimate
from whichgpu.cost.jobs import predict_rows
from whichgpu.cost.layout import lay_out
from whichgpu.cost.measuring import how_to_measure
from whichgpu.cost.placing import placed
from whichgpu.cost.requests import Requests
from whichgpu.errors import Infeasible, UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.serving import paid, price, splits
from whichgpu.workloads import lengths
from whichgpu.workloads.job import Job

DOCUMENT = Path(__file__).parent.parent / "docs" / "serving.md"
MARKED = re.compile(r"<!-- output: (?P<line>.+?) -->\n.*?<!-- end -->", re.DOTALL)
GPUS = catalogue()
L40S, H100, H200 = GPUS["l40s"], GPUS["h100-80gb-sxm"], GPUS["h200-141gb-sxm"]

WIDE = {"attention_dp": "8", "ep": "8"}
VARIED = {"input_lengths": "lognormal mean 1000 p90 2000", "output_lengths": "lognormal mean 1000 p90 2000"}
#: Workload, GPU, how many, columns of the job, tokens in and out: what the two models are held to agree on.
AGREED = [
    ("llama-3.1-8b", "l40s", 1, {}, 1024, 256),
    ("llama-3.1-8b", "l4", 1, {"precision": "fp8"}, 512, 256),
    ("llama-3.1-8b", "a100-80gb-sxm", 1, {}, 512, 128),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"precision": "fp8"}, 512, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"runtime": "sglang"}, 1024, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"runtime": "tensorrt-llm"}, 1024, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"prefix_hit": "0.75"}}, 4096, 256),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"kv_precision": "fp8"}}, 1024, 512),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {}, 1024, 512),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"runtime": "sglang"}, 1024, 1024),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"options": {"speculative": "3"}}, 1024, 512),
    ("llama-3.1-70b", "a100-80gb-sxm", 8, {}, 2048, 512),
    ("llama-3.1-70b", "b200-180gb-sxm", 2, {"precision": "fp8"}, 8192, 1024),
    ("deepseek-r1", "h200-141gb-sxm", 8, {"precision": "fp8", "runtime": "sglang"}, 1024, 1024),
    ("deepseek-r1", "b200-180gb-sxm", 8, {"precision": "fp8"}, 8192, 1024),
    ("mixtral-8x7b", "h100-80gb-sxm", 2, {}, 512, 256),
    ("gpt-oss-120b", "h100-80gb-sxm", 2, {"precision": "mxfp4"}, 1024, 1024),
    ("qwen3-32b", "h100-80gb-sxm", 2, {}, 2048, 512),
    ("qwen3-235b-a22b", "h200-141gb-sxm", 8, {"precision": "fp8"}, 1024, 1024),
    ("llama-2-13b", "a10g", 4, {}, 512, 128),
    ("mistral-7b", "rtx-4090", 1, {}, 512, 256),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"attention_dp": "1"}, "precision": "bf16"}, 256, 1024),
    # little room for the cache
    ("llama-3.1-8b", "rtx-4090", 1, {}, 2048, 512),
    ("llama-3.1-8b", "l4", 1, {}, 1024, 256),
    ("llama-3.1-8b", "rtx-4090", 1, {"precision": "w4a16"}, 256, 2048),
    # prefixes from the cache, drafted tokens, long answers
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"prefix_hit": "0.9"}}, 8192, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"speculative": "4", "acceptance": "0.6"}}, 512, 256),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"precision": "fp8"}, 128, 8192),
    ("llama-3.1-70b", "h100-80gb-sxm", 2, {"precision": "fp8"}, 1024, 4096),
    # experts dealt out, attention in groups
    ("deepseek-r1", "h200-141gb-sxm", 8, {"precision": "fp8", "tp": 1.0, "options": WIDE}, 1024, 1024),
    ("qwen3-235b-a22b", "h200-141gb-sxm", 8, {"precision": "fp8", "tp": 1.0, "options": WIDE}, 2048, 512),
    # engines that keep room free, and engine options
    ("llama-3.1-8b", "a100-80gb-sxm", 1, {"runtime": "tensorrt-llm"}, 2048, 2048),
    ("llama-3.1-70b", "a100-80gb-sxm", 4, {"runtime": "sglang"}, 512, 2048),
    ("llama-3.1-8b", "l40s", 1, {"options": {"max_num_seqs": "32"}}, 512, 256),
    # lengths that differ
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": VARIED}, 600, 300),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"options": VARIED}, 2000, 500),
    # prompts on GPUs of their own
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"tp": 4.0, "options": {"prefill_gpus": "4"}}, 4096, 256),
]  # fmt: skip


def job(workload="llama-3.1-8b", gpu=L40S, count=1, **columns):
    """A serving job that is ready to be asked for loads."""
    columns = {"input_tokens": 1024.0, "output_tokens": 256.0, **columns}
    return curve.checked(placed(Job(workload, phase="serve", **columns), count, gpu), gpu)


def measured(outcome):
    """A simulated run less its ends."""
    count = len(outcome.arrival)
    return slice(count // 10, count * 9 // 10)


#: Where they differ by more, how much at most, and why: tokens stand still while long prompts are computed,
#: so that requests make theirs together and TPOT is longer; prompts of several small chunks wait for several
#: passes; few places for lengths that differ widely, or for answers far longer than prompts (TTFT alone).
NEARLY = [
    (("llama-3.1-8b", "h100-80gb-sxm", 1, {}, 32768, 512), 0.12),
    (("llama-3.1-70b", "h200-141gb-sxm", 4, {"precision": "fp8"}, 65536, 1024), 0.12),
    (("llama-3.1-8b", "l40s", 1, {"options": {"max_num_batched_tokens": "2048"}}, 4096, 256), 0.12),
    (("mistral-7b", "rtx-4090", 1, {"options": VARIED}, 500, 400), 0.25),
    (("qwen3-32b", "h100-80gb-sxm", 2, {}, 128, 8000), 0.4),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("configuration", "within"), [*((one, 0.1) for one in AGREED), *NEARLY])
def test_the_analytic_model_and_the_simulator_agree(configuration, within):
    workload, gpu, count, columns, prompt, output = configuration
    device = GPUS[gpu]
    asked = job(workload, device, count, input_tokens=float(prompt), output_tokens=float(output), **columns)
    table, pool = curve.ready(asked, device)
    simulator = curve.simulator(asked, device, table, pool)
    for share in (0.2, 0.5, 0.8):
        rate = share * table.capacity
        analytic = curve.at_rates(asked, device, table, np.array([rate]), pool)
        run = simulator.at_rate(rate, requests=10_000, seed=3)
        here = measured(run)
        span = run.arrival[here][-1] - run.arrival[here][0]
        made = run.output[here].sum() / span * table.replicas
        assert made == pytest.approx(analytic.throughput[0], rel=within), share
        assert np.mean(run.tpot[here]) == pytest.approx(analytic.tpot[0], rel=within), share
        assert np.mean(run.ttft[here]) == pytest.approx(analytic.ttft[0], rel=within), share


def test_many_configurations_are_listed():
    assert len({str(one) for one in [*AGREED, *NEARLY]}) >= 40


def overloaded(**columns):
    """A replica that is sent a third more than it serves, with a cache that is soon full."""
    gpu = GPUS["rtx-4090"]
    asked = job("llama-3.1-8b", gpu, input_tokens=512.0, output_tokens=1024.0, **columns)
    table, _ = curve.ready(asked, gpu)
    return table, curve.simulator(asked, gpu, table).at_rate(1.3 * table.capacity, requests=3000)


def test_a_full_cache_takes_sequences_off_and_loses_no_token():
    table, run = overloaded()
    assert run.taken_off > 100
    assert run.weights.sum() >= (run.output - 1.0).sum()
    order = np.argsort(run.arrival)
    assert np.all(run.first[order] <= run.done[order])
    # What it still serves is the capacity, less what is computed twice.
    done = np.sort(run.done)
    served = 0.6 * len(done) / (done[int(0.8 * len(done))] - done[int(0.2 * len(done))])
    assert 0.75 * table.capacity < served <= 1.02 * table.capacity


def test_an_engine_that_keeps_room_free_takes_nothing_off():
    _, run = overloaded(runtime="tensorrt-llm")
    assert run.taken_off == 0


def test_sequences_never_take_more_room_than_there_is():
    server = simulate.Server(
        (0.0, *[0.01] * 20), (0.0,) * 21, (1e-5,) * 21, budget=1000.0, room=1000.0, token=1.0
    )
    count = 200
    stream = simulate.Stream(np.zeros(count), np.full(count, 50.0), np.zeros(count), np.full(count, 101.0))
    run = simulate.simulate(server, stream)
    # Ten fit at their mean length: no fewer passes than that takes, and no token is lost.
    assert run.taken_off > 0
    assert run.busy >= 0.01 * count * 100 / 20
    assert np.all(run.done > run.first)
    times = np.linspace(0.1, run.done.max() * 0.9, 50)
    inside = [int(((run.first <= t) & (run.done > t)).sum()) for t in times]
    assert max(inside) <= 20


@pytest.mark.parametrize(("name", "value"), [("max_num_seqs", "16"), ("max_num_batched_tokens", "1024")])
def test_engine_options_are_kept(name, value):
    plain, stated = job(), job(options={name: value})
    one, other = (curve.curve(each, L40S) for each in (plain, stated))
    if name == "max_num_seqs":
        assert other.places == 16.0
        assert other.limit == "sequences"
        assert other.bound[-1] == "sequences"
        assert other.capacity < one.capacity
    else:
        assert load.server(stated, L40S).budget == 1024.0
    assert one.limit == "places"
    with pytest.raises(UsageError, match=name):
        job(options={name: "0"})


def test_a_simulated_run_makes_the_tokens_that_were_asked_for():
    asked = job(options={"length_range": "0.5"})
    table, _ = curve.ready(asked, L40S)
    server = load.server(asked, L40S)
    stream = simulate.poisson(500, 0.5 * table.capacity, 1024.0, 256.0, answers=lengths.uniform(1.0, 0.5))
    run = simulate.simulate(server, stream)
    assert np.array_equal(run.output, stream.output)
    # Every token after the first of each request follows another by one gap.
    assert run.weights.sum() == pytest.approx((stream.output - 1.0).sum())
    assert np.all(run.first > run.arrival)
    assert np.all(run.done >= run.first)


def test_requests_in_flight_follow_littles_law():
    asked = job()
    table, _ = curve.ready(asked, L40S)
    run = curve.simulator(asked, L40S, table).at_rate(0.6 * table.capacity, requests=6000)
    here = measured(run)
    start, end = run.arrival[here][0], run.arrival[here][-1]
    # The time that requests spend inside the window, over the window, against rate times latency.
    inside = np.clip(run.done, start, end) - np.clip(run.arrival, start, end)
    rate = (here.stop - here.start) / (end - start)
    # What the replica held at the beginning is not told of, but has left by then.
    assert inside.sum() / (end - start) == pytest.approx(rate * run.latency[here].mean(), rel=0.03)


@pytest.mark.parametrize("runtime", ["vllm", "sglang", "tensorrt-llm"])
@pytest.mark.parametrize("concurrency", [1.0, 16.0, 64.0, 1000.0])
def test_the_analytic_answers_follow_littles_law(runtime, concurrency):
    found = estimate(replace(job(), runtime=runtime, concurrency=concurrency), [L40S]).at(0, 0)
    requests = found.throughput.mid / 256.0
    assert requests * found.latency.mid == pytest.approx(concurrency, rel=1e-6)
    closed = curve.curve(job(), L40S, against="concurrency")
    assert closed.in_flight == pytest.approx(np.ravel(closed.estimates.job.concurrency), rel=1e-6)


def test_the_time_at_work_is_less_than_the_time():
    asked = job()
    table, _ = curve.ready(asked, L40S)
    run = curve.simulator(asked, L40S, table).at_rate(0.8 * table.capacity)
    assert run.busy <= (run.done.max() - run.arrival.min()) * 1.05
    at = curve.at_rates(asked, L40S, table, table.capacity * np.array([0.1, 0.5, 0.9]))
    assert np.all((at.prompts > 0) & (at.prompts < 1))
    shares = sum(at.shares.values())
    assert shares == pytest.approx(np.ones(3))
    assert set(at.bound) <= set(bounds.NAMES)


def test_more_load_is_more_throughput_and_longer_times():
    asked = job()
    found = curve.curve(asked, L40S)
    for values in (found.throughput, found.tpot, found.latency, found.in_flight):
        assert np.all(np.diff(values) > 0)
    # Prompts are computed several at a time where many run, which at first makes up for what they wait.
    assert np.all(np.diff(found.ttft) > -0.02 * found.ttft[:-1])
    assert 0 < found.knee < len(found.request_rate) - 1
    # What is served is what arrives.
    assert found.throughput == pytest.approx(found.capacity * np.array(curve.SHARES) * 256.0, rel=0.01)


def test_one_job_is_the_same_in_a_curve_and_alone():
    asked = job()
    at = curve.curve(asked, L40S, np.array([4.0]))
    alone = estimate(replace(asked, options={"request_rate": "4"}), [L40S]).at(0, 0)
    assert alone.throughput.mid == pytest.approx(at.throughput[0])
    assert alone.ttft is not None
    assert alone.ttft.mid == pytest.approx(at.ttft[0])
    closed = estimate(replace(asked, concurrency=32.0), [L40S]).at(0, 0)
    swept = curve.curve(asked, L40S, np.array([8.0, 32.0]), against="concurrency")
    assert closed.tpot is not None
    assert closed.tpot.mid == pytest.approx(swept.tpot[1])


def test_a_closed_loop_simulates_as_it_is_predicted():
    asked = job()
    table, _ = curve.ready(asked, L40S)
    simulator = curve.simulator(asked, L40S, table)
    found = curve.curve(asked, L40S, np.array([4.0, 32.0, 128.0]), against="concurrency")
    for count, tpot in zip((4.0, 32.0, 128.0), found.tpot.tolist(), strict=True):
        run = simulator.in_flight(count, requests=20_000)
        assert np.mean(run.tpot) == pytest.approx(tpot, rel=0.1)
        # Never more in flight than are kept there.
        order = np.sort(np.concatenate([run.arrival, run.done]))
        sent = np.searchsorted(np.sort(run.arrival), order, side="right")
        left = np.searchsorted(np.sort(run.done - simulator.server.first), order, side="right")
        assert np.max(sent - left) <= count + 1


def test_waiting_for_a_place_is_that_of_the_textbook():
    # M/M/c of one server, then M/D/1: rho / (1 - rho) services, and half of them.
    rates, arrivals = np.array([1.0]), 0.8
    assert queueing.place_seconds(arrivals, rates, 1.0) == pytest.approx(0.8 / 0.2)
    assert queueing.place_seconds(arrivals, rates, 0.0) == pytest.approx(0.8 / 0.2 / 2)
    # Erlang C of two servers at 0.75 each: P(wait) = 9 / 14, wait = P / (2 - 1.5).
    two = queueing.place_seconds(1.5, np.array([1.0, 2.0]), 1.0)
    assert two == pytest.approx(9 / 14 / 0.5)
    assert queueing.place_seconds(1.0, rates) == np.inf


def test_a_pass_that_is_met_is_longer_than_the_mean():
    assert queueing.met(0.02, 0.05, 2.0) > 0.02
    idle = queueing.prompt_seconds(0.02, 0.05, 1e-9, 0.1, at_work=1e-9, mixed=True)
    assert idle == pytest.approx(0.05, rel=1e-3)
    assert queueing.interrupted(0.02, 0.05, 2.0, 0.0, 100.0) == pytest.approx(0.02)


def test_a_cached_prefix_is_not_computed():
    plain, cached = job(input_tokens=4096.0), job(input_tokens=4096.0, options={"prefix_hit": "0.9"})
    at = [curve.curve(one, L40S, np.array([0.2])) for one in (plain, cached)]
    assert at[1].ttft[0] < 0.5 * at[0].ttft[0]
    assert at[1].prompts[0] < 0.3 * at[0].prompts[0]
    assert load.tables(cached, L40S)[0].capacity > 1.5 * load.tables(plain, L40S)[0].capacity


def test_drafted_tokens_shorten_tokens_where_few_are_served():
    plain = job("llama-3.1-70b", H100, 4)
    drafted = replace(plain, options={"speculative": "3", "acceptance": "0.7"})
    asked = Requests.of(drafted)
    assert asked.tokens_per_pass == pytest.approx(1 + 0.7 + 0.49 + 0.343)
    few, many = (
        [estimate(replace(one, concurrency=c), [H100]).at(0, 0).tpot.mid for one in (plain, drafted)]
        for c in (1.0, 256.0)
    )
    assert few[1] < 0.6 * few[0]
    # With many requests the drafts cost arithmetic that is short.
    assert many[1] / many[0] > few[1] / few[0]


def test_a_narrow_cache_holds_more():
    wide, narrow = job(), job(options={"kv_precision": "fp8"})
    held = [float(np.ravel(lay_out(one, [L40S]).serving.places)[0]) for one in (wide, narrow)]
    assert held[1] == pytest.approx(2 * held[0], rel=0.02)
    with pytest.raises(UsageError, match="no precision 'nonsense'"):
        job(options={"kv_precision": "nonsense"})


def test_prompts_of_their_own_gpus_do_not_interrupt():
    columns = {"input_tokens": 4096.0, "output_tokens": 256.0, "tp": 4.0}
    apart = job("llama-3.1-70b", H100, 4, options={"prefill_gpus": "4"}, **columns)
    mixed = job("llama-3.1-70b", H100, 8, **columns)
    rates = np.array([1.5])
    one, other = (curve.curve(each, H100, rates) for each in (apart, mixed))
    assert one.gpus == other.gpus == 8
    assert one.tpot[0] < other.tpot[0]
    table, pool = curve.ready(apart, H100)
    assert pool is not None
    assert table.capacity <= pool.capacity
    run = curve.simulator(apart, H100, table, pool).at_rate(1.5, requests=4000)
    here = measured(run)
    assert np.mean(run.ttft[here]) == pytest.approx(one.ttft[0], rel=0.1)
    assert np.mean(run.latency[here]) == pytest.approx(one.latency[0], rel=0.1)
    faster = disaggregated.pool(apart, H100, GPUS["b200-180gb-sxm"])
    assert faster is not None
    assert faster.seconds < pool.seconds


@pytest.mark.parametrize("command", ["predict llama-3.1-8b --gpu l40s --curve",
    'recommend llama-3.1-8b --slo "tpot 50 ms" --rate "5 req/s"'])  # fmt: skip
def test_answers_are_pages_and_articles_too(whichgpu, command):
    words = shlex.split(command)
    told = whichgpu(*words, "--json").json
    page = whichgpu(*words, "--format", "html").out
    assert page.startswith("<!doctype html>") or page.lower().startswith("<!doctype html>")
    article = whichgpu(*words, "--format", "md").out
    assert "| ---" in article or "|---" in article or "|-" in article
    if "loads" in told:
        assert "<svg" in page
        for one in told["loads"]:
            assert f"{one['request_rate']:.3g}" in page
    else:
        assert told["candidates"][0]["gpu"] in page


def test_a_rate_within_objectives_is_held_or_refused(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--slo", "tpot 40 ms", "--rate")
    text = " ".join(whichgpu(*words, "4 req/s").out.split())
    assert "4 requests/s, as stated, are" in text
    over = whichgpu(*words, "40 req/s")
    assert over.status == 3
    assert "at most" in over.err
    assert "GPUs hold them" in over.err


def test_heads_are_not_cut(whichgpu):
    three = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:3", "--curve", "--json").json
    assert three["job"]["tp"] == 1.0
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:3", "--tp", "3", "--curve")
    assert wrong.status == 2
    assert "32 attention heads, which do not divide by it" in wrong.err


@pytest.mark.parametrize(("workload", "splits"), [("falcon-7b", {1}), ("qwen2.5-7b", {1, 2, 4})])
def test_splits_are_those_that_the_heads_allow(whichgpu, workload, splits):
    told = whichgpu("predict", workload, "--gpu", "l40s:8", "--slo", "tpot 40 ms", "--json").json
    found = {int(re.search(r"tp=(\d+)|$", one["split"])[1] or 1) for one in told["splits"]}
    assert found == splits


@pytest.mark.parametrize(
    ("prompt", "output"), [("128", "8000"), ("12000", "200"), ("512", "256"), ("0", "64")]
)
@pytest.mark.parametrize("against", ["rate", "concurrency"])
def test_more_load_is_never_sooner(whichgpu, prompt, output, against):
    told = whichgpu("predict", "qwen3-32b", "--gpu", "h100-80gb-sxm:2", "--input-tokens", prompt,
                    "--output-tokens", output, "--curve", against, "--json").json  # fmt: skip
    loads = told["loads"]
    for metric in ("ttft", "tpot", "latency"):
        means = [one[metric]["mid"] for one in loads]
        assert means == sorted(means), metric
        for one in loads:
            assert one[metric]["low"] <= one[metric]["mid"] <= one[metric]["high"]
            assert one[metric]["p50"] <= one[metric]["p90"] <= one[metric]["p99"]
    served = [one["throughput"]["mid"] for one in loads]
    assert served == sorted(served)
    for one in loads:
        # Little's law, tokens in and out, and the whole of the money.
        assert one["request_rate"] * one["latency"]["mid"] == pytest.approx(one["in_flight"])
        assert one["throughput"]["mid"] == pytest.approx(one["request_rate"] * float(output), rel=0.01)
        assert sum(one["shares"].values()) == pytest.approx(1.0)


def test_the_pool_serves_first_come_first_served():
    pool = disaggregated.Pool("x", 2.0, 2, 1.0, 0.0, 0.0)
    assert pool.serve(np.array([0.0, 0.1, 0.2, 5.0])).tolist() == [1.0, 1.1, 2.0, 6.0]
    assert pool.capacity == 2.0


def test_money_and_energy_are_shared_out_whole():
    found = curve.curve(job(), L40S)
    told = paid(found, price(L40S, None, 2.0))
    spent = (told.usd_input * found.request_rate * 1024 + told.usd_output * found.request_rate * 256) / 1e6
    assert spent == pytest.approx(np.full(len(spent), 2.0 / 3600.0))
    joules = told.joules_input * 1024 + told.joules_output * 256
    assert joules / 1e6 * found.request_rate == pytest.approx(found.estimates.power[0])


# --- objectives ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("ttft p90 1 s, tpot 50 ms", [("ttft", "p90", 1.0), ("tpot", "mean", 0.05)]),
        ("E2E P99 20s", [("latency", "p99", 20.0)]),
        ("itl median 30 ms,", [("itl", "p50", 0.03)]),
    ],
)
def test_objectives_are_read(text, terms):
    assert [(one.metric, one.how, one.most) for one in slo.read(text)] == terms


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no objective"), ("ttft", "'ttft' is no objective"), ("speed 1 s", "no objective of ttft"),
        ("ttft p42 1 s", "no 'p42'; use one of mean, p50"), ("tpot 50", "unit"), ("tpot 0 ms", "above zero"),
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


def test_objectives_below_physics_are_refused_with_the_bound():
    with pytest.raises(
        Infeasible, match=r"tpot 1 ms cannot be held .* bound by weights .* ask for .* or more"
    ):
        slo.largest(job(), L40S, slo.read("tpot 1 ms"))


def test_loose_objectives_leave_the_capacity():
    held = slo.largest(job(), L40S, slo.read("latency 1 h"))
    assert held.binding is None
    assert held.rate == pytest.approx(0.99 * load.tables(job(), L40S)[0].capacity)


def test_every_split_is_tried_and_the_best_is_first():
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


# --- the command --------------------------------------------------------------------------------------------


def test_the_document_of_a_curve(whichgpu):
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--curve", "--json").json
    assert told["against"] == "rate"
    assert len(told["loads"]) == len(curve.SHARES)
    one = told["loads"][3]
    assert {"ttft", "tpot", "latency", "throughput", "bound", "usd_per_million", "itl"} <= set(one)
    assert one["ttft"]["p50"] <= one["ttft"]["p90"] <= one["ttft"]["p99"]
    assert one["ttft"]["low"] < one["ttft"]["mid"] < one["ttft"]["high"]
    assert one["throughput"]["mid"] == pytest.approx(one["request_rate"] * 256)
    assert one["in_flight"] == pytest.approx(one["request_rate"] * one["latency"]["mid"])
    assert "vllm bench serve" in told["measure"]["command"]
    rate = float(re.search(r"--request-rate (\S+)", told["measure"]["command"])[1])
    assert rate == pytest.approx(told["knee"]["request_rate"], rel=1e-3)


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["--curve", "--option", "request_rate=1e4"], 3, "beyond the capacity of"),
        (["--option", "request_rate=1e4"], 3, "beyond the capacity of"),
        (["--slo", "tpot 1 ms"], 3, "cannot be held"),
        (["--slo", "tpot"], 2, "is no objective"),
        (["--curve", "--input-tokens", "300000"], 2, "more than the 131,072 that the model was made for"),
        (["--curve", "--option", "prefix_hit=1"], 2, "must be below 1"),
        (["--curve", "--option", "prefill_gpus=1"], 2, "leave none for the tokens"),
        (["--curve", "--precision", "fp3"], 2, "no precision"),
        (["--curve", "--phase", "train"], 2, "--curve is of inference"),
        (["--slo", "tpot 1 s", "--phase", "prefill"], 2, "that serve"),
        (["--curve", "--usd-per-gpu-hour", "0"], 2, "usd-per-gpu-hour"),
    ],
)
def test_what_cannot_be_served_is_one_line(whichgpu, options, status, says):
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", *options)
    assert told.status == status
    assert says in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("gpu", "precision", "says"), [("l40s", "fp16", "does not fit"), ("v100-16gb-sxm", "fp8", "no FP8 peak")]
)
def test_what_cannot_run_is_not_said_to_be_overloaded(whichgpu, gpu, precision, says):
    told = whichgpu("predict", "llama-3.1-70b", "--gpu", gpu, "--precision", precision, "--option",
                    "request_rate=50")  # fmt: skip
    assert told.status in (2, 3)
    assert says in told.err


def test_an_idle_replica_draws_less():
    found = curve.curve(job(), L40S, np.array([0.01, 4.0]))
    assert found.estimates.power[0, 0] < 0.6 * found.estimates.power[0, 1]


def test_engines_without_disaggregation_say_so(whichgpu):
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:2", "--runtime", "llama.cpp", "--curve",
                    "--option", "prefill_gpus=1")  # fmt: skip
    assert told.status == 2
    assert "no disaggregated serving" in told.err


def test_a_model_that_does_not_fit_says_what_would(whichgpu):
    told = whichgpu("predict", "llama-3.1-70b", "--gpu", "l40s", "--curve")
    assert told.status == 3
    assert "--tp 8 is the least that fits" in told.err or "--tp 4 is the least that fits" in told.err


def test_options_of_requests_elsewhere_are_said(whichgpu):
    told = whichgpu("predict", "resnet50", "--gpu", "a10", "--option", "request_rate=5")
    assert "request_rate is of requests that are served" in told.out


def test_every_serving_answer_says_how_to_measure_it(whichgpu):
    for runtime, words in (
        ("vllm", "vllm bench serve"), ("sglang", "sglang.bench_serving"), ("tensorrt-llm", "trtllm"),
        ("llama.cpp", "llama-batched-bench"), ("LMDeploy", "OpenAI-compatible endpoint"),
    ):  # fmt: skip
        told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--runtime", runtime, "--phase", "serve",
                        "--concurrency", "16")  # fmt: skip
        assert words in told.out
    wide = whichgpu("predict", "deepseek-r1", "--gpu", "h200-141gb-sxm:8", "--precision", "fp8",
                    "--runtime", "sglang", "--option", "attention_dp=8", "--option", "ep=8",
                    "--json")  # fmt: skip
    assert "--tp 8 --dp 8 --enable-dp-attention" in wide.json["measure"]["command"]


def test_a_users_own_results_are_validated(whichgpu, tmp_path):
    csv = DOCUMENT.read_text(encoding="utf-8").partition("```csv\n")[2].partition("```")[0]
    (tmp_path / "mine.csv").write_text(csv)
    told = whichgpu("validate", str(tmp_path / "mine.csv"), "--by", "workload", "--json")
    assert told.status == 0
    assert told.json["groups"]["all"]["predicted"] == 3


def test_batches_and_their_queues(whichgpu):
    told = whichgpu("predict", "stable-diffusion-1.5", "--gpu", "a100-80gb-sxm", "--curve", "--option",
                    "request_rate=0.5", "--json").json  # fmt: skip
    rates = [one["capacity"] for one in told["batches"]]
    assert rates == sorted(rates)
    one = next(each for each in told["batches"] if each["queue"])
    assert one["queue"]["mean"] >= told["batches"][0]["latency"]["mid"]
    assert one["queue"]["utilisation"] < 1
    over = whichgpu(
        "predict", "stable-diffusion-1.5", "--gpu", "a10", "--curve", "--option", "request_rate=99"
    )
    assert over.status == 3
    assert "beyond the capacity" in over.err


def test_the_batch_that_keeps_an_objective_is_found(whichgpu):
    words = [
        "predict",
        "stable-diffusion-1.5",
        "--gpu",
        "l4:2",
        "--rate",
        "0.2 req/s",
        "--slo",
        "e2e p90 8 s",
    ]
    told = whichgpu(*words, "--json").json
    held, best = told["slo"]["request_rate"], told["slo"]["batch"]
    assert held >= 0.2
    assert held >= 0.99 * max(one["request_rate_within"] for one in told["batches"])
    one = next(each for each in told["batches"] if each["batch"] == best)
    assert one["queue"]["p90"] <= 8.0
    assert one["request_rate_within"] <= one["capacity"]
    text = whichgpu(*words).out
    assert "Within latency p90 8 s" in text
    # A little more than is held is not, with the GPUs that would.
    over = whichgpu(*words[:5], f"{1.2 * held} req/s", *words[6:])
    assert over.status == 3
    assert "GPUs hold it" in over.err


@pytest.mark.parametrize(
    ("slo", "status", "says"),
    [("e2e p90 1 s", 3, "one alone takes"), ("ttft 1 s", 2, "has a latency alone"), ("e2e 1", 2, "unit")],
)
def test_objectives_of_batches_that_cannot_be(whichgpu, slo, status, says):
    found = whichgpu("predict", "stable-diffusion-1.5", "--gpu", "l4", "--slo", slo)
    assert found.status == status
    assert says in found.err


def test_what_is_made_is_said_in_words_of_its_users(whichgpu):
    assert "hours of audio per hour" in whichgpu("predict", "whisper-large-v3", "--gpu", "l4", "--curve").out
    assert "document of 384 tokens" in whichgpu("predict", "bge-m3", "--gpu", "l4", "--rate", "20 req/s").out


def test_a_queue_of_one_server_is_that_of_the_textbook():
    # M/D/1 at 0.7: latency = 1 + 0.7 / (2 x 0.3).
    found = batching.queue(np.array([1.0]), 0.7, requests=60_000)
    assert found.latency.mean() == pytest.approx(1 + 0.7 / 0.6, rel=0.05)
    assert found.busy == pytest.approx(0.7, rel=0.02)
    assert found.batch == 1.0
    shared = batching.queue(np.array([1.0, 1.1, 1.2]), 0.7, requests=60_000)
    assert shared.latency.mean() < found.latency.mean()


# --- speed and documents ------------------------------------------------------------------------------------


def output(line: str) -> str:
    """What a command line prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(shlex.split(line)) == 0
    return out.getvalue()


def document() -> str:
    """docs/serving.md with its outputs as the tool gives them now."""

    def made(match: re.Match[str]) -> str:
        text = "\n".join(one.rstrip() for one in output(match["line"]).strip().splitlines())
        shown = f"```text\n$ whichgpu {match['line']}\n\n{text}\n```"
        return f"<!-- output: {match['line']} -->\n{shown}\n<!-- end -->"

    return MARKED.sub(made, DOCUMENT.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_outputs_of_the_document_are_current():
    assert len(MARKED.findall(DOCUMENT.read_text(encoding="utf-8"))) == 3
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python tests/test_serving.py"


def test_the_measured_case_of_the_document_holds():
    rows = [
        row
        for row in store.rows("measured")
        if (row["workload"], row["gpu"], row["precision"]) == ("llama-3.1-70b", H100.id, "fp8")
        and (row["input_tokens"], row["output_tokens"], row["tp"]) == ("1024", "1024", "4")
        and row["runtime"] == "vllm"
    ]
    assert {row["concurrency"] for row in rows} == {"4", "8", "16", "32", "64"}
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        off = answer.value / float(row["value"]) - 1.0
        assert abs(off) < (0.08 if row["metric"] == "tpot" else 0.6), row["id"]


def test_every_option_is_in_the_document():
    from whichgpu.cost.requests import OPTIONS

    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"`{name}" in text or f", {name}" in text for name in OPTIONS)


def test_a_rate_alone_has_the_percentiles_of_its_curve(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--rate", "4 req/s", "--json")
    alone, curved = whichgpu(*words).json, whichgpu(*words, "--curve").json["loads"][0]
    for metric in ("ttft", "tpot", "latency"):
        assert {name: alone[metric][name] for name in ("mid", "mean", "p50", "p99")} == pytest.approx(
            {name: curved[metric][name] for name in ("mid", "mean", "p50", "p99")}, rel=0.03
        )
    text = whichgpu(*words[:-1]).out
    assert "Time to first token" in text
    assert "Time per output token" in text


def test_tokens_cost_the_same_however_the_load_is_told(whichgpu):
    """A prompt joins the passes of others in a closed loop too; so near the capacity queues are told."""
    words = ("predict", "mistral-7b", "--gpu", "a10", "--input-tokens", "128", "--output-tokens", "128",
             "--usd-per-gpu-hour", "1", "--json")  # fmt: skip
    closed = whichgpu(*words, "--curve", "concurrency").json["loads"][-2]
    opened = whichgpu(*words, "--curve", "--rate", f"{closed['request_rate']} req/s").json["loads"][0]
    for kind in ("input", "output"):
        assert closed["usd_per_million"][kind] == pytest.approx(opened["usd_per_million"][kind], rel=0.02)
    assert closed["usd_per_million"]["input"] < closed["usd_per_million"]["output"]


@pytest.mark.slow
def test_queues_near_the_capacity_are_told(whichgpu):
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "h100-80gb-sxm", "--runtime", "tensorrt-llm",
                    "--precision", "fp8", "--input-tokens", "128", "--output-tokens", "2048",
                    "--curve")  # fmt: skip
    assert "every burst leaves a queue" in " ".join(told.out.split())


def test_prompts_on_gpus_of_their_own_want_a_rate(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s:2", "--option", "prefill_gpus=1")
    assert whichgpu(*words, "--rate", "2 req/s", "--json").json["prefill"] == {"gpu": "l40s", "n_gpus": 1}
    told = whichgpu(*words, "--concurrency", "4")
    assert told.status == 2
    assert "--rate" in told.err


@pytest.mark.slow
@pytest.mark.parametrize("terms", ["ttft p99 150 ms", "itl p99 100 ms", "latency p90 6 s"])
def test_what_is_held_is_held_when_it_is_asked_for(whichgpu, terms):
    metric, how, most, unit = terms.split()
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--precision", "fp8", "--json")
    rate = whichgpu(*words, "--slo", terms).json["slo"]["request_rate"]
    for share, kept in ((1.0, True), (1.08, False)):
        load = whichgpu(*words, "--curve", "--rate", f"{share * rate} req/s").json["loads"][0]
        assert (load[metric][how] <= float(most) * (1e-3 if unit == "ms" else 1.0)) == kept


def test_experts_dealt_out_leave_the_rest_of_the_split_open(whichgpu):
    words = ("predict", "mixtral-8x22b", "--precision", "fp8", "--slo", "tpot 40 ms", "--json")
    told = whichgpu(*words, "--gpu", "h100-80gb-sxm:8", "--option", "ep=8")
    assert all("ep=8" in one["split"] for one in told.json["splits"])
    for gpu, ep, why in (
        ("h100-80gb-sxm:8", 3, "attention heads"),
        ("h100-80gb-sxm:4", 8, "GPUs"),
    ):
        wrong = whichgpu(*words[:-1], "--gpu", gpu, "--option", f"ep={ep}")
        assert wrong.status == 2
        assert re.search(why, wrong.err)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"wrote {DOCUMENT}\n")


def test_prompts_that_share_a_pass_cost_as_little_in_the_simulation(whichgpu):
    """Answers of one token: nothing runs beside prompts but prompts."""
    asked = ("predict", "llama-3.1-8b", "--gpu", "h100-80gb-sxm", "--input-tokens", "512",
             "--output-tokens", "1", "--curve", "--json")  # fmt: skip
    told = whichgpu(*asked).json
    most = told["capacity"]["request_rate"]
    # 14 GFLOP a token: the products of the prompts keep below the peak.
    assert most * 512 * 14e9 < 989e12
    firsts = [one["ttft"] for one in told["loads"] if one["request_rate"] < 0.7 * most]
    assert len(firsts) > 5
    for first in firsts:
        assert first["p99"] < 3.0 * first["mid"]
        assert 0.6 < first["mean"] / first["mid"] < 1.1


@pytest.mark.parametrize(
    ("runtime", "columns", "said"),
    [
        ("sglang", {"kv_precision": "fp8"}, "--kv-cache-dtype fp8_e4m3"),
        ("vllm", {"kv_precision": "fp8"}, "--kv-cache-dtype fp8 "),
        ("tensorrt-llm", {"kv_precision": "fp8"}, "<(echo '{kv_cache_config: {dtype: fp8}}')"),
        ("tensorrt-llm", {"attention_dp": "2"},
         "--tp_size 2 --extra_llm_api_options <(echo '{enable_attention_dp: true}')"),
        ("llama-cpp", {"kv_precision": "q8_0"}, "-fa on -ctk q8_0 -ctv q8_0"),
    ],
)  # fmt: skip
def test_the_command_states_the_cache_and_the_groups_that_the_answer_assumes(runtime, columns, said):
    gpus = float(columns.get("attention_dp", 1))
    job = Job("llama-3.1-8b", phase="serve", precision="fp16", concurrency=8.0, input_tokens=512.0,
              output_tokens=256.0, n_gpus=gpus, tp=1.0, options=columns)  # fmt: skip
    assert said in how_to_measure(job, runtime)[0]


def test_fp8_weights_under_an_engine_that_does_not_widen_them_are_warned_of(whichgpu):
    asked = ("predict", "llama-3.1-8b", "--gpu", "a100-80gb-sxm", "--phase", "serve", "--precision",
             "fp8-w8a16", "--concurrency", "8", "--runtime")  # fmt: skip
    assert "SGLang has no FP8 on a100-80gb-sxm" in " ".join(whichgpu(*asked, "sglang").out.split())
    assert "has no FP8" not in whichgpu(*asked, "vllm").out
