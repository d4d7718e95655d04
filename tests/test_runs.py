"""Runs that end: what a load generator prints of them, by statistic, against the model and by sums."""

from __future__ import annotations

import csv
import json
import shlex
from dataclasses import replace

import numpy as np
import pytest
from serving_cases import AGREED, GPUS

from whichgpu.cli import main
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.placing import placed
from whichgpu.cost.job.requests import Requests, at_random, in_flight, in_loop, is_run
from whichgpu.cost.reading.metrics import metric
from whichgpu.cost.reading.statistic import statistic
from whichgpu.cost.serving import load, runs, simulate
from whichgpu.cost.serving.curve import checked
from whichgpu.cost.serving.load_results import read_results
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import Infeasible, UsageError
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow


def serving(options, workload="llama-3.1-8b", gpu="l40s", count=1, **columns):
    """The estimate of a serving job, and its one answer."""
    columns = {"input_tokens": 512.0, "output_tokens": 256.0, **columns}
    job = placed(Job(workload, phase="serve", options=options, **columns), count, GPUS[gpu])
    found = estimate(job, [GPUS[gpu]])
    return found, found.at(0, 0)


def answers(*asked, options="", workload="llama-3.1-8b", gpu="l40s", **columns):
    """What rows of a table say of one job, by what each asks for."""
    row = {"workload": workload, "gpu": gpu, "n_gpus": "1", "phase": "serve", "input_tokens": "512",
           "output_tokens": "256", "tp": "1", "options": options, **columns}  # fmt: skip
    made = [{**row, "id": name, "metric": name, "unit": unit} for name, unit in asked]
    return {one.id: one for one in predict_rows(made, GPUS)}


#: What runs are held to: in flight, requests for each, times by which TTFT may differ.
LOOPS = [(one, (16, 64)[number % 2]) for number, one in enumerate(AGREED)]
#: Prompts that fill the passes, all sent at once: workload, GPU, how many, tokens in and out, requests.
AT_ONCE = [
    ("llama-3.1-8b", "h100-80gb-sxm", 1, 4000, 200, 500),
    ("qwen3-32b", "a100-80gb-sxm", 1, 2000, 100, 500),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, 8000, 64, 400),
    ("mistral-7b", "l4", 1, 1000, 32, 300),
    ("gpt-oss-20b", "h100-80gb-sxm", 1, 32000, 100, 100),
]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_run_is_the_same_in_a_table_and_alone(precision):
    """What the fit knows of a model in BF16 is not what it knows in FP16, which a table takes together."""
    asked = {"workload": "llama-3.1-70b", "gpu": "h100-80gb-sxm", "precision": precision}
    rows = [
        {**asked, "id": one, "metric": "tpot", "unit": "ms", "n_gpus": "4", "tp": "4", "phase": "serve",
         "input_tokens": "512", "output_tokens": "256", "concurrency": "8", "runtime": one,
         "options": "num_prompts=40;length_range=0.1"}
        for one in ("lmdeploy", "vLLM 0.15")
    ]  # fmt: skip
    table = {one.id: one.value for one in predict_rows(rows, GPUS)}
    for runtime, value in table.items():
        said = {"num_prompts": "40", "length_range": "0.1"}
        _, alone = serving(said, **asked, count=4, concurrency=8.0, runtime=runtime, tp=4.0)
        assert value == pytest.approx(1e3 * alone.tpot.mid, rel=1e-3)


@pytest.mark.thorough
def test_the_analytic_model_and_simulated_runs_agree():
    """Of ten waves throughput and TPOT within 10 %, TTFT within 25 %, in 30 configurations at the least."""
    off = []
    for (workload, gpu, count, columns, prompt, output), flight in LOOPS:
        options = {"length_range": "0.1", **columns.get("options", {}), "num_prompts": str(10 * flight)}
        if "prefill_gpus" in options:
            continue
        sizes = {"input_tokens": float(prompt), "output_tokens": float(output), "concurrency": float(flight)}
        rest = {name: value for name, value in columns.items() if name != "options"}
        found, answer = serving(options, workload, gpu, count, **sizes, **rest)
        assert answer.run is not None
        off.append(
            abs(np.log(found.throughput[0, 0] / answer.throughput.mid)) < np.log(1.1)
            and abs(np.log(found.seconds[0, 0] / answer.tpot.mid)) < np.log(1.1)
            and abs(np.log(found.first_token[0, 0] / answer.ttft.mid)) < np.log(1.25)
        )
    assert sum(off) >= 30
    assert sum(off) >= 0.85 * len(off)


@pytest.mark.parametrize("configuration", AT_ONCE)
def test_prompts_that_fill_the_passes_leave_few_to_run(configuration):
    """No more run than a pass's tokens let follow each other, and no token waits for more than a pass."""
    workload, gpu, count, prompt, output, sent = configuration
    options = {"num_prompts": str(sent), "dataset": "random"}
    found, answer = serving(
        options, workload, gpu, count, input_tokens=float(prompt), output_tokens=float(output)
    )
    assert found.throughput[0, 0] == pytest.approx(answer.throughput.mid, rel=0.15)
    assert found.seconds[0, 0] == pytest.approx(answer.tpot.mid, rel=0.15)
    assert found.first_token[0, 0] == pytest.approx(answer.ttft.mid, rel=0.15)
    budget = 2048.0 if gpu in ("a100-80gb-sxm", "l4") else 8192.0
    assert found.sequences[0, 0] <= budget / (1.0 + prompt / output) + 1e-6


def test_a_run_conserves_its_requests_and_tokens():
    _, answer = serving({"num_prompts": "400", "dataset": "sharegpt"})
    rates, seconds = answer.run.rates, answer.run.seconds
    assert rates["requests"] * seconds == pytest.approx(400, rel=0.01)
    assert rates["output"] / rates["requests"] == pytest.approx(256, rel=0.01)
    assert rates["total"] == pytest.approx(rates["input"] + rates["output"])
    assert rates["input"] / rates["output"] == pytest.approx(2.0, rel=0.02)
    tails = answer.run.tails
    # Little's law over the whole run: what is in flight in the mean is no more than was sent at once.
    assert rates["requests"] * tails.of("latency", "mean") < 400
    for time in runs.METRICS:
        assert tails.of(time, "p50") <= tails.of(time, "p90") <= tails.of(time, "p99")
    whole = tails.of("ttft", "mean") + 255 * tails.of("itl", "mean")
    assert tails.of("latency", "mean") == pytest.approx(whole, rel=0.05)


def test_uneven_answers_end_with_the_longest_alone():
    """Chats sent at once have far less throughput than requests alike, and than chats without an end."""
    columns = {"gpu": "h100-80gb-sxm"}
    _, alike = serving({"num_prompts": "800", "request_rate": "inf", "dataset": "random"}, **columns)
    uneven = {"input_lengths": "exponential mean 512", "output_lengths": "exponential mean 256"}
    _, chats = serving({"num_prompts": "800", "request_rate": "inf", **uneven}, **columns)
    endless, _ = serving({"output_lengths": "exponential mean 256"}, concurrency=800.0, **columns)
    assert chats.throughput.mid < 0.8 * alike.throughput.mid
    assert chats.throughput.mid < 0.8 * endless.throughput[0, 0]
    # Short answers meet the opening's prompts, long ones run with few others.
    assert chats.run.of("tpot", "mean") > 1.2 * chats.run.of("itl", "mean")
    assert alike.run.of("tpot", "mean") == pytest.approx(alike.run.of("itl", "mean"), rel=0.02)


def test_answers_of_chats_are_many_short_ones_and_none_very_long():
    """Two samples of LambdaLabsML/vllm-benchmark: variance 0.82 and 0.84, longest 3.8 and 4.6 means."""
    stated = Requests.of(Job("llama-3.1-8b", phase="serve", options={"dataset": "sharegpt"}))
    drawn = stated.answers.draw(200.0, 20_000, np.random.default_rng(1)) / 200.0
    assert drawn.mean() == pytest.approx(1.0, rel=0.02)
    assert drawn.var() == pytest.approx(stated.output_variation, rel=0.03)
    # The mean of the two.
    assert np.percentile(drawn, (10, 25, 50, 75, 90, 95)) == pytest.approx(
        (0.05, 0.15, 0.87, 1.53, 2.24, 2.73), abs=0.16
    )
    assert 3.8 < drawn.max() < 4.6
    assert stated.output_variation < stated.prompt_variation == 1.0


def test_a_run_at_once_is_that_of_a_trace_of_alike_arrivals(tmp_path, capsys):
    path = tmp_path / "once.csv"
    path.write_text("arrival,input,output\n" + "0,512,256\n" * 300, encoding="utf-8")
    assert main(["predict", "llama-3.1-8b", "--gpu", "l40s", "--trace", str(path), "--json"]) == 0
    trace = json.loads(capsys.readouterr().out)
    _, answer = serving({"num_prompts": "300", "dataset": "random"})
    assert answer.throughput.mid == pytest.approx(trace["throughput"], rel=0.01)
    assert answer.run.of("ttft", "p90") == pytest.approx(trace["ttft"]["p90"], rel=0.01)


@pytest.mark.parametrize("said", [
    {"num_prompts": "300"}, {"num_prompts": "300", "request_rate": "inf"},
    {"num_prompts": "300", "request_rate": "INF", "max_concurrency": "1000"},
])  # fmt: skip
def test_ways_to_send_all_at_once_are_one(said):
    plain = serving({"num_prompts": "300"}, concurrency=300.0)[1]
    assert serving(said)[1].throughput.mid == pytest.approx(plain.throughput.mid)


def test_a_limit_in_flight_is_a_concurrency():
    limited = serving({"num_prompts": "320", "max_concurrency": "32"})[1]
    stated = serving({"num_prompts": "320"}, concurrency=32.0)[1]
    assert limited.ttft.mid == pytest.approx(stated.ttft.mid)
    assert limited.sequences == 32
    endless = serving({"max_concurrency": "32"})[1]
    assert endless.run is None
    assert endless.sequences == 32


def test_a_run_is_served_at_any_rate():
    with pytest.raises(Infeasible, match="beyond the capacity"):
        serving({"request_rate": "50"})
    fast = serving({"request_rate": "50", "num_prompts": "300"})[1]
    once = serving({"num_prompts": "300", "length_range": "0.1"})[1]
    assert fast.throughput.mid == pytest.approx(once.throughput.mid, rel=0.15)
    slow = serving({"request_rate": "1", "num_prompts": "300"})[1]
    assert slow.run.rates["requests"] == pytest.approx(1.0, rel=0.15)
    assert slow.ttft.mid < 0.1 * fast.ttft.mid


def test_arrivals_are_held_back_at_a_limit():
    job = placed(Job("llama-3.1-8b", phase="serve", input_tokens=512.0, output_tokens=256.0), 1, GPUS["l40s"])
    server = load.server(checked(job, GPUS["l40s"]), GPUS["l40s"])
    stream = simulate.poisson(300, 5.0, 512.0, 256.0, seed=2)
    free = simulate.simulate(server, stream)
    held = simulate.simulate(server, stream, in_flight=8, paced=True)
    assert np.all(held.arrival >= stream.arrival - 1e-9)

    def most(outcome):
        return max(int(np.sum((outcome.arrival <= at) & (outcome.done > at))) for at in outcome.arrival)

    # Who is told to be done is done on the client, a moment after the engine takes the next.
    assert most(held) <= 9
    assert most(free) > 20
    assert held.ttft.mean() < free.ttft.mean() + 1e-9


def test_which_jobs_are_runs():
    def job(options, **columns):
        return Job("llama-3.1-8b", phase="serve", options=options, **columns)

    assert is_run(job({"num_prompts": "100"}))
    assert is_run(job({"request_rate": "3", "max_concurrency": "8"}))
    assert not is_run(job({"request_rate": "3"}))
    assert not is_run(replace(job({"num_prompts": "100"}), phase="decode"))
    assert at_random(job({"request_rate": "3"}))
    assert not at_random(job({"request_rate": "inf"}))
    assert in_flight(job({"request_rate": "inf"})) == 1000
    assert in_flight(job({"request_rate": "inf", "max_concurrency": "8"})) == 8
    assert in_flight(job({"request_rate": "3", "max_concurrency": "8"})) is None


@pytest.mark.parametrize(("name", "time", "how"), [
    ("p99_ttft_ms", "ttft", "p99"), ("Median TTFT (ms)", "ttft", "p50"), ("ttft_p90", "ttft", "p90"),
    ("mean_itl_ms", "itl", "mean"), ("e2el p95", "latency", "p95"), ("TPOT", "tpot", "mean"),
    ("99th percentile time per output token", "tpot", "p99"), ("inter_token_latency", "itl", "mean"),
    ("p50 e2e latency", "latency", "p50"), ("request latency", "latency", "mean"),
])  # fmt: skip
def test_names_of_statistics(name, time, how):
    assert statistic(name)[:2] == (time, how)
    assert (metric(name).time, metric(name).how) == (time, how)


@pytest.mark.parametrize("name", ["throughput", "latency_per_batch", "images/s", "ttft cold", "nonsense"])
def test_names_that_are_no_statistics(name):
    assert statistic(name) is None


def test_a_percentile_that_is_not_told_is_refused():
    with pytest.raises(UsageError, match=r"no p99\.9; use p50, p90, p95, p99"):
        statistic("p99.9 ttft")
    refused = answers(("ttft_p75", "ms"), options="num_prompts=100")["ttft_p75"]
    assert "no p75" in refused.error


def test_rows_tell_means_medians_and_percentiles_apart():
    asked = (("ttft", "ms"), ("median_ttft_ms", ""), ("ttft_p99", "s"), ("itl", "ms"), ("tpot", "ms"))
    found = answers(*asked, options="num_prompts=400;dataset=sharegpt;request_rate=inf")
    assert not any(one.error for one in found.values())
    _, answer = serving({"num_prompts": "400", "dataset": "sharegpt", "request_rate": "inf"})
    run = answer.run
    assert found["ttft"].value == pytest.approx(1e3 * run.of("ttft", "mean"), rel=1e-6)
    assert found["median_ttft_ms"].value == pytest.approx(1e3 * run.of("ttft", "p50"), rel=1e-6)
    assert found["median_ttft_ms"].unit == "ms"
    assert found["ttft_p99"].value == pytest.approx(run.of("ttft", "p99"), rel=1e-6)
    assert found["itl"].value == pytest.approx(1e3 * run.of("itl", "mean"), rel=1e-6)
    assert found["tpot"].value > found["itl"].value
    assert all(one.low < one.value < one.high for one in found.values())


@pytest.mark.parametrize("options", ["num_prompts=200", "request_rate=2", ""])
def test_rates_count_what_they_say(options):
    columns = {} if options else {"concurrency": "16"}
    asked = (("throughput", "output tokens/s"), ("throughput", "total tokens/s"), ("throughput", "tokens/s"))
    made = [answers(one, options=options, **columns)["throughput"].value for one in asked]
    assert made[1] == pytest.approx(3.0 * made[0])
    assert made[2] == made[0]
    named = answers(("total_token_throughput", "tokens/s"), ("request_throughput", "req/s"),
                    ("input_throughput", ""), options=options, **columns)  # fmt: skip
    assert named["total_token_throughput"].value == pytest.approx(made[1])
    assert named["request_throughput"].value == pytest.approx(made[0] / 256)
    assert named["input_throughput"].value == pytest.approx(2.0 * made[0])


def test_percentiles_of_jobs_without_an_end_lie_around_their_means():
    names = ("ttft", "ttft_p50", "ttft_p99", "tpot", "tpot_p99")
    closed = answers(*((name, "ms") for name in names), concurrency="32")
    assert closed["ttft_p50"].value < closed["ttft"].value < closed["ttft_p99"].value
    assert closed["tpot"].value <= closed["tpot_p99"].value
    arriving = answers(("ttft_p50", "ms"), ("ttft_p99", "ms"), options="request_rate=4")
    assert arriving["ttft_p50"].value < arriving["ttft_p99"].value
    beyond = answers(("ttft_p99", "ms"), options="request_rate=400")["ttft_p99"]
    assert "beyond the capacity" in beyond.error
    pictures = answers(("ttft_p99", "ms"), workload="resnet50", phase="infer")["ttft_p99"]
    assert "TTFT is of phase serve" in pictures.error


def test_a_data_set_that_is_not_known_is_refused():
    refused = answers(("ttft", "ms"), options="num_prompts=100;dataset=alpaca")["ttft"]
    assert "none of random, sonnet, sharegpt" in refused.error
    assert "output_lengths=" in refused.error


def test_lengths_that_are_stated_come_before_the_data_set():
    _, stated = serving({"num_prompts": "300", "dataset": "sharegpt", "length_range": "0"})
    _, alike = serving({"num_prompts": "300", "ignore_eos": "true"})
    assert stated.throughput.mid == pytest.approx(alike.throughput.mid)


def test_predict_prints_the_run(capsys):
    line = ["predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", "--option", "num_prompts=200",
            "--option", "request_rate=inf", "--option", "dataset=sharegpt"]  # fmt: skip
    assert main(line) == 0
    text = capsys.readouterr().out
    assert "The run" in text
    assert "total tokens/s" in " ".join(text.split())
    assert "--dataset-name sharegpt" in " ".join(text.split())
    assert main([*line, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"]["rates"]["output"] == pytest.approx(told["value"]["mid"])
    assert told["ttft"]["mid"] == pytest.approx(told["run"]["ttft"]["mean"])


VLLM = {
    "backend": "vllm", "model_id": "meta-llama/Llama-3.1-8B-Instruct", "num_prompts": 500,
    "request_rate": "inf", "max_concurrency": None, "completed": 500,
    "total_input_tokens": 256000, "total_output_tokens": 128000,
    "output_throughput": 2000.0, "mean_ttft_ms": 12000.0, "median_ttft_ms": 11000.0, "p99_ttft_ms": 30000.0,
    "mean_tpot_ms": 80.0, "median_tpot_ms": 79.0, "p99_tpot_ms": 120.0, "mean_itl_ms": 79.0,
    "median_itl_ms": 60.0, "p99_itl_ms": 200.0, "input_lens": [400, 624], "output_lens": [200, 312],
}  # fmt: skip


def test_validate_holds_every_statistic_of_a_run(tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(VLLM), encoding="utf-8")
    table, cells = read_results(path, {"gpu": "l40s"}, every=True)
    rows = {row[table.columns.index("metric")]: dict(zip(table.columns, row, strict=True)) for row in cells}
    assert set(rows) >= {"throughput", "ttft", "ttft_p50", "ttft_p99", "tpot_p50", "itl", "itl_p99"}
    said = rows["ttft"]["options"]
    assert said.startswith("num_prompts=500;input_lengths=lognormal mean 512 cv 0.21")
    assert main(["validate", str(path), "--gpu", "l40s", "--by", "metric", "--json"]) == 0
    assert "ttft_p99" in capsys.readouterr().out


def test_a_limit_and_an_end_of_a_run_at_a_rate_are_read(tmp_path):
    path = tmp_path / "run.json"
    run = {**VLLM, "request_rate": 4.0, "max_concurrency": 64, "burstiness": 0.5, "input_lens": None}
    path.write_text(json.dumps({**run, "output_lens": [256, 256]}), encoding="utf-8")
    table, cells = read_results(path, {"gpu": "l40s"}, every=True)
    options = cells[0][table.columns.index("options")]
    assert options == "request_rate=4;num_prompts=500;max_concurrency=64;burstiness=0.5;output_lengths=256"


def test_the_table_of_the_document_is_answered(tmp_path, capsys):
    from test_serving_document import DOCUMENT

    text = DOCUMENT.read_text(encoding="utf-8")
    shown = next(part for part in text.split("```csv\n")[1:] if part.startswith("id,")).split("```")[0]
    path = tmp_path / "jobs.csv"
    path.write_text(shown, encoding="utf-8")
    out = tmp_path / "out.csv"
    assert main(["predict", "--jobs", str(path), "--out", str(out)]) == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 4
    assert not any(row["error"] for row in rows)
    capsys.readouterr()


@pytest.mark.parametrize(("line", "status", "said"), [
    ("--slo 'ttft p90 300'", 2, "'ttft p90 300': '300' has no unit; write \"ttft p90 300 ms\""),
    ("--slo 'ttft 1 GB'", 2, "'ttft 1 GB': '1 gb' is not a time"),
    ("--slo 'throughput 1000 tokens/s'", 2, "a throughput is a load, --rate, or of each: 20 tokens/s"),
    ("--slo 'tpot 50 ms' --concurrency 32", 2, "leave --concurrency out"),
    ("--slo 'tpot 50 ms' --option num_prompts=100", 2, "leave option num_prompts out"),
    ("--curve concurrency --rate 4/s", 2, "--rate is of the other: leave it out, or write --curve rate"),
    ("--curve rate --concurrency 8", 2, "write --curve concurrency"),
    ("--rate inf", 2, "write --option request_rate=inf --option num_prompts=1000"),
    ("--rate -3/s", 2, 'write "3 req/s"'),
    ("--rate 4/s --concurrency 8", 2, "--option max_concurrency=8"),
    ("--option num_prompts=1.5", 2, "1.5 is no whole number; write num_prompts=2"),
    ("--option num_prompts=1000000", 2, "more than the 100,000 that are simulated; write num_prompts=100000"),
    ("--concurrency 64 --option max_concurrency=32", 2, "contradict each other; keep one"),
    ("--option num_prompts=100,request_rate=inf", 2, "--option num_prompts=100 --option request_rate=inf"),
    ("--option 'num_prompts=100 request_rate=inf'", 2, "in a table num_prompts=100;request_rate=inf"),
    ("--option ignore_eos=maybe", 2, "neither true nor false; write ignore_eos=true"),
    ("--option prefix_hit=50", 2, "write prefix_hit=50% for so many per cent"),
    ("--input-tokens 1024,2048", 2, "'1024,2048' is no number of tokens"),
    ("--concurrency 1,8,32", 2, "of several loads at once --curve concurrency tells"),
    ("--option numprompts=100", 0, "numprompts (did you mean num_prompts?)"),
    ("--option num-prompts=100", 0, "The run"),
    ("--option max_concurrency=none", 0, "256 requests in flight"),
    ("--input-tokens 200000 --option num_prompts=4", 0, "more than the 131,072 that the model was made for"),
])  # fmt: skip
def test_what_users_type_is_answered_or_mended(capsys, line, status, said):
    words = ["predict", "llama-3.1-8b", "--gpu", "l40s", *shlex.split(line)]
    phase = [] if "--slo" in words or "--curve" in words or "--rate" in words else ["--phase", "serve"]
    assert main([*words, *phase]) == status
    captured = capsys.readouterr()
    assert said in " ".join((captured.err if status else captured.out).split())


def test_commas_of_thousands_are_no_list(capsys):
    assert (
        main(["predict", "llama-3.1-8b", "--gpu", "l40s", "--phase", "serve", "--input-tokens", "1,024"]) == 0
    )
    assert "input_tokens 1024" in capsys.readouterr().out


def test_sglang_keeps_memory_free_for_a_pass():
    """Its share of the card, as `mem_fraction_static` of server_args.py has it: 0.836 of an A100 of 80 GB."""
    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtimes import runtime
    from whichgpu.cost.serving.scheduling import kept_free

    def share(gpu, text="sglang", **columns):
        job = Job("qwen3-32b", phase="serve", **{"tp": 1.0, "pp": 1.0, "n_gpus": 1.0, **columns})
        free = kept_free(runtime(text, text), job, Devices.of([GPUS[gpu]]))
        return None if free is None else 1.0 - float(np.ravel(free)[0]) / GPUS[gpu].value("memory")

    assert share("a100-80gb-sxm") == pytest.approx(0.836, abs=0.003)
    assert share("a100-80gb-sxm", options={"max_num_batched_tokens": "2048"}) == pytest.approx(
        0.875, abs=0.003
    )
    assert share("rtx-4090") == pytest.approx(1.0 - 3760 / 24564, abs=0.01)
    assert share("h200-141gb-sxm", tp=8.0, n_gpus=8.0) < share("h200-141gb-sxm")
    assert share("a100-80gb-sxm", "sglang 0.4.6") is None
    assert share("a100-80gb-sxm", "vllm") is None


def test_a_smaller_pass_leaves_sglang_more_room():
    columns = {"workload": "qwen3-32b", "gpu": "a100-80gb-sxm", "runtime": "sglang", "precision": "bf16"}
    usual = serving({"output_lengths": "exponential mean 256"}, **columns)[0].sequences[0, 0]
    small = serving({"output_lengths": "exponential mean 256", "max_num_batched_tokens": "2048"}, **columns)
    assert small[0].sequences[0, 0] > 1.3 * usual


def test_who_waits_for_prompts_waits_once():
    """Where prompts go first the gaps between tokens sum up to the time after the first ones."""
    server = simulate.Server(
        (0.0, *[0.01] * 40), (0.0,) * 41, (1e-4,) * 41, budget=400.0, mixed=False, room=1e9, token=1.0
    )
    chance = np.random.default_rng(3)
    lengths = chance.integers(20, 200, 100).astype(float)
    stream = simulate.Stream(np.zeros(100), np.full(100, 300.0), np.zeros(100), lengths)
    run = simulate.simulate(server, stream, in_flight=30)
    assert run.weights.sum() == pytest.approx((lengths - 1).sum())
    assert (run.gaps * run.weights).sum() == pytest.approx((run.done - run.first).sum(), rel=1e-6)
    # Most gaps are a pass of tokens alone, few have a pass of prompts in them.
    assert run.gap(0.5) == pytest.approx(0.01)
    assert run.gap(0.999) > 0.03


def test_who_follows_one_that_ended_waits_for_those_that_ended_while_it_was_under_way():
    """Equal answers end one pass after another, and each follower has a way to go: all wait a pass more."""
    counts = 41
    server = simulate.Server((0.0, *[0.01] * 40), (0.0,) * counts, (1e-4,) * counts, budget=300.0)
    stream = simulate.Stream(np.zeros(60), np.full(60, 300.0), np.zeros(60), np.full(60, 50.0))
    at_once, under_way, longer = (
        simulate.simulate(replace(server, first=first), stream, in_flight=20).ttft[45:].mean()
        for first in (0.0, 0.009, 0.019)
    )
    assert at_once == pytest.approx(0.04), "a prompt of 30 ms and a pass"
    assert under_way == pytest.approx(0.08, rel=0.02)
    assert longer == pytest.approx(0.12, rel=0.02)


PRINTED = """Starting main benchmark run...
============ Serving Benchmark Result ============
Successful requests:                     500
Benchmark duration (s):                  60.00
Total input tokens:                      256000
Total generated tokens:                  128000
Output token throughput (tok/s):         2133.33
---------------Time to First Token----------------
Mean TTFT (ms):                          21000.00
Median TTFT (ms):                        20500.00
P99 TTFT (ms):                           45000.00
-----Time per Output Token (excl. 1st token)------
Mean TPOT (ms):                          90.00
P99 TPOT (ms):                           120.00
---------------Inter-token Latency----------------
Mean ITL (ms):                           89.00
==================================================
"""


def test_validate_reads_what_was_printed(tmp_path, capsys):
    path = tmp_path / "run.log"
    path.write_text(PRINTED, encoding="utf-8")
    said = ["--gpu", "l40s", "--workload", "llama-3.1-8b", "--runtime", "vllm", "--by", "metric"]
    assert main(["validate", str(path), *said]) == 0
    text = capsys.readouterr().out
    for metric_ in ("throughput", "ttft_p50", "ttft_p99", "tpot_p99", "itl"):
        assert metric_ in text
    assert "ttft_p90" not in text


def test_validate_reads_what_other_benchmarks_wrote(tmp_path, capsys):
    path = tmp_path / "report.json"
    performance = {"system_output_throughput_tok_s": 9500.0, "avg_request_latency_ms": 1500.0}
    lengths = {"num_requests": 3000, "avg_num_concurrent_requests": 63.9, "avg_input_length": 128.0,
               "avg_output_length": 256.0}  # fmt: skip
    whole = {"engine": {"model": "meta-llama/Llama-3.1-8B", "quantization": "FP8"},
             "world_info": {"tp_size": 1, "max_batch_size": 2048},
             "request_info": lengths, "performance": performance}  # fmt: skip
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert main(["validate", str(path), "--gpu", "h100-80gb-sxm", "--by", "metric", "--json"]) == 0
    assert {"throughput", "latency"} <= set(json.loads(capsys.readouterr().out)["groups"])
    assert main(["validate", str(path)]) == 2
    assert "add --gpu" in capsys.readouterr().err
    other = tmp_path / "other.json"
    other.write_text('{"engine": {"model": "llama-3.1-8b"}, "performance": {}}', encoding="utf-8")
    assert main(["validate", str(other), "--gpu", "l40s"]) == 2
    assert "whichgpu bench import other.json" in capsys.readouterr().err


def test_high_percentiles_of_gaps_have_wider_intervals():
    found = answers(("tpot", "ms"), ("tpot_p50", "ms"), ("tpot_p99", "ms"), ("itl_p99", "ms"),
                    options="num_prompts=200")  # fmt: skip
    wide = {name: one.high / one.low for name, one in found.items()}
    assert wide["tpot"] == pytest.approx(wide["tpot_p50"])
    assert wide["tpot_p99"] > 1.2 * wide["tpot"]
    assert wide["itl_p99"] == pytest.approx(wide["tpot_p99"])


@pytest.mark.parametrize(
    ("runtime", "columns", "options", "equal"),
    [
        ("vLLM 0.15", {}, {}, True),
        (None, {}, {}, True),
        ("vLLM 0.15", {"output_tokens": 217.4}, {}, False),
        ("vLLM 0.15", {"concurrency": None}, {"request_rate": "4"}, False),
        ("vLLM 0.15", {}, {"dataset": "sharegpt"}, False),
        ("vLLM 0.15", {}, {"input_lengths": "uniform 1 to 1023"}, False),
        ("SGLang 0.5.6", {}, {}, False),
        ("lmdeploy 0.9", {}, {}, False),
    ],
)
def test_vllm_s_generator_sends_equal_requests_unless_told_otherwise(runtime, columns, options, equal):
    columns = {"input_tokens": 512.0, "output_tokens": 256.0, "concurrency": 32.0, **columns}
    asked = Job(
        "llama-3.1-8b", phase="serve", runtime=runtime, options={"num_prompts": "320", **options}, **columns
    )
    assert (in_loop(asked).options.get("length_range") == "0") is equal
    # Of a server nothing is said of who sends.
    assert "length_range" not in in_loop(replace(asked, runtime="vLLM 0.15", options={})).options


def test_a_row_of_a_run_under_vllm_has_equal_lengths():
    """A short prompt that comes beside 31 that go in step waits for theirs."""
    asked = {"concurrency": "32", "runtime": "vLLM 0.15"}
    alike, stated, differ = (
        answers(("ttft", "ms"), options=f"num_prompts=320{more}", **asked)["ttft"].value
        for more in ("", ";length_range=0", ";length_range=0.1")
    )
    assert alike == stated > differ
