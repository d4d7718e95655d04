"""How many times another device's value one is that the sentence tells: "at 8 TB/s, 1.9 times the A100's".

Whose the first value is does not matter: it is told. The other device's is the catalogue's.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import has_digit, within
from whichgpu.audit.values.attributes import is_of_cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_ABOUT = r"(?:(?:about|around|roughly|some|nearly|almost|just|only|exactly|over|more than|well over|~)\s*)*"
#: "8 TB/s, is 1.9 times as fast as the MI300X's", "180 GB, which is 125 percent more than the".
_OVER = re.compile(
    rf"<(?P<a>[bdw]\d+)>[,)]?\s(?:(?:which|that|it|this)\s)?(?:is|are|was|makes it|means|"
    rf"or)\s{_ABOUT}<(?P<r>[xp]\d+)>\s"
    r"(?P<how>(?:as (?:fast|much|large|big|high|many|wide)\s(?:\w+\s)?as|more(?:\s\w+)?\sthan|"
    r"(?:faster|larger|bigger|higher|wider) than|"
    r"what|that of|the|of the))\s(?:(?:what|that of|on|in|with|the|an?|nvidia[\u2019']s|amd[\u2019']s)\s)*",
    re.IGNORECASE,
)
#: "With 1,935 GB/s the big card has almost three times the memory bandwidth of the": the value first.
_WITH = re.compile(
    rf"\bwith\s(?:its\s)?{_ABOUT}<(?P<a>[bdw]\d+)>(?:\s(?!and\b|but\b)[\w-]+){{0,7}}?,?(?:\s[\w-]+){{0,4}}?\s"
    rf"(?:has|offers|moves|brings|gets|provides|delivers)\s{_ABOUT}<(?P<r>[xp]\d+)>\s"
    r"(?P<how>(?:the\s|as much\s|more\s)(?:memory\s)?(?P<of>bandwidth|memory|vram|capacity|power)\s"
    r"(?:of|as|than)\s"
    r"(?:(?:the|an?|nvidia[\u2019']s|amd[\u2019']s|desktop|older|newer|big|small)\s){0,2})",
    re.IGNORECASE,
)
_OF = {"b": ("memory", "vram", "capacity"), "d": ("bandwidth",), "w": ("power",)}
_FIELDS = {"b": "memory", "d": "bandwidth", "w": "power"}
#: How far off a ratio may be as a share of it, and how far beyond what "over" and "nearly" leave open.
_OFF, _LIMIT = 0.07, 0.2


def overs(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The ratios of a sentence between a value of its own and that of a device which it names behind it."""
    if not has_digit(sentence.text) or not is_asserted(sentence.text):
        return
    read = marked(passage, sentence, here, context)
    led = (one for one in _WITH.finditer(read.text) if one["of"].lower() in _OF[one["a"][0]])
    for match in chain(_OVER.finditer(read.text), led):
        value, told = read.figures[match["a"]], read.figures[match["r"]]
        other = next((each for each in within(here, told.end, sentence.end)), None)
        field = _FIELDS[match["a"][0]]
        if field == "memory" and is_of_cache(value.value):
            # "At 48 MB it is eight times as large as the A10's" is a cache.
            field = "l2"
        # The name follows right behind, and what it is compared in is the value itself.
        if other is None or not read.text[match.end() :].startswith(other.text):
            continue
        real = [
            value.value / known
            for key in other.ids
            if (known := float(context.catalogue[key].value(field) or 0.0))
        ]
        more = "more" in match["how"].lower() or match["how"].lower().endswith("er than")
        times = told.value + 1 if told.dimension == "percent" and more else told.value
        if real and not any(_is_near(times, each, told.limit) for each in real):
            best = min(real, key=lambda each: abs(each / times - 1))
            yield _finding(read, other, match, (best, field), context)


def _is_near(told: float, real: float, limit: str) -> bool:
    slack = _LIMIT if limit else 0.0
    # Memory is told in binary and in decimal gigabytes.
    return (1 - _OFF - slack) * real <= told <= (1 + _OFF + slack) * real or abs(told - real) <= 1 / 20


def _finding(
    read: Marked, other: Mention, match: re.Match[str], real: tuple[float, str], context: Context
) -> Finding:
    told = read.figures[match["r"]]
    known = context.catalogue[other.ids[0]]
    told_of = read.words(read.figures[match["a"]])
    because = f"{told_of} is {real[0]:.3g} times the {known.display(real[1])} of {known.id}"
    return made(context, read.passage, (told.start, told.end), "ratio", "contradicted", subject=known.id,
                attribute=real[1], expected=f"{real[0]:.2g} times", because=because,
                evidence=(Evidence(because),))  # fmt: skip
