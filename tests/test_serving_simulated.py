"""The simulator of a serving replica: room, engines, conservation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from serving_cases import GPUS, L40S, job, measured, served

from whichgpu.cost.estimate import estimate
from whichgpu.cost.serving import curve, load, runs, simulate
from whichgpu.cost.timing import bounds
from whichgpu.workloads import lengths

pytestmark = pytest.mark.slow


def test_a_scheduler_that_seldom_looks_keeps_requests_waiting():
    often = replace(job(runtime="sglang"), concurrency=8.0)
    seldom = replace(often, options={"scheduler_recv_interval": "30"})
    first, second = (estimate(one, [L40S]) for one in (often, seldom))
    longer = second.first_token - first.first_token
    # Half of the passes until it looks, and the prompts of who came with it, which are computed together.
    assert np.all((longer > 29 / 2 * first.seconds) & (longer < 2.0 * 29 / 2 * first.seconds))
    steps = replace(seldom, options={"num_scheduler_steps": "30"})
    assert np.all(estimate(steps, [L40S]).first_token == first.first_token), "which SGLang has not"
    once = replace(job(runtime="vLLM 0.6.0"), concurrency=8.0)
    first, second = (estimate(one, [L40S]) for one in (once, replace(once, options=steps.options)))
    assert np.all(second.first_token - first.first_token > 29 / 2 * first.seconds), "as vLLM 0.6 calls it"
    server = simulate.Server((0.0, 0.01, 0.01), (0.0,) * 3, (1e-4,) * 3, budget=200.0)
    stream = simulate.Stream(np.array([0.0, 0.035]), np.full(2, 100.0), np.zeros(2), np.full(2, 90.0))
    soon, later = (simulate.simulate(replace(server, looks=each), stream).ttft[1] for each in (1, 10))
    assert (soon, later) == pytest.approx((0.025, 0.095)), "of ten passes it has missed the first"


def test_gaps_are_those_of_messages():
    """Published: median ITL 129 ms beside a median TPOT of 14 under vLLM 0.6 with ten passes at a time."""
    server = simulate.Server((0.0, 0.01, 0.01), (0.0,) * 3, (1e-4,) * 3, budget=200.0)
    stream = simulate.Stream(np.array([0.0, 0.035]), np.full(2, 100.0), np.zeros(2), np.full(2, 90.0))
    single, ten = (simulate.simulate(replace(server, bundle=each), stream) for each in (1.0, 10.0))
    assert ten.mean_gap == pytest.approx(10.0 * single.mean_gap)
    assert single.gap(0.99) - single.mean_gap == pytest.approx((ten.gap(0.99) - ten.mean_gap) / 10.0**0.5)
    assert np.array_equal(single.tpot, ten.tpot)
    steps = {"num_scheduler_steps": "10", "request_rate": "4"}
    asked = job("llama-3.1-8b", GPUS["a100-80gb-sxm"], runtime="vLLM 0.6.0", input_tokens=224.0,
                output_tokens=190.0, options=steps)  # fmt: skip
    table, _ = curve.ready(asked, GPUS["a100-80gb-sxm"])
    tails = curve.simulator(asked, GPUS["a100-80gb-sxm"], table).tails("rate", 4.0)
    assert tails.of("itl", "p50") == pytest.approx(0.129, rel=0.2)
    assert tails.of("itl", "mean") == pytest.approx(10.0 * tails.of("tpot", "mean"), rel=0.05)


def test_what_is_sent_at_once_is_read_one_by_one():
    """The k-th request of an opening is there k times so late, for which its first token waits."""
    server = simulate.Server(
        (0.0, *(0.01,) * 50), (0.0,) * 51, (1e-6,) * 51, budget=1e6, lone=(1e-6,) * 51, opens=8e-3
    )
    stream = simulate.Stream(np.zeros(50), np.full(50, 100.0), np.zeros(50), np.full(50, 20.0))
    once, read = (
        simulate.simulate(replace(server, opens=each), stream, in_flight=50) for each in (0.0, 8e-3)
    )
    assert np.all(read.arrival == 0.0), "sent at once, whenever they are read"
    assert np.all(read.ttft >= 8e-3 * np.arange(50))
    assert np.all(read.ttft < 8e-3 * np.arange(50) + 0.03)
    assert read.ttft.mean() - once.ttft.mean() == pytest.approx(8e-3 * 49 / 2, rel=0.1)
    assert read.output.sum() == once.output.sum()
    later = simulate.Stream(np.zeros(60), np.full(60, 100.0), np.zeros(60), np.full(60, 20.0))
    behind = simulate.simulate(server, later, in_flight=50)
    assert np.all(behind.ttft[50:] < 0.05), "who follows one that ended is read alone"


def test_servers_of_one_process_read_what_a_run_opens_with():
    """400 prompts at once behind vLLM: half of their reading in the mean, and no less than all of it."""
    gpu = GPUS["h100-80gb-sxm"]
    asked = job("llama-3.2-1b", gpu, input_tokens=256.0, output_tokens=64.0)
    asked = replace(asked, concurrency=400.0, options={"num_prompts": "400"})
    read, other = (runs.run(replace(asked, runtime=each), gpu) for each in ("vLLM 0.11", "SGLang 0.5.9"))
    assert read.seconds > 400 * 8e-3
    assert read.of("ttft", "mean") == pytest.approx(200 * 8e-3, rel=0.2)
    assert other.of("ttft", "mean") < 0.5 * read.of("ttft", "mean"), "no row says so of SGLang"


def overloaded(**columns):
    """A replica that is sent a third more than it serves, with a cache that is soon full."""
    gpu = GPUS["rtx-4090"]
    asked = job("llama-3.1-8b", gpu, input_tokens=512.0, output_tokens=1024.0, **columns)
    table, _ = curve.ready(asked, gpu)
    return table, curve.simulator(asked, gpu, table).at_rate(1.3 * table.capacity, requests=6000)


def test_a_full_cache_takes_sequences_off_and_loses_no_token():
    table, run = overloaded()
    assert run.taken_off > 100
    assert run.weights.sum() >= (run.output - 1.0).sum()
    order = np.argsort(run.arrival)
    assert np.all(run.first[order] <= run.done[order])
    # What it still serves is the capacity, less what is computed twice.
    assert 0.75 * table.capacity < served(run) <= 1.02 * table.capacity


def test_an_engine_that_keeps_room_free_takes_nothing_off_and_serves_its_capacity():
    table, run = overloaded(runtime="tensorrt-llm")
    assert run.taken_off == 0
    assert served(run) == pytest.approx(table.capacity, rel=0.02)


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


def test_a_prompt_that_goes_first_has_room_for_a_token_of_each():
    """One that is taken off before a pass of tokens would be computed and taken off again and again."""
    chance, count = np.random.default_rng(25), 200
    server = simulate.Server(
        (0.0, *[0.01] * 40), (0.0,) * 41, (1e-5,) * 41, budget=8000.0, mixed=False, room=20_000.0, token=1.0
    )
    answers = chance.integers(500, 1500, count).astype(float)
    stream = simulate.Stream(np.zeros(count), np.full(count, 200.0), np.zeros(count), answers)
    run = simulate._Run(server, stream, 0)
    for _ in range(3000):
        if run.left:
            run.step()
    assert not run.left
    assert run.taken_off < 5 * count


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


@pytest.mark.parametrize(
    ("runtime", "flight"), [("tensorrt-llm", 1), ("sglang", 1), ("vllm", 2), ("sglang", 4)]
)
def test_a_run_that_is_simulated_follows_littles_law(runtime, flight):
    """Short answers too, whose prompts the host launches for longer than the GPU computes them."""
    gpu = GPUS["h100-80gb-sxm"]
    asked = job(gpu=gpu, runtime=runtime, precision="fp8", input_tokens=128.0, output_tokens=8.0)
    sent = {**asked.options, "num_prompts": str(50 * flight)}
    found = estimate(replace(asked, concurrency=float(flight), options=sent), [gpu]).at(0, 0)
    assert found.throughput.mid / 8.0 * found.latency.mid == pytest.approx(flight, rel=0.05)


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
