"""`fit`: what fits, the margin, the largest sizes, the smallest and fewest GPUs, what would make it fit."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
import pytest

import whichgpu as package
from tests.fitting import GIB, GPUS, SHAPE, alone, held, one
from whichgpu.cost.estimate import estimate
from whichgpu.cost.table.rows import read_job
from whichgpu.errors import UsageError
from whichgpu.planner.capacity.cells import Cells, in_flight, time_together

pytestmark = pytest.mark.slow


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
    assert answer["fewest"][0] == {
        "gpu": "a10", "n_gpus": 2, "how": "--tp 2", "may_run_out": False, "may": None,
    }  # fmt: skip


def test_the_job_that_memory_is_of_is_told(whichgpu) -> None:
    tuned = whichgpu("fit", "llama-3.1-8b", "--phase", "finetune_lora", "--gpu", "l4", "--seq-len", "512")
    assert "The job: llama-3.1-8b finetune_lora, batch 1, seq_len 512, tp 1." in tuned.out
    served = whichgpu("fit", "llama-3.1-8b", "--gpu", "l40s", "--concurrency", "8")
    assert "serve, input_tokens 512, output_tokens 256, tp 1, 8 in flight." in served.out


def test_more_gpus_that_cut_layers_are_faster_and_stages_are_not() -> None:
    ways = {change.kind: change for change in one("llama-2-13b", "a10").changes}
    assert 1.4 < ways["tensor_parallel"].speed < 2.0
    assert ways["pipeline_parallel"].speed == pytest.approx(1.0, abs=0.05)
    # 5.2 GiB are in the way at the upper end, and two layers come and go: 6 cross PCIe 4.0 for every token.
    assert ways["offload"].speed < 0.25
    assert ways["offload"].host_memory == 6 * GIB
    assert ways["offload"].option == "--option offload=6GiB"
    assert not ways["offload"].may_run_out


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
def test_the_largest_fits_for_sure_and_the_next_does_not(
    workload: str, gpu: str, columns: dict[str, Any], sizes: tuple[str, ...]
) -> None:
    answer = one(workload, gpu, **columns)
    assert answer.fits
    for name in sizes:
        for size, said in bounds(answer, name):
            changed = {**columns, **sized(answer.jobs[0], name, size)}
            assert held(workload, gpu, **changed).verdict in said, (name, size)


def bounds(answer: Any, name: str) -> list[tuple[int, set[str]]]:
    """The largest sizes, for sure and at all, and the next of each, with what may be said of each."""
    limit, tp = answer.limits[0], int(answer.jobs[0].tp or 1)
    step = {"resolution": 32, "concurrency": answer.n_gpus // tp}.get(name, 1)
    sure, may = getattr(limit, name), limit.may.get(name, getattr(limit, name))
    assert name not in limit.may or may > sure
    told = [(sure, {"fits"}), (sure + step, {"may run out", "does not fit"}), (may + step, {"does not fit"})]
    return [*told, (may, {"may run out"})] if may > sure else told


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
        with alone():
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
    gpus = tuple(GPUS[name] for name in ("a10", "l4", "a100-80gb-sxm"))
    meshes = ((1.0, 1.0, 1.0), (2.0, 2.0, 1.0), (4.0, 1.0, 4.0))
    made = [
        [Cells(read_job({"workload": "llama-2-13b", "phase": "serve", "n_gpus": f"{n:g}", "tp": f"{tp:g}",
                         "pp": f"{pp:g}"}), gpus) for n, tp, pp in meshes]
        for _ in range(2)
    ]  # fmt: skip
    time_together(made[0])
    for together, apart in zip(*made, strict=True):
        for i in range(len(gpus)):
            assert together.rate(i).mid == pytest.approx(apart.rate(i).mid, rel=1e-12)
            assert together.rate(i).high == pytest.approx(apart.rate(i).high, rel=1e-12)


def test_meshes_that_a_sweep_refuses_are_timed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: Any) -> None:
        raise UsageError("no")

    gpus = (GPUS["a10"],)
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


def test_a_device_without_a_number_stands_for_as_many_as_the_job_states() -> None:
    """A training of eight was told what one of them would need."""
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 1.0, "seq_len": 2048.0,
           "options": {"sharding": "fsdp", "checkpointing": "full"}}  # fmt: skip
    stated, counted, single = (
        one("llama-2-7b", gpu, **job, **number)
        for gpu, number in (
            ("a100-80gb-sxm", {"n_gpus": 8.0}),
            ("a100-80gb-sxm:8", {}),
            ("a100-80gb-sxm", {}),
        )
    )
    assert (stated.n_gpus, stated.required) == (counted.n_gpus, counted.required)
    assert stated.required < 0.5 * single.required


def test_requests_in_flight_of_what_has_no_queue_are_a_batch_of_each_copy(whichgpu):
    told = whichgpu("fit", "inception-v4", "--gpu", "a10", "--gpu", "l4:2", "--concurrency", "512")
    assert told.status == 0, told.err
    alone = whichgpu("fit", "inception-v4", "--gpu", "l4:2", "--concurrency", "512")
    assert "batch 256" in alone.out
