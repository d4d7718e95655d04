"""What one device saves against another over some time: "over 30 days the H100 server saves $4,608".

Wrong is what no two amounts that the text told of these devices differ by in that time.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import MONEY, Amounts
from whichgpu.audit.bills.products import finding
from whichgpu.audit.dimensions import HOURS, PRICED
from whichgpu.audit.ledger import entries
from whichgpu.audit.relations import Way, rounding
from whichgpu.audit.sentences import within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.ledger import Entry

#: Before an amount that is saved, and behind one.
_SAVES = re.compile(
    r"\b(?:sav(?:es?|ed|ing|ings?)|cheaper by|difference (?:is|of|comes to|adds up to|amounts to))\b"
    r"(?:\s+(?:you|us|me|are|is|of|come to|about|around|roughly|only|just|some|almost|nearly))*\s+$",
    re.IGNORECASE,
)
_CHEAPER = re.compile(r"\s+(?:cheaper|less|saved)\b(?! per\b| an?\b)", re.IGNORECASE)
#: How long it is saved for: so many days, a month, a year.
_FOR = re.compile(
    r"\b(?:over|in|after|for|within|during)\s+(?:a (?:whole |full )?(?:month|year) of\s+)?(?P<n>\d{1,3})\s+"
    r"(?P<unit>days?|weeks|hours|months)\b|"
    r"\b(?:over|in|after|for|within|per|a|each|every|the|one)\s+(?:a |one |the |whole |full )*"
    r"(?P<period>day|week|month|year)\b",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:spot|reserv\w+|commit\w*|discount\w*|electricity|energy|kwh|watts?|power|buy\w*|bought|purchase\w*|"
    r"tokens?|images?|requests?|jobs?|runs?|if|unless|tax|vat|up to|plus|storage|idle|nights?|"
    r"weekends?)\b|[%?]",
    re.IGNORECASE,
)
_NEAR, _LIKE, _BACK, _MOST = 0.02, 60.0, 3, 24
_COUNTS = (1.0, 2.0, 4.0, 8.0)


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is said to be saved in some time, and is no such difference."""
    done = {each.start for each in context.memo["found"] if each.accuses or each.verdict == "confirmed"}
    for index, passage in context.document.running():
        if not re.search(r"\bsav|cheaper|\bless\b|\bdifference\b", passage.text):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        text = Amounts(passage, index, terms(passage.text, context.fraction, names), ())
        mine = entries(text, context)
        for told in text.every:
            if told.dims == MONEY and passage.span(told.start, told.end)[0] not in done:
                way = _off(told, mine, text, context)
                if way is not None:
                    yield finding(way, told, "inconsistent", text, context)._replace(attribute="saving")


def _off(told: Term, mine: Sequence[Entry], text: Amounts, context: Context) -> Way | None:
    """What an amount that is said to be saved should be; None where it is that, or not said."""
    words, here = text.passage.text, text.sentence(told.start)
    end = told.start + len(told.words)
    if not (_SAVES.search(words, here.start, told.start) or _CHEAPER.match(words, end)) or _ELSE.search(
        here.text
    ):
        return None
    lasts = _FOR.search(words, here.start, here.end)
    ids = {
        one: each
        for each in within(context.mentions.get(text.place, ()), here.start, here.end)
        for one in each.ids
    }
    start = text.sentence(max(here.start - 2, 0)).start
    start = text.sentence(max(start - 2, 0)).start
    before = [
        each for each in mine
        if start <= each.term.start < here.start and each.term.dims in PRICED and each.term.sign == told.sign
    ][-_MOST:]  # fmt: skip
    pairs = [
        (one, other) for at, one in enumerate(before) for other in before[at + 1 :]
        if not one.ids & other.ids and one.ids & ids.keys() and other.ids & ids.keys()
    ]  # fmt: skip
    meant = [two for two in pairs if two[0].term.dims == two[1].term.dims]
    if lasts is None or not meant:
        return None
    ways = [way for one, other in pairs for way in _apart(one, other, _time(lasts))]
    slack = max(_NEAR, min(rounding(told), 0.05))
    if any(abs(way / told.value - 1) <= slack for way in ways):
        return None
    one, other = meant[-1]
    real = next(_apart(one, other, _time(lasts)))
    if not 1 / _LIKE < told.value / real < _LIKE:
        return None
    return Way(real, real, (one.term, other.term))


def _time(lasts: re.Match[str]) -> Sequence[float]:
    """The hours of the time that is told."""
    unit = (lasts["unit"] or lasts["period"]).lower().rstrip("s")
    return tuple(float(lasts["n"] or 1) * hours for hours in HOURS[unit])


def _apart(one: Entry, other: Entry, hours: Sequence[float]) -> Iterator[float]:
    """What two amounts by the time differ by in so many hours, of as many devices as may be meant."""
    for a, b, time in product(PRICED[one.term.dims], PRICED[other.term.dims], hours):
        for count in (*_COUNTS, 1 / one.many, 1 / other.many):
            apart = abs(one.term.value / a - other.term.value / b) * time * count
            if apart:
                yield apart
