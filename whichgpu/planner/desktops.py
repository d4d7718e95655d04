"""Virtual desktops for so many users, from the vGPU profiles of GPUs or their memory.

    desktops of a GPU = vGPUs of the smallest profile for workstations that holds the memory of a desktop
    instances         = ceil(users / (desktops of a GPU x GPUs of an instance))

A share of a GPU that a provider lets by itself (a sixth of an A10) is a vGPU already, and one desktop.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.hardware.vgpu import for_workstations
from whichgpu.planner.wishes import read_memory
from whichgpu.planner.words import by_month, money, plural
from whichgpu.units import GIB, number, parse
from whichgpu.values import immutable

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.fleets.asked import Asked
    from whichgpu.planner.use import Use
    from whichgpu.planner.uses import Card
    from whichgpu.prices.offers import Offer

#: No site has more.
_MOST_USERS = 1e7


@immutable
class Desktops:
    """What is wanted: so many users, each with a desktop of `memory` in B; `assumed` where nobody said so."""

    users: int
    memory: float
    assumed: bool

    @property
    def size(self) -> str:
        """The memory of a desktop in words."""
        return f"{number(self.memory / 1e9)} GB"

    def to_dict(self) -> dict[str, Any]:
        """Users, and the memory of each desktop in B."""
        return {"users": self.users, "memory": self.memory, "assumed": self.assumed}


@immutable
class Seats:
    """What holds them: the profile (empty where memory alone decides), desktops of an instance, instances."""

    profile: str
    per_instance: int
    instances: int

    def to_dict(self) -> dict[str, Any]:
        """The profile, how many an instance holds, and how many instances."""
        return {
            "profile": self.profile or None,
            "per_instance": self.per_instance,
            "instances": self.instances,
        }

    def sentence(self, asked: Desktops, card: Card) -> str:
        """The answer in one sentence."""
        gpus = card.offer.gpu_count * self.instances
        bought = card.usd_to_buy
        rent = f"{card.usd_of_all:,.2f} USD/h"
        cost = by_month(card.usd_of_all) if bought is None else f"{money(bought)} to buy"
        paid = f": {rent} ({cost}), {by_month(card.usd_of_all / asked.users)} a user"
        price = "" if math.isnan(card.usd_of_all) else paid  # the name of such an offer says that it has none
        held = f"hold{'s' * (self.instances == 1)} {plural(asked.users, 'desktop')} of {asked.size}"
        profile = f"profile {self.profile}" if self.profile else "by its memory, no profile on file"
        return (
            f"{card.gpu.id}: {self.instances} x {card.offer.provider} {card.offer.instance} "
            f"({number(gpus)} GPU{'s' * (gpus > 1)}) {held}, "
            f"{self.per_instance} each ({profile}){price} (from specifications: no speed is predicted)"
        )


def read(use: Use, load: Asked, min_memory: str | None) -> Desktops | None:
    """The desktops that are asked for; None where no users are told of.

    Raises `UsageError` for a use that is not shared, a number of users that is none, and a load of requests.
    """
    for option, stated, others in (
        ("--slo", load.slo, ""), ("--rate", load.rate, ""),
        ("--users", None if use.desktop else load.users, " and of virtual desktops"),
    ):  # fmt: skip
        if stated is not None:
            raise UsageError(f"{option} is of language models{others}, not of {use.title}; leave it out")
    users = load.people
    if users is None or not use.desktop:
        return None
    if users > _MOST_USERS:
        raise UsageError(f"--users {users:g}: no site has so many; write e.g. --users 20")
    stated = None if min_memory is None else read_memory(min_memory)
    memory = parse(use.desktop, "memory") if stated is None else stated
    return Desktops(int(users), memory, assumed=stated is None)


def seats(asked: Desktops, gpu: Gpu, offer: Offer) -> Seats | None:
    """How many instances of an offer hold the desktops; None where a desktop does not fit."""
    profile, per_gpu = of_gpu(asked, gpu, offer.gpu_count)
    held = per_gpu * max(int(offer.gpu_count), 1)
    return Seats(profile, held, math.ceil(asked.users / held)) if held else None


def for_all(asked: Desktops, gpu: Gpu, offer: Offer) -> Offer:
    """All instances of an offer that hold the desktops as one; a GPU for each user where none holds one."""
    found = seats(asked, gpu, offer)
    many = math.ceil(asked.users / max(offer.gpu_count, 1)) if found is None else found.instances
    return replace(offer, usd_per_hour=offer.usd_per_hour * many, gpu_count=offer.gpu_count * many)


def of_gpu(asked: Desktops, gpu: Gpu, share: float = 1.0) -> tuple[str, int]:
    """The profile and how many desktops one GPU holds: by its profiles, by its memory where none was read.

    Of a `share` below one it is the profile of which the GPU has as many as it has such shares.
    """
    known = for_workstations(gpu.id)
    if known is None:
        held = int(gpu.need("memory") * min(share, 1.0) // asked.memory)
        return "", min(held, 1) if share < 1 else held
    able = [size for size, most in known.items()
            if size * GIB >= asked.memory and (share >= 1 or most == round(1 / share))]  # fmt: skip
    if not able:
        return "", 0
    return f"{min(able)}Q", 1 if share < 1 else known[min(able)]
