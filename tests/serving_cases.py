"""Serving jobs that several files of tests ask about."""

from __future__ import annotations

import numpy as np

from whichgpu.cost.job.placing import placed
from whichgpu.cost.serving import batching, curve
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

GPUS = catalogue()


L40S, H100, H200 = GPUS["l40s"], GPUS["h100-80gb-sxm"], GPUS["h200-141gb-sxm"]


WIDE = {"attention_dp": "8", "ep": "8"}


FP8_CACHE = {"kv_precision": "fp8"}


VARIED = {"input_lengths": "lognormal mean 1000 p90 2000", "output_lengths": "lognormal mean 1000 p90 2000"}


#: Workload, GPU, how many, columns of the job, tokens in and out: what the two models are held to agree on.
AGREED = [
    ("llama-3.1-8b", "l40s", 1, {}, 1024, 256),
    ("llama-3.1-8b", "l4", 1, {"precision": "fp8"}, 512, 256),
    ("llama-3.1-8b", "a100-80gb-sxm", 1, {}, 512, 128),
    # prompts that a host launches for longer than tokens take
    ("qwen3-235b-a22b", "h200-141gb-sxm", 8, {"precision": "fp8", "runtime": "vLLM 0.11"}, 256, 512),
    # the same before prompts that go first, which hide each other's launches or stop all tokens
    ("llama-3.1-70b", "h100-80gb-sxm", 8, {"precision": "fp8", "runtime": "SGLang 0.5.7"}, 111, 128),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"runtime": "tensorrt-llm"}, 1024, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"runtime": "vLLM 0.16"}, 1024, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"prefix_hit": "0.75"}}, 4096, 256),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"kv_precision": "fp8"}}, 1024, 512),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {}, 1024, 512),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"runtime": "sglang"}, 1024, 1024),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"options": {"speculative": "3"}}, 1024, 512),
    ("llama-3.1-70b", "a100-80gb-sxm", 8, {}, 2048, 512),
    ("llama-3.1-70b", "b200-180gb-sxm", 2, {"precision": "fp8"}, 8192, 1024),
    ("deepseek-r1", "h200-141gb-sxm", 8, {"precision": "fp8", "runtime": "sglang"}, 1024, 1024),
    ("deepseek-r1", "b200-180gb-sxm", 8, {"precision": "fp8"}, 8192, 1024),
    ("mixtral-8x7b", "h100-80gb-sxm", 2, {}, 512, 256),
    ("gpt-oss-120b", "h100-80gb-sxm", 2, {"precision": "mxfp4"}, 1024, 1024),
    ("qwen3-32b", "h100-80gb-sxm", 2, {}, 2048, 512),
    ("qwen3-235b-a22b", "h200-141gb-sxm", 8, {"precision": "fp8"}, 1024, 1024),
    ("llama-2-13b", "a10g", 4, {}, 512, 128),
    ("mistral-7b", "rtx-4090", 1, {}, 512, 256),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"attention_dp": "1"}, "precision": "bf16"}, 256, 1024),
    # little room for the cache
    ("llama-3.1-8b", "rtx-4090", 1, {"precision": "w4a16"}, 256, 2048),
    # prefixes from the cache, drafted tokens, long answers
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"prefix_hit": "0.9"}}, 8192, 512),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": {"speculative": "4", "acceptance": "0.6"}}, 512, 256),
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"precision": "fp8"}, 128, 8192),
    ("llama-3.1-70b", "h100-80gb-sxm", 2, {"precision": "fp8"}, 1024, 4096),
    # experts dealt out, attention in groups
    ("deepseek-r1", "h200-141gb-sxm", 8, {"precision": "fp8", "tp": 1.0, "options": WIDE}, 1024, 1024),
    ("qwen3-235b-a22b", "h200-141gb-sxm", 8, {"precision": "fp8", "tp": 1.0, "options": WIDE}, 2048, 512),
    # engines that keep room free, and engine options
    ("llama-3.1-8b", "a100-80gb-sxm", 1, {"runtime": "tensorrt-llm"}, 2048, 2048),
    ("llama-3.1-70b", "a100-80gb-sxm", 4, {"runtime": "sglang"}, 512, 2048),
    ("llama-3.1-8b", "l40s", 1, {"options": {"max_num_seqs": "32"}}, 512, 256),
    # long prompts with drafted tokens; a model with windows under SGLang, in little room
    ("llama-3.1-70b", "b200-180gb-sxm", 4, {"precision": "fp8", "options": {"speculative": "3"}}, 6610, 268),
    ("gpt-oss-20b", "a100-40gb-sxm", 1, {"precision": "mxfp4", "runtime": "sglang"}, 9641, 2640),
    ("gemma-3-27b", "mi300x", 2, {"precision": "bf16"}, 2502, 113),
    # lengths that differ
    ("llama-3.1-8b", "h100-80gb-sxm", 1, {"options": VARIED}, 600, 300),
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"options": VARIED}, 2000, 500),
    # short prompts that go first, many in a pass; prompts that a pass does not quite hold
    ("qwen3-32b", "a100-80gb-sxm", 1, {"precision": "w4a16", "runtime": "sglang"}, 778, 110),
    ("qwen3-8b", "b200-180gb-sxm", 1, {"precision": "w4a16", "options": {"max_num_seqs": "64"}}, 8412, 851),
    # prompts of which a pass holds one and a part of the next
    ("llama-3.1-8b", "l40s", 1, {"options": {"max_num_batched_tokens": "2048"}}, 1600, 100),
    # prompts on GPUs of their own, of another kind too
    ("llama-3.1-70b", "h100-80gb-sxm", 4, {"tp": 4.0, "options": {"prefill_gpus": "4"}}, 4096, 256),
    ("llama-3.1-8b", "l40s", 2, {"tp": 1.0, "options": {"prefill_gpus": "1"}}, 2048, 256),
    ("qwen3-32b", "h100-80gb-sxm", 8, {"tp": 2.0, "options": {"prefill_gpus": "4"}}, 4096, 512),
    # stages, replicas, four bits, experts under each engine, AMD
    ("llama-3.1-70b", "a100-80gb-sxm", 4, {"tp": 2.0, "pp": 2.0}, 1024, 256),
    ("llama-3.1-8b", "l4", 4, {"tp": 1.0, "precision": "w4a16"}, 512, 256),
    ("llama-3.3-70b", "b200-180gb-sxm", 1, {"precision": "fp4", "runtime": "tensorrt-llm"}, 1024, 1024),
    ("gpt-oss-120b", "b200-180gb-sxm", 1, {"precision": "mxfp4", "runtime": "sglang"}, 566, 40),
    ("qwen3-30b-a3b", "h100-80gb-sxm", 1, {"precision": "fp8", "runtime": "tensorrt-llm"}, 1024, 512),
    ("mixtral-8x7b", "a100-80gb-sxm", 2, {"runtime": "sglang"}, 1024, 256),
    ("llama-3.1-70b", "mi300x", 4, {"precision": "fp8"}, 1024, 512),
    # answers that outgrow a window: what a pass reads is no straight line of its tokens
    ("gemma-3-27b", "h200-141gb-sxm", 2, {"precision": "bf16", "runtime": "vLLM 0.16"}, 266, 1088),
]  # fmt: skip


def job(workload="llama-3.1-8b", gpu=L40S, count=1, **columns):
    """A serving job that is ready to be asked for loads."""
    columns = {"input_tokens": 1024.0, "output_tokens": 256.0, **columns}
    return curve.checked(placed(Job(workload, phase="serve", **columns), count, gpu), gpu)


def measured(outcome):
    """A simulated run less its ends."""
    count = len(outcome.arrival)
    return slice(count // 10, count * 9 // 10)


def served(run):
    """Requests/s between the first fifth that are done and the last."""
    done = np.sort(run.done)
    return 0.6 * len(done) / (done[int(0.8 * len(done))] - done[int(0.2 * len(done))])


def shorter(patch):
    """Few requests are simulated for each load: enough for what is told of it, and which split leads."""
    for name, value in (("_FEWEST", 300), ("_EACH", 8.0), ("_MOST", 3000)):
        patch.setattr(curve, name, value)
    for name, value in (("_FEWEST", 2000), ("_EACH", 200.0), ("_MOST", 20_000)):
        patch.setattr(batching, name, value)
