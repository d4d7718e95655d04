"""Systems: boxes, cloud instance types, and the links that follow from a GPU."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import UsageError
from whichgpu.facts.model import KINDS
from whichgpu.hardware.boxes import boxes, boxes_of, kinds, link_sources
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.system import Link, default_system, instance_system, system

if TYPE_CHECKING:
    from pathlib import Path

GPUS = catalogue()


@pytest.mark.parametrize("key", sorted(boxes()))
def test_every_machine_on_file_can_be_built(key: str) -> None:
    box = boxes()[key]
    gpu = GPUS[box.gpu or "rtx-4090"]
    built = system(key, gpu, nodes=2)
    assert built.gpus == 2 * box.gpus
    assert built.inter is not None
    assert built.inter.bandwidth > 0
    assert (built.intra is None) == (box.gpus == 1)
    for fact in box.facts.values():
        assert fact.kind in KINDS
        if fact.kind != "assumed":
            assert set(fact.sources) <= {*link_sources(), "derived"}, (key, fact)
    json.dumps(built.to_dict())


def test_machines_are_read_without_the_titles_of_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> None:
        raise AssertionError("454 titles were read for the kind of a source")

    monkeypatch.setattr("whichgpu.facts.reading.sources", read)
    assert kinds.__wrapped__().keys() == kinds().keys()
    facts = next(boxes_of("h100-80gb-sxm")).facts.values()
    assert facts
    assert {fact.kind for fact in facts} <= {*KINDS}


def test_the_usual_boxes_have_their_links() -> None:
    h100 = system("hgx-h100-8", GPUS["h100-80gb-sxm"])
    assert h100.intra is not None
    assert (h100.intra.kind, h100.intra.bandwidth, h100.inter) == ("nvswitch", 450e9, None)
    modules = system("gh200-4", GPUS["gh200-96gb"], nodes=2)
    assert modules.intra is not None
    assert modules.inter is not None
    # Three others at 150 GB/s each; a port of 200 Gbit/s for each of four.
    assert (modules.gpus, modules.intra.bandwidth, modules.inter.bandwidth) == (8, 450e9, 25e9)
    bridged = system("rtx-a6000-bridge", GPUS["rtx-a6000"])
    assert bridged.intra is not None
    assert (bridged.gpus, bridged.intra.bandwidth) == (2, 56.25e9)
    assert system("gb200-nvl72", GPUS["gb200-192gb"]).gpus == 72
    cards = system("pcie-4", GPUS["a10"])
    assert cards.intra is not None
    assert cards.intra.bandwidth == pytest.approx(31.5e9, rel=1e-3)


def test_a_card_of_ones_own_stands_where_the_one_it_starts_from_does(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('[gpu.my-a100]\nbase = "a100-80gb-sxm"\npower = "350 W"\n')
    mine = default_system(catalogue((tmp_path / "my.toml",))["my-a100"], 8)
    assert mine.intra is not None
    assert (mine.id, mine.intra.kind) == (default_system(GPUS["a100-80gb-sxm"], 8).id, "nvswitch")


def test_a_cloud_instance_has_its_network() -> None:
    two = instance_system("aws", "p4d.24xlarge", GPUS["a100-40gb-sxm"], 8, nodes=2)
    assert two.inter is not None
    assert (two.inter.kind, two.inter.bandwidth) == ("efa", 400e9 / 8 / 8)
    assert (two.vcpus, two.assumptions) == (96, ())
    assert two.inter.source == "karpenter-aws"


def test_an_unread_instance_follows_from_its_gpu_and_says_so() -> None:
    known = instance_system("lambda", "gpu_4x_h100_sxm5", GPUS["h100-80gb-sxm"], 4)
    assert known.intra is not None
    assert (known.gpus, known.intra.kind) == (4, "nvswitch")
    assert known.assumptions
    cards = instance_system("anyone", "10x-rtx-4090", GPUS["rtx-4090"], 10)
    assert cards.intra is not None
    assert (cards.gpus_per_node, cards.intra.kind) == (10, "pcie")


@pytest.mark.parametrize(
    ("key", "count", "nodes", "per_node", "kind"),
    [
        ("a10", 1, 1, 1, ""),
        ("a10", 2, 1, 2, "pcie"),
        ("a100-80gb-pcie", 4, 1, 4, "pcie"),
        ("h100-80gb-sxm", 16, 2, 8, "nvswitch"),
        ("v100-32gb-sxm3", 16, 1, 16, "nvswitch"),
        ("gb200-192gb", 72, 1, 72, "nvswitch"),
        ("mi300x", 2, 1, 2, "infinity-fabric"),
        ("rtx-4090-laptop", 2, 2, 1, ""),
        ("apple-m4-max-40c", 1, 1, 1, ""),
    ],
)
def test_the_usual_machine(key: str, count: int, nodes: int, per_node: int, kind: str) -> None:
    usual = default_system(GPUS[key], count)
    assert (usual.nodes, usual.gpus_per_node) == (nodes, per_node)
    assert (usual.intra.kind if usual.intra else "") == kind


@given(st.sampled_from(sorted(GPUS)), st.integers(1, 100))
def test_any_number_of_any_gpu_has_a_system_large_enough(key: str, count: int) -> None:
    usual = default_system(GPUS[key], count)
    assert count <= usual.gpus < count + usual.gpus_per_node
    assert usual.link(1) is None
    if count > 1:
        link = usual.link(usual.gpus)
        assert link is not None
        assert link.bandwidth > 0
        assert link.latency > 0


def test_gpus_joined_pair_by_pair_are_slower_in_small_groups() -> None:
    fabric = system("mi300x-8", GPUS["mi300x"]).intra
    assert fabric is not None
    assert (fabric.among(2), fabric.among(8)) == (64e9, 448e9)
    switch = system("hgx-h100-8", GPUS["h100-80gb-sxm"]).intra
    assert switch is not None
    assert switch.among(2) == switch.among(8) == 450e9


def test_what_was_assumed_is_said() -> None:
    pcie = default_system(GPUS["a100-80gb-pcie"], 4)
    assert any("without NVLink bridges" in text for text in pcie.assumptions)
    far = default_system(GPUS["b200-180gb-sxm"], 16)
    assert any("per machine" in text for text in far.assumptions)


@pytest.mark.parametrize("count", [0, -3])
def test_no_system_of_no_gpus(count: int) -> None:
    with pytest.raises(UsageError, match="write 1 or more"):
        default_system(GPUS["a10"], count)


def test_a_wrong_machine_is_refused() -> None:
    with pytest.raises(UsageError, match="no system 'hgx-h1000'; the systems are"):
        system("hgx-h1000", GPUS["a10"])
    with pytest.raises(UsageError, match="has h100-80gb-sxm, not a10"):
        system("hgx-h100-8", GPUS["a10"])
    with pytest.raises(UsageError, match="write 1 or more"):
        system("pcie-4", GPUS["a10"], nodes=0)


def test_every_kind_of_link_has_a_latency_and_is_described() -> None:
    for kind, facts in kinds().items():
        assert 0 < facts["latency"].value < 1e-3, kind


def test_a_system_prints_as_its_meaning() -> None:
    text = str(default_system(GPUS["h100-80gb-sxm"], 16))
    assert "2 nodes of 8 x h100-80gb-sxm" in text
    assert "nvswitch 450 GB/s per GPU and direction" in text
    assert str(Link("pcie", 31.5e9, 8e-6, "x", "derived")) == "pcie 31.5 GB/s per GPU and direction"
