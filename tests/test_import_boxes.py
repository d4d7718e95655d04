"""Detectors that end in queries: a config.json as it is counted, against transformers' own module."""

from __future__ import annotations

import json

import pytest

from whichgpu.errors import UsageError
from whichgpu.workloads.importers.hf import workload_of
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import product_flops

RESNET = {"model_type": "resnet", "layer_type": "bottleneck", "depths": [1, 1, 1, 1], "embedding_size": 64,
          "hidden_sizes": [256, 512, 1024, 2048]}  # fmt: skip
LAST, THREE = ({**RESNET, "out_features": stages} for stages in (["stage4"], ["stage2", "stage3", "stage4"]))
BESIDE = {"use_timm_backbone": False, "backbone": None, "num_labels": 91, "encoder_layers": 2,
          "decoder_layers": 2}  # fmt: skip
OWN = {"model_type": "rt_detr_resnet", "depths": [1, 1, 1, 1], "layer_type": "bottleneck",
       "out_features": ["stage2", "stage3", "stage4"]}  # fmt: skip
CASES = {
    "conditional_detr": ("ConditionalDetrForObjectDetection", {**BESIDE, "backbone_config": LAST}),
    "deformable_detr": ("DeformableDetrForObjectDetection", {**BESIDE, "backbone_config": THREE}),
    "rt_detr": ("RTDetrForObjectDetection", {"backbone_config": OWN, "decoder_layers": 2, "num_queries": 50}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_parameters_and_products_are_those_of_the_module(kind):
    transformers = pytest.importorskip(
        "transformers", reason="needs transformers: pip install 'whichgpu[test]'"
    )
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    name, sizes = CASES[kind]
    config = transformers.AutoConfig.for_model(kind, attn_implementation="eager", **sizes)
    with torch.device("meta"):
        module = getattr(transformers, name)(config).eval().requires_grad_(False)
    count = sum(one.numel() for one in module.parameters())
    module = module.to_empty(device="cpu")
    raw = json.loads(json.dumps(config.to_dict(), default=str))
    item = workload_of({**raw, "architectures": [name]}, kind, kind)
    assert sum(item.parameters().values()) == count
    with FlopCounterMode(display=False) as counter:
        module(pixel_values=torch.zeros(1, 3, 96, 128))
    job = item.complete(Job(item.id, phase="infer", batch=1.0, height=96.0, width=128.0))
    assert float(product_flops(item.trace(job))) == pytest.approx(counter.get_total_flops(), rel=0.01)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("deformable_detr", {"backbone": "swin"}, "backbone is 'swin', where resnet50"),
        ("deformable_detr", {"backbone": "resnet18"}, "backbone of basic blocks"),
        ("deformable_detr", {"encoder_n_points": 8}, "encoder_n_points and decoder_n_points differ"),
        ("rt_detr", {"hidden_expansion": "wide"}, "hidden_expansion is 'wide'"),
        ("rt_detr", {"num_feature_levels": 5}, "num_feature_levels other than 3"),
    ],
)
def test_what_is_not_imported_is_said(kind, change, said):
    with pytest.raises(UsageError, match=said):
        workload_of({"model_type": kind, "architectures": ["Any"], **change}, kind, kind)


def test_files_as_published_give_published_counts():
    """Deformable DETR (40 M), Conditional DETR (44 M) and RT-DETR (42 M), each on a ResNet-50."""
    deformable = {"model_type": "deformable_detr", "backbone": "resnet50", "num_feature_levels": 4}
    conditional = {"model_type": "conditional_detr", "backbone": "resnet50", "num_queries": 300}
    fast = {"model_type": "rt_detr", "backbone_config": {**OWN, "depths": [3, 4, 6, 3]}}
    counts = [
        sum(workload_of(one, "x", "x").parameters().values()) for one in (deformable, conditional, fast)
    ]
    assert counts == [40_069_665, 43_418_401, 42_891_372]
