"""On which side of the ridge a kernel is: "the balance is 153 FLOPs per byte; one of 20 is compute-bound".

What does fewer operations per byte than the device's balance waits for memory, what does more for arithmetic.
The balance is that which the paragraph tells; where it tells several, nothing is accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_UNIT = r"(?:operations?|FLOPs?|ops|flops)\s?(?:per|/|a)\s?byte"
_RIDGE = re.compile(
    r"\b(?:ridge(?: point)?|balance(?: point)?|machine balance|knee|break-even intensity)\b[^.;\d]{0,50}?\b"
    rf"(?P<n>\d[\d,]*(?:\.\d+)?)(?=\s?{_UNIT}|[\s.,;)])",
    re.IGNORECASE,
)
_INTENSITY = re.compile(rf"(?<![\d.,])(?P<n>\d[\d,]*(?:\.\d+)?)\s?{_UNIT}", re.IGNORECASE)
_SIDE = re.compile(
    r"\b(?:(?P<memory>(?:memory|bandwidth)[- ](?:bound|limited)|(?:bound|limited) by (?:the |its )?(?:memory|"
    r"bandwidth|HBM))|(?P<compute>(?:compute|arithmetic)[- ](?:bound|limited)|(?:bound|limited) by "
    r"(?:the |its )?"
    r"(?:compute|arithmetic|cores|tensor cores|FLOPs?|units)))\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|never|neither|no longer|unless|until|if|only when)\b|n[\u2019']t\b|"
    r"\?",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every kernel that is put on a side of the ridge, with its verdict."""
    for _, passage in context.document.running():
        ridges = {match["n"] for match in _RIDGE.finditer(passage.text)}
        if len(ridges) == 1:
            ridge = ridges.pop()
            for sentence in sentences(passage.text):
                yield from _of_sentence(passage, sentence, ridge, context)


def _of_sentence(passage: Passage, sentence: Sentence, ridge: str, context: Context) -> Iterator[Finding]:
    """The verdict where a sentence tells of one kernel besides the ridge, and of one side."""
    every = _INTENSITY.finditer(passage.text, sentence.start, sentence.end)
    told = [one for one in every if one["n"] != ridge]
    sides = [*_SIDE.finditer(passage.text, sentence.start, sentence.end)]
    plain = is_asserted(sentence.text) and is_indicative(sentence.text) and not _DENIED.search(sentence.text)
    if len(told) == len(sides) == 1 and plain and told[0].end() <= sides[0].start():
        kernel, balance = (float(each.replace(",", "")) for each in (told[0]["n"], ridge))
        right = "memory" if kernel < balance else "compute"
        where = "below" if right == "memory" else "above"
        because = f"{told[0]['n']} operations per byte are {where} the {ridge} told"
        yield made(
            context, passage, sides[0].span(), "category", "confirmed" if sides[0][right] else "inconsistent",
            attribute="roofline", because=because, expected="" if sides[0][right] else f"{right}-bound",
            evidence=(Evidence(because),),
        )  # fmt: skip
