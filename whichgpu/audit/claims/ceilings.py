"""The most memory that cards of a market have: "a consumer GPU tops out at 24 GB".

It is held against the cards on file that were sold by the day of the text: outdated where it was so once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_MARKET = (
    r"(?:(?:single|discrete|current|today[\u2019']s|modern|high-end|nvidia|desktop)\s+)*"
    r"(?:consumer|gaming|geforce)(?:-grade|-class)?\s+(?:(?:nvidia|desktop|graphics)\s+)*(?:gpus?|cards?)"
)
_MOST = (
    re.compile(
        rf"\b{_MARKET}\s+(?:(?:still|currently|only|typically|all|now)\s+)*"
        r"(?:tops?|max(?:es)?|caps?|stops?|ends?)"
        r"\s+(?:out\s+)?at\s+(?:just\s+|only\s+|about\s+)?(?P<n>\d{1,3})\s?GB\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bno\s+{_MARKET}\s+(?:currently\s+)?(?:has|offers|comes with|carries|goes|ships with)\s+"
        r"(?:more than|over|beyond|above)\s+(?P<n>\d{1,3})\s?GB\b",
        re.IGNORECASE,
    ),
)
#: What makes it of another time, of some cards, or of more than is told first.
_OTHERWISE = re.compile(
    r"\b(?:almost|nearly|hardly|virtually|used to|until|before|back (?:then|in)|was|were|would|if|"
    r"most|many|older|some|apart from|except|besides|"
    r"laptops?|mobile|under \$|below \$|for \$|GDDR\w+|used|cheap\w*|mid-?range|mainstream|"
    r"affordable|or \d{2})\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such ceiling with its verdict."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text) if "GB" in passage.text else ():
            for pattern in _MOST:
                match = pattern.search(passage.text, sentence.start, sentence.end)
                # "No card has more than" denies nothing of what it states.
                plain = sentence.text.replace("No ", "The ", 1).replace("no ", "the ", 1)
                if match and is_asserted(plain) and not _OTHERWISE.search(sentence.text):
                    yield from _judged(passage, match, context)


def _judged(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    sold = [gpu for gpu in context.catalogue.values() if _is_sold(gpu)]
    day = context.document.written or context.today.isoformat()
    told = int(match["n"])
    largest = max(sold, key=lambda gpu: (_size(gpu), -int(_born(gpu)[:4])))
    by_then = [gpu for gpu in sold if _born(gpu) <= day]
    most = max(map(_size, by_then), default=0)
    verdict = "confirmed" if told == most else "outdated" if _was_most(told, sold, day) else "contradicted"
    because = f"{largest.id} ({_born(largest)[:4]}) has {_size(largest)} GB"
    yield made(
        context, passage, match.span("n"), "absolute", verdict, subject=largest.id, attribute="memory",
        because=because, expected="" if verdict == "confirmed" else f"{most}",
        evidence=(source_of(largest, "memory"),),
    )  # fmt: skip


def _was_most(told: int, sold: Sequence[Gpu], day: str) -> bool:
    """Whether a size was once, by a day, the largest that any card had."""
    had = [gpu for gpu in sold if _size(gpu) == told and _born(gpu) <= day]
    return any(all(_size(each) <= told for each in sold if _born(each) <= _born(gpu)) for gpu in had)


def _is_sold(gpu: Gpu) -> bool:
    """Whether a device is a card for consumers that was sold, with its day and its size on file."""
    fields = ("launch_price", "release_date", "memory")
    return gpu.segment == "geforce" and gpu.confidence != "low" and all(gpu.value(each) for each in fields)


def _size(gpu: Gpu) -> int:
    return int(nominal_gb(float(gpu.value("memory") or 0)) or 0)


def _born(gpu: Gpu) -> str:
    return str(gpu.value("release_date"))
