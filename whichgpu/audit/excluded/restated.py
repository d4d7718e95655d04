"""Amounts that say again what stands right before them: a share of one, a time in another unit, a difference.

"A sixth of 24 GB is 6 GB", "5,811 hours, that is 24 days", "575 W, 125 W less than the 4090's 450 W", "in
2018 and in 2023, seven years later".
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import share_of
from whichgpu.audit.excluded.scope import inconsistent, stated
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import within
from whichgpu.units import DAY, HOUR, MINUTE, MONTH, WEEK, YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_SHARE = re.compile(
    r"\b(?P<share>half|(?:an?|one|two|three|four|nine)[ -](?:half|thirds?|quarters?|fifths?|sixth|eighth|"
    r"tenths?)|"
    r"(?P<percent>\d{1,3}(?:\.\d)?)\s?(?:%|percent))\s+of\s+(?:the\s+|its\s+|those\s+|"
    r"these\s+)?(?=[$\u20ac]?\d)",
    re.IGNORECASE,
)
_IS = re.compile(
    r",?\s+(?:(?:that|this|which)\s+)?(?:is|are|makes?|equals?|means|comes to|gives?|leaves|would be|were)\s+"
    r"(?:about\s+|around\s+|roughly\s+|only\s+|just\s+|some\s+)?[~$\u20ac]?$",
    re.IGNORECASE,
)
_THAT_IS = re.compile(
    r"\s*(?:[,(=\u2013-]\s*)(?:(?:that is|i\.e\.|or|which is|which makes|equal to|so|hence|thus|"
    r"=)[,:]?\s+)?(?:after\s+|in\s+)?"
    r"(?:about\s+|around\s+|roughly\s+|nearly\s+|almost\s+|just\s+|only\s+|some\s+|over\s+)*",
    re.IGNORECASE,
)
#: Units of time with their seconds.
_UNITS = {"second": 1.0, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK, "month": MONTH,
          "year": YEAR}  # fmt: skip
_TIME = re.compile(
    r"(?P<n>\d[\d,]*(?:\.\d+)?)\s(?P<unit>seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b"
    r"(?!\s+(?:a|per|each|every|old|ago|earlier|later)\b)",
    re.IGNORECASE,
)
#: A difference between the amount before it and the one behind it, or of the device there.
_BY = re.compile(
    r",?\s*(?:or\s+|which is\s+|i\.e\.,?\s+|that is\s+|so\s+)?(?:about\s+|around\s+|roughly\s+|only\s+|"
    r"just\s+|some\s+)*$",
    re.I,
)
_MORE = re.compile(
    r"\s+(?:of \w+ )?(?:(?P<more>more|higher|above|over)|(?P<less>less|lower|fewer|"
    r"below))\s+than\s",
    re.I,
)
_YEARS = re.compile(
    rf"\b(?P<n>{'|'.join(SPELLED)}|one|\d{{1,2}})\s(?:full\s)?years?\s(?:later|earlier|after|before|apart|"
    rf"newer|older|younger)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\d.,$])(?P<y>20[0-3]\d)(?![\d,.]*\d)(?!\s?(?:W|GB|MHz|TFLOPS|cores|images|tokens))")
_FAR = 0.12


def restated(context: Context) -> Iterator[Finding]:
    """Every such amount of running text that is another one."""
    for index, passage, sentence in stated(context):
        here = context.mentions.get(index, ())
        names = [each for each in here if sentence.start < each.end and each.start < sentence.end]
        every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
        told = [
            each
            for each in every
            if each.value and not any(one.start <= each.start < one.end for one in names)
        ]
        yield from _shares(passage, sentence, told, context)
        yield from _times(passage, sentence, context)
        yield from _differences(passage, told, context)
        yield from _years(passage, sentence, context)
        yield from _durations(passage, sentence, context)
        yield from _budgets(passage, sentence, context)


def _shares(
    passage: Passage, sentence: Sentence, told: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """A share: "a sixth of 24 GB is 6 GB"."""
    text = passage.text
    for match in _SHARE.finditer(text, sentence.start, sentence.end):
        share = float(match["percent"]) / 100 if match["percent"] else share_of(match["share"].rstrip("s"))
        share = share if share is not None else share_of(match["share"])
        behind = [each for each in told if each.start >= match.end()]
        if share is None or len(behind) < len(("whole", "part")):
            continue
        whole, part = behind[:2]
        beside = whole.start - match.end() <= 1 and _IS.fullmatch(text, whole.end, part.start)
        same = whole.dimension == part.dimension and whole.high == whole.value and part.high == part.value
        real = share * whole.value
        if beside and same and real and abs(part.value / real - 1) > _FAR:
            times = f"{real / part.value:.3g} of what is told"
            because = f"{match['share']} of {text[whole.start : whole.end]} is {times}"
            yield inconsistent(passage, (part.start, part.end), because, context)


def _times(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """A time: "5,811 hours, that is, after about 24 days"."""
    text = passage.text
    every = list(_TIME.finditer(text, sentence.start, sentence.end))
    for one, other in pairwise(every):
        units = [each["unit"].lower().rstrip("s") for each in (one, other)]
        if units[0] == units[1] or not _THAT_IS.fullmatch(text, one.end(), other.start()):
            continue
        a, b = (
            float(each["n"].replace(",", "")) * _UNITS[unit]
            for each, unit in zip((one, other), units, strict=True)
        )
        joined = re.search(r"that is|i\.e\.|\bor\b|which|equal|=|\(", text[one.end() : other.start()])
        if joined and a and b and not 1 - _FAR < b / a < 1 + _FAR:
            because = f"{one[0]} are {a / _UNITS[units[1]]:,.3g} {units[1]}s"
            expected = f"{a / _UNITS[units[1]]:,.3g} {units[1]}s"
            yield inconsistent(passage, other.span(), because, context, expected=expected)


def _differences(passage: Passage, told: Sequence[Quantity], context: Context) -> Iterator[Finding]:
    """A difference: "575 W, 125 W less than the 4090's 450 W": which of the two is more."""
    text = passage.text
    for first, apart, second in zip(told, told[1:], told[2:], strict=False):
        said = _MORE.match(text, apart.end)
        if not said or not _BY.fullmatch(text, first.end, apart.start) or second.start - said.end() > _WORDS:
            continue
        alike = first.dimension == apart.dimension == second.dimension and first.dimension not in (
            "number",
            "percent",
        )
        exact = all(each.high == each.value for each in (first, apart, second))
        real = first.value - second.value
        if alike and exact and abs(abs(real) / apart.value - 1) < _FAR and (real > 0) != bool(said["more"]):
            a, b = (text[each.start : each.end] for each in (first, second))
            words = f"{a} is {'more' if real > 0 else 'less'} than {b}"
            yield inconsistent(passage, (apart.start, apart.end), words, context)


#: Letters between a difference and what it is from.
_WORDS = 48


#: Between so many years and a year, that it is of something else.
_ANOTHER = re.compile(r"\b(?:and|then|followed)\s+(?:the|an?|its|[A-Z])", re.IGNORECASE)


def _years(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Years: "in 2018 and in 2023, seven years later"."""
    text = passage.text
    years = [int(each["y"]) for each in _YEAR.finditer(text, sentence.start, sentence.end)]
    found = list(_YEARS.finditer(text, sentence.start, sentence.end))
    if len(set(years)) != len(("one", "other")) or len(found) != 1:
        return
    behind = _YEAR.search(text, found[0].end(), sentence.end)
    if behind and _ANOTHER.search(text, found[0].end(), behind.start()):
        # "The V100 in 2017, the A100 three years later and the H100 in 2022".
        return
    words = found[0]["n"].lower()
    number = 1 if words == "one" else SPELLED.get(words) or int(words)
    apart = max(years) - min(years)
    if abs(number - apart) > 1:
        because = f"{max(years)} is {apart} years after {min(years)}"
        yield inconsistent(passage, found[0].span(), because, context, expected=f"{apart} years")


_ITEM = r"(?:images?|pictures?|tokens?|requests?|samples?|sequences?|frames?)"
#: So many items in a time, how many they are, and how long they are said to take.
_RATE = re.compile(
    rf"(?P<v>\d[\d,]*(?:\.\d+)?)\s(?:{_ITEM})\s?(?:/|per\s|an?\s|each\s|every\s)\s?(?P<t>s(?:ec(?:ond)?)?|"
    rf"min(?:ute)?|"
    r"h(?:r|our)?)\b",
    re.IGNORECASE,
)
_MANY = re.compile(
    rf"(?P<n>\d[\d,]*(?:\.\d+)?|an?|one|half a)\s?(?P<k>million|billion|"
    rf"thousand)?\s(?:{_ITEM})\b(?!\s?(?:/|per|a\s|each|every))",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"\b(?:takes?|took|needs?|are done in|is done in|lasts?)\s(?:about\s|around\s|roughly\s|only\s|just\s|"
    r"some\s|nearly\s|"
    r"almost\s)*(?=\d)",
    re.IGNORECASE,
)
_LARGE = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
#: What makes it another work than so many by such a rate.
_MORE_WORK = re.compile(
    r"\b(?:gpus|cards|epochs|each|times|overhead|warm-?up|plus|compil\w+|load\w*|"
    r"batch\w*|steps)\b",
    re.I,
)


def _durations(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """How long so many items take at the one rate that a sentence tells."""
    text, place = passage.text, (sentence.start, sentence.end)
    rates, many = list(_RATE.finditer(text, *place)), list(_MANY.finditer(text, *place))
    takes = _TAKES.search(text, *place)
    time = _TIME.match(text, takes.end(), sentence.end) if takes else None
    if len(rates) != 1 or len(many) != 1 or time is None or _MORE_WORK.search(sentence.text):
        return
    seconds = {"s": 1.0, "m": MINUTE, "h": HOUR}[rates[0]["t"][0].lower()]
    words = many[0]["n"].lower().replace(",", "")
    number = {"a": 1.0, "an": 1.0, "one": 1.0, "half a": 0.5}.get(words) or float(words)
    number *= _LARGE.get((many[0]["k"] or "").lower(), 1.0)
    unit = time["unit"].lower().rstrip("s")
    if not float(rates[0]["v"].replace(",", "")):
        return
    real = number / float(rates[0]["v"].replace(",", "")) * seconds / _UNITS[unit]
    told = float(time["n"].replace(",", ""))
    if real and abs(told / real - 1) > _FAR and abs(told - real) > 1:
        because = f"{many[0][0]} at {rates[0][0]} take {real:,.3g} {unit}s"
        yield inconsistent(passage, time.span(), because, context, expected=f"{real:,.3g} {unit}s")


_SPENT = re.compile(
    r"\b(?:with|for|budget of|"
    r"spend(?:ing)?)\s(?:US)?[$\u20ac](?P<v>\d[\d,]*(?:\.\d+)?)(?![\d.])(?!\s?(?:an?\s|per|/))",
    re.I,
)
_HOUR = re.compile(
    r"[$\u20ac](?P<v>\d[\d,]*(?:\.\d+)?)\s?(?:/|an?\s|per\s)\s?(?:GPU[- ])?h(?:r|"
    r"our)?\b",
    re.IGNORECASE,
)
_FOR_HOURS = re.compile(
    # "A month (730 hours)" tells how long a month is.
    r"(?<!month \()(?<!week \()(?<!year \()(?<![\d,.])"
    r"(?P<n>\d[\d,]*(?:\.\d+)?)\s(?:GPU[- ])?hours\b(?!\s(?:a|per|each|"
    r"every)\b)",
    re.IGNORECASE,
)


def _budgets(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """For how many hours an amount lasts at the one price of an hour that a sentence tells."""
    text, place = passage.text, (sentence.start, sentence.end)
    spent, price, hours = (list(each.finditer(text, *place)) for each in (_SPENT, _HOUR, _FOR_HOURS))
    if not len(spent) == len(price) == len(hours) == 1 or _MORE_WORK.search(sentence.text):
        return
    a, b, n = (
        float(each[0][key].replace(",", "")) for each, key in ((spent, "v"), (price, "v"), (hours, "n"))
    )
    coin, other = (text[each[0].start("v") - 1] for each in (spent, price))
    if a and b and coin == other and abs(n / (a / b) - 1) > _FAR:
        because = f"{coin}{a:,.6g} at {coin}{b:,.4g} an hour are {a / b:,.4g} hours"
        yield inconsistent(passage, hours[0].span(), because, context, expected=f"{a / b:,.4g} hours")
