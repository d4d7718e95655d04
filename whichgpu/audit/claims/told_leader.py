"""Who leads by amounts that a sentence has just told in turn: "14 per watt on the L4, 9 on the T4. So the T4 is ..".

Two or more things with an amount each, of one measure, and right behind it a sentence that names the one of
them that is the most efficient, the cheapest or the fastest: wrong where another one's amount is better.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

#: Machines that go by their kind where a text compares two.
_MACHINE = re.compile(r"\b(?:laptop|desktop|notebook|workstation|server)\b", re.IGNORECASE)
_NUMBER = r"\$?\d[\d,]*(?:\.\d+)?"
_AMOUNT = re.compile(rf"(?<![\w.$]){_NUMBER}(?![\w.]*\d|\s?(?:GB|TB|-bit)\b)(?!-)")
#: From an amount to its thing behind it, and from a thing to its amount behind it.
_FOR = re.compile(
    r"(?:\s(?!for\b|on\b|with\b|from\b|and\b)[\w/-]+){0,5}\s(?:for|on|with|from)\s"
    r"(?:(?:the|an?|its|our|one)\s)?",
    re.IGNORECASE,
)
_HAS = re.compile(
    r"(?:\s\d{1,3}\s?GB)?\s?(?::|\s(?:has|makes|gets|reaches|manages|does|is at|at|with|costs|comes to))?\s",
    re.IGNORECASE,
)
#: By what a list of amounts orders its things, and whether more is better.
_OF = {
    "efficiency": re.compile(r"(?:\bper|\ba|\beach|\bevery|/)\s?(?:watts?|joules?|kwh|W|J)\b", re.IGNORECASE),
    "cost": re.compile(r"\$\d|\bdollars?\b", re.IGNORECASE),
    "speed": re.compile(r"(?:\bper|\ba|/)\s?(?:seconds?|s|minutes?|min)\b", re.IGNORECASE),
}
_KIND = r"(?:\s(?:gpu|card|chip|module))?\s"
_IS = rf"{_KIND}(?:is|are|was|remains|stays|proves|comes out)\s(?:clearly |still |here |then )?(?:the )?"
_END = r"(?=[.,;)]|$|\s(?:of (?:the|these|all)|among (?:the|these)|here|although|though|even though)\b)"
#: What is said behind the name of the one that leads.
_BEHIND = {
    "efficiency": re.compile(
        rf"(?:{_IS}(?:more|most) (?:energy-|power-)?(?:efficient|frugal|economical)"
        r"(?: one| card| gpu| chip)?"
        rf"|{_KIND}(?:gets|squeezes|makes|does|delivers|draws|has)\s(?:the )?(?:most|more)\s"
        r"(?:[a-z]+\s){0,2}?(?:out of|per|for|from)\s(?:an?|each|every|the|its)?\s?"
        r"(?:watt|joule|kilowatt-hour))"
        rf"{_END}",
        re.IGNORECASE,
    ),
    "cost": re.compile(
        rf"{_IS}(?:cheapest|cheaper|least expensive)(?: one| card| gpu| choice| option)?{_END}", re.IGNORECASE
    ),
    "speed": re.compile(
        rf"{_IS}(?:fastest|quickest|faster|quicker)(?: one| card| gpu| of them)?{_END}", re.IGNORECASE
    ),
}
#: "The cheapest tokens come from the GB200": before its name.
_BEFORE = re.compile(
    r"\bthe cheapest (?P<what>[a-z]+) (?:come|comes|are made|are to be had) (?:from|on|with) (?:the |an? )?$",
    re.IGNORECASE,
)
#: What leads to such a statement and adds nothing to it.
_LEAD = re.compile(
    r"\W*(?:(?:so|thus|hence|in other words|in short|therefore|clearly|as you see|that means|"
    r"at these (?:prices|rates)|by (?:that|this) measure|then|here|and|which means|it follows that|that)"
    r"[,:]?\s+)*(?:the\s+|an?\s+)?",
    re.IGNORECASE,
)
_HOURLY = re.compile(
    r"(?:\bper\b|\ban?\b|/)[\w ]{0,5}\b(?:hours?|h|hr|months?|years?)\b|\bhourly\b", re.IGNORECASE
)
_OPEN = re.compile(
    r"\b(?:if|would|could|not|never|unless|except|limited to|capped|expected)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: By how much another one leads at least; how many sentences behind the amounts it may be said.
_MARGIN, _NEXT, _TWO = 1.03, 2, 2


class _Thing(NamedTuple):
    start: int
    end: int
    key: tuple[str, ...]

    def same(self, other: _Thing) -> bool:
        return bool(set(self.key) & set(other.key))


def find(context: Context) -> Iterator[Finding]:
    """Every such statement that the amounts exclude."""
    for index, passage in context.document.running():
        every = sentences(passage.text)
        for at, sentence in enumerate(every):
            told = _told(index, passage, sentence, context)
            if len(told) < _TWO:
                continue
            for later in every[at + 1 : at + 1 + _NEXT]:
                yield from _judged(index, passage, (sentence, later), told, context)


def _things(index: int, passage: Passage, place: Sentence, context: Context) -> list[_Thing]:
    """The devices and kinds of machines that a sentence names, in order."""
    named = within(context.mentions.get(index, ()), place.start, place.end)
    found = [_Thing(each.start, each.end, each.ids) for each in named]
    for match in _MACHINE.finditer(passage.text, place.start, place.end):
        if not any(each.start < match.end() and match.start() < each.end for each in found):
            found.append(_Thing(*match.span(), (match[0].lower(),)))
    return sorted(found)


def _told(index: int, passage: Passage, sentence: Sentence, context: Context) -> list[tuple[_Thing, float]]:
    """Each thing of a sentence with its amount; nothing where one has none, or an amount no thing."""
    if _OPEN.search(sentence.text):
        return []
    things = _things(index, passage, sentence, context)
    text = passage.text
    amounts = [
        each for each in _AMOUNT.finditer(text, sentence.start, sentence.end)
        if not any(one.start <= each.start() < one.end for one in things)
    ]  # fmt: skip
    if not _TWO <= len(things) == len(amounts):
        return []
    for ways in (
        all(_FOR.fullmatch(text, b.end(), a.start) for a, b in zip(things, amounts, strict=True)),
        all(_HAS.fullmatch(text, a.end, b.start()) for a, b in zip(things, amounts, strict=True)),
    ):
        if ways and not any(a.same(b) for a in things for b in things if a.start < b.start):
            values = (float(each[0].replace("$", "").replace(",", "")) for each in amounts)
            return list(zip(things, values, strict=True))
    return []


def _judged(
    index: int, passage: Passage, both: tuple[Sentence, Sentence], told: Sequence[tuple[_Thing, float]],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    first, later = both
    text = passage.text
    for thing in _things(index, passage, later, context):
        for kind, place in _ways(text, first, later, thing):
            own = [value for each, value in told if each.same(thing)]
            sign = -1 if kind == "cost" else 1
            best = max(told, key=lambda each: sign * each[1])
            ahead = len(own) == 1 and own[0] and best[1] and (best[1] / own[0]) ** sign > _MARGIN
            if not ahead or _OPEN.search(later.text):
                continue
            name = text[best[0].start : best[0].end]
            because = f"of the amounts just told that of {name} is the {'lowest' if sign < 0 else 'highest'}: {best[1]:,.6g}, against {own[0]:,.6g}"  # noqa: E501
            yield made(context, passage, place, "ordering", "inconsistent", attribute="told before",
                       because=because, expected=name, evidence=(Evidence(because),))  # fmt: skip


def _ways(
    text: str, first: Sentence, later: Sentence, thing: _Thing
) -> Iterator[tuple[str, tuple[int, int]]]:
    """By what a thing is said to lead in a sentence, where the sentence with the amounts is of that."""
    cost = _OF["cost"].search(first.text) is not None
    for kind, pattern in _BEHIND.items():
        behind = pattern.match(text, thing.end, later.end)
        of_it = _OF[kind].search(first.text) and (kind == "cost") is cost
        hourly = kind == "cost" and _HOURLY.search(first.text)
        if behind and of_it and not hourly and _LEAD.fullmatch(text, later.start, thing.start):
            yield kind, (thing.start, behind.end())
    before = _BEFORE.search(text, later.start, thing.start)
    ends = re.match(_END, text[thing.end :], re.IGNORECASE)
    if before and cost and ends and _LEAD.fullmatch(text, later.start, before.start()):
        stem = before["what"].lower().rstrip("s")
        if stem in first.text.lower() and not _HOURLY.search(first.text):
            yield "cost", (before.start(), thing.end)
