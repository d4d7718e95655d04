"""The commands of serving: documents of a curve, refusals, batches, words of users, costs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from serving_cases import job

from whichgpu.cost import batching, curve, disaggregated, slo
from whichgpu.cost.measuring import how_to_measure
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.serving import paid
from whichgpu.prices.best import price
from whichgpu.workloads.hub import hub_name
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parent.parent / "docs" / "serving.md"


GPUS = catalogue()


L40S, H100, H200 = GPUS["l40s"], GPUS["h100-80gb-sxm"], GPUS["h200-141gb-sxm"]


@pytest.mark.parametrize("command", ["predict llama-3.1-8b --gpu l40s --curve",
    'recommend llama-3.1-8b --slo "tpot 50 ms" --rate "5 req/s"'])  # fmt: skip
@pytest.mark.thorough(every=3)
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


def test_a_stated_price_is_that_of_one_load_too(whichgpu):
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:2", "--usd-per-gpu-hour", "3", "--plain").out
    assert "at 6.00 USD/h: as stated" in " ".join(told.split())


def test_heads_are_not_cut(whichgpu):
    three = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:3", "--curve", "--json").json
    assert three["job"]["tp"] == 1.0
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:3", "--tp", "3", "--curve")
    assert wrong.status == 2
    assert "32 attention heads, which do not divide by it" in wrong.err


@pytest.mark.parametrize(("workload", "splits"), [("qwen2.5-7b", {1, 2, 4})])
def test_splits_are_those_that_the_heads_allow(whichgpu, workload, splits):
    told = whichgpu("predict", workload, "--gpu", "l40s:8", "--slo", "tpot 40 ms", "--json").json
    found = {int(re.search(r"tp=(\d+)|$", one["split"])[1] or 1) for one in told["splits"]}
    assert found == splits


@pytest.mark.parametrize(
    ("prompt", "output"), [("128", "8000"), ("12000", "200"), ("512", "256"), ("0", "64")]
)
@pytest.mark.parametrize("against", ["rate", "concurrency"])
@pytest.mark.thorough(every=3)
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
    job = "llama-3.1-8b,l40s,1,serve,fp8,512,256"
    lines = (
        "id,workload,gpu,n_gpus,phase,precision,input_tokens,output_tokens,concurrency,tp,runtime,options,"
        "metric,unit,value",
        f"1,{job},16,1,vllm,,ttft,ms,95",
        f"2,{job},16,1,vllm,,tpot,ms,14.1",
        f"3,{job},,1,vllm,request_rate=4,tpot,ms,14.5",
    )
    (tmp_path / "mine.csv").write_text("\n".join(lines), encoding="utf-8")
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
    words = ["predict", "stable-diffusion-1.5", "--gpu", "l4:2", "--rate", "0.2 req/s", "--batch", "4",
             "--slo", "e2e p90 8 s"]  # fmt: skip
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


def test_an_objective_of_batches_need_not_name_its_metric(whichgpu):
    told = whichgpu(
        "predict", "bge-m3", "--gpu", "a10g", "--slo", "p99 300 ms, 250 ms", "--batch", "2", "--json"
    )
    terms = [(one["metric"], one["how"], one["most"]) for one in told.json["slo"]["objectives"]]
    assert terms == [("latency", "p99", 0.3), ("latency", "mean", 0.25)]
    assert "is no objective" in whichgpu("predict", "llama-3.1-8b", "--gpu", "l4", "--slo", "p99 100 ms").err


@pytest.mark.thorough
def test_more_gpus_are_named_than_do_not_hold_a_rate(whichgpu):
    wrong = whichgpu(
        "predict", "whisper-large-v3", "--gpu", "a10g:3", "--rate", "6 req/s", "--slo", "e2e p95 4 s"
    )
    assert int(re.search(r"(\d+) GPUs hold it", wrong.err)[1]) > 3


def test_more_gpus_are_named_than_do_not_hold_requests(whichgpu):
    """5.6 requests/s are 1.05 times what one holds."""
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--rate", "5.6 req/s", "--slo", "tpot 30 ms")
    assert "about 2 GPUs hold them" in wrong.err


def test_a_training_run_has_no_objective_of_requests(whichgpu):
    found = whichgpu("predict", "resnet50", "--gpu", "l4", "--phase", "train", "--slo", "e2e p90 1 s")
    assert found.status == 2
    assert "latency p90 1 s is an objective of requests, and resnet50 runs train here" in found.err


def test_what_is_made_is_said_in_words_of_its_users(whichgpu):
    assert "hours of audio per hour" in whichgpu("predict", "whisper-large-v3", "--gpu", "l4", "--curve").out
    assert "document of 384 tokens" in whichgpu("predict", "bge-m3", "--gpu", "l4", "--rate", "20 req/s").out


@pytest.mark.parametrize("servers", [1, 3])
def test_servers_of_one_request_at_a_time_take_turns(servers):
    arrival = np.cumsum(np.random.default_rng(1).exponential(1.0 / (0.9 * servers), 1000))
    each = np.array([1.0])
    (done, *rest), (known, *told) = (
        run(arrival, each, servers) for run in (batching._one_by_one, batching._runs)
    )
    assert done == pytest.approx(known)
    assert rest == told


def test_a_queue_of_one_server_is_that_of_the_textbook():
    # M/D/1 at 0.7: latency = 1 + 0.7 / (2 x 0.3).
    found = batching.queue(np.array([1.0]), 0.7, requests=60_000)
    assert found.latency.mean() == pytest.approx(1 + 0.7 / 0.6, rel=0.05)
    assert found.busy == pytest.approx(0.7, rel=0.02)
    assert found.batch == 1.0
    shared = batching.queue(np.array([1.0, 1.1, 1.2]), 0.7, requests=60_000)
    assert shared.latency.mean() < found.latency.mean()


@pytest.mark.parametrize(("batch", "how"), [(1, "p90"), (16, "p90"), (64, "mean")])
def test_what_batches_hold_is_held_under_other_arrivals(batch, how):
    """Near the capacity a queue grows for so long that a short run tells nothing of it."""
    each = 1.0 + 0.2 * np.arange(float(batch))
    term = slo.Term("latency", how, 4.0 * each[-1])
    rate = batching._most(each, [term], 1)
    assert batching.queue(each, rate, requests=100_000, seed=7).of(how) <= 1.1 * term.most
    assert rate <= 0.95 * batch / each[-1]


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
             "--usd-per-gpu-hour", "1", "--json")  # fmt: skip
    closed = whichgpu(*words, "--curve", "concurrency").json["loads"][-2]
    opened = whichgpu(*words, "--curve", "--rate", f"{closed['request_rate']} req/s").json["loads"][0]
    for kind in ("input", "output"):
        assert closed["usd_per_million"][kind] == pytest.approx(opened["usd_per_million"][kind], rel=0.02)
    assert closed["usd_per_million"]["input"] < closed["usd_per_million"]["output"]


@pytest.mark.thorough
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
        ("tensorrt-llm", {"kv_precision": "fp8"}, "<(echo \"{kv_cache_config: {dtype: fp8}}\")"),
        ("tensorrt-llm", {"attention_dp": "2"},
         "--extra_llm_api_options <(echo \"{enable_attention_dp: true}\")"),
        # One file for all: of two the engine reads the last.
        ("tensorrt-llm", {"attention_dp": "2", "kv_precision": "fp8"},
         "<(echo \"{enable_attention_dp: true, kv_cache_config: {dtype: fp8}}\")"),
        ("vllm", {"prefill_gpus": "4", "prefill_tp": "2", "request_rate": "5"},
         "--port 8100 --tensor-parallel-size 2 --data-parallel-size 2 "),
        ("sglang", {"prefill_gpus": "4", "prefill_tp": "2", "request_rate": "5"},
         "--disaggregation-mode prefill --port 30000 --tp 2 --dp 2 "),
        ("llama-cpp", {"kv_precision": "q8_0"}, "-fa on -ctk q8_0 -ctv q8_0"),
    ],
)  # fmt: skip
def test_the_command_states_the_cache_and_the_groups_that_the_answer_assumes(runtime, columns, said):
    gpus = float(columns.get("attention_dp", 1))
    job = Job("llama-3.1-8b", phase="serve", precision="fp16", concurrency=8.0, input_tokens=512.0,
              output_tokens=256.0, n_gpus=gpus, tp=1.0, options=columns)  # fmt: skip
    assert said in how_to_measure(job, runtime)[0]


@pytest.mark.parametrize(
    ("model", "runtime", "options", "said"),
    [
        ("llama-3.1-8b", "tensorrt-llm", {}, "--request-rate 2.5 --request-count 2000"),
        ("qwen3-30b-a3b", "tensorrt-llm", {"attention_dp": "1"}, "--max_seq_len 1024 & aiperf"),
        # Data-parallel ranks of vLLM share their layers of experts; SGLang's groups divide its --tp.
        ("qwen3-30b-a3b", "vllm", {}, "--tensor-parallel-size 1 --max-num-seqs"),
        ("qwen3-30b-a3b", "sglang", {"attention_dp": "2"}, "--tp 2 --dp 2 --enable-dp-attention"),
        ("llama-3.1-8b", "vllm", {}, "--data-parallel-size 4"),
        ("llama-3.1-8b", "sglang", {}, "--dp 4"),
    ],
)
def test_a_replica_is_measured_with_its_share_where_one_server_starts_no_others(
    model, runtime, options, said
):
    job = Job(model, phase="serve", precision="fp8", input_tokens=512.0, output_tokens=256.0, n_gpus=4.0,
              tp=1.0, options={**options, "request_rate": "10"})  # fmt: skip
    text = how_to_measure(job, runtime)[0]
    assert said in text
    whole = said.endswith("4")
    share = f"{10.0 / (2.0 if options.get('attention_dp') == '2' else 4.0):g}"
    assert f"--request-rate {'10' if whole else share} " in text
    assert text.startswith("on one of the ") != whole


def test_prompts_on_gpus_of_another_kind_have_their_price_and_their_name(whichgpu):
    command = (
        "predict", "llama-3.1-8b", "--gpu", "h100-80gb-sxm:2", "--tp", "1", "--rate", "0.5 req/s",
        "--curve", "rate", "--option", "prefill_gpus=1", "--option", "prefill_gpu=l40s",
    )  # fmt: skip
    document = whichgpu(*command, "--json").json
    assert 0 < document["prefill_price"]["usd_per_gpu_hour"] < document["price"]["usd_per_gpu_hour"]
    assert "CUDA_VISIBLE_DEVICES='<the l40s>'" in document["measure"]["command"]
    assert "for each of those that compute prompts" in whichgpu(*command).out


@pytest.mark.parametrize(
    ("model", "runtime", "said"),
    [
        ("deepseek-r1", "vllm", '\'{"method": "mtp", "num_speculative_tokens": 2}\''),
        ("deepseek-r1", "sglang", "--speculative-algorithm EAGLE --speculative-num-steps 2 "
         "--speculative-eagle-topk 1 --speculative-num-draft-tokens 3"),
        ("glm-4.5", "tensorrt-llm", "{decoding_type: MTP, num_nextn_predict_layers: 2}"),
        ("llama-3.1-8b", "sglang", "--speculative-algorithm STANDALONE --speculative-draft-model-path "),
    ],
)  # fmt: skip
def test_models_that_draft_for_themselves_are_told_no_other_that_does(model, runtime, said):
    job = Job(model, phase="serve", precision="fp8", concurrency=8.0, input_tokens=512.0, tp=1.0,
              output_tokens=256.0, n_gpus=1.0, options={"speculative": "2"})  # fmt: skip
    assert said in how_to_measure(job, runtime)[0]


def test_fp8_weights_under_an_engine_that_does_not_widen_them_are_warned_of(whichgpu):
    asked = ("predict", "llama-3.1-8b", "--gpu", "a100-80gb-sxm", "--phase", "serve", "--precision",
             "fp8-w8a16", "--concurrency", "8", "--runtime")  # fmt: skip
    assert "SGLang has no FP8 on a100-80gb-sxm" in " ".join(whichgpu(*asked, "sglang").out.split())
    assert "has no FP8" not in whichgpu(*asked, "vllm").out


def test_a_cache_in_a_format_that_an_engine_lacks_is_refused(whichgpu):
    asked = ("predict", "llama-3.1-8b", "--gpu", "rtx-4090", "--phase", "serve", "--runtime", "llama.cpp",
             "--precision", "q4_k_m", "--option")  # fmt: skip
    refused = whichgpu(*asked, "kv_precision=fp8")
    assert refused.status == 2
    assert "keeps no cache in fp8; use one of fp32, fp16, bf16, q8_0, q4_0" in refused.err
    assert whichgpu(*asked, "kv_precision=q8_0").status == 0


@pytest.mark.thorough
def test_an_option_of_another_that_is_not_stated_is_said(whichgpu):
    asked = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--curve", "--option", "acceptance=0.9")
    assert "acceptance changes nothing without speculative" in " ".join(whichgpu(*asked).out.split())
    assert "changes nothing" not in whichgpu(*asked, "--option", "speculative=2").out


def test_a_rate_may_be_of_what_a_request_makes(whichgpu):
    asked = ("predict", "stable-diffusion-1.5", "--gpu", "l4:2", "--rate")
    one, other = (whichgpu(*asked, rate, "--json").json for rate in ("12 req/min", "0.2 images/s"))
    assert one == other
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l4", "--rate", "0.2 images/s")
    assert (told.status, "a load is of requests" in told.err) == (2, True)


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


@pytest.mark.parametrize(
    ("option", "says"), [("prefix_hit=half", "e.g. prefix_hit=0.5"), ("speculative=eagle", "speculative=3")]
)
def test_an_option_that_is_no_number_has_an_example_that_works(whichgpu, option, says):
    done = whichgpu("predict", "llama-3.1-8b", "--gpu", "l4", "--phase", "serve", "--option", option)
    assert done.status == 2
    assert says in done.err


def test_shares_are_also_read_in_per_cent(whichgpu):
    asked = ("predict", "llama-3.1-8b", "--gpu", "l4", "--phase", "serve", "--concurrency", "4", "--json")
    first, second = (
        whichgpu(*asked, "--option", f"prefix_hit={text}").json["value"] for text in ("50%", "0.5")
    )
    assert first == second


@pytest.mark.parametrize(
    ("workload", "name"),
    [("gpt-oss-120b", "openai/gpt-oss-120b"), ("qwen2.5-14b", "Qwen/Qwen2.5-14B"),
     ("gemma-7b", "google/gemma-7b"), ("llama-2-7b", "meta-llama/Llama-2-7b-hf"),
     ("kimi-k2", "moonshotai/Kimi-K2-Instruct"), ("phi-1.5", "microsoft/phi-1_5")],
)  # fmt: skip
def test_the_checkpoint_to_measure_is_that_of_the_name_and_not_one_built_alike(workload, name):
    assert hub_name(workload) == name


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--ep 8", "no such option '--ep'; write --option ep=8"),
        ("--max-num-seqs=64", "write --option max_num_seqs=64"),
        ("--tensor-parallel-size 2", "write --tp 2"),
        ("--request-rate 4", 'write --rate "4 req/s"'),
        ("--isl", "write --input-tokens N"),
        ("--rps 4", 'write --rate "4 req/s"'),
        ("--users 100", "write --concurrency 100"),
        ("--async-scheduling", 'write --runtime "vLLM --async-scheduling"'),
        ("--enforce-eager", "write --option cuda_graphs=none"),
        ("--enable-prefix-caching", "write --option prefix_hit=0.5"),
        ("--option request_rate=240/min", "has a unit; write request_rate=240 where that is requests/s"),
        ("--option request_rate=fast", "'fast' is no number; write e.g. request_rate=1"),
        ("--dp 2", "run more of them: write e.g. --gpu h100-80gb-sxm:8"),
        ("--rate 4/fortnight", "'4/fortnight' is not a rate of work"),
        ("--concurrency -4", "-4 is below 1, the least that makes sense; give e.g. concurrency=1"),
        ("--option attention_dp=1 --option attention_dp=2 --tp 4", "has no experts for groups of attention"),
    ],
)
def test_what_is_wrong_says_what_to_write(whichgpu, typed, said):
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:8", "--phase", "serve", *shlex.split(typed))
    assert wrong.status == 2
    assert said in wrong.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--option max_model_len=512 --input-tokens 2048", "write max_model_len=2304, or fewer tokens"),
        ("--batch 32 --concurrency 64", "batch 32 was ignored: concurrency 64 says"),
        ("--batch 32", None),
        ("--option tp=2", "tp (that is no option but a column: write --tp)"),
        ("--option tensor_parallel_size=2", "tensor_parallel_size (write --tp N)"),
        ("--option chunked_prefill=false", "chunked_prefill (nothing for it"),
        ("--option scheduler_recv_interval=30", "ignored: scheduler_recv_interval"),
        ("--option mtp=3", "option mtp is of training, and changes nothing here"),
        ("--seq-len 4096", "llama-3.1-8b has no use for seq_len"),
    ],
)
def test_what_changes_nothing_is_told(whichgpu, typed, said):
    told = whichgpu(
        "predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", *shlex.split(typed), "--json"
    )
    warnings = " ".join(told.json["warnings"])
    assert said in warnings if said else "batch" not in warnings


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


def test_no_more_are_in_flight_than_a_limit_lets(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", "--rate", "3 req/s")
    assert whichgpu(*words, "--option", "max_concurrency=4", "--json").json["sequences"] == 4
    wrong = whichgpu(*words, "--gpu", "l40s:8", "--option", "prefill_gpus=4", "--option", "prefill_tp=3")
    assert "write prefill_tp=2 or 4" in wrong.err


def test_experts_are_dealt_out_evenly(whichgpu):
    words = ("predict", "qwen3-30b-a3b", "--gpu", "h100-80gb-sxm:8", "--phase", "serve", "--concurrency", "4")
    wrong = whichgpu(*words, "--tp", "4", "--option", "ep=3")
    assert wrong.status == 2
    assert "ep=3: the experts of a layer lie on 4 GPUs, which do not divide by it; use ep=2 or 4" in wrong.err
    wrong = whichgpu(*words, "--tp", "8", "--option", "moe_tp=3")
    assert "moe_tp=3: the experts of a layer lie on 8 GPUs" in wrong.err


def test_replicas_share_what_is_in_flight(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s:8", "--phase", "serve", "--tp", "2")
    text = " ".join(whichgpu(*words, "--concurrency", "16").out.split())
    assert "4 requests in flight on each of 4 replicas" in text
    full = whichgpu(*words, "--json").json
    held = round(full["sequences"] * 4)
    assert f"--max-concurrency {held} --num-prompts {10 * held}" in full["measure"]["command"]


def test_figures_of_commands_are_whole(whichgpu):
    words = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", "--concurrency", "1000000")
    assert (
        "--max-concurrency 1000000 --num-prompts 10000000"
        in whichgpu(*words, "--json").json["measure"]["command"]
    )


def test_more_gpus_than_a_load_is_told_of_are_refused(whichgpu):
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:1000000", "--slo", "tpot 50 ms")
    assert wrong.status == 2
    assert re.search(r"replicas are alike: ask for l40s:\d+ and multiply", wrong.err)
