"""Ratios that hold for any model and service: weights in formats, what is in flight at a latency.

"From FP16 to INT4 the weights shrink to an eighth": they are a quarter.
"In INT4 a parameter takes a quarter of a byte": it takes half of one.
"32 in flight at 2 s make 64 a second": by Little's law (Little 1961) it is 16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats_at
from whichgpu.audit.quantities import SPELLED, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

from whichgpu.audit.sentences import sentences

_N = r"\d{1,4}(?:\.\d{1,2})?"
_WORDS = {"half": 2.0, "third": 3.0, "quarter": 4.0, "fifth": 5.0, "sixth": 6.0, "eighth": 8.0, "tenth": 10.0}
#: How many times less: "by a factor of eight", "to an eighth", "halves".
_FACTOR = re.compile(
    rf"\bby (?:a factor of )?(?P<n>{_N}|{'|'.join(SPELLED)})(?:\s?x\b|\s?\u00d7|\b(?!\s?(?:%|percent|GB)))|"
    rf"\b(?:to|is|are|takes?|needs?|only|about) (?:about |only |just )?(?:an? |"
    rf"one )?(?P<part>{'|'.join(_WORDS)})\b|"
    rf"(?<![\d.,])(?P<m>{_N})\s?(?:x|\u00d7|times) (?:smaller|less|the (?:size|memory|weights)|"
    rf"as (?:large|much|big))|"
    r"\b(?P<halves>halves|doubles|quarters|quadruples)\b",
    re.IGNORECASE,
)
_VERBS = {"halves": 2.0, "doubles": 2.0, "quarters": 4.0, "quadruples": 4.0}
_SIZES = re.compile(
    r"\b(?:weights?|memory|vram|footprint|model(?: size)?|file|size|checkpoint)\b", re.IGNORECASE
)
_NO_SIZE = re.compile(
    r"\b(?:fast\w*|slow\w*|speed\w*|throughput|tokens?|flops|tflops|rate|cost\w*|price\w*|kv|cache|"
    r"gradients?|optimi[sz]er|"
    r"train\w*|not|never|no|up to|rest|remaining|first|bandwidth|activations?)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: Requests in flight, how long each takes, and how many are answered in a second.
_FLIGHT = re.compile(
    r"(?<![\d.,])(?P<n>\d{1,5})\s+(?:(?:\w+\s+)?(?:requests?|calls|users|"
    r"queries)\s+)?(?:in flight|at (?:a|any) time|"
    r"concurrent\w*|in parallel)|\bconcurrency (?:of |= ?|at )(?P<m>\d{1,5})\b", re.IGNORECASE,
)  # fmt: skip
_LATENCY = re.compile(
    r"(?<![\d.,$])(?P<t>\d{1,4}(?:\.\d{1,2})?)\s?(?P<unit>ms|milliseconds|s|sec|"
    r"seconds)\b(?=\s+(?:each|latency|per|a|for each|"
    r"on average|apiece)\b|,|\s+(?:we|it|they|the)\b)", re.IGNORECASE,
)  # fmt: skip
_SECOND = re.compile(
    r"(?<![\d.,])(?P<r>\d{1,6}(?:\.\d{1,2})?)\s+(?:requests?|calls|queries)?\s*(?:/\s?s|(?:per|a) second)\b|"
    r"(?<![\d.,])(?P<q>\d{1,6}(?:\.\d{1,2})?)\s?(?:rps|qps|req/s)\b", re.IGNORECASE,
)  # fmt: skip
#: What scales and metadata make of a format's bytes; what queues make of a rate.
_ROUNDED, _QUEUES = 0.3, 0.2


def find(context: Context) -> Iterator[Finding]:
    """Every such ratio that is far from the one that holds."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            yield from _of_formats(passage, sentence, context)
            yield from _of_bytes(passage, sentence, context)
            yield from _in_flight(passage, sentence, context)
            yield from _binary(passage, sentence, context)


def _binary(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """How much larger a binary unit is said to be than the decimal one: "a GiB is 7 % larger than a GB"."""
    for match in _UNITS.finditer(passage.text, sentence.start, sentence.end):
        prefix = match["prefix"].upper()
        if prefix != match["other"].upper():
            continue
        power = "KMGT".index(prefix) + 1
        share, told = 1.024**power - 1, float(match["n"].replace(",", ".")) / 100
        # Of the larger it is a little less.
        right = any(abs(told - each) <= _POINT for each in (share, 1 - 1 / (1 + share)))
        because = f"a {prefix}iB is 1.024 to the power of {power} {prefix}B: {share:.1%} more"
        yield made(context, passage, match.span("n"), "arithmetic", "confirmed" if right else "contradicted",
                   attribute="units", because=because, expected="" if right else f"{share:.1%}",
                   evidence=(Evidence(because),))  # fmt: skip


_UNITS = re.compile(
    r"\b(?:an?|one|each|every)\s+(?P<prefix>[KMGT])(?:iB|ibibyte)\s+(?:is|has)\s+(?:about |roughly |some |~)?"
    r"(?P<n>\d{1,2}(?:[.,]\d{1,2})?)\s?(?:%|per ?cent)\s+(?:larger|more|bigger|greater)\s+(?:\w+\s+"
    r")?than\s+(?:an?|one)\s+"
    r"(?P<other>[KMGT])B\b",
    re.IGNORECASE,
)
_POINT = 0.008


def _of_formats(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What is said to become of weights from one format to another."""
    text = sentence.text
    said = {each.least: each for _, each in formats_at(text)}
    told = list(_FACTOR.finditer(text))
    if len(said) != 2 or len(told) != 1 or not _SIZES.search(text) or _NO_SIZE.search(text):
        return
    more, less = (said[size] for size in sorted(said, reverse=True))
    match = told[0]
    words = match["n"] or match["m"]
    stated = (
        read_number(words) if words
        else _WORDS[match["part"].lower()] if match["part"] else _VERBS[match["halves"].lower()]
    )  # fmt: skip
    low, high = more.least / less.usual, more.usual / less.least
    if low * (1 - _ROUNDED) <= stated <= high * (1 + _ROUNDED):
        return
    sizes = f"{more.least:g} bytes in {more.name} and {less.least:g} in {less.name}"
    because = f"a weight has {sizes}: {high:.3g} times"
    place = (sentence.start + match.start(), sentence.start + match.end())
    yield made(context, passage, place, "memory", "contradicted", attribute="weights", because=because,
               expected=f"{high:.2g} times", evidence=(Evidence(because),))  # fmt: skip


def _of_bytes(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """The bytes that a parameter is said to take in a format: "in FP16 or BF16 2 bytes, in INT8 1 byte"."""
    text = sentence.text
    if not _PARAMETER.search(text) or _TRAINED.search(text):
        return
    every = formats_at(text)
    for match in _BYTES.finditer(text):
        before = [
            each for at, each in every if at < match.start() and _TAKES.fullmatch(text, at, match.start())
        ]
        after = [each for at, each in every if _IN.fullmatch(text, match.end(), at)]
        if not (after or before):
            continue
        # "1 byte in FP8, half of one in 4 bits" names it behind.
        form = after[0] if after else before[-1]
        stated = (
            _PARTS[match["part"].lower()]
            if match["part"]
            else float(match["n"] or _ONES[match["word"].lower()])
        )
        if form.least * (1 - _EXACT) <= stated <= form.usual * (1 + _EXACT):
            continue
        because = f"a parameter takes {form.least:g} bytes in {form.name}"
        place = (sentence.start + match.start(), sentence.start + match.end())
        yield made(context, passage, place, "memory", "contradicted", attribute="weights", because=because,
                   expected=f"{form.least:g} bytes", evidence=(Evidence(because),))  # fmt: skip


_PARAMETER = re.compile(r"\b(?:each|every|per|a|one) (?:parameter|weight)\b", re.IGNORECASE)
_TRAINED = re.compile(
    r"\b(?:train\w*|adam\w*|optimi[sz]er|gradients?|fine-?tun\w*|moments?)\b", re.IGNORECASE
)
_PARTS = {"half": 0.5, "half of": 0.5, "quarter of": 0.25, "eighth of": 0.125}
_ONES = {"one": 1, "a": 1, "two": 2, "four": 4}
_BYTES = re.compile(
    r"(?<![\d.,])(?:(?P<n>\d(?:\.\d{1,2})?)|(?:an? |one )?(?P<part>half(?: of)?|quarter of|"
    r"eighth of)(?: an?| one)?|"
    r"(?P<word>one|an?|two|four))\s+bytes?\b", re.IGNORECASE,
)  # fmt: skip
#: From the name of a format to the bytes that it takes.
_TAKES = re.compile(
    r"(?:FP|BF|INT|NF|F|Q)?[\w-]{1,9}(?:\s?bits?)?(?: precision)?(?:,?\s+(?:each|every|a|one|"
    r"the) (?:parameter|weight))?,?\s*"
    r"(?:takes?|needs?|uses?|is|are|requires?|occupies|=|it[\u2019']s|:)?\s*(?:about\s+|only\s+|just\s+)?",
    re.IGNORECASE,
)
_IN = re.compile(r"\s+(?:in|for|with|at|as)\s+", re.IGNORECASE)
#: What the scales of groups of weights add.
_EXACT = 0.15


def _in_flight(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """The rate that so many in flight at a latency make."""
    text = sentence.text
    flight, latency, rate = (list(way.finditer(text)) for way in (_FLIGHT, _LATENCY, _SECOND))
    if not len(flight) == len(latency) == len(rate) == 1:
        return
    number, stated = float(flight[0]["n"] or flight[0]["m"]), float(rate[0]["r"] or rate[0]["q"])
    seconds = float(latency[0]["t"]) / (1000.0 if latency[0]["unit"].lower().startswith("m") else 1.0)
    real = number / seconds if seconds else 0.0
    if not stated or not real or abs(stated / real - 1) <= _QUEUES:
        return
    because = f"{number:g} in flight of {seconds:g} s each are {real:,.3g} a second (Little's law)"
    place = (sentence.start + rate[0].start(), sentence.start + rate[0].end())
    yield made(context, passage, place, "arithmetic", "inconsistent", attribute="rate", because=because,
               expected=f"{real:,.3g}", evidence=(Evidence(because),))  # fmt: skip
