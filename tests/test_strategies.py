"""The search for strategies of training: what is tried, ranked, refused and said."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

import whichgpu as package
from whichgpu.cost.estimate import estimate
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.size import read_amount
from whichgpu.planner.sweep import Sweep, read_request, sweep
from whichgpu.planner.sweep.meshes import Meshes, Shape, divisors, meshes, nearest
from whichgpu.planner.sweep.search import _Group, allowance
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow

GPUS = catalogue()

H100 = "h100-80gb-sxm"


def test_the_best_of_a_search_is_near_what_was_published(whichgpu: Any) -> None:
    """Llama 2 7B on eight A100: 33,000 to 38,000 tokens/s in public runs; the nearest of them are told."""
    told = whichgpu("sweep", "llama-2-7b", "--gpus", "a100-80gb-sxm:8", "--seq-len", "4096", "--json").json
    assert 33e3 < told["top"][0]["throughput"]["mid"] < 39.5e3
    assert told["published"]
    assert all(one["unit"].startswith("tokens/s") for one in told["published"])


def search(workload: str = "llama-3.1-70b", gpus: str = f"{H100}:512", job: dict[str, Any] | None = None,
           **asked: Any) -> Sweep:  # fmt: skip
    request = read_request(Job(workload, **(job or {})), gpus, GPUS, today=date(2026, 11, 20), **asked)
    return sweep(request)


#: A mesh that leaves micro-batch, checkpointing and sharding to the search.
ONE_MESH = {"tp": 8.0, "pp": 8.0, "options": {"cp": "1", "ep": "1"}}


@pytest.fixture(scope="module")
def large() -> Sweep:
    return search(tokens="15T")


def test_seventy_billion_parameters_on_512_gpus_have_a_thousand_strategies(large: Sweep) -> None:
    assert large.configurations > 1000


def test_the_best_fit_are_ranked_and_each_is_what_predict_says(large: Sweep) -> None:
    steps = [one.step_seconds for one in large.top]
    assert steps == sorted(steps)
    for one in large.top:
        assert one.estimate.required <= one.estimate.available
        job = one.estimate.job
        assert job.tp * job.pp * one.cp * one.dp == 512
        assert one.dp * job.batch * one.micro_batches == large.request.global_batch
        alone = estimate(job, [GPUS[H100]]).at(0, 0)
        assert alone.latency.mid * one.allowance == pytest.approx(one.step_seconds, rel=1e-9)
        assert sum(part["seconds"] for part in one.parts.values()) == pytest.approx(one.step_seconds)
        assert 0.2 < one.mfu < 0.8
    assert len({one.mesh + str(one.estimate.job.batch) for one in large.top}) == len(large.top)


@pytest.mark.thorough
def test_no_other_strategy_that_fits_is_quicker(large: Sweep) -> None:
    """A sample of strategies, each asked for alone."""
    best = large.top[0].step_seconds / large.top[0].allowance
    for fixed in (
        {"tp": 8.0, "pp": 1.0},
        {"tp": 1.0, "pp": 1.0},
        {"tp": 8.0, "pp": 8.0},
        {"tp": 2.0, "pp": 16.0},
    ):
        some = search(job=fixed)
        assert all(
            one.estimate.job.tp == fixed["tp"] and one.estimate.job.pp == fixed["pp"] for one in some.top
        )
        assert not some.top or some.top[0].step_seconds / some.top[0].allowance >= best * (1 - 1e-9)


def test_the_more_meshes_are_alike_the_more_their_best_is_flattered(large: Sweep) -> None:
    """The largest of k normal errors of 5 %; of one mesh there is no choice."""
    assert large.top[0].parts["choice"]["seconds"] > 0.0
    fixed = search(job=ONE_MESH).top[0]
    assert (fixed.allowance, fixed.parts["choice"]["seconds"]) == (1.0, 0.0)
    for count, expected in ((1, 0.0), (2, 0.564), (5, 1.163), (20, 1.867)):
        ones = np.ones(count)
        at = Meshes(2.0 ** np.arange(count), ones, ones, ones, ones, ones)
        group = _Group("none", "zero1", at, ones, ones, ones > 0)
        # What the sums of order statistics give, against Blom's approximation.
        assert math.log(allowance([group], 0.05)) == pytest.approx(0.05 * expected, abs=0.002)


def test_of_strategies_that_are_not_told_apart_the_one_that_cuts_least_is_named(large: Sweep) -> None:
    """Where the best cuts least itself nothing is named; of short sequences it is tp 4, pp 4."""
    assert search(job=ONE_MESH).leanest is None
    least = (large.leanest or large.top[0]).estimate.job
    assert (least.tp, least.pp) == (4.0, 4.0)
    longer = search(job={"seq_len": 8192.0})
    lean, best = longer.leanest, longer.top[0]
    assert lean is not None
    cuts = [one.estimate.job.tp * one.estimate.job.pp * one.cp for one in (lean, best)]
    assert cuts[0] < cuts[1]
    assert 1.0 < lean.step_seconds / best.step_seconds < 1.03
    assert lean.estimate.required <= lean.estimate.available


def test_gpus_that_are_no_power_of_two_share_out_the_batch_that_is_assumed() -> None:
    """A trillion parameters on 3,072 A100, as they were published, and on 1,000 H100."""
    found = sweep(
        read_request(
            Job("megatron-1t", seq_len=2048.0, pp=64.0), "a100-80gb-sxm:3072", GPUS, today=date(2026, 11, 20)
        ),
        offers=(),
    )
    assert found.request.global_batch % 3 == 0
    assert found.top[0].estimate.job.tp == 8
    some = read_request(Job("llama-3-8b", seq_len=8192.0), f"{H100}:1000", GPUS, today=date(2026, 11, 20))
    assert some.global_batch == 500


def test_money_time_and_energy_of_all_tokens(large: Sweep) -> None:
    whole, one = large.whole(large.top[0]), large.top[0]
    assert whole["hours"] == pytest.approx(15e12 / one.estimate.throughput.mid / 3600)
    assert large.offer is not None
    assert whole["usd"] == pytest.approx(whole["hours"] * 512 * large.offer.usd_per_gpu_hour)
    assert whole["energy_total"] == pytest.approx(one.estimate.power * 512 * whole["hours"] * 3600, rel=1e-6)
    own = search(job=ONE_MESH, tokens=15e12, usd_per_gpu_hour=2.0)
    assert own.offer is None
    assert own.whole(own.top[0])["usd"] == pytest.approx(own.whole(own.top[0])["hours"] * 1024)


def test_a_price_by_region_of_nobody_is_no_price() -> None:
    found = sweep(
        read_request(Job("llama-3-8b", tp=8.0), f"{H100}:8", GPUS, today=date(2026, 11, 20), tokens="1B"),
        offers=(),
    )
    assert found.offer is None
    assert found.whole(found.top[0])["usd"] is None


def test_more_than_any_published_run_reached_is_said(large: Sweep, whichgpu: Any) -> None:
    said = " ".join(
        whichgpu("sweep", "llama-2-7b", "--gpus", "a100-80gb-sxm:8", "--seq-len", "2048").out.split()
    )
    mfu = float(said.split("MFU ")[1].split("%")[0])
    assert ("than any published run on file" in said) is (mfu > 60.0)
    assert large.top[0].mfu < 0.60


def test_what_a_job_states_stays() -> None:
    stated = {"tp": 4.0, "batch": 2.0, "options": {"checkpointing": "full", "sharding": "zero1"}}
    found = search("llama-3.1-8b", f"{H100}:16", stated)
    assert found.top
    for one in found.top:
        assert (one.estimate.job.tp, one.estimate.job.batch) == (4.0, 2.0)
        assert (one.checkpointing, one.sharding) == ("full", "zero1")


def test_what_is_no_language_model_is_searched_too() -> None:
    found = search("resnet50", "a100-80gb-sxm:4")
    assert found.top
    # Nobody's gathers of so few weights are quicker than one all-reduce.
    assert found.top[0].sharding != "fsdp"
    assert all(one.estimate.job.tp == one.estimate.job.pp == one.cp == one.ep == 1 for one in found.top)


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        # 126 layers in 8 x 8 groups of two, two of which have one, as NVIDIA's recipe of 405B deals them out.
        (
            {"workload": "llama-3.1-405b", "gpus": f"{H100}:1024", "job": {"tp": 8.0, "pp": 8.0}},
            {"tp": 8.0, "pp": 8.0, "options": {"cp": "2", "vp": "8", "checkpointing": "full"}},
        ),
        # torchtitan's FSDP beside stages.
        (
            {"workload": "llama-3-8b", "gpus": "rtx-4090:8", "job": {"runtime": "torchtitan"}},
            {
                "pp": 4.0,
                "tp": 2.0,
                "batch": 2.0,
                "options": {"sharding": "fsdp", "checkpointing": "full", "vp": "8"},
            },
        ),
        # FSDP without stages, beside meshes that have some.
        (
            {"workload": "llama-3-8b", "gpus": "rtx-4090:8", "job": {"runtime": "torchtitan"}},
            {"tp": 2.0, "options": {"sharding": "fsdp", "checkpointing": "full"}},
        ),
    ],
)
def test_no_strategy_chosen_by_hand_is_quicker(asked: dict[str, Any], chosen: dict[str, Any]) -> None:
    own = {"seq_len": 4096.0, **asked.get("job", {})}
    found = search(**{**asked, "job": own, "global_batch": 1024.0})
    best = found.top[0].estimate.latency.mid / found.top[0].allowance
    options = {"sharding": "zero1", "global_batch": "1024", **chosen["options"]}
    mesh = {"tp": 1.0, "pp": 1.0, "batch": 1.0, **chosen, "options": options}
    job = replace(found.request.job, n_gpus=float(found.request.count), **mesh)
    by_hand = estimate(job, [found.request.gpu]).at(0, 0)
    assert by_hand.required <= by_hand.available
    assert by_hand.latency.mid >= best * (1 - 1e-9)


def test_the_batch_that_a_trainer_cuts_for_its_pipeline_is_told_whole() -> None:
    found = search("llama-3-8b", "rtx-4090:8", {"runtime": "torchtitan", "seq_len": 4096.0, "pp": 4.0})
    best = found.top[0]
    assert best.estimate.job.batch * best.micro_batches * best.dp == found.request.global_batch
    assert f"--batch {best.estimate.job.batch:g} " in best.command()
    again = estimate(replace(best.estimate.job), [found.request.gpu]).at(0, 0)
    assert again.latency.mid * best.allowance == pytest.approx(best.step_seconds)


def test_one_gpu_shares_nothing_out() -> None:
    found = search("llama-3.2-1b", f"{H100}:1", {"seq_len": 2048.0})
    assert {one.sharding for one in found.top} == {"none"}


def test_experts_are_dealt_out_where_there_are_any() -> None:
    found = search("qwen3-30b-a3b", f"{H100}:16", {"tp": 1.0, "pp": 1.0})
    assert any(one.ep > 1 for one in found.top)


def test_more_gpus_with_the_same_batch_are_quicker_and_less_than_linear_beyond_a_node() -> None:
    found = search(
        "llama-3-8b", f"{H100}:16", {"options": {"checkpointing": "none", "cp": "1"}}, scaling=True
    )
    best = [(one.gpus, one.best, one.efficiency) for one in found.scaling if one.best]
    assert [gpus for gpus, _, _ in best][-2:] == [8, 16]
    rates = [one.estimate.throughput.mid for _, one, _ in best]
    assert rates == sorted(rates)
    by_gpus = {gpus: efficiency for gpus, _, efficiency in best}
    assert by_gpus[16] < by_gpus[8]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"job": {"tp": 3.0}}, "tp=3 does not divide the 64 attention heads of llama-3.1-70b; use tp=2 or 4"),
        ({"job": {"pp": 7.0}}, "pp=7 does not divide the 80 layers of llama-3.1-70b; use pp=4 or 8"),
        ({"job": {"options": {"cp": "3"}}}, "cp=3 does not divide a sequence of 2048 tokens"),
        ({"job": {"options": {"ep": "4"}}}, "has no experts to share out"),
        ({"job": {"tp": 8.0, "pp": 5.0}}, "a replica of 40 GPUs does not divide 512; use 480 or 520 GPUs"),
        ({"global_batch": 1001.0}, "use --global-batch 1000 or 1004"),
        ({"global_batch": 0.5}, "cannot be; write e.g. --global-batch 1024"),
        ({"gpus": f"{H100}:8, a100-80gb-sxm:8"}, "several kinds of GPUs, .* --gpus 'h100-80gb-sxm:8' or"),
        ({"gpus": "h101:8"}, "did you mean h100"),
        ({"tokens": "lots"}, "--tokens 'lots' is not an amount; write e.g. --tokens 15T"),
        ({"usd_per_gpu_hour": -1.0}, "no price"),
        ({"job": {"phase": "serve"}}, "does not train"),
        ({"system": "hgx-h200-8"}, "has h200-141gb-sxm, not h100-80gb-sxm"),
        ({"job": {"precision": "nvfp4"}}, "no FP4"),
        ({"workload": "phi-3-medium", "job": {"tp": 4.0}}, "10 of keys and values .*; use tp=2"),
        ({"workload": "qwen2.5-7b", "job": {"tp": 8.0}}, "the 28 attention heads .*; use tp=4"),
    ],
)  # fmt: skip
def test_a_mesh_that_cannot_be_is_refused_with_the_nearest_that_can(
    asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        search(**asked)


@pytest.mark.thorough
def test_where_nothing_fits_the_reason_and_the_fewest_gpus_are_told(whichgpu: Any) -> None:
    found = search("llama-3.1-405b", f"{H100}:8")
    assert not found.top
    assert "needs" in found.infeasible
    assert "are enough" in found.infeasible
    enough = int(found.infeasible.split(";")[-1].split()[0].replace(",", ""))
    assert search("llama-3.1-405b", f"{H100}:{enough}").top
    told = whichgpu("sweep", "llama-3.1-405b", "--gpus", f"{H100}:8", "--json")
    assert (told.status, told.json["top"]) == (3, [])


def test_the_command_the_api_and_the_contract_say_the_same(whichgpu: Any) -> None:
    told = whichgpu("sweep", "llama-3-8b", "--gpus", f"{H100}:8", "--tp", "2", "--json")
    found = package.sweep("llama-3-8b", f"{H100}:8", tp=2)
    assert told.status == 0
    assert {"configurations", "seconds", "top"} <= told.json.keys()
    assert told.json["configurations"] == found.configurations
    first = told.json["top"][0]
    assert first["step_time"]["mid"] == pytest.approx(found.top[0].step_seconds)
    assert sum(part["seconds"] for part in first["breakdown"].values()) == pytest.approx(
        first["step_time"]["mid"]
    )
    assert str(found.top[0].mesh) in str(found)


def test_the_command_that_a_strategy_names_predicts_it(whichgpu: Any) -> None:
    found = package.sweep("llama-3-8b", f"{H100}:8", top=1).top[0]
    told = whichgpu(*found.command().split()[1:], "--json")
    alone = told.json["predicted"]["value"]["mid"]
    assert alone == pytest.approx(found.estimate.throughput.mid * found.allowance)
    assert told.json["explanation"]["step"]["forward"]["seconds"] == pytest.approx(
        found.parts["forward"]["seconds"]
    )


def test_the_report_has_a_table_for_each_question(whichgpu: Any) -> None:
    told = whichgpu(
        "sweep", "llama-3-8b", "--gpus", f"{H100}:8", "--tokens", "15T", "--scaling", "--top", "2", "--all"
    )
    for words in (
        "To train",
        "Where the step goes",
        "Memory of the fullest GPU",
        "Scaling",
        "the best alone",
    ):
        assert words in told.out


@pytest.mark.parametrize(
    ("form", "words"), [("md", "| tp |"), ("html", "<table"), ("json", '"configurations"')]
)
def test_it_is_a_document_in_any_form(whichgpu: Any, form: str, words: str) -> None:
    told = whichgpu("sweep", "llama-3-8b", "--gpus", f"{H100}:8", "--tp", "8", "--top", "1", "--format", form)
    assert told.status == 0
    assert words in told.out


@pytest.mark.parametrize(
    ("text", "value"), [("15T", 15e12), ("300B", 3e11), ("2e9", 2e9), ("1,000", 1e3), ("1.5 M", 1.5e6)]
)
def test_amounts(text: str, value: float) -> None:
    assert read_amount(text, "--tokens", "15T") == value


def test_divisors_and_the_nearest_of_them() -> None:
    assert divisors(12) == [1, 2, 3, 4, 6, 12]
    assert nearest(5, divisors(12)) == "4 or 6"
    assert nearest(13, divisors(12)) == "12"


def test_every_mesh_deals_all_out() -> None:
    limits = Shape("toy", gpus=48, node=8, heads=24, layers=36, experts=16, tokens=8192, global_batch=96)
    found = meshes(limits, {})
    replicas = 48 / (found.tp * found.pp * found.cp)
    assert np.all(replicas == np.round(replicas))
    assert np.all(24 % found.tp == 0)
    assert np.all((96 / replicas / found.batch) % 1 == 0)
    count = 96 / replicas / found.batch
    assert np.all((found.vp == 1) | (count % found.pp == 0))
    assert np.all((48 / found.pp) % found.ep == 0)
    assert len({*zip(*found, strict=True)}) == len(found.tp)


def test_adapters_on_quantised_layers_are_neither_cut_nor_dealt_out() -> None:
    request = read_request(
        package.job("llama-3.1-8b", phase="finetune_qlora"), f"{H100}:8", GPUS, today=date(2026, 8, 1)
    )
    best = sweep(request).top
    assert {(one.estimate.job.tp, one.estimate.job.pp, one.cp, one.vp) for one in best} == {(1.0, 1.0, 1, 1)}
    assert best[0].dp == 8


@pytest.mark.parametrize("command", [("predict", "--gpu", "--phase", "pretrain"), ("sweep", "--gpus")])
def test_groups_of_layers_that_do_not_come_out_even_are_refused_with_the_nearest_that_do(
    whichgpu: Any, command: tuple[str, ...]
) -> None:
    name, flag, *more = command
    mesh = ("--tp", "8", "--pp", "8", "--option", "vp=3")
    found = whichgpu(name, "llama-3.1-70b", flag, f"{H100}:64", *more, *mesh)
    assert found.status == 2
    assert "80 layers of llama-3.1-70b are not dealt out evenly in 8 x 3 parts; use vp=2 or 5" in found.err


@pytest.mark.parametrize(("layers", "asked"), [(126, 50), (126, 33), (61, 13), (80, 7)])
def test_groups_of_layers_are_offered_that_the_search_itself_takes(layers: int, asked: int) -> None:
    """126 layers in 4 x 32 groups of one, two short: no divisor of the layers."""
    limits = Shape("toy", 16, 8, 128, layers, 0, 4096, 1024, 8)
    with pytest.raises(
        UsageError, match=rf"vp={asked}: no stages of 16 GPUs deal the {layers} layers"
    ) as told:
        meshes(limits, {"vp": asked})
    offered = [int(n) for n in str(told.value).partition("use vp=")[2].split(" or ")]
    taken = set(meshes(limits, {}).vp)
    able = sorted(taken - {1.0})
    assert offered == [max(n for n in able if n < asked), min(n for n in able if n > asked)]
    assert all(set(meshes(limits, {"vp": n}).vp) == {n} for n in offered)


def test_what_megatron_does_not_run_on_is_searched_under_what_does() -> None:
    request = read_request(package.job("llama-3.1-8b"), "mi300x:8", GPUS, today=date(2026, 8, 1))
    assert request.job.runtime == "megatron-rocm"
    assert request.assumed[0].startswith("runtime megatron-rocm")


def test_a_card_without_units_for_bf16_trains_in_fp16(whichgpu: Any) -> None:
    """A V100 computes BF16 by its plain cores, a fifth as fast."""
    asked = ("sweep", "gpt2", "--gpus", "v100-32gb-sxm:8", "--json")
    found, stated = whichgpu(*asked).json, whichgpu(*asked, "--precision", "amp-bf16").json
    assert (found["precision"], stated["precision"]) == ("amp-fp16", "amp-bf16")
    assert any("amp-fp16, since v100-32gb-sxm has no units for amp-bf16" in one for one in found["assumed"])


def test_the_fewest_gpus_that_are_done_in_time_are_found() -> None:
    def on(gpus: str, **asked: Any) -> Sweep:
        return package.sweep("llama-3.1-8b", gpus, tokens="1T", **asked)

    found = on(H100, within="30 days")
    count = found.request.count
    hours = found.to_dict()["top"][0]["hours_with_faults"]
    assert 32 <= count <= 64, "6 x 8e9 x 1e12 FLOP at 40 to 50 % of an H100's 989 TFLOPS"
    assert hours <= 30 * 24
    assert on(f"{H100}:{count}").to_dict()["top"][0]["hours_with_faults"] == pytest.approx(hours)
    fewer = on(f"{H100}:{count // 2}").to_dict()["top"][0]["hours_with_faults"]
    assert fewer > 30 * 24
    assert "the fewest" in str(found.to_dict()["assumed"])


@pytest.mark.parametrize(
    ("gpus", "asked", "said"),
    [
        (f"{H100}:8", {"tokens": "1T", "within": "30 days"}, "states it"),
        (H100, {"within": "30 days"}, "--tokens 15T"),
        (H100, {"tokens": "1T", "within": "soon"}, "--within tomorrow"),
        (H100, {"tokens": "1T", "within": "1 min"}, "give it longer"),
    ],
)
def test_what_cannot_be_done_within_a_time_says_what_to_type(
    gpus: str, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        package.sweep("llama-3.1-8b", gpus, **asked)


def test_the_fewest_keep_what_a_request_states() -> None:
    """A degree that so few GPUs have not, a batch that so many do not share out, the curve."""
    wide = package.sweep("llama-3.1-8b", H100, tokens="1T", within="30 days", tp=8)
    assert wide.top[0].estimate.job.tp == 8
    assert wide.request.count >= 8
    small = package.sweep("llama-3.1-8b", H100, tokens="10B", within="30 days", global_batch=8, scaling=True)
    assert small.request.global_batch == 8
    assert [one.gpus for one in small.scaling][-1] == small.request.count


def test_sharding_that_no_stages_have_is_told(whichgpu: Any) -> None:
    asked = ("sweep", "llama-3.1-8b", "--gpus", "a100-80gb-sxm:16", "--option", "sharding=zero2")
    found = whichgpu(*asked, "--pp", "4")
    assert found.status == 2
    assert "sharding zero2 is not searched beside stages (pp 4)" in found.err
    assert "--option sharding=zero1, or --pp 1" in found.err
    assert "16 x a100-80gb-sxm" in whichgpu(*asked, "--pp", "1").out


def test_of_a_part_without_a_stated_power_no_energy_is_told(whichgpu: Any) -> None:
    asked = ("sweep", "stable-diffusion-1.5", "--gpus", "apple-m3-max-40c:64", "--batch", "2")
    assert "nan" not in whichgpu(*asked).out
