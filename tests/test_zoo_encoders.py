"""BART's kin, ModernBERT, DeBERTa: what their published counts do not say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.traced import ops
from whichgpu.errors import UsageError
from whichgpu.workloads.ops import product_flops
from whichgpu.workloads.workload import resolve


@pytest.mark.parametrize(("name", "flops"), [("base", 94673829888), ("large", 280447942656)])
def test_modernbert_without_windows_is_what_an_eager_implementation_counts(name: str, flops: int) -> None:
    """transformers 5.23.0 ModernBertModel with eager attention, which computes all keys, on 384 tokens."""
    workload = resolve(f"modernbert-{name}")
    assert replace(workload, dims={**workload.dims, "window": 0}).flops() == flops


def test_two_layers_of_three_see_a_window() -> None:
    attention = [op for op in ops("modernbert-base", batch=1, seq_len=8192) if op.kind == "attention"]
    assert {float(op.dims["kv"]): op.copies for op in attention if op.copies > 1} == {8192.0: 7, 128.0: 14}
    short, long = (product_flops(ops("modernbert-base", batch=1, seq_len=n)) for n in (64, 128))
    assert long > 2 * short


def test_the_distances_of_deberta_are_projected_once_whatever_the_batch() -> None:
    one, many = (product_flops(ops("deberta-v3-base", batch=n)) for n in (1, 8))
    projected = 12 * 2 * 2 * 512 * 768 * 768
    assert many == pytest.approx(8 * one - 7 * projected)


def test_scores_of_deberta_are_kept_for_training() -> None:
    """Its attention is not fused: two sorts of scores are gathered and added to the first."""
    names = {op.layer for op in ops("deberta-v3-large", phase="train") if op.stage == "forward"}
    assert {"layers.softmax", "layers.gather", "layers.add_scores"} <= names


def test_more_tokens_than_the_table_of_positions_are_refused() -> None:
    with pytest.raises(UsageError, match="input_tokens: 2000 is more than the 1026 positions"):
        ops("bart-large", phase="prefill", input_tokens=2000)
    assert ops("nllb-200-3.3b", phase="prefill", input_tokens=2000)


def test_an_output_token_of_bart_reads_its_cache_and_that_of_the_input() -> None:
    read = {
        float(op.dims["kv"]): float(np.max(op.kv_bytes))
        for op in ops("bart-large", phase="generate", batch=1, input_tokens=900, output_tokens=1)
        if op.kind == "attention" and np.any(op.kv_bytes)
    }
    assert read == {1.0: 2 * 2 * 1024, 900.0: 2 * 2 * 1024 * 900}
