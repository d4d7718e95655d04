"""`whichgpu workload W` for any job: phases, precisions, optimizers, checkpointing."""

from __future__ import annotations

import pytest

from whichgpu import api

pytestmark = pytest.mark.slow

PARAMETERS = 8_030_261_248
PHASES = ("serve", "generate", "prefill", "decode", "train", "pretrain", "finetune_full", "finetune_lora",
          "finetune_qlora")  # fmt: skip


@pytest.fixture
def work(whichgpu):
    """The document of Llama 3.1 8B for a phase: `work("train", "--seq-len", "2048")`."""

    def run(phase, *options, model="llama-3.1-8b"):
        answer = whichgpu("workload", model, "--phase", phase, "--json", *options)
        assert answer.status == 0, answer.err
        return answer.json

    return run


def flops(document, stage):
    return document["work"]["stages"][stage]["flops"]


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_counts(work, phase):
    document = work(phase)
    assert document["job"]["phase"] == phase
    assert document["parameters"] == PARAMETERS
    assert document["work"]["flops"] > 0
    stages = document["work"]["stages"]
    trains = phase in PHASES[4:]
    # PEFT has the layers of a quantised model run again.
    again = ["recomputed"] if phase == "finetune_qlora" else []
    assert list(stages) == (["forward", *again, "backward", "optimizer"] if trains else ["forward"])
    assert document["work"]["flops"] == pytest.approx(sum(row["flops"] for row in stages.values()))
    assert document["work"]["bytes"] == pytest.approx(sum(row["bytes"] for row in stages.values()))


def test_prefill_is_two_flops_a_weight_and_token(work):
    document = work("prefill", "--input-tokens", "1024", "--batch", "1")
    layers = document["modules"]["layers"]
    # Query x key and weights x value of 32 layers of 4,096 channels; one row of logits.
    attention, head = 32 * 4 * 1024**2 * 4096, 2 * 128_256 * 4096
    assert document["work"]["flops"] == pytest.approx(2 * 1024 * layers + attention + head, rel=1e-3)
    assert document["work"]["units"] == 1024


def test_the_cache_that_decode_reads_is_told_apart_and_adds_up(work):
    sizes = ("--input-tokens", "1000", "--output-tokens", "100", "--batch", "2")
    wide, narrow = (work("decode", *sizes, *more) for more in ((), ("--option", "kv_precision=fp8")))
    # Each step reads keys and values of all tokens so far: 1,050.5 on average.
    assert wide["bytes"]["kv_cache"] == 131072 * 2 * 100 * 1050.5 == 2 * narrow["bytes"]["kv_cache"]
    assert wide["cache"]["kv_bytes_per_token"] == 2 * narrow["cache"]["kv_bytes_per_token"] == 131072
    parts = ("weight_bytes", "activation_bytes", "kv_bytes")
    assert sum(row[part] for row in wide["ops"].values() for part in parts) == pytest.approx(
        wide["work"]["bytes"]
    )
    assert wide["activations"]["saved_for_training"] is None


def test_what_of_a_job_is_ignored_is_said(whichgpu):
    answer = whichgpu("workload", "resnet50", "--batch", "4", "--seq-len", "7", "--option", "foo=bar")
    assert "not modelled yet, and ignored: foo" in answer.out
    assert "has no use for seq_len" in answer.out


def test_generation_is_prefill_and_decode(work):
    sizes = ("--input-tokens", "512", "--output-tokens", "64", "--batch", "2")
    whole, first, rest = (work(phase, *sizes)["work"]["flops"] for phase in ("generate", "prefill", "decode"))
    assert whole == pytest.approx(first + rest, rel=0.01)


def test_training_is_three_forward_passes_and_checkpointing_a_fourth(work):
    plain = work("train", "--seq-len", "2048")
    assert flops(plain, "backward") == pytest.approx(2 * flops(plain, "forward"), rel=0.05)
    full, some = (
        work("train", "--seq-len", "2048", "--option", f"checkpointing={kind}")
        for kind in ("full", "selective")
    )
    # All but the output head runs again, and of each layer what stands before its last product: PyTorch 2
    # stops there, at "down", whose output no gradient needs. Selective keeps what costs most to make.
    down = 2 * 2048 * 32 * 4096 * 14336
    again = flops(full, "recomputed")
    assert 0.9 < (again + down) / flops(plain, "forward") <= 1.0
    assert 0.3 < flops(some, "recomputed") / flops(full, "recomputed") < 0.7
    kept = [one["activations"]["saved_for_training"] for one in (plain, some, full)]
    assert kept[0] > 1.5 * kept[1] > 1.5 * kept[2]


def test_lora_takes_two_thirds_and_trains_adapters(work):
    full, lora, qlora = (work(phase, "--seq-len", "2048") for phase in PHASES[6:])
    assert lora["work"]["flops"] / full["work"]["flops"] == pytest.approx(2 / 3, abs=0.05)
    assert lora["trainable"] == lora["trainable_lora"] == full["trainable_lora"] < 0.01 * full["trainable"]
    assert full["trainable"] == PARAMETERS
    assert qlora["bytes"]["weights"] < 0.4 * lora["bytes"]["weights"]


@pytest.mark.parametrize(
    ("optimizer", "moved"),
    # FP32: read gradient, weight and states, write weight and states.
    [("sgd", 20), ("adam", 28), ("adamw", 28), ("adafactor", 14), ("adam8bit", 16), ("adamw-8bit", 16)],
)
def test_an_optimizer_moves_its_bytes(work, optimizer, moved):
    document = work("train", "--precision", "fp32", "--option", f"optimizer={optimizer}")
    assert document["work"]["stages"]["optimizer"]["bytes"] == pytest.approx(moved * PARAMETERS)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("fp32", 4.0, 4.0), ("tf32", 4.0, 4.0), ("fp16", 2.0, 2.0), ("bf16", 2.0, 2.0), ("fp8", 1.0, 1.3),
        ("int8", 1.0, 1.3), ("w8a16", 1.0, 1.3), ("int4", 0.5, 0.8), ("w4a16", 0.5, 0.8), ("fp4", 0.5, 0.8),
        ("mxfp4", 0.53, 0.8), ("nf4", 0.5, 0.8), ("q4_k_m", 0.55, 0.65), ("q8_0", 1.06, 1.07),
        ("iq4_xs", 0.53, 0.6), ("tq2_0", 0.25, 0.35),
    ],
)  # fmt: skip
def test_every_precision_stores_its_bytes_and_does_the_same_work(work, name, low, high):
    # Formats of llama.cpp's files run there, whose tokens follow no prompt unless one is stated.
    told = ("decode", "--input-tokens", "512")
    document = work(*told, "--precision", name)
    assert low <= document["bytes"]["weights"] / PARAMETERS <= high
    assert document["work"]["flops"] == work(*told)["work"]["flops"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--option", "optimizer=none"), "no optimizer 'none'; use one of sgd"),
        (
            ("--option", "checkpointing=maybe"),
            "checkpointing: 'maybe' is none of none, attention, selective, full",
        ),
        (("--precision", "q4_k_m"), "take no gradients; train in amp-bf16"),
        (("--precision", "fp7"), "no precision 'fp7'; did you mean"),
        (("--seq-len", "0"), "seq_len: 0 is below 1"),
    ],
)
def test_a_job_that_cannot_be(whichgpu, options, said):
    answer = whichgpu("workload", "llama-3.1-8b", "--phase", "train", *options)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


def test_the_cache_of_a_sequence(work):
    document = work("serve", "--input-tokens", "1000", "--output-tokens", "24")
    # Keys and values of 8 heads of 128 in 32 layers, 2 bytes each.
    assert document["cache"]["kv_bytes_per_sequence"] == 1024 * 2 * 8 * 128 * 32 * 2
    assert document["cache"]["tokens"] == 1024


def test_without_a_job_it_is_one_forward_pass(whichgpu):
    document = whichgpu("workload", "resnet50", "--json").json
    assert document["work"]["flops"] == document["flops"]
    stated = whichgpu("workload", "resnet50", "--batch", "8", "--json").json
    assert stated["work"]["flops"] == 8 * document["flops"]
    assert stated["flops"] == document["flops"]
    assert stated["job"]["batch"] == 8


def test_the_length_of_a_recording_is_the_size_of_the_job():
    """Whisper hears windows: `seconds=9000` was ignored without a word of what says it."""
    told = "how long a recording is, is the size of the job: write --hours-of-audio 2.5"
    for name, length in (("seconds", "9000"), ("duration", "2.5 h"), ("audio", "9000s")):
        assert told in api.predict("whisper-large-v3", gpu="l4", options={name: length}).warnings
    assert told not in api.predict("whisper-large-v3", gpu="l4", options={"foo": "1"}).warnings
    assert told not in api.predict("resnet50", gpu="l4", options={"seconds": "9000"}).warnings
