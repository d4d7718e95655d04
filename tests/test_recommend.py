"""`recommend`: the arithmetic, what moves it, who is left out and why."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

import whichgpu
from whichgpu import api, prices
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.recommend import needed, recommend
from whichgpu.planner.request import read_request
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from whichgpu.planner.answer import Recommendation

pytestmark = pytest.mark.slow

GPUS = catalogue()
TODAY = date(2026, 11, 20)
SD = "stable-diffusion-1.5"


def ask(workload: str = SD, offers: Any = None, known: Any = GPUS, **wishes: Any) -> Recommendation:
    job = Job(workload, phase=wishes.pop("phase", ""), **wishes.pop("columns", {}))
    wishes.setdefault("target", "1000 images/min")
    request, own = read_request(job, known, today=TODAY, **wishes)
    return recommend(request, known, offers if offers is not None else own)


def by_gpu(answer: Recommendation) -> dict[str, Any]:
    return {item.gpu: item for item in answer.candidates}


@pytest.mark.parametrize(
    "workload", ["qwen2.5-7b", "phi-4", "smollm2-135m", "dcgan", "lowformer-b0", "focalnet-huge-fl4"]
)
def test_what_does_not_divide_or_has_no_head_is_answered(workload: str) -> None:
    """Heads that 8 GPUs cannot share, what is upsampled by a window for each batch, towers without a head."""
    answer = ask(workload, target=None, gpus=["l4", "mi300x"])
    assert answer.candidates
    for item in answer.candidates:
        heads = resolve(workload).dims.get("heads", 0)
        assert not heads or heads % item.gpus_per_replica == 0
        assert item.estimate.latency.mid > 0


def test_a_sequence_that_nobody_stated_is_no_longer_than_the_model_takes() -> None:
    """GPT-2 has 1,024 positions; training runs 2,048 tokens where nothing is said."""
    answer = ask("gpt2", target=None, phase="train", gpus=["l4"])
    assert answer.candidates[0].estimate.job.seq_len == 1024


def test_instances_are_the_target_over_one_instance_and_cost_to_the_cent() -> None:
    answer = ask(gpus=["a10", "a100-80gb-sxm"]).to_dict()
    assert {item["gpu"] for item in answer["candidates"]} == {"a10", "a100-80gb-sxm"}
    rate = answer["target"]["value"]
    assert rate == pytest.approx(1000 / 60)
    for item in answer["candidates"]:
        each = item["throughput_per_instance"]["mid"]
        assert item["instances"] == math.ceil(rate / each)
        assert item["instances_safe"] == math.ceil(rate / item["throughput_per_instance"]["low"])
        assert round(item["usd_per_hour"], 2) == round(item["instances"] * item["offer"]["usd_per_hour"], 2)
        assert item["usd_per_unit"] == pytest.approx(item["usd_per_hour"] / 3600 / rate)
        assert item["throughput"]["mid"] == pytest.approx(each * item["instances"])
        assert item["fits"]


@pytest.mark.parametrize(
    ("workload", "phase", "target"),
    [
        (SD, "", "1000 images/min"),
        ("llama-2-7b", "", "5000 tokens/s"),
        ("llama-2-13b", "", "5000 tokens/s"),
        ("llama-2-70b", "", "5000 output tokens/s"),
        ("resnet50", "", "10000 images/s"),
        ("resnet152", "", "10000 images/s"),
        ("inception-v3", "", "10000 images/s"),
        ("googlenet", "", "10000 images/s"),
        ("bert-large", "", "1000 sequences/s"),
        ("resnet50", "train", "10000 images/s"),
        ("bert-large", "train", "1000 sequences/s"),
    ],
)
def test_every_workload_of_the_first_set_is_answered(workload: str, phase: str, target: str) -> None:
    answer = ask(workload, phase=phase, target=target)
    assert len(answer.candidates) >= 15
    assert answer.headline
    costs = [(item.trust, item.usd_per_unit) for item in answer.candidates]
    assert costs == sorted(costs)
    assert len({item.gpu for item in answer.candidates}) == len(answer.candidates)
    named = {item.gpu for item in answer.candidates} | {item.gpu for item in answer.rejected}
    assert named == set(GPUS)


def test_70b_is_held_by_several_gpus_of_one_instance() -> None:
    for item in ask("llama-2-70b", target="5000 tokens/s").candidates:
        memory = item.estimate.required * item.gpus_per_replica
        assert memory > 138e9  # 69 B parameters at two bytes
        assert item.gpus_per_replica <= item.gpus_per_instance
        assert item.replicas == item.instances * (item.gpus_per_instance // item.gpus_per_replica)


def test_the_price_moves_the_cost_and_nothing_else() -> None:
    cheaper = [
        replace(offer, usd_per_hour=offer.usd_per_hour / 2) if offer.gpu == "a10" else offer
        for offer in prices.bundled()
    ]
    before, after = (by_gpu(ask(gpus=["a10", "l4"], offers=rows)) for rows in (None, cheaper))
    assert after["a10"].usd_per_hour == pytest.approx(before["a10"].usd_per_hour / 2)
    assert after["a10"].instances == before["a10"].instances
    assert after["l4"] == replace(before["l4"], why=after["l4"].why)


def test_the_target_moves_the_count(tmp_path: Path) -> None:
    one, ten = (by_gpu(ask(gpus=["a10"], target=f"{n} images/min"))["a10"] for n in (100, 1000))
    assert 10 * (one.instances - 1) < ten.instances <= 10 * one.instances
    each = one.throughput_per_instance.mid, ten.throughput_per_instance.mid
    assert max(each) <= 1.05 * min(each), "a larger batch, where that saves an instance"


def test_a_batch_that_saves_an_instance_is_taken() -> None:
    """No configuration of an offer takes fewer instances than the one that is named."""
    for rate in (100, 530, 1000, 2750):
        (item,) = ask(gpus=["a10"], target=f"{rate} images/min").candidates
        for batch in (1, 2, 4, 8, 16, 32):
            stated = ask(
                gpus=["a10"], target=f"{rate} images/min", columns={"batch": float(batch)}
            ).candidates
            assert all(other.usd_per_hour >= item.usd_per_hour - 1e-9 for other in stated)


def test_bandwidth_moves_the_throughput(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[gpu.a100-80gb-sxm]\nbandwidth = "1 TB/s"\n')
    slower = catalogue((file,))
    wish = {"workload": "llama-2-7b", "gpus": ["a100-80gb-sxm"], "target": "100000 tokens/s"}
    before, after = ask(**wish).candidates[0], ask(known=slower, **wish).candidates[0]
    assert after.throughput_per_instance.mid < 0.75 * before.throughput_per_instance.mid
    assert after.instances > before.instances


def test_a_provider_that_sells_eights_sells_eights() -> None:
    answer = ask(gpus=["a100-40gb-sxm"], providers=["aws"], target="10 images/min")
    (item,) = answer.candidates
    assert (item.gpus_per_instance, item.instances, item.offer.instance) == (8, 1, "p4d.24xlarge")


def test_an_undated_price_ranks_last() -> None:
    undated = [replace(o, as_of=None) if o.gpu == "rtx-4090" else o for o in prices.bundled()]
    first, last = ask(term="any"), ask(term="any", offers=undated)
    assert by_gpu(first)["rtx-4090"].trust == 0
    order = [item.gpu for item in last.candidates]
    assert order.index("rtx-4090") > max(order.index(i.gpu) for i in last.candidates if i.trust < 2)
    assert "no date" in by_gpu(last)["rtx-4090"].why


def test_an_ambiguous_offer_prices_no_gpu() -> None:
    only = [
        replace(o, gpu=None, candidates=("a10", "a10g")) if o.gpu == "a10" else o for o in prices.bundled()
    ]
    answer = ask(gpus=["a10"], offers=only)
    assert answer.candidates == ()
    assert "variant" in answer.rejected[0].why


def test_buying_stands_beside_renting() -> None:
    rent = by_gpu(ask(gpus=["rtx-4090"], term="any"))["rtx-4090"]
    buy = by_gpu(ask(gpus=["rtx-4090"], term="buy"))["rtx-4090"]
    assert buy.offer.kind == "buy"
    assert rent.buy == pytest.approx(buy.offer.usd_per_hour * rent.instances * rent.gpus_per_instance)


def test_an_own_machine_holds_as_many_as_the_model_takes() -> None:
    (item,) = ask("llama-2-70b", target="100 tokens/s", gpus=["rtx-a6000"], term="buy").candidates
    assert item.gpus_per_replica == item.gpus_per_instance == 4
    assert item.usd_per_hour == pytest.approx(4 * item.offer.usd_per_gpu_hour * item.instances)


def test_a_latency_forbids_large_batches() -> None:
    free, bound = ask(gpus=["a100-80gb-sxm"]), ask(gpus=["a100-80gb-sxm"], latency="4 s")
    assert bound.candidates[0].estimate.latency.mid <= 4.0
    assert bound.candidates[0].throughput_per_instance.mid < free.candidates[0].throughput_per_instance.mid


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"latency": "1 ms"}, ("quickest", "--latency")),
        ({"budget": "0.01 USD/h"}, ("cheapest", "--budget")),
        (
            {"workload": "llama-2-70b", "target": "10 tokens/s", "gpus": ["t4"]},
            ("fits on none", "--precision"),
        ),
        ({"gpus": ["apple-m2-10c"], "term": "on-demand"}, ("apple-m2-10c",)),
    ],
)
def test_nothing_feasible_names_the_constraint_and_the_way_out(
    wish: dict[str, Any], words: tuple[str, ...]
) -> None:
    answer = ask(**wish)
    assert answer.candidates == ()
    assert all(word in answer.infeasible for word in words), answer.infeasible


def test_what_nobody_lets_or_sells_is_answered_without_a_price() -> None:
    for term in (None, "any"):
        answer = ask("yolov8s", gpus=["jetson-orin-nano-8gb"], target="300 images/s", term=term)
        (item,) = answer.candidates
        assert item.instances * item.throughput_per_instance.mid >= 300.0
        assert math.isnan(item.usd_per_hour)
        assert answer.headline.startswith(f"jetson-orin-nano-8gb: {item.instances} for 300 images/s")
    let = ask("yolov8s", gpus=["jetson-orin-nano-8gb", "rtx-4090"]).candidates
    assert [each.gpu for each in let] == ["rtx-4090"]


def test_the_relaxation_that_is_named_works() -> None:
    for wish, option in (({"latency": "1 ms"}, "latency"), ({"budget": "0.01 USD/h"}, "budget")):
        said = ask(**wish).infeasible.split(f'--{option} "')[1].split('"')[0]
        assert ask(**{option: said}).candidates


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"target": "1000"}, "rate of work"),
        ({"target": "0 images/min"}, "not above zero"),
        ({"target": "-5 images/min"}, "not above zero"),
        ({"target": "1000 tokens/s"}, "makes images"),
        ({"target": "1e300 images/s"}, "slip"),
        ({"target": "nan images/s"}, "finite"),
        ({"budget": "20"}, "unit"),
        ({"latency": "2 GB"}, "time"),
        ({"gpus": ["h100x"]}, "did you mean"),
        ({"gpus": ["a100-80gb-sxm:8"]}, "--gpus 'a100-80gb-sxm', or see"),
        ({"gpus": ["8 x a10"]}, "says how many"),
        ({"providers": ["amazone"]}, "did you mean"),
        ({"term": "never"}, "did you mean"),
        ({"needs": ["nvlynk"]}, "did you mean"),
        ({"columns": {"precision": "fp9"}}, "did you mean"),
        ({"columns": {"batch": -1.0}}, "batch"),
        ({"workload": "resnet5O"}, "did you mean"),
    ],
)
def test_bad_wishes_are_refused_in_one_line(wish: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as said:
        ask(**wish)
    assert words in str(said.value)
    assert "\n" not in str(said.value)


def test_a_precision_the_gpu_lacks_is_a_reason() -> None:
    answer = ask("llama-2-7b", target="1000 tokens/s", gpus=["a100-80gb-sxm", "h100-80gb-sxm"],
                 columns={"precision": "fp8"})  # fmt: skip
    assert [item.gpu for item in answer.candidates] == ["h100-80gb-sxm"]
    assert "FP8" in answer.rejected[0].why


def test_a_users_own_prices_are_used(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("provider,gpu,usd_per_hour\nacme,A10,0.10\nacme,l4,free\n")
    request, own = read_request(Job(SD), GPUS, today=TODAY, target="100 images/min", offers=file)
    answer = recommend(request, GPUS, own)
    assert [item.gpu for item in answer.candidates] == ["a10"]
    assert answer.candidates[0].offer.usd_per_hour == 0.10


@pytest.mark.parametrize(("rate", "each", "count"), [(10, 5, 2), (10.1, 5, 3), (0.3, 0.1, 3), (1e-9, 1, 1)])
def test_needed(rate: float, each: float, count: int) -> None:
    assert needed(rate, each) == count


def test_the_first_says_why_it_beats_the_second() -> None:
    answer = ask()
    first, second = answer.candidates[:2]
    assert second.gpu in first.why
    assert first.gpu in second.why


@pytest.mark.parametrize("name", ["qwen2.5-7b", "gpt2-xl", "falcon-7b"])
def test_heads_that_do_not_divide_are_not_split(name: str) -> None:
    """28, 25 and 71 heads: where eight GPUs cannot share them, fewer do."""
    found = whichgpu.recommend(name, target="500 tokens/s")
    heads = whichgpu.workload(name).dims["heads"]
    assert found.candidates
    assert all(heads % one.gpus_per_replica == 0 for one in found.candidates)


def test_a_sweep_that_is_kept_gives_the_same_answer(monkeypatch):
    import whichgpu
    from whichgpu.planner import sweeps

    def asked(target, precision="fp16", **more):
        gpus = ["l4", "a10", "t4"]
        return whichgpu.recommend("gpt2", target=target, gpus=gpus, precision=precision, **more).to_dict()

    plain = [asked("700 tokens/s"), asked("900 tokens/s"), asked("900 tokens/s", precision="fp32")]
    made = []
    estimate = sweeps.estimate
    monkeypatch.setattr(sweeps, "estimate", lambda *given: made.append(given) or estimate(*given))
    # One of all GPUs, and a single job of the smallest and the largest, cut and dealt out.
    each = 3
    sweeps.keep(2 * each)
    try:
        kept = [asked("700 tokens/s"), asked("900 tokens/s"), asked("900 tokens/s", precision="fp32")]
        assert len(made) == 2 * each
        asked("800 tokens/s", precision="fp32")
        asked("800 tokens/s")
        assert len(made) == 2 * each
        asked("900 tokens/s", phase="train", batch=4)
        before = len(made)
        asked("800 tokens/s", precision="fp32")
        assert before < len(made) <= before + each
    finally:
        sweeps.keep(0)
    assert kept == plain


def test_a_page_to_keep_has_the_chart(whichgpu):
    asked = ("recommend", "resnet50", "--target", "1000 images/s", "--gpus", "l4,t4,a10")
    assert "<svg" in whichgpu(*asked, "--format", "html").out
    assert "Price against latency" in whichgpu(*asked, "--format", "md").out
    assert "Price against latency" not in whichgpu(*asked).out


@pytest.mark.parametrize(
    ("said", "words"),
    [("shardin=fsdp", "did you mean sharding?"), ("anything=7", "no option 'anything' of a job")],
)  # fmt: skip
def test_an_option_that_no_model_reads_is_refused(said: str, words: str, whichgpu: Any) -> None:
    ran = whichgpu("recommend", "resnet50", "--gpus", "a10", "--option", said)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_an_option_that_only_other_models_read_is_left_alone(whichgpu: Any) -> None:
    ran = whichgpu("recommend", "resnet50", "--gpus", "a10", "--option", "beam=4", "--json")
    assert ran.status == 0
    assert "beam" in " ".join(ran.json["warnings"])


def test_a_laptop_whose_memory_was_not_read_keeps_no_other_from_an_answer(whichgpu: Any) -> None:
    found = whichgpu("recommend", "gpt-oss-20b", "--needs", "laptop", "--json")
    assert found.status == 0
    assert {"rtx-5090-laptop", "rtx-4090-laptop"} <= {one["gpu"] for one in found.json["candidates"]}


@pytest.mark.thorough
def test_users_of_what_no_laptop_holds_are_told_what_one_would(whichgpu: Any) -> None:
    line = ("recommend", "mixtral-8x7b", "--users", "5", "--needs", "laptop")
    told = whichgpu(*line, "--json")
    assert told.status == 3
    ways = [way["changes"] for way in told.json["conflict"]["relaxations"]]
    assert ["--precision w4a16-g128"] in ways or any("leave out --needs laptop" in way for way in ways)


def test_energy_that_is_not_known_is_no_reason_to_come_first() -> None:
    found = api.recommend("llama-3.1-8b", objective="energy").candidates
    assert not math.isnan(found[0].joules_per_unit)
    known = [not math.isnan(one.joules_per_unit) for one in found if one.trust == found[0].trust]
    assert known == sorted(known, reverse=True)


def test_a_large_training_computes_activations_again_where_that_is_cheaper(whichgpu: Any) -> None:
    asked: dict[str, Any] = {"phase": "train", "tokens": "100B", "gpus": ["h100-80gb-sxm"]}
    kept = api.recommend("llama-2-70b", options={"checkpointing": "none"}, **asked).candidates[0]
    free = api.recommend("llama-2-70b", **asked).candidates[0]
    assert free.usd_total < 0.8 * kept.usd_total
    assert free.estimate.job.options["checkpointing"] != "none"
    made = whichgpu("recommend", "llama-2-70b", "--phase", "train", "--tokens", "100B", "--gpus",
                    "h100-80gb-sxm")  # fmt: skip
    assert "(fsdp, ckpt)" in made.out
    told = " ".join(made.out.split())
    assert "whichgpu sweep llama-2-70b --gpus h100-80gb-sxm:56" in told
    assert "checkpointing full: activations of the layers are computed again" in told
