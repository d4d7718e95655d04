"""What is read off a run of its memory: three totals, how far each may be off, and which one a peak is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory import attention_scores, filled
from whichgpu.cost.memory.memory_law import Unsure, kind_of, made, spread
from whichgpu.cost.memory.totals import OUTSIDE, Totals, needed, totals
from whichgpu.facts.model import Interval
from whichgpu.values import NamedTuple
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.cost.job.layout import Held, Layout
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.workloads.job import Job


class Readings(NamedTuple):
    """Three totals in B per GPU, and the log half-width of each one's 90 % interval.

    `counted` names the one that a published peak without further words is: tensors, or what the driver
    reports where the runtime keeps no count of them. `most` is what a card has. Of `halves` "required" is of
    what the job needs, the sum of its parts, "least" of that downwards, and "held" of that upwards with
    blocks that an allocator holds.
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

    def need(self, required: Any) -> Interval:
        """What a job needs whose parts are so many bytes in sum, with the interval that `doubt` judges by."""
        least, most = np.exp(-self.halves["least"]), np.exp(self.halves["held"])
        return Interval(required * least, required, required * most, "B")

    def each(self, pick: Callable[[Any], Any]) -> Readings:
        """The same with every array as `pick` gives it."""
        three = (pick(self.allocated), pick(self.reserved), pick(self.device))
        halves = {name: pick(one) for name, one in self.halves.items()}
        return Readings(*three, self.counted, halves, pick(self.most))


def readings(laid: Layout | Held, deviations: float, available: Any = None) -> Readings:
    """What is read off a run of a layout; arrays broadcast to (G, J).

    An interval reaches so many standard `deviations` to either side. Cards have `available` bytes each, or
    what the devices of a layout have.
    """
    if available is None:
        available = laid.devices.column("memory")  # type: ignore[union-attr]
    totalled = partial(totals, laid.parts, laid.slack, available, laid.working, idle=laid.idle)
    # Blocks of what replicas sent each other lie whole, and go where a card runs short.
    found, anyway = totalled(copied=laid.copied), totalled().device
    taken = laid.runtime.holds.get("takes", 0.0) if laid.serves else 0.0
    # A server takes its share of the card when it starts, whatever it then needs.
    found = found._replace(device=np.maximum(found.device, taken * available))
    passing = made(laid.parts)

    def half(name: str) -> Any:
        total = np.maximum(getattr(found, name), 1.0)
        outside: Any = (found.device - found.allocated) * (name == "device" and not taken)
        idle = np.maximum(total - outside - found.allocated, 0.0) * (name != "allocated" and not taken)
        of = Unsure(total, passing, outside, idle, waits=_waits(laid.job))
        return deviations * spread(laid.runtime, laid.workload.id, kind, of)

    kind = kind_of(laid.workload.unit, trains=laid.job.trains)
    halves = {name: half(name) for name in Totals._fields}
    sure = deviations * spread(laid.runtime, laid.workload.id, kind, _needed(laid))
    share = passing / np.maximum(needed(laid.parts), 1.0)
    most = filled.bound(laid.runtime, laid.workload.id, kind, laid.job, share=share, deviations=deviations)
    held = np.hypot(sure, _blocks(laid, anyway, deviations))
    halves |= {"required": sure, "held": np.minimum(held, most)}
    halves["least"] = np.minimum(sure, _states_alone(laid, kind, deviations))
    return Readings(found.allocated, found.reserved, found.device, counted(laid), halves, available)


def _needed(laid: Layout | Held) -> Unsure:
    """What a job needs, the sum of its parts, by how sure each is."""
    parts, logged = laid.parts, laid.runtime.read(lambda one: "told" in one.holds)
    engine = np.asarray(parts.get("engine", 0.0))
    beside = sum((np.asarray(parts.get(name, 0.0)) for name in OUTSIDE), start=engine)
    doubt = laid.runtime.read(lambda one: float(one.holds.get("doubt", 0.0)))
    return Unsure(np.maximum(needed(parts), 1.0), made(parts), beside, published=False,
                  engine=(engine > 0.0) & logged, waits=_waits(laid.job), doubt=doubt)  # fmt: skip


#: Parts that are there as an optimizer steps.
_STEPPED = ("weights", "gradients", "optimizer", "optimizer_step", "reference", "context", "communication")


def _states_alone(laid: Layout | Held, kind: str, deviations: float) -> Any:
    """Log of what a training needs over what its optimizer's step has of it at the least.

    Then what a pass makes is gone, however much that is: a larger batch needs no less.
    """
    if not laid.job.trains:
        return np.inf
    whole = np.maximum(needed(laid.parts), 1.0)
    states = needed({name: laid.parts[name] for name in _STEPPED if name in laid.parts})
    states = np.minimum(np.maximum(states, 1.0), whole)
    of = _needed(laid)._replace(total=states, made=0.0)
    return np.log(whole / states) + deviations * spread(laid.runtime, laid.workload.id, kind, of)


def _waits(job: Job) -> bool:
    """Whether a training has states wait on the host; what layers keep comes back as it went."""
    from whichgpu.cost.memory.training_memory import offload

    return job.trains and bool(offload(job) - {"activations"})


def _blocks(laid: Layout | Held, held: Any, deviations: float) -> Any:
    """Log of what a job would hold of a card over what it needs, with every block of another moment.

    PyTorch frees those of a training before it fails, but for those that a tensor still lies in a part of:
    one training in twenty is taken to get none back.
    """
    if laid.runtime.software != "pytorch":
        return 0.0
    whole = np.maximum(needed(laid.parts), 1.0)
    if not laid.job.trains:
        return np.log1p(_cut_block(laid) / whole)
    lie = np.maximum(np.asarray(held) - whole, 0.0)
    lie = np.maximum(lie, np.minimum(lie + _other_lengths(laid), section("memory_law")["lengths"] * whole))
    larger = whole + _adapters(laid) * np.expm1(deviations * section("memory_law")["rank"])
    gathers = deviations * section("memory_law")["gathers"] * _gathers(laid)
    return np.hypot(np.hypot(np.log1p(lie / whole), np.log(larger / whole)), gathers)


def _cut_block(laid: Layout | Held) -> Any:
    """Bytes of a block of scores that no copy of them finds again.

    What is small and stays (a cache, what a network hands over to its other half) is cut from the block that
    the last layer's scores left, where segments do not grow.
    """
    if laid.runtime.holds.get("expandable"):
        return 0.0
    return np.asarray(laid.parts.get("scores", 0.0)) / attention_scores.copies(laid.runtime)


def _other_lengths(laid: Layout | Held) -> Any:
    """Bytes of blocks that steps on shorter sequences left, of which a longer one's tensors fit none.

    A fine-tuning pads each batch of a text to its longest sequence, unless it packs them. At the most a step
    finds none of what a pass makes; with what else lies idle that is a share of what it needs (`lengths`).
    """
    text = laid.job.phase.startswith("finetune") and laid.workload.unit == "tokens"
    if not text:
        return 0.0

    def pads(one: Runtime) -> float:
        return float(bool(one.holds.get("pads_batches") and not one.holds.get("expandable")))

    passing = made({name: np.maximum(part, 0.0) for name, part in laid.parts.items()})
    return laid.runtime.read(pads) * passing


def _adapters(laid: Layout | Held) -> Any:
    """Bytes of adapters, their gradients and states where a job does not say how large they are."""
    if laid.job.phase not in ADAPTER_PHASES or "lora_rank" in laid.job.options:
        return 0.0
    gradients = np.asarray(laid.parts.get("gradients", 0.0))
    # In FP32 an adapter's weights are as many bytes as its gradients.
    return 2.0 * gradients + np.asarray(laid.parts.get("optimizer", 0.0))


def _gathers(laid: Layout | Held) -> Any:
    """Whether a whole training is DeepSpeed's with its weights shared out (`gathers` of the prior)."""
    from whichgpu.cost.parallel.distributed import sharding

    whole = laid.job.phase not in ADAPTER_PHASES and sharding(laid.job, laid.runtime) == _GATHERED
    return whole * laid.runtime.read(lambda one: float(bool(one.holds.get("group_values"))))


#: The level of ZeRO that shares weights out.
_GATHERED = 3


def counted(laid: Layout | Held) -> str:
    """Which total a published peak is: a stack that is not known may keep no count of tensors."""
    known = laid.runtime.exact or laid.job.trains
    return "allocated" if known and laid.runtime.holds.get("counter") != "device" else "device"
