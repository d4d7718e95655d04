"""What was looked up at a maker's and is not on file from there, and how it is told."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.facts import reading, store
from whichgpu.facts.model import KINDS, MAKERS
from whichgpu.hardware.blank import PUBLISHED, fits
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.check import coverage
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.sought import ANSWERS, NOT_SOUGHT, SECOND_HAND, sought

pytestmark = pytest.mark.slow

GPUS = catalogue()
ROWS = store.load("sought")["sought"]["sought"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['fields'][0]} of {row['of']}")
@pytest.mark.thorough(every=4)
def test_a_look_up_says_what_was_read_and_is_of_some_figure(row):
    assert row["answer"] in ANSWERS
    assert row["read"]
    assert date.fromisoformat(row["on"]) <= date.today()
    assert {*row["fields"]} <= {*FIELDS}
    assert {*row["source"]} <= {*reading.sources()}
    told = (row["answer"], row["read"], tuple(row["source"]), row["on"])
    found = {field for gpu in GPUS.values() for field in row["fields"] if sought(gpu, field) == told}
    assert found == {*row["fields"]}, "a field of which no figure is second-hand, or an earlier line has it"


def test_what_was_read_is_the_makers_own():
    """On its own pages, as printed at a launch, or a data sheet of its that a shop mirrors."""
    for row in ROWS:
        if row["answer"] == PUBLISHED:
            assert row["source"], row
            read = [reading.sources()[key] for key in row["source"]]
            assert all(one.kind in MAKERS or "data sheet" in one.title for one in read), row


def test_pages_that_do_not_state_a_field_are_no_source_of_it():
    for row in ROWS:
        meant = [gpu for gpu in GPUS.values() if row["answer"] == PUBLISHED and fits(row["of"], gpu)]
        stated = [
            (gpu.id, field, fact.source)
            for gpu in meant
            for field in row["fields"]
            for fact in gpu.stated(field)
            if {*fact.sources} & {*row["source"]}
        ]
        assert not stated, "a page is said not to have what a fact cites it for"


def test_a_figure_that_its_maker_states_needs_no_look_up():
    for gpu in GPUS.values():
        for field in gpu.fields():
            if sought(gpu, field):
                assert gpu.fact(field).kind in SECOND_HAND


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if "gpu" in row["of"]],
    ids=lambda row: f"{row['of']['gpu'][0]}: {row['read']}",
)
def test_a_card_that_was_looked_up_by_its_name_rests_on_it(row):
    told = (row["answer"], row["read"], tuple(row["source"]), row["on"])
    named = row["of"]["gpu"]
    assert {*named} <= {*GPUS}
    assert len({*named}) == len(named)
    idle = [gpu for gpu in named if not any(sought(GPUS[gpu], field) == told for field in row["fields"])]
    assert not idle, "a card of which no figure rests on the look-up"


def test_most_data_centre_cards_of_nvidia_were_looked_up_by_name():
    """Fewer than one in ten of their figures rest on a database at which nobody looked further."""
    cards = [gpu for gpu in GPUS.values() if (gpu.vendor, gpu.segment) == ("NVIDIA", "datacenter")]
    facts = [(gpu, field) for gpu in cards for field in gpu.fields()]
    left = [
        (gpu.id, field)
        for gpu, field in facts
        if gpu.fact(field).kind in SECOND_HAND and sought(gpu, field) is None
    ]
    assert len(left) < len(facts) / 10


def test_second_hand_figures_are_counted_by_what_was_found():
    counted = coverage(GPUS)
    for kind in SECOND_HAND:
        assert sum(counted.sought[kind].values()) == counted.by_kind[kind]
        assert {*counted.sought[kind]} <= {*ANSWERS, NOT_SOUGHT}
    assert counted.sought["database"][PUBLISHED] > 0


@pytest.fixture
def gpus_alone(monkeypatch):
    """`check` of GPUs and prices, without the counts of all models."""
    monkeypatch.setattr("whichgpu.cli.commands.check._workloads", lambda: iter(()))


@pytest.mark.usefixtures("gpus_alone")
def test_show_with_sources_and_check_tell_of_it(whichgpu):
    (gpu,) = [gpu for gpu in GPUS.values() if gpu.id == "rtx-a5500"]
    found = sought(gpu, "clock_base")
    assert found is not None
    told = whichgpu("show", gpu.id, "--sources").out
    words = " ".join(told.split())
    assert f"at its maker's {found.answer}" in words
    assert found.on in words
    checked = whichgpu("check").out
    assert "looked for, and no page of its maker's was found" in checked
    left = sum(counted.get(NOT_SOUGHT, 0) for counted in coverage(GPUS).sought.values())
    assert ("not looked up at its maker's" in checked) == bool(left)


@pytest.mark.usefixtures("gpus_alone")
def test_figures_at_which_nobody_looked_are_told_of(whichgpu, monkeypatch):
    monkeypatch.setattr("whichgpu.hardware.sought._rules", dict)
    counted = coverage(GPUS)
    assert counted.sought["database"] == {NOT_SOUGHT: counted.by_kind["database"]}
    assert "not looked up at its maker's" in whichgpu("check").out


#: How a title says that the press printed what a maker announced.
_PRINTED = ("as the press printed", " printed it", " prints it", " prints them")


def test_what_the_press_printed_is_told_apart_from_what_its_maker_wrote():
    assert KINDS.index("vendor") < KINDS.index("press") < KINDS.index("database")
    for source in reading.sources().values():
        if any(words in source.title for words in _PRINTED):
            assert source.kind != "vendor", source.id
