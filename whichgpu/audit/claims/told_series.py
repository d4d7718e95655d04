"""Values of several things that follow from what was told of them: per gigabyte, per watt, per GPU, by the month.

Where most values of a column, a list or a sentence are one product or quotient of what the document told of
the same things elsewhere, with one factor, and one value alone is off, it is wrong.
"""  # noqa: E501

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.columns import beside_odd
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import SPOKEN, Amount, of_catalogue, store
from whichgpu.audit.known.turns import of_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Series

#: Factors between units that a column may be told in: periods, thousands, bytes of a gigabyte.
_FACTORS = tuple(
    sign
    for each in (1.0, 24.0, 60.0, 100.0, 720.0, 730.0, 744.0, 1000.0, 3600.0, 8760.0, 1e6, 3.6e6, 1e9, 1e12, 1e6 / 3600, 1e3 / 3600)  # noqa: E501
    for sign in {each, 1 / each}
)  # fmt: skip
#: What a thing costs by so much work: of two things the one shows what the other should be.
_UNIT_COST = re.compile(
    r"\b(?:costs?|price|\$|\u20ac)\s?(?:per|/)\s?(?:1,?000|thousand|million|1M)\b", re.IGNORECASE
)
_DECIMAL = re.compile(r"\b\d{1,3}\.\d{1,3}\b")
#: What a bill by the hours may be off by rounding.
_HOURS = 1e-6
_NEAR, _OFF, _UNLIKE, _MOST, _LEAST, _COARSE = 0.006, 0.035, 30.0, 24, 3, 0.06
_DIGITS = re.compile(r"\d[\d,]*(?:\.(\d+))?")


def find(context: Context) -> Iterator[Finding]:
    """Every value that alone does not follow from where all others do."""
    told = [each for each in store(context) if not each.derived and each.group != SPOKEN][:_MOST]
    spoken = list(of_sentences(context))
    cells = {each.start: each for table in context.document.tables for each in table}
    wrong = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for passage, series in spoken:
        place = _one_off(series, [*told, *of_catalogue(context)])
        if place is not None:
            yield from _finding(passage, series.amounts[place[0]], place[1], context)
    for series in told:
        # What is worked out stands behind what it is made of.
        first = series.amounts[0].start
        others = [each for each in told if each is not series and each.amounts[0].start <= first]
        place = _one_off(series, others)
        if place is None:
            continue
        one = series.amounts[place[0]]
        cell = cells.get(one.start) or next(
            (p for p in context.document.passages if p.start == one.start), None
        )
        if (
            cell is None
            or any(a < cell.end and cell.start < b for a, b in wrong)
            or beside_odd(cell, context)
        ):
            continue
        at = cell.text.find(one.words)
        if at >= 0:
            yield from _finding(cell, one._replace(start=at), place[1], context)


def rounding(words: str) -> float:
    """What rounding may have made of an amount, as a share of it."""
    digits = _DIGITS.search(words)
    if not digits:
        return 0.0
    plain = digits[0].replace(",", "")
    value = float(plain) or 1.0
    if digits[1]:
        return float(0.5 / 10 ** len(digits[1]) / value)
    zeros = len(plain) - len(plain.rstrip("0"))
    return float(0.5 * 10 ** min(zeros, max(len(plain) - 2, 0)) / value)


def _same(one: Amount, other: Amount) -> bool:
    if one.ids and other.ids:
        return bool(one.ids & other.ids) and one.number == other.number
    return one.name == other.name


def _matched(series: Series, other: Series) -> dict[int, Amount]:
    """The amounts of another series of the same things, by the place of each."""
    found = {}
    for at, one in enumerate(series.amounts):
        same = [each for each in other.amounts if _same(one, each)] or [
            each for each in other.amounts if one.ids and each.ids and one.ids & each.ids
        ]
        if len(same) == 1:
            found[at] = same[0]
    return found if len({id(each) for each in found.values()}) == len(found) else {}


def _one_off(series: Series, others: Sequence[Series]) -> tuple[int, str] | None:
    """The place of the one value that is off, and what it should be; None where none is, or several are."""
    size = len(series.amounts)
    if size < _LEAST - bool(_UNIT_COST.search(series.label)):
        return None
    named = tuple(float(each) for each in _DECIMAL.findall(series.label))
    # Of two things only their own table is evidence.
    near_by = [each for each in others if size >= _LEAST or each.group == series.group]
    matched = [(each, found) for each in near_by if len(found := _matched(series, each)) == size]
    off: dict[int, str] = {}
    for values, words, base in _ways(series, matched):
        if not all(values):
            continue
        ratios = [one.value / value for one, value in zip(series.amounts, values, strict=True)]
        slack = [rounding(one.words) + base for one in series.amounts]
        if max(slack) > _COARSE:
            # "1, 2 and 2" are anything by chance.
            continue
        sure = (*_FACTORS, *filter(None, named), *(ratios if base == _HOURS and size >= _LEAST else ()))
        for factor in sure if size < 4 else {*sure, *ratios}:
            near = {at for at, each in enumerate(ratios) if abs(each / factor - 1) <= _NEAR + slack[at]}
            if len(near) == size:
                # All follow: nothing is wrong with it.
                return None
            far = [at for at in range(size) if at not in near]
            if (
                len(far) == 1
                and len({series.amounts[at].value for at in near}) > min(1, size - _LEAST + 1)
                and (factor in sure or size > 4)
            ):
                apart = ratios[far[0]] / factor
                if _OFF + slack[far[0]] < abs(apart - 1) and 1 / _UNLIKE < apart < _UNLIKE:
                    off.setdefault(
                        far[0],
                        f"{words} makes it {series.amounts[far[0]].value / apart:.4g}, as of the others",
                    )
    return next(iter(off.items())) if len(off) == 1 else None


#: What a price, work by the watt and the like are made of: over, times, or the same in another unit.
_OVER = frozenset({
    ("price", "speed"), ("price", "memory"), ("price", "bandwidth"), ("price", "peak"), ("speed", "power"),
    ("peak", "power"), ("bandwidth", "power"), ("memory", "price"), ("bandwidth", "price"), ("speed", "price"),  # noqa: E501
    ("peak", "price"), ("power", "speed"),
})  # fmt: skip
_TIMES = frozenset({("price", "time"), ("time", "price"), ("power", "time"), ("time", "power")})


def _can_be(series: Series, made_of: tuple[str, ...]) -> bool:
    """Whether a series can be of what two others make: a price of prices, work by the watt of both."""
    if series.measure == "":
        return (
            made_of[0] == "price"
            if series.dimension == "money"
            else len(made_of) > 1 or made_of[0] != "price"
        )
    if series.measure == "efficiency":
        return made_of[0] in ("speed", "peak", "bandwidth") and len(made_of) > 1
    if series.measure == "price":
        return made_of[0] == "price" or ("price" in made_of and made_of[-1] == "time")
    if series.measure in ("speed", "time"):
        return made_of in (("speed",), ("time",)) or (
            made_of[0] in ("speed", "peak") and _PER_WATT.search(series.label) is not None
        )
    return series.measure == "energy" and made_of[0] in ("power", "time")


_IN_HOURS = re.compile(r"\bhours?\b", re.IGNORECASE)
_PER_WATT = re.compile(r"\b(?:watt|joule|kWh|dollar|\$|euro)\b|/\s?W\b", re.IGNORECASE)


def _ways(
    series: Series, matched: Sequence[tuple[Series, dict[int, Amount]]]
) -> Iterator[tuple[list[float], str, float]]:
    """What others make of each thing, in words, with what their rounding may change."""
    size = range(len(series.amounts))
    columns = [
        ([found[at].value for at in size], each, sum(rounding(found[at].words) for at in size) / len(size), found)  # noqa: E501
        for each, found in matched
    ]  # fmt: skip
    varied = [each for each in columns if len({*each[0]}) > 1]
    for values, each, slack, found in varied:
        label = each.label[:30]
        numbers = [max(found[at].number, series.amounts[at].number) for at in size]
        if (each.measure == "time" and _can_be(series, ("time",)) and series.measure != "time") or (
            each.measure == "speed" and series.measure == "time"
        ):
            yield [1 / value for value in values], f"one over {label}", slack
        elif series.measure == "price" and each.measure == "time" and _IN_HOURS.search(each.label):
            yield values, label, _HOURS
        elif _can_be(series, (each.measure,)) and each.measure in ("price", "power"):
            yield values, label, slack
        if (
            max(numbers) > 1
            and _can_be(series, (each.measure,))
            and each.measure in ("price", "speed", "power")
        ):
            yield [value / n for value, n in zip(values, numbers, strict=True)], f"{label} per GPU", slack
    for (a, one, i, _), (b, other, j, _) in combinations(varied, 2):
        for x, y, top, under in ((a, b, one, other), (b, a, other, one)):
            kinds = (top.measure, under.measure)
            if kinds in _OVER and _can_be(series, kinds):
                yield (
                    [m / n for m, n in zip(x, y, strict=True)],
                    f"{top.label[:30]} over {under.label[:30]}",
                    i + j,
                )
        if (one.measure, other.measure) in _TIMES and _can_be(series, (one.measure, other.measure)):
            yield (
                [m * n for m, n in zip(a, b, strict=True)],
                f"{one.label[:30]} times {other.label[:30]}",
                i + j,
            )


def _finding(passage: Passage, one: Amount, because: str, context: Context) -> Iterator[Finding]:
    because = " ".join(because.split())
    yield made(
        context, passage, (one.start, one.start + len(one.words)), "arithmetic", "inconsistent",
        attribute="told before", because=because, evidence=(Evidence(because),),
    )  # fmt: skip
