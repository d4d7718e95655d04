"""A quote held against what others ask for the same GPU on the same terms, and against buying one."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from whichgpu.errors import UsageError, one_line
from whichgpu.prices import live
from whichgpu.prices.store import STALE_DAYS, TERMS, select
from whichgpu.units import in_usd, parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.prices.offers import Offer

#: Fewest offers whose spread says what is usual.
FEWEST = 4
#: A price below this share of the lowest offer is no price for the same thing.
_TOO_LOW = 0.5
_EXAMPLE = 'write e.g. "2.10 USD/h for 1x H100 SXM"'
_HOURS = {
    "h": 1.0, "hr": 1.0, "hour": 1.0, "min": 1 / 60, "minute": 1 / 60, "s": 1 / 3600, "second": 1 / 3600,
    "day": 24.0, "week": 168.0, "month": 730.5, "mo": 730.5, "year": 8766.0,
}  # fmt: skip
_MONEY = re.compile(
    r"^\s*(?:USD|US\$|\$)?\s*(?P<usd>-?[\d.,]+\s?[kK]?)\s*(?:USD|US\$|\$)?\s*(?:/|\bper\b|\ba[n]?\b)\s*"
    r"(?P<unit>[a-z]+?)s?\s*(?P<each>(?:/|\bper\b)\s*GPU)?\s*(?:for|:|,)?\s+(?P<rest>\S.*)$",
    re.IGNORECASE,
)
#: An hour of a GPU, however it is put.
_GPU_HOUR = re.compile(
    r"(?:\s*/\s*|\s+per\s+|\s+an?\s+)GPU\s*(?:[\s-]|/|\bper\b|\ban?\b)"
    r"\s*(?:per\s+|an?\s+)?h(?:ou)?r?s?\b",
    re.IGNORECASE,
)
#: Words of a quote that name its terms.
_SAID = (
    (r"\b(?:spot|preemptible|interruptible)\b", "spot"),
    (r"\b(?:reserved|committed|commitment|[13][- ]?y(?:ea)?rs?|one[- ]year|three[- ]years?)\b", "reserved"),
    (r"\b(?:marketplace|community)\b", "marketplace"),
    (r"\bserverless\b", "serverless"),
    (r"\bon[- ]demand\b", "on-demand"),
)  # fmt: skip


class Quote(NamedTuple):
    """A price somebody asks: USD per hour of one GPU, of which GPU, how many, on what terms."""

    text: str
    usd_per_gpu_hour: float
    gpu: str
    gpus: int
    term: str


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

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            **self._asdict(),
            "quote": self.quote._asdict(),
            "offers": [offer.to_dict() for offer in self.offers],
        }


VERDICTS = ("too low to believe", "low", "usual", "high", "higher than all", "unknown")


def read_quote(text: str, catalogue: Catalogue) -> Quote:
    """A quote from words; raises `UsageError` where the price, its unit or the GPU cannot be read."""
    from whichgpu.hardware.names import resolve_count

    in_usd(text)  # says so where it is another currency
    match = _MONEY.match(_GPU_HOUR.sub("/h per GPU", text))
    if match is None or match["unit"].lower() not in _HOURS:
        raise UsageError(f"'{one_line(text)}' is no price per time for a GPU; {_EXAMPLE}")
    rest, term = _term(re.sub(r"^(?:an?|one)\s+", "", match["rest"], flags=re.IGNORECASE))
    gpu, count = resolve_count(rest, catalogue)
    usd = _usd(match["usd"], text) / _HOURS[match["unit"].lower()]
    return Quote(text, usd if match["each"] else usd / count, gpu.id, count, term)


def _usd(digits: str, text: str) -> float:
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", digits)
    try:
        usd = parse(f"{plain} USD", "money")
    except UsageError:
        raise UsageError(f"'{one_line(text)}': '{digits}' is no amount of money; {_EXAMPLE}") from None
    if usd <= 0:
        raise UsageError(f"'{one_line(text)}': {digits} USD is not above zero; {_EXAMPLE}")
    return usd


def _term(rest: str) -> tuple[str, str]:
    """A quote without the words of its terms, and the terms (on demand where none are said)."""
    found = "on-demand"
    for pattern, term in _SAID:
        if re.search(pattern, rest, re.IGNORECASE):
            rest, found = re.sub(pattern, " ", rest, flags=re.IGNORECASE), term
    return rest.strip(" ,;()"), found


def judge(quote: Quote, today: date, offers: Sequence[Offer] | None = None) -> Judgement:
    """Where a quote lies among the fresh offers on the same terms; `offers` replaces those in use."""
    pool = live.current() if offers is None else offers
    ranked, discount = _ranked(pool, quote, quote.term, today), 0.0
    if quote.term == "reserved" and len(ranked) < FEWEST:
        ranked, discount = _ranked(pool, quote, "on-demand", today), _usual_discount(quote)
    asked = [row.usd_per_gpu_hour * (1 - discount) for row in ranked]
    below = bisect_left(asked, quote.usd_per_gpu_hour)
    middle = asked[len(asked) // 2] if asked else None
    verdict = _verdict(quote.usd_per_gpu_hour, asked)
    return Judgement(
        quote, verdict, tuple(ranked), below / len(asked) if asked else 0.0, middle, *_buying(quote),
        discount=discount,
    )  # fmt: skip


def _ranked(pool: Sequence[Offer], quote: Quote, term: str, today: date) -> list[Offer]:
    """Each provider's cheapest fresh offer of the GPU on these terms, the cheapest first."""
    best: dict[str, Offer] = {}
    for row in select(pool, gpus=[quote.gpu], kinds=TERMS[term]):
        age = row.age_days(today)
        fresh = age is not None and age < STALE_DAYS and row.listing != "older"
        if fresh and row.usd_per_gpu_hour < _of(best.get(row.provider)):
            best[row.provider] = row
    return sorted(best.values(), key=lambda row: row.usd_per_gpu_hour)


def _usual_discount(quote: Quote) -> float:
    """The share that is assumed off on demand for a commitment as long as the quote says, else a year."""
    from whichgpu.prices.purchase import discount_facts

    long = re.search(r"\b(?:3|three)[- ]?y", quote.text, re.IGNORECASE)
    return float(discount_facts()["3-years" if long else "1-year"].value)


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
    gpu = catalogue().get(quote.gpu)
    power = gpu.value("power") if gpu else None
    if bought is None or not power:
        return None, None, None
    running = owning_cost_per_hour(quote.gpu, power).electricity
    saved = quote.usd_per_gpu_hour - running
    return bought.usd, running, bought.usd / saved if saved > 0 else None
