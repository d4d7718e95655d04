"""What each GPU costs today: the best current offer of each kind, how it is sold, and buying it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.facts.store import load
from whichgpu.hardware.parts import is_part, machine_of
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.rows import half_rate
from whichgpu.planner.comparison.words import amount, quantity
from whichgpu.prices import live, store
from whichgpu.prices.sellers import title
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.offers import Offer
    from whichgpu.prices.purchase import Purchase

#: What is asked of the market, in order: the term, its row, and its label.
TERMS = (
    ("on-demand", "usd_per_hour", "On demand"),
    ("spot", "usd_spot", "Spot"),
    ("marketplace", "usd_marketplace", "Marketplace"),
    ("reserved", "usd_reserved", "Reserved"),
    ("serverless", "usd_serverless", "Serverless"),
)
#: Terms under which a GPU may be taken back, or is a private host's.
_ELSEWHERE = ("spot", "marketplace")
#: Launch prices this many years apart say what money was worth then, not what the parts are now.
LAUNCHED_TOGETHER = 3
#: A longer note than this is left to `whichgpu prices`.
_NOTE = 24
_GROUP = "price per GPU and hour"
#: With more GPUs than this side by side, names as long as an instance type's have no room.
_NAMED = 3
_WORDS = {1: "singly", 2: "in pairs", 4: "in fours", 8: "in eights", 16: "in sixteens"}


class Market(NamedTuple):
    """One GPU's prices: `best` offer by term, the current on-demand offers, what may be it, and buying.

    `elsewhere` are those that may be taken back (spot) or are of private hosts, the cheapest a provider.
    """

    gpu: str
    today: date
    best: Mapping[str, Offer]
    current: tuple[Offer, ...]
    elsewhere: tuple[Offer, ...]
    maybe: tuple[Offer, ...]
    purchase: tuple[Purchase, ...]

    @property
    def smallest(self) -> int:
        """The least number of GPUs that is let on demand at one time; 0 where none is."""
        return min((int(offer.gpu_count) for offer in self.current), default=0)

    def by_provider(self) -> dict[str, float]:
        """The cheapest current on-demand price per GPU of each provider, USD/h."""
        least: dict[str, float] = {}
        for offer in self.current:
            least[offer.provider] = min(offer.usd_per_gpu_hour, least.get(offer.provider, float("inf")))
        return least

    def read(self) -> list[date]:
        """On which days its current prices were read, in order."""
        return sorted({offer.as_of for offer in (*self.current, *self.elsewhere) if offer.as_of})

    def to_dict(self) -> dict[str, Any]:
        """The offers and prices as plain values; USD per hour."""
        providers, days = self.by_provider(), self.read()
        return {
            **{term.replace("-", "_"): offer.to_dict() for term, offer in self.best.items()},
            "on_demand_providers": providers,
            "on_demand_median": median(providers.values()) if providers else None,
            "smallest": self.smallest or None,
            "ambiguous": [offer.to_dict() for offer in self.maybe],
            "purchase": [row.to_dict() for row in self.purchase],
            "read": [day.isoformat() for day in (days[0], days[-1])] if days else None,
        }


def markets(gpus: Sequence[Gpu], today: date, offers: Sequence[Offer] | None = None) -> dict[str, Market]:
    """The market of each GPU; `offers` replaces the prices in use."""
    ids = [gpu.id for gpu in gpus]
    pool = store.select(live.rows_of(ids) if offers is None else offers, gpus=ids, ambiguous=True)
    whole = [offer for offer in pool if offer.gpu_count >= 1]
    return {
        gpu.id: _market(gpu, [o for o in whole if o.gpu == gpu.id or gpu.id in o.candidates], today)
        for gpu in gpus
    }


def median(values: Iterable[float]) -> float:
    """The middle value, or the mean of the two; `statistics` takes 6 ms to import."""
    ranked = sorted(values)
    half = len(ranked) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2


def _market(gpu: Gpu, rows: Sequence[Offer], today: date) -> Market:
    from whichgpu.prices.purchase import launched, purchases

    key = gpu.id
    bought = purchases().get(key) or launched(gpu)
    certain = [offer for offer in rows if offer.gpu == key]
    best: dict[str, Offer] = {}
    for term, _, _ in TERMS:
        kinds = store.TERMS[term]
        ranked = store.best_first((offer for offer in certain if offer.kind in kinds), today)
        if ranked:
            best[term] = ranked[0]
    current = tuple(o for o in certain if o.kind == "on_demand" and trust(o, today) == 0)
    maybe = store.best_first((offer for offer in rows if offer.ambiguous), today)
    return Market(key, today, best, current, _elsewhere(certain, today), maybe, bought)


def _elsewhere(offers: Iterable[Offer], today: date) -> tuple[Offer, ...]:
    """The cheapest current offer of each provider on other terms than on demand, cheapest first."""
    least: dict[str, Offer] = {}
    kinds = {kind for term in _ELSEWHERE for kind in store.TERMS[term]}
    ranked = sorted((o for o in offers if o.kind in kinds), key=lambda offer: offer.usd_per_gpu_hour)
    for offer in ranked:
        if trust(offer, today) == 0:
            least.setdefault(offer.provider, offer)
    return tuple(least.values())


def trust(offer: Offer, today: date) -> int:
    """0 for a current price, 1 for one that is old or replaced by a newer, 2 for one without a date."""
    age = offer.age_days(today)
    if age is None:
        return 2
    return int(age >= store.STALE_DAYS or offer.listing == "older")


def price_rows(gpus: Sequence[Gpu], half: str, found: Mapping[str, Market]) -> Iterator[Row]:
    """Prices as rows, and what a dollar buys; `half` is the 16-bit format of the comparison."""
    for term, field, label in TERMS:
        cells = {key: _price(market, term) for key, market in found.items() if term in market.best}
        if cells:
            yield Row(field, label, _GROUP, "price", "lower", cells)
    read = {
        key: _read(market.best["on-demand"]) for key, market in found.items() if "on-demand" in market.best
    }
    if read:
        yield Row("offer", "Cheapest on demand", _GROUP, "text", "", read)
    yield from _spread(found)
    yield from _classes(found)
    yield from _together(found)
    sold = {key: _sold(market) for key, market in found.items() if market.current}
    if sold:
        yield Row("sold", "Let on demand", _GROUP, "count", "", sold)
        names = {
            key: ", ".join(sorted(map(title, market.by_provider())))
            for key, market in found.items()
            if market.current
        }
        cells = {key: _listed(text, found[key].current) for key, text in names.items()}
        yield Row("providers", "On demand at", _GROUP, "text", "", cells)
    others = {
        key: _listed(", ".join(map(_named, market.elsewhere)), market.elsewhere)
        for key, market in found.items()
        if market.elsewhere
    }
    if others:
        yield Row("elsewhere", "Spot and private hosts, from", _GROUP, "text", "", others)
    types = {key: cell for key, market in found.items() if (cell := _types(market))}
    if types and len(found) <= _NAMED:
        yield Row("instances", "Instance types of hyperscalers", _GROUP, "text", "", types)
    hosts = {gpu.id: machine_of(gpu) for gpu in gpus}
    bought = {key: _bought(market.purchase, hosts[key]) for key, market in found.items() if market.purchase}
    if bought:
        kinds = {(_kind(m.purchase[0]), m.purchase[0].includes_host) for m in found.values() if m.purchase}
        # A launch price says nothing against a street price, a card nothing against a share of a server.
        alike = len(kinds) == 1 and _of_one_time([gpu for gpu in gpus if gpu.id in bought], kinds)
        yield Row("purchase", "To buy", _GROUP, "money", "lower" if alike else "", bought)
    yield from _per_dollar(gpus, half, found)


def launch_rows(gpus: Sequence[Gpu], found: Mapping[str, Market]) -> Iterator[Row]:
    """What each cost at launch, which is known of most: a price of the street says nothing against it."""
    launched = {
        gpu.id: _bought([row], machine_of(gpu), told="")
        for gpu in gpus
        for row in found[gpu.id].purchase
        if row.kind == "launch"
    }
    if launched:
        yield Row("at_launch", "At launch", _GROUP, "money", "", launched)


def whole_rows(
    gpus: Sequence[Gpu], known: Mapping[str, Gpu], today: date, offers: Sequence[Offer] | None = None
) -> Iterator[Row]:
    """What the whole GPU of each part costs on demand: parts are not let under their own name."""
    wholes = {
        gpu.id: known[key] for gpu in gpus if is_part(gpu) and (key := gpu.id.partition(":")[0]) in known
    }
    if not wholes:
        return
    found = markets(list(wholes.values()), today, offers)
    cells = {
        part: _price(found[whole.id], "on-demand")
        for part, whole in wholes.items()
        if "on-demand" in found[whole.id].best
    }
    if cells:
        yield Row("usd_whole", "On demand, the whole GPU", _GROUP, "price", "", cells)


def _of_one_time(gpus: Sequence[Gpu], kinds: set[tuple[str, bool]]) -> bool:
    """Whether launch prices are near enough in time to be held against each other; others are of today."""
    if not any(kind == "launch" for kind, _ in kinds):
        return True
    years = [int(str(day)[:4]) for gpu in gpus if (day := gpu.value("release_date"))]
    return len(years) < len(gpus) or max(years) - min(years) <= LAUNCHED_TOGETHER


def _price(market: Market, term: str) -> Cell:
    offer = market.best[term]
    doubt = ("", " (old)", " (undated)")[trust(offer, market.today)]
    text = f"{quantity(offer.usd_per_gpu_hour, 'price')}{doubt}"
    return Cell(offer.usd_per_gpu_hour, text, f"{offer.source} {offer.locator}".strip(), offer.kind)


def _named(offer: Offer) -> str:
    """`vast 0.39 (marketplace)`; USD per GPU and hour."""
    return (
        f"{title(offer.provider)} {amount(offer.usd_per_gpu_hour, 'price')} ({offer.kind.replace('_', ' ')})"
    )


def _read(offer: Offer) -> Cell:
    """Who sells it as what, and when the price was read."""
    dated = f"read {offer.as_of.isoformat()}" if offer.as_of else "undated"
    text = f"{title(offer.provider)} {offer.instance}, {dated}"
    return Cell(text, text, f"{offer.source} {offer.locator}".strip(), offer.kind)


def _spread(found: Mapping[str, Market]) -> Iterator[Row]:
    cells = {}
    for key, market in found.items():
        each = market.by_provider()
        if len(each) > 1:
            middle, dearest = median(each.values()), amount(max(each.values()), "price")
            cells[key] = Cell(
                middle,
                f"{quantity(middle, 'price')} ({len(each)} providers, the dearest {dearest})",
                _read_in(market.current),
                "median",
            )
    if cells:
        yield Row("usd_median", "On demand, median", _GROUP, "price", "lower", cells)


def _classes(found: Mapping[str, Market]) -> Iterator[Row]:
    """What providers of each kind ask, from the least to the most; `data/providers.toml`."""
    kinds = load("providers")["providers"]["class"]
    named = {name for kind in kinds.values() for name in kind["providers"]}
    for key, kind in kinds.items():
        cells = {}
        for gpu, market in found.items():
            asked = {
                name: usd
                for name, usd in market.by_provider().items()
                if (name in kind["providers"] if kind["providers"] else name not in named)
            }
            if asked:
                cells[gpu] = _range(asked, [one for one in market.current if one.provider in asked])
        if cells:
            yield Row(f"usd_class_{key}", f"On demand, {kind['label']}", _GROUP, "price", "lower", cells)


def _range(asked: Mapping[str, float], offers: Iterable[Offer]) -> Cell:
    low, high = min(asked.values()), max(asked.values())
    span = quantity(low, "price") if low == high else f"{amount(low, 'price')} to {quantity(high, 'price')}"
    names = sorted(asked, key=lambda name: (asked[name], name))
    return Cell(low, f"{span} ({', '.join(map(title, names))})", _read_in(offers), "derived")


def _read_in(offers: Iterable[Offer]) -> str:
    """Where offers were read, as the sources of a cell: those that date them, where any does."""
    keys = {key for offer in offers for key in offer.source.split(";")}
    known = store.sources()
    dated = {key for key in keys if key in known and known[key].accessed}
    return ";".join(sorted(dated or keys))


def _listed(text: str, offers: Iterable[Offer]) -> Cell:
    """What is told of several offers."""
    return Cell(text, text, _read_in(offers), "derived")


def _together(found: Mapping[str, Market]) -> Iterator[Row]:
    """The prices at one provider that has them all: what differs is then the GPU, not the shop.

    Of several such providers the one whose ratio of dearest to cheapest is in the middle.
    """
    each = {key: market.by_provider() for key, market in found.items()}
    shared = set.intersection(*(set(prices) for prices in each.values()))
    if not shared or len(found) < 2:
        return

    def spread(provider: str) -> tuple[float, str]:
        prices = [prices[provider] for prices in each.values()]
        return max(prices) / min(prices), provider

    ranked = sorted(shared, key=spread)
    provider = ranked[(len(ranked) - 1) // 2]
    cells = {}
    for key, market in found.items():
        usd = each[key][provider]
        offer = next(o for o in market.current if o.provider == provider and o.usd_per_gpu_hour == usd)
        cells[key] = Cell(usd, quantity(usd, "price"), f"{offer.source} {offer.locator}", "on_demand")
    yield Row("usd_same_provider", f"On demand at {title(provider)}", _GROUP, "price", "lower", cells)


def _types(market: Market) -> Cell | None:
    """The cheapest instance type per GPU at each hyperscaler, and how many it has: `AWS p4d.24xlarge (8)`."""
    large = load("providers")["providers"]["class"]["hyperscaler"]["providers"]
    best: dict[str, Offer] = {}
    for offer in sorted(market.current, key=lambda o: (o.usd_per_gpu_hour, o.gpu_count)):
        if offer.provider in large:
            best.setdefault(offer.provider, offer)
    told = (f"{title(key)} {best[key].instance} ({best[key].gpu_count:g})" for key in sorted(best))
    return _listed(", ".join(told), best.values()) if best else None


def _sold(market: Market) -> Cell:
    least = market.smallest
    text = _WORDS.get(least, f"from {least} up")
    sold = [offer for offer in market.current if offer.gpu_count == least]
    return Cell(least, text if least == 1 else f"only {text}", _read_in(sold), "derived")


def _kind(row: Purchase) -> str:
    """What kind of price it is: either end of a range of street prices is one."""
    return row.kind if row.kind == "launch" else "street"


def launched_alike(gpus: Sequence[Gpu]) -> bool:
    """Whether all are cards with a launch price, near enough in time to be held against each other."""
    cards = all("PCIe" in str(gpu.value("form_factor")) and not is_part(gpu) for gpu in gpus)
    return (
        cards and all(gpu.value("launch_price") for gpu in gpus) and _of_one_time(gpus, {("launch", False)})
    )


def _bought(rows: Sequence[Purchase], host: str, told: str = "at launch") -> Cell:
    """The price to reckon with; of a street range both ends are said, and the high one is the value.

    `host` says what else is in a price that is not of the GPU alone, `told` how one at launch is called.
    """
    row = rows[0]
    low = next((other for other in rows if other.kind == "street_low"), None)
    span = f"{amount(low.usd, 'money')} to " if low and row.kind == "street_high" else ""
    kind = told if row.kind == "launch" else _kind(row)
    said = list(filter(None, (kind, row.note if len(row.note) <= _NOTE else "")))
    said.append(row.as_of.isoformat() if row.as_of else "undated")
    if row.includes_host:
        said.append(host)
    return Cell(row.usd, f"{span}{amount(row.usd, 'money')} USD ({', '.join(said)})", row.source, row.kind)


def _per_dollar(gpus: Sequence[Gpu], half: str, found: Mapping[str, Market]) -> Iterator[Row]:
    label = half.upper()
    price = {key: m.best["on-demand"].usd_per_gpu_hour for key, m in found.items() if "on-demand" in m.best}
    for field, top, name, dimension in (
        (f"{half}_per_usd", half, f"{label} per dollar", "flop per dollar"),
        ("bandwidth_per_usd", "bandwidth", "Bandwidth per dollar", "bandwidth per dollar"),
        ("memory_per_usd", "memory", "Memory per dollar", "memory per dollar"),
    ):
        cells = {}
        for gpu in gpus:
            value = half_rate(gpu, top)
            if value and price.get(gpu.id):
                each = value / price[gpu.id]
                cells[gpu.id] = Cell(each, quantity(each, dimension), "derived", "derived")
        if cells:
            yield Row(field, name, _GROUP, dimension, "higher", cells)
    cells = {
        gpu.id: Cell(each, quantity(each, "dollar per flop"), "derived", "derived")
        for gpu in gpus
        if (peak := half_rate(gpu, half)) and gpu.id in price and (each := price[gpu.id] / peak)
    }
    if cells:
        yield Row("usd_per_tflops", f"Price of {label}", _GROUP, "dollar per flop", "lower", cells)
