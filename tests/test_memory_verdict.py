"""Whether a job fits, by both ends of the interval of what it needs, and how wide that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from memory_jobs import GIB, GPUS, laid

import whichgpu as package
from tests.fitting import held
from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration.measured import measured_rows
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.memory.memory_law import fitted
from whichgpu.cost.memory.readings import readings
from whichgpu.cost.memory.verdict import BARELY, OVER, TIGHT, Judged, elastic, first, hangs_on, of_cache
from whichgpu.cost.table.rows import read_job
from whichgpu.hardware.names import resolve
from whichgpu.planner.capacity.cells import Cells

TRAINED: dict[str, Any] = {"phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 2048.0}


def half(name: str, which: str = "required", **columns: Any) -> float:
    """Log half-width of an interval of one job."""
    return float(np.ravel(readings(laid(name, **columns), Z90).halves[which])[0])


def test_an_interval_is_as_wide_as_what_is_needed_is_unsure():
    weights = half("llama-2-70b", phase="generate", precision="fp16", batch=1.0, runtime="transformers")
    trained = half("llama-2-7b", runtime="transformers", options={"checkpointing": "full"}, **TRAINED)
    network = half("resnet50", phase="train", precision="fp32", batch=128.0, runtime="PyTorch 2.1")
    assert weights < 0.06 < trained < 0.2
    assert 0.35 < network < 0.42
    engine = half("llama-2-70b", phase="serve", precision="fp16", runtime="vllm")
    assert engine < weights
    measured = half("llama-2-7b", phase="finetune_lora", precision="bf16", batch=1.0, seq_len=512.0,
                    runtime="LitGPT")  # fmt: skip
    assert measured < 0.08


def test_what_is_not_known_widens_it():
    plain = half("llama-2-7b", runtime="transformers", options={"checkpointing": "full"}, **TRAINED)
    other = half("llama-2-7b", runtime="a trainer of my own", options={"checkpointing": "full"}, **TRAINED)
    waiting = half("llama-2-7b", runtime="transformers", **TRAINED,
                   options={"checkpointing": "full", "offload": "optimizer"})  # fmt: skip
    assert 1.3 * plain < other
    assert waiting > Z90 * section("memory_law")["waits"]
    published = half("llama-2-7b", "allocated", runtime="transformers", options={"checkpointing": "full"},
                     **TRAINED)  # fmt: skip
    assert published == pytest.approx(np.hypot(plain, Z90 * section("memory_law")["unseen"]), rel=0.15)


def test_blocks_of_another_moment_widen_it_upwards_unless_segments_grow():
    job = {**TRAINED, "options": {"checkpointing": "full"}}
    blocks, grown = (
        half("llama-3-8b", "held", runtime=text, **job) - half("llama-3-8b", runtime=text, **job)
        for text in ("transformers", "transformers expandable_segments")
    )
    assert blocks > grown >= 0.0


@pytest.mark.parametrize(
    ("workload", "columns", "gpus", "said"),
    [
        ("llama-3.1-8b", {"phase": "finetune_qlora"}, ("rtx-3080-10gb", "rtx-3060-12gb", "rtx-3090"), "nmy"),
        ("llama-2-13b", {"phase": "generate", "precision": "fp16"}, ("rtx-3090", "a100-40gb-sxm"), "ny"),
        ("resnet50", {"phase": "train", "batch": 256}, ("gtx-1080", "rtx-3080-10gb", "rtx-3090"), "mmy"),
        ("mistral-7b", {}, ("rtx-3080-10gb", "rtx-4060-ti-16gb", "rtx-3090"), "nmy"),
    ],
)
def test_every_command_judges_alike(workload, columns, gpus, said):
    words = {"y": "fits", "m": "may run out", "n": "does not fit"}
    found = package.fit(workload, list(gpus), **columns)
    assert [one.verdict for one in found.answers] == [words[letter] for letter in said]
    for one, letter in zip(found.answers, said, strict=True):
        data = one.to_dict()
        ends = data["required_interval"]
        assert ends["low"] <= data["required"] <= ends["high"]
        assert data["may_run_out"] == (letter == "m")
        if letter == "y":
            assert ends["high"] <= 0.99 * data["available"]
        if letter == "n":
            assert ends["low"] > 0.94 * data["available"]
            with pytest.raises(package.WhichGpuError, match="does not fit"):
                package.predict(workload, one.gpu, **columns)
        else:
            memory = package.predict(workload, one.gpu, **columns).to_dict()["memory"]
            assert (memory["verdict"], memory["fits"]) == (one.verdict, one.fits)


def test_what_may_fit_exits_well_and_says_what_it_hangs_on(whichgpu):
    asked = ("llama-3.1-8b", "--gpu", "rtx-3060-12gb", "--phase", "finetune_qlora")
    for command in ("fit", "predict"):
        told = whichgpu(command, *asked)
        out = " ".join(told.out.split())
        assert told.status == 0
        assert "does at the lower end of its 90 % interval" in out
        assert "it hangs on what a pass makes (logits" in out
    matrix = whichgpu("fit", *asked[:2], "rtx-3060-12gb,rtx-3090", *asked[3:]).out
    assert "maybe, 1.7 GiB short" in matrix
    assert "may run out of memory" in whichgpu("fit", *asked).out


def test_recommend_tells_of_what_it_leaves_out_that_it_may_run_out(whichgpu):
    asked = ("llama-3.1-8b", "--phase", "finetune_qlora", "--batch", "1", "--term", "any", "--json")
    told = whichgpu("recommend", *asked, "--gpus", "rtx-3060-12gb,rtx-3080-10gb,rtx-4090").json
    assert [(one["gpu"], one["may_run_out"]) for one in told["candidates"]] == [("rtx-4090", False)]
    asked = (*asked[:3], "--term", "any", "--gpus", "rtx-4090")
    stated = whichgpu("recommend", *asked, "--batch", "2").out
    assert "rtx-4090 may run out of memory: what" in " ".join(stated.split())
    # Where the batch is open one is taken that fits at the upper end as well.
    assert "may run out" not in whichgpu("recommend", *asked).out
    why = {one["gpu"]: one["why"] for one in told["rejected"]}
    assert "may run out of memory (11.4 GiB at best)" in why["rtx-3060-12gb"]
    assert why["rtx-3080-10gb"].startswith("does not fit")


def test_a_cache_is_known_as_well_as_start_up_logs_say():
    free = 10.0 * GIB
    said = [of_cache(free, share * free) for share in (0.77, 0.78, 1.0, 1.01, 1.22, 1.23)]
    assert said == ["", BARELY, BARELY, OVER, OVER, ""]
    assert of_cache(-GIB, GIB) == ""


def test_an_engines_cache_of_more_requests_is_no_doubt():
    parts = {"weights": 10.0, "kv_cache": 8.0}
    assert float(elastic(runtimes()["vllm"], parts, 4.0)) == 6.0
    assert elastic(runtimes()["transformers"], parts, 4.0) == 0.0


def test_what_is_open_hangs_on_what_decides():
    job = package.job("llama-2-7b", phase="finetune_lora")
    stack = runtimes()["transformers"]
    large = hangs_on(job, stack, {"weights": 10 * GIB, "activations": 5 * GIB}, TIGHT)
    small = hangs_on(job, stack, {"weights": 10 * GIB, "activations": GIB / 2}, TIGHT)
    assert "activations 5.0 GiB" in large[0]
    assert "checkpointing=full" in large[0]
    assert "formats, buffers" in small[0]
    assert hangs_on(job, stack, {"weights": 10 * GIB}, BARELY) == ()


LARGEST: list[tuple[str, str, dict[str, Any], str]] = [
    ("llama-2-7b", "a100-80gb-sxm", {"phase": "finetune_lora"}, "batch"),
    ("resnet50", "t4", {"phase": "train", "batch": 64}, "batch"),
    ("sdxl", "rtx-3090", {"batch": 1}, "resolution"),
    # NeMo runs layers again where it must: batch 3 would else fit for sure, and batch 2 may run out.
    ("llama-3.2-3b", "t4", {"phase": "finetune_qlora", "runtime": "nemo"}, "batch"),
]


@pytest.mark.parametrize(("workload", "gpu", "columns", "name"), LARGEST)
def test_the_largest_of_an_answer_is_one_of_which_it_says_that_it_fits(workload, gpu, columns, name):
    """The batch that it called the largest was one of which it said itself that it may run out of memory."""
    limits = package.fit(workload, [gpu], **columns).to_dict()["limits"]
    sure, may = limits[name], limits["may"][name]
    assert 0 < sure < may
    step = 32 if name == "resolution" else 1
    for size, said in ((sure, "fits"), (may, "may run out"), (may + step, "does not fit")):
        changed = {**columns, name: f"{size}" if name == "resolution" else float(size)}
        assert package.fit(workload, [gpu], **changed).first.verdict == said, size
        if said == "does not fit":
            with pytest.raises(package.WhichGpuError, match="does not fit"):
                package.predict(workload, gpu, **changed)
        else:
            assert package.predict(workload, gpu, **changed).to_dict()["memory"]["verdict"] == said, size


def test_both_sizes_are_told_where_they_differ(whichgpu):
    asked = ("fit", "resnet50", "--phase", "train", "--gpu")
    alone = whichgpu(*asked, "t4")
    sizes = whichgpu(*asked, "t4", "--json").json["limits"]
    batches = next(line for line in alone.out.splitlines() if line.startswith("batch on each GPU"))
    assert batches.split()[-2:] == [str(sizes["batch"]), str(sizes["may"]["batch"])]
    assert "up to the former it fits for sure" in " ".join(alone.out.split())
    assert f"{sizes['batch']}; may {sizes['may']['batch']}" in whichgpu(*asked, "t4,a10").out
    assert "May fit" not in whichgpu("fit", "llama-2-13b", "--gpu", "a10").out


def test_the_mildest_way_is_one_that_fits_for_sure():
    yes, no = np.array([True]), np.array([False])
    sure, middle, open_ = Judged(yes, yes, yes), Judged(no, yes, yes), Judged(no, no, yes)
    none = Judged(no, no, no)
    ways = ((middle, sure), (none, middle, open_), (none, open_), (none, none))
    assert [first(one).item() for one in ways] == [1, 1, 1, -1]


def test_what_fills_a_servers_share_does_not_fit_for_sure():
    """Grok-1's 314 B parameters in 16 bits are 73.5 GiB on each of eight A100 80 GB, of which vLLM has 72."""
    job = {"phase": "serve", "precision": "bf16", "runtime": "vllm", "tp": 8.0}
    full, roomy = (held(name, "a100-80gb-sxm:8", **job) for name in ("grok-1", "mixtral-8x22b"))
    assert full.required > 0.99 * full.available
    assert (full.verdict, roomy.verdict) == ("may run out", "fits")
    told = package.predict("grok-1", "a100-80gb-sxm", n_gpus=8.0, **job).to_dict()["memory"]
    assert told["verdict"] == full.verdict


def test_predicts_advice_is_of_what_fits_for_sure():
    """The batch that a refusal named as the largest was one that may run out of memory."""
    with pytest.raises(package.WhichGpuError) as said:
        package.predict("resnet50", "a10", phase="train", batch=5000)
    batch = float(str(said.value).partition("--batch ")[2].split()[0])
    for size, verdict in ((batch, "fits"), (batch + 1, "may run out")):
        answer = package.predict("resnet50", "a10", phase="train", batch=size)
        assert answer.to_dict()["memory"]["verdict"] == verdict


def test_every_training_that_ran_is_found_to_fit_on_what_it_ran_on():
    rows = [row for row in measured_rows() if row["batch"] and row["unit"] == "tokens/s/gpu"]
    assert len(rows) > 240
    for row in rows:
        cells = Cells(read_job(row), (resolve(row["gpu"], GPUS),))
        assert cells.judged.surely.all(), row["id"]


def test_runs_that_filled_their_cards_bound_what_others_of_their_program_need():
    job = {"phase": "pretrain", "precision": "bf16", "seq_len": 2048.0, "n_gpus": 8.0,
           "options": {"checkpointing": "none"}}  # fmt: skip
    widest = max(fitted()["ran"]["llm-foundry tokens train none passing"].values())

    def upper(name, runtime="llm-foundry", batch=8.0, **columns):
        return half(name, "held", runtime=runtime, batch=batch, **{**job, **columns})

    # By its own runs; by those of others, and two models' errors; not under another program, not of weights.
    assert upper("mpt-1b") < 0.02 < upper("llama-3.2-1b") < 0.12 < widest
    assert upper("llama-3.2-1b", runtime="torchtitan") > widest
    full = {"options": {"checkpointing": "full"}}
    assert upper("mpt-1b", **full) == pytest.approx(half("mpt-1b", runtime="llm-foundry", batch=8.0,
                                                         **{**job, **full}), abs=0.1)  # fmt: skip
    # It says nothing of how little is needed.
    assert half("mpt-1b", runtime="llm-foundry", batch=8.0, **job) > 0.3
