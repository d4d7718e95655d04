"""Serving under load by the analytic model: engines, options, conservation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from serving_cases import GPUS, H100, L40S, job

from whichgpu.cost.calibration.effects import Fit
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.requests import Requests, alike, in_loop
from whichgpu.cost.serving import curve, load
from whichgpu.cost.serving import replica as serving
from whichgpu.cost.timing.time import evaluate
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chat():
    """The curve of a plain job."""
    return curve.curve(job(), L40S)


def test_engine_options_are_kept(chat):
    few = curve.curve(job(options={"max_num_seqs": "16"}), L40S, np.array([0.2, 2.35]))
    assert few.places == 16.0
    assert few.limit == few.bound[-1] == "sequences"
    assert few.capacity < chat.capacity
    assert chat.limit == "places"
    assert load.server(job(options={"max_num_batched_tokens": "1024"}), L40S).budget == 1024.0
    for name in ("max_num_seqs", "max_num_batched_tokens"):
        with pytest.raises(UsageError, match=name):
            job(options={name: "0"})


@pytest.mark.parametrize("runtime", ["vllm", "sglang", "tensorrt-llm"])
def test_the_analytic_answers_follow_littles_law(runtime):
    flights = np.array([1.0, 16.0, 64.0, 1000.0])
    found = estimate(replace(job(), runtime=runtime, concurrency=flights), [L40S])
    assert found.throughput[0] / 256.0 * found.latency[0] == pytest.approx(flights, rel=1e-6)


def test_a_closed_curve_follows_littles_law():
    closed = curve.curve(job(), L40S, against="concurrency")
    assert closed.in_flight == pytest.approx(np.ravel(closed.estimates.job.concurrency), rel=1e-6)


def test_more_load_is_more_throughput_and_longer_times(chat):
    found = chat
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
    closed = estimate(in_loop(replace(asked, concurrency=32.0)), [L40S]).at(0, 0)
    swept = curve.curve(asked, L40S, np.array([8.0, 32.0]), against="concurrency")
    assert closed.tpot is not None
    assert closed.tpot.mid == pytest.approx(swept.tpot[1])


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


def test_no_token_waits_for_more_prompts_than_a_pass_takes():
    asked = job("llama-3.1-70b", L40S, 4, precision="fp8", input_tokens=882.0, output_tokens=50.0)
    table, pool = curve.ready(asked, L40S)
    at = np.array([0.95 * table.capacity])
    server = curve.simulator(asked, L40S, table, pool).server
    longest = (
        server.base[-1] + server.each[-1] * server.room / server.token + server.budget * server.prompt[-1]
    )
    assert curve.at_rates(asked, L40S, table, at, pool).tpot[0] < longest


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


def test_drafted_answers_of_one_length_do_not_end_in_step():
    """Drafts are accepted by chance, so that each request ends in a pass of its own."""
    equal = job("llama-3.1-70b", H100, 4, options={"length_range": "0"})
    assert alike(equal)
    for taken, together in (("0.7", False), ("0", True)):
        drafted = replace(equal, options={**equal.options, "speculative": "3", "acceptance": taken})
        assert alike(drafted) is together, taken


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


@pytest.mark.parametrize(("flight", "between"), [(1.0, False), (2.0, True)])
def test_a_prompt_that_comes_between_nobodys_tokens_is_not_worked_out(
    flight: float, between: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    known = serving.prompts_beside
    monkeypatch.setattr(
        serving, "prompts_beside", lambda *work, **how: asked.append(how) or known(*work, **how)
    )
    estimate(Job("llama-3.1-8b", phase="serve", concurrency=flight), [L40S])
    assert bool(asked) is between


def test_a_rate_is_answered_at_that_rate():
    """Tokens out are requests in times their answers, also between the points of the table."""
    asked = job("qwen3-8b", GPUS["a10g"], 2, tp=1.0, input_tokens=13_689.0, output_tokens=38.0)
    table = load.tables(asked, GPUS["a10g"])[0]
    loads = np.array([0.05, 0.31, 0.57, 0.83, 0.9]) * table.capacity
    found = curve.at_rates(asked, GPUS["a10g"], table, loads)
    assert found.throughput == pytest.approx(loads * 38.0, rel=1e-9)
    assert found.request_rate == pytest.approx(loads, rel=1e-9)


def test_tokens_of_short_answers_are_the_longest():
    """Every request counts alike, and each has the same prompts of others between its tokens."""
    said = {"output_lengths": "exponential mean 64"}
    sizes = {"runtime": "sglang", "input_tokens": 2000.0, "output_tokens": 64.0}
    one, other = (job(options=options, **sizes) for options in ({}, said))
    after = Requests.of(other).after(np.array([64.0, 640.0]))
    assert after.shape == (16, 1, 2)
    assert np.all(np.mean(1.0 / after, axis=0) > 2.0 / np.array([64.0, 640.0]))
    alike, uneven = (curve.curve(each, L40S, np.array([2.0])).tpot[0] for each in (one, other))
    assert uneven > 1.05 * alike
