"""Rows of a table that share a sweep: as alone, whatever runs beside them, each physical job once."""

from __future__ import annotations

import dataclasses
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from job_rows import GPUS, ROW, alone, perturbed

from whichgpu.cost import energy
from whichgpu.cost.calibration import spread
from whichgpu.cost.estimate import estimate, outlined
from whichgpu.cost.infeasible import NARROWER
from whichgpu.cost.job import placing
from whichgpu.cost.job.devices import devices_of
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.job.placing import held, running
from whichgpu.cost.job.runtime import Runtime
from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory.verdict import CROWDED
from whichgpu.cost.table import jobs, workers
from whichgpu.cost.table.files import COLUMNS
from whichgpu.cost.table.jobs import METRICS, predict_rows, read_job
from whichgpu.cost.table.paired import Paired, unread
from whichgpu.cost.table.reader import Lexicon, Reader
from whichgpu.errors import UsageError
from whichgpu.hardware.names import resolve
from whichgpu.workloads.job import Job
from whichgpu.workloads.training import unscaled

pytestmark = pytest.mark.slow


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_row_among_others_is_predicted_as_alone(seed):
    rows = list(perturbed(seed, 25))
    # Neighbours that share a sweep with the rows, in another order.
    more = [{**row, "batch": "3"} for row in rows if row["batch"]]
    answers = list(predict_rows([*rows, *more, *reversed(rows)], GPUS))
    for row, answer, again in zip(rows, answers, reversed(answers), strict=False):
        assert answer == again
        assert answer.id == row["id"]
        if "does not fit" in answer.error:
            continue
        if answer.error:
            with pytest.raises(UsageError) as why:
                alone(row)
            assert " ".join(str(why.value).split()) == answer.error
            continue
        # Of a server that states no format, and whose weights its GPUs do not hold, a narrower one is taken.
        formats = [row["precision"], *([] if row["precision"] else NARROWER)]
        ways = (pytest.approx(alone({**row, "precision": each}), rel=1e-9) for each in formats)
        assert any((answer.low, answer.value, answer.high) == way for way in ways), row
        assert answer.unit == row["unit"]


def test_gpus_with_and_without_tf32_share_a_sweep():
    job = {"workload": "sd-1.4", "phase": "generate", "precision": "fp32", "batch": "4", "steps": "30",
           "resolution": "512x512", "runtime": "diffusers 0.11 pytorch xformers"}  # fmt: skip
    rows = [{**job, "gpu": gpu, "id": gpu} for gpu in ("v100-16gb-sxm", "a100-80gb-pcie", "v100-32gb-sxm")]
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        assert answer.value == pytest.approx(next(iter(predict_rows([row], GPUS))).value, rel=1e-9)


def test_units_without_kernels_do_nothing_for_a_format_in_a_sweep_as_by_itself():
    """vLLM multiplies MXFP4 weights in 16 bits on compute capability 12.0, TensorRT-LLM on its FP4 units."""
    job = {**dict.fromkeys(ROW, ""), "workload": "gpt-oss-120b", "phase": "serve", "precision": "mxfp4",
           "metric": "throughput", "input_tokens": "2048", "output_tokens": "64",
           "concurrency": "64"}  # fmt: skip
    both = itertools.product(("rtx-pro-6000-blackwell", "b200-180gb-sxm"), ("vLLM", "TensorRT-LLM"))
    rows = [{**job, "gpu": gpu, "runtime": runtime, "id": f"{gpu} {runtime}"} for gpu, runtime in both]
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        assert (answer.low, answer.value, answer.high) == pytest.approx(alone(row), rel=1e-9), row
    found = {
        runtime: lay_out(Job("gpt-oss-120b", phase="serve", runtime=runtime, precision="mxfp4"),
                         [GPUS["rtx-pro-6000-blackwell"]])
        for runtime in ("vLLM", "TensorRT-LLM")
    }  # fmt: skip
    rates = {runtime: float(one.devices.peak("fp4")[0, 0]) for runtime, one in found.items()}
    assert rates["TensorRT-LLM"] > 3 * rates["vLLM"] == 3 * GPUS["rtx-pro-6000-blackwell"].value("bf16")
    assert any("weight-only" in note for note in found["vLLM"].notes[0])
    assert not any("weight-only" in note for note in found["TensorRT-LLM"].notes[0])


def test_bf16_before_ampere_in_a_sweep_with_fp16_is_emulated_as_by_itself():
    """FP16 stands for BF16 in a sweep, which PyTorch computes in FP32 where there are no units for it."""
    job = {"workload": "bert-large", "phase": "infer", "batch": "32", "runtime": "PyTorch 2.1"}
    rows = [{**job, "gpu": gpu, "precision": name} for gpu in ("t4", "l4") for name in ("fp16", "bf16")]
    half, brain, newer, newer_brain = (answer.value for answer in predict_rows(rows, GPUS))
    assert half > 4.0 * brain
    assert newer_brain == pytest.approx(newer, rel=0.05)
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        assert answer.value == pytest.approx(next(iter(predict_rows([row], GPUS))).value, rel=1e-9)


def test_processes_give_what_one_does(monkeypatch):
    # The last two fit with less of what they leave open.
    net = {"workload": "efficientnet-b7", "gpu": "rtx-3090", "phase": "train", "runtime": "tensorflow"}
    large = {"workload": "gpt3-175b", "gpu": "h100-80gb-sxm:512", "phase": "pretrain", "runtime": "NeMo"}
    rows = [*perturbed(1, 60), net, large]
    one = predict_rows(rows, GPUS)
    monkeypatch.setattr(jobs, "_MANY", 1)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    called = []
    whole = workers.mapped
    monkeypatch.setattr(workers, "mapped", lambda *given: called.append(given) or whole(*given))
    two = predict_rows(rows, GPUS)
    assert two.notes == one.notes
    assert not any(two.errors[-2:])
    assert called
    assert len(called[0][1]) > 2
    for answer, again in zip(one, two, strict=True):
        assert again._replace(value=None, low=None, high=None) == answer._replace(
            value=None, low=None, high=None
        )
        if not answer.error:
            assert (again.low, again.value, again.high) == pytest.approx(
                (answer.low, answer.value, answer.high), rel=1e-12
            )


def test_rows_that_leave_open_what_others_state_share_their_sweep(monkeypatch):
    from whichgpu.cost.table import pools

    asked = []
    real = pools.outlined
    monkeypatch.setattr(pools, "outlined", lambda one, on: asked.append(one.job) or real(one, on))
    llm = {"workload": "llama-2-7b", "gpu": "a100-80gb-sxm", "phase": "generate", "precision": "fp16",
           "runtime": "vLLM 0.6", "metric": "latency", "unit": "s"}  # fmt: skip
    stated = ({}, {"batch": "4"}, {"input_tokens": "300"}, {"output_tokens": "77"}, {"n_gpus": "2"},
              {"n_gpus": "4", "tp": "2"}, {"tp": "2"}, {"n_gpus": "4", "tp": "2", "pp": "2"},
              {"input_tokens": "5", "output_tokens": "6"})  # fmt: skip
    rows = [{**llm, **more} for more in stated]
    together = list(predict_rows(rows, GPUS))
    assert len(asked) == 1
    for row, answer in zip(rows, together, strict=True):
        assert answer.value == pytest.approx(next(iter(predict_rows([row], GPUS))).value, rel=1e-12), row


@pytest.mark.parametrize(
    ("row", "stated"),
    [({"workload": "falcon-7b", "gpu": "p100-16gb-pcie"}, {"runtime": "vLLM"}),
     ({"workload": "gpt-j-6b", "gpu": "rtx-a5000", "precision": "fp32", "n_gpus": "8", "concurrency": "62",
       "metric": "latency"}, {"phase": "serve"})],
    ids=["a runtime that does not run there", "the phase of a server"],
)  # fmt: skip
def test_what_a_row_leaves_open_does_not_hang_on_the_row_before_it(row, stated):
    pair = [row, {**row, **stated}]
    apart = [next(iter(predict_rows([one], GPUS))) for one in pair]
    assert list(predict_rows(pair, GPUS)) == apart
    assert list(predict_rows(pair[::-1], GPUS)) == apart[::-1]


def test_how_a_job_runs_is_read_once_for_all_gpus_and_not_off_a_bad_row(monkeypatch):
    asked, usually = [], placing.usually
    monkeypatch.setattr(placing, "usually", lambda job: asked.append(job.n_gpus) or usually(job))
    row = {"workload": "llama-2-7b", "phase": "serve", "concurrency": "4", "n_gpus": "4"}
    cards = ("l4", "a10", "t4", "a100-80gb-sxm")
    rows = [{**row, "gpu": "l4", "output_tokens": "0"}] + [{**row, "gpu": gpu} for gpu in cards]
    answers = list(predict_rows(rows, GPUS))
    assert "output_tokens" in answers[0].error
    # By what a row leaves open: that hangs on none of its numbers.
    assert asked == [None]
    monkeypatch.undo()
    for one, answer in zip(rows[1:], answers[1:], strict=True):
        assert answer.value == pytest.approx(next(iter(predict_rows([one], GPUS))).value, rel=1e-12)


@pytest.mark.parametrize("runtime", ["", "vLLM", "llama.cpp"])
def test_a_model_on_any_number_of_gpus_is_in_a_table_as_by_itself(monkeypatch, runtime):
    asked, usually = [], placing.usually
    monkeypatch.setattr(placing, "usually", lambda job: asked.append(job) or usually(job))
    sizes = itertools.product(("1", "2", "4", "8"), ("1", "6", "64"), ("l4", "a100-80gb-sxm"))
    models = itertools.product(("llama-2-7b", "llama-3.1-70b"), ("serve", "decode", "prefill"))
    rows = [
        {"workload": name, "phase": phase, "runtime": runtime, "gpu": gpu, "n_gpus": count, "batch": batch}
        for (count, batch, gpu), (name, phase) in itertools.product(sizes, models)
    ]
    together = list(predict_rows(rows[::-1], GPUS))[::-1]
    # Of the larger model, which few hold in its usual format, three narrower ones are tried in each phase.
    assert len(asked) <= 6 + 3 * len(NARROWER)
    monkeypatch.undo()
    for row, answer in zip(rows[::7], together[::7], strict=True):
        (by_itself,) = predict_rows([row], GPUS)
        assert answer.error == by_itself.error
        found, expected = ([one.low, one.value, one.high] for one in (answer, by_itself))
        assert found == (expected if answer.error else pytest.approx(expected, rel=1e-12)), row


def test_what_runs_on_a_gpu_is_told_once_for_the_workloads_of_all_shares(monkeypatch):
    asked, run_on = [], placing.run_on
    monkeypatch.setattr(placing, "run_on", lambda usual, gpu: asked.append(gpu.id) or run_on(usual, gpu))
    known, found = Lexicon(GPUS), []
    for name, gpu in itertools.product(("resnet50", "vgg16"), ("t4", "mi300x", "t4")):
        # A share has a reader of its own.
        share, row = Reader(known), {"workload": name, "gpu": gpu, "phase": "infer"}
        share.take(0, tuple(row.get(column, "") for column in COLUMNS))
        found.append((gpu, share.groups[0].job))
    assert sorted(asked) == ["mi300x", "t4"]
    monkeypatch.undo()
    for gpu, job in found:
        ran = running(Job(job.workload, phase="infer"), GPUS[gpu])
        assert (job.precision, job.runtime) == (ran.precision, ran.runtime)


VISION = {"workload": "resnet50", "precision": "fp16", "phase": "infer", "batch": "32"}
LANGUAGE = {"workload": "llama-2-7b", "precision": "bf16", "batch": "1", "n_gpus": "8"}


@pytest.mark.parametrize(
    "rows",
    [
        [{**VISION, "runtime": f"PyTorch {version} eager", "gpu": gpu}
         for version in ("2.1", "2.4") for gpu in ("t4", "a100-80gb-sxm", "rtx-4090")],
        [{**LANGUAGE, "gpu": "h100-80gb-sxm", "phase": phase}
         for phase in ("train", "pretrain", "finetune_full")],
        [{"workload": "bert-base", "phase": "train", "precision": "fp32", "batch": "8", "gpu": gpu,
          "runtime": f"PyTorch {version}"}
         for version in ("1.10", "1.11", "1.13") for gpu in ("v100-16gb-sxm", "a100-80gb-sxm")],
        [{**LANGUAGE, "workload": "mixtral-8x7b", "gpu": "h100-80gb-sxm", "phase": "prefill",
          "runtime": engine} for engine in ("vLLM 0.13", "SGLang 0.4")],
        # Adapters of either kind over weights in the same four bits.
        [{**LANGUAGE, "gpu": "a100-80gb-sxm", "precision": "nf4", "phase": phase}
         for phase in ("finetune_lora", "finetune_qlora")],
        [{**LANGUAGE, "gpu": gpu, "phase": "train",
          "options": f"sharding=fsdp;global_batch={count};cp={count // 64}"}
         for gpu in ("h100-80gb-sxm", "a100-80gb-sxm") for count in (64, 128, 256)],
        [{**LANGUAGE, "gpu": "h100-80gb-sxm", "phase": "train", "options": f"grad_accum={count}"}
         for count in (1, 2, 8)],
        [{**VISION, "precision": precision, "runtime": "PyTorch 2.4", "gpu": gpu}
         for precision in ("bf16", "fp16") for gpu in ("rtx-4090", "a100-80gb-sxm")],
        [{**LANGUAGE, "phase": "decode", "runtime": engine, "gpu": gpu}
         for engine in ("vLLM 0.13", "TensorRT-LLM") for gpu in ("h100-80gb-sxm", "l40s")],
        [{**VISION, "runtime": runtime, "gpu": gpu}
         # ONNX Runtime feels a power limit otherwise, each job by its own.
         for runtime in ("TensorRT", "TensorRT 8.6", "ONNX Runtime") for gpu in ("rtx-3090", "a10", "p4")],
        [{"workload": "bert-base", "phase": "train", "batch": "8", "runtime": "PyTorch 2.4",
          "precision": precision, "gpu": gpu}
         for precision in ("amp-bf16", "amp-fp16") for gpu in ("rtx-4090", "v100-16gb-sxm", "mi100")],
        [{**LANGUAGE, "phase": "finetune_lora", "precision": precision, "gpu": gpu}
         for precision in ("bf16", "fp16") for gpu in ("h100-80gb-sxm", "mi100")],
        [{**LANGUAGE, "phase": "finetune_lora", "runtime": runtime, "gpu": "h100-80gb-sxm"}
         for runtime in ("", "PyTorch eager")],
        [{**LANGUAGE, "precision": "fp16", "phase": "decode", "runtime": engine, "gpu": "h100-80gb-sxm"}
         for engine in ("vLLM 0.5", "vLLM 0.13", "SGLang", "TensorRT-LLM")],
    ],
    ids=["versions", "phases of training", "what software holds and TF32", "engines", "adapters",
         "global batches and degrees", "micro-batches", "formats of 16 bits", "engines by name",
         "sums in FP16", "mixed precision of 16 bits", "adapters beside 16 bits",
         "what reads no data",
         "attention held up by exponentials"],
)  # fmt: skip
def test_jobs_of_the_same_work_share_a_sweep(monkeypatch, rows):
    from whichgpu.cost.table import pools

    asked, real = [], pools.outlined
    monkeypatch.setattr(pools, "outlined", lambda one, on: asked.append(one.job) or real(one, on))
    metrics = ("throughput", "power", "peak_gpu_memory")
    rows = [{**row, "metric": metric} for row in rows for metric in metrics]
    together = list(predict_rows(rows, GPUS))
    assert len(asked) == 1
    for row, answer in zip(rows, together, strict=True):
        (own,) = predict_rows([row], GPUS)
        assert not answer.error
        assert (answer.low, answer.value, answer.high) == pytest.approx(
            (own.low, own.value, own.high), rel=1e-12
        )
        assert answer.basis == own.basis
    assert len({answer.value for answer in together[::3]}) > 1 or "phase" in rows[0]


def test_a_training_that_states_denoising_steps_shares_the_sweep_of_one_that_does_not(monkeypatch):
    """It makes none; where a row asks for steps per second, those that are stated count."""
    from whichgpu.cost.table import pools

    asked, real = [], pools.outlined
    monkeypatch.setattr(pools, "outlined", lambda one, on: asked.append(one.job) or real(one, on))
    job = {"workload": "sd-1.5", "gpu": "a100-80gb-sxm", "phase": "train", "runtime": "PyTorch 2.4",
           "precision": "amp-fp16", "batch": "2"}  # fmt: skip
    rows = [
        {**job, "metric": metric, "steps": steps} for metric in ("", "power") for steps in ("", "30", "50")
    ]
    answers = list(predict_rows(rows, GPUS))
    assert len(asked) == 1
    for row, answer in zip(rows, answers, strict=True):
        assert answer == next(iter(predict_rows([row], GPUS)))
    stepped = [{**row, "unit": "it/s"} for row in rows[:2]]
    plain, counted = predict_rows(stepped, GPUS)
    assert [plain, counted] == [next(iter(predict_rows([row], GPUS))) for row in stepped]
    assert plain.value != counted.value


def test_fp16_alone_divides_out_a_loss_scale():
    """FP16 stands for BF16 in the ops of a step: a sweep, and a BF16 job by itself, have none of that."""
    job = Job("bert-base", phase="train", batch=8.0, runtime="PyTorch 2.4")
    settled = [settle(job.changed(precision=name)) for name in ("amp-fp16", "amp-bf16")]
    half, brain = (one.workload.trace(one.job) for one in settled)
    assert [op.layer for op in unscaled(half, brain=True)] == [op.layer for op in brain]
    assert unscaled(half, brain=False) is half
    (scale,) = (op for op in unscaled(half, np.array([False, True])) if op.layer == "optimizer.unscale")
    assert scale.repeats.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("workload", "phase", "runtime", "metrics"),
    [
        ("resnet50", "infer", "PyTorch 2.4", ("throughput", "power")),
        # Softmaxes of BF16 are widened in a copy, and one layer of T5 is kept in FP32 beside FP16.
        ("gpt-j-6b", "prefill", "PyTorch 1.10", ("throughput", "peak_gpu_memory")),
        ("t5-large", "infer", "PyTorch 2.4", ("throughput", "peak_gpu_memory")),
    ],
)
def test_a_sweep_of_both_formats_of_16_bits_asks_each_for_its_own(workload, phase, runtime, metrics):
    row = {"workload": workload, "phase": phase, "runtime": runtime, "batch": "4", "unit": ""}
    row |= {"input_tokens": "2000", "output_tokens": "8"} if phase == "prefill" else {}
    # MI100 multiplies BF16 at half the rate, V100 in FP32 and convolves not at all.
    rows = [
        {**row, "metric": metric, "gpu": gpu, "precision": precision}
        for metric in metrics for gpu in ("a100-80gb-sxm", "mi100") for precision in ("fp16", "bf16")
    ]  # fmt: skip
    older = {**rows[1], "gpu": "v100-16gb-sxm"}
    answers = list(predict_rows([*rows, older], GPUS))
    for one, answer in zip(rows, answers, strict=False):
        assert (answer.low, answer.value, answer.high) == pytest.approx(alone(one), rel=1e-12)
    assert answers[2].value != answers[3].value
    if workload == "resnet50":
        assert "no bf16 convolutions" in " ".join(answers[-1].error.lower().split())
    else:
        assert (answers[-1].low, answers[-1].value, answers[-1].high) == pytest.approx(
            alone(older), rel=1e-12
        )


def test_gpus_are_told_apart_by_all_that_an_interval_hangs_on():
    """`spreads` works an interval out once for GPUs that are known as much."""
    names = ("a100-80gb-sxm", "rtx-3090", "rtx-4090-laptop", "b300-288gb-sxm", "mi300x", "gtx-1070", "t4")
    gpus = [resolve(name, GPUS) for name in names]
    for workload, runtime in (("resnet50", "PyTorch 2.4"), ("llama-2-7b", "vLLM"), ("yolov8m", "TensorRT")):
        laid = lay_out(Job(workload, precision="fp16", runtime=runtime, batch=8.0), gpus)
        stacks = [laid.runtime] * len(gpus)
        assert spread.spreads(laid, gpus, stacks) == [spread.spread(laid, gpu, laid.runtime) for gpu in gpus]
        assert energy.spreads(laid, gpus, stacks) == tuple(
            energy.spread(laid, gpu, laid.runtime) for gpu in gpus
        )
        assert len({id(one) for one in spread.spreads(laid, gpus, stacks)}) < len(gpus)


@pytest.mark.parametrize(
    ("phase", "workload", "runtimes", "precisions"),
    [
        ("serve", "qwen3-next-80b-a3b", ("vLLM", "SGLang", "TensorRT-LLM", "llama.cpp"), ("bf16", "fp8")),
        ("prefill", "mixtral-8x7b", ("vLLM", "SGLang", "transformers 4.40", "llama.cpp"), ("bf16", "w4a16")),
        ("generate", "sdxl", ("diffusers", "ComfyUI", "TensorRT", "PyTorch eager"), ("fp16", "bf16", "fp32")),
        ("infer", "bert-base", ("PyTorch 1.10", "torch.compile", "TensorFlow"), ("fp32", "fp16", "int8")),
        ("train", "llama-2-7b", ("PyTorch FSDP", "Megatron", "DeepSpeed ZeRO-3"), ("bf16", "amp-fp16")),
        ("finetune_qlora", "llama-2-7b", ("transformers 4.40", "Axolotl", "vLLM"), ("nf4", "int8")),
    ],
)  # fmt: skip
def test_jobs_read_nothing_of_a_runtime_that_keeps_no_sweeps_apart(phase, workload, runtimes, precisions):
    read: set[str] = set()

    class Held(dict):
        def __getitem__(self, name):
            read.add(f"holds {name}")
            return super().__getitem__(name)

        def __contains__(self, name):
            read.add(f"holds {name}")
            return super().__contains__(name)

        def get(self, name, default=None):
            read.add(f"holds {name}")
            return super().get(name, default)

    class Spied(Runtime):
        def __getattribute__(self, name):
            # A copy with other columns reads all of them.
            if sys._getframe(1).f_globals["__name__"] != "dataclasses":
                read.add(name)
            found = super().__getattribute__(name)
            return Held(found) if name == "holds" else found

    gpus = [resolve("h100-80gb-sxm", GPUS), resolve("rtx-3090", GPUS)]
    for runtime, precision in itertools.product(runtimes, precisions):
        settled = settle(Job(workload, phase, precision, runtime, batch=2.0, n_gpus=8.0))
        own = {one.name: getattr(settled.runtime, one.name) for one in dataclasses.fields(Runtime)}
        devices = Paired(devices_of(settled, gpus), [0, 1], np.array([0, 1, 1]))
        stack = Spied(**own)
        job = settled.job.changed(batch=np.array([1.0, 2.0, 4.0]))
        read.clear()
        outlined(settled._replace(job=job, runtime=stack), devices).estimates().figures(0, 0)
        columns, held = unread(phase)
        assert not sorted(read & (columns | {f"holds {name}" for name in held}))
        assert {"overlap", "holds context"} <= read


def test_requests_at_random_are_asked_as_they_are():
    job = {"workload": "llama-2-7b", "phase": "serve", "precision": "fp16", "runtime": "vLLM 0.6",
           "input_tokens": "500", "output_tokens": "100", "metric": "tpot"}  # fmt: skip
    rows = [{**job, "gpu": gpu, "options": f"request_rate={rate}"}
            for gpu in ("a100-80gb-sxm", "h100-80gb-sxm") for rate in ("0.5", "2")]  # fmt: skip
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        gpu = resolve(row["gpu"], GPUS)
        found = estimate(held(running(read_job(row), gpu), gpu), [gpu])
        assert answer.value == pytest.approx(METRICS["tpot"](found.at(0, 0), "")[1], rel=1e-12)


def test_windows_that_one_size_shifts_and_another_does_not_share_a_sweep():
    job = {"workload": "swin-tiny", "gpu": "a100-80gb-sxm", "phase": "infer", "precision": "fp32",
           "batch": "1", "runtime": "PyTorch eager", "metric": "latency"}  # fmt: skip
    rows = [{**job, "resolution": size} for size in ("", "224", "384", "512x768")]
    alone = [next(iter(predict_rows([row], GPUS))).value for row in rows]
    assert [answer.value for answer in predict_rows(rows, GPUS)] == pytest.approx(alone, rel=1e-12)


def test_a_runtime_that_a_format_dates_is_another_than_the_default():
    job = {"workload": "qwen2.5-7b", "gpu": "t4", "n_gpus": "8", "phase": "serve", "precision": "fp16",
           "input_tokens": "3000", "output_tokens": "376", "concurrency": "8", "tp": "1",
           "metric": "tpot"}  # fmt: skip
    rows = [{**job, "runtime": runtime} for runtime in ("", "vLLM")]
    alone = [next(iter(predict_rows([row], GPUS))).value for row in rows]
    assert alone[1] > 1.08 * alone[0]
    assert [answer.value for answer in predict_rows(rows, GPUS)] == pytest.approx(alone, rel=1e-12)


def test_a_physical_job_is_computed_once(monkeypatch):
    from whichgpu.cost.table import pools

    asked = []
    real = pools.outlined
    monkeypatch.setattr(pools, "outlined", lambda one, on: asked.append((one.job, on)) or real(one, on))
    rows = [{**ROW, "id": str(i), "runtime": runtime, "metric": metric, "unit": ""}
            for i, (runtime, metric) in enumerate(
                [("PyTorch 2 eager", "throughput"), ("PyTorch 2", "latency"), ("pytorch 2", "power")] * 5
            )]  # fmt: skip
    answers = list(predict_rows(rows, GPUS))
    assert len(asked) == 1
    assert asked[0][0].size == 1
    assert {answer.unit for answer in answers} == {"images/s", "s", "W"}


@pytest.mark.parametrize("engine", ["llama.cpp", "ollama"])
def test_an_engine_started_with_as_many_places_as_are_asked_for_has_each_job_its_own(engine):
    """Requests in flight of another job of the sweep open no places in this one."""
    job = {"workload": "llama-3.1-8b", "gpu": "h100-80gb-sxm", "phase": "serve", "runtime": engine,
           "input_tokens": "128", "output_tokens": "128", "metric": "ttft"}  # fmt: skip
    rows = [{**job, "concurrency": many} for many in ("4", "1000", "2000")]
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        assert answer.value == pytest.approx(next(iter(predict_rows([row], GPUS))).value, rel=1e-9)


def test_a_job_of_a_sweep_is_doubted_as_by_itself():
    """FSDP on two GPUs is close to the card, whatever runs on one GPU beside it in the sweep."""
    job = Job("llama-2-7b", phase="finetune_full", runtime="FSDP", batch=1.0, seq_len=2048.0, n_gpus=2.0,
              options={"grad_accum": "1"})  # fmt: skip
    gpu = [GPUS["a100-80gb-sxm"]]
    alone_, among = (
        {said for said in estimate(job.changed(n_gpus=many), gpu).at(0, 0).warnings if said == CROWDED}
        for many in (2.0, np.array([2.0, 1.0]))
    )
    assert alone_ == among == {CROWDED}
