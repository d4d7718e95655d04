"""Memory of attention scores: who writes them out, in which format, and how many lie at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from memory_jobs import GIB, parts

from whichgpu.cost.job.runtimes import runtime as named
from whichgpu.cost.job.settling import settle
from whichgpu.cost.memory import attention_scores
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.precision import precision as format_of
from whichgpu.workloads.resolving import register
from whichgpu.workloads.workload import resolve


@pytest.mark.parametrize(
    ("name", "precision", "runtime", "each"),
    [
        # Llama's softmax is in FP32 and nothing is dropped.
        ("llama-2-7b", "bf16", "transformers", (6, 12, 10)),
        ("llama-2-7b", "fp16", "transformers", (6, 12, 8)),
        ("llama-2-7b", "fp32", "transformers", (4, 12, 8)),
        ("llama-2-7b", "amp-bf16", "transformers", (6, 12, 8)),
        # BERT's and GPT-2's are in the format of their values; the mask of a dropout is a byte on a GPU.
        ("bert-base", "bf16", "transformers", (5, 7, 4)),
        ("bert-base", "fp32", "transformers", (9, 13, 8)),
        ("gpt2", "fp32", "transformers", (9, 13, 8)),
        ("bert-base", "amp-bf16", "transformers", (7, 13, 8)),
        # No dropout on scores: what ViT and SegFormer have.
        ("vit-b-16", "fp32", "pytorch-2", (4, 12, 8)),
        ("segformer-b2", "fp32", "pytorch-2", (4, 12, 8)),
        # As Megatron's kernels have it: Korthikanti, eq. 1.
        ("llama-2-7b", "bf16", "megatron", (5, 7, 4)),
    ],
)
def test_bytes_of_a_score(name, precision, runtime, each):
    """One attention of torch 2.13 and transformers 5.23: saved, at most in a step, at most of a pass."""
    ops = resolve(name).trace(resolve(name).complete(Job(name, phase="train", precision=precision)))
    found = attention_scores.softmax(ops, format_of(precision), named(runtime, "pytorch-2"))
    assert (found.kept, found.kept + found.passing, found.inferred) == each


def test_a_sinks_softmax_is_in_the_format_of_its_scores():
    """modeling_gpt_oss.py: nothing is widened, and nothing dropped."""
    ops = resolve("gpt-oss-20b").trace(resolve("gpt-oss-20b").complete(Job("gpt-oss-20b", phase="train")))
    found = attention_scores.softmax(ops, format_of("bf16"), named("transformers", "pytorch-2"), sinks=True)
    assert (found.kept, found.kept + found.passing, found.inferred) == (2, 6, 4)


def test_starcoder_s_code_widens_for_its_softmax():
    """`upcast_masked_softmax` of modeling_gpt_bigcode.py, as Llama's."""
    workload = resolve("starcoder-15.5b")
    ops = workload.trace(workload.complete(Job(workload.id, phase="train")))
    found = attention_scores.softmax_of(
        workload, ops, format_of("fp16"), named("transformers 4.36", "pytorch-2")
    )
    assert (found.kept, found.kept + found.passing) == (6, 12)


SMALL = {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "vocab_size": 2000,
         "intermediate_size": 1024}  # fmt: skip

SPANS = {"model_type": "deberta-v2", "architectures": ["DebertaV2ForSequenceClassification"],
         "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 256,
         "norm_rel_ebd": "layer_norm", "share_att_key": True, "max_position_embeddings": 512,
         "type_vocab_size": 0}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "tokens", "mib"),
    [
        # Spans, their indices (8 B) and the scores that both add up to.
        (SPANS, 256, 216.8),
        (SPANS, 512, 492.9),
        # The function of a gate, its product with the other half and what goes into both.
        ({"model_type": "modernbert", "architectures": ["ModernBertForSequenceClassification"]}, 256, 140.8),
    ],
)
def test_encoders_with_code_of_their_own(config, tokens, mib):
    """The most that is alive in a step of four sequences in FP32 without states: transformers 5.23."""
    own = register(workload_of({**config, **SMALL}, "config.json", f"{config['model_type']}-small"))
    found = parts(
        own.id, phase="train", precision="fp32", batch=4.0, seq_len=float(tokens), runtime="transformers",
        options={"optimizer": "sgd", "checkpointing": "none", "flash_attention": "false"},
    )  # fmt: skip
    assert (sum(found.values()) - found["context"]) / 2**20 == pytest.approx(mib, rel=0.06)


@pytest.mark.parametrize(("batch", "tokens", "gib"), [(8, 512, 6.934), (32, 128, 4.947)])
def test_distances_are_met_by_every_query_and_scores_lie_once(batch, tokens, gib):
    """The most that is alive in a step of XLNet base in FP32 with AdamW: transformers 5.23, fake tensors."""
    found = parts(
        "xlnet-base", phase="train", precision="fp32", batch=float(batch), seq_len=float(tokens),
        runtime="transformers",
    )  # fmt: skip
    assert (sum(found.values()) - found["context"]) / 2**30 == pytest.approx(gib, rel=0.02)


GPT = {"n_embd": 512, "n_layer": 4, "n_head": 8, "vocab_size": 8000, "n_positions": 4096, "n_inner": 2048}

NEO = {"hidden_size": 512, "num_layers": 4, "num_heads": 8, "attention_types": [[["global"], 4]],
       "vocab_size": 8000, "max_position_embeddings": 4096}  # fmt: skip

WIDE = {"hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8, "intermediate_size": 2048,
        "vocab_size": 8000}  # fmt: skip

BLOOM = {"hidden_size": 512, "n_layer": 4, "n_head": 8, "vocab_size": 8000}

MPT = {"d_model": 512, "n_layers": 4, "n_heads": 8, "vocab_size": 8000, "max_seq_len": 4096}


@pytest.mark.parametrize(
    ("kind", "config", "release", "precision", "mib"),
    [
        # FP32 from the product on, and since 4.54 the last layer's softmax.
        ("gptj GPTJ", {**GPT, "rotary_dim": 32}, "4.35.2", "fp16", 295.3),
        ("gptj GPTJ", {**GPT, "rotary_dim": 32}, "4.57.1", "bf16", 367.2),
        ("codegen CodeGen", {**GPT, "rotary_dim": 32, "n_ctx": 4096}, "4.57.1", "fp32", 472.3),
        ("gpt_neo GPTNeo", NEO, "4.57.1", "fp16", 362.0),
        # The product beside what is masked of it, in FP32 before 4.44.
        ("bloom Bloom", BLOOM, "4.35.2", "fp16", 546.1),
        ("bloom Bloom", BLOOM, "4.45.2", "fp16", 358.1),
        ("bloom Bloom", BLOOM, "4.57.1", "bf16", 484.1),
        ("mpt Mpt", MPT, "4.45.2", "bf16", 354.1),
        # As narrow as the scores until 4.50.
        ("gpt_neox GPTNeoX", WIDE, "4.35.2", "fp16", 170.0),
        ("llama Llama", {**WIDE, "num_key_value_heads": 8}, "4.35.2", "bf16", 352.0),
    ],
)
def test_a_prompts_scores_as_each_release_has_them(kind, config, release, precision, mib):
    """Beside the weights, of a prompt of 2,048 tokens without a head: that release's code on fake tensors."""
    kind, name = kind.split()
    raw = {"model_type": kind, "architectures": [f"{name}ForCausalLM"], **config}
    own = register(workload_of(raw, "config.json", f"{kind}-{release}"))
    found = parts(
        own.id, phase="prefill", precision=precision, batch=1, input_tokens=2048,
        runtime=f"transformers {release}",
    )  # fmt: skip
    beside = sum(found.values()) - found["weights"] - found["context"]
    assert beside / 2**20 == pytest.approx(mib, rel=0.065)


def test_a_prompts_scores_lie_in_memory_before_4_36():
    """32 heads of 4 x 4,096 tokens at 10 bytes a score in BF16 and their mask; flash attention has none."""
    asked = {"phase": "generate", "precision": "bf16", "batch": 4, "input_tokens": 4096, "output_tokens": 1}
    old = parts("llama-2-7b", runtime="transformers 4.35", **asked)
    assert old["scores"] == (10.0 * 32 + 2.0) * 4 * 4096**2
    for runtime in ("transformers 4.35 flash attention", "transformers 4.40"):
        assert "scores" not in parts("llama-2-7b", runtime=runtime, **asked)


@pytest.mark.parametrize(
    ("name", "runtime", "flash"),
    [
        ("opt-1.3b", "transformers 4.45.2", False),
        ("opt-1.3b", "transformers 4.46", True),
        ("gpt2", "transformers 4.6", False),
        ("opt-1.3b", "transformers", True),
        ("bloom-560m", "transformers", False),
        ("bloom-560m", "PyTorch 2.5, transformers 5.0", False),
        ("gpt-j-6b", "transformers 4.50, flash-attn 2", True),
        ("gemma-2-2b", "transformers", False),
        ("gpt-oss-20b", "transformers", False),
        # Other programs have other modules, and a job may say it.
        ("mpt-7b", "llm-foundry", True),
        ("llama-3.2-1b", "transformers 4.40", True),
        # A release without a fused kernel, and the library beside it that has one.
        ("gpt2", "PyTorch 1.12", False),
        ("gpt2", "PyTorch 1.12, FlashAttention", True),
        ("gpt2", "PyTorch 1.12 flash-attn", True),
        ("gpt2", "PyTorch 1.12 xformers", True),
        ("gpt2", "PyTorch 1.12, no flash attention", False),
    ],
)
def test_attention_is_written_out_where_the_release_has_no_other(name, runtime, flash):
    job = Job(name, phase="train", precision="bf16", runtime=runtime)
    assert settle(job).runtime.flash is flash
    said = replace(job, options={"flash_attention": str(not flash).lower()})
    assert settle(said).runtime.flash is not flash


@pytest.mark.parametrize(
    ("name", "precision", "runtime", "gib"),
    [
        # A softmax in FP32, of which nothing is dropped; caps on scores and logits.
        ("bloom-560m", "bf16", "transformers 5.0", 9.096),
        ("opt-1.3b", "fp32", "transformers 4.38, torch 2.9", 21.042),
        ("gemma-2-2b", "bf16", "transformers 5.0", 23.967),
    ],
)
def test_scores_as_the_models_own_code_has_them(name, precision, runtime, gib):
    """The most that is alive in a step of 1,024 tokens: transformers 5.23 on fake tensors of torch 2.13."""
    found = parts(name, phase="train", precision=precision, batch=1.0, seq_len=1024.0, runtime=runtime)
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(gib, rel=0.03)


@pytest.mark.parametrize(
    ("text", "flash"),
    [
        ("Transformers 2023-08", False),
        ("Transformers (August 2023)", False),
        ("llama-recipes 2023-08 FSDP", False),
        ("LLaMA-Factory 2023-10", False),
        ("LLaMA-Factory 2023-10 flash-attn", True),
        ("LLaMA-Factory 2024-03", True),
        # Its SDPA wants 2.1.1.
        ("Transformers, PyTorch 2.0.1", False),
        ("Transformers, PyTorch 2.1.2", True),
        ("Transformers 4.40, 2023-08", True),
        ("Transformers 2026-05", True),
    ],
)
def test_a_month_tells_the_release_of_transformers(text, flash):
    assert named(text, "pytorch-2").flash is flash


@pytest.mark.parametrize(
    ("name", "before", "since"),
    [("bert-large", "4.40", "4.41"), ("roberta-large", "4.44", "4.45"), ("t5-base", "5.14", "5.15")],
)
def test_encoders_write_scores_until_their_library_has_another_attention(name, before, since):
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 4.0, "seq_len": 512.0}
    old, new = (parts(name, runtime=f"Transformers {one}", **job)["activations"] for one in (before, since))
    assert old > 1.2 * new


def test_a_mask_of_all_tokens_by_all_lies_beside_a_denoiser():
    """diffusers 0.32 makes one of HunyuanVideo's, in bytes and in 16 bits: 720p ran out of 80 GB."""
    job = {"precision": "bf16", "height": 720.0, "width": 1280.0, "batch": 1.0,
           "options": {"frames": "129", "vae_tiling": "true"}}  # fmt: skip
    old, new = (parts("hunyuanvideo", runtime=f"diffusers 0.{one}", **job) for one in (32, 33))
    tokens = 33 * 45 * 80 + 256
    assert old["mask"] == pytest.approx(3.0 * tokens**2, rel=0.01)
    assert "mask" not in new
    assert sum(old.values()) > 80.0 * GIB > sum(new.values())
