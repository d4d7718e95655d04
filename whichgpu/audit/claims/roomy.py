"""Fits that follow from a need and a room told just before: "takes 26 GB. It has 24 GB, so it fits easily".

Wrong is a fit in less than is needed, and one "with room to spare" where next to nothing is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.models import formats
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_FITS = re.compile(
    r"\b(?:so|therefore|thus|hence|which means(?: that)?|meaning(?: that)?)\s+(?:that\s+)?"
    r"(?:it|they|this|that|the (?:whole |full |entire )?(?:models?|weights?|network))\s+"
    r"(?:(?:will|would|all|just|even|still|also|easily|comfortably|happily|does|do)\s+)*fits?\b"
    r"(?:\s+(?:in|on|there|on it|in it))?(?P<how>[^.;]{0,60})",
    re.IGNORECASE,
)
#: Before what a device has, and before what a model takes.
_HAS = re.compile(
    r"\b(?:has|have|offers?|comes with|brings|gives? you|provides?|holds)\s+"
    r"(?:about |only |just |a full |exactly )?$",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"\b(?:takes?|needs?|requires?|occup(?:y|ies)|weighs?|is|are|comes? to|makes?|uses?)\s+(?:up\s+)?"
    r"(?:(?:about|around|roughly|some|just|only|nearly|almost|over|at least)\s+)*~?$",
    re.IGNORECASE,
)
_ROOMY = re.compile(
    r"\b(?:room|space|headroom|plenty|memory|gigabytes)\b[^.;,]{0,12}\b(?:left|over|for|to spare|spare)\b|"
    r"\b(?:easily|comfortabl\w+|with (?:\w+\s)?(?:room|plenty|space|headroom)|to spare)\b",
    re.IGNORECASE,
)
_EASED = re.compile(
    r"\b(?:not|no|never|only if|if|once|when|unless|after|quanti[sz]\w+|offload\w*|split|shard\w*|two|both|"
    r"pair|four|eight|barely|hardly|without|compress\w*|prun\w+|reduc\w+)\b|n[\u2019']t\b|\d[- ]bit",
    re.IGNORECASE,
)
_BACK, _LEAD, _TIGHT, _OVER, _GB = 2, 48, 0.94, 1.03, 1e9


def find(context: Context) -> Iterator[Finding]:
    """Every such fit that the two amounts exclude."""
    for _, passage in context.document.running():
        if "fit" not in passage.text or "GB" not in passage.text:
            continue
        every = [
            each for each in quantities(passage.text, context.fraction)
            if each.dimension == "memory" and each.high == each.value
        ]  # fmt: skip
        known = sentences(passage.text)
        for at, sentence in enumerate(known):
            for said in _FITS.finditer(passage.text, sentence.start, sentence.end):
                start = known[max(at - _BACK, 0)].start
                yield from _judged(passage, sentence, said, within(every, start, said.start()), context)


def _judged(
    passage: Passage, sentence: Sentence, said: re.Match[str], told: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    """What is needed and what there is, where both stand before a fit and nothing between eases it."""
    text = passage.text
    rooms = [each for each in told if _leads(_HAS, text, each)]
    needs = [each for each in told if _leads(_TAKES, text, each) and each not in rooms]
    if len(rooms) != 1 or not needs:
        return
    room, need = rooms[0], needs[-1]
    if max(room.end, need.end) < sentence.start:
        return
    # What the text tells of another format, or of more devices, is something else.
    between = text[min(room.end, need.end) : said.start()]
    if formats(text[need.end : said.start()]) or _EASED.search(between) or _EASED.search(said[0]):
        return
    roomy = _ROOMY.search(said[0])
    if need.value <= room.value * (_TIGHT if roomy else _OVER):
        return
    because = f"{need.value / _GB:,.4g} GB are needed as it says, and {room.value / _GB:,.4g} GB are there"
    yield made(
        context, passage, said.span(), "memory", "inconsistent", attribute="fits", because=because,
        expected="no", evidence=(Evidence(because),),
    )  # fmt: skip


def _leads(pattern: re.Pattern[str], text: str, one: Quantity) -> bool:
    return pattern.search(text, max(0, one.start - _LEAD), one.start) is not None
