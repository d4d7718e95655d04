"""Whether a job fits a card for sure, may run out of its memory or does not fit; what that hangs on.

Of what a job needs an interval is known (`readings.py`): it fits where the upper end fits, does not where not
even the lower end does, and between the two it may run out of memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.memory import wired
from whichgpu.cost.memory.memory_law import STATED
from whichgpu.cost.memory.readings import readings
from whichgpu.cost.memory.totals import needed
from whichgpu.units import GIB
from whichgpu.values import NamedTuple
from whichgpu.workloads.adapters import PHASES as ADAPTER_PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.cost.job.layout import Held
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.memory.readings import Readings
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job


#: What is said of training that fits, and whose allocator may hold all of the card.
CROWDED = (
    "it fits as far as PyTorch's allocator gives back the blocks of other sizes that it holds, which would "
    "fill the card: runs so full have run out of memory; set "
    "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True"
)
#: What is said of a job of which a card holds the middle of what it may need, and not the upper end.
TIGHT = (
    "it fits as far as is counted, and not at the upper end of its 90 % interval: runs so close to the "
    "card's memory, of which CUDA reports 1 % less, have run out of it"
)
#: What is said of a job of which a card holds the lower end of what it may need, and not the middle.
OVER = (
    "it does not fit as far as is counted, and does at the lower end of its 90 % interval: jobs so close to "
    "the card's memory have run"
)
#: What is said of a job that fits its card, and not the share of it that its framework takes unasked.
CAPPED = (
    "it fits the card, and not the share of it that its framework takes: TensorFlow leaves 5 % of what is "
    "free to the system, JAX takes 75 % of the card unasked (XLA_PYTHON_CLIENT_MEM_FRACTION)"
)
#: What is said of a server that starts as far as is counted, whose cache is not known as well as that.
BARELY = (
    "its cache has room for one sequence of max_model_len as far as is counted: in start-up logs caches were "
    "11 % off in the mean, and one in twenty so much smaller that this server would not start"
)
#: Why a job may run out of memory, or fit all the same, by the note that says so.
DOUBTS = {
    CROWDED: "what PyTorch's allocator holds beside fills the card",
    TIGHT: "what runs need is not known as closely as that",
    OVER: "what runs need is not known as closely as that",
    wired.WIRED: "the system lets a GPU hold no more than a part of that memory unasked",
    BARELY: "what is left for its cache is not known as closely as that",
    CAPPED: "its framework takes no more than a share of what is free",
}


class Room(NamedTuple):
    """What cards give a job, each value of one card or of each of several, (C,).

    `given` bytes are what the job may have, `card` what there is: a server's rest holds what it needs beyond,
    which can be given no more than a share of it (`most`).
    `wired` is the share that the system lets a GPU hold of memory that others use as well; `allocated` is of
    vendors on whose GPUs a framework's allocator takes a share of the card (`holds["at_most"]`).
    """

    given: Any
    card: Any
    wired: Any
    allocated: Any
    most: Any = 1.0

    @classmethod
    def of(cls, gpus: Sequence[Gpu], given: Any, card: Any = None, most: Any = 1.0) -> Room:
        """That of GPUs, (C,), of each of which a job has so many bytes."""
        vendors = np.array([gpu.vendor in _ALLOCATED for gpu in gpus])
        shares = np.array([wired.share(gpu) for gpu in gpus])
        return cls(given, given if card is None else card, shares, vendors, most)

    @property
    def reported(self) -> Any:
        """Bytes of the card that the driver reports."""
        return section("capacity")["reported"] * self.card


def surely(stack: Runtime, reading: Readings, required: Any, room: Room, elastic: Any = 0.0) -> Any:
    """Whether jobs fit at the upper end of what they may need, (C,).

    Of a server that is what it holds with one request, in what it can be given; more of a cache is no doubt.
    """
    given = np.minimum(room.wired * room.card, room.reported)
    most = upper_end(reading, required, elastic, shared=room.wired < 1.0)
    inside = (most <= given) & (np.minimum(most, upper_end(reading, required - elastic)) <= room.given)
    return (required <= room.given) & inside & ~_beyond_share(stack, reading, room)


def possibly(reading: Readings, required: Any, room: Room) -> Any:
    """Whether jobs fit at the lower end of what they may need, (C,).

    In memory shared with a processor the system and its programs lie as well: beyond it nothing fits.
    """
    given = np.minimum(np.minimum(room.given, room.reported), room.most * room.card)
    least = required * np.exp(-np.asarray(reading.halves["least"]))
    return (required <= room.given) | ((room.wired >= 1.0) & (least <= given))


def doubt(stack: Runtime, reading: Readings, required: Any, room: Room, elastic: Any = 0.0) -> str:
    """What is said of one job that may run out of a card's memory or not; nothing where either is sure.

    It fits for sure where the upper end of what it may need does, and does not where the lower end does not.
    Of what a server needs so many bytes are `elastic`: a cache of more requests, which wait where it is
    smaller.
    """
    if np.all(surely(stack, reading, required, room, elastic)):
        return ""
    if not np.all(required <= room.given):
        return OVER if np.all(possibly(reading, required, room)) else ""
    if np.all(_beyond_share(stack, reading, room)):
        return CAPPED
    if np.all(room.wired < 1.0):
        return wired.WIRED
    half, most = reading.halves["required"], reading.halves["held"]
    crowded = reading.device * np.exp(_QUARTER * reading.halves["device"]) > room.reported
    blocks = np.all(most > half) and not stack.holds.get("expandable")
    return CROWDED if blocks and np.all(crowded) else TIGHT


def upper_end(reading: Readings, required: Any, elastic: Any = 0.0, *, shared: Any = False) -> Any:
    """The upper end of the bytes that are needed, of which so many `elastic` ones may be fewer.

    On a card of its own with what an allocator may hold beside; not in memory `shared` with a processor.
    """
    half = np.where(shared, reading.halves["required"], reading.halves["held"])
    return np.maximum((required - elastic) * np.exp(half), required)


class Judged(NamedTuple):
    """Where jobs fit `surely`, where by the `middle` of what they need, and where they `may`, (C,)."""

    surely: Any
    middle: Any
    may: Any


def judged(held: Held, available: Any) -> Judged:
    """What holds of jobs on cards of their own of so many bytes, (C,)."""
    from whichgpu.cost.answers import Z90

    reading, required = readings(held, Z90, np.asarray(available)), needed(held.parts)
    room = Room(available, available, np.ones(1), np.zeros(1, dtype=bool))
    sure = surely(held.runtime, reading, required, room)
    return Judged(sure, required <= available, possibly(reading, required, room))


def first(ways: Sequence[Judged]) -> Any:
    """The first of several ways that fits for sure, else by the middle, else may; -1 for none, (C,)."""
    chosen: Any = -1
    for name in ("may", "middle", "surely"):
        every = np.stack(np.broadcast_arrays(*(getattr(way, name) for way in ways)))
        chosen = np.where(np.any(every, axis=0), np.argmax(every, axis=0), chosen)
    return chosen


#: The part of a 90 % interval's half-width beyond which one normal error in four lies: 0.674 of 1.645.
_QUARTER = 0.41


def elastic(stack: Runtime, parts: Mapping[str, Any], requests: Any) -> Any:
    """Bytes of an engine's cache that are of all but one of so many requests, which wait where it is less."""
    if not stack.holds.get("engine"):
        return 0.0
    kept = sum((np.asarray(parts.get(name, 0.0)) for name in ("kv_cache", "kv_reserve")), start=np.zeros(()))
    return kept * (1.0 - 1.0 / np.maximum(requests, 1.0))


def cache_holds(free: Any, kept: Any, less: Any = 0.0) -> tuple[Any, Any]:
    """Whether servers with bytes `free` for a cache start with sequences of `kept`: surely, possibly.

    Where little of a card is left for a cache, that errs as all else there does, which may be so many bytes
    `less`.
    """
    # Of a normal error 5 % are beyond 2.06 of its mean size.
    unsure = 2.06 * section("capacity")["cache_error"] * free
    return kept <= free - unsure, kept <= free + np.maximum(unsure, less)


def of_cache(free: float, kept: float, less: float = 0.0) -> str:
    """What is said of a server with so many bytes `free` for its cache; its longest sequence has `kept`."""
    sure, open_ = cache_holds(free, kept, less)
    if sure or not open_:
        return ""
    return BARELY if kept <= free else OVER


def hangs_on(job: Job, stack: Runtime, parts: Mapping[str, Any], note: str) -> tuple[str, ...]:
    """What a verdict that is open hangs on, by the parts of one job, and what to state or to set."""
    if note not in (TIGHT, OVER):
        return ()
    sizes = {name: float(np.ravel(np.asarray(part))[0]) for name, part in parts.items()}
    passing = {name: size for name, size in sizes.items() if name == "scores" or name not in STATED}
    name = max(passing, key=lambda one: passing[one], default="")
    ways = [] if stack.exact and job.runtime else ["name the program and its release (--runtime)"]
    if job.trains:
        if "checkpointing" not in job.options:
            ways.append("say what layers keep (--option checkpointing=full, selective or none)")
        if job.phase in ADAPTER_PHASES and "lora_rank" not in job.options:
            ways.append("say how large adapters are (--option lora_rank=16)")
        if stack.software == "pytorch" and not stack.holds.get("expandable"):
            ways.append("set PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True")
    what = f"what a pass makes ({name.replace('_', ' ')} {passing[name] / GIB:.1f} GiB)" if name else ""
    large = what and passing[name] > _DECIDES * sum(sizes.values())
    said = f"it hangs on {what if large else 'formats, buffers and what lies beside tensors'}"
    return (f"{said}; {', or '.join(ways)}" if ways else said,)


#: The part of what is needed from which on what a pass makes decides.
_DECIDES = 0.15
#: Vendors of whose GPUs those allocators take so much.
_ALLOCATED = ("NVIDIA", "AMD")


def _beyond_share(stack: Runtime, reading: Readings, room: Room) -> Any:
    """Whether tensors are more than the share of what is free on a card that a framework's allocator takes.

    TensorFlow leaves 5 % of it to the system (MinSystemMemory of its gpu_device.cc, 1.15), JAX a quarter of
    the card (docs.jax.dev/en/latest/gpu_memory_allocation.html).
    """
    share = float(stack.holds.get("at_most", 1.0))
    if share >= 1.0:
        return np.zeros(np.shape(room.allocated), dtype=bool)
    outside = reading.device - reading.reserved
    return room.allocated & (reading.allocated > share * (room.reported - outside))
