"""Amounts of prose that close dimensionally, and those that do not."""

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.audit.closure.amounts import amounts, powers
from whichgpu.hardware.catalogue import catalogue


def _closure(text):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
    return [each for each in found if each.attribute == "closure"]


def test_amounts_with_what_they_are_per():
    told = {
        each.words: (each.low, each.dims, each.per)
        for each in amounts("Eight at $3.60 per GPU-hour make 28 cents per kWh")
    }
    assert told["$3.60"] == (pytest.approx(0.001), powers(money=1, second=-1), "gpu")
    assert told["28 cents"] == (pytest.approx(0.28 / 3.6e6), powers(money=1, joule=-1), "")


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("In ten hours a 500 W card eats {} of power.", "5 kWh", "8 kWh"),
        ("At $480 it earns $0.20 an hour and has paid for itself after {}.", "2,400 hours", "1,700 hours"),
        ("The copy is 210 GB and the link carries 3 GB/s; you wait {}.", "70 s", "95 s"),
        ("Six racks of 12 kW each are {} in all.", "72 kW", "96 kW"),
        ("Of the 80 cards we ordered, 14 came back broken, so {} are in use.", "66", "58"),
        ("One rack gives 30 kW. At 6 kW per server that is room for {} of them.", "five", "eight"),
        ("We serve 4 images a second; that's {} a minute.", "240", "340"),
        ("An epoch takes 25 minutes, so the 12 epochs keep the card busy for {}.", "5 hours", "8 hours"),
        ("One job needs 90 minutes, the other 30; the first is {} as long.", "three times", "five times"),
    ],
)  # fmt: skip
def test_results_close(text, right, wrong):
    assert not _closure(text.format(right)), right
    found = audited(text.format(wrong).encode(), "a.md", catalogue(), corpus.TODAY).accusations
    assert any(each.quote in wrong or wrong in each.quote for each in found), wrong


@pytest.mark.parametrize(
    "text",
    [
        # Two prices for two amounts; what a machine draws besides its cards; what is charged besides.
        "$420 buys 16 GB, $230 buys 12 GB.",
        "Eight cards at 400 W each, and the server draws 4.1 kW at the wall.",
        "40 hours at $2.00 with storage came to $95.",
        "A million tokens cost $0.56 on the L4 and $0.25 on the L40S.",
        # Longer than the link allows, in fact; a limit; a period left unsaid.
        "Copying 210 GB at 3 GB/s took 95 s.",
        "It draws 300 W, the machine around it 150 more. A year has 8,760 hours, so that's 3,942 kWh.",
        "Two used 3090s for $1,400 are $29 a gigabyte.",
    ],
)
def test_what_needs_not_close(text):
    assert not _closure(text)


def test_devices_on_file():
    assert not _closure("We run the MI300X and nothing else. Eight of them pool 1,536 GB.")
    assert _closure("## RTX 5060 Ti 16GB\n\nAt its launch price you paid roughly $37 per gigabyte of memory.")
