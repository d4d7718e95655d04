"""`diagnose`: the verdict on measured figures, and causes that explain them, made by the model itself."""

from __future__ import annotations

import math

import pytest

from tests.diagnosing import RESNET, found, judged, predicted
from whichgpu import api
from whichgpu.cost.estimate import estimate
from whichgpu.errors import Infeasible, UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.fields import SEGMENTS
from whichgpu.planner.diagnosis.machine import relatives
from whichgpu.planner.diagnosis.trying import likelihood

pytestmark = pytest.mark.slow


def test_what_is_predicted_is_normal():
    rate = predicted("resnet50", "rtx-a5000", **RESNET)
    one, causes, _ = found("resnet50", "rtx-a5000", f"{rate.mid:.0f} images/s", **RESNET)
    assert one.verdict == "normal"
    assert one.ratio == pytest.approx(1.0, rel=0.01)
    assert one.normal > max(cause.share for cause in one.causes)
    assert sum(cause.share for cause in one.causes) + one.normal == pytest.approx(1.0)
    assert "normal" in str(one)
    assert causes["power"].check.startswith("nvidia-smi --query-gpu=power.draw")


@pytest.mark.parametrize(
    ("workload", "gpu", "columns", "changes", "cause", "within"),
    [
        ("bert-large", "a100-80gb-sxm", {"phase": "train", "precision": "amp-bf16", "batch": 32},
         {"precision": "tf32"}, "precision", 3),
        ("bert-large", "a100-80gb-sxm", {"phase": "train", "precision": "amp-bf16", "batch": 32},
         {"precision": "fp32"}, "precision", 3),
        ("resnet50", "rtx-a5000", RESNET, {"precision": "fp32", "runtime": "pytorch-1.10"}, "precision", 2),
        ("resnet50", "a100-80gb-sxm", RESNET, {"batch": 8}, "batch", 8),
        ("resnet50", "a100-80gb-sxm", RESNET, {"batch": 4}, "batch", 8),
        ("llama-3.1-8b", "h100-80gb-sxm", {"concurrency": 64}, {"concurrency": 1}, "flight", 3),
        ("stable-diffusion-1.5", "rtx-4090", {}, {"resolution": "1024"}, "size", 4),
        ("llama-3.1-8b", "h100-80gb-sxm", {"phase": "decode", "precision": "bf16"}, {"precision": "w4a16"},
         "narrower", 4),
    ],
)  # fmt: skip
@pytest.mark.thorough(every=2)
def test_a_known_cause_is_found_among_the_first(  # noqa: PLR0917
    workload, gpu, columns, changes, cause, within
):
    rate = predicted(workload, gpu, **{**columns, **changes})
    one, causes, order = found(workload, gpu, f"{rate.mid:.4g} {rate.unit}", **columns)
    assert one.verdict in ("slow", "fast", "impossible"), one.ratio
    assert cause in order[:within]
    assert causes[cause].inside


@pytest.mark.thorough
def test_a_number_that_is_stated_is_not_the_one_that_would_fit_and_a_length_is_the_most():
    assert found("sdxl", "rtx-4090", "60 s", steps=50)[1]["size"].ratio > 1.3, "one that would fit"
    texts = {"phase": "finetune_qlora", "batch": 2, "seq_len": 4096}
    whole = 2 * 4096 / predicted("qwen2.5-7b", "a100-80gb-sxm", **texts).mid
    assert found("qwen2.5-7b", "a100-80gb-sxm", f"{whole / 8.0:.3g} s/it", **texts)[2][0] == "size"


@pytest.mark.thorough
def test_a_server_may_run_without_graphs_and_several_gpus_are_slowed_by_what_lies_between_them():
    one, _, order = found("llama-3.1-8b", "a100-80gb-sxm", "40 tokens/s", concurrency=1)
    assert one.verdict == "slow"
    assert "eager" in order[:2]
    job = {"phase": "train", "batch": 64, "n_gpus": 4}
    one, _, order = found("resnet50", "a100-80gb-sxm", "1.6x speedup", **job)
    assert one.verdict == "slow"
    slow = found("resnet50", "rtx-3090", "115 images/s", **{**job, "n_gpus": 8})[0]
    assert "a hard disk for all makes 120" in " ".join(cause.title for cause in slow.causes)
    assert set(order) <= {"links", "fewer", "loading", "batch", "per_gpu", "processor"}


def test_what_a_figure_leaves_open_is_what_fits_and_one_item():
    one = found("llama-2-7b", "a100-80gb-sxm", "40% MFU", phase="train", n_gpus=8)[0]
    assert one.answer.job.options["sharding"] == "fsdp"
    assert one.answer.fits
    assert any("taken as trained under FSDP" in said for said in one.answer.warnings)
    alone = predicted("bert-base", "t4", phase="infer", batch=1, seq_len=128).mid
    one = found("bert-base", "t4", f"{1e3 / alone:.3g} ms", phase="infer", seq_len=128)[0]
    assert one.verdict == "normal"
    assert one.answer.job.batch == 1.0


def test_a_format_of_a_file_is_tried_in_its_own_kind_and_on_its_own_engine():
    job = {"runtime": "llama.cpp", "precision": "q8_0"}
    rate = predicted("llama-3.1-8b", "rtx-4060-ti-16gb", concurrency=1, **{**job, "precision": "q4_k_m"})
    _, causes, order = found("llama-3.1-8b", "rtx-4060-ti-16gb", f"{rate.mid:.1f} t/s", **job)
    assert causes["narrower"].title.endswith(("Q4_K_M", "Q5_K_M", "Q3_K_M"))
    assert "narrower" in order[:3]
    assert "engine" not in causes


def test_what_does_not_fit_is_no_cause():
    """12 billion weights in FP32 are on no card of 24 GB; that 16 bits are not either is the cause."""
    one, causes, order = found("flux.1-dev", "rtx-3090", "75 s/image")
    assert "precision" not in causes
    assert order[0] == "spilling"
    assert one.normal == 0.0


def test_a_model_larger_than_the_card_is_held_against_one_with_more_memory():
    job = {"runtime": "llama.cpp", "precision": "q4_k_m"}
    one, causes, order = found("llama-3.1-70b", "rtx-4090", "2.2 tok/s", **job)
    assert one.verdict == "slow"
    assert order[0] == "spilling"
    assert causes["spilling"].inside
    assert "40% of them" in causes["spilling"].title
    assert any("does not fit on rtx-4090" in text for text in one.answer.warnings)


def test_a_training_that_needs_more_than_the_card_has_is_paged_over_and_over():
    _, causes, order = found("sdxl", "rtx-3080-10gb", "73 s/it", phase="finetune_lora")
    assert order[0] == "spilling"
    assert causes["spilling"].inside


def test_what_is_small_stays_on_the_card_and_a_limit_may_be_raised():
    _, causes, _ = found("resnet50", "l4", "9500 qps", precision="int8", runtime="tensorrt", batch=32)
    assert "spilling" not in causes
    high, causes, order = found("llama-3.1-8b", "rtx-3090", "390 W")
    assert high.verdict == "high"
    assert "above the reference card's" in causes["power"].title
    assert "power" in order[:2]


def test_a_copy_is_counted_once_or_both_ways():
    """nvbandwidth has 1,519 GB/s for an H100, which reads and writes twice as much."""
    one, causes, order = found("stream-triad", "h100-80gb-sxm", "1519 GB/s")
    assert (one.verdict, order[0]) == ("slow", "counting")
    assert "bytes that were copied" in causes["counting"].title


def test_a_runtime_that_nobody_knows_is_no_fault_of_the_user():
    one = judged("whisper-large-v3", "rtx-4070", "14x realtime", runtime="an engine of our own")
    assert one.verdict == "slow"


def test_what_only_infers_is_not_said_to_train_and_a_module_has_neither_lanes_nor_the_cards_tools():
    one, causes, _ = found("yolov8n", "jetson-orin-nano-8gb", "70 fps", runtime="tensorrt", precision="fp16")
    assert (one.verdict, one.job.phase) == ("slow", "infer")
    assert not {"phase", "links", "several"} & set(causes)
    assert "tegrastats" in causes["clocks"].check
    assert not any("nvidia-smi" in cause.check for cause in causes.values())


def test_a_laptops_card_and_a_lesser_variant_are_tried():
    known = catalogue()
    names = {one.id for one in relatives(known["rtx-4090"], known.values())}
    assert {"rtx-4090-laptop", "rtx-4090-d"} <= names
    assert "rtx-4080" not in names
    assert "v100-16gb-sxm" not in {one.id for one in relatives(known["a100-80gb-sxm"], known.values())}
    rate = predicted("stable-diffusion-1.5", "rtx-4090-laptop")
    _, causes, order = found("stable-diffusion-1.5", "rtx-4090", f"{rate.mid:.4g} images/s")
    assert "Laptop" in causes["variant"].title
    assert "variant" in order[:6]


def test_slower_clocks_and_limits_make_it_slower_and_no_memory_bound_job():
    _, causes, _ = found("resnet50", "a100-80gb-sxm", "1000 images/s", **RESNET)
    for name in ("clocks", "power", "shared", "variant", "precision", "loading"):
        assert causes[name].effect < 1.0, name
    _, decode, _ = found("llama-2-7b", "a100-80gb-sxm", "20 tokens/s", phase="decode")
    assert decode["clocks"].effect > causes["clocks"].effect


@pytest.mark.thorough
def test_two_causes_explain_what_none_does():
    alone, _, _ = found("resnet50", "rtx-a5000", "300 images/s", **RESNET)
    assert alone.pairs == ()
    columns = {"phase": "train", "batch": 64, "precision": "amp-bf16"}
    slow, _, _ = found("bert-large", "h100-80gb-sxm", "12 sequences/s", **columns)
    assert not any(cause.inside for cause in slow.causes)
    pairs = {frozenset(text.partition(":")[0] for text in pair.causes): pair for pair in slow.pairs}
    assert all(pair.would_be.low <= 12 <= pair.would_be.high for pair in slow.pairs[:1])
    again = {"phase": "train", "batch": 1, "precision": "amp-bf16", "options": {"checkpointing": "full"}}
    both = predicted("bert-large", "h100-80gb-sxm", **again).mid
    assert pairs[frozenset({"recomputation", "batch size"})].would_be.mid == pytest.approx(both, rel=0.05)


def test_several_gpus_their_links_and_whose_rate_it_is():
    columns = {"phase": "train", "precision": "amp-fp16", "batch": 128}
    rate = predicted("resnet50", "a100-80gb-sxm:8", **columns)
    one, causes, order = found("resnet50", "a100-80gb-sxm:8", f"{rate.mid / 8:.0f} images/s", **columns)
    assert one.verdict == "slow"
    assert order[0] in ("per_gpu", "fewer")
    assert "of one GPU" in causes["per_gpu"].title
    assert {"links", "fewer"} <= set(causes)
    assert causes["links"].effect < 1.0
    alone = predicted("resnet50", "a10", **columns).mid
    total, several, first = found("resnet50", "a10", f"{4 * alone:.0f} images/s", **columns)
    assert total.verdict in ("fast", "impossible")
    assert "several" in first[:4]
    assert several["several"].inside


def test_numbers_that_are_too_good():
    rate = predicted("llama-3.1-8b", "a100-80gb-sxm", concurrency=64)
    _, causes, order = found("llama-3.1-8b", "a100-80gb-sxm", f"{3 * rate.mid:.0f} tokens/s", concurrency=64)
    assert "counting" in order[:3]
    assert causes["counting"].title == "counting: tokens in and out together"
    absurd, _, first = found("resnet50", "rtx-a5000", "30000 images/s", **RESNET)
    assert absurd.verdict == "impossible"
    assert absurd.bound is not None
    assert absurd.bound < 30000
    assert {"unsynchronised", "reused"} & set(first[:3])
    assert absurd.normal < 1e-6


@pytest.mark.thorough
def test_the_roofline_lies_above_every_prediction():
    for workload, gpu, columns in (
        ("resnet50", "a100-80gb-sxm", RESNET), ("bert-large", "h100-80gb-sxm", {"phase": "train"}),
        ("llama-3.1-8b", "l40s", {"concurrency": 64}), ("stable-diffusion-1.5", "rtx-4090", {}),
    ):  # fmt: skip
        one = judged(workload, gpu, "1 s" if workload != "bert-large" else "1 it/s", **columns)
        assert one.bound is not None
        better = one.bound <= one.predicted.mid if one.figure.sense < 0 else one.bound >= one.predicted.mid
        assert better, workload


@pytest.mark.thorough
def test_one_reader_gets_no_more_than_memory_gives():
    """15 GB of weights a token at 1,008 GB/s: 67 tokens/s, unless more than one is made at a time."""
    job = {"runtime": "vllm", "precision": "bf16"}
    one, _, order = found("llama-3.1-8b", "rtx-4090", "150 tok/s", **job, concurrency=1)
    assert one.verdict == "impossible"
    assert one.bound == pytest.approx(67.0, rel=0.03)
    assert {"flight", "speculative", "narrower"} & set(order[:4])
    several = judged("llama-3.1-8b", "rtx-4090", "150 tok/s", **job)
    assert several.verdict != "impossible"


def test_a_share_of_the_peak_that_many_gpus_may_have_is_not_impossible():
    """A step of 8 GPUs has its exchange beside its products: without it the roofline would be too low."""
    one = judged("llama-2-7b", "h100-80gb-sxm:8", "52% MFU", phase="train")
    assert one.bound == pytest.approx(989.5, rel=0.01)
    assert one.verdict != "impossible"


@pytest.mark.thorough
def test_steps_a_second_are_of_the_loop_alone():
    """A progress bar counts neither the decoder nor what reads the prompt, which few steps feel the most."""
    job = {"runtime": "a1111", "steps": 4}
    rate = predicted("stable-diffusion-1.5", "rtx-4090", **job)
    one = api.diagnose("stable-diffusion-1.5", "rtx-4090", "30 it/s", **job)
    assert one.predicted.mid > 1.5 * 4 * rate.mid
    many = api.diagnose("stable-diffusion-1.5", "rtx-4090", "30 it/s", runtime="a1111", steps=100)
    assert many.predicted.mid == pytest.approx(one.predicted.mid, rel=0.1)


def test_flops_are_held_against_the_products():
    plain = api.diagnose("bert-large", "a100-80gb-sxm", "115 TFLOPS", phase="train")
    assert plain.verdict == "normal"
    assert plain.predicted.unit == "TFLOPS"
    assert 50 < plain.predicted.mid < 200
    _, causes, _ = found(
        "bert-large", "a100-80gb-sxm", f"{2 * plain.predicted.mid:.0f} TFLOPS", phase="train"
    )
    assert "sparsity" in causes["sparse"].title
    assert causes["sparse"].ratio == pytest.approx(1.0, abs=0.02)
    with pytest.raises(UsageError, match="tokens/s or images/s"):
        api.diagnose("llama-3.1-8b", "l40s", "90 TFLOPS")


def test_memory_and_power_are_high_or_low():
    one, causes, _ = found("resnet50", "a10", "11 GiB", phase="train", batch=64)
    assert one.verdict == "high"
    assert causes["batch"].inside or causes["size"].inside
    assert causes["units"].effect == pytest.approx(2**30 / 1e9, rel=0.2)
    low, causes, order = found("resnet50", "a10", "60 W", phase="train", batch=64)
    assert low.verdict == "low"
    assert low.bound is None
    assert "power" in order
    assert "per_gpu" not in causes


def test_what_does_not_fit_ran_otherwise():
    one, causes, _ = found("llama-2-7b", "rtx-3060-12gb", "22 tok/s", phase="decode", precision="fp16")
    assert one.normal == 0.0
    assert "does not fit" in " ".join(one.answer.warnings)
    assert {"narrower", "spilling"} <= set(causes)
    with pytest.raises(Infeasible, match="does not fit"):
        api.diagnose("llama-3.1-70b", "rtx-3060-12gb", "22 tok/s", runtime="vllm")


@pytest.mark.thorough
def test_what_was_measured_of_the_very_job_narrows_it():
    row = next(one for one in store.rows("measured") if one["id"] == "cl-00724")
    columns = {"phase": row["phase"], "precision": row["precision"], "batch": float(row["batch"]),
               "runtime": row["runtime"]}  # fmt: skip
    plain = estimate(api.job(row["workload"], **columns), [catalogue()[row["gpu"]]]).at(0, 0).throughput
    one = api.diagnose(row["workload"], row["gpu"], f"{float(row['value']):.1f} images/s", **columns)
    assert one.verdict == "normal"
    assert one.known.exact
    assert one.predicted.high / one.predicted.low < 1.2 < plain.high / plain.low
    assert one.predicted.mid == pytest.approx(float(row["value"]), rel=0.03)
    off = api.diagnose(row["workload"], row["gpu"], f"{0.7 * float(row['value']):.1f} images/s", **columns)
    assert off.verdict == "slow"


def test_likelihood_is_of_a_student_with_four_degrees_of_freedom():
    from whichgpu.facts.model import Interval

    one = Interval(50.0, 100.0, 200.0)
    spread = math.log(2.0) / 1.6448536269514722
    assert likelihood(100.0, one) == pytest.approx(-math.log(spread))
    # Its density is (1 + z^2 / 4) ^ -5/2 of that at the middle.
    assert likelihood(200.0, one) == pytest.approx(
        -math.log(spread) - 2.5 * math.log(1.0 + 1.6448536269514722**2 / 4)
    )


def test_every_cause_has_its_words():
    table = store.load("diagnosis")["diagnosis"]
    for name, row in table["cause"].items():
        assert set(row) - {"segments", "unfit", "served", "clocked", "against", "seen", "denied"} == {
            "weight",
            "title",
            "why",
            "check",
        }, name
        assert set(row.get("segments", ())) <= set(SEGMENTS), name
        assert 0.0 < row["weight"] <= 1.0
        assert isinstance(row["check"], str) or "other" in row["check"]
        row["title"].format(detail="x")


def test_the_command(whichgpu):
    args = ("diagnose", "resnet50", "--gpu", "rtx-a5000", "--phase", "train", "--batch", "128")
    told = whichgpu(*args, "--measured", "450 images/s", "--json").json
    assert told["verdict"] == "slow"
    assert told["measured"]["value"] == 450.0
    assert {"low", "mid", "high", "unit"} == set(told["predicted"])
    assert told["ratio"] == pytest.approx(450 / told["predicted"]["mid"])
    for cause in told["causes"]:
        assert {"cause", "would_be", "ratio", "inside", "why", "check"} <= set(cause)
        assert cause["ratio"] == pytest.approx(450 / cause["would_be"]["mid"])
        assert cause["inside"] == (cause["would_be"]["low"] <= 450 <= cause["would_be"]["high"])
    text = whichgpu(*args, "--measured", "450 images/s")
    assert text.status == 0
    for words in ("is slow", "How to tell", "precision: runs in", "nvidia-smi"):
        assert words in text.out
    page = whichgpu(*args, "--measured", "450 images/s", "--format", "html")
    assert "<table" in page.out
    for measured, words in (
        ("fast", "not a measured figure"), ("300 tokens/s", "this workload makes images"),
        ("ttft 20 ms", "phase serve"),
    ):  # fmt: skip
        wrong = whichgpu(*args, "--measured", measured)
        assert (wrong.status, words in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("workload", "gpu", "measured", "columns", "cause"),
    [
        ("resnet18", "a10", "420 images/s", {"phase": "infer", "precision": "fp16"}, "alone"),
        ("stream-triad", "a100-40gb-sxm", "175 GB/s", {}, "shared"),
        ("gpt2", "a100-80gb-sxm", "30 tokens/s", {"phase": "serve", "runtime": "transformers"}, "host"),
        ("bert-large-squad", "a100-40gb-sxm", "42 sequences/s", {"phase": "train", "batch": 16}, "stuck"),
    ],
)
def test_what_a_loop_a_slice_a_host_and_a_stuck_clock_make(workload, gpu, measured, columns, cause):
    one, _, order = found(workload, gpu, measured, **columns)
    assert one.verdict == "slow"
    assert cause in order[:2]


def test_a_model_that_is_larger_than_a_slice_is_on_none():
    one, _, order = found("llama-2-70b", "a100-40gb-sxm", "2.1 tokens/s", precision="q4_k_m")
    assert not any("MIG" in cause.title for cause in one.causes)
    assert "spilling" in order[:2]


def test_other_models_of_a_name_are_of_one_kind_of_number():
    one, _, _ = found("gpt2", "a100-80gb-sxm", "30 tokens/s", phase="serve", runtime="transformers")
    assert not any("gpt-13b" in cause.title for cause in one.causes)


def test_memory_alone_is_read_no_faster_than_its_datasheet():
    # Inline ECC leaves a T4 0.84 of what others deliver of their sheets.
    for name, ecc in (("rtx-3060-12gb", 1.0), ("h200-141gb-sxm", 1.0), ("t4", 0.84)):
        most = catalogue()[name].value("bandwidth") / 1e9
        assert 0.8 * ecc < predicted("stream-triad", name).high / most < 1.02
