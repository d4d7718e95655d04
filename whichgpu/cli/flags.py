"""Flags of engines, load generators and trainers that are typed by habit, as they are written here.

--tensor-parallel-size 2 -> --tp 2
--max-num-seqs 64        -> --option max_num_seqs=64
--qlora                  -> --phase finetune_qlora
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

#: A data-parallel degree is no option: GPUs beyond those of a replica run more of them.
_COPIES = "--gpu NAME:"
#: Trainers' and llama.cpp's, beside what `cost.commanded` reads in the text of a runtime too.
_FLAGS: Mapping[str, str] = {
    **dict.fromkeys(
        ("ctx", "ctx_size", "ctx_len", "num_ctx", "n_ctx", "context", "context_len", "prompt_len"),
        "--input-tokens {}",
    ),
    **dict.fromkeys(
        ("seq", "seqlen", "sequence_len", "sequence_length", "seq_length", "max_seq_len", "max_seq_length",
         "cutoff_len", "block_size"),
        "--seq-len {}",
    ),
    **dict.fromkeys(("num_gpus", "ngpus", "n_gpus", "gpu_count", "nproc_per_node"), "--gpu a100-80gb-sxm:{}"),
    **dict.fromkeys(("per_device_train_batch_size", "micro_batch_size", "mbs"), "--batch {}"),
    **dict.fromkeys(("image_size", "img_size", "height", "width"), "--resolution {}"),
    **dict.fromkeys(("zero", "zero_stage"), "--option sharding=zero{}"),
    "gradient_accumulation_steps": "--option grad_accum={}", "optim": "--option optimizer={}",
}  # fmt: skip
#: Of commands whose whole answer has what these ask for.
_WHOLE = ("explain", "breakdown")
_SWITCHES: Mapping[str, str] = {
    **dict.fromkeys(("finetune", "fine_tune", "full_finetune"), "--phase finetune_full"),
    **dict.fromkeys(("lora", "peft"), "--phase finetune_lora"), "qlora": "--phase finetune_qlora",
    **dict.fromkeys(("train", "training"), "--phase train"),
    **dict.fromkeys(("gradient_checkpointing", "activation_checkpointing"), "--option checkpointing=full"),
    "fsdp": "--option sharding=fsdp", "deepspeed": "--option sharding=zero3, or zero2",
    "cpu_offload": "--option offload=optimizer of a training, --option offload=20GB of weights",
    **dict.fromkeys(("load_in_4bit", "bnb_4bit"), "--precision nf4"), "load_in_8bit": "--precision int8",
    **{one: f"--precision {one}" for one in ("fp32", "fp16", "bf16", "fp8", "int8", "int4")},
}  # fmt: skip


def meant(flag: str, typed: Sequence[str], known: Collection[str]) -> str:
    """What to write for a `flag` that no command has, in options that are `known`; empty where unclear."""
    from whichgpu.cost.estimates import MODELLED
    from whichgpu.cost.job.commanded import FLAGS, SWITCHES

    name = flag.lstrip("-").replace("-", "_")
    if name in _WHOLE and "--all" in known:
        return "write --all, which tells where the time goes"
    switch = SWITCHES.get(name) or _SWITCHES.get(name, "")
    if switch and "--option" in known:
        return f"write {switch.format(flag)}"
    text = FLAGS.get(name) or _FLAGS.get(name) or (f"--option {name}={{}}" if name in MODELLED else "")
    if not text or text.split()[0] not in known:
        return ""
    if text.startswith(_COPIES):
        beyond = "GPUs beyond those of a replica (--tp times --pp) run more of them"
        return f"{beyond}: write e.g. --gpu h100-80gb-sxm:8"
    head, _, rest = text.partition(" ")
    value = _value(flag, typed)
    return f'write {head} "{rest.format(value)}"' if rest and " " in value else f"write {text.format(value)}"


def _value(flag: str, typed: Sequence[str]) -> str:
    """What was typed after a flag; N where nothing was."""
    for one, after in zip(typed, (*typed[1:], "--"), strict=True):
        if one.startswith(f"{flag}="):
            return one.partition("=")[2]
        if one == flag and not after.startswith("--"):
            return after
    return "N"
