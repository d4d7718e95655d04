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
from whichgpu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job

#: The options that say an engine's share, and the one that has it sleep.
SHARES = ("gpu_memory_utilization", "mem_fraction_static")
SLEEPS = "sleep"
#: What TRL's engine takes unasked.
_USUAL = 0.3
#: The least share of a card that means one.
_LEAST = 0.01
#: What is there between steps: states, other models, and what no count of tensors has.
_STAYS = ("weights", "optimizer", "reference", "encoders", "context", "communication")


def of_card(job: Job, name: str, usual: float) -> float:
    """The share of a card that an option states, else `usual`; raises `UsageError` beyond the whole card."""
    found = job.option(name, usual, _LEAST)
    if found > 1.0:
        raise UsageError(f"option {name}: {found:g} is more than the whole card; write {name}={usual:g}")
    return found


def generating(job: Job, parts: Mapping[str, Any], available: Any) -> dict[str, Any]:
    """The parts of a training step with those of an engine beside it, bytes on GPUs of `available` bytes."""
    share = sum(of_card(job, name, _USUAL) for name in SHARES if name in job.options)
    if not share:
        return dict(parts)
    engine = share * np.asarray(available)
    if job.says(SLEEPS):
        left = sum((np.asarray(parts[name]) for name in _STAYS if name in parts), start=np.zeros(1))
        engine = np.maximum(left + engine - needed(parts), 0.0)
    return {**parts, "engine": engine}
