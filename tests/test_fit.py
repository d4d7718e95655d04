"""`fit`: what fits, the margin, the largest sizes, the smallest and fewest GPUs, what would make it fit."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import whichgpu as package
from whichgpu.cost.estimate import estimate
from whichgpu.cost.readings import TIGHT, Readings, doubt
from whichgpu.cost.rows import read_job
from whichgpu.cost.runtime import runtimes
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.facts.reading import sources
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve
from whichgpu.planner import capacity
from whichgpu.planner.capacity import Limits, fit, meshes
from whichgpu.planner.capacity.cards import cards
from whichgpu.planner.capacity.cells import Cells, in_flight, time_together
from whichgpu.planner.capacity.loading import pcie
from whichgpu.workloads.precision import precisions

pytestmark = pytest.mark.slow

GPUS = catalogue()
GIB = 2.0**30
SHAPE = {"fits", "required", "available", "parts", "smallest_gpu", "changes"}


def ask(*workloads: str, gpus: list[str] | None = None, together: bool = False, **columns: Any) -> Any:
    jobs = [package.job(name, **columns) for name in workloads]
    return fit(jobs, gpus or [], GPUS, together=together)


def one(workload: str, gpu: str, **columns: Any) -> Any:
    return ask(workload, gpus=[gpu], **columns).answers[0]


# --- the answer and its parts -----------------------------------------------------------------------------


def test_llama_2_13b_on_an_a10(whichgpu) -> None:
    """FP16 weights are 26 GB and the card has 24: 8 bits on one, or two of them either way."""
    told = whichgpu("fit", "llama-2-13b", "--gpu", "a10", "--json")
    assert told.status == 3
    answer = told.json
    assert set(answer) >= SHAPE
    assert answer["fits"] is False
    assert answer["parts"]["weights"] == pytest.approx(2 * 13.016e9, rel=0.001)
    assert answer["required"] > answer["available"] == GPUS["a10"].need("memory")
    ways = {(change["kind"], change["n_gpus"]): change for change in answer["changes"]}
    assert {("precision", 1), ("tensor_parallel", 2), ("pipeline_parallel", 2), ("offload", 1)} <= set(ways)
    assert {change["option"] for change in answer["changes"]} >= {
        "--precision w8a16", "--precision int8", "--gpu a10:2 --tp 2", "--gpu a10:2 --pp 2"
    }  # fmt: skip
    # FP8 units there are none: its weights may be FP8, its products are not.
    assert {change["option"] for change in answer["changes"] if "fp8" in change["option"]} <= {
        "--precision fp8-w8a16", "--gpu a10:2 --tp 2 --precision fp8-w8a16"
    }  # fmt: skip
    assert "--precision w8a16" in told.err
    assert "--gpu a10:2 --tp 2" in told.err
    assert answer["fewest"][0] == {"gpu": "a10", "n_gpus": 2, "how": "--tp 2"}


def test_the_job_that_memory_is_of_is_told(whichgpu) -> None:
    tuned = whichgpu("fit", "llama-3.1-8b", "--phase", "finetune_lora", "--gpu", "l4", "--seq-len", "512")
    assert "The job: llama-3.1-8b finetune_lora, batch 1, seq_len 512, tp 1." in tuned.out
    served = whichgpu("fit", "llama-3.1-8b", "--gpu", "l40s", "--concurrency", "8")
    assert "serve, input_tokens 512, output_tokens 256, tp 1, 8 in flight." in served.out


def test_more_gpus_that_cut_layers_are_faster_and_stages_are_not() -> None:
    ways = {change.kind: change for change in one("llama-2-13b", "a10").changes}
    assert 1.4 < ways["tensor_parallel"].speed < 2.0
    assert ways["pipeline_parallel"].speed == pytest.approx(1.0, abs=0.05)
    # 4.35 GiB are in the way, and two layers come and go: 5 cross PCIe 4.0 for every token.
    assert ways["offload"].speed < 0.25
    assert ways["offload"].host_memory == 5 * GIB
    assert ways["offload"].option == "--option offload=5GiB"


@pytest.mark.parametrize("gpu", ["t4", "a10", "rtx-4090", "a100-80gb-sxm", "mi300x", "v100-16gb-sxm"])
@pytest.mark.parametrize(
    ("workload", "columns"),
    [
        ("llama-2-7b", {}),
        ("llama-2-13b", {"concurrency": 16, "precision": "fp16"}),
        ("mixtral-8x7b", {"precision": "w4a16"}),
        ("resnet50", {"phase": "train", "batch": 256}),
        ("stable-diffusion-1.5", {"batch": 16}),
        ("llama-2-7b", {"phase": "finetune_lora"}),
        ("bert-large", {"phase": "train", "batch": 32}),
        ("llama-3-8b", {"phase": "decode", "runtime": "llama.cpp", "precision": "q4_k_m"}),
    ],
)
def test_it_is_predicts_own_memory(workload: str, columns: dict[str, Any], gpu: str) -> None:
    """The verdict and the parts are those of `estimate`, which knows the GPU and times the job too."""
    cells = Cells(package.job(workload, **columns), (GPUS[gpu],))
    job = in_flight(cells.settled.job)
    found = estimate(job, [GPUS[gpu]])
    held = found.sequences[0, 0] >= np.min(job.concurrency) if job.phase == "serve" else True
    assert bool(cells.fits[0]) == bool(found.fits[0, 0] and held)
    for name, part in cells.parts.items():
        if cells.fits[0] and name != "kv_reserve":
            assert part[0] == pytest.approx(float(np.broadcast_to(found.parts[name], (1, 1))[0, 0])), name


@pytest.mark.parametrize(
    ("workload", "gpu", "columns", "sizes"),
    [
        ("llama-2-7b", "a10", {}, ("context", "concurrency")),
        ("llama-2-13b", "rtx-4090:2", {"input_tokens": 100}, ("context", "concurrency")),
        ("llama-3-8b", "rtx-3090", {"phase": "generate"}, ("batch", "context")),
        ("resnet50", "rtx-3060-12gb", {"phase": "train"}, ("batch", "resolution")),
        ("stable-diffusion-1.5", "t4", {}, ("batch", "resolution")),
        ("bert-large", "a10", {"phase": "train"}, ("batch",)),
        ("llama-3.2-3b", "t4", {"phase": "finetune_qlora", "runtime": "nemo"}, ("batch", "context")),
        (
            "llama-2-7b",
            "a100-80gb-sxm:4",
            {"phase": "finetune_full", "options": {"sharding": "fsdp"}},
            ("batch",),
        ),
        ("llama-2-7b", "a100-80gb-sxm:mig-3g.40gb", {}, ("concurrency",)),
    ],
)
@pytest.mark.thorough(every=3)
def test_the_largest_fits_and_the_next_does_not(
    workload: str, gpu: str, columns: dict[str, Any], sizes: tuple[str, ...]
) -> None:
    answer = one(workload, gpu, **columns)
    assert answer.fits
    for name in sizes:
        most = getattr(answer.limits[0], name)
        step = (
            32
            if name == "resolution"
            else answer.n_gpus // int(answer.jobs[0].tp)
            if name == "concurrency"
            else 1
        )
        for size, fits in ((most, True), (most + step, False)):
            changed = {**columns, **sized(answer.jobs[0], name, size)}
            assert one(workload, gpu, **changed).fits is fits, (name, size)


def sized(job: Any, name: str, size: int) -> dict[str, Any]:
    """The columns of a job of another size."""
    if name == "context":
        return {"seq_len": size} if job.trains else {"input_tokens": size - int(job.output_tokens)}
    return {name: str(size) if name == "resolution" else size}


@pytest.mark.parametrize(
    ("workload", "gpu", "columns"),
    [
        ("llama-2-13b", "a10", {}),
        ("llama-2-70b", "a10", {}),
        ("llama-2-70b", "rtx-4090:4", {}),
        ("llama-2-7b", "a10", {"phase": "finetune_full"}),
        ("llama-2-7b", "a100-80gb-sxm", {"phase": "finetune_full"}),
        ("llama-2-7b", "a100-80gb-sxm:2", {"phase": "finetune_full"}),
        ("resnet50", "t4", {"phase": "train", "batch": 1024}),
        ("stable-diffusion-1.5", "rtx-3060-12gb", {"batch": 64}),
        ("flux.1-dev", "rtx-4090", {}),
        ("llama-2-7b", "a10", {"concurrency": 64, "input_tokens": 2000}),
        ("llama-3-8b", "rtx-3060-12gb", {"runtime": "llama.cpp", "phase": "decode"}),
        ("llama-2-13b", "a10", {"precision": "fp8"}),
    ],
)
@pytest.mark.thorough(every=3)
def test_what_is_said_to_make_it_fit_does_so_as_typed(
    whichgpu, workload: str, gpu: str, columns: dict[str, Any]
) -> None:
    """Every option of every change, put behind the command, fits in the bytes that were told."""
    answer = one(workload, gpu, **columns)
    assert not answer.fits
    assert answer.changes
    typed = [part for name, value in columns.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    for change in answer.changes:
        if change.kind == "offload":
            continue
        more = shlex.split(change.option)
        words = ["fit", workload, *typed, *([] if "--gpu" in more else ["--gpu", gpu]), *more, "--json"]
        told = whichgpu(*words)
        assert told.status == 0, (change.option, told.err)
        assert told.json["required"] == pytest.approx(change.required, rel=1e-9), change.option
        assert told.json["n_gpus"] == change.n_gpus


def test_nothing_is_timed_twice_of_a_job_that_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As asked for, with its meshes in one sweep, and once for each other format or weights on the host."""
    timed: list[tuple[str | None, bool]] = []

    def counted(job: Any, gpus: Any) -> Any:
        timed.append((job.precision, "offload" in job.options))
        return estimate(job, gpus)

    monkeypatch.setattr("whichgpu.planner.capacity.cells.estimate", counted)
    assert not package.fit("llama-2-13b", "a10").answers[0].fits
    assert timed
    assert len({*timed}) == len(timed)


def test_meshes_timed_together_are_those_timed_alone() -> None:
    gpus = tuple(catalogue()[name] for name in ("a10", "l4", "a100-80gb-sxm"))
    meshes = ((1.0, 1.0, 1.0), (2.0, 2.0, 1.0), (4.0, 1.0, 4.0))
    made = [
        [Cells(read_job({"workload": "llama-2-13b", "phase": "serve", "n_gpus": f"{n:g}", "tp": f"{tp:g}",
                         "pp": f"{pp:g}"}), gpus) for n, tp, pp in meshes]
        for _ in range(2)
    ]  # fmt: skip
    time_together(made[0])
    for together, alone in zip(*made, strict=True):
        for i in range(len(gpus)):
            assert together.rate(i).mid == pytest.approx(alone.rate(i).mid, rel=1e-12)
            assert together.rate(i).high == pytest.approx(alone.rate(i).high, rel=1e-12)


def test_meshes_that_a_sweep_refuses_are_timed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: Any) -> None:
        raise UsageError("no")

    gpus = (catalogue()["a10"],)
    several = [
        Cells(read_job({"workload": "llama-2-13b", "phase": "serve", "n_gpus": n, "tp": n}), gpus)
        for n in "12"
    ]
    with monkeypatch.context() as patched:
        patched.setattr("whichgpu.planner.capacity.cells.estimate", refusing)
        time_together(several)
    assert all(one.rate(0).mid > 0.0 for one in several)


def test_speed_of_a_change_is_predict_against_predict() -> None:
    """LoRA on an A100 against a full fine-tuning that would need more than it has."""
    change = next(
        way for way in one("resnet50", "t4", phase="train", batch=1024).changes if way.kind == "batch"
    )
    after = package.predict("resnet50", "t4", phase="train", batch=int(change.option.split()[1]))
    before = estimate(package.job("resnet50", phase="train", batch=1024), [GPUS["t4"]]).figures(0, 0)
    assert change.throughput.mid == pytest.approx(after.throughput.mid)
    assert change.speed == pytest.approx(after.throughput.mid / before.throughput.mid)


# --- the smallest and the fewest --------------------------------------------------------------------------


@pytest.mark.parametrize("workload", ["gpt2", "llama-2-7b", "llama-2-13b", "mixtral-8x7b", "llama-2-70b"])
def test_no_smaller_current_card_holds_it(workload: str) -> None:
    answer = ask(workload).answers[0]
    assert answer.fits
    assert answer.gpu == answer.smallest_gpu
    for gpu in GPUS.values():
        released = str(gpu.value("release_date") or "")
        shared = str(gpu.value("memory_type") or "").startswith("LPDDR")
        if gpu.vendor != "NVIDIA" or gpu.segment not in cards()["segments"] or shared or not gpu.usable:
            continue
        # Cards sold with as many GB differ by some MiB, and are no smaller for it.
        smaller = round(gpu.need("memory") / 2**30) < round(answer.available / 2**30)
        if released >= cards()["since"] and smaller:
            assert not Cells(package.job(workload), (gpu,)).fits[0], gpu.id


def test_of_cards_sold_with_as_much_the_common_one_is_the_smallest() -> None:
    """An RTX 4070 SUPER has 6 MiB less than an RTX 3060, and is no smaller card for it."""
    assert GPUS["rtx-4070-super"].need("memory") < GPUS["rtx-3060-12gb"].need("memory")
    assert ask("sdxl").answers[0].smallest_gpu == "rtx-3060-12gb"


@pytest.mark.parametrize(
    ("workload", "gpu", "count"),
    [("llama-2-70b", "a10", 8), ("llama-2-70b", "a100-80gb-sxm", 2), ("llama-2-13b", "rtx-3060-12gb", 4)],
)
def test_fewer_than_the_fewest_are_too_few(workload: str, gpu: str, count: int) -> None:
    fewest = one(workload, gpu).fewest[0]
    assert (fewest.gpu, fewest.n_gpus) == (gpu, count)
    assert one(workload, f"{gpu}:{count}").fits
    for fewer in range(1, count):
        try:
            assert not one(workload, f"{gpu}:{fewer}").fits
        except UsageError as fault:
            assert "evenly" in str(fault)  # noqa: PT017  (some numbers hold it, others are refused)


@pytest.mark.parametrize(
    ("workload", "gpu", "options", "how"),
    [
        ("llama-3.1-405b", "h100-80gb-sxm", {}, "--option sharding=fsdp --option checkpointing=full"),
        ("llama-3.1-405b", "h100-80gb-sxm", {"checkpointing": "full"}, "--option sharding=fsdp"),
        ("llama-2-7b", "a100-80gb-sxm", {"sharding": "zero3"}, "--option sharding=zero3"),
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


# --- several models and GPUs ------------------------------------------------------------------------------


def test_a_matrix_is_its_cells() -> None:
    workloads, gpus = ("llama-2-7b", "llama-2-70b"), ["t4", "a10:2", "a100-80gb-sxm"]
    whole = ask(*workloads, gpus=gpus).to_dict()["answers"]
    apart = [one(workload, gpu).to_dict() for workload in workloads for gpu in gpus]
    assert json.dumps(plain(whole), sort_keys=True) == json.dumps(plain(apart), sort_keys=True)


def plain(value: Any) -> Any:
    """Numbers to nine digits: arrays of different lengths are summed in another order."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_a_matrix_exits_3_only_where_a_workload_fits_nowhere(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-7b", "llama-2-13b", "--gpu", "a10,a100-80gb-sxm", "--json")
    assert told.status == 0
    assert [answer["fits"] for answer in told.json["answers"]] == [True, True, False, True]
    told = whichgpu("fit", "llama-2-7b", "llama-2-70b", "--gpu", "a10", "--gpu", "a100-80gb-sxm", "--json")
    assert told.status == 3
    assert set(told.json) >= SHAPE
    assert told.json["workload"] == "llama-2-70b"


def test_parts_add_up_to_what_is_required() -> None:
    for answer in ask("llama-2-7b", "mixtral-8x7b", gpus=["a10", "h100-80gb-sxm:2"]).answers:
        assert sum(answer.parts.values()) == pytest.approx(answer.required)
        assert answer.fits == (answer.required <= answer.available)
        assert list(answer.parts.values()) == sorted(answer.parts.values(), reverse=True)


def test_several_models_on_one_card(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-7b", "whisper-large-v3", "--together", "--gpu", "rtx-4090", "--json")
    assert told.status == 0
    alone = [one(name, "rtx-4090").required for name in ("llama-2-7b", "whisper-large-v3")]
    assert told.json["required"] == pytest.approx(sum(alone))
    assert told.json["workload"] == "llama-2-7b + whisper-large-v3"
    assert len(told.json["limits"]) == 2
    # What is left for one is what the others leave.
    limits = told.json["limits"][0]["concurrency"]
    assert 0 < limits < one("llama-2-7b", "rtx-4090").limits[0].concurrency


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
    assert answer.required == pytest.approx(2 * one("llama-2-7b", "a10").required)


def test_together_without_gpus_takes_the_smallest_card() -> None:
    answer = ask("llama-2-7b", "stable-diffusion-1.5", together=True).answers[0]
    assert answer.fits
    assert answer.gpu == answer.smallest_gpu
    with pytest.raises(UsageError, match="no current card holds 2 workloads"):
        ask("llama-2-70b", "llama-3.1-405b", together=True)


def test_loading_is_bytes_over_rates() -> None:
    load = one("llama-2-7b", "a100-80gb-sxm").loading
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
    assert one("llama-2-7b", "a10", precision="nf4").loading.checkpoint < 0.35 * size
    for phase in ("finetune_full", "finetune_lora", "finetune_qlora"):
        assert one("llama-2-7b", "a10", phase=phase).loading.checkpoint == pytest.approx(size, rel=1e-3)


# --- what cannot be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["llama-2-13b", "--gpu", "a10:3"], "40 heads and 40 layers; use 2 or 4 GPUs"),
        (["llama-2-13b", "--gpu", "a10:4", "--tp", "3"], "do not divide by it; use --tp 2 or 4"),
        (["llama-2-13b", "--gpu", "a10:4", "--pp", "3"], "do not divide by it; use --pp 2 or 4"),
        (["llama-2-13b", "--gpu", "a10:2", "--tp", "4"], "tp=4 needs at least as many GPUs; n_gpus=2"),
        (["llama-2-13b", "--gpu", "a10", "--pp", "64"], "40 layers"),
        (["llama-2-13b", "--gpu", "nonsense"], "no GPU 'nonsense'"),
        (["llama-2-13b", "--gpu", ","], "names no GPU"),
        (["nonsense", "--gpu", "a10"], "no workload 'nonsense'"),
        (["llama-2-13b", "--gpu", "a10", "--precision", "fp7"], "no precision 'fp7'"),
        ([], "say what: fit llama-2-13b"),
    ],
)
def test_what_cannot_be_exits_2_and_says_what_to_type(whichgpu, words: list[str], said: str) -> None:
    told = whichgpu("fit", *words)
    assert told.status == 2
    assert said in told.err
    assert told.err.count("\n") == 1 or not words


def test_a_format_without_units_is_refused_with_one_that_runs(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-13b", "--gpu", "a10", "--precision", "fp8")
    assert told.status == 3
    assert "no FP8" in told.err
    assert "--precision w8a16 fits" in told.err


def test_layers_that_stages_do_not_divide_are_cut_over_machines() -> None:
    """DeepSeek V3 has 61 layers: 16 GPUs of two machines cut each of them, as its heads divide."""
    answer = one("deepseek-v3", "h100-80gb-sxm:16", precision="fp8")
    assert (float(answer.jobs[0].tp), float(answer.jobs[0].pp)) == (16, 1)
    assert answer.fits
    assert not one("deepseek-v3", "h100-80gb-sxm:8", precision="fp8").fits


def test_a_vendor_without_a_card_that_runs_it_is_told_of_another() -> None:
    answer = one("llama-2-7b", "apple-m2-ultra-76c", phase="serve", runtime="vllm")
    assert "vLLM does not run on Apple" in answer.reason
    assert package.gpu(answer.smallest_gpu).vendor == "NVIDIA"


def test_stages_need_not_be_even_where_the_runtime_splits_unevenly() -> None:
    answer = one("llama-2-7b", "a10:3", runtime="llama.cpp", phase="decode")
    assert answer.fits
    assert float(answer.jobs[0].pp) == 3


def test_tp_without_a_number_of_gpus_counts_them() -> None:
    answer = one("llama-2-13b", "a10", tp=2)
    assert (answer.n_gpus, answer.fits) == (2, True)
    assert str(answer.fewest[0]) == "2 x a10 (--tp 2)"
    # The file is that of the whole model.
    assert answer.loading.checkpoint == pytest.approx(one("llama-2-13b", "a10").loading.checkpoint)


def test_parts_of_a_gpu_do_not_work_together() -> None:
    answer = one("llama-2-7b", "a100-80gb-sxm:mig-1g.10gb")
    assert not answer.fits
    assert answer.fewest == ()
    assert all(change.n_gpus == 1 for change in answer.changes)


# --- forms of the answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["md", "html", "json"])
def test_forms(whichgpu, form: str) -> None:
    told = whichgpu("fit", "llama-2-7b", "llama-2-13b", "--gpu", "a10,a100-80gb-sxm", "--format", form)
    assert told.status == 0
    assert "llama-2-13b" in told.out
    marks = {"md": "| Workload |", "html": "<table>", "json": '"answers"'}
    assert marks[form] in told.out


def test_the_report_in_words(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-7b", "--gpu", "a10", "--plain", "--all")
    assert told.status == 0
    for words in ("fits on a10", "GiB are left", "requests at once", "safetensors", "Smallest"):
        assert words in told.out


def test_the_api_answers_as_the_command_does(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-13b", "--gpu", "a10", "--json").json
    answer = package.fit("llama-2-13b", "a10")
    told.pop("schema_version")
    assert plain(json.loads(json.dumps(answer.to_dict(), default=float))) == plain(told)
    assert "does not fit on a10" in str(answer)
    assert "| llama-2-13b | 1 x a10 | no |" in answer._repr_markdown_()
    assert package.fit([package.job("llama-2-7b", precision="nf4"), "resnet50"], ["a10"]).fits


def test_data_name_their_sources_and_things_that_exist() -> None:
    for row in store.load("quality")["quality"]["finding"]:
        assert row["source"].split()[0] in sources()
        assert set(row.get("precisions", ())) <= set(precisions())
        assert "says" in row or "change" in row or {"before", "after"} <= set(row)
        for workload in row.get("of", ()):
            assert package.workload(workload).id == workload
    table = cards()
    assert {*table["common"], *table["several"]} <= set(GPUS)
    assert {name for ladder in table["narrower"].values() for name in ladder} <= set(precisions())
    for group in ("format", "path"):
        for row in store.load("loading")["loading"][group].values():
            for value in row.values():
                assert isinstance(value, str) or value[1] == "assumed" or value[1].split()[0] in sources()


#: Rows whose job is not all that ran, and why: they are found not to fit.
NOT_STATED = {
    "litgpt-mem-00046": "LitGPT shards over its GPUs and checkpoints every layer, which the row leaves out",
}


def test_what_ran_is_found_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every published peak, on the GPUs that it ran on, of a known workload; test_memory.py has the rest."""
    # Neither how much more would fit is asked here, nor how fast it is, nor what else there is.
    monkeypatch.setattr(Cells, "rate", lambda *_: None)
    monkeypatch.setattr(capacity, "smallest_by_vendor", lambda *_: defaultdict(lambda: None))
    monkeypatch.setattr(capacity, "changes", lambda cells, _: [()] * len(cells.gpus))
    monkeypatch.setattr(capacity, "_fewest", lambda cells, *_, **__: [()] * len(cells.gpus))
    monkeypatch.setattr(capacity, "limits", lambda cells, _: [Limits()] * len(cells.gpus))
    content = store.load("measured")["memory"]
    lost, known = {}, 0
    for cells in content["rows"]:
        row = dict(zip(content["columns"], cells, strict=True))
        try:
            job, gpu = read_job(row), resolve(row["gpu"], GPUS)
            package.workload(row["workload"])
        except UsageError:
            continue
        known += 1
        if not fit([replace(job, n_gpus=None)], [f"{gpu.id}:{row['n_gpus'] or 1}"], GPUS).fits:
            lost[row["id"]] = row
    assert known >= 105
    assert set(lost) <= set(NOT_STATED)


# --- close to the card's memory ---------------------------------------------------------------------------

#: A 33B by GPTQ in groups of 32 on a 3090, which was published to have run out of memory in 2023.
CLOSE = ("--phase", "generate", "--input-tokens", "2200", "--output-tokens", "48", "--runtime", "autogptq")


def test_what_is_close_to_the_card_is_not_said_to_fit(whichgpu) -> None:
    told = whichgpu(
        "fit", "llama-1-30b", "--gpu", "rtx-3090", "--precision", "w4a16-g32", *CLOSE, "--json"
    ).json
    assert (told["fits"], told["may_run_out"]) == (True, True)
    assert "may run out of memory on rtx-3090: it needs 22.6 GiB of 24 GiB" in told["reason"]
    assert TIGHT in told["notes"]
    then = (*CLOSE[:3], "2000", *CLOSE[4:-1], "autogptq 2023-06")
    assert whichgpu("fit", "llama-1-30b", "--gpu", "rtx-3090", "--precision", "w4a16-g32", *then).status == 3
    roomy = whichgpu("fit", "llama-1-30b", "--gpu", "a10,a40", "--precision", "w4a16-g128", *CLOSE).out
    assert "yes, " in roomy


def test_a_matrix_says_maybe_of_what_is_close(whichgpu) -> None:
    told = whichgpu(
        "fit", "llama-1-30b", "--gpu", "rtx-3090,a40,rtx-3080-10gb", "--precision", "w4a16-g32", *CLOSE
    )
    assert "maybe, 1.37" in told.out
    assert told.out.count("maybe, ") == 1
    assert "Maybe: it fits as far as is counted" in told.out


def test_a_server_whose_cache_takes_what_is_left_is_not_doubted() -> None:
    whole = one("llama-3.1-8b", "rtx-3090", phase="serve", runtime="vllm")
    assert whole.fits
    assert not whole.may_run_out


def test_the_chance_of_running_out_is_of_what_cuda_reports() -> None:
    """One normal error in four is beyond 0.41 of a 90 % interval's half-width."""
    card, half = 24.0 * GIB, 0.15
    reading = Readings(
        *3 * (1.0,), "allocated", dict.fromkeys(("allocated", "reserved", "device"), half), card
    )
    asked = package.job("llama-2-7b", phase="generate")
    stack = runtimes()["transformers"]
    edge = 0.99 * card * np.exp(-0.41 * half)
    assert doubt(asked, stack, reading, 1.001 * edge, card) == TIGHT
    assert doubt(asked, stack, reading, 0.999 * edge, card) == ""
    assert doubt(asked, stack, reading, 1.001 * card, card) == ""


def test_all_devices_in_order_are_the_same_cells_and_some_are_others() -> None:
    cells = Cells(package.job("llama-2-13b"), (GPUS["a10"], GPUS["l4"]))
    assert cells.on([0, 1]) is cells
    assert cells.on([1, 0]).gpus == cells.gpus[::-1]
    assert cells.on([0, 1], batch=2.0).job.batch == 2.0


def test_a_job_is_settled_once_for_its_check_and_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    settle = meshes.settle
    monkeypatch.setattr(meshes, "settle", lambda job: asked.append(job) or settle(job))
    ask("llama-2-13b", gpus=["a10:2"])
    assert len(asked) == 1
    assert meshes.single(asked[0], meshes.check(asked[0])).n_gpus == meshes.single(asked[0]).n_gpus


def test_a_length_that_a_server_does_not_read_is_said_with_what_it_reads(whichgpu):
    length = ("--gpu", "a10", "--seq-len", "2000")
    out = " ".join(whichgpu("predict", "llama-2-7b", *length).out.split())
    assert "no use for seq_len, which was ignored; a prompt is --input-tokens" in out
    for phase in ((), ("--phase", "generate")):
        assert "input_tokens 1744" in whichgpu("fit", "llama-2-7b", *length, *phase).out.replace("\n", " ")
    assert "no use for" not in whichgpu("fit", "llama-2-7b", "--gpu", "a10", "--input-tokens", "900").out
    assert (
        "etp (did you mean moe_tp?)" in whichgpu("fit", "llama-2-7b", "--gpu", "a10", "--option", "etp=2").out
    )


def test_a_server_beyond_what_cuda_reports_of_a_card_may_run_out(whichgpu):
    """14.95 GiB of a T4's 15, of which PyTorch's errors and vLLM's logs show 14.75."""
    out = " ".join(whichgpu("fit", "llama-2-7b", "llama-2-13b", "--gpu", "t4,a10").out.split())
    assert "maybe, 0.0" in out
    assert whichgpu("fit", "llama-2-7b", "--gpu", "t4", "--json").json["may_run_out"]
    assert not whichgpu("fit", "llama-2-7b", "--gpu", "a10", "--json").json["may_run_out"]


def test_what_a_server_can_be_given_is_not_told_of_what_no_card_holds(whichgpu):
    assert "can be given" not in whichgpu("fit", "llama-2-13b", "--gpu", "a10").out
    asked = ("fit", "llama-2-7b", "--gpu", "l4", "--runtime", "vllm", "--concurrency")
    assert "vLLM can be given 95% of a card" in whichgpu(*asked, "20").out
    assert "can be given" not in whichgpu(*asked, "40").out


@pytest.mark.parametrize(("tokens", "fits"), [(32768, True), (131072, False)])
def test_a_length_of_sequences_is_prompt_and_answer_where_nothing_is_trained(tokens, fits):
    """`fit --seq-len 131072` once answered for the usual 768 tokens, with a note below that said so."""
    answer = package.fit("llama-3.1-8b", ["rtx-4090"], seq_len=tokens).to_dict()
    assert answer["fits"] is fits
    assert answer["parts"]["kv_cache"] == pytest.approx(131072 * tokens, rel=0.01)
    assert answer["job"]["input_tokens"] + answer["job"]["output_tokens"] == tokens
    stated = package.fit("llama-3.1-8b", ["rtx-4090"], seq_len=tokens, input_tokens=512).to_dict()
    assert stated["job"]["input_tokens"] == 512


def test_a_length_may_be_in_thousands(whichgpu):
    asked = ("fit", "llama-3.1-8b", "--gpu", "l4", "--json", "--seq-len")
    assert whichgpu(*asked, "32k").json["required"] == whichgpu(*asked, "32000").json["required"]
    refused = whichgpu(*asked, "32q")
    assert refused.status == 2
    assert "'32q' is not a valid integer" in refused.json["error"]["message"]


def test_memory_typed_for_a_gpu_is_answered_with_cards_that_have_it(whichgpu):
    refused = whichgpu("fit", "llama-3.1-8b", "--gpu", "24 GB VRAM")
    assert refused.status == 2
    assert "is an amount of memory, no GPU" in refused.err
    assert 'whichgpu gpus --where "memory>=24 GB"' in refused.err


def test_what_waits_on_the_host_is_told(whichgpu):
    """Of a parameter that trains under autocast 18 bytes wait there; of an inference what does not fit."""
    training = ("fit", "llama-2-7b", "--phase", "finetune_full", "--gpu", "a100-40gb-sxm")
    said = " ".join(whichgpu(*training, "--option", "offload=true").out.split())
    assert "what waits on the host takes 113 GiB of its memory" in said
    offered = " ".join(whichgpu("fit", "llama-3.1-70b", "--gpu", "a100-80gb-sxm", "--all").out.split())
    assert "56 GiB of the host's memory" in offered


def test_a_video_s_job_says_its_frames(whichgpu):
    assert "81 frames" in " ".join(whichgpu("fit", "wan-2.1-t2v-14b", "--gpu", "h100-80gb-sxm").out.split())
    assert "frames" not in whichgpu("fit", "sdxl", "--gpu", "rtx-4090").out


def test_adapters_are_offered_in_the_format_that_the_card_runs(whichgpu):
    """A V100 has no units for BF16, in which LoRA was said to run at a fifth of what it does in FP16."""
    asked = ("fit", "bert-large", "--phase", "train", "--gpu", "v100-16gb-sxm", "--seq-len", "512")
    changes = whichgpu(*asked, "--batch", "32", "--json").json["changes"]
    speeds = {one["option"]: one["speed"] for one in changes}
    assert speeds["--phase finetune_lora"] > 0.8
    assert not any("bf16" in option for option in speeds)
