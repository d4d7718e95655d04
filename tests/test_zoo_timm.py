"""Families of timm's models: what their counts alone do not show, which `test_published.py` holds."""

from __future__ import annotations

import numpy as np
import pytest

from whichgpu.errors import DataError
from whichgpu.workloads import zoo as zoo_module
from whichgpu.workloads.branches import branched
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import Op, product_flops, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Map, Recorder
from whichgpu.workloads.workload import resolve

#: One workload of each family whose maps may be of any size.
FAMILIES = (
    "coat-lite-tiny", "convit-tiny", "convmixer-768-32", "davit-tiny", "dla34", "edgenext-small",
    "fastvit-t8",
    "efficientformer-l1", "efficientformerv2-s0", "efficientvit-b0", "efficientvit-m0", "gcvit-xxtiny",
    "hgnetv2-b0", "hiera-tiny-224", "inception-next-tiny", "inception-resnet-v2",
    "mambaout-femto",
    "mvitv2-tiny", "nest-tiny", "nextvit-small", "pit-ti-224", "rdnet-tiny", "repvit-m1", "selecsls42",
    "sequencer2d-s", "shvit-s1", "starnet-s1", "swiftformer-xs", "tiny-vit-5m-224", "tnt-s-patch16-224",
    "tresnet-m", "twins-svt-small", "visformer-tiny", "vitamin-small-224", "volo-d1-224", "xception41",
    "crossvit-tiny-240", "vit-small-r26-s32-224",
    "fasternet-t0", "cspnext-tiny", "iformer-t", "lowformer-b0", "cpubone-nano", "lcnetv2-small",
    "nasnetalarge", "botnet26t-256", "lambda-resnet26t",
)  # fmt: skip


def ops(name: str, **columns: object) -> tuple[Op, ...]:
    item = resolve(name)
    return item.trace(item.complete(Job(name, **columns)))


@pytest.mark.parametrize("name", FAMILIES)
def test_work_and_saved_bytes_go_with_the_batch(name: str) -> None:
    sizes = np.array([1.0, 4.0])
    traced = ops(name, phase="train", batch=sizes)
    forward = [op for op in traced if op.stage == "forward"]
    alone, four = np.broadcast_to(product_flops(forward), 2)
    assert four == pytest.approx(4 * alone, rel=0.02)
    kept = np.broadcast_to(total(forward, "saved_bytes"), 2)
    assert kept[1] == pytest.approx(4 * kept[0], rel=0.02)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_step_of_training_costs_about_three_passes(name: str) -> None:
    passed = product_flops(ops(name, phase="infer", batch=1.0))
    trained = product_flops(ops(name, phase="train", batch=1.0))
    assert 2.5 * passed < trained <= 3.5 * passed  # attention computes its scores again


@pytest.mark.parametrize("name", ["davit-tiny", "twins-svt-small", "gcvit-xxtiny"])
def test_windows_of_an_odd_size_are_padded(name: str) -> None:
    traced = ops(name, batch=1.0, height=232.0, width=232.0)
    rows = {op.dims["m"] for op in traced if op.layer.startswith("stage1") and op.layer.endswith("qkv")}
    assert (9 * 7) ** 2 in rows  # 58 places a side, in windows of 7


def test_blocks_see_a_halo_and_every_second_place_asks_where_maps_are_halved() -> None:
    scores = [op for op in ops("halonet-h1", batch=1.0) if op.layer.endswith("scores")]
    asked = {(op.dims["m"], op.dims["n"]) for op in scores}
    assert asked == {(64.0, 196.0), (16.0, 196.0)}  # 8 x 8, or half of each side, to 14 x 14


def test_a_cell_takes_the_two_maps_before_it() -> None:
    traced = ops("nasnetalarge", batch=1.0)
    sampled = [op for op in traced if op.layer.endswith("sample")]
    # Where the last map is smaller than the one before it: after each reduction.
    assert {op.layer.partition(".")[0] for op in sampled} == {"cells2", "cells3", "cells5", "cells7"}
    joined = {op.dims["elements"] for op in traced if op.layer == "cells7.concatenate"}
    assert max(joined) == 4032 * 11 * 11


def test_two_attentions_of_half_the_width_make_a_difference() -> None:
    plain, apart = ops("vit-wee-patch16-reg1-gap-256"), ops("vit-dwee-patch16-reg1-gap-256")
    one, two = (next(op for op in traced if op.kind == "attention") for traced in (plain, apart))
    assert two.dims["head_dim"] == one.dims["head_dim"] / 2
    assert two.count == 2 * one.count


def test_branches_fold_into_what_one_convolution_makes() -> None:
    rec = Recorder(precision("fp16"))
    x = Map(2.0, 16, 8.0, 8.0)
    y = branched(rec, x, 16, 3, copies=2, squeezed=4, activation="relu")
    assert y == x
    convolutions = [op for op in rec.ops() if op.kind == "conv"]
    assert sorted(op.dims["k"] for op in convolutions) == [16.0, 144.0, 144.0]
    norms = sum(op.parameters * op.copies for op in rec.ops() if op.kind == "norm")
    assert norms == 4 * 2 * 16  # two of 3 x 3, one of 1 x 1, one of the map itself


def test_small_convnexts_of_timm_are_convolved_and_add_their_biases_apart() -> None:
    plain, convolved = ops("convnext-tiny", batch=8.0), ops("convnext-tiny-hnf", batch=8.0)
    dense = {op.layer for op in plain if op.layer.endswith((".up", ".down"))}
    assert {op.kind for op in plain if op.layer in dense} == {"gemm"}
    assert {op.kind for op in convolved if op.layer in dense} == {"conv"}
    assert product_flops(plain) == pytest.approx(product_flops(convolved))
    biased = {op.layer: op for op in convolved if op.layer.endswith(".bias")}
    # Of three convolutions a block; a norm is between stages.
    assert sum(op.copies for op in biased.values()) == 3 * (3 + 3 + 9 + 3) + 4
    assert biased["stage1.layers.up.bias"].dims["elements"] == 8 * 56 * 56 * 4 * 96
    for name, apart in (("poolformer-s12", True), ("poolformerv2-s12", False), ("inception-next-tiny", True)):
        layers = {op.layer.rpartition(".")[2] for op in ops(name, batch=8.0) if op.layer.startswith("stage1")}
        assert ("bias" in layers) == apart, name


def test_a_response_norm_passes_over_its_map_four_times_in_fp32() -> None:
    made = {op.layer.rpartition(".")[2]: op for op in ops("convnextv2-atto", batch=8.0, precision="amp-fp16")
            if op.layer.startswith("stage1.")}  # fmt: skip
    parts = [made[name] for name in ("response_norm", "respond", "scale", "response_add")]
    moved = sum(float(np.sum(op.read_bytes + op.write_bytes)) for op in parts)
    assert moved == pytest.approx(8 * 4.0 * float(made["gelu"].dims["elements"]))


def test_a_tree_gathers_what_its_branches_made() -> None:
    roots = [op for op in ops("dla60", batch=1.0) if op.layer.endswith("root")]
    assert {op.dims["k"] for op in roots if op.layer.startswith("level4")} == {1024.0, 1536.0, 2304.0}


def test_weights_that_scales_share_are_stored_once() -> None:
    serial, parallel = resolve("coat-tiny").parameters(), resolve("coat-tiny").dims["widths"]
    one = 4 * 2 * parallel[1] ** 2 + 5 * parallel[1]  # the perceptron that three scales share
    assert one < serial["parallel"] / 6 < 3 * one + 3 * 4 * parallel[1] * (parallel[1] + 5)


def test_linear_attention_grows_with_places_not_their_square() -> None:
    small, large = (product_flops(ops("efficientvit-b1", height=side, width=side)) for side in (256.0, 512.0))
    assert large == pytest.approx(4 * small, rel=0.01)


def test_a_recurrent_layer_steps_along_rows_and_columns() -> None:
    states = [op for op in ops("sequencer2d-s", batch=1.0) if op.layer.endswith("state")]
    assert {float(op.repeats) for op in states if op.layer.startswith("stage1")} == {32.0}


def test_a_name_from_before_tags_is_the_model_that_the_tag_names() -> None:
    assert resolve("gluon_resnet50_v1b").id == "resnet50"
    older, base = resolve("convnext_base_384_in22ft1k"), resolve("convnext_base")
    assert older.complete(Job(older.id)).height == 384.0
    assert older.parameters() == base.parameters()
    assert sum(resolve("convnext_tiny_in22k").parameters().values()) - sum(
        resolve("convnext_tiny").parameters().values()
    ) == (21841 - 1000) * (768 + 1)


def test_a_workload_like_another_has_what_it_does_not_state() -> None:
    files = {
        "base": {"name": "Base", "family": "resnet", "aliases": ["b"], "dimensions": {"a": 1, "b": 2}},
        "own": {"name": "Own", "like": "base", "dimensions": {"b": 3}},
        "lost": {"name": "Lost", "like": "nothing"},
    }
    zoo = zoo_module.Zoo({stem: stem for stem in files}, files, files)
    merged = zoo._raw("own")
    assert merged == {"name": "Own", "family": "resnet", "dimensions": {"a": 1, "b": 3}, "defaults": {}}
    with pytest.raises(DataError, match=r"lost\.toml: there is no workload 'nothing' to be like"):
        zoo["lost"]


#: MB that elementwise ops of one picture read and write in eager PyTorch under autocast, counted from the
#: operators that timm 1.0.31 calls (torch 2.13, fake tensors, batches of 256).
MOVED = {
    ("vit-small-patch16-224", 224): 64.9,
    ("resnet50", 224): 121.3,
    ("vit-small-patch16-rope-224", 224): 151.1,
    ("eva02-small-patch14-224", 224): 190.8,
    ("vit-small-patch16-dinov3", 256): 199.1,
    ("poolformerv2-s12", 224): 253.7,
    ("hgnetv2-b3", 224): 171.8,
    ("convit-tiny", 224): 143.1,
    ("skresnet50", 224): 201.5,
    ("resnest26d", 224): 154.5,
    ("resmlp-24-224", 224): 176.2,
    ("mambaout-tiny", 224): 159.6,
    ("visformer-small", 224): 103.5,
    ("xcit-small-12-p16-224", 224): 176.6,
    ("cait-xxs24-224", 224): 212.6,
    ("coat-lite-mini", 224): 131.0,
    ("swiftformer-l3", 224): 153.1,
    # and the moments of group norms, which that counts once: 4 bytes a value more
    ("efficientnet-b0-gn", 224): 215.3 + 27.0,
    ("resnet50-gn", 224): 367.0 + 44.5,
}


@pytest.mark.parametrize(("name", "side"), MOVED)
def test_elementwise_ops_move_what_pytorch_moves(name: str, side: int) -> None:
    traced = ops(
        name, phase="infer", precision="amp-fp16", batch=256.0, height=float(side), width=float(side)
    )
    # An operator of a convolution adds its bias itself, in a kernel that nobody sees there.
    apart = [
        op for op in traced
        if op.kind not in ("gemm", "conv", "attention")
        and "autocast" not in op.layer and "in_place" not in op.dims
    ]  # fmt: skip
    moved = sum(float((op.read_bytes + op.write_bytes) * op.count) for op in apart) / 256.0 / 1e6
    assert moved == pytest.approx(MOVED[name, side], rel=0.25)


@pytest.mark.parametrize("name", ["vit-small-patch16-rope-224", "efficientnet-b0-gn", "hgnetv2-b3"])
def test_without_autocast_nothing_is_widened(name: str) -> None:
    """In one format throughout each value is of its size, and nothing is cast."""
    plain = ops(name, phase="infer", precision="fp16", batch=1.0)
    assert not any(op.layer.endswith(".cast") or "wide" in op.dims for op in plain)
    norms = [op for op in plain if op.kind == "norm" and op.stage == "forward"]
    assert all(op.read_bytes == 2.0 * op.dims["elements"] for op in norms)


@pytest.mark.parametrize("name", ["twins-svt-small", "nest-tiny", "tnt-s-patch16-224", "gcvit-xxtiny"])
def test_attention_of_five_axes_or_of_its_own_code_is_written_out(name: str) -> None:
    """PyTorch's fused kernels take (B, heads, S, d) alone, and add no table to the scores."""
    assert any("biased" in op.dims for op in ops(name, phase="infer") if op.kind == "attention")
    assert not any("biased" in op.dims for op in ops("vit-small-patch16-224", phase="infer"))


def test_bart_learns_to_write_the_whole_text_again() -> None:
    """Its pretraining has as many tokens behind the decoder as before the encoder; fine-tuning has not."""

    def written(phase: str) -> float:
        traced = ops("bart-large", phase=phase, seq_len=512.0, batch=1.0)
        return next(
            float(op.dims["m"]) for op in traced if op.layer == "head.logits" and op.stage == "forward"
        )

    assert written("pretrain") == 512.0
    assert written("finetune_full") == 114.0


@pytest.mark.parametrize(
    ("name", "parameters", "multiplied"),
    [
        # Ding et al., table 1; Vasu et al., "MobileOne", table 9: as deployed, in millions.
        ("repvgg-a0", 8.30e6, 1.36e9), ("repvgg-b1", 51.82e6, 11.81e9),
        ("mobileone-s1", 4.8e6, 825e6), ("mobileone-s4", 14.8e6, 2978e6),
    ],
)  # fmt: skip
def test_branches_are_one_convolution_where_a_network_is_deployed(
    name: str, parameters: float, multiplied: float
) -> None:
    work = resolve(name)

    def counts(**job: object) -> tuple[float, float]:
        ops = work.trace(Job(name, batch=1.0, height=224.0, width=224.0, precision="fp16", **job))  # type: ignore[arg-type]
        return total(ops, "weight_bytes") / 2.0, product_flops(ops) / 2.0

    for said in ({"runtime": "TensorRT 8"}, {"runtime": "PyTorch 2", "options": {"deployed": "true"}},
                 {"runtime": "PyTorch 2, re-parameterised"}):  # fmt: skip
        found = counts(phase="infer", **said)
        assert found == pytest.approx((parameters, multiplied), rel=0.01)
    apart = counts(phase="infer", runtime="PyTorch 2")
    assert apart[0] > found[0]
    assert counts(phase="infer", runtime="TensorRT", options={"deployed": "false"}) == apart


def test_mixers_of_fastvit_and_repvit_fold() -> None:
    for name in ("fastvit-t8", "repvit-m1", "repvit-m1-0"):
        ops = {
            stack: resolve(name).trace(Job(name, phase="infer", batch=1.0, height=224.0, width=224.0,
                                           precision="fp16", runtime=stack))
            for stack in ("PyTorch 2", "ONNX Runtime")
        }  # fmt: skip
        assert total(ops["ONNX Runtime"], "write_bytes") < 0.95 * total(ops["PyTorch 2"], "write_bytes")
        assert 0.9 < product_flops(ops["ONNX Runtime"]) / product_flops(ops["PyTorch 2"]) < 1.0
