"""What parts of memory add up to, and what is read of them off a run, in bytes on each GPU.

    allocated   tensors: all parts but the driver's context and communication buffers
    reserved    allocated, and what the allocator holds beside it, up to what the card has
    device      reserved, context and communication: what the driver reports

The parts are what must be there, and add up to what a job needs. What is read off a run is more than that,
and differs by how it was read. An allocator gives its cache back before it fails, so that a run fits by its
need alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What seems to need so many times the memory of a card may run on it: predictions are no better than that.
UNSURE = 1.05
#: Parts that no framework's count of its tensors has.
OUTSIDE = ("context", "communication")
#: Parts that come and go, so that the allocator holds more than them; the last is what of them is not there.
PASSING = ("activations", "logits", "gathered_layers", "widened_layer", "not_at_loss")


def needed(parts: Mapping[str, Any]) -> Any:
    """Bytes that must be there: all parts."""
    return sum((np.asarray(part) for part in parts.values()), start=np.zeros(1))


def fuller(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of the one that needs more of two: of two stages, or of two moments of a pass."""
    return chosen(needed(other) > needed(one), other, one)


def chosen(first: Any, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of one where `first` holds, else those of the other."""
    names = dict.fromkeys((*other, *one))
    return {name: np.where(first, one.get(name, 0.0), other.get(name, 0.0)) for name in names}


class Totals(NamedTuple):
    """Three readings of a job's memory, B per GPU; `device` and `reserved` are at most what the card has."""

    allocated: Any
    reserved: Any
    device: Any


#: The part of a card up to which convolutions take what they can work in.
_SPARE = 0.98


def totals(
    parts: Mapping[str, Any], slack: float, available: Any, working: Any = 0.0, *, idle: Any = 0.0,
    copied: Any = 0.0,
) -> Totals:  # fmt: skip
    """The totals of parts on a card that has `available` bytes; `slack` is reserved over used activations.

    `working` are bytes of activations and workspaces together at the widest convolution (`workspace`).
    Bytes of another moment lie `idle` at the fullest, in blocks too small for what is there, and `copied`
    ones of what was sent as the replicas began, where there is room for all of them.
    """
    outside = sum((np.asarray(parts[name]) for name in OUTSIDE if name in parts), start=np.zeros(1))
    tensors, room = needed(parts) - outside, np.maximum(available - outside, 0.0)
    passing = sum((np.asarray(parts[name]) for name in PASSING if name in parts), start=np.zeros(1))
    alive = sum((np.asarray(parts.get(name, 0.0)) for name in ("activations", "scores")), start=np.zeros(1))
    beside = np.maximum(working - alive, 0.0)
    # Where memory is short convolutions work in less.
    allocated = np.maximum(tensors, np.minimum(tensors + beside, _SPARE * room))
    lies = np.maximum(idle + (slack - 1.0) * passing, np.where(tensors + copied <= room, copied, 0.0))
    reserved = np.minimum(np.maximum(allocated, tensors + lies), room)
    # What is needed and not there is still what a count of tensors would show.
    return Totals(allocated, reserved, np.minimum(reserved + outside, available))
