"""A hosted API's price per million tokens as one more offer to break even against.

With USD per million tokens in and out, a request of so many of each costs

    USD per output token = (in * input tokens / output tokens + out) / 1e6

and a fleet of so many USD/h is the cheaper from `USD/h / 3600 / USD per output token` output tokens/s on.
"""

from __future__ import annotations

import re
from functools import cache
from math import isnan
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError, UsageError, one_line
from whichgpu.facts import store
from whichgpu.planner.words import cents, money
from whichgpu.prices.store import STALE_DAYS
from whichgpu.units import DAYS_PER_MONTH, HOUR, number
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from whichgpu.planner.answer import Candidate
    from whichgpu.planner.request import Request
    from whichgpu.workloads.workload import Workload

#: USD per million tokens above which a price is a slip of the keyboard.
_ABSURD = 1e5
#: Days of a mean month.
_PRICE = (
    r"\$?\s*(?P<input>-?[\d.]+)\s*(?:/\s*\$?\s*(?P<output>-?[\d.]+))?\s*(?:USD|\$|usd)?\s*"
    r"(?:(?:per|/)\s*(?P<count>1 ?M|M|mtok|million|1k|k|thousand|1000|1,000)(?:\s*tok(?:en)?s?)?)?"
)


class ApiPrice(NamedTuple):
    """USD per million tokens in and out; `provider`, `model` and `source` of a published one."""

    usd_input: float
    usd_output: float
    text: str
    provider: str = "stated"
    model: str = ""
    source: str = ""
    as_of: date | None = None

    def usd_per_output_token(self, input_tokens: float, output_tokens: float) -> float:
        """USD of a token made, that of its prompt included."""
        return (self.usd_input * input_tokens / max(output_tokens, 1.0) + self.usd_output) / 1e6

    def to_dict(self) -> dict[str, Any]:
        """As plain data; USD per million tokens."""
        return {
            "provider": self.provider, "model": self.model, "usd_per_million_input": self.usd_input,
            "usd_per_million_output": self.usd_output, "source": self.source,
            "as_of": self.as_of.isoformat() if self.as_of else None, "text": self.text,
        }  # fmt: skip


def _plain(text: str) -> str:
    """A price without the words and signs between its numbers: `$0.60 in, $2.40 out per 1M tokens`."""
    plain = re.sub(r"US\$|\$", " ", " ".join(text.split()))
    plain = re.sub(
        r"\b(?:for\s+)?(?:inputs?|in|prompts?|outputs?|out|answers?|completions?)\b:?", " ", plain, flags=re.I
    )
    plain = re.sub(r"(?<=[\d ])\s*(?:,|;|\band\b|\+)\s+(?=[\d.])", " / ", plain, flags=re.I)
    return " ".join(plain.split())


def read_api_price(text: str) -> ApiPrice:
    """`"0.60/2.40 USD per million"`, or one price for both; raises `UsageError` for what is none."""
    found = re.fullmatch(_PRICE, _plain(text))
    if found is None:
        raise UsageError(
            f"--api-price '{one_line(text)}' is not a price of tokens; write e.g. "
            '--api-price "0.60/2.40 USD per million" (prompts / answers)'
        )
    scale = 1e3 if (found["count"] or "M").lower() in ("1k", "k", "thousand", "1000", "1,000") else 1.0
    try:
        prompts = float(found["input"]) * scale
        answers = prompts if found["output"] is None else float(found["output"]) * scale
    except ValueError:
        raise UsageError(f"--api-price '{one_line(text)}' holds no number; write e.g. 0.60/2.40") from None
    if prompts < 0 or answers <= 0:
        raise UsageError(f"--api-price '{one_line(text)}' is not above zero")
    if max(prompts, answers) > _ABSURD:
        raise UsageError(f"--api-price '{one_line(text)}' is absurd for a million tokens; is it a slip?")
    return ApiPrice(prompts, answers, text.strip())


class Hosted(NamedTuple):
    """A hosted price against the first candidate.

    `usd_per_unit` of the API (an output token, its prompt included) and of the fleet at full load;
    `breaks_even` is the rate in units/s from which the fleet costs less, `most` what the fleet makes;
    `asked` is the target, `usd_total` of the API for the whole job, where there is one.
    """

    price: ApiPrice
    gpu: str
    usd_per_unit: float
    fleet_usd_per_unit: float
    breaks_even: float
    most: float
    asked: float | None = None
    usd_total: float | None = None
    #: The day on which it is compared, by which a price is old.
    today: date | None = None

    @property
    def cheaper(self) -> bool:
        """Whether the API costs less than the fleet even at full load."""
        return self.breaks_even > self.most

    @property
    def text(self) -> str:
        """The comparison in a sentence."""
        pair = f"{cents(self.price.usd_input)} / {cents(self.price.usd_output)} USD per million in / out"
        asked = f"a hosted API at {pair}, as stated,"
        if self.price.source:
            dated = f"read {self.price.as_of.isoformat()}" if self.price.as_of else "undated"
            asked = f"the hosted API of {self.price.provider} ({self.price.model}: {pair}, {dated})"
        million = f"{money(self.usd_per_unit * 1e6)} per million tokens made, prompts included"
        own = f"{money(self.fleet_usd_per_unit * 1e6)} on {self.gpu} at full load"
        if self.cheaper:
            return f"{asked} costs {million}, less than {own}: at this price rent nothing{self._caution}"
        share = self.breaks_even / self.most
        said = (
            f"{asked} costs {million}; {own}: the fleet is the cheaper from {number(self.breaks_even)} "
            f"tokens/s on, {number(share * 100, 2)} % of what it makes"
        )
        if self.asked is not None and self.asked < self.breaks_even:
            said += f"; at the {number(self.asked)} tokens/s asked for, the API is"
        return said + self._caution

    @property
    def _caution(self) -> str:
        """What to do about a published price without a date, or read more than a year ago."""
        if not self.price.source:
            return ""
        if self.price.as_of is not None:
            days = (self.today - self.price.as_of).days if self.today else 0
            when = f"read {days / DAYS_PER_MONTH:.0f} months ago" if days >= STALE_DAYS else ""
        else:
            when = "nobody knows when it held"
        return f' ({when}: state today\'s, --api-price "IN/OUT USD per million")' if when else ""

    def to_dict(self) -> dict[str, Any]:
        """As plain data; USD per token, tokens/s."""
        return {
            **self.price.to_dict(), "gpu": self.gpu, "usd_per_unit": self.usd_per_unit,
            "fleet_usd_per_unit": self.fleet_usd_per_unit, "breaks_even": self.breaks_even,
            "fleet_most": self.most, "cheaper": self.cheaper, "asked": self.asked,
            "usd_total": self.usd_total,
            "comparison": self.text,
        }  # fmt: skip


class Fleet(NamedTuple):
    """What is compared with an API: a GPU type, USD/h, what it makes at most (tokens/s), and its prompts."""

    gpu: str
    usd_per_hour: float
    most: float
    input_tokens: float
    output_tokens: float


def compared(request: Request, workload: Workload, ranked: Sequence[Candidate]) -> tuple[Hosted, ...]:
    """Hosted prices of a model, the stated one first, against the first candidate; none for other work.

    Raises `UsageError` where a price of tokens is stated for work that makes none.
    """
    job = workload.complete(request.job)
    if workload.unit != "tokens" or job.trains or job.output_tokens is None:
        if request.api_price is not None:
            raise UsageError(
                f"--api-price is of tokens that a model makes, and {workload.id} in phase {job.phase} makes "
                f"{workload.unit}; leave it out"
            )
        return ()
    if not ranked or isnan(ranked[0].usd_per_hour):
        return ()
    first = ranked[0]
    fleet = Fleet(first.gpu, first.usd_per_hour, first.throughput.mid, float(job.input_tokens or 0.0),
                  float(job.output_tokens))  # fmt: skip
    return against(request, workload, fleet, None if request.target is None else request.target.rate)


def against(request: Request, workload: Workload, fleet: Fleet, asked: float | None) -> tuple[Hosted, ...]:
    """Every hosted price of a model, the stated one first, against a fleet; `asked` tokens/s are wanted."""
    stated = () if request.api_price is None else (request.api_price,)
    found = []
    for price in (*stated, *published(workload.id)):
        each = price.usd_per_output_token(fleet.input_tokens, fleet.output_tokens)
        found.append(Hosted(
            price, fleet.gpu, each, fleet.usd_per_hour / HOUR / fleet.most,
            fleet.usd_per_hour / HOUR / each, fleet.most, asked,
            None if request.size is None else each * request.size.units, request.today,
        ))  # fmt: skip
    return tuple(found)


def published(workload: str) -> tuple[ApiPrice, ...]:
    """The published prices of hosted APIs for a workload's model, dated ones first, then the cheapest."""
    rows = [row for row in _table() if row.get("workload") == workload]
    found = [_published(row) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.as_of is None, one.usd_input + one.usd_output)))


def _published(row: Mapping[str, str]) -> ApiPrice:
    from datetime import date

    try:
        prompts, answers = float(row["usd_input"]), float(row["usd_output"])
        day = date.fromisoformat(row["as_of"]) if row["as_of"] else None
    except ValueError as fault:
        raise DataError(f"data/prices/hosted.csv: {fault}; reinstall whichgpu") from None
    return ApiPrice(
        prompts, answers, f"{prompts:g}/{answers:g} USD per million", row["provider"], row["model"],
        row["source"], day,
    )  # fmt: skip


@cache
def _table() -> tuple[Mapping[str, str], ...]:
    table = store.part("prices", "hosted")
    return tuple(dict(zip(table["columns"], row, strict=True)) for row in table["rows"])
