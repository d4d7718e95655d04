"""The operations of a workload, as the tests of the zoo ask for them."""

from __future__ import annotations

from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import Op, product_flops
from whichgpu.workloads.workload import resolve

#: One of each kind: mixture, latent, sparse, window, delta rule, Mamba 1 and 2, hybrids, shared norm, ALiBi.
LANGUAGE_MODELS = (
    "gpt2", "gpt-j-6b", "falcon-7b", "mpt-7b", "opt-350m", "bloom-560m", "qwen3-8b", "gemma-3-27b",
    "mixtral-8x7b", "qwen1.5-moe-a2.7b", "deepseek-v2-lite", "deepseek-v3.2", "gpt-oss-120b",
    "llama-4-maverick", "qwen3.5-35b-a3b", "nemotron-h-8b", "nemotron-3-super", "jamba-v0.1", "mamba-130m",
    "mamba2-130m", "qwen2.5-vl-7b", "glm-4.5",
)  # fmt: skip
MIXTURES = tuple(name for name in LANGUAGE_MODELS if resolve(name).dims.get("experts"))


def ops(name: str, **columns: object) -> tuple[Op, ...]:
    """Trace a job of `name`, what `columns` does not say completed as the workload does."""
    workload = resolve(name)
    return workload.trace(workload.complete(Job(name, **columns)))


def in_16_bits(name: str, **columns: object) -> tuple[Op, ...]:
    """Trace a job in 16 bits, whatever format a model is released in."""
    return ops(name, **{"precision": "fp16", **columns})


def launches(traced: tuple[Op, ...]) -> float:
    """Kernels that are launched."""
    return float(sum(op.count for op in traced))


def dense(traced: tuple[Op, ...]) -> float:
    """FLOPs of products with weights: neither attention nor the output head."""
    return product_flops([op for op in traced if op.kind == "gemm" and op.module == "layers"
                          and ".attend." not in op.layer])  # fmt: skip
