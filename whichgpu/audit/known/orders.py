"""By which series an order may be meant, and how far apart two amounts of one are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.known.named import tokens
from whichgpu.audit.known.said import OF_COMPUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.known.store import Series
    from whichgpu.audit.text.sentences import Sentence

#: Two that differ by less are level.
MARGIN = 0.03
#: Characters behind an order that say by what it is one.
_BEHIND = 24
#: Measures of which each kind of words may speak, and those of which less is more of it.
_KINDS = {
    "speed": ("speed", "time"), "price": ("price",), "power": ("power",), "value": ("value", "price"),
    "efficiency": ("efficiency", "energy"), "energy": ("energy",), "bandwidth": ("bandwidth",),
    "memory": ("memory",), "cores": ("cores",), "peak": ("peak",),
}  # fmt: skip
_PER_WORK = re.compile(
    r"\b(?:per (?:token|image|picture|million|request|thousand|\d)|(?:tokens?|images?|pictures?|job|work|run|"
    r"sequences?|frames?)\b|way to (?:make|generate|serve))",
    re.IGNORECASE,
)
#: What heads the cost of work that is done, and no price of a card or an hour.
_OF_A_JOB = re.compile(r"\b(?:total|job|run|epoch)s?\b(?!.*\bhour)|\bcosts?\W*$", re.IGNORECASE)
BY_TIME = re.compile(r"\b(?:by the|per|an) (?:hour|month)\b|\bhourly\b|\bto rent\b|\brate\b", re.IGNORECASE)
#: Settings of work: what is told of one is not so in another.
SETTING = re.compile(
    r"\b(?:FP\d+|INT\d|BF16|TF32|NF4|Q\d\w*|\d{1,3}B\b|train\w*|inference|fine-?tun\w*|[A-Z][a-z]+[A-Z]\w*|"
    r"(?!GPU|CPU|GB\b|VRAM|NVIDIA|AMD|RTX|GTX|SFF|PRO|SXM|PC|GDDR|HBM|I\b)[A-Z]{2,}[a-z]?-?[A-Za-z]*\b(?!\d)|Llama|Mistral|Qwen|Whisper|Flux|Stable|Blender)\b"
)


def asked(  # noqa: PLR0917
    kind: str,
    sentence: Sentence,
    place: tuple[int, int],
    passage: Passage,
    told: Sequence[Series],
    after: int,
) -> list[Series]:
    """The series of a kind that an order in a clause may be by."""
    found = [each for each in told if each.measure in _KINDS.get(kind, ())]
    if kind == "speed":
        found = [each for each in found if not each.derived]
        work = works(passage.text[after : place[1]])
        found = [each for each in found if not work or not (own := works_of(each)) or work & own]
    if kind == "value":
        # Work for the money, not money for a gigabyte.
        found = [each for each in found if each.measure == "value" and "emory" not in each.label]
    words = sentence.text
    if _HERE.search(passage.text, *place):
        near = [each for each in found if each.section == passage.section]
        found = near or found
    if kind == "price":
        behind = passage.text[after : min(after + _BEHIND, place[1])]
        by_time = BY_TIME.search(behind) is not None
        if not by_time and _PER_WORK.search(words):
            done = [each for each in found if each.derived or _PER_WORK.search(each.label)]
            found = done or [each for each in found if _OF_A_JOB.search(each.label)]
        elif by_time or BY_TIME.search(words):
            found = [each for each in found if not each.derived and not _PER_WORK.search(each.label)]
    return [each for each in found if is_in_setting(each, words)]


_WORK = re.compile(r"\b(tok|image|picture|sequence|sample|frame|request)(?:en)?s?\b", re.IGNORECASE)
_SAME = {"picture": "image", "sample": "sequence"}


def works(words: str) -> set[str]:
    """What is done in the words of a rate: tokens, images, sequences .."""
    return {_SAME.get(one, one) for match in _WORK.finditer(words) if (one := match[1].lower())}


def works_of(series: Series) -> set[str]:
    """What is done in the rates of a series."""
    return works(" ".join((series.label, *(each.words for each in series.amounts))))


#: What is of the section that it stands in.
_HERE = re.compile(r"\b(?:here|there|in (?:this|these|both|all|every))\b", re.IGNORECASE)


def is_in_setting(series: Series, words: str) -> bool:
    """Whether what a sentence names of work is what a series is headed by."""
    known = tokens(" ".join((series.label, *series.section))) | {
        w for each in series.amounts for w in tokens(each.name)
    }
    if not is_of_regime(series.label, words):
        return False
    return all(tokens(match[0]) <= known or tokens(match[0]) & known for match in SETTING.finditer(words))


def is_of_regime(label: str, words: str) -> bool:
    """Whether speeds below a label are of what arithmetic bounds, where a sentence speaks of that."""
    return not OF_COMPUTE.search(words) or OF_COMPUTE.search(label) is not None
