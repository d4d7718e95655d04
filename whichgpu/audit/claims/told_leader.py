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
    "efficiency": re.compile(
        r"(?:\bper|\ba|\band|\beach|\bevery|/)\s?(?:watts?|joules?|kwh|W|J)\b", re.IGNORECASE
    ),
    "cost": re.compile(r"\$\d|\bdollars?\b", re.IGNORECASE),
    "speed": re.compile(r"(?:\bper|\ba|/)\s?(?:seconds?|s|minutes?|min)\b", re.IGNORECASE),
}
_KIND = r"(?:\s(?:gpu|card|chip|module))?\s"
_SO = r"(?:clearly |still |here |then |therefore |thus |hence )?"
_IS = rf"{_KIND}(?:is|are|was|remains|stays|proves|comes out)\s{_SO}(?:the )?"
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
#: "In efficiency the L4 is ahead, which ..".
_IN_IT = re.compile(
    r"\s*(?:in|by|on|measured by|in terms of|as for)\s+(?:energy |power )?efficiency,?\s+(?:(?:the|our)\s+)?",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\s(?:is|was|comes out|stays|leads|wins)(?:\s(?:ahead|in front|on top|first))?(?=\s*[.,;:!]|\s*$)", re.I
)
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
            told, behind = _told(index, passage, sentence, context), at + 1
            if len(told) < _TWO:
                told, behind = _for_each_watt(index, passage, every[at : at + 2], context), at + 1
                behind += bool(told) and told[1][0].start >= sentence.end
            for later in every[behind : behind + _NEXT] if told else ():
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


#: Work for each watt, and the same of the next thing without its unit, at the end of a clause.
_PER_WATT = re.compile(
    r"(?<![\d.,])(?P<n>\d+(?:\.\d+)?)\s+(?:[a-z/-]+\s+){0,6}?(?:(?:per|for (?:each|every)|a|an|and)\s|/\s?)"
    r"(?:watt(?:-hour|hour)?|joule|kWh|W|J)\b(?!\s+(?:more|less))",
    re.IGNORECASE,
)
_ALONE = re.compile(r"(?<![\d.,$])(?P<n>\d+(?:\.\d+)?)(?=\s*(?:[.;:!)]|,(?!\d)|$))")
#: Letters between a thing and its value, and how many times the one the other may be.
_APART, _ALIKE = 140, 5.0


def _for_each_watt(
    index: int, passage: Passage, pair: Sequence[Sentence], context: Context
) -> list[tuple[_Thing, float]]:
    """Two things with what each does for a watt, among other numbers: "at 200 W A 3.9 a watt; B 5.3"."""
    text, first = passage.text, pair[0]
    match = _PER_WATT.search(text, first.start, first.end)
    if match is None or _OPEN.search(first.text):
        return []
    things = [each for sentence in pair for each in _things(index, passage, sentence, context)]
    before = [each for each in things if each.end <= match.start() < each.end + _APART]
    after = [each for each in things if match.end() <= each.start < match.end() + _APART]
    if not before or not after or before[-1].same(after[0]):
        return []
    stop = min([each.start for each in after[1:2]] + [after[0].end + _APART, pair[-1].end])
    own = float(match["n"])
    values = {
        float(each["n"]) for way in (_PER_WATT, _ALONE) for each in way.finditer(text, after[0].end, stop)
        if own / _ALIKE < float(each["n"]) < own * _ALIKE
    }  # fmt: skip
    return [(before[-1], own), (after[0], values.pop())] if len(values) == 1 else []


def _judged(
    index: int, passage: Passage, both: tuple[Sentence, Sentence], told: Sequence[tuple[_Thing, float]],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    first, later = both
    text = passage.text
    for thing in _things(index, passage, later, context):
        for kind, place, said in _ways(text, first, later, thing):
            own = [value for each, value in told if each.same(thing)]
            sign = -1 if kind == "cost" else 1
            best = max(told, key=lambda each: sign * each[1])
            ahead = len(own) == 1 and own[0] and best[1] and (best[1] / own[0]) ** sign > _MARGIN
            if not ahead or _OPEN.search(said):
                continue
            name = text[best[0].start : best[0].end]
            because = f"of the amounts just told that of {name} is the {'lowest' if sign < 0 else 'highest'}: {best[1]:,.6g}, against {own[0]:,.6g}"  # noqa: E501
            yield made(context, passage, place, "ordering", "inconsistent", attribute="told before",
                       because=because, expected=name, evidence=(Evidence(because),))  # fmt: skip


def _ways(
    text: str, first: Sentence, later: Sentence, thing: _Thing
) -> Iterator[tuple[str, tuple[int, int], str]]:
    """By what a thing is said to lead and in which words, where the sentence with the amounts is of that."""
    cost = _OF["cost"].search(first.text) is not None
    for kind, pattern in _BEHIND.items():
        behind = pattern.match(text, thing.end, later.end)
        of_it = _OF[kind].search(first.text) and (kind == "cost") is cost
        hourly = kind == "cost" and _HOURLY.search(first.text)
        if behind and of_it and not hourly and _LEAD.fullmatch(text, later.start, thing.start):
            yield kind, (thing.start, behind.end()), later.text
    leads = _AHEAD.match(text, thing.end, later.end)
    if leads and _OF["efficiency"].search(first.text) and _IN_IT.fullmatch(text, later.start, thing.start):
        yield "efficiency", (thing.start, leads.end()), text[later.start : leads.end()]
    before = _BEFORE.search(text, later.start, thing.start)
    ends = re.match(_END, text[thing.end :], re.IGNORECASE)
    if before and cost and ends and _LEAD.fullmatch(text, later.start, before.start()):
        stem = before["what"].lower().rstrip("s")
        if stem in first.text.lower() and not _HOURLY.search(first.text):
            yield "cost", (before.start(), thing.end), later.text
