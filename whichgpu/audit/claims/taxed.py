"""Prices with a tax and without it: "2,380 euros with 19 % VAT, 1,928 net": the tax is of the net price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_TAX = r"(?:VAT|GST|MwSt\.?|sales tax|value[- ]added tax|tax)"
#: The rate that a text tells once.
_RATE = re.compile(
    rf"\b(?P<n>\d{{1,2}}(?:[.,]\d)?)\s?(?:%|per ?cent)\s+(?:of\s+)?{_TAX}\b|"
    rf"\b{_TAX}\s+(?:is|of|at|\()\s*(?P<m>\d{{1,2}}(?:[.,]\d)?)\s?(?:%|per ?cent)",
    re.IGNORECASE,
)
_NET, _GROSS = (
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:net|without (?:it|{_TAX})|exclud\w+ (?:it|{_TAX})|excl\.? {_TAX}|ex {_TAX}|"
        rf"before {_TAX}|plus {_TAX})\b",
        rf"\b(?:gross|with (?:\d+ ?% )?{_TAX}|includ\w+ (?:\d+ ?% )?{_TAX}|"
        rf"incl\.? (?:\d+ ?% )?{_TAX}|after {_TAX})\b",
    )
)
_ELSE = re.compile(r"\b(?:each|shipping|discount\w*|used|or|difference|margin|customs|import)\b|\?", re.I)
_REACH, _NEAR, _FAR = 44, 0.012, 1.6


def find(context: Context) -> Iterator[Finding]:
    """Every price without a tax that is not the one with it over so much more than one."""
    rates = {
        float((each["n"] or each["m"]).replace(",", ".")) / 100
        for passage in context.document.passages
        for each in _RATE.finditer(passage.text)
    }
    if len(rates) != 1:
        return
    rate = rates.pop()
    for _, passage in context.document.running():
        for sentence in sentences(passage.text) if _NET.search(passage.text) else ():
            every = quantities(passage.text, context.fraction)
            prices = [
                each for each in within(every, sentence.start, sentence.end)
                if each.dimension == "money" and each.high == each.value
            ]  # fmt: skip
            if len(prices) == 2 and not _ELSE.search(sentence.text):
                yield from _judged(passage, sentence, prices, rate, context)


def _judged(
    passage: Passage, sentence: Sentence, prices: Sequence[Quantity], rate: float, context: Context
) -> Iterator[Finding]:
    """Two prices of a sentence, of which one is said to be with the tax and the other to be without it."""
    kinds = [_kind(passage.text, sentence, prices, at) for at in (0, 1)]
    if set(kinds) != {"net", "gross"}:
        return
    gross, net = prices[kinds.index("gross")], prices[kinds.index("net")]
    ratio = gross.value / net.value
    if abs(ratio / (1 + rate) - 1) <= _NEAR or not 1 < ratio < _FAR:
        return
    told = prices[1]
    right = gross.value / (1 + rate) if told is net else net.value * (1 + rate)
    because = f"{rate:.3g} of the price without it on top of that make {right:,.6g}"
    yield made(
        context, passage, (told.start, told.end), "arithmetic", "inconsistent", attribute="tax",
        because=because, expected=f"{right:,.6g}", evidence=(Evidence(because),),
    )  # fmt: skip


def _kind(text: str, sentence: Sentence, prices: Sequence[Quantity], at: int) -> str:
    """Whether a price is told with the tax or without it: by the words behind it, else by those before it."""
    one = prices[at]
    end = prices[at + 1].start if at + 1 < len(prices) else sentence.end
    start = prices[at - 1].end if at else sentence.start
    for lead in (
        text[one.end : min(end, one.end + _REACH)],
        text[max(start, one.start - _REACH) : one.start],
    ):
        net, gross = _NET.search(lead), _GROSS.search(lead)
        if bool(net) != bool(gross):
            return "net" if net else "gross"
    return ""
