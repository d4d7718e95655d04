"""The commands of serving: documents of a curve and of one load, costs, splits."""

from __future__ import annotations

import contextlib
import io
import json
import re

import numpy as np
import pytest
from serving_cases import GPUS, L40S, job, shorter

from whichgpu.cli import main
from whichgpu.cost.serving import curve, disaggregated
from whichgpu.planner import serving
from whichgpu.planner.serving import paid
from whichgpu.prices.best import price
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow


#: A replica of few places, whose loads are simulated in a moment.
CURVE = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--option", "max_num_seqs=8", "--curve")


@pytest.fixture(scope="module")
def told():
    """The document of its curve."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        shorter(patch)
        assert main([*CURVE, "--json"]) == 0
    return json.loads(out.getvalue())


def test_a_curve_is_a_page_and_an_article_too(whichgpu, told, monkeypatch):
    shorter(monkeypatch)
    page, article = (whichgpu(*CURVE, "--format", kind).out for kind in ("html", "md"))
    assert page.lower().startswith("<!doctype html>")
    assert "<svg" in page
    assert "| ---" in article or "|---" in article or "|-" in article
    for one in told["loads"]:
        assert f"{one['request_rate']:.3g}" in page


@pytest.mark.thorough
def test_a_fleet_is_a_page_and_an_article_too(whichgpu, monkeypatch):
    shorter(monkeypatch)
    words = ("recommend", "llama-3.1-8b", "--slo", "tpot 50 ms", "--rate", "5 req/s")
    first = whichgpu(*words, "--json").json["candidates"][0]["gpu"]
    page, article = (whichgpu(*words, "--format", kind).out for kind in ("html", "md"))
    assert page.lower().startswith("<!doctype html>")
    assert first in page
    assert "| ---" in article or "|---" in article or "|-" in article


def test_a_rate_within_objectives_is_held_or_refused(whichgpu, monkeypatch):
    shorter(monkeypatch)
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--slo", "tpot 40 ms", "--rate")
    text = " ".join(whichgpu(*words, "4 req/s").out.split())
    assert "4 requests/s, as stated, are" in text
    over = whichgpu(*words, "40 req/s")
    assert over.status == 3
    assert "at most" in over.err
    assert "GPUs hold them" in over.err


def test_a_stated_price_is_that_of_one_load_too(whichgpu):
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:2", "--usd-per-gpu-hour", "3", "--plain").out
    assert "at 6.00 USD/h: as stated" in " ".join(told.split())


def test_splits_are_those_that_the_heads_allow():
    """28 heads of queries do not divide by eight."""
    ways = serving._ways(Job("qwen2.5-7b", input_tokens=512.0, output_tokens=256.0), 8)
    assert {one.tp for one in ways} == {1, 2, 4}


@pytest.mark.parametrize(("prompt", "output"), [(128, 8000), (12000, 200), (512, 256), (0, 64)])
@pytest.mark.parametrize("against", ["rate", "concurrency"])
def test_more_load_is_never_sooner(prompt, output, against):
    gpu = GPUS["h100-80gb-sxm"]
    asked = job("qwen3-32b", gpu, 2, input_tokens=float(prompt), output_tokens=float(output))
    found = curve.curve(asked, gpu, against=against)
    figures = found.estimates.figures(0, slice(None))
    for one, means in ((figures.ttft, found.ttft), (figures.tpot, found.tpot)):
        # But for the last bit.
        assert np.all(np.diff(means) >= -1e-12 * means[1:])
        assert np.all((one.low <= means) & (means <= one.high))
    assert found.latency.tolist() == sorted(found.latency.tolist())
    assert found.throughput.tolist() == sorted(found.throughput.tolist())
    # Little's law, tokens in and out, and the whole of the time.
    assert found.request_rate * found.latency == pytest.approx(found.in_flight)
    assert found.throughput == pytest.approx(found.request_rate * output, rel=0.01)
    assert sum(found.shares.values()) == pytest.approx(np.ones(len(found.request_rate)))


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


def test_the_document_of_a_curve(told):
    assert told["against"] == "rate"
    assert len(told["loads"]) == len(curve.SHARES)
    one = told["loads"][3]
    assert {"ttft", "tpot", "latency", "throughput", "bound", "usd_per_million", "itl"} <= set(one)
    for load in told["loads"]:
        for metric in ("ttft", "tpot", "latency"):
            assert load[metric]["p50"] <= load[metric]["p90"] <= load[metric]["p99"]
            assert load[metric]["low"] < load[metric]["mid"] < load[metric]["high"]
    assert one["throughput"]["mid"] == pytest.approx(one["request_rate"] * 256)
    assert one["in_flight"] == pytest.approx(one["request_rate"] * one["latency"]["mid"])
    assert "vllm bench serve" in told["measure"]["command"]
    rate = float(re.search(r"--request-rate (\S+)", told["measure"]["command"])[1])
    assert rate == pytest.approx(told["knee"]["request_rate"], rel=1e-3)


def test_an_idle_replica_draws_less():
    found = curve.curve(job(), L40S, np.array([0.01, 4.0]))
    assert found.estimates.power[0, 0] < 0.6 * found.estimates.power[0, 1]


def test_more_gpus_are_named_than_do_not_hold_requests(whichgpu):
    """6 requests/s are 1.05 times what one holds."""
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--rate", "6 req/s", "--slo", "tpot 30 ms")
    assert "about 2 GPUs hold them" in wrong.err


def test_a_rate_alone_has_the_percentiles_of_its_curve(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--rate", "4 req/s", "--json")
    alone, curved = whichgpu(*words).json, whichgpu(*words, "--curve").json["loads"][0]
    for metric in ("ttft", "tpot", "latency"):
        names = ("mid", "mean", "p50")
        assert {name: alone[metric][name] for name in names} == pytest.approx(
            {name: curved[metric][name] for name in names}, rel=0.03
        )
        # One request in a hundred: of as many as are simulated, chance is some per cent of it.
        assert alone[metric]["p99"] == pytest.approx(curved[metric]["p99"], rel=0.06)
    text = whichgpu(*words[:-1]).out
    assert "Time to first token" in text
    assert "Time per output token" in text


def test_tokens_cost_the_same_however_the_load_is_told(whichgpu):
    """A prompt joins the passes of others in a closed loop too; so near the capacity queues are told."""
    words = ("predict", "mistral-7b", "--gpu", "a10", "--input-tokens", "128", "--output-tokens", "128",
             "--option", "max_num_seqs=32", "--usd-per-gpu-hour", "1", "--json")  # fmt: skip
    closed = whichgpu(*words, "--curve", "concurrency").json["loads"][-2]
    opened = whichgpu(*words, "--curve", "--rate", f"{closed['request_rate']} req/s").json["loads"][0]
    for kind in ("input", "output"):
        assert closed["usd_per_million"][kind] == pytest.approx(opened["usd_per_million"][kind], rel=0.02)
    assert closed["usd_per_million"]["input"] < closed["usd_per_million"]["output"]


@pytest.mark.thorough
def test_experts_dealt_out_leave_the_rest_of_the_split_open(whichgpu, monkeypatch):
    shorter(monkeypatch)
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


def test_prompts_on_gpus_of_another_kind_have_their_price_and_their_name(whichgpu):
    command = (
        "predict", "llama-3.1-8b", "--gpu", "h100-80gb-sxm:2", "--tp", "1", "--rate", "0.5 req/s",
        "--curve", "rate", "--option", "prefill_gpus=1", "--option", "prefill_gpu=l40s",
    )  # fmt: skip
    document = whichgpu(*command, "--json").json
    assert 0 < document["prefill_price"]["usd_per_gpu_hour"] < document["price"]["usd_per_gpu_hour"]
    assert "CUDA_VISIBLE_DEVICES='<the l40s>'" in document["measure"]["command"]
    assert "for each of those that compute prompts" in whichgpu(*command).out


def test_a_gpu_whose_power_no_source_states_has_no_energy(whichgpu):
    asked = ("predict", "llama-3.1-8b", "--gpu", "apple-m4-max-40c", "--runtime", "llama.cpp",
             "--precision", "q4_k_m")  # fmt: skip
    for more in (("--phase", "decode"), ("--curve",)):
        assert " nan" not in whichgpu(*asked, *more).out


@pytest.mark.parametrize("gpu", ["gaudi3", "tpu-v5e", "trainium2", "arc-b580"])
def test_an_engine_on_gpus_of_which_no_run_is_on_file_has_the_widest_interval(whichgpu, gpu):
    asked = ["predict", "qwen2.5-1.5b", "--phase", "serve", "--runtime", "vllm", "--concurrency", "8"]
    answer = whichgpu(*asked, "--gpu", gpu, "--json").json
    assert answer["basis"] == "roofline"
    assert answer["value"]["high"] / answer["value"]["low"] > 2.3


def test_a_single_token_has_no_time_per_token(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", "--concurrency", "4")
    told = whichgpu(*words, "--output-tokens", "1").out
    assert "Time to first token" in told
    assert "Time per output token" not in told
    assert "tokens/s each" not in told
    assert "--kv-cache-dtype int4_per_token_head" in whichgpu(*words, "--option", "kv_precision=int4").out


def test_a_run_beyond_the_capacity_is_as_certain_as_its_queue(whichgpu):
    """It grows as the rate that is sent is above the one that is served, and no faster."""
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", "--option", "num_prompts=500")
    ends = [whichgpu(*words, "--rate", f"{rate} req/s", "--json").json["ttft"] for rate in (20, 60)]
    assert 3 < ends[0]["high"] / ends[0]["low"] < 15
    assert ends[1]["high"] / ends[1]["low"] < ends[0]["high"] / ends[0]["low"]


def test_replicas_share_what_is_in_flight(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s:8", "--phase", "serve", "--tp", "2")
    text = " ".join(whichgpu(*words, "--concurrency", "16").out.split())
    assert "4 requests in flight on each of 4 replicas" in text
    full = whichgpu(*words, "--json").json
    held = round(full["sequences"] * 4)
    assert f"--max-concurrency {held} --num-prompts {10 * held}" in full["measure"]["command"]


def test_one_load_names_a_front_end_that_is_full(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "h100-80gb-sxm:8", "--tp", "8", "--phase", "serve",
             "--runtime", "TensorRT-LLM 0.20", "--output-tokens", "512", "--concurrency")  # fmt: skip
    text = " ".join(whichgpu(*words, "256").out.split())
    assert "Bound by: streaming by one process (stream_interval), whatever the GPUs make. A pass: " in text
    for more in (("8",), ("256", "--option", "stream_interval=20")):
        assert "streaming by one" not in whichgpu(*words, *more).out
    told = whichgpu(*words, "256", "--json").json
    assert 0.9 < told["streamed"] < 1.01
    # Who serves so many has a front end for them: the interval reaches to what the GPUs make.
    free = whichgpu(*words, "256", "--option", "stream_interval=20", "--json").json["value"]
    assert told["value"]["high"] > 0.9 * free["high"]
    assert "option stream_interval=20, as NVIDIA's recipes set it, lifts that" in text
