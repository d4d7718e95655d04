"""Ways to train little of a model: what they train, what they keep, and how tables call them."""

from __future__ import annotations

import pytest

from whichgpu.cost.estimate import estimate
from whichgpu.cost.reading.metrics import metric
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job
from whichgpu.workloads.methods import amount, method, methods
from whichgpu.workloads.phases import options_of, phase
from whichgpu.workloads.training import trained_parameters
from whichgpu.workloads.workload import resolve

#: Llama 3.2 3B in BF16, 4 sequences of 512 tokens, on queries and values: parameters that PEFT 0.21.2 trains,
#: and GiB at the peak of a step with torch.optim.AdamW by the storages that torch 2.13's operators make on
#: fake tensors, less 0.4375 GiB of keys and values repeated for a mask, which a batch without padding lacks.
COUNTED = (
    ("full", 0, 3_212_749_824, 29.92), ("lora", 32, 9_175_040, 15.22), ("dora", 32, 9_289_728, 16.54),
    ("adalora", 64, 18_353_664, 16.32), ("delora", 32, 9_175_096, 15.24), ("gralora", 32, 9_175_040, 15.24),
    ("vera", 256, 129_024, 14.78), ("ia3", 0, 286_720, 15.77), ("ln", 0, 175_104, 14.46),
    ("oft", 32, 2_666_496, 15.22), ("miss", 64, 7_340_032, 13.90), ("c3a", 64, 5_505_024, 15.17),
    ("randlora", 32, 9_289_728, 15.86), ("hra", 8, 1_376_256, 35.43), ("road", 0, 114_688, 15.55),
    ("fourierft", 0, 56_000, 16.37), ("prompt", 0, 61_440, 14.14), ("trainable_tokens", 0, 61_440, 14.56),
)  # fmt: skip


@pytest.mark.parametrize(("name", "rank", "trained", "peak"), COUNTED)
def test_methods_train_and_keep_what_peft_does(name: str, rank: int, trained: int, peak: float) -> None:
    options = {"lora_rank": str(rank)} if rank else {}
    job = Job(
        "llama-3.2-3b", phase=f"finetune_{name}", precision="bf16", batch=4.0, seq_len=512.0,
        runtime="PEFT", options={"lora_targets": "inputs", **options} if rank else options,
    )  # fmt: skip
    item = resolve(job.workload)
    assert trained_parameters(item.trace(item.complete(job))) == pytest.approx(trained, rel=1e-4)
    parts = estimate(job, [catalogue()["h200-141gb-sxm"]]).parts
    tensors = sum(float(size[0, 0]) for part, size in parts.items() if part != "context")
    assert tensors / 2**30 == pytest.approx(peak, rel=0.02)


def test_a_head_that_is_the_embedding_learns_nothing_beside_adapters():
    item = resolve("llama-3.2-1b")
    layers = {
        phase: {op.layer for op in item.trace(item.complete(Job(item.id, phase=phase)))}
        for phase in ("finetune_full", "finetune_lora")
    }
    assert "head.logits.wgrad" in layers["finetune_full"] - layers["finetune_lora"]


def test_every_method_runs():
    gpu = [catalogue()["h200-141gb-sxm"]]
    for name in methods():
        job = Job("qwen2.5-0.5b", phase=f"finetune_{name}", batch=1.0, seq_len=128.0)
        assert estimate(job, gpu).fits[0, 0], name


@pytest.mark.parametrize(
    ("text", "adapter"),
    [
        ("finetune_lora", ""), ("LoRA", ""), ("finetune_qlora+bnb.nf4", ""), ("finetune_rslora", ""),
        ("finetune_adapter", "adapter"), ("finetune_adapter_v2+bnb.nf4", "scale"), ("dora", "dora"),
        ("finetune_lora+dora", "dora"), ("finetune_qlora+dora", "dora"), ("prefix-tuning", "prefix"),
        ("finetune_prompt_tuning", "prompt"), ("finetune_ptuning", "p"), ("peft_vb_lora", "vblora"),
        ("Finetune LN tuning", "ln"), ("finetune_bone", "miss"), ("finetune_full", ""), ("train", ""),
    ],
)  # fmt: skip
def test_phases_are_read_as_tables_spell_them(text: str, adapter: str) -> None:
    assert options_of(text).get("adapter", "") == adapter
    assert phase(text) in ("finetune_lora", "finetune_qlora", "finetune_full", "train")
    assert ("qlora" in text) == (phase(text) == "finetune_qlora")


def test_an_unknown_method_is_told_the_known_ones():
    with pytest.raises(UsageError, match="or finetune_ before lora, dora"):
        phase("finetune_nothing")
    assert method("nothing") is None


def test_amounts_are_sums_of_products_of_sizes():
    sizes = {"i": 3.0, "o": 5.0, "r": 2.0, "1": 1.0}
    assert amount({"ir": 1.0, "io/r": 2.0, "1": 7.0}, sizes) == 6.0 + 15.0 + 7.0
    assert amount({}, sizes) == 0.0


def test_adapters_in_16_bits_take_half_of_everything_that_is_trained():
    def trained(**options: str) -> float:
        job = Job("llama-2-7b", phase="finetune_lora", batch=1.0, seq_len=512.0, options=options)
        parts = estimate(job, [catalogue()["a100-80gb-sxm"]]).parts
        return float(parts["optimizer"][0, 0])

    assert trained(adapter_precision="bf16") == pytest.approx(trained() / 2.0)
    with pytest.raises(UsageError, match=r"virtual_tokens: 2\.5 is not"):
        trained(adapter="prompt", virtual_tokens="2.5")


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("cuda_memory_reserved_avg", "max_memory_reserved"), ("max_memory_allocated", "peak_gpu_memory"),
        ("peak_vram", "peak_gpu_memory"), ("nvidia-smi memory used", "gpu_memory_used"),
        ("peak_active_memory", "peak_gpu_memory"),
    ],
)  # fmt: skip
def test_counters_of_memory_are_read_in_words_of_their_own(name: str, same: str) -> None:
    job = Job("llama-2-7b", phase="finetune_lora", batch=1.0, seq_len=512.0)
    found = estimate(job, [catalogue()["a100-80gb-sxm"]])
    one, other = (metric(text).read(found, "GiB") for text in (name.replace(" ", "_"), same))
    assert one[1] == pytest.approx(other[1])
    with pytest.raises(UsageError, match="no metric"):
        metric("memory_bandwidth_used")


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("q_proj,v_proj", 2), ("q_proj+v_proj", 2), ('["q_proj", "v_proj"]', 2), ("q / v", 2), ("mlp", 3),
        ("ffn", 3), ("attn", 4), ("all_linear", 7), ("q_proj k_proj v_proj o_proj", 4),
    ],
)  # fmt: skip
def test_lists_of_layers_are_read_as_libraries_write_them(text: str, layers: int) -> None:
    options = {"lora_rank": "8", "lora_targets": text}
    job = Job("llama-3.2-3b", phase="finetune_lora", batch=1.0, seq_len=64.0, options=options)
    item = resolve(job.workload)
    found = {op.layer for op in item.trace(item.complete(job)) if op.layer.endswith("lora_a")}
    trained = trained_parameters(item.trace(item.complete(job)))
    every = trained_parameters(
        item.trace(item.complete(job.changed(options={"lora_rank": "8", "lora_targets": "all"})))
    )
    assert found
    assert (trained == every) == (layers == 7)


def test_a_recurrent_model_has_adapters_on_all_of_its_layers_where_attention_is_meant():
    options = {"lora_rank": "8", "lora_targets": "inputs"}
    job = Job("rwkv-6-1.6b", phase="finetune_lora", batch=1.0, seq_len=64.0, options=options)
    item = resolve(job.workload)
    assert trained_parameters(item.trace(item.complete(job))) > 0
