"""Serving under load: the analytic model against the simulator, conservation, engines, queues."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whichgpu.cost import bounds, curve, disaggregated, load, queueing, serving, simulate
from whichgpu.cost.estimate import estimate
from whichgpu.cost.fit import Fit
from whichgpu.cost.layout import lay_out
from whichgpu.cost.placing import placed
from whichgpu.cost.requests import Requests
from whichgpu.cost.time import evaluate
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads import lengths
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve as catalogued

pytestmark = pytest.mark.slow

GPUS = catalogue()


L40S, H100, H200 = GPUS["l40s"], GPUS["h100-80gb-sxm"], GPUS["h200-141gb-sxm"]


WIDE = {"attention_dp": "8", "ep": "8"}
FP8_CACHE = {"kv_precision": "fp8"}


VARIED = {"input_lengths": "lognormal mean 1000 p90 2000", "output_lengths": "lognormal mean 1000 p90 2000"}


#: Workload, GPU, how many, columns of the job, tokens in and out: what the two models are held to agree on.
AGREED = [
    ("llama-3.1-8b", "l40s", 1, {}, 1024, 256),
    ("llama-3.1-8b", "l4", 1, {"precision": "fp8"}, 512, 256),
    ("llama-3.1-8b", "a100-80gb-sxm", 1, {}, 512, 128),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"precision": "fp8"}, 512, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"runtime": "sglang"}, 1024, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"runtime": "tensorrt-llm"}, 1024, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"runtime": "vLLM 0.16"}, 1024, 512),
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
    # long prompts with drafted tokens; a model with windows under SGLang, in little room
    ("llama-3.1-70b", "b200-180gb-sxm", 4, {"precision": "fp8", "options": {"speculative": "3"}}, 6610, 268),
    ("gpt-oss-20b", "a100-40gb-sxm", 1, {"precision": "mxfp4", "runtime": "sglang"}, 9641, 2640),
    ("gemma-3-27b", "mi300x", 2, {"precision": "bf16"}, 2502, 113),
    # lengths that differ
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": VARIED}, 600, 300),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"options": VARIED}, 2000, 500),
    # short prompts that go first, many in a pass; prompts that a pass does not quite hold
    ("qwen3-32b", "a100-80gb-sxm", 1, {"precision": "w4a16", "runtime": "sglang"}, 778, 110),
    ("qwen3-8b", "b200-180gb-sxm", 1, {"precision": "w4a16", "options": {"max_num_seqs": "64"}}, 8412, 851),
    # prompts of which a pass holds one and a part of the next
    ("llama-3.1-8b", "l40s", 1, {"options": {"max_num_batched_tokens": "2048"}}, 1600, 100),
    # prompts on GPUs of their own, of another kind too
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"tp": 4.0, "options": {"prefill_gpus": "4"}}, 4096, 256),
    ("llama-3.1-8b", "l40s", 2, {"tp": 1.0, "options": {"prefill_gpus": "1"}}, 2048, 256),
    ("qwen3-32b", "h100-80gb-sxm", 8, {"tp": 2.0, "options": {"prefill_gpus": "4"}}, 4096, 512),
    # stages, replicas, four bits, experts under each engine, AMD
    ("llama-3.1-70b", "a100-80gb-sxm", 4, {"tp": 2.0, "pp": 2.0}, 1024, 256),
    ("llama-3.1-8b", "l4", 4, {"tp": 1.0, "precision": "w4a16"}, 512, 256),
    ("llama-3.3-70b", "b200-180gb-sxm", 1, {"precision": "fp4", "runtime": "tensorrt-llm"}, 1024, 1024),
    ("gpt-oss-120b", "b200-180gb-sxm", 1, {"precision": "mxfp4", "runtime": "sglang"}, 2048, 512),
    ("qwen3-30b-a3b", "h100-80gb-sxm", 1, {"precision": "fp8", "runtime": "tensorrt-llm"}, 1024, 512),
    ("mixtral-8x7b", "a100-80gb-sxm", 2, {"runtime": "sglang"}, 1024, 256),
    ("llama-3.1-70b", "mi300x", 4, {"precision": "fp8"}, 1024, 512),
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
#: passes; few places, for lengths that differ widely, or for answers far longer than prompts.
NEARLY = [
    (("llama-3.1-8b", "h100-80gb-sxm", 1, {}, 32768, 512), 0.12),
    (("llama-3.1-70b", "h200-141gb-sxm", 4, {"precision": "fp8", "options": FP8_CACHE}, 65536, 1024), 0.12),
    (("llama-3.1-8b", "l40s", 1, {"options": {"max_num_batched_tokens": "2048"}}, 4096, 256), 0.12),
    (("qwen3-32b", "h100-80gb-sxm", 2, {}, 128, 8000), 0.55),
]  # fmt: skip


#: Few places: TTFT of 10,000 requests differs by seed, by a fifth for alike lengths and by half for others.
FEW = [
    (("llama-3.1-8b", "rtx-4090", 1, {}, 2048, 512), 0.1, 20_000),
    (("llama-3.1-8b", "l4", 1, {"options": {"max_num_batched_tokens": "8192"}}, 1024, 256), 0.1, 20_000),
    (("llama-2-13b", "a100-40gb-sxm", 1, {"runtime": "tensorrt-llm"}, 200, 1000), 0.1, 20_000),
    (("mistral-7b", "rtx-4090", 1, {"options": VARIED}, 500, 400), 0.25, 40_000),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("configuration", "within", "requests"),
    [
        *((one, 0.1, 10_000) for one in AGREED),
        *((*one, 10_000) for one in NEARLY),
        *FEW,
    ],
)
@pytest.mark.thorough(every=3)
def test_the_analytic_model_and_the_simulator_agree(configuration, within, requests):
    workload, gpu, count, columns, prompt, output = configuration
    device = GPUS[gpu]
    asked = job(workload, device, count, input_tokens=float(prompt), output_tokens=float(output), **columns)
    table, pool = curve.ready(asked, device)
    simulator = curve.simulator(asked, device, table, pool)
    for share in (0.2, 0.5, 0.8):
        rate = share * table.capacity
        analytic = curve.at_rates(asked, device, table, np.array([rate]), pool)
        run = simulator.at_rate(rate, requests=requests, seed=3)
        here = measured(run)
        span = run.arrival[here][-1] - run.arrival[here][0]
        made = run.output[here].sum() / span * table.replicas
        assert made == pytest.approx(analytic.throughput[0], rel=within), share
        assert np.mean(run.tpot[here]) == pytest.approx(analytic.tpot[0], rel=within), share
        assert np.mean(run.ttft[here]) == pytest.approx(analytic.ttft[0], rel=within), share


#: What the configurations that agree within a tenth have among them, and how many of each kind at least.
KINDS = {
    "experts": (10, lambda one: catalogued(one[0]).dims.get("experts")),
    "four bits": (4, lambda one: one[3].get("precision") in ("w4a16", "fp4", "mxfp4")),
    "FP8": (10, lambda one: one[3].get("precision") == "fp8"),
    "SGLang": (6, lambda one: "sglang" in one[3].get("runtime", "")),
    "TensorRT-LLM": (4, lambda one: "tensorrt" in one[3].get("runtime", "")),
    "several GPUs": (20, lambda one: one[2] > 1),
    "experts dealt out": (2, lambda one: "ep" in one[3].get("options", {})),
    "stages": (1, lambda one: one[3].get("pp", 1.0) > 1),
    "cached prefixes": (2, lambda one: "prefix_hit" in one[3].get("options", {})),
    "drafted tokens": (2, lambda one: "speculative" in one[3].get("options", {})),
    "prompts apart": (3, lambda one: "prefill_gpus" in one[3].get("options", {})),
    "lengths that differ": (2, lambda one: "input_lengths" in one[3].get("options", {})),
}


def test_many_configurations_are_listed():
    """The issue asks for 20 that agree within a tenth; these are more, and of every kind."""
    assert len({str(one) for one in AGREED}) == len(AGREED) >= 40
    for kind, (least, has) in KINDS.items():
        assert sum(map(bool, map(has, AGREED))) >= least, kind
    assert len({one[1] for one in AGREED}) >= 9


@pytest.mark.parametrize("runtime", ["vllm", "sglang", "tensorrt-llm"])
def test_a_request_alone_waits_for_its_own_prompt_only(runtime):
    asked = job("llama-3.1-70b", H100, runtime=runtime, n_gpus=4.0, tp=4.0, input_tokens=512.0)
    table, _ = curve.ready(asked, H100)
    simulator = curve.simulator(asked, H100, table)
    alone, two = curve.curve(asked, H100, np.array([1.0, 2.0]), against="concurrency").ttft
    assert alone == pytest.approx(np.mean(simulator.in_flight(1.0, requests=20).ttft), rel=0.15)
    assert two > alone + 0.8 * simulator.server.base[1]
    # Requests that come far apart are alone as well, and reach an engine that has nothing to do.
    seldom = 1e-5 * table.capacity
    assert curve.at_rates(asked, H100, table, np.array([seldom]), None).ttft[0] == pytest.approx(
        alone, rel=0.06
    )
    assert np.mean(simulator.at_rate(seldom, requests=20).ttft) == pytest.approx(alone, rel=0.06)


def test_long_prompts_make_requests_answer_together():
    asked = job("llama-3.1-8b", H100, input_tokens=32768.0, output_tokens=512.0)
    table, pool = curve.ready(asked, H100)
    rate = 0.5 * table.capacity
    simulated = curve.simulator(asked, H100, table).at_rate(rate, requests=3000)
    found = curve.at_rates(asked, H100, table, np.array([rate]), pool)
    assert found.tpot[0] == pytest.approx(np.mean(simulated.tpot[measured(simulated)]), rel=0.07)


@pytest.mark.parametrize("runtime", ["vllm", "sglang", "tensorrt-llm"])
def test_a_full_replica_serves_what_one_with_requests_that_wait_serves(runtime):
    asked = job("llama-3.1-8b", L40S, runtime=runtime, input_tokens=512.0)
    table, _ = curve.ready(asked, L40S)
    full, waiting = (
        float(estimate(replace(asked, concurrency=flight), [L40S]).throughput[0, 0])
        for flight in (None, 2.0 * table.others[-1])
    )
    assert full == pytest.approx(waiting, rel=0.1)


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
    assert 0.75 * table.capacity < served(run) <= 1.02 * table.capacity


def served(run):
    """Requests/s between the first fifth that are done and the last."""
    done = np.sort(run.done)
    return 0.6 * len(done) / (done[int(0.8 * len(done))] - done[int(0.2 * len(done))])


@pytest.mark.parametrize(
    ("workload", "gpu", "count", "prompt", "answer"),
    [
        ("llama-3.1-8b", "a100-80gb-sxm", 1, 2000, 64),
        ("qwen3-30b-a3b", "l40s", 2, 2000, 16),
        ("llama-3.1-8b", "l40s", 1, 1000, 1),
    ],
)
def test_short_answers_to_long_prompts_are_served_no_faster_than_prompts_fill_the_passes(
    workload, gpu, count, prompt, answer
):
    """There is room for 100 to 220 sequences, of which 64, 16 and 2 follow each other."""
    device = GPUS[gpu]
    asked = job(workload, device, count, input_tokens=float(prompt), output_tokens=float(answer))
    table, _ = curve.ready(asked, device)
    simulator = curve.simulator(asked, device, table)
    assert served(simulator.at_rate(1.5 * table.capacity, requests=3000)) * table.replicas == pytest.approx(
        table.capacity, rel=0.08
    )
    rate = np.array([0.8 * table.capacity])
    analytic = curve.at_rates(asked, device, table, rate)
    assert np.mean(simulator.at_rate(rate[0], requests=8000).ttft) == pytest.approx(
        analytic.ttft[0], rel=0.35
    )
    flight = curve.curve(asked, device, against="concurrency").in_flight
    assert flight[-1] == pytest.approx(table.places * table.replicas, rel=0.02), (
        "as many as there is room for"
    )


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
    # What the host adds to a first token the client waits for, and the engine is at the next one by then.
    simulator = replace(simulator, server=replace(simulator.server, launching=0.0))
    found = curve.curve(asked, L40S, np.array([4.0, 32.0, 128.0]), against="concurrency")
    for count, tpot in zip((4.0, 32.0, 128.0), found.tpot.tolist(), strict=True):
        run = simulator.in_flight(count, requests=20_000)
        assert np.mean(run.tpot) == pytest.approx(tpot, rel=0.1)
        # Never more in flight than are kept there.
        order = np.sort(np.concatenate([run.arrival, run.done]))
        sent = np.searchsorted(np.sort(run.arrival), order, side="right")
        left = np.searchsorted(np.sort(run.done - simulator.server.first), order, side="right")
        assert np.max(sent - left) <= count + 1


@pytest.mark.parametrize(
    ("workload", "gpu", "count", "prompt", "answer"),
    [("qwen3-32b", "h100-80gb-sxm", 2, 686, 1224), ("llama-3.1-8b", "l4", 1, 1024, 512)],
)
def test_a_loop_beyond_the_room_of_the_cache_waits_as_it_simulates(workload, gpu, count, prompt, answer):
    """Part of the wait is between tokens: who began last has to leave as the answers of others grow."""
    device, sizes = GPUS[gpu], {"input_tokens": float(prompt), "output_tokens": float(answer)}
    asked = job(workload, device, count, runtime="vLLM 0.11", **sizes)
    table, _ = curve.ready(asked, device)
    flights = np.round(table.places * table.replicas * np.array([1.3, 2.0]))
    found = curve.curve(asked, device, flights, against="concurrency")
    for i, flight in enumerate(flights.tolist()):
        run = curve.simulator(asked, device, table).in_flight(flight)
        assert found.tpot[i] == pytest.approx(np.mean(run.tpot), rel=0.15)
        assert found.ttft[i] == pytest.approx(np.mean(run.ttft), rel=0.25)


def test_a_prompt_has_its_own_group_of_attention_alone():
    """A request that hardly ever meets another waits as long as one that is kept in flight by itself."""
    split = {"tp": 1.0, "options": {"attention_dp": "8", "ep": "8"}}
    sizes = {"input_tokens": 8000.0, "output_tokens": 128.0}
    asked, device = job("deepseek-r1", H200, 8, runtime="vllm", **sizes, **split), H200
    table, _ = curve.ready(asked, device)
    simulator = curve.simulator(asked, device, table)
    rare = 0.01 * table.capacity
    first = curve.at_rates(asked, device, table, np.array([rare])).ttft[0]
    alone = curve.curve(asked, device, np.array([1.0]), against="concurrency").ttft[0]
    run = simulator.at_rate(rare, requests=200)
    assert first == pytest.approx(alone, rel=0.1)
    assert np.mean(run.ttft[20:]) == pytest.approx(alone, rel=0.1)


@pytest.mark.parametrize("load", [{}, {"num_prompts": "160"}, {"request_rate": "2"}])
def test_experts_lie_under_a_load_as_they_are_said_to(load):
    """What TensorRT-LLM is measured at saturated, attention in groups, is of saturated servers alone."""
    gpu, flight = GPUS["b200-180gb-sxm"], None if "request_rate" in load else 16.0
    sizes = {"precision": "fp8", "n_gpus": 8.0, "tp": 8.0, "input_tokens": 1000.0, "output_tokens": 500.0}
    said = Job(
        "deepseek-r1", phase="serve", runtime="tensorrt-llm", concurrency=flight, options=load, **sizes
    )
    stated = replace(said, options={**load, "attention_dp": "1"})
    once, twice = (estimate(one, [gpu]).at(0, 0).tpot.mid for one in (said, stated))
    assert once == pytest.approx(twice)
    full = estimate(replace(said, concurrency=None, options={}), [gpu]).at(0, 0)
    assert full.job.options["attention_dp"] == "8"


@pytest.mark.parametrize("runtime", ["vllm", "vLLM 0.6.3", "sglang", "tensorrt-llm", "lmdeploy"])
@pytest.mark.parametrize(("prompt", "answer"), [(128, 128), (1024, 1), (1024, 512)])
def test_one_request_more_than_there_are_places_for_serves_no_fewer(runtime, prompt, answer):
    """Nor does one that a pass has no room for beside the others' prompts."""
    asked = job(runtime=runtime, input_tokens=float(prompt), output_tokens=float(answer))
    flights = np.array([1, 2, 4, 6, 7, 8, 9, 12, 16, 64, 128, 129, 255, 256, 257, 300, 512.0])
    found = estimate(replace(asked, concurrency=flights), [L40S])
    rates = np.array([found.at(0, place).throughput.mid for place in range(len(flights))])
    assert np.all(np.diff(rates) > -0.2 * rates[:-1])


@pytest.mark.parametrize(("prompt", "answer", "flight"), [(512, 32, 16), (1024, 128, 64), (1024, 256, 256)])
def test_tokens_wait_for_no_more_prompts_than_others_are_answered(prompt, answer, flight):
    """Under an engine whose host launches prompts, as a closed loop that is simulated."""
    sizes = {"input_tokens": float(prompt), "output_tokens": float(answer)}
    gpu = GPUS["h200-141gb-sxm"]
    asked = job("qwen3-32b", gpu, 2, runtime="SGLang 0.5.7", precision="fp8", **sizes)
    asked = replace(asked, concurrency=float(flight))
    run = replace(asked, options={**asked.options, "num_prompts": str(10 * flight)})
    endless, simulated = (estimate(one, [gpu]).at(0, 0).throughput.mid for one in (asked, run))
    assert endless == pytest.approx(simulated, rel=0.35)


@pytest.mark.parametrize(
    ("gpu", "runtime", "prompt", "flight", "sent"),
    [
        # all prompts at once, in one wave; several waves; far more than there are places for
        ("l40s", "vllm", 1024, 32, 32),
        ("h100-80gb-sxm", "sglang", 512, 32, 32),
        ("l40s", "vllm", 1024, 100, 400),
        # later prompts come one by one where prompts go first, and those of the opening do not
        ("h100-80gb-sxm", "sglang", 512, 500, 1000),
        ("l40s", "vllm", 1024, 500, 500),
        ("l40s", "vllm", 128, 1000, 1000),
        ("h100-80gb-sxm", "vllm", 512, 500, 1000),
    ],
)
def test_a_run_of_so_many_requests_is_as_it_simulates(gpu, runtime, prompt, flight, sent):
    asked = job(gpu=GPUS[gpu], runtime=runtime, input_tokens=float(prompt))
    table, _ = curve.ready(asked, GPUS[gpu])
    run = curve.simulator(asked, GPUS[gpu], table).in_flight(float(flight), requests=sent)
    closed = replace(asked, concurrency=float(flight))
    endless = estimate(closed, [GPUS[gpu]]).at(0, 0)
    found = estimate(replace(closed, options={"num_prompts": str(sent)}), [GPUS[gpu]]).at(0, 0)
    assert found.ttft.mid == pytest.approx(np.mean(run.ttft), rel=0.25)
    assert abs(np.log(found.ttft.mid / np.mean(run.ttft))) < abs(np.log(endless.ttft.mid / np.mean(run.ttft)))
    assert found.throughput.mid == pytest.approx(run.output.sum() / np.max(run.done), rel=0.1)


def test_waiting_for_a_place_is_that_of_the_textbook():
    # M/M/c of one server, then M/D/1: rho / (1 - rho) services, and half of them.
    rates, arrivals = np.array([1.0]), 0.8
    assert queueing.place_seconds(arrivals, rates, 1.0) == pytest.approx(0.8 / 0.2)
    assert queueing.place_seconds(arrivals, rates, 0.0) == pytest.approx(0.8 / 0.2 / 2)
    # Erlang C of two servers at 0.75 each: P(wait) = 9 / 14, wait = P / (2 - 1.5).
    two = queueing.place_seconds(1.5, np.array([1.0, 2.0]), 1.0)
    assert two == pytest.approx(9 / 14 / 0.5)
    assert queueing.place_seconds(1.0, rates) == np.inf


def test_prompts_that_share_a_pass_end_with_it():
    decode, each, rate = 0.02, 0.005, 80.0
    busy = rate * each
    mean = decode / (1.0 - busy)
    first, alone = (
        float(queueing.prompt_seconds(mean, each, rate, chunks, at_work=1.0, mixed=False))
        for chunks in (1e-9, 1.0)
    )
    # One after another: M/D/1 behind a pass of tokens. Together: passes of all that came in the one before.
    assert alone == pytest.approx(each + decode / 2.0 + busy * each / (2.0 * (1.0 - busy)))
    chance, when, waits = np.random.default_rng(0), 0.0, []
    come = np.cumsum(chance.exponential(1.0 / rate, 100_000))
    taken = 0
    while taken < len(come):
        ready = int(np.searchsorted(come, when, side="right"))
        when += each * (ready - taken) if ready > taken else decode
        waits.append(when - come[taken:ready])
        taken = ready
    assert np.concatenate(waits).mean() == pytest.approx(first, rel=0.02)


@pytest.mark.parametrize("chunks", [0.3, 0.7])
def test_prompts_of_which_a_pass_holds_one_and_a_part_end_with_it(chunks):
    """Who comes behind is computed in the rest of the pass, or between the tokens that follow."""
    decode, each, rate = 0.005, 0.05, 12.0
    mean, busy = decode / (1.0 - rate * each), rate * each
    told = float(queueing.prompt_seconds(mean, each, rate, chunks, at_work=1.0, mixed=False))
    come = np.cumsum(np.random.default_rng(0).exponential(1.0 / rate, 20_000))
    when, begun, done, waits, behind = 0.0, 0.0, 0, [], []
    while done < len(come):
        there = int(np.searchsorted(come, when, side="right"))
        if there <= done:
            when += decode
            continue
        taken = min(there - done - begun, 1.0 / chunks)
        ended = int(done + begun + taken + 1e-9)
        when, begun = when + each * taken, done + begun + taken - ended
        waits += [when - one for one in come[done:ended]]
        behind += [int(np.searchsorted(come, when, side="right")) - ended - begun] * (ended - done)
        done = ended
    assert told == pytest.approx(np.mean(waits), rel=0.06)
    after = float(queueing.behind(told, each, rate, chunks)) * rate
    assert after == pytest.approx(np.mean(behind), rel=0.2), busy


def test_no_token_waits_for_more_prompts_than_a_pass_takes():
    asked = job("llama-3.1-70b", L40S, 4, precision="fp8", input_tokens=882.0, output_tokens=50.0)
    table, pool = curve.ready(asked, L40S)
    at = np.array([0.95 * table.capacity])
    server = curve.simulator(asked, L40S, table, pool).server
    longest = (
        server.base[-1] + server.each[-1] * server.room / server.token + server.budget * server.prompt[-1]
    )
    assert curve.at_rates(asked, L40S, table, at, pool).tpot[0] < longest


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
    assert load.tables(cached, L40S)[0].capacity > 1.4 * load.tables(plain, L40S)[0].capacity


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
    most = {"max_num_seqs": "1024"}
    wide, narrow = job(options=most), job(options={"kv_precision": "fp8", **most})
    held = [float(np.ravel(lay_out(one, [L40S]).serving.places)[0]) for one in (wide, narrow)]
    assert held[1] == pytest.approx(2 * held[0], rel=0.02)
    with pytest.raises(UsageError, match="no precision 'nonsense'"):
        job(options={"kv_precision": "nonsense"})


@pytest.mark.parametrize(
    ("runtime", "least", "most"),
    [
        # Of 79.6 GiB 0.90, less 61.0 of weights and some 3 beside: 7.5 GiB, 15 sequences of half a GiB. One
        # such server held 13.5: 1.52 requests/s of 8.9 s each (docs.gpustack.ai, Qwen3-32B on an H100).
        ("vllm", 12, 16),
        # Until 0.5 its 0.88 were of weights and cache alone: 9.0 GiB. Since then 13 GiB stay free for passes
        # of 8,192 tokens, graphs and the rest: 5 to 6 GiB. One such server held 58 chats of some 400 tokens
        # (docs.gpustack.ai, Qwen3-32B on an H100 under 0.5.5: 1,329 tokens/s at most, one in 43.9 ms).
        ("sglang 0.4.6", 16, 19),
        ("sglang", 9, 12),
        # 0.92 of what is left beside all.
        ("tensorrt-llm", 24, 30),
    ],
)
def test_a_server_has_the_share_of_the_card_that_it_takes_unasked(runtime, least, most):
    def held(prompt):
        columns = {"input_tokens": prompt, "output_tokens": 100.0, "precision": "bf16", "runtime": runtime}
        return float(lay_out(job("qwen3-32b", H100, **columns), [H100]).serving.places[0, 0])

    assert least <= held(2000.0) <= most
    # A prompt that finds no room in it is served by one that is given more of the card.
    assert held(32000.0) == 1.0


#: Dense BF16 rates of the sheets, TFLOP/s; the best products that were measured are at 0.87 of an A100's, and
#: at 0.80 of an H200's, whose power limit takes some of its clock.
PEAKS = {"a100-80gb-sxm": 312.0, "rtx-3090": 71.2, "rtx-4090": 165.2, "h200-141gb-sxm": 989.4}


@pytest.mark.parametrize("gpu", PEAKS)
@pytest.mark.parametrize("runtime", ["vllm", "sglang", "tensorrt-llm"])
def test_no_prompt_is_computed_faster_than_products_ever_were(gpu, runtime):
    tokens, columns = 4000.0, {"precision": "bf16", "runtime": runtime, "concurrency": 1.0}
    one = Job("llama-3.1-8b", phase="serve", input_tokens=tokens, output_tokens=2.0, **columns)
    laid = lay_out(one, [GPUS[gpu]])
    # Two for each of 6.98e9 weights of the layers, and scores and sums of 32 layers of 4,096 wide.
    done = 2.0 * 6.98e9 * tokens + 2.0 * 32 * 4096 * tokens**2
    assert done / load.seconds_of(laid.serving.prompt, laid)[0, 0] < 0.87 * 1e12 * PEAKS[gpu]
    # What rows say of a model as a whole takes none of its products past the ceiling.
    timing = evaluate(laid.serving.prompt, Fit())
    assert timing.under(1e3)[0, 0] == pytest.approx(timing.fastest[0, 0])
    assert timing.under(0.5)[0, 0] == pytest.approx(2.0 * timing.seconds[0, 0])
    best = 0.79 if gpu == "h200-141gb-sxm" else 0.85
    assert done / timing.fastest[0, 0] == pytest.approx(best * 1e12 * PEAKS[gpu], rel=0.02)


def test_tensorrt_llm_keeps_every_token_of_layers_with_windows():
    columns = {"input_tokens": 1024.0, "output_tokens": 8192.0, "precision": "mxfp4"}
    gpu = GPUS["h200-141gb-sxm"]
    trtllm, vllm = (
        float(lay_out(job("gpt-oss-20b", gpu, runtime=name, **columns), [gpu]).serving.places[0, 0])
        for name in ("tensorrt-llm", "vllm")
    )
    # 24 layers, 2 x 8 heads of 64 in 16 bits: 49,152 bytes for each of 9,216 tokens, in 0.92 of 126 GiB.
    assert trtllm == pytest.approx(0.92 * 126 * 2**30 / (49152 * 9216), rel=0.02)
    assert vllm > 2.0 * trtllm


def test_what_is_beyond_a_servers_places_is_less_certain():
    one = Job("llama-3.1-8b", phase="serve", input_tokens=2000.0, output_tokens=200.0, runtime="vllm")
    held = float(lay_out(one, [L40S]).serving.places[0, 0])
    rates = [estimate(replace(one, concurrency=c), [L40S]).at(0, 0).throughput for c in (held, 8.0 * held)]
    at, beyond = (rate.high / rate.low for rate in rates)
    assert rates[1].mid == pytest.approx(rates[0].mid, rel=0.05)
    assert beyond > 1.2 * at


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


@pytest.mark.parametrize(("flight", "between"), [(1.0, False), (2.0, True)])
def test_a_prompt_that_comes_between_nobodys_tokens_is_not_worked_out(
    flight: float, between: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    known = serving.prompt_work
    monkeypatch.setattr(serving, "prompt_work", lambda *work, **how: asked.append(how) or known(*work, **how))
    estimate(Job("llama-3.1-8b", phase="serve", concurrency=flight), [L40S])
    assert bool(asked) is between


def test_a_server_streams_no_more_than_its_front_end_sends():
    """A loop and arrivals are bound by the one process that streams; messages of several tokens free it."""
    columns = {"runtime": "tensorrt-llm", "tp": 8.0, "output_tokens": 512.0}
    plain = job("llama-3.1-8b", H100, 8, **columns)
    bundled = job("llama-3.1-8b", H100, 8, **columns, options={"stream_interval": "20"})
    most = 1.0 / 109e-6
    at = [curve.curve(one, H100, np.array([8.0, 128.0]), against="concurrency") for one in (plain, bundled)]
    assert at[0].throughput[0] == at[1].throughput[0]
    assert at[0].throughput[1] == pytest.approx(most, rel=0.01)
    assert at[1].throughput[1] > 1.2 * most
    assert at[0].bound[1] == "front" != at[1].bound[1]
    assert load.tables(plain, H100)[0].capacity == pytest.approx(most / 512.0, rel=0.01)
    assert load.tables(bundled, H100)[0].capacity > 1.2 * most / 512.0
    # The simulated run is served as slowly, and waits as long for its first tokens.
    run = curve.simulator(plain, H100, load.tables(plain, H100)[0]).in_flight(128)
    assert run.output.sum() / run.done.max() == pytest.approx(most, rel=0.05)
    assert np.mean(run.latency) == pytest.approx(at[0].latency[1], rel=0.1)


@pytest.mark.parametrize(("decode", "part"), [(0.1, 0.31), (0.3, 0.45), (1.0, 0.26), (0.3, 0.5)])
def test_prompts_that_a_pass_does_not_hold_wait_for_the_next_one(decode, part):
    """Fixed passes of `decode` s and of 1 s a prompt, of which each is a `part` of what a pass takes."""
    held, places = 0.8, 3000
    whole = part * decode + 1.0
    rate = held / whole
    server = simulate.Server(
        (decode,) * (places + 1), (0.0,) * (places + 1), (1.0 / (8192 * part),) * (places + 1), budget=8192.0
    )
    mean = decode / (1.0 - rate)
    stream = simulate.poisson(12_000, rate, 8192 * part, 100, seed=1)
    run = simulate.simulate(server, stream, held=int(rate * 100 * mean), seed=1)
    found = queueing.prompt_seconds(mean, 1.0, rate, part, at_work=1.0, mixed=True)
    assert np.mean(run.ttft[measured(run)]) == pytest.approx(float(found), rel=0.13)


def test_a_wait_that_is_cut_off_is_the_mean_or_what_it_is_cut_at():
    assert queueing.no_longer(1.0, 50.0) == pytest.approx(1.0)
    assert queueing.no_longer(50.0, 1.0) == pytest.approx(1.0, rel=0.01)
    assert queueing.no_longer(1.0, 1.0) == pytest.approx(1.0 - np.exp(-1.0))
    assert queueing.no_longer(0.0, 1.0) < 1e-11


def test_a_rate_is_answered_at_that_rate():
    """Tokens out are requests in times their answers, also between the points of the table."""
    asked = job("qwen3-8b", GPUS["a10g"], 2, tp=1.0, input_tokens=13_689.0, output_tokens=38.0)
    table = load.tables(asked, GPUS["a10g"])[0]
    loads = np.array([0.05, 0.31, 0.57, 0.83, 0.9]) * table.capacity
    found = curve.at_rates(asked, GPUS["a10g"], table, loads)
    assert found.throughput == pytest.approx(loads * 38.0, rel=1e-9)
    assert found.request_rate == pytest.approx(loads, rel=1e-9)
