"""What each of several costs by the rate of each: the same hours and number of GPUs for one as for the other.

"The A100 server is $307.20 a day and the B200 server $1,120" behind a list of rents, "at $0.53 and $0.80 an
hour 730 hours are $387 and $684": the first shows by how much the rates were multiplied, wrong is what no
such factor makes of its own rate.
"""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.bills.amounts import MONEY, RENT, Amounts
from whichgpu.audit.bills.explained import explained
from whichgpu.audit.bills.products import finding
from whichgpu.audit.dimensions import AXES, HOURS, PRICED, dims
from whichgpu.audit.known.store import SPOKEN, store
from whichgpu.audit.ledger import entries
from whichgpu.audit.relations import Way, rounding
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.ledger import Entry

#: Lengths of time that are hours, however long a year is.
_TIMES = ("hour", "day", "week", "month")
_LENGTHS = {dims(**{name: 1}): HOURS[name][0] for name in _TIMES}
#: What makes an amount one under other terms than the rate of its device, or of more than that.
_ELSE = re.compile(
    r"\b(?:spot|reserv\w+|commit\w*|discount\w*|sav(?:es?|ed|ing|ings)|less|more|cheaper|dearer|difference|plus|"
    r"including|includes?|minimum|electricity|energy|kwh|power|storage|tax|vat|purchase|buy\w*|bought|"
    r"list price|if|would need|instead|up to|from|between|per (?:gpu|card|token|million|image)|each)\b|\?",
    re.IGNORECASE,
)
#: Numbers of GPUs that a machine has without saying so.
_COUNTS = (1.0, 2.0, 4.0, 8.0)
_EXACT, _OFF, _LIKE, _LIST, _KEPT, _BACK = 0.004, 0.03, 5.0, 3, 40, 2
_JOIN = re.compile(
    r"(?:\s?(?:per|an?|/)\s?[\w-]+)?\s*(?:,|,?\s+and|,?\s+or)\s+(?:about |around |only |just )?"
)


class _Paid(NamedTuple):
    """What is paid for a device by its rate: the amount, and every factor that may be in it."""

    entry: Entry
    rates: Sequence[float]
    factors: Sequence[float]

    def made(self) -> Iterator[tuple[float, float]]:
        """What each of its rates makes by each factor, with that factor."""
        return ((rate * factor, factor) for rate in self.rates for factor in self.factors)

    def by(self) -> list[float]:
        """The factors that make it of one of its rates."""
        return [factor for made, factor in self.made() if _is(self.entry.term, made)]


class _Off(NamedTuple):
    """An amount that is off, what it should be, and the rate that makes it by which factor, in its words."""

    told: Term
    real: float
    base: Term
    #: Whether two others are by the same factor, so that nothing else explains it.
    sure: bool = False


def find(context: Context) -> Iterator[Finding]:
    """Every amount that is no such multiple of its rate as the one beside it is."""
    known = _known(context)
    for index, passage in context.document.running():
        if not re.search(r"[$\u20ac\u00a3]|\b(?:USD|EUR|dollars|euros)\b", passage.text):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        text = Amounts(passage, index, terms(passage.text, context.fraction, names), ())
        mine = entries(text, context)
        done: set[int] = set()
        for one in (*_of_devices(text, mine, known), *_in_turn(text, context)):
            if one.told.start not in done and (one.sure or not explained(one.told, text, said=True)):
                done.add(one.told.start)
                way = Way(one.real, one.real, (one.base,))
                yield finding(way, one.told, "inconsistent", text, context)._replace(attribute="by the rate")
        known = [
            *known,
            *((each.ids, each.term) for each in mine if each.term.dims == RENT and each.many == 1),
        ][-_KEPT:]


def _known(context: Context) -> list[tuple[frozenset[str], Term]]:
    """The prices that tables and lists tell of one of a device."""
    return [
        (one.ids, _term(one.value, one.words))
        for each in store(context)
        if each.measure == "price" and each.dimension == "money" and not each.derived and each.group != SPOKEN
        for one in each.amounts
        if one.ids and one.number == 1 and one.high == one.value
    ]  # fmt: skip


def _term(value: float, words: str) -> Term:
    from whichgpu.audit.dimensions import Term as Made

    return Made(-1, 0, value, RENT, words, "$")


def _is(told: Term, made: float) -> bool:
    """Whether an amount is what is made, as it is rounded."""
    return abs(told.value / made - 1) <= max(_EXACT, min(rounding(told), 2 * _OFF))


def _hours(told: Term, text: Amounts) -> list[float]:
    """The hours that an amount may be of: those of its period, or that the passage tells."""
    if told.dims in PRICED:
        return list(PRICED[told.dims])
    if told.dims != MONEY:
        return []
    start = text.sentence(max(text.sentence(told.start).start - 2, 0)).start
    here = within(text.every, start, text.sentence(told.start).end)
    lasts = [each.value * _LENGTHS[each.dims] for each in here if each.dims in _LENGTHS]
    return [each for each in lasts if each > 1]


def _counts(text: Amounts, entry: Entry) -> list[float]:
    """How many of a device an amount may be of: as it says, or else as the passage does."""
    if entry.many > 1:
        return [entry.many]
    own = text.sentence(entry.term.start)
    start = text.sentence(max(own.start - 2, 0)).start
    # A rent that is so many times another may be another's offer, unless that many are told.
    usual = () if entry.term.dims == RENT else _COUNTS
    return [*{*usual, *(each.value for each in within(text.every, start, own.end) if each.counted)}]


def _of_devices(
    text: Amounts, mine: Sequence[Entry], known: Sequence[tuple[frozenset[str], Term]]
) -> Iterator[_Off]:
    """Amounts of two devices of which one is so many times its rate, and the other is not."""
    paid = []
    for each in mine:
        here = text.sentence(each.term.start)
        rates = {one.value: one for ids, one in known if ids & each.ids and one.value < each.term.value}
        factors = [
            n * hours for hours in _hours(each.term, text) for n in _counts(text, each) if n * hours > 1
        ]
        if each.named and each.term.sign and rates and factors and not _ELSE.search(here.text):
            paid.append(_Paid(each, tuple(rates), factors))
    for one, other in permutations(paid, 2):
        if (
            one.entry.ids & other.entry.ids
            or other.by()
            or one.entry.term.dims[: AXES.index("hour")] != MONEY[: AXES.index("hour")]
        ):
            continue
        shown = [each for each in one.by() if each in other.factors] or [
            each * other.factors[0] / one.factors[0]
            for each in one.by()
            if other.entry.term.dims != one.entry.term.dims
        ]
        for factor in shown[:1]:
            told = other.entry.term
            # Of what several tables and lists tell of it, that which comes nearest.
            rate = min(other.rates, key=lambda each: abs(math.log(told.value / each / factor)))
            real = rate * factor
            if 1 / _LIKE < told.value / real < _LIKE:
                yield _Off(told, real, _term(rate, f"{factor:g} times {rate:g}"))


def _in_turn(text: Amounts, context: Context) -> Iterator[_Off]:
    """Amounts told in the order of as many rates just before them, of which one is off."""
    every = sentences(text.passage.text)
    money = [
        [each for each in within(text.every, one.start, one.end) if each.sign and each.of == "money"]
        for one in every
    ]
    for at, told in enumerate(money):
        if len(told) < 2 or _ELSE.search(every[at].text):
            continue
        size = _size_of_list(told, text)
        base, rest = told[:size], told[size:]
        for one, more in zip(every[at + 1 : at + 1 + _BACK], money[at + 1 : at + 1 + _BACK], strict=False):
            rest += more if not _ELSE.search(one.text) else []
        for kind in {each.dims for each in rest}:
            results = [each for each in rest if each.dims == kind]
            if len(results) == size > 1:
                yield from _one_off(base, results, text, context)


def _size_of_list(told: Sequence[Term], text: Amounts) -> int:
    """How many of the first amounts of a sentence stand in a row; all where they do not."""
    for at in range(1, len(told)):
        if not _JOIN.fullmatch(
            text.passage.text, told[at - 1].start + len(told[at - 1].words), told[at].start
        ):
            return at if at > 1 else len(told)
    return len(told)


def _one_off(
    base: Sequence[Term], results: Sequence[Term], text: Amounts, context: Context
) -> Iterator[_Off]:
    """The one result that is another multiple of its rate than the others are."""
    if len({(each.sign) for each in (*base, *results)}) > 1 or any(
        each.value < 2 * min(one.value for one in base) for each in results
    ):
        return
    ratios = [each.value / one.value for one, each in zip(base, results, strict=True)]
    hours = [n * each for each in _hours(results[0], text) for n in _COUNTS]
    for at, each in enumerate(results):
        others = [ratio for place, ratio in enumerate(ratios) if place != at]
        factor = others[0]
        sure = any(abs(factor / one - 1) < _EXACT for one in hours)
        agree = all(abs(one / factor - 1) < _EXACT for one in others)
        alone = len(others) > 1 or (sure and _named_alike(base, results, text, context) and at > 0)
        if agree and alone and not any(_is(each, base[at].value * one) for one in (factor, *hours)):
            if 1 / _LIKE < ratios[at] / factor < _LIKE:
                words = f"{factor:.4g} times {base[at].words}"
                yield _Off(each, base[at].value * factor, base[at]._replace(words=words), len(others) > 1)
            return


def _named_alike(base: Sequence[Term], results: Sequence[Term], text: Amounts, context: Context) -> bool:
    """Whether two rates and their results are told beside the same devices, in the same order."""
    names = context.mentions.get(text.place, ())

    def named(every: Sequence[Term]) -> list[tuple[str, ...]]:
        first, last = text.sentence(every[0].start).start, text.sentence(every[-1].start).end
        return [each.named for each in within(names, first, last)]

    return len(named(base)) == len(base) and named(base) == named(results)
