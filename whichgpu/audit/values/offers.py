"""What the price store says of a GPU: the range of its offers, and when it was read."""

from __future__ import annotations

from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from whichgpu import prices
from whichgpu.audit import patterns as re
from whichgpu.units import HOUR
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Hours of what a price is per.
HOURS: Mapping[str, float] = {
    "second": 1 / HOUR, "sec": 1 / HOUR, "minute": 1 / 60, "min": 1 / 60, "hour": 1.0, "hr": 1.0, "h": 1.0,
    "day": 24.0, "month": 730.0, "year": 8760.0,
}  # fmt: skip


class Range(NamedTuple):
    """The least and the greatest price of one GPU, USD per hour, over which days and how many offers."""

    low: float
    high: float
    first: str
    last: str
    offers: int
    source: str


def on_offer(ids: Sequence[str], providers: Sequence[str] = (), *, since: str = "") -> Range | None:
    """The range over every sound offer of any of these devices from a day on; None where there is none."""
    return _on_offer(tuple(ids), tuple(providers), since)


@cache
def providers() -> Mapping[str, str]:
    """The first word of every provider's name, by the name."""
    return {name: name.split("-")[0] for name in prices.providers(prices.bundled())}


@lru_cache(maxsize=1024)
def providers_in(text: str) -> tuple[str, ...]:
    """The providers that a text names, as the store calls them."""
    lower = text.lower()
    return tuple(name for name, word in _provider_words() if word.search(lower))


@cache
def _provider_words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    known = providers().items()
    return tuple((name, re.compile(rf"\b{re.escape(word)}\b")) for name, word in known if len(word) > 2)


def common(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Of the forms of one name those that anyone offers, which it means by itself; all where nobody does."""
    return tuple(key for key in ids if key in _offered()) or ids


def usual(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Of the forms of one name those that it means by itself: no H100 NVL, of which there are few offers."""
    kept = common(ids)
    most = max((_counts().get(key, 0) for key in kept), default=0)
    return tuple(key for key in kept if _counts().get(key, 0) * _FEW >= most) or kept


#: A form of which so many times fewer are offered than of another one is named by its form.
_FEW = 4


@cache
def _counts() -> Mapping[str, int]:
    """Offers of each GPU."""
    return Counter(
        row.gpu for row in prices.bundled() if not row.quarantine and row.gpu_count >= 1 and row.gpu
    )


@cache
def _offered() -> frozenset[str]:
    rows = (row for row in prices.bundled() if not row.quarantine and row.gpu_count >= 1)
    return frozenset(key for row in rows for key in (row.gpu, *row.candidates) if key)


@lru_cache(maxsize=512)
def _on_offer(ids: tuple[str, ...], providers: tuple[str, ...], since: str) -> Range | None:
    wanted = set(ids)
    rows = [
        row
        for row in prices.bundled()
        if not row.quarantine
        and row.gpu_count >= 1
        and (row.gpu in wanted or wanted & set(row.candidates))
        and (not providers or row.provider in providers)
        and (not since or (row.as_of is not None and row.as_of.isoformat() >= since))
    ]
    if not rows:
        return None
    low = min(row.usd_per_gpu_hour for row in rows)
    high = max(max(row.usd_per_gpu_hour, (row.usd_max or 0) / row.gpu_count) for row in rows)
    days = sorted(row.as_of.isoformat() for row in rows if row.as_of)
    source = ", ".join(sorted({row.source for row in rows})[:4])
    return Range(low, high, days[0] if days else "", days[-1] if days else "", len(rows), source)
