"""GhostNet, ReXNet and FocalNet: what their published counts do not say."""

from __future__ import annotations

import pytest

from whichgpu.workloads.mobile import Block, block
from whichgpu.workloads.ops import parameters, product_flops
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder
from whichgpu.workloads.workload import resolve


def recorded(one: Block, channels: int) -> Recorder:
    rec = Recorder(precision("fp16"))
    with rec.module("m"):
        y = block(rec, Map(1.0, channels, 28.0, 28.0), one)
    assert (y.channels, y.height) == (one.channels, 28.0 / one.stride)
    return rec


def test_half_of_a_ghost_module_is_cheap() -> None:
    """16 -> 64 -> 16: the 1 x 1 make 32 and 8 channels, depthwise 3 x 3 as many, each with a norm."""
    rec = recorded(Block("ghost", 3, 1, 64, 16, 0, "relu"), 16)
    assert sum(parameters(rec.ops()).values()) == 16 * 32 + 9 * 32 + 64 * 8 + 9 * 8 + 2 * (32 + 32 + 8 + 8)


def test_the_second_version_looks_along_rows_and_columns_of_a_quarter_of_the_map() -> None:
    plain, looking = (
        product_flops(recorded(Block(kind, 3, 1, 64, 16, 0, "relu"), 16).ops())
        for kind in ("ghost", "ghost2")
    )
    assert looking - plain == 2 * 14 * 14 * 64 * (16 + 5 + 5)


@pytest.mark.parametrize(("channels", "adds"), [(16, True), (24, True), (12, False)])
def test_rexnet_adds_its_input_to_as_many_channels(channels: int, adds: bool) -> None:
    ops = recorded(Block("rex", 3, 1, 96, channels, 8, "silu"), 16).ops()
    assert [float(op.dims["elements"]) for op in ops if op.layer == "m.add"] == [16.0 * 784] * adds


def test_focal_levels_widen_their_kernels() -> None:
    """FocalNet tiny with small receptive fields: kernels of 3 and 5 in every stage, 2 + 2 + 6 + 2 layers."""
    looks = [op for op in resolve("focalnet_tiny_srf").reference_ops() if op.layer.endswith("context")]
    assert sorted({op.dims["window"] for op in looks}) == [9.0, 25.0]
    assert sum(op.copies for op in looks) == 2 * 12
