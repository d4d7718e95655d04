"""How many of a device the words before its name say: "eight A100s", "2x RTX 3090", "a pair of"."""

from __future__ import annotations

from functools import lru_cache

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY

#: Numbers of other languages; none of them is a word of English.
_FOREIGN = {
    "zwei": 2, "drei": 3, "vier": 4, "f\u00fcnf": 5, "sechs": 6, "acht": 8, "zehn": 10, "sechzehn": 16,
    "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "huit": 8, "seize": 16,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "ocho": 8,
    "dois": 2, "duas": 2, "tr\u00eas": 3, "quatro": 4, "oito": 8, "quattro": 4, "otto": 8,
    "twee": 2, "drie": 3, "dwie": 2, "cztery": 4, "\u0434\u0432\u0435": 2,
}  # fmt: skip
#: Numbers before a name in scripts without blanks, with the word for what is counted: "\u4e24\u5f20 H20".
_CJK = {"\u4e24": 2, "\u5169": 2, "\u4e8c": 2, "\u4e09": 3, "\u56db": 4,
        "\u4e94": 5, "\u516d": 6, "\u516b": 8, "\u5341": 10}  # fmt: skip
_SEVERAL_CJK = re.compile(
    rf"(?P<n>[{''.join(_CJK)}]|(?<![\d.,])\d{{1,3}})\s?"
    r"[\u5f20\u5f35\u5757\u584a\u7247\u9897\u9846\u679a\u4e2a\u500b\u53f0\u5361][\u306e\u7684]?\s*$"
)
#: Numbers before a name, in words and digits.
_SEVERAL = re.compile(
    r"(?:\b(dual|twin|(?:a )?pair of|quad|octa|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|twenty-four|"
    rf"thirty-two|sixty-four|{'|'.join(_FOREIGN)}|(?<![\d.,])(?:\d{{1,3}}(?:,\d{{3}})+|\d{{1,3}})(?!\d))[\s-]*"
    r"(?:x|\u00d7|of the|pieces of|gpu|card|way|st\u00fcck)?[\s-]*"
    r"(?:(?:used|new|such|old|second-hand|bridged|linked|paired|hgx|dgx|gebrauchte[nr]?|neue[nr]?|alte[nr]?|nvidia|amd)\s+){0,2}(?:\d{1,3}\s?GB\s+)?)$",
    re.IGNORECASE,
)
#: The one of two names between a stroke.
_OR = re.compile(r"(?:(?:RTX|GTX)\s)?\b[A-Z]?\d{2,4}[A-Z]?\s?/\s?$")
_NUMBERS = {"dual": 2, "twin": 2, "pair of": 2, "a pair of": 2, "quad": 4, "octa": 8, "two": 2, "three": 3,
            "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
            "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
            "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
            "thirty": 30, "forty": 40, "fifty": 50, "twenty-four": 24,
            "thirty-two": 32, "sixty-four": 64, **_FOREIGN}  # fmt: skip


#: Before a number of devices, how many of them are meant.
_PART_OF = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|(?<![\d.,])\d{1,3})\s+(?:out )?of\s+(?:the |"
    r"our |my |its |these |those )?$",
    re.IGNORECASE,
)
#: Right behind a name; lanes of a slot are told so too.
_TIMES = re.compile(
    r"\s*\(?\s*(?:[x\u00d7]\s?(?P<n>\d{1,3})|(?P<m>\d{1,3})\s?[x\u00d7])\b(?!\s*(?:lanes?|slots?|pcie|link)\b)",
    re.IGNORECASE,
)
#: Characters before a name that say how many of it there are.
_BEFORE_NAME = 120


def counted(text: str, start: int, at: int, end: int | None = None) -> float:
    """How many of a device a text speaks of by the words before its name: "eight A100s" is 8.

    With the `end` of the name also by what stands right behind it: "A100 80GB x16", "RTX 4090 (2x)".
    """
    behind = _TIMES.match(text, end) if end is not None else None
    if behind:
        return float(behind["n"] or behind["m"])
    # A sentence without an end is not searched again for each of its names.
    return _counted(text[max(start, at - _BEFORE_NAME) : at]) if at > start else 1.0


# Every kind of claim asks it of the same names.
@lru_cache(maxsize=MANY)
def _counted(words: str) -> float:
    """How many of a device the words right before its name say that there are."""
    # "2x RTX 3090/4090": of whichever.
    words = _OR.sub("", words)
    before = _SEVERAL.search(words)
    if before and (part := _PART_OF.search(words, 0, before.start())):
        # "7 of 8 A100s", "two of our three A6000s".
        return float(_NUMBERS.get(part[1].lower(), 0) or (1 if part[1].lower() == "one" else part[1]))
    if before is None and (counted_ := _SEVERAL_CJK.search(words)):
        return float(_CJK.get(counted_["n"], 0) or counted_["n"])
    return float(_NUMBERS.get(before[1].lower(), 0) or before[1].replace(",", "")) if before else 1.0


#: Several of what is spoken of, in words that name none: "Four of them", "all eight cards", "the two".
_SOME = re.compile(
    rf"\b(?P<n>two|three|four|five|six|seven|eight|ten|twelve|sixteen|{'|'.join(_FOREIGN)}|\d{{1,2}})\s+"
    r"(?:of (?:them|these|those)|(?:such |of the )?(?:cards?|gpus?|boards|modules|accelerators)\b|"
    r"karten|cartes|(?:do|will|can|suffice|are (?:enough|needed))\b)",
    re.IGNORECASE,
)


def several(text: str, start: int, end: int) -> frozenset[float]:
    """The numbers of devices that a stretch of text tells without a name beside them."""
    told = (each["n"].lower() for each in _SOME.finditer(text, start, end))
    return frozenset(float(_NUMBERS.get(each) or each) for each in told)


#: A machine that a sentence begins with draws more than what it has.
MACHINE = re.compile(
    r"\W*(?:an?|the|one|each|every|our|my)\s+(?:[\w-]+\s+){0,2}?(?:[dh]gx|server|system|node|machine|chassis|"
    r"workstation|rack|box|rig)\b",
    re.IGNORECASE,
)


def any_number(text: str, start: int, end: int) -> bool:
    """Whether a name stands in the plural without a number: "to hold it on RTX 3090s you need three"."""
    return _PLURAL.search(text, start, end + 1) is not None and counted(text, 0, start) <= 1


_PLURAL = re.compile(r"[\dGiI]s$|[\dGiI]s(?=\W$)")
