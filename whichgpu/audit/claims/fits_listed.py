"""Amounts with yes or no beside devices: "= 26 GB -> T4: no. L4: yes", "26 GB. Fits on all three"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.pairs import devices
from whichgpu.audit.sentences import within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: What is needed, and what leads from it to the answers.
_NEED = re.compile(
    r"(?P<n>\d{1,4}(?:\.\d{1,2})?)\s?GB(?!/)(?:\s+(?:of|for)\s+(?:the\s+|its\s+)?(?:weights|memory|"
    r"vram))?(?:\s+in all|\s+alone)?"
    r"\s*(?:->|\u2192|=>|:|\.|,|;|\()\s*"
)
_YES = re.compile(
    r"\s*(?::|\s)\s*(?P<yes>yes|fits|ok|okay|easily|fine|no problem|plenty|"
    r"comfortable)\b(?!\s+(?:with|in|at|if|when|only|after)\s+"
    r"(?:\d|int|fp|q\d|offload|two|a smaller))|\s*:\s*(?P<no>no(?:pe)?|too big|does not fit|too "
    r"small|out of memory|oom)\b",
    re.IGNORECASE,
)
#: Each of those that the document compares.
_ALL = re.compile(
    r"(?:this |that |it )?(?:fits|runs|works|loads)\s+(?:fine |comfortably |easily )?(?:on|in|"
    r"into)\s+(?P<all>(?:all\s+(?P<n>two|three|four|of them)"
    r"|both|either|any of (?:them|the three))(?:\s+(?:cards|gpus|of them|of these))?)\s*(?=[.,;!]|$)",
    re.IGNORECASE,
)
_COUNT = {"two": 2, "three": 3, "four": 4}
#: A load of this share of a memory fits for certain; one of more than all of it does not.
_SURE, _ALL_OF_IT = 0.75, 1.01
_FAR = 140


def find(context: Context) -> Iterator[Finding]:
    """Every answer that the sizes exclude, and every one that they allow."""
    for index, passage in context.document.running():
        for need in _NEED.finditer(passage.text):
            size = float(need["n"])
            fits = _ALL.match(passage.text, need.end())
            if fits:
                yield from _of_all(passage, size, fits, context)
            yield from _of_each(index, passage, size, need.end(), context)


def _of_each(index: int, passage: Passage, size: float, at: int, context: Context) -> Iterator[Finding]:
    """The answers behind an amount, up to the next one."""
    another = _NEED.search(passage.text, at)
    end = min(at + _FAR, another.start() if another else len(passage.text))
    here = within(context.mentions.get(index, ()), at, end)
    if not here or passage.text[at : here[0].start].strip(" (").lower() not in ("", "the", "a", "on"):
        return
    for each in here:
        said = _YES.match(passage.text, each.end)
        if said is None or counted(passage.text, at, each.start) > 1:
            continue
        yes = said["yes"] is not None
        room = _room(each.ids, context)
        wrong = size > _ALL_OF_IT * room if yes else size < _SURE * room
        sure = wrong or (size < _SURE * room if yes else size > _ALL_OF_IT * room)
        if room and sure:
            span = said.span("yes" if yes else "no")
            yield _finding(passage, span, (size, each.ids, room, wrong, "no" if yes else "yes"), context)


def _of_all(passage: Passage, size: float, fits: re.Match[str], context: Context) -> Iterator[Finding]:
    """What is said to fit on each of the devices that the document compares."""
    told = (fits["n"] or "").lower()
    number = 2 if fits["all"].lower().startswith(("both", "either")) else _COUNT.get(told, 0)
    compared = devices(context)
    if len(compared) != (number or max(2, len(compared))):
        return
    small = min(compared, key=lambda ids: _room(ids, context), default=())
    room = _room(small, context) if small else 0.0
    if room:
        wrong = size > _ALL_OF_IT * room
        yield _finding(passage, fits.span("all"), (size, small, room, wrong, "not on all"), context)


def _room(ids: Sequence[str], context: Context) -> float:
    """The largest memory, in GB as it is sold in, of what a name may mean."""
    return max((float(context.catalogue[key].value("memory") or 0.0) / 1e9 for key in ids), default=0.0)


def _finding(
    passage: Passage,
    span: tuple[int, int],
    said: tuple[float, Sequence[str], float, bool, str],
    context: Context,
) -> Finding:
    size, ids, room, wrong, right = said
    because = f"{size:g} GB are told to be needed; {ids[0]} has {room:,.4g} GB"
    return made(
        context, passage, span, "memory", "contradicted" if wrong else "confirmed", subject=", ".join(ids),
        attribute="fits", because=because, expected=right if wrong else "", evidence=(Evidence(because),),
    )  # fmt: skip
