"""`recommend` under constraints: each holds and flips; bad input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from wished import FEW, GPUS, TODAY, ask, chosen

import whichgpu as package
from whichgpu.errors import UsageError
from whichgpu.planner import constraints
from whichgpu.planner.needs import need
from whichgpu.planner.request import Request, read_request
from whichgpu.planner.use import Use, use
from whichgpu.planner.uses import for_use
from whichgpu.prices import live, sellers
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow

# --- what a GPU is needed for -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "has", "lacks"),
    [
        ("fp64", "a100-80gb-sxm", "rtx-4090"),
        ("fp64", "v100-16gb-sxm", "t4"),
        ("nvlink", "a100-80gb-sxm", "rtx-4090"),
        ("mig", "h100-80gb-sxm", "a10"),
        ("vgpu", "a40", "rtx-4090"),
        ("ecc", "a10", "rtx-3090"),
        ("ecc", "h100-80gb-sxm", "rtx-3080-10gb"),
        ("display", "rtx-a4000", "a100-80gb-sxm"),
        ("display", "rtx-4090-laptop", "t4"),
        ("av1", "rtx-4090", "rtx-3090"),
        ("av1", "l4", "a10"),
        ("av1-decode", "rtx-3090", "a100-80gb-sxm"),
        ("encoder", "t4", "h100-80gb-sxm"),
        ("laptop", "rtx-4090-laptop", "rtx-4090"),
        ("single-slot", "rtx-a4000", "rtx-a6000"),
        ("single-slot", "a10", "a100-80gb-sxm"),
        ("low-profile", "l4", "a10"),
        ("fp8", "h100-80gb-sxm", "a100-80gb-sxm"),
        ("bf16", "a10", "t4"),
        ("tf32", "a100-80gb-sxm", "v100-16gb-sxm"),
        ("int8", "t4", "v100-16gb-sxm"),
        ("ray-tracing", "rtx-4090", "a100-80gb-sxm"),
        ("tensor-cores", "t4", "p40"),
        ("vr", "rtx-a5000", "a100-80gb-sxm"),
        ("workstation", "rtx-a4000", "rtx-4090"),
        ("datacenter", "a10", "rtx-4090"),
        ("pcie", "a10", "a100-80gb-sxm"),
        ("sxm", "a100-80gb-sxm", "a100-80gb-pcie"),
        ("passive", "a30", "rtx-4090"),
        ("no-power-connector", "t4", "rtx-4090"),
        ("cuda", "t4", "mi300x"),
        ("rocm", "mi300x", "t4"),
        ("sparsity", "a10", "t4"),
        ("memory>=40 GB", "a100-80gb-sxm", "a10"),
        ("power<=75 W", "t4", "a10"),
    ],
)
def test_a_need_is_met_by_one_gpu_and_not_by_another(word: str, has: str, lacks: str) -> None:
    one = need(word)
    assert one.met(GPUS[has]) is True
    assert not one.met(GPUS[lacks])
    assert one.lacking(GPUS[lacks])


@pytest.mark.parametrize("word", ["double precision", "MIG", "Ray_Tracing", "rt-cores", "1-slot"])
def test_other_spellings_are_the_same_need(word: str) -> None:
    assert any(need(word).met(gpu) for gpu in GPUS.values())


def test_engines_that_no_source_counts_are_one_at_least() -> None:
    uncounted = next(gpu for gpu in GPUS.values() if str(gpu.value("decoders")).startswith("NVDEC"))
    assert need("decoders>=1").met(uncounted)
    assert need("decoders>=2").met(uncounted) is None
    assert need("encoders>=1").met(GPUS["a16"])
    assert need("display_outputs>=1").met(GPUS["t4"]) is False


def test_what_no_source_states_is_not_taken_and_said_to_be_unread() -> None:
    unread = next(gpu for gpu in GPUS.values() if need("ecc").met(gpu) is None)
    assert "not read" in need("ecc").lacking(unread)


@pytest.mark.parametrize(
    ("wish", "has", "lacks"),
    [
        ({"needs": ["fp64"]}, "v100-16gb-sxm", "rtx-4090"),
        ({"needs": ["fp8", "single-slot"]}, "l4", "l40s"),
        ({"max_power": "150 W"}, "a10", "rtx-4090"),
        ({"max_power": "72 W"}, "l4", "a10"),
        ({"max_slots": 1}, "a10", "l40s"),
        ({"min_memory": "48 GB"}, "l40s", "rtx-4090"),
        ({"min_memory": "24 GB"}, "a10", "t4"),
        ({"exclude": ["rtx-4090"]}, "a10", "rtx-4090"),
        ({"exclude": ["h100"]}, "a10", "h100-80gb-sxm"),
        ({"framework": ["flash-attention 3"]}, "h100-80gb-sxm", "t4"),
    ],
)
def test_a_constraint_on_gpus_takes_some_and_not_others(wish: dict[str, Any], has: str, lacks: str) -> None:
    free = chosen(ask(gpus=FEW, term="any"))
    assert {has, lacks} <= free
    answer = ask(gpus=FEW, term="any", **wish)
    assert has in chosen(answer)
    assert lacks not in chosen(answer)
    (why,) = [one.why for one in answer.rejected if one.gpu == lacks]
    assert why


def test_a_constraint_moves_the_first_place() -> None:
    free = ask(gpus=FEW, term="any").candidates[0].gpu
    answer = ask(gpus=FEW, term="any", exclude=[free])
    assert answer.candidates[0].gpu != free


# --- who sells, where -------------------------------------------------------------------------------------


def test_a_class_of_providers_takes_its_own_alone() -> None:
    answer = ask(gpus=FEW, providers=["hyperscaler"])
    assert answer.candidates
    assert {sellers.class_of(item.offer.provider).id for item in answer.candidates} == {"hyperscaler"}
    without = ask(gpus=FEW, exclude=["hyperscalers"])
    assert all(sellers.class_of(item.offer.provider).id != "hyperscaler" for item in without.candidates)


def test_an_excluded_provider_sells_nothing() -> None:
    first = ask(gpus=["l4"]).candidates[0].offer.provider
    assert ask(gpus=["l4"], exclude=[first]).candidates[0].offer.provider != first


def test_a_region_and_an_area() -> None:
    one = next(row.region for row in live.current() if row.gpu == "l4" and row.region and not row.quarantine)
    for words in (["europe"], [one], ["us-east"]):
        answer = ask(gpus=FEW, term="any", region=words)
        regions = sellers.regions_named(words, live.current())
        assert answer.candidates
        assert all(item.offer.region in regions for item in answer.candidates)
    assert "us-east-1" not in sellers.regions_named(["europe"], live.current())


@pytest.mark.parametrize(
    ("said", "meant"),
    [("Amazon", "aws"), ("google cloud", "gcp"), ("Microsoft Azure", "azure"), ("Lambda Labs", "lambda")],
)
def test_other_names_of_providers(said: str, meant: str) -> None:
    found = ask(providers=[said])
    assert {one.offer.provider for one in found.candidates} == {meant}
    assert meant not in {one.offer.provider for one in ask(exclude=[said]).candidates}


def test_gpus_are_named_by_what_they_have_in_common() -> None:
    """A vendor, a family, a segment: asked for alone, and left out."""
    for word, one in (("amd", "mi300x"), ("hopper", "h100-80gb-sxm"), ("GeForce", "rtx-4090")):
        alone, without = (ask("llama-3.1-8b", **{option: [word]}) for option in ("gpus", "exclude"))
        assert one in chosen(alone)
        assert not chosen(alone) & chosen(without)
        same = "amd" if word == "amd" else word.lower()
        gpus = [GPUS[gpu] for gpu in chosen(alone)]
        assert all(same in (gpu.vendor.lower(), gpu.family, gpu.segment) for gpu in gpus)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("committed", "reserved"), ("preemptible", "spot"), ("On demand", "on-demand"), ("own", "buy")],
)
def test_terms_in_other_words(said: str, meant: str) -> None:
    request, _ = read_request(Job("sdxl"), GPUS, today=TODAY, term=said)
    assert request.term == meant


def test_a_country_has_its_regions_and_no_others() -> None:
    """europe-west10 is in Berlin and europe-west1 in Belgium, though one begins as the other."""
    names = ("europe-west1", "europe-west10", "europe-west3", "europe-central-1", "Germany, DE, EU")
    rows = [replace(live.current()[0], region=name, by_region="") for name in names]
    assert sellers.regions_named(["belgium"], rows) == ("europe-west1",)
    assert sellers.regions_named(["europe-west1"], rows) == ("europe-west1",)
    assert set(sellers.regions_named(["germany"], rows)) == {row.region for row in rows[1:]}
    assert set(sellers.regions_named(["europe-west"], rows)) == {row.region for row in rows[:3]}
    assert not sellers.lies_in("eastus2", "eastus")


def test_a_city_is_the_regions_in_it() -> None:
    placed = {one.offer.region for one in ask(region=["Netherlands"], needs=["ecc and nvlink"]).candidates}
    assert placed
    assert placed <= {"europe-west4", "westeurope"}


def test_every_class_says_what_it_means() -> None:
    for one in sellers.classes().values():
        assert one.trust
        assert one.interruption
        assert one.billing
    told = ask(gpus=["a10"]).to_dict()["candidates"][0]["seller"]
    assert set(told) == {"id", "label", "trust", "interruption", "billing"}


# --- limits -----------------------------------------------------------------------------------------------


def test_energy_a_unit_and_its_limit() -> None:
    free = ask(gpus=FEW, target="1000 images/s")
    hungry = max(free.candidates, key=lambda item: item.joules_per_unit)
    least = min(free.candidates, key=lambda item: item.joules_per_unit)
    assert least.joules_per_unit < hungry.joules_per_unit
    answer = ask(gpus=FEW, target="1000 images/s", energy=f"{least.joules_per_unit * 1.01:.6f} J/image")
    assert least.gpu in chosen(answer)
    assert hungry.gpu not in chosen(answer)


def test_a_gpu_that_mostly_waits_spends_what_it_draws_idle() -> None:
    """At its whole rate a unit takes W / rate; at a tenth of it the idle watts of nine tenths come on top."""
    full = ask(gpus=["h100-80gb-sxm"]).candidates[0]
    rate, watts = full.throughput.mid, full.watts
    busy, waiting = (
        ask(gpus=["h100-80gb-sxm"], target=f"{rate * share} images/s").candidates[0].joules_per_unit
        for share in (0.999, 0.1)
    )
    assert busy == pytest.approx(watts / rate, rel=0.01)
    idle = (waiting * 0.1 * rate - 0.1 * watts) / 0.9
    assert 40 < idle < 150, "W of an H100 that waits with a context on it"


@pytest.mark.parametrize("target", ["100 images/s", "20000 images/s"])
def test_the_least_energy_depends_on_how_much_there_is_to_do(target: str) -> None:
    first = ask(gpus=["l4", "b200-180gb-sxm"], target=target, objective="energy").candidates[0]
    assert first.gpu == {"100 images/s": "l4", "20000 images/s": "b200-180gb-sxm"}[target]


@pytest.mark.parametrize("objective", ["cost", "latency", "energy"])
def test_the_objective_ranks_first(objective: str) -> None:
    answer = ask(gpus=FEW, target="1000 images/s", objective=objective)
    axis = {"cost": 0, "latency": 1, "energy": 2}[objective]
    trusted = [item.axes()[axis] for item in answer.candidates if item.trust == 0]
    assert trusted == sorted(trusted)


def test_by_throughput_a_gpu_that_makes_more_comes_first() -> None:
    answer = ask(gpus=FEW, objective="throughput")
    trusted = [item for item in answer.candidates if item.trust == 0]
    assert [one.made_each for one in trusted] == sorted((one.made_each for one in trusted), reverse=True)
    first = trusted[0]
    assert f"{first.gpu} makes the most: " in f"{first.gpu} {first.why}"
    # No other configuration of it makes more; the best for latency does.
    soonest = next(one for one in ask(gpus=FEW, objective="latency").candidates if one.gpu == first.gpu)
    assert first.made_each > soonest.made_each


def test_the_front_is_what_nothing_beats_on_every_axis() -> None:
    answer = ask(gpus=FEW, target="1000 images/s")
    dated = [item for item in answer.candidates if item.trust < 2]
    for item in dated:
        beaten = any(
            all(a <= b for a, b in zip(other.axes(), item.axes(), strict=True))
            and other.axes() != item.axes()
            for other in dated
        )
        assert item.front is not beaten
    assert answer.to_dict()["candidates"][0]["pareto"] is answer.candidates[0].front


def test_a_budget_by_the_month_is_one_by_the_hour() -> None:
    hourly = ask(gpus=FEW, target="1000 images/s", budget="1 USD/h")
    monthly = ask(gpus=FEW, target="1000 images/s", budget="730.5 USD/month")
    assert chosen(hourly) == chosen(monthly)
    assert chosen(hourly) == chosen(ask(gpus=FEW, target="1000 images/s", budget="1 USD per hour"))
    assert chosen(ask(gpus=FEW, target="1000 images/s", budget="$0.5/h")) < chosen(hourly)


def test_a_power_cap_costs_speed_and_saves_energy() -> None:
    free = ask(gpus=["a100-80gb-sxm"], columns={"batch": 128.0})
    capped = ask(gpus=["a100-80gb-sxm"], columns={"batch": 128.0}, power_limit="200 W")
    told = capped.to_dict()["power_limit"]
    assert told["speed"] < 1.0
    assert told["power"] < told["speed"]
    assert capped.candidates[0].throughput.mid == pytest.approx(
        told["speed"] * free.candidates[0].throughput.mid
    )
    assert free.to_dict()["power_limit"] is None
    # A cap makes a card fit where its board power does not.
    limits = {"max_power": "250 W", "gpus": ["a100-80gb-sxm"]}
    assert ask(**limits).candidates == ()
    assert ask(power_limit="250 W", **limits).candidates


# --- the module by itself ---------------------------------------------------------------------------------


def test_a_cap_that_no_card_takes_is_refused() -> None:
    """An H100's lowest limit was read; a 4090's was not, and none is below a fifth of the board power."""
    for gpu, least in (("h100-80gb-sxm", 200), ("rtx-4090", 90)):
        low = ask(gpus=[gpu], power_limit=f"{least - 1} W")
        assert low.candidates == ()
        assert low.conflict is not None
        assert f'--power-limit "{least} W"' in str(low.conflict)
        assert ask(gpus=[gpu], power_limit=f"{least} W").candidates


def test_constraints_test_many_at_once_and_say_what_would_do() -> None:
    request, _ = read_request(Job("resnet50"), GPUS, today=TODAY, max_power="150 W", needs=["ecc"])
    limits = constraints.of(request)
    gpus = [GPUS["a10"], GPUS["l40s"]]
    by_option = {limit.option: limit for limit in limits}
    power = by_option["--max-power"]
    assert power.holds(gpus).tolist() == [True, False]
    assert power.needs(gpus).tolist() == [1.0, pytest.approx(350 / 150)]
    assert power.measure is not None
    assert power.relaxed(float(power.measure(gpus)[1])) == '--max-power "350 W"'
    ecc = by_option["--needs"]
    assert ecc.holds(gpus).tolist() == [True, True]
    assert ecc.relaxed(2.0) == ""
    assert np.isinf(ecc.needs([GPUS["rtx-3090"]]))[0]


def test_a_need_that_is_a_number_is_moved_and_not_left_out() -> None:
    """Eight screens on one card: the most that one has is told."""
    answer = for_use(_found("displays"), _request(needs=["displays>=8"]), GPUS)
    assert answer.conflict is not None
    assert answer.conflict.ways_out[0].changes == ("--needs displays>=6",)
    again = for_use(_found("displays"), _request(needs=["displays>=6"]), GPUS)
    assert again.cards


def _found(name: str) -> Use:
    found = use(name)
    assert found is not None
    return found


def _request(**wishes: Any) -> Request:
    return read_request(Job("resnet50"), GPUS, today=TODAY, term="buy", **wishes)[0]


# --- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"needs": ["fp46"]}, "did you mean"),
        ({"needs": ["nonsense"]}, "they are"),
        ({"needs": ["memory>=lots"]}, "memory"),
        ({"providers": ["awss"]}, "did you mean"),
        ({"exclude": ["rtx-4900"]}, "did you mean"),
        ({"exclude": ["hyperscalars"]}, "hyperscaler"),
        ({"region": ["eu-nort1"]}, "did you mean"),
        ({"region": ["atlantis"]}, "no region"),
        ({"framework": ["pytroch"]}, "did you mean"),
        ({"system": "beos"}, "systems are"),
        ({"max_power": "150"}, "unit"),
        ({"max_power": "-150 W"}, "above zero"),
        ({"max_power": "0 W"}, "above zero"),
        ({"max_power": "1e9 W"}, "absurd"),
        ({"max_slots": 0}, "1 to 16"),
        ({"max_slots": float("nan")}, "1 to 16"),
        ({"min_memory": "0 GB"}, "above zero"),
        ({"min_memory": "24 W"}, "memory"),
        ({"power_limit": "0 W"}, "above zero"),
        ({"budget": "0 USD/h"}, "above zero"),
        ({"budget": "-5 USD/h"}, "above zero"),
        ({"budget": "1e20 USD/h"}, "absurd"),
        ({"budget": "20 EUR/h"}, "price"),
        ({"budget": "500 USD"}, "size"),
        ({"budget": "10k"}, '"10000 USD/h", or "10000 USD/month" of the fleet'),
        ({"budget": "900", "term": "buy"}, '"900 USD", or'),
        ({"target": "100/s"}, '"100 images/s"'),
        ({"energy": "5 kWh"}, "size"),
        ({"energy": "3 J/token"}, "makes images"),
        ({"energy": "-3 J/image"}, "above zero"),
        ({"objective": "speeed"}, "did you mean"),
        ({"objective": "time"}, "size"),
        ({"latency": "1e12 s"}, "absurd"),
        ({"api_price": "cheap"}, "0.60/2.40"),
        ({"api_price": "0.6/2.4 USD per million"}, "makes images"),
        ({"deadline": "tomorrow"}, "size"),
    ],
)
def test_bad_wishes_are_refused_in_one_line(wish: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as said:
        ask(gpus=["a10"], **wish)
    assert words in str(said.value)
    assert "\n" not in str(said.value)


def test_a_deadline_in_short_units() -> None:
    for text, days in (("7d", 7), ("2 wks", 14), ("36h", 1.5)):
        request, _ = read_request(Job("llama-3.1-8b"), GPUS, today=TODAY, tokens="1M", deadline=text)
        assert request.deadline == pytest.approx(days * 86400)


def test_a_provider_is_told_by_its_other_names_too() -> None:
    with pytest.raises(UsageError, match="did you mean amazon"):
        ask(providers=["amazn"])


# --- parts of a GPU ---------------------------------------------------------------------------------------


def test_parts_are_rented_as_whole_gpus_and_work_side_by_side() -> None:
    """A GPU in parts costs what it costs whole, has as many parts as its guide says, and they add up."""
    part = "a100-80gb-sxm:mig-3g.40gb"
    answer = ask("llama-3.1-8b", target="5000 tokens/s", gpus=["a100-80gb-sxm", part])
    whole, cut = (
        next(item for item in answer.candidates if item.gpu == key) for key in ("a100-80gb-sxm", part)
    )
    assert (whole.gpus_per_instance, cut.gpus_per_instance) == (1, 2)
    assert cut.offer.usd_per_hour == whole.offer.usd_per_hour
    assert cut.throughput_per_instance.mid == pytest.approx(2 * cut.estimate.throughput.mid, rel=1e-6)
    assert cut.throughput_per_instance.mid < whole.throughput_per_instance.mid
    sevenths = ask("bert-large", target="3000 sequences/s", gpus=["A100 SXM 80GB MIG 1g.10gb"])
    assert sevenths.candidates[0].gpus_per_instance == 7


def test_parts_do_not_work_together_and_a_run_has_one() -> None:
    part = "a100-80gb-sxm:mig-3g.40gb"
    assert "parts of a GPU do not work together" in ask("llama-3.1-70b", gpus=[part]).infeasible
    run = ask(phase="train", epochs="1", samples="imagenet", gpus=[part]).candidates[0]
    assert run.throughput.mid == pytest.approx(run.estimate.throughput.mid)
    with pytest.raises(UsageError, match=r"no MIG profile '9g\.40gb'"):
        ask(gpus=["a100-80gb-sxm:mig-9g.40gb"])
    with pytest.raises(UsageError, match="did you mean h100"):
        ask(gpus=["h101"])


def test_a_training_that_no_offer_ends_in_time_says_how_to_ask_for_a_cluster() -> None:
    sized = {"phase": "train", "tokens": "15T", "deadline": "60 days"}
    late = package.recommend("llama-3.1-405b", **sized)
    assert '--tokens 15000B --within "60 days"' in late.infeasible
    assert "sweep" not in package.recommend("resnet50", phase="train", epochs=90, deadline="1 s").infeasible


def test_a_card_without_units_for_bf16_is_asked_in_fp16() -> None:
    asked = {"phase": "train", "tokens": "1B", "gpus": "v100-32gb-sxm,a100-80gb-sxm"}
    found = package.recommend("llama-3.2-1b", **asked)
    by_gpu = {one.gpu: one for one in found.candidates}
    assert by_gpu["a100-80gb-sxm"].estimate.job.precision == "amp-bf16"
    assert by_gpu["v100-32gb-sxm"].estimate.job.precision == "amp-fp16"
    assert any("amp-fp16 on v100-32gb-sxm" in one for one in found.assumptions)
    # Who states a format is answered in it.
    stated = package.recommend("llama-3.2-1b", precision="amp-bf16", **asked)
    slow = next(one for one in stated.candidates if one.gpu == "v100-32gb-sxm")
    assert slow.throughput.mid < by_gpu["v100-32gb-sxm"].throughput.mid / 2


def test_a_gpu_that_is_named_is_asked_under_what_runs_there() -> None:
    found = package.recommend("llama-3.1-8b", gpus="p40,l4", term="any")
    ran = {one.gpu: one.estimate.job.runtime for one in found.candidates}
    assert ran == {"l4": "vllm", "p40": "llama-cpp"}
    assert any("runtime llama-cpp on p40" in one for one in found.assumptions)
    # Unasked, nobody is led to other software.
    assert "p40" not in {one.gpu for one in package.recommend("llama-3.1-8b", term="any").candidates}
