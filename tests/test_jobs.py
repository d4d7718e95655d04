"""Tables of jobs: what a row means, its metric and unit, what is taken where it leaves something open."""

from __future__ import annotations

import pytest
from job_rows import GPUS, ROW

import whichgpu
from whichgpu.cost.table.jobs import predict_rows, read_job
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.importing import named
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow


def test_the_number_beside_the_name_of_a_gpu_is_how_many():
    stated = {**ROW, "phase": "train", "gpu": "a100-80gb-sxm"}
    four, also, one = predict_rows(
        [{**stated, "gpu": "a100-80gb-sxm:4", "n_gpus": ""}, {**stated, "n_gpus": "4"}, stated], GPUS
    )
    assert four.value == also.value > 2 * one.value


def test_a_machine_is_all_of_its_gpus_unless_its_row_says_how_many():
    stated = {**ROW, "phase": "train"}
    rows = [
        ("2x DGX H100", ""), ("DGX H100", "16"), ("p5.48xlarge", "16"), ("h100-80gb-sxm", "16"),
        ("DGX H100", ""), ("p5.48xlarge", ""), ("2x DGX H100", "8"), ("h100-80gb-sxm", "8"),
    ]  # fmt: skip
    found = predict_rows([{**stated, "gpu": gpu, "n_gpus": n} for gpu, n in rows], GPUS)
    values = [one.value for one in found]
    assert values == [values[0]] * 4 + [values[4]] * 4
    assert values[0] > values[4]


def test_a_distilled_generator_runs_its_few_steps_without_guidance():
    stated = {"gpu": "h100-80gb-sxm", "phase": "generate", "precision": "bf16"}
    few = {"workload": "qwen-image", "options": "guidance=1; 4 steps"}
    named = "Qwen-Image-Lightning 4 steps"
    short, told, whole = predict_rows(
        [{**stated, "workload": named}, {**stated, **few}, {**stated, "workload": "qwen-image"}], GPUS
    )
    assert short.value == told.value > 15 * whole.value


def test_a_chip_without_its_number_of_cores_is_the_whole_one():
    """Bins of one chip, and cards that differ in memory alone: others of one name are still asked for."""
    job = {"workload": "llama-3.1-8b", "phase": "decode", "precision": "q4_0", "runtime": "llama.cpp"}
    found = predict_rows(
        [{**job, "gpu": gpu} for gpu in ("M4 Max", "apple-m4-max-40c", "apple-m4-max-32c", "titan x", "m4")],
        GPUS,
    )
    open_, whole, less, two, card = found
    assert open_.value == whole.value > less.value
    assert [note for note in found.notes if "M4 Max" in note and "apple-m4-max-32c" in note]
    assert open_.low <= less.low * (1 + 1e-12) < whole.low
    assert all("say which" in one.error for one in (two, card))
    names = (
        "M3 Max 64GB",
        "apple-m3-max-40c",
        "RTX 4060 Ti",
        "rtx-4060-ti-16gb",
        "m4-max-40c",
        "M3 Max 256GB",
    )
    found = predict_rows([{**job, "gpu": gpu} for gpu in names], GPUS)
    smaller, largest, card, more, exact, none = found
    assert smaller.value == largest.value
    assert card.value == more.value
    assert exact.value == open_.value
    assert none.error.startswith("no GPU")
    assert len([note for note in found.notes if "was taken as" in note]) == 2


@pytest.mark.parametrize(
    ("text", "taken", "other"),
    [
        ("H100", "h100-80gb-sxm", "h100-80gb-pcie"),
        ("8x NVIDIA A100 80GB", "a100-80gb-sxm:8", "a100-80gb-pcie:8"),
        ("DGX A100", "a100-80gb-sxm:8", "a100-40gb-sxm:8"),
        ("Tesla V100", "v100-32gb-sxm", "v100-16gb-pcie"),
        ("Kaggle P100", "p100-16gb-pcie", "p100-16gb-sxm"),
        ("Jetson AGX Orin", "jetson-agx-orin-64gb", "jetson-agx-orin-32gb"),
    ],
)
def test_a_form_or_a_memory_left_open_is_the_usual_one(text, taken, other):
    """The interval holds the others and a note names them; of two products of one name none is taken."""
    job = {**ROW, "phase": "infer", "precision": "fp16", "n_gpus": "", "runtime": "PyTorch 2.1"}
    found = predict_rows([{**job, "gpu": gpu} for gpu in (text, taken, other)], GPUS)
    open_, usual, less = found
    assert open_.value == usual.value
    assert open_.low <= min(usual.low, less.low) * (1 + 1e-12)
    assert open_.high >= max(usual.high, less.high) * (1 - 1e-12)
    said = f"'{text}' was taken as {taken.partition(':')[0]}, the usual"
    assert [note for note in found.notes if said in note]


def test_scenarios_and_formats_as_tables_write_them():
    """MLPerf's offline scenario is a server as full as it goes; a format that says none leaves it open."""
    job = {"workload": "llama-2-70b", "gpu": "h100-80gb-sxm:8", "runtime": "TensorRT-LLM", "precision": "fp8"}
    loads = ({"phase": "Offline"}, {"phase": "serve", "concurrency": "max"})
    offline, full = predict_rows([{**job, **load} for load in loads], GPUS)
    assert offline.value == full.value
    net = {**ROW, "phase": "train", "gpu": "a100-80gb-sxm"}
    kinds = ("auto", "", "FP32 (TF32)", "tf32", "TF32 (A100)")
    unsaid, empty, *same = predict_rows([{**net, "precision": kind} for kind in kinds], GPUS)
    assert unsaid.value == empty.value
    assert len({one.value for one in same}) == 1


def test_an_engine_of_one_user_has_one_request_in_a_table_too():
    """Its batch is not filled in, which would say that many are in flight; `max` still says so."""
    job = {"workload": "qwen3-8b", "gpu": "rtx-3090", "runtime": "llama.cpp", "precision": "q4_k_m"}
    loads = ({}, {"concurrency": "1"}, {"concurrency": "8"}, {"batch": "8"}, {"concurrency": "max"})
    unsaid, one, eight, batch, most = predict_rows([{**job, **load} for load in loads], GPUS)
    assert unsaid.value == one.value < eight.value == batch.value
    assert most.value > 2 * one.value
    single = whichgpu.predict(**job, concurrency="max")
    assert single.throughput.mid == pytest.approx(most.value)
    (served,) = predict_rows([{**job, "runtime": "vllm", "precision": "awq"}], GPUS)
    assert served.value > 2 * one.value


def test_a_plugin_of_one_maker_is_not_looked_up_for_another_row_s_gpu():
    """Rows share a table of their GPUs; of a runtime without a page of its own nothing is looked up."""
    other = {"workload": "whisper-base", "gpu": "arc-a380", "runtime": "openvino"}
    metal = {"workload": "resnet50", "gpu": "apple-m1-max-32c", "phase": "train", "precision": "fp32",
             "batch": "64", "runtime": "tensorflow-metal"}  # fmt: skip
    _, beside = predict_rows([other, metal], GPUS)
    (alone,) = predict_rows([metal], GPUS)
    assert beside.value == pytest.approx(alone.value)
    (refused,) = predict_rows([{**metal, "gpu": "arc-a380"}], GPUS)
    assert "does not run on Intel" in refused.error


def test_a_file_that_is_not_there_is_the_model_of_its_name(tmp_path):
    """Tables of llama.cpp name files, by their path elsewhere; in a folder that is here one is missing."""
    job = {"gpu": "rtx-4090", "phase": "decode", "runtime": "llama.cpp"}
    names = [named(name) for name in ("someone/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf", "qwen3-8b.gguf")]
    known = {**job, "workload": "qwen3-8b", "precision": "q4_k_m"}
    found = predict_rows([*({**job, "workload": name} for name in names), known], GPUS)
    stored, plain, stated = found
    assert stored.value == stated.value != plain.value
    for name in (f"{tmp_path}/qwen3-8b.gguf", "nobody-8b.gguf", "nobody/nobody-8b.gguf"):
        with pytest.raises(UsageError, match="cannot be read"):
            named(name)


@pytest.mark.parametrize(
    ("name", "plain", "columns"),
    [
        ("qwen3-8b-q4_k_m", "qwen3-8b", {"phase": "decode", "runtime": "llama.cpp", "precision": "q4_k_m"}),
        ("Qwen/Qwen3-8B-AWQ", "qwen3-8b", {"runtime": "vllm", "precision": "awq"}),
        ("yolov3-608", "yolov3", {"phase": "infer", "resolution": "608x608"}),
        ("ResNet-50 training", "resnet50", {"phase": "train"}),
        ("Tacotron 2 (inference)", "tacotron2", {"phase": "infer"}),
        ("BERT-base (seq 128)", "bert-base", {"phase": "infer", "seq_len": "128"}),
        ("SDXL 30 steps", "sdxl", {"steps": "30"}),
        ("ResNet-50 bs64", "resnet50", {"batch": "64"}),
        ("Llama-3-8B QLoRA", "llama-3-8b", {"phase": "finetune_qlora"}),
        ("Qwen3 0.6B SFT", "qwen3-0.6b", {"phase": "finetune_full"}),
        ("ResNet-50 on ImageNet training", "resnet50", {"phase": "train"}),
    ],
)
def test_what_a_name_says_beside_its_model_is_of_its_row(name, plain, columns):
    """The format of its weights, the side of its pictures, what is done: where no column says it."""
    told = ("precision", "resolution", "seq_len", "steps", "batch")
    left = {key: value for key, value in columns.items() if key not in told}
    left = left if len(left) < len(columns) else {}
    rows = ({"workload": name, **left}, {"workload": plain, **columns}, {"workload": plain, **left})
    said, stated, neither = predict_rows([{"gpu": "rtx-4090", **row} for row in rows], GPUS)
    assert said.value == stated.value != neither.value
    assert said.value


def test_intels_extension_is_pytorch():
    """Its figures of language models are no server's, which is what a model's name alone is run by."""
    job = {"gpu": "max-1550", "workload": "llama-2-7b", "phase": "decode", "precision": "fp16"}
    one, other = predict_rows([{**job, "runtime": "IPEX"}, {**job, "runtime": "pytorch-2"}], GPUS)
    assert one.value == other.value is not None


def test_what_infers_generates_too():
    job = {"gpu": "rtx-4090", "workload": "florence-2-large"}
    one, other = predict_rows([{**job, "phase": "generate"}, {**job, "phase": "infer"}], GPUS)
    assert one.value == other.value is not None


def test_sdxl_takes_twenty_steps_in_mlperf_whatever_runs_it_there():
    for gpu in ("h200-141gb-sxm", "mi300x"):
        row = {"workload": "sdxl", "gpu": gpu, "phase": "t2i", "precision": "fp16", "runtime": "MLPerf v5.0"}
        usual, stated, longer = predict_rows([row, {**row, "steps": "20"}, {**row, "steps": "50"}], GPUS)
        assert usual.value == stated.value > 2.0 * longer.value


def test_mlperf_has_names_of_its_own_and_its_engine_on_nvidia_alone():
    row = {"gpu": "a100-80gb-sxm", "phase": "infer", "runtime": "MLPerf v4.0", "metric": "throughput"}
    own, plain, large, other = predict_rows(
        [{**row, "workload": "bert"}, {**row, "workload": "bert-99"}, {**row, "workload": "bert-large"},
         {**row, "workload": "bert", "runtime": "PyTorch"}], GPUS)  # fmt: skip
    assert own.value == plain.value == large.value
    assert other.error.startswith("no workload 'bert'")
    (amd,) = predict_rows([{**row, "workload": "sdxl", "phase": "generate", "gpu": "mi300x"}], GPUS)
    assert amd.value


def test_an_engine_beside_a_gpu_is_its_row_s_runtime_and_one_of_another_maker_has_a_stand_in():
    row = {"workload": "resnet50", "phase": "infer", "batch": "32", "precision": "int8"}
    names = ("A10 TensorRT", "A10 (TensorRT 8.6)", "A10, TensorRT")
    engines = ("tensorrt", "tensorrt 8.6", "tensorrt")
    stated = predict_rows([{**row, "gpu": "a10", "runtime": engine} for engine in engines], GPUS)
    beside = predict_rows([{**row, "gpu": name} for name in names], GPUS)
    assert [one.value for one in beside] == [one.value for one in stated]
    # What NVIDIA's software runs elsewhere, where nothing says which; stated, it is refused there.
    others = ("mi300x", "gaudi2", "tpu-v5e", "arc-a770-16gb")
    assert all(one.value for one in predict_rows([{**row, "gpu": name} for name in others], GPUS))
    (refused,) = predict_rows([{**row, "gpu": "mi300x", "runtime": "tensorrt"}], GPUS)
    assert "NVIDIA only" in refused.error


def test_a_network_in_int8_runs_on_what_has_kernels_for_it():
    """PyTorch has none on GPUs; who runs Whisper so has CTranslate2."""
    rows = [("resnet50", "int8", "tensorrt"), ("whisper-small", "int8", "ctranslate2"),
            ("bert-base", "int8", "tensorrt"), ("resnet50", "fp16", "PyTorch 2")]  # fmt: skip
    job = {"gpu": "l4", "phase": "infer", "batch": "32"}
    for workload, precision, runtime in rows:
        row = {**job, "workload": workload, "precision": precision}
        open_, stated = predict_rows([row, {**row, "runtime": runtime}], GPUS)
        assert open_.value == stated.value, workload


def test_requests_in_flight_of_a_job_without_a_queue_are_its_batch():
    for workload, phase in (
        ("bge-m3", "infer"),
        ("llama-3.1-8b", "prefill"),
        ("qwen3-embedding-0.6b", "infer"),
    ):
        row = {"workload": workload, "gpu": "a10", "phase": phase}
        eight, flight = predict_rows([{**row, "batch": "8"}, {**row, "concurrency": "8"}], GPUS)
        single = whichgpu.predict(**row, concurrency=8).throughput.mid
        assert eight.value == flight.value == pytest.approx(single), workload


def test_only_the_rows_of_large_tables_that_were_read_are_updated():
    """MLPerf Training 1.0 to 2.1 on eight A100: about 3.5 M samples/s of each."""
    row = {"workload": "dlrm-small", "gpu": "a100-80gb-sxm", "phase": "train", "precision": "amp-fp16"}
    (found,) = predict_rows([{**row, "batch": "65536", "runtime": "PyTorch NGC 21.04"}], GPUS)
    assert 2e6 < found.value < 6e6


def test_a_power_that_nobody_states_says_what_to_write():
    job = {"workload": "llama-2-7b", "phase": "decode", "precision": "q4_0", "runtime": "llama.cpp"}
    (one,) = predict_rows([{**job, "gpu": "radeon-780m", "metric": "power"}], GPUS)
    assert one.value is None
    assert 'base = "radeon-780m", power = ' in one.error


@pytest.mark.parametrize(
    ("metric", "unit", "like", "factor"),
    [
        ("throughput", "images/min", "images/s", 60),
        ("throughput", "img/s", "images/s", 1),
        ("throughput", "samples/s", "images/s", 1),
        ("throughput", "fps", "images/s", 1),
        ("throughput", "users/s", "images/s", 1),
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


def test_a_name_without_a_size_is_what_ollama_fetches_where_ollama_runs_it():
    row = {"gpu": "rtx-4090", "phase": "decode", "batch": "1", "unit": "tokens/s", "runtime": "Ollama 0.5"}
    asked = ("llama3.1", "llama3.1:8b", "deepseek-r1", "qwen3:8b")
    bare, tagged, small, its = predict_rows([{**row, "workload": one} for one in asked], GPUS)
    assert bare.value == tagged.value
    assert small.value == its.value
    assert whichgpu.api.job("llama3.1", runtime="ollama").workload == "llama3.1:8b"


def test_answers_about_pictures_are_counted_by_the_picture():
    row = {**ROW, "workload": "blip-2-opt-2.7b", "phase": "generate", "precision": "fp16", "batch": "8"}
    pictures, tokens = predict_rows([{**row, "unit": one} for one in ("images/s", "tokens/s")], GPUS)
    assert 0.0 < pictures.value < tokens.value


def test_a_configuration_of_cityscapes_learns_from_crops_and_is_timed_on_whole_pictures():
    row = {**ROW, "workload": "fcn_r50-d8_512x1024_40k_cityscapes", "phase": "infer", "batch": "1"}
    whole, told = predict_rows([row, {**row, "resolution": "1024x2048"}], GPUS)
    assert whole.value == told.value
    assert resolve(row["workload"]).defaults["all"]["width"] == 1024.0


@pytest.mark.parametrize(("crop", "whole"), [("512x1024", "1024x2048"), ("512x512", "512x683")])
def test_sides_of_crops_under_openmmlabs_program_are_of_whole_pictures(crop, whole):
    row = {**ROW, "workload": "pspnet-r50-d8", "phase": "infer", "precision": "fp32", "batch": "1"}
    of_crop, of_whole, elsewhere = predict_rows(
        [{**row, "resolution": crop, "runtime": "mmseg"}, {**row, "resolution": whole, "runtime": "mmseg"},
         {**row, "resolution": crop, "runtime": "PyTorch 1.6"}], GPUS,
    )  # fmt: skip
    assert of_crop.value == of_whole.value < elsewhere.value
    # What it learns from are crops.
    first, second = predict_rows(
        [{**row, "phase": "train", "resolution": one, "runtime": "mmseg"} for one in (crop, whole)], GPUS
    )
    assert first.value > second.value


def test_iterations_of_a_denoiser_are_a_rate_of_work():
    row = {**ROW, "workload": "stable-diffusion-1.5", "phase": "generate", "batch": "2", "runtime": "webui"}
    rate, metric, images = predict_rows(
        [{**row, "unit": "it/s"}, {**row, "metric": "iterations_per_s"}, {**row, "unit": "images/s"}], GPUS
    )
    assert rate.value == metric.value == pytest.approx(images.value * 50 / 2)
    # Of a network that infers, passes a second.
    passes, made = predict_rows(
        [{**ROW, "unit": one, "phase": "infer", "batch": "4"} for one in ("it/s", "")], GPUS
    )
    assert passes.value == pytest.approx(made.value / 4)


def test_tensorflow_runs_on_macs_by_a_plugin_alone():
    row = {**ROW, "phase": "train", "precision": "fp32", "gpu": "apple-m1-max-32c"}
    plugin, bare, unsaid, elsewhere, other = predict_rows(
        [{**row, "runtime": "TensorFlow 2.9 Metal"}, {**row, "runtime": "TensorFlow 2.21"},
         {**row, "runtime": "TensorFlow 2"}, {**row, "runtime": "TensorFlow 2.9 Metal", "gpu": "rtx-3090"},
         {**row, "runtime": "TensorFlow Metal", "gpu": "arc-a770-16gb"}], GPUS
    )  # fmt: skip
    assert plugin.value == unsaid.value > 0.0
    assert "macOS" in bare.error
    assert "Apple" in elsewhere.error
    assert "Apple" in other.error


def test_tokens_of_sequences_are_counted_by_their_length():
    row = {**ROW, "workload": "bert-large", "phase": "train", "seq_len": "128"}
    tokens, sequences = predict_rows([{**row, "unit": "tokens/s"}, {**row, "unit": "sequences/s"}], GPUS)
    assert tokens.value == pytest.approx(128 * sequences.value)


def test_every_workload_is_predicted_in_its_own_unit() -> None:
    """Units of all kinds: images, tokens, seconds of audio, GFLOP, GB."""
    from whichgpu.cost.reading.metrics import metric
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


def test_a_batch_that_a_server_is_asked_for_are_its_requests_in_flight():
    job = {"workload": "llama-3.1-8b", "gpu": "a100-80gb-sxm", "metric": "tpot", "input_tokens": "512"}
    rows = [{**job, "batch": "4"}, {**job, "concurrency": "4"}, {**job, "concurrency": "max", "batch": "4"}]
    batch, flight, full = (answer.value for answer in predict_rows(rows, GPUS))
    assert batch == flight < 0.5 * full
    assert whichgpu.job("llama-3.1-8b", batch=4.0).concurrency == 4.0
    assert whichgpu.job("llama-3.1-8b", phase="decode", batch=4.0).batch == 4.0


def test_automodel_is_pytorch_around_megatrons_kernels():
    """Adapters of Llama 3 70B on eight H100 with tp 2 keep 93 GiB of activations: its layers run again, 1,092
    tokens/s a GPU as published. FSDP is its own, and nothing hides the exchange of tensor parallelism."""
    row = {"workload": "llama-3-70b", "gpu": "h100-80gb-sxm", "n_gpus": "8", "phase": "finetune_lora",
           "precision": "bf16", "batch": "2", "seq_len": "4096", "tp": "2", "metric": "throughput",
           "unit": "tokens/s/gpu", "runtime": "NeMo AutoModel", "options": "global_batch=32"}  # fmt: skip
    sharded = {**row, "options": "global_batch=32;sharding=fsdp;checkpointing=early_stop"}
    bridge = {**row, "runtime": "Megatron-Bridge"}
    found = predict_rows([row, sharded, bridge], GPUS)
    open_, stated, megatron = (answer.value for answer in found)
    assert open_ == stated == pytest.approx(1092, rel=0.15)
    assert megatron > 1.25 * open_
    # Recipes of experts recompute what their card needs, as Megatron's.
    experts = {**row, "workload": "qwen3-30b-a3b", "phase": "pretrain", "tp": "1", "options": "ep=8"}
    assert not any("checkpointing" in note for note in predict_rows([experts], GPUS).notes)


def test_liger_in_a_text_is_its_kernels_and_its_loss():
    """QLoRA of Llama 3 8B in 32 sequences on an A100 80 GB ran with Liger's loss, 4,160 tokens/s (IBM's
    fms-acceleration); its logits alone would take 125 GiB. Norms and positions of its own are faster."""
    row = {"workload": "llama-3-8b", "gpu": "a100-80gb-sxm", "phase": "finetune_qlora", "precision": "nf4",
           "batch": "32", "seq_len": "4096", "metric": "throughput", "runtime": "transformers 4.45 liger",
           "options": "checkpointing=full;lora_rank=16;lora_targets=attention"}  # fmt: skip
    plain = {**row, "runtime": "transformers 4.45"}
    small = [{**one, "batch": "2"} for one in (row, plain)]
    large, refused, kernels, modules = predict_rows([row, plain, *small], GPUS)
    assert large.value == pytest.approx(4160, rel=0.15)
    assert refused.error.startswith("does not fit")
    assert kernels.value > 1.02 * modules.value
