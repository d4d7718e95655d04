"""The analytic model of serving against the simulator."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import numpy as np
import pytest
from serving_cases import AGREED, FP8_CACHE, GPUS, H100, H200, L40S, VARIED, job, measured, served

from whichgpu.cost.coefficients import section
from whichgpu.cost.estimate import estimate
from whichgpu.cost.serving import curve, disaggregated, load
from whichgpu.workloads.workload import resolve as catalogued

pytestmark = pytest.mark.slow

#: Where they differ by more, how much at most, and why: tokens stand still while long prompts are computed,
#: so that requests make theirs together and TPOT is longer; prompts of several small chunks wait for several
#: passes; few places, for lengths that differ widely, or for answers far longer than prompts.
NEARLY = [
    (("llama-3.1-8b", "h100-80gb-sxm", 1, {}, 32768, 512), 0.15),
    (("llama-3.1-70b", "h200-141gb-sxm", 4, {"precision": "fp8", "options": FP8_CACHE}, 65536, 1024), 0.12),
    (("llama-3.1-8b", "l40s", 1, {"options": {"max_num_batched_tokens": "2048"}}, 4096, 256), 0.12),
    (("qwen3-32b", "h100-80gb-sxm", 2, {}, 128, 8000), 0.55),
]  # fmt: skip


#: Few places: TTFT of 10,000 requests differs by seed, by a fifth for alike lengths and by half for others.
#: How many are simulated, and under how many seeds.
FEW = [
    (("llama-3.1-8b", "rtx-4090", 1, {}, 2048, 512), 0.1, 10_000, 3),
    (("llama-3.1-8b", "l4", 1, {"options": {"max_num_batched_tokens": "8192"}}, 1024, 256), 0.1, 20_000, 3),
    (("llama-2-13b", "a100-40gb-sxm", 1, {"runtime": "tensorrt-llm"}, 200, 1000), 0.1, 10_000, 3),
    (("mistral-7b", "rtx-4090", 1, {"options": VARIED}, 500, 400), 0.25, 10_000, 3),
]  # fmt: skip


#: Requests that are simulated at low loads.
_FEWER = 3000


@pytest.mark.parametrize(
    ("configuration", "within", "requests", "chances"),
    [
        *((one, 0.1, 10_000, 1) for one in AGREED),
        *((*one, 10_000, 1) for one in NEARLY),
        *FEW,
    ],
)
@pytest.mark.thorough(every=3)
def test_the_analytic_model_and_the_simulator_agree(configuration, within, requests, chances):
    workload, gpu, count, columns, prompt, output = configuration
    device = GPUS[gpu]
    asked = job(workload, device, count, input_tokens=float(prompt), output_tokens=float(output), **columns)
    table, pool = curve.ready(asked, device)
    simulator = curve.simulator(asked, device, table, pool)
    for share in (0.2, 0.5, 0.8)[:: 1 if chances == 1 else 2]:
        rate = share * table.capacity
        analytic = curve.at_rates(asked, device, table, np.array([rate]), pool)
        # Below the capacity fewer requests say as much.
        most = _FEWER if share < 0.8 and within == 0.1 and chances == 1 else requests
        runs = [simulator.at_rate(rate, requests=most, seed=3 - chance) for chance in range(chances)]
        made, tpot, ttft = np.mean([_figures(run) for run in runs], axis=0)
        assert made * table.replicas == pytest.approx(analytic.throughput[0], rel=within), share
        assert tpot == pytest.approx(analytic.tpot[0], rel=within), share
        assert ttft == pytest.approx(analytic.ttft[0], rel=within), share


def _figures(run):
    """Tokens/s, TPOT and TTFT of a simulated run less its ends."""
    here = measured(run)
    span = run.arrival[here][-1] - run.arrival[here][0]
    return run.output[here].sum() / span, np.mean(run.tpot[here]), np.mean(run.ttft[here])


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


#: Workload, GPU, how many, runtime and places, tokens in and out: prompts follow each other half of the time.
IN_GROUPS = [
    ("gpt-oss-120b", "h100-80gb-sxm", 2, ("sglang", 18), 1329, 78),
    ("qwen3-14b", "a100-80gb-sxm", 1, ("vLLM 0.16", 17), 2966, 77),
    ("qwen3-30b-a3b", "h100-80gb-sxm", 1, ("tensorrt-llm", 27), 4543, 201),
]


@pytest.mark.parametrize("configuration", IN_GROUPS)
@pytest.mark.thorough(every=3)
def test_groups_that_begin_together_wait_longer_for_places(configuration):
    """TTFT over six sets of arrivals, at 80 % of the capacity: 10 to 20 % too short without."""
    workload, gpu, count, (runtime, places), prompt, answer = configuration
    device, sizes = GPUS[gpu], {"input_tokens": float(prompt), "output_tokens": float(answer)}
    asked = job(workload, device, count, runtime=runtime, options={"max_num_seqs": str(places)}, **sizes)
    table, _ = curve.ready(asked, device)
    simulator, rate = curve.simulator(asked, device, table), 0.8 * table.capacity
    runs = [simulator.at_rate(rate, requests=8000, seed=seed) for seed in range(6)]
    found = np.mean([run.ttft[measured(run)].mean() for run in runs])
    told = curve.at_rates(asked, device, table, np.array([rate])).ttft[0]
    assert told == pytest.approx(found, rel=0.1)


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


def test_a_closed_loop_simulates_as_it_is_predicted():
    asked = curve.in_loop(job(), closed=True)
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


#: Workload, GPU, how many, runtime and format, tokens in and out, requests in flight, which go in step: who
#: starts an engine for a prompt a pass sends prompts of equal lengths.
IN_STEP = [
    ("llama-3.1-8b", "h100-80gb-sxm", 1, ("vllm", "bf16"), 1024, 128, 16),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, ("vllm", "bf16"), 1024, 512, 64),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, ("vllm", "bf16"), 4096, 256, 16),
    ("llama-3.1-8b", "l40s", 1, ("vllm", "fp8"), 1024, 512, 16),
    ("llama-3.1-8b", "l40s", 1, ("vllm", "fp8"), 2000, 500, 16),
    ("llama-3.1-8b", "l40s", 1, ("trtllm", "fp8"), 1024, 512, 64),
    ("qwen3-8b", "l40s", 1, ("vLLM 0.11", "bf16"), 1500, 400, 24),
    ("mistral-7b", "rtx-4090", 1, ("vllm", "fp8"), 1500, 400, 12),
    ("llama-2-13b", "a100-80gb-sxm", 1, ("vllm", "fp16"), 1500, 400, 24),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, ("vllm", "fp8"), 1024, 128, 16),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, ("vllm", "fp8"), 1024, 512, 64),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, ("trtllm", "fp8"), 1024, 512, 16),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, ("trtllm", "fp8"), 2000, 500, 64),
    ("llama-3.1-70b", "a100-80gb-sxm", 4, ("vllm", "bf16"), 1500, 400, 24),
    ("llama-3.1-405b", "h200-141gb-sxm", 8, ("trtllm", "fp8"), 3000, 800, 24),
    ("qwen3-32b", "b200-180gb-sxm", 1, ("vllm", "bf16"), 1024, 512, 16),
    ("qwen3-32b", "b200-180gb-sxm", 1, ("vllm", "bf16"), 2000, 500, 64),
    ("qwen3-32b", "b200-180gb-sxm", 1, ("trtllm", "bf16"), 1024, 512, 64),
    ("gemma-3-27b", "h100-80gb-sxm", 1, ("vllm", "bf16"), 1500, 400, 12),
    ("mixtral-8x7b", "h100-80gb-sxm", 2, ("vllm", "fp8"), 1500, 400, 24),
    ("qwen3-30b-a3b", "h100-80gb-sxm", 1, ("vllm", "fp8"), 1500, 400, 24),
    ("gpt-oss-120b", "h200-141gb-sxm", 2, ("vllm", "mxfp4"), 1024, 512, 64),
    ("gpt-oss-120b", "h200-141gb-sxm", 2, ("trtllm", "mxfp4"), 2000, 500, 64),
    ("qwen3-235b-a22b", "h200-141gb-sxm", 8, ("vllm", "fp8"), 2000, 500, 64),
    ("deepseek-r1", "h200-141gb-sxm", 8, ("vllm", "fp8"), 1500, 400, 24),
    # prompts before tokens, all of them at once
    ("llama-3.1-8b", "h100-80gb-sxm", 1, ("SGLang 0.5.7", "fp8"), 800, 1600, 32),
    ("llama-3.1-70b", "a100-80gb-sxm", 4, ("SGLang 0.5.10", "bf16"), 200, 800, 6),
    ("llama-3.1-70b", "b200-180gb-sxm", 2, ("sglang", "fp8"), 200, 800, 96),
    ("qwen3-32b", "h100-80gb-sxm", 2, ("SGLang 0.5.7", "bf16"), 800, 100, 6),
    ("mistral-7b", "rtx-4090", 1, ("sglang", "fp8"), 200, 800, 2),
    ("qwen3-30b-a3b", "h100-80gb-sxm", 1, ("SGLang 0.5.10", "fp8"), 400, 1600, 32),
    ("gpt-oss-20b", "h100-80gb-sxm", 1, ("SGLang 0.5.7", "mxfp4"), 200, 800, 96),
    ("deepseek-r1", "h200-141gb-sxm", 8, ("sglang", "fp8"), 400, 200, 32),
]  # fmt: skip


def _in_step(configuration):
    workload, gpu, count, (runtime, precision), prompt, answer, flight = configuration
    sizes = {"input_tokens": float(prompt), "output_tokens": float(answer)}
    asked = job(workload, GPUS[gpu], count, runtime=runtime, precision=precision, tp=float(count), **sizes)
    options = {**asked.options, "length_range": "0"}
    if "sglang" not in runtime.lower():
        options["max_num_batched_tokens"] = "prompt"
    return replace(asked, concurrency=float(flight), options=options), GPUS[gpu]


@pytest.mark.parametrize("configuration", IN_STEP)
def test_a_loop_in_step_is_as_it_simulates(configuration):
    """TTFT of 288 drawn was off by more than a tenth at 201 before waves were followed, since then at 35.

    Under SGLang it was so at 26 of the first 40, and is at 5 of 120.
    """
    asked, gpu = _in_step(configuration)
    told = estimate(asked, [gpu]).at(0, 0)
    sent = {**asked.options, "num_prompts": str(10 * int(asked.concurrency))}
    run = estimate(replace(asked, options=sent), [gpu]).at(0, 0).run
    assert told.ttft.mid == pytest.approx(run.of("ttft", "mean"), rel=0.1)
    assert told.tpot.mid == pytest.approx(run.of("tpot", "mean"), rel=0.1)
    assert told.throughput.mid == pytest.approx(run.rates["output"], rel=0.1)


def test_a_loop_in_step_waits_for_the_opening_by_half_of_its_groups():
    """With each request more the first of ten waves waits for half a turn longer: TTFT for a twentieth."""
    asked, gpu = _in_step(("qwen3-32b", "h100-80gb-sxm", 8, ("vllm", "bf16"), 1024, 512, 64))
    few, many = (estimate(replace(asked, concurrency=n), [gpu]).at(0, 0).ttft.mid for n in (64.0, 128.0))
    # Measured: 193 and 315 ms.
    assert (many - few) / 64.0 == pytest.approx((315e-3 - 193e-3) / 64.0, rel=0.25)


@pytest.mark.parametrize(
    ("workload", "gpu", "count", "prompt", "answer"),
    [
        ("qwen3-32b", "h100-80gb-sxm", 2, 686, 1224),
        # few places, of which answers leave parts
        ("llama-3.1-8b", "l4", 1, 1024, 512),
    ],
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
    endless_loop = curve.simulator(asked, GPUS[gpu], table)
    # A run's opening is read one by one, which a loop that goes on has long behind it.
    opens = section("serving")["engine"][runtime].get("opens", 0.0)
    server = replace(endless_loop.server, opens=opens)
    run = replace(endless_loop, server=server).in_flight(float(flight), requests=sent)
    closed = replace(asked, concurrency=float(flight))
    endless = estimate(closed, [GPUS[gpu]]).at(0, 0)
    found = estimate(replace(closed, options={"num_prompts": str(sent)}), [GPUS[gpu]]).at(0, 0)
    assert found.ttft.mid == pytest.approx(np.mean(run.ttft), rel=0.25)
    assert abs(np.log(found.ttft.mid / np.mean(run.ttft))) < abs(np.log(endless.ttft.mid / np.mean(run.ttft)))
    assert found.throughput.mid == pytest.approx(run.output.sum() / np.max(run.done), rel=0.1)


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


def test_a_server_streams_no_more_than_its_front_end_sends():
    """A loop and arrivals are bound by the one process that streams; messages of several tokens free it."""
    columns = {"runtime": "tensorrt-llm", "tp": 8.0, "output_tokens": 512.0}
    plain = job("llama-3.1-8b", H100, 8, **columns)
    bundled = job("llama-3.1-8b", H100, 8, **columns, options={"stream_interval": "20"})
    most = 1.0 / 109e-6
    at = [curve.curve(one, H100, np.array([8.0, 128.0]), against="concurrency") for one in (plain, bundled)]
    assert at[0].throughput[0] == pytest.approx(at[1].throughput[0], rel=0.02)
    assert at[0].throughput[1] == pytest.approx(most, rel=0.01)
    assert at[1].throughput[1] > 1.2 * most
    assert at[0].bound[1] == "front" != at[1].bound[1]
    assert load.tables(plain, H100)[0].capacity == pytest.approx(most / 512.0, rel=0.01)
    assert load.tables(bundled, H100)[0].capacity > 1.2 * most / 512.0
    # The simulated run is served as slowly, and waits as long for its first tokens.
    run = curve.simulator(plain, H100, load.tables(plain, H100)[0]).in_flight(128)
    assert run.output.sum() / run.done.max() == pytest.approx(most, rel=0.05)
    assert np.mean(run.latency) == pytest.approx(at[0].latency[1], rel=0.1)


def test_a_curve_of_fifty_loads_and_ten_thousand_requests_are_quick():
    """Of a process that has started: 0.3 s of a processor for the curve, 2 s for the requests."""
    asked = job("deepseek-r1", H200, 8, precision="fp8", runtime="sglang", output_tokens=1024.0)
    table, pool = curve.ready(asked, H200)
    simulator = curve.simulator(asked, H200, table, pool)
    rates = np.linspace(0.02, 0.98, 50) * table.capacity
    took = [_seconds(lambda: curve.at_rates(asked, H200, table, rates, pool)) for _ in range(3)]
    assert min(took) < 0.3
    assert min(_seconds(lambda: simulator.at_rate(0.8 * table.capacity, requests=10_000)) for _ in "ab") < 2.0


def _seconds(asked):
    """Seconds of a processor that a call takes."""
    began = process_time()
    asked()
    return process_time() - began
