"""Prices: of all GPUs, and of each."""

from __future__ import annotations

from whichgpu.web import answers, asks
from whichgpu.web.resource import Resource

_ALL = {
    "gpus": [{"gpu": "a10", "offers": 31, "purchase_usd": 2800.0}],
    "total": 170,
    "offset": 0,
    "limit": 50,
}
_ONE = {"gpu": "a10", "offers": [{"provider": "lambda", "usd_per_hour": 0.75, "kind": "on_demand"}]}
_BILL = {
    "gpu": "a10",
    "machines": 30,
    "ways": [{"kind": "on_demand", "usd_per_hour": 22.5, "usd_per_unit": 0.000375}],
}
_OWN = {"gpu": "rtx-4090", "own": 0.27, "rent": 0.35, "least_hours_per_day": 5.4}
_SPOT = {"gpu": "a10", "spot": [{"usd": 61.2, "hours": 74.1}], "on_demand": [{"usd": 140.4}]}
RESOURCES = (
    Resource("/prices", asks.Prices, lambda ask: answers.prices(None, ask), _ALL),
    Resource("/prices/{gpu}", asks.PricesOf, answers.prices, _ONE, name="gpu", name_example="a10"),
    Resource("/prices/{gpu}/history", asks.Ask, lambda gpu, ask: answers.price_history(gpu),
             {"gpu": "a10", "history": [{"kind": "spot", "as_of": "2026-05-20", "usd_per_gpu_hour": 0.4}]},
             name="gpu", name_example="a10"),
    Resource("/cost", asks.Cost, answers.cost, _BILL),
    Resource("/own", asks.Own, answers.own, _OWN),
    Resource("/spot", asks.Spot, answers.spot, _SPOT),
    Resource("/judge", asks.Judge, answers.judge, {"verdict": "low", "cheaper": 0.12}),
)  # fmt: skip
