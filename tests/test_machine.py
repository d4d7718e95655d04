"""The machine that one builds, hosted APIs to break even against, laptops, money to buy with."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner import needs, use
from whichgpu.planner.answer import Recommendation  # noqa: TC001
from whichgpu.planner.hosted import published, read_api_price
from whichgpu.planner.machine import Machine, cooled, is_card, read_machine, room, rules
from whichgpu.planner.recommend import recommend
from whichgpu.planner.request import read_request
from whichgpu.prices import purchase_price, store
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

GPUS = catalogue()
TODAY = date(2026, 11, 20)
CARDS = ["rtx-4090", "rtx-a4000", "rtx-a6000", "rtx-3090"]


def ask(workload: str = "llama-2-13b", **wishes: Any) -> Recommendation:
    job = Job(workload, phase=wishes.pop("phase", ""), **wishes.pop("columns", {}))
    request, own = read_request(job, GPUS, today=TODAY, **wishes)
    return recommend(request, GPUS, own)


def counts(answer: Recommendation, gpu: str) -> list[int]:
    return [item.gpus_per_instance for item in answer.candidates if item.gpu == gpu]


# --- the machine ------------------------------------------------------------------------------------------


def test_a_machine_is_read_from_words_and_from_a_file(tmp_path: Path) -> None:
    words = read_machine("psu 1600 W, 4 slots, 15 A at 120 V, 128 GB, 24 cores, 64 PCIe lanes, server")
    file = tmp_path / "box.toml"
    file.write_text(
        'psu = "1600 W"\nslots = 4\ncircuit = "15 A at 120 V"\nmemory = "128 GB"\ncores = 24\nlanes = 64\n'
        'cooling = "server"\n'
    )
    assert words._replace(text="") == read_machine(str(file))._replace(text="")
    assert words == Machine(
        psu=1600, slots=4, amperes=15, volts=120, memory=128 * 2**30, cores=24, lanes=64, air="server",
        text=words.text,
    )  # fmt: skip
    assert read_machine("120 V 15 A").amperes == 15
    turned = "PSU: 1600W; slots=4; circuit 15A@120V; RAM 128GB; cpu cores 24; lanes 64; server"
    assert read_machine(turned)._replace(text="") == words._replace(text="")


@pytest.mark.parametrize(
    ("roomy", "tight"),
    [
        ("psu 1000 W", "psu 500 W"),
        ("15 A at 120 V", "5 A at 120 V"),
        ("4 slots", "2 slots"),
        ("64 GB", "16 GB"),
        ("8 cores", "2 cores"),
        ("16 lanes", "4 lanes"),
    ],
)
@pytest.mark.thorough(every=2)
def test_each_part_of_a_machine_holds_and_flips(roomy: str, tight: str) -> None:
    wish = {"gpus": ["rtx-4090"], "columns": {"precision": "w4a16"}}
    held = ask(machine=roomy, **wish)
    assert held.candidates
    none = ask(machine=tight, **wish)
    assert none.candidates == ()
    assert "--machine" in none.infeasible


def test_a_card_without_a_fan_needs_the_airflow_of_a_server() -> None:
    wish = {"gpus": ["a10"], "columns": {"precision": "w4a16"}}
    assert ask(machine="2 slots, server", **wish).candidates
    assert ask(machine="2 slots, desktop", **wish).candidates == ()


def test_a_module_goes_into_no_slot() -> None:
    assert ask(machine="8 slots, server", gpus=["a100-80gb-sxm"]).candidates == ()


def test_the_circuit_carries_four_fifths_of_its_rating() -> None:
    # 15 A x 120 V x 80 % x 90 % less the host leaves 1096 W: two cards of 450 W, not three.
    share = rules()["circuit_load"].value * rules()["psu_efficiency"].value
    left = 15 * 120 * share - rules()["host_power"].value
    assert 2 * 450 <= left < 3 * 450
    wish = {"gpus": ["rtx-4090"], "columns": {"tp": 4.0}}
    assert ask("llama-2-13b", machine="15 A at 120 V", **wish).candidates == ()
    assert ask("llama-2-13b", machine="25 A at 120 V", **wish).candidates
    # Capped cards fit where free ones do not.
    assert ask("llama-2-13b", machine="15 A at 120 V", power_limit="250 W", **wish).candidates


def test_the_machine_that_is_named_as_a_way_out_does() -> None:
    wish = {"gpus": CARDS, "columns": {"precision": "fp16"}}
    none = ask("llama-2-70b", machine="psu 750 W, 2 slots", **wish)
    said = none.infeasible.split('--machine "')[-1].split('"')[0]
    assert ask("llama-2-70b", machine=said, **wish).candidates


def test_what_is_assumed_of_a_machine_is_told() -> None:
    answer = ask(machine="psu 1600 W, 15 A at 120 V", gpus=["rtx-a6000"])
    told = " ".join(answer.assumptions)
    assert "80 %" in told
    assert answer.to_dict()["machine"]["psu"] == 1600
    assert all(item.offer.kind == "buy" for item in answer.candidates)


def test_bought_cards_say_which_machine_they_take_and_whether_a_desktop_holds_them() -> None:
    answer = ask(
        "llama-3.1-70b",
        term="buy",
        gpus=["rtx-4090", "rtx-pro-6000-blackwell"],
        columns={"precision": "w4a16"},
    )
    boxes = {item.gpu: item.gpus_per_instance for item in answer.candidates}
    needs = answer.to_dict()["machine"]
    assert boxes[needs["gpu"]] == needs["cards"]
    held = {item.gpu for item in ask("llama-3.1-70b", machine=needs["needs"], gpus=list(boxes),
                                     columns={"precision": "w4a16"}).candidates}  # fmt: skip
    assert needs["gpu"] in held, "what is told to be enough holds the cards when it is typed"
    many = ask("llama-3.1-70b", term="buy", gpus=["rtx-pro-4000-blackwell"])
    told = many.to_dict()["machine"]
    assert told["cards"] == 8
    assert told["most_in_usual_desktop"] == 2
    assert "holds 2 of them" in " ".join(many.machine.sentences if many.machine else ())
    unread = ask("resnet50", term="buy", gpus=["gaudi3-pcie", "arc-pro-b70"])
    assert "is a module" not in str(unread.machine), "a form that was not read is no module"
    one = ask("resnet50", term="buy", gpus=["rtx-4090"]).to_dict()["machine"]
    assert (one["cards"], one["first_in_usual_desktop"]) == (1, None)
    assert one["most_in_usual_desktop"] >= 1


def test_more_cards_than_a_desktop_holds_are_bought_only_where_nothing_else_does_it() -> None:
    columns = {"precision": "w4a16"}
    every = ["rx-9060-xt-16gb", "rtx-pro-6000-blackwell"]
    plenty = ask("llama-3.1-70b", term="buy", gpus=every, columns=columns)
    assert counts(plenty, "rtx-pro-6000-blackwell")
    assert not counts(plenty, "rx-9060-xt-16gb"), "it takes four, and a desktop holds two"
    poor = ask("llama-3.1-70b", term="buy", gpus=every, budget="1500 USD", columns=columns)
    assert counts(poor, "rx-9060-xt-16gb") == [4]
    own = ask("llama-3.1-70b", machine="2 x 1000 W psu, 16 slots", gpus=every, columns=columns)
    assert min(counts(own, "rx-9060-xt-16gb")) > 2


def test_of_bought_cards_that_cost_as_good_as_the_same_the_fewest_come_first() -> None:
    every = ["t4", "rtx-5880-ada", "mi250x"]
    answer = ask("qwen2.5-32b", term="buy", target="400 tokens/s", gpus=every)
    first, second = answer.candidates
    assert (first.gpus, second.gpus) == (1, 2)
    assert second.cost < first.cost <= 1.05 * second.cost
    assert "1 GPU in place of 2" in first.why
    assert answer.flips == (), "a price of the dearer one flips nothing"
    assert not counts(answer, "t4"), "it takes eight, and no more are bought for want of a fan"


def test_what_four_cards_do_is_not_left_to_eight() -> None:
    """64 GB of weights: eight cards of 12 GB cost less by the hour than four of 20 GB, and stay behind."""
    every = ["rtx-a2000-12gb", "rtx-4000-ada"]
    asked = {"term": "buy", "budget": "6000 USD", "columns": {"precision": "bf16"}}
    both = ask("qwen2.5-32b", gpus=every, **asked)
    assert counts(both, "rtx-4000-ada") == [4]
    assert not counts(both, "rtx-a2000-12gb")
    alone = ask("qwen2.5-32b", gpus=every[:1], **asked)
    assert counts(alone, "rtx-a2000-12gb") == [8]
    assert alone.candidates[0].usd_per_hour < both.candidates[0].usd_per_hour


def test_a_budget_to_buy_is_for_the_cards_whatever_they_are_to_do() -> None:
    size = {"samples": "52002", "epochs": "3"}
    answer = ask("llama-2-7b", phase="finetune_qlora", term="buy", budget="1000 USD", **size)
    assert answer.candidates
    assert all(0 < (one.usd_to_buy or 0) <= 1000 for one in answer.candidates)
    rented = ask("llama-2-7b", phase="finetune_qlora", budget="10 USD", **size)
    assert all(0 < (one.usd_total or 0) <= 10 for one in rented.candidates)


def test_a_bought_card_without_a_fan_says_so_and_what_is_bought_whole_says_nothing() -> None:
    passive = ask("resnet50", term="buy", gpus=["l4", "rtx-4090"], objective="energy").to_dict()["machine"]
    assert (passive["gpu"], passive["most_in_usual_desktop"]) == ("l4", 0)
    assert "server airflow" in passive["needs"]
    assert passive["first_in_usual_desktop"] == "1 x rtx-4090"
    assert ask("resnet50", needs=["laptop"]).to_dict()["machine"] is None
    assert ask("resnet50", gpus=["l4"]).to_dict()["machine"] is None


def test_a_machine_in_the_words_of_a_shop() -> None:
    told = read_machine("850W gold PSU, 2 slots, 64 GB DDR5 RAM, 16 cores, server cooling, 15 A at 120 V")
    plain = read_machine("psu 850 W, 2 slots, 64 GB, 16 cores, server, 15 A at 120 V")
    assert told._replace(text="") == plain._replace(text="")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "says nothing"),
        ("psu 0 W", "above zero"),
        ("psu -5 W", "above zero"),
        ("psu 99 MW", "absurd"),
        ("4 slots, 5 slots", "twice"),
        ("4 hamsters", "not understood"),
        ("psu 1600", "not understood"),
        ("15 A at 0 V", "above zero"),
        ("none.toml", "none.toml"),
    ],
)
def test_a_machine_that_cannot_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_machine(text)


def test_a_machine_is_not_rented() -> None:
    with pytest.raises(UsageError, match="built and not rented"):
        ask(machine="4 slots", term="spot")


# --- hosted APIs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("0.60/2.40 USD per million", (0.6, 2.4)),
        ("$0.60 in, $2.40 out per million", (0.6, 2.4)),
        ("input 0.60 and output 2.40 USD per 1M tokens", (0.6, 2.4)),
        ("prompts $0.15; answers $0.60 / million tokens", (0.15, 0.6)),
        ("$0.60 / $2.40", (0.6, 2.4)),
        ("0.88 USD per million tokens", (0.88, 0.88)),
        ("0.0006/0.0024 per 1k tokens", (0.6, 2.4)),
    ],
)
def test_prices_of_tokens_as_they_are_written(text: str, pair: tuple[float, float]) -> None:
    found = read_api_price(text)
    assert (found.usd_input, found.usd_output) == pytest.approx(pair)


@pytest.mark.parametrize("text", ["-1/2", "0/0", "1e9/1e9", "2.40 EUR", "free"])
def test_a_price_of_tokens_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--api-price"):
        read_api_price(text)


def test_a_fleet_breaks_even_with_an_api_at_the_rate_where_both_cost_the_same() -> None:
    wish = {"gpus": ["l40s"], "target": "1000 tokens/s"}
    (stated, *_) = ask("llama-3.1-8b", api_price="0.60/2.40 USD per million", **wish).hosted
    assert stated.usd_per_unit == pytest.approx((0.6 * 512 / 256 + 2.4) / 1e6)
    first = ask("llama-3.1-8b", **wish).candidates[0]
    assert stated.breaks_even * stated.usd_per_unit * 3600 == pytest.approx(first.usd_per_hour)
    assert not stated.cheaper
    # One so cheap that the GPU never pays.
    (cheap, *_) = ask("llama-3.1-8b", api_price="0.001 USD per million", **wish).hosted
    assert cheap.cheaper
    assert "rent nothing" in cheap.text


def test_published_prices_have_a_workload_a_source_and_no_future() -> None:
    table = [row for name in ("llama-3.1-8b", "deepseek-r1", "gpt-oss-120b") for row in published(name)]
    assert table
    for row in table:
        assert row.source in store.sources()
        assert row.as_of <= TODAY
    from whichgpu.planner import hosted

    for row in hosted._table():
        assert resolve(row["workload"]).unit == "tokens"
        assert float(row["usd_input"]) > 0
        assert row["as_of"], "a price without a date is no price"


def test_an_old_hosted_price_is_told_to_be_old() -> None:
    old, young = (ask(name).hosted[0] for name in ("qwen3-235b-a22b", "deepseek-v3.2"))
    assert (TODAY - old.price.as_of).days > 365 > (TODAY - young.price.as_of).days
    assert "read 16 months ago: state today's" in old.text
    assert "state today's" not in young.text


# --- laptops ----------------------------------------------------------------------------------------------


def test_laptops_are_bought_whole_and_those_without_a_price_are_ranked_by_speed() -> None:
    answer = ask("llama-2-7b", needs=["laptop"], columns={"precision": "w4a16"})
    assert answer.candidates
    assert {GPUS[item.gpu].segment for item in answer.candidates} == {"laptop"}
    assert {item.gpus_per_instance for item in answer.candidates} == {1}, "a laptop has one GPU"
    first = answer.candidates[0]
    assert first.usd_to_buy == purchase_price(first.gpu).usd  # type: ignore[union-attr]
    assert "a whole laptop" in answer.headline
    rates = [item.throughput.mid for item in answer.candidates if item.trust == 3]
    assert len(rates) > 5
    assert rates == sorted(rates, reverse=True)
    within = ask("llama-2-7b", needs=["laptop"], columns={"precision": "w4a16"}, budget="1200 USD")
    assert {item.gpu for item in within.candidates} == {
        item.gpu for item in answer.candidates if item.usd_to_buy is not None and item.usd_to_buy <= 1200
    }
    assert ask("llama-2-7b", columns={"precision": "w4a16"}, gpus=["l4"]).candidates[0].usd_per_hour > 0


def test_a_laptop_in_json_has_null_for_a_price(whichgpu: Any) -> None:
    done = whichgpu("recommend", "llama-2-7b", "--precision", "w4a16", "--needs", "laptop", "--json")
    assert done.status == 0
    prices = {one["gpu"]: one["usd_per_hour"] for one in done.json["candidates"]}
    assert prices["rtx-5000-ada-laptop"] is None
    assert prices["rtx-4090-laptop"] > 0


@pytest.mark.parametrize(
    ("need", "gpu", "met"),
    [("displays>=4", "rtx-4090", True), ("displays>=5", "rtx-4090", False),
     ("vram>=24GB", "rtx-4090", True), ("tdp<=300 W", "rtx-4090", False), ("encoders>=3", "rtx-5090", True),
     ("displays<=3", "rtx-4090", False)],
)  # fmt: skip
def test_bounds_by_the_names_people_use(need: str, gpu: str, met: bool) -> None:
    assert needs.need(need).met(GPUS[gpu]) is met


def test_who_draws_more_than_a_slot_gives_has_a_connector_whatever_a_table_says() -> None:
    slot = needs.need("no-power-connector")
    # A table has none for both; one draws 210 W.
    assert slot.met(GPUS["rtx-4500-ada"]) is False
    assert slot.met(GPUS["rtx-2000-ada"]) is True


@pytest.mark.parametrize(
    ("said", "many"),
    [
        ("12 monitors", 12),
        ("six 4k screens for a trading desk", 6),
        ("dual monitors", 2),
        ("4k displays", None),
    ],
)
def test_as_many_screens_as_are_named_are_asked_for(said: str, many: int | None) -> None:
    one = use.use(said)
    assert one is not None
    asked = [text for text in one.needs if text.startswith("displays>=")]
    assert asked == ([] if many is None else [f"displays>={many}"])


def test_work_for_several_machines_says_how_many() -> None:
    answer = ask("stable-diffusion-1.5", gpus=["rtx-4090"], target="600 images/min",
                 machine="psu 2000 W, 7 slots, 16 A at 230 V, 48 lanes, 256 GB, 64 cores")  # fmt: skip
    assert answer.machine is not None
    first, held = answer.candidates[0], answer.machine
    assert (held.cards, held.machines) == (first.gpus_per_instance, first.instances)
    assert held.machines > 1
    assert held.most == 2
    full = math.ceil(first.instances * first.gpus_per_instance / 2)
    assert f"{first.instances} such machines with 1 in each, or {full} with 2" in held.sentences[-1]


# --- fleets under a load ----------------------------------------------------------------------------------


def test_users_without_objectives_have_the_usual_ones(whichgpu: Any) -> None:
    done = whichgpu("recommend", "llama-3.1-8b", "--users", "20", "--gpus", "l40s", "--json")
    assert done.status == 0
    assert [one["metric"] for one in done.json["slo"]["objectives"]] == ["ttft", "tpot"]
    assert any("objectives" in said for said in done.json["assumptions"])


def test_a_fleet_obeys_the_constraints_and_names_the_conflict(whichgpu: Any) -> None:
    done = whichgpu("recommend", "llama-3.1-8b", "--users", "20", "--gpus", "l40s,a10", "--needs", "fp8",
                    "--json")  # fmt: skip
    assert {one["gpu"] for one in done.json["candidates"]} == {"l40s"}
    none = whichgpu("recommend", "llama-3.1-8b", "--users", "20", "--needs", "fp64,display")
    assert none.status == 3
    assert "--needs fp64 and --needs display" in none.err
    assert whichgpu("recommend", "llama-3.1-8b", "--users", "20", "--requests", "5").status == 2


def test_a_fleet_under_a_load_stands_beside_a_hosted_api(whichgpu: Any) -> None:
    done = whichgpu("recommend", "llama-3.1-8b", "--slo", "ttft p90 1 s", "--rate", "2 req/s", "--json",
                    "--gpus", "l40s", "--api-price", "0.60/2.40 USD per million")  # fmt: skip
    first, told = done.json["candidates"][0], done.json["hosted"][0]
    assert told["asked"] == pytest.approx(2 * 256)
    assert told["breaks_even"] * told["usd_per_unit"] * 3600 == pytest.approx(first["usd_per_hour"])


# --- money to buy with ------------------------------------------------------------------------------------


def test_a_budget_without_a_time_is_what_the_cards_may_cost() -> None:
    wish = {"gpus": CARDS, "term": "buy", "columns": {"precision": "w4a16"}}
    free = ask(**wish).candidates
    dear = max(item.usd_to_buy or 0 for item in free)
    held = ask(budget=f"{dear - 1:.0f} USD", **wish).candidates
    assert held
    assert all((item.usd_to_buy or 0) < dear for item in held)
    none = ask(budget="10 USD", **wish)
    assert none.candidates == ()
    said = none.infeasible.split('--budget "')[1].split('"')[0]
    assert ask(budget=said, **{**wish, "gpus": None}).candidates


def test_a_use_that_is_misspelt_is_named() -> None:
    with pytest.raises(UsageError, match="rendering"):
        ask("renderin")


def test_the_machine_is_told_part_by_part_with_the_cards_in_it() -> None:
    answer = ask(
        machine="psu 1600 W, 15 A at 120 V, 4 slots", gpus=["rtx-4090"], columns={"precision": "w4a16"}
    )
    told = answer.to_dict()["machine"]["filled"]
    cards = told["cards"]
    host = rules()["host_power"].value
    psu = next(one for one in told["checks"] if one["has"].startswith("psu"))
    assert psu["used"] == pytest.approx((cards * 450 + host) / rules()["psu_load"].value / 1600)
    # Three slots a card: one goes in, and a second finds no slot.
    slots = int(GPUS["rtx-4090"].need("slots"))
    assert told["most_cards"] == min(4 // slots, 2)
    roomier = ask(machine="psu 1600 W, 20 A at 120 V, 8 slots", gpus=["rtx-4090"],
                  columns={"precision": "w4a16"}).to_dict()["machine"]["filled"]  # fmt: skip
    assert roomier["most_cards"] > told["most_cards"]


def test_what_is_needed_at_the_edge_is_bought() -> None:
    answer = ask("yolov8m", needs=["edge"], columns={})
    assert answer.request.term == "buy"
    assert answer.candidates[0].gpu.startswith("jetson")


@pytest.mark.parametrize(
    ("gpu", "parts", "most", "words"),
    [
        ("rtx-3090", "psu 1000 W", 1, "2 take psu 1125 W"),
        ("rtx-3090", "psu 2000 W, 7 slots", 2, "3 take 9 slots"),
        ("rtx-5090", "psu 850 W", 0, "No rtx-5090 goes in: one takes psu 969 W"),
        ("l40s", "psu 2000 W", 0, "it has no fan"),
        ("l40s", "psu 2000 W, server", 4, "5 take psu 2438 W"),
        ("h100-80gb-sxm", "psu 2000 W, 7 slots", 0, "it is no card"),
        # Four GPUs to a card of 250 W.
        ("a16", "psu 800 W, server", 1, "2 take psu 875 W"),
        ("t1000", "psu 2000 W", 8, "At least 8"),
    ],
)
def test_how_many_of_a_card_go_into_a_machine(gpu: str, parts: str, most: int, words: str) -> None:
    found = room(read_machine(parts), GPUS[gpu])
    assert found.most == most
    assert words in found.sentence
    assert len(found.needs) == len(found.counts)
    host, load = 200.0, 0.8
    if found.most and gpu != "a16":
        watts = float(GPUS[gpu].need("power"))
        assert found.needs[0][0] == f"psu {np.ceil((watts + host) / load - 1e-6):.0f} W"


def test_a_figure_that_a_machine_is_held_against_and_nobody_read_is_named() -> None:
    card = next(gpu for gpu in GPUS.values() if is_card(gpu) and cooled(gpu) and not gpu.value("slots"))
    with pytest.raises(UsageError, match=f"what {card.id} takes of '7 slots' was not read"):
        room(read_machine("7 slots"), card)


def test_show_says_how_many_go_in(whichgpu: Any) -> None:
    done = whichgpu("show", "rtx-3090", "rtx-5090", "--machine", "psu 1000 W")
    assert done.out.startswith("1 x rtx-3090 goes in; 2 take psu 1125 W.")
    assert "1 x rtx-5090 goes in; 2 take psu 1688 W." in done.out
    clash = whichgpu("show", "rtx-3090", "--machine", "psu 1000 W", "--field", "memory")
    assert clash.status == 2
    assert "leave --field out" in clash.err
