"""Prices in sentences: what an hour costs, what that ratio is worth, what it buys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.hardware.blank import blank
from whichgpu.planner.comparison.market import launched_alike, trust
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.rows import sixteen_bit
from whichgpu.planner.comparison.words import (
    EQUAL,
    amount,
    listed,
    plain_number,
    quantity,
    ratio_words,
    short_name,
)
from whichgpu.prices.sellers import title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View

_PRICE = "usd_per_hour"
#: What is asked on demand in the middle, with of how many providers.
_MEDIAN = "usd_median"
#: What hyperscalers ask on demand.
_LARGE = "usd_class_hyperscaler"
#: From how many providers on a median says something beside the cheapest.
_SEVERAL = 3


def hour(view: View) -> Iterator[Sentence]:
    """The best on-demand prices, where and when they were read; and who has none."""
    pen = Pen(view)
    told = [_hour(pen, key) for key in view.ranked(_PRICE)]
    none = [key for key in view.ids if key not in view.ranked(_PRICE)]
    text = f"cheapest on demand, per GPU: {'; '.join(told)}" if told else ""
    if none:
        pen.rests_on(_PRICE, *none)
        without = f"no on-demand price of {listed((f'the {pen.name(key)}' for key in none), 'or')} is stored"
        text = f"{text}; {without}" if text else without
    yield pen.say("price", text)


def _hour(pen: Pen, key: str) -> str:
    """`the A10 1.10 USD/h (Azure, 2026-05-20; median of 3 providers 1.29)`."""
    offer = pen.view.markets[key].best["on-demand"]
    said = f"{title(offer.provider)}, {offer.as_of.isoformat() if offer.as_of else 'undated'}"
    if trust(offer, pen.view.today):
        said += ", not current" if offer.as_of else ""
    if offer.gpu_count > 1:
        said += f", {offer.gpu_count:g} at a time"
    providers = len(pen.view.markets[key].by_provider())
    if providers >= _SEVERAL:
        dearest = amount(max(pen.view.markets[key].by_provider().values()), "price")
        said += f"; median of {providers} providers {pen.amount(key, 'usd_median')}, the dearest {dearest}"
    return f"the {pen.name(key)} {pen.quantity(key, _PRICE)} ({said})"


def worth(view: View) -> Iterator[Sentence]:
    """Up to which price the faster one is worth it, and what it costs."""
    half = sixteen_bit(view.gpus)
    if not view.pair or not view.all_know("bandwidth") or not view.all_know(_PRICE):
        return
    lead = half if view.all_know(half) and view.rows[half].best(view.ids) else "bandwidth"
    fast, slow = view.ranked(lead)
    pen = Pen(view)
    named = (
        ("bandwidth", "where memory bandwidth decides"),
        (half, f"in {half.upper()}"),
        ("fp32", "in plain FP32"),
    )
    speeds = {
        where: pen.value(fast, field) / pen.value(slow, field)
        for field, where in named
        if view.all_know(field)
    }
    if all(max(ratio, 1 / ratio) <= EQUAL for ratio in speeds.values()):
        text = (
            f"neither is faster, so the {pen.name(fast)} is worth no more an hour than the {pen.name(slow)}"
        )
    else:
        grouped: dict[str, list[str]] = {}
        for where, ratio in speeds.items():
            grouped.setdefault(ratio_words(ratio), []).append(where)
        parts = listed(f"{ratio} {listed(where)}" for ratio, where in grouped.items())
        text = (
            f"the {pen.name(fast)} is worth up to this many times the {pen.name(slow)}'s hourly "
            f"price: {parts}"
        )
    prices = list(costs(pen, fast, slow, speeds))
    yield pen.say("worth", f"{text}; it costs {'; '.join(prices)}")


def costs(pen: Pen, fast: str, slow: str, speeds: Mapping[str, float]) -> Iterator[str]:
    """The price ratio by the cheapest offers, and at one provider that has both where that differs.

    `speeds` are the ratios that it is worth, by where they hold; each price is held against them.
    """
    view = pen.view
    if not view.all_know(_PRICE):
        return
    yield (
        f"{_ratio(pen, fast, slow, _PRICE)} by the cheapest offers, {_pays(pen, fast, slow, _PRICE, speeds)}"
    )
    row = view.rows.get("usd_same_provider")
    if row and any(row.cells[key].value != (view.number(key, _PRICE) or 0) for key in (fast, slow)):
        provider = row.label.removeprefix("On demand at ")
        verdict = _pays(pen, fast, slow, row.field, speeds)
        yield f"{_ratio(pen, fast, slow, row.field)} at {provider}, which has both, {verdict}"


def _ratio(pen: Pen, fast: str, slow: str, field: str) -> str:
    """`2.91x (1.28 against 0.44 USD/h)`."""
    return f"{pen.ratio(fast, slow, field)} ({pen.against(fast, slow, field)})"


def _pays(pen: Pen, fast: str, slow: str, field: str, speeds: Mapping[str, float]) -> str:
    """A price ratio held against those that it is worth."""
    price = pen.value(fast, field) / pen.value(slow, field)
    pays = [where for where, ratio in speeds.items() if ratio > price * EQUAL]
    if len(speeds) == 1:
        return "less than that" if pays else _not_less(price, speeds)
    if len(pays) == len(speeds):
        return "less than any of these"
    if pays:
        return f"less than that {listed(pays)}"
    return "more than any of these" if price > max(speeds.values()) * EQUAL else "no less than any of these"


def _not_less(price: float, speeds: Mapping[str, float]) -> str:
    return "more than that" if price > max(speeds.values()) * EQUAL else "about as much"


def other_ways(view: View) -> Iterator[Sentence]:
    """Spot and marketplaces, and the offers that do not say which variant they are."""
    for field, where in (
        ("usd_spot", "as spot capacity, which may be taken back"),
        ("usd_marketplace", "on marketplaces"),
    ):
        known = view.ranked(field)
        if known:
            pen = Pen(view)
            told = listed(f"the {pen.name(key)} from {pen.quantity(key, field)}" for key in known)
            yield pen.say("price", f"{where}, {told}")
    said: set[tuple[str, ...]] = set()
    for key in view.ids:
        maybe = view.markets[key].maybe
        names = tuple(sorted({one for offer in maybe for one in offer.candidates}))
        if maybe and names not in said:
            said.add(names)
            yield _maybe(Pen(view), key, names)


def hyperscalers(view: View) -> Iterator[Sentence]:
    """Which of those that are let on demand no hyperscaler lets: an account there does not help."""
    row = view.rows.get(_LARGE)
    if row is None:
        return
    let = [key for key in view.ids if key in row.cells]
    missing = [key for key in view.ranked(_PRICE) if key not in row.cells]
    if let and missing:
        pen = Pen(view)
        told = listed(f"the {pen.name(key)} for {pen.text(key, _LARGE)}" for key in let)
        pen.rests_on(_PRICE, *missing)
        names = listed((f"the {pen.name(key)}" for key in missing), "or")
        yield pen.say("price", f"hyperscalers let {told}; no stored offer of theirs has {names}")


def same_name(view: View) -> Iterator[Sentence]:
    """What other parts of the names cost on demand: a price of one is not a price of the other."""
    told = []
    for key, gpu in view.others.items():
        offer = view.markets[gpu.id].best.get("on-demand") if key.startswith("variant ") else None
        if offer is not None and not trust(offer, view.today):
            price = quantity(offer.usd_per_gpu_hour, "price")
            told.append(f"the {short_name(gpu)} from {price} ({title(offer.provider)}, {offer.as_of})")
    if told:
        pen = Pen(view)
        pen.rests_on(_PRICE, *view.ids)
        yield pen.say("price", f"of the same name, on demand: {listed(told)}")


def _maybe(pen: Pen, key: str, names: tuple[str, ...]) -> Sentence:
    maybe = pen.view.markets[key].maybe
    pen.rests_on(_PRICE, key)
    cheapest = min(maybe, key=lambda offer: offer.usd_per_gpu_hour)
    count = "one offer does" if len(maybe) == 1 else f"{plain_number(len(maybe))} offers do"
    gpus = {**pen.view.others, **{gpu.id: gpu for gpu in pen.view.gpus}}
    which = listed((f"the {short_name(gpus[name])}" if name in gpus else name for name in names), "or")
    from_ = (
        f"{quantity(cheapest.usd_per_gpu_hour, 'price')} ({title(cheapest.provider)}, "
        f"{cheapest.kind.replace('_', '-')})"
    )
    it = "it is" if len(maybe) == 1 else "they are"
    return pen.say(
        "price",
        f"{count} not say whether {it} {which} and {'is' if len(maybe) == 1 else 'are'} not counted, "
        f"from {from_}",
    )


def in_use(view: View) -> Iterator[Sentence]:
    """By how many providers each is let, which is all that is on file of how much each is used."""
    let = {key: len(view.markets[key].by_provider()) for key in view.ranked(_MEDIAN)}
    if len(let) > 1:
        pen = Pen(view)
        pen.rests_on(_MEDIAN, *let)
        many = listed(
            f"{number} {'lets' if number == 1 else 'let'} the {pen.name(key)}" for key, number in let.items()
        )
        none = "how many of each are in use, and for what, no source on file tells"
        yield pen.say("price", f"{none}; of the providers on file {many}")


def buying(view: View) -> Iterator[Sentence]:
    """Purchase prices, with date and kind, and of two what the dearer has for its price."""
    known = view.ranked("purchase")
    if known:
        pen = Pen(view)
        told = [f"the {pen.name(key)} {pen.text(key, 'purchase')}" for key in known]
        yield pen.say("buy", f"to buy: {'; '.join(told)}{_for_it(pen, 'purchase')}")
    if bought_by(view) == "launch_price":
        pen = Pen(view)
        cards = view.ranked("launch_price")
        prices = listed(f"the {pen.name(key)} {pen.quantity(key, 'launch_price')}" for key in cards)
        yield pen.say("buy", f"at launch: {prices}{_for_it(pen, 'launch_price')}")


def renting(view: View) -> Iterator[Sentence]:
    """Which of them their makers let by the hour and sell to nobody."""
    known = [gpu.id for gpu in view.gpus if rented_only(gpu)]
    if known:
        pen = Pen(view)
        pen.rests_on("launch_price", *known)
        names = pen.names(known)
        how = "is not sold: its maker lets it" if len(known) == 1 else "are not sold: their makers let them"
        yield pen.say("buy", f"{names} {how} by the hour")


def rented_only(gpu: Gpu) -> bool:
    """Whether a part is let by the hour and sold to nobody, as the reason of its blank price says."""
    found = blank(gpu, "launch_price")
    return found is not None and not found.sold


def bought_by(view: View) -> str:
    """The row by which purchase prices are held against each other; empty where they are not of one kind."""
    row = view.rows.get("purchase")
    if row is not None and row.better and view.all_know("purchase"):
        return "purchase"
    return "launch_price" if "launch_price" in view.rows and launched_alike(view.gpus) else ""


def _for_it(pen: Pen, field: str) -> str:
    """`; the RTX 4090 costs 1.6x as much, for 1.35x the FP16 and 1.05x the memory bandwidth`."""
    view = pen.view
    if not view.pair or bought_by(view) != field:
        return ""
    cheap, dear = view.ranked(field)
    if (price := pen.ratio(dear, cheap, field)) == "the same":
        return ""
    half = sixteen_bit(view.gpus)
    named = ((half, half.upper()), ("bandwidth", "memory bandwidth"), ("memory", "memory"))
    bought = []
    for one, noun in named:
        if view.all_know(one):
            ratio = pen.ratio(dear, cheap, one)
            bought.append(f"{ratio} {noun}" if ratio == "the same" else f"{ratio} the {noun}")
    return f"; the {pen.name(dear)} costs {price} as much, for {listed(bought)}" if bought else ""


#: In the order of reading.
ALL = (hour, worth, hyperscalers, other_ways, same_name, in_use, buying, renting)
