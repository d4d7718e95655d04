"""Units and metrics of tables of jobs as people write them."""

from __future__ import annotations

import re

import pytest
from job_rows import values

from whichgpu.cost.reading import wording
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.hardware.catalogue import catalogue

GPUS = catalogue()
ROW = {"id": "a", "workload": "resnet50", "gpu": "a10", "batch": "8"}


@pytest.mark.parametrize(
    ("metric", "unit", "like", "factor"),
    [
        ("images/sec", "", "images/s", 1), ("images per minute", "", "images/s", 60),
        ("infer_samples_per_sec", "", "images/s", 1), ("FPS", "", "images/s", 1),
        ("fps", "img/s", "images/s", 1), ("training speed", "records/s", "images/s", 1),
        ("ms", "", "", 1e3),
        ("inference latency", "ms", "", 1e3), ("latency per image", "ms", "", 1e3 / 8),
        ("step time", "ms", "", 1e3), ("infer_step_time", "ms", "", 1e3), ("E2E time (s)", "", "", 1),
        ("FPS_bs=8", "", "images/s", 1), ("Latency (Sec)", "", "", 1), ("latency", "MS", "", 1e3),
        ("throughput", "pics/s", "images/s", 1),
        ("throughput", "images-per-sec", "images/s", 1), ("throughput", "inf/s", "images/s", 1),
        ("throughput", "kimg/s", "images/s", 1e-3), ("throughput", "images/ms", "images/s", 1e-3),
        ("Throughput images/sec", "", "images/s", 1),
        ("Throughput - mixed precision", "img/s", "images/s", 1),
        ("Throughput (images/sec)", "", "images/s", 1), ("Peak throughput, FP16", "img/s", "images/s", 1),
        ("forward time (ms)", "", "", 1e3), ("latency", "ms/batch", "", 1e3),
        # A unit may leave out what the metric says that it is of.
        ("Inf time", "fps", "images/s", 1), ("Speed V100 b8", "ms", "", 1e3 / 8),
        ("runtime", "ms", "", 1e3), ("TRT-FP16-Latency (ms)", "", "", 1e3),
        ("perf/W", "img/s/W", "images/J", 1),
        ("abs_latency", "ms", "", 1e3), ("control frequency", "Hz", "images/s", 1),
        ("latency", "ms per inference step", "", 1e3), ("ms per inference step", "", "", 1e3),
        ("Time (ms) per inference step (GPU)", "", "", 1e3),
        ("ms/img", "ms", "", 1e3 / 8), ("speed (ms per image)", "ms", "", 1e3 / 8),
        ("time", "msecs", "", 1e3),
        ("", "s", "", 1), ("", "min", "", 1 / 60), ("", "infer_samples_per_sec", "images/s", 1),
        ("throughput", "batches/s", "images/s", 1 / 8), ("throughput", "images processed/s", "images/s", 1),
    ],
)  # fmt: skip
def test_a_unit_stands_for_its_metric(metric, unit, like, factor):
    asked, plain = predict_rows(
        [{**ROW, "metric": metric, "unit": unit}, {**ROW, "metric": "" if like else "latency", "unit": like}],
        GPUS,
    )
    assert not asked.error
    assert asked.value == pytest.approx(plain.value * factor)
    assert asked.unit == unit or set(asked.unit.split(" ")) <= set(re.split(r"[_ ()]", metric))


def test_what_a_metric_is_of_counts_where_the_unit_leaves_it_out():
    """A GPU of several, a user of several."""
    trains = {**ROW, "phase": "train", "n_gpus": "8", "unit": "images/s"}
    each, whole = predict_rows([{**trains, "metric": "images/s per GPU"}, trains], GPUS)
    assert each.value == pytest.approx(whole.value / 8)
    served = {"id": "a", "workload": "llama-3.1-8b", "gpu": "h100-80gb-sxm", "phase": "serve",
              "unit": "tok/s", "concurrency": "32", "input_tokens": "1024",
              "output_tokens": "256"}  # fmt: skip
    said = ("TPS per user", "per-request throughput", "interactivity", "intvty", "median_intvty")
    answers = predict_rows([{**served, "metric": one} for one in said], GPUS)
    assert len({one.value for one in answers}) == 1
    several = {**served, "n_gpus": "2", "tp": "2"}
    said = ("output_tput_per_gpu", "output_tokens_per_gpu", "output tokens/s")
    first, second, all_together = predict_rows([{**several, "metric": one} for one in said], GPUS)
    assert first.value == second.value == pytest.approx(all_together.value / 2)
    (frames, seconds) = predict_rows(
        [{"id": "a", "workload": "wan-2.1-t2v-1.3b", "gpu": "rtx-4090", "metric": name, "unit": unit}
         for name, unit in (("FPS", "fps"), ("latency", "s"))], GPUS,
    )  # fmt: skip
    assert frames.value == pytest.approx(81 / seconds.value)


def test_the_time_for_one_is_the_rate_turned_round():
    picture, rate = predict_rows([{**ROW, "metric": "latency", "unit": "ms/img"}, ROW], GPUS)
    assert picture.value == pytest.approx(1e3 / rate.value)
    assert picture.low == pytest.approx(1e3 / rate.high)
    training = {**ROW, "phase": "train", "batch": "32"}
    step, update, rate = predict_rows(
        [{**training, "metric": "s/it"}, {**training, "unit": "it/s"}, training], GPUS
    )
    assert step.value == pytest.approx(32 / rate.value) == pytest.approx(1.0 / update.value)
    speech = {"workload": "whisper-small", "gpu": "a100-80gb-sxm", "phase": "transcribe", "unit": "audio s/s"}
    real, factor = predict_rows([speech, {**speech, "metric": "RTF", "unit": ""}], GPUS)
    assert factor.value == pytest.approx(1.0 / real.value)
    said = [{**speech, "metric": "real-time factor", "unit": unit} for unit in ("x", "")]
    said.append({**speech, "metric": "speed", "unit": "x"})
    times, share, speed = predict_rows(said, GPUS)
    assert (times.value, share.value, speed.value) == (real.value, factor.value, real.value)
    voice = {"workload": "hifigan", "gpu": "a10", "phase": "infer"}
    samples, times = predict_rows([voice, {**voice, "metric": "x realtime"}], GPUS)
    assert samples.value == pytest.approx(22_050 * times.value)
    (power,) = predict_rows([{**ROW, "metric": "power", "unit": "images/s"}], GPUS)
    assert "none of power" in power.error


def test_power_energy_and_memory_in_words():
    names = ("power", "GPU power draw", "average power (W)", "energy", "energy per image", "img/s/W")
    watts, *same, joules, each, turned = predict_rows(
        [{**ROW, "metric": "perf per watt" if "/" in name else name, "unit": name if "/" in name else ""}
         for name in names], GPUS,
    )  # fmt: skip
    assert {one.value for one in same} == {watts.value}
    assert each.value == joules.value == pytest.approx(1.0 / turned.value)
    held = [{**ROW, "metric": name, "unit": "GB"} for name in ("memory", "peak memory", "vram usage")]
    assert len({one.value for one in predict_rows(held, GPUS)}) == 1


@pytest.mark.parametrize("unit", ["", "%", "images/s"])
def test_efficiency_alone_is_of_nothing(unit: str) -> None:
    """Of scaling, of a peak or of energy, which its unit tells."""
    [one] = predict_rows([{**ROW, "metric": "efficiency", "unit": unit}], GPUS)
    assert "write TFLOPS" in one.error
    asks = (("efficiency", "images/J"), ("efficiency (images/s/W)", ""), ("energy efficiency", ""))
    told = list(predict_rows([{**ROW, "metric": name, "unit": said} for name, said in asks], GPUS))
    assert len({one.value for one in told}) == 1
    assert not any(one.error for one in told)


def test_arithmetic_of_a_training_is_three_forward_passes():
    """Two FLOPs a parameter and token of the forward pass, attention and head beside; of each GPU."""
    row = {
        "workload": "llama-3-8b",
        "gpu": "h100-80gb-sxm",
        "n_gpus": "8",
        "phase": "pretrain",
        "seq_len": "2048",
    }
    asked = [("throughput", "TFLOPS"), ("TFLOP/s per GPU", ""), ("throughput", "PFLOPS"), ("throughput", ""),
             ("throughput per GPU", "tok/s"), ("throughput", "tokens/s/card"), ("wps", "")]  # fmt: skip
    each, same, whole, rate, own, card, words = predict_rows(
        [{**row, "metric": metric, "unit": unit} for metric, unit in asked], GPUS
    )
    assert not each.error
    assert same.value == each.value == pytest.approx(whole.value * 1e3 / 8)
    assert own.value == card.value == pytest.approx(rate.value / 8)
    assert words.value == rate.value
    assert each.value * 1e12 / own.value == pytest.approx(6 * 8.03e9, rel=0.1)


def test_totals_of_a_server_count_its_prompts():
    row = {"workload": "llama-3.1-8b", "gpu": "h100-80gb-sxm", "concurrency": "8", "input_tokens": "512",
           "output_tokens": "256"}  # fmt: skip
    rate, total, words, prompts = predict_rows(
        [{**row, "metric": name} for name in
         ("throughput", "Total tokens/s", "total token throughput (tok/s)", "prompt eval rate")], GPUS,
    )  # fmt: skip
    assert total.value == words.value == pytest.approx(3 * rate.value)
    assert prompts.value > rate.value


def test_a_sample_of_mlperf_s_recommendation_is_a_user_with_many_items():
    row = {
        "workload": "dlrm-v2",
        "gpu": "h100-80gb-sxm",
        "n_gpus": "8",
        "precision": "int8",
        "runtime": "TensorRT",
    }
    pairs, *users = predict_rows(
        [
            {**row, "phase": "infer"},
            {**row, "phase": "Offline"},
            {**row, "workload": "dlrm-v2-99.9", "phase": "infer"},
        ],
        GPUS,
    )
    assert [one.value for one in users] == pytest.approx(2 * [pairs.value / 270])


def test_releases_of_tensorrt_and_cuda_are_of_mlperf_whatever_stands_between_them():
    row = {"workload": "dlrm", "gpu": "a100-80gb-sxm", "phase": "infer", "precision": "int8", "batch": "2048"}
    texts = ["TensorRT 8.5, CUDA 11.8", "TensorRT 8.5 CUDA 11.8", "TensorRT 8.5 / CUDA 11.8", "TensorRT 8.5"]
    *users, pairs = (one.value for one in predict_rows([{**row, "runtime": text} for text in texts], GPUS))
    assert users == pytest.approx(3 * users[:1])
    assert pairs > 50 * users[0]


def test_a_submission_to_mlperf_counts_users_whatever_its_name_and_its_phase_say():
    row = {"workload": "dlrm", "gpu": "a100-80gb-sxm", "precision": "int8", "phase": "infer"}
    texts = ("TensorRT 8.4, CUDA 11.6", "TensorRT 8.4 (MLPerf v2.1)", "TensorRT 8.4")
    users, also, pairs = (
        one.value for one in predict_rows([{**row, "runtime": text} for text in texts], GPUS)
    )
    assert users == pytest.approx(also)
    # One kernel gathers and multiplies there.
    assert 0.8 * pairs / 270 < users < 4 * pairs / 270
    trained = {**row, "phase": "train", "precision": "amp-fp16", "batch": "65536", "n_gpus": "8"}
    named, unnamed = predict_rows(
        [{**trained, "runtime": one} for one in ("MLPerf PyTorch 2.1", "PyTorch 2.1")], GPUS
    )
    # Its steps wait less for the host.
    assert named.value == pytest.approx(unnamed.value, rel=0.02)


def test_the_first_token_of_a_prompt_is_its_time():
    row = {"workload": "llama-3-8b", "gpu": "a100-80gb-sxm", "phase": "prefill", "batch": "1"}
    first, whole = values({**row, "metric": "ttft"}, {**row, "metric": "latency"})
    assert first == whole


def test_speech_by_its_tokens_and_its_frames():
    row = {
        "workload": "whisper-large-v3",
        "gpu": "a100-80gb-sxm",
        "phase": "transcribe",
        "output_tokens": "120",
    }
    seconds, tokens = values({**row, "unit": "audio s/s"}, {**row, "unit": "tokens/s"})
    assert tokens == pytest.approx(seconds * 120 / 30)
    row = {"workload": "hifigan", "gpu": "a100-80gb-sxm", "phase": "train"}
    samples, frames = values(row, {**row, "unit": "frames/s"})
    assert frames == pytest.approx(samples / 256)
    spoken = {"workload": "tacotron2", "gpu": "a100-80gb-sxm", "phase": "train"}
    made, named = values({**spoken, "unit": "mel-frames/s"}, {**spoken, "metric": "frames/s"})
    assert named == made


def test_an_epoch_is_as_long_as_its_data_set():
    (epoch,) = predict_rows([{**ROW, "phase": "train", "metric": "s/epoch", "unit": "s"}], GPUS)
    assert "data set" in epoch.error
    assert "images/s" in epoch.error
    (whole,) = predict_rows([{**ROW, "phase": "train", "metric": "time to train", "unit": "min"}], GPUS)
    assert "takes to learn" in whole.error


def test_plain_units_are_what_the_forms_leave_as_they_are() -> None:
    forms = [(re.compile(form, re.IGNORECASE), instead) for form, instead in wording._FORMS]
    assert [one for one in wording.PLAIN for form, instead in forms if form.sub(instead, one) != one] == []
    assert wording.unit("images/s") == "images/s"
    assert wording.of_each("ms per image", "ms") == "ms/image"


@pytest.mark.parametrize(
    ("row", "metric", "unit", "like", "factor"),
    [
        ({"workload": "rife-4.6", "gpu": "rtx-3060-12gb"}, "throughput", "fps", "frames/s", 1),
        ({"workload": "graphsage-products", "gpu": "rtx-3090"}, "throughput", "nodes/s", "samples/s", 1),
        ({"workload": "wan-2.1-t2v-1.3b", "gpu": "rtx-4090"}, "throughput", "frames/s", "videos/s", 81),
        ({"workload": "resnet50", "gpu": "t4"}, "efficiency", "images/s/W", "images/J", 1),
        ({"workload": "resnet50", "gpu": "t4"}, "throughput", "images/s/watt", "images/J", 1),
        ({"workload": "resnet50", "gpu": "t4"}, "latency", "µs", "", 1e6),
        ({"workload": "llama-3-8b", "gpu": "h100-80gb-sxm", "phase": "serve"}, "interactivity", "tok/s/user",
         "tok/s per user", 1),
        ({"workload": "llama-3-8b", "gpu": "h100-80gb-sxm", "phase": "pretrain", "n_gpus": "8"}, "tgs", "",
         "tokens/s/gpu", 1),
    ],
)  # fmt: skip
def test_what_else_tables_count(row: dict[str, str], metric: str, unit: str, like: str, factor: float):
    usual = {"metric": "latency"} if unit == "µs" else {"metric": like}
    one, other = predict_rows([{**row, "metric": metric, "unit": unit}, {**row, **usual}], GPUS)
    assert not one.error
    assert one.value == pytest.approx(other.value * factor, rel=1e-6)


def test_energy_is_of_what_it_names():
    """Tokens of a sample or a request, pictures of a batch; of what no job makes it is of nothing."""
    trained = {"workload": "gpt2", "gpu": "a40", "phase": "train", "batch": "8", "seq_len": "1024"}
    token, sample, words, step = values(
        *({**trained, "metric": name, "unit": unit} for name, unit in (
            ("energy", "J/token"), ("energy", "J/sample"), ("energy per sequence (J)", ""), ("J/step", ""))),
    )  # fmt: skip
    assert sample == words == pytest.approx(1024 * token)
    assert step == pytest.approx(8 * sample)
    served = {"workload": "llama-3.1-8b", "gpu": "h100-80gb-sxm", "phase": "serve", "concurrency": "32",
              "input_tokens": "512", "output_tokens": "256"}  # fmt: skip
    token, request = values(
        *({**served, "metric": name} for name in ("J / output token", "energy per request"))
    )
    assert request == pytest.approx(256 * token)
    pictures = {"workload": "sdxl", "gpu": "a40", "batch": "4"}
    image, batch = values(*({**pictures, "metric": name} for name in ("energy", "energy per batch (kJ)")))
    assert batch == pytest.approx(4e-3 * image)
    (refused,) = predict_rows([{**pictures, "metric": "energy per token (J)"}], GPUS)
    assert "this workload makes images" in refused.error


@pytest.mark.parametrize(
    ("metric", "like", "factor"),
    [("V100 TensorRT FP16 (FPS)", "images/s", 1), ("Speed trt fp16 b32 (ms)", "", 1e3)],
)
def test_a_heading_that_says_nothing_has_its_unit(metric, like, factor):
    asked, plain = values(
        {**ROW, "metric": metric}, {**ROW, "metric": "" if like else "latency", "unit": like}
    )
    assert asked == pytest.approx(plain * factor)
