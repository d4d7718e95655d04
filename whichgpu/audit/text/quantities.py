"""Numbers with units in running text: where they stand, what they are in SI units, how they are limited.

1,935 and 1.935 and 1 935 are one number in texts of different languages. What a document does where it is
certain (1,935.5; 38,7) decides where it is not.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.errors import UsageError
from whichgpu.units import DAY, HOUR, MINUTE, parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: Digits in groups, with a fraction; `k` for a thousand.
_DIGITS = (
    r"(?:\d{1,3}(?: \d{3}){1,6}(?:,\d{1,4})?"
    r"(?=\s?-?(?:[kMGTP]i?B|[GTM]o\b|[TGP]FLOP|TOPS|[kM]?Wh?\b|[Ww]att|[MG]Hz|bit|CUDA|h\b|(?i:cores|"
    r"c\u0153urs|coeurs|n\u00facleos|kerne|"
    r"shader|processeurs|heures?\b|hours?\b|stunden?\b|horas?\b|ore\b|jetons\b|tokens?\b|procesadores|"
    r"recheneinheiten|tensor|transistor|SMs\b)|€|\u043c\u043b|\u041c\u0413|\u0413\u0411|\u0412\u0442))"
    # "24 ,064", as some pages break their numbers.
    r"|\d{1,3}(?:(?:[,.\u00a0\u2009\u202f'\u2019]| ,)\d{3}(?!\d)){1,6}(?:[.,]\d{1,4})?"
    r"|\d{1,12}(?:[.,]\d{1,8})?)"
)
_PREFIX = r"(?:[kKMGTPE]i?)?"
#: Units as articles write them: a pattern, the dimension, and the unit of `units.py`, {p} being the prefix.
_UNITS: tuple[tuple[str, str, str], ...] = (
    (rf"(?P<p>{_PREFIX})(?:B|[Bb]ytes?)\s*(?:/|[Pp]er\s+)\s*(?:s\b|[Ss]ec(?:ond)?\b)", "bandwidth", "{p}B/s"),
    (r"(?P<p>[kKMGTP]i?)Bps\b", "bandwidth", "{p}B/s"),
    (r"(?P<p>[GTM])o(?:ctets?)?\s*(?:/|par\s+)\s*s(?:econde)?\b", "bandwidth", "{p}B/s"),
    (r"(?P<word>(?i:giga|tera|mega))(?i:bytes?\s+(?:per|a)\s+second)", "bandwidth", "{p}B/s"),
    (rf"(?P<p>{_PREFIX})(?:[Bb]its?/s|bps|bits?\s+per\s+second|b/s)(?:\s*per\s+pin)?",
     "bit rate", "{p}bit/s"),
    (r"(?:(?:[Dd]ense|[Ss]parse|[Tt]ensor|[Pp]eak|AI|TF32|BF16|FP\d\d?|INT\d)[\s-]+){0,3}"
     r"(?P<p>[GTPE])\s?(?:FLOP[Ss]?|[Ff]lops?)(?:/s)?\b(?!\s?/\s?W\b)"
     r"(?!\s+(?:an?|per|each)\s(?!(?:GPU|card|[A-Z]+\d)))", "flop rate", "{p}FLOP/s"),
    (r"(?P<p>[TP])F\b", "flop rate", "{p}FLOP/s"),
    (r"(?P<word>[gtp])(?i:flops)(?:/s)?\b", "flop rate", "{p}FLOP/s"),
    (r"(?P<word>(?i:giga|tera|peta|exa))-?(?i:flops?)(?:\s?/\s?s)?\b", "flop rate", "{p}FLOP/s"),
    # "5.3 PETA" in a table of rates.
    (r"(?P<word>PETA)\b(?!\s?(?:byte|bit|hertz))", "flop rate", "{p}FLOP/s"),
    (r"(?:(?:AI|INT\d|FP\d|[Dd]ense|[Ss]parse|[Tt]ensor|[Pp]eak)[\s-]+){0,3}(?P<p>[TPG])(?:OP[Ss]?|"
        r"ops)(?:/s)?\b",
     "op rate", "{p}OP/s"),
    (r"(?P<p>[kKMGT])(?:[Bb]yte)\s*/\s*s\b", "bandwidth", "{p}B/s"),
    # "327,680 bytes per token"; "2 bytes each" are no amount of memory.
    (r"(?<=,\d\d\d\s)bytes?\b", "memory", "B"),
    # "102 GB/s68 GB/s", "102 GB/swas 68", as pages run them together.
    (r"(?P<p>[kKMGT]i?)B\s?/\s?s(?=\d|[A-Z]|was\b)", "bandwidth", "{p}B/s"),
    (r"(?P<p>[kKMGT]i?)B(?:ytes?)?\b", "memory", "{p}B"),
    (r"(?P<p>[GM])o(?:ctets?)?\b", "memory", "{p}B"),
    (r"-?(?P<word>(?i:giga|tera|mega))(?i:bytes?)\b", "memory", "{p}B"),
    (r"-?(?P<word>(?i:gig))s?\b(?!\s*(?:ethernet|network|/|per\b))", "memory", "{p}B"),
    (r"\u0413\u0411\s?/\s?\u0441", "bandwidth", "GB/s"),
    (r"\u0422\u0411\s?/\s?\u0441", "bandwidth", "TB/s"),
    (r"\u0413\u0411\b", "memory", "GB"),
    (r"\u0412\u0442\b", "power", "W"),
    (r"\u041c\u0413\u0446\b", "frequency", "MHz"),
    (r"\u0413\u0413\u0446\b", "frequency", "GHz"),
    (r"\u043d\u043c\b", "process", ""),
    (r"-?\s?\u0431\u0438\u0442\w?", "bits", ""),
    (r"(?P<p>[kMG]?)Wh\b", "watt-hours", ""),
    (r"-?(?P<p>[kKMmGg])(?i:(?:ilo|ega|iga)watt)[- ]?(?i:hours?)\b", "watt-hours", ""),
    (r"(?P<p>[kKMm])(?i:(?:ilo|ega)watts?)\b", "kilowatts", ""),
    (r"(?P<p>[kM]?)W\b", "power", "{p}W"),
    # "350w each", in small letters right behind the digits.
    (r"(?<=\d\d)w\b", "power", "W"),
    (r"[Ww]atts?\b|vatios?\b|watios?\b", "power", "W"),
    (r"(?P<p>[MG])[Hh]z\b", "frequency", "{p}Hz"),
    (r"(?:mm(?:2|\u00b2|\^2)|\u339f)", "area", "mm2"),
    (r"cm(?:2|\u00b2|\^2)", "square centimetres", ""),
    (r"nm\b", "process", ""),
    (r"-?\s?[Bb]its?\b", "bits", ""),
    (r"(?:images?|imgs?|samples?|sequences?|frames?)\s*(?:/|per\s+|a\s+)\s*(?:s\b|sec\b|"
        r"seconds?\b)", "per second", ""),
    (r"(?:images?|imgs?)\s*(?:/|per\s+|a\s+)\s*(?:min\b|minutes?\b)", "per minute", ""),
    (r"(?:(?:tokens?|tok)\s*(?:/|per\s+|a\s+)\s*(?:s\b|sec\b|seconds?\b)|t/s\b)", "per second", ""),
    (r"(?:ms|milliseconds?)\b", "milliseconds", ""),
    (r"(?:s|secs?|seconds?)\b(?![ -]gen)", "seconds", ""),
    (r"(?:min|minutes?)\b", "minutes", ""),
    (r"(?:h|hrs?|hours?)\b", "hours", ""),
    (r"(?:percent|per\s+cent)\b|%", "percent", ""),
    (r"[xX\u00d7]\b(?!\s*\d)|\u00d7(?!\s*\d)|\btimes\b|-fold\b", "times", ""),
    (r"[Bb]illion\b|[Bb]n\b|B(?=[ -](?:[a-z]+ )?tokens?\b)|B(?=\s+transistors\b)|[Mm]illiard(?:s|en)?\b|"
     r"Mrd\b\.?|mil millones\b|bilh(?:\u00e3o|\u00f5es)\b|miliard[io]\b|mil milh\u00f5es\b|"
     r"\u043c\u043b\u0440\u0434\b", "billion", ""),
    (r"[Tt]rillions?\b|T(?=[ -](?:[a-z]+ )?tokens?\b)", "trillion", ""),
    (r"[Mm]illion(?:s|en|es)?\b|millones\b|milh(?:\u00e3o|\u00f5es)\b|milion[ei]\b|\u043c\u043b\u043d\b|"
     r"M(?=[ -](?:[a-z]+ )?(?:tokens?|images?|requests?|samples?)\b)", "million", ""),
)  # fmt: skip
_WORDS = {
    "giga": "G",
    "gig": "G",
    "tera": "T",
    "peta": "P",
    "exa": "E",
    "mega": "M",
    "g": "G",
    "t": "T",
    "p": "P",
}
_SCALES: Mapping[str, tuple[str, float]] = {
    "square centimetres": ("area", 1e-4), "process": ("length", 1e-9), "bits": ("bits", 1.0),
    "per second": ("rate", 1.0),
    "per minute": ("rate", 1 / 60), "milliseconds": ("time", 1e-3), "seconds": ("time", 1.0),
    "minutes": ("time", MINUTE), "hours": ("time", HOUR), "percent": ("percent", 0.01),
    "watt-hours": ("energy", 1.0), "kilowatts": ("power", 1.0), "times": ("times", 1.0),
    "billion": ("count", 1e9),
    "million": ("count", 1e6),
    "trillion": ("count", 1e12),
}  # fmt: skip
_MONEY = r"(?P<sign>US\$\s?|\$|\u20ac|\u00a3|USD\s?|EUR\s?)"
_FIRST = (
    # "#4160" is the number of an issue.
    r"(?<![A-Za-z0-9_\u00c0-\u024f.,])(?<![A-Z]{2}\d{3}-)(?<!#(?=\d{3}))(?P<approx>~|\u2248|>|<|\u2265|\u2264)?\s?"
    rf"{_MONEY}?(?P<a>-?{_DIGITS})(?P<k>[kK])?"
)
#: A number by itself.
_SINGLE = re.compile(_FIRST + r"(?P<sign2>)?(?P<b>(?!))?(?P<k2>(?!))?")
_NUMBER = re.compile(
    rf"{_FIRST}(?:\s?(?:--?|[\u2013\u2014~\uff5e\u301c]|to|bis)\s?{_MONEY.replace('sign', 'sign2')}?"
    rf"(?P<b>{_DIGITS})(?P<k2>[kK])?(?![\d.,]{{0,12}}\d))?"
)


def _numbered(index: int, pattern: str) -> str:
    """A unit's pattern as group `u<index>`, its own groups numbered likewise."""
    inner = re.sub(r"P<([a-z]+)>", rf"P<\g<1>{index}>", pattern)
    # Words of a script without blanks follow a unit at once.
    inner = re.sub(r"(?<![|(^])\\b", r"(?![A-Za-z0-9_])", inner)
    return f"(?P<u{index}>{inner})"


_UNIT = re.compile(r"\s?-?(?:" + "|".join(_numbered(i, p) for i, (p, _, _) in enumerate(_UNITS)) + ")")
#: Millions and billions of money: "$1.9 million", "$4.6M"; no rate of a million ("$3 million tokens").
_LARGE = re.compile(
    r"(?:\s?(?:[mM]illion(?:s|en|es)?|[bB]illion|[mM]illiard(?:s|en)?|mn|bn)|\s?[MB](?!/))\b"
    r"(?!\s+(?:input |output )?tok)"
)
#: A currency behind its amount: "599 USD", "1.999 US-Dollar".
_TRAILING = re.compile(
    r"\s?(?:(USD|EUR|(?:usd|eur)\b|US[- ]?(?:[Dd]ollars?|\$)|[Dd]ollars?|[Ee]uros?\b|cents?\b|"
    r"\u00a2)|([\u20ac$])(?!\s?\d))"
)
#: The mark of a footnote between a number and its unit.
_NOTE = re.compile(r"(?:\*{1,3}|[\u2020\u2021\u00b9\u00b2\u00b3])(?=\s?[A-Za-z])")
#: A word between a number and its unit.
_KIND = re.compile(r"\s(?:dense|sparse)(?=\s(?:[TGP]FLOPS|[TP]OPS)\b)", re.IGNORECASE)
#: The unit of a label before a number, and what ends one that has none of its own.
_LABEL_UNIT = re.compile(
    r"(?:\((?:in )?(W|[GT]i?B/s|GB|MHz|GHz|[TGP]FLOPS|TFLOPs|TOPS|bits?)\)|"
    r"(?<!per )(?<!/)\b([TGP]FLOPS|TFLOPs|TOPS))\s*:\s*(?:~|about |up to )?$"
)
_BY_ITSELF = re.compile(r"\s*(?:$|[\n;|]|,(?!\d)|\.(?!\d)|\()")
#: What makes a number a part of a word, a year or another number.
_GOES_ON = re.compile(r"[A-Za-z\u00c0-\u024f\u4e07\u842c\u4ebf\u5104\u5e74]")
#: Where a number has the unit of the one after it: "16/32 GB".
_SHARED = re.compile(r"\s?/\s?\d{1,4}(?:\.\d)?(?=\s?[GT]i?B\b)")
_MEMORY_UNIT = next(i for i, (_, dimension, _) in enumerate(_UNITS) if dimension == "memory")
_BEFORE = re.compile(
    r"\b(up to|as much as|at most|no more than|about|around|approximately|roughly|some|nearly|almost|"
    r"close to|over|(?:more|greater|higher) than|in excess of|above|(?:beyond|past)(?: the)?|"
    r"at least|(?:less|fewer) than|under|below|just|"
    r"plus (?:de|du)|moins (?:de|du)|presque|mehr als|weniger als|beinahe|knapp|m\u00e1s (?:de|del)|"
    r"menos (?:de|del)|casi|"
    r"exactly|only)\s+(?:an?\s+)?"
    r"(?:[$\u20ac\u00a3]\s?)?$",
    re.IGNORECASE,
)  # fmt: skip
_OF_A_BUS = re.compile(r"\d+[ -]?bit\b", re.IGNORECASE)
#: Limits whose "than" compares with a number, no device, and what is said for them in one word.
_THAN = re.compile(
    r"\b(?:(?P<most>no more than)|(?P<over>(?:more|greater|higher) than)|(?P<under>(?:less|fewer) than))"
    r"(?=\s+[~$]?\d)",
    re.IGNORECASE,
)
#: What the words before a number make of it.
LIMITS: Mapping[str, str] = {
    **dict.fromkeys(("up to", "as much as", "at most", "no more than"), "up to"),
    **dict.fromkeys(("about", "around", "approximately", "roughly", "some", "~", "\u2248"), "about"),
    **dict.fromkeys(("nearly", "almost", "close to", "presque", "beinahe", "knapp", "casi"), "nearly"),
    **dict.fromkeys(("over", "more than", "greater than", "higher than", "in excess of", "above", "beyond",
                     "past", "beyond the", "past the",
                     "plus de", "plus du", "mehr als", "m\u00e1s de", "m\u00e1s del",
                     "at least", ">", "\u2265"), "over"),
    **dict.fromkeys(("less than", "fewer than", "under", "below", "<", "\u2264",
                     "moins de", "moins du", "weniger als", "menos de",
                     "menos del"), "under"),
}  # fmt: skip
#: Multiples that are written as words.
_MULTIPLES: Mapping[str, float] = {
    "twice": 2, "double": 2, "doubles": 2, "doubled": 2, "doubling": 2, "triple": 3, "triples": 3,
    "tripled": 3, "tripling": 3, "thrice": 3, "quadruple": 4, "quadruples": 4,
    "quadrupled": 4, "quadrupling": 4,
    "quintuple": 5, "quintuples": 5, "half": 0.5, "halves": 0.5, "halved": 0.5, "halving": 0.5,
    "a third of": 1 / 3, "one third of": 1 / 3, "a quarter of": 1 / 4, "one quarter of": 1 / 4,
    "doppelt": 2, "das doppelte": 2, "dreimal": 3, "das dreifache": 3, "dreifache": 3, "viermal": 4,
    "das vierfache": 4, "deux fois": 2, "trois fois": 3, "quatre fois": 4, "le double": 2, "le triple": 3,
    "el doble": 2, "el triple": 3, "dos veces": 2, "tres veces": 3, "cuatro veces": 4, "il doppio": 2,
    "il triplo": 3,
    "a fifth of": 1 / 5, "two thirds of": 2 / 3, "three quarters of": 3 / 4, "a tenth of": 1 / 10,
}  # fmt: skip
#: Numbers that are written as words.
SPELLED: Mapping[str, int] = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40,
}  # fmt: skip
_ONE = {"a": 1.0, "an": 1.0, "one": 1.0, "half a": 0.5, "half an": 0.5}
_WORD_MULTIPLE = re.compile(
    r"\b(?:(?P<word>twice|doubled?s?|doubling|triple[sd]?|tripling|thrice|quadruple[sd]?|"
    r"quadrupling|quintuples?|(?<!and a )half(?!(?: of)? an? (?:millisecond|second|minute|"
    r"hour|day|week|month|year|century|dozen|million|billion|trillion|cent|dollar|euro|percent|watt|"
    r"kilowatt|terabyte|"
    r"gigabyte)\b)|halve[sd]|halving"
    r"|doppelt|dreimal|viermal|(?:das )?(?:doppelte|dreifache|vierfache)|(?:deux|trois|quatre) fois|le "
    r"(?:double|triple)"
    r"|el (?:doble|triple)|(?:dos|tres|cuatro) veces|il (?:doppio|triplo)"
    r"|(?:an?|one|two|three)[ -](?:third|quarter|fifth|tenth)s?\s+of)"
    r"|(?P<number>one(?=\s+and)|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty)(?P<more>\s+and\s+a\s+half)?"
    r"(?:\s+times|[ -]?fold|x)"
    r"|factor of (?:about |around |roughly |nearly )?(?:(?P<factor>\d{1,3}(?:\.\d{1,2})?)(?!\.?\d)|"
    r"(?P<spelled>two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)(?!\s(?:to|or)\s)))\b",
    re.IGNORECASE,
)

#: "Check the power supply twice." is how often; before a multiple that ends a sentence.
_OFTEN = re.compile(
    r"\s*(?:[.!?;]|$|(?:in|into|on) (?:an?|one|the same|such an?|each|every)\b|(?:per|a) (?:day|week|"
    r"month|year|hour)\b|daily|weekly|(?:and|because|before|since|last|already|during|so far|within|while|"
    r"when)\b|this (?:week|month|year|summer|winter|spring|autumn)|"
    r"(?:I|we|you|they|it|he|she)\b(?!\s+(?:has|have|had|gets?|got|does|did|do|"
    r"can|needs?|costs?|makes?|manages?|takes?)\b(?=\s*[.,;:)]|$)))",
    re.IGNORECASE,
)
_SO = re.compile(
    r"\b(?:is|are|was|were|be|than|or|by|at|costs?|draws?|holds?|does|has|reaches)\s+"
    r"(?:(?:nearly|almost|about|around|roughly|exactly|over|even|just|only|well over|more than)\s+)*$",
    re.IGNORECASE,
)
_A_HALF = re.compile(r"\b(?:two|both|the|its|their|in|into|as|these)\s+(?:\w+\s+)?$", re.IGNORECASE)
_BY_HALF = re.compile(r"\bby\s+(?:(?:about|around|roughly|nearly|almost)\s+)?(?:one\s+|a\s+)$", re.IGNORECASE)
_NEAR = 28
_DOUBLES_AS = re.compile(r"\s+(?:up\s+)?as\s+(?:an?|the|our|your|its)\b", re.IGNORECASE)
_IN_DOUBLE = re.compile(r"\bin\s+$", re.IGNORECASE)


class Quantity(NamedTuple):
    """A number with its unit in a text; `high` differs from `value` where a range is stated."""

    start: int
    end: int
    #: SI; of `percent` a share, of `money` the amount in its currency.
    value: float
    high: float
    #: A dimension of `units.py`, or bits, length, rate, percent, times, count, money, number (no unit).
    dimension: str
    #: The unit as it is written; the sign of a currency.
    unit: str
    #: How it is limited: a value of `LIMITS`, or empty.
    limit: str = ""


#: What is never told to a thousandth: "2.520 MHz", "16.384 CUDA-Kerne".
_IN_THOUSANDS = re.compile(
    r"\b[1-9]\d{0,2}\.\d{3}(?=\s?(?:MHz|GB/s|Go/s|CUDA|TOPS|(?i:n\u00facleos|c\u0153urs|shader|cores?\b|"
    r"kerne|"
    r"processador|procesadores|recheneinheiten|stream|euros?\b|d\u00f3lar|us-dollar|millones|milh\u00f5es)))"
)


#: And what never comes in thousands: "1.555 TB/s".
_IN_FRACTIONS = re.compile(r"(?<![\d.,])\d\.\d{3}(?=\s?(?:TB/s|To/s|PFLOPS|petaflops))")


def locale(texts: Iterable[str]) -> str:
    """What a document writes before a fraction, `.` or `,`, by numbers that can be read in one way only."""
    points = commas = 0
    for text in texts:
        points += len(re.findall(r"\d,\d{3}(?:\.\d|\b)(?!,\d{3}\.)|\b\d+\.\d{1,2}\b(?!\.\d)", text))
        commas += len(re.findall(r"\d\.\d{3},\d|\b\d+,\d{1,2}\b(?!,\d)", text))
        commas += len(_IN_THOUSANDS.findall(text))
        points += len(_IN_FRACTIONS.findall(text))
    return "," if commas > points else "."


def plainly_limited(text: str) -> str:
    """A text whose limits in two words are in one, at their place: "more than 700" as "over      700"."""
    words = {"most": "up to", "over": "over", "under": "under"}
    return _THAN.sub(lambda each: words[str(each.lastgroup)].ljust(len(each[0])), text)


@lru_cache(maxsize=MANY)
def quantities(text: str, fraction: str = ".") -> tuple[Quantity, ...]:
    """Every number of a text with what follows it as its unit, in order; `fraction` is that of `locale`."""
    return tuple(_with_minutes(text, [*_read_all(text, fraction)]))


#: Between the two parts of one time: "2 h 10 min", "an hour and 20 minutes"; how long a part of the next is.
_AND_SO_MANY = re.compile(r"\s*,?\s*(?:and\s+)?")
_WHOLES = (DAY, HOUR, MINUTE)


def _with_minutes(text: str, found: Sequence[Quantity]) -> Iterator[Quantity]:
    """Quantities as they are, a time in two units as one: "2 h 10 min"."""
    held: Quantity | None = None
    for each in found:
        if held is not None and _goes_on(text, held, each):
            yield held._replace(end=each.end, value=held.value + each.value, high=held.high + each.high)
            held = None
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held


def _goes_on(text: str, one: Quantity, other: Quantity) -> bool:
    """Whether a time is the rest of the one before it: so many minutes of an hour that is told with them."""
    if not one.dimension == other.dimension == "time" or one.high != one.value or other.high != other.value:
        return False
    unit = next((whole for whole in _WHOLES if one.value >= whole and one.value % whole == 0), 0.0)
    smaller = 0 < other.value < unit and one.unit[:1] != other.unit[:1]
    return smaller and _AND_SO_MANY.fullmatch(text, one.end, other.start) is not None


def _read_all(text: str, fraction: str) -> Iterator[Quantity]:
    at = 0
    while match := _NUMBER.search(text, at):
        if match["b"] and not _is_range(match, fraction):
            match = _SINGLE.match(text, match.start()) or match
        found = _quantity(match, text, fraction)
        at = max(found.end if found else match.end(), match.end("a"))
        if found is not None:
            yield found


def _is_range(match: re.Match[str], fraction: str) -> bool:
    """Whether two numbers are the ends of a range: not the 3090 and its 1,008 of "3090 to 1,008 GB/s"."""
    first, last = _read(match["a"], fraction), _read(match["b"], fraction)
    return bool(match["k"]) or first < last


@lru_cache(maxsize=MANY)
def multiples(text: str) -> tuple[Quantity, ...]:
    """Multiples that are written as words: twice, three times, half."""
    return tuple(_multiples(text))


def _multiples(text: str) -> Iterator[Quantity]:
    for match in _WORD_MULTIPLE.finditer(text):
        word, number = match["word"], match["number"]
        key = re.sub(r"[\s-]+", " ", word.lower()) if word else ""
        if word and key not in _MULTIPLES:
            continue
        if key == "double" and _IN_DOUBLE.search(text, max(0, match.start() - _NEAR), match.start()):
            # "5.3 TFLOPS in double and 10.6 in single precision"
            continue
        if key == "halves" and _A_HALF.search(text, max(0, match.start() - _NEAR), match.start()):
            # "128 GB in two halves of 64 GB each"
            continue
        if key == "half" and _BY_HALF.search(text, max(0, match.start() - _NEAR), match.start()):
            # "From 600 to 900, i.e. by one half" is a change, and no multiple.
            continue
        if key == "doubles" and _DOUBLES_AS.match(text, match.end()):
            # "It doubles as a card for desktops": serves as one too.
            continue
        often = key in ("twice", "thrice") and _OFTEN.match(text, match.end())
        if often and not _SO.search(text, max(0, match.start() - _NEAR), match.start()):
            continue
        number = number or match["spelled"] or match["factor"]
        if word:
            value = _MULTIPLES[key]
        elif match["factor"]:
            value = float(number)
        else:
            value = SPELLED.get(number.lower(), 1) + bool(match["more"]) / 2
        # "A third" is a round word.
        limit = _limit(text, match.start(), "") or ("about" if " of" in key else "")
        group = next((name for name in ("factor", "spelled") if match[name]), 0)
        yield Quantity(*match.span(group), value, value, "times", match[group], limit)


def read_number(word: str) -> float:
    """A number in digits, as a word or as an article: "1,000", "eight", "a", "half an"."""
    plain = word.lower().replace(",", "")
    return _ONE.get(plain) or float(SPELLED.get(plain) or plain)


def _quantity(match: re.Match[str], text: str, fraction: str) -> Quantity | None:
    first = _read(match["a"], fraction) * (1e3 if match["k"] else 1.0)
    last = _read(match["b"], fraction) * (1e3 if match["k2"] else 1.0) if match["b"] else first
    end = match.end()
    limit = _limit(text, match.start(), match["approx"] or "")
    start = match.start("sign") if match["sign"] else match.start("a")
    if match["sign"]:
        large = _LARGE.match(text, end)
        word = large[0].strip().lower() if large else ""
        scale = (1e9 if word.startswith(("b", "milliard")) else 1e6) if word else 1.0
        money = first * scale, last * scale, "money", match["sign"].strip(), limit
        return Quantity(start, large.end() if large else end, *money)
    unit = _UNIT.match(text, end)
    if unit is None and (note := _NOTE.match(text, end)):
        # "1,466* TFLOPS": the mark of a footnote.
        unit = _UNIT.match(text, note.end())
    if unit is None and (kind := _KIND.match(text, end)):
        # "321 dense TOPS".
        unit = _UNIT.match(text, kind.end())
    if unit is None:
        shared = _SHARED.match(text, end)
        unit = _UNIT.match(text, shared.end()) if shared and not match["sign"] else None
        if unit is not None and unit.groupdict()[f"u{_MEMORY_UNIT}"] is not None:
            each = _read_unit(unit, first, last)
            return each and Quantity(start, match.end(), *each, unit[0].strip(), limit)
        unit = None
    if unit is None:
        trailing = _TRAILING.match(text, end)
        if trailing:
            word = (trailing[1] or trailing[2]).lower()
            cents = word.startswith(("cent", "\u00a2"))
            name = "USD" if word.startswith("us") else "EUR" if word == "eur" else trailing[1] or trailing[2]
            scale, name = (0.01, "$") if cents else (1.0, name)
            return Quantity(start, trailing.end(), first * scale, last * scale, "money", name, limit)
        if _GOES_ON.match(text, end) or (text[start - 1 : start] == "[" and text[end : end + 1] == "]"):
            # "Tensor Cores.[2]" has the mark of a source.
            return None
        told, unit_told = _of_label(text, start, end, first, last)
        return Quantity(start, end, *told, unit_told, limit)
    scaled = _read_unit(unit, first, last)
    return scaled and Quantity(start, unit.end(), *scaled, unit[0].strip(), limit)


def _of_label(
    text: str, start: int, end: int, first: float, last: float
) -> tuple[tuple[float, float, str], str]:
    """A number without a unit in that of its label: "FP32 TFLOPS: 51.0", "TDP (W): 350"."""
    told = _LABEL_UNIT.search(text, max(0, start - _NEAR), start) if _BY_ITSELF.match(text, end) else None
    name = (told[1] or told[2]) if told else ""
    unit = _UNIT.fullmatch(name) if name else None
    known = _read_unit(unit, first, last) if unit else None
    return (known, name) if known else ((first, last, "number"), "")


def _read_unit(unit: re.Match[str], first: float, last: float) -> tuple[float, float, str] | None:
    """Both ends in SI units by a unit that was found, and their dimension."""
    index = next(i for i in range(len(_UNITS)) if unit[f"u{i}"] is not None)
    _, dimension, form = _UNITS[index]
    groups = unit.groupdict()
    prefix = groups.get(f"p{index}") or _WORDS.get((groups.get(f"word{index}") or "").lower(), "")
    return _si(first, last, dimension, form, prefix)


def _si(first: float, last: float, dimension: str, form: str, prefix: str) -> tuple[float, float, str] | None:
    """SI values and their dimension."""
    if not form:
        name, scale = _SCALES[dimension]
        scale *= {"k": 1e3, "m": 1e6, "g": 1e9}.get(prefix.lower(), 1.0)
        return first * scale, last * scale, name
    try:
        scale = parse(f"1 {form.format(p=prefix)}", dimension)
    except UsageError:
        return None
    return first * scale, last * scale, dimension


def _read(digits: str, fraction: str) -> float:
    """A number from its digits; groups of three are thousands unless the document's fractions say no."""
    plain = re.sub(r"[\u00a0\u2009\u202f'\u2019 ]", "", digits)
    points, commas = plain.count("."), plain.count(",")
    if points and commas:
        last = max(plain.rfind("."), plain.rfind(","))
        whole = plain[:last].replace(".", "").replace(",", "")
        return float(f"{whole}.{plain[last + 1 :]}")
    mark = "." if points else ","
    if not points and not commas:
        return float(plain)
    head, *groups = plain.lstrip("-").split(mark)
    grouped = all(len(group) == 3 for group in groups) and 1 <= len(head) <= 3 and head != "0"
    if len(groups) > 1 or (grouped and mark != fraction):
        return float(plain.replace(mark, "")) if grouped else math.nan
    return float(plain.replace(",", "."))


def _limit(text: str, start: int, sign: str) -> str:
    before = _BEFORE.search(text, max(0, start - 30), start)
    if before and before[0].lower().startswith("over a") and _OF_A_BUS.match(text, start):
        # "1,792 GB/s over a 512-bit bus": by way of it.
        return ""
    if before and _A_LITTLE.search(text, max(0, before.start() - 16), before.start() + len(before[1])):
        return "about"
    return LIMITS.get(sign or (before[1].lower() if before else ""), "")


#: "A little over half" is near it.
_A_LITTLE = re.compile(
    r"\b(?:a (?:little|bit|touch|tad|hair)|just|slightly|barely|only (?:just|slightly|a little)|"
    r"scarcely)\s+(?:over|more than|above|under|less than|below)$",
    re.IGNORECASE,
)
