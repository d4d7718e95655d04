"""Copies of weights in which DDP sends the first replica's to the others as it starts.

`DistributedDataParallel` flattens all weights into buckets of 250 MiB and broadcasts them
(`broadcast_coalesced` of torch/csrc/distributed/c10d/comm.cpp). Two are meant to be under way; up to PyTorch
2.7 each stays taken until NCCL's stream is done with it (`record_stream`), while the host has gone through
the next ones long since. So the allocator ends up with about as many bytes again as the weights take
(github.com/pytorch/pytorch, issue 131653: 152 MiB for 166; github.com/meta-pytorch/torchtune, pull request
843: 78 GiB for 23), in blocks that serve what a step makes, and no tensor larger than they are. PyTorch 2.8
holds none (github.com/pytorch/pytorch, pull request 150398).

Where a card has no room for them the allocator waits, gives all of them back, and has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.memory.totals import OUTSIDE, needed
from whichgpu.cost.parallel import distributed
from whichgpu.cost.parallel.mesh import Mesh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job

#: Bytes of a bucket (`broadcast_bucket_size` of torch/nn/parallel/distributed.py), and of a value in FP32.
_BUCKET, _WIDE = 250.0 * 2**20, 4.0


def sent_copies(job: Job, stack: Runtime, parts: Mapping[str, Any]) -> Any:
    """Bytes of such copies that no tensor of a training step takes, given its parts in B on each GPU."""
    if not stack.holds.get("sends_copies") or stack.holds.get("group_values"):
        return 0.0
    if distributed.sharding(job, stack) > 0:
        return 0.0
    several = np.asarray(job.n_gpus, dtype=np.float64) > Mesh.of(job).replica
    weights = np.asarray(parts["weights"], dtype=np.float64)
    logits = np.asarray(parts.get("logits", 0.0))
    # Logits in FP32 are one tensor, which no bucket holds where it is the larger.
    wide = logits * _WIDE / float(stack.holds.get("logit_bytes") or _WIDE)
    apart = np.where((wide > _BUCKET) & (not stack.holds.get("expandable")), logits, 0.0)
    outside = sum((np.asarray(parts.get(name, 0.0)) for name in OUTSIDE), start=np.zeros(()))
    served = needed(parts) - weights - outside - apart
    return np.where(several, np.maximum(weights - np.maximum(served, 0.0), 0.0), 0.0)
