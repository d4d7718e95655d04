"""Bills of instance types by the prices that a list or a table told of them: "a g5.xlarge for 300 hours".

The price by the hour is known by the type's name. Wrong is what neither that nor any other price of it makes
of the hours that the sentence tells, for any number of instances that it counts.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import is_use
from whichgpu.audit.dimensions import LASTING, dims
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.relations import rounding
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Names of instance types: of Amazon's and Oracle's, Google's, Microsoft's.
_TYPE = re.compile(
    r"(?<![\w.-])(?:[a-z]{1,3}\d\w{0,4}(?:-\w+)*\.\w{2,10}|(?:VM|BM)\.GPU\d?\.\w+(?:\.\d+)?|"
    r"(?:a[2-9]|g[2-9])-[a-z]+-\d{1,3}[gt]?|Standard_N\w{2,40})(?![\w-])",
    re.IGNORECASE,
)
#: Other terms, or more than the instance.
_ELSE = re.compile(
    r"\b(?:spot|reserv\w+|commit\w*|discount\w*|sav\w+|less|more|plus|includ\w+|storage|egress|"
    r"disks?|volumes?|tax|vat|difference|instead|if|between|from|up to|per (?:gpu|card|token|image)|each|"
    r"minimum|upfront)\b|\d\s?%|\?",
    re.IGNORECASE,
)
_HOUR, _MONEY = dims(hour=1), dims(money=1)
#: What makes a price one by the hour.
_HOURLY = re.compile(r"/\s?(?:h|hr|hour)\b|\b(?:per|an|hourly|by the) ?(?:h|hr|hour)?\b", re.IGNORECASE)
#: From an instance type to what it costs.
_COSTS = re.compile(
    r"[^;:$\u20ac\u00a3]{0,90}\b(?:costs?|com(?:es?|ing) to|adds? up to|is|are|bill(?:ed)?|pa(?:y|ys|id)|"
    r"makes?|charges?|amounts? to|sets? (?:us|you|me) back)\b[^;:.$\u20ac\u00a3]{0,30}",
    re.IGNORECASE,
)
_CLOSE, _OFF, _LIKE = 0.006, 0.03, 6.0


def find(context: Context) -> Iterator[Finding]:
    """Every such bill with its verdict."""
    if not _TYPE.search(context.document.original):
        return
    prices = _prices(context)
    for _, passage in context.document.running() if prices else ():
        if _TYPE.search(passage.text):
            every = terms(passage.text, context.fraction)
            for sentence in sentences(passage.text):
                yield from _of_sentence(passage, (sentence.start, sentence.end), every, prices, context)


def _prices(context: Context) -> dict[str, set[float]]:
    """The prices by the hour that lists and tables tell of each instance type."""
    found: dict[str, set[float]] = {}
    for series in store(context):
        told = series.measure == "price" and not series.derived and series.group != SPOKEN
        for one in series.amounts if told else ():
            names = _TYPE.findall(one.name)
            hourly = _HOURLY.search(series.label) or _is_by_the_hour(one.start, context)
            if len(names) == 1 and hourly and one.high == one.value:
                found.setdefault(names[0].lower(), set()).add(one.value)
    return found


def _is_by_the_hour(start: int, context: Context) -> bool:
    """Whether what stands behind an amount, before the line ends, says that it is by the hour."""
    line = context.document.original[start : start + 60].split("\n")[0]
    return start >= 0 and _HOURLY.search(line) is not None


def _of_sentence(
    passage: Passage, place: tuple[int, int], every: Sequence[Term], prices: dict[str, set[float]],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The amounts behind the names of a sentence, each up to the next name."""
    named = list(_TYPE.finditer(passage.text, *place))
    hours: list[float] = []
    for one, after in zip_longest(named, named[1:]):
        end = after.start() if after else place[1]
        known = prices.get(one[0].lower(), set())
        bills = [each for each in within(every, one.end(), end) if each.dims == _MONEY and each.sign]
        before = within(every, place[0], bills[0].start if bills else end)
        hours = _hours(before) or hours
        clause = passage.text[one.end() : end]
        if (
            known and hours and len(bills) == 1 and not bills[0].each
            and not _ELSE.search(clause) and not any(is_use(each) for each in before)
            and _COSTS.fullmatch(passage.text, one.end(), bills[0].start)
        ):  # fmt: skip
            counts = {1.0, *(each.value for each in before if each.counted or each.plain)}
            yield from _judged(passage, bills[0], known, (hours, counts), context)


def _hours(before: Sequence[Term]) -> list[float]:
    """The hours that a bill may be of: those that are told as such, or else of the days and months told."""
    told = [each.value for each in before if each.dims == _HOUR and each.value > 1]
    return told or [
        each.value * length for each in before for length in LASTING.get(each.dims, ()) if length > 1
    ]


def _judged(
    passage: Passage,
    told: Term,
    known: set[float],
    factors: tuple[Sequence[float], set[float]],
    context: Context,
) -> Iterator[Finding]:
    """Confirmed where a price makes a bill, wrong where all are well off it."""
    made_of = [
        (rate * hours * many, rate, hours) for rate in known for hours in factors[0] for many in factors[1]
    ]
    nearest, rate, hours = min(made_of, key=lambda each: abs(each[0] / told.value - 1))
    off = abs(told.value / nearest - 1)
    right = off <= _CLOSE + rounding(told)
    if not right and (off < _OFF + rounding(told) or not 1 / _LIKE < told.value / nearest < _LIKE):
        return
    real = f"{nearest:,.2f}"
    because = f"{hours:g} hours at {rate:g} are {real}"
    yield made(
        context, passage, (told.start, told.end), "arithmetic", "confirmed" if right else "inconsistent",
        attribute="bill", because=because, expected="" if right else real, evidence=(Evidence(because),),
    )  # fmt: skip
