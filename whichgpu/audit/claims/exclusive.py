"""What is said to be the only one of a class, its first or its last: "the only GeForce ever made with 24 GB".

The class is read to its last word, and the catalogue is asked which devices are of it. Where it has others,
nothing else needs to be known of the device that is meant; where that is not told, two are enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.only import OWNED
from whichgpu.audit.classes import class_at
from whichgpu.audit.classes.described import exist
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.devices.families import architectures, is_of
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import HEADED
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.classes import Class
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Before a class, that there is one of it, or that it is the first or the last.
_SAID = re.compile(
    r"\b(?:(?P<maker>(?:nvidia|amd|intel)[\u2019']s|its maker[\u2019']s|the (?:company|maker|"
    r"vendor)[\u2019']s|"
    r"the world[\u2019']s|the|an?)\s+)?(?:very\s+)?(?:(?P<only>only|sole|one and only)|"
    r"(?P<first>first(?:\s+ever)?)|(?P<last>last(?!\s+(?:generation|year|time|month|week))))\s+",
    re.IGNORECASE,
)
#: What makes a class smaller than its words, or the claim one of another time or of somebody's opinion.
_NARROWED = re.compile(
    r"\b(?:almost|nearly|practically|virtually|probably|perhaps|not|hardly|no longer|one of|among|until|"
    r"was|were|had been|"
    r"used to|back then|at the time|in its day|at launch|when (?:it|they)|so far|for (?:a|some|"
    r"many) (?:while|time|years?)|"
    r"affordable|cheap|reasonably|under \$|below \$|we|our|my|your|i|if|for years|here|this list|"
    r"in (?:this|our) \w+)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: "Was the first" is told of what is past, and stands.
_OF_FIRST = re.compile(r"\b(?:was|were|had been|when (?:it|they)|at launch)\b", re.IGNORECASE)
#: Months between releases below which neither is surely the first.
_MARGIN = 4
_YEAR = 12


def find(context: Context) -> Iterator[Finding]:
    """Each claim of an only one, a first or a last one that others refute, or that is none itself."""
    for index, passage in enumerate(context.document.passages):
        if passage.kind not in HEADED or not _SAID.search(passage.text):
            continue
        for sentence in sentences(passage.text):
            if OWNED.search(sentence.text) or not is_asserted(sentence.text):
                continue
            for match in _SAID.finditer(passage.text, sentence.start, sentence.end):
                told = class_at(passage.text[: sentence.end], match.end(), context.fraction)
                if told is not None and told.keys and not _is_narrowed(passage.text, sentence, match):
                    who = spoken(index, passage, sentence, context)
                    yield from _judged(passage, match, told, who, context)


def _is_narrowed(text: str, sentence: Sentence, match: re.Match[str]) -> bool:
    before = text[sentence.start : match.start()]
    # A clause that ends before does not narrow this one.
    before = before[max(before.rfind(mark) for mark in (";", ":", ", and ", ", but ", ", so ")) + 1 :]
    if match["first"] or match["last"]:
        before = _OF_FIRST.sub(" ", before)
    return _NARROWED.search(before) is not None


def _judged(
    passage: Passage, match: re.Match[str], told: Class, who: Spoken, context: Context
) -> Iterator[Finding]:
    of_maker = _maker(match, context)
    every = [gpu for gpu in context.catalogue.values() if not of_maker or gpu.vendor.upper() == of_maker]
    members = exist(every, told)
    day = context.document.written
    if day:
        members = [gpu for gpu in members if str(gpu.value("release_date")) <= day]
    own = _own(passage, match, who)
    if match["last"] and own and (none := _none_itself(own, told, context)):
        because = f"{none.id} is none of them"
        yield made(context, passage, (match.start(), told.end), "absolute", "contradicted", subject=none.id,
                   attribute=told.keys[0], because=because,
                   evidence=(source_of(none, told.fields[0]),))  # fmt: skip
        return
    rivals = (
        _earlier(passage, match, own, members, context)
        if match["first"]
        else _later(own, members, context)
        if match["last"]
        else _others(own, members, told, who, context)
    )
    if rivals:
        field = told.fields[0]
        rival = max(rivals, key=lambda gpu: (gpu.id in context.spoken_of, str(gpu.value("release_date"))))
        when = f" of {rival.display('release_date')}" if not match["only"] else ""
        value = rival.value(field) if field != "compute_capability" else None
        has = f": {rival.display(field)}" if value is not None else ""
        because = f"{rival.id}{when} is one of them too{has}"
        yield made(context, passage, (match.start(), told.end), "absolute", "contradicted",
                   subject=own.ids[0] if own else rival.id, attribute=told.keys[0], because=because,
                   evidence=(source_of(rival, field),))  # fmt: skip


def _maker(match: re.Match[str], context: Context) -> str:
    """The maker that a class is told to be of before it: "NVIDIA's only"."""
    word = (match["maker"] or "").lower()
    found = next((each for each in ("nvidia", "amd", "intel") if word.startswith(each)), "")
    return found.upper()


def _own(passage: Passage, match: re.Match[str], who: Spoken) -> Mention | None:
    """The device that is called the only one: "The L4 is the only", "the only one is the L4"."""
    return who.owner(match.start()) or next((each for each in who.here if each.start >= match.end()), None)


def _others(
    own: Mention | None, members: Sequence[Gpu], told: Class, who: Spoken, context: Context
) -> list[Gpu]:
    """The devices of a class besides the one that is called its only one."""
    if told.among:
        compared = {key for ids in devices(context) for key in ids}
        members = [gpu for gpu in members if gpu.id in compared]
    mine = {model(key, context.catalogue) for key in own.named} if own else set()
    # What stands beside it in the sentence may be left out, or be joined to it.
    named = {key for each in who.here for key in each.named if each is not own}
    rivals = [gpu for gpu in members if model(gpu.id, context.catalogue) not in mine and gpu.id not in named]
    # A Ti of it is hardly another.
    if own and all(gpu.id.startswith(own.named[0]) for gpu in rivals):
        return []
    several = len({gpu.value("chip") for gpu in rivals}) > 1 or len({gpu.id for gpu in rivals}) > _FEW
    return rivals if rivals and (own is not None or several) else []


_FEW = 2


def _earlier(
    passage: Passage, match: re.Match[str], own: Mention | None, members: Sequence[Gpu], context: Context
) -> list[Gpu]:
    """The devices of a class that were out well before the one, or the family, that is called its first."""
    family = [*architectures().finditer(passage.text, 0, match.start())][-1:]
    if own is not None:
        mine = [context.catalogue[key] for key in own.named]
    elif family:
        mine = [gpu for gpu in context.catalogue.values() if is_of(gpu, family[0][0])]
    else:
        return []
    days = [str(gpu.value("release_date")) for gpu in mine if gpu.value("release_date")]
    models = {model(gpu.id, context.catalogue) for gpu in mine}
    return [
        gpu
        for gpu in members
        if days
        and model(gpu.id, context.catalogue) not in models
        and _months(str(gpu.value("release_date")), late=True) + _MARGIN <= _months(min(days), late=False)
    ]


def _none_itself(own: Mention, told: Class, context: Context) -> Gpu | None:
    """The device that is called the last of a class, where no form of it is of the class."""
    forms = [context.catalogue[key] for key in own.named]
    none = all(gpu.segment in _SOLD and any(test(gpu) is False for test in told.tests) for gpu in forms)
    return forms[0] if forms and none else None


#: Markets of which a class without one is.
_SOLD = ("datacenter", "geforce", "workstation")


def _later(own: Mention | None, members: Sequence[Gpu], context: Context) -> list[Gpu]:
    """The devices of a class that came out well after the one that is called its last."""
    mine = [context.catalogue[key] for key in own.named] if own else []
    days = [str(gpu.value("release_date")) for gpu in mine if gpu.value("release_date")]
    if not days or own is None:
        return []
    return [
        gpu
        for gpu in members
        # A Ti of it is hardly another.
        if not gpu.id.startswith(own.named[0])
        and model(gpu.id, context.catalogue) not in {model(key, context.catalogue) for key in own.named}
        and _months(max(days), late=True) + _MARGIN <= _months(str(gpu.value("release_date")), late=False)
    ]


def _months(day: str, *, late: bool) -> int:
    """Months of a day, a month or a year; the last that it may be in, or the first."""
    parts = [int(each) for each in day.split("-")]
    return parts[0] * _YEAR + (parts[1] if len(parts) > 1 else _YEAR if late else 1)
