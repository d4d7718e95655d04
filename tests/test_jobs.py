"""Tables of jobs: grouped as alone, every bad row with its reason, the order kept."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import random
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import whichgpu
from whichgpu.cost import jobs, placing, workers
from whichgpu.cost.estimate import estimate, estimate_paired
from whichgpu.cost.jobs import METRICS, predict_rows, read_job
from whichgpu.cost.layout import devices_of, settle
from whichgpu.cost.measured import measured_rows
from whichgpu.cost.paired import Paired, unread
from whichgpu.cost.placing import held, running
from whichgpu.cost.runtime import Runtime
from whichgpu.cost.table import COLUMNS, read_table
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve
from whichgpu.workloads.job import Job

pytestmark = pytest.mark.slow

GPUS = catalogue()
MEASURED = [row for row in measured_rows() if row["metric"] in METRICS]
ROW = {"id": "a", "workload": "resnet50", "gpu": "a10", "n_gpus": "1", "batch": "8", "metric": "throughput",
       "unit": "images/s"}  # fmt: skip


def alone(row):
    """The answer of one row by the path of a single prediction: (low, mid, high), or the reason."""
    gpu = resolve(row["gpu"], GPUS)
    found = estimate(held(running(read_job(row), gpu), gpu), [gpu])
    return METRICS[row["metric"]](found.at(0, 0), row["unit"])


def perturbed(seed: int, count: int):
    chance = random.Random(seed)
    for number in range(count):
        row = {**chance.choice(MEASURED), "id": str(number)}
        if row["batch"].isdigit():
            row["batch"] = str(max(1, round(int(row["batch"]) * chance.uniform(0.5, 2.0))))
        yield row


@settings(max_examples=12, deadline=None)
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
        assert (answer.low, answer.value, answer.high) == pytest.approx(alone(row), rel=1e-9), row
        assert answer.unit == row["unit"]


def test_gpus_with_and_without_tf32_share_a_sweep():
    job = {"workload": "sd-1.4", "phase": "generate", "precision": "fp32", "batch": "4", "steps": "30",
           "resolution": "512x512", "runtime": "diffusers 0.11 pytorch xformers"}  # fmt: skip
    rows = [{**job, "gpu": gpu, "id": gpu} for gpu in ("v100-16gb-sxm", "a100-80gb-pcie", "v100-32gb-sxm")]
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        assert answer.value == pytest.approx(next(iter(predict_rows([row], GPUS))).value, rel=1e-9)


def test_processes_give_what_one_does(monkeypatch):
    rows = list(perturbed(1, 60))
    one = list(predict_rows(rows, GPUS))
    monkeypatch.setattr(jobs, "_MANY", 1)
    monkeypatch.setattr(workers, "processors", lambda: 2)
    called = []
    whole = workers.mapped
    monkeypatch.setattr(workers, "mapped", lambda *given: called.append(given) or whole(*given))
    two = list(predict_rows(rows, GPUS))
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
    from whichgpu.cost import pools

    asked = []
    real = pools.estimate_paired
    monkeypatch.setattr(pools, "estimate_paired", lambda one, on: asked.append(one.job) or real(one, on))
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
    # By how many GPUs hold the model, once of the bad row; and by what a row leaves open.
    assert (asked.count(4.0), asked.count(None)) == (2, 1)
    monkeypatch.undo()
    for one, answer in zip(rows[1:], answers[1:], strict=True):
        assert answer.value == pytest.approx(next(iter(predict_rows([one], GPUS))).value, rel=1e-12)


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
          "runtime": engine} for engine in ("vLLM 0.6", "SGLang 0.4")],
        [{**LANGUAGE, "gpu": "a100-80gb-sxm", "phase": phase}
         for phase in ("finetune_lora", "finetune_qlora")],
        [{**LANGUAGE, "gpu": gpu, "phase": "train",
          "options": f"sharding=fsdp;global_batch={count};cp={count // 64}"}
         for gpu in ("h100-80gb-sxm", "a100-80gb-sxm") for count in (64, 128, 256)],
        [{**LANGUAGE, "gpu": "h100-80gb-sxm", "phase": "train", "options": f"grad_accum={count}"}
         for count in (1, 2, 8)],
    ],
    ids=["versions", "phases of training", "what software holds and TF32", "engines", "adapters",
         "global batches and degrees", "micro-batches"],
)  # fmt: skip
def test_jobs_of_the_same_work_share_a_sweep(monkeypatch, rows):
    from whichgpu.cost import pools

    asked, real = [], pools.estimate_paired
    monkeypatch.setattr(pools, "estimate_paired", lambda one, on: asked.append(one.job) or real(one, on))
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
        estimate_paired(settled._replace(job=job, runtime=stack), devices).figures(0, 0)
        columns, held = unread(phase)
        assert not read & (columns | {f"holds {name}" for name in held})
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
    assert alone[1] > 1.2 * alone[0]
    assert [answer.value for answer in predict_rows(rows, GPUS)] == pytest.approx(alone, rel=1e-12)


def test_a_physical_job_is_computed_once(monkeypatch):
    from whichgpu.cost import pools

    asked = []
    real = pools.estimate_paired
    monkeypatch.setattr(
        pools, "estimate_paired", lambda one, on: asked.append((one.job, on)) or real(one, on)
    )
    rows = [{**ROW, "id": str(i), "runtime": runtime, "metric": metric, "unit": ""}
            for i, (runtime, metric) in enumerate(
                [("PyTorch 2 eager", "throughput"), ("PyTorch 2", "latency"), ("pytorch 2", "power")] * 5
            )]  # fmt: skip
    answers = list(predict_rows(rows, GPUS))
    assert len(asked) == 1
    assert asked[0][0].size == 1
    assert {answer.unit for answer in answers} == {"images/s", "s", "W"}


BROKEN = {
    "batch nan": ({"batch": "nan"}, "batch: nan is not a finite number"),
    "batch inf": ({"batch": "inf"}, "batch: inf is not a finite number"),
    "batch below": ({"batch": "-4"}, "batch: -4 is below 1"),
    "batch none": ({"batch": "0"}, "batch: 0 is below 1"),
    "batch huge": ({"batch": "1e12"}, "is it a slip"),
    "batch text": ({"batch": "lots"}, "'lots' is not a number"),
    "half a GPU": ({"n_gpus": "1.5"}, "not a whole number"),
    "no GPU": ({"gpu": ""}, "column 'gpu' is empty"),
    "another GPU": ({"gpu": "no-such"}, "no GPU 'no-such'"),
    "no workload": ({"workload": ""}, "column 'workload' is empty"),
    "another workload": ({"workload": "no-such-model"}, "no workload 'no-such-model'"),
    "phase": ({"phase": "dream"}, "no phase 'dream'"),
    "precision": ({"precision": "fp17"}, "no precision 'fp17'"),
    "metric": ({"metric": "speed"}, "no metric 'speed'"),
    "unit": ({"unit": "tokens/s"}, "this workload makes images"),
    "no rate": ({"unit": "parsecs"}, "'parsecs' is not a rate"),
    "unit of time": ({"metric": "latency", "unit": "GB"}, "unit 'GB' is none of time"),
    "option": ({"options": "guidance"}, "'guidance' is not an option"),
    "resolution": ({"resolution": "big"}, "'big' is not a resolution"),
    "format": ({"precision": "fp8", "gpu": "a100-80gb-sxm"}, "has no FP8"),
    "mesh": ({"tp": "4", "n_gpus": "2"}, "tp=4 needs at least as many GPUs"),
    "memory": ({"batch": "900000"}, "does not fit: it needs"),
    "two counts": ({"gpu": "a10:4", "n_gpus": "2"}, "says 4 of it, n_gpus 2"),
}


def test_every_bad_row_has_its_own_reason_and_every_good_one_its_answer():
    rows = []
    for number, (name, (change, _)) in enumerate(BROKEN.items()):
        rows += [{**ROW, "id": f"good {number}", "batch": str(number + 1)}, {**ROW, "id": name, **change}]
    answers = list(predict_rows(rows, GPUS))
    assert [answer.id for answer in answers] == [row["id"] for row in rows]
    for answer in answers:
        if answer.id in BROKEN:
            assert BROKEN[answer.id][1] in answer.error
            assert answer.value is answer.low is answer.high is None
            assert answer.basis == ""
        else:
            assert not answer.error
            assert answer.low < answer.value < answer.high


def test_a_fault_of_the_program_is_the_reason_of_its_row_alone(monkeypatch):
    from whichgpu.cost import pools

    real = pools.estimate_paired

    def faulty(one, on):
        if 13.0 in (one.job.batch if hasattr(one.job.batch, "__len__") else [one.job.batch]):
            raise ZeroDivisionError("thirteen")
        return real(one, on)

    monkeypatch.setattr(pools, "estimate_paired", faulty)
    answers = list(predict_rows([{**ROW, "batch": str(batch)} for batch in range(10, 17)], GPUS))
    assert [bool(answer.error) for answer in answers] == [False] * 3 + [True] + [False] * 3
    assert "internal error: ZeroDivisionError: thirteen" in answers[3].error


def test_a_global_batch_that_some_rows_cannot_deal_out_is_asked_of_the_others_at_once(monkeypatch):
    from whichgpu.cost import pools

    sweeps, real = [], pools.estimate_paired
    monkeypatch.setattr(pools, "estimate_paired", lambda one, on: sweeps.append(one.job) or real(one, on))
    row = {"workload": "bert-base", "gpu": "a100-80gb-sxm", "phase": "train", "n_gpus": "8",
           "options": "global_batch=64"}  # fmt: skip
    answers = list(predict_rows([{**row, "batch": str(batch)} for batch in (8, 16, 4, 32, 2, 6)], GPUS))
    assert [answer.error.rpartition("use ")[2] for answer in answers] == [
        "", "global_batch=128", "", "global_batch=256", "", "",
    ]  # fmt: skip
    assert all((answer.value is None) == bool(answer.error) for answer in answers)
    # One that fails, and one of all the others.
    assert len(sweeps) == 2


def test_heads_that_some_rows_cannot_cut_are_asked_of_the_others_at_once(monkeypatch):
    from whichgpu.cost import groups

    settled, real = [], groups.settle
    monkeypatch.setattr(groups, "settle", lambda job: settled.append(job) or real(job))
    row = {"workload": "qwen2.5-7b", "gpu": "a100-80gb-sxm", "phase": "decode", "n_gpus": "8"}
    rows = [{**row, "batch": str(batch), "tp": tp} for batch in range(1, 9) for tp in ("1", "8", "3", "4")]
    answers = list(predict_rows(rows, GPUS))
    for tp, answer in zip(("1", "8", "3", "4"), answers, strict=False):
        assert ("28 attention heads" in answer.error) == (tp in ("8", "3"))
    # The whole, and what is left of it.
    assert len(settled) == 2
    monkeypatch.undo()
    for one, answer in zip(rows[:4], answers[:4], strict=True):
        (own,) = predict_rows([one], GPUS)
        assert answer.error == own.error


def test_the_number_beside_the_name_of_a_gpu_is_how_many():
    stated = {**ROW, "phase": "train", "gpu": "a100-80gb-sxm"}
    four, also, one = predict_rows(
        [{**stated, "gpu": "a100-80gb-sxm:4", "n_gpus": ""}, {**stated, "n_gpus": "4"}, stated], GPUS
    )
    assert four.value == also.value > 2 * one.value


@pytest.mark.parametrize(
    ("metric", "unit", "like", "factor"),
    [
        ("throughput", "images/min", "images/s", 60),
        ("throughput", "img/s", "images/s", 1),
        ("throughput", "samples/s", "images/s", 1),
        ("throughput", "fps", "images/s", 1),
        ("throughput", "qps", "images/s", 1),
        ("throughput", "", "images/s", 1),
        ("latency", "ms", "s", 1e3),
        ("power", "kW", "W", 1e-3),
        ("energy", "kJ/image", "J/image", 1e-3),
        ("gpu_memory_used", "GB", "GiB", 2**30 / 1e9),
    ],
)
def test_a_metric_comes_in_the_unit_of_its_row(metric, unit, like, factor):
    asked, plain = predict_rows(
        [{**ROW, "metric": metric, "unit": unit}, {**ROW, "metric": metric, "unit": like}], GPUS
    )
    assert not asked.error
    assert asked.value == pytest.approx(plain.value * factor)


def test_iterations_of_a_denoiser_are_a_rate_of_work():
    row = {**ROW, "workload": "stable-diffusion-1.5", "phase": "generate", "batch": "2", "runtime": "webui"}
    rate, metric, images = predict_rows(
        [{**row, "unit": "it/s"}, {**row, "metric": "iterations_per_s"}, {**row, "unit": "images/s"}], GPUS
    )
    assert rate.value == metric.value == pytest.approx(images.value * 50 / 2)
    (network,) = predict_rows([{**ROW, "unit": "it/s"}], GPUS)
    assert "it/s" in network.error


def test_tensorflow_runs_on_macs_by_a_plugin_alone():
    row = {**ROW, "phase": "train", "precision": "fp32", "gpu": "apple-m1-max-32c"}
    plugin, bare, elsewhere = predict_rows(
        [{**row, "runtime": "TensorFlow 2.9 Metal"}, {**row, "runtime": "TensorFlow 2.21"},
         {**row, "runtime": "TensorFlow 2.9 Metal", "gpu": "rtx-3090"}], GPUS
    )  # fmt: skip
    assert plugin.value > 0.0
    assert "macOS" in bare.error
    assert "Apple" in elsewhere.error


def test_tokens_of_sequences_are_counted_by_their_length():
    row = {**ROW, "workload": "bert-large", "phase": "train", "seq_len": "128"}
    tokens, sequences = predict_rows([{**row, "unit": "tokens/s"}, {**row, "unit": "sequences/s"}], GPUS)
    assert tokens.value == pytest.approx(128 * sequences.value)


def written(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_tables_as_people_save_them(tmp_path):
    table = read_table(
        written(
            tmp_path / "jobs.csv",
            "\ufeffid,workload, gpu ,notes,batch,colour,metric,unit\r\n"
            '"a ""b""",resnet50,a10,"two\r\nlines, quoted",8,red,throughput,images/s\r\n'
            "\r\n"
            "short,resnet50,a10\r\n"
            "long,resnet50,a10,,8,red,throughput,images/s,more\r\n"
            "spare,resnet50, a10 ,, 8 ,red, throughput ,images/s,,\r\n",
        )
    )
    rows = list(table.rows)
    answers = list(predict_rows(rows, GPUS))
    assert [answer.id for answer in answers] == ['a "b"', "short", "long", "spare"]
    assert "3 cells under 8 columns" in answers[1].error
    assert "9 cells under 8 columns" in answers[2].error
    assert answers[0].value == answers[3].value > 0
    assert table.notes() == ("columns that were not read: colour",)


def test_a_bad_byte_or_an_endless_quote_spoils_its_row_alone(tmp_path):
    table = read_table(
        written(
            tmp_path / "jobs.csv",
            b"id,workload,gpu,notes\ngood,resnet50,a10,caf\xe9\nbad,resnet50,a\xff10,\n"
            b'open,resnet50,a10,"' + b"x" * 140_000 + b'"\nlast,resnet50,a10,\n',
        )
    )
    answers = list(predict_rows(table.rows, GPUS))
    assert [bool(answer.error) for answer in answers] == [False, True, True, False]
    assert "is a quote left open?" in answers[2].error


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no column 'workload'"),
        ("id,gpu\n1,a10\n", "no column 'workload'"),
        ("workload,gpu,batch,batch\n", "two columns 'batch'"),
        ("workload,gpu\n".encode("utf-16"), "no column 'workload'"),
    ],
)
def test_what_is_no_job_table_is_refused_whole(tmp_path, content, why):
    with pytest.raises(UsageError, match=why):
        read_table(written(tmp_path / "jobs.csv", content))


def test_the_command_writes_a_row_a_job_and_says_what_it_did_not_read(whichgpu, tmp_path):
    jobs_csv, out = tmp_path / "jobs.csv", tmp_path / "out.csv"
    jobs_csv.write_text(
        "id,workload,gpu,metric,unit,options,colour\n"
        "1,resnet50,a10,throughput,images/s,colour_depth=8,red\n"
        "1,resnet50,a10,latency,fortnights,,red\n"
    )
    answer = whichgpu("predict", "--jobs", str(jobs_csv), "--out", str(out), "--json")
    assert answer.status == 0
    with out.open(newline="") as handle:
        written_rows = list(csv.DictReader(handle))
    assert list(written_rows[0]) == ["id", "value", "low", "high", "unit", "basis", "error"]
    assert float(written_rows[0]["value"]) == pytest.approx(answer.json["predictions"][0]["value"])
    assert "fortnights" in written_rows[1]["error"]
    assert answer.json["refused"] == 1
    said = " ".join(answer.json["notes"])
    assert all(word in said for word in ("colour", "option colour_depth", "ids of more than one row: 1"))


def test_a_row_takes_the_path_of_a_file_where_a_name_stands(whichgpu, tmp_path):
    """The model of a configuration file is that of its name, and what cannot be read keeps its place."""
    config = {
        "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "vocab_size": 32000, "tie_word_embeddings": False,
    }  # fmt: skip
    (tmp_path / "of-a-row.json").write_text(json.dumps(config))
    rows = [f"{name},a100-80gb-sxm,peak_gpu_memory" for name in (tmp_path / "of-a-row.json", "llama-2-7b")]
    rows.append(f"{tmp_path / 'none.json'},a100-80gb-sxm,peak_gpu_memory")
    (tmp_path / "jobs.csv").write_text("\n".join(["workload,gpu,metric", *rows]))
    told = whichgpu("predict", "--jobs", str(tmp_path / "jobs.csv"), "--json")
    own, known, missing = told.json["predictions"]
    assert own["value"] == known["value"]
    assert "none.json" in missing["error"]
    # What is served reads no files of the machine that it runs on.
    [alone] = predict_rows([{"workload": str(tmp_path / "none.json"), "gpu": "a10"}], catalogue())
    assert "no workload" in alone.error


def test_an_answer_that_cannot_be_written_is_one_line(whichgpu, tmp_path):
    jobs_csv = tmp_path / "jobs.csv"
    jobs_csv.write_text("workload,gpu\nresnet50,a10\n")
    answer = whichgpu("predict", "--jobs", str(jobs_csv), "--out", str(tmp_path / "no" / "out.csv"))
    assert answer.status == 2
    assert "cannot be written" in answer.err
    assert answer.err.count("\n") == 1


def test_columns_are_those_of_the_contract():
    assert " ".join(COLUMNS) == (
        "id workload gpu n_gpus phase precision batch resolution seq_len input_tokens output_tokens "
        "concurrency tp pp steps runtime options metric unit"
    )


def test_every_workload_is_predicted_in_its_own_unit() -> None:
    """Units of all kinds: images, tokens, seconds of audio, GFLOP, GB."""
    from whichgpu.cost.metrics import metric
    from whichgpu.workloads.workload import resolve, workloads

    units = {resolve(name).unit: name for name in workloads()}
    assert {"images", "tokens", "GFLOP", "GB"} <= units.keys()
    rows = [
        {"id": name, "workload": name, "gpu": "b200-180gb-sxm", "metric": "throughput", "unit": unit}
        for name in units.values()
        for unit in ("", metric("throughput").unit_of(name))
    ]
    answers = list(predict_rows(rows, catalogue()))
    assert [answer.error for answer in answers] == [""] * len(rows)
    assert all(one.value == other.value for one, other in zip(answers[::2], answers[1::2], strict=True))


def test_a_full_server_without_lengths_has_those_of_mlperf():
    """Whatever ran it: with "max" and no lengths such a row is a submission's."""
    row = {"workload": "llama-2-70b", "gpu": "mi300x", "n_gpus": "8", "phase": "serve", "precision": "fp8",
           "concurrency": "max", "runtime": "vllm"}  # fmt: skip
    sizes = {"input_tokens": "294", "output_tokens": "294"}
    rows = [row, {**row, **sizes}, {**row, "input_tokens": "2048", "output_tokens": "128"},
            {**row, "concurrency": ""}]  # fmt: skip
    found = [one.value for one in predict_rows([{**one, "id": str(i)} for i, one in enumerate(rows)], GPUS)]
    assert found[0] == found[1] > 3 * found[2]
    assert found[3] < found[0]
    assert read_job(row).output_tokens == 294


def test_rows_that_all_ask_for_no_metric_have_that_as_their_reason():
    (answer,) = predict_rows([{**ROW, "metric": "speed"}], GPUS)
    assert "no metric 'speed'" in answer.error


def test_a_release_that_runs_is_not_refused_for_its_neighbours():
    row = {"id": "a", "workload": "llama-3.2-1b", "gpu": "rtx-pro-6000-blackwell-server",
           "phase": "finetune_full", "precision": "bf16", "metric": "gpu_memory_used"}  # fmt: skip
    texts = ("transformers 4.49 pytorch 2.5", "transformers 4.49 pytorch 2.8")
    old, new = predict_rows([{**row, "runtime": text} for text in texts], GPUS)
    assert "2.5" in old.error
    assert not new.error


def test_a_batch_that_a_server_is_asked_for_are_its_requests_in_flight():
    job = {"workload": "llama-3.1-8b", "gpu": "a100-80gb-sxm", "metric": "tpot", "input_tokens": "512"}
    rows = [{**job, "batch": "4"}, {**job, "concurrency": "4"}, {**job, "concurrency": "max", "batch": "4"}]
    batch, flight, full = (answer.value for answer in predict_rows(rows, GPUS))
    assert batch == flight < 0.5 * full
    assert whichgpu.job("llama-3.1-8b", batch=4.0).concurrency == 4.0
    assert whichgpu.job("llama-3.1-8b", phase="decode", batch=4.0).batch == 4.0


def test_what_ran_and_does_not_fit_was_checkpointed():
    """32 thousand tokens of a 7B on each of four A100 leave no room for all activations of a layer."""
    row = {"workload": "llama-2-7b", "gpu": "a100-80gb-sxm", "n_gpus": "4", "phase": "finetune_full",
           "precision": "bf16", "batch": "8", "seq_len": "4096", "metric": "throughput",
           "runtime": "Transformers Trainer FSDP", "options": "sharding=fsdp"}  # fmt: skip
    small = {**row, "batch": "1"}
    stated = {kind: {**row, "options": f"sharding=fsdp;checkpointing={kind}"} for kind in ("full", "none")}
    found = predict_rows([row, small, *stated.values()], GPUS)
    open_, fits, full, none = (answer.value for answer in found)
    assert open_ == pytest.approx(full, rel=1e-12)
    assert none > 1.2 * full
    assert fits == pytest.approx(next(iter(predict_rows([small], GPUS))).value, rel=1e-12)
    assert any("checkpointing=full was taken in 1 rows" in note for note in found.notes)
    # What a recipe chooses by itself, and what is no language model, is as it was.
    for other in ({**row, "runtime": "Megatron-LM"}, {**row, "workload": "resnet50", "batch": "4096",
                  "phase": "train", "runtime": "PyTorch 2", "seq_len": "", "options": ""}):  # fmt: skip
        assert not predict_rows([other], GPUS).notes


def trained(**cells):
    """A pretraining of Llama 3.1 70B on 64 H100, and what of it differs."""
    row = {"workload": "llama-3.1-70b", "gpu": "h100-80gb-sxm", "n_gpus": "64", "phase": "pretrain"}
    return {**row, "precision": "bf16", "seq_len": "8192", "metric": "throughput", **cells}


def test_a_training_that_states_no_layout_is_sharded_so_that_it_fits():
    alike = {
        "": "sharding=fsdp;checkpointing=full", "checkpointing=full": "sharding=fsdp;checkpointing=full",
        "sharding=none;checkpointing=none": "", "sharding=none": "",
    }  # fmt: skip
    for options, meant in alike.items():
        (found,) = predict_rows([trained(options=options)], GPUS)
        if not meant:
            assert found.error.startswith("does not fit: it needs "), options
            continue
        (stated,) = predict_rows([trained(options=meant)], GPUS)
        assert found.value == stated.value, options
    # A tenth of the model fits as a whole replica: nothing is taken.
    small = predict_rows([trained(workload="llama-3.2-1b", seq_len="2048")], GPUS)
    assert not any("was taken" in note for note in small.notes)


def test_what_was_taken_so_that_rows_fit_is_counted():
    rows = [trained(), trained(n_gpus="128"), trained(workload="mixtral-8x7b", seq_len="4096", n_gpus="64")]
    found = predict_rows(rows, GPUS)
    assert not found.refused
    notes = " ".join(found.notes)
    assert "sharding=fsdp was taken in 2 rows" in notes
    assert "ep=8 was taken in 1 rows that state none and would not fit without; state ep=1 where" in notes
    # Twelve replicas cannot deal eight experts out.
    mixtral = {"workload": "mixtral-8x7b", "seq_len": "4096", "n_gpus": "12"}
    twelve, sharded = predict_rows([trained(**mixtral), trained(**mixtral, options="sharding=fsdp")], GPUS)
    assert twelve.value == sharded.value
