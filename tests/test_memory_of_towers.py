"""Pictures in the training of models that see, an engine beside it, what libraries bring to a trainer."""

from __future__ import annotations

import pytest
from memory_jobs import GIB, GPUS, parts, peak, total

import whichgpu
from whichgpu.cost.job.runtimes import runtime
from whichgpu.errors import UsageError

VL = "qwen2.5-vl-7b"
TUNED = {"phase": "finetune_lora", "precision": "bf16", "seq_len": 1024.0, "runtime": "Transformers"}


def test_pictures_of_a_sequence_are_tokens_of_it():
    plain, longer = total(VL, **{**TUNED, "seq_len": 2048.0}), {"images": "1", "freeze_towers": "true"}
    seen = total(VL, **TUNED, options=longer)  # 1,024 tokens of a usual picture
    assert seen == pytest.approx(plain, rel=0.01)
    counted = total(VL, **{**TUNED, "seq_len": 2048.0}, options={"pictures": "1", "freeze_towers": "true"})
    assert counted == seen


@pytest.mark.parametrize(
    ("name", "sides", "tokens"),
    [
        (VL, (512, 512), 18 * 18),
        (VL, (480, 640), 17 * 23),
        ("qwen3-vl-8b", (1024, 512), 32 * 16),
        (VL, (9999, 9999), 16384),
    ],
)
def test_a_picture_is_as_many_tokens_as_its_sides_make(name: str, sides: tuple[int, int], tokens: int):
    """`smart_resize` of Transformers: sides in whole tokens, of 28 pixels, and 32 in Qwen3 VL."""
    asked = {"phase": "finetune_lora", "seq_len": 64, "options": {"images": "1"}, "gpu": "b300-288gb-sxm"}
    answer = whichgpu.predict(name, resolution=f"{sides[0]}x{sides[1]}", **asked)
    assert answer.to_dict()["job"]["seq_len"] == 64 + tokens
    assert f"{tokens:,} of each sequence's tokens are of its images" in " ".join(answer.warnings)


def test_a_tower_that_learns_keeps_what_its_layers_read():
    """32 layers of 1,280 values over 4,096 patches, in 16 bits, where they run again."""
    job = {**TUNED, "phase": "finetune_full", "seq_len": 4096.0}
    whole, left = (
        parts(VL, **job, options={"checkpointing": "full", "pictures": "2", "freeze_towers": frozen})
        for frozen in ("false", "true")
    )
    assert whole["activations"] - left["activations"] == pytest.approx(32 * 2 * 4096 * 1280 * 2.0, rel=0.03)
    # What does not learn has no states: 676.5 M parameters, 8 bytes of Adam in 32 bits.
    assert whole["optimizer"] - left["optimizer"] == pytest.approx(676.55e6 * 4.0, rel=0.01)
    assert whole["weights"] == left["weights"]


def test_no_picture_no_pass_of_the_tower():
    assert total(VL, **TUNED) == total(VL, **TUNED, options={"images": "0"})


@pytest.mark.parametrize("trainer", ["LLaMA-Factory", "ms-swift", "ms-swift DeepSpeed"])
def test_trainers_that_leave_towers_as_they_are(trainer: str):
    job = {**TUNED, "runtime": trainer}
    assert total(VL, **job) == total(VL, **job, options={"freeze_towers": "true"})
    assert total(VL, **job) < total(VL, **job, options={"freeze_towers": "false"})


def test_what_libraries_bring_leaves_a_trainers_habits():
    """Liger's loss, PEFT's rank: ms-swift runs layers again beside both."""
    for text in ("ms-swift", "ms-swift liger", "ms-swift PEFT DeepSpeed liger flash-attn"):
        assert runtime(text, "").habits["training"]["checkpointing"] == "full"
    assert runtime("ms-swift liger", "").habits["training"]["fused_loss"] == "true"
    assert "checkpointing" not in runtime("Transformers liger", "").habits["training"]
    # examples/train/long_text/zero3.sh of modelscope/ms-swift: 4 x 56 GB.
    job = {"phase": "finetune_full", "precision": "bf16", "seq_len": 16384.0, "batch": 1.0, "n_gpus": 4.0}
    found = peak(
        "qwen2.5-7b",
        runtime="ms-swift DeepSpeed liger packing flash-attn",
        options={"sharding": "zero3"},
        **job,
    )
    assert 0.75 < found / 52.2 < 1.02


def test_an_engine_beside_a_training_takes_its_share():
    job = {
        "phase": "finetune_full",
        "precision": "amp-bf16",
        "seq_len": 1024.0,
        "runtime": "TRL",
        "batch": 1.0,
    }
    card = GPUS["b300-288gb-sxm"].value("memory")
    alone = parts("qwen2.5-3b", **job)
    beside = parts("qwen2.5-3b", **job, options={"gpu_memory_utilization": "0.3"})
    assert beside == {**alone, "engine": pytest.approx(0.3 * card)}
    # It sleeps while the model learns: next to what is there between steps, or not at all.
    left = sum(alone[name] for name in ("weights", "optimizer", "context"))
    for share in (0.1, 0.5):
        slept = parts("qwen2.5-3b", **job, options={"gpu_memory_utilization": str(share), "sleep": "true"})
        assert sum(slept.values()) == pytest.approx(max(sum(alone.values()), left + share * card))
    assert alone["weights"] > 5 * GIB


@pytest.mark.parametrize(("share", "said"), [("30", "30 is more than the whole card"), ("0", "0 is below")])
def test_an_engine_beside_a_training_takes_no_more_than_the_card(share, said):
    with pytest.raises(UsageError, match=f"{said}.*write gpu_memory_utilization=0.3"):
        total(VL, **TUNED, options={"gpu_memory_utilization": share})


def test_what_freezes_is_yes_or_no():
    with pytest.raises(UsageError, match="freeze_towers: 'tower' is neither true nor false"):
        total(VL, **TUNED, options={"images": "1", "freeze_towers": "tower"})


def test_a_loss_of_cut_sequences_is_in_the_format_of_its_logits():
    """`loss_scale_sp_func` of ms-swift: 8 bytes a logit for 12; over 65,536 tokens and four GPUs."""
    job = {"phase": "finetune_full", "precision": "bf16", "seq_len": 65536.0, "n_gpus": 4.0}
    job["runtime"] = "ms-swift DeepSpeed flash-attn"
    cut = parts("qwen2.5-7b", **job, options={"sharding": "zero3", "cp": "4"})
    assert cut["logits"] == pytest.approx(8.0 * 16384 * 152064)
    whole = parts("qwen2.5-7b", **{**job, "seq_len": 16384.0}, options={"sharding": "zero3"})
    assert whole["logits"] == pytest.approx(12.0 * 16384 * 152064)


def test_a_device_map_deals_out_layers_that_do_not_divide():
    """examples/models/qwen3_vl/transformers.sh of modelscope/ms-swift: 94 layers on 8 x 70 GiB."""
    job = {
        "phase": "finetune_lora",
        "precision": "bf16",
        "seq_len": 192,
        "runtime": "ms-swift",
        "tp": 1,
        "pp": 8,
    }
    answer = whichgpu.fit("qwen3-vl-235b-a22b", ["a100-80gb-sxm:8"], **job).to_dict()
    assert answer["fits"]
    assert 55 < answer["required"] / GIB < 72
