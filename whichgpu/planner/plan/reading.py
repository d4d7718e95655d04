"""A plan file (TOML), read into what it asks for; docs/plan.md lists its keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError, one_line
from whichgpu.facts.store import read_toml
from whichgpu.planner.plan import rates
from whichgpu.planner.plan.asked import Asked
from whichgpu.planner.plan.keys import Keys
from whichgpu.planner.plan.reading_demand import DEMAND, read_demand
from whichgpu.planner.plan.reading_supply import (
    choice,
    commitment,
    devices,
    in_hours,
    needs,
    option,
    owned,
    quota,
)
from whichgpu.prices import store as prices
from whichgpu.prices.offers import KINDS

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
    kinds = _kinds(plan, demands, own=bool(tables["option"]))
    if "terms" not in plan.raw and "spot_share" not in plan.raw and not tables["option"]:
        demands = tuple(map(_off_spot, demands, tables["demand"]))
    hours = _hours(demands)
    offers, start = _offers(plan, folder, catalogue, today), in_hours(plan.seconds("start_up"))
    asked = Asked(
        plan.text("name") or name, hours, tuple(_spread(one, hours.size) for one in demands),
        options=tuple(option(one, i, demands, catalogue, start) for i, one in enumerate(tables["option"])),
        owned=tuple(owned(one, i, catalogue) for i, one in enumerate(tables["owned"])),
        commitments=tuple(commitment(one, i, catalogue) for i, one in enumerate(tables["commitment"])),
        quotas=tuple(quota(one, i, catalogue) for i, one in enumerate(tables["quota"])),
        offers=offers, kinds=kinds,
        choice=choice(plan, catalogue), needs=needs(plan),
        types=plan.whole("max_types"), budget=plan.number("budget", "price"),
        start=start,
        cautious=plan.truth("cautious"), undated=plan.truth("undated_prices"),
        gap=plan.share("gap", 1e-6), seconds=_seconds(plan),
    )  # fmt: skip
    _unique("option", [one.name for one in asked.options])
    return asked


def _off_spot(demand: Demand, raw: Mapping[str, Any]) -> Demand:
    """A rate that says nothing of spot capacity has none of it where another demand lets it in."""
    return demand if demand.total is not None or "spot_share" in raw else replace(demand, spot=0.0)


def _seconds(plan: Keys) -> float:
    seconds = plan.seconds("time_limit")
    if seconds == 0.0:
        raise plan.fault("time_limit", 'is 0, which leaves no time to search; write e.g. "30 s"')
    return 60.0 if seconds is None else seconds


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
    mask = None if demand.window is None else np.resize(demand.window, hours)
    return replace(demand, rate=np.resize(demand.rate, hours), window=mask)


def _offers(plan: Keys, folder: Path, catalogue: Catalogue, today: date) -> Any:
    path = plan.text("offers")
    if not path:
        return None
    from whichgpu.planner.request import own_offers

    return own_offers(folder / path, lambda text: devices(text, catalogue), today)


def _kinds(plan: Keys, demands: Sequence[Demand], *, own: bool) -> tuple[str, ...]:
    """The kinds of price that may be paid, if not stated all of one's own options.

    Of offers on demand, and spot where a demand says how much of it may be.
    """
    stated = plan.names("terms")
    if stated is not None:
        return tuple(dict.fromkeys(kind for term in stated for kind in prices.term_kinds(term)))
    if own:
        return KINDS
    spot = "spot_share" in plan.raw or any(one.spot < 1.0 for one in demands)
    return ("on_demand", "spot") if spot else ("on_demand",)
