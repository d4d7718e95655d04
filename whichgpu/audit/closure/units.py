"""What amounts of prose are of: powers of a few axes, and the words that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.units import DAY, HOUR, KWH, MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

#: `item` counts what is made (images, tokens); `other` is of what no result follows from (hertz, nanometres).
AXES = ("money", "second", "joule", "byte", "flop", "item", "other")
SECOND, JOULE, BYTE, ITEM, OTHER = (AXES.index(each) for each in ("second", "joule", "byte", "item", "other"))
#: Periods by their first letters, the fewest and the most seconds of each.
PERIODS: Mapping[str, tuple[float, float]] = {
    "s": (1.0, 1.0), "min": (MINUTE, MINUTE), "h": (HOUR, HOUR), "day": (DAY, DAY),
    "week": (7 * DAY, 7 * DAY), "month": (28 * DAY, 31 * DAY), "quarter": (89 * DAY, 92 * DAY),
    "year": (364 * DAY, 366 * DAY),
}  # fmt: skip
PERIOD_WORDS = (
    r"(?P<s>s|secs?|seconds?)|(?P<min>mins?|minutes?)|(?P<h>h|hrs?|hours?)|(?P<day>days?|24\s?h(?:ours)?)|"
    r"(?P<week>weeks?)|(?P<month>months?|mo)|(?P<quarter>quarters?(?!\s+of\b))|(?P<year>years?|yrs?|annum)"
)
ITEMS = (
    r"tokens?|tok|images?|pictures?|imgs?|requests?|queries|query|samples?|sequences?|frames?|prompts?|"
    r"steps?|"
    r"iterations?|epochs?|documents?|pages?|calls?|messages?|clips?|videos?|jobs?|runs?|answers?|"
    r"transcripts?|"
    r"rows?|records?|sentences?|words?|chats?|conversations?|renders?|invoices?|emails?|tickets?|files?|"
    r"photos?|summaries|summary|generations?|inferences?|batch(?:es)?|experiments?|trials?|reviews?|slices?|"
    r"reports?|scenes?|shots?|tiles?|questions?|translations?"
)
#: What is counted, each with the word for all of its kind.
THINGS: Mapping[str, str] = {
    "gpu": r"gpus?|cards?|accelerators?|devices?|boards?|chips?|modules?|units?|graphics cards?|tpus?|"
           r"of (?:them|these|those)",
    "node": r"nodes?|servers?|boxe?s?|machines?|hosts?|instances?|workstations?|systems?|rigs?|chassis|"
            r"replicas?|vms?|desktops?|blades?|trays?",
    "rack": r"racks?|cabinets?|rows|pods?|clusters?|islands?",
    "person": r"people|persons?|users?|engineers?|students?|developers?|researchers?|teams?|members?|heads?|"
              r"seats?|colleagues|customers?|employees?|labs?|departments?|groups?|artists?",
    "parameter": r"parameters?|params?|weights?",
    "thing": r"cores|ports|slots|sticks|drives|disks|stacks|dies|lanes|supplies|psus?|sites|copies|layers|"
             r"heads|links|channels|shelves|licen[cs]es|sms",
}  # fmt: skip
THING = "|".join(f"(?P<{name}>{words})" for name, words in THINGS.items())
SCALES: Mapping[str, float] = {
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "b": 1e9, "bn": 1e9,
    "trillion": 1e12,
}  # fmt: skip
SCALE = r"(?P<scale>hundred|thousand|million|billion|trillion|[kKMB](?=[\s-]))"
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
         "ninety": 90}  # fmt: skip
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NUMBERS: Mapping[str, float] = {
    **SPELLED, **_TENS,
    **{f"{ten}-{one}": n + at for ten, n in _TENS.items() for at, one in enumerate(_ONES, start=1)},
    "a hundred": 100, "one hundred": 100, "two hundred": 200, "three hundred": 300, "five hundred": 500,
    "a thousand": 1e3, "a million": 1e6, "a billion": 1e9, "a dozen": 12, "dozen": 12, "half a dozen": 6,
    "two dozen": 24, "a pair of": 2, "a couple of": 2, "one": 1, "both": 2, "half a": 0.5, "half an": 0.5,
    "a": 1, "an": 1, "a single": 1, "the": 1, "a full": 1, "a whole": 1, "an entire": 1,
    "one and a half": 1.5,
    "two and a half": 2.5,
}  # fmt: skip
#: Units behind a number in words; the same in digits are read by `quantities`.
SPELLED_UNITS: Mapping[str, tuple[Mapping[str, int], float]] = {
    "dollar": ({"money": 1}, 1.0), "euro": ({"money": 1}, 1.0), "cent": ({"money": 1}, 0.01),
    "watt": ({"joule": 1, "second": -1}, 1.0), "kilowatt": ({"joule": 1, "second": -1}, 1e3),
    "kilowatt-hour": ({"joule": 1}, KWH), "kwh": ({"joule": 1}, KWH), "gigabyte": ({"byte": 1}, 1e9),
    "gig": ({"byte": 1}, 1e9), "terabyte": ({"byte": 1}, 1e12), "byte": ({"byte": 1}, 1.0),
    "bit": ({"byte": 1}, 1 / 8), "gb": ({"byte": 1}, 1e9),
}  # fmt: skip
#: What an amount is per, behind it.
PER = re.compile(
    r"[\s-]*(?:(?:in|out)?going\s+|input\s+|output\s+|generated\s+)?"
    r"(?:/\s?|(?:for|to|in|on)\s+(?:each|every|an?|one)\s+|per\s+|(?:to|for) the\s+(?=month|year|day|kWh|"
    r"kilowatt|gigabyte)|"
    r"(?<!-)an?\s+|each\s+|every\s+)(?:of\s+(?:its|the|those|these)\s+(?:\d+\s+)?)?"
    r"(?:single\s+|one\s+|full\s+|billed\s+|finished\s+|generated\s+|processed\s+|output\s+|input\s+|"
    r"additional\s+)*"
    rf"(?:(?P<hours>(?:gpu|card|node|instance|accelerator|device)s?[\s-]?(?:hours?|hrs?|h)\b)|"
    rf"(?P<many>\d[\d,]*|1M|1k)?\s*(?:{SCALE}\s*)?(?:\w+\s+)?(?P<item>{ITEMS})\b|"
    r"(?P<kwh>kwh|kilowatt[\s-]?hours?|unit of electricity)\b|(?P<mwh>mwh|megawatt[\s-]?hours?)\b|"
    r"(?P<kw>kw|kilowatts?)\b|(?P<watt>w|watts?)\b|(?P<gb>gb|gigabytes?|gigs?)\b|(?P<tb>tb|terabytes?)\b|"
    rf"(?P<tflops>tflops?|teraflops?)\b|(?:{THING})\b(?P<thing_hours>[\s-]?(?:hours?|hrs?)\b)?|"
    rf"(?:{PERIOD_WORDS})\b|(?P<million>million|1M|M)\b|(?P<thousand>thousand|1,?000|1k)\b)",
    re.IGNORECASE,
)
#: "Each", and adverbs of a period.
APIECE = re.compile(
    r",?\s*(?:\w+\s+)?(?:each|apiece|a piece|per piece|per head|all round)\b(?!\s+(?:hours?|h|day|week|month|"
    r"year|second|minute|of\b|with\b|\w+))|,?\s*(?:each|apiece|a piece|per piece)\b(?=\s*(?:[,.;:)]|$|is|are|"
    r"comes?|for|at|and|that|which|makes?|means|would|will|draw|use|pull|gives?|in\b|we|you|leaves?|=|fill))",
    re.IGNORECASE,
)
ADVERB = re.compile(
    r"\s*(?:(?P<h>hourly|by the hour)|(?P<day>daily|by the day)|(?P<week>weekly)|(?P<month>monthly)|"
    r"(?P<year>yearly|annually|annual))\b",
    re.IGNORECASE,
)
#: What is told of one of before the amount: "each image costs", "per million tokens we pay", "a step lasts".
BEFORE = re.compile(
    r"(?<!\d )(?<!\d)(?<!hours )(?<!hour )(?<!times )(?<!kWh )(?<!minutes )(?<!images )(?<!tokens )"
    r"(?<!requests )"
    r"(?<!for )(?<!over )(?<!in )(?<!within )(?<!after )(?<!through )(?<!all )"
    r"\b(?:each|every|per|an?|a single|one|the price of an?)\s+(?:(?P<many>\d[\d,]*)\s+)?"
    rf"(?:{SCALE}\s+)?(?:(?:training|full|single|finished|forward|decoding|optimi[sz]er|whole|output|"
    rf"input|generated)\s+)*"
    rf"(?:(?P<item>{ITEMS})\b(?![-\s](?:size|server|rate))|{PERIOD_WORDS.replace('|mo)', ')')}\b|"
    r"(?P<kwh>kwh|kilowatt[\s-]?hour)\b|(?P<gb>gb|gigabyte)\b)"
    r"(?:\s+of\s+[a-z ]{3,24}?)?,?\s+(?:(?:then|thus|therefore|still|now|also|it|that|this|on average|"
    r"of \w+|(?:the|our|my|each) \w+)\s+)*"
    r"(?:takes?|took|lasts?|costs?|cost|needs?|is|uses?|used|at|we pay|you pay|i pay|they (?:charge|ask)|"
    r"we are charged|"
    r"comes? (?:to|out at|in at)|works? out at|means|makes?|will cost|runs? to|sets? (?:us|you) back)\s+"
    r"(?:(?:us|you|me|them|about|around|roughly|some|just|only|nearly|almost|therefore|thus|then|to|"
    r"a mere|the user)\s+)*~?$",
    re.IGNORECASE,
)
