"""An engine beside a training, which writes the answers that the model learns from (GRPO, RLOO, PPO).

On the same GPUs it is told its share of a card as any server is: `gpu_memory_utilization` of vLLM (0.3 where
TRL starts one, `vllm_gpu_memory_utilization` of trl/trainer/grpo_config.py), `mem_fraction_static` of SGLang.
It holds that from its start on, unless it sleeps while the model learns (`sleep_level` of ms-swift,
`vllm_enable_sleep_mode` of TRL, `free_cache_engine` of verl): then its weights and cache are gone, and what
counts is the fuller of a training step and of an engine beside what a step leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory.totals import needed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job

#: The options that say an engine's share, and the one that has it sleep.
SHARES = ("gpu_memory_utilization", "mem_fraction_static")
SLEEPS = "sleep"
#: What is there between steps: states, other models, and what no count of tensors has.
_STAYS = ("weights", "optimizer", "reference", "encoders", "context", "communication")


def generating(job: Job, parts: Mapping[str, Any], available: Any) -> dict[str, Any]:
    """The parts of a training step with those of an engine beside it, bytes on GPUs of `available` bytes."""
    share = sum(job.option(name, 0.0) for name in SHARES)
    if not share:
        return dict(parts)
    engine = share * np.asarray(available)
    if job.says(SLEEPS):
        left = sum((np.asarray(parts[name]) for name in _STAYS if name in parts), start=np.zeros(1))
        engine = np.maximum(left + engine - needed(parts), 0.0)
    return {**parts, "engine": engine}
