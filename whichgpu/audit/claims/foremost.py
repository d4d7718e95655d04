"""Who is said to have the most of something in a class: "the GeForce with the most memory".

The class is read word by word (`classes/`); one of which a word is not understood is none. Told in the past
tense it is of the day on which the device came out, else of the day of the text, or of two years after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.classes.described import class_at, exist
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.clauses.parts import owner
from whichgpu.audit.findings import made
from whichgpu.audit.predicated.words import marks
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.offers import common
from whichgpu.audit.values.sourced import on_file
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.classes.described import Class
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu

_TOP = r"(?:by far )?the (?:most|highest|largest|biggest|greatest|widest|fastest)"
_HAS = r"(?:has|have|had|offers?|offered|carr(?:ies|ied)|comes? with|came with|packs?|packed|reach(?:es|ed)?)"
_DRAWS = r"(?:draws?|drew|needs?|needed|consumes?|consumed)"
_WHAT = r"(?P<what>(?:[\w-]+ ){0,2}?[\w-]+)"
_CLASS = r"(?P<class>[A-Za-z][\w \u2019'-]{1,50}?)"
_ANY = r"(?:of|among|across) (?:any|all|every)(?: other)?"
#: Each says of whom it is (`who` where the device stands behind it), of what, and among which.
_FORMS = tuple(re.compile(each, re.IGNORECASE) for each in (
    rf"\b(?:is|was|remains?|remained|stays?) (?:still |by far |therefore |now )?the {_CLASS} (?:with|that "
    rf"(?:has|had)|which (?:has|had)|offering) {_TOP} {_WHAT}\b",
    rf"\b{_HAS} {_TOP} {_WHAT},? {_ANY} (?P<among>[A-Za-z])",
    rf"\b{_HAS} (?:more|higher|larger|wider|faster) {_WHAT} than (?:any|every|all)(?: other)? "
    rf"(?P<among>[A-Za-z])",
    r"\b(?:draws|drew) (?P<draws>the most|more)(?: power)? (?:of any|of all|than any)(?: other)? "
    r"(?P<among>[A-Za-z])",
    rf"\bno (?:other )?{_CLASS} {_HAS} (?:more|a higher|a larger|a wider|as much|higher|faster) {_WHAT} "
    r"(?:than|as) (?P<who>the )",
    rf"\bno (?:other )?{_CLASS} {_DRAWS} (?P<draws>more|as much)(?: power)? (?:than|as) (?P<who>the )",
    rf"\b(?:of|among) (?:all )?{_CLASS},? (?P<who>the )[\w ]{{2,40}}? {_HAS} {_TOP} {_WHAT}\b",
))  # fmt: skip
#: A word of each form, which most texts lack.
_MAY = re.compile(
    r"\b(?:the (?:most|highest|largest|biggest|greatest|widest|fastest)|than (?:any|every|"
    r"all)|no)\b",
    re.I,
)
#: What narrows a class to what is here, for so much, or as it is used.
_SCOPED = re.compile(
    r"\b(?:of the (?:two|three|four)|here|we (?:test|tried|own|have|compare)\w*|(?:in|on|of) (?:this|our|my) "
    r"\w+|in its class|per (?:dollar|euro|watt)|price|costs?|budget|under|below|for the money|arguably|"
    r"perhaps|"
    r"almost|nearly|one of|second|(?:in|of|until|before) (?:19|20)\d\d|not|except|besides|apart|next to|"
    r"after|so far|laptops?|mobile|used|rumou?r\w*)\b|[?$\u20ac]",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:was|had|were|offered|carried|came|packed|remained|drew|needed|consumed|"
    r"reached)\b",
    re.I,
)
#: Attributes that are so much of one device, however it is used.
_KEYS = frozenset({"memory", "bandwidth", "cores", "power", "memory_bus", "l2", "transistors"})
_SEVERAL = 2
#: How much more than its own leaves no doubt.
_MORE = 1.05
#: Years after a device came out for which a text without a date is taken to be of its time.
_YEARS = 2


class _Said(NamedTuple):
    """Who is said to be first, in what, among which."""

    who: Mention
    key: str
    among: Class


def find(context: Context) -> Iterator[Finding]:
    """Every such superlative that another device of the class excludes."""
    for index, passage in context.document.running():
        if not _MAY.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            plain = is_asserted(sentence.text) and is_indicative(sentence.text)
            here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            # Where several are named it is the first of these.
            alone = len({each.named for each in here}) < _SEVERAL
            if plain and alone and not _SCOPED.search(sentence.text):
                yield from _of_sentence(index, passage, sentence, context)


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    for form in _FORMS:
        for match in form.finditer(passage.text, sentence.start, sentence.end):
            said = _said(index, passage, match, context)
            if said is not None:
                yield from _judged(passage, match, said, context)


def _said(index: int, passage: Passage, match: re.Match[str], context: Context) -> _Said | None:
    """What a form says; None where its class, its attribute or its device is not known."""
    told, text = match.groupdict(), passage.text
    inside = told.get("class") is not None
    words = text[: match.end("class")] if inside else text
    among = class_at(words, match.start("class" if inside else "among"), context.fraction, has=inside)
    if among is None or among.among or (inside and among.end != match.end("class")):
        return None
    key = "power" if told.get("draws") else _key(text, match)
    if told.get("who"):
        named = context.mentions.get(index, ())
        who = next(iter(within(named, match.start("who"), match.end("who") + 1)), None)
    else:
        who = owner(index, passage, match.start(), context)
    return _Said(who, key, among) if who and who.ids and key in _KEYS else None


def _key(text: str, match: re.Match[str]) -> str:
    """The one attribute that the words behind a superlative begin with."""
    start = match.start("what")
    found = marks(text, start, match.end("what") + len(" bandwidth"))
    return found[0].key if found and found[0].start - start <= len("on-board ") else ""


def _judged(passage: Passage, match: re.Match[str], said: _Said, context: Context) -> Iterator[Finding]:
    attribute = attributes()[said.key]
    own = [context.catalogue[key] for key in common(said.who.ids)]
    best = max(own, key=lambda gpu: _value(gpu, attribute))
    born = str(best.value("release_date") or "")
    if not born or not _value(best, attribute):
        return
    least = _MORE * _value(best, attribute)
    members = exist([*context.catalogue.values()], said.among)
    better = [
        gpu for gpu in members if _value(gpu, attribute) > least and _is_comparable(gpu, best, said.key)
    ]
    past = _PAST.search(match[0]) is not None
    day = born if past else context.document.written or f"{int(born[:4]) + _YEARS}{born[4:]}"
    of_its_day = [gpu for gpu in better if str(gpu.value("release_date")) <= day]
    if of_its_day or (better and not past):
        other = _first(of_its_day or better, attribute)
        shown, mine = (f"{gpu.id} has {gpu.display(attribute.fields[0])}" for gpu in (other, best))
        yield made(
            context, passage, match.span(), "absolute", "contradicted" if of_its_day else "outdated",
            subject=best.id, attribute=said.key, because=f"{shown}; {mine}",
            evidence=(on_file(other, attribute), on_file(best, attribute)),
        )  # fmt: skip


def _first(gpus: Sequence[Gpu], attribute: Attribute) -> Gpu:
    return max(gpus, key=lambda gpu: _value(gpu, attribute))


def _is_comparable(gpu: Gpu, best: Gpu, key: str) -> bool:
    """Whether what two devices have is counted alike: cores of one maker, memory of their own."""
    shared = str(gpu.value("memory_type")).startswith("LPDDR")
    return not shared and (key != "cores" or gpu.vendor == best.vendor)


def _value(gpu: Gpu, attribute: Attribute) -> float:
    value = gpu.value(attribute.fields[0])
    return float(value) if isinstance(value, int | float) else 0.0
