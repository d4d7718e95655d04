"""What was measured comes first, with the model's own prediction and what is nearest beside it."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from whichgpu import api
from whichgpu.cost.calibration import evidence as evidence_of
from whichgpu.cost.calibration.effects import fit
from whichgpu.cost.calibration.evidence import NEAREST, evidence
from whichgpu.cost.calibration.measured import left_out, measured_rows
from whichgpu.cost.estimate import estimate
from whichgpu.cost.explain import explain
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.reading.metrics import TIMED
from whichgpu.cost.serving.measuring import how_to_measure
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.cost.table.rows import read_head, read_job
from whichgpu.errors import WhichGpuError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.names import resolve as resolve_gpu
from whichgpu.workloads.hub import hub_name
from whichgpu.workloads.workload import meaning, resolve, workloads

pytestmark = pytest.mark.slow

GPUS = catalogue()
LLAMA = {"phase": "decode", "precision": "q4_k_m", "batch": 1, "output_tokens": 512,
         "runtime": "llama.cpp (May 2024)"}  # fmt: skip
MEASURED = (
    "predict", "llama-3-8b", "--gpu", "rtx-3070", "--phase", "decode", "--precision", "q4_k_m", "--batch",
    "1", "--output-tokens", "512", "--runtime", "llama.cpp (May 2024)",
)  # fmt: skip


def asked(workload, gpu, **columns):
    answer = estimate(api.job(workload, **columns), [GPUS[gpu]], explain=True).at(0, 0)
    return answer, evidence(answer, GPUS[gpu], GPUS)


def test_a_measured_job_has_its_value_its_row_and_the_model_s_error():
    answer, known = asked("llama-3-8b", "rtx-3070", **LLAMA)
    (row,) = [one for one in measured_rows() if one["id"] == "xd-00001"]
    assert [one.id for one in known.exact] == ["xd-00001"]
    one = known.exact[0]
    assert one.exact
    assert one.value == known.value.mid == float(row["value"])
    assert known.value.low < known.value.mid < known.value.high
    assert one.source == row["source"]
    assert one.predicted.mid == pytest.approx(answer.throughput.mid)
    assert one.error == pytest.approx(answer.throughput.mid / one.value - 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch": 2}, "batch 1"),
        ({"output_tokens": 600}, "output tokens 512"),
        ({"precision": "fp16"}, "precision q4_k_m"),
        ({"runtime": "vllm"}, "runtime llama-cpp"),
        ({"tp": 2, "n_gpus": 2}, "n gpus 1"),
    ],
)
def test_another_job_is_not_measured_and_says_what_differs(change, words):
    _, known = asked("llama-3-8b", "rtx-3070", **{**LLAMA, **change})
    assert known.value is None
    assert known.exact == ()
    assert any(words in one.differs for one in known.nearest), [one.differs for one in known.nearest]


def test_the_nearest_come_in_the_order_of_their_distance():
    _, known = asked("llama-3-8b", "rtx-4080", **{**LLAMA, "output_tokens": 700})
    far = [one.distance for one in known.nearest]
    assert len(far) == NEAREST
    assert far == sorted(far)
    assert known.nearest[0].gpu == "rtx-4080"
    _, other = asked("stable-diffusion-1.5", "a10")
    assert {one.workload for one in other.nearest} == {"stable-diffusion-1.5"}
    assert len({(one.gpu, one.differs) for one in other.nearest}) == len(other.nearest)


@pytest.mark.parametrize(
    ("name", "gpu", "columns"),
    [
        ("resnet50", "rtx-a6000", {}), ("llama-3-8b", "rtx-3070", LLAMA), ("llama-3.1-8b", "l40s", {}),
        ("bert-large", "a10", {"phase": "train"}), ("sdxl", "rtx-4090", {}),
    ],
)  # fmt: skip
def test_what_is_read_in_the_order_of_the_least_that_it_may_be_off_is_in_that_of_what_it_is(
    name, gpu, columns, monkeypatch
):
    answer = estimate(api.job(name, **columns), [GPUS[gpu]]).at(0, 0)
    wanted, read = evidence_of._Wanted(answer, GPUS[gpu]), []
    rows = list(evidence_of._related(wanted, GPUS))
    plain = []
    for row, device in rows:
        with suppress(WhichGpuError):
            plain.append(evidence_of._near(wanted, row, device))
    plain = [one for one in plain if one.far == 0.0 or one.row["metric"] in TIMED]
    plain.sort(key=lambda one: one.far)
    near = evidence_of._near
    monkeypatch.setattr(evidence_of, "_near", lambda *row: read.append(row) or near(*row))
    told = evidence_of._in_order(wanted, rows)
    first = [next(told) for _ in range(3)]
    assert len(read) < len(rows)
    assert [one.row["id"] for one in [*first, *told]] == [one.row["id"] for one in plain]


def test_a_row_that_states_no_format_is_as_far_as_its_runtime_s_own():
    # MLPerf's rows name TensorRT and no format: they ran in INT8.
    _, known = asked("resnet50", "a10", phase="infer", precision="fp16")
    first = known.nearest[0]
    assert first.precision == "fp16"
    assert not any("precision" in one for one in first.differs)
    _, known = asked("resnet50", "a10", phase="infer", precision="int8", runtime="TensorRT 8.6")
    assert "TensorRT" in known.nearest[0].runtime
    # The copies that autocast multiplies are half another format.
    eager = {"batch": 1024, "runtime": "PyTorch 2.4", "options": {"layout": "channels_last"}}
    _, mixed = asked("resnet50", "rtx-3090", phase="infer", precision="fp16", **eager)
    assert (mixed.nearest[0].precision, mixed.nearest[0].distance) == ("amp-fp16", 0.5)


def test_a_short_answer_tells_of_the_first_of_the_nearest(whichgpu):
    ask = ("predict", "resnet50", "--gpu", "a10", "--plain")
    (line,) = re.findall(r"Nearest measured: ([\d,]+)", whichgpu(*ask).out)
    assert f" {line} images/s" in whichgpu(*ask, "--all").out.partition("nearest to it")[2].splitlines()[4]


def test_a_workload_that_was_never_timed_is_told_of_its_family():
    told = {row["workload"] for row in measured_rows()}
    never = next(one for one in workloads().values() if one.family == "decoder"
                 and not any(meaning(one)(name) for name in told))  # fmt: skip
    _, known = asked(never.id, "h100-80gb-sxm")
    assert known.value is None
    assert known.nearest
    assert {resolve(one.workload).family for one in known.nearest} == {"decoder"}
    assert all(one.distance >= 8 for one in known.nearest)


def test_rows_that_are_set_aside_are_no_evidence():
    bad = next(row for row in measured_rows() if left_out(row) and row["metric"] == "throughput")
    asked_for = read_job(bad)
    answer = estimate(asked_for, [resolve_gpu(bad["gpu"], GPUS)], explain=True).at(0, 0)
    known = evidence(answer, resolve_gpu(bad["gpu"], GPUS), GPUS)
    assert bad["id"] not in {one.id for one in known.rows}


def test_the_command_shows_what_was_measured_first(whichgpu):
    answer = whichgpu(*MEASURED)
    first = answer.out.split("\n\n")[0]
    assert first.startswith("Measured: 72.8 tokens/s, in xd-00001 (XiongjieDai")
    assert "90 % interval" in answer.out
    document = whichgpu(*MEASURED, "--json").json
    assert document["basis"] == "measured"
    assert document["value"]["mid"] == 72.79
    assert document["predicted"]["basis"] == "interpolated"
    assert document["predicted"]["value"]["mid"] != 72.79
    exact = [one for one in document["evidence"] if one["exact"]]
    assert [one["id"] for one in exact] == ["xd-00001"]
    assert all({"source", "value", "unit", "predicted", "error", "differs"} <= one.keys()
               for one in document["evidence"])  # fmt: skip


def test_tables_of_jobs_are_the_model_s_own(whichgpu):
    (row,) = [one for one in measured_rows() if one["id"] == "xd-00001"]
    (answer,) = predict_rows([row], GPUS)
    assert answer.basis == "interpolated"
    assert answer.value != float(row["value"])
    assert answer.value == pytest.approx(whichgpu(*MEASURED, "--json").json["predicted"]["value"]["mid"])


def test_the_chain_is_explained(whichgpu):
    answer = whichgpu(*MEASURED, "--explain")
    for words in ("Coefficients", "memory traffic of gemm", "Measurements of this job", "xd-00002",
                  "Interval: ", "To measure it: llama-bench -m llama-3-8b-q4_k_m.gguf",
                  "embedding.tokens"):  # fmt: skip
        assert words in answer.out, words
    assert "more" not in re.findall(r"^\d+ more", answer.out)
    why = whichgpu(*MEASURED, "--explain", "--json").json["explanation"]
    assert why["interval"]["widths"]["seen"] > 0
    assert why["measure"]["command"].startswith("llama-bench")


def test_effects_make_the_factor_and_name_their_rows():
    answer, _ = asked("resnet50", "v100-16gb-sxm", phase="train", n_gpus=4)
    why = explain(answer, GPUS["v100-16gb-sxm"])
    counts = dict(store.load("scoreboard")["effects"]["rows"])
    shares = [one.share for one in why.coefficients if one.share is not None]
    assert shares == sorted(shares, reverse=True)
    assert any(one.part == "links between GPUs" for one in why.coefficients)
    for one in why.coefficients:
        assert one.factor == pytest.approx(2.718281828 ** sum(effect.value for effect in one.effects))
        for effect in one.effects:
            assert effect.name in fit().effects
            assert effect.rows == int(counts[effect.name]) > 0


def test_an_unseen_gpu_widens_the_interval_and_says_so(whichgpu):
    seen = store.load("fits")["spreads"]["group"]["resnet infer"]["gpus"]
    assert "a10" not in seen
    answer, _ = asked("resnet50", "a10")
    assert {"seen", "gpu"} <= explain(answer, GPUS["a10"]).widths.keys()
    assert "GPUs left out of it" in whichgpu("predict", "resnet50", "--gpu", "a10", "--explain").out


@pytest.mark.parametrize("key", sorted(runtimes()))
def test_every_runtime_has_a_command_with_its_columns_filled_in(key):
    for name, columns in (("resnet50", {"batch": 8.0, "height": 224.0, "width": 224.0}),
                          ("llama-2-7b", {"phase": "serve", "tp": 2.0})):  # fmt: skip
        job = resolve(name).complete(api.job(name, **columns))
        text, source = how_to_measure(job, key)
        assert name in text or hub_name(name) in text
        assert source.startswith(("https://", "docs/bench.md"))
        assert "{model}" not in text


def test_few_rows_are_read_through_the_index(tmp_path):
    (tmp_path / "measured").mkdir()
    file = tmp_path / "measured" / "a.csv"
    file.write_text("id,workload,value\n1,x,5\n2,y,6\n3,x,7\n")
    for _ in range(2):  # the second time from the index
        rows = store.select("measured", lambda name: name == "x", tmp_path)
        assert [row["id"] for row in rows] == ["1", "3"]
    assert (tmp_path / "bundle" / "measured.rows").exists()
    file.write_text("id,workload,value\n1,x,5\n2,x,66\n")
    store.load.cache_clear()
    rows = store.select("measured", lambda name: name == "x", tmp_path)
    assert [row["value"] for row in rows] == ["5", "66"]
    assert [row["value"] for row in store.select("measured", lambda name: True, tmp_path)] == ["5", "66"]


def test_rows_of_the_user_s_own_are_evidence_too(tmp_path, monkeypatch):
    (tmp_path / "measured").mkdir()
    first = store.load("measured")["classic"]["columns"]
    row = {**dict.fromkeys(first, ""), "id": "mine-1", "source": "my rack", "workload": "resnet50",
           "gpu": "a10", "n_gpus": "1", "phase": "infer", "metric": "throughput", "unit": "images/s",
           "value": "2000"}  # fmt: skip
    (tmp_path / "measured" / "mine.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    monkeypatch.setenv("WHICHGPU_DATA", str(tmp_path))
    store.load.cache_clear()
    try:
        _, known = asked("resnet50", "a10")
    finally:
        store.load.cache_clear()
    assert [one.id for one in known.exact] == ["mine-1"]
    assert known.value.mid == 2000


def test_rows_of_a_workload_are_found_without_the_names_of_others(monkeypatch):
    spelled = {row["workload"] for row in store.select("measured", meaning(resolve("llama-3.1-8b")))}
    assert spelled - {"llama-3.1-8b"}, "no row spells it another way: take another workload"
    answer = estimate(api.job("llama-3.1-8b"), [GPUS["rtx-4090"]]).at(0, 0)
    read_head.cache_clear()
    monkeypatch.setattr(
        "whichgpu.workloads.spelled.by_spelling", lambda: pytest.fail("names of all were read")
    )
    assert evidence(answer, GPUS["rtx-4090"], GPUS).rows


@pytest.mark.thorough
def test_a_name_in_a_row_means_the_one_workload_that_is_called_so():
    called = {key: meaning(one) for key, one in workloads().items()}
    for name in {row["workload"] for row in store.rows("measured")}:
        assert [key for key, means in called.items() if means(name)] in ([], [resolve(name).id]), name
