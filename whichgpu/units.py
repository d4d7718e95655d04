"""Quantities as text and as plain SI floats: "3.35 TB/s" <-> 3.35e12.

Text enters and leaves at the edges only; inside, every number is an SI float (bytes, bytes/s,
FLOP/s, OP/s, seconds, watts, joules, hertz). The table of units is closed: an unknown unit, a
missing one, or one of another dimension is refused with an example of what to write.

GB is 10^9 bytes and GiB is 2^30.
"""

from __future__ import annotations

import math
import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Periods in seconds, of the mean year of 365.25 days and a twelfth of it.
MINUTE, HOUR, DAY, WEEK, MONTH, YEAR = 60.0, 3600.0, 86400.0, 604800.0, 2629800.0, 31557600.0
HOURS_PER_MONTH, HOURS_PER_YEAR = MONTH / HOUR, YEAR / HOUR
DAYS_PER_MONTH, DAYS_PER_YEAR = MONTH / DAY, YEAR / DAY
#: Joules, and bytes as vendors and as drivers count them.
KWH, GB, MIB, GIB, TIB = 3.6e6, 1e9, 2.0**20, 2.0**30, 2.0**40

_DECIMAL = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}


def _scaled(stem: str, prefixes: Mapping[str, float], factor: float = 1.0) -> dict[str, float]:
    return {prefix + stem: scale * factor for prefix, scale in prefixes.items()}


_BYTES = {**_scaled("B", _DECIMAL), **_scaled("B", _BINARY), "KB": 1e3}


class Dimension(NamedTuple):
    """One kind of quantity: its accepted units in SI, and an example for error messages."""

    units: Mapping[str, float]
    example: str
    si: str


#: Every dimension that data files and options may use.
DIMENSIONS: Mapping[str, Dimension] = MappingProxyType(
    {
        "memory": Dimension(_BYTES, "24 GB", "B"),
        "bandwidth": Dimension({unit + "/s": f for unit, f in _BYTES.items()}, "3.35 TB/s", "B/s"),
        "bit rate": Dimension(
            {**_scaled("bit/s", _DECIMAL), **_scaled("bps", _DECIMAL)}, "16 Gbit/s", "bit/s"
        ),
        "flop rate": Dimension(
            {**_scaled("FLOP/s", _DECIMAL), **_scaled("FLOPS", _DECIMAL)}, "312 TFLOPS", "FLOP/s"
        ),
        "op rate": Dimension({**_scaled("OP/s", _DECIMAL), **_scaled("OPS", _DECIMAL)}, "624 TOPS", "OP/s"),
        "frequency": Dimension(_scaled("Hz", _DECIMAL), "1410 MHz", "Hz"),
        "time": Dimension(
            {
                "s": 1.0,
                "ms": 1e-3,
                "us": 1e-6,
                "ns": 1e-9,
                "min": MINUTE,
                "h": HOUR,
                **dict.fromkeys(("day", "days"), DAY),
                **dict.fromkeys(("week", "weeks"), WEEK),
                **dict.fromkeys(("year", "years"), YEAR),
                **dict.fromkeys(("sec", "secs", "second", "seconds"), 1.0),
                **dict.fromkeys(("msec", "millisecond", "milliseconds"), 1e-3),
                **dict.fromkeys(("mins", "minute", "minutes"), MINUTE),
                **dict.fromkeys(("hr", "hrs", "hour", "hours"), HOUR),
            },
            "2 s",
            "s",
        ),
        "power": Dimension({"W": 1.0, "kW": 1e3, "MW": 1e6}, "300 W", "W"),
        "energy": Dimension(
            {"J": 1.0, "mJ": 1e-3, "kJ": 1e3, "MJ": 1e6, "Wh": HOUR, "kWh": KWH}, "0.5 kWh", "J"
        ),
        "length": Dimension({"m": 1.0, "mm": 1e-3, "nm": 1e-9}, "267 mm", "m"),
        "area": Dimension({"mm2": 1e-6, "mm²": 1e-6}, "628 mm2", "m2"),
        "money": Dimension({"USD": 1.0}, "2250 USD", "USD"),
        "price": Dimension(
            {
                "USD/h": 1.0,
                "USD/hour": 1.0,
                "USD/min": MINUTE,
                "USD/s": HOUR,
                "USD/day": 1 / 24,
                "USD/month": 1 / HOURS_PER_MONTH,
                "USD/year": 1 / HOURS_PER_YEAR,
            },
            "20 USD/h",
            "USD/h",
        ),
        "carbon intensity": Dimension(
            {"g/kWh": 1.0, "gCO2/kWh": 1.0, "gCO2e/kWh": 1.0, "kg/kWh": 1e3, "kg/MWh": 1.0, "t/MWh": 1e3},
            "350 g/kWh",
            "g/kWh",
        ),
        "energy price": Dimension({"USD/kWh": 1.0}, "0.12 USD/kWh", "USD/kWh"),
        "data price": Dimension(
            {"USD/GB": 1e-9, "USD/TB": 1e-12, "USD/GiB": 1 / GIB}, "0.09 USD/GB", "USD/B"
        ),
        "bits": Dimension({"bit": 1.0, "bits": 1.0}, "384 bit", "bit"),
        "share": Dimension({"%": 0.01, "": 1.0}, "20 %", ""),
    }
)

#: The units a rate of work may be asked in: "1000 images/min" is (1000 / 60, "images").
_PER = {
    "s": 1.0, "min": MINUTE, "h": HOUR, "day": DAY, "week": WEEK, "month": MONTH, "year": YEAR,
}  # fmt: skip
_PERIODS = {word: period for period, words in {
    "s": "s sec secs second seconds", "min": "min mins minute minutes minutely",
    "h": "h hr hrs hour hours hourly", "day": "d day days daily", "week": "w wk week weeks weekly",
    "month": "mo month months monthly", "year": "y yr year years yearly annum annually",
}.items() for word in words.split()}  # fmt: skip
#: What a number may be followed by.
SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mio": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9,
           "billion": 1e9, "t": 1e12, "trillion": 1e12}  # fmt: skip
_SHORT = {"tps": "tokens/s", "fps": "images/s", "rps": "requests/s", "qps": "requests/s"}
#: A comma sets off thousands and nothing else: "3,35 TB/s" is refused, not read as 335.
_NUMBER = r"[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = rf"(?i)^\s*({_NUMBER}|[+-]?(?:nan|inf(?:inity)?))\s*(.*?)\s*$"
_RATE = (
    rf"(?:(?P<scale>{'|'.join(SCALES)})\s+)?(?P<noun>[a-z][a-z _-]*?)"
    rf"(?:(?:\s*/\s*|\s+(?:per|an?|each|every|in)\s+)(?P<many>{_NUMBER})?\s*(?P<per>{'|'.join(_PERIODS)})"
    r"|\s+(?P<ly>[a-z]+ly))"
)


def _split(text: str, what: str, example: str) -> tuple[float, str]:
    number, _, unit = text.partition(" ")
    if number.isascii() and number.replace(".", "", 1).isdigit() and "\n" not in unit:
        # As data files write it: read without the pattern, which takes a cold start 0.3 ms to compile.
        return float(number), unit.strip()
    match = re.match(_QUANTITY, text)
    if not match:
        raise UsageError(f"'{text}' is not {_a(what)}; write e.g. \"{example}\"")
    value = float(match[1].replace(",", "").replace("_", ""))
    if not math.isfinite(value):
        raise UsageError(f"'{text}' is not a finite {what}; write e.g. \"{example}\"")
    return value, match[2]


def parse(text: str, dimension: str, example: str = "") -> float:
    """Read a quantity as an SI float; `example` is what a message says to write.

    Raises `UsageError` for a missing or unknown unit, one of another dimension, or a number that
    is not finite. Units are case-sensitive where case carries meaning (`Mb` is not `MB`, `gb` is `GB`).
    """
    units, usual, _ = DIMENSIONS[dimension]
    example = example or usual
    plain = in_usd(str(text), example) if dimension in _OF_MONEY else str(text)
    value, unit = _split(plain, dimension, example)
    if unit not in units and unit.islower() and not unit.startswith("m"):
        # `24 gb`: of all prefixes only that of a thousandth and that of a million differ by their case.
        unit = next((one for one in units if one.lower() == unit), unit)
    if unit in units:
        # Division keeps small units exact to the last digit: 826 mm2 is 0.000826, not 0.00082599...
        scale = units[unit]
        if scale >= 1:
            return value * scale
        whole = round(1 / scale)
        return value / whole if math.isclose(whole * scale, 1.0, rel_tol=1e-9) else value * scale
    if unit and dimension in _OF_MONEY:
        # `2k per month` lacks the currency only.
        value, unit = _split(in_usd(f"${text}"), dimension, example) if plain == text else (value, unit)
        if unit in units:
            raise UsageError(f"'{text}' has no unit; write e.g. \"{value:g} {unit}\"")
    if unit in ("", "USD"):
        raise UsageError(f"'{text}' has no unit; write e.g. \"{_with_unit(value, example)}\"")
    raise UsageError(f"'{text}' is not {_a(dimension)}; write e.g. \"{example}\"")


_OF_MONEY = ("money", "price", "energy price", "data price")
_OTHERS = (
    r"(?:€|£|¥|₹|(?<![a-z])(?:EUR|euros?|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|SEK|NOK|DKK|PLN|BRL|KRW)(?![a-z]))"
)
_THOUSANDS = {"k": "e3", "m": "e6", "million": "e6", "thousand": "e3"}
_TIMES = {"hr": "h", "hrs": "h", "hours": "h", "mo": "month", "yr": "year", "sec": "s", "second": "s",
          "minute": "min", "kwh": "kWh"}  # fmt: skip


@cache
def _foreign() -> re.Pattern[str]:
    """An amount in another currency, what follows, its rate: `100 EUR at 1.08`, `€0.30/kWh at 1.08 USD`."""
    # Compiled where money is read: 2 ms, which most commands need not take.
    return re.compile(
        rf"(?:{_OTHERS}\s*(?P<before>{_NUMBER})|(?P<behind>{_NUMBER})\s*(?P<k>k|m|thousand|million)?\s*{_OTHERS})"
        rf"(?P<rest>.*?)\s(?:at|@)\s*(?P<rate>\d+(?:\.\d+)?)\s*(?:USD|\$|dollars?)?"
        rf"(?:\s*(?:an?|per|each|/)\s*{_OTHERS})?\s*$",
        re.I,
    )


def in_usd(text: str, example: str = "20 USD/h") -> str:
    """Money as people write it (`$2.5k per month`) in the one way of the tables (`2.5e3 USD/month`).

    What it does not know stays as it is; raises `UsageError` as `exchanged` does.
    """
    text = exchanged(text, example)
    whole = re.sub(rf"({_NUMBER})\s*(?:cents?\b|¢)", _of_cents, text, flags=re.I)
    plain = re.sub(r"^\s*(?:US\$|\$|USD\b)\s*(?=[-+.\d])", "", whole, flags=re.I)
    plain = re.sub(r"\b(?:usd|dollars?|bucks)\b|US\$|(?<=[\dkM ])\$", "USD", plain, flags=re.I)
    found = re.fullmatch(rf"\s*({_NUMBER})\s*(k|m|thousand|million)?\s*(?:USD)?\s*(.*?)\s*", plain, re.I)
    if found is None or (plain == text and "USD" not in text):
        return text
    per = re.sub(r"^(?:/|per\b|an?\b|each\b)\s*", "", found[3], flags=re.I)
    amount = found[1] + _THOUSANDS.get((found[2] or "").lower(), "")
    unit = _TIMES.get(per.lower(), per)
    return f"{amount} USD/{unit}" if unit else f"{amount} USD"


def exchanged(text: str, example: str = "20 USD/h") -> str:
    """A text whose amount is in another currency at a stated rate (`100 EUR at 1.08`) with that in USD.

    Raises `UsageError` where the rate is not stated: it changes by the day, and none is on file.
    """
    if not re.search(_OTHERS, text, re.I):
        return text
    found = _foreign().search(text)
    if found is None or not (rate := float(found["rate"])) > 0:
        raise UsageError(
            f"'{text}' is in another currency, and prices are in USD: put what one of it costs behind it, "
            f'e.g. "{text} at 1.08" for 1.08 USD; or write e.g. "{example}"'
        )
    amount = float((found["before"] or found["behind"]).replace(",", "").replace("_", "")) * rate
    scale = _THOUSANDS.get((found["k"] or "").lower(), "")
    return f"{text[: found.start()]}{amount:.12g}{scale} USD{found['rest']}"


def _of_cents(found: re.Match[str]) -> str:
    return f"{float(found[1].replace(',', '').replace('_', '')) / 100:.12g} USD"


def _a(noun: str) -> str:
    if noun.endswith("s"):
        return f"a number of {noun}"
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


#: A number so many times the example's is of the next smaller unit.
_FAR = 30.0


def _with_unit(value: float, example: str) -> str:
    number, unit = example.split(" ", 1)
    # 600 of a bandwidth are GB/s, where the example has TB/s.
    smaller = {"T": "G", "G": "M"}.get(unit[0])
    if smaller and len(unit) > 1 and value > _FAR * float(number):
        unit = smaller + unit[1:]
    return f"{value:g} {unit}"


def parse_rate(text: str, example: str = "1000 images/min") -> tuple[float, str]:
    """Read a rate of work: `"1000 images/min"` is `(16.67, "images")`, per second.

    Also `2B tokens a month`, `20000 images daily`, `500 tok/s`, `30 fps`, `100 images in 8 hours`. Raises
    `UsageError` for no unit, an unknown time, or a rate that is not above zero.
    """
    value, unit = _split(text, "rate of work", example)
    match, seconds = _rate(unit)
    if unit.startswith("/") and _rate(f"units{unit}")[1] > 0:
        noun = example.split(" ", 1)[1].partition("/")[0]
        value = abs(value) or 1.0
        raise UsageError(f"'{text}' does not say of what; write \"{value:g} {noun}{unit}\"")
    if match is None or not seconds > 0:
        raise UsageError(
            f"'{text}' is not a rate of work; write e.g. \"{example}\" (per s, min, h, day, week, month "
            "or year)"
        )
    if value <= 0:
        raise UsageError(f"'{text}' is not above zero; write e.g. \"{example}\"")
    scale = SCALES[match["scale"].lower()] if match["scale"] else 1.0
    return value * scale / seconds, " ".join(match["noun"].lower().split())


def _rate(unit: str) -> tuple[re.Match[str] | None, float]:
    """What follows the number of a rate, and the seconds that it is per; (None, 0) where it is no rate."""
    match = re.fullmatch(_RATE, _SHORT.get(unit.lower(), unit), re.IGNORECASE)
    word = (match["per"] or match["ly"]).lower() if match else ""
    if match is None or word not in _PERIODS:
        return None, 0.0
    return match, float((match["many"] or "1").replace(",", "")) * _PER[_PERIODS[word]]


def rate_period(text: str) -> tuple[str, float]:
    """The time that a rate is asked per: `"1000 images/min"` gives `("min", 60.0)`."""
    match, _ = _rate(_split(text, "rate of work", "")[1])
    name = _PERIODS[(match["per"] or match["ly"]).lower()] if match else "s"
    return name, _PER[name]


def _engineering(value: float, stem: str, digits: int) -> str:
    for prefix, scale in reversed(_DECIMAL.items()):
        if abs(value) >= scale * 0.9995 or not prefix:
            return f"{_number(value / scale, digits)} {prefix}{stem}"
    raise AssertionError("unreachable: the empty prefix always applies")


def _number(value: float, digits: int) -> str:
    """`digits` significant digits, thousands set off; an exponent only below 1e-6."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < 1e-6:
        return f"{value:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(decimals, 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_STEM = {
    "bandwidth": "B/s", "bit rate": "bit/s", "flop rate": "FLOPS", "op rate": "OPS",
    "frequency": "Hz", "energy": "J",
}  # fmt: skip


def show(value: float, dimension: str, digits: int = 4) -> str:
    """Write an SI float as a person would: `show(3.35e12, "bandwidth")` is `3.35 TB/s`.

    Memory is written in binary units; the size that a device is sold by is `hardware.gpu.display`'s.
    """
    if dimension in _STEM:
        return _engineering(value, _STEM[dimension], digits)
    if dimension == "memory":
        return _memory(value, digits)
    if dimension == "time":
        return _time(value, digits)
    if dimension == "share":
        return f"{_number(value * 100, digits)} %"
    scale, unit = {
        "power": (1.0, "W"), "length": (1e3, "mm"), "area": (1e6, "mm2"), "money": (1.0, "USD"),
        "price": (1.0, "USD/h"), "energy price": (1.0, "USD/kWh"), "bits": (1.0, "bit"),
        "carbon intensity": (1.0, "g/kWh"), "data price": (1e9, "USD/GB"),
    }[dimension]  # fmt: skip
    return f"{_number(value * scale, digits)} {unit}"


def _memory(value: float, digits: int) -> str:
    for unit, scale in (("TiB", TIB), ("GiB", GIB), ("MiB", MIB), ("KiB", 2.0**10)):
        if abs(value) >= scale:
            return f"{_number(value / scale, digits)} {unit}"
    return f"{_number(value, digits)} B"


def _time(value: float, digits: int) -> str:
    for unit, scale in (("h", HOUR), ("min", MINUTE), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(value) >= scale * (2.0 if unit in ("h", "min") else 1.0):
            return f"{_number(value / scale, digits)} {unit}"
    return f"{_number(value / 1e-9, digits)} ns"


def number(value: float, digits: int = 3) -> str:
    """Write a bare number with `digits` significant digits and thousands set off."""
    return _number(value, digits)
