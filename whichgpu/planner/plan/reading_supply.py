"""What a plan file says may be had: options, owned GPUs, commitments, quotas, and what selects offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.plan import rates
from whichgpu.planner.plan.asked import Choice, Commitment, Option, Owned, Quota
from whichgpu.planner.plan.keys import Keys, unknown
from whichgpu.prices import store as prices
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.asked import Demand

OPTION = (
    "name", "usd_per_hour", "max_instances", "capacity", "term", "type", "gpu", "gpu_count", "provider",
    "region",
    "start_up", "watts",
)  # fmt: skip
_CHOICE = (
    "provider",
    "providers",
    "gpu",
    "gpus",
    "term",
    "terms",
    "region",
    "regions",
    "instance",
    "instances",
)
QUOTA = (*_CHOICE, "name", "max_gpus", "max_instances")
COMMITMENT = (*_CHOICE, "discount", "max_instances")
OWNED = ("gpu", "count", "per_instance", "usd_per_hour")
#: What an option may be, and the kinds of price that are so.
TERMS = {"on-demand": "on_demand", "spot": "spot", "committed": "committed_1y", "owned": "owned"}


def choice(keys: Keys, catalogue: Catalogue) -> Choice:
    """What the words of a table select."""

    def words(one: str) -> tuple[str, ...] | None:
        single = keys.names(one) if one in keys.raw else None
        more = keys.names(f"{one}s") if f"{one}s" in keys.raw else None
        return None if single is None and more is None else (*(single or ()), *(more or ()))

    gpus, terms = words("gpu"), words("term") if keys.where != "plan" else None
    kinds = None
    if terms is not None:
        kinds = tuple(kind for term in terms for kind in kinds_of(keys, term))
    text = (
        ", ".join(f"{key} {' or '.join(keys.names(key) or ())}" for key in _CHOICE if key in keys.raw)
        or "all"
    )
    found = None if gpus is None else tuple(dict.fromkeys(g for one in gpus for g in gpu_ids(one, catalogue)))
    return Choice(words("provider"), found, kinds, words("region"), words("instance"), text)


def kinds_of(keys: Keys, term: str) -> tuple[str, ...]:
    """The kinds of price of a term, `committed` and `owned` among them."""
    plain = term.lower().replace("_", "-")
    if plain in ("owned", "committed"):
        return ("owned",) if plain == "owned" else ("committed", "committed_1y", "committed_3y", "reserved")
    try:
        return prices.term_kinds(term)
    except UsageError as fault:
        raise keys.fault("term", str(fault)) from None


def gpu_ids(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Every GPU that a spelling may mean; `h100` is all of that name."""
    key = text.strip().lower()
    alike = tuple(one for one in catalogue if one == key or one.startswith(f"{key}-"))
    return alike or devices(text, catalogue)


def devices(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The ids that one device's spelling may mean, of a part of a GPU as well."""
    from whichgpu.planner.request import ids

    try:
        return tuple(ids(text, catalogue))
    except UsageError:
        return (_device(text, catalogue),)


def _device(text: str, catalogue: Catalogue) -> str:
    """The id of a GPU, or of a part of one."""
    from whichgpu.hardware.names import resolve
    from whichgpu.hardware.parts import is_part
    from whichgpu.hardware.slices import resolve_device

    try:
        return resolve(text, catalogue).id
    except UsageError:
        if ":" in text and is_part(found := resolve_device(text, catalogue)[0]):
            return found.id
        raise


def needs(keys: Keys) -> tuple[str, ...]:
    """What a GPU must have, in the words of `recommend --needs`."""
    from whichgpu.planner.needs import need

    return tuple(need(name).text for name in keys.names("needs") or ())


def in_hours(seconds: float | None) -> float | None:
    """A time in hours."""
    return None if seconds is None else seconds / HOUR


def option(
    raw: Any, index: int, demands: Sequence[Demand], catalogue: Catalogue, start: float | None
) -> Option:
    """An option; `start` is the plan's, in h, for one that states no time of its own."""
    keys = Keys(raw, f"option[{index}]", OPTION)
    name = keys.text("name") or f"option-{index + 1}"
    keys.where = f"option.{name}"
    usd = keys.number("usd_per_hour", "price")
    if usd is None:
        raise keys.fault("usd_per_hour", "is missing; write e.g. usd_per_hour = 2.5")
    term = keys.text("term", "on-demand").replace("_", "-")
    if term not in TERMS:
        raise keys.fault("term", unknown("term", term, TERMS))
    most = keys.whole("max_instances", least=0)
    gpus = gpu_ids(keys.text("gpu"), catalogue) if "gpu" in raw else ()
    own = in_hours(keys.seconds("start_up"))
    return Option(
        name, usd, np.inf if most is None else float(most), _capacity(keys, demands), TERMS[term],
        keys.text("type") or name, gpus[0] if gpus else None, keys.whole("gpu_count", 1) or 1,
        keys.text("provider"), keys.text("region"), (start if own is None else own) or 0.0,
        keys.number("watts", "power") or 0.0,
    )  # fmt: skip


def _capacity(keys: Keys, demands: Sequence[Demand]) -> dict[str, dict[str, float]]:
    """Units/s by demand and size."""
    from whichgpu.planner.wishes import SYNONYMS

    raw = keys.raw.get("capacity")
    if not isinstance(raw, dict):
        raise keys.fault(
            "capacity", 'is no table of rates by demand; write e.g. capacity = { chat = "3 req/s" }'
        )
    by_name = {one.name: one for one in demands}
    found: dict[str, dict[str, float]] = {}
    for name, value in raw.items():
        if name not in by_name:
            raise keys.fault("capacity", unknown("demand", name, by_name))
        demand = by_name[name]
        sizes = [one.name for one in demand.sizes]
        stated = value if isinstance(value, dict) else dict.fromkeys(sizes, value)
        found[name] = {}
        for size, text in stated.items():
            if size not in sizes:
                raise keys.fault(f"capacity.{name}", unknown("size", size, sizes))
            rate, unit = rates.one(text, f"{keys.where}.capacity.{name}", demand.unit)
            if unit != demand.unit and unit not in SYNONYMS.get(demand.unit, ()):
                raise keys.fault(
                    f"capacity.{name}", f"is of {unit}, and the demand of {demand.unit}; use one unit"
                )
            found[name][size] = rate
    return found


def owned(raw: Any, index: int, catalogue: Catalogue) -> Owned:
    """One [[owned]]."""
    keys = Keys(raw, f"owned[{index}]", OWNED)
    if "gpu" not in raw:
        raise keys.fault("gpu", 'is missing; write e.g. gpu = "a100-80gb-sxm"')
    count, each = keys.whole("count"), keys.whole("per_instance", 1)
    if count is None:
        raise keys.fault("count", "is missing; write e.g. count = 8")
    assert each is not None
    if count % each:
        raise keys.fault("per_instance", f"{count} GPUs are no whole number of machines of {each}")
    return Owned(_device(keys.text("gpu"), catalogue), count, each, keys.number("usd_per_hour", "price"))


def commitment(raw: Any, index: int, catalogue: Catalogue) -> Commitment:
    """One [[commitment]]."""
    keys = Keys(raw, f"commitment[{index}]", COMMITMENT)
    if "discount" not in raw:
        raise keys.fault("discount", 'is missing; write e.g. discount = "40 %"')
    most = keys.whole("max_instances", least=0)
    return Commitment(
        choice(keys, catalogue), keys.share("discount", 0.0), np.inf if most is None else float(most)
    )


def quota(raw: Any, index: int, catalogue: Catalogue) -> Quota:
    """One [[quota]]."""
    keys = Keys(raw, f"quota[{index}]", QUOTA)
    gpus, instances = keys.whole("max_gpus", least=0), keys.whole("max_instances", least=0)
    if (gpus is None) == (instances is None):
        raise keys.fault("max_gpus", "give either max_gpus or max_instances")
    chosen = choice(keys, catalogue)
    most = gpus if gpus is not None else instances
    assert most is not None
    return Quota(keys.text("name") or chosen.text, chosen, float(most), gpus is not None)
