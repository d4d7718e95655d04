"""The narrow waist: merging, totals, training steps, tables and the recorder's arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.maps import window_length
from whichgpu.workloads.ops import (
    BACKWARD,
    KINDS,
    PLACES,
    PRODUCTS,
    Op,
    parameters,
    product_flops,
    total,
)
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder
from whichgpu.workloads.training import optimizer_bytes, trained_parameters, training_step
from whichgpu.workloads.workload import resolve

QUANTITIES = ("flops", "read_bytes", "write_bytes", "weight_bytes", "saved_bytes", "kv_bytes")
FP16, AMP = precision("fp16"), precision("amp-fp16")


PLAIN = {"flops": 1.0, "read": 2.0, "write": 1.0, "saved": 0.0, "weights": 0.0, "parameters": 0.0}


def recorded(*ops: dict[str, Any]) -> tuple[Op, ...]:
    """What is left of pointwise ops on `size` values in `module`, recorded by their numbers."""
    rec = Recorder(FP16)
    for op in ops:
        size = op.pop("size", 1.0)
        inside = {name: op.pop(name) for name in ("repeats", "again", "frozen", "freed") if name in op}
        numbers = {**PLAIN, **op}
        kind, module, backward = (
            numbers.pop(key, default)
            for key, default in (("kind", "pointwise"), ("module", "m"), ("backward", "full"))
        )
        with rec.module(module, **inside):
            numbers["flops"] = size * numbers["flops"]
            rec.custom(kind, "x", {"elements": size}, backward=backward, **numbers)
    return rec.ops()


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.sampled_from("ab")), max_size=20))
def test_merging_keeps_every_total(ops: list[tuple[int, int, str]]) -> None:
    wanted = [{"size": float(n), "module": m, "repeats": float(r), "parameters": float(n)} for n, r, m in ops]
    apart = [op for one in wanted for op in recorded(dict(one))]
    merged = recorded(*wanted)
    assert len(merged) == len(set(ops))
    for quantity in QUANTITIES:
        assert total(merged, quantity) == pytest.approx(total(apart, quantity))
    assert parameters(merged) == parameters(apart)


def test_ops_that_differ_stay_apart() -> None:
    for change in (
        {"size": 4.0}, {"module": "other"}, {"kind": "norm"}, {"backward": "linear"}, {"saved": 1.0},
        {"weights": 1.0}, {"parameters": 1.0}, {"repeats": 2.0}, {"size": np.array([1.0, 1.0])},
    ):  # fmt: skip
        assert len(recorded({}, dict(change))) == 2, change
    assert [op.copies for op in recorded({}, {"module": "m.inner"})] == [2.0]
    # What a frozen or a second pass takes away is what sets ops apart, not the pass itself.
    assert len(recorded({}, {"again": True})) == 1
    assert len(recorded({"parameters": 1.0}, {"parameters": 1.0, "again": True})) == 2
    assert len(recorded({"saved": 1.0}, {"saved": 1.0, "freed": True})) == 2
    assert len(recorded({}, {"frozen": True})) == 2


LAYERS = st.tuples(
    st.sampled_from([4, 8]), st.sampled_from([1, 3]), st.sampled_from([1, 2]), st.booleans(), st.booleans(),
    st.sampled_from([0.0, 1.0]),
)  # fmt: skip


@given(st.lists(LAYERS, max_size=12))
def test_layers_are_told_apart_by_their_numbers(layers: list[tuple[Any, ...]]) -> None:
    """Recorded together or one by one: the same totals, and no two ops alike."""

    def record(rec: Recorder, layer: tuple[Any, ...]) -> None:
        out, kernel, stride, bias, again, keeps = layer
        with rec.module("m", again=again):
            x = Map(np.array([1.0, 2.0]), 8, 6.0, 6.0)
            y = rec.conv(x, out, kernel, stride, bias=bias, keeps=keeps)
            rec.norm(y.elements, out)
            rec.linear(y.pixels, out, 8, bias=bias, keeps=keeps, tied=again)
            rec.pointwise(y.elements, keeps=keeps)
            rec.add(y.elements)

    together, apart = Recorder(AMP), []
    for layer in layers:
        record(together, layer)
        alone = Recorder(AMP)
        record(alone, layer)
        apart += alone.ops()
    merged = together.ops()
    for quantity in (*QUANTITIES, "stored_bytes", "parameters"):
        assert np.all(total(merged, quantity) == total(apart, quantity)), quantity
    alike = {
        str([getattr(op, name) for name in PLACES if name not in ("layer", "copies", "starts")])
        for op in merged
    }
    assert len(alike) == len(merged)


@pytest.mark.parametrize("name", ["resnet50", "bert-large", "llama-2-7b", "sd-1.5"])
def test_the_sum_over_kinds_is_the_total(name: str) -> None:
    workload = resolve(name)
    ops = workload.trace(workload.complete(Job(name)))
    # Some say besides how many products read one input, what autocast widens, how a norm has its moments,
    # what is added in place, whose scores have a mask.
    beside = {"scaled", "wide", "abreast", "computed", "stored", "in_place", "masked"}
    assert all(set(op.dims) - beside == set(KINDS[op.kind]) for op in ops)
    assert all(op.backward in BACKWARD for op in ops)
    by_kind = sum(total([op for op in ops if op.kind == kind], "flops") for kind in KINDS)
    assert by_kind == pytest.approx(total(ops, "flops"))
    assert product_flops(ops) == pytest.approx(
        sum(total([op for op in ops if op.kind == kind], "flops") for kind in PRODUCTS)
    )


def test_a_product_counts_two_per_multiply_add_whatever_its_dims() -> None:
    for name, phase in (("resnet50", "train"), ("bert-large", "train"), ("sd-1.5", "train")):
        workload = resolve(name)
        for op in workload.trace(workload.complete(Job(name, phase=phase))):
            if op.kind in ("gemm", "conv"):
                d = op.dims
                size = 2 * d["m"] * d["n"] * d["k"] * d.get("groups", 1.0)
                assert op.flops == pytest.approx(size, rel=1e-12)


# -- the recorder --------------------------------------------------------------------------------


def test_a_convolution_by_hand() -> None:
    rec = Recorder(FP16)
    y = rec.conv(Map(2.0, 8, 10.0, 12.0), 16, 3, 2, bias=True)
    assert y == (2.0, 16, 5.0, 6.0)
    op, added = rec.ops()
    assert op.flops == 2 * 2 * 5 * 6 * 16 * 8 * 9
    assert op.parameters == 16 * 8 * 9 + 16
    assert op.weight_bytes == op.stored_bytes == 2 * op.parameters
    assert op.read_bytes == op.saved_bytes == 2 * 2 * 8 * 10 * 12
    assert op.write_bytes == 2 * 2 * 16 * 5 * 6
    # The bias goes through the results once more, and has no backward pass beside the convolution's.
    assert (added.layer, added.kind, added.backward) == ("conv.bias", "pointwise", "none")
    assert added.parameters == 0.0
    assert added.read_bytes == added.write_bytes == op.write_bytes


def test_an_elementwise_op_is_chained_to_the_one_whose_result_it_takes() -> None:
    rec = Recorder(FP16)
    y = rec.conv(Map(2.0, 8, 8.0, 8.0), 16, 3)
    rec.norm(y.elements, 16)
    rec.pointwise(y.elements, name="relu")
    rec.linear(16.0, 64, 64)
    rec.pointwise(16.0 * 64, name="gelu")
    rec.pointwise(64.0, name="gate")
    chained = {op.layer: op.chained for op in rec.ops()}
    assert chained == {
        "conv": False,
        "norm": False,
        "relu": True,
        "linear": False,
        "gelu": False,
        "gate": False,
    }


def test_groups_divide_the_work() -> None:
    dense, grouped = Recorder(FP16), Recorder(FP16)
    x = Map(1.0, 64, 8.0, 8.0)
    dense.conv(x, 64, 3)
    grouped.conv(x, 64, 3, groups=32)
    assert product_flops(grouped.ops()) == product_flops(dense.ops()) / 32
    assert parameters(grouped.ops())["conv"] == 64 * 2 * 9


@given(st.integers(1, 300), st.integers(1, 7), st.integers(1, 3), st.integers(0, 3), st.booleans())
def test_a_window_fits_its_input(size: int, kernel: int, stride: int, padding: int, ceil: bool) -> None:
    if padding > kernel // 2:
        return
    starts = range(-padding, size + padding - kernel + 1, stride)  # windows that fit whole
    if not starts:
        return
    # Rounding up adds one window that sticks out, if it starts inside the input.
    sticks_out = ceil and starts[-1] + kernel < size + padding and starts[-1] + stride < size
    got = window_length(float(size), kernel, stride, padding, ceil=ceil)
    assert got == len(starts) + sticks_out
    assert window_length(np.array([float(size)]), kernel, stride, padding, ceil=ceil) == got


def test_a_window_wider_than_its_input_is_refused() -> None:
    for size in (2.0, np.array([9.0, 2.0])):
        with pytest.raises(UsageError, match="too small"):
            window_length(size, 5, 1, 0)


def test_mixed_precision_stores_wide_and_reads_narrow() -> None:
    rec = Recorder(AMP)
    rec.linear(4.0, 10, 20)
    rec.norm(40.0, 10, wide=True)
    product, norm = rec.ops()
    assert (product.weight_bytes, product.stored_bytes, product.read_bytes) == (400.0, 800.0, 80.0)
    assert (norm.stored_bytes, norm.read_bytes, norm.saved_bytes) == (80.0, 160.0, 160.0)


def test_quantised_weights_leave_head_and_attention_in_16_bits() -> None:
    rec = Recorder(precision("w4a16"))
    rec.linear(1.0, 64, 64)
    rec.linear(1.0, 64, 64, unquantised=True, name="logits")
    body, head = rec.ops()
    assert body.weight_bytes == 0.5625 * 64 * 64
    assert head.weight_bytes == 2 * 64 * 64
    rec = Recorder(precision("fp8"))
    rec.linear(1.0, 64, 64, unquantised=True)
    rec.attention(1.0, 2, 1.0, 9.0, 8, cached=True)
    assert [op.dtype for op in rec.ops()] == ["fp16", "fp16"]
    assert rec.ops()[1].kv_bytes == 2 * 2 * 9 * 8  # one byte per element


def test_a_second_pass_shares_its_weights() -> None:
    rec = Recorder(FP16)
    for again in (False, True):
        with rec.module("a", again=again):
            rec.linear(1.0, 8, 8)
    assert parameters(rec.ops()) == {"a": 64}
    assert total(rec.ops(), "weight_bytes") == 2 * 128
    assert sum(op.stored_bytes * op.copies for op in rec.ops()) == 128


def test_a_table_is_stored_and_not_read_whole() -> None:
    rec = Recorder(FP16)
    rec.embedding(3.0, 1000, 8)
    (op,) = rec.ops()
    assert (op.stored_bytes, op.weight_bytes, op.read_bytes) == (16000.0, 0.0, 48.0)


def test_dropout_is_for_training_only() -> None:
    idle, busy = Recorder(FP16), Recorder(FP16, training=True)
    for rec in (idle, busy):
        rec.dropout(10.0)
    assert idle.ops() == ()
    assert busy.ops()[0].saved_bytes == 10.0


# -- training ------------------------------------------------------------------------------------


def test_a_product_has_two_gradients_of_its_size() -> None:
    rec = Recorder(FP16, training=True)
    rec.linear(6.0, 10, 20, bias=True)
    step = training_step(rec.ops(), FP16, "sgd")
    backward = {op.layer: op for op in step if op.stage == "backward"}
    assert set(backward) == {"linear.dgrad", "linear.wgrad", "linear.bgrad"}
    assert [backward[f"linear.{g}"].flops for g in ("dgrad", "wgrad")] == [2400.0, 2400.0]
    assert backward["linear.wgrad"].dims["k"] == 6.0


@pytest.mark.parametrize(("backward", "gradients"), [("full", 2), ("weight", 1), ("input", 1), ("none", 0)])
def test_what_is_frozen_or_first_needs_fewer_gradients(backward: str, gradients: int) -> None:
    rec = Recorder(FP16, training=True)
    rec.linear(6.0, 10, 20, backward=backward)
    ops = training_step(rec.ops(), FP16, "sgd")
    assert sum(op.kind == "gemm" and op.stage == "backward" for op in ops) == gradients
    assert trained_parameters(rec.ops()) == (200.0 if backward in ("full", "weight") else 0.0)


def test_a_frozen_module_keeps_nothing() -> None:
    rec = Recorder(FP16, training=True)
    with rec.module("frozen", frozen=True):
        rec.linear(6.0, 10, 20)
    assert total(rec.ops(), "saved_bytes") == 0
    assert not [op for op in training_step(rec.ops(), FP16, "sgd") if op.stage == "backward"]


def test_parameters_are_counted_once_in_a_step() -> None:
    workload = resolve("resnet50")
    assert (
        sum(parameters(workload.trace(workload.complete(Job("resnet50", phase="train")))).values())
        == 25557032
    )


def test_optimizer_bytes() -> None:
    assert optimizer_bytes("adamw", AMP) == (8.0, 28.0)
    assert optimizer_bytes("adamw", precision("bf16")) == (4.0, 14.0)
    assert optimizer_bytes("sgd", precision("fp32")) == (4.0, 20.0)
    assert optimizer_bytes("adam8bit", precision("bf16"))[0] == 2.0


def test_autocast_casts_every_weight_each_step_and_each_inference() -> None:
    workload = resolve("bert-large")
    matrices = 24 * 6 + 1
    for phase, casts in (("train", 2), ("infer", 1)):
        ops = workload.trace(workload.complete(Job("bert", phase=phase, precision="amp-fp16")))
        found = [op for op in ops if op.layer.startswith("autocast.")]
        assert [op.count for op in found] == [matrices] * casts
    plain = workload.trace(workload.complete(Job("bert", precision="fp16")))
    assert not [op for op in plain if op.layer.startswith("autocast.")]
