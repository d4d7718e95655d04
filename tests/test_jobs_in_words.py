"""Tables of jobs as people write them: units for metrics, tests of llama-bench, software by its own name."""

from __future__ import annotations

import re

import pytest

from whichgpu import api
from whichgpu.cost.reading import wording
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import WhichGpuError
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
        ("step time", "ms", "", 1e3),
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
    said = ("TPS per user", "per-request throughput", "interactivity")
    answers = predict_rows([{**served, "metric": one} for one in said], GPUS)
    assert len({one.value for one in answers}) == 1
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


def test_numbers_as_tables_write_them():
    said = [
        ("n_gpus", "8 GPUs", "8"), ("n_gpus", "4x", "4"), ("batch", "64 per GPU", "64"),
        ("batch", "bs=64", "64"), ("batch", "256/GPU", "256"), ("batch", "2,048", "2048"),
        ("batch", "2K", "2048"), ("batch", "~500", "500"), ("batch", "n/a", ""),
        ("batch", "16 (global 128)", "16"), ("phase", "object detection", "infer"),
        ("resolution", "auto", ""), ("resolution", "256\u00b2", "256"),
    ]  # fmt: skip
    rows = [{**ROW, name: text} for name, *texts in said for text in texts]
    answers = list(predict_rows(rows, GPUS))
    for (name, text, _), worded, plain in zip(said, answers[::2], answers[1::2], strict=True):
        assert not worded.error, (name, text)
        assert worded.value == plain.value, (name, text)
    served = {"workload": "llama-3-8b", "gpu": "a100-80gb-sxm", "phase": "serve"}
    worded, plain = predict_rows(
        [{**served, "input_tokens": "1k", "output_tokens": "128 tokens", "concurrency": "64 users"},
         {**served, "input_tokens": "1024", "output_tokens": "128", "concurrency": "64"}], GPUS,
    )  # fmt: skip
    assert worded.value == plain.value
    full, most = predict_rows([{**served, "concurrency": text} for text in ("Offline", "max")], GPUS)
    assert full.value == most.value
    degrees = {"workload": "llama-3-70b", "gpu": "h100-80gb-sxm:64", "phase": "pretrain"}
    upper, lower = predict_rows([{**degrees, "options": text} for text in ("TP=8;PP=4", "tp=8;pp=4")], GPUS)
    assert upper.value == lower.value
    for text in ("max", "64-128", "64 total", "64 (global)"):
        (wrong,) = predict_rows([{**ROW, "batch": text}], GPUS)
        assert "is not a number" in wrong.error


def test_programs_over_llama_cpp_have_one_request_in_flight():
    row = {"workload": "llama-3-8b", "gpu": "rtx-4090", "precision": "q4_k_m"}
    plain, *others = predict_rows(
        [{**row, "runtime": name} for name in ("llama.cpp", "Jan.ai", "mistral.rs", "LocalAI")], GPUS
    )
    assert {one.value for one in others} == {plain.value}


def test_a_picture_takes_its_steps_and_a_machine_may_have_fewer_gpus_at_work():
    made = {"workload": "sdxl", "gpu": "rtx-4090", "phase": "generate"}
    step, rate = predict_rows([{**made, "unit": "s/it"}, {**made, "unit": "it/s"}], GPUS)
    assert step.value == pytest.approx(1.0 / rate.value)
    box = {**ROW, "gpu": "DGX H100 (8x H100-SXM-80GB, TensorRT)"}
    whole, one, plain = predict_rows([box, {**box, "n_gpus": "1"}, {**ROW, "gpu": "h100-80gb-sxm:8"}], GPUS)
    assert whole.value == plain.value > 7 * one.value


def test_what_a_name_says_is_trained_is_so_whatever_the_phase():
    row = {"gpu": "h100-80gb-sxm:8", "unit": "tokens/s"}
    named, said, plain = predict_rows(
        [{**row, "workload": "llama2_70b_lora", "phase": "train"}, {**row, "workload": "llama2_70b_lora"},
         {**row, "workload": "llama-2-70b", "phase": "finetune_lora"}], GPUS,
    )  # fmt: skip
    assert named.value == said.value == plain.value
    held = api.predict("llama-3.1-70b", "h100-80gb-sxm", n_gpus=4)
    assert held.job.tp == api.predict("llama-3.1-70b", "h100-80gb-sxm:4").job.tp == 4


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


def test_options_that_are_columns_are_those():
    """Where the column is empty; what it states is kept."""
    row = {"workload": "llama-3.1-70b", "gpu": "h100-80gb-sxm", "n_gpus": "8", "concurrency": "64"}
    said, stated, both = predict_rows(
        [{**row, "options": "tp=8;batch_size=1"}, {**row, "tp": "8", "batch": "1"},
         {**row, "tp": "4", "options": "tp=8"}], GPUS,
    )  # fmt: skip
    assert said.value == stated.value != both.value
    rates = [
        {**row, "metric": name, "unit": "tok/s"}
        for name in ("eval rate", "tg", "output throughput", "throughput")
    ]
    assert len({one.value for one in predict_rows(rates, GPUS)}) == 1


def test_phases_of_llama_bench_state_their_lengths():
    model = {"workload": "llama-3-8b", "gpu": "rtx-3090", "precision": "q4_k_m", "runtime": "llama.cpp"}
    short, long, same = predict_rows(
        [{**model, "phase": "pp512"}, {**model, "phase": "pp4096"},
         {**model, "phase": "prefill", "input_tokens": "4096"}], GPUS,
    )  # fmt: skip
    assert long.value == same.value != short.value
    assert api.job("llama-3-8b", phase="tg64").output_tokens == 64.0
    assert api.job("llama-3-8b", phase="tg64", output_tokens=32).output_tokens == 32.0


def test_tokens_of_a_program_that_measures_them_follow_no_prompt():
    """llama-bench's tg128 begins with an empty cache; 512 tokens of Llama 2 7B take 6 % of what is read."""
    model = {"workload": "llama-2-7b", "gpu": "rtx-3090", "precision": "q4_0", "runtime": "llama.cpp"}
    bench, told, behind = predict_rows(
        [{**model, "phase": "tg128"},
         {**model, "phase": "decode", "input_tokens": "1", "output_tokens": "128"},
         {**model, "phase": "decode", "input_tokens": "512", "output_tokens": "128"}], GPUS,
    )  # fmt: skip
    assert bench.value == pytest.approx(told.value)
    assert 1.04 < bench.value / behind.value < 1.12
    # A server's requests have prompts, whatever program it is.
    usual, prompt = predict_rows(
        [{**model, "phase": "serve"}, {**model, "phase": "serve", "input_tokens": "512"}], GPUS
    )
    assert usual.value == pytest.approx(prompt.value)


def test_a_batch_beside_a_length_is_of_sequences():
    row = {
        "workload": "bert-large",
        "gpu": "v100-16gb-sxm",
        "phase": "train",
        "precision": "fp16",
        "batch": "4096",
    }
    tokens, sequences = predict_rows([row, {**row, "seq_len": "512"}], GPUS)
    assert not tokens.error
    assert "does not fit" in sequences.error


def test_a_framework_reaches_a_tpu_through_xla():
    row = {**ROW, "gpu": "tpu-v4", "phase": "train", "precision": "bf16"}
    named, plain, compiled = predict_rows(
        [{**row, "runtime": "PyTorch 2.1"}, {**row, "runtime": "TensorFlow"}, {**row, "runtime": "JAX"}], GPUS
    )
    assert named.value == plain.value == compiled.value
    assert not named.error
    assert api.predict("resnet50", gpu="tpu-v4", phase="train", runtime="PyTorch").runtime == "xla"


def test_frameworks_hand_a_gaudi_whole_graphs():
    row = {**ROW, "gpu": "gaudi2", "phase": "train", "precision": "bf16", "batch": "256"}
    names = ("PyTorch", "PyTorch 1.13", "TensorFlow")
    rates = [one.value for one in predict_rows([{**row, "runtime": name} for name in names], GPUS)]
    assert rates[0] == rates[1] == rates[2]
    assert api.predict("resnet50", gpu="gaudi2", phase="train", runtime="PyTorch").runtime == "synapse"
    trained = api.predict("llama-2-7b", gpu="gaudi2:8", phase="pretrain", runtime="Megatron-LM", tp=8)
    assert trained.runtime == "synapse"
    # Language models that write have programs of their own there, which Optimum Habana runs as graphs.
    assert api.predict("llama-2-7b", gpu="gaudi2", runtime="optimum-habana 1.15").runtime == "synapse"
    assert api.predict("llama-2-7b", gpu="gaudi2", runtime="Transformers").runtime != "synapse"


@pytest.mark.parametrize(
    ("gpu", "runtime", "instead"),
    [("mi300x", "Megatron-LM (ROCm 6.3)", "torchtitan"),
     ("gaudi2", "DeepSpeed + Megatron, Synapse AI 1.15", "synapse"),
     ("mi250x", "Megatron-DeepSpeed", "pytorch-2")],
)  # fmt: skip
def test_forks_of_a_trainer_run_as_what_is_nearest_to_them(gpu, runtime, instead):
    row = {"workload": "llama-2-7b", "gpu": gpu, "n_gpus": "8", "phase": "pretrain", "seq_len": "4096"}
    fork, known = predict_rows([{**row, "runtime": one} for one in (runtime, instead)], GPUS)
    assert not fork.error
    assert fork.value == known.value


@pytest.mark.parametrize(
    ("gpu", "runtime"), [("gaudi2", "vLLM (HPU)"), ("tpu-v6e", "vLLM TPU"), ("arc-b580", "vLLM")]
)
def test_a_format_dates_no_engine_to_before_it_ran_there(gpu, runtime):
    row = {"workload": "llama-3.2-3b", "gpu": gpu, "concurrency": "8", "precision": "fp16"}
    dated, today = predict_rows([{**row, "runtime": one} for one in (runtime, "vLLM 0.10")], GPUS)
    assert not dated.error
    assert dated.value == today.value


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
    assert named.value == pytest.approx(unnamed.value)


def test_the_name_of_a_run_says_its_format_and_its_method():
    """`bert_large_squad_fp32` was trained in FP32, and LoRA is what a fine-tuning of that name did."""
    row = {"workload": "bert_large_squad_fp32", "gpu": "a100-40gb-sxm", "phase": "train", "batch": "8"}
    named, stated, usual = predict_rows(
        [row, {**row, "precision": "fp32"}, {**row, "precision": "amp-fp16"}], GPUS
    )
    assert named.value == stated.value != usual.value
    row = {"workload": "Llama-2-7B LoRA", "gpu": "a100-80gb-sxm", "phase": "finetune", "batch": "4"}
    named, lora, whole = predict_rows(
        [row, {**row, "workload": "llama-2-7b", "phase": "finetune_lora"}, {**row, "workload": "llama-2-7b"}],
        GPUS,
    )
    assert named.value == lora.value != whole.value


@pytest.mark.parametrize(
    ("cells", "phase", "options"),
    [({"runtime": "Megatron LoRA"}, "finetune_lora", ""), ({"options": "method=lora"}, "finetune_lora", ""),
     ({"options": "peft=dora"}, "finetune_lora", "adapter=dora"),
     ({"runtime": "Transformers QLoRA"}, "finetune_qlora", ""),
     ({"options": "method=qlora", "precision": "nf4"}, "finetune_qlora", ""),
     ({"options": "method=full"}, "finetune", "")],
)  # fmt: skip
def test_software_and_options_name_the_method_of_a_fine_tuning(cells, phase, options):
    row = {"workload": "llama-2-7b", "gpu": "a100-80gb-sxm", "batch": "2", "seq_len": "2048", "n_gpus": "4"}
    (told,) = predict_rows([{**row, "phase": "finetune", **cells}], GPUS)
    bare = {key: text for key, text in cells.items() if key != "options"}
    (stated,) = predict_rows([{**row, **bare, "phase": phase, "options": options}], GPUS)
    assert told.value == pytest.approx(stated.value)


def test_a_suite_s_name_stays_where_the_gpu_changes_its_software():
    """A program of XLA runs on a TPU: the row that said so broke the whole table."""
    row = {
        "workload": "bert",
        "gpu": "TPU v4",
        "n_gpus": "64",
        "phase": "train",
        "runtime": "MLPerf v1.0 TensorFlow",
    }
    suite, named = predict_rows([row, {**row, "workload": "bert-large"}], GPUS)
    assert suite.value == named.value > 0.0
    row = {
        "workload": "ssd",
        "gpu": "a100-80gb-sxm",
        "n_gpus": "8",
        "phase": "train",
        "runtime": "MLPerf Training v1.1",
    }
    old, new, small, large = predict_rows(
        [row, {**row, "runtime": "MLPerf Training v2.1"}, {**row, "workload": "ssd300-r34"},
         {**row, "workload": "retinanet", "runtime": "MLPerf Training v2.1"}], GPUS,
    )  # fmt: skip
    assert (old.value, new.value) == (small.value, large.value)


def test_a_size_of_llama_alone_is_its_third_generation_in_a_table():
    row = {
        "workload": "Llama 70B FP8",
        "gpu": "b200-180gb-sxm",
        "phase": "serve",
        "runtime": "vLLM",
        "concurrency": "8",
    }
    bare, named = predict_rows([row, {**row, "workload": "llama-3.3-70b", "precision": "fp8"}], GPUS)
    assert bare.value == named.value > 0.0
    with pytest.raises(WhichGpuError):
        api.predict("Llama 70B FP8", gpu="b200-180gb-sxm")


def test_scenarios_that_ask_one_after_another_have_small_batches():
    row = {
        "workload": "resnet50",
        "gpu": "a2",
        "precision": "int8",
        "runtime": "TensorRT",
        "metric": "latency",
    }
    single, several, one, eight = predict_rows(
        [{**row, "phase": "SingleStream"}, {**row, "phase": "MultiStream"}, {**row, "batch": "1"},
         {**row, "batch": "8"}], GPUS,
    )  # fmt: skip
    assert (single.value, several.value) == (one.value, eight.value)


def test_a_language_model_that_embeds_reads_prompts():
    row = {
        "workload": "intfloat/e5-mistral-7b-instruct",
        "gpu": "a100-80gb-sxm",
        "runtime": "vLLM",
        "batch": "8",
    }
    embeds, reads = predict_rows([{**row, "phase": phase} for phase in ("embed", "prefill")], GPUS)
    assert not embeds.error
    assert embeds.value == reads.value


def test_cores_of_a_slice_of_a_tpu_are_its_number():
    row = {"workload": "resnet50", "gpu": "TPU v3-8", "phase": "train", "precision": "bf16"}
    alone, cores = predict_rows([row, {**row, "n_gpus": "8"}], GPUS)
    assert not cores.error
    assert cores.value == alone.value


def test_an_engine_beside_the_format_is_of_the_runtime():
    row = {"workload": "yolov8x", "gpu": "t4", "batch": "1", "metric": "latency"}
    beside, stated, without = predict_rows(
        [{**row, "precision": kind, "runtime": stack} for kind, stack in
         [("TensorRT FP16", "Ultralytics 8.0"), ("fp16", "TensorRT"), ("fp16", "Ultralytics 8.0")]], GPUS,
    )  # fmt: skip
    assert beside.value == stated.value != without.value


def test_a_release_that_is_a_month_is_of_a_container():
    row = {**ROW, "gpu": "a100-40gb-sxm", "phase": "train", "precision": "amp-fp16", "batch": "256"}
    names = ("PyTorch 21.05", "PyTorch NGC 21.05", "PyTorch 2.1")
    month, container, release = predict_rows([{**row, "runtime": name} for name in names], GPUS)
    assert month.value == container.value != release.value


def test_a_format_left_open_is_one_that_the_gpu_has():
    open_, stated = predict_rows(
        [
            {"workload": "flux.1-schnell", "gpu": "apple-m3-max-40c", "precision": kind}
            for kind in ("", "fp16")
        ],
        GPUS,
    )
    assert not open_.error
    assert open_.value == stated.value
    # It has no units for BF16, and runs it at the rate of FP32, which is that of FP16 there.
    (widened,) = predict_rows(
        [{"workload": "flux.1-schnell", "gpu": "apple-m3-max-40c", "precision": "bf16"}], GPUS
    )
    assert not widened.error
    assert widened.value == pytest.approx(stated.value, rel=0.05)


@pytest.mark.parametrize("runtime", ["AITemplate", "ComfyUI", "diffusers"])
def test_a_network_has_no_pipeline_of_pictures_around_it(runtime):
    row = {**ROW, "batch": "1", "metric": "latency", "unit": "ms", "runtime": runtime}
    (answer,) = predict_rows([row], GPUS)
    assert answer.value < 15.0  # the pipeline of diffusers alone takes 150


def test_nanogpt_trains_as_its_script_does():
    answer = api.predict("GPT-2 124M", gpu="a100-40gb-sxm", n_gpus=8, phase="train", runtime="nanoGPT")
    assert (answer.job.batch, answer.job.seq_len, answer.job.options["global_batch"]) == (12, 1024, "480")
    own = api.predict("gpt2", gpu="a100-40gb-sxm", phase="train", runtime="nanoGPT", batch=4, seq_len=256)
    assert (own.job.batch, own.job.seq_len) == (4, 256)


def _values(*rows):
    """What rows come to; none of them may be refused."""
    found = list(predict_rows(list(rows), GPUS))
    assert not [one.error for one in found if one.error]
    return [one.value for one in found]


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ({"resolution": "3x224x224"}, {"resolution": "224x224"}),
        ({"resolution": "224x224x3"}, {"resolution": "224"}),
        ({"resolution": "720p"}, {"resolution": "720x1280"}),
        ({"options": "nchw;layout=nchw"}, {"options": "layout=nchw"}),
        ({"options": "layout=nchw;DPM++ 2M Karras;20 frames"}, {"options": "layout=nchw;frames=20"}),
        ({"options": "batch_size=4,layout=nchw"}, {"options": "batch_size=4;layout=nchw"}),
    ],
)  # fmt: skip
def test_sizes_and_options_as_tables_write_them(said, plain):
    row = {"workload": "resnet50", "gpu": "a10"}
    one, other = _values({**row, **said}, {**row, **plain})
    assert one == other


def test_what_no_option_is_stays_refused():
    row = {"workload": "resnet50", "gpu": "a10"}
    for text in ("guidance", "img/s", "=4"):
        (answer,) = predict_rows([{**row, "options": text}], GPUS)
        assert f"'{text}' is not an option" in answer.error


def test_a_volume_has_the_side_of_its_window():
    row = {"workload": "nnunet-3d", "gpu": "a100-80gb-sxm", "phase": "train"}
    usual, said, small = _values(row, {**row, "resolution": "128x128x128"}, {**row, "resolution": "64x64x64"})
    assert said == usual
    assert small > 5.0 * usual


def test_what_a_server_drafts_has_many_names():
    row = {"workload": "llama-3.1-70b", "gpu": "h100-80gb-sxm", "n_gpus": "4", "concurrency": "1"}
    plain, three, named, method, none, training = _values(
        row, *({**row, "options": one} for one in
               ("speculative=3", "num_speculative_tokens=3", "speculative=eagle3", "mtp=0", "qps=0.5")),
    )  # fmt: skip
    assert three == named == method > plain == none
    assert training != plain


def test_what_rows_leave_open_follows_what_they_state():
    """The usual batch is halved where the whole step is smaller; wide experts have groups of attention."""
    step = {"workload": "stable-diffusion-2", "gpu": "h100-80gb-sxm", "n_gpus": "64", "phase": "train"}
    usual, small = _values({**step, "batch": "2"}, {**step, "options": "global_batch=128"})
    assert small == usual
    wide = {"workload": "deepseek-r1", "gpu": "h200-141gb-sxm", "n_gpus": "72", "phase": "serve",
            "concurrency": "1024"}  # fmt: skip
    said, left = _values(
        {**wide, "tp": "1", "options": "ep=72;attention_dp=72"}, {**wide, "options": "ep=72"}
    )
    assert said == pytest.approx(left)


def test_what_does_not_fit_is_read_otherwise_where_a_row_leaves_it_open():
    """So many sequences are tokens; a picture's model that is trained on several GPUs is shared out."""
    row = {"workload": "transformer-big", "gpu": "v100-16gb-sxm", "phase": "train", "precision": "fp32"}
    tokens, few = _values(
        {**row, "batch": "10240", "seq_len": "64"}, {**row, "batch": "160", "seq_len": "64"}
    )
    assert tokens == pytest.approx(few)
    row = {"workload": "flux.1-dev", "gpu": "h100-80gb-sxm", "n_gpus": "8", "phase": "train", "batch": "8",
           "precision": "bf16"}  # fmt: skip
    said, left = _values({**row, "options": "sharding=fsdp"}, row)
    assert said == pytest.approx(left)


def test_the_first_token_of_a_prompt_is_its_time():
    row = {"workload": "llama-3-8b", "gpu": "a100-80gb-sxm", "phase": "prefill", "batch": "1"}
    first, whole = _values({**row, "metric": "ttft"}, {**row, "metric": "latency"})
    assert first == whole


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("tpu-v3-32", "tpu-v3:16"),
        ("TPU v4-32", "tpu-v4:16"),
        ("tpu-v5e-8", "tpu-v5e:8"),
        ("TPU v5 lite-8", "tpu-v5e:8"),
    ],
)
def test_a_slice_of_tpus_is_no_memory_of_one(text, same):
    row = {"workload": "resnet50", "phase": "train", "precision": "bf16"}
    found, chips, one = _values(
        {**row, "gpu": text}, {**row, "gpu": same}, {**row, "gpu": text, "n_gpus": "1"}
    )
    assert found == chips == one


def test_a_bare_name_that_tables_give_one_model():
    row = {"gpu": "a100-80gb-sxm", "phase": "generate"}
    first, same = _values(
        {**row, "workload": "Stable Diffusion"}, {**row, "workload": "stable-diffusion-1.5"}
    )
    assert first == same
    row = {"gpu": "a100-80gb-sxm", "phase": "train", "runtime": "PyTorch NGC 21.02"}
    first, same = _values({**row, "workload": "bart"}, {**row, "workload": "bart-large"})
    assert first == same
    (several,) = predict_rows([{**row, "workload": "llama"}], GPUS)
    assert "several sizes" in several.error


def test_speech_by_its_tokens_and_its_frames():
    row = {
        "workload": "whisper-large-v3",
        "gpu": "a100-80gb-sxm",
        "phase": "transcribe",
        "output_tokens": "120",
    }
    seconds, tokens = _values({**row, "unit": "audio s/s"}, {**row, "unit": "tokens/s"})
    assert tokens == pytest.approx(seconds * 120 / 30)
    row = {"workload": "hifigan", "gpu": "a100-80gb-sxm", "phase": "train"}
    samples, frames = _values(row, {**row, "unit": "frames/s"})
    assert frames == pytest.approx(samples / 256)


def test_pytorch_reaches_a_trainium_through_xla():
    row = {"workload": "bert-large", "gpu": "trainium1", "n_gpus": "16", "phase": "pretrain"}
    named, neuron, compiled = _values(
        *({**row, "runtime": one} for one in ("PyTorch 2.1", "torch-neuronx", "XLA"))
    )
    assert named == neuron == compiled


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


def test_a_batch_that_no_whole_number_of_micro_batches_makes_is_counted():
    row = {"workload": "gpt2", "gpu": "a100-80gb-sxm", "n_gpus": "8", "phase": "pretrain", "batch": "16"}
    uneven, even = predict_rows(
        [{**row, "options": f"global_batch={count}", "metric": "throughput"} for count in (480, 512)], GPUS
    )
    assert not uneven.error
    assert uneven.value == pytest.approx(even.value, rel=0.1)
