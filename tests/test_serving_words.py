"""What users type of serving: refused, mended, or said to change nothing."""

from __future__ import annotations

import re
import shlex

import pytest

pytestmark = pytest.mark.slow


def test_heads_are_not_cut(whichgpu):
    three = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:3", "--concurrency", "3", "--json").json
    assert three["job"]["tp"] == 1.0
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:3", "--tp", "3", "--curve")
    assert wrong.status == 2
    assert "32 attention heads, which do not divide by it" in wrong.err


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
        (["--rate", "2 req/s", "--phase", "train"], 2, "--rate and --curve are of inference; llama-3.1-8b"),
        (["--option", "kv_precision=int3"], 2, "option kv_precision: no precision 'int3'; write fp8"),
        (["--slo", "tpot 1 s", "--phase", "prefill"], 2, "that serve"),
        (["--curve", "--usd-per-gpu-hour", "0"], 2, "usd-per-gpu-hour"),
    ],
)
def test_what_cannot_be_served_is_one_line(whichgpu, options, status, says):
    told = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", *options)
    assert told.status == status
    assert says in told.err
    assert "Traceback" not in told.err


def test_tokens_that_are_sent_together_are_told_where_their_gaps_are_asked_for(whichgpu):
    asked = ("predict", "deepseek-r1", "--gpu", "b200-180gb-sxm:8", "--runtime", "TensorRT-LLM 1.1",
             "--precision", "nvfp4", "--tp", "8", "--slo", "itl 30 ms")  # fmt: skip
    assert whichgpu(*asked).status == 0, "a token's time, where nothing is stated"
    told = whichgpu(*asked, "--option", "stream_interval=20")
    assert told.status == 3
    assert "its server sends the tokens of 20 passes at a time" in told.err
    assert "ask for tpot, or send each by itself: --option stream_interval=1" in told.err
    assert whichgpu(*asked, "--option", "stream_interval=1").status == 0


@pytest.mark.parametrize(
    ("engine", "read"), [("SGLang 0.5.7", True), ("vLLM 0.16", True), ("llama.cpp", False)]
)
def test_a_server_that_can_send_tokens_together_is_told_to(whichgpu, engine, read):
    asked = ("predict", "qwen3-8b", "--gpu", "l40s", "--phase", "serve", "--concurrency", "8", "--runtime",
             engine, "--option", "stream_interval=10")  # fmt: skip
    told = " ".join(whichgpu(*asked).out.split())
    assert ("--stream-interval 10" in told) is read
    assert ("ignored: stream_interval" in told) is not read


@pytest.mark.parametrize(
    ("gpu", "precision", "says"), [("l40s", "fp16", "does not fit"), ("v100-16gb-sxm", "fp8", "no FP8 peak")]
)
def test_what_cannot_run_is_not_said_to_be_overloaded(whichgpu, gpu, precision, says):
    told = whichgpu("predict", "llama-3.1-70b", "--gpu", gpu, "--precision", precision, "--option",
                    "request_rate=50")  # fmt: skip
    assert told.status in (2, 3)
    assert says in told.err


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
    asked = ("predict", "llama-3.1-8b", "--gpu", "l40s", "--concurrency", "8", "--option", "acceptance=0.9")
    assert "acceptance changes nothing without speculative" in " ".join(whichgpu(*asked).out.split())
    assert "changes nothing" not in whichgpu(*asked, "--option", "speculative=2").out


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
        ("--option attention_dp=2 --tp 4", "has no experts for groups of attention"),
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
        ("--option compile=banana", "option compile: 'banana' is none of default"),
        ("--option 'power_limit=5000 W'", "power_limit 5000 W limits nothing: the L40S draws 350 W"),
        ("--option mtp=3", "option mtp is of training, and changes nothing here"),
        ("--seq-len 4096", "seq_len 4,096 is taken as prompt and answer together, 3,840"),
    ],
)
def test_what_changes_nothing_is_told(whichgpu, typed, said):
    told = whichgpu(
        "predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", *shlex.split(typed), "--json"
    )
    warnings = " ".join(told.json["warnings"])
    assert said in warnings if said else "batch" not in warnings


def test_no_more_are_in_flight_than_a_limit_lets(whichgpu):
    words = ("predict", "llama-3.1-8b", "--phase", "serve", "--rate", "3 req/s", "--gpu")
    assert whichgpu(*words, "l40s", "--option", "max_concurrency=4", "--json").json["sequences"] == 4
    wrong = whichgpu(*words, "l40s:8", "--option", "prefill_gpus=4", "--option", "prefill_tp=3")
    assert "write prefill_tp=2 or 4" in wrong.err


def test_experts_are_dealt_out_evenly(whichgpu):
    words = ("predict", "qwen3-30b-a3b", "--gpu", "h100-80gb-sxm:8", "--phase", "serve", "--concurrency", "4")
    wrong = whichgpu(*words, "--tp", "4", "--option", "ep=3")
    assert wrong.status == 2
    assert "ep=3: the experts of a layer lie on 4 GPUs, which do not divide by it; use ep=2 or 4" in wrong.err
    wrong = whichgpu(*words, "--tp", "8", "--option", "moe_tp=3")
    assert "moe_tp=3: the experts of a layer lie on 8 GPUs" in wrong.err


def test_more_gpus_than_a_load_is_told_of_are_refused(whichgpu):
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s:1000000", "--slo", "tpot 50 ms")
    assert wrong.status == 2
    assert re.search(r"replicas are alike: ask for l40s:\d+ and multiply", wrong.err)


def test_a_context_that_does_not_fit_is_told_to_be_too_long_as_well(whichgpu):
    wrong = whichgpu("predict", "llama-3.1-8b", "--gpu", "l40s", "--seq-len", "500000")
    assert wrong.status == 3
    assert "500,000 tokens are more than the 131,072 that the model was made for" in wrong.err
