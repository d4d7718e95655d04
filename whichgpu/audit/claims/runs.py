"""What the device of a heading is said to run, in a sentence without a subject: "Runs 70B models at Q4"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.needed.room import HEDGED_USE, of_part
from whichgpu.audit.text.models import TRAINS
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: How such a sentence begins: with what it does, or with its memory.
_BEGINS = re.compile(
    r"[\s*]*(?:(?:easily|comfortably|also|still|even|just)\s+)?"
    r"(?:(?:its\s+)?\d{1,3}\s?GB(?:\s+(?:of\s+)?(?:vram|memory|gddr\w+|hbm\w*))?\s+"
    r"(?:easily |comfortably )?)?"
    r"(?:can\s+)?(?:runs?(?! out)|handles?|holds?|hosts?|loads?|serves?|fits?)\b",
    re.IGNORECASE,
)
_MOST = 300


def find(context: Context) -> Iterator[Finding]:
    """Each model that such a sentence names whose weights alone exceed the memory of its heading's device."""
    for index, passage in context.document.running():
        if not passage.section or context.mentions.get(index):
            continue
        for sentence in sentences(passage.text):
            if len(sentence.text) <= _MOST and _is_of_heading(sentence):
                yield from _judged(index, passage, sentence, context)


def _is_of_heading(sentence: Sentence) -> bool:
    """Whether a sentence begins as one without a subject does, and hedges nothing."""
    text = sentence.text
    return bool(_BEGINS.match(text)) and not (
        HEDGED_USE.search(text) or TRAINS.search(text) or text.rstrip().endswith("?")
    )


def _judged(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    who = spoken(index, passage, sentence, context)
    ids = {key for each in who.topic for key in each.ids}
    sizes = [float(context.catalogue[key].value("memory") or 0.0) for key in sorted(ids)]
    if who.here or not who.certain or not sizes or not all(sizes):
        return
    size = (max(sizes), f"{sorted(ids)[0]} has {max(sizes) / 1e9:.4g} GB")
    yield from of_part(passage, "", size, context, place=(sentence.start, sentence.end), sure=True)
