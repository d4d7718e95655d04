"""A quote held against what others ask for the same GPU on the same terms, and against buying one."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UnknownName, one_line
from whichgpu.prices import live
from whichgpu.prices.quote import OpenVariant, Quote, read_quote
from whichgpu.prices.store import STALE_DAYS, TERMS, select
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.prices.offers import Offer

#: Fewest offers whose spread says what is usual.
FEWEST = 4
#: A price below this share of the lowest offer is no price for the same thing.
_TOO_LOW = 0.5
#: A price to buy within this share of a known one is as usual as that.
_LIKE = 0.05


class Judgement(NamedTuple):
    """Where a quote lies among offers; `verdict` is one of VERDICTS."""

    quote: Quote
    verdict: str
    #: Offers of the same GPU and terms, the cheapest first; each provider with its cheapest.
    offers: tuple[Offer, ...]
    #: Share of providers that ask less, 0 to 1.
    cheaper: float
    median: float | None
    #: USD to buy one, USD per hour to run it, and hours of use after which buying costs less.
    buy: float | None = None
    run: float | None = None
    break_even_hours: float | None = None
    #: Share off the prices of `offers`, which are on demand, where nobody lists a committed one; else 0.
    discount: float = 0.0
    #: Other GPUs of the name that was quoted, of which the verdict is the same, and those without prices.
    alike: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            **self._asdict(),
            "quote": self.quote._asdict(),
            "offers": [offer.to_dict() for offer in self.offers],
        }


VERDICTS = ("too low to believe", "low", "usual", "high", "higher than all", "unknown")


def judge_text(text: str, catalogue: Catalogue, today: date) -> Judgement:
    """The judgement of a quote in words; raises `UsageError` where it cannot be read.

    Of a name that may be several GPUs it is the same for all with enough prices, or the error says what for
    each.
    """
    try:
        return judge(read_quote(text, catalogue), today)
    except OpenVariant as problem:
        each = [judge(one, today) for one in problem.quotes]
        priced = [one for one in each if one.verdict != "unknown"]
        if len({one.verdict for one in priced}) == 1:
            return priced[0]._replace(
                alike=tuple(one.quote.gpu for one in priced[1:]),
                unpriced=tuple(one.quote.gpu for one in each if one not in priced),
            )
        told = ", ".join(f"{one.quote.gpu} ({one.verdict})" for one in each)
        raise UnknownName(f"'{one_line(problem.name)}' may be {told}; say which") from None


def judge(quote: Quote, today: date, offers: Sequence[Offer] | None = None) -> Judgement:
    """Where a quote lies among the fresh offers on the same terms; `offers` replaces those in use."""
    pool = live.current() if offers is None else offers
    if quote.usd_to_buy is not None:
        return _of_purchase(quote, _ranked(pool, quote, "on-demand", today), today)
    ranked, discount = _ranked(pool, quote, quote.term, today), 0.0
    if quote.term == "reserved" and len(ranked) < FEWEST:
        ranked, discount = _ranked(pool, quote, "on-demand", today), _usual_discount(quote)
    asked = [row.usd_per_gpu_hour * (1 - discount) for row in ranked]
    below = bisect_left(asked, quote.usd_per_gpu_hour)
    middle = median(asked) if asked else None
    verdict = _verdict(quote.usd_per_gpu_hour, asked)
    return Judgement(
        quote, verdict, tuple(ranked), below / len(asked) if asked else 0.0, middle, *_buying(quote),
        discount=discount,
    )  # fmt: skip


def _of_purchase(quote: Quote, rents: Sequence[Offer], today: date) -> Judgement:
    """A price to buy one, among the launch and street prices on file; `offers` is what it rents for."""
    from whichgpu.prices.purchase import current, purchases

    usd, rows = quote.usd_to_buy or 0.0, purchases().get(quote.gpu, ())
    known = sorted(row.usd for row in rows)
    recent = current(rows, today)
    run = _buying(quote)[1]
    saved = rents[0].usd_per_gpu_hour - run if rents and run is not None else 0.0
    return Judgement(
        quote, _purchase_verdict(usd, known, recent=recent), tuple(rents),
        bisect_left(known, usd) / len(known) if known else 0.0, median(known) if known else None,
        buy=usd, run=run, break_even_hours=usd / saved if saved > 0 else None,
    )  # fmt: skip


def _purchase_verdict(usd: float, known: Sequence[float], *, recent: bool) -> str:
    if not known:
        return "unknown"
    if recent and usd < _TOO_LOW * known[0]:
        return "too low to believe"
    if usd > known[-1] * (1 + _LIKE):
        return "higher than all"
    return "low" if usd < known[0] * (1 - _LIKE) else "usual"


def _ranked(pool: Sequence[Offer], quote: Quote, term: str, today: date) -> list[Offer]:
    """Each provider's cheapest fresh offer of the GPU on these terms, the cheapest first."""
    best: dict[str, Offer] = {}
    for row in select(pool, gpus=[quote.gpu], kinds=TERMS[term]):
        age = row.age_days(today)
        fresh = age is not None and age < STALE_DAYS and not row.superseded
        if fresh and row.usd_per_gpu_hour < _of(best.get(row.provider)):
            best[row.provider] = row
    return sorted(best.values(), key=lambda row: row.usd_per_gpu_hour)


def _usual_discount(quote: Quote) -> float:
    """The share that is assumed off on demand for a commitment as long as the quote says, else a year."""
    from whichgpu.prices.purchase import discount_facts

    long = re.search(r"\b(?:(?:3|three)[- ]?y|36[- ]?month)", quote.text, re.IGNORECASE)
    return float(discount_facts()["3-years" if long else "1-year"].value)


def median(ranked: Sequence[float]) -> float:
    """The middle of ranked figures, of an even number the mean of the two in the middle."""
    half = len(ranked) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2


def _of(offer: Offer | None) -> float:
    return offer.usd_per_gpu_hour if offer else float("inf")


def _verdict(usd: float, asked: Sequence[float]) -> str:
    """By the quarters of what providers ask."""
    if len(asked) < FEWEST:
        return "unknown"
    if usd < _TOO_LOW * asked[0]:
        return "too low to believe"
    if usd > asked[-1]:
        return "higher than all"
    quarter = len(asked) // 4
    if usd <= asked[quarter]:
        return "low"
    return "usual" if usd <= asked[-1 - quarter] else "high"


def _buying(quote: Quote) -> tuple[float | None, float | None, float | None]:
    """What one costs to buy and to run by the hour, and the hours of use at which both ways cost the same."""
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.prices.purchase import owning_cost_per_hour, purchase_price

    bought = purchase_price(quote.gpu)
    usd = quote.usd_to_buy or (bought.usd if bought else None)
    gpu = catalogue().get(quote.gpu)
    power = gpu.value("power") if gpu else None
    if usd is None or not power:
        return None, None, None
    running = owning_cost_per_hour(quote.gpu, power, usd=usd).electricity
    saved = quote.usd_per_gpu_hour - running
    return usd, running, usd / saved if saved > 0 else None
