"""What share a saving is of the amounts that it lies between: "you save $250, a third"."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.excluded.quotients import is_it
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.said import claims
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: Between a difference and the share that it is told to be.
_THAT_IS = re.compile(
    r"(?:\s(?:bucks|dollars|euros|less|more|cheaper|a\smonth|an\shour|per\s\w+|each|in\sall|"
    r"off))*[\s,;(\u2013\u2014-]*"
    r"(?:(?:or|that[\u2019']s|that\sis|i\.e\.,?|which\sis|so|by|about|around|almost|nearly|roughly|over|"
    r"just|more\sthan|a\sgood|"
    r"a\sfull|an?\s(?:saving|reduction|discount|increase|drop)\sof|some)[\s,]+)*",
    re.IGNORECASE,
)
#: Before a difference, what makes it one.
_DIFFERS = re.compile(
    r"\b(?:sav\w+|undercuts?|cheaper|less|difference|gap|more|extra|by|premium|surcharge|costs?|drops?|"
    r"falls?|fell|rose|rises?|"
    r"reduc\w+)\b[^.;:?]*$",
    re.IGNORECASE,
)
#: A share in words or percent by itself: "a third off", "30 percent".
_SHARE = re.compile(
    r"(?P<n>\d+(?:\.\d+)?)\s?(?:%|percent)|(?P<w>an?\s(?:third|quarter|fifth|sixth|tenth)|half|"
    r"two\sthirds|three\squarters)\b",
    re.IGNORECASE,
)
_WORDS = {"third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "sixth": 1 / 6, "tenth": 1 / 10}
_FIXED = {"half": 1 / 2, "two thirds": 2 / 3, "three quarters": 3 / 4}
_KINDS = ("money", "power", "memory", "bandwidth", "time")
_NEAR, _OFF, _WIDE = 0.012, 0.02, 0.1


def saved_shares(context: Context) -> Iterator[Finding]:
    """Every share of a difference that it is of neither of its two amounts."""
    for _, passage in context.document.running():
        every = sentences(passage.text)
        for at, sentence in enumerate(every):
            if "?" not in sentence.text:
                yield from _of(passage, sentence, every[max(0, at - 2)].start, context)


def _of(passage: Passage, sentence: Sentence, first: int, context: Context) -> Iterator[Finding]:
    text = passage.text
    told = [each for each in within(quantities(text, context.fraction), first, sentence.end)
            if each.dimension in _KINDS and each.high == each.value > 0]  # fmt: skip
    for gap in within(told, sentence.start, sentence.end):
        lead = _THAT_IS.match(text, gap.end)
        share = _SHARE.match(text, lead.end() if lead else gap.end)
        if share is None or share.start() == gap.end or not _DIFFERS.search(text, sentence.start, gap.start):
            continue
        pairs = [
            (a.value, b.value)
            for a, b in combinations(
                [each for each in told if each is not gap and each.dimension == gap.dimension], 2
            )
            if abs(abs(a.value - b.value) / gap.value - 1) <= _NEAR
        ]
        stated = _share(share)
        reals = [gap.value / one for pair in pairs for one in pair]
        # Of the whole, or of the other one.
        if not pairs or any(abs(stated - real) <= _OFF + _WIDE * real for real in reals) or _of_claim(
            text, sentence, share.start(), reals, context
        ):  # fmt: skip
            continue
        high, low = max(pairs[0]), min(pairs[0])
        shares = " and ".join(f"{gap.value / one:.0%} of {one:,.10g}" for one in (high, low))
        because = f"{gap.value:,.10g} is {shares}"
        yield made(
            context, passage, share.span(), "ratio", "inconsistent", attribute="told before", because=because,
            expected=f"{gap.value / high:.0%}", evidence=(Evidence(because),),
        )  # fmt: skip


def _share(match: re.Match[str]) -> float:
    if match["n"]:
        return float(match["n"]) / 100
    words = match["w"].lower()
    return _FIXED.get(words) or _WORDS[words.split()[-1]]


def _of_claim(text: str, sentence: Sentence, at: int, reals: list[float], context: Context) -> bool:
    """Whether a share, read as a ratio, is that of the difference."""
    every = (each for each in claims(text, sentence, context.fraction) if each.start <= at < each.end)
    return any(is_it(way, real) for each in every for way in each.ways for real in reals)
