"""Amounts of a text with what they are of and per: "$2.49 per GPU-hour", "160 hours a month", "1.4 kW".

Each has a power of every axis (money, an hour, a token ..), so that a product of some can be held against
another.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.audit.quantities import SPELLED, multiples, quantities
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.quantities import Quantity

    Places = tuple[tuple[int, int], ...]

#: What amounts are of: periods are apart, since a month is 28 to 31 days.
AXES = ("money", "energy", "token", "piece", "byte", "flop", "hour", "day", "week", "month", "year")
#: Hours of a period, the fewest and the most that it may be taken to have.
LENGTHS: Mapping[str, tuple[float, float]] = {
    "hour": (1, 1), "day": (24, 24), "week": (168, 168), "month": (672, 744), "year": (8736, 8784),
}  # fmt: skip
#: A period in others where that is exact, whatever a month has of days.
_EXACT = {("month", "year"): 12.0, ("hour", "day"): 24.0, ("day", "week"): 7.0}
_PERIODS: Mapping[str, str] = {
    "second": r"s|secs?|seconds?|sekunden?",
    "minute": r"minutes?|mins?",
    "hour": r"hours?|hrs?|h|stunden?|heures?|horas?|or[ae]",
    "day": r"days?|tage?n?|jours?|d[i\u00ed]as?|giorn[oi]",
    "week": r"weeks?|wochen?|semaines?|semanas?|settimane?",
    "month": r"months?|mo|monate?n?|mois|mes(?:es)?|mes[ei]",
    "year": r"years?|yrs?|jahre?n?|ans?(?!\s+h(?:ou)?r)|ann\u00e9es?|a\u00f1os?|ann[oi]",
}
_LENGTH = "|".join(_PERIODS.values())
_PERIOD = "|".join(f"(?P<{name}>{words})" for name, words in _PERIODS.items())
_ONE_OF = (
    r"gpus?|cards?|instances?|nodes?|servers?|devices?|units?|accelerators?|users?|boxes|box|machines?|"
    r"replicas?|pairs?|"
    r"karten?|cartes?|tarjetas?|[ABHLTV]\d{1,3}s?|(?:rtx )?\d0[5-9]0s?"
)
#: What an amount is per: a period, one of several, an amount of something else.
_PER = re.compile(
    r"[^\S\n]*(?:(?:/|(?:and|&)\s+(?=month\b|hour\b|year\b)|"
    r"per\b|(?:for )?an?\b|(?:for|the|le) (?=kwh)|in (?:the|an?|one) (?=(?:day|week|month|year)\b)|"
    r"(?:(?:for|on) )?(?:each|every)\b|(?:for|on) one\b|"
    r"pro\b|je\b|im\b|am\b|par\b|"
    r"por\b|al?\b|la\b|l[\u2019'])\s*|"
    r"-(?=hour|h\b|month)|(?=/))"
    rf"(?:(?P<one>{_ONE_OF})\b(?:[-\s]?(?=(?:{_LENGTH})))?"
    rf"|(?P<many>1,?000|100(?=\s)|1\s?k|thousand|million|1\s?m(?:illion)?|m|k|billion)?\s*(?:(?:input|output|"
    rf"generated|prompt|"
    rf"finished|rendered|sdxl)\s+)?(?P<thing>tokens?|tok\b|images?|pictures?|requests?|queries|calls?)\b"
    r"|(?P<kwh>kwh|kilowatt[- ]hour)\b|(?P<mwh>mwh|megawatt[- ]hour)\b|(?P<gb>gb|gigabyte)\b"
    r"|(?P<tokens>1?\s?m|million|thousand|1,?000)\b(?=\s*(?:[,.;:)]|$|on\b|in\b|for\b|at\b|and\b|"
    r"with\b|of output|"
    r"of input|while|but|against))"
    rf"|(?:{_PERIOD})\b)",
    re.IGNORECASE,
)
_ONE = re.compile(
    rf"\s*\(?(?:for each(?=[,.;)])|(?:each|je)(?!\s+(?:{_LENGTH})\b)|apiece|chacun)\b",
    re.IGNORECASE,
)
#: "Per GPU: 850 tokens/s".
_EACH_OF = re.compile(rf"\b(?:per|each)\s(?:{_ONE_OF})\s*:\s*~?$", re.IGNORECASE)
_HOURS_LATER = re.compile(rf"[-\s]*(?:{_PERIOD})\b", re.IGNORECASE)
_MANY = {"100": 1e2, "1000": 1e3, "1k": 1e3, "k": 1e3, "thousand": 1e3, "million": 1e6, "1m": 1e6,
         "1million": 1e6, "m": 1e6, "billion": 1e9}  # fmt: skip
_NUMBER_WORDS = {
    **SPELLED, "one": 1, "eleven": 11, "fifteen": 15, "twenty-four": 24, "fifty": 50, "hundred": 100,
    "a hundred": 100, "vier": 4, "zwei": 2, "drei": 3, "huit": 8, "quatre": 4, "deux": 2, "ocho": 8,
    "otto": 8, "acht": 8, "cuatro": 4, "dos": 2, "sei": 6, "quattro": 4, "due": 2, "pair": 2, "couple": 2,
    "dozen": 12,
    **{
        f"{ten}-{unit}": tens + number
        for ten, tens in (("twenty", 20), ("thirty", 30), ("forty", 40), ("fifty", 50), ("sixty", 60))
        for number, unit in enumerate(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), start=1
        )
    },
}  # fmt: skip
_SPELLED = re.compile(
    rf"(?<![\w-])(?P<n>{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))})(?=[\s,.;:)-]|$)", re.I
)
_LASTS = re.compile(
    rf"(?<![\w.,$\u20ac])(?P<n>\d{{1,3}}(?:[, ]\d{{3}})+|\d{{1,6}}(?:\.\d{{1,2}})?|an?|"
    rf"{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))}|einer?|ein|un|una|une)"
    rf"[\s-]+(?:full |whole |planned |billable |billed |gpu[- ])?(?:{_PERIOD})\b",
    re.IGNORECASE,
)
_ADVERBS = {
    "hour": r"hourly|per hour",
    "day": r"daily|per day|pro tag",
    "week": r"weekly|per week",
    "month": r"monthly|per month|pro monat",
    "year": r"yearly|annual(?:ly)?|per year|pro jahr",
}
_ADVERB = re.compile("|".join(rf"\b(?P<{name}>{words})\b" for name, words in _ADVERBS.items()), re.IGNORECASE)
_A_PERIOD = re.compile(
    r"\b(?:an?|the|each|every|one|whole|full|entire|all)\s+(?:\d{2}-day\s+)?"
    r"(?:(?P<month>month)|(?P<year>year)|(?P<day>day)|(?P<hour>hour))"
    r"(?:\s+(?:then|of [\w -]{3,24}?))?,?\s+(?:(?:that|this|it|which)\s+)?"
    r"(?:(?:comes?|works? out|adds? up|came) to|costs?|cost|is|was|makes?|would (?:be|cost)|"
    r"(?:I|we|you) (?:pay|paid|spen[dt]))\s+(?:me |us |you )?(?:about |around |roughly |just |only )*~?$",
    re.IGNORECASE,
)
#: "One epoch takes", "an image then costs".
_A_PIECE = re.compile(
    r"\b(?:an?|each|every|one|per|single)\s+(?:(?:single|finished|training|whole|full)\s+)?"
    r"(?:[\w-]+ )?(?:epoch|image|picture|request|query|call|prompt|document|answer|frame|job|experiment|"
    r"generation|clip|video)"
    r"(?:\s+(?:of|on|in|with|at)\s[^.;:,]{1,40}?)?\s+(?:then |therefore |still |now |usually )?"
    r"(?:takes?|took|costs?|needs?|lasts?|uses?)\s+(?:(?:me|us|you|on (?:the|an?|my|our) [\w ]{2,24}?)\s+)?"
    r"(?:about |around |roughly |just |only |some )*~?$",
    re.IGNORECASE,
)
#: "900 per hour", of what was just spoken of.
_SO_MANY = re.compile(rf"\s*(?:per|an?|/)\s*(?:{_PERIOD})\b", re.IGNORECASE)
_THING = re.compile(
    r"[\s-]*(?P<scale>thousand|million|billion|trillion|"
    r"[MBK](?=\s))?\s*(?:\d{3,4}\s?[x\u00d7]\s?\d{3,4}\s+)?(?:(?!(?:tokens?|per|an?|each|every)\b)"
    r"[a-z]+\s+)?(?:(?P<token>tokens?)|"
    r"(?P<piece>images?|pictures?|requests?|queries|samples?|documents?|prompts?|calls|examples|"
    r"conversations|messages|answers|questions|completions|sessions|jobs|epochs|frames|experiments|clips|videos))\b",
    re.IGNORECASE,
)
#: "300 million input and 100 million output tokens": of tokens too.
_SIDE = re.compile(r"\s*(?:input|output|prompt|generated)\b(?!\s*(?:price|rate|cost))", re.IGNORECASE)
#: Millions "a day" or "and" others, of what was counted before.
_BARE = re.compile(
    r"\s*(?:$|[.,;:)|]|(?:per|an?|/|and|or|at|in|for|takes?|costs?|needs?|is|are|would|will|go)\b(?!\s+(?:parameter|weight)))",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\s+(?:costs?|comes?|makes?|takes?|needs?|lasts?|would)\b", re.IGNORECASE)
_TOKENS = re.compile(r"tokens?\b", re.IGNORECASE)
_PIECES = re.compile(
    r"\b(?:images|pictures|requests|calls|queries|questions|answers|documents|prompts|samples|messages|jobs)\b",
    re.IGNORECASE,
)
_JOULES = re.compile(r"\s*(?P<k>k|kilo)?(?:J|joules?)\b")
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "quadrillion": 1e15,
           "quintillion": 1e18, "sextillion": 1e21, "septillion": 1e24,
           "k": 1e3, "m": 1e6, "b": 1e9}  # fmt: skip
_PREFIXES = {"M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
#: "A million tokens", "a thousand images".
_ROUND = re.compile(
    r"\b(?:an?|one|every|each)\s+(?P<scale>thousand|million|billion)\s+(?:[a-z]+\s+)?(?:(?P<token>tokens)|"
    r"(?P<piece>images|pictures|requests|queries|calls|examples|conversations|messages|"
    r"answers|questions|completions|sessions|jobs))\b",
    re.IGNORECASE,
)
#: "Half a cent", "five cents".
_CENTS = re.compile(
    r"\b(?P<n>half a|a tenth of a|a quarter of a|an?|one|two|three|four|five|six|seven|eight|"
    r"nine|ten|twenty)\s+cents?\b",
    re.IGNORECASE,
)
_PARTS = {
    "half a": 0.5,
    "a tenth of a": 0.1,
    "a quarter of a": 0.25,
    "a": 1.0,
    "an": 1.0,
    "one": 1.0,
    "twenty": 20.0,
}
#: "1.7 million GPU hours".
_GPU_HOURS = re.compile(r"\s*(?:[a-z]\w*\s+)?(?:gpu|card|node|accelerator)?[- ]?hours\b", re.IGNORECASE)
_OF_A_NAME = re.compile(r"[- ](?:gpu[- ])?hours\b", re.IGNORECASE)
#: "1,000 hours monthly".
_REGULARLY = re.compile(
    r"\s+(?:(?P<hour>hourly)|(?P<day>daily)|(?P<week>weekly)|(?P<month>monthly)|(?P<year>yearly|annually))\b",
    re.I,
)
_COUNTED = re.compile(
    rf"\s*[x\u00d7]?[\s-]*(?:of (?:them|these|those)\b|way\b|"
    rf"(?:(?!(?:on|for|with|than|per|to|from|by|in|at)\b)\w+\s+){{0,2}}?(?:{_ONE_OF})\b)",
    re.IGNORECASE,
)
_MONEY = {
    "$": "$", "US$": "$", "USD": "$", "dollars": "$", "dollar": "$", "\u20ac": "\u20ac", "EUR": "\u20ac",
    "euros": "\u20ac", "\u00a3": "\u00a3",
}  # fmt: skip
#: "Adds up to $583": no limit.
_SUM = re.compile(
    r"\b(?:add(?:s|ing)?|sum(?:s|ming)?|com(?:es|ing)) up to (?:about |around |roughly )?$", re.IGNORECASE
)
_PER_ELSE = re.compile(
    r"\s*(?:after (?:the )?first\b|/(?!\s?(?:USD|EUR))|per\b)(?!\s*(?:gpu|card))", re.IGNORECASE
)
#: What stands before a price, and what goes on with an amount before.
_PRICED = re.compile(
    r"\b(?:at|against|price (?:is|of|was)|rate (?:is|of)|rents? (?:for|at)|it (?:is|was|costs?)|charges?|"
    r"to|vs\.?|versus|from|"
    r"instead of)\s+"
    r"(?:about |around |roughly |just |only |~)*$",
    re.IGNORECASE,
)
_OFFERED = re.compile(r"\s+(?:on[- ]demand|spot|reserved|preemptible|interruptible)\b", re.IGNORECASE)
_OF_ALL = re.compile(r"\b(?:for the|for all|all)\s+$", re.IGNORECASE)
#: Work, not a rate of it: "4.2 x 10^22 FLOPs", "140 billion FLOPs per token", "140 GFLOPs per token".
_WORK = re.compile(
    r"(?<![\w.,^])~?(?P<n>\d{1,4}(?:\.\d{1,3})?)\s?(?:(?:[x\u00d7*\u00b7]\s?10\^|e\+?)(?P<power>\d{1,2})\s*|"
    r"(?P<scale>million|billion|trillion|quadrillion|quintillion|sextillion|septillion)\s+)"
    r"(?:FLOPs?|floating[- ]point operations)\b(?!\s?/|\s?per\s+s)|"
    r"(?<![\w.,^])~?(?P<m>\d{1,4}(?:\.\d{1,3})?)\s?(?P<prefix>[MGTP])FLOPs?(?=\s?(?:/|per|for each|an?)\s?"
    r"(?:tok|token|image|sample|step)s?\b|\s+of (?:work|compute|computation|arithmetic)\b)",
    re.IGNORECASE,
)
_FLOP_DAYS = re.compile(r"[-\s]?(?:days|hours)\b", re.IGNORECASE)
_SECONDS = re.compile(r"\s*(?:gpu[- ])?seconds\b", re.IGNORECASE)
_SUMMED = re.compile(r"\s*[+=\u2248]\s*")
_PUE = re.compile(r"\bPUE\s*(?:of|=|:|is)?\s*(?:about\s+)?$", re.IGNORECASE)
#: Before the number of a version.
_IN_NAME = re.compile(
    r"\b(?:Llama|LLaMA|Qwen|Gemma|Phi|Mi[sx]tral|DeepSeek|GPT|Falcon|SD|Stable Diffusion|FLUX|"
    r"Flux|CUDA|PyTorch|"
    r"Gen|version|Claude|Gemini|Sonnet|Opus|Haiku|Windows|Ubuntu|Python)[ -]v?$"
)
#: "We ran it three times."
_REPEATED = re.compile(r"\b(?:ran|runs?|repeat\w*|did|tried|trained|redid)\b[^.;,\d]{0,20}$", re.IGNORECASE)
_AGAIN = 32
_JOINED = re.compile(r"\s*(?:,|and|or|plus)\s+(?:about |another |roughly |around )?", re.IGNORECASE)
#: The numbers of a range.
_LAST = re.compile(r"[$\u20ac]?\d[\d,.]*")
_HOURS = AXES.index("hour")
_REACH, _NEXT, _NEAR, _HOUR = 110, 10, 3, 3600.0


class Term(NamedTuple):
    """An amount: `dims` are its powers of `AXES`, `value` is in units of them (Wh, B, periods)."""

    start: int
    end: int
    value: float
    dims: tuple[int, ...]
    words: str
    #: The currency, where it is money.
    sign: str = ""
    about: bool = False
    #: Said of each of several; a number of them; a share; a number that is none of these.
    each: bool = False
    counted: bool = False
    share: bool = False
    plain: bool = False
    #: A price of which no period is said: "at $1.79".
    loose: bool = False
    #: The most that a range is to, in the same units; 0 where it is one amount.
    most: float = 0.0

    @property
    def of(self) -> str:
        """What it is an amount of: the first axis that it has a positive power of."""
        return _leading(self.dims)

    @property
    def high(self) -> float:
        """The most that it is."""
        return self.most or self.value

    @property
    def tariff(self) -> bool:
        """Whether it is a price of energy."""
        return bool(self.sign) and self.dims[AXES.index("energy")] < 0


@cache
def _leading(powers: tuple[int, ...]) -> str:
    return next((axis for axis, power in zip(AXES, powers, strict=True) if power > 0), "")


def dims(**powers: int) -> tuple[int, ...]:
    """Powers of the axes by their names."""
    return tuple(powers.get(axis, 0) for axis in AXES)


_UNITS: Mapping[str, tuple[tuple[int, ...], float]] = {
    "power": (dims(energy=1, hour=-1), 1.0), "energy": (dims(energy=1), 1.0), "memory": (dims(byte=1), 1.0),
    "bandwidth": (dims(byte=1, hour=-1), _HOUR), "time": (dims(hour=1), 1 / _HOUR),
    "rate": (dims(piece=1, hour=-1), _HOUR), "tokens": (dims(token=1, hour=-1), _HOUR),
    "flop rate": (dims(flop=1, hour=-1), _HOUR), "worked": (dims(hour=1), 1.0),
}  # fmt: skip


#: What is so long, and takes another time to work on: "an hour of audio".
_MEDIUM = re.compile(
    r"\s+of\s+(?:\w+\s+)?(?:audio|speech|video|footage|recordings?|podcasts?|material|calls)\b", re.IGNORECASE
)


@lru_cache(maxsize=MANY)
def terms(text: str, fraction: str = ".", names: Places = (), *, ranges: bool = False) -> tuple[Term, ...]:
    """Every amount of a text in order, without those in the names of devices (their places)."""
    found = sorted(
        each
        for each in _terms(text, fraction, names, ranges=ranges)
        if not (each.of in LENGTHS and _MEDIUM.match(text, each.end))
    )
    kept: list[Term] = []
    for each in found:
        if not kept or each.start >= kept[-1].end:
            if kept:
                kept[-1] = _shared(text, kept[-1], each)
            kept.append(each)
    return tuple(kept)


def _shared(text: str, one: Term, other: Term) -> Term:
    """An amount with the period that is told once for two: "112 kWh and $19 a month"."""
    powers = tuple(power if at > _HOURS and power < 0 else 0 for at, power in enumerate(other.dims))
    sole = one.of in ("token", "piece", "energy") and sum(one.dims) == 1
    joined = sole and any(powers) and _JOINED.fullmatch(text, one.end, other.start)
    return _times(one, powers, 1.0) if joined else one


def _terms(text: str, fraction: str, names: Places, *, ranges: bool) -> Iterator[Term]:
    taken = bytearray(len(text))
    worked = [_of_work(text, each) for each in _WORK.finditer(text)]
    yield from worked
    names = (*names, *((each.start, each.end) for each in worked))
    for start, end in names:
        taken[start:end] = bytes([1]) * (end - start)
    end, before = 0, ""
    for each in quantities(text, fraction):
        ranged = each.high != each.value
        if any(a <= each.start < b for a, b in names) or each.value <= 0 or (ranged and not ranges):
            continue
        before = text[end : each.start] if not _SUMMED.fullmatch(text, end, each.start) else before
        end = each.end
        made = (_of_range if ranged else _of_quantity)(text, each, before, names)
        if made is not None:
            yield made
            taken[made.start : made.end] = bytes([1]) * (made.end - made.start)
            end = made.end
    for made in _spelled(text, names):
        if 1 not in taken[made.start : made.end]:
            yield made
            taken[made.start : made.end] = bytes([1]) * (made.end - made.start)


def _spelled(text: str, names: Places) -> Iterator[Term]:
    """Amounts that are written as words: round ones, multiples, durations and counts."""
    yield from (_of_phrase(text, each) for each in (*_ROUND.finditer(text), *_CENTS.finditer(text)))
    for many in multiples(text):
        again = bool(_REPEATED.search(text, max(0, many.start - _AGAIN), many.start))
        words = text[many.start : many.end]
        yield Term(many.start, many.end, float(many.value), dims(), words, counted=again, plain=not again)
    for match in (*_LASTS.finditer(text), *_SPELLED.finditer(text)):
        made = _of_word(text, match, names)
        if made is not None:
            yield made


def _of_word(text: str, match: re.Match[str], names: Places = ()) -> Term | None:
    """A duration or a count that is spelled out."""
    word = match["n"].lower()
    value = float(_NUMBER_WORDS.get(word) or (re.sub("[, ]", "", word) if word[0].isdigit() else 1))
    period = next((name for name in _PERIODS if match.groupdict().get(name)), "")
    if period:
        return _per(text, Term(match.start(), match.end(), value, dims(), match[0]), _one_period(period, 1))
    of_all = _OF_ALL.search(text, max(0, match.start() - 10), match.start())
    named = any(0 <= one - match.end() < _NEAR for one, _ in names)
    counted = bool(of_all or named or _COUNTED.match(text, match.end())) or word == "pair"
    return Term(match.start(), match.end(), value, dims(), match[0], counted=counted, plain=not counted)


def _of_phrase(text: str, match: re.Match[str]) -> Term:
    """A round number of tokens or pieces, or an amount in cents, that is spelled out."""
    base = Term(match.start(), match.end(), 1.0, dims(), match[0])
    if "n" not in match.groupdict():
        axis = "token" if match["token"] else "piece"
        return base._replace(value=_SCALES[match["scale"].lower()], dims=dims(**{axis: 1}))
    word = match["n"].lower()
    value = 0.01 * float(_PARTS.get(word) or _NUMBER_WORDS.get(word, 1))
    return _per(text, base._replace(value=value, sign="$", about=True), (dims(money=1), 1.0))


def _one_period(period: str, power: int) -> tuple[tuple[int, ...], float]:
    if period in ("second", "minute"):
        return dims(hour=power), (60.0 if period == "minute" else 3600.0) ** -power
    return dims(**{period: power}), 1.0


def _of_quantity(text: str, each: Quantity, before: str, names: Places) -> Term | None:
    """A quantity with what it is per."""
    dimension = each.dimension
    if each.limit in ("over", "under", "up to") and not _SUM.search(before):
        return None
    about = each.limit in ("about", "nearly")
    base = Term(each.start, each.end, each.value, dims(), text[each.start : each.end], about=about)
    thing = _THING.match(text, each.end) if dimension in ("number", "count") else None
    if thing:
        scale = _SCALES.get((thing["scale"] or "").lower(), 1.0)
        words = text[each.start : thing.end()].strip()
        base = base._replace(value=each.value * scale, end=thing.end(), words=words)
        return _per(text, base, (dims(**{"token" if thing["token"] else "piece": 1}), 1.0))
    if dimension == "money":
        found = _of_money(text, base, each, before)
        # What else it is per is not read.
        return None if found is None or _PER_ELSE.match(text, found.end) else found
    if dimension in ("percent", "times"):
        counted = any(0 <= one - each.end < _NEXT for one, _ in names)
        return base._replace(share=dimension == "percent", counted=dimension == "times" and counted,
                             plain=dimension == "times" and not counted)  # fmt: skip
    if dimension == "number":
        return _of_number(text, base, before, names)
    return _of_measured(text, base, each, before)


def _of_work(text: str, match: re.Match[str]) -> Term:
    """An amount of work, with what it is per."""
    group = "m" if match["m"] else "n"
    scale = (
        _PREFIXES[match["prefix"].upper()] if match["m"]
        else _SCALES[match["scale"].lower()] if match["scale"] else 10.0 ** int(match["power"])
    )  # fmt: skip
    start = match.start(group)
    base = Term(start, match.end(), float(match[group]) * scale, dims(), text[start : match.end()])
    return _per(text, base, (dims(flop=1), 1.0))


def _of_range(text: str, each: Quantity, before: str, names: Places) -> Term | None:
    """A range, read by its last number: what it is of and per stands behind that."""
    last = list(_LAST.finditer(text, each.start, each.end))[-1]
    made = _of_quantity(text, each._replace(start=last.start(), value=each.high), before, names)
    if made is None or each.high < each.value:
        return None
    start, words = each.start, text[each.start : last.start()] + made.words
    return made._replace(start=start, words=words, value=made.value * each.value / each.high, most=made.value)


def _of_measured(text: str, base: Term, each: Quantity, before: str) -> Term | None:
    """A quantity with a unit of measure, or millions of hours or seconds."""
    kind = each.dimension
    if kind == "count" and (axis := _of_bare(text, each.end)):
        return _per(text, base, (dims(**{axis: 1}), 1.0))
    for pattern, name in ((_GPU_HOURS, "worked"), (_SECONDS, "time")):
        lasts = pattern.match(text, each.end) if each.dimension == "count" else None
        if lasts and kind == "count":
            base, kind = base._replace(end=lasts.end(), words=text[each.start : lasts.end()]), name
    if kind == "rate" and "tok" in each.unit.lower():
        kind = "tokens"
    if kind not in _UNITS or (kind == "flop rate" and _FLOP_DAYS.match(text, each.end)):
        return None
    made = _per(text, base, _UNITS[kind])
    return _of_period(made, before) if kind in ("energy", "time") else made


def _of_bare(text: str, end: int) -> str:
    """The axis of millions that have no noun of their own."""
    if _SIDE.match(text, end):
        return "token" if _TOKENS.search(text) else ""
    return "token" if _BARE.match(text, end) and _TOKENS.search(text, 0, end) else ""


def _of_period(term: Term, before: str) -> Term:
    """An amount of the period or thing told before it: "the monthly bill is", "an image takes"."""
    if sum(map(bool, term.dims)) == 1 and _A_PIECE.search(before[-_REACH:]):
        return _times(term, dims(piece=-1), 1.0)
    adverb = _ADVERB.search(before[-_REACH:]) or _A_PERIOD.search(before[-_REACH:])
    if adverb and not any(term.dims[AXES.index("token") :]):
        return _times(term, dims(**{adverb.lastgroup or "hour": -1}), 1.0)
    return term


def _of_number(text: str, base: Term, before: str, names: Places) -> Term | None:
    """A number without a unit: a length of time, a rate of what was spoken of, a count, or any other."""
    lasts = _LASTS.match(text, base.start)
    if lasts:
        return _of_word(text, lasts)
    if _IN_NAME.search(text, max(0, base.start - 20), base.start):
        return None
    if _SO_MANY.match(text, base.end):
        return _per(text, base, (dims(**{_spoken_of(text, base.start): 1}), 1.0))
    joules = _JOULES.match(text, base.end)
    if joules:
        scale = (1e3 if joules["k"] else 1.0) / _HOUR
        words = text[base.start : joules.end()]
        return _per(text, base._replace(end=joules.end(), words=words), (dims(energy=1), scale))
    near = [last for one, last in names if 0 <= one - base.end < _NEAR]
    if near and (lasts := _OF_A_NAME.match(text, near[0])):
        # "1,200 V100-hours"
        words = text[base.start : lasts.end()]
        return _per(text, base._replace(end=lasts.end(), words=words), (dims(hour=1), 1.0))
    counted = bool(near or _COUNTED.match(text, base.end) or _PUE.search(before))
    return base._replace(counted=counted, plain=not counted)


def _spoken_of(text: str, end: int) -> str:
    """The axis of what a text counted last before a place."""
    tokens, pieces = ([each.start() for each in kind.finditer(text, 0, end)] for kind in (_TOKENS, _PIECES))
    return "token" if tokens and tokens[-1] > max(pieces, default=-1) else "piece"


def _of_money(text: str, base: Term, each: Quantity, before: str) -> Term | None:
    sign = _MONEY.get(each.unit)
    if sign is None:
        return None
    made = _per(text, base._replace(sign=sign), (dims(money=1), 1.0))
    made = _of_period(made, before)
    priced = _PRICED.search(before) or _OFFERED.match(text, made.end)
    return made._replace(loose=made.dims == dims(money=1) and bool(priced))


def _times(term: Term, powers: tuple[int, ...], factor: float) -> Term:
    return term._replace(
        dims=tuple(a + b for a, b in zip(term.dims, powers, strict=True)), value=term.value * factor
    )


def _per(text: str, term: Term, own: tuple[tuple[int, ...], float]) -> Term:
    """A term with its own powers and those of what stands behind it: "per GPU per hour", "/GB-month"."""
    term = _times(term, *own)
    each = bool(_ONE.match(text, term.end) or _EACH_OF.search(text, max(0, term.start - 24), term.start))
    at = one.end() if (one := _ONE.match(text, term.end)) else term.end
    for again in range(3):
        match = _PER.match(text, at)
        if match is None or ((again or min(term.dims) < 0) and _SUBJECT.match(text, match.end())):
            # "28 cents per kWh a day costs 94 cents": what the day costs.
            break
        period = next((name for name in _PERIODS if match[name]), "")
        at = match.end()
        if match["one"]:
            each = True
            later = _HOURS_LATER.match(text, at)
            period = next((name for name in _PERIODS if later and later[name]), "")
            at = later.end() if later and period else at
        else:
            term = _per_thing(text, term, match)
        if period:
            term = _times(term, *_one_period(period, -1))
    if late := _ONE.match(text, at):
        # "$1.00 an hour each"
        each, at = True, late.end()
    regular = _REGULARLY.match(text, at)
    if regular and not any(term.dims[AXES.index("day") :]) and term.of in ("hour", "token", "piece"):
        at = regular.end()
        term = _times(term, *_one_period(regular.lastgroup or "month", -1))
    end = at if at > term.end and text[term.end : at].strip() else term.end
    return term._replace(end=end, each=each)


def _per_thing(text: str, term: Term, match: re.Match[str]) -> Term:
    """A term with the powers of the tokens, images, energy or memory that it is per."""
    if match["thing"]:
        many = _MANY.get(re.sub(r"[,\s]", "", (match["many"] or "").lower()), 1.0)
        axis = "token" if match["thing"].lower().startswith("tok") else "piece"
        return _times(term, dims(**{axis: -1}), 1 / many)
    if match["kwh"] or match["mwh"]:
        return _times(term, dims(energy=-1), 1e-3 if match["kwh"] else 1e-6)
    if match["tokens"] and term.sign and (axis := _counted_in(text)):
        many = _MANY[re.sub(r"[,\s]", "", match["tokens"].lower())]
        return _times(term, dims(**{axis: -1}), 1 / many)
    return _times(term, dims(byte=-1), 1e-9) if match["gb"] else term


def _counted_in(text: str) -> str:
    """The axis of what a text counts: tokens where it speaks of them, else images or requests."""
    return "token" if _TOKENS.search(text) else "piece" if _PIECES.search(text) else ""


def converted(powers: tuple[int, ...]) -> tuple[float, float] | None:
    """By what periods differ that a product is over, at least and at most; None where it is no number.

    `powers` are those that the product has and the claim has not: a year over a month is 12.
    """
    if any(powers[: AXES.index("hour")]) or sum(powers) != 0:
        return None
    up = [axis for axis, power in zip(AXES, powers, strict=True) for _ in range(max(power, 0))]
    down = [axis for axis, power in zip(AXES, powers, strict=True) for _ in range(max(-power, 0))]
    low = high = 1.0
    for one, other in zip(up, down, strict=True):
        least, most = _ratio(one, other)
        low, high = low * least, high * most
    return low, high


def _ratio(one: str, other: str) -> tuple[float, float]:
    """How many of `other` there are in `one`."""
    if (other, one) in _EXACT:
        return _EXACT[other, one], _EXACT[other, one]
    if (one, other) in _EXACT:
        return 1 / _EXACT[one, other], 1 / _EXACT[one, other]
    (a, b), (c, d) = LENGTHS[one], LENGTHS[other]
    return a / d, b / c
