"""Which device came after which: "the T4 was replaced by the L4", "the H100, successor of the A100"."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.fields import ITS_OWN
from whichgpu.audit.findings import made
from whichgpu.audit.pairs import pair
from whichgpu.audit.quantities import SPELLED, read_number
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences
from whichgpu.audit.sourced import source_of
from whichgpu.audit.subjects import model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

_THE = (
    r"\s+(?:the\s+|its\s+|an?\s+|newer\s+|older\s+|faster\s+|nvidia\s+|amd\s+|nvidia[\u2019']s\s+|geforce\s+)"
    r"{0,4}$"
)
_CAME = (
    r"\b(?:launched|released|introduced|announced|unveiled|presented|appeared|arrived|debuted|"
    r"came(?: out)?)\s+(?:well\s+|long\s+|shortly\s+|just\s+|right\s+)?"
)
#: Between the first device and the second: what says that the second is the later one, or the earlier.
_LATER = re.compile(
    rf"\b(?:replaced|succeeded|superseded|(?<!, )followed) by{_THE}|\bpredecessor (?:of|to){_THE}|"
    rf"\bsuccessor (?:is|was),?{_THE}|\b(?:preced(?:es|ed|ing)|predat(?:es|ed|ing)){_THE}|(?<!years "
    rf")\bolder than{_THE}|{_CAME}before{_THE}",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    rf"\b(?:replac(?:es|ed|ing)|succeed(?:s|ed|ing)|supersed(?:es|ed|ing))(?! by\b){_THE}"
    rf"|\b(?:successor|follow-up|replacement) (?:of|to|for){_THE}|\bpredecessor (?:is|was),?{_THE}"
    rf"|\b(?:newer|younger|more recent) than{_THE}|{_CAME}after{_THE}",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never|no|if|could|would|can|may|instead)\b|n[\u2019']t\b", re.IGNORECASE)
_FAR = 70
#: "Two years after the", "is three years older than the", and how far the days of two sources are apart.
_YEARS = re.compile(
    r"\b(?P<n>an?|one|"
    + "|".join(SPELLED)
    + r"|\d(?:\.5)?)\s+(?:full\s+|whole\s+)?years?\s+(?:after|later than|newer than|younger than|"
    rf"(?P<older>before|earlier than|older than)){_THE}",
    re.IGNORECASE,
)
_YEARS_EARLIER = re.compile(
    r"\b(?P<n>an?|one|"
    + "|".join(SPELLED)
    + r"|\d(?:\.5)?)\s+(?:full\s+|whole\s+)?years?\s+(?:(?P<earlier>earlier|before|prior)|later)\b"
    r"(?=\s*(?:[.,;)]|$|and\b|with\b))",
    re.IGNORECASE,
)
_YEAR = 0.8
_IT = re.compile(
    rf"{ITS_OWN.pattern}|\bit (?:was|is|came|launched|arrived|appeared|followed)\b", re.IGNORECASE
)


def find(context: Context) -> Iterator[Finding]:
    """Every stated succession with its verdict, by the days of release."""
    for index, passage in context.document.running():
        if not context.mentions.get(index):
            continue
        for sentence in sentences(passage.text):
            who = spoken(index, passage, sentence, context)
            yield from _apart(passage, sentence, who, context)
            yield from _earlier(passage, sentence, who, context)
            yield from _older(passage, sentence, who, context)
            for at, second in enumerate(who.here):
                topic = who.topic if who.certain and ITS_OWN.match(sentence.text) else ()
                nearest = (each for each in reversed(who.here[:at]) if each not in who.against)
                first = next(nearest, None) or next(iter(topic), None)
                start = who.here[at - 1].end if at else sentence.start
                words = passage.text[max(start, second.start - _FAR) : second.start]
                if first is None or _DENIED.search(words):
                    continue
                later, earlier = _LATER.search(words), _EARLIER.search(words)
                found = later or earlier
                if found:
                    place = (second.start - len(words) + found.start(), second.end)
                    pair = (first, second) if later else (second, first)
                    yield from _judged(passage, place, pair, context)


def _apart(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """So many years between two devices: "two years after the A100", "five years older than"."""
    for second in who.here:
        words = passage.text[max(sentence.start, second.start - _FAR) : second.start]
        match = _YEARS.search(words)
        if match is None:
            continue
        place = second.start - len(words) + match.start()
        topic = who.topic if who.certain and _IT.search(sentence.text) else ()
        before = (each for each in reversed(who.here) if each.end <= place)
        first = next(before, None) or next(iter(topic), None)
        if first is None or first.named == second.named or _DENIED.search(words):
            continue
        start = second.start - len(words) + match.start("n")
        told = -_number(match) if match["older"] else _number(match)
        yield from _gap(passage, (start, second.end), told, (first.named, second.named), context)


def _number(match: re.Match[str]) -> float:
    return read_number(match["n"])


def _gap(
    passage: Passage, place: tuple[int, int], told: float, ids: tuple[Sequence[str], Sequence[str]],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """Whether the first of two came out so many years after the second; a year early or late may be told."""
    one, other = ([context.catalogue[key] for key in side] for side in ids)
    a, b = _days(one), _days(other)
    if not a or not b:
        return
    gaps = [(_date(x) - _date(y)).days / 365.25 for x in a for y in b]
    right = min(gaps) - _YEAR <= told <= max(gaps) + _YEAR
    because = f"{one[0].id} came out on {min(a)}, {other[0].id} on {min(b)}"
    yield made(context, passage, place, "identity", "confirmed" if right else "contradicted",
               subject=one[0].id, attribute="release_date", because=because,
               evidence=(source_of(one[0], "release_date"),))  # fmt: skip


def _earlier(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """So many years before what the text is about: "its predecessor, the A100, arrived two years earlier"."""
    match = _YEARS_EARLIER.search(passage.text, sentence.start, sentence.end)
    if match is None or len({each.named for each in who.here}) != 1 or not who.topic or not who.certain:
        return
    here, topic = who.here[0], who.topic[0]
    if (
        here.named != topic.named
        and here.end <= match.start()
        and _APPEARED.search(passage.text, here.end, match.start())
    ):
        told = -_number(match) if match["earlier"] else _number(match)
        yield from _gap(passage, match.span(), told, (here.named, topic.named), context)


#: What a device did then: "bought used two years later" tells of no release.
_APPEARED = re.compile(
    r"\b(?:came|comes?|launch\w*|releas\w+|appear\w*|arriv\w+|debut\w*|ship\w*|follow\w*|introduc\w+|"
    r"announc\w+|is|was|out)\b",
    re.IGNORECASE,
)


def _older(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """So many years older than the other one of two: "the RTX 4090 is a year older"."""
    for match in _IS_OLDER.finditer(passage.text, sentence.start, sentence.end):
        both = pair(match.start(), match.end(), who, context)
        if both is None or _DENIED.search(sentence.text) or len(who.here) > 1:
            continue
        told = -_number(match) if match["older"] else _number(match)
        yield from _gap(passage, match.span("n"), told, (both.first, both.second), context)


_IS_OLDER = re.compile(
    r"\b(?:is|was)\s+(?:about |roughly |almost |nearly |over |some )?(?P<n>an?|one|"
    + "|".join(SPELLED)
    + r"|\d(?:\.5)?)\s+(?:full\s+)?years?\s+(?:(?P<older>older)|newer|younger)\b(?!\s+than)",
    re.IGNORECASE,
)


def _judged(
    passage: Passage, place: tuple[int, int], pair: tuple[Mention, Mention], context: Context
) -> Iterator[Finding]:
    """`pair` is the device that came first, and the one after it, as the text has it."""
    old, new = ([context.catalogue[key] for key in each.named] for each in pair)
    if model(old[0].id, context.catalogue) == model(new[0].id, context.catalogue):
        return
    before, after = _days(old), _days(new)
    if not before or not after:
        return
    # A year by itself is neither before nor after a day of it.
    precise = min(map(len, (*before, *after)))
    wrong = min(before)[:precise] > max(after)[:precise]
    because = f"{old[0].id} came out on {min(before)}, {new[0].id} on {min(after)}"
    yield made(context, passage, place, "identity", "contradicted" if wrong else "unverifiable",
               subject=new[0].id, attribute="release_date", because=because,
               evidence=(source_of(old[0], "release_date"), source_of(new[0], "release_date")))  # fmt: skip


def _days(gpus: list[Gpu]) -> list[str]:
    return [str(gpu.value("release_date")) for gpu in gpus if gpu.value("release_date")]


def _date(told: str) -> date:
    """The day of a release; of a month or a year alone its middle."""
    return date.fromisoformat(told + {4: "-07-01", 7: "-15"}.get(len(told), ""))
