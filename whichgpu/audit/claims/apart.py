"""What two prices differ by: "the step from the 4090 to the 5090 costs $400", "$1,898 more a month than".

Wrong is what no two amounts of money differ by that the text tells, or that are on file of what it compares.
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import named, of_catalogue, store
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Series
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

#: Before and behind what two differ by.
_STEP = re.compile(
    r"\b(?:step|surcharge|premium|difference|gap|jump|upgrade|extra|mark-?up|price difference|move|"
    r"going)\b[^.;$\u20ac\u00a3]{0,70}?"
    r"\b(?:costs?|is|are|amounts? to|comes to|of|was|sets you back)\s+(?:about |only |just |exactly |"
    r"a mere )*$",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:cheaper|dearer|more expensive|costlier|pricier)\b[^.;,$\u20ac\u00a3]{0,24}\bby\s+(?:about |"
    r"only |just )*$",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:\s(?:dollars|euros|bucks))?\s+(?:more|less|cheaper|dearer)\b(?! (?:per|"
    r"each))[^.;,$\u20ac\u00a3\d]{0,24}?\bthan\s",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:per (?:gb|gigabyte|token|image|million)|used|second-hand|street|ebay|save[sd]?|savings?|if|"
    r"would|could|tax|vat|about what|"
    r"electricity|energy|kwh|shipping|today|now|was once|dropped|fell|over msrp|below msrp|each)\b|\?",
    re.IGNORECASE,
)
_PERIODS = {
    "day": (24.0,),
    "week": (168.0,),
    "month": (720.0, 730.0, 744.0, 1.0),
    "year": (8760.0, 12.0, 1.0),
}
_NEAR, _FAR, _COUNTS = 0.02, 12.0, (1.0, 2.0, 3.0, 4.0, 8.0)


def find(context: Context) -> Iterator[Finding]:
    """Every such amount that no two prices differ by."""
    done = [
        (each.start, each.end)
        for each in context.memo["found"]
        if each.accuses or each.verdict == "confirmed"
    ]
    for index, passage in context.document.running():
        every = [each for each in quantities(passage.text, context.fraction) if each.dimension == "money"]
        for sentence in sentences(passage.text) if every else ():
            for one in within(every, sentence.start, sentence.end):
                start, end = passage.span(one.start, one.end)
                if any(a < end and start < b for a, b in done) or one.high != one.value or one.value <= 0:
                    continue
                lead = passage.text[sentence.start : one.start]
                said = _STEP.search(lead) or _BY.search(lead) or _MORE.match(passage.text, one.end)
                if said and not _ELSE.search(sentence.text):
                    yield from _judged(index, passage, sentence, one, every, context)


def _judged(  # noqa: PLR0917
    index: int,
    passage: Passage,
    sentence: Sentence,
    one: Quantity,
    every: Sequence[Quantity],
    context: Context,
) -> Iterator[Finding]:
    known = [
        each for each in store(context) if each.dimension in ("money", "number") and each.measure == "price"
    ]
    meant = [each for each in known if _is_of(index, passage, sentence, each, context)]
    filed = [each for each in of_catalogue(context) if each.label == "launch_price"]
    meant += [each for each in filed if _is_of(index, passage, sentence, each, context) and not meant]
    if not meant:
        return
    pools = [[each.value for each in series.amounts] for series in (*known, *filed)]
    pools.append([each.value for each in every if each is not one])
    times = {1.0} | {way for word, ways in _PERIODS.items() if word in sentence.text.lower() for way in ways}
    ways = [
        abs(m * a - n * b) * hours
        for pool in pools for a, b in permutations(pool, 2)
        for m in _COUNTS for n in _COUNTS for hours in times
        if m == n == 1.0 or len(pool) < 9
    ]  # fmt: skip
    if any(abs(way - one.value) <= max(_NEAR * one.value, 0.011) for way in ways):
        return
    series = meant[0]
    two = [each.amount for each in named(index, passage, sentence, series, context)][:2]
    a, b = two if len(two) == 2 else series.amounts[:2]
    real = abs(a.value - b.value)
    if not 1 / _FAR < real / one.value < _FAR:
        return
    because = f"{a.words or f'{a.value:g}'} and {b.words or f'{b.value:g}'} differ by {real:,.6g}"
    yield made(
        context, passage, (one.start, one.end), "arithmetic", "inconsistent", attribute="difference",
        because=because, expected=f"{real:,.6g}", evidence=(Evidence(because),),
    )  # fmt: skip


def _is_of(index: int, passage: Passage, sentence: Sentence, series: Series, context: Context) -> bool:
    """Whether a sentence names two of a series, or one where it has no more than two."""
    told = named(index, passage, sentence, series, context)
    return len(told) > 1 or (len(told) == 1 and len(series.amounts) == 2)
