"""`plan`: offers of the price store and of one's own, with capacities of the cost model."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from plans import GPUS, ROOT, TODAY, asked, demand, option, solved

import whichgpu
from whichgpu.errors import UsageError
from whichgpu.planner.deployment import read_all
from whichgpu.planner.plan.layout import laid_out
from whichgpu.planner.plan.pareto import fronts
from whichgpu.planner.plan.planning import plan
from whichgpu.planner.plan.reading import parsed

# --- wishes hold of one's own options too -------------------------------------------------------------------

OWN = (
    option("small", 1.0, images="10 images/s", gpu="l4", provider="aws", region="us-east-1"),
    option("big", 3.5, images="40 images/s", gpu="l40s", provider="lambda", region="eu-west-1"),
)


@pytest.mark.parametrize(
    ("wish", "usd"),
    [
        ({}, 4.5), ({"gpus": ["l40s"]}, 7.0), ({"providers": ["Lambda"]}, 7.0), ({"regions": ["eu-*"]}, 7.0),
        ({"regions": ["us-east-1"]}, 5.0), ({"regions": ["europe"]}, 7.0), ({"regions": ["virginia"]}, 5.0),
        ({"providers": ["hyperscaler"]}, 5.0), ({"needs": ["nvlink"]}, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("of", ["demand", "plan"])
def test_wishes_hold_of_options(wish, usd, of):
    one = demand(rate="50 images/s", **(wish if of == "demand" else {}))
    answer = solved([one], OWN, plan=wish if of == "plan" else {})
    assert (answer.usd_per_hour == pytest.approx(usd)) if usd else not answer.feasible
    told = {row.what: row.why for row in answer.why_not or answer.built.rejected}
    if usd == 7.0:
        assert "small" in told
    if usd is None:
        assert answer.conflict.relaxations[0].text.startswith("needs of")


def test_terms_commitments_and_owned_hold_of_options():
    ask = [demand(rate="50 images/s")]
    spot = [option("small", 1.0, images="10 images/s", term="spot"), OWN[1]]
    assert solved(ask, spot).usd_per_hour == pytest.approx(4.5)
    assert solved(ask, spot, plan={"terms": ["on-demand"]}).usd_per_hour == pytest.approx(7.0)
    half = [{"provider": "lambda", "discount": "50 %", "max_instances": 1}]
    assert solved(ask, OWN, commitment=half).usd_per_hour == pytest.approx(2.75)
    few = [option("small", 1.0, images="10 images/s", max_instances=3), OWN[1]]
    # A commitment is no further instance of an option of which there are three.
    assert solved(
        ask, few, commitment=[{"instance": "small", "discount": "10 %"}]
    ).usd_per_hour == pytest.approx(4.4)
    mine = [{"gpu": "l40s", "count": 1, "usd_per_hour": 0.2}]
    assert solved(ask, OWN, owned=mine).usd_per_hour == pytest.approx(1.2)
    with pytest.raises(UsageError, match="no \\[\\[option\\]\\] has gpu = 'a10'"):
        solved(ask, OWN, owned=[{"gpu": "a10", "count": 1}])


def test_an_offer_that_two_lists_have_is_one_kind_of_instance(monkeypatch):
    """The older list has it in more regions: it counts there alone."""
    from whichgpu.planner.plan import offering
    from whichgpu.prices import live

    newer = next(one for one in live.current() if one.instance == "g6e.xlarge" and one.listing == "newer")
    both = f"1.861={newer.region}|2.235=ap-south-1"
    older = replace(newer, by_region=both, listing=f"older in {newer.region}", as_of=date(2025, 11, 30))
    monkeypatch.setattr(offering.live, "current", lambda: (older, newer))
    ask, most = (
        [demand(workload="resnet50", rate="90000 images/s")],
        [{"discount": "40 %", "max_instances": 2}],
    )

    def read_on(*regions):
        out = []
        had = offering.had(asked(ask, commitment=most, plan={"regions": list(regions)}), GPUS, TODAY, out)
        return [(one.kind, one.offer.as_of) for one in had], out

    mine, out = read_on("us-*")
    assert mine == [("on_demand", newer.as_of), ("committed", newer.as_of)]
    assert out == [("l40s", 1, *2 * ["a newer list has the same offer"])]
    assert [day for _, day in read_on("ap-*")[0]] == 2 * [older.as_of]


def test_a_quota_selects_in_any_spelling_or_says_that_it_limits_nothing():
    ask = [demand(rate="50 images/s")]
    assert solved(ask, OWN, quota=[{"region": "us-*", "max_gpus": 0}]).usd_per_hour == pytest.approx(7.0)
    assert solved(ask, OWN, quota=[{"provider": "AWS", "max_gpus": 0}]).usd_per_hour == pytest.approx(7.0)
    idle = solved(ask, OWN, quota=[{"gpu": "h100", "max_gpus": 0}])
    assert "limits nothing" in idle.warnings[0]
    with pytest.raises(UsageError, match="did you mean small"):
        solved(ask, OWN, quota=[{"instance": "smal", "max_instances": 1}])


def test_an_offer_moves_to_the_next_region_where_a_quota_closes_the_cheapest():
    ask = {"demand": [{"name": "a", "workload": "llama-3.1-8b", "rate": "10 req/s", "gpus": ["l40s"]}],
           "plan": {"providers": ["aws"]}}  # fmt: skip
    first = plan(parsed(ask, Path(), "x", GPUS, TODAY), GPUS, TODAY, explained=False)
    region = first.picks[0].supply.region
    closed = {**ask, "quota": [{"region": region, "max_gpus": 0}]}
    other = plan(parsed(closed, Path(), "x", GPUS, TODAY), GPUS, TODAY, explained=False)
    assert {one.supply.region for one in other.picks}.isdisjoint({region})
    assert other.usd_per_hour >= first.usd_per_hour


def test_who_is_not_asked_is_told_so():
    one = {"name": "a", "workload": "llama-3.1-8b", "rate": "10 req/s", "gpus": ["l4"]}
    answer = plan(parsed({"demand": [one]}, Path(), "x", GPUS, TODAY), GPUS, TODAY, explained=False)
    why = {row.what: row.why for row in answer.built.rejected if row.kind == "is not asked for"}
    assert why["h100-80gb-sxm"] == "is left out by the gpus of a"


# --- with the cost model and stored prices -----------------------------------------------------------------

STORED = {
    "plan": {"gpus": ["l4", "a10", "l40s", "a100-80gb-sxm", "h100-80gb-sxm"]},
    "demand": [
        {"name": "chat", "workload": "llama-3.1-8b", "rate": "20 req/s", "slo": "ttft p90 1 s, tpot 50 ms",
         "redundancy": "N+1"},
        {"name": "images", "workload": "stable-diffusion-1.5", "rate": "300 images/min", "latency": "20 s"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("where", ["demand", "quota"])
def test_an_unknown_provider_is_told_the_nearest(where):
    raw = {**STORED, "quota": [{"provider": "awz" if where == "quota" else "aws", "max_gpus": 8}]}
    if where == "demand":
        raw["demand"] = [{**STORED["demand"][0], "providers": ["awz"]}]
    with pytest.raises(UsageError, match="did you mean aws"):
        plan(parsed(raw, Path(), "x", GPUS, TODAY), GPUS, TODAY)


@pytest.mark.parametrize(("region", "near"), [("eurpe", "europe"), ("us-est-*", "us-west")])
def test_an_unknown_region_is_told_the_nearest(region, near):
    with pytest.raises(UsageError, match=f"no region '.*did you mean.*{near}"):
        plan(parsed({**STORED, "plan": {"regions": [region]}}, Path(), "x", GPUS, TODAY), GPUS, TODAY)


@pytest.fixture(scope="module")
def stored():
    return plan(parsed(STORED, Path(), "stored", GPUS, TODAY), GPUS, TODAY)


def test_stored_prices_and_predicted_capacities(stored):
    assert stored.status == "optimal"
    assert stored.solution.gap <= 1e-6
    program, n = stored.built.program, stored.solution.n[:, 0]
    made = (program.columns.capacity * stored.solution.x[:, :, 0]).sum(axis=1)
    assert (made >= program.load.rate[:, 0] * (1 - 1e-9)).all()
    assert (stored.solution.x[:, :, 0].sum(axis=0) <= n + 1e-9).all()
    # One chat demand alone is what recommend says for the same GPU: its replicas and one more.
    assert stored.watts is not None
    assert stored.watts > 100.0
    assert any(one.kind == "dominated" for one in stored.why_not)


def test_deployments_are_read_back(stored):
    document = json.loads(json.dumps(stored.to_dict()))
    found = read_all(document)
    assert {one.workload for one in found} == {"llama-3.1-8b", "stable-diffusion-1.5"}
    by_type = {one.supply.instance: one for one in stored.picks}
    for one in found:
        assert one.gpu == by_type[one.instance].supply.gpu
        assert one.usd_per_hour == pytest.approx(by_type[one.instance].supply.usd)
        assert one.nodes <= by_type[one.instance].instances


def _layout(load, most, spare=(0, 0, 0)):
    load = np.array(load, dtype=float)
    groups = laid_out(load, most, np.array(spare[: len(load)]), np.ones(load.shape[1]))
    assert sum(one.machines for one in groups) == most
    return [(one.machines, set(one.demands)) for one in groups]


def test_as_few_machines_as_possible_are_shared():
    assert _layout([[5.0], [4.9]], 10) == [(5, {0}), (5, {1})]
    assert _layout([[4.6], [5.2]], 10) == [(5, {1}), (4, {0}), (1, {0, 1})]
    # What idles is the busiest one's, and no group of its own.
    assert _layout([[2.0], [1.0]], 5) == [(4, {0}), (1, {1})]
    # By day one, by night the other: each is on all of them.
    assert _layout([[5.0, 0.0], [0.0, 5.0]], 5) == [(5, {0, 1})]
    # What survives the loss of a machine is on all of them, the other where it is needed.
    assert _layout([[5.0], [4.9]], 10, (1, 0)) == [(5, {0}), (5, {0, 1})]
    assert _layout([[5.0], [4.9]], 10, (1, 1)) == [(10, {0, 1})]
    assert _layout([[2.2]], 4, (1,)) == [(4, {0})]


def test_machines_of_the_fleet_are_deployed_once():
    own = [option("one", 1.0, images="10 images/s", sounds="10 images/s", gpu="l4"),
           option("two", 5.0, images="60 images/s", gpu="l40s")]  # fmt: skip
    answer = solved([demand(rate="33 images/s"), demand("sounds", "14 images/s")], own, explained=True)
    for pick in answer.picks:
        mine = [one for one in answer.deployments if one.gpu == pick.supply.gpu]
        assert sum(one.nodes for one in mine) == pick.instances
    names = {each.name.partition("-")[0] for one in answer.deployments for each in (one, *one.beside)}
    assert names == {"images", "sounds"}


def test_fronts_trade_cost_for_latency_and_energy(stored):
    found = fronts(stored, GPUS, TODAY)
    for points, of in ((found.latency, "p90"), (found.energy, "watts")):
        assert points
        usd = [one.usd_per_hour for one in points]
        other = [getattr(one, of) for one in points]
        assert usd == sorted(usd)
        assert other == sorted(other, reverse=True)
    assert min(one.watts for one in found.energy) < stored.watts


def test_the_python_api():
    answer = whichgpu.plan({"demand": [demand()], "option": [option("a", 1.0, images="10 images/s")]})
    assert str(answer).startswith("1 x a: 1.00 USD/h")
    assert answer.to_dict()["picks"][0]["shares"] == {"images": pytest.approx(1.0)}


def test_the_example_is_read():
    from whichgpu.planner.plan.reading import read

    found = read(ROOT / "examples" / "three-services.toml", GPUS, TODAY)
    assert [one.name for one in found.demands] == ["chat", "images", "transcripts"]
    assert found.demand("chat").spare == 1
    assert found.demand("transcripts").total == 2000 * 3600.0
