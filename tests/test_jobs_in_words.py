"""Tables of jobs as people write them: numbers, options, phases, names of runs, software by its own name."""

from __future__ import annotations

import pytest
from job_rows import values

from whichgpu import api
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import WhichGpuError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import two_sides

GPUS = catalogue()
ROW = {"id": "a", "workload": "resnet50", "gpu": "a10", "batch": "8"}


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
    [("mi300x", "Megatron-LM (ROCm 6.3)", "megatron-rocm"),
     ("mi355x", "Primus v25.9", "megatron-rocm"),
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
    one, other = values({**row, **said}, {**row, **plain})
    assert one == other


def test_what_no_option_is_stays_refused():
    row = {"workload": "resnet50", "gpu": "a10"}
    for text in ("guidance", "img/s", "=4"):
        (answer,) = predict_rows([{**row, "options": text}], GPUS)
        assert f"'{text}' is not an option" in answer.error


def test_a_volume_has_the_side_of_its_window():
    row = {"workload": "nnunet-3d", "gpu": "a100-80gb-sxm", "phase": "train"}
    usual, said, small = values(row, {**row, "resolution": "128x128x128"}, {**row, "resolution": "64x64x64"})
    assert said == usual
    assert small > 5.0 * usual


def test_what_a_server_drafts_has_many_names():
    row = {"workload": "llama-3.1-70b", "gpu": "h100-80gb-sxm", "n_gpus": "4", "concurrency": "1"}
    plain, three, named, method, other, none, training = values(
        row, *({**row, "options": one} for one in
               ("speculative=3", "num_speculative_tokens=3", "speculative=eagle3", "spec_decoding=mtp",
                "mtp=0", "qps=0.5")),
    )  # fmt: skip
    assert three == named == method == other > plain == none
    assert training != plain


def test_options_of_load_generators_have_their_own_names():
    """The format of a cache as engines call it, and how far lengths are drawn from those that are stated."""
    row = {"workload": "llama-3.1-70b", "gpu": "h100-80gb-sxm", "n_gpus": "4", "concurrency": "64",
           "runtime": "vLLM 0.11", "precision": "fp8", "input_tokens": "1024",
           "output_tokens": "1024"}  # fmt: skip
    pairs = ("kv_cache_dtype=fp8", "kv_precision=fp8"), ("random_range_ratio=0.8", "length_range=0.2"), \
        ("random_range_ratio=1", "length_range=0"), ("dataset=sonnet", "dataset=random")  # fmt: skip
    for said, meant in pairs:
        theirs, ours = values(*({**row, "options": one} for one in (said, meant)))
        assert theirs == ours


def test_what_rows_leave_open_follows_what_they_state():
    """The usual batch is halved where the whole step is smaller; wide experts have groups of attention."""
    step = {"workload": "stable-diffusion-2", "gpu": "h100-80gb-sxm", "n_gpus": "64", "phase": "train"}
    usual, small = values({**step, "batch": "2"}, {**step, "options": "global_batch=128"})
    assert small == usual
    wide = {"workload": "deepseek-r1", "gpu": "h200-141gb-sxm", "n_gpus": "72", "phase": "serve",
            "concurrency": "1024"}  # fmt: skip
    said, left = values({**wide, "tp": "1", "options": "ep=72;attention_dp=72"}, {**wide, "options": "ep=72"})
    assert said == pytest.approx(left)


def test_what_does_not_fit_is_read_otherwise_where_a_row_leaves_it_open():
    """So many sequences are tokens; a picture's model that is trained on several GPUs is shared out."""
    row = {"workload": "transformer-big", "gpu": "v100-16gb-sxm", "phase": "train", "precision": "fp32"}
    tokens, few = values({**row, "batch": "10240", "seq_len": "64"}, {**row, "batch": "160", "seq_len": "64"})
    assert tokens == pytest.approx(few)
    row = {"workload": "flux.1-dev", "gpu": "h100-80gb-sxm", "n_gpus": "8", "phase": "train", "batch": "8",
           "precision": "bf16"}  # fmt: skip
    said, left = values({**row, "options": "sharding=fsdp"}, row)
    assert said == pytest.approx(left)


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
    found, chips, one = values(
        {**row, "gpu": text}, {**row, "gpu": same}, {**row, "gpu": text, "n_gpus": "1"}
    )
    assert found == chips == one


def test_a_bare_name_that_tables_give_one_model():
    row = {"gpu": "a100-80gb-sxm", "phase": "generate"}
    first, same = values({**row, "workload": "Stable Diffusion"}, {**row, "workload": "stable-diffusion-1.5"})
    assert first == same
    row = {"gpu": "a100-80gb-sxm", "phase": "train", "runtime": "PyTorch NGC 21.02"}
    first, same = values({**row, "workload": "bart"}, {**row, "workload": "bart-large"})
    assert first == same
    (several,) = predict_rows([{**row, "workload": "llama"}], GPUS)
    assert "several sizes" in several.error


def test_pytorch_reaches_a_trainium_through_xla():
    row = {"workload": "bert-large", "gpu": "trainium1", "n_gpus": "16", "phase": "pretrain"}
    named, neuron, compiled = values(
        *({**row, "runtime": one} for one in ("PyTorch 2.1", "torch-neuronx", "XLA"))
    )
    assert named == neuron == compiled


def test_a_batch_that_no_whole_number_of_micro_batches_makes_is_counted():
    row = {"workload": "gpt2", "gpu": "a100-80gb-sxm", "n_gpus": "8", "phase": "pretrain", "batch": "16"}
    uneven, even = predict_rows(
        [{**row, "options": f"global_batch={count}", "metric": "throughput"} for count in (480, 512)], GPUS
    )
    assert not uneven.error
    assert uneven.value == pytest.approx(even.value, rel=0.1)


def test_a_prompt_or_an_answer_of_llama_bench_may_follow_other_tokens():
    """A prompt behind others looks back on as many in the mean as one that is twice as much longer."""
    model = {"workload": "llama-3.1-8b", "gpu": "rtx-4090", "precision": "q4_k_m", "runtime": "llama.cpp"}
    deep, said, none, plain = values(
        {**model, "phase": "tg128 @ d4096"},
        {**model, "phase": "decode", "input_tokens": "4096", "output_tokens": "128"},
        {**model, "phase": "tg128 @ d0"}, {**model, "phase": "tg128"},
    )  # fmt: skip
    assert deep == said < none == plain
    behind, long = values(
        {**model, "phase": "pp512@d8192"}, {**model, "phase": "prefill", "input_tokens": "16896"}
    )
    assert behind == long


def test_one_stream_on_several_gpus_is_one_copy_of_its_model():
    """Engines that cut layers hold it all together; a batch of several is of each of as many as fit."""
    row = {"workload": "llama-3.1-8b", "gpu": "a100-80gb-sxm", "runtime": "vLLM", "n_gpus": "2"}
    for phase in ("decode", "generate"):
        open_, one, cut, batch, copies = values(
            {**row, "phase": phase}, {**row, "phase": phase, "batch": "1"},
            {**row, "phase": phase, "batch": "1", "tp": "2"}, {**row, "phase": phase, "batch": "4"},
            {**row, "phase": phase, "batch": "4", "tp": "1"},
        )  # fmt: skip
        assert open_ == one == cut
        assert batch == copies
    served = {**row, "phase": "serve"}
    alone, cut = values({**served, "concurrency": "1"}, {**served, "concurrency": "1", "tp": "2"})
    assert alone == cut
    many, copies = values({**served, "concurrency": "64"}, {**served, "concurrency": "64", "tp": "1"})
    assert many == copies


def test_four_bits_of_svdquant_are_of_what_they_multiply_too():
    row = {"workload": "flux.1-dev", "gpu": "rtx-4090"}
    nunchaku, said, comfy, weights = values(
        {**row, "precision": "int4", "runtime": "Nunchaku"}, {**row, "precision": "SVDQuant INT4"},
        {**row, "precision": "int4", "runtime": "ComfyUI-nunchaku"},
        {**row, "precision": "int4", "runtime": "ComfyUI"},
    )  # fmt: skip
    assert nunchaku == said > 2.0 * weights
    assert comfy > 2.0 * weights
    (refused,) = predict_rows([{**row, "gpu": "h100-80gb-sxm", "precision": "svdquant"}], GPUS)
    assert "no INT4 peak" in refused.error


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("128x128x64", ("128x128", "64")), ("160x96x96", ("96x96", "160")), ("49x480x720", ("480x720", "49")),
        ("480x720x49", ("480x720", "49")), ("16x224x224", ("224x224", "16")), ("3x64x64", ("3x64x64", "")),
        ("640x640x3", ("640x640x3", "")), ("512x768", ("512x768", "")), ("64×64×64", ("64x64", "64")),
        ("128x128x0", ("128x128x0", "")),
    ],
)  # fmt: skip
def test_a_third_side_is_of_slices_or_frames(text: str, known: tuple[str, str]) -> None:
    assert two_sides(text) == known


def test_a_volume_is_as_deep_as_its_size_says() -> None:
    asked = {"gpu": "a100-80gb-sxm", "phase": "infer", "batch": "8", "precision": "fp16"}
    sizes = ("128x128x64", "128x128x128", "")
    deep = [{**asked, "workload": "v-net", "resolution": size} for size in sizes]
    flat, whole, usual = (one.value for one in predict_rows(deep, catalogue()))
    assert flat == usual
    assert whole is not None
    assert 1.7 < flat / whole < 2.2
    plain = {**asked, "workload": "resnet50", "resolution": "224x224x32"}
    assert "a third side of 32" in next(iter(predict_rows([plain], catalogue()))).error
    assert api.predict("v-net", "a100-80gb-sxm", resolution="64x64x128").job.options["frames"] == "128"
