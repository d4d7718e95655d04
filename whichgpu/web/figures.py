"""The answer at a glance: what it is, and the few figures that decide, each as the tables below have it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.units import DAY, HOUR, MINUTE, number, show
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from whichgpu.report.table import Report

    Document = Mapping[str, Any]


class Figures(NamedTuple):
    """What the answer is, a line beside it, and figures with what each is of."""

    answer: str
    beside: str
    items: tuple[tuple[str, str], ...]
    url: str = ""
    #: What one asks next, and where that is.
    doors: tuple[tuple[str, str], ...] = ()


def before(report: Report, figures: Figures | None) -> Report:
    """The report with its figures over it, where there are any."""
    return report if figures is None else report._replace(blocks=(figures, *report.blocks))  # type: ignore[arg-type]


def recommended(data: Document) -> Figures | None:
    """Of the first candidate; None where there is none."""
    if not data.get("candidates"):
        return None
    first = data["candidates"][0]
    target = (data.get("target") or {}).get("text", "")
    offer = first.get("offer") or {}
    beside = " ".join(filter(None, (offer.get("provider"), offer.get("instance"))))
    items = tuple(_ranked(first, target, _objectives(data)))
    return Figures(first["gpu"], beside, items, f"/gpus/{first['gpu']}")


def _ranked(first: Document, target: str, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "instances" if first["instances"] != 1 else "instance", f"{first['instances']:,}"
    if first.get("usd_per_hour") is not None:
        yield "USD an hour", f"{first['usd_per_hour']:,.2f}"
    if first.get("usd_total") is not None:
        yield "USD in all", f"{first['usd_total']:,.2f}"
    if first.get("seconds"):
        yield "until it is done", show(first["seconds"], "time", 3)
    if first.get("request_rate"):
        yield "requests/s", number(first["request_rate"], 3)
    if rate := first.get("throughput"):
        unit, factor = _unit(rate["unit"], target)
        low, mid, high = (number(rate[end] * factor, 3) for end in ("low", "mid", "high"))
        yield f"{unit}, {low} to {high}", mid
    if first.get("ttft"):
        yield from _times(first, wanted)
    if first.get("watts") is not None:
        yield "power", _watts(first["watts"])


#: Times of a request, what each is called, and which of its figures tells where no objective says it.
_TIMES = (("ttft", "to the first token", "p90"), ("tpot", "a token after that", "mean"),
          ("latency", "the whole request", ""))  # fmt: skip


def _objectives(data: Document) -> dict[str, str]:
    """Of which percentile each time is wanted, by its name."""
    return {one["metric"]: one["how"] for one in (data.get("slo") or {}).get("objectives", ())}


def _times(row: Document, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The times of a request as objectives state them: a mean is the model's, a percentile simulated."""
    for name, title, usual in _TIMES:
        how, found = wanted.get(name, usual), row.get(name)
        if how and found:
            value = found["mid"] if how == "mean" else found.get(how, found["mid"])
            yield f"{title}, {how}", show(value, "time", 3)


def _watts(watts: float) -> str:
    return f"{number(watts / 1e3, 2)} kW" if watts >= 1e3 else f"{watts:.0f} W"


def _unit(unit: str, target: str) -> tuple[str, float]:
    """The unit that the target is in, as far as its time goes, and how many of it one of `unit` is."""
    for ending, factor in (("/min", MINUTE), ("/h", HOUR), ("/day", DAY)):
        if target.endswith(ending) and unit.endswith("/s"):
            return unit.removesuffix("/s") + ending, factor
    return unit, 1.0


def fitted(data: Document) -> Figures | None:
    """Of one model on one GPU; None of several."""
    if data.get("answers") or data.get("required") is None or not data.get("available"):
        return None
    verdict = f"It {data['verdict']}"
    left = data["available"] - data["required"]
    items = [
        ("needed on each GPU", show(data["required"], "memory", 3)),
        ("there is", show(data["available"], "memory", 3)),
        ("left" if left >= 0 else "lacking", show(abs(left), "memory", 3)),
    ]
    if data.get("smallest_gpu"):
        items.append(("the smallest GPU that holds it", str(data["smallest_gpu"])))
    if data.get("smallest_may"):
        items.append(("a smaller one that may", str(data["smallest_may"])))
    return Figures(verdict, f"{data['workload']} on {machine(data)}", tuple(items))


def machine(data: Document) -> str:
    """The GPUs that an answer is of: `2 x l4`, or the name of the one."""
    many = data.get("n_gpus", 1)
    return f"{many:g} x {data['gpu']}" if many != 1 else str(data["gpu"])


def predicted(data: Document) -> Figures | None:
    """Of one job on one GPU."""
    value = data.get("value")
    if not value:
        return None
    span = f"90 % interval {number(value['low'], 3)} to {number(value['high'], 3)}"
    items = [(f"{data['basis']}; {span}", "")]
    return Figures(f"{number(value['mid'], 3)} {value['unit']}", items[0][0], tuple(_powered(data)))


def _powered(data: Document) -> Iterator[tuple[str, str]]:
    memory = data.get("memory") or {}
    if memory.get("required"):
        yield "of memory on each GPU", show(memory["required"], "memory", 3)
    if data.get("power"):
        yield "power", _watts(data["power"])


def diagnosed(data: Document) -> Figures:
    """A measured figure against what is predicted of its job."""
    one, causes = data["predicted"], data["causes"]
    low, high = number(one["low"], 3), number(one["high"], 3)
    items = [
        ("times what is predicted", number(data["ratio"], 2)),
        (f"{one['unit']} predicted, {low} to {high}", number(one["mid"], 3)),
        ("chance that all is as told", f"{data['normal']:.0%}"),
    ]
    if data["verdict"] != "normal" and causes:
        items.append((f"the likeliest cause, {causes[0]['probability']:.0%}", causes[0]["cause"]))
    job = data["job"]
    beside = f"{data['measured']['text']}, {job['workload']} {job['phase']} on {machine(data)}"
    return Figures(data["verdict"].capitalize(), beside, tuple(items))


def served(data: Document) -> Figures | None:
    """Of the load that a server carries: within objectives, or before latency outgrows throughput."""
    loads, within = data.get("loads") or (), data.get("slo")
    if not loads:
        return _batched(data, within)
    row = loads[(data.get("knee") or {}).get("load") or 0]
    on = f"on {data['n_gpus']:g} x {data['gpu']}"
    if within is not None and not within["request_rate"]:
        return Figures("Not within the objectives", f"{on}, at any load", ())
    rate = within["request_rate"] if within is not None else row["request_rate"]
    why = "within the objectives" if within is not None else "before latency outgrows throughput"
    items = [
        (f"{row['throughput']['unit']}, made", number(row["throughput"]["mid"], 3)),
        *_times(row, _objectives(data)),
    ]
    if (row.get("usd_per_million") or {}).get("output") is not None:
        items.append(("USD per million output tokens", number(row["usd_per_million"]["output"], 3)))
    if len(loads) == 1 and within is None:
        why = "at this load"
    return Figures(f"{number(rate, 3)} requests/s", f"{on}, {why}", tuple(items))


def _batched(data: Document, within: Document | None) -> Figures | None:
    """What is made in batches: the batch that makes the most, or holds the most within objectives."""
    batches, on = data.get("batches"), f"on {machine(data)}"
    if not batches:
        return None
    if within and not within["request_rate"]:
        return Figures("Not within the objectives", f"{on}, at any load", ())
    if within:
        one = next(one for one in batches if one["batch"] == within["batch"])
        answer, beside = f"{number(within['request_rate'], 3)} requests/s", f"{on}, within the objectives"
    else:
        one = max(batches, key=lambda one: one["throughput"]["mid"])
        rate = one["throughput"]
        answer = f"{number(rate['mid'], 3)} {rate['unit']}"
        beside = f"{on}, 90 % interval {number(rate['low'], 3)} to {number(rate['high'], 3)}"
    items = (("batch", f"{one['batch']:g}"), ("for a batch", show(one["latency"]["mid"], "time", 3)))
    return Figures(answer, beside, items)


def runs(data: Document) -> Figures | None:
    """Whether one framework runs on one GPU; None of several."""
    each = [(gpu, one) for gpu in data.get("gpus", ()) for one in gpu["verdicts"]]
    if len(each) != 1:
        return None
    ((gpu, one),) = each
    # A release that is asked for is told of alone.
    later = " and later" if one["from"] and not (one["to"] or one["asked"]) else ""
    known = {"releases that run": " to ".join(filter(None, (one["from"], one["to"]))) + later,
             "the newest release": one["latest"]}  # fmt: skip
    items = tuple((title, str(text)) for title, text in known.items() if text)
    return Figures(_RUNS.get(one["answer"], "Not known"), f"{one['framework']} on {gpu['gpu']}", items)


_RUNS = {"supported": "It runs", "limited": "It runs, with limits", "unsupported": "It does not run"}


def owned(data: Document) -> Figures | None:
    """Renting against owning."""
    if data.get("own") is None or data.get("rent") is None:
        return None
    buys = data["own"] < data["rent"]
    items = [
        ("USD an hour of use, owned", f"{data['own']:,.2f}"),
        ("USD an hour, rented", f"{data['rent']:,.2f}"),
    ]
    if data.get("least_hours_per_day"):
        items.append(("hours a day from which owning pays", number(data["least_hours_per_day"], 3)))
    return Figures(
        "Buy" if buys else "Rent", f"{data['gpu']}, {data['hours_per_day']:g} hours a day", tuple(items)
    )


def judged(data: Document) -> Figures | None:
    """A quote against what others ask."""
    quote = data.get("quote") or {}
    if not data.get("verdict") or not quote:
        return None
    bought = quote["usd_to_buy"] is not None
    items = [("USD to buy one", f"{quote['usd_to_buy']:,.0f}") if bought
             else ("USD an hour and GPU", f"{quote['usd_per_gpu_hour']:,.2f}")]  # fmt: skip
    if data.get("cheaper") is not None:
        of = "of prices on file are lower" if bought else "of providers ask less"
        items.append((of, f"{data['cheaper']:.0%}"))
    return Figures(str(data["verdict"]).capitalize(), f"{quote['gpu']}, {quote['term']}", tuple(items))


def interrupted(data: Document) -> Figures | None:
    """The cheapest spot offer against the cheapest on demand."""
    spot, steady = data.get("spot") or (), data.get("on_demand") or ()
    if not spot or not steady:
        return None
    best, calm = spot[0], min(row["usd"] for row in steady)
    word = "Spot" if best["usd"] < calm else "On demand"
    items = (
        ("USD on spot, interruptions and all", f"{best['usd']:,.2f}"),
        ("USD on demand", f"{calm:,.2f}"),
        ("hours on spot", number(best["hours"], 3)),
    )
    return Figures(word, f"{data['gpus']} x {data['gpu']}, {data['hours']:g} hours of work", items)


def planned(data: Document) -> Figures | None:
    """What a fleet costs."""
    if not data.get("picks"):
        return None
    items = [
        ("USD a month", f"{data['usd_per_month']:,.0f}"),
        ("instances at most", f"{sum(one['instances'] for one in data['picks']):,.0f}"),
    ]
    if data.get("watts"):
        items.append(("mean power", _watts(data["watts"])))
    fleet = ", ".join(f"{one['instances']:,.0f} x {one['option']}" for one in data["picks"][:4])
    return Figures(f"{data['usd_per_hour']:,.2f} USD an hour", fleet, tuple(items))


def billed(data: Document) -> Figures | None:
    """The cheapest way to pay."""
    if not data.get("ways"):
        return None
    # A discount that is only assumed is no price that anybody asks.
    asked = [way for way in data["ways"] if not way["assumed"].endswith("assumed")]
    first = (asked or data["ways"])[0]
    offer = first.get("offer") or {}
    seller = " ".join(filter(None, (offer.get("provider"), offer.get("instance"))))
    beside = ", ".join(filter(None, (seller, "the cheapest way" if len(data["ways"]) > 1 else "")))
    items = (
        ("machines" if data["machines"] != 1 else "machine", f"{data['machines']:,}"),
        ("USD a month", f"{first['usd_per_month']:,.2f}"),
        ("USD an hour", f"{first['usd_per_hour']:,.2f}"),
    )
    return Figures(first["kind"].replace("_", " ").capitalize(), beside, items)


def of_gpu(data: Document, offers: Iterable[Document]) -> Figures:
    """One GPU: what decides of its specifications, and its least price on demand."""
    known = {name: field["text"].partition(" (")[0] for name, field in data["fields"].items()}
    telling = _DECIDING if "fp16" in known else {"bf16": "BF16", "int8": "INT8", **_DECIDING}
    items = [(label, known[name]) for name, label in telling.items() if name in known]
    items.sort(key=lambda item: item[0] != _DECIDING["bandwidth"])
    items += [(f"USD an hour on demand, {one['provider']}", f"{one['usd_per_gpu_hour']:,.2f}")
              for one in _first_of_each(offers) if one["kind"] == "on_demand"]  # fmt: skip
    beside = ", ".join(filter(None, (data["vendor"], data["segment"], known.get("release_date", "")[:4])))
    # A part of a GPU is sold, and runs software, as the whole does.
    whole = data["id"].partition(":")[0]
    doors = (("Prices", f"/prices/{whole}"), ("Software that runs", f"/compat?gpu={whole}"))
    return Figures(str(known.get("memory") or data["name"]), beside, tuple(items), doors=doors)


#: What decides between GPUs, and what it is called here.
_DECIDING = {"bandwidth": "memory bandwidth", "fp16": "FP16", "fp8": "FP8", "power": "board power"}


def _first_of_each(offers: Iterable[Document]) -> list[Document]:
    """The first offer of each kind; they come best first."""
    found: dict[str, Document] = {}
    for one in offers:
        found.setdefault(one["kind"], one)
    return list(found.values())


def priced(data: Document) -> Figures | None:
    """What one GPU costs: the best offer of each kind, and its price to buy."""
    best = {one["kind"]: one for one in _first_of_each(data.get("offers", ()))}
    first = best.pop("on_demand", None) or (best.pop(next(iter(best))) if best else None)
    bought = [("USD to buy", f"{one['usd']:,.0f}") for one in data.get("purchase", ())[:1]]
    doors = (("Specifications", f"/gpus/{data['gpu']}"), ("Rent or buy?", f"/own?gpu={data['gpu']}"))
    if first is not None:
        beside = f"a GPU, {_kind(first)} at {first['provider']}"
        items = [(f"USD an hour, {_kind(one)} at {one['provider']}", f"{one['usd_per_gpu_hour']:,.2f}")
                 for one in best.values()]  # fmt: skip
        return Figures(
            f"{first['usd_per_gpu_hour']:,.2f} USD an hour", beside, (*items, *bought), doors=doors
        )
    if bought:
        return Figures(f"{bought[0][1]} USD", "to buy; none to rent is on file", (), doors=doors)
    return None


def _kind(offer: Document) -> str:
    return str(offer["kind"]).replace("_", " ")


def of_workload(data: Document) -> Figures | None:
    """A model: its parameters, its work, its memory."""
    if not data.get("parameters"):
        return None
    from whichgpu.report.workloads import flop

    items = [("of a forward pass", flop(data["flops"]))]
    if weights := (data.get("bytes") or {}).get("weights"):
        items.append(("of weights, which it reads", show(weights, "memory", 3)))
    if cache := data.get("cache"):
        items.append(("of KV cache a token", show(cache["kv_bytes_per_token"], "memory", 3)))
    name = data["id"]
    doors = (("Which GPU?", f"/?workload={name}"), ("Will it fit?", f"/fit?workload={name}"))
    return Figures(
        f"{_count(data['parameters'])} parameters",
        data["family"].replace("_", " "),
        tuple(items),
        doors=doors,
    )


def _count(many: float) -> str:
    for size, word in ((1e12, " trillion"), (1e9, " billion"), (1e6, " million")):
        if many >= size:
            return f"{number(many / size, 3)}{word}"
    return f"{many:,.0f}"


def scored(data: Document) -> Figures:
    """What predictions are worth on GPUs that the fit had not seen."""
    unseen = data["folds"]["gpu"]
    items = (
        ("of half of them, at most", f"{unseen['median']:.0f} %"),
        ("lie within the 90 % interval", f"{unseen['inside']:.0f} %"),
        ("published measurements", f"{data['rows']:,}"),
    )
    return Figures(f"{unseen['mape']:.0f} % off", "in the mean, on GPUs that the fit had not seen", items)


def compared(data: Document) -> Figures | None:
    """GPUs on the first workload that is asked for; None without one."""
    if not data.get("workloads"):
        return None
    one = data["workloads"][0]
    rates = {gpu: found["throughput_per_gpu"] for gpu, found in one["results"].items()}
    names, of = data["names"], f"{one['name']}, {one['phase']}"
    refused = [(names[gpu], re.split(r"[:;(]", why)[0].strip()) for gpu, why in one["refused"].items()]
    if not rates:
        return Figures("None of them runs it", of, tuple(refused)) if refused else None
    order = sorted(rates, key=lambda gpu: -rates[gpu]["mid"])
    first, last = order[0], order[-1]
    ahead = (
        f"{number(rates[first]['mid'] / rates[last]['mid'], 3)}x the {names[last]}, "
        if len(order) > 1
        else ""
    )
    items = [(f"{rates[gpu]['unit']}, {names[gpu]}", number(rates[gpu]["mid"], 3)) for gpu in order]
    items += refused
    costs = {gpu: one["results"][gpu].get("usd_per_unit") for gpu in order}
    known = {gpu: usd for gpu, usd in costs.items() if usd}
    if len(known) > 1:
        cheapest = min(known, key=lambda gpu: known[gpu])
        items.append((f"is the cheapest for {one['unit']}, on demand", names[cheapest]))
    return Figures(names[first], f"{ahead}{of}", tuple(items), f"/gpus/{first}")
