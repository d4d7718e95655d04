"""Serving load against a small local server with known delays, and with every kind of misbehaviour."""

from __future__ import annotations

import json
import re
import shlex
import socket
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from tests.serving_stub import Behaviour, running
from whichgpu.bench import serving
from whichgpu.bench.journal import Journal, read
from whichgpu.bench.serving import Plan
from whichgpu.bench.serving_http import Limits, Outcome, Target
from whichgpu.bench.serving_load import GONE, Load, Run, arrivals
from whichgpu.bench.serving_prompts import Asked, requests
from whichgpu.bench.serving_summary import summary
from whichgpu.cli import main
from whichgpu.errors import UsageError

pytestmark = pytest.mark.slow

#: As a busy machine needs them; what waits for a limit to pass has its own.
QUICK = Limits(connect=2.0, silence=5.0, whole=30.0)


@pytest.fixture(scope="module")
def server():
    with running() as one:
        yield one


@pytest.fixture(autouse=True)
def _calm(server):
    server.behaviour = Behaviour()


def reached(stub, *, chat=False):
    return serving.reach(Target(serving.base(stub.url), "", chat, limits=QUICK))


def measured(stub, load, count=12, output="9", **more):
    plan = Plan(Asked("60", output), count, **more)
    return next(serving.measure(reached(stub), plan, [load], {"workload": "llama-3.1-8b", "gpu": "l40s"}))


def test_a_server_says_what_it_is(server):
    found = reached(server)
    assert (found.engine, found.version, found.target.model) == ("vllm", "0.11.0", "org/llama-3.1-8b")
    assert found.per_word == pytest.approx(1.5)
    assert dict(found.target.extra) == {"ignore_eos": True}


def test_a_closed_loop_measures_the_delays_of_the_server(server):
    found = measured(server, Load(concurrency=4)).found
    assert (found.answered, found.sent, found.faults) == (12, 12, {})
    assert server.behaviour.most == 4
    assert found.output_tokens == 9
    assert found.input_tokens == pytest.approx(60, abs=1)
    # A loaded machine only makes it later: what the server waits is the least.
    assert found.times["ttft"]["p50"] >= 0.030
    assert found.times["tpot"]["p50"] >= 0.003
    assert found.times["itl"]["mean"] >= 0.003
    assert found.times["latency"]["p50"] >= found.times["ttft"]["p50"] + 8 * 0.005
    assert found.times["ttft"]["p50"] <= found.times["ttft"]["p99"]
    assert found.in_flight == pytest.approx(4, rel=0.6)
    assert found.output_rate == pytest.approx(9 * found.request_rate)


def test_an_open_loop_sends_at_its_rate_whatever_is_answered(server):
    server.behaviour.first = 0.12
    one = measured(server, Load(rate=60.0), count=30, seed=3)
    assert one.found.answered == 30
    # When each is due comes from the rate alone; a loaded machine may send it later, never earlier.
    times = sorted((outcome.due, outcome.sent) for outcome in one.outcomes)
    due, sent = np.array(times).T
    wanted = arrivals(30, Load(rate=60.0), np.random.default_rng(3 + 1))
    assert due - due[0] == pytest.approx(wanted[-len(due) :] - wanted[-len(due)], abs=1e-9)
    assert (sent - due).min() > -1e-3
    # Not one after another's answer.
    assert server.behaviour.most > 4


def test_arrivals_are_poisson_or_in_bursts():
    chance = np.random.default_rng(0)
    plain = np.diff(arrivals(20_000, Load(rate=5.0), chance))
    bursts = np.diff(arrivals(20_000, Load(rate=5.0, burstiness=0.25), chance))
    assert plain.mean() == pytest.approx(0.2, rel=0.03)
    assert plain.std() / plain.mean() == pytest.approx(1.0, rel=0.03)
    assert bursts.mean() == pytest.approx(0.2, rel=0.06)
    assert bursts.std() / bursts.mean() == pytest.approx(2.0, rel=0.06)


def test_lengths_are_fixed_or_drawn_and_prompts_differ():
    fixed = requests(Asked("30", "7"), 5, seed=1)
    assert [len(one.prompt.split()) for one in fixed] == [30] * 5
    assert {one.output for one in fixed} == {7}
    assert len({one.prompt for one in fixed}) == 5
    assert requests(Asked("30", "7"), 5, seed=1) == fixed
    drawn = requests(Asked("lognormal mean 40 p90 80", "uniform 10 to 30"), 400, seed=1, per_word=2.0)
    assert np.mean([one.input for one in drawn]) == pytest.approx(40, rel=0.1)
    assert {one.output for one in drawn} <= set(range(10, 31))
    assert len(drawn[0].prompt.split()) == pytest.approx(drawn[0].input / 2, abs=1)
    marked = requests(Asked("30", "7"), 2, seed=1, mark="mark")
    assert [one.prompt.split()[0] for one in marked] == ["mark", "mark"]
    assert [len(one.prompt.split()) for one in marked] == [30, 30]
    shared = requests(Asked("40", "7", shared=0.5), 3, seed=1)
    assert len({tuple(one.prompt.split()[:20]) for one in shared}) == 1
    assert len({tuple(one.prompt.split()[20:]) for one in shared}) == 3


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("stall", "stalled", "nothing came for 0.4 s"),
        ("close", "closed", "ended before the answer"),
        ("cut", "closed", r"without \[DONE\]"),
        ("garbage", "garbage", "no answer"),
        ("error", "error", "out of memory"),
        ("429", "status", "HTTP 429: .*too busy"),
        ("500", "status", "HTTP 500"),
    ],
)
def test_every_failure_is_counted_and_said_and_the_rest_goes_on(server, fault, kind, words):
    reached(server)
    server.behaviour = Behaviour(usage=fault != "cut")
    plan = Plan(Asked("20", "4"), 6)
    target = reached(server)
    if fault == "stall":
        target = replace(target, target=replace(target.target, limits=Limits(2.0, 0.4, 30.0)))
    server._count = 0
    server.behaviour.fault, server.behaviour.every = fault, 3
    one = next(
        serving.measure(target, plan, [Load(concurrency=2)], {"workload": "llama-3.1-8b", "gpu": "l40s"})
    )
    if fault == "cut":
        # Only the end tells: without usage and [DONE] the whole of it is gone.
        assert one.found.faults["closed"] >= 2
    else:
        assert one.found.faults == {kind: 2}
        assert one.found.answered == 4
    assert len([text for text in one.found.reasons if re.search(words, text)])
    assert "failed: the rest are of a lighter load" in " ".join(one.found.warnings)
    assert all("failed: the rest" in row.row["notes"] for row in one.records), "also in the table of rows"


def test_a_request_may_take_so_long_and_no_longer(server):
    found = reached(server)
    server.behaviour.between = 0.1
    short = replace(found, target=replace(found.target, limits=Limits(2.0, 5.0, 0.3)))
    one = next(serving.measure(short, Plan(Asked("20", "50"), 2), [Load(concurrency=2)], {"workload": "x"}))
    assert one.found.faults == {"timeout": 2}
    assert [row.status for row in one.records] == ["failed"]
    assert "no end of the answer within 0.3 s" in one.records[0].reason


def test_a_server_that_is_gone_ends_the_run(server):
    found = reached(server)
    server.behaviour.fault = "500"
    loads = [Load(concurrency=1), Load(concurrency=2)]
    done = list(serving.measure(found, Plan(Asked("20", "4"), 40), loads, {"workload": "x"}))
    assert len(done) == 1
    assert done[0].found.sent == GONE
    assert "requests in a row failed, the last: status" in done[0].found.warnings[0]


def test_a_load_in_which_a_server_went_is_measured_again(server, tmp_path):
    """Its figures are of a part of it: no row, an exit status of its own, and --resume has it to do."""
    from whichgpu.report.served import report

    found = reached(server)
    loads = [Load(concurrency=1), Load(concurrency=2)]
    plan = Plan(Asked("20", "2"), 30)

    def dies(_):
        server.behaviour.fault = "500" if len(server.behaviour.seen) > 40 else ""

    out = tmp_path / "s.csv"
    with Journal(out) as journal:
        done = list(serving.measure(found, plan, loads, {"workload": "x"}, journal, told=dies))
        assert [bool(one.gave_up) for one in done] == [False, True]
        assert done[1].found.answered
        assert {one.task["concurrency"] for one in journal.records} == {1}
        said = report(found, done, {}, (), (out, len(journal.records), 0))
        assert said.exit_code == 3
        assert "gone in the load of 2 in flight; it is not in" in said.complaint
        server.behaviour.fault = ""
        again = list(serving.measure(found, plan, loads, {"workload": "x"}, journal))
    assert [one.load.concurrency for one in again] == [2]


def test_a_server_that_does_not_stream_or_count_is_said_to(server):
    server.behaviour.usage = False
    found = measured(server, Load(concurrency=2), count=4).found
    assert found.answered == 4
    assert found.output_tokens == 9
    assert "counts no tokens" in " ".join(found.warnings)
    server.behaviour = Behaviour(fault="whole")
    found = measured(server, Load(concurrency=2), count=4).found
    assert found.answered == 4
    assert "does not stream" in " ".join(found.warnings)


def test_a_server_that_refuses_fields_or_has_only_a_chat(server):
    server.behaviour.strict = True
    assert "refuses ignore_eos" in " ".join(reached(server).said)
    server.behaviour = Behaviour(chat_only=True)
    found = reached(server)
    assert found.target.chat
    done = next(serving.measure(found, Plan(Asked("20", "5"), 3), [Load(concurrency=1)], {"workload": "x"}))
    # The first part of a chat has a role and no token.
    assert (done.found.answered, done.found.times["ttft"]["p50"] >= 0.03) == (3, True)


def test_no_server_is_said_plainly(capsys):
    with pytest.raises(UsageError, match="is the server up"):
        serving.reach(Target("http://127.0.0.1:9/v1", "", limits=QUICK))
    with pytest.raises(UsageError, match=r"request .refused: no connection to 127\.0\.0\.1:9 .Conn"):
        serving.reach(Target("http://127.0.0.1:9/v1", "some-model", limits=QUICK))
    for text in ("ftp://x", "", "http://", "localhost:99999", "localhost:port"):
        with pytest.raises(UsageError, match="no address of a server"):
            serving.base(text)
    assert serving.base("localhost:8000/") == "http://localhost:8000/v1"
    assert main(["bench", "serve-load", "127.0.0.1:9"]) == 2
    assert "is the server up" in capsys.readouterr().err


def test_a_server_that_hangs_is_told_from_one_that_refuses():
    """Within the time for a connection, and not asked at five addresses what it is."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with pytest.raises(UsageError, match=rf"nothing came for {QUICK.connect:g} s; is the server up"):
            serving.reach(Target(url, "", limits=QUICK))
        start = time.monotonic()
        with pytest.raises(UsageError, match="no answer to a first request"):
            serving.reach(Target(url, "some-model", limits=QUICK))
        assert time.monotonic() - start < QUICK.connect + QUICK.silence + 2.0
    with pytest.raises(UsageError, match="no connection"):
        serving.reach(Target(url, "", limits=QUICK))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"HTTP/1.1 500 X\r\nContent-Length: 11\r\n\r\nengine dead", r"status 500 .engine dead.; look at"),
        (b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n", "status 401; it wants a key: set OPENAI_API_KEY"),
        (b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", "status 404; name it: --model NAME"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\n<html>", "no JSON; is this the address of an OpenAI"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 13\r\n\r\n{\"data\": [1]}", "no model is listed; name it"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no JSON; is this the address of an OpenAI"),
    ],
)  # fmt: skip
def test_what_answers_and_is_no_such_server_is_said(sent, said):
    """An error status with the server's words, a key that is wanted, another program's port."""
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        there.listen(1)

        def answer():
            one, _ = there.accept()
            with one:
                one.recv(4096)
                one.sendall(sent)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(UsageError, match=said):
            serving.reach(Target(f"http://127.0.0.1:{there.getsockname()[1]}/v1", "", limits=QUICK))


def test_no_load_finds_its_prompts_in_the_servers_cache(server):
    found = reached(server)
    server.behaviour.seen.clear()
    loads = [Load(concurrency=1), Load(concurrency=2)]
    list(serving.measure(found, Plan(Asked("30", "2", shared=0.5), 3), loads, {"workload": "x"}))
    starts = [one["prompt"].split()[0] for one in server.behaviour.seen]
    assert len(set(starts[:3])) == len(set(starts[3:])) == 1
    assert starts[0] != starts[3]


def test_rows_are_of_the_schema_and_resumed(server, tmp_path):
    out = tmp_path / "rows.csv"
    plan, columns = (
        Plan(Asked("30", "5"), 4),
        {"workload": "llama-3.1-8b", "gpu": "l40s", "n_gpus": 1, "source": "t"},
    )
    loads = [Load(concurrency=1), Load(rate=50.0)]
    found = reached(server)
    with Journal(out) as journal:
        first = list(serving.measure(found, plan, loads[:1], columns, journal))
    with Journal(out, resume=True) as journal:
        second = list(serving.measure(found, plan, loads, columns, journal))
    assert [len(first), len(second)] == [1, 1]
    assert [str(one.load) for one in second] == ["50 requests/s"]
    kept = read(out)
    assert [one.row["metric"] for one in kept] == ["throughput", "ttft", "tpot", "latency"] * 2
    assert {one.row["phase"] for one in kept} == {"serve"}
    assert kept[0].row["concurrency"] == "1"
    assert kept[4].row["options"] == "request_rate=50"
    assert kept[0].context["serving"]["ttft"]["p99"] >= 0.03
    assert float(kept[1].row["spread"]) > 0.0
    assert main(["validate", str(out), "--by", "metric", "--json"]) == 0


def test_the_command(server, tmp_path, capsys):
    out = tmp_path / "rows.csv"
    args = ["bench", "serve-load", server.url, "--concurrency", "1,2", "--input-tokens", "30",
            "--output-tokens", "5", "--requests", "4", "--gpu", "l40s",
            "--slo", "ttft p90 9 s, tpot 0.0000001 ms"]  # fmt: skip
    assert main([*args, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["server"]["engine"] == "vllm"
    assert [one["concurrency"] for one in told["loads"]] == [1, 2]
    assert told["loads"][0]["rows"][0]["predicted"]["mid"] > 0
    assert [one["held"] for one in told["loads"][0]["slo"]] == [True, False]
    assert told["loads"][0]["goodput"] == 0.0
    assert out.read_text().count("\n") == 9
    assert main([*args, "--slo", "ttft p90 9 s, tpot 9 s", "--json"]) == 0
    loose = json.loads(capsys.readouterr().out)["loads"][0]
    assert loose["goodput"] == pytest.approx(loose["request_rate"])
    assert main([*args, "--plain"]) == 0
    text = capsys.readouterr().out
    for words in ("TTFT", "ITL", "p99", "Predicted beside measured", "missed"):
        assert words in text
    why = text.partition("outside of its interval: whichgpu ")[2].partition("\n\n")[0]
    assert main([*shlex.split(why), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] in ("fast", "impossible")
    assert main([*args, "--out", str(out)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*args, "--out", str(out), "--resume"]) == 0
    assert "2 loads were in it already" in " ".join(capsys.readouterr().out.split())
    for wrong, words in (
        (["--rate", "1"], "give one of them"), (["--concurrency", "3"], "write it once, as A,B"),
        (["--input-tokens", "lots"], "no distribution"), (["--gpu", "x9"], "no GPU"),
    ):  # fmt: skip
        assert main([*args, *wrong]) == 2
        assert words in capsys.readouterr().err
    assert main([*args[:3], "--concurrency", "0", *args[5:]]) == 2
    assert "numbers above zero" in capsys.readouterr().err
    assert main([*args[:-4], "--out", str(tmp_path / "y.csv")]) == 2
    assert "rows need the GPU" in capsys.readouterr().err


@pytest.mark.parametrize("how", [{"usage": False}, {"zero": True}, {"unended": True}])
def test_a_server_that_counts_nothing_is_counted_by_its_parts(server, how):
    server.behaviour = Behaviour(**how)
    one = measured(server, Load(concurrency=2), count=4)
    assert one.found.answered == 4
    assert one.found.output_tokens == 9
    assert {record.row["output_tokens"] for record in one.records} == {"9"}
    # Prompts nobody counted are as long as was asked for, and no row is left without a length.
    assert {record.row["input_tokens"] for record in one.records} == {"60"}
    uncounted = any("counts no tokens" in text for text in one.found.warnings)
    assert uncounted == ("unended" not in how)


def test_an_answer_in_one_part_has_no_time_a_token(server):
    server.behaviour = Behaviour(fault="whole")
    found = measured(server, Load(concurrency=1), count=3).found
    assert "tpot" not in found.times
    assert any("does not stream" in text for text in found.warnings)


def test_a_wait_behind_the_last_answer_is_no_part_of_the_rate():
    def at(sent, ended, **more):
        return Outcome(sent, sent, ended, (sent + 0.1, ended), 10.0, 20.0, True, **more)

    good = tuple(at(i, i + 1.0) for i in range(10))
    silent = at(10.0, 70.0, fault="stalled", reason="nothing came for 60 s")
    found = summary(Run(Load(concurrency=1), (*good, silent), 0.0, 70.0))
    assert found.output_rate == pytest.approx(20.0)
    assert found.faults == {"stalled": 1}
