"""So many of a size for an amount, and so many a second for so many a day.

"1,120 GB, in other words 14 cards of 80 GB": fewer have less together. "30 million tokens a day, on average
347 a second": a day has 86,400 seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, read_number
from whichgpu.audit.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_N = rf"(?P<n>\d{{1,3}}|one|{'|'.join(SPELLED)})"
_CARDS = re.compile(
    r"(?<![\w.,])(?P<all>\d{1,3}(?:,\d{3})+|"
    r"\d{2,5})\s?GB\b(?:\s+(?:of\s+)?[a-z]+){0,2},?\s+(?:(?:in other words|that is|that[\u2019']s|"
    r"i\.e\.|so|hence|thus|therefore|which is|which means|meaning|or)\s*,?\s+)(?:(?:at least|some|about|"
    r"you need|we need|it takes|"
    rf"a minimum of)\s+)*{_N}\s+(?:cards?|gpus?|boards?|accelerators?|modules?|devices?)\s+(?:of|with|"
    rf"at)\s+(?P<each>\d{{2,3}})\s?GB\b",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"(?<![\w.,])(?P<day>\d{1,4}(?:\.\d+)?)\s+(?P<scale>m|b)illions?\s+(?:\w+\s+){0,2}?(?P<what>tokens?|"
    r"requests?|images?|pictures|queries)\s+"
    r"(?:per|a|each|every)\s+day(?:,|\s\(|:| is| are| means?| makes?)?\s+(?:that[\u2019']s\s+|i\.e\.\s+|"
    r"or\s+|so\s+|which is\s+)*"
    r"(?P<mean>(?:on|in) average\s+)?(?:(?:about|around|roughly|some|only|"
    r"just)\s+)*(?P<rate>\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d+)?)\s?"
    r"(?:(?:tokens?|requests?|images?|pictures|queries)\s?)?(?:/\s?s\b|(?:per|a|each|every)\s+second\b)",
    re.IGNORECASE,
)
_PEAK = re.compile(r"\b(?:peaks?|busiest|hours? a day|working|business|office|night)\b", re.IGNORECASE)
_OFFLOADS = re.compile(
    r"\b(?:offload\w*|shard\w*|quanti\w+|not enough|too (?:few|little)|n[\u2019']t)\b", re.I
)
_SECONDS, _WITHIN, _ROUND = 86_400.0, 0.06, 0.97


def find(context: Context) -> Iterator[Finding]:
    """Every such number with its verdict."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            place = (sentence.start, sentence.end)
            for match in _CARDS.finditer(passage.text, *place):
                if not _OFFLOADS.search(sentence.text):
                    yield from _cards(passage, match, context)
            for match in _DAY.finditer(passage.text, *place):
                if not _PEAK.search(passage.text, place[0], match.end()):
                    yield from _day(passage, match, context)


def _cards(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    number = read_number(match["n"])
    wanted, each = _plain(match["all"]), _plain(match["each"])
    if 0 < number * each < wanted * _ROUND:
        least = -(-wanted // each)
        because = f"{number:g} of {each:g} GB have {number * each:,.0f} GB; {wanted:,.0f} GB take {least:g}"
        yield _wrong(passage, match.span("n"), because, f"{least:g}", context)


def _day(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    many = float(match["day"]) * (1e9 if match["scale"].lower() == "b" else 1e6)
    mean, told = many / _SECONDS, _plain(match["rate"])
    if abs(told - mean) > _WITHIN * mean > 0 and (match["mean"] or told < mean):
        because = f"{many:,.0f} a day are {mean:,.4g} a second"
        yield _wrong(passage, match.span("rate"), because, f"{mean:,.4g}", context)


def _plain(digits: str) -> float:
    return float(digits.replace(",", ""))


def _wrong(
    passage: Passage, place: tuple[int, int], because: str, expected: str, context: Context
) -> Finding:
    return made(
        context, passage, place, "arithmetic", "inconsistent", attribute="enough", because=because,
        expected=expected, evidence=(Evidence(because),),
    )  # fmt: skip
