"""The torch-free image families against modules that torch counts itself, built on the meta device.

Needs torch and transformers (no weights, no network); without them these tests are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'whichgpu[torch]'")
transformers = pytest.importorskip("transformers")
counter = pytest.importorskip("torch.utils.flop_counter")

CLASSES = {"num_labels": 1000}
VIT = {"base": (768, 12, 12), "tiny": (192, 12, 3)}
SWIN = {"tiny": (96, [2, 2, 6, 2], [3, 6, 12, 24])}
CONVNEXT = {"tiny": ([3, 3, 9, 3], 96)}


def vit(size: str, patch: int, image: int) -> Mapping[str, Any]:
    width, layers, heads = VIT[size]
    return {
        "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
        "intermediate_size": 4 * width, "patch_size": patch, "image_size": image,
    }  # fmt: skip


def swin(size: str, window: int, image: int) -> Mapping[str, Any]:
    width, depths, heads = SWIN[size]
    return {
        "embed_dim": width, "depths": depths, "num_heads": heads, "window_size": window, "image_size": image,
    }  # fmt: skip


def convnext(size: str) -> Mapping[str, Any]:
    depths, width = CONVNEXT[size]
    return {"depths": depths, "hidden_sizes": [width * 2**i for i in range(4)]}


def resnet(depths: list[int], kind: str = "bottleneck") -> Mapping[str, Any]:
    widths = [256, 512, 1024, 2048] if kind == "bottleneck" else [64, 128, 256, 512]
    return {"depths": depths, "hidden_sizes": widths, "layer_type": kind}


def regnet(name: str) -> Mapping[str, Any]:
    dims = resolve(name).dims
    kind = "y" if "squeeze" in dims else "x"
    return {
        "embedding_size": dims["stem"], "depths": dims["layers"], "hidden_sizes": dims["widths"],
        "groups_width": dims["group_width"], "layer_type": kind,
    }  # fmt: skip


#: Two sizes of a family at most: larger ones are counted by the same lines, and test_published has them all.
MODULES: list[tuple[str, str, Mapping[str, Any]]] = [
    ("resnet18", "ResNet", resnet([2, 2, 2, 2], "basic")),
    ("resnet50", "ResNet", resnet([3, 4, 6, 3])),
    *((name, "RegNet", regnet(name)) for name in ("regnetx-004-tv", "regnety-004")),
    ("mobilenet-v1", "MobileNetV1", {}),
    ("mobilenet-v2", "MobileNetV2", {}),
    ("convnext-tiny", "ConvNext", convnext("tiny")),
    ("convnext-v2-tiny", "ConvNextV2", convnext("tiny")),
    ("vit-tiny-patch16-224", "ViT", vit("tiny", 16, 224)),
    ("vit-base-patch16-384", "ViT", vit("base", 16, 384)),
    ("vit-base-patch32-224", "ViT", vit("base", 32, 224)),
    ("swin-tiny", "Swin", swin("tiny", 7, 224)),
    ("swin-v2-tiny", "Swinv2", swin("tiny", 8, 256)),
]


@pytest.mark.parametrize(("name", "kind", "config"), MODULES, ids=[name for name, *_ in MODULES])
def test_as_torch_counts(name: str, kind: str, config: Mapping[str, Any]) -> None:
    workload = resolve(name)
    config = getattr(transformers, f"{kind}Config")(**config, **CLASSES)
    with torch.device("meta"):
        module = getattr(transformers, f"{kind}ForImageClassification")(config).eval()
    side = int(workload.reference_job().height)
    with torch.no_grad(), counter.FlopCounterMode(display=False) as counted:
        module(torch.empty(1, 3, side, side, device="meta"))
    size = sum(one.numel() for one in module.parameters())
    assert sum(workload.parameters().values()) == pytest.approx(size, rel=2e-4)
    assert workload.flops() == pytest.approx(counted.get_total_flops(), rel=1e-3)
