"""Times of several devices that shrink by more than their number: "8 h on one. With eight, 40 minutes"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.loads import NUMBER, value_of
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

_THINGS = r"(?:gpus?|cards?|accelerators?|boards?|devices?|of\s+(?:them|these|those))"
_ON = r"(?:on|with|using)\s+(?:just\s+|only\s+|all\s+)?"
#: Behind a time, on how many it was; the same before it.
_BEHIND = re.compile(rf"\s+{_ON}(?P<n>an?|a\s+single|single|{NUMBER})\s+{_THINGS}\b", re.IGNORECASE)
_BEFORE = re.compile(
    rf"\b{_ON}(?P<n>{NUMBER}|a\s+single)(?:\s+{_THINGS})?,?\s+(?:(?:it|the\s+(?:same\s+)?\w+|this|that|"
    rf"we|i)\s+)?"
    r"(?:(?:was|is|were|are)\s+(?:done|finished|ready|over|through|down)(?:\s+(?:in|after|to))?|takes?|"
    r"took|needs?|needed|"
    r"finish\w*(?:\s+(?:in|after))?|lasts?|lasted|ran(?:\s+for)?|got\s+down\s+to|drops?\s+to|fell\s+to)\s+"
    r"(?:about\s+|around\s+|only\s+|just\s+|roughly\s+|under\s+|less\s+than\s+|us\s+|me\s+)*$",
    re.IGNORECASE,
)
_EXCUSED = re.compile(
    r"\b(?:fits?|offload\w*|swap\w*|spill\w*|super-?linear\w*|cache|larger batch\w*|bigger batch\w*|"
    r"different|other|another|"
    r"newer|older|nodes?|should|would|theor\w+|ideal\w*|epochs|steps|instead|optimi[sz]\w+|after|"
    r"flash\w*|half)\b",
    re.IGNORECASE,
)
_NOISE, _FAR = 1.05, 6.0
_ONE = 1.0


def linear_times(context: Context) -> Iterator[Finding]:
    """Every time of several devices that is less than that of one over their number."""
    for index, passage in context.document.running():
        every = sentences(passage.text)
        for at, sentence in enumerate(every):
            first = every[max(0, at - 1)].start
            here = within(context.mentions.get(index, ()), first, sentence.end)
            text = passage.text[first : sentence.end]
            one = len({model(each.named[0], context.catalogue) for each in here}) <= 1
            if one and is_indicative(sentence.text) and not _EXCUSED.search(text):
                yield from _judged(passage, (first, sentence.start, sentence.end), context)


def _judged(passage: Passage, place: tuple[int, int, int], context: Context) -> Iterator[Finding]:
    first, start, end = place
    told = _times(passage.text, within(quantities(passage.text, context.fraction), first, end), first)
    alone = next((each for each, many in told if many == _ONE), None)
    if alone is None:
        return
    for each, many in told:
        if many <= _ONE or each.start < start:
            continue
        least = alone.value / many
        if least / _FAR < each.value < least / _NOISE:
            words = passage.text[alone.start : alone.end]
            because = f"{words} of one over {many:g} are {least / 60:,.3g} minutes"
            yield made(
                context, passage, (each.start, each.end), "benchmark", "contradicted", attribute="scaling",
                because=because, expected=f"at least {least / 60:,.3g} minutes",
                evidence=(Evidence(because),),
            )  # fmt: skip


def _times(text: str, told: Sequence[Quantity], first: int) -> list[tuple[Quantity, float]]:
    """The times of a stretch of text with the number of devices that each is told of."""
    found: list[tuple[Quantity, float]] = []
    for each in told:
        if each.dimension == "time" and each.high == each.value:
            said = _BEHIND.match(text, each.end) or _BEFORE.search(text, first, each.start)
            if said:
                found.append((each, _number(said["n"])))
    return found


def _number(words: str) -> float:
    return _ONE if words.lower().split()[0] in ("a", "an") else value_of(words)
