"""Every number of a text with its unit, whatever noun that is, and what it is per: "12 messages an hour"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY
from whichgpu.audit.quantities import quantities
from whichgpu.audit.reckoned.implied import completed
from whichgpu.audit.reckoned.units import (
    ADVERBS,
    BARE,
    MEDIA,
    NO_NOUN,
    PERIODS,
    SCALES,
    WORDS,
    Figure,
    in_order,
    number,
    per,
    rounding,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.reckoned.units import Powers

    Places = tuple[tuple[int, int], ...]

_SIGNS = {
    "$": "$", "US$": "$", "USD": "$", "dollars": "$", "dollar": "$", "cent": "$", "cents": "$",
    "\u20ac": "\u20ac", "EUR": "\u20ac", "euros": "\u20ac", "euro": "\u20ac", "\u00a3": "\u00a3",
}  # fmt: skip
_SPELLED = re.compile(
    rf"(?<![\w-])(?P<n>{'|'.join(sorted(WORDS, key=len, reverse=True))})"
    r"(?:[ -](?P<times>hundred|thousand|dozen))?(?![\w-])",
    re.IGNORECASE,
)
#: What a number counts: a word in the plural, behind two others at most.
_NOUN = re.compile(
    r"[\s-]*(?:(?P<scale>thousand|million|billion|trillion)\s+)?(?:of\s+(?P<them>them|these|those)\b|"
    r"(?P<words>(?:[A-Za-z][\w-]*\s+){0,2}?)(?P<noun>[A-Za-z]{3,}s|(?<=-)(?:token|image|step|page)|"
    r"(?:GPU|gpu)(?![\s-][Hh]ours?)|day|month|week|year|hour)\b)"
)
_PARAMETERS = re.compile(r"(?<![\w.,$])(?P<n>\d{1,3}(?:\.\d{1,2})?)B\b(?!\s*/)")
_FORMATS = re.compile(
    r"(?<![\w-])(?:(?P<four>FP32|TF32)|(?P<two>FP16|BF16|16-bit)|(?P<one>FP8|INT8|8-bit)|"
    r"(?P<half>INT4|FP4|4-bit|NF4))\b",
    re.IGNORECASE,
)
_SIZES = {"four": 4.0, "two": 2.0, "one": 1.0, "half": 0.5}
_PERIOD = re.compile(
    r"\b(?:an?|per|each|every|one|the|full|whole|over a|in a)\s+(?:full |whole )?"
    r"(?P<name>day|week|month|year|quarter(?! of))\b|"
    r"\bin (?:an?|one) (?P<short>hour|minute|second)\b|"
    r"\b(?P<adverb>hourly|daily|weekly|monthly|yearly|annual(?:ly)?)\b",
    re.IGNORECASE,
)
_SHARES = {
    "half": 0.5, "a third": 1 / 3, "one third": 1 / 3, "two thirds": 2 / 3, "a quarter": 0.25,
    "one quarter": 0.25, "three quarters": 0.75, "a fifth": 0.2, "a tenth": 0.1,
}  # fmt: skip
_PARTS = re.compile(rf"(?<!and a )\b(?P<part>{'|'.join(_SHARES)})\s+of\b", re.IGNORECASE)
_DEVICE = re.compile(r"\s*[x\u00d7]?\s*(?:(?:NVIDIA|AMD|used|more|further|RTX|such)\s+){0,2}$", re.IGNORECASE)
#: Before the first of two numbers that something changes from and to.
_FROM = re.compile(r"\bfrom\s+(?:about |around |roughly )?$", re.IGNORECASE)
#: Numbers by themselves that are round: "a million tokens".
_ROUND = re.compile(
    r"\b(?:an?|one)\s+(?P<scale>thousand|million|billion)\b(?:\s+(?P<noun>[a-z]+s)\b)?"
    r"(?!\s+(?:dollars|euros))",
    re.IGNORECASE,
)
#: What a share is taken of, left of or added to, by the words behind and before it.
_WAYS = tuple(
    (way, re.compile(behind, re.IGNORECASE), re.compile(rf"{before}[^.;,]{{0,12}}$", re.IGNORECASE))
    for way, behind, before in (
        ("of", r"\s*(?:of\b|utili|effici|load|busy)", r"\b(?:effici\w+|utili\w+|load)\b"),
        (
            "more",
            r"\s*(?:more|higher|longer|extra|overhead|on top|faster|markup|increase|growth|dearer)\b",
            r"\b(?:overhead|increase\w*|add\w*|plus|markup|reserve|headroom|margin|buffer|tax|vat)\b",
        ),
        (
            "less",
            r"\s*(?:less|lower|cheaper|fewer|off|discount|shorter|slower|reduction)\b",
            r"\b(?:discount|los[et]s?|minus|cuts?|sav\w+|reduc\w+|drops? by|fell by)\b",
        ),
    )
)
_REACH, _DIGITS = 24, re.compile(r"\d[\d,]*(?:\.\d+)?")
#: Bits that a parameter may have.
_WIDTHS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 16.0, 32.0)
_UNITS: Mapping[str, tuple[float, Powers]] = {
    "power": (1.0, (("Wh", 1), ("h", -1))), "energy": (1.0, (("Wh", 1),)), "memory": (1.0, (("B", 1),)),
    "bandwidth": (3600.0, (("B", 1), ("h", -1))), "bit rate": (450.0, (("B", 1), ("h", -1))),
    "time": (1 / 3600.0, (("h", 1),)), "flop rate": (3600.0, (("flop", 1), ("h", -1))),
}  # fmt: skip
_KIBI = 1.024
#: Behind a verb that looks like a noun: "0.9 reserves 90 %".
_VERB = re.compile(r"\s+(?:about |around )?[\d$]", re.IGNORECASE)
#: Behind so many of what was spoken of, and how many they are at most.
_DO = re.compile(
    r"\s+(?:would |will |then |together )?"
    r"(?:have|cost|draw|make|need|take|deliver|use|run|give|reach|get|handle|hold)\b",
    re.IGNORECASE,
)
_MOST = 2000
_FACTOR = re.compile(r"\b(?:factor|speed-?up) of (?:about |around |roughly |nearly )?$", re.IGNORECASE)


_HEDGED = re.compile(r"\b(?:nearly|almost|about|around|roughly|some|not quite|close to)\s+$", re.IGNORECASE)


@lru_cache(maxsize=MANY)
def figures(text: str, fraction: str = ".", names: Places = ()) -> tuple[Figure, ...]:
    """Every number of a text in order, but those in the names of devices."""
    taken = bytearray(len(text))
    for start, end in names:
        taken[start:end] = bytes([1]) * (end - start)
    found = []
    for each in (
        *_parameters(text),
        *_measured(text, fraction, names),
        *_spelled(text, names),
        *_words(text),
    ):
        if 1 not in taken[each.start : each.start + len(each.words)]:
            taken[each.start : each.end] = bytes([1]) * (each.end - each.start)
            found.append(each)
    return tuple(completed(text, sorted(found)))


def _parameters(text: str) -> Iterator[Figure]:
    for match in _PARAMETERS.finditer(text):
        value = float(match["n"]) * 1e9
        yield Figure(*match.span(), value, value, (("parameter", 1),), match[0], rounding(match["n"]))


def _words(text: str) -> Iterator[Figure]:
    """Formats, shares and periods that are factors without a number, and round numbers."""
    for match in _FORMATS.finditer(text):
        size = _SIZES[str(match.lastgroup)]
        yield Figure(*match.span(), size, size, BARE, match[0], kind="format")
    for match in _ROUND.finditer(text):
        noun = match["noun"] if match["noun"] not in NO_NOUN else ""
        noun = noun or ("tokens" if "token" in text else "")
        if noun:
            value = SCALES[match["scale"].lower()]
            yield Figure(*match.span(), value, value, ((unit_of(noun), 1),), match[0])
    for match in _PARTS.finditer(text):
        share = _SHARES[" ".join(match["part"].lower().split())]
        yield Figure(*match.span("part"), share, share, (), match["part"], kind="share", way="of")
    for match in _PERIOD.finditer(text):
        name = (match["name"] or match["short"] or ADVERBS[match["adverb"].lower()]).lower()
        hours, months = PERIODS[name], int(name == "month")
        yield Figure(*match.span(), hours, hours, (("h", 1),), match[0], kind="period", months=months)


def _measured(text: str, fraction: str, names: Places) -> Iterator[Figure]:
    """Numbers that are written with digits."""
    for each in quantities(text, fraction):
        if any(a <= each.start < b for a, b in names) or each.value <= 0:
            continue
        made = _of_quantity(text, each, names)
        if made is not None:
            yield from _ends(text, made)


def _ends(text: str, made: Figure) -> Iterator[Figure]:
    """The two numbers of a change, "from 24 to 36", or what is told alone."""
    parts = list(_DIGITS.finditer(text, made.start, made.start + len(made.words)))
    change = _FROM.search(text, max(0, made.start - _REACH), made.start)
    if made.low == made.high or not change or len(parts) < 2:
        yield made
        return
    (first, *_, last), end = parts, made.start + len(made.words)
    one = made._replace(end=first.end(), high=made.low, words=text[made.start : first.end()], open=False)
    other = made._replace(start=last.start(), low=made.high, words=text[last.start() : end], open=False)
    yield one._replace(rounding=rounding(first[0]))
    yield other._replace(rounding=rounding(last[0].rstrip(",")))


def _base(text: str, each: Quantity, scale: float, powers: Powers, kind: str = "") -> Figure:
    words = text[each.start : each.end]
    about, limited = each.limit in ("about", "nearly"), each.limit in ("up to", "over", "under")
    # "Over 22 hours": for so long.
    limited = limited and (each.limit, each.dimension) != ("over", "time")
    low, high = each.value * scale, max(each.high, each.value) * scale
    rough = rounding(number(words)) if number(words) else 0.0
    # "8K" of context are 8,192.
    high *= _KIBI if words.endswith("K") else 1.0
    return Figure(
        each.start, each.end, low, high, powers, words, rough, kind, about=about,
        open=limited or each.high != each.value,
    )  # fmt: skip


def _of_quantity(text: str, each: Quantity, names: Places) -> Figure | None:
    kind = each.dimension
    if kind == "money":
        sign = _SIGNS.get(each.unit)
        return per(text, _base(text, each, 1.0, ((sign, 1),))) if sign else None
    if kind in ("number", "count"):
        made = _counted(text, _base(text, each, 1.0, ()), names)
        bare = kind == "count" and all(unit == "h" for unit, _ in made.powers)
        # "1.8 billion a month": of what the text speaks of.
        return _of_tokens(made) if bare and "token" in text else made
    if kind in ("percent", "times"):
        base = _base(text, each, 1.0, (), "share" if kind == "percent" else "times")
        return _with_way(text, base) if kind == "percent" else _of_devices(text, base, names) or base
    if kind == "bits":
        return _base(text, each, 1 / 8, BARE, "format") if each.value in _WIDTHS else None
    return _of_measure(text, each)


def _of_tokens(base: Figure) -> Figure:
    return base._replace(powers=in_order({**dict(base.powers), "token": 1}))


def _of_measure(text: str, each: Quantity) -> Figure | None:
    """A number in a unit of measure, or of tokens or images in a time."""
    if each.dimension == "rate":
        noun = (re.match("[A-Za-z]+", each.unit) or ("",))[0].lower()
        noun = "token" if noun in ("t", "tok", "tokens", "token") else unit_of(noun)
        return per(text, _base(text, each, 3600.0, in_order({noun: 1, "h": -1})))
    if each.dimension not in _UNITS:
        return None
    base = _base(text, each, *_UNITS[each.dimension])
    media = each.dimension == "time" and MEDIA.match(text, base.end)
    return per(text, base._replace(powers=(("media", 1),)) if media else base)


def _with_way(text: str, base: Figure) -> Figure:
    """A share with what it is: of something, or what is more or less than that."""
    start = max(0, base.start - 2 * _REACH)
    found = (
        way
        for way, after, before in _WAYS
        if after.match(text, base.end) or before.search(text, start, base.start)
    )
    return base._replace(way=next(found, ""))


def _of_devices(text: str, base: Figure, names: Places) -> Figure | None:
    """A number right before the name of a device: "8x H100", "two RTX 4090"."""
    near = [a for a, _ in names if 0 <= a - base.end < _REACH and _DEVICE.fullmatch(text, base.end, a)]
    if near and base.value.is_integer():
        return base._replace(powers=(("gpu", 1),), kind="")
    return None


def _counted(text: str, base: Figure, names: Places) -> Figure:
    """A number with the noun behind it as its unit, if there is one, and what it is per."""
    if _FACTOR.search(text, max(0, base.start - 2 * _REACH), base.start):
        return base._replace(kind="times")
    if found := _of_devices(text, base, names):
        return found
    noun = _NOUN.match(text, base.end)
    if noun is None:
        some = _DO.match(text, base.end) and base.value == round(base.value) and base.value < _MOST
        named = base.words.lower() in ("pair", "both")
        return base._replace(powers=(("gpu", 1),)) if some or named else per(text, base)
    between = (noun["words"] or "").lower().split()
    word = (noun["noun"] or "gpus").lower()
    verb = _VERB.match(text, noun.end()) or word in NO_NOUN
    if verb or any(each in NO_NOUN or each.endswith("ing") for each in between):
        return per(text, base)
    return per(text, _of_noun(text, base, noun, unit_of(word)))


def _of_noun(text: str, base: Figure, noun: re.Match[str], name: str) -> Figure:
    """A number of what a noun names: of hours, of bytes, of bits of a parameter, or of anything else."""
    scale = SCALES[noun["scale"]] if noun["scale"] else 1.0
    powers: Powers = ((name, 1),)
    base = base._replace(end=noun.end(), words=text[base.start : noun.end()])
    if name in PERIODS:
        media = MEDIA.match(text, noun.end())
        scale, powers = PERIODS[name], (("media" if media else "h", 1),)
        base = base._replace(months=int(name in ("month", "mo")), open=base.low != base.high)
    elif name == "byte":
        powers = (("B", 1),)
    elif name == "bit":
        scale, powers = 1 / 8, BARE
        base = base._replace(kind="format")
    return base._replace(low=base.low * scale, high=base.high * scale, powers=powers)


#: "Two hundred hours".
_TIMES = {"hundred": 100.0, "thousand": 1000.0, "dozen": 12.0}


def _spelled(text: str, names: Places) -> Iterator[Figure]:
    """Numbers that are words: "eight of them", "sixteen GPUs"."""
    for match in _SPELLED.finditer(text):
        value = float(WORDS[match["n"].lower()]) * _TIMES.get((match["times"] or "").lower(), 1.0)
        about = _HEDGED.search(text, max(0, match.start() - _REACH), match.start()) is not None
        yield _counted(text, Figure(*match.span(), value, value, (), match[0], about=about), names)
