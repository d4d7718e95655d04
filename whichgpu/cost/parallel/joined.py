"""What joins the GPUs of a machine: links of other makers than NVIDIA, bridges, how many there are."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.cost.coefficients import section

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu


@lru_cache(maxsize=1024)
def fabric(gpu: str) -> tuple[float, float]:
    """Links other than NVLink in the machine that is built for a GPU (Infinity Fabric, Gaudi's ports).

    The one-way rate of a GPU in B/s, and the share of it that one other GPU gets.
    """
    from whichgpu.hardware.boxes import boxes_of

    known = (box for box in boxes_of(gpu) if not box.provider)
    for box in known:
        whole, peer = box.facts.get("intra_bandwidth"), box.facts.get("peer_bandwidth")
        if whole is not None and not box.intra.startswith("nv"):
            return whole.value, peer.value / whole.value if peer else 1.0
    return 0.0, 1.0


@lru_cache(maxsize=1024)
def seamless(gpu: str) -> bool:
    """Whether the links inside the machine that is built for a GPU go on to the next one (a TPU's torus)."""
    from whichgpu.hardware.boxes import boxes_of

    return any(box.intra and box.intra == box.inter for box in boxes_of(gpu) if not box.provider)


@lru_cache(maxsize=1024)
def together(gpu: str) -> float:
    """GPUs of the largest machine on file that is built for several of one and is nobody's instance.

    Where none is on file, those of a usual one.
    """
    from whichgpu.hardware.boxes import boxes_of

    built = [box.gpus for box in boxes_of(gpu) if box.gpus > 1 and not (box.provider or box.optional)]
    return float(max(built, default=section("links")["node"]))


def has_bridge(system: str) -> bool:
    """Whether a machine on file joins its cards by NVLink."""
    from whichgpu.hardware.boxes import boxes

    box = boxes().get(system.strip().lower())
    return box is not None and (box.intra or "").startswith("nvlink")


def is_card(gpu: Gpu) -> bool:
    """Whether a GPU is a card whose NVLink is a bridge that is sold apart."""
    return str(gpu.value("form_factor") or "").startswith("PCIe") and not gpu.id.endswith("-nvl")
