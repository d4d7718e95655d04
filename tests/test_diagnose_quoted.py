"""`diagnose`: figures as people quote them, and what nobody stated of the job that they are of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.diagnosing import RESNET, found, judged, predicted
from whichgpu import api
from whichgpu.cost.estimate import estimate
from whichgpu.errors import Infeasible, UsageError
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "value", "unit", "metric"),
    [
        ("~850 img/s (batch 128)", 850.0, "images/s", "throughput"),
        ("about 850 +/- 20 im/sec", 850.0, "images/s", "throughput"),
        ("throughput: 1.2k samples per second", 1200.0, "samples/s", "throughput"),
        ("2.5k img/s", 2500.0, "images/s", "throughput"),
        ("25 tok/s per user", 0.04, "s", "tpot"),
        ("12x realtime", 12.0, "audio seconds/s", "throughput"),
        ("12 x real-time", 12.0, "audio seconds/s", "throughput"),
        ("RTFx 145.2", 145.2, "audio seconds/s", "throughput"),
        ("RTF 0.05", 20.0, "audio seconds/s", "throughput"),
        ("38% MFU", 0.38, "of the peak", "mfu"),
        ("MFU: 0.38", 0.38, "of the peak", "mfu"),
        ("1m20s per image", 1 / 80, "images/s", "throughput"),
        ("0:21/image", 1 / 21, "images/s", "throughput"),
        ("1h 5m", 3900.0, "s", "latency"),
        ("latency: 45 ms", 0.045, "s", "latency"),
        ("ttft=300ms", 0.3, "s", "ttft"),
        ("median tpot 20 ms", 0.02, "s", "tpot"),
        ("120 qps", 120.0, "requests/s", "throughput"),
        ("25 min/epoch", 1 / 1500, "epochs/s", "throughput"),
    ],
)
def test_figures_as_people_quote_them(text, value, unit, metric):
    from whichgpu.cost.reading.quoted import read

    one = read(text)
    assert (one.value, one.unit, one.metric) == (pytest.approx(value), unit, metric)
    assert one.text == text


def test_a_percentile_is_no_mean():
    with pytest.raises(UsageError, match="give the mean"):
        found("llama-3.1-8b", "l40s", "p99 ttft 800 ms", concurrency=8)


def test_an_epoch_is_of_the_usual_data_set_and_mfu_of_the_peak():
    one = judged("resnet50", "rtx-a5000", "25 min/epoch", **RESNET)
    assert one.figure.value == pytest.approx(1281167 / 1500)
    assert "ImageNet" in str(one)
    with pytest.raises(UsageError, match="add --phase train"):
        found("resnet50", "rtx-a5000", "25 min/epoch", phase="infer")
    with pytest.raises(UsageError, match="has no usual data set"):
        found("llama-2-7b", "a100-80gb-sxm:8", "2 h/epoch", phase="finetune_lora")
    one = judged("resnet50", "rtx-a5000", "20% MFU", **{**RESNET, "precision": "amp"})
    assert one.figure.value == pytest.approx(0.2 * 111.1, rel=0.01)


def test_mfu_is_of_all_micro_batches_and_hfu_of_what_is_computed_again_too():
    """8 x H100: about 40 % of 989 TFLOPS, in one pass or in a hundred, in one stage or in four."""
    from whichgpu.cost.reading.quoted import read

    def rate(text, pp=None, **options):
        columns = {"phase": "pretrain", "precision": "bf16", "seq_len": 4096, "runtime": "PyTorch"}
        job = api.job("llama-2-7b", pp=pp, options=options, **columns)
        one = estimate(replace(job, n_gpus=8.0), [catalogue()["h100-80gb-sxm"]], explain=True).at(0, 0)
        return replace(read(text), metric="flops", once="MFU" in text).predicted(one).mid

    once = rate("40% MFU", sharding="fsdp", grad_accum="1")
    assert 300 < once < 500
    assert rate("40% MFU", sharding="fsdp", grad_accum="16") == pytest.approx(once, rel=0.1)
    assert rate("40% MFU", pp=4.0, grad_accum="32") == pytest.approx(once, rel=0.2)
    again = {"sharding": "fsdp", "grad_accum": "1", "checkpointing": "full"}
    assert rate("40% HFU", **again) == pytest.approx(4.0 / 3.0 * rate("40% MFU", **again), rel=0.1)


@pytest.mark.thorough
def test_what_nobody_stated_makes_nothing_impossible():
    """A time of a token is of the load, which is left open here."""
    one, causes, _ = found("mistral-7b", "a10g", "tpot 30 ms", concurrency=64)
    assert one.verdict == "fast"
    assert causes["flight"].inside
    one = judged("mistral-7b", "a10g", "tpot 38 ms", concurrency=64)
    assert (one.verdict, one.job.input_tokens) == ("normal", 128.0)
    assert "no length of prompts is stated: taken as 128 tokens" in one.answer.warnings[-1]
    one = judged("mistral-7b", "a10g", "tpot 23 ms", concurrency=64)
    assert one.verdict == "impossible", "its weights alone take 24 ms"
    assert 24e-3 < one.bound < 28e-3, "what is told as the most is of the lightest load"
    # 14.5 GB read 45 times a second by 64: short prompts leave room for it, prompts of 512 do not.
    one = judged("mistral-7b", "l40s", "2900 tokens/s", concurrency=64, runtime="vllm")
    assert (one.verdict, one.job.input_tokens) == ("normal", 256.0)
    stated = judged("mistral-7b", "l40s", "2900 tokens/s", concurrency=64, runtime="vllm", input_tokens=512)
    assert stated.verdict != "normal"
    one = judged("mistral-7b", "l40s", "4200 tokens/s", concurrency=64, runtime="vllm")
    assert one.verdict == "impossible", "64 for each 16.8 ms that its weights take"


@pytest.mark.thorough
def test_what_nobody_stated_of_pictures_and_sound_makes_nothing_impossible():
    # Throughput of a batch that nobody stated; of one that is stated it is fast.
    one = judged("whisper-large-v3", "a100-80gb-sxm", "60x realtime", runtime="faster-whisper")
    assert (one.verdict, one.job.batch > 1) == ("normal", True)
    one = judged("whisper-large-v3", "a100-80gb-sxm", "60x realtime", runtime="faster-whisper", batch=1)
    assert one.verdict == "fast"
    # A pass in the layout of the tensor cores goes without saying; one that is stated is held to.
    amp = {"batch": 256, "precision": "amp-fp16", "phase": "train"}
    one = judged("resnet50", "a100-80gb-sxm", "2400 images/s", **amp)
    assert (one.verdict, one.job.options.get("layout")) == ("normal", "nhwc")
    one = judged("resnet50", "a100-80gb-sxm", "2400 images/s", options={"layout": "nchw"}, **amp)
    assert one.verdict == "fast"
    # Above what one alone takes (19 to 41 ms), and of four.
    one = judged("mistral-7b", "a10g", "tpot 43 ms")
    assert (one.verdict, one.job.concurrency) == ("normal", 4.0)
    assert "no number of requests is stated: taken as 4 in flight, with which" in one.answer.warnings[-1]
    # Slower than one answer: of one all the same.
    one = judged("mistral-7b", "a10g", "9 tok/s")
    assert (one.verdict, one.job.concurrency) == ("slow", 1.0)
    one = judged("densenet121", "gtx-1070", "85 images/s", batch=32, precision="fp32")
    assert (one.verdict, one.job.phase) == ("normal", "train")
    one = judged("sdxl", "a100-80gb-sxm", "3 s/image")
    assert (one.verdict, one.job.steps) == ("normal", 30.0)
    one, causes, _ = found("sdxl", "a100-80gb-sxm", "1.65 s/image")
    assert one.verdict == "fast"
    assert causes["size"].inside
    assert "denoising steps" in causes["size"].title
    stated = judged("sdxl", "a100-80gb-sxm", "0.1 s/image", steps=50)
    assert stated.verdict == "impossible"


def test_a_sample_of_what_counts_tokens_or_seconds_is_whole():
    """A sample is a sequence, an answer, an utterance: not one token of it, nor one second."""
    one = predicted("llama-2-7b", "a100-80gb-sxm", phase="finetune_lora", batch=4, seq_len=512)
    tuned = judged("llama-2-7b", "a100-80gb-sxm", "2.1 samples/s", phase="finetune_lora", batch=4,
                        seq_len=512)  # fmt: skip
    assert tuned.predicted.mid == pytest.approx(one.mid / 512)
    served = judged("llama-3.1-8b", "l40s", "3 requests/s", concurrency=64, output_tokens=200)
    tokens = predicted("llama-3.1-8b", "l40s", concurrency=64, output_tokens=200)
    assert served.predicted.mid == pytest.approx(tokens.mid / 200)
    heard = judged("wav2vec2-base", "a100-40gb-pcie", "400 samples/s", options={"seconds": "10"})
    seconds = predicted("wav2vec2-base", "a100-40gb-pcie", options={"seconds": "10"})
    assert heard.predicted.mid == pytest.approx(seconds.mid / 10)


def test_fp8_on_a_gpu_without_units_for_it_is_of_the_weights(whichgpu):
    one = judged("flux.1-dev", "rtx-3090", "1.3 s/it", precision="fp8")
    assert (one.verdict, one.job.precision) == ("normal", "fp8-w8a16")
    ran = ("predict", "flux.1-dev", "--gpu", "rtx-3090", "--precision", "fp8")
    assert "diffusers, fp8-w8a16" in whichgpu(*ran).out
    refused = whichgpu(*ran, "--runtime", "tensorrt")
    assert "use --precision fp8-w8a16 (weights in FP8, products in FP16) or bf16" in refused.err


@pytest.mark.thorough
def test_an_engine_of_one_user_has_one_request_in_flight():
    """llama.cpp at six tokens a second: not a hundred users' share, but a model that is not on the GPU."""
    one, _, order = found("llama-3.1-8b", "rtx-4090", "6 t/s", precision="q4_k_m", runtime="llama.cpp")
    assert one.job.concurrency == 1.0
    assert any("is taken with one request in flight" in said for said in one.answer.warnings)
    assert set(order[:2]) == {"processor", "spilling"}
    several = judged("llama-3.1-8b", "rtx-4090", "6 t/s", precision="q4_k_m", runtime="llama.cpp",
                          concurrency=16)  # fmt: skip
    assert several.job.concurrency == 16.0
    named = judged("llama-3.1-8b", "rtx-4090", "6 t/s", precision="q4_k_m")
    assert named.job.concurrency == 1.0, "the format is of the engine's files"


@pytest.mark.thorough
def test_a_server_whose_load_nobody_states_may_have_had_one_reader_and_has_its_gpu():
    one = predicted("llama-3.1-8b", "a10g", runtime="vllm", concurrency=1)
    alone, causes, _ = found("llama-3.1-8b", "a10g", f"{0.9 * one.mid:.1f} tokens/s", runtime="vllm")
    assert (alone.verdict, alone.job.concurrency) == ("normal", 1.0)
    assert "processor" not in causes
    _, stated, _ = found("llama-3.1-8b", "a10g", "300 tokens/s", runtime="vllm", concurrency=64)
    assert "single" not in stated


@pytest.mark.thorough
def test_a_model_that_does_not_fit_ran_otherwise():
    one, causes, _ = found("gemma-2-27b", "rtx-a6000", "1.1 tok/s")
    assert one.verdict == "slow"
    assert any("does not fit" in said and "taken as run" in said for said in one.answer.warnings)
    assert causes["spilling"].inside or causes["processor"].inside
    with pytest.raises(Infeasible, match="does not fit"):
        found("llama-3.1-405b", "rtx-3060-12gb", "1 tok/s", runtime="vllm")
    one, causes, _ = found("llama-3.1-70b", "rtx-4090", "1.2 tok/s")
    assert any("taken as run by llama.cpp in Q4_K_M" in said for said in one.answer.warnings)
    assert causes["spilling"].inside


def test_a_cause_that_changes_nothing_explains_nothing():
    memory, causes, _ = found("llama-3.1-8b", "l4", "23.5 GB")
    assert memory.verdict == "normal"
    assert not {"clocks", "power"} & set(causes), "memory is as large at any clock"


def test_what_to_look_at_is_the_vendor_s():
    _, causes, _ = found("llama-2-13b", "mi300x", "35 tok/s", concurrency=1)
    assert not [cause.id for cause in causes.values() if "nvidia-smi" in cause.check]


def test_phases_by_other_names():
    from whichgpu.workloads.phases import phase

    assert [phase(name) for name in ("training", "Inference", "QLoRA", "serving")] == [
        "train", "infer", "finetune_qlora", "serve",
    ]  # fmt: skip


@pytest.mark.thorough
def test_what_makes_a_gpu_wait_makes_nothing_faster():
    _, causes, _ = found("resnet50", "a100-80gb-sxm", "5200 images/s", **RESNET)
    assert not {"loading", "processor", "spilling"} & set(causes)
    low, causes, _ = found("resnet50", "rtx-4090", "150 W", **RESNET)
    assert low.verdict == "low"
    assert causes["loading"].inside


def test_an_encoder_in_a_library_is_layers_of_a_framework_and_little_more():
    one, causes, _ = found("bert-base", "a10", "18 ms", phase="infer", batch=1, seq_len=128)
    assert one.verdict == "slow"
    # Its modules are PyTorch's layers: a few kernels more around attention, and no launches of its own.
    assert 1.0 < causes["engine"].effect < 1.2
    assert "Transformers" in causes["engine"].title


def test_a_gpu_on_which_the_usual_engine_does_not_run_has_another():
    one = judged("llama-3.1-8b", "apple-m2-max-38c", "22 tok/s", precision="q4_0")
    assert one.answer.runtime == "llama-cpp"
    with pytest.raises(UsageError, match="does not run on Apple"):
        found("llama-3.1-8b", "apple-m2-max-38c", "22 tok/s", runtime="vllm")


@pytest.mark.parametrize(("gpu", "kind"), [("t4", "amp-fp16"), ("a10", "amp-bf16")])
def test_a_training_that_states_no_format_runs_in_one_that_its_gpu_has(gpu, kind, whichgpu, tmp_path):
    one = whichgpu("predict", "gpt2", "--gpu", gpu, "--phase", "train", "--json").json
    assert one["job"]["precision"] == kind
    table = tmp_path / "jobs.csv"
    table.write_text(f"workload,gpu,phase\ngpt2,{gpu},train\n")
    (row,) = whichgpu("predict", "--jobs", str(table), "--json").json["predictions"]
    assert row["value"] == pytest.approx(one["value"]["mid"])
    held = whichgpu("fit", "gpt2", "--gpu", gpu, "--phase", "train", "--json").json
    assert (held["fits"], held["job"]["precision"]) == (True, kind)


@pytest.mark.parametrize(
    ("said", "value", "unit"),
    [
        ("2.6x faster than on one card", 2.6, "times one GPU"),
        ("2.6 times as fast as one", 2.6, "times one GPU"),
        ("scaling of 2.6x", 2.6, "times one GPU"),
        ("160 % faster than one", 2.6, "times one GPU"),
        ("65% scaling efficiency", 0.65, "of linear"),
    ],
)
def test_scaling_has_many_words(said, value, unit):
    from whichgpu.cost.reading.quoted import read

    figure = read(said)
    assert (figure.metric, figure.value, figure.unit) == ("scaling", pytest.approx(value), unit)


@pytest.mark.parametrize("said", ["2.4x speedup", "scaling efficiency: 60%"])
def test_what_several_gpus_make_of_one_is_a_figure(said):
    """It is held against as many times the rate of one, whose own error both share."""
    found = api.diagnose("resnet50", "rtx-4090:4", said, phase="train", precision="amp-fp16", batch=64)
    job = {"phase": "train", "precision": "amp-fp16", "batch": 64}
    one, four = (api.predict("resnet50", gpu, **job).throughput for gpu in ("rtx-4090", "rtx-4090:4"))
    assert found.figure.value == pytest.approx(2.4 * one.mid, rel=1e-6)
    assert found.predicted.mid == pytest.approx(four.mid, rel=0.01)
    assert found.predicted.high / found.predicted.low < four.high / four.low
    assert "images/s predicted of one" in str(found)


def test_scaling_is_of_several_and_of_what_fits_on_one():
    with pytest.raises(UsageError, match=r"of several GPUs; say how many: --gpu rtx-4090:4"):
        api.diagnose("resnet50", "rtx-4090", "2.6x faster than one")
    with pytest.raises(UsageError, match="does not fit on one l40s"):
        api.diagnose("llama-3.1-70b", "l40s:4", "2.6x faster than one", phase="serve")


def test_a_program_that_reads_alone_explains_a_slow_transcription():
    found = api.diagnose("whisper-large-v3", "rtx-4090", "5x realtime")
    best = [one.title for one in found.causes[:2]]
    assert "runtime: openai-whisper (PyTorch)" in best
