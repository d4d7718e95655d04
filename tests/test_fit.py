"""`fit`: what fits, the margin, the largest sizes, the smallest and fewest GPUs, what would make it fit."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import whichgpu as package
from whichgpu.cost.estimate import estimate
from whichgpu.cost.rows import read_job
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.facts.reading import sources
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve
from whichgpu.planner.capacity import fit
from whichgpu.planner.capacity.cards import cards
from whichgpu.planner.capacity.cells import Cells, in_flight, time_together
from whichgpu.planner.capacity.loading import pcie
from whichgpu.workloads.precision import precisions

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
    # 4.35 GiB cross PCIe 4.0 for every token: at least four times slower.
    assert ways["offload"].speed < 0.25
    assert ways["offload"].host_memory == pytest.approx(4.35 * GIB, rel=0.01)


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
        (
            "llama-2-7b",
            "a100-80gb-sxm:4",
            {"phase": "finetune_full", "options": {"sharding": "fsdp"}},
            ("batch",),
        ),
        ("llama-2-7b", "a100-80gb-sxm:mig-3g.40gb", {}, ("concurrency",)),
    ],
)
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
        if released >= cards()["since"] and gpu.need("memory") < answer.available:
            assert not Cells(package.job(workload), (gpu,)).fits[0], gpu.id


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
    told = whichgpu("fit", "llama-2-7b", "--gpu", "a10", "--plain")
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


@pytest.mark.parametrize("table", ["llm-train", "memory"])
def test_what_ran_is_found_to_fit(table: str) -> None:
    """Every published run, on the GPUs that it ran on, that is of a known workload."""
    content = store.load("measured")[table]
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
    assert known >= {"llm-train": 245, "memory": 105}[table]
    assert set(lost) <= set(NOT_STATED)


def _one_of_each_family() -> list[str]:
    from whichgpu.workloads.workload import workloads

    return list({workload.family: key for key, workload in workloads().items()}.values())


# --- every family -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", _one_of_each_family())
def test_every_family_is_answered_in_each_phase(workload: str) -> None:
    """Sizes, images and phases of all kinds: an answer that holds together, or a reason."""
    for i, phase in enumerate(package.workload(workload).phases):
        if "lora" in phase and not adaptable(workload, phase):
            continue
        answers = ask(workload, gpus=[("t4", "a100-80gb-sxm:2")[i % 2]], phase=phase).answers
        for answer in answers:
            assert answer.fits == (answer.required <= answer.available) or "does not run" in answer.reason
            assert sum(answer.parts.values()) == pytest.approx(answer.required)
            assert (
                answer.fits
                or "fits" in answer.reason
                or "hold" in answer.reason
                or "nothing" in answer.reason
            )


def adaptable(workload: str, phase: str) -> bool:
    """Whether any layer of a model takes an adapter."""
    try:
        estimate(package.job(workload, phase=phase), [GPUS["t4"]])
    except UsageError:
        return False
    return True


def test_a_megatron_job_is_taken_as_its_recipe_would_run() -> None:
    """Llama 3 70B, two sequences of 8,192 a GPU over 64 GB200, ran in 185 GiB each: with recomputation."""
    columns = {"phase": "pretrain", "precision": "fp8", "batch": 2, "seq_len": 8192, "tp": 1, "pp": 1}
    options = {"sharding": "fsdp", "global_batch": 256}
    recipe = one("llama-3-70b", "gb200-192gb:64", runtime="Megatron-Bridge", options=options, **columns)
    assert recipe.fits
    assert any("selective" in note or "full" in note for note in recipe.notes)
    stated = {**options, "checkpointing": "none"}
    assert not one("llama-3-70b", "gb200-192gb:64", runtime="Megatron-Bridge", options=stated, **columns).fits
    assert not one("llama-3-70b", "gb200-192gb:64", runtime="PyTorch 2", options=options, **columns).fits


def test_what_waits_and_what_is_merged_is_said(whichgpu: Any) -> None:
    told = whichgpu("fit", "llama-3.1-8b", "--gpu", "h200-141gb-sxm", "--concurrency", "1500",
                    "--option", "lora_rank=16").out  # fmt: skip
    assert "1,500 requests: 1,024 run at once" in told
    assert "merged into the weights" in told
    assert "at least 10,000,000" in whichgpu("fit", "mamba-2.8b", "--gpu", "l4").out


@pytest.mark.parametrize(
    ("workload", "gpu", "fits"),
    [
        ("gpt-oss-120b", "h100-80gb-sxm", True), ("gpt-oss-20b", "rtx-4080", True),
        ("deepseek-r1", "h100-80gb-sxm:8", False), ("deepseek-r1", "h200-141gb-sxm:8", True),
        ("kimi-k2.5", "h200-141gb-sxm:8", True), ("minimax-m2", "h100-80gb-sxm:4", True),
    ],
)  # fmt: skip
def test_models_are_asked_for_in_the_format_of_their_release(
    whichgpu: Any, workload: str, gpu: str, fits: bool
) -> None:
    """What their cards say: gpt-oss on a card of 80 and one of 16 GB, DeepSeek R1 on eight H200, not H100."""
    told = whichgpu("fit", workload, "--gpu", gpu, "--json")
    assert told.json["fits"] is fits
    assert told.status == (0 if fits else 3)


@pytest.mark.parametrize(
    "asked",
    [
        "gpt-neox-20b --gpu a100-40gb-sxm:8 --phase train --precision amp-fp16 --batch 1 --seq-len 2048",
        "qwen2.5-32b --gpu rtx-4090 --phase finetune_qlora --batch 2 --seq-len 4096",
    ],
)
def test_each_change_of_a_training_fits_as_it_is_typed(whichgpu: Any, asked: str) -> None:
    """What is typed after what was asked for wins, and takes what was told."""
    changes = whichgpu("fit", *asked.split(), "--json").json["changes"]
    assert changes
    for one in changes:
        words = one["option"].split()
        kept = asked.split()
        for name in set(words) & {"--gpu", "--precision", "--phase", "--batch"}:
            place = kept.index(name)
            del kept[place : place + 2]
        told = whichgpu("fit", *kept, *words, "--json")
        assert told.status == 0, one["option"]
        assert told.json["required"] == pytest.approx(one["required"], rel=1e-3)


# --- pictures, caches and files ---------------------------------------------------------------------------


def test_one_part_of_a_picture_pipeline_at_a_time_is_as_large_as_the_largest() -> None:
    """FLUX.1-dev: 23.8 GB of transformer stay on a 24 GiB card, which no 16 GiB card holds."""
    wide, narrow = one("flux.1-dev", "rtx-4090"), one("flux.1-dev", "rtx-4080")
    parts, layers = (
        next(change for change in answer.changes if change.kind == "offload") for answer in (wide, narrow)
    )
    assert parts.option == "in the runtime: enable_model_cpu_offload()"
    assert 11.9e9 * 2.0 < parts.required < wide.available
    assert layers.option == "in the runtime: enable_sequential_cpu_offload()"
    assert layers.required < 0.3 * narrow.available
    assert layers.speed < parts.speed < 1.0
    # What the parts take is on the host, the text encoders as well.
    assert parts.host_memory > 31e9


def test_pictures_decoded_one_by_one_take_no_more_than_one_alone() -> None:
    batch = one("sdxl", "rtx-3060-12gb", batch=8.0)
    change = next(change for change in batch.changes if change.kind == "slicing")
    sliced = one("sdxl", "rtx-3060-12gb", batch=8.0, options={"vae_slicing": "true"})
    assert not batch.fits
    assert sliced.fits
    assert sliced.required == pytest.approx(change.required)
    assert sliced.parts["activations"] < 0.2 * batch.parts["activations"]


@pytest.mark.parametrize(
    ("workload", "gpu", "columns", "kind", "typed"),
    [
        ("qwen3-8b", "rtx-3090", {"input_tokens": 32768.0, "concurrency": 2.0}, "cache",
         {"kv_precision": "fp8"}),
        ("gemma-3-27b", "rtx-4090", {"input_tokens": 100000.0, "runtime": "llama.cpp",
         "precision": "q4_k_m"}, "cache", {"kv_precision": "q8_0"}),
        ("qwen2.5-7b", "l4", {"phase": "finetune_lora", "seq_len": 8192.0}, "combined",
         {"checkpointing": "full", "loss_chunks": "8"}),
    ],
)  # fmt: skip
def test_a_narrow_cache_and_a_loss_in_pieces_are_among_the_ways(
    workload: str, gpu: str, columns: dict[str, Any], kind: str, typed: dict[str, str]
) -> None:
    answer = one(workload, gpu, **columns)
    words = " ".join(f"--option {name}={value}" for name, value in typed.items())
    change = next(one for one in answer.changes if one.kind == kind and words in one.option)
    mended = one(workload, gpu, **columns, options=typed)
    assert not answer.fits
    assert mended.fits
    assert mended.required == pytest.approx(change.required)


def test_a_checkpoint_is_as_large_wherever_its_weights_wait() -> None:
    job = {"phase": "finetune_full", "options": {"sharding": "zero2"}}
    away = {**job, "options": {"sharding": "zero2", "offload": "true"}}
    here, there = (one("llama-2-7b", "a100-80gb-sxm:2", **columns) for columns in (job, away))
    assert there.loading.checkpoint == here.loading.checkpoint > 12e9


def test_video_decoded_in_tiles_takes_what_its_readme_says(whichgpu: Any) -> None:
    """HunyuanVideo, README, "Requirements": 60 GB at peak for 720 x 1280 and 129 frames, in tiles."""
    tiled = (
        "hunyuanvideo",
        "--precision",
        "bf16",
        "--option",
        "vae_tiling=true",
        "--gpu",
        "h100-80gb-sxm",
        "--json",
    )
    assert whichgpu("fit", *tiled).json["required"] == pytest.approx(60e9, rel=0.05)
    told = whichgpu("fit", "hunyuanvideo", "--gpu", "rtx-4090", "--json")
    assert told.status == 3
    [change] = [one for one in told.json["changes"] if one["kind"] == "combined"]
    assert "vae_tiling=true" in change["option"]
    assert "enable_sequential_cpu_offload()" in change["option"]
    assert change["required"] < 24 * 2**30
    assert 0.5 < change["speed"] < 1.0


def test_a_tile_is_as_large_as_the_autoencoder_says() -> None:
    """FLUX.1 at 2,048 pixels in tiles of 1,024 takes no more to decode than at 1,024."""
    whole, tiled, small = (
        one("flux.1-dev", "h200-141gb-sxm", height=size, width=size, options=options).parts["activations"]
        for size, options in ((2048.0, {}), (2048.0, {"vae_tiling": "true"}), (1024.0, {}))
    )
    assert whole == pytest.approx(4 * small, rel=0.01)
    assert tiled == pytest.approx(small, rel=0.01)


# --- servers and trainings --------------------------------------------------------------------------------


def test_what_fits_a_card_and_not_the_share_of_a_server_says_what_to_allow(whichgpu: Any) -> None:
    """Qwen2.5-72B of 18,000 tokens on two 80 GB cards: vLLM's 90 % of them leave no room for one request."""
    asked = ("fit", "qwen2.5-72b", "--runtime", "vllm", "--input-tokens", "16000", "--output-tokens", "2000")
    near = whichgpu(*asked, "--gpu", "a100-80gb-sxm:2", "--tp", "2")
    assert near.status == 0
    assert "--gpu-memory-utilization 0.92" in near.out
    assert "--gpu-memory-utilization" not in whichgpu(*asked, "--gpu", "a100-80gb-sxm:4", "--tp", "4").out


def test_a_full_fine_tuning_is_shared_out_and_checkpointed_before_it_takes_more_gpus() -> None:
    """16 bytes of 32.8e9 parameters over eight cards of 80 GB are 61 GiB; of 70.6e9 they take sixteen."""
    here = one("qwen2.5-32b", "a100-80gb-sxm:8", phase="finetune_full", batch=1.0, seq_len=4096.0)
    same = [change for change in here.changes if "sharding=fsdp" in change.option and change.n_gpus == 8]
    assert [change.text for change in same] == ["fsdp over the replicas, full checkpointing"]
    assert 61 * 2**30 < same[0].required < 80 * 2**30
    more = one("llama-3.3-70b", "h100-80gb-sxm:8", phase="finetune_full")
    leaner = next(change for change in more.changes if change.text.startswith("16 GPUs, fsdp"))
    assert "checkpointing=full" in leaner.option
    assert any(change.n_gpus > 16 for change in more.changes if change.kind == "sharded")


def test_qlora_on_a_card_without_bf16_is_told_of_fp16_maths(whichgpu: Any) -> None:
    """Unsloth trains on a T4, whose 4-bit weights are widened to FP16."""
    asked = ("fit", "gemma-2-9b", "--phase", "finetune_qlora", "--runtime", "Unsloth", "--gpu", "t4")
    told = whichgpu(*asked, "--json")
    assert "use --precision nf4-fp16" in told.err
    assert told.json["changes"][0]["option"] == "--precision nf4-fp16"
    assert whichgpu(*asked, "--precision", "nf4-fp16").status == 0


def test_a_named_server_is_given_all_but_a_part_of_the_card() -> None:
    """Its graphs and buffers lie beside what it plans with."""
    asked = {"phase": "serve", "precision": "bf16", "input_tokens": 32000, "output_tokens": 512, "tp": 2}
    named = one("qwen2.5-72b", "a100-80gb-sxm:2", runtime="vllm", **asked)
    assert (named.available, named.share) == (0.95 * 80 * GIB, 0.95)
    # Users saw this run out of memory; on a bare card it is held to fit by less than 5 %.
    assert not named.fits
    bare = one("qwen2.5-72b", "a100-80gb-sxm:2", **asked)
    assert bare.margin < 0.05 * bare.available
    assert bare.parts["communication"] > 0
    tight = one("llama-3-70b", "a100-40gb-sxm", runtime="vllm", phase="serve", precision="awq")
    assert not tight.fits
    assert "--cpu-offload-gb 2" in " ".join(change.option for change in tight.changes)
    assert one("llama-3-70b", "a100-40gb-sxm", phase="serve", precision="awq").available == 40 * GIB


def test_a_pass_of_a_server_is_as_wide_as_its_budget_of_tokens_and_the_context() -> None:
    """Through the layers; of each sequence the last token alone goes through the head."""
    wide = {"phase": "serve", "precision": "bf16", "runtime": "vllm", "input_tokens": 16000}
    budgets = [
        one("llama-3.1-8b", gpu, **wide, tp=tp, options={"max_num_batched_tokens": tokens}).parts[
            "activations"
        ]
        for tokens, gpu, tp in (("8192", "l4", 1), ("4096", "l4", 1), ("8192", "l4:2", 2))
    ]
    # Gate and up come in, their product goes out, 16 bits each; two GPUs have half of it.
    assert budgets == [pytest.approx(2 * tokens * 3 * 14336) for tokens in (8192, 4096, 4096)]
    short = one("llama-2-7b", "t4", phase="serve", precision="fp16", input_tokens=512, output_tokens=128)
    assert short.parts["activations"] == pytest.approx(2 * 640 * 3 * 11008)
    assert short.fits


def test_the_fewest_of_a_training_are_cut_where_sharding_its_states_is_no_help() -> None:
    """Of QLoRA without checkpointing it is the activations of a sequence that are too large."""
    answer = one("llama-2-70b", "a100-80gb-sxm:2", phase="finetune_qlora", seq_len=4096, batch=1)
    assert not answer.fits
    assert [(few.n_gpus, few.how) for few in answer.fewest if few.gpu == "a100-80gb-sxm"] == [(4, "--tp 4")]
    assert one("llama-2-70b", "a100-80gb-sxm:4", phase="finetune_qlora", seq_len=4096, batch=1, tp=4).fits
