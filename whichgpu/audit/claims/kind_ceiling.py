"""The most memory that a kind of cards is said to have: "consumer GPUs top out at 24 GB".

It is wrong where a card of the kind on file has more, and was out when the text was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import made
from whichgpu.audit.sentences import sentences
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_SIZE = r"(?P<size>\d{1,3})\s?-?(?:GB|gigs?|gigabytes)(?:\s+(?:of\s+)?(?:VRAM|memory))?"
_KIND = (
    r"(?:single\s+)?(?:(?P<maker>nvidia|amd|intel)\s+)?(?P<kind>consumer|gaming|geforce)(?:-(?:grade|class))?\s+"
    r"(?:(?:graphics|desktop|nvidia|amd)\s+)*(?:gpus?|cards?|hardware)"
)
_SAID = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        # "24 GB is a hard ceiling on any consumer GPU"
        rf"\b{_SIZE}\s+(?:is|remains)\s+(?:still\s+)?(?:the|an?)\s+(?:hard\s+|absolute\s+|upper\s+)*"
        rf"(?:ceiling|limit|maximum|cap|most)\s+(?:on|of|for|in|with)\s+(?:any|every|an?|all|today[\u2019']s)?\s*{_KIND}",
        # "Consumer cards stop at 24 GB"
        rf"\b{_KIND}\s+(?:still\s+|currently\s+)?(?:tops?\s+out|max(?:es)?\s+out|stops?|ends?|caps?\s+out|"
        rf"(?:is|are)\s+(?:capped|limited))\s+(?:at|to|with)\s+{_SIZE}",
        # "No consumer card has more than 24 GB"
        rf"\bno\s+{_KIND}\s+(?:today\s+|currently\s+)?(?:with|has|have|offers?|that\s+has|comes?\s+with|exceeds?|goes\s+beyond)\s+"
        rf"(?:more\s+than\s+|over\s+|above\s+)?{_SIZE}",
        # "40 GB, more than any consumer card has"
        rf"\b{_SIZE}\s*(?:,|\u2014|\u2013|-)?\s*(?:which\s+is\s+|that\s+is\s+)?more\s+than\s+any\s+{_KIND}",
    )
)
_MORE = re.compile(r"more\s+than\s+any|no\s", re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(?:if|would|should|most|almost|nearly|budget|cheap\w*|affordable|under|mid-?range|mainstream|laptops?|was|were|"
    r"until|before|used|back then|at the time|last generation|previous|older|ampere|ada|turing|pascal|"
    r"\d0[- ]series)\b|"
    r"\?|\$\d",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every such bound with its verdict."""
    for _, passage in context.document.running():
        for sentence in sentences(passage.text):
            if _HEDGED.search(sentence.text):
                continue
            for way in _SAID:
                for match in way.finditer(passage.text, sentence.start, sentence.end):
                    yield from _judged(passage, match, context)


def _judged(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    size = float(match["size"])
    maker = (match["maker"] or "").lower()
    cards = [
        gpu
        for gpu in context.catalogue.values()
        if gpu.segment == "geforce"
        and gpu.confidence != "low"
        and maker in gpu.vendor.lower()
        and str(gpu.value("release_date") or "9") <= (context.document.written or context.today.isoformat())
    ]
    if not cards:
        return
    largest = max(cards, key=_gb)
    # "No card has 48 GB" and "more than any has" say that none has as much.
    as_much = _MORE.search(match[0]) and "no " not in match[0].lower()
    beyond = _gb(largest) >= size if as_much else _gb(largest) > size
    because = f"{largest.id} has {largest.display('memory')}"
    verdict = "contradicted" if beyond else "confirmed"
    yield made(
        context, passage, match.span(), "absolute", verdict, subject=match["kind"].lower(),
        attribute="memory", because=because, expected=f"{_gb(largest):g} GB" if beyond else "",
        evidence=(source_of(largest, "memory"),),
    )  # fmt: skip


def _gb(gpu: Gpu) -> float:
    return nominal_gb(float(gpu.value("memory") or 0)) or 0.0
