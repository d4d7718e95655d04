"""A plan file (TOML), read into what it asks for; docs/plan.md lists its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError, one_line
from whichgpu.facts.store import read_toml
from whichgpu.planner.plan import rates
from whichgpu.planner.plan.asked import Asked, Choice, Commitment, Option, Owned, Quota
from whichgpu.planner.plan.keys import Keys, unknown
from whichgpu.planner.plan.reading_demand import DEMAND, read_demand
from whichgpu.prices import store as prices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.asked import Demand
    from whichgpu.planner.plan.rates import Rate

TOP = ("plan", "demand", "option", "owned", "commitment", "quota")
PLAN = (
    "name", "terms", "providers", "regions", "gpus", "needs", "max_types", "spot_share", "redundancy",
    "headroom",
    "budget", "start_up", "cautious", "undated_prices", "offers", "gap", "time_limit",
)  # fmt: skip
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
#: The most demands, options and so on of one file.
_MOST = 5000


def read(path: Path, catalogue: Catalogue, today: date) -> Asked:
    """The plan of a file; raises `UsageError` with the place of what cannot be read or contradicts itself."""
    return parsed(read_toml(path), path.parent, path.stem, catalogue, today)


def parsed(raw: Mapping[str, Any], folder: Path, name: str, catalogue: Catalogue, today: date) -> Asked:
    """The plan of parsed TOML; files that it names are in `folder`."""
    top = Keys(dict(raw), "plan file", TOP)
    plan = Keys(raw.get("plan", {}), "plan", PLAN)
    tables = {key: _tables(top, key) for key in TOP[1:]}
    if not tables["demand"]:
        raise UsageError(
            'plan file: no [[demand]] in it; write e.g. [[demand]] name = "chat", workload = "llama-3.1-8b", '
            'rate = "5 req/s", slo = "ttft p90 1 s, tpot 50 ms"'
        )
    demands = _demands(tables["demand"], plan, folder, catalogue, own=bool(tables["option"]))
    hours = _hours(demands)
    offers, start = _offers(plan, folder, catalogue, today), _in_hours(plan.seconds("start_up"))
    asked = Asked(
        plan.text("name") or name, hours, tuple(_spread(one, hours.size) for one in demands),
        options=tuple(_option(one, i, demands, catalogue, start) for i, one in enumerate(tables["option"])),
        owned=tuple(_owned(one, i, catalogue) for i, one in enumerate(tables["owned"])),
        commitments=tuple(_commitment(one, i, catalogue) for i, one in enumerate(tables["commitment"])),
        quotas=tuple(_quota(one, i, catalogue) for i, one in enumerate(tables["quota"])),
        offers=offers, kinds=_kinds(plan, demands), choice=choice(plan, catalogue), needs=needs(plan),
        types=plan.whole("max_types"), budget=plan.number("budget", "price"),
        start=start,
        cautious=plan.truth("cautious"), undated=plan.truth("undated_prices"),
        gap=plan.share("gap", 1e-6), seconds=plan.seconds("time_limit") or 60.0,
    )  # fmt: skip
    _unique("option", [one.name for one in asked.options])
    return asked


def _tables(top: Keys, key: str) -> list[Any]:
    found = top.raw.get(key, [])
    if isinstance(found, dict):
        raise UsageError(f"plan file: write [[{key}]], with two brackets: there may be several")
    if not isinstance(found, list) or len(found) > _MOST:
        raise UsageError(f"plan file: '{key}' is no list of tables of at most {_MOST:,}; write [[{key}]]")
    return found


def _unique(what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UsageError(f"{what}: two are called '{one_line(name)}'; give each a name of its own")
        seen.add(name)


def _demands(
    tables: Sequence[Any], plan: Keys, folder: Path, catalogue: Catalogue, *, own: bool
) -> tuple[Demand, ...]:
    keys = [Keys(raw, f"demand[{i}]", DEMAND) for i, raw in enumerate(tables)]
    names = [one.text("name") or f"demand-{i + 1}" for i, one in enumerate(keys)]
    _unique("demand", names)
    known: dict[str, Rate] = {}
    for one, name in zip(keys, names, strict=True):
        one.where = f"demand.{name}"
        if "rate" in one.raw and "total" in one.raw:
            raise one.fault("total", "a rate is stated too; keep one of them")
        if "rate" not in one.raw and "total" not in one.raw:
            raise one.fault("rate", 'is missing; write e.g. rate = "5 req/s", or total = "1e6 images" a day')
        if "rate" in one.raw:
            known[name] = rates.read(one.raw["rate"], f"demand.{name}.rate", folder)
    known = rates.resolved(known)
    return tuple(
        read_demand(one, name, known.get(name), plan, catalogue, own=own)
        for one, name in zip(keys, names, strict=True)
    )


def _hours(demands: Sequence[Demand]) -> Any:
    """How long each hour lasts: one of a whole day where nothing changes, else as many as the longest has."""
    sizes = sorted(
        {one.rate.size for one in demands} | {one.window.size for one in demands if one.window is not None}
    )
    if sizes[-1] == 1:
        return np.array([24.0])
    odd = next((size for size in sizes if sizes[-1] % size), None)
    if odd is not None:
        raise UsageError(
            f"plan file: rates over {odd} h and over {sizes[-1]} h do not go together; give both over a week"
        )
    return np.ones(sizes[-1])


def _spread(demand: Demand, hours: int) -> Demand:
    """A demand over all hours of the plan."""
    from dataclasses import replace

    mask = None if demand.window is None else np.resize(demand.window, hours)
    return replace(demand, rate=np.resize(demand.rate, hours), window=mask)


def _offers(plan: Keys, folder: Path, catalogue: Catalogue, today: date) -> Any:
    path = plan.text("offers")
    if not path:
        return None
    from whichgpu.planner.request import ids
    from whichgpu.prices.userfile import load_offers

    return load_offers(folder / path, resolve=lambda text: ids(text, catalogue), today=today).offers


def _kinds(plan: Keys, demands: Sequence[Demand]) -> tuple[str, ...]:
    """The kinds of price that may be paid: on demand, and spot where a demand says how much of it may be."""
    stated = plan.names("terms")
    if stated is None:
        spot = "spot_share" in plan.raw or any(one.spot < 1.0 for one in demands)
        return ("on_demand", "spot") if spot else ("on_demand",)
    return tuple(dict.fromkeys(kind for term in stated for kind in prices.term_kinds(term)))


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
    from whichgpu.hardware.names import resolve
    from whichgpu.planner.request import ids

    key = text.strip().lower()
    alike = tuple(one for one in catalogue if one == key or one.startswith(f"{key}-"))
    if alike:
        return alike
    try:
        return tuple(ids(text, catalogue))
    except UsageError:
        return (resolve(text, catalogue).id,)


def needs(keys: Keys) -> tuple[str, ...]:
    """What a GPU must have, in the words of `recommend --needs`."""
    from whichgpu.planner.needs import need

    return tuple(need(name).text for name in keys.names("needs") or ())


def _in_hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600.0


def _option(
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
    own = _in_hours(keys.seconds("start_up"))
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


def _owned(raw: Any, index: int, catalogue: Catalogue) -> Owned:
    from whichgpu.hardware.names import resolve

    keys = Keys(raw, f"owned[{index}]", OWNED)
    if "gpu" not in raw:
        raise keys.fault("gpu", 'is missing; write e.g. gpu = "a100-80gb-sxm"')
    count, each = keys.whole("count"), keys.whole("per_instance", 1)
    if count is None:
        raise keys.fault("count", "is missing; write e.g. count = 8")
    assert each is not None
    if count % each:
        raise keys.fault("per_instance", f"{count} GPUs are no whole number of machines of {each}")
    return Owned(resolve(keys.text("gpu"), catalogue).id, count, each, keys.number("usd_per_hour", "price"))


def _commitment(raw: Any, index: int, catalogue: Catalogue) -> Commitment:
    keys = Keys(raw, f"commitment[{index}]", COMMITMENT)
    if "discount" not in raw:
        raise keys.fault("discount", 'is missing; write e.g. discount = "40 %"')
    most = keys.whole("max_instances", least=0)
    return Commitment(
        choice(keys, catalogue), keys.share("discount", 0.0), np.inf if most is None else float(most)
    )


def _quota(raw: Any, index: int, catalogue: Catalogue) -> Quota:
    keys = Keys(raw, f"quota[{index}]", QUOTA)
    gpus, instances = keys.whole("max_gpus", least=0), keys.whole("max_instances", least=0)
    if (gpus is None) == (instances is None):
        raise keys.fault("max_gpus", "give either max_gpus or max_instances")
    chosen = choice(keys, catalogue)
    most = gpus if gpus is not None else instances
    assert most is not None
    return Quota(keys.text("name") or chosen.text, chosen, float(most), gpus is not None)
