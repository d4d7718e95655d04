"""`recommend --slo`: the cheapest fleet of replicas that holds a load within objectives."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import whichgpu
from whichgpu.cli import main
from whichgpu.cost.job.requests import read_rate
from whichgpu.cost.serving import curve, replicas, slo
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.fleets.asked import Asked, in_formats, read
from whichgpu.planner.fleets.ranking import fleets
from whichgpu.planner.fleets.search import Load
from whichgpu.planner.fleets.ways import name, ways
from whichgpu.planner.fleets.why import explained
from whichgpu.planner.request import read_request
from whichgpu.prices import purchase
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow

GPUS = catalogue()
TODAY = date(2026, 11, 20)
SLO = "ttft p90 1 s, tpot 50 ms"


def ask(workload="llama-3.1-8b", text=SLO, rate="20 req/s", *, columns=(), **wishes):
    users, pause = wishes.pop("users", None), wishes.pop("pause", "0 s")
    job = Job(workload, **dict(columns))
    request, own = read_request(job, GPUS, today=TODAY, **wishes)
    terms, load = read(request, Asked(text, rate, users, pause))
    return fleets(request, terms, load, GPUS, own)


def test_the_fleet_that_draws_least_comes_first_where_energy_is_asked_for():
    asked = {"gpus": ["h100-94gb-nvl", "rtx-5090", "a100-80gb-pcie"]}
    cheapest, frugal = ask(**asked), ask(objective="energy", **asked)
    drawn = [one.watts for one in frugal.fleets]
    assert drawn == sorted(drawn)
    assert frugal.fleets[0].watts < cheapest.fleets[0].watts
    assert "W against" in frugal.fleets[0].why
    with pytest.raises(UsageError, match="tighten them"):
        ask(objective="latency", **asked)


def test_a_model_that_two_machines_do_not_hold_lies_over_more():
    big = ask("kimi-k2", "tpot 100 ms", "1 req/s", columns={"precision": "bf16"}, gpus=("h100-80gb-sxm",))
    assert big.fleets[0].split == "tp=8 pp=4"
    assert big.fleets[0].gpus_per_replica == 32
    small = ways(Job("llama-3.1-70b", precision="bf16"), resolve("llama-3.1-70b"))
    assert max(np.ravel(small.sweep.pp)) == 2, "what two hold is not tried on more"


def test_a_narrower_format_that_costs_clearly_less_is_told_of_fleets():
    asked = {"text": "tpot 50 ms", "rate": None, "users": 1.0, "term": "buy",
             "gpus": ["rtx-3090", "rtx-pro-6000-blackwell"]}  # fmt: skip
    wide = ask("qwen2.5-32b", **asked)
    narrow = wide.narrower
    assert narrow is not None
    assert (narrow.precision, narrow.gpu) == ("q4_k_m", "rtx-3090")
    own = ask("qwen2.5-32b", columns={"precision": "q4_k_m"}, **asked)
    assert own.fleets[0].usd_to_buy == narrow.usd_to_buy
    assert narrow.cost_ratio == pytest.approx(own.fleets[0].cost / wide.fleets[0].cost)
    assert own.narrower is None, "where a format is stated no other is told"
    assert wide.to_dict()["narrower"]["gpus"] == 1


def test_half_a_user_is_refused_with_whole_ones():
    with pytest.raises(UsageError, match=r"--users 2\.5 is no number of people; write e\.g\. --users 3"):
        ask(rate=None, users=2.5)


@pytest.mark.parametrize(
    ("said", "formats"), [("q4", 2), ("4-bit", 2), ("8bit", 3), ("fp8,w4a16", 2), ("any", 4), ("nf4,any", 5)]
)
def test_who_says_the_bits_alone_asks_for_several_formats(said, formats):
    request, _ = read_request(Job("llama-3.3-70b", precision=said), GPUS, today=TODAY)
    assert len(in_formats(request)) == formats


@pytest.mark.parametrize("said", ["q4", "8bit", "nf4,any"])
@pytest.mark.thorough(every=3)
def test_of_several_formats_the_best_serves_on_each_gpu(said):
    """Who says the bits alone leaves the engine open: llama.cpp's own format would take eighteen cards."""
    answer = ask("llama-3.3-70b", None, None, users=30, columns={"precision": said})
    assert answer.fleets[0].gpus <= 2
    assert len({one.gpu for one in answer.fleets}) == len(answer.fleets)
    assert f" in {answer.fleets[0].job.precision} as" in answer.headline
    assert not {one.gpu for one in answer.fleets} & {one.gpu for one in answer.rejected}


def test_the_format_of_an_engine_that_is_named_stays():
    stated = {"precision": "q4", "runtime": "llama.cpp"}
    answer = ask("llama-3.1-8b", None, None, users=2, columns=stated, gpus=["rtx-4090"])
    assert [one.job.precision for one in answer.fleets] == ["q4"]


def test_of_bought_fleets_that_cost_the_same_the_one_of_fewer_cards_goes_first(monkeypatch):
    launch = {gpu: tuple(one for one in rows if one.kind == "launch")
              for gpu, rows in purchase.purchases().items()}  # fmt: skip
    monkeypatch.setattr(purchase, "purchases", lambda: launch)
    asked = {"columns": {"precision": "fp16"}, "gpus": ["rtx-3090", "rtx-a6000"], "term": "buy"}
    two, one = ask("llama-3.1-8b", rate=None, users=60, **asked).fleets
    assert (two.gpu, two.gpus, one.gpus) == ("rtx-3090", 2, 1)
    # The single card at a price that makes it 3 % dearer.
    (row,) = launch["rtx-a6000"]
    launch["rtx-a6000"] = (replace(row, usd=row.usd * 1.03 * two.cost / one.cost),)
    first, second = ask("llama-3.1-8b", rate=None, users=60, **asked).fleets
    assert second.cost < first.cost <= 1.05 * second.cost
    assert first.gpus < second.gpus
    assert "is a tie with rtx-3090" in first.why
    assert "less, on more GPUs" in second.why


def single(workload, gpu, **columns):
    job = Job(workload, phase="serve", input_tokens=1024.0, output_tokens=256.0, **columns)
    return curve.checked(job, GPUS[gpu])


# --- replicas of many splits at once against one at a time --------------------------------------------------


@pytest.mark.parametrize(
    ("workload", "gpu", "columns"),
    [
        ("llama-3.1-8b", "l40s", {}),
        ("llama-3.1-8b", "h100-80gb-sxm", {"runtime": "sglang"}),
        ("llama-3.1-70b", "h100-80gb-sxm", {"tp": 4.0, "n_gpus": 4.0}),
        ("mixtral-8x7b", "h100-80gb-sxm", {"tp": 2.0, "n_gpus": 2.0}),
    ],
)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
@pytest.mark.thorough(every=3)
def test_percentiles_without_a_simulation_are_near_those_with_one(workload, gpu, columns, share):
    job = single(workload, gpu, **columns)
    table, _ = curve.ready(job, GPUS[gpu])
    rate = share * table.capacity
    tails = curve.simulator(job, GPUS[gpu], table).tails("rate", rate)
    found = replicas.replicas(job, [GPUS[gpu]], 20)
    at = np.array([[rate / table.replicas]])
    assert found.capacity[0, 0] == pytest.approx(table.capacity / table.replicas, rel=0.03)
    for metric in ("ttft", "tpot", "latency"):
        for how, within in (("mean", 0.1), ("p50", 0.2), ("p90", 0.15), ("p99", 0.3)):
            model = found.at(at, found.values(metric, how))[0, 0]
            assert model == pytest.approx(tails.of(metric, how), rel=within), (metric, how)


def test_few_points_say_nearly_what_many_do():
    job = single("llama-3.1-8b", "l40s")
    few, many = (replicas.replicas(job, [GPUS["l40s"]], points) for points in (9, 40))
    terms = slo.read(SLO)
    assert few.largest(terms)[0][0, 0] == pytest.approx(many.largest(terms)[0][0, 0], rel=0.05)


def test_a_replica_in_a_sweep_is_that_alone():
    split = ways(Job("mixtral-8x7b", input_tokens=512.0, output_tokens=128.0), resolve("mixtral-8x7b"))
    gpus = [GPUS["h100-80gb-sxm"], GPUS["a100-80gb-sxm"]]
    together = replicas.replicas(split.sweep, gpus)
    for column in range(len(split.gpus)):
        alone = replicas.replicas(split.job(column), gpus[1:])
        for values in ("rate", "tpot", "ttft", "latency", "places"):
            one, other = getattr(together, values)[1, column], getattr(alone, values)[0, 0]
            assert one == pytest.approx(other, rel=1e-9), (name(split.job(column)), values)


def test_more_load_never_answers_sooner():
    split = ways(Job("llama-3.1-70b"), resolve("llama-3.1-70b"))
    found = replicas.replicas(split.sweep, [GPUS["h100-80gb-sxm"], GPUS["l40s"], GPUS["mi300x"]])
    for metric in ("ttft", "tpot", "itl", "latency"):
        for how in ("mean", "p50", "p90", "p99"):
            assert np.all(np.diff(found.values(metric, how), axis=-1) >= 0.0)
    assert np.all(np.diff(found.rate, axis=-1) >= 0.0)


def test_what_is_held_keeps_its_objectives_and_more_does_not():
    job = single("llama-3.1-8b", "l40s")
    found = replicas.replicas(job, [GPUS["l40s"]], 20)
    terms = slo.read("tpot p90 30 ms")
    most, binding = found.largest(terms)
    assert binding[0, 0] == 0
    values = found.values("tpot", "p90")
    assert found.at(0.999 * most, values)[0, 0] <= 0.030
    assert found.at(1.02 * most, values)[0, 0] > 0.030
    slower, _ = found.largest(terms, slower=np.array([[1.5]]))
    assert slower[0, 0] < most[0, 0] / 1.5


# --- fleets -------------------------------------------------------------------------------------------------


def test_a_fleet_holds_the_load_and_its_money_adds_up():
    answer = ask()
    assert len(answer.fleets) == 10
    usd = [one.choice.usd_per_hour for one in answer.fleets if one.choice.trust == 0]
    assert usd == sorted(usd)
    for rank, one in enumerate(answer.to_dict()["candidates"], 1):
        assert one["rank"] == rank
        assert one["request_rate"] == pytest.approx(20.0)
        assert one["request_rate_per_replica"] * one["replicas"] == pytest.approx(20.0)
        assert one["request_rate_per_replica"] <= one["request_rate_per_replica_most"] * (1 + 1e-9)
        assert one["utilisation"] <= 1.0
        assert one["usd_per_hour"] == pytest.approx(one["instances"] * one["offer"]["usd_per_hour"])
        assert one["replicas"] * one["gpus_per_replica"] <= one["gpus"]
        spent = (one["usd_per_million"]["input"] * 512 + one["usd_per_million"]["output"] * 256) * 20.0 / 1e6
        assert spent == pytest.approx(one["usd_per_hour"] / 3600.0)
        assert one["ttft"]["p90"] <= 1.0 + 1e-9
        assert one["tpot"]["mean"] <= 0.05 + 1e-9
        for metric in ("ttft", "tpot", "latency"):
            told = one[metric]
            assert told["low"] <= told["mean"] <= told["high"]
            assert told["p50"] <= told["p90"] <= told["p99"]


@pytest.mark.thorough
def test_cards_of_ones_own_serve_users_within_a_price_and_in_a_machine(capsys):
    line = ["recommend", "llama-3.1-8b", "--users", "20", "--limit", "3", "--json"]
    assert main([*line, "--term", "buy", "--budget", "1500 USD"]) == 0
    found = json.loads(capsys.readouterr().out)["candidates"]
    prices = {"rtx-a2000-12gb": 449}
    assert found
    for one in found:
        each = float(re.search(r"x ([\d,]+) USD", one["offer"]["instance"])[1].replace(",", ""))
        assert each * one["gpus"] <= 1500
        assert prices.get(one["gpu"], each) == each
    assert main([*line, "--term", "buy", "--budget", "100 USD"]) == 3
    assert "USD; use --budget" in capsys.readouterr().err
    assert main([*line, "--machine", "psu 1000 W, 4 slots"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["machine"]["gpu"] == told["candidates"][0]["gpu"]
    assert told["candidates"][0]["offer"]["kind"] == "buy"


def test_an_engine_may_be_named_with_its_release(capsys):
    line = ["recommend", "llama-3.1-8b", "--users", "5", "--slo", "tpot 50 ms", "--gpus", "l40s", "--json"]
    assert main([*line, "--runtime", "vLLM 0.9"]) == 0
    assert "vllm serve" in json.loads(capsys.readouterr().out)["measure"]["command"]


def test_how_much_dearer_is_of_what_fleets_cost():
    """Users who are answered sooner ask more often: what is compared is the hour, not the request."""
    answer = ask(
        "llama-3.1-70b", "ttft p90 1 s", None, users=200, region=["europe"], columns={"precision": "fp8"}
    )
    first, *rest = answer.fleets
    for one in (each for each in rest if each.choice.trust == first.choice.trust):
        ratio = one.choice.usd_per_hour / first.choice.usd_per_hour
        told = re.search(r"is (?:(\d+) % dearer|([\d.]+) times as dear)", one.why)
        said = 1 + float(told[1]) / 100 if told[1] else float(told[2])
        assert said == pytest.approx(ratio, rel=0.05)
        assert f"for {one.choice.usd_per_hour:,.2f} USD/h" in one.why
    # Before one with an older price the first goes for that, whatever both cost.
    other = replace(rest[0], choice=rest[0].choice._replace(trust=first.choice.trust + 1))
    told = explained([first, other], "cost")[0].why
    assert told.startswith(f"goes before {other.gpu}, which has a price that is old")


def test_the_first_is_simulated_and_keeps_its_objectives():
    first = ask(text="ttft p99 200 ms, tpot p90 30 ms").fleets[0]
    assert first.tails is not None
    assert first.tails.of("ttft", "p99") <= 0.2
    assert first.tails.of("tpot", "p90") <= 0.03


def test_a_doubled_load_takes_up_to_twice_the_fleet_and_stricter_objectives_no_less():
    one, two = (ask(rate=rate, gpus=["l40s"]).fleets[0].choice.replicas for rate in ("40 req/s", "80 req/s"))
    assert one < two <= 2 * one
    strict = ask(rate="40 req/s", gpus=["l40s"], text="tpot 25 ms").fleets[0].choice.replicas
    assert strict >= one


def test_users_who_pause_are_less_load():
    eager, slow = (
        ask(rate=None, users=400.0, pause=pause, gpus=["l40s"]).fleets[0] for pause in ("0 s", "60 s")
    )
    assert slow.request_rate < 0.5 * eager.request_rate
    for one, pause in ((eager, 0.0), (slow, 60.0)):
        # The interactive response time law: users = rate x (latency + pause).
        held = one.request_rate * (one.at.times["latency"]["mean"] + pause)
        assert held == pytest.approx(400.0, rel=0.05)


def test_a_target_in_tokens_is_a_load():
    job = {"output_tokens": 200.0}
    by_rate = ask(rate="10 req/s", columns=job, gpus=["l40s"])
    by_target = ask(rate=None, target="2000 tokens/s", columns=job, gpus=["l40s"])
    assert by_rate.fleets[0].choice == by_target.fleets[0].choice


def test_large_models_are_split_and_may_span_instances():
    answer = ask("deepseek-r1", "tpot 60 ms", "5 req/s", columns={"precision": "fp8"}, gpus=["h100-80gb-sxm"])
    first = answer.fleets[0]
    assert first.gpus_per_replica == 16
    assert first.choice.instances * 8 == first.choice.replicas * 16
    assert "too little memory" not in {one.kind for one in answer.rejected}


def test_a_stated_split_is_kept():
    answer = ask("llama-3.1-70b", rate="2 req/s", columns={"tp": 8.0}, gpus=["h100-80gb-sxm"])
    assert answer.fleets[0].split == "tp=8"
    assert answer.fleets[0].gpus_per_replica == 8


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        (
            {"text": "tpot 1 ms"},
            r"tpot 1 ms cannot be held by any GPU.*nearest is .* bound by .*--slo \"tpot",
        ),
        ({"budget": "0.10 USD/h"}, r"nothing within 0.10 USD/h: the cheapest is"),
        ({"workload": "llama-3.1-405b", "gpus": ["rtx-4090", "l4"], "rate": "1 req/s"}, "does not fit"),
    ],
)
def test_what_cannot_be_says_what_binds_and_what_is_possible(wishes, says):
    answer = ask(**wishes)
    assert not answer.fleets
    assert re.search(says, answer.infeasible)


def test_the_nearest_objective_that_is_told_can_be_held():
    refused = ask("llama-3.1-70b", "tpot 1 ms", "1 req/s").infeasible
    possible = refused.partition('--slo "')[2].partition('"')[0]
    assert ask("llama-3.1-70b", possible, "1 req/s", term="any").fleets


def test_a_rate_without_objectives_takes_those_that_users_have(whichgpu):
    line = ["recommend", "llama-3.1-8b", "--gpus", "l4", "--rate", "1 req/s", "--json"]
    usual = whichgpu(*line, "--slo", "ttft p90 2 s, tpot p90 100 ms").json
    assert whichgpu(*line).json["slo"] == usual["slo"]


@pytest.mark.parametrize(("kind", "spans"), [("on_demand", True), ("marketplace", False)])
def test_a_replica_spans_no_machines_of_different_hosts(kind, spans, whichgpu, tmp_path):
    """405B in 16 bits takes sixteen GPUs of 80 GB: two machines of a provider, none of a marketplace."""
    listed = tmp_path / "offers.csv"
    listed.write_text(f"provider,gpu,gpu_count,usd_per_hour,kind\nacme,a100-80gb-sxm,8,12,{kind}\n")
    line = ["recommend", "llama-3.1-405b", "--users", "5", "--slo", "tpot p90 1 s", "--term", "any"]
    found = whichgpu(*line, "--offers", str(listed), "--json")
    assert [one["gpus_per_replica"] for one in found.json["candidates"]] == ([16] if spans else [])


def test_every_gpu_is_accounted_for():
    answer = ask()
    told = {one.gpu for one in answer.fleets} | {one.gpu for one in answer.rejected}
    assert told == set(GPUS)
    assert all(one.why for one in answer.rejected)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('resnet50 --slo "ttft 1 s" --rate "3 req/s"', "language models that serve"),
        ('llama-3.1-8b --slo "tpot 50 ms" --rate "3 images/s"', "a load is of requests"),
        ('llama-3.1-8b --slo "tpot 50 ms" --rate "3 req/s" --users 5', "state one load"),
        ('llama-3.1-8b --slo "tpot 50 ms" --users 5 --pause "-3 s"', "below zero"),
        ('llama-3.1-8b --slo "tpot 50 ms" --latency "3 s"', "write it as an objective"),
        ('llama-3.1-8b --slo "tpot 50 ms" --input-tokens 900000', "more than the 131,072"),
        ('llama-3.1-8b --slo "tpot 50 ms" --option prefill_gpus=2', "prompts"),
    ],
)  # fmt: skip
def test_wrong_use_is_said(line, says, capsys):
    assert main(["recommend", *shlex.split(line)]) == 2
    assert says in capsys.readouterr().err


def test_rates_of_requests_are_read():
    assert read_rate("5 req/s") == 5.0
    assert read_rate("300 requests/min") == pytest.approx(5.0)
    assert read_rate("5 rps") == read_rate("5/s") == read_rate("5 per second") == 5.0
    with pytest.raises(UsageError, match="of requests"):
        read_rate("5 tokens/s")


def test_the_command_prints_what_its_json_says(capsys):
    words = ["recommend", "llama-3.1-8b", "--slo", SLO, "--rate", "20 req/s", "--limit", "2"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main([*words, "--plain"]) == 0
    text = capsys.readouterr().out
    for one in told["candidates"]:
        assert one["gpu"] in text
        assert f"{one['usd_per_hour']:,.2f}" in text
    assert "vllm bench serve" in told["measure"]["command"]
    assert len(told["candidates"]) == 2


def test_the_python_api_answers_alike():
    answer = whichgpu.recommend("llama-3.1-8b", slo=SLO, rate="20 req/s", gpus=["l40s"])
    assert "l40s" in str(answer)
    assert answer.to_dict()["candidates"][0]["gpu"] == "l40s"


def test_without_a_load_one_instance_is_told_at_its_most():
    one = ask(rate=None, gpus=["l40s"]).fleets[0]
    assert one.choice.instances == 1
    assert one.request_rate == pytest.approx(one.choice.most * one.choice.replicas)


def test_a_load_is_shared_out():
    assert Load(rate=10.0).needs(np.array([3.0, 5.0]), np.ones(2)).tolist() == [4.0, 2.0]
    assert Load(users=10.0).needs(np.ones(1), np.array([4.0])).tolist() == [3.0]
    assert replace(Load(), rate=1.0).stated


def test_where_more_in_flight_bring_no_more_the_first_of_them_is_met():
    """A rate between a and a bent curve, and one at which the curve is flat."""
    found = replicas.replicas(
        resolve("llama-3.1-70b").complete(Job("llama-3.1-70b", precision="fp8", tp=1.0)),
        [GPUS["b200-180gb-sxm"]],
    )
    flat = replace(found, rate=np.minimum(found.rate, found.rate[..., 3:4]))
    for one in (found, flat):
        for rate in one.rate[0, 0].tolist():
            first = int(np.argmax(one.rate[0, 0] >= rate))
            assert float(one.met(np.full((1, 1), rate))[0, 0]) == pytest.approx(
                one.others[0, 0, first], rel=1e-6
            )


def test_gpus_that_are_named_serve_under_what_runs_there(whichgpu) -> None:
    """vLLM has no kernels for a P40; llama.cpp has, in `predict` with objectives too."""
    slo = ("--slo", "ttft p90 8 s, tpot p90 200 ms")
    found = whichgpu(
        "recommend", "llama-3.1-8b", "--users", "2", "--gpus", "p40", "--term", "any", *slo, "--json"
    )
    assert found.json["candidates"][0]["gpu"] == "p40"
    held = whichgpu("predict", "llama-3.1-8b", "--gpu", "p40", *slo)
    assert held.status == 0
    assert "llama-3.1-8b on 1 x p40 holds" in held.out
