"""What replicas exchange in a training step, beside their passes and at its end, and what of it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.gpu.device_rates import CLEARLY
from whichgpu.cost.parallel.links import all_gather, all_reduce, node_size, send
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.parallel.distributed import Step

    Array = NDArray[np.float64]


def data_parallel_seconds(
    each_pass: Array, step: Step | None, replicas: Any, devices: Devices, links: Any = 1.0
) -> Array:
    """Seconds of a training step, given those of one pass on each of its `replicas`, (G, J).

    What is exchanged with every pass runs beside it: (t_pass^q + t_each^q)^(1/q). Gradients at the end hide
    behind the two thirds of the last passes that are backward, weights behind the third that is forward
    (`shown_at_end`). Stragglers cost a little for every doubling of the replicas. `links` is a factor on the
    rate of the links. A `step` of None exchanges nothing.
    """
    return each_pass if step is None else Exchange.of(step, replicas, devices).seconds(each_pass, links)


class Exchange(NamedTuple):
    """What replicas exchange in a training step, whatever a pass takes: seconds and factors, (G, J) each."""

    beside: Array
    last: Array
    copied: Array
    updated: Array
    filling: Array
    slots: Array
    waits: Array
    late: Array
    gathered: Array
    passes: Array
    together: Array

    @classmethod
    def of(cls, step: Step, replicas: Any, devices: Devices) -> Exchange:
        """The exchange of a step on so many replicas."""
        c = section("links")
        # A machine, not an NVLink domain: what one host shares makes its GPUs wait for each other.
        node = np.minimum(node_size(devices), c["node"])
        ranks = np.asarray(replicas, dtype=np.float64) * step.cp
        # Stages in one machine wait for each other as replicas do, where tensor parallelism leaves room.
        beside_each = np.minimum(ranks * step.stages, node / step.apart)
        inside, beyond = np.clip(beside_each, np.minimum(ranks, node), node), np.maximum(ranks / node, 1.0)
        wait = step.wait + step.norms_wait * _on_tensor_cores(devices)
        waits = 1.0 + wait * np.log2(inside) + c["step_nodes"] * np.log2(beyond)
        return cls(
            *exchanges(step, replicas, devices), *to_host(step, devices), pipeline_seconds(step, devices),
            np.asarray(step.slots, dtype=np.float64), np.asarray(waits), np.asarray(step.late),
            np.asarray(step.gathered), np.asarray(step.beside, dtype=np.float64),
            np.asarray(step.together, dtype=np.float64),
        )  # fmt: skip

    def seconds(self, each_pass: Array, links: Any = 1.0) -> Array:
        """Seconds of a step, given those of one pass on each replica and a factor on the rate of links."""
        micro = beside_pass(beside_pass(each_pass, self.beside / links), self.copied)
        together = (
            self.slots * micro
            + shown_at_end(micro * self.passes, self.last / links, self.late, self.gathered, self.together)
            + self.filling
            + self.updated
        )
        return np.asarray(together * self.waits)


def _on_tensor_cores(devices: Devices) -> NDArray[np.bool_]:
    """Whether cuDNN has 16-bit convolutions on tensor cores, (G, 1)."""
    return np.asarray(devices.cudnn & ~devices.paired & (devices.peak("fp16") > CLEARLY * devices.vector))


def beside_pass(each_pass: Array, beside: Array) -> Array:
    """Seconds of a pass with an exchange beside it: (t_pass^q + t_each^q)^(1/q)."""
    q = section("training")["overlap"]
    return np.asarray(np.where(beside > 0, (each_pass**q + beside**q) ** (1.0 / q), each_pass))


def shown_at_end(
    beside: Array, last: Array, late: Any = 0.0, gathered: Any = 0.0, together: Any = 2.0
) -> Array:
    """Seconds of an exchange at the end of a step that the passes `beside` it, in s, do not hide.

    Two thirds of these are backward, which hide gradients but for the share `late`, ready when they are
    over: the two add up by the exponent `together`. The rest, forward, hides the share `gathered`: weights
    (`overlap_param_gather` of Megatron-LM).
    """
    backward, forward, sums = 2.0 / 3.0 * beside, beside / 3.0, (1.0 - gathered) * last
    early, weights = (1.0 - late) * sums, gathered * last
    # A root of a power is the number but for its last digit, which is no exchange.
    longer = (backward**together + early**together) ** (1.0 / together) - backward
    shown = late * sums + np.where(early > 0.0, longer, 0.0)
    return np.asarray(shown + np.sqrt(forward**2 + weights**2) - forward)


def exchanges(step: Step, replicas: Any, devices: Devices, links: Any = 1.0) -> tuple[Array, Array]:
    """Seconds of what the replicas exchange beside every pass, and at the end of a step, (G, J) each.

    GPUs that hold the same experts lie further from each other than replicas, so that each group of them has
    the port of one GPU between machines where a ring of all has those of all. Of frameworks' own sharding of
    other networks no run is on file: it has the rates that their all-reduces are known to have, and hides as
    little. Trainers of language models fill their links at the end of a step too, but for those of experts,
    and so do compilers of whole programs (`alongside`).
    """
    c, experts = section("links"), step.experts
    tuned = step.tuned | (step.language & alongside(devices))
    ranks, size = np.asarray(replicas, dtype=np.float64) * step.cp, step.exchanged
    dense = size if experts is None else (1.0 - experts.share) * size
    gathered = _gathered if step.tuned else all_gather
    shards = gathered(dense, ranks, devices, step.apart)
    whole = all_reduce(dense, ranks, devices, step.apart)
    each = (np.asarray(step.level) == 3) & (np.asarray(step.stages) == 1)
    # What goes with every micro-batch and hides behind none.
    often = np.where(each, np.where(tuned, 0.0, step.micro_batches), 1.0)
    last = np.where(step.level == 0, whole, often * shards) / np.where(tuned, 1.0, c["data_parallel"])
    if experts is not None:
        own = experts.share * size
        apart = gathered(own, experts.ranks, devices, experts.apart)
        whole = all_reduce(own, experts.ranks, devices, experts.apart)
        shards = shards + apart
        last = last + np.where(step.level == 0, whole, often * apart) / c["data_parallel"]
    return np.asarray(np.where(each & tuned, shards, 0.0) / links), np.asarray(last / links)


def alongside(devices: Devices) -> NDArray[np.bool_]:
    """Whether a compiler of whole programs sends beside the work, unasked, (G, 1)."""
    vendors = section("training")["alongside"]
    return np.asarray(devices.each(lambda gpu: gpu.vendor in vendors), dtype=bool)


#: Cards that no desktop has slots for.
_SERVED = 4.0


def _gathered(size: Any, ranks: Any, devices: Devices, apart: Any) -> Array:
    """Seconds in which replicas gather what ZeRO or FSDP shares out among them.

    Of several cards without peer-to-peer copies: on hosts that were fitted all share one path to its memory,
    nccl-tests show one with a path for each. Of a host that is not known it is half-way, by factors.
    """
    took = all_gather(size, ranks, devices, apart)
    if not np.any(devices.staged):
        return took
    own = np.minimum(all_gather(size, ranks, devices, apart, direct=True), took)
    return np.where(devices.staged & (ranks * apart >= _SERVED), np.sqrt(took * own), took)


def to_host(step: Step, devices: Devices) -> tuple[Array, Array]:
    """Seconds of copies to the host and back beside every pass, and at the end of a step, (G, J) each."""
    if step.moved is None:
        return np.zeros((1, 1)), np.zeros((1, 1))
    return step.moved.beside(devices), step.moved.at_end(devices)


def pipeline_seconds(step: Step, devices: Devices) -> Array:
    """Seconds of a pipeline's messages that no work hides: there and back at each boundary, once.

    Those of every micro-batch as well where a stage has its layers in one group: it is done with them when
    it sends, and has nothing else to do before the next arrive (`overlap_p2p_comm` of Megatron-LM,
    arguments.py, is off without interleaving).
    """
    waiting = np.where(np.asarray(step.chunks) > 1, 0.0, step.micro_batches * (step.stages > 1))
    return np.asarray(2.0 * (step.stages - 1.0 + waiting) * send(step.handed, step.width, devices))


def passed_on(step: Step, devices: Devices) -> Array:
    """Seconds of a stage's messages that run beside its work: of all micro-batches and groups of layers."""
    beside = (step.stages > 1) & (np.asarray(step.chunks) > 1)
    chunks = step.micro_batches * step.chunks * beside
    return np.asarray(2.0 * chunks * send(step.handed, step.width, devices))
