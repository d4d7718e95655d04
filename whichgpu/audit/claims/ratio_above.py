"""By how much one is faster than another by a table right above: "the A40 is 60 % faster than the A10 here".

Only where a clause says of two that it names, both with a row or column in the table, by how much the one is
faster; it is wrong where no speed that the tables above tell of both gives it, and nothing on file does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.leading_above import _ELSE, _is_of, _named
from whichgpu.audit.claims.told_ratios import clause
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.above import right_above
from whichgpu.audit.known.said import claims, is_near
from whichgpu.audit.sentences import Sentence, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.said import Claim
    from whichgpu.audit.known.store import Amount, Series

_N = (
    r"(?:about |around |roughly |some |nearly |almost |exactly |only |just |~)?"
    r"(?:\d[\d.]*\s?(?:%|percent|x|times)|[a-z]+(?: times)?)"
)
#: Between the two: "is 25 % faster than the", "trains BERT 72 % faster than the", "is twice as fast as the".
_BETWEEN = re.compile(
    r"\s(?:cards?\s|here\s|therefore\s|thus\s)?(?:is|was|runs?|trains?|generates?|writes?|ran|comes out|"
    r"works?)\s"
    rf"(?:[A-Z]\S+\s)?{_N}\s(?:(?:faster|quicker|slower)\sthan|ahead of|behind|"
    r"as (?:fast|quick|slow)\sas)\s(?:the\s|an?\s|our\s)?",
    re.IGNORECASE,
)
#: "Makes 12 images a minute, which is twice the 3090's rate".
_WHICH = re.compile(
    r"\s(?:makes?|does|reaches|manages|gets|writes|generates)\s\d[^.;:,]{1,40},\swhich is\s"
    rf"{_N}\s(?:what\s)?(?:the\s)?",
    re.IGNORECASE,
)
_WAYS, _FAR = 2, 12.0


def find(context: Context) -> Iterator[Finding]:
    """Every such ratio that no speed of both gives."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.accuses]
    for index, passage in context.document.running():
        told: Sequence[Series] | None = None
        for sentence in sentences(passage.text):
            stated = claims(passage.text, sentence, context.fraction)
            if not stated:
                continue
            told = right_above(passage, context) if told is None else told
            speeds = [each for each in told if each.measure in ("speed", "time")]
            for claim in stated if speeds else ():
                start, end = passage.span(claim.start, claim.end)
                if not any(a < end and start < b for a, b in done):
                    yield from _judged(index, passage, (sentence, claim), speeds, context)


_OVER_ALL = re.compile(r"\b(?:averag\w*|mean|typical\w*|overall|geomean|up to|as much as)\b", re.IGNORECASE)


def _judged(
    index: int, passage: Passage, said: tuple[Sentence, Claim], speeds: Sequence[Series], context: Context
) -> Iterator[Finding]:
    sentence, claim = said
    text = passage.text
    place = clause(text, sentence, claim.start, claim.end)
    if _ELSE.search(text, sentence.start, place[1]) or _OVER_ALL.search(sentence.text):
        return
    if len(claim.ways) > _WAYS:
        return
    part = Sentence(*place, text[slice(*place)])
    ratios: list[float] = []
    shown = ""
    for each in speeds:
        both = _both(index, passage, sentence, claim, each, context)
        if both is None:
            continue
        if _is_of(each, part.text if len(speeds) > 1 else ""):
            ratios += [both[0].value / both[1].value, both[1].value / both[0].value]
            # "15 % faster" where it takes 15 % less time.
            ratios += [2 - one for one in ratios[-2:] if one < 1]
            shown = shown or ", ".join(f"{one.name} {one.words}" for one in both)
    near = any(is_near(way, one) for one in ratios for way in claim.ways)
    if not ratios or near or not any(1 / _FAR < way.times < _FAR for way in claim.ways):
        return
    because = f"the table above tells {shown}: {max(ratios):.3g} times"
    yield made(
        context, passage, (claim.start, claim.end), "ratio", "inconsistent", attribute="told before",
        because=because, expected=f"{max(ratios):.2g} times", evidence=(Evidence(because),),
    )  # fmt: skip


def _both(  # noqa: PLR0917
    index: int, passage: Passage, sentence: Sentence, claim: Claim, series: Series, context: Context
) -> tuple[Amount, Amount] | None:
    """The two that stand right before and behind a ratio, with nothing between that is not of it."""
    found = _named(index, passage, sentence, series, context)
    before = [each for each in found if each.end <= claim.start][-1:]
    after = [each for each in found if each.start >= claim.end][:1]
    if not before or not after or before[0].amount.number != 1 or after[0].amount.number != 1:
        return None
    between = (before[0].end, after[0].start)
    if not _BETWEEN.fullmatch(passage.text, *between) and not _WHICH.fullmatch(passage.text, *between):
        return None
    return before[0].amount, after[0].amount
