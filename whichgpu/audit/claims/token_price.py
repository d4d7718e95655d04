"""Prices of a million tokens with the rent and the rate that they are of behind them, in brackets.

"$0.02 per million tokens (at $0.79 an hour and 9,500 tokens/s)": the rent over what an hour makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_PRICE = re.compile(
    r"\$(?P<price>\d+(?:\.\d+)?)\s*(?:per|/|for a)\s*(?:1\s?M|million)\s+"
    r"(?:output\s+|generated\s+)?tok(?:en)?s?\s*\((?P<of>[^()]{8,120})\)",
    re.IGNORECASE,
)
_RENT = re.compile(r"\$(?P<rent>\d+(?:\.\d+)?)\s*(?:/|per|an)\s*h(?:ou)?r?\b", re.IGNORECASE)
_RATE = re.compile(
    r"(?<![\w.,$])(?P<rate>\d[\d,]*(?:\.\d+)?)\s*tok(?:en)?s?\s*(?:/|per|a)\s*s(?:ec(?:ond)?)?\b",
    re.IGNORECASE,
)
#: What makes it the price of another amount of work than the rate's.
_OTHERWISE = re.compile(
    r"\d\s?%|\b(?:utili[sz]\w+|cards|gpus|busy|load|input|spot)\b|\d\s?[x\u00d7]\s", re.IGNORECASE
)
_SECONDS, _MILLION = 3600.0, 1e6
#: What rounding makes of it, and how far off it is wrong.
_WITHIN, _WRONG = 0.06, 0.25


def find(context: Context) -> Iterator[Finding]:
    """Every such price with its verdict."""
    for _, passage in context.document.running():
        for match in _PRICE.finditer(passage.text):
            rents, rates = list(_RENT.finditer(match["of"])), list(_RATE.finditer(match["of"]))
            if len(rents) != 1 or len(rates) != 1 or _OTHERWISE.search(match["of"]):
                continue
            told, rent = float(match["price"]), float(rents[0]["rent"])
            rate = float(rates[0]["rate"].replace(",", ""))
            if not (told and rent and rate):
                continue
            real = rent / (rate * _SECONDS) * _MILLION
            step = 0.5 * 10.0 ** -len(match["price"].partition(".")[2])
            off = abs(told - real)
            verdict = "confirmed" if off <= max(step, _WITHIN * real) else "unverifiable"
            verdict = "inconsistent" if off > max(step, _WRONG * real) else verdict
            because = f"{rents[0][0]} and {rates[0][0]} make ${real:.3g} per million tokens"
            yield made(
                context, passage, match.span("price"), "arithmetic", verdict, attribute="price per token",
                because=because, expected="" if verdict == "confirmed" else f"{real:.2g}",
                evidence=(Evidence(because),),
            )  # fmt: skip
