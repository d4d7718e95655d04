"""Whether a result is a chosen number, follows by another way, or is what several make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.premised.amounts import AGAINST, NEAR, SAME, SPARSE, WORDS, number
from whichgpu.audit.text.quantities import quantities
from whichgpu.units import HOUR

if TYPE_CHECKING:
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.review.unfounded import Place


_OF_THEM = re.compile(r"\b(?P<w>two|three|four|five|six|eight) of (?:them|these|those)\b", re.IGNORECASE)
_AT_MOST = re.compile(r"at most (?P<n>\d[\d.,]*) a second")


def of_several_at_work(found: Finding, place: Place, _: Context) -> bool:
    """Whether a speed above what one card allows is that of several, which the sentence counts."""
    many, most = _OF_THEM.search(place.sentence.text), _AT_MOST.search(found.because)
    if many is None or most is None:
        return False
    return number(found.quote) <= WORDS[many["w"].lower()] * number(most["n"])


#: A round number of what is made, whose price is told: "1,000 images cost $1.25".
_CHOSEN = re.compile(r"(?:10+|1,0{3}(?:,0{3})*)\s+[a-z]+$", re.IGNORECASE)
_COST = re.compile(r"\s+(?:then\s+)?(?:costs?|come to|take|need|for|are)\b", re.IGNORECASE)
#: Before a number, that it belongs to a name: "SD 1.5 images".
_VERSION = re.compile(
    r"\b(?:SD|SDXL|Llama|Qwen|GPT|Flux|Mistral|Phi|Gemma|v|version|CUDA|PCIe)[ -]?$", re.IGNORECASE
)
#: Behind an amount, what it is of each of: an amount set against it is of the same.
_PER = re.compile(r"\s*(?:/|\b(?:per|an?|each|for each)\s)\s?\w+(?=\s)", re.IGNORECASE)
#: How many are told one by one behind a colon: "two files: the first, which is 5 GB".
_SOME_THINGS = re.compile(rf"(?:\d{{1,2}}|{'|'.join(WORDS)})\s+[a-z -]+", re.IGNORECASE)
_LIST_OF = re.compile(r"[^.;:,\d]*:\s")
_OPERANDS = re.compile(r" and |, ")


def of_sum(found: Finding, place: Place, context: Context) -> bool:
    """Whether a result is a chosen number, made of a name's version, or a product of three amounts."""
    text, at, end = place.text, place.at, place.end
    if _is_written_out(text, at, found.quote):
        return True
    if _CHOSEN.match(found.quote) and _COST.match(text, end):
        return True
    for words in _OPERANDS.split(found.because.rpartition(" make ")[0]):
        start = text.rfind(words, 0, at) if words else -1
        if start >= 0 and (
            _VERSION.search(text, 0, start)
            or AGAINST.fullmatch(_PER.sub("", text[start + len(words) : at], count=1).lstrip())
            or (_SOME_THINGS.fullmatch(words) and _LIST_OF.match(text, start + len(words), at))
        ):
            return True
    if is_of_like_units(found) or _is_price_times(place, context) or _is_time_bought(place, context):
        return True
    return found.quote.rstrip("s").lower().endswith("wh") and _is_product_of_three(place, context)


#: "$6,800 / 48 GB is $142": a formula, and what comes of it.
_FORMULA = re.compile(
    r"(?P<a>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z%/-]*(?:\s[a-z]+)?\s(?P<by>[x\u00d7*/\u00f7]|times|divided by)\s"
    r"[$\u20ac]?(?P<b>\d[\d,]*(?:\.\d+)?)\s?[A-Za-z%/-]*(?:\s[a-z]+)?\s"
    r"(?:is|are|=|makes?|gives?|comes to|equals|\u2248)\s(?:about |around |roughly |some |~)?$",
    re.IGNORECASE,
)


def _is_written_out(text: str, at: int, quote: str) -> bool:
    """Whether an amount is what the formula right before it comes to."""
    match = _FORMULA.search(text, max(0, at - 2 * NEAR), at)
    told = number(quote)
    if match is None or not told:
        return False
    a, b = number(match["a"]), number(match["b"])
    real = a * b if match["by"].lower() in ("x", "\u00d7", "*", "times") else a / b if b else 0.0
    return abs(real / told - 1) < SPARSE


_APART = re.compile(
    r"(?P<a>\d[\d.,]*) ?(?:minutes|seconds|hours|min|s|h) and (?P<b>\d[\d.,]*) are .* apart", re.IGNORECASE
)


def is_of_like_units(found: Finding) -> bool:
    """Whether a ratio is that of a time and of a bare number, which has its unit."""
    match = _APART.match(found.because)
    a, b, told = (number(each) for each in (match["a"], match["b"], found.quote)) if match else (0, 0, 0)
    return bool(a and b and told) and any(abs(way / told - 1) < SPARSE for way in (a / b, b / a))


#: Kilowatts, and kilowatt-hours, that a tariff is for.
_KILO = 1e3


def _is_price_times(place: Place, context: Context) -> bool:
    """Whether an amount of money is a price of the sentences around times a power or an energy there."""
    own, others = place.amounts(context, back=2)
    if own is None or own.dimension != "money" or not own.value:
        return False
    fraction = re.search(r"\.(\d{1,2})", place.text[own.start : own.end])
    half = 0.5 * 10.0 ** -len(fraction[1] if fraction else "")
    prices = [each.value for each in others if each.dimension == "money"]
    amounts = [each.value / _KILO for each in others if each.dimension in ("energy", "power")]
    return any(abs(price * amount - own.value) <= half for price in prices for amount in amounts)


def _is_time_bought(place: Place, context: Context) -> bool:
    """Whether a time is what the money of its sentence buys at a rate that the document tells."""
    own, others = place.amounts(context)
    if own is None or own.dimension != "time" or not own.value:
        return False
    rates = [
        each.value
        for passage in context.document.passages
        for each in quantities(passage.text, context.fraction)
        if each.dimension == "money" and each.value
    ]
    hours = own.value / HOUR
    return any(
        abs(each.value / rate / hours - 1) < SPARSE
        for each in others
        if each.dimension == "money"
        for rate in rates
    )


_COUNT = re.compile(
    r"(?P<n>\d{1,4})\s+(?:\w+\s+){0,1}(?:days|nights|weeks|months|shifts|evenings)\b", re.IGNORECASE
)
_HOURS_OF = re.compile(rf"\b(?P<n>\d{{1,2}}|{'|'.join(WORDS)})\s+(?:\w+\s)?hours\b", re.IGNORECASE)


def _is_product_of_three(place: Place, context: Context) -> bool:
    """Whether an energy is a power, hours of a day and a number of days of its own sentence."""
    start, stop = place.sentence.start, place.sentence.end
    text = place.text
    own, others = place.amounts(context)
    powers = [each.value for each in others if each.dimension == "power"]
    days = [float(each["n"]) for each in _COUNT.finditer(text, start, stop)]
    hours = [
        float(each["n"]) if each["n"].isdigit() else float(WORDS.get(each["n"].lower(), 0))
        for each in _HOURS_OF.finditer(text, start, stop)
    ]
    return own is not None and any(
        abs(w * d * h / own.value - 1) < SAME for w in powers for d in days for h in hours if own.value
    )
