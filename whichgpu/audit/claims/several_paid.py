"""What several of a device cost together, by what the document told of one: "two A4500s cost $2,750", at $1,250 each.

Also what one is said to cost of so many ("a board with eight at $125,000. That makes $12,500 per Gaudi 3"). Wrong
where no price told in the document gives it.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import store
from whichgpu.audit.prices import SIGNED, signed
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence
    from whichgpu.audit.subjects import Mention

_PAID = r"(?P<paid>[$\u20ac\u00a3]\s?(?P<n>\d[\d,]*(?:\.\d+)?))(?!\s?(?:k\b|[KMB]\b|million|/|per\b|an? (?:hour|month|day|year)\b))"  # noqa: E501
_COST = re.compile(
    r"s?\s*(?:cards?|gpus?)?\s*(?:together\s+)?(?:cost|costs|come to|comes to|are|would be|will cost|make)\s+"
    rf"(?:you |us |me )?(?:about |around |roughly |only |just )*{_PAID}(?P<rest>[^.,;]{{0,30}})",
    re.IGNORECASE,
)
#: A price of each behind a number of a device with what they cost: "makes $8,125 per Gaudi 2".
_EACH = re.compile(
    r"(?P<paid>[$\u20ac\u00a3]\s?(?P<n>\d[\d,]*(?:\.\d+)?))\s+(?:per|for each|for every|"
    r"for one)\s+(?:[A-Z][a-z]+\s+)?$"
)
_PUT_AT = re.compile(
    rf"s?\s*(?:modules?|cards?|gpus?|accelerators?)?\s*(?:(?:was|were|is|are|cost|costs|goes|sells|came|comes|lists|"
    rf"listed|put|priced)\s+)*(?:at|for|in at|out at)?\s*(?:about |around |roughly )?{_PAID}",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:plus|with|includ\w+|tower|server|system|box|rig|hour\w*|month\w*|rent\w*|each|apiece|shipping|tax|vat|"
    r"discount\w*|saves?|saving|more|less|if|instead|bridge|not|new|now)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_NEAR, _LIKE, _BACK, _LEAST = 0.02, 3.0, 320, 2


def find(context: Context) -> Iterator[Finding]:
    """Every such price that nothing told gives."""
    every = sorted({value for one in context.document.passages for _, _, value in signed(one.text)})
    for index, passage in context.document.running() if every else ():
        named = context.mentions.get(index, ())
        for sentence in sentences(passage.text) if named and SIGNED.search(passage.text) else ():
            for name in within(named, sentence.start, sentence.end):
                yield from _several(passage, sentence, name, every, context)
                yield from _of_each(passage, sentence, name, named, context)


def _number(match: re.Match[str]) -> float:
    return float(match["n"].replace(",", ""))


def _several(
    passage: Passage, sentence: Sentence, name: Mention, every: Sequence[float], context: Context
) -> Iterator[Finding]:
    match = _COST.match(passage.text, name.end, sentence.end)
    many = counted(passage.text, sentence.start, name.start) if match else 0
    if (
        match is None
        or many < _LEAST
        or _ELSE.search(passage.text[sentence.start : name.start] + match["rest"])
    ):
        return
    told = _number(match)
    ones = [
        each.value for series in store(context) if series.measure == "price" and not series.derived
        for each in series.amounts if each.number == 1 and each.ids & set(name.ids)
    ]  # fmt: skip
    near = [one for one in ones if 1 / _LIKE < many * one / told < _LIKE] if told else []
    here = passage.text[: match.start("paid")]
    known = [value for _, _, value in signed(here)] + [one for one in every if one != told]
    if not near or any(abs(many * one / told - 1) <= _NEAR for one in known):
        return
    because = f"{many:g} at {near[0]:,g} each are {many * near[0]:,g}"
    yield _finding(passage, match.span("paid"), because, f"{many * near[0]:,g}", context)


def _of_each(
    passage: Passage, sentence: Sentence, name: Mention, named: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    text = passage.text
    match = _EACH.search(text, max(sentence.start, name.start - 48), name.start)
    if match is None or _ELSE.search(sentence.text):
        return
    told, prices = _number(match), []
    for each in within(named, max(0, sentence.start - _BACK), match.start()):
        many = counted(text, max(0, each.start - 40), each.start) if each.named == name.named else 0
        paid = _PUT_AT.match(text, each.end) if many >= _LEAST else None
        if paid:
            prices.append((many, _number(paid)))
    if len(prices) != 1 or not told:
        return
    many, whole = prices[0]
    if abs(told * many / whole - 1) <= _NEAR or not 1 / _LIKE < told * many / whole < _LIKE:
        return
    because = f"{whole:,g} over {many:g} are {whole / many:,g}"
    yield _finding(passage, match.span("paid"), because, f"{whole / many:,g}", context)


def _finding(passage: Passage, place: tuple[int, int], because: str, right: str, context: Context) -> Finding:
    return made(
        context, passage, place, "arithmetic", "inconsistent", attribute="price of several", because=because,
        expected=right, evidence=(Evidence(because),),
    )  # fmt: skip
