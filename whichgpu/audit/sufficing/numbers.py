"""What so many devices hold, each with its own number: "three MI300X suffice, and so do three H200s".

What is needed was told before. Whether a device, or an instance type of a cloud, is said to hold it, the word
nearest to it says; what goes on from another ("so do", "the same goes for", "and on") is said as that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.machine_types import TYPE, of_type
from whichgpu.audit.devices.machine import is_of_system
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.sufficing.needs import need_before
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence

_HOLDS = (
    r"(?:fits?|runs? on|holds?|(?:can|could) (?:just |easily )?(?:hold|run|take|host|accommodate)|"
    r"squeezes? into|"
    r"has (?:\w+ )?room for|suffices?|(?:is|are) (?:just |more than |already )?(?:enough|sufficient)|will do|"
    r"would (?:do|suffice|be enough)|"
    r"i\.e\. at least|at least|(?:needs?|requires?|calls? for|takes)(?= (?:only |just |at least )?(?:an?|"
    r"one|two|three|"
    r"four|five|six|eight|\d)\b))"
)
_NOT = r"(?:(?:does|do|will|would|can|could)(?: not|n[\u2019']t)|cannot|won[\u2019']t|can[\u2019']t|not)"
#: What is said of what stands behind, or before: that it holds, that it does not, or what was said before.
_SAYS = re.compile(
    rf"\b(?P<no>{_NOT} (?:\w+ )?(?:fit|run|hold|do|be enough|suffice|on|in)\b|rules? out|(?:is|"
    rf"are) ruled out|"
    rf"beyond(?: what)?|too (?:large|big|much) for)|\b(?P<yes>{_HOLDS})\b|"
    r"\b(?P<so>so (?:do|does|will|would)|the same (?:goes|holds|is true) (?:for|of)|can be said of|and on|"
    r"or)\b",
    re.IGNORECASE,
)
#: A sentence with these is of more or of less than what was told, or of several ways.
_ELSE = re.compile(
    r"\?|\b(?:if|unless|without|offload\w*|swap\w*|quanti[sz]\w+|"
    r"nodes?|servers?|"
    r"per|each|half|lora|instead|rather|faster|slower|before|plus|another|users?|tokens?|copies|HBM\w*|"
    r"hosts?|LPDDR\w*|CPUs?|system)\b",
    re.IGNORECASE,
)
#: Another model or format behind a need, which has its own.
_OTHER = re.compile(r"\b\d+(?:\.\d+)?\s?B\b|\b(?:FP\d+|BF16|INT\d|\d[- ]bits?)\b", re.IGNORECASE)
#: How much of it is needed at most that is clearly held, and how little is too little.
_ROOMY, _FULL = 0.85, 0.98
_BETWEEN = 56
#: Before a device that is none: "no single H100 can hold it".
_NONE = re.compile(r"\b(?:no|not even|neither|none|nor)\s(?:\w+\s){0,2}$", re.IGNORECASE)
#: What parts what is said from whom it is said of.
_PARTS = re.compile(r"[,;:.]\s")
#: Behind a name, before what is said of it.
_BEHIND = re.compile(r"s?(?:\s\([^()]*\))?\s?")


class _Holder(NamedTuple):
    """So many of a device, as a text names them, and what they hold together."""

    start: int
    end: int
    ids: tuple[str, ...]
    many: float
    least: float
    most: float


def numbers(context: Context) -> Iterator[Finding]:
    """Every number of devices that is said to hold what it does not, or not to hold what it does."""
    for index, passage in context.document.running():
        if "GB" not in passage.text or not _SAYS.search(passage.text):
            continue
        holders = [*_holders(index, passage, context)]
        said: bool | None = None
        for sentence in sentences(passage.text) if holders else ():
            here = within(holders, sentence.start, sentence.end)
            if not here or _ELSE.search(sentence.text):
                said = None
                continue
            for one in here:
                said = _said(passage.text, sentence, one, said)
                if said is not None:
                    yield from _judged(passage, sentence, one, context, holds=said)


def _holders(index: int, passage: Passage, context: Context) -> Iterator[_Holder]:
    """The devices and instance types of a passage with their memory, in their order."""
    found: list[_Holder] = []
    for each in context.mentions.get(index, ()):
        sizes = _sizes(each.ids, context)
        if sizes:
            many = counted(passage.text, 0, each.start)
            if many == 1 and is_of_system(passage.text, each.start, each.end):
                continue
            if many == 1 and "s" in (each.text[-1:], passage.text[each.end : each.end + 1]):
                # "Three A100s or H100s": how many of the latter is not told with them.
                continue
            found.append(_Holder(each.start, each.end, each.ids, many, min(sizes) * many, max(sizes) * many))
    for match in TYPE.finditer(passage.text):
        kind = of_type(match[0])
        sizes = _sizes((kind[0],), context) if kind and kind[0] in context.catalogue else []
        if kind and sizes:
            ends = min(sizes) * kind[1], max(sizes) * kind[1]
            found.append(_Holder(*match.span(), (kind[0],), kind[1], *ends))
    return iter(sorted(found))


def _sizes(ids: Sequence[str], context: Context) -> list[float]:
    return [size for key in ids for size in attributes()["memory"].amounts(context.catalogue[key])]


def _said(text: str, sentence: Sentence, one: _Holder, last: bool | None) -> bool | None:
    """Whether a holder is said to hold it; `last` is what was said of the one before."""
    if _NONE.search(text, max(sentence.start, one.start - _BETWEEN), one.start):
        return None
    every = _SAYS.finditer(text, max(sentence.start, one.start - _BETWEEN), one.start)
    before = [each for each in every if not _PARTS.search(text, each.end(), one.start)]
    after = _BEHIND.match(text, one.end)
    behind = _SAYS.match(text, after.end() if after else one.end)
    match = before[-1] if before else behind
    if behind and behind["so"] is None:
        match = behind
    if match is None:
        return None
    return last if match["so"] else match["no"] is None


def _judged(
    passage: Passage, sentence: Sentence, one: _Holder, context: Context, *, holds: bool
) -> Iterator[Finding]:
    need, text = need_before(passage, sentence, one.start, context), passage.text
    if need is None or _OTHER.search(text, need.end, one.start) or not _is_wrong(need, one, holds=holds):
        return
    many = f"{one.many:g} x {one.ids[0]} have" if one.many > 1 else f"{one.ids[0]} has"
    because = f"{text[need.start : need.end]} are told to be needed; {many} {one.most / GIB:.4g} GiB"
    yield made(
        context, passage, (one.start, one.end), "memory", "contradicted", attribute="fits",
        subject=", ".join(one.ids), because=because, expected="no" if holds else "yes",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _is_wrong(need: Quantity, one: _Holder, *, holds: bool) -> bool:
    return one.most < need.value * _FULL if holds else need.value < one.least * _ROOMY
