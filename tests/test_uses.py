"""Uses that no model predicts: rendering, CAD, desktops, video; answered from specifications."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Any

import pytest

import whichgpu as package
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner import use, uses
from whichgpu.planner.desktops import Desktops, of_gpu
from whichgpu.planner.fleets.asked import Asked
from whichgpu.planner.needs import need
from whichgpu.planner.request import read_use_request
from whichgpu.prices import purchase_price

pytestmark = pytest.mark.slow

GPUS = catalogue()
TODAY = date(2026, 11, 20)


def cards(name: str, **wishes: Any) -> Any:
    one = use.use(name)
    assert one is not None
    request, own = read_use_request(one, GPUS, today=TODAY, **wishes)
    return uses.for_use(one, request, GPUS, own)


@pytest.mark.parametrize("name", use.names())
def test_every_use_is_answered_from_specifications_and_says_so(name: str) -> None:
    answer = cards(name)
    assert answer.cards
    told = answer.to_dict()
    assert told["basis"] == "specification"
    assert "no speed is predicted" in answer.headline
    assert all(item["basis"] == "specification" for item in told["candidates"])
    for card in answer.cards:
        assert all(uses_need.met(card.gpu) for uses_need in answer.request.needs)
        assert card.usd_per_score == pytest.approx(card.usd_per_hour / card.score, nan_ok=True)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("live streaming", "video"), ("rendering in Blender", "rendering"), ("gaming PC", "gaming"),
        ("4K video editing", "video-editing"),
        ("4K", "displays"), ("a workstation for CAD", "cad"), ("work", None),
        ("stable video diffusion", None), ("DaVinci Resolve", "video-editing"),
        ("Plex", "media-server"), ("home theatre", "media-server"),
        ("video transcoding", "video"), ("scientific simulation", "simulation"),
        ("machine learning", None), ("gromacs md", "molecular-dynamics"),
    ],
)  # fmt: skip
def test_a_use_in_other_words(said: str, meant: str | None) -> None:
    found = use.use(said)
    assert (found and found.id) == meant


def test_desktops_are_not_sent_from_cards_without_an_encoder() -> None:
    shown = {card.gpu.id for card in cards("virtual-desktops").cards}
    assert shown >= {"l4", "t4", "a40"}
    assert not any(gpu.startswith(("a100", "a30", "h100")) for gpu in shown), "pictures are encoded there"


def desktops(users: float, **wishes: Any) -> Any:
    one = use.use("vdi")
    assert one is not None
    load = Asked(users=users)
    request, own = read_use_request(one, GPUS, today=TODAY, load=load, **wishes)
    return uses.for_use(one, request, GPUS, own)


def test_desktops_of_users_are_counted_by_vgpu_profile_and_by_memory() -> None:
    found = {card.gpu.id: card for card in desktops(20).cards}
    # 2 GB each: 12 of a card of 24 GB, 24 of one of 48 GB; of an RTX PRO 4500 no profile is on file.
    assert [(found[gpu].score, found[gpu].instances) for gpu in ("l4", "rtx-a6000")] == [(12, 2), (24, 1)]
    assert found["quadro-rtx-6000"].seats.profile == "2Q"
    unread = "rtx-pro-4500-blackwell-server"
    assert found[unread].seats.profile == ""
    assert found[unread].score == GPUS[unread].need("memory") // 2e9
    cards = desktops(20).cards
    assert [card.usd_of_all for card in cards] == sorted(card.usd_of_all for card in cards)
    assert all(card.usd_of_all == card.instances * card.offer.usd_per_hour for card in cards)


def test_larger_desktops_take_more_cards_and_one_desktop_a_share_of_a_card() -> None:
    large = {card.gpu.id: card for card in desktops(20, min_memory="8 GB").cards}
    assert (large["l4"].seats.profile, large["l4"].score, large["l4"].instances) == ("8Q", 3, 7)
    alone = desktops(1, min_memory="4 GB", providers=["azure"]).cards[0]
    assert (alone.gpu.id, alone.seats.profile, alone.score) == ("a10", "4Q", 1)
    assert alone.offer.gpu_count < 1
    bought = desktops(20, term="buy", gpus=["l4"]).cards[0]
    price = purchase_price("l4")
    assert price is not None
    assert bought.usd_to_buy == 2 * price.usd


def test_desktops_on_a_card_without_a_price_and_on_a_share_of_one_are_told_as_they_are() -> None:
    unpriced = desktops(5, term="buy", gpus=["a40"])
    assert math.isnan(unpriced.cards[0].usd_of_all)
    assert "nan" not in unpriced.headline
    assert "no price on file" in unpriced.headline
    shared = desktops(1, min_memory="2 GB", providers=["azure"])
    shares = [one for one in shared.to_dict()["candidates"] if one["offer"]["gpu_count"] < 1]
    assert shares
    for one in shares:
        assert 0 < one["gpus_per_instance"] < 1
        assert one["desktops"]["per_instance"] == 1
    assert of_gpu(Desktops(5, 2e9, assumed=True), GPUS["rtx-4090"], 0.5) == ("", 1)


def test_desktops_for_least_power_are_few_cards_of_it() -> None:
    frugal = desktops(12, objective="energy").cards
    assert frugal[0].gpu.id == "l4"  # one of 72 W holds twelve
    assert [card.watts for card in frugal] == sorted(card.watts for card in frugal)
    assert any(card.front for card in frugal[:1])


def test_desktops_that_cost_too_much_are_told_what_all_of_them_cost() -> None:
    free = desktops(2000).cards[0]
    none = desktops(2000, budget="1 USD/h")
    assert not none.cards
    assert f"{free.usd_of_all:.2f} USD/h" in none.infeasible
    assert desktops(2000, budget=f"{free.usd_of_all} USD/h").cards[0].gpu.id == free.gpu.id
    assert '--min-memory "96 GiB"' in desktops(5, min_memory="200 GB").infeasible


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("cad", Asked(users=20)),
        ("vdi", Asked(users=2.5)),
        ("vdi", Asked(rate="2 req/s")),
        ("vdi", Asked("ttft 1 s")),
    ],
)
def test_a_load_is_of_what_is_shared(name: str, load: Asked) -> None:
    one = use.use(name)
    assert one is not None
    with pytest.raises(UsageError):
        read_use_request(one, GPUS, today=TODAY, load=load)


def test_cards_without_a_price_follow_those_with_one() -> None:
    few = cards(
        "displays", needs=["displays>=4"], max_power="60 W"
    ).cards  # small cards for screens, few of which have a price
    assert {"rtx-a1000", "quadro-p620"} <= {card.gpu.id for card in few}
    paid = [card.usd_to_buy is not None for card in few]
    assert False in paid
    assert sorted(paid, reverse=True) == paid
    prices = [card.usd_to_buy for card in cards("cad").cards]
    assert prices.index(None) == len([price for price in prices if price is not None])
    assert None not in [card.usd_to_buy for card in cards("cad", budget="1000 USD").cards]


def test_a_budget_without_an_hour_is_one_to_buy() -> None:
    answer = cards("video", budget="1500 USD")
    assert answer.request.term == "buy"
    assert all((card.usd_to_buy or 1e9) <= 1500 for card in answer.cards)
    assert cards("video", budget="0.50 USD/h").request.term == "on-demand"


def test_the_objective_and_the_limits_of_a_use_flip_it() -> None:
    cheap, most = cards("rendering").cards[0], cards("rendering", objective="time").cards[0]
    assert most.score >= cheap.score
    assert most.gpu.id != cards("rendering", objective="time", exclude=[most.gpu.id]).cards[0].gpu.id
    big = cards("rendering", min_memory="40 GB")
    assert all(card.gpu.need("memory") > 39e9 for card in big.cards)


def test_cards_that_no_limit_lets_through_exit_3(whichgpu: Any) -> None:
    done = whichgpu("recommend", "cad", "--max-power", "10 W", "--json")
    assert done.status == 3
    assert "--max-power" in done.err
    assert whichgpu("recommend", "cad", "--target", "5 images/s").status == 2
    assert whichgpu("recommend", "cad", "--precision", "fp16").status == 2


@pytest.mark.parametrize(
    ("text", "count"),
    [("1x HDMI 2.1, 3x DisplayPort 1.4a", 4), ("1x DVI, 1x HDMI 1.4, 2x DisplayPort 1.1", 0), ("", None),
     ("4x mini-DisplayPort 1.4a", 4)],
)  # fmt: skip
def test_outputs_that_carry_4k_are_counted(text: str, count: float | None) -> None:
    assert use.outputs_4k(text) == count


def test_the_api_answers_uses_too() -> None:
    assert package.recommend("blender").to_dict()["workload"] == "rendering"


@pytest.mark.parametrize("asked", ["1500 USD", "600 USD"])
def test_a_budget_to_buy_cards_for_a_use(asked: str) -> None:
    """Money without a time is for the cards themselves; each within it, and who is out costs more."""
    most = float(asked.split()[0])
    found = cards("cad", budget=asked)
    assert found.cards
    assert all(card.usd_to_buy <= most for card in found.cards)
    dear = [one.why for one in found.rejected if "to buy" in one.why]
    assert dear
    assert all(float(why.split(" costs ")[1].split(" USD")[0].replace(",", "")) > most for why in dear)


def test_a_budget_for_no_card_names_one_that_does_when_typed() -> None:
    refused = cards("cad", budget="100 USD").infeasible
    enough = re.search(r'use --budget "([^"]+)"', refused)
    assert enough, refused
    assert cards("cad", budget=enough[1]).cards


def test_screens_that_no_card_drives_are_shared_out_over_several() -> None:
    answer = cards("displays", needs=["displays>=12"])
    many, gpu, each = re.findall(r"(\d+) x (\S+) \((\d+) each\)", answer.infeasible)[0]
    assert int(many) * int(each) >= 12 > (int(many) - 1) * int(each)
    usd = cards("displays", gpus=[gpu]).cards[0].usd_to_buy
    assert usd is not None
    assert f"for {int(many) * usd:,.2f} USD" in answer.infeasible
    # One that has six is dearer than two of four; within a budget for neither nothing is made up.
    assert "it is dearer on one card" in " ".join(cards("displays", needs=["displays>=6"]).cautions)
    assert "add up" not in cards("displays", needs=["displays>=12"], budget=f"{usd} USD").infeasible


def test_ray_tracing_whose_units_no_maker_counts_is_there_and_peaks_of_pairs_count_half() -> None:
    gpus = catalogue()
    amd, geforce = gpus["rx-7900-xtx"], gpus["rtx-4080-super"]
    assert need("ray-tracing").met(amd) is True
    assert need("ray-tracing").met(gpus["mi300x"]) is False
    drawn = use.use("rendering")
    assert drawn is not None
    assert use.score(drawn, amd) == pytest.approx(amd.value("fp32") / 2e12)
    assert use.score(drawn, geforce) == pytest.approx(geforce.value("fp32") / 1e12)
    assert any("half of them" in note for note in drawn.notes)
