"""What is read off a run of its memory: three totals, how far each may be off, and which one a peak is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory import wired
from whichgpu.cost.memory.memory_law import kind_of, spread
from whichgpu.cost.memory.parts import Totals, totals
from whichgpu.cost.parallel.distributed import sharding
from whichgpu.facts.model import Interval
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.job.layout import Layout
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job


#: What is said of training that fits, and whose allocator would hold all of the card.
CROWDED = (
    "it fits as far as PyTorch's allocator gives back the blocks of other sizes that it holds, which would "
    "fill the card, or in one of four such jobs: runs so full have run out of memory; set "
    "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True"
)


#: What is said of a job that fits as far as is counted, and one in four of which would not.
TIGHT = (
    "it fits as far as is counted: what runs need is not known as well as that, and one in four so close to "
    "the card's memory, of which CUDA reports 1 % less, would run out of it"
)
#: What is said of a job that fits its card, and not the share of it that its framework takes unasked.
CAPPED = (
    "it fits the card, and not the share of it that its framework takes: TensorFlow leaves 5 % of what is "
    "free to the system, JAX takes 75 % of the card unasked (XLA_PYTHON_CLIENT_MEM_FRACTION)"
)
#: What is said of a server that starts as far as is counted, whose cache is not known as well as that.
BARELY = (
    "its cache has room for one sequence of max_model_len as far as is counted: in start-up logs caches were "
    "11 % off in the mean, and one such server in four would not start"
)
#: Why a job that fits may run out of memory all the same, by the note that says so.
DOUBTS = {
    CROWDED: "what PyTorch's allocator holds beside fills the card",
    TIGHT: "what runs need is not known as closely as that",
    wired.WIRED: "the system lets a GPU hold no more than a part of that memory unasked",
    BARELY: "what is left for its cache is not known as closely as that",
    CAPPED: "its framework takes no more than a share of what is free",
}
#: The part of a 90 % interval's half-width beyond which one normal error in four lies: 0.674 of 1.645.
_QUARTER = 0.41


def doubt(job: Job, stack: Runtime, reading: Readings, required: Any, available: Any, *, gpu: Gpu) -> str:
    """What is said of one job that fits a card and may run out of its memory all the same; else nothing.

    A server's cache takes what is left, so that its need is told this way only beyond what CUDA reports of
    the `available` card.
    """
    if not np.all(required <= available):
        return ""
    if crowds(job, stack, reading, available):
        return CROWDED
    part = wired.share(gpu)
    room = min(section("capacity")["reported"], part) * available
    if gpu.vendor in _ALLOCATED and _beyond_share(stack, reading, room):
        return CAPPED
    left = np.log(room / np.maximum(required, 1.0))
    # An engine's cache takes what is left; a program without one needs what it needs.
    fills = job.phase == "serve" and not stack.holds.get("no_engine")
    sure = 0.0 if fills else _QUARTER * reading.halves["device"]
    close = wired.WIRED if part < 1.0 else TIGHT
    return close if np.all(left < sure) else ""


def crowds(job: Job, stack: Runtime, reading: Readings, available: Any) -> bool:
    """Whether PyTorch's allocator would hold all of a card in training, to a thousandth.

    What it holds is freed before it fails, but for blocks that a tensor still lies in a part of. Shards are
    gathered and joined in large ones: of these jobs one in four would be enough.
    """
    if not job.trains or stack.software != "pytorch":
        return False
    most = 0.999 * available
    if sharding(job, stack) and np.all(np.asarray(job.n_gpus) > 1):
        sure = np.exp(-_QUARTER * np.asarray(reading.halves["device"]))
        most = section("capacity")["reported"] * available * sure
    return bool(np.all(reading.device > most))


#: Vendors of whose GPUs those allocators take so much.
_ALLOCATED = ("NVIDIA", "AMD")


def _beyond_share(stack: Runtime, reading: Readings, room: Any) -> bool:
    """Whether tensors are more than the share of what is free on a card that a framework's allocator takes.

    TensorFlow leaves 5 % of it to the system (MinSystemMemory of its gpu_device.cc, 1.15), JAX a quarter of
    the card (docs.jax.dev/en/latest/gpu_memory_allocation.html).
    """
    share = float(stack.holds.get("at_most", 1.0))
    outside = reading.device - reading.reserved
    return share < 1.0 and bool(np.all(reading.allocated > share * (room - outside)))


class Readings(NamedTuple):
    """Three totals in B per GPU, and the log half-width of each one's 90 % interval.

    `counted` names the one that a published peak without further words is: tensors, or what the driver
    reports where the runtime keeps no count of them. `most` is what a card has.
    """

    allocated: Any
    reserved: Any
    device: Any
    counted: str
    halves: Mapping[str, Any]
    most: Any

    def interval(self, name: str) -> Interval:
        """One of the three with its 90 % interval; raises `AttributeError` for another name."""
        middle, factor = getattr(self, name), np.exp(self.halves[name])
        high = middle * factor
        if name != "allocated":
            high = np.maximum(np.minimum(high, self.most), middle)
        return Interval(middle / factor, middle, high, "B")

    def each(self, pick: Callable[[Any], Any]) -> Readings:
        """The same with every array as `pick` gives it."""
        three = (pick(self.allocated), pick(self.reserved), pick(self.device))
        halves = {name: pick(one) for name, one in self.halves.items()}
        return Readings(*three, self.counted, halves, pick(self.most))


def readings(laid: Layout, deviations: float) -> Readings:
    """What is read off a run of a layout; arrays broadcast to (G, J).

    An interval reaches so many standard `deviations` to either side.
    """
    available = laid.devices.column("memory")
    found = totals(laid.parts, laid.slack, available, laid.working, idle=laid.idle)
    taken = laid.runtime.holds.get("takes", 0.0) if laid.serving is not None else 0.0
    # A server takes its share of the card when it starts, whatever it then needs.
    found = found._replace(device=np.maximum(found.device, taken * available))
    outside: Any = found.device - found.allocated
    kind = kind_of(laid.workload.unit, trains=laid.job.trains)
    if taken:
        outside = 0.0
    halves = {
        name: deviations * spread(laid.runtime, laid.workload.id, kind, base=outside * (name == "device"),
                     total=np.maximum(getattr(found, name), 1.0))
        for name in Totals._fields
    }  # fmt: skip
    return Readings(found.allocated, found.reserved, found.device, counted(laid), halves, available)


def counted(laid: Layout) -> str:
    """Which total a published peak is: a stack that is not known may keep no count of tensors."""
    known = laid.runtime.exact or laid.job.trains
    return "allocated" if known and laid.runtime.holds.get("counter") != "device" else "device"
