"""Questions to the catalogue: what is like a GPU, by date, and what an architecture is."""

from __future__ import annotations

import pytest

from whichgpu.hardware.architecture import families
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.likeness import MEASURES, alike, exchanges, likeness, measure

GPUS = catalogue()


def test_likeness_is_the_largest_ratio_either_way():
    one = likeness(GPUS["a10"], GPUS["rtx-a5000"])
    ratios = {name: measure(GPUS["rtx-a5000"], name) / measure(GPUS["a10"], name) for name in MEASURES}
    assert one.ratios == pytest.approx(ratios)
    assert one.distance == pytest.approx(max(max(ratio, 1 / ratio) for ratio in ratios.values()))
    assert one.percent == pytest.approx(100 * max(abs(ratio - 1) for ratio in ratios.values()))
    assert likeness(GPUS["rtx-a5000"], GPUS["a10"]).distance == pytest.approx(one.distance)


def test_within_holds_every_measure_and_the_nearest_is_first():
    near = alike(GPUS["a100-80gb-sxm"], GPUS.values(), 0.35)
    assert near
    assert all(0.65 <= ratio <= 1.35 for one in near for ratio in one.ratios.values())
    assert [one.distance for one in near] == sorted(one.distance for one in near)
    assert "a100-80gb-sxm" not in {one.gpu.id for one in near}
    everything = {one.gpu.id for one in alike(GPUS["a100-80gb-sxm"], GPUS.values())}
    assert {one.gpu.id for one in near} < everything


def test_what_is_not_known_is_like_nothing():
    unread = next(gpu for gpu in GPUS.values() if gpu.value("bandwidth") is None)
    assert likeness(GPUS["a10"], unread) is None


def test_an_exchange_is_level_or_ahead_and_keeps_fp64():
    for gpu in (GPUS["rtx-a5000"], GPUS["v100-16gb-sxm"]):
        found = list(exchanges(gpu, GPUS.values()))
        assert found
        for other in found:
            assert all(other.need(name) >= 0.98 * gpu.need(name) for name in ("memory", "bandwidth", "fp32"))
    precise = {other.id for other in exchanges(GPUS["v100-16gb-sxm"], GPUS.values())}
    assert "rtx-5090" not in precise
    assert "h100-80gb-sxm" in precise


def test_the_command_lists_the_nearest_with_ratios(whichgpu):
    document = whichgpu("gpus", "--like", "a10", "--within", "30%", "--json").json
    assert document["like"] == "a10"
    found = {one["id"]: one for one in document["gpus"]}
    assert "rtx-pro-4000-blackwell" in found
    for one in found.values():
        assert all(0.7 - 1e-9 <= ratio <= 1.3 + 1e-9 for ratio in one["ratios"].values())
        assert one["fields"]["memory"]["value"]
    same = whichgpu("gpus", "--like", "a10", "--within", "0.3", "--json").json
    assert same == document
    fewer = whichgpu("gpus", "--like", "a10", "--segment", "laptop", "--limit", "2", "--json").json["gpus"]
    assert [one["segment"] for one in fewer] == ["laptop", "laptop"]
    text = whichgpu("gpus", "--like", "a10", "--plain").out
    assert "The nearest 15 of" in text
    none = " ".join(whichgpu("gpus", "--like", "gb300", "--within", "0%", "--plain").out.split())
    assert "None on file is that near" in none
    assert "the nearest is the b300-288gb-sxm: --within " in none


def test_what_was_not_read_of_a_gpu_is_left_aside_in_its_likeness(whichgpu):
    # Apple tells no power: a Mac is near to others by the rest, and the answer says what is left aside.
    near = whichgpu("gpus", "--like", "apple-m2-ultra-76c", "--within", "25%", "--json").json["gpus"]
    assert [one["id"] for one in near] == ["apple-m2-ultra-60c"]
    assert "power" not in near[0]["ratios"]
    text = " ".join(whichgpu("gpus", "--like", "apple-m2-ultra-76c", "--plain").out.split())
    assert "Left aside, not read of the apple-m2-ultra-76c or not comparable: Power." in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--within", "20%"), "--within is for --like"),
        (("--like", "a10", "--within", "much"), "not a share"),
        (("--like", "a10", "--within", "-5%"), "below zero"),
        (("--like", "a10", "--within", "nan"), "below zero"),
        (("--like", "h100"), "may be"),
    ],
)
def test_wrong_questions_say_what_to_type(whichgpu, arguments, told):
    answer = whichgpu("gpus", *arguments)
    assert answer.status == 2
    assert told in answer.err


def test_a_timeline_goes_from_the_oldest_to_the_newest(whichgpu):
    lines = whichgpu("gpus", "--family", "ampere", "--segment", "datacenter", "--timeline", "--plain").out
    dates = [line.split()[0] for line in lines.splitlines() if line[:3] == "202" and "-" in line[:5]]
    assert dates == sorted(dates)
    assert len(dates) > 10
    assert "\n2021\n" in lines
    assert "a100-80gb-sxm" in lines
    assert "RDNA 3 " in whichgpu("gpus", "--family", "rdna3", "--timeline", "--plain").out


def test_the_data_centre_parts_of_a_generation_are_all_there(whichgpu):
    found = {
        one["id"]
        for one in whichgpu("gpus", "--family", "ampere", "--segment", "datacenter", "--json").json["gpus"]
    }
    assert {"a2", "a10", "a10g", "a16", "a30", "a40", "a100-40gb-pcie", "a100-80gb-sxm"} <= found


def test_an_architecture_says_what_an_sm_does_and_what_is_cut_from_it(whichgpu):
    document = whichgpu("show", "ampere", "--json").json
    assert (document["year"], document["after"]) == (2020, ["turing", "volta"])
    variants = {one["id"]: one for one in document["variants"]}
    assert variants["ampere_ga100"]["fma_per_clock_per_sm"]["fp16"]["value"] == 1024
    assert variants["ampere_ga10x_geforce"]["fma_per_clock_per_sm"]["fp16"]["value"] == 256
    assert set(document["gpus"]) == {gpu.id for gpu in GPUS.family("ampere")}
    text = " ".join(whichgpu("show", "Ampere", "--plain").out.split())
    assert "New in its matrix units: FP64, TF32, BF16." in text
    assert "after Turing, Volta; before Ada Lovelace, Hopper" in text


def test_a_variant_shows_its_own_parts_only(whichgpu):
    document = whichgpu("show", "ampere_ga100", "--json").json
    assert [one["id"] for one in document["variants"]] == ["ampere_ga100"]
    assert set(document["gpus"]) == {gpu.id for gpu in GPUS.values() if gpu.architecture == "ampere_ga100"}


@pytest.mark.parametrize("name", sorted(families()))
def test_every_architecture_has_a_page(whichgpu, name):
    out = whichgpu("show", name, "--format", "html").out
    assert out.startswith("<!doctype html>")
    assert "What one SM does" in out
    for cited in {line.partition('"')[0] for line in out.split('href="#source-')[1:]}:
        assert f'id="source-{cited}"' in out
