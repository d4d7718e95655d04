"""Tables of jobs whose rows do not fit as they stand: what is taken so that they do, and what is refused."""

from __future__ import annotations

import pytest
from job_rows import GPUS

import whichgpu
from whichgpu.cost import estimate
from whichgpu.cost.table import pools, smaller
from whichgpu.cost.table.files import COLUMNS
from whichgpu.cost.table.jobs import predict_rows

pytestmark = pytest.mark.slow


def trained(**cells):
    """A pretraining of Llama 3.1 70B on 64 H100, and what of it differs."""
    row = {"workload": "llama-3.1-70b", "gpu": "h100-80gb-sxm", "n_gpus": "64", "phase": "pretrain"}
    return {**row, "precision": "bf16", "seq_len": "8192", "metric": "throughput", **cells}


def test_a_row_that_leaves_its_batch_or_its_split_open_takes_what_fits():
    """A note says of how many; what is stated is kept, and what no split helps is refused."""
    net = {"workload": "efficientnet-b7", "gpu": "rtx-3090", "phase": "train", "runtime": "tensorflow"}
    large = {"workload": "gpt3-175b", "gpu": "h100-80gb-sxm:512", "phase": "pretrain", "runtime": "NeMo"}
    few = {**large, "gpu": "h100-80gb-sxm:2"}
    rows = [net, {**net, "batch": "8"}, {**net, "batch": "512"}, large, {**large, "pp": "1"}, few]
    found = predict_rows(rows, GPUS)
    open_, eight, many, split, whole, few = found
    assert 0.5 * eight.value < open_.value < 2 * eight.value
    assert many.error.startswith("does not fit")
    assert split.value > 0
    assert whole.error.startswith("does not fit")
    assert few.error.startswith("does not fit")
    assert [note for note in found.notes if note.startswith("a smaller batch was taken in 1 rows")]
    assert [note for note in found.notes if note.startswith("tp=8, pp=")]


def test_a_batch_of_all_gpus_is_read_as_that_where_it_fits_on_none():
    """Tables state either; of one GPU, or where its share does not fit, it is refused."""
    job = {"workload": "resnet50", "gpu": "v100-16gb-sxm", "n_gpus": "8", "phase": "train"}
    rows = [{**job, "batch": one} for one in ("256", "2048", "100000", "2047")]
    found = predict_rows([*rows, {**job, "n_gpus": "1", "batch": "2048"}], GPUS)
    each, whole, much, odd, single = found
    assert whole.value == each.value
    assert all(one.error.startswith("does not fit") for one in (much, odd, single))
    assert [note for note in found.notes if note.startswith("the batch of 1 rows is read as that of all")]


def test_a_program_of_pictures_sends_away_what_a_card_has_no_room_for_in_every_command():
    """Networks that wait, then weights layer by layer; what cannot be decoded whole is in tiles."""
    cases = (("flux.1-dev", "rtx-3060-12gb", "1024x1024", {}, "offload=parameters was"),
             ("hunyuanvideo-1.5", "rtx-4090", "480x848", {"frames": "121"}, "offload=model;vae_tiling=true"),
             )  # fmt: skip
    for workload, gpu, size, options, note in cases:
        job = {"workload": workload, "gpu": gpu, "runtime": "comfyui", "resolution": size}
        text = ";".join(f"{name}={value}" for name, value in options.items())
        found = predict_rows([{**job, "options": text}], GPUS)
        assert any(one.startswith(note) for one in found.notes), found.notes
        answer = whichgpu.predict(**job, options=options)
        assert answer.throughput.mid == pytest.approx(next(iter(found)).value), workload


def test_what_no_gpu_of_a_row_holds_alone_is_split_over_all_of_them():
    row = {
        "workload": "hunyuanimage-3.0",
        "gpu": "a100-40gb-sxm:8",
        "precision": "bf16",
        "runtime": "diffusers",
    }
    found = predict_rows([row], GPUS)
    assert next(iter(found)).value
    assert any("over all GPUs" in note for note in found.notes), found.notes


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


def test_options_that_do_not_make_a_row_fit_are_not_timed(monkeypatch):
    asked, timed, real = [], [], estimate.finish
    monkeypatch.setattr(
        pools, "outlined", lambda one, on: asked.append(one.job) or estimate.outlined(one, on)
    )
    monkeypatch.setattr(estimate, "finish", lambda laid, fit: timed.append(laid.job) or real(laid, fit))
    (found,) = predict_rows([trained()], GPUS)
    assert found.value
    # Of the job as it stands and of four options before that the memory alone is asked.
    assert len(asked) == 6
    taken = [tuple(one.options.get(name, "") for name in ("checkpointing", "sharding")) for one in timed]
    assert taken == [("early_stop", "fsdp")]


def test_what_no_option_makes_fit_is_refused_untimed_as_it_would_be_timed(monkeypatch):
    """The reason of an ask that cannot be comes before that."""
    timed, real = [], estimate.finish
    monkeypatch.setattr(estimate, "finish", lambda laid, fit: timed.append(laid.job) or real(laid, fit))
    row = {"workload": "vgg16", "gpu": "rtx-3060-12gb", "phase": "train", "batch": "4096"}
    asks = [{}, {"metric": "power"}, {"unit": "parsecs"}, {"metric": "ttft"}, {"metric": "peak_gpu_memory"}]
    found = list(predict_rows([{**row, **ask} for ask in asks], GPUS))
    assert not timed
    for answer in (found[0], found[1], found[4]):
        assert answer.error.startswith("does not fit: it needs "), answer
        assert answer.value is None
        assert not answer.basis
    assert [answer.unit for answer in found] == ["images/s", "W", "parsecs", "s", "GiB"]
    assert "parsecs" in found[2].error
    assert "TTFT is of phase serve" in found[3].error


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


def test_what_is_tried_of_a_row_that_does_not_fit_is_read_once_for_all_gpus(monkeypatch):
    read = []
    real = smaller.read_parts
    monkeypatch.setattr(smaller, "read_parts", lambda row: read.append(row) or real(row))
    row = {"workload": "resnet50", "phase": "train", "n_gpus": "4", "batch": "4096"}
    rows = [tuple({**row, "id": gpu, "gpu": gpu, "metric": metric}.get(name, "") for name in COLUMNS)
            for gpu in ("a10", "t4") for metric in ("power", "throughput")]  # fmt: skip
    tries = smaller.Tries()
    found = [list(tries.of(cells, 4)) for cells in rows]
    assert len(read) == 1
    for cells, ways in zip(rows, found, strict=True):
        assert ways == list(smaller.Tries().of(cells, 4))
        ((less, said),) = ways
        assert said == "batch"
        assert less == tuple("1024" if cell == "4096" else cell for cell in cells)
    # How many a GPU's name stands for counts.
    assert [less[COLUMNS.index("batch")] for less, _ in tries.of(rows[0], 8)] == ["512"]


@pytest.mark.parametrize("runtime", ["llama.cpp", "Ollama", "Transformers"])
def test_a_stream_whose_weights_are_larger_than_the_card_is_refused(runtime):
    """A length that is left open does not make weights fit; with layers on the host llama.cpp has room."""
    row = {"workload": "llama-3-70b", "gpu": "rtx-4090", "phase": "decode", "precision": "q4_k_m",
           "runtime": runtime, "batch": "1"}  # fmt: skip
    if runtime == "Transformers":
        row |= {"precision": "fp16", "workload": "qwen2.5-14b"}
    alone, two = predict_rows([row, {**row, "gpu": "rtx-4090:2"}], GPUS)
    assert alone.error.startswith("does not fit: it needs ")
    assert alone.value is None
    assert two.value
    if runtime == "llama.cpp":
        assert "options offload=" in alone.error
        (away,) = predict_rows([{**row, "options": "offload=19GB"}], GPUS)
        assert away.value
        assert away.value < two.value


def test_a_server_whose_weights_no_split_holds_has_a_narrower_format_where_it_states_none():
    """What is stated is kept and refused; copies of the model leave room to deal it out further."""
    row = {"workload": "llama-2-70b", "gpu": "rtx-4090:2", "phase": "serve", "runtime": "vLLM",
           "concurrency": "max"}  # fmt: skip
    found = predict_rows(
        [row, {**row, "precision": "int4"}, {**row, "precision": "fp16"}, {**row, "gpu": "rtx-4090:8"}], GPUS
    )
    open_, narrow, stated, eight = found
    assert open_.value == pytest.approx(narrow.value)
    assert [note for note in found.notes if note.startswith("precision=int4 was taken in 1 rows")]
    assert stated.error.startswith("does not fit: it needs ")
    assert eight.value > 2.0 * open_.value
    small = {**row, "workload": "llama-3.1-8b", "precision": "fp16", "gpu": "rtx-3060-12gb"}
    (alone,) = predict_rows([small], GPUS)
    assert alone.error.startswith("does not fit: it needs ")


def test_more_in_flight_is_no_slower_where_a_row_ran_that_seems_to_have_no_room():
    """Weights fit and beside them no sequence does: what is stated to be in flight is."""
    row = {"workload": "llama-3.1-8b", "gpu": "v100-16gb-sxm", "phase": "serve", "precision": "fp16",
           "runtime": "vLLM", "input_tokens": "512", "output_tokens": "256"}  # fmt: skip
    one, eight, many = (each.value for each in predict_rows(
        [{**row, "concurrency": count} for count in ("1", "8", "64")], GPUS
    ))  # fmt: skip
    assert 4.0 * one < eight < many


@pytest.mark.parametrize(
    ("told", "beside"), [("f16", 2.0), ("bf16", 2.0), ("q8_0", 1.0625), ("q4_k_m", 1.0625)]
)
def test_files_of_gpt_oss_keep_its_experts_narrow_in_any_format(told, beside):
    """gpt-oss-20b-F16.gguf has 13.8 GB, Q8_0 12.1 and Q4_K_M 11.6; no GPU holds the table of tokens."""
    (answer,) = whichgpu.fit("gpt-oss-20b", gpus="rtx-4090", precision=told, runtime="llama.cpp").answers
    size = 13.8e9 if beside == 2.0 else 12.1e9
    assert answer.fits
    assert answer.parts["weights"] == pytest.approx(size - beside * 201_088 * 2880, rel=0.02)
    # Another engine is asked for a model that somebody made wide.
    (wide,) = whichgpu.fit("gpt-oss-20b", gpus="h100-80gb-sxm", precision="bf16", runtime="vllm").answers
    assert wide.parts["weights"] > 40e9
