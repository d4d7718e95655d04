"""`plan`: what cannot be, the cheapest way out of it, and what if."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from plans import CONTRACT, GPUS, SMALL, TODAY, asked, counts, demand, option, solved

from whichgpu.cli import main
from whichgpu.errors import UsageError
from whichgpu.planner.plan import rates
from whichgpu.planner.plan.columns import build
from whichgpu.planner.plan.planning import plan
from whichgpu.planner.plan.reading import parsed
from whichgpu.planner.plan.solving import nothing
from whichgpu.planner.plan.whatif import _kept, what_if

pytestmark = pytest.mark.slow

# --- what cannot be ----------------------------------------------------------------------------------------


def test_the_conflict_is_irreducible_and_its_cheapest_way_out_works():
    options = [
        option("a", 1.0, images="10 images/s", max_instances=3),
        option("b", 8.0, images="10 images/s", max_instances=1),
    ]
    options.append(option("c", 1.0, other="10 images/s"))
    answer = solved([demand(rate="50 images/s"), demand("other", "1 images/s")], options)
    assert answer.status == "infeasible"
    assert answer.conflict is not None
    assert {one.split(":")[0] for one in answer.conflict.rules} == {
        "max_instances of a", "max_instances of b", "demand images",
    }  # fmt: skip
    first = answer.conflict.relaxations[0]
    assert first.text == "max_instances of a: raise it by 1 instance"
    options[0]["max_instances"] = 4
    again = solved([demand(rate="50 images/s"), demand("other", "1 images/s")], options)
    assert again.usd_per_hour == pytest.approx(first.usd_per_hour)


@pytest.mark.parametrize(
    "text", ["2 G tokens", "2B tokens", "2 billion tokens", "0.002 T tokens", "2e9 tokens"]
)
def test_a_total_is_read_with_what_it_is_of(text):
    (one,) = asked([{"name": "x", "workload": "gpt2", "phase": "pretrain", "total": text}]).demands
    assert (one.total, one.unit) == (2e9, "tokens")


def test_a_rate_of_audio_may_be_said_in_hours():
    raw = {"demand": [{"name": "a", "workload": "whisper-small", "rate": "2 hours of audio/min"}]}
    (found,) = parsed(raw, Path(), "x", GPUS, TODAY).demands
    assert (found.unit, found.rate.tolist()) == ("audio seconds", [pytest.approx(120.0)])


def test_a_total_of_something_else_is_told_as_such():
    with pytest.raises(UsageError, match=r'demand.x.total: gpt2 makes tokens, .* write "10 tokens"'):
        asked([{"name": "x", "workload": "gpt2", "phase": "pretrain", "total": "5 images"}])


def test_a_limit_is_raised_by_what_the_fleet_needs_and_no_more():
    options = [option("a", 2.0, images="3 images/s", max_instances=5)]
    (way,) = solved([demand(rate="1e9 images/s")], options).conflict.relaxations
    assert way.text == "max_instances of a: raise it by 333,333,329 instances"


def test_limits_that_must_give_way_together_are_told_together():
    options = [option("a", 1.0, images="2 images/s", max_instances=4)]
    answer = solved([demand(rate="10 images/s")], options, plan={"max_types": 1, "budget": "4 USD/h"})
    way = answer.conflict.relaxations[0]
    assert "max_instances of a: raise it by 1" in way.text
    assert "budget: raise it by 1" in way.text
    assert way.usd_per_hour == pytest.approx(5.0)


def test_limits_may_also_give_way_to_the_cheapest_fleet():
    """Five of the cheap ones, or two of the dear ones: fewer machines, or less money."""
    options = [option("cheap", 1.0, images="2 images/s", gpu="l4"),
               option("dear", 4.0, images="5 images/s", gpu="l40s")]  # fmt: skip
    answer = solved([demand(rate="10 images/s")], options, plan={"budget": "1 USD/h"},
                    quota=[{"name": "all", "max_instances": 1}])  # fmt: skip
    told = {one.text: one.usd_per_hour for one in answer.conflict.relaxations if one.demands_kept}
    assert told == {
        "quota all: raise it by 4 instances and budget: raise it by 4 USD/h": pytest.approx(5.0),
        "quota all: raise it by 1 instance and budget: raise it by 7 USD/h": pytest.approx(8.0),
    }
    for most, usd in ((5, "5 USD/h"), (2, "8 USD/h")):
        assert solved([demand(rate="10 images/s")], options, plan={"budget": usd},
                      quota=[{"max_instances": most}]).feasible  # fmt: skip


def test_a_budget_says_what_it_would_take(tmp_path, capsys):
    text = CONTRACT + '\n[plan]\nbudget = "5 USD/h"\n'
    (tmp_path / "plan.toml").write_text(text)
    assert main(["plan", str(tmp_path / "plan.toml"), "--json"]) == 3
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    assert said["status"] == "infeasible"
    assert "budget" in captured.err
    ways = {one["change"].split(":")[0]: one["usd_per_hour"] for one in said["conflict"]["relaxations"]}
    assert ways["budget"] == pytest.approx(12.0)


def test_an_absurd_rate_is_answered_with_a_warning():
    answer = solved([demand(rate="1e9 images/s")], [option("a", 1.0, images="7 images/s")])
    assert counts(answer) == {"a": 142857143}
    assert answer.solution.gap <= 1e-6
    assert "slip of the keyboard" in answer.warnings[0]


@pytest.mark.slow
def test_out_of_time_there_is_a_fleet_with_its_gap():
    chance = np.random.default_rng(0)
    options = [
        option(f"o{i}", float(chance.uniform(1, 9)),
               **{f"d{j}": f"{chance.uniform(1, 9):.3f} req/s" for j in range(6)})
        for i in range(30)
    ]  # fmt: skip
    demands = [
        demand(f"d{j}", [f"{chance.uniform(5, 50):.2f} req/s" for _ in range(24)], redundancy="N+1")
        for j in range(6)
    ]
    answer = solved(demands, options, plan={"time_limit": "0.5 s", "max_types": 5})
    assert answer.status == "time limit"
    if answer.feasible:
        assert 0.0 < answer.solution.gap <= 1.0


@pytest.mark.slow
@pytest.mark.thorough
def test_what_nothing_carries_is_told_with_the_wishes_at_fault():
    raw = {
        "demand": [{"name": "q", "workload": "llama-3.1-8b", "rate": "2 req/s", "slo": "ttft p90 0.5 ms"}],
        "plan": {"gpus": ["l4", "a10g"], "providers": ["aws"]},
    }
    asked_ = parsed(raw, Path(), "x", GPUS, TODAY)
    lost = plan(asked_, GPUS, TODAY).conflict
    assert lost is not None
    # On any GPU half a millisecond is too short: the objective alone is at fault.
    assert [one.partition(":")[0] for one in lost.rules] == ["slo of q", "demand q"]
    # Just long enough comes last; what saves much by being longer still comes before it.
    usd = [way.usd_per_hour for way in lost.relaxations]
    assert all(less <= more * 0.8 for less, more in pairwise(usd))
    for way in (lost.relaxations[0], lost.relaxations[-1]):
        raw["demand"][0]["slo"] = way.text.rpartition(", ")[2]
        again = plan(parsed(raw, Path(), "x", GPUS, TODAY), GPUS, TODAY, explained=False)
        assert again.usd_per_hour == pytest.approx(way.usd_per_hour, rel=1e-3)


def test_wishes_that_leave_no_offer_are_irreducible():
    raw = {
        "demand": [{"name": "q", "workload": "llama-3.1-70b", "rate": "1 req/s", "precision": "fp8"}],
        "plan": {"gpus": ["t4"], "providers": ["lambda"]},
    }
    lost = plan(parsed(raw, Path(), "x", GPUS, TODAY), GPUS, TODAY).conflict
    assert lost is not None
    assert [one.partition(":")[0] for one in lost.rules] == ["gpus of the plan", "demand q"]
    assert lost.relaxations[0].text == "gpus of the plan: any"


def test_spot_prices_alone_may_be_what_leaves_no_offer(tmp_path):
    (tmp_path / "o.csv").write_text("provider,gpu,usd_per_hour,as_of\na,l4,0.50,2026-11-01\n")
    raw = {"demand": [SMALL], "plan": {"offers": "o.csv", "terms": ["spot"]}}
    lost = plan(parsed(raw, tmp_path, "x", GPUS, TODAY), GPUS, TODAY).conflict
    assert lost is not None
    assert lost.rules[0] == "terms: spot prices only"
    assert [(one.text, one.usd_per_hour) for one in lost.relaxations] == [
        ("terms: on-demand prices too", pytest.approx(0.5))
    ]


def test_objectives_out_of_reach_may_be_left_out_at_least():
    raw = {
        "demand": [{"name": "q", "workload": "llama-3.1-8b", "rate": "1 req/s", "slo": "ttft p90 1 us"}],
        "plan": {"gpus": ["l40s"], "providers": ["aws"]},
    }
    lost = plan(parsed(raw, Path(), "x", GPUS, TODAY), GPUS, TODAY).conflict
    assert lost is not None
    assert [one.text for one in lost.relaxations] == ["slo of q: none"]


SLICE = "a100-80gb-sxm:mig-3g.40gb"


def test_owned_slices_carry_what_one_of_them_holds():
    own = {"plan": {"providers": ["own"]}, "owned": [{"gpu": SLICE, "count": 4, "per_instance": 2}]}
    answer = plan(parsed({"demand": [SMALL], **own}, Path(), "x", GPUS, TODAY), GPUS, TODAY)
    (pick,) = answer.picks
    assert (pick.supply.gpu, pick.supply.gpu_count, pick.supply.parts) == (SLICE, 2, 2)
    assert {one.gpu for one in answer.deployments} == {SLICE}
    # 16 GB of weights in one slice, and none of a model that takes two of them.
    large = {"name": "q", "workload": "llama-3.1-70b", "precision": "w4a16", "rate": "0.01 req/s"}
    raw = {
        "demand": [large],
        "plan": {"providers": ["own"]},
        "owned": [{"gpu": SLICE, "count": 8, "per_instance": 8}],
    }
    lost = plan(parsed(raw, Path(), "x", GPUS, TODAY), GPUS, TODAY)
    assert "parts of a GPU do not work together" in lost.why_not[0].why


def test_offers_are_cut_where_a_part_is_named(tmp_path):
    offers = tmp_path / "offers.csv"
    offers.write_text(
        "provider,gpu,gpu_count,usd_per_hour,as_of,instance\n"
        "a,a100-80gb-sxm,8,8.00,2026-11-01,eight\n"
        "b,a10,0.167,0.40,2026-11-01,sixth\n"
        f"c,{SLICE},1,0.60,2026-11-01,slice\n"
    )
    plain = {"offers": "offers.csv"}
    raw = {
        "demand": [SMALL],
        "plan": {**plain, "gpus": [SLICE, "a10:1/6"]},
        "quota": [{"gpu": "a100", "max_gpus": 8}],
    }
    built = build(parsed(raw, tmp_path, "x", GPUS, TODAY), GPUS, TODAY)
    assert [(one.gpu, one.gpu_count) for one in built.supplies] == [(SLICE, 1), (SLICE, 16), ("a10:1/6", 1)]
    # A quota on A100s counts whole ones, of which two slices are one.
    assert built.program.limits.weights.tolist() == [[0.5, 8.0, 0.0]]
    raw = {"demand": [SMALL], "plan": plain}
    built = build(parsed(raw, tmp_path, "x", GPUS, TODAY), GPUS, TODAY)
    assert [one.gpu for one in built.supplies] == ["a100-80gb-sxm", SLICE]
    assert [one.why for one in built.rejected] == ['is a share of a GPU; gpus = ["a10:1/6"] takes it']


def test_the_least_that_spot_and_spares_must_give_way_by():
    options = [option("a", 1.0, term="spot", x="2 req/s"), option("b", 4.0, max_instances=2, x="2 req/s")]
    lost = solved([demand("x", "10 req/s", spot_share="50 %")], options).conflict
    assert lost is not None
    assert lost.proven
    assert lost.relaxations[0].text == "spot_share of x: 60% on spot"
    # Any share, also one far from what is asked; and of a demand as much as is carried, not a little less.
    lost = solved([demand("x", "10 req/s", spot_share="10 %")], options[:1]).conflict
    assert lost is not None
    assert [one.text for one in lost.relaxations] == ["spot_share of x: 100% on spot"]
    lost = solved([demand("x", "10 req/s", spot_share="0 %")], options[1:]).conflict
    assert lost is not None
    assert [one.text for one in lost.relaxations] == [
        "max_instances of b: raise it by 3 instances", "demand x: only 40% of it",
    ]  # fmt: skip
    lost = solved([demand("x", "10 req/s", redundancy="N+2")],
                  [option("a", 1.0, max_instances=3, x="5 req/s")]).conflict  # fmt: skip
    assert lost is not None
    assert "redundancy of x: N+1 is enough" in {one.text for one in lost.relaxations}


def test_the_start_of_the_plan_is_that_of_options_that_state_none():
    rate = {"default": "1 req/s", "8-10": "5 req/s", "11-13": "5 req/s"}
    started = [option("a", 2.0, x="2 req/s")]
    answer = solved([demand("x", rate)], started, plan={"start_up": "30 min"})
    # Two instances more, twice for two hours, each started for half an hour.
    assert answer.usd_per_hour == pytest.approx((24 * 2 + 4 * 4 + 4 * 1) / 24)
    own = [option("a", 2.0, start_up="0 s", x="2 req/s")]
    answer = solved([demand("x", rate)], own, plan={"start_up": "30 min"})
    assert answer.usd_per_hour == pytest.approx((24 * 2 + 4 * 4) / 24)


def test_many_small_respect_limits():
    options = [option("own", 0.1, term="owned", max_instances=2, x="1 req/s"), option("a", 1.0, x="1 req/s")]
    told = solved([demand("x", "5 req/s")], options, explained=True).scaling
    assert [(one["option"], one["instances"]) for one in told] == [("a", 5)]


def test_a_price_says_how_it_was_found():
    answer = solved([demand("x", "3 req/s")], [option("a", 1.0, x="2 req/s")], explained=True)
    more = next(one for one in answer.prices if one.change == "+1 %")
    assert (more.usd_per_hour, more.by) == (0.0, "fleet")
    answer = solved([demand("x", "4 req/s")], [option("a", 1.0, x="2 req/s")], explained=True)
    more = next(one for one in answer.prices if one.change == "+1 %")
    assert (more.usd_per_hour, more.by) == (pytest.approx(-1.0), "solved")


WRONG = [
    ({"demand": [demand(rat="1 req/s")]}, "did you mean 'rate'"),
    ({"demnd": []}, "did you mean 'demand'"),
    ({"plan": {"max_typs": 2}, "demand": [demand()]}, "did you mean 'max_types'"),
    ({}, r"no \[\[demand\]\]"),
    ({"demand": [demand(rate="-5 req/s")]}, "negative"),
    ({"demand": [demand(rate=["1 req/s"] * 23)]}, "no whole days"),
    ({"demand": [demand(rate={"8-18": "1 req/s", "17-20": "2 req/s"})]}, "both state a rate at 17:00"),
    ({"demand": [demand("a", {"of": "b"}), demand("b", {"of": "a"})]}, "in a circle"),
    ({"demand": [demand("a", {"of": "c"})]}, "no demand 'c'"),
    ({"demand": [demand(rate="5")]}, "rate of work"),
    ({"demand": [demand(rate="1e15 req/s")]}, "slip of the keyboard"),
    ({"demand": [demand(redundancy="N+9")]}, "is not N"),
    ({"demand": [demand(spot_share="150 %")]}, "above 1"),
    ({"demand": [demand(), demand()]}, "two are called"),
    ({"demand": [demand(window="22-6")]}, "is of work that may wait"),
    ({"demand": [{"name": "x", "total": "5 images", "rate": "1 images/s"}]}, "keep one of them"),
    ({"demand": [demand()], "quota": [{"gpu": "l4"}]}, "either max_gpus or max_instances"),
    ({"demand": [demand()], "owned": [{"gpu": "l4", "count": 3, "per_instance": 2}]}, "no whole number"),
    ({"demand": [demand()], "option": {"name": "a"}}, "two brackets"),
    ({"demand": [demand(rate="5 req/fortnight")]}, "is not a rate of work"),
]


@pytest.mark.parametrize(("raw", "said"), WRONG, ids=[text for _, text in WRONG])
def test_what_is_wrong_is_said_with_its_place(raw, said):
    full = {"option": [option("a", 1.0)], **raw}
    full["option"] = full["option"] if isinstance(full["option"], dict) else []
    if not full["option"]:
        full["option"] = [{"name": "a", "usd_per_hour": 1.0, "capacity": {}}]
    with pytest.raises(UsageError, match=said):
        parsed(full, Path(), "x", GPUS, TODAY)


def test_capacities_name_known_demands_in_their_unit():
    with pytest.raises(UsageError, match="did you mean images"):
        asked([demand()], [option("a", 1.0, imges="1 images/s")])
    with pytest.raises(UsageError, match="use one unit"):
        asked([demand()], [option("a", 1.0, images="1 req/s")])


@pytest.mark.parametrize(
    ("text", "hours"), [("22-6", [22, 23, 0, 1, 2, 3, 4, 5]), ("8-10", [8, 9]), ("tue 0-2", [24, 25])]
)
def test_windows(text, hours):
    assert sorted(np.flatnonzero(rates.window(text, "x")).tolist()) == sorted(hours)


# --- what if -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "usd"),
    [("price a -50 %", 2.0), ("demand x2", 8.0), ("demand images +25 %", 5.0), ("without a", 6.0),
     ("max_types 1", 4.0), ("redundancy N+1", 5.0), ("price all x2", 8.0), ("PRICE a \u221250%", 2.0),
     ("price a \u00d70.5", 2.0), ("price a 0.5x", 2.0), ("price a = 0.5", 2.0), ("price a 12 USD/day", 2.0),
     ("demand 2x", 8.0), ("demand doubled", 8.0), ("demand images 80 images/s", 8.0), ("max types 1", 4.0),
     ("headroom 25 %", 5.0), ("quota few 1", 5.5), ("quota FEW +2", 4.0), ("quota few x0.5", 5.5)],
)  # fmt: skip
def test_what_if(change, usd):
    options = [option("a", 1.0, images="10 images/s"), option("b", 1.5, images="10 images/s")]
    few = [{"name": "few", "instance": "a", "max_instances": 3}] if change.startswith("quota") else []
    before = solved([demand(rate="40 images/s")], options, quota=few)
    after = what_if(change, before, GPUS, TODAY)
    assert after.plan.usd_per_hour == pytest.approx(usd)
    assert after.changes[0].startswith("it costs")


def test_a_change_that_is_not_answered_in_time_keeps_the_fleet_that_still_does():
    options = [option("a", 1.0, images="10 images/s"), option("b", 1.5, images="10 images/s")]
    before = solved([demand(rate="40 images/s")], options)
    program = before.built.program
    late = _kept(program, before, nothing(program, "limit"))
    assert (late.status, late.cost) == ("limit", pytest.approx(4.0 * program.period))
    more = replace(program, load=replace(program.load, rate=2.0 * program.load.rate))
    assert not np.isfinite(_kept(more, before, nothing(more, "limit")).cost)


def test_several_changes_hold_alone_and_together():
    from whichgpu.planner.plan.whatif import what_ifs

    options = [option("a", 1.0, images="10 images/s"), option("b", 1.5, images="10 images/s")]
    before = solved([demand(rate="40 images/s")], options)
    alone, together = what_ifs(["price a x3", "demand x2"], before, GPUS, TODAY)
    assert [one.plan.usd_per_hour for one in alone] == pytest.approx([6.0, 8.0])
    assert together.text == "price a x3; demand x2"
    assert together.plan.usd_per_hour == pytest.approx(12.0)
    assert what_ifs(["demand x2"], before, GPUS, TODAY)[1] is None


@pytest.mark.parametrize(
    ("change", "said"),
    [("prize a -5 %", "did you mean price"), ("price zzz -5 %", "no GPU"), ("demand x-2", "no factor"),
     ("demand chats x2", "no demand"), ("max_types many", "no number"),
     ("redundancy N+9", "not N to N"), ("spot_share 200 %", "from 0 to 100"),
     ("max_types 0", "from 1 on"), ("price a 3 kg", "price"),
     ("max_types 1.5", "whole number"), ("quota some 3", "no quota .some."),
     ("demand images 3 req/s", "is of")],
)  # fmt: skip
def test_what_if_that_cannot_be_read(change, said):
    before = solved([demand(rate="40 images/s")], [option("a", 1.0, images="10 images/s")])
    with pytest.raises(UsageError, match=said):
        what_if(change, before, GPUS, TODAY)
