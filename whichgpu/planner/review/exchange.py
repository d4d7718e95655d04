"""What is like a GPU, and which parts are level or ahead in all that decides and cost no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.parts import is_part
from whichgpu.planner.comparison import generation_of
from whichgpu.planner.comparison.market import launch_rows, price_rows
from whichgpu.planner.comparison.model import View
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit, spec_rows
from whichgpu.planner.comparison.words import EQUAL, listed, sentence_names, short_name
from whichgpu.planner.likeness import alike, exchanges, likeness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.market import Market
    from whichgpu.planner.comparison.model import Sentence
    from whichgpu.planner.likeness import Like

#: How many alternatives and how many parts in exchange are told of; how unlike an alternative may be.
_NEAR, _EXCHANGED, _FAR = 6, 5, 1.0
#: A part this many times as much or as little in something is near; this many with a price are enough.
_CLOSE, _ENOUGH = 3.0, 3
#: So many of the nearest, this many times as much or as little at most, are told of with a price or without.
_NEAREST, _TWIN = 2, 1.5
#: What orders the frame rates of one generation, and how unlike a gaming card may be that tells of them.
_PLAYED, _PLAYER = ("fp32", "bandwidth"), 1.25
#: The rows that an alternative is judged by.
_KEPT = ("release_date", "memory", "bandwidth", "fp16", "bf16", "fp32", "fp64", "power", "power_per_gpu",
         "slots", "usd_per_hour", "offer", "at_launch", "purchase")  # fmt: skip


def player(gpu: Gpu, known: Catalogue) -> dict[str, Gpu]:
    """The gaming card of its generation that a workstation card is most like, `player <id>`.

    None where no such card is near in both the FP32 rate and the bandwidth, which order frame rates.
    """
    if gpu.segment != "workstation" or is_part(gpu):
        return {}
    kin = (one for one in known.sold_by(gpu.vendor, ("geforce",)) if generation_of(one) == generation_of(gpu))
    found = (likeness(gpu, card, _PLAYED) for card in kin)
    close = [one for one in found if one and one.distance <= _PLAYER]
    if not close:
        return {}
    return {f"player {gpu.id}": min(close, key=lambda one: (one.distance, one.gpu.id)).gpu}


def near(gpu: Gpu, pool: Sequence[Gpu], found: Mapping[str, Market]) -> list[Gpu]:
    """The very nearest GPUs, and then those of which a price is stored, where enough are near."""
    those = alike(gpu, pool, _FAR)
    close = [one for one in those if one.distance <= _CLOSE]
    sold = [
        one.gpu
        for place, one in enumerate(close)
        if found[one.gpu.id].best or found[one.gpu.id].purchase or _at_hand(one, place)
    ]
    return (sold if len(sold) >= _ENOUGH else [one.gpu for one in those])[:_NEAR]


def _at_hand(one: Like, place: int) -> bool:
    """Whether a part is so near that nobody would leave it out for want of a price."""
    return place < _NEAREST and one.distance <= _TWIN


def instead(gpu: Gpu, pool: Sequence[Gpu], found: Mapping[str, Market]) -> list[Gpu]:
    """The parts that are level or ahead in all that decides, and cost no more an hour; the cheapest first."""
    own = _asked(found[gpu.id], bought=False) or _asked(found[gpu.id], bought=True)
    if own is None:
        return []
    bought = _asked(found[gpu.id], bought=False) is None
    cheap = {
        other.id: usd
        for other in exchanges(gpu, pool)
        if (usd := _asked(found[other.id], bought=bought)) and usd <= own * EQUAL
    }
    ranked = sorted((other for other in pool if other.id in cheap), key=lambda other: cheap[other.id])
    return ranked[:_EXCHANGED]


def _asked(market: Market, *, bought: bool) -> float | None:
    """The on-demand price an hour, or what it cost at launch, which is known of most; None where not read."""
    if bought:
        return next((row.usd for row in market.purchase if row.kind == "launch"), None)
    offer = market.best.get("on-demand")
    return offer.usd_per_gpu_hour if offer else None


def beside(gpu: Gpu, others: Sequence[Gpu], found: Mapping[str, Market], today: date) -> View:
    """The GPU and others side by side, in the rows that decide."""
    gpus = (gpu, *others)
    half = sixteen_bit(gpus)
    ours = {one.id: found[one.id] for one in gpus}
    told = {
        row.field: row for row in (*spec_rows(gpus), *price_rows(gpus, half, ours), *launch_rows(gpus, ours))
    }
    if "power_per_gpu" in told:
        # The limit of a board with several GPUs says nothing beside figures of one.
        del told["power"]
    kept = [name for name in _KEPT if name in told and name in {half, *_KEPT} - ({"fp16", "bf16"} - {half})]
    names = {one.id: short_name(one) for one in gpus}
    return View(gpus, names, sentence_names(gpus), {name: told[name] for name in kept}, {}, today, ours, ())


def exchange(view: View, cheaper: Sequence[str]) -> Iterator[Sentence]:
    """What it can be exchanged for, or that nothing on file is better for less."""
    key = view.ids[0]
    field, what = (
        ("usd_per_hour", "an hour") if view.number(key, "usd_per_hour") else ("at_launch", "at launch")
    )
    pen = Pen(view)
    level = "level or ahead in memory, bandwidth, 16-bit and FP32 rate"
    if not view.number(key, field):
        pen.rests_on(field, key)
        yield pen.say("exchange", "no price of it is stored, so that nothing can be said to be cheaper")
        return
    own = f"{pen.quantity(key, field)} {what}".replace("USD/h an hour", "USD an hour")
    if not cheaper:
        yield pen.say("exchange", f"no part with a stored price is {level} and no dearer than its {own}")
        return
    told = listed(
        f"the {pen.name(other)} ({pen.quantity(other, 'memory')}, {pen.quantity(other, 'bandwidth')}, "
        f"{pen.quantity(other, field)})"
        for other in cheaper
    )
    yield pen.say("exchange", f"{level}, and no dearer than its {own}: {told}")
