"""Language models that are no plain transformers: what they keep of a sequence, and what is stored once."""

from __future__ import annotations

import numpy as np
import pytest

from tests.traced import ops
from whichgpu.workloads.families.decoder import kv_cache, sequence_bytes, state_bytes_per_sequence
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.ops import product_flops, stored_weight_bytes, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.workload import resolve

BF16 = precision("bf16")
GIB, MIB = 2.0**30, 2.0**20
NAMES = (
    "gemma-3n-e4b", "zamba2-7b", "lfm2-1.2b", "lfm2-8b-a1b", "falcon-h1-7b", "recurrentgemma-9b",
    "rwkv-4-7b", "rwkv-5-7b", "rwkv-6-7b", "rwkv-7-2.9b", "deepseek-v4-flash", "deepseek-v4-pro",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("phase", ["prefill", "decode", "train"])
def test_work_goes_with_the_batch_and_never_falls_with_the_length(name: str, phase: str) -> None:
    sizes = np.array([1.0, 4.0])
    alone, four = np.broadcast_to(product_flops(ops(name, phase=phase, batch=sizes)), 2)
    assert four == pytest.approx(4 * alone, rel=1e-6)
    column = "seq_len" if phase == "train" else "input_tokens"
    lengths = np.array([256.0, 1024.0, 8192.0, 65536.0])
    work = np.broadcast_to(product_flops(ops(name, phase=phase, batch=1.0, **{column: lengths})), 4)
    assert np.all(np.diff(work) >= 0)


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_are_stored_are_the_parameters(name: str) -> None:
    item = resolve(name)
    stored = float(stored_weight_bytes(ops(name, phase="prefill", precision="bf16")))
    assert stored == pytest.approx(2 * sum(item.parameters().values()), rel=1e-9)


def test_a_layer_that_borrows_keys_and_values_caches_none() -> None:
    # 20 of 35 layers have their own: 16 within 512 tokens and 4 over all, of 2 heads of 256 values.
    dims = resolve("gemma-3n-e4b").dims
    each = 2 * 2 * 256 * 2
    assert float(kv_cache(dims, BF16, 32768)) == each * (4 * 32768 + 16 * 512)


def test_a_shared_block_is_stored_once_and_runs_for_every_hybrid_layer() -> None:
    item = resolve("zamba2-7b")
    layers, blocks = item.dims["pattern"].count("H"), item.dims["shared_blocks"]
    qkv = next(op for op in ops("zamba2-7b", phase="prefill") if op.layer.endswith("shared_block.qkv"))
    assert (layers, blocks) == (13, 2)
    assert qkv.parameters * qkv.copies == blocks * 3 * (2 * 3584) ** 2
    assert float(qkv.count) == pytest.approx(layers)
    # Its cache is of every run: 32 heads of 224 values.
    assert float(kv_cache(item.dims, BF16, 4096)) == layers * 2 * 32 * 224 * 2 * 4096
    assert float(state_bytes_per_sequence(item.dims)) / MIB == pytest.approx(148.6, abs=0.1)


def test_attention_and_state_space_side_by_side_keep_both() -> None:
    item = resolve("falcon-h1-7b")
    assert float(kv_cache(item.dims, BF16, 4096)) == 44 * 2 * 2 * 128 * 2 * 4096
    state = 24 * 256 * 128 + 3 * (24 * 128 + 2 * 256)
    assert float(state_bytes_per_sequence(item.dims)) == 44 * 4 * state


def test_short_convolutions_keep_three_tokens() -> None:
    item = resolve("lfm2-1.2b")
    assert float(state_bytes_per_sequence(item.dims)) == 10 * 4 * 3 * 2048
    assert float(kv_cache(item.dims, BF16, 4096)) == 6 * 2 * 8 * 64 * 2 * 4096


def test_a_recurrence_keeps_as_much_of_a_long_sequence_as_of_a_short_one() -> None:
    for name in ("rwkv-4-7b", "rwkv-7-2.9b"):
        item = resolve(name)
        short, long = (float(sequence_bytes(item.dims, BF16, tokens)) for tokens in (128, 1e6))
        assert short == long == float(state_bytes_per_sequence(item.dims))
    assert float(state_bytes_per_sequence(resolve("rwkv-4-7b").dims)) == 32 * 4 * 5 * 4096
    assert float(state_bytes_per_sequence(resolve("rwkv-7-2.9b").dims)) == 32 * 4 * 66 * 2560


def test_a_decoded_token_of_a_recurrence_costs_the_same_at_any_length() -> None:
    lengths = np.array([128.0, 8192.0, 131072.0])
    work = product_flops(ops("rwkv-7-2.9b", phase="decode", input_tokens=lengths, output_tokens=16.0))
    read = total(ops("rwkv-7-2.9b", phase="decode", input_tokens=lengths, output_tokens=16.0), "kv_bytes")
    assert np.ptp(np.broadcast_to(work, 3)) == 0
    assert np.max(read) == 0


def test_summaries_of_tokens_take_a_tenth_of_the_cache() -> None:
    """DeepSeek-V4's introduction: at a million tokens about a tenth of the cache of V3.2."""
    v4, v32 = resolve("deepseek-v4-pro").dims, resolve("deepseek-v3.2").dims
    share = kv_cache(v4, BF16, 2**20) / kv_cache(v32, BF16, 2**20, indexer=True)
    assert 0.08 < share < 0.16
    # The window, and of every 4th and every 128th token a summary; the indexer's keys beside the former.
    flash = resolve("deepseek-v4-flash").dims
    tokens = 65536
    kinds = {letter: flash["pattern"].count(letter) for letter in "WSB"}
    assert kinds == {"W": 2, "S": 21, "B": 20}
    values = 43 * 128 * 512 + tokens * (21 * (512 + 128) / 4 + 20 * 512 / 128)
    assert float(kv_cache(flash, BF16, tokens)) == 2 * values


def test_a_sparse_layer_reads_no_more_summaries_than_it_chooses() -> None:
    decoded = ops("deepseek-v4-flash", phase="decode", input_tokens=1e6, output_tokens=1.0)
    read = {op.dims["kv"] for op in decoded if op.layer.endswith("summaries")}
    assert 512.0 in {float(np.max(one)) for one in read}


@pytest.mark.parametrize(
    ("version", "made"), [("rwkv5", "rwkv-5-7b"), ("rwkv6", "rwkv-6-7b"), ("rwkv7", "rwkv-7-2.9b")]
)
def test_a_config_of_rwkv_fills_in_what_it_leaves_out(version: str, made: str) -> None:
    item = resolve(made)
    raw = {"model_type": version, "num_hidden_layers": item.dims["layers"], "vocab_size": 65536,
           "hidden_size": item.dims["hidden"], "intermediate_size": None}  # fmt: skip
    assert workload_of(raw, "c", "c").parameters() == item.parameters()


def test_what_is_beside_the_layers_of_gemma_3n() -> None:
    item = resolve("gemma-3n-e4b")
    embedding = item.parameters()["embedding"]
    # Words, small embeddings of 35 layers, their projection, and three more streams.
    assert embedding == 262400 * 2048 + 262144 * 35 * 256 + 2048 * 35 * 256 + 256 + 3 * 2048**2


#: Configurations with layers of several kinds, and what they keep of `tokens`: bytes by hand.
KEPT: dict[str, tuple[dict[str, object], int, float]] = {
    "pairs of layers share keys and values": (
        {"model_type": "hunyuan", "hidden_size": 6400, "intermediate_size": 18304, "num_hidden_layers": 64,
         "num_attention_heads": 80, "num_key_value_heads": 8, "attention_head_dim": 128, "use_cla": True,
         "cla_share_factor": 2, "num_experts": 16, "moe_topk": 1, "num_shared_expert": 1,
         "vocab_size": 128512}, 32768, 32 * 32768 * 2 * 8 * 128 * 2.0),
    "three local layers and a global one": (
        {"model_type": "exaone4", "hidden_size": 5120, "intermediate_size": 27392, "num_hidden_layers": 64,
         "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128, "sliding_window": 4096,
         "sliding_window_pattern": "LLLG", "vocab_size": 102400}, 32768,
        (16 * 32768 + 48 * 4096) * 2 * 8 * 128 * 2.0),
    "hybrid layers by their numbers": (
        {"model_type": "zamba2", "hidden_size": 2560, "attention_head_dim": 160, "intermediate_size": 10240,
         "num_hidden_layers": 54, "num_attention_heads": 32, "num_key_value_heads": 32,
         "hybrid_layer_ids": [6, 12, 18, 24, 30, 36, 42, 47, 51], "num_mem_blocks": 2, "mamba_d_state": 64,
         "n_mamba_heads": 80, "mamba_headdim": 64, "vocab_size": 32000}, 4096, 9 * 4096 * 2 * 32 * 160 * 2.0),
    "other heads within a window, experts but in the first layer": (
        {"model_type": "mimo_v2_flash", "hidden_size": 4096, "intermediate_size": 16384,
         "num_hidden_layers": 48, "num_attention_heads": 64, "num_key_value_heads": 4, "head_dim": 192,
         "v_head_dim": 128, "swa_num_key_value_heads": 8, "sliding_window": 128, "n_routed_experts": 256,
         "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "vocab_size": 152576,
         "hybrid_layer_pattern": [0 if i % 6 == 5 or i == 0 else 1 for i in range(48)],
         "moe_layer_freq": [0] + [1] * 47}, 32768, (9 * 4 * 32768 + 39 * 8 * 128) * (192 + 128) * 2.0),
    "the last of every five attends": (
        {"model_type": "bailing_moe_linear", "hidden_size": 2048, "intermediate_size": 5120,
         "num_hidden_layers": 20, "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 128,
         "layer_group_size": 5, "num_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 512,
         "num_shared_experts": 1, "first_k_dense_replace": 1, "vocab_size": 157184}, 32768,
        4 * 32768 * 2 * 4 * 128 * 2.0),
    "36 dense widths": (
        {"model_type": "openelm", "model_dim": 3072, "head_dim": 128, "num_transformer_layers": 36,
         "num_kv_heads": [3] * 36, "num_query_heads": [12] * 36, "ffn_dim_divisor": 256,
         "ffn_multipliers": [0.5 + 3.5 * i / 35 for i in range(36)], "vocab_size": 32000}, 2048,
        36 * 2048 * 2 * 3 * 128 * 2.0),
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_what_odd_layers_keep_is_as_counted_by_hand(case: str) -> None:
    raw, tokens, expected = KEPT[case]
    item = workload_of(raw, "config.json", "odd")
    assert float(kv_cache(item.dims, BF16, tokens)) == pytest.approx(expected, rel=1e-9)


def test_hunyuan_large_has_its_389_billion_parameters() -> None:
    raw, _, _ = KEPT["pairs of layers share keys and values"]
    assert sum(workload_of(raw, "config.json", "odd").parameters().values()) == pytest.approx(389e9, rel=0.01)
