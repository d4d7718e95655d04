"""Wishes that cannot all be had: which conflict, and ways out that work as they are typed."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from wished import GPUS, TODAY, ask

from whichgpu.errors import UsageError
from whichgpu.planner.needs import need
from whichgpu.planner.recommend import recommend
from whichgpu.planner.request import read_request
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"needs": ["fp64", "display"]}, {"--needs fp64", "--needs display"}),
        ({"needs": ["fp64"], "max_power": "100 W"}, {"--needs fp64", '--max-power "100 W"'}),
        ({"target": "1000000 images/s", "budget": "1 USD/h"}, {"--target", "--budget"}),
        (
            {"region": ["us-gov-east-1"], "providers": ["lambda"]},
            {"--region us-gov-east-1", "--providers lambda"},
        ),
    ],
)
def test_a_conflict_is_irreducible_and_its_ways_out_work(wish: dict[str, Any], words: set[str]) -> None:
    answer = ask(**wish)
    assert answer.candidates == ()
    assert answer.conflict is not None
    said = [one.words for one in answer.conflict.constraints]
    assert len(said) == len(words)
    assert all(any(one.startswith(word) for one in said) for word in words)
    # Any of them less, and there is an answer.
    for key in wish:
        if key != "needs":
            assert ask(**{name: value for name, value in wish.items() if name != key}).candidates
    costs = [way.usd_per_hour for way in answer.conflict.ways_out]
    assert costs == sorted(costs)
    assert answer.to_dict()["conflict"]["relaxations"]
    assert answer.conflict.ways_out[0].changes[0] in answer.infeasible


def test_the_bound_that_is_named_is_the_least_that_does() -> None:
    answer = ask(needs=["fp64"], max_power="100 W", term="any")
    assert answer.conflict is not None
    (way,) = [one for one in answer.conflict.ways_out if one.changes[0].startswith("--max-power")]
    watts = way.changes[0].split('"')[1]
    assert ask(needs=["fp64"], max_power=watts, term="any").candidates
    less = f"{float(watts.split()[0]) - 1:g} W"
    assert ask(needs=["fp64"], max_power=less, term="any").candidates == ()


def typed(changes: tuple[str, ...], wish: dict[str, Any]) -> dict[str, Any]:
    """A wish with the changes of a way out, typed as they are told."""
    made: dict[str, Any] = {**wish, "needs": list(wish.get("needs", ()))}
    for change in changes:
        words = shlex.split(change.removeprefix("leave out "))
        key = words[0].removeprefix("--").replace("-", "_")
        if not change.startswith("leave out "):
            made |= {"columns": {key: words[1]}} if key in ("precision", "batch") else {key: words[1]}
        elif key == "needs":
            made["needs"].remove(words[1])
        else:
            del made[key]
    return made


@pytest.mark.parametrize(
    ("workload", "wish"),
    [
        ("llama-3.1-8b", {"needs": ["nvlink", "laptop"]}),
        ("mistral-7b", {"needs": ["laptop"], "max_power": "40 W", "budget": "600 USD"}),
        ("llama-2-7b", {"machine": "psu 300 W, 1 slot"}),
        ("llama-2-70b", {"machine": "psu 850 W, 2 slots, 15 A at 120 V, 64 GB, 16 cores"}),
        ("mixtral-8x22b", {"max_power": "200 W", "term": "spot", "providers": ["aws"]}),
        ("llama-3.1-8b", {"columns": {"precision": "fp8"}, "gpus": ["v100-16gb-sxm"]}),
        ("llama-2-70b", {"gpus": ["t4"]}),
        ("vit-base-patch16-224", {"columns": {"batch": 1e5}}),
    ],
)
@pytest.mark.thorough(every=2)
def test_every_way_out_works_as_it_is_typed(workload: str, wish: dict[str, Any]) -> None:
    """It gives the GPU that it names, at the price that it names."""
    answer = ask(workload, **{**wish, "columns": wish.get("columns", {})})
    assert answer.conflict is not None
    ways = (*answer.conflict.ways_out, *answer.conflict.of_job)
    assert ways
    for way in ways:
        assert all(part in answer.infeasible for part in way.changes)
        first = ask(workload, **typed(way.changes, wish)).candidates[0]
        assert first.gpu == way.gpu
        assert first.usd_per_hour == pytest.approx(way.usd_per_hour, nan_ok=True)


def test_a_use_says_what_a_laptop_or_a_bound_would_take(whichgpu: Any) -> None:
    """What no laptop has is not asked of one, and ways out of a use are data too."""
    cad = whichgpu("recommend", "cad", "--needs", "laptop", "--json").json
    assert cad["candidates"][0]["gpu"].endswith("laptop")
    unpriced = next(one for one in cad["candidates"] if one["usd_per_hour"] is None)
    assert unpriced["usd_to_buy"] is None
    poor = whichgpu("recommend", "cad", "--needs", "laptop", "--budget", "100 USD", "--json")
    assert poor.status == 3
    ways = {way["changes"][0]: way for way in poor.json["conflict"]["relaxations"]}
    assert set(ways) == {'--budget "799.00 USD"'}, "no other card has certified drivers for 100 USD"
    assert whichgpu("recommend", "cad", "--budget", "100 USD").status == 3
    enough = whichgpu("recommend", "cad", "--needs", "laptop", "--budget", "799 USD", "--json")
    assert enough.json["candidates"][0]["usd_to_buy"] == 799


@pytest.mark.parametrize(
    ("system", "columns", "runtime", "asked"),
    [
        ("windows", {}, "llama.cpp", "llama-cpp"), ("macos", {}, "llama.cpp", "llama-cpp"),
        ("wsl", {}, "", "vllm"), ("windows", {"runtime": "vllm"}, "vllm", "vllm"),
        ("windows", {"phase": "finetune_lora"}, "", "pytorch"), ("linux", {}, "", None),
    ],
)  # fmt: skip
def test_a_system_is_asked_of_the_software_that_is_stated_or_assumed(
    system: str, columns: dict[str, str], runtime: str, asked: str | None
) -> None:
    request, _ = read_request(Job("llama-3.1-8b", **columns), GPUS, today=TODAY, system=system)
    assert request.job.runtime == runtime
    assert [one.framework.id for one in request.frameworks] == ([asked] if asked else [])


def test_ways_out_of_a_use_leave_nothing_out_that_nobody_typed_and_move_a_bound_little(whichgpu: Any) -> None:
    told = whichgpu("recommend", "rendering", "--needs", "laptop", "--min-memory", "32 GB", "--json")
    ways = [way["changes"] for way in told.json["conflict"]["relaxations"]]
    assert ["leave out --needs laptop"] in ways
    assert ['--min-memory "24 GiB"'] in ways, "the laptop with the most memory, and not the cheapest one"
    assert not any("ray-tracing" in change for way in ways for change in way)
    poor = whichgpu("recommend", "simulation", "--budget", "500 USD", "--json")
    (way,) = (way["changes"] for way in poor.json["conflict"]["relaxations"])
    assert way[0].startswith("--budget")


def test_what_runs_macos_is_a_mac() -> None:
    request, _ = read_request(Job("llama-3.1-8b"), GPUS, today=TODAY, system="macos")
    assert {GPUS[one.gpu].vendor for one in recommend(request, GPUS).candidates} == {"Apple"}


def test_laptops_with_certified_drivers_are_workstations() -> None:
    asked = need("workstation")
    gpus = ("rtx-5000-ada-laptop", "rtx-4090-laptop", "rtx-a4000", "l40s")
    assert [asked.met(GPUS[gpu]) for gpu in gpus] == [
        True, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "gpus"),
    [
        ("confidential-computing", {"h100-80gb-sxm": True, "b200-180gb-sxm": True, "a100-80gb-sxm": False}),
        ("cc>=8.0", {"rtx-5090": True, "a100-80gb-sxm": True, "t4": False, "mi300x": False}),
        ("compute_capability<=8.6", {"rtx-3090": True, "rtx-4090": False, "rtx-5090": False}),
    ],
)
def test_needs_that_go_by_generation(asked: str, gpus: dict[str, bool]) -> None:
    """12.0 comes after 8.9, which numbers of two parts do not tell."""
    one = need(asked)
    assert {gpu: one.met(GPUS[gpu]) for gpu in gpus} == gpus


@pytest.mark.parametrize(
    ("asked", "instead"),
    [
        ("quiet", "--max-power"),
        ("windows", "--system"),
        ("cheap", "--budget"),
        ("cc>=new", "write e.g. cc>=8.0"),
    ],
)
def test_a_wish_that_is_no_property_of_a_card_says_what_to_ask_for(asked: str, instead: str) -> None:
    with pytest.raises(UsageError) as fault:
        need(asked)
    assert instead in str(fault.value)


@pytest.mark.parametrize("option", ["--providers", "--gpus", "--region", "--needs"])
def test_a_list_of_nothing_is_refused(option: str, whichgpu: Any) -> None:
    done = whichgpu("recommend", "resnet50", option, " , ")
    assert (done.status, f"{option} names nothing" in done.err) == (2, True)


def test_a_conflict_exits_3_with_its_json(whichgpu: Any) -> None:
    done = whichgpu("recommend", "resnet50", "--needs", "fp64,display", "--json")
    assert done.status == 3
    assert done.json["conflict"]["constraints"] == ["--needs fp64", "--needs display"]
    assert "together" in done.err


def test_another_system_is_a_way_out_where_a_framework_does_not_run(whichgpu: Any) -> None:
    line = ["recommend", "llama-3.1-8b", "--framework", "vllm", "--gpus", "rtx-3090,l4", "--system"]
    done = whichgpu(*line, "windows", "--json")
    assert done.status == 3
    ways = {one["changes"][0]: one for one in done.json["conflict"]["relaxations"]}
    assert {"--system wsl", "--system linux", "--framework vllm"} <= {
        key.replace("leave out ", "") for key in ways
    }
    for system in ("wsl", "linux"):
        first = whichgpu(*line, system, "--json").json["candidates"][0]
        told = ways[f"--system {system}"]
        assert (told["gpu"], told["usd_per_hour"]) == (first["gpu"], pytest.approx(first["usd_per_hour"]))
