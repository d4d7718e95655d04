"""What a card cost in a month between buying and selling: "bought for $540, sold for $300 after two years, $10 a month"."""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.dimensions import AXES
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_SOLD = re.compile(r"\b(?:sold|went for|resold|got (?:back )?[$\u20ac\u00a3])", re.IGNORECASE)
_BOUGHT = re.compile(r"\b(?:bought|paid|purchased)\b", re.IGNORECASE)
_ELSE = re.compile(r"\b(?:electricity|power|plus|rent\w*|if|each|not)\b|\?", re.IGNORECASE)
_MONTH, _PRICES = AXES.index("month"), 2
_NEAR = 0.05


def find(context: Context) -> Iterator[Finding]:
    """Every such amount a month, by what was lost in so many months."""
    for index, passage in context.document.running():
        if not (_SOLD.search(passage.text) and _BOUGHT.search(passage.text)):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = terms(passage.text, context.fraction, names)
        for sentence in sentences(passage.text):
            if not (_SOLD.search(sentence.text) and _BOUGHT.search(sentence.text)) or _ELSE.search(
                sentence.text
            ):
                continue
            here = within(every, sentence.start, sentence.end)
            prices = [each for each in here if each.of == "money" and not any(each.dims[1:])]
            monthly = [each for each in here if each.of == "money" and each.dims[_MONTH] == -1]
            lasts = [each for each in here if each.of in ("month", "year") and sum(map(abs, each.dims)) == 1]
            if len(prices) != _PRICES or len(monthly) != 1 or len(lasts) != 1:
                continue
            one, other = sorted(each.value for each in prices)
            months = lasts[0].value * (12 if lasts[0].of == "year" else 1)
            told, real = monthly[0], (other - one) / months
            right = abs(told.value / real - 1) <= _NEAR + 0.5 / told.value if real else False
            because = f"{other:g} less {one:g} over {months:g} months are {real:.4g} a month"
            yield made(
                context, passage, (told.start, told.start + len(told.words)), "arithmetic",
                "confirmed" if right else "inconsistent", attribute="resale", because=because,
                expected="" if right else f"{real:.4g}", evidence=(Evidence(because),),
            )  # fmt: skip
