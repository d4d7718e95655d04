"""Speeds told of one device and of several of it that grow by more than their number.

"One card reached 842 images per second, and with two of them we measured 1,765": whatever is said of it, two
are not more than twice as fast as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED, quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_MANY = "|".join(SPELLED)
#: How many devices a speed is of; a name of one stands right behind the number.
_COUNT = re.compile(
    rf"\b(?:(?P<one>one|an?|a single|1)|(?P<n>{_MANY}|\d{{1,3}}))(?:\s?[x\u00d7])?\s"
    r"(?:of (?:them|these|those)\b|(?:nvidia\s|identical\s|such\s)?(?:gpus?|cards?|accelerators?|devices?|"
    r"boards?)\b|"
    r"(?=(?:NVIDIA |GeForce |Tesla |Quadro )?(?:RTX|GTX|[A-Z]{1,2}\d{1,3})))|"
    r"\b(?:with|on|using|and)\s(?:just\s|only\s)?(?P<bare>two|four|eight|sixteen)(?=\s?[,:;]|\s(?:it|we|"
    r"the|they|that)\b)",
    re.IGNORECASE,
)
#: What may make it true, or a speed one of something else.
_EXCUSED = re.compile(
    r"\b(?:fits?|offload\w*|swap\w*|spill\w*|super-?linear\w*|cache|larger batch\w*|bigger batch\w*|"
    r"different|other|"
    r"another|newer|older|users?|requests?|price|cost\w*|nodes?|should|would|theor\w+|ideal\w*|peak|each|"
    r"per (?:gpu|card))\b",
    re.IGNORECASE,
)
#: By what share more than their number several may be faster: how well two speeds are known.
_NOISE = 1.03


class _Speed(NamedTuple):
    """A speed, where it stands, and how many devices have it."""

    start: int
    end: int
    value: float
    number: int


def scaling(context: Context) -> Iterator[Finding]:
    """Every speed of several devices in running text that is more than so many times that of one."""
    for index, passage in context.document.running():
        if not _COUNT.search(passage.text):
            continue
        done = ""
        for sentence in sentences(passage.text):
            told = f"{done}{sentence.text}"
            here = within(context.mentions.get(index, ()), sentence.start - len(done), sentence.end)
            done = sentence.text
            of_one = len({model(each.named[0], context.catalogue) for each in here}) <= 1
            if of_one and is_indicative(sentence.text) and not _EXCUSED.search(told):
                place = (sentence.end - len(told), sentence.end)
                yield from _judged(passage, _speeds(passage.text, place, context), context)


def _speeds(text: str, place: tuple[int, int], context: Context) -> list[_Speed]:
    """The speeds of a stretch of text, each with the number of devices that was told last before it."""
    counts = [
        (each.end(), 1 if each["one"] else _number(each["n"] or each["bare"]))
        for each in _COUNT.finditer(text, *place)
    ]
    found: list[_Speed] = []
    for each in within(quantities(text, context.fraction), *place):
        bare = each.dimension == "number" and found and each.value > _LEAST
        number = next((n for end, n in reversed(counts) if end <= each.start), 0)
        taken = any(end > each.start >= end - _LONGEST for end, _ in counts)
        if number and not taken and (each.dimension == "rate" or bare) and each.high == each.value:
            found.append(_Speed(each.start, each.end, each.value, number))
    return found


#: Smaller numbers without a unit are of something else; a count is no longer than so many letters.
_LEAST, _LONGEST = 10, 16


def _number(words: str) -> int:
    return SPELLED.get(words.lower()) or int(words)


def _judged(passage: Passage, speeds: Sequence[_Speed], context: Context) -> Iterator[Finding]:
    first = next((each for each in speeds if each.number == min(one.number for one in speeds)), None)
    seen: set[int] = set()
    for each in speeds:
        if first is None or each.number <= first.number or each.number in seen:
            continue
        seen.add(each.number)
        linear = first.value * each.number / first.number
        if _NOISE * linear < each.value < _FAR * linear:
            times = f"{each.number / first.number:g} times {first.value:,.6g}"
            because = f"{each.value:,.6g} of {each.number} is more than {times}"
            yield made(
                context, passage, (each.start, each.end), "benchmark", "contradicted", attribute="scaling",
                because=because, expected=f"at most {linear:,.6g}", evidence=(Evidence(because),),
            )  # fmt: skip


#: So many times more than linear is of something else.
_FAR = 2.0
