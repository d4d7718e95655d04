"""How long a battery feeds so many watts: "99 Wh feed a GPU drawing 150 W for two and a half hours"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.dimensions import dims
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_BATTERY = re.compile(r"\b(?:batter(?:y|ies)|UPS|power ?banks?|accumulators?)\b", re.IGNORECASE)
#: Before the time that it lasts.
_LASTS = re.compile(
    r"\b(?:for|lasts?|in|after|about|within|gives? (?:you|it|us)?|is|are|=)\s+"
    r"(?:only |just |about |around |roughly |some |"
    r"a little (?:over|under) |nearly |almost |well under |"
    r"less than )*$",
    re.IGNORECASE,
)
_HALF_HOUR = re.compile(
    r"\b(?P<one>(?:an|one) hour and a half)\b|\b(?P<half>half an hour)\b|"
    r"\b(?P<most>three[- ]quarters of an hour)\b",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:idle|average|plus|rest of (?:the|your) (?:laptop|machine) (?:draws|takes)|charg\w+|if)\b|\?",
    re.IGNORECASE,
)
_PARTS = {"one": 1.5, "half": 0.5, "most": 0.75}
_WORK, _POWER, _TIME = dims(energy=1), dims(energy=1, hour=-1), dims(hour=1)
#: What losses take of it at most, and what rounding adds.
_LEAST, _MOST = 0.6, 1.15


def find(context: Context) -> Iterator[Finding]:
    """Every such time that is not the energy over the power, less what is lost."""
    for index, passage in context.document.running():
        if not _BATTERY.search(passage.text):
            continue
        names = tuple((each.start, each.end) for each in context.mentions.get(index, ()))
        every = terms(passage.text, context.fraction, names)
        for sentence in sentences(passage.text):
            if _BATTERY.search(sentence.text) and not _ELSE.search(sentence.text):
                here = within(every, sentence.start, sentence.end)
                yield from _judged(passage, sentence, here, context)


def _judged(
    passage: Passage, sentence: Sentence, here: Sequence[Term], context: Context
) -> Iterator[Finding]:
    work, power = ([each for each in here if each.dims == kind] for kind in (_WORK, _POWER))
    times = list(_times(passage.text, sentence, here))
    if len(power) != 1 or not work or len(times) != 1:
        return
    start, end, told = times[0]
    # "A 99 Wh battery, just under the limit of 100 Wh": the first, or the one that is closest.
    hours = [each.value / power[0].value for each in work]
    if any(_LEAST <= told / each <= _MOST for each in hours):
        return
    words = " and ".join(each.words.strip() for each in (work[0], power[0]))
    because = f"{words} make {hours[0]:.2g} hours at most"
    yield made(
        context, passage, (start, end), "arithmetic", "inconsistent", attribute="lasts", because=because,
        expected=f"{hours[0]:.2g} hours", evidence=(Evidence(because),),
    )  # fmt: skip


def _times(text: str, sentence: Sentence, here: Sequence[Term]) -> Iterator[tuple[int, int, float]]:
    """The places of the times that a sentence says something lasts, in hours."""
    parts = [*_HALF_HOUR.finditer(text, sentence.start, sentence.end)]
    for each in parts:
        yield each.start(), each.end(), _PARTS[each.lastgroup or "half"]
    for one in here:
        beside = any(each.start() <= one.start < each.end() for each in parts)
        if one.dims == _TIME and not beside and _LASTS.search(text, sentence.start, one.start):
            yield one.start, one.end, one.value
