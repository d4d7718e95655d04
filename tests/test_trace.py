"""`predict --trace`: recorded requests served by the simulated replicas."""

from __future__ import annotations

import json

import numpy as np
import pytest

from whichgpu import api
from whichgpu.cli import main
from whichgpu.cost.job.placing import placed
from whichgpu.cost.serving import curve, trace
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report.trace import report

L40S = catalogue()["l40s"]


def written(path, count=3000, rate=4.0, header="arrival,input,output", **shape):
    chance = np.random.default_rng(7)
    arrival = np.cumsum(chance.exponential(1.0 / rate, count)) + shape.get("start", 0.0)
    prompt = np.full(count, 512) if "prompt" not in shape else shape["prompt"](chance, count)
    rows = [f"{a:.6f},{i},256" for a, i in zip(arrival, prompt, strict=True)]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


def job(count=1, **columns):
    return placed(api.job("llama-3.1-8b", phase="serve", **columns), count, L40S)


def test_a_random_trace_of_equal_requests_is_what_the_model_says(tmp_path):
    found = trace.replay(job(), L40S, trace.read(written(tmp_path / "a.csv", start=1e6)))
    assert found.at is not None
    assert found.trace.rate == pytest.approx(4.0, rel=0.05)
    assert found.trace.burstiness == pytest.approx(1.0, abs=0.15)
    assert found.tails.tpot["mean"] == pytest.approx(found.at.tpot[0], rel=0.1)
    assert found.tails.ttft["mean"] == pytest.approx(found.at.ttft[0], rel=0.1)
    assert 0.0 < found.busy <= 1.0
    # What came in went out.
    assert np.array_equal(found.outcome.output, found.trace.output)


def test_replicas_share_a_trace(tmp_path):
    read = trace.read(written(tmp_path / "a.csv"))
    one, two = (trace.replay(job(count, tp=1.0), L40S, read) for count in (1, 2))
    assert len(two.outcome.arrival) == len(read.arrival)
    assert two.tails.tpot["mean"] < one.tails.tpot["mean"]
    assert two.capacity == pytest.approx(2.0 * one.capacity, rel=0.01)


def test_bursts_wait_longer(tmp_path):
    even = written(tmp_path / "a.csv")
    lines = even.read_text(encoding="utf-8").splitlines()
    # Twenty at a time, at the same mean rate.
    stamps = [float(line.split(",")[0]) for line in lines[1:]]
    bursts = [f"{stamps[i - i % 20]},{line.split(',', 1)[1]}" for i, line in enumerate(lines[1:])]
    other = tmp_path / "b.csv"
    other.write_text("\n".join([lines[0], *bursts]), encoding="utf-8")
    calm, rough = (trace.replay(job(), L40S, trace.read(path)) for path in (even, other))
    assert rough.trace.burstiness < 0.2 < calm.trace.burstiness
    assert rough.tails.ttft["p90"] > 1.5 * calm.tails.ttft["p90"]


def test_burstiness_of_a_load_lengthens_its_tails():
    asked = curve.checked(job(), L40S)
    table, _ = curve.ready(asked, L40S)
    rough = curve.checked(job(options={"burstiness": "0.2"}), L40S)
    tails = [curve.simulator(one, L40S, table).tails("rate", 0.5 * table.capacity) for one in (asked, rough)]
    assert tails[1].ttft["p99"] > 1.2 * tails[0].ttft["p99"]
    assert tails[1].tpot["p99"] > tails[0].tpot["p99"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column 'arrival'"),
        ("arrival,input\n1,2\n", "no column 'output'"),
        ("arrival,input,output\n1,2,3\n", "at least two"),
        ("arrival,input,output\n1,2,3\n1,x,3\n", "line 3"),
        ("arrival,input,output\n1,2,3\n2,0,3\n", "lengths are at least 1"),
        ("timestamp,prompt_tokens,completion_tokens\n1,2,3\n-1,2,3\n", "not below 0"),
    ],
)
def test_what_is_no_trace_is_said(tmp_path, text, says):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        trace.read(path)


def test_a_request_that_is_too_long_is_refused(tmp_path):
    read = trace.read(
        written(tmp_path / "a.csv", prompt=lambda chance, n: np.append(np.full(n - 1, 64), 200_000))
    )
    with pytest.raises(UsageError, match="more than the 131,072"):
        trace.replay(job(), L40S, read)


def test_the_command_says_the_same_in_words_and_in_json(tmp_path, capsys):
    path = str(written(tmp_path / "a.csv", header="timestamp,input_tokens,output_tokens"))
    words = ["predict", "llama-3.1-8b", "--gpu", "l40s", "--trace", path]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main([*words, "--plain"]) == 0
    text = capsys.readouterr().out
    assert told["trace"]["requests"] == 3000
    assert "3,000 requests" in text
    assert told["ttft"]["low"] < told["ttft"]["mean"] < told["ttft"]["high"]
    assert told["ttft"]["p50"] <= told["ttft"]["p90"] <= told["ttft"]["p99"]
    assert main([*words, "--slo", "tpot 1 s"]) == 2
    assert main(["predict", "resnet50", "--gpu", "l40s", "--trace", path]) == 2


def test_a_data_set_that_is_sent_at_once_is_answered_as_fast_as_the_replica_can(tmp_path):
    """As load generators do at an infinite rate; the last long answers leave the replica half empty."""
    path = tmp_path / "burst.csv"
    lines = [f"0,{100 + 10 * (one % 40)},{50 + 10 * (one % 30)}" for one in range(400)]
    path.write_text("\n".join(["arrival,input,output", *lines]), encoding="utf-8")
    requests = trace.read(path)
    assert requests.at_once
    found = trace.replay(job(precision="bf16", runtime="vllm"), L40S, requests)
    tokens, seconds = float(requests.output.sum()), float(found.outcome.done.max())
    assert found.at is None
    assert 0.3 * found.capacity * requests.output.mean() < tokens / seconds
    assert tokens / seconds < 1.05 * found.capacity * requests.output.mean()
    told = report(found)
    assert "400 requests at once" in told.blocks[0]
    json.dumps(told.data, allow_nan=False)
