"""Segmentation and Qwen-Image: what their published counts do not say."""

from __future__ import annotations

import numpy as np
import pytest
from job_rows import values

from tests.traced import ops
from whichgpu.workloads.ops import parameters, product_flops, total
from whichgpu.workloads.workload import resolve


def test_maps_that_are_kept_large_cost_what_a_classifier_does_not() -> None:
    """Stages of stride 1 have 4 and 16 times the positions of ResNet-50's own."""
    whole = product_flops([op for op in ops("fcn-resnet50", batch=1) if op.module == "backbone"])
    usual = product_flops(
        [op for op in ops("resnet50", batch=1, height=520, width=520) if op.module != "head"]
    )
    assert 4.0 < whole / usual < 5.0


def test_the_windows_of_stages_that_keep_their_resolution_have_holes() -> None:
    """Stages 3 and 4 of the backbone and three branches of the pyramid, at an output stride of 8."""
    holed = {op.layer: op.count for op in ops("deeplabv3-resnet50", batch=1) if "dilated" in op.dims}
    assert holed == {"backbone.layer3.conv": 6, "backbone.layer4.conv": 3, "classifier.rate12": 3}
    assert not [op for op in ops("resnet50", batch=1) if "dilated" in op.dims]


@pytest.mark.parametrize("name", ["deeplabv3-resnet101", "segformer-b2"])
def test_the_loss_is_over_all_pixels_and_in_training_only(name: str) -> None:
    classes = resolve(name).dims["classes"]
    (loss,) = [op for op in ops(name, phase="train", batch=1, height=512, width=512) if
               op.module == "loss" and op.stage == "forward" and op.layer.endswith("entropy")]  # fmt: skip
    assert loss.dims["elements"] >= classes * 512 * 512
    assert not [op for op in ops(name) if op.module == "loss"]


def test_a_larger_picture_is_dearer_than_its_pixels_where_there_is_attention() -> None:
    for name, more in (("fcn-resnet50", 4.0), ("segformer-b5", 4.5)):
        small, large = (product_flops(ops(name, batch=1, height=n, width=n)) for n in (512, 1024))
        assert (
            large / small == pytest.approx(more, rel=0.01) if name.startswith("fcn") else large > more * small
        )


def test_the_tower_and_head_of_a_text_encoder_are_loaded_and_not_run() -> None:
    generated = ops("qwen-image", batch=1)
    idle = [op for op in generated if "idle" in op.layer]
    assert parameters(idle) == {"text_encoder": 1_221_547_520}
    assert np.all(total(idle, "flops") == 0.0)


def test_guidance_runs_the_denoiser_twice_a_step() -> None:
    once, twice = (
        product_flops([op for op in ops("qwen-image", batch=1, options={"guidance": scale})
                       if op.module == "transformer"])
        for scale in ("1", "4")
    )  # fmt: skip
    assert twice == pytest.approx(2 * once)
    assert once == pytest.approx(50 * 69309858054144)


def test_points_cost_the_decoder_and_not_the_encoder() -> None:
    one, many = (ops("sam-vit-h", batch=1, options={"prompts": n}) for n in ("1", "64"))
    parts = {
        part: [product_flops([op for op in traced if op.module == part]) for traced in (one, many)]
        for part in ("vision_encoder", "mask_decoder")
    }
    assert parts["vision_encoder"][0] == parts["vision_encoder"][1]
    assert parts["mask_decoder"][1] == pytest.approx(64 * parts["mask_decoder"][0])


def test_windows_are_padded_and_four_layers_see_all() -> None:
    """64 x 64 patches: 25 windows of 14 x 14, which cover 70 x 70."""
    attention = {
        float(op.dims["q"]): (float(op.dims["batch"]), op.copies)
        for op in ops("sam-vit-b", batch=1)
        if op.kind == "attention" and op.module == "vision_encoder"
    }
    assert attention == {196.0: (25.0, 8.0), 4096.0: (1.0, 4.0)}


def test_the_last_layer_that_draws_a_mask_has_one_output() -> None:
    """100 things, each with layers of 10 x 8, 8 x 8 and 8 x 1 on 80 x 80 places."""
    drawn = [op for op in ops("rtmdet-ins-s", batch=2, height=640, width=640) if op.layer == "masks.draw"]
    assert [(op.dims["k"], op.dims["n"]) for op in drawn] == [(10, 8), (8, 8), (8, 1)]
    assert product_flops(drawn) == 2 * 152 * 100 * 2 * 80 * 80


def test_segment_anything_writes_its_scores_out_and_casts_nothing():
    """As its makers' code does; a text that says otherwise, or a format, goes before."""
    row = {"workload": "sam-vit-b", "gpu": "a100-80gb-sxm", "batch": "1"}
    left, said, older, fused, half = values(
        row, {**row, "precision": "tf32"}, {**row, "gpu": "v100-32gb-sxm"},
        {**row, "precision": "tf32", "runtime": "PyTorch 2 SDPA"}, {**row, "precision": "fp16"},
    )  # fmt: skip
    assert left == said < fused < half
    assert older == values({**row, "gpu": "v100-32gb-sxm", "precision": "fp32"})[0]
