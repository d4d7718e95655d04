"""One [[demand]] of a plan file: what the work is, in which sizes it comes, and what it must keep to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.planner.plan import rates
from whichgpu.planner.plan.asked import Demand, Size
from whichgpu.planner.plan.keys import Keys, shown
from whichgpu.units import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.planner.plan.rates import Rate
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.workload import Workload

#: Columns that describe one job, and those in which sizes may differ.
JOB = (
    "phase", "precision", "runtime", "batch", "resolution", "seq_len", "input_tokens", "output_tokens",
    "concurrency", "tp", "pp", "steps", "options",
)  # fmt: skip
DEMAND = (
    "name", "workload", "rate", "total", "window", "sizes", "buckets", "slo", "latency", "redundancy",
    "spot_share",
    "headroom", "gpus", "providers", "regions", "needs", *JOB,
)  # fmt: skip
_TOTAL = re.compile(
    r"([0-9][0-9,_.]*(?:e[0-9]+)?)\s*((?:[kmgbt]|thousand|(?:m|b|tr)illion)(?![a-z]))?\s*(.+)", re.IGNORECASE
)
_TIMES = {"second": 1.0, "minute": MINUTE, "hour": HOUR}
_MANY = {"": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "b": 1e9, "g": 1e9, "billion": 1e9,
         "t": 1e12, "trillion": 1e12}  # fmt: skip
#: The most instances that may be lost, buckets of one distribution, and sizes of one demand.
MOST_SPARE, _BUCKETS, _SIZES = 3, 24, 500
_DRAWN = 20_000


def read_demand(
    keys: Keys, name: str, rate: Rate | None, plan: Keys, catalogue: Catalogue, *, own: bool
) -> Demand:
    """A demand; `own` is that the file has capacities of its own, so that a workload need not be known."""
    from whichgpu.planner.plan.reading_supply import choice, needs

    workload, job = _job(keys, own=own)
    total, window = _total(keys, workload) if rate is None else (None, None)
    if rate is not None and "window" in keys.raw:
        raise keys.fault(
            "window", 'is of work that may wait, total = ".."; a rate has its windows in itself: '
            'rate = { "22-6" = "5 req/s" }',
        )  # fmt: skip
    if rate is not None:
        rate = _in_seconds(rate, workload)
    unit = rate.unit if rate is not None else str(window[1])  # type: ignore[index]
    unit = _known_unit(keys, workload, unit, own=own)
    chosen = choice(keys, catalogue)
    terms, latency = _objectives(keys, job, unit)
    spare = _spare(keys if "redundancy" in keys.raw else plan)
    if spare and rate is None:
        raise keys.fault(
            "redundancy", "is of rates: work of a total waits when an instance is lost; leave it out"
        )
    spot = keys.share("spot_share", plan.share("spot_share", 1.0))
    headroom = keys.share("headroom", plan.share("headroom", 0.0, 10.0), 10.0)
    return Demand(
        name, workload.id if workload else keys.text("workload"), unit, _sizes(keys, job),
        np.zeros(1) if rate is None else rate.values, total, None if window is None else window[0], terms,
        latency,
        spare, spot, headroom, chosen.gpus, chosen.providers, chosen.regions, needs(keys),
    )  # fmt: skip


def _job(keys: Keys, *, own: bool) -> tuple[Workload | None, Job | None]:
    from whichgpu import api
    from whichgpu.workloads.workload import resolve

    if "workload" not in keys.raw:
        if own:
            return None, None
        raise keys.fault("workload", 'is missing; write e.g. workload = "llama-3.1-8b" (whichgpu workloads)')
    workload = resolve(keys.text("workload"))
    columns = {key: keys.raw[key] for key in JOB if key in keys.raw}
    try:
        return workload, api.job(workload.id, **columns)
    except UsageError as fault:
        raise UsageError(f"{keys.where}: {fault}") from None


def _total(keys: Keys, workload: Workload | None) -> Any:
    """Units a day, and the hours in which they may be made, with their unit."""
    raw = keys.raw["total"]
    found = _TOTAL.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if found is None:
        raise keys.fault("total", f'{shown(raw)} is not an amount of work a day; write e.g. "20000 images"')
    try:
        amount = float(found[1].replace(",", "").replace("_", "")) * _MANY[(found[2] or "").lower()]
    except ValueError:
        raise keys.fault("total", f"'{found[1]}' is not a number") from None
    words = re.sub(r"\s*(/|per )\s*(day|night)$", "", found[3].lower()).strip()
    if not 0.0 < amount < 1e15:
        raise keys.fault("total", f"{amount:g} is not above zero, or absurd")
    times, words = _spoken(words, workload)
    amount *= times
    text = keys.text("window", "0-24")
    window = rates.window(text, f"{keys.where}.window")
    if window.size != rates.DAY:
        raise keys.fault("window", "names days, and a total is of each day; leave the days out")
    return amount, (window, rates.plain(words))


def _spoken(words: str, workload: Workload | None) -> tuple[float, str]:
    """Seconds in a unit of work that is a time (hours of audio), and the workload's own unit; 1 in others."""
    found = re.fullmatch(r"(?:(.+) )?(second|minute|hour)s?(?: of (.+))?", words)
    if found is None or workload is None or not workload.unit.endswith("seconds"):
        return 1.0, words
    return _TIMES[found[2]], workload.unit


def _in_seconds(rate: Rate, workload: Workload | None) -> Rate:
    times, unit = _spoken(rate.unit, workload)
    return rate._replace(values=times * rate.values, unit=unit)


def _known_unit(keys: Keys, workload: Workload | None, unit: str, *, own: bool) -> str:
    """The unit, under the workload's own name where it makes it; requests stay requests."""
    from whichgpu.planner.wishes import SYNONYMS

    if workload is None:
        return unit
    if unit == "" or unit in SYNONYMS.get(workload.unit, (workload.unit,)):
        return workload.unit
    if unit == "requests" or own:
        return unit
    key, each = ("total", "") if "total" in keys.raw else ("rate", "/s")
    raise keys.fault(
        key, f'{workload.id} makes {workload.unit}, and it is of {unit}; write "10 {workload.unit}{each}"'
    )


def _objectives(keys: Keys, job: Job | None, unit: str) -> Any:
    """Objectives of requests that are served, and the longest time of one job of other work."""
    from whichgpu.cost.serving import slo

    latency = keys.seconds("latency")
    text = keys.text("slo")
    if not text:
        return (), latency
    if unit != "requests":
        raise keys.fault(
            "slo", f'is of requests, and the rate of {unit}; write rate = "5 req/s", or latency = "2 s"'
        )
    if latency is not None:
        raise keys.fault("latency", 'is of single jobs; write it as an objective: slo = "latency 20 s"')
    try:
        return slo.read(text), None
    except UsageError as fault:
        raise keys.fault("slo", str(fault)) from None


def _spare(keys: Keys) -> int:
    """Instances that may be lost: `N+1` is 1."""
    raw = keys.raw.get("redundancy", 0)
    text = str(raw).strip().upper().replace(" ", "")
    found = re.fullmatch(r"(?:N\+)?(\d)|N", text)
    spare = int(found[1] or 0) if found else -1
    if isinstance(raw, bool) or not 0 <= spare <= MOST_SPARE:
        raise keys.fault("redundancy", f"{shown(raw)} is not N, N+1, N+2 or N+{MOST_SPARE}")
    return spare


def _sizes(keys: Keys, job: Job | None) -> tuple[Size, ...]:
    """Requests by size: as stated, or a distribution of lengths cut into parts of equal share."""
    raw = keys.raw.get("sizes")
    buckets = keys.whole("buckets")
    if raw is not None:
        if buckets is not None:
            raise keys.fault("buckets", "sizes are stated too; keep one of them")
        return _stated(keys, raw, job)
    if buckets is not None:
        if job is None or buckets > _BUCKETS:
            raise keys.fault(
                "buckets", f"takes a workload with distributed lengths, and is at most {_BUCKETS}"
            )
        return _cut(keys, job, buckets)
    return (Size("all", 1.0, job),)


def _stated(keys: Keys, raw: Any, job: Job | None) -> tuple[Size, ...]:
    from whichgpu import api

    if not isinstance(raw, list) or not raw or len(raw) > _SIZES:
        raise keys.fault(
            "sizes", "is no list of 1 to 500 tables; write sizes = [{ share = 0.7, input_tokens = 200 }]"
        )
    found = []
    for index, table in enumerate(raw):
        one = Keys(table, f"{keys.where}.sizes[{index}]", ("name", "share", *JOB))
        if "share" not in table:
            raise one.fault("share", 'is missing; write e.g. share = "20 %"')
        columns = {key: table[key] for key in JOB if key in table}
        if columns and job is None:
            raise one.fault(next(iter(columns)), "takes a workload; state workload in the demand")
        own = None if job is None else api.job(job, **columns)
        found.append(Size(one.text("name") or _words(columns, index), one.share("share", 0.0, 1e9), own))
    whole = sum(one.share for one in found)
    if whole <= 0.0:
        raise keys.fault("sizes", "the shares are all 0")
    if len({one.name for one in found}) < len(found):
        raise keys.fault("sizes", "two sizes are called alike; give each a name of its own")
    return tuple(replace(one, share=one.share / whole) for one in found if one.share > 0.0)


def _words(columns: Mapping[str, Any], index: int) -> str:
    return " ".join(f"{key}={value}" for key, value in columns.items()) or f"size-{index + 1}"


def _told(row: Mapping[str, float]) -> str:
    return ", ".join(f"{value:g} {name.partition('_')[0]}" for name, value in row.items())


def _cut(keys: Keys, job: Job, buckets: int) -> tuple[Size, ...]:
    """Lengths that are distributed, in `buckets` parts of equal share, each at its mean."""
    from whichgpu import api
    from whichgpu.workloads import lengths

    options = dict(job.options)
    parts: dict[str, list[float]] = {}
    for name in ("input", "output"):
        text = options.pop(f"{name}_lengths", "")
        if text:
            known = lengths.read(text)
            drawn = np.sort(known.draw(known.mean, _DRAWN, np.random.default_rng(0)))
            parts[f"{name}_tokens"] = [float(np.round(one.mean())) for one in np.array_split(drawn, buckets)]
    if not parts:
        raise keys.fault(
            "buckets", 'no length is distributed; write e.g. input_tokens = "lognormal mean 500 p90 1000"'
        )
    rows: list[dict[str, float]] = [{}]
    for name, values in parts.items():
        rows = [{**row, name: value} for row in rows for value in values]
    return tuple(
        Size(f"{i + 1}: {_told(row)}", 1.0 / len(rows), api.job(job, options=options, **row))
        for i, row in enumerate(rows)
    )  # fmt: skip
