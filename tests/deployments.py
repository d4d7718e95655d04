"""Deployments of every kind, which tests export."""

from __future__ import annotations

from dataclasses import replace

from whichgpu.export import export
from whichgpu.planner.deployment import OF_NODES, Deployment

CHAT = Deployment(
    name="chat", gpu="h100-80gb-sxm", workload="llama-3.1-70b", model="meta-llama/Llama-3.1-70B-Instruct",
    engine="vllm", gpus_per_replica=4, tp=4, replicas=4, gpus_per_node=8, nodes=2, precision="fp8",
    kv_precision="fp8", max_model_len=8192, max_num_seqs=256, max_num_batched_tokens=8192, provider="aws",
    instance="p5.48xlarge", region="us-east-1", usd_per_hour=55.04, disk=300e9, load_time=240.0,
)  # fmt: skip
#: What makes a deployment one on MIG slices, two on each machine.
SLICES = {
    "gpu": "a100-80gb-sxm:mig-3g.40gb", "gpus_per_replica": 1, "tp": 1, "replicas": 1, "gpus_per_node": 2,
    "nodes": 1, "precision": "bf16", "kv_precision": "",
}  # fmt: skip
IMAGES = Deployment(
    name="images", gpu="l4", workload="stable-diffusion-1.5", engine="diffusers", batch=4, precision="fp16",
    model="stable-diffusion-v1-5/stable-diffusion-v1-5", replicas=12, nodes=12, provider="gcp",
    instance="g2-standard-4", region="us-east4", term="spot", usd_per_hour=0.2828,
)  # fmt: skip
NIGHT = Deployment(
    name="night", gpu="a10", workload="whisper-large-v3", kind="batch", engine="transformers", replicas=3,
    nodes=3, provider="azure", instance="Standard_NV36ads_A10_v5", region="eastus", usd_per_hour=3.2,
)  # fmt: skip
WIDE = replace(
    CHAT, name="wide", workload="llama-3.1-405b", model="meta-llama/Llama-3.1-405B", gpus_per_replica=16,
    tp=8,
    pp=2, replicas=1, kv_precision="", precision="bf16",
)  # fmt: skip
DENSE = replace(CHAT, name="dense", engine="sglang", tp=2, dp=2, ep=4, replicas=2, gpus_per_node=4)
OFFLINE = replace(CHAT, name="offline", kind="batch", region="eu-west-1", term="spot", precision="fp16")
OWNED = replace(CHAT, name="owned", provider="", instance="", region="", term="owned", usd_per_hour=1.9)
NODES = {key: getattr(CHAT, key) for key in OF_NODES}
SHARED = replace(
    CHAT, name="shared", share=0.5, gpus_per_replica=8, tp=8, replicas=2,
    beside=(replace(IMAGES, name="pictures", share=0.2, replicas=16, **NODES),
            replace(NIGHT, name="sounds", share=0.1, replicas=16, **NODES)),
)  # fmt: skip
SERVED = [CHAT, WIDE, DENSE, OFFLINE, OWNED, SHARED]
PLAN = [CHAT, IMAGES, NIGHT]


def texts(found: list[Deployment], target: str) -> list[str]:
    return [file.text for file in export(found, target)]


REFUSED = {
    "karpenter": {"owned"}, "terraform": {"owned", "wide"},
    "vllm": {"images", "night"}, "sglang": {"images", "night"}, "trtllm": {"images", "night", "wide"},
}  # fmt: skip
