"""Adapters, checkpointing, optimizers and precisions: what training keeps, and what it computes twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichgpu.cost.estimate import estimate
from whichgpu.cost.job import asked
from whichgpu.cost.job.settling import settle
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.adapters import PHASES, Adapters, adapt
from whichgpu.workloads.checkpointing import recomputed, saved_bytes
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops, stored_weight_bytes, total
from whichgpu.workloads.precision import named, precision, precisions
from whichgpu.workloads.training import OPTIMIZERS, optimizer_bytes, trained_parameters
from whichgpu.workloads.workload import resolve

DECODERS = ("llama-2-7b", "llama-3-8b", "mixtral-8x7b", "gemma-2-2b", "deepseek-v2-lite", "mamba-130m")
ANY = (*DECODERS, "bert-large", "stable-diffusion-1.5")


def memory(name, phase, **columns):
    """Memory by part in GiB on a card that holds anything."""
    options = columns.pop("options", {})
    found = estimate(Job(name, phase=phase, options=options, **columns), [catalogue()["h200-141gb-sxm"]])
    return {part: float(size[0, 0]) / 2**30 for part, size in found.parts.items()}


def forward(name, phase="finetune_full", **columns):
    item = resolve(name)
    job = item.complete(Job(name, phase=phase, precision="bf16", **columns))
    return item, job, tuple(op for op in item.trace(job) if op.stage == "forward")


@pytest.mark.parametrize("name", ANY)
@settings(max_examples=6, deadline=None)
@given(rank=st.integers(1, 256), batch=st.integers(1, 8))
def test_lora_trains_fewer_bytes_than_full(name, rank, batch):
    item = resolve(name)
    full = item.trace(item.complete(Job(name, phase="finetune_full", precision="bf16", batch=batch)))
    job = item.complete(Job(name, phase="finetune_lora", batch=batch, options={"lora_rank": str(rank)}))
    lora = item.trace(job)
    assert 0 < trained_parameters(lora) < trained_parameters(full)
    assert (
        total((op for op in lora if op.stage == "optimizer"), "write_bytes")
        < total((op for op in full if op.stage == "optimizer"), "write_bytes") * 4
    )
    assert product_flops(lora) < product_flops(full) * (1.0 + rank / 16.0)


@pytest.mark.parametrize(
    ("runtime", "said", "stored"),
    [("", "bf16", "nf4"), ("", "amp-bf16", "nf4"), ("", "fp16", "nf4-fp16"), ("torchtune", "bf16", "nf4-dq"),
     ("", "nf4-dq", "nf4-dq"), ("", "fp8", "fp8")],
)  # fmt: skip
def test_a_format_of_16_bits_beside_qlora_is_that_of_its_products(runtime, said, stored):
    """Its frozen weights would be those of LoRA else, four times as large (`bnb_4bit_compute_dtype`)."""
    job = Job("llama-3-8b", phase="finetune_qlora", precision=said, runtime=runtime)
    found = asked.read(job)
    assert found.job.with_defaults(precision="nf4").precision == stored
    told = [text for text in found.said if "--phase finetune_lora" in text]
    assert len(told) == (said not in ("nf4-dq", "fp8"))
    of_adapters = asked.read(replace(job, phase="finetune_lora"))
    assert of_adapters.job.precision == said


@pytest.mark.parametrize("name", DECODERS)
def test_adapters_have_the_size_that_their_rank_says(name):
    _, _, ops = forward(name)
    one, two = (trained_parameters(adapt(ops, Adapters(rank))) for rank in (8.0, 16.0))
    assert two == 2 * one


def test_adapters_of_llama_by_hand():
    _, _, ops = forward("llama-2-7b")
    d, ffn, r = 4096, 11008, 8
    layer = 4 * (d + d) + 2 * (d + ffn) + (ffn + d)
    assert trained_parameters(adapt(ops, Adapters(float(r)))) == 32 * r * layer
    attention = Adapters(float(r), ("qkv", "out"))
    assert trained_parameters(adapt(ops, attention)) == 32 * r * 4 * (d + d)
    as_stored = Adapters(float(r), ("qkv",))
    assert trained_parameters(adapt(ops, as_stored, "qkv")) == 32 * r * (d + 3 * d)


#: Trainable parameters as PEFT prints them for these models, targets and ranks.
PRINTED = (
    ("llama-2-7b", "q_proj,v_proj", 8, 4_194_304), ("llama-2-7b", "all-linear", 16, 39_976_960),
    ("llama-2-7b", "inputs", 8, 4_194_304), ("llama-2-7b", "attention", 8, 8_388_608),
    ("llama-3.1-8b", "all", 16, 41_943_040), ("llama-3-8b", "q_proj,k_proj,v_proj,o_proj", 16, 13_631_488),
    ("mistral-7b", "all", 64, 167_772_160), ("llama-2-13b", "q_proj, v_proj", 8, 6_553_600),
    ("gpt2", "c_attn", 8, 294_912), ("bloom-7b1", "query_key_value", 8, 3_932_160),
    ("chatglm3-6b", "query_key_value", 8, 1_949_696), ("gpt-neox-20b", "query_key_value", 8, 8_650_752),
    ("phi-3-mini", "all", 16, 25_165_824), ("falcon-7b", "query_key_value", 16, 4_718_592),
    ("t5-large", "q,v", 8, 2_359_296), ("roberta-large", "query,value", 8, 786_432),
    ("whisper-large-v2", "q_proj,v_proj", 32, 15_728_640),
    ("vit-base-patch16-224", "query,value", 16, 589_824),
)  # fmt: skip


@pytest.mark.parametrize(("name", "targets", "rank", "printed"), PRINTED)
def test_adapters_are_those_that_peft_counts(name, targets, rank, printed):
    item = resolve(name)
    options = {"lora_rank": str(rank), "lora_targets": targets}
    job = item.complete(Job(name, phase="finetune_lora", batch=1, options=options))
    assert trained_parameters(item.trace(job)) == printed


def test_adapters_that_are_served_lie_beside_the_weights_by_hand():
    """vLLM keeps query, key, value, gate and up apart: 20 of rank 64 on Llama 3.1 8B, in 16 bits."""
    plain = memory("llama-3.1-8b", "serve", concurrency=1.0)["weights"]
    served = memory("llama-3.1-8b", "serve", concurrency=1.0, options={"adapters": "20", "lora_rank": "64"})[
        "weights"
    ]
    width, narrow, ffn = 4096, 1024, 14336
    each = 32 * 64 * (2 * (2 * width) + 2 * (width + narrow) + 3 * (width + ffn))
    assert served - plain == pytest.approx(20 * 2 * each / 2**30, rel=1e-6)


def test_served_adapters_cost_time_by_how_many_differ():
    def rate(**options):
        job = Job("llama-3.1-8b", phase="serve", concurrency=16.0, precision="fp16", options=options)
        return float(estimate(job, [catalogue()["a100-80gb-sxm"]]).throughput[0, 0])

    merged, one, many = rate(), rate(adapters="1"), rate(adapters="50", lora_rank="64")
    assert merged > one > many > 0.4 * merged
    with pytest.raises(UsageError, match="adapters=8"):
        rate(adapters="2.5")


def test_full_checkpointing_may_stop_before_a_layers_last_product():
    _, _, ops = forward("llama-2-7b", seq_len=512.0)
    whole, early = (recomputed(ops, "full", early=early) for early in (False, True))
    left = {op.layer for op in whole} - {op.layer for op in early}
    assert "layers.down.again" in left
    assert "layers.up.again" not in left
    assert product_flops(early) < 0.8 * product_flops(whole)


def test_frozen_weights_get_no_gradient():
    item = resolve("llama-2-7b")
    full, lora = (
        item.trace(item.complete(Job(item.id, phase=phase, precision="bf16", seq_len=512)))
        for phase in ("finetune_full", "finetune_lora")
    )
    assert [op for op in full if op.layer == "layers.qkv.wgrad"]
    assert not [op for op in lora if op.layer == "layers.qkv.wgrad"]
    assert [op for op in lora if op.layer == "layers.qkv.dgrad"]
    assert [op for op in lora if op.layer == "layers.qkv.lora_a.wgrad"]
    # Two thirds of the products, and the adapters on top.
    assert 0.6 < product_flops(lora) / product_flops(full) < 0.75


def test_memory_of_lora_and_qlora_is_as_measured():
    """LitGPT on an A100 40 GB: Llama 2 7B, rank 8 on query and value, a sequence of 1304 tokens, batch 1."""
    options = {"lora_rank": "8", "lora_targets": "qkv"}
    for phase, stored, measured in (
        ("finetune_lora", "bf16", 19.837),
        ("finetune_qlora", "nf4", 13.169),
        ("finetune_qlora", "nf4-dq", 12.89),
    ):
        parts = memory("llama-2-7b", phase, precision=stored, batch=1, seq_len=1304, options=options,
                       runtime="LitGPT")  # fmt: skip
        assert sum(parts.values()) == pytest.approx(measured, rel=0.1), stored
    assert "widened_layer" in parts


def test_qlora_stores_the_body_in_four_bits():
    full, lora, qlora = (memory("llama-2-7b", phase, batch=1, seq_len=512)
                         for phase in ("finetune_full", *PHASES))  # fmt: skip
    assert lora["weights"] == pytest.approx(12.55 + 0.15, abs=0.3)
    # The body takes 0.28 of 16 bits, embedding and head wait in FP32.
    assert qlora["weights"] < 0.36 * lora["weights"]
    assert lora["optimizer"] + lora["gradients"] < 0.02 * (full["optimizer"] + full["gradients"])
    assert lora["activations"] > 0.5 * full["activations"]


def test_options_of_adapters_are_checked():
    item = resolve("llama-2-7b")
    for options, said in (
        ({"lora_rank": "0"}, "lora_rank: 0 is below 1"),
        ({"lora_rank": "many"}, "'many' is no number"),
        ({"lora_rank": "1.5"}, "not a whole number"),
        (
            {"lora_targets": "nothing"},
            "no dense layer is called nothing; there are down, gate, k, out, q, up_proj, v",
        ),
    ):
        job = item.complete(Job(item.id, phase="finetune_lora", options=options))
        with pytest.raises(UsageError, match=said):
            item.trace(job)


def test_what_cannot_be_fine_tuned_has_no_adapters():
    assert not set(PHASES) & set(resolve("squeezenet-1.0").phases)
    with pytest.raises(UsageError, match="take no gradients"):
        resolve("llama-2-7b").complete(Job("llama-2-7b", phase="finetune_full", precision="nf4"))
    with pytest.raises(UsageError, match="take no gradients"):
        resolve("llama-2-7b").complete(Job("llama-2-7b", phase="pretrain", precision="q4_k_m"))
    item = resolve("llama-2-7b")
    assert (
        item.complete(Job(item.id, phase="finetune_lora+bnb.nf4", precision="nf4")).phase == "finetune_lora"
    )


@pytest.mark.parametrize("name", [*DECODERS, "bert-large", "vit-base-patch16-224"])
@settings(max_examples=5, deadline=None)
@given(batch=st.integers(1, 16))
def test_checkpointing_trades_memory_for_a_third_more_work(name, batch):
    item = resolve(name)
    phase = "finetune_full" if "finetune_full" in item.phases else "train"

    def step(kind):
        return item.trace(item.complete(Job(name, phase=phase, batch=batch, options={"checkpointing": kind})))

    plain = [op for op in step("none") if op.stage == "forward"]
    kept = {kind: float(saved_bytes(plain, kind)) for kind in ("none", "selective", "full")}
    assert kept["full"] < kept["selective"] < kept["none"]
    once = product_flops(plain)
    more = product_flops(step("full")) - product_flops(step("none"))
    layers = product_flops(op for op in plain if op.layer.startswith("layers"))
    assert more == pytest.approx(layers)
    assert 0 < more <= once
    assert product_flops(step("none")) < product_flops(step("selective")) < product_flops(step("full"))


def test_full_checkpointing_keeps_two_bytes_of_width_per_layer_and_token():
    _, _, ops = forward("llama-2-7b", seq_len=2048)
    layers = [op for op in ops if op.layer.startswith("layers")]
    rest = total((op for op in ops if not op.layer.startswith("layers")), "saved_bytes")
    one_layer = total(layers, "saved_bytes") / 32
    assert saved_bytes(ops, "full") - rest - one_layer == pytest.approx(2 * 4096 * 32 * 2048)
    assert product_flops(recomputed(ops, "full")) == product_flops(layers)


def test_selective_checkpointing_keeps_sixty_kilobytes():
    """Llama 3 8B: about 60 kB per token and layer."""
    _, _, ops = forward("llama-3-8b", seq_len=2048)
    rest = total((op for op in ops if not op.layer.startswith("layers")), "saved_bytes")
    layers = [op for op in ops if op.layer.startswith("layers")]
    kept = saved_bytes(ops, "selective") - rest - total(layers, "saved_bytes") / 32
    assert 55e3 < kept / (32 * 2048) < 65e3


@pytest.mark.parametrize(
    ("text", "kind"), [("True", "full"), ("False", "none"), ("FULL", "full"), ("1", "full")]
)
def test_other_words_for_checkpointing(text, kind):
    same = [
        memory("llama-2-7b", "finetune_full", batch=1, options={"checkpointing": one}) for one in (text, kind)
    ]
    assert same[0] == same[1]


def test_an_unknown_kind_of_checkpointing():
    item = resolve("llama-2-7b")
    with pytest.raises(UsageError, match="'some' is none of none, attention, selective, full"):
        item.trace(item.complete(Job(item.id, phase="train", options={"checkpointing": "some"})))


@pytest.mark.parametrize("name", ["AdamW", "adamw_8bit", "paged_adamw_8bit", "SGD", "momentum", "Adafactor"])
def test_spellings_of_optimizers(name):
    state, moved = optimizer_bytes(name, precision("fp32"))
    assert 0 < state <= 8
    assert moved >= 14


def test_optimizers_by_their_states():
    sizes = {name: memory("llama-2-7b", "finetune_full", batch=1, options={"optimizer": name})["optimizer"]
             for name in OPTIMIZERS}  # fmt: skip
    assert sizes["adamw"] == sizes["adam"] == 2 * sizes["sgd"] == 4 * sizes["adam8bit"]
    assert sizes["adafactor"] < 0.05 * sizes["adam"]


@pytest.mark.parametrize(
    ("name", "stored"), [("fp8", "amp-fp8"), ("mxfp8", "amp-fp8"), ("nvfp4", "amp-fp4"), ("bf16", "bf16")]
)
def test_training_in_few_bits_keeps_wide_weights(name, stored):
    item = resolve("llama-2-7b")
    assert item.complete(Job(item.id, phase="pretrain", precision=name)).precision == stored
    assert item.complete(Job(item.id, phase="serve", precision=name)).precision == name


#: Every spelling that the published measurements use.
SPELLINGS = {
    "amp-fp16": 4,
    "bf16": 2,
    "exl2-2.5-bpw": 0.3125,
    "exl2-3.0-bpw": 0.375,
    "exl2-4.0-bpw": 0.5,
    "exl2-5.0-bpw": 0.625,
    "f16": 2,
    "fp16": 2,
    "fp32": 4,
    "fp4": 0.5625,
    "fp4-dq": 0.516,
    "fp8": 1,
    "fp8_block": 1,
    "gptq": 0.52,
    "int4-g32": 0.625,
    "int4_wo": 0.5625,
    "int8": 1,
    "mixed fp8": 1,
    "mxfp4": 0.531,
    "mxfp8": 1.031,
    "nf4": 0.5625,
    "nf4-dq": 0.516,
    "nvfp4": 0.5625,
    "q4_k_m": 0.6,
    "tf32": 4,
    "bnb.nf4": 0.5625,
    "bnb.nf4-dq": 0.516,
    "q8_0": 1.0625,
    "q6_k": 0.8203,
    "q4_0": 0.5625,
    "iq2_xxs": 0.266,
    "16-true": 2,
    "bf16-mixed": 4,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_precisions(name):
    assert precision(name).weight == pytest.approx(SPELLINGS[name], rel=0.002)
    assert precision(name.upper()) is precision(name)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("FP16 (tensor cores)", "fp16"), ("FP8 (W8A8)", "fp8"), ("fp16 + LAMB", "fp16"),
        ("FP8 (per-tensor)", "fp8"), ("FP8 per-channel", "fp8"), ("FP8 per-block", "fp8-block"),
        ("FP16-TC", "fp16"),
        ("FP32 (no TC)", "fp32"), ("int8 (ExpertsInt8)", "int8"), ("16-bit", "fp16"),
        ("INT8 symmetric per-channel", "int8"), ("INT4-AWQ-FP8", "w4a8"),
        ("int8 (LLM.int8)", "w8a16"), ("FP32 strict", "fp32"), ("svdquant int4", "w4a4-int4"),
        ("NVFP4 KV FP8", "fp4"),
        ("use_fp16", "fp16"), ("torch.bfloat16", "bf16"),
        ("Integer", "int8"),
        ("FP16/FP32 mixed", "amp-fp16"), ("mixed BF16/FP32", "amp-bf16"), ("AMP (FP16)", "amp-fp16"),
        ("autocast fp16", "amp-fp16"), ("FP16/FP32", "amp-fp16"), ("O1", "amp-fp16"),
        ("FP32 (no TF32)", "fp32"),
        ("FP8 (Transformer Engine)", "fp8"), ("GPTQ 4bit 128g", "w4a16-g128"),
        ("fp16, channels_last", "fp16"),
        ("INT8 sparse", ""), ("int8/fp16", ""), ("mixed int8", ""), ("fp16 xla", ""), ("precision", ""),
    ],
)  # fmt: skip
def test_words_beside_a_format_leave_it_what_it_is(said, meant):
    assert named(said) == meant


def test_no_spelling_means_two_precisions():
    table = store.load("precisions")["precisions"]["precision"]
    seen = {}
    for key, row in table.items():
        for spelling in (key, *row.get("aliases", ())):
            plain = "".join(ch for ch in spelling.lower() if ch not in " -_.")
            assert seen.setdefault(plain, key) == key, spelling


#: Bits per weight of Llama 3.1 8B in each mix: ggml-org/llama.cpp tools/quantize/README.md.
MIXES = {
    "iq1_s": 2.0042, "iq1_m": 2.1460, "iq2_xxs": 2.3824, "iq2_xs": 2.5882, "iq2_s": 2.7403, "iq2_m": 2.9294,
    "iq3_xxs": 3.2548, "iq3_xs": 3.4977, "iq3_s": 3.6606, "iq3_m": 3.7628, "iq4_xs": 4.4597, "iq4_nl": 4.6818,
    "q2_k_s": 2.9697, "q2_k": 3.1593, "q3_k_s": 3.6429, "q3_k_m": 3.9960, "q3_k_l": 4.2979, "q4_k_s": 4.6672,
    "q4_k_m": 4.8944, "q5_k_s": 5.5704, "q5_k_m": 5.7036, "q6_k": 6.5633, "q8_0": 8.5008,
}  # fmt: skip


def test_a_mix_is_what_its_file_weighs():
    item = resolve("llama-3.1-8b")
    for name, bits in MIXES.items():
        job = item.complete(Job(item.id, phase="generate", precision=name))
        found = float(stored_weight_bytes(item.trace(job))) * 8 / sum(item.parameters().values())
        assert found == pytest.approx(bits, rel=1e-3), name
    assert all(0.1 < one.weight <= 8 for one in precisions().values())


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("exl2-4.65bpw", 4.65 / 8),
        ("3.5 bpw", 3.5 / 8),
        ("exl3-4.0-bpw", 0.5),
        ("q2_k_s", (0.947 * 84 + 0.053 * 144) / 256),
        ("w4afp8", 66 / 128),
    ],
)
def test_formats_of_any_number_of_bits(name: str, weight: float) -> None:
    found = precision(name)
    assert found.weight == pytest.approx(weight)
    # Its own id is read as the same again: tables group their rows by it.
    assert precision(found.id) is found


def test_a_number_of_bits_that_no_format_has_is_refused() -> None:
    with pytest.raises(UsageError, match="no precision '12bpw'"):
        precision("12bpw")


@pytest.mark.parametrize(
    ("narrow", "phase", "moved"),
    [("bf16", "pretrain", 0.0), ("fp8", "pretrain", 4.0), ("fp8", "finetune_lora", 3.0),
     ("nvfp4", "pretrain", 5.0)],
)  # fmt: skip
def test_gradients_are_narrowed_for_products_of_few_bits(narrow: str, phase: str, moved: float) -> None:
    """B of a value that arrives: 2 are read, or 4 in two looks, and written for both products, or for one."""
    item = resolve("llama-2-7b")
    job = item.complete(Job("llama-2-7b", phase=phase, precision=narrow, batch=1.0, seq_len=512.0))
    step = tuple(item.trace(job))
    known = {op.layer: op for op in step}
    kernels = [op for op in step if op.layer.endswith(".narrowed")]
    assert bool(kernels) == bool(moved)
    for one in kernels:
        product = known[one.layer.removesuffix(".narrowed")]
        values = product.write_bytes + (product.read_bytes if narrow == "nvfp4" else 0.0)
        assert (one.read_bytes + one.write_bytes) / (values / 2.0) == moved
        assert one.copies == product.copies


def test_packed_sequences_attend_to_themselves_alone():
    """As NeMo packs SQuAD; of what is no attention nothing changes, nor where sequences are longer."""
    job = Job("llama-3-8b", phase="finetune_full", precision="bf16", batch=2.0, seq_len=4096.0)

    def work(**options: str) -> tuple[float, float]:
        ops = resolve("llama-3-8b").trace(replace(job, options=options))
        attends = [float(np.sum(op.flops * op.count)) for op in ops if op.kind == "attention"]
        rest = [float(np.sum(op.flops * op.count)) for op in ops if op.kind != "attention"]
        return sum(attends), sum(rest)

    whole, packed, longer = work(), work(packed="256"), work(packed="8192")
    assert packed[0] == pytest.approx(whole[0] * 256 / 4096)
    assert packed[1] == pytest.approx(whole[1])
    assert longer == whole
    # NeMo's fine-tunings are packed unless they say otherwise, its pretrainings are not.
    for phase, runtime, said in (
        ("finetune_lora", "NeMo 24.12", "200"), ("finetune_full", "NeMo 24.12", "200"),
        ("pretrain", "NeMo 24.12", None), ("finetune_full", "Megatron-LM", None),
        ("finetune_lora", "Megatron-Bridge, NeMo 26.06", None),
    ):  # fmt: skip
        settled = settle(replace(job, phase=phase, runtime=runtime))
        assert settled.job.options.get("packed") == said, (phase, runtime)


@pytest.mark.parametrize(
    ("text", "known"),
    [("4-bit NF4", "nf4"), ("NF4 4bit", "nf4"), ("INT8 (8-bit)", "int8"), ("Q4_K_M (4-bit)", "q4_k_m"),
     ("fp16 4-bit", ""), ("4-bit fp8", ""), ("3-bit gptq", "")],
)  # fmt: skip
def test_a_format_may_have_its_number_of_bits_beside_it(text: str, known: str) -> None:
    assert named(text) == known
