"""Ways in which a line of a table may follow from others of it."""

from __future__ import annotations

from functools import partial
from itertools import combinations, pairwise, permutations
from statistics import fmean, geometric_mean, harmonic_mean, median
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.units import DAY, HOUR, MINUTE
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from whichgpu.audit.derived.lines import Line

#: Factors that units and prefixes make: per mille, minutes, hours of a day, a month and a year, percent.
_POWERS = (1.0, 1e3, 1e-3, 1e6, 1e-6, 1e9, 1e-9, 1e12, 1e-12, 100.0, 0.01)
_SPANS = (1.0, MINUTE, HOUR, 24.0, 30.0, 720.0, 730.0, 744.0, 8760.0, DAY, 365.0, 12.0, 52.0, 7.0)
_NATURAL = tuple({p * s for p in _POWERS for s in _SPANS} | {p / s for p in _POWERS for s in _SPANS})
#: Bytes of a number in each format, and what becomes of GB from billions.
_BYTES = tuple(n * power for n in (2.0, 4.0, 8.0, 0.5, 0.25, 0.125) for power in (1.0, 1e9, 1e-9))
#: What a line of ratios, of changes and differences, of shares and so on may be called.
_RATIO = re.compile(
    r"\bvs\.?\b|\bversus\b|\brelativ\w*|speed-?\s?up|\bnorm\w*|\bindex\b|\bfactor\b|\bratio\b|"
    r"\bmultiple\b|\bgain\b|uplift|\bscal\w+|faster|slower|\btimes\b|^x$|\u00d7|compared|\bover\b|"
    r"\badvantage\b|\bof the\b|gegen\u00fcber|verh\u00e4ltnis|\brapport\b|\bx\b|=\s?1(?:\.0+|00)?\b|"
    r"efficien|\bshare\b|/|"
    r"\bper\b(?!\s(?:gpu[- ]?)?(?:h|hr|hour|minute|min|day|week|month|year|second|gpu|card|node|server|rack|"
    r"machine|unit|instance)\b)",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\bchange\b|\bdiff\w*|\bdelta\b|\u0394|[+\u2212-]/[+\u2212-]|\b(?:in|de)crease\b|\bgain\b|uplift|"
    r"\bsav\w+|\bvs\.?\b|\bversus\b|\bimprove\w*|\bmore\b|\bless\b|\blead\b|\bgap\b|\bdrop\b|"
    r"\bgrowth\b|\badvantage\b|unterschied|\u00e9cart|diferencia|differenz|faster|slower|%|\bover\b|"
    r"\bbetter\b|\bextra\b|\bpremium\b|compared|relative|\boff\b|margin|\bleft\b|remain\w*|"
    r"head-?room|spare|free",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"\bprev\w*|\bprior\b|\blast\b|\bbefore\b|\bpredecessor|\bgain\b|\bgeneration|\bstep\b|\b[my]o[my]\b|"
    r"vorg\u00e4nger|vorher",
    re.IGNORECASE,
)
_CHANGES = re.compile(r"\bchange\b|\bdiff\w*|\bdelta\b|\u0394|crease\b|\bgrowth\b", re.IGNORECASE)
_AGAINST = re.compile(r"\bvs\.?\b|\bversus\b|\brelative|\bcompared|\bover\b", re.IGNORECASE)
_SHARE = re.compile(r"\bshare\b|\bof total\b|%|\bpercent\w*|anteil|\bpart\b", re.IGNORECASE)
_EFFICIENCY = re.compile(r"efficien|\bscaling\b|effizienz", re.IGNORECASE)
_RUNNING = re.compile(r"\bcumul\w*|\brunning\b|\bto date\b|\bso far\b|kumul", re.IGNORECASE)
_WORKED = re.compile(
    r"\btotal|\bsum\b|\bcost|\bbill|\benergy|\bkwh\b|\bspen[dt]|\$|\u20ac|gesamt|kosten|co\u00fbt|"
    r"\bhours?\b|\bgpu-?hours?",
    re.IGNORECASE,
)
_PER = re.compile(r"\b(?:per|pro|par|por|je)\b|\w\s?/\s?(?!s\b|h\b|hr\b|hour|month|GPU)\S", re.IGNORECASE)
#: How many a row has, which follows from nothing.
_NUMBER_OF = re.compile(
    r"(?:number of |no\. of |total |# ?(?:of )?)?(?:gpus?|cards?|nodes?|servers?|qty|quantity|count|units|"
    r"instances|replicas|v?cpus?|anzahl|nombre|cantidad)(?: count)?",
    re.IGNORECASE,
)
#: What rows of all others are called.
_OF_ALL = {
    "mean": re.compile(
        r"\W*(?:geo(?:metric)?[ -]?)?(?:mean|average|avg\.?|mittel(?:wert)?|durchschnitt|moyenne|media|"
        r"promedio|\u00d8)(?:\b.*)?$",
        re.IGNORECASE,
    ),
    "median": re.compile(r"\W*median\b.*$", re.IGNORECASE),
    "total": re.compile(
        r"\W*(?:(?:grand |monthly |overall )?(?:total|sum|summe|gesamt|insgesamt|totale?|suma|somme)\b[^/]*|"
        r"all(?: of (?:it|them))?\W*)$",
        re.IGNORECASE,
    ),
    "extreme": re.compile(
        r"\W*(?:min(?:imum)?|max(?:imum)?|best|worst|lowest|highest|peak)\b.*$", re.IGNORECASE
    ),
}
#: Lines of which three are multiplied, cells that are tried before all are, and how near they must come.
_WIDE, _FIRST, _CLOSE = 9, 5, 0.04
#: Cells that a line has at least; those that a product of three is shown by.
_LEAST, _SHOWN = 2, 3
#: Rows that are tried as the one which the others are held against, and those that a table ends with.
_BASES, _LAST = 3, 4


class Relation(NamedTuple):
    """A line that follows from others: by row the least, the middle and the most that it should be."""

    at: int
    words: str
    inputs: tuple[int, ...]
    made: Mapping[int, tuple[float, float, float]]
    #: The row that all others are held against; 0 where there is none.
    base: int = 0
    #: Whether the heading of the line says what it is.
    named: bool = False
    #: How many of its lines are chosen freely: of many ways that are tried one fits by chance.
    free: int = 0
    #: What a change is of: 3 % are told within half of 1 % of what changed.
    over: float = 0.0
    #: Whether it may hold in most rows and not in others: a discount that one offer does not have.
    loose: bool = False
    #: Whether the heading of the line names all that it follows from, and its table has one line of each.
    defined: bool = False
    #: Whether none of its lines is the result of the others, so that either may have the wrong cell.
    even: bool = False


def aggregate(name: str) -> str:
    """What a row of all others is of, by its heading: mean, median, total, extreme; else empty."""
    return next((way for way, words in _OF_ALL.items() if words.match(name.strip())), "")


def related(
    read: Mapping[int, Line], heads: Mapping[int, str], file: Sequence[Line], stated: Collection[float] = ()
) -> Iterator[Relation]:
    """Every way in which a line may follow from the others of its table.

    `heads` names the rows; `stated` are the numbers that stand around the table.
    """
    plain = {row for row, name in heads.items() if not aggregate(name)}
    for at, told in read.items():
        if at == 0 or len(told.values) < _LEAST:
            continue
        others = [one for key, one in read.items() if key != at and len(one.values) >= _LEAST]
        if _NUMBER_OF.fullmatch(told.name.strip(" :*")):
            # So many servers with so many each: nothing else tells how many there are.
            yield from _of_counts(told, [one for one in others if one.counts])
            continue
        yield from _of_pairs(told, others)
        yield from _of_sum(told, others)
        yield from _of_one(told, others, stated)
        yield from _of_base(told, others, heads, plain)
        yield from _of_heads(told, others)
        yield from _of_all(told, others, plain)
        yield from _of_three(told, others)
        yield from _of_file(told, others, file)


def _made(
    told: Line, of: Callable[..., float], *lines: Line, scale: float = 1.0
) -> dict[int, tuple[float, float, float]]:
    """A function of other lines by row, with what rounding makes of it, where it has a value."""
    made: dict[int, tuple[float, float, float]] = {}
    if len({each.name for each in lines}) < len(lines):
        # Of two lines of one name nothing tells which is which.
        return made
    for row in sorted(set(told.values).intersection(*(each.values for each in lines))):
        values = [each.values[row] for each in lines]
        try:
            middle = of(*values)
            # Each number is rounded by itself: what they come to together is the sum of what each does.
            off = 0.0
            for place, each in enumerate(lines):
                ends = (values[place] - each.halves[row], values[place] + each.halves[row])
                off += max(abs(of(*values[:place], end, *values[place + 1 :]) - middle) for end in ends)
        except (ZeroDivisionError, OverflowError):
            continue
        made[row] = (scale * (middle - off), scale * middle, scale * (middle + off))
    return made


def _over(a: float, b: float) -> float:
    return a / b


def _less(a: float, b: float) -> float:
    return a - b


def _apart(a: float, b: float) -> float:
    return abs(a - b)


def _change(a: float, b: float) -> float:
    return a / b - 1


def _below(a: float, b: float) -> float:
    return 1 - a / b


#: A function of two in words, and what a heading calls it.
_PAIRS: tuple[tuple[str, Callable[[float, float], float], re.Pattern[str]], ...] = (
    ("{0} over {1}", _over, _RATIO),
    ("{0} less {1}", _less, _CHANGE),
    ("what {0} and {1} are apart", _apart, _CHANGE),
    ("the change from {1} to {0}", _change, _CHANGE),
    ("what {0} is below {1}", _below, _CHANGE),
)


def _scales(told: Line, of: Callable[..., float]) -> tuple[float, ...]:
    """What a result is told in: a change by the hundred too, where its cells have no sign for it."""
    return (1.0, 100.0) if of in (_change, _below) and not told.shares else (1.0,)


#: What is paid, and for what, by the unit or the word that a heading has for it.
_PRICE_PER = re.compile(
    r"\W*(?:\$|\u20ac|usd|eur|dollars?|price|costs?|msrp)\s?(?:per|/)\s?"
    r"(?:(?P<bandwidth>[GT]B/s|bandwidth)|(?P<memory>[GT]i?B(?!/)|gigabytes?)|(?P<power>W|watts?)|"
    r"(?P<flops>[TP]FLOPS?))\b[^/]*$",
    re.IGNORECASE,
)
_PAID_FOR = {"memory": "memory", "bandwidth": "bandwidth", "power": "power", "flops": "flop rate"}


def _price_per(told: Line, others: Sequence[Line]) -> tuple[int, int] | None:
    """The one price and the one amount of a table over each other, where a heading says that it is that."""
    said = _PRICE_PER.match(told.name)
    if said is None:
        return None
    of = _PAID_FOR[said.lastgroup or ""]
    prices = [one.at for one in others if one.money and not _PER.search(one.name)]
    paid = [one.at for one in others if of in one.dimensions or _is_headed(one, of)]
    return (prices[0], paid[0]) if len(prices) == len(paid) == 1 else None


def _is_headed(one: Line, dimension: str) -> bool:
    """Whether a heading tells the unit of bare numbers below it: "Memory (GB)"."""
    unit = _IN_BRACKETS.search(one.name)
    told = quantities(f"1 {unit[1]}") if unit and one.dimensions == {"number"} else []
    return len(told) == 1 and told[0].dimension == dimension


_IN_BRACKETS = re.compile(r"\(([^()]{1,8})\)")


def _of_sum(told: Line, others: Sequence[Line]) -> Iterator[Relation]:
    """A line that is called the total, of all others of its kind."""
    alike = (one for one in others if one.at and one.dimensions == told.dimensions)
    parts = [one for one in alike if not aggregate(one.name)]
    if aggregate(told.name) == "total" and len(parts) > 1 and not told.shares:
        made = _made(told, _sum_of, *parts)
        said = " and ".join(one.name for one in parts)
        ats = tuple(one.at for one in parts)
        yield Relation(told.at, said, ats, made, named=True, defined=True)


def _sum_of(*parts: float) -> float:
    return sum(parts)


def _of_pairs(told: Line, others: Sequence[Line]) -> Iterator[Relation]:
    per = _price_per(told, others)
    for a, b in permutations([one for one in others if not one.shares], 2):
        for words, of, headings in _PAIRS:
            named = headings.search(told.name) is not None
            if (named or told.shares or of is _over) and _is_of_money(told, of, a, b):
                for scale in _scales(told, of):
                    made = _made(told, of, a, b, scale=scale)
                    over = scale if of in (_change, _below) else 0.0
                    one = Relation(told.at, words.format(a.name, b.name), (a.at, b.at), made, free=2)
                    defined = of is _over and per == (a.at, b.at)
                    yield from _in_units(
                        told, one._replace(named=named or defined, over=over, defined=defined), of
                    )
    for a, b in combinations(others, 2):
        for words, of in (("{0} times {1}", _times), ("{0} and {1}", _sum)):
            if _is_of_money(told, of, a, b) and not (a.shares and b.shares):
                one = Relation(
                    told.at, words.format(a.name, b.name), (a.at, b.at), _made(told, of, a, b), free=2
                )
                yield from _in_units(told, one, of)
    yield from _of_shares(told, others)


def _in_units(told: Line, one: Relation, of: Callable[..., float]) -> Iterator[Relation]:
    """A relation; a product or a quotient in whatever units."""
    if of in (_times, _over) and not told.shares:
        yield from _scaled(told, one)
    elif of is not _sum or not told.shares:
        yield one


def _of_counts(told: Line, others: Sequence[Line]) -> Iterator[Relation]:
    for a, b in combinations(others, 2):
        made = _made(told, _times, a, b)
        yield Relation(told.at, f"{a.name} times {b.name}", (a.at, b.at), made, named=True, free=2)


def _of_shares(told: Line, others: Sequence[Line]) -> Iterator[Relation]:
    """An amount less, or and, a share of it: a net price, a price with tax."""
    for share in (one for one in others if _is_share(one)):
        per = 1.0 if share.shares else 0.01
        for a in (one for one in others if one is not share and not one.shares and one.money == told.money):
            for words, sign in (("{0} less {1} of it", -per), ("{0} and {1} of it", per)):
                made = _made(told, partial(_with_share, sign), a, share)
                said = words.format(a.name, share.name)
                yield Relation(told.at, said, (a.at, share.at), made, free=2)


def _is_share(one: Line) -> bool:
    told = [each.told.dimension for each in one.amounts.values()]
    return told.count("percent") == len(told) > 0 or ("%" in one.name and not one.shares)


def _with_share(sign: float, a: float, share: float) -> float:
    return a * (1 + sign * share)


def _times(a: float, b: float) -> float:
    return a * b


def _sum(a: float, b: float) -> float:
    return a + b


def _is_of_money(told: Line, of: Callable[..., float], *lines: Line) -> bool:
    """Whether what a function of lines makes is of money where the line is, and only there."""
    money = [one.money for one in lines]
    if of in (_times, _product):
        return sum(money) == told.money
    if of is _over:
        return money[0] - money[1] == told.money or (money[1] and not money[0] and not told.money)
    if of is _third:
        return money[0] + money[1] - money[2] == told.money
    return told.shares or len({*money, told.money}) == 1 or (of in (_change, _below) and len({*money}) == 1)


#: What whoever builds a machine puts around its GPUs: chosen, and no law of one another.
_CHOSEN = re.compile(r"\b(?:v?cpus?|v?cores per|threads|host|nodes?|system)\b|(?<!v)\bram\b", re.IGNORECASE)


def _of_one(told: Line, others: Sequence[Line], stated: Collection[float]) -> Iterator[Relation]:
    """One line times a number that units make or that stands around the table."""
    if _CHOSEN.search(told.name):
        others = [one for one in others if not _CHOSEN.search(one.name)]
    stated = {*stated, *_numbers(told.name)}
    for a in (one for one in others if one.number and told.number and one.dimensions == {"memory"}):
        # What one user takes so many take.
        if told.dimensions == a.dimensions:
            made = _made(told, float, a, scale=told.number / a.number)
            said = f"{a.name} times {told.number / a.number:,.4g}"
            yield Relation(told.at, said, (a.at,), made, free=2, even=True)
    for a in (one for one in others if not one.shares):
        if a.number and told.number and a.dimensions != {"memory"}:
            # Speeds of several devices are no law of those of one.
            continue
        rows = sorted(set(told.values) & set(a.values))
        ratios = [told.values[row] / a.values[row] for row in rows if a.values[row]]
        if len(ratios) < _SHOWN or told.shares or median(ratios) <= 0:
            continue
        middle, alike = median(ratios), a.dimensions == told.dimensions != {"number"}
        known = (*_NATURAL, *(() if alike else _BYTES), *(each for n in stated for each in (n, 1 / n)))
        by = min(known, key=lambda each: abs(middle / each - 1))
        if abs(middle / by - 1) <= _CLOSE / 2:
            made = _made(told, float, a, scale=by)
            said = f"{a.name} times {by:,.4g}"
            # That two lines are alike in most rows shows nothing of the others.
            yield Relation(told.at, said, (a.at,), made, free=2, loose=by == 1.0)
    for a in (one for one in others if not one.shares):
        for n in _numbers(told.name):
            made = _made(told, partial(_apart, n), a)
            said = f"what {a.name} and {n:,.4g} are apart"
            yield Relation(told.at, said, (a.at,), made, named=_CHANGE.search(told.name) is not None, free=2)


def _of_base(
    told: Line, others: Sequence[Line], heads: Mapping[int, str], plain: Collection[int]
) -> Iterator[Relation]:
    """Each cell of another line against that of one row: the one that is 1 here, or that is named."""
    if not (told.shares or _RATIO.search(told.name) or _CHANGE.search(told.name)):
        return
    bases = _bases(told, heads, plain)
    alone = len([one for one in others if one.at and not one.shares]) == 1
    for one in others:
        for base in bases if not one.shares else ():
            if one.values.get(base, 0.0) <= 0:
                continue
            slack = one.halves[base] / one.values[base]
            for words, of, _ in (*_PAIRS, ("{1} over {0}", _inverse, _RATIO)):
                way = partial(_against, of, one.values[base])
                for scale in (1.0, 100.0) if of is not _less and not told.shares else (1.0,):
                    made = {
                        row: (low - abs(mid) * slack, mid, high + abs(mid) * slack)
                        for row, (low, mid, high) in _made(told, way, one, scale=scale).items()
                    }
                    said = words.format(one.name, f"that of {heads.get(base, '')}")
                    over = scale if of in (_change, _below) else 0.0
                    found = Relation(told.at, said, (one.at,), made, base=base, named=True, free=2, over=over)
                    # Of two columns of numbers the one is of the other, and one row is 1.
                    yield found._replace(defined=alone and told.values.get(base) == 1.0 and of is not _less)
    yield from _of_steps(told, others, plain)


def _of_steps(told: Line, others: Sequence[Line], plain: Collection[int]) -> Iterator[Relation]:
    """Each cell of another line against the one before it."""
    if not (_STEP.search(told.name) or (_CHANGES.search(told.name) and not _AGAINST.search(told.name))):
        return
    for one in others:
        for words, of in (("{0} over that before", _over), ("the change of {0} from that before", _change)):
            made = {}
            rows = sorted({*plain} & {*one.values})
            for before, row in pairwise(rows):
                a, b, halves = one.values[row], one.values[before], one.halves
                if row in told.values and b > 0 < a:
                    off = a / b * (halves[row] / a + halves[before] / b)
                    made[row] = (of(a, b) - off, of(a, b), of(a, b) + off)
            over = float(of is _change)
            yield Relation(told.at, words.format(one.name), (one.at,), made, named=True, free=2, over=over)


def _inverse(a: float, b: float) -> float:
    return b / a


def _against(of: Callable[[float, float], float], whole: float, value: float) -> float:
    return of(value, whole)


def _bases(told: Line, heads: Mapping[int, str], plain: Collection[int]) -> list[int]:
    """The rows that others may be held against: of 1, named in the heading, with a dash for a number."""
    name = told.name.lower()
    ones = [row for row in sorted(told.values) if told.values[row] in (0.0, 1.0, 100.0)]
    named = [row for row, head in heads.items() if len(head.strip()) > 1 and head.strip().lower() in name]
    dashes = [row for row in sorted(heads) if row not in told.values]
    found = [row for row in (*ones, *named, *dashes[:1]) if row in plain]
    return list(dict.fromkeys(found))[:_BASES]


def _numbers(name: str) -> list[float]:
    """The amounts that a heading tells: "free on 24 GB"."""
    return [
        each.value for each in quantities(name) if each.high == each.value > 0 and each.dimension != "number"
    ]


def _of_heads(told: Line, others: Sequence[Line]) -> Iterator[Relation]:
    """Speeds of several over so many times that of fewer, by the numbers in the headings."""
    if not (told.shares or _EFFICIENCY.search(told.name)):
        return
    for a, b in permutations([one for one in others if one.number and not one.shares], 2):
        if a.number > b.number:
            times = a.number / b.number
            made = _made(told, _over, a, b, scale=1 / times)
            yield Relation(told.at, f"{a.name} over {times:g} times {b.name}", (a.at, b.at), made, named=True)
    for one in (each for each in others if each.shares or _RATIO.search(each.name)):
        for number in sorted({each.number for each in (*others, one) if each.number > 1}):
            made = _made(told, float, one, scale=1 / number)
            yield Relation(told.at, f"{one.name} over {number}", (one.at,), made, named=True)


def _of_all(told: Line, others: Sequence[Line], plain: Collection[int]) -> Iterator[Relation]:
    """Shares of a sum, and sums so far."""
    for one in others:
        rows = [row for row in sorted(one.values) if row in plain]
        whole = sum(one.values[row] for row in rows)
        if _SHARE.search(told.name) and whole > 0 and len(rows) >= _SHOWN and not one.shares:
            for scale in (1.0, 100.0):
                made = _made(told, float, one, scale=scale / whole)
                yield Relation(told.at, f"the share of {one.name}", (one.at,), made, named=True)
        if _RUNNING.search(told.name):
            so_far = {row: sum(one.values[each] for each in rows if each <= row) for row in rows}
            made = {row: (v, v, v) for row, v in so_far.items() if row in told.values}
            yield Relation(told.at, f"the sum of {one.name} so far", (one.at,), made, named=True)


def _product(a: float, b: float, c: float) -> float:
    return a * b * c


def _third(a: float, b: float, c: float) -> float:
    return a * b / c


def _of_three(told: Line, others: Sequence[Line]) -> Iterator[Relation]:
    """Products of three: so many devices for so many hours at so much each."""
    if len(others) > _WIDE or not (told.money or _WORKED.search(told.name)):
        return
    for a, b, c in combinations([one for one in others if len(one.values) >= _SHOWN], 3):
        ways = ((_product, (a, b, c)), (_third, (a, b, c)), (_third, (a, c, b)), (_third, (b, c, a)))
        for of, lines in ways:
            if _is_of_money(told, of, *lines) and _may_be(told, of, lines):
                words = "{0} times {1} times {2}" if of is _product else "{0} times {1} over {2}"
                said = words.format(*(one.name for one in lines))
                made = _made(told, of, *lines)
                yield from _scaled(
                    told, Relation(told.at, said, tuple(one.at for one in lines), made, free=3)
                )


def _may_be(told: Line, of: Callable[..., float], lines: Sequence[Line]) -> bool:
    """Whether the first cells, but for one, are one number times what a function of other lines gives."""
    rows = sorted(set(told.values).intersection(*(one.values for one in lines)))[:_FIRST]
    try:
        found = [told.values[row] / of(*(one.values[row] for one in lines)) for row in rows]
    except ZeroDivisionError:
        return False
    if len(found) < _SHOWN or min(found) <= 0:
        return False
    near = sum(abs(each / median(found) - 1) <= _CLOSE for each in found)
    return near >= max(_SHOWN, len(found) - 1)


def _scaled(told: Line, one: Relation) -> Iterator[Relation]:
    """A relation times the factor of units that most of its rows have; none where they have another."""
    ratios = [told.values[row] / mid for row, (_, mid, _) in one.made.items() if mid]
    if ratios:
        factor = median(ratios)
        by = min(_NATURAL, key=lambda each: abs(factor / each - 1))
        if abs(factor / by - 1) <= _CLOSE / 2:
            made = {row: (low * by, mid * by, high * by) for row, (low, mid, high) in one.made.items()}
            yield one._replace(made=made)


def _of_file(told: Line, others: Sequence[Line], file: Sequence[Line]) -> Iterator[Relation]:
    """One line over another, where one of them at least is what the devices have on file."""
    if not _PER.search(told.name.replace("GB/s", "bandwidth").replace("TB/s", "bandwidth")):
        return
    for a, b in permutations((*others, *file), 2):
        if (a.on_file or b.on_file) and not (a.shares or b.shares):
            made = _made(told, _over, a, b)
            one = Relation(told.at, f"{a.name} over {b.name}", (a.at, b.at), made, named=True, free=2)
            yield from _scaled(told, one)


class Mean(NamedTuple):
    """A cell of a row of means: the line and the row, what it is called, and what it may be."""

    line: Line
    row: int
    way: str
    ways: Mapping[str, float]


def means(read: Mapping[int, Line], heads: Mapping[int, str]) -> Iterator[Mean]:
    """Cells of rows of means and medians, with every mean of the cells above."""
    last = max(heads, default=0)
    for row, name in heads.items():
        way = aggregate(name)
        above = [each for each in heads if each < row and not aggregate(heads[each])]
        if way not in ("mean", "median") or len(above) < _LEAST or row < last - _LAST:
            continue
        for at, one in read.items():
            values = [one.values[each] for each in above if each in one.values]
            if at and row in one.values and len(values) == len(above) and min(values) > 0:
                ways = {
                    "mean": fmean(values), "geometric mean": geometric_mean(values),
                    "harmonic mean": harmonic_mean(values), "median": median(values),
                }  # fmt: skip
                yield Mean(one, row, way, ways)
