"""The zoo: published figures, jobs and what bad input says."""

from __future__ import annotations

import doctest
import math
import string
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import DataError, UsageError, WhichGpuError
from whichgpu.workloads import zoo as zoo_module
from whichgpu.workloads.job import Job, options, resolution
from whichgpu.workloads.ops import parameters, product_flops, total
from whichgpu.workloads.phases import phase
from whichgpu.workloads.workload import Workload, resolve, workloads

pytestmark = pytest.mark.slow

ZOO = sorted(workloads())
#: One workload of each kind: those that differ in sizes alone are traced by the same lines.
KINDS = {
    (item.family, item.dims.get("pattern", ""), *sorted(item.dims.keys() - {"source", "max_positions"})): name
    for name, item in sorted(workloads().items(), reverse=True)
}
EVERY_PHASE = [(name, one) for name in sorted(KINDS.values()) for one in workloads()[name].phases]


def trace(name: str, **columns: object) -> tuple[Workload, Job, tuple]:
    workload = resolve(name)
    job = workload.complete(Job(name, **columns))
    return workload, job, workload.trace(job)


# -- published figures ---------------------------------------------------------------------------


def test_the_first_set_is_there() -> None:
    first = {
        "resnet50", "resnet152", "inception-v3", "googlenet", "bert-large", "llama-2-7b", "llama-2-13b",
        "llama-2-70b", "stable-diffusion-1.5",
    }  # fmt: skip
    assert first <= set(ZOO)


@pytest.mark.parametrize(
    ("name", "millions", "gmacs"),
    [
        ("resnet50", 25.557, 4.089), ("resnet152", 60.193, 11.514), ("inception-v3", 23.835, 5.713),
        ("googlenet", 6.625, 1.498), ("bert-large", 335.14, None), ("llama-2-7b", 6738.4, None),
        ("llama-2-13b", 13015.9, None), ("llama-2-70b", 68976.6, None), ("sd-1.5", 1066.2, 401.6),
    ],
)  # fmt: skip
def test_the_figures_people_quote(name: str, millions: float, gmacs: float | None) -> None:
    workload = resolve(name)
    assert sum(workload.parameters().values()) / 1e6 == pytest.approx(millions, rel=1e-4)
    if gmacs:
        assert workload.flops() / 2e9 == pytest.approx(gmacs, rel=1e-3)


def test_inception_has_its_auxiliary_classifier_in_training_only() -> None:
    workload, _, ops = trace("inception-v3", phase="train")
    assert sum(parameters(ops).values()) == workload.published["parameters_training"].value
    assert "auxiliary" not in workload.parameters()


@pytest.mark.parametrize("name", ["llama-2-7b", "llama-3.1-8b", "mistral-7b"])
def test_a_decoder_does_two_flops_per_parameter_and_token_beside_attention(name: str) -> None:
    workload = resolve(name)
    ops = workload.reference_ops()
    tokens = workload.reference_job().seq_len
    dense = product_flops([op for op in ops if op.kind == "gemm"])
    used = sum(op.parameters * op.copies for op in ops if op.kind == "gemm")
    assert dense == pytest.approx(2 * used * tokens, rel=1e-12)


def test_the_u_net_splits_as_measured() -> None:
    """Multiply-adds of one pass at 512 x 512, by kind, and its kernels in eager mode."""
    ops = resolve("sd-1.5").reference_ops()
    gmacs = {kind: product_flops([op for op in ops if op.kind == kind]) / 2e9 for kind in ("conv", "gemm")}
    attention = product_flops([op for op in ops if op.kind == "attention"]) / 2e9
    assert gmacs["conv"] == pytest.approx(209, abs=0.5)
    assert gmacs["gemm"] == pytest.approx(129, abs=0.5)
    assert attention == pytest.approx(63, abs=0.5)
    # PyTorch's operator of a convolution adds the bias itself: no kernel of its own in a trace of operators.
    assert sum(op.count for op in ops if not op.dims.get("in_place")) == 737


# -- jobs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", sorted({item.family for item in workloads().values()}))
@pytest.mark.thorough(every=5)
def test_every_phase_of_a_family_traces_for_one_job_and_for_a_sweep(family: str) -> None:
    batch = np.array([1.0, 8.0])
    for name, one in EVERY_PHASE:
        if workloads()[name].family != family:
            continue
        workload, job, ops = trace(name, phase=one, batch=batch)
        assert job.size == 2
        assert workload.units(job).shape == (2,), (name, one)
        _, _, single = trace(name, phase=one, batch=batch[1])
        for quantity in ("flops", "read_bytes", "write_bytes", "weight_bytes", "saved_bytes", "kv_bytes"):
            swept = np.broadcast_to(total(ops, quantity), (2,))
            assert math.isclose(swept[1], total(single, quantity), rel_tol=1e-9), (name, one, quantity)
        complete = workload.complete(Job(name, phase=one))
        assert complete.workload == name
        assert all((complete.phase, complete.precision, complete.runtime)), (name, one)
        assert complete.batch >= 1
        assert complete.n_gpus == 1


#: What is computed once for the whole batch: embeddings of the time step, of relative positions.
SHARED = (
    "diffusion_unet", "diffusion_dit", "transformer_xl", "conformer", "swin", "maxvit", "cait",
    "disentangled",
)  # fmt: skip


def shares(name: str) -> bool:
    """Whether a part of the work is done once, however large the batch."""
    item = workloads()[name]
    return item.family in SHARED or "relative" in item.dims


@given(st.sampled_from([p for p in EVERY_PHASE if not shares(p[0])]), st.integers(1, 64))
def test_products_are_linear_in_the_batch(which: tuple[str, str], batch: int) -> None:
    name, one = which
    _, _, single = trace(name, phase=one, batch=1)
    _, _, many = trace(name, phase=one, batch=batch)
    assert product_flops(many) == pytest.approx(batch * product_flops(single), rel=1e-9)


@given(st.sampled_from(EVERY_PHASE), st.integers(1, 64))
def test_every_picture_or_sequence_of_a_batch_adds_the_same(which: tuple[str, str], batch: int) -> None:
    name, one = which
    none, first, last = (product_flops(trace(name, phase=one, batch=size)[2]) for size in (1, 2, 2 + batch))
    assert last - first == pytest.approx(batch * (first - none), rel=1e-6)


@given(st.sampled_from(["resnet50", "inception-v3", "googlenet"]), st.integers(96, 500), st.integers(1, 40))
def test_products_never_fall_with_resolution(name: str, side: int, more: int) -> None:
    _, _, small = trace(name, height=side, width=side)
    _, _, large = trace(name, height=side + more, width=side)
    assert product_flops(large) >= product_flops(small)


@given(st.integers(1, 32), st.integers(1, 8))
def test_a_picture_never_costs_less_when_larger(side: int, more: int) -> None:
    _, _, small = trace("sd-1.5", height=64 * side, width=512, steps=2)
    _, _, large = trace("sd-1.5", height=64 * (side + more), width=512, steps=2)
    assert product_flops(large) > product_flops(small)


def test_resolution_broadcasts_over_the_job_axis() -> None:
    sides = np.array([256.0, 512.0, 1024.0])
    _, _, swept = trace("sd-1.5", height=sides, width=sides)
    flops = product_flops(swept)
    assert flops.shape == (3,)
    for i, side in enumerate(sides):
        _, _, one = trace("sd-1.5", height=side, width=side)
        assert flops[i] == pytest.approx(product_flops(one), rel=1e-9)


def test_guidance_doubles_the_u_net_and_can_be_off() -> None:
    _, _, guided = trace("sd-1.5")
    _, _, plain = trace("sd-1.5", options={"guidance": "1"})
    unet = [product_flops([op for op in ops if op.module == "unet"]) for ops in (guided, plain)]
    assert unet[0] == pytest.approx(2 * unet[1], rel=1e-12)
    assert unet[1] == pytest.approx(50 * resolve("sd-1.5").flops(), rel=1e-12)


def test_units_are_what_the_job_makes() -> None:
    assert resolve("resnet50").units(trace("resnet50", batch=7)[1]) == 7
    assert resolve("bert-large").units(trace("bert-large", batch=3)[1]) == 3
    llama = resolve("llama-2-7b")
    columns = {"batch": 4, "input_tokens": 100, "output_tokens": 30}
    per_phase = {"prefill": 400, "decode": 120, "generate": 120, "serve": 120}
    for one, units in per_phase.items():
        assert llama.units(trace("llama-2-7b", phase=one, **columns)[1]) == units
    assert llama.units(trace("llama-2-7b", phase="train", batch=2, seq_len=1000)[1]) == 2000


def test_other_words_for_a_phase() -> None:
    assert resolve("llama-2-7b").complete(Job("x", phase="inference")).phase == "generate"
    assert resolve("sd-1.5").complete(Job("x", phase="txt2img")).phase == "generate"
    assert resolve("resnet50").complete(Job("x", phase="pretrain")).phase == "train"
    assert phase("finetune_adapter_v2+bnb.nf4-dq") == "finetune_lora"


# -- bad input -----------------------------------------------------------------------------------


def test_an_unknown_workload_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no workload 'resnet51'; did you mean .*resnet50"):
        resolve("resnet51")
    with pytest.raises(UsageError, match=r"did you mean .*llama-2-7b"):
        resolve("lama2-7b")
    with pytest.raises(UsageError, match=r"did you mean llama-3.1-8b"):
        resolve("llama 3.1 7b")
    with pytest.raises(UsageError, match=r"did you mean flux.1-schnell"):
        resolve("flux1 schnel")


def test_names_that_are_told_have_the_size_and_the_format_that_were_asked_for() -> None:
    with pytest.raises(UsageError, match="did you mean") as fault:
        resolve("llama 70b q4")
    told = str(fault.value).partition("did you mean ")[2].rstrip("?").split(", ")
    assert all("-70b-" in one for one in told)
    assert {resolve(one).defaults["serve"]["precision"] for one in told} == {"q4_k_m"}
    assert resolve("llama 3.1 70b q8").defaults["serve"]["precision"] == "q8_0"


@pytest.mark.parametrize(
    ("name", "said", "not_said"),
    [
        ("BERT", "bert-base (109 M), ", "distilbert"),
        ("llama3", "llama-3-8b (8,030 M), ", "llama-3.1-8b"),
        ("T5", "t5-small (60.5 M), t5-base (223 M), ", "mt5"),
        ("qwen", "qwen-7b (7,721 M), ", "vit"),
    ],
)
def test_the_name_of_a_family_lists_its_sizes(name: str, said: str, not_said: str) -> None:
    with pytest.raises(UsageError, match="which has several sizes; did you mean ") as fault:
        resolve(name)
    assert said in str(fault.value)
    assert not_said not in str(fault.value)


@pytest.mark.parametrize(
    ("size", "meant"), [("70b", "llama-3.1-70b"), ("8B", "llama-3.1-8b"), ("27b", "gemma-3-27b")]
)
def test_a_size_alone_lists_models_of_it(size: str, meant: str) -> None:
    with pytest.raises(UsageError, match="a size alone names no model; did you mean ") as fault:
        resolve(size)
    told = str(fault.value).partition("mean ")[2].rstrip("?").split(", ")
    assert meant in told
    assert all(name.endswith(f"-{size.lower()}") for name in told)
    with pytest.raises(UsageError, match="no workload '999b'; see the list"):
        resolve("999b")


@given(st.text(alphabet=string.printable, max_size=40))
@pytest.mark.thorough
def test_any_name_resolves_or_is_refused_in_one_line(name: str) -> None:
    with suppress(UsageError):
        assert resolve(name).id in ZOO


def test_an_unknown_phase_lists_the_phases() -> None:
    with pytest.raises(UsageError, match="no phase 'dream'; use one of infer"):
        resolve("resnet50").complete(Job("resnet50", phase="dream"))
    with pytest.raises(UsageError, match="no phase 'finetun'; did you mean finetune_full, finetune_lora,"):
        resolve("resnet50").complete(Job("resnet50", phase="finetun"))
    assert phase("fine-tune") == phase("Fine-Tuning") == phase("finetune")
    with pytest.raises(UsageError, match="resnet50 has no phase 'serve'; it runs infer, train"):
        resolve("resnet50").complete(Job("resnet50", phase="serve"))


def test_a_job_with_other_columns_is_looked_at_again():
    job = Job("resnet50", batch=8.0, options={"compile": "max"})
    assert job.changed(n_gpus=2, batch=None) == Job("resnet50", n_gpus=2.0, options={"compile": "max"})
    with pytest.raises(UsageError, match="batch: 0 is below 1"):
        job.changed(batch=0)
    with pytest.raises(AttributeError, match="batches"):
        job.changed(batches=1)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"batch": float("nan")}, "batch: nan is not a finite number"),
        ({"batch": float("inf")}, "not a finite number"),
        ({"batch": 0}, "batch: 0 is below 1"),
        ({"batch": -3}, "batch: -3 is below 1"),
        ({"batch": 1e12}, "is above 1e"),
        ({"batch": "many"}, "batch: 'many' is not a number"),
        ({"batch": [1, 2, -1]}, "batch: -1 is below 1"),
        ({"height": 10**6}, "height: 1e.06 is above 65536"),
    ],
)
def test_numbers_that_no_job_has(columns: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Job("resnet50", **columns)


def test_a_recommender_takes_a_million_samples_at_once() -> None:
    """NVIDIA's NCF is trained in batches of 2^20."""
    assert Job("ncf", batch=2**20).batch == 2.0**20


@pytest.mark.parametrize("text", ["", "x", "512x", "0.5", "512x512x3", "-5", "wide", "5³"])
def test_what_is_no_resolution(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a resolution; write e\.g\. 512 or 512x768"):
        resolution(text)


def test_a_resolution_is_height_by_width() -> None:
    assert resolution("512") == (512.0, 512.0)
    assert resolution("512x768") == (512.0, 768.0)
    assert resolution("512 × 768") == (512.0, 768.0)
    assert resolution("512²") == resolution("512^2") == (512.0, 512.0)


@pytest.mark.parametrize(
    ("name", "columns", "said"),
    [
        ("sd-1.5", {"height": 500}, "height: 500 pixels are not a multiple of 8"),
        ("sd-1.5", {"width": np.array([512.0, 513.0])}, "width: 513 pixels"),
        ("inception-v3", {"height": 32, "width": 32}, "resolution: the input is too small"),
        ("bert-large", {"seq_len": 1024}, "seq_len: 1024 is more than the 512 positions"),
        ("sd-1.5", {"options": {"guidance": "lots"}}, "option guidance: 'lots' is no number"),
        ("sd-1.5", {"options": {"guidance": "-1"}}, "option guidance: -1 is below 0"),
        ("sd-1.5", {"options": {"guidance": "nan"}}, "option guidance: nan"),
        (
            "bert-large",
            {"options": {"head": "tail"}},
            "option head: 'tail' is none of pooler, squad, mlm, none",
        ),
        (
            "resnet50",
            {"phase": "train", "options": {"optimizer": "magic"}},
            "no optimizer 'magic'; use one of",
        ),
        ("resnet50", {"precision": "fp17"}, "no precision 'fp17'; did you mean"),
        ("gpt2", {"precision": "int3"}, "no precision 'int3'; did you mean q3_k_m"),
        ("gpt2", {"precision": "gguf"}, "no precision 'gguf'; did you mean q4_k_m"),
    ],
)
def test_a_bad_job_says_what_to_change(name: str, columns: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        trace(name, **columns)


def test_options_need_an_equals_sign() -> None:
    assert options(("guidance=7.5", " a = b ")) == {"guidance": "7.5", "a": "b"}
    with pytest.raises(UsageError, match=r"'guidance' is not an option; write e\.g\. --option guidance"):
        options(("guidance",))
    assert options(("steps=3", "steps = 3")) == {"steps": "3"}
    with pytest.raises(UsageError, match=r"option prefix_hit is given twice, as 0\.5 and as 0\.7; keep one"):
        options(("prefix_hit=0.5", "prefix-hit=0.7"))


def test_a_workload_file_with_a_fault_names_file_and_field() -> None:
    whole = {"name": "N", "family": "resnet", "dimensions": {"source": "x"}}
    for field in whole:
        with pytest.raises(DataError, match=f"data/workloads/mine.toml: `{field}` is missing"):
            zoo_module.read("mine", {key: value for key, value in whole.items() if key != field})
    with pytest.raises(WhichGpuError, match=r"mine.toml: published.parameters: 5 has no source"):
        zoo_module.read("mine", whole | {"published": {"parameters": 5}})
    with pytest.raises(DataError, match="no family 'alien': there is no whichgpu/workloads/families/alien"):
        _ = replace(resolve("resnet50"), family="alien").phases


def test_a_job_prints_what_was_stated() -> None:
    job = Job("resnet50", batch=np.array([1, 2]), options={"a": "b"})
    assert job.to_dict() == {"workload": "resnet50", "batch": [1.0, 2.0], "options": {"a": "b"}}


def test_the_page_on_workloads_runs() -> None:
    page = Path(__file__).parent.parent / "docs" / "workloads.md"
    failed, ran = doctest.testfile(str(page), module_relative=False)
    assert ran > 10
    assert not failed
