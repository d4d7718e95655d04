"""`fit` of several models and GPUs: the smallest card, the fewest, several on one."""

from __future__ import annotations

import json

import pytest

import whichgpu as package
from tests.fitting import GPUS, SHAPE, alone, ask, held, one, plain
from whichgpu.errors import UsageError
from whichgpu.planner.capacity.cards import cards
from whichgpu.planner.capacity.cells import Cells
from whichgpu.planner.capacity.loading import pcie

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workload", ["gpt2", "llama-2-7b", "llama-2-13b", "mixtral-8x7b", "llama-2-70b"])
def test_no_smaller_current_card_holds_it(workload: str) -> None:
    answer = ask(workload).answers[0]
    assert answer.fits
    assert answer.gpu == answer.smallest_gpu
    assert answer.verdict == "fits"
    for gpu in GPUS.values():
        released = str(gpu.value("release_date") or "")
        shared = str(gpu.value("memory_type") or "").startswith("LPDDR")
        if gpu.vendor != "NVIDIA" or gpu.segment not in cards()["segments"] or shared or not gpu.usable:
            continue
        # Cards sold with as many GB differ by some MiB, and are no smaller for it.
        smaller = round(gpu.need("memory") / 2**30) < round(answer.available / 2**30)
        if released >= cards()["since"] and smaller:
            judged = Cells(package.job(workload), (gpu,)).judged
            assert not judged.surely[0], gpu.id
            may = answer.smallest_may or answer.gpu
            less = round(gpu.need("memory") / 2**30) < round(GPUS[may].need("memory") / 2**30)
            assert not (less and judged.may[0]), gpu.id


def test_of_cards_sold_with_as_much_the_common_one_is_the_smallest() -> None:
    """An RTX 4070 SUPER has 6 MiB less than an RTX 3060, and is no smaller card for it."""
    assert GPUS["rtx-4070-super"].need("memory") < GPUS["rtx-3060-12gb"].need("memory")
    assert ask("kandinsky-2.2").answers[0].smallest_gpu == "rtx-3060-12gb"


@pytest.mark.parametrize(
    ("workload", "gpu", "count"),
    [("llama-2-70b", "a10", 8), ("llama-2-70b", "a100-80gb-sxm", 2), ("llama-2-13b", "rtx-3060-12gb", 4)],
)
def test_fewer_than_the_fewest_are_too_few(workload: str, gpu: str, count: int) -> None:
    fewest = one(workload, gpu).fewest[0]
    assert (fewest.gpu, fewest.n_gpus) == (gpu, count)
    assert held(workload, f"{gpu}:{count}").verdict == "fits"
    for fewer in range(1, count):
        try:
            assert held(workload, f"{gpu}:{fewer}").verdict != "fits"
        except UsageError as fault:
            assert "evenly" in str(fault)  # noqa: PT017  (some numbers hold it, others are refused)


@pytest.mark.parametrize(
    ("workload", "gpu", "options", "how"),
    [
        ("llama-3.1-405b", "h100-80gb-sxm", {}, "--option sharding=fsdp --option checkpointing=full"),
        ("llama-3.1-405b", "h100-80gb-sxm", {"checkpointing": "full"}, "--option sharding=fsdp"),
        (
            "llama-2-7b",
            "a100-80gb-sxm",
            {"sharding": "zero3"},
            "--option sharding=zero3 --option checkpointing=full",
        ),
        (
            "llama-2-7b",
            "a100-80gb-sxm",
            {"sharding": "zero3", "checkpointing": "none"},
            "--option sharding=zero3",
        ),
    ],
)
def test_layers_of_a_training_run_again_where_one_machine_does_not_hold_it(
    workload: str, gpu: str, options: dict[str, str], how: str
) -> None:
    asked = {"phase": "pretrain", "batch": 1.0, "seq_len": 4096.0}
    fewest = package.fit(workload, f"{gpu}:8", options=options, **asked).answers[0].fewest
    assert [more.how for more in fewest if more.gpu == gpu] == [how]


def test_without_gpus_the_fewest_where_no_card_holds_it() -> None:
    answer = ask("llama-3.1-405b").answers[0]
    assert answer.fits
    assert answer.smallest_gpu is None
    assert answer.n_gpus == min(more.n_gpus for more in answer.fewest) > 1


def test_a_matrix_is_its_cells() -> None:
    workloads, gpus = ("llama-2-7b", "llama-2-70b"), ["t4", "a10:2", "a100-80gb-sxm"]
    whole = ask(*workloads, gpus=gpus).to_dict()["answers"]
    apart = [one(workload, gpu).to_dict() for workload in workloads for gpu in gpus]
    assert json.dumps(plain(whole), sort_keys=True) == json.dumps(plain(apart), sort_keys=True)


def test_a_matrix_exits_3_only_where_a_workload_fits_nowhere(whichgpu) -> None:
    with alone():
        told = whichgpu("fit", "llama-2-7b", "llama-2-13b", "--gpu", "a10,a100-80gb-sxm", "--json")
    assert told.status == 0
    assert [answer["fits"] for answer in told.json["answers"]] == [True, True, False, True]
    told = whichgpu("fit", "llama-2-7b", "llama-2-70b", "--gpu", "a10", "--gpu", "a100-80gb-sxm", "--json")
    assert told.status == 3
    assert set(told.json) >= SHAPE
    assert told.json["workload"] == "llama-2-70b"


def test_parts_add_up_to_what_is_required() -> None:
    with alone():
        found = ask("llama-2-7b", "mixtral-8x7b", gpus=["a10", "h100-80gb-sxm:2"])
    for answer in found.answers:
        assert sum(answer.parts.values()) == pytest.approx(answer.required)
        assert answer.fits == (answer.required <= answer.available)
        assert list(answer.parts.values()) == sorted(answer.parts.values(), reverse=True)


def test_several_models_on_one_card(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-7b", "whisper-large-v3", "--together", "--gpu", "rtx-4090", "--json")
    assert told.status == 0
    alone = [held(name, "rtx-4090").required for name in ("llama-2-7b", "whisper-large-v3")]
    assert told.json["required"] == pytest.approx(sum(alone))
    assert told.json["workload"] == "llama-2-7b + whisper-large-v3"
    assert len(told.json["limits"]) == 2
    # What is left for one is what the others leave.
    assert told.json["verdict"] == "may run out"
    bounds, whole = told.json["limits"][0], one("llama-2-7b", "rtx-4090").limits[0]
    assert 0 == bounds["concurrency"] < bounds["may"]["concurrency"] < whole.may["concurrency"]
    roomier = package.fit(["llama-2-7b", "whisper-large-v3"], "l40s", together=True).answers[0]
    assert roomier.verdict == "fits"
    assert 0 < roomier.limits[0].concurrency < one("llama-2-7b", "l40s").limits[0].concurrency


def test_several_models_are_judged_by_the_ends_of_what_each_may_need() -> None:
    """The largest sizes of each fit for sure beside the others, and so does the smallest card."""
    names = ("llama-2-7b", "whisper-large-v3")
    answer = ask(*names, gpus=["rtx-5090"], together=True).answers[0]
    each = [held(name, "rtx-5090").need for name in names]
    assert answer.need.high == pytest.approx(sum(need.high for need in each))
    assert answer.need.low == pytest.approx(sum(need.low for need in each))
    assert answer.smallest_gpu == "rtx-5090"
    may = answer.limits[1].may["batch"]
    for size, verdict in ((answer.limits[1].batch, "fits"), (may, "may run out"), (may + 2, "does not fit")):
        jobs = [package.job(names[0]), package.job(names[1], batch=size)]
        assert package.fit(jobs, "rtx-5090", together=True).answers[0].verdict == verdict
    smaller = ask(*names, gpus=[answer.smallest_may], together=True).answers[0]
    assert smaller.verdict == "may run out"


@pytest.mark.parametrize("names", [("qwen2.5-7b", "flux.1-dev"), ("llama-3.1-8b", "whisper-large-v3")])
def test_a_format_of_several_models_is_told_as_it_is_typed(names: tuple[str, str]) -> None:
    """One option says it of all of them, also of one whose own program would rather have another format."""
    gpu = "rtx-4090" if "flux.1-dev" in names else "rtx-4060-ti-16gb"
    told = {one.option: one for one in ask(*names, gpus=[gpu], together=True).answers[0].changes}
    assert "--precision w4a16-g128" in told
    for option, change in told.items():
        if change.kind == "precision":
            jobs = [package.job(name, precision=option.removeprefix("--precision ")) for name in names]
            typed = package.fit(jobs, gpu, together=True).answers[0]
            assert change.required == pytest.approx(typed.required)
            assert change.may_run_out == (typed.verdict == "may run out")


@pytest.mark.parametrize(
    ("asked", "option"), [({"batch": 64}, "--batch"), ({"concurrency": 64}, "--concurrency")]
)
def test_several_models_that_do_not_fit_take_smaller_sizes(asked: dict[str, int], option: str) -> None:
    told = package.fit(["llama-2-7b", "resnet50"], "rtx-3090", together=True, **asked).answers[0]
    first = told.changes[0]
    name, size = first.option.split()
    again = {name.removeprefix("--"): int(size)}
    fits = package.fit(["llama-2-7b", "resnet50"], "rtx-3090", together=True, **again).answers[0]
    assert not told.fits
    assert name == option
    assert fits.fits
    assert fits.required == pytest.approx(first.required)


def test_as_many_requests_as_fit_are_in_flight() -> None:
    full, one = (
        package.fit("llama-2-7b", ["a100-80gb-sxm", "a10:2"], concurrency=many).answers for many in ("max", 1)
    )
    for most, single in zip(full, one, strict=True):
        assert most.jobs[0].concurrency == single.limits[0].concurrency == most.limits[0].concurrency
        assert single.required < most.required <= most.available


def test_several_models_that_do_not_fit_take_a_narrower_format() -> None:
    answer = ask("llama-2-7b", "llama-2-7b", gpus=["a10"], together=True).answers[0]
    assert not answer.fits
    assert answer.workload == "llama-2-7b #1 + llama-2-7b #2"
    change = answer.changes[0]
    narrow = ask("llama-2-7b", "llama-2-7b", gpus=["a10"], together=True, precision=change.option.split()[1])
    assert narrow.answers[0].fits
    assert narrow.answers[0].required == pytest.approx(change.required)
    # Two contexts, two engines: no less than twice one.
    assert answer.required == pytest.approx(2 * held("llama-2-7b", "a10").required)


def test_together_without_gpus_takes_the_smallest_card() -> None:
    answer = ask("llama-2-7b", "stable-diffusion-1.5", together=True).answers[0]
    assert answer.fits
    assert answer.gpu == answer.smallest_gpu
    with pytest.raises(UsageError, match="no current card holds 2 workloads"):
        ask("llama-2-70b", "llama-3.1-405b", together=True)


def test_loading_is_bytes_over_rates() -> None:
    load = held("llama-2-7b", "a100-80gb-sxm").loading
    size = 13.4768e9
    assert load.checkpoint == pytest.approx(size, rel=1e-4)
    assert load.pcie == pytest.approx(load.checkpoint / pcie(GPUS["a100-80gb-sxm"]))
    mapped, pickled = load.formats
    # 7 GB/s of NVMe is slower than PCIe, so that a mapped file takes as long as it is read.
    assert mapped.seconds["nvme"] == pytest.approx(size / 7e9, rel=1e-4)
    assert pickled.seconds["sata"] == pytest.approx(size / 0.55e9 + load.pcie, rel=1e-4)
    assert mapped.host_memory == pytest.approx(5e9)
    assert pickled.host_memory == pytest.approx(2 * size, rel=1e-4)
    # A 4-bit file is a quarter, but for the embedding and head; a training job starts from 16 bits.
    assert held("llama-2-7b", "a10", precision="nf4").loading.checkpoint < 0.35 * size
    for phase in ("finetune_full", "finetune_lora", "finetune_qlora"):
        assert held("llama-2-7b", "a10", phase=phase).loading.checkpoint == pytest.approx(size, rel=1e-3)


@pytest.mark.parametrize(
    ("workload", "precision", "gigabytes"),
    [("llama-3.1-8b", "q4_k_m", 4.92), ("llama-3.1-8b", "q8_0", 8.54), ("qwen2.5-7b", "q4_k_m", 4.68),
     ("gemma-2-9b", "q4_k_m", 5.76), ("llama-3.3-70b", "q4_k_m", 42.52)],
)  # fmt: skip
def test_a_file_of_llama_cpp_has_its_table_of_tokens(workload: str, precision: str, gigabytes: float) -> None:
    """Sizes of bartowski's files on the Hub; on the GPU lies less, unless the head is that table."""
    asked = {"precision": precision, "runtime": "llama.cpp", "phase": "generate"}
    found = held(workload, "a100-80gb-sxm", **asked)
    assert found.loading.checkpoint / 1e9 == pytest.approx(gigabytes, rel=0.005)
    assert found.parts["weights"] <= found.loading.checkpoint
    dealt = held(workload, "a100-80gb-sxm:2", **asked)
    assert dealt.loading.checkpoint == pytest.approx(found.loading.checkpoint)


@pytest.mark.parametrize("workload", ["llama-2-7b", "gpt-j-6b"])
def test_one_gpu_and_eight_in_one_question_about_pretraining(workload: str) -> None:
    """How many micro-batches a step has differs by their number: jobs that are timed together have both."""
    asked = package.job(workload, phase="train")
    gpus = ["rtx-4090", "h100-80gb-sxm:8"]
    both = package.fit(asked, gpus).answers
    for found, gpu in zip(both, gpus, strict=True):
        by_itself = package.fit(asked, [gpu]).answers[0]
        assert found.verdict == by_itself.verdict
        assert found.required == pytest.approx(by_itself.required, rel=1e-9)
        assert found.changes


def test_stages_of_gpus_that_differ_in_number_are_each_its_own() -> None:
    """Groups of layers of a stage differ by the number of GPUs; a stage is told of one device."""
    asked = package.job("mixtral-8x7b", phase="finetune_qlora", precision="nf4", pp=4)
    gpus = ["rx-7900-xtx:4", "h200-141gb-sxm:16"]
    both = package.fit(asked, gpus).answers
    for found, gpu in zip(both, gpus, strict=True):
        assert found.stages == package.fit(asked, [gpu]).answers[0].stages
        assert len(found.stages) == 4


def test_no_rate_is_told_where_no_source_states_one() -> None:
    asked = package.job("qwen3-30b-a3b", phase="train", precision="bf16", tp=1, options={"compile": "true"})
    found = package.fit(asked, ["gaudi2", "t4"]).answers[0]
    assert found.changes
    assert all(one.speed is None or one.speed > 0 for one in found.changes)
