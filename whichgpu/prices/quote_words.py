"""The words of a quote as patterns, in whatever case people write."""

from __future__ import annotations

import re
from functools import cache

from whichgpu.values import regex


def _pattern(pattern: str) -> re.Pattern[str]:
    """A pattern in whatever case people write."""
    return regex(pattern, re.IGNORECASE)


_UNIT = (
    r"(?P<unit>s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?|d|days?|w|wk|weeks?|mo|mth|months?|y|yrs?|years?"
    r"|annum|hourly|daily|weekly|monthly|yearly|annually)\b"
)
_PER = r"(?:/|\bper\b|\ban?\b|\bevery\b|\bby the\b)\s*"
TIME = _pattern(rf"{_PER}{_UNIT}|\b(?P<ly>hourly|daily|weekly|monthly|yearly|annually)\b")
WHILE = _pattern(rf"\bfor\s+(?:an?\s+)?(?P<many>\d*)\s*{_UNIT}")
#: The same before the price, or before what is rented: `24 hours for 20 dollars`, `1 month of an L4: 300`.
BEFORE = _pattern(
    rf"(?<![\w.,$])(?P<many>\d+)\s*(?!\w+ly\b){_UNIT}\s*(?:of use\s*)?"
    r"(?=(?:for|costs?|at)\s+\$?\s*\d|of\s+[a-z\d])"
)
#: Hours of one GPU that a price is for in all: `10,000 GPU-hours`, `500 hours of an L4`.
GPU_HOURS = _pattern(
    r"(?P<many>\d[\d,.]*)\s?(?P<k>k\b|thousand\b|million\b)?\s*(?:(?:GPU|card|device)[- ]?(?:hours|hrs|h)\b"
    r"|(?:hours|hrs)\s+(?:of|on)\b)"
)
#: How many one must take at least; the price is still what it is for.
LEAST = _pattern(
    r"\b(?:(?:min(?:imum)?|at\s+least|up\s+to|max(?:imum)?)\b[\s.:]*(?:of\s+)?)\d+\+?\s*"
    r"(?:GPUs?|cards?|nodes?|hours?|days?|weeks?|months?)\b"
)
#: A share of one GPU.
PART = _pattern(
    r"\b(?:(?P<word>half|third|quarter)|1\s*/\s*(?P<under>[2-9])|(?P<part>0?\.\d+)\s*[x×]?)"
    r"(?:\s+of)?(?:\s+an?)?\s+(?=[a-z])"
)
PARTS = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4}
#: How long it is rented, where the price has a time of its own.
LASTING = _pattern(r"\b(?:for\s+)?\d+[- ]?(?:hours?|days?|weeks?|months?)\b")
GPU_TIME = _pattern(
    r"(?:/|\bper\b|\ban?\b)?\s*\b(?:GPU|card|chip|accelerator|device)\s*[-/ ]?\s*(?:per\s+|an?\s+)?"
    r"(?P<unit>hours?|hrs?|h|minutes?|mins?|seconds?|secs?|days?|months?)\b"
)
EACH = _pattern(
    r"(?:/|\bper\b|\ba\b|\beach\b)\s*(?:GPU|card|accelerator|chip)\b|\beach\b|\bapiece\b|\bper\s+(?=[a-z]*\d)"
)
_DIGITS = r"(?P<{0}>-?(?:\d[\d.,]*\d|[.]?\d)(?:e[+-]?\d+)?)\s?(?P<{0}k>k\b|thousand\b|m\b|million\b)?"
MONEY = (
    _pattern(rf"(?:\bUSD|US\$|\$)\s*{_DIGITS.format('usd')}\s*(?:\bUSD\b|\bdollars?\b)?"),
    _pattern(rf"(?<![\w.]){_DIGITS.format('usd')}\s*(?:USD\b|US\$|\$|dollars?\b|bucks\b)"),
    _pattern(rf"(?<![\w.]){_DIGITS.format('cents')}\s*(?:(?:US\s*)?cents?\b|¢|ct\b)"),
)
#: An amount without a currency, told by `per GPU per hour` after it.
BARE_EACH = _pattern(rf"(?<![\w.]){_DIGITS.format('usd')}\s*(?={GPU_TIME.pattern})")
#: Words of a currency: where they stand, the amount is theirs and no other number's.
CURRENCY = _pattern(r"\$|\b(?:USD|dollars?|bucks|cents?)\b")
#: An amount without a currency, told by the time after it.
BARE = _pattern(rf"(?<![\w.]){_DIGITS.format('usd')}\s*(?={TIME.pattern})")
#: An amount without a currency that no time follows, told by the word before it: `at 650 each`.
ASKED = _pattern(
    rf"(?:\b(?:at|for|asks?|asking|wants?|costs?|price[ds]?|is)\b|[@=:])\s*{_DIGITS.format('usd')}"
    rf"(?![\w.,/-]|\s*(?:[x×*]|GPUs?\b|cards?\b|GB\b|of\b|%|{_UNIT}))"
)
#: Words of a quote that say nothing of its price, gone before a digit of theirs is taken for one.
IDLE = _pattern(
    r"\b24\s*/\s*7\b|\ball[- ]in(?:clusive)?\b|(?<=[a-z])['’](?:re|s|ve|d|m|ll)\b"
    r"|\b\d+\s*(?:v?CPUs?|(?:CPU )?cores?|threads?)\b"
    r"|\b[\d.]+\s*[GT]i?B\s+(?:of\s+)?(?:(?:host |system )?(?:RAM|memory)|DDR\d|NVMe|SSDs?|disk|storage)\b"
)
#: An amount at the end of an offer to sell, of which the rest names the GPU: `RTX A6000, used, 2.5k`.
SOLD = _pattern(rf"(?<![\w.]){_DIGITS.format('usd')}\s*$")
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = {word: value for value, word in enumerate(_ONES, 1)} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
_WORDED = "|".join(_NUMBERS)
#: Cents behind dollars: `1 USD ninety-nine`, `2 dollars and 50 cents`.
_AND_CENTS = _pattern(
    rf"(?P<usd>\d+)\s*(?:USD|dollars?|bucks?)\s+(?:and\s+)?(?:(?P<n>\d{{1,2}})\s*cents?\b"
    rf"|(?P<tens>{'|'.join((*_TENS, *_ONES[9:]))})(?:[\s-]+(?P<ones>{'|'.join(_ONES[:9])})\b)?)"
)


def in_digits(text: str) -> str:
    """A text with the amounts of money that it has in words as digits."""
    low = text.lower()
    if not any(one in low for one in ("dollar", "buck", "cent", "usd", "grand")):
        return text
    return _AND_CENTS.sub(_with_cents, _in_words().sub(_digits, text))


def _with_cents(found: re.Match[str]) -> str:
    said = (found["tens"] or "").lower(), (found["ones"] or "").lower()
    return f"{found['usd']}.{int(found['n'] or sum(_NUMBERS.get(one, 0) for one in said)):02d} USD"


@cache
def _in_words() -> re.Pattern[str]:
    """An amount in words before its currency: `two hundred and fifty dollars`, `a grand`."""
    return _pattern(
        rf"\b(?:an?|(?:{_WORDED}|hundred|thousand))(?:[\s-]+(?:{_WORDED}|hundred|thousand|and))*"
        r"\s+(?=(?:US\s+)?(?:USD|dollars?|bucks|cents?)\b)"
        rf"|\b(?P<count>an?|{_WORDED}|\d[\d.,]*)\s+grand\b"
    )


def _digits(found: re.Match[str]) -> str:
    if found["count"]:
        many = found["count"].lower()
        number = float(many.replace(",", "")) if many[0].isdigit() else _NUMBERS.get(many, 1)
        return f"{number * 1000:g} USD"
    total, part = 0, 0
    for word in re.split(r"[\s-]+", found[0].strip().lower()):
        if word == "hundred":
            part = (part or 1) * 100
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
        elif word not in ("a", "an", "and"):
            part += _NUMBERS[word]
    return f"{total + part or 1} "


#: What is said shorter, or the other way round, and how it is read.
SHORT = (
    (_pattern(r"\bhalf\s+a\s+(?:dollar|buck)\b"), "0.50 USD"),
    (_pattern(r"\bhalf\s+a\s+dozen\b"), "6"),
    (_pattern(r"\b(?:a|one)\s+dozen\b"), "12"),
    (_pattern(r"\b(?:a|one)\s+(?:dollar|buck)\b"), "1 USD"),
    (
        _pattern(r"\b(hourly|daily|weekly|monthly|yearly)\s+((?:USD|US\$|\$)?\s*\d[\d.,]*k?)(?![\w.])"),
        r"\2 \1",
    ),
    (_pattern(r"(\$\s*\d[\d.,]*|\d[\d.,]*\s*(?:USD|\$|dollars?|bucks))\s+(?:hr|hour|h)\b"), r"\1 per hour"),
    (_pattern(r"(?<=\d)\s*(?:ph|p/h)\b"), " per hour"),
    (_pattern(r"(?<=\d)\s*(?:pm|pcm)\b"), " per month"),
)
#: `per H100-hour` is per hour of a GPU.
NAMED_HOUR = _pattern(r"\bper\s+(?P<gpu>[a-z]*\d[\w.]*)[- ](?P<unit>hours?|hrs?)\b")
#: A whole server of one maker's GPUs, where it is bought; what is rented as one is often priced by the GPU.
SERVER = _pattern(r"\b[DH]GX\b")
#: The memory of all eight GPUs of one: `DGX A100 640GB`.
OF_EIGHT = _pattern(r"\b(?P<all>320|640|1128|1440)\s?GB\b")
#: Words of a quote that name its terms.
TERMS = (
    (_pattern(r"\b(?:spot|preempt[ai]ble|interruptible)\b"), "spot"),
    (_pattern(
        r"\b(?:(?:for|over|with)\s+)?(?:an?\s+)?(?:(?:[1-5]|one|two|three|five)[- ]?(?:y(?:ea)?rs?|y)"
        r"|(?:12|24|36|60)[- ]?months?)\b(?=[\s,)]*(?:reserv\w*|commit\w*|term|contract|plan|upfront|$))"
        r"|\b(?:reserved|reservation|committed|commitment|savings plan|contract|upfront)\b"), "reserved"),
    (_pattern(r"\b(?:[1-3]|one|two|three)[- ]?y(?:ea)?rs?\b"), "reserved"),
    (_pattern(r"\b(?:marketplace|community)\b"), "marketplace"),
    (_pattern(r"\bserverless\b"), "serverless"),
    (_pattern(r"\b(?:on[- ]demand|pay[- ]as[- ]you[- ]go)\b"), "on-demand"),
    (_pattern(
        r"\b(?:to buy|buy(?:ing)?|bought|purchase|used|(?:second|2nd)[- ]?hand|refurbished|new|e-?bay)\b"),
     "buy"),
)  # fmt: skip
WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
          "ten": 10, "sixteen": 16}  # fmt: skip
COUNTS = (
    _pattern(r"\bNVL(?P<n>\d{1,3})\b"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})\s+of\s+(?:them|those|these|it)\b"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})\s*[x×*](?![a-z0-9])"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})\s*[x×*]\s*(?=[a-z])"),
    _pattern(r"(?<=\s)[x×*:]\s*(?P<n>\d{1,6})(?![\w.])"),
    _pattern(r"\b(?:of|for)\s+(?P<n>\d{1,3})(?=\s*(?:$|[,;.)]))"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,6})[-\s]?(?:GPUs?|cards?)\b"),
    _pattern(r"(?<![\w.])(?P<n>\d{1,2})\s+(?!GB|GiB|cores?\b)(?=[a-z]|\d{4})"),
    _pattern(r"^\s*(?P<n>\d{3})\s+(?=[a-z]+\s?[a-z]*\d)"),
    _pattern(rf"\b(?P<n>{'|'.join(WORDS)})\b"),
)
FILLER = _pattern(
    r"\b(?:for|at|of|on|in|by|from|with|via|per|is|are|be|the|an?|i|we|me|us|they|he|she|you|my|our|it|its|and"
    r"|plus|only|some(?:one|body)|seller|vendor|provider|cloud|costs?|costing|prices?d?|asks?|asking|wants?"
    r"|offers?|offered|offering|sells?|selling|sold|rents?|renting|rented|pays?|paying|gets?|got|getting|can"
    r"|could|quoted?|quotes|charges?|bill(?:ed|s)?|will|would|have|has|been|total|all|whole|altogether|instance"
    r"|node|machine|box|racks?|hgx|dgx|cards?|gpus?|accelerators?|term|plan|today|now|about|around|roughly"
    r"|approximately|deal|good|fair|what|how|months?|weeks?|days?)\b|[?!@~,;:()\[\]=|]"
)
