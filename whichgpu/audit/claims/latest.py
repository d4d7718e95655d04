"""What is called the newest, or said to be still to come: "the latest Ada architecture", "the upcoming H200".

True once, and outdated where a device of a later generation, or the device itself, has been out for a while.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import GENERATIONS, of_architecture
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.fields import days_of, released
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_FAMILY = rf"(?P<family>{GENERATIONS})"
_NEW = r"(?:latest|newest|most recent)"
_WHAT = r"(?:architecture|generation|gpu architecture|microarchitecture|gpu generation)"
_LATEST = (
    re.compile(rf"\b(?:the|nvidia[\u2019']s|its) {_NEW} (?:nvidia )?{_FAMILY}\b(?: {_WHAT})?", re.IGNORECASE),
    re.compile(
        rf"\b{_FAMILY}(?: {_WHAT})? (?:is|remains) (?:currently )?nvidia[\u2019']s {_NEW} {_WHAT}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bnvidia[\u2019']s {_NEW} (?:{_WHAT}|(?:gpu )?family)(?:[^.;\d]{{0,50}}?\bbuilt on the|,| is|"
        rf" is called|:) {_FAMILY}\b",
        re.I,
    ),
    re.compile(
        rf"\b{_NEW} {_WHAT} of (?:graphics cards|gpus|nvidia gpus)[^.;\d]{{0,30}}?\b(?:built|"
        rf"based) on (?:the )?{_FAMILY}\b",
        re.I,
    ),
)
_TO_COME = re.compile(
    rf"\b(?:(?:the|nvidia[\u2019']s) )?(?:upcoming|forthcoming|soon-to-be-released|"
    rf"yet-to-be-released)\s+(?:nvidia\s+|geforce\s+)?"
    rf"(?:{_FAMILY})?$",
    re.IGNORECASE,
)
_EXPECTED = re.compile(
    r"\s+(?:is|are) (?:expected|due|set|slated|scheduled|rumou?red) to (?:launch|arrive|ship|come out|"
    r"be (?:released|launched|"
    r"available))\b",
    re.IGNORECASE,
)
_UPCOMING = re.compile(rf"\b(?:upcoming|forthcoming) (?:nvidia )?{_FAMILY}\b", re.IGNORECASE)
#: What makes it one of its time, or another's word.
_ELSE = re.compile(
    r"\?|[\"\u201c\u201d]|\b(?:was|were|then|at the time|when|once|not|no longer|until|before|after|back in|"
    r"as of|drivers?|"
    r"version|firmware|if)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
_ORDER = ("maxwell", "pascal", "volta", "turing", "ampere", "hopper", "ada", "blackwell", "rubin")
#: Days that a device is out before what is called new is old.
_WHILE = 90


def find(context: Context) -> Iterator[Finding]:
    """Every such word of what is no longer so."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if passage.kind in RUNNING else ():
            if not _ELSE.search(sentence.text):
                yield from _latest(passage, sentence, context)
                yield from _to_come(index, passage, sentence, context)


def _latest(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    for pattern in _LATEST:
        match = pattern.search(passage.text, sentence.start, sentence.end)
        later = _later(match["family"], context) if match else None
        if match is None:
            continue
        yield _found(passage, match.span(), match["family"], later, context)
        return


def _later(family: str, context: Context) -> Gpu | None:
    """The first device of a generation after one, where it has been out for a while."""
    place = _ORDER.index(family.lower().split()[0])
    # Hopper and Ada came at one time.
    after = _ORDER[max(place, _ORDER.index("ada") if _ORDER[place] == "hopper" else place) + 1 :]
    known = [
        gpu
        for each in after
        for gpu in of_architecture(each, context)
        if gpu.value("release_date") and days_of(gpu)[1] < _day(context) - _WHILE
    ]
    return min(known, key=released, default=None)


def _to_come(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    for match in _UPCOMING.finditer(passage.text, sentence.start, sentence.end):
        out = [gpu for gpu in of_architecture(match["family"], context) if _is_out(gpu, context)]
        if out:
            yield _found(passage, match.span(), match["family"], min(out, key=released), context)
    for mention in within(context.mentions.get(index, ()), sentence.start, sentence.end):
        lead = _TO_COME.search(passage.text, sentence.start, mention.start)
        behind = _EXPECTED.match(passage.text, mention.end, sentence.end)
        gpus = [context.catalogue[key] for key in mention.ids]
        if (lead or behind) and all(_is_out(gpu, context) for gpu in gpus):
            place = (lead.start() if lead else mention.start, behind.end() if behind else mention.end)
            yield _found(passage, place, mention.text, min(gpus, key=released), context)


def _day(context: Context) -> int:
    """The day that a text is held against: its own where it is dated."""
    written = context.document.written[:10]
    try:
        return date.fromisoformat(written).toordinal()
    except ValueError:
        return context.today.toordinal()


def _is_out(gpu: Gpu, context: Context) -> bool:
    return bool(gpu.value("release_date")) and days_of(gpu)[1] < _day(context) - _WHILE


def _found(passage: Passage, place: tuple[int, int], name: str, out: Gpu | None, context: Context) -> Finding:
    """Outdated by a device that is out; confirmed where none is."""
    because = (
        f"{out.id} came out in {released(out)}" if out else f"no later generation than {name} is on file"
    )
    verdict = "outdated" if out else "confirmed"
    return made(
        context, passage, place, "identity", verdict, subject=name, attribute="newest",
        because=because, expected="" if out is None else released(out),
        evidence=(Evidence(because), *([source_of(out, "release_date")] if out else [])),
    )  # fmt: skip
